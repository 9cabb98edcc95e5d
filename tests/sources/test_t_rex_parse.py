"""T-Rex's answers, recorded and spoilt, in the vocabulary."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.mining_rig.derive import Derivation
from custom_components.mining_rig.model import (
    RIG,
    Channel,
    Part,
    PartKind,
    Release,
    Snapshot,
    Window,
)
from custom_components.mining_rig.readings import (
    ACCEPTED,
    ALGORITHM,
    BLOCKS_FOUND,
    DIFFICULTY,
    EFFICIENCY,
    FAN_LEVEL,
    HASHRATE,
    INVALID,
    MEMORY_TEMPERATURE,
    MINING_ALLOWED,
    POOL,
    POOL_LATENCY,
    POWER,
    REJECTED,
    STARTED,
    STOP,
    TEMPERATURE,
    VERSION,
)
from custom_components.mining_rig.sources.common.contract import (
    CommandRefused,
    JsonObject,
    SourceGarbled,
)
from custom_components.mining_rig.sources.common.http import Answer
from custom_components.mining_rig.sources.common.settings import Settings
from custom_components.mining_rig.sources.t_rex import readings
from custom_components.mining_rig.sources.t_rex.config import (
    missing,
    parse_config,
    redacted,
    to_send,
    to_text,
)
from custom_components.mining_rig.sources.t_rex.parse import assemble, parse_summary

from .spoil import check

FIXTURES = Path(__file__).parent.parent / "fixtures" / "t_rex"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def load(name: str) -> Any:
    """Return a recorded answer."""
    return json.loads((FIXTURES / name).read_bytes())


DOCUMENTED = load("seed_summary_api1.2.json")
EIGHT = load("summary_api3.2_v0.19.1_8gpu.json")
STARTING = load("summary_api4.1_v0.24.6_starting.json")
CARD = load("gpu_entry_api4.1_rtx3080_memory_temperature.json")
UUID = CARD["uuid"]

MINING_NOW = {**STARTING, "uptime": 90_000, "gpus": [CARD]}
"""A rig of the newest API that has mined for more than a day."""

DUAL = {
    **MINING_NOW,
    "dual_stat": {
        "algorithm": "blake3",
        "active_pool": {
            "url": "stratum+ssl://WALLET.rig@alph.example:1199",
            "user": "WALLET",
            "difficulty": "774.09 M",
            "ping": 41,
            "retries": 2,
            "last_submit_ts": 1636723000,
            "worker": "rig",
        },
        "hashrate": 900_000_000,
        "hashrate_minute": 910_000_000,
        "hashrate_hour": 0,
        "hashrate_day": 0,
        "accepted_count": 11,
        "rejected_count": 1,
        "invalid_count": 2,
        "solved_count": 0,
        "sharerate": 1.5,
        "sharerate_average": 1.25,
        "gpus": [
            {
                "device_id": 0,
                "hashrate": 900_000_000,
                "hashrate_minute": 910_000_000,
                "shares": {"accepted_count": 11, "rejected_count": 1},
            }
        ],
    },
    "watchdog_stat": {
        "built_in": True,
        "startup_ts": 10468,
        "total_restarts": 3,
        "uptime": 90_500,
        "wd_version": "0.24.6",
        "total_shares_accepted": 300,
        "total_shares_rejected": 4,
        "total_shares_invalid": 0,
        "total_blocks_found": 1,
        "by_gpu": [
            {
                "device_id": 0,
                "shares_accepted": 300,
                "shares_rejected": 4,
                "shares_invalid": 0,
                "blocks_found": 1,
            }
        ],
    },
}
"""Dual mining and totals, of which there is no recording: keys as clients know them."""


def rig(summary: Any, config: Any = None) -> Snapshot:
    """Return the snapshot of a rig whose configuration is known, or not."""
    settings = Settings() if config is None else parse_config(config)
    found = assemble(parse_summary(summary, NOW), settings, read_only=False)
    check(found)
    return found


def card(summary: Any, key: str = UUID) -> Part:
    """Return a card of the rig."""
    return rig(summary).parts[key]


def changed(data: Any, **changes: Any) -> Any:
    """Return a copy with other values at the top."""
    return {**deepcopy(data), **changes}


def card_with(**changes: Any) -> Part:
    """Return the one card of a rig, with other values."""
    found = rig(changed(MINING_NOW, gpus=[{**CARD, **changes}]))
    (part,) = [part for part in found.parts.values() if part.kind is PartKind.GPU]
    return part


def told(part: Part) -> dict[str, Any]:
    """Return a part as it is kept in a test's snapshot."""
    return {
        "kind": part.kind.value,
        "name": part.name,
        "model": part.model,
        "manufacturer": part.manufacturer,
        "version": part.version,
        "values": {channel.key: value for channel, value in part.values.items()},
        "controls": [channel.key for channel in part.controls],
        "actions": [action.key for action in part.actions],
        "release": part.release and repr(part.release),
    }


