"""Secrets planted into the answers of every source: none is shown, stored or logged."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
import json
import logging
from pathlib import Path
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.components.recorder.history import get_significant_states
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.util import dt as dt_util
import orjson
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mining_rig.const import CONF_ID_ROOT, CONF_KIND, DOMAIN
from custom_components.mining_rig.diagnostics import async_get_config_entry_diagnostics
from custom_components.mining_rig.model import (
    RIG,
    Control,
    Part,
    PartEvent,
    PartKind,
    Quantity,
    Release,
    every_reading,
)
from custom_components.mining_rig.readings import MINING_ALLOWED, POWER
from custom_components.mining_rig.sources import KINDS
from custom_components.mining_rig.sources.common.cgminer import CgminerClient
from custom_components.mining_rig.sources.common.cgminer_decoding import decode
from custom_components.mining_rig.sources.common.contract import (
    CommandRefused,
    SourceGarbled,
)
from custom_components.mining_rig.sources.common.http import Answer, JsonHttp
from custom_components.mining_rig.sources.detect import QUESTIONS
from custom_components.mining_rig.sources.headframe import readings

from .pushing import ASIC_CODE, BASE, PC_CODE, async_set_up_rigs, body, pushing_entry
from .rigs import ID_ROOT, async_pass, async_set_up, entity_id
from .scripted import ScriptedSource, async_add
from .sources import (
    test_lolminer as lolminer,
    test_t_rex_parse as t_rex,
    test_xmrig_parse as xmrig,
    test_xmrig_proxy_parse as proxy,
)

WALLET = "48edfHu7V9Z84YzzMa6fUueoELZ9ZRXq9VetWzYGzKt52XU5xvqgzYnDK9URnRoJMk1j8nLwEV"
USER = "sandra.klaassen"
PASSWORD = "hun/ter?2#x"
TOKEN = "tokenQ7xk2"
MAIL = "sandra@klaassen.example"
SECRETS = (WALLET, WALLET[:20], USER, "hun/ter", TOKEN, MAIL, "klaassen")

ADDRESS = f"stratum+tcp://{USER}:{PASSWORD}@pool.example:3333/{WALLET}?token={TOKEN}"
NAME = f"{WALLET}.garage {MAIL}"
WORDS = f"cannot log {WALLET} in at {ADDRESS}\n\x00 --pass {TOKEN} token={TOKEN} {MAIL}"

_ADDRESS_KEYS = frozenset(
    [
        "url",
        "pool",
        "Pool",
        "URL",
        "current_server",
        "current_url",
        "server",
        "CurrentPool",
        "addr",
        "stratumURL",
        "Current_Pool",
        "proxy",
        "dns_https_server",
        "dns",
        "ip",
    ]
) | {f"pool_{n}_address" for n in (1, 2, 3)}
_NAME_KEYS = frozenset(
    [
        "user",
        "User",
        "Current_User",
        "worker",
        "Worker",
        "worker_id",
        "rig-id",
        "pass",
        "password",
        "wallet",
    ]
)
FIXTURES = Path(__file__).parent / "fixtures"
_TEXT_KEYS = frozenset(["error", "last_error", "message"])


def planted(data: Any, key: str = "") -> Any:
    """Return an answer with secrets in all fields that may hold one, and in errors."""
    match data:
        case dict():
            return {k: planted(value, k) for k, value in data.items()}
        case list():
            return [planted(item, key) for item in data]
        case str() if key in _ADDRESS_KEYS or key.endswith("pool_address"):
            return ADDRESS
        case str() if "gpu_pool_address" in key:
            return ADDRESS
        case str() if key in _NAME_KEYS or "wallet" in key or key.endswith("_user"):
            return NAME
        case str() if key in _TEXT_KEYS:
            return WORDS
    return data


@dataclass(frozen=True)
class Case:
    """The answers of a kind by path, and its refusals."""

    answers: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[str, Any] = field(default_factory=dict)
    """Answers over a socket, by command."""
    error: Any = field(default_factory=lambda: {"success": 0, "error": WORDS})


def recorded(path: str) -> Any:
    """Return a recorded answer, decoded."""
    return decode((FIXTURES / path).read_bytes()).data


def page(kind: str, name: str) -> Case:
    """Return the case of a program with one recorded answer."""
    answer = recorded(f"miners/{name}.json")
    return Case(dict.fromkeys(QUESTIONS[kind].paths, answer))


POOLS = {"POOLS": [{"POOL": 0, "URL": "a:1", "User": "x", "Status": "Alive"}]}
CASES = {
    "antminer": Case(
        lines={"stats": recorded("antminer/s9_stock_stats.txt"), "pools": POOLS}
    ),
    "avalon": Case(
        lines={"stats": recorded("avalon/nano3s_stats.json"), "pools": POOLS}
    ),
    "axeos": Case(
        {"/api/system/info": recorded("axeos/bitaxe_gamma602_v2.15.0_info_mining.json")}
    ),
    "bzminer": page("bzminer", "bzminer_24_constructed"),
    "ccminer": Case(
        lines={
            "summary": recorded("miners/ccminer_summary.txt"),
            "pool": recorded("miners/ccminer_pool.txt"),
        }
    ),
    "claymore": Case(
        lines={
            "miner_getstat1": {
                "result": [
                    *recorded("miners/phoenixminer_5.1c_getstat1.json")["result"][:7],
                    ADDRESS,
                ]
            }
        }
    ),
    "gminer": page("gminer", "gminer_3.06_stat"),
    "iceriver": Case(
        lines={
            "boardpow": recorded("iceriver/boardpow.json"),
            "getpool": recorded("iceriver/getpool.json"),
        }
    ),
    "miniz": Case(lines={"getstat": recorded("miners/miniz_getstat.json")}),
    "nanominer": page("nanominer", "nanominer_foreman_stats"),
    "nbminer": page("nbminer", "nbminer_40.0_status"),
    "onezerominer": page("onezerominer", "onezerominer_1.8.0_vector"),
    "rigel": page("rigel", "rigel_1.23.2_stat"),
    "srbminer": page("srbminer", "srbminer_3.6.4_api_v2_status"),
    "teamredminer": Case(
        lines={
            "devs": recorded("miners/teamredminer_0.3.8_devs.json"),
            "pools": recorded("miners/teamredminer_0.3.8_pools.json"),
        }
    ),
    "wildrig": page("wildrig", "wildrig_0.10.0"),
    "lolminer": Case({"/summary": lolminer.DUAL}),
    "t_rex": Case({"/summary": t_rex.DUAL, "/config": t_rex.CONFIG}),
    "xmrig": Case(
        {
            "/2/summary": xmrig.LINUX_RIG,
            "/2/backends": xmrig.BACKENDS,
            "/2/config": xmrig.CONFIG,
        }
    ),
    "xmrig_proxy": Case(
        {
            "/1/summary": proxy.NEW,
            "/1/workers": {
                **proxy.TABLE,
                "workers": [
                    [NAME, *proxy.TABLE["workers"][0][1:]],
                    [MAIL, *proxy.TABLE["workers"][0][1:]],
                ],
            },
            "/1/config": {**proxy.CONFIG, "pools": [{"url": "a:1", "user": "x"}]},
        }
    ),
}
NO_POOLS = {"onezerominer", "rigel", "xmrig_proxy"}
"""Kinds that show no address of a pool, or not as one field."""
NETWORK_KINDS = [kind for kind, facts in KINDS.items() if facts.form.has("host")]


def visible(hass: HomeAssistant) -> str:
    """Return everything that any user of Home Assistant sees of the rigs.

    Readings that are secret are for the owner, who has to enable them; tests with every
    entity leave their states out.
    """
    secret = {reading.key for reading in every_reading() if reading.secret}
    registry = er.async_get(hass)
    hidden = {
        entity.entity_id
        for entity in registry.entities.values()
        if any(f"_{key}" in entity.unique_id for key in secret)
    }
    states = [
        (state.state, dict(state.attributes), state.entity_id)
        for state in hass.states.async_all()
        if state.entity_id not in hidden
    ]
    assert all(len(state) <= 255 for state, _, _ in states)
    assert all(state.isprintable() for state, _, _ in states)
    devices = [
        (d.name, d.model, d.manufacturer, d.sw_version, d.configuration_url)
        for d in dr.async_get(hass).devices
    ]
    assert all(device[0] for device in devices)
    names = [(e.entity_id, e.original_name) for e in registry.entities.values()]
    issues = [i.translation_placeholders for i in ir.async_get(hass).issues.values()]
    return repr((states, devices, names, issues))


def check(text: str) -> None:
    """Fail where a secret is in a text."""
    found = [secret for secret in SECRETS if secret in text]
    assert not found, f"{found} in {text[max(0, text.find(found[0]) - 300) :][:600]}"


@pytest.fixture(autouse=True)
def _debug_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Log all there is, and look through it at the end."""
    caplog.set_level(logging.DEBUG, logger="custom_components.mining_rig")
    yield
    own = [r.getMessage() for r in caplog.records if "mining_rig" in r.name]
    check("\n".join(own))


