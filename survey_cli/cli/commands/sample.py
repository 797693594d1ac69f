"""The commands of `sample`, and the do-not-call list's `add`, `check`, `remove` and `count`."""

from collections import Counter
from collections.abc import Iterator, Sequence
from random import SystemRandom
from time import sleep
from typing import TYPE_CHECKING, Annotated, Final

import typer

from survey_cli.cli import parameters
from survey_cli.cli.commands.case import say_changes
from survey_cli.cli.output import datetimes
from survey_cli.cli.output.terminal import print_lines, say, show_progress
from survey_cli.cli.parameters import argument, build_options, flag, on_study, option
from survey_cli.problems import Problem
from survey_cli.wording import format_quantity, join_first

if TYPE_CHECKING:
    from survey_cli.samples.cases.import_preview import ImportPreview
    from survey_cli.services.run_on_study import Request
    from survey_cli.services.sample.import_sample import ImportResult

MAX_PER_KIND: Final = 10
MAX_CHANGES: Final = 20
PAUSE_SECONDS: Final = 0.005
"""Seconds between two commits, so that an interviewer never waits longer than one commit takes."""


@on_study
def sample_import(
    request: "Request",
    cases: str = argument("CASES", "The sample: a CSV file or a workbook."),
    sheet: str | None = option(
        "--sheet NAME", "Sheet of the workbook; by default the first.", None
    ),
    encoding: str | None = option(
        "--encoding NAME", "Encoding of the file, if it is not UTF-8: cp1252.", None
    ),
    update: bool = flag("--update", "Update existing cases with the file's values."),
    release: str = option(
        "--release REPLICATES", "Release these replicates at once: 1-2,5 or all.", ""
    ),
    dry_run: parameters.DryRunOption = False,
) -> None:
    """Import the cases of a file, all or none. Safe to repeat: existing cases stay as they are.

    Problems are listed on stderr, with their lines. If one of them is an error, nothing is imported.

    Exit code 0: imported; 1: not imported.

    Example: survey sample import study.yaml sample.csv --dry-run
    """
    from survey_cli.services.sample.import_sample import ImportOptions, import_sample
    from survey_cli.study.location import describe_files

    with show_progress() as progress:
        environment = {"rng": SystemRandom(), "pause": lambda: sleep(PAUSE_SECONDS)}
        result = import_sample(
            request, build_options(ImportOptions, locals(), file=cases, **environment)
        )
    if isinstance(result, list):
        _say_problems(result)
        errors = sum(problem.severity == "error" for problem in result)
        say(f"{cases}: {format_quantity(errors, 'error')}: nothing was imported")
        raise typer.Exit(1)
    _say_problems(result.problems)
    print_lines((*_render_summary(result.summary), *(_render_changes(result) if dry_run else ())))
    say(describe_files(request.path, result.where, people=request.people))
    say(_describe_import(result, update=update, dry_run=dry_run))


@on_study
def sample_release(
    request: "Request",
    replicates: str = argument("REPLICATES", "The replicates: 3, 3-4, 1,5 or all."),
) -> None:
    """Release replicates of the sample: from now on their cases are called. Safe to repeat.

    Example: survey sample release study.yaml 3-4
    """
    from survey_cli.services.cases.case_actions import release_replicates

    with show_progress() as progress:
        batch = release_replicates(request, replicates, progress=progress)
    say_changes(batch, "released")


def _say_problems(problems: Sequence[Problem]) -> None:
    """Print problems by line; of each kind the first ten, and how many more.

    Errors are never left out for warnings.
    """
    kinds = [(problem.rule, problem.severity) for problem in problems]
    counts, printed = Counter(kinds), Counter[tuple[str, str]]()
    for kind, problem in zip(kinds, problems, strict=True):
        printed[kind] += 1
        if printed[kind] <= MAX_PER_KIND:
            say(f"{problem}" if problem.severity == "error" else f"{problem} (warning)")
        elif printed[kind] == counts[kind]:
            more = format_quantity(counts[kind] - MAX_PER_KIND, f"more {problem.severity}")
            say(f"{problem.where.file}: … and {more} of {problem.rule}")


def _render_summary(summary: "ImportPreview") -> Iterator[str]:
    yield (
        f"cases: {format_quantity(summary.rows, 'row')}: {summary.new:,} new, {summary.changed:,} changed, "
        f"{summary.unchanged:,} unchanged; {summary.gone:,} stored and not in the file"
    )
    if summary.numbers or summary.dead:
        yield (
            f"numbers: {summary.numbers:,} can be dialed ({summary.mobile:,} mobile, {summary.fixed:,} fixed, "
            f"{summary.unknown:,} unknown), {summary.dead:,} cannot be read, "
            f"{summary.do_not_call:,} on the do-not-call list"
        )
    counts = (
        (summary.without_number, "number that may be dialed"),
        (summary.without_zone, "time zone"),
    )
    if shortcomings := ", ".join(f"{cases:,} without a {what}" for cases, what in counts if cases):
        yield f"cannot be called: {shortcomings}"
    for what, shares in (("replicates", summary.replicates), ("frames", summary.frames)):
        sizes = [f"{name or 'none'} {cases:,}" for name, cases in shares.items()]
        if any(shares):
            yield f"{what}: {join_first(sizes, MAX_PER_KIND)}"


