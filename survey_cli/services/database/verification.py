"""Verification of a study: compares every stored row with its journal, history or text.

Nothing is changed. A finding names the row and the column, never the value.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final

from survey_cli.engine import events
from survey_cli.engine.codec import encode_timestamp, make_row_reader
from survey_cli.engine.events import compute_text_digest, find_erasure, get_open_text
from survey_cli.engine.interview import RULES_VERSION, Interview
from survey_cli.engine.machine import COMPLETE
from survey_cli.fieldwork.case import events as case_events
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.quota_holds import find_release_time, has_refused
from survey_cli.fieldwork.queue.reasons import DUE
from survey_cli.fieldwork.queue.scheduling import QueuePosition, schedule_case
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import rebuild_instrument
from survey_cli.problems import StoreError, UserError
from survey_cli.services.database.route_verification import (
    explain_rejected_event,
    find_differences,
    iterate_row_differences,
)
from survey_cli.services.database.sample_verification import SampleVerification
from survey_cli.services.run_on_study import ProgressCallback, ProgressReporter
from survey_cli.store import ExportRow, InstrumentRow, InterviewRow, Store
from survey_cli.store.cases.case_records import CaseRow, encode_queue_position
from survey_cli.store.interviews.records import StoredInterview, encode_interview_head
from survey_cli.study.consistency.upkeep import PLAN_SETTING
from survey_cli.table.columns import build_columns, build_row, have_same_cells
from survey_cli.table.table import join_row, split_row
from survey_cli.values import Place
from survey_cli.wording import format_quantity

REPLAY_ERRORS: Final = (ValueError, KeyError, TypeError, AttributeError)
"""Exceptions that replaying a manipulated journal or history can raise."""
SNAPSHOT_AFTER: Final = ("suspended", "stopped", "ended", "migrated", "erased", "coded", "reviewed")
"""Kinds of events after which a snapshot is stored."""
TIME_DEPENDENT_COLUMNS: Final = frozenset({"due_at", "bucket", "why", "was"})
"""Columns of a case's queue position that change with time once the study has an end."""
DONE_CASE_COLUMNS: Final = TIME_DEPENDENT_COLUMNS | {
    "rank",
    "promised_at",
    "promised_until",
    "owner",
}
"""The same for a case that is done by then."""
POSITION_COLUMNS: Final = (
    "due_at",
    "bucket",
    "rank",
    "code",
    "outcome",
    "attempts",
    "why",
    "promised_at",
    "promised_until",
    "owner",
    "activity",
    "was",
)
"""The columns of a queue position; its status is stored in `was`."""
DIALING_EVENTS: Final = (case_events.NumberDialed, case_events.OutcomeRecorded)
"""Events that name the number that was dialed."""


def _encode_position(position: QueuePosition) -> dict[str, str | int | None]:
    """Return the stored columns of a queue position, which are compared instead of its values.

    Two reasons may have the same stored form: see `decode_reason`.
    """
    status, *others, _ = encode_queue_position(position)
    return dict(zip(POSITION_COLUMNS, (*others, status), strict=True))


