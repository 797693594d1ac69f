"""Simulated respondents of a practice station: what is heard when they are called, and what they answer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from survey_cli.engine import prompts
from survey_cli.engine.asked_items import describe_answer
from survey_cli.engine.events import QuestionAnswered, QuestionDeclined
from survey_cli.engine.interview import Interview
from survey_cli.engine.machine import RecordedAnswer
from survey_cli.engine.route import RouteStop
from survey_cli.entries import Entry, LineEntry, PickEntry, Prompt, Rejection, to_plain_text
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.plan.people import Interviewer
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.typed import FreeTextItem
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.instrument.texts.languages import get_language_name
from survey_cli.simulate.fieldwork.households import Household, Propensities
from survey_cli.simulate.fieldwork.interviewers import UNWILLING_OUTCOMES, find_free_time
from survey_cli.simulate.practice import call_texts
from survey_cli.values import Cell, Code, Missing, Place

PRACTICE_PROPENSITIES: Final = Propensities(
    contact=0.8, refuse=0.25, hard_refusal=0.3, call_again=0.25, keep_appointment=1.0, eligible=1.0, interrupt=0.25
)
"""More people answer than in the field, so that a short shift has every kind of call."""
DECLINE_SHARE: Final = 0.05
ANSWER_ATTEMPTS: Final = 40
"""Answers that are invented until one passes the checks of its item, without a warning."""


@dataclass(slots=True)
class PracticeCall:
    """One call to a simulated respondent."""

    response: str
    heard: str
    appointment: datetime | None
    """The time that the respondent named, on their clock."""
    items_left: int = -1
    """After how many answers the respondent has to go; below zero: never."""
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
            return isinstance(keyed, Missing) and isinstance(meant, Missing) and keyed.kind == meant.kind
        if isinstance(keyed, tuple) and isinstance(meant, tuple):
            return set(keyed) == set(meant)
        # words are written down in many ways
        return isinstance(interview.instrument.items[place.item].question, FreeTextItem) or keyed == meant


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
    _households: dict[str, Household] = field(default_factory=dict)
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
        household = self._find_household(case)
        rng = Random(f"{self.seed}\0call\0{case.key}\0{len(case.calls)}")
        result = household.answer_call(number, local_time)
        response = household.choose_response(self.who) if result == "somebody" else result
        if case.interrupted and response != "language" and result == "somebody":
            response = "interview"  # whoever had to go carries on
        appointment = None
        if response == "appointment":
            appointment = find_free_time(self.plan.calendar, self.zone, local_time, rng)
            response = "appointment" if appointment is not None else "callback"
        household.appointment = appointment
        when = call_texts.format_appointment_words(appointment, local_time) if appointment is not None else ""
        language = get_language_name(household.language) if household.language else ""
        heard = rng.choice(call_texts.CALL_TEXTS[response].texts).format(when=when, language=language)
        if response == "interview" and language:
            heard += f" They would rather be asked in {language}."
        call = PracticeCall(response, heard, appointment)
        later = find_free_time(self.plan.calendar, self.zone, local_time, rng) if response == "interview" else None
        if later is not None:
            call.appointment = household.appointment = later
            call.leaving = rng.choice(call_texts.LEAVING_TEXTS).format(
                when=call_texts.format_appointment_words(later, local_time)
            )
            call.items_left = household.draw_patience() if not case.interrupted else -1
        return call

    def _find_household(self, case: Case) -> Household:
        if case.key not in self._households:
            self._households[case.key] = Household.draw(
                case.key,
                len(case.numbers),
                seed=self.seed,
                propensities=PRACTICE_PROPENSITIES,
                frame=self.plan.frame,
                languages=self.instrument.languages,
            )
        return self._households[case.key]

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
        if call is not None and (interview.status == "suspended" or (has_to_go and interview.place not in answers)):
            return call.leaving
        prompt, stop = prompts.build_prompt(interview), interview.machine.current_stop
        if prompt is None or stop is None or not _is_asked(prompt, stop):
            return ""
        known = answers.get(prompt.place)
        if prompt.query is not None:
            return (
                call_texts.CONFIRMATION
                if known is None or known.matches(interview, prompt.place)
                else f"“No!” {known.text}"
            )
        if known is None:
            known = self._invent_answer(case, interview, prompt)
            if known is None:
                self._withdraw_last_answer(case, interview)
                return call_texts.CONTRADICTION
            answers[prompt.place] = known
        return known.text

    def _withdraw_last_answer(self, case: str, interview: Interview) -> None:
        """Forget the answer before this question, so that another one is heard there."""
        answers = self.answers[case]
        before = [stop.place for stop in interview.machine.walk.stops[:-1] if stop.place in answers]
        if before:
            del answers[before[-1]]
            self._withdrawals[case] = self._withdrawals.get(case, 0) + 1

    def _invent_answer(self, case: str, interview: Interview, prompt: Prompt) -> SpokenAnswer | None:
        """Invent an answer that the item accepts, if possible one that leads on; None where none was found."""
        rng = Random(f"{self.seed}\0answer\0{case}\0{prompt.place}\0{self._withdrawals.get(case, 0)}")
        english = interview.language.startswith("en")
        if prompt.declines and rng.random() < DECLINE_SHARE:
            decline = rng.choice(prompt.declines)
            return SpokenAnswer(
                call_texts.speak_decline(decline.id, decline.text, english=english), Missing(decline.id)
            )
        best: SpokenAnswer | None = None
        screens_out = rng.random() < DECLINE_SHARE
        for after, answer in _try_answers(interview, rng):
            words = _put_into_words(answer, prompt.entry) or describe_answer(after, prompt.place)
            text = call_texts.speak_answer(words, rng, choice=isinstance(prompt.entry, PickEntry), english=english)
            best = SpokenAnswer(text, answer.cell if answer.cell is not None else "")
            if after.machine.query is None and (screens_out or not _is_screened_out(after)):
                break
        return best


def _is_asked(prompt: Prompt, stop: RouteStop) -> bool:
    """Whether the respondent is asked, and not the interviewer alone."""
    return prompt.aloud and not prompt.after_hangup and stop.item.question.expects_answer


def _put_into_words(answer: RecordedAnswer, entry: Entry) -> str:
    """Put an answer into the words of its options or labels; empty where it has none."""
    match entry:
        case PickEntry():
            codes = answer.cell if isinstance(answer.cell, tuple) else (answer.cell,)
            chosen = [option for code in codes if (option := entry.find_option(str(code))) is not None]
            return ", ".join(to_plain_text(o.text) + _specify(answer, o.code) for o in chosen)
        case LineEntry(kind="scale"):
            return str(answer.cell)
        case LineEntry(labels=labels):
            return next((label for code, label in labels if code == answer.cell), "")
        case _:
            return ""


def _specify(answer: RecordedAnswer, code: Code) -> str:
    return f": {answer.specify_texts[code]}" if answer.specify_texts.get(code) else ""


def _try_answers(interview: Interview, rng: Random) -> Iterator[tuple[Interview, RecordedAnswer]]:
    """Invent answers to the current question; returns those that are accepted, each with the interview after it."""
    trial = Interview.replay(interview.instrument, interview.events)
    place = trial.place
    for _ in range(ANSWER_ATTEMPTS):
        machine = trial.machine
        stop = machine.current_stop
        if stop is None or place is None:
            return
        reply = stop.item.question.invent(machine.walk.build_item_context(stop, machine.language), rng)
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
    return isinstance(question, EndItem) and str(question.outcome) in UNWILLING_OUTCOMES