async def async_check_all(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Look for secrets in what is seen and in diagnostics."""
    check(visible(hass))
    check(json.dumps(await async_get_config_entry_diagnostics(hass, entry)))


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
@pytest.mark.parametrize("kind", NETWORK_KINDS)
async def test_polled(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, kind: str
) -> None:
    """Neither good answers nor refusals give anything away."""
    case = CASES[kind]
    refuses = False

    async def request(self: JsonHttp, method: str, path: str, **details: Any) -> Answer:
        if refuses:
            return Answer(200, orjson.dumps(case.error))
        if path not in case.answers:
            return Answer(404, b"{}")
        return Answer(200, orjson.dumps(planted(case.answers[path])))

    async def exchange(self: CgminerClient, question: bytes, *, urgent: bool) -> bytes:
        if refuses:
            return orjson.dumps(case.error)
        text = question.decode().strip()
        asked = orjson.loads(text) if text.startswith("{") else {"command": text}
        command = next(asked[k] for k in ("command", "method", "id") if k in asked)
        answer = case.lines.get(command, {"STATUS": [{"STATUS": "E", "Code": 14}]})
        return orjson.dumps(planted(answer))

    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Rig",
        data={CONF_KIND: kind, CONF_ID_ROOT: ID_ROOT, "host": "rig.lan", "port": 4067},
    )
    with (
        patch.object(JsonHttp, "request", request),
        patch.object(CgminerClient, "_exchange", exchange),
    ):
        assert await async_set_up(hass, entry)
        assert entry.runtime_data.online
        assert "pool.example:3333" in visible(hass) or kind in NO_POOLS
        await async_check_all(hass, entry)
        refuses = True
        for _ in range(8):
            await async_pass(hass, freezer, 30)
        assert not entry.runtime_data.online
        assert entry.runtime_data.availability.last_error is not None
        check(str(entry.runtime_data.availability.last_error))
        await async_check_all(hass, entry)


@pytest.mark.usefixtures("entity_registry_enabled_by_default", "socket_enabled")
@pytest.mark.parametrize(
    ("rig_type", "what", "code"),
    [
        ("asic", "asic_log_ks5l", ASIC_CODE),
        ("cpu_gpu", "cpu_gpu_log_dual_mining_2gpu", PC_CODE),
        ("cpu_gpu", "cpu_gpu_log_cpu_only", PC_CODE),
    ],
)
async def test_pushed(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    rig_type: str,
    what: str,
    code: str,
) -> None:
    """An agent sends the addresses of its pools with users, and wallets."""
    entry = pushing_entry(rig_type)
    await async_set_up_rigs(hass, entry)
    client = await hass_client_no_auth()
    async with client.post(
        f"{BASE}/{rig_type}_miners/logs",
        json=planted(body(f"{what}.request")),
        headers={"api_code": code},
    ) as answer:
        assert answer.status == 200
    await hass.async_block_till_done()
    assert "pool.example:3333" in visible(hass)
    await async_check_all(hass, entry)


# ---- sources to come


@pytest.fixture
def scripted() -> ScriptedSource:
    """Return a source with a secret in every text that there is."""
    values: dict[Any, Any] = {
        reading.plain: ADDRESS if reading.address else WORDS
        for reading in every_reading()
        if reading.quantity is Quantity.TEXT and not reading.secret
    }
    source = ScriptedSource(values)
    source.others = [
        Part(
            kind=kind,
            key=f"{kind}_1",
            name=NAME,
            model=NAME,
            manufacturer=f"{MAIL} Ltd",
            values=dict(values),
            release=Release(
                installed="1.0", latest="1.1", notes=WORDS, url=f"{ADDRESS}&x"
            ),
        )
        for kind in PartKind
        if kind is not PartKind.RIG
    ]
    return source


class TestRecorded:
    """What is in the recorder afterwards."""

    @pytest.fixture(autouse=True)
    def _custom_integrations(
        self, recorder_mock: Recorder, enable_custom_integrations: None
    ) -> None:
        """Start the recorder before everything else, as it has to be."""

    async def test_every_text(
        self,
        hass: HomeAssistant,
        entity_registry_enabled_by_default: None,
        freezer: FrozenDateTimeFactory,
        scripted: ScriptedSource,
    ) -> None:
        """Whatever a source reports, the state machine and the recorder get no secret."""
        start = dt_util.utcnow()
        payment = readings.PAYMENT
        scripted.events = (payment,)
        entry = await async_add(hass, scripted)
        scripted.new_events = [
            PartEvent(
                part=RIG,
                kind=payment,
                type=payment.types[0],
                attributes={"to": WALLET, "text": WORDS, "amount": 1},
            )
        ]
        await async_pass(hass, freezer)
        assert "'amount': 1" in visible(hass)
        await async_check_all(hass, entry)
        scripted.error = SourceGarbled(WORDS)
        for _ in range(4):
            await async_pass(hass, freezer)
        await async_check_all(hass, entry)
        await async_wait_recording_done(hass)
        recorded = await get_instance(hass).async_add_executor_job(
            lambda: get_significant_states(
                hass,
                start,
                None,
                [*hass.states.async_entity_ids()],
                minimal_response=False,
            )
        )
        assert recorded
        check(
            repr(
                [
                    [(s.state, s.attributes) for s in found]
                    for found in recorded.values()
                ]
            )
        )


async def test_refused_command(hass: HomeAssistant) -> None:
    """What a miner answers to a command is shown in a dialog."""
    switch = MINING_ALLOWED.plain
    source = ScriptedSource({switch: True}, Control(channel=switch))
    await async_add(hass, source)
    refused = CommandRefused("t_rex_refused", {"error": WORDS})
    with (
        patch.object(source, "write", side_effect=refused),
        pytest.raises(HomeAssistantError) as caught,
    ):
        await hass.services.async_call(
            "switch",
            "turn_off",
            {"entity_id": entity_id(hass, "switch", "mining_allowed")},
            blocking=True,
        )
    assert "cannot log" in str(caught.value)
    check(str(caught.value))


async def test_nothing_left_of_a_name(hass: HomeAssistant) -> None:
    """A part whose name cannot be shown has its number."""
    source = ScriptedSource()
    source.others = [
        Part(kind=PartKind.WORKER, key=WALLET, name=name, values={POWER.plain: 1.0})
        for name in (WALLET,)
    ] + [
        Part(kind=PartKind.WORKER, key="\x00", name=" \n", values={POWER.plain: 1.0}),
        Part(kind=PartKind.GPU, key="a", name="\x00", values={POWER.plain: 1.0}),
        Part(kind=PartKind.GPU, key="b", name="x y " * 99, values={POWER.plain: 1.0}),
    ]
    await async_add(hass, source)
    names = {device.name for device in dr.async_get(hass).devices}
    assert {"Office PC 1", "Office PC 2"} <= names
    assert all(name and len(name) < 100 for name in names)
    check(visible(hass))


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_text_to_write(hass: HomeAssistant) -> None:
    """A text that could not be shown is not written: nothing would confirm it."""
    title = readings.TITLE.plain
    control = Control(channel=title, maximum=200)
    source = ScriptedSource({title: "Home"}, control)
    await async_add(hass, source)
    target = {"entity_id": entity_id(hass, "text", title.key)}
    await hass.services.async_call(
        "text", "set_value", {**target, "value": "Garage"}, blocking=True
    )
    with pytest.raises(HomeAssistantError) as caught:
        await hass.services.async_call(
            "text", "set_value", {**target, "value": MAIL}, blocking=True
        )
    assert caught.value.translation_key == "not_public"
    assert source.writes == ["Garage"]