class Verification:
    """One verification of an open database, with counts of what was compared."""

    def __init__(
        self,
        store: Store,
        instrument: Instrument,
        progress: ProgressCallback | None = None,
        *,
        route: bool = False,
    ) -> None:
        plan = Plan.from_instrument(instrument)
        self._store = store
        self._instrument = instrument
        self._plan = plan
        self._uncompared_cases = 0
        """Cases whose sample columns could not be compared with the digest of their import."""
        self._outdated_cases: set[str] = set()
        """Cases that a station of an earlier version has scheduled, by its own rules."""
        self._names_answers = route
        """Whether each answer that is off the route, or missing on it, is named with the reason."""
        self.interviews = 0
        self.events = 0
        total = store.data.count_all_interviews() + store.cases.counts.count_cases()
        self._reporter = ProgressReporter(progress, total)
        self._instruments: dict[str, Instrument] = {}
        """The versions that can be read, by content hash."""
        self._completed: set[str] = set()
        """Interviews that came to their end once."""
        self._is_queue_current = store.settings.read(PLAN_SETTING) in (None, plan.fingerprint)
        """Whether the queue was computed by the present fieldwork rules."""

    def iterate_findings(self) -> Iterator[str]:
        """Yield one sentence for each thing that is wrong.

        Raises StoreError if the database can't be read.
        """
        for version in self._store.data.list_instruments():
            yield from self._rebuild(version)
        for content_hash, instrument in self._instruments.items():
            for stored in self._reporter(self._store.data.iterate_stored_interviews(content_hash)):
                self.interviews += 1
                yield from self._check_interview(instrument, stored)
        yield from self._check_cases()
        yield from self._check_quota_reservations()

    def list_notes(self) -> tuple[str, ...]:
        """Return what could not be compared, and why."""
        notes = []
        if not self._is_queue_current:
            notes.append(
                "the fieldwork rules have changed since the queue was computed; "
                "run `survey status`, then verify"
            )
        elif self._outdated_cases:
            cases = format_quantity(len(self._outdated_cases), "case")
            notes.append(
                f"an earlier version of this program scheduled {cases} by its own rules, "
                "which were not compared; run `survey status`, then verify"
            )
        if self._uncompared_cases:
            cases = format_quantity(self._uncompared_cases, "case")
            notes.append(
                f"what the sample says of {cases} was not compared: the questionnaire's sample "
                "columns have changed since the import"
            )
        return tuple(notes)

    # ── versions and their interviews ──────────────────────────────────────────────────────────

    def _rebuild(self, version: InstrumentRow) -> Iterator[str]:
        """Rebuild a version from its text, and yield what is wrong with its row."""
        who = f"version {version.version!r} ({version.hash[:12]})"
        if self._store.data.check_instrument_digest(version.hash) is False:
            yield f"{who}: its row, or the row of a variable, is not as it was written"
        try:
            instrument = rebuild_instrument(version.stored_text)
        except UserError as error:
            yield str(error)
            return

        self._instruments[version.hash] = instrument
        derived = InstrumentRow.from_instrument(instrument, kept_at=version.kept_at)
        for name in ("id", "version", "title"):
            if getattr(version, name) != getattr(derived, name):
                yield f"{who}: its {name} differs from its text"

    def _check_interview(self, instrument: Instrument, stored: StoredInterview) -> Iterator[str]:
        """Yield what is wrong with an interview: its journal, and what is stored of it."""
        row = stored.interview
        who = f"case {row.case}, interview {row.id[:8]}"
        journal: list[events.InterviewEvent] = []
        try:
            journal = self._store.interviews.read_journal(row.id)
            self.events += len(journal)
            interview = Interview.replay(instrument, journal)
        except StoreError as problem:
            yield f"{who}: {problem.what}"
            return
        except REPLAY_ERRORS:
            yield f"{who}: the journal cannot be replayed{self._explain_rejection(journal)}"
            return

        yield from self._check_earlier_versions(who, journal)
        for event in journal:
            if isinstance(event, events.InterviewEnded) and event.outcome == COMPLETE:
                self._completed.add(row.id)

        places = [getattr(event, "place", None) for event in journal]
        if any(place is not None and place.item not in instrument.items for place in places):
            yield f"{who}: an event is of an item that the questionnaire does not have"
        for seq in _find_baseless_codings(journal):
            yield f"{who}: event {seq} codes an answer that was not given"
        times = [event.stamp.at for event in journal]
        if times != sorted(times):
            yield f"{who}: the times of its events are not in order"

        differing = _compare_interview_columns(row, interview, journal)
        for name in differing:
            yield f"{who}: {name} differs from its journal"
        yield from self._check_snapshot(who, stored, journal, settled=not differing)

        draft = self._store.interviews.find_draft(row.id)
        if draft is not None and draft.place.partition("#")[0] not in instrument.items:
            yield f"{who}: its draft is for an item that the questionnaire does not have"

    def _explain_rejection(self, journal: Sequence[events.InterviewEvent]) -> str:
        """Return the first event that does not fit the route, for the end of a sentence."""
        if not self._names_answers:
            return ""
        with suppress(*REPLAY_ERRORS):
            return f": {explain_rejected_event(self._instruments.__getitem__, journal)}"
        return ""

    def _check_row(self, who: str, stored: StoredInterview, interview: Interview) -> Iterator[str]:
        """Yield where the data row is off the route of the interview up to its event."""
        assert stored.cells is not None
        variables = self._store.data.read_variables(stored.interview.instrument)
        try:
            read_row = make_row_reader([variable.storage for variable in variables])
            texts = split_row(stored.cells, len(variables))
            if stored.details is not None:
                personal_texts = split_row(stored.details, len(variables))
                for position, variable in enumerate(variables):
                    if variable.personal:
                        texts[position] = personal_texts[position]
            cells = read_row(join_row(texts))
            for line in iterate_row_differences(interview, variables, cells):
                yield f"{who}: {line}"
        except REPLAY_ERRORS:
            yield f"{who}: its data row cannot be read"

    def _check_earlier_versions(
        self, who: str, journal: Sequence[events.InterviewEvent]
    ) -> Iterator[str]:
        """Yield what is wrong with the events before a migration, which are of earlier versions."""
        if find_erasure(journal) is not None:
            return
        for index, event in enumerate(journal):
            if not isinstance(event, events.InterviewMigrated):
                continue
            earlier = journal[:index]
            try:
                Interview.replay(self._instruments[events.get_version(earlier)], earlier)
            except REPLAY_ERRORS:
                what = "its events before it was taken to another version cannot be replayed"
                yield f"{who}: {what}"

    def _check_snapshot(
        self,
        who: str,
        stored: StoredInterview,
        journal: Sequence[events.InterviewEvent],
        *,
        settled: bool,
    ) -> Iterator[str]:
        """Yield what is wrong with the stored data of an interview.

        `settled` says that its row does not differ from its journal.
        """
        row = stored.interview
        seq = stored.seq
        instrument = self._instruments[row.instrument]
        if seq is None:
            if stored.details is not None:
                yield f"{who}: it has personal data but no snapshot"
            return

        is_event = 1 <= seq <= len(journal)
        if not is_event or events.EVENT_KINDS[type(journal[seq - 1])] not in SNAPSHOT_AFTER:
            yield f"{who}: its snapshot was made at event {seq}, after which no snapshot is made"
            return

        engine = _parse_engine(stored.engine)
        is_erased = any(isinstance(event, events.AnswersErased) for event in journal)
        if engine is None:
            yield f"{who}: its snapshot names engine {stored.engine!r}, which never existed"
        elif self._names_answers and not is_erased:
            interview = Interview.replay(instrument, journal[:seq])
            yield from self._check_row(who, stored, interview)
        elif engine == RULES_VERSION and self._has_same_columns(instrument, row.instrument):
            cells = build_row(Interview.replay(instrument, journal[:seq]))
            public, personal = self._store.data.encode_split_cells(row.instrument, cells)
            if stored.cells != public:
                yield f"{who}: its snapshot differs from its journal"
            if stored.details != personal:
                yield f"{who}: its personal data differ from its journal"

        if not stored.details_digest_fits:
            yield f"{who}: the digest of its personal data does not match"
        if seq == row.last_seq and settled and not stored.digest_fits:
            what = (
                "its row or its snapshot is not as it was written (origin, number, or the digest)"
            )
            yield f"{who}: {what}"

    def _has_same_columns(self, instrument: Instrument, version: str) -> bool:
        """Return whether this program gives a version the columns that it was stored with."""
        return have_same_cells(build_columns(instrument), self._store.data.read_variables(version))

    # ── cases ──────────────────────────────────────────────────────────────────────────────────

    def _check_cases(self) -> Iterator[str]:
        """Yield what is wrong with the cases and their imports."""
        cases = self._store.cases
        imported: Counter[tuple[datetime, str]] = Counter()
        sample = SampleVerification(self._store, (self._instrument, *self._instruments.values()))
        ordinals: Counter[int] = Counter()
        for row in self._reporter(cases.queries.iterate_rows()):
            ordinals[row.ordinal] += 1
            who = f"case {row.key}"
            try:
                history = cases.queries.read_history(row.key)
                case = Case.from_history(row.key, history)
            except StoreError as problem:
                yield f"{who}: {problem.what}"
                continue
            except REPLAY_ERRORS:
                yield f"{who}: its history cannot be replayed"
                continue
            if not history or not isinstance(history[0].event, case_events.CaseSampled):
                yield f"{who}: its history does not begin with the sample"
                continue

            imported[history[0].at, history[0].by] += 1
            yield from self._check_case(row, case, history)
            sample.add(row, case, history)

        for ordinal, count in ordinals.items():
            if count > 1:
                yield f"{count} cases have the position {ordinal} in the sample"
        yield from self._check_imports(imported)
        yield from sample.iterate_findings()
        self._uncompared_cases = sample.count_uncompared()
        if not cases.counts.agree():
            yield "the live counts differ from the cases; `survey db upgrade` counts them again"

    def _check_case(
        self, row: CaseRow, case: Case, history: Sequence[case_events.HistoryEntry]
    ) -> Iterator[str]:
        """Yield what is wrong with a case whose history can be replayed."""
        who = f"case {row.key}"
        for name in _compare_case_columns(row, case, history):
            yield f"{who}: {name} differs from its history"

        if row.is_outdated:
            self._outdated_cases.add(row.key)
        elif self._is_queue_current and 0 < row.position_seq <= len(history):
            try:
                for name in self._compare_queue_position(row, history):
                    yield f"{who}: {name} differs from its history and the fieldwork rules"
            # A history may name a time zone that doesn't exist.
            except REPLAY_ERRORS:
                yield f"{who}: its place in the queue cannot be computed"

        yield from self._check_case_interviews(row.key, history)
        if case.erased:
            contact = self._store.cases.queries.find_contact(row.key)
            if row.fingerprint or contact is not None:
                yield f"{who}: it was erased, but its contact or its mark is still stored"

    def _compare_queue_position(
        self, row: CaseRow, history: Sequence[case_events.HistoryEntry]
    ) -> Iterator[str]:
        """Yield the columns of a queue position that differ from the history up to its event."""
        history_then = history[: row.position_seq]
        then = history_then[-1].at
        case = Case.from_history(row.key, history_then)
        stored = row.position
        derived = schedule_case(case, self._plan, then)
        released_at = find_release_time(case.end_attempt(), self._plan)
        if released_at is not None and released_at > then and stored.bucket != derived.bucket:
            # Without its quota places, the case waits while one of its cells is full.
            derived = schedule_case(case, self._plan, released_at)

        stored_columns = _encode_position(stored)
        derived_columns = _encode_position(derived)
        ignored: set[str] = set()
        if row.activity_seq > row.position_seq:
            yield "counted"
        # An earlier version wrote the activity last: the next `survey status` counts it.
        if row.activity_seq < row.position_seq:
            ignored.add("activity")
        # The case waited until now: the queue makes it ready without another event.
        is_due_by_now = stored.status == "ready" and derived.status == "waiting"
        if is_due_by_now and stored.reason == DUE:
            ignored |= {"was", "why"}
        if self._plan.calendar.ends is not None:
            ignored |= DONE_CASE_COLUMNS if stored.status == "done" else TIME_DEPENDENT_COLUMNS

        for name in POSITION_COLUMNS:
            if name not in ignored and stored_columns[name] != derived_columns[name]:
                yield name

    def _check_case_interviews(
        self, key: str, history: Sequence[case_events.HistoryEntry]
    ) -> Iterator[str]:
        """Yield what is wrong with the interviews that a case's history names."""
        opened = set()
        for entry in history:
            if isinstance(entry.event, case_events.InterviewOpened):
                opened.add(entry.event.interview)
        for interview in opened:
            who = f"case {key}: its interview {interview[:8]}"
            row = self._store.interviews.find_row(interview)
            if row is None:
                yield f"{who} is missing"
            elif row.origin != "real" or row.case != key:
                yield f"{who} is listed as another case's, or for practice"

    def _check_imports(self, imported: Mapping[tuple[datetime, str], int]) -> Iterator[str]:
        """Yield the imports whose number of cases is not that of the list of imports."""
        listed: Counter[tuple[datetime, str]] = Counter()
        for row in self._store.cases.imports.list_rows():
            listed[row.at, row.by] += row.cases

        for at, by in sorted(listed.keys() | imported.keys()):
            imported_count = imported.get((at, by), 0)
            listed_count = listed[at, by]
            if imported_count != listed_count:
                yield (
                    f"the imports of {encode_timestamp(at)} by {by} are listed with "
                    f"{listed_count} cases, but contain {imported_count}"
                )

    def _check_quota_reservations(self) -> Iterator[str]:
        """Yield the places in quota cells that their interviews should not have."""
        for interview, cell, state in self._store.cases.quotas.iterate_places():
            what = f"quota cell {cell}: interview {interview[:8]} has a place in it but"
            row = self._store.interviews.find_row(interview)
            if row is None:
                yield f"{what} is missing"
            elif state == "held" and row.status in ("ended", "stopped"):
                yield f"{what} is over"
            elif state == "taken" and interview not in self._completed:
                yield f"{what} was never complete"
            elif state == "held" and self._is_queue_current and self._has_refused(row.case):
                yield f"{what} its respondent refused"

    def _has_refused(self, key: str) -> bool:
        """Return whether the respondent refused, so that the interview has no place any more."""
        # An earlier version kept the place. It is given back when the case is scheduled again.
        if key in self._outdated_cases:
            return False
        # A history that can't be read has a finding of its own.
        with suppress(StoreError, *REPLAY_ERRORS):
            history = self._store.cases.queries.read_history(key)
            return has_refused(Case.from_history(key, history), self._plan)
        return False


