"""Real and made-up forms as questionnaires: without errors, with every expression carried over or listed by row."""

from pathlib import Path

import pytest

from support.odk_client.vectors import ConvertedInterview, decode_recording
from support.scenario import scenario
from survey_cli.conversion.convert_form import ConvertedForm, convert_form
from survey_cli.conversion.loss_report import render_report
from survey_cli.problems import UserError

FORMS = Path(__file__).parents[1] / "data" / "xlsform"
ALL = sorted(
    path for path in FORMS.rglob("*") if path.suffix in (".xlsx", ".xls", ".csv", ".md") and path.stem != "SOURCES"
)
RECORDED = [path for path in ALL if path.with_suffix(".odk.json").exists()]


def convert_text(tmp_path: Path, survey: str, choices: str = "") -> ConvertedForm:
    """Convert a form written as Markdown; an empty line ends nothing."""
    file = tmp_path / "form.md"
    file.write_text(f"| survey |\n{survey}\n| choices |\n| | list_name | name | label |\n{choices}\n", encoding="utf-8")
    return convert_form(file)


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_no_form_has_errors_and_nothing_is_lost_without_a_row(path: Path) -> None:
    converted = convert_form(path)
    assert not converted.errors
    scenario(converted.text)
    for column, (carried, total) in converted.report.logic.items():
        lost = {e.row for e in converted.report.lost if e.sheet == "survey" and e.column in (column, "") and e.row > 1}
        assert total - carried <= len(lost)
    assert all(entry.text and entry.row >= 1 for entry in converted.report.lost)


def test_most_expressions_of_all_forms_are_carried_over() -> None:
    """Without the starter kit, which is a call workflow with a list of numbers; with it 89 percent (see the guide)."""
    reports = [convert_form(path).report for path in ALL if "starter" not in path.stem]
    carried = sum(carried for report in reports for carried, _ in report.logic.values())
    total = sum(total for report in reports for _, total in report.logic.values())
    assert carried / total >= 0.95


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_the_same_questions_are_relevant_as_in_an_odk_client(path: Path) -> None:
    interview = ConvertedInterview(path)
    filtered = {s.key for s in interview.list_slots() if s.item.row.get("choice_filter")}
    for values, relevant in decode_recording(path.with_suffix(".odk.json").read_text(encoding="utf-8")):
        assert interview.ask(values) - filtered == relevant - filtered


def test_a_thousand_vectors_are_recorded() -> None:
    recorded = [decode_recording(path.with_suffix(".odk.json").read_text(encoding="utf-8")) for path in RECORDED]
    assert sum(map(len, recorded)) >= 1000


def test_a_household_survey_reads_as_if_written_by_hand() -> None:
    text = convert_form(FORMS / "household_cati.md").text
    assert (
        """
      # row 8: codes as don't know and refused: -99, -98
      - id: age
        type: number
        text: {en: How old are you?, es: ¿Cuántos años tiene?}
        instruction: "Don't know: -99. Refused: -98"
        min: 16
        max: 110
      - id: works
        type: single
        ask_if: age >= 18 or dk(age) or refused(age) or age < 0
"""
        in text
    )
    assert "text: {en: Don't know, es: No sabe}" in text
    assert "{options: yn}" not in text
    assert "        options: yn\n" in text


