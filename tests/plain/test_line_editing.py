"""Lines edited on a real terminal: keys, signals, and nothing that was typed is remembered."""

import os
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pexpect.fdpexpect
import pytest
from pexpect.spawnbase import SpawnBase

from support.forked_survey import fork_on_terminal
from survey_cli.plain.streams import ALARM_SECONDS, open_line_editor

readline = pytest.importorskip("readline")
if "libedit" in (readline.__doc__ or ""):
    pytest.skip("lines are edited by GNU readline only", allow_module_level=True)

TESTS = Path(__file__).parents[1]
PRELUDE = "import survey_cli.plain.interview"
"""What every program imports; readline reads its settings when it is imported, so each program does that itself."""
INTERVIEW = f"""
import sys
sys.path.insert(0, {str(TESTS)!r})
from support.fake_interview import FakeInterview, prompt
from survey_cli.entries import LineEntry, VerbatimEntry
from survey_cli.plain import conduct_interview
interview = FakeInterview((
    prompt("name", "Your name?", LineEntry(kind="text")),
    prompt("chief", "And your chief's?", LineEntry(kind="text")),
    prompt("why", "Why?", VerbatimEntry()),
    prompt("last", "And last?", LineEntry(kind="text"), ending="complete"),
))
code = conduct_interview(interview, sys.stdin, sys.stdout, sys.stderr)
print([reply for _, reply in interview.given], interview.drafts, interview.calls, code)
"""
SIGNAL_TO_ANOTHER_THREAD = f"""
import os, signal, sys, threading, time
sys.path.insert(0, {str(TESTS)!r})
from support.fake_interview import FakeInterview, every_kind
from survey_cli.plain import conduct_interview
def interrupt():
    time.sleep(0.5)
    for number in map(int, sys.argv[1:]):
        signal.pthread_kill(threading.get_ident(), number)
threading.Thread(target=interrupt).start()
interview = FakeInterview(every_kind())
conduct_interview(interview, sys.stdin, sys.stdout, sys.stderr)
print(interview.calls)
"""
"""The signals are taken by a thread that doesn't wait for a line, as if they had arrived before the wait began: nothing
but the alarm interrupts it."""

LEFT, UP = "\x1b[D", "\x1b[A"


def start(program: str, *arguments: str, fresh: bool = False, **environment: str) -> SpawnBase:
    """Start a Python program at a terminal; a `fresh` one shares no import with others."""
    names = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "INPUTRC": os.devnull, **environment}
    given = {**os.environ, **names}
    if fresh:
        return pexpect.spawn(
            sys.executable, ["-c", program, *arguments], encoding="utf-8", timeout=20, env=given
        )
    return fork_on_terminal(
        PRELUDE, program, arguments, environment=given, encoding="utf-8", timeout=20
    )


@pytest.fixture
def terminal() -> Iterator[SpawnBase]:
    """An interview on a terminal, at its first question."""
    with start(INTERVIEW) as shown:
        shown.expect_exact("\r\n> ")
        yield shown


def answer(shown: SpawnBase, *lines: str) -> None:
    for line in lines:
        shown.send(f"{line}\r")
        shown.expect_exact("\r\n> ")


def begin(shown: SpawnBase, text: str) -> None:
    """Type text, and wait until it is shown: Ctrl+C would discard what was not read yet."""
    shown.send(text)
    if text:
        shown.expect_exact(text[-1:])


def test_a_line_is_edited_before_enter(terminal: SpawnBase) -> None:
    answer(terminal, "Mria" + LEFT * 3 + "a", "Eü\x7fva", "no\\", "money")
    terminal.send("end\r")
    terminal.expect_exact("['Maria', 'Eva', 'no\\nmoney', 'end'] {} [] 0")


def test_nothing_that_was_typed_or_cut_comes_back(terminal: SpawnBase) -> None:
    answer(terminal, "secret", UP + "Bob", "cut\x15kept\x17kept\\")
    answer(terminal, "\x19\x1b\x19also kept")
    terminal.send(UP + UP + "\x19end\r")
    terminal.expect_exact("['secret', 'Bob', 'kept\\nalso kept', 'end']")


