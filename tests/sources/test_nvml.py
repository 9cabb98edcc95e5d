"""NVIDIA cards: what becomes of everything that their driver can say.

The real binding, nvidia-ml-py, runs above a library that is made up.
"""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
import sys
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings, strategies as st
import pynvml
import pytest

from custom_components.mining_rig.model import (
    RIG,
    Channel,
    Control,
    Part,
    Snapshot,
    Value,
)
from custom_components.mining_rig.readings import (
    CORE_CLOCK,
    ENERGY,
    FAN_LEVEL,
    MEMORY_TEMPERATURE,
    POWER,
    POWER_LIMIT,
    TEMPERATURE,
)
from custom_components.mining_rig.sources.common.contract import (
    CommandRefused,
    Polled,
    SourceContext,
    SourceUnreachable,
    Writable,
)
from custom_components.mining_rig.sources.nvml import (
    NvmlSource,
    async_open,
    driver,
    readings,
)
from custom_components.mining_rig.sources.nvml.driver import Session
from custom_components.mining_rig.sources.nvml.parse import snapshot
from custom_components.mining_rig.sources.nvml.queries import Code, Report
from simulator.clock import ManualClock
from simulator.models import GTX_1660_SUPER, RTX_3070, RTX_3080
from simulator.nvml import (
    DATA_CENTER,
    GEFORCE,
    LAPTOP,
    OLD_DRIVER,
    PASCAL,
    VIRTUAL,
    SimulatedNvml,
    install,
    nvidia_card,
)

NOW = datetime(2026, 11, 1, tzinfo=UTC)
CODES = sorted(
    value for name, value in vars(pynvml).items() if name.startswith("NVML_ERROR_")
)
COUNTED = ("nvmlDeviceGetCount_v2", "nvmlDeviceGetHandleByIndex_v2")

type Values = dict[str, Value]


@pytest.fixture
async def source() -> NvmlSource:
    """Return a source."""
    return await async_open(SourceContext(data={}, session=None))  # type: ignore[arg-type] # it has no use for one


def tell(library: SimulatedNvml) -> Snapshot:
    """Return what a library tells at its first poll."""
    install(pynvml, library)
    return snapshot(Session().read(NOW))


def cards(found: Snapshot) -> list[Part]:
    """Return the cards."""
    return [part for key, part in found.parts.items() if key != RIG]


def values(part: Part) -> Values:
    """Return what a part tells, by the keys of its channels."""
    return {channel.key: value for channel, value in part.values.items()}


def one(model: Any = RTX_3080, **facts: Any) -> SimulatedNvml:
    """Return a library with one card, which does not change."""
    clock = ManualClock()
    return SimulatedNvml([nvidia_card(model, clock=clock, **facts)], clock=clock)


# ---- what is reported


def test_everything(nvidia: SimulatedNvml) -> None:
    """A card that has everything tells everything, in the readings' units."""
    library = one(
        RTX_3080,
        lacks=frozenset(),
        reasons=0x40 | 0x8,
        corrected=12,
        uncorrected=1,
        energy=7200.0,
        processes=((10, 11), (11, 12)),
        persistence=True,
    )
    found = tell(library)
    assert found.rig.version == "570.133.07"
    assert values(found.rig) == {
        "nvml_driver": "570.133.07",
        "nvml_cuda": "12.8",
        "nvml_cards": 1,
    }
    (card,) = cards(found)
    assert card.key == library.cards[0].uuid.lower()
    assert card.name == card.model == "NVIDIA GeForce RTX 3080"
    shown = values(card)
    assert shown.pop("temperature") in range(50, 70)
    assert shown.pop("memory_temperature") in range(64, 84)
    assert shown.pop("fan_level_1") == shown.pop("fan_level_2") - 1
    assert shown.pop("power") == pytest.approx(248, rel=0.05)
    assert shown.pop("core_clock") == shown.pop("nvml_sm_clock")
    assert shown == {
        "energy": 2,
        "memory_clock": 10541,
        "nvml_ecc_corrected": 12,
        "nvml_ecc_uncorrected": 1,
        "nvml_gpu_load": 100,
        "nvml_memory_load": 80,
        "nvml_memory_used": 6 * 2**30,
        "nvml_memory_total": 10 * 2**30,
        "nvml_performance_state": "p2",
        "nvml_processes": 3,
        "nvml_mig": False,
        "nvml_throttled": True,
        "nvml_throttle_reason": "hardware_thermal",
        "nvml_pcie_generation": 3,
        "nvml_pcie_width": 1,
        "nvml_pcie_sent": 120_000,
        "nvml_pcie_received": 350_000,
        "nvml_pci_address": "0000:01:00.0",
        "power_limit": 298,
        "nvml_enforced_power_limit": 298,
        "nvml_persistence": True,
    }
    limit = card.controls[POWER_LIMIT.plain]
    assert (limit.minimum, limit.maximum, limit.step) == (99, 318, 1)
    assert readings.PERSISTENCE.plain in card.controls
    assert found.unparsed == ()


