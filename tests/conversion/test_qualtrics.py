"""Surveys of Qualtrics: real ones, their logic on random answers, and damaged ones."""

import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.blank_answers import BLANK, TableRow, list_ahead, read_table
from support.conducting import conduct
from support.qualtrics_surveys import (
    Json,
    convert_survey,
    make_block,
    make_columns,
    make_expression,
    make_logic,
    make_question,
    make_survey,
    make_validation,
    show,
    write_converted,
)
from support.scenario import Scenario, instrument, scenario
from survey_cli.conversion.convert import convert_form
from survey_cli.conversion.loss_report import LogicCount
from survey_cli.conversion.questionnaire.writer import ConvertedForm
from survey_cli.problems import UserError
from survey_cli.values import NOT_ASKED

FORMS = Path(__file__).parents[1] / "data" / "convert" / "qsf"
CONDITIONS = {
    "claessens_ai_moral": {"branch logic": LogicCount(1, 1)},
    "psych251_porter": {"branch logic": LogicCount(1, 1)},
    "qualtricstools_long_exhaustive": {},
    "qualtricstools_many_question_types": {"display logic": LogicCount(16, 16)},
    "qualtricstools_survey_logic_everywhere": {
        "display logic": LogicCount(9, 9),
        "branch logic": LogicCount(0, 1),
        "skip logic": LogicCount(3, 3),
    },
    "rios_qualtrics_health": {},
}
"""The conditions of the real surveys that are carried over. The one that isn't asks for a device."""


def list_asked(path: Path) -> set[int]:
    """Return the numbers of the questions in blocks outside the trash."""
    survey = json.loads(path.read_text(encoding="utf-8-sig"))
    in_blocks: set[str] = set()
    for element in survey["SurveyElements"]:
        if element["Element"] != "BL":
            continue
        payload = element["Payload"]
        for block in payload.values() if isinstance(payload, dict) else payload:
            if block["Type"] != "Trash":
                in_blocks |= {entry.get("QuestionID", "") for entry in block["BlockElements"]}
    return {int(id_.removeprefix("QID")) for id_ in in_blocks if id_}


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_real_survey_has_no_errors_and_is_carried_over(tmp_path: Path, name: str) -> None:
    path = FORMS / f"{name}.qsf"
    converted = convert_form(path)
    assert not converted.errors

    report = converted.report
    counts = {kind: count for kind, count in report.logic.items() if count.total}
    assert counts == CONDITIONS[name]
    assert all(entry.text and entry.row >= 1 for entry in report.lost)

    questionnaire = write_converted(tmp_path, converted)
    made = instrument(questionnaire)
    rows = {entry.row for entry in report.carried if entry.part == "questions"}
    robots = {128} if name.startswith("claessens") else set()
    askable = list_asked(path) - robots
    assert rows == askable
    assert len(made.items) >= len(askable)
    assert conduct(questionnaire).status == "ended"


FIELDS: list[Json] = [
    make_question(
        1, "MC", "SAVR", choices=["F", "M", "O"], RecodeValues={"1": "10", "2": "20", "3": "30"}
    ),
    make_question(2, "MC", "MAVR", choices=["Red", "Blue"]),
    make_question(3, "TE", "SL", Validation=make_validation("ValidNumber")),
    make_question(4, "TE", "SL"),
    make_question(
        5,
        "Matrix",
        "Likert",
        SubSelector="SingleAnswer",
        choices=["Bread"],
        answers=["Bad", "So", "Good"],
    ),
    make_question(6, "Slider", "HSLIDER", choices=["Warm"]),
    make_question(
        7, "MC", "DL", choices=["Yes", "No"], when="q://QID1/SelectableChoice/1 Selected"
    ),
    make_question(
        10,
        "MC",
        "SAVR",
        Choices={"1": {"Display": "Volvo"}, "2": {"Display": "Other", "TextEntry": "true"}},
    ),
    make_question(
        11,
        "Matrix",
        "Likert",
        SubSelector="MultipleAnswer",
        choices=["Tea", "Coffee"],
        answers=["Hot", "Cold"],
    ),
    make_question(12, "TE", "FORM", choices=["First", "Last"]),
    make_question(13, "CS", "VRTL", choices=["Rent", "Food"]),
    make_question(14, "RO", "DND", choices=["Sea", "Hills"]),
    make_columns(15, ["Bread"], ["Bad", "Good"]),
    make_question(
        16,
        "MC",
        "SAVR",
        choices=["Worse", "Same", "Better"],
        RecodeValues={"1": "-1", "2": "0", "3": "1.5"},
    ),
    make_question(9, "MC", "SAVR", choices=["Never"]),
]
"""The fields of the table in the order in which they are asked; the last is in the trash."""
KEYS = {
    "sex": {"1": "10", "2": "20", "3": "30"},
    "colors": {"1+2": "1 2"},
    "car": {"other": "2 Fiat"},
    "drinks": {"hot+-": "1; .dk", "both+cold": "1 2; 2", BLANK: ".dk; .refused"},
    "name": {"Ann+-": "Ann; .dk", "-+Bee": ".refused; Bee", BLANK: ".dk; .dk"},
    "budget": {"30+70": "30; 70", "0+100": "0; 100", BLANK: ".dk; .refused"},
    "holiday": {"sea+hills": "1 2", "hills+sea": "2 1"},
    "pair": {"1": "1; 2", "2": "2; 1", BLANK: ".dk; 1"},
    "change": {"-1": "1", "0": "2", "1.5": "3"},
}
"""What is keyed for the answers of the table: the replies to several items, or other codes."""
SAMPLE = ("arm", "score", "nowhere")
"""The fields of embedded data, which are columns of the sample."""


@dataclass(frozen=True)
class DrawnLogic:
    """Sets of conditions, each with the word before it."""

    sets: list[tuple[str, list[tuple[str, TableRow]]]]

    def write(self) -> tuple[str, ...]:
        written: list[str] = []
        for word, parts in self.sets:
            texts = [part.text if not own else f"{own} {part.text}" for own, part in parts]
            written.append(f"{word} {' | '.join(texts)}".strip())
        return tuple(written)

    def is_true(self, answers: Mapping[str, str]) -> bool:
        truths = [
            (word, join_in_order([(own, part.is_true(answers)) for own, part in parts]))
            for word, parts in self.sets
        ]
        return join_in_order(truths)


