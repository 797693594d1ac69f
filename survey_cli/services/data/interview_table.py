"""Tables of a study's interviews, answers and events, for all versions of the questionnaire.

If only the last state is requested, rows are read as they are stored. As of an earlier time, or
with a condition over more than plain answers, each journal is replayed.
"""

import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from json.encoder import encode_basestring
from typing import TypeAlias

from survey_cli.engine.codec import encode_cells
from survey_cli.engine.events import OFFICE_EVENTS, InterviewEvent, InterviewMigrated, find_erasure
from survey_cli.engine.interview import RULES_VERSION, Interview
from survey_cli.engine.machine import COMPLETE, InterviewStatus
from survey_cli.fieldwork.rates.dispositions import find_disposition
from survey_cli.instrument.analysis import Analysis
from survey_cli.instrument.checks.compute_readers import ComputeReaders
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.open_instrument import compile_stored_text, rebuild_instrument
from survey_cli.problems import UserError, suggest_nearest
from survey_cli.revisions.meaning_changes import find_separate_columns
from survey_cli.services.conditions import compile_condition
from survey_cli.services.data.export_options import (
    ORIGINS,
    DataTable,
    ExportOptions,
    OverriddenOutcome,
    RecomputedValues,
)
from survey_cli.services.data.study_metadata import describe_study
from survey_cli.services.database.route_verification import find_differences
from survey_cli.services.run_on_study import ProgressReporter
from survey_cli.store import ExportRow, InstrumentRow, InterviewOrigin, Store
from survey_cli.store.backends.errors import RESTORE_COMMAND
from survey_cli.study.versions import describe_version, is_accepted_as_same
from survey_cli.table.columns import build_columns, build_row, find_personal_names, have_same_cells
from survey_cli.table.paradata import (
    ANSWER_COLUMNS,
    EVENT_COLUMNS,
    RowHeading,
    iterate_answer_rows,
    iterate_event_rows,
)
from survey_cli.table.table import Table, build_admin_variables, build_outcome_labels, split_row
from survey_cli.table.versions import (
    ComputeUpdate,
    SeparateColumns,
    VersionRows,
    build_compute_update,
    combine_versions,
    list_inputs,
    reads_today,
)
from survey_cli.values import Cell, Code
from survey_cli.wording import format_quantity, join_first


class UnreadableInterviewError(UserError):
    """The data of an interview can't be read. It is found while the rows are written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterviewSource:
    """Which interviews are read, and from where."""

    store: Store
    base: Instrument
    """The newest version: the file's."""
    analysis: Analysis
    """The same with the variables and filters of the analysis file."""
    options: ExportOptions
    language: str
    pseudonyms: Mapping[str, str]
    """Pseudonyms of interviewers, by login."""
    until: datetime | None = None
    """Later events are left out."""
    overrides: Mapping[str, OverriddenOutcome] = field(default_factory=dict)
    """Corrected outcomes, by interview."""
    left_out: Collection[str] = frozenset()
    """Interviews that are left out."""
    versions: dict[str, Instrument] = field(default_factory=dict)
    """Versions that were loaded because an interview had them before it was taken to another."""

    @property
    def instrument(self) -> Instrument:
        return self.analysis.instrument

    @property
    def origins(self) -> tuple[InterviewOrigin, ...]:
        """Origins selected in the store. Raises UserError if the requested one doesn't exist."""
        origin = self.options.origin
        if origin == "all":
            return ORIGINS
        if origin == "real":
            return ("real", "imported")
        if origin in ORIGINS:
            return (origin,)

        otherwise = f"write all, {', '.join(ORIGINS)}"
        remedy = suggest_nearest(origin, (*ORIGINS, "all"), otherwise=otherwise)
        raise UserError("--origin", f"there is no origin {origin!r}", remedy)

    @property
    def statuses(self) -> tuple[InterviewStatus, ...]:
        """Statuses selected in the store; empty for all.

        As of a past time, each journal decides instead.
        """
        if self.options.partials or self.until is not None:
            return ()
        return ("ended",)

    @property
    def requested_columns(self) -> frozenset[str] | None:
        """The personal columns that are requested; None if all are."""
        return None if self.options.all_personal else self.options.personal

    def load_version(self, content_hash: str) -> Instrument:
        """Return the instrument of a stored version. Raises UserError."""
        if content_hash not in self.versions:
            stored = self.store.data.read_stored_text(content_hash)
            self.versions[content_hash] = rebuild_instrument(stored)
        return self.versions[content_hash]


