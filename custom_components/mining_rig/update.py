"""Updates: the software of a part and the newer one that it knows of."""

from collections.abc import Iterable
from typing import Any, Final, override

from homeassistant.components.update import UpdateEntity, UpdateEntityFeature
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import RigConfigEntry, RigCoordinator
from .entity import RigEntity, async_add_as_they_appear
from .known_parts import KnownPart
from .model import Release

PARALLEL_UPDATES: Final = 1

_KEY: Final = "software"


async def async_setup_entry(
    hass: HomeAssistant,
    entry: RigConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up what can be updated."""
    await async_add_as_they_appear(
        entry,
        async_add_entities,
        _offered,
        lambda coordinator, part, _: RigUpdate(coordinator, part),
        lambda key: key,
    )


def _offered(part: KnownPart) -> Iterable[str]:
    return () if part.release is None else (_KEY,)


class RigUpdate(RigEntity, UpdateEntity):
    """The software of one part."""

    _attr_translation_key = _KEY

    def __init__(self, coordinator: RigCoordinator, part: KnownPart) -> None:
        """Bind to the part whose software it is."""
        super().__init__(coordinator, part, _KEY)
        assert part.release is not None
        self._last = part.release

    @property
    def _release(self) -> Release:
        """Return what the part reports of its software now, or reported last."""
        part = self._part
        if part is not None and part.release is not None:
            self._last = part.release
        return self._last

    @property
    @override
    def installed_version(self) -> str:
        """Return the version that runs."""
        return self._release.installed

    @property
    @override
    def latest_version(self) -> str:
        """Return the newest version that the part knows of."""
        return self._release.latest

    @property
    @override
    def release_url(self) -> str | None:
        """Return where the new version is described."""
        return self._release.url

    @property
    @override
    def in_progress(self) -> bool:
        """Return whether an update is under way."""
        return self._release.in_progress

    @property
    @override
    def update_percentage(self) -> float | None:
        """Return how far it is, None where the part does not report it."""
        return self._release.progress

    @property
    @override
    def supported_features(self) -> UpdateEntityFeature:
        """Offer what this part can do now."""
        features = UpdateEntityFeature(0)
        if self._release.install is not None:
            features |= UpdateEntityFeature.INSTALL | UpdateEntityFeature.PROGRESS
        if self._release.notes:
            features |= UpdateEntityFeature.RELEASE_NOTES
        return features

    @override
    def _seen(self) -> tuple[Any, ...]:
        return (*super()._seen(), self._release)

    @override
    async def async_release_notes(self) -> str | None:
        """Return what is new."""
        return self._release.notes

    @override
    async def async_install(
        self, version: str | None, backup: bool, **kwargs: Any
    ) -> None:
        """Start the update; its progress comes with the readings."""
        if (install := self._release.install) is not None:
            await self.coordinator.commands.async_press(self._part_key, install)
