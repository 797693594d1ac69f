"""Stored cases: the history is there as written, and the row agrees with it; on a file, in memory and on a server."""

from datetime import date

import pytest

from support.stored_cases import (
    BUCKET,
    CLAIMED,
    CLOSED,
    NOON,
    OTHER,
    a_case,
    a_contact,
    at,
    bring,
    called,
    claimed,
    count_by,
    lease,
    several,
    standing,
)
from support.stored_interviews import a_path, a_store, begin  # noqa: F401 – fixtures
from survey_cli.fieldwork.case.events import (
    AppointmentMade,
    CaseNoteWritten,
    CaseReturned,
    CaseSampled,
    HistoryEntry,
)
from survey_cli.fieldwork.plan.plan import CellFill
from survey_cli.fieldwork.queue.reason_codec import decode_reason
from survey_cli.problems import StoreError
from survey_cli.store.backends.errors import TransientStoreError
from survey_cli.store.cases.case_records import (
    CaseConflict,
    CaseUpdate,
    LeaseHolder,
    LeaseLost,
    QueueHead,
)

# What came with the sample


def test_a_case_comes_back_as_it_was_brought(store):
    contact = a_contact("r4nd0m", "José Pérez", "+13125550100", "+525555550101")
    contact = contact._replace(
        columns={"born": date(1960, 2, 29), "street": "Calle 'x\"; --", "floor": 3}
    )
    new = a_case("unit 7", promised_at=at(60), promised_until=at(90), owner="ann", contact=contact)
    assert bring(store, [new]) == 1
    row = store.cases.queries.find_row("unit 7")
    assert (row.key, row.ordinal, row.seq, row.position_seq, row.fingerprint) == (
        "unit 7",
        1,
        1,
        1,
        "mark of unit 7",
    )
    assert (row.status, row.position) == (new.queue_position.status, new.queue_position)
    assert (row.frame, row.holder, row.updated_at) == ("list", None, NOON)
    assert store.cases.queries.read_history("unit 7") == list(new.entries)
    assert store.cases.queries.find_contact("unit 7") == contact
    assert (
        store.cases.queries.find_row("unit 8"),
        store.cases.queries.find_contact("unit 8"),
        store.cases.queries.read_history("unit 8"),
    ) == (
        None,
        None,
        [],
    )


def test_nothing_personal_stands_outside_the_contacts(store):
    bring(store, [a_case("unit 7", contact=a_contact("r4nd0m", "José Pérez", "+13125550100"))])
    claimed(store)
    for table in ("cases", "case_events", "imports"):
        written = repr(store.connector.read(f"SELECT * FROM {table}"))
        assert not any(word in written for word in ("Pérez", "5550100", "Calle"))


def test_cases_are_listed_in_the_samples_order_and_found_by_what_is_asked(store):
    bring(
        store,
        [
            a_case("b", code="3.11"),
            a_case("a", status="waiting", due_at=at(5)),
            a_case("d", replicate="2"),
        ],
    )
    bring(store, [a_case("c", bucket=OTHER, owner="ann", outcome="busy")], id="import 2")
    keys = lambda **wanted: [row.key for row in store.cases.queries.iterate_rows(**wanted)]  # noqa: E731
    assert keys() == ["b", "a", "d", "c"]
    assert keys(limit=2) == ["b", "a"]
    assert (keys(status="waiting"), keys(status="ready")) == (["a"], ["b", "d", "c"])
    assert (keys(code="3.11"), keys(replicate="2"), keys(owner="ann")) == (["b"], ["d"], ["c"])
    assert (keys(bucket=OTHER), keys(outcome="busy"), keys(frame="list", code="2.20")) == (
        ["c"],
        ["c"],
        ["a", "d", "c"],
    )
    assert list(store.cases.queries.iterate_keys()) == ["a", "b", "c", "d"]
    assert store.cases.queries.find_row("c").fingerprint == "mark of c"
    assert [(i.id, i.file, i.cases) for i in store.cases.imports.list_rows()] == [
        ("import 1", "units.csv", 3),
        ("import 2", "units.csv", 1),
    ]


