"""AxeOS: Bitaxe, the NerdQAxe family, Lucky Miner, BitForge."""

from contextlib import suppress
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final

from ...model import Action, Channel, Control, Release, Snapshot, Value, part_map
from ...problem import Problem
from ...readings import IDENTIFY, MINING_ALLOWED, REBOOT
from ..common.contract import (
    CommandRefused,
    Identity,
    SourceContext,
    SourceError,
    SourceGarbled,
    SourceUnreachable,
)
from ..common.decoding import Fields
from ..common.poll_timer import PollTimer
from . import readings
from .api import AxeOsApi
from .cuts import ThermalCuts
from .models import Machine, machine
from .parse import part, read_flag, values
from .releases import BITAXE, NERDQAXE, NewestRelease, factory_asset, newest_release
from .settings import BY_CHANNEL, Limits, patch, put_settings, read_limits

_LIMITS_EVERY: Final = timedelta(hours=1)
_IDENTIFIES: Final = 30.0
"""Seconds for which a miner shows itself; a second command would end it."""
_PAUSES: Final = 10.0
_RESTARTS: Final = 60.0
"""Seconds in which an order to mine or not to mine shows."""
_CUTS: Final = "thermal_cuts"
_FIRST_IDENTIFY: Final = (2, 12, 0)


async def async_open(context: SourceContext) -> AxeOsSource:
    """Return the source of one miner, without any request."""
    return AxeOsSource(context)


