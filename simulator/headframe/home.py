"""An account as somebody has it at home, and what stands around it at the pool."""

from decimal import Decimal

from .accounts import (
    OPERATOR,
    POOL,
    Change,
    Fee,
    Group,
    Miner,
    Registry,
    Sharing,
    User,
    Wallet,
    make_id,
    make_token,
)
from .ledger import midnight
from .mining import DAY, HOUR, Machine, Plan, Slice

TERA = 10**12


def wallet(name: str, since: float, threshold: Decimal) -> Wallet:
    """Return a wallet with an address and a threshold."""
    found = make_id("wallet", name)
    address = f"bc1q{found.replace('-', '')}00000"
    return Wallet(
        id=found,
        addresses=[Change(value=address, valid_from=since, updated_at=since)],
        thresholds=[Change(value=threshold, valid_from=since, updated_at=since)],
    )


def machines(name: str, since: float, count: int | None) -> list[Machine]:
    """Return machines, one of them with a bad connection; or so many equal ones."""
    if count is not None:
        return [
            Machine(
                id=make_id(name, "rack", number),
                name=f"rack-{number:03d}",
                nominal=(90 + number % 7) * TERA,
                since=since,
            )
            for number in range(count)
        ]
    return [
        Machine(
            id=make_id(name, "s21-cellar"),
            name="s21-cellar",
            nominal=196.5 * TERA,
            since=since,
            rejected=0.003,
        ),
        Machine(
            id=make_id(name, "s19-garage"),
            name="s19-garage",
            nominal=95.2 * TERA,
            since=since,
            rejected=0.005,
            rests_every=7 * HOUR,
            rests_for=22 * 60,
        ),
        Machine(
            id=make_id(name, "s9-heater"),
            name="s9-heater",
            nominal=13.8 * TERA,
            since=since + 12 * DAY,
            rejected=0.009,
            rests_every=DAY,
            rests_for=9 * HOUR,
        ),
        Machine(
            id=make_id(name, "bitaxe-desk"),
            name="bitaxe-desk",
            nominal=1.2 * TERA,
            since=since + 20 * DAY,
            rejected=0.002,
        ),
    ]


def build(name: str, now: float, *, days: int, count: int | None = None) -> Registry:
    """Open the pool: an account that is `days` old, one more, an operator, the pool.

    `count` machines; None: the four of a home.
    """
    since = midnight(now - days * DAY)
    user = User(
        email="miner@example.com",
        password="Cellar-7890",
        roles={},
        api_keys={f"hfak_{make_id('key', name).replace('-', '')}"},
    )
    home = Miner(
        account_name="".join(x for x in name if x.isalnum() or x == "_"),
        title="Garage and cellar",
        since=since,
        fees=[
            Fee(
                fee=Decimal("0.02"),
                valid_from=since,
                valid_until=midnight(now) + 9 * DAY,
                comment="Standard",
            ),
            Fee(
                fee=Decimal("0.015"),
                valid_from=midnight(now) + 10 * DAY,
                comment="Loyal customer",
            ),
        ],
        owner=user.id,
        machines=machines(name, since, count),
        wallets=[wallet(name, since, Decimal("0.001"))],
        referrals=[(make_id(name, "friend"), 110.0 * TERA, Decimal("0.1"))],
        codes=["hfrc_XZKKINF0"],
    )
    holidays = Miner(
        account_name="HolidayHouse",
        title=None,
        since=since,
        fees=[Fee(fee=Decimal("0.02"), valid_from=since)],
        owner=make_id("user", "neighbour"),
        machines=[
            Machine(
                id=make_id(name, "barn"), name="barn", nominal=88.0 * TERA, since=since
            )
        ],
    )
    piece = Slice(
        id=make_id(name, "slice"),
        name="for-a-friend",
        donor=home.id,
        recipient=holidays.id,
        since=since + 30 * DAY,
        plans=[Plan(since + 30 * DAY, 5 * TERA)],
    )
    for side in (home, holidays):
        side.slices.append(piece)
    home.sharings.append(
        Sharing(
            recipient=holidays.id,
            rate=Decimal("0.01"),
            type="profit_sharing",
            valid_from=since + 10 * DAY,
        )
    )
    home.add_link(make_token(name), "Home", since, accountant=True)
    home.add_link(make_token(name, "guest"), "Guest", since)
    operator = Group(
        type=OPERATOR, title="Container Park", since=since, miners=[holidays]
    )
    holidays.operator = operator.id
    pool = Group(
        type=POOL, title="Headframe of Tests", since=since, miners=[home, holidays]
    )
    user.roles = {
        home.id: ["owner"],
        holidays.id: ["viewer"],
        operator.id: ["admin"],
        pool.id: ["admin"],
    }
    return Registry([home, holidays, operator, pool], [user])
