"""Surveys of Qualtrics, written as its export has them."""

import json
from pathlib import Path
from typing import Any

from survey_cli.conversion.convert import convert_form
from survey_cli.conversion.questionnaire.writer import ConvertedForm

Json = dict[str, Any]


def make_expression(text: str) -> Json:
    """Make one expression of `q://QID1/SelectableChoice/2 Selected`, or `e://Field/a EqualTo x y`."""
    left, operator, *right = text.split(" ", 2)
    expression: Json = {"Type": "Expression", "Operator": operator}
    if left.startswith("e://"):
        expression |= {"LogicType": "EmbeddedField", "LeftOperand": left.removeprefix("e://Field/")}
    elif left.startswith("lm://"):
        expression |= {"LogicType": "LoopAndMerge", "LeftOperand": left}
    elif left.startswith("loc://"):
        expression |= {"LogicType": "GeoIP", "LeftOperand": left}
    else:
        expression |= {"LogicType": "Question", "LeftOperand": left}
    if right:
        expression["RightOperand"] = right[0]
    return expression


def make_logic(*sets: str) -> Json:
    """Make a condition of sets such as `a Selected | Or b Selected`; a later set begins with AndIf or OrIf."""
    logic: Json = {"Type": "BooleanExpression"}
    for number, text in enumerate(sets):
        type_ = "If"
        if number:
            type_, _, text = text.partition(" ")
        entry: Json = {"Type": type_}
        for place, part in enumerate(text.split(" | ")):
            word = ""
            if place:
                word, _, part = part.partition(" ")
            entry[str(place)] = make_expression(part)
            if word:
                entry[str(place)]["Conjuction"] = word
        logic[str(number)] = entry
    return logic


def make_question(number: int, type_: str, selector: str, **more: Any) -> Json:
    """Make a question. `choices` and `answers` are texts, numbered from 1; `when` is a condition."""
    question: Json = {
        "QuestionID": f"QID{number}",
        "DataExportTag": f"Q{number}",
        "QuestionType": type_,
        "Selector": selector,
        "QuestionText": f"Question {number}?",
        "Language": [],
    }
    for key, name in (("choices", "Choices"), ("answers", "Answers")):
        texts = more.pop(key, None)
        if texts is not None:
            question[name] = {
                str(place): {"Display": text} for place, text in enumerate(texts, start=1)
            }
    when = more.pop("when", None)
    if when is not None:
        question["DisplayLogic"] = (
            make_logic(*when) if isinstance(when, tuple) else make_logic(when)
        )
    return question | more


def make_columns(number: int, rows: list[str], answers: list[str]) -> Json:
    """Make a side by side of two columns with the same answers."""
    columns: Json = {}
    for column in ("1", "2"):
        asked = make_question(
            number, "Matrix", "Likert", SubSelector="SingleAnswer", choices=rows, answers=answers
        )
        asked["QuestionID"] += f"#{column}"
        asked["DataExportTag"] += f"#{column}"
        columns[column] = asked
    return make_question(number, "SBS", "SBSMatrix", choices=rows, AdditionalQuestions=columns)


def make_validation(content: str, **settings: Any) -> Json:
    """Make the validation of a text."""
    return {"Settings": {"Type": "ContentType", "ContentType": content, **settings}}


def make_block(name: str, *elements: int | Json, **options: Any) -> Json:
    """Make a block of the numbers of questions, or of its elements."""
    entries = [
        {"Type": "Question", "QuestionID": f"QID{element}"} if isinstance(element, int) else element
        for element in elements
    ]
    return {
        "Type": "Standard",
        "ID": f"BL_{name}",
        "Description": name,
        "BlockElements": entries,
        "Options": options,
    }


def show(name: str) -> Json:
    """Make the element of the flow that shows a block."""
    return {"Type": "Block", "ID": f"BL_{name}", "FlowID": ""}


def make_survey(
    questions: list[Json],
    blocks: list[Json] | None = None,
    flow: list[Json] | None = None,
    **more: Any,
) -> Json:
    """Make a survey; without blocks, one with all questions."""
    if blocks is None:
        blocks = [make_block("all", *(int(question["QuestionID"][3:]) for question in questions))]
    if flow is None:
        flow = [show(block["Description"]) for block in blocks if block["Type"] != "Trash"]
    for number, element in enumerate(flow, start=2):
        element["FlowID"] = element.get("FlowID") or f"FL_{number}"
    elements: list[Json] = [
        {"Element": "BL", "Payload": blocks},
        {"Element": "FL", "Payload": {"Type": "Root", "FlowID": "FL_1", "Flow": flow}},
    ]
    elements += [{"Element": "SQ", "Payload": question} for question in questions]
    elements += [{"Element": "QO", "Payload": quota} for quota in more.get("quotas", [])]
    return {
        "SurveyEntry": {"SurveyName": "made", "SurveyLanguage": "EN"},
        "SurveyElements": elements,
    }


def write_converted(folder: Path, converted: ConvertedForm) -> str:
    """Write a questionnaire with its modules, and return its path."""
    questionnaire = folder / "converted.yaml"
    for name, text in {questionnaire.name: converted.text, **converted.modules}.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return str(questionnaire)


def convert_survey(folder: Path, survey: Json) -> ConvertedForm:
    """Convert a survey, which must have no errors."""
    path = folder / "made.qsf"
    path.write_text(json.dumps(survey), encoding="utf-8")
    converted = convert_form(path)
    assert not converted.errors, (converted.errors, converted.text)
    return converted
