"""The newest firmware of AxeOS: one request to GitHub a repository and day."""

from dataclasses import dataclass
import re
from time import monotonic
from typing import Any, Final
from weakref import WeakKeyDictionary

from aiohttp import ClientSession

from ..common.contract import SourceError
from ..common.decoding import MOST_LISTED, Fields
from ..common.http import JsonHttp

BITAXE: Final = "bitaxeorg/ESP-Miner"
NERDQAXE: Final = "shufps/ESP-Miner-NerdQAxePlus"
_HOST: Final = "api.github.com"
_EVERY: Final = 86400.0
_TIMEOUT: Final = 5.0


@dataclass(frozen=True, slots=True)
class NewestRelease:
    """The newest release that is no pre-release."""

    version: str
    page: str | None
    assets: tuple[tuple[str, str], ...]
    """Names and URLs of its files."""


@dataclass(slots=True)
class _Kept:
    release: NewestRelease | None = None
    due: float = 0.0


_KEPT: Final[WeakKeyDictionary[ClientSession, dict[str, _Kept]]] = WeakKeyDictionary()
"""By Home Assistant's session: all rigs share the answers."""


async def newest_release(
    session: ClientSession, repository: str
) -> NewestRelease | None:
    """Return the newest release, None where it is not known."""
    kept = _KEPT.setdefault(session, {}).setdefault(repository, _Kept())
    if monotonic() >= kept.due:
        # Before the request, so that rigs that poll meanwhile do not send it again.
        kept.due = monotonic() + _EVERY
        http = JsonHttp(session, _HOST, 443, ssl=True, timeout=_TIMEOUT)
        try:
            answer = await http.get(f"/repos/{repository}/releases/latest")
            found = _release(answer.json())
        except SourceError:
            found = None
        if found is not None:
            kept.release = found
    return kept.release


def _release(data: Any) -> NewestRelease | None:
    fields = Fields(data)
    version = fields.text("tag_name", longest=40)
    if version is None or fields.raw("prerelease") is True:
        return None
    assets = [
        (name, url)
        for asset in fields.each("assets", most=MOST_LISTED)
        if (name := asset.text("name")) and (url := asset.text("browser_download_url"))
    ]
    page = fields.text("html_url")
    trusted = page is not None and page.startswith("https://github.com/")
    return NewestRelease(version, page if trusted else None, tuple(assets))


def factory_asset(release: NewestRelease, model: str) -> str | None:
    """Return the URL of the one factory file of a model, None where it is not clear."""
    wanted = re.compile(
        rf"(?:^|[-_]){re.escape(model)}(?:$|\.bin$|[-_](?:v?\d|factory))", re.IGNORECASE
    )
    found = [
        url
        for name, url in release.assets
        # Not for a longer model: NerdQAxe++ is another one than NerdQAxe+.
        if "factory" in name.casefold() and wanted.search(name)
    ]
    return found[0] if len(found) == 1 else None
