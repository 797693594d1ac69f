"""One word is one figure: every figure with a name is computed from every place that shows it, and is the same.

Simulated fieldwork through real stations: suspensions, quotas, stations that stop, corrections, erasures, numbers on the
do-not-call list. What places show is read as people and programs read it: text, page, board, exports.
"""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from heapq import heapify
from html import unescape
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from support import postgres_server
from support.exporting import export_file
from support.scale import SCALE
from support.shift import Shift
from support.station_simulation import AgendaEntry, StationSimulation
from survey_cli.cli.commands.case import render_sheet
from survey_cli.cli.commands.status import render_status
from survey_cli.documents.report.status_page import render_status_html
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.plan.plan import Interviewer
from survey_cli.fieldwork.queue.calling_rules import ClaimContext, is_allowed
from survey_cli.permissions import StaffRole
from survey_cli.problems import UserError
from survey_cli.reports.fieldwork.status import FieldworkStatus
from survey_cli.services import privacy
from survey_cli.services.cases import case_actions, floor
from survey_cli.services.cases.case_lists import load_case_sheet
from survey_cli.services.cases.fieldwork_status import load_fieldwork_status
from survey_cli.services.data.export_options import ExportOptions
from survey_cli.services.run_on_study import Request
from survey_cli.services.sample.do_not_call_list import DoNotCallRequest, add_numbers, count_numbers
from survey_cli.simulate.fieldwork.behavior import FieldworkSettings, Propensities
from survey_cli.tui.board import listings, overview
from survey_cli.wording import format_work_time

ZONE = ZoneInfo("America/Chicago")
SHOWN_CELL = re.compile(
    r"^  quota (.+): ([\d,]+) counted(?:, ([\d,]+) in progress)?, target ", re.MULTILINE
)
"""Places of a quota cell as `survey case show` prints them."""
HEAD = """
instrument: figures
title: Figures
sample:
  unit: {type: text, role: key}
  kind: {type: single, options: {1: Sector, 2: District}}
  phone: {type: text, role: phone}
  replicate: {type: text, role: replicate}
"""
ITEMS = """
items:
  - {id: hello, type: read, text: Good day.}
  - {id: consent, type: single, text: May I?, options: {1: "Yes", 2: "No"}, declines: []}
  - {id: no, type: end, unless: consent == 1, outcome: refusal_soft, text: Bye}
  - {id: sex, type: single, text: Sex?, options: {1: F, 2: M}, declines: []}
  - {id: place, type: lookup, quota: sexes}
  - {id: full, type: end, ask_if: "place == 'full'", outcome: quota_full, text: Bye}
  - {id: a, type: scale, from: 0, to: 10, text: First?}
  - {id: b, type: number, max: 9, text: Second?}
  - {id: c, type: single, text: Third?, options: {1: X, 2: Y, 3: Z}}
  - {id: d, type: single, text: Fourth?, options: {1: X, 2: Y, 3: Z}}
"""
FIELDWORK = """
fieldwork:
  frame: rdd
  country: US
  zone: America/Chicago
  hours: {mon-sun: "10:00-13:00"}
  holidays: false
  lease: 10m
  attempts: {total: 6, per_day: 3}
  eligible_from: sex
  partial_from: place
  delays: {no_answer: 30m, machine: 40m, callback: 1h, refusal_soft: 2h, hangup_intro: 1h, break_off: 2h}
  breaks: {lunch: unpaid, rest: paid}
quotas:
  - {id: sexes, by: [sex], targets: {1: 30, 2: 9}}
  - {id: kinds, by: [kind], targets: {1: 90, 2: 90}, soft: true}
"""
STAFF = tuple(Interviewer(login=f"i{n}", role=StaffRole.INTERVIEWER) for n in range(1, 5))
PEOPLE = "login,role\nsue,supervisor\npostgres,supervisor\n" + "".join(
    f"{who.login},interviewer\n" for who in STAFF
)
CASES = 40 * min(SCALE, 2)
DAYS = 2
LOOKS = 2
"""Looks at the figures while stations are at work, on each day."""


