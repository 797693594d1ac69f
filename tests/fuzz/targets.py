"""The targets, how each is searched, and its share of the time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from fuzz import (
    commands,
    conditions_typed,
    entries_typed,
    events_written,
    files_as_bytes,
    hands,
    structures,
    tables,
)

settings.register_profile(
    "ci", deadline=None, database=None, derandomize=True, phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck), print_blob=False, report_multiple_bugs=False,
)  # fmt: skip
settings.register_profile("fuzz", settings.get_profile("ci"), derandomize=False, max_examples=300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is invented, and what must hold of it. `check` raises where it does not; true: the case went deep."""

    name: str
    cases: st.SearchStrategy[Any]
    check: Callable[[Any], Any]
    share: float = 1
    """Of the time of a hunt, beside the others."""
    small: int = 25
    """How many cases the tests try, times the scale."""


TARGETS = {
    t.name: t
    for t in (
        Target(
            name="files",
            cases=files_as_bytes.cases,
            check=lambda data: files_as_bytes.check(data).instrument is not None,
            share=2,
            small=80,
        ),
        Target(
            name="structures", cases=structures.cases, check=structures.check, share=3, small=20
        ),
        Target(
            name="conditions",
            cases=conditions_typed.cases,
            check=conditions_typed.check,
            share=2,
            small=40,
        ),
        Target(name="entries", cases=entries_typed.cases, check=entries_typed.check, small=60),
        Target(
            name="clock",
            cases=entries_typed.clock_cases,
            check=entries_typed.check_clock,
            share=0.5,
            small=120,
        ),
        Target(
            name="events",
            cases=events_written.cases,
            check=events_written.check,
            share=0.5,
            small=40,
        ),
        Target(name="tables", cases=tables.cases, check=tables.check, small=20),
        Target(name="keys", cases=hands.hands, check=hands.check_keys, share=2, small=5),
        Target(name="lines", cases=hands.talks, check=hands.check_lines, small=8),
        Target(name="commands", cases=commands.cases, check=commands.check, share=2, small=2),
    )
}
COVERED = ("files", "conditions", "events")
"""Targets that a coverage-guided fuzzer hunts too, where it is installed."""
