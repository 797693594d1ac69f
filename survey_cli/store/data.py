"""Which columns and which rows of data are kept? The instruments that were in use here with their variables, and what
each interview came to, as one row. Personal cells lie apart from the others, and come back only where they are asked for.
"""

from collections.abc import Iterator, Mapping, Sequence

from survey_cli.engine.cell_texts import cell_texts, row_of
from survey_cli.engine.journal import (
    cells_reader,
    decode_moment,
    encode_cells,
    encode_moment,
)
from survey_cli.store import server_views, views
from survey_cli.store import statements as sql
from survey_cli.store.connector import Connector
from survey_cli.store.legible import illegible, legible
from survey_cli.store.records import (
    InstrumentRow,
    Line,
    Origin,
    Row,
    Snapshot,
    Status,
)
from survey_cli.store.written import (
    read_interview,
    read_texts,
    read_variable,
    write_texts,
    write_variable,
)
from survey_cli.values import NOT_ASKED, Cell, Variable


class Data:
    """The data of one database. Every method raises StoreProblem when the world it is kept in is broken."""

    def __init__(self, connector: Connector) -> None:
        self._db = connector
        self._variables: dict[str, tuple[Variable, ...]] = {}

    @property
    def connector(self) -> Connector:
        """The connection, for the store's own modules."""
        return self._db

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
            kept = self._db.run(
                sql.KEEP_INSTRUMENT,
                (
                    instrument.hash,
                    instrument.id,
                    instrument.version,
                    instrument.title,
                    write_texts(instrument.texts),
                    encode_moment(instrument.kept_at),
                    view,
                ),
            )
            if kept:
                self._db.run_many(
                    sql.KEEP_VARIABLE,
                    [
                        (instrument.hash, ordinal, *write_variable(variable))
                        for ordinal, variable in enumerate(instrument.variables)
                    ],
                )
                data_views = views.data_views if self._db.dialect == "sqlite" else server_views.data_views
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
        cells, personal = self._personal_apart(instrument, snapshot.cells)
        with self._db.transaction():
            self._db.run(sql.KEEP_SNAPSHOT, (interview, snapshot.seq, snapshot.engine, cells))
            if personal is None:
                self._db.run(sql.DROP_CONTACT, (interview,))
            else:
                self._db.run(sql.KEEP_CONTACT, (interview, personal))

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

    def rows(
        self,
        instrument: str,
        *,
        origins: Sequence[Origin] = ("real",),
        statuses: Sequence[Status] = (),
        personal: bool = False,
    ) -> Iterator[Row]:
        """The interviews of one instrument, first begun first, each with its snapshot where that is of its
        last event; one at a time in little memory, all as they stood when the first was taken. No `statuses`
        are all of them."""
        variables = self.variables(instrument)
        read = cells_reader([variable.storage for variable in variables])
        ours = [ordinal for ordinal, variable in enumerate(variables) if variable.personal]
        statement = sql.rows(origins=tuple(origins), statuses=tuple(statuses))
        id = ""
        try:
            for row in self._db.stream(statement, (instrument, *origins, *statuses)):
                id, seq, engine, text, details = row[0], *row[-4:]
                interview = read_interview(row[:-4])
                if seq is None:
                    yield Row(interview, None)
                    continue
                cells = read(text)
                if personal and details is not None:
                    private, whole = read(details), list(cells)
                    for ordinal in ours:
                        whole[ordinal] = private[ordinal]
                    cells = tuple(whole)
                yield Row(interview, Snapshot(seq, engine, cells))
        except (ValueError, TypeError) as error:
            raise illegible(self._db.where, f"the row of interview {id}") from error

    def lines(
        self,
        instrument: str,
        *,
        origins: Sequence[Origin] = ("real",),
        statuses: Sequence[Status] = (),
        personal: bool = False,
    ) -> Iterator[Line]:
        """The same as `rows`, with nothing read that an export may not need."""
        variables = self.variables(instrument)
        width = len(variables)
        ours = [ordinal for ordinal, variable in enumerate(variables) if variable.personal]
        statement = sql.lines(origins=tuple(origins), statuses=tuple(statuses), personal=personal)
        id = ""
        try:
            for row in self._db.stream(statement, (instrument, *origins, *statuses)):
                id = row[0]
                if personal:
                    *head, cells, details = row
                    if cells is not None and details is not None:
                        texts, private = cell_texts(cells, width), cell_texts(details, width)
                        for ordinal in ours:
                            texts[ordinal] = private[ordinal]
                        cells = row_of(texts)
                    row = (*head, cells)
                yield Line._make(row)
        except (ValueError, TypeError) as error:
            raise illegible(self._db.where, f"the row of interview {id}") from error

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