def test_cases_are_counted_by_status_outcome_and_code(store):
    bring(store, [*several(3), a_case("x", status="done", code="1.1", outcome="complete")])
    claimed(store)
    assert count_by(store, "status") == {"ready": 2, "leased": 1, "done": 1}
    assert count_by(store, "outcome") == {"": 3, "complete": 1}
    assert count_by(store, "code") == {"2.20": 3, "1.1": 1}
    assert store.cases.counts.count_cases() == 4


def test_somebody_who_rings_back_is_found_by_name_number_or_key(store):
    bring(
        store,
        [
            a_case(
                "Unit/7", contact=a_contact("l1", "José Pérez", "+13125550100", "+442079460018")
            ),
            a_case("unit_8", contact=a_contact("l2", "Ann 100% Smith", "+13125550199")),
            a_case("unitx9"),
        ],
    )
    found = lambda text: [one.row.key for one in store.cases.queries.search(text)]  # noqa: E731
    assert (
        found("perez")
        == found("JOSÉ P")
        == found("020 7946 0018")
        == found("312-555-0100")
        == ["Unit/7"]
    )
    assert found("0199") == found("100% s") == found("%") == ["unit_8"]
    assert found("unit/7") == ["Unit/7"]
    assert found("unit_") == ["unit_8"]  # no pattern: a letter like any other
    assert found("nunez") == ["Unit/7", "unit_8"]
    assert found("55") == found("") == found("nobody") == found("x 0199") == []
    [jose] = store.cases.queries.search("pérez")
    assert (jose.name, jose.numbers) == (
        "José Pérez",
        ("shown +13125550100", "shown +442079460018"),
    )
    assert len(store.cases.queries.search("unit", limit=2)) == 2


def test_a_name_is_found_as_it_is_typed_on_another_keyboard(store):
    names = (
        "Łukasz Wąż",
        "Ørsted",
        "Hans Müller",
        "Mueller, Eva",
        "Pat O’Brien",
        "Æbeltoft",
        "Århus",
        "Jens Groß",
    )
    bring(store, [a_case(name, contact=a_contact(name, name)) for name in names])
    found = lambda text: {one.name for one in store.cases.queries.search(text)}  # noqa: E731
    for text in ("Lukasz", "lukasz waz", "ŁUKASZ"):
        assert found(text) == {"Łukasz Wąż"}
    assert found("Orsted") == found("Oersted") == found("ørsted") == {"Ørsted"}
    assert found("Mueller") == found("Müller") == found("muller") == {"Hans Müller", "Mueller, Eva"}
    assert found("ueller") == {"Hans Müller", "Mueller, Eva"}
    assert found("O'Brien") == found("o’brien") == found("O‘B") == {"Pat O’Brien"}
    assert found("aebel") == found("Aebeltoft") == {"Æbeltoft"}
    assert found("aarhus") == found("arhus") == {"Århus"}
    assert found("gross") == {"Jens Groß"}
    assert found("%l") == found("l%e") == found("_ukasz") == found("lukasch") == set()


# Imports are all or none


@pytest.mark.parametrize("doubled", ["c00700", "c00003"])
def test_a_key_that_is_there_already_is_named_and_nothing_is_kept(store, doubled):
    bring(store, [a_case("c00700")])
    with pytest.raises(ValueError, match=doubled):
        bring(store, [*several(700), a_case(doubled)], id="import 2")
    assert list(store.cases.queries.iterate_keys()) == ["c00700"]
    assert store.cases.queries.find_row("c00001") is None
    assert len(store.cases.imports.list_rows()) == 1
    assert store.cases.imports.finish()
    assert store.connector.read("SELECT count(*) FROM case_events") == [(1,)]
    assert store.connector.read("SELECT count(*) FROM imports") == [(1,)]


def test_until_the_last_case_is_there_nobody_sees_any(store):
    seen = []

    def look():
        read = store.cases.queries
        counts = store.cases.counts.count_cases()
        histories, rows = list(read.iterate_histories()), list(read.iterate_rows())
        seen.append((len(list(read.iterate_keys())), read.find_row("c00001"), read.list_queue_heads(), counts,
                     len(histories), rows, claimed(store), read.search("c0000")))  # fmt: skip

    def source():
        for number, case in enumerate(several(1200)):
            if number in (600, 1199):
                look()
            yield case

    bring(store, source())
    assert seen == [(0, None, [], 0, 0, [], None, [])] * 2
    assert len(list(store.cases.queries.iterate_keys())) == 1200
    assert claimed(store).key == "c00000"


