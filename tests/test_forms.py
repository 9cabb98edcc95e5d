"""A source's form as data, and the schema that a dialog makes of it."""

from typing import Any

from homeassistant.helpers.selector import SelectSelector
import pytest
import voluptuous as vol

from custom_components.mining_rig.flow.forms import (
    FormError,
    flat,
    form_schema,
    secrets_schema,
    with_address,
)
from custom_components.mining_rig.sources.common.forms import Field, FieldKind, Form

FORM = Form(
    (
        Field(key="host", kind=FieldKind.HOST, required=True),
        Field(key="port", kind=FieldKind.PORT, required=True, default=4067),
        Field(key="password", kind=FieldKind.SECRET),
        Field(key="worker", kind=FieldKind.TEXT),
        Field(key="api", kind=FieldKind.CHOICE, choices=("old", "new"), default="new"),
        Field(key="ssl", kind=FieldKind.FLAG, default=False, section="connection"),
    )
)
ACCOUNT = Form((Field(key="name", kind=FieldKind.TEXT, required=True),))


def markers(schema: vol.Schema) -> dict[str, Any]:
    """Return a schema's fields by name."""
    return {str(key): key for key in schema.schema}


def test_what_may_be_left_out() -> None:
    """Everything but the host; the section too."""
    assert form_schema(FORM)({"host": "rig"}) == {
        "host": "rig",
        "port": 4067,
        "api": "new",
        "connection": {"ssl": False},
    }
    with pytest.raises(vol.Invalid, match="required"):
        form_schema(FORM)({})
    with pytest.raises(vol.Invalid, match="required"):
        form_schema(ACCOUNT)({})


def test_stored_answers() -> None:
    """They take the place of the defaults, but secrets are never shown."""
    stored = {
        "host": "rig",
        "port": 1234,
        "password": "hidden",
        "worker": "a",
        "ssl": True,
    }
    schema = form_schema(FORM, stored)
    assert "hidden" not in str([vars(marker) for marker in schema.schema])
    # A text can be emptied, so it is proposed and no default.
    assert markers(schema)["worker"].description == {"suggested_value": "a"}
    assert schema({}) == {
        "host": "rig",
        "port": 1234,
        "api": "new",
        "connection": {"ssl": True},
    }


def test_what_a_section_shows() -> None:
    """A browser shows a section as its marker says, not as its fields do."""

    def shown(schema: vol.Schema) -> Any:
        return markers(schema)["connection"].description["suggested_value"]

    assert shown(form_schema(FORM)) == {"ssl": False}
    assert shown(form_schema(FORM, {"ssl": True})) == {"ssl": True}
    filled_in = {"host": "rig", "connection": {"ssl": False}}
    assert shown(form_schema(FORM, {"ssl": True}, filled_in)) == {"ssl": False}
    assert markers(form_schema(FORM))["connection"].default() == {}


def test_choice() -> None:
    """A choice has its texts under its key."""
    selector = form_schema(FORM).schema["api"]
    assert isinstance(selector, SelectSelector)
    assert selector.config["options"] == ["old", "new"]
    assert selector.config["translation_key"] == "api"
    with pytest.raises(vol.Invalid):
        form_schema(FORM)({"host": "rig", "api": "third"})


def test_secrets() -> None:
    """They can be asked for alone."""
    assert [*markers(secrets_schema(FORM))] == ["password"]


def test_flat() -> None:
    """Sections vanish, blanks around texts too, and what is empty is not there."""
    assert flat(
        FORM,
        {
            "host": " rig ",
            "password": " ",
            "worker": None,
            "port": 0,
            "connection": {"ssl": False},
            "foreign": 1,
        },
    ) == {"host": "rig", "port": 0, "ssl": False}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"host": "Rig", "port": 4067}, {"host": "rig", "port": 4067}),
        ({"host": "rig:80", "port": 4067}, {"host": "rig", "port": 80}),
        ({"host": "rig:80", "port": 5000}, {"host": "rig", "port": 5000}),
        (
            {"host": "https://rig", "port": 4067, "ssl": False},
            {"host": "rig", "port": 4067, "ssl": True},
        ),
        (
            {"host": "http://rig:80", "port": 4067, "ssl": True},
            {"host": "rig", "port": 80, "ssl": True},
        ),
    ],
)
def test_address(answers: dict[str, Any], expected: dict[str, Any]) -> None:
    """What the address says counts unless something else was answered on purpose."""
    assert with_address(FORM, answers, FORM.defaults) == expected


@pytest.mark.parametrize(
    ("answers", "field", "error"),
    [
        ({"host": "rig rig", "port": 1}, "host", "invalid_host"),
        ({"port": 1}, "host", "invalid_host"),
        ({"host": "rig"}, "port", "no_port"),
    ],
)
def test_no_address(answers: dict[str, Any], field: str, error: str) -> None:
    """What cannot be an address is said at its field."""
    with pytest.raises(FormError) as raised:
        with_address(FORM, answers, {})
    assert (raised.value.field, raised.value.error) == (field, error)


def test_form_without_a_host() -> None:
    """A service in the cloud has no address to ask for."""
    assert with_address(ACCOUNT, {"name": "a"}, {}) == {"name": "a"}


def test_host_without_a_port() -> None:
    """A form may ask for a host alone."""
    form = Form((Field(key="host", kind=FieldKind.HOST, required=True),))
    assert with_address(form, {"host": "http://rig:80/"}, {}) == {"host": "rig"}


def test_connection_keys() -> None:
    """What changes when a rig moves: the address, the secrets, the connection."""
    assert FORM.connection_keys == {"host", "port", "password", "ssl"}
