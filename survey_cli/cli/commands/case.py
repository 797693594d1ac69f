"""The commands of `case`. Those that change cases are for supervisors."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from survey_cli.cli import parameters
from survey_cli.cli.option_groups import list_option_names, option_group, refuse_options
from survey_cli.cli.output import datetimes
from survey_cli.cli.output.terminal import (
    print_lines,
    print_result,
    render_table,
    say,
    show_progress,
)
from survey_cli.cli.parameters import argument, on_study, option
from survey_cli.wording import format_quantity, pluralize, shorten

if TYPE_CHECKING:
    from survey_cli.reports.fieldwork.cases import (
        CallabilityReport,
        CaseLine,
        CaseSheet,
        DeferredLine,
        InterviewLine,
        NumberLine,
        QueueLine,
        QueueReport,
        UnsampledCase,
    )
    from survey_cli.reports.fieldwork.status import QuotaCellLine
    from survey_cli.services.cases.case_actions import CaseActionResult, CaseBatchResult
    from survey_cli.services.cases.case_lists import CaseFilter
    from survey_cli.services.cases.interview_migration import MigratedCase, MigrationResult
    from survey_cli.services.database.administration import InterviewList
    from survey_cli.services.run_on_study import Request

MAX_CLOSED: Final = 10
MAX_SKIPPED: Final = 10
MAX_NEXT: Final = 20
"""Number of next cases that are listed, unless --limit says otherwise."""
MAX_REASON_LENGTH: Final = 40
"""Characters of a reason in a list."""

InterviewerOption = Annotated[
    str, option("--interviewer NAME", "For this interviewer; by default the account's.")
]

ReasonOption = Annotated[
    str, option("--note TEXT", "The reason, which is recorded in the history.")
]
SeenOption = Annotated[
    int | None,
    option("--seen N", "Only if nothing happened after this event of its history.", min=1),
]


@option_group
class CaseFilterParameters:
    """Options of `survey case list` that select cases."""

    status: Annotated[
        str,
        option(
            "--status STATUS",
            "Only cases with this status: ready, waiting, held (for a supervisor), leased (at a "
            "station), done, unreleased.",
        ),
    ] = ""
    outcome: Annotated[
        str, option("--outcome OUTCOME", "Only cases with this last outcome: no_answer.")
    ] = ""
    code: Annotated[str, option("--code CODE", "Only cases with this AAPOR code: 2.112.")] = ""
    find: Annotated[
        str, option("--find TEXT", "Only cases with this text in the key, the name or a number.")
    ] = ""
    where: Annotated[
        str, option("--where CONDITION", "Only cases for which this is true: \"region == 'West'\".")
    ] = ""

    def make_filter(self, limit: int | None) -> "CaseFilter":
        """Return the filter with these criteria, and at most so many cases."""
        from survey_cli.services.cases.case_lists import CaseFilter

        return CaseFilter(
            status=self.status,
            outcome=self.outcome,
            code=self.code,
            find=self.find,
            where=self.where,
            limit=limit,
        )


@on_study
def case_list(
    request: "Request",
    context: typer.Context,
    *,
    interviews: Annotated[
        bool,
        option(
            "--interviews",
            "Instead, list the interviews: status, answers, item, last entry, by whom.",
        ),
    ] = False,
    next_cases: Annotated[
        bool,
        option("--next", "Instead, list who is called next, in the order of calling, and why."),
    ] = False,
    selected: CaseFilterParameters,
    limit: Annotated[
        int | None,
        option("--limit -n N", "Maximum number of cases; with --next, 20 by default.", min=1),
    ] = None,
    interviewer: Annotated[
        str,
        option(
            "--interviewer NAME",
            "With --next: who is called by this interviewer; by default by the account.",
        ),
    ] = "",
    form: parameters.ListFormatOption = "table",
) -> None:
    """List the cases with their status, who is called next (--next), or interviews (--interviews).

    If the study has a list of people, only supervisors see names, numbers and notes. --next tells
    why a case comes first, and also lists cases that are due but not callable now, with the reason.

    Example: survey case list study.yaml --next
    """
    if interviews and next_cases:
        raise typer.BadParameter("--interviews and --next are two lists — give one of them")
    if (interviews or next_cases) and form == "csv":
        raise typer.BadParameter(
            "--format csv is for the list of cases — give --format json, or leave it out"
        )

    criteria = list_option_names(CaseFilterParameters)
    if interviews:
        refuse_options(context, (*criteria, "limit", "interviewer"), "does not select interviews")
        _list_interviews(request, form)
    elif next_cases:
        refuse_options(context, criteria, "does not select who is called next")
        _list_next(request, form, limit=limit or MAX_NEXT, interviewer=interviewer)
    else:
        refuse_options(context, ("interviewer",), "is only for --next")
        _list_cases(request, form, selected.make_filter(limit))


def _list_cases(request: "Request", form: str, case_filter: "CaseFilter") -> None:
    """Print the cases that the filter selects."""
    from survey_cli.reports.fieldwork.cases import tabulate_cases
    from survey_cli.services.cases.case_lists import list_cases

    cases = list_cases(request, case_filter)
    lines = _render_cases(cases.lines) if cases.lines else ()
    print_result(form, lines, cases.lines, partial(tabulate_cases, cases.lines))

    count = f"{len(cases.lines):,} of {format_quantity(cases.total, 'case')}"
    remark = "" if cases.names_shown else "; names are visible to supervisors only"
    say(f"{cases.where}: {count}{remark}")
    if cases.damage:
        say(cases.damage)
        raise typer.Exit(1)


def _list_interviews(request: "Request", form: str) -> None:
    """Print all interviews of the study."""
    from survey_cli.services.database.administration import list_interviews

    listed = list_interviews(request.path, db=request.db)
    print_result(form, _render_interviews(listed), listed.rows)

    say(f"{listed.where}: {format_quantity(len(listed.rows), 'interview')}")
    if listed.damage:
        say(listed.damage)
        raise typer.Exit(1)


def _render_interviews(listed: "InterviewList") -> list[str]:
    """Render interviews in columns; no line if there aren't any."""
    if not listed.rows:
        return []

    rows = []
    for row in listed.rows:
        case = row.case
        if row.number > 1:
            case += f" ({row.number})"
        if row.status == "ended":
            status = row.outcome or row.status
        else:
            status = f"{row.status} {row.outcome}".strip()
        answered = "erased" if row.is_erased else str(row.answered)
        updated = f"{row.updated_at.astimezone():%Y-%m-%d %H:%M}"
        rows.append((case, status, answered, row.at_item or "–", updated, row.by, row.origin))
    return render_table(("case", "status", "answered", "at", "last entry", "by", "origin"), rows)


