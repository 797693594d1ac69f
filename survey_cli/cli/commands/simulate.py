"""The commands `simulate`, for interviews and fieldwork, and `test`, which runs scenarios."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from survey_cli.cli import parameters
from survey_cli.cli.commands.rates import render_rates
from survey_cli.cli.option_groups import option_group
from survey_cli.cli.output import terminal
from survey_cli.cli.output.datetimes import now
from survey_cli.cli.output.terminal import show_day_progress, show_progress
from survey_cli.cli.parameters import argument, option
from survey_cli.cli.run_command import INTERRUPTED
from survey_cli.wording import format_quantity, join_first, pluralize

if TYPE_CHECKING:
    from survey_cli.instrument.compiled.model import Instrument
    from survey_cli.reports.fieldwork.simulation_report import SimulationReport
    from survey_cli.services.questionnaire.scenario_tests import SuiteResult
    from survey_cli.services.questionnaire.simulation_settings import SimulationSettings
    from survey_cli.simulate.fieldwork.model import FieldworkModel
    from survey_cli.simulate.interviews.respondents import (
        AnswerShares,
        InterviewLengths,
        SimulationFindings,
    )

DEFAULT_INTERVIEWS = 1000
MAX_INVENTED_CASES = 1_000_000
MAX_TRIES_PER_COMPLETE = 100
"""With `completes:`, the most interviews simulated for each complete one."""
MAX_LISTED = 12
"""Items listed under one heading."""
MAX_ROWS = 12
"""Rows of a table of simulated fieldwork before the others are added up."""
MAX_UNCOVERED = 20
"""Lines listed of what is not covered."""


@option_group
class SimulateParameters:
    """The options of `survey simulate`."""

    number: Annotated[
        int | None,
        option(
            "-n --number N",
            "Number of interviews, 1,000 by default; with --fieldwork, of invented cases, by "
            "default those of the study.",
            min=1,
            max=10_000_000,
        ),
    ] = None
    seed: Annotated[int, option("--seed N", "The same seed gives the same interviews.")] = 1
    keep: Annotated[
        bool, option("--keep", "Store the interviews. They are marked as simulated.")
    ] = False
    fieldwork: Annotated[
        bool,
        option(
            "--fieldwork", "Simulate the calls too, with simulated interviewers. Nothing is stored."
        ),
    ] = False
    interviewers: Annotated[
        int | None,
        option(
            "--interviewers N",
            "With --fieldwork: number of interviewers; by default those in the list of people, or "
            "6.",
            min=1,
            max=200,
        ),
    ] = None
    settings: Annotated[
        str,
        option(
            "--settings FILE",
            "YAML file with shares of answers, habits of respondents, days, the sample.",
        ),
    ] = ""
    db: parameters.DatabaseOption = None


def simulate(
    file: parameters.InstrumentArgument,
    given: SimulateParameters,
) -> None:
    """Simulate interviews, and show which items and options are never reached or chosen.

    Simulated respondents answer through the real engine, with don't know, refusals, confirmed
    warnings and corrected answers. All options are chosen equally often, unless a file gives their
    shares:

    answers: {consent: {1: 90%, 2: 8%, refused: 2%}}

    With --fieldwork, simulated interviewers call the cases by the study's rules, on a simulated
    clock. The result lists complete interviews by day, calls per complete, attempts, outcomes,
    rates, appointments, quotas, and how busy the interviewers are. Ctrl+C shows the days that are
    done. `survey status --forecast` starts from a study as it is.

    Example: survey simulate study.yaml -n 500
    """
    from survey_cli.instrument.open_instrument import open_instrument
    from survey_cli.services.questionnaire.simulation_settings import (
        SimulationSettings,
        load_settings,
    )

    if given.fieldwork and given.keep:
        raise typer.BadParameter("--fieldwork stores nothing — leave --keep out")
    if given.interviewers is not None and not given.fieldwork:
        raise typer.BadParameter("--interviewers is only for --fieldwork — leave it out")
    if given.number is not None and given.fieldwork and given.number > MAX_INVENTED_CASES:
        raise typer.BadParameter(
            f"-n {given.number}: too many cases — write at most {MAX_INVENTED_CASES}"
        )

    instrument = open_instrument(file)
    chosen = load_settings(given.settings, instrument) if given.settings else SimulationSettings()
    if not given.fieldwork:
        count = given.number or DEFAULT_INTERVIEWS
        _simulate_interviews(
            file, instrument, chosen, count=count, seed=given.seed, keep=given.keep, db=given.db
        )
        return

    if chosen.written.fieldwork.sample and given.number:
        raise typer.BadParameter(
            f"-n {given.number} invents cases, and {given.settings} names a sample — give one of "
            "them"
        )
    _simulate_fieldwork(
        file,
        chosen,
        cases=given.number or 0,
        interviewers=given.interviewers,
        seed=given.seed,
        db=given.db,
    )


def _simulate_interviews(
    file: str,
    instrument: "Instrument",
    settings: "SimulationSettings",
    *,
    count: int,
    seed: int,
    keep: bool,
    db: str | None,
) -> None:
    """Simulate interviews, print what they show, and store them if they are kept."""
    from survey_cli.services.database.administration import open_simulated_interview_writer
    from survey_cli.simulate.interviews.respondents import Habits, run_simulation

    written = settings.written
    habits = Habits(
        decline=written.respondents.decline,
        break_off=written.respondents.break_off,
        qualify=written.respondents.qualify,
        shares=settings.shares,
    )
    completes = written.completes or 0
    most = completes * MAX_TRIES_PER_COMPLETE if completes else count
    total = completes or count
    begins = datetime.now(UTC)
    open_writer = partial(
        open_simulated_interview_writer,
        file,
        instrument,
        db=db,
        beside_real=written.beside_real,
        start=begins,
    )
    with open_writer() if keep else nullcontext() as writer, show_progress() as progress:

        def report_progress(interviews: int) -> None:
            if progress is not None:
                progress(interviews, total)

        findings = run_simulation(
            instrument,
            count=most,
            completes=completes,
            seed=seed,
            start=begins,
            habits=habits,
            keep=writer.write if writer is not None else None,
            progress=report_progress,
        )

    terminal.print_lines(_render_findings(findings))
    if findings.complete.interviews < completes:
        only = format_quantity(findings.complete.interviews, "interview")
        terminal.say(f"only {only} are complete: see where the others end")
    if writer is not None:
        stored = format_quantity(findings.interviews, "simulated interview")
        terminal.say(f"{writer.where}: {stored} stored")


def _simulate_fieldwork(
    file: str,
    settings: "SimulationSettings",
    *,
    cases: int,
    interviewers: int | None,
    seed: int,
    db: str | None,
) -> None:
    """Simulate calls and interviews, and print how the fieldwork goes."""
    from survey_cli.simulate.fieldwork.behavior import Propensities
    from survey_cli.simulate.fieldwork.study_simulation import (
        StudySimulationOptions,
        simulate_study,
    )
    from survey_cli.simulate.interviews.respondents import Habits

    respondents = settings.written.respondents
    written = settings.written.fieldwork
    options = StudySimulationOptions(
        path=file,
        starts=written.start,
        today=datetime.now().astimezone().date(),
        days=written.days,
        zone=parameters.parse_zone(str(written.zone or "")),
        seed=seed,
        propensities=Propensities(
            contact=written.contact,
            refuse=written.refuse,
            call_again=written.later,
            keep_appointment=written.kept,
            eligible=written.eligible,
        ),
        habits=Habits(
            decline=respondents.decline, break_off=respondents.break_off, shares=settings.shares
        ),
        item_seconds=written.seconds,
        interviewers=interviewers,
        cases=cases,
        spread=written.spread,
        sample=settings.find_file(written.sample),
        db=db,
        people=settings.find_file(written.people) or None,
    )
    with show_day_progress() as day_progress:
        report, model = simulate_study(options, day_progress)
    terminal.print_lines((*terminal.separate(_render_simulation(report, model)), ""))
    sys.stdout.flush()
    if model.simulated_days < written.days:
        terminal.say(
            f"interrupted after {model.simulated_days} of {format_quantity(written.days, 'day')}"
        )
        raise typer.Exit(INTERRUPTED)


def _render_findings(findings: "SimulationFindings") -> list[str]:
    """Render the findings as plain lines."""
    outcomes = ", ".join(
        f"{times:,} {outcome}" for outcome, times in findings.outcome_counts.most_common()
    )
    lines = [f"{format_quantity(findings.interviews, 'interview')}: {outcomes}"]
    for who, lengths in (("complete", findings.complete), ("all others", findings.others)):
        if lengths.interviews:
            lines.append(f"questions asked, {who} {_describe_lengths(lengths)}")

    unreached = [item.id for item in findings.list_unreached_items()]
    lines.append(f"never reached: {_join_listed(unreached)}")
    unchosen = []
    for item, codes in findings.list_unchosen_options():
        unchosen.append(f"{item.id} ({', '.join(map(str, codes))})")
    lines.append(f"never chosen: {_join_listed(unchosen)}")
    if findings.stuck_counts:
        stuck = []
        for name, times in findings.stuck_counts.most_common():
            stuck.append(f"{name} ({format_quantity(times, 'time')})")
        lines.append(f"no invented answer passed the checks of: {_join_listed(stuck)}")
    return lines


def _describe_lengths(lengths: "InterviewLengths") -> str:
    """Describe how many questions interviews have: the shortest, the longest, on average."""
    shortest = f"{lengths.shortest} in the shortest (seed {lengths.shortest_seed})"
    longest = f"{lengths.longest} in the longest (seed {lengths.longest_seed})"
    mean = f"{lengths.questions / lengths.interviews:.1f} on average"
    return f"({lengths.interviews:,}): {shortest}, {longest}, {mean}"


def _join_listed(names: Sequence[str]) -> str:
    """Join the first names; `nothing` if there aren't any."""
    return join_first(names, MAX_LISTED) if names else "nothing"


