"""Reading values out of decoded JSON."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.mining_rig.sources.common.decoding import Fields

from .spoil import JSON

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("found", "value"),
    [
        (5, 5),
        (5.5, 5.5),
        (0, 0),
        (-1, None),
        (11, None),
        (True, None),
        ("5", None),
        (None, None),
        (2**70, None),
        ([5], None),
    ],
)
def test_numbers(found: Any, value: float | None) -> None:
    """A number within its bounds; anything else but null is unparsed."""
    fields = Fields({"a": {"b": [found]}})
    assert fields.number("a", "b", 0, maximum=10) == value
    assert fields.unparsed == ([] if value is not None or found is None else ["a.b.0"])


@pytest.mark.parametrize(
    ("found", "value"),
    [
        (0, 0),
        (7, 7),
        (7.0, 7),
        (7.5, None),
        (-1, None),
        (2**63, None),
        (False, None),
        ("7", None),
    ],
)
def test_counts(found: Any, value: int | None) -> None:
    """A whole number, also where a wire writes it with a point."""
    count = Fields({"a": found}).count("a")
    assert count == value
    assert count is None or type(count) is int


@pytest.mark.parametrize(
    ("found", "value"),
    [
        ("text", "text"),
        ("  text\n", "text"),
        ("te\x00xt\x1b", "text"),
        ("bür\u200bo", "büro"),
        ("", None),
        ("\x00", None),
        (" ", None),
        ("x" * 300, "x" * 255),
        (5, None),
        (True, None),
    ],
)
def test_texts(found: Any, value: str | None) -> None:
    """What a state can hold and a person can read."""
    assert Fields({"a": found}).text("a") == value


def test_lists_of_numbers() -> None:
    """A short list leaves the rest unknown; what is no list is unparsed."""
    fields = Fields({"a": [1, None, "x"], "b": "x"})
    assert fields.numbers("a", length=4) == (1, None, None, None)
    assert fields.numbers("b", length=2) == (None, None)
    assert fields.numbers("c", length=2) == (None, None)
    assert fields.unparsed == ["a.2", "b"]


def test_objects_inside() -> None:
    """Strange places are named from the root."""
    fields = Fields({"a": {"b": [{"c": "x"}, 5, {"c": 1}]}, "d": 1}, "root")
    inside = fields.inside("a")
    assert [item.number("c") for item in inside.each("b")] == [None, 1]
    assert not list(fields.each("nothing"))
    assert not list(fields.each("d"))
    assert fields.inside("d").raw("x") is None
    assert fields.has("d")
    assert not fields.has("e")
    assert fields.unparsed == ["root.a.b.0.c", "root.a.b.1", "root.d", "root.d"]


def test_units_and_starts() -> None:
    """A wire's unit becomes the inner one, an uptime a moment."""
    fields = Fields({"khs": 1.5, "uptime": 90, "never": 0, "far": 1e12})
    assert fields.number("khs", scale=1000) == 1500
    assert fields.positive("never") is None
    assert fields.start(NOW, "uptime") == NOW - timedelta(seconds=90)
    assert fields.start(NOW, "far") is None
    assert fields.unparsed == ["far"]


@given(JSON, st.lists(st.sampled_from(("a", "b", 0, 1)), max_size=4))
def test_any_place(data: Any, path: list[str | int]) -> None:
    """No JSON and no path makes it fail."""
    fields = Fields(data)
    for look in (
        fields.number,
        fields.positive,
        fields.count,
        fields.flag,
        fields.text,
        fields.has,
        fields.inside,
    ):
        look(*path)
    fields.numbers(*path, length=3)
    fields.start(NOW, *path)
    list(fields.each(*path))
