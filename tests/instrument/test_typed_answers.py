"""Numbers, digits and declines as interviewers of different countries type them."""

from datetime import date

import pytest
from babel.dates import format_date
from hypothesis import given
from hypothesis import strategies as st

from support.scenario import STAMP, Scenario, scenario
from survey_cli.engine import prompts
from survey_cli.engine.codec import decode_record, encode_record
from survey_cli.engine.events import (
    NoteWritten,
    QuestionAnswered,
    QuestionDeclined,
    list_notes,
)
from survey_cli.entries import ExactText, PickEntry, Rejection, to_plain_text
from survey_cli.instrument.durations import DurationUnit
from survey_cli.instrument.texts.duration_text import format_duration, read_duration
from survey_cli.instrument.texts.number_text import (
    NumberRejection,
    format_number,
    list_number_readings,
    read_number,
)
from survey_cli.values import DK


@pytest.mark.parametrize(
    ("text", "unit", "language", "value"),
    [
        ("0:00", "minutes", "en", 0),
        ("1:30", "seconds", "en", 90),
        ("1:00:05", "seconds", "en", 3605),
        ("٩٠", "minutes", "ar", 90),
        ("1 Stunde 30", "minutes", "de", 90),
        ("2 Std.", "minutes", "de", 120),
        ("1,5 h", "minutes", "fr", 90),
        ("1 hora y 5 minutos", "minutes", "es", 65),
        ("1 d 12 h", "hours", "en", 36),
        ("2 weeks 1 day", "days", "en", 15),
        ("1:75", "minutes", "en", None),
        ("1h90", "minutes", "en", None),
        ("30 min 1 h", "minutes", "en", None),
        ("1.5", "minutes", "en", None),  # hours or minutes?
        ("1,000 h", "minutes", "en", None),  # a thousand, or one?
        ("1:30", "hours", "en", None),
        ("1:30", "days", "en", None),
        ("-5", "minutes", "en", None),
        ("", "minutes", "en", None),
        ("9999999999", "minutes", "en", None),
    ],
)
def test_a_length_of_time_is_typed(text: str, unit: str, language: str, value: int | None) -> None:
    found = read_duration(text, DurationUnit(unit), language)
    assert found == value if value is not None else isinstance(found, Rejection)


@given(st.integers(0, 999), st.sampled_from(DurationUnit), st.sampled_from(("en", "de", "es")))
def test_a_length_of_time_in_words_is_read_as_itself(
    value: int, unit: DurationUnit, language: str
) -> None:
    assert read_duration(format_duration(value, unit, language), unit, language) == value


def read(text: str, language: str, decimals: int = 0, low: float = 0, high: float = 1e9) -> object:
    number = read_number(
        text,
        language,
        decimals=decimals,
        why_not=lambda v: "" if low <= v <= high else f"{v} is out of range",
    )
    return number.values or number.reason if isinstance(number, NumberRejection) else number


@pytest.mark.parametrize(
    ("text", "language", "decimals", "value"),
    [
        ("12.000", "de", 0, 12_000),
        ("12.000", "pt", 0, 12_000),
        ("12.000", "id", 0, 12_000),
        ("2.500", "de", 2, 2_500),
        ("1.234,50", "de", 2, 1_234.5),
        ("12,5", "de", 1, 12.5),
        ("12.5", "de", 1, 12.5),
        ("12'000", "de-CH", 0, 12_000),
        ("12,000", "en", 0, 12_000),
        ("12,000", "en", 3, 12_000),
        ("2.375", "en", 3, 2.375),
        ("1,234.50", "en", 2, 1_234.5),
        ("1,25,000", "en", 0, 125_000),
        ("12 000", "fr", 0, 12_000),
        ("12\u202f000,5", "fr", 1, 12_000.5),
        ("१,२५,०००", "hi", 0, 125_000),
        ("٢", "ar", 0, 2),
        ("١٢٬٠٠٠", "ar", 0, 12_000),
        ("١٢٫٥", "ar", 1, 12.5),
        ("１２，０００", "ja", 0, 12_000),
        ("-5", "en", 0, -5),
        ("\N{MINUS SIGN}5", "de", 0, -5),
        (".5", "en", 1, 0.5),
    ],
)  # fmt: skip
def test_a_number_is_read_as_its_language_writes_it(
    text: str, language: str, decimals: int, value: float
) -> None:
    assert read(text, language, decimals, low=-10) == value


