"""Runs of simulated interviews: counted as they come, and saved in batches where wanted."""

from collections.abc import Callable
from datetime import datetime

from survey_cli.engine.interview import Interview
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.simulate.interviews.findings import SimulationFindings
from survey_cli.simulate.interviews.respondents import Habits, simulate_interviews

BATCH_SIZE = 500
"""Number of interviews passed to `keep` at a time."""


def run_simulation(
    instrument: Instrument,
    *,
    count: int,
    seed: int,
    start: datetime,
    habits: Habits,
    keep: Callable[[list[Interview]], None] | None = None,
    progress: Callable[[int], None] | None = None,
    completes: int = 0,
) -> SimulationFindings:
    """Simulate interviews and return their findings.

    With `completes`, it simulates until that many are complete, at most `count`. `progress` receives after each batch
    how many are done.
    """
    findings = SimulationFindings(instrument)
    batch: list[Interview] = []

    def hand_over() -> None:
        if keep is not None:
            keep(batch)
        batch.clear()
        if progress is not None:
            progress(findings.complete.interviews if completes else findings.interviews)

    for invented in simulate_interviews(instrument, count=count, seed=seed, start=start, habits=habits):
        findings.count(invented.interview, invented.stuck)
        batch.append(invented.interview)
        if len(batch) == BATCH_SIZE:
            hand_over()
        if completes and findings.complete.interviews >= completes:
            break
    hand_over()
    return findings
