"""Adding a rig and changing how it is reached, step by step as a person does it."""

import ast
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_USER,
    ConfigEntryDisabler,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mining_rig.const import DOMAIN, FARM
from custom_components.mining_rig.sources import KINDS
from custom_components.mining_rig.sources.common.contract import (
    Identity,
    SourceBusy,
    SourceGarbled,
    SourceRefused,
    SourceUnreachable,
)
from simulator.xmrig import SimulatedXMRig

from .rigs import async_set_up, async_without_power, entry_for
from .texts import FOLDER

pytestmark = pytest.mark.usefixtures("socket_enabled")

TOKEN = "b6b8b4a2"
DETECTION = "custom_components.mining_rig.sources.common.detection"
FLOW = "custom_components.mining_rig.flow.base"

type MakeRig = Callable[..., Awaitable[SimulatedXMRig]]


@pytest.fixture
async def make_rig() -> AsyncIterator[MakeRig]:
    """Return what starts a rig with an access token."""
    rigs: list[SimulatedXMRig] = []

    async def make(name: str = "office-pc", **facts: Any) -> SimulatedXMRig:
        rig = SimulatedXMRig(name, **{"token": TOKEN, "seed": len(rigs), **facts})
        await rig.start()
        rigs.append(rig)
        return rig

    yield make
    for rig in rigs:
        await rig.stop()


@pytest.fixture
async def rig(make_rig: MakeRig) -> SimulatedXMRig:
    """Return one rig."""
    return await make_rig()


async def async_begin(hass: HomeAssistant, kind: str = "xmrig") -> ConfigFlowResult:
    """Choose a kind of rig in the menu and return its form."""
    menu = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    assert menu["type"] is FlowResultType.MENU
    assert menu["step_id"] == "user"
    steps = [step for step in menu["menu_options"] if step != "search"]
    assert steps == ["address", "kinds", "nvml"]
    form = await async_go_on(hass, menu, {"next_step_id": "kinds"})
    [(key, choice)] = form["data_schema"].schema.items()
    assert (key, form["step_id"]) == ("kind", "kinds")
    assert choice.config["options"] == [*KINDS, FARM]
    form = await async_go_on(hass, form, {"kind": kind})
    assert form["type"] is FlowResultType.FORM
    assert form["step_id"] == kind
    return form


async def async_go_on(
    hass: HomeAssistant, step: Mapping[str, Any], answers: Mapping[str, Any]
) -> ConfigFlowResult:
    """Fill a step in and return the next one."""
    result = await hass.config_entries.flow.async_configure(
        step["flow_id"], dict(answers)
    )
    await hass.async_block_till_done()
    return await async_without_power(hass, result)


async def async_add(
    hass: HomeAssistant, answers: Mapping[str, Any], name: str | None = None
) -> ConfigFlowResult:
    """Go through the whole dialog."""
    step = await async_go_on(hass, await async_begin(hass), answers)
    if step.get("step_id") == "name":
        proposed = suggested(step)["name"]
        step = await async_go_on(hass, step, {"name": name or proposed})
    return step


