"""Home Assistant is killed while it writes, and what was lost is noticed."""

from pathlib import Path

import pytest

from scripts import kill_rounds
from scripts.kill_rounds import Ledger, kill


async def _nothing() -> None:
    """Acknowledge."""


async def _cut() -> None:
    """End without an answer."""
    raise TimeoutError


async def test_a_ledger_notices_what_is_lost() -> None:
    """What was acknowledged has to be there, or what was on its way."""
    ledger = Ledger(lambda notes: notes)
    await ledger.write(1, _nothing())
    assert not ledger.check(None)
    with pytest.raises(TimeoutError):
        await ledger.write(2, _cut())
    assert not ledger.check(3)
    assert ledger.check(2)
    # Once it was there, it must stay.
    assert not ledger.check(1)
    assert ledger.writes == 1


@pytest.mark.slow
@pytest.mark.usefixtures("socket_enabled")
async def test_a_round(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A real Home Assistant is killed and started again; nothing is lost."""
    assert await kill(tmp_path / "home", 2, seed=1) == 0
    printed = capsys.readouterr().out
    assert "| 2 |" in printed
    assert "0 lost" in printed


@pytest.mark.parametrize(("lost", "status"), [(0, 0), (3, 1)])
def test_status(monkeypatch: pytest.MonkeyPatch, lost: int, status: int) -> None:
    """The exit status tells whether anything was lost; --long means 60 rounds."""
    asked = []

    async def fake(folder: Path, rounds: int, seed: int) -> int:
        asked.append(rounds)
        return lost

    monkeypatch.setattr(kill_rounds, "kill", fake)
    assert kill_rounds.main([]) == status
    assert kill_rounds.main(["--long"]) == status
    assert kill_rounds.main(["--rounds", "3"]) == status
    assert asked == [kill_rounds.ROUNDS, 60, 3]
