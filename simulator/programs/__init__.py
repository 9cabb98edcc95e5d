"""Simulated miner programs that only report: one life, each with its own answer."""

from collections.abc import Mapping

from .ccminer import SimulatedCcminer
from .claymore import SimulatedClaymore
from .gminer import SimulatedGMiner
from .lolminer import SimulatedLolMiner
from .program import SimulatedProgram
from .rigel import SimulatedRigel
from .srbminer import SimulatedSrbMiner
from .teamredminer import SimulatedTeamRedMiner

__all__ = ["PROGRAMS", "SimulatedProgram", "SimulatedSrbMiner"]

PROGRAMS: Mapping[str, type[SimulatedProgram]] = {
    program.kind: program
    for program in (
        SimulatedCcminer,
        SimulatedClaymore,
        SimulatedGMiner,
        SimulatedLolMiner,
        SimulatedRigel,
        SimulatedSrbMiner,
        SimulatedTeamRedMiner,
    )
}
"""The programs by the kind that the integration knows them by."""
