"""The demo: what it writes, draws, tells and refuses."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
import json
import os
from pathlib import Path
import signal
import socket
import subprocess
import sys
from typing import Any, cast

from homeassistant.auth.auth_store import AuthStore
from homeassistant.components.http.config import async_get_and_load_store
from homeassistant.config import async_hass_config_yaml, load_yaml_config_file
from homeassistant.core import HomeAssistant
from homeassistant.util.yaml import Secrets
import pytest

from scripts.demo import past, ports
from scripts.demo.child import is_loopback
from scripts.demo.client import HomeAssistant as Client
from scripts.demo.config_dir import (
    DOMAIN,
    first_start_files,
    http_file,
    prepare,
    reserved,
)
from scripts.demo.console import table, tunnel, welcome
from scripts.demo.errors import DemoError
from scripts.demo.home import Console
from scripts.demo.options import DEFAULT_PLACE, ROOT, parse
from scripts.demo.registry import Device, arrange
from scripts.demo.rigs import Announcement, SimulatedRig, add, answer, read_announcement
from scripts.demo.showing import STRATEGY, Showing, add_to_energy

GARAGE = SimulatedRig(
    name="Garage",
    slug="garage",
    kind="xmrig",
    form={"host": "127.0.0.1", "port": 18081, "access_token": "garage-5678"},
    control="http://127.0.0.1:18080/rigs/garage",
    faults=("off", "hot"),
)
SAID = Announcement(page="http://127.0.0.1:18080", rigs=(GARAGE,))


@pytest.fixture
def listener(socket_enabled: None) -> Iterator[int]:
    """Return a port of loopback on which somebody listens."""
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        yield server.getsockname()[1]


# What is asked for


def test_options_by_default() -> None:
    """Home Assistant's usual port, rigs, a folder of its own in the checkout."""
    options = parse([])
    assert (options.port, options.empty, options.check) == (8123, False, False)
    assert options.config_dir == DEFAULT_PLACE / "rigs"
    assert DEFAULT_PLACE.parent == ROOT


def test_empty_demo_does_not_touch_the_other(tmp_path: Path) -> None:
    """A demo without rigs has another configuration folder."""
    kept = ["--keep", str(tmp_path)]
    assert parse([*kept, "--empty"]).config_dir != parse(kept).config_dir
    assert parse([*kept, "--empty"]).config_dir.parent == tmp_path


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_wrong_port_is_refused(port: str) -> None:
    """A port that is none ends with the usage."""
    with pytest.raises(SystemExit):
        parse(["--port", port])


# Ports


def test_taken_port_names_another(listener: int) -> None:
    """One sentence says that the port is taken and what to type instead."""
    with pytest.raises(DemoError, match=rf"Port {listener} is taken.*--port \d+"):
        ports.require_free(listener)
    assert not ports.is_free(listener)


def test_free_port(socket_enabled: None) -> None:
    """A port on which nobody listens is not refused."""
    port = ports.find_free()
    ports.require_free(port)
    assert ports.is_free(port)


# Home Assistant's configuration


async def test_configuration_is_read(hass: HomeAssistant, tmp_path: Path) -> None:
    """Home Assistant reads the files, editors' files included."""
    prepare(tmp_path / "rigs", port=8123, fresh=False)
    hass.config.config_dir = str(tmp_path / "rigs")
    config = await async_hass_config_yaml(hass)
    assert "recorder" in config
    trusted, _ = config["homeassistant"]["auth_providers"]
    assert trusted["type"] == "trusted_networks"
    assert trusted["allow_bypass_login"]
    networks = [str(network) for network in trusted["trusted_networks"]]
    assert networks == ["127.0.0.1/32", "::1/128"]


async def test_first_start_is_answered(
    hass: HomeAssistant, hass_storage: dict[str, Any]
) -> None:
    """One owner and a server on loopback, as Home Assistant itself reads them."""
    hass_storage.update(first_start_files())
    hass_storage["http"] = http_file(8199)
    store = AuthStore(hass)
    await store.async_load()
    (owner,) = [user for user in await store.async_get_users() if user.is_owner]
    assert owner.is_admin
    assert owner.is_active
    http = await async_get_and_load_store(hass)
    assert http.stable["server_host"] == [ports.LOOPBACK]
    assert http.stable["server_port"] == 8199
    assert http.pending is None
    assert http.yaml_migration_done