def _list_next(request: "Request", form: str, *, limit: int, interviewer: str) -> None:
    """Print the next cases in the order of calling, then those that are due but not callable."""
    from survey_cli.services.cases.case_lists import list_queue

    report = list_queue(request, limit=limit, interviewer=interviewer)
    print_result(form, _render_queue(report), report)

    counts = ", ".join(f"{cases:,} {words}" for cases, words in report.status_counts) or "no cases"
    say(f"{report.where}: {counts}; for {report.who}, {datetimes.format_here(report.at)}")


def case_find(
    number: Annotated[
        str, argument("NUMBER", "The number that somebody calls from, or a name or a key.")
    ],
    place: Annotated[
        str, option("--in FOLDER|URL", "The folder of the questionnaires, or a database server.")
    ] = ".",
    by: parameters.LoginOption = "",
) -> None:
    """Find the case of somebody who calls back, in all studies of a folder or a server.

    A part of a number is enough for supervisors and with database files; on a server, interviewers
    give the whole one. Each search that finds somebody is recorded in the study's log of accesses.

    Example: survey case find 5550122 --in studies
    """
    from survey_cli.services.cases.caller_search import find_caller

    found = find_caller(place, number, at=datetimes.now(), by=by)
    rows = []
    for match in found.matches:
        numbers = ", ".join(match.numbers)
        rows.append((match.study, match.key, match.name, numbers, match.state))
    if rows:
        print_lines(render_table(("study", "case", "name", "numbers", ""), rows))

    for error in found.skipped:
        say(f"not searched: {error}")
    studies = format_quantity(len(found.studies), "study", "studies")
    say(f"{format_quantity(len(rows), 'case')} in {studies}")


@on_study
def case_show(
    request: "Request", case: parameters.CaseArgument, form: parameters.ResultFormatOption = "table"
) -> None:
    """Show a case with its whole history.

    If the study has a list of people, only supervisors see names, numbers and notes.

    Example: survey case show study.yaml 1017
    """
    from survey_cli.reports.fieldwork.cases import UnsampledCase
    from survey_cli.services.cases.case_lists import load_case

    shown = load_case(request, case)
    if isinstance(shown, UnsampledCase):
        print_result(form, _render_unsampled(shown), shown)
    else:
        print_result(form, render_sheet(shown), shown)


