"""Every text that is used exists, and none that exists is unused; icons likewise."""

import ast
from collections.abc import Iterator
from functools import cache
from importlib import import_module
import json
from pathlib import Path
import re
import sys
from typing import Any

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util.yaml import load_yaml_dict
import pytest

from custom_components.mining_rig import sources
from custom_components.mining_rig.const import DOMAIN
from custom_components.mining_rig.flow.network import CONF_GO_ON_AS
from custom_components.mining_rig.model import (
    Action,
    Category,
    EventDescription,
    PartKind,
    Quantity,
    Reading,
    Window,
    every_event_description,
    every_reading,
)
from custom_components.mining_rig.platforms import (
    BINARY_SENSORS,
    NUMBERS,
    ROWS,
    SENSORS,
)
from custom_components.mining_rig.protection_entities import RESET, TEST
from custom_components.mining_rig.readings import MINING_ALLOWED
from custom_components.mining_rig.sources import KINDS
from custom_components.mining_rig.sources.common.forms import Form
from custom_components.mining_rig.sources.rig_monitor import playbooks
from simulator.hardware import Card
from simulator.models import RTX_3070, RX_7800_XT
from simulator.xmrig import SimulatedXMRig

from .rigs import async_set_up, entry_for
from .texts import FOLDER, flatten, placeholders, texts

OWN = {
    ("binary_sensor", "overheating"),
    ("number", "protection_limit"),
    ("number", "protection_memory_limit"),
    ("number", "protection_resume_below"),
    ("switch", "thermal_protection"),
    ("button", TEST.key),
    ("button", RESET.key),
}
"""Entities of thermal protection, which belong to no reading."""
CONTROLS = {
    "number": {*NUMBERS},
    "select": {Quantity.CHOICE, Quantity.TEXT},
    "switch": {q for q, row in ROWS.items() if row.control is Platform.SWITCH},
    "text": {Quantity.TEXT},
}
"""Which quantities the platforms of controls take."""
INSTALLS = {"t_rex_install_update"}
"""Actions that an update entity presses; they have no button."""
WINDOWS = "|".join(Window)
NAMED_BY_CLASS = {
    ("sensor", "power"),
    ("sensor", "energy"),
    ("sensor", "temperature"),
    ("binary_sensor", "connected"),
}
"""Entities without a text: Home Assistant has their names, in every language."""
LONGEST_NAME = 22
PLACEHOLDERS = {"number": 1, "algorithm": "kHeavyHash"}
LONG_NAMES: set[tuple[str, str]] = set()
"""Those for which no shorter name says the same."""
STRUCTURE = {
    "config",
    "options",
    "issues",
    "exceptions",
    "selector",
    "step",
    "init",
    "title",
    "description",
    "data",
    "data_description",
    "menu_options",
    "menu_option_descriptions",
    "sections",
    "fields",
    "name",
    "error",
    "abort",
    "fix_flow",
    "message",
    "progress",
    "config_subentries",
    "entry_type",
    "initiate_flow",
}
"""What stands in paths of texts beside the names that code gives."""
MENU = ("title", "description", "menu_options", "menu_option_descriptions")
"""What a kind's step may have beside its form."""


@pytest.fixture(autouse=True, scope="module")
def _every_source() -> None:
    """Import every source, so that its readings and actions are known."""
    for kind in KINDS.values():
        import_module(f"{sources.__name__}.{kind.module}")
    import_module("custom_components.mining_rig.farm.money_sensors")


def readings() -> dict[str, Reading[Any]]:
    """Return all readings by key, but those that other tests made (`test_...`)."""
    return {
        reading.key: reading
        for reading in every_reading()
        if not reading.key.startswith("test_")
    }


def event_kinds() -> dict[str, EventDescription]:
    """Return all kinds of events by key, but those that other tests made."""
    return {
        kind.key: kind
        for kind in every_event_description()
        if not kind.key.startswith("test_")
    }


def actions() -> dict[str, Action]:
    """Return all actions by key."""
    return {
        value.key: value
        for name, module in list(sys.modules.items())
        if name.startswith("custom_components.mining_rig")
        for value in vars(module).values()
        if isinstance(value, Action)
    }


@cache
def icons() -> dict[str, Any]:
    """Return the icons."""
    found: dict[str, Any] = json.loads((FOLDER / "icons.json").read_text())
    return found


@cache
def trees() -> list[ast.Module]:
    """Return the integration's code."""
    return [ast.parse(path.read_text()) for path in sorted(FOLDER.rglob("*.py"))]


