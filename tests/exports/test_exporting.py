"""Exports from real databases: the right data, whole or not at all, and the views of a database browser."""

import csv
import io
import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pexpect
import pytest
from typer.testing import CliRunner

from support.exporting import export_file
from support.scenario import Scenario, scenario
from support.user_errors import attempt
from survey_cli.cli.app import build_app
from survey_cli.engine.interview import RULES_VERSION
from survey_cli.exports import FORMATS, WriteOptions
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.problems import UserError
from survey_cli.services.export import export_data
from survey_cli.services.export.export_data import ExportOptions, ExportResult
from survey_cli.store import InstrumentRow, InterviewRow, Snapshot, Store, WholeInterview
from survey_cli.table.columns import build_row
from survey_cli.table.table import Table

NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)
ONE = """
instrument: v
title: Versions
version: "1"
sample: {nm: {type: text, role: name}}
compute: {c: nm, e: "p if answered(p) else 'x'"}
items:
  - {id: q1, type: single, text: One, options: {1: "Yes", 2: "No", 3: Maybe}}
  - {id: q3, type: text, text: Three}
  - {id: p, type: text, text: Your name, personal: true}
  - {id: arm, type: split, arms: {red: 1}}
  - {id: tv, type: multiple, text: TV, options: {1: A, 2: {text: B, specify: true}}}
"""
TWO = (
    ONE.replace('version: "1"', 'version: "2"')
    .replace('1: "Yes"', "1: Surely")
    .replace("type: text, text: Three", "type: number, text: Three")
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def file(text: str) -> str:
    Path("v.yaml").write_text(text, encoding="utf-8")
    return "v.yaml"


def keep(
    *interviews: Scenario, origin: str = "real", kept_at: datetime = NOW, **other: object
) -> Store:
    """Interviews of one version into v.db."""
    store = Store.open("v.db", create=True)
    store.data.add_instrument(
        InstrumentRow.from_instrument(interviews[0].interview.instrument, kept_at=kept_at)
    )
    before = len(store.interviews.list_rows())
    store.interviews.add(
        whole(i, f"{origin} {n}", origin, **other) for n, i in enumerate(interviews, before + 1)
    )
    return store


def whole(
    now: Scenario,
    case: str,
    origin: str,
    *,
    snapshot: bool = True,
    engine: str = str(RULES_VERSION),
) -> WholeInterview:
    made = now.interview
    first, *middle, last = made.events
    stamp = first.stamp._replace(at=NOW, by="pat")
    journal = (first._replace(stamp=stamp, case=case), *middle, last._replace(stamp=stamp))  # type: ignore[union-attr,call-arg]
    row = InterviewRow(
        id=case.replace(" ", "-"),
        case=case,
        instrument=made.instrument.hash,
        began_at=NOW,
        by="pat",
        updated_at=NOW,
        origin=origin,  # type: ignore[arg-type]
        status=made.status,
        outcome=made.outcome,
        last_seq=made.seq,
        answered=made.answer_count,
    )
    return WholeInterview(
        row, journal, Snapshot(made.seq, engine, build_row(made)) if snapshot else None
    )


def secretive(text: str, *keys: str) -> Scenario:
    return scenario(text, sample={"nm": "Hidden Name"}).keys(
        *(keys or ("1", "7", "Joe Secret", "1 2 cable"))
    )


def taken(text: str, **wish: object) -> tuple[list[dict[str, str]], ExportResult]:
    to = io.StringIO(newline="")
    made = export_file(file(text), ExportOptions(to="-", db="v.db", **wish), stdout=to)  # type: ignore[arg-type]
    assert isinstance(made, ExportResult), made
    return list(csv.DictReader(io.StringIO(to.getvalue(), newline=""))), made


# what is personal


def test_nothing_personal_leaves_unasked_nor_stands_in_the_snapshot() -> None:
    with keep(secretive(ONE)):
        rows, made = taken(ONE)
        assert not any(word in str(rows) for word in ("Hidden", "Secret"))
        assert not {"nm", "p", "p_state", "c", "e"} & set(rows[0])
        assert made.data.left_out == ("nm", "p", "c", "e")
        with sqlite3.connect("v.db") as db:
            [(snapshot,)] = db.execute("SELECT cells FROM snapshots").fetchall()
        assert not any(word in snapshot for word in ("Hidden", "Secret"))


def test_what_is_asked_for_by_name_leaves_and_nothing_else() -> None:
    with keep(secretive(ONE)):
        [row], made = taken(ONE, personal=frozenset({"p", "c"}))
        assert (row["p"], row["p_state"], row["c"]) == ("Joe Secret", "0", "Hidden Name")
        assert not {"nm", "e"} & set(row)
        assert made.data.left_out == ("nm", "e")
        [row], made = taken(ONE, all_personal=True)
        assert (row["nm"], row["e"], made.data.left_out) == ("Hidden Name", "Joe Secret", ())


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with keep(secretive(ONE)):
        options = ExportOptions(to="out.csv", db="v.db", personal=frozenset({"pp"}))
        refused = attempt(export_file, file(ONE), options)
    assert str(refused) == "--personal: there is no column 'pp' — did you mean 'p'?"
    assert not Path("out.csv").exists()


def test_the_command_takes_names() -> None:
    keep(secretive(ONE)).close()
    answer = CliRunner().invoke(
        build_app(), ["export", file(ONE), "--db", "v.db", "--personal", "p", "--personal", "nm"]
    )
    assert answer.exit_code == 0, answer.output
    assert "Joe Secret" in answer.stdout
    assert "left out as personal: c, e (" in answer.stderr


# snapshots and journals


def test_a_snapshot_is_trusted_only_if_these_rules_made_it_of_the_last_event() -> None:
    """Replayed, all are the same; and they are read from the snapshot where that is right."""
    first = secretive(ONE)
    keep(first).close()
    keep(first, snapshot=False).close()
    keep(first, engine="0").close()
    with Store.open("v.db", create=False) as store:  # as only the store itself can write it
        [row, *_] = store.interviews.list_rows()
        other = tuple("other" if cell == "red" else cell for cell in build_row(first.interview))
        store.data.write_snapshot(
            row.id, Snapshot(row.last_seq, str(RULES_VERSION), other), instrument=row.instrument
        )
    rows, _ = taken(ONE)
    assert [row["arm"] for row in rows] == ["other", "red", "red"]
    same = [
        {n: v for n, v in row.items() if not n.startswith("interview_") and n != "arm"}
        for row in rows
    ]
    assert same[0] == same[1] == same[2]


def test_columns_that_are_personal_by_todays_rules_stay_apart_though_they_were_kept_otherwise() -> (
    None
):
    keep(secretive(ONE)).close()
    with sqlite3.connect("v.db") as db:
        db.execute("UPDATE variables SET personal = 0")
    [row], _ = taken(ONE)
    assert "p" not in row
    [row], _ = taken(ONE, all_personal=True)
    assert row["p"] == "Joe Secret"


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE snapshots SET cells = replace(cells, '\"red\"', '\"other\"')",
        "UPDATE snapshots SET cells = '[1,{'",
        "UPDATE snapshots SET digest = ''",
        "UPDATE contacts SET details = replace(details, 'Secret', 'Other')",
    ],
)
def test_answers_that_are_not_as_they_were_written_come_from_the_journal(damage: str) -> None:
    keep(secretive(ONE)).close()
    before, public = taken(ONE, all_personal=True)[0], taken(ONE)[0]
    assert (before[0]["arm"], before[0]["p"]) == ("red", "Joe Secret")
    with sqlite3.connect("v.db") as db:
        assert db.execute(damage).rowcount == 1
    assert taken(ONE, all_personal=True)[0] == before
    assert taken(ONE)[0] == public


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("UPDATE interviews SET outcome = 'refusal_hard'", "differs from its journal (outcome)"),
        ("UPDATE interviews SET case_key = 'other'", "differs from its journal (case_key)"),
        ("UPDATE interviews SET by = 'eve'", "differs from its journal (by)"),
        ("UPDATE journal SET payload = '{' WHERE kind = 'answered'", "can't be read"),
        (
            "UPDATE instruments SET texts = replace(texts, 'Yes', 'No')",
            "is not the one with which the interviews were started",
        ),
    ],
)
def test_what_is_damaged_is_said_and_no_file_is_made(damage: str, said: str) -> None:
    """A file that is newer than the interviews, so that nothing is taken from it."""
    keep(secretive(ONE)).close()
    with sqlite3.connect("v.db") as db:
        db.execute("UPDATE snapshots SET digest = ''")
        db.execute(damage)
    with pytest.raises(UserError) as caught:
        export_file(file(TWO), ExportOptions(to="out.csv", db="v.db"))
    refused = caught.value
    assert said in str(refused)
    assert sorted(p.name for p in Path().iterdir() if "csv" in p.name) == []