@pytest.mark.parametrize(
    ("lacks", "absent", "present"),
    [
        (
            GEFORCE,
            {MEMORY_TEMPERATURE.plain, readings.ECC_CORRECTED.plain},
            {ENERGY.plain, readings.GPU_LOAD.plain},
        ),
        (PASCAL, {ENERGY.plain}, {POWER.plain}),
        (
            DATA_CENTER,
            {FAN_LEVEL.plain, FAN_LEVEL.channel(number=1)},
            {MEMORY_TEMPERATURE.plain, readings.ECC_UNCORRECTED.plain},
        ),
        (
            VIRTUAL,
            {TEMPERATURE.plain, POWER.plain, readings.PERSISTENCE.plain},
            {readings.GPU_LOAD.plain, CORE_CLOCK.plain},
        ),
    ],
)
def test_kinds_of_cards(
    nvidia: SimulatedNvml,
    lacks: frozenset[str],
    absent: set[Channel[Any]],
    present: set[Channel[Any]],
) -> None:
    """What a card does not have is not known, and never 0; nothing else is lost."""
    found = tell(one(lacks=lacks))
    (card,) = cards(found)
    assert not absent & card.values.keys()
    assert present <= card.values.keys()
    assert found.unparsed == ()


def test_laptop(nvidia: SimulatedNvml) -> None:
    """It has a limit that nobody can set."""
    (card,) = cards(tell(one(lacks=LAPTOP)))
    assert card.get(POWER_LIMIT.plain) == 298
    assert POWER_LIMIT.plain not in card.controls


def test_fixed_limit(nvidia: SimulatedNvml) -> None:
    """A range without room in it is no control."""
    (card,) = cards(tell(one(limits=(298.0, 298.5))))
    assert POWER_LIMIT.plain not in card.controls


def test_mig(nvidia: SimulatedNvml) -> None:
    """A card that is cut tells no load; heat, power and clocks are the card's."""
    (card,) = cards(tell(one(lacks=DATA_CENTER, mig=True)))
    assert card.get(readings.MIG.plain) is True
    assert readings.GPU_LOAD.plain not in card.values
    assert {TEMPERATURE.plain, POWER.plain, CORE_CLOCK.plain} <= card.values.keys()


def test_old_driver(nvidia: SimulatedNvml) -> None:
    """Functions that it does not have are replaced by those that it has."""
    library = one(GTX_1660_SUPER)
    new = values(cards(tell(library))[0])
    library.missing = OLD_DRIVER
    old = values(cards(tell(library))[0])
    assert new.keys() == old.keys()
    # It counts as used what it reserves for itself.
    differing = {key for key in new if new[key] != old[key]}
    assert differing == {"nvml_memory_used"}


def test_coming_driver(nvidia: SimulatedNvml) -> None:
    """What NVIDIA announces to remove is asked for under its new name."""
    library = one()
    library.missing = frozenset(
        {"nvmlDeviceGetTemperature", "nvmlDeviceGetCurrentClocksThrottleReasons"}
    )
    (card,) = cards(tell(library))
    assert {TEMPERATURE.plain, readings.THROTTLED.plain} <= card.values.keys()


@pytest.mark.parametrize(
    ("bits", "reason", "problem"),
    [
        (0, "none", False),
        (0x1, "idle", False),
        (0x4, "power_limit", False),
        (0x4 | 0x2, "power_limit", False),
        (0x10, "sync_boost", False),
        (0x2, "application_clocks", False),
        (0x100, "display_clocks", False),
        (0x20 | 0x4, "software_thermal", True),
        (0x8, "hardware", True),
        (0x8 | 0x80, "power_brake", True),
        (0x8 | 0x40 | 0x80, "hardware_thermal", True),
        (0x200, "board_limit", False),
        (0x400, "reliability", False),
        (0x8000, "other", False),
        (0x8000 | 0x1, "other", False),
    ],
)
def test_throttling(bits: int, reason: str, problem: bool) -> None:
    """The gravest reason is shown; only heat and power supply are problems."""
    report = Report(cards=[{"index": 0, "throttle_reasons": bits}])
    (card,) = cards(snapshot(report))
    assert card.get(readings.THROTTLE_REASON.plain) == reason
    assert card.get(readings.THROTTLED.plain) is problem


