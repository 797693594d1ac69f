"""Unfolding brackets: every way through the steps, and what it leaves in the data."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from support.every_route import TODAY, see_everything
from support.scenario import Scenario, instrument, scenario
from survey_cli.engine.asked_items import list_asked
from survey_cli.entries import Rejection, to_plain_text
from survey_cli.entry_commands import find_place
from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.checks.brackets import MAX_STEPS
from survey_cli.instrument.compiled import bracket_expansion, compiler
from survey_cli.instrument.compiled.bracket_expansion import BracketPlan
from survey_cli.instrument.compiled.compiler import compile_instrument
from survey_cli.instrument.compiled.place_names import name_place
from survey_cli.instrument.schema.items.brackets import NO_LIMIT, STEP_WORDS, BracketItem
from survey_cli.instrument.source.load import load_source_text
from survey_cli.problems import select_errors
from survey_cli.proof.verdicts import prove
from survey_cli.proof.witness_words import describe_witness
from survey_cli.revisions.meaning_changes import list_changes
from survey_cli.scenarios.coverage import WitnessWalk
from survey_cli.simulate.practice import practice_station
from survey_cli.simulate.practice.practice_station import SpokenAnswer
from survey_cli.table.columns import build_columns
from survey_cli.values import DK, NO_AMOUNT, NOT_ASKED, REFUSED, Place

AMOUNTS = (10000, 15000, 20000, 25000, 35000, 50000, 75000)
INCOME = """
instrument: t
title: T
languages: [en, es]
items:
  - id: income
    type: bracket
    unit: USD
    steps: [10000, 15000, 20000, 25000, 35000, 50000, 75000]
    start: START
    walk: WALK
    text: {en: "Less than {amount:USD}?", es: "¿Menos de {amount:USD}?"}
  - {id: end, type: read, text: "{income|unknown}"}