class BusyField(StationSimulation):
    """Fieldwork whose stations stop now and then, with a supervisor who corrects, erases and lists numbers."""

    def __init__(self, shift: Shift, seed: int) -> None:
        self.shift = shift
        self.fate = Random(f"figures {seed}")
        self.done: Counter[str] = Counter()
        propensities = Propensities(
            contact=0.5, refuse=0.2, call_again=0.3, keep_appointment=0.6, interrupt=0.25
        )
        settings = FieldworkSettings(
            starts=date(2026, 11, 23), days=DAYS, seed=seed, zone=ZONE, propensities=propensities
        )
        super().__init__(shift.study(), STAFF, settings)
        opens = datetime(2026, 11, 23, 10, 15, tzinfo=ZONE).astimezone(UTC)
        minutes = sorted(
            self.fate.uniform(0, 165) + 1440 * day for day in range(DAYS) for _ in range(LOOKS - 1)
        )
        minutes = [self.fate.uniform(5, 20), *minutes]
        self._looks = [opens + timedelta(minutes=minute) for minute in minutes]

    @property
    def request(self) -> Request:
        return Request(
            path=str(self.shift.file),
            at=self.at,
            db=self.shift.db,
            by="sue",
            people=self.shift._list(),
        )

    def step(self) -> bool:
        more = super().step()
        if more and self.agenda and self.fate.random() < 0.008:
            self._stop_station()
        if self.fate.random() < 0.02:
            self._supervise()
        if self._looks and self.at >= self._looks[0]:
            self._looks.pop(0)
            compare_places(self)
        return more

    def _stop_station(self) -> None:
        """A station stops where it stands; its interviewer is back later, or the next day."""
        turn = self.fate.choice(self.agenda)
        self.agenda.remove(turn)
        turn.action_times.close()
        back = self.at + timedelta(minutes=self.fate.choice((1, 4, 30, 180, 1440)))
        self.agenda.append(AgendaEntry(back, turn.number, self.iterate_shifts(turn.number)))
        heapify(self.agenda)
        self.done["stopped"] += 1

    def _supervise(self) -> None:
        rows = [row for row in self.study.store.cases.queries.iterate_rows() if row.seq > 2]
        if not rows:
            return
        deed = self.fate.choice(("correct", "correct", "erase", "list", "free"))
        if deed == "erase":
            rows = [row for row in rows if row.position.code == "1.1"] or rows
        row = self.fate.choice(rows)
        try:
            match deed:
                case "correct":
                    outcome = self.fate.choice(
                        ("callback", "refusal_hard", "never_call", "no_answer")
                    )
                    case_actions.correct_outcome(
                        self.request, row.key, outcome, note="heard the recording"
                    )
                case "erase" if row.position.code == "1.1" and self.done["erase"] < 3:
                    privacy.erase_person(self.request, row.key, why="asked for it")
                case "list":
                    contact = self.study.store.cases.queries.find_contact(row.key)
                    numbers = (
                        [number.e164 for number in contact.numbers] if contact is not None else []
                    )
                    add_numbers(self.list_request, numbers, reason="letter")
                case "free" if row.holder is not None:
                    case_actions.free_case(self.request, row.key)
                case _:
                    return
        except UserError:
            return
        self.done[deed] += 1

    @property
    def list_request(self) -> DoNotCallRequest:
        return DoNotCallRequest(at=self.at, by="sue", db=self.shift.db)


# what each place shows


def read_csv(field: BusyField, what: str, **options: Any) -> list[dict[str, str]]:
    to = field.shift.folder / f"{what}.csv"
    written = ExportOptions(
        to=str(to),
        db=field.shift.db,
        what=what,
        force=True,
        zone=ZONE,
        at=field.at,
        people=field.shift._list(),
        **options,
    )
    export_file(field.shift.file, written)
    with to.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def find_number(pattern: str, text: str) -> int:
    found = re.search(pattern.replace("N", r"([\d,]+)"), text, re.MULTILINE)
    return int(found[1].replace(",", "")) if found else 0


def read_columns(lines: list[str], heading: str) -> list[list[str]]:
    """Read the rows below a heading of `survey status`; columns are at least two spaces apart."""
    begins = next((n for n, line in enumerate(lines) if line.startswith(heading)), None)
    rows = []
    for line in lines[begins + 2 :] if begins is not None else ():
        if not line.startswith("  "):
            break
        rows.append(re.split(r"\s{2,}", line.strip()))
    return rows


def read_board(status: FieldworkStatus) -> tuple[str, dict[str, dict[str, str]]]:
    """Read the overview of the board, and its people by login and column."""
    boxes = (overview.build_progress(status), overview.build_sample(status))
    listing = listings.list_people(status)
    people = {
        line.cells[0]: dict(zip(listing.head, line.cells, strict=True)) for line in listing.lines
    }
    return "\n".join(box.plain for box in boxes), people


def read_page(status: FieldworkStatus) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", render_status_html(status)))


def check_equal(what: str, **places: object) -> None:
    assert len(set(places.values())) == 1, f"{what}: {places}"


