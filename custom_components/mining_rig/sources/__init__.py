"""The registry: the only list of sources.

The key of a kind is its option in the menu of the config flow and is stored in every
entry's data. The module of a kind is imported when an entry or a flow first needs it; its
actions, which Home Assistant must know at start, are data beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import ModuleType
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.importlib import async_import_module
from homeassistant.requirements import (
    async_clear_install_history,
    async_process_requirements,
)

from ..const import CONF_ALLOW_WRITING, CONF_KEEP_ORDER, CONF_WARN_IF_READ_ONLY, DOMAIN
from .common.actions import KindAction
from .common.contract import SourceFactory
from .common.earnings import Earnings
from .common.forms import Field, FieldKind, Form
from .common.push import PushApi
from .headframe.actions import ACTIONS as HEADFRAME_ACTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of rig that can be added."""

    module: str
    form: Form
    manufacturer: str | None = None
    """Of the device, where all of the kind have the same; else the hardware's."""
    program: str | None = None
    """The name of the miner's program, which its version is shown with."""
    pushes: bool = False
    """Its rigs push; the module's `routes` declares how. Its dialogs are its own."""
    requirements: tuple[str, ...] = ()
    """Packages that are installed when the kind is first needed.

    In the manifest, a package that cannot be installed would stop every other rig.
    """
    draws_power: bool = True
    """Whether it mines itself, so that its power is of interest; not a pool or proxy."""
    hashrate_unit: str | None = None
    """The usual unit of its hashrates, for a 0 before any other value."""
    cookies: bool = True
    """Whether its cookies may be stored in Home Assistant's shared session."""
    longest_wait: timedelta = timedelta(minutes=1)
    """How long a rig is left alone at most because it asks for that."""
    own_schedule: bool = False
    """Whether its source decides what to request when, so that polls have no option."""
    options: Form = Form(())
    """Fields of the options flow beside those of every kind."""
    quiet: frozenset[str] = frozenset()
    """Keys of channels whose entities are disabled at first: others show the same."""
    hidden: frozenset[str] = frozenset()
    """Keys of an entry's data that are secret beside the form's."""
    actions: Mapping[str, KindAction] = field(default_factory=dict)
    """Actions of its own, by name; its source is an `ActionProvider`."""
    earnings: Earnings | None = None
    """How its accounts report what they earn, where they do."""

    @property
    def secrets(self) -> frozenset[str]:
        """The keys of an entry's data that must never be shown."""
        return self.form.secrets | self.hidden

    @property
    def name(self) -> str:
        """What a rig is called that has no name of its own."""
        return self.program or self.manufacturer or "Mining rig"


_TLS: Final = (
    Field(key="ssl", kind=FieldKind.FLAG, default=False, section="connection"),
    Field(key="verify_ssl", kind=FieldKind.FLAG, default=True, section="connection"),
)


def network_form(port: int | None, *extra: Field, tls: bool = True) -> Form:
    """Return the form of a miner with an API on the local network.

    `port` is the miner's default port, None where it has none. `tls`: it can be reached
    by HTTPS.
    """
    return Form(
        (
            Field(key="host", kind=FieldKind.HOST, required=True),
            Field(key="port", kind=FieldKind.PORT, required=True, default=port),
            *extra,
            *(_TLS if tls else ()),
        )
    )


def _program(name: str, port: int, *extra: Field) -> Kind:
    """Return the kind of a miner program that only reports."""
    return Kind(
        module=f"miners.{name.lower()}",
        form=network_form(port, *extra, tls=False),
        program=name,
        hashrate_unit="MH/s",
    )


_WARN: Final = Field(key=CONF_WARN_IF_READ_ONLY, kind=FieldKind.FLAG, default=False)
_COMMANDS: Final = Form((_WARN,))
"""The options of a program that takes commands if its owner lets it."""
_PAUSES: Final = Form(
    (Field(key=CONF_KEEP_ORDER, kind=FieldKind.FLAG, default=False), _WARN)
)
"""Also of a miner that forgets its pause when it restarts."""

_PASSWORD: Final = Field(key="password", kind=FieldKind.SECRET)