def test_every_type_and_column_has_its_place(tmp_path: Path) -> None:
    converted = convert_text(
        tmp_path,
        """
| | type | name | label | hint | appearance | relevant | constraint | required | default | image |
| | start | start | | | | | | | | |
| | decimal | weight | Weight? | In kg | | | . > 0.5 | yes | | |
| | text | why | Why? | | multiline | | | | | |
| | time | at | When? | | | | | | | |
| | datetime | both | Then? | | | | | | | |
| | range | mood | Mood? | | | | | | | |
| | geopoint | gps | Where? | | | | | | | |
| | select_one yn | likes | Like it? | | likert | | | yes | 1 | smile.png |
| | rank yn | best | In order? | | | | | | | |
| | text | zip | ZIP? | | | | regex(., '^[0-9]{5}$') | | | |
| | text | today | Reserved? | | | | | | | |
| | note | red | <span style="color: #ff0000">Dial now.</span> | | | | | | | |
""".strip(),
        "| | yn | 1 | Yes |\n| | yn | 0 | No |",
    )
    text = converted.text
    assert not converted.errors
    for line in (
        "decimals: 2",
        "min: 0.51",
        "declines: []",
        "instruction: In kg",
        "type: verbatim",
        "type: time",
        "type: scale",
        "prefill: 1",
        "mentions: ordered",
        "pattern: 99999",
        "- id: today_2",
        "by: interviewer",
        "text: Dial now.",
    ):
        assert line in text, line
    lost = {(entry.row, entry.column): entry.text for entry in converted.report.lost}
    assert lost[9, ""] == "an interview by telephone has no geopoint"
    assert (10, "image") in lost
    noted = {(entry.row, entry.column): entry.text for entry in converted.report.noted}
    assert noted[13, "name"] == "its id is today_2"
    assert noted[7, "type"].startswith("the date without the time")


def test_what_the_checks_reject_is_left_out_with_their_reason(tmp_path: Path) -> None:
    converted = convert_text(
        tmp_path, "| | type | name | label | default |\n| | date | born | Born? | 2010-06-15 |\n| | text | t | T? | |"
    )
    assert not converted.errors
    (entry,) = converted.report.lost
    assert (entry.row, entry.column) == (3, "default")
    assert "a date is required" in entry.text


def test_a_list_of_outcomes_has_no_declines(tmp_path: Path) -> None:
    """ "Refusal" among outcomes is an answer of the interviewer, not a refusal to answer."""
    survey = "| | type | name | label |\n| | select_one status | status | Outcome? |"
    text = convert_text(tmp_path, survey, "| | status | 1 | Done |\n| | status | 5 | Refused |").text
    assert "5: Refused" in text


def test_the_report_lists_sheet_row_column_and_reason() -> None:
    path = FORMS / "ipa__Phone_Survey_Form.xlsx"
    lines = render_report(convert_form(path).report, path.name, "phone.yaml").splitlines()
    assert "| survey | 23 | calculation | schedule_reached | - needs numbers |" in lines
    assert [line.partition(":")[0] for line in lines if line.startswith("## ")] == [
        "## Not carried over",
        "## Carried over with a note",
        "## Carried over",
    ]


@pytest.mark.parametrize(
    ("name", "contents", "what"),
    [
        ("form.doc", b"x", "not an XLSForm"),
        ("form.xlsx", b"x", "not a workbook"),
        ("form.csv", b"\xff\xfe", "not UTF-8"),
        ("form.csv", b"a,b\n", "no sheet 'survey'"),
        ("form.md", b"| survey |\n| | type | name |\n| | geopoint | g |\n", "no question"),
    ],
)
def test_what_is_no_form_is_explained(tmp_path: Path, name: str, contents: bytes, what: str) -> None:
    file = tmp_path / name
    file.write_bytes(contents)
    with pytest.raises(UserError, match=what):
        convert_form(file)


def test_a_missing_file_is_explained(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="can't be read"):
        convert_form(tmp_path / "none.xlsx")


def test_a_comment_stands_where_something_is_missing(tmp_path: Path) -> None:
    survey = """
| | type | name | label | calculation |
| | integer | a | A? | |
| | calculate | twice | | ${a} * 2 |
| | begin repeat | trip | Trips | |
| | calculate | cut | | substr(${a}, 1) |
| | text | where | Where to? | |
| | end repeat | | | |
| | calculate | cut2 | | substr(${a}, 2) |
""".strip()
    text = convert_text(tmp_path, survey).text
    assert (
        """
compute:
  # row 6: calculation cut not carried over: there is no counterpart of substr()
  # row 9: calculation cut2 not carried over: there is no counterpart of substr()
  twice: a * 2
"""
        in text
    )
    assert (
        """
  # row 5: there is no number of repeats: a question after each turn decides
  - id: trip
    type: roster
"""
        in text
    )