def _describe_shares(shares: "AnswerShares") -> str:
    if not shares:
        return (
            "Options are chosen equally often, so quotas over answers fill differently from "
            "reality."
        )
    questions = format_quantity(len(shares), "question")
    return f"Answers to {questions} have given shares, all others are equally likely."


def _render_simulation(report: "SimulationReport", model: "FieldworkModel") -> Iterator[list[str]]:
    """Render the assumptions, then the report in plain tables."""
    yield terminal.wrap_paragraph(_describe_assumptions(report, model))
    yield [_describe_effort(report)]
    yield _render_days(report)

    shares = []
    for outcome, calls in _add_up_rest(report.outcomes):
        shares.append((outcome, calls, _format_share(calls, report.calls)))
    yield _render_figures(("outcome", "calls", "share"), shares)

    attempts = [(*row, _format_share(row.complete, row.cases)) for row in report.attempts]
    yield _render_figures(("attempts", "cases", "complete", "share"), attempts)
    yield _render_work(report)
    yield [_describe_appointments(report)]
    if report.cells:
        yield _render_cells(report)

    ends = []
    for row in report.final_statuses:
        status = row.status
        if row.why:
            status += f": {row.why}"
        ends.append((status, row.cases))
    yield _render_figures(("status of cases at the end", "cases"), _add_up_rest(ends))
    if report.rates is not None:
        rates = render_rates(report.rates, digits=1, cells=terminal.get_width())
        yield ["if the field period closed at the end:", *rates]


