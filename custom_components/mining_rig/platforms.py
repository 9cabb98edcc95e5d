"""How Home Assistant shows and sets each quantity: one row, for all platforms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from homeassistant.components.binary_sensor import BinarySensorDeviceClass
from homeassistant.components.number import NumberDeviceClass
from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import (
    REVOLUTIONS_PER_MINUTE,
    SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
    Platform,
    UnitOfDataRate,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfFrequency,
    UnitOfInformation,
    UnitOfPower,
    UnitOfRatio,
    UnitOfTemperature,
    UnitOfTime,
)

from .model import Control, PartKind, Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorRow:
    """How a sensor shows a quantity."""

    device_class: SensorDeviceClass | None = None
    state_class: SensorStateClass | None = SensorStateClass.MEASUREMENT
    unit: str | None = None
    """None: the reading's unit, if it has one."""
    shown_unit: str | None = None
    precision: int | None = None


@dataclass(frozen=True, slots=True)
class BinarySensorRow:
    """How a binary sensor shows a quantity that is true or false."""

    device_class: BinarySensorDeviceClass | None = None


@dataclass(frozen=True, slots=True)
class NumberRow:
    """How a number sets a quantity."""

    device_class: NumberDeviceClass | None = None
    unit: str | None = None
    """None: the reading's unit, if it has one."""


class DeadBand(NamedTuple):
    """The change below which a value is not worth a new state.

    Both are minima, the larger one counts: `relative` is a fraction of the last shown
    value, `absolute` is in the quantity's inner unit.
    """

    relative: float
    absolute: float


