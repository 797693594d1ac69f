"""Helpers of tests of the store: an instrument, interviews, other programs on the same machine."""

import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from support import postgres_server
from support.programs import Program
from survey_cli.engine.codec import make_row_reader
from survey_cli.engine.events import (
    EventStamp,
    InterviewStarted,
    QuestionAnswered,
    SessionContext,
)
from survey_cli.problems import StoreError
from survey_cli.store import (
    InstrumentRow,
    InterviewConflict,
    InterviewRow,
    JournalUpdate,
    Snapshot,
    Store,
    WholeInterview,
)
from survey_cli.values import DK, NOT_ASKED, Place, Variable

NOON = datetime(2000, 6, 1, 12, tzinfo=UTC)
SITTING = SessionContext("Ann", "morning", "en")
HASH = "c0ffee" * 10

VARIABLES = (
    Variable(
        name="own",
        label="Owns a car",
        labels={1: "Yes", 2: "No", "1": "one in words"},
        declines={"dk": (-8, "Don't know"), "refused": (-9, "Refused")},
        wording="Do you own a car?",
        item="own",
    ),
    Variable(name="phone", storage="text", item="phone", personal=True, role="sample"),
    Variable(name="visit", storage="date", item="visit", turn=2),
    Variable(
        name="m_tv",
        labels={0: "Not named", 1: "Named"},
        user_missing=(9, "x"),
        item="m",
        option="tv",
        decimals=2,
    ),
    Variable(name="m_8", item="m", option=8, measure="ordinal"),
)
CELLS = (1, "202 555 0100", date(2000, 1, 31), DK, NOT_ASKED)


class Row(NamedTuple):
    """An interview with its cells, read."""

    interview: InterviewRow
    snapshot: Snapshot | None


def rows(store: Store, instrument: str, **wanted) -> Iterator[Row]:
    """The lines of an export, read; personal cells are `not_asked` unless asked for."""
    read = make_row_reader([variable.storage for variable in store.data.read_variables(instrument)])
    for line in store.data.iterate_export_rows(instrument, **wanted):
        interview = store.interviews.find_row(line.id)
        snapshot = line.cells and Snapshot(interview.last_seq, line.engine, read(line.cells))
        yield Row(interview, snapshot or None)


def moment(k: int = 0) -> datetime:
    return NOON + timedelta(seconds=k)


def stamp(k: int = 0, *, by: str = "ann", station: str = "s1") -> EventStamp:
    return EventStamp(moment(k), by, station)


def an_instrument(**other) -> InstrumentRow:
    row = {
        "hash": HASH,
        "id": "asu_2000",
        "version": "1",
        "title": "Survey of Units",
        "texts": {"asu.yaml": "title: señal\n", "modules/a.yaml": "items: []\n"},
        "variables": VARIABLES,
        "kept_at": NOON,
    }
    return InstrumentRow(**{**row, **other})


def an_interview(id: str = "i1", **other) -> InterviewRow:
    row = {
        "id": id,
        "case": f"case {id}",
        "instrument": HASH,
        "began_at": NOON,
        "by": "ann",
        "updated_at": NOON,
    }
    return InterviewRow(**{**row, **other})


def began(case: str = "case i1", *, by: str = "ann") -> InterviewStarted:
    return InterviewStarted(
        stamp(by=by), HASH, 7, case, NOON.date(), SITTING, sample={"phone": "202 555 0100"}
    )


def begin(store: Store, id: str = "i1", **other) -> InterviewRow:
    interview = an_interview(id, **other)
    assert store.interviews.start(interview, began(interview.case)) is None
    return interview


def answer(
    store: Store, seq: int, *, id: str = "i1", event=None, **other
) -> InterviewConflict | None:
    event = event or QuestionAnswered(stamp(seq), Place("own"), seq)
    row = {"status": "open", "at_item": "own", "answered": seq - 1}
    return store.interviews.append(JournalUpdate(id, seq, [event], **{**row, **other}))


