"""Every control of the machines with an API of their own, with all that can come of it.

Success is what the machine shows afterwards. A refusal is an error. An order that is
answered and not followed is an error, or named where the machine may take its time.
A connection that is lost while the order is answered is an error, and the next reading
shows what the machine did all the same.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest

from simulator.antminer import SimulatedAntminer
from simulator.avalon import SimulatedAvalon
from simulator.axeos import SimulatedAxeOS
from simulator.iceriver import SimulatedIceRiver
from simulator.rig import SimulatedRig
from simulator.server import Reply, Request

from .asics import async_call, async_open, async_poll_until, shown
from .rigs import entity_id, is_of_protection

STATUS = "sensor.rig_status"
pytestmark = pytest.mark.usefixtures(
    "socket_enabled", "entity_registry_enabled_by_default"
)


def _axeos() -> SimulatedAxeOS:
    rig = SimulatedAxeOS("Rig")
    # The level of a fan can be set while it is not automatic.
    rig.settings["autofanspeed"] = 0
    return rig


def _nerdqaxe() -> SimulatedAxeOS:
    return SimulatedAxeOS("Rig", model="NerdQAxe++")


def _iceriver() -> SimulatedIceRiver:
    rig = SimulatedIceRiver("Rig")
    # With the time frozen, an answer would never count as complete.
    rig.native.holds_open = False
    return rig


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A control of a machine: what is called, and what the machine has then."""

    rig: Callable[[], Any]
    platform: str
    key: str
    service: str
    has: Callable[[Any], Any]
    """What the machine has, as the simulator knows it."""
    wanted: Any = True
    shows: str | None = None
    """The state after it; None where a button has none."""
    data: tuple[tuple[str, Any], ...] = ()
    drops: bool = False
    """Whether the machine is gone before it has answered, so that a loss is success."""


def _off(rig: Callable[[], Any], has: Callable[[Any], Any]) -> Case:
    return Case(
        rig=rig,
        platform="switch",
        key="mining_allowed",
        service="switch.turn_off",
        has=has,
        shows="off",
    )


def _light(rig: Callable[[], Any], has: Callable[[Any], Any]) -> Case:
    return Case(
        rig=rig,
        platform="switch",
        key="locate",
        service="switch.turn_on",
        has=has,
        shows="on",
    )


def _button(
    rig: Callable[[], Any], key: str, has: Callable[[Any], Any], *, drops: bool
) -> Case:
    return Case(
        rig=rig,
        platform="button",
        key=key,
        service="button.press",
        has=has,
        drops=drops,
    )


def _number(key: str, setting: str, value: float, wanted: float | None = None) -> Case:
    return Case(
        rig=_axeos,
        platform="number",
        key=key,
        service="number.set_value",
        data=(("value", value),),
        has=lambda rig: rig.settings[setting],
        wanted=value if wanted is None else wanted,
        shows=f"{value}",
    )


def _was_asked(path: str) -> Callable[[Any], bool]:
    return lambda rig: path in [request.path for request in rig.requests]


CASES: Final = {
    "axeos mining": _off(_axeos, lambda rig: rig.is_stopped),
    "axeos clock": _number("core_clock_set", "frequency", 490),
    "axeos voltage": _number("core_voltage_set", "coreVoltage", 1.1, 1100),
    "axeos fan level": _number("fan_level_set", "manualFanSpeed", 60),
    "axeos least level": _number("axeos_minimum_fan_level", "minFanSpeed", 40),
    "axeos fan": Case(
        rig=_axeos,
        platform="switch",
        key="fan_auto",
        service="switch.turn_on",
        has=lambda rig: rig.settings["autofanspeed"] == 1,
        shows="on",
    ),
    "axeos target": _number("temperature_target", "temptarget", 55),
    "axeos display": _number("axeos_display_timeout", "displayTimeout", 5),
    "axeos identify": _button(
        _axeos, "identify", lambda rig: rig.identifies, drops=False
    ),
    "axeos reboot": _button(
        _axeos, "reboot", _was_asked("/api/system/restart"), drops=True
    ),
    "nerdqaxe mining": _off(_nerdqaxe, lambda rig: rig.is_stopped),
    "avalon mining": _off(lambda: SimulatedAvalon("Rig"), lambda rig: rig.is_idle),
    "avalon mode": Case(
        rig=lambda: SimulatedAvalon("Rig"),
        platform="select",
        key="work_mode",
        service="select.select_option",
        data=(("option", "super"),),
        has=lambda rig: rig.mode == 2,
        shows="super",
    ),
    "avalon reboot": _button(
        lambda: SimulatedAvalon("Rig"),
        "reboot",
        lambda rig: rig.orders == ["0,reboot,0"],
        drops=True,
    ),
    "antminer sleep": _off(lambda: SimulatedAntminer("Rig"), lambda rig: rig.sleeps),
    "antminer light": _light(lambda: SimulatedAntminer("Rig"), lambda rig: rig.blinks),
    "antminer reboot": _button(
        lambda: SimulatedAntminer("Rig"),
        "reboot",
        _was_asked("/cgi-bin/reboot.cgi"),
        drops=True,
    ),
    "iceriver light": _light(_iceriver, lambda rig: rig.light),
    "iceriver restart": _button(_iceriver, "reboot", _was_asked("restart"), drops=True),
}
OUTCOMES: Final = ("success", "refused", "not confirmed", "lost")


