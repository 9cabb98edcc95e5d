"""How many parts of a rig are taken, whatever it reports, and when they leave."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mining_rig.const import DOMAIN
from custom_components.mining_rig.coordinator.ageing import Ageing
from custom_components.mining_rig.known_parts import KnownParts, load_known_parts
from custom_components.mining_rig.model import (
    RIG,
    Control,
    Part,
    PartKind,
    Snapshot,
    part_map,
)
from custom_components.mining_rig.part_limits import MOST_NUMBERS, MOST_PARTS, limited
from custom_components.mining_rig.readings import (
    CONNECTED,
    FAN_SPEED,
    POOL,
    POWER_LIMIT,
    TEMPERATURE,
)

from .rigs import ID_ROOT, async_pass
from .scripted import ScriptedSource, async_add
from .test_repairs import HEADINGS, anchor, issue

WHOLE = Part(kind=PartKind.RIG, key=RIG, values={POOL.plain: "pool"})


def part(key: str, kind: PartKind = PartKind.GPU, **facts: Any) -> Part:
    """Return a part that reports one thing."""
    return Part(kind=kind, key=key, **{"values": {TEMPERATURE.plain: 50.0}, **facts})


def snapshot(*parts: Part) -> Snapshot:
    """Return a rig with those parts."""
    return Snapshot(parts=part_map(WHOLE, *parts))


def devices(hass: HomeAssistant, entry: MockConfigEntry) -> set[str]:
    """Return the keys of the parts that have a device."""
    registry = dr.async_get(hass)
    found = [
        *dr.async_entries_for_config_entry(registry, entry.entry_id),
        *dr.async_child_entries_for_config_entry(registry, entry.entry_id),
    ]
    return {
        identifier.removeprefix(f"{ID_ROOT}_")
        for device in found
        for _, identifier in device.identifiers
    } - {ID_ROOT}


# ---- limits


@pytest.mark.parametrize(
    "kind", [kind for kind in PartKind if kind is not PartKind.RIG]
)
def test_each_kind_has_its_limit(kind: PartKind) -> None:
    """The first ones are taken, then those that are known go before new ones."""
    most = MOST_PARTS[kind]
    known = KnownParts()
    many = [part(f"part{number}", kind) for number in range(most + 10)]
    taken, ignored = limited(snapshot(*many), known, 50)
    assert ignored == 10
    assert [*taken.parts] == [RIG, *(p.key for p in many[:most])]
    known.learn(taken)
    # Those that are absent keep their places.
    new = [part(f"new{number}", kind) for number in range(5)]
    assert limited(snapshot(*new, many[3]), known, 50) == (snapshot(many[3]), 5)
    assert limited(snapshot(*many[:most]), known, 50) == (snapshot(*many[:most]), 0)
    known.forget([many[0].key])
    taken, ignored = limited(snapshot(*reversed(new)), known, 50)
    assert (ignored, [*taken.parts]) == (4, [RIG, "new4"])


def test_the_owner_may_want_more_workers() -> None:
    """The limit of workers is the number whose entities the owner enabled."""
    many = [part(f"worker{number}", PartKind.WORKER) for number in range(700)]
    assert limited(snapshot(*many), KnownParts(), 50)[1] == 200
    assert limited(snapshot(*many), KnownParts(), 600)[1] == 100


def test_more_parts_than_that_from_an_earlier_version() -> None:
    """The first ones of them are taken."""
    known = KnownParts()
    many = [part(f"gpu{number}") for number in range(100)]
    known.learn(snapshot(*many))
    taken, ignored = limited(snapshot(*many), known, 50)
    assert ignored == 100 - MOST_PARTS[PartKind.GPU]
    assert [*taken.parts][-1] == "gpu31"


def test_numbers_have_a_limit() -> None:
    """A thousand fans or pools are as wrong as a thousand cards."""
    known = KnownParts()
    values = {FAN_SPEED.channel(number=n): 900.0 for n in range(-3, 1000)}
    limits = [POWER_LIMIT.channel(number=n) for n in (1, MOST_NUMBERS + 1)]
    controls = {channel: Control(channel=channel) for channel in limits}
    card = part("gpu", values=values, controls=controls)
    for _ in range(2):
        taken, ignored = limited(snapshot(card), known, 50)
        assert ignored == len(values) - MOST_NUMBERS - 1
        assert {c.number for c in taken.parts["gpu"].values} == {*range(17)}
        assert [*taken.parts["gpu"].controls] == [limits[0]]
        known.learn(taken)
    fine = snapshot(taken.parts["gpu"])
    assert limited(fine, known, 50) == (fine, 0)
    # What was known before there was a limit stays.
    known.parts["gpu"].expect(FAN_SPEED.channel(number=500))
    taken, _ = limited(snapshot(card), known, 50)
    assert FAN_SPEED.channel(number=500) in taken.parts["gpu"].values


async def test_thousands_of_cards(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """One answer, or a new name at each poll, fills no registry; one repair tells it."""
    source = ScriptedSource({POOL.plain: "pool"})
    source.others = [part(f"gpu{number}") for number in range(5000)]
    entry = await async_add(hass, source)
    most = MOST_PARTS[PartKind.GPU]
    assert devices(hass, entry) == {f"gpu{number}" for number in range(most)}
    registry = er.async_get(hass)
    before = len(er.async_entries_for_config_entry(registry, entry.entry_id))
    found = issue(hass, entry, "too_many_parts")
    assert found.translation_placeholders == {
        "rig": "Office PC",
        "ignored": str(5000 - most),
    }
    assert anchor(found) in HEADINGS
    for poll in range(5):
        source.others = [part(f"poll{poll}_{number}") for number in range(40)]
        await async_pass(hass, freezer)
    entities = er.async_entries_for_config_entry(registry, entry.entry_id)
    assert len(entities) == before
    assert len([i for i in ir.async_get(hass).issues if i[0] == DOMAIN]) == 1

    # The owner deletes the device of one that is gone: there is room for another.
    gone = dr.async_get(hass).async_get_child_device_by_identifier(
        (DOMAIN, f"{ID_ROOT}_gpu5"), entry.entry_id
    )
    assert gone is not None
    assert entry.runtime_data.forget(gone)
    source.others = [part("new")]
    await async_pass(hass, freezer)
    assert "new" in devices(hass, entry)
    assert issue(hass, entry, "too_many_parts") is None


# ---- parts that left


def days(
    ageing: Ageing, count: int, *present: str, begin: date = date(2026, 1, 1)
) -> list[frozenset[str]]:
    """Let the rig answer twice on each of several days; return what left on each."""
    found = []
    for day in range(count):
        today = begin + timedelta(days=day)
        seconds = (today - date(2026, 1, 1)).days * 86400.0
        left = ageing.take({RIG, *present}, today, seconds)
        found.append(left | ageing.take({RIG, *present}, today, seconds + 43200))
    return found


def known_of(*keys: str) -> KnownParts:
    """Return a rig with those cards."""
    known = KnownParts()
    known.learn(snapshot(*map(part, keys)))
    return known


def test_a_part_leaves_after_30_days() -> None:
    """Not one that is reported again, not the rig; a few at a time."""
    keys = [f"gpu{number}" for number in range(8)]
    known = known_of(*keys)
    ageing = Ageing(known)
    days(ageing, 1, *keys)
    left = days(ageing, 40, "gpu0", "gpu1", begin=date(2026, 1, 2))
    gone = [found for found in left if found]
    assert frozenset().union(*gone) == {*keys} - {"gpu0", "gpu1"}
    assert max(map(len, gone)) <= 8
    assert left.index(gone[0]) == 29
    assert known.parts["gpu0"].days_absent == 0


def test_days_are_kept_over_restarts() -> None:
    """The file has them; a restart a day, or many a day, make none of them."""
    known = known_of("gpu")
    days(Ageing(known), 1, "gpu")
    for day in range(1, 31):
        known = load_known_parts(known.dump())
        assert known.parts["gpu"].seen == date(2026, 1, 1)
        begin = date(2026, 1, 1) + timedelta(days=day)
        left = [days(Ageing(known), 1, begin=begin) for _ in range(3)]
        assert known.parts["gpu"].days_absent == day
        assert any(found for (found,) in left) is (day == 30)


@pytest.mark.parametrize("jump", [3650, -3650])
def test_a_clock_that_jumps_ages_nothing(jump: int) -> None:
    """Time that did not pass does not count, forward or back; nor does a rig that is off."""
    known = known_of("gpu", "old")
    ageing = Ageing(known)
    days(ageing, 2, "gpu", "old")
    begin = date(2026, 1, 3) + timedelta(days=jump)
    for number in range(100):
        # The clock jumps again and again within minutes.
        now = 3 * 86400.0 + number * 60
        assert not ageing.take({RIG, "gpu"}, begin + timedelta(days=number), now)
    assert known.parts["old"].days_absent <= 1
    # With the wrong clock, a week has to pass; then the date is as right as any.
    left: list[frozenset[str]] = []
    for number in range(40):
        seconds = (10 + number) * 86400.0
        left.append(ageing.take({RIG, "gpu"}, begin + timedelta(number + 200), seconds))
    first = next(number for number, found in enumerate(left) if found)
    assert first >= 5
    assert known.parts["gpu"].days_absent == 0


def test_a_rig_that_starts_may_lack_parts() -> None:
    """The first hour after a start decides nothing."""
    known = known_of("gpu")
    ageing = Ageing(known)
    ageing.take({RIG}, date(2026, 1, 1), 0.0)
    ageing.take({RIG, "gpu"}, date(2026, 1, 1), 60.0)
    ageing.take({RIG}, date(2026, 1, 1), 3700.0)
    assert known.parts["gpu"].seen == date(2026, 1, 1)
    assert known.parts["gpu"].days_absent == 0


async def _pass_days(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, count: int
) -> None:
    for _ in range(count):
        for seconds in (86_390, 10):
            await async_pass(hass, freezer, seconds)


@pytest.mark.parametrize("keep", [False, True])
async def test_devices_of_parts_that_left(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, keep: bool
) -> None:
    """They and their entities are removed, unless the owner keeps them."""
    freezer.move_to("2026-01-01T12:00:00Z")
    source = ScriptedSource({POOL.plain: "pool"})
    source.others = [
        part("gpu"),
        *(part(f"worker{n}", PartKind.WORKER) for n in range(10)),
    ]
    entry = await async_add(hass, source, keep_parts=keep)
    await _pass_days(hass, freezer, 2)
    all_keys = {part.key for part in source.others}
    assert devices(hass, entry) == all_keys
    gone = {"gpu", "worker3", "worker4", "worker5", "worker6", "worker7"}
    source.others = [part for part in source.others if part.key not in gone]
    await _pass_days(hass, freezer, 29)
    assert devices(hass, entry) == all_keys
    await _pass_days(hass, freezer, 4)
    left = all_keys if keep else all_keys - gone
    assert devices(hass, entry) == left
    assert {*entry.runtime_data.known_parts.parts} == left | {RIG}
    # One that comes back is there again.
    source.others.append(part("gpu"))
    await async_pass(hass, freezer)
    assert "gpu" in devices(hass, entry)


async def test_a_rig_that_was_off_for_months_keeps_its_parts(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """Its cards are there when it is back, also if they appear a day later."""
    source = ScriptedSource({POOL.plain: "pool"})
    source.others = [part("gpu")]
    entry = await async_add(hass, source)
    await _pass_days(hass, freezer, 2)
    source.others = []
    freezer.tick(timedelta(days=100))
    await _pass_days(hass, freezer, 5)
    assert devices(hass, entry) == {"gpu"}


def _keys(parts: Iterable[Part]) -> set[str]:
    return {part.key for part in parts}


async def test_removed_parts_take_no_room(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """A worker that the owner removed is not counted while it is not connected."""
    source = ScriptedSource({POOL.plain: "pool"})
    most = MOST_PARTS[PartKind.ACCOUNT]
    off = {CONNECTED.plain: False}
    source.others = [
        part(f"account{number}", PartKind.ACCOUNT, values=off) for number in range(most)
    ]
    entry = await async_add(hass, source)
    registry = dr.async_get(hass)
    gone = registry.async_get_device_by_identifier(
        (DOMAIN, f"{ID_ROOT}_account0"), entry.entry_id
    )
    assert gone is not None
    assert entry.runtime_data.forget(gone)
    source.others.append(part("account_new", PartKind.ACCOUNT, values=off))
    await async_pass(hass, freezer)
    known = {*entry.runtime_data.known_parts.parts}
    assert known == _keys(source.others) - {"account0"} | {RIG}