def test_nothing_that_was_cut_comes_back_with_the_keys_of_vi(tmp_path: Path) -> None:
    settings = tmp_path / "inputrc"
    settings.write_text("set editing-mode vi\n")
    with start(INTERVIEW, INPUTRC=str(settings)) as shown:
        shown.expect_exact("\r\n> ")
        answer(shown, "first\x15Ann", "\x19Bob\x1b", "\x1bpPiwords")
        shown.send("end\r")
        shown.expect_exact("['Ann', 'Bob', 'words', 'end']")


def test_no_sequence_of_a_terminal_is_sent_unless_a_line_is_edited(terminal: SpawnBase) -> None:
    terminal.send("Ann\rBob\rwords\rend\r")
    terminal.expect(pexpect.EOF)
    assert "\x1b" not in terminal.before
    assert "['Ann', 'Bob', 'words', 'end']" in terminal.before


@pytest.mark.parametrize(
    ("lines", "begun", "end", "draft"),
    [
        (["one\\"], "", "\x03", "one"),
        (["one\\"], "", "\x04", "one"),
        (["one\\"], "half a line", "\x03", "one\\nhalf a line"),
        ([], "a lone" + LEFT * 2 + "\x7fi", "\x03", "a line"),
    ],
)
def test_ctrl_c_and_ctrl_d_suspend_and_keep_the_draft(
    terminal: SpawnBase, lines: list[str], begun: str, end: str, draft: str
) -> None:
    answer(terminal, "Ann", "Bob", *lines)
    begin(terminal, begun)
    terminal.send(end)
    terminal.expect_exact(f"['Ann', 'Bob'] {{'why': '{draft}'}} ['suspend'] 3")
    terminal.expect(pexpect.EOF)


def test_a_text_begun_on_a_terminal_that_is_lost_is_kept(tmp_path: Path) -> None:
    result = tmp_path / "drafts"
    after = (
        f"\nopen({str(result)!r}, 'w').write(f'{{interview.drafts}} {{interview.calls}} {{code}}')"
    )
    program = INTERVIEW.replace("print(", "(") + after
    main, side = os.openpty()
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n{program}",
        ],
        stdin=side,
        stdout=side,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", "INPUTRC": os.devnull},
    ) as process:
        os.close(side)
        shown = pexpect.fdpexpect.fdspawn(main, encoding="utf-8", timeout=20)
        shown.expect_exact("\r\n> ")
        answer(shown, "Ann", "Bob", "one\\")
        begin(shown, "half a line")
        time.sleep(3 * ALARM_SECONDS)
        os.close(main)
        assert process.wait(20) == 0
    assert result.read_text() == "{'why': 'one\\nhalf a line'} ['suspend'] 3"


@pytest.mark.parametrize(
    ("lines", "begun", "drafts"),
    [
        (["Ann"], "half", {"chief": "half"}),
        (["Ann", "Bob"], ".note half", {}),
        (["Ann", "Bob"], "", {}),
    ],
)
def test_only_a_text_that_was_begun_becomes_a_draft(
    terminal: SpawnBase, lines: list[str], begun: str, drafts: dict[str, str]
) -> None:
    answer(terminal, *lines)
    begin(terminal, begun)
    terminal.send("\x03")
    terminal.expect_exact(f"{lines} {drafts} ['suspend'] 3")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_request_to_end_suspends_and_restores_the_terminal(number: signal.Signals) -> None:
    before = "import termios; print('before', termios.tcgetattr(0)[:4])\n"
    after = "\nprint('after', termios.tcgetattr(0)[:4])"
    with start(before + INTERVIEW + after) as shown:
        shown.expect(r"before (.*?)\r\n")
        usual = shown.match.group(1)
        shown.expect_exact("\r\n> ")
        shown.send("half")
        shown.expect_exact("half")
        assert not termios.tcgetattr(shown.child_fd)[3] & termios.ICANON, "readline takes each key"
        shown.kill(number)
        shown.expect_exact("['suspend'] 3")
        shown.expect_exact(f"after {usual}")


