"""The README and the pages under docs, and what can be found in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import re
from textwrap import dedent
from typing import override

ROOT = Path(__file__).parents[1]
README = Path("README.md")

_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)|\b(?:src|srcset|href)=\"([^\"]+)\"")
_SEPARATOR = re.compile(r":?-+:?")


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code; `line` is where it begins in its page."""

    page: Path
    line: int
    language: str
    text: str

    @override
    def __str__(self) -> str:
        """Name it in a test's id."""
        return f"{self.page}:{self.line}"


@dataclass(frozen=True, slots=True)
class Page:
    """A page, by its path from the root of the repository."""

    path: Path
    text: str

    @override
    def __str__(self) -> str:
        """Name it in a test's id."""
        return str(self.path)

    @property
    def prose(self) -> str:
        """The text without its blocks of code."""
        return _BLOCK.sub("", self.text)

    @property
    def blocks(self) -> list[Block]:
        """The blocks of code."""
        return [
            Block(
                self.path,
                self.text.count("\n", 0, match.start()) + 1,
                match[2],
                dedent(match[3]),
            )
            for match in _BLOCK.finditer(self.text)
        ]

    @property
    def spans(self) -> list[str]:
        """The pieces of code inside of sentences."""
        return _SPAN.findall(self.prose)

    @property
    def headings(self) -> list[str]:
        """The headings, without marks."""
        return [re.sub(r"[`*]", "", found) for found in _HEADING.findall(self.prose)]

    @property
    def anchors(self) -> set[str]:
        """What a link can point to in this page, as GitHub makes it of headings."""
        return {
            re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in self.headings
        }

    @property
    def links(self) -> list[str]:
        """The targets of links and pictures."""
        return [one or other for one, other in _LINK.findall(self.prose)]

    def rows(self, first: str) -> Iterator[dict[str, str]]:
        """Go through the rows of the tables whose first column is called `first`."""
        header: list[str] = []
        for line in self.prose.splitlines():
            if not line.startswith("|"):
                header = []
                continue
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if not header:
                header = cells
            elif header[0] == first and not all(map(_SEPARATOR.fullmatch, cells)):
                yield dict(zip(header, cells, strict=True))


def _read(path: Path) -> Page:
    return Page(path.relative_to(ROOT), path.read_text(encoding="utf-8"))


PAGES = {
    page.path: page
    for page in map(
        _read,
        (ROOT / README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))),
    )
}
