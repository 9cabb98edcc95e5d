"""Issues that owners see, and the flows that fix them."""

from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from pathlib import Path
import re
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED, STATE_ON
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mining_rig.const import DOMAIN
from simulator.xmrig import SimulatedXMRig

from .rigs import async_pass, async_pass_polls, async_set_up, entry_for, state

TOKEN = "b6b8b4a2"
PAGE = "docs/troubleshooting.md"

HEADINGS = {
    re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
    for line in (Path(__file__).parents[1] / PAGE).read_text().splitlines()
    if line.startswith("#")
}
"""The headings of the page that issues link to, as GitHub makes anchors of them."""


@pytest.fixture
async def rig(
    socket_enabled: None, freezer: FrozenDateTimeFactory
) -> AsyncIterator[SimulatedXMRig]:
    """Return an XMRig that can only be read."""
    async with SimulatedXMRig(token=TOKEN, rig_id="feed") as rig:
        yield rig


@pytest.fixture
def entry(rig: SimulatedXMRig) -> MockConfigEntry:
    """Return the entry of the rig, whose owner wants to control it."""
    return entry_for(rig, rig_id="feed", options={"warn_if_read_only": True})


def issue(hass: HomeAssistant, entry: MockConfigEntry, subject: str) -> Any:
    """Return an issue of the rig, None where there is none."""
    return ir.async_get(hass).async_get_issue(DOMAIN, f"{subject}_{entry.entry_id}")


def anchor(issue: Any) -> str:
    """Return the heading that an issue points at."""
    page, _, heading = issue.learn_more_url.partition("#")
    assert page.startswith("https://github.com/")
    assert page.endswith(f"/blob/main/{PAGE}")
    return str(heading)


class Dialog:
    """The dialog that repairs an issue, as a browser has it."""

    PATH = "/api/repairs/issues/fix"

    def __init__(self, hass: HomeAssistant, client: Any) -> None:
        """Take a client that is logged in."""
        self._hass = hass
        self._client = client
        self._flow = ""

    async def _post(self, path: str, data: Mapping[str, Any]) -> dict[str, Any]:
        answer = await self._client.post(f"{self.PATH}{path}", json=data)
        found: dict[str, Any] = await answer.json()
        assert answer.status == HTTPStatus.OK, found
        await self._hass.async_block_till_done()
        return found

    async def open(self, issue: Any) -> dict[str, Any]:
        """Begin to repair."""
        step = await self._post("", {"handler": DOMAIN, "issue_id": issue.issue_id})
        self._flow = step["flow_id"]
        return step

    async def choose(self, option: str) -> dict[str, Any]:
        """Choose from the menu."""
        return await self._post(f"/{self._flow}", {"next_step_id": option})


