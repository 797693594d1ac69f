"""Practice station: an invented sample, simulated respondents, and what was keyed wrongly.

What respondents say is in the file `call_texts.json`.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from survey_cli.engine import prompts
from survey_cli.engine.asked_items import describe_answer
from survey_cli.engine.events import InterviewEnded, QuestionAnswered, QuestionDeclined
from survey_cli.engine.interview import Interview
from survey_cli.engine.recorded_answers import RecordedAnswer
from survey_cli.entries import Entry, LineEntry, PickEntry, Prompt, Rejection, to_plain_text
from survey_cli.fieldwork.calendar.calendar import Calendar
from survey_cli.fieldwork.case.case import Call, Case
from survey_cli.fieldwork.case.events import AppointmentMade, HistoryEntry, LineType
from survey_cli.fieldwork.plan.plan import Interviewer, Plan
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.compiled.place_names import name_place
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.instrument.schema.items.typed import FreeTextItem
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.instrument.texts.languages import get_language_name
from survey_cli.permissions import Action, StaffRole
from survey_cli.problems import UserError
from survey_cli.reports.fieldwork.case_histories import describe_outcome, format_appointment_time
from survey_cli.samples.cases.columns import find_column
from survey_cli.samples.cases.phone_numbers import ParsedNumber
from survey_cli.samples.cases.sample_file import SampleCase, SampleNumber
from survey_cli.services.simulated_study import SimulatedStudyOptions, open_simulated_study
from survey_cli.sessions.station.open_station import build_station
from survey_cli.sessions.station.station import StationSession
from survey_cli.simulate.fieldwork import behavior
from survey_cli.study.open_study import OpenStudy, load_study_people
from survey_cli.study.permissions import check_may
from survey_cli.values import Cell, Missing, Place
from survey_cli.wording import format_quantity

PRACTICE_PROPENSITIES: Final = behavior.Propensities(
    contact=0.9,
    refuse=0.25,
    hard_refusal=0.3,
    call_again=0.4,
    appointment=0.8,
    keep_appointment=1.0,
    eligible=1.0,
    interrupt=0.25,
)
"""More people answer and name a time than in the field, so that a short shift has every kind of
call also in the morning, when fewer people are at home."""
DECLINE_SHARE: Final = 0.05
ANSWER_ATTEMPTS: Final = 40
"""Answers that are invented until one passes the checks of its item, without a warning."""


class CallTexts(NamedTuple):
    """What may be heard in one kind of call."""

    texts: Sequence[str]
    """`{when}` is the time of an appointment, `{language}` that of the respondent."""
    outcomes: Sequence[str] = ()
    """Outcomes that fit besides the one of this name."""
    what: str = ""
    """The kind of call in words."""


_TEXTS: Final = json.loads(Path(__file__).with_name("call_texts.json").read_text(encoding="utf-8"))
CALL_TEXTS: Final = {kind: CallTexts(**texts) for kind, texts in _TEXTS["calls"].items()}
LEAVING_TEXTS: Final[Sequence[str]] = _TEXTS["leaving"]
"""What a respondent says who has to go in the middle of an interview."""
UNCLEAR_SHARE: Final = 0.08
LEAVING_OUTCOMES: Final = frozenset({"appointment", "callback", "break_off"})
CONTRADICTION: Final = "“That can't be. I must have answered the question before wrongly.”"
"""What a respondent says who can give no answer that agrees with an earlier one; going back,
another one is heard."""
CONFIRMATION: Final = "“Yes, that's right.”"


@dataclass(slots=True)
class PracticeCall:
    """One call to a simulated respondent."""

    response: str
    heard: str
    appointment: datetime | None
    """The time that the respondent named, on their clock."""
    items_left: int = -1
    """After how many answers the respondent has to go; below zero for never."""
    has_left: bool = False
    """The respondent said so in this call."""
    leaving: str = ""
    """What the respondent says who has to go, or is to be called again."""


class SpokenAnswer(NamedTuple):
    """One answer of a simulated respondent."""

    text: str
    """As it is heard."""
    cell: Cell
    """The answer that is meant."""

    def matches(self, interview: Interview, place: Place) -> bool:
        """Return whether the answer at this place is the one that is meant."""
        recorded = interview.machine.recorded_answers.get(place)
        keyed = None if recorded is None else recorded.cell
        meant = self.cell
        if isinstance(keyed, Missing) and isinstance(meant, Missing):
            return keyed.kind == meant.kind
        if isinstance(keyed, Missing) or isinstance(meant, Missing):
            return False
        if isinstance(keyed, tuple) and isinstance(meant, tuple):
            return set(keyed) == set(meant)
        # words are written down in many ways
        is_free_text = isinstance(interview.instrument.items[place.item].question, FreeTextItem)
        return is_free_text or keyed == meant


def format_appointment_words(appointment: datetime, now: datetime) -> str:
    """Format a time as a respondent names it: `tomorrow at 3 pm`, `on Thursday at 10:30 am`."""
    days = (appointment.date() - now.date()).days
    day = {0: "today", 1: "tomorrow"}.get(days, f"on {appointment:%A}")
    hour = appointment.hour % 12 or 12
    minutes = f":{appointment:%M}" if appointment.minute else ""
    half = "am" if appointment.hour < 12 else "pm"
    return f"{day} at {hour}{minutes} {half}"


def speak_answer(answer: str, rng: Random, *, choice: bool, english: bool) -> str:
    """Say an answer as a respondent would.

    A `choice` of options is now and then unclear at first.
    """
    if not english:
        return f"“{answer}.”"
    draw = rng.random()
    if choice and draw < UNCLEAR_SHARE:
        return f"“{rng.choice(_TEXTS['unclear'])}” When you probe: “Well … {answer}.”"
    if draw < 0.6:
        return f"“{answer}.”"
    return f"“{rng.choice(_TEXTS['spoken']).format(answer)}”"


def speak_decline(kind: str, text: str, *, english: bool) -> str:
    """Say a don't know, a refusal, or another decline of the study."""
    if not english:
        return f"“{text}.”"
    match kind:
        case "dk":
            return "“I don't know.”"
        case "refused":
            return "“I'd rather not answer that.”"
        case _:
            return f"“{text}.”"


