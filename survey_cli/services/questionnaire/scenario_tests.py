"""Tests of a questionnaire with scenarios: running, coverage, results as a file, generation."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.instrument.schema.scenario_file import SCENARIO_SUFFIX
from survey_cli.instrument.source.load import InstrumentSource, load_source
from survey_cli.problems import Position, Problem, UserError, select_errors
from survey_cli.proof.goals import Goal
from survey_cli.proof.solver import has_solver
from survey_cli.samples.cases.columns import InvalidValue, clean_text, make_role_reader
from survey_cli.scenarios.coverage import KINDS, describe_goal, list_coverage, locate_goal, observe
from survey_cli.scenarios.reading import Departure, ScenarioTest, compare, read_scenarios
from survey_cli.scenarios.route_check import make_solver_remedy
from survey_cli.scenarios.running import run_scenario
from survey_cli.services.output_files import check_output_path, write_text_file
from survey_cli.values import Missing, Value
from survey_cli.wording import format_quantity

SCHEMA_LINE: Final = "# yaml-language-server: $schema=./scenarios.schema.json"


class ScenarioResult(NamedTuple):
    """How one scenario went."""

    name: str
    where: Position
    ends: str
    """The outcome; empty if the interview did not end."""
    asked: int
    departures: tuple[Departure, ...]


class NotCovered(NamedTuple):
    """Something that no scenario makes happen."""

    where: Position
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteResult:
    """How all scenarios went, and what they cover together."""

    file: str
    scenarios: tuple[ScenarioResult, ...]
    coverage: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """By kind of goal: how many happened, of how many."""
    not_covered: tuple[NotCovered, ...] = ()
    impossible: int | None = None
    """How many goals were left out because they can't happen; None if nothing was proved."""

    @property
    def failed(self) -> int:
        """The number of scenarios that went otherwise than they expect."""
        return sum(bool(scenario.departures) for scenario in self.scenarios)


def find_scenario_file(file: str) -> str:
    """Return the scenario file beside a questionnaire."""
    return str(Path(file).with_suffix(SCENARIO_SUFFIX))


def run_suite(file: str, scenario_file: str, today: date, *, proved: bool = False) -> SuiteResult:
    """Run all scenarios of a file.

    With `proved`, what can't happen is not counted as missing. Raises UserError if the file or the
    questionnaire has errors.
    """
    instrument = open_instrument(file)
    tests = _load_tests(file, scenario_file, instrument, today)

    goals = list_coverage(instrument)
    impossible_count = None
    if proved:
        _require_solver()
        from survey_cli.proof.verdicts import prove

        impossible = set(goals).intersection(prove(instrument, today).impossible)
        impossible_count = len(impossible)
        goals = [goal for goal in goals if goal not in impossible]

    covered: set[Goal] = set()
    results = []
    for test in tests:
        run = run_scenario(instrument, test.scenario)
        covered |= observe(run)
        result = ScenarioResult(
            name=test.scenario.name,
            where=test.where,
            ends=run.outcome,
            asked=len(run.route),
            departures=tuple(compare(test, run)),
        )
        results.append(result)

    coverage = {}
    for kind, includes in KINDS.items():
        of_kind = [goal for goal in goals if includes(instrument, goal)]
        if of_kind:
            coverage[kind] = (len(covered.intersection(of_kind)), len(of_kind))

    not_covered = []
    for goal in goals:
        if goal not in covered:
            where = locate_goal(instrument, goal)
            not_covered.append(NotCovered(where, describe_goal(instrument, goal, negated=True)))
    return SuiteResult(
        file=scenario_file,
        scenarios=tuple(results),
        coverage=coverage,
        not_covered=tuple(not_covered),
        impossible=impossible_count,
    )


def _load_tests(
    file: str, scenario_file: str, instrument: Instrument, today: date
) -> list[ScenarioTest]:
    """Load the scenarios of a file. Raises UserError if it is missing or has errors."""
    if not Path(scenario_file).is_file():
        remedy = f"write it, or begin with: survey test {file} --generate {scenario_file}"
        raise UserError(scenario_file, "there is no such file of scenarios", remedy)

    tests, problems = check_scenarios(instrument, load_source(scenario_file), today)
    errors = select_errors(problems)
    if errors:
        what = f"the scenarios have {format_quantity(len(errors), 'problem')}"
        raise UserError(scenario_file, what, "fix what is listed", tuple(errors))
    return tests


def check_scenarios(
    instrument: Instrument, source: InstrumentSource, today: date
) -> tuple[list[ScenarioTest], list[Problem]]:
    """Read a scenario file against its questionnaire."""

    def read_sample(column: str, text: str) -> Value | Missing:
        read_value = make_role_reader(instrument, instrument.sample[column])
        value = read_value(clean_text(text))
        if isinstance(value, InvalidValue):
            raise UserError(column, value.what, value.remedy)
        return value

    return read_scenarios(source, instrument, today, read_sample)


def _require_solver() -> None:
    if not has_solver():
        raise UserError("survey test", "there is no solver for the proof", make_solver_remedy())


def generate_suite(
    file: str, target: str, today: date, *, force: bool = False
) -> tuple[int, list[str]]:
    """Write a file of scenarios that cover everything that is possible.

    Returns their number, and a text for each goal that the answers of the proof don't lead to.
    """
    path = Path(target)
    check_output_path(path, force=force)
    instrument = open_instrument(file)
    _require_solver()
    from survey_cli.scenarios.generation import generate_scenarios, render_scenarios

    scenarios, left_open = generate_scenarios(instrument, today)
    text = "\n".join((SCHEMA_LINE, *render_scenarios(instrument, scenarios), ""))
    write_text_file(path, lambda stream: stream.write(text), force=force, public=True)
    return len(scenarios), [describe_goal(instrument, goal) for goal in left_open]


def write_junit(result: SuiteResult, target: str) -> None:
    """Write the results as JUnit's XML, which continuous integration servers read."""
    suite = ET.Element(
        "testsuite",
        tests=str(len(result.scenarios)),
        failures=str(result.failed),
        errors="0",
        name=result.file,
    )
    for scenario in result.scenarios:
        case = ET.SubElement(
            suite,
            "testcase",
            name=scenario.name,
            classname=result.file,
            file=result.file,
            line=str(scenario.where.line),
        )
        if scenario.departures:
            failure = ET.SubElement(case, "failure", message=scenario.departures[0].what)
            failure.text = "\n".join(str(departure) for departure in scenario.departures)

    text = ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
    write_text_file(Path(target), lambda stream: stream.write(text), force=True, public=True)