# ---- what was recorded


@pytest.mark.parametrize(
    "name", sorted(path.name for path in FIXTURES.glob("*summary_api*.json"))
)
def test_recorded_summaries(name: str, snapshot: SnapshotAssertion) -> None:
    """Summaries of all versions tell what they hold."""
    found = rig(load(name))
    assert found.unparsed == ()
    assert len(found.parts) == len(load(name)["gpus"]) + 1
    assert {key: told(part) for key, part in found.parts.items()} == snapshot


@pytest.mark.parametrize(
    ("name", "rate", "watts", "cards"),
    [
        ("0.20.3_5gpu", 499_380_000, 1143, 5),
        ("0.20.3_5gpu_no_nvml", 499_380_000, None, 5),
        ("0.20.3_4gpu_one_lost", 399_210_000, 920, 4),
        ("19gpu_two_with_one_uuid", 1_140_171_000, 2451, 19),
    ],
)
def test_reported(name: str, rate: int, watts: int | None, cards: int) -> None:
    """What owners reported of rigs is shown; what is not told is not known."""
    found = Derivation().complete(rig(load(f"summary_{name}.json")))
    assert len(found.parts) == cards + 1
    assert found.rig.get(HASHRATE.plain) == rate
    assert sum(p.get(HASHRATE.plain) or 0 for p in found.parts.values()) == 2 * rate
    assert found.rig.get(POWER.plain) == watts
    assert (EFFICIENCY.plain in found.rig.values) is (watts is not None)


def test_a_second_algorithm_that_does_nothing() -> None:
    """Its 0 is a value."""
    found = rig(load("summary_dual_second_zero.json"))
    assert found.rig.get(HASHRATE.channel(number=2)) == 0
    assert found.rig.get(HASHRATE.plain)


def test_recorded_card(snapshot: SnapshotAssertion) -> None:
    """A card with hot memory, of a rig that has mined for a day."""
    found = rig(MINING_NOW)
    assert found.unparsed == ()
    assert told(found.parts[UUID]) == snapshot
    assert found.parts[UUID].get(MEMORY_TEMPERATURE.plain) == 84


def test_dual_mining(snapshot: SnapshotAssertion) -> None:
    """The second algorithm has channels with the number 2."""
    found = rig(DUAL)
    assert found.unparsed == ()
    assert {key: told(part) for key, part in found.parts.items()} == snapshot
    second: dict[Channel[Any], Any] = {
        HASHRATE.channel(number=2): 900_000_000,
        HASHRATE.channel(Window.M1, 2): 910_000_000,
        ALGORITHM.channel(number=2): "blake3",
        ACCEPTED.channel(number=2): 11,
        REJECTED.channel(number=2): 1,
        POOL.channel(number=2): "alph.example:1199",
        POOL_LATENCY.channel(number=2): 41,
        DIFFICULTY.channel(number=2): 774_090_000,
    }
    assert {channel: found.rig.get(channel) for channel in second} == second
    assert found.parts[UUID].get(ACCEPTED.channel(number=2)) == 11
    assert found.parts[UUID].get(ACCEPTED.plain) == 259


