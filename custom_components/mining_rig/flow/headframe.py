"""Adding an account at Headframe, and letting it in again.

A sign-in is used once: to list the accounts and to make a watcher link, which can read
and nothing else. It is kept only where the owner wants to change settings from here.
"""

from collections.abc import Awaitable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, override

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlow,
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

from ..const import CONF_ALLOW_WRITING, CONF_ID_ROOT, CONF_KIND, LOGGER
from ..source_context import async_cookieless_session
from ..sources import rig_unique_id
from ..sources.common.contract import (
    Identity,
    SourceBusy,
    SourceContext,
    SourceError,
    SourceRefused,
    SourceUnreachable,
)
from ..sources.common.decoding import Fields
from ..sources.headframe import (
    CONF_ACCOUNT,
    CONF_ACCOUNT_KIND,
    CONF_ACCOUNT_NAME,
    CONF_POOL,
    CONF_SIGN_IN,
    KIND,
    list_accounts,
    open_api,
)
from ..sources.headframe.account import MANUFACTURER
from ..sources.headframe.account_kinds import ACCOUNT_KINDS
from ..sources.headframe.api import Closed, CredentialKind, HeadframeApi
from ..sources.headframe.links import find_or_make_link, pool_in, token_in
from ..sources.headframe.parse import Account, parse_details
from ..sources.headframe.server import POOL, SIGN_IN, parse_server
from ..sources.headframe.sign_in import Session, SignIn, SignInRefused

_OF_A_POOL: Final = {
    "busy": "headframe_busy",
    "cannot_connect": "headframe_unreachable",
    "invalid_auth": "headframe_refused",
    "timeout": "headframe_slow",
    "wrong_device": "headframe_no_pool",
}
"""What a dialog says of a pool in place of what it says of a miner."""

if TYPE_CHECKING:
    from ..config_flow import RigFlow
else:
    RigFlow = ConfigFlow

type Errors = dict[str, str]

CONF_LINK: Final = "watcher_link"
CONF_CODE: Final = "code"
CONF_MONEY: Final = "money"
ADVANCED: Final = "advanced"

_MENU: Final = ["headframe_watcher", "headframe_api_key", "headframe_login"]
_SECRET: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
_EMAIL: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.EMAIL, autocomplete="username")
)


def _with_places(fields: dict[vol.Marker, Any], **places: str) -> vol.Schema:
    """Return a form with a collapsed section for servers, which it may leave out."""
    inside = vol.Schema(
        {vol.Required(key, default=place): str for key, place in places.items()}
    )
    fields[vol.Required(ADVANCED, default=places)] = section(
        inside, {"collapsed": True}
    )
    return vol.Schema(fields)


