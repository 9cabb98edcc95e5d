"""Answers that are not as they should be, and what must hold for them all the same."""

from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime
import json
import math
from typing import Any

from hypothesis import strategies as st
import orjson

from custom_components.mining_rig.model import Channel, Part, Quantity, Snapshot, Value
from custom_components.mining_rig.platforms import BINARY_SENSORS as FLAGS

type _Path = tuple[str | int, ...]

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from((0, -1, 2**63, 2**64, 10**300, 0.0, -0.5, 1e308, 5e-324))
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.text(min_size=250, max_size=300),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)
"""Any JSON."""

NO_NUMBERS = st.recursive(
    st.none() | st.text("abcdef", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=4,
)
"""JSON that nobody can take for a number, true or false."""


def places(data: Any, path: _Path = ()) -> Iterator[_Path]:
    """Go through the places of an answer, the whole of it first."""
    yield path
    if isinstance(data, dict):
        for key, value in data.items():
            yield from places(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from places(value, (*path, index))


def put(data: Any, path: _Path, value: Any) -> Any:
    """Return a copy with another value at the path."""
    if not path:
        return value
    copy = deepcopy(data)
    place = copy
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return copy


def without(data: Any, path: _Path) -> Any:
    """Return a copy without the value at the path; in a list, null takes its place."""
    if not path or isinstance(path[-1], int):
        return put(data, path, None)
    copy = deepcopy(data)
    place = copy
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return copy


@st.composite
def spoilt(draw: st.DrawFn, data: Any, values: st.SearchStrategy[Any] = JSON) -> Any:
    """Draw an answer with something else in up to three places, as decoded."""
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(data))))
        if draw(st.booleans()):
            data = put(data, path, draw(values))
        else:
            data = without(data, path)
    return orjson.loads(json.dumps(data))


def zeros(snapshot: Snapshot) -> set[tuple[str, str]]:
    """Return part and channel of everything that is shown as 0."""
    return {
        (part.key, channel.key)
        for part in snapshot.parts.values()
        for channel, value in part.values.items()
        if value == 0 and not isinstance(value, bool)
    }


def check(snapshot: Snapshot) -> None:
    """Fail where something of the wrong type, unit or range is told."""
    for key, part in snapshot.parts.items():
        assert part.key == key
        _check_part(part)
    assert all(isinstance(field, str) for field in snapshot.unparsed)
    assert snapshot.rig_id is None or snapshot.rig_id


def _check_part(part: Part) -> None:
    for fact in (part.name, part.model, part.version):
        assert fact is None or (isinstance(fact, str) and fact)
    for channel, value in part.values.items():
        check_value(channel, value)
    for channel, control in part.controls.items():
        assert control.channel is channel
        assert len(set(control.options)) == len(control.options)


def check_value(channel: Channel[Any], value: Value) -> None:
    """Fail where a value does not suit its reading."""
    quantity = channel.reading.quantity
    message = f"{channel.key}: {value!r}"
    if quantity in FLAGS:
        assert type(value) is bool, message
    elif quantity in (Quantity.TEXT, Quantity.CHOICE):
        assert type(value) is str, message
        assert 0 < len(value) <= 255, message
        assert value.isprintable(), message
        assert not channel.reading.choices or value in channel.reading.choices, message
    elif quantity in (Quantity.UPTIME, Quantity.MOMENT):
        assert isinstance(value, datetime), message
        assert value.tzinfo is not None, message
    elif quantity is Quantity.COUNTER:
        assert type(value) is int, message
        assert value >= 0, message
    else:
        assert type(value) in (int, float), message
        assert isinstance(value, int | float)
        assert math.isfinite(value), message
        # Below 0 are what is set to "never", and signals.
        if quantity is not Quantity.SIGNAL and not channel.reading.setting:
            assert value >= 0, message
