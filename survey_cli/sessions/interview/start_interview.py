"""Starting and resuming the interview of a case in an open store."""

import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING
from uuid import uuid4

from survey_cli.engine.asked_items import describe_question
from survey_cli.engine.events import EventStamp, InterviewResumed, InterviewStarted, SessionContext
from survey_cli.engine.interview import Interview
from survey_cli.entries import Rejection
from survey_cli.entry_commands import MOST_QUESTION
from survey_cli.fieldwork.calendar.zones import ToLocal
from survey_cli.fieldwork.plan.outcome_table import build_outcome_table
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import rebuild_instrument
from survey_cli.outcomes import WITHDRAWN, Outcome
from survey_cli.permissions import Action, StaffRole, format_permitted, may
from survey_cli.problems import StoreError, UserError
from survey_cli.process_rights import OutsideAct, get_rights
from survey_cli.samples.cases.columns import find_column
from survey_cli.sessions.interview import case_values
from survey_cli.sessions.interview.interview_session import CaseLink, InterviewSession
from survey_cli.store import (
    InstrumentRow,
    InterviewConflict,
    InterviewOrigin,
    InterviewRow,
    JournalUpdate,
    Store,
)
from survey_cli.store.backends import account
from survey_cli.study.clock import accept_clock, check_last_time
from survey_cli.study.versions import check_may_begin
from survey_cli.values import Missing, Value
from survey_cli.wording import shorten

if TYPE_CHECKING:
    from survey_cli.store.cases.case_records import CaseConflict, LeaseLost

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartOptions:
    """Which case is interviewed, by whom, and how its interview is started or resumed."""

    case: str
    interviewer: str = ""
    """An empty text means the account."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """What the list of people says about the interviewer."""
    language: str = ""
    """The language requested now. Empty: that of a resumed interview, else `case_language`."""
    case_language: str = ""
    """The case's language. It is used if the version of the questionnaire has it."""
    db: str | None = None
    practice: bool = False
    reopen: bool = False
    """Correct an interview that had ended."""
    again: bool = False
    """Start another interview if the case's last one is finished; an unfinished one is resumed."""
    station: str = ""
    """An empty text means the host's name."""
    clock_is_right: bool = False
    """The user confirms this computer's clock, whatever the date of the newest entry."""
    version_notice: str = ""
    """A notice about the version of the questionnaire."""
    seed: int | None = None
    """The seed of a new interview; None means a random one."""
    id: str = ""
    """The id of a new interview in the database; an empty text means a random one."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Sample columns by name, as typed."""
    sample_values: Mapping[str, Value | Missing] | None = None
    """All sample columns of an imported case, as values. They replace `columns`."""
    link: CaseLink | None = None
    """The link to an imported case; None for any other."""
    zone: str = ""
    """The respondent's time zone, from a call. Empty: that of the sample or the study."""


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def origin_of(practice: bool) -> InterviewOrigin:
    """Return the origin under which an interview is stored."""
    return "practice" if practice else "real"


def resolve_interviewer(name: str) -> str:
    """Return this interviewer's login: the system account if none is given."""
    return name.strip() or account.read_account()


def resolve_station_name(name: str) -> str:
    """Return this station's name: the host's if none is given."""
    return name.strip() or socket.gethostname()


def check_clock(store: Store, where: str, options: StartOptions, clock: Clock | None) -> None:
    """Raise StoreError if this computer's clock is implausible and the user didn't confirm it."""
    read_time = clock or utc_now
    at = read_time()
    if options.clock_is_right:
        accept_clock(store, at)
    else:
        check_last_time(store, where, at)


def check_role(store: Store, *, practice: bool = False) -> None:
    """Raise UserError if the account has no role on the server that may interview, or practice."""
    action = Action.CONDUCT_INTERVIEWS
    if practice:
        action = Action.PRACTICE
    account_roles = store.connector.account_roles
    if any(may(role, action) for role in account_roles):
        return

    role = " and ".join(sorted(role.value for role in account_roles))
    what = f"is {role} on this server, and only {format_permitted(action)} may {action.value}"
    command = f"survey db grant ADDRESS {store.account} interviewer"
    remedy = f"ask the owner of the database for that role: {command}"
    if StaffRole.TRAINEE in account_roles:
        remedy = f"add --practice, or {remedy}"
    raise UserError(store.account, what, remedy)


def daypart(hour: int) -> str:
    """Return the part of the day for a greeting: morning to noon, afternoon to five, evening."""
    if hour < 12:
        return "morning"
    if hour < 17:
        return "afternoon"
    return "evening"