def test_documented_example() -> None:
    """Every field of the maker's example is told, or left out for a reason."""
    fields = deepcopy(DOCUMENTED)
    found = rig(DOCUMENTED)
    whole, gpu = found.rig, found.parts["gpu0"]

    assert whole.values == {
        ACCEPTED.plain: fields.pop("accepted_count"),
        ALGORITHM.plain: fields.pop("algorithm"),
        readings.API.plain: fields.pop("api"),
        readings.CUDA.plain: fields.pop("cuda"),
        readings.NETWORK_DIFFICULTY.plain: fields.pop("difficulty"),
        readings.GPUS.plain: fields.pop("gpu_total"),
        HASHRATE.plain: fields.pop("hashrate"),
        HASHRATE.channel(Window.D1): fields.pop("hashrate_day"),
        HASHRATE.channel(Window.M1): fields.pop("hashrate_minute"),
        readings.SYSTEM.plain: fields.pop("os"),
        REJECTED.plain: fields.pop("rejected_count"),
        BLOCKS_FOUND.plain: fields.pop("solved_count"),
        readings.CLOCK.plain: datetime.fromtimestamp(fields.pop("ts"), UTC),
        STARTED.plain: NOW - timedelta(seconds=fields.pop("uptime")),
        VERSION.plain: fields["version"],
        POOL.plain: "...",
        POOL_LATENCY.plain: fields["active_pool"].pop("ping"),
        DIFFICULTY.plain: fields["active_pool"].pop("difficulty"),
        readings.POOL_RETRIES.plain: fields["active_pool"].pop("retries"),
        readings.UPDATE_STATE.plain: "downloading",
    }
    assert whole.version == fields.pop("version")
    assert whole.model is None
    fields.pop("description")
    # The window of an hour was not full after 108 s.
    assert fields.pop("hashrate_hour") == 0
    # Its user is a wallet.
    assert fields.pop("active_pool") == {"url": "stratum+tcp://...", "user": "..."}
    assert fields.pop("name") == "t-rex"

    (entry,) = fields.pop("gpus")
    shares = entry.pop("shares")
    assert gpu.values == {
        TEMPERATURE.plain: entry.pop("temperature"),
        FAN_LEVEL.plain: entry.pop("fan_speed"),
        HASHRATE.plain: entry.pop("hashrate"),
        HASHRATE.channel(Window.D1): entry.pop("hashrate_day"),
        HASHRATE.channel(Window.M1): entry.pop("hashrate_minute"),
        readings.INTENSITY.plain: entry.pop("intensity"),
        readings.DISABLED.plain: entry.pop("disabled"),
        readings.DISABLED_AT.plain: entry.pop("disabled_at_temperature"),
        readings.GPU_INDEX.plain: entry.pop("gpu_user_id"),
        ACCEPTED.plain: shares.pop("accepted_count"),
        INVALID.plain: shares.pop("invalid_count"),
        REJECTED.plain: shares.pop("rejected_count"),
        BLOCKS_FOUND.plain: shares.pop("solved_count"),
    }
    assert shares == {}
    assert (gpu.model, gpu.manufacturer) == (entry.pop("name"), entry.pop("vendor"))
    assert gpu.name == "Gigabyte GeForce GTX 1050"
    # CUDA's number only joins lists of cards.
    assert entry == {"device_id": 0, "hashrate_hour": 0}

    update = fields.pop("updates")
    status = update.pop("download_status")
    assert whole.release == Release(
        installed="0.6.5",
        latest=update.pop("version"),
        notes=update.pop("notes_full"),
        url=update.pop("url"),
        in_progress=status.pop("update_in_progress"),
        progress=round(
            100 * status.pop("downloaded_bytes") / status.pop("total_bytes"), 1
        ),
    )
    assert status.pop("update_state") == "downloading"
    # Nobody failed, and how long it took tells nothing that the progress does not.
    assert status == {
        "last_error": "",
        "time_elapsed_sec": 2.887111,
        "url": "https://fileurl",
    }
    assert update == {"md5sum": "md5...", "notes": "short update info"}
    assert fields == {}
    # This version takes no commands and has no watchdog to install anything.
    assert whole.controls == gpu.controls == {}
    assert [action.key for action in whole.actions] == ["t_rex_stop_update"]


