"""XMRig's configuration: what is read from it and how it is edited."""

from copy import deepcopy
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.mining_rig.model import Channel, Value
from custom_components.mining_rig.sources.common.contract import CommandRefused
from custom_components.mining_rig.sources.common.settings import REDACTED
from custom_components.mining_rig.sources.xmrig.compare import differences, is_renamed
from custom_components.mining_rig.sources.xmrig.config import (
    check_result,
    has_other_pools,
    loses_pools,
    merge,
    plain,
    redacted,
)
from custom_components.mining_rig.sources.xmrig.miner import readings
from custom_components.mining_rig.sources.xmrig.miner.config import (
    SETTINGS,
    parse_config,
    set_pause_on_active,
)
from custom_components.mining_rig.sources.xmrig.miner.pools import (
    pool_options,
    select_pool,
)
from custom_components.mining_rig.sources.xmrig.miner.threads import (
    HintNote,
    hint_note,
    profiles,
    set_threads_hint,
    threads_hint,
)
from custom_components.mining_rig.sources.xmrig.summary import DONATE_LEVEL

from .spoil import JSON
from .test_xmrig_parse import CONFIG, changed

PROFILES = {"rx": [0, 2, 4], "cn": [[1, 0]], "rx/arq": "rx"}
TUNED = {**CONFIG["cpu"], **PROFILES, "cn/0": False}
del TUNED["max-threads-hint"]


def pool(url: str, user: str = "wallet", **more: Any) -> dict[str, Any]:
    """Return a pool of a configuration."""
    return {"url": url, "user": user, "enabled": True, **more}


def value_of(config: Any, channel: Channel[Any], note: Any = None) -> Value | None:
    """Return what a configuration says of a setting."""
    return parse_config(config, HintNote.load(note)).values.get(channel)


# ---- settings of one key


@pytest.mark.parametrize(
    ("channel", "path", "wire", "value"),
    [
        (readings.CPU.plain, ("cpu", "enabled"), False, False),
        (readings.OPENCL.plain, ("opencl", "enabled"), True, True),
        (readings.CUDA.plain, ("cuda", "enabled"), True, True),
        (DONATE_LEVEL.plain, ("donate-level",), 7, 7),
        (readings.CPU_PRIORITY.plain, ("cpu", "priority"), None, "unset"),
        (readings.CPU_PRIORITY.plain, ("cpu", "priority"), 0, "idle"),
        (readings.CPU_PRIORITY.plain, ("cpu", "priority"), 2, "normal"),
        (readings.CPU_PRIORITY.plain, ("cpu", "priority"), 5, "highest"),
        (readings.PAUSE_ON_BATTERY.plain, ("pause-on-battery",), True, True),
    ],
)
def test_settings(
    channel: Channel[Any], path: tuple[str, ...], wire: Any, value: Value
) -> None:
    """Each is read from its key, and writing changes that key alone."""
    config = changed(CONFIG, **{"__".join(path): wire})
    assert value_of(config, channel) == value

    written = changed(CONFIG, **{"__".join(path): "something else"})
    SETTINGS[channel].write(written, value)
    assert written == config


@pytest.mark.parametrize("level", [-1, 6, 1.5, True, "high"])
def test_unknown_priority(level: Any) -> None:
    """A priority that is none is not known."""
    config = changed(CONFIG, cpu__priority=level)
    assert value_of(config, readings.CPU_PRIORITY.plain) is None


@pytest.mark.parametrize("section", [None, True, {}])
def test_what_a_version_lacks_is_not_offered(section: Any) -> None:
    """A build without OpenCL has no such section."""
    config = changed(CONFIG, opencl=section)
    del config["pause-on-active"]
    offered = parse_config(config).controls
    assert readings.CUDA.plain in offered
    assert readings.OPENCL.plain not in offered
    assert readings.PAUSE_ON_ACTIVE.plain not in offered
    with pytest.raises(CommandRefused):
        SETTINGS[readings.OPENCL.plain].write(config, True)


