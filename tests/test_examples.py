"""The shipped instruments.

Every file passes every check and is walked by random respondents, every key of the language is in one of them, and
the three surveys are asked as they would be. The small ones have tests of their own.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from support.example_files import NAMES
from support.random_respondents import (
    assert_data_is_the_route,
    begun,
    forward,
    portrait,
    replayed,
    wander,
)
from support.scale import SCALE
from support.scenario import INSTRUMENTS, Scenario, feature, instrument, scenario, source_of
from survey_cli.entries import PickEntry, Prompt
from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.schema.document import Document
from survey_cli.instrument.schema.items.groups import AnyItem
from survey_cli.instrument.source.nodes import YamlList, YamlMapping
from survey_cli.values import NOT_REACHED

FILES = NAMES
RESPONDENTS = 25 * SCALE
REMINDED = {"features/fieldwork.yaml": {"recording-notice"}}
"""Examples of a key that `check` always has a warning for."""


# every file


@pytest.mark.parametrize("file", FILES)
def test_example_passes_every_check(file: str) -> None:
    found = check_instrument(source_of(file))
    rules = {
        problem.rule
        for problem in found.problems
        if problem.severity == "error" or file not in REMINDED
    }
    assert not rules, "\n".join(map(str, found.problems))
    assert {problem.rule for problem in found.problems} == REMINDED.get(file, set())
    assert found.instrument is not None


@pytest.mark.parametrize("file", [f for f in FILES if f.startswith("features/")])
def test_feature_is_short_and_says_what_it_shows(file: str) -> None:
    lines = (INSTRUMENTS / file).read_text().splitlines()
    assert len(lines) <= 26
    assert lines[0].startswith("# ")
    assert lines[0].endswith((".", ")")), "the first line is one sentence"
    assert lines[1] == f"instrument: {file.removeprefix('features/').removesuffix('.yaml')}"


@pytest.mark.parametrize("file", FILES)
def test_example_survives_random_respondents(file: str) -> None:
    made = instrument(file)
    finished = 0
    for seed in range(RESPONDENTS):
        dice = Random(seed)
        now = wander(begun(made, dice), dice, moves=dice.randint(0, 30), seen=_every_so_often(dice))
        now = forward(now, dice)
        assert replayed(now).interview.events == now.interview.events
        assert portrait(replayed(now)) == portrait(now)
        if now.status == "ended":
            assert_data_is_the_route(now)
            finished += now.outcome == "complete"
    assert finished >= RESPONDENTS // 5, "too few came through to the end for this to mean anything"


def _every_so_often(dice: Random) -> Callable[[Scenario], None]:
    """In the middle of a call too, the journal gives the same answers and the same Prompt."""

    def look(now: Scenario) -> None:
        if dice.random() < 0.05:
            assert portrait(replayed(now)) == portrait(now)

    return look


# every key of the language


def _keys_used(node: object, key: str = "", kind: str = "") -> Iterator[tuple[str, str]]:
    """Each (type, key) that stands in a tree; a part that is no item is named by the key it stands under."""
    if isinstance(node, YamlMapping):
        kind = str(node.get("type", key)) if "id" in node or not kind else key
        for name, value in node.items():
            yield kind, str(name)
            yield from _keys_used(value, str(name), kind)
    elif isinstance(node, YamlList):
        for value in node:
            yield from _keys_used(value, key, kind)


def _fields(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


USED = {pair for file in FILES for pair in _keys_used(source_of(file).tree, "document")}
ITEM_TYPES: dict[str, type[BaseModel]] = {
    get_args(model.model_fields["type"].annotation)[0]: model
    for model in get_args(get_args(AnyItem)[0])
}
EVERYWHERE = {name for _, name in USED}


@pytest.mark.parametrize("kind", ITEM_TYPES)
def test_every_type_of_item_has_an_example(kind: str) -> None:
    assert (kind, "type") in USED


@pytest.mark.parametrize("kind", ITEM_TYPES)
def test_every_key_of_an_item_has_an_example(kind: str) -> None:
    assert _fields(ITEM_TYPES[kind]) - EVERYWHERE == set()


def test_every_key_of_the_file_has_an_example() -> None:
    top = _fields(Document)
    assert top - {name for kind, name in USED if kind == "document"} == set()
    parts = (
        "StudySpec",
        "SampleColumn",
        "FieldworkSpec",
        "QuotaSpec",
        "OutcomeSpec",
        "ScriptSpec",
    )
    from survey_cli.instrument.schema import document, options

    models = [getattr(document, name) for name in parts] + [options.OptionSpec, options.DeclineSpec]
    for model in models:
        assert _fields(model) - EVERYWHERE == set(), model.__name__


# the founding survey


UNIT = {"unit": "El Paso Sector", "kind": "Sector", "region": "Central", "city": "El Paso"}


def asu(**more: str) -> Scenario:
    return scenario("asu_2000.yaml", sample={**UNIT, **more}).keys("", "1", "1")


def test_the_founding_survey_says_who_calls_and_for_whom() -> None:
    first = scenario("asu_2000.yaml", sample=UNIT)
    assert "this is Pat" in first.words
    assert "Office of the Inspector General" in first.words
    assert "Good morning" in first.words


def test_the_founding_survey_names_the_chief_by_the_kind_of_unit() -> None:
    statement = (
        "There is agreement between you and your {} over what the mission of your ASU should be."
    )
    q6 = asu().keys("1", "1", "1", "1", "1")
    assert (q6.place, q6.words) == ("q6", statement.format("sector chief"))
    q6 = asu(kind="District").keys("1", "1", "1", "1", "1")
    assert (q6.place, q6.words) == ("q6", statement.format("district director"))


def test_the_founding_survey_shows_no_opinion_and_does_not_read_it() -> None:
    q1 = asu()
    assert q1.offered[5] == "No opinion"
    entry = q1.asked.entry
    assert isinstance(entry, PickEntry)
    assert [c.read for c in entry.options] == [True] * 4 + [False]
    assert q1.keys("5").data["q1"] == 5


def test_the_founding_survey_asks_why_of_those_who_disagree() -> None:
    mission = asu().keys("1", "3", "1", "1", "1", "2")
    assert mission.place == "q2_why"
    assert asu().keys("1", "2", "1", "1", "1", "2").place == "q7"
    assert asu().keys("1", "5", "1", "1", "1", "2").place == "q7"
    assert asu().keys("1", ".dk", "1", "1", "1", "2").place == "q7"


def test_the_founding_survey_keeps_its_numbers_and_known_words() -> None:
    leaves = instrument("asu_2000.yaml").items
    words = {q: str(leaves[q].text.get_source_text("en")) for q in ("q1", "q14", "q23", "q26")}
    assert words["q1"].startswith(
        "ASU agents should be primarily responsible for investigating individuals and/or"
    )
    assert words["q14"] == (
        "Overall, how would you rate the level of coordination that exists between your ASU and the local"
        " U.S. Attorney's Office?"
    )
    assert words["q23"].startswith("To what extent has your ASU received the resources necessary")
    assert "patrolling the border or transporting aliens to detention facilities" in words["q26"]


def test_the_founding_survey_can_be_refused_and_put_off() -> None:
    hello = scenario("asu_2000.yaml", sample=UNIT).keys("")
    refused = hello.keys("2", "")
    assert (refused.status, refused.outcome) == ("ended", "refusal_hard")
    later = hello.keys("1", "2", "")
    assert (later.status, later.outcome) == ("suspended", "callback")
    assert later.keys(".resume").place == "good_time"


def test_the_founding_survey_ends_with_the_interviewer_alone() -> None:
    now = asu()
    while not now.asked.after_hangup:
        now = now.keys("9" if now.place == "q22" else "1" if now.asked.declines else "")
    assert now.place == "cooperation"
    assert not now.asked.aloud
    assert now.keys("1", "1", "Spoke of q23.").outcome == "complete"


def test_the_founding_survey_is_answered_by_the_script_of_the_demonstration() -> None:
    lines = (INSTRUMENTS / "asu_2000.answers.txt").read_text().splitlines()
    now = scenario("asu_2000.yaml", sample={**UNIT, "kind": "District"})
    for line in lines:
        now = now.key(line)
        assert not now.why, f"{line!r} at {now.place}: {now.why}"
    assert now.outcome == "complete"


def test_the_unit_list_fits_the_founding_survey() -> None:
    lines = (INSTRUMENTS / "asu_2000_units.csv").read_text().splitlines()
    columns = lines[0].split(",")
    assert set(columns) == set(instrument("asu_2000.yaml").sample)
    rows = [dict(zip(columns, line.split(","), strict=True)) for line in lines[1:]]
    kinds = [row["kind"] for row in rows]
    assert (len(rows), kinds.count("District"), kinds.count("Sector")) == (35, 21, 14)
    assert len({row["unit"] for row in rows}) == 35
    assert len({row["city"] for row in rows}) == 32, (
        "El Paso, Miami and San Diego each appear twice"
    )


# the household survey


def household(*keys: str, language: str = "en") -> Scenario:
    return scenario("household.yaml", language=language, sample={"county": 1}).keys("", "1", *keys)


ANN_AND_BO = ("2", "Ann", "1", "3/3/1985", "41", "Bo", "2", "1990", "36")


def test_the_household_speaks_both_languages() -> None:
    hola = scenario("household.yaml", language="es")
    assert hola.words.startswith("Buenos días, le habla Pat de Field Research.")
    assert hola.keys(".lang en").words.startswith("Good morning, this is Pat")
    assert (
        household(language="es").words == "¿Cuántas personas viven en su hogar, contando a usted?"
    )
    assert hola.declines == {}
    assert [d.text for d in household(language="es").asked.declines] == ["No responde"]


def test_the_household_doubts_an_age_that_does_not_fit_the_birth() -> None:
    at_age = household("1", "Ann", "1", "3/3/1985")
    assert at_age.keys("41").place != "age#1"
    doubted = at_age.keys("40")
    assert (doubted.place, doubted.query) == (
        "age#1",
        "Born 3 March 1985 makes another age than 40.",
    )
    assert doubted.keys(".ok says so").data["age#1"] == 40
    assert household("1", "Ann", "1", "1985", "12").query == "", (
        "of a year alone nothing is doubted"
    )


def test_the_household_draws_the_next_birthday_and_asks_for_that_person() -> None:
    both = household("2", "Ann", "1", "3/3/1985", "41", "Bo", "2", "12/1/1990", "35")
    assert (both.place, both.data["adult"]) == ("to_adult", 2)
    assert both.words.endswith("May I speak with Bo?")
    alone = household("1", "Ann", "1", "3/3/1985", "41")
    assert alone.place == "media", "with one adult nobody else is asked for"
    child = household("1", "Kid", "1", "3/3/2020", "6")
    assert (child.place, child.keys("").outcome) == ("nobody", "not_eligible")


def test_the_household_asks_about_each_medium_that_was_named() -> None:
    media = household("1", "Ann", "1", "3/3/1985", "41")
    now = media.keys("web tv other a podcast")
    assert now.words == "About how many minutes did you spend with television yesterday?"
    now = now.keys("30", "20", "10")
    assert [k for k in now.data if k.startswith("minutes")] == [
        "minutes#1",
        "minutes#4",
        "minutes#5",
    ]
    assert now.row["media_mentions"] == "web tv other"
    assert now.row["media_other_text"] == "a podcast"
    assert now.place == "first_news"
    assert media.keys("none").place == "card"
    assert media.keys("none tv").why == "none cannot be combined with other answers"


def test_the_household_has_two_wordings_and_both_occur() -> None:
    arms = {scenario("household.yaml", seed=n).interview.start.seed: n for n in range(40)}
    seen = set()
    for seed in arms:
        now = scenario("household.yaml", seed=seed).keys(
            "", "1", "1", "Ann", "1", "3/3/1985", "41", "none", "2"
        )
        seen.add((now.data["wording"], now.place))
    assert seen == {("spend", "money_a"), ("invest", "money_b")}


def test_the_household_reads_a_large_income_back() -> None:
    income = next(
        leaf for leaf in instrument("household.yaml").items.values() if leaf.id == "income"
    )
    assert {d.id: d.code for d in income.declines} == {"dk": 99998, "refused": 99999}
    now = household(
        "1", "Ann", "1", "3/3/1985", "41", "none", "2", "1", *["1"] * 5, ".dk", "1", "40"
    )
    assert now.place == "income"
    asked = now.keys("25000")
    assert asked.asked.query is not None
    assert asked.asked.query.aloud
    assert asked.query == "Did you say 25,000 dollars in one month?"
    assert asked.keys("2500").data["income"] == 2500
    small = now.keys("100")
    assert small.query == "100 dollars a month is very little."
    assert small.asked.query is not None
    assert not small.asked.query.aloud


# the customer survey


def customer(*keys: str, **sample: Any) -> Scenario:
    return scenario("customer.yaml", sample={"customer": "C1", "plan": 1, **sample}).keys(
        "", "1", *keys
    )


def test_the_customer_is_asked_why_only_as_a_detractor() -> None:
    assert customer("6").place == "why_not"
    assert customer("7").place == "stars"
    assert customer(".dk").place == "stars"
    assert list(customer().offered) == list(range(11))


def test_the_customer_brings_the_plan_as_an_answer() -> None:
    assert customer().data["plan_held"] == 1
    assert customer("9", "5", "1", "1").place == "may_contact"
    assert customer("9", "5", "1", "1", plan=3).place == "business_hours"


def test_the_customer_hears_one_direction_throughout() -> None:
    for seed in range(20):
        now = scenario("customer.yaml", seed=seed, sample={"plan": 1}).keys("", "1", "9", "5")
        price, bills = now.offered, now.keys("1").offered
        assert list(price) == list(bills)
        assert list(price) in ([1, 2, 3, 4, 5], [4, 3, 2, 1, 5])


def test_the_customer_gives_a_name_that_is_kept_apart() -> None:
    now = customer("9", "5", "1", "1", "1", name="Ann Lee")
    assert now.earlier == "prefill: Ann Lee"
    assert now.keys("").data["contact_name"] == "Ann Lee"
    leaf = instrument("customer.yaml").items["contact_name"]
    assert all(v.personal for v in leaf.question.build_variables(leaf, "en") if v.role == "answer")


# what holds for all of them


def test_a_broken_off_interview_knows_what_lay_ahead() -> None:
    now = feature("roster_count", "2", "Ann", "40", ".suspend")
    assert now.status == "suspended"
    assert {"works#1", "name#2", "age#2", "sum_up"} <= now.unreached
    assert now.computed("eldest") == NOT_REACHED


def test_a_note_and_a_stop_change_no_answer() -> None:
    now = feature("soft_check", "40")
    assert now.keys(".note said it twice").data == now.data
    stopped = now.keys(".stop break_off")
    assert (stopped.status, stopped.outcome, stopped.unreached) == (
        "stopped",
        "break_off",
        {"paid"},
    )


def test_prompts_are_frozen_and_comparable() -> None:
    one, two = feature("faq").asked, feature("faq").asked
    assert isinstance(one, Prompt)
    assert one == two
    with pytest.raises(AttributeError):
        one.section = "x"  # type: ignore[misc]