@pytest.mark.parametrize(
    ("text", "language", "decimals", "values"),
    [
        ("12.000", "en", 0, (12, 12_000)),
        ("12,000", "de", 0, (12, 12_000)),
        ("12,000", "es", 0, (12, 12_000)),
        ("2.500", "de", 3, (2_500, 2.5)),
        ("12.000", "fr", 0, (12_000, 12)),
    ],
)
def test_two_possible_readings_are_asked_about(
    text: str, language: str, decimals: int, values: tuple[float, ...]
) -> None:
    assert read(text, language, decimals) == values


@pytest.mark.parametrize(
    ("text", "language", "decimals", "why"),
    [
        ("12,5", "en", 1, "12,5 is not a number: write digits, such as 12,345.5"),
        ("2,500", "de", 0, "whole numbers only"),
        ("2.5", "de", 0, "whole numbers only"),
        ("2.55", "en", 1, "1 decimal place only"),
        ("12.000", "de", 0, "12000 is out of range"),
        ("1.2.3", "en", 1, "1.2.3 is not a number: write digits, such as 12,345.5"),
        ("007", "en", 0, "007 is not a number: write digits, such as 12,345"),
        ("9" * 16, "en", 0, "more than 15 digits are not stored exactly"),
        ("twelve", "de", 0, "twelve is not a number: write digits, such as 12.345"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused_with_words(
    text: str, language: str, decimals: int, why: str
) -> None:
    assert read(text, language, decimals, high=100) == why


def test_swiss_millions_keep_all_their_apostrophes() -> None:
    """Babel takes two of them for quotes."""
    assert [format_number(n, "de-CH") for n in (1234567, 10**9)] == ["1'234'567", "1'000'000'000"]
    assert format_number(1234567.25, "fr-CH") == "1'234'567,25"


@pytest.mark.parametrize(
    "language", ["en", "de", "fr", "pt", "hi", "ar", "ja", "es", "sv", "de-CH", "bn", "fa"]
)
def test_what_is_written_is_read_back_as_the_same_number(language: str) -> None:
    """Grouped and not, with three decimals, where a point or a comma could be mistaken most easily."""
    for value in (
        0,
        7,
        999,
        1000,
        12_000,
        1_234_567,
        -12_000,
        0.5,
        2.5,
        12.345,
        1_234.567,
        98_765.432,
    ):
        for grouped in (True, False):
            text = format_number(value, language, grouped=grouped)
            readings = list_number_readings(text, language)
            assert [r.value for r in readings if r.usual][:1] == [value], (text, readings)
            if not grouped:
                assert read(text, language, 3, low=-1e9) == value, text


def test_four_digits_are_written_as_they_are() -> None:
    assert [format_number(1985, language) for language in ("en", "de", "fr")] == ["1985"] * 3


# at a question

MONEY = """
instrument: money
title: Money
languages: [{language}]
items:
  - {{id: rent, type: number, text: Miete?, unit: Euro, decimals: {decimals}}}
  - {{id: next, type: number, text: Und?}}
"""


def money(language: str, decimals: int = 0) -> Scenario:
    return scenario(MONEY.format(language=language, decimals=decimals))


def test_a_german_twelve_thousand_is_kept_and_echoed_as_such() -> None:
    asked = money("de", 2)
    assert prompts.describe_reply(asked.interview, "12.000") == "12.000 Euro"
    assert asked.keys("12.000").data == {"rent": 12_000}
    assert asked.keys("2.500").data == {"rent": 2_500}
    assert asked.keys("12000", ".back").earlier == "answer: 12.000 Euro"


def test_a_doubtful_number_is_kept_only_once_one_meaning_was_chosen() -> None:
    asked = money("en")
    event = prompts.parse_reply(asked.interview, "12.000", STAMP)
    assert isinstance(event, Rejection)
    assert event.why == "12.000: 12 or 12,000?"
    assert [meaning.label for meaning in event.meanings] == ["12 Euro", "12,000 Euro"]
    assert asked.keys("12.000").data == {}
    for meaning, value in zip(event.meanings, (12, 12_000), strict=True):
        assert isinstance(meaning.reply, str)
        assert asked.keys(meaning.reply).data == {"rent": value}
    assert prompts.describe_reply(asked.interview, "12.000") == event.why


def test_a_number_given_before_is_kept_by_enter_in_any_language() -> None:
    asked = money("de", 3).keys("12,345", ".back")
    assert asked.asked.earlier is not None
    assert asked.asked.earlier.typed_text == "12,345"
    assert asked.keys("").data == {"rent": 12.345}
    assert asked.keys(asked.asked.earlier.typed_text).data == {"rent": 12.345}


DIGITS = """
instrument: digits
title: Digits
languages: [en, ar]
declines:
  dk: {code: -8, text: {en: Don't know, ar: لا أعرف}, key: {en: d, ar: ي}}
  refused: {code: -9, text: {en: Refused, ar: رفض}, key: r}
items:
  - {id: one, type: single, text: One?, options: {1: A, 2: B, 12: C}}
  - {id: many, type: multiple, text: Many?, options: {1: A, 2: B, 3: C}}
  - {id: born, type: date, text: Born?}
  - {id: at, type: time, text: When?}
  - {id: postcode, type: text, text: Postcode?, pattern: "99999"}
  - {id: why, type: verbatim, text: Why?}
"""


def test_digits_of_any_script_are_digits() -> None:
    done = scenario(DIGITS, language="ar").keys("٢", "१ ３", "٣/٤/١٩٨٥", "٩:٣٠", "١٢٣٤٥", "٢")
    assert {name: str(value) for name, value in done.data.items()} == {
        "one": "2", "many": "(1, 3)", "born": "1985-04-03", "at": "09:30:00", "postcode": "12345", "why": "٢",
    }  # fmt: skip
    pick = scenario(DIGITS).asked.entry
    assert isinstance(pick, PickEntry)
    assert (
        pick.is_complete_code("٢"),
        pick.is_complete_code("١"),
        pick.is_code_prefix("١"),
        pick.is_complete_code("١٢"),
    ) == (True, False, True, True)


def test_the_key_of_a_decline_is_that_of_the_language() -> None:
    english, arabic = scenario(DIGITS), scenario(DIGITS, language="ar")
    assert [d.key for d in english.asked.declines] == ["d", "r"]
    assert [d.key for d in arabic.asked.declines] == ["ي", "r"]
    assert arabic.keys("ي").data == {"one": DK}
    assert english.keys("ي").data == {}


def test_the_key_of_a_decline_and_enter_declines_where_it_can_be_no_answer() -> None:
    asked = scenario(DIGITS).keys("2", "D", "d", "d", "d")
    assert asked.data == {"one": 2, "many": DK, "born": DK, "at": DK, "postcode": DK}
    assert prompts.describe_reply(scenario(DIGITS).keys("2", "1").interview, "d") == "Don't know"


def test_words_that_equal_the_key_of_a_decline_are_asked_about() -> None:
    asked = scenario(DIGITS).keys("2", "1", "d", "d", "12345")
    event = prompts.parse_reply(asked.interview, "d", STAMP)
    assert isinstance(event, Rejection)
    assert event.why == "d: Don't know, or the text itself?"
    decline, text = event.meanings
    assert isinstance(
        prompts.build_decline(asked.interview, decline.decline, STAMP), QuestionDeclined
    )
    assert isinstance(text.reply, ExactText)
    kept = prompts.parse_reply(asked.interview, text.reply, STAMP)
    assert isinstance(kept, QuestionAnswered)
    assert kept.value == "d"


def test_a_code_that_is_the_key_of_a_decline_is_the_code() -> None:
    asked = scenario("items:\n  - {id: q, type: single, text: Q?, options: {r: Radio, tv: TV}}\n")
    assert asked.keys("r").data == {"q": "r"}
    assert asked.keys(".refused").data != {"q": "r"}


# notes, and what is read after a resume

BATTERY = """
items:
  - id: part
    type: section
    intro: Now about your work.
    items:
      - {id: job, type: text, text: Job?}
      - id: m
        type: battery
        intro: I'll read some statements.
        scale: agree
        statements: {s1: It is hard., s2: It is long., s3: It is dull.}
scales: {agree: {1: Agree, 2: Disagree}}
"""


def test_introductions_are_read_again_at_the_first_item_after_a_resume() -> None:
    first = scenario(BATTERY)
    assert to_plain_text(first.asked.intro) == "Now about your work."
    second = first.keys("Clerk", "1")
    assert to_plain_text(second.asked.intro) == ""
    resumed = second.keys(".suspend", ".resume")
    assert to_plain_text(resumed.asked.intro) == "Now about your work.\nI'll read some statements."
    noted = resumed.keys(".note they were short of time")
    assert noted.asked.intro == resumed.asked.intro
    assert to_plain_text(resumed.keys("1").asked.intro) == ""
    assert to_plain_text(resumed.keys(".back").asked.intro) == "I'll read some statements."
    # nobody had left it: the interviewer has only changed to the other face of her seat
    assert to_plain_text(second.keys(".resume").asked.intro) == ""
    assert to_plain_text(first.keys(".resume").asked.intro) == "Now about your work."


def test_a_note_is_replaced_by_an_event_and_the_old_text_stays() -> None:
    noted = scenario(BATTERY).keys(".note sure", "Clerk", ".note tired")
    first, second = list_notes(noted.interview.events)
    assert (first.text, str(first.place), second.text, str(second.place)) == (
        "sure",
        "job",
        "tired",
        "s1",
    )
    changed = noted.step(NoteWritten(STAMP, first.place, "not so sure", first.seq))
    again = list_notes(changed.interview.events)
    assert [note.text for note in again] == ["not so sure", "tired"]
    twice = changed.step(NoteWritten(STAMP, first.place, "quite sure", again[0].seq))
    assert [note.text for note in list_notes(twice.interview.events)] == ["quite sure", "tired"]
    texts = [event.text for event in twice.interview.events if isinstance(event, NoteWritten)]
    assert texts == ["sure", "tired", "not so sure", "quite sure"]
    event = NoteWritten(STAMP, first.place, "x", first.seq)
    assert decode_record(encode_record(event)) == event
    assert noted.step(NoteWritten(STAMP, first.place, "x", 1)).why == "there is no such note"


# dates, as every language writes them


def born(text: str, language: str) -> object:
    source = f"instrument: d\ntitle: D\nlanguages: [{language}]\nitems:\n  - {{id: d, type: date, text: D?}}\n"
    event = prompts.parse_reply(scenario(source).interview, text, STAMP)
    return event.value if isinstance(event, QuestionAnswered) else event.why  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "language",
    [
        *(
            "ar",
            "bn",
            "cs",
            "da",
            "de",
            "el",
            "en",
            "es",
            "fa",
            "fi",
            "fr",
            "hi",
            "hu",
            "id",
            "it",
            "ja",
            "ko",
        ),
        *("nl", "pl", "pt", "ru", "sv", "ta", "te", "tr", "uk", "ur", "vi", "zh"),
    ],
)
def test_a_date_that_the_program_prints_can_be_typed(language: str) -> None:
    """In every month, with and without its weekday; the forms are those that fills print."""
    for month in range(1, 13):
        day = date(2026, month, 24)
        shown = [
            format_date(day, "d MMMM y", locale=language),
            format_date(day, "long", locale=language),
        ]
        if language not in ("zh", "ja", "vi"):
            shown.append(format_date(day, "EEEE d MMMM y", locale=language))
        for text in shown:
            assert born(text, language) == day, text
            assert born("".join(c for c in text if c not in "\u200e\u200f\u061c"), language) == day


def test_a_weekday_that_is_not_the_dates_is_asked_about() -> None:
    assert born("Sunday 3 March 1985", "en") == date(1985, 3, 3)
    assert (
        born("Monday 3 March 1985", "en")
        == "Sunday 3 March 1985, not a Monday: which date is meant?"
    )
    assert (
        born("Montag, 3. März 1985", "de")
        == "Sunday 3 March 1985, not a Monday: which date is meant?"
    )
    assert born("3 mar 1985", "es") == date(1985, 3, 3), "short for marzo, not martes"
    assert born("1985年3月3日", "ja") == date(1985, 3, 3)


@given(
    st.sampled_from(
        ["en", "de", "fr", "pt", "es", "hi", "ar", "ja", "sv", "de-CH", "pl", "ru", "tr", "id"]
    ),
    st.integers(0, 4),
    st.integers(-(10**11), 10**11),
    st.booleans(),
)
def test_no_number_is_read_as_another_than_its_language_writes(
    language: str, decimals: int, units: int, grouped: bool
) -> None:
    """It is read as itself, or it is asked about and itself is among the answers."""
    value = round(units / 10**decimals, decimals) if decimals else units
    text = format_number(value, language, grouped=grouped)
    number = read_number(text, language, decimals=decimals, why_not=lambda _: "")
    if isinstance(number, NumberRejection):
        assert value in number.values, (text, number)
    else:
        assert number == value, text


@given(st.text(max_size=20), st.sampled_from(["en", "de", "ar", "xx"]), st.integers(0, 3))
def test_any_text_is_a_number_or_is_refused_with_words(
    text: str, language: str, decimals: int
) -> None:
    number = read_number(
        text, language, decimals=decimals, why_not=lambda v: "" if v >= 0 else "too small"
    )
    assert number.reason if isinstance(number, NumberRejection) else number >= 0