# versions


def test_versions_are_one_table_and_answers_that_mean_something_else_stand_apart() -> None:
    keep(secretive(ONE, "3", "abc", "Joe Secret", "1")).close()
    keep(secretive(TWO), kept_at=NOW.replace(hour=16)).close()
    rows, made = taken(TWO)
    assert [(r["interview_version"], r["q1"], r["q1__v1"], r["q3"], r["q3__v1"], r["tv_1"]) for r in rows] == [
        ("1", "-6", "3", "-6", "abc", "1"), ("2", "1", "-6", "7", "", "1"),
    ]  # fmt: skip
    assert (
        "q1: version 1 is in a separate column, q1__v1: code 1 was 'Yes' and is 'Surely'"
        in made.data.differences
    )
    assert (
        "q3: version 1 is in a separate column, q3__v1: it was a text and is a whole number"
        in made.data.differences
    )
    assert made.data.warnings == ()
    labelled, _ = taken(TWO, labels=True)
    assert [(r["q1"], r["q1__v1"]) for r in labelled] == [
        ("Not asked", "Maybe"),
        ("Surely", "Not asked"),
    ]


def test_two_texts_that_say_one_version_are_warned_of_and_told_apart() -> None:
    edited = ONE.replace("text: One", "text: One again")
    keep(secretive(ONE)).close()
    keep(secretive(edited), kept_at=NOW.replace(hour=16)).close()
    _, made = taken(edited)
    assert made.data.warnings == (
        "2 different questionnaires have version '1' (in use since 2026-11-24 15:00:00 UTC, "
        "2026-11-24 16:00:00 UTC): change version: each time you edit the file",
    )
    assert made.data.differences == (
        "q1: worded differently in version 1 of 2026-11-24 15:00:00 UTC: 'One'",
    )


