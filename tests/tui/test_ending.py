"""A signal ends a full screen whose terminal takes no more output, and a line whose interruption got lost."""

import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from support.shift import Shift
from survey_cli.tui.widgets.terminal import InputEnd

FULL_SCREEN = b"\x1b[?1049h"


def wait_for_screen(terminal: int) -> None:
    """Read what a program paints until its full screen is there and paints nothing for a second."""
    painted = b""
    while select.select([terminal], [], [], 1 if FULL_SCREEN in painted else 60)[0]:
        painted += os.read(terminal, 65536)
    assert FULL_SCREEN in painted


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_station_ends_at_its_signal_although_nobody_reads_its_terminal(
    tmp_path: Path, number: int
) -> None:
    shift = Shift(tmp_path)
    Shift.close_all()
    outside, inside = os.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))

    def take_terminal() -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    program = subprocess.Popen(
        [sys.executable, "-m", "survey_cli", "station", str(shift.file), "--db", shift.db],
        stdin=inside,
        stdout=inside,
        stderr=inside,
        preexec_fn=take_terminal,
        env={**os.environ, "TERM": "xterm-256color"},
    )
    os.close(inside)
    try:
        wait_for_screen(outside)
        for _ in range(100):  # its help is painted, until the terminal is full
            os.write(outside, b"\x1bOP")
            time.sleep(0.02)
        began = time.monotonic()
        program.send_signal(number)
        assert program.wait(30) in (0, 128 + number)
        assert time.monotonic() - began < 12
    finally:
        program.kill()
        program.wait()
        os.close(outside)


LOST_INTERRUPTION = """\
import os, signal, time
from survey_cli.plain.streams import Interrupts

def read_line():
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)
    except KeyboardInterrupt:  # as in a callback, where Python drops it
        print("lost", flush=True)
    time.sleep(20)
    return "typed"

with Interrupts() as interrupts:
    try:
        interrupts.wait_for(read_line)
    except KeyboardInterrupt:
        print("repeated", flush=True)
"""


def test_an_interruption_that_got_lost_is_repeated() -> None:
    # In a process of its own: other tests of this one have handlers of their own for these signals.
    done = subprocess.run(
        [sys.executable, "-c", LOST_INTERRUPTION],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.stdout.splitlines() == ["lost", "repeated"], done.stderr


def test_no_keys_are_read_from_a_terminal_that_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is readable all the time: reading on took so much time that a seat ended after ten seconds."""
    theirs, ours = os.openpty()
    with os.fdopen(ours) as stream:
        monkeypatch.setattr(sys, "__stdin__", stream)
        end = InputEnd()
        assert not end.is_set()
        os.write(theirs, b"key\n")
        assert not end.is_set()
        os.close(theirs)
        assert end.is_set()

        monkeypatch.setattr(sys, "__stdin__", None)
        without_terminal = InputEnd()
        assert not without_terminal.is_set()
        without_terminal.set()
        assert without_terminal.is_set()