def join_in_order(truths: list[tuple[str, bool]]) -> bool:
    """Join truths, each with the word before it, "And" before "Or"."""
    alternatives: list[list[bool]] = [[]]
    for word, truth in truths:
        if word in ("Or", "OrIf"):
            alternatives.append([])
        alternatives[-1].append(truth)
    return any(all(alternative) for alternative in alternatives)


def draw_logic(rows: list[TableRow], rng: random.Random) -> DrawnLogic:
    sets: list[tuple[str, list[tuple[str, TableRow]]]] = []
    for number in range(rng.randint(1, 2)):
        word = rng.choice(("AndIf", "OrIf")) if number else ""
        parts = [
            (rng.choice(("And", "Or")) if place else "", rng.choice(rows))
            for place in range(rng.randint(1, 3))
        ]
        sets.append((word, parts))
    return DrawnLogic(sets)


def answer_fields(text: str, answers: dict[str, str], rng: random.Random) -> Scenario:
    """Answer the fields; a blank is a don't know or a refusal, as nothing else leaves one."""
    sample: dict[str, Any] = {}
    for field in SAMPLE:
        answer = answers[field]
        if answer in (BLANK, "never"):
            sample[field] = NOT_ASKED
        elif answer.isdigit():
            sample[field] = int(answer)
        else:
            sample[field] = answer

    now = scenario(text, sample=sample)
    for field, answer in answers.items():
        if field in (*SAMPLE, "trash") or answer == "hidden":
            continue
        keys = KEYS.get(field, {}).get(answer, answer)
        if keys == BLANK:
            keys = rng.choice((".dk", ".refused"))
        for key in keys.split("; "):
            now = now.key(key)
            assert not now.why, (field, key, now.why)
    return now


def test_logic_is_true_of_the_same_answers_as_in_qualtrics(tmp_path: Path) -> None:
    rng = random.Random(30)
    table = read_table(FORMS / "logic.csv")
    conditions = [DrawnLogic([("", [("", row)])]) for row in table.rows]
    conditions += [draw_logic(table.rows, rng) for _ in range(100)]
    notes = [
        make_question(100 + number, "DB", "TB", when=condition.write())
        for number, condition in enumerate(conditions)
    ]
    last = make_question(999, "DB", "TB")
    asked = [int(question["QuestionID"][3:]) for question in [*FIELDS[:-1], *notes, last]]
    trash = make_block("trash", 9) | {"Type": "Trash"}
    survey = make_survey([*FIELDS, *notes, last], [make_block("all", *asked), trash])
    converted = convert_survey(tmp_path, survey)
    never = {entry.name for entry in converted.report.lost if "false in every" in entry.text}
    others = [entry.text for entry in converted.report.lost if entry.name not in never]
    assert others == ["the recode value '1.5' is no code: the ids of the choices are the codes"]

    for _ in range(1000):
        answers = table.draw_answers(rng)
        if answers["sex"] != "1":
            answers["kid"] = "hidden"
        elif answers["kid"] == "hidden":
            answers["kid"] = BLANK
        ahead = list_ahead(answer_fields(converted.text, answers, rng))
        for number, condition in enumerate(conditions):
            is_asked = f"Q{100 + number}" in ahead
            assert is_asked == condition.is_true(answers), (condition.write(), answers)


def make_fields(*values: tuple[str, str], number: int = 2) -> Json:
    entries = [{"Field": name, "Type": "Custom", "Value": value} for name, value in values]
    return {"Type": "EmbeddedData", "FlowID": f"FL_{number}", "EmbeddedData": entries}


def make_branch(when: str, *inside: Json, number: int) -> Json:
    logic = make_logic(when)
    return {"Type": "Branch", "FlowID": f"FL_{number}", "BranchLogic": logic, "Flow": list(inside)}


def list_lost(converted: ConvertedForm) -> set[tuple[str, str]]:
    return {(entry.column, entry.text) for entry in converted.report.lost}


def test_branches_fields_and_ends_come_in_the_order_of_the_flow(tmp_path: Path) -> None:
    screened = {"Type": "EndSurvey", "FlowID": "FL_9", "Options": {"ResponseFlag": "Screened"}}
    questions = [
        make_question(1, "MC", "SAVR", choices=["Yes", "No"]),
        make_question(2, "MC", "SAVR", choices=["A", "B"]),
        make_question(
            3,
            "DB",
            "TB",
            QuestionText="You are ${e://Field/path}.",
            when="e://Field/path EqualTo long",
        ),
        make_question(
            4,
            "TE",
            "SL",
            QuestionText="Why ${q://QID2/ChoiceGroup/SelectedChoices}, ${m://FirstName}?",
        ),
    ]
    flow = [
        make_fields(("path", "short")),
        show("first"),
        make_branch("q://QID1/SelectableChoice/1 NotSelected", screened, number=5),
        make_branch(
            "q://QID2/SelectableChoice/2 Selected",
            make_fields(("path", "long"), number=8),
            show("second"),
            number=7,
        ),
        show("third"),
    ]
    blocks = [make_block("first", 1, 2), make_block("second", 3), make_block("third", 4)]
    converted = convert_survey(tmp_path, make_survey(questions, blocks, flow))
    assert not list_lost(converted)
    assert converted.report.logic["branch logic"] == LogicCount(2, 2)

    begun = scenario(converted.text, sample={"FirstName": "Kim"})
    assert begun.key(".dk").keys("1", "").outcome == "not_eligible"
    short = begun.keys("1", "1")
    assert "Why A, Kim?" in str(short.prompt)
    assert "path: \"'long' if answered(Q2) and Q2 == 2 else 'short'\"" in converted.text
    long = begun.keys("1", "2")
    assert "You are long." in str(long.prompt)
    assert long.keys("", "so").status == "ended"


def skip(number: int, operator: str, destination: str, id_: int) -> Json:
    return {
        "SkipLogicID": id_,
        "ChoiceLocator": f"q://QID{number}/SelectableChoice/1",
        "Condition": operator,
        "SkipToDestination": destination,
        "QuestionID": f"QID{number}",
    }


def ask(number: int, *skips: Json) -> Json:
    return {"Type": "Question", "QuestionID": f"QID{number}", "SkipLogic": list(skips)}