def test_recorded_telnet_answer() -> None:
    """The port that was removed spoke no JSON."""
    body = (FIXTURES / "telnet_summary_v0.9.2_ccminer_style.txt").read_bytes()
    with pytest.raises(SourceGarbled) as caught:
        Answer(200, body).json()
    assert caught.value.other_device


def test_recorded_update_block() -> None:
    """A watchdog can install what the miner knows of."""
    updates = load("updates_block_from_wiki.json")["updates"]
    found = rig(changed(DUAL, updates=updates)).rig.release
    assert found is not None
    assert found.install is readings.INSTALL_UPDATE
    assert (found.installed, found.latest) == ("0.24.6", "0.8.0")
    assert rig(changed(MINING_NOW, updates=updates)).rig.release != found


# ---- hashrates


@pytest.mark.parametrize(
    ("rate", "uptime", "shown"),
    [
        (0, 3599, None),
        (0, 3600, 0),
        (0, None, None),
        (5, 1, 5),
        (5, None, 5),
        (None, 9999, None),
        ("fast", 9999, None),
    ],
)
def test_an_average_of_nothing(rate: Any, uptime: Any, shown: float | None) -> None:
    """Before its window is full, 0 is not known; after that it is what was mined."""
    found = rig(changed(MINING_NOW, hashrate_hour=rate, uptime=uptime))
    assert found.rig.get(HASHRATE.channel(Window.H1)) == shown


def test_a_miner_that_begins_mines_nothing() -> None:
    """The present hashrate is 0 then, for the rig and its card."""
    found = rig(STARTING)
    assert found.rig.get(HASHRATE.plain) == 0
    (gpu,) = [part for key, part in found.parts.items() if key != RIG]
    assert gpu.get(HASHRATE.plain) == 0
    assert HASHRATE.channel(Window.M1) not in {**found.rig.values, **gpu.values}
    assert gpu.get(POWER.plain) == 89


def test_what_is_paused_mines_nothing() -> None:
    """The miner's mean still holds what was mined before."""
    twin = {**CARD, "uuid": "ab" * 16, "gpu_user_id": 1, "device_id": 1}
    resting = {**CARD, "paused": True}
    dual = {"hashrate": 9, "gpus": [{"device_id": 0, "hashrate": 9}]}
    summary = changed(MINING_NOW, hashrate=9, dual_stat=dual, gpus=[resting, twin])
    second = HASHRATE.channel(number=2)
    one = rig(summary)
    assert one.parts[UUID].get(HASHRATE.plain) == 0
    assert one.parts[UUID].get(second) == 0
    assert one.parts["ab" * 16].get(HASHRATE.plain) == CARD["hashrate"]
    assert (one.rig.get(HASHRATE.plain), one.rig.get(second)) == (9, 9)
    assert one.parts[UUID].get(HASHRATE.channel(Window.M1)) == CARD["hashrate_minute"]
    both = rig(changed(summary, gpus=[resting, {**twin, "paused": True}]))
    assert (both.rig.get(HASHRATE.plain), both.rig.get(second)) == (0, 0)
    unknown = rig(changed(MINING_NOW, hashrate=None, paused=True))
    assert HASHRATE.plain not in unknown.rig.values


# ---- the pool