def compare_places(field: BusyField) -> None:
    """Compute each figure from every place that shows it."""
    status = load_fieldwork_status(field.request, zone=ZONE)
    lines = render_status(status, cells=100)
    text, page = "\n".join(lines), read_page(status)
    overview, people = read_board(status)
    cases = read_csv(field, "cases")
    codes = Counter(row["case_code"] for row in cases)
    compare_cases(field, status, text, page, overview, cases, codes)
    compare_people(field, status, lines, people)
    compare_cells(field, status, cases)


def compare_cells(field: BusyField, status: FieldworkStatus, cases: list[dict[str, str]]) -> None:
    """Compare the places of quota cells with those that `case show` prints, and the cases that stations have."""
    places = {cell.label: (f"{cell.taken:,}", f"{cell.held:,}") for cell in status.cells}
    leased = list_leased(field)
    shown = 0
    for key in {*leased, *(row["case"] for row in cases[:10])}:
        text = "\n".join(render_sheet(load_case_sheet(field.request, key)))
        assert ("at a station: " in text) == (key in leased)
        for label, counted, in_progress in SHOWN_CELL.findall(text):
            assert places[label] == (counted, in_progress or "0"), key
            shown += 1
    assert shown


def compare_cases(
    field: BusyField,
    status: FieldworkStatus,
    text: str,
    page: str,
    overview: str,
    cases: list[dict[str, str]],
    codes: Counter[str],
) -> None:
    leased = list_leased(field)
    interviews = read_csv(field, "interviews", partials=True)
    data = sum(row["interview_outcome"] == "complete" for row in interviews)
    erased = find_number(r"^N of the complete interviews were erased", text)
    counts = [column.counts for column in status.data.rates if column.counts is not None]
    released = Counter(row["case_code"] for row in cases if row["case_released"] == "1")
    check_equal(
        "complete",
        status=find_number(r"^N (?:of [\d,]+ )?complete", text),
        board=find_number(r"^N(?: of [\d,]+)?, [\d,]+ today", overview),
        page=find_number(r"Complete interviews: N", page),
        cases=codes["1.1"],
        interviews=data + erased,
        sexes=sum(cell.taken for cell in status.cells if cell.label.startswith("sexes")),
        kinds=sum(cell.taken for cell in status.cells if cell.label.startswith("kinds")),
    )
    check_equal(
        "partial",
        status=find_number(r"^N partial", text),
        board=find_number(r"^N partial", overview),
        page=find_number(r"Partial interviews: N", page),
        cases=codes["1.2"],
    )
    if counts:
        check_equal("I", rates=sum(int(c.i) for c in counts), cases=released["1.1"])
        check_equal("P", rates=sum(int(c.p) for c in counts), cases=released["1.2"])
    check_equal(
        "callable now",
        heading=find_number(r"^cases, current status \(N callable now\)", text),
        lines=find_number(r"^  by_all +N ", text) + find_number(r"^  by_some +N ", text),
        board=find_number(r"^callable now N", overview),
        page=find_number(r"Callable now: N", page),
        rules=count_callable(field),
    )
    check_equal(
        "done",
        status=find_number(r"^  done +N ", text),
        board=find_number(r"^done N", overview),
        page=find_number(r"; done: N", page),
        cases=sum(row["case_status"] == "done" for row in cases if row["case"] not in leased),
    )
    check_equal(
        "at stations",
        status=find_number(r"^  leased +N ", text),
        heading=find_number(r"^at stations now: N", text),
        board=find_number(r"^at stations N", overview),
        leases=len(leased),
    )
    numbers = [number for _, case in iterate_cases(field) for number in case.numbers]
    closed = sum(number.state == "never_call" for number in numbers)
    listed = count_numbers(field.list_request)[1]
    check_equal(
        "closed by do-not-call",
        status=find_number(r"N closed by do-not-call", text),
        histories=closed,
    )
    check_equal(
        "on the list", status=find_number(r"N on the do-not-call list", text), command=listed
    )


