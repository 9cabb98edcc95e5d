"""The table of states and events; `docs/protection.md` shows it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .data import Event, State
from .situation import Situation

ON: Final = tuple(state for state in State if state is not State.OFF)
"""The states while protection is switched on."""

type RuleFunction = Callable[[Situation], object]


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens in a state at an event."""

    text: str
    """For the documentation."""
    leads_to: frozenset[State]
    """The states that it may lead to, beside the present one."""
    apply: RuleFunction


TABLE: Final[dict[tuple[State, Event], Rule]] = {}
"""Where there is no rule, nothing changes."""


def rule[F: RuleFunction](
    text: str,
    states: tuple[State, ...],
    events: tuple[Event, ...],
    *leads_to: State,
) -> Callable[[F], F]:
    """Enter a function into the table."""

    def enter(function: F) -> F:
        for state in states:
            for event in events:
                if (state, event) in TABLE:
                    raise ValueError(f"two rules for {state} and {event}")
                TABLE[state, event] = Rule(text, frozenset(leads_to), function)
        return function

    return enter


def markdown() -> str:
    """Return the table in Markdown: an event a row, a state a column."""
    rows = [["", *(f"*{state}*" for state in ON)], ["---"] * (len(ON) + 1)]
    for event in Event:
        cells = [TABLE.get((state, event)) for state in ON]
        if any(cells):
            rows.append([event.value, *(cell.text if cell else "" for cell in cells)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
