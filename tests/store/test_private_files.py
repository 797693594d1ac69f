"""Files that may contain answers: only their owner can read them."""

import os
import stat
from pathlib import Path

from support.command_line import folder, written  # noqa: F401 – a folder of its own
from survey_cli.cli.run_command import run_command

SMALL = """\
instrument: small
title: A small study
items:
  - {id: well, type: single, text: Are you well?, options: {1: Yes, 2: No}}
  - {id: why, type: text, text: Why?}
"""


def test_everything_that_is_made_from_answers_is_for_its_owner_only() -> None:
    written("small.yaml", SMALL)
    before = os.umask(0)
    try:
        assert run_command(["simulate", "small.yaml", "-n", "20", "--keep"]) == 0
        untouched = set(Path.cwd().rglob("*"))
        for name in ("r.html", "r.md", "r.csv", "r.xlsx", "r.docx"):
            done = run_command(
                [
                    "report",
                    "small.yaml",
                    "-o",
                    name,
                    "--origin",
                    "simulated",
                    "--verbatims",
                    "--charts",
                    "charts",
                ]
            )
            assert done == 0, name
            for chart in Path("charts").iterdir():
                assert stat.S_IMODE(chart.stat().st_mode) == 0o600
                chart.unlink()
        for name in ("c.html", "c.md", "c.docx"):
            assert (
                run_command(["codebook", "small.yaml", "-o", name, "--origin", "simulated"]) == 0
            ), name
        assert run_command(["print", "small.yaml", "-o", "booklet.html"]) == 0
        for name in ("d.csv", "d.xlsx", "d.sps"):
            assert (
                run_command(["export", "small.yaml", "-o", name, "--origin", "simulated"]) == 0
            ), name
        assert (
            run_command(["export", "small.yaml", "--bundle", "all", "--origin", "simulated"]) == 0
        )
    finally:
        os.umask(before)
    made = [path for path in Path.cwd().rglob("*") if path.is_file() and path not in untouched]
    assert len(made) > 15
    assert {
        path.name: oct(path.stat().st_mode & 0o777) for path in made if path.stat().st_mode & 0o077
    } == {}


def test_a_questionnaire_is_for_everybody_the_umask_lets() -> None:
    before = os.umask(0o022)
    try:
        assert run_command(["new", "mine.yaml"]) == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(Path("mine.yaml").stat().st_mode) == 0o644
