"""Rates from the live counts: equal to those from all histories, whatever happened to the cases."""

from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.case_histories import ITEMS, History, history, moment
from support.random_histories import FIELDWORKS, histories
from support.rates_both_ways import compare_rates
from support.scenario import instrument
from support.stored_cases import lease
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.events import (
    CaseReleased,
    CaseSampled,
    HistoryEntry,
    InterviewOpened,
    NumberMarked,
)
from survey_cli.fieldwork.plan.plan import People, Plan
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.fieldwork.rates.rates import DispositionCounts
from survey_cli.store import InstrumentRow, Store
from survey_cli.store.cases.case_records import CaseUpdate, NewCase
from survey_cli.study.consistency.upkeep import PLAN_SETTING, refresh_queue
from survey_cli.study.open_study import StudyRecords


class Told(NamedTuple):
    """A case, how it comes into the store, and when."""

    history: History
    frame: str
    imported: int
    """How many of its events are there when it is imported."""
    then: str
    """What happens with the others: `written` with its position, `stale` without it, or at a station."""
    origin: str
    """Of the interview that it opens, if any."""


told_cases = st.builds(
    Told,
    histories(),
    st.sampled_from(["", "landline"]),
    st.integers(1, 12),
    st.sampled_from(["written", "written", "stale", "station"]),
    st.sampled_from(["real", "real", "practice", "simulated"]),
)


@cache
def records_of(fieldwork: str) -> StudyRecords:
    """A study with these rules, its database in memory."""
    made = instrument(f"items:{ITEMS}\nfieldwork: {{{fieldwork}}}\n")
    store = Store.open(":memory:", create=True)
    store.data.add_instrument(
        InstrumentRow.from_instrument(made, kept_at=moment("2026-10-01 08:00"))
    )
    plan = Plan.from_instrument(made)
    store.settings.write(PLAN_SETTING, plan.fingerprint)
    people = People()
    return StudyRecords(
        path="study.yaml",
        instrument=made,
        plan=plan,
        store=store,
        where="memory",
        people=people,
        who=people.require("sue"),
    )


def write(records: StudyRecords, cases: Sequence[Told]) -> None:
    """Replace all cases of the study by these."""
    store, db = records.store, records.store.connector
    with db.transaction() as execute:
        for table in ("case_events", "interviews", "cases", "imports", "counts"):
            execute(f"DELETE FROM {table}", ())
    everything = [(f"unit {n}", _tell(f"unit {n}", told), told) for n, told in enumerate(cases)]
    imported = [
        NewCase(key, entries[: t.imported], _schedule(records, key, entries[: t.imported]))
        for key, entries, t in everything
    ]
    at = moment("2026-10-01 08:00")
    store.cases.imports.add(imported, import_id="import", at=at, by="sam", file="units.csv")
    for key, entries, told in everything:
        seq, token = len(entries[: told.imported]), None
        if told.then == "station":
            token = f"token of {key}"
            store.cases.claim_case(key, lease(token), entries[seq - 1].at)
            seq += 1
        if rest := entries[told.imported :]:
            position = _schedule(records, key, entries) if told.then == "written" else None
            assert store.cases.update(CaseUpdate(key, seq, rest, position, token)) is None
        if told.origin != "real":
            (version,) = db.read("SELECT hash FROM instruments")[0]
            row = (
                _name_interview(key),
                key,
                version,
                "2026-10-01",
                "pat",
                "2026-10-01",
                told.origin,
            )
            columns = "id, case_key, instrument, began_at, by, updated_at, origin, number, status, outcome, last_seq"
            db.run(
                f"INSERT INTO interviews ({columns}, at_item, answered) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, 1, 'ended', '', 1, '', 0)",
                row,
            )


def _name_interview(key: str) -> str:
    return f"interview of {key}"


def _tell(key: str, told: Told) -> list[HistoryEntry]:
    entries = []
    for entry in told.history.entries:
        event = entry.event
        if isinstance(event, CaseSampled):
            event = event._replace(frame=told.frame)
        elif isinstance(event, InterviewOpened):
            event = InterviewOpened(_name_interview(key))
        entries.append(entry._replace(event=event))
    return entries


def _schedule(records: StudyRecords, key: str, entries: Sequence[HistoryEntry]):  # type: ignore[no-untyped-def]
    return schedule_case(Case.from_history(key, entries), records.plan, entries[-1].at)


@given(
    st.lists(told_cases, min_size=1, max_size=8),
    st.sampled_from(FIELDWORKS),
    st.sampled_from([timedelta(), timedelta(hours=7), timedelta(days=2), timedelta(days=40)]),
    st.booleans(),
)
def test_rates_from_counts_are_those_from_all_histories(
    cases: list[Told], fieldwork: str, later: timedelta, refreshed: bool
) -> None:
    records = records_of(fieldwork)
    write(records, cases)
    at = max(told.history.entries[-1].at for told in cases) + later
    if refreshed:
        refresh_queue(records.store, records.plan, at)
    compare_rates(records, at)
    assert records.store.cases.counts.agree()


def test_cases_that_are_done_before_their_release_are_not_counted() -> None:
    listed = history("x", replicate="2").then(NumberMarked(1, "never_call"))
    released = listed.then(CaseReleased())
    cases = [
        Told(story, "", 9, then, "real")
        for story, then in (
            (history("x"), "written"), (listed, "written"), (listed, "station"), (listed, "stale"), (released, "written")
        )
    ]  # fmt: skip
    records = records_of("")
    write(records, cases)
    states = records.store.cases.counts.count_states()
    assert sum(cases for state, cases in states.items() if state.status == "done") == 3
    table = compare_rates(records, moment("2026-11-24 12:00"))
    assert table is not None
    assert table.columns[0].counts == DispositionCounts(nc=2)
    assert "not included: 3 cases whose replicate is not released" in table.notes


def test_after_the_last_part_of_the_day_a_case_is_open_while_calls_are_allowed() -> None:
    told = history("x").at("2026-11-24 15:00").call("no_answer")
    study = records_of(FIELDWORKS[-1])
    write(study, [Told(told, "", 99, "written", "real")])
    open_cases = []
    for hour in (15, 22):
        table = compare_rates(study, moment(f"2026-11-25 {hour}:00"))
        assert table is not None
        open_cases.append(table.columns[0].open_cases)
    assert open_cases == [1, 0]


def test_after_a_change_of_the_rules_all_histories_are_read_until_the_queue_is_rebuilt() -> None:
    records = records_of("")
    write(records, [Told(history("x"), "", 1, "written", "real")])
    records.store.settings.write(PLAN_SETTING, "another")
    try:
        with pytest.raises(AssertionError, match="all histories were read"):
            compare_rates(records, moment("2026-11-24 12:00"))
    finally:
        records.store.settings.write(PLAN_SETTING, records.plan.fingerprint)
