"""Helpers of tests of the command line: an empty folder, two instruments with problems, a terminal."""

import os
import re
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from unittest.mock import patch

import pexpect
import pytest

from support.forked_survey import spawn_survey
from survey_cli.cli.run_command import run_command

STYLES = re.compile(r"\x1b\[[\d;]*m")
SURVEY = [sys.executable, "-m", "survey_cli"]

BROKEN = """\
instrument: broken
title: Broken
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer} calling."}
  - {id: age, type: number, text: How old are you?, probbe: Anything else?}
  - {id: job, type: text, text: What do you do?, ask_if: agee > 15}
"""
DOUBTFUL = """\
instrument: doubtful
title: Doubtful
study: {sponsor: Acme}
items:
  - {id: age, type: number, text: How old are you?}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test stands in an empty folder of its own, and reports go there too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def written(name: str, text: str) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def run_survey(folder: Path, *arguments: str, code: int = 0, keyed: str = "") -> tuple[str, str]:
    """Run a command in this process, in a folder. Returns what it wrote to standard output and to standard error."""
    out, err = (TextIOWrapper(BytesIO(), encoding="utf-8") for _ in range(2))
    with (
        chdir(folder),
        patch("sys.stdin", StringIO(keyed)),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        assert run_command(arguments) == code, read_back(err)
    return read_back(out), read_back(err)


def write_respondents(folder: Path, **shares: str) -> list[str]:
    """Write a file of settings for `simulate` into a folder. Returns the option that names it."""
    habits = ", ".join(f"{name}: {share}" for name, share in shares.items())
    file = folder / "habits.yaml"
    file.write_text(f"respondents: {{{habits}}}\n", encoding="utf-8")
    return ["--settings", str(file)]


def read_back(stream: TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


def on_terminal(*arguments: str, columns: int = 60, **environment: str) -> str:
    """What a command shows on a terminal."""
    shown = spawn_survey(
        *arguments,
        environment={**os.environ, "TERM": "xterm", "COLUMNS": str(columns), **environment},
        size=(24, columns),
        encoding="utf-8",
    )
    shown.expect(pexpect.EOF)
    shown.close()
    assert shown.before is not None
    return str(shown.before).replace("\r\n", "\n")