def _render_cases(lines: "tuple[CaseLine, ...]") -> list[str]:
    """Render cases in columns; names have one only if a case has a name."""
    has_names = _has_names(lines)
    rows = []
    for line in lines:
        due = datetimes.format_here(line.due_at) if line.due_at else "–"
        row = [
            line.key,
            line.name_status(),
            line.code,
            line.outcome or "–",
            str(line.attempts),
            due,
            line.with_whom or shorten(line.why, MAX_REASON_LENGTH),
        ]
        if has_names:
            row.insert(1, line.name)
        rows.append(row)

    head = ["case", "status", "code", "outcome", "att", "due", "why"]
    if has_names:
        head.insert(1, "name")
    return render_table(head, rows)


def _has_names(lines: "Sequence[CaseLine] | Sequence[QueueLine]") -> bool:
    """Return whether a case has a name that isn't its key."""
    return any(line.name and line.name != line.key for line in lines)


def render_sheet(sheet: "CaseSheet") -> Iterator[str]:
    """Render a case with its history as lines."""
    yield from _render_head(sheet)
    for number in sheet.numbers:
        yield f"  {_describe_number(number)}"
    if sheet.appointment:
        yield f"  appointment: {sheet.appointment}"
    for interview in sheet.interviews:
        yield from _render_interview(interview)
    for cell in sheet.cells:
        yield f"  {_describe_cell(cell)}"

    yield ""
    rows = []
    for entry in sheet.history:
        what = entry.what
        if entry.note:
            what += f": {entry.note}"
        respondent_time = datetimes.format_clock(entry.at, sheet.zone)
        rows.append((entry.seq, datetimes.format_here(entry.at), respondent_time, entry.by, what))
    yield from render_table(("", "here", "there", "by", "what"), rows)


def _render_head(sheet: "CaseSheet") -> Iterator[str]:
    """Render key, name, status, time zone, language and the columns of the sample."""
    line = sheet.line
    title = line.key
    if line.name and line.name != line.key:
        title += f", {line.name}"
    yield title
    yield f"  {_describe_status(line, sheet.zone)}"

    language = f", language {sheet.language}" if sheet.language else ""
    yield f"  zone {sheet.zone or 'unknown'}{language}"
    for label, words in sheet.columns:
        yield f"  {label}: {words}"


def _describe_number(number: "NumberLine") -> str:
    digits = number.shown or "(not shown)"
    state = number.state.replace("_", " ")
    following = ", dialed next" if number.next and number.state == "live" else ""
    return f"number {number.position}: {digits}, {number.line}, {state}{following}"


def _describe_cell(cell: "QuotaCellLine") -> str:
    from survey_cli.fieldwork.plan.plan import COUNTED, IN_PROGRESS

    in_progress = f", {cell.held:,} {IN_PROGRESS.name}" if cell.held else ""
    counted = f"{cell.taken:,} {COUNTED.name}"
    return f"quota {cell.label}: {counted}{in_progress}, target {cell.target:,}"


def _render_unsampled(case: "UnsampledCase") -> Iterator[str]:
    """Render the interviews of a case that is not in the sample."""
    yield f"{case.key}: not in the sample, so it is never called from a station"
    for interview in case.interviews:
        yield from _render_interview(interview)


def _render_interview(interview: "InterviewLine") -> Iterator[str]:
    origin = "" if interview.origin == "real" else f"{interview.origin}, "
    outcome = interview.outcome or interview.status
    at_item = ""
    if interview.at_item and interview.status != "ended":
        at_item = f" at {interview.at_item}"

    answers = "answers erased"
    if not interview.erased:
        answers = format_quantity(interview.answered, "answer")
    updated = datetimes.format_here(interview.updated_at)
    yield f"  interview {interview.number}: {origin}{outcome}{at_item}, {answers}, {updated}"
    if interview.review:
        yield f"    review: {interview.review}"


def _describe_status(line: "CaseLine", zone: str) -> str:
    """Describe where a case stands: its status with the reason, its code, its attempts."""
    whose = f": {line.with_whom}" if line.with_whom else ""
    reason = f" ({line.why})" if line.why else ""
    due = f", due {datetimes.format_both(line.due_at, zone)}" if line.due_at else ""
    attempts = format_quantity(line.attempts, "attempt")
    facts = f"code {line.code}, {attempts}, last outcome {line.outcome or 'none'}"
    unreleased = f", replicate {line.replicate}" if line.replicate else ""
    return f"{line.name_status()}{whose}{reason}{due}; {facts}{unreleased}"


