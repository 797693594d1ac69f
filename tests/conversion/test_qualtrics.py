"""Surveys of Qualtrics: real ones, their logic on random answers, and damaged ones."""

import json
from pathlib import Path

import pytest

from support.conducting import conduct
from support.scenario import instrument
from survey_cli.conversion.convert import convert_form
from survey_cli.conversion.loss_report import LogicCount
from survey_cli.problems import UserError

FORMS = Path(__file__).parents[1] / "data" / "convert" / "qsf"
CONDITIONS = {
    "claessens_ai_moral": {"branch logic": LogicCount(1, 1)},
    "psych251_porter": {"branch logic": LogicCount(1, 1)},
    "qualtricstools_long_exhaustive": {},
    "qualtricstools_many_question_types": {"display logic": LogicCount(16, 16)},
    "qualtricstools_survey_logic_everywhere": {
        "display logic": LogicCount(6, 6),
        "skip logic": LogicCount(3, 3),
    },
    "rios_qualtrics_health": {},
}
"""The conditions of the real surveys that are carried over, of those with a counterpart."""


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
def test_a_real_survey_has_no_errors_and_is_carried_over(name: str) -> None:
    path = FORMS / f"{name}.qsf"
    converted = convert_form(path)
    assert not converted.errors

    report = converted.report
    counts = {kind: count for kind, count in report.logic.items() if count.total}
    assert counts == CONDITIONS[name]
    assert all(entry.text and entry.row >= 1 for entry in report.lost)

    made = instrument(converted.text)
    rows = {entry.row for entry in report.carried if entry.part == "questions"}
    robots = {128} if name.startswith("claessens") else set()
    askable = list_asked(path) - robots
    assert rows == askable
    assert len(made.items) >= len(askable)
    assert conduct(converted.text).status == "ended"


@pytest.mark.parametrize(
    ("contents", "what"),
    [
        (b'{"SurveyEntry": {}', "no JSON, or it is damaged"),
        (b'{"SurveyEntry": {}, "SurveyElements": []}', "has no elements"),
        (b'{"SurveyElements": [{"Element": "SQ", "Payload": null}]}', "has no question"),
        (b'{"SurveyElements": ' + b"[" * 300 + b"]" * 300 + b"}", "nested more than"),
        (b'{"SurveyElements": [' + b"{}," * 2_100_000 + b"{}]}", "far more values"),
        (b'{"SurveyElements": "\xff"}', "not UTF-8"),
    ],
)
def test_damaged_surveys_are_refused(tmp_path: Path, contents: bytes, what: str) -> None:
    file = tmp_path / "survey.qsf"
    file.write_bytes(contents)
    with pytest.raises(UserError, match=what):
        convert_form(file)