def _parse_engine(text: str | None) -> int | None:
    """Return the version of the rules that made a snapshot; None if it never existed."""
    if not text or not text.isdecimal():
        return None
    version = int(text)
    return version if 1 <= version <= RULES_VERSION else None


def _find_baseless_codings(journal: Sequence[events.InterviewEvent]) -> Iterator[int]:
    """Yield the number of each coding of a text that was not answered before.

    A coding that was erased refers to no text.
    """
    given: set[tuple[Place, str]] = set()
    for seq, event in enumerate(journal, 1):
        if isinstance(event, events.QuestionAnswered):
            text = get_open_text(event.value, event.specify_texts)
            if text:
                given.add((event.place, compute_text_digest(text)))
        elif isinstance(event, events.AnswerCoded):
            is_baseless = (event.place, event.digest) not in given
            if event.digest and is_baseless:
                yield seq


def _compare_interview_columns(
    row: InterviewRow, interview: Interview, journal: Sequence[events.InterviewEvent]
) -> list[str]:
    """Return the columns of an interview's row that differ from its journal."""
    head = ExportRow._make((*encode_interview_head(row), None, None, ""))
    differing = find_differences(interview, head)
    if find_erasure(journal) is None:
        if row.at_item != str(interview.place or ""):
            differing.append("at_item")
        if row.answered != interview.answer_count:
            differing.append("answered")
    # After an erasure, the row still says how far the interview came.
    elif row.at_item and row.at_item.partition("#")[0] not in interview.instrument.items:
        differing.append("at_item")
    if row.last_seq != len(journal):
        differing.append("last_seq")
    if events.get_version(journal) != row.instrument:
        differing.append("instrument")
    return differing


