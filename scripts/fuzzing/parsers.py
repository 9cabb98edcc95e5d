"""Every parser with spoilt copies of the answers that were recorded for it.

The sources that the tests read by a pure function come from their table, so that a new
one is tried here too. What is read otherwise has its own line.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
import json
from pathlib import Path
from random import Random
from typing import Any, Final

from custom_components.mining_rig.model import RIG, Part, PartKind, Snapshot, part_map
from custom_components.mining_rig.sources.common.contract import SourceError
from custom_components.mining_rig.sources.common.decoding import Fields
from custom_components.mining_rig.sources.common.http import Answer
from custom_components.mining_rig.sources.headframe.parse import (
    account,
    hashrate,
    money,
)
from custom_components.mining_rig.sources.headframe.readings import BALANCE
from custom_components.mining_rig.sources.rig_monitor.parse import parse_log
from custom_components.mining_rig.sources.rig_monitor.protocol import (
    Message,
    RigType,
    cleaned,
    has_any,
    missing,
    recognize,
)
from custom_components.mining_rig.sources.rig_monitor.specs import (
    parse_specs,
    specs_to_keep,
)
from tests.sources.spoil import check, check_value
from tests.sources.test_spoilt_answers import CASES

from . import asics
from .mutate import Mutator
from .parser import Parser
from .trial import Trial

_FIXTURES: Final = Path(__file__).parents[2] / "tests/fixtures"
_NOW: Final = datetime(2026, 11, 21, 12, tzinfo=UTC)


def _from_tests(read: Callable[..., Snapshot]) -> Callable[..., None]:
    def read_bodies(*bodies: bytes) -> None:
        check(read(*(Answer(200, body).json() for body in bodies)))

    return read_bodies


def _read_pushed(rig_type: RigType) -> Callable[[bytes], None]:
    def read(body: bytes) -> None:
        fields = cleaned(Answer(200, body).json())
        recognize(rig_type, fields)
        for message in Message:
            missing(rig_type, message, fields)
            has_any(rig_type, message, fields)
        log = parse_log(rig_type, fields, _NOW)
        for values in log.parts.values():
            for channel, value in values.items():
                # Temperatures below 0 °C are measured, too.
                if not isinstance(value, int | float) or value >= 0:
                    check_value(channel, value)
        specs = parse_specs(rig_type, specs_to_keep(fields))
        for channel, value in specs.values.items():
            check_value(channel, value)

    return read


def _read_pool(body: bytes) -> None:
    """Read an answer of the pool by everything that could ever meet it."""
    answer = Answer(200, body)
    account.parse_permissions(answer.json())
    account.parse_user(answer.json())
    fields = Fields(answer.exact_json())
    account.parse_details(fields)
    workers = hashrate.parse_workers(fields.each("data"))
    for values in (
        account.referral_values(fields.each("data")),
        account.profit_sharing_values(fields),
        hashrate.parse_stats(fields),
        hashrate.parse_pool_stats(fields),
        hashrate.count_workers(workers.values()),
        money.parse_earnings(fields),
        money.parse_amount(fields, BALANCE.plain),
        money.threshold_values(fields, _NOW, None, settable=True),
        money.address_values(fields, _NOW, 2),
        money.fee_values(money.parse_fees(fields.each("data"), _NOW)),
        money.parse_reward_rate(fields),
        *map(hashrate.worker_values, workers.values()),
    ):
        part = Part(kind=PartKind.RIG, key=RIG, values=values)
        Snapshot(parts=part_map(part))
    account.parse_notifications(fields)
    money.parse_payments(fields.each("data"))
    hashrate.parse_points(fields)


def _files(*globs: str) -> list[list[bytes]]:
    paths = sorted(path for glob in globs for path in _FIXTURES.glob(glob))
    return [[path.read_bytes()] for path in paths]


def parsers() -> Mapping[str, Parser]:
    """Return every parser by its name."""
    pushed = "rig_monitor/{}_*.request.json"
    return {
        **{
            name: Parser(
                _from_tests(case.read),
                [
                    [json.dumps(a).encode() for a in pattern]
                    for pattern in case.patterns
                ],
            )
            for name, case in CASES.items()
        },
        **{
            f"rig_monitor_{rig_type}": Parser(
                _read_pushed(rig_type), _files(pushed.format(rig_type))
            )
            for rig_type in RigType
        },
        "headframe": Parser(
            _read_pool, _files("headframe/constructed/*.json", "headframe/seed/*.json")
        ),
        **asics.parsers(),
    }


async def run(inputs: int, seed: int, only: str = "") -> AsyncIterator[Trial]:
    """Try each parser with that many inputs."""
    for name, parser in parsers().items():
        if only not in name:
            continue
        trial = Trial(name)
        random = Random(f"{seed} {name}")
        mutator = Mutator(random)
        for number in range(inputs):
            bodies = [*random.choice(parser.patterns)]
            for index in {random.randrange(len(bodies)) for _ in range(2)}:
                bodies[index] = mutator.mutate(bodies[index])[: parser.limit]
            await trial.run(number, b"\n".join(bodies), partial(_read, parser, bodies))
        yield trial


async def _read(parser: Parser, bodies: Sequence[bytes]) -> str:
    try:
        answers: Sequence[Any] = bodies
        if (decode := parser.decode) is not None:
            answers = [await asyncio.to_thread(decode, body) for body in bodies]
        parser.read(*answers)
    except SourceError as err:
        return type(err).__name__
    return "read"