"""


def write_income(start: object, walk: str) -> str:
    return INCOME.replace("START", str(start)).replace("WALK", walk)


def answer_truly(now: Scenario, income: int) -> tuple[Scenario, list[int]]:
    """Answer each step as somebody with this income does; return the amounts that were read."""
    read = []
    while now.place.startswith("income"):
        amount = int(now.words.removeprefix("Less than $").removesuffix("?").replace(",", ""))
        read.append(amount)
        now = now.keys("1" if income < amount else "2")
    return now, read


@pytest.mark.parametrize("walk", ["step", "halve"])
@pytest.mark.parametrize("start", [10000, 25000, 75000, "random"])
def test_every_walk_finds_the_interval_of_every_income(start: object, walk: str) -> None:
    text = write_income(start, walk)
    starts = set()
    for seed in range(40 if start == "random" else 1):
        for code, income in enumerate((9999, *AMOUNTS), 1):
            now, read = answer_truly(scenario(text, seed=seed), income)
            low = 0 if code == 1 else AMOUNTS[code - 2]
            high = NO_LIMIT if code == 8 else AMOUNTS[code - 1]
            row = now.row
            assert (row["income"], row["income_low"], row["income_high"]) == (code, low, high)
            assert row["income_stop"] == "interval"
            assert len(read) == len(set(read)), "no amount is read twice"
            if walk == "halve":
                assert len(read) <= 4
            starts.add(read[0])
    assert starts == ({start} if start != "random" else set(AMOUNTS))


def test_a_decline_ends_the_steps_and_what_is_known_by_then_is_kept() -> None:
    now = scenario(write_income(25000, "step")).keys("1", "1", ".dk")
    assert now.place == "end"
    assert now.words == "unknown"
    row = now.row
    assert (row["income"], row["income_stop"]) == (DK, "dk")
    assert (row["income_low"], row["income_high"]) == (0, 20000)

    nothing = scenario(write_income(25000, "step")).keys(".refused")
    assert nothing.row["income"] == REFUSED
    assert (nothing.row["income_low"], nothing.row["income_high"]) == (0, NO_LIMIT)


def test_a_decline_that_ended_the_steps_is_a_value_of_its_column() -> None:
    [stop] = [
        column
        for column in build_columns(instrument(write_income(25000, "step")))
        if column.name == "income_stop"
    ]
    assert {"dk", "refused", "interval", "amount"} == stop.labels.keys()
    assert stop.declines.keys() == {"not_asked", "not_reached"}


def test_a_named_amount_ends_the_steps() -> None:
    now = scenario(write_income(25000, "step")).keys("1", "3", "22500")
    assert now.words == "$20,000 to less than $25,000"
    row = now.row
    assert (row["income"], row["income_exact"], row["income_stop"]) == (4, 22500, "amount")
    assert now.interview.answer_count == 3, "the results are no answers"
    assert (row["income_low"], row["income_high"]) == (20000, 25000)

    unsaid = scenario(write_income(25000, "step")).keys("1", "3", ".refused")
    assert (unsaid.row["income"], unsaid.row["income_stop"]) == (REFUSED, "refused")
    assert (unsaid.row["income_low"], unsaid.row["income_high"]) == (0, 25000)


def test_nobody_names_an_amount_if_the_bracket_says_so() -> None:
    text = write_income(25000, "step").replace("unit: USD", "unit: USD\n    named: false")
    asked = scenario(text)
    assert asked.keys("3").place == "income_25000", "there is no third answer"
    left = asked.keys("1", "1", "2").row
    assert (left["income"], left["income_low"], left["income_high"]) == (3, 15000, 20000)
    assert left["income_stop"] == "interval"
    assert "income_exact" not in left
    declined = asked.keys("1", ".dk").row
    assert (declined["income"], declined["income_low"], declined["income_high"]) == (DK, 0, 25000)


@pytest.mark.parametrize("exact", ["exact: false", "exact: Sure?\n    named: false"])
def test_a_question_for_an_amount_that_nobody_names_is_an_error(exact: str) -> None:
    text = write_income(25000, "step").replace("unit: USD", f"unit: USD\n    {exact}")
    problems = check_instrument(load_source_text(text)).problems
    [problem] = [one for one in problems if one.rule == "bad-bracket"]
    assert problem.severity == "error"
    assert "named: false" in problem.what + problem.remedy


def test_an_amount_that_contradicts_a_step_is_read_back() -> None:
    doubted = scenario(write_income(25000, "step")).keys("1", "3", "40000")
    assert doubted.place == "income_exact"
    query = doubted.asked.query
    assert query is not None
    assert "Is $40,000 right?" in to_plain_text(query.text)
    kept = doubted.keys(".ok")
    assert (kept.row["income"], kept.row["income_low"]) == (6, 35000)


def test_a_corrected_step_leads_to_the_others_and_back() -> None:
    found = scenario(write_income(25000, "step")).keys("1", "1", "2")
    assert found.row["income"] == 3
    higher = found.keys(".jump income_25000", "2")
    assert (higher.place, higher.words) == ("income_35000", "Less than $35,000?")
    higher = higher.keys("1")
    assert (higher.row["income"], higher.row["income_low"]) == (5, 25000)
    again = higher.keys(".jump income_25000", "1")
    assert (again.place, again.words) == ("income_20000", "Less than $20,000?")
    assert again.keys("1", "2").row["income"] == 3


def test_steps_are_called_by_the_bracket_and_the_amount() -> None:
    now = scenario(write_income(25000, "step")).keys("1", "3")
    assert now.asked.shown_place == "income: amount named"
    assert [item.shown_place for item in list_asked(now.interview)] == [
        "income 25000", "income 20000",
    ]  # fmt: skip
    first = now.keys(".jump income_25000")
    assert first.asked.shown_place == "income: less than $25,000?"

    made = instrument(write_income(25000, "step"))
    assert name_place(made, Place("income_25000")).words == "income: less than $25,000?"
    spanish = name_place(made, Place("income_25000"), "es").words
    assert spanish.replace("\xa0", " ") == "income: menos de 25.000 US$?"
    assert name_place(made, Place("end", 2)) == ("end#2", "end#2")


def test_a_check_names_the_steps_that_can_be_corrected() -> None:
    doubted = scenario(write_income(25000, "step")).keys("1", "3", "40000")
    query = doubted.asked.query
    assert query is not None
    assert query.jump_keys == ("income 25000", "income 20000")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("income 15000", "income_15000"),
        ("Income_15000", "income_15000"),
        ("income", "income_25000"),
        ("wage 10#2", "wage_10#2"),
        ("hello", "hello"),
    ],
)
def test_a_step_is_found_by_its_key_and_a_bracket_by_its_first_step(typed: str, found: str) -> None:
    asked = [
        ("hello", Place("hello")),
        ("income 25000", Place("income_25000")),
        ("income 15000", Place("income_15000")),
        ("wage 10#2", Place("wage_10", 2)),
    ]
    place = find_place(typed, asked)
    assert isinstance(place, Place)
    assert str(place) == found
    rejection = find_place("income 1500", asked)
    assert isinstance(rejection, Rejection)
    assert "did you mean income 15000?" in rejection.why


def test_an_example_of_the_proof_names_a_step_in_words() -> None:
    text = write_income(25000, "step").replace(
        '{id: end, type: read, text: "{income|unknown}"}',
        "{id: poor, type: read, ask_if: income < 25000, text: x}",
    )
    made = instrument(text)
    verdicts = prove(made, TODAY)
    goal = next(goal for goal in verdicts.possible if goal.name == "poor")
    said = describe_witness(made, verdicts.possible[goal], goal)
    assert "income: less than $25,000? " in said
    assert "income_" not in said


def test_practice_names_a_step_that_was_entered_differently(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = scenario(write_income(25000, "step")).keys("1")
    spoken = SpokenAnswer("“No.”", 2)
    heard = {"P01": {Place("income_25000"): spoken}}
    respondents = cast(Any, SimpleNamespace(answers=heard, names={}))
    monkeypatch.setattr(practice_station, "_read_interview", lambda study, key: now.interview)
    differences = practice_station._compare_answers(cast(Any, None), respondents)
    assert list(differences) == ["P01, income: less than $25,000?: heard “No.”, entered Yes"]


def test_amounts_are_written_in_the_language_of_the_interview() -> None:
    now = scenario(write_income(25000, "step"), language="es")
    assert now.words.replace("\xa0", " ") == "¿Menos de 25.000 US$?"
    found = now.keys("1", "1", "2").words
    assert found.replace("\xa0", " ") == "De 15.000 US$ a menos de 20.000 US$"


def test_other_amounts_give_the_numbers_of_intervals_another_meaning() -> None:
    old, new = [
        instrument(write_income(start, "step").replace("20000,", more))
        for start, more in ((25000, "20000,"), (10000, "22000,"))
    ]
    recoded = [change.what for change in list_changes(old, new)]
    assert recoded == [
        "code 3 was '$15,000 to less than $20,000' and is '$15,000 to less than $22,000'",
        "code 4 was '$20,000 to less than $25,000' and is '$22,000 to less than $25,000'",
    ]


def test_no_code_of_a_missing_value_is_an_amount() -> None:
    """The limit −10 was also the code of "No upper limit"."""
    made = instrument("""
