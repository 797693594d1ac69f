"""Any text typed at any item is an answer or a reason why it is none; an answer is taken again from its journal, and
from what would be typed to give it again."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from functools import cache

from hypothesis import strategies as st

from fuzz.words import HOSTILE, hostile, moments
from survey_cli.engine.codec import decode_record, encode_record
from survey_cli.engine.events import EventStamp, QuestionAnswered
from survey_cli.entries import PickEntry, PickReply, Rejection, Reply
from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.expressions.known import NOTHING_KNOWN
from survey_cli.instrument.schema.items.question import AnswerWording, CompiledItem, ItemContext
from survey_cli.instrument.source.load import load_source_text
from survey_cli.instrument.texts.date_text import format_date, format_time, read_date, read_time
from survey_cli.values import Code, Place

INSTRUMENT = """\
instrument: every_kind
title: Every kind
scales:
  agree: {1: Agree, 2: Disagree, 9: {text: No opinion, read: false}}
declines:
  dk: {code: -9998, text: Don't know, key: d}
  refused: {code: -9999, text: Refused, key: r}
  not_asked: {code: -9996, text: Not asked}
  not_reached: {code: -9997, text: Not reached}
items:
  - {id: hello, type: read, text: "This is {interviewer}."}
  - {id: yes_no, type: single, text: Yes?, options: {1: "Yes", 2: "No"}}
  - {id: letters, type: single, text: Which?, options: {tv: TV, TVX: Cable, É: Other, "10": ten, "1": one}}
  - {id: other, type: single, text: Which?, options: {1: This, 7: {text: Else, specify: true}}}
  - {id: agree, type: scale, text: Agree?, scale: agree}
  - {id: points, type: scale, text: How much?, from: 0, to: 10, labels: {0: None, 10: All}}
  - {id: points_151, type: scale, text: How much?, from: -50, to: 100, labels: {0: None}}
  - {id: media, type: multiple, text: Which?, options: {1: TV, 2: Radio, 3: {text: Else, specify: true},
      4: {text: More, specify: true}, 9: {text: None, exclusive: true}}, max: 3}
  - {id: none, type: multiple, text: Which?, options: {1: TV, 2: Radio}, min: 0, mentions: ordered}
  - {id: hours, type: number, text: How many?, max: 168, options: {997: more}}
  - {id: money, type: number, text: How much?, min: -9000, decimals: 2}
  - {id: exact, type: number, text: How much?, min: -0.5, max: 0.5, decimals: 6}
  - {id: open, type: number, text: How much?}
  - {id: name, type: text, text: Who?}
  - {id: postcode, type: text, text: Where?, pattern: "A9X-9"}
  - {id: why, type: verbatim, text: Why?}
  - {id: born, type: date, text: When?}
  - {id: about, type: date, text: When?, partial: true, typed_as: mdy}
  - {id: at, type: time, text: When?}
  - {id: arm, type: split, arms: {a: 1, b: 1}}
  - {id: bye, type: read, text: Goodbye.}
"""
STAMP = EventStamp(datetime(2026, 11, 24, 12, tzinfo=UTC), "ann")


@cache
def leaves() -> Mapping[str, CompiledItem]:
    """Items of every type and some of their variants."""
    found = check_instrument(load_source_text(INSTRUMENT, "every_kind.yaml"))
    assert found.instrument is not None, [str(p) for p in found.problems]
    return found.instrument.items


ITEMS = (
    "hello", "yes_no", "letters", "other", "agree", "points", "points_151", "media", "none", "hours", "money", "exact",
    "open", "name", "postcode", "why", "born", "about", "at", "arm", "bye",
)  # fmt: skip
CODES = (
    "1",
    "2",
    "3",
    "4",
    "7",
    "9",
    "10",
    "tv",
    "TV",
    "tvx",
    "É",
    "é",
    "É",
    "-50",
    "997",
    "12.50",
    "0.5",
    "-0.0",
)
codes = st.lists(st.sampled_from((*CODES, " ", ",", ";", "words")), max_size=8).map(" ".join)
numbers = st.decimals(allow_nan=False, allow_infinity=False).map(
    lambda d: format(d, "f")[:24]
) | st.integers().map(str)
replies = st.one_of(
    hostile,
    codes,
    numbers,
    moments,
    st.dates(date(1700, 1, 1), date(2300, 1, 1)).map(date.isoformat),
    st.times().map(lambda t: t.strftime("%H:%M")),
    st.from_regex(r"[A-Za-z]\d[A-Za-z0-9]-\d", fullmatch=True),
    st.builds(
        PickReply,
        st.lists(
            st.sampled_from([1, 2, 3, 4, 7, 9, 10, "1", "tv", "É", True, -50]), max_size=4
        ).map(tuple),
        st.dictionaries(st.sampled_from([1, 3, 4, 7, "tv"]), st.sampled_from(HOSTILE), max_size=2),
    ),
)
cases = st.tuples(st.sampled_from(ITEMS), replies)


def check(case: tuple[str, Reply]) -> bool:
    """Type it; whether it was an answer."""
    item, reply = case
    leaf = leaves()[item]
    question = leaf.question
    asking = ItemContext(item=leaf, known=NOTHING_KNOWN, language="en", options=leaf.options)
    entry = question.build_entry(asking)
    if isinstance(entry, PickEntry) and isinstance(reply, str):
        assert isinstance(entry.parse(reply), PickReply | Rejection)
        entry.is_complete_code(reply), entry.is_code_prefix(reply), entry.find_option(reply)
    reading = question.parse_reply(asking, reply)
    if isinstance(reading, Rejection):
        assert reading.why.strip(), "not taken, and no reason"
        return False
    value, words = reading.value, reading.words
    if value is None:
        return True
    assert question.why_invalid(asking, value) == "", f"{value!r} was taken and does not fit"
    event = QuestionAnswered(STAMP, Place(item), value, words)
    kept = decode_record(encode_record(event))
    assert isinstance(kept, QuestionAnswered)
    assert kept == event
    assert question.why_invalid(asking, kept.value) == "", (
        f"{value!r} no longer fits when it comes from its journal"
    )
    assert isinstance(question.format_answer(leaf, value, AnswerWording("en", words)), str)
    assert len(question.build_cells(leaf, value, words)) == len(
        question.build_variables(leaf, "en")
    )
    _typed_again(asking, value, words)
    return True


def _typed_again(asking: ItemContext, value: object, words: Mapping[Code, str]) -> None:
    """What would be typed to give it again gives it again; two options with words don't fit on one line."""
    question = asking.item.question
    if len(words) > 1:
        return
    typed = question.format_as_typed(value, words, "en")  # type: ignore[arg-type]
    again = question.parse_reply(asking, typed)
    assert not isinstance(again, Rejection), f"{value!r} would be typed {typed!r}, but: {again.why}"
    assert again.value == value, f"{value!r} would be typed {typed!r}, which is {again.value!r}"
    assert dict(again.words) == dict(words), (
        f"{words!r} would be typed {typed!r}, which is {again.words!r}"
    )


clock_cases = st.tuples(moments | hostile, st.booleans(), st.booleans())


def check_clock(case: tuple[str, bool, bool]) -> bool:
    """Read a date and a time; whether it was either."""
    text, month_first, partial = case
    day = read_date(text, month_first=month_first, partial=partial)
    if isinstance(day, Rejection):
        assert day.why.strip()
    else:
        assert partial or isinstance(day, date)
        typed = day.isoformat() if isinstance(day, date) else day
        assert read_date(typed, month_first=month_first, partial=partial) == day
        said = format_date(day)
        without_weekday = said.split(" ", 1)[1] if isinstance(day, date) else said
        assert read_date(without_weekday, month_first=month_first, partial=partial) == day, said
    hour = read_time(text)
    if isinstance(hour, Rejection):
        assert hour.why.strip()
    else:
        assert isinstance(hour, time)
        assert read_time(hour.strftime("%H:%M")) == hour
        assert format_time(hour).startswith(hour.strftime("%H:%M"))
    return not (isinstance(day, Rejection) and isinstance(hour, Rejection))