def _describe_assumptions(report: "SimulationReport", model: "FieldworkModel") -> str:
    """Describe what was simulated, and how respondents behave."""
    settings = model.settings
    propensities = settings.propensities
    cases = format_quantity(report.cases, "case")
    interviewers = format_quantity(len(model.interviewers), "interviewer")
    days = format_quantity(model.simulated_days, "day")
    seconds = f"{settings.item_seconds:g} {pluralize(settings.item_seconds, 'second')}"
    return (
        f"Invented respondents: nobody was called. {cases}, {interviewers}, {days} from "
        f"{settings.starts} ({settings.zone.key}), spread: {model.plan.spread}, "
        f"seed {settings.seed}. "
        f"Assumptions: a person answers {propensities.contact:.0%} of calls, "
        f"{propensities.refuse:.0%} of contacts refuse, {propensities.eligible:.0%} are eligible, "
        f"an appointment is kept {propensities.keep_appointment:.0%} of the time, "
        f"{seconds} for each item. "
        f"{_describe_shares(settings.habits.shares)} "
        "A file given as --settings changes contact, refuse, kept, eligible and seconds."
    )


def _describe_effort(report: "SimulationReport") -> str:
    completes = format_quantity(report.complete, "complete interview")
    cases = format_quantity(report.cases, "case")
    calls = format_quantity(report.calls, "call")
    effort = "no complete interview"
    if report.complete:
        effort = f"{report.calls / report.complete:.1f} calls per complete"
    return f"{completes} of {cases}, {calls}: {effort}"


def _render_days(report: "SimulationReport") -> list[str]:
    if not report.days:
        return ["no day on which anybody could be called"]
    days = [(f"{day:%a} {day}", *figures) for day, *figures in report.days]
    head = ("day", "calls", "reached", "complete", "refused", "appointments", "all complete")
    return _render_figures(head, days)


def _render_work(report: "SimulationReport") -> list[str]:
    """Render a row for each interviewer."""
    rows = []
    for one in report.interviewers:
        hours = one.on_duty.total_seconds() / 3600
        share_on_cases = ""
        if one.on_duty:
            share_on_cases = f"{one.on_cases / one.on_duty:.0%}"
        calls_per_hour = ""
        if hours:
            calls_per_hour = f"{one.calls / hours:.1f}"
        row = (
            one.login,
            one.shifts,
            f"{hours:.1f}",
            share_on_cases,
            one.calls,
            calls_per_hour,
            one.complete,
        )
        rows.append(row)
    head = ("interviewer", "shifts", "hours", "on cases", "calls", "calls/h", "complete")
    return _render_figures(head, rows)


