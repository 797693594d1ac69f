"""Scenarios of a questionnaire whose interview differs between two editions of the language."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.source.load import load_source
from survey_cli.problems import Position, Problem, select_errors
from survey_cli.scenarios.reading import Departure, ScenarioTest, compare
from survey_cli.scenarios.running import ScenarioRun, run_scenario
from survey_cli.services.questionnaire.scenario_tests import check_scenarios, find_scenario_file
from survey_cli.values import Place
from survey_cli.wording import format_quantity, join_words

_MAX_LISTED: Final = 4
"""Places that a difference names."""
_REMEDY: Final = "change the scenario, or keep the meaning of the conditions that are listed"


def list_scenario_changes(
    file: str, older: Instrument, newer: Instrument, today: date
) -> list[Problem]:
    """Run the scenarios beside a questionnaire in both editions, and list those that differ."""
    scenario_file = find_scenario_file(file)
    if not Path(scenario_file).is_file():
        return []

    tests, problems = check_scenarios(older, load_source(scenario_file), today)
    errors = select_errors(problems)
    if errors:
        count = format_quantity(len(errors), "error")
        what = f"the scenarios have {count}, so they were not compared"
        remedy = f"correct them, then run survey test {file}"
        return [_report(Position(scenario_file), "", what, remedy)]

    changes = []
    for test in tests:
        before = run_scenario(older, test.scenario)
        after = run_scenario(newer, test.scenario)
        difference = _describe_difference(test, before, after)
        if difference:
            what = f"in edition {newer.edition}, {difference}"
            changes.append(_report(test.where, test.scenario.name, what, _REMEDY))
    return changes


def _report(where: Position, who: str, what: str, remedy: str) -> Problem:
    return Problem("newer-edition", where, who, what, remedy, "info")


def _describe_difference(test: ScenarioTest, before: ScenarioRun, after: ScenarioRun) -> str:
    """Describe how the later run of a scenario differs; empty if nothing that is shown does."""
    failed_before = [departure.what for departure in compare(test, before)]
    new = [departure for departure in compare(test, after) if departure.what not in failed_before]
    if new:
        return f"it fails: {_describe_departures(new)}"

    parts = []
    added = _list_places(after, without=before)
    if added:
        parts.append(f"{join_words(added, most=_MAX_LISTED)} is reached")
    removed = _list_places(before, without=after)
    if removed:
        parts.append(f"{join_words(removed, most=_MAX_LISTED)} is not reached")
    if before.outcome != after.outcome:
        ending = after.outcome or "without an outcome"
        parts.append(f"it ends with {ending}")
    return ", ".join(parts)


def _describe_departures(departures: Sequence[Departure]) -> str:
    return "; ".join(departure.what for departure in departures)


def _list_places(run: ScenarioRun, *, without: ScenarioRun) -> list[Place]:
    """List the places of a run that another one doesn't reach."""
    others = set(without.route)
    return [place for place in run.route if place not in others]
