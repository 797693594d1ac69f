"""What readers may make of a form, beyond what real XLSForms and dictionaries of REDCap have."""

from collections.abc import Iterator

import pytest

from support.blank_answers import list_ahead
from support.scenario import scenario
from survey_cli.conversion.model.expressions import (
    All,
    AnswerOf,
    AnyOf,
    Chosen,
    Constant,
    Expression,
    FunctionCall,
    Not,
    Shown,
    Unsupported,
    ValueComparison,
)
from survey_cli.conversion.model.forms import (
    ChoiceList,
    ForeignForm,
    FormChoice,
    FormColumn,
    FormEnd,
    FormGroup,
    FormItem,
    FormNote,
    FormQuestion,
    FormQuota,
    FormRoster,
    Formula,
    Origin,
    Texts,
)
from survey_cli.conversion.questionnaire.writer import ConvertedForm, write_questionnaire
from survey_cli.conversion.xlsform.reader import XLSFORM_WORDS

ORIGINS: Iterator[int] = iter(range(1, 10_000))


def make_origin() -> Origin:
    return Origin("survey", next(ORIGINS))


def say(text: str) -> Texts:
    return Texts({"en": (text,)}, make_origin())


def make_list(name: str, **texts: str) -> ChoiceList:
    choices = [
        FormChoice(code.strip("_"), make_origin(), say(text)) for code, text in texts.items()
    ]
    return ChoiceList(name, choices)


def when(tree: Expression) -> Formula:
    return Formula("?", make_origin().at("relevant"), tree)


def is_equal(name: str, value: float, *, if_blank: bool = False) -> ValueComparison:
    return ValueComparison(AnswerOf(name), "==", Constant(value), if_blank)


def write(*items: FormItem, **more: object) -> ConvertedForm:
    root = FormGroup("", make_origin())
    for item in items:
        root.add(item)
    form = ForeignForm("made", XLSFORM_WORDS, root, ["en"], **more)  # type: ignore[arg-type]
    converted = write_questionnaire(form, "form")
    assert not converted.errors
    return converted


def ask(name: str, **more: object) -> FormQuestion:
    number = FormQuestion(name, make_origin(), answer="number", label=say(f"{name}?"))
    for key, value in more.items():
        setattr(number, key, value)
    return number


@pytest.mark.parametrize(
    ("tree", "asked_after"),
    [
        (is_equal("a", 1), {"1"}),
        (is_equal("a", 1, if_blank=True), {"1", ".dk", "hidden"}),
        (is_equal("a", 1).negate(), {"2", ".dk", "hidden"}),
        (ValueComparison(AnswerOf("a"), "!=", Constant(1.0), if_blank=False), {"2"}),
        (ValueComparison(AnswerOf("a"), "<", Constant(2.0), if_blank=True), {"1", ".dk", "hidden"}),
        (Not(ValueComparison(AnswerOf("a"), "<", Constant(2.0), if_blank=True)), {"2"}),
        (Shown(AnswerOf("a")), {"1", "2", ".dk"}),
        (Not(Shown(AnswerOf("a"))), {"hidden"}),
        (All((Shown(AnswerOf("a")), is_equal("a", 1).negate())), {"2", ".dk"}),
        (AnyOf((is_equal("a", 1), Not(Shown(AnswerOf("a"))))), {"1", "hidden"}),
    ],
)
def test_a_condition_says_what_a_blank_means(tree: Expression, asked_after: set[str]) -> None:
    """A question left empty is declined here; one that was never shown isn't asked."""
    text = write(
        ask("gate"),
        ask("a", condition=when(is_equal("gate", 1))),
        ask("b", condition=when(tree)),
        ask("last"),
    ).text
    for key in ("1", "2", ".dk", "hidden"):
        keys = ["2"] if key == "hidden" else ["1", key]
        is_asked = "b" in list_ahead(scenario(text).keys(*keys))
        assert is_asked == (key in asked_after), (key, text)


def test_an_end_is_never_passed_by_a_decline() -> None:
    """It ends exactly if its condition is true, although a decline makes a comparison unknown."""
    end = FormEnd("out", make_origin(), condition=when(is_equal("a", 1).negate()))
    now = scenario(write(ask("a"), end, ask("b")).text)
    assert now.key("1").place == "b"
    assert now.keys("2", "").outcome == "not_eligible"
    assert now.keys(".dk", "").outcome == "not_eligible"


def test_groups_are_shuffled_and_drawn() -> None:
    group = FormGroup("block", make_origin(), order="random", pick=1, label=say("Block"))
    group.add(ask("x"))
    group.add(ask("y"))
    now = scenario(write(group).text)
    assert len(list_ahead(now)) == 1


def test_a_roster_has_a_turn_for_each_chosen_code() -> None:
    media = FormQuestion("media", make_origin(), answer="codes", label=say("Which?"))
    media.choices = make_list("media", tv="TV", web="Web", radio="Radio")
    roster = FormRoster("medium", make_origin(), each="media")
    roster.add(ask("minutes"))
    now = scenario(write(media, roster).text).key("1 3")
    assert now.place == "minutes#1"
    assert now.keys("5", "6").status == "ended"


def test_numbers_of_a_table_add_up() -> None:
    table = FormGroup("shares", make_origin(), is_table=True, total=100.0, label=say("Shares?"))
    table.add(ask("rent"))
    table.add(ask("food"))
    now = scenario(write(table).text)
    assert now.keys("40", "60").status == "ended"
    assert now.keys("40", "50").why


def test_quotas_and_columns_are_carried() -> None:
    quota = FormQuota("young", when(is_equal("a", 1)), 10)
    lost = FormQuota("odd", when(Unsupported("no counterpart")), 10)
    column = FormColumn("panel", make_origin())
    last = ask("b", condition=when(ValueComparison(AnswerOf("panel"), "==", Constant("x"), False)))
    converted = write(ask("a"), column, last, quotas=[quota, lost])
    assert "ask_if: panel == 'x'" in converted.text
    assert "where: a == 1" in converted.text
    assert [(entry.name, entry.text) for entry in converted.report.lost] == [
        ("odd", "no counterpart")
    ]


def test_words_of_two_lists_are_not_taken_for_each_other() -> None:
    """Both lists number their words from 1, so that a value of either can't be a number."""
    first = FormQuestion("first", make_origin(), answer="code", label=say("First?"))
    first.choices = make_list("first", ann="Ann", bob="Bob")
    second = FormQuestion("second", make_origin(), answer="code", label=say("Second?"))
    second.choices = make_list("second", bob="Bob", eve="Eve")
    same = ValueComparison(AnswerOf("first"), "==", AnswerOf("second"), if_blank=False)
    either = FunctionCall("first_answered", (AnswerOf("first"), AnswerOf("second")))
    text = write(
        first,
        second,
        FormNote("same", make_origin(), label=say("Same."), condition=when(same)),
        FormNote(
            "bob",
            make_origin(),
            label=say("Bob."),
            condition=when(Chosen(either, Constant("bob"))),
        ),
        ask("last"),
    ).text
    asked = {
        keys: list_ahead(scenario(text).keys(*keys)) - {"last"}
        for keys in (("1", "1"), ("2", "1"), ("2", "2"), (".dk", "1"), (".dk", "2"))
    }
    assert asked == {
        ("1", "1"): set(),
        ("2", "1"): {"same", "bob"},
        ("2", "2"): {"bob"},
        (".dk", "1"): {"bob"},
        (".dk", "2"): set(),
    }
