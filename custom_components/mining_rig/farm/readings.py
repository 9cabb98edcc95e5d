"""The readings of a farm beyond the shared vocabulary."""

from typing import Final

from ..model import Category, Quantity, Reading

FARM_HASHRATE: Final = Reading[float]("farm_hashrate", Quantity.HASHRATE, unit="H/s")
"""Of one algorithm."""
FARM_EFFICIENCY: Final = Reading[float]("farm_efficiency", Quantity.EFFICIENCY)
"""Of one algorithm."""
ENERGY_TODAY: Final = Reading[float]("farm_energy_today", Quantity.ENERGY)
RIGS_MINING: Final = Reading[int]("farm_rigs_mining", Quantity.NUMBER, precision=0)
RIGS_ONLINE: Final = Reading[int]("farm_rigs_online", Quantity.NUMBER, precision=0)
RIGS: Final = Reading[int]("farm_rigs", Quantity.NUMBER, precision=0)
REJECTED_SHARE: Final = Reading[float](
    "farm_rejected_share", Quantity.RATIO, precision=2
)
RIGS_NOT_FOLLOWING: Final = Reading[int](
    "farm_rigs_not_following", Quantity.NUMBER, Category.DIAGNOSTIC, precision=0
)
