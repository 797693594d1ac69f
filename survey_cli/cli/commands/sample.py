"""The commands of `sample`, and the do-not-call list's `add`, `check`, `remove` and `count`."""

from collections import Counter
from collections.abc import Iterator, Sequence
from random import SystemRandom
from time import sleep
from typing import TYPE_CHECKING, Annotated, Final

import typer

from survey_cli.cli import parameters
from survey_cli.cli.commands.case import say_changes
from survey_cli.cli.option_groups import option_group
from survey_cli.cli.output import datetimes
from survey_cli.cli.output.terminal import print_lines, say, show_progress
from survey_cli.cli.parameters import argument, on_study, option
from survey_cli.problems import Problem
from survey_cli.wording import format_quantity, join_first

if TYPE_CHECKING:
    from survey_cli.samples.cases.import_preview import ImportPreview
    from survey_cli.services.run_on_study import ProgressCallback, Request
    from survey_cli.services.sample.import_sample import ImportOptions, ImportResult
    from survey_cli.values import Cell

MAX_PER_KIND: Final = 10
MAX_CHANGES: Final = 20
PAUSE_SECONDS: Final = 0.005
"""Seconds between two commits, so that an interviewer never waits longer than one commit takes."""


@option_group
class SampleImportParameters:
    """The options of `survey sample import`."""

    sheet: Annotated[
        str | None, option("--sheet NAME", "Sheet of the workbook; by default the first.")
    ] = None
    encoding: Annotated[
        str | None, option("--encoding NAME", "Encoding of the file, if it is not UTF-8: cp1252.")
    ] = None
    update: Annotated[
        bool,
        option("--update", "Update existing cases with the file's values."),
    ] = False
    release: Annotated[
        str, option("--release REPLICATES", "Release these replicates at once: 1-2,5 or all.")
    ] = ""
    dry_run: parameters.DryRunOption = False

    def make_import_options(
        self, file: str, progress: "ProgressCallback | None"
    ) -> "ImportOptions":
        """Return how this file is imported."""
        from survey_cli.services.sample.import_sample import ImportOptions

        return ImportOptions(
            file=file,
            sheet=self.sheet,
            encoding=self.encoding,
            update=self.update,
            dry_run=self.dry_run,
            release=self.release,
            rng=SystemRandom(),
            pause=lambda: sleep(PAUSE_SECONDS),
            progress=progress,
        )


@on_study
def sample_import(
    request: "Request",
    cases: Annotated[str, argument("CASES", "The sample: a CSV file or a workbook.")],
    given: SampleImportParameters,
) -> None:
    """Import the cases of a file, all or none. Safe to repeat: existing cases stay as they are.

    Problems are listed on stderr, with their lines. If one of them is an error, nothing is
    imported.

    Exit code 0: imported; 1: not imported.

    Example: survey sample import study.yaml sample.csv --dry-run
    """
    from survey_cli.services.sample.import_sample import import_sample
    from survey_cli.study.location import describe_files

    with show_progress() as progress:
        result = import_sample(request, given.make_import_options(cases, progress))
    if isinstance(result, list):
        _say_problems(result)
        errors = sum(problem.severity == "error" for problem in result)
        say(f"{cases}: {format_quantity(errors, 'error')}: nothing was imported")
        raise typer.Exit(1)

    _say_problems(result.problems)
    print_lines(_render_summary(result.summary))
    if given.dry_run:
        print_lines(_render_changes(result))
    say(describe_files(request.path, result.where, people=request.people))
    say(_describe_import(result, update=given.update, dry_run=given.dry_run))


