"""Row of growth: what commands take if there are ten times as many interviews."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from statistics import median

from benchmarks import questionnaires as made
from benchmarks.exporting import ITEMS, MANY, fill
from benchmarks.lines import Line, Row
from benchmarks.measuring import SURVEY, run_process
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.events import (
    AttemptClosed,
    CaseClaimed,
    CaseEvent,
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

FACTOR = 10
"""How many times as many interviews."""
HISTORIES = 400
"""Histories of cases that differ; every fifth has no interview."""
INTERVIEWERS = 40
BEGAN = made.NOON - timedelta(days=30)
SAMPLE = """
sample:
  unit: {type: text, role: key}
  kind: {type: single, options: {0: Sector, 1: District, 2: Region}}
  phone: {type: text, role: phone}
fieldwork:
  frame: list
  country: US
  zone: America/Chicago
  hours: {mon-fri: "09:00-20:30"}
"""


def make_cases(count: int, plan: Plan) -> Iterator[NewCase]:
    """Make a case with a call for each interview, and a fourth as many that nobody answered."""
    histories = []
    for number in range(HISTORIES):
        history = make_history(number, plan)
        position = schedule_case(Case.from_history("it", history), plan, history[-1].at)
        histories.append((history, position))

    interviews = iter(range(count))
    cases = count * 5 // 4
    for number, (history, position) in zip(range(cases), cycle(histories), strict=False):
        if has_interview(number):
            key = f"simulated {next(interviews)}"
        else:
            key = f"nobody {number}"
        digits = f"{2_000_000_000 + number}"
        phone = ContactNumber(1, digits, f"+1{digits}", digits)
        contact = Contact(f"{number:032x}", "", {}, (phone,))
        yield NewCase(key, history, position, contact, f"{number:016x}")


def has_interview(number: int) -> bool:
    """Say whether the call to this case led to an interview."""
    return number % 5 != 0


def make_history(number: int, plan: Plan) -> list[HistoryEntry]:
    """Make the history of a case that was called once."""
    called_at = BEGAN + timedelta(hours=number % 8, days=number // 8 % 5)
    by = f"interviewer {number % INTERVIEWERS}"
    events: list[CaseEvent] = [CaseClaimed(), NumberDialed(1)]
    if has_interview(number):
        events += [InterviewOpened("it"), OutcomeRecorded("complete", 1, "1.1")]
    else:
        events.append(OutcomeRecorded("no_answer", 1))
    events.append(AttemptClosed())

    facts = NumberFacts(1, "fixed", (plan.zone,))
    sampled = CaseSampled({"kind": number % 3}, (facts,), plan.zone)
    history = [HistoryEntry(BEGAN, "bench", "import", sampled)]
    for minute, event in enumerate(events):
        history.append(HistoryEntry(called_at + timedelta(minutes=minute), by, by, event))
    return history


def growth_row(folder: Path) -> list[Line]:
    """Commands on 1,000,000 interviews of 50 items and 1,250,000 cases, against 100,000 interviews
    and 125,000 cases: processor time with the start, and peak memory."""
    study = made.plain(ITEMS) + SAMPLE
    file = made.written(study, folder)
    plan = Plan.from_instrument(made.instrument(study))
    few_db = folder / "few.db"
    many_db = folder / "many.db"
    for db, count in ((few_db, MANY), (many_db, FACTOR * MANY)):
        fill(db, count, study, "real")
        with Store.open(db, create=False) as store:
            store.cases.imports.add(
                make_cases(count, plan), import_id="bench", at=made.NOON, by="bench", file="bench"
            )

    lines = []
    for command, options in list_commands(folder).items():
        words = [SURVEY, command, str(file), *options, "--db"]
        if command == "status":
            # The first adds up what later ones read.
            run_process([*words, str(many_db)])
        lines += compare_sizes(command, [*words, str(few_db)], [*words, str(many_db)])
    return lines


def list_commands(folder: Path) -> dict[str, list[str]]:
    """Return the commands that are tried, with their options."""
    return {
        "status": [],
        "rates": [],
        "report": ["--by", "q1", "-o", str(folder / "report.html"), "--force"],
        "export": ["-o", str(folder / "interviews.csv"), "--force"],
    }


def compare_sizes(command: str, on_few: list[str], on_many: list[str]) -> list[Line]:
    """Run a command three times on the small database, and once on the large one."""
    small = [run_process(on_few) for _ in range(3)]
    large = run_process(on_many)
    few_seconds = median(usage.processor for usage in small)
    few_peak = max(usage.peak_mib for usage in small)
    what = f"`survey {command}` of {FACTOR * MANY:,} interviews"
    against = f"of {MANY:,}"
    growth = large.processor / few_seconds
    memory_growth = large.peak_mib / few_peak
    return [
        Line(
            what=what,
            figure=f"{large.processor:.1f} s of processor time",
            peer=f"{few_seconds:.2f} s",
            against=against,
            ratio=f"{growth:.1f}×",
            goal="≤ 11×",
            met=growth <= 11,
        ),
        Line(
            what=f"{what}: peak memory",
            figure=f"{large.peak_mib:.0f} MiB",
            peer=f"{few_peak:.0f} MiB",
            against=against,
            ratio=f"{memory_growth:.2f}×",
            goal="≤ 1.1×",
            met=memory_growth <= 1.1,
        ),
    ]


ROWS = (Row("growth-interviews", growth_row, by_name=True),)
