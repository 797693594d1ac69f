"""Which study is it, and what is there of it? Its instrument, plan, database, people and the list of numbers never to be
called, opened in that order. Whoever works on it, desk or office, opens it here; nothing is done here.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from survey_cli.fieldwork.plan.people import Interviewer, People
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.problems import UserError
from survey_cli.samples.lists.people_file import read_people
from survey_cli.store import Store, StoreError
from survey_cli.store.backends import account
from survey_cli.store.backends.address import names_server
from survey_cli.store.database_location import database_of, open_existing, open_store
from survey_cli.store.do_not_call import NeverCall
from survey_cli.study.identity import identify, why_not_list
from survey_cli.study.location import people_file
from survey_cli.study.published_version import InForce, in_force

NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What is kept of one study, open to be read. Whoever opened it closes it."""

    path: str
    instrument: Instrument
    plan: Plan
    store: Store
    where: str
    """The database, as it is printed."""
    people: People

    def close(self) -> None:
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Study(Records):
    """One study with whoever works on it, and the numbers that nobody may call."""

    who: Interviewer
    never_call: NeverCall
    at: datetime = NEVER
    """When something is asked of it, on the study's clock."""
    repairs: list[str] = field(default_factory=list)
    """What opening the study put right, or could not: a sentence each, for whoever opened it."""
    notice: str = ""
    """What to tell whoever works here of the questionnaire's version."""

    def close(self) -> None:
        self.never_call.close()
        self.store.close()

    def listed(self, numbers: Collection[str]) -> bool:
        """Whether one of these numbers (E.164) is never to be called."""
        return bool(self.never_call.among(numbers))


def open_records(
    path: str | Path, *, db: str | None = None, people: str | None = None
) -> Records | UserError:
    """What is kept of a study, for whoever may read the database; nothing is made where there is none."""
    instrument = open_instrument(str(path))
    if isinstance(instrument, UserError):
        return instrument
    where = database_of(path, instrument.id, db)
    listed = people_of(path, where, people)
    if isinstance(listed, UserError):
        return listed
    own = people_of(path, where, None)
    if isinstance(own, UserError):
        return own
    store = open_store(where, create=False)
    if isinstance(store, UserError):
        return store
    if (barred := why_not_list(store.account, listed, own)) is not None:
        store.close()
        return barred
    return Records(
        path=str(path),
        instrument=instrument,
        plan=Plan.of(instrument),
        store=store,
        where=where,
        people=listed,
    )


def open_study(
    path: str | Path,
    *,
    db: str | None = None,
    by: str = "",
    people: str | None = None,
    create: bool = False,
    invented: People | None = None,
    as_written: bool = False,
) -> Study | UserError:
    """Everything that fieldwork on this instrument needs. `by` is whoever asks: the account unless given. Without
    `create` a study that has no database yet is a UserError that says to import a sample first. `invented` are the people
    of a study that is only tried, in which `by` may do everything. The questionnaire is the version in force, unless it
    is to be `as_written` in its file."""
    instrument = open_instrument(str(path))
    if isinstance(instrument, UserError):
        return instrument
    where = database_of(path, instrument.id, db)
    listed = invented or people_of(path, where, people)
    if isinstance(listed, UserError):
        return listed
    own = people_of(path, where, None)
    if isinstance(own, UserError):
        return own
    who: Interviewer | UserError | None = None
    if invented is not None:
        who = Interviewer(login=by, role="supervisor")
    elif not names_server(where):  # before anything is made
        who = identify(by, account.system_account(), listed, own)
    if isinstance(who, UserError):
        return who
    store = open_store(where, create=True) if create else open_existing(where)
    if store is None:
        return UserError(
            where, "there are no cases yet", f"import them: survey sample import {path} cases.csv"
        )
    if isinstance(store, UserError):
        return store
    who = who or identify(by, store.account, listed, own)
    if isinstance(who, UserError):
        store.close()
        return who
    try:
        version = InForce(instrument) if as_written else in_force(store, instrument, str(path))
        if isinstance(version, UserError):
            store.close()
            return version
        never_call = NeverCall.to_read(where) if store.read_only else NeverCall.beside(where)
    except StoreError as problem:
        store.close()
        return UserError(problem.where, problem.what, problem.remedy)
    return Study(
        path=str(path),
        instrument=version.instrument,
        plan=Plan.of(version.instrument),
        store=store,
        where=where,
        people=listed,
        who=who,
        never_call=never_call,
        notice=version.notice,
    )


def people_of_study(
    path: str | Path, instrument: str, *, db: str | None, named: str | None
) -> People | UserError:
    """The same by the instrument's id and what was given with --db."""
    return people_of(path, database_of(path, instrument, db), named)


def people_of(path: str | Path, where: str, named: str | None) -> People | UserError:
    """Those on the list that was named, else on the study's own; everybody where there is no list."""
    file = Path(named) if named else people_file(path, where)
    if file is None or (not named and not file.is_file()):
        return People()
    found = read_people(file)
    if isinstance(found, list):
        remedy = "correct it, so that it is known who may do what"
        return UserError(str(file), "the list of people cannot be read", remedy, problems=tuple(found))
    return found.people
