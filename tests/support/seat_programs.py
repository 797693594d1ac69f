"""Programs of seats for tests of the processes: each does one thing that a station could do."""

import ctypes
import os
import random
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from survey_cli.problems import UserError
from survey_cli.web.seats.messages import LineReader, encode_line
from survey_cli.web.seats.seat_process import list_descriptors
from survey_cli.web.seats.seat_request import Face, SeatPrograms, SeatRequest, SeatSide

PR_GET_DUMPABLE = 3
PR_SET_DUMPABLE = 4
NOBODY = 65534
SECRET = "the answer of a respondent"


def run_on_terminal(request: SeatRequest, side: SeatSide) -> int:
    """Do what the task says; without one, repeat each line that is keyed."""
    if request.task:
        return TASKS[request.task](request, side)
    print(f"seat of {request.person}", flush=True)
    while line := sys.stdin.readline():
        if line == "q\n":
            print("bye", flush=True)
            return 0
        print(f"got {line}", end="", flush=True)
    return 3


def run_on_socket(request: SeatRequest, side: SeatSide) -> int:
    """Do what the task says; without one, answer each message with the number of it."""
    if request.task:
        return TASKS[request.task](request, side)
    assert side.messages is not None
    reader = LineReader()
    count = 0
    while data := side.messages.recv(65536):
        for content in reader.feed(data):
            count += 1
            side.messages.sendall(encode_line({"count": count, "text": content["text"]}))
    return 4


def describe(request: SeatRequest, side: SeatSide) -> int:
    """Report what the process has."""
    facts = {
        "descriptors": _name_descriptors(),
        "environment": dict(os.environ),
        "session": os.getsid(0) == os.getpid(),
        "parent": os.getppid(),
        "umask": os.umask(0o077),
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "inspectable": ctypes.CDLL(None).prctl(PR_GET_DUMPABLE, 0, 0, 0, 0),
        "files": resource.getrlimit(resource.RLIMIT_NOFILE),
        "data": resource.getrlimit(resource.RLIMIT_DATA),
        "random": random.random(),
        "zone": time.tzname,
        "size": list(os.get_terminal_size(0)) if os.isatty(0) else [],
        "controls": os.isatty(0) and os.tcgetpgrp(0) == os.getpgrp(),
        "threads": threading.active_count(),
        "handlers": [
            signal.getsignal(number) == signal.SIG_DFL
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)
        ],
    }
    side.reports.sendall(encode_line(facts))
    side.reports.recv(1)
    return 0


def _name_descriptors() -> list[str]:
    names = []
    for number in sorted(list_descriptors()):
        # the one with which the folder was listed is closed already
        with suppress(OSError):
            names.append(os.readlink(f"/proc/self/fd/{number}").partition(":")[0])
    return names


def fail(*_: object) -> int:
    raise KeyError(SECRET)


def fail_on_thread(*_: object) -> int:
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    return 0


def refuse(*_: object) -> int:
    raise UserError("study.yaml", "the study is closed", "ask your supervisor")


def take_memory(*_: object) -> int:
    taken = []
    while True:
        taken.append(bytes(64 * 1024 * 1024))


def stay(*_: object) -> int:
    """Ignore every request to end."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    print("staying", flush=True)
    while True:
        time.sleep(60)


def paint(*_: object) -> int:
    """Write more than a terminal holds, then end."""
    for number in range(5000):
        print(f"line {number}", flush=True)
    return 0


def escape(request: SeatRequest, side: SeatSide) -> int:
    """Report what may be done outside of the study's database."""
    import asyncio
    import socket
    import sqlite3
    import subprocess
    import tempfile
    from pathlib import Path

    from textual.app import App

    def connect() -> None:
        with socket.socket() as connection:
            connection.connect(("127.0.0.1", 9))

    def append() -> None:
        with Path("written").open("a"):
            pass

    def save_screenshot() -> None:
        async def save() -> None:
            async with App().run_test() as pilot:
                pilot.app.save_screenshot("picture.svg")

        asyncio.run(save())

    def use_database() -> None:
        with sqlite3.connect("seat.db") as database:
            database.execute("CREATE TABLE t (c)")

    attempts: dict[str, Callable[[], object]] = {
        "run": lambda: subprocess.run(["true"]),
        "system": lambda: os.system("true"),
        "spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
        "fork": os.fork,
        "connect": connect,
        "write": lambda: Path("written").write_text("x"),
        "append": append,
        "create": lambda: os.open("written", os.O_CREAT),
        "remove": lambda: os.remove("asked"),
        "temporary file": lambda: tempfile.NamedTemporaryFile(dir=folder).close(),
        "screenshot": save_screenshot,
        "database": use_database,
        "discard": lambda: Path(os.devnull).write_text("x"),
    }
    # without a folder of its own, none is found in which a file could be written
    folder = os.environ.get("TMPDIR", "/tmp")
    results = {"folder": folder}
    for name, attempt in attempts.items():
        try:
            attempt()
            results[name] = "done"
        except PermissionError as error:
            results[name] = str(error.strerror)
    side.reports.sendall(encode_line(results))
    side.reports.recv(1)
    return 0


TASKS: dict[str, Callable[[SeatRequest, SeatSide], int]] = {
    "describe": describe,
    "escape": escape,
    "fail": fail,
    "fail on a thread": fail_on_thread,
    "refuse": refuse,
    "take memory": take_memory,
    "stay": stay,
    "paint": paint,
}
PROGRAMS: SeatPrograms = {
    Face.SCREEN: run_on_terminal,
    Face.TEXT: run_on_socket,
    Face.DESK: run_on_socket,
}


def become_nobody() -> None:
    """Be a user without rights, into whose processes others of the same user can look."""
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    # the system forbids it at a change of user
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