def test_what_breaks_off_leaves_nothing_and_can_be_done_again(store):
    def broken():
        yield from several(700)
        raise OSError("the stick was pulled out")

    with pytest.raises(OSError, match="stick"):
        bring(store, broken())
    assert list(store.cases.queries.iterate_keys()) == []
    assert bring(store, several(700), id="again") == 700
    assert store.connector.read("SELECT count(*) FROM cases") == [(700,)]


def test_once_whole_an_import_counts_though_its_cases_are_still_let_in(store):
    """Whoever imports is killed in between: the next one goes on."""
    db, pauses = store.connector, []

    def killed():
        if db.read("SELECT 1 FROM imports WHERE state = 'settling'"):
            raise KeyboardInterrupt
        pauses.append(1)

    with pytest.raises(KeyboardInterrupt):
        bring(store, several(1200), pause=killed)
    assert pauses
    left = [
        key for (key,) in db.read("SELECT key FROM cases WHERE status = 'arriving' ORDER BY key")
    ]
    assert 0 < len(left) < 1200
    assert count_by(store, "status") == {"ready": 1200}
    assert store.cases.queries.find_row(left[0]).status == "ready"
    assert len(list(store.cases.queries.iterate_rows(status="ready"))) == 1200
    assert store.cases.claim_case(left[0], lease(), NOON).status == "leased"
    entry = HistoryEntry(NOON, "sue", "s0", CaseNoteWritten("x"))
    assert (
        store.cases.update(
            CaseUpdate(
                left[1], seq=1, entries=[entry], queue_position=standing("41", status="held")
            )
        )
        is None
    )
    while not store.cases.imports.finish(limit=1):
        pass
    assert count_by(store, "status") == {"ready": 1198, "leased": 1, "held": 1}
    assert store.maintenance.check_integrity() == []


def test_an_import_whose_place_was_taken_says_so(store):
    def slow():
        yield from several(600)
        assert bring(store, several(10), id="the right one") == 10
        yield from several(600, first=600)

    with pytest.raises(StoreError, match="another import"):
        bring(store, slow(), id="the wrong one")
    assert store.cases.imports.finish()
    assert len(list(store.cases.queries.iterate_keys())) == 10


def test_two_imports_of_different_cases_go_on_side_by_side(store):
    def both():
        yield from several(600)
        bring(store, several(600, prefix="d"), id="inner")
        yield from several(600, first=600)

    assert bring(store, both(), id="outer") == 1200
    assert count_by(store, "status") == {"ready": 1800}


# Claims


def test_the_head_of_a_bucket_is_taken(store):
    bring(
        store,
        [a_case("later", "42"), a_case("first", "41"), a_case("elsewhere", "40", bucket=OTHER)],
    )
    assert store.cases.queries.list_queue_heads() == [
        QueueHead(BUCKET, "41"),
        QueueHead(OTHER, "40"),
    ]
    assert [claimed(store, token=f"t{k}") and "taken" for k in range(3)] == ["taken", "taken", None]
    assert store.cases.queries.list_queue_heads() == [QueueHead(OTHER, "40")]
    row = store.cases.queries.find_row("first")
    assert (row.status, row.position.status, row.seq, row.holder) == (
        "leased",
        "ready",
        2,
        LeaseHolder("ann", "s1", at(30)),
    )
    assert store.cases.queries.read_history("first")[1:] == [CLAIMED]


def test_the_same_lease_again_gives_the_same_case(store):
    bring(store, several(3))
    first = claimed(store)
    assert claimed(store) == first
    assert len(store.cases.queries.read_history(first.key)) == 2


def test_only_what_is_ready_is_claimed(store):
    statuses = ("unreleased", "waiting", "held", "done")
    bring(store, [a_case(status, status=status, due_at=at(-5)) for status in statuses])
    assert (store.cases.queries.list_queue_heads(), claimed(store)) == ([], None)