def compare_people(
    field: BusyField, status: FieldworkStatus, lines: list[str], people: dict[str, dict[str, str]]
) -> None:
    today = f"{field.at.astimezone(ZONE):%Y-%m-%d}"
    rows = read_csv(field, "shifts")
    calls = read_csv(field, "calls")
    shown = {row[0]: row for row in read_columns(lines, "interviewers, ")}
    for who in STAFF:
        own = [row for row in rows if row["interviewer"] == who.login]
        dialed = [
            row for row in calls if row["interviewer"] == who.login and row["position"] != "0"
        ]
        total = {
            name: sum(float(row[name]) for row in own)
            for name in ("calls", "completes", "refusals", "on_cases")
        }
        if who.login in shown:
            _, completed, called, *_ = shown[who.login]
            refusals = next(cell for cell in shown[who.login] if " of " in cell).partition(" ")[0]
            check_equal(
                f"calls of {who.login}",
                status=int(called),
                shifts=total["calls"],
                calls=len(dialed),
            )
            check_equal(
                f"completed by {who.login}", status=int(completed), shifts=total["completes"]
            )
            check_equal(f"refusals of {who.login}", status=int(refusals), shifts=total["refusals"])
            open_now = {lease.who for lease in status.data.leases}
            if who.login not in open_now:  # a session that goes on is in no total yet
                [line] = [person for person in status.people if person.name == who.login]
                minutes = line.on_cases / timedelta(minutes=1)
                assert abs(minutes - total["on_cases"]) < 0.3, (
                    who.login,
                    minutes,
                    total,
                )  # both are rounded
        [*days] = [row for row in own if row["day"] == today]
        if days and who.login in people:
            [day], line = days, people[who.login]
            summary = floor.load_shift(field.request, who.login, today).summary
            listed = {
                person.login: person for person in floor.load_current_floor(field.request).people
            }
            paid = timedelta(minutes=float(day["paid"]))
            check_equal(
                f"paid time of {who.login}",
                board=line["paid time"],
                list=format_work_time(listed[who.login].paid),
                day=format_work_time(summary.paid_time),
            )
            assert abs(paid - summary.paid_time) < timedelta(seconds=4), (
                who.login,
                paid,
                summary.paid_time,
            )
            check_equal(
                f"calls today of {who.login}",
                day=summary.calls,
                export=int(day["calls"]),
                board=int(line["calls"]),
            )
            check_equal(
                f"completed today by {who.login}",
                day=summary.completes,
                export=int(day["completes"]),
                board=int(line["completed"]),
            )
            if summary.working_time:
                share = summary.time_on_cases / summary.working_time
                check_equal(
                    f"share on cases of {who.login}",
                    board=line["share on cases"],
                    day=f"{min(share, 1):.0%}",
                )
    attempts = sum(person.sessions for person in status.people)
    answered = sum(person.reached for person in status.people)
    parts = read_columns(lines, "attempts by the respondent's time of day")
    check_equal("attempts", parts=sum(int(row[1]) for row in parts), people=attempts)
    check_equal(
        "answered", parts=sum(int(row[2].partition(",")[0]) for row in parts), people=answered
    )


def iterate_cases(field: BusyField) -> Iterator[tuple[str, Case]]:
    for key, history in field.study.store.cases.queries.iterate_histories():
        yield key, Case.from_history(key, history)


def list_leased(field: BusyField) -> set[str]:
    return {
        row.key for row in field.study.store.cases.queries.iterate_rows() if row.holder is not None
    }


def count_callable(field: BusyField) -> int:
    """Count the cases that the rules allow at least one interviewer to call."""
    study, leased = field.study, list_leased(field)
    full = study.plan.quotas.list_full_cells(study.store.cases.quotas.read_fill())
    allowed = 0
    for key, case in iterate_cases(field):
        if key in leased:
            continue
        contexts = (
            ClaimContext(at=field.at, who=who, people=study.people, full_cells=full)
            for who in STAFF
        )
        allowed += any(is_allowed(case, study.plan, context) for context in contexts)
    return allowed


@pytest.fixture(params=["file", "server"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A file or a real server, for a supervisor in Chicago."""
    monkeypatch.setattr("survey_cli.store.backends.account.read_system_account", lambda: "sue")
    if request.param == "server":
        where = postgres_server.start_server()
        monkeypatch.setattr(
            Shift, "place", staticmethod(lambda folder: postgres_server.create_address())
        )
        yield "server"
        Shift.close_all()
        postgres_server.run_query(where, "DROP SCHEMA IF EXISTS survey_shared CASCADE")
    else:
        yield "file"
        Shift.close_all()


@pytest.mark.parametrize("seed", range(1, 1 + SCALE))
def test_each_figure_is_the_same_wherever_it_is_shown(
    tmp_path: Path, place: str, seed: int, set_time_zone: Callable[[str], None]
) -> None:
    set_time_zone("America/Chicago")
    dice = Random(f"sample {seed}")
    lines = ["unit,kind,phone,replicate"]
    lines += [
        f"c{n},{dice.choice('12')},312 555 {n:04},{dice.choice('112')}"
        for n in range(100, 100 + CASES)
    ]
    shift = Shift(
        tmp_path,
        ITEMS,
        "",
        FIELDWORK,
        HEAD,
        at=datetime(2026, 11, 22, 18, tzinfo=UTC),
        people=PEOPLE,
    )
    shift.bring("\n".join(lines) + "\n", release="1")
    field = BusyField(shift, seed)
    field.run()
    compare_places(field)
    assert field.done["stopped"]
    assert field.done["correct"]
    assert field.done["erase"]
    assert field.done["list"]
