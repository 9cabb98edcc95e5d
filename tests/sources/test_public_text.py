"""What may be shown of texts: no secrets, and ids of hardware unharmed."""

from hypothesis import given, strategies as st
import pytest

from custom_components.mining_rig.model import (
    Control,
    Part,
    PartKind,
    Release,
    Snapshot,
    part_map,
)
from custom_components.mining_rig.readings import ALGORITHM, HASHRATE, POOL, WORK_MODE
from custom_components.mining_rig.sources.common.contract import (
    CommandRefused,
    Identity,
    SourceBusy,
    SourceGarbled,
    SourceRefused,
    SourceUnreachable,
)
from custom_components.mining_rig.sources.common.public_parts import public_snapshot
from custom_components.mining_rig.sources.common.public_text import (
    LONGEST_NAME,
    public_address,
    public_lines,
    public_name,
    public_text,
)
from custom_components.mining_rig.sources.rig_monitor.readings import WALLET as SECRET

MONERO = "48edfHu7V9Z84YzzMa6fUueoELZ9ZRXq9VetWzYGzKt52XU5xvqgzYnDK9URnRoJMk1j8nLwEV"
WALLETS = (
    MONERO,
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "bc1qxy2kgdygjrsqtzq2n0yrf2493p83kkfjhx0wlh",
    "1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
    "kaspa:qz5w0v2x8y9kcdefghjk0123456789lmnpqrstuvwxyz02357890acd",
    "RVn7ZJ2mWUk5yqg3EJgdRkBHxD8cTq3sVa",
    "9gNvAv97W71Wm33GoXgSQBFJxinFubKvE6wh2dEhFTSgYEe783j",
    "EQDtFpEwcFAEcRe5mLVh2N6C0x-_hJEM7W61_JLnSF74p4q2",
    "NQ07 0000 0000 0000 0000 0000 0000 0000 0000",
    "QUBICADDRESSZZQWERTYUIOPASDFGHJKLZXCVBNMQWERTYUIOPASDFGHJKLZX",
)


@pytest.mark.parametrize(
    "text",
    [
        "GPU-5f3c1d2e-1a2b-3c4d-5e6f-0123456789ab",
        "5f3c1d2e-1a2b-3c4d-5e6f-0123456789ab",
        "00000000:01:00.0",
        "AA:BB:CC:DD:EE:FF",
        "HKYDA0ABCJ1234567",
        "000000000000000000021d39f73b3a1e5f6a90b4a73b9c1d2e3f405162738495",
        f"0x{'ab' * 32}",
        "6.26.0+git.f2f6bd95f7a4",
        "NVIDIA-Linux-x86_64-535.54.03",
        "13th Gen Intel(R) Core(TM) i9-13900K @ 3.00GHz",
        "i7-9700K@3.6GHz",
        "cryptonight-heavy/xhv",
        "http://192.168.1.5:4067: the host name cannot be resolved",
        "http://[fe80::1]:8080 does not answer: refused",
        "https://miner.example/T-Rex/releases",
        "Basic settings, login failed, no password",
        "12345678901234567890123456",
        "a.very.longnameofapoolwithoutanydigit.example",
    ],
)
def test_no_secret(text: str) -> None:
    """What identifies hardware, software or a block stays as it is."""
    assert public_text(text) == text