def test_a_version_without_such_interviews_is_not_in_the_table() -> None:
    keep(secretive(ONE), origin="practice").close()
    keep(secretive(TWO), kept_at=NOW.replace(hour=16)).close()
    rows, made = taken(TWO)
    assert (len(rows), made.data.differences) == (1, ())


def test_without_interviews_the_columns_are_the_files() -> None:
    keep(secretive(ONE), origin="practice").close()
    to = io.StringIO(newline="")
    made = export_file(file(TWO), ExportOptions(to="-", db="v.db", origin="simulated"), stdout=to)
    assert isinstance(made, ExportResult)
    assert made.rows == 0
    assert to.getvalue().endswith(
        "interview_by,interview_language,q1,q3,arm,tv_1,tv_2,tv_2_text\r\n"
    )


def test_after_practice_alone_an_export_says_how_to_have_it() -> None:
    keep(secretive(ONE), origin="practice").close()
    refusal = attempt(export_file, file(ONE), ExportOptions(to="real.csv", db="v.db"))
    assert "no real interviews are stored, but 1 of origin practice — add --origin practice" in str(
        refusal
    )
    assert not Path("real.csv").exists()


# whole or not at all


def halfway(table: Table, to: object, manner: WriteOptions) -> int:
    to.write("half" * 10_000)  # type: ignore[attr-defined]
    raise OSError(28, "No space left on device")


def test_a_full_disk_leaves_the_old_file_and_nothing_half(monkeypatch: pytest.MonkeyPatch) -> None:
    keep(secretive(ONE)).close()
    Path("out.csv").write_text("old")
    monkeypatch.setattr(
        export_data, "find_format", lambda *_, **__: replace(FORMATS["csv"], write=halfway)
    )
    with pytest.raises(UserError) as caught:
        export_file(file(ONE), ExportOptions(to="out.csv", db="v.db", force=True))
    refused = caught.value
    assert "No space left on device" in str(refused)
    assert [(p.name, p.read_text()) for p in Path().iterdir() if "csv" in p.name] == [
        ("out.csv", "old")
    ]


def test_a_file_that_came_meanwhile_is_not_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    keep(secretive(ONE)).close()

    def slow(table: Table, to: object, manner: WriteOptions) -> int:
        Path("out.csv").write_text("theirs")
        return 0

    monkeypatch.setattr(
        export_data, "find_format", lambda *_, **__: replace(FORMATS["csv"], write=slow)
    )
    with pytest.raises(UserError) as caught:
        export_file(file(ONE), ExportOptions(to="out.csv", db="v.db"))
    refused = caught.value
    assert "the file exists" in str(refused)
    assert [(p.name, p.read_text()) for p in Path().iterdir() if "csv" in p.name] == [
        ("out.csv", "theirs")
    ]