def test_a_skip_leaves_out_what_is_before_its_destination(tmp_path: Path) -> None:
    questions = [
        make_question(number, "MC", "SAVR", choices=["Yes", "No"]) for number in range(1, 7)
    ]
    block = make_block(
        "all",
        ask(1, skip(1, "Selected", "QID4", 1)),
        ask(2, skip(2, "NotSelected", "QID5", 2)),
        3,
        4,
        ask(5, skip(5, "Selected", "ENDOFSURVEY", 3), skip(5, "NotSelected", "ENDOFBLOCK", 4)),
        6,
    )
    converted = convert_survey(tmp_path, make_survey(questions, [block]))
    assert not list_lost(converted)
    begun = scenario(converted.text)
    assert begun.key("1").place == "Q4"  # although the skip of Q2 would be true of a blank
    assert begun.keys("1", "1").place == "Q5"
    assert begun.keys("2", "1").place == "Q3"
    assert begun.keys("2", "2").place == "Q5"
    assert begun.keys("2", ".dk").place == "Q5"
    assert begun.keys("2", "2", "1", "").outcome == "complete"
    assert begun.keys("2", "2", "2").status == "ended"


def test_of_several_skips_the_first_that_is_true_is_done(tmp_path: Path) -> None:
    """Both answers are chosen, or a choice only has to be displayed."""
    answers = ["Tea", "Coffee"]
    questions = [make_question(1, "MC", "MAVR", choices=answers)]
    questions += [make_question(number, "MC", "SAVR", choices=answers) for number in (2, 3, 4, 5)]
    second = skip(1, "Selected", "QID3", 2) | {"ChoiceLocator": "q://QID1/SelectableChoice/2"}
    block = make_block(
        "all",
        ask(1, skip(1, "Selected", "QID4", 1), second),
        2,
        ask(3, skip(3, "Displayed", "QID5", 3)),
        4,
        5,
    )
    converted = convert_survey(tmp_path, make_survey(questions, [block]))
    assert not list_lost(converted)
    begun = scenario(converted.text)
    assert begun.key("1 2").place == "Q4"
    assert begun.key("2").place == "Q3"
    assert begun.key(".dk").place == "Q2"
    assert begun.keys("2", ".dk").place == "Q5"
    assert begun.keys("1", "1").place == "Q5"


def test_nested_conditions_and_repeated_blocks_are_no_bombs(tmp_path: Path) -> None:
    """Many skips aren't nested deeply, and conditions on conditions don't multiply."""
    survey = make_survey(
        [make_question(number, "MC", "SAVR", choices=["Yes", "No"]) for number in range(1, 61)],
        [
            make_block(
                "all",
                *(
                    ask(number, skip(number, "Selected", "ENDOFBLOCK", number))
                    for number in range(1, 61)
                ),
            )
        ],
    )
    now = scenario(convert_survey(tmp_path, survey).text)
    assert now.keys(*["2"] * 59).place == "Q60"
    assert now.keys(*["2"] * 30, "1").status == "ended"

    shown = "q://QID{0}/ChoiceDisplayed/1 Displayed | And q://QID{0}/ChoiceDisplayed/1 Displayed"
    chain = [make_question(1, "MC", "SAVR", choices=["Yes", "No"])]
    for number in range(2, 41):
        when = shown.format(number - 1) if number > 2 else "q://QID1/SelectableChoice/1 Selected"
        first = {"Display": "Yes", "DisplayLogic": make_logic(when)}
        chain.append(
            make_question(number, "MC", "SAVR", Choices={"1": first, "2": {"Display": "No"}})
        )
    lost = list_lost(convert_survey(tmp_path, make_survey(chain)))
    assert {text.partition(";")[0] for _, text in lost} == {
        "it depends on too many other conditions"
    }

    block = make_block("all", 1)
    path = tmp_path / "bomb.qsf"
    path.write_text(json.dumps(make_survey(chain[:1], [block], [show("all")] * 20_001)))
    with pytest.raises(UserError, match="far more questions"):
        convert_form(path)


def test_randomizers_draw_shuffle_and_assign(tmp_path: Path) -> None:
    def randomize(number: int, drawn: int, *inside: Json, **more: Any) -> Json:
        return {
            "Type": "BlockRandomizer",
            "FlowID": f"FL_{number}",
            "SubSet": drawn,
            "Flow": list(inside),
            **more,
        }

    def gather(number: int, *inside: Json) -> Json:
        return {
            "Type": "Group",
            "FlowID": f"FL_{number}",
            "Description": f"g{number}",
            "Flow": list(inside),
        }

    questions = [make_question(number, "TE", "SL") for number in range(1, 7)]
    questions[4]["QuestionText"] = "Arm ${e://Field/arm}?"
    blocks = [make_block(f"b{number}", number) for number in range(1, 7)]
    blocks[5] = make_block("b6", 6, RandomizeQuestions="RandomizeAll")
    flow = [
        randomize(2, 1, show("b1"), show("b2"), EvenPresentation=True),
        randomize(10, 1, gather(11, show("b3"), show("b4")), gather(12, show("b4"), show("b3"))),
        randomize(
            20, 1, make_fields(("arm", "x"), number=21), make_fields(("arm", "y"), number=22)
        ),
        show("b5"),
    ]
    converted = convert_survey(tmp_path, make_survey(questions, blocks, flow))
    assert not list_lost(converted)
    for line in ("order: random", "count: 1", "by: least_filled", "type: split"):
        assert line in converted.text, converted.text
    assert converted.text.count("id: Q3") == 1
    seen: set[str] = set()
    for seed in range(12):
        now = scenario(converted.text, seed=seed)
        ahead = list_ahead(now)
        assert len(ahead & {"Q1", "Q2"}) == 1
        assert {"Q3", "Q4"} <= ahead
        prompt = str(now.keys("a", "b", "c").prompt)
        seen |= {arm for arm in ("x", "y") if f"Arm {arm}?" in prompt}
        seen |= ahead & {"Q1", "Q2"}
    assert seen == {"x", "y", "Q1", "Q2"}

    # a randomizer of a block and of nothing shows the block in half of the interviews
    half = [randomize(2, 1, show("b1"), gather(3)), show("b2")]
    text = convert_survey(tmp_path, make_survey(questions[:2], blocks[:2], half)).text
    assert {scenario(text, seed=seed).place for seed in range(12)} == {"Q1", "Q2"}


