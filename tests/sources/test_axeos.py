"""AxeOS as a source: requests, commands, codes, releases, against a small server."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
import json
from typing import Any
from unittest.mock import patch

from aiohttp import ClientSession, web
import pytest

from custom_components.mining_rig import readings
from custom_components.mining_rig.model import RIG, Action, Channel, Control
from custom_components.mining_rig.sources import axeos
from custom_components.mining_rig.sources.axeos import (
    AxeOsSource,
    api,
    async_open,
    readings as own,
    releases,
)
from custom_components.mining_rig.sources.axeos.one_time_code import (
    code_at,
    secret_from,
)
from custom_components.mining_rig.sources.common.contract import (
    CommandRefused,
    Identity,
    SourceContext,
    SourceGarbled,
    SourceUnreachable,
)

from .conftest import Serve
from .test_axeos_parse import MINING, NERD, NOW, load

SECRET = "JBSWY3DPEHPK3PXP"


class Miner:
    """A miner that answers 200 to any change, as the real ones do."""

    def __init__(self, info: dict[str, Any]) -> None:
        """Start from a recorded answer."""
        self.info = json.loads(json.dumps(info))
        self.asic: Any = load("bitaxe_gamma602_v2.15.0_asic")
        self.requests: list[tuple[str, str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.statuses: dict[str, int] = {}
        self.token = "token-1"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        body = await request.text()
        path = request.path.removeprefix("/api/system").strip("/") or "patch"
        if request.method != "GET":
            self.requests.append((request.method, path, json.loads(body or "null")))
            self.headers.append(dict(request.headers))
        if (status := self.statuses.get(path)) is not None:
            return web.Response(status=status, text="no")
        match path:
            case "info":
                return web.json_response(self.info)
            case "asic":
                return web.json_response(self.asic)
            case "patch":
                self.info |= json.loads(body)
            case "pause" | "resume":
                self.info["miningPaused"] = path == "pause"
            case "shutdown":
                self.info["shutdown"] = True
            case "api/v2/otp/session":
                return web.json_response({"token": self.token, "ttlMs": 86_400_000})
        return web.Response(text="")


@pytest.fixture
def miner() -> Miner:
    """Return a Bitaxe."""
    return Miner(MINING)


@pytest.fixture
def nerd() -> Miner:
    """Return a NerdQAxe++."""
    found = Miner(NERD)
    found.asic = load("nerdqaxepp_v1.1.0beta1_asic")
    return found


type Open = Callable[..., Any]


@pytest.fixture
async def opened(serve: Serve, session: ClientSession) -> Open:
    """Return what opens the source of a miner that was read once."""

    async def start(miner: Miner, **options: Any) -> AxeOsSource:
        server = await serve(miner.handle)
        context = SourceContext(
            data={"host": "127.0.0.1", "port": server.port},
            session=session,
            options={"seek_releases": False, **options},
        )
        source = await async_open(context)
        await source.read(NOW)
        return source

    return start


def control(channel: Channel[Any]) -> Control[Any]:
    """Return a control, as the coordinator has it."""
    return Control(channel=channel)


async def press(source: AxeOsSource, action: Action) -> None:
    """Press an action of the rig."""
    await source.press(RIG, action)


async def test_identity(opened: Open, miner: Miner) -> None:
    """The MAC address is the miner's own id."""
    source = await opened(miner)
    assert await source.identify() == Identity(
        rig_id="D8:3B:DA:00:00:01",
        stable=True,
        title="bitaxe",
        model="Gamma",
        manufacturer="Bitaxe",
        version="v2.15.0",
    )
    assert source.address.startswith("http://127.0.0.1:")
    await source.close()


async def test_malformed_answers(serve: Serve, session: ClientSession) -> None:
    """What forks write wrong is mended; a cut answer is none."""
    whole = b'{"ASICModel":"BM1366","minerModel":"LV07","hashRate":500.5,"power":nan,}'

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=body if request.path.endswith("info") else b"{}")

    server = await serve(answer)
    data = {"host": "127.0.0.1", "port": server.port}
    source = await async_open(
        SourceContext(data=data, session=session, options={"seek_releases": False})
    )
    body = whole
    rig = (await source.read(NOW)).rig
    assert rig.get(readings.HASHRATE.plain) == 5.005e11
    assert readings.POWER.plain not in rig.values
    for broken in (whole[:40], b"<html>"):
        body = broken
        with pytest.raises(SourceGarbled):
            await source.read(NOW)


async def test_pause(opened: Open, miner: Miner) -> None:
    """It is a command of its own from 2.14 on, without any setting."""
    source = await opened(miner)
    for allowed in (False, True):
        await source.write(RIG, control(readings.MINING_ALLOWED.plain), allowed)
        shown = (await source.read(NOW)).rig
        assert shown.get(readings.MINING_ALLOWED.plain) is allowed
    assert [path for _, path, _ in miner.requests] == ["pause", "resume"]


