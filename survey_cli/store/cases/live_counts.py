"""Live counts of a study: its cases by state, and what interviewers have done.

Each change of a case appends numbers to the table `counts` (see `schema/counts.sql`), and readers
add them up. So that there are never many, the numbers of one name are now and then replaced by
their sum.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from survey_cli.engine.codec import encode_timestamp
from survey_cli.fieldwork.appointments.appointment import OWNER_FIRST_PERIOD
from survey_cli.fieldwork.case.activity import UNRELEASED, ActivityName, format_quarter
from survey_cli.fieldwork.case.events import HistoryEntry
from survey_cli.fieldwork.plan.plan import QUEUE_RULES_EDITION
from survey_cli.fieldwork.queue.call_order import CaseGroup
from survey_cli.fieldwork.queue.reason_codec import decode_reason, encode_reason
from survey_cli.fieldwork.queue.reasons import DUE
from survey_cli.store.backends.connector import Execute, StorePart
from survey_cli.store.backends.errors import translate_decoding_errors
from survey_cli.store.cases.case_records import decode_histories
from survey_cli.store.cases.case_statements import sql

QUARTERS_KEPT: Final = timedelta(days=8)
"""How long activity is kept by the quarter of an hour; older activity is only in the totals."""
UNRELEASED_NAMES: Final = f'["activity","{UNRELEASED}",%'
MAX_APPENDED: Final = 5_000
"""Numbers that are appended before they are replaced by their sums."""


class CaseState(NamedTuple):
    """What cases are counted by: see `CaseRow` and its queue position."""

    status: str
    outcome: str
    code: str
    frame: str
    replicate: str
    bucket: str
    """Empty for cases that are not in the queue."""
    stored_reason: str
    """Why waiting cases wait, in the form of `reason_codec`."""
    has_appointment: int


class SettledCases(NamedTuple):
    """Cases whose state tells how they count in rates, and all others."""

    states: Counter[CaseState]
    unreleased: Mapping[ActivityName, int]
    """Those among them that are done before they are released, by code and frame."""
    others: Sequence[tuple[str, Sequence[HistoryEntry]]]
    """Keys and histories of cases at stations, with events after their queue position, with one by
    earlier rules, or with excluded interviews."""
    excluded_interviews: frozenset[str]
    """Practice and simulated interviews of cases."""


class LiveCounts(StorePart):
    """The counts of one study. Methods raise StoreError."""

    def count_states(self) -> Counter[CaseState]:
        """Count all cases by their state."""
        with translate_decoding_errors(self._db.where, "the counts of cases"):
            return _decode_states(self._db.read(sql.COUNTS), self._db.read(sql.ARRIVED_STATES))

    def read_settled_cases(self) -> SettledCases:
        """Count the cases whose state tells their part in rates; read the others' histories."""
        unsettled = sql.HISTORIES.format(and_also=sql.UNSETTLED)
        with (
            self._db.open_reader() as rows,
            translate_decoding_errors(self._db.where, "the counts of cases"),
        ):
            states = _decode_states(rows(sql.COUNTS, ()), rows(sql.ARRIVED_STATES, ()))
            unreleased = _decode_activity(
                line[1:] for line in rows(sql.RECENT_COUNTS, ("", UNRELEASED_NAMES))
            )

            # unsettled cases leave the counts, and are returned with their histories
            for *parts, additions in rows(sql.UNSETTLED_STATES, (QUEUE_RULES_EDITION,)):
                states[CaseState._make(parts)] -= 1
                named_numbers = []
                for quarter_and_name, number in json.loads(additions).items():
                    _, _, name = quarter_and_name.partition(" ")
                    named_numbers.append((name, number))
                unreleased.subtract(_decode_activity(named_numbers))

            return SettledCases(
                states=+states,
                unreleased={
                    name[1:]: cases for name, cases in unreleased.items() if name[0] == UNRELEASED
                },
                others=list(decode_histories(rows(unsettled, (QUEUE_RULES_EDITION,)))),
                excluded_interviews=frozenset(
                    interview for (interview,) in rows(sql.EXCLUDED_INTERVIEWS, ())
                ),
            )

    def list_excluded_interviews(self) -> list[str]:
        """Return the practice and simulated interviews of cases."""
        return [interview for (interview,) in self._db.read(sql.EXCLUDED_INTERVIEWS)]

    def count_by_outcome(self) -> list[tuple[str, str, str, int]]:
        """Count the cases by status, last outcome (empty if there isn't one) and code."""
        counts: Counter[tuple[str, str, str]] = Counter()
        for state, cases in self.count_states().items():
            counts[state[:3]] += cases
        return [(*state, cases) for state, cases in sorted(counts.items())]

    def count_cases(self) -> int:
        """Count all cases."""
        return self.count_states().total()

    def count_groups(self, at: datetime) -> list[CaseGroup]:
        """Count all cases by what decides whether they may be called at this time."""
        groups: Counter[tuple[str, str, str, bool, bool]] = Counter()
        for state, cases in self.count_states().items():
            has_appointment = bool(state.has_appointment)
            group = (state.status, state.bucket, state.stored_reason, has_appointment, False)
            groups[group] += cases

        # an appointment is its owner's first, and anybody's after that period
        before = encode_timestamp(at - OWNER_FIRST_PERIOD)
        for status, bucket, reason, cases in self._db.read(sql.ANYBODYS_APPOINTMENTS, (before,)):
            groups[status, bucket, reason, True, False] -= cases
            groups[status, bucket, reason, True, True] += cases

        # cases that have become due since the queue was updated are counted as if they were ready
        due_waiting = self._db.read(sql.DUE_WAITING, (before, encode_timestamp(at)))
        for bucket, reason, promised, is_anybodys, cases in due_waiting:
            groups["waiting", bucket, reason, bool(promised), bool(is_anybodys)] -= cases
            groups["ready", bucket, encode_reason(DUE), bool(promised), bool(is_anybodys)] += cases

        return [
            CaseGroup(status, bucket, decode_reason(reason), has_appointment, open_to_all, cases)
            for (status, bucket, reason, has_appointment, open_to_all), cases in sorted(
                (+groups).items()
            )
        ]

    def read_activity(self, *, fold_at: datetime | None = None) -> Counter[ActivityName]:
        """Return the whole activity since the beginning.

        With `fold_at`, the present time, the numbers of each name are replaced by their sum if
        there are many.
        """
        kept_from = ""
        if fold_at is not None:
            kept_from = format_quarter(fold_at - QUARTERS_KEPT)

        totals = self._db.read(sql.TOTALS, (kept_from,))
        appended = sum(rows for *_, rows in totals)
        if fold_at is not None and appended > MAX_APPENDED:
            with self._db.transaction() as execute:
                fold_counts(execute, kept_from=kept_from)

        with translate_decoding_errors(self._db.where, "the counts of activity"):
            return _decode_activity(row[:2] for row in totals)

    def read_recent_activity(
        self, since: datetime, *, kind: str = ""
    ) -> dict[datetime, Counter[ActivityName]]:
        """Return the activity since a time by the quarter of an hour in which it began.

        It goes back at most `QUARTERS_KEPT`. With `kind`, only activity whose kind begins with it.
        """
        quarters: dict[datetime, Counter[ActivityName]] = {}
        # the name of a count is a JSON list, so that a kind is found by how the text begins
        parameters = (format_quarter(since), f'["activity","{kind}%')
        with translate_decoding_errors(self._db.where, "the counts of activity"):
            for quarter, name, number in self._db.read(sql.RECENT_COUNTS, parameters):
                began = datetime.fromisoformat(f"{quarter}+00:00")
                quarters.setdefault(began, Counter()).update(_decode_activity([(name, number)]))
        return quarters

    def agree(self) -> bool:
        """Whether the counts are the sums over all cases, read as of one time.

        A quarter of an hour may have less if it was added to the totals, but never more.
        """
        differences: Counter[tuple[str, str]] = Counter()
        totals: Counter[str] = Counter()
        with (
            self._db.open_reader() as rows,
            translate_decoding_errors(self._db.where, "the counts of cases"),
        ):
            for sign, statement in ((-1, sql.COUNTS_OF_CASES), (1, sql.ALL_COUNTS)):
                for quarter, name, number in rows(statement, ()):
                    name = json.dumps(json.loads(name))  # both engines' JSON in one spelling
                    differences[quarter, name] += sign * number
                    totals[name] += sign * number

        totals_agree = not any(totals.values())
        no_quarter_has_more = all(
            difference <= 0 for (quarter, _), difference in differences.items() if quarter
        )
        return totals_agree and no_quarter_has_more

    def rebuild(self) -> None:
        """Count all cases again."""
        with self._db.transaction() as execute:
            self._db.lock_table("cases")
            execute(sql.TAKE_COUNTS, ())
            execute(sql.COUNT_AGAIN, ())


def fold_counts(execute: Execute, *, kept_from: str = "") -> None:
    """Replace all numbers within a transaction. Quarters before `kept_from` go into the totals.

    Numbers that others append meanwhile are not among those taken, and stay.
    """
    sums: Counter[tuple[str, str]] = Counter()
    for quarter, name, number in execute(sql.TAKE_COUNTS, ()).fetchall():
        if quarter < kept_from:
            quarter = ""  # the total
        sums[quarter, name] += number

    for (quarter, name), number in sums.items():
        if number:
            execute(sql.ADD_COUNTS, (quarter, name, number))


def _decode_states(
    counts: Iterable[Sequence[Any]], arrived: Iterable[Sequence[Any]]
) -> Counter[CaseState]:
    states: Counter[CaseState] = Counter()
    for name, number in counts:
        states[CaseState._make(json.loads(name))] += number
    for *parts, number in arrived:
        states[CaseState._make(parts)] += number
    return +states


def _decode_activity(rows: Iterable[Sequence[Any]]) -> Counter[ActivityName]:
    activity: Counter[ActivityName] = Counter()
    for name, number in rows:
        kind, *parts = json.loads(name)
        if kind == "activity":
            activity[tuple(parts)] += number
    return activity