# ---- pause on active


@pytest.mark.parametrize(
    ("wire", "value"),
    [(False, False), (True, True), (60, True), (0, False), ("no", None), (None, None)],
)
def test_pause_on_active(wire: Any, value: Any) -> None:
    """A number of seconds is on, too."""
    config = changed(CONFIG, **{"pause-on-active": wire})
    assert value_of(config, readings.PAUSE_ON_ACTIVE.plain) is value


@pytest.mark.parametrize(
    ("before", "on", "idle", "after"),
    [
        (120, False, None, False),
        (False, True, 120, 120),
        (False, True, None, True),
        (120, True, 60, 120),
        (True, True, 60, True),
    ],
)
def test_pause_on_active_keeps_the_seconds(
    before: Any, idle: Any, after: Any, *, on: bool
) -> None:
    """Off and on again is what it was."""
    config = {"pause-on-active": before}
    set_pause_on_active(config, on=on, idle=idle)
    assert config == {"pause-on-active": after}


# ---- pools


def test_one_pool_is_no_choice() -> None:
    """A choice has two sides."""
    assert readings.ACTIVE_POOL.plain not in parse_config(CONFIG).controls


def test_active_pool() -> None:
    """The first that is enabled; names have neither scheme nor user."""
    config = {
        "pools": [
            pool("stratum+ssl://b:1", enabled=False),
            pool("user@a:2"),
            pool("c:3"),
            pool(""),
            {"user": "no url"},
            None,
        ]
    }
    settings = parse_config(config)
    control = settings.controls[readings.ACTIVE_POOL.plain]
    assert control.options == ("a:2", "b:1", "c:3")
    assert control.free
    assert settings.values[readings.ACTIVE_POOL.plain] == "a:2"


def test_selecting_keeps_all_pools_in_their_cycle() -> None:
    """The chosen one comes first; choosing the old one again restores the order."""
    config: dict[str, Any] = {
        "pools": [pool("a:1"), pool("b:1"), pool("c:1", enabled=False), pool("d:1")]
    }
    original = deepcopy(config)
    select_pool(config, "c:1")
    assert [p["url"] for p in config["pools"]] == ["c:1", "d:1", "a:1", "b:1"]
    assert config["pools"][0]["enabled"]
    assert value_of(config, readings.ACTIVE_POOL.plain) == "c:1"
    select_pool(config, "a:1")
    assert config == changed(original, pools=[*config["pools"]])
    assert [p["url"] for p in config["pools"]] == ["a:1", "b:1", "c:1", "d:1"]


def test_pools_of_one_name() -> None:
    """They are numbered by what they are, not by where they stand."""
    one, two = pool("a:1", "first"), pool("a:1", "second")
    config = {"pools": [two, pool("b:1"), one, {**one, "enabled": False}]}
    names = pool_options(config)
    assert names == {"a:1": [2, 3], "a:1 (2)": [0], "b:1": [1]}
    for name in names:
        select_pool(config, name)
        assert value_of(config, readings.ACTIVE_POOL.plain) == name
    assert "first" not in "".join(names)


@pytest.mark.parametrize("pools", [None, {}, [], [{"url": "b:1"}]])
def test_unknown_pool(pools: Any) -> None:
    """Somebody may have taken it out in the meantime."""
    with pytest.raises(CommandRefused) as caught:
        select_pool({"pools": pools}, "a:1")
    assert caught.value.translation_key == "xmrig_unknown_pool"
    assert caught.value.placeholders == {"pool": "a:1"}


# ---- the hint for threads


def test_profiles() -> None:
    """Lists, objects and aliases are profiles; settings and false are not."""
    cpu = {**TUNED, "argon2": {"threads": 2}, "new-setting": 5, "other": None}
    assert profiles(cpu) == {**PROFILES, "argon2": {"threads": 2}}