@pytest.fixture
async def dialog(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> Dialog:
    """Return what opens a dialog."""
    assert await async_setup_component(hass, "repairs", {})
    return Dialog(hass, await hass_client())


# ---- a rig that can only be read


async def test_read_only(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    rig: SimulatedXMRig,
    entry: MockConfigEntry,
) -> None:
    """An owner who wants control gets an issue until the rig accepts commands."""
    assert await async_set_up(hass, entry)
    found = issue(hass, entry, "read_only")
    assert found.translation_key == "xmrig_restricted"
    assert found.translation_placeholders == {"rig": "Office PC"}
    assert found.severity is ir.IssueSeverity.WARNING
    assert not found.is_fixable
    assert anchor(found) in HEADINGS

    # That a rig is off does not open it.
    await rig.stop()
    await async_pass_polls(hass, freezer, 5)
    assert state(hass, "binary_sensor", "connected").state != STATE_ON
    assert issue(hass, entry, "read_only") is not None
    async with SimulatedXMRig(
        token=TOKEN, rig_id="feed", port=rig.port, restricted=False
    ):
        await async_pass(hass, freezer, 60)
        assert state(hass, "binary_sensor", "connected").state == STATE_ON
        assert issue(hass, entry, "read_only") is None


async def test_read_only_and_content(hass: HomeAssistant, rig: SimulatedXMRig) -> None:
    """There is no issue for an owner who only wants to read."""
    entry = entry_for(rig, rig_id="feed")
    assert await async_set_up(hass, entry)
    assert ir.async_get(hass).issues == {}


async def test_controls_not_wanted_any_more(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """The issue goes when its owner changes the entry."""
    assert await async_set_up(hass, entry)
    assert issue(hass, entry, "read_only") is not None
    hass.config_entries.async_update_entry(entry, options={"warn_if_read_only": False})
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert issue(hass, entry, "read_only") is None


@pytest.mark.parametrize("disable", [False, True])
async def test_rig_that_is_gone(
    hass: HomeAssistant, entry: MockConfigEntry, disable: bool
) -> None:
    """A rig that was removed or disabled has no issues."""
    assert await async_set_up(hass, entry)
    assert issue(hass, entry, "read_only") is not None
    if disable:
        await hass.config_entries.async_set_disabled_by(
            entry.entry_id, ConfigEntryDisabler.USER
        )
    else:
        await hass.config_entries.async_remove(entry.entry_id)
    assert ir.async_get(hass).issues == {}


# ---- another rig at the address


@pytest.fixture
async def replaced(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    rig: SimulatedXMRig,
    entry: MockConfigEntry,
) -> AsyncIterator[SimulatedXMRig]:
    """Let another rig answer at the rig's address."""
    assert await async_set_up(hass, entry)
    assert issue(hass, entry, "other_rig") is None
    await rig.stop()
    async with SimulatedXMRig(token=TOKEN, rig_id="beef", port=rig.port) as other:
        await async_pass_polls(hass, freezer, 4)
        yield other


async def test_other_rig(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    rig: SimulatedXMRig,
    entry: MockConfigEntry,
    replaced: SimulatedXMRig,
) -> None:
    """The issue is deleted when the right rig answers again."""
    found = issue(hass, entry, "other_rig")
    assert found.translation_key == "other_rig"
    assert anchor(found) in HEADINGS
    assert found.is_fixable
    assert state(hass, "binary_sensor", "connected").state != STATE_ON
    await replaced.stop()
    await async_pass(hass, freezer, 60)
    assert issue(hass, entry, "other_rig") is not None
    await rig.start()
    await async_pass(hass, freezer, 60)
    assert issue(hass, entry, "other_rig") is None


@pytest.mark.usefixtures("replaced")
async def test_other_rig_is_the_same(
    hass: HomeAssistant, entry: MockConfigEntry, dialog: Dialog
) -> None:
    """The entry follows its rig, whose id has changed; nothing else changes."""
    before = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    step = await dialog.open(issue(hass, entry, "other_rig"))
    assert step["type"] == "menu"
    assert step["menu_options"] == ["same_rig", "new_address"]
    assert step["description_placeholders"] == {"rig": "Office PC"}
    done = await dialog.choose("same_rig")
    assert done["type"] == "create_entry"
    assert entry.unique_id == "xmrig_beef"
    assert issue(hass, entry, "other_rig") is None
    assert state(hass, "binary_sensor", "connected").state == STATE_ON
    after = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert sorted(e.unique_id for e in after) == sorted(e.unique_id for e in before)


@pytest.mark.usefixtures("replaced")
async def test_other_rig_has_an_entry(
    hass: HomeAssistant, entry: MockConfigEntry, dialog: Dialog
) -> None:
    """Two entries never share an id."""
    MockConfigEntry(
        domain=DOMAIN, title="Other", unique_id="xmrig_beef", data={**entry.data}
    ).add_to_hass(hass)
    await dialog.open(issue(hass, entry, "other_rig"))
    done = await dialog.choose("same_rig")
    assert done["type"] == "abort"
    assert done["reason"] == "already_configured"
    assert done["description_placeholders"] == {"other": "Other"}
    assert entry.unique_id == "xmrig_feed"
    assert issue(hass, entry, "other_rig") is not None


@pytest.mark.usefixtures("replaced")
async def test_other_rig_and_new_address(
    hass: HomeAssistant, entry: MockConfigEntry, dialog: Dialog
) -> None:
    """The repair goes on to the dialog that takes the new address."""
    await dialog.open(issue(hass, entry, "other_rig"))
    done = await dialog.choose("new_address")
    assert done["type"] == "abort"
    kind, flow = done["next_flow"]
    assert kind == "config_flow"
    assert issue(hass, entry, "other_rig") is not None
    form = await hass.config_entries.flow.async_configure(flow)
    assert form["step_id"] == "reconfigure"
    async with SimulatedXMRig(token=TOKEN, rig_id="feed") as moved:
        await hass.config_entries.flow.async_configure(flow, {"port": moved.port})
        await hass.async_block_till_done()
        assert entry.data["port"] == moved.port
        assert entry.state is ConfigEntryState.LOADED
        assert issue(hass, entry, "other_rig") is None


# ---- the power meter


@pytest.fixture
async def metered(hass: HomeAssistant, rig: SimulatedXMRig) -> MockConfigEntry:
    """Return the entry of a rig with a power meter."""
    hass.states.async_set("sensor.plug", "100", {"unit_of_measurement": "W"})
    entry = entry_for(rig, rig_id="feed", options={"power_meter": "sensor.plug"})
    assert await async_set_up(hass, entry)
    assert issue(hass, entry, "power_meter_gone") is None
    return entry


async def test_power_meter_comes_and_goes(
    hass: HomeAssistant, metered: MockConfigEntry
) -> None:
    """A meter that shows nothing is still there; one without a state is not."""
    hass.states.async_set("sensor.plug", "unavailable")
    await hass.async_block_till_done()
    assert issue(hass, metered, "power_meter_gone") is None
    hass.states.async_remove("sensor.plug")
    await hass.async_block_till_done()
    found = issue(hass, metered, "power_meter_gone")
    assert found.is_fixable
    assert found.translation_placeholders == {
        "rig": "Office PC",
        "meter": "sensor.plug",
    }
    assert anchor(found) in HEADINGS
    hass.states.async_set("sensor.plug", "100")
    await hass.async_block_till_done()
    assert issue(hass, metered, "power_meter_gone") is None


async def test_power_meter_during_start(
    hass: HomeAssistant, rig: SimulatedXMRig
) -> None:
    """While Home Assistant starts, a meter that is not there yet means nothing."""
    hass.set_state(CoreState.starting)
    entry = entry_for(rig, rig_id="feed", options={"power_meter": "sensor.plug"})
    assert await async_set_up(hass, entry)
    assert issue(hass, entry, "power_meter_gone") is None
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done()
    assert issue(hass, entry, "power_meter_gone") is not None


async def test_power_meter_is_renamed(hass: HomeAssistant, rig: SimulatedXMRig) -> None:
    """The option follows, and other changes of the meter change nothing."""
    registry = er.async_get(hass)
    plug = registry.async_get_or_create("sensor", "plug", "1").entity_id
    hass.states.async_set(plug, "100", {"unit_of_measurement": "W"})
    entry = entry_for(rig, rig_id="feed", options={"power_meter": plug, "limit": 1})
    assert await async_set_up(hass, entry)
    registry.async_update_entity(plug, name="Plug")
    await hass.async_block_till_done()
    assert entry.options["power_meter"] == plug

    registry.async_update_entity(plug, new_entity_id="sensor.rig_plug")
    hass.states.async_remove(plug)
    hass.states.async_set("sensor.rig_plug", "200", {"unit_of_measurement": "W"})
    await hass.async_block_till_done()
    assert entry.options == {"power_meter": "sensor.rig_plug", "limit": 1}
    assert state(hass, "sensor", "power").state == "200.0"
    assert issue(hass, entry, "power_meter_gone") is None


async def test_do_without_power_meter(
    hass: HomeAssistant, metered: MockConfigEntry, dialog: Dialog
) -> None:
    """The option is taken away."""
    hass.states.async_remove("sensor.plug")
    await hass.async_block_till_done()
    step = await dialog.open(issue(hass, metered, "power_meter_gone"))
    assert step["menu_options"] == ["other_meter", "no_meter"]
    assert step["description_placeholders"]["meter"] == "sensor.plug"
    done = await dialog.choose("no_meter")
    assert done["type"] == "create_entry"
    assert metered.options == {}
    assert metered.state is ConfigEntryState.LOADED
    assert issue(hass, metered, "power_meter_gone") is None


async def test_choose_another_power_meter(
    hass: HomeAssistant, metered: MockConfigEntry, dialog: Dialog
) -> None:
    """The repair goes on to the options."""
    hass.states.async_remove("sensor.plug")
    hass.states.async_set("sensor.socket", "300", {"unit_of_measurement": "W"})
    await hass.async_block_till_done()
    await dialog.open(issue(hass, metered, "power_meter_gone"))
    done = await dialog.choose("other_meter")
    assert done["type"] == "abort"
    kind, flow = done["next_flow"]
    assert kind == "options_flow"
    options = hass.config_entries.options
    await options.async_configure(flow, {"next_step_id": "settings"})
    await options.async_configure(flow, {"power_meter": "sensor.socket"})
    await hass.async_block_till_done()
    assert issue(hass, metered, "power_meter_gone") is None
    assert state(hass, "sensor", "power").state == "300.0"


async def test_power_meter_was_taken_away(
    hass: HomeAssistant, metered: MockConfigEntry
) -> None:
    """Without the option there is nothing to miss."""
    hass.states.async_remove("sensor.plug")
    await hass.async_block_till_done()
    assert issue(hass, metered, "power_meter_gone") is not None
    hass.config_entries.async_update_entry(metered, options={})
    await hass.config_entries.async_reload(metered.entry_id)
    assert issue(hass, metered, "power_meter_gone") is None
