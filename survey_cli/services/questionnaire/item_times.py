"""Measured seconds per item of a study's own interviews."""

from collections import defaultdict
from collections.abc import Mapping
from statistics import median
from typing import Final

from survey_cli.engine.events import EVENT_KINDS, AnswerKept, QuestionAnswered, QuestionDeclined
from survey_cli.instrument.analysis import Analysis
from survey_cli.permissions import Action
from survey_cli.services.data.export_options import ExportOptions, OriginFilter
from survey_cli.services.data.interview_table import InterviewSource, build_long_table
from survey_cli.services.run_on_study import read_records
from survey_cli.study.permissions import NotPermittedError
from survey_cli.values import Cell

MIN_INTERVIEWS: Final = 50
"""Complete interviews from which on the study's own times are used."""
_ANSWERED: Final = {EVENT_KINDS[kind] for kind in (QuestionAnswered, QuestionDeclined, AnswerKept)}
"""The kinds of events that end the time of a question."""


def read_item_seconds(
    path: str, *, db: str | None = None, origin: OriginFilter = "real"
) -> Mapping[str, float]:
    """Return the median seconds per item of complete interviews; empty below 50 of them.

    Empty too for a designer who has no role in the study that may read them.
    """
    try:
        return _read_item_seconds(path, db, origin)
    except NotPermittedError:
        return {}


def _read_item_seconds(path: str, db: str | None, origin: OriginFilter) -> Mapping[str, float]:
    # A question that was answered again took the time of all its answers.
    times: dict[str, dict[tuple[Cell, Cell], float]] = defaultdict(lambda: defaultdict(float))
    interviews = set()
    with read_records(path, Action.READ_STATUS, db=db) as records:
        instrument = records.instrument
        source = InterviewSource(
            store=records.store,
            base=instrument,
            analysis=Analysis(instrument=instrument),
            options=ExportOptions(partials=False, origin=origin),
            language=instrument.language,
            pseudonyms={},
        )
        table = build_long_table(source, "event").table
        names = [variable.name for variable in table.variables]
        for row in table.rows:
            cells = dict(zip(names, row, strict=True))
            interview = cells["interview_id"]
            item = cells["item"]
            seconds = cells["seconds"]
            interviews.add(interview)
            if cells["event"] not in _ANSWERED:
                continue
            if isinstance(item, str) and isinstance(seconds, int | float):
                times[item][interview, cells["turn"]] += seconds

    if len(interviews) < MIN_INTERVIEWS:
        return {}
    return {item: median(seconds.values()) for item, seconds in times.items()}
