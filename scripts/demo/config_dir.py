"""Home Assistant's configuration folder for the demo.

It opens without a log-in, on loopback only, with the first-start questions answered
and the integration linked into it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
import fcntl
import json
import os
from pathlib import Path
import shutil
from typing import Any
from zoneinfo import ZoneInfo

from .errors import DemoError
from .options import ROOT
from .ports import LOOPBACK, url

DOMAIN = "mining_rig"
LOG = "home-assistant.log"
_INTEGRATION = ROOT / "custom_components" / DOMAIN
_BLUEPRINTS = ROOT / "blueprints"
_USER = "6d696e696e6720726967206465656d6f"

_CONFIGURATION = """\
# Written anew by every start of the demo.
homeassistant:
  name: Mining demo
  # What dialogs show as the address that agents push to.
  internal_url: {url}
  country: {country}
  time_zone: {time_zone}
  unit_system: metric
  auth_providers:
    # A demo: who reaches this computer's loopback is let in.
    - type: trusted_networks
      trusted_networks: [127.0.0.1/32, "::1/128"]
      allow_bypass_login: true
    - type: homeassistant

automation: !include automations.yaml
blueprint:
config:
diagnostics:
energy:
frontend:
history:
logbook:
logger:
  default: warning
  logs:
    custom_components.mining_rig: info
# What the pretend phone registers with.
mobile_app:
recorder:
repairs:
input_boolean:
  cellar_plug:
    name: Power at the plug
    initial: true
scene: !include scenes.yaml
script: !include scripts.yaml
system_health:
template:
  - switch:
      # No simulated rig hangs on it: it only shows what was ordered.
      - name: Cellar plug
        state: "{{{{ is_state('input_boolean.cellar_plug', 'on') }}}}"
        turn_on:
          - action: input_boolean.turn_on
            target: &plug
              entity_id: input_boolean.cellar_plug
        turn_off:
          - action: input_boolean.turn_off
            target: *plug
webhook:
"""
PLUG = "switch.cellar_plug"
"""A smart plug of the demo."""
_KEPT_BY_THE_EDITORS = ("automations.yaml", "scenes.yaml", "scripts.yaml")


@contextmanager
def reserved(folder: Path) -> Iterator[None]:
    """Keep the folder for this demo; DemoError if another one has it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DemoError(
                "Another demo is running. End it first, or give this one a place and "
                "a port of its own: --keep DIR --port 8124"
            ) from None
        yield


def prepare(folder: Path, *, port: int, fresh: bool) -> None:
    """Make the folder ready for a start on this port.

    What an earlier start has left stays, unless it is to be `fresh`. OSError if the
    folder cannot be written.
    """
    if fresh and folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    # The whole place keeps itself out of version control.
    (folder.parent / ".gitignore").write_text("*\n")
    (folder / "configuration.yaml").write_text(
        _CONFIGURATION.format(country=_country(), time_zone=_time_zone(), url=url(port))
    )
    for name in _KEPT_BY_THE_EDITORS:
        (folder / name).touch()
    storage = folder / ".storage"
    storage.mkdir(mode=0o700, exist_ok=True)
    _write(storage / "http", http_file(port))
    for name, content in first_start_files().items():
        if not (storage / name).exists():
            _write(storage / name, content)
    _link(folder / "custom_components" / DOMAIN)
    shutil.copytree(_BLUEPRINTS, folder / "blueprints", dirs_exist_ok=True)


def http_file(port: int) -> dict[str, Any]:
    """Return what `.storage/http` says of a server on loopback.

    The same in configuration.yaml would be on trial for five minutes, and then undone.
    """
    return _file(
        "http",
        {
            "stable": {
                "server_host": [LOOPBACK],
                "server_port": port,
                "cors_allowed_origins": [],
                "ip_ban_enabled": False,
                "login_attempts_threshold": -1,
                "ssl_profile": "modern",
                "use_x_frame_options": True,
                "created_at": datetime.now(UTC).isoformat(),
                "error": None,
                "error_message": None,
            },
            "pending": None,
            "yaml_migration_done": True,
        },
        version=2,
        minor_version=2,
    )


def first_start_files() -> Mapping[str, dict[str, Any]]:
    """Return the files of `.storage` that answer the questions of a first start.

    Answering them over HTTP would add integrations that call home.
    """
    return {
        "auth": _file(
            "auth",
            {
                "users": [
                    {
                        "id": _USER,
                        "name": "Miner",
                        "group_ids": ["system-admin"],
                        "is_owner": True,
                        "is_active": True,
                        "local_only": True,
                        "system_generated": False,
                    }
                ],
                "groups": [],
                "credentials": [],
                "refresh_tokens": [],
            },
        ),
        "onboarding": _file(
            "onboarding",
            {"done": ["user", "core_config", "analytics", "integration"]},
            version=4,
        ),
    }


def _file(
    key: str, data: Mapping[str, Any], *, version: int = 1, minor_version: int = 1
) -> dict[str, Any]:
    return {
        "version": version,
        "minor_version": minor_version,
        "key": key,
        "data": data,
    }


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2))
    path.chmod(0o600)


def _link(link: Path) -> None:
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(_INTEGRATION, target_is_directory=True)


def _country() -> str:
    """Return the country of this computer's language: en_GB.UTF-8 is of GB."""
    language = os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    country = language.partition(".")[0].partition("_")[2]
    return country if len(country) == 2 and country.isupper() else "US"


def _time_zone() -> str:
    """Return this computer's time zone, UTC where it does not say."""
    _, found, name = str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")
    try:
        return ZoneInfo(name).key if found else "UTC"
    except ValueError, OSError:
        return "UTC"
