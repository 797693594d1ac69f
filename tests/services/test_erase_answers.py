"""Erased answers are found nowhere: neither by a query nor in the bytes of the files. Counts and times stay."""

from pathlib import Path
from random import Random

import pytest

from support.stored_cases import (
    CLOSED,
    NOON,
    a_case,
    a_contact,
    at,
    bring,
    called,
    claimed,
    lease,
    standing,
)
from support.stored_interviews import (  # noqa: F401 – fixtures
    CELLS,
    HASH,
    SITTING,
    a_path,
    a_place,
    a_store,
    an_instrument,
    an_interview,
    rows,
    sql,
    stamp,
)
from survey_cli.engine.events import AnswersErased as ErasedInterview
from survey_cli.engine.events import InterviewStarted, NoteWritten, QuestionAnswered
from survey_cli.fieldwork.case.events import (
    AppointmentMade,
    CaseErased,
    CaseNoteWritten,
    HistoryEntry,
)
from survey_cli.fieldwork.queue.reasons import QueueReason, ReasonKind
from survey_cli.store import EntryDraft, JournalUpdate, Snapshot, Store
from survey_cli.store.cases.case_records import CaseConflict, CaseUpdate, LeaseLost
from survey_cli.values import Place

WORD = "Quetzalcóatl"
NUMBER = "+13125550100"
TOMBSTONE = HistoryEntry(at(9), "sue", "s0", CaseErased("asked us"))
GONE = standing("", status="done", due_at=None, reason=QueueReason(ReasonKind.ERASED))


def told(store: Store, key: str = "x") -> list[HistoryEntry]:
    """A case of which the word stands everywhere it may stand."""
    bring(
        store,
        [a_case(key, contact=a_contact(f"link of {key}", WORD, NUMBER))],
        id=f"import of {key}",
    )
    row = claimed(store, token=f"token of {key}")
    promise = AppointmentMade(
        "2000-06-02T15:00", "2000-06-02T15:30", "America/Denver", person=WORD, note=WORD
    )
    said = [
        HistoryEntry(at(1), "ann", "s1", promise, "k1"),
        HistoryEntry(at(1), "ann", "s1", CaseNoteWritten(f"is {WORD}'s aunt")),
        CLOSED,
    ]
    token = f"token of {key}"
    assert (
        store.cases.update(
            CaseUpdate(row.key, seq=2, entries=said, token=token, queue_position=GONE, release=True)
        )
        is None
    )
    return store.cases.queries.read_history(key)


def rewritten(history: list[HistoryEntry]) -> list[HistoryEntry]:
    return [
        entry._replace(event=event._replace(person="", note=""))
        if isinstance(event := entry.event, AppointmentMade)
        else entry._replace(event=CaseNoteWritten(""))
        if isinstance(event, CaseNoteWritten)
        else entry
        for entry in history
    ] + [TOMBSTONE]


def test_a_case_keeps_its_events_times_and_codes_and_loses_its_words(store):
    history = told(store)
    assert store.cases.erase("x", seq=5, entries=rewritten(history), queue_position=GONE) is None
    left = store.cases.queries.read_history("x")
    assert [(e.at, e.by, type(e.event)) for e in left[:-1]] == [
        (e.at, e.by, type(e.event)) for e in history
    ]
    assert left[-1] == TOMBSTONE
    assert WORD not in repr(left)
    row = store.cases.queries.find_row("x")
    assert (
        row.status,
        str(row.position.reason.words),
        row.seq,
        row.position_seq,
        row.fingerprint,
    ) == (
        "done",
        "erased",
        6,
        6,
        "",
    )
    assert store.cases.queries.find_contact("x") is None
    assert store.cases.queries.search(WORD) == store.cases.queries.search(NUMBER) == []
    assert store.maintenance.check_integrity() == []


def test_only_what_was_read_last_is_rewritten_and_only_its_words(store):
    history = told(store)
    entries = rewritten(history)
    for wrong in (entries[1:], entries[:3], [*entries[:2], called(7), *entries[3:]], [TOMBSTONE]):
        with pytest.raises(ValueError, match="other words"):
            store.cases.erase("x", seq=5, entries=wrong, queue_position=GONE)
    assert isinstance(
        store.cases.erase("x", seq=4, entries=entries, queue_position=GONE), CaseConflict
    )
    store.cases.claim_case("x", lease("t9"), NOON)
    assert isinstance(
        store.cases.erase("x", seq=6, entries=entries, queue_position=GONE), LeaseLost
    )
    assert store.cases.queries.find_contact("x").name == WORD


def test_an_interview_loses_its_words_wherever_they_stand(store):
    events = _interview(store)
    blank = [
        InterviewStarted(stamp(), HASH, 7, "x", NOON.date(), SITTING, sample={}),
        NoteWritten(stamp(2), Place("own"), ""),
    ]
    store.interviews.erase("i1", [*blank, ErasedInterview(stamp(3), "asked us")])
    assert [type(event) for event in store.interviews.read_journal("i1")] == [
        InterviewStarted,
        NoteWritten,
        ErasedInterview,
    ]
    assert store.interviews.find_draft("i1") is None
    [kept] = rows(store, HASH, personal=True)
    assert (kept.snapshot, kept.interview.last_seq) == (None, 3)
    store.data.write_snapshot("i1", Snapshot(3, "1", CELLS), instrument=HASH)
    for wrong in ([], events[:1], [blank[0], QuestionAnswered(stamp(2), Place("own"), 1)]):
        with pytest.raises(ValueError, match="other words"):
            store.interviews.erase("i1", wrong)
    assert store.maintenance.check_integrity() == []


