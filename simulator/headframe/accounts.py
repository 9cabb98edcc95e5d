"""Accounts at a pool, who may see them, and what belongs to them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from uuid import NAMESPACE_URL, uuid5

from .ledger import Entry, Ledger, fine, midnight, reward_rate
from .mining import DAY, Machine, Slice, Worker, total

MINER, OPERATOR, POOL = "miner", "operator", "pool"
PAYMENTS = "section_payments_read"
"""What a watcher link with the extra permission `accountant` may do besides."""


def make_id(*words: object) -> str:
    """Make an id that is the same every time."""
    return str(uuid5(NAMESPACE_URL, ":".join(map(str, words))))


def make_token(*words: object) -> str:
    """Make a watcher link's token that is the same every time."""
    return f"hfwl_{sha256(':'.join(map(str, words)).encode()).hexdigest()}"


@dataclass(kw_only=True)
class Change[T]:
    """A value and from when it holds; those of one thing follow each other."""

    value: T
    valid_from: float
    updated_at: float


def at[T](changes: Sequence[Change[T]], now: float) -> T | None:
    """Return the value in force."""
    held = [change.value for change in changes if change.valid_from <= now]
    return held[-1] if held else None


def until[T](changes: Sequence[Change[T]], number: int) -> float | None:
    """Return when a value ends; None where none follows."""
    return changes[number + 1].valid_from if number + 1 < len(changes) else None


@dataclass(kw_only=True)
class Wallet:
    """Where an account's money goes, and from which amount on."""

    id: str
    addresses: list[Change[str]]
    thresholds: list[Change[Decimal]]


@dataclass(kw_only=True)
class Link:
    """A watcher link."""

    id: str
    token: str
    title: str | None
    accountant: bool
    created_at: float


@dataclass(kw_only=True)
class Sharing:
    """A part of an account's income that goes to another one."""

    recipient: str
    rate: Decimal
    type: str
    valid_from: float
    valid_until: float | None = None

    def holds(self, now: float) -> bool:
        """Whether it is in force."""
        return self.valid_from <= now and (
            self.valid_until is None or now < self.valid_until
        )


@dataclass(kw_only=True)
class Fee:
    """What somebody keeps for himself, by day."""

    fee: Decimal
    valid_from: float
    valid_until: float | None = None
    comment: str = ""


@dataclass(kw_only=True)
class Miner:
    """A mining account: not a machine."""

    type = MINER

    account_name: str
    title: str | None
    since: float
    fees: list[Fee]
    id: str = ""
    status: str = "active"
    operator: str | None = None
    owner: str = ""
    machines: list[Machine] = field(default_factory=list)
    slices: list[Slice] = field(default_factory=list)
    """Hashrate that other accounts give, or that it gives to others."""
    wallets: list[Wallet] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    sharings: list[Sharing] = field(default_factory=list)
    referrals: list[tuple[str, float, Decimal]] = field(default_factory=list)
    """Accounts it has invited: id, H/s, rate."""
    codes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Open the ledger."""
        self.id = self.id or make_id("miner", self.account_name)
        self.ledger = Ledger(
            owner=self.id,
            since=self.since,
            earn=self._earn,
            threshold=self._threshold,
        )

    @property
    def workers(self) -> list[Worker]:
        """Everything that hashes for it, machines or not."""
        return [*self.machines, *self.received]

    @property
    def received(self) -> list[Slice]:
        """What others give."""
        return [piece for piece in self.slices if piece.recipient == self.id]

    @property
    def given(self) -> list[Slice]:
        """What it gives to others."""
        return [piece for piece in self.slices if piece.donor == self.id]

    def fee(self, now: float) -> Decimal:
        """Return the pool's fee of a moment."""
        held = [fee.fee for fee in self.fees if fee.valid_from <= now]
        return held[-1] if held else Decimal()

    def add_machine(self, name: str, nominal: float, now: float) -> Machine:
        """Let a machine hash for it that was not there before."""
        machine = Machine(
            id=make_id(self.id, name, now), name=name, nominal=nominal, since=now
        )
        self.machines.append(machine)
        return machine

    def add_link(self, token: str, title: str | None, now: float, **more: bool) -> Link:
        """Make a watcher link."""
        link = Link(
            id=make_id(token),
            token=token,
            title=title,
            accountant=more.get("accountant", False),
            created_at=now,
        )
        self.links.append(link)
        return link

    def _threshold(self, now: float) -> Decimal | None:
        for wallet in self.wallets:
            if at(wallet.addresses, now) is not None:
                return at(wallet.thresholds, now)
        return None

    def _earn(self, start: float, end: float) -> Sequence[Entry]:
        rate = reward_rate(midnight(start))
        share = Decimal((end - start) / DAY)
        keep = 1 - self.fee(start)

        def entry(kind: str, workers: Sequence[Worker], *, incoming: bool) -> Entry:
            hashrate = round(total(workers, start, end).hashrate)
            return Entry(
                type=kind,
                amount=fine(hashrate * rate * share * keep),
                incoming=incoming,
                rate=rate,
                hashrate=hashrate,
            )

        reward = entry("reward", self.machines, incoming=True)
        entries = [reward]
        if self.received:
            entries.append(entry("virtual_mining_reward", self.received, incoming=True))
        if self.given:
            entries.append(entry("virtual_mining_transfer", self.given, incoming=False))
        entries += (
            Entry(
                type="profit_sharing",
                amount=fine(reward.amount * sharing.rate),
                incoming=False,
            )
            for sharing in self.sharings
            if sharing.holds(start)
        )
        return entries