@dataclass(slots=True)
class PracticeRespondents:
    """The people who answer at a practice station. Implements `SimulatedRespondents`."""

    instrument: Instrument
    plan: Plan
    who: Interviewer
    """The interviewer."""
    zone: ZoneInfo
    """The time zone of the station."""
    names: Mapping[str, str]
    """The name of each case by its key."""
    seed: int
    calls: dict[tuple[str, int], PracticeCall] = field(default_factory=dict)
    """By the case's key and how many calls it had before."""
    answers: dict[str, dict[Place, SpokenAnswer]] = field(default_factory=dict)
    """What each respondent said, by place."""
    _households: dict[str, behavior.Household] = field(default_factory=dict)
    _current_calls: dict[str, PracticeCall] = field(default_factory=dict)
    """The last call to each case."""
    _said: dict[str, tuple[int, str]] = field(default_factory=dict)
    """What each respondent said last, after how many events of the interview."""
    _withdrawals: dict[str, int] = field(default_factory=dict)
    """How many answers each respondent has withdrawn."""

    def answer_call(self, case: Case, number: int, local_time: datetime) -> str:
        """Return what is heard when this number is dialed; the same if it is asked again."""
        call = self.calls.get((case.key, len(case.calls)))
        if call is None:
            call = self._draw_call(case, number, local_time)
            self.calls[case.key, len(case.calls)] = call
            self._current_calls[case.key] = call
        return call.heard

    def _draw_call(self, case: Case, number: int, local_time: datetime) -> PracticeCall:
        """Draw who answers a call and what is said before any interview."""
        household = self._find_household(case)
        rng = Random(f"{self.seed}\0call\0{case.key}\0{len(case.calls)}")
        result = household.answer_call(number, local_time)
        response: str = result
        if result == "somebody":
            response = household.choose_response(self.who)
            # whoever had to go carries on
            if case.interrupted and response != "language":
                response = "interview"

        appointment = None
        if response == "appointment":
            appointment = self._draw_free_time(local_time, rng)
            if appointment is None:
                response = "callback"
        household.appointment = appointment
        when = ""
        if appointment is not None:
            when = format_appointment_words(appointment, local_time)
        language = get_language_name(household.language) if household.language else ""
        heard = rng.choice(CALL_TEXTS[response].texts).format(when=when, language=language)
        if response == "interview" and language:
            heard += f" They would rather be asked in {language}."

        call = PracticeCall(response, heard, appointment)
        if response == "interview":
            self._plan_leaving(call, household, case, local_time, rng)
        return call

    def _find_household(self, case: Case) -> behavior.Household:
        """Return who answers the telephone of this case; drawn with the first call."""
        household = self._households.get(case.key)
        if household is None:
            household = behavior.Household.draw(
                case, self.plan, self.instrument.languages, PRACTICE_PROPENSITIES, self.seed
            )
            self._households[case.key] = household
        return household

    def _draw_free_time(self, local_time: datetime, rng: Random) -> datetime | None:
        """Draw a time at which the respondent could be called; None if none is found."""
        return behavior.find_free_time(self.plan.calendar, self.zone, local_time, rng)

    def _plan_leaving(
        self,
        call: PracticeCall,
        household: behavior.Household,
        case: Case,
        local_time: datetime,
        rng: Random,
    ) -> None:
        """Plan whether the respondent has to go in the middle, and the time to name then."""
        later = self._draw_free_time(local_time, rng)
        if later is None:
            return
        call.appointment = later
        household.appointment = later
        when = format_appointment_words(later, local_time)
        call.leaving = rng.choice(LEAVING_TEXTS).format(when=when)
        # nobody has to go twice
        if not case.interrupted:
            call.items_left = household.draw_patience()

    def answer_question(self, case: str, interview: Interview) -> str:
        """Return what is heard at this point of the interview; the same if it is asked again."""
        call = self._current_calls.get(case)
        if call is not None and call.response != "interview":
            return call.heard
        last = self._said.get(case)
        if last is None or last[0] != interview.seq:
            last = (interview.seq, self._speak(case, call, interview))
            self._said[case] = last
        return last[1]

    def _speak(self, case: str, call: PracticeCall | None, interview: Interview) -> str:
        """Return what the respondent says at this point of the interview."""
        answers = self.answers.setdefault(case, {})
        if call is not None:
            patience_is_over = 0 <= call.items_left <= len(answers)
            has_to_go = patience_is_over and interview.place not in answers
            if has_to_go or interview.status == "suspended":
                call.has_left = True
                return call.leaving

        prompt = prompts.build_prompt(interview)
        stop = interview.machine.current_stop
        if prompt is None or stop is None or not prompt.aloud or prompt.after_hangup:
            return ""
        if not stop.item.question.expects_answer:
            return ""
        known = answers.get(prompt.place)
        if prompt.query is not None:
            if known is None or known.matches(interview, prompt.place):
                return CONFIRMATION
            return f"“No!” {known.text}"
        if known is None:
            known = self._invent_answer(case, interview, prompt)
            if known is None:
                self._withdraw_last_answer(case, interview)
                return CONTRADICTION
            answers[prompt.place] = known
        return known.text

    def _withdraw_last_answer(self, case: str, interview: Interview) -> None:
        """Forget the answer before this question, so that another one is heard there."""
        answers = self.answers[case]
        before = [stop.place for stop in interview.machine.walk.stops[:-1] if stop.place in answers]
        if before:
            del answers[before[-1]]
            self._withdrawals[case] = self._withdrawals.get(case, 0) + 1

    def _invent_answer(
        self, case: str, interview: Interview, prompt: Prompt
    ) -> SpokenAnswer | None:
        """Invent an answer that the item accepts, if possible one that leads on.

        None if none was found.
        """
        withdrawn = self._withdrawals.get(case, 0)
        rng = Random(f"{self.seed}\0answer\0{case}\0{prompt.place}\0{withdrawn}")
        english = interview.language.startswith("en")
        if prompt.declines and rng.random() < DECLINE_SHARE:
            decline = rng.choice(prompt.declines)
            text = speak_decline(decline.id, decline.text, english=english)
            return SpokenAnswer(text, Missing(decline.id))

        best: SpokenAnswer | None = None
        is_choice = isinstance(prompt.entry, PickEntry)
        screens_out = rng.random() < DECLINE_SHARE
        for after, answer in _try_answers(interview, rng):
            words = _put_into_words(answer, prompt.entry) or describe_answer(after, prompt.place)
            text = speak_answer(words, rng, choice=is_choice, english=english)
            cell: Cell = ""
            if answer.cell is not None:
                cell = answer.cell
            best = SpokenAnswer(text, cell)
            if after.machine.query is None and (screens_out or not _is_screened_out(after)):
                break
        return best


