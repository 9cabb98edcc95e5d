"""The diagnostics of a farm: what counts of each member, without names."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState

from .coordinator import FarmConfigEntry


def farm_diagnostics(entry: FarmConfigEntry) -> dict[str, Any]:
    """Return what the farm adds up; members are told apart by the ids of their entries.

    Addresses are left out.
    """
    about = {"state": entry.state.value, "options": dict(entry.options)}
    if entry.state is not ConfigEntryState.LOADED:
        return {"entry": about}
    farm = entry.runtime_data
    totals = farm.data
    return {
        "entry": about,
        "published": farm.published,
        "totals": {
            "power": totals.power,
            "energy": totals.energy,
            "energy_today": totals.energy_today,
            "rigs": totals.rigs,
            "rigs_online": totals.rigs_online,
            "rigs_mining": totals.rigs_mining,
            "rejected_share": totals.rejected_share,
            "hashrates": {key.key: rate for key, rate in totals.hashrates.items()},
            "efficiencies": {
                key.key: joules for key, joules in totals.efficiencies.items()
            },
            "not_following": len(totals.not_following),
            "unknown_algorithm": len(totals.unknown_algorithm),
        },
        "members": {
            member.entry_id: {
                "online": member.online,
                "loaded": member.snapshot is not None,
                "is_rig": found.is_rig,
                "rates": {key.key: rate for key, rate in found.rates.items()},
                "watts": found.watts,
                "power_share": found.power_share,
            }
            for member in totals.members
            if (found := totals.counted[member.entry_id])
        },
    }
