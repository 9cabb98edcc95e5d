"""The actions of accounts at Headframe, as data; `reports/` performs them."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..common.actions import KindAction
from .readings import STATUSES, WINDOWS

PAYMENT_TYPES: Final = (
    "reward",
    "payout",
    "profit_sharing",
    "virtual_mining_transfer",
    "virtual_mining_reward",
    "transfer",
)
SHARING_TYPES: Final = ("profit_sharing", "referral")


def _list_of(*choices: str) -> Any:
    return vol.All(cv.ensure_list, [vol.In(choices)])


_DAYS: Final = {vol.Optional("start"): cv.date, vol.Optional("end"): cv.date}
_TYPES: Final = {vol.Optional("types"): _list_of(*PAYMENT_TYPES)}
_BOUNDARY: Final = {vol.Optional("boundary", default=False): cv.boolean}
_WORKER: Final = {vol.Required("worker"): cv.string}
_RECIPIENT: Final = {vol.Required("recipient"): cv.string}
_TERAHASHES: Final = {
    vol.Required("hashrate"): vol.All(
        vol.Coerce(float), vol.Range(min=0, min_included=False, max=1e9)
    )
}


def _change(fields: Mapping[Any, Any]) -> KindAction:
    return KindAction(fields=fields, admin=True, changes=True)


ACTIONS: Final[Mapping[str, KindAction]] = {
    "get_payments": KindAction(fields=_DAYS | _TYPES),
    "export_payments": KindAction(fields=_DAYS | _TYPES),
    "get_daily_report": KindAction(fields=_DAYS | _BOUNDARY),
    "get_chart": KindAction(
        fields={
            vol.Required("period"): vol.In(WINDOWS),
            vol.Optional("workers"): vol.All(cv.ensure_list, [cv.string]),
            **_BOUNDARY,
        }
    ),
    "get_workers": KindAction(fields={vol.Optional("statuses"): _list_of(*STATUSES)}),
    "get_fees": KindAction(fields={vol.Optional("recipient"): cv.string}),
    "get_referrals": KindAction(),
    "get_boundary_workers": KindAction(),
    "create_boundary_worker": _change(
        {
            vol.Required("name"): vol.All(cv.string, vol.Length(min=3, max=64)),
            **_RECIPIENT,
            **_TERAHASHES,
        }
    ),
    "change_boundary_worker": _change(_WORKER | _TERAHASHES),
    "delete_boundary_worker": _change(_WORKER),
    "get_profit_sharings": KindAction(fields={vol.Optional("recipient"): cv.string}),
    "set_profit_sharing": _change(
        {
            **_RECIPIENT,
            vol.Required("share"): vol.All(
                vol.Coerce(float), vol.Range(min=0, min_included=False, max=100)
            ),
            vol.Optional("type", default=SHARING_TYPES[0]): vol.In(SHARING_TYPES),
        }
    ),
    "delete_profit_sharing": _change(_RECIPIENT),
    "get_watcher_links": KindAction(admin=True),
    "create_watcher_link": _change(
        {
            vol.Optional("title"): vol.All(cv.string, vol.Length(min=1, max=300)),
            vol.Optional("payments", default=False): cv.boolean,
        }
    ),
    "delete_watcher_link": _change({vol.Required("link"): cv.string}),
}
"""By name. Those that show a token are for administrators, like all changes."""