class AxeOsSource:
    """One miner. A poll is one request; limits and releases are read seldom."""

    interval = timedelta(seconds=10)

    def __init__(self, context: SourceContext) -> None:
        """Take the context of the form. Raises SourceUnreachable."""
        self._api = AxeOsApi(context)
        self._host: str = context.data["host"]
        self._session = context.session
        self._tuning = bool(context.options.get("allow_tuning", False))
        self._seeks_releases = bool(context.options.get("seek_releases", True))
        self._limits: Limits = {}
        self._limits_timer = PollTimer()
        self._fields = Fields({})
        self._release: NewestRelease | None = None
        self._identified = -_IDENTIFIES
        self._notes = context.notes
        self._cuts = ThermalCuts(context.notes.get(_CUTS))
        self._kept_cuts = self._cuts.dump()

    @property
    def address(self) -> str:
        """The URL of the miner's own page."""
        return self._api.address

    async def identify(self) -> Identity:
        """Return the miner's model and MAC address. Raises a SourceError."""
        fields = await self._api.info()
        found = machine(fields)
        return Identity(
            rig_id=found.mac,
            stable=found.mac is not None,
            title=fields.text("hostname") or self._host,
            model=found.model,
            manufacturer=found.maker,
            version=found.version,
        )

    async def close(self) -> None:
        """Do nothing: there is no session to end."""

    async def is_reachable(self) -> bool:
        """Return whether the miner accepts a connection."""
        return await self._api.is_reachable()

    # ---- reading

    async def read(self, now: datetime) -> Snapshot:
        """Read the miner's state. Raises a SourceError."""
        fields = self._fields = await self._api.info()
        found = machine(fields)
        with suppress(SourceError):
            await self._read_limits(now, found)
            await self._seek_release(found)
        shown = values(fields, found, now)
        is_open = not self._needs_code(fields) or self._api.has_secret
        controls = put_settings(
            shown, fields, self._limits, writable=is_open, tuning=self._tuning
        )
        if (mining := _mining(fields)) is not None:
            controls[MINING_ALLOWED.plain] = mining
        rig = part(
            found,
            shown,
            controls=controls,
            actions=_actions(fields, found),
            release=self._update(found),
        )
        return Snapshot(
            parts=part_map(rig),
            rig_id=found.mac,
            problems=await self._problems(fields),
            unparsed=tuple(dict.fromkeys(fields.unparsed)),
        )

    async def _problems(self, fields: Fields) -> tuple[Problem, ...]:
        """Return what heat changed for good; remembered over restarts."""
        problems = self._cuts.observe(fields)
        if (cuts := self._cuts.dump()) != self._kept_cuts:
            self._kept_cuts = cuts
            await self._notes.keep(_CUTS, cuts)
        return problems

    async def _read_limits(self, now: datetime, found: Machine) -> None:
        if self._limits_timer.is_due(now):
            self._limits_timer.succeeded(now, _LIMITS_EVERY)
            if found.release >= (2, 7, 0) or not found.is_bitaxe:
                self._limits = read_limits(await self._api.asic())

    async def _seek_release(self, found: Machine) -> None:
        repository = BITAXE if found.is_bitaxe else NERDQAXE if found.is_nerd else None
        if self._seeks_releases and repository is not None:
            self._release = await newest_release(self._session, repository)

    def _update(self, found: Machine) -> Release | None:
        """Return the installed and the newest firmware."""
        if found.version is None or self._release is None:
            return None
        # The NerdQAxe family loads its firmware itself.
        can_install = (
            found.is_nerd and factory_asset(self._release, found.model) is not None
        )
        return Release(
            installed=found.version.partition("-")[0],
            latest=self._release.version,
            url=self._release.page,
            install=readings.INSTALL if can_install else None,
        )

    @staticmethod
    def _needs_code(fields: Fields) -> bool:
        return read_flag(fields, "otp") is True

    # ---- commands

    async def write(self, part: str, control: Control[Any], value: Value) -> None:
        """Send one setting. Raises a SourceError."""
        fields = self._fields
        if control.channel is MINING_ALLOWED.plain:
            await self._allow(fields, bool(value))
            return
        if (setting := BY_CHANNEL.get(control.channel)) is None:
            raise CommandRefused("not_offered")
        if changes := patch(setting, value, fields, self._limits):
            await self._api.patch(changes, needs_code=self._needs_code(fields))
            for key in changes:
                self._cuts.wrote(key)

    async def write_urgently(
        self, part: str, control: Control[Any], value: Value
    ) -> None:
        """Send an order to stop mining beside a request that is under way."""
        assert control.channel is MINING_ALLOWED.plain
        name = "pause" if self._fields.has("miningPaused") else "shutdown"
        await self._api.post(name, waits=False)

    async def _allow(self, fields: Fields, allowed: bool) -> None:
        """Pause or resume; the NerdQAxe family shuts down and restarts instead."""
        if fields.has("miningPaused"):
            await self._api.post("resume" if allowed else "pause")
        elif not allowed:
            await self._api.post("shutdown")
        elif read_flag(fields, "shutdown") is not False:
            await self._restart()

    async def _restart(self) -> None:
        try:
            await self._api.post("restart")
        except SourceUnreachable as err:
            # It may be gone before its answer is complete.
            if err.timed_out or err.reason:
                raise
        except SourceGarbled as err:
            if err.other_device:
                raise

    async def press(self, part: str, action: Action) -> None:
        """Send one action. Raises a SourceError."""
        needs_code = self._needs_code(self._fields)
        match action.key:
            case REBOOT.key:
                await self._restart()
            case IDENTIFY.key:
                if monotonic() - self._identified < _IDENTIFIES:
                    raise CommandRefused("axeos_identifying")
                self._identified = monotonic()
                await self._api.post("identify")
            case readings.CLEAR_OVERHEAT.key:
                await self._api.patch({"overheat_mode": 0}, needs_code=needs_code)
            case readings.DISMISS_BLOCK.key:
                await self._api.post("blockFound/dismiss")
            case readings.INSTALL.key:
                await self._install(needs_code=needs_code)
            case _:
                raise CommandRefused("not_offered")

    async def _install(self, *, needs_code: bool) -> None:
        found = machine(self._fields)
        url = self._release and factory_asset(self._release, found.model)
        if not url or not found.is_nerd:
            raise CommandRefused("not_offered")
        await self._api.post("OTA/github", {"url": url}, needs_code=needs_code)


def _mining(fields: Fields) -> Control[bool] | None:
    """Return the control of mining, where the firmware reports its pause."""
    channel: Channel[bool] = MINING_ALLOWED.plain
    if read_flag(fields, "miningPaused") is not None:
        return Control(channel=channel, confirm_within=_PAUSES)
    if read_flag(fields, "shutdown") is not None:
        return Control(
            channel=channel, confirm_within=_RESTARTS, confirm_off_within=_PAUSES
        )
    return None


def _actions(fields: Fields, found: Machine) -> tuple[Action, ...]:
    actions = [REBOOT]
    if found.is_bitaxe and found.release >= _FIRST_IDENTIFY:
        actions.append(IDENTIFY)
    if read_flag(fields, "overheat_mode"):
        actions.append(readings.CLEAR_OVERHEAT)
    if read_flag(fields, "showNewBlock"):
        actions.append(readings.DISMISS_BLOCK)
    return tuple(actions)
