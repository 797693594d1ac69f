"""Measured seconds per item of a study's own interviews."""

from collections import defaultdict
from collections.abc import Mapping
from statistics import median
from typing import Final

from survey_cli.engine.events import EVENT_KINDS, AnswerKept, QuestionAnswered, QuestionDeclined
from survey_cli.instrument.analysis import Analysis
from survey_cli.services.data.export_options import ExportOptions, OriginFilter
from survey_cli.services.data.interview_table import InterviewSource, build_long_table
from survey_cli.services.run_on_study import read_records

MIN_INTERVIEWS: Final = 50
"""Complete interviews from which on the study's own times are used."""
_ANSWERED: Final = {EVENT_KINDS[kind] for kind in (QuestionAnswered, QuestionDeclined, AnswerKept)}


def read_item_seconds(
    path: str, *, db: str | None = None, origin: OriginFilter = "real"
) -> Mapping[str, float]:
    """Return the median seconds per item of complete interviews; none below 50 of them."""
    times: dict[str, dict[tuple[object, object], float]] = defaultdict(lambda: defaultdict(float))
    interviews = set()
    with read_records(path, db=db) as records:
        instrument, options = records.instrument, ExportOptions(partials=False, origin=origin)
        analysis, language = Analysis(instrument=instrument), instrument.language
        source = InterviewSource(
            store=records.store,
            base=instrument,
            analysis=analysis,
            options=options,
            language=language,
            pseudonyms={},
        )
        table = build_long_table(source, "event").table
        columns = {variable.name: at for at, variable in enumerate(table.variables)}
        for row in table.rows:
            item, seconds, interview = (
                row[columns[name]] for name in ("item", "seconds", "interview_id")
            )
            interviews.add(interview)
            if (
                row[columns["event"]] in _ANSWERED
                and isinstance(item, str)
                and isinstance(seconds, int | float)
            ):
                times[item][interview, row[columns["turn"]]] += seconds
    if len(interviews) < MIN_INTERVIEWS:
        return {}
    return {item: median(seconds.values()) for item, seconds in times.items()}
