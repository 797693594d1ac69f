"""Practice station: an invented sample, a database in memory, simulated respondents, and what was entered otherwise.

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
from survey_cli.engine.machine import RecordedAnswer
from survey_cli.entries import Entry, LineEntry, PickEntry, Prompt, Rejection, to_plain_text
from survey_cli.fieldwork.calendar.calendar import Calendar
from survey_cli.fieldwork.case.case import Call, Case
from survey_cli.fieldwork.case.events import AppointmentMade, HistoryEntry, LineType
from survey_cli.fieldwork.plan.plan import Interviewer, Plan
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.instrument.schema.items.typed import FreeTextItem
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.instrument.texts.languages import get_language_name
from survey_cli.problems import UserError
from survey_cli.reports.fieldwork.case_histories import describe_outcome, format_appointment_time
from survey_cli.samples.cases.columns import find_column
from survey_cli.samples.cases.phone_numbers import ParsedNumber
from survey_cli.samples.cases.sample_file import SampleCase, SampleNumber
from survey_cli.services.simulated_study import SimulatedStudyOptions, open_simulated_study
from survey_cli.sessions.station.open_station import build_station
from survey_cli.sessions.station.station import StationSession
from survey_cli.simulate.fieldwork import behavior
from survey_cli.study.open_study import OpenStudy, load_people_by_id
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
"""More people answer and name a time than in the field, so that a short shift has every kind of call also in the morning,
when fewer people are at home."""
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
"""What a respondent says who can give no answer that agrees with an earlier one; going back, another one is heard."""
CONFIRMATION: Final = "“Yes, that's right.”"


@dataclass(slots=True)
class PracticeCall:
    """One call to a simulated respondent."""

    response: str
    heard: str
    appointment: datetime | None
    """The time that the respondent named, on their clock."""
    items_left: int = -1
    """After how many answers the respondent has to go; below zero: never."""
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
        """Whether the answer at this place is the one that is meant."""
        recorded = interview.machine.recorded_answers.get(place)
        keyed, meant = recorded.cell if recorded is not None else None, self.cell
        if isinstance(keyed, Missing) or isinstance(meant, Missing):
            return (
                isinstance(keyed, Missing)
                and isinstance(meant, Missing)
                and keyed.kind == meant.kind
            )
        if isinstance(keyed, tuple) and isinstance(meant, tuple):
            return set(keyed) == set(meant)
        # words are written down in many ways
        return (
            isinstance(interview.instrument.items[place.item].question, FreeTextItem)
            or keyed == meant
        )


def format_appointment_words(appointment: datetime, now: datetime) -> str:
    """Format a time as a respondent names it: `tomorrow at 3 pm`, `on Thursday at 10:30 am`."""
    days = (appointment.date() - now.date()).days
    day = {0: "today", 1: "tomorrow"}.get(days, f"on {appointment:%A}")
    minutes = f":{appointment:%M}" if appointment.minute else ""
    return (
        f"{day} at {appointment.hour % 12 or 12}{minutes} {'am' if appointment.hour < 12 else 'pm'}"
    )


def speak_answer(answer: str, rng: Random, *, choice: bool, english: bool) -> str:
    """Say an answer as a respondent would; now and then unclearly at first, where it is a `choice` of options."""
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
    return {"dk": "“I don't know.”", "refused": "“I'd rather not answer that.”"}.get(
        kind, f"“{text}.”"
    )


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
        call = self.calls.get((case.key, len(case.calls)))
        if call is None:
            call = self._draw_call(case, number, local_time)
            self.calls[case.key, len(case.calls)] = self._current_calls[case.key] = call
        return call.heard

    def _draw_call(self, case: Case, number: int, local_time: datetime) -> PracticeCall:
        if (household := self._households.get(case.key)) is None:
            languages = self.instrument.languages
            household = behavior.Household.draw(
                case, self.plan, languages, PRACTICE_PROPENSITIES, self.seed
            )
            self._households[case.key] = household
        rng = Random(f"{self.seed}\0call\0{case.key}\0{len(case.calls)}")
        result = household.answer_call(number, local_time)
        response = household.choose_response(self.who) if result == "somebody" else result
        if case.interrupted and response != "language" and result == "somebody":
            response = "interview"  # whoever had to go carries on
        appointment = None
        if response == "appointment":
            appointment = behavior.find_free_time(self.plan.calendar, self.zone, local_time, rng)
            response = "appointment" if appointment is not None else "callback"
        household.appointment = appointment
        when = format_appointment_words(appointment, local_time) if appointment is not None else ""
        language = get_language_name(household.language) if household.language else ""
        heard = rng.choice(CALL_TEXTS[response].texts).format(when=when, language=language)
        if response == "interview" and language:
            heard += f" They would rather be asked in {language}."
        call = PracticeCall(response, heard, appointment)
        later = (
            behavior.find_free_time(self.plan.calendar, self.zone, local_time, rng)
            if response == "interview"
            else None
        )
        if later is not None:
            call.appointment = household.appointment = later
            call.leaving = rng.choice(LEAVING_TEXTS).format(
                when=format_appointment_words(later, local_time)
            )
            call.items_left = household.draw_patience() if not case.interrupted else -1
        return call

    def answer_question(self, case: str, interview: Interview) -> str:
        call = self._current_calls.get(case)
        if call is not None and call.response != "interview":
            return call.heard
        last = self._said.get(case)
        if last is None or last[0] != interview.seq:
            last = self._said[case] = interview.seq, self._speak(case, call, interview)
        return last[1]

    def _speak(self, case: str, call: PracticeCall | None, interview: Interview) -> str:
        """Return what the respondent says at this point of the interview."""
        answers = self.answers.setdefault(case, {})
        has_to_go = call is not None and 0 <= call.items_left <= len(answers)
        if call is not None and (
            interview.status == "suspended" or (has_to_go and interview.place not in answers)
        ):
            call.has_left = True
            return call.leaving
        prompt, stop = prompts.build_prompt(interview), interview.machine.current_stop
        if prompt is None or stop is None or not prompt.aloud or prompt.after_hangup:
            return ""
        if not stop.item.question.expects_answer:
            return ""
        known = answers.get(prompt.place)
        if prompt.query is not None:
            return (
                CONFIRMATION
                if known is None or known.matches(interview, prompt.place)
                else f"“No!” {known.text}"
            )
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
        """Invent an answer that the item accepts, if possible one that leads on; None where none was found."""
        rng = Random(
            f"{self.seed}\0answer\0{case}\0{prompt.place}\0{self._withdrawals.get(case, 0)}"
        )
        english = interview.language.startswith("en")
        if prompt.declines and rng.random() < DECLINE_SHARE:
            decline = rng.choice(prompt.declines)
            return SpokenAnswer(
                speak_decline(decline.id, decline.text, english=english), Missing(decline.id)
            )
        best: SpokenAnswer | None = None
        screens_out = rng.random() < DECLINE_SHARE
        for after, answer in _try_answers(interview, rng):
            words = _put_into_words(answer, prompt.entry) or describe_answer(after, prompt.place)
            text = speak_answer(
                words, rng, choice=isinstance(prompt.entry, PickEntry), english=english
            )
            best = SpokenAnswer(text, answer.cell if answer.cell is not None else "")
            if after.machine.query is None and (screens_out or not _is_screened_out(after)):
                break
        return best


def _put_into_words(answer: RecordedAnswer, entry: Entry) -> str:
    """Put an answer into the words of its options or labels; empty where it has none."""
    match entry:
        case PickEntry():
            codes = answer.cell if isinstance(answer.cell, tuple) else (answer.cell,)
            chosen = [
                option for code in codes if (option := entry.find_option(str(code))) is not None
            ]
            words = {code: f": {text}" for code, text in answer.specify_texts.items() if text}
            return ", ".join(
                to_plain_text(option.text) + words.get(option.code, "") for option in chosen
            )
        case LineEntry(kind="scale"):
            return str(answer.cell)
        case LineEntry(labels=labels):
            return next((label for code, label in labels if code == answer.cell), "")
        case _:
            return ""


def _try_answers(interview: Interview, rng: Random) -> Iterator[tuple[Interview, RecordedAnswer]]:
    """Invent answers to the current question; returns those that are accepted, each with the interview after it."""
    trial = Interview.replay(interview.instrument, interview.events)
    place = trial.place
    for _ in range(ANSWER_ATTEMPTS):
        machine = trial.machine
        stop = machine.current_stop
        if stop is None or place is None:
            return
        reply = stop.item.question.invent(
            machine.walk.build_item_context(stop, machine.language), rng
        )
        event = prompts.parse_reply_at(machine, stop, reply, machine.events[-1].stamp)
        if not isinstance(event, QuestionAnswered | QuestionDeclined):
            continue
        after = trial.step(event)
        if not isinstance(after, Rejection):
            recorded = after.machine.recorded_answers[place]
            if recorded.cell is not None:
                yield after, recorded


def _is_screened_out(interview: Interview) -> bool:
    """Whether the route ends here for somebody who is unwilling, or not eligible."""
    stop = interview.machine.current_stop
    question = stop.item.question if stop is not None else None
    return isinstance(question, EndItem) and str(question.outcome) in behavior.UNWILLING_OUTCOMES


def _compare_calls(study: OpenStudy, respondents: PracticeRespondents) -> Iterator[str]:
    """Compare the outcome of each call with what was heard; an empty text where it fits."""
    for (key, index), call in respondents.calls.items():
        history = study.store.cases.queries.read_history(key)
        calls = Case.from_history(key, history).calls
        if index < len(calls):
            why = _explain_outcome(study, call, calls[index], history, _read_interview(study, key))
            yield f"{_name_case(respondents, key)}: {why}" if why else ""


def _compare_answers(study: OpenStudy, respondents: PracticeRespondents) -> Iterator[str]:
    """Compare each answer with the one that was heard; an empty text where they agree."""
    for key, spoken in respondents.answers.items():
        if (interview := _read_interview(study, key)) is None:
            continue
        for place, answer in spoken.items():
            if entered := describe_answer(interview, place):
                difference = f"{_name_case(respondents, key)}, {place}: heard {answer.text}, entered {entered}"
                yield "" if answer.matches(interview, place) else difference


def _name_case(respondents: PracticeRespondents, key: str) -> str:
    name = respondents.names.get(key, "")
    return f"{name} ({key})" if name else key


def _read_interview(study: OpenStudy, key: str) -> Interview | None:
    rows = study.store.interviews.list_rows(case=key)
    return (
        Interview.replay(study.instrument, study.store.interviews.read_journal(rows[-1].id))
        if rows
        else None
    )


# outcomes


def _explain_outcome(
    study: OpenStudy,
    call: PracticeCall,
    keyed: Call,
    history: list[HistoryEntry],
    interview: Interview | None,
) -> str:
    """Explain how the outcome differs from what was heard; empty where it fits."""
    outcome = study.plan.outcomes.get(keyed.outcome)
    kind = outcome.kind if outcome is not None else keyed.outcome
    heard = CALL_TEXTS[call.response].what or call.response.replace("_", " ")
    different = f"heard {heard}, entered “{describe_outcome(keyed.outcome, study.plan)}”"
    if call.response == "interview":
        # an `end` of the questionnaire may also suspend it: then the respondent names a time, too
        if call.has_left and interview is not None and kind in LEAVING_OUTCOMES:
            return _explain_appointment(call, keyed, history)
        is_finished = (
            interview is not None and bool(interview.outcome) and interview.machine.walk.finished
        )
        is_ended = interview is not None and isinstance(interview.events[-1], InterviewEnded)
        return (
            "" if is_finished or is_ended else different
        )  # the questionnaire or a full quota ended it
    if kind not in (call.response, *CALL_TEXTS[call.response].outcomes):
        return different
    return _explain_appointment(call, keyed, history)


def _explain_appointment(call: PracticeCall, keyed: Call, history: list[HistoryEntry]) -> str:
    """Explain how the time of the appointment differs from the one that the respondent named."""
    made = next(
        (e.event for e in history if e.at == keyed.at and isinstance(e.event, AppointmentMade)),
        None,
    )
    if made is None or call.appointment is None:
        return ""
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
FIRST_NAMES: Final = (
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
)
LAST_NAMES: Final = (
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
)


class PracticeStation(NamedTuple):
    """A station session with simulated respondents, and what they said."""

    session: StationSession
    study: OpenStudy
    respondents: PracticeRespondents

    def describe_differences(self) -> list[str]:
        """Describe how the entries differ from what was heard, one difference per line. Raises StoreError."""
        calls = list(_compare_calls(self.study, self.respondents))
        answers = list(_compare_answers(self.study, self.respondents))
        other_calls, other_answers = [*filter(None, calls)], [*filter(None, answers)]
        counts = f"Practice: {format_quantity(len(calls), 'call')}, {format_quantity(len(answers), 'answer')}"
        if not other_calls and not other_answers:
            return [f"{counts}, all entered as heard"]
        others = (
            format_quantity(len(other_calls), "outcome"),
            format_quantity(len(other_answers), "answer"),
        )
        return [
            f"{counts}; different from what was heard: {', '.join(others)}",
            *other_calls,
            *other_answers,
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeOptions:
    """Who practices, with which questionnaire."""

    path: str
    interviewer: str = ""
    """Empty: the account."""
    station: str = ""
    people: str | None = None
    """The list of people, for the interviewer's languages and skills; others may practice too."""
    zone: ZoneInfo | None = None
    """The station's time zone; None: the computer's."""