def _describe_appointments(report: "SimulationReport") -> str:
    total = sum(report.appointments.values())
    results = [f"{number} {result}" for result, number in report.appointments.items() if number]
    if not results:
        return f"appointments: {total}"
    return f"appointments: {total} ({', '.join(results)})"


def _render_cells(report: "SimulationReport") -> list[str]:
    """Render a row for each quota cell."""
    from survey_cli.fieldwork.plan.plan import COUNTED, IN_PROGRESS

    rows = []
    for cell in report.cells:
        name = cell.label
        if cell.soft:
            name += " (soft)"
        open_cases = "" if cell.open_cases is None else cell.open_cases
        rows.append((name, cell.complete, cell.held, cell.target, open_cases, cell.shortfall))
    head = ("quota cell", COUNTED.name, IN_PROGRESS.name, "target", "open cases", "")
    return terminal.render_table(head, rows, right=range(1, 5))


def _render_figures(head: tuple[str, ...], rows: Iterable[Sequence[object]]) -> list[str]:
    return terminal.render_table(head, rows, right=range(1, len(head)))


def _add_up_rest(rows: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the first rows, and the others as one."""
    shown = list(rows[:MAX_ROWS])
    rest = sum(number for _, number in rows[MAX_ROWS:])
    if rest:
        shown.append(("others", rest))
    return shown


def _format_share(part: int, base: int) -> str:
    return f"{part / base:.0%}" if base else ""


@option_group
class TestParameters:
    """The options of `survey test`."""

    form: parameters.ResultFormatOption = "table"
    junit: Annotated[
        str, option("--junit FILE", "Also write the results as JUnit XML, for CI servers.")
    ] = ""
    prove: Annotated[
        bool,
        option("--prove", "Leave out of the coverage what can't happen."),
    ] = False
    everything: Annotated[bool, option("--all", "List everything that is not covered.")] = False
    generate: Annotated[
        str,
        option(
            "--generate FILE",
            "Write scenarios that cover all that can happen.",
        ),
    ] = ""
    force: parameters.ForceOption = False


def run_test(
    file: parameters.InstrumentArgument,
    *,
    scenarios: Annotated[
        str,
        argument(
            "SCENARIOS",
            "The file of scenarios; if left out, NAME.scenarios.yaml beside NAME.yaml.",
            show_default=False,
        ),
    ] = "",
    given: TestParameters,
) -> None:
    """Run the scenarios of a questionnaire, and show what they cover.

    A scenario is an interview written down in advance: answers, and what must come of them. The
    guide "Test a questionnaire" shows how they are written.

    Exit code 0: all scenarios passed; 1: one failed, or a file has errors.

    Example: survey test study.yaml --junit results.xml
    """
    from survey_cli.services.questionnaire import scenario_tests

    today = now().date()
    if given.generate:
        count, left_open = scenario_tests.generate_suite(
            file, given.generate, today, force=given.force
        )
        for what in left_open:
            terminal.say(f"not decided: {what}")
        terminal.say(f"{given.generate}: {format_quantity(count, 'scenario')} written")
        return

    suite = scenarios or scenario_tests.find_scenario_file(file)
    result = scenario_tests.run_suite(file, suite, today, proved=given.prove)
    if given.junit:
        scenario_tests.write_junit(result, given.junit)

    most = None if given.everything else MAX_UNCOVERED
    terminal.print_result(given.form, _render_suite(result, most), result)
    if given.form == "table":
        count_of_all = format_quantity(len(result.scenarios), "scenario")
        passed = len(result.scenarios) - result.failed
        failed = f", {result.failed} failed" if result.failed else ""
        terminal.say(f"{result.file}: {count_of_all}, {passed} passed{failed}")
    raise typer.Exit(1 if result.failed else 0)


def _render_suite(result: "SuiteResult", most: int | None) -> Iterator[str]:
    """Render failing scenarios, the coverage and what is not covered."""
    for scenario in result.scenarios:
        if scenario.departures:
            yield f"{scenario.where}: failed: {scenario.name}"
        for departure in scenario.departures:
            yield f"  line {departure.where.line}: {departure.what}"
    if result.failed:
        yield ""

    for kind, (covered, total) in result.coverage.items():
        yield f"{kind:<26}{covered:>5} of {total:<5}{covered / total:>6.0%}"
    if result.impossible is not None:
        yield f"Left out, since it can't happen: {result.impossible}"

    if result.not_covered:
        yield from ("", "Not covered:")
        for entry in result.not_covered[:most]:
            yield f"  {entry.where}: {entry.what}"
        if most is not None and len(result.not_covered) > most:
            yield f"  and {len(result.not_covered) - most} more; --all lists them"
    yield ""
