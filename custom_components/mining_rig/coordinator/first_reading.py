"""The first reading of a rig when its entry is set up."""

from collections.abc import Callable

from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryNotReady

from ..const import DOMAIN
from ..known_parts import KnownParts
from ..sources.common.contract import SourceError, SourceRefused
from .strategy import Strategy


async def async_first_reading(
    strategy: Strategy,
    known_parts: KnownParts,
    name: str,
    *,
    failed: Callable[[SourceError], None],
) -> SourceError | None:
    """Read for the first time; return why the rig does not answer, None if it does.

    A rig that is off is no error where its parts are known from earlier; else `failed`
    is called. Raises
    ConfigEntryNotReady or ConfigEntryAuthFailed.
    """
    try:
        await strategy.async_start()
    except SourceRefused as err:
        raise ConfigEntryAuthFailed(
            translation_domain=DOMAIN,
            translation_key="refused",
            translation_placeholders={"rig": name},
        ) from err
    except SourceError as err:
        if not known_parts.parts:
            failed(err)
            raise ConfigEntryNotReady(
                translation_domain=DOMAIN,
                translation_key="no_answer",
                translation_placeholders={"rig": name, "error": str(err)},
            ) from err
        return err
    return None