def _interview(store: Store) -> list:
    first = InterviewStarted(stamp(), HASH, 7, "x", NOON.date(), SITTING, sample={"phone": NUMBER})
    note = NoteWritten(stamp(2), Place("own"), f"{WORD} was cross")
    assert store.interviews.start(an_interview("i1", case="x"), first) is None
    assert (
        store.interviews.append(JournalUpdate("i1", 2, [note], "open", "own", answered=0)) is None
    )
    store.interviews.save_draft("i1", EntryDraft("own", f"{WORD} says", NOON))
    store.data.write_snapshot("i1", Snapshot(2, "1", (1, NUMBER, *CELLS[2:])), instrument=HASH)
    return [first, note]


def found_in(path: Path) -> list[str]:
    """The files in which something of it stands."""
    words = [word.encode() for word in (WORD, WORD.casefold(), "quetzalcoatl", NUMBER, NUMBER[1:])]
    return [
        one.name for one in path.parent.iterdir() if any(word in one.read_bytes() for word in words)
    ]


def test_the_bytes_of_the_files_hold_nothing_of_it(tmp_path):
    path = tmp_path / "asu.db"
    dice = Random(5)
    with Store.open(path, create=True) as store, Store.open(path, create=False) as other:
        for one in (store, other):  # as SQLite comes, unless it was built otherwise
            one.connector.run("PRAGMA secure_delete = OFF")
        store.data.add_instrument(an_instrument())
        bring(
            store,
            [
                a_case(f"c{k:04}", f"5{k:04}", contact=a_contact(f"l{dice.random()}", f"N {k}"))
                for k in range(500)
            ],
        )
        history = told(store)
        _interview(store)
        for k in range(400):  # pages fill, divide and are written over
            key = f"c{dice.randrange(500):04}"
            text = "filler " * dice.randrange(90)
            row = store.cases.queries.find_row(key)
            store.cases.update(
                CaseUpdate(
                    key,
                    seq=row.seq,
                    entries=[HistoryEntry(at(k), "sue", "s0", CaseNoteWritten(text))],
                )
            )
        assert "asu.db" in found_in(path)
        other.cases.queries.find_row("x")
        entries = rewritten(history)
        assert (
            store.cases.erase("x", seq=len(history), entries=entries, queue_position=GONE) is None
        )
        blank = [
            InterviewStarted(stamp(), HASH, 7, "x", NOON.date(), SITTING, sample={}),
            NoteWritten(stamp(2), Place("own"), ""),
        ]
        store.interviews.erase("i1", [*blank, ErasedInterview(stamp(3), "asked us")])
        reading = other.cases.queries.iterate_rows()
        next(reading)
        assert not store.maintenance.scrub()  # somebody is still reading the pages as they were
        reading.close()
        assert store.maintenance.scrub()
        assert found_in(path) == []
        assert str(other.cases.queries.find_row("x").position.reason.words) == "erased"
        assert claimed(other).key == "c0000"
        assert store.maintenance.check_integrity() == []


@pytest.mark.parametrize("store", ["server"], indirect=True)
def test_a_server_keeps_nothing_of_it_in_its_tables(store):
    def tables() -> list[str]:
        store.connector.run_autocommit("CHECKPOINT")
        names = store.connector.read(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname IN (current_schema(), contact_schema())"
        )
        files = [
            store.connector.read("SELECT pg_relation_filepath(?::regclass)", named)[0]
            for named in names
        ]
        read = [store.connector.read("SELECT pg_read_binary_file(?)", file)[0][0] for file in files]
        return [
            name for (name,), content in zip(names, read, strict=True) if WORD.encode() in content
        ]

    history = told(store)
    store.cases.erase("x", seq=len(history), entries=rewritten(history), queue_position=GONE)
    assert tables() != []  # what is written over is still there
    assert store.maintenance.scrub()
    assert tables() == []


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (
            "DELETE FROM case_events WHERE case_key = 'x' AND seq = 2",
            "case x should have events 1 to 5; it has 4, 1 to 5",
        ),
        (
            "UPDATE cases SET stood = 9 WHERE key = 'x'",
            "the queue position of case x was computed at event 9, but the last event is 5",
        ),
        (
            "UPDATE cases SET status = 'leased' WHERE key = 'x'",
            "case x is leased, was done, and its lease",
        ),
        (
            "UPDATE cases SET status = 'ready', was = 'ready' WHERE key = 'x'",
            "case x is ready, was ready",
        ),
        ("DELETE FROM case_contacts", "case x has no contact, although one is recorded"),
        ("UPDATE cases SET link = '' WHERE key = 'x'", "1 contacts belong to no case"),
        (
            "UPDATE quota_fill SET held = 3 WHERE cell = 'a'",
            "cell a counts 0 taken and 3 held; its places are 0 taken and 1",
        ),
        (
            "UPDATE cases SET status = 'arriving', arrival = '?' WHERE key = 'x'",
            "case x belongs to an import that is not recorded",
        ),
    ],
)
def test_what_does_not_belong_together_is_named(place, damage, said):
    with Store.open(place, create=True) as store:
        told(store)
        store.cases.quotas.hold("i1", {"a": 5}, NOON)
        assert store.maintenance.check_integrity() == []
        sql(place, damage)
        assert any(said in sentence for sentence in store.maintenance.check_integrity())
