"""An event comes back from its record as it went in, and any other record is told to be none."""

import json
from typing import Any

from hypothesis import strategies as st
from test_journal import events

from fuzz.words import HOSTILE
from survey_cli.engine.codec import (
    EventDecodeError,
    JournalRecord,
    decode_record,
    encode_record,
    make_row_reader,
)
from survey_cli.engine.events import InterviewEvent

KEYS = (
    "kind", "at", "by", "station", "item", "turn", "value", "words", "decline", "of", "jump", "check", "reason",
    "text", "instrument", "seed", "case", "today", "sitting", "sample", "interviewer", "daypart", "language",
    "reopen", "outcome", "why", "missing", "date", "time",
)  # fmt: skip
KINDS = (
    "began", "resumed", "answered", "declined", "lookedup", "wentto", "confirmed", "kept", "noted", "language",
    "suspended", "stopped", "ended", "erased",
)  # fmt: skip
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(
        (
            *HOSTILE,
            *KINDS,
            "2000-06-01T18:04:05.000000Z",
            "2000-06-01",
            "12:30",
            "q1",
            "9999-12-31T23:59:59-14:00",
        )
    )
)
objects = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=10,
)


@st.composite
def near_events(draw: st.DrawFn) -> JournalRecord:
    """The record of an event with pieces of it replaced, dropped or added."""
    record = encode_record(draw(events))
    written: dict[str, Any] = json.loads(record.payload)
    for _ in range(draw(st.integers(0, 3))):
        key = draw(st.sampled_from((*written, *KEYS)))
        if draw(st.booleans()):
            written.pop(key, None)
        else:
            written[key] = draw(objects)
    changes: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "kind": st.sampled_from((*KINDS, *HOSTILE)),
                "item": st.none() | st.sampled_from(("q1", *HOSTILE)),
                "turn": st.none() | st.integers(),
                "at": st.sampled_from(
                    ("2000-06-01T18:04:05.000000Z", "9999-12-31T23:59:59-14:00", *HOSTILE)
                ),
            },
        )
    )
    return record._replace(payload=json.dumps(written), **changes)


cases = st.one_of(
    events, near_events(), objects.map(json.dumps), st.text(max_size=60), st.sampled_from(HOSTILE)
)


def check(case: InterviewEvent | JournalRecord | str) -> bool:
    """Out and back; whether it was an event. A text is taken as a payload and as a row of data."""
    if isinstance(case, str):
        return _read_text(case)
    if isinstance(case, JournalRecord):
        try:
            event = decode_record(case)
        except EventDecodeError:
            return False
    else:
        event = case
    _write_and_read(event)
    return True


def _write_and_read(event: InterviewEvent) -> None:
    record = encode_record(event)
    assert decode_record(record) == event
    record.payload.encode()
    assert "\n" not in record.payload


def _read_text(text: str) -> bool:
    was_event = False
    for kind in KINDS:
        item = (
            "q1"
            if kind in ("answered", "kept", "declined", "lookedup", "wentto", "confirmed", "noted")
            else None
        )
        try:
            event = decode_record(
                JournalRecord(kind, item, None, text, "2000-06-01T18:04:05.000000Z", "ann", "")
            )
        except EventDecodeError:
            continue
        _write_and_read(event)
        was_event = True
    try:
        make_row_reader(("integer", "date", "time"))(text)
    except EventDecodeError:
        return was_event
    return was_event
