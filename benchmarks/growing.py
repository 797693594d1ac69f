"""Row of growth: what status, rates, report and export of ten times as many interviews take."""

import sys
from collections.abc import Iterator
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from statistics import median

from benchmarks import questionnaires as made
from benchmarks.exporting import ITEMS, MANY, _filled, _process
from benchmarks.measuring import Line, below
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.events import (
    AttemptClosed,
    CaseClaimed,
    CaseSampled,
    HistoryEntry,
    InterviewOpened,
    NumberDialed,
    NumberFacts,
    OutcomeRecorded,
)
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.store import Store
from survey_cli.store.cases.case_records import Contact, ContactNumber, NewCase

FACTOR, HISTORIES = 10, 400
"""How many times as many interviews; different histories of cases, of which every fifth has no interview."""
INTERVIEWERS, BEGAN = 40, made.NOON - timedelta(days=30)
SAMPLE = """
sample:
  unit: {type: text, role: key}
  kind: {type: single, options: {0: Sector, 1: District, 2: Region}}
  phone: {type: text, role: phone}
fieldwork: {frame: list, country: US, zone: America/Chicago, hours: {mon-fri: "09:00-20:30"}}
"""


def cases(count: int, plan: Plan) -> Iterator[NewCase]:
    """A case with a call for each interview, and a fourth as many whose call reached nobody."""
    histories = []
    for number in range(HISTORIES):
        at, by = BEGAN + timedelta(hours=number % 8, days=number // 8 % 5), f"interviewer {number % INTERVIEWERS}"
        sampled = CaseSampled({"kind": number % 3}, (NumberFacts(1, "fixed", (plan.zone,)),), plan.zone)
        spoken = (InterviewOpened("it"), OutcomeRecorded("complete", 1, "1.1"))
        call = (CaseClaimed(), NumberDialed(1), *(spoken if number % 5 else (OutcomeRecorded("no_answer", 1),)))
        times = [at + timedelta(minutes=minute) for minute in range(len(call) + 2)]
        history = [HistoryEntry(BEGAN, "bench", "import", sampled)]
        history += [HistoryEntry(at, by, by, event) for at, event in zip(times, (*call, AttemptClosed()), strict=False)]
        histories.append((history, schedule_case(Case.from_history("it", history), plan, history[-1].at)))
    interviews = iter(range(count))
    for number, (history, position) in zip(range(count * 5 // 4), cycle(histories), strict=False):
        key = f"simulated {next(interviews)}" if number % 5 else f"nobody {number}"
        digits = f"{2_000_000_000 + number}"
        contact = Contact(f"{number:032x}", "", {}, (ContactNumber(1, digits, f"+1{digits}", digits),))
        yield NewCase(key, history, position, contact, f"{number:016x}")


def growth_row(folder: Path) -> list[Line]:
    """Two databases; each command on the small one three times, on the large one once."""
    study = made.plain(ITEMS) + SAMPLE
    file, instrument = made.written(study, folder), made.instrument(study)
    counts = (MANY, FACTOR * MANY)
    for count in counts:
        db = folder / f"{count}.db"
        _filled(db, count, study, "real")
        with Store.open(db, create=False) as store:
            store.cases.imports.add(
                cases(count, Plan.from_instrument(instrument)),
                import_id="bench",
                at=made.NOON,
                by="bench",
                file="bench",
            )
    survey, lines = str(Path(sys.executable).with_name("survey")), list[Line]()
    commands = {
        "status": [],
        "rates": [],
        "report": ["--by", "q1", "-o", str(folder / "report.html"), "--force"],
        "export": ["-o", str(folder / "interviews.csv"), "--force"],
    }
    for command, options in commands.items():
        few, many = ([survey, command, str(file), "--db", str(folder / f"{count}.db"), *options] for count in counts)
        if command == "status":
            _process(many)  # counts are added up when it is first given
        small = [_process(few) for _ in range(3)]
        large = _process(many)
        seconds, peak = median(usage.processor for usage in small), max(usage.peak for usage in small)
        said = f"{large.processor / seconds:.1f}×: {large.processor:.1f} s of processor, {seconds:.2f} s for {MANY:,}"
        what = f"`survey {command}` of {FACTOR * MANY:,} interviews against {MANY:,}"
        lines.append(below(what, large.processor / seconds, 1.1 * FACTOR, said=said, goal=f"≤ {1.1 * FACTOR:.0f}×"))
        said = f"{large.peak / peak:.2f}×: {large.peak / 1024:.0f} MiB, {peak / 1024:.0f} MiB"
        lines.append(below("its peak memory", large.peak / peak, 1.1, said=said, goal="≤ 1.1×"))
    return lines


ROWS = {"growth-interviews": growth_row}