SLOW = """
import sys, time
from survey_cli.services.export import export_data
from survey_cli.table.table import Table
iterate_stored = Table.iterate_stored
def slowly(table):
    for row in iterate_stored(table):
        yield from [row] * 400
    print("writing", flush=True)
    time.sleep(60)
Table.iterate_stored = slowly
export_data.export_files("v.yaml", export_data.ExportOptions(db="v.db", force=True), ["out.csv"])
"""


def test_a_killed_export_leaves_the_old_file() -> None:
    keep(secretive(ONE)).close()
    file(ONE)
    Path("out.csv").write_text("old")
    process = subprocess.Popen([sys.executable, "-c", SLOW], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "writing\n"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=30)
    assert Path("out.csv").read_text() == "old"


def test_the_file_is_its_owners() -> None:
    keep(secretive(ONE)).close()
    assert isinstance(export_file(file(ONE), ExportOptions(to="out.csv", db="v.db")), ExportResult)
    assert Path("out.csv").stat().st_mode & 0o777 == 0o600


# in a database browser


def shown(statement: str) -> list[tuple[object, ...]]:
    with sqlite3.connect("v.db") as db:
        return db.execute(statement).fetchall()


def test_the_views_show_real_answers_with_labels_and_nothing_personal() -> None:
    noted = secretive(
        ONE, ".note on one", ".refused", "7", ".note his name is Joe Secret", "Joe Secret", "1"
    )
    keep(noted).close()
    keep(secretive(ONE), origin="practice").close()
    keep(secretive(ONE), origin="simulated").close()
    assert shown("SELECT variable, value, label, missing FROM answers") == [
        ("q1", None, "Refused", "refused"),
        ("q3", "7", None, None),
        ("q3_state", 0, "Answered", None),
        ("arm", "red", "red", None),
        ("tv_1", 1, "Mentioned", None),
        ("tv_2", 0, "Not mentioned", None),
    ]
    assert shown("SELECT item, remark FROM remarks") == [("q1", "on one")]
    assert shown("SELECT q1, q3, arm, tv_1, _status FROM data_v_v1") == [
        (None, "7", "red", 1, "ended")
    ]
    with sqlite3.connect("v.db") as db:
        columns = [column[0] for column in db.execute("SELECT * FROM data_v_v1").description]
    assert not {"nm", "p", "p_state", "c", "e"} & set(columns)


def test_the_file_of_this_test_is_sound() -> None:
    """The instruments above have no errors, and read as the scenarios do."""
    for text in (ONE, TWO):
        found = open_instrument(file(text))
        assert isinstance(found, Instrument)
        assert found.hash == secretive(text).interview.instrument.hash


# the largest ranges


def test_money_with_a_high_maximum_is_described_reported_and_bundled_in_little_memory() -> None:
    text = """
instrument: v
title: Money
items: [{id: income, type: number, text: Income?, decimals: 2, max: 99999999}]
"""
    incomes = ("1200.50", "850", "2300", "99999999", "40", "3100.10")
    keep(*(scenario(text).keys(income) for income in incomes)).close()
    survey, study = f"{sys.executable} -m survey_cli", f"{file(text)} --db v.db"
    for command in (
        f"codebook {study} -o c.html",
        f"report {study} -o r.html",
        f"export {study} --bundle b.zip",
    ):
        limited = f"ulimit -v 2000000; exec {survey} {command}"
        done = subprocess.run(["bash", "-c", limited], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is wanted")
def test_data_on_a_terminal_move_no_cursor_and_in_a_pipe_are_unchanged(tmp_path: Path) -> None:
    evil = "\x1b]52;c;ZXZpbA==\x07"
    program = (
        "import sys; from survey_cli.cli.output.terminal import open_data_output; out = open_data_output(); "
        f"out.write({evil!r} + 'é,1\\r\\n'); out.flush()"
    )
    piped = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=30)
    assert piped.stdout == f"{evil}é,1\r\n".encode()
    shown = pexpect.spawn(sys.executable, ["-c", program], encoding="utf-8", timeout=30)
    text = shown.read()
    assert "\x1b" not in text
    assert text == "<U+001B>]52;c;ZXZpbA==<U+0007>é,1\r\n"