def test_a_promise_to_be_kept_by_its_owner_first_is_anybodys_when_late(store):
    promised = {"owner": "bob", "promised_until": at(60)}
    soon = a_case("soon", "10", promised_at=at(20), **promised)
    late = a_case("late", "11", promised_at=at(0), **promised | {"promised_until": at(30)})
    bring(store, [soon, late])
    assert store.cases.queries.list_queue_heads() == [QueueHead(BUCKET, "10")]
    assert store.cases.queries.find_appointment_head(BUCKET, appointment_before=at(5)) == QueueHead(
        BUCKET, "11"
    )
    assert store.cases.queries.find_appointment_head(BUCKET, appointment_before=at(-5)) is None
    assert store.cases.claim(BUCKET, lease(), NOON, appointment_before=at(5)).key == "late"
    assert store.cases.claim(BUCKET, lease("t2"), NOON, appointment_before=at(5)) is None
    assert [row.key for row in store.cases.queries.list_appointments(owner="bob")] == [
        "late",
        "soon",
    ]
    assert store.cases.queries.list_appointments(owner="ann") == []


def test_waiting_cases_wake_when_they_are_due(store):
    bring(
        store,
        [
            a_case(f"w{m}", f"4{m}", status="waiting", due_at=at(m), reason=decode_reason("later"))
            for m in (10, 20, 30)
        ],
    )
    assert [row.key for row in store.cases.queries.list_waiting_rows(limit=2)] == ["w10", "w20"]
    assert store.cases.queue_due_cases(at(9)) == 0
    assert store.cases.queue_due_cases(at(20), limit=1) == 1
    assert store.cases.queue_due_cases(at(20)) == 1
    assert claimed(store).key == "w10"
    assert (
        store.cases.queries.find_row("w20").status,
        str(store.cases.queries.find_row("w20").position.reason.words),
    ) == (
        "ready",
        "",
    )
    assert store.cases.queries.find_row("w30").status == "waiting"


def test_a_lease_that_runs_out_gives_the_case_back(store):
    bring(store, several(2))
    row = claimed(store)
    assert store.cases.expire_leases(at(29)) == {}
    assert store.cases.expire_leases(at(31)) == {row.key: LeaseHolder("ann", "s1", at(30))}
    assert store.cases.queries.read_history(row.key)[-1] == HistoryEntry(
        at(30), "ann", "s1", CaseReturned("lapsed")
    )
    back = store.cases.queries.find_row(row.key)
    assert (back.status, back.holder, back.seq) == ("ready", None, 3)
    assert [row.key for row in store.cases.queries.list_stale_rows()] == [row.key]
    assert store.cases.update_queue_positions([(row.key, 3, standing("40", status="waiting"))]) == 1
    assert store.cases.queries.list_stale_rows() == []
    assert store.cases.update(
        CaseUpdate(row.key, seq=2, entries=[called()], token="t1")
    ) == LeaseLost(row.key, None)


def test_a_case_is_taken_by_its_key_whatever_its_standing(store):
    bring(store, [a_case("x", status="waiting", due_at=at(500)), *several(1)])
    row = store.cases.claim_case("x", lease(), NOON)
    assert (row.status, row.position.status, row.seq) == ("leased", "waiting", 2)
    assert row == store.cases.queries.find_row("x")
    assert store.cases.claim_case("x", lease("t2", by="bob"), NOON) == LeaseHolder(
        "ann", "s1", at(30)
    )
    assert store.cases.claim_case("x", lease("t2", station="s2"), NOON) == LeaseHolder(
        "ann", "s1", at(30)
    )
    assert store.cases.claim_case("nobody", lease("t3"), NOON) is None
    # run out, and nobody has noticed yet
    late = store.cases.claim_case("x", lease("t4", by="bob", until=90), at(40))
    assert (late.seq, late.holder) == (4, LeaseHolder("bob", "s1", at(90)))
    assert [e.event for e in store.cases.queries.read_history("x")][2:] == [
        CaseReturned("lapsed"),
        CLAIMED.event,
    ]


