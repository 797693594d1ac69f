"""What the abstract interpretation of conditions found is found by the proof, at the same place."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from instrument.test_unreachable_conditions import BEHIND_ENDS, HEAD, LAST, dense
from support.example_files import QUESTIONNAIRES
from support.mistake_tables import fetch_example, mistakes
from support.random_instruments import instruments
from survey_cli.instrument.checks.all_checks import CheckResult, check_instrument
from survey_cli.instrument.checks.reachability import analysis, silent_choices
from survey_cli.instrument.source.load import InstrumentSource, load_source, load_source_text
from survey_cli.problems import Problem
from survey_cli.proof.findings import STATED_RULES
from survey_cli.proof.forks import find_inputs
from survey_cli.proof.verdicts import prove
from survey_cli.scenarios.route_check import check_route

TODAY = date(2026, 11, 27)
SAME = {
    "never-reached": {"never-asked", "never-offered", "check-never-fires", "check-never-passes"},
    "needless-condition": {
        "always-asked",
        "always-offered",
        "check-never-fires",
        "check-never-passes",
    },
    "no-option": {"no-option"},
    "silent-else": {"silent-else"},
}
"""By each rule of the abstract interpretation, those of the proof that say the same."""


def list_old(checked: CheckResult) -> Iterator[Problem]:
    assert checked.draft is not None
    for check in (
        analysis.never_reached,
        analysis.needless_condition,
        analysis.no_option,
        silent_choices.silent_else,
    ):
        yield from check(checked.draft)


def compare(source: InstrumentSource) -> list[str]:
    """List what only the abstract interpretation finds.

    What follows from an item that is never asked is not expected again: the proof reports one cause once.
    """
    checked = check_instrument(source)
    instrument = checked.compiled
    if instrument is None:
        return []
    found, _ = check_route(checked, TODAY)
    rules: dict[Any, set[str]] = {}
    for problem in found:
        rules.setdefault(problem.where, set()).add(problem.rule)
    impossible = prove(instrument, TODAY).impossible
    never = {goal.name for goal in impossible if goal.kind == "asked"}

    def is_said_or_follows(old: Problem) -> bool:
        if not rules.get(old.where, set()).isdisjoint({*SAME[old.rule], *STATED_RULES}):
            return True
        uses = [use for use in checked.draft.uses if use.where == old.where]
        names = {name for use in uses for name in (*use.names, *(s.group for s in use.path))}
        if not never.isdisjoint(find_inputs(instrument, names)):
            return True
        return ("never-asked", old.who) in {(p.rule, p.who) for p in found}

    return [str(old) for old in list_old(checked) if not is_said_or_follows(old)]


TABLES = ("mistakes.txt", "mistakes_route.txt", "mistakes_fieldwork.txt")
MISTAKES = [mistake.written for table in TABLES for mistake in mistakes(table)]


@pytest.mark.parametrize("path", QUESTIONNAIRES, ids=lambda path: path.stem)
def test_questionnaires(path: Path) -> None:
    assert compare(load_source(path)) == []


@pytest.mark.parametrize("text", MISTAKES)
def test_mistakes(text: str) -> None:
    assert compare(load_source_text(text, "f.yaml", fetch=fetch_example)) == []


@pytest.mark.parametrize(("lines", "condition", "found"), BEHIND_ENDS)
def test_what_is_behind_ends_and_conditions(lines: str, condition: str, found: Any) -> None:
    last = LAST.replace("CONDITION", f'"{condition}"') if condition else "\n"
    text = HEAD.lstrip() + lines.strip("\n") + last
    assert compare(load_source_text(text)) == []


@settings(max_examples=3 * settings().max_examples, suppress_health_check=list(HealthCheck))
@given(dense())
def test_conditions_that_meet(text: str) -> None:
    assert compare(load_source_text(text)) == []


@settings(max_examples=3 * settings().max_examples, suppress_health_check=list(HealthCheck))
@given(instruments())
def test_random_instruments(text: str) -> None:
    assert compare(load_source_text(text)) == []