async def test_older(opened: Open) -> None:
    """Without a pause there is no switch; the oldest show themselves not either."""
    source = await opened(Miner(load("bitaxe_hex302_v2.0.7_info")))
    rig = (await source.read(NOW)).rig
    assert readings.MINING_ALLOWED.plain not in rig.controls
    assert rig.actions == (readings.REBOOT,)


async def test_nerd_pause(opened: Open, nerd: Miner) -> None:
    """The NerdQAxe family is shut down, and restarted to mine again."""
    source = await opened(nerd)
    switch = control(readings.MINING_ALLOWED.plain)
    rig = (await source.read(NOW)).rig
    offered = rig.controls[readings.MINING_ALLOWED.plain]
    assert offered.confirm_within > (offered.confirm_off_within or 0)
    await source.write(RIG, switch, True)
    assert nerd.requests == []
    await source.write(RIG, switch, False)
    await source.read(NOW)
    await source.write(RIG, switch, True)
    assert [path for _, path, _ in nerd.requests] == ["shutdown", "restart"]


async def test_settings(opened: Open, miner: Miner) -> None:
    """A value that stands already is not written: that wears the flash."""
    source = await opened(miner, allow_tuning=True)
    for channel, value, body in (
        (readings.CORE_CLOCK_SET.plain, 550, {"frequency": 550}),
        (readings.CORE_VOLTAGE_SET.plain, 1.1, {"coreVoltage": 1100}),
        (readings.FAN_AUTO.plain, False, {"autofanspeed": 0}),
        (readings.FAN_LEVEL_SET.plain, 70, {"manualFanSpeed": 70}),
        (readings.TEMPERATURE_TARGET.plain, 55, {"temptarget": 55}),
        (own.DISPLAY_TIMEOUT.plain, 5, {"displayTimeout": 5}),
    ):
        miner.requests.clear()
        await source.write(RIG, control(channel), value)
        rig = (await source.read(NOW)).rig
        assert rig.get(channel) == pytest.approx(value)
        await source.write(RIG, control(channel), value)
        assert miner.requests == [("PATCH", "patch", body)]


async def test_fan_mode_stays(opened: Open, nerd: Miner) -> None:
    """Any automatic mode is "automatic": PID is not replaced by a curve."""
    source = await opened(nerd)
    await source.write(RIG, control(readings.FAN_AUTO.plain), True)
    assert nerd.requests == []


@pytest.mark.parametrize("value", [551, 700])
async def test_not_the_boards(opened: Open, miner: Miner, value: float) -> None:
    """A clock that the board is not made for is refused."""
    source = await opened(miner, allow_tuning=True)
    with pytest.raises(CommandRefused) as refused:
        await source.write(RIG, control(readings.CORE_CLOCK_SET.plain), value)
    assert refused.value.placeholders["values"].startswith("400, 490")
    assert miner.requests == []


async def test_unknown(opened: Open, miner: Miner) -> None:
    """What it does not have is refused."""
    source = await opened(miner)
    with pytest.raises(CommandRefused):
        await source.write(RIG, control(readings.POWER_LIMIT.plain), 3)
    with pytest.raises(CommandRefused):
        await press(source, readings.STOP)
    with pytest.raises(CommandRefused):
        await press(source, own.INSTALL)
    del miner.info["temptarget"]
    await source.read(NOW)
    with pytest.raises(CommandRefused):
        await source.write(RIG, control(readings.TEMPERATURE_TARGET.plain), 50)


@pytest.mark.parametrize(
    ("status", "key"), [(400, "axeos_refused"), (404, "not_offered")]
)
async def test_refused(opened: Open, miner: Miner, status: int, key: str) -> None:
    """A status other than 200 is a refusal."""
    source = await opened(miner)
    miner.statuses["pause"] = status
    with pytest.raises(CommandRefused) as refused:
        await source.write(RIG, control(readings.MINING_ALLOWED.plain), False)
    assert refused.value.translation_key == key


async def test_identify(opened: Open, miner: Miner) -> None:
    """A second command within 30 s would end it, so it is refused."""
    source = await opened(miner)
    with patch.object(axeos, "monotonic", side_effect=[1000, 1000, 1029, 1031, 1031]):
        await press(source, readings.IDENTIFY)
        with pytest.raises(CommandRefused):
            await press(source, readings.IDENTIFY)
        await press(source, readings.IDENTIFY)
    assert [path for _, path, _ in miner.requests] == ["identify", "identify"]