KINDS: Final[dict[str, Kind]] = {
    "antminer": Kind(
        module="antminer",
        hashrate_unit="TH/s",
        form=network_form(
            80,
            Field(key="username", kind=FieldKind.TEXT),
            _PASSWORD,
            Field(
                key="socket_port",
                kind=FieldKind.PORT,
                default=4028,
                section="connection",
            ),
            Field(
                key="power_port",
                kind=FieldKind.PORT,
                default=6060,
                section="connection",
            ),
            tls=False,
        ),
        manufacturer="Bitmain",
    ),
    "avalon": Kind(
        module="avalon",
        form=network_form(4028, tls=False),
        manufacturer="Canaan",
        hashrate_unit="TH/s",
    ),
    "axeos": Kind(
        module="axeos",
        hashrate_unit="TH/s",
        form=network_form(80, tls=False),
        program="AxeOS",
        options=Form(
            (
                Field(key="allow_tuning", kind=FieldKind.FLAG, default=False),
                Field(key="code_secret", kind=FieldKind.SECRET),
                Field(key="seek_releases", kind=FieldKind.FLAG, default=True),
            )
        ),
        hidden=frozenset(("code_secret",)),
    ),
    "bzminer": _program("BzMiner", 4014, _PASSWORD),
    "ccminer": _program("ccminer", 4068),
    "claymore": _program("Claymore", 3333, _PASSWORD),
    "gminer": _program("GMiner", 10050),
    "headframe": Kind(
        module="headframe.source",
        form=Form(()),
        manufacturer="Headframe",
        draws_power=False,
        hashrate_unit="TH/s",
        cookies=False,
        longest_wait=timedelta(hours=1),
        own_schedule=True,
        options=Form(
            (Field(key=CONF_ALLOW_WRITING, kind=FieldKind.FLAG, default=False),)
        ),
        hidden=frozenset(
            ("account", "account_name", "watcher_token", "api_key", "session_token")
        ),
        actions=HEADFRAME_ACTIONS,
        earnings=Earnings(
            coin="BTC",
            total="headframe_earned_all_time",
            last_day=("headframe_earnings_yesterday", "headframe_last_reward"),
        ),
    ),
    "iceriver": Kind(
        module="iceriver",
        hashrate_unit="TH/s",
        form=network_form(
            4111,
            Field(
                key="web_port", kind=FieldKind.PORT, default=80, section="connection"
            ),
            tls=False,
        ),
        manufacturer="IceRiver",
    ),
    "lolminer": _program("lolMiner", 8020),
    "miniz": _program("miniZ", 20000),
    "nanominer": _program("nanominer", 9090),
    "nbminer": _program("NBMiner", 22333),
    "nvml": Kind(
        module="nvml",
        form=Form(()),
        manufacturer="NVIDIA",
        requirements=("nvidia-ml-py==13.615.71",),
    ),
    "onezerominer": _program("OneZeroMiner", 3001),
    "rig_monitor": Kind(
        module="rig_monitor",
        form=Form(
            (
                Field(key="name", kind=FieldKind.TEXT, required=True),
                Field(
                    key="rig_type",
                    kind=FieldKind.CHOICE,
                    required=True,
                    default="asic",
                    choices=("asic", "cpu_gpu"),
                ),
                Field(key="api_code", kind=FieldKind.TEXT),
            )
        ),
        pushes=True,
        # *Pool* and its shares are those of the pool in use, *Hottest temperature* is
        # the highest of all, and the others of an ASIC are details.
        quiet=frozenset(
            (
                *(f"pool_{pool}" for pool in (1, 2, 3)),
                *(f"pool_connected_{pool}" for pool in (1, 2, 3)),
                *(f"pool_accepted_shares_{pool}" for pool in (1, 2, 3)),
                *(f"pool_rejected_shares_{pool}" for pool in (1, 2, 3)),
                *(f"fan_speed_{fan}" for fan in (1, 2, 3, 4)),
                "acceptance_rate",
                "efficiency",
                "pool_connected",
                "rejected_shares",
                "rig_monitor_lan_address",
                "rig_monitor_software",
                "started",
                "temperature_1",
            )
        ),
        options=Form(
            (
                Field(key="stale_after", kind=FieldKind.SECONDS),
                Field(key="off_takes", kind=FieldKind.SECONDS, default=120),
                # An ASIC boots for minutes.
                Field(key="on_takes", kind=FieldKind.SECONDS, default=900),
            )
        ),
        hidden=frozenset(("api_code", "cloudhook_url", "webhook_id")),
    ),
    "rigel": _program("Rigel", 5000),
    "srbminer": _program("SRBMiner", 21550),
    "t_rex": Kind(
        module="t_rex",
        form=network_form(
            4067,
            Field(key="password", kind=FieldKind.SECRET),
        ),
        program="T-Rex",
        hashrate_unit="MH/s",
        options=_PAUSES,
    ),
    "teamredminer": _program("TeamRedMiner", 4028),
    "wildrig": _program("WildRig", 4000),
    "xmrig": Kind(
        module="xmrig.miner",
        form=network_form(
            None,
            Field(key="access_token", kind=FieldKind.SECRET),
        ),
        program="XMRig",
        hashrate_unit="kH/s",
        options=_PAUSES,
    ),
    "xmrig_proxy": Kind(
        module="xmrig.proxy",
        form=network_form(
            None,
            Field(key="access_token", kind=FieldKind.SECRET),
        ),
        manufacturer="XMRig",
        program="xmrig-proxy",
        draws_power=False,
        hashrate_unit="kH/s",
        options=_COMMANDS,
    ),
}


async def async_source_factory(hass: HomeAssistant, kind: str) -> SourceFactory:
    """Import the module of a kind and return its factory.

    Raises RequirementsNotFound where one of its packages cannot be installed.
    """
    if (requirements := KINDS[kind].requirements) and not hass.config.skip_pip:
        # A failure is cached until the next restart, although the network may be back.
        async_clear_install_history(hass)
        await async_process_requirements(
            hass, DOMAIN, [*requirements], is_built_in=False
        )
    module: ModuleType = await async_import_module(
        hass, f"{__package__}.{KINDS[kind].module}"
    )
    opener: SourceFactory = module.async_open
    return opener


async def async_push_apis(hass: HomeAssistant) -> dict[str, PushApi]:
    """Return the APIs of the pushing kinds by kind."""
    apis: dict[str, PushApi] = {}
    for kind, facts in KINDS.items():
        if facts.pushes:
            routes: ModuleType = await async_import_module(
                hass, f"{__package__}.{facts.module}.routes"
            )
            apis[kind] = routes.API
    return apis


def rig_unique_id(kind: str, rig_id: str) -> str:
    """Return an entry's unique id from the rig's own id."""
    return f"{kind}_{rig_id}"
