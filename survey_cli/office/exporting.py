"""Taking data out: which interviews, in which table, by which writer, into which file."""

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal, TextIO, TypeAlias

from survey_cli.engine.interview import VERSION, Interview
from survey_cli.exports import FORMATS, Format, Manner, format_of
from survey_cli.instrument.opening import open_instrument, rebuilt
from survey_cli.instrument.program import Instrument
from survey_cli.problems import Trouble
from survey_cli.store import InterviewRow, Origin, Row, Status, Store, StoreProblem
from survey_cli.store.places import database_of, open_store
from survey_cli.table import ADMIN, Part, Table, cells, columns, united
from survey_cli.values import Cell, Variable

Which: TypeAlias = Literal["real", "practice", "simulated", "all"]
ORIGINS: tuple[Origin, ...] = ("real", "practice", "simulated")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be exported, and how."""

    to: str
    """A file's path, or `-` for standard output."""
    db: str | None = None
    format: str = ""
    labels: bool = False
    bom: bool = False
    raw: bool = False
    partials: bool = True
    """Interviews that are open, suspended or stopped are among the rows."""
    origin: Which = "real"
    personal: frozenset[str] = frozenset()
    """Personal columns to include, by name; `all` for every one."""
    language: str = ""
    force: bool = False
    """Overwrite the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What went out."""

    to: str
    rows: int
    variables: int
    source: str
    differences: tuple[str, ...] = field(default=())
    """Where versions of the instrument differ."""


def export(path: str | Path, wish: Wish, *, stdout: TextIO | None = None) -> Exported | Trouble:
    """Write the interviews of an instrument into one file."""
    chosen = format_of("x.csv" if wish.to == "-" and not wish.format else wish.to, chosen=wish.format)
    if isinstance(chosen, str):
        return Trouble(wish.to, chosen, f"formats: {', '.join(FORMATS)}")
    if wish.to != "-" and (trouble := _in_the_way(Path(wish.to), force=wish.force)) is not None:
        return trouble
    instrument = open_instrument(str(path))
    if isinstance(instrument, Trouble):
        return instrument
    language = wish.language or instrument.language
    if language not in instrument.languages:
        return Trouble(
            "--language",
            f"the questionnaire has no language {language!r}",
            f"it has {', '.join(instrument.languages)}",
        )
    where = database_of(path, instrument.id, wish.db)
    store = open_store(where, create=False)
    if isinstance(store, Trouble):
        return store
    with store:
        try:
            made = _table(store, wish, language)
            if isinstance(made, Trouble):
                return made
            table, differences = made
            manner = Manner(labels=wish.labels, raw=wish.raw, bom=wish.bom)
            rows = _written(table, chosen, manner, wish, stdout or sys.stdout)
        except StoreProblem as problem:
            return Trouble(problem.where, problem.what, problem.remedy)
        except _Unreadable as unreadable:
            return unreadable.trouble
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            return Trouble(
                wish.to, f"it cannot be written ({error.strerror})", "choose another place, or make room"
            )
    return Exported(
        to=wish.to, rows=rows, variables=len(table.variables), source=where, differences=differences
    )


def _in_the_way(target: Path, *, force: bool) -> Trouble | None:
    """Why nothing may be written there. Only a plain file is ever replaced: not a device, a pipe or a folder."""
    if target.exists() and not target.is_file():
        return Trouble(str(target), "this is no plain file", "name a file, or - for standard output")
    if target.exists() and not force:
        return Trouble(str(target), "the file exists", "--force overwrites it")
    return None


class _Unreadable(Exception):
    """A journal that cannot be followed in the middle of the rows."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(str(trouble))
        self.trouble = trouble


def _table(store: Store, wish: Wish, language: str) -> tuple[Table, tuple[str, ...]] | Trouble:
    origins = ORIGINS if wish.origin == "all" else (wish.origin,)
    statuses: tuple[Status, ...] = () if wish.partials else ("ended",)
    parts: list[Part] = []
    for kept in store.instruments():
        if next(iter(store.rows(kept.hash, origins=origins, statuses=statuses)), None) is None and parts:
            continue
        instrument = rebuilt(kept.texts, kept.hash)
        if isinstance(instrument, Trouble):
            return instrument
        variables = columns(instrument, language if language in instrument.languages else instrument.language)
        picks = [
            n
            for n, v in enumerate(variables)
            if not v.personal or v.name in wish.personal or "all" in wish.personal
        ]
        parts.append(
            _part(store, instrument, kept.version, variables, picks, origins, statuses, bool(wish.personal))
        )
    table, differences = united(parts, language=language)
    return table, tuple(str(d) for d in differences)


def _part(
    store: Store,
    instrument: Instrument,
    version: str,
    variables: tuple[Variable, ...],
    picks: list[int],
    origins: tuple[Origin, ...],
    statuses: tuple[Status, ...],
    personal: bool,
) -> Part:
    whole = len(picks) == len(variables)

    def rows() -> Iterable[tuple[Cell, ...]]:
        for row in store.rows(instrument.hash, origins=origins, statuses=statuses, personal=personal):
            data = _data(store, instrument, row)
            yield (*_admin(row.interview, version), *(data if whole else [data[n] for n in picks]))

    return Part(version=version, variables=(*ADMIN, *(variables[n] for n in picks)), rows=rows)


def _data(store: Store, instrument: Instrument, row: Row) -> tuple[Cell, ...]:
    """The snapshot where it is of the last event and of this engine; else the journal's replay."""
    if row.snapshot is not None and row.snapshot.engine == str(VERSION):
        return row.snapshot.cells
    try:
        return cells(Interview.replay(instrument, store.journal(row.interview.id)))
    except ValueError as error:
        where = f"case {row.interview.case}"
        raise _Unreadable(
            Trouble(where, f"its journal cannot be followed ({error})", "`survey verify` tells more")
        ) from error


def _admin(row: InterviewRow, version: str) -> tuple[Cell, ...]:
    return (
        row.id,
        row.case,
        row.number,
        row.origin,
        version,
        row.status,
        row.outcome,
        row.began_at.isoformat(timespec="seconds"),
        row.updated_at.isoformat(timespec="seconds"),
        row.by,
    )


def _written(table: Table, chosen: Format, manner: Manner, wish: Wish, stdout: TextIO) -> int:
    """Into the file by way of a temporary one beside it, so that a half-written file never has its name."""
    if wish.to == "-":
        rows = chosen.write(table, stdout, manner)
        stdout.flush()
        return rows
    target = Path(wish.to).resolve()  # through a link, so that the link stays one
    with NamedTemporaryFile(
        "w", encoding="utf-8", newline="", dir=target.parent, prefix=f".{target.name}.", delete=False
    ) as file:
        temporary = Path(file.name)
        try:
            rows = chosen.write(table, file, manner)  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    os.replace(temporary, target)
    return rows
