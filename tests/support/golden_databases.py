"""Databases that earlier versions of the program wrote, stored as SQL text, and the script that wrote them.

`PYTHONPATH=tests python -m support.golden_databases NAME` writes `tests/data/databases/NAME.*` with the present
program. Run it once before the schema changes, with a new name. Existing files are never written again.
"""

import gzip
import re
import sqlite3
import sys
from pathlib import Path

from support.postgres_server import create_address, run_query
from support.shift import Shift, interviewed, on
from survey_cli.services.privacy import erase_person
from survey_cli.services.run_on_study import Request
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume
from survey_cli.store import EntryDraft, Store
from survey_cli.store.backends.address import SHARED_SCHEMA, find_schema
from survey_cli.store.backends.postgres import connection as postgres
from survey_cli.study.consistency.person_erasure import ErasureResult

FOLDER = Path(__file__).parents[1] / "data" / "databases"
NAMES = (
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
)
"""The oldest first."""

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
  - {id: place, type: lookup, quota: kinds}
  - {id: a, type: single, text: First?, options: {1: "Yes", 2: "No"}}
  - {id: m, type: multiple, text: Which?, options: {1: Press, 2: Radio, 3: Television}}
  - {id: n, type: number, text: How many?, min: 0, max: 99}
  - {id: who, type: text, text: "What is your name?", personal: true}
  - {id: why, type: text, text: "Why?"}
  - {id: when, type: date, text: "When was that?"}
compute: {many: "n >= 10"}
quotas:
  - {id: kinds, by: [kind], targets: {1: 3, 2: 5}}
"""
FIELDWORK = """
fieldwork:
  frame: establishment
  country: US
  hours: {mon-fri: "09:00-20:30", sat: "10:00-17:00"}
  attempts: {total: 8, per_day: 3}
  dayparts: {day: "09:00-17:00", evening: "17:00-20:30"}
"""
CASES = "unit,kind,name,phone,zone\n" + "".join(
    f"{key},{1 + k % 2},Name {key},312 555 01{k:02},America/Chicago\n"
    for k, key in enumerate("ABCDEFGH")
)


def practice(shift: Shift) -> None:
    """One interview for practice, ended."""
    columns = {"kind": "1", "zone": "America/Chicago"}
    desk = start_or_resume(
        shift.file,
        StartOptions(
            case="P",
            interviewer="ann",
            db=shift.db,
            practice=True,
            station="of ann",
            columns=columns,
        ),
        clock=lambda: shift.at,
    )
    assert isinstance(desk, InterviewSession), desk
    for text in ("", "2", "1 3", "12", "Pat", "for practice", "2000-01-31"):
        assert desk.reply(text) is None, text
    assert desk.close() is None


def write(shift: Shift) -> None:
    """A morning of calls: complete, suspended with a draft, refused, promised, no answer, never to be called again,
    erased, with a station at the end, and one of practice."""
    ann = shift.station("ann")

    def take(key: str) -> None:
        fetched = ann.fetch_case(key)
        assert fetched.rejection is None, fetched.rejection
        dialed = ann.dial()
        assert dialed.rejection is None, dialed.rejection
        shift.later(minutes=1)

    take("A")
    interviewed(ann, "1", "1 3", "12", "Ada", "because", "2000-01-31")
    assert ann.close_interview().rejection is None
    take("B")
    desk = interviewed(ann, "2", "2", "3", "Bert")
    desk.save_draft("half a rea")
    assert desk.suspend() is None
    assert ann.close_interview().rejection is None
    assert ann.record_outcome("callback", note="asked to be called again").rejection is None
    take("C")
    assert ann.record_outcome("refusal_soft", note="busy now").rejection is None
    take("D")
    assert ann.book_appointment("Friday 3 pm", person="the owner", policy="me").rejection is None
    take("E")
    assert ann.record_outcome("no_answer").rejection is None
    take("F")
    assert ann.record_outcome("never_call").rejection is None
    take("G")
    interviewed(ann, "1", "2", "40", "Gus", "for reasons", "1999-12-31")
    assert ann.close_interview().rejection is None
    ann.end_shift()
    practice(shift)
    request = Request(path=str(shift.file), at=shift.at, db=shift.db, by="sue")
    assert isinstance(erase_person(request, "G", why="asked by letter"), ErasureResult)
    with Store.open(shift.db, create=False) as store:
        [row] = store.interviews.list_rows(case="B")
        store.interviews.save_draft(row.id, EntryDraft("why", "half a rea", shift.at))
    bob = shift.station("bob")
    assert on(bob) == "H"
    shift.close_all()


def dump_file(path: Path) -> str:
    """A database file as SQL text."""
    connection = sqlite3.connect(path)
    marks = [
        f"PRAGMA {name} = {connection.execute(f'PRAGMA {name}').fetchone()[0]};"
        for name in ("application_id", "user_version")
    ]
    found = "\n".join([*marks, *connection.iterdump()])
    connection.close()
    return found + "\n"


def load_file(name: str, to: Path) -> Path:
    """A database as that version left it."""
    text = gzip.decompress((FOLDER / f"{name}.sql.gz").read_bytes()).decode()
    connection = sqlite3.connect(to)
    connection.executescript(text)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    to.chmod(0o600)
    key = FOLDER / f"{name}.key.gz"
    if key.exists():
        Path(f"{to}.key").write_bytes(gzip.decompress(key.read_bytes()))
    return to


class Recorded:
    """What is made on a server while a study is written there."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self._marked = postgres.convert_statement

    def __enter__(self) -> "Recorded":
        postgres.convert_statement = self._seen  # type: ignore[assignment]
        return self

    def __exit__(self, *_: object) -> None:
        postgres.convert_statement = self._marked

    def _seen(self, statement: str, schema: str) -> bytes:
        if statement.startswith(("CREATE", "ALTER")):
            self.statements.append(statement)
        return self._marked(statement, schema)