@on_study
def sample_release(
    request: "Request",
    replicates: Annotated[str, argument("REPLICATES", "The replicates: 3, 3-4, 1,5 or all.")],
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

    Errors are never left out in favor of warnings.
    """
    kinds = [(problem.rule, problem.severity) for problem in problems]
    counts = Counter(kinds)
    printed = Counter[tuple[str, str]]()
    for kind, problem in zip(kinds, problems, strict=True):
        printed[kind] += 1
        if printed[kind] <= MAX_PER_KIND:
            mark = "" if problem.severity == "error" else " (warning)"
            say(f"{problem}{mark}")
        elif printed[kind] == counts[kind]:
            more = format_quantity(counts[kind] - MAX_PER_KIND, f"more {problem.severity}")
            say(f"{problem.where.file}: … and {more} of {problem.rule}")


def _render_summary(summary: "ImportPreview") -> Iterator[str]:
    """Render the effect of an import: cases, numbers, what is missing, replicates and frames."""
    yield (
        f"cases: {format_quantity(summary.rows, 'row')}: "
        f"{summary.new:,} new, {summary.changed:,} changed, {summary.unchanged:,} unchanged; "
        f"{summary.gone:,} stored and not in the file"
    )
    if summary.numbers or summary.dead:
        yield (
            f"numbers: {summary.numbers:,} can be dialed ({summary.mobile:,} mobile, "
            f"{summary.fixed:,} fixed, {summary.unknown:,} unknown), "
            f"{summary.dead:,} cannot be read, {summary.do_not_call:,} on the do-not-call list"
        )

    shortcomings = []
    if summary.without_number:
        shortcomings.append(f"{summary.without_number:,} without a number that may be dialed")
    if summary.without_zone:
        shortcomings.append(f"{summary.without_zone:,} without a time zone")
    if shortcomings:
        yield f"cannot be called: {', '.join(shortcomings)}"

    for what, parts in (("replicates", summary.replicates), ("frames", summary.frames)):
        # A file without the column has one part, without a name.
        if any(parts):
            sizes = [f"{name or 'none'} {cases:,}" for name, cases in parts.items()]
            yield f"{what}: {join_first(sizes, MAX_PER_KIND)}"


def _render_changes(result: "ImportResult") -> Iterator[str]:
    """Render the first changes of values; those of personal columns without the values."""
    changes = result.summary.changes
    for change in changes[:MAX_CHANGES]:
        was = "(personal)"
        now = "(personal)"
        if change.column not in result.hidden:
            was = _describe_cell(change.was)
            now = _describe_cell(change.now)
        yield f"line {change.line}: {change.case}: {change.column}: {was} → {now}"
    if len(changes) > MAX_CHANGES:
        yield f"… and {format_quantity(len(changes) - MAX_CHANGES, 'more change')}"


def _describe_cell(cell: "Cell") -> str:
    from survey_cli.values import Missing

    return "(empty)" if isinstance(cell, Missing) else str(cell)


def _describe_import(result: "ImportResult", *, update: bool, dry_run: bool) -> str:
    """Describe the changes that were made, or would be made without --dry-run."""
    if dry_run:
        cases = format_quantity(result.summary.new, "case")
        return f"{result.where}: nothing was changed; without --dry-run {cases} would be imported"

    parts = [f"{format_quantity(result.added, 'case')} imported"]
    waiting = result.added - result.released
    if waiting > 0:
        parts.append(f"{waiting:,} of them wait until their replicate is released")
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
            f"{len(result.nameless):,} in the file were erased or anonymized before and were not "
            "changed"
        )
    return f"{result.where}: {', '.join(parts)}"


CountryOption = Annotated[
    str, option("--country CODE", "Country of numbers without +, such as US or DE.")
]


def do_not_call_add(
    numbers: Annotated[
        list[str], argument("NUMBER|FILE…", "Numbers, or files with one number per line.")
    ],
    country: CountryOption = "",
    reason: Annotated[
        str, option("--reason TEXT", "The reason, if the file has none.")
    ] = "asked by telephone",
    by: parameters.LoginOption = "",
    db: parameters.DatabaseOption = None,
) -> None:
    """Add numbers to the list: from now on no study imports, offers or dials them.

    A file has one number per line, or the columns number, date and reason. Numbers that cannot be
    read are reported and left out. The date in the file is kept; of two dates for one number, the
    earlier.

    Example: survey do-not-call add registry.csv --country US
    """
    from survey_cli.services.sample.do_not_call_list import DoNotCallRequest, add_numbers

    request = DoNotCallRequest(at=datetimes.now(), by=by, db=db, country=country)
    result = add_numbers(request, numbers, reason=reason)
    if isinstance(result, list):
        _say_problems(result)
        raise typer.Exit(1)
    _say_problems(result.problems)
    read = format_quantity(result.read, "number")
    say(f"{result.where}: {read} read, {result.new:,} of them new")


def do_not_call_check(
    number: Annotated[str, argument("NUMBER", "The number.")],
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
        since = f"{entry.since:%Y-%m-%d}"
        print_lines([f"{entry.number} is on the list: {entry.reason}, {since}, by {entry.by}"])
        raise typer.Exit(1)

    history = ""
    if entry.removal:
        removal = entry.removal
        history = f"; it was removed {removal.at:%Y-%m-%d} by {removal.by}: {removal.reason}"
    print_lines([f"{entry.number} is not on the list{history}"])


def do_not_call_remove(
    numbers: Annotated[list[str], argument("NUMBER…", "The numbers.")],
    country: CountryOption = "",
    reason: Annotated[
        str,
        option("--reason TEXT", "The reason. Required. It is stored, so it must not name anybody."),
    ] = "",
    by: parameters.LoginOption = "",
    db: parameters.DatabaseOption = None,
) -> None:
    """Remove numbers from the list: a mistake, or a number that belongs to another person now.

    All numbers are removed, or none if one of them is not on the list. Who removed a number, when
    and why is kept. A case that was closed as do-not-call stays closed until its outcome is
    corrected: survey case outcome.

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