declines:
  dk: {code: -12, text: Don't know, key: d}
  not_asked: {code: -9996, text: Not asked}
  not_reached: {code: -9997, text: Not reached}
items:
  - {id: gain, type: bracket, text: "Less than {amount}?", min: -20, steps: [-11, -10, 0], declines: [dk]}
""")
    codes = {}
    for column in build_columns(made):
        codes[column.name] = {kind: code for kind, (code, _) in column.declines.items()}
    assert (codes["gain_high"]["no_limit"], codes["gain_high"]["dk"]) == (-12, -21)
    assert codes["gain_exact"]["dk"] == codes["gain_low"]["dk"] == -21
    assert codes["gain"]["dk"] == -12


LABELS = """
instrument: t
title: T
EDITION
languages: [LANGUAGE]
items:
  - {id: wage, type: bracket, label: W, start: random, steps: [10, 20], text: "{amount}?"}
"""


def list_labels(language: str, edition: str = "edition: 2") -> dict[str, str]:
    """List the labels of the columns, of the missing upper limit and of what ended the steps."""
    text = LABELS.replace("EDITION", edition).replace("LANGUAGE", language)
    columns = {column.name: column for column in build_columns(instrument(text))}
    labels = {name: column.label for name, column in columns.items()}
    labels["no_limit"] = columns["wage_high"].declines["no_limit"][1]
    labels |= {str(code): label for code, label in columns["wage_stop"].labels.items()}
    return labels


def test_labels_that_are_made_are_in_the_language_of_the_data() -> None:
    assert list_labels("es") == {
        "wage_start": "W (primera cantidad)",
        "wage_exact": "W (cantidad indicada)",
        "wage": "W",
        "wage_low": "W (cantidad mínima)",
        "wage_high": "W (menos de esta cantidad)",
        "wage_stop": "W (qué terminó las preguntas)",
        "no_limit": "Sin límite superior",
        "interval": "Queda un intervalo",
        "amount": "Se indicó una cantidad",
        "dk": "No sabe",
        "refused": "No responde",
    }
    for language in STEP_WORDS.keys() - {"en"}:
        labels = list_labels(language)
        english = list_labels("en")
        unchanged = {name for name, label in labels.items() if label == english[name]}
        assert unchanged <= {"wage", "dk", "refused"}, language


def test_made_labels_are_english_without_a_translation_and_in_edition_1() -> None:
    english = list_labels("en")
    assert english["wage_low"] == "W (lowest amount)"
    assert list_labels("pl") == english
    first = list_labels("es", edition="")
    assert {**first, "dk": english["dk"], "refused": english["refused"]} == english


def test_the_texts_of_a_bracket_are_checked_once() -> None:
    text = write_income(25000, "step").replace("title: T", "title: {en: T, es: S}")
    spanish_only = text.replace('{en: "Less than {amount:USD}?", es: ', "").replace('?"}', '?"')
    problems = check_instrument(load_source_text(spanish_only, "t.yaml")).problems
    assert [(problem.who, problem.rule) for problem in problems] == [("income", "one-language")]


def test_the_steps_of_a_bracket_are_planned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    planned = []

    class CountedPlan(BracketPlan):
        def __init__(self, bracket: BracketItem) -> None:
            planned.append(str(bracket.id))
            super().__init__(bracket)

    monkeypatch.setattr(bracket_expansion, "BracketPlan", CountedPlan)
    monkeypatch.setattr(compiler, "BracketPlan", CountedPlan, raising=False)
    compile_instrument(load_source_text(write_income(25000, "step"), "t.yaml"))
    assert planned == ["income"]


def test_as_many_amounts_as_are_allowed_need_no_shorter_name() -> None:
    amounts = list(range(10000, 10000 + MAX_STEPS))
    text = write_income("random", "halve").replace(str(list(AMOUNTS)), str(amounts))
    long = text.replace("id: income", "id: household_income_of_all").replace("{income|", "{today|")
    assert select_errors(check_instrument(load_source_text(long, "t.yaml")).problems) == []


def test_brackets_in_a_roster_have_an_amount_for_each_turn() -> None:
    text = """
instrument: t
title: T
items:
  - id: earner
    type: roster
    count: "2"
    max: 2
    items:
      - {id: works, type: single, text: Works?, options: {1: "Yes", 2: "No"}}
      - id: wage
        type: bracket
        ask_if: works == 1
        steps: [10, 20]
        start: random
        text: Less than {amount}?
"""
    now = scenario(text).keys("1")
    assert to_plain_text(now.asked.turn) == "earner 1 of 2"
    while now.place.startswith("wage"):
        now = now.keys("2")
    now = now.keys("2")
    assert (now.row["wage_1"], now.row["wage_low_1"]) == (3, 20)
    assert "wage_2" not in now.row or now.row["wage_2"] == NOT_ASKED


@pytest.mark.parametrize(
    ("keys", "condition", "holds"),
    [
        (("1", "1", "2"), "income < 25000", True),
        (("1", "1", "2"), "income < 17000", NO_AMOUNT),
        (("1", "1", "2"), "income >= 15000", True),
        (("1", "1", "2"), "income == 3", True),
        (("1", ".dk"), "income < 25000", True),
        (("1", ".dk"), "income < 20000", NO_AMOUNT),
        (("1", ".dk"), "income == 3", DK),
        (("2", ".dk"), "income > 20000", True),
        (("2", ".dk"), "income <= 24999", False),
        ((".refused",), "income >= 0", REFUSED),
        (("1", "3", "17500"), "income < 18000", True),
        (("1", "3", "17500"), "income == 3", True),
        (("1", "3", ".dk"), "income < 25000", True),
        (("2", "2", "2", "2"), "income >= 75000", True),
    ],
)
def test_a_comparison_is_known_if_all_amounts_that_are_left_agree(
    keys: tuple[str, ...], condition: str, holds: object
) -> None:
    text = write_income(25000, "step").replace("title: T", f"title: T\ncompute: {{c: {condition}}}")
    texts = [text]
    if "3" not in keys:
        texts.append(text.replace("unit: USD", "unit: USD\n    named: false"))
    for one in texts:
        now = scenario(one).keys(*keys)
        assert now.interview.evaluate_route().known.value("c") == holds


def test_the_proof_agrees_with_every_way_through_a_bracket() -> None:
    conditions = [f"b {sign} {amount}" for sign in ("<", "<=", ">", ">=") for amount in (0, 9, 10)]
    conditions += ["b < 20", "b >= 20", "b > 20", "b == 1", "b in [2, dk]", "dk(b)", "answered(b)"]
    items = [
        f'  - {{id: q{number}, type: read, text: x, ask_if: "{condition}"}}'
        for number, condition in enumerate(conditions)
    ]
    for keys in ("start: 10", "start: random", "start: 10, named: false"):
        bracket = f"{{id: b, type: bracket, steps: [10, 20], {keys}, text: '{{amount}}?'}}"
        lines = ["instrument: t", "title: T", "items:", f"  - {bracket}", *items]
        made, _, _ = compile_instrument(load_source_text("\n".join(lines), "t.yaml"))
        assert made is not None
        verdicts = prove(made, TODAY)
        seen = see_everything(made)
        assert not verdicts.undecided
        assert seen.isdisjoint(verdicts.impossible)
        for goal, witness in verdicts.possible.items():
            assert WitnessWalk(made, witness).shows(goal), goal
