"""How a trial of fieldwork is shown: the report in plain tables, with what was taken for granted said first."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from survey_cli.cli.commands.rates import drawn
from survey_cli.cli.output.terminal import count, paragraphs, table, width

if TYPE_CHECKING:
    from survey_cli.reports.fieldwork.simulation_report import FieldRun
    from survey_cli.simulate.fieldwork.study_simulation import StudySimulation

MOST_OUTCOMES: Final = 12
MOST_ENDS: Final = 12


def show(tried: "StudySimulation") -> None:
    """The report on stdout."""
    for part in _parts(tried):
        print(part)
        print()
    sys.stdout.flush()


def _parts(tried: "StudySimulation") -> Iterator[str]:
    run, fieldwork = tried.run, tried.settings
    chances = fieldwork.propensities
    yield paragraphs(
        f"Invented people: nobody was called. {count(run.cases, 'case')}, "
        f"{count(tried.interviewers, 'interviewer')}, {count(tried.days, 'day')} from {fieldwork.starts} "
        f"({fieldwork.zone.key}), spread: {tried.spread}, seed {fieldwork.seed}. Assumed: a call is answered by "
        f"somebody {chances.contact:.0%} of the time, {chances.refuse:.0%} of talks are refused, "
        f"{chances.eligible:.0%} are eligible, an appointment is kept {chances.keep_appointment:.0%} of the time, "
        f"{fieldwork.item_seconds:g} seconds for each item. Options are chosen equally often, so quotas over answers "
        "fill otherwise than they would. Change --contact, --refuse, --kept, --eligible, --seconds to see their effect."
    )
    yield _sum(run)
    yield _days(run)
    yield _outcomes(run)
    yield _attempts(run)
    yield _work(run)
    yield _promises(run)
    if run.cells:
        yield _cells(run)
    yield _ends(run)
    if run.rates is not None:
        yield "if the field closed at the end:\n" + drawn(run.rates, digits=1, cells=width())


def _sum(run: "FieldRun") -> str:
    each = f"{run.calls / run.complete:.1f} calls for each" if run.complete else "no complete interview"
    done, calls = count(run.complete, "complete interview"), count(run.calls, "call")
    return f"{done} of {count(run.cases, 'case')}, {calls}: {each}"


def _right(rows: list[list[str]], *, left: int = 1) -> list[list[str]]:
    """Figures to the right."""
    wide = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return [[c if n < left else c.rjust(wide[n]) for n, c in enumerate(row)] for row in rows]


def _table(head: tuple[str, ...], rows: list[list[str]], *, left: int = 1) -> str:
    first, *others = _right([list(head), *rows], left=left)
    return table(first, others)


def _days(run: "FieldRun") -> str:
    head = ("day", "calls", "reached", "complete", "refused", "appointments", "all complete")
    rows = [
        [
            f"{row.day:%a} {row.day}",
            str(row.calls),
            str(row.reached),
            str(row.complete),
            str(row.refusals),
            str(row.promises),
            str(row.all_complete),
        ]
        for row in run.days
    ]
    return _table(head, rows) if rows else "no day on which anybody could be called"


def _outcomes(run: "FieldRun") -> str:
    shown = [
        [row.outcome, str(row.calls), _share(row.calls, run.calls)] for row in run.outcomes[:MOST_OUTCOMES]
    ]
    rest = sum(row.calls for row in run.outcomes[MOST_OUTCOMES:])
    if rest:
        shown.append(["others", str(rest), _share(rest, run.calls)])
    return _table(("what calls came to", "calls", "share"), shown)


def _attempts(run: "FieldRun") -> str:
    rows = [
        [str(row.attempts), str(row.cases), str(row.complete), _share(row.complete, row.cases)]
        for row in run.attempts
    ]
    return _table(("attempts", "cases", "complete", "share"), rows)


def _work(run: "FieldRun") -> str:
    head = ("interviewer", "shifts", "hours", "on cases", "calls", "an hour", "complete")
    rows = []
    for row in run.work:
        hours = row.on_duty.total_seconds() / 3600
        rows.append(
            [
                row.login,
                str(row.shifts),
                f"{hours:.1f}",
                f"{row.on_cases / row.on_duty:.0%}" if row.on_duty else "",
                str(row.calls),
                f"{row.calls / hours:.1f}" if hours else "",
                str(row.complete),
            ]
        )
    return _table(head, rows)


def _promises(run: "FieldRun") -> str:
    made = sum(run.promises.values())
    said = ", ".join(f"{number} {kept}" for kept, number in run.promises.items() if number)
    return f"appointments: {made}" + (f" ({said})" if said else "")


def _cells(run: "FieldRun") -> str:
    head = ("quota cell", "complete", "held", "target", "open cases", "")
    rows = [
        [
            row.cell + (" (soft)" if row.soft else ""),
            str(row.complete),
            str(row.held),
            str(row.target),
            "" if row.open_cases is None else str(row.open_cases),
        ]
        for row in run.cells
    ]
    figures = _right([list(head[:-1]), *rows])
    lines = [[*row, cell.lacking] for row, cell in zip(figures[1:], run.cells, strict=True)]
    return table([*figures[0], ""], lines)


def _ends(run: "FieldRun") -> str:
    shown = [
        [f"{row.status}: {row.why}" if row.why else row.status, str(row.cases)]
        for row in run.ends[:MOST_ENDS]
    ]
    rest = sum(row.cases for row in run.ends[MOST_ENDS:])
    if rest:
        shown.append(["others", str(rest)])
    return _table(("where cases stand at the end", "cases"), shown)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else ""
