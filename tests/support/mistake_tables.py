"""Tables of mistakes (`data/*.txt`): a text, and the problems reported of it."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import NamedTuple

from survey_cli.instrument.checks.all_checks import CheckResult, check_instrument
from survey_cli.instrument.source.load import load_source_text
from survey_cli.problems import Problem
from survey_cli.scenarios.route_check import check_route

HEAD = 'instrument: t\ntitle: T\nitems:\n  - {id: hi, type: read, text: "I am {interviewer} of Acme."}\n'


class Mistake(NamedTuple):
    """One entry of a table."""

    name: str
    written: str
    said: list[str]


def mistakes(table: str) -> list[Mistake]:
    """Every entry of a table under `data/`."""
    found = []
    text = (Path(__file__).parents[1] / "data" / table).read_text(encoding="utf-8")
    for entry in text.split("\n## ")[1:]:
        name, *lines = entry.rstrip("\n").split("\n")
        said = [line for line in lines if line.startswith(("! ", "? "))]
        written = "".join(f"{line}\n" for line in lines if not line.startswith(("! ", "? ")))
        found.append(Mistake(name, HEAD + written if written.startswith("  - ") else written, said))
    return found


def looked_at(text: str) -> CheckResult:
    return check_instrument(load_source_text(text, "f.yaml", fetch=fetch_example))


def fetch_example(name: str) -> bytes:
    """A module or list beside the small instruments."""
    return (Path(__file__).parents[2] / "instruments" / "features" / name).read_bytes()


def said(text: str) -> list[str]:
    """The lines that are printed, each with its severity, rule and the length of its caret."""
    return _list_lines(looked_at(text).problems)


def said_of_route(text: str) -> list[str]:
    """The lines that are printed with those of the proof."""
    problems, _ = check_route(looked_at(text), date(2026, 11, 27))
    return _list_lines(problems)


def _list_lines(problems: Iterable[Problem]) -> list[str]:
    return [f"{'!' if p.severity == 'error' else '?'} {p} [{p.rule}, {p.length}]" for p in problems]