def say_skipped(skipped: Sequence[tuple[str, str]]) -> None:
    """Print which cases were skipped and why: the first few, and how many more."""
    for key, reason in skipped[:MAX_SKIPPED]:
        say(f"{key}: not changed, because {reason}")
    if len(skipped) > MAX_SKIPPED:
        more = len(skipped) - MAX_SKIPPED
        say(f"… and {more} more {pluralize(more, 'was', 'were')} not changed")


@on_study
def case_why(
    request: "Request",
    case: parameters.CaseArgument,
    at: Annotated[
        str, option("--at TIME", "Date and time instead of now: 2026-11-24 15:00, local time.")
    ] = "",
    interviewer: InterviewerOption = "",
) -> None:
    """Explain why a case may or may not be called now.

    It shows every rule with its result, and when the case may be called next.

    Exit code 0: it may be called; 1: it may not.

    Example: survey case why study.yaml 1017
    """
    from survey_cli.services.cases.case_lists import explain_case

    when = datetimes.parse_time(at, option="--at") if at else request.at
    report = explain_case(request, case, at=when, interviewer=interviewer)
    print_lines(render_verdicts(report))
    raise typer.Exit(0 if report.is_allowed else 1)


def render_verdicts(report: "CallabilityReport") -> Iterator[str]:
    """Render every rule with its result, and when the case may be called next."""
    line = report.line
    name = f" ({line.name})" if line.name and line.name != line.key else ""
    result = "may be called" if report.is_allowed else "may not be called"
    when = datetimes.format_both(report.at, report.zone)
    yield f"{line.key}{name} {result} by {report.who}, {when}"

    longest = max(len(verdict.rule) for verdict in report.verdicts)
    for verdict in report.verdicts:
        mark = "✓ yes" if verdict.allows else "✗ no "
        until = ""
        if verdict.until:
            until = f" (until {datetimes.format_both(verdict.until, report.zone)})"
        yield f"  {mark}  {verdict.rule.ljust(longest)}  {verdict.explanation}{until}"

    next_call = _describe_next_call(report)
    if next_call:
        yield f"next: {next_call}"


def _describe_next_call(report: "CallabilityReport") -> str:
    """Describe when the case may be called next; nothing if that is now."""
    if report.next_at is not None:
        is_now = report.is_allowed and report.next_at <= report.at
        return "" if is_now else datetimes.format_both(report.next_at, report.zone)
    if report.is_allowed:
        return ""
    if report.is_on_do_not_call_list:
        return "never"
    if report.line.status == "done":
        return "never, unless a supervisor reopens it"
    return "cannot be predicted"


def _render_queue(report: "QueueReport") -> Iterator[str]:
    """Render the next cases, then those that a rule excludes, then those of closed hours."""
    if report.lines:
        yield from _render_next_cases(report)
    else:
        yield "no case can be called now"
    yield from _render_deferred("excluded by a rule:", report.turned_down)
    yield from _render_deferred(
        "due, but not callable now (the first case of each kind):", report.closed
    )


def _render_next_cases(report: "QueueReport") -> list[str]:
    """Render the next cases in columns; names have one only if a case has a name."""
    has_names = _has_names(report.lines)
    rows = []
    for line in report.lines:
        row = [str(line.place), line.key, datetimes.format_clock(report.at, line.zone), line.why]
        if has_names:
            row.insert(2, line.name)
        rows.append(row)

    head = ["", "case", "there", "why"]
    if has_names:
        head.insert(2, "name")
    return render_table(head, rows)


def _render_deferred(heading: str, deferred: "Sequence[DeferredLine]") -> Iterator[str]:
    """Render cases that can't be called now under a heading; nothing if there aren't any."""
    if not deferred:
        return

    yield from ("", heading)
    for case in deferred[:MAX_CLOSED]:
        opens = ""
        if case.opens_at:
            opens = f"; opens {datetimes.format_both(case.opens_at, case.zone)}"
        yield f"  {case.key}: {case.why}{opens}"
    if len(deferred) > MAX_CLOSED:
        more = format_quantity(len(deferred) - MAX_CLOSED, "more kind")
        yield f"  … and {more}"


