"""Data dictionaries of REDCap: real ones, their conditions on random answers, and damaged ones."""

import csv
import random
from pathlib import Path

import pytest

from support.blank_answers import BLANK, Joined, TableRow, list_ahead, read_table
from support.conducting import conduct
from support.scenario import Scenario, instrument, scenario
from survey_cli.conversion.convert import convert_form
from survey_cli.conversion.questionnaire.writer import ConvertedForm
from survey_cli.problems import UserError

FORMS = Path(__file__).parents[1] / "data" / "convert" / "redcap"
QUESTIONS = {
    "phpcap_longitudinal_metadata": 45,
    "rarelink_cdm_v2_0_5": 108,
    "redcapr_longitudinal": 95,
    "redcapr_validation_types": 50,
    "rios_complex_1": 119,
    "rios_format_1": 24,
}
"""The fields of the real dictionaries, counted by another program."""
HEADINGS = (
    "Variable / Field Name,Form Name,Section Header,Field Type,Field Label,"
    '"Choices, Calculations, OR Slider Labels",Field Note,'
    "Text Validation Type OR Show Slider Number,Text Validation Min,Text Validation Max,"
    "Identifier?,Branching Logic (Show field only if...),Required Field?,Custom Alignment,"
    "Question Number (surveys only),Matrix Group Name,Matrix Ranking?,Field Annotation"
)
COLUMNS = {
    "form": 1,
    "section": 2,
    "type": 3,
    "label": 4,
    "choices": 5,
    "note": 6,
    "validation": 7,
    "least": 8,
    "most": 9,
    "identifier": 10,
    "logic": 11,
    "required": 12,
    "matrix": 15,
    "annotation": 17,
}


def make_row(name: str, type_: str = "text", **cells: str) -> list[str]:
    row = [name, *[""] * 17]
    named = {"form": "main", "type": type_, "label": f"{name}?"} | cells
    for column, cell in named.items():
        row[COLUMNS[column]] = cell
    return row


def write_dictionary(path: Path, *rows: list[str]) -> Path:
    """Write a dictionary, whose first field is the key of the record."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(HEADINGS + "\n")
        csv.writer(file).writerows([make_row("record_id"), *rows])
    return path


def convert(tmp_path: Path, *rows: list[str]) -> ConvertedForm:
    converted = convert_form(write_dictionary(tmp_path / "dictionary.csv", *rows))
    assert not converted.errors
    return converted


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_real_dictionary_has_no_errors_and_is_carried_over(name: str) -> None:
    converted = convert_form(FORMS / f"{name}.csv")
    assert not converted.errors
    items = instrument(converted.text).items
    with (FORMS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    assert len(rows) == QUESTIONS[name]

    # files can't be had by telephone, and the first field is the key of a record
    types = {row[0]: row[3] for row in rows}
    askable = [name for name, type_ in types.items() if type_ not in ("file", "calc")][1:]
    carried = [name for name in askable if name in items or f"{name}_2" in items]
    assert len(carried) == len(askable)

    assert conduct(converted.text).status == "ended"
    lost = {(entry.name, entry.column) for entry in converted.report.lost}
    branching = "Branching Logic (Show field only if...)"
    assert not {name for name, column in lost if column == branching}
    assert all(entry.text and entry.row >= 1 for entry in converted.report.lost)


def test_a_damaged_header_is_named() -> None:
    lost = convert_form(FORMS / "rarelink_cdm_v2_0_5.csv").report.lost
    assert [(entry.row, entry.text.partition(":")[0]) for entry in lost] == [
        (1, "the first column is called '1' instead of 'Variable / Field Name'")
    ]


def test_every_type_has_its_place(tmp_path: Path) -> None:
    converted = convert(
        tmp_path,
        make_row("weight", validation="number_1dp", least="35", most="200", note="kilograms"),
        make_row("mail", validation="email", identifier="y", required="y"),
        make_row("zip", validation="zipcode"),
        make_row("story", "notes"),
        make_row("mood", "slider", choices="bad | so-so | good"),
        make_row("smokes", "yesno", section="Habits", label="Do you smoke, [mail]?"),
        make_row("drinks", "truefalse"),
        make_row("media", "checkbox", choices="1, TV | 9, None", annotation="@NONEOFTHEABOVE='9'"),
        make_row("often", "radio", matrix="m", choices="1, Often | 2, Never"),
        make_row("late", "radio", matrix="m", choices="1, Often | 2, Never"),
        make_row("bmi", "calc", choices="round(([weight]*10000)/((180)^(2)),1)"),
        make_row("upload", "file", annotation="@HIDDEN"),
        make_row("told", "descriptive", logic="[smokes] = '1'"),
    )
    text = converted.text
    for line in (
        "decimals: 1",
        "expect: weight >= 35 and weight <= 200",
        "soft: true",
        "personal: true",
        "like: email",
        'pattern: "99999"',
        "type: verbatim",
        "max: 100",
        "text: Do you smoke, {mail}?",
        "exclusive: true",
        "type: battery",
        "bmi: round(weight * 10000 / (180 * 180), 1)",
        "ask_if: smokes == 1",
        "title: Habits",
    ):
        assert line in text, line
    assert {(entry.name, entry.text) for entry in converted.report.lost} == {
        ("upload", "an interview by telephone has no file"),
        ("upload", "@HIDDEN has no counterpart"),
    }


FIELDS = (
    make_row("sex", "radio", choices="0, Female | 1, Male | 2, Other"),
    make_row("drink", "dropdown", choices="tea, Tea | milk, Milk"),
    make_row("age", validation="integer"),
    make_row("first"),
    make_row("colors", "checkbox", choices="1, Red | 2, Blue"),
    make_row("born", validation="date_ymd"),
    make_row("kid", "yesno", logic="[sex] = '1'"),
)
"""The fields of the table, in the order in which they are asked; the last may be hidden."""
KEYS = {"tea": "1", "milk": "2", "1+2": "1 2"}


def answer_fields(text: str, answers: dict[str, str], rng: random.Random) -> Scenario:
    """Answer the fields; a blank is a don't know or a refusal, as nothing else leaves one."""
    now = scenario(text)
    for answer in answers.values():
        key = rng.choice((".dk", ".refused")) if answer == BLANK else KEYS.get(answer, answer)
        now = now.key(key)
        assert not now.why, (key, now.why)
    return now