@dataclass(frozen=True, slots=True, kw_only=True)
class InterviewStarter:
    """Starts or resumes the interview of one case. Every method raises StoreError."""

    store: Store
    where: str
    """The database, as the user named it."""
    options: StartOptions
    clock: Clock
    to_local: ToLocal = datetime.astimezone
    """Converts a time to this station's clock."""

    def start_or_resume(self, instrument: Instrument) -> InterviewSession:
        """Start the case's interview, or resume it."""
        options = self.options
        case = options.case
        last = self._find_last()
        if last is None or self._begins_another_after(last):
            if options.reopen:
                what = "this case has no finished interview to reopen"
                raise UserError(case, what, "leave --reopen out to start one")
            if not options.practice:
                check_may_begin(self.store, instrument)
            number = 1
            if last is not None:
                number = last.number + 1
            return self._start(instrument, number=number)

        if _is_finished(last) and not options.reopen:
            outcome = build_outcome_table(instrument).get(last.outcome)
            in_brackets = ""
            if outcome is not None:
                in_brackets = f" ({outcome.name.lower()})"
            remedy = "use --reopen to correct it, or --again to start a second one"
            raise UserError(case, f"its interview is finished{in_brackets}", remedy)
        return self.resume(instrument, last)

    def begins_interview(self) -> bool:
        """Whether the case gets a new interview, so that its last one isn't touched."""
        last = self._find_last()
        return not self.options.reopen and (last is None or self._begins_another_after(last))

    def _find_last(self) -> InterviewRow | None:
        return self.store.interviews.find_last(self.options.case, origin_of(self.options.practice))

    def _begins_another_after(self, last: InterviewRow) -> bool:
        """Whether another interview begins: it was requested, and the last one is finished."""
        return self.options.again and _is_finished(last)

    def _start(self, instrument: Instrument, *, number: int) -> InterviewSession:
        options = self.options
        case = options.case
        sample = options.sample_values
        if sample is None:
            sample = case_values.parse_sample_values(instrument, case, options.columns)
        zone = self._resolve_zone(instrument, sample)

        requested = options.language
        if not requested and options.case_language in instrument.languages:
            requested = options.case_language
        language = case_values.resolve_language(instrument, requested, sample)
        at = self.clock()
        local = at.astimezone(zone)
        seed = options.seed
        if seed is None:
            seed = secrets.randbits(63)
        # only what the questionnaire uses of the list of people is stored with the answers
        known = instrument.interviewer_attributes & options.attributes.keys()
        began = InterviewStarted(
            EventStamp(at, options.interviewer, self._station),
            instrument=instrument.hash,
            seed=seed,
            case=case,
            today=local.date(),
            session=SessionContext(options.interviewer, daypart(local.hour), language),
            sample=sample,
            attributes={name: options.attributes[name] for name in known},
        )
        interview = Interview.begin(instrument, began)

        self.store.data.add_instrument(InstrumentRow.from_instrument(instrument, kept_at=at))
        interview_id = options.id or str(uuid4())
        link = options.link or CaseLink()
        row = InterviewRow.from_interview(interview, interview_id, origin_of(options.practice))
        row = row._replace(number=number)
        case_update = link.build_start_update(interview_id, language)
        conflict = self.store.interviews.start(row, began, case=case_update)
        self._check_conflict(conflict, "has just started this interview")
        link.handle_commit(interview_id, None)

        notices = [_find_version_warning(instrument, self.store), options.version_notice]
        notice = " ".join(text for text in notices if text)
        return self._build_session(interview_id, interview, zone, notice)

    def resume(self, newest: Instrument | None, row: InterviewRow) -> InterviewSession:
        """Resume a stored interview.

        `newest` is the questionnaire of the current file, or None if it cannot be read.
        """
        options = self.options
        case = options.case
        if newest is not None and row.instrument == newest.hash:
            instrument = newest
        else:
            instrument = rebuild_instrument(self.store.data.read_stored_text(row.instrument))
        try:
            interview = Interview.replay(instrument, self.store.interviews.read_journal(row.id))
        except ValueError as error:
            what = f"its journal cannot be replayed ({error})"
            raise UserError(case, what, "`survey db verify` gives details") from error

        zone = self._resolve_zone(instrument, interview.start.sample)
        language = self._choose_language(instrument, interview)
        was_answered = interview.is_answered and not options.reopen
        # the clock may have been set back since: the journal's times never go back
        at = max(self.clock(), interview.last_stamp.at)
        context = SessionContext(options.interviewer, daypart(at.astimezone(zone).hour), language)
        event = InterviewResumed(
            EventStamp(at, options.interviewer, self._station), context, reopen=options.reopen
        )
        after = interview.step(event)
        if isinstance(after, Rejection):
            raise UserError(case, after.why)
        link = options.link or CaseLink()
        journal = JournalUpdate.from_interview(
            row.id,
            after,
            [event],
            closed=False,
            fence=link.fence(),
            case=link.build_start_update(row.id, language),
        )
        self._check_conflict(self.store.interviews.append(journal), "has this interview open")
        link.handle_commit(row.id, None)

        notice = self._describe_resumption(row, interview, after, was_answered=was_answered)
        if newest is None:
            notice += (
                " The questionnaire's file is missing or has problems now; "
                "this interview keeps its version."
            )
        elif instrument is not newest:
            notice += " The questionnaire has changed since; this interview keeps its version."
        session = self._build_session(row.id, after, zone, notice)
        if was_answered:
            session.end_again()
        return session

    def _resolve_zone(
        self, instrument: Instrument, sample: Mapping[str, Value | Missing]
    ) -> tzinfo:
        """Return the zone of the case's date and greeting: this station's if none is known."""
        zone = case_values.find_zone(instrument, sample, self.options.zone)
        return zone or self.to_local(self.clock()).tzinfo or UTC

    def _choose_language(self, instrument: Instrument, interview: Interview) -> str:
        """Choose the language of a resumed interview: its own, or one requested since."""
        if self.options.language:
            return case_values.find_requested_language(instrument, self.options.language)
        if self.options.case_language in instrument.languages:
            return self.options.case_language
        return interview.language

    def _check_conflict(
        self, conflict: "InterviewConflict | CaseConflict | LeaseLost | None", what: str
    ) -> None:
        """Raise UserError for a conflict; `what` is what the other interviewer has done."""
        if conflict is None:
            return
        if isinstance(conflict, InterviewConflict):
            what = f"{conflict.by} at station {conflict.station} {what}"
        else:
            what = conflict.message
        raise UserError(self.options.case, what, "choose another case")

    def _describe_resumption(
        self,
        row: InterviewRow,
        before: Interview,
        after: Interview,
        *,
        was_answered: bool,
    ) -> str:
        """Say where the interview was left, and how it goes on."""
        position = "its end"
        place = before.place or after.place
        if place is not None and not was_answered:
            question = shorten(describe_question(after, place), MOST_QUESTION)
            position = f"“{question}”"
        when = self.to_local(row.updated_at)
        version = ""
        if after.instrument.version:
            version = f", version {after.instrument.version}"

        how = "reopened for correction" if self.options.reopen else "resumed"
        if was_answered:
            how += "; everything had been asked"
        return (
            f"Case {row.case} was {row.status} at {position}, {when:%d %b %H:%M}{version}: {how}."
        )

    def _build_session(
        self, interview_id: str, interview: Interview, zone: tzinfo, notice: str
    ) -> InterviewSession:
        options = self.options
        instrument = interview.instrument
        start = interview.start
        respondent = start.case
        name_column = find_column(instrument, "name")
        if name_column is not None:
            name = start.sample.get(name_column)
            if isinstance(name, str) and name:
                respondent = name
        # `zone` may be this station's: a clock of the respondent is shown only if theirs is known
        zone_is_known = case_values.find_zone(instrument, start.sample, options.zone) is not None
        stored_in = self.where
        if not get_rights().allow(OutsideAct.WRITE_FILE):
            stored_in = ""  # a path of the server says nothing to somebody far away
        session = InterviewSession(
            store=self.store,
            id=interview_id,
            interview=interview,
            by=options.interviewer,
            station=self._station,
            clock=self.clock,
            zone=zone if zone_is_known else None,
            to_local=self.to_local,
            respondent=respondent,
            notice=notice,
            practice=options.practice,
            stored_in=stored_in,
            outcomes=build_outcome_table(instrument),
            link=options.link or UnsampledCaseLink(self, instrument, start.case),
        )
        rejection = session.advance()
        if rejection is not None:
            raise UserError(options.case, rejection.why)
        return session

    @property
    def _station(self) -> str:
        return resolve_station_name(self.options.station)