@on_study
def case_outcome(
    request: "Request",
    case: parameters.CaseArgument,
    outcome: Annotated[
        str, argument("OUTCOME", "The outcome, such as callback; optional with --code.")
    ] = "",
    code: Annotated[
        str, option("--code CODE", "An AAPOR code instead of the outcome's own: 4.70.")
    ] = "",
    note: Annotated[str, option("--note TEXT", "The reason. Required.")] = "",
    seen: SeenOption = None,
) -> None:
    """Correct a case's outcome (disposition). The outcome that was keyed stays in its history.

    A temporary outcome puts the case back into the queue; a final one ends it. Correcting a
    complete interview to another outcome releases its quota places.

    Example: survey case outcome study.yaml 1017 callback --note "rang back"
    """
    from survey_cli.services.cases.case_actions import correct_outcome

    _say_change(correct_outcome(request, case, outcome, code=code, note=note, seen=seen))


@on_study
def case_review(
    request: "Request",
    case: parameters.CaseArgument,
    verdict: Annotated[
        Literal["ok", "questionable", "falsified"],
        argument("VERDICT", "ok, questionable or falsified."),
    ],
    note: Annotated[
        str, option("--note TEXT", "What was found. Required unless the interview is ok.")
    ] = "",
) -> None:
    """Store the verdict of a review on a case's latest interview.

    A later verdict replaces it; no answer changes. A review verifies an interview: its times and
    answers are looked at, and some respondents are called again. Exports have the verdict in the
    column interview_review. --without-falsified leaves falsified interviews out of exports and
    reports. To call the case again, correct its outcome with `survey case outcome`.

    Example: survey case review study.yaml 1017 falsified --note "not called"
    """
    from survey_cli.services.cases.review import review_case

    interviewer = review_case(request, case, verdict, note=note)
    say(f"{case}: the interview of {interviewer} is {verdict}")


@on_study
def case_answer(
    request: "Request",
    case: parameters.CaseArgument,
    note: Annotated[
        str, option("--note TEXT", "A note for the interviewer, shown at the next call.")
    ] = "",
    seen: SeenOption = None,
) -> None:
    """Answer what was referred to the supervisor: the case goes back into the queue.

    Example: survey case answer study.yaml 1017 --note "ask for the deputy"
    """
    from survey_cli.services.cases.case_actions import answer_referral

    _say_change(answer_referral(request, case, note=note, seen=seen))


@on_study
def case_reopen(
    request: "Request",
    case: Annotated[str, argument("CASE", "The case's key, unless --refusals is given.")] = "",
    refusals: Annotated[
        Literal["soft"] | None,
        option("--refusals", "Reopen all finished soft refusals, for conversion."),
    ] = None,
    before: Annotated[
        str,
        option(
            "--before DATE", "With --refusals: only cases whose last refusal was before this date."
        ),
    ] = "",
    note: ReasonOption = "",
) -> None:
    """Put a finished case back into the queue, or all soft refusals. Its attempts are counted anew.

    Hard refusals and cases that may not be called again are left alone.

    Example: survey case reopen study.yaml --refusals soft
    """
    from survey_cli.services.cases.case_actions import reopen_case, reopen_refusals

    if bool(case) == bool(refusals):
        raise typer.BadParameter("give a case, or --refusals soft", param_hint="CASE")
    if case:
        _say_change(reopen_case(request, case, why=note))
        return

    until = datetimes.parse_time(before, option="--before") if before else None
    with show_progress() as progress:
        batch = reopen_refusals(request, before=until, why=note, progress=progress)
    say_changes(batch, "put back into the queue")


@on_study
def case_free(
    request: "Request",
    case: parameters.CaseArgument,
    note: ReasonOption = "",
    seen: SeenOption = None,
) -> None:
    """Take a case away from the station that has it, so that others can call it.

    The call in progress stays in its history.

    Example: survey case free study.yaml 1017
    """
    from survey_cli.services.cases.case_actions import free_case

    changed, lease = free_case(request, case, note=note, seen=seen)
    since = f" since {datetimes.format_here(lease.since)}" if lease.since else ""
    say(f"{changed.key}: {lease.by} at station {lease.station} had it{since}")
    _say_change(changed)