async def test_actions(opened: Open, miner: Miner) -> None:
    """Actions are offered when they do something."""
    source = await opened(miner)
    rig = (await source.read(NOW)).rig
    assert rig.actions == (readings.REBOOT, readings.IDENTIFY)
    miner.info |= {"overheat_mode": 1, "showNewBlock": True}
    rig = (await source.read(NOW)).rig
    assert {own.CLEAR_OVERHEAT, own.DISMISS_BLOCK} <= set(rig.actions)
    await press(source, own.CLEAR_OVERHEAT)
    await press(source, own.DISMISS_BLOCK)
    await press(source, readings.REBOOT)
    assert miner.requests == [
        ("PATCH", "patch", {"overheat_mode": 0}),
        ("POST", "blockFound/dismiss", None),
        ("POST", "restart", None),
    ]


async def test_private_only(opened: Open, miner: Miner) -> None:
    """401 means that Home Assistant is not in the miner's network."""
    source = await opened(miner)
    miner.statuses["info"] = 401
    with pytest.raises(SourceUnreachable) as unreachable:
        await source.read(NOW)
    assert unreachable.value.reason == "axeos_private_only"


async def test_other_device(opened: Open, miner: Miner) -> None:
    """Something else with JSON is no AxeOS."""
    source = await opened(miner)
    miner.info = {"ASICModel": "BM1370"}
    with pytest.raises(SourceGarbled) as garbled:
        await source.read(NOW)
    assert garbled.value.other_device


async def test_limits_are_optional(opened: Open, miner: Miner) -> None:
    """Limits that cannot be read cost the controls for them only."""
    miner.statuses["asic"] = 500
    source = await opened(miner, allow_tuning=True)
    rig = (await source.read(NOW)).rig
    assert readings.CORE_CLOCK_SET.plain not in rig.controls
    assert readings.FAN_AUTO.plain in rig.controls


async def test_restart_cuts_its_answer(opened: Open, nerd: Miner) -> None:
    """A connection that ends is what a restart looks like."""
    source = await opened(nerd)

    async def gone(*_: Any, **__: Any) -> None:
        raise SourceUnreachable("reset")

    with patch.object(source._api, "post", gone):
        await press(source, readings.REBOOT)
    with (
        patch.object(
            source._api, "post", side_effect=SourceUnreachable("x", timed_out=True)
        ),
        pytest.raises(SourceUnreachable),
    ):
        await press(source, readings.REBOOT)


# ---- one-time codes


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")],
)
def test_codes(seconds: int, code: str) -> None:
    """The test values of RFC 6238, their last six digits."""
    assert code_at(b"12345678901234567890", seconds // 30) == code


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("jbsw y3dp ehpk 3pxp", b"Hello!\xde\xad\xbe\xef"),
        ("", None),
        (" ", None),
        ("1!", None),
    ],
)
def test_secrets(text: str, secret: bytes | None) -> None:
    """Blanks and small letters do not matter."""
    assert secret_from(text) == secret


async def test_session(opened: Open, nerd: Miner) -> None:
    """A session is opened by one code and used for a day."""
    nerd.info["otp"] = True
    source = await opened(nerd, code_secret=SECRET)
    target = control(readings.TEMPERATURE_TARGET.plain)
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    with patch.object(api.dt_util, "utcnow", return_value=now):
        await source.write(RIG, target, 50)
        await source.write(RIG, target, 51)
    assert [path for _, path, _ in nerd.requests] == [
        "api/v2/otp/session",
        "patch",
        "patch",
    ]
    assert nerd.headers[0]["X-TOTP"] == code_at(
        secret_from(SECRET) or b"", int(now.timestamp()) // 30
    )
    assert [h.get("X-OTP-Session") for h in nerd.headers] == [
        None,
        "token-1",
        "token-1",
    ]
    # The miner restarted: the session is gone, and each code is taken once.
    nerd.statuses["patch"] = 401
    with patch.object(api.dt_util, "utcnow", return_value=now):
        with pytest.raises(CommandRefused) as refused:
            await source.write(RIG, target, 52)
        assert refused.value.translation_key == "axeos_code_refused"
        with pytest.raises(CommandRefused) as refused:
            await source.write(RIG, target, 52)
        assert refused.value.translation_key == "axeos_code_wait"


async def test_older_session(opened: Open, nerd: Miner) -> None:
    """Older firmware has it at another path; a refused code is named."""
    nerd.info["otp"] = True
    nerd.statuses["api/v2/otp/session"] = 302
    source = await opened(nerd, code_secret=SECRET)
    with pytest.raises((CommandRefused, SourceGarbled)):
        await source.write(RIG, control(readings.TEMPERATURE_TARGET.plain), 50)


