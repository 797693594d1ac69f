"""Running a crowd through an instrument: so many interviews, counted as they come, kept some at a time where wanted."""

from collections.abc import Callable
from datetime import datetime

from survey_cli.engine.interview import Interview
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.simulate.interviews.findings import Findings
from survey_cli.simulate.interviews.respondents import Habits, simulated

BATCH = 500
"""Interviews handed to the keeper at a time."""


def run(
    instrument: Instrument,
    *,
    count: int,
    seed: int,
    start: datetime,
    habits: Habits,
    keep: Callable[[list[Interview]], None] | None = None,
    progress: Callable[[int], None] | None = None,
    completes: int = 0,
) -> Findings:
    """What so many invented interviews show; with `completes`, as many as it takes until so many are complete, at most
    `count`. `progress` is told after each batch how many are done."""
    findings = Findings(instrument)
    batch: list[Interview] = []

    def hand_over() -> None:
        if keep is not None:
            keep(batch)
        batch.clear()
        if progress is not None:
            progress(findings.complete.interviews if completes else findings.interviews)

    for invented in simulated(instrument, count=count, seed=seed, start=start, habits=habits):
        findings.see(invented.interview, invented.stuck)
        batch.append(invented.interview)
        if len(batch) == BATCH:
            hand_over()
        if completes and findings.complete.interviews >= completes:
            break
    hand_over()
    return findings
