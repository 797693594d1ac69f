"""The rates of a study from its live counts and from all histories, which must be equal."""

from datetime import datetime
from unittest.mock import patch

from survey_cli.problems import UserError
from survey_cli.reports.fieldwork.rates import RateTable
from survey_cli.services.report.response_rates import RatesOptions, compute_rates_from_records
from survey_cli.study.open_study import StudyRecords


def compare_rates(records: StudyRecords, at: datetime) -> RateTable | None:
    """The rates now, computed in both ways; None where neither has any. Raises AssertionError."""
    tables = []
    for all_origins, finalized in ((True, False), (False, True), (False, False)):
        options = RatesOptions(all_origins=all_origins, finalized=finalized)
        slow, why = _compute(records, options, at, live=False)
        if "belongs to no group" in why:  # its cases are named, from their histories
            assert _compute(records, options, at, live=True) == (slow, why)
            continue
        no_histories = AssertionError("all histories were read")
        with patch.object(
            records.store.cases.queries, "iterate_histories", side_effect=no_histories
        ):
            assert _compute(records, options, at, live=True) == (slow, why)
        tables.append(slow)
    return tables[-1] if tables else None


def _compute(
    records: StudyRecords, options: RatesOptions, at: datetime, *, live: bool
) -> tuple[RateTable | None, str]:
    try:
        return compute_rates_from_records(records, options, now=at, live=live).table, ""
    except UserError as error:
        return None, "\n".join(map(str, (*error.problems, error)))
