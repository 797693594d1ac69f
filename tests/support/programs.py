"""Python programs beside the tests, which can be killed: forked from one that has their imports, each starts in 5 ms
instead of 250."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO

FORK = """
import json as _json, os as _os, signal as _signal, socket as _socket

def _serve():
    requests = _socket.socket(fileno=0)
    _signal.signal(_signal.SIGCHLD, _signal.SIG_IGN)
    while True:
        request, files, _, _ = _socket.recv_fds(requests, 1 << 17, 4)
        if not request:
            _os._exit(0)
        if _os.fork() == 0:
            break
        for file in files:
            _os.close(file)
    requests.detach()
    _signal.signal(_signal.SIGCHLD, _signal.SIG_DFL)
    *streams, reports = files
    program = _os.fork()
    for number, stream in enumerate(streams):
        if program == 0:
            _os.dup2(stream, number)
        else:
            _os.close(stream)
    if program:
        _os.closerange(0, 3)
        _os.write(reports, b"%d\\n" % program)
        _os.write(reports, b"%d\\n" % _os.waitstatus_to_exitcode(_os.waitpid(program, 0)[1]))
        _os._exit(0)
    _os.closerange(3, max(files) + 1)
    return request.decode()

_script, _folder, *_arguments = _json.loads(_serve())
_os.chdir(_folder)
import sys
sys.argv[1:] = _arguments

def _leave(code):
    import atexit, threading
    # in the order of the interpreter; a program forked by multiprocessing ends like this, too
    threading._shutdown()
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None and not stream.closed:
                stream.flush()
    except (OSError, ValueError):
        return
    _os._exit(code)

try:
    exec(_script)
except SystemExit as end:
    if end.code is None or isinstance(end.code, int):
        _leave((end.code or 0) & 255)
    raise
_leave(0)
"""
"""A request is a script, a folder and arguments, with the files of its streams and one for its number and exit code.

A program that ends as it should leaves without clearing its modules, which would take 110 ms: every
page of memory that it shares would be copied for that. One that fails ends as the interpreter does.
"""


@cache
def start_parent(prelude: str) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """Start the program that has these imports; it ends with the tests."""
    ours, theirs = socket.socketpair()
    with theirs:
        return ours, subprocess.Popen([sys.executable, "-c", prelude + FORK], stdin=theirs)


def fork_program(
    prelude: str, script: str, arguments: Sequence[str], folder: Path, streams: Sequence[int]
) -> IO[str]:
    """Fork a program with these standard streams, which are closed here.

    Returns what is reported of it, a number on each line: its process, and at its end its exit code.
    """
    reports, report = os.pipe()
    request = json.dumps([script, str(folder), *arguments])
    theirs = [*streams, report]
    socket.send_fds(start_parent(prelude)[0], [request.encode()], theirs)
    for file in set(theirs):
        os.close(file)
    return os.fdopen(reports)


class Program:
    """A running program, with what the tests need of `subprocess.Popen`."""

    def __init__(
        self, prelude: str, script: str, arguments: Sequence[str], *, cwd: Path | None = None
    ) -> None:
        (input_, to_input), (from_output, output), (from_errors, errors) = (
            os.pipe() for _ in range(3)
        )
        self._reports = fork_program(
            prelude, script, arguments, cwd or Path.cwd(), [input_, output, errors]
        )
        self.stdin: IO[str] = os.fdopen(to_input, "w")
        self.stdout: IO[str] = os.fdopen(from_output)
        self.stderr: IO[str] = os.fdopen(from_errors)
        self.pid = int(self._reports.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        if self.returncode is None and select.select([self._reports], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self) -> int:
        """Wait for its end."""
        if self.returncode is None:
            self.returncode = int(self._reports.readline())
            self._reports.close()
        return self.returncode

    def communicate(self, text: str = "", timeout: float = 60) -> tuple[str, str]:
        """Send this text and the end of input; return what it writes until its end, which comes by the time limit."""
        if not self.stdin.closed:
            with suppress(BrokenPipeError):
                self.stdin.write(text)
                self.stdin.close()
        errors: list[str] = []
        reader = threading.Thread(target=lambda: errors.append(self.stderr.read()))
        limit = threading.Timer(timeout, self.kill)
        for thread in (reader, limit):
            thread.start()
        written = self.stdout.read()
        reader.join()
        self.wait()
        limit.cancel()
        self.stdout.close()
        self.stderr.close()
        return written, errors[0]

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)
