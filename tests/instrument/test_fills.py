"""Fills: what stands in braces is rendered in words, in every language; no text ends an interview."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.mistake_tables import HEAD, said
from support.scenario import Scenario, scenario, source_of
from survey_cli.documents.questionnaire.questionnaire import build_booklet
from survey_cli.engine.asked_items import list_asked
from survey_cli.engine.events import NoteWritten
from survey_cli.engine.prompts import describe_reply
from survey_cli.entries import to_plain_text
from survey_cli.instrument.compiled.compiler import compile_instrument
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.expressions.conditions import Scope, ValueType
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.open_instrument import StoredText, rebuild_instrument
from survey_cli.instrument.source.load import load_source_text
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts import templates
from survey_cli.instrument.texts.languages import join_list
from survey_cli.instrument.texts.number_text import CARDINALS, spell_ordinal
from survey_cli.instrument.texts.templates import compile_text
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume
from survey_cli.store import Store
from survey_cli.values import NOT_ASKED

FAMILY = """\
instrument: family
title: {en: Family, es: Familia}
languages: [en, es]
items:
  - id: person
    type: roster
    count: "2"
    max: 3
    items:
      - {id: name, type: text, text: {en: "Who is the {turn:ordinal} of {turn:words}?", es: "¿La {turn:ordinal} de {turn:words}?"}}
      - id: likes
        type: single
        text: {en: "And {name|he}?", es: "¿Y {name|él}?"}
        options: {1: {en: "{name|he} agrees", es: "{name|él} sí"}, 2: {en: "Disagrees", es: "No"}}
  - id: head
    type: single
    text: {en: Who decides?, es: ¿Quién decide?}
    options:
      1: {en: "{person[1].name|first}", es: "{person[1].name|primero}"}
      2: {en: "{person[2].name|second}", es: "{person[2].name|segundo}"}
  - {id: so, type: read, text: {en: "So {head|x} decides; {person[1].likes|x}.", es: "Pues {head|x} decide; {person[1].likes|x}."}}
  - id: used
    type: multiple
    text: {en: Whose?, es: ¿De quién?}
    options:
      1: {text: {en: "{person[1].name|first}'s", es: "de {person[1].name|primero}"}, label: {en: First, es: Primero}}
      2: {en: "{person[2].name|second}'s", es: "de {person[2].name|segundo}"}
  - id: cars
    type: roster
    each: used
    max: 2
    items:
      - {id: old, type: number, max: 9, options: {8: {en: "{head|x}: 8 or more", es: "{head|x}: 8 o más"}}, text: {en: "How old is {each}?", es: "¿De {each}?"}}
      - {id: color, type: single, options: {1: {en: "{each} is red", es: "{each} es rojo"}, 2: {en: Other, es: Otro}}, text: {en: "{old|x}?", es: "¿{old|x}?"}}
      - {id: bought, type: date, partial: true, text: {en: When?, es: ¿Cuándo?}}
  - {id: bye, type: read, text: {en: "{used|x}; {cars[1].color|x}; {cars[1].bought|x}, {cars[2].bought|x}", es: "{used|x}; {cars[1].color|x}; {cars[1].bought|x}, {cars[2].bought|x}"}}
