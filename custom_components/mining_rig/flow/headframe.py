"""Adding an account at Headframe, and giving it new credentials.

A sign-in is used once: to list the accounts and to create a watcher link, which only
allows reading. It is kept only where the owner wants to change settings. The address of
the sign-in server is inferred, so the owner sees it and consents before the password is
sent to it.
"""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlowResult,
)
from homeassistant.const import CONF_EMAIL, CONF_PASSWORD
from homeassistant.core import callback
from homeassistant.data_entry_flow import FlowResultType, section
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from ..const import CONF_ALLOW_WRITING, CONF_ID_ROOT, CONF_KIND
from ..source_context import async_cookieless_session
from ..sources import rig_unique_id
from ..sources.common.contract import Identity
from ..sources.headframe.access import (
    CONF_ACCOUNT,
    CONF_ACCOUNT_KIND,
    CONF_ACCOUNT_NAME,
    CONF_POOL,
    CONF_SIGN_IN,
    KIND,
)
from ..sources.headframe.api import CredentialKind
from ..sources.headframe.links import pool_in, token_in
from ..sources.headframe.parse.account import Account
from ..sources.headframe.readings import MANUFACTURER
from ..sources.headframe.server import POOL, SIGN_IN
from .base import RigFlow
from .headframe_pool import Errors, PoolClient, pool_errors

CONF_LINK: Final = "watcher_link"
CONF_CODE: Final = "code"
CONF_CONSENT: Final = "consent"
CONF_MONEY: Final = "money"
ADVANCED: Final = "advanced"

_MENU: Final = ["headframe_watcher", "headframe_api_key", "headframe_login"]
_TEXT: Final = TextSelector()
_SECRET: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
_EMAIL: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.EMAIL, autocomplete="username")
)


def _with_pool(fields: dict[vol.Marker, Any], pool: str) -> vol.Schema:
    """Return a form with a collapsed section for the pool's address."""
    inside = vol.Schema({vol.Required(CONF_POOL, default=pool): str})
    fields[vol.Required(ADVANCED, default={CONF_POOL: pool})] = section(
        inside, {"collapsed": True}
    )
    return vol.Schema(fields)


