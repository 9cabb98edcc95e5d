"""What is checked before a release and every night."""

from pathlib import Path
import re
import subprocess

from homeassistant.util.yaml import load_yaml_dict

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts/check-release"


def sections() -> list[str]:
    """Return the sections that the script has."""
    found = re.search(r"^sections=\((.*)\)$", SCRIPT.read_text(), re.MULTILINE)
    assert found
    return found[1].split()


def test_sections() -> None:
    """Each is a function, described in the head, and has a nightly job."""
    text = SCRIPT.read_text()
    for section in sections():
        assert f"\n{section}() {{\n" in text
        assert f"\n#   {section} " in text
    nightly = load_yaml_dict(str(ROOT / ".github/workflows/nightly.yml"))
    assert nightly["jobs"]["check"]["strategy"]["matrix"]["section"] == sections()


def test_unknown_section() -> None:
    """Nothing is run when one of the sections does not exist."""
    done = subprocess.run(
        [SCRIPT, sections()[0], "nothing"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert all(section in done.stderr for section in sections())
