"""The command line: exit codes, streams, what is said of failures, and no traceback."""

import csv
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
import typer.main

from support.command_line import BROKEN, DOUBTFUL, SURVEY, folder, on_terminal, written  # noqa: F401
from support.forked_survey import ForkedTerminal, spawn_survey
from survey_cli import __version__
from survey_cli.cli.app import build_app
from survey_cli.cli.command_lines import fill_usage
from survey_cli.cli.command_table import COMMANDS, GROUPS, MODULES, PANELS, RENAMED
from survey_cli.cli.parameters import parse_share
from survey_cli.cli.run_command import run_command


def held(monkeypatch: pytest.MonkeyPatch, lines: str, *arguments: str) -> int:
    """Hold an interview through a pipe; the exit code."""
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    return run_command(["interview", *arguments])


# ── the commands themselves ────────────────────────────────────────────────────────────────────────────────


def commands() -> Iterator[tuple[str, typer.core.TyperCommand]]:
    for name, command in typer.main.get_command(build_app()).commands.items():  # type: ignore[attr-defined]
        several = getattr(command, "commands", None)
        yield from (
            [(name, command)]
            if several is None
            else [(f"{name} {one}", c) for one, c in several.items()]
        )


def test_every_command_argument_and_option_has_help() -> None:
    silent = [name for name, command in commands() if len(command.help or "") < 20]
    for name, command in commands():
        silent += [
            f"{name} {p.name}" for p in command.params if len(getattr(p, "help", None) or "") < 10
        ]
    assert silent == []
    assert len(list(commands())) >= 9


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_command_says_how_it_is_used(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command([*name.split(), "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: survey {name} ")


def test_the_help_of_every_command_ends_with_an_example_on_one_line() -> None:
    for name, command in commands():
        example = (command.help or "").split("\n\n")[-1]
        assert (
            example.startswith(f"Example: survey {name} ") or example == f"Example: survey {name}"
        ), name
        assert len(example) <= 76, name


def test_help_has_a_line_for_the_first_commands_and_the_names_of_the_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_command(["--help"]) == 0
    printed = capsys.readouterr().out
    texts = dict(commands())
    [first, *others] = PANELS.items()
    for name in first[1]:
        sentence = (texts[name].help or "").partition("\n\n")[0]
        assert f"\n  {name.ljust(9)}  {sentence}\n" in printed, "on one line"
    for panel, names in others:
        assert f"{panel} {' '.join(names)}" in " ".join(printed.split())
    assert max(map(len, printed.splitlines())) <= 80


def test_every_command_is_in_one_panel_and_one_module() -> None:
    built = typer.main.get_command(build_app()).commands  # type: ignore[attr-defined]
    assert sorted(COMMANDS) == sorted(built)
    assert sorted(name for names in MODULES.values() for name in names) == sorted(built)
    groups = {
        name: tuple(command.commands)
        for name, command in built.items()
        if hasattr(command, "commands")
    }
    assert groups == {name: group.commands for name, group in GROUPS.items()}


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_an_earlier_name_of_a_command_leads_to_the_present_one(
    old: str, new: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = " ".join(word for word in new.split() if not word.isupper())
    assert run_command([old, "asu.yaml"]) == 2
    line = fill_usage(new, ["asu.yaml"])
    assert capsys.readouterr().err == f"survey: `{old}` is now `{command}` — survey {line}\n"
    assert run_command(["explain", old]) == 0
    assert f"the command is now: survey {new}" in capsys.readouterr().err
    assert run_command([*command.split(" --")[0].split(), "--help"]) == 0


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("queue study.yaml -n 4", "case list study.yaml --next -n 4"),
        ("replay study.yaml 1017 --speed 20", "watch study.yaml --replay 1017 --speed 20"),
        ("replay --speed 20 study.yaml 1017", "watch FILE --replay CASE"),
        ("interviews 'my study.yaml'", "case list 'my study.yaml' --interviews"),
        (
            "forecast study.yaml --interviewers 4,8",
            "status study.yaml --forecast --interviewers 4,8",
        ),
        ("server grant postgresql://o@h/d ann coder", "db grant postgresql://o@h/d ann coder"),
    ],
)
def test_the_arguments_of_an_earlier_name_are_in_the_line_to_copy(
    typed: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(shlex.split(typed)) == 2
    assert capsys.readouterr().err.endswith(f" — survey {line}\n")


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("status mine.yaml --days 3", "--days is only for --forecast"),
        ("status mine.yaml --forecast --since 2026-11-24", "--since is not for --forecast"),
        ("watch mine.yaml ann --speed 2", "--speed is only for --replay"),
        ("watch mine.yaml ann --replay 7", "give PERSON or --replay CASE"),
        ("watch mine.yaml", "give the interviewer's login, or --replay CASE"),
        ("case list mine.yaml --next --interviews", "give one of them"),
        ("case list mine.yaml --interviewer ann", "--interviewer is only for --next"),
        ("case list mine.yaml --next --status held", "--status does not select who is called next"),
        ("case list mine.yaml --interviews --limit 3", "--limit does not select interviews"),
        ("case list mine.yaml --next --format csv", "--format csv is for the list of cases"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(
    typed: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(typed.split()) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert why in line
    assert " — " in line


def test_without_a_command_there_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command([]) == 0
    assert "Usage: survey" in capsys.readouterr().out


def test_help_loads_nothing_that_is_slow() -> None:
    heavy = (
        "pydantic",
        "yaml",
        "textual",
        "sqlite3",
        "rich",
        "survey_cli.instrument",
        "survey_cli.store",
    )
    asked = (
        "import sys; from survey_cli.cli.run_command import run_command; run_command(['--help']); "
        f"print([m for m in {heavy!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "[]\n")


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["--version"]) == 0
    assert capsys.readouterr().out == f"survey {__version__}\n"


def test_a_share_is_a_number_or_a_percentage() -> None:
    assert parse_share("5%") == parse_share("0.05") == 0.05


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["expor"], "survey: there is no command 'expor' — did you mean: survey export"),
        (
            ["piping"],
            "survey: there is no command 'piping' — survey explain piping says what it is called here",
        ),
        (["xyzzy"], "survey: there is no command 'xyzzy' — survey --help lists them all"),
        (
            ["check", "--strct", "x"],
            "survey check: no such option: --strct — did you mean '--strict'?",
        ),
        (["check"], "survey check: FILE is missing: questionnaires — survey check study.yaml"),
        (
            ["export", "x", "--origin", "reel"],
            "survey export: --origin: 'reel' is not one of",
        ),
        (
            ["quality", "x", "--draw", "150%"],
            "survey quality: --draw: '150%' is not a share from 0 to 1: write one such as 0.05",
        ),
        (
            ["interview", "x"],
            "survey interview: --case is missing, and there is no terminal to ask for it — survey",
        ),
        (["interview", "x", "--case", "1", "--set", "a"], "'a' is not COLUMN=VALUE"),
    ],
)
def test_what_is_not_understood_is_said_in_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


# ── new ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_new_instrument_has_no_problem_and_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["new", "sub/my survey"]) == 0
    text = Path("sub/my survey.yaml").read_text(encoding="utf-8")
    assert "\ninstrument: my_survey " in text
    assert "survey check 'sub/my survey.yaml'" in text
    assert "survey schema -o instrument.schema.json" in text
    assert not re.search(r"\{(file|name)\}", text)
    capsys.readouterr()
    assert run_command(["check", "--strict", "sub/my survey.yaml"]) == 0
    assert capsys.readouterr() == ("", "sub/my survey.yaml: 13 items, no problems\n")


@pytest.mark.parametrize("name", ["a.yaml", "energy.yaml", "a folder/a_survey_of_readers.yaml"])
def test_the_explanations_of_a_new_instrument_begin_in_one_column(name: str) -> None:
    Path(name).parent.mkdir(exist_ok=True)
    assert run_command(["new", name]) == 0
    lines = Path(name).read_text(encoding="utf-8").splitlines()

    explained = {
        "#   survey ": ("list every", "conduct an", "print the data", "explain a word"),
        "": ("# letters,", "# shown at", "# raise it", "# the first is"),
    }
    for begins, explanations in explained.items():
        columns = [
            line.index(explanation)
            for explanation in explanations
            for line in lines
            if line.startswith(begins) and f"  {explanation}" in line
        ]
        assert len(columns) == 4
        assert len(set(columns)) == 1


def test_new_overwrites_nothing_unasked(capsys: pytest.CaptureFixture[str]) -> None:
    written("mine.yaml", "precious")
    assert run_command(["new", "mine.yaml"]) == 1
    assert capsys.readouterr().err == (
        "mine.yaml: the file exists — use another name, or --force to overwrite it\n"
    )
    assert Path("mine.yaml").read_text() == "precious"
    assert run_command(["new", "mine.yaml", "--force"]) == 0
    assert "instrument: mine" in Path("mine.yaml").read_text(encoding="utf-8")


def test_beside_a_schema_a_new_instrument_does_not_explain_it() -> None:
    assert run_command(["schema", "-o", "instrument.schema.json"]) == 0
    assert run_command(["new", "2026"]) == 0
    lines = Path("2026.yaml").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# yaml-language-server: $schema=./instrument.schema.json"
    assert lines[1].startswith("# This is a complete questionnaire.")
    assert any(line.startswith("instrument: survey_2026") for line in lines)


# ── interview, interviews, verify, backup, export ──────────────────────────────────────────────────────────


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """A new instrument with one finished interview of case 7 and one put aside, of case 8."""
    assert run_command(["new", "mine"]) == 0
    answers = "\n1\n3\n1 3\n2\nlonger hours\n1\n2\n3\n44\n\n"
    assert (
        held(
            monkeypatch, answers, "mine.yaml", "--case", "7", "--plain", "--set", "branch=Riverside"
        )
        == 0
    )
    assert (
        held(monkeypatch, "\n1\n3\n", "mine.yaml", "--case", "8", "--plain", "--interviewer", "Ann")
        == 3
    )
    capsys.readouterr()
    return "mine.yaml"


def test_from_new_to_data(mine: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["export", mine]) == 0
    out, err = capsys.readouterr()
    seven, eight = csv.DictReader(io.StringIO(out))
    assert seven["interview_case"] == "7"
    assert (
        seven["interview_status"],
        seven["interview_outcome"],
        seven["branch"],
        seven["age"],
    ) == (
        "ended",
        "complete",
        "2",
        "44",
    )
    assert (seven["used_1"], seven["used_2"], seven["used_3"], seven["why"]) == (
        "1",
        "0",
        "1",
        "longer hours",
    )
    assert (eight["interview_status"], eight["interview_by"]) == ("suspended", "Ann")
    assert (eight["times"], eight["age"]) == ("3", "-7")
    identifying, counted = err.splitlines()
    assert counted == f"stdout: 2 interviews, {len(seven)} columns, from responses/mine.db"
    assert "this file can identify respondents" in identifying
    assert "--public" in identifying


def test_exports_say_what_they_leave_out_and_overwrite_nothing(
    mine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["export", mine, "-o", "out.csv", "--no-partials", "--labels"]) == 0
    assert capsys.readouterr().out == ""
    (seven,) = csv.DictReader(io.StringIO(Path("out.csv").read_text(encoding="utf-8")))
    assert seven["branch"] == "Riverside"
    before = Path("out.csv").read_bytes()
    assert run_command(["export", mine, "-o", "out.csv"]) == 1
    assert "the file exists" in capsys.readouterr().err
    assert Path("out.csv").read_bytes() == before
    assert run_command(["export", mine, "-o", "out.csv", "--force"]) == 0
    assert Path("out.csv").read_bytes() != before


def test_practice_is_kept_apart(
    mine: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert held(monkeypatch, "\n2\n\n", mine, "--case", "9", "--practice") == 0
    assert "there is no terminal, so" in capsys.readouterr().err
    cases = {}
    for origin in ("real", "practice", "all"):
        assert run_command(["export", mine, "--origin", origin]) == 0
        cases[origin] = [
            row["interview_case"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))
        ]
    assert cases == {"real": ["7", "8"], "practice": ["9"], "all": ["7", "8", "9"]}


def test_the_list_of_interviews(mine: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["case", "list", "--interviews", mine]) == 0
    out, err = capsys.readouterr()
    head, *rows = [re.split(r"\s{2,}", line) for line in out.splitlines()]
    assert head == ["case", "status", "answered", "at", "last entry", "by", "origin"]
    by_case = {row[0]: row for row in rows}
    assert by_case["7"][1] == "complete"
    assert (by_case["8"][1], by_case["8"][3], by_case["8"][5]) == ("suspended", "used", "Ann")
    assert err == "responses/mine.db: 2 interviews\n"


def test_verify_and_backup(mine: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["db", "backup", mine, "copy.db"]) == 0
    assert capsys.readouterr().err == "responses/mine.db: copied to copy.db\n"
    assert run_command(["db", "verify", mine, "--db", "copy.db"]) == 0
    assert re.fullmatch(
        r"copy\.db: 2 interviews, \d+ events: no problems\n", capsys.readouterr().err
    )
    assert run_command(["db", "backup", mine, "copy.db"]) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["case", "list", "--interviews", "mine.yaml", "--db", "none.db"], "none.db: "),
        (["export", "nothere.yaml"], "nothere.yaml: there is no such file"),
        (["export", "mine.yaml", "--format", "cvs"], "did you mean 'csv'?"),
        (
            ["interview", "mine.yaml", "--case", "7", "--plain"],
            "use --reopen to correct it, or --again to start a second one",
        ),
        (
            ["interview", "mine.yaml", "--case", "1", "--plain", "--set", "brnch=1"],
            "did you mean 'branch'?",
        ),
        (
            ["interview", "mine.yaml", "--case", "1", "--plain", "--language", "xx"],
            "no language 'xx'",
        ),
    ],
)
def test_what_cannot_be_done_is_said_with_a_remedy(
    mine: str, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(arguments) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert " — " in err
    assert err.count("\n") == 1


def test_an_instrument_with_problems_cannot_be_interviewed_with(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written("broken.yaml", BROKEN)
    assert run_command(["interview", "broken.yaml", "--case", "1", "--plain"]) == 1
    err = capsys.readouterr().err.splitlines()
    assert err[0].startswith("broken.yaml:5:53: age: 'probbe'")
    assert err[-1].startswith("broken.yaml: the instrument has 2 problems — ")
    assert not Path("responses").exists()


def test_the_formats_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["export", "--formats"]) == 0
    assert re.search(r"^csv +\.csv +\S", capsys.readouterr().out, re.MULTILINE)


def start_at_terminal(*arguments: str) -> ForkedTerminal:
    """Start a command on a terminal of its own."""
    return spawn_survey(*arguments, encoding="utf-8", echo=False)


def test_on_a_terminal_the_case_is_asked_for(mine: str) -> None:
    screen = start_at_terminal("interview", mine, "--plain")
    screen.expect("Case \\(its key, such as 101\\): ")
    screen.sendline("42")
    screen.expect(r"Branch that the person visits \(1 Main Street, 2 Riverside\): ")
    screen.sendline("Oakwood")
    screen.expect(r"! .* write one of 1 \(Main Street\), 2 \(Riverside\)")
    screen.sendline("riverside")
    screen.expect("this is")
    screen.sendline("")
    screen.expect("> ")
    screen.sendline(".suspend")
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == 3


def test_a_column_of_the_case_that_is_not_valid_is_asked_for_again() -> None:
    head = (
        "instrument: zoned\ntitle: Zoned\nversion: '1'\nsample:\n  zone: {type: text, role: zone}\n"
    )
    written("zoned.yaml", head + "items:\n  - {id: a, type: text, text: 'A?'}\n")
    screen = start_at_terminal("interview", "zoned.yaml", "--plain")
    screen.expect("Case \\(its key, such as 101\\): ")
    screen.sendline("1")
    screen.expect(r"Time zone.*such as America/Chicago\): ")
    screen.sendline("11980")
    screen.expect("! '11980' is not a time zone")
    screen.expect(r"Time zone.*such as America/Chicago\): ")
    screen.sendline("America/Denver")
    screen.expect("> ")
    screen.sendline(".suspend")
    screen.expect(pexpect.EOF)
    screen.close()


def test_an_instrument_with_problems_is_told_before_anything_is_asked() -> None:
    written("broken.yaml", BROKEN)
    shown = on_terminal("interview", "broken.yaml")
    assert "the instrument has 2 problems" in shown
    assert "Case" not in shown


# ── a broken world, and our own mistakes ───────────────────────────────────────────────────────────────────


def test_our_own_mistake_is_a_report_without_anybodys_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def careless(file: str, formats: object = (), **_: object) -> None:
        answer = "555 0199"
        raise RuntimeError(f"could not keep {answer} of {file}")

    monkeypatch.setattr(
        "survey_cli.services.questionnaire.questionnaire_files.check_file", careless
    )
    monkeypatch.setattr("sys.argv", ["survey", "check", "jane-doe.yaml", "--format=text"])
    assert run_command(["check", "jane-doe.yaml"]) == 1
    out, err = capsys.readouterr()
    (report,) = tmp_path.glob("survey-bug-*.txt")
    assert out == ""
    assert err == (
        "survey: this is a bug in survey (RuntimeError) — please report it with the file "
        f"{report}, which contains no answers\n"
    )
    text = report.read_text(encoding="utf-8")
    assert "builtins.RuntimeError" in text
    assert "survey_cli/cli/commands/questionnaire.py" in text
    assert "command: check --format\n" in text
    assert "0199" not in text.replace('answer = "555 0199"', "")
    assert "jane" not in text
    assert report.stat().st_mode & 0o077 == 0


def test_trouble_that_was_thrown_is_said_in_its_own_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from survey_cli.problems import StoreError

    def locked(file: str, formats: object = (), **_: object) -> None:
        raise StoreError("a.db", "another program keeps the database locked", "close it")

    monkeypatch.setattr("survey_cli.services.questionnaire.questionnaire_files.check_file", locked)
    assert run_command(["check", "x.yaml"]) == 1
    assert capsys.readouterr().err == "a.db: another program keeps the database locked — close it\n"


def test_a_reader_who_leaves_is_no_failure_to_speak_of() -> None:
    mine, theirs = os.pipe()
    os.close(mine)
    done = subprocess.run([*SURVEY, "explain"], stdout=theirs, stderr=subprocess.PIPE, timeout=60)
    os.close(theirs)
    assert done.stderr == b""
    assert done.returncode == 141


@pytest.mark.parametrize("arguments", [["schema"], ["explain"], ["--help"], ["explain", "single"]])
def test_a_full_disk_is_said_in_one_line(arguments: list[str]) -> None:
    full = Path("/dev/full")
    if not full.is_char_device():
        pytest.skip("this machine has no /dev/full")
    with full.open("w") as out:
        done = subprocess.run(
            [*SURVEY, *arguments], stdout=out, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert done.returncode == 1
    assert (
        done.stderr
        == "survey: no space left on device — fix the cause, then run the command again\n"
    )


@pytest.mark.parametrize("closing", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_hurt_nobody(closing: str) -> None:
    written("doubtful.yaml", DOUBTFUL)
    command = f'"{sys.executable}" -m survey_cli check doubtful.yaml {closing}'
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.returncode == (
        1 if ">&-" in closing.replace("2>&-", "") else 0
    )  # what was found went nowhere
    assert "Traceback" not in done.stdout + done.stderr


def test_a_terminal_of_few_letters_gets_what_it_can_show() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [*SURVEY, "explain", "nets"], env=environment, capture_output=True, timeout=60
    )
    assert done.returncode == 0
    assert done.stdout.startswith(b"net \\u2014 a term")


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl+C", "Ctrl+D"])
def test_leaving_the_question_for_a_case_is_quiet(key: str) -> None:
    assert run_command(["new", "mine"]) == 0
    screen = start_at_terminal("interview", "mine.yaml")
    screen.expect("Case \\(its key, such as 101\\): ")
    screen.send(key)
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.before is not None
    assert "Traceback" not in screen.before
    assert screen.exitstatus == 130
