"""Stored interviews are there as written, whoever else writes, and can be read in plain SQL."""

import sqlite3
import tracemalloc

import pytest

from support.stored_interviews import (  # noqa: F401 – fixtures
    CELLS,
    HASH,
    NOON,
    SITTING,
    VARIABLES,
    a_path,
    a_place,
    a_store,
    a_store_of_many,
    a_store_on_disk,
    an_instrument,
    an_interview,
    answer,
    began,
    begin,
    child,
    moment,
    outcome,
    rows,
    sql,
    stamp,
    views,
    wholes,
)
from survey_cli.engine.codec import decode_timestamp
from survey_cli.engine.events import (
    InterviewEnded,
    InterviewResumed,
    InterviewSuspended,
    NoteWritten,
    QuestionAnswered,
)
from survey_cli.store import (
    EntryDraft,
    InterviewConflict,
    Snapshot,
    Store,
    WholeInterview,
)
from survey_cli.store.backends.sqlite.connection import SqliteConnector
from survey_cli.values import DK, NOT_ASKED, NOT_REACHED, REFUSED, Place, Variable

# What is kept


def test_a_journal_comes_back_as_it_was_written(store):
    begin(store)
    events = [
        QuestionAnswered(stamp(2), Place("own", 2), (8, "8"), {8: "señal", "8": "[b]text[/b]"}),
        NoteWritten(stamp(3), Place("own"), "said 'x\"; DROP TABLE journal; --\0"),
        InterviewSuspended(stamp(4, by="bob", station="s2"), "callback"),
        InterviewResumed(stamp(5), SITTING, reopen=True),
        InterviewEnded(stamp(6), "complete"),
    ]
    for seq, event in enumerate(events, start=2):
        assert answer(store, seq, event=event) is None
    assert store.interviews.read_journal("i1") == [began(), *events]
    assert store.interviews.read_journal("nobody") == []


def test_an_interview_says_where_it_stands(store):
    begin(store)
    answer(
        store,
        2,
        event=QuestionAnswered(stamp(60, by="bob"), Place("own"), 1),
        at_item="age#2",
        answered=1,
    )
    row = store.interviews.find_row("i1")
    assert (row.last_seq, row.at_item, row.answered, row.by) == (2, "age#2", 1, "bob")
    assert (row.began_at, row.updated_at, row.status) == (NOON, moment(60), "open")
    answer(
        store,
        3,
        event=InterviewEnded(stamp(90), "complete"),
        status="ended",
        outcome="complete",
        at_item="",
    )
    assert store.interviews.find_row("i1") == an_interview(
        status="ended", outcome="complete", last_seq=3, answered=2, updated_at=moment(90)
    )
    assert store.interviews.find_row("i2") is None


def test_interviews_are_found_by_what_is_asked(store):
    for k, (case, origin, status) in enumerate(
        [
            ("c1", "real", "open"),
            ("c1", "practice", "ended"),
            ("c2", "simulated", "ended"),
            ("c2", "real", "ended"),
        ]
    ):
        begin(store, f"i{k}", case=case, origin=origin, status=status, began_at=moment(-k))
    ids = lambda **wanted: [row.id for row in store.interviews.list_rows(**wanted)]  # noqa: E731
    assert ids() == ["i3", "i2", "i1", "i0"]  # first begun first
    assert ids(case="c1") == ["i1", "i0"]
    assert ids(origin="real") == ["i3", "i0"]
    assert ids(status="ended", case="c2", origin="real") == ["i3"]
    assert ids(case="c' OR 1=1 --") == []


def test_an_instrument_is_kept_once_with_its_text_and_columns(store):
    store.data.add_instrument(an_instrument(title="the same hash is the same text"))
    second = an_instrument(hash="beef" * 16, version="2", kept_at=moment(1), texts={"b.yaml": "x"})
    store.data.add_instrument(second)
    assert store.data.list_instruments() == [an_instrument(), second]
    assert list(store.data.read_stored_text(HASH).texts) == ["asu.yaml", "modules/a.yaml"]
    assert not store.data.read_stored_text("unknown").texts
    assert store.data.read_variables(HASH) == VARIABLES


