"""Accounts at pools in Home Assistant: how tests add them."""

from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.mining_rig.const import (
    CONF_ALLOW_WRITING,
    CONF_ID_ROOT,
    CONF_KIND,
    DOMAIN,
)
from simulator.headframe import SimulatedHeadframe
from simulator.headframe.accounts import Miner

from .rigs import ID_ROOT


def entry_of(
    pool: SimulatedHeadframe,
    account: Any = None,
    *,
    writing: bool = True,
    **credential: str,
) -> MockConfigEntry:
    """Return the entry of an account, with the key of its owner unless told else."""
    account = pool.account if account is None else account
    return MockConfigEntry(
        domain=DOMAIN,
        title=account.account_name,
        data={
            CONF_KIND: "headframe",
            CONF_ID_ROOT: ID_ROOT,
            "pool": pool.url,
            "account": account.id,
            "account_kind": "miner" if isinstance(account, Miner) else account.type,
            "account_name": account.account_name,
            **(credential or {"api_key": pool.api_key}),
        },
        options={CONF_ALLOW_WRITING: writing},
    )