def test_second_start_keeps_what_was_done(tmp_path: Path) -> None:
    """Another start changes the port only; a fresh one forgets everything."""
    folder = tmp_path / "rigs"
    prepare(folder, port=8123, fresh=False)
    (folder / "automations.yaml").write_text("[]")
    (folder / ".storage" / "auth").write_text("{}")
    prepare(folder, port=8124, fresh=False)
    assert (folder / "automations.yaml").read_text() == "[]"
    assert (folder / ".storage" / "auth").read_text() == "{}"
    http = json.loads((folder / ".storage" / "http").read_text())
    assert http["data"]["stable"]["server_port"] == 8124
    prepare(folder, port=8124, fresh=True)
    assert (folder / "automations.yaml").read_text() == ""
    assert (folder / ".storage" / "auth").read_text() != "{}"


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    """The second one says what to do; when the first is over, it may start."""
    folder = tmp_path / "place" / "rigs"
    with reserved(folder):
        refused = pytest.raises(DemoError, match=r"Another demo is running.*--keep")
        with refused, reserved(folder):
            pass
        with reserved(folder.with_name("empty")):
            pass
    with reserved(folder):
        pass


def test_integration_is_linked(tmp_path: Path) -> None:
    """A change in the checkout is there at the next start; git does not see it."""
    prepare(tmp_path / "place" / "rigs", port=8123, fresh=False)
    link = tmp_path / "place" / "rigs" / "custom_components" / DOMAIN
    assert link.resolve() == ROOT / "custom_components" / DOMAIN
    assert (link / "manifest.json").is_file()
    assert (tmp_path / "place" / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    ("language", "country"),
    [("de_CH.UTF-8", "CH"), ("C.UTF-8", "US"), ("", "US"), ("en_001", "US")],
)
def test_country_follows_the_language(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, language: str, country: str
) -> None:
    """A country that is not set would be a repair in the demo."""
    monkeypatch.setenv("LC_ALL", language)
    monkeypatch.delenv("LANG", raising=False)
    prepare(tmp_path / "rigs", port=8123, fresh=False)
    text = load_yaml_config_file(
        str(tmp_path / "rigs" / "configuration.yaml"), Secrets(tmp_path)
    )
    assert text["homeassistant"]["country"] == country


def test_storage_is_private(tmp_path: Path) -> None:
    """Only the person who runs the demo can read what lets people in."""
    prepare(tmp_path / "rigs", port=8123, fresh=False)
    for path in (tmp_path / "rigs" / ".storage").iterdir():
        assert path.stat().st_mode & 0o077 == 0


# Adding rigs