def _render_changes(result: "ImportResult") -> Iterator[str]:
    from survey_cli.values import Missing

    for change in result.summary.changes[:MAX_CHANGES]:
        cells = [
            "(empty)" if isinstance(cell, Missing) else str(cell)
            for cell in (change.was, change.now)
        ]
        was, now = ("(personal)",) * 2 if change.column in result.hidden else cells
        yield f"line {change.line}: {change.case}: {change.column}: {was} → {now}"
    if (more := len(result.summary.changes) - MAX_CHANGES) > 0:
        yield f"… and {format_quantity(more, 'more change')}"


def _describe_import(result: "ImportResult", *, update: bool, dry_run: bool) -> str:
    """Describe the changes that were made, or would be made without --dry-run."""
    if dry_run:
        return f"{result.where}: nothing was changed; without --dry-run {result.summary.new:,} cases would be imported"
    parts = [f"{format_quantity(result.added, 'case')} imported"]
    if result.added - result.released > 0:
        parts.append(
            f"{result.added - result.released:,} of them wait until their replicate is released"
        )
    if update:
        parts.append(f"{result.updated:,} updated")
    elif result.summary.changed:
        parts.append(
            f"{result.summary.changed:,} differ and were not changed (--update changes them)"
        )
    if result.busy:
        parts.append(
            f"{len(result.busy):,} are at a station and were not changed: import again later"
        )
    if result.nameless:
        parts.append(
            f"{len(result.nameless):,} in the file were erased or anonymized before and were not changed"
        )
    return f"{result.where}: {', '.join(parts)}"


CountryOption = Annotated[
    str, option("--country CODE", "Country of numbers without +, such as US or DE.")
]


def do_not_call_add(
    numbers: list[str] = argument("NUMBER|FILE…", "Numbers, or files with one number per line."),
    country: CountryOption = "",
    reason: str = option(
        "--reason TEXT", "The reason, if the file has none.", "asked by telephone"
    ),
    by: parameters.LoginOption = "",
    db: parameters.DatabaseOption = None,
) -> None:
    """Add numbers to the list: from now on no study imports, offers or dials them.

    A file has one number per line, or the columns number, date and reason. Numbers that cannot be read are reported
    and left out. The date in the file is kept; of two dates for one number, the earlier.

    Example: survey do-not-call add registry.csv --country US
    """
    from survey_cli.services.sample.do_not_call_list import DoNotCallRequest, add_numbers

    result = add_numbers(
        DoNotCallRequest(at=datetimes.now(), by=by, db=db, country=country), numbers, reason=reason
    )
    if isinstance(result, list):
        _say_problems(result)
        raise typer.Exit(1)
    _say_problems(result.problems)
    say(
        f"{result.where}: {format_quantity(result.read, 'number')} read, {result.new:,} of them new"
    )


def do_not_call_check(
    number: str = argument("NUMBER", "The number."),
    country: CountryOption = "",
    db: parameters.DatabaseOption = None,
) -> None:
    """Say whether a number is on the list, since when and why.

    Exit code 0: it is not, and may be called; 1: it is.

    Example: survey do-not-call check +12025550143
    """
    from survey_cli.services.sample.do_not_call_list import DoNotCallRequest, look_up_number

    entry = look_up_number(DoNotCallRequest(at=datetimes.now(), db=db, country=country), number)
    if entry.since is not None:
        print_lines(
            [
                f"{entry.number} is on the list: {entry.reason}, {entry.since:%Y-%m-%d}, by {entry.by}"
            ]
        )
        raise typer.Exit(1)
    removal = entry.removal
    history = (
        f"; it was removed {removal.at:%Y-%m-%d} by {removal.by}: {removal.reason}"
        if removal
        else ""
    )
    print_lines([f"{entry.number} is not on the list{history}"])


def do_not_call_remove(
    numbers: list[str] = argument("NUMBER…", "The numbers."),
    country: CountryOption = "",
    reason: str = option(
        "--reason TEXT", "The reason. Required. It is stored, so it must not name anybody.", ""
    ),
    by: parameters.LoginOption = "",
    db: parameters.DatabaseOption = None,
) -> None:
    """Remove numbers from the list: a mistake, or a number that belongs to another person now.

    All numbers are removed, or none if one of them is not on the list. Who removed a number, when and why is kept.
    A case that was closed as do-not-call stays closed until its outcome is corrected: survey case outcome.

    Example: survey do-not-call remove +12025550143 --reason "new owner"
    """
    from survey_cli.services.sample.do_not_call_list import DoNotCallRequest, remove_numbers

    if not reason.strip():
        raise typer.BadParameter("give a reason that contains no name", param_hint="--reason")
    request = DoNotCallRequest(at=datetimes.now(), by=by, db=db, country=country)
    location, removed = remove_numbers(request, numbers, reason=reason.strip())
    say(f"{location}: {format_quantity(removed, 'number')} removed from the list")


def do_not_call_count(db: parameters.DatabaseOption = None) -> None:
    """Say how many numbers are on the list.

    Example: survey do-not-call count --db responses/study.db
    """
    from survey_cli.services.sample.do_not_call_list import DoNotCallRequest, count_numbers

    location, numbers = count_numbers(DoNotCallRequest(at=datetimes.now(), db=db))
    print(numbers)
    say(f"{location}: {format_quantity(numbers, 'number')} on the do-not-call list")