def test_conditions_are_true_of_the_same_answers_as_in_redcap(tmp_path: Path) -> None:
    rng = random.Random(30)
    table = read_table(FORMS / "branching_logic.csv")
    drawn: list[TableRow | Joined] = [table.draw_condition(rng) for _ in range(120)]
    conditions = [*table.rows, *drawn]
    notes = [
        make_row(f"c{number}", "descriptive", logic=condition.text)
        for number, condition in enumerate(conditions)
    ]
    last = make_row("last", "descriptive")
    converted = convert(tmp_path, *FIELDS, *notes, last)
    lost = [entry for entry in converted.report.lost if "false in every" not in entry.text]
    assert not lost

    for _ in range(1000):
        answers = table.draw_answers(rng)
        put = dict(answers)
        if answers["sex"] != "1":
            answers["kid"] = BLANK
            del put["kid"]
        ahead = list_ahead(answer_fields(converted.text, put, rng))
        for number, condition in enumerate(conditions):
            is_asked = f"c{number}" in ahead
            assert is_asked == condition.is_true(answers), (condition.text, answers)


@pytest.mark.parametrize(
    ("logic", "why"),
    [
        ("[other_event][sex] = '1'", "is a field of another event or instance"),
        ("[record-name] = '1'", "is known to REDCap only"),
        ("[nobody] = '1'", "the form has no field nobody"),
        ("[sex(1)] = '1'", "the form has no checkbox sex"),
        ("[sex] = '1' or", "the expression is incomplete"),
        ("([sex] = '1'", "the expression is incomplete"),
        ("sqrt([age]) > 2", "there is no counterpart of sqrt()"),
        ("[sex] = ?", "'?' is not understood"),
    ],
)
def test_what_has_no_counterpart_says_why(tmp_path: Path, logic: str, why: str) -> None:
    fields = (FIELDS[0], FIELDS[2])
    lost = convert(tmp_path, *fields, make_row("c", logic=logic)).report.lost
    assert [entry.name for entry in lost] == ["c"]
    assert why in next(iter(lost)).text


def test_the_half_of_a_condition_is_kept(tmp_path: Path) -> None:
    row = make_row("c", logic="[sex] <> '1' and [event_1][sex] = '2'")
    converted = convert(tmp_path, FIELDS[0], row)
    assert "unless: sex == 1" in converted.text
    assert "without this part the item is asked more often" in str(converted.report.lost)


def test_filters_that_a_dont_know_decides_are_listed(tmp_path: Path) -> None:
    report = convert(
        tmp_path,
        make_row("sex", "radio", choices="0, Female | 1, Male", required="y"),
        FIELDS[2],
        make_row("a", logic="[sex] = '1'"),
        make_row("b", logic="[age] > 17"),
        make_row("c", logic="[age] <> 17"),
        make_row("d", logic="[age] > 17 or [sex] = '1'"),
    ).report
    assert {entry.name: entry.text for entry in report.filters} == {
        "b": "left out after a don't know or a refusal of age",
        "c": "asked after a don't know or a refusal of age",
        "d": "after one of age it depends on other answers",
    }


@pytest.mark.parametrize(
    ("contents", "what"),
    [
        (b"Field Type,Form Name\n", "no column Field Label"),
        (HEADINGS.encode() + b"\n", "has no fields"),
        (HEADINGS.encode() + b'\na,b,"' + b"x" * 1_100_000 + b'"\n', "line 2 can't be read"),
        (b"Field Type,Form Name,Field Label\n\xff\n", "not UTF-8"),
    ],
)
def test_damaged_dictionaries_are_refused(tmp_path: Path, contents: bytes, what: str) -> None:
    file = tmp_path / "dictionary.csv"
    file.write_bytes(contents)
    with pytest.raises(UserError, match=what):
        convert_form(file)
