"""Prices that other integrations report, whatever unit they have them in.

A unit that is not understood, or of another currency, is no price: a wrong one would be
summed up for ever.
"""

from collections.abc import Iterator, Mapping
from math import isfinite
import re
from typing import Final

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, UnitOfEnergy
from homeassistant.core import State
from homeassistant.generated.currencies import ACTIVE_CURRENCIES
from homeassistant.util.unit_conversion import EnergyConverter

MOST_PRICE: Final = 1_000_000.0
"""The highest price of a kWh, in any currency: far above that in Lebanese pounds."""
_MOST_RATE: Final = 1e12
"""The highest worth of a coin, likewise."""

CURRENCIES: Final = tuple(sorted(ACTIVE_CURRENCIES))
"""The codes of ISO 4217."""

_DOLLARS: Final = (
    "USD AUD CAD NZD SGD HKD TWD MXN CLP COP ARS BBD BMD BND BSD BZD FJD GYD JMD KYD"
    " LRD NAD SBD SRD TTD UYU XCD DOP"
)
_SIGNS: Final[Mapping[str, str]] = {
    "€": "EUR",
    "euro": "EUR",
    "euros": "EUR",
    "£": "GBP EGP FKP GIP LBP SHP SYP",
    "$": _DOLLARS,
    "us$": "USD",
    "us": "USD",
    "a$": "AUD",
    "au$": "AUD",
    "c$": "CAD",
    "ca$": "CAD",
    "nz$": "NZD",
    "s$": "SGD",
    "hk$": "HKD",
    "nt$": "TWD",
    "r$": "BRL",
    "¥": "JPY CNY",
    "円": "JPY",
    "元": "CNY",
    "kr": "SEK NOK DKK ISK",
    "kr.": "SEK NOK DKK ISK",
    "kč": "CZK",
    "zł": "PLN",
    "ft": "HUF",
    "lei": "RON MDL",
    "fr": "CHF",
    "fr.": "CHF",
    "sfr": "CHF",
    "лв": "BGN",
    "₽": "RUB",
    "₴": "UAH",
    "₺": "TRY",
    "₹": "INR",
    "₩": "KRW",
    "₪": "ILS",
    "₫": "VND",
    "₱": "PHP",
    "฿": "THB",
    "₸": "KZT",
    "₾": "GEL",
    "rm": "MYR",
    "r": "ZAR",
}
"""What stands for a currency beside its code, in lower case; some are shared."""

_CENTS: Final = frozenset(("c", "ct", "cts", "cent", "cents", "¢"))
_HUNDREDTHS: Final[Mapping[str, str]] = {
    "p": "GBP",
    "pence": "GBP",
    "penny": "GBP",
    "gbx": "GBP",
    "öre": "SEK NOK DKK",
    "øre": "SEK NOK DKK",
    "ore": "SEK NOK DKK",
    "gr": "PLN",
    "grosz": "PLN",
    "groszy": "PLN",
    "rp": "CHF",
    "rp.": "CHF",
    "rappen": "CHF",
    "snt": "EUR",
    "bani": "RON MDL",
    "stotinki": "BGN",
    "paise": "INR",
    "sen": "MYR",
    "kuruş": "TRY",
    "agorot": "ILS",
    "centavos": "BRL MXN PHP COP ARS",
}
"""Names of a hundredth that not every currency has."""
_PENCE: Final = "GBp"
"""The one unit in which only the case tells a hundredth from the whole."""

_NO_CENTS: Final = (
    "BHD BIF CLP DJF GNF IQD ISK JOD JPY KMF KRW KWD LYD OMR PYG RWF TND UGX VND VUV"
    " XAF XOF XPF"
)
"""Currencies without hundredths."""

_PER: Final = re.compile(r"\s*(?:/|\bper\b)\s*", re.IGNORECASE)

_ENERGIES: Final[Mapping[str, str]] = {
    unit.casefold(): unit
    for unit in (
        UnitOfEnergy.WATT_HOUR,
        UnitOfEnergy.KILO_WATT_HOUR,
        UnitOfEnergy.GIGA_WATT_HOUR,
        UnitOfEnergy.TERA_WATT_HOUR,
    )
}
"""Units that may be spelt in any case; of MWh and mWh the case tells which it is."""


def money_factor(word: str, currency: str) -> float | None:
    """Return how much of a currency one of what is written is: 0.01 for "ct" in EUR.

    None where it is not known to be of that currency.
    """
    if word == _PENCE:
        return 0.01 if currency == "GBP" else None
    word = word.casefold().replace(" ", "")
    names = {currency.casefold(), *_names(_SIGNS, currency)}
    if word in names:
        return 1.0
    if currency in _NO_CENTS.split():
        return None
    if word in _CENTS or word in _names(_HUNDREDTHS, currency):
        return 0.01
    # "€ct", "ct€", "US¢"
    rests = {word.removeprefix(n) for n in names} | {
        word.removesuffix(n) for n in names
    }
    return 0.01 if rests & _CENTS else None


def _names(table: Mapping[str, str], currency: str) -> Iterator[str]:
    return (name for name, codes in table.items() if currency in codes.split())


def price_factor(unit: str | None, currency: str) -> float | None:
    """Return the factor that makes a price in `unit` one of a kWh in the currency.

    None where the unit is none of a price of energy in that currency.
    """
    money, energy = _split(unit)
    if (factor := money_factor(money, currency)) is None:
        return None
    energy = _ENERGIES.get(energy.casefold(), energy)
    if energy not in EnergyConverter.VALID_UNITS:
        return None
    return factor * EnergyConverter.convert(1, UnitOfEnergy.KILO_WATT_HOUR, energy)


def rate_factor(unit: str | None, currency: str, coin: str) -> float | None:
    """Return the factor that makes a rate in `unit` the currency that a coin is worth.

    A unit without a coin (EUR) is that of one coin. The reverse, BTC/EUR, is refused:
    some write it for a pair and mean the same, others for coins that one euro buys.
    """
    money, per = _split(unit)
    if per.casefold() not in ("", coin.casefold()):
        return None
    return money_factor(money, currency)


def _split(unit: str | None) -> tuple[str, str]:
    """Split a unit into what is before and behind the stroke."""
    parts = _PER.split(unit.strip(), maxsplit=1) if isinstance(unit, str) else [""]
    return parts[0], parts[1] if len(parts) > 1 else ""


def price_of(state: State | None, currency: str) -> float | None:
    """Return the price of a kWh that an entity shows; a negative one is a price too.

    None while it shows no number, or in a unit that is none of a price.
    """
    return _scaled(state, price_factor(unit_of(state), currency), MOST_PRICE)


def rate_of(state: State | None, currency: str, coin: str) -> float | None:
    """Return what a coin is worth, as an entity shows it; None while it is not known."""
    factor = rate_factor(unit_of(state), currency, coin)
    rate = _scaled(state, factor, _MOST_RATE)
    return rate if rate is not None and rate > 0 else None


def _scaled(state: State | None, factor: float | None, most: float) -> float | None:
    if state is None or factor is None:
        return None
    try:
        value = float(state.state) * factor
    except ValueError:
        return None
    return value if isfinite(value) and abs(value) <= most else None


def unit_of(state: State | None) -> str | None:
    """Return the unit of an entity, None where it has none."""
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT) if state else None
    return unit if isinstance(unit, str) else None