@pytest.mark.parametrize(
    ("answers", "key"),
    [
        ({"uuid": "GPU-8D1C7a1e-0000-4000-8000-00000000abcd"}, None),
        ({"uuid": "", "bus_id": "00000000:0A:00.0"}, "0000:0a:00.0"),
        ({"uuid": "N/A", "bus_id": "0000:0B:00.0"}, "0000:0b:00.0"),
        ({"bus_id": "none"}, "gpu3"),
        ({}, "gpu3"),
    ],
)
def test_what_a_card_is_known_by(answers: Mapping[str, Any], key: str | None) -> None:
    """The most lasting that it tells."""
    (card,) = cards(snapshot(Report(cards=[{"index": 3, **answers}])))
    assert card.key == (key or "gpu-8d1c7a1e-0000-4000-8000-00000000abcd")


def test_two_cards_with_one_number() -> None:
    """The second one is left out rather than mixed with the first."""
    twice = [{"index": index, "uuid": "GPU-00000000-1"} for index in range(2)]
    found = snapshot(Report(cards=twice))
    assert len(cards(found)) == 1
    assert found.unparsed == ("cards.1.uuid",)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("GeForce GTX 1080 Ti", "NVIDIA GeForce GTX 1080 Ti"),
        ("NVIDIA H200", "NVIDIA H200"),
        (None, None),
    ],
)
def test_names(name: str | None, shown: str | None) -> None:
    """Older drivers leave out the make."""
    (card,) = cards(snapshot(Report(cards=[{"index": 0, "name": name}])))
    assert card.name == shown


def test_one_fan_has_no_number(nvidia: SimulatedNvml) -> None:
    """And a fan that rests is at 0."""
    (card,) = cards(tell(one(GTX_1660_SUPER, load=0.0)))
    assert card.get(FAN_LEVEL.plain) == 0
    assert card.get(readings.THROTTLE_REASON.plain) == "idle"


def test_one_fan_of_several_fails(nvidia: SimulatedNvml) -> None:
    """The others keep their numbers."""
    real = pynvml.nvmlDeviceGetFanSpeed_v2

    def speed(card: Any, fan: int) -> int:
        if fan == 0:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_UNKNOWN)
        found: int = real(card, fan)
        return found

    with patch.object(pynvml, "nvmlDeviceGetFanSpeed_v2", speed):
        (card,) = cards(tell(one()))
    assert FAN_LEVEL.channel(number=1) not in card.values
    assert FAN_LEVEL.channel(number=2) in card.values


def test_texts_as_bytes(nvidia: SimulatedNvml) -> None:
    """Older bindings return texts as bytes."""
    library = one()
    with (
        patch.object(pynvml, "nvmlDeviceGetName", lambda _: b"Tesla T4"),
        patch.object(pynvml, "nvmlSystemGetDriverVersion", lambda: b"450.80.02"),
    ):
        found = tell(library)
    assert found.rig.version == "450.80.02"
    assert cards(found)[0].name == "NVIDIA Tesla T4"


# ---- whatever goes wrong


def spoilt(library: SimulatedNvml) -> list[Values]:
    """Return what each part tells."""
    return [values(part) for part in tell(library).parts.values()]


def asked() -> list[str]:
    """Return all functions that are asked for a reading."""
    library = one(lacks=frozenset())
    tell(library)
    return sorted(set(library.calls) - {*COUNTED, "nvmlInitWithFlags"})


@pytest.fixture
def functions(nvidia: SimulatedNvml) -> list[str]:
    """Return all functions that are asked for a reading."""
    return asked()


