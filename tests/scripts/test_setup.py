"""Set-up makes the environment once, and says in one sentence what is missing.

The programs that it would fetch are played by scripts here: nothing is downloaded.
"""

from pathlib import Path
import shutil
import subprocess
import sys
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]

# What every Linux has. Neither Python, uv nor apt-get is among it.
TOOLS = """
awk bash cat chmod cmp dirname env find flock grep id ln mkdir mktemp mv rm sleep tail
"""

# Plays uv: makes what the real one would leave, and keeps a list of what it was asked.
UV = """#!/bin/bash
echo "$*" >>"$UV_CALLS"
case "$1 $2" in
  "venv --help") echo "  --relocatable" ;;
  "venv "*)
    mkdir -p "${@: -1}/bin"
    ln -s "$REAL_PYTHON" "${@: -1}/bin/python"
    ;;
  "pip install")
    if [ -e "$UV_CALLS.broken" ]; then
      echo "no such version" >&2
      exit 1
    fi
    sleep 0.3
    ;;
  *) exit 1 ;;
esac
"""

# Plays a Python that calls itself another version.
PYTHON = """#!/bin/bash
[ "$1" = -c ] && exec "$REAL_PYTHON" -c "
import sys
sys.version_info = (3, 14, {micro}, 'final', 0)
$2"
exit 1
"""


class Machine(NamedTuple):
    """A checkout, and the commands that are found beside it."""

    checkout: Path
    commands: Path
    calls: Path
    environment: dict[str, str]

    def command(self, name: str, text: str) -> None:
        """Put a command on the PATH."""
        path = self.commands / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def start(self) -> subprocess.Popen[str]:
        """Start the set-up."""
        return subprocess.Popen(
            [self.checkout / "scripts/setup"],
            env=self.environment,
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def setup(self) -> tuple[int, str]:
        """Run the set-up and return its exit status and all that it said."""
        running = self.start()
        out, err = running.communicate(timeout=60)
        return running.returncode, out + err

    def installs(self) -> int:
        """Return how often packages were installed."""
        if not self.calls.exists():
            return 0
        return self.calls.read_text(encoding="utf-8").count("pip install")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine with uv and a good Python."""
    checkout = tmp_path / "checkout"
    (checkout / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts/setup", checkout / "scripts")
    shutil.copy(ROOT / "requirements_test.txt", checkout)
    commands = tmp_path / "commands"
    commands.mkdir()
    for tool in TOOLS.split():
        if found := shutil.which(tool):
            (commands / tool).symlink_to(found)
    made = Machine(
        checkout,
        commands,
        tmp_path / "calls",
        {
            "PATH": str(commands),
            "REAL_PYTHON": sys.executable,
            "UV_CALLS": str(tmp_path / "calls"),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        },
    )
    made.command("uv", UV)
    made.command("python3.14", PYTHON.format(micro=2))
    return made


def _environments(machine: Machine) -> list[str]:
    """Return the names of whole and half-made environments in the checkout."""
    return [path.name for path in machine.checkout.iterdir() if "venv" in path.name]


def test_made_once(machine: Machine) -> None:
    """The second run does nothing and says nothing."""
    status, said = machine.setup()
    assert status == 0
    assert said.count("\n") == 1
    assert machine.installs() == 1

    assert machine.setup() == (0, "")
    assert machine.installs() == 1
    assert _environments(machine) == [".venv"]
    assert not list((machine.checkout.parent / "cache").rglob("work.*"))


def test_made_anew_for_other_requirements(machine: Machine) -> None:
    """A changed list of packages is installed into a new environment."""
    machine.setup()
    old = machine.checkout / ".venv/old"
    old.touch()
    with (machine.checkout / "requirements_test.txt").open("a") as requirements:
        requirements.write("another==1.0\n")

    assert machine.setup()[0] == 0
    assert machine.installs() == 2
    assert not old.exists()


def test_made_anew_where_python_is_gone(machine: Machine) -> None:
    """An environment from another machine, or of a removed Python, is replaced."""
    machine.setup()
    python = machine.checkout / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python3.14")

    assert machine.setup()[0] == 0
    assert python.resolve() == Path(sys.executable).resolve()


def test_moved_checkout(machine: Machine) -> None:
    """A checkout that was moved goes on with the environment it has."""
    machine.setup()
    moved = machine.checkout.with_name("moved")
    machine.checkout.rename(moved)
    assert machine._replace(checkout=moved).setup() == (0, "")


def test_two_at_once(machine: Machine) -> None:
    """Two set-ups of one checkout make one environment."""
    running = [machine.start(), machine.start()]
    for process in running:
        process.communicate(timeout=60)
    assert [process.returncode for process in running] == [0, 0]
    assert _environments(machine) == [".venv"]
    if shutil.which("flock"):
        assert machine.installs() == 1


def test_packages_cannot_be_installed(machine: Machine) -> None:
    """The reason is shown, and the environment that was there stays."""
    machine.setup()
    Path(f"{machine.calls}.broken").touch()
    with (machine.checkout / "requirements_test.txt").open("a") as requirements:
        requirements.write("another==1.0\n")

    status, said = machine.setup()
    assert status == 1
    assert "no such version\n" in said
    assert _environments(machine) == [".venv"]
    assert (machine.checkout / ".venv/bin/python").exists()


@pytest.mark.parametrize("micro", [0, 1])
def test_old_python_refused(machine: Machine, micro: int) -> None:
    """Home Assistant cannot run on the first releases of Python 3.14."""
    machine.command("python3.14", PYTHON.format(micro=micro))
    status, said = machine.setup()
    assert status == 1
    assert machine.installs() == 0
    assert "Python 3.14.2 or newer is needed" in said.splitlines()[-1]
    assert len(said.splitlines()) == 2


def test_python_of_another_name(machine: Machine) -> None:
    """A good Python that is only called python3 is used."""
    machine.command("python3", PYTHON.format(micro=2))
    machine.command("python3.14", PYTHON.format(micro=1))
    assert machine.setup()[0] == 0


def test_no_uv(machine: Machine) -> None:
    """Where uv is missing and cannot be fetched, that is said."""
    (machine.commands / "uv").unlink()
    status, said = machine.setup()
    assert status == 1
    assert said == (
        "scripts/setup: uv could not be fetched from PyPI; install it"
        " (https://docs.astral.sh/uv/) and start again.\n"
    )


def test_without_home(machine: Machine) -> None:
    """Neither HOME nor a cache folder is needed."""
    environment = machine.environment | {"TMPDIR": str(machine.checkout.parent)}
    del environment["XDG_CACHE_HOME"]
    assert machine._replace(environment=environment).setup()[0] == 0


def test_unusable_cache(machine: Machine) -> None:
    """A cache that cannot be written to is passed over."""
    file = machine.checkout.parent / "file"
    file.touch()
    folders = {
        "XDG_CACHE_HOME": str(file / "cache"),
        "HOME": str(machine.checkout.parent / "home"),
    }
    assert machine._replace(environment=machine.environment | folders).setup()[0] == 0
