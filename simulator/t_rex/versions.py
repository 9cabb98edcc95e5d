"""What changed in the HTTP API of T-Rex from version to version."""

import re

_API = (
    ((0, 23), "4.1"),
    ((0, 19, 9), "3.3"),
    ((0, 19), "3.2"),
    ((0, 13), "3.1"),
    ((0, 9), "3.0"),
    ((0, 7), "1.3"),
    ((0, 6, 5), "1.2"),
    ((0, 6), "1.1"),
)


class Version:
    """A version of T-Rex."""

    def __init__(self, text: str) -> None:
        """Read a version such as `0.26.8`."""
        self.text = text
        self._number = tuple(int(part) for part in re.findall(r"\d+", text)[:3])

    def since(self, *number: int) -> bool:
        """Whether it is that version or a later one."""
        return self._number >= number

    @property
    def api(self) -> str:
        """The version of its API."""
        return next((api for number, api in _API if self.since(*number)), "1.0")

    @property
    def controlled(self) -> bool:
        """Whether it has the handler for commands."""
        return self.since(0, 7)

    @property
    def keyed(self) -> bool:
        """Commands want an API key, and what it was made of to log in."""
        return self.since(0, 23)

    @property
    def tells_pause(self) -> bool:
        """Whether the summary says that the miner is paused."""
        return self.since(0, 20, 1)

    @property
    def pauses_cards(self) -> bool:
        """Whether cards have a pause of their own that can be seen."""
        return self.since(0, 23, 1)

    @property
    def pauses_by_post(self) -> bool:
        """Whether a pause may come in a body."""
        return self.since(0, 21, 6)

    @property
    def pauses_whole(self) -> bool:
        """Whether the whole miner can be paused without naming its cards."""
        return not (self.since(0, 19, 10) and not self.since(0, 19, 11))

    @property
    def fills_windows(self) -> bool:
        """Averages are told before their window is full."""
        return self.since(0, 25, 9)