def _put_into_words(answer: RecordedAnswer, entry: Entry) -> str:
    """Put an answer into the words of its options or labels; empty if it has none."""
    match entry:
        case PickEntry():
            codes = answer.cell if isinstance(answer.cell, tuple) else (answer.cell,)
            words = []
            for code in codes:
                option = entry.find_option(str(code))
                if option is None:
                    continue
                specified = answer.specify_texts.get(option.code)
                text = to_plain_text(option.text)
                if specified:
                    text = f"{text}: {specified}"
                words.append(text)
            return ", ".join(words)
        case LineEntry(kind="scale"):
            return str(answer.cell)
        case LineEntry(labels=labels):
            for code, label in labels:
                if code == answer.cell:
                    return label
            return ""
        case _:
            return ""


def _try_answers(interview: Interview, rng: Random) -> Iterator[tuple[Interview, RecordedAnswer]]:
    """Yield invented answers that the current question accepts, with the interview after them."""
    trial = Interview.replay(interview.instrument, interview.events)
    place = trial.place
    for _ in range(ANSWER_ATTEMPTS):
        machine = trial.machine
        stop = machine.current_stop
        if stop is None or place is None:
            return
        context = machine.walk.build_item_context(stop, machine.language)
        reply = stop.item.question.invent(context, rng)
        event = prompts.parse_reply_at(machine, stop, reply, machine.events[-1].stamp)
        if not isinstance(event, QuestionAnswered | QuestionDeclined):
            continue
        after = trial.step(event)
        if not isinstance(after, Rejection):
            recorded = after.machine.recorded_answers[place]
            if recorded.cell is not None:
                yield after, recorded