@pytest.mark.parametrize(
    ("difficulty", "shown"),
    [
        ("4.00 G", 4e9),
        ("774.09 M", 774.09e6),
        ("12.5 K", 12500),
        ("1.10 T", 1.1e12),
        ("16", 16),
        (16, 16),
        (0.55858, 0.55858),
        (0, None),
        ("0.00", None),
        ("", None),
        ("hard", None),
        ("5 Sol", None),
        (None, None),
        (True, None),
        ([4], None),
    ],
)
def test_difficulty(difficulty: Any, shown: float | None) -> None:
    """A number up to API 3.2, a text with a letter since."""
    pool = {**STARTING["active_pool"], "difficulty": difficulty}
    found = rig(changed(MINING_NOW, active_pool=pool)).rig.get(DIFFICULTY.plain)
    assert found == (pytest.approx(shown) if shown else None)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("stratum+tcp://WALLET.rig:x@pool.example:3333/path", "pool.example:3333"),
        ("n1.pool.example:8069", "n1.pool.example:8069"),
        ("", None),
        (7, None),
    ],
)
def test_pool_names(url: Any, name: str | None) -> None:
    """Never a user, never a path; a pool's proxy likewise."""
    pool = {"url": url, "proxy": url, "user": "WALLET"}
    found = rig(changed(MINING_NOW, active_pool=pool)).rig
    assert found.get(POOL.plain) == name
    assert found.get(readings.POOL_PROXY.plain) == name


def test_a_wallet_is_never_told() -> None:
    """Wherever a miner has it."""
    assert "0x0000" not in repr(rig(STARTING))
    assert "WALLET" not in repr(rig(DUAL))


# ---- cards


@pytest.mark.parametrize(
    ("ids", "key"),
    [
        ({}, UUID),
        ({"uuid": UUID.upper()}, UUID),
        ({"uuid": ""}, "0000:02:00"),
        ({"uuid": None, "pci_domain": None, "pci_bus": 10}, "0000:0a:00"),
        ({"uuid": "../../x", "pci_bus": None, "gpu_user_id": 4}, "gpu4"),
        ({"uuid": None, "pci_id": None, "gpu_user_id": None, "gpu_id": 3}, "gpu3"),
        (
            {
                "uuid": None,
                "pci_id": None,
                "gpu_user_id": None,
                "gpu_id": None,
                "device_id": 2,
            },
            "gpu2",
        ),
    ],
)
def test_what_a_card_is_known_by(ids: dict[str, Any], key: str) -> None:
    """Its uuid, else its slot, else its number."""
    assert card_with(**ids).key == key


def test_a_card_without_any_name() -> None:
    """It is left out, and counted."""
    found = rig(changed(MINING_NOW, gpus=[{"hashrate": 1}, CARD]))
    assert [*found.parts] == [RIG, UUID]
    assert found.unparsed == ("gpus.0",)


def test_cards_that_share_a_name() -> None:
    """The next best one tells them apart."""
    twin = {**CARD, "pci_bus": 3, "gpu_id": 1, "gpu_user_id": 1, "device_id": 1}
    found = rig(changed(MINING_NOW, gpus=[CARD, twin]))
    assert [*found.parts] == [RIG, UUID, "0000:03:00"]


@pytest.mark.parametrize(
    ("name", "vendor", "shown"),
    [
        ("RTX 3080", "Gigabyte", "Gigabyte RTX 3080"),
        ("RTX 3080", "NVIDIA", "RTX 3080"),
        ("RTX 3080", "", "RTX 3080"),
        ("Gigabyte RTX", "Gigabyte", "Gigabyte RTX"),
        ("", "Gigabyte", None),
        ("", "", None),
    ],
)
def test_what_a_card_is_called(name: str, vendor: str, shown: str | None) -> None:
    """Make and model, as far as T-Rex knows them."""
    assert card_with(name=name, vendor=vendor).name == shown


def test_a_list_that_shrinks_keeps_every_card_itself() -> None:
    """A card that fails leaves no place to another one."""
    twin = {**CARD, "uuid": "ab" * 16, "temperature": 55, "gpu_user_id": 1}
    both = rig(changed(MINING_NOW, gpus=[CARD, twin]))
    rest = rig(changed(MINING_NOW, gpus=[twin]))
    assert rest.parts["ab" * 16] == both.parts["ab" * 16]
    assert UUID not in rest.parts
    assert rest.removed == frozenset()


def test_no_cards_yet() -> None:
    """While it begins there may be none."""
    assert [*rig(changed(MINING_NOW, gpus=[])).parts] == [RIG]