def loop(locator: str = "", **options: Any) -> Json:
    kind = "Question" if locator else "Static"
    return {"Looping": kind, "LoopingOptions": {"Locator": locator, **options}}


def test_loops_become_rosters_or_are_written_out(tmp_path: Path) -> None:
    questions = [
        make_question(1, "MC", "MAVR", choices=["TV", "Web", "Radio"]),
        make_question(
            2,
            "TE",
            "SL",
            Validation=make_validation("ValidNumber", ValidNumber={"NumDecimals": "0"}),
        ),
        make_question(3, "TE", "SL", QuestionText="What of ${lm://Field/1}?"),
        make_question(4, "TE", "SL", QuestionText="How old?"),
        make_question(5, "TE", "SL", QuestionText="What of ${lm://Field/2}?"),
        make_question(6, "TE", "SL", QuestionText="Why not ${lm://Field/1}?"),
        make_question(7, "DB", "TB", when="q://2_QID5/ChoiceTextEntryValue EqualTo no"),
        make_question(8, "DB", "TB", when="q://2_QID4/ChoiceTextEntryValue NotEmpty"),
    ]
    rows = {"1": {"1": "a", "2": "Berlin"}, "2": {"1": "b", "2": "Rome"}}
    blocks = [
        make_block("ask", 1, 2),
        make_block("each", 3, **loop("q://QID1/ChoiceGroup/SelectedChoices")),
        make_block("count", 4, **loop("q://QID2/LoopAndMerge/MergeOnNumericResponse?v=3")),
        make_block("static", 5, **loop(Static=rows)),
        make_block("others", 6, **loop("q://QID1/ChoiceGroup/UnselectedChoices")),
        make_block("after", 7, 8),
    ]
    converted = convert_survey(tmp_path, make_survey(questions, blocks))
    assert [text.partition(";")[0] for _, text in list_lost(converted)] == [
        "the loop 2 of QID4 is a turn of a roster"
    ]
    assert "ask_if: loop2_Q5 == 'no'" in converted.text
    now = scenario(converted.text).keys("1 3", "2")
    assert (now.place, "What of TV?" in str(now.prompt)) == ("Q3#1", True)
    now = now.keys("x", "x")
    assert now.place == "Q4#1"
    now = now.keys("x", "x")
    assert (now.place, "What of Berlin?" in str(now.prompt)) == ("loop1_Q5", True)
    now = now.keys("x", "x")
    assert (now.place, "Why not Web?" in str(now.prompt)) == ("loop2_Q6", True)
    assert now.keys("x", "").status == "ended"


TOPICS = ["work", 'a "fair" share', "Q", "who: you?", "<b>art</b>", "{x}", "art of war"]


def test_many_loops_include_a_module(tmp_path: Path) -> None:
    """Its questions are those of the loops that are written out, in their random order."""
    questions = [
        make_question(1, "MC", "SAVR", choices=["Yes", "No"], QuestionText="Q of ${lm://Field/1}?"),
        make_question(2, "DB", "TB", when="q://QID1/SelectableChoice/1 Selected"),
        make_question(
            3,
            "TE",
            "SL",
            QuestionText="Why ${q://QID1/ChoiceGroup/SelectedChoices} in ${lm://Field/2}?",
        ),
        make_question(4, "DB", "TB", when="q://6_QID1/SelectableChoice/2 Selected"),
    ]
    rows = {
        str(number): {"1": topic, "2": f"town {number}", "3": "unused"}
        for number, topic in enumerate(TOPICS, start=1)
    }
    drawn = {"Static": rows, "Randomization": "Subset", "TotalRandSubset": 2}
    blocks = [make_block("topics", 1, 2, 3, **loop(**drawn)), make_block("after", 4)]
    converted = convert_survey(tmp_path, make_survey(questions, blocks))
    assert not list_lost(converted)

    [(path, module)] = converted.modules.items()
    assert path == "modules/topics.yaml"
    assert "text: Q of {field_1}?" in module
    assert "ask_if: Q1 == 1" in module
    assert "field_3" not in converted.text
    assert converted.text.count(f"include: {path}") == len(TOPICS)

    questionnaire = write_converted(tmp_path, converted)
    names = {f"loop{number}_Q{question}" for number in range(1, 8) for question in (1, 2, 3)}
    assert set(instrument(questionnaire).items) == names | {"Q4", "topics_pick"}
    firsts: set[str] = set()
    for seed in range(20):
        now = scenario(questionnaire, seed=seed)
        number = now.place.removeprefix("loop").partition("_")[0]
        topic = TOPICS[int(number) - 1].replace("<b>", "").replace("</b>", "")
        assert now.prompt is not None
        assert "".join(span.text for span in now.prompt.text) == f"Q of {topic}?"
        now = now.keys("1", "")
        assert f"Why Yes in town {number}?" in str(now.prompt)
        assert len({name.partition("_")[0] for name in list_ahead(now)} - {"Q4"}) <= 2
        firsts.add(number)
    assert len(firsts) > 4


def test_loops_with_conditions_include_their_questions(tmp_path: Path) -> None:
    questions = [
        make_question(1, "MC", "MAVR", choices=["TV", "Web", "Radio", "Press"]),
        make_question(2, "TE", "SL", QuestionText="${lm://Field/1} of ${lm://Field/2}?"),
        make_question(3, "DB", "TB", when="q://QID2/ChoiceTextEntryValue EqualTo no"),
    ]
    rows = {str(number): {"2": f"kind {number}"} for number in range(1, 5)}
    each = loop("q://QID1/ChoiceGroup/SelectedChoices", Static=rows)
    blocks = [make_block("ask", 1), make_block("media", 2, 3, **each)]
    converted = convert_survey(tmp_path, make_survey(questions, blocks))
    assert 'text: "{field_1} of {field_2}?"' in converted.modules["modules/media.yaml"]
    now = scenario(write_converted(tmp_path, converted)).key("2 4")
    assert now.place == "loop2_Q2"
    assert "Web of kind 2?" in str(now.prompt)
    assert now.keys("no").place == "loop2_Q3"
    assert now.keys("yes").place == "loop4_Q2"


