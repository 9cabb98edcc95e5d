"""IceRiver KS, AL and RX: port 4111, else the web page; both without log-in."""

from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final

from ...model import RIG, Action, Control, Part, PartKind, Snapshot, Value, part_map
from ...readings import LOCATE, REBOOT
from ..common.cgminer import CgminerClient, ClosedWithoutAnswer
from ..common.contract import (
    CommandRefused,
    Identity,
    JsonObject,
    SourceContext,
    SourceError,
    SourceGarbled,
    SourceUnreachable,
)
from ..common.decoding import Fields
from ..common.http import JsonHttp
from .parse import boards, mac, merged, model, values

_FIRST: Final = "boardpow"
_MORE: Final = ("board", "fan", "getpool", "getlocate")
_SELDOM: Final = ("info", "getnet")
_HOUR: Final = 3600.0
_BUDGET: Final = 8.0
"""Seconds of a poll after which nothing more is asked."""
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
            timeout=_BUDGET,
        )
        self._web_at = -_WEB_EVERY
        self._web_fields: Fields | None = None
        self._kept: dict[str, JsonObject] = {}
        """Answers that hardly change, by question."""
        self._due: dict[str, float] = {}
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
        light = Control(channel=LOCATE.plain)
        rig = Part(
            kind=PartKind.RIG,
            key=RIG,
            manufacturer="IceRiver",
            model=model(fields),
            version=fields.text("softver1"),
            values=values(fields, now),
            controls={LOCATE.plain: light} if self._has_light else {},
            actions=(REBOOT,) if self._kept else (),
        )
        return Snapshot(parts=part_map(rig, *boards(fields)), rig_id=mac(fields))

    async def _read(self) -> Fields:
        """Ask at port 4111, else at the web page. Raises a SourceError."""
        deadline = monotonic() + _BUDGET
        try:
            first = await self._ask(_FIRST)
        except SourceUnreachable as err:
            # What is asked seldom is asked again: it may be another machine.
            self._kept, self._due, self._has_light = {}, {}, False
            return await self._read_web(err)
        if "rtpow" not in first:
            raise SourceGarbled(f"{self._client} is no IceRiver", other_device=True)
        answers = {_FIRST: first}
        for question in (*_MORE, *_SELDOM):
            if monotonic() >= deadline or monotonic() < self._due.get(question, 0):
                continue
            try:
                answers[question] = await self._ask(question)
            except CommandRefused:
                self._due[question] = monotonic() + _HOUR
            except SourceError:
                continue
            else:
                if question in _SELDOM:
                    self._kept[question] = answers[question]
                    self._due[question] = monotonic() + _HOUR
        self._kept.setdefault(_FIRST, {})
        self._has_light = "getlocate" in answers
        return merged({**self._kept, **answers})

    async def _ask(self, question: str, **more: Any) -> JsonObject:
        """Return what an answer reports. Raises a SourceError."""
        answer = await self._client.ask_json({"id": question, **more})
        found = answer.data.get("ret")
        return found if isinstance(found, dict) else {}

    async def _read_web(self, problem: SourceUnreachable) -> Fields:
        """Return the web page's answer, at most a minute old."""
        if monotonic() - self._web_at < _WEB_EVERY and self._web_fields is not None:
            return self._web_fields
        if monotonic() - self._web_at < _WEB_EVERY:
            raise problem
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