def test_any_function_may_fail(functions: list[str]) -> None:
    """Whatever error it returns, that costs what only it can tell and nothing else."""
    assert len(functions) > 25
    # With a single fan, an old driver's way to ask for it tells the same.
    whole = spoilt(one(GTX_1660_SUPER, lacks=frozenset()))
    for name in functions:
        library = one(GTX_1660_SUPER, lacks=frozenset())
        library.errors[name, None] = Code.NOT_SUPPORTED
        without = spoilt(library)
        for code in CODES:
            library.errors[name, None] = code
            for kept, rest, every in zip(spoilt(library), without, whole, strict=True):
                assert rest.items() <= kept.items(), (name, code)
                assert kept.keys() <= every.keys(), (name, code)


def test_one_card_fails_and_the_others_do_not(functions: list[str]) -> None:
    """An error of one card is no error of its neighbour."""
    clock = ManualClock()
    library = SimulatedNvml(
        [
            nvidia_card(RTX_3080, clock=clock, lacks=frozenset()),
            nvidia_card(RTX_3070, index=1, clock=clock, lacks=frozenset()),
        ],
        clock=clock,
    )
    _, _, second = spoilt(library)
    for name in (*functions, "nvmlDeviceGetHandleByIndex_v2"):
        library.errors = {(name, 0): Code.GPU_IS_LOST}
        assert spoilt(library)[-1] == second


ANYTHING = st.one_of(
    st.sampled_from([0xFFFFFFFF, 2**64 - 1, -1, 0, 2**31, b"\xff\xfe", object()]),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    st.lists(st.none() | st.integers() | st.text(), max_size=3),
)
BINDING = [
    name
    for name in vars(pynvml)
    if name.startswith(("nvmlDeviceGet", "nvmlSystemGet")) and "Handle" not in name
]


@pytest.fixture(scope="module")
def binding() -> list[str]:
    """Return the functions of the binding that are used."""
    used: set[str] = set()
    library = one(lacks=frozenset())
    with pytest.MonkeyPatch.context() as patches:
        for name in BINDING:
            real = getattr(pynvml, name)

            def noted(*args: Any, name: str = name, real: Any = real) -> Any:
                used.add(name)
                return real(*args)

            patches.setattr(pynvml, name, noted)
        tell(library)
    install(pynvml, None)
    return sorted(used - {"nvmlDeviceGetCount"})


def refuse(*_: Any) -> None:
    """Answer as a card that does not have a reading."""
    raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)


@settings(max_examples=300)
@given(data=st.data())
def test_any_function_may_return_anything(binding: list[str], data: Any) -> None:
    """Nothing is raised; what makes no sense is not known and costs nothing else."""
    name = data.draw(st.sampled_from(binding))
    answer = data.draw(ANYTHING)
    library = one(lacks=frozenset())
    whole = spoilt(library)
    with patch.object(pynvml, name, refuse):
        without = spoilt(library)
    with patch.object(pynvml, name, lambda *_: answer):
        found = spoilt(library)
    install(pynvml, None)
    for shown, rest, every in zip(found, without, whole, strict=True):
        others = {key: value for key, value in rest.items() if every[key] == value}
        if name == "nvmlDeviceGetPowerManagementLimit":
            # Where it is unknown, the enforced one takes its place.
            others.pop("power_limit", None)
        assert others.items() <= shown.items(), name
        for value in shown.values():
            assert isinstance(value, bool | int | float | str)


# ---- the life of the library


def test_started_once(nvidia: SimulatedNvml) -> None:
    """It is started with the first poll and ended with the session."""
    session = Session()
    for _ in range(3):
        session.read(NOW)
    assert nvidia.calls.count("nvmlInitWithFlags") == 1
    session.close()
    session.close()
    assert nvidia.calls.count("nvmlShutdown") == 1
    assert nvidia.starts == 0


def test_two_sessions(nvidia: SimulatedNvml) -> None:
    """One that ends leaves the other one alone."""
    first, second = Session(), Session()
    first.read(NOW)
    second.read(NOW)
    second.close()
    assert len(first.read(NOW).cards) == 2


def test_reloaded_driver(nvidia: SimulatedNvml) -> None:
    """One poll fails, the next one starts the library anew."""
    session = Session()
    session.read(NOW)
    nvidia.reload()
    with pytest.raises(SourceUnreachable):
        session.read(NOW)
    assert len(session.read(NOW).cards) == 2