class Dialog:
    """Plays Home Assistant's side of a config flow."""

    def __init__(self, *steps: Mapping[str, Any]) -> None:
        """Answer with these steps, one after the other."""
        self._steps = list(steps)
        self.said: list[Mapping[str, Any]] = []

    async def post(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Take what was typed and show the next step."""
        self.said.append(body)
        return {"flow_id": "1"} | dict(self._steps.pop(0))


def _home(played: Dialog | Settings) -> Client:
    return cast(Client, played)


MENU = {
    "type": "menu",
    "step_id": "user",
    "menu_options": {"address": "By its address", "kinds": "Choose from a list"},
}
KINDS = {
    "type": "form",
    "step_id": "kinds",
    "data_schema": [{"name": "kind", "required": True}],
}
FORM = {
    "type": "form",
    "step_id": "xmrig",
    "errors": {},
    "data_schema": [
        {"name": "host", "required": True},
        {"name": "port", "optional": True},
        {"name": "access_token", "optional": True},
        {
            "name": "connection",
            "type": "expandable",
            "schema": [{"name": "ssl", "required": True, "default": False}],
        },
    ],
}
CREATED = {"type": "create_entry"}


async def test_rig_is_added_as_by_a_user() -> None:
    """The kind is chosen in the list, the form is filled in."""
    dialog = Dialog(MENU, KINDS, FORM, CREATED)
    assert await add(_home(dialog), GARAGE)
    assert dialog.said[1:] == [
        {"next_step_id": "kinds"},
        {"kind": "xmrig"},
        {**GARAGE.form, "connection": {"ssl": False}},
    ]


async def test_first_way_of_a_kind_is_taken() -> None:
    """Below a kind may be another menu, of ways to be let in."""
    ways = {**MENU, "step_id": "xmrig", "menu_options": ["xmrig_link", "xmrig_key"]}
    dialog = Dialog(MENU, KINDS, ways, FORM, CREATED)
    assert await add(_home(dialog), GARAGE)
    assert dialog.said[1:4] == [
        {"next_step_id": "kinds"},
        {"kind": "xmrig"},
        {"next_step_id": "xmrig_link"},
    ]


async def test_further_steps_are_answered() -> None:
    """A rig gets its name; what nobody knows is left as the form suggests it."""
    naming = {
        "type": "form",
        "step_id": "name",
        "errors": None,
        "data_schema": [
            {"name": "name", "description": {"suggested_value": "garage"}},
            {"name": "pace", "description": {"suggested_value": 10}},
            {"name": "note", "optional": True},
        ],
    }
    dialog = Dialog(MENU, KINDS, FORM, naming, CREATED)
    assert await add(_home(dialog), GARAGE)
    assert dialog.said[-1] == {"name": "Garage", "pace": 10}


async def test_rig_that_exists_is_skipped() -> None:
    """A second start finds its rigs there."""
    abort = {"type": "abort", "reason": "already_configured"}
    assert not await add(_home(Dialog(MENU, KINDS, FORM, abort)), GARAGE)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ((MENU, KINDS, FORM, {**FORM, "errors": {"base": "timeout"}}), "timeout"),
        ((MENU, KINDS, FORM, {"type": "abort", "reason": "cloned"}), "cloned"),
        (({**MENU, "menu_options": ["t_rex"]},), "offers no xmrig"),
        (
            (MENU, KINDS, *[{**FORM, "step_id": "again"}] * 10),
            "does not come to an end",
        ),
        (({"type": "external"},), "external"),
    ],
)
async def test_rig_that_cannot_be_added(
    steps: Iterable[Mapping[str, Any]], said: str
) -> None:
    """One sentence names the rig and the reason."""
    with pytest.raises(DemoError, match=f"Garage was not added: .*{said}"):
        await add(_home(Dialog(*steps)), GARAGE)


def test_question_without_an_answer() -> None:
    """A required field that nobody can answer is named."""
    with pytest.raises(DemoError, match="asks for wallet"):
        answer([{"name": "wallet", "required": True}], {})


def test_announcement_is_understood() -> None:
    """The simulator's line tells how to add and how to spoil each rig."""
    line = json.dumps(
        {
            "control": SAID.page,
            "rigs": [
                {
                    "name": GARAGE.name,
                    "slug": GARAGE.slug,
                    "kind": GARAGE.kind,
                    "form": GARAGE.form,
                    "faults": GARAGE.faults,
                }
            ],
        }
    )
    said = read_announcement(line)
    assert said.page == SAID.page
    assert list(said.rigs) == [GARAGE]


@pytest.mark.parametrize("line", ["Traceback", "{}", '{"control": "", "rigs": [1]}'])
def test_other_lines_are_no_announcement(line: str) -> None:
    """What the simulator said instead is shown."""
    with pytest.raises(DemoError, match="did not start"):
        read_announcement(line)


# The dashboard


def _device(number: int, name: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"device{number}",
        "name": name,
        "name_by_user": None,
        "created_at": number,
        **fields,
    }


def _entity(device: int, entity_id: str, key: str, **fields: Any) -> dict[str, Any]:
    return {
        "entity_id": entity_id,
        "device_id": f"device{device}",
        "platform": DOMAIN,
        "translation_key": key,
        "entity_category": None,
        "disabled_by": None,
        "hidden_by": None,
        **fields,
    }


DEVICES = [
    _device(3, "GPU 1", parent_device_id="device2"),
    _device(2, "garage"),
    _device(1, "nas", name_by_user="NAS in the cellar"),
    _device(4, "Backup"),
    _device(5, "Pool account"),
]
ENTITIES = [
    _entity(1, "sensor.nas_hashrate", "hashrate"),
    _entity(2, "switch.garage_mining", "mining_allowed"),
    _entity(2, "sensor.garage_hashrate", "hashrate"),
    _entity(2, "sensor.garage_power", "power"),
    _entity(2, "sensor.garage_energy", "energy"),
    _entity(2, "binary_sensor.garage_connectivity", "connected"),
    _entity(2, "sensor.garage_efficiency", "efficiency", disabled_by="user"),
    _entity(2, "sensor.garage_hottest", "hottest", hidden_by="user"),
    _entity(3, "sensor.gpu_temperature", "temperature"),
    _entity(4, "sensor.backup", "state", platform="backup"),
    _entity(5, "sensor.balance", "balance"),
    _entity(5, "sensor.version", "version", entity_category="diagnostic"),
]
STATES = [
    {"entity_id": row["entity_id"], "state": "1.5", "attributes": {}}
    for row in ENTITIES
]


@pytest.fixture
def rigs() -> list[Device]:
    """Return two rigs, one of them with a card, and a pool's account."""
    return arrange(DEVICES, ENTITIES, STATES)


def _words(thing: Any) -> str:
    return json.dumps(thing)


def test_devices_of_the_integration(rigs: list[Device]) -> None:
    """In the order in which they were added, with the names people gave them."""
    assert [rig.name for rig in rigs] == ["NAS in the cellar", "garage", "Pool account"]
    assert [part.name for part in rigs[1].parts] == ["GPU 1"]


def test_hidden_and_disabled_entities_are_not_shown(rigs: list[Device]) -> None:
    """Nobody wants to see what somebody has hidden."""
    shown = [entity.entity_id for rig in rigs for entity in rig.entities]
    assert "sensor.garage_hashrate" in shown
    assert "sensor.garage_efficiency" not in shown
    assert "sensor.garage_hottest" not in shown
    assert "sensor.backup" not in shown


def test_worker_stands_under_its_account() -> None:
    """A device of its own that is linked to another one is shown as a part of it."""
    worker = _device(6, "s19", via_device_id="device5")
    entity = _entity(6, "sensor.s19_hashrate", "hashrate")
    states = [*STATES, {**STATES[0], "entity_id": "sensor.s19_hashrate"}]
    account = arrange([*DEVICES, worker], [*ENTITIES, entity], states)[-1]
    assert account.name == "Pool account"
    assert [part.name for part in account.parts] == ["s19"]


def test_energy_of_rigs_is_added_once(rigs: list[Device]) -> None:
    """What somebody has set up there stays."""
    other = {"stat_consumption": "sensor.fridge_energy"}
    changes = add_to_energy({"device_consumption": [other]}, rigs)
    garage = {
        "stat_consumption": "sensor.garage_energy",
        "name": "garage",
        "stat_rate": "sensor.garage_power",
    }
    assert changes == {"device_consumption": [other, garage]}
    assert add_to_energy(changes, rigs) is None


def test_past_week() -> None:
    """Averages around what is measured now, and energy that ends at 0."""
    now = datetime(2026, 11, 28, 12, 34, tzinfo=UTC)
    rows = past.means(100.0, now)
    assert len(rows) == past.HOURS
    assert rows[-1]["start"] == "2026-11-28T11:00:00+00:00"
    assert rows[0]["start"] == "2026-11-21T12:00:00+00:00"
    assert all(row["min"] <= row["mean"] <= row["max"] <= 105 for row in rows)
    energy = past.sums(1000.0, now)
    steps = [b["sum"] - a["sum"] for a, b in pairwise(energy)]
    assert min(steps) == 0
    assert max(steps) < 1.05
    assert energy[0]["start"] < "2024", "outside of what is looked at"
    assert energy[-1]["sum"] == 0
    assert 150 < energy[-1]["state"] < 170


class Recorder:
    """Plays the part of Home Assistant that keeps statistics."""

    def __init__(self, *known: str) -> None:
        """Have recorded these."""
        self.known = known
        self.imported: dict[str, Mapping[str, Any]] = {}

    async def command(self, kind: str, **fields: Any) -> Any:
        """Answer as the web socket does."""
        match kind:
            case "recorder/statistics_during_period":
                return {one: [] for one in self.known if one in fields["statistic_ids"]}
            case "get_states":
                return STATES
            case "recorder/import_statistics":
                about = fields["metadata"]
                assert about["has_sum"] is not bool(about["mean_type"])
                self.imported[about["statistic_id"]] = fields
        return None


async def test_past_of_rigs(rigs: list[Device]) -> None:
    """Each has its own past; what was recorded already stays."""
    home: Any = Recorder("sensor.garage_power")
    await past.fill(home, rigs, datetime(2026, 11, 28, 12, 34, tzinfo=UTC))
    assert {"sensor.garage_energy", "sensor.garage_hashrate"} <= home.imported.keys()
    assert "sensor.garage_power" not in home.imported
    assert len(home.imported["sensor.garage_energy"]["stats"]) == 1 + past.HOURS


class Settings:
    """Plays the part of Home Assistant that keeps dashboards and energy settings."""

    def __init__(self, entities: Iterable[Mapping[str, Any]] = ()) -> None:
        """Have these entities, and nothing set up."""
        self.entities = entities
        self.board: Any = None
        self.boards: list[Mapping[str, Any]] = []
        self.energy: dict[str, Any] | None = None
        self.default_panel = ""

    async def watch(self, *events: str) -> None:
        """Nothing happens by itself here."""

    async def command(self, kind: str, **fields: Any) -> Any:
        """Answer as the web socket does."""
        match kind:
            case "config/device_registry/list":
                return DEVICES
            case "config/entity_registry/list":
                return self.entities
            case "get_states":
                return STATES
            case "lovelace/dashboards/list":
                return self.boards
            case "lovelace/dashboards/create":
                self.boards.append(fields)
            case "frontend/set_system_data":
                self.default_panel = fields["value"]["default_panel"]
            case "lovelace/config/save":
                self.board = fields["config"]
            case "energy/save_prefs":
                self.energy = (self.energy or {}) | fields
            case "energy/get_prefs" if self.energy is not None:
                return self.energy
            case _:
                raise DemoError("not found")
        return None


async def test_dashboard_is_the_one_that_owners_get() -> None:
    """It is what a browser opens first: the integration's own, in one line."""
    settings = Settings()
    await Showing(_home(settings)).open()
    (board,) = settings.boards
    assert settings.default_panel == board["url_path"]
    assert settings.board == STRATEGY
    assert settings.energy is None


async def test_energy_follows_the_rigs_that_come() -> None:
    """A rig that is added later is on the Energy dashboard as well."""
    settings = Settings()
    showing = Showing(_home(settings))
    await showing.open()
    settings.entities = ENTITIES
    await showing.add_energy()
    assert "sensor.garage_energy" in _words(settings.energy)


async def test_dashboard_edited_by_hand_stays() -> None:
    """Somebody's own work is not replaced by the next start."""
    settings = Settings()
    await Showing(_home(settings)).open()
    settings.board = mine = {"views": [{"title": "Mine"}]}
    await Showing(_home(settings)).open()
    assert len(settings.boards) == 1
    assert settings.board is mine


def test_state_as_a_number(rigs: list[Device]) -> None:
    """Only a number is one."""
    row = {**STATES[0], "state": "unavailable"}
    (nas,) = arrange(DEVICES[2:3], ENTITIES, [row])
    assert nas.entities[0].number is None
    assert rigs[0].entities[0].number == 1.5


# What is told


def test_welcome_tells_everything(tmp_path: Path) -> None:
    """Address, rigs, what to type into the form, orders, log, the end."""
    text = welcome(
        SAID,
        port=8124,
        config_dir=tmp_path,
        empty=False,
        webhook=None,
        ssh="ssh -L me@rig",
    )
    for word in (
        "http://127.0.0.1:8124",
        "ssh -L me@rig",
        "host 127.0.0.1, port 18081, access token garage-5678",
        "curl -X POST http://127.0.0.1:18080/rigs/garage/hot",
        "curl http://127.0.0.1:18080/phone",
        "curl -X POST http://127.0.0.1:18080/phone/press/pause",
        "home-assistant.log",
        "Diagnostics",
        "Ctrl-C",
    ):
        assert word in text


def test_welcome_of_an_empty_demo(tmp_path: Path) -> None:
    """It says that the rigs are there to be added."""
    text = welcome(
        SAID, port=8123, config_dir=tmp_path, empty=True, webhook=None, ssh=None
    )
    assert "none of them added" in text
    assert "ssh" not in text


def test_rigs_stand_in_columns() -> None:
    """Nested answers are named like the others; what is unknown is left out."""
    other = SimulatedRig(
        name="NAS",
        slug="nas",
        kind="t_rex",
        form={"host": "nas", "password": None, "connection": {"ssl": True}},
        control="",
        faults=(),
    )
    assert table([GARAGE, other])[1] == "NAS     t_rex  host nas, ssl on"


@pytest.mark.skipif(sys.platform == "darwin", reason="a Mac always has a screen")
@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({"DISPLAY": ":0"}, None),
        ({"WAYLAND_DISPLAY": "wayland-0"}, None),
        ({}, "ssh -L 8124:127.0.0.1:8124 me@rig"),
        (
            {"SSH_CONNECTION": "10.0.0.2 5022 10.0.0.3 22"},
            "ssh -L 8124:127.0.0.1:8124 me@10.0.0.3",
        ),
        (
            {"SSH_CONNECTION": "10.0.0.2 5022 10.0.0.3 2222"},
            "ssh -L 8124:127.0.0.1:8124 -p 2222 me@10.0.0.3",
        ),
    ],
)
def test_tunnel(environment: Mapping[str, str], line: str | None) -> None:
    """Without a screen the demo names the way to one."""
    assert tunnel(8124, environment, user="me", host="rig") == line