@pytest.fixture(name="path")
def a_path(tmp_path: Path) -> Path:
    return tmp_path / "responses" / "asu_2000.db"


@pytest.fixture(name="place", params=["file", "server"])
def a_place(request, path: Path) -> Path | str:
    """Where other programs come to the same interviews: a file, or a study on a server."""
    path.parent.mkdir()
    return path if request.param == "file" else postgres_server.create_address()


@pytest.fixture(name="kept")
def a_store_of_many(place: Path | str):
    with Store.open(place, create=True) as found:
        found.data.add_instrument(an_instrument())
        begin(found)
        yield found


@pytest.fixture(name="store", params=["file", "memory", "server"])
def a_store(request, path: Path):
    path.parent.mkdir()
    place = {"file": path, "memory": ":memory:"}.get(
        request.param
    ) or postgres_server.create_address()
    with Store.open(place, create=True) as found:
        found.data.add_instrument(an_instrument())
        yield found


@pytest.fixture(name="on_disk")
def a_store_on_disk(path: Path):
    path.parent.mkdir()
    with Store.open(path, create=True) as found:
        found.data.add_instrument(an_instrument())
        begin(found)
        yield found


def sql(path: Path | str, statement: str, *parameters):
    """Asked as somebody with a database browser would."""
    if isinstance(path, str):
        return postgres_server.run_query(path, statement, *parameters)
    connection = sqlite3.connect(path)
    try:
        found = connection.execute(statement, parameters).fetchall()
        connection.commit()
        return found
    finally:
        connection.close()


def views(place: Path | str) -> list[str]:
    """Their names, in order."""
    asked = "SELECT name FROM sqlite_master WHERE type = 'view'"
    if isinstance(place, str):
        asked = "SELECT viewname FROM pg_views WHERE schemaname = current_schema()"
    return sorted(name for (name,) in sql(place, asked))


PRELUDE = f"""
import os, random, sys, time
from datetime import UTC, datetime
from survey_cli.engine.events import QuestionAnswered, InterviewStarted, SessionContext, EventStamp
from survey_cli.problems import StoreError
from survey_cli.store import InstrumentRow, InterviewRow, Store, InterviewConflict, JournalUpdate
from survey_cli.values import Place
NOON = datetime(2000, 6, 1, 12, tzinfo=UTC)
HASH = {HASH!r}
def start(store, id, by="ann"):
    first = InterviewStarted(EventStamp(NOON, by, by), HASH, 7, id, NOON.date(), SessionContext("Ann", "morning", "en"))
    return store.interviews.start(InterviewRow(id, id, HASH, NOON, by, NOON), first)
def answer(store, id, seq, by="ann"):
    event = QuestionAnswered(EventStamp(NOON, by, by), Place("own"), seq)
    return store.interviews.append(JournalUpdate(id, seq, [event], status="open", at_item="own", answered=seq - 1))
"""


def child(script: str, *arguments: object, cwd: Path | None = None) -> Program:
    """Another program on the same machine."""
    return Program(PRELUDE, script, list(map(str, arguments)), cwd=cwd)


def outcome(process: Program) -> str:
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    return out


def wholes(count: int, *, first: int = 0, events: int = 3):
    for k in range(first, first + count):
        interview = an_interview(f"s{k:05}", origin="simulated", last_seq=events, status="ended")
        journal = [
            began(interview.case),
            *(QuestionAnswered(stamp(e), Place("own"), e) for e in range(2, events + 1)),
        ]
        yield WholeInterview(interview, journal, Snapshot(events, "1", CELLS))


def refusal(path, **options) -> str:
    with pytest.raises(StoreError) as problem:
        Store.open(path, **{"create": True, **options})
    said = str(problem.value)
    assert said.startswith(f"{path}: ")
    assert " — " in said
    return said


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