def test_setting_the_hint_takes_the_profiles_out() -> None:
    """Every other key stays, switched off algorithms among them."""
    cpu = deepcopy(TUNED)
    note = hint_note(cpu, None)
    off = {key: value for key, value in TUNED.items() if value is False and "/" in key}
    assert note.saved == PROFILES | off
    set_threads_hint(cpu, 50, note.saved)
    expected = {k: v for k, v in TUNED.items() if k not in PROFILES}
    assert cpu == {**expected, "max-threads-hint": 50}


def test_full_hint_puts_them_back() -> None:
    """At 100 % the owner's profiles are in the configuration, and no hint."""
    cpu = {**TUNED, "rx": [0], "cn": [[1, 1]], "new": [1]}
    set_threads_hint(cpu, 100, PROFILES)
    assert cpu == TUNED


def test_full_hint_disables_again_what_was_disabled() -> None:
    """Also where the miner has made profiles of it meanwhile, or dropped it."""
    cpu = deepcopy(TUNED)
    note = hint_note(cpu, None)
    set_threads_hint(cpu, 50, note.saved)
    del cpu["cn/0"], cpu["max-threads-hint"]
    for made in ({}, {"rx": [0], "cn/0": [[1, 0]]}):
        limited = {**cpu, **made}
        set_threads_hint(limited, 100, note.saved)
        assert limited == TUNED


def test_full_hint_where_there_were_none() -> None:
    """Without profiles of the owner's the miner makes its own for 100 %."""
    cpu = {"enabled": True, "rx": [0]}
    set_threads_hint(cpu, 100, {})
    assert cpu == {"enabled": True, "max-threads-hint": 100}


MADE = {"rx": [0], "cn": [[1, 0]]}


@pytest.mark.parametrize(
    ("cpu", "note", "hint"),
    [
        # The miner says it itself.
        ({"max-threads-hint": 75}, None, 75),
        ({"max-threads-hint": 0}, None, 1),
        ({"max-threads-hint": 4000}, None, 100),
        ({"max-threads-hint": True, **PROFILES}, None, 100),
        # Nothing was taken out.
        (PROFILES, None, 100),
        (PROFILES, "nonsense", 100),
        (PROFILES, {"saved": 1}, 100),
        # The profiles are those made of the hint.
        (MADE, {"saved": PROFILES, "hint": 50, "made": MADE}, 50),
        ({**MADE, "gr": [1]}, {"saved": PROFILES, "hint": 50, "made": MADE}, 50),
        (PROFILES, {"saved": PROFILES, "hint": 90, "made": PROFILES}, 90),
        ({"rx": [0]}, {"saved": {}, "hint": 50, "made": None}, 50),
        # The owner made new ones since, or put the old ones back.
        ({"rx": [7]}, {"saved": PROFILES, "hint": 50, "made": MADE}, 100),
        ({"gr": [7]}, {"saved": PROFILES, "hint": 50, "made": MADE}, 100),
        (PROFILES, {"saved": PROFILES, "hint": 50, "made": MADE}, 100),
        # A change of which nobody knows what came of it.
        (MADE, {"saved": PROFILES, "hint": None, "made": None}, None),
        (PROFILES, {"saved": PROFILES, "hint": None, "made": None}, 100),
        (MADE, {"saved": PROFILES, "hint": "?", "made": "?"}, None),
    ],
)
def test_hint_in_force(cpu: Any, note: Any, hint: float | None) -> None:
    """The store and the profiles together tell it."""
    assert threads_hint(cpu, HintNote.load(note)) == hint


@pytest.mark.parametrize(
    ("note", "saved"),
    [
        (None, MADE),
        (HintNote(saved=PROFILES, hint=50, made=MADE), PROFILES),
        (HintNote(saved=PROFILES), PROFILES),
        (HintNote(saved=PROFILES, hint=50, made={"rx": [7]}), MADE),
    ],
)
def test_what_is_saved(note: HintNote | None, saved: Any) -> None:
    """The owner's profiles, never those that the miner made of a hint."""
    kept = hint_note(MADE, note)
    assert kept == HintNote(saved=saved)
    assert HintNote.load(kept.dump()) == kept