def test_card_that_is_lost_and_comes_back(nvidia: SimulatedNvml) -> None:
    """It is missing, the other is there; it is looked for anew once a minute."""
    session = Session()
    session.read(NOW)
    nvidia.cards[0].lost = True
    for seconds in (10, 20, 30):
        report = session.read(NOW + timedelta(seconds=seconds))
        assert [card["index"] for card in report.cards] == [1]
    assert nvidia.calls.count("nvmlInitWithFlags") == 1
    session.read(NOW + timedelta(seconds=60))
    assert nvidia.calls.count("nvmlInitWithFlags") == 2
    nvidia.cards[0].lost = False
    assert len(session.read(NOW + timedelta(seconds=70)).cards) == 2


def test_card_that_only_its_handle_survives(nvidia: SimulatedNvml) -> None:
    """A card of which only name and number are left is lost, too."""
    for name in asked():
        if name not in ("nvmlDeviceGetName", "nvmlDeviceGetUUID"):
            nvidia.errors[name, 0] = Code.GPU_IS_LOST
    install(pynvml, nvidia)
    report = Session().read(NOW)
    assert [card["index"] for card in report.cards] == [1]
    assert report.lost


def test_card_without_any_reading(nvidia: SimulatedNvml) -> None:
    """A card that has nothing to tell is there all the same."""
    for name in asked():
        nvidia.errors[name, 0] = Code.NOT_SUPPORTED
    install(pynvml, nvidia)
    first, _ = Session().read(NOW).cards
    assert first == {"index": 0}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (Code.LIBRARY_NOT_FOUND, "nvml_no_driver"),
        (Code.DRIVER_NOT_LOADED, "nvml_no_driver"),
        (Code.NOT_FOUND, "nvml_no_cards"),
        (Code.MISMATCH, "nvml_mismatch"),
        (Code.NO_PERMISSION, "nvml_no_access"),
        (999, None),
    ],
)
async def test_why_there_is_nothing(
    nvidia: SimulatedNvml, source: NvmlSource, code: int, reason: str | None
) -> None:
    """The error has the key that the dialog shows."""
    nvidia.errors["nvmlInitWithFlags", None] = code
    with pytest.raises(SourceUnreachable) as error:
        await source.identify()
    assert error.value.reason == reason


async def test_no_library(nvidia: SimulatedNvml, source: NvmlSource) -> None:
    """As on most machines, and in every Home Assistant OS."""
    install(pynvml, None)
    with pytest.raises(SourceUnreachable) as error:
        await source.identify()
    assert error.value.reason == "nvml_no_driver"
    assert "libnvidia-ml.so.1: cannot open shared object file" in str(error.value)
    await source.close()


async def test_no_package(nvidia: SimulatedNvml, source: NvmlSource) -> None:
    """Where pip is switched off, somebody has to install it."""
    with (
        patch.dict(sys.modules, {"pynvml": None}),
        pytest.raises(SourceUnreachable) as error,
    ):
        await source.identify()
    assert error.value.reason == "not_installed"


async def test_no_cards(nvidia: SimulatedNvml, source: NvmlSource) -> None:
    """A driver whose cards are all gone is not what somebody wants to add."""
    for card in nvidia.cards:
        card.lost = True
    with pytest.raises(SourceUnreachable) as error:
        await source.identify()
    assert error.value.reason == "nvml_no_cards"


def test_not_imported_before_it_is_used() -> None:
    """The package is optional: no module of the integration imports it at its top."""
    import custom_components.mining_rig as component

    for path in Path(component.__file__).parent.rglob("*.py"):
        assert "import pynvml" not in path.read_text()


# ---- the source


async def test_identity(nvidia: SimulatedNvml, source: NvmlSource) -> None:
    """There is one driver on a host."""
    nvidia.cards.append(nvidia_card(RTX_3080, index=2))
    identity = await source.identify()
    assert identity.rig_id == "host"
    assert identity.stable
    assert identity.version == "570.133.07"
    assert (
        identity.model == "2 × NVIDIA GeForce RTX 3080, NVIDIA GeForce GTX 1660 SUPER"
    )
    assert isinstance(source, Polled)
    assert isinstance(source, Writable)
    await source.close()
    assert nvidia.starts == 0


async def test_never_in_the_loop(nvidia: SimulatedNvml, source: NvmlSource) -> None:
    """Every call is made by another thread, one at a time whoever asks."""
    other = await async_open(SourceContext(data={}, session=None))  # type: ignore[arg-type] # as above
    await asyncio.gather(
        source.read(NOW), other.read(NOW), source.identify(), other.identify()
    )
    await asyncio.gather(source.close(), other.close())
    assert "MainThread" not in nvidia.threads
    assert nvidia.most_at_once == 1
    assert nvidia.starts == 0


