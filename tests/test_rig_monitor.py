"""Rigs that push, as their owner sees them in Home Assistant."""

from collections.abc import Awaitable, Callable
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.mining_rig.const import DOMAIN
from custom_components.mining_rig.diagnostics import async_get_config_entry_diagnostics

from .pushing import ASIC_CODE, BASE, PC_CODE, async_set_up_rigs, body, pushing_entry
from .rigs import async_pass, entity_id, state

pytestmark = [
    pytest.mark.usefixtures("socket_enabled"),
    pytest.mark.freeze_time("2026-01-02 03:04:05+00:00"),
]

type Push = Callable[..., Awaitable[int]]


@pytest.fixture
async def push(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator
) -> Push:
    """Set an ASIC and a CPU/GPU rig up and return what pushes for them."""
    await async_set_up_rigs(
        hass,
        pushing_entry("asic"),
        pushing_entry("cpu_gpu", title="Caheo PC", id_root="d4e5f6"),
    )
    client = await hass_client_no_auth()

    async def push(what: str, **changes: Any) -> int:
        sort = "asic" if what.startswith("asic") else "cpu_gpu"
        kind = "specs" if "specs" in what else "logs"
        data = {**body(f"{what}.request"), **changes}
        async with client.post(
            f"{BASE}/{sort}_miners/{kind}",
            json=data,
            headers={"api_code": ASIC_CODE if sort == "asic" else PC_CODE},
        ) as answer:
            await hass.async_block_till_done()
            return answer.status

    return push


def pc(hass: HomeAssistant, platform: str, channel: str, part: str = "rig") -> Any:
    """Return the state of a channel of the CPU/GPU rig."""
    return state(hass, platform, channel, part, id_root="d4e5f6")


def shown(
    hass: HomeAssistant, part: str = "rig", id_root: str = "a1b2c3"
) -> dict[str, str]:
    """Return the sensors of a part with their units."""
    found = {}
    for entity in hass.states.async_all("sensor"):
        entry = er.async_get(hass).async_get(entity.entity_id)
        assert entry is not None
        start = f"{id_root}_{part}_"
        if entry.unique_id.startswith(start):
            unit = entity.attributes.get("unit_of_measurement", "")
            found[entry.unique_id.removeprefix(start)] = (
                f"{entity.state} {unit}".strip()
            )
    return found


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_asic(hass: HomeAssistant, push: Push) -> None:
    """Every field of a log, and the specifications."""
    assert await push("asic_specs") == 200
    assert await push("asic_log_ks5l") == 200
    assert shown(hass) == {
        "acceptance_rate": "100.0 %",
        "accepted_shares": "7225",
        "pool_accepted_shares_1": "7225",
        "pool_accepted_shares_2": "0",
        "pool_accepted_shares_3": "0",
        "coin": "Kaspa",
        "efficiency": "233.162348 J/TH",
        "energy_estimate": "0.0 kWh",
        "fan_speed_1": "5900 rpm",
        "fan_speed_2": "5900 rpm",
        "fan_speed_3": "5900 rpm",
        "fan_speed_4": "5855 rpm",
        "hashrate": "15.011 TH/s",
        "hashrate_5m": "15.011 TH/s",
        "hashrate_30m": "10.789 TH/s",
        "hottest": "67 °C",
        "pool": "asia1.kaspa-pool.org:4441",
        "pool_1": "asia1.kaspa-pool.org:4441",
        "pool_2": "eu1.kaspa-pool.org:4441",
        "pool_3": "us1.kaspa-pool.org:4441",
        "power_estimate": "3500 W",
        "rejected_shares": "0",
        "pool_rejected_shares_1": "0",
        "pool_rejected_shares_2": "0",
        "pool_rejected_shares_3": "0",
        "rig_monitor_lan_address": "192.168.1.XX",
        "rig_monitor_pool_user_1": "kaspa:**********.worker_1",
        "rig_monitor_pool_user_2": "kaspa:**********.worker_1",
        "rig_monitor_pool_user_3": "kaspa:**********.worker_1",
        "rig_monitor_rejection": "0.0",
        "rig_monitor_software": "ICM168_3_2_10_ks5L_miner ICM168_3_2_10_ks5L_bg",
        "started": "2025-12-31T22:35:03+00:00",
        "status": "mining",
    }
    assert shown(hass, "hashboard_3") == {
        "hashrate": "4.22212 TH/s",
        "hashrate_5m": "4.22212 TH/s",
        "hashrate_30m": "3.51844 TH/s",
        "temperature_1": "62 °C",
        "temperature_2": "67 °C",
    }
    assert state(hass, "binary_sensor", "connected").state == "on"
    assert state(hass, "binary_sensor", "mining").state == "on"
    assert state(hass, "binary_sensor", "pool_connected_1").state == "on"
    assert state(hass, "binary_sensor", "pool_connected_2").state == "off"
    (rig,) = [
        device for device in dr.async_get(hass).devices if device.name == "Thanh Long"
    ]
    assert (rig.manufacturer, rig.model) == ("Ice River", "Ice River KS5L")
    assert rig.sw_version == "Factory BOOT_3_1 image_1.0"