def test_errors_of_the_start_are_shown() -> None:
    """With their tracebacks, and nothing else; later they stay in the log."""
    shown: list[str] = []
    console = Console(shown.append, verbose=False)
    first = "2026-01-01 10:00:00.000 "
    console.take("No module named homeassistant")
    console.take(f"{first}WARNING (MainThread) [loader] never mind")
    console.take(f"{first}ERROR (MainThread) [setup] broken")
    console.take("Traceback (most recent call last):")
    console.take(f"{first}INFO (MainThread) [setup] well")
    console.errors_shown = False
    console.take(f"{first}ERROR (MainThread) [rig] off")
    assert [line.removeprefix(first) for line in shown] == [
        "No module named homeassistant",
        "ERROR (MainThread) [setup] broken",
        "Traceback (most recent call last):",
    ]


# Children


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        (b"127.0.0.1", True),
        ("localhost", True),
        ("", False),
        ("0.0.0.0", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("192.168.1.5", False),
        ("example.org", False),
    ],
)
def test_what_loopback_is(host: str | bytes, expected: bool) -> None:
    """Everything else is somebody else."""
    assert is_loopback(host) is expected


def _child(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "scripts.demo.child", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _said(child: subprocess.Popen[str]) -> str:
    """Return what it says before it ends, while its standard input stays open."""
    assert child.stdout is not None
    return child.stdout.read()


def test_child_cannot_let_others_in() -> None:
    """A server for the whole network does not start."""
    with _child("http.server", "--bind", "0.0.0.0", "0") as child:
        said = _said(child)
    assert "The demo stays on loopback; refused: 0.0.0.0" in said
    assert child.returncode == 1


@pytest.mark.parametrize("host", ["192.0.2.1", "example.org"])
def test_child_cannot_get_out(host: str) -> None:
    """Neither by an address nor by a name."""
    code = f"import urllib.request as r; r.urlopen('http://{host}', timeout=9)"
    with _child("timeit", "-n1", "-r1", code) as child:
        said = _said(child)
    assert f"The demo stays on loopback; refused: {host}" in said


def test_child_ends_with_its_parent() -> None:
    """A pipe that closes is all that a parent killed at once leaves behind."""
    with _child("http.server", "--bind", "127.0.0.1", "0") as child:
        assert child.stdout is not None
        assert "127.0.0.1" in child.stdout.readline()
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait(timeout=30) == -signal.SIGTERM
