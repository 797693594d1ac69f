"""What an interview without a sample does not load: calling rules, stations, validators of items it lacks."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.stored_cases import a_case, bring
from support.stored_interviews import a_path, a_store  # noqa: F401 – fixtures
from survey_cli.cli.run_command import run_command
from survey_cli.problems import UserError
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume

TEXT = """\
instrument: short
title: Short
items:
  - {id: a, type: single, text: One?, options: {1: Yes, 2: No}}
"""

SEATED = """\
import sys
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume
from survey_cli.instrument.schema.items.groups import ITEM_TYPES
import survey_cli.tui.interview.screen
start_or_resume(sys.argv[1], StartOptions(case=sys.argv[3], interviewer="ann", db=sys.argv[2])).close()
libraries = ("survey_cli.", "numpy", "pandas", "pysat")
print(*(name for name in sys.modules if name.startswith(libraries)))
print(*(name for name, item in ITEM_TYPES.items() if item.__pydantic_complete__))
"""


def test_an_interview_of_its_own_imports_nothing_of_the_fieldwork_but_its_outcomes(
    tmp_path: Path,
) -> None:
    file = tmp_path / "short.yaml"
    file.write_text(TEXT)
    first, _ = _start_interview(file, case="1")
    assert "survey_cli.instrument.checks.all_checks" in first
    assert not {"numpy", "pandas"} & {*first}, "sqlite-utils imported them to create the database"
    proof = [m for m in first if m.startswith(("pysat", "survey_cli.proof"))]
    assert not proof, "the first question waits for no solver"
    modules, built = _start_interview(file, case="2")
    assert [m for m in modules if m.startswith("survey_cli.fieldwork.") and m.count(".") > 2] == [
        # times of day at the station
        "survey_cli.fieldwork.calendar.zones",
        "survey_cli.fieldwork.plan.outcome_table",
    ]
    assert not {
        "survey_cli.sessions.station.station_views",
        "survey_cli.store.cases.case_store",
        "survey_cli.tui.station",
    } & {*modules}
    checks = [
        m for m in modules if m.startswith(("survey_cli.instrument.checks", "survey_cli.revisions"))
    ]
    assert not checks, "a version that has interviews was checked before the first"
    assert built == ["single"]


def _start_interview(file: Path, *, case: str) -> tuple[list[str], list[str]]:
    """Return the modules that starting an interview imports, and the item types that it builds."""
    command = [sys.executable, "-c", SEATED, str(file), str(file.with_suffix(".db")), case]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return said[0].split(), said[1].split()


def test_a_version_in_use_that_is_changed_is_checked_again(tmp_path: Path) -> None:
    file = tmp_path / "short.yaml"
    file.write_text(TEXT)
    _start_interview(file, case="1")
    file.write_text(TEXT.replace("2: No", "2: Yes"))
    with pytest.raises(UserError, match="has a problem"):
        start_or_resume(
            file, StartOptions(case="2", interviewer="ann", db=str(tmp_path / "short.db"))
        )


def test_a_case_is_known_by_its_key_alone(store) -> None:
    bring(store, [a_case("A 1")])
    assert store.has_case("A 1")
    assert not store.has_case("a 1")
    assert not store.has_case("")


IMPORTED = """\
import sys
from survey_cli.cli.run_command import run_command
code = run_command(sys.argv[1:])
print(code, *(name for name in sys.modules), file=sys.stderr)
"""


def list_imports(*command: str) -> set[str]:
    """Run a command in a process of its own; return its exit code and the names of the modules it imported."""
    said = subprocess.run(
        [sys.executable, "-c", IMPORTED, *command], check=True, capture_output=True, text=True
    )
    return {*said.stderr.splitlines()[-1].split()}


def test_a_word_is_explained_without_the_language() -> None:
    modules = list_imports("explain", "unused-list")
    assert "0" in modules
    assert (
        not {
            "pydantic",
            "yaml",
            "survey_cli.instrument.checks",
            "survey_cli.instrument.expressions",
        }
        & modules
    )


def test_values_that_are_no_texts_are_converted(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["simulate", "x.yaml", "--number", "three"]) == 2
    assert "--number: write a whole number" in capsys.readouterr().err
    assert run_command(["check", "x.yaml", "--format", "jsn"]) == 2
    assert "'text', 'json', 'github'" in capsys.readouterr().err


def test_a_check_imports_no_store_and_no_screen(tmp_path: Path) -> None:
    file = tmp_path / "short.yaml"
    file.write_text(TEXT)
    modules = list_imports("check", str(file))
    assert "0" in modules
    assert (
        not {"sqlite3", "textual", "rich", "holidays", "survey_cli.store", "survey_cli.fieldwork"}
        & modules
    )


def test_a_status_imports_no_screen_and_no_migrations(tmp_path: Path) -> None:
    file = tmp_path / "short.yaml"
    file.write_text(TEXT)
    modules = list_imports("status", str(file))
    assert "1" in modules  # there are no cases
    assert (
        not {"textual", "rich", "holidays", "phonenumbers", "sqlite_utils", "survey_cli.tui"}
        & modules
    )


def test_public_holidays_import_only_their_country() -> None:
    program = (
        "import sys; from survey_cli.instrument.countries import list_public_holidays; "
        "assert list_public_holidays('US-TX', 2026); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    countries = [name for name in done.stdout.split() if name.startswith("holidays.countries.")]
    assert countries == ["holidays.countries.united_states"]
