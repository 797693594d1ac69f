"""Differences of a practice shift: outcomes and answers that do not fit what was heard."""

from collections.abc import Iterator

from survey_cli.engine.asked_items import describe_answer
from survey_cli.engine.events import InterviewEnded
from survey_cli.engine.interview import Interview
from survey_cli.fieldwork.case.case import Call, Case
from survey_cli.fieldwork.case.events import AppointmentMade, HistoryEntry
from survey_cli.reports.fieldwork.case_histories import describe_outcome, format_appointment_time
from survey_cli.simulate.practice.call_texts import CALL_TEXTS, LEAVING_OUTCOMES
from survey_cli.simulate.practice.practice_respondents import PracticeCall, PracticeRespondents
from survey_cli.study.open_study import OpenStudy
from survey_cli.wording import format_quantity


def describe_practice(study: OpenStudy, respondents: PracticeRespondents) -> list[str]:
    """Describe how a practice shift went, one difference per line. Raises StoreError."""
    calls = list(_compare_calls(study, respondents))
    answers = list(_compare_answers(study, respondents))
    other_calls, other_answers = [*filter(None, calls)], [*filter(None, answers)]
    counts = f"Practice: {format_quantity(len(calls), 'call')}, {format_quantity(len(answers), 'answer')}"
    if not other_calls and not other_answers:
        return [f"{counts}, all entered as heard"]
    others = format_quantity(len(other_calls), "outcome"), format_quantity(len(other_answers), "answer")
    return [f"{counts}; different from what was heard: {', '.join(others)}", *other_calls, *other_answers]


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
    return Interview.replay(study.instrument, study.store.interviews.read_journal(rows[-1].id)) if rows else None


# outcomes


def _explain_outcome(
    study: OpenStudy, call: PracticeCall, keyed: Call, history: list[HistoryEntry], interview: Interview | None
) -> str:
    """Explain how the outcome differs from what was heard; empty where it fits."""
    outcome = study.plan.outcomes.get(keyed.outcome)
    kind = outcome.kind if outcome is not None else keyed.outcome
    heard = CALL_TEXTS[call.response].what or call.response.replace("_", " ")
    different = f"heard {heard}, entered “{describe_outcome(keyed.outcome, study.plan)}”"
    if call.response == "interview":
        if call.items_left >= 0 and interview is not None and kind in LEAVING_OUTCOMES:
            return _explain_appointment(call, keyed, history)
        if interview is not None and _is_ended_by_route(interview):
            return ""
        return different
    if kind not in CALL_TEXTS[call.response].outcomes | {call.response}:
        return different
    return _explain_appointment(call, keyed, history)


def _is_ended_by_route(interview: Interview) -> bool:
    """Whether the questionnaire ended the interview, or a full quota, and not the interviewer."""
    is_finished = bool(interview.outcome) and interview.machine.walk.finished
    return is_finished or isinstance(interview.events[-1], InterviewEnded)


def _explain_appointment(call: PracticeCall, keyed: Call, history: list[HistoryEntry]) -> str:
    """Explain how the time of the appointment differs from the one that the respondent named."""
    made = next((e.event for e in history if e.at == keyed.at and isinstance(e.event, AppointmentMade)), None)
    if made is None or call.appointment is None:
        return ""
    named = f"{call.appointment:%Y-%m-%dT%H:%M}"
    if made.start[: len(named)] == named:
        return ""
    when = f"{call.appointment:%a} {call.appointment.day} {call.appointment:%b %H:%M}"
    return f"heard an appointment for {when}, entered {format_appointment_time(made)}"
