"""The config flow, where Home Assistant looks for it; its steps are in `flow/`."""

from .const import DOMAIN
from .flow.discovery import DiscoveryFlow
from .flow.headframe import HeadframeFlow
from .flow.rig_monitor import RigMonitorFlow
from .flow.search import SearchFlow


class MiningRigConfigFlow(
    DiscoveryFlow, SearchFlow, HeadframeFlow, RigMonitorFlow, domain=DOMAIN
):
    """All steps: those that kinds share, and those of kinds with dialogs of their own.

    No kind overrides another kind's steps, so the order of the bases has no meaning.
    """

    VERSION = 1