"""  # noqa: E501
KEYS = ("Ann", "1", "Bob", "2", "2", "", "2 1", "8", "1", "1950-03", "3", "2", "1950")


def texts_read(language: str, *keys: str) -> list[str]:
    """What is read at each place on the way, that of the last one included."""
    now, read = scenario(FAMILY, language=language), []
    for key in keys:
        read.append(now.words)
        now = now.key(key)
        assert not now.why, (key, now.why)
    return [*read, now.words]


# the texts of options


def test_an_options_text_is_filled_in_wherever_the_option_is() -> None:
    read = texts_read("en", *KEYS)
    assert "So Bob decides; Ann agrees." in read
    assert "How old is Ann's?" in read
    assert "Bob: 8 or more?" in read
    assert read[-1] == "Ann's and Bob's; Ann's is red; March 1950, 1950"


def test_and_so_in_every_language() -> None:
    read = texts_read("es", *KEYS)
    assert "Pues Bob decide; Ann sí." in read
    assert "¿De de Ann?" in read
    assert "¿Bob: 8 o más?" in read
    assert read[-1] == "de Ann y de Bob; de Ann es rojo; marzo de 1950, 1950"


def test_the_interviewer_is_shown_the_same_words() -> None:
    now = scenario(FAMILY).keys(*KEYS[:4])
    assert now.offered == {1: "Ann", 2: "Bob"}
    assert describe_reply(now.interview, "2") == "2 Bob"
    now = now.keys(*KEYS[4:7])
    assert to_plain_text(now.asked.turn) == "Ann's"
    assert describe_reply(now.interview, "8") == "8 Bob: 8 or more"
    now = now.keys(*KEYS[7:])
    told = {str(v.place): (v.text, v.answer) for v in list_asked(now.interview)}
    assert told["head"] == ("Who decides?", "2 Bob")
    assert told["likes#2"] == ("And Bob?", "2 Disagrees")
    assert told["likes#1"] == ("And Ann?", "1 Ann agrees")
    assert (
        told["used"][1] == "1 First, 2 Bob's"
    )  # an option's own label, then the text of one that has none
    assert told["color#1"] == ("Bob: 8 or more?", "1 Ann's is red")
    assert now.keys(".jump head").earlier == "answer: 2 Bob"


def test_print_says_what_is_filled_in_by_its_name() -> None:
    made = compile_instrument(source_of(FAMILY))[0]
    assert made is not None
    printed = repr(build_booklet(made, ("en",)))
    assert "name of person 2" in printed
    assert "first, second, third …" in printed
    assert "{" not in printed


def test_a_compute_that_passes_a_code_on_says_its_text() -> None:
    text = """
compute: {chosen: "first if answered(first) else second", same: first}
scales: {towns: {1: Springfield, 2: Shelbyville}}
items:
  - {id: first, type: single, options: towns, text: First?}
  - {id: second, type: single, options: towns, text: Second?}
  - {id: so, type: read, text: "{chosen|x}, {same|x}, {chosen:code|x}"}
"""
    assert scenario(text).keys("1", "2").words == "Springfield, Springfield, 1"
    assert scenario(text).keys(".dk", "2").words == "Shelbyville, x, 2"


def test_no_answer_of_several_is_said_by_the_words_for_that() -> None:
    text = """
items:
  - {id: m, type: multiple, min: 0, options: {1: A, 2: B}, text: Which?}
  - {id: so, type: read, text: "You named {m|none}."}