async def test_refused_code(opened: Open, nerd: Miner) -> None:
    """A wrong secret is not tried again and again."""
    nerd.info["otp"] = True
    nerd.statuses["api/v2/otp/session"] = 401
    source = await opened(nerd, code_secret=SECRET)
    target = control(readings.TEMPERATURE_TARGET.plain)
    for key in ("axeos_code_refused", "axeos_code_wait"):
        with pytest.raises(CommandRefused) as refused:
            await source.write(RIG, target, 50)
        assert refused.value.translation_key == key
    assert len(nerd.requests) == 1


async def test_without_secret(opened: Open, nerd: Miner) -> None:
    """Without a secret what needs a code is not offered; mining needs none."""
    nerd.info["otp"] = True
    source = await opened(nerd)
    rig = (await source.read(NOW)).rig
    assert list(rig.controls) == [readings.MINING_ALLOWED.plain]
    assert rig.get(readings.TEMPERATURE_TARGET.plain) == 60
    with pytest.raises(CommandRefused) as refused:
        await source.write(RIG, control(readings.TEMPERATURE_TARGET.plain), 50)
    assert refused.value.translation_key == "axeos_code_missing"


# ---- releases

RELEASE: dict[str, Any] = {
    "tag_name": "v1.0.40",
    "html_url": "https://github.com/shufps/ESP-Miner-NerdQAxePlus/releases/v1.0.40",
    "assets": [
        {
            "name": f"esp-miner-factory-{model}-v1.0.40.bin",
            "browser_download_url": f"https://github.com/NAME/REPOSITORY/{model}.bin",
        }
        for model in (
            "NerdQAxe+",
            "NerdQAxe++",
            "NerdAxe",
            "NerdOCTAXE",
            "NerdOCTAXE-γ",
        )
    ],
}


@pytest.fixture
async def github(serve: Serve) -> AsyncIterator[list[Any]]:
    """Answer as GitHub does; return the requests and what is answered."""
    asked: list[Any] = []
    answers: list[Any] = [RELEASE]

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response(answers[0])

    server = await serve(answer)
    real = releases.JsonHttp

    def client(session: ClientSession, *_: Any, **__: Any) -> Any:
        return real(session, "127.0.0.1", server.port or 0)

    with patch.object(releases, "JsonHttp", client):
        yield [asked, answers]


async def test_update(opened: Open, nerd: Miner, github: list[Any]) -> None:
    """One request for all rigs; the firmware is installed by the miner itself."""
    source = await opened(nerd, seek_releases=True)
    other = await opened(nerd, seek_releases=True)
    for rig in [(await each.read(NOW)).rig for each in (source, other)]:
        assert rig.release is not None
        assert rig.release.installed == "v1.1.0"
        assert rig.release.latest == "v1.0.40"
        assert rig.release.install is own.INSTALL
    assert github[0] == ["/repos/shufps/ESP-Miner-NerdQAxePlus/releases/latest"]
    await press(source, own.INSTALL)
    assert nerd.requests == [
        (
            "POST",
            "OTA/github",
            {"url": "https://github.com/NAME/REPOSITORY/NerdQAxe++.bin"},
        )
    ]


@pytest.mark.parametrize(
    "answer", [{"message": "rate limit"}, {"tag_name": "v2", "prerelease": True}, []]
)
async def test_no_release(
    opened: Open, miner: Miner, github: list[Any], answer: Any
) -> None:
    """Without a release there is no update, and GitHub is left alone for a day."""
    github[1][0] = answer
    source = await opened(miner, seek_releases=True)
    assert (await source.read(NOW)).rig.release is None
    assert len(github[0]) == 1


@pytest.mark.parametrize("model", ["NerdQAxe+", "NerdOCTAXE", "NerdOCTAXE-γ"])
def test_factory_asset(model: str) -> None:
    """A model's file is told from those of models whose names begin alike."""
    files = tuple((a["name"], a["browser_download_url"]) for a in RELEASE["assets"])
    release = releases.NewestRelease("v1.0.40", None, files)
    url = f"https://github.com/NAME/REPOSITORY/{model}.bin"
    assert releases.factory_asset(release, model) == url
    assert releases.factory_asset(release, "NerdEKO") is None
    twice = releases.NewestRelease("v1.0.40", None, files * 2)
    assert releases.factory_asset(twice, model) is None


async def test_bitaxe_is_told_only(
    opened: Open, miner: Miner, github: list[Any]
) -> None:
    """A Bitaxe does not load its firmware itself; an odd page is no link."""
    github[1][0] = {**RELEASE, "html_url": "https://elsewhere.example/", "assets": [1]}
    source = await opened(miner, seek_releases=True)
    release = (await source.read(NOW)).rig.release
    assert release is not None
    assert release.install is None
    assert release.url is None
