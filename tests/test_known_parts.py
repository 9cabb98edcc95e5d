"""What a rig is made of, kept over the times when it tells nothing."""

from typing import Any

import pytest

from custom_components.mining_rig.known_parts import KnownParts, load_known_parts
from custom_components.mining_rig.model import (
    RIG,
    Action,
    Control,
    Part,
    PartKind,
    Release,
    Snapshot,
    Window,
    channel_from,
    part_map,
)
from custom_components.mining_rig.readings import (
    FAN_SPEED,
    HASHRATE,
    MINING_ALLOWED,
    TEMPERATURE,
)

REBOOT = Action("reboot", enabled=False, restarts=True)


def snapshot(*gpus: str, **rig: Any) -> Snapshot:
    """Return a rig with those cards."""
    return Snapshot(
        parts=part_map(
            Part(kind=PartKind.RIG, key=RIG, **rig),
            *(
                Part(kind=PartKind.GPU, key=key, values={TEMPERATURE.plain: 50})
                for key in gpus
            ),
        )
    )


def test_a_layout_only_grows_until_a_part_is_gone_for_good() -> None:
    """A part that is missing keeps its place and its number."""
    known_parts = KnownParts()
    assert known_parts.learn(snapshot("a", "b"))
    assert not known_parts.learn(snapshot("b"))
    assert {key: part.number for key, part in known_parts.parts.items()} == {
        RIG: 1,
        "a": 1,
        "b": 2,
    }
    assert known_parts.learn(snapshot("b", "c"))
    assert known_parts.parts["c"].number == 3
    assert known_parts.learn(Snapshot(parts={}, removed=frozenset("a")))
    assert known_parts.learn(snapshot("d"))
    assert known_parts.parts["d"].number == 1


def test_a_layout_survives_a_restart() -> None:
    """Channels, controls, actions and facts come back as they were."""
    known_parts = KnownParts()
    known_parts.learn(
        snapshot(
            "a",
            name="Attic",
            version="6.22",
            values={
                HASHRATE.plain: 1.0,
                HASHRATE.channel(Window.H1): 1.0,
                FAN_SPEED.channel(number=2): 900.0,
                FAN_SPEED.channel(Window.M1, 2): 900.0,
            },
            controls={
                MINING_ALLOWED.plain: Control(
                    channel=MINING_ALLOWED.plain, options=("x",), free=True
                )
            },
            actions=(REBOOT,),
            release=Release(installed="1", latest="2", install=REBOOT, progress=3),
        )
    )
    again = load_known_parts(known_parts.dump())
    rig = again.parts[RIG]
    assert list(rig.channels) == list(known_parts.parts[RIG].channels)
    assert rig.controls == known_parts.parts[RIG].controls
    assert rig.actions == {"reboot": REBOOT}
    assert rig.release == Release(installed="1", latest="2", install=REBOOT)
    assert (rig.name, rig.version) == ("Attic", "6.22")
    assert not again.learn(snapshot("a", name="Attic", version="6.22"))
    assert again.learn(snapshot("a", name="Attic", version="6.23"))


@pytest.mark.parametrize(
    "stored",
    [None, {}, "x", [None], [{}], [{"kind": "toaster", "key": "a", "number": 1}]],
)
def test_garbage_is_left_out(stored: Any) -> None:
    """A file from elsewhere costs only what it cannot say."""
    assert load_known_parts(stored).parts == {}


def test_unknown_channels_are_left_out() -> None:
    """A reading of another version, or a window that does not exist."""
    assert channel_from("never_heard_of", None, None) is None
    assert channel_from("hashrate", "7m", None) is None
    assert channel_from("hashrate", "1h", None) is HASHRATE.channel(Window.H1)


@pytest.mark.parametrize(
    ("models", "cpu", "hardware"),
    [
        ((), None, None),
        (("RTX 3070",), None, "RTX 3070"),
        (("RTX 3070",) * 3, "Celeron J4125", "3 × RTX 3070 + Celeron J4125"),
        (("RTX 3070", None, "RX 580"), None, "RTX 3070 + RX 580"),
    ],
)
def test_hardware(
    models: tuple[str | None, ...], cpu: str | None, hardware: str | None
) -> None:
    """A rig is what it is made of; cards without a model are left out."""
    parts = [
        Part(kind=PartKind.GPU, key=f"gpu{number}", model=model, manufacturer="MSI")
        for number, model in enumerate(models)
    ]
    if cpu is not None:
        parts.append(Part(kind=PartKind.CPU, key="cpu", name=cpu))
    known = KnownParts()
    known.learn(Snapshot(parts=part_map(Part(kind=PartKind.RIG, key=RIG), *parts)))
    assert known.hardware == hardware
    assert known.manufacturer == ("MSI" if models else None)
    if models:
        other = Part(kind=PartKind.GPU, key="other", manufacturer="Gigabyte")
        known.learn(Snapshot(parts=part_map(other)))
        assert known.manufacturer is None