def test_loops_that_differ_in_more_than_words_are_written_out(tmp_path: Path) -> None:
    text = "Is ${lm://Field/1}?"
    questions = [
        make_question(1, "TE", "SL", QuestionText=text),
        make_question(2, "DB", "TB", when="lm://Field/1 EqualTo b"),
    ]
    rows = {str(number): {"1": text} for number, text in enumerate("abcde", start=1)}
    block = make_block("loops", 1, 2, **loop(Static=rows))
    converted = convert_survey(tmp_path, make_survey(questions, [block]))
    assert not converted.modules
    assert "Is b?" in converted.text
    for number in range(1, 6):
        assert (f"id: loop{number}_Q2" in converted.text) is (number == 2)


def test_a_field_with_the_text_of_a_choice_is_compared_by_its_code(tmp_path: Path) -> None:
    questions = [
        make_question(1, "MC", "SAVR", choices=["<b>Yes</b>", "No"], RecodeValues={"1": 7, "2": 8}),
        make_question(2, "DB", "TB", when="e://Field/said EqualTo Yes"),
        make_question(3, "DB", "TB", when="e://Field/said NotEqualTo Yes"),
        make_question(
            4, "DB", "TB", QuestionText="${e://Field/said}", when="e://Field/said Contains 1"
        ),
    ]
    flow = [show("a"), make_fields(("said", "${q://QID1/ChoiceGroup/SelectedChoices}")), show("b")]
    blocks = [make_block("a", 1), make_block("b", 2, 3, 4)]
    converted = convert_survey(tmp_path, make_survey(questions, blocks, flow))
    assert [text for _, text in list_lost(converted)] == [
        "the field said has the text of a choice; without it the item is always asked"
    ]
    begun = scenario(converted.text)
    assert list_ahead(begun.key("7")) == {"Q2", "Q4"}
    assert list_ahead(begun.key("8")) == {"Q3", "Q4"}
    assert list_ahead(begun.key(".dk")) == {"Q3", "Q4"}


def test_choices_are_carried_forward_and_shown_on_conditions(tmp_path: Path) -> None:
    def carry(mode: str) -> Json:
        return {
            "Type": "ChoiceGroup",
            "DynamicType": "ChoiceGroup",
            "Locator": f"q://QID1/ChoiceGroup/{mode}",
        }

    own = {
        "1": {"Display": "Own"},
        "2": {
            "Display": "Then",
            "DisplayLogic": make_logic("q://QID1/SelectableChoice/2 Selected"),
        },
    }
    questions = [
        make_question(
            1, "MC", "MAVR", choices=["TV", "Web", "Radio"], RecodeValues={"1": 7, "2": 8, "3": 9}
        ),
        make_question(2, "MC", "SAVR", choices=[], DynamicChoices=carry("SelectedChoices")),
        make_question(3, "MC", "SAVR", DynamicChoices=carry("UnselectedChoices"), Choices={}),
        make_question(4, "MC", "SAVR", Choices=own),
        make_question(5, "DB", "TB", when="q://QID4/ChoiceDisplayed/2 Displayed"),
    ]
    converted = convert_survey(tmp_path, make_survey(questions))
    assert not list_lost(converted)
    now = scenario(converted.text).key("7 9")
    assert list(map(str, now.offered)) == ["1", "3"]
    now = now.key("1")
    assert list(map(str, now.offered)) == ["2"]
    now = now.key("2")
    assert (now.place, list(map(str, now.offered))) == ("Q4", ["1"])
    assert now.key("1").status == "ended"
    assert scenario(converted.text).keys("8", "2", "1", "1").place == "Q5"


def test_questions_that_are_never_shown_are_reported_in_their_order(tmp_path: Path) -> None:
    numbers = range(1, 9)
    questions = [make_question(number, "MC", "SAVR", choices=["Yes"]) for number in numbers]
    advanced = {"Advanced": {"FixedOrder": ["QID1"]}}
    block = make_block("all", *numbers, RandomizeQuestions="Advanced", Randomization=advanced)
    converted = convert_survey(tmp_path, make_survey(questions, [block]))
    lost = [entry.text for entry in converted.report.lost]
    assert lost == [f"QID{number} is never shown" for number in range(2, 9)]


def test_every_question_type_has_its_place(tmp_path: Path) -> None:
    numbers = {"Settings": {"Type": "ChoicesTotal", "ChoiceTotal": "100"}}
    other = {
        "1": {"Display": "TV"},
        "2": {"Display": "Other", "TextEntry": "true"},
        "3": {"Display": "None", "ExclusiveAnswer": True},
    }
    forced = {"Settings": {"ForceResponse": "ON", "Type": "None"}}
    limits = {"Settings": {"Type": "ChoiceRange", "MinChoices": "1", "MaxChoices": "2"}}
    shuffled = {
        "Type": "Advanced",
        "Advanced": {"FixedOrder": ["{~Randomized~}", "2"], "RandomizeAll": ["1"]},
    }
    profile = {
        "1": {"1": {"Display": "cheap"}, "2": {"Display": "dear"}},
        "2": {"1": {"Display": "near"}, "2": {"Display": "far"}},
    }
    questions = [
        make_question(1, "MC", "MAVR", Choices=other, Validation=limits),
        make_question(2, "MC", "NPS", choices=["0", "1", "2"], Validation=forced),
        make_question(3, "MC", "SAVR", choices=["a", "b"], Randomization=shuffled),
        make_question(
            4,
            "TE",
            "SL",
            Validation=make_validation("ValidEmail"),
            DefaultChoices={"TEXT": {"Text": "${e://Field/mail}"}},
        ),
        make_question(5, "TE", "SL", Validation=make_validation("ValidDate")),
        make_question(6, "TE", "ML", Validation={"Settings": {"Type": "MinChar", "MinChars": "3"}}),
        make_question(
            7,
            "TE",
            "FORM",
            Choices={
                "1": {"Display": "Name"},
                "2": {"Display": "Mail", "TextEntryValidation": "ValidEmail"},
            },
        ),
        make_question(8, "CS", "VRTL", choices=["Rent", "Food"], Validation=numbers),
        make_question(9, "RO", "DND", choices=["x", "y", "z"]),
        make_question(
            10,
            "Matrix",
            "Bipolar",
            SubSelector="SingleAnswer",
            choices=["Cold:Warm"],
            answers=["1", "2"],
        ),
        make_question(
            11,
            "Matrix",
            "Profile",
            SubSelector="SingleAnswer",
            choices=["Price", "Place"],
            Answers=profile,
        ),
        make_question(
            12, "Matrix", "TE", SubSelector="Short", choices=["Kim"], answers=["Age", "Job"]
        ),
        make_question(13, "Timing", "PageTimer"),
        make_question(14, "HotSpot", "OnOff"),
        make_question(15, "TE", "SL", Language={"DE": {"QuestionText": "Frage 15?"}}),
        make_question(16, "DB", "TB", when="q://QID9/ChoiceNumericEntryValue/2 EqualTo 1"),
    ]
    quota = {
        "Name": "b",
        "Occurrences": 50,
        "Logic": make_logic("q://QID3/SelectableChoice/2 Selected"),
    }
    converted = convert_survey(tmp_path, make_survey(questions, quotas=[quota]))
    text = converted.text
    for line in (
        "languages: [en, de]",
        "specify: true",
        "exclusive: true",
        "type: scale",
        "anchor: true",
        "like: email",
        "prefill: mail",
        "type: date",
        "expect: length(Q6) >= 3",
        "id: Q7_2",
        "total: 100",
        "mentions: ordered",
        "Q10_1: Cold – Warm",
        "text: Price",
        'text: "Kim: Age"',
        "{en: Question 15?, de: Frage 15?}",
        "ask_if: rank(Q9, 2) == 1",
        "where: Q3 == 2",
        "target: 50",
    ):
        assert line in text, (line, text)
    assert {(entry.row, entry.text) for entry in converted.report.lost} == {
        (14, "a picture can't be shown by telephone")
    }
    assert conduct(text).status == "ended"