@dataclass(frozen=True, slots=True)
class PlausibleRange:
    """The lowest and highest value that a device can mean, in the inner unit."""

    lowest: float
    highest: float
    highest_of: Mapping[PartKind, float] = field(default_factory=dict)
    """Where one kind of part cannot reach what another one can."""
    never: frozenset[float] = frozenset()
    """Values within the range that stand for "not measured" on many wires."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantityRow:
    """What each platform does with a quantity; None where it does not show it."""

    sensor: SensorRow | None = None
    binary_sensor: BinarySensorRow | None = None
    number: NumberRow | None = None
    control: Platform | None = None
    """The platform of a control that is not a number: a switch, a select or a text."""
    dead_band: DeadBand | None = None
    """None: every change is shown."""
    plausible: PlausibleRange | None = None
    """None: there is no limit that holds for every device."""


_HALF_PERCENT: Final = 0.005
_FIVE_YEARS: Final = 5 * 365 * 24
"""Hours that a device works before it is replaced, or its counter starts anew."""

_COUNTING_PARTS: Final = (PartKind.CPU, PartKind.GPU, PartKind.HASHBOARD)

ROWS: Final[dict[Quantity, QuantityRow]] = {
    # From a CPU's H/s to an ASIC's hundreds of TH/s: no range holds for all.
    Quantity.HASHRATE: QuantityRow(
        sensor=SensorRow(precision=2),
        number=NumberRow(),
        dead_band=DeadBand(_HALF_PERCENT, 0),
    ),
    # J per hash spans as many magnitudes as the hashrate.
    Quantity.EFFICIENCY: QuantityRow(
        sensor=SensorRow(precision=2),
        number=NumberRow(),
        dead_band=DeadBand(_HALF_PERCENT, 0),
    ),
    # A three-phase socket of 32 A feeds 22 kW; a hydro-cooled ASIC takes 12 kW. The
    # fastest cards take 1.4 kW, two overclocked processors on a board 1.3 kW, a board of
    # a hydro-cooled ASIC 4 kW. An account may stand for a whole farm.
    Quantity.POWER: QuantityRow(
        sensor=SensorRow(
            device_class=SensorDeviceClass.POWER, unit=UnitOfPower.WATT, precision=0
        ),
        number=NumberRow(NumberDeviceClass.POWER, UnitOfPower.WATT),
        dead_band=DeadBand(_HALF_PERCENT, 1),
        plausible=PlausibleRange(
            0,
            22_000,
            {
                PartKind.CPU: 2_000,
                PartKind.GPU: 2_000,
                PartKind.HASHBOARD: 5_000,
                PartKind.ACCOUNT: 10**9,
            },
        ),
    ),
    # Five years at the highest power; the state has two decimals of a kWh.
    Quantity.ENERGY: QuantityRow(
        sensor=SensorRow(
            device_class=SensorDeviceClass.ENERGY,
            state_class=SensorStateClass.TOTAL_INCREASING,
            unit=UnitOfEnergy.WATT_HOUR,
            shown_unit=UnitOfEnergy.KILO_WATT_HOUR,
            precision=2,
        ),
        number=NumberRow(NumberDeviceClass.ENERGY, UnitOfEnergy.WATT_HOUR),
        dead_band=DeadBand(0, 10),
        plausible=PlausibleRange(
            0,
            22_000 * _FIVE_YEARS,
            {
                PartKind.CPU: 2_000 * _FIVE_YEARS,
                PartKind.GPU: 2_000 * _FIVE_YEARS,
                PartKind.HASHBOARD: 5_000 * _FIVE_YEARS,
                PartKind.ACCOUNT: 10**9 * _FIVE_YEARS,
            },
        ),
    ),
    # Sensors work from -40 °C; chips are shut off or destroyed below 150 °C. Too many
    # drivers write -1 for "not measured" to believe it of the one rig in a cold shed.
    Quantity.TEMPERATURE: QuantityRow(
        sensor=SensorRow(
            device_class=SensorDeviceClass.TEMPERATURE,
            unit=UnitOfTemperature.CELSIUS,
            precision=0,
        ),
        number=NumberRow(NumberDeviceClass.TEMPERATURE, UnitOfTemperature.CELSIUS),
        dead_band=DeadBand(0, 1),
        plausible=PlausibleRange(-40, 150, never=frozenset((-1.0,))),
    ),
    # The fastest small fans turn at 38,000 rpm.
    Quantity.FAN_SPEED: QuantityRow(
        sensor=SensorRow(unit=REVOLUTIONS_PER_MINUTE, precision=0),
        number=NumberRow(None, REVOLUTIONS_PER_MINUTE),
        dead_band=DeadBand(_HALF_PERCENT, 1),
        plausible=PlausibleRange(0, 45_000),
    ),
    # Fans report up to 200 % of their nominal speed, no share more than 100 %.
    Quantity.RATIO: QuantityRow(
        sensor=SensorRow(unit=UnitOfRatio.PERCENTAGE, precision=1),
        number=NumberRow(None, UnitOfRatio.PERCENTAGE),
        dead_band=DeadBand(_HALF_PERCENT, 0.1),
        plausible=PlausibleRange(0, 200),
    ),
    # The effective clock of graphics memory is the highest: GDDR7 has up to 36 GHz.
    Quantity.CLOCK: QuantityRow(
        sensor=SensorRow(
            device_class=SensorDeviceClass.FREQUENCY,
            unit=UnitOfFrequency.MEGAHERTZ,
            precision=0,
        ),
        number=NumberRow(NumberDeviceClass.FREQUENCY, UnitOfFrequency.MEGAHERTZ),
        dead_band=DeadBand(_HALF_PERCENT, 1),
        plausible=PlausibleRange(0, 40_000),
    ),
    # From the core voltage of a chip to a three-phase supply.
    Quantity.VOLTAGE: QuantityRow(
        sensor=SensorRow(
            device_class=SensorDeviceClass.VOLTAGE,
            unit=UnitOfElectricPotential.VOLT,
            precision=2,
        ),
        number=NumberRow(NumberDeviceClass.VOLTAGE, UnitOfElectricPotential.VOLT),
        dead_band=DeadBand(_HALF_PERCENT, 0.01),
        plausible=PlausibleRange(0, 500),
    ),
    # A hashboard is fed with hundreds of A at a low voltage.
    Quantity.CURRENT: QuantityRow(
        sensor=SensorRow(
            device_class=SensorDeviceClass.CURRENT,
            unit=UnitOfElectricCurrent.AMPERE,
            precision=2,
        ),
        number=NumberRow(NumberDeviceClass.CURRENT, UnitOfElectricCurrent.AMPERE),
        dead_band=DeadBand(_HALF_PERCENT, 0.01),
        plausible=PlausibleRange(0, 5_000),
    ),
    # More than a 64-bit integer holds is an error of its reader. A part that found ten
    # shares a second has a billion of them after three years.
    Quantity.COUNTER: QuantityRow(
        sensor=SensorRow(state_class=SensorStateClass.TOTAL_INCREASING, precision=0),
        number=NumberRow(),
        dead_band=DeadBand(0, 1),
        plausible=PlausibleRange(0, 2**64, dict.fromkeys(_COUNTING_PARTS, 10**9)),
    ),
    # A century.
    Quantity.DURATION: QuantityRow(
        sensor=SensorRow(
            device_class=SensorDeviceClass.DURATION,
            unit=UnitOfTime.SECONDS,
            precision=0,
        ),
        number=NumberRow(NumberDeviceClass.DURATION, UnitOfTime.SECONDS),
        dead_band=DeadBand(_HALF_PERCENT, 1),
        plausible=PlausibleRange(0, 3.2e9),
    ),
    Quantity.MOMENT: QuantityRow(
        sensor=SensorRow(device_class=SensorDeviceClass.TIMESTAMP, state_class=None)
    ),
    Quantity.UPTIME: QuantityRow(
        sensor=SensorRow(device_class=SensorDeviceClass.UPTIME, state_class=None)
    ),
    # A connection that takes longer than an hour has failed.
    Quantity.LATENCY: QuantityRow(
        sensor=SensorRow(
            device_class=SensorDeviceClass.DURATION,
            unit=UnitOfTime.MILLISECONDS,
            precision=0,
        ),
        number=NumberRow(NumberDeviceClass.DURATION, UnitOfTime.MILLISECONDS),
        dead_band=DeadBand(_HALF_PERCENT, 1),
        plausible=PlausibleRange(0, 3_600_000),
    ),
    # 1 PiB; the state has two decimals of a GiB.
    Quantity.DATA_SIZE: QuantityRow(
        sensor=SensorRow(
            device_class=SensorDeviceClass.DATA_SIZE,
            unit=UnitOfInformation.BYTES,
            shown_unit=UnitOfInformation.GIBIBYTES,
            precision=2,
        ),
        number=NumberRow(NumberDeviceClass.DATA_SIZE, UnitOfInformation.BYTES),
        dead_band=DeadBand(_HALF_PERCENT, 2**30 / 100),
        plausible=PlausibleRange(0, 2**50),
    ),
    # 1 TB/s is more than PCI Express 7 transfers.
    Quantity.DATA_RATE: QuantityRow(
        sensor=SensorRow(
            device_class=SensorDeviceClass.DATA_RATE,
            unit=UnitOfDataRate.BYTES_PER_SECOND,
            shown_unit=UnitOfDataRate.MEGABYTES_PER_SECOND,
            precision=1,
        ),
        number=NumberRow(NumberDeviceClass.DATA_RATE, UnitOfDataRate.BYTES_PER_SECOND),
        dead_band=DeadBand(_HALF_PERCENT, 100_000),
        plausible=PlausibleRange(0, 10**12),
    ),
    # Amounts are exact, in any currency.
    Quantity.MONEY: QuantityRow(sensor=SensorRow(precision=8), number=NumberRow()),
    # 20 dBm is the sending power of an access point, -120 dBm is below the noise.
    Quantity.SIGNAL: QuantityRow(
        sensor=SensorRow(
            device_class=SensorDeviceClass.SIGNAL_STRENGTH,
            unit=SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
            precision=0,
        ),
        number=NumberRow(
            NumberDeviceClass.SIGNAL_STRENGTH, SIGNAL_STRENGTH_DECIBELS_MILLIWATT
        ),
        dead_band=DeadBand(0, 1),
        plausible=PlausibleRange(-120, 20),
    ),
    # A difficulty, a count of things: nothing is known of its size.
    Quantity.NUMBER: QuantityRow(
        sensor=SensorRow(),
        number=NumberRow(),
        dead_band=DeadBand(_HALF_PERCENT, 0),
    ),
    Quantity.TEXT: QuantityRow(
        sensor=SensorRow(state_class=None), control=Platform.TEXT
    ),
    Quantity.CHOICE: QuantityRow(
        sensor=SensorRow(device_class=SensorDeviceClass.ENUM, state_class=None),
        control=Platform.SELECT,
    ),
    Quantity.FLAG: QuantityRow(
        binary_sensor=BinarySensorRow(), control=Platform.SWITCH
    ),
    Quantity.PROBLEM: QuantityRow(
        binary_sensor=BinarySensorRow(BinarySensorDeviceClass.PROBLEM),
        control=Platform.SWITCH,
    ),
    Quantity.RUNNING: QuantityRow(
        binary_sensor=BinarySensorRow(BinarySensorDeviceClass.RUNNING),
        control=Platform.SWITCH,
    ),
    Quantity.CONNECTIVITY: QuantityRow(
        binary_sensor=BinarySensorRow(BinarySensorDeviceClass.CONNECTIVITY),
        control=Platform.SWITCH,
    ),
}

SENSORS: Final = {q: row.sensor for q, row in ROWS.items() if row.sensor is not None}
BINARY_SENSORS: Final = {
    q: row.binary_sensor for q, row in ROWS.items() if row.binary_sensor is not None
}
NUMBERS: Final = {q: row.number for q, row in ROWS.items() if row.number is not None}


def control_platform(control: Control[Any]) -> Platform | None:
    """Return the platform of a control; None where its quantity cannot be set."""
    row = ROWS[control.channel.reading.quantity]
    if row.number is not None:
        return Platform.NUMBER
    if row.control is Platform.TEXT and control.free:
        return Platform.SELECT
    return row.control
