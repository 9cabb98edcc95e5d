"""Avalon machines of Canaan, through the cgminer socket."""

from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final

from ...model import RIG, Action, Control, Part, PartKind, Snapshot, Value, part_map
from ...readings import LOCATE, MINING_ALLOWED, REBOOT, WORK_MODE
from ..common.cgminer import CgminerClient, ClosedWithoutAnswer
from ..common.cgminer_decoding import CgminerAnswer
from ..common.cgminer_rig import as_fields, has_shares, optional_records
from ..common.contract import (
    CommandRefused,
    Identity,
    SourceContext,
    SourceError,
    SourceGarbled,
)
from ..common.decoding import Fields
from ..common.optional_requests import OptionalRequests
from .models import Machine, machine
from .parse import Module, boards, is_avalon, modules, values

_STATS: Final = ("litestats", "estats", "stats")
_TIMEOUT: Final = 6.0
"""Seconds for one question; the slowest answers take three."""
_DELAY: Final = 5
"""Seconds after which the machine carries out an order; it wants the moment."""
_CLOCKS: Final = 1_600_000_000
"""A clock that shows less counts from its start."""
_WAKES: Final = 240.0
_SLEEPS: Final = 60.0
_CHANGES_MODE: Final = 300.0


async def async_open(context: SourceContext) -> AvalonSource:
    """Return the source of one machine, without any request."""
    return AvalonSource(context)