def make_table(number: int, selector: str, type_: str, **more: Any) -> Json:
    """Make a matrix of five rows whose order is random."""
    question = make_question(
        number,
        "Matrix",
        selector,
        SubSelector="SingleAnswer",
        choices=["a", "b", "c", "d", "e"],
        answers=["1", "2"],
    )
    return question | {"Randomization": {"Type": type_, **more}}


def test_rows_are_drawn_shuffled_and_fixed(tmp_path: Path) -> None:
    shuffled = "{~Randomized~}"
    fixed = {"FixedOrder": [shuffled, "5", shuffled, shuffled], "RandomizeAll": ["1", "2", "3"]}
    questions = [
        make_table(1, "Likert", "Subset", TotalRandSubset="2", EvenPresentation=True),
        make_table(2, "Likert", "Advanced", Advanced=fixed),
        make_table(3, "TE", "SubSet", TotalRandSubset=2),
        make_question(
            4,
            "MC",
            "SAVR",
            choices=["a", "b"],
            Randomization={"Type": "Subset", "TotalRandSubset": 1},
        ),
        make_table(5, "Likert", "ByWeather"),
    ]
    converted = convert_survey(tmp_path, make_survey(questions))
    shown = "that only {} of the choices are shown, at random"
    assert [(entry.row, entry.text) for entry in converted.report.lost] == [
        (3, shown.format(2)),
        (4, shown.format(1)),
        (5, "the order ByWeather is not understood"),
    ]
    assert "by: least_filled" in converted.text
    seen: set[str] = set()
    for seed in range(12):
        now = scenario(converted.text, seed=seed)
        drawn = {name for name in list_ahead(now) if name.startswith("Q1_")}
        assert len(drawn) == 2
        seen |= drawn
        now = now.keys("1", "1")
        rows = []
        while now.place.startswith("Q2_"):
            rows.append(now.place)
            now = now.key("1")
        assert rows[1] == "Q2_5"  # where the order has it, and not where it is written
    assert len(seen) == 5


def test_what_nothing_is_made_of_is_reported(tmp_path: Path) -> None:
    choices = {
        "1": {"Display": "<img src='a.png'>"},
        "2": {"Display": "b", "TextEntryValidation": "ValidEmail"},
    }
    odd = {"Settings": {"Type": "Odd"}}
    graded = make_question(1, "MC", "SAVR", Choices=choices, Validation=odd, GradingData=[{}])
    inside = {"Type": "Authenticator", "FlowID": "FL_5", "Flow": [show("all")]}
    service = {
        "Type": "WebService",
        "FlowID": "FL_6",
        "ResponseMap": [{"key": "a", "value": "city"}],
    }
    note = make_question(2, "DB", "TB", QuestionText="<img src='a.png'> of ${e://Field/city}")
    survey = make_survey(
        [graded, note],
        [make_block("all", 1), make_block("note", 2)],
        [inside, service, show("note")],
    )
    converted = convert_survey(tmp_path, survey)
    assert list_lost(converted) == {
        ("", "an authenticator: the program has a key for each case"),
        ("", "a web service has no counterpart"),
        ("Choices 1", "the picture of a choice"),
        ("Choices 2", "the validation of the words of a choice"),
        ("GradingData", "the points of an assessment"),
        ("QuestionText", "a picture or a recording in the text"),
        (
            "QuestionText",
            "${e://Field/city} in the text: the field city isn't known: a web service sets it",
        ),
        ("Validation", "the validation Odd has no counterpart"),
    }
    assert "id: Q1" in converted.text


def test_a_block_that_comes_again_is_asked_again(tmp_path: Path) -> None:
    """A condition after both uses the last one that was shown."""
    questions = [
        make_question(1, "MC", "SAVR", choices=["Yes", "No"]),
        make_question(2, "MC", "SAVR", choices=["Again", "Enough"]),
        make_question(3, "DB", "TB", when="q://QID1/SelectableChoice/1 Selected"),
        make_question(4, "TE", "SL"),
    ]
    blocks = [make_block("a", 1), make_block("b", 2), make_block("c", 3, 4)]
    again = make_branch("q://QID2/SelectableChoice/1 Selected", show("a"), number=4)
    flow = [show("a"), show("b"), again, show("c")]
    converted = convert_survey(tmp_path, make_survey(questions, blocks, flow))
    begun = scenario(converted.text)
    assert begun.keys("1", "2").place == "Q3"
    assert begun.keys("2", "2").place == "Q4"
    assert begun.keys("1", "1").place == "Q1_2"
    assert begun.keys("1", "1", "2").place == "Q4"
    assert begun.keys("2", "1", "1").place == "Q3"