_SelectedInterview: TypeAlias = tuple[ExportRow, Sequence[InterviewEvent] | None, Interview | None]
"""A selected interview: its row, its events and its state; the latter are None if they were not
read."""

_InterviewSelector: TypeAlias = Callable[[ExportRow], Iterator[_SelectedInterview]]
"""Yields the interview of a row if it is selected."""


def build_interview_table(source: InterviewSource) -> DataTable:
    """Build one table of all versions that have interviews.

    Without any interviews, it has the columns of the file.
    """
    instrument = source.instrument
    language = source.language
    versions = _load_versions(source)
    parts = [version.build_part() for version in versions]
    uncomputed = tuple(versions[-1].explain_uncomputed()) if versions else ()
    if not parts:
        variables = (
            *build_admin_variables(instrument, language),
            *build_columns(instrument, language),
        )
        name = f"version {instrument.version}"
        parts.append(VersionRows(version=name, variables=variables, rows=lambda: ()))

    known: set[str] = set()
    for part in parts:
        for variable in part.variables:
            known.update((variable.name, variable.item))
    check_personal_names(source.options, known - {""})

    combined = combine_versions(
        parts,
        language=language,
        personal=source.requested_columns,
        current=build_columns(instrument, language),
    )
    study = describe_study(instrument, language)
    study = replace(study, versions=tuple(version.label for version in versions))

    warnings = [*_warn_of_equal_names([version.stored for version in versions])]
    if source.overrides:
        interviews = format_quantity(len(source.overrides), "interview")
        warnings.append(
            f"interview_outcome is a supervisor's correction in {interviews}; "
            "the calls have the original outcome"
        )
    return DataTable(
        analysis=source.analysis,
        table=replace(combined.table, study=study),
        warnings=tuple(warnings),
        differences=(*combined.differences, *uncomputed, *_note_editions(versions)),
        recomputed=tuple(each for version in versions for each in version.recomputed),
        left_out=combined.left_out,
        overrides=source.overrides,
    )


def _note_editions(versions: "Sequence[_Version]") -> Iterator[str]:
    """Yield a note for each version that has computes of an earlier edition in a shared column."""
    for version in versions:
        source = version.source
        if source.options.recompute:
            continue
        names = sorted(version.list_edition_names())
        if names:
            yield (
                f"{join_first(names)}: as {version.label} computed it, in edition "
                f"{version.instrument.edition} of the language; the questionnaire is in edition "
                f"{source.base.edition} (--recompute computes it as that does)"
            )


def check_personal_names(options: ExportOptions, known: Collection[str]) -> None:
    """Check that every name given with `--personal` is known. Raises UserError."""
    for name in sorted(options.personal - set(known)):
        remedy = suggest_nearest(name, known, otherwise="use an item's id")
        raise UserError("--personal", f"there is no column {name!r}", remedy)


