"""Operations about workers and hashrates."""

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation

from .accounts import OPERATOR, POOL, Account, Miner, make_id
from .asking import Asked, Caller, Json, forbidden, invalid, not_found
from .ledger import midnight
from .mining import DAY, Plan, Slice, Worker, total
from .people import group_of, miner_of
from .routes import Answer, Pool, operation
from .shapes import (
    PERIODS,
    boundary_worker,
    chart,
    chart_frame,
    counts,
    daily_report,
    windows,
    worker as worker_shape,
)

_STATUSES = ("stable", "unavailable", "off", "removed")
_BEHAVIORS = ("hardware", "boundary")
_LEAST_SLICE = 2**32
_MOST_DAYS = 90
_NAME = r"[\w\-%$#@!^&*()\[\]{}<>/\\'\"~]{3,64}"

type _Key = Callable[[Worker, float], object]


def _rate(seconds: float) -> _Key:
    return lambda worker, now: worker.average(now - seconds, now).hashrate


def _rejected(worker: Worker, now: float) -> object:
    found = worker.average(now - 900, now)
    return found.rejected / (found.hashrate or 1)


_SORTS: dict[str, _Key] = {
    "default": lambda worker, now: (worker.status(now) != "stable", worker.since),
    "worker_name": lambda worker, now: worker.name,
    "hash_rate_15m": _rate(900),
    "hash_rate_1h": _rate(3600),
    "hash_rate_24h": _rate(DAY),
    "reject_pct_15m": _rejected,
}


# ---- workers


def _page_of_workers(workers: Sequence[tuple[Miner, Worker]], asked: Asked) -> Json:
    statuses = asked.several("status", _STATUSES) or _STATUSES[:3]
    behaviors = asked.several("behavior", _BEHAVIORS) or _BEHAVIORS
    sort = asked.one("sort-by", (*_SORTS,), "default")
    backwards = asked.one("sort-direction", ("asc", "desc"), "asc") == "desc"
    now = asked.now
    found = [
        (miner, worker)
        for miner, worker in workers
        if worker.status(now) in statuses and worker.behavior in behaviors
    ]

    def key(pair: tuple[Miner, Worker]) -> tuple[object, str]:
        return _SORTS[sort](pair[1], now), pair[1].id

    found.sort(key=key, reverse=backwards)
    return asked.page([worker_shape(worker, miner, now) for miner, worker in found])