def test_without_the_drivers_library() -> None:
    """What it told is not known; nothing of it is 0."""
    gone = ("temperature", "fan_speed", "power", "power_avr", "cclock", "mclock")
    blind = {
        key: value
        for key, value in CARD.items()
        if key not in (*gone, "memory_temperature", "efficiency")
    }
    before, after = card_with(), card(changed(MINING_NOW, gpus=[blind]))
    lost = {channel.key for channel in before.values.keys() - after.values.keys()}
    assert lost == {
        "temperature",
        "memory_temperature",
        "fan_level",
        "power",
        "t_rex_power_average",
        "core_clock",
        "memory_clock",
    }
    assert after.key == before.key


def test_shares_of_cards_before_they_had_their_own() -> None:
    """They stand in a list by the cards' numbers."""
    found = rig(EIGHT)
    assert found.parts["gpu7"].get(ACCEPTED.plain) == 62
    # The card that failed is no more among the cards, but in that list.
    fewer = rig(changed(EIGHT, gpus=EIGHT["gpus"][1:]))
    assert fewer.parts["gpu7"].get(ACCEPTED.plain) == 62
    assert fewer.parts["gpu1"].get(ACCEPTED.plain) == 43
    none = rig(changed(EIGHT, stat_by_gpu=EIGHT["stat_by_gpu"][:1]))
    assert ACCEPTED.plain not in none.parts["gpu1"].values


def test_lists_beside_the_cards_are_joined_by_device() -> None:
    """Where they do not name it, by place."""
    twin = {**CARD, "uuid": "ab" * 16, "device_id": 1, "gpu_id": 1}
    dual = {"gpus": [{"device_id": 1, "hashrate": 1}, {"device_id": 0, "hashrate": 2}]}
    crossed = rig(changed(MINING_NOW, gpus=[CARD, twin], dual_stat=dual))
    second = HASHRATE.channel(number=2)
    assert crossed.parts[UUID].get(second) == 2
    assert crossed.parts["ab" * 16].get(second) == 1
    dual = {"gpus": [{"hashrate": 1}, {"hashrate": 2}]}
    placed = rig(changed(MINING_NOW, gpus=[CARD, twin], dual_stat=dual))
    assert placed.parts[UUID].get(second) == 1
    assert placed.parts["ab" * 16].get(second) == 2


@pytest.mark.parametrize(
    ("validates", "count", "shown"),
    [(False, 0, None), (False, 3, 3), (True, 0, 0), (None, 0, 0)],
)
def test_invalid_shares(*, validates: Any, count: int, shown: int | None) -> None:
    """A miner that does not validate them counts none."""
    summary = changed(MINING_NOW, validate_shares=validates, invalid_count=count)
    assert rig(summary).rig.get(INVALID.plain) == shown


@pytest.mark.parametrize(
    ("api", "disabled", "shown"),
    [
        ("1.1", None, None),
        ("1.2", None, False),
        ("4.1", None, False),
        ("4.1", True, True),
        ("4.1", False, False),
        ("4.1", "very", None),
    ],
)
def test_a_card_that_rests(api: str, disabled: Any, shown: bool | None) -> None:
    """That it does not is said by saying nothing."""
    gpu = {**CARD, "disabled": disabled} if disabled is not None else CARD
    found = card(changed(MINING_NOW, api=api, gpus=[gpu]))
    assert found.get(readings.DISABLED.plain) is shown


@pytest.mark.parametrize(("tune", "shown"), [(0.0, 0), (73.5, 73.5), (-1, None)])
def test_lhr_tuning(tune: float, shown: float | None) -> None:
    """Below 0 it is automatic, which is no number."""
    found = card_with(lhr_tune=tune)
    assert found.get(readings.LHR_TUNE.plain) == shown
    assert rig(changed(MINING_NOW, gpus=[{**CARD, "lhr_tune": tune}])).unparsed == ()


# ---- what may mine, and what may be ordered


