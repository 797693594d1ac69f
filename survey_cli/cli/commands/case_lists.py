"""The commands `case list`, `case show`, `case why`, `queue` and `study people`, which change nothing."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from survey_cli.cli.output import datetimes
from survey_cli.cli.output.json_text import render_json
from survey_cli.cli.output.terminal import make_printable, open_data_output, render_table, say, wrap_paragraph
from survey_cli.cli.parameters import CaseArgument, ListFormat, ListFormatOption, ResultFormatOption, on_study, option
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from survey_cli.reports.fieldwork.cases import CallabilityReport, CaseLine, CaseSheet, DeferredLine, QueueReport
    from survey_cli.services.run_on_study import Request

MAX_CLOSED: Final = 10
MAX_SKIPPED: Final = 10
MAX_REASON_LENGTH: Final = 40
"""Characters of a reason in a list."""

InterviewerOption = Annotated[str, option("--interviewer NAME", "For this interviewer; by default the account's.")]


@on_study
def list_all(
    request: "Request",
    status: str = option(
        "--status STATUS", "Only cases with this status: ready, waiting, held, done, unreleased or leased.", ""
    ),
    outcome: str = option("--outcome OUTCOME", "Only cases with this last outcome: no_answer.", ""),
    code: str = option("--code CODE", "Only cases with this AAPOR code: 2.112.", ""),
    find: str = option("--find TEXT", "Only cases with this text in the key, the name or a number.", ""),
    where: str = option("--where CONDITION", "Only cases for which this is true: \"region == 'West'\".", ""),
    limit: int | None = option("--limit N", "Maximum number of cases.", None, min=1),
    form: ListFormatOption = "table",
) -> None:
    """List the cases with their status.

    If the study has a list of people, only supervisors see names, numbers and notes.

    Example: survey case list study.yaml --status held
    """
    from survey_cli.services.cases.case_lists import CaseFilter, list_cases

    case_filter = CaseFilter(status=status, outcome=outcome, code=code, find=find, where=where, limit=limit)
    cases = list_cases(request, case_filter)
    _print_cases(cases.lines, form)
    count = f"{len(cases.lines):,} of {format_quantity(cases.total, 'case')}"
    say(f"{cases.where}: {count}{'' if cases.names_shown else '; names are visible to supervisors only'}")
    if cases.damage:
        say(cases.damage)
        raise typer.Exit(1)


@on_study
def show(request: "Request", case: CaseArgument, form: ResultFormatOption = "table") -> None:
    """Show a case with its whole history.

    If the study has a list of people, only supervisors see names, numbers and notes.

    Example: survey case show study.yaml 1017
    """
    from survey_cli.services.cases.case_lists import load_case_sheet

    sheet = load_case_sheet(request, case)
    print(render_json(sheet) if form == "json" else "\n".join(_render_sheet(sheet)))


def _print_cases(lines: "tuple[CaseLine, ...]", form: ListFormat) -> None:
    match form:
        case "table":
            if lines:
                print(_render_cases(lines))
        case "csv":
            from survey_cli.exports import WriteOptions
            from survey_cli.exports.text import write_csv
            from survey_cli.reports.fieldwork.cases import tabulate_cases

            write_csv(tabulate_cases(lines), open_data_output(), WriteOptions())
        case "json":
            print(render_json([line._asdict() for line in lines]), file=open_data_output())


def _render_cases(lines: "tuple[CaseLine, ...]") -> str:
    """Render the columns that have a value in at least one line."""
    named = any(line.name and line.name != line.key for line in lines)
    head = ["case", *(["name"] if named else []), "status", "code", "outcome", "att", "due", "why"]
    rows = [
        [
            line.key,
            *([line.name] if named else []),
            line.status,
            line.code,
            line.outcome or "–",
            str(line.attempts),
            datetimes.format_here(line.due_at) if line.due_at else "–",
            line.with_whom or _shorten(line.why),
        ]
        for line in lines
    ]
    return render_table(head, rows)


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_REASON_LENGTH else f"{text[: MAX_REASON_LENGTH - 1]}…"


def _render_sheet(sheet: "CaseSheet") -> Iterator[str]:
    line = sheet.line
    name = f", {line.name}" if line.name and line.name != line.key else ""
    yield make_printable(f"{line.key}{name}")
    yield make_printable(f"  {_describe_status(line, sheet.zone)}")
    yield make_printable(f"  zone {sheet.zone or 'unknown'}{f', language {sheet.language}' if sheet.language else ''}")
    for label, words in sheet.columns:
        yield make_printable(f"  {label}: {words}")
    for number in sheet.numbers:
        digits = number.shown or "(not shown)"
        following = ", dialed next" if number.next and number.state == "live" else ""
        yield make_printable(
            f"  number {number.position}: {digits}, {number.line}, {number.state.replace('_', ' ')}{following}"
        )
    if sheet.appointment:
        yield make_printable(f"  appointment: {sheet.appointment}")
    for interview in sheet.interviews:
        origin = "" if interview.origin == "real" else f"{interview.origin}, "
        at_item = f" at {interview.at_item}" if interview.at_item and interview.status != "ended" else ""
        yield make_printable(
            f"  interview {interview.number}: {origin}{interview.outcome or interview.status}{at_item}, "
            f"{'answers erased' if interview.erased else format_quantity(interview.answered, 'answer')}, "
            f"{datetimes.format_here(interview.updated_at)}"
        )
    for cell in sheet.cells:
        on_hold = f" and {cell.held:,} held" if cell.held else ""
        yield make_printable(f"  quota {cell.cell}: {cell.taken:,}{on_hold} of {cell.target:,}")
    yield ""
    rows = []
    for entry in sheet.history:
        note = f": {entry.note}" if entry.note else ""
        respondent_time = datetimes.format_clock(entry.at, sheet.zone)
        rows.append((str(entry.seq), datetimes.format_here(entry.at), respondent_time, entry.by, f"{entry.what}{note}"))
    yield render_table(("", "here", "there", "by", "what"), rows)


def _describe_status(line: "CaseLine", zone: str) -> str:
    due = f", due {datetimes.format_both(line.due_at, zone)}" if line.due_at else ""
    reason = f" ({line.why})" if line.why else ""
    whose = f" with {line.with_whom}" if line.with_whom else ""
    unreleased = f", replicate {line.replicate}" if line.replicate else ""
    return (
        f"{line.status}{whose}{reason}{due}; code {line.code}, "
        f"{format_quantity(line.attempts, 'attempt')}, last outcome {line.outcome or 'none'}{unreleased}"
    )


def say_skipped(skipped: Sequence[tuple[str, str]]) -> None:
    """Print which cases were skipped and why: the first few, and how many more."""
    for key, reason in skipped[:MAX_SKIPPED]:
        say(f"{key}: not changed, because {reason}")
    if len(skipped) > MAX_SKIPPED:
        say(f"… and {len(skipped) - MAX_SKIPPED} more were not changed")


@on_study
def why(
    request: "Request",
    case: CaseArgument,
    at: str = option("--at TIME", "Date and time instead of now: 2026-11-24 15:00, local time.", ""),
    interviewer: InterviewerOption = "",
) -> None:
    """Explain why a case may or may not be called now: every rule with its result, and when it may be called next.

    Exit code 0: it may be called; 1: it may not.

    Example: survey case why study.yaml 1017
    """
    from survey_cli.services.cases.queue_lists import explain_case

    report = explain_case(
        request, case, at=datetimes.parse_time(at, option="--at") if at else request.at, interviewer=interviewer
    )
    for line in _render_verdicts(report):
        print(make_printable(line))
    raise typer.Exit(0 if report.is_allowed else 1)


def _render_verdicts(report: "CallabilityReport") -> Iterator[str]:
    line = report.line
    name = f" ({line.name})" if line.name and line.name != line.key else ""
    result = "may be called" if report.is_allowed else "may not be called"
    yield f"{line.key}{name} {result} by {report.who}, {datetimes.format_both(report.at, report.zone)}"
    longest = max(len(verdict.rule) for verdict in report.verdicts)
    for verdict in report.verdicts:
        mark = "✓ yes" if verdict.allows else "✗ no "
        until = f" (until {datetimes.format_both(verdict.until, report.zone)})" if verdict.until else ""
        yield f"  {mark}  {verdict.rule.ljust(longest)}  {verdict.explanation}{until}"
    if report.next_at is not None and (not report.is_allowed or report.next_at > report.at):
        yield f"next: {datetimes.format_both(report.next_at, report.zone)}"
    elif report.next_at is None and not report.is_allowed:
        refused = {verdict.rule for verdict in report.verdicts if not verdict.allows}
        if "do not call" in refused:
            yield "next: never"
        elif line.status == "done":
            yield "next: never, unless a supervisor reopens it"
        else:
            yield "next: cannot be predicted"


@on_study
def queue(
    request: "Request",
    number: int = option("-n --number N", "Number of cases shown.", 20, min=1, max=1000),
    interviewer: InterviewerOption = "",
) -> None:
    """List the next cases in the order of calling, with reasons, and those that are due but not callable now.

    Example: survey queue study.yaml
    """
    from survey_cli.services.cases.queue_lists import list_queue

    report = list_queue(request, limit=number, interviewer=interviewer)
    for line in _render_queue(report):
        print(line)
    counts = ", ".join(f"{cases:,} {words}" for cases, words in report.status_counts) or "no cases"
    say(f"{report.where}: {counts}; for {report.who}, {datetimes.format_here(report.at)}")


def _render_queue(report: "QueueReport") -> Iterator[str]:
    if report.lines:
        named = any(line.name and line.name != line.key for line in report.lines)
        rows = [
            (
                str(line.place),
                line.key,
                *((line.name,) if named else ()),
                datetimes.format_clock(report.at, line.zone),
                line.why,
            )
            for line in report.lines
        ]
        yield render_table(("", "case", *(("name",) if named else ()), "there", "why"), rows)
    else:
        yield "no case can be called now"
    for heading, deferred in (
        ("excluded by a rule:", report.turned_down),
        ("due, but not callable now (the first case of each kind):", report.closed),
    ):
        if deferred:
            yield ""
            yield heading
            yield from map(make_printable, _render_closed(deferred))


def _render_closed(deferred: "tuple[DeferredLine, ...]") -> Iterator[str]:
    for line in deferred[:MAX_CLOSED]:
        opens = f"; opens {datetimes.format_both(line.opens_at, line.zone)}" if line.opens_at else ""
        yield f"  {line.key}: {line.why}{opens}"
    if len(deferred) > MAX_CLOSED:
        yield f"  … and {len(deferred) - MAX_CLOSED} more kinds"


@on_study
def people(request: "Request") -> None:
    """List who works on the study, with each interviewer's current case and appointments.

    Example: survey study people study.yaml
    """
    from survey_cli.services.study.interviewer_list import list_interviewers

    listing = list_interviewers(request)
    for problem in listing.problems:
        say(str(problem))
    rows = [
        (
            line.login,
            line.role or "(not on the list)",
            line.languages or "any",
            line.skills or "–",
            line.pseudonym or "–",
            f"{line.appointments} ({line.missed} missed)" if line.missed else str(line.appointments),
            ", ".join(line.cases) or "–",
        )
        for line in listing.lines
    ]
    if rows:
        print(render_table(("login", "role", "languages", "skills", "pseudonym", "appointments", "current case"), rows))
    if listing.unowned_appointments:
        say(f"{format_quantity(listing.unowned_appointments, 'appointment')} for anyone")
    if listing.where:
        say(f"{listing.where}: {format_quantity(sum(bool(line.role) for line in listing.lines), 'person', 'people')}")
    else:
        say(
            wrap_paragraph(
                "no people are listed, so everybody has all rights; list people in interviewers.csv beside the database"
            )
        )
