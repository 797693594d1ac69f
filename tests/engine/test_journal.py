"""Events read back from their text are the events written; other texts are rejected."""

import json
import math
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey_cli.engine import events as ev
from survey_cli.engine.codec import (
    EventDecodeError,
    JournalRecord,
    decode_record,
    encode_cells,
    encode_record,
    encode_timestamp,
    make_row_reader,
)
from survey_cli.engine.erasure import CONTENT
from survey_cli.values import DK, NOT_ASKED, NOT_REACHED, REFUSED, Missing, Place

texts = st.text(
    st.characters(codec=None), max_size=12
)  # half surrogates too: a terminal can send anything
ids = st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True)
codes = st.integers(-99, 99) | st.sampled_from(["8", "08", "tv", "É", ""])
moments = st.datetimes(timezones=st.just(UTC))
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = numbers | texts | st.dates() | st.times() | st.lists(codes, max_size=4).map(tuple)
absences = ids.map(Missing) | st.sampled_from([DK, REFUSED, NOT_ASKED, NOT_REACHED])
stamps = st.builds(ev.EventStamp, at=moments, by=texts, station=texts)
places = st.builds(Place, item=ids | texts, turn=st.none() | st.integers(1, 40))
sittings = st.builds(ev.SessionContext, interviewer=texts, daypart=texts, language=ids)
words = st.dictionaries(codes, texts, max_size=3)

STRATEGIES = {
    ev.InterviewStarted: st.builds(
        ev.InterviewStarted,
        stamps,
        texts,
        st.integers(),
        texts,
        st.dates(),
        sittings,
        sample=st.dictionaries(texts, values | absences, max_size=3),
    ),
    ev.InterviewResumed: st.builds(ev.InterviewResumed, stamps, sittings, st.booleans()),
    ev.QuestionAnswered: st.builds(ev.QuestionAnswered, stamps, places, st.none() | values, words),
    ev.QuestionDeclined: st.builds(ev.QuestionDeclined, stamps, places, ids),
    ev.ValueComputed: st.builds(
        ev.ValueComputed, stamps, places, values | absences, st.integers(0, 99)
    ),
    ev.PositionMoved: st.builds(ev.PositionMoved, stamps, places, st.booleans()),
    ev.QueryConfirmed: st.builds(ev.QueryConfirmed, stamps, places, st.integers(0, 9), texts),
    ev.AnswerKept: st.builds(ev.AnswerKept, stamps, places),
    ev.NoteWritten: st.builds(ev.NoteWritten, stamps, places, texts),
    ev.LanguageChanged: st.builds(ev.LanguageChanged, stamps, ids),
    ev.InterviewSuspended: st.builds(ev.InterviewSuspended, stamps, ids | st.just("")),
    ev.InterviewStopped: st.builds(ev.InterviewStopped, stamps, ids),
    ev.InterviewEnded: st.builds(ev.InterviewEnded, stamps, ids),
    ev.InterviewMigrated: st.builds(
        ev.InterviewMigrated,
        stamps,
        texts,
        *2
        * [
            st.lists(
                st.builds(Place, item=ids, turn=st.none() | st.integers(1, 40)), max_size=3
            ).map(tuple)
        ],
        st.lists(
            st.tuples(st.builds(Place, item=ids), st.integers(0, 9), st.lists(texts).map(tuple))
        ).map(tuple),
    ),
    ev.AnswersErased: st.builds(
        ev.AnswersErased,
        stamps,
        texts,
        st.none() | st.dictionaries(texts, values | absences, max_size=3),
    ),
    ev.AnswerCoded: st.builds(
        ev.AnswerCoded,
        stamps,
        places,
        st.none() | st.lists(st.integers(0, 99), max_size=3).map(tuple),
        texts,
        st.sampled_from(["first", "second", "final"]),
        texts,
    ),
    ev.InterviewReviewed: st.builds(
        ev.InterviewReviewed,
        stamps,
        st.sampled_from(["drawn", "ok", "questionable", "falsified"]),
        texts,
    ),
}
events = st.one_of(*STRATEGIES.values())

NOON = ev.EventStamp(datetime(2000, 6, 1, 12, tzinfo=UTC), "ann", "s1")


def kinds(value):
    """The types within, so that 1, 1.0 and True are told apart where `==` does not."""
    if isinstance(value, tuple | list):
        return [type(value)] + [kinds(v) for v in value]
    return type(value)


def test_every_event_has_its_property():
    assert set(STRATEGIES) == set(get_args(ev.InterviewEvent))


def test_of_every_event_it_is_known_what_an_erasure_leaves() -> None:
    positions = {ev.PositionMoved, ev.AnswerKept, ev.LanguageChanged, ev.InterviewResumed}
    ends = {ev.InterviewSuspended, ev.InterviewStopped, ev.InterviewEnded}
    assert {*CONTENT, *positions, *ends, ev.InterviewStarted, ev.AnswersErased} == set(
        ev.EVENT_KINDS
    )
    assert all(fields.keys() <= set(event._fields) for event, fields in CONTENT.items())


@given(events)
def test_an_event_comes_back_equal_and_of_the_same_types(event):
    back = decode_record(encode_record(event))
    assert back == event
    for name in event._fields:
        if name not in ("specify_texts", "sample", "attributes", "remaining"):
            assert kinds(getattr(back, name)) == kinds(getattr(event, name))


