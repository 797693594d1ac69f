"""The plain interface at a pipe, a terminal, a closed output, an interrupt: nothing is lost, no traceback is shown."""

import io
import os
import pty
import select
import signal
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from support.fake_interview import FakeInterview, choices, every_kind, prompt
from survey_cli.entries import LineEntry, PickEntry, ReadEntry, Rejection, Reply, VerbatimEntry
from survey_cli.plain import conduct_interview
from survey_cli.plain.streams import MAX_LINE_LENGTH

YES_NO = PickEntry(options=choices("Yes", "No"))
TESTS = Path(__file__).parents[1]
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
"""As an interviewer starts it: what is printed waits in a buffer."""


class Fake(FakeInterview):
    """The fake desk, which understands no dates."""

    def echo(self, text: str) -> str:
        return ""


def one(text: str, entry: PickEntry | LineEntry) -> Fake:
    """A desk that asks one thing and then says goodbye."""
    return Fake((prompt("a", text, entry), prompt("bye", "Goodbye.", ReadEntry())))


def test_a_line_that_is_no_text_or_endless_is_not_taken() -> None:
    desk = one("What?", LineEntry(kind="text"))
    read = io.TextIOWrapper(
        io.BytesIO(b"caf\xe9\n\n" + b"x" * (3 * MAX_LINE_LENGTH) + b"\ncaf\xc3\xa9\r\n"), "utf-8"
    )
    write = io.StringIO()
    conduct_interview(desk, read, write)
    assert desk.given == [("a", "café")]
    assert [line.partition(":")[0] for line in write.getvalue().splitlines() if line[0] == "!"] == [
        "! this line is not text in this terminal's encoding",
        "! an answer is needed, or .dk",
        f"! longer than {MAX_LINE_LENGTH} characters",
    ]


def test_a_terminal_that_cannot_write_a_letter_still_gets_the_rest() -> None:
    buffer = io.BytesIO()
    write = io.TextIOWrapper(buffer, "ascii")
    assert conduct_interview(one("¿Cuántos años?", YES_NO), io.StringIO("1\n\n"), write) == 0
    assert b"?Cu?ntos a?os?" in buffer.getvalue()


class Interrupted(io.StringIO):
    """A terminal at which Ctrl+C is pressed once the lines are over."""

    def readline(self, size: int | None = -1, /) -> str:
        line = super().readline(-1 if size is None else size)
        if not line:
            raise KeyboardInterrupt
        return line


@pytest.mark.parametrize("lines", ["", "1\n", "1\nwords\\\n", ".stop\n"])
def test_ctrl_c_puts_aside(lines: str) -> None:
    desk = Fake((prompt("a", "One?", YES_NO), prompt("b", "Why?", VerbatimEntry())))
    write = io.StringIO()
    assert conduct_interview(desk, Interrupted(lines), write) == 3
    assert desk.calls == ["suspend"]
    assert "[Suspended" in write.getvalue()


def test_ctrl_c_while_the_desk_is_at_work_waits_for_it() -> None:
    class Busy(Fake):
        def reply(self, reply: Reply) -> Rejection | None:
            # To this thread: with `os.kill`, another one of a process that runs many tests could
            # take it, and this one would go on until its next turn.
            signal.raise_signal(signal.SIGINT)
            rejected = super().reply(reply)
            self.calls.append("committed")
            return rejected

    before = signal.getsignal(signal.SIGINT)
    desk = Busy(every_kind())
    assert conduct_interview(desk, io.StringIO("\n2\n3\n"), io.StringIO()) == 3
    assert desk.calls == ["committed", "suspend"]
    assert desk.given == [("hello", "")]
    assert signal.getsignal(signal.SIGINT) is before


class Broken(io.StringIO):
    """A pipe whose reader goes away after so many prompts."""

    def __init__(self, prompts: int) -> None:
        super().__init__()
        self.prompts = prompts

    def flush(self) -> None:
        self.prompts -= 1
        if self.prompts < 0:
            raise BrokenPipeError(32, "Broken pipe")


