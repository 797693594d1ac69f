"""Privacy of persons: everything stored on a person is shown, and is erased when they wish or when its time is over;
the case counts as before.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import get_args, get_type_hints

import pexpect
import pytest
from hypothesis import given, settings
from test_fieldwork_properties import histories

from support import postgres_server
from support.case_histories import History, plan
from support.exporting import export_file
from support.forked_survey import run_forked_survey, spawn_survey
from support.scale import SCALE
from support.shift import FIELDWORK, HEAD, TUESDAY, Shift, interviewed, on
from support.stored_interviews import rows as rows_of
from survey_cli.engine.codec import decode_record, encode_record
from survey_cli.engine.events import InterviewResumed, NoteWritten
from survey_cli.engine.interview import Interview
from survey_cli.entries import Rejection
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.codec import TEXT_FIELDS, erase_content
from survey_cli.fieldwork.case.disposition_coding import code_case
from survey_cli.fieldwork.case.events import CaseErased as ErasedCase
from survey_cli.fieldwork.case.events import CaseEvent, HistoryEntry, OutcomeRecorded
from survey_cli.problems import UserError
from survey_cli.reports.fieldwork.cases import Subject
from survey_cli.services.database.administration import verify_database
from survey_cli.services.database.backups import back_up_database
from survey_cli.services.export.export_data import ExportOptions
from survey_cli.services.privacy import (
    AnonymizationResult,
    ErasurePreview,
    anonymize_study,
    erase_person,
    finish_erasure,
    load_subject,
    preview_erasure,
)
from survey_cli.services.run_on_study import Request
from survey_cli.sessions.station.station_views import CaseView
from survey_cli.store import EntryDraft, Store
from survey_cli.store.cases.case_records import LeaseHolder, LeaseLost
from survey_cli.store.cases.case_store import CaseStore
from survey_cli.study.consistency import person_erasure
from survey_cli.study.consistency.person_erasure import (
    ErasureResult,
    describe_pending_scrub,
    erase_answers,
)
from survey_cli.study.consistency.withdrawals import list_unfinished
from survey_cli.table.columns import build_row

WHO = "Nezahualcóyotl"
BOSS = "Moctezuma"
TOWN = "Texcoco"
TOLD = "because of the “flood”"
PERSON = "Cuauhtémoc"
NOTE = "barks like a dog"
KEYED = "3125550177"
ALL = (WHO, BOSS, TOWN, TOLD, PERSON, NOTE, KEYED, "nezahualcoyotl", KEYED[3:])
"""Words that stand nowhere but in what is known of case A."""

ITEMS = """
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer} calling for the Institute."}
  - {id: a, type: single, text: First?, options: {1: "Yes", 2: "No"}}
  - {id: who, type: text, text: "What is your name?", personal: true}
  - {id: why, type: text, text: "Why?"}
  - {id: c, type: single, text: Third?, options: {1: "Yes", 2: "No"}, ask_if: a == 1}
