"""Operations about people, accounts and the links that let others watch."""

import secrets

from .accounts import EMAIL_TOPICS, OPERATOR, POOL, TELEGRAM_TOPICS, Group, Miner, User
from .asking import Asked, Caller, Json, invalid, is_uuid, not_found
from .mining import DAY, total
from .routes import Answer, Pool, operation
from .shapes import (
    link,
    miner as miner_shape,
    operator as operator_shape,
    topics,
    user as user_shape,
    watcher_permissions,
)

_LANGUAGES = ("en", "ru")


def miner_of(pool: Pool, asked: Asked, name: str = "miner_id") -> Miner:
    """Return the account that stands in the path."""
    found = pool.registry.accounts.get(asked.path[name])
    if not is_uuid(asked.path[name]):
        raise invalid(f"{name}: must be a valid UUID")
    if not isinstance(found, Miner):
        raise not_found()
    return found


def group_of(pool: Pool, asked: Asked, kind: str) -> Group:
    """Return the operator or the pool that stands in the path."""
    found = pool.registry.accounts.get(asked.path[f"{kind}_id"])
    if not isinstance(found, Group) or found.type != kind:
        raise not_found()
    return found


def _self(asked: Asked, caller: Caller) -> User:
    user = caller.require_user()
    if asked.path["user_id"] not in (user.id, "me"):
        raise not_found()
    return user


@operation(1, "GET", "/users/me")
def current_user(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Say who is signed in."""
    return user_shape(caller.require_user(), pool.registry)


@operation(3, "PUT", "/users/me/language")
def set_language(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Write to him in another language."""
    user = caller.require_user()
    user.language = asked.text("language", "|".join(_LANGUAGES))
    return {"language": user.language}


@operation(12, "GET", "/users/{user_id}/notifications")
def notifications(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Say what he is told of."""
    return topics(_self(asked, caller))


@operation(13, "PATCH", "/users/{user_id}/notifications")
def set_notifications(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Tell him of more or less; both channels must be there."""
    user = _self(asked, caller)
    known = {"email": EMAIL_TOPICS, "telegram": TELEGRAM_TOPICS}
    changes: list[tuple[str, str, bool]] = []
    for channel, names in known.items():
        told = asked.body.get(channel)
        if not isinstance(told, dict):
            raise invalid(f"{channel}: cannot be blank")
        for topic, wanted in told.items():
            on = wanted.get("enabled") if isinstance(wanted, dict) else None
            if topic not in names or not isinstance(on, bool):
                raise invalid(f"{channel}: {topic}: must be a valid value")
            if topic in user.fixed_topics:
                raise invalid(f"{channel}: {topic}: cannot be changed")
            changes.append((channel, topic, on))
    for channel, topic, on in changes:
        user.topics[channel][topic] = on
    return topics(user)


@operation(15, "GET", "/miners/{miner_id}")
def get_miner(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Describe a mining account."""
    miner = miner_of(pool, asked)
    caller.require_read(miner)
    return miner_shape(miner, pool.id)


@operation(46, "PUT", "/miners/{miner_id}/title")
def set_title(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Give an account a title."""
    miner = miner_of(pool, asked)
    caller.require_write(miner)
    miner.title = asked.text("title")
    return {"title": miner.title}


@operation(47, "DELETE", "/miners/{miner_id}/title")
def delete_title(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Take an account's title away."""
    miner = miner_of(pool, asked)
    caller.require_write(miner)
    miner.title = None
    return None


@operation(33, "GET", "/miners/{miner_id}/watchers")
def list_links(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Return the watcher links, tokens included; watchers see none."""
    miner = miner_of(pool, asked)
    caller.require_write(miner)
    return asked.page([link(found) for found in miner.links])


@operation(34, "POST", "/miners/{miner_id}/watchers")
def create_link(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Make a watcher link."""
    miner = miner_of(pool, asked)
    caller.require_write(miner)
    body = asked.body
    extra = body.get("extra_permissions") or []
    if not isinstance(extra, list) or {*extra} - {"accountant"}:
        raise invalid("extra_permissions: must be a valid value")
    title = asked.text("title", ".{1,300}") if "title" in body else None
    token = f"hfwl_{secrets.token_hex(32)}"
    return link(miner.add_link(token, title, asked.now, accountant=bool(extra)))


@operation(35, "DELETE", "/miners/{miner_id}/watchers/{watcher_id}")
def delete_link(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """End a watcher link."""
    miner = miner_of(pool, asked)
    caller.require_write(miner)
    for found in miner.links:
        if found.id == asked.path["watcher_id"]:
            miner.links.remove(found)
            return None
    raise not_found()


@operation(131, "GET", "/watchers/{watcher_token}", is_open=True)
def watcher(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Say what a link reaches; who holds it may ask."""
    found = pool.registry.of_link(asked.path["watcher_token"])
    if found is None:
        raise not_found()
    holder = Caller(link=found, payments_closed=caller.payments_closed)
    return watcher_permissions(found[0], holder.access)


@operation(53, "GET", "/pools/current", is_open=True)
def current_pool(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Describe the pool; the header says which."""
    if "x-headframe-domain" not in asked.headers:
        raise invalid("X-Headframe-Domain: cannot be blank")
    if asked.headers["x-headframe-domain"] != pool.domain:
        raise not_found()
    return _pool(pool)


@operation(54, "GET", "/pools/{pool_id}")
def get_pool(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Describe the pool to who runs it."""
    caller.require_read(group_of(pool, asked, POOL))
    return {**_pool(pool), "wallets": []}


@operation(80, "GET", "/operators/{operator_id}")
def get_operator(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Describe an operator."""
    operator = group_of(pool, asked, OPERATOR)
    caller.require_read(operator)
    return operator_shape(operator)


@operation(127, "GET", "/pools/current/stats", is_open=True)
def pool_stats(pool: Pool, asked: Asked, caller: Caller) -> Answer:
    """Tell how the pool does, nobody's name included."""
    miners = pool.registry.miners
    own = sum(
        total(miner.machines, asked.now - DAY, asked.now).hashrate for miner in miners
    )
    return {
        "hashrate": f"{pool.others + own:.0f}",
        "miners": 1204 + len(miners),
        "fee": str(pool.fee),
        "minpay": str(pool.least_payout),
    }


def _pool(pool: Pool) -> Json:
    return {
        "id": pool.id,
        "status": "active",
        "title": pool.title,
        "settings": {
            "default_language": "en",
            "available_languages": list(_LANGUAGES),
        },
    }