class AvalonSource:
    """One machine; it answers one question at a time, in up to three seconds."""

    interval = timedelta(seconds=30)

    def __init__(self, context: SourceContext) -> None:
        """Take the context of the form. Raises SourceUnreachable."""
        self._host: str = context.data["host"]
        self._client = CgminerClient(
            self._host, int(context.data["port"]), timeout=_TIMEOUT
        )
        self._stats: str | None = None
        """The command whose answer had the modules."""
        self._version = Fields({})
        self._help: frozenset[str] = frozenset()
        self._optional = OptionalRequests()
        self._machine = Machine()
        self._clock: float | None = None
        """Seconds that the machine's clock is ahead of ours."""

    @property
    def address(self) -> str | None:
        """The URL of the machine's own page."""
        return f"http://{self._host}/"

    async def identify(self) -> Identity:
        """Return the model and the MAC address. Raises a SourceError."""
        await self._read_modules()
        found = self._machine
        rig_id = found.mac or found.serial
        return Identity(
            rig_id=rig_id,
            stable=rig_id is not None,
            title=found.name or self._host,
            model=found.name,
            manufacturer="Canaan",
            version=found.version,
        )

    async def close(self) -> None:
        """Do nothing: each question has a connection of its own."""

    async def is_reachable(self) -> bool:
        """Return whether the machine accepts a connection."""
        return await self._client.is_reachable()

    # ---- reading

    async def read(self, now: datetime) -> Snapshot:
        """Read the machine. Raises a SourceError."""
        found = await self._read_modules()
        summary = await self._extra("summary", "SUMMARY")
        pools = await self._extra("pools", "POOLS")
        devices = [] if has_shares(summary) else await self._extra("devs", "DEVS")
        if found:
            await self._read_help()
        shown = values(found, summary, pools, self._machine, now, devices=devices)
        controls = _controls(found, self._machine, self._help)
        shown |= _settings(found, self._machine)
        rig = Part(
            kind=PartKind.RIG,
            key=RIG,
            manufacturer="Canaan",
            model=self._machine.name,
            version=self._machine.version,
            serial=self._machine.serial,
            values=shown,
            controls=controls,
            actions=(REBOOT,),
        )
        return Snapshot(
            parts=part_map(rig, *boards(found)),
            rig_id=self._machine.mac or self._machine.serial,
        )

    async def _read_modules(self) -> list[Module]:
        """Ask for the modules; the first command with them is remembered.

        Very old machines have none: then the version shows what they are.
        """
        self._optional.start()
        found: list[Module] = []
        problem: SourceError | None = None
        for command in [self._stats] if self._stats else _STATS:
            assert command is not None
            try:
                answer = await self._client.ask(command)
            except (CommandRefused, ClosedWithoutAnswer) as err:
                problem = err
                continue
            self._note_clock(answer)
            if found := modules(as_fields(answer.sections.get("STATS"))):
                break
        self._stats = command if found else None
        version = await self._optional.seldom(
            "version", lambda: self._client.ask("version")
        )
        if version is not None:
            records = as_fields(version.sent.get("VERSION"))
            self._version = records[0] if records else Fields({})
        self._machine = machine(self._version, found[0].version if found else None)
        if not found and not is_avalon([], self._version):
            if isinstance(problem, ClosedWithoutAnswer):
                raise problem
            raise SourceGarbled(f"{self._client} is no Avalon", other_device=True)
        return found

    async def _extra(self, command: str, section: str) -> list[Fields]:
        return await optional_records(self._optional, self._client, command, section)

    async def _read_help(self) -> None:
        """Ask which verbs the machine has."""
        answer = await self._optional.seldom(
            "help", lambda: self._client.ask("ascset", "0,help")
        )
        if answer is not None:
            text = answer.status.message.partition("info:")[2]
            words = (word.strip() for word in text.split("|"))
            self._help = frozenset(filter(None, words))

    def _note_clock(self, answer: CgminerAnswer) -> None:
        when = answer.status.when
        self._clock = when - monotonic() if when and when > _CLOCKS else None

    # ---- commands

    async def write(self, part: str, control: Control[Any], value: Value) -> None:
        """Send one setting. Raises a SourceError."""
        if control.channel is MINING_ALLOWED.plain:
            await self._allow(bool(value))
        elif control.channel is LOCATE.plain:
            await self._set(f"0,led,1-{int(bool(value))}")
        elif control.channel is WORK_MODE.plain and (modes := self._machine.modes):
            number = modes.names.index(str(value))
            await self._set(f"0,{modes.verb},set,{number}")
        else:
            raise CommandRefused("not_offered")

    async def _allow(self, allowed: bool) -> None:
        """Switch the hashing on or off; it may close without an answer."""
        order = "0,softon" if allowed else "0,softoff"
        if self._machine.is_home and self._clock is not None:
            order += f",1:{int(monotonic() + self._clock) + _DELAY}"
        try:
            await self._set(order, urgent=not allowed)
        except ClosedWithoutAnswer:
            if not allowed:
                raise

    async def _set(self, order: str, *, urgent: bool = False) -> None:
        # S and I both mean that it was done.
        await self._client.ask("ascset", order, urgent=urgent)

    async def press(self, part: str, action: Action) -> None:
        """Send one action. Raises a SourceError."""
        if action is not REBOOT:
            raise CommandRefused("not_offered")
        try:
            await self._set("0,reboot,0")
        except ClosedWithoutAnswer:
            return


def _settings(found: list[Module], known: Machine) -> dict[Any, Value]:
    """Return what is set at the machine."""
    shown: dict[Any, Value] = {}
    for module in found[:1]:
        shown[MINING_ALLOWED.plain] = not module.is_idle
        if (modes := known.modes) is not None:
            number = module.fields.count(modes.key)
            if number is not None and number < len(modes.names):
                shown[WORK_MODE.plain] = modes.names[number]
    return shown


def _controls(
    found: list[Module], known: Machine, verbs: frozenset[str]
) -> dict[Any, Control[Any]]:
    """Return the controls that the machine lists."""
    offered: list[Control[Any]] = []
    if not found:
        return {}
    if "softoff" in verbs:
        offered.append(
            Control(
                channel=MINING_ALLOWED.plain,
                confirm_within=_WAKES,
                confirm_off_within=_SLEEPS,
            )
        )
    if (modes := known.modes) is not None and modes.verb in verbs:
        offered.append(
            Control(
                channel=WORK_MODE.plain,
                options=modes.names,
                confirm_within=_CHANGES_MODE,
            )
        )
    if "led" in verbs and not known.is_home:
        offered.append(Control(channel=LOCATE.plain))
    return {control.channel: control for control in offered}