def _is_order(request: Request) -> bool:
    """Return whether a request changes something."""
    if request.method == "ASK":
        reads = request.path == "ascset" and b"help" in request.body
        return request.path in ("ascset", "setlocate", "restart") and not reads
    return request.method in ("POST", "PATCH") or "reboot" in request.path


def _lose(rig: SimulatedRig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let orders be carried out, and their answers be cut."""
    answer = rig._answer

    def lost(request: Request) -> Reply | None:
        reply = answer(request)
        if reply is None or not _is_order(request):
            return reply
        return replace(reply, cut=len(reply.body) // 2) if reply.body else None

    monkeypatch.setattr(rig, "_answer", lost)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, freezer: FrozenDateTimeFactory) -> None:
    """Let it be noon, ask GitHub for nothing, and wait for nothing in between."""
    freezer.move_to("2026-11-01 12:00:00+00:00")
    pauses = "custom_components.mining_rig.coordinator.commands.CONFIRM_PAUSES"
    monkeypatch.setattr(pauses, (0.0,) * 8)


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("name", CASES)
async def test_control(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    outcome: str,
) -> None:
    """Each control with each outcome, through Home Assistant's services."""
    case = CASES[name]
    async with case.rig() as rig:
        options = {"seek_releases": False, "allow_tuning": True}
        await async_open(hass, rig.kind, rig.form, **options)
        entity = entity_id(hass, case.platform, case.key)
        before = shown(hass, entity)

        async def call() -> None:
            await async_call(hass, case.service, entity, **dict(case.data))

        def follows() -> bool:
            state = shown(hass, entity)
            try:
                return float(state) == float(case.shows or "")
            except ValueError:
                return state == case.shows

        match outcome:
            case "success":
                await call()
                assert case.has(rig) == case.wanted
                if case.shows is not None:
                    await async_poll_until(hass, freezer, follows)
            case "refused":
                rig.refuses = True
                with pytest.raises(HomeAssistantError):
                    await call()
                if case.shows is not None:
                    assert case.has(rig) != case.wanted
                    assert shown(hass, entity) == before
            case "not confirmed":
                rig.deaf = True
                with suppress(HomeAssistantError):
                    await call()
                    if case.shows is None:
                        # What nothing shows cannot be confirmed.
                        return
                    problem = entity_id(hass, "binary_sensor", "not_following")
                    await async_poll_until(
                        hass, freezer, lambda: shown(hass, problem) == "on"
                    )
                assert shown(hass, entity) == before
            case _:
                _lose(rig, monkeypatch)
                if case.drops:
                    await call()
                    return
                with pytest.raises(HomeAssistantError):
                    await call()
                if case.shows is not None:
                    await async_poll_until(hass, freezer, follows)
                assert case.has(rig) == case.wanted


@pytest.mark.parametrize(
    ("rig", "least"),
    [
        (_axeos, 10),
        (lambda: SimulatedAvalon("Rig"), 3),
        (lambda: SimulatedAntminer("Rig"), 3),
        (_iceriver, 2),
    ],
)
async def test_every_control_is_in_the_table(
    hass: HomeAssistant, rig: Callable[[], Any], least: int
) -> None:
    """What a machine offers is tried above."""
    tried = {(case.platform, case.key) for case in CASES.values()}
    async with rig() as machine:
        options = {"seek_releases": False, "allow_tuning": True}
        entry = await async_open(hass, machine.kind, machine.form, **options)
        offered = {
            (entity.domain, entity.unique_id.partition("_rig_")[2])
            for entity in er.async_entries_for_config_entry(
                er.async_get(hass), entry.entry_id
            )
            if entity.domain in ("button", "number", "select", "switch")
            and not is_of_protection(entity)
        }
    assert len(offered) >= least
    assert offered - tried <= set()
