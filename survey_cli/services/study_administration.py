"""A study in the field: pausing and resuming it, publishing a version of its questionnaire, its interviewers."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from survey_cli.problems import UserError
from survey_cli.reports.fieldwork.cases import InterviewerLine, InterviewerList
from survey_cli.samples.cases.columns import clean_text
from survey_cli.samples.lists.people_file import read_people
from survey_cli.services.run_on_study import Request, on_study, open_requested
from survey_cli.store import InstrumentRow
from survey_cli.store.backends.postgres.roles import list_members
from survey_cli.store.database_location import DatabaseFile, format_path, write_origin
from survey_cli.study.consistency.upkeep import rebuild_queue
from survey_cli.study.location import locate_people_file
from survey_cli.study.open_study import OpenStudy
from survey_cli.study.pause import MAX_MESSAGE_LENGTH, Pause, read_pause, write_pause
from survey_cli.study.versions import PUBLISHED_SETTING, check_may_begin, read_published_hash


@on_study("pause a study")
def pause_study(study: OpenStudy, message: str = "") -> Pause:
    """Keep all stations from claiming cases and dialing numbers until `resume_study`.

    Interviews in progress go on to their end.
    """
    text = clean_text(" ".join(message.split()))
    if len(text) > MAX_MESSAGE_LENGTH:
        what = f"the message has {len(text)} characters"
        raise UserError(
            "--message",
            what,
            f"shorten it to {MAX_MESSAGE_LENGTH}, which fit on the stations' screens",
        )
    pause = Pause(study.who.login, study.at, text)
    write_pause(study.store, pause)
    return pause


@on_study("resume a study")
def resume_study(study: OpenStudy) -> Pause:
    """Let stations claim and dial again. Returns the pause that ended. Raises UserError where there was none."""
    if (pause := read_pause(study.store)) is None:
        raise UserError(study.where, "the study is not paused", "nothing was changed")
    write_pause(study.store, None)
    return pause


class PublishedVersion(NamedTuple):
    """The published version."""

    where: str
    version: str
    """The designer's label, or the beginning of the hash."""
    new: bool
    """Whether it was not in force before."""


def publish_version(request: Request) -> PublishedVersion:
    """Publish the questionnaire as its file is now. A missing database is created. Raises UserError."""
    with open_requested(request, "publish a questionnaire", create=True, as_written=True) as study:
        store, instrument = study.store, study.instrument
        if not store.data.can_publish():
            what = f"{store.account} may not publish a questionnaire: the schema belongs to another role"
            raise UserError(
                study.where, what, "connect as the owner of the schema, or ask the owner"
            )
        check_may_begin(store, instrument)
        previous = read_published_hash(store)
        store.data.add_instrument(InstrumentRow.from_instrument(instrument, kept_at=study.at))
        store.settings.write(PUBLISHED_SETTING, instrument.hash)
        if isinstance(study.where, DatabaseFile):
            write_origin(store, study.where.questionnaire)
        rebuild_queue(study, study.at)
        return PublishedVersion(
            study.where, instrument.version or instrument.hash[:12], previous != instrument.hash
        )


@on_study()
def list_interviewers(study: OpenStudy, people: str | None) -> InterviewerList:
    """List everybody on the list of people, and everybody else with a case or an appointment."""
    cases = study.store.cases
    claimed_cases: dict[str, list[str]] = {}
    for row in cases.queries.list_leased_rows():
        if row.holder is not None:
            claimed_cases.setdefault(row.holder.by, []).append(f"{row.key} at {row.holder.station}")
    positions = [row.position for row in cases.queries.list_appointments()]
    appointment_counts = Counter(position.owner for position in positions)
    missed_counts = Counter(
        p.owner for p in positions if p.promised_until and p.promised_until < study.at
    )
    listed, db = study.people.interviewers, study.store.connector
    accounts = list_members(db) if db.dialect == "postgresql" else {}
    others = (
        claimed_cases.keys()
        | appointment_counts.keys()
        | {name for name in accounts if accounts[name].roles}
    )
    logins = [*listed, *sorted(others - listed.keys() - {""})]
    lines = []
    for login in logins:
        described = ("", "", "", "")
        if (who := listed.get(login)) is not None:
            described = (
                who.role,
                ", ".join(sorted(who.languages)),
                ", ".join(sorted(who.skills)),
                who.pseudonym,
            )
        own_cases = tuple(claimed_cases.get(login, ()))
        account = "none" if accounts else ""
        if login in accounts:
            account = ", ".join(accounts[login].roles) or "without a role"
        counts = appointment_counts[login], missed_counts[login]
        lines.append(InterviewerLine(login, *described, own_cases, *counts, account))
    file = Path(people) if people else locate_people_file(study.path, study.where)
    people_file = read_people(file) if file and listed else []
    return InterviewerList(
        where=format_path(file.absolute()) if file and listed else "",
        lines=tuple(lines),
        unowned_appointments=appointment_counts[""],
        problems=tuple(people_file) if isinstance(people_file, list) else people_file.problems,
    )
