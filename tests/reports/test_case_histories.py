"""Words of case events for supervisors and interviewers."""

from typing import Any

import pytest

from support.case_histories import moment, plan
from survey_cli.fieldwork.case import events
from survey_cli.fieldwork.case.case import Case
from survey_cli.reports.fieldwork.case_histories import build_history, describe_event

VALUES = {
    "start": "2026-11-26T15:00",
    "end": "2026-11-26T15:30",
    "zone": "America/Denver",
    "outcome": "busy",
    "language": "es",
    "script": "voicemail",
    "owner": "ann",
    "interview": "i1",
    "text": "asked back",
    "note": "asked back",
    "reason": "asked back",
    "state": "dead",
    "code": "2.11",
}
NOT_FOR_INTERVIEWERS = {
    events.CaseSampled, events.CaseReleased, events.CaseClaimed, events.NumberDialed, events.AttemptClosed,
    events.CaseReturned, events.AppointmentReassigned, events.CaseErased, events.CaseAnonymized,
}  # fmt: skip


def example(kind: type[Any]) -> events.CaseEvent:
    number = events.NumberFacts(2) if kind is events.NumberAdded else 2
    why = "lapsed" if kind is events.CaseReturned else "asked back"
    event = kind(
        **{
            name: value
            for name, value in {**VALUES, "number": number, "why": why}.items()
            if name in kind._fields
        }
    )
    assert isinstance(event, tuple)
    return event  # type: ignore[return-value]


@pytest.mark.parametrize("kind", list(events.EVENT_KINDS), ids=lambda kind: kind.__name__)
def test_every_event_has_words_and_keeps_its_note(kind: type[Any]) -> None:
    event = example(kind)
    what, note = describe_event(event, Case(key="1"), plan())
    has_note = {"note", "why", "reason", "text"} & set(
        kind._fields
    ) and kind is not events.CaseReturned
    assert what
    assert note == ("asked back" if has_note else "")
    entry = events.HistoryEntry(moment("2026-11-23 14:10"), "ann", "s1", event)
    shown = build_history([entry], plan(), None)
    assert bool(shown) == (kind not in NOT_FOR_INTERVIEWERS)
    assert [(line.by, line.note) for line in shown] == [("ann", note)] * len(shown)