@pytest.mark.parametrize(
    "numbers", [(signal.SIGTERM,), (signal.SIGINT,), (signal.SIGINT, signal.SIGTERM)]
)
@pytest.mark.parametrize("term", ["xterm", "dumb"], ids=["edited", "not edited"])
def test_a_signal_just_before_the_wait_is_not_lost(term: str, numbers: tuple[int, ...]) -> None:
    with start(
        SIGNAL_TO_ANOTHER_THREAD, *(str(int(number)) for number in numbers), TERM=term
    ) as shown:
        shown.expect_exact("['suspend']")


def test_a_signal_just_before_the_wait_is_not_lost_at_a_pipe() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SIGNAL_TO_ANOTHER_THREAD, str(int(signal.SIGTERM))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.wait(20) == 0
        assert process.stdout is not None
        assert b"['suspend']" in process.stdout.read()


def test_a_terminal_left_raw_is_repaired_before_and_after_lines_are_edited() -> None:
    after = "\nimport termios; print('modes', bool(termios.tcgetattr(0)[3] & termios.ICANON))"
    with start("import tty; tty.setraw(0)\n" + INTERVIEW + after) as shown:
        shown.expect_exact("\r\n> ")
        answer(shown, "Ann", "Bib" + LEFT + "\x7fo", "words")
        shown.send("end\r")
        shown.expect_exact("['Ann', 'Bob', 'words', 'end']")
        shown.expect_exact("modes True")


def test_only_the_own_terminal_is_edited(tmp_path: Path) -> None:
    with (tmp_path / "lines").open("w+") as file:
        assert open_line_editor(file, file) is None


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"TERM": ""}, {"LC_ALL": "C"}])
def test_a_terminal_that_cannot_be_edited_on_still_takes_lines(environment: dict[str, str]) -> None:
    fresh = "LC_ALL" in environment  # it is read when Python starts
    with start(INTERVIEW, fresh=fresh, **environment) as shown:
        shown.expect_exact("\r\n> ")
        answer(shown, "Ann", "Eü", "words")
        shown.send("end\r")
        shown.expect_exact("['Ann', 'Eü', 'words', 'end']")


WRAPPED = f"""
import sys
sys.path.insert(0, {str(TESTS)!r})
from survey_cli.plain.conversation import OutputLines
from survey_cli.plain.streams import StreamLines
from survey_cli.sessions.lines.line import Role
output = OutputLines(StreamLines(sys.stdout))
output.say(Role.SPOKEN, "1  Do you strongly agree, agree or disagree?")
output.say(Role.FACT, "Read it slowly, please, and wait.")
output.say(Role.REJECTION, "x" * 25 + " is too long")
output.say(Role.SPOKEN, "\u6700\u8fd1\u306e\u56de\u7b54\u3092\u304a\u9858\u3044\u3057\u307e\u3059")
output.flush()
"""


@pytest.mark.parametrize(
    "library", ["None", "types.ModuleType('readline', 'This uses libedit readline.')"]
)
def test_without_gnu_readline_lines_are_taken_as_they_are(library: str) -> None:
    with start(
        f"import sys, types; sys.modules['readline'] = {library}\n{INTERVIEW}", fresh=True
    ) as shown:
        shown.expect_exact("\r\n> ")
        answer(shown, "Ann", "Bob", "words")
        shown.send("end\r")
        shown.expect_exact("['Ann', 'Bob', 'words', 'end']")


def test_no_word_is_split_at_the_edge_of_a_terminal() -> None:
    names = {**os.environ, "LC_ALL": "C.UTF-8"}
    shown = pexpect.spawn(
        sys.executable,
        ["-c", WRAPPED],
        encoding="utf-8",
        timeout=20,
        env=names,
        dimensions=(24, 20),
    )
    assert shown.read().splitlines() == [
        "1  Do you strongly", "agree, agree or", "disagree?",
        "[Read it slowly,", "please, and wait.]",
        "!", "x" * 20, "xxxxx is too long",
        "最近の回答をお願いし", "ます",
    ]  # fmt: skip
    piped = subprocess.run(
        [sys.executable, "-c", WRAPPED], capture_output=True, text=True, check=True, env=names
    )
    assert piped.stdout.startswith(
        "1  Do you strongly agree, agree or disagree?\n[Read it slowly, please, and wait.]\n"
    )
