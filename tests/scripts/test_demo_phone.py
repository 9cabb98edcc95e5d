"""The demo's pretend phone, and its automations."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
import subprocess
import sys
from typing import Any, cast

from aiohttp import web
from aiohttp.test_utils import TestServer
from homeassistant.components.automation import DOMAIN as AUTOMATION
from homeassistant.components.blueprint import Blueprint
from homeassistant.components.blueprint.schemas import BLUEPRINT_SCHEMA
from homeassistant.util.yaml import load_yaml_dict
import pytest

from scripts.demo import automations, phone
from scripts.demo.client import HomeAssistant
from scripts.demo.config_dir import DOMAIN
from scripts.demo.options import ROOT
from simulator.control import control_app
from simulator.phone import SimulatedPhone
from simulator.xmrig import SimulatedXMRig


@pytest.mark.slow
def test_mobile_app_needs_nothing_else() -> None:
    """The component is loaded without what is compiled at its installation."""
    code = (
        "from scripts.demo.absent import stand_in; stand_in();"
        "import homeassistant.components.mobile_app.config_flow"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


class Home:
    """Plays Home Assistant: its registrations and webhooks."""

    def __init__(self) -> None:
        """Know no phone."""
        self.registrations: list[Mapping[str, Any]] = []
        self.updates: list[Mapping[str, Any]] = []
        self.answer: tuple[int, str] = (200, "{}")

    async def post(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Register a phone."""
        assert path == "/api/mobile_app/registrations"
        self.registrations.append(body)
        return {"webhook_id": f"hook{len(self.registrations)}"}

    async def webhook(self, request: web.Request) -> web.Response:
        """Take what a phone says."""
        self.updates.append(await request.json())
        status, text = self.answer
        return web.Response(status=status, text=text)


@pytest.fixture
async def home(socket_enabled: None) -> AsyncIterator[tuple[Home, str]]:
    """Return a Home Assistant and its address."""
    played = Home()
    app = web.Application()
    app.router.add_post("/api/webhook/hook1", played.webhook)
    async with TestServer(app) as server:
        yield played, str(server.make_url("")).removesuffix("/")


@pytest.mark.parametrize(
    ("answer", "hooks"),
    [((200, "{}"), ["hook1"]), ((200, ""), ["hook1", "hook2"]), ((410, ""), None)],
    ids=["known", "never known", "removed"],
)
async def test_phone_is_registered_once(
    home: tuple[Home, str],
    tmp_path: Path,
    answer: tuple[int, str],
    hooks: list[str] | None,
) -> None:
    """The next start tells where it is now; one that was removed is registered anew."""
    played, base = home
    own = SimulatedPhone()
    async with TestServer(control_app([SimulatedXMRig()], phone=own)) as server:
        address = str(server.make_url("/phone"))
        api = cast(HomeAssistant, played)
        await phone.connect(api, address, base=base, config_dir=tmp_path)
        (registration,) = played.registrations
        assert registration["app_data"]["push_url"] == f"{address}/push"
        assert own.webhook == f"{base}/api/webhook/hook1"
        assert (tmp_path / "phone.json").stat().st_mode & 0o077 == 0
        played.answer = answer
        await phone.connect(api, address, base=base, config_dir=tmp_path)
        (update,) = played.updates
        assert update["type"] == "update_registration"
        expected = hooks or ["hook1", "hook2"]
        assert len(played.registrations) == len(expected)
        assert own.webhook == f"{base}/api/webhook/{expected[-1]}"


class Rigs:
    """Plays Home Assistant: its registries, and its editor of automations."""

    def __init__(self, *keys: str) -> None:
        """Have a rig that pushes with these entities, and a phone."""
        self.keys = [*keys]
        self.saved: dict[str, Mapping[str, Any]] = {}

    async def post(self, path: str, body: Mapping[str, Any]) -> None:
        """Save an automation."""
        self.saved[path.rpartition("/")[2]] = body

    async def command(self, kind: str, **_: Any) -> list[Mapping[str, Any]]:
        """Answer as the web socket does."""
        ids = [key.replace("/", ".") for key in self.keys]
        devices: list[Mapping[str, Any]] = [
            {"id": "rig", "identifiers": [[DOMAIN, "x"]]},
            {"id": "phone", "identifiers": [["mobile_app", "y"]]},
        ]
        of_rig = {"platform": DOMAIN, "device_id": "rig"}
        entities: list[Mapping[str, Any]] = [
            {**of_rig, "entity_id": i, "translation_key": i.partition(".")[2]}
            for i in ids
        ]
        entities.append(
            {
                "platform": "mobile_app",
                "device_id": "phone",
                "entity_id": "notify.pretend_phone",
                "translation_key": None,
            }
        )
        plain = {"disabled_by": None, "hidden_by": None, "entity_category": None}
        states = [
            {"entity_id": i, "state": "on", "attributes": {}}
            for i in [*ids, "notify.pretend_phone"]
        ]
        states += [
            {"entity_id": f"automation.{i}", "state": "on", "attributes": {"id": i}}
            for i in self.saved
        ]
        named = {"name": "Cellar", "name_by_user": None, "created_at": 1}
        answers: dict[str, list[Mapping[str, Any]]] = {
            "config/device_registry/list": [{**named, **d} for d in devices],
            "config/entity_registry/list": [{**plain, **e} for e in entities],
            "get_states": list(states),
        }
        return answers[kind]


OF_CPU_GPU = (
    "switch/mining_allowed",
    "binary_sensor/connected",
    "sensor/hottest",
    "sensor/hashrate",
    "binary_sensor/not_following",
    "binary_sensor/rig_monitor_frozen",
)


async def test_automations_of_both_blueprints() -> None:
    """Each is made once what it needs is there, with inputs that its blueprint has."""
    rigs = Rigs(*OF_CPU_GPU[:2])
    api = cast(HomeAssistant, rigs)
    assert not await automations.make(api)
    assert not rigs.saved
    rigs.keys = [*OF_CPU_GPU]
    assert not await automations.make(api)
    assert [*rigs.saved] == [automations.TELL]
    rigs.keys.append("switch/rig_monitor_power")
    assert await automations.make(api)
    first = dict(rigs.saved)
    assert await automations.make(api)
    assert rigs.saved == first, "what is there is left alone"
    for body in rigs.saved.values():
        use = body["use_blueprint"]
        blueprint = Blueprint(
            load_yaml_dict(str(ROOT / "blueprints/automation" / use["path"])),
            expected_domain=AUTOMATION,
            schema=BLUEPRINT_SCHEMA,
        )
        assert use["input"].keys() <= blueprint.inputs.keys()
    tell = rigs.saved[automations.TELL]["use_blueprint"]["input"]
    assert tell["phones"] == ["phone"]
    assert tell["rig"] == "rig"
    cut = rigs.saved[automations.CUT]["use_blueprint"]["input"]
    assert cut["phones"] == ["notify.pretend_phone"]
    assert cut["rig_switches"] == ["switch.rig_monitor_power"]