# The key is the lock


def test_an_event_is_written_by_the_first_station_only(store):
    begin(store)
    first = QuestionAnswered(stamp(5, by="ann", station="s1"), Place("own"), 1)
    assert answer(store, 2, event=first) is None
    taken = answer(
        store,
        2,
        event=QuestionAnswered(stamp(6, by="bob", station="s2"), Place("own"), 2),
        answered=99,
    )
    assert taken == InterviewConflict("i1", 2, "ann", "s1", moment(5))
    assert store.interviews.read_journal("i1")[1:] == [first]
    assert store.interviews.find_row("i1").answered == 1


def test_the_same_event_again_is_no_second_event(store):
    begin(store)
    event = QuestionAnswered(stamp(5), Place("own"), 1)
    assert answer(store, 2, event=event) is None
    assert answer(store, 2, event=event) is None
    assert len(store.interviews.read_journal("i1")) == 2


def test_an_event_out_of_turn_is_a_mistake_and_changes_nothing(store):
    begin(store)
    with pytest.raises(ValueError, match="its last is 1"):
        answer(store, 3)
    with pytest.raises(ValueError, match="never started"):
        answer(store, 2, id="nobody")
    assert len(store.interviews.read_journal("i1")) == 1
    assert store.maintenance.check_integrity() == []


def test_a_case_is_begun_by_the_first_station_only(store):
    begin(store, "i1", case="c1")
    other = an_interview("i2", case="c1")
    assert store.interviews.start(other, began("c1", by="bob")) == InterviewConflict(
        "i1", 1, "ann", "s1", NOON
    )
    assert [row.id for row in store.interviews.list_rows()] == ["i1"]
    begin(store, "i3", case="c1", number=2)
    begin(store, "i4", case="c1", origin="practice")
    begin(store, "i5", case="c1", origin="practice")
    begin(store, "i6", case="")
    begin(store, "i7", case="")
    assert store.interviews.start(an_interview("i1", case="c9"), began("c9")) == InterviewConflict(
        "i1", 1, "ann", "s1", NOON
    )
    assert len(store.interviews.list_rows()) == 6


def test_stations_that_race_for_one_interview_share_it_event_by_event(kept, place):
    script = """
store, me, won = Store.open(sys.argv[1], create=False), sys.argv[2], 0
for seq in range(2, 102):
    if answer(store, "i1", seq, by=me) is None:
        won += 1
print(won)
"""
    racers = [child(script, place, f"s{k}") for k in range(4)]
    won = {f"s{k}": int(outcome(racer)) for k, racer in enumerate(racers)}
    journal = kept.interviews.read_journal("i1")
    assert [event.value for event in journal[1:]] == list(range(2, 102))
    stations = [event.stamp.station for event in journal[1:]]
    assert {name: stations.count(name) for name in won} == won


# Drafts


def test_a_draft_goes_with_the_event_it_was_becoming(store):
    begin(store)
    draft = EntryDraft("why", "because it\nrains", NOON)
    for seq, event, left in (
        (2, InterviewSuspended(stamp()), draft),
        (3, InterviewResumed(stamp(), SITTING), draft),
        (4, NoteWritten(stamp(), Place("own"), "x"), draft),
        (5, QuestionAnswered(stamp(), Place("why"), "because it rains"), None),
    ):
        store.interviews.save_draft("i1", EntryDraft("why", "because", NOON))
        store.interviews.save_draft("i1", draft)
        answer(store, seq, event=event)
        assert store.interviews.find_draft("i1") == left
    store.interviews.save_draft("i1", draft)
    store.interviews.save_draft("i1", EntryDraft("why", "", NOON))
    assert store.interviews.find_draft("i1") is None


# Snapshots


