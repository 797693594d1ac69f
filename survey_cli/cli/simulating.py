"""The command `simulate`: a crowd of invented respondents, and what it shows of the instrument."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from survey_cli.cli.interviewing import Database, Instrument
from survey_cli.cli.terminal import count, fail, printable, say
from survey_cli.problems import Trouble

if TYPE_CHECKING:
    from survey_cli.simulate import Findings

MOST = 12
"""Items listed under one heading."""


def simulate(
    file: Instrument,
    number: Annotated[
        int, typer.Option("--number", "-n", metavar="N", min=1, max=10_000_000, help="How many interviews.")
    ] = 1000,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", help="The same seed invents the same people.")
    ] = 1,
    decline: Annotated[
        float, typer.Option("--decline", metavar="SHARE", min=0, max=1, help="How often an item is declined.")
    ] = 0.04,
    break_off: Annotated[
        float,
        typer.Option(
            "--break-off", metavar="SHARE", min=0, max=1, help="How often they hang up, at each item."
        ),
    ] = 0.0,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the interviews, as simulated ones.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Keep them even where real interviews are kept.")
    ] = False,
    db: Database = None,
) -> None:
    """Let invented people answer, and see what nobody reaches or chooses.

    They answer through the real engine, with don't know, refusals, warnings confirmed and answers corrected.
    """
    from datetime import UTC, datetime

    from survey_cli.instrument.opening import open_instrument
    from survey_cli.office.keeping import keeper
    from survey_cli.simulate import Habits
    from survey_cli.simulate.running import run

    instrument = open_instrument(file)
    if isinstance(instrument, Trouble):
        fail(instrument)
    start = datetime.now(UTC)
    kept = keeper(file, instrument, db=db, force=force, start=start) if keep else None
    if isinstance(kept, Trouble):
        fail(kept)
    try:
        with _bar(number) as progress:
            findings = run(
                instrument,
                count=number,
                seed=seed,
                start=start,
                habits=Habits(decline=decline, break_off=break_off),
                keep=kept.keep if kept is not None else None,
                progress=progress,
            )
    finally:
        if kept is not None:
            kept.close()
    for line in _shown(findings):
        print(printable(line))
    if kept is not None:
        say(f"{kept.where}: {count(findings.interviews, 'simulated interview')} kept")


@contextmanager
def _bar(whole: int) -> Iterator[Callable[[int], None] | None]:
    """A bar on the terminal while it lasts; nothing in a pipe."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=whole)
        yield lambda done: progress.update(task, completed=done)


def _shown(findings: "Findings") -> list[str]:
    """The findings in plain lines."""
    number = findings.interviews
    lines = [f"{count(number, 'interview')}: {_outcomes(findings)}"]
    lines.append(
        f"questions asked: {findings.shortest} in the shortest (seed {findings.shortest_seed}), "
        f"{findings.longest} in the longest (seed {findings.longest_seed}), "
        f"{findings.places / number:.1f} on average"
    )
    never = [leaf.id for leaf in findings.never_reached()]
    lines.append(f"never reached: {_listed(never) if never else 'nothing'}")
    unchosen = [f"{leaf.id} ({', '.join(map(str, codes))})" for leaf, codes in findings.never_chosen()]
    lines.append(f"never chosen: {_listed(unchosen) if unchosen else 'nothing'}")
    if findings.stuck:
        stuck = [f"{item} ({times} times)" for item, times in findings.stuck.most_common()]
        lines.append(f"no invented answer passed the checks of: {_listed(stuck)}")
    return lines


def _outcomes(findings: "Findings") -> str:
    return ", ".join(f"{times:,} {outcome}" for outcome, times in findings.outcomes.most_common())


def _listed(items: list[str]) -> str:
    more = f" and {len(items) - MOST} more" if len(items) > MOST else ""
    return ", ".join(items[:MOST]) + more


COMMANDS = (simulate,)
