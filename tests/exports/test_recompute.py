"""`survey export --recompute`: computes of interviews that began in an earlier edition of the language."""

import csv
import io
import sqlite3
from pathlib import Path

import pytest
from test_exporting import NOW, whole

from support.command_line import folder, run_survey, written  # noqa: F401
from support.scenario import instrument, scenario
from survey_cli.api import Study
from survey_cli.store import InstrumentRow, Store

TEXT = """\
instrument: v
title: Versions
study: {{sponsor: Acme}}
version: "{version}"
edition: {edition}
compute:
  bracket: 1 if income < 10000 else 2
  group: 1 if pay < 5 else 2
  larger: 10 if bracket == 1 else 20
items:
  - {{id: income, type: number, text: Income?, max: 99999}}
  - {{id: pay, type: number, text: Pay?, max: 99}}
  - {{id: rich, type: single, text: Rich?, options: {{1: 'Yes', 2: 'No'}}, ask_if: group == 2}}
"""
FIRST = TEXT.format(version=1, edition=1)
SECOND = TEXT.format(version=2, edition=2)
ENTRIES = [
    ("5000", "3"),
    ("20000", "9", "1"),
    (".refused", ".dk", "1"),
    (".dk", "3"),
    # it breaks off before
    ("5000",),
]


def keep(text: str) -> None:
    Path("responses").mkdir(exist_ok=True)
    with Store.open("responses/v.db", create=True) as store:
        row = InstrumentRow.from_instrument(instrument(text), kept_at=NOW)
        store.data.add_instrument(row)
        interviews = [scenario(text).keys(*keys) for keys in ENTRIES]
        store.interviews.add(
            whole(each, f"real {number}", "real") for number, each in enumerate(interviews, 1)
        )


def export(*arguments: str) -> tuple[list[tuple[str, str, str]], str]:
    out, err = run_survey(Path(), "export", "v.yaml", *arguments)
    rows = csv.DictReader(io.StringIO(out))
    return [(row["bracket"], row["group"], row["larger"]) for row in rows], err


def said_lines(err: str) -> list[str]:
    """Return the lines of messages, each on one line."""
    return [line.strip() for line in err.splitlines()]


def dump_data() -> list[str]:
    """Return all that is stored, except of the log of accesses."""
    with sqlite3.connect("responses/v.db") as db:
        lines = [line for line in db.iterdump() if "access" not in line]
    db.close()
    return lines


KEPT = [("1", "1", "10"), ("2", "2", "20"), ("2", "2", "20"), ("2", "1", "20"), ("-7", "-7", "-7")]
RECOMPUTED = [
    ("1", "1", "10"),
    ("2", "2", "20"),
    ("-9", "2", "-9"),
    ("-8", "1", "-8"),
    ("1", "-7", "10"),
]


@pytest.fixture
def stored(edition_2: None) -> None:
    keep(FIRST)
    written("v.yaml", SECOND)


def test_without_it_stored_values_stay_and_the_export_says_so(stored: None) -> None:
    rows, err = export()
    assert rows[:4] == KEPT[:4]
    assert (
        "bracket, group, larger: as version 1 computed it, in edition 1 of the language; the"
        " questionnaire is in edition 2 (--recompute computes it as that does)"
    ) in " ".join(err.split())


def test_what_steers_no_route_is_recomputed_and_the_rest_is_counted(stored: None) -> None:
    export()  # whoever opens a study keeps its views up to date
    before = dump_data()
    rows, err = export("--recompute")
    assert rows[:4] == RECOMPUTED[:4]
    said = " ".join(err.split())
    assert (
        "bracket: recomputed in version 1 (edition 1); 2 of 4 completed interviews differ" in said
    )
    assert (
        "group: not recomputed in version 1 (edition 1), because ask_if of rich read it there; "
        "1 of 4 completed interviews would differ"
    ) in said
    assert "larger: recomputed in version 1 (edition 1); 2 of 4 completed interviews differ" in said
    assert dump_data() == before

    with pytest.warns(UserWarning, match="recomputed in version 1") as warned:
        in_python = [row["larger"] for row in Study("v.yaml").interviews(recompute=True)]
    assert in_python[:4] == [10, 20, None, None]
    assert [str(each.message) for each in warned if "differ" in str(each.message)] == [
        line for line in said_lines(err) if "differ" in line
    ]