@given(events)
def test_the_text_is_strict_json_that_a_file_can_hold_on_one_line(event):
    record = encode_record(event)
    record.payload.encode("utf-8")
    assert "\n" not in record.payload
    assert isinstance(json.loads(record.payload, parse_constant=pytest.fail), dict)
    assert record.kind == ev.EVENT_KINDS[type(event)]


@given(words, st.randoms(use_true_random=False))
def test_equal_events_have_equal_texts(given_words, dice):
    shuffled = list(given_words.items())
    dice.shuffle(shuffled)
    one, other = (
        ev.QuestionAnswered(NOON, Place("q"), 1, dict(w)) for w in (given_words.items(), shuffled)
    )
    assert encode_record(one) == encode_record(other)


def test_whole_and_text_codes_stay_distinct():
    event = ev.QuestionAnswered(NOON, Place("q", 2), (8, "8"), {8: "whole", "8": "text"})
    assert decode_record(encode_record(event)).specify_texts == {8: "whole", "8": "text"}
    assert encode_record(ev.QuestionAnswered(NOON, Place("q"), "8")) != encode_record(
        ev.QuestionAnswered(NOON, Place("q"), 8)
    )


def test_a_day_is_not_the_text_that_looks_like_it():
    day, text = (
        ev.QuestionAnswered(NOON, Place("q"), v) for v in (date(2000, 1, 31), "2000-01-31")
    )
    assert decode_record(encode_record(day)) == day != decode_record(encode_record(text)) == text


def test_the_line_is_readable_and_short():
    event = ev.QuestionAnswered(NOON, Place("age", 2), 41)
    assert encode_record(event) == JournalRecord(
        "answered", "age", 2, '{"value":41}', "2000-06-01T12:00:00.000000Z", "ann", "s1"
    )
    assert "señal" in encode_record(ev.NoteWritten(NOON, Place("q"), "señal")).payload


def test_moments_are_written_in_utc_and_need_a_zone():
    there = datetime(2000, 6, 1, 20, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert encode_timestamp(there) == "2000-06-02T01:30:00.000000Z"
    with pytest.raises(ValueError, match="zone"):
        encode_timestamp(datetime(2000, 6, 1))  # noqa: DTZ001 – that is the point


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_never_written(number):
    with pytest.raises(ValueError, match="JSON"):
        encode_record(ev.QuestionAnswered(NOON, Place("q"), number))


ANSWERED = JournalRecord(
    "answered", "q", None, '{"value":1}', "2000-06-01T12:00:00.000000Z", "ann", ""
)


@pytest.mark.parametrize(
    "record",
    [
        *(
            ANSWERED._replace(payload=payload)
            for payload in (
                "",
                "[]",
                "{",
                '{"value":NaN}',
                '{"value":true}',
                '{"value":{"missing":"dk"}}',
                '{"value":{"date":"31.1."}}',
                '{"value":[[1]]}',
                '{"value":1,"mood":"good"}',
                '{"words":' + "[" * 9999,
            )
        ),
        ANSWERED._replace(at="noon"),
        ANSWERED._replace(at="2000-06-01T12:00:00.000000"),
        ANSWERED._replace(item=None),
        ANSWERED._replace(kind="sang", payload="{}"),
        ANSWERED._replace(payload='{"value":07}'),
        ANSWERED._replace(kind="ended", item=None, payload='{"outcome":7}'),
        ANSWERED._replace(kind="ended", item=None, payload="{}"),
    ],
)
def test_a_record_that_is_no_event_is_told(record):
    assert isinstance(decode_record(ANSWERED), ev.QuestionAnswered)
    with pytest.raises(EventDecodeError):
        decode_record(record)


@given(st.text() | st.recursive(st.none() | st.booleans() | numbers | texts, st.lists).map(repr))
def test_any_payload_is_an_events_or_told(text):
    with pytest.raises(EventDecodeError):
        decode_record(ANSWERED._replace(payload=text))


CELLS = {
    "integer": st.integers(),
    "decimal": st.floats(allow_nan=False, allow_infinity=False),
    "text": texts,
    "date": st.dates(),
    "time": st.times(),
}
columns = st.lists(
    st.sampled_from(sorted(CELLS)).flatmap(lambda s: st.tuples(st.just(s), CELLS[s] | absences)),
    max_size=8,
)


@given(columns)
def test_a_row_comes_back_equal_by_its_storages(pairs):
    storages, cells = tuple(s for s, _ in pairs), tuple(c for _, c in pairs)
    text = encode_cells(cells)
    back = make_row_reader(storages)(text)
    assert back == cells
    assert kinds(back) == kinds(cells)
    assert len(json.loads(text)) == len(cells)


def test_a_row_is_written_so_that_sql_can_read_it():
    cells = (
        3,
        NOT_ASKED,
        DK,
        2.5,
        date(2000, 1, 31),
        time(12, 30),
        "null [1]",
        NOT_REACHED,
        (1, "b"),
    )
    text = encode_cells(cells)
    assert text == (
        '[3,null,{"missing":"dk"},2.5,"2000-01-31","12:30:00","null [1]",{"missing":"not_reached"},[1,"b"]]'
    )
    read = make_row_reader(
        ("integer", "integer", "integer", "decimal", "date", "time", "text", "text", "text")
    )
    assert read(text) == cells


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[1]", "[1,2,3]", '["x","31.1."]', '[1,{"mood":"good"}]', "[1,NaN]", "[" * 99999],
)
def test_a_text_that_is_no_such_row_is_told(text):
    with pytest.raises(EventDecodeError):
        make_row_reader(("integer", "date"))(text)