@pytest.mark.parametrize(
    ("paused", "cards", "allowed"),
    [
        (False, [False, False], True),
        (False, [True, False], True),
        (False, [True, True], False),
        (True, [False, False], False),
        (None, [True, True], False),
        (None, [True, False], True),
        (None, [None, None], None),
        (False, [None, None], True),
        (False, [], True),
        (None, [], None),
    ],
)
def test_allowed(
    *, paused: bool | None, cards: list[bool | None], allowed: bool | None
) -> None:
    """A rig all of whose cards are paused is paused."""
    gpus = [
        {**CARD, "uuid": f"{number:032x}", "paused": state}
        for number, state in enumerate(cards)
    ]
    found = rig(changed(MINING_NOW, paused=paused, gpus=gpus))
    assert found.rig.get(MINING_ALLOWED.plain) is allowed
    assert (MINING_ALLOWED.plain in found.rig.controls) is (allowed is not None)


@pytest.mark.parametrize(
    ("api", "whole", "single"),
    [
        ("1.2", False, False),
        ("1.3", True, False),
        ("3.3", True, False),
        ("4.1", True, True),
        (4.1, True, True),
        ("5.0", True, True),
        (None, False, False),
        ("four", False, False),
    ],
)
def test_what_can_be_paused(api: Any, *, whole: bool, single: bool) -> None:
    """Nothing before API 1.3, the whole rig before 4.1."""
    found = rig(changed(MINING_NOW, api=api))
    assert (MINING_ALLOWED.plain in found.rig.controls) is whole
    assert (MINING_ALLOWED.plain in found.parts[UUID].controls) is single
    assert (STOP in found.rig.actions) is whole


def test_a_card_without_a_number_cannot_be_paused() -> None:
    """There is no way to name it."""
    found = card_with(gpu_user_id=None, gpu_id=None)
    assert found.get(MINING_ALLOWED.plain) is True
    assert found.controls == {}


# ---- updates


@pytest.mark.parametrize(
    ("updates", "release"),
    [
        (None, Release(installed="0.24.6", latest="0.24.6")),
        ({}, Release(installed="0.24.6", latest="0.24.6")),
        ([1], Release(installed="0.24.6", latest="0.24.6")),
        (
            {"version": "0.26.8", "url": "javascript:alert(1)", "notes": "a\nb\t\n"},
            Release(installed="0.24.6", latest="0.26.8", notes="a\nb"),
        ),
        (
            {
                "version": "0.26.8",
                "download_status": {
                    "update_in_progress": True,
                    "downloaded_bytes": 5,
                    "total_bytes": 0,
                },
            },
            Release(installed="0.24.6", latest="0.26.8", in_progress=True),
        ),
        (
            {
                "version": "0.26.8",
                "notes": 7,
                "download_status": {
                    "update_in_progress": True,
                    "downloaded_bytes": 9,
                    "total_bytes": 4,
                },
            },
            Release(
                installed="0.24.6", latest="0.26.8", in_progress=True, progress=100
            ),
        ),
    ],
)
def test_releases(updates: Any, release: Release) -> None:
    """The running version, and the newer one that the miner knows of."""
    found = rig(changed(MINING_NOW, updates=updates)).rig
    assert found.release == release
    newer = release.latest != release.installed
    assert (readings.STOP_UPDATE in found.actions) is newer


def test_a_rig_without_a_version_has_no_release() -> None:
    """Nothing can be compared then."""
    assert rig(changed(MINING_NOW, version=None)).rig.release is None


# ---- the configuration

CONFIG: JsonObject = {
    "algo": "kawpow",
    "api_bind_http": "0.0.0.0:4067",
    "api_key": "SECRET",
    "api_read_only": False,
    "api_webserver_pkey": "/root/SECRET.pem",
    "hashrate_avr": 60,
    "keep_gpu_busy": True,
    "no_color": False,
    "pools": [
        {
            "user": "SECRET",
            "pass": "SECRET",
            "url": "stratum+tcp://SECRET.rig:SECRET@pool.example:3333",
            "worker": "attic",
        }
    ],
    "pass2": "SECRET",
    "protocol_dump": "true",
    "proxy": "SECRET:SECRET@10.0.0.1:1080",
    "temperature_limit": "75",
    "temperature_start": 0,
    "time_limit": "12.5",
    "user2": "",
}