def every_field() -> set[str]:
    """Return the keys of all forms' fields."""
    return {field.key for kind in KINDS.values() for field in kind.form.fields}


def words() -> set[str]:
    """Return the names that code gives: its strings, and what forms ask for."""
    strings = {
        node.value
        for tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    made = {*playbooks.ADDRESSES, "playbook", *(f"{k}_reconfigure" for k in KINDS)}
    return strings | every_field() | {f"forget_{key}" for key in every_field()} | made


def reading_of(key: str) -> Reading[Any] | None:
    """Return the reading of an entity's text: `hashrate_1h`, `fan_speed_number`."""
    match = re.fullmatch(rf"(.+?)(?:_number)?(?:_(?:{WINDOWS}))?", key)
    assert match is not None
    return readings().get(key) or readings().get(match[1])


def entity_texts() -> Iterator[tuple[str, str]]:
    """Go through platforms and keys of all entities that have a text."""
    for path in texts():
        kind, *rest = path.split(".")
        if kind == "entity" and rest[2] == "name":
            yield rest[0], rest[1]


def shown_entities() -> Iterator[tuple[str, str]]:
    """Go through platforms and keys of all entities."""
    yield from entity_texts()
    yield from NAMED_BY_CLASS


def may_show(platform: str, reading: Reading[Any]) -> bool:
    """Tell whether a platform can have entities of a reading."""
    quantity = reading.quantity
    if platform == "sensor":
        return quantity in SENSORS
    if platform == "binary_sensor":
        return quantity in BINARY_SENSORS
    ordered = reading.setting or reading is MINING_ALLOWED
    return ordered and quantity in CONTROLS[platform]


# ---- entities


def test_every_reading_has_a_text() -> None:
    """Its sensor or binary sensor has one, and where it can be set its control."""
    shown: set[str] = set()
    set_: set[str] = set()
    for platform, key in shown_entities():
        if platform in ("button", "event", "update"):
            continue
        if (reading := reading_of(key)) and may_show(platform, reading):
            (set_ if platform in CONTROLS else shown).add(reading.key)
    assert set(readings()) - shown == set()
    settable = {
        reading.key
        for reading in readings().values()
        if reading.setting and reading.category is Category.CONFIG
    }
    assert settable - set_ == set()


def test_every_entity_text_has_a_reading() -> None:
    """No text without something that it names."""
    unused = [
        (platform, key)
        for platform, key in entity_texts()
        if not (
            True
            if (platform, key) in OWN
            else key in actions()
            if platform == "button"
            else key == "software"
            if platform == "update"
            else key in event_kinds()
            if platform == "event"
            else (reading := reading_of(key)) and may_show(platform, reading)
        )
    ]
    assert unused == []


def test_names_that_home_assistant_has() -> None:
    """They are left to it: it has them in every language."""
    assert not NAMED_BY_CLASS.intersection(entity_texts())
    for platform, key in NAMED_BY_CLASS:
        reading = readings()[key]
        rows: Any = SENSORS if platform == "sensor" else BINARY_SENSORS
        component = import_module(f"homeassistant.components.{platform}")
        strings = json.loads(
            (Path(str(component.__file__)).parent / "strings.json").read_text()
        )
        device_class = rows[reading.quantity].device_class
        assert strings["entity_component"][device_class]["name"].isalpha()


def test_names_are_short() -> None:
    """A phone shows about 22 characters beside a state, and the last are cut off."""
    long = {
        (platform, key)
        for platform, key in entity_texts()
        if len(texts()[f"entity.{platform}.{key}.name"].format(**PLACEHOLDERS))
        > LONGEST_NAME
    }
    assert long == LONG_NAMES


def test_names_of_problems() -> None:
    """They name what is wrong, so that "OK" is good: "Missing chips: OK"."""
    fine = re.compile(
        r"\b(ok|health\w*|status|state|connection|connectivity|active|working|stable)\b",
        re.IGNORECASE,
    )
    for platform, key in entity_texts():
        reading = reading_of(key) if platform == "binary_sensor" else None
        if reading is not None and reading.quantity is Quantity.PROBLEM:
            assert not fine.search(texts()[f"entity.{platform}.{key}.name"]), key


def test_names_that_each_kind_disables() -> None:
    """The entities that a kind disables at first are ones that there are."""
    for kind in KINDS.values():
        for key in kind.quiet:
            match = re.fullmatch(r"(.+?)(?:_\d)?", key)
            assert match is not None
            assert {key, match[1]} & readings().keys(), key


def test_every_action_has_a_text_and_an_icon() -> None:
    """What can be pressed has a name."""
    for key, action in actions().items():
        if key in INSTALLS:
            continue
        assert f"entity.button.{key}.name" in texts()
        assert action.restarts or key in icons()["entity"]["button"]


def test_every_event_has_a_text_and_an_icon() -> None:
    """What can happen has a name, and each of its types."""
    for key, kind in event_kinds().items():
        assert f"entity.event.{key}.name" in texts()
        assert key in icons()["entity"]["event"]
        root = f"entity.event.{key}.state_attributes.event_type.state."
        named = {p.removeprefix(root) for p in texts() if p.startswith(root)}
        assert named == set(kind.types)


def test_every_choice_has_a_text() -> None:
    """The states of a choice are words to translate."""
    for platform, key in entity_texts():
        reading = reading_of(key) if platform in ("sensor", "select") else None
        choices = set(reading.choices) if reading else set()
        root = f"entity.{platform}.{key}.state."
        assert {p.removeprefix(root) for p in texts() if p.startswith(root)} == choices


def test_units_of_counted_things() -> None:
    """What is counted needs no second noun: "Accepted shares: 5,828"."""
    for path, unit in texts().items():
        if path.startswith("entity.") and path.endswith(".unit_of_measurement"):
            reading = reading_of(path.split(".")[2])
            assert reading is not None
            assert reading.quantity is Quantity.NUMBER, path
            assert reading.unit is None
            assert "/" in unit, path


def test_every_entity_has_an_icon() -> None:
    """Its own, or that of its device class."""
    for platform, key in entity_texts():
        if platform in ("button", "event", "update") or (platform, key) in OWN:
            continue
        reading = reading_of(key)
        assert reading is not None
        device_class = {
            "sensor": lambda q: SENSORS[q].device_class,
            "binary_sensor": lambda q: BINARY_SENSORS[q].device_class,
            "number": lambda q: NUMBERS[q].device_class,
        }.get(platform, lambda q: None)(reading.quantity)
        if device_class in (None, SensorDeviceClass.ENUM):
            assert key in icons()["entity"].get(platform, {}), (platform, key)


def test_every_icon_is_used() -> None:
    """No icon without an entity or an action."""
    for platform, group in icons()["entity"].items():
        for key in group:
            assert f"entity.{platform}.{key}.name" in texts()
    actions = load_yaml_dict(str(FOLDER / "services.yaml"))
    assert set(icons()["services"]) == set(actions)


@pytest.mark.parametrize(
    "facts",
    [
        {"restricted": False, "cards": [Card(model=RTX_3070), Card(model=RX_7800_XT)]},
        {"restricted": True},
        {"version": "6.22.1", "token": None},
        {"version": "5.11.1"},
        {"version": "2.14.1"},
    ],
)
async def test_entities_of_real_rigs(
    hass: HomeAssistant, socket_enabled: None, facts: dict[str, Any]
) -> None:
    """What a rig makes appear has its texts and icons."""
    async with SimulatedXMRig(**{"token": "b6b8b4a2", **facts}) as rig:
        entry = entry_for(rig)
        assert await async_set_up(hass, entry)
        entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        assert len(entities) > 10
        for entity in entities:
            key = entity.translation_key
            path = f"entity.{entity.domain}.{key}"
            if (entity.domain, key) not in NAMED_BY_CLASS:
                assert placeholders(texts()[f"{path}.name"]) <= {"number"}
            icon = icons()["entity"].get(entity.domain, {}).get(key)
            assert icon or entity.original_device_class, entity.entity_id
        names = [hass.states.get(e.entity_id) for e in entities if not e.disabled]
        assert "None" not in str([state and state.name for state in names])


def test_devices() -> None:
    """Every part inside of a rig has a name, with and without one of its own."""
    kinds = [k for k in PartKind if k is not PartKind.RIG and not k.stands_alone]
    named = {f"device.{kind}_named.name" for kind in kinds}
    plain = {f"device.{kind}_plain.name" for kind in kinds}
    assert {path for path in texts() if path.startswith("device.")} == named | plain
    for path in named:
        assert "name" in placeholders(texts()[path])
    for kind in kinds:
        wants = {"number"} if kind is not PartKind.CPU else set()
        assert placeholders(texts()[f"device.{kind}_plain.name"]) == wants


# ---- dialogs


def fields_of(form: Form) -> Iterator[str]:
    """Go through the paths of a form's fields below its step."""
    for field in form.fields:
        inside = f"sections.{field.section}." if field.section else ""
        yield f"{inside}data.{field.key}"
        yield f"{inside}data_description.{field.key}"
        if field.section:
            yield f"sections.{field.section}.name"


@pytest.mark.parametrize("kind", KINDS)
def test_kinds(kind: str) -> None:
    """Every kind of rig can be chosen, added, reconfigured and re-authenticated."""
    form = KINDS[kind].form
    assert f"selector.kind.options.{kind}" in texts()
    needed: set[str] = set()
    needed |= {f"{kind}.title"}
    # Some have a dialog of their own for changes.
    own = f"config.step.{kind}_reconfigure.title" in texts()
    steps = (kind,) if own else (kind, "reconfigure")
    needed |= {f"{step}.{path}" for step in steps for path in fields_of(form)}
    for secret in form.secrets:
        needed |= {f"reauth_confirm.data.{secret}", f"reconfigure.data.{secret}"}
        needed |= {f"reconfigure.data.forget_{secret}"}
    assert {path for path in needed if f"config.step.{path}" not in texts()} == set()


def test_kinds_on_the_network_ask_alike() -> None:
    """Their steps differ only in what is asked and in the hint: a kind copies the rest."""
    asked: dict[str, set[str]] = {}
    for kind in KINDS:
        if not KINDS[kind].form.has("host"):
            continue
        step = f"config.step.{kind}."
        assert texts()[f"{step}description"].startswith("**{label}**\n\n")
        for path, text in texts().items():
            if path.startswith(step) and path != f"{step}description":
                asked.setdefault(path.removeprefix(step), set()).add(text)
    assert [path for path, found in asked.items() if len(found) > 1] == []


def test_every_refusal_has_a_text() -> None:
    """What a miner does not allow is said in words."""
    for tree in trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", None))
            if name in ("CommandRefused", "_error") and node.args:
                keys = ast.walk(node.args[0])
                for key in keys:
                    if isinstance(key, ast.Constant):
                        assert f"exceptions.{key.value}.message" in texts()


def test_exceptions_are_told_the_rig() -> None:
    """Every message names the rig, but for those that concern none."""
    no_rig = {
        f"exceptions.{key}.message" for key in ("not_stored", "one_energy_sensor")
    }
    for path, text in texts().items():
        if path.startswith("exceptions.") and path not in no_rig:
            assert "rig" in placeholders(text), path


def test_no_text_is_unused() -> None:
    """Every name in a path is one that code gives."""
    known = words() | STRUCTURE
    unused = {
        path
        for path in texts()
        if path.split(".")[0] not in ("entity", "device", "services")
        and not set(path.split(".")) <= known
    }
    assert unused == set()


def test_steps_hold_only_what_they_ask() -> None:
    """A field's text stands only where the field is."""
    unused = set()
    go_on = {f"{text}.{CONF_GO_ON_AS}" for text in ("data", "data_description")}
    forms = {
        kind: set(fields_of(KINDS[kind].form))
        | (go_on if KINDS[kind].form.has("host") else set())
        for kind in KINDS
    }
    for name, fields in forms.items():
        step = f"config.step.{name}."
        there = {path.removeprefix(step) for path in texts() if path.startswith(step)}
        unused |= {
            f"{step}{path}" for path in there - fields if path.split(".")[0] not in MENU
        }
    secrets = {key for kind in KINDS.values() for key in kind.form.secrets}
    step = "config.step.reauth_confirm.data"
    unused |= {
        path
        for path in texts()
        if path.startswith(step) and path.split(".")[-1] not in secrets
    }
    assert unused == set()


def test_actions_have_examples() -> None:
    """Each says what it is good for, and shows a value of each field."""
    for name, action in load_yaml_dict(str(FOLDER / "services.yaml")).items():
        assert "Example: " in texts()[f"services.{name}.description"], name
        for field, facts in action["fields"].items():
            if field == "config_entry_id":
                # Only what is of this integration is offered.
                assert facts["selector"] == {"config_entry": {"integration": DOMAIN}}
            else:
                assert "example" in facts, (name, field)


def test_actions_of_the_integration() -> None:
    """Every action and each of its fields has a name and a description."""
    needed = set()
    for action, facts in load_yaml_dict(str(FOLDER / "services.yaml")).items():
        for place in (action, *(f"{action}.fields.{f}" for f in facts["fields"])):
            needed |= {f"services.{place}.name", f"services.{place}.description"}
    assert {path for path in texts() if path.startswith("services.")} == needed


def test_icons_are_flat() -> None:
    """Every icon is one of Material Design's."""
    assert all(icon.startswith("mdi:") for _, icon in flatten(icons()))