def _is_screened_out(interview: Interview) -> bool:
    """Return whether the route ends here for a respondent who is unwilling or not eligible."""
    stop = interview.machine.current_stop
    if stop is None or not isinstance(stop.item.question, EndItem):
        return False
    return str(stop.item.question.outcome) in behavior.UNWILLING_OUTCOMES


def _compare_calls(study: OpenStudy, respondents: PracticeRespondents) -> Iterator[str]:
    """Compare the outcome of each call with what was heard; an empty text if it fits."""
    for (key, index), call in respondents.calls.items():
        history = study.store.cases.queries.read_history(key)
        calls = Case.from_history(key, history).calls
        # a call without an outcome is not compared
        if index >= len(calls):
            continue
        interview = _read_interview(study, key)
        difference = _describe_outcome_difference(study, call, calls[index], history, interview)
        if difference:
            difference = f"{_name_case(respondents, key)}: {difference}"
        yield difference


def _compare_answers(study: OpenStudy, respondents: PracticeRespondents) -> Iterator[str]:
    """Compare each answer with the one that was heard; an empty text if they agree."""
    for key, spoken in respondents.answers.items():
        interview = _read_interview(study, key)
        if interview is None:
            continue
        for place, answer in spoken.items():
            entered = describe_answer(interview, place)
            if not entered:
                continue
            if answer.matches(interview, place):
                yield ""
            else:
                name = _name_case(respondents, key)
                asked = name_place(interview.instrument, place).words
                yield f"{name}, {asked}: heard {answer.text}, entered {entered}"


def _name_case(respondents: PracticeRespondents, key: str) -> str:
    """Return the name of a case with its key."""
    name = respondents.names.get(key, "")
    if not name:
        return key
    return f"{name} ({key})"


def _read_interview(study: OpenStudy, key: str) -> Interview | None:
    """Read the last interview of a case; None if there isn't one."""
    rows = study.store.interviews.list_rows(case=key)
    if not rows:
        return None
    journal = study.store.interviews.read_journal(rows[-1].id)
    return Interview.replay(study.instrument, journal)


# outcomes


