"""Interview session: applies an entry to the interview, commits it, then shows the next prompt.

It contains no survey rules; those belong to the engine.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from survey_cli.engine import asked_items, events, prompts
from survey_cli.engine.asked_items import AskedItem
from survey_cli.engine.events import InterviewNote
from survey_cli.engine.interview import Interview
from survey_cli.engine.machine import COMPLETE, QUOTA_FULL
from survey_cli.entries import LookupEntry, Prompt, ReadEntry, Rejection, Reply, TextSpan
from survey_cli.fieldwork.calendar.zones import ToLocal
from survey_cli.instrument.compiled.place_names import PlaceName, name_place
from survey_cli.instrument.schema.items.unasked_items import EndItem, PickItem
from survey_cli.instrument.texts.languages import find_language, list_languages
from survey_cli.outcomes import OUTCOMES, REFUSAL_OUTCOMES, WITHDRAWN, Outcome
from survey_cli.problems import StoreError
from survey_cli.samples.cases.columns import clean_text, list_details
from survey_cli.sessions.interview.case_values import explain_incomplete_language
from survey_cli.store import EntryDraft, InterviewConflict, InterviewOrigin, JournalUpdate, Store
from survey_cli.values import Code, Place

if TYPE_CHECKING:
    from survey_cli.store.cases.case_records import CaseConflict, CaseUpdate, LeaseLost, LeaseToken
    from survey_cli.study.consistency.interview_outcomes import QuotaReservations

CALL_AGAIN_OUTCOMES: Final = ("appointment", "callback")
"""Further outcomes that stop an interview started at a station: the case is called again."""
QUOTA_FULL_TEXT: Final = (
    "Thank you very much. We have completed all the interviews of this kind that we need. Goodbye."
)
"""Read if a quota is full and the study has neither a script `quota_full` nor an `end` for it."""
STOP_OUTCOMES: Final = (
    "break_off",
    "refusal_soft",
    "refusal_hard",
    "language",
    "unable",
    "not_eligible",
    "never_call",
    "withdrawn",
)
"""Outcomes that can stop an interview, the likeliest first; a study's own outcomes follow."""


class ClosingReview(NamedTuple):
    """What the interviewer looks through before the interview is complete."""

    answered: int
    duration: timedelta
    declined: tuple[AskedItem, ...]
    """Items that the respondent declined to answer."""
    warnings: tuple[AskedItem, ...]
    """Items whose answer was confirmed despite a check's warning, with the reason."""
    notes: tuple[InterviewNote, ...]


class InterviewResult(NamedTuple):
    """How the interview ended, once `prompt()` is None."""

    status: str
    """`ended`, `suspended` or `stopped`; `lost` if another station has continued the case; `left`
    if it is still open, for its station to go on."""
    outcome: Outcome | None
    answered: int
    duration: timedelta
    stored_in: str
    """Where the data is stored, as it is printed."""
    erased: bool = False
    """The respondent withdrew consent: no answer is stored."""
    remark: str = ""
    """What could not be done, or what the interviewer should know."""


class Hand(Protocol):
    """The interviewer's hand, with which she calls the supervisor for help.

    Example:
        class LoneHand:
            is_up = False

            def describe(self) -> str:
                return ""

            def put_up(self) -> Rejection | None:
                return Rejection("nobody supervises this interview")

            def take_down(self) -> Rejection | None:
                return Rejection("your hand isn't up")
    """

    @property
    def is_up(self) -> bool:
        """Whether it is up, and nobody has answered yet."""

    def describe(self) -> str:
        """Describe it: `hand raised 10:42`; empty while it is down."""

    def put_up(self) -> Rejection | None:
        """Raise it."""

    def take_down(self) -> Rejection | None:
        """Take it down again."""