def test_a_place_is_a_column_of_the_sample(tmp_path: Path) -> None:
    """A place that isn't found is like an empty column: equal to nothing."""
    questions = [
        make_question(1, "TE", "SL", QuestionText="How is ${loc://City}?"),
        make_question(2, "DB", "TB", when="loc://City EqualTo Rome"),
        make_question(3, "DB", "TB", when="loc://City NotEqualTo Rome"),
        make_question(4, "DB", "TB", when="e://Field/City EqualTo Rome"),
        make_question(5, "DB", "TB", when="loc://Latitude GreaterThan 40"),
        make_question(6, "TE", "SL"),
    ]
    converted = convert_survey(tmp_path, make_survey(questions))
    assert not list_lost(converted)
    noted = [entry.text for entry in converted.report.noted if entry.column == "GeoIP"]
    assert [text.partition(" by ")[0] for text in noted] == [
        "Qualtrics finds City",
        "Qualtrics finds Latitude",
    ]
    assert f"# number 1: {noted[0]}" in converted.text

    for city, latitude, ahead in (
        ("Rome", 41, {"Q2", "Q5"}),
        ("Oslo", 39.5, {"Q3"}),
        (NOT_ASKED, NOT_ASKED, {"Q3"}),
    ):
        sample = {"City": city, "Latitude": latitude, "City_2": NOT_ASKED}
        now = scenario(converted.text, sample=sample)
        assert list_ahead(now) == {"Q1", "Q6", *ahead}
    assert "How is Rome?" in str(scenario(converted.text, sample={"City": "Rome"}).prompt)


def make_map(location: str, *inside: Json) -> Json:
    part = {"LogicType": "GeoIP", "LeftOperand": "LocationMap", "Operator": "Is"}
    logic = {"0": {"0": part | {"Location": location}, "Type": "If"}, "Type": "BooleanExpression"}
    return {"Type": "Branch", "FlowID": "FL_4", "BranchLogic": logic, "Flow": list(inside)}


@pytest.mark.parametrize(
    ("location", "condition"),
    [
        (
            '{"NorthAmerica":{"US":{"RG|TX":{},"RG|UT":{}}}}',
            "CountryCode == 'US' and Region in ['TX', 'UT']",
        ),
        ('{"NorthAmerica":{"US":{}},"Europe":{"FR":{}}}', "CountryCode in ['US', 'FR']"),
        ('{"Europe":[]}', "no column tells whether a place is in Europe"),
        ('{"Europe":{"FR":{"CT|Nice":{}}}}', "the part CT|Nice of a map is not understood"),
        ('{"Europe":', "the part of the map is not in the survey"),
    ],
)
def test_a_part_of_a_map_is_a_country_and_a_region(
    tmp_path: Path, location: str, condition: str
) -> None:
    questions = [make_question(number, "TE", "SL") for number in (1, 2)]
    flow = [show("a"), make_map(location, show("b"))]
    blocks = [make_block("a", 1), make_block("b", 2)]
    converted = convert_survey(tmp_path, make_survey(questions, blocks, flow))
    assert condition in converted.text


def test_a_condition_on_a_device_is_false_and_reported(tmp_path: Path) -> None:
    mobile = {"LogicType": "DeviceType", "LeftOperand": "mobile", "Operator": "Is"}
    logic = {"0": {"0": mobile, "Type": "If"}, "Type": "BooleanExpression"}
    choices = {"1": {"Display": "a"}, "2": {"Display": "b", "DisplayLogic": logic}}
    questions = [
        make_question(1, "MC", "SAVR", Choices=choices),
        make_question(2, "TE", "SL"),
        make_question(3, "Meta", "Browser", choices=["Browser", "Version"]),
        make_question(4, "DB", "TB", when="q://QID3/ChoiceTextEntryValue/1 EqualTo Chrome"),
    ]
    flow = [
        show("a"),
        {"Type": "Branch", "FlowID": "FL_5", "BranchLogic": logic, "Flow": [show("b")]},
        {"Type": "Branch", "FlowID": "FL_6", "BranchLogic": logic, "Flow": []},
    ]
    blocks = [make_block("a", 1, 3, 4), make_block("b", 2)]
    converted = convert_survey(tmp_path, make_survey(questions, blocks, flow))
    assert [text.partition(";")[0] for _, text in list_lost(converted) if "branch" not in text] == [
        "what a browser tells isn't known by telephone"
    ]
    lost = {entry.name for entry in converted.report.lost}
    assert "FL_5" in lost
    assert "FL_6" not in lost  # nothing depends on the condition of an empty branch
    assert "QID1: never offered by telephone: 2" in converted.text


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ("q://QID1/ChoiceTextEntryValue/1 EqualTo x", "can't be used in conditions"),
        ("q://QID8/SelectableChoice/1 Selected", "the survey has no question QID8"),
        ("q://QID2/SelectableChoice/1 Selected", "QID2 is asked later"),
        ("q://QID1/SelectableChoice/5 Selected", "QID1 has no choice 5"),
        ("q://QID1/SelectableChoice/1 Loves", "is not understood"),
        ("e://Field/Q_Language EqualTo DE", "is known to Qualtrics only"),
        ("e://Field/name Contains Ann", "takes no account of capitals"),
        ("e://Field/name MatchesRegex ^A", "regular expression"),
        ("e://Field/name Contains ", "looks for an empty text"),
        ("q://QID4/SelectedChoicesRecode EqualTo 1", "which recode value counts"),
    ],
)
def test_what_has_no_counterpart_says_why(tmp_path: Path, when: str, why: str) -> None:
    first = make_question(1, "MC", "SAVR", choices=["Yes", "No"])
    last = make_question(2, "MC", "SAVR", choices=["Yes", "No"])
    note = make_question(3, "DB", "TB", when=when)
    several = make_question(4, "MC", "MAVR", choices=["Yes", "No"])
    converted = convert_survey(tmp_path, make_survey([first, several, note, last]))
    assert [why in text for _column, text in list_lost(converted)] == [True]


def make_set(type_: str, *parts: Json) -> Json:
    entries: Json = {str(place): part for place, part in enumerate(parts)}
    return entries | {"Type": type_}


def select(number: int, word: str = "", **more: Any) -> Json:
    """Make an expression: the first choice of a question is selected."""
    part = make_expression(f"q://QID{number}/SelectableChoice/1 Selected") | more
    return part | {"Conjuction": word} if word else part