async def test_an_asic_fits_on_a_page(hass: HomeAssistant, push: Push) -> None:
    """No unused pools, no copies: what it is about, in 24 entities."""
    assert await push("asic_specs") == 200
    assert await push("asic_log_ks5l") == 200
    # A control and what shows its value may have one id on two platforms.
    entities = [
        entity
        for entity in er.async_get(hass).entities.values()
        if entity.unique_id.startswith("a1b2c3_")
    ]
    shown = [entity for entity in entities if not entity.disabled]
    enabled = {entity.unique_id.removeprefix("a1b2c3_") for entity in shown}
    assert len(shown) <= 24
    assert len(entities) > 50
    assert {
        "rig_status",
        "rig_hashrate",
        "rig_power_estimate",
        "rig_energy_estimate",
        "rig_hottest",
        "rig_pool",
        "rig_rig_monitor_power",
        "rig_coin",
        "rig_accepted_shares",
        "hashboard_1_hashrate",
        "hashboard_1_temperature_2",
    } <= enabled
    assert "a1b2c3_rig_pool_2" in {entity.unique_id for entity in entities}
    assert "rig_pool_2" not in enabled


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_cpu_gpu(hass: HomeAssistant, push: Push) -> None:
    """Every field of a log with dual mining, and names from the specifications."""
    assert await push("cpu_gpu_specs_3gpu") == 200
    assert await push("cpu_gpu_log_dual_mining_2gpu") == 200
    assert shown(hass, "gpu_2", "d4e5f6") == {
        "core_clock": "1402 MHz",
        "efficiency": "2.391753 J/MH",
        "fan_level": "62 %",
        "hashrate": "97.0 MH/s",
        "hashrate_2": "1.0 GH/s",
        "memory_clock": "9502 MHz",
        "memory_temperature": "82 °C",
        "power": "232 W",
        "temperature": "62 °C",
    }
    rig = shown(hass, "rig", "d4e5f6")
    assert rig["power"] == "463.0 W"
    assert rig["rig_monitor_memory"] == "125.0 GiB"
    assert rig["rig_monitor_gpu_coin_2"] == "Kaspa"
    assert rig["rig_monitor_wan_address"] == "170.171.172.173"
    assert shown(hass, "cpu", "d4e5f6") == {"temperature": "58 °C"}
    assert await push("cpu_gpu_log_seed_example") == 200
    assert shown(hass, "gpu_8", "d4e5f6")["rig_monitor_solutions_2"] == "60.0 Sol/s"
    assert shown(hass, "cpu", "d4e5f6")["hashrate"] == "17.0 kH/s"


async def test_heartbeat(hass: HomeAssistant, push: Push) -> None:
    """A log of nothing keeps the rig and its parts, whose values are not known."""
    await push("cpu_gpu_log_xmrig_3gpu")
    assert pc(hass, "sensor", "temperature", "gpu_3").state == "67"
    await push("cpu_gpu_log_startup_all_null")
    assert pc(hass, "sensor", "temperature", "gpu_3").state == "unknown"
    assert pc(hass, "binary_sensor", "connected").state == "on"


async def test_silence(
    hass: HomeAssistant, push: Push, freezer: FrozenDateTimeFactory
) -> None:
    """After three pushes that did not come, but not before 150 s, it is offline."""
    for _ in range(3):
        await push("asic_log_ks5l")
        await async_pass(hass, freezer, 10)
    for _ in range(4):
        await async_pass(hass, freezer, 31)
    assert state(hass, "binary_sensor", "connected").state == "on"
    for _ in range(2):
        await async_pass(hass, freezer, 31)
    assert state(hass, "binary_sensor", "connected").state == "off"
    assert state(hass, "sensor", "hashrate").state == "unavailable"
    assert state(hass, "switch", "rig_monitor_power").state == "on"
    await push("asic_log_ks5l")
    assert state(hass, "sensor", "hashrate").state == "15.011"
    for _ in range(4):
        await async_pass(hass, freezer, 100)
        await push("asic_log_ks5l")
    for _ in range(9):
        await async_pass(hass, freezer, 31)
    assert state(hass, "binary_sensor", "connected").state == "on"


