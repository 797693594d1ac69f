"""Do the instruments that are shipped work, and does each small one show what its first line says?

Every file is walked by 200 invented respondents. Below, each feature's meaning is keyed in and asserted; the instrument
itself stands in instruments/features/.
"""

from collections.abc import Callable, Iterator
from datetime import date, time
from random import Random
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from respondent import assert_data_is_the_route, begun, forward, portrait, replayed, wander
from scenario import INSTRUMENTS, Scenario, instrument, scenario, source_of
from survey_cli.entries import Line, Pick, Prompt, Read, Verbatim, plain
from survey_cli.instrument.checks import checked
from survey_cli.instrument.document import Document
from survey_cli.instrument.items import AnyItem
from survey_cli.instrument.written import Listed, Mapped
from survey_cli.values import DK, NOT_ASKED, NOT_REACHED, REFUSED

FILES = sorted(
    p.relative_to(INSTRUMENTS).as_posix() for p in INSTRUMENTS.rglob("*.yaml") if "modules" not in p.parts
)
RESPONDENTS = 200


# every file


@pytest.mark.parametrize("file", FILES)
def test_example_passes_every_check(file: str) -> None:
    found = checked(source_of(file))
    assert not found.problems, "\n".join(map(str, found.problems))
    assert found.instrument is not None


@pytest.mark.parametrize("file", [f for f in FILES if f.startswith("features/")])
def test_feature_is_short_and_says_what_it_shows(file: str) -> None:
    lines = (INSTRUMENTS / file).read_text().splitlines()
    assert len(lines) <= 26
    assert lines[0].startswith("# ")
    assert lines[0].endswith((".", ")")), "the first line is one sentence"
    assert lines[1] == f"instrument: {file.removeprefix('features/').removesuffix('.yaml')}"


@pytest.mark.parametrize("file", FILES)
def test_example_survives_two_hundred_respondents(file: str) -> None:
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
    if isinstance(node, Mapped):
        kind = str(node.get("type", key)) if "id" in node or not kind else key
        for name, value in node.items():
            yield kind, str(name)
            yield from _keys_used(value, str(name), kind)
    elif isinstance(node, Listed):
        for value in node:
            yield from _keys_used(value, key, kind)


