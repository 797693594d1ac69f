"""`survey check`: every problem at its place, in each output format, and fit for a terminal."""

import json
import re

import pytest
from rich.cells import cell_len

from support.command_line import BROKEN, DOUBTFUL, STYLES, folder, on_terminal, written  # noqa: F401
from survey_cli.cli.output.terminal import make_printable
from survey_cli.cli.run_command import run_command
from survey_cli.text_width import cut_snippet


def test_problems_are_lines_on_stdout_and_the_count_is_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written("broken.yaml", BROKEN)
    assert run_command(["check", "broken.yaml"]) == 1
    out, err = capsys.readouterr()
    first, second = out.splitlines()
    assert first.startswith(
        "broken.yaml:5:53: age: 'probbe' is not a key here — did you mean 'probe'?"
    )
    assert second.startswith("broken.yaml:6:58: job: ")
    assert second.endswith("— did you mean 'age'?")
    assert err == ("broken.yaml: 2 errors; the route is proved when the errors are corrected\n")


def test_warnings_are_called_so_and_fail_only_when_strict(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written("doubtful.yaml", DOUBTFUL)
    assert run_command(["check", "doubtful.yaml"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("doubtful.yaml:5:10: warning: age: ")
    assert err == "doubtful.yaml: 1 item, 1 warning\n"
    assert run_command(["check", "--strict", "doubtful.yaml"]) == 1


def test_problems_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    written("broken.yaml", BROKEN)
    assert run_command(["check", "--format", "json", "broken.yaml"]) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert first == {
        "rule": "unknown-key",
        "severity": "error",
        "file": "broken.yaml",
        "line": 5,
        "column": 53,
        "length": 6,
        "who": "age",
        "what": "'probbe' is not a key here",
        "remedy": "did you mean 'probe'?",
    }
    assert second["rule"] == "unknown-name"


def test_no_problems_are_an_empty_list_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["new", "mine"]) == 0
    capsys.readouterr()
    assert run_command(["check", "--format", "json", "mine.yaml"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_problems_as_annotations(capsys: pytest.CaptureFixture[str]) -> None:
    written("broken, 100%.yaml", BROKEN)
    assert run_command(["check", "--format", "github", "broken, 100%.yaml"]) == 1
    first = capsys.readouterr().out.splitlines()[0]
    place = "file=broken%2C 100%25.yaml,line=5,col=53,title=unknown-key"
    assert first == f"::error {place}::age: 'probbe' is not a key here — did you mean 'probe'?"


def test_a_folder_gives_its_instruments_and_not_their_modules(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written("all/a.yaml", DOUBTFUL)
    written("all/below/b.yml", BROKEN)
    written("all/modules/m.yaml", "items:\n  - {id: x, type: read, text: Hi}\n")
    written("all/.hidden/c.yaml", BROKEN)
    assert run_command(["check", "all"]) == 1
    err = capsys.readouterr().err.splitlines()
    assert err == [
        "all/a.yaml: 1 item, 1 warning",
        "all/below/b.yml: 2 errors; the route is proved when the errors are corrected",
        "2 instruments: 2 errors, 1 warning",
    ]


def test_a_module_by_itself_is_told_to_be_one(capsys: pytest.CaptureFixture[str]) -> None:
    written("m.yaml", "items:\n  - {id: x, type: read, text: Hi}\n")
    assert run_command(["check", "m.yaml"]) == 1
    assert "this is a module" in capsys.readouterr().out


def test_a_file_that_only_stands_beside_a_questionnaire_is_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written("all/a.yaml", "instrument: a\ntitle: A\nitems:\n  - {id: q, type: read, text: Hi}\n")
    written("all/paper.map.yaml", "key: NUMBER\ncolumns: {q: V1}\n")
    written("all/answers.yaml", "q: {1: 60%, 2: 40%}\n")
    assert run_command(["check", "all"]) == 0
    assert "all/a.yaml: 1 item" in capsys.readouterr().err
    assert run_command(["check", "all/paper.map.yaml"]) == 1
    assert "not a questionnaire" in (out := capsys.readouterr().out)
    assert "import-answers" in out


def test_no_name_is_no_folder(capsys: pytest.CaptureFixture[str]) -> None:
    written("a.yaml", BROKEN)
    assert run_command(["check", ""]) == 1
    out, err = capsys.readouterr()
    assert "a file name is empty" in out + err
    assert "a.yaml" not in out + err


@pytest.mark.parametrize("arguments", [["nothere.yaml"], ["."]])
def test_nothing_to_check_is_a_failure(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["check", *arguments]) == 1
    out, err = capsys.readouterr()
    assert "there is no" in out + err


def test_escape_sequences_of_a_file_never_reach_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written(
        "e.yaml",
        'instrument: e\ntitle: "\\e[31mred \\u202e"\nitems:\n  - {"id\\e[2J": a, type: read}\n',
    )
    assert run_command(["check", "e.yaml"]) == 1
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    assert "\u202e" not in out + err
    assert make_printable("a\x1b[2Jb\u202ec\x07\n") == "a<U+001B>[2Jb<U+202E>c<U+0007> "


def test_on_a_terminal_carets_point_at_the_word() -> None:
    written("broken.yaml", BROKEN)
    shown = on_terminal("check", "broken.yaml", columns=100)
    assert re.sub(STYLES, "", shown).splitlines()[:3] == [
        "broken.yaml:5:53: error: age: 'probbe' is not a key here — did you mean 'probe'?",
        "  5 │   - {id: age, type: number, text: How old are you?, probbe: Anything else?}",
        "    │                                                     ^^^^^^",
    ]


def test_colour_adds_nothing_but_colour() -> None:
    written("broken.yaml", BROKEN)
    shown = on_terminal("check", "broken.yaml")
    plain = on_terminal("check", "broken.yaml", NO_COLOR="1")
    assert "\x1b[1;31merror" in shown
    assert not re.search(r"\x1b\[[\d;]*3\dm", plain)
    assert re.sub(STYLES, "", shown) == re.sub(STYLES, "", plain)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("    ask_if: regoin == 1", "regoin"),
        ("\t\task_if: regoin == 1", "regoin"),
        ("text: 日本語のテキスト, ask_if: regoin", "regoin"),
        ("text: 日本語のテキスト", "テキスト"),
        ("text: e\u0301te\u0301 👩‍👩‍👧 regoin", "regoin"),
        ("x" * 500 + " regoin " + "y" * 500, "regoin"),
        ("日" * 500 + " regoin " + "本" * 500, "regoin"),
        ("x" * 500 + " regoin", "regoin"),
        ("regoin " + "y" * 500, "regoin"),
    ],
)
def test_carets_stand_under_the_word_and_the_line_fits(line: str, word: str) -> None:
    cut = cut_snippet(line, str, column=line.index(word) + 1, length=len(word), width=50)
    indent = cell_len(cut.carets) - cell_len(cut.carets.lstrip())
    assert word in cut.line
    assert cell_len(cut.line[: cut.line.index(word)]) == indent
    assert cut.carets.strip() == "^" * cell_len(word)
    assert max(map(cell_len, cut)) <= 50


def test_a_word_longer_than_the_line_is_underlined_as_far_as_it_is_shown() -> None:
    cut = cut_snippet("ask_if: " + "x" * 300, str, column=9, length=300, width=40)
    assert max(map(cell_len, cut)) <= 40
    assert cut.carets.strip("^ ") == ""
    assert cut.line.endswith("…")


@pytest.mark.parametrize(("column", "length"), [(1, 1), (5, 3), (99, 1), (0, 0)])
def test_there_is_a_caret_wherever_a_problem_says_it_is(column: int, length: int) -> None:
    assert cut_snippet("abc", str, column=column, length=length, width=30).carets.count("^") >= 1