# ---- redaction


def test_redaction() -> None:
    """Whatever gives access or names a wallet is replaced, and nothing else."""
    config = changed(
        CONFIG,
        **{
            "http__access-token": "TOKEN",
            "user-agent": "me",
            "pools": [
                {
                    "url": "stratum+tcp://WALLET:x@p:1",
                    "user": "WALLET",
                    "pass": "x",
                    "rig-id": "WALLET",
                    "spend-secret-key": "KEY",
                    "self-select": "http://WALLET@d:1",
                    "socks5": "WALLET:x@proxy:1",
                    "coin": "monero",
                    "user-new": None,
                },
                pool("WALLET@p:2", user=""),
            ],
        },
    )
    found = redacted(config)
    assert "WALLET" not in str(found)
    assert "KEY" not in str(found)
    assert found["http"] == {**config["http"], "access-token": REDACTED}
    assert found["pools"][0]["url"] == "stratum+tcp://p:1"
    assert found["pools"][0]["coin"] == "monero"
    assert found["pools"][1] == {"url": "p:2", "user": "", "enabled": True}
    assert {k: v for k, v in found.items() if k not in ("http", "pools")} == {
        k: v for k, v in config.items() if k not in ("http", "pools")
    }


# ---- changes by administrators


def test_merge() -> None:
    """Objects are merged, everything else is replaced."""
    config = {"a": {"b": 1, "c": [1, 2]}, "d": 1, "pools": [pool("p:1"), pool("p:2")]}
    merge(
        config,
        {
            "a": {"c": [3], "e": {"f": 1}},
            "d": {"g": 1},
            "pools": [{}, {"enabled": False, "nicehash": True}],
        },
    )
    assert config == {
        "a": {"b": 1, "c": [3], "e": {"f": 1}},
        "d": {"g": 1},
        "pools": [pool("p:1"), pool("p:2", enabled=False, nicehash=True)],
    }


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"http": {"restricted": True}}, "http"),
        ({"http": None}, "http"),
        ({"cpu": {"enabled": False}, "api": {"id": "x"}}, "api"),
        ({"tls": {"enabled": False}}, "tls"),
        ({"pools": None}, "pools"),
        ({"pools": {}}, "pools"),
        ({"pools": [{}, {}]}, "pools"),
        ({"pools": [None]}, "pools.0"),
        ({"pools": [{"enabled": True, "user": "other"}]}, "pools.0.user"),
        ({"pools": [{"url": "other:1"}]}, "pools.0.url"),
        ({"pools": [{"pass": "x"}]}, "pools.0.pass"),
        ({"pools": [{"rig-id": "x"}]}, "pools.0.rig-id"),
        ({"pools": [{"socks5": "x"}]}, "pools.0.socks5"),
        ({"pools": [{"self-select": "x"}]}, "pools.0.self-select"),
        ({"pools": [{"something-new": "x"}]}, "pools.0.something-new"),
        ({"benchmark": {"size": "1M"}}, "benchmark"),
        ({"stress": True}, "stress"),
        ({"dry-run": True}, "dry-run"),
    ],
)
def test_refused_keys(changes: Any, key: str) -> None:
    """Nothing that locks the owner out or moves money."""
    with pytest.raises(CommandRefused) as caught:
        merge(deepcopy(CONFIG), changes)
    assert caught.value.translation_key == "config_key_refused"
    assert caught.value.placeholders == {"key": key}


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"cpu": True}, "cpu"),
        ({"cpu": None}, "cpu"),
        ({"randomx": [1]}, "randomx"),
        ({"dns": "x"}, "dns"),
        ({"section": {"inside": 5}}, "section.inside"),
        ({"list": {"a": 1}}, "list"),
        ({"list": 5}, "list"),
    ],
)
def test_wrong_types_for_a_section(changes: Any, key: str) -> None:
    """XMRig would replace all of it by its defaults."""
    config = {**deepcopy(CONFIG), "section": {"inside": {"a": 1}}, "list": [1]}
    config["dns"] = {"ttl": 30}
    with pytest.raises(CommandRefused) as caught:
        merge(config, changes)
    assert caught.value.translation_key == "xmrig_config_type"
    assert caught.value.placeholders == {"key": key}