@pytest.mark.parametrize("prompts", [0, 1, 2])
def test_a_closed_output_puts_aside_and_says_so_elsewhere(prompts: int) -> None:
    desk, errors = Fake(every_kind()), io.StringIO()
    assert conduct_interview(desk, io.StringIO("\n2\n10\n7\n"), Broken(prompts), errors) == 3
    assert desk.calls == ["suspend"]
    assert len(desk.given) == prompts
    assert (
        errors.getvalue()
        == "The output was closed: the interview is suspended and can be resumed.\n"
    )


def test_an_output_that_closes_after_the_last_answer_changes_nothing() -> None:
    desk = Fake((prompt("a", "One?", YES_NO),))
    errors = io.StringIO()
    assert conduct_interview(desk, io.StringIO("1\n"), Broken(1), errors) == 0
    assert desk.calls == ["suspend", "complete"]
    assert "the interview has ended, and is stored" in errors.getvalue()


def test_what_cannot_be_put_aside_is_said() -> None:
    class Full(Fake):
        def suspend(self) -> Rejection | None:
            return Rejection("not saved: the disk is full")

    for write in (io.StringIO(), Broken(0)):
        errors = io.StringIO()
        assert conduct_interview(Full(every_kind()), io.StringIO(""), write, errors) == 1
        assert (
            "could not be suspended: not saved: the disk is full. Every answer" in errors.getvalue()
        )


def test_a_database_that_refuses_leaves_one_at_the_same_item() -> None:
    desk = one("One?", YES_NO)
    desk.rejects[("a", "1")] = "not saved: the disk is full — make room"
    write = io.StringIO()
    conduct_interview(desk, io.StringIO("1\n2\n\n"), write)
    assert "> \n! not saved: the disk is full — make room\n> " in write.getvalue()
    assert desk.given == [("a", "2"), ("bye", "")]


# Real pipes and terminals

SCRIPT = f"""
import sys
sys.path.insert(0, {str(TESTS)!r})
from support.fake_interview import FakeInterview, every_kind
from survey_cli.plain import conduct_interview
class Desk(FakeInterview):
    def echo(self, text): return ""
desk = Desk(every_kind())
code = conduct_interview(desk, sys.stdin, sys.stdout, sys.stderr)
print(desk.calls[-1:], file=sys.stderr)
sys.exit(code)
"""


def test_a_real_pipe_that_closes_leaves_no_traceback() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=BUFFERED,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        seen = b""
        while not seen.endswith(b"> "):  # the prompt is flushed, with no line end after it
            seen += process.stdout.read(1)
        process.stdout.close()
        process.stdin.write(b"\n2\n10\n")
        process.stdin.flush()
        assert process.wait(20) == 3
        said = process.stderr.read().decode()
    assert (
        said
        == "The output was closed: the interview is suspended and can be resumed.\n['suspend']\n"
    )


def test_a_terminal_prints_no_line_twice_and_ctrl_c_puts_aside() -> None:
    main, side = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdin=side,
        stdout=side,
        stderr=side,
        start_new_session=True,
        env=BUFFERED,
    ) as process:
        os.close(side)
        seen = b""

        def until(text: bytes) -> None:
            nonlocal seen
            while text not in seen:
                assert select.select([main], [], [], 20)[0], seen
                seen += os.read(main, 1000)

        until(b"[Enter continues]\r\n> ")
        seen = b""
        os.write(main, b"\n")
        until(b"Refused]\r\n> ")
        assert seen.startswith(b"\r\n[Section: Mission]")
        process.send_signal(signal.SIGINT)
        until(b"['suspend']")
        assert b"\r\n[Suspended" in seen
        assert b"Traceback" not in seen
        assert process.wait(20) == 3
    os.close(main)


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal is wanted")
def test_a_terminal_left_raw_takes_lines_again() -> None:
    program = (
        "import sys, tty; tty.setraw(0); from survey_cli.plain.streams import Interrupts, InputLines; "
        "typed = InputLines(sys.stdin, Interrupts()); print('ready', flush=True); print('got', typed.read_line())"
    )
    shown = pexpect.spawn(sys.executable, ["-c", program], encoding="utf-8", timeout=20)
    shown.expect("ready\r\n")
    shown.send("one line\r")
    shown.expect("got one line\r\n")
