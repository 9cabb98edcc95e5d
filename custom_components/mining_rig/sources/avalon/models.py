"""Which Avalon answers, and what it is made for."""

from dataclasses import dataclass
import re
from typing import Final

from ..common.decoding import Fields
from ..common.mac_address import mac_address

_BUILD: Final = re.compile(r"([^-]+)-")
_DNA: Final = re.compile(r"[0-9A-Fa-f]{16,64}")
_HOME: Final = ("nano", "mini", "q")


@dataclass(frozen=True, slots=True, kw_only=True)
class Modes:
    """The modes of a model by their numbers on the wire."""

    verb: str
    key: str
    """The key of the number in the machine's answer."""
    names: tuple[str, ...]


_MODES: Final = {
    "q": Modes(verb="workmode", key="WORKMODE", names=("eco", "standard", "super")),
    "mini3": Modes(
        verb="workmode", key="WORKMODE", names=("heating", "mining", "night")
    ),
    "nano3s": Modes(verb="workmode", key="WORKMODE", names=("low", "normal", "high")),
    "nano3": Modes(verb="worklevel", key="WORKLEVEL", names=("low", "normal", "high")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What does not change while a machine runs."""

    model: str | None = None
    """As the maker's program writes it: "Q", "Nano3s", "1346-116"."""
    name: str | None = None
    """As the owner knows it: "Avalon Q"."""
    version: str | None = None
    mac: str | None = None
    """Upper case with colons."""
    serial: str | None = None

    @property
    def short(self) -> str:
        """The model for comparisons: "nano3s"."""
        found = re.sub(r"[^a-z0-9]", "", (self.model or "").casefold())
        # Some builds of the Nano 3S give the older model's name.
        is_3s = found == "nano3" and "3s" in (self.name or "").casefold()
        return "nano3s" if is_3s else found

    @property
    def modes(self) -> Modes | None:
        """The modes of the model, None where they are not known."""
        return _MODES.get(self.short)

    @property
    def is_home(self) -> bool:
        """Whether it is a model for the home, with other verbs than the A series."""
        return self.short.startswith(_HOME)


def machine(version: Fields, stats_version: str | None) -> Machine:
    """Return the machine of an answer to `version`, which may be missing.

    `stats_version` is the text in `Ver[…]`: "Nano3s-25021401_56abae7".
    """
    stated = _BUILD.match(stats_version or "")
    model = version.text("MODEL") or (stated[1] if stated else None)
    name = version.text("PROD") or (f"Avalon {model}" if model else None)
    dna = version.text("DNA") or ""
    return Machine(
        model=model,
        name=name,
        version=next(
            (
                text
                for key in ("LVERSION", "VERSION", "CGVERSION")
                if (text := version.text(key))
            ),
            stats_version,
        ),
        mac=mac_address(version.text("MAC")),
        serial=dna if _DNA.fullmatch(dna) else None,
    )