@pytest.mark.parametrize("profile", [[0, 1], "rx/wow", False, {"threads": 2}])
def test_a_profile_takes_several_types(profile: Any) -> None:
    """A list of threads, an object, an alias, or false."""
    for old in ([0], "rx", False, {"intensity": 1, "threads": 2}):
        config = {"cpu": {"rx/arq": old}, "pools": []}
        merge(config, {"cpu": {"rx/arq": profile}})
        assert list(differences(config, {"cpu": {"rx/arq": profile}})) == []


def test_whole_numbers_are_integers() -> None:
    """XMRig replaces 61.0 by the default, and takes 61."""
    found = plain({"print-time": 61.0, "cpu": {"rx": [0.0, 1.5]}})
    assert repr(found) == repr({"print-time": 61, "cpu": {"rx": [0, 1.5]}})
    with pytest.raises(CommandRefused):
        plain({"title": {1}})


POOLS = [pool("a:1"), pool("b:1", enabled=False, algo="rx/0")]


@pytest.mark.parametrize(
    ("pools", "key"),
    [
        ([POOLS[0]], "config_key_refused"),
        ([], "config_key_refused"),
        (None, "config_key_refused"),
        ([*POOLS, pool("c:1")], "config_key_refused"),
        ([POOLS[0], POOLS[0]], "config_key_refused"),
        ([POOLS[0], {**POOLS[1], "user": "other"}], "config_key_refused"),
        ([POOLS[0], {**POOLS[1], "daemon": True}], "config_key_refused"),
        ([{**POOLS[0], "enabled": False}, POOLS[1]], "xmrig_config_rejected"),
        ([POOLS[1], POOLS[0]], None),
        ([{**POOLS[0], "tls": True, "coin": "monero"}, POOLS[1]], None),
    ],
)
def test_no_change_loses_pools(pools: Any, key: str | None) -> None:
    """Whatever made it: fewer pools, other wallets and no pool at all are refused."""
    before = {"cpu": {}, "pools": POOLS}
    after = {"cpu": {}, "pools": pools}
    if key is None:
        check_result(before, after)
        return
    with pytest.raises(CommandRefused) as caught:
        check_result(before, after)
    assert caught.value.translation_key == key


def test_no_change_adds_what_the_miner_does_not_keep() -> None:
    """Such a key is dropped, or makes another program of it."""
    with pytest.raises(CommandRefused) as caught:
        check_result({"pools": POOLS}, {"pools": POOLS, "new": 1})
    assert caught.value.placeholders == {"key": "new"}
    with pytest.raises(CommandRefused):
        check_result(
            {"pools": POOLS, "benchmark": None}, {"pools": POOLS, "benchmark": "1M"}
        )