class CaseLink:
    """An interview's link to its case. This one has no case, so every quota cell is open."""

    can_be_called_again = False
    """A station can call the case again: a temporary outcome suspends the interview."""
    keeps_reasons: bool = False
    """The case keeps the words of a respondent who refused, for the next interviewer."""
    refusal_reason: str = ""
    """The words of a respondent who refuses now; written with the interview's end."""
    reservations: "QuotaReservations | None" = None
    """Reserves places in the quotas; None: every quota cell is open."""

    def fence(self) -> "LeaseToken | None":
        """Return the lease under which everything is written, or None if no case is leased."""
        return None

    def renew_lease(self) -> None:
        """Renew the lease while the interviewer is at work. Never fails."""

    def build_start_update(self, interview_id: str, language: str) -> "CaseUpdate | None":
        """Build what the case receives when its interview starts or resumes, with the event."""
        return None

    def build_language_update(self, language: str) -> "CaseUpdate | None":
        """Build what the case receives when its interview goes on in another language."""
        return None

    def build_closing_update(
        self, interview: Interview, outcome: Outcome | None, *, by_route: bool
    ) -> "CaseUpdate | None":
        """Build what the case receives when its interview closes, with the event; None for nothing.

        `by_route` means that an `end` closed the interview, not the interviewer.
        """
        return None

    def list_tasks(self, outcome: Outcome | None) -> tuple[str, ...]:
        """List the tasks that follow the interview's end, if no case receives them."""
        return ()

    def handle_commit(self, interview_id: str, outcome: Outcome | None) -> str:
        """Do what follows a stored event. Never fails.

        Returns a remark on what could not be done, or on what the interviewer should know.
        """
        return ""

    def recover(self) -> bool:
        """Whether a case that seemed lost is still this station's, so that it can write again.

        Raises StoreError.
        """
        return False

    def release(self) -> None:
        """Release the case unless it is closed. Never fails."""


