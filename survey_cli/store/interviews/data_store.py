"""Which columns and which rows of data are kept? The instruments that were in use here with their variables, and what
each interview came to, as one row. Personal cells lie apart from the others, and come back only where they are asked for.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from survey_cli.engine.codec import (
    decode_moment,
    encode_cells,
    encode_moment,
)
from survey_cli.store.backends.connector import Connector, Execute
from survey_cli.store.backends.decoding import illegible, legible
from survey_cli.store.backends.schema import postgres_views, views
from survey_cli.store.cases.case_statements import KEEP_SETTING, LATER_EVENTS, SETTING
from survey_cli.store.interviews import statements as sql
from survey_cli.store.interviews.digests import digest
from survey_cli.store.interviews.records import (
    InstrumentRow,
    Line,
    Origin,
    Snapshot,
    Status,
    Stored,
)
from survey_cli.store.interviews.row_mapping import (
    read_interview,
    read_texts,
    read_variable,
    write_texts,
    write_variable,
)
from survey_cli.table.encoded_cells import cell_texts, row_of
from survey_cli.values import NOT_ASKED, Cell, Variable


class Data:
    """The data of one database. Every method raises StoreError when the world it is kept in is broken."""

    def __init__(self, connector: Connector) -> None:
        self._db = connector
        self._variables: dict[str, tuple[Variable, ...]] = {}

    @property
    def connector(self) -> Connector:
        """The connection, for the store's own modules."""
        return self._db

    @property
    def clock(self) -> Callable[[], datetime] | None:
        """The server's time, which all its stations share; None for a file, whose one computer has the clock."""
        return self._db.clock.now if self._db.clock is not None else None

    @property
    def read_only(self) -> bool:
        """Nothing can be written where the database lies: it is read as it stands."""
        return self._db.read_only

    def setting(self, name: str) -> str | None:
        """What was last kept under this name; None where nothing was."""
        found = self._db.read(SETTING, (name,))
        return found[0][0] if found else None

    def keep_setting(self, name: str, value: str) -> None:
        """Keep a text under a name, instead of what was kept there before."""
        self._db.run(KEEP_SETTING, (name, value))

    @property
    def where(self) -> str:
        """The database, as it is printed."""
        return self._db.where

    def newest_instrument(self) -> str:
        """The hash of the version that was kept last; empty where none is."""
        found = self._db.read(sql.NEWEST_INSTRUMENT)
        return str(found[0][0]) if found else ""

    def may_publish(self) -> bool:
        """Whether a version that is not kept here yet can be: it comes with a view of its own."""
        return self._db.dialect == "sqlite" or self._db.read(sql.MAY_PUBLISH) == [(True,)]

    def newest(self) -> datetime | None:
        """The newest beginning of an interview, an import or a copy; None where there was none. Costs no look at every
        row."""
        times = [at for (at,) in self._db.read(sql.NEWEST) if at is not None]
        with legible(self._db.where, "the newest date and time"):
            return max(map(decode_moment, times), default=None)

    def entries_after(self, at: datetime) -> list[tuple[str, int, datetime]]:
        """The interviews and cases with entries of a later date: which it is, how many, and the last one's date."""
        moment = encode_moment(at)
        found = [
            (f"interview {id}", count, last) for id, count, last in self._db.read(sql.LATER_EVENTS, (moment,))
        ]
        found += [(f"case {key}", count, last) for key, count, last in self._db.read(LATER_EVENTS, (moment,))]
        with legible(self._db.where, "the date and time of an entry"):
            return [(whose, count, decode_moment(last)) for whose, count, last in found]

    @property
    def account(self) -> str:
        """Who writes here: the account of the operating system, or the role on the server."""
        return self._db.account

    def keep_instrument(self, instrument: InstrumentRow) -> None:
        """Keep the full text and the columns, once; the same hash again changes nothing and costs no
        write."""
        if self._db.read(sql.HAS_INSTRUMENT, (instrument.hash,)):
            return
        with self._db.transaction():
            self._db.hold("instruments")
            taken = [name for (name,) in self._db.read(sql.DATA_VIEWS)]
            view = views.data_view(
                id=instrument.id, version=instrument.version, hash=instrument.hash, taken=taken
            )
            variables = [
                (instrument.hash, ordinal, *write_variable(variable))
                for ordinal, variable in enumerate(instrument.variables)
            ]
            row = (
                instrument.hash,
                instrument.id,
                instrument.version,
                instrument.title,
                write_texts(instrument.texts),
                encode_moment(instrument.kept_at),
                view,
            )
            kept = self._db.run(sql.KEEP_INSTRUMENT, (*row, _digest_of_instrument(row, variables)))
            if kept:
                self._db.run_many(sql.KEEP_VARIABLE, variables)
                data_views = views.data_views if self._db.dialect == "sqlite" else postgres_views.data_views
                for statement in data_views(name=view, hash=instrument.hash, variables=instrument.variables):
                    self._db.run(statement)

    def instruments(self) -> list[InstrumentRow]:
        """All that were ever in use here, the first kept first."""
        rows = self._db.read(sql.INSTRUMENTS)
        with legible(self._db.where, "the list of instruments"):
            return [
                InstrumentRow(
                    hash=hash,
                    id=id,
                    version=version,
                    title=title,
                    texts=read_texts(texts),
                    variables=self.variables(hash),
                    kept_at=decode_moment(kept_at),
                )
                for hash, id, version, title, texts, kept_at in rows
            ]

    def instrument_texts(self, hash: str) -> Mapping[str, str] | None:
        """Every file's full text by its path, the top file first; None where the hash is not known here."""
        found = self._db.read(sql.TEXTS, (hash,))
        with legible(self._db.where, f"the text of instrument {hash}"):
            return read_texts(found[0][0]) if found else None

    def variables(self, hash: str) -> tuple[Variable, ...]:
        """The columns of an instrument's data, in order."""
        if hash not in self._variables:
            rows = self._db.read(sql.VARIABLES, (hash,))
            with legible(self._db.where, f"a variable of instrument {hash}"):
                found = tuple(read_variable(row) for row in rows)
            if not found:
                return ()
            self._variables[hash] = found
        return self._variables[hash]

    # Snapshots

    def keep_snapshot(self, interview: str, snapshot: Snapshot, *, instrument: str) -> None:
        """Keep the derived data, one cell for each of the instrument's variables. Personal ones go to the
        contacts."""
        with self._db.transaction() as execute:
            self._keep_snapshot(execute, interview, snapshot, instrument)

    def _keep_snapshot(self, execute: Execute, interview: str, snapshot: Snapshot, instrument: str) -> None:
        cells, personal = self._personal_apart(instrument, snapshot.cells)
        found = execute(sql.HEAD, (interview,)).fetchall()
        if not found:
            raise ValueError(f"there is no interview {interview!r}")
        sealed = digest((*found[0], snapshot.engine, cells))
        execute(sql.KEEP_SNAPSHOT, (interview, snapshot.seq, snapshot.engine, cells, sealed))
        if personal is None:
            execute(sql.DROP_CONTACT, (interview,))
        else:
            execute(sql.KEEP_CONTACT, (interview, personal, digest((interview, personal))))

    def _personal_apart(self, instrument: str, cells: Sequence[Cell]) -> tuple[str, str | None]:
        variables = self.variables(instrument)
        if len(cells) != len(variables):
            raise ValueError(
                f"{len(cells)} cells for the {len(variables)} variables of instrument {instrument}"
            )
        if not any(variable.personal for variable in variables):
            return encode_cells(cells), None
        public = [NOT_ASKED if v.personal else cell for v, cell in zip(variables, cells, strict=True)]
        private = [cell if v.personal else NOT_ASKED for v, cell in zip(variables, cells, strict=True)]
        return encode_cells(public), encode_cells(private)

    def lines(
        self,
        instrument: str,
        *,
        origins: Sequence[Origin] = ("real",),
        statuses: Sequence[Status] = (),
        personal: bool = False,
    ) -> Iterator[Line]:
        """The interviews of one instrument, first begun first, one at a time in little memory, all as they stood when the
        first was taken, with nothing read that an export may not need. Cells that are not as they were written, or not of
        the interview's last event, are None. No `statuses` are all of them."""
        variables = self.variables(instrument)
        width = len(variables)
        ours = [ordinal for ordinal, variable in enumerate(variables) if variable.personal]
        statement = sql.lines(origins=tuple(origins), statuses=tuple(statuses), personal=personal)
        id = ""
        try:
            for row in self._db.stream(statement, (instrument, *origins, *statuses)):
                id = row[0]
                line = Line._make(row[:11])
                cells = line.cells
                if cells is not None and digest(line) != row[11]:
                    cells = None
                if personal and cells is not None and (details := row[12]) is not None:
                    if digest((id, details)) == row[13]:
                        texts, private = cell_texts(cells, width), cell_texts(details, width)
                        for ordinal in ours:
                            texts[ordinal] = private[ordinal]
                        cells = row_of(texts)
                    else:
                        cells = None
                yield line if cells is line.cells else line._replace(cells=cells)
        except (ValueError, TypeError) as error:
            raise illegible(self._db.where, f"the row of interview {id}") from error

    def stored(self, instrument: str) -> Iterator[Stored]:
        """Every interview of one instrument with all that is derived from its journal, for whoever verifies it; one at a
        time in little memory."""
        for row in self._db.stream(sql.STORED, (instrument,)):
            interview = row[:13]
            seq, engine, cells, sealed, details, sealed_details = row[13:]
            id, case, _, began_at, by, updated_at, origin, number, status, outcome, *_ = interview
            head = (id, case, number, origin, status, outcome, began_at, updated_at, by)
            with legible(self._db.where, f"the row of interview {id}"):
                yield Stored(
                    read_interview(interview),
                    seq=seq,
                    engine=engine,
                    cells=cells,
                    details=details,
                    sealed=not sealed or digest((*head, engine, cells)) == sealed,
                    sealed_details=not sealed_details or digest((id, details)) == sealed_details,
                )

    def split(self, instrument: str, cells: Sequence[Cell]) -> tuple[str, str | None]:
        """How these cells are kept: those that tell nobody's name, and apart from them those that do."""
        return self._personal_apart(instrument, cells)

    def digest_fits(self, instrument: str) -> bool | None:
        """Whether an instrument and its variables are as they were written; None where no digest was written."""
        [row] = self._db.read(sql.INSTRUMENT, (instrument,))
        variables = [(instrument, *found) for found in self._db.read(sql.NUMBERED_VARIABLES, (instrument,))]
        return _digest_of_instrument(row[:-1], variables) == row[-1] if row[-1] else None

    def interviews_in_all(self) -> int:
        """How many interviews there are, those for practice and simulated ones among them."""
        [(number,)] = self._db.read(sql.HOW_MANY_IN_ALL)
        return int(number)

    def how_many(
        self, instrument: str, *, origins: Sequence[Origin] = ("real",), statuses: Sequence[Status] = ()
    ) -> int:
        """How many interviews `lines` gives."""
        statement = sql.how_many(origins=tuple(origins), statuses=tuple(statuses))
        [(number,)] = self._db.read(statement, (instrument, *origins, *statuses))
        return int(number)

    def has_interviews(self, instrument: str) -> bool:
        """Whether a real interview began with this instrument."""
        return bool(self._db.read(sql.HAS_INTERVIEWS, (instrument,)))


def _digest_of_instrument(row: Sequence[object], variables: Iterable[Sequence[object]]) -> str:
    return digest([*row, *(column for variable in variables for column in variable)])
