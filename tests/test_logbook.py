"""What a rig adds to the logbook in a day without incidents."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.logbook.helpers import async_filter_entities
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
import pytest

from simulator.hardware import Card
from simulator.models import GTX_1660_SUPER, RTX_3070
from simulator.rig import SimulatedRig
from simulator.t_rex import SimulatedTRex
from simulator.xmrig import SimulatedXMRig

from .rigs import async_pass, async_set_up, entry_for

pytestmark = pytest.mark.usefixtures("socket_enabled")

DAY = 86_400
INTERVAL = 600


@pytest.mark.parametrize("make", [SimulatedTRex, SimulatedXMRig])
async def test_few_rows_a_day(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    make: type[SimulatedTRex | SimulatedXMRig],
) -> None:
    """Six at most: values that are measured or counted are none of the logbook's."""
    rows: list[str] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        old, new = event.data["old_state"], event.data["new_state"]
        if old is None or new is None or old.state == new.state:
            return
        if async_filter_entities(hass, [new.entity_id]):
            rows.append(f"{new.entity_id}: {old.state} -> {new.state}")

    cards = [Card(model=RTX_3070), Card(model=GTX_1660_SUPER)]
    rig: SimulatedRig = make("Attic", cards=cards, running_for=90_000)
    async with rig:
        await async_set_up(hass, entry_for(rig, options={"poll_interval": INTERVAL}))
        hass.bus.async_listen(EVENT_STATE_CHANGED, note)
        changed = 0
        for _ in range(DAY // INTERVAL):
            before = {s.entity_id: s.state for s in hass.states.async_all()}
            await async_pass(hass, freezer, INTERVAL)
            changed += sum(
                s.state != before.get(s.entity_id) for s in hass.states.async_all()
            )
    assert changed > 500
    assert len(rows) <= 6, rows
