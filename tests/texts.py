"""Watches that everything which is shown to a person has a text.

Home Assistant's own tests do this for its integrations; the kit for custom ones does
not. Whatever a test makes a person see is looked up here: steps of dialogs, errors,
issues, exceptions.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
import json
from pathlib import Path
import string
from typing import Any
from unittest.mock import patch

from homeassistant.components.repairs import RepairsFlowManager
from homeassistant.config_entries import OptionsFlow
from homeassistant.core import ServiceRegistry
from homeassistant.data_entry_flow import FlowManager, FlowResultType, section
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.issue_registry import IssueRegistry, async_get as issues
from homeassistant.helpers.selector import SelectSelector

from custom_components import mining_rig
from custom_components.mining_rig.const import DOMAIN

FOLDER = Path(mining_rig.__file__).parent


@cache
def texts() -> dict[str, str]:
    """Return the English texts by their path: `config.step.user.title`."""
    return dict(flatten(json.loads((FOLDER / "translations/en.json").read_text())))


def flatten(data: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Go through the leaves of nested texts."""
    for key, value in data.items():
        here = f"{path}.{key}" if path else key
        if isinstance(value, Mapping):
            yield from flatten(value, here)
        else:
            yield here, value


def placeholders(text: str) -> set[str]:
    """Return what a text wants to be told."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


class Watch:
    """Collects what is shown without a text."""

    def __init__(self) -> None:
        """Begin with nothing missed."""
        self.missing: set[str] = set()

    def need(self, path: str, told: Mapping[str, Any] | None = None) -> None:
        """Look a text up, and whether it is told all that it wants."""
        if path not in texts():
            self.missing.add(path)
        elif unknown := placeholders(texts()[path]) - set(told or {}):
            self.missing.add(f"{path} wants {sorted(unknown)}")

    def flow(self, flow: Any, result: Mapping[str, Any], root: str) -> None:
        """Look up what a step shows."""
        told = result.get("description_placeholders") or {}
        match result["type"]:
            case FlowResultType.FORM:
                step = f"{root}.step.{result['step_id']}"
                self.need(f"{step}.title", {**told, "name": ""})
                if f"{step}.description" in texts():
                    self.need(f"{step}.description", told)
                self.fields(step, result["data_schema"].schema, told)
                for error in (result["errors"] or {}).values():
                    self.need(f"{root}.error.{error}", told)
            case FlowResultType.MENU:
                step = f"{root}.step.{result['step_id']}"
                self.need(f"{step}.title", told)
                for option in result["menu_options"]:
                    self.need(f"{step}.menu_options.{option}", told)
            case FlowResultType.ABORT if "translation_domain" not in result:
                self.need(f"{root}.abort.{result['reason']}", told)

    def fields(
        self, step: str, schema: Mapping[Any, Any], told: Mapping[str, Any]
    ) -> None:
        """Look up what a form asks."""
        for key, value in schema.items():
            if isinstance(value, section):
                inside = f"{step}.sections.{key}"
                self.need(f"{inside}.name", told)
                self.fields(inside, value.schema.schema, told)
                continue
            self.need(f"{step}.data.{key}", told)
            self.need(f"{step}.data_description.{key}", told)
            if isinstance(value, SelectSelector):
                if (words := value.config.get("translation_key")) is not None:
                    for option in value.config["options"]:
                        self.need(f"selector.{words}.options.{option}")


def _root(manager: FlowManager[Any, Any, Any], flow: Any) -> str | None:
    """Return where a dialog's texts are; None for one of somebody else."""
    if isinstance(flow, OptionsFlow):
        return "options" if flow.config_entry.domain == DOMAIN else None
    if flow.handler != DOMAIN:
        return None
    if isinstance(manager, RepairsFlowManager):
        issue = issues(flow.hass).async_get_issue(DOMAIN, flow.issue_id)
        return f"issues.{issue.translation_key}.fix_flow" if issue else None
    return "config"


@contextmanager
def watched() -> Iterator[Watch]:
    """Watch everything that is shown meanwhile."""
    watch = Watch()
    handle_step = FlowManager._async_handle_step
    get_or_create = IssueRegistry.async_get_or_create
    call = ServiceRegistry.async_call

    async def handle(manager: Any, flow: Any, *args: Any) -> Any:
        root = _root(manager, flow)
        result = await handle_step(manager, flow, *args)
        if root is not None:
            watch.flow(flow, result, root)
        return result

    def create(registry: Any, domain: str, issue_id: str, **facts: Any) -> Any:
        if domain == DOMAIN:
            issue = f"issues.{facts['translation_key']}"
            told = facts["translation_placeholders"]
            watch.need(f"{issue}.title", told)
            if not facts["is_fixable"]:
                watch.need(f"{issue}.description", told)
        return get_or_create(registry, domain, issue_id, **facts)

    async def act(registry: Any, *args: Any, **facts: Any) -> Any:
        try:
            return await call(registry, *args, **facts)
        except HomeAssistantError as err:
            if err.translation_domain == DOMAIN:
                watch.need(
                    f"exceptions.{err.translation_key}.message",
                    err.translation_placeholders,
                )
            raise

    with (
        patch.object(FlowManager, "_async_handle_step", handle),
        patch.object(IssueRegistry, "async_get_or_create", create),
        patch.object(ServiceRegistry, "async_call", act),
    ):
        yield watch