@pytest.mark.parametrize("way", ["start", "reload"])
async def test_nobody_is_off_before_silence(
    hass: HomeAssistant,
    push: Push,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    way: str,
) -> None:
    """A rig that has yet to push is neither connected nor off for 150 s."""
    caplog.set_level("INFO")
    if way == "reload":
        await push("asic_log_ks5l")
        for entry in hass.config_entries.async_entries(DOMAIN):
            assert await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
    for _ in range(4):
        assert state(hass, "binary_sensor", "connected").state == "unavailable"
        assert state(hass, "sensor", "status").state == "unavailable"
        assert state(hass, "switch", "rig_monitor_power").state == "on"
        await async_pass(hass, freezer, 31)
    assert "does not answer" not in caplog.text
    await push("cpu_gpu_log_xmrig_3gpu")
    for _ in range(2):
        await async_pass(hass, freezer, 31)
    assert state(hass, "binary_sensor", "connected").state == "off"
    assert state(hass, "sensor", "status").state == "offline"
    assert pc(hass, "binary_sensor", "connected").state == "on"
    assert caplog.text.count("does not answer") == 1
    await push("asic_log_ks5l")
    assert state(hass, "binary_sensor", "connected").state == "on"
    assert "Thanh Long answers again" in caplog.text


async def test_others_delay_a_rig(
    hass: HomeAssistant, push: Push, freezer: FrozenDateTimeFactory
) -> None:
    """Its agent polls others that hang first: the observed round counts, and passes."""

    async def pause(seconds: int) -> list[str]:
        shown = []
        for _ in range(seconds // 10):
            await async_pass(hass, freezer, 10)
            shown.append(state(hass, "binary_sensor", "connected").state)
        return shown

    for _ in range(5):
        await push("asic_log_ks5l")
        await pause(10)
    await push("asic_log_ks5l")
    assert "off" in await pause(250)
    for _ in range(3):
        await push("asic_log_ks5l")
        assert "off" not in await pause(250)
    for _ in range(6):
        await push("asic_log_ks5l")
        await pause(10)
    assert "off" in await pause(190)


async def test_others_of_the_agent_hang(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Nothing is said of a rig before its agent has gone round without it."""
    names = "abc"
    await async_set_up_rigs(
        hass,
        *(
            pushing_entry("asic", title=name, id_root=name, code=name * 16)
            for name in names
        ),
    )
    client = await hass_client_no_auth()

    async def round_of(pushing: str, seconds: int) -> set[str]:
        """Let an agent push for some of its rigs, then hang; return who is off."""
        for name in pushing:
            async with client.post(
                f"{BASE}/asic_miners/logs",
                json=body("asic_log_ks5l.request"),
                headers={"api_code": name * 16},
            ) as answer:
                assert answer.status == 200
            freezer.tick(1)
        off: set[str] = set()
        for _ in range(seconds // 10):
            await async_pass(hass, freezer, 10)
            off |= {
                name
                for name in names
                if state(hass, "binary_sensor", "connected", id_root=name).state != "on"
            }
        return off

    for _ in range(5):
        assert await round_of("abc", 10) == set()
    assert await round_of("abc", 240) == set()
    # The round is over, and those that hang have been passed over for the first time.
    assert await round_of("c", 240) == {"a", "b"}
    assert await round_of("c", 240) == {"a", "b"}
    # An agent that is gone comes round no more.
    for _ in range(6):
        assert await round_of("abc", 10) == set()
    assert await round_of("abc", 240) == set()
    assert await round_of("", 90) == {"a", "b", "c"}


async def test_does_not_follow(
    hass: HomeAssistant, push: Push, freezer: FrozenDateTimeFactory
) -> None:
    """Two minutes after off it still pushes; a quarter of an hour after on it rests."""

    def disobeys() -> str:
        return state(hass, "binary_sensor", "not_following").state

    async def order(on: bool) -> None:
        await hass.services.async_call(
            "switch",
            "turn_on" if on else "turn_off",
            {"entity_id": entity_id(hass, "switch", "rig_monitor_power")},
            blocking=True,
        )

    await push("asic_log_ks5l")
    assert disobeys() == "off"
    await order(False)
    await async_pass(hass, freezer, 110)
    await push("asic_log_ks5l")
    assert disobeys() == "off"
    await async_pass(hass, freezer, 20)
    await push("asic_log_ks5l")
    assert disobeys() == "on"
    for _ in range(7):
        await async_pass(hass, freezer, 31)
    assert disobeys() == "off"

    await order(True)
    for _ in range(28):
        await async_pass(hass, freezer, 31)
    assert disobeys() == "off"
    await async_pass(hass, freezer, 60)
    assert disobeys() == "on"
    await push("asic_log_ks5l")
    assert disobeys() == "off"


async def test_frozen(
    hass: HomeAssistant, push: Push, freezer: FrozenDateTimeFactory
) -> None:
    """A GPU that works and always tells the same is not read any more."""
    for _ in range(20):
        await push("cpu_gpu_log_dual_mining_2gpu")
        await async_pass(hass, freezer, 31)
    assert pc(hass, "binary_sensor", "rig_monitor_frozen").state == "on"
    changed = {"gpu_1_core_temp": 64, "gpu_2_core_temp": 65}
    await push("cpu_gpu_log_dual_mining_2gpu", **changed)
    assert pc(hass, "binary_sensor", "rig_monitor_frozen").state == "off"


async def test_rated_power_and_measured_power(hass: HomeAssistant, push: Push) -> None:
    """The agent's constant is an estimate; the owner knows better; others measure."""
    entry = hass.config_entries.async_entries(DOMAIN)[0]
    hass.config_entries.async_update_entry(entry, options={"rated_power": 3100})
    assert await hass.config_entries.async_reload(entry.entry_id)
    await push("asic_log_ks5l")
    assert state(hass, "sensor", "power_estimate").state == "3100"
    await push("asic_log_ks5l", power=3211.5)
    assert state(hass, "sensor", "power").state == "3211.5"


@pytest.mark.usefixtures("entity_registry_enabled_by_default")
async def test_strange_fields_cost_only_themselves(
    hass: HomeAssistant, push: Push
) -> None:
    """What cannot be understood is not known; the rest is."""
    await push(
        "asic_log_ks5l",
        hashrate_5_min="3283.87G",
        fan_1_speed=True,
        fan_2_speed="5855",
        power={"w": 1},
        uptime="some time",
        hashboard_1_temp_1="55C",
        hashboard_1_temp_2=55.5,
    )
    sensors = shown(hass)
    assert sensors["hashrate"] == "3.28387 TH/s"
    assert sensors["fan_speed_2"] == "5855 rpm"
    assert sensors["fan_speed_3"] == "5900 rpm"
    assert not {"fan_speed_1", "started", "power"} & sensors.keys()
    assert shown(hass, "hashboard_1")["temperature_2"] == "55.5 °C"
    entry = hass.config_entries.async_entries(DOMAIN)[0]
    report = await async_get_config_entry_diagnostics(hass, entry)
    assert set(report["snapshot"]["unparsed"]) == {
        "fan_1_speed",
        "power",
        "uptime",
        "hashboard_1_temp_1",
    }


async def test_diagnostics_hold_no_secret(hass: HomeAssistant, push: Push) -> None:
    """Neither code nor webhook, users, wallets nor the public address."""
    await push("asic_log_ks5l", pool_1_user="somebody", wan_ip="203.0.113.77")
    await push("cpu_gpu_log_dual_mining_2gpu")
    for entry in hass.config_entries.async_entries(DOMAIN):
        report = str(await async_get_config_entry_diagnostics(hass, entry))
        for secret in (
            ASIC_CODE,
            PC_CODE,
            "hook_a1b2c3",
            "hook_d4e5f6",
            "somebody",
            "203.0.113.77",
            "kaspa:example",
            "170.171.172.173",
        ):
            assert secret not in report


async def test_totals_of_shares_do_not_fall(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, push: Push
) -> None:
    """A pool that tells nothing for a moment keeps its part of the total."""

    async def total(**shares: int | None) -> str:
        # A counter is written once a minute.
        freezer.tick(60)
        changes = {f"{key}_share": count for key, count in shares.items()}
        assert await push("asic_log_ks5l", **changes) == 200
        await hass.async_block_till_done()
        return shown(hass).get("accepted_shares", "")

    # Nobody knows yet what the second has taken.
    assert await total(pool_1_accepted=100, pool_2_accepted=None) == ""
    assert await total(pool_1_accepted=100, pool_2_accepted=20) == "120"
    assert await total(pool_1_accepted=101, pool_2_accepted=None) == "121"
    assert await total(pool_1_accepted=None, pool_2_accepted=22) == "123"
    # All start from nothing when the miner restarts.
    assert await total(pool_1_accepted=1, pool_2_accepted=0) == "1"
    nothing = {f"pool_{n}_accepted": None for n in (1, 2, 3)}
    assert await total(**nothing) == "unknown"


async def test_total_without_unused_pools(hass: HomeAssistant, push: Push) -> None:
    """A pool without address and user is none; its counters need not be there."""
    unused = {
        f"pool_{n}_{key}": None
        for n in (2, 3)
        for key in ("address", "user", "state", "accepted_share", "rejected_share")
    }
    assert await push("asic_log_ks5l", pool_1_accepted_share=7, **unused) == 200
    await hass.async_block_till_done()
    assert state(hass, "sensor", "accepted_shares").state == "7"