"""
    assert scenario(text).keys("").words == "You named none."
    assert scenario(text).keys("2").words == "You named B."


# formats


@pytest.mark.parametrize(("format", "value", "words"), [
    ("ordinal", 2, "second"), ("ordinal", 12, "twelfth"), ("ordinal", 13, "13th"), ("ordinal", 21, "21st"),
    ("ordinal", 111, "111th"), ("ordinal", 0, "0"), ("ordinal", 2.5, "2.5"), ("words", 2, "two"), ("words", 0, "zero"),
    ("words", 13, "13"), ("words", -1, "-1"), (",.0f", 2500.4, "2,500"), ("d", 2.5, "2"), (",d", 2500.0, "2,500"),
    (".1", 2, "2.0"), (".0%", 0.25, "25%"), (",", 2500, "2,500"), ("%", 0.5, "50%"), ("", 0.1, "0.1"),
    (",", 12345.6, "12,345.6"), ("f", 2.5, "2.5"),
])  # fmt: skip
def test_a_number_is_said_in_its_format(format: str, value: float, words: str) -> None:
    scope = Scope({"n": ValueType("number")}, languages=("en",))
    template, problems = compile_text(
        Text.from_string(f"{{n:{format}}}" if format else "{n}"), scope, who="q"
    )
    assert problems == []
    assert to_plain_text(template.fill(Known({"n": value}), "en")) == words


@pytest.mark.parametrize(("language", "format", "words"), [
    ("de", ",.1f", "12.345,6"), ("de", "", "12345,6"), ("es", ",.0f", "12.346"), ("fr", ",.0f", "12\u202f346"),
    ("en-gb", ",.1f", "12,345.6"), ("xx", ",.1f", "12,345.6"), ("hi", ",.2f", "12,345.60"), ("de-ch", ",", "12'345.6"),
    ("de", "EUR", "12.345,60\xa0€"), ("en", "USD", "$12,345.60"), ("pt-br", "BRL", "R$\xa012.345,60"),
    ("ja", "JPY", "￥12,346"), ("de", ".0%", "1234560\xa0%"), ("tr", "%", "%1234560"),
])  # fmt: skip
def test_a_number_is_read_as_it_is_typed_in_the_language(
    language: str, format: str, words: str
) -> None:
    scope = Scope({"n": ValueType("number")}, languages=(language,))
    template, problems = compile_text(
        Text.from_string(f"{{n:{format}}}" if format else "{n}"), scope, who="q"
    )
    assert problems == []
    assert to_plain_text(template.fill(Known({"n": 12345.6}), language)) == words


@pytest.mark.parametrize(("language", "number", "money"), [
    ("hi", "25,12,345", "₹25,12,345"), ("en-in", "25,12,345", "₹25,12,345"), ("bn", "25,12,345", "25,12,345₹"),
    ("en", "2,512,345", "₹2,512,345"), ("fr", "2\u202f512\u202f345", "2\u202f512\u202f345\xa0₹"),
])  # fmt: skip
def test_digits_are_grouped_as_the_language_groups_them(
    language: str, number: str, money: str
) -> None:
    scope = Scope({"n": ValueType("number")}, languages=(language,))
    template, problems = compile_text(Text.from_string("{n:,}/{n:INR}"), scope, who="q")
    assert problems == []
    assert to_plain_text(template.fill(Known({"n": 2512345}), language)) == f"{number}/{money}"


@pytest.mark.parametrize(("language", "either", "both"), [
    ("en", "A, B or C", "A, B and C"), ("en-gb", "A, B or C", "A, B and C"), ("de", "A, B oder C", "A, B und C"),
    ("es-mx", "A, B o C", "A, B y C"), ("ja", "A、B、またはC", "A、B、C"), ("ar", "A أو B أو C", "A وB وC"),
    ("hi", "A, B या C", "A, B और C"), ("tr", "A, B veya C", "A, B ve C"), ("zh", "A、B或C", "A、B和C"),
    ("xx", "A, B, or C", "A, B, and C"),
])  # fmt: skip
def test_lists_are_joined_as_the_language_joins_them(language: str, either: str, both: str) -> None:
    labels = {
        n: compile_text(Text.from_string(letter), Scope({}), who="q")[0]
        for n, letter in enumerate("ABC", 1)
    }
    scope = Scope({"m": ValueType("codes", labels=labels)}, languages=(language,))
    template, problems = compile_text(Text.from_string("{m}"), scope, who="q")
    assert problems == []
    assert to_plain_text(template.fill(Known({"m": (1, 2, 3)}), language)) == both
    assert join_list(("A", "B", "C"), language, "or") == either


@pytest.mark.parametrize(("language", "text", "lower", "upper", "title"), [
    ("de", "das Internet", "das Internet", "DAS INTERNET", "Das Internet"),
    ("en", "the Internet", "the internet", "THE INTERNET", "The Internet"),
    ("tr", "iIlık İş", "iılık iş", "İILIK İŞ", "İIlık İş"),
])  # fmt: skip
def test_letters_change_their_case_as_the_language_writes_them(
    language: str, text: str, lower: str, upper: str, title: str
) -> None:
    scope = Scope({"t": ValueType("text")}, languages=(language,))
    template, problems = compile_text(
        Text.from_string("{t:lower}/{t:upper}/{t:title}"), scope, who="q"
    )
    assert problems == []
    assert to_plain_text(template.fill(Known({"t": text}), language)) == f"{lower}/{upper}/{title}"


def test_the_words_for_no_answer_are_read_as_they_are() -> None:
    template, _ = compile_text(
        Text.from_string("{t:upper|you}"), Scope({"t": ValueType("text")}), who="q"
    )
    assert to_plain_text(template.fill(Known({"t": NOT_ASKED}), "en")) == "you"


def test_a_half_of_the_day_is_named_in_the_language() -> None:
    fill = templates.TextFill("v", ValueType("time"), format="%I:%M %p")
    for language, expected in (
        ("en", "05:30 PM"),
        ("es", "05:30 p.\u202fm."),
        ("ja", "05:30 午後"),
    ):
        template = templates.Template(Text.from_string("x"), {language: (((fill,), False),)}, {})
        assert to_plain_text(template.fill(Known({"v": time(17, 30)}), language)) == expected


@pytest.mark.parametrize(
    "value", [date(2026, 11, 25), datetime(2026, 11, 25, 9, 30, tzinfo=UTC), time(9, 30), "2026-11"]
)
@pytest.mark.parametrize("format", ["upper", "lower", "title", "code"])
def test_the_name_of_a_format_is_never_read(value: object, format: str) -> None:
    scope = Scope(
        {"d": ValueType("time" if isinstance(value, time) else "date")}, languages=("en",)
    )
    template, problems = compile_text(Text.from_string(f"{{d:{format}}}"), scope, who="q")
    assert problems == []
    plainly = (
        "09:30"
        if isinstance(value, time)
        else "November 2026"
        if isinstance(value, str)
        else "25 November 2026"
    )
    assert to_plain_text(template.fill(Known({"d": value}), "en")).casefold() == plainly.casefold()


@pytest.mark.parametrize(("language", "first", "second", "two"), [
    ("en", "first", "second", "two"), ("en-gb", "first", "second", "two"), ("es", "1.º", "2.º", "dos"),
    ("fr", "1er", "2e", "deux"), ("de", "1.", "2.", "zwei"), ("pt-br", "1.º", "2.º", "dois"), ("it", "1º", "2º", "due"),
    ("nl", "1e", "2e", "twee"),
])  # fmt: skip
def test_ordinals_and_words_by_language(language: str, first: str, second: str, two: str) -> None:
    assert (spell_ordinal(1, language), spell_ordinal(2, language)) == (first, second)
    scope = Scope({"n": ValueType("number")}, languages=(language,))
    template, problems = compile_text(Text.from_string("{n:words} {n:ordinal}"), scope, who="q")
    assert problems == []
    assert to_plain_text(template.fill(Known({"n": 2}), language)) == f"{two} {second}"


def test_every_language_has_the_same_numbers() -> None:
    assert {len(words.split()) for words in CARDINALS.values()} == {13}


ITEM = "  - {{id: q, type: roster, count: '2', max: 2, items: [{{id: a, type: number, text: '{}'}}]}}\n"


@pytest.mark.parametrize("fill", [
    "{turn:ordinals}", "{turn:code2}", "{today:foo}", "{interviewer:d}", "{daypart:%A}", "{case:,}", "{turn:.1d}",
    "{turn:lower:title}", "{today:words}", "{n:foo}", "{n:EUX}", "{n:.1d}", "{c:ordinal}", "{born:foo}", "{name:words}",
])  # fmt: skip
def test_an_unknown_format_is_a_problem(fill: str) -> None:
    items = (
        "  - {id: n, type: number, declines: [], text: N?}\n  - {id: name, type: text, declines: [], text: N?}\n"
        "  - {id: c, type: single, options: {1: x, 2: y}, declines: [], text: C?}\n"
        "  - {id: born, type: date, declines: [], text: B?}\n"
    )
    (line,) = said(HEAD + items + ITEM.format(fill))
    assert "[bad-format, " in line
    assert line.startswith("! ")


def test_a_language_without_ordinals_is_a_problem() -> None:
    head = "instrument: t\ntitle: {hi: T}\nlanguages: [hi]\nitems:\n"
    (line,) = said(head + ITEM.format("{turn:ordinal}"))
    assert "'ordinal' is available in en, es, fr, de, pt, it, nl, not in hi" in line


def test_what_was_stored_with_an_unknown_format_is_still_read() -> None:
    text = "instrument: t\ntitle: T\nitems:\n" + ITEM.format("{turn:foo} {today:bar}")
    made = rebuild_instrument(
        StoredText(load_source_text(text).digest, {"t.yaml": text}, edition=1)
    )
    assert isinstance(made, Instrument)
    assert (
        to_plain_text(made.items["a"].text.fill(Known(turn=2, today=date(2026, 1, 2)), "en"))
        == "2 2 January 2026"
    )


# no text ends an interview

KINDS = ("code", "codes", "number", "text", "date", "time", "draw", "flag")
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.integers(), st.floats(), st.text(max_size=5), st.booleans(), st.dates(), st.times(), st.none(),
    st.tuples(st.integers()), st.just(NOT_ASKED),
)  # fmt: skip
FORMATS = st.one_of(
    st.sampled_from(("ordinal", "words", "code", "%A %d", "%H:%M", ",.2f", "d", "upper")),
    st.text(max_size=6),
)


@given(st.sampled_from(KINDS), FORMATS, VALUES, st.sampled_from(("en", "es", "hi", "xx", "pt-br")))
def test_filling_never_raises(kind: Any, format: str, value: Any, language: str) -> None:
    """Whatever is kept, and whatever format was let through."""
    fill = templates.TextFill("v", ValueType(kind, drawn_from="r", turn_name="name"), format=format)
    known = Known({"v": value}, unfilled={})
    words = templates.Template(Text.from_string("x"), {language: (((fill,), False),)}, {}).fill(
        known, language
    )
    assert isinstance(to_plain_text(words), str)
    assert not known.unfilled or to_plain_text(words) == templates.NO_ANSWER_TEXT


def test_a_date_is_said_in_a_region_and_in_a_language_that_babel_does_not_know() -> None:
    fill = templates.TextFill("v", ValueType("date"), format="%A %d %B")
    for language, expected in (("xx", "Tuesday 24 November"), ("pt-br", "terça-feira 24 novembro")):
        template = templates.Template(Text.from_string("x"), {language: (((fill,), False),)}, {})
        assert to_plain_text(template.fill(Known({"v": date(2026, 11, 24)}), language)) == expected


@pytest.mark.parametrize(("language", "words"), [
    ("en", "24 November 2026"), ("en-gb", "24 November 2026"), ("xx", "24 November 2026"),
    ("es", "24 de noviembre de 2026"), ("de", "24. November 2026"), ("fr", "24 novembre 2026"),
])  # fmt: skip
def test_a_date_without_a_format_is_read_as_the_language_writes_it(
    language: str, words: str
) -> None:
    fill = templates.TextFill("v", ValueType("date"))
    template = templates.Template(Text.from_string("x"), {language: (((fill,), False),)}, {})
    assert to_plain_text(template.fill(Known({"v": date(2026, 11, 24)}), language)) == words


@pytest.fixture
def desk(tmp_path: Path) -> Callable[[str], InterviewSession]:
    def sit(items: str) -> InterviewSession:
        file, seconds = tmp_path / "t.yaml", count()
        file.write_text(f"instrument: t\ntitle: T\nitems:\n{items}")
        noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
        desk = start_or_resume(
            file,
            StartOptions(case="7", interviewer="Ann", seed=1),
            clock=lambda: noon + timedelta(seconds=next(seconds)),
            store=Store.open(":memory:", create=True),
        )
        assert isinstance(desk, InterviewSession), str(desk)
        return desk

    return sit


def test_a_fill_that_fails_is_noted_once_and_the_interview_goes_on(
    desk: Callable[[str], InterviewSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> str:
        raise ValueError("no such words")

    monkeypatch.setattr(templates, "_format_number", fails)
    now = desk(
        "  - {id: n, type: number, declines: [], text: N?}\n"
        "  - {id: a, type: text, text: 'Of {n}, {n}?'}\n  - {id: b, type: text, text: 'And {n|those}?'}\n"
    )
    assert now.reply("3") is None
    prompt = now.prompt()
    assert prompt is not None
    assert to_plain_text(prompt.text) == "Of …, …?"
    assert now.reply("x") is None
    prompt = now.prompt()
    assert prompt is not None
    assert to_plain_text(prompt.text) == "And those?"
    assert now.go_back() is None
    noted = [(str(e.place), e.text) for e in now.interview.events if isinstance(e, NoteWritten)]
    assert noted == [(place, "{n} can't be filled in: no such words") for place in ("a", "b")]


def test_a_scenario_says_nothing_of_texts_that_can_be_said() -> None:
    now: Scenario = scenario(FAMILY).keys(*KEYS[:3])
    assert now.asked.unfilled == ()
