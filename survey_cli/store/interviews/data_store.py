"""Store of instruments with their variables, and of each interview's data as one row.

Personal cells are stored apart from the others and returned only on request.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from survey_cli.engine.codec import decode_timestamp, encode_cells, encode_timestamp
from survey_cli.engine.machine import InterviewStatus
from survey_cli.instrument.editions import FIRST_EDITION
from survey_cli.instrument.open_instrument import StoredText
from survey_cli.store.backends.connector import Connector, Execute
from survey_cli.store.backends.errors import make_decoding_error, translate_decoding_errors
from survey_cli.store.backends.schema import views
from survey_cli.store.interviews import records
from survey_cli.store.interviews.records import (
    ExportRow,
    InstrumentRow,
    InterviewOrigin,
    Snapshot,
    StoredInterview,
)
from survey_cli.store.interviews.statements import sql
from survey_cli.table.table import join_row, split_row
from survey_cli.values import NOT_ASKED, Cell, Variable

EXPORT_WIDTH: Final = 13
"""Columns of `EXPORT_ROWS`: those of an `ExportRow` without its language, the digest of these, and
the event that names the language. Details and their digest follow, if they are requested."""


class DataStore:
    """The instruments of one study and the data of its interviews. Methods raise StoreError."""

    def __init__(self, connector: Connector) -> None:
        self._db = connector
        self._variables: dict[str, tuple[Variable, ...]] = {}

    def read_newest_instrument(self) -> str:
        """Return the hash of the version that was added last; an empty text if there is none."""
        rows = self._db.read("SELECT hash FROM instruments ORDER BY kept_at DESC, hash LIMIT 1")
        if not rows:
            return ""
        return str(rows[0][0])

    def can_publish(self) -> bool:
        """Whether a new version can be added, which requires the right to create its view."""
        return self._db.dialect == "sqlite" or self._db.read(sql.MAY_PUBLISH) == [(True,)]

    def find_newest_time(self) -> datetime | None:
        """Return the time of the newest start of an interview, import or backup, or None.

        It does not read every row.
        """
        rows = self._db.read(sql.NEWEST_TIMES)
        with translate_decoding_errors(self._db.where, "the newest date and time"):
            # NULL for a table without rows, or a version without interviews
            times = [decode_timestamp(time) for (time,) in rows if time]
        return max(times, default=None)

    def list_entries_after(
        self, at: datetime, *, thorough: bool = False
    ) -> list[tuple[str, int, datetime]]:
        """Return the interviews and cases with entries after a time.

        They are name, number of such entries and time of the last. All journals are read only if
        it is `thorough`; else interviews that began and cases that were changed after it.
        """
        time = encode_timestamp(at)
        entries: list[tuple[str, int, datetime]] = []
        for kind, statement, among in (
            ("interview", sql.LATER_EVENTS, sql.AMONG_BEGUN_LATER),
            ("case", sql.LATER_CASE_EVENTS, sql.AMONG_CHANGED_LATER),
        ):
            if kind == "interview" and self._db.read_only and self._db.dialect == "postgresql":
                continue  # an analyst's account may be unable to read journals

            if thorough:
                rows = self._db.read(statement.format(among=""), (time,))
            else:
                rows = self._db.read(statement.format(among=f" {among}"), (time, time))
            with translate_decoding_errors(self._db.where, "the date and time of an entry"):
                for name, number, last in rows:
                    entries.append((f"{kind} {name}", number, decode_timestamp(last)))
        return entries

    def add_instrument(self, instrument: InstrumentRow) -> None:
        """Store the full text and the columns of an instrument.

        If its hash is stored already, nothing is written.
        """
        if self._db.read("SELECT 1 FROM instruments WHERE hash = ?", (instrument.hash,)):
            return

        with self._db.transaction():
            self._db.lock_table("instruments")
            view_names = [name for (name,) in self._db.read(sql.DATA_VIEWS)]
            view = views.make_view_name(
                instrument.hash, instrument.id, instrument.version, present_names=view_names
            )
            variables = [
                (instrument.hash, ordinal, *records.encode_variable(variable))
                for ordinal, variable in enumerate(instrument.variables)
            ]
            texts = records.encode_texts(instrument.texts)
            at = encode_timestamp(instrument.kept_at)
            row = (*instrument[:4], texts, at, view)
            # Without the edition, as in rows from before there was one: rebuilding the text checks
            # it.
            digest = _compute_instrument_digest(row, variables)
            if self._db.run(sql.KEEP_INSTRUMENT, (*row, digest, instrument.edition)):
                self._db.run_many(sql.KEEP_VARIABLE, variables)
                for statement in views.build_data_views(
                    view, instrument.hash, instrument.variables, self._db.dialect
                ):
                    self._db.run(statement)

    def list_instruments(self) -> list[InstrumentRow]:
        """Return all instruments that were ever in use in this study, oldest first."""
        return self._db.read_as(self._decode_instrument, "the list of instruments", sql.INSTRUMENTS)

    def _decode_instrument(self, row: Sequence[Any]) -> InstrumentRow:
        key, name, version, title, texts, at, edition = row
        return InstrumentRow(
            hash=key,
            id=name,
            version=version,
            title=title,
            texts=records.decode_texts(texts),
            variables=self.read_variables(key),
            kept_at=decode_timestamp(at),
            edition=edition,
        )

    def read_stored_text(self, instrument: str) -> StoredText:
        """Return the text of a version by its hash. That of an unknown version has no files."""
        what = f"the text of instrument {instrument}"
        stored = self._db.read_as(_decode_stored_text, what, sql.STORED_TEXT, (instrument,))
        if not stored:
            return StoredText(instrument, {}, FIRST_EDITION)
        return stored[0]

    def read_variables(self, instrument: str) -> tuple[Variable, ...]:
        """Return the columns of an instrument's data in order; none if the hash is unknown."""
        if instrument not in self._variables:
            what = f"a variable of instrument {instrument}"
            variables = tuple(
                self._db.read_as(records.decode_variable, what, sql.VARIABLES, (instrument,))
            )
            if not variables:
                return ()
            self._variables[instrument] = variables
        return self._variables[instrument]

    # Snapshots

    def write_snapshot(self, interview: str, snapshot: Snapshot, *, instrument: str) -> None:
        """Store the derived data of an interview, one cell for each variable of the instrument.

        Personal cells are stored as its contact.
        """
        with self._db.transaction() as execute:
            self.write_snapshot_within(execute, interview, snapshot, instrument)

    def write_snapshot_within(
        self, execute: Execute, interview: str, snapshot: Snapshot, instrument: str
    ) -> None:
        """Store the derived data of an interview within a transaction."""
        cells, personal = self.encode_split_cells(instrument, snapshot.cells)
        heads = execute(sql.INTERVIEW_HEAD, (interview,)).fetchall()
        if not heads:
            raise ValueError(f"there is no interview {interview!r}")

        digest = records.compute_digest((*heads[0], snapshot.engine, cells))
        execute(sql.KEEP_SNAPSHOT, (interview, snapshot.seq, snapshot.engine, cells, digest))
        if personal is None:
            execute(sql.DROP_CONTACT, (interview,))
        else:
            personal_digest = records.compute_digest((interview, personal))
            execute(sql.KEEP_CONTACT, (interview, personal, personal_digest))

    def encode_split_cells(self, instrument: str, cells: Sequence[Cell]) -> tuple[str, str | None]:
        """Encode cells as they are stored: first those that identify nobody, then the personal.

        The second value is None for an instrument without personal variables.
        """
        variables = self.read_variables(instrument)
        if len(cells) != len(variables):
            raise ValueError(
                f"{len(cells)} cells for the {len(variables)} variables of instrument {instrument}"
            )
        if not any(variable.personal for variable in variables):
            return encode_cells(cells), None

        # both have a cell for every variable, so that a cell is found by its ordinal in both
        public: list[Cell] = []
        private: list[Cell] = []
        for variable, cell in zip(variables, cells, strict=True):
            if variable.personal:
                public.append(NOT_ASKED)
                private.append(cell)
            else:
                public.append(cell)
                private.append(NOT_ASKED)
        return encode_cells(public), encode_cells(private)

    def iterate_export_rows(
        self,
        instrument: str,
        *,
        origins: Sequence[InterviewOrigin] = ("real",),
        statuses: Sequence[InterviewStatus] = (),
        personal: bool = False,
    ) -> Iterator[ExportRow]:
        """Stream the interviews of one instrument for an export, oldest first, all as of one time.

        Cells are None where they were changed since they were written, or don't include the
        interview's last event. Without `statuses` interviews of every status are included. Personal
        cells are read only with `personal`.
        """
        variables = self.read_variables(instrument)
        width = len(variables)
        personal_columns = [
            ordinal for ordinal, variable in enumerate(variables) if variable.personal
        ]
        details_columns = ""
        details_join = ""
        if personal:
            details_columns = ", c.details, c.digest"
            details_join = " LEFT JOIN contacts c ON c.interview = s.interview"
        statement = sql.EXPORT_ROWS.format(
            language=LANGUAGE_EVENTS[self._db.dialect],
            details=details_columns,
            join=details_join,
            and_also=_build_conditions(origins, statuses),
        )

        interview = ""
        try:
            for row in self._db.stream(statement, (instrument, *origins, *statuses)):
                # the digest is that of the columns before it
                *stored, digest, language_event = row[:EXPORT_WIDTH]
                details, details_digest = row[EXPORT_WIDTH:] if personal else (None, None)
                interview = stored[0]
                line = ExportRow._make((*stored, records.find_language(language_event)))
                cells = line.cells
                if cells is not None and records.compute_digest(stored) != digest:
                    cells = None

                if cells is not None and details is not None:
                    if records.compute_digest((interview, details)) == details_digest:
                        texts = split_row(cells, width)
                        personal_texts = split_row(details, width)
                        for ordinal in personal_columns:
                            texts[ordinal] = personal_texts[ordinal]
                        cells = join_row(texts)
                    else:
                        cells = None

                if cells is not line.cells:
                    line = line._replace(cells=cells)
                yield line
        except (ValueError, TypeError) as error:
            raise make_decoding_error(
                self._db.where, f"the row of interview {interview}"
            ) from error

    def iterate_stored_interviews(self, instrument: str) -> Iterator[StoredInterview]:
        """Stream the interviews of one instrument with all data derived from their journals."""
        for row in self._db.stream(sql.STORED_INTERVIEWS, (instrument,)):
            interview_row = row[:13]
            seq, engine, cells, digest, details, details_digest = row[13:]
            interview, case, _, began_at, by, updated_at, origin, number, status, outcome, *_ = (
                interview_row
            )
            head = (interview, case, number, origin, status, outcome, began_at, updated_at, by)
            with translate_decoding_errors(self._db.where, f"the row of interview {interview}"):
                fits = not digest or records.compute_digest((*head, engine, cells)) == digest
                details_fit = (
                    not details_digest
                    or records.compute_digest((interview, details)) == details_digest
                )
                decoded = records.decode_interview(interview_row)
                yield StoredInterview(decoded, seq, engine, cells, details, fits, details_fit)

    def check_instrument_digest(self, instrument: str) -> bool | None:
        """Whether the digest of an instrument and its variables fits; None if none was stored."""
        [row] = self._db.read(sql.INSTRUMENT, (instrument,))
        *columns, digest = row
        if not digest:
            return None

        stored_variables = self._db.read(sql.NUMBERED_VARIABLES, (instrument,))
        variables = [(instrument, *variable) for variable in stored_variables]
        return bool(_compute_instrument_digest(columns, variables) == digest)

    def count_all_interviews(self) -> int:
        """Count all interviews, practice and simulated ones included."""
        [(number,)] = self._db.read("SELECT count(*) FROM interviews")
        return int(number)

    def count_interviews(
        self,
        instrument: str,
        *,
        origins: Sequence[InterviewOrigin] = ("real",),
        statuses: Sequence[InterviewStatus] = (),
        at_most: int = sys.maxsize,
    ) -> int:
        """Count the interviews that `iterate_export_rows` returns, up to a number."""
        statement = sql.COUNT_INTERVIEWS.format(and_also=_build_conditions(origins, statuses))
        [(number,)] = self._db.read(statement, (instrument, *origins, *statuses, at_most))
        return int(number)

    def has_counted_interviews(self) -> bool:
        """Whether an interview is stored that is neither of practice nor simulated."""
        statement = "SELECT 1 FROM interviews WHERE origin IN ('real', 'imported') LIMIT 1"
        return bool(self._db.read(statement))

    def count_by_origin(self) -> dict[str, int]:
        """Count all interviews by their origin."""
        rows = self._db.read(
            "SELECT origin, count(*) FROM interviews GROUP BY origin ORDER BY origin"
        )
        return {str(origin): int(number) for origin, number in rows}

    def has_interviews(self, instrument: str) -> bool:
        """Whether a real or an imported interview has this version of the questionnaire."""
        return bool(self._db.read(sql.HAS_INTERVIEWS, (instrument,)))


def _build_conditions(origins: Sequence[str], statuses: Sequence[str]) -> str:
    """Build the conditions for interviews of these origins and statuses; an empty list is none."""
    conditions = ""
    for column, values in (("origin", origins), ("status", statuses)):
        if values:
            marks = ", ".join("?" * len(values))
            conditions += f" AND i.{column} IN ({marks})"
    return conditions


def _decode_stored_text(row: Sequence[Any]) -> StoredText:
    content_hash, texts, edition = row
    return StoredText(content_hash, records.decode_texts(texts), edition)


def _compute_instrument_digest(row: Sequence[object], variables: Iterable[Sequence[object]]) -> str:
    return records.compute_digest(
        [*row, *(column for variable in variables for column in variable)]
    )


LANGUAGE_EVENTS: Final = {
    "sqlite": """(
        SELECT j.payload FROM journal j
        WHERE j.interview = i.id AND j.kind IN ('began', 'resumed', 'language')
        ORDER BY j.seq DESC LIMIT 1
    )""",
    "postgresql": "'\"language\":' || find_language(i.id)",
}
"""SQL for the last event that names the language of an interview `i`, as `find_language` reads it.

On a server a function reads it, as analysts may not read journals."""