def dump_server(address: str, made: list[str]) -> str:
    """Schemas of a server as SQL text: what was made, then the rows."""
    lines, inserts = [], []
    for statement in made:
        schema = SHARED_SCHEMA if "never_call" in statement else "field"
        if not statement.startswith("CREATE SCHEMA"):
            lines.append(f"SET search_path TO {schema}, field_contacts")
        lines.append(statement)
        table = re.match(r'CREATE TABLE (?:IF NOT EXISTS )?"?(?:field"\.)?(\w+)', statement)
        if table is not None:
            columns = "name" if table[1] == "applied_steps" else "*"
            place = f"{find_schema(table[1], 'field')}.{table[1]}"
            for row in run_query(address, f"SELECT {columns} FROM {place}"):
                names = "(name) " if columns == "name" else ""
                values = ", ".join(map(_literal, row))
                inserts.append(f"INSERT INTO {place} {names}VALUES ({values})")
    return ";\n".join([*lines, *inserts]) + ";\n"


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def load_server(name: str, address: str) -> None:
    """Replay that version's schema, which is called `field`, into the schema of this address."""
    import psycopg

    text = gzip.decompress((FOLDER / f"{name}.server.sql.gz").read_bytes()).decode()
    url, _, schema = address.partition("&schema=")
    text = re.sub(
        r"(INTO|TO) field(_contacts)?(?=[.;,])", rf"\1 {schema}\2", text.replace('"field"', schema)
    )
    text = text.replace("field_contacts", f"{schema}_contacts")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {SHARED_SCHEMA} CASCADE".encode())
        connection.execute(
            "SET session_replication_role TO replica"
        )  # no trigger writes what is restored
        connection.execute(text.encode())


def main(name: str) -> None:
    import tempfile

    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        shift = Shift(Path(folder), items=ITEMS, head=HEAD, fieldwork=FIELDWORK, cases=CASES)
        write(shift)
        put(f"{name}.sql.gz", dump_file(Path(shift.db)))
        put(f"{name}.list.sql.gz", dump_file(Path(folder, "never_call.db")))
        put(f"{name}.list.key.gz", Path(folder, "never_call.db.key").read_text())
    with tempfile.TemporaryDirectory() as folder:
        address = create_address().partition("&schema=")[0] + "&schema=field"
        with Recorded() as recorded:
            write(
                Shift(
                    Path(folder),
                    items=ITEMS,
                    head=HEAD,
                    fieldwork=FIELDWORK,
                    cases=CASES,
                    db=address,
                )
            )
        put(f"{name}.server.sql.gz", dump_server(address, recorded.statements))


def put(name: str, text: str) -> None:
    with (FOLDER / name).open("xb") as file:
        file.write(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main(sys.argv[1])