@pytest.fixture
def hanging(nvidia: SimulatedNvml, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the driver hang."""
    monkeypatch.setattr(driver, "TIMEOUT", 0.05)
    nvidia.hang()
    yield
    nvidia.go_on()


async def test_hanging_driver(
    nvidia: SimulatedNvml, hanging: None, source: NvmlSource
) -> None:
    """It costs one thread, however often it is asked; then all goes on."""
    other = await async_open(SourceContext(data={}, session=None))  # type: ignore[arg-type] # as above
    for _ in range(3):
        for asking in (source, other):
            with pytest.raises(SourceUnreachable) as error:
                await asking.read(NOW)
            assert error.value.timed_out
    await other.close()
    assert len(nvidia.calls) == 1
    nvidia.go_on()
    assert len(cards(await source.read(NOW))) == 2
    await source.close()
    assert nvidia.starts == 0


async def test_a_failure_that_nobody_waits_for(
    nvidia: SimulatedNvml, hanging: None, source: NvmlSource, caplog: Any
) -> None:
    """It is looked at, so that nothing complains later."""
    nvidia.errors["nvmlInitWithFlags", None] = 999
    with pytest.raises(SourceUnreachable):
        await source.read(NOW)
    nvidia.go_on()
    with pytest.raises(SourceUnreachable):
        await source.read(NOW)
    assert "never retrieved" not in caplog.text


# ---- commands


def control(channel: Channel[Any]) -> Control[Any]:
    """Return a control."""
    return Control(channel=channel)


async def test_power_limit(nvidia: SimulatedNvml, source: NvmlSource) -> None:
    """It is set in W of the card that was meant."""
    card = nvidia.cards[1]
    await source.write(card.uuid.lower(), control(POWER_LIMIT.plain), 90)
    assert card.limit == 90
    found = await source.read(NOW)
    part = found.parts[card.uuid.lower()]
    assert part.get(POWER_LIMIT.plain) == 90
    assert part.get(readings.THROTTLE_REASON.plain) == "power_limit"
    assert part.get(readings.THROTTLED.plain) is False
    await source.close()


async def test_persistence(nvidia: SimulatedNvml, source: NvmlSource) -> None:
    """On and off."""
    key = nvidia.cards[0].uuid.lower()
    for wanted in (True, False):
        await source.write(key, control(readings.PERSISTENCE.plain), wanted)
        assert nvidia.cards[0].persistence is wanted
    await source.close()


@pytest.mark.parametrize(
    ("code", "key"),
    [
        (Code.NO_PERMISSION, "nvml_no_permission"),
        (Code.NOT_SUPPORTED, "nvml_not_supported"),
        (Code.FUNCTION_NOT_FOUND, "nvml_not_supported"),
        (2, "nvml_refused"),
    ],
)
async def test_refused(
    nvidia: SimulatedNvml, source: NvmlSource, code: int, key: str
) -> None:
    """A refusal says what is needed."""
    nvidia.errors["nvmlDeviceSetPowerManagementLimit", None] = code
    card = nvidia.cards[0].uuid.lower()
    with pytest.raises(CommandRefused) as error:
        await source.write(card, control(POWER_LIMIT.plain), 200)
    assert error.value.translation_key == key
    await source.close()


async def test_lost_while_commanded(nvidia: SimulatedNvml, source: NvmlSource) -> None:
    """That is no refusal, and the library is started anew at the next poll."""
    await source.read(NOW)
    nvidia.errors["nvmlDeviceSetPersistenceMode", None] = Code.GPU_IS_LOST
    card = nvidia.cards[0].uuid.lower()
    with pytest.raises(SourceUnreachable):
        await source.write(card, control(readings.PERSISTENCE.plain), True)
    await source.read(NOW + timedelta(minutes=1))
    assert nvidia.calls.count("nvmlInitWithFlags") == 2
    await source.close()


async def test_not_offered(nvidia: SimulatedNvml, source: NvmlSource) -> None:
    """What is not there cannot be ordered."""
    card = nvidia.cards[0].uuid.lower()
    for part, channel in (
        ("gpu-gone", readings.PERSISTENCE.plain),
        (card, POWER.plain),
    ):
        with pytest.raises(CommandRefused) as error:
            await source.write(part, control(channel), True)
        assert error.value.translation_key == "not_offered"
    await source.close()
