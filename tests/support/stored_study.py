"""A study on disk: an instrument, and a database with the histories of its cases."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from support.case_histories import History, moment
from support.command_line import written
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.store import Store
from survey_cli.store.cases.case_records import NewCase

ITEMS = """
- {id: hello, type: read, text: "Good morning, this is {interviewer} calling for the Institute."}
- {id: n, type: number, text: How many?, min: 0, max: 99}
"""
COLUMNS = """\
  unit: {type: text, role: key}
  name: {type: text, role: name}
  kind: {type: single, options: {1: District, 2: Sector}, label: Kind of unit}
  region: {type: text}
  weight: {type: number, role: weight}
  part: {type: text, role: frame}
  wave: {type: text, role: replicate}
"""
NOW = moment("2026-11-24 12:00")


def a_study(
    histories: Iterable[History] = (),
    *,
    fieldwork: str = "",
    more: str = "",
    now: datetime = NOW,
    where: str | None = None,
) -> Path:
    """`study.yaml` in the folder one stands in, its cases in `responses/study.db` or on a server, standing as they do at
    that moment."""
    path = written(
        "study.yaml",
        f"instrument: study\ntitle: Study\nsample:\n{COLUMNS}fieldwork: {{{fieldwork}}}\n{more}\nitems:{ITEMS}",
    )
    instrument = open_instrument(str(path))
    assert isinstance(instrument, Instrument), [str(problem) for problem in instrument.problems]
    study = Plan.from_instrument(instrument)
    database = Path("responses/study.db")
    database.parent.mkdir(exist_ok=True)
    with Store.open(where or database, create=True) as store:
        brought = [
            NewCase(
                h.key, h.entries, schedule_case(Case.from_history(h.key, h.entries), study, now)
            )
            for h in histories
        ]
        number = len(store.cases.imports.list_rows()) + 1
        store.cases.imports.add(
            brought, import_id=f"import {number}", at=now, by="sam", file="units.csv"
        )
    return path


def store_of(path: Path) -> Store:
    """Its database, open."""
    return Store.open(path.parent / "responses" / f"{path.stem}.db", create=False)