@on_study
def case_reassign(
    request: "Request",
    case: Annotated[str, argument("CASE", "The case's key, unless --all-of is given.")] = "",
    to: Annotated[
        str, option("--to NAME", "The new owner of the appointment, or anyone. Required.")
    ] = "",
    all_of: Annotated[str, option("--all-of NAME", "All appointments of this interviewer.")] = "",
    keeps: Annotated[
        Literal["only", "first"] | None,
        option(
            "--keeps",
            "only: only the new owner calls; first: anyone once it is late. By default unchanged.",
        ),
    ] = None,
    note: ReasonOption = "",
) -> None:
    """Give an appointment, or all those of one interviewer, to another interviewer.

    Example: survey case reassign study.yaml --all-of ann --to bob
    """
    from survey_cli.services.cases.case_actions import reassign_appointments

    if bool(case) == bool(all_of):
        raise typer.BadParameter("give a case, or --all-of NAME", param_hint="CASE")
    if not to:
        raise typer.BadParameter(
            "give the new owner of the appointment, or anyone", param_hint="--to"
        )

    policies: Final = {None: None, "only": "me", "first": "me_first"}
    batch = reassign_appointments(
        request, to=to, key=case, all_of=all_of, policy=policies[keeps], note=note
    )
    if case:
        _say_change(batch.changed[0])
    else:
        say_changes(batch, f"now {to}'s")


def _say_change(result: "CaseActionResult") -> None:
    """Print the change and the case's current status."""
    from survey_cli.fieldwork.queue.reasons import DUE

    position = result.position
    due = ""
    if position.status == "waiting" and position.due_at is not None:
        due = f", due {datetimes.format_here(position.due_at)}"
    reason = ""
    if position.reason != DUE:
        reason = f" ({position.reason.words})"
    say(f"{result.key}: {result.summary}; {position.status}{reason}{due}, code {position.code}")


def say_changes(batch: "CaseBatchResult", change: str) -> None:
    """Print how many cases were changed, and which were skipped."""
    say_skipped(batch.skipped)
    say(f"{format_quantity(len(batch.changed), 'case')} {change}")


@on_study
def case_migrate(
    request: "Request",
    cases: Annotated[
        list[str] | None, argument("[CASE]...", "Only these cases; by default all.")
    ] = None,
    dry_run: parameters.DryRunOption = False,
    form: parameters.ResultFormatOption = "table",
) -> None:
    """Take unfinished interviews to the newest version of the questionnaire.

    Without it, each is resumed with the version with which it began. Answers carry over. A question
    is asked again if its answer is no longer valid or its meaning has changed, unless `survey check
    --accept ITEM --same` says that it is the same. Interviews of cases that a station has are
    skipped. Nothing is overwritten: the journal receives an event.

    Exit code 0: all were migrated; 1: some were skipped.

    Example: survey case migrate study.yaml --dry-run
    """
    from survey_cli.services.cases.interview_migration import migrate_interviews

    with show_progress() as progress:
        result = migrate_interviews(request, cases or (), dry_run=dry_run, progress=progress)

    lines = [f"{case.case}: {_describe_migration(case)}" for case in result.cases]
    lines += [f"{skipped.case}: skipped: {skipped.why}" for skipped in result.skipped]
    print_result(form, lines, result)
    if form == "table":
        for change in result.changes:
            say(f"{change.item} is asked again: {change.what}")
    say(_describe_totals(result))
    if result.note:
        say(f"it would be refused now: {result.note}")
    raise typer.Exit(1 if result.skipped or result.note else 0)


def _describe_migration(case: "MigratedCase") -> str:
    parts = [f"{format_quantity(case.kept, 'answer')} kept"]
    if case.reopened:
        parts.append(f"{len(case.reopened)} asked again ({', '.join(case.reopened)})")
    if case.off_route:
        parts.append(f"{len(case.off_route)} off the route ({', '.join(case.off_route)})")
    return ", ".join(parts)


def _describe_totals(result: "MigrationResult") -> str:
    interviews = format_quantity(len(result.cases), "interview")
    taken = "would be taken" if result.dry_run else "taken"
    kept = format_quantity(sum(case.kept for case in result.cases), "answer")
    reopened = sum(len(case.reopened) for case in result.cases)
    off_route = sum(len(case.off_route) for case in result.cases)
    skipped = ""
    if result.skipped:
        skipped = f"; {format_quantity(len(result.skipped), 'case')} skipped"
    return (
        f"{result.where}: {interviews} {taken} to {result.version}: "
        f"{kept} kept, {reopened:,} asked again, {off_route:,} off the route{skipped}"
    )
