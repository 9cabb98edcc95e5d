"""What the workers of an xmrig-proxy are called, without showing secrets.

By the proxy's `mode` of naming, a name is a rig id (without one, the user), a user, a
password, an agent or an address. Users and passwords are secrets, and so is a wallet in
any name: such a worker is identified by a digest of its name, with a key that never
leaves this computer. The proxy does not tell a rig id from a user; a name is known to be
one by the accounts of the proxy's own pools.
"""

from dataclasses import dataclass
from hashlib import blake2b
import re
from typing import Final

from ...common.decoding import WALLET

_LONGEST_NAME: Final = 32
"""Characters of a name that is shown unchanged."""
_PUBLIC_MODES: Final = frozenset((None, "none", "rig_id", "agent", "ip"))
_AGENT: Final = "agent"
_IP: Final = "ip"
_UNNAMED: Final = "Unnamed worker"
_ACCOUNT_ENDS: Final = re.compile(r"[.+/:@]")
"""What follows is the name of a worker, a difficulty or a host."""
_EMAIL_ADDRESS: Final = re.compile(r"\S@\S+\.\S")
_SHOWN: Final = 4
_MOST_KNOWN: Final = 20_000
_DIGEST_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Name:
    """The key of a worker's part, and the name that is shown."""

    key: str
    shown: str


class Names:
    """Makes names for workers that hold no secrets."""

    def __init__(self, salt: str) -> None:
        """Take the key for the digests."""
        self._salt = salt.encode()[: blake2b.MAX_KEY_SIZE]
        self._known: dict[tuple[str | None, str], Name] = {}
        self._accounts: frozenset[str] = frozenset()

    @property
    def accounts(self) -> frozenset[str]:
        """The digests of accounts, whose workers are hidden."""
        return self._accounts

    @accounts.setter
    def accounts(self, digests: frozenset[str]) -> None:
        self._accounts = digests
        self._known.clear()

    def account_digest(self, user: str) -> str:
        """Return the digest of the account in a pool's user or a worker's name."""
        return self._digest(_ACCOUNT_ENDS.split(user, maxsplit=1)[0].casefold())

    def of(self, name: str, mode: str | None) -> Name:
        """Return the name of a worker; `mode` is what the proxy names workers by."""
        known = self._known.get((mode, name))
        if known is None:
            if len(self._known) >= _MOST_KNOWN:
                # A proxy whose workers change their names all the time.
                self._known.clear()
            known = self._known[mode, name] = self._make(name, mode)
        return known

    def _make(self, name: str, mode: str | None) -> Name:
        digest = self._digest(name)
        if not name:
            return Name(f"hidden_{digest}", _UNNAMED)
        printable = "".join(filter(str.isprintable, name)).strip()
        if not (_is_secret(name, mode) or self._is_account(name, mode)):
            key = f"worker_{name}" if name.isprintable() else f"hidden_{digest}"
            return Name(key, printable or f"{_UNNAMED} {digest[:4]}")
        # Of a short password, at most a third is shown.
        short = mode != _AGENT or _looks_private(name)
        length = min(_SHOWN, len(name) // 3) if short else _LONGEST_NAME
        return Name(f"hidden_{digest}", f"{printable[:length].strip()}… {digest[:4]}")

    def _digest(self, text: str) -> str:
        return blake2b(
            text.encode(), digest_size=_DIGEST_BYTES, key=self._salt
        ).hexdigest()

    def _is_account(self, name: str, mode: str | None) -> bool:
        return mode not in (_AGENT, _IP) and self.account_digest(name) in self._accounts


def _is_secret(name: str, mode: str | None) -> bool:
    return (
        mode not in _PUBLIC_MODES or len(name) > _LONGEST_NAME or _looks_private(name)
    )


def _looks_private(name: str) -> bool:
    return any(pattern.search(name) for pattern in (WALLET, _EMAIL_ADDRESS))
