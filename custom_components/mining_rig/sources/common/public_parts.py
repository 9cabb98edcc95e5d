"""What may be shown of a rig's parts: applied to every snapshot, whatever its source."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from ...model import (
    Channel,
    Control,
    Part,
    PartEvent,
    Quantity,
    Release,
    Snapshot,
    Value,
)
from .public_text import (
    plain_text,
    public_address,
    public_lines,
    public_name,
    public_text,
)


def public_value(channel: Channel[Any], text: str) -> str:
    """Return a text of a channel as it may be shown; "" where nothing is left.

    A reading that is secret is for the owner who enables it, and is shown whole.
    """
    reading = channel.reading
    if reading.secret:
        return plain_text(text)
    return public_address(text) if reading.address else public_text(text)


def public_snapshot(snapshot: Snapshot) -> Snapshot:
    """Return a snapshot whose texts may be shown; the same one where they all may."""
    parts = {key: _public_part(part) for key, part in snapshot.parts.items()}
    events = tuple(map(_public_event, snapshot.events))
    if events == snapshot.events and all(
        part is snapshot.parts[key] for key, part in parts.items()
    ):
        return snapshot
    return replace(snapshot, parts=parts, events=events)


def _public_part(part: Part) -> Part:
    """Return a part as it may be shown; nearly always it is the same."""
    facts: dict[str, Any] = {
        "name": public_name(part.name),
        "model": public_name(part.model),
        "manufacturer": public_name(part.manufacturer),
        "version": _cleaned(plain_text, part.version),
        "serial": _cleaned(plain_text, part.serial),
    }
    changes = {key: fact for key, fact in facts.items() if fact != getattr(part, key)}
    if (values := _public_values(part.values)) is not part.values:
        changes["values"] = values
    if (controls := _public_controls(part.controls)) is not part.controls:
        changes["controls"] = controls
    if part.release is not None and part.release != (
        release := _public_release(part.release)
    ):
        changes["release"] = release
    return replace(part, **changes) if changes else part


def _cleaned(clean: Callable[[str], str], text: str | None) -> str | None:
    """Return a cleaned text, None for none and where nothing is left of it."""
    return None if text is None else clean(text) or None


def _public_values(
    values: Mapping[Channel[Any], Value],
) -> Mapping[Channel[Any], Value]:
    changed = {
        channel: text
        for channel, value in values.items()
        if isinstance(value, str)
        and channel.reading.quantity is Quantity.TEXT
        and (text := public_value(channel, value)) != value
    }
    if not changed:
        return values
    # What nothing is left of is not known.
    return {c: v for c, v in {**values, **changed}.items() if v != ""}


def _public_controls(
    controls: Mapping[Channel[Any], Control[Any]],
) -> Mapping[Channel[Any], Control[Any]]:
    changed: dict[Channel[Any], Control[Any]] = {}
    for channel, control in controls.items():
        if control.options and channel.reading.quantity is Quantity.TEXT:
            shown = [public_value(channel, option) for option in control.options]
            if (options := tuple(dict.fromkeys(shown))) != control.options:
                changed[channel] = replace(control, options=options)
    return {**controls, **changed} if changed else controls


def _public_release(release: Release) -> Release:
    return replace(
        release,
        installed=plain_text(release.installed),
        latest=plain_text(release.latest),
        notes=_cleaned(public_lines, release.notes),
        url=_cleaned(public_text, release.url),
    )


def _public_event(event: PartEvent) -> PartEvent:
    attributes = {
        key: public_text(value) if isinstance(value, str) else value
        for key, value in event.attributes.items()
    }
    return (
        event
        if attributes == event.attributes
        else replace(event, attributes=attributes)
    )
