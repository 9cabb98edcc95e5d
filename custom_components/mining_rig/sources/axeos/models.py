"""Which machine answers: family, model, firmware."""

from dataclasses import dataclass
import re
from typing import Final

from ..common.decoding import Fields
from ..common.mac_address import mac_address

_VERSION: Final = re.compile(r"v?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?")
_BOARDS: Final = {
    "Max": ("2.2", "102"),
    "Ultra": ("0.11", "201", "202", "203", "204", "205", "207"),
    "Supra": ("400", "401", "402", "403"),
    "Gamma": ("600", "601", "602", "603"),
    "GammaDuo": ("650",),
    "Hex": ("302", "303"),
    "SupraHex": ("701", "702"),
    "GT": ("801",),
}
"""Names of Bitaxe models by `boardVersion`."""
_MODELS: Final = {board: name for name, boards in _BOARDS.items() for board in boards}
_NERD: Final = re.compile(r"nerd|q\d", re.IGNORECASE)
_TWO_FANS: Final = ("Hex", "SupraHex")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What does not change while a miner runs."""

    maker: str
    model: str
    mac: str | None
    """Upper case with colons; None where it is hidden or missing."""
    version: str | None
    release: tuple[int, int, int]
    """The numbers of the firmware's version, zeros where it has none."""
    has_two_fans: bool = False

    @property
    def is_nerd(self) -> bool:
        """Whether it runs the firmware of the NerdQAxe family."""
        return self.maker == "NerdQAxe"

    @property
    def is_bitaxe(self) -> bool:
        """Whether it runs ESP-Miner itself."""
        return self.maker == "Bitaxe"


def is_axeos(fields: Fields) -> bool:
    """Return whether an answer is that of such a miner, whatever its values are."""
    return any(map(fields.has, ("hashRate", "power"))) and any(
        map(fields.has, ("ASICModel", "deviceModel", "minerModel"))
    )


def machine(fields: Fields) -> Machine:
    """Return the machine of an answer to `/api/system/info`."""
    version = fields.text("version")
    found = _VERSION.match(version or "")
    maker, model = _model(fields)
    return Machine(
        maker=maker,
        model=model,
        mac=mac_address(fields.text("macAddr")),
        version=version,
        release=(int(found[1]), int(found[2]), int(found[3] or 0))
        if found
        else (0, 0, 0),
        has_two_fans=maker == "Bitaxe" and model.endswith(_TWO_FANS),
    )


def _model(fields: Fields) -> tuple[str, str]:
    """Return maker and model. Lucky Miner copies the board versions of others."""
    if model := fields.text("minerModel"):
        return "Lucky Miner", model
    if fields.has("chiptemp1"):
        return "BitForge", "Nano"
    chip = fields.text("ASICModel")
    if (model := fields.text("deviceModel")) and _NERD.match(model):
        return "NerdQAxe", model
    if fields.has("hashRate_1d") or fields.has("hashRateTimestamp"):
        return "NerdQAxe", f"NerdQAxe ({chip or '?'})"
    board = fields.text("boardVersion") or ""
    if name := _MODELS.get(board):
        return "Bitaxe", name
    if model and model != "invalid":
        # One of the many that build on the same firmware.
        return "AxeOS", model
    return "Bitaxe", f"Bitaxe ({chip or '?'})"
