"""An event comes back from its text as it went in, and any other text is told to be none."""

import json
from typing import Any

from hypothesis import strategies as st

from fuzz.words import HOSTILE
from survey_cli.engine.codec import (
    EventDecodeError,
    JournalRecord,
    decode_event,
    decode_record,
    encode_event,
    encode_record,
    make_row_reader,
)
from survey_cli.engine.events import InterviewEvent
from test_journal import events

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
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=10,
)


@st.composite
def near_events(draw: st.DrawFn) -> str:
    """The text of an event with pieces of it replaced, dropped or added."""
    written: dict[str, Any] = json.loads(encode_event(draw(events)))
    for _ in range(draw(st.integers(0, 3))):
        key = draw(st.sampled_from((*written, *KEYS)))
        if draw(st.booleans()):
            written.pop(key, None)
        else:
            written[key] = draw(objects)
    return json.dumps(written)


cases = st.one_of(events, near_events(), objects.map(json.dumps), st.text(max_size=60), st.sampled_from(HOSTILE))


def check(case: InterviewEvent | str) -> bool:
    """Out and back; whether it was an event."""
    if isinstance(case, str):
        try:
            event = decode_event(case)
        except EventDecodeError:
            _other_readers(case)
            return False
    else:
        event = case
    assert decode_event(encode_event(event)) == event
    assert decode_record(encode_record(event)) == event
    encode_event(event).encode()
    assert "\n" not in encode_event(event)
    return True


def _other_readers(text: str) -> None:
    """The same text as a payload and as a row of data."""
    for kind in KINDS:
        item = "q1" if kind in ("answered", "kept", "declined", "lookedup", "wentto", "confirmed", "noted") else None
        try:
            decode_record(JournalRecord(kind, item, None, text, "2000-06-01T18:04:05.000000Z", "ann", ""))
        except EventDecodeError:
            continue
    try:
        make_row_reader(("integer", "date", "time"))(text)
    except EventDecodeError:
        return