def test_a_snapshot_is_given_only_while_it_is_of_the_last_event(store):
    begin(store)
    store.data.write_snapshot("i1", Snapshot(1, "0.9", CELLS), instrument=HASH)
    [row] = rows(store, HASH, personal=True)
    assert row.snapshot == Snapshot(1, "0.9", CELLS)
    answer(store, 2)
    [row] = rows(store, HASH)
    assert (row.interview.last_seq, row.snapshot) == (2, None)
    corrected = (2, *CELLS[1:])
    store.data.write_snapshot("i1", Snapshot(2, "1.0", corrected), instrument=HASH)
    [row] = rows(store, HASH, personal=True)
    assert row.snapshot == Snapshot(2, "1.0", corrected)


def test_rows_are_of_the_origins_and_statuses_that_were_asked(store):
    for k, (origin, status) in enumerate(
        [("real", "open"), ("practice", "ended"), ("real", "ended")]
    ):
        begin(store, f"i{k}", origin=origin, status=status, began_at=moment(-k))
    ids = lambda **wanted: [row.interview.id for row in rows(store, HASH, **wanted)]  # noqa: E731
    assert ids() == ["i2", "i0"]
    assert ids(origins=("real", "practice")) == ["i2", "i1", "i0"]
    assert ids(statuses=("ended", "suspended")) == ["i2"]


def test_a_snapshot_has_a_cell_for_every_variable(store):
    begin(store)
    with pytest.raises(ValueError, match="4 cells for the 5 variables"):
        store.data.write_snapshot("i1", Snapshot(1, "1", CELLS[:4]), instrument=HASH)


def test_personal_values_stay_out_of_snapshots_and_views_unless_asked_for(kept, place):
    kept.data.write_snapshot("i1", Snapshot(1, "1", CELLS), instrument=HASH)
    kept.interviews.add([WholeInterview(an_interview("i2"), [], Snapshot(1, "1", CELLS))])
    for row in rows(kept, HASH):
        assert row.snapshot.cells == (1, NOT_ASKED, *CELLS[2:])
    for row in rows(kept, HASH, personal=True):
        assert row.snapshot.cells == CELLS
    shown = [
        sql(place, f"SELECT * FROM {name}")
        for name in ("snapshots", "answers", "data_asu_2000_v1", "remarks")
    ]
    assert [len(rows) for rows in shown[:3]] == [2, 6, 2]
    assert "202 555" not in repr(shown)
    assert "202 555" in repr(sql(place, "SELECT details FROM contacts"))


def test_rows_come_in_little_memory(place):
    variables = tuple(Variable(name=f"q{k}", item=f"q{k}") for k in range(50))
    with Store.open(place, create=True) as store:
        store.data.add_instrument(an_instrument(variables=variables))
        cells = tuple(range(1000, 1050))
        store.interviews.add(
            WholeInterview(an_interview(f"i{k:05}"), [began()], Snapshot(1, "1", cells))
            for k in range(5000)
        )
        tracemalloc.start()
        count = sum(row.snapshot.cells == cells for row in rows(store, HASH))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert count == 5000
    assert peak < 2_000_000  # the cells alone would take some 4 MB


def test_rows_are_of_one_moment_while_others_write(kept):
    for k in range(600):
        begin(kept, f"j{k:03}")
    before = kept.interviews.find_row("j599").updated_at
    found = kept.data.iterate_export_rows(HASH)
    next(found)
    answer(kept, 2, id="j599")
    begin(kept, "k")
    left = list(found)
    assert len(left) == 600
    assert decode_timestamp(left[-1].updated_at) == before
    assert kept.interviews.find_row("j599").updated_at > before


# Views


