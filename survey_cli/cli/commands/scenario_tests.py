"""The command `test`: scenarios of a questionnaire, and what they cover."""

from typing import TYPE_CHECKING

import typer

from survey_cli.cli.output.datetimes import now
from survey_cli.cli.output.json_text import render_json
from survey_cli.cli.output.terminal import say
from survey_cli.cli.parameters import ForceOption, InstrumentArgument, ResultFormatOption, argument, option
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from survey_cli.services.questionnaire.scenario_tests import SuiteResult

MAX_LISTED = 20
"""Lines listed of what is not covered."""


def run_scenarios(
    file: InstrumentArgument,
    scenarios: str = argument(
        "SCENARIOS", "The file of scenarios; if left out, NAME.scenarios.yaml beside NAME.yaml.", "", show_default=False
    ),
    form: ResultFormatOption = "table",
    junit: str = option("--junit FILE", "Also write the results as JUnit XML, for CI servers.", ""),
    prove: bool = option("--prove", "Leave out of the coverage what can't happen; needs the extra [proof].", False),
    everything: bool = option("--all", "List everything that is not covered.", False),
    generate: str = option(
        "--generate FILE", "Write scenarios that cover all that can happen; needs the extra [proof].", ""
    ),
    force: ForceOption = False,
) -> None:
    """Run the scenarios of a questionnaire, and show what they cover.

    A scenario is an interview written down in advance: answers, and what must come of them. The guide "Test a
    questionnaire" shows how they are written.

    Exit code 0: all scenarios passed; 1: one failed, or a file has errors.

    Example: survey test study.yaml --junit results.xml
    """
    from survey_cli.services.questionnaire import scenario_tests

    today = now().date()
    if generate:
        count, left_open = scenario_tests.generate_suite(file, generate, today, force=force)
        for what in left_open:
            say(f"not decided: {what}")
        say(f"{generate}: {format_quantity(count, 'scenario')} written")
        return
    result = scenario_tests.run_suite(file, scenarios or scenario_tests.find_scenario_file(file), today, proved=prove)
    if junit:
        scenario_tests.write_junit(result, junit)
    if form == "json":
        print(render_json(result))
    else:
        _print_text(result, None if everything else MAX_LISTED)
    raise typer.Exit(1 if result.failed else 0)


def _print_text(result: "SuiteResult", most: int | None) -> None:
    """Print failing scenarios, the coverage and what is not covered."""
    for scenario in result.scenarios:
        if scenario.departures:
            print(f"{scenario.where}: failed: {scenario.name}")
            for departure in scenario.departures:
                print(f"  line {departure.where.line}: {departure.what}")
    if result.failed:
        print()
    for kind, (covered, total) in result.coverage.items():
        print(f"{kind:<26}{covered:>5} of {total:<5}{covered / total:>6.0%}")
    if result.impossible is not None:
        print(f"Left out, since it can't happen: {result.impossible}")
    if result.not_covered:
        print("\nNot covered:")
        for entry in result.not_covered[:most]:
            print(f"  {entry.where}: {entry.what}")
        if most is not None and len(result.not_covered) > most:
            print(f"  and {len(result.not_covered) - most} more; --all lists them")
    print()
    passed = len(result.scenarios) - result.failed
    failed = f", {result.failed} failed" if result.failed else ""
    say(f"{result.file}: {format_quantity(len(result.scenarios), 'scenario')}, {passed} passed{failed}")