@pytest.mark.parametrize(
    ("sets", "when"),
    [
        ([make_set("If", select(1), select(2, "Or"), select(3, "And"))], "1 or (2 and 3)"),
        ([make_set("If", select(1), select(2, "OR"))], "1 or 2"),
        (
            [
                make_set("If", select(1)),
                make_set("ElseIf", select(2)),
                make_set("AndIf", select(3)),
            ],
            "1 or (2 and 3)",
        ),
        (
            [make_set("If", select(1)), make_set("AndIf", select(2), select(3, "Or"))],
            "1 and (2 or 3)",
        ),
        (
            [make_set("If", select(1)), make_set("If", select(2, "And"), select(3, "Or"))],
            "1 and (2 or 3)",
        ),
        ([make_set("If", select(1), select(2, "Or", _HiddenExpression=True))], "1"),
    ],
)
def test_sets_are_joined_by_their_words(tmp_path: Path, sets: list[Json], when: str) -> None:
    questions = [make_question(number, "MC", "SAVR", choices=["Yes", "No"]) for number in (1, 2, 3)]
    note = make_question(4, "DB", "TB")
    note["DisplayLogic"] = {str(place): entry for place, entry in enumerate(sets)}
    converted = convert_survey(tmp_path, make_survey([*questions, note]))
    written = re.sub(r"(\d)", r"Q\1 == 1", when)
    assert not list_lost(converted)
    assert f"ask_if: {written}\n" in converted.text


def test_logic_within_a_page_is_display_logic(tmp_path: Path) -> None:
    questions = [make_question(number, "MC", "SAVR", choices=["Yes", "No"]) for number in (1, 2)]
    within = make_question(
        3, "DB", "TB", InPageDisplayLogic=make_logic("q://QID1/SelectableChoice/1 Selected")
    )
    both = within | {
        "QuestionID": "QID4",
        "DataExportTag": "Q4",
        "DisplayLogic": make_logic("q://QID2/SelectableChoice/1 NotSelected"),
    }
    converted = convert_survey(tmp_path, make_survey([*questions, within, both]))
    assert converted.report.logic["display logic"] == LogicCount(2, 2)
    begun = scenario(converted.text)
    assert list_ahead(begun.keys("1", "2")) >= {"Q3", "Q4"}
    assert begun.keys("1", "1").place == "Q3"
    assert "Q4" not in list_ahead(begun.keys("1", "1"))
    assert begun.keys("2", "2").status == "ended"


@pytest.mark.parametrize(
    ("sets", "why"),
    [
        ([make_set("If", select(1), select(2, "Xor"))], "joined by Xor"),
        ([make_set("If", select(1)), make_set("If", select(2, "Or"))], "joined by If"),
        ([make_set("If", select(1)), select(2, "And")], "in no set"),
        (
            [make_set("If", select(1, QuestionIsInLoop="yes", LoopAndMergeLoops="BL_1,any"))],
            "other loops of QID1",
        ),
    ],
)
def test_what_is_not_known_of_a_condition_is_not_guessed(
    tmp_path: Path, sets: list[Json], why: str
) -> None:
    questions = [make_question(number, "MC", "SAVR", choices=["Yes", "No"]) for number in (1, 2)]
    note = make_question(3, "DB", "TB")
    note["DisplayLogic"] = {str(place): entry for place, entry in enumerate(sets)}
    converted = convert_survey(tmp_path, make_survey([*questions, note]))
    assert [why in text for _column, text in list_lost(converted)] == [True]
    assert "ask_if" not in converted.text


def test_what_no_page_of_qualtrics_says_is_to_be_checked(tmp_path: Path) -> None:
    questions = [
        make_question(1, "TE", "SL", Validation=make_validation("ValidNumber")),
        make_question(2, "TE", "SL"),
        make_question(3, "MC", "MAVR", choices=["Yes", "No"]),
    ]
    conditions = [
        "q://QID1/ChoiceTextEntryValue LessThan 18",
        "q://QID1/ChoiceTextEntryValue GreaterThan 17",
        "q://QID2/ChoiceTextEntryValue EqualTo 7",
        "q://QID2/ChoiceTextEntryValue EqualTo Ann",
        "q://QID3/SelectedChoicesCount LessThan 2",
        "q://QID3/SelectedChoicesCount GreaterThan 1",
        "e://Field/arm NotEqualTo 1",
    ]
    notes = [
        make_question(10 + place, "DB", "TB", when=when) for place, when in enumerate(conditions)
    ]
    converted = convert_survey(tmp_path, make_survey([*questions, *notes]))
    assert not list_lost(converted)
    found = [entry.text for entry in converted.report.noted if entry.part == "logic"]
    assert [text.partition(": ")[0] for text in found] == ["QID1", "QID2 and arm", "QID3"]
    assert all("check" in text for text in found)


CELLS = {str(number): {"Display": "a"} for number in range(320)}
TABLE = {"QuestionID": "QID1", "QuestionType": "Matrix", "Choices": CELLS, "Answers": CELLS}
BLOCK = {"ID": "BL_1", "BlockElements": [{"Type": "Question", "QuestionID": "QID1"}]}
HUGE_TABLE = json.dumps(
    {
        "SurveyElements": [
            {"Element": "BL", "Payload": [BLOCK]},
            {"Element": "SQ", "Payload": TABLE},
        ]
    }
).encode()


@pytest.mark.parametrize(
    ("contents", "what"),
    [
        (b'{"SurveyEntry": {}', "no JSON, or it is damaged"),
        (b'{"SurveyEntry": {}, "SurveyElements": []}', "has no elements"),
        (b'{"SurveyElements": [{"Element": "SQ", "Payload": null}]}', "has no question"),
        (b'{"SurveyElements": ' + b"[" * 300 + b"]" * 300 + b"}", "nested more than"),
        (b'{"SurveyElements": [' + b"{}," * 2_100_000 + b"{}]}", "far more values"),
        (b'{"SurveyElements": "\xff"}', "not UTF-8"),
        (HUGE_TABLE, "a table in it has far more cells"),
    ],
)
def test_damaged_surveys_are_refused(tmp_path: Path, contents: bytes, what: str) -> None:
    file = tmp_path / "survey.qsf"
    file.write_bytes(contents)
    with pytest.raises(UserError, match=what):
        convert_form(file)
