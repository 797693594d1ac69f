"""Taking data out: which interviews or cases, in which table, by which writer, into which file."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO, TypeVar

from survey_cli.exports import FORMATS, Format, Manner, Wrote, format_of
from survey_cli.fieldwork.people import People
from survey_cli.instrument.opening import open_instrument
from survey_cli.instrument.program import Group, Instrument
from survey_cli.office.export_wish import Exported, Made, Wish
from survey_cli.office.fieldwork_table import fieldwork_table
from survey_cli.office.files import in_the_way, put, put_file, put_pair
from survey_cli.office.interview_table import Source, Stopped, answer_table, event_table, interview_table
from survey_cli.office.moments import past_moment
from survey_cli.problems import Trouble, did_you_mean
from survey_cli.store import Store, StoreProblem
from survey_cli.store.places import database_of, open_store
from survey_cli.study.login import login_name
from survey_cli.study.opening import PEOPLE, open_study, people_of
from survey_cli.table import Table
from survey_cli.table.narrowed import narrowed
from survey_cli.values import Variable

__all__ = ["Exported", "Wish", "export", "export_several", "with_table"]

T = TypeVar("T")
NOW_AND_THEN: Final = 1_000
"""Rows after which it is told how many they are."""


def export(path: str | Path, wish: Wish, *, stdout: TextIO | None = None) -> Exported | Trouble:
    """Write the data of an instrument into one file."""
    chosen = format_of("x.csv" if wish.to == "-" and not wish.format else wish.to, chosen=wish.format)
    if isinstance(chosen, str):
        return Trouble(wish.to, chosen, f"formats: {', '.join(FORMATS)}")
    if (trouble := _in_the_way(chosen, wish)) is not None:
        return trouble

    def written(made: Made, where: str) -> Exported | Trouble:
        manner = Manner(labels=wish.labels, raw=wish.raw, bom=wish.bom)
        wrote = write_table(made.table, chosen, manner, wish, stdout or sys.stdout)
        if isinstance(wrote, Trouble):
            return wrote
        return Exported(
            to=wish.to,
            beside=str(_beside(chosen, wish) or ""),
            each=made.table.each,
            rows=wrote.rows,
            notes=wrote.notes,
            variables=len(made.table.variables),
            source=where,
            warnings=made.warnings,
            differences=made.differences,
            left_out=made.left_out,
        )

    return with_table(path, wish, written)


def export_several(
    path: str | Path, wish: Wish, outs: Sequence[str], *, stdout: TextIO | None = None
) -> list[Exported] | Trouble:
    """The same into several files, one after the other; none is begun where one of them could not be."""
    for out in outs:
        chosen = format_of("x.csv" if out == "-" and not wish.format else out, chosen=wish.format)
        if isinstance(chosen, str):
            return Trouble(out, chosen, f"formats: {', '.join(FORMATS)}")
        if (trouble := _in_the_way(chosen, replace(wish, to=out))) is not None:
            return trouble
    if (twice := _twice(outs, wish)) is not None:
        return twice
    done = []
    for out in outs:
        made = export(path, replace(wish, to=out), stdout=stdout)
        if isinstance(made, Trouble):
            return made
        done.append(made)
    return done


def _twice(outs: Sequence[str], wish: Wish) -> Trouble | None:
    """Two outputs would be one file: a CSV, and that which stands beside another."""
    files: dict[Path, str] = {}
    for out in outs:
        chosen = format_of(out, chosen=wish.format)
        if out == "-" or isinstance(chosen, str):
            continue
        for file in (Path(out), _beside(chosen, replace(wish, to=out))):
            if file is not None and (other := files.setdefault(file.absolute(), out)) != out:
                return Trouble(out, f"{file} is written by {other} too", "give one of them another name")
    return None


def with_table(path: str | Path, wish: Wish, do: Callable[[Made, str], T | Trouble]) -> T | Trouble:
    """What `do` gives of the table that is wished for, and of the place where it was taken from. The study is open as
    long as that takes."""
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
    if wish.all_personal and (barred := _barred(people)) is not None:
        return barred
    now = wish.at or datetime.now(UTC)
    when = past_moment(wish.as_of, now, None, option="--as-of") if wish.as_of else None
    if isinstance(when, Trouble):
        return when
    asked = _Asked(
        path=path,
        wish=wish,
        instrument=instrument,
        language=language,
        people=people,
        at=when.at if when is not None else now,
        past=when is not None and when.past,
    )
    where = database_of(path, instrument.id, wish.db)
    try:
        if wish.what in ("cases", "calls"):
            return asked.of_cases(do)
        store = open_store(where, create=False)
        if isinstance(store, Trouble):
            return store
        with store:
            return asked.of_interviews(store, where, do)
    except StoreProblem as problem:
        return Trouble(problem.where, problem.what, problem.remedy)
    except Stopped as stopped:
        return stopped.trouble
    except ValueError as error:
        return Trouble(where, f"a row of data can't be read ({error})", "`survey verify` tells more")
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        return Trouble(
            wish.to, f"it cannot be written ({error.strerror})", "choose another place, or make room"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A wish, and what is known once the instrument is open."""

    path: str | Path
    wish: Wish
    instrument: Instrument
    language: str
    people: People
    at: datetime
    past: bool

    @property
    def shown(self) -> dict[str, str]:
        return {one.login: one.pseudonym for one in self.people.listed.values() if one.pseudonym}

    def of_cases(self, do: Callable[[Made, str], T | Trouble]) -> T | Trouble:
        wish = self.wish
        study = open_study(self.path, db=wish.db, by=_anybody(self.people), people=wish.people)
        if isinstance(study, Trouble):
            return study
        with study:
            made = fieldwork_table(
                study, wish, language=self.language, shown=self.shown, at=self.at, past=self.past
            )
            return self._narrowed(made, study.where, do)

    def of_interviews(self, store: Store, where: str, do: Callable[[Made, str], T | Trouble]) -> T | Trouble:
        source = Source(
            store=store,
            instrument=self.instrument,
            wish=self.wish,
            language=self.language,
            shown=self.shown,
            until=self.at if self.past else None,
        )
        tables = {"answers": answer_table, "events": event_table}
        return self._narrowed(tables.get(self.wish.what, interview_table)(source), where, do)

    def _narrowed(
        self, made: Made | Trouble, where: str, do: Callable[[Made, str], T | Trouble]
    ) -> T | Trouble:
        if isinstance(made, Trouble):
            return made
        if self.wish.variables:
            names = wanted_names(made.table.variables, self.instrument, self.wish.variables)
            if isinstance(names, Trouble):
                return names
            made = replace(made, table=narrowed(made.table, names))
        if (tell := self.wish.tell) is not None:
            kept = _counted(made.table.kept, tell) if made.table.kept is not None else None
            made = replace(made, table=replace(made.table, rows=_counted(made.table.rows, tell), kept=kept))
        return do(made, where)


