"""Simulated miner programs that only report: one life, each with its own answer."""

from collections.abc import Mapping

from .bzminer import SimulatedBzMiner
from .ccminer import SimulatedCcminer
from .claymore import SimulatedClaymore
from .gminer import SimulatedGMiner
from .lolminer import SimulatedLolMiner
from .miniz import SimulatedMiniZ
from .nanominer import SimulatedNanominer
from .nbminer import SimulatedNbMiner
from .onezerominer import SimulatedOneZeroMiner
from .program import SimulatedProgram
from .rigel import SimulatedRigel
from .srbminer import SimulatedSrbMiner
from .teamredminer import SimulatedTeamRedMiner
from .wildrig import SimulatedWildRig

__all__ = ["PROGRAMS", "SimulatedProgram", "SimulatedSrbMiner"]

PROGRAMS: Mapping[str, type[SimulatedProgram]] = {
    program.kind: program
    for program in (
        SimulatedBzMiner,
        SimulatedCcminer,
        SimulatedClaymore,
        SimulatedGMiner,
        SimulatedLolMiner,
        SimulatedMiniZ,
        SimulatedNanominer,
        SimulatedNbMiner,
        SimulatedOneZeroMiner,
        SimulatedRigel,
        SimulatedSrbMiner,
        SimulatedTeamRedMiner,
        SimulatedWildRig,
    )
}
"""The programs by the kind that the integration knows them by."""