def _describe_outcome_difference(
    study: OpenStudy,
    call: PracticeCall,
    keyed: Call,
    history: list[HistoryEntry],
    interview: Interview | None,
) -> str:
    """Describe how the outcome differs from what was heard; empty if it fits."""
    outcome = study.plan.outcomes.get(keyed.outcome)
    kind = outcome.kind if outcome is not None else keyed.outcome
    heard = CALL_TEXTS[call.response].what or call.response.replace("_", " ")
    different = f"heard {heard}, entered “{describe_outcome(keyed.outcome, study.plan)}”"

    if call.response == "interview":
        if interview is None:
            return different
        # an `end` of the questionnaire may also suspend it: then the respondent names a time, too
        if call.has_left and kind in LEAVING_OUTCOMES:
            return _describe_appointment_difference(call, keyed, history)
        # the questionnaire or a full quota ended it
        is_finished = bool(interview.outcome) and interview.machine.walk.finished
        is_ended = isinstance(interview.events[-1], InterviewEnded)
        return "" if is_finished or is_ended else different
    if kind not in (call.response, *CALL_TEXTS[call.response].outcomes):
        return different
    return _describe_appointment_difference(call, keyed, history)


def _describe_appointment_difference(
    call: PracticeCall, keyed: Call, history: list[HistoryEntry]
) -> str:
    """Describe how the time of the appointment differs from the one that the respondent named."""
    made_in_call = [
        entry.event
        for entry in history
        if entry.at == keyed.at and isinstance(entry.event, AppointmentMade)
    ]
    if not made_in_call or call.appointment is None:
        return ""
    made = made_in_call[0]
    named = f"{call.appointment:%Y-%m-%dT%H:%M}"
    if made.start[: len(named)] == named:
        return ""
    when = f"{call.appointment:%a} {call.appointment.day} {call.appointment:%b %H:%M}"
    return f"heard an appointment for {when}, entered {format_appointment_time(made)}"


PRACTICE_CASES: Final = 60
NOT_STORED: Final = "memory, and discarded at the end of the practice"
"""Where the answers are stored, in words."""
SECOND_NUMBER_SHARE: Final = 0.2
"""Share of cases with a second number."""
LEAST_CALLING_TIME: Final = timedelta(hours=3)
"""A practice shift begins at a time at which calls are allowed for so long."""
FIRST_NAMES: Final = [
    "Alex",
    "Sam",
    "Robin",
    "Kim",
    "Lee",
    "Maria",
    "Noah",
    "Ines",
    "Omar",
    "Ruth",
    "Yuki",
    "Paul",
]
LAST_NAMES: Final = [
    "Morgan",
    "Rivera",
    "Okafor",
    "Larsen",
    "Novak",
    "Haddad",
    "Brandt",
    "Silva",
    "Tanaka",
    "Doyle",
]


class PracticeStation(NamedTuple):
    """A station session with simulated respondents, and what they said."""

    session: StationSession
    study: OpenStudy
    respondents: PracticeRespondents

    def describe_differences(self) -> list[str]:
        """Describe how the entries differ from what was heard, one difference per line.

        Raises StoreError.
        """
        calls = list(_compare_calls(self.study, self.respondents))
        answers = list(_compare_answers(self.study, self.respondents))
        other_calls = [difference for difference in calls if difference]
        other_answers = [difference for difference in answers if difference]
        call_count = format_quantity(len(calls), "call")
        counts = f"Practice: {call_count}, {format_quantity(len(answers), 'answer')}"
        if not other_calls and not other_answers:
            return [f"{counts}, all entered as heard"]
        outcomes = format_quantity(len(other_calls), "outcome")
        others = f"{outcomes}, {format_quantity(len(other_answers), 'answer')}"
        heading = f"{counts}; different from what was heard: {others}"
        return [heading, *other_calls, *other_answers]


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeOptions:
    """Who practices, with which questionnaire."""

    path: str
    interviewer: str = ""
    """The login; empty for that of the account."""
    station: str = ""
    people: str | None = None
    """The list of people, for the interviewer's languages and skills; others may practice too."""
    zone: ZoneInfo | None = None
    """The station's time zone; None for the computer's."""