@dataclass(frozen=True, slots=True)
class UnsampledCaseLink(CaseLink):
    """The link of an interview without an imported case: withdrawn consent erases its answers."""

    starter: InterviewStarter
    instrument: Instrument
    key: str

    def list_tasks(self, outcome: Outcome | None) -> tuple[str, ...]:
        if outcome is None or outcome.kind != WITHDRAWN:
            return ()
        # imported here: it is rare, and an interview starts sooner without it
        from survey_cli.study.consistency.interview_outcomes import build_follow_up_tasks

        return build_follow_up_tasks(
            outcome, self.key, origin_of(self.starter.options.practice), sampled=False
        )

    def handle_commit(self, interview_id: str, outcome: Outcome | None) -> str:
        if not self.list_tasks(outcome):
            return ""
        from survey_cli.study.consistency.interview_outcomes import do_follow_up_tasks

        try:
            remarks = do_follow_up_tasks(
                self.starter.store,
                self.instrument,
                None,
                at=self.starter.clock(),
                by=self.starter.options.interviewer,
                key=self.key,
            )
            return "; ".join(remarks)
        except StoreError as error:
            return f"the answers are not erased yet: {error.what} — {error.remedy}"


def _find_version_warning(instrument: Instrument, store: Store) -> str:
    """Return a warning if the file was changed under the same version label; else an empty text."""
    if not instrument.version:
        return ""
    for row in store.data.list_instruments():
        has_same_label = row.id == instrument.id and row.version == instrument.version
        if has_same_label and row.hash != instrument.hash:
            return (
                "The questionnaire has changed since earlier interviews, "
                f"but its version: is still {instrument.version}."
            )
    return ""


def _is_finished(interview: InterviewRow) -> bool:
    """Return whether only `reopen` can change the interview."""
    return interview.status in ("ended", "stopped")
