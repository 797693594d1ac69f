"""Files that are to be converted: recognized by content, damaged ones and bombs refused in words."""

from pathlib import Path
from time import process_time

import pytest

from survey_cli.conversion import convert, input_files
from survey_cli.conversion.convert import convert_form
from survey_cli.conversion.input_files import InputFile, open_input, remove_unwritable
from survey_cli.conversion.limesurvey.script import parse_script
from survey_cli.conversion.markup import split_instruction, strip_markup
from survey_cli.conversion.model.expressions import UnsupportedError
from survey_cli.conversion.model.formula_limits import check_formula_size
from survey_cli.instrument.texts.invisible_characters import remove_invisible
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
        (b'<?xml version="1.0" encoding="x-klingon"?><a/>', "no XML, or it is damaged"),
        (b'<?xml version="1.0" encoding="shift_jis"?><a/>', "no XML, or it is damaged"),
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
        (b"[" + b"9" * 5_000 + b"]", "no JSON, or it is damaged"),
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


def test_characters_that_cannot_be_written_are_left_out() -> None:
    json_text = b'{"a\\u0000": ["\\ud800b\\u001b", "\\ud83d\\ude00"]}'
    assert make_file(json_text).read_json() == {"a": ["b", "\U0001f600"]}
    assert remove_unwritable("one\x0btwo\x0cthree") == "one two three"
    assert make_file(b"a\x00b\x1b,\tc\r\n").text == "ab,\tc\r\n"
    assert remove_unwritable("a\u2028b\x85c\x92") == "a b c"


def test_characters_that_nobody_sees_are_left_out_of_texts() -> None:
    """Texts of web forms have them where words were pasted, and no questionnaire may."""
    assert strip_markup("How\u200b old\ufeff?") == "How old?"
    assert strip_markup("How old&#8203;?&#x2028;Years") == "How old?\nYears"
    assert strip_markup("\u202eold\u00ad") == "old"
    couple = "\U0001f469\u200d\U0001f467"
    assert strip_markup(f"{couple} a\u200db") == f"{couple} ab"
    assert remove_invisible("שלום\u200e!") == "שלום\u200e!"
    assert remove_invisible("Hello\u200e!") == "Hello!"


def test_thousands_of_marks_are_read_once() -> None:
    """Each mark looked through the whole text."""
    assert remove_invisible("a\u200e" * 200_000) == "a" * 200_000
    tags = "\U000e0067" * 200_000
    assert remove_invisible(f"\U0001f3f4{tags}") == f"\U0001f3f4{tags}"
    assert remove_invisible(tags) == ""


def test_markup_without_an_end_is_removed_in_one_pass() -> None:
    """Three thousand blanks in bold type took a minute."""
    assert strip_markup("** now **, **" + " " * 50_000) == "**now** , **"
    assert strip_markup("a" + "\n" * 50_000 + "- b") == "a\n- b"
    assert strip_markup("[" * 50_000) == "[" * 50_000
    assert strip_markup("<style>" * 200_000) == ""
    for beginning in ("<!", "<p", "[a](http:"):
        assert strip_markup(beginning * 200_000) == beginning * 200_000


def test_words_in_red_are_for_the_interviewer() -> None:
    red = '<span style="color: #FF0000;">'
    assert split_instruction(f"How old?{red}Code 99.</span>") == ("How old?", "Code 99.")
    assert split_instruction(f"<p>{red}Dial</SPAN></p>") == ("", "Dial")
    assert split_instruction(f"{red}a</span>b{red}c</span>") == ("b", "a\nc")
    assert split_instruction("a<font color=red>b</span>c</font>d") == ("ad", "b</span>c")
    assert split_instruction("a<p color=red><span color=red>b</span>") == ("a<p color=red>", "b")
    for text in (f"How old?{red}", "<p>red</p>", "a</p><p color=red>", "<pre color=red>a</pre>"):
        assert split_instruction(text) == (text, "")


@pytest.mark.time_limit
@pytest.mark.parametrize(
    "beginning", ["<p red", "<p color=red", "<p color=red>", "</p>", "<p color=" + " " * 1000]
)
def test_words_in_red_are_found_in_linear_time(beginning: str) -> None:
    """A million blanks after `color=` would have taken hours, and 10 MB of `<p red` 15 seconds."""
    text = "How old?" + beginning * (2_000_000 // len(beginning)) + " " * 1_000_000
    began = process_time()
    assert split_instruction(text) == (text, "")
    assert process_time() - began < 5


def test_too_many_entries_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(input_files, "MAX_ENTRIES", 10)
    monkeypatch.setattr(input_files, "MAX_CELLS", 10)
    for read, contents in (
        (InputFile.read_xml, b"<a>" + b"<b/>" * 10 + b"</a>"),
        (InputFile.read_xml, b"<a " + b" ".join(b"b%d=''" % i for i in range(10)) + b"/>"),
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


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[a] or " * 10_000, "far too long"),
        ("(" * 101, "nested more than 100 deep"),
        (" + ".join("a" * 300), "more than 200 arithmetic signs"),
        ("- " * 300 + "1", "more than 200 arithmetic signs"),
    ],
)
def test_expressions_that_would_exhaust_the_stack_are_not_read(text: str, what: str) -> None:
    with pytest.raises(UnsupportedError, match=what):
        check_formula_size(text)


def test_expressions_of_real_sizes_are_read() -> None:
    check_formula_size("(count-selected(a) > 1) or " * 300 + "b = '((((' * 1")
    with pytest.raises(UnsupportedError, match="joins more than 200 parts"):
        parse_script(" or ".join("a" * 300))


def test_forms_that_are_far_too_large_or_deep_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heading = "| survey |\n| | type | name | label |\n"
    question = "| | integer | q | Q |\n"
    form = tmp_path / "form.md"

    groups = "".join(f"| | begin_group | g{number} | G |\n" for number in range(1_500))
    form.write_text(heading + groups + question + "| | end_group | | |\n" * 1_500)
    with pytest.raises(UserError, match="nested far too deeply"):
        convert_form(form)

    form.write_text(heading + question)
    monkeypatch.setattr(convert, "MOST_ITEMS", 0)
    with pytest.raises(UserError, match="far more questions than a form"):
        convert_form(form)
