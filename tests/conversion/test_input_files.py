"""Files that are to be converted: recognized by content, damaged ones and bombs refused in words."""

from pathlib import Path

import pytest

from survey_cli.conversion import input_files
from survey_cli.conversion.convert import convert_form
from survey_cli.conversion.input_files import InputFile, open_input
from survey_cli.problems import UserError

BOMB = b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>'
DEPTH = input_files.MAX_DEPTH + 1


def make_file(contents: bytes) -> InputFile:
    return InputFile(Path("form"), contents)


@pytest.mark.parametrize(
    ("contents", "what"),
    [
        (BOMB, "XML entities"),
        (b"<a>" * DEPTH + b"</a>" * DEPTH, "nested more than 100 deep"),
        (b"<a><b></a>", "no XML, or it is damaged"),
        (b"", "no XML, or it is damaged"),
    ],
)
def test_xml_that_is_no_form_is_refused(contents: bytes, what: str) -> None:
    with pytest.raises(UserError, match=what):
        make_file(contents).read_xml()


@pytest.mark.parametrize(
    ("contents", "what"),
    [
        (b"[" * 100_000, "nested more than 100 deep"),
        (b'{"a": ', "no JSON, or it is damaged"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_json_that_is_no_form_is_refused(contents: bytes, what: str) -> None:
    with pytest.raises(UserError, match=what):
        make_file(contents).read_json()


def test_brackets_in_texts_are_no_depth() -> None:
    text = "[" * 200 + '\\"' + "]"
    assert make_file(f'{{"a": "{text}"}}'.encode()).read_json() == {"a": "[" * 200 + '"]'}
    root = make_file("<a><b>é</b></a>".encode()).read_xml()
    assert root[0].text == "é"


def test_too_many_entries_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(input_files, "MAX_ENTRIES", 10)
    monkeypatch.setattr(input_files, "MAX_CELLS", 10)
    for read, contents in (
        (InputFile.read_xml, b"<a>" + b"<b/>" * 10 + b"</a>"),
        (InputFile.read_json, b"[" + b"1," * 10 + b"1]"),
        (lambda file: list(file.read_csv()), b"a,b,c\n" * 4),
    ):
        with pytest.raises(UserError, match="far more"):
            read(make_file(contents))


def test_a_file_that_is_too_large_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(input_files, "MAX_BYTES", 3)
    file = tmp_path / "form.csv"
    file.write_bytes(b"abcd")
    with pytest.raises(UserError, match="larger than 50 MB"):
        open_input(file)


def test_a_form_is_recognized_by_its_content(tmp_path: Path) -> None:
    forms = Path(__file__).parents[1] / "data"
    for source, system in (
        ("xlsform/household_cati.md", "XLSForm"),
        ("xlsform/specify_other.csv", "XLSForm"),
        ("xlsform/tutorial.xls", "XLSForm"),
        ("convert/redcap/rios_format_1.csv", "REDCap"),
        ("convert/limesurvey/citric_survey.lss", "LimeSurvey"),
        ("convert/limesurvey/ssi_nl_2017.txt", "LimeSurvey"),
        ("convert/qsf/rios_qualtrics_health.qsf", "Qualtrics"),
    ):
        file = tmp_path / "form.dat"
        file.write_bytes((forms / source).read_bytes())
        assert convert_form(file).words.system == system
