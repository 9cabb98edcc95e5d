"""Pretend NVIDIA cards in the computer that the demo runs on, whatever it really has.

Only the driver's library is made up: Home Assistant calls it through the real binding,
from its own process, so no simulated rig can offer it.
"""

import time

import pynvml

from simulator.models import RTX_3070, RTX_3080
from simulator.nvml import GEFORCE, SimulatedNvml, install, nvidia_card

from .rigs import SimulatedRig

RIG = SimulatedRig(
    name="Tower", slug="tower", kind="nvml", form={}, control="", faults=()
)
"""What is added; nobody listens to commands for it."""

_LOADED_FOR = 3 * 86400
"""Seconds since the driver was loaded."""


def pretend() -> None:
    """Put the driver in the place of the computer's own, for this process."""
    models = (RTX_3080, RTX_3070)
    install(
        pynvml,
        SimulatedNvml(
            [
                nvidia_card(
                    model,
                    index=index,
                    clock=time.time,
                    # One with all that data-center cards tell, one for home.
                    lacks=GEFORCE if index else frozenset(),
                    energy=model.full_power * _LOADED_FOR,
                )
                for index, model in enumerate(models)
            ]
        ),
    )