def test_it_computes_what_the_new_version_would_have_stored(stored: None) -> None:
    rows, _ = export("--recompute")
    Path("responses/v.db").unlink()
    keep(SECOND)
    fresh, err = export("--recompute")
    assert [(bracket, larger) for bracket, _, larger in rows] == [
        (bracket, larger) for bracket, _, larger in fresh
    ]
    assert "no stored interview was computed in an earlier edition" in err


def test_conditions_read_the_recomputed_values(stored: None) -> None:
    rows, _ = export("--recompute", "--where", "refused(income) and not answered(bracket)")
    assert rows == [RECOMPUTED[2]]
    rows, _ = export("--where", "refused(income) and bracket == 2")
    assert rows == [KEPT[2]]


THREE = """\
instrument: v
title: Versions
study: {{sponsor: Acme}}
version: "{version}"
edition: {edition}
compute:
  bracket: 1 if income < {limit} else 2
items:
  - {{id: income, type: number, text: Income?, max: 99999}}
"""


def test_each_version_is_compared_with_the_file(edition_2: None) -> None:
    first = THREE.format(version=1, edition=1, limit=10000)
    second = THREE.format(version=2, edition=1, limit=20000)
    third = THREE.format(version=3, edition=2, limit=20000)
    Path("responses").mkdir()
    with Store.open("responses/v.db", create=True) as store:
        for minute, text in enumerate((first, second, third)):
            moment = NOW.replace(minute=minute)
            store.data.add_instrument(
                InstrumentRow.from_instrument(instrument(text), kept_at=moment)
            )
            refused = scenario(text).keys(".refused")
            store.interviews.add([whole(refused, f"real {minute}", "real")])
    written("v.yaml", third)

    # Version 1 wrote another calculation, which is replaced in any case.
    kept, err = run_survey(Path(), "export", "v.yaml")
    assert [row["bracket"] for row in csv.DictReader(io.StringIO(kept))] == ["-9", "2", "-9"]
    assert "bracket: as version 2 computed it" in " ".join(err.split())

    recomputed, err = run_survey(Path(), "export", "v.yaml", "--recompute")
    assert [row["bracket"] for row in csv.DictReader(io.StringIO(recomputed))] == ["-9"] * 3
    assert "bracket: recomputed in version 2 (edition 1)" in " ".join(err.split())
    assert "version 1" not in err


AMOUNTS = """\
instrument: v
title: Versions
study: {{sponsor: Acme}}
version: "{version}"
edition: {edition}
compute:
  avg: mean(good, pay)
  twice: days * 2
items:
  - id: good
    type: scale
    options: {{1: Bad, 2: Good, 9: {{text: No opinion, missing: true, read: false}}}}
    text: Good?
  - {{id: pay, type: number, text: Pay?, max: 99}}
  - {{id: days, type: number, text: Days?, range: 1 to 30, options: {{88: {none}}}}}
"""


def test_calculations_with_amounts_are_recomputed(edition_2: None) -> None:
    """They were counted as different, and kept their values."""
    first = AMOUNTS.format(version=1, edition=1, none="None")
    second = AMOUNTS.format(version=2, edition=2, none="{text: None, value: 0}")
    Path("responses").mkdir()
    with Store.open("responses/v.db", create=True) as store:
        row = InstrumentRow.from_instrument(instrument(first), kept_at=NOW)
        store.data.add_instrument(row)
        interviews = [
            scenario(first).keys("1", "3", "5"),
            scenario(first).keys("9", "3", "88"),
        ]
        store.interviews.add(
            whole(each, f"real {number}", "real") for number, each in enumerate(interviews, 1)
        )
    written("v.yaml", second)

    out, err = run_survey(Path(), "export", "v.yaml", "--recompute")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [(row["avg"], row["twice__v1"]) for row in rows] == [("2", "10"), ("-5", "176")]
    said = " ".join(err.split())
    assert "avg: recomputed in version 1 (edition 1); 1 of 2 completed interviews differ" in said
    # its answers had another meaning, so that its values have a column of their own
    assert "twice: recomputed" not in said