class HeadframeFlow(RigFlow):
    """The steps of accounts at Headframe."""

    _pool_client: PoolClient | None = None
    _account: Account

    @property
    def _pool(self) -> PoolClient:
        """The pool that this flow talks to."""
        if self._pool_client is None:
            session = async_cookieless_session(self.hass)
            self._pool_client = PoolClient(session)
        return self._pool_client

    # ---- choosing the kind of credential

    async def async_step_headframe(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose the kind of credential."""
        return self.async_show_menu(step_id=KIND, menu_options=_MENU)

    async def async_step_headframe_reauth(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose again, after the pool refused the stored credential."""
        return self._show_menu_again("headframe_reauth")

    async def async_step_headframe_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose again, because the owner wants to."""
        return self._show_menu_again("headframe_reconfigure")

    def _show_menu_again(self, step: str) -> ConfigFlowResult:
        entry = self._own_entry
        assert entry is not None
        return self.async_show_menu(
            step_id=step,
            menu_options=_MENU,
            description_placeholders={"rig": entry.title},
        )

    @property
    def _own_entry(self) -> ConfigEntry | None:
        """The entry that gets a new credential; None while one is added."""
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        if self.source == SOURCE_RECONFIGURE:
            return self._get_reconfigure_entry()
        return None

    def _stored(self, key: str, default: str) -> str:
        """Return the server that a form shows at first."""
        entry = self._own_entry
        return (entry.data.get(key) if entry is not None else None) or default

    # ---- link and key

    async def async_step_headframe_watcher(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for a watcher link."""
        pool = self._stored(CONF_POOL, POOL)
        errors: Errors = {}
        if user_input is not None:
            link = user_input[CONF_LINK]
            chosen = user_input[ADVANCED][CONF_POOL]
            if chosen == POOL:
                # The host of a link is its pool's.
                chosen = pool_in(link) or chosen
            if (token := token_in(link)) is None:
                errors[CONF_LINK] = "headframe_no_token"
            elif not (errors := self._pool.set_servers(pool=chosen)):
                self._pool.credential = (CredentialKind.WATCHER, token)
                errors = await self._pool.list_accounts(CONF_LINK)
            if not errors:
                return await self._async_listed()
        schema = _with_pool({vol.Required(CONF_LINK): _SECRET}, pool)
        return self._show("headframe_watcher", schema, errors)

    async def async_step_headframe_api_key(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for an API key."""
        pool = self._stored(CONF_POOL, POOL)
        field = CredentialKind.API_KEY.value
        errors: Errors = {}
        if user_input is not None:
            errors = self._pool.set_servers(**user_input[ADVANCED])
            if not (key := user_input[field].strip()).isprintable() or not key:
                errors[field] = "invalid_auth"
            if not errors:
                self._pool.credential = (CredentialKind.API_KEY, key)
                errors = await self._pool.list_accounts(field)
            if not errors:
                return await self._async_listed()
        schema = _with_pool({vol.Required(field): _SECRET}, pool)
        return self._show("headframe_api_key", schema, errors)

    # ---- signing in

    async def async_step_headframe_login(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the servers, and check the one that the password would be sent to."""
        errors: Errors = {}
        if user_input is not None:
            errors = self._pool.set_servers(**user_input)
            if not errors:
                errors = await self._pool.check_sign_in()
            if not errors:
                return await self.async_step_headframe_password()
        schema = vol.Schema(
            {
                vol.Required(
                    CONF_SIGN_IN, default=self._stored(CONF_SIGN_IN, SIGN_IN)
                ): _TEXT,
                vol.Required(CONF_POOL, default=self._stored(CONF_POOL, POOL)): _TEXT,
            }
        )
        return self._show("headframe_login", schema, errors, user_input)

    async def async_step_headframe_password(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for e-mail, password, and consent to send them to the sign-in server."""
        errors: Errors = {}
        if user_input is not None:
            if not user_input[CONF_CONSENT]:
                errors[CONF_CONSENT] = "headframe_no_consent"
            else:
                email, password = user_input[CONF_EMAIL], user_input[CONF_PASSWORD]
                errors = await self._pool.sign_in(
                    email.strip(), password, CONF_PASSWORD
                )
            if not errors:
                return await self._async_signed_in()
        schema = vol.Schema(
            {
                vol.Required(CONF_EMAIL): _EMAIL,
                vol.Required(CONF_PASSWORD): _SECRET,
                vol.Required(CONF_CONSENT, default=False): BooleanSelector(),
            }
        )
        email_only = {
            key: value for key, value in (user_input or {}).items() if key == CONF_EMAIL
        }
        return self._show(
            "headframe_password",
            schema,
            errors,
            email_only,
            host=self._pool.sign_in_host,
        )

    async def async_step_headframe_code(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the second factor."""
        errors: Errors = {}
        if user_input is not None:
            code = user_input[CONF_CODE]
            errors = await self._pool.complete_sign_in(code, CONF_CODE)
            if not errors:
                return await self._async_signed_in()
        schema = vol.Schema({vol.Required(CONF_CODE): _TEXT})
        return self._show("headframe_code", schema, errors)

    async def _async_signed_in(self) -> ConfigFlowResult:
        """Continue with a session; the pool may demand a second factor, too."""
        session = self._pool.session
        assert session is not None
        if session.complete:
            errors = await self._pool.list_accounts("base")
            if not errors:
                return await self._async_listed()
            if errors != {"base": "invalid_auth"}:
                return await self._async_end(errors["base"])
        return await self.async_step_headframe_code()

    def _show(
        self,
        step: str,
        schema: vol.Schema,
        errors: Errors,
        shown: Mapping[str, Any] | None = None,
        **placeholders: str,
    ) -> ConfigFlowResult:
        """Show a form, filled in with `shown`, which holds no secrets."""
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(schema, shown),
            errors=pool_errors(errors),
            description_placeholders=placeholders or None,
        )

    # ---- which account, and which permissions

    async def _async_listed(self) -> ConfigFlowResult:
        """Continue with the accounts that the credential gives access to."""
        accounts = self._pool.accounts
        if (entry := self._own_entry) is not None:
            own = [a for a in accounts if a.id == entry.data[CONF_ACCOUNT]]
            if not own:
                return await self._async_end("headframe_other_account", rig=entry.title)
            return await self._async_chosen(own[0])
        if not accounts:
            return await self._async_end("headframe_no_account")
        if len(accounts) == 1:
            return await self._async_chosen(accounts[0])
        return await self.async_step_headframe_account()

    async def async_step_headframe_account(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose an account; each one is an entry of its own."""
        accounts = self._pool.accounts
        if user_input is not None:
            chosen = user_input[CONF_ACCOUNT]
            return await self._async_chosen(next(a for a in accounts if a.id == chosen))
        options = [
            SelectOptionDict(value=account.id, label=_label(account))
            for account in accounts
        ]
        selector = SelectSelector(SelectSelectorConfig(options=options))
        schema = vol.Schema({vol.Required(CONF_ACCOUNT): selector})
        return self._show("headframe_account", schema, {})

    async def _async_chosen(self, account: Account) -> ConfigFlowResult:
        """Continue with an account unless it is already configured."""
        self._account = account
        if self._own_entry is None:
            unique_id = rig_unique_id(KIND, account.id)
            await self.async_set_unique_id(unique_id, raise_on_progress=False)
            known = self._entry_of(KIND, unique_id, {})
            if known is not None:
                return await self._async_end("already_configured", rig=known.title)
        if self._pool.session is not None and account.kind == "miner":
            return await self.async_step_headframe_access()
        return await self._async_finish()

    async def async_step_headframe_access(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the purpose, and keep no credential that allows more."""
        entry = self._own_entry
        errors: Errors = {}
        if user_input is not None:
            writing = user_input[CONF_ALLOW_WRITING]
            if not writing:
                errors = await self._pool.replace_by_link(
                    self._account, money=user_input[CONF_MONEY]
                )
            if not errors:
                options = {CONF_ALLOW_WRITING: writing}
                if entry is None:
                    self._options = options
                else:
                    self.hass.config_entries.async_update_entry(
                        entry, options={**entry.options, **options}
                    )
                return await self._async_finish()
        writes = entry is not None and entry.options.get(CONF_ALLOW_WRITING, False)
        schema = vol.Schema(
            {
                vol.Required(CONF_MONEY, default=True): BooleanSelector(),
                vol.Required(CONF_ALLOW_WRITING, default=writes): BooleanSelector(),
            }
        )
        return self._show("headframe_access", schema, errors)

    # ---- the end

    async def _async_finish(self) -> ConfigFlowResult:
        """Continue to the name of a new entry, or update the existing one."""
        kind, secret = self._pool.credential
        account = self._account
        data = {
            **self._pool.servers,
            CONF_ACCOUNT: account.id,
            CONF_ACCOUNT_KIND: account.kind,
            CONF_ACCOUNT_NAME: account.name,
            kind.value: secret,
        }
        identity = Identity(
            rig_id=account.id,
            title=account.name or MANUFACTURER,
            stable=True,
            manufacturer=MANUFACTURER,
            model=account.model,
        )
        if (entry := self._own_entry) is not None:
            self._pool.session = None
            own = {key: entry.data[key] for key in (CONF_KIND, CONF_ID_ROOT)}
            return self._changed(entry, own | data, identity)
        return await self._async_found(KIND, data, identity)

    @override
    def _create(self, name: str, identity: Identity) -> ConfigFlowResult:
        """Create the entry, which keeps the session from now on."""
        result = super()._create(name, identity)
        if self._pool_client and result["type"] is FlowResultType.CREATE_ENTRY:
            self._pool_client.session = None
        return result

    async def _async_end(self, reason: str, **about: str) -> ConfigFlowResult:
        """Abort, and end the session."""
        await self._pool.end_session()
        return self.async_abort(reason=reason, description_placeholders=about)

    @callback
    @override
    def async_remove(self) -> None:
        """End the session of an abandoned flow."""
        super().async_remove()
        if self._pool_client and self._pool_client.session:
            self.hass.async_create_task(self._pool_client.end_session())


def _label(account: Account) -> str:
    name = account.name or account.id
    return name if account.kind == "miner" else f"{name} ({account.kind})"
