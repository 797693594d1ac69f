"""The cases and the calls of a study as tables."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from survey_cli.fieldwork.case import Case
from survey_cli.office.case_lists import sample_condition
from survey_cli.office.export_wish import Made, Wish
from survey_cli.office.study_words import study_of
from survey_cli.problems import Trouble
from survey_cli.reports.tallies import own_groups
from survey_cli.store.case_records import Contact
from survey_cli.study.opening import Study
from survey_cli.table import Table
from survey_cli.table.fieldwork import (
    CALL_NOTE,
    CALLS,
    CASES,
    CONTACTS,
    call_rows,
    case_row,
    sample_cells,
    sample_columns,
)
from survey_cli.values import NOT_ASKED, Cell


def fieldwork_table(
    study: Study, wish: Wish, *, language: str, shown: Mapping[str, str], at: datetime, past: bool
) -> Made | Trouble:
    """A row a case, or a row a call, as they stood at that moment; `past`: what happened later is left out."""
    condition = sample_condition(study.instrument, wish.where) if wish.where else None
    if isinstance(condition, Trouble):
        return condition
    instrument, cases = study.instrument, study.store.cases
    hidden = {n for n, c in instrument.sample.items() if c.hidden}
    if condition is not None and (personal := hidden & condition.names):
        return Trouble("--where", f"{min(personal)} is personal", "leave it out")
    keys = [name for name, column in instrument.sample.items() if column.role == "key"]
    nothing: dict[str, Cell] = dict.fromkeys(instrument.sample, NOT_ASKED)

    def wanted() -> Iterator[Case]:
        for key, history in cases.histories(until=at if past else None):
            case = Case.of(key, history)
            env = {**nothing, **dict.fromkeys(keys, key), **case.columns}
            if condition is None or condition.evaluate(env) is True:
                yield case

    about = study_of(instrument, language)
    left_out = () if wish.all_personal else tuple(sorted(hidden))
    if wish.what == "calls":
        notes = wish.all_personal
        rows = (row for case in wanted() for row in call_rows(case, study.plan, shown, notes=notes))
        variables = (*CALLS, *((CALL_NOTE,) if notes else ()))
        table = Table(variables=variables, rows=rows, language=language, study=about, each="call")
        return Made(table=table, left_out=left_out)
    brought = sample_columns(instrument, language)
    own = own_groups(study.plan)
    contacts = dict(cases.contacts()) if wish.all_personal else {}

    def case_rows() -> Iterator[tuple[Cell, ...]]:
        for case in wanted():
            row = case_row(case, study.plan, study.people, at, own, shown)
            contact = _contact(contacts.get(case.key)) if wish.all_personal else ()
            yield *row, *sample_cells(case, brought), *contact

    variables = (*CASES, *brought, *(CONTACTS if wish.all_personal else ()))
    table = Table(variables=variables, rows=case_rows(), language=language, study=about, each="case")
    return Made(table=table, left_out=left_out)


def _contact(contact: Contact | None) -> tuple[Cell, ...]:
    if contact is None:
        return "", ""
    return contact.name, "; ".join(number.e164 or number.written for number in contact.numbers)
