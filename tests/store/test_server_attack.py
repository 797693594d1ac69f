"""An interviewer who knows the tables tries to damage a study with SQL; a supervisor's ordinary commands follow."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import postgres_server
from support.served_study import (
    DATABASE,
    NOW,
    Served,
    as_role,
    ask,
    claim,
    lease,
    refused,
    schema_of,
    serve,
)
from support.shift import ITEMS, Shift, interviewed, on
from survey_cli.cli.run_command import run_command
from survey_cli.reports.fieldwork.status import FieldworkStatus
from survey_cli.services.cases.fieldwork_status import load_fieldwork_status
from survey_cli.services.run_on_study import Request
from survey_cli.sessions.station.open_station import open_station
from survey_cli.sessions.station.station import StationSession


@pytest.fixture(name="shift")
def a_shift(tmp_path: Path) -> Iterator[Served]:
    yield serve(tmp_path)
    Shift.close_all()


PERSONAL = ITEMS + '  - {id: who, type: text, text: "Your name?", personal: true}\n'
MONTHS_AGO = "2026-01-05T09:00:00.000000Z"


def station(shift: Served, person: str) -> StationSession:
    made = open_station(shift.file, db=as_role(shift, person), station=f"of {person}")
    assert isinstance(made, StationSession), made
    return made


def complete(shift: Served, person: str, cases: int) -> list[str]:
    """Hold complete interviews."""
    here = station(shift, person)
    done = [*"ABCD"][:cases]
    for case in done:
        if on(here) != case:
            assert here.fetch_case(case).rejection is None
        interviewed(here, "1", "1", "1", "Zoe")
        assert here.close_interview().rejection is None
    assert here.end_shift().rejection is None
    here.close()
    return done


def copy_of(shift: Served) -> dict[str, list[tuple]]:
    """What must be the same after the attack."""
    contacts = f"{schema_of(shift)}_contacts"
    queries = {
        "contacts": f"SELECT * FROM {contacts}.case_contacts ORDER BY link",
        "personal answers": f"SELECT * FROM {contacts}.contacts ORDER BY interview",
        "journals": "SELECT * FROM journal ORDER BY interview, seq",
        "interviews": "SELECT * FROM interviews ORDER BY id",
        "data": "SELECT * FROM snapshots ORDER BY interview",
        "working times": "SELECT person, kind, at FROM work_events ORDER BY seq",
        "do-not-call list": "SELECT * FROM survey_shared.never_call ORDER BY hash",
    }
    return {what: postgres_server.run_query(shift.db, query) for what, query in queries.items()}


def event(shift: Shift, case: str, kind: str, payload: str, *, by: str, at: str = NOW) -> str:
    """The statement that adds an event to a case."""
    events = f"{schema_of(shift)}.case_events"
    return (
        f"INSERT INTO {events} (case_key, seq, kind, payload, at, by, station, key) SELECT '{case}', "
        f"count(*) + 1, '{kind}', '{payload}', {at}, '{by}', '', '' FROM {events} WHERE case_key = '{case}'"
    )


def answer(shift: Shift, interview: str, kind: str, payload: str, *, by: str, at: str = NOW) -> str:
    """The statement that adds an event to an interview."""
    journal = f"{schema_of(shift)}.journal"
    return (
        f"INSERT INTO {journal} (interview, seq, kind, payload, at, by, station) SELECT '{interview}', "
        f"count(*) + 1, '{kind}', '{payload}', {at}, '{by}', '' FROM {journal} WHERE interview = '{interview}'"
    )


WITHDRAWN = '{"outcome": "withdrawn"}'


def list_refused(shift: Served, cases: list[str], interview: str) -> list[str]:
    """The statements that the server refuses to bob, who has no case."""
    schema, bob, ann = schema_of(shift), shift.bob, shift.ann
    contacts = f"{schema}_contacts"
    work = f"INSERT INTO {schema}.work_events (at, person, kind, detail, station, by) VALUES"
    listed = "INSERT INTO survey_shared.never_call (hash, at, reason, by)"
    return [
        *(event(shift, case, "called", WITHDRAWN, by=bob) for case in cases),
        *(event(shift, case, "blocked", '{"why": "x"}', by=bob) for case in cases),
        event(shift, cases[0], "called", WITHDRAWN, by=ann),
        event(shift, cases[0], "returned", '{"why": "lapsed"}', by=ann, at=f"'{MONTHS_AGO}'"),
        event(shift, cases[0], "remarked", '{"text": "x"}', by=bob),
        answer(shift, interview, "stopped", WITHDRAWN, by=bob),
        answer(shift, interview, "answered", "{}", by=ann),
        answer(shift, interview, "resumed", "{}", by=bob),
        answer(shift, interview, "coded", "{}", by=ann),
        f"UPDATE {schema}.interviews SET outcome = 'withdrawn', status = 'stopped'",
        f"UPDATE {schema}.interviews SET last_seq = last_seq + 1",
        f"UPDATE {schema}.interviews SET by = '{bob}'",
        f"UPDATE {schema}.snapshots SET cells = '[]'",
        f"UPDATE {schema}.snapshots SET seq = seq + 1",
        f"DELETE FROM {schema}.snapshots",
        f"DELETE FROM {contacts}.case_contacts",
        f"INSERT INTO {schema}.interviews SELECT 'forged', case_key, instrument, began_at, '{ann}', updated_at, origin, "
        f"7, status, outcome, last_seq, at_item, answered FROM {schema}.interviews LIMIT 1",
        f"UPDATE {schema}.cases SET seq = seq + 9",
        f"UPDATE {schema}.cases SET frame = 'x'",
        f"{work} ('{MONTHS_AGO}', '{ann}', 'on', '', '', '{ann}')",
        f"{work} ('{MONTHS_AGO}', '{bob}', 'on', '', '', '{ann}')",
        f"{work} ('{MONTHS_AGO}', '{bob}', 'corrected', '{{}}', '', '{bob}')",
        f"{listed} SELECT md5(n::text), '{MONTHS_AGO}', 'asked', '{ann}' FROM generate_series(1, 1499) AS s (n)",
        f"DELETE FROM {schema}.work_events",
        f"INSERT INTO {schema}.settings (name, value) VALUES ('paused', '')",
        f"SET ROLE {DATABASE}_supervisor",
    ]


def test_after_an_interviewers_attack_a_supervisors_commands_find_everything_as_it_was(
    shift: Served, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shift.write(PERSONAL)
    assert run_command(["study", "publish", str(shift.file), "--db", shift.db]) == 0
    done = complete(shift, shift.ann, 3)
    interview = postgres_server.run_query(shift.db, "SELECT id FROM interviews LIMIT 1")[0][0]
    before = copy_of(shift)

    for statement in list_refused(shift, done, interview):
        refused(shift, shift.bob, statement)
    for statement in (  # these find no rows
        "UPDATE case_contacts SET digits = '1'",
        "UPDATE contacts SET details = '[]'",
        "DELETE FROM contacts",
        "DELETE FROM settings",
    ):
        ask(shift, shift.bob, statement)
    assert ask(shift, shift.bob, "SELECT * FROM contacts") == []
    assert ask(shift, shift.ann, "SELECT * FROM contacts") == [], (
        "its interviewer has returned the case"
    )
    assert copy_of(shift) == before

    # Bob may claim a case that is done, as for somebody who calls back. Then he may record a call under his own name.
    tasks = ", ".join(
        f"('owed: {task}: {case}', 'owed')" for task in ("erase", "do-not-call") for case in done
    )
    ask(shift, shift.bob, f"INSERT INTO settings (name, value) VALUES {tasks}")
    for case in done:
        ask(shift, shift.bob, f"{lease(shift, case, shift.bob)}; {claim(shift, case, shift.bob)}")
        refused(shift, shift.bob, "DELETE FROM case_contacts")
        refused(
            shift,
            shift.bob,
            "UPDATE case_contacts SET details = replace(details, '+1312', '+1999')",
        )
        refused(shift, shift.bob, "UPDATE snapshots SET cells = '[]'")
        assert ask(shift, shift.bob, "SELECT * FROM contacts") == []
        ask(
            shift,
            shift.bob,
            f"{event(shift, case, 'called', WITHDRAWN, by=shift.bob)}; UPDATE cases SET seq = seq + 1, status = 'done', "
            f"was = 'done', lease_token = '', lease_by = '', lease_until = NULL WHERE key = '{case}'",
        )
    # Hours can't be made up: the server dates them.
    ask(
        shift,
        shift.bob,
        f"INSERT INTO work_events (at, person, kind, detail, station, by) VALUES "
        f"('{MONTHS_AGO}', '{shift.bob}', 'on', '', '', '{shift.bob}'), "
        f"('{MONTHS_AGO[:11]}17:00:00.000000Z', '{shift.bob}', 'off', '', '', '{shift.bob}')",
    )
    spread = "SELECT max(at::timestamptz) - min(at::timestamptz) < interval '1 second' FROM work_events WHERE person = ?"
    assert postgres_server.run_query(shift.db, spread, shift.bob) == [(True,)]

    file = str(shift.file)
    where = ["--db", as_role(shift, shift.sue)]
    for command in (
        ["status", file],
        ["export", file, "--what", "interviews", "-o", str(tmp_path / "data.csv")],
        ["rates", file],
        ["quality", file],
        ["report", file, "-o", str(tmp_path / "report.html")],
        ["db", "verify", file],
        ["db", "backup", file, str(tmp_path / "copy.db")],
        ["privacy", "erase", file, "--unfinished"],
        ["status", file],
    ):
        code = run_command([*command, *where])
        said = "".join(capsys.readouterr())
        assert code in (0, 1), (command, said)
    assert load_status(file, as_role(shift, shift.sue), shift).alerts  # as the board reads it

    after = copy_of(shift)
    assert after["working times"][: len(before["working times"])] == before["working times"]
    for what in before.keys() - {"working times"}:
        assert after[what] == before[what], what
    with (tmp_path / "data.csv").open(encoding="utf-8-sig") as rows:
        assert len(list(csv.DictReader(rows))) == 3
    for case in done:
        assert f"case {case} withdrew consent" in said
        assert f"survey privacy erase FILE '{case}'" in said
    assert run_command(["db", "check", shift.db]) == 0

    # A supervisor who believes one of them erases that person, and gives the others another outcome.
    erase = ["privacy", "erase", file, done[0], "--reason", "asked for it", "--yes", *where]
    assert run_command(erase) == 0
    for case in done[1:]:
        assert (
            run_command(["case", "outcome", file, case, "complete", "--note", "an error", *where])
            == 0
        )
    capsys.readouterr()
    assert run_command(["status", file, *where]) == 0
    assert "withdrew consent" not in "".join(capsys.readouterr())
    assert len(copy_of(shift)["contacts"]) == len(before["contacts"]) - 1


def load_status(file: str, db: str, shift: Shift) -> FieldworkStatus:
    return load_fieldwork_status(Request(path=file, at=shift.at, db=db))


def test_positions_that_an_interviewer_altered_are_derived_again(
    shift: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(shift.file)
    assert run_command(["study", "publish", file, "--db", shift.db]) == 0
    complete(shift, shift.ann, 1)
    where = ["--db", as_role(shift, shift.sue)]
    assert run_command(["db", "verify", file, *where]) == 0
    before = postgres_server.run_query(shift.db, "SELECT key, status, was FROM cases ORDER BY key")
    ask(shift, shift.bob, "UPDATE cases SET status = 'done'")
    assert run_command(["db", "verify", file, *where]) == 1, "the study seems to be at its end"

    mine = ["--db", as_role(shift, shift.bob)]
    assert run_command(["db", "verify", file, "--derive", *mine]) == 1
    assert "only a supervisor may derive the queue again" in "".join(capsys.readouterr())
    assert run_command(["db", "verify", file, "--derive", *where]) == 0

    assert "queue positions derived again" in "".join(capsys.readouterr())
    after = postgres_server.run_query(shift.db, "SELECT key, status, was FROM cases ORDER BY key")
    assert after == before