def test_answers_are_readable_in_plain_sql(kept, place):
    one = (
        "1" if kept.connector.dialect == "postgresql" else 1
    )  # a column has one type there, and "1" is a code here too
    answer(kept, 2, event=NoteWritten(stamp(2), Place("own", 3), "was [unsure]"))
    kept.data.write_snapshot(
        "i1", Snapshot(2, "1", (1, "x", REFUSED, NOT_REACHED, DK)), instrument=HASH
    )
    begin(kept, "p", origin="practice")
    kept.data.write_snapshot("p", Snapshot(1, "1", CELLS), instrument=HASH)
    assert sql(
        place, "SELECT interview, variable, question, value, label, missing FROM answers"
    ) == [
        ("i1", "own", "Do you own a car?", one, "Yes", None),
        ("i1", "visit", "", None, None, "refused"),
        ("i1", "m_8", "", None, None, "dk"),
    ]
    assert sql(place, "SELECT _interview, _case, own, visit, m_tv, m_8 FROM data_asu_2000_v1") == [
        ("i1", "case i1", one, None, None, None)
    ]
    assert sql(place, "SELECT interview, item, turn, remark, by FROM remarks") == [
        ("i1", "own", 3, "was [unsure]", "ann")
    ]
    kept.data.write_snapshot("i1", Snapshot(2, "1", ("1", *CELLS[1:])), instrument=HASH)
    assert sql(place, "SELECT value, label FROM answers WHERE variable = 'own'") == [
        ("1", "one in words")
    ]


def test_every_text_has_its_view_even_when_the_version_stays(kept, place):
    kept.data.add_instrument(an_instrument(hash="beef" * 16))
    kept.data.add_instrument(an_instrument(hash="f00d" * 16, version="2 (März) '\"; --"))
    names = [name for name in views(place) if name.startswith("data")]
    assert names == ["data_asu_2000_v1", "data_asu_2000_v1_beefbeefbeef", "data_asu_2000_v2_M_rz"]
    begin(kept, "i2", instrument="beef" * 16)
    kept.data.write_snapshot("i2", Snapshot(1, "1", (*CELLS[:4], 8)), instrument="beef" * 16)
    assert [sql(place, f'SELECT m_8 FROM "{name}"') for name in names] == [[], [(8,)], []]


def test_an_instrument_too_wide_for_one_view_has_several(kept, place):
    variables = tuple(Variable(name=f"q{k}", item=f"q{k}") for k in range(4000))
    kept.data.add_instrument(an_instrument(hash="beef" * 16, id="wide", variables=variables))
    begin(kept, "w", instrument="beef" * 16)
    kept.data.write_snapshot("w", Snapshot(1, "1", tuple(range(4000))), instrument="beef" * 16)
    assert sql(place, "SELECT _interview, q0 FROM data_wide_v1") == [("w", 0)]
    assert sql(place, "SELECT _interview, q3999 FROM data_wide_v1_part3") == [("w", 3999)]


# Many at once


def test_whole_interviews_are_kept_in_commits_with_room_between(store):
    commits = []
    assert (
        store.interviews.add(
            wholes(25), rows=30, pause=lambda: commits.append(len(store.interviews.list_rows()))
        )
        == 25
    )
    assert commits == [10, 20]
    assert store.interviews.read_journal("s00024") == next(wholes(1, first=24)).events
    assert [row.snapshot.seq for row in rows(store, HASH, origins=("simulated",))] == [3] * 25
    assert store.maintenance.check_integrity() == []


def test_a_commit_with_an_interview_that_is_there_already_is_not_made(store):
    store.interviews.add(wholes(10))
    with pytest.raises(ValueError, match="already"):
        store.interviews.add(wholes(10, first=5))
    assert len(store.interviews.list_rows()) == 10
    assert answer(store, 4, id="s00009") is None


@pytest.mark.parametrize(("version", "trusted"), [((3, 40, 1), 1), ((3, 41, 0), 0)])
def test_a_schema_is_not_trusted_unless_sqlite_would_refuse_our_own(
    version: tuple[int, int, int], trusted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite 3.40, as in Debian 12, calls the use of `json_array` in a column unsafe."""
    before = sqlite3.connect(":memory:").execute("PRAGMA trusted_schema").fetchone()[0]
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    connector = SqliteConnector.open_in_memory()
    [(state,)] = connector.read("PRAGMA trusted_schema")
    assert state == (before if trusted else 0)
    connector.close()