@pytest.mark.parametrize(
    ("pools", "loses", "others"),
    [
        (POOLS, False, False),
        (POOLS[:1], True, False),
        ([], True, False),
        (None, True, False),
        ([POOLS[0], pool("b:1", user="other")], False, True),
    ],
)
def test_lost_pools(pools: Any, *, loses: bool, others: bool) -> None:
    """A pool that somebody has changed since is not lost."""
    before, shown = {"pools": POOLS}, {"pools": pools}
    assert loses_pools(before, shown) is loses
    assert has_other_pools(before, shown) is others


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        ({"pools": [{"coin": "XMR"}]}, {"pools": [{"coin": "monero"}]}),
        ({"pools": [{"coin": "RVN"}]}, {"pools": [{"coin": "Ravencoin"}]}),
        ({"pools": [{"algo": "cn/half"}]}, {"pools": [{"algo": "cryptonight/half"}]}),
        ({"pools": [{"algo": "rx/0"}]}, {"pools": [{"algo": "RandomX"}]}),
        ({"pools": [{"keepalive": True}]}, {"pools": [{"keepalive": 60}]}),
        ({"cpu": {"asm": True}}, {"cpu": {"asm": "auto"}}),
        ({"cpu": {"argon2-impl": "AVX2"}}, {"cpu": {"argon2-impl": "avx2"}}),
        ({"print-time": 61}, {"print-time": 61.0}),
        ({"log-file": None}, {"log-file": ""}),
        ({"workers": True}, {"workers": "rig_id"}),
        ({"pause-on-active": True}, {"pause-on-active": 60}),
    ],
)
def test_normalised_values_are_no_difference(shown: Any, wanted: Any) -> None:
    """XMRig writes names and numbers in a form of its own."""
    assert list(differences(shown, wanted)) == []


@pytest.mark.parametrize(
    ("shown", "wanted", "path"),
    [
        (
            {"pools": [{"coin": None}]},
            {"pools": [{"coin": "nonsense"}]},
            "pools.0.coin",
        ),
        ({"cpu": {"priority": None}}, {"cpu": {"priority": 0}}, "cpu.priority"),
        ({"cpu": {"rx": []}}, {"cpu": {"rx": None}}, "cpu.rx"),
        ({"pause-on-active": 60}, {"pause-on-active": 300}, "pause-on-active"),
        ({"verbose": 0}, {"verbose": None}, "verbose"),
    ],
)
def test_replaced_values_are_a_difference(shown: Any, wanted: Any, path: str) -> None:
    """Defaults in the place of what was sent."""
    assert list(differences(shown, wanted)) == [path]


def test_a_name_that_the_miner_knows_better() -> None:
    """Any other name counts; the one of before, and null, do not."""
    before = {"pools": [{"algo": "rx/0", "url": "a"}]}
    for shown, renamed in (("argon2/chukwav2", True), ("rx/0", False), (None, False)):
        now = {"pools": [{"algo": shown, "url": "b"}]}
        assert is_renamed(before, now, "pools.0.algo") is renamed
        assert not is_renamed(before, now, "pools.0.url")
    assert not is_renamed(before, {}, "pools.0.algo")


@pytest.mark.parametrize(
    ("config", "changes", "keys"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 1}}, []),
        ({"a": {"b": 1.0}}, {"a": {"b": 1}}, []),
        ({"a": {"b": 2}, "c": 1}, {"a": {"b": 1}, "c": 2}, ["a.b", "c"]),
        ({}, {"a": {"b": 1}}, ["a.b"]),
        ({"a": 1}, {"a": {"b": 1}}, ["a.b"]),
        ({"pools": [{"enabled": True}]}, {"pools": [{"enabled": True}]}, []),
        (
            {"pools": [{"enabled": True}]},
            {"pools": [{}, {"enabled": True}]},
            ["pools.1.enabled"],
        ),
        ({"rx": [0]}, {"rx": [0, 1]}, ["rx"]),
    ],
)
def test_differences(config: Any, changes: Any, keys: list[str]) -> None:
    """The keys that were not taken over are named."""
    assert list(differences(config, changes)) == keys


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4))
def test_any_changes(changes: Any) -> None:
    """Whatever is asked for is refused, or is then there."""
    config = deepcopy(CONFIG)
    try:
        merge(config, changes)
    except CommandRefused:
        return
    assert not list(differences(config, changes))
    assert config["http"] == CONFIG["http"]
    assert config["pools"] == CONFIG["pools"]