@dataclass(eq=False, kw_only=True)
class InterviewSession:
    """Conducts one interview: the engine steps, the store commits, then the next prompt is shown.

    Every method that takes an entry returns None if the entry was accepted and committed, else a
    `Rejection` whose `why` is one short line to show under the field. A rejection leaves the memory
    and the database as they were, also if the database cannot be written to.
    """

    id: str
    """The interview's id in the database."""
    store: Store
    interview: Interview
    """The current state of the interview."""
    outcomes: Mapping[str, Outcome]
    link: CaseLink
    by: str
    """The interviewer."""
    station: str
    clock: Callable[[], datetime]
    zone: tzinfo | None
    """The respondent's time zone, if it is known."""
    to_local: ToLocal
    respondent: str
    """The case's name column, or its key."""
    notice: str = ""
    """Shown before the first prompt: `Case 1042 was open at q17, 14:03: resumed`. May be empty."""
    practice: bool
    stored_in: str
    """The database, as the user named it; empty in a seat, whose user sits elsewhere."""
    respondents_answer: Callable[[Interview], str] | None = None
    """Returns a simulated respondent's words on this question; None for a real respondent."""
    message_source: Callable[[], str] | None = None
    """Returns the supervisor's next message to the station once, else an empty text.

    None if no station conducts the interview.
    """
    hand: Hand | None = None
    """Calls the supervisor. None if no station conducts the interview."""
    goes_on_when_opened_again: bool = False
    """If the terminal is lost, the interview stays open: its station goes on with this question.

    Otherwise it is suspended then.
    """
    review_before_end: bool = False
    """Set by an interface that shows `closing_review()`; else the last answer is the end."""

    def __post_init__(self) -> None:
        self._prompt: Prompt | None = None
        self._prompt_is_current = False
        self._time_until_hangup: timedelta | None = None
        self._remark = ""
        self._erased = False
        """The respondent withdrew consent, and all answers are erased."""
        self._lost_to = ""
        """Who has the case now, if another station claimed it."""
        self._was_left = False
        """The interviewer left an interview that another station has now."""
        self._lost_terminal = False
        """The interview was left open, because its terminal was lost."""
        self._cells: frozenset[str] = frozenset()
        """Quota cells in which this session has reserved a place without a lookup."""
        self._full_cell = ""
        """The quota cell of this respondent that is full."""
        self._dropped: tuple[str, ...] = ()
        """Answered questions that the last correction took off the route."""
        self._review: tuple[Interview, ClosingReview] | None = None
        """The closing review of the interview in this state."""
        instrument = self.interview.instrument
        self.title = str(instrument.title.get(instrument.language))
        """The survey's title."""
        sample = self.interview.start.sample
        self.details = list_details(
            instrument, {n: sample[n] for n in sample if n not in instrument.hidden}
        )
        """Label and text of the case's sample columns that an interviewer sees."""

    # what is shown

    def prompt(self) -> Prompt | None:
        """Return the current prompt; None at the closing review and after the end."""
        if self._was_left or self._lost_terminal:
            return None
        if self._is_quota_full:
            return self._build_quota_full_prompt()
        if not self._prompt_is_current:
            self._prompt = prompts.build_prompt(self.interview)
            self._prompt_is_current = True
            # the interview's length ends when the first question after the hang-up is shown
            is_after_hangup = self._prompt is not None and self._prompt.after_hangup
            if is_after_hangup and self._time_until_hangup is None:
                self._time_until_hangup = self._measure_time()
        return self._prompt

    def list_items(self) -> tuple[AskedItem, ...]:
        """List the items asked so far, in the order of the route."""
        return asked_items.list_asked(self.interview)

    def list_recent_answers(self, limit: int) -> tuple[AskedItem, ...]:
        """List the last items before this one that were answered or declined, the newest first."""
        return asked_items.list_recent(self.interview, limit)

    def list_following(self, limit: int) -> tuple[str, ...]:
        """List the questions that may be asked next. It takes longer than a key should."""
        return asked_items.list_following(self.interview, limit)

    def name_place(self, place: Place) -> PlaceName:
        """Name a place, in the language of the interview."""
        return name_place(self.interview.instrument, place, self.interview.language)

    def describe_question(self, place: Place) -> str:
        """Return the question at a place, on one line."""
        return asked_items.describe_question(self.interview, place)

    def describe_answer(self, place: Place) -> str:
        """Describe the answer at a place: `Disagree`, `don't know`; empty if it has none."""
        return asked_items.describe_answer(self.interview, place)

    def list_quota_cells(self) -> tuple[str, ...]:
        """List the quota cells in which this respondent has a place: `region: North (12 of 20)`.

        The number is that of the reservation. It is missing if an earlier session made that.
        """
        reservations = self.link.reservations
        if reservations is None:
            return ()
        return reservations.list_cells(self.interview)

    def closing_review(self) -> ClosingReview | None:
        """Return the review, in which everything is answered and `complete` ends the interview.

        None anywhere else, and if `review_before_end` is not set. `go_back` and `jump` lead to an
        answer to correct. An interview that an `end` item or a full quota ends has no review.
        """
        if not self._is_at_review:
            return None

        # built once for a state of the interview: after that, only the duration changes
        interview = self.interview
        if self._review is None or self._review[0] is not interview:
            review = ClosingReview(
                answered=self._count_answers(),
                duration=timedelta(),
                declined=asked_items.list_declined(interview),
                warnings=asked_items.list_accepted_warnings(interview),
                notes=self.list_notes(),
            )
            self._review = (interview, review)
        return self._review[1]._replace(duration=self.elapsed_time())

    def _count_answers(self) -> int:
        items = self.interview.instrument.items
        count = 0
        for place, answer in self.interview.evaluate_route().answers.items():
            if answer.cell is not None and not items[place.item].is_result:
                count += 1
        return count

    @property
    def _is_at_review(self) -> bool:
        """Whether everything is answered, and the interviewer reviews it before the end."""
        is_reviewed = self.review_before_end and not self._full_cell and not self._was_left
        return is_reviewed and self.interview.is_answered

    @property
    def _is_quota_full(self) -> bool:
        """Whether the respondent's quota cell is full, until a deciding answer is corrected."""
        return bool(self._full_cell) and self.interview.status == "open"

    def _build_quota_full_prompt(self) -> Prompt:
        """Build the prompt for a full quota, with the study's words."""
        interview = self.interview
        return Prompt(
            place=Place(QUOTA_FULL),
            text=self._find_quota_full_text(),
            entry=ReadEntry(),
            instruction=(
                TextSpan(f"The quota {self._full_cell} is full: thank the respondent and end."),
            ),
            position=len(interview.machine.walk.stops),
            total=len(interview.machine.walk.stops),
            language=interview.language,
            languages=interview.instrument.languages,
            ending=QUOTA_FULL,
        )

    def _find_quota_full_text(self) -> tuple[TextSpan, ...]:
        """Find the text for a full quota: the script, else the first `end` for it, else thanks."""
        instrument = self.interview.instrument
        language = self.interview.language
        fieldwork = instrument.document.fieldwork
        if fieldwork is not None:
            for script_id, script in fieldwork.scripts.items():
                if str(script_id) == QUOTA_FULL:
                    return (TextSpan(str(script.text.get(language))),)

        # a study with a lookup says it there, but a returning respondent is past that item
        for item in instrument.items.values():
            if isinstance(item.question, EndItem) and str(item.question.outcome) == QUOTA_FULL:
                return item.text.fill(self.interview.machine.walk.known, language)
        return (TextSpan(QUOTA_FULL_TEXT),)

    def list_stop_outcomes(self) -> tuple[Outcome, ...]:
        """List the outcomes with which the interview can be stopped in the middle."""
        ids = list(STOP_OUTCOMES)
        if self.link.can_be_called_again:
            ids = [*CALL_AGAIN_OUTCOMES, *STOP_OUTCOMES]
        outcomes = [self.outcomes[outcome_id] for outcome_id in ids]

        for outcome in self.outcomes.values():
            is_own = outcome.id not in OUTCOMES
            if is_own and outcome.moment in ("interrupted", "any"):
                outcomes.append(outcome)
        return tuple(outcomes)

    def echo(self, text: str) -> str:
        """Say how a typed line is understood (`Sunday 3 March 1985`); empty if the line says it."""
        return prompts.describe_reply(self.interview, text)

    def elapsed_time(self) -> timedelta:
        """Return the time spent on this interview in all its sessions, up to the hang-up."""
        if self._time_until_hangup is not None:
            return self._time_until_hangup
        return self._measure_time()

    def _measure_time(self) -> timedelta:
        return self.interview.measure_time(self.clock())

    def respondent_time(self) -> datetime | None:
        """Return the time on the respondent's clock, or None if their zone isn't known."""
        if self.zone is None:
            return None
        return self.clock().astimezone(self.zone)

    def station_time(self) -> datetime:
        """Return the time on the station's clock."""
        return self.to_local(self.clock())

    def result(self) -> InterviewResult | None:
        """Return how the interview ended; None while it is open."""
        status: str = self.interview.status
        remark = self._remark
        if self._was_left:
            status = "lost"
            remark = self._lost_to
        elif self._lost_terminal and status == "open":
            status = "left"
        if status == "open":
            return None

        answered = 0
        if not self._erased:
            answered = self._count_answers()
        return InterviewResult(
            status=status,
            outcome=self.outcomes.get(self.interview.outcome),
            answered=answered,
            duration=self.elapsed_time(),
            stored_in=self.stored_in,
            erased=self._erased,
            remark=remark,
        )

    # entries

    def reply(self, reply: Reply) -> Rejection | None:
        """Give an answer: a line of text, or `PickReply` from a Pick.

        An empty line goes on from a Read, keeps an earlier answer, and is rejected elsewhere.
        """
        if self._is_quota_full:
            if reply:
                return Rejection("the quota is full: Enter ends the interview")
            return self._commit(events.InterviewEnded(self._stamp(), QUOTA_FULL), by_route=True)
        return self._apply(prompts.parse_reply(self.interview, reply, self._stamp()))

    def decline(self, decline_id: str) -> Rejection | None:
        """Answer with don't know, refused, or another decline of the study by its id."""
        return self._apply(prompts.build_decline(self.interview, decline_id, self._stamp()))

    def confirm(self, reason: str = "") -> Rejection | None:
        """Confirm the answer that `prompt().query` asks about."""
        event = prompts.build_confirmation(self.interview, clean_text(reason), self._stamp())
        return self._apply(event)

    def go_back(self) -> Rejection | None:
        """Go to the item asked before this one."""
        place = prompts.find_previous_place(self.interview)
        if place is None:
            return Rejection("this is the first item")
        return self._apply(events.PositionMoved(self._stamp(), place))

    def jump(self, place: Place) -> Rejection | None:
        """Go to a place in `list_items()`; its answer leads back to the first open place."""
        return self._apply(events.PositionMoved(self._stamp(), place, jump=True))

    def go_forward(self) -> Rejection | None:
        """After going back: keep the answer here and go to the first place without an answer."""
        place = self.interview.place
        if self._is_at_review:
            return Rejection("everything is answered")
        if place is None or prompts.is_at_front(self.interview):
            return Rejection("you are at the next item: nothing after it has been answered")
        rejection = self.jump(place)
        if rejection is not None:
            return rejection
        return self._apply(events.AnswerKept(self._stamp(), place))

    def add_note(self, text: str, *, replaces: InterviewNote | None = None) -> Rejection | None:
        """Add an interviewer's note at this place, or replace the text of an earlier one."""
        place = self.interview.place
        replaced_seq = 0
        if replaces is not None:
            place = replaces.place
            replaced_seq = replaces.seq
        # the closing review is at no item: its notes belong to the last one
        if self._is_at_review and place is None:
            place = prompts.find_previous_place(self.interview)

        text = clean_text(text, lines=True)
        if place is None or not text:
            return Rejection("an empty note is not saved")
        return self._apply(events.NoteWritten(self._stamp(), place, text, replaced_seq))

    def list_notes(self) -> tuple[InterviewNote, ...]:
        """List the notes of this interview, each with its newest text."""
        instrument = self.interview.instrument
        named = []
        for note in self.interview.notes:
            key = name_place(instrument, note.place).key
            named.append(note._replace(place_key=key))
        return tuple(named)

    def switch_language(self, language: str) -> Rejection | None:
        """Continue in another language of the study, by code or name; the case's changes too."""
        languages = self.interview.instrument.languages
        code = find_language(language, languages)
        if not code:
            return Rejection(
                f"{language} is not a language of this study: {list_languages(languages)}"
            )
        why = explain_incomplete_language(self.interview.instrument, code)
        if why:
            return Rejection(why)
        return self._apply(events.LanguageChanged(self._stamp(), code))

    def suspend(self) -> Rejection | None:
        """Suspend the interview, so that `prompt()` is None; complete it at its closing review."""
        # nothing can be written any more: the interviewer only leaves
        if self._lost_to:
            self._was_left = True
            return None
        if self._is_at_review:
            return self.complete()
        if self.interview.is_after_hangup and not self._is_quota_full:
            return self._apply(events.InterviewEnded(self._stamp(), COMPLETE))
        if self.interview.is_at_end or self._is_quota_full:
            # the respondent has answered everything: Enter would end the interview
            return self.reply("")
        if self.interview.is_reopened and self.end_again():
            return None
        return self._apply(events.InterviewSuspended(self._stamp()))

    def leave_unattended(self) -> Rejection | None:
        """Leave the interview, because its terminal was lost or the program is told to end.

        It stays open if its station goes on with it. Otherwise, and if its end is on the screen,
        the same happens as when the interviewer suspends it.
        """
        shows_end = self._is_at_review or self.interview.is_at_end or self._is_quota_full
        is_being_corrected = self.interview.is_reopened or self.interview.is_after_hangup
        if not self.goes_on_when_opened_again or shows_end or is_being_corrected or self._lost_to:
            return self.suspend()
        self._lost_terminal = True
        return None

    def end_again(self) -> bool:
        """End an interview that had ended before, and return whether all its answers still fit."""
        place = self.interview.place
        if place is None or self.jump(place) is not None:
            return False
        if self._apply(events.AnswerKept(self._stamp(), place)) is not None:
            return False
        return self.interview.status == "ended" or (self._is_at_review and self.complete() is None)

    def complete(self) -> Rejection | None:
        """End the interview at its closing review."""
        if not self.interview.is_answered or self._is_quota_full:
            return Rejection("the interview is not at its end")
        return self._commit(events.InterviewEnded(self._stamp(), COMPLETE), by_route=True)

    def asks_reason(self, outcome: Outcome) -> bool:
        """Whether `stop` takes the respondent's words: a refusal that may be called again."""
        return self.link.keeps_reasons and outcome.kind in REFUSAL_OUTCOMES

    def stop(self, outcome: str, *, reason: str = "") -> Rejection | None:
        """End the interview with one of `list_stop_outcomes()`; `reason` is for a refusal."""
        if reason and self.link.keeps_reasons:
            self.link.refusal_reason = clean_text(reason)
        if outcome not in {o.id for o in self.list_stop_outcomes()}:
            return Rejection(f"an interview can't be stopped with the outcome {outcome}")
        if self._lost_to:
            return self.suspend()

        is_temporary = self.outcomes[outcome].temporary
        is_break_off = outcome == "break_off"
        if self._is_at_review and (is_break_off or is_temporary):
            return Rejection("everything is answered: no other call is needed")
        # the respondent has hung up and can't break off any more: only our own items are left
        if self.interview.is_after_hangup and is_break_off and not self._is_quota_full:
            return self._apply(events.InterviewEnded(self._stamp(), COMPLETE))
        if self.link.can_be_called_again and is_temporary:
            # the next call goes on where this one stopped
            return self._apply(events.InterviewSuspended(self._stamp(), outcome))
        return self._apply(events.InterviewStopped(self._stamp(), outcome))

    def heard(self) -> str:
        """Return a simulated respondent's words: `“Disagree, I think.”`; empty for a real one."""
        if self.respondents_answer is None or self.prompt() is None or self._is_quota_full:
            return ""
        return self.respondents_answer(self.interview)

    def take_message(self) -> str:
        """Return the supervisor's next message to the interviewer once; empty if none waits."""
        if self.message_source is None:
            return ""
        return self.message_source()

    # drafts

    def load_draft(self) -> str:
        """Load what was being typed at this place when the last session broke off; or empty."""
        place = self.interview.place
        try:
            draft = self.store.interviews.find_draft(self.id)
        except StoreError:
            return ""
        if draft is None or draft.place != str(place):
            return ""
        return draft.text

    def save_draft(self, text: str) -> None:
        """Save what is being typed in a Verbatim, every two seconds. Never fails."""
        place = self.interview.place
        if place is None:
            return
        self.link.renew_lease()
        try:
            draft = EntryDraft(str(place), text, self.clock())
            self.store.interviews.save_draft(self.id, draft, fence=self.link.fence())
        except StoreError:
            # the text is still in the field, and its answer will say what is wrong
            return

    def close(self) -> None:
        """Release the case and close the database; complete an interview at its closing review."""
        if self._is_at_review:
            # if it can't be written now, it is done when the study is opened the next time
            self.complete()
        self.link.release()
        self.store.close()

    # applying and storing events

    def _stamp(self, after: Interview | None = None) -> events.EventStamp:
        """Stamp an event with the current time, or the last event's if the clock was set back."""
        last = (after or self.interview).last_stamp.at
        return events.EventStamp(max(self.clock(), last), self.by, self.station)

    def _apply(self, event: events.InterviewEvent | Rejection) -> Rejection | None:
        """Apply and commit an event, then the automatic answers and the end that follow from it."""
        if isinstance(event, Rejection):
            return event
        self._dropped = ()
        if not isinstance(event, events.QuestionAnswered | events.QuestionDeclined):
            rejection = self._commit(event)
            if rejection is None:
                rejection = self.advance()
            return rejection

        # a corrected answer may take others off the route, which the interviewer is told
        route_before = asked_items.find_route_before(self.interview, event)
        rejection = self._commit(event)
        if rejection is not None:
            return rejection
        rejection = self.advance()
        if route_before is not None:
            self._dropped = asked_items.list_dropped(route_before, self.interview, event.place)
        return rejection

    def take_dropped(self) -> tuple[str, ...]:
        """Return once the answered questions that the last correction took off the route."""
        dropped = self._dropped
        self._dropped = ()
        return dropped

    def advance(self) -> Rejection | None:
        """Answer automatic items, and close the interview when it has reached its end."""
        while self.interview.status == "open":
            rejection = self._reserve_cells(self.interview)
            if rejection is not None:
                return rejection
            if self._full_cell or self._is_at_review:
                break

            event = self._find_automatic_event(self.interview) or self._find_computed_answer()
            if event is None:
                return None
            rejection = self._commit(event, by_route=True)
            if rejection is not None:
                return rejection
        return None

    def _reserve_cells(self, interview: Interview) -> Rejection | None:
        """Reserve the respondent's places in the quotas as soon as they are decided.

        If the database does not answer, the next answer tries again. No interview becomes complete
        before that.
        """
        reservations = self.link.reservations
        if reservations is None:
            return None
        try:
            reserved = reservations.reserve_cells(self.id, interview, self._cells)
        except StoreError as error:
            self._full_cell = ""
            if interview.ending:
                return Rejection(f"not saved: {error.what} — {error.remedy}")
            return None
        self._cells, self._full_cell = reserved
        return None

    def _find_automatic_event(self, interview: Interview) -> events.InterviewEvent | None:
        """Find the event that needs no input and no database: the route's end, or a draw."""
        if interview.status != "open":
            return None
        ending = interview.ending
        if ending:
            outcome = self.outcomes.get(ending)
            if outcome is not None and outcome.temporary:
                return events.InterviewSuspended(self._stamp(interview), ending)
            return events.InterviewEnded(self._stamp(interview), ending)

        value, of = interview.compute_answer(counts=None)
        if value is None or interview.place is None:
            return None
        return events.ValueComputed(self._stamp(interview), interview.place, value, of)

    def _find_computed_answer(self) -> events.InterviewEvent | None:
        """Find the answer to a lookup that is due, or a note of what was not read aloud."""
        prompt = self.prompt()
        if prompt is None:
            return None
        for text in prompt.unfilled:
            if not self._has_note(prompt.place, text):
                return events.NoteWritten(self._stamp(), prompt.place, text)
        if not isinstance(prompt.entry, LookupEntry):
            return None

        if prompt.entry.kind == "pick":
            picked, of = self.interview.compute_answer(self._count_picks(prompt.place))
            if picked is None:
                return None
            return events.ValueComputed(self._stamp(), prompt.place, picked, of)

        state = "open"
        reservations = self.link.reservations
        if reservations is not None:
            quota = prompt.entry.target
            state = reservations.reserve_in_quota(self.id, self.interview, quota)
        return events.ValueComputed(self._stamp(), prompt.place, state)

    def _has_note(self, place: Place, text: str) -> bool:
        """Return whether the journal has this note."""
        notes = [event for event in self.interview.events if isinstance(event, events.NoteWritten)]
        return any(note.place == place and note.text == text for note in notes)

    def _count_picks(self, place: Place) -> Counter[Code]:
        """Count how often a pick chose an item or turn, in complete and running interviews."""
        question = self.interview.instrument.items[place.item].question
        assert isinstance(question, PickItem)
        origin: InterviewOrigin = "practice" if self.practice else "real"
        counts: Counter[Code] = Counter()
        for value in self.store.interviews.list_computed_values(
            place.item, origin, besides=self.id
        ):
            counts.update(question.list_picked(value))
        return counts

    def _commit(self, event: events.InterviewEvent, *, by_route: bool = False) -> Rejection | None:
        """Write an event with all that follows from it.

        The answer that completes an interview also ends it, or neither is written.
        """
        after = self.interview.step(event)
        if isinstance(after, Rejection):
            return after

        then: list[events.InterviewEvent] = []
        while True:
            automatic = self._find_automatic_event(after)
            if automatic is None:
                break
            if isinstance(automatic, events.InterviewEnded) and automatic.outcome == COMPLETE:
                # before the end is written: a full quota or the closing review comes first
                rejection = self._reserve_cells(after)
                if rejection is not None:
                    return rejection
                is_reviewed_first = self.review_before_end and after.is_answered
                if self._full_cell or is_reviewed_first:
                    break
            further = after.step(automatic)
            if isinstance(further, Rejection):
                break
            then.append(automatic)
            after = further

        try:
            conflict = self._write(event, after, then, by_route=by_route)
            is_lease_lost = conflict is not None and not isinstance(conflict, InterviewConflict)
            if is_lease_lost and self.link.recover():
                conflict = self._write(event, after, then, by_route=by_route)
        except StoreError as problem:
            return Rejection(f"not saved: {problem.what} — {problem.remedy}")
        if conflict is not None:
            if not isinstance(conflict, InterviewConflict):
                # from now on the interview can only be left
                self._lost_to = self._describe_loss(conflict)
            return Rejection(f"not saved: {self._describe_conflict(conflict)}")

        self.interview = after
        self._prompt_is_current = False
        if after.status == "open":
            if isinstance(event, events.LanguageChanged):
                self.link.handle_commit(self.id, None)
            self.link.renew_lease()
        else:
            outcome = self.outcomes.get(after.outcome)
            self._remark = self.link.handle_commit(self.id, outcome)
            self._erased = outcome is not None and outcome.kind == WITHDRAWN and not self._remark
        return None

    def _write(
        self,
        event: events.InterviewEvent,
        after: Interview,
        then: Sequence[events.InterviewEvent],
        *,
        by_route: bool,
    ) -> "InterviewConflict | LeaseLost | CaseConflict | None":
        """Write the events; at the end also data and case, in the same transaction."""
        fence = self.link.fence()
        case = None
        tasks: tuple[str, ...] = ()
        if after.status != "open":
            outcome = self.outcomes.get(after.outcome)
            # an automatic event that follows the entry is the route's
            is_by_route = by_route or bool(then)
            case = self.link.build_closing_update(after, outcome, by_route=is_by_route)
            tasks = self.link.list_tasks(outcome)
        elif isinstance(event, events.LanguageChanged):
            case = self.link.build_language_update(after.language)

        update = JournalUpdate.from_interview(
            self.id,
            after,
            (event, *then),
            closed=after.status != "open",
            fence=fence,
            case=case,
            follow_up_tasks=tasks,
        )
        return self.store.interviews.append(update)

    def _describe_conflict(self, conflict: "InterviewConflict | LeaseLost | CaseConflict") -> str:
        """Say who has the interview or its case now, and what to do."""
        if isinstance(conflict, InterviewConflict):
            when = self.to_local(conflict.at)
            return f"{conflict.by} took over this interview at {when:%H:%M}: leave it"
        return (
            f"{self._describe_loss(conflict)}: write down what was typed, then leave the interview;"
            " what was saved before is kept"
        )

    def _describe_loss(self, conflict: "LeaseLost | CaseConflict") -> str:
        """Describe to this interviewer who has the case now."""
        # imported here: a loss is rare, and an interview starts sooner without it
        from survey_cli.store.cases.case_records import LeaseLost

        if isinstance(conflict, LeaseLost):
            return conflict.describe(self.by, self.station)
        return conflict.message