@operation(29, "GET", "/miners/{miner_id}/workers", known=True)
def miner_workers(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """List an account's workers."""
    miner = miner_of(pool, asked)
    caller.require_read(miner)
    return _page_of_workers([(miner, worker) for worker in miner.workers], asked)


def _group_workers(kind: str) -> None:
    @operation({POOL: 67, OPERATOR: 92}[kind], "GET", f"/{kind}s/{{{kind}_id}}/workers")
    def workers(pool: Pool, asked: Asked, caller: Caller) -> Answer:
        group = group_of(pool, asked, kind)
        caller.require_read(group)
        return _page_of_workers(
            [(miner, worker) for miner in group.miners for worker in miner.machines],
            asked,
        )


@operation(30, "GET", "/miners/{miner_id}/workers/statistics")
def miner_counts(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Count an account's workers."""
    miner = miner_of(pool, asked)
    caller.require_read(miner)
    return counts(miner.workers, asked.now)


@operation(93, "GET", "/operators/{operator_id}/workers/statistics")
def operator_counts(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Count the workers of an operator's accounts."""
    operator = group_of(pool, asked, OPERATOR)
    caller.require_read(operator)
    return counts(operator.workers, asked.now)


@operation(31, "GET", "/miners/{miner_id}/workers/daily-report")
def report(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Tell what each worker did on each day."""
    miner = miner_of(pool, asked)
    caller.require_read(miner)
    workers: list[tuple[str, Worker]] = [
        (miner.account_name, worker) for worker in miner.workers
    ]
    return daily_report(workers, *_days(asked), asked.now)


def _days(asked: Asked) -> tuple[float, float]:
    last = asked.day("to", midnight(asked.now))
    first = asked.day("from", last - 6 * DAY)
    if not first <= last <= first + _MOST_DAYS * DAY:
        raise invalid(f"to: must be from 0 to {_MOST_DAYS} days after from")
    return first, last


# ---- statistics and charts by a list of ids


def _readable_workers(pool: Pool, caller: Caller) -> dict[str, Worker]:
    return {
        worker_id: worker
        for worker_id, (miner, worker) in pool.registry.workers().items()
        if _may_read(caller, miner)
    }


def _readable_miners(pool: Pool, caller: Caller) -> dict[str, Miner]:
    return {
        miner.id: miner for miner in pool.registry.miners if _may_read(caller, miner)
    }


def _may_read(caller: Caller, account: Account) -> bool:
    try:
        caller.require_read(account)
    except type(forbidden()):
        return False
    return True


@operation(37, "GET", "/workers/stats", known=True)
def worker_stats(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Tell averages of workers; an unknown one is left out."""
    known = _readable_workers(pool, caller)
    return {
        worker_id: windows(known[worker_id].average, asked.now)
        for worker_id in asked.ids
        if worker_id in known
    }


@operation(79, "GET", "/miners/stats")
def miner_stats(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Tell averages of accounts; an unknown one is left out."""
    known = _readable_miners(pool, caller)
    return {
        miner_id: _windows_of(known[miner_id].workers, asked.now)
        for miner_id in asked.ids
        if miner_id in known
    }


def _windows_of(workers: Sequence[Worker], now: float) -> Json:
    return windows(lambda start, end: total(workers, start, end), now)


@operation(36, "GET", "/workers/charts")
def worker_charts(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Draw workers; an unknown one spoils it all."""
    known = _readable_workers(pool, caller)
    return _charts(pool, asked, {key: [found] for key, found in known.items()})


@operation(78, "GET", "/miners/charts", known=True)
def miner_charts(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Draw accounts; an unknown one spoils it all."""
    known = _readable_miners(pool, caller)
    return _charts(pool, asked, {key: found.workers for key, found in known.items()})


def _charts(
    pool: Pool,
    asked: Asked,
    known: dict[str, Sequence[Worker]] | dict[str, list[Worker]],
) -> Json:
    period = asked.one("period", (*PERIODS,), "PT1H")
    if not {*asked.ids} <= known.keys():
        raise not_found()
    interval = pool.intervals[period]
    return {
        **chart_frame(period, interval, asked.now),
        "data": {
            found: chart(known[found], period, interval, asked.now)
            for found in asked.ids
        },
    }


def _chart(pool: Pool, asked: Asked, workers: Sequence[Worker]) -> Json:
    period = asked.one("period", (*PERIODS,), "PT1H")
    interval = pool.intervals[period]
    return {
        **chart_frame(period, interval, asked.now),
        "data": chart(workers, period, interval, asked.now),
    }


def _group_hashrates(kind: str) -> None:
    @operation({POOL: 62, OPERATOR: 94}[kind], "GET", f"/{kind}s/{{{kind}_id}}/charts")
    def charts(pool: Pool, asked: Asked, caller: Caller) -> Answer:
        group = group_of(pool, asked, kind)
        caller.require_read(group)
        return _chart(pool, asked, group.workers)

    @operation({POOL: 63, OPERATOR: 95}[kind], "GET", f"/{kind}s/{{{kind}_id}}/stats")
    def stats(pool: Pool, asked: Asked, caller: Caller) -> Answer:
        group = group_of(pool, asked, kind)
        caller.require_read(group)
        return _windows_of(group.workers, asked.now)


for _kind in (POOL, OPERATOR):
    _group_workers(_kind)
    _group_hashrates(_kind)


# ---- boundary workers: slices of hashrate for others


@operation(113, "GET", "/miners/{miner_id}/workers/boundary")
def boundary_workers(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """List what an account gives to others."""
    miner = miner_of(pool, asked)
    caller.require_read(miner)
    now = asked.now
    statuses = asked.several("status", ("stable", "off"))
    sort = asked.one(
        "sort-by",
        ("default", "worker_name", "nominal_hashrate", "created_at"),
        "default",
    )
    found = [
        piece
        for piece in miner.given
        if piece.status(now) != "removed"
        and (not statuses or piece.status(now) in statuses)
    ]

    def key(piece: Slice) -> tuple[float, str]:
        plan = piece.current(now) or piece.plans[-1]
        return {
            "worker_name": (0.0, piece.name),
            "nominal_hashrate": (float(plan.hashrate), piece.id),
        }.get(sort, (piece.since, piece.id))

    backwards = asked.one("sort-direction", ("asc", "desc"), "asc") == "desc"
    found.sort(key=key, reverse=backwards)
    return asked.page([boundary_worker(piece, pool.registry, now) for piece in found])


@operation(115, "GET", "/miners/{miner_donor_id}/workers/boundary/stats")
def boundary_stats(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Tell averages of what is given away."""
    miner = miner_of(pool, asked, "miner_donor_id")
    caller.require_read(miner)
    return _windows_of(miner.given, asked.now)


@operation(116, "GET", "/miners/{miner_donor_id}/workers/boundary/daily-report")
def boundary_report(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Tell what was given away on each day."""
    miner = miner_of(pool, asked, "miner_donor_id")
    caller.require_read(miner)
    names = pool.registry.accounts
    given: list[tuple[str, Worker]] = [
        (names[piece.recipient].account_name, piece) for piece in miner.given
    ]
    return daily_report(given, *_days(asked), asked.now)


@operation(126, "GET", "/miners/{miner_donor_id}/workers/boundary/charts")
def boundary_chart(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Draw what is given away."""
    miner = miner_of(pool, asked, "miner_donor_id")
    caller.require_read(miner)
    return _chart(pool, asked, miner.given)


@operation(122, "POST", "/workers/boundary", known=True)
def create_boundary_worker(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Give a slice of hashrate to another account."""
    sides = [
        pool.registry.accounts.get(asked.text(name))
        for name in ("donor_miner_id", "recipient_miner_id")
    ]
    donor, recipient = sides
    if not isinstance(donor, Miner) or not isinstance(recipient, Miner):
        raise not_found()
    caller.require_write(donor)
    name = asked.text("name", _NAME)
    plan = Plan(asked.now, _slice_hashrate(asked))
    piece = Slice(
        id=make_id(donor.id, recipient.id, name, asked.now, len(donor.slices)),
        name=name,
        donor=donor.id,
        recipient=recipient.id,
        since=asked.now,
        plans=[plan],
    )
    donor.slices.append(piece)
    recipient.slices.append(piece)
    return boundary_worker(piece, pool.registry, asked.now)


@operation(123, "GET", "/workers/boundary/{worker_id}")
def get_boundary_worker(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Describe a slice."""
    donor, piece = _slice(pool, asked)
    caller.require_read(donor)
    return boundary_worker(piece, pool.registry, asked.now)


@operation(124, "PUT", "/workers/boundary/{worker_id}")
def set_boundary_worker(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Give more or less, from the next day on."""
    donor, piece = _slice(pool, asked)
    caller.require_write(donor)
    begins = midnight(asked.now) + DAY
    plan = Plan(begins, _slice_hashrate(asked))
    piece.plans = [*(old for old in piece.plans if old.valid_from < begins), plan]
    return boundary_worker(piece, pool.registry, asked.now)


@operation(125, "DELETE", "/workers/boundary/{worker_id}", known=True)
def delete_boundary_worker(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Give it no more."""
    donor, piece = _slice(pool, asked)
    caller.require_write(donor)
    piece.removed_at = asked.now
    return None


def _slice(pool: Pool, asked: Asked) -> tuple[Miner, Slice]:
    for miner in pool.registry.miners:
        for piece in miner.given:
            if piece.id == asked.path["worker_id"] and piece.removed_at is None:
                return miner, piece
    raise not_found()


def _slice_hashrate(asked: Asked) -> int:
    try:
        hashrate = Decimal(asked.text("hashrate"))
    except InvalidOperation:
        raise invalid("hashrate: must be a valid decimal") from None
    if not hashrate.is_finite() or hashrate < _LEAST_SLICE:
        raise invalid(f"hashrate: must be no less than {_LEAST_SLICE}")
    return round(hashrate)