def test_who_comes_back_after_a_crash_goes_on_under_a_new_lease(store):
    bring(store, several(1))
    row = claimed(store)
    again = store.cases.claim_case(row.key, lease("t2", until=60), at(10))
    assert (again.seq, again.holder.until) == (row.seq, at(60))
    old = store.cases.update(CaseUpdate(row.key, seq=2, entries=[called()], token="t1"))
    assert old == LeaseLost(
        row.key, LeaseHolder("ann", "s1", at(60))
    )  # a screen that was left behind
    assert store.cases.update(CaseUpdate(row.key, seq=2, entries=[called()], token="t2")) is None


def test_a_lease_is_prolonged_by_whoever_has_it(store):
    bring(store, several(1))
    key = claimed(store).key
    assert store.cases.renew_lease(key, "t1", at(60))
    assert not store.cases.renew_lease(key, "t9", at(600))
    assert not store.cases.renew_lease("nobody", "t1", at(600))
    assert store.cases.queries.find_row(key).holder.until == at(60)
    assert (
        store.cases.update(
            CaseUpdate(key, seq=2, entries=[called()], token="t1", renew_until=at(90))
        )
        is None
    )
    assert store.cases.expire_leases(at(70)) == {}


# Writing


def test_a_call_is_written_with_the_standing_it_comes_to(store):
    bring(store, several(1))
    key = claimed(store).key
    later = standing(
        "5",
        status="waiting",
        due_at=at(180),
        outcome="no_answer",
        code="3.11",
        attempts=1,
        reason=decode_reason("3h"),
    )
    assert (
        store.cases.update(
            CaseUpdate(key, seq=2, entries=[called()], token="t1", queue_position=later)
        )
        is None
    )
    row = store.cases.queries.find_row(key)
    assert (row.status, row.position.status, row.position.outcome, row.position_seq, row.seq) == (
        "leased",
        "waiting",
        "no_answer",
        3,
        3,
    )
    assert (
        store.cases.update(
            CaseUpdate(key, seq=3, entries=[CLOSED], token="t1", queue_position=later, release=True)
        )
        is None
    )
    row = store.cases.queries.find_row(key)
    assert (
        row.status,
        row.holder,
        row.position.due_at,
        str(row.position.reason.words),
        row.seq,
        row.position_seq,
    ) == (
        "waiting",
        None,
        at(180),
        "3h",
        4,
        4,
    )
    assert store.cases.queries.read_history(key)[1:] == [CLAIMED, called(), CLOSED]
    assert row.updated_at == at(2)


def test_a_key_pressed_twice_books_one_appointment(store):
    bring(store, several(1))
    key = claimed(store).key
    promise = HistoryEntry(
        at(1),
        "ann",
        "s1",
        AppointmentMade("2000-06-02T15:00", "2000-06-02T15:30", "America/Denver"),
        "press 1",
    )
    booked = {
        "seq": 2,
        "entries": [promise, CLOSED],
        "token": "t1",
        "queue_position": standing("1"),
        "release": True,
    }
    assert store.cases.update(CaseUpdate(key, **booked)) is None
    assert store.cases.update(CaseUpdate(key, **booked)) is None
    assert claimed(store, token="t2").key == key  # and it is somebody else's by now
    assert store.cases.update(CaseUpdate(key, **booked)) is None
    assert [
        entry
        for entry in store.cases.queries.read_history(key)
        if isinstance(entry.event, AppointmentMade)
    ] == [promise]
    with pytest.raises(ValueError, match="press 1"):
        store.cases.update(
            CaseUpdate(key, seq=5, entries=[promise, promise._replace(key="press 2")], token="t2")
        )
    assert store.cases.queries.find_row(key).seq == 5


def test_a_stale_screen_writes_over_nothing(store):
    bring(store, several(1))
    key = claimed(store).key
    assert store.cases.update(CaseUpdate(key, seq=2, entries=[called()], token="t1")) is None
    lost = store.cases.update(
        CaseUpdate(
            key,
            seq=2,
            entries=[called(5, "refusal_hard")],
            token="t1",
            queue_position=standing("9"),
        )
    )
    assert lost == CaseConflict(key, 3, "called", "ann", "s1", at(1))
    assert store.cases.queries.find_row(key).position.rank == "400000"
    with pytest.raises(ValueError, match="no event 7"):
        store.cases.update(CaseUpdate(key, seq=7, entries=[called()], token="t1"))
    with pytest.raises(ValueError, match="nobody"):
        store.cases.update(CaseUpdate("nobody", seq=1, entries=[called()]))