def open_practice_station(
    options: PracticeOptions, *, clock: Callable[[], datetime], rng: Random
) -> PracticeStation:
    """Open a station for practice, with a case on the screen. Its session's `close` discards everything.

    Calls are always allowed: outside of calling hours the station's clock is that of their next beginning.
    """
    instrument = open_instrument(options.path)
    people = load_people_by_id(options.path, instrument.id, db=None, named=options.people)
    plan = Plan.from_instrument(instrument)
    zone = plan.zone or (options.zone.key if options.zone is not None else "UTC")
    now = clock()
    ahead = find_practice_start(plan.calendar, zone, now) - now
    cases, column = (
        list(_invent_sample(instrument, plan, zone, rng)),
        find_column(instrument, "name") or "",
    )
    study = open_simulated_study(
        SimulatedStudyOptions(path=options.path, at=now + ahead, invented=cases, people=people), rng
    )
    study = replace(study, where=NOT_STORED)
    login = options.interviewer.strip() or study.store.account
    who = people.interviewers.get(login) or Interviewer(login=login, role="supervisor")
    respondents = PracticeRespondents(
        instrument=study.instrument,
        plan=study.plan,
        who=who,
        zone=options.zone or ZoneInfo(zone),
        names={case.key: str(case.values.get(column, "")) for case in cases},
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

    A study that is over is practiced at its beginning, or at its last week. Raises UserError where it never calls.
    """
    days = [
        (day, back) for day, back in ((calendar.starts, 0), (calendar.ends, 7)) if day is not None
    ]
    others = [
        datetime.combine(day, time(), ZoneInfo(zone)) - timedelta(days=back) for day, back in days
    ]
    for earliest in (now, *others):
        at = earliest
        for _ in range(10):
            begins = calendar.find_next_opening((zone,), at)
            until = calendar.find_opening((zone,), begins).until if begins is not None else None
            if begins is None or until is None:
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
    names = [f"{first} {last}" for first in FIRST_NAMES for last in LAST_NAMES]
    rng.shuffle(names)
    columns = {column.role: name for name, column in instrument.sample.items()}
    for number, case in enumerate(
        behavior.invent_cases(instrument, PRACTICE_CASES, zone, rng), start=1
    ):
        key = f"P{number:02}"
        own = {
            columns[role]: value
            for role, value in (("key", key), ("name", names[number]))
            if role in columns
        }
        positions = 2 if rng.random() < SECOND_NUMBER_SHARE else 1
        numbers = tuple(
            SampleNumber("", _invent_number(plan.country, 2 * number + position, zone, rng))
            for position in range(positions)
        )
        yield case._replace(key=key, values={**case.values, **own}, numbers=numbers)


def _invent_number(country: str, number: int, zone: str, rng: Random) -> ParsedNumber:
    """Invent a number that nobody has: one that the United States or Britain reserve for fiction, else of no country."""
    match country:
        case "US" | "CA" | "PR":
            area = ("202", "312", "415")[number // 100 % 3]
            e164, national = f"+1{area}55501{number % 100:02}", f"({area}) 555-01{number % 100:02}"
        case "GB":
            e164, national = f"+441632960{number:03}", f"01632 960{number:03}"
        case _:
            e164, national = f"+999{number:010}", f"0000 {number:06}"
    line: LineType = rng.choice(("fixed", "mobile"))
    return ParsedNumber(
        national, e164, national, international=national, line=line, zones=(zone,), country=country
    )