def _compare_case_columns(
    row: CaseRow, case: Case, history: Sequence[case_events.HistoryEntry]
) -> Iterator[str]:
    """Yield the columns of a case that differ from its history."""
    # The last import of the case, and the last claim, are what its row says.
    samplings = []
    claims = []
    dialed = set()
    for entry in history:
        if isinstance(entry.event, case_events.CaseSampled):
            samplings.append(entry.event)
        elif isinstance(entry.event, case_events.CaseClaimed):
            claims.append(entry)
        elif isinstance(entry.event, DIALING_EVENTS):
            dialed.add(entry.event.number)

    if row.seq != len(history):
        yield "seq"
    if row.updated_at != history[-1].at:
        yield "updated_at"
    if row.frame != samplings[-1].frame:
        yield "frame"
    if row.replicate != samplings[-1].replicate:
        yield "replicate"
    is_claimed = row.holder is not None
    if is_claimed != (case.open_attempt is not None):
        yield "status"

    # 0 is a call without a number.
    positions = {0, *(number.position for number in case.numbers)}
    if not dialed <= positions:
        yield "a number that was dialed"
    if row.holder is not None:
        claim = claims[-1]
        if row.holder.by != claim.by or row.holder.station != claim.station:
            yield "lease_by or lease_station"
        if row.holder.until <= claim.at:
            yield "lease_until"
