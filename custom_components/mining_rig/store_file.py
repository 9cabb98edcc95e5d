"""A JSON file that is whole at every moment, also after a full disk or kill -9.

Blocking: for the executor.
"""

from contextlib import suppress
import os
from pathlib import Path
import shutil
from tempfile import NamedTemporaryFile
from typing import Any

from homeassistant.helpers.json import prepare_save_json
from homeassistant.util import dt as dt_util


def save_json(path: Path, document: dict[str, Any]) -> None:
    """Replace the file at once; it is synced when this returns.

    Raises OSError, or HomeAssistantError for what is no JSON.
    """
    _, text = prepare_save_json(document, encoder=None)
    data = text if isinstance(text, bytes) else text.encode()
    path.parent.mkdir(exist_ok=True)
    # A name of its own, by which one that a kill -9 left is found again.
    with NamedTemporaryFile(
        dir=path.parent, prefix=f"{path.name}.", suffix=".tmp", delete=False
    ) as temporary:
        try:
            temporary.write(data)
            temporary.flush()
            os.fsync(temporary.fileno())
            Path(temporary.name).replace(path)
        except BaseException:
            Path(temporary.name).unlink(missing_ok=True)
            raise
    # Not every file system can sync a folder.
    with suppress(OSError):
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def load_bytes(path: Path) -> bytes | None:
    """Return what is in the file, None where there is none. Raises OSError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def put_aside(path: Path) -> Path:
    """Keep the file under another name as well; return that. Raises OSError.

    It stays where it is until the next save, so that it is noticed again after a
    kill -9 in between.
    """
    aside = path.with_name(f"{path.name}.corrupt.{dt_util.utcnow().isoformat()}")
    try:
        os.link(path, aside)
    except OSError:
        # Not every file system has links.
        shutil.copy2(path, aside)
    return aside


def remove_left_over(path: Path) -> None:
    """Remove the temporary files of saves that were never finished."""
    for temporary in path.parent.glob(f"{path.name}.*.tmp"):
        with suppress(OSError):
            temporary.unlink()


def remove_all(path: Path) -> None:
    """Remove the file and what was put aside or left over of it."""
    path.unlink(missing_ok=True)
    for other in path.parent.glob(f"{path.name}.*"):
        other.unlink(missing_ok=True)