def suggested(step: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a form is filled in with at first."""
    return {
        str(key): key.description["suggested_value"]
        for key in step["data_schema"].schema
        if key.description and str(key) != "connection"
    }


class FakeSource:
    """A source that answers or fails as it is told."""

    address = None

    def __init__(self, outcome: Identity | Exception) -> None:
        """Take what comes of asking who is there."""
        self.outcome = outcome
        self.closed = False

    async def identify(self) -> Identity:
        """Answer or fail."""
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    async def close(self) -> None:
        """Note that it was closed."""
        self.closed = True


def answered_by(source: FakeSource) -> Any:
    """Put a source in the place of whatever kind is asked for."""

    async def opener(*_: Any) -> Any:
        async def async_open(_: Any) -> FakeSource:
            return source

        return async_open

    return patch(f"{FLOW}.async_source_factory", opener)


# ---- adding


async def test_add(hass: HomeAssistant, rig: SimulatedXMRig) -> None:
    """A rig is found, named and works."""
    form = await async_begin(hass)
    step = await async_go_on(
        hass, form, {"host": "127.0.0.1", "port": rig.port, "access_token": TOKEN}
    )
    assert step["step_id"] == "name"
    assert suggested(step) == {"name": "office-pc"}
    assert step["description_placeholders"]["model"].endswith("(6.26.0)")

    done = await async_go_on(hass, step, {"name": "  Office PC "})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["title"] == "Office PC"
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.unique_id is not None
    assert entry.unique_id.startswith("xmrig_")
    id_root = entry.data["id_root"]
    assert len(id_root) == 32
    assert entry.data == {
        "kind": "xmrig",
        "id_root": id_root,
        "host": "127.0.0.1",
        "port": rig.port,
        "access_token": TOKEN,
        "ssl": False,
        "verify_ssl": True,
    }
    assert entry.state is ConfigEntryState.LOADED
    assert hass.states.get("binary_sensor.office_pc_mining_active") is not None


async def test_add_over_rest(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, rig: SimulatedXMRig
) -> None:
    """The browser may leave out the section, and the port that the address has."""
    assert await async_setup_component(hass, "config", {})
    # A test's HTTP server takes no paths any more once it runs.
    assert await async_setup_component(hass, DOMAIN, {})
    client = await hass_client()

    async def post(flow: str, data: dict[str, Any]) -> dict[str, Any]:
        answer = await client.post(f"/api/config/config_entries/flow{flow}", json=data)
        found: dict[str, Any] = await answer.json()
        assert answer.status == HTTPStatus.OK, found
        return found

    menu = await post("", {"handler": DOMAIN})
    assert menu["type"] == "menu"
    flow = f"/{menu['flow_id']}"
    await post(flow, {"next_step_id": "kinds"})
    form = await post(flow, {"kind": "xmrig"})
    fields = {field["name"]: field for field in form["data_schema"]}
    assert [*fields] == ["host", "port", "access_token", "connection"]
    assert fields["host"]["required"]
    assert fields["connection"]["type"] == "expandable"
    assert not fields["connection"]["expanded"]
    assert fields["connection"]["description"] == {
        "suggested_value": {"ssl": False, "verify_ssl": True}
    }
    name = await post(flow, {"host": f"{rig.url}/2/summary", "access_token": TOKEN})
    assert name["step_id"] == "name"
    power = await post(flow, {"name": "Office PC"})
    assert power["step_id"] == "power"
    assert [field["name"] for field in power["data_schema"]] == [
        "power_meter",
        "rated_power",
    ]
    done = await post(flow, {})
    assert done["type"] == "create_entry"


async def test_without_a_token(hass: HomeAssistant, make_rig: MakeRig) -> None:
    """An empty access token is none: a miner without one refuses any."""
    rig = await make_rig(token=None)
    done = await async_add(
        hass, {"host": rig.host, "port": rig.port, "access_token": "  "}
    )
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert "access_token" not in done["data"]


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("http://{host}:{port}", None),
        ("HTTP://{host}:{port}/2/summary?x=1", None),
        ("{host}:{port}", None),
        ("{host}:1", "{port}"),
        (" {host} ", "{port}"),
    ],
)
async def test_pasted_address(
    hass: HomeAssistant, rig: SimulatedXMRig, host: str, port: str | None
) -> None:
    """The host may be a whole address; a port of its own counts more."""
    facts = {"host": rig.host, "port": rig.port}
    answers: dict[str, Any] = {"host": host.format(**facts), "access_token": TOKEN}
    if port:
        answers["port"] = rig.port
    done = await async_add(hass, answers)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["data"]["host"] == rig.host
    assert done["data"]["port"] == rig.port
    assert done["data"]["ssl"] is False


async def test_pasted_https_address(hass: HomeAssistant, make_rig: MakeRig) -> None:
    """An https address turns encryption on."""
    rig = await make_rig(tls=True)
    answers = {"host": f"https://{rig.host}:{rig.port}", "access_token": TOKEN}
    form = await async_begin(hass)
    form = await async_go_on(hass, form, answers)
    assert form["errors"] == {"host": "certificate"}
    step = await async_go_on(
        hass, form, {**answers, "connection": {"verify_ssl": False}}
    )
    assert step["step_id"] == "name"
    done = await async_go_on(hass, step, {"name": "Office PC"})
    assert done["data"]["ssl"] is True
    assert done["data"]["verify_ssl"] is False


@pytest.mark.parametrize(
    ("fault", "changes", "errors"),
    [
        ("off", {}, {"host": "cannot_connect"}),
        ("silent", {}, {"host": "timeout"}),
        ("garbage", {}, {"host": "wrong_device"}),
        ("truncated", {}, {"host": "wrong_device"}),
        ("other_device", {}, {"host": "wrong_device"}),
        ("normal", {"access_token": "wrong"}, {"access_token": "invalid_auth"}),
        ("normal", {"access_token": ""}, {"access_token": "invalid_auth"}),
        ("normal", {"host": "not a host"}, {"host": "invalid_host"}),
        ("normal", {"host": "ftp://127.0.0.1"}, {"host": "invalid_host"}),
        ("normal", {"port": None}, {"port": "no_port"}),
    ],
)
async def test_errors(
    hass: HomeAssistant,
    rig: SimulatedXMRig,
    fault: str,
    changes: dict[str, Any],
    errors: dict[str, str],
) -> None:
    """What is wrong is said at its field; the dialog goes on when it is put right."""
    right = {"host": rig.host, "port": rig.port, "access_token": TOKEN}
    answers = {k: v for k, v in {**right, **changes}.items() if v is not None}
    form = await async_begin(hass)
    rig.fault(fault)
    with patch(f"{FLOW}.READ_TIMEOUT", 0.5), patch(f"{DETECTION}._LONGEST", 0.5):
        form = await async_go_on(hass, form, answers)
    assert form["type"] is FlowResultType.FORM
    assert form["step_id"] == "xmrig"
    assert form["errors"] == errors
    # What was typed is not lost.
    assert suggested(form).items() >= answers.items()

    rig.fault("normal")
    step = await async_go_on(hass, form, right)
    assert step["step_id"] == "name"
    done = await async_go_on(hass, step, {"name": "Office PC"})
    assert done["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("error", "errors"),
    [
        (SourceUnreachable("nobody"), {"host": "cannot_connect"}),
        (SourceUnreachable("late", timed_out=True), {"host": "timeout"}),
        (SourceRefused("no"), {"access_token": "invalid_auth"}),
        (SourceBusy("later"), {"host": "busy"}),
        (SourceGarbled("cut"), {"host": "wrong_device"}),
        (SourceGarbled("router", other_device=True), {"host": "wrong_device"}),
        (RuntimeError("surprise"), {"base": "unknown"}),
    ],
)
async def test_errors_of_a_source(
    hass: HomeAssistant,
    caplog: pytest.LogCaptureFixture,
    rig: SimulatedXMRig,
    error: Exception,
    errors: dict[str, str],
) -> None:
    """Every error of a source has its text, and the source is always closed."""
    answers = {"host": rig.host, "port": rig.port, "access_token": TOKEN}
    form = await async_begin(hass)
    source = FakeSource(error)
    with answered_by(source):
        form = await async_go_on(hass, form, answers)
    assert form["errors"] == errors
    assert source.closed
    assert ("surprise" in caplog.text) == isinstance(error, RuntimeError)
    assert TOKEN not in caplog.text

    step = await async_go_on(hass, form, answers)
    assert step["step_id"] == "name"


@pytest.mark.parametrize("port", [0, 65536, "rig"])
async def test_impossible_port(hass: HomeAssistant, port: Any) -> None:
    """A port that cannot be one is refused by the form itself."""
    form = await async_begin(hass)
    with pytest.raises(InvalidData) as refused:
        await async_go_on(hass, form, {"host": "127.0.0.1", "port": port})
    assert [*refused.value.schema_errors] == ["port"]


# ---- names


async def test_names_are_unique(hass: HomeAssistant, make_rig: MakeRig) -> None:
    """No two rigs have names that look the same in entity ids."""
    first, second = await make_rig(), await make_rig()
    await async_add(hass, first.form, name="Office-PC")

    step = await async_go_on(hass, await async_begin(hass), second.form)
    assert suggested(step) == {"name": "office-pc 2"}
    for name, error in (("office pc", "name_taken"), ("   ", "name_empty")):
        step = await async_go_on(hass, step, {"name": name})
        assert step["step_id"] == "name"
        assert step["errors"] == {"name": error}
    done = await async_go_on(hass, step, {"name": "Office PC 2"})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    ids = hass.states.async_entity_ids("binary_sensor")
    assert "binary_sensor.office_pc_mining_active" in ids
    assert "binary_sensor.office_pc_2_connectivity" in ids


async def test_rig_without_a_name(hass: HomeAssistant, rig: SimulatedXMRig) -> None:
    """A rig that does not say its name is called after its make."""
    form = await async_begin(hass)
    with answered_by(FakeSource(Identity(rig_id=None, title=" "))):
        step = await async_go_on(hass, form, rig.form)
    assert suggested(step) == {"name": "XMRig"}
    assert step["description_placeholders"] == {"model": "XMRig"}


# ---- id_roots


async def test_anchor(hass: HomeAssistant, make_rig: MakeRig) -> None:
    """An id that never changes is the id_root, unless it id_roots another rig."""
    first, second = await make_rig(), await make_rig()
    identity = Identity(rig_id="0123", title="Rig", stable=True)
    with answered_by(FakeSource(identity)):
        done = await async_add(hass, first.form)
    assert done["data"]["id_root"] == "xmrig_0123"
    # The entry has followed its rig to another id; the old id belongs to a new rig.
    hass.config_entries.async_update_entry(done["result"], unique_id="xmrig_4567")
    with answered_by(FakeSource(identity)):
        done = await async_add(hass, second.form)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["data"]["id_root"] != "xmrig_0123"


# ---- rigs that are there already


async def test_same_rig_again(hass: HomeAssistant, rig: SimulatedXMRig) -> None:
    """A rig is added once."""
    await async_add(hass, rig.form, name="Office PC")
    again = await async_add(hass, rig.form)
    assert again["type"] is FlowResultType.ABORT
    assert again["reason"] == "already_configured"
    assert again["description_placeholders"]["rig"] == "Office PC"
    assert len(hass.config_entries.async_entries(DOMAIN)) == 1


async def test_same_rig_twice_at_once(hass: HomeAssistant, make_rig: MakeRig) -> None:
    """Two dialogs do not add the same rig; one that is left open blocks nothing."""
    rig = await make_rig(rig_id="")
    first = await async_go_on(hass, await async_begin(hass), rig.form)
    second = await async_go_on(hass, await async_begin(hass), rig.form)
    assert second["step_id"] == "name"
    done = await async_go_on(hass, second, {"name": "Office PC"})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    late = await async_go_on(hass, first, {"name": "Other PC"})
    assert late["type"] is FlowResultType.ABORT
    assert late["reason"] == "already_configured"


async def test_dialog_that_was_left_open(
    hass: HomeAssistant, make_rig: MakeRig
) -> None:
    """A dialog that somebody left open ends when its rig was added by another."""
    rig = await make_rig(rig_id="feed")
    await async_go_on(hass, await async_begin(hass), rig.form)
    done = await async_add(hass, rig.form)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert hass.config_entries.flow.async_progress() == []


@pytest.mark.parametrize("disabled", [False, True])
async def test_rig_has_moved(
    hass: HomeAssistant, make_rig: MakeRig, disabled: bool
) -> None:
    """Where the old address does not answer any more, the entry follows its rig."""
    rig = await make_rig(rig_id="feed")
    done = await async_add(hass, rig.form, name="Office PC")
    entry = done["result"]
    old = dict(entry.data)
    if disabled:
        await hass.config_entries.async_set_disabled_by(
            entry.entry_id, ConfigEntryDisabler.USER
        )
    await rig.stop()
    moved = await make_rig(rig_id="feed", token="another")
    again = await async_add(hass, moved.form)
    assert again["type"] is FlowResultType.ABORT
    assert again["reason"] == "address_updated"
    assert again["description_placeholders"]["rig"] == "Office PC"
    assert entry.data == {**old, "port": moved.port, "access_token": "another"}
    if disabled:
        assert entry.state is ConfigEntryState.NOT_LOADED
    else:
        assert entry.state is ConfigEntryState.LOADED
        assert hass.states.get("binary_sensor.office_pc_connectivity").state == "on"


async def test_rig_has_moved_and_another_took_its_place(
    hass: HomeAssistant, make_rig: MakeRig
) -> None:
    """That something answers at the old address is not enough: its id counts."""
    rig = await make_rig(rig_id="feed")
    entry = (await async_add(hass, rig.form))["result"]
    port = rig.port
    await rig.stop()
    await make_rig("stranger", port=port, rig_id="beef")
    moved = await make_rig(rig_id="feed", token=None)
    again = await async_add(hass, moved.form)
    assert again["reason"] == "address_updated"
    assert entry.data["port"] == moved.port
    assert "access_token" not in entry.data


async def test_cloned_rig(hass: HomeAssistant, make_rig: MakeRig) -> None:
    """A clone has the same id; nothing is changed, and the dialog says why."""
    rig, clone = await make_rig(rig_id="feed"), await make_rig(rig_id="feed")
    entry = (await async_add(hass, rig.form, name="Office PC"))["result"]
    before = dict(entry.data)
    again = await async_add(hass, clone.form)
    assert again["type"] is FlowResultType.ABORT
    assert again["reason"] == "same_id_elsewhere"
    assert again["description_placeholders"] == {
        "rig": "Office PC",
        "host": "127.0.0.1",
    }
    assert entry.data == before


async def test_rigs_without_an_id(hass: HomeAssistant, make_rig: MakeRig) -> None:
    """Without ids, host and port tell rigs apart."""
    first, second = await make_rig(rig_id=""), await make_rig(rig_id="")
    done = await async_add(hass, first.form)
    assert done["result"].unique_id is None
    again = await async_add(hass, first.form)
    assert again["reason"] == "already_configured"
    done = await async_add(hass, second.form)
    assert done["type"] is FlowResultType.CREATE_ENTRY


async def test_rig_that_has_an_id_now(hass: HomeAssistant, make_rig: MakeRig) -> None:
    """A rig that had no id when it was added is still the same at its address."""
    rig = await make_rig(rig_id="feed")
    entry_for(rig).add_to_hass(hass)
    again = await async_add(hass, rig.form)
    assert again["reason"] == "already_configured"


async def test_rigs_of_other_kinds(hass: HomeAssistant, rig: SimulatedXMRig) -> None:
    """A rig of another kind at the same address is another rig."""
    entry = entry_for(rig)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, "kind": "other"})
    step = await async_go_on(hass, await async_begin(hass), rig.form)
    assert step["step_id"] == "name"


# ---- new credentials


async def test_reauth(hass: HomeAssistant, make_rig: MakeRig) -> None:
    """A rig that refuses is asked for with new credentials, and only with these."""
    rig = await make_rig(rig_id="feed", restricted=False)
    entry = entry_for(rig, rig_id="feed", access_token="old")
    assert not await async_set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    (form,) = hass.config_entries.flow.async_progress()
    assert form["context"]["source"] == SOURCE_REAUTH
    assert form["step_id"] == "reauth_confirm"
    form = await hass.config_entries.flow.async_configure(form["flow_id"])
    assert [*form["data_schema"].schema] == ["access_token"]
    assert suggested(form) == {}
    assert form["description_placeholders"]["rig"] == "Office PC"

    form = await async_go_on(hass, form, {"access_token": "guess"})
    assert form["errors"] == {"access_token": "invalid_auth"}
    rig.fault("off")
    form = await async_go_on(hass, form, {"access_token": TOKEN})
    assert form["errors"] == {"host": "cannot_connect"}
    rig.fault("on")
    done = await async_go_on(hass, form, {"access_token": f" {TOKEN}"})
    assert done["type"] is FlowResultType.ABORT
    assert done["reason"] == "reauth_successful"
    assert entry.data["access_token"] == TOKEN
    assert entry.data["port"] == rig.port
    assert entry.state is ConfigEntryState.LOADED


async def test_reauth_without_credentials(
    hass: HomeAssistant, make_rig: MakeRig
) -> None:
    """A miner whose token was taken away refuses any; then none is the right one."""
    rig = await make_rig(token=None)
    entry = entry_for(rig, access_token="old")
    entry.add_to_hass(hass)
    form = await entry.start_reauth_flow(hass)
    done = await async_go_on(hass, form, {})
    assert done["reason"] == "reauth_successful"
    assert "access_token" not in entry.data


async def test_reauth_with_another_rig(
    hass: HomeAssistant, rig: SimulatedXMRig
) -> None:
    """Another rig's credentials are not taken."""
    entry = entry_for(rig, rig_id="somebody", access_token="old")
    entry.add_to_hass(hass)
    form = await entry.start_reauth_flow(hass)
    done = await async_go_on(hass, form, {"access_token": TOKEN})
    assert done["type"] is FlowResultType.ABORT
    assert done["reason"] == "unique_id_mismatch"
    assert done["description_placeholders"]["rig"] == "Office PC"
    assert entry.data["access_token"] == "old"


# ---- another address


@pytest.fixture
async def entry(hass: HomeAssistant, make_rig: MakeRig) -> MockConfigEntry:
    """Return the entry of a rig with the id `feed`."""
    rig = await make_rig(rig_id="feed")
    entry = entry_for(rig, rig_id="feed", ssl=False, verify_ssl=True)
    assert await async_set_up(hass, entry)
    return entry


async def test_reconfigure(
    hass: HomeAssistant, make_rig: MakeRig, entry: MockConfigEntry
) -> None:
    """The form shows all but secrets, and what is left out stays as it is."""
    before = dict(entry.data)
    moved = await make_rig(rig_id="feed")
    form = await entry.start_reconfigure_flow(hass)
    assert form["step_id"] == "reconfigure"
    shown = {str(key): key for key in form["data_schema"].schema}
    assert shown["host"].default() == "127.0.0.1"
    assert shown["port"].default() == before["port"]
    assert TOKEN not in str({key: vars(marker) for key, marker in shown.items()})

    done = await async_go_on(hass, form, {"port": moved.port})
    assert done["type"] is FlowResultType.ABORT
    assert done["reason"] == "reconfigure_successful"
    assert entry.data == {**before, "port": moved.port}
    assert entry.unique_id == "xmrig_feed"
    assert entry.state is ConfigEntryState.LOADED


async def test_reconfigure_with_pasted_address(
    hass: HomeAssistant, make_rig: MakeRig, entry: MockConfigEntry
) -> None:
    """A pasted address counts more than the old port that the form shows."""
    old = entry.data["port"]
    moved = await make_rig(rig_id="feed")
    form = await entry.start_reconfigure_flow(hass)
    done = await async_go_on(hass, form, {"host": moved.url, "port": old})
    assert done["reason"] == "reconfigure_successful"
    assert entry.data["port"] == moved.port


async def test_reconfigure_errors(
    hass: HomeAssistant, make_rig: MakeRig, entry: MockConfigEntry
) -> None:
    """What is wrong is said, and nothing is changed before it is right."""
    before = dict(entry.data)
    moved = await make_rig(rig_id="feed", token="another")
    form = await entry.start_reconfigure_flow(hass)
    form = await async_go_on(hass, form, {"host": "?"})
    assert form["errors"] == {"host": "invalid_host"}
    form = await async_go_on(hass, form, {"port": moved.port})
    assert form["errors"] == {"access_token": "invalid_auth"}
    assert entry.data == before
    done = await async_go_on(
        hass, form, {"port": moved.port, "access_token": "another"}
    )
    assert done["reason"] == "reconfigure_successful"
    assert entry.data["access_token"] == "another"


async def test_reconfigure_forgets_a_secret(
    hass: HomeAssistant, make_rig: MakeRig, entry: MockConfigEntry
) -> None:
    """A stored token can be taken away; there is nothing to forget afterwards."""
    open_rig = await make_rig(rig_id="feed", token=None)
    form = await entry.start_reconfigure_flow(hass)
    answers = {"port": open_rig.port, "forget_access_token": True}
    done = await async_go_on(hass, form, answers)
    assert done["reason"] == "reconfigure_successful"
    assert "access_token" not in entry.data
    form = await entry.start_reconfigure_flow(hass)
    assert "forget_access_token" not in form["data_schema"].schema


async def test_reconfigure_to_another_rig(
    hass: HomeAssistant, make_rig: MakeRig, entry: MockConfigEntry
) -> None:
    """The same rig has to answer."""
    before = dict(entry.data)
    stranger = await make_rig(rig_id="beef")
    form = await entry.start_reconfigure_flow(hass)
    done = await async_go_on(hass, form, {"port": stranger.port})
    assert done["type"] is FlowResultType.ABORT
    assert done["reason"] == "unique_id_mismatch"
    assert entry.data == before
    assert entry.unique_id == "xmrig_feed"


async def test_reconfigure_with_a_new_id(
    hass: HomeAssistant, make_rig: MakeRig, entry: MockConfigEntry
) -> None:
    """XMRig's id changes with its port: the owner may say that it is the same rig."""
    renamed = await make_rig(rig_id="beef")
    form = await entry.start_reconfigure_flow(hass)
    done = await async_go_on(hass, form, {"port": renamed.port, "new_id": True})
    assert done["reason"] == "reconfigure_successful"
    assert entry.unique_id == "xmrig_beef"
    assert entry.state is ConfigEntryState.LOADED
    assert hass.states.get("binary_sensor.office_pc_connectivity").state == "on"


async def test_reconfigure_to_the_id_of_another_entry(
    hass: HomeAssistant, make_rig: MakeRig, entry: MockConfigEntry
) -> None:
    """Two entries never share an id."""
    other = await make_rig("other", rig_id="beef")
    await async_add(hass, other.form, name="Other")
    form = await entry.start_reconfigure_flow(hass)
    done = await async_go_on(hass, form, {"port": other.port, "new_id": True})
    assert done["reason"] == "already_configured"
    assert done["description_placeholders"]["rig"] == "Other"
    assert entry.unique_id == "xmrig_feed"


async def test_reconfigure_a_rig_without_an_id(
    hass: HomeAssistant, make_rig: MakeRig
) -> None:
    """An entry without an id takes the one that its rig has now."""
    rig = await make_rig(rig_id="feed")
    entry = entry_for(rig)
    assert await async_set_up(hass, entry)
    form = await entry.start_reconfigure_flow(hass)
    assert "new_id" not in form["data_schema"].schema
    done = await async_go_on(hass, form, {})
    assert done["reason"] == "reconfigure_successful"
    assert entry.unique_id == "xmrig_feed"


def test_every_menu_names_its_step() -> None:
    """Home Assistant 2026.11 warns about a menu that does not."""
    menus = [
        call
        for path in FOLDER.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "async_show_menu"
    ]
    assert len(menus) >= 4
    for menu in menus:
        assert "step_id" in {keyword.arg for keyword in menu.keywords}
