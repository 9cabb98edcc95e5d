"""The repository names one public address and one owner, changed by one command."""

import json
import os
from pathlib import Path
import re
import shutil
import subprocess

import pytest

ROOT = Path(__file__).parents[1]
THIS = Path(__file__).relative_to(ROOT)
MANIFEST = Path("custom_components/mining_rig/manifest.json")
MADE_HERE = {".git", ".demo", ".hypothesis", "__pycache__", "node_modules"}

# Names of other projects' repositories that stand in our files.
OTHERS = {
    "JayDDee/cpuminer-opt",
    "Lolliedieb/lolMiner-releases",
    "NAME/REPOSITORY",
    "NebuTech/NBMiner",
    "OneZeroMiner/onezerominer",
    "actions/cache",
    "actions/checkout",
    "actions/setup-python",
    "andru-kun/wildrig-multi",
    "bitaxeorg/ESP-Miner",
    "bzminer/bzminer",
    "ckolivas/cgminer",
    "develsoftware/GMinerRelease",
    "doktor83/SRBMiner-Multi",
    "hacs/action",
    "home-assistant/actions",
    "home-assistant/core",
    "nanopool/nanominer",
    "rigelminer/rigel",
    "shufps/ESP-Miner-NerdQAxePlus",
    "todxx/teamredminer",
    "tpruvot/ccminer",
    "x/NerdQAxe",
    "xmrig/xmrig",
}

ADDRESS = re.compile(
    r"(?:github\.com|githubusercontent\.com|github%2[Ee]com|githubusercontent%2[Ee]com)"
    r"(?:/|%2[Ff])(?P<owner>[\w-]+)(?:/|%2[Ff])(?P<name>[\w.-]*\w)"
)
HACS_LINK = re.compile(
    r"owner=(?P<owner>[\w-]+)&(?:amp;)?repository=(?P<name>[\w.-]*\w)"
)
WORKFLOW_STEP = re.compile(r"uses: (?P<owner>[\w-]+)/(?P<name>[\w.-]+)")


def _files(root: Path) -> dict[Path, str]:
    """Return the text files of a checkout but this one and miners' recorded answers."""
    found = {}
    for folder, folders, names in os.walk(root):
        folders[:] = [
            name
            for name in folders
            if name not in MADE_HERE and not name.startswith(".venv")
            if not name.endswith("_cache")
        ]
        # In a linked worktree .git is a file.
        for path in (Path(folder, name) for name in names if name != ".git"):
            relative = path.relative_to(root)
            if relative == THIS or relative.parts[:2] == ("tests", "fixtures"):
                continue
            try:
                found[relative] = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
    return found


def _ours(root: Path) -> tuple[str, str]:
    """Return the owner and name of the repository, as its manifest has them."""
    manifest = json.loads((root / MANIFEST).read_text(encoding="utf-8"))
    match = ADDRESS.search(manifest["documentation"])
    assert match
    return match["owner"], match["name"]


def _repositories(root: Path) -> dict[tuple[str, str], list[str]]:
    """Return the repositories that are named, each with the files that name it."""
    found: dict[tuple[str, str], list[str]] = {}
    for path, text in _files(root).items():
        for pattern in (ADDRESS, HACS_LINK, WORKFLOW_STEP):
            for match in pattern.finditer(text):
                repository = match["owner"], match["name"].removesuffix(".git")
                found.setdefault(repository, []).append(str(path))
    return found


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the checkout's text files, without git."""
    for path in _files(ROOT):
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, target)
    return tmp_path


def _set_repository(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a checkout."""
    return subprocess.run(
        [root / "scripts/set-repository", *arguments],
        capture_output=True,
        check=False,
        encoding="utf-8",
    )


def test_no_other_address() -> None:
    """Every repository that is named is this one or a known other project."""
    others = {
        repository: files
        for repository, files in _repositories(ROOT).items()
        if repository != _ours(ROOT) and "/".join(repository) not in OTHERS
    }
    assert not others, "neither ours nor listed in OTHERS"


def test_one_owner() -> None:
    """The owner stands in the manifest and nobody else of a similar name anywhere."""
    (owner,) = json.loads((ROOT / MANIFEST).read_text(encoding="utf-8"))["codeowners"]
    named = {
        match
        for text in _files(ROOT).values()
        for match in re.findall(r"@[\w-]*mining-rig[\w-]*", text)
    }
    assert named <= {owner}


def test_set_repository(copy: Path) -> None:
    """The command changes every place, and back again to the same files."""
    before = _files(copy)
    owner, name = _ours(copy)
    (codeowner,) = json.loads(before[MANIFEST])["codeowners"]
    # A place of each kind, whether or not a document has it at the moment.
    probe = Path("docs/probe.md")
    (copy / probe).parent.mkdir(exist_ok=True)
    (copy / probe).write_text(
        f"https://github.com/{owner}/{name}.git\n"
        f"https://raw.githubusercontent.com/{owner}/{name}/main/a.yaml\n"
        f"blueprint_url=https%3A%2F%2Fgithub.com%2F{owner}%2F{name}%2Fblob\n"
        f"hacs_repository/?owner={owner}&repository={name}&category=integration\n"
        f"thanks to {codeowner}, and not to {codeowner}-else\n",
        encoding="utf-8",
    )
    before[probe] = (copy / probe).read_text(encoding="utf-8")

    done = _set_repository(copy, "https://github.com/some-body/rigs.home/", "@a-person")
    assert done.returncode == 0, done.stderr

    assert _ours(copy) == ("some-body", "rigs.home")
    assert (copy / probe).read_text(encoding="utf-8") == (
        "https://github.com/some-body/rigs.home.git\n"
        "https://raw.githubusercontent.com/some-body/rigs.home/main/a.yaml\n"
        "blueprint_url=https%3A%2F%2Fgithub.com%2Fsome-body%2Frigs.home%2Fblob\n"
        "hacs_repository/?owner=some-body&repository=rigs.home&category=integration\n"
        f"thanks to @a-person, and not to {codeowner}-else\n"
    )
    manifest = json.loads((copy / MANIFEST).read_text(encoding="utf-8"))
    assert manifest["codeowners"] == ["@a-person"]
    assert manifest["issue_tracker"].startswith(
        "https://github.com/some-body/rigs.home/"
    )
    assert (owner, name) not in _repositories(copy)
    assert os.access(copy / "scripts/set-repository", os.X_OK)

    done = _set_repository(copy, f"https://github.com/{owner}/{name}", codeowner)
    assert done.returncode == 0, done.stderr
    assert _files(copy) == before


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("https://github.com/some-body/rigs",),
        ("https://example.com/some-body/rigs", "@a-person"),
        ("https://github.com/some-body", "@a-person"),
        ("https://github.com/some-body/rigs", "a person"),
        ("https://github.com/some-body/rigs#&", "@a-person"),
    ],
)
def test_set_repository_refuses(copy: Path, arguments: tuple[str, ...]) -> None:
    """Something else than an address and an owner changes nothing."""
    before = _files(copy)
    done = _set_repository(copy, *arguments)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert _files(copy) == before