@pytest.mark.parametrize("wallet", WALLETS)
@pytest.mark.parametrize(
    "text", ["{}", "{}.rig1", "login of {} failed", "pool.example/{}", '{{"a":"{}"}}']
)
def test_wallets(wallet: str, text: str) -> None:
    """A wallet of any coin is left out, wherever it stands."""
    assert wallet.removeprefix("kaspa:") not in public_text(text.format(wallet))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("user=sandra pass: hunter2", "user=… pass: …"),
        ("--user sandra -p hunter2 --algo rx/0", "--user … -p … --algo rx/0"),
        ('{"user": "sandra", "pass":"hunter2"}', '{"user": "…", "pass":"…"}'),
        ("Authorization: Bearer abcdefgh", "Authorization: …"),
        ("sent bearer abcdefgh", "sent bearer …"),
        ("api_key=abc&sid=def", "api_key=…&sid=…"),
        ("mail to sandra@klaassen.example now", "mail to … now"),
        ("sandra:hunter2@pool.example refused", "… refused"),
        ("http://rig/login?password=hunter2", "http://rig/login…"),
        ("tcp://sandra:hun/ter@pool.example:1 fails", "tcp://pool.example:1 fails"),
        ("tcp://sandra:hunter2", "tcp://…"),
        ("eyJhbGciOiJIUzI1.eyJzdWIiOiIx.SflKxwRJ", "…"),
        ("a\n\tb\x00\u202ec\ud800", "a bc"),
        ("y" * 300, "y" * 254 + "…"),
        (" \n", ""),
    ],
)
def test_texts(text: str, shown: str) -> None:
    """Users, passwords and tokens are left out; it is one line, and fits a state."""
    assert public_text(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("stratum+tcp://u:p@pool.example:3333", "pool.example:3333"),
        ("u:pa/ss@pool.example:3333", "pool.example:3333"),
        ("u:p?a#s@s@pool.example:3333/x?y#z", "pool.example:3333"),
        ("u:pa,ss@pool.example:3333", "pool.example:3333"),
        (f"pool.example:3333/{MONERO}@mail.example", "pool.example:3333"),
        ("[::1]:3333", "[::1]:3333"),
        ("stratum+ssl://[fe80::1]", "[fe80::1]"),
        ("fe80::1", "fe80::1"),
        ("a.b:1, u:p@c.d:2;e:3", "a.b:1, c.d:2, e:3"),
        ("eth.2miners.com", "eth.2miners.com"),
        ("My Pool", "My Pool"),
        ("http://sandra/hunter2@pool", "…"),
        ("sandra:hunter2", "…"),
        ("[zz]:1", "…"),
        (f"{MONERO}:3333", "…"),
        (MONERO, "…"),
        ("", ""),
    ],
)
def test_addresses(text: str, shown: str) -> None:
    """Host and port, where it is clear which they are."""
    assert public_address(text) == shown


def test_names() -> None:
    """A name of which nothing is left is none."""
    assert public_name("rig 1") == "rig 1"
    assert public_name("x y " * 99) == ("x y " * 99)[: LONGEST_NAME - 1].strip() + "…"
    assert public_name(None) is None
    for text in ("", " ", "\x00", MONERO, f"{MONERO}."):
        assert public_name(text) is None


def test_lines() -> None:
    """Notes keep their lines."""
    assert public_lines(f"new\n - {MONERO}\x00\n") == "new\n - …"


@given(st.text() | st.text("ab@:/?#., 1[]", max_size=40))
def test_any_text(text: str) -> None:
    """Nothing is raised, the result can be a state, and cleaning it again is no use."""
    for clean in (public_text, public_address):
        shown = clean(text)
        assert shown.isprintable()
        assert len(shown) <= 255
        assert clean(shown) == shown


@pytest.mark.parametrize(
    "error", [SourceUnreachable, SourceBusy, SourceRefused, SourceGarbled]
)
def test_errors(error: type[Exception]) -> None:
    """An error may quote what was sent."""
    assert str(error(f"no {MONERO}\n")) == "no …"
    refused = CommandRefused("t_rex_refused", {"error": f"no {MONERO}"})
    assert refused.placeholders == {"error": "no …"}


def test_identity() -> None:
    """So may the title that the dialog proposes."""
    identity = Identity(rig_id="1", title=MONERO, model=f"X {MONERO}", version="1\x00")
    assert (identity.title, identity.model, identity.version) == ("", "X …", "1")


def test_unchanged() -> None:
    """A snapshot without anything to hide is used as it is."""
    part = Part(kind=PartKind.RIG, key="rig", values={HASHRATE.plain: 1.0})
    snapshot = Snapshot(parts=part_map(part))
    assert public_snapshot(snapshot) is snapshot


def test_part() -> None:
    """Texts, facts, choices and notes are cleaned, and what is secret is left whole."""
    choice = POOL.channel(number=2)
    mode = WORK_MODE
    part = Part(
        kind=PartKind.GPU,
        key="gpu",
        name="\x00",
        version="\x00",
        serial="SN\x001",
        values={
            HASHRATE.plain: 1.0,
            mode.plain: "eco",
            ALGORITHM.plain: "\x00",
            SECRET.plain: MONERO,
            choice: "u:p@a:1",
        },
        controls={
            choice: Control(channel=choice, options=("u:p@a:1", "a:1", "b"), free=True),
            mode.plain: Control(channel=mode.plain),
        },
        release=Release(installed="1\x00", latest="2", notes=MONERO, url="\x00"),
    )
    shown = public_snapshot(Snapshot(parts=part_map(part))).parts["gpu"]
    assert (shown.name, shown.version, shown.serial) == (None, None, "SN1")
    assert shown.values == {
        HASHRATE.plain: 1.0,
        mode.plain: "eco",
        SECRET.plain: MONERO,
        choice: "a:1",
    }
    assert shown.controls[choice].options == ("a:1", "b")
    assert shown.release == Release(installed="1", latest="2", notes="…")