def test_settings(snapshot: SnapshotAssertion) -> None:
    """Names come with dashes or underscores, values with their type or as a text."""
    found = parse_config(CONFIG)
    assert found.unparsed == ()
    assert {channel.key: value for channel, value in found.values.items()} == snapshot
    assert {
        channel.key: (control.minimum, control.maximum)
        for channel, control in found.controls.items()
    } == snapshot
    with_dashes = {key.replace("_", "-"): value for key, value in CONFIG.items()}
    assert parse_config(with_dashes) == found


def test_a_limit_of_0_is_none() -> None:
    """It says that the miner's own protection is off, not that 0 °C is too hot."""
    found = parse_config({"temperature-limit": 0, "temperature-start": 0})
    assert found.values == {}
    limits = [found.controls[c.plain] for c in (readings.TEMPERATURE_LIMIT,)]
    assert [(limit.minimum, limit.maximum) for limit in limits] == [(40, 100)]


@pytest.mark.parametrize(
    ("told_of", "read_only"),
    [(True, True), ("true", True), (False, False), (None, False), (1, False)],
)
def test_read_only(*, told_of: Any, read_only: bool) -> None:
    """The configuration of a miner without a key says so."""
    assert parse_config({"api_read_only": told_of}).read_only is read_only


def test_redacted(snapshot: SnapshotAssertion) -> None:
    """No key, no password, no wallet; the rest stays as it is."""
    found = redacted(CONFIG)
    assert "SECRET" not in repr(found)
    assert found == snapshot


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"pools": []}, "pools"),
        ({"url2": "x"}, "url2"),
        ({"USER": "x"}, "USER"),
        ({"pass": "x"}, "pass"),
        ({"api_key": "x"}, "api_key"),
        ({"api-bind-http": "0"}, "api-bind-http"),
        ({"script-start": "rm"}, "script-start"),
        ({"proxy": "x"}, "proxy"),
        ({"no_strict_ssl": True}, "no_strict_ssl"),
        ({"log-path": "/etc/passwd"}, "log-path"),
        ({"x": [{"wallet": 1}]}, "wallet"),
        ({"x": {"user": 1}}, "user"),
    ],
)
def test_refused_keys(changes: JsonObject, key: str) -> None:
    """What locks the owner out, moves money or starts programs."""
    with pytest.raises(CommandRefused) as caught:
        to_send(changes)
    assert caught.value.translation_key == "config_key_refused"
    assert caught.value.placeholders == {"key": key}


@pytest.mark.parametrize(
    "name", ["../x.json", "t-rex", "t-rex.exe", "a/b.conf", ".json", "", "C:x.txt", 7]
)
def test_refused_files(name: Any) -> None:
    """Only a file of the miner's folder that is no program."""
    with pytest.raises(CommandRefused) as caught:
        to_send({"config": name})
    assert caught.value.translation_key == "t_rex_file_name"


def test_to_send() -> None:
    """Names are written with dashes."""
    changes = {"hashrate_avr": 10, "intensity": "20,21", "config": "test.conf"}
    assert to_send(changes) == {
        "hashrate-avr": 10,
        "intensity": "20,21",
        "config": "test.conf",
    }


@pytest.mark.parametrize(
    ("found", "wanted", "same"),
    [
        (75, 75, True),
        ("75", 75, True),
        (75, "75", True),
        (True, "true", True),
        ("20,21", "20,21", True),
        ([1], [1], True),
        (75, 76, False),
        (None, 75, False),
    ],
)
def test_missing(found: Any, wanted: Any, *, same: bool) -> None:
    """A key is taken where the miner shows what was sent."""
    left = missing({"some_key": found}, {"some-key": wanted, "config": "t.conf"})
    assert left == ([] if same else ["some-key"])


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (False, "false"), (75.0, "75"), ("x", "x")]
)
def test_word(value: Any, text: str) -> None:
    """Capital letters do nothing."""
    assert to_text(value) == text