def build_long_table(source: InterviewSource, row_unit: str) -> DataTable:
    """Build a table with one row per `event`, or per current `answer`."""
    versions = _load_versions(source)
    instruments = [version.instrument for version in versions] or [source.instrument]
    items: set[str] = set()
    personal: set[str] = set()
    for instrument in instruments:
        items.update(instrument.items)
        personal |= find_personal_names(instrument)
    check_personal_names(source.options, items | personal)

    def iterate_rows() -> Iterator[tuple[Cell, ...]]:
        for version in versions:
            yield from version.iterate_long_rows(row_unit)

    hidden: set[str] = set()
    if not source.options.all_personal:
        hidden = (personal & items) - source.options.personal
    columns = EVENT_COLUMNS if row_unit == "event" else ANSWER_COLUMNS
    return DataTable(
        analysis=source.analysis,
        table=Table(
            variables=columns,
            rows=iterate_rows(),
            language=source.language,
            study=describe_study(source.instrument, source.language),
            row_unit=row_unit,
        ),
        warnings=tuple(_warn_of_equal_names([version.stored for version in versions])),
        left_out=tuple(sorted(hidden)),
    )


def _load_versions(source: InterviewSource) -> "list[_Version]":
    """Return the versions that have interviews to export, the oldest first."""
    store = source.store
    progress = source.options.progress
    condition = parse_condition(source.instrument, source.options)
    origins = source.origins

    # Without progress, only whether a version has interviews matters, and not how many.
    at_most = 1 if progress is None else sys.maxsize
    used = []
    total = 0
    for row in store.data.list_instruments():
        count = store.data.count_interviews(
            row.hash, origins=origins, statuses=source.statuses, at_most=at_most
        )
        total += count
        if count:
            used.append(row)

    newest = source.base
    instruments = []
    for row in used:
        instrument = newest
        if row.hash != newest.hash:
            instrument = rebuild_instrument(row.stored_text)
        instruments.append(instrument)

    compared = [*instruments]
    if instruments and instruments[-1].hash != newest.hash:
        # The file is newer than all interviews, and its meanings are those of the table.
        compared.append(newest)
    separate = find_separate_columns(compared, lambda change: is_accepted_as_same(store, change))

    reporter = ProgressReporter(progress, total)
    versions = []
    for index, (row, instrument) in enumerate(zip(used, instruments, strict=True)):
        version = _Version(
            source=source,
            instrument=instrument,
            stored=row,
            label=describe_version(row, used),
            where=condition,
            reporter=reporter,
            separate=separate[index],
            number=index + 1,
        )
        if source.options.recompute:
            version = replace(version, recomputed=_list_recomputed(version))
        versions.append(version)
    return versions


def _list_recomputed(version: "_Version") -> tuple[RecomputedValues, ...]:
    """List the computes of a version that are recomputed, or would be if nothing read them."""
    names = version.list_edition_names()
    if not names:
        return ()
    _, draft, _ = compile_stored_text(version.stored.stored_text)
    assert draft is not None  # it was rebuilt before
    readers = ComputeReaders(draft)
    return tuple(
        RecomputedValues(
            name=name,
            version=version.label,
            edition=version.instrument.edition,
            read_by=readers.describe(name),
        )
        for name in version.instrument.computes
        if name in names
    )


def parse_condition(instrument: Instrument, options: ExportOptions) -> Condition | None:
    """Parse the condition of `--where`; None if there isn't one.

    It may refer to personal items only if they are exported. Raises UserError.
    """
    if not options.where:
        return None

    condition = compile_condition(instrument, options.where)
    hidden = find_personal_names(instrument) - options.personal
    hidden &= _resolve_filters(instrument, condition.names)
    if hidden and not options.all_personal:
        raise make_personal_condition_error(min(hidden))
    return condition


def _resolve_filters(instrument: Instrument, names: frozenset[str]) -> frozenset[str]:
    """Replace filters by what they read, since they have no column that could be requested."""
    while True:
        computes = [instrument.computes[name] for name in names if name in instrument.computes]
        filters = [compute for compute in computes if not compute.is_column]
        if not filters:
            return names
        for compute in filters:
            names = names - {compute.id} | list_inputs(compute)


def make_personal_condition_error(name: str) -> UserError:
    """Return the error for a condition over a personal column that is not exported."""
    return UserError("--where", f"{name} is personal", f"remove it, or add --personal {name}")