@dataclass(kw_only=True)
class Group:
    """An operator or a pool: the accounts below it, and its part of their rewards."""

    type: str
    title: str
    since: float
    miners: list[Miner]
    id: str = ""
    status: str = "active"
    commission: Decimal = Decimal("0.01")

    def __post_init__(self) -> None:
        """Open the ledger."""
        self.id = self.id or make_id(self.type, self.title)
        self.ledger = Ledger(
            owner=self.id,
            since=self.since,
            earn=self._earn,
            threshold=lambda _: Decimal("0.001"),
        )

    @property
    def account_name(self) -> str:
        """Its name."""
        return self.title

    @property
    def workers(self) -> list[Worker]:
        """What its miners have."""
        return [worker for miner in self.miners for worker in miner.machines]

    def _earn(self, start: float, end: float) -> Sequence[Entry]:
        rate = reward_rate(midnight(start))
        hashrate = round(total(self.workers, start, end).hashrate)
        share = Decimal((end - start) / DAY)
        return [
            Entry(
                type="reward",
                amount=fine(hashrate * rate * share * self.commission),
                rate=rate,
                hashrate=hashrate,
            )
        ]


type Account = Miner | Group

EMAIL_TOPICS = (
    "delete-miner",
    "miner-payout",
    "miner-reward",
    "miner-wallet-address-changed",
    "miner-wallet-minpay-changed",
    "user-login",
)
TELEGRAM_TOPICS = ("worker-status-changed",)


@dataclass(kw_only=True)
class User:
    """A person, who may reach several accounts."""

    email: str
    password: str
    roles: dict[str, list[str]]
    """By the account's id."""
    id: str = ""
    status: str = "active"
    language: str = "en"
    totp: str | None = None
    """The code that is right at this moment, if a second factor is set up."""
    recovery_codes: dict[str, bool] = field(default_factory=dict)
    """Whether each was used."""
    api_keys: set[str] = field(default_factory=set)
    topics: dict[str, dict[str, bool]] = field(
        default_factory=lambda: {
            "email": dict.fromkeys(EMAIL_TOPICS, True),
            "telegram": dict.fromkeys(TELEGRAM_TOPICS, False),
        }
    )
    fixed_topics: set[str] = field(default_factory=lambda: {"delete-miner"})

    def __post_init__(self) -> None:
        """Have an id."""
        self.id = self.id or make_id("user", self.email)

    @property
    def wants_second_factor(self) -> bool:
        """Whether a code is asked after the password."""
        return self.totp is not None or bool(self.recovery_codes)


class Registry:
    """Who and what there is at the pool."""

    def __init__(self, accounts: Iterable[Account], users: Iterable[User]) -> None:
        """Open the pool."""
        self.accounts: dict[str, Account] = {
            account.id: account for account in accounts
        }
        self.users = list(users)

    @property
    def miners(self) -> list[Miner]:
        """All mining accounts."""
        return [a for a in self.accounts.values() if isinstance(a, Miner)]

    @property
    def groups(self) -> list[Group]:
        """All operators and pools."""
        return [a for a in self.accounts.values() if isinstance(a, Group)]

    def of_wallet(self, wallet_id: str) -> tuple[Miner, Wallet] | None:
        """Return a wallet and whose it is."""
        for miner in self.miners:
            for wallet in miner.wallets:
                if wallet.id == wallet_id:
                    return miner, wallet
        return None

    def of_link(self, token: str) -> tuple[Miner, Link] | None:
        """Return a watcher link and whose it is."""
        for miner in self.miners:
            for link in miner.links:
                if link.token == token:
                    return miner, link
        return None

    def workers(self) -> Mapping[str, tuple[Miner, Worker]]:
        """Return every worker by its id, with whose it is."""
        return {
            worker.id: (miner, worker)
            for miner in self.miners
            for worker in miner.workers
        }
