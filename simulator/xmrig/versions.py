"""What changed in the HTTP API of XMRig from version to version."""

import re


class Version:
    """A version of XMRig; forks and betas bear a suffix."""

    def __init__(self, text: str) -> None:
        """Read a version such as `6.22.1`, `2.6.0-beta3` or `6.12.0-mo1`."""
        self.text = text
        self._number = tuple(int(part) for part in re.findall(r"\d+", text)[:3])

    def since(self, *number: int) -> bool:
        """Whether it is that version or a later one."""
        return self._number >= number

    @property
    def modern(self) -> bool:
        """/2/ paths, backends, null for an unknown hashrate."""
        return self.since(2, 99)

    @property
    def own_server(self) -> bool:
        """Exact paths, answers for errors; before, any path gave the summary."""
        return self.since(2, 15, 1)

    @property
    def rpc(self) -> tuple[str, ...]:
        """The methods of /json_rpc; empty before there was one."""
        if not self.since(3):
            return ()
        return ("pause", "resume", "stop") if self.since(4) else ("pause", "resume")

    @property
    def answers_rpc_twice(self) -> bool:
        """The whole answer to a JSON-RPC call is sent twice."""
        return self.since(5, 5, 1)

    @property
    def loud_reasons(self) -> bool:
        """Reason phrases are `NOT_FOUND` instead of `Not Found`."""
        return self.since(6, 10)

    @property
    def zero_when_idle(self) -> bool:
        """Nothing hashing is 0.0, not null."""
        return self.since(6, 22, 2)