class HeadframeFlow(RigFlow):
    """The dialogs of accounts at Headframe."""

    _places: dict[str, str]
    _accounts: list[Account]
    _account: Account
    _secret: tuple[CredentialKind, str]
    _session: Session | None = None
    """What has to be ended when the dialog ends, unless it is kept."""

    # ---- how we are let in

    async def async_step_headframe(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how we are let in."""
        return self.async_show_menu(step_id=KIND, menu_options=_MENU)

    async def async_step_headframe_reauth(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask again, when the pool takes the credentials no more."""
        return self._show_menu_again("headframe_reauth")

    async def async_step_headframe_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask again because the owner wants so."""
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
        """The entry that is to be let in again, None while one is added."""
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        if self.source == SOURCE_RECONFIGURE:
            return self._get_reconfigure_entry()
        return None

    def _place(self, key: str, default: str) -> str:
        """Return the server that a form shows at first."""
        entry = self._own_entry
        return (entry.data.get(key) if entry is not None else None) or default

    async def async_step_headframe_watcher(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for a watcher link."""
        pool = self._place(CONF_POOL, POOL)
        errors: Errors = {}
        if user_input is not None:
            link = user_input[CONF_LINK]
            chosen = user_input[ADVANCED][CONF_POOL]
            if chosen == POOL:
                # A link leads to its pool; one that has its own name is elsewhere.
                chosen = pool_in(link) or chosen
            if (token := token_in(link)) is None:
                errors[CONF_LINK] = "headframe_no_token"
            elif not (errors := self._take_places(pool=chosen)):
                self._secret = (CredentialKind.WATCHER, token)
                errors = await self._list_accounts(CONF_LINK)
            if not errors:
                return await self._async_listed()
        schema = _with_places({vol.Required(CONF_LINK): _SECRET}, pool=pool)
        return self._show("headframe_watcher", schema, errors)

    async def async_step_headframe_api_key(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for a key."""
        pool = self._place(CONF_POOL, POOL)
        field = CredentialKind.API_KEY.value
        errors: Errors = {}
        if user_input is not None:
            errors = self._take_places(**user_input[ADVANCED])
            if not (key := user_input[field].strip()).isprintable() or not key:
                errors[field] = "invalid_auth"
            if not errors:
                self._secret = (CredentialKind.API_KEY, key)
                errors = await self._list_accounts(field)
            if not errors:
                return await self._async_listed()
        schema = _with_places({vol.Required(field): _SECRET}, pool=pool)
        return self._show("headframe_api_key", schema, errors)

    async def async_step_headframe_login(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for e-mail and password, which are used once."""
        errors: Errors = {}
        if user_input is not None:
            if not (errors := self._take_places(**user_input[ADVANCED])):
                errors = await self._sign_in_with(
                    self._sign_in.with_password(
                        user_input[CONF_EMAIL].strip(), user_input[CONF_PASSWORD]
                    ),
                    CONF_PASSWORD,
                )
            if not errors:
                return await self._async_signed_in()
        schema = _with_places(
            {
                vol.Required(CONF_EMAIL): _EMAIL,
                vol.Required(CONF_PASSWORD): _SECRET,
            },
            pool=self._place(CONF_POOL, POOL),
            sign_in=self._place(CONF_SIGN_IN, SIGN_IN),
        )
        return self._show("headframe_login", schema, errors, user_input)

    async def async_step_headframe_code(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the second factor."""
        errors: Errors = {}
        if user_input is not None:
            assert self._session is not None
            errors = await self._sign_in_with(
                self._sign_in.with_code(self._session, user_input[CONF_CODE]), CONF_CODE
            )
            if not errors:
                return await self._async_signed_in()
        schema = vol.Schema({vol.Required(CONF_CODE): TextSelector()})
        return self._show("headframe_code", schema, errors)

    def _show(
        self,
        step: str,
        schema: vol.Schema,
        errors: Errors,
        user_input: Mapping[str, Any] | None = None,
    ) -> ConfigFlowResult:
        """Show a form; what was entered stays, but for secrets."""
        kept = {
            key: value
            for key, value in (user_input or {}).items()
            if key in (CONF_EMAIL, ADVANCED)
        }
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(schema, kept),
            errors={at: _OF_A_POOL.get(key, key) for at, key in errors.items()},
        )

    # ---- asking the pool

    def _take_places(self, **places: str) -> Errors:
        """Take the servers; none is asked without TLS."""
        try:
            self._places = {key: parse_server(text).url for key, text in places.items()}
        except ValueError:
            return {"base": "headframe_address"}
        return {}

    @property
    def _sign_in(self) -> SignIn:
        place = parse_server(self._places[CONF_SIGN_IN])
        return SignIn(async_cookieless_session(self.hass), place)

    @property
    def _api(self) -> HeadframeApi:
        kind, secret = self._secret
        return open_api(
            SourceContext(
                data={**self._places, kind.value: secret},
                session=async_cookieless_session(self.hass),
            )
        )

    async def _sign_in_with(self, asked: Awaitable[Session], field: str) -> Errors:
        """Keep the session that comes of it; return errors by field."""
        try:
            self._session = await asked
        except SignInRefused as err:
            return {field: err.key}
        except Exception as err:  # noqa: BLE001 - the dialog says it
            return _problem(err, field)
        self._secret = (CredentialKind.SESSION, self._session.token)
        return {}

    async def _list_accounts(self, field: str) -> Errors:
        """Ask which accounts can be reached; return errors by field."""
        try:
            self._accounts = await list_accounts(self._api)
        except Exception as err:  # noqa: BLE001 - the dialog says it
            return _problem(err, field)
        self._accounts = [await self._named(account) for account in self._accounts]
        return {}

    async def _named(self, account: Account) -> Account:
        """Return an account with its name, which a permission may leave out."""
        if account.name is not None:
            return account
        scope = ACCOUNT_KINDS[account.kind]
        try:
            answer = await self._api.call(scope.details, path=scope.path(account.id))
        except SourceError:
            return account
        told = parse_details(Fields(answer))
        return replace(account, name=told.account_name or told.title)

    # ---- which account, and what for

    async def _async_signed_in(self) -> ConfigFlowResult:
        """Go on with a session; the pool may want a second factor, too."""
        session = self._session
        assert session is not None
        if session.complete:
            errors = await self._list_accounts("base")
            if not errors:
                return await self._async_listed()
            if errors != {"base": "invalid_auth"}:
                return await self._async_end(errors["base"])
        return await self.async_step_headframe_code()

    async def _async_listed(self) -> ConfigFlowResult:
        """Go on with the accounts that can be reached."""
        if (entry := self._own_entry) is not None:
            own = [a for a in self._accounts if a.id == entry.data[CONF_ACCOUNT]]
            if not own:
                return await self._async_end("headframe_other_account", rig=entry.title)
            return await self._async_chosen(own[0])
        if not self._accounts:
            return await self._async_end("headframe_no_account")
        if len(self._accounts) == 1:
            return await self._async_chosen(self._accounts[0])
        return await self.async_step_headframe_account()

    async def async_step_headframe_account(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which account is meant; each one is added on its own."""
        if user_input is not None:
            chosen = user_input[CONF_ACCOUNT]
            return await self._async_chosen(
                next(a for a in self._accounts if a.id == chosen)
            )
        options = [
            SelectOptionDict(value=account.id, label=_label(account))
            for account in self._accounts
        ]
        selector = SelectSelector(SelectSelectorConfig(options=options))
        return self._show(
            "headframe_account", vol.Schema({vol.Required(CONF_ACCOUNT): selector}), {}
        )

    async def _async_chosen(self, account: Account) -> ConfigFlowResult:
        """Go on with an account unless it is there already."""
        self._account = account
        if self._own_entry is None:
            unique_id = rig_unique_id(KIND, account.id)
            await self.async_set_unique_id(unique_id, raise_on_progress=False)
            known = self._entry_of(KIND, unique_id, {})
            if known is not None:
                return await self._async_end("already_configured", rig=known.title)
        if self._session is not None and account.kind == "miner":
            return await self.async_step_headframe_access()
        return await self._async_finish()

    async def async_step_headframe_access(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what the account is wanted for, and keep no more than that takes."""
        entry = self._own_entry
        errors: Errors = {}
        if user_input is not None:
            writing = user_input[CONF_ALLOW_WRITING]
            if not writing:
                errors = await self._swap_for_link(money=user_input[CONF_MONEY])
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

    async def _swap_for_link(self, *, money: bool) -> Errors:
        """Turn the sign-in into a watcher link; return errors by field."""
        try:
            token = await find_or_make_link(self._api, self._account.id, money=money)
        except Closed:
            return {"base": "headframe_no_link"}
        except Exception as err:  # noqa: BLE001 - the dialog says it
            return _problem(err, "base")
        await self._end_session()
        self._secret = (CredentialKind.WATCHER, token)
        return {}

    # ---- the end

    async def _async_finish(self) -> ConfigFlowResult:
        """Make the entry, or let it in with the new credentials."""
        kind, secret = self._secret
        account = self._account
        data = {
            **self._places,
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
            model=f"{account.kind.capitalize()} account",
        )
        if (entry := self._own_entry) is not None:
            self._session = None
            own = {key: entry.data[key] for key in (CONF_KIND, CONF_ID_ROOT)}
            return self._changed(entry, own | data, identity)
        return await self._async_found(KIND, data, identity)

    @override
    def _create(self, name: str, identity: Identity) -> ConfigFlowResult:
        """Make the entry, whose the session is from now on."""
        result = super()._create(name, identity)
        if result["type"] is FlowResultType.CREATE_ENTRY:
            self._session = None
        return result

    async def _async_end(self, reason: str, **about: str) -> ConfigFlowResult:
        """Leave without an entry, and without a session that nobody needs."""
        await self._end_session()
        return self.async_abort(reason=reason, description_placeholders=about)

    async def _end_session(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            await self._sign_in.end(session)

    @callback
    @override
    def async_remove(self) -> None:
        """End the session of a dialog that was left."""
        super().async_remove()
        if self._session is not None:
            self.hass.async_create_task(self._end_session())


def _label(account: Account) -> str:
    name = account.name or account.id
    return name if account.kind == "miner" else f"{name} ({account.kind})"


def _problem(err: Exception, field: str) -> Errors:
    """Return the error that a dialog shows."""
    match err:
        case SourceRefused():
            return {field: "invalid_auth"}
        case Closed():
            closed = "invalid_auth" if err.status in (401, 403) else "headframe_closed"
            return {field: closed}
        case SourceBusy():
            return {"base": "busy"}
        case SourceUnreachable():
            return {"base": "timeout" if err.timed_out else "cannot_connect"}
        case SourceError():
            return {"base": "wrong_device"}
    LOGGER.error("Unexpected error while asking Headframe", exc_info=err)
    return {"base": "unknown"}