"""
ROUTED = ITEMS.replace("ask_if: a == 1", "ask_if: who != ''")
"""The third question is asked because of the name."""
COLUMNS = HEAD.replace(
    "phone: {",
    """boss: {type: text, personal: true}
  town: {type: text}
  region: {type: single, options: {1: West, 2: East}}
  phone: {""",
)
SAMPLE = f"""unit,kind,name,boss,town,region,phone,zone
A,1,{WHO},{BOSS},{TOWN},2,312 555 0177,America/Chicago
B,2,Bob Builder,Ann Boss,Springfield,1,312 555 0101,America/Chicago
"""
KEPT = FIELDWORK + "  retention: {contacts: 90d}\n  ends: 2026-12-18\n"


def a_shift(folder: Path, *, items: str = ITEMS, db: str = "", **more: str) -> Shift:
    return Shift(folder, items, SAMPLE, KEPT, COLUMNS, db=db, **more)


def told(shift: Shift, *, complete: bool = True) -> None:
    """Case A says a great deal: a promise, notes, an interview, one of them put aside for good."""
    ann = shift.station("ann")
    assert ann.fetch_case("A").rejection is None
    assert ann.add_note(NOTE).rejection is None
    ann.dial()
    assert ann.book_appointment("tomorrow 15:00", person=PERSON, note=NOTE).rejection is None
    ann.end_shift()
    shift.later(days=1, hours=6)
    ann = shift.station("ann")
    assert ann.fetch_case("A").rejection is None
    ann.dial()
    interviewed(ann, "1", WHO, TOLD, *(["2"] if complete else []))
    assert ann.close_interview().rejection is None
    if not complete:
        assert ann.record_outcome("callback", note=NOTE).rejection is None
    ann.end_shift()
    ann.close()
    with shift.study() as study:
        [row] = study.store.interviews.list_rows(case="A")
        study.store.interviews.save_draft(row.id, EntryDraft("why", f"{TOLD} and", shift.at))


def request(shift: Shift, **more: object) -> Request:
    return Request(
        path=str(shift.file), at=shift.at, db=shift.db, by="sue", people=shift._list(), **more
    )


def gone(shift: Shift, key: str = "A") -> ErasureResult:
    done = erase_person(request(shift), key, why="asked by letter")
    assert isinstance(done, ErasureResult), done
    return done


def finished(shift: Shift) -> None:
    done = finish_erasure(request(shift))
    assert isinstance(done, ErasureResult), done
    assert done.scrubbed


def found_in(*files: Path) -> set[str]:
    """The words that stand in these files, plainly or as JSON escapes them."""
    bytes_of = [file.read_bytes() for file in files if file.is_file()]
    written = {word: (word.encode(), json.dumps(word)[1:-1].encode()) for word in ALL}
    return {
        word
        for word, ways in written.items()
        for way in ways
        if any(way in content for content in bytes_of)
    }


def files_of(shift: Shift) -> list[Path]:
    return [Path(shift.db + end) for end in ("", "-wal", "-shm", "-journal")]


def findings(shift: Shift) -> tuple[str, ...]:
    verified = verify_database(shift.file, db=shift.db, at=shift.at)
    return verified.findings


def notes(shift: Shift) -> tuple[str, ...]:
    return verify_database(shift.file, db=shift.db, at=shift.at).notes


# subject


def test_everything_that_is_held_is_shown_and_to_supervisors_alone(tmp_path: Path) -> None:
    shift = a_shift(tmp_path, people="login,role\nsue,supervisor\nann,interviewer\n")
    told(shift)
    held = load_subject(request(shift), "A")
    assert isinstance(held, Subject)
    said = repr(held)
    for word in (
        WHO,
        BOSS,
        TOWN,
        TOLD,
        PERSON,
        NOTE,
        "(312) 555-0177",
        "What is your name?",
        "1 (Yes)",
    ):
        assert word in said, word
    assert held.on_do_not_call_list is False
    assert held.interviews[0].draft == f"{TOLD} and"
    assert [line.answer for line in held.interviews[0].lines if line.what == "answered"] == [
        "1 (Yes)", WHO, TOLD, "2 (No)",
    ]  # fmt: skip
    asks = Request(path=str(shift.file), at=shift.at, db=shift.db, by="ann", people=shift._list())
    tried = (
        lambda: load_subject(asks, "A"),
        lambda: erase_person(asks, "A", why="x"),
        lambda: preview_erasure(asks, "A"),
        lambda: anonymize_study(asks),
        lambda: finish_erasure(asks),
    )
    for call in tried:
        with pytest.raises(UserError, match="only a supervisor may"):
            call()
    with pytest.raises(UserError) as caught:
        load_subject(request(shift), "a")
    missing = caught.value
    assert "did you mean 'A'" in missing.remedy


def test_numbers_on_the_list_are_said_to_be_there(tmp_path: Path) -> None:
    shift = a_shift(tmp_path)
    ann = shift.station("ann")
    ann.fetch_case("A")
    ann.dial()
    assert ann.record_outcome("never_call").rejection is None
    held = load_subject(request(shift), "A")
    assert isinstance(held, Subject)
    assert held.on_do_not_call_list


# erase


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("place", ["file", "server"])
def test_an_erased_case_counts_as_it_did_and_says_nothing(
    tmp_path: Path, place: str, complete: bool
) -> None:
    shift = a_shift(tmp_path, db=postgres_server.create_address() if place == "server" else "")
    told(shift, complete=complete)
    before, row = shift.case("A"), shift.row("A")
    counted = preview_erasure(request(shift), "A")
    assert isinstance(counted, ErasurePreview)
    assert (counted.name, counted.numbers, counted.interviews) == (WHO, 1, 1)
    assert counted.columns == ("name", "boss", "town", "phone")
    assert counted.notes == (3 if complete else 4)
    done = gone(shift)
    assert (done.case, done.interviews, done.scrubbed) == (True, 1, True)
    after, stands = shift.case("A"), shift.row("A")
    assert (stands.position.code, stands.position.outcome, stands.position.attempts) == (
        row.position.code,
        row.position.outcome,
        row.position.attempts,
    )
    assert (stands.status, str(stands.position.reason.words)) == ("done", "erased")
    assert [(c.at, c.outcome, c.by) for c in after.calls] == [
        (c.at, c.outcome, c.by) for c in before.calls
    ]
    assert after.columns == {"kind": 1, "region": 2, "zone": "America/Chicago"}
    held = load_subject(request(shift), "A")
    assert isinstance(held, Subject)
    assert not any(word in repr(held) for word in ALL)
    assert findings(shift) == ()
    with shift.study() as study:
        assert (
            study.store.cases.queries.search(WHO) == study.store.cases.queries.search(KEYED) == []
        )
        [interview] = study.store.interviews.list_rows(case="A")
        assert (interview.status, interview.outcome) == ("ended", "withdrawn")
        times = [event.stamp.at for event in study.store.interviews.read_journal(interview.id)]
        assert times == sorted(times)
        assert len(times) > 5
    again = gone(shift)
    assert (again.case, again.interviews) == (False, 0)


def test_nothing_of_it_is_in_any_byte_though_others_are_connected(tmp_path: Path) -> None:
    shift = a_shift(tmp_path)
    told(shift)
    station = shift.station("bob")  # sits there all the while, with case B
    assert on(station) == "B"
    assert found_in(*files_of(shift)) == set(ALL)
    assert gone(shift).scrubbed
    copy = tmp_path / "copy.db"
    assert back_up_database(shift.file, copy, at=shift.at, db=shift.db).where == shift.db
    assert found_in(*files_of(shift), copy) == set()
    station.dial()
    assert station.record_outcome("busy").rejection is None
    station.close()
    assert found_in(*files_of(shift)) == set()


def test_who_reads_meanwhile_keeps_the_bytes_and_verify_says_so(tmp_path: Path) -> None:
    shift = a_shift(tmp_path)
    told(shift)
    with shift.study() as study:
        reading = study.store.cases.queries.iterate_histories()
        next(reading)
        assert gone(shift).scrubbed is False
        assert findings(shift) == ()
        assert any("may still be in free pages" in note for note in notes(shift))
        unclean = finish_erasure(request(shift))
        assert isinstance(unclean, ErasureResult)
        assert not unclean.scrubbed
        reading.close()
    finished(shift)
    assert found_in(*files_of(shift)) == set()
    assert findings(shift) == ()


ERASER = """
import os, sys
from datetime import datetime
from survey_cli.services.run_on_study import Request
from survey_cli.services.privacy import erase_person
file, at = sys.argv[1:]
request = Request(path=file, at=datetime.fromisoformat(at), db="", by="sue")
from dataclasses import replace
from survey_cli.study.consistency import person_erasure as erasing
owe = erasing._note_pending_scrub
def begins(store, at):
    os.write(1, b"writing\\n")
    owe(store, at)
erasing._note_pending_scrub = begins
for line in sys.stdin:
    child = os.fork()
    if not child:
        os.write(1, f"{os.getpid()}\\n".encode())
        erase_person(replace(request, db=line.strip()), "A", why="asked by letter")
        os._exit(0)
    os.waitpid(child, 0)
    os.write(1, b"over\\n")
"""


def test_killed_at_any_moment_it_is_whole_or_erased_by_asking_again(tmp_path: Path) -> None:
    shift = a_shift(tmp_path)
    told(shift)
    for study in shift.opened:
        study.close()
    Store.open(shift.db, create=False).close()
    runs = 12 * SCALE
    whole = 0
    halves = 0
    eraser = subprocess.Popen(
        [sys.executable, "-c", ERASER, str(shift.file), shift.at.isoformat()],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert eraser.stdin is not None
    assert eraser.stdout is not None
    took = 0.0
    for run in range(runs):
        copied = str(tmp_path / f"run{run}.db")
        shutil.copy(shift.db, copied)
        eraser.stdin.write(copied + "\n")
        eraser.stdin.flush()
        child = int(eraser.stdout.readline())
        assert eraser.stdout.readline() == "writing\n"
        began = time.perf_counter()
        if run:  # the first one shows how long it takes, or longer on a busy machine
            time.sleep(took * ((run - 1) / runs) ** 2)
            with suppress(ProcessLookupError):  # it was quicker
                os.kill(child, signal.SIGKILL)
        assert eraser.stdout.readline() == "over\n"
        took = took or time.perf_counter() - began
        one = a_shift_at(shift, copied)
        with one.study() as study:
            contact = study.store.cases.queries.find_contact("A")
            named = contact is not None and contact.name == WHO
            whole += named
            unfinished = list_unfinished(study.store, study.instrument)
            halves += bool(unfinished or describe_pending_scrub(study.store))
            assert study.store.maintenance.check_integrity() == []
            assert named or shift.row("A").position.code == "1.1"
            assert (
                named
                or str(study.store.cases.queries.find_row("A").position.reason.words) == "erased"
            )  # type: ignore[union-attr]
        if not named and run % 2:
            finished(one)
        else:
            assert gone(one).scrubbed
        assert found_in(*files_of(one)) == set(), run
        assert findings(one) == ()
    eraser.stdin.close()
    eraser.wait(10)
    assert 0 < whole < runs, whole
    assert halves > 0


def a_shift_at(shift: Shift, db: str) -> Shift:
    return Shift(shift.folder, ITEMS, "", KEPT, COLUMNS, at=shift.at, db=db)


def test_a_case_that_a_station_had_meanwhile_is_not_said_to_be_erased(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shift = a_shift(tmp_path)
    monkeypatch.setattr(
        CaseStore,
        "erase",
        lambda self, key, **_: LeaseLost(key, LeaseHolder("ann", "two", shift.at)),
    )
    with pytest.raises(UserError, match="ann has it at station two"):
        erase_person(request(shift), "A", why="x")
    with shift.study() as study:
        assert study.store.cases.queries.find_contact("A") is not None


def test_an_erased_case_is_never_called_again_and_no_file_brings_it_back(tmp_path: Path) -> None:
    shift = a_shift(tmp_path)
    gone(shift)
    brought = shift.bring(SAMPLE, update=True)
    assert (brought.updated, brought.nameless) == (0, ("A",))
    assert found_in(*files_of(shift)) == set()
    ann = shift.station("ann")
    assert on(ann) == "B"
    ann.end_shift()
    assert ann.fetch_case("A").rejection is None
    assert ann.dial().rejection is not None
    assert ann.open_interview().rejection is not None


def test_a_case_at_a_station_and_one_that_is_not_there(tmp_path: Path) -> None:
    shift = a_shift(tmp_path)
    ann = shift.station("ann")
    key = on(ann)
    with pytest.raises(UserError) as caught:
        erase_person(request(shift), key, why="x")
    busy = caught.value
    assert "ann has it" in busy.what
    assert "survey case free" in busy.remedy
    for other, why in (("Z", "x"), ("B", " ")):
        with pytest.raises(UserError):
            erase_person(request(shift), other, why=why)
    with shift.study() as study:
        assert study.store.cases.queries.find_contact(key) is not None
        assert not study.store.settings.read(person_erasure.SCRUB_SETTING)


def test_an_export_shows_an_erased_interview_without_values(tmp_path: Path) -> None:
    shift = a_shift(tmp_path)
    told(shift)
    gone(shift)
    out = tmp_path / "out.csv"
    export_file(shift.file, ExportOptions(to=str(out), db=shift.db, all_personal=True))
    head, row = (line.split(",") for line in out.read_text().splitlines())
    cell = dict(zip(head, row, strict=True))
    assert (cell["interview_status"], cell["interview_outcome"]) == ("ended", "withdrawn")
    assert (cell["kind"], cell["region"], cell["interview_by"]) == ("1", "2", "ann")
    assert {cell[name] for name in ("a", "who", "why", "c", "town", "boss", "name", "phone")} <= {
        "",
        "-6",
    }


def test_an_export_names_interviewers_by_their_pseudonyms(tmp_path: Path) -> None:
    people = "login,role,pseudonym\nsue,supervisor,\nann,interviewer,i07\n"
    shift = a_shift(tmp_path, people=people)
    told(shift)
    out = tmp_path / "out.csv"
    export_file(shift.file, ExportOptions(to=str(out), db=shift.db, people=shift._list()))
    head, row = (line.split(",") for line in out.read_text().splitlines())
    assert dict(zip(head, row, strict=True))["interview_by"] == "i07"
    assert "ann" not in row


def test_an_outcome_named_erased_erases_nothing(tmp_path: Path) -> None:
    outcomes = "\noutcomes: {struck: {name: Erased, like: not_eligible}}\n"
    shift = Shift(tmp_path, ITEMS, SAMPLE, KEPT + outcomes, COLUMNS)
    ann = shift.station("ann")
    assert ann.fetch_case("A").rejection is None
    ann.dial()
    assert ann.record_outcome("struck").rejection is None
    ann.end_shift()
    assert str(shift.row("A").position.reason.words) == "erased"
    with shift.study() as study:
        assert list_unfinished(study.store, study.instrument) == []
    finish_erasure(request(shift))
    assert not shift.case("A").erased
    with shift.study() as study:
        assert study.store.cases.queries.find_contact("A") is not None


def test_on_a_terminal_it_asks_once(tmp_path: Path) -> None:
    shift = a_shift(tmp_path)
    told(shift)
    command = ["privacy", "erase", str(shift.file), "A", "--db", shift.db, "--reason", "asked"]
    asked = spawn_survey(*command, encoding="utf-8")
    asked.expect("Erase this for good")
    asked.sendline("n")
    asked.expect("nothing was erased")
    asked.expect(pexpect.EOF)
    assert str(shift.row("A").position.reason.words) != "erased"
    piped = run_forked_survey(*command)
    assert piped.returncode == 1
    assert "--yes" in piped.stderr
    done = run_forked_survey(*command, "--yes")
    assert done.returncode == 0, done.stderr
    assert "the key 'A' is kept" in done.stderr
    assert str(shift.row("A").position.reason.words) == "erased"


# what an erased journal comes to


def test_an_erased_interview_takes_nothing_more(tmp_path: Path) -> None:
    shift = a_shift(tmp_path)
    told(shift)
    gone(shift)
    with shift.study() as study:
        [row] = study.store.interviews.list_rows(case="A")
        journal = study.store.interviews.read_journal(row.id)
        interview = Interview.replay(study.instrument, journal)
        stamp, last = journal[-1].stamp, journal[0]
        assert [decode_record(encode_record(event)) for event in journal] == journal
    assert interview.events == tuple(journal)
    assert (interview.status, interview.outcome, interview.place) == ("ended", "withdrawn", None)
    assert not interview.evaluate_route().answers
    for event in (
        InterviewResumed(stamp, last.session, reopen=True),
        NoteWritten(stamp, journal[2].place, "x"),
    ):
        assert interview.step(event) == Rejection("the answers were erased")


@settings(max_examples=2 * settings().max_examples)
@given(histories())
def test_any_history_without_its_words_has_the_same_code_and_attempts(history: History) -> None:
    study = plan()
    before = history.case
    left = [erase_content(entry, columns=()) for entry in history.entries]
    after = Case.from_history(
        history.key, [*left, HistoryEntry(history.entries[-1].at, "sue", "", ErasedCase("asked"))]
    )
    assert code_case(after, study) == code_case(before, study)._replace(
        by=code_case(after, study).by
    )
    assert len(after.counted_attempts) == len(before.counted_attempts)
    assert [number.state for number in after.numbers] == [number.state for number in before.numbers]
    assert [erase_content(entry, columns=()) for entry in left] == left


SAFE = {
    "zone", "language", "weight", "frame", "replicate", "outcome", "code", "interview", "start", "end", "owner",
    "script", "state", "policy",
}  # fmt: skip
"""Texts that are codes, times, or chosen from a list."""


def test_whatever_text_an_event_holds_it_is_decided_whether_it_goes() -> None:
    for kind in get_args(CaseEvent):
        texts = {
            name
            for name, of in get_type_hints(kind).items()
            if of is str or get_args(of)[:1] == ("me",)
        }
        assert texts <= TEXT_FIELDS | SAFE, kind
    entry = HistoryEntry(TUESDAY, "ann", "", OutcomeRecorded("busy", person=True, note="x"))
    assert erase_content(entry, columns=()).event == OutcomeRecorded("busy", person=True)


# withdrawal


def test_who_withdraws_has_the_answers_erased_and_keeps_the_code(tmp_path: Path) -> None:
    shift = a_shift(tmp_path)
    told(shift, complete=False)
    shift.later(days=8)
    ann = shift.station("ann")
    assert ann.fetch_case("A").rejection is None
    ann.dial()
    assert ann.record_outcome("withdrawn").rejection is None
    assert findings(shift) == (), "a withdrawal leaves nothing to be found"
    assert any("may still be in free pages" in note for note in notes(shift)), (
        "the station does not wait for the file"
    )
    finished(shift)
    with shift.study() as study:
        done = erase_answers(study.store, study.instrument, "A", at=shift.at, by="ann")
        assert done == 0
        assert study.store.cases.queries.find_contact("A") is not None
    assert shift.row("A").position.code == "2.112"
    assert findings(shift) == ()
    assert found_in(*files_of(shift)) & {TOLD} == set()


# anonymise


def anonymized(shift: Shift, *, dry_run: bool = False) -> AnonymizationResult:
    done = anonymize_study(request(shift), dry_run=dry_run)
    assert isinstance(done, AnonymizationResult), done
    return done


@pytest.mark.parametrize("items", [ITEMS, ROUTED], ids=["plain", "routed by the name"])
def test_names_go_when_their_time_is_over_and_answers_stay(tmp_path: Path, items: str) -> None:
    shift = a_shift(tmp_path, items=items)
    told(shift)
    rows = data(shift)
    early = anonymized(shift)
    assert (early.cases, early.interviews) == (0, 0)
    assert early.next_at == shift.case("A").last_call.at + timedelta(days=90)  # type: ignore[union-attr]
    shift.later(days=89)
    assert anonymized(shift).cases == 0
    shift.later(days=1)
    assert anonymized(shift, dry_run=True).cases == 1
    assert WHO in repr(load_subject(request(shift), "A"))
    done = anonymized(shift)
    assert (done.cases, done.interviews, done.skipped, done.clean) == (1, 1, (), True)
    assert shift.row("A").position.code == "1.1"
    assert found_in(*files_of(shift)) == {TOWN, TOLD}  # neither is marked as personal
    assert data(shift) == {
        name: cell
        for name, cell in rows.items()
        if name not in ("who", "who_state", "name", "phone", "boss")
    }
    assert findings(shift) == ()
    assert (anonymized(shift).cases, anonymized(shift).interviews) == (0, 0)
    assert shift.bring(SAMPLE, update=True).nameless == ("A",)
    gone(shift)
    assert found_in(*files_of(shift)) == set()
    assert findings(shift) == ()


def data(shift: Shift) -> dict[str, object]:
    """What is answered and known in the interview of case A."""
    with shift.study() as study:
        [row] = study.store.interviews.list_rows(case="A")
        interview = Interview.replay(study.instrument, study.store.interviews.read_journal(row.id))
        [kept] = rows_of(study.store, row.instrument, personal=True)
        assert kept.snapshot is not None
        assert kept.snapshot.cells == build_row(interview)
        names = [variable.name for variable in study.store.data.read_variables(row.instrument)]
    return {
        name: cell
        for name, cell in zip(names, build_row(interview), strict=True)
        if cell or cell == 0
    }


def test_a_case_that_was_open_at_the_studys_end_has_its_time_from_there(tmp_path: Path) -> None:
    shift = a_shift(tmp_path)
    shift.to("2027-03-17 12:00")
    assert anonymized(shift).cases == 0
    shift.to("2027-03-19 12:00")
    assert anonymized(shift).cases == 2
    row = shift.row("B")
    assert (row.status, row.position.code) == ("done", "2.20")
    silent = Shift(tmp_path / "other", ITEMS) if (tmp_path / "other").mkdir() is None else shift
    with pytest.raises(UserError) as caught:
        anonymize_study(request(silent))
    refused = caught.value
    assert "retention" in refused.remedy


# refusals


def test_what_is_noted_of_a_refusal_is_shown_to_whoever_converts_it(tmp_path: Path) -> None:
    shift = a_shift(tmp_path)
    ann = shift.station("ann")
    assert ann.fetch_case("A").rejection is None
    ann.dial()
    view = ann.look().view
    assert isinstance(view, CaseView)
    assert {choice.outcome.id for choice in view.main_outcomes if choice.is_refusal} == {
        "refusal_soft"
    }
    assert ann.record_refusal().rejection == Rejection("an empty note is not saved")
    assert ann.record_refusal(strength=4).rejection == Rejection(
        "the strength is a number from 1 to 3"
    )
    assert ann.record_refusal(reason=f" {NOTE} ", strength=2, who="her husband").rejection is None
    assert ann.record_outcome("refusal_soft").rejection is None
    assert (shift.row("A").position.code, shift.case("A").attempts[0].calls[0].outcome) == (
        "2.112",
        "refusal_soft",
    )
    ann.end_shift()
    shift.later(days=8)
    bob = shift.station("bob")
    assert bob.fetch_case("A").rejection is None
    view = bob.look().view
    assert isinstance(view, CaseView)
    assert ("refused by her husband, strength 2 of 3", NOTE) in {
        (p.what, p.note) for p in view.history
    }
    bob.end_shift()
    gone(shift)
    assert NOTE not in repr(load_subject(request(shift), "A"))
    assert "husband" not in repr(load_subject(request(shift), "A"))