def test_a_supervisor_waits_for_the_interviewer_unless_it_must_be(store):
    bring(store, several(1))
    remark = HistoryEntry(at(3), "sue", "s0", CaseNoteWritten("ask for the owner"))
    assert store.cases.update(CaseUpdate("c00000", seq=1, entries=[remark])) is None
    assert claimed(store).seq == 3
    held = LeaseLost("c00000", LeaseHolder("ann", "s1", at(30)))
    assert store.cases.update(CaseUpdate("c00000", seq=3, entries=[remark])) == held
    assert store.cases.update(CaseUpdate("c00000", seq=3, entries=[remark], token="")) == held
    assert store.cases.update(CaseUpdate("c00000", seq=3, entries=[remark], force=True)) is None
    assert store.cases.queries.find_row("c00000").holder is not None
    assert isinstance(
        store.cases.update(CaseUpdate("c00000", seq=3, entries=[called()], token="t1")),
        CaseConflict,
    )
    assert (
        store.cases.update(CaseUpdate("c00000", seq=4, entries=[remark], force=True, release=True))
        is None
    )
    assert store.cases.queries.find_row("c00000").holder is None


def test_a_later_import_brings_the_row_and_the_person_up_to_date(store):
    bring(store, [a_case("x", contact=a_contact("l1", "Ann Old", "+13125550100"))])
    again = HistoryEntry(at(9), "sue", "s0", CaseSampled(frame="rdd", replicate="3"))
    new = a_contact("l2", "Ann New", "+13125550100")
    assert (
        store.cases.update(CaseUpdate("x", seq=1, entries=[again], contact=new, fingerprint="m2"))
        is None
    )
    row = store.cases.queries.find_row("x")
    assert (row.frame, row.replicate, row.fingerprint, store.cases.queries.find_contact("x")) == (
        "rdd",
        "3",
        "m2",
        new,
    )
    assert store.connector.read("SELECT link FROM case_contacts") == [("l2",)]


def test_standings_are_worked_out_anew_where_nothing_has_moved_since(store):
    bring(store, several(1100))
    claimed(store)
    store.cases.update(CaseUpdate("c00001", seq=1, entries=[CLOSED]))
    parked = [
        (f"c{k:05}", 1, standing("9", status="done", reason=decode_reason("the study is over")))
        for k in range(1100)
    ]
    assert store.cases.update_queue_positions(parked) == 1098
    assert count_by(store, "status") == {"done": 1098, "leased": 1, "ready": 1}


def test_the_queue_reads_across_buckets_in_the_order_of_calling(store):
    ranks = ["43", "11", "42", "2", "41"]
    bring(store, [a_case(r, r, bucket=BUCKET if n % 2 else OTHER) for n, r in enumerate(ranks)])
    keys = [row.key for row in store.cases.queries.list_queue([BUCKET, OTHER], limit=4)]
    assert keys == ["11", "2", "41", "42"]
    assert [row.key for row in store.cases.queries.list_queue([BUCKET], limit=4)] == ["11", "2"]


def test_histories_can_be_had_as_of_a_moment(store):
    bring(store, several(2))
    key = claimed(store).key
    store.cases.update(CaseUpdate(key, seq=2, entries=[called(1), called(5)], token="t1"))
    whole = dict(store.cases.queries.iterate_histories())
    assert whole[key] == store.cases.queries.read_history(key)
    assert [len(history) for _, history in store.cases.queries.iterate_histories(until=at(4))] == [
        3,
        1,
    ]
    assert list(store.cases.queries.iterate_histories(until=at(-1))) == []


# Places in quotas


