"""What an interview without a sample does not wait for: rules of calling, stations, validators of items it lacks."""

import subprocess
import sys
from pathlib import Path

from stored import a_path, a_store  # noqa: F401 – fixtures
from stored_cases import a_case, bring

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
import survey_cli.tui.app
start_or_resume(sys.argv[1], StartOptions(case="1", interviewer="ann", db=sys.argv[2])).close()
print(*(name for name in sys.modules if name.startswith("survey_cli.")))
print(*(name for name, item in ITEM_TYPES.items() if item.__pydantic_complete__))
"""


def test_an_interview_of_its_own_imports_nothing_of_the_fieldwork_but_its_outcomes(tmp_path: Path) -> None:
    file = tmp_path / "short.yaml"
    file.write_text(TEXT)
    said = subprocess.run(
        [sys.executable, "-c", SEATED, str(file), str(tmp_path / "short.db")],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    modules, built = said[0].split(), said[1].split()
    assert [m for m in modules if m.startswith("survey_cli.fieldwork.") and m.count(".") > 2] == [
        "survey_cli.fieldwork.plan.known_outcomes"
    ]
    assert not {
        "survey_cli.sessions.station.station_protocol",
        "survey_cli.store.cases.case_store",
        "survey_cli.tui.station",
    } & {*modules}
    assert built == ["single"]


def test_a_case_is_known_by_its_key_alone(store) -> None:
    bring(store, [a_case("A 1")])
    assert store.has_case("A 1")
    assert not store.has_case("a 1")
    assert not store.has_case("")