def open_practice_station(
    options: PracticeOptions, *, clock: Callable[[], datetime], rng: Random
) -> PracticeStation:
    """Open a station for practice, with a case on the screen.

    Its session's `close` discards everything.

    Calls are always allowed: outside of calling hours the station's clock is that of their next
    beginning.
    """
    instrument = open_instrument(options.path)
    people = load_study_people(options.path, instrument.id, db=None, named=options.people)
    plan = Plan.from_instrument(instrument)
    zone = plan.zone
    if not zone:
        zone = "UTC" if options.zone is None else options.zone.key
    now = clock()
    ahead = find_practice_start(plan.calendar, zone, now) - now

    cases = list(_invent_sample(instrument, plan, zone, rng))
    name_column = find_column(instrument, "name") or ""
    study = open_simulated_study(
        SimulatedStudyOptions(path=options.path, at=now + ahead, invented=cases, people=people), rng
    )
    study = replace(study, where=NOT_STORED)
    login = options.interviewer.strip() or study.store.account
    who = people.interviewers.get(login) or Interviewer(login=login, role=StaffRole.TRAINEE)
    check_may(who, Action.PRACTICE, people)
    respondents = PracticeRespondents(
        instrument=study.instrument,
        plan=study.plan,
        who=who,
        zone=options.zone or ZoneInfo(zone),
        names={case.key: str(case.values.get(name_column, "")) for case in cases},
        seed=rng.getrandbits(62),
    )
    session = build_station(
        study,
        who,
        options.station,
        clock=lambda: clock() + ahead,
        zone=options.zone,
        rng=rng,
        respondents=respondents,
    )
    session.start()
    return PracticeStation(session=session, study=study, respondents=respondents)


def find_practice_start(calendar: Calendar, zone: str, now: datetime) -> datetime:
    """Find when practice begins: now, or at the next time at which calls are allowed long enough.

    A study that is over is practiced at its beginning, or at its last week. Raises UserError if it
    never calls.
    """
    midnight = time(tzinfo=ZoneInfo(zone))
    beginnings = [now]
    if calendar.starts is not None:
        beginnings.append(datetime.combine(calendar.starts, midnight))
    if calendar.ends is not None:
        beginnings.append(datetime.combine(calendar.ends, midnight) - timedelta(days=7))

    for earliest in beginnings:
        at = earliest
        for _ in range(10):
            begins = calendar.find_next_opening((zone,), at)
            if begins is None:
                break
            until = calendar.find_opening((zone,), begins).until
            if until is None:
                break
            if until - begins >= LEAST_CALLING_TIME:
                return begins
            at = until
    raise UserError(
        "--practice",
        "the study has no calling hours of three hours or more",
        "change fieldwork: hours",
    )


def _invent_sample(
    instrument: Instrument, plan: Plan, zone: str, rng: Random
) -> Iterator[SampleCase]:
    """Invent the sample: names that are drawn, and numbers that nobody has."""
    names = [f"{first} {last}" for first in FIRST_NAMES for last in LAST_NAMES]
    rng.shuffle(names)
    columns = {column.role: name for name, column in instrument.sample.items()}
    cases = behavior.invent_cases(instrument, PRACTICE_CASES, zone, rng)
    for number, case in enumerate(cases, start=1):
        key = f"P{number:02}"
        values = dict(case.values)
        if "key" in columns:
            values[columns["key"]] = key
        if "name" in columns:
            values[columns["name"]] = names[number]

        positions = 2 if rng.random() < SECOND_NUMBER_SHARE else 1
        numbers = tuple(
            SampleNumber("", _invent_number(plan.country, 2 * number + position, zone, rng))
            for position in range(positions)
        )
        yield case._replace(key=key, values=values, numbers=numbers)


def _invent_number(country: str, number: int, zone: str, rng: Random) -> ParsedNumber:
    """Invent a number that nobody has.

    The United States and Britain reserve numbers for fiction; elsewhere it has the code of no
    country.
    """
    match country:
        case "US" | "CA" | "PR":
            areas = ("202", "312", "415")
            area = areas[number // 100 % len(areas)]
            e164 = f"+1{area}55501{number % 100:02}"
            national = f"({area}) 555-01{number % 100:02}"
        case "GB":
            e164 = f"+441632960{number:03}"
            national = f"01632 960{number:03}"
        case _:
            e164 = f"+999{number:010}"
            national = f"0000 {number:06}"
    line: LineType = rng.choice(("fixed", "mobile"))
    return ParsedNumber(
        national, e164, national, international=national, line=line, zones=(zone,), country=country
    )