def test_the_last_place_is_one_interviews(store):
    hold = store.cases.quotas.hold
    assert hold("i1", {"a": 1, "b": 2}, NOON) == {"a": 1, "b": 1}
    assert hold("i2", {"a": 1, "b": 2}, NOON) == {"a": 0, "b": 2}
    assert hold("i1", {"a": 1}, NOON) == {"a": 1}  # one's own place, asked for again
    assert hold("i3", {"b": 2}, NOON) == {"b": 0}
    assert store.cases.quotas.read_fill() == {"a": CellFill(0, 1), "b": CellFill(0, 2)}
    store.cases.quotas.drop("i1")
    assert hold("i3", {"a": 1, "b": 2}, NOON) == {"a": 1, "b": 2}


def test_a_complete_interview_counts_where_it_belongs_and_only_once(store):
    store.cases.quotas.hold("i1", {"a": 1, "b": 1}, NOON)
    for _ in range(2):
        store.cases.quotas.take("i1", ["a", "c"], NOON)
    assert store.cases.quotas.read_fill() == {
        "a": CellFill(1, 0),
        "b": CellFill(0, 0),
        "c": CellFill(1, 0),
    }
    assert store.cases.quotas.hold("i1", {"a": 1}, NOON) == {"a": 1}  # it fills the cell itself
    store.cases.quotas.take("i2", ["a"], NOON)  # beyond the target: it was given, so it counts
    assert store.cases.quotas.read_fill()["a"] == CellFill(2, 0)
    store.cases.quotas.drop("i1")
    assert store.cases.quotas.read_fill() == {
        "a": CellFill(1, 0),
        "b": CellFill(0, 0),
        "c": CellFill(0, 0),
    }
    assert store.maintenance.check_integrity() == []


def test_a_place_outlives_the_lease_that_ran_out(store):
    """The interview is gone on with, and must not be one too many."""
    bring(store, several(2))
    begin(store, "i1", case="c00000")
    claimed(store)
    store.cases.quotas.hold("i1", {"a": 1}, NOON)
    store.cases.expire_leases(at(31))
    assert store.cases.quotas.read_fill() == {"a": CellFill(0, 1)}
    assert store.cases.quotas.hold("i3", {"a": 1}, NOON) == {"a": 0}
    assert store.cases.quotas.hold("i1", {"a": 1}, NOON) == {"a": 1}


# Connections that break


@pytest.fixture(name="breaking")
def a_connection_that_breaks(store, monkeypatch):
    """What is written is written, but the answer to the next commit is lost."""
    commit, left = store.connector.commit, []

    def unseen():
        commit()
        if left and left.pop():
            raise TransientStoreError("there", "the connection was lost", "try again")

    monkeypatch.setattr(store.connector, "commit", unseen)
    return lambda: left.__setitem__(slice(None), [True])


def test_what_was_written_unseen_is_not_written_twice(store, breaking):
    bring(store, several(3))
    breaking()
    row = claimed(store)
    assert (row.key, row.seq) == ("c00000", 2)
    breaking()
    assert (
        store.cases.update(
            CaseUpdate(row.key, seq=2, entries=[called()], token="t1", queue_position=standing("1"))
        )
        is None
    )
    breaking()
    assert (
        store.cases.update(
            CaseUpdate(
                row.key, seq=3, entries=[called(2, key="k"), CLOSED], token="t1", release=True
            )
        )
        is None
    )
    assert len(store.cases.queries.read_history(row.key)) == 5
    breaking()
    assert store.cases.claim_case("c00002", lease("t2"), NOON).seq == 2
    breaking()
    assert store.cases.renew_lease("c00002", "t2", at(60))
    breaking()
    assert store.cases.quotas.hold("i1", {"a": 1}, NOON) == {"a": 1}
    breaking()
    store.cases.quotas.take("i1", ["a"], NOON)
    assert store.cases.quotas.read_fill() == {"a": CellFill(1, 0)}
    breaking()
    assert store.cases.expire_leases(at(61)) in ({}, {"c00002": LeaseHolder("ann", "s1", at(60))})
    assert [type(e.event) for e in store.cases.queries.read_history("c00002")][2:] == [CaseReturned]
    assert store.maintenance.check_integrity() == []


def test_an_import_of_which_the_end_was_not_seen_can_be_done_again(store, breaking):
    breaking()
    with pytest.raises(StoreError, match="connection"):
        bring(store, several(700))
    assert bring(store, several(700), id="again") == 700
    assert count_by(store, "status") == {"ready": 700}
