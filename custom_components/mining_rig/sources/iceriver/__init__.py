"""IceRiver KS, AL and RX: port 4111, else the web page; both without log-in."""

from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any, Final

from ...model import RIG, Action, Control, Part, PartKind, Snapshot, Value, part_map
from ...readings import LOCATE, REBOOT
from ..common.cgminer import CgminerClient, ClosedWithoutAnswer
from ..common.cgminer_rig import starting
from ..common.contract import (
    CommandRefused,
    Identity,
    JsonObject,
    SourceContext,
    SourceGarbled,
    SourceUnreachable,
)
from ..common.decoding import Fields
from ..common.http import JsonHttp
from ..common.optional_requests import OptionalRequests
from .parse import boards, mac, merged, model, reported, values

_FIRST: Final = "boardpow"
_MORE: Final = ("board", "fan", "getpool", "getlocate")
_SELDOM: Final = ("info", "getnet")
_WEB_TIMEOUT: Final = 5.0
_STARTS: Final = 300.0
"""Seconds for which the mining program may restart while the web page answers."""
_QUESTION: Final = 4.0
_WEB_EVERY: Final = 60.0
"""Seconds between two requests of the web page, which hangs when asked more often."""


async def async_open(context: SourceContext) -> IceRiverSource:
    """Return the source of one machine, without any request."""
    return IceRiverSource(context)


class IceRiverSource:
    """One machine, one question at a time."""

    interval = timedelta(seconds=30)

    def __init__(self, context: SourceContext) -> None:
        """Take the context of the form. Raises SourceUnreachable."""
        data = context.data
        self._host: str = data["host"]
        self._client = CgminerClient(self._host, int(data["port"]), timeout=_QUESTION)
        self._web = JsonHttp(
            context.session,
            self._host,
            int(data.get("web_port") or 80),
            timeout=_WEB_TIMEOUT,
        )
        self._web_at = -_WEB_EVERY
        self._web_fields: Fields | None = None
        self._kept: dict[str, JsonObject] = {}
        """Answers that hardly change, by question."""
        self._optional = OptionalRequests()
        self._answered: float | None = None
        """When port 4111 last answered."""
        self._is_native = False
        self._has_light = False

    @property
    def address(self) -> str | None:
        """The URL of the machine's own page."""
        return self._web.url("/")

    async def identify(self) -> Identity:
        """Return the model and the MAC address. Raises a SourceError."""
        fields = await self._read()
        rig_id = mac(fields)
        name = model(fields)
        return Identity(
            rig_id=rig_id,
            stable=rig_id is not None,
            title=fields.text("host") or self._host,
            model=name,
            manufacturer="IceRiver",
            version=fields.text("softver1"),
        )

    async def close(self) -> None:
        """Do nothing: each question has a connection of its own."""

    async def is_reachable(self) -> bool:
        """Return whether the machine accepts a connection."""
        return await self._client.is_reachable()

    # ---- reading

    async def read(self, now: datetime) -> Snapshot:
        """Read the machine. Raises a SourceError."""
        fields = await self._read()
        is_starting = self._is_starting
        light = Control(channel=LOCATE.plain)
        rig = Part(
            kind=PartKind.RIG,
            key=RIG,
            manufacturer="IceRiver",
            model=model(fields),
            version=fields.text("softver1"),
            values=starting() if is_starting else values(fields, now),
            controls={LOCATE.plain: light} if self._has_light else {},
            actions=(REBOOT,) if self._is_native else (),
        )
        shown = () if is_starting else boards(fields)
        return Snapshot(parts=part_map(rig, *shown), rig_id=mac(fields))

    async def _read(self) -> Fields:
        """Ask at port 4111, else at the web page. Raises a SourceError."""
        self._optional.start()
        try:
            first = await self._ask(_FIRST)
        except SourceUnreachable as err:
            self._has_light = self._is_native = False
            for question in _SELDOM:
                # It may be another machine when it is back.
                self._optional.make_due(question)
            try:
                return await self._read_web(err)
            except SourceGarbled:
                if not self._is_starting:
                    raise
                return Fields({})
        if "rtpow" not in first:
            raise SourceGarbled(f"{self._client} is no IceRiver", other_device=True)
        self._answered, self._is_native = monotonic(), True
        answers = {_FIRST: first}
        for question in _MORE:
            found = await self._optional.ask(question, partial(self._ask, question))
            if found is not None:
                answers[question] = found
        for question in _SELDOM:
            found = await self._optional.seldom(question, partial(self._ask, question))
            if found is not None:
                self._kept[question] = found
        self._has_light = "getlocate" in answers
        return merged({**self._kept, **answers})

    @property
    def _is_starting(self) -> bool:
        """Whether port 4111 answered until a moment ago, and does not now."""
        return (
            self._answered is not None
            and not self._is_native
            and monotonic() - self._answered <= _STARTS
        )

    async def _ask(self, question: str, **more: Any) -> JsonObject:
        """Return what an answer reports. Raises a SourceError."""
        return reported(await self._client.ask_json({"id": question, **more}))

    async def _read_web(self, problem: SourceUnreachable) -> Fields:
        """Return the web page's answer, at most a minute old."""
        if monotonic() - self._web_at < _WEB_EVERY:
            if self._web_fields is None:
                raise problem
            return self._web_fields
        self._web_at = monotonic()
        self._web_fields = None
        try:
            answer = await self._web.request(
                "POST", "/user/userpanel", query={"post": "4"}
            )
        except SourceUnreachable:
            raise problem from None
        fields = Fields(answer.json()).inside("data")
        if not fields.has("rtpow"):
            raise SourceGarbled(f"{self._web} is no IceRiver", other_device=True)
        self._web_fields = fields
        return fields

    # ---- commands

    async def write(self, part: str, control: Control[Any], value: Value) -> None:
        """Send one setting. Raises a SourceError."""
        if control.channel is not LOCATE.plain:
            raise CommandRefused("not_offered")
        await self._ask("setlocate", on=bool(value))

    async def press(self, part: str, action: Action) -> None:
        """Send one action. Raises a SourceError."""
        if action is not REBOOT:
            raise CommandRefused("not_offered")
        try:
            await self._ask("restart")
        except ClosedWithoutAnswer:
            return