def _counted(rows: Iterable[T], tell: Callable[[int], None]) -> Iterator[T]:
    for number, row in enumerate(rows, 1):
        if number % NOW_AND_THEN == 0:
            tell(number)
        yield row


def _anybody(people: People) -> str:
    """Somebody on the list: tables without names are for whoever has the file."""
    return next(iter(people.listed), "")


def _barred(people: People) -> Trouble | None:
    """Why whoever asks may not have names and numbers; None where they may: they supervise, or nobody is listed."""
    login = login_name()
    who = people.of(login)
    if who is not None and who.supervises:
        return None
    ask = f"ask a supervisor, or have the role in {PEOPLE}"
    return Trouble(login, "only a supervisor may take out names, numbers and personal answers", ask)


def wanted_names(
    variables: Sequence[Variable], instrument: Instrument, wanted: Sequence[str]
) -> set[str] | Trouble:
    """The columns that are wanted by their names, their items', or those of sections; what names a row goes with them."""
    first = variables[0].name
    names = {first}
    of_item: dict[str, set[str]] = {}
    for variable in variables:
        of_item.setdefault(variable.name, set()).add(variable.name)
        if variable.item:
            of_item.setdefault(variable.item, set()).add(variable.name)
    for name in wanted:
        found = set(of_item.get(name, ()))
        group = instrument.groups.get(name)
        if isinstance(group, Group):
            for leaf in group.leaves:
                found |= of_item.get(leaf.id, set())
        if name == "interview":
            found |= {v.name for v in variables if v.name.startswith("interview_")}
        if not found:
            known = [*of_item, *instrument.groups, "interview"]
            remedy = did_you_mean(name, known, otherwise="name columns, items or sections")
            return Trouble("--variables", f"there is no column {name!r}", remedy)
        names |= found
    return names


def _beside(chosen: Format, wish: Wish) -> Path | None:
    """The file with the data of a format that has it beside."""
    return Path(wish.to).with_suffix(chosen.beside) if chosen.write_pair is not None else None


def _in_the_way(chosen: Format, wish: Wish) -> Trouble | None:
    if wish.to == "-":
        return None
    beside = _beside(chosen, wish)
    if beside is not None and beside == Path(wish.to):
        return Trouble(wish.to, "its data would have the same name", f"end it in {chosen.endings[0]}")
    for file in (Path(wish.to), beside):
        if file is not None and (trouble := in_the_way(file, force=wish.force)) is not None:
            return trouble
    return None


def write_table(table: Table, chosen: Format, manner: Manner, wish: Wish, stdout: TextIO) -> Wrote | Trouble:
    """Into the file, or onto standard output."""
    to = Path(wish.to)
    if chosen.write is not None:
        write = chosen.write
        if wish.to == "-":
            wrote = write(table, stdout, manner)
            stdout.flush()
            return wrote
        return put(to, lambda file: write(table, file, manner), force=wish.force, private=True, newline="")
    if wish.to == "-":
        return Trouble("-o", f"{chosen.name} is no text that goes into a pipe", "name a file")
    try:
        if chosen.write_pair is not None:
            pair, beside = chosen.write_pair, _beside(chosen, wish)
            assert beside is not None
            return put_pair(
                to,
                beside,
                lambda path, data, named: pair(table, path, data, named, manner),
                force=wish.force,
                private=True,
            )
        assert chosen.write_file is not None
        into_file = chosen.write_file
        return put_file(to, lambda path: into_file(table, path, manner), force=wish.force, private=True)
    except ImportError as error:
        remedy = f"pip install 'survey-cli[{chosen.extra}]'"
        return Trouble(
            wish.to, f"{chosen.name} needs {error.name or chosen.extra}, which is not installed", remedy
        )