def _list_outcome_labels(source: InterviewSource) -> dict[Code, str]:
    """Return the labels of the newest version's outcomes, and of codes in corrections.

    A supervisor may correct an outcome by giving a code of AAPOR without an outcome.
    """
    labels = build_outcome_labels(source.instrument, source.language)
    outcomes = {override.outcome for override in source.overrides.values()}
    for code in sorted(outcomes - set(labels)):
        row = find_disposition(code)
        labels[code] = row.name if row is not None else f"Code {code}"
    return labels


def _warn_of_equal_names(rows: Sequence[InstrumentRow]) -> Iterator[str]:
    """Yield a warning for each version name that several different texts have."""
    for name in dict.fromkeys(row.version for row in rows):
        same = [row for row in rows if row.version == name]
        if len(same) > 1:
            name_text = f"version {name!r}" if name else "no version"
            days = ", ".join(f"{row.kept_at:%Y-%m-%d %H:%M:%S} UTC" for row in same)
            yield (
                f"{len(same)} different questionnaires have {name_text} (in use since {days}): "
                "change version: each time you edit the file"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Version:
    """The interviews that began with one text of the questionnaire."""

    source: InterviewSource
    instrument: Instrument
    stored: InstrumentRow
    label: str
    """Its name in messages: `version 1`."""
    where: Condition | None
    reporter: ProgressReporter
    separate: Mapping[str, SeparateColumns]
    """Items, sample columns and computes with another meaning than in newer versions."""
    number: int
    """Its number among the versions with interviews, the oldest being 1."""
    recomputed: tuple[RecomputedValues, ...] = ()
    """Its computes to which the newest edition of the language may give other values."""

    @property
    def language(self) -> str:
        language = self.source.language
        return language if language in self.instrument.languages else self.instrument.language

    @property
    def hidden_items(self) -> frozenset[str]:
        """Items whose values are not exported."""
        if self.source.options.all_personal:
            return frozenset()
        return find_personal_names(self.instrument) - self.source.options.personal

    def list_edition_names(self) -> frozenset[str]:
        """List its computes to which the edition of the file can give other values.

        Those with a column of their own aren't among them: their answers had another meaning.
        """
        return frozenset(each.name for each in self._build_computing().edition_computes)

    def find_version(self, content_hash: str) -> Instrument:
        """Return the instrument of a version that an interview of this one may have had before."""
        if content_hash == self.stored.hash:
            return self.instrument
        return self.source.load_version(content_hash)

    def build_part(self) -> VersionRows:
        """Return the columns and rows of these interviews, with the newest computes."""
        computing = self._build_computing()
        admin_variables = build_admin_variables(
            self.instrument, self.language, _list_outcome_labels(self.source)
        )
        separate = {**self.separate}
        for name in computing.lacking:
            why = "it was not computed"
            if name in self.instrument.computes:
                why = "it was computed from other answers, or from answers with another meaning"
            separate[name] = SeparateColumns(self.number, why)

        return VersionRows(
            version=self.label,
            variables=(*admin_variables, *computing.variables),
            rows=lambda: self._iterate_rows(computing),
            separate=separate,
        )

    def _iterate_rows(self, computing: ComputeUpdate) -> Iterator[str]:
        """Yield the rows of the selected interviews as stored texts.

        The data of an interview are read from its stored cells if they are those of the present
        engine and columns; otherwise its journal is replayed.
        """
        # This loop runs for every interview of an export, so that what it calls is looked up once.
        encode = encode_basestring
        pseudonyms = self.source.pseudonyms
        overrides = self.source.overrides
        version = encode(self.stored.version)
        rules = str(RULES_VERSION)
        update_stored = computing.make_updater()
        own_columns = build_columns(self.instrument, self.language)
        has_current_columns = have_same_cells(own_columns, self.stored.variables)

        for line, _, interview in self.select_interviews():
            # Unpacked at once, which takes half the time of reading each field.
            (
                interview_id,
                case,
                number,
                origin,
                status,
                outcome,
                began_at,
                updated_at,
                by,
                engine,
                cells,
                language,
            ) = line

            data = None
            is_current = has_current_columns and engine == rules and not self.recomputed
            if interview is None and is_current and cells is not None:
                data = update_stored(cells)
            if data is None:
                if interview is None:
                    _, interview = self._replay_and_compare(line)
                data = computing.update_row(encode_cells(build_row(interview)), interview)
                if outcome == COMPLETE:
                    self._note_recomputed(computing, interview_id, interview)

            override = overrides.get(interview_id)
            if override is not None:
                outcome = override.outcome
            yield (
                f'["{interview_id}",{encode(case)},{number},"{origin}",{version},"{status}",'
                f'{encode(outcome)},"{began_at[:19]}+00:00","{updated_at[:19]}+00:00",'
                f"{encode(pseudonyms.get(by, by))},{encode(language)},{data[1:]}"
            )

    def _note_recomputed(
        self, computing: ComputeUpdate, interview_id: str, interview: Interview
    ) -> None:
        """Note which values of a completed interview the newest edition changes."""
        if not self.recomputed:
            return
        differing = computing.list_differing(interview)
        for each in self.recomputed:
            each.completed.add(interview_id)
            if each.name in differing:
                each.differing.add(interview_id)

    def iterate_long_rows(self, row_unit: str) -> Iterator[tuple[Cell, ...]]:
        """Yield the events of the selected interviews, or their current answers."""
        for line, journal, _ in self.select_interviews():
            if journal is None:
                journal = self.source.store.interviews.read_journal(line.id)
            cells = (line.id, line.case, line.number, line.origin, self.stored.version)
            heading = RowHeading(cells, self.source.pseudonyms, self.hidden_items)
            try:
                if row_unit == "event":
                    yield from iterate_event_rows(self.find_version, journal, heading)
                else:
                    yield from iterate_answer_rows(
                        self.find_version, journal, heading, self.language
                    )
            except ValueError as error:
                raise _make_replay_error(line, error) from error

    def explain_uncomputed(self) -> Iterator[str]:
        """Yield a note for each compute that is not a column because its inputs are missing."""
        columns = {variable.name for variable in self._build_computing().variables}
        for name, compute in self.source.instrument.computes.items():
            if compute.is_column and name not in columns:
                inputs = ", ".join(sorted(list_inputs(compute)))
                yield (
                    f"{name}: not computed: "
                    f"{self.label} lacks inputs ({inputs}) with their current meaning"
                )

    def _build_computing(self) -> ComputeUpdate:
        """Build the update of this version's columns to the newest computes."""
        return build_compute_update(
            self.instrument,
            self.source.instrument,
            self.separate,
            self.language,
            self.source.requested_columns,
            [each.name for each in self.recomputed if not each.read_by],
        )

    def select_interviews(self) -> Iterator[_SelectedInterview]:
        """Iterate over the selected interviews, the oldest first."""
        source = self.source
        until = source.until
        select = None
        if until is not None:
            select = self._make_past_selector(until)
        elif self.where is not None:
            select = self._make_selector(self.where)

        lines = source.store.data.iterate_export_rows(
            self.stored.hash,
            origins=source.origins,
            statuses=source.statuses,
            personal=source.options.all_personal or bool(source.options.personal),
        )
        for line in self.reporter(lines):
            if line.id in source.left_out:
                continue
            if select is None:
                yield line, None, None
            else:
                yield from select(line)

    def _make_past_selector(self, until: datetime) -> _InterviewSelector:
        """Return a function that yields an interview as it was at that time.

        It yields nothing if the interview had not begun, or is not selected. What was erased since
        stays erased.
        """
        computing = self._build_computing()

        def select(line: ExportRow) -> Iterator[_SelectedInterview]:
            journal = self.source.store.interviews.read_journal(line.id)
            if not journal or journal[0].stamp.at > until:
                return

            later: list[InterviewEvent] = []
            if find_erasure(journal) is None:
                # With its later moves to other versions, what was asked by then becomes a row of
                # the present version.
                later = [
                    event
                    for event in journal
                    if event.stamp.at > until and isinstance(event, InterviewMigrated)
                ]
                journal = [event for event in journal if event.stamp.at <= until]
            interview = self._replay(line, (*journal, *later))

            if not self.source.options.partials and interview.status != "ended":
                return
            if self.where is not None and not self._is_true(self.where, interview, computing):
                return
            # What the office adds, such as codings, doesn't change whose interview it is.
            conducted = [event for event in journal if not isinstance(event, OFFICE_EVENTS)]
            last = conducted[-1].stamp
            line = line._replace(
                status=interview.status,
                outcome=interview.outcome,
                by=last.by,
                updated_at=last.at.isoformat(),
                language=interview.language,
            )
            yield line, journal, interview

        return select

    def _make_selector(self, where: Condition) -> _InterviewSelector:
        """Return a function that yields an interview if the condition holds for it."""
        computing = self._build_computing()
        variables = build_columns(self.instrument, self.language)
        has_current_columns = have_same_cells(variables, self.stored.variables)
        has_other_meaning = not where.names.isdisjoint(self.separate.keys() | computing.lacking)
        must_replay = has_other_meaning or reads_today(where) or not has_current_columns
        read_known = computing.make_row_reader(where.names)

        def select(line: ExportRow) -> Iterator[_SelectedInterview]:
            is_current = line.engine == str(RULES_VERSION)
            if not must_replay and line.cells is not None and is_current:
                known = read_known(split_row(line.cells, len(variables)))
                if known is not None:
                    if where.evaluate(known) is True:
                        yield line, None, None
                    return

            journal, interview = self._replay_and_compare(line)
            if self._is_true(where, interview, computing):
                yield line, journal, interview

        return select

    def _is_true(self, where: Condition, interview: Interview, computing: ComputeUpdate) -> bool:
        """Return whether a condition holds for an interview.

        What its version did not have, or had with another meaning, counts as not asked.
        """
        known = interview.evaluate_route().known.copy()
        computing.add_computes(known)
        unknown = {name for name in where.names if not known.has_value(name)}
        known.mark_not_asked(unknown | self.separate.keys() | computing.lacking)
        return where.evaluate(known) is True

    def _replay_and_compare(self, line: ExportRow) -> tuple[Sequence[InterviewEvent], Interview]:
        """Replay an interview whose stored data are not used.

        Raises UserError if its row differs from its journal.
        """
        journal = self.source.store.interviews.read_journal(line.id)
        interview = self._replay(line, journal)
        differing = find_differences(interview, line)
        if differing:
            where = f"case {line.case}, interview {line.id[:8]}"
            columns = ", ".join(differing)
            what = f"its row in the list of interviews differs from its journal ({columns})"
            restore = f"to restore a backup: {RESTORE_COMMAND}"
            remedy = f"`survey db verify` lists all differences; {restore}"
            raise UnreadableInterviewError(where, what, remedy)
        return journal, interview

    def _replay(self, line: ExportRow, journal: Sequence[InterviewEvent]) -> Interview:
        try:
            return Interview.replay(self.instrument, journal)
        except ValueError as error:
            raise _make_replay_error(line, error) from error


def _make_replay_error(line: ExportRow, error: ValueError) -> UnreadableInterviewError:
    # What follows the colon may contain an answer.
    reason, _, _ = str(error).partition(":")
    what = f"its journal cannot be replayed ({reason})"
    return UnreadableInterviewError(f"case {line.case}", what, "`survey db verify` gives details")
