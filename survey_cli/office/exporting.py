"""Taking data out: which interviews, in which table, by which writer, into which file."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring
from pathlib import Path
from typing import Literal, TextIO, TypeAlias

from survey_cli.engine.interview import VERSION, Interview
from survey_cli.engine.journal import encode_cells
from survey_cli.exports import FORMATS, Format, Manner, Wrote, format_of
from survey_cli.instrument.opening import open_instrument, rebuilt
from survey_cli.instrument.program import Instrument
from survey_cli.office.files import in_the_way, put, put_file
from survey_cli.problems import Trouble, did_you_mean
from survey_cli.store import InstrumentRow, Line, Origin, Status, Store, StoreProblem
from survey_cli.store.places import database_of, open_store
from survey_cli.study.opening import people_of
from survey_cli.table import ADMIN, Part, Table, United, cells, columns, united
from survey_cli.values import Variable

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
    """Personal columns to include, by their names or their items'."""
    all_personal: bool = False
    """Every personal column."""
    language: str = ""
    force: bool = False
    """Overwrite the file."""
    people: str | None = None
    """The list of people, whose pseudonyms stand for their logins; `responses/interviewers.csv` unless given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What went out."""

    to: str
    rows: int
    variables: int
    source: str
    warnings: tuple[str, ...] = field(default=())
    """What makes the data doubtful."""
    differences: tuple[str, ...] = field(default=())
    """Where versions of the instrument differ."""
    left_out: tuple[str, ...] = field(default=())
    """Whose personal columns were not asked for."""
    notes: tuple[str, ...] = field(default=())
    """What the format could not hold."""


def export(path: str | Path, wish: Wish, *, stdout: TextIO | None = None) -> Exported | Trouble:
    """Write the interviews of an instrument into one file."""
    chosen = format_of("x.csv" if wish.to == "-" and not wish.format else wish.to, chosen=wish.format)
    if isinstance(chosen, str):
        return Trouble(wish.to, chosen, f"formats: {', '.join(FORMATS)}")
    if wish.to != "-" and (trouble := in_the_way(Path(wish.to), force=wish.force)) is not None:
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
    people = people_of(path, wish.people)
    if isinstance(people, Trouble):
        return people
    shown = {one.login: one.pseudonym for one in people.listed.values() if one.pseudonym}
    where = database_of(path, instrument.id, wish.db)
    store = open_store(where, create=False)
    if isinstance(store, Trouble):
        return store
    with store:
        try:
            found = _united(store, instrument, wish, language, shown)
            if isinstance(found, Trouble):
                return found
            made, warnings = found
            manner = Manner(labels=wish.labels, raw=wish.raw, bom=wish.bom)
            wrote = _written(made.table, chosen, manner, wish, stdout or sys.stdout)
            if isinstance(wrote, Trouble):
                return wrote
        except StoreProblem as problem:
            return Trouble(problem.where, problem.what, problem.remedy)
        except _Stopped as stopped:
            return stopped.trouble
        except ValueError as error:
            return Trouble(where, f"a row of data can't be read ({error})", "`survey verify` tells more")
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            return Trouble(
                wish.to, f"it cannot be written ({error.strerror})", "choose another place, or make room"
            )
    return Exported(
        to=wish.to,
        rows=wrote.rows,
        notes=wrote.notes,
        variables=len(made.table.variables),
        source=where,
        warnings=warnings,
        differences=tuple(map(str, made.differences)),
        left_out=made.left_out,
    )


class _Stopped(Exception):
    """Why the rows cannot go on, found in the middle of them."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(str(trouble))
        self.trouble = trouble


def _united(
    store: Store, newest: Instrument, wish: Wish, language: str, shown: Mapping[str, str]
) -> tuple[United, tuple[str, ...]] | Trouble:
    """All versions that have interviews to export as one table, and warnings. Without any, the file's own columns."""
    origins = ORIGINS if wish.origin == "all" else (wish.origin,)
    statuses: tuple[Status, ...] = () if wish.partials else ("ended",)
    used = [
        kept
        for kept in store.instruments()
        if next(iter(store.lines(kept.hash, origins=origins, statuses=statuses)), None) is not None
    ]
    parts = []
    for kept in used:
        instrument = newest if kept.hash == newest.hash else rebuilt(kept.texts, kept.hash)
        if isinstance(instrument, Trouble):
            return instrument
        version = _Version(store, instrument, kept, _told(kept, used), shown)
        parts.append(
            version.part(language, origins, statuses, personal=wish.all_personal or bool(wish.personal))
        )
    if not parts:
        variables = (*ADMIN, *columns(newest, language))
        parts.append(Part(version=f"version {newest.version}", variables=variables, rows=lambda: ()))
    known = {name for part in parts for v in part.variables for name in (v.name, v.item)} - {""}
    for name in sorted(wish.personal - known):
        return Trouble(
            "--personal", f"there is no column {name!r}", did_you_mean(name, known, otherwise="name an item")
        )
    made = united(parts, language=language, personal=None if wish.all_personal else wish.personal)
    return made, tuple(_namesakes(used))


