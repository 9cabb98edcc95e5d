"""The config flow, where Home Assistant looks for it; its steps are in `flow/`."""

from .const import DOMAIN
from .flow.address import AddressFlow
from .flow.discovery import DiscoveryFlow
from .flow.farm import FarmFlow
from .flow.headframe import HeadframeFlow
from .flow.kinds import KindsFlow
from .flow.rig_monitor import RigMonitorFlow
from .flow.search import SearchFlow


class MiningRigConfigFlow(
    DiscoveryFlow,
    SearchFlow,
    HeadframeFlow,
    RigMonitorFlow,
    FarmFlow,
    AddressFlow,
    KindsFlow,
    domain=DOMAIN,
):
    """All steps: those that kinds share, and those of kinds with dialogs of their own.

    `KindsFlow` is the last: a kind's own steps come before the generated ones.
    """

    VERSION = 1
