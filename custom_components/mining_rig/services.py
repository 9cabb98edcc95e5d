"""Actions: a miner's own configuration, and the questions that a pool answers."""

from dataclasses import dataclass, field
from typing import Any, Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.json import json_bytes
from homeassistant.helpers.service import (
    async_get_config_entry,
    async_register_admin_service,
)
from homeassistant.util.json import json_loads
import voluptuous as vol

from .const import CONF_ALLOW_WRITING, DOMAIN
from .coordinator import RigConfigEntry, RigCoordinator
from .model import Window

SERVICE_GET_CONFIG: Final = "get_config"
SERVICE_SET_CONFIG: Final = "set_config"
ATTR_CHANGES: Final = "changes"
ATTR_CONFIRM: Final = "confirm"

_RIG: Final = vol.Schema({vol.Required(ATTR_CONFIG_ENTRY_ID): str})


def _plain(changes: object) -> object:
    """Return it as JSON has it; what comes from a YAML file has types of its own."""
    try:
        return json_loads(json_bytes(changes))
    except TypeError as err:
        raise vol.Invalid("This cannot be written as JSON") from err


_CHANGES: Final = vol.All({str: object}, vol.Length(min=1), _plain)


# ---- the fields of questions

PAYMENT_TYPES: Final = (
    "reward",
    "payout",
    "profit_sharing",
    "virtual_mining_transfer",
    "virtual_mining_reward",
    "transfer",
)
SHARING_TYPES: Final = ("profit_sharing", "referral")
STATUSES: Final = ("stable", "unavailable", "off", "removed")
PERIODS: Final = (Window.M15, Window.H1, Window.D1, Window.W1)


def _some(*choices: str) -> Any:
    return vol.All(cv.ensure_list, [vol.In(choices)])


_DAYS: Final = {vol.Optional("start"): cv.date, vol.Optional("end"): cv.date}
_TYPES: Final = {vol.Optional("types"): _some(*PAYMENT_TYPES)}
_BOUNDARY: Final = {vol.Optional("boundary", default=False): cv.boolean}
_WORKER: Final = {vol.Required("worker"): cv.string}
_RECIPIENT: Final = {vol.Required("recipient"): cv.string}
_TERAHASHES: Final = {
    vol.Required("hashrate"): vol.All(
        vol.Coerce(float), vol.Range(min=0, min_included=False, max=1e9)
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Something that a source is asked, under the name of the action.

    What changes something needs the owner's permission in the options, and a
    confirmation each time; it is for administrators, as is what shows a token.
    """

    fields: dict[Any, Any] = field(default_factory=dict)
    admin: bool = False
    changes: bool = False

    @property
    def schema(self) -> vol.Schema:
        """The fields of the action."""
        confirm = {vol.Optional(ATTR_CONFIRM, default=False): cv.boolean}
        return _RIG.extend(self.fields | (confirm if self.changes else {}))


def _change(*fields: dict[Any, Any]) -> Question:
    merged: dict[Any, Any] = {}
    for some in fields:
        merged |= some
    return Question(fields=merged, admin=True, changes=True)


QUESTIONS: Final[dict[str, Question]] = {
    "get_payments": Question(fields=_DAYS | _TYPES),
    "export_payments": Question(fields=_DAYS | _TYPES),
    "get_daily_report": Question(fields=_DAYS | _BOUNDARY),
    "get_chart": Question(
        fields={
            vol.Required("period"): vol.In(PERIODS),
            vol.Optional("workers"): vol.All(cv.ensure_list, [cv.string]),
            **_BOUNDARY,
        }
    ),
    "get_workers": Question(fields={vol.Optional("statuses"): _some(*STATUSES)}),
    "get_fees": Question(fields={vol.Optional("recipient"): cv.string}),
    "get_referrals": Question(),
    "get_boundary_workers": Question(),
    "create_boundary_worker": _change(
        {vol.Required("name"): vol.All(cv.string, vol.Length(min=3, max=64))},
        _RECIPIENT,
        _TERAHASHES,
    ),
    "change_boundary_worker": _change(_WORKER, _TERAHASHES),
    "delete_boundary_worker": _change(_WORKER),
    "get_profit_sharings": Question(fields={vol.Optional("recipient"): cv.string}),
    "set_profit_sharing": _change(
        _RECIPIENT,
        {
            vol.Required("share"): vol.All(
                vol.Coerce(float), vol.Range(min=0, min_included=False, max=100)
            ),
            vol.Optional("type", default=SHARING_TYPES[0]): vol.In(SHARING_TYPES),
        },
    ),
    "delete_profit_sharing": _change(_RECIPIENT),
    "get_watcher_links": Question(admin=True),
    "create_watcher_link": _change(
        {
            vol.Optional("title"): vol.All(cv.string, vol.Length(min=1, max=300)),
            vol.Optional("payments", default=False): cv.boolean,
        }
    ),
    "delete_watcher_link": _change({vol.Required("link"): cv.string}),
}


@callback
def async_register_services(hass: HomeAssistant) -> None:
    """Register the actions; they belong to no single rig."""
    async_register_admin_service(
        hass,
        DOMAIN,
        SERVICE_GET_CONFIG,
        _async_get_config,
        _RIG,
        SupportsResponse.ONLY,
    )
    async_register_admin_service(
        hass,
        DOMAIN,
        SERVICE_SET_CONFIG,
        _async_set_config,
        _RIG.extend({vol.Required(ATTR_CHANGES): _CHANGES}),
    )
    for name, question in QUESTIONS.items():
        answers = (
            SupportsResponse.OPTIONAL if question.changes else SupportsResponse.ONLY
        )
        if question.admin:
            async_register_admin_service(
                hass, DOMAIN, name, _async_ask, question.schema, answers
            )
        else:
            hass.services.async_register(
                DOMAIN, name, _async_ask, question.schema, answers
            )


def _rig(call: ServiceCall) -> RigCoordinator:
    """Return the rig that is meant. Raises ServiceValidationError if it is not there."""
    entry: RigConfigEntry = async_get_config_entry(
        call.hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID]
    )
    return entry.runtime_data


async def _async_get_config(call: ServiceCall) -> ServiceResponse:
    return await _rig(call).commands.async_get_config()


async def _async_set_config(call: ServiceCall) -> None:
    await _rig(call).commands.async_set_config(call.data[ATTR_CHANGES])


async def _async_ask(call: ServiceCall) -> ServiceResponse:
    rig = _rig(call)
    details = {key: call.data[key] for key in call.data if key != ATTR_CONFIG_ENTRY_ID}
    if QUESTIONS[call.service].changes:
        if not rig.config_entry.options.get(CONF_ALLOW_WRITING, False):
            raise _refusal(rig, "writing_not_allowed")
        if not details.pop(ATTR_CONFIRM):
            raise _refusal(rig, "confirmation_missing")
    return await rig.commands.async_report(call.service, details)


def _refusal(rig: RigCoordinator, key: str) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"rig": rig.name},
    )