def _fields(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


USED = {pair for file in FILES for pair in _keys_used(source_of(file).tree, "document")}
ITEM_TYPES: dict[str, type[BaseModel]] = {
    get_args(model.model_fields["type"].annotation)[0]: model for model in get_args(get_args(AnyItem)[0])
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
        "StudyWritten",
        "SampleColumn",
        "FieldworkWritten",
        "QuotaWritten",
        "OutcomeWritten",
        "ScriptWritten",
    )
    from survey_cli.instrument import document, options

    models = [getattr(document, name) for name in parts] + [options.OptionWritten, options.DeclineWritten]
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
    statement = "There is agreement between you and your {} over what the mission of your ASU should be."
    q6 = asu().keys("1", "1", "1", "1", "1")
    assert (q6.place, q6.words) == ("q6", statement.format("sector chief"))
    q6 = asu(kind="District").keys("1", "1", "1", "1", "1")
    assert (q6.place, q6.words) == ("q6", statement.format("district director"))


def test_the_founding_survey_shows_no_opinion_and_does_not_read_it() -> None:
    q1 = asu()
    assert q1.offered[5] == "No opinion"
    entry = q1.asked.entry
    assert isinstance(entry, Pick)
    assert [c.read for c in entry.choices] == [True] * 4 + [False]
    assert q1.keys("5").data["q1"] == 5


def test_the_founding_survey_asks_why_of_those_who_disagree() -> None:
    mission = asu().keys("1", "3", "1", "1", "1", "2")
    assert mission.place == "q2_why"
    assert asu().keys("1", "2", "1", "1", "1", "2").place == "q7"
    assert asu().keys("1", "5", "1", "1", "1", "2").place == "q7"
    assert asu().keys("1", ".dk", "1", "1", "1", "2").place == "q7"


def test_the_founding_survey_keeps_its_numbers_and_known_words() -> None:
    leaves = instrument("asu_2000.yaml").leaves
    words = {q: str(leaves[q].text.markers("en")) for q in ("q1", "q14", "q23", "q26")}
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


def test_the_unit_list_fits_the_founding_survey() -> None:
    lines = (INSTRUMENTS / "asu_2000_units.csv").read_text().splitlines()
    columns = lines[0].split(",")
    assert set(columns) == set(instrument("asu_2000.yaml").sample)
    rows = [dict(zip(columns, line.split(","), strict=True)) for line in lines[1:]]
    kinds = [row["kind"] for row in rows]
    assert (len(rows), kinds.count("District"), kinds.count("Sector")) == (35, 21, 14)
    assert len({row["unit"] for row in rows}) == 35
    assert len({row["city"] for row in rows}) == 32, "El Paso, Miami and San Diego each appear twice"


# the household survey


def household(*keys: str, language: str = "en") -> Scenario:
    return scenario("household.yaml", language=language, sample={"county": 1}).keys("", "1", *keys)


ANN_AND_BO = ("2", "Ann", "1", "3/3/1985", "41", "Bo", "2", "1990", "36")


def test_the_household_speaks_both_languages() -> None:
    hola = scenario("household.yaml", language="es")
    assert hola.words.startswith("Buenos días, le habla Pat de Field Research.")
    assert hola.keys(".lang en").words.startswith("Good morning, this is Pat")
    assert household(language="es").words == "¿Cuántas personas viven en su hogar, contando a usted?"
    assert hola.declines == {}
    assert [d.text for d in household(language="es").asked.declines] == ["No responde"]


def test_the_household_doubts_an_age_that_does_not_fit_the_birth() -> None:
    at_age = household("1", "Ann", "1", "3/3/1985")
    assert at_age.keys("41").place != "age#1"
    doubted = at_age.keys("40")
    assert (doubted.place, doubted.query) == ("age#1", "Born 3 March 1985 makes another age than 40.")
    assert doubted.keys(".ok says so").data["age#1"] == 40
    assert household("1", "Ann", "1", "1985", "12").query == "", "of a year alone nothing is doubted"


def test_the_household_draws_the_next_birthday_and_asks_for_that_person() -> None:
    both = household("2", "Ann", "1", "3/3/1985", "41", "Bo", "2", "1/12/1990", "35")
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
    assert [k for k in now.data if k.startswith("minutes")] == ["minutes#1", "minutes#4", "minutes#5"]
    assert now.row["media_mentions"] == "web tv other"
    assert now.row["media_other_text"] == "a podcast"
    assert now.place == "first_news"
    assert media.keys("none").place == "card"
    assert media.keys("none tv").why == "none is chosen alone"


def test_the_household_has_two_wordings_and_both_occur() -> None:
    arms = {scenario("household.yaml", seed=n).interview.began.seed: n for n in range(40)}
    seen = set()
    for seed in arms:
        now = scenario("household.yaml", seed=seed).keys(
            "", "1", "1", "Ann", "1", "3/3/1985", "41", "none", "2"
        )
        seen.add((now.data["wording"], now.place))
    assert seen == {("spend", "money_a"), ("invest", "money_b")}


def test_the_household_reads_a_large_income_back() -> None:
    income = next(leaf for leaf in instrument("household.yaml").leaves.values() if leaf.id == "income")
    assert {d.id: d.code for d in income.declines} == {"dk": 99998, "refused": 99999}
    now = household("1", "Ann", "1", "3/3/1985", "41", "none", "2", "1", *["1"] * 5, ".dk", "1", "40")
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
    return scenario("customer.yaml", sample={"customer": "C1", "plan": 1, **sample}).keys("", "1", *keys)


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
    leaf = instrument("customer.yaml").leaves["contact_name"]
    assert all(v.personal for v in leaf.question.variables(leaf, "en") if v.role == "answer")


# the features, one by one


def feature(name: str, *keys: str, **more: Any) -> Scenario:
    """The feature's instrument, past the line that says who is calling."""
    now = scenario(f"features/{name}.yaml", **more)
    return now.keys("", *keys) if now.place == "hello" else now.keys(*keys)


def test_unless_fails_closed() -> None:
    assert feature("unless_fails_closed", "1").place == "votes"
    for doubtful in ("2", ".dk", ".refused"):
        stopped = feature("unless_fails_closed", doubtful)
        assert stopped.asked.ending == "not_eligible"
        assert stopped.keys("").outcome == "not_eligible"


def test_ask_if() -> None:
    assert feature("ask_if", "2", "a Fiat", "a bus", "1").data == {
        "cars": 2, "makes": "a Fiat", "second": "a bus", "bus": 1,
    }  # fmt: skip
    assert feature("ask_if", "1", "a Fiat").place == "bus"
    assert feature("ask_if", "0").place == "bus"
    assert feature("ask_if", ".dk").place == "bus"
    corrected = feature("ask_if", "1", "a Fiat", ".jump cars", "0", "1")
    assert corrected.data == {"cars": 0, "bus": 1}
    assert corrected.status == "ended"


def test_other_specify() -> None:
    assert feature("other_specify", "7 a poster").row == {"heard": 7, "heard_7_text": "a poster"}
    assert feature("other_specify", "1").row == {"heard": 1, "heard_7_text": ""}
    assert feature("other_specify", "7").why == "7 wants words: 7 and what was said"


def test_exclusive_option() -> None:
    assert feature("exclusive_option", "9").data == {"pets": (9,)}
    assert feature("exclusive_option", "1 9").why == "9 is chosen alone"
    assert feature("exclusive_option", "1").why == "at least 2 answers"
    assert feature("exclusive_option", "1 2 3 4").why == "at most 3 answers"
    columns = feature("exclusive_option", "3,1").row
    assert columns == {"pets_1": 1, "pets_2": 0, "pets_3": 1, "pets_4": 0, "pets_9": 0}


def test_mentions_ordered() -> None:
    both = feature("mentions_ordered", "3 1", "3 1")
    assert both.data == {"brands": (3, 1), "bought": (1, 3)}
    assert both.row["brands_mentions"] == "3 1"
    assert "bought_mentions" not in both.row
    first = feature("mentions_ordered").asked.entry
    assert isinstance(first, Pick)
    assert first.ordered
    assert not any(c.read for c in first.choices)


def test_soft_check() -> None:
    doubted = feature("soft_check", "100")
    assert (doubted.place, doubted.query) == ("hours", "100 hours is unusual.")
    assert doubted.asked.query is not None
    assert not doubted.asked.query.aloud
    assert doubted.keys(".ok two jobs").place == "paid"
    assert doubted.keys("40").data == {"hours": 40}
    assert feature("soft_check", "80").place == "paid"
    assert feature("soft_check", ".dk").place == "paid"
    assert "two jobs" in str(doubted.keys(".ok two jobs").interview.events[-1])
    confirmed = doubted.keys(".ok two jobs", ".back")
    assert confirmed.keys("").place == "paid", "what was confirmed is not asked about again"


def test_hard_check() -> None:
    three = feature("hard_check", "3")
    assert three.keys("4").why == "There are only 3 rooms."
    assert three.keys("4").place == "bedrooms"
    kept = three.keys("3", "1", ".reopen", ".jump rooms", "2")
    assert (kept.place, kept.earlier) == ("bedrooms", "reopened: 3")
    assert kept.data == {"rooms": 2, "garden": 1}
    assert kept.keys("").why == "the earlier answer no longer fits: There are only 2 rooms."
    assert kept.keys("1").data == {"rooms": 2, "bedrooms": 1, "garden": 1}


def test_confirm_aloud() -> None:
    asked = feature("confirm_aloud", "1200")
    assert asked.query == "Did you say 1,200 dollars?"
    assert asked.asked.query is not None
    assert asked.asked.query.aloud
    assert asked.keys(".ok").data == {"price": 1200}
    assert feature("confirm_aloud", "500").status == "ended"


PEOPLE = ("2", "Ann", "40", "1", "Bo", "7")


def test_roster_count() -> None:
    now = feature("roster_count", *PEOPLE)
    assert now.data == {"hh_size": 2, "name#1": "Ann", "age#1": 40, "works#1": 1, "name#2": "Bo", "age#2": 7}
    assert now.words == "So there are 1 adults, the eldest being 40."
    assert (now.computed("adults"), now.computed("eldest")) == (1, 40)
    assert now.keys("").status == "ended"
    assert feature("roster_count", "1", "Kim", "9", "").words == "You began with a child, Kim."
    fewer = now.keys(".jump hh_size", "1")
    assert "name#2" not in fewer.data
    assert fewer.computed("eldest") == 40
    assert feature("roster_count", ".dk").place == "sum_up"
    many = feature("roster_count", "9")
    assert many.asked.of == 2 + 4 * 3 + 2, "max bounds the turns"


def test_roster_each() -> None:
    now = feature("roster_each", "web tv")
    assert now.words == "How many minutes a day do you spend with television?"
    assert plain(now.asked.turn) == "television"
    done = now.keys("60", "4", "90", "2")
    assert done.data == {"media": ("tv", "web"), "minutes#1": 60, "trust#1": 4, "minutes#3": 90, "trust#3": 2}
    without = done.keys(".reopen", ".jump media", "web")
    assert without.data == {"media": ("web",), "minutes#3": 90, "trust#3": 2}
    assert without.why == "", "turns never renumber: the internet keeps its answers"


def test_roster_until() -> None:
    now = feature("roster_until", "Rome", "1", "Oslo", "2")
    assert now.data == {"place#1": "Rome", "trip_more#1": 1, "place#2": "Oslo", "trip_more#2": 2}
    assert now.words == "That makes 2 trips."
    assert feature("roster_until", "Rome", ".dk").place == "sum_up"
    full = feature("roster_until", "Rome", "1", "Oslo", "1", "Bern")
    assert full.words == "That makes 3 trips."


def test_draw_random() -> None:
    keys = ("4", "Ann", "40", "Bo", "7", "Cy", "30", "Di", "20")
    drawn: list[object] = []
    for seed in range(300):
        now = feature("draw_random", *keys, seed=seed)
        assert now.row["adult_of"] == 3
        drawn.append(now.data["adult"])
    assert set(drawn) == {1, 3, 4}
    assert all(70 <= drawn.count(turn) <= 130 for turn in (1, 3, 4)), "each of three with equal chance"
    names = {1: "Ann", 3: "Cy", 4: "Di"}
    now = feature("draw_random", *keys, seed=5)
    assert now.words == f"The lot has fallen on {names[now.data['adult']]}."  # type: ignore[index]
    nobody = feature("draw_random", "1", "Kid", "7")
    assert (nobody.data["adult"], nobody.keys("").outcome) == (NOT_ASKED, "not_eligible")


def test_draw_youngest() -> None:
    keys = ("3", "Ann", "40", "3/3/1986", "Bo", "7", "1/12/2018", "Cy", "30", "24/11/1996")
    now = feature("draw_youngest", *keys, today=date(2026, 11, 24))
    assert now.words == "The youngest is Bo, the next birthday is Bo's."
    assert (now.row["youngest"], now.row["birthday"]) == (2, 2)
    later = feature("draw_youngest", *keys, today=date(2026, 12, 2))
    assert later.data["birthday"] == 1, "today's birthday and those just over are a year away"


def test_draw_is_made_anew_when_who_can_be_drawn_has_changed() -> None:
    now = feature("draw_random", "2", "Ann", "40", "Bo", "7")
    assert (now.row["adult"], now.row["adult_of"]) == (1, 1)
    older = now.keys(".jump age#2", "70")
    assert older.row["adult_of"] == 2


def test_handover() -> None:
    now = feature("handover", "Bo", "2")
    assert now.words == "May I speak with Bo?"
    assert plain(now.asked.instruction).startswith("Ask for Bo")
    assert isinstance(now.asked.entry, Read)
    assert now.keys("").place == "age"
    assert feature("handover", "Bo", "1").place == "age"
    assert feature("handover", ".refused", "2").words == "May I speak with the youngest adult?"


def test_split() -> None:
    arms = [feature("split", seed=seed).data["wording"] for seed in range(400)]
    assert 260 <= arms.count("forbid") <= 340, "three to one"
    assert arms.count("forbid") + arms.count("not_allow") == 400
    for seed in range(10):
        now = feature("split", seed=seed)
        assert now.place == ("q_forbid" if now.data["wording"] == "forbid" else "q_allow")
        assert now.data == feature("split", seed=seed).data, "the same seed draws the same arm"


def test_split_in_sample() -> None:
    sent = {"number": "n1", "letter": "sent", "kind": 2}
    now = feature("split_in_sample", "", "1", sample=sent)
    assert now.data == {"got_it": 1, "line": 2}
    assert now.place == "only"
    silent = feature("split_in_sample", sample={"number": "n2", "letter": "not_sent", "kind": 1})
    assert (silent.data, silent.outcome) == ({"line": 1}, "complete")
    assert instrument("features/split_in_sample.yaml").sample["email"].hidden


def test_lookup_quota() -> None:
    assert feature("lookup_quota", "1").data == {"sex": 1, "cell": "open"}
    assert feature("lookup_quota", "1").place == "reads"
    full = feature("lookup_quota", "1", quotas={"sexes": "full"})
    assert full.asked.ending == "quota_full"
    assert feature("lookup_quota", "1", quotas={"sexes": "outside"}).place == "reads"


def test_end_temporary() -> None:
    later = feature("end_temporary", "2", "")
    assert (later.status, later.outcome) == ("suspended", "callback")
    again = later.keys(".resume")
    assert (again.place, again.earlier) == ("now", "answer: 2 No, call me later")
    assert again.keys("1", "1").outcome == "complete"
    assert again.keys("1", "1").data == {"now": 1, "tea": 1}


def test_end_final() -> None:
    for code, outcome in (("2", "not_eligible"), ("3", "moved")):
        stopped = feature("end_final", code, "")
        assert (stopped.status, stopped.outcome) == ("ended", outcome)
        assert stopped.unreached == set(), "after an end the rest is not asked"
    corrected = feature("end_final", "2", ".jump owns", "1")
    assert corrected.place == "rides"
    assert str(instrument("features/end_final.yaml").written.outcomes["moved"].like) == "not_eligible"  # type: ignore[index]


def test_order_random_anchor() -> None:
    firsts, statements, options = set(), set(), set()
    for seed in range(60):
        now = feature("order_random_anchor", seed=seed)
        two = (now.place, now.keys("1").place)
        assert sorted(two) == ["roads", "schools"]
        firsts.add(two[0])
        now = now.keys("1", "1")
        assert now.place == "all_told"
        now = now.keys("1")
        assert plain(now.asked.intro) == "How far do you trust these?"
        order = []
        while now.place != "first":
            order.append(now.place)
            now = now.keys("3")
            assert plain(now.asked.intro) == "", "the introduction is read once"
        assert order[3] == "others"
        statements.add(tuple(order[:3]))
        codes = list(now.offered)
        assert codes[3:] == [8, 9]
        options.add(tuple(codes[:3]))
    assert firsts == {"roads", "schools"}
    rotations = {("courts", "press", "banks"), ("press", "banks", "courts"), ("banks", "courts", "press")}
    assert statements == rotations
    assert len(options) == 6


def test_order_named_scale_flip() -> None:
    seen = set()
    for seed in range(20):
        now = feature("order_named_scale_flip", seed=seed)
        food, rooms = list(now.offered), list(now.keys("1").offered)
        assert food == rooms, "drawn once an interview"
        seen.add(tuple(food))
        read = "Good, Fair or Poor" if food[0] == 1 else "Poor, Fair or Good"
        assert now.words == f"How is the food? {read}?"
        assert now.keys("1").words == f"How are the rooms? {read.replace(' or', ' or would you say')}?"
    assert seen == {(1, 2, 3, 9), (3, 2, 1, 9)}


def test_languages() -> None:
    now = feature("languages")
    assert now.words == "Good morning, this is Pat."
    assert now.keys(".lang es").words == "Buenos días, le habla Pat."
    assert now.keys(".lang fr").why == "the questionnaire has no language fr"
    one = now.keys("", "1")
    assert one.words == "Is the school of your child good?"
    assert one.keys(".lang es").words == "¿Es buena la escuela de su hijo?"
    assert one.keys(".lang es").offered == {1: "Sí", 2: "No"}
    assert now.keys("", "2", ".lang es").words == "¿Es buena la escuela de sus hijos?"
    assert [d.text for d in one.keys(".lang es").asked.declines] == ["No sabe", "No responde"]


def test_fills() -> None:
    now = feature("fills", sample={"kind": 1, "since": date(1999, 5, 1)})
    assert now.words == "Good morning, Pat for case case 7, on Tuesday 24 November. Not [bold]."
    assert [s.text for s in now.asked.words if s.stress] == ["Not"]
    assert now.keys("").words == "You are with the sector, code 1, since May 1999, the respondent."
    paid = now.keys("", "", "1234.5")
    assert paid.words == "That is 1,234, or 1,234.50."
    assert now.keys("", "", ".dk").words == "That is no figure, or …."
    assert paid.keys("", "1 2").words == "You saw a fox, a hare. {Braces} are doubled."


def test_missing_three_valued() -> None:
    reads = {"known", "either", "in_list", "refusing", "no_view"}

    def read(*keys: str) -> set[str]:
        now = feature("missing_three_valued", *keys)
        while now.status == "open":
            now = now.keys("" if isinstance(now.asked.entry, Read) else "5" if now.place == "view" else "1")
        return set(now.route) & reads

    assert read("3", "4") == {"known", "no_view"}
    assert read("6", ".refused") == {"either", "refusing", "no_view"}, "true or unknown is true"
    assert read("3", ".refused") == {"refusing", "no_view"}, "false or unknown is unknown"
    assert read(".dk", "3") == {"in_list", "no_view"}
    assert read("1", "3") == {"known", "in_list", "no_view"}
    now = feature("missing_three_valued", ".dk", ".refused")
    assert now.computed("both") == REFUSED, "of several missing kinds, refused comes before don't know"
    assert now.computed("small") == "not small", "an unknown condition takes else"
    assert feature("missing_three_valued", "3", ".dk").computed("some") == 3
    assert feature("missing_three_valued", "3", ".dk").computed("both") == DK


def test_compute() -> None:
    now = feature("compute", "4000", "1500", "3/3/1985")
    assert {c: now.computed(c) for c in ("year_pay", "group", "age", "share", "largest")} == {
        "year_pay": 48000, "group": "low", "age": 41, "share": 37.5, "largest": 4000,
    }  # fmt: skip
    assert (now.place, now.words) == ("hard", "Is 37.5 per cent hard to pay?")
    assert feature("compute", "9000", "1500", "3/3/1985").words == (
        "You are 41, in the high group, and the larger sum is 9000."
    )
    unknown = feature("compute", ".dk", "1500", "3/3/1985")
    assert unknown.computed("year_pay") == DK
    assert unknown.words == "You are 41, in the low group, and the larger sum is …."
    assert feature("compute", "0", "1500", "3/3/1985").computed("share") == NOT_ASKED, (
        "nothing is divided by nought"
    )


def test_partial_date() -> None:
    def born(text: str) -> dict[str, object]:
        row = feature("partial_date", text).row
        return {name: row[name] for name in ("born", "born_y", "born_m", "born_d")}

    assert born("3 Mar 1985") == {"born": "1985-03-03", "born_y": 1985, "born_m": 3, "born_d": 3}
    assert born("3/1985") == {"born": "1985-03", "born_y": 1985, "born_m": 3, "born_d": DK}
    assert born("1985") == {"born": "1985", "born_y": 1985, "born_m": DK, "born_d": DK}
    assert feature("partial_date", "3/3/85").why
    assert feature("partial_date", "1985", "3/4/2020").data["moved"] == date(2020, 3, 4)
    assert feature("partial_date", "1985", "2020").why, "a year alone is not enough where all is wanted"
    assert feature("partial_date", "1985", "2020").place == "moved"


def test_time() -> None:
    for typed in ("930", "9:30", "9.30", "9:30 am"):
        assert feature("time", typed).data == {"up": time(9, 30)}
    assert feature("time", "noon").data == {"up": time(12)}
    assert feature("time", "9.30 pm").data == {"up": time(21, 30)}
    assert feature("time", "25:00").place == "up"
    assert feature("time", "930", "9:00").why == "Nobody leaves before getting up."


def test_number_codes() -> None:
    first = feature("number_codes")
    entry = first.asked.entry
    assert isinstance(entry, Line)
    assert entry.labels == ((97, "97 or older"),)
    assert first.keys("97").data == {"age": 97}
    assert first.keys("98").why == "98 is more than 96"
    assert first.keys("17").why == "17 is less than 18"
    assert first.keys("97", ".back").earlier == "answer: 97 97 or older"
    assert first.keys("50", "-4").data["degrees"] == -4
    assert first.keys("50", "2.5").place == "degrees"


def test_text_pattern() -> None:
    assert feature("text_pattern", "01234").data == {"zip": "01234"}
    for bad in ("1234", "0123a", "012345"):
        assert feature("text_pattern", bad).place == "zip"
    assert feature("text_pattern", "01234", "AB-12C").data["plate"] == "AB-12C"
    assert feature("text_pattern", "01234", "AB-12-").place == "plate"


def test_verbatim() -> None:
    now = feature("verbatim", "2")
    assert isinstance(now.asked.entry, Verbatim)
    assert plain(now.asked.probe) == "What else?"
    assert plain(now.asked.help).startswith("Write down every word.")
    assert now.keys("It rains.\nAlways.").data["why"] == "It rains.\nAlways."
    assert now.keys("   ").place == "why"
    assert now.keys(".refused").row["why_state"] == REFUSED
    assert now.keys("It rains.").row == {"content": 2, "why": "It rains.", "why_state": 0}
    assert str(now.interview.instrument.leaves["why"].question.base) != "None"


def test_prefill() -> None:
    now = feature("prefill", sample={"town": "Ely", "size": 2})
    assert now.earlier == "prefill: Ely"
    assert now.data == {}, "it counts once it is confirmed"
    assert now.keys("").data == {"lives": "Ely"}
    assert now.keys("York", "1").data == {"lives": "York", "firm": 1}
    assert now.keys("", "").data == {"lives": "Ely", "firm": 2}
    assert feature("prefill").keys("").why == "an answer is wanted"


def test_personal() -> None:
    made = instrument("features/personal.yaml")
    hidden = {
        leaf.id: any(v.personal for v in leaf.question.variables(leaf, "en")) for leaf in made.leaves.values()
    }
    assert hidden == {"hello": False, "colour": False, "email": True}
    assert all(made.sample[name].hidden for name in ("name", "phone"))
    entry = feature("personal", "blue").asked.entry
    assert isinstance(entry, Line)
    assert entry.personal


def test_faq() -> None:
    said = {plain(q): plain(a) for q, a in feature("faq").asked.faq}
    assert said["Who is paying for this?"] == "The County Library."
    assert len(said) == 2


def test_nets() -> None:
    question = instrument("features/nets.yaml").leaves["agree"].question
    assert {str(k): list(map(str, v)) for k, v in question.nets.items()} == {
        "Agree": ["1", "2"],
        "Disagree": ["3", "4"],
    }
    leaf = instrument("features/nets.yaml").leaves["agree"]
    assert leaf.question.variables(leaf, "en")[0].label == "Agreement"


def test_include_prefix() -> None:
    now = feature("include_prefix", "", "40")
    assert now.words == "With 40 hours, in which sector is it?"
    second = now.keys("1", "", "20")
    assert (second.place, second.words) == ("longer", "Yours is the longer one.")
    assert second.data == {"hours": 40, "sector": 1, "b_hours": 20}
    assert (second.computed("full_time"), second.computed("b_full_time")) == (True, False)
    assert now.keys("1", "", "50").words == "With 50 hours, in which sector is it?"
    leaf = instrument("features/include_prefix.yaml").leaves["b_sector"]
    assert leaf.question.variables(leaf, "en")[0].labels == {1: "Private sector", 2: "Public sector"}


def test_after_hangup() -> None:
    now = feature("after_hangup", "1")
    assert not now.asked.after_hangup
    noise = now.keys("")
    assert noise.asked.after_hangup
    assert noise.asked.section == "For the interviewer"
    assert noise.keys("1").outcome == "complete"


def test_by_interviewer() -> None:
    voice = feature("by_interviewer")
    assert not voice.asked.aloud
    assert voice.declines == {}
    assert voice.keys(".dk").why == "this cannot be declined"
    assert voice.keys("1").asked.aloud


def test_item_declines() -> None:
    now = feature("item_declines")
    assert now.declines == {"dk": -8, "refused": -9, "never_heard": -7}
    assert [d.key for d in now.asked.declines] == ["d", "r", "h"]
    none = now.keys(".never_heard")
    assert none.data["any"].kind == "never_heard"  # type: ignore[union-attr]
    assert none.declines == {}
    one = none.keys("x")
    assert one.declines == {"dk": -8}
    assert one.keys(".refused").why == "not a decline of this item"
    coded = one.keys(".dk")
    assert coded.declines == {"dk": 98, "refused": 99}
    assert [d.text for d in coded.asked.declines] == ["Don't know", "Will not say"]
    assert coded.keys("98").place == "coded"
    assert instrument("features/item_declines.yaml").declines["not_reached"].code == -5


def test_statement_conditions() -> None:
    drives = feature("statement_conditions", "1")
    assert (drives.place, drives.words) == ("parking", "How important is easy parking, from 1 to 5?")
    assert plain(drives.asked.intro) == "Now about what matters to you."
    assert drives.asked.section == "What matters"
    walks = feature("statement_conditions", "2")
    assert walks.place == "buses"
    assert plain(walks.asked.intro) == "Now about what matters to you.", "before whichever comes first"
    assert walks.keys("5").status == "ended"
    assert walks.keys("4").place == "end_read"
    leaf = instrument("features/statement_conditions.yaml").leaves["parking"]
    assert leaf.question.variables(leaf, "en")[0].label == "Parking"


def test_scale_long() -> None:
    short = feature("scale_long")
    assert short.offered[0] == "Cold"
    assert isinstance(short.keys("7").asked.entry, Line)
    assert short.keys("7", "55").data == {"keyed": 7, "typed": 55}
    assert short.keys("7", "101").place == "typed"


def test_option_conditions() -> None:
    car = feature("option_conditions", "car")
    assert car.offered == {1: "By car", 3: "On foot"}
    assert feature("option_conditions", "none").offered == {3: "On foot"}
    assert feature("option_conditions", ".dk").offered == {3: "On foot"}
    entry = car.asked.entry
    assert isinstance(entry, Pick)
    assert entry.choices[1].note == "also with a pram"
    gone = car.keys("1", "1", ".reopen", ".jump owns", "bike")
    assert (gone.place, gone.earlier) == ("best", "reopened: 1 By car")
    assert gone.data == {"owns": ("bike",), "far": 1}
    leaf = gone.interview.instrument.leaves["best"]
    assert leaf.question.variables(leaf, "en")[0].labels[3] == "Walking"


def test_options_fill() -> None:
    seen = {feature("options_fill", seed=seed).words for seed in range(40)}
    assert seen == {
        "Should taxes rise, fall or should they stay as they are?",
        "Should taxes fall, stay as they are or should they rise?",
        "Should taxes stay as they are, rise or should they fall?",
    }
    assert feature("options_fill", "1").words == "Are you sure or not sure?"


def test_unit_decimals() -> None:
    first = feature("unit_decimals")
    entry = first.asked.entry
    assert isinstance(entry, Line)
    assert entry.unit == "kg"
    assert first.keys("72.5", ".back").earlier == "answer: 72.5 kg"
    assert first.keys("72.55").why == "1 decimal place only"
    assert first.keys("0.4").place == "weight"
    assert first.keys("72.5", "1.5").why == "whole numbers only"
    assert first.keys("72.5", "10,500").data["steps"] == 10500


def test_fieldwork() -> None:
    written = instrument("features/fieldwork.yaml").written.fieldwork
    assert written is not None
    assert (written.attempts.total, written.attempts.per_day, written.attempts.per_daypart) == (6, 2, 1)
    assert list(map(str, written.closed)) == ["2026-11-26"]
    assert str(written.recording) == "notice"
    assert feature("fieldwork", "").keys("2", "").outcome == "not_eligible"


def test_study() -> None:
    study = instrument("features/study.yaml").written.study
    assert str(study.sponsor) != "None"
    assert study.size == 120_000
    assert plain(feature("study").asked.help) == "Books of any kind."


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
    assert (stopped.status, stopped.outcome, stopped.unreached) == ("stopped", "break_off", {"paid"})


def test_prompts_are_frozen_and_comparable() -> None:
    one, two = feature("faq").asked, feature("faq").asked
    assert isinstance(one, Prompt)
    assert one == two
    with pytest.raises(AttributeError):
        one.section = "x"  # type: ignore[misc]