def _namesakes(used: Sequence[InstrumentRow]) -> Iterator[str]:
    """Versions by one name that are several texts."""
    for name in dict.fromkeys(kept.version for kept in used):
        same = [kept for kept in used if kept.version == name]
        if len(same) > 1:
            which = f"version {name!r}" if name else "no version"
            days = ", ".join(_moment(kept) for kept in same)
            yield (
                f"{len(same)} different questionnaires say {which} (in use since {days}): "
                "raise version: whenever the file is edited"
            )


def _told(kept: InstrumentRow, used: Sequence[InstrumentRow]) -> str:
    """A version as it is told apart from the others."""
    if sum(other.version == kept.version for other in used) > 1 or not kept.version:
        return f"{f'version {kept.version}' if kept.version else 'the version'} of {_moment(kept)}"
    return f"version {kept.version}"


def _moment(kept: InstrumentRow) -> str:
    return f"{kept.kept_at:%Y-%m-%d %H:%M:%S} UTC"


@dataclass(frozen=True, slots=True)
class _Version:
    """The interviews that began with one text of the instrument."""

    store: Store
    instrument: Instrument
    kept: InstrumentRow
    told: str
    shown: Mapping[str, str]
    """By login what stands for an interviewer."""

    def part(
        self, language: str, origins: tuple[Origin, ...], statuses: tuple[Status, ...], *, personal: bool
    ) -> Part:
        instrument = self.instrument
        variables = columns(instrument, language if language in instrument.languages else instrument.language)
        trusted = _alike(variables, self.kept.variables)
        version = encode_basestring(self.kept.version)
        engine = str(VERSION)

        def rows() -> Iterator[str]:
            lines = self.store.lines(self.kept.hash, origins=origins, statuses=statuses, personal=personal)
            for line in lines:
                data = line.cells
                if data is None or not trusted or line.engine != engine:
                    data = self._replayed(line)
                yield _admin(line, version, self.shown.get(line.by, line.by)) + data[1:]

        return Part(version=self.told, variables=(*ADMIN, *variables), rows=rows)

    def _replayed(self, line: Line) -> str:
        """The cells anew from the journal, where none are kept of its last event and these rules."""
        try:
            row = cells(Interview.replay(self.instrument, self.store.journal(line.id)))
        except ValueError as error:
            what = f"its journal cannot be followed ({error})"
            raise _Stopped(Trouble(f"case {line.case}", what, "`survey verify` tells more")) from error
        return encode_cells(row)


def _alike(now: Sequence[Variable], kept: Sequence[Variable]) -> bool:
    """Whether the kept cells are those of today's columns."""
    return [(v.name, v.storage, v.personal) for v in now] == [(v.name, v.storage, v.personal) for v in kept]


def _admin(line: Line, version: str, by: str) -> str:
    """The beginning of a row."""
    id, case, number, origin, status, outcome, began, updated, *_ = line
    text = encode_basestring
    return (
        f'["{id}",{text(case)},{number},"{origin}",{version},"{status}",{text(outcome)},'
        f'"{began[:19]}+00:00","{updated[:19]}+00:00",{text(by)},'
    )


def _written(table: Table, chosen: Format, manner: Manner, wish: Wish, stdout: TextIO) -> Wrote | Trouble:
    """Into the file, or onto standard output."""
    if chosen.write is not None:
        write = chosen.write
        if wish.to == "-":
            wrote = write(table, stdout, manner)
            stdout.flush()
            return wrote
        return put(
            Path(wish.to), lambda file: write(table, file, manner), force=wish.force, private=True, newline=""
        )
    assert chosen.write_file is not None
    into_file = chosen.write_file
    if wish.to == "-":
        return Trouble("-o", f"{chosen.name} is no text that goes into a pipe", "name a file")
    try:
        return put_file(
            Path(wish.to), lambda path: into_file(table, path, manner), force=wish.force, private=True
        )
    except ImportError as error:
        remedy = f"pip install 'survey-cli[{chosen.extra}]'"
        return Trouble(
            wish.to, f"{chosen.name} needs {error.name or chosen.extra}, which is not installed", remedy
        )
