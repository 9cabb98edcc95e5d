"""Words of programs, as they are shown."""

from homeassistant.core import HomeAssistant
import pytest

from custom_components.mining_rig.model import RIG
from custom_components.mining_rig.words import as_name
from simulator.t_rex import SimulatedTRex

from .rigs import async_set_up, entry_for, state


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("kawpow", "Kawpow"),
        ("active", "Active"),
        ("waiting_for_fee", "Waiting for fee"),
        ("autolykos2", "Autolykos2"),
        ("sha256d", "SHA-256d"),
        ("SHA256", "SHA-256"),
        # A name, and codes.
        ("EthashB3", "EthashB3"),
        ("rx/0", "rx/0"),
        ("-", "-"),
        ("", ""),
    ],
)
def test_as_name(word: str, name: str) -> None:
    """Only a word of a program is changed."""
    assert as_name(word) == name


@pytest.mark.usefixtures("socket_enabled")
async def test_algorithm(hass: HomeAssistant) -> None:
    """It is shown as a name; within the integration it stays the program's word."""
    async with SimulatedTRex(algorithms=("kawpow",)) as rig:
        entry = entry_for(rig)
        assert await async_set_up(hass, entry)
        assert state(hass, "sensor", "algorithm").state == "Kawpow"
        values = entry.runtime_data.data.parts[RIG].values
        assert {c.key: v for c, v in values.items()}["algorithm"] == "kawpow"
