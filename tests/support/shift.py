"""A study in the field: an instrument as text, cases as rows of a sample file, stations on a clock that stands still
until it is moved.

`shift = Shift(tmp_path, ITEMS, "unit,phone\\nA,…")`; `ann = shift.station("ann")`; `ann.record_outcome("busy")`;
`shift.later(minutes=20)`. Everything is real but the clock: the database, the queue, the interviews.
"""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from support.user_errors import attempt
from survey_cli.entries import ReadEntry
from survey_cli.fieldwork.case.case import Case
from survey_cli.problems import UserError
from survey_cli.services.run_on_study import Request
from survey_cli.services.sample.import_sample import ImportOptions, ImportResult, import_sample
from survey_cli.services.study_administration import PublishedVersion, publish_version
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.station.station import StationOptions, StationSession
from survey_cli.sessions.station.station_views import CaseView
from survey_cli.store import Store
from survey_cli.store.backends import account
from survey_cli.store.backends.address import is_server_address
from survey_cli.store.backends.sqlite.database_files import is_shared_by_group
from survey_cli.store.cases.case_records import CaseRow
from survey_cli.study.consistency.upkeep import rebuild_queue
from survey_cli.study.open_study import OpenStudy, open_study

TUESDAY = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
"""10:00 in Chicago, 09:00 in Denver."""
OPTIONS = StationOptions(zone=ZoneInfo("America/Chicago"))

HEAD = """
instrument: field
title: Field test
version: "1"
sample:
  unit: {type: text, role: key}
  kind: {type: single, options: {1: Sector, 2: District}}
  name: {type: text, role: name}
  phone: {type: text, role: phone}
  zone: {type: text, role: zone}
"""
ITEMS = """
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer} calling for the Institute."}
  - {id: a, type: single, text: First?, options: {1: "Yes", 2: "No"}}
  - {id: b, type: single, text: Second?, options: {1: "Yes", 2: "No"}}
  - {id: c, type: single, text: Third?, options: {1: "Yes", 2: "No"}}
"""
FIELDWORK = """
fieldwork:
  frame: establishment
  country: US
  hours: {mon-fri: "09:00-20:30", sat: "10:00-17:00"}
  attempts: {total: 8, per_day: 3}
  dayparts: {day: "09:00-17:00", evening: "17:00-20:30"}
"""
CASES = """unit,kind,name,phone,zone
A,1,Alice Adams,312 555 0100,America/Chicago
"""


IMPORTED: dict[tuple[object, ...], tuple[str, dict[str, bytes]]] = {}
"""The files that an import writes, by all that it depends on, and the last test that has them."""


def on_a_file(folder: Path) -> str:
    return str(folder / "field.db")


@dataclass
class Shift:
    """One study, some stations, one clock."""

    folder: Path
    items: str = ITEMS
    cases: str = CASES
    fieldwork: str = FIELDWORK
    head: str = HEAD
    at: datetime = TUESDAY
    db: str = ""
    people: str = ""
    name: str = "field.yaml"
    opened: ClassVar[list[OpenStudy]] = []
    """All that were opened, for whoever closes them at a test's end."""
    place: ClassVar[Callable[[Path], str]] = staticmethod(on_a_file)
    """Where a study is kept of which it is not said."""

    def __post_init__(self) -> None:
        self.file = self.folder / self.name
        self.db = self.db or type(self).place(self.folder)
        self.write(self.items)
        if self.people:
            (self.folder / "interviewers.csv").write_text(self.people)
        if self.cases and not self._copy_imported():
            self.bring(self.cases)

    def _copy_imported(self) -> bool:
        """Copy what the import of the same sample wrote in an earlier test; whether this was done.

        Only into a folder with nothing else, and once per test, where two studies must not have one identity.
        """
        others = {file.name for file in self.folder.iterdir()} - {"field.yaml", "interviewers.csv"}
        test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
        if (
            self.db != on_a_file(self.folder)
            or others
            or is_shared_by_group(self.folder)
            or not test
        ):
            return False
        key = (
            self.head,
            self.items,
            self.fieldwork,
            self.cases,
            self.people,
            self.at,
            account.read_system_account(),
        )
        last, contents = IMPORTED.get(key, (test, {}))
        if contents and last != test:
            for name, content in contents.items():
                file = self.folder / name
                file.touch(0o600 if name.startswith(("field.db", "never_call")) else 0o666)
                file.write_bytes(content)
            with closing(sqlite3.connect(self.db)) as db, db:
                db.execute("UPDATE imports SET file = ?", [str(self.folder / "cases.csv")])
        elif not contents:
            self.bring(self.cases)
            contents = {file.name: file.read_bytes() for file in self.folder.iterdir()}
        else:
            return False
        IMPORTED[key] = test, contents
        return True

    def write(self, items: str) -> None:
        self.file.write_text(self.head + items + self.fieldwork)

    def publish(self) -> PublishedVersion | UserError | None:
        """Have a server's stations follow the file, as a database file's do by themselves."""
        if not is_server_address(self.db):
            return None
        return attempt(publish_version, Request(path=str(self.file), at=self.at, db=self.db))

    def bring(self, cases: str, **how: Any) -> ImportResult:
        sample = self.folder / "cases.csv"
        sample.write_text(cases)
        request = Request(
            path=str(self.file), at=self.at, db=self.db, by="sue", people=self._list()
        )
        done = import_sample(
            request, ImportOptions(file=str(sample), rng=Random(str(self.at)), **how)
        )
        assert isinstance(done, ImportResult), done
        return done

    def _list(self) -> str | None:
        return str(self.folder / "interviewers.csv") if self.people else None

    @classmethod
    def close_all(cls) -> None:
        while cls.opened:
            cls.opened.pop().close()

    def later(self, *, days: float = 0, hours: float = 0, minutes: float = 0) -> None:
        self.at += timedelta(days=days, hours=hours, minutes=minutes)

    def to(self, text: str, zone: str = "America/Chicago") -> None:
        """Put the clock to a wall time."""
        self.at = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)

    def study(self, by: str = "") -> OpenStudy:
        study = open_study(self.file, db=self.db, by=by or "sue", people=self._list())
        assert isinstance(study, OpenStudy), study
        self.opened.append(study)
        return study

    def station(
        self, by: str = "ann", name: str = "", options: StationOptions = OPTIONS
    ) -> StationSession:
        study = self.study(by)
        here = StationSession(
            study=study,
            station=name or f"of {by}",
            clock=lambda: self.at,
            options=options,
        )
        rebuild_queue(study, self.at)
        assert here.start().rejection is None
        return here

    def case(self, key: str) -> Case:
        with Store.open(self.db, create=False) as store:
            return Case.from_history(key, store.cases.queries.read_history(key))

    def row(self, key: str) -> CaseRow:
        with Store.open(self.db, create=False) as store:
            row = store.cases.queries.find_row(key)
            assert row is not None
            return row


def on(station: StationSession) -> str:
    """The key of the case on the screen; empty where there is none."""
    view = station.look().view
    return view.key if isinstance(view, CaseView) else ""


def interviewed(station: StationSession, *answers: str) -> InterviewSession:
    """Hold the interview: `answers` one after another; texts to read are confirmed."""
    step = station.open_interview()
    conduct = step.interview
    assert conduct is not None, step.rejection
    entries = list(answers)
    while True:
        prompt = conduct.prompt()
        if prompt is None:
            return conduct
        if isinstance(prompt.entry, ReadEntry):
            assert conduct.reply("") is None
        elif entries:
            assert conduct.reply(entries.pop(0)) is None
        else:
            return conduct
