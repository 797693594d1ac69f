"""Runs of simulated interviews, and their findings: items nobody reaches, options nobody chooses, lengths of routes."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from survey_cli.engine.interview import Interview
from survey_cli.engine.machine import COMPLETE
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.simulate.interviews.respondents import Habits, simulate_interviews
from survey_cli.values import Code

BATCH_SIZE = 500
"""Number of interviews passed to `keep` at a time."""


@dataclass(slots=True)
class InterviewLengths:
    """How many questions were asked in one interview."""

    interviews: int = 0
    questions: int = 0
    """In all interviews."""
    shortest: int = 0
    longest: int = 0
    shortest_seed: int = 0
    longest_seed: int = 0

    def add(self, questions: int, seed: int) -> None:
        """Add one interview."""
        if not self.interviews or questions < self.shortest:
            self.shortest, self.shortest_seed = questions, seed
        if questions > self.longest or not self.interviews:
            self.longest, self.longest_seed = questions, seed
        self.interviews += 1
        self.questions += questions


@dataclass(slots=True)
class SimulationFindings:
    """Counts over simulated interviews."""

    instrument: Instrument
    interviews: int = 0
    reach_counts: Counter[str] = field(default_factory=Counter)
    choice_counts: Counter[tuple[str, Code]] = field(default_factory=Counter)
    outcome_counts: Counter[str] = field(default_factory=Counter)
    stuck_counts: Counter[str] = field(default_factory=Counter)
    """Items whose checks no invented answer passed."""
    complete: InterviewLengths = field(default_factory=InterviewLengths)
    """Of complete interviews."""
    others: InterviewLengths = field(default_factory=InterviewLengths)
    """Of interviews that ended otherwise: screened out, refused, broken off."""

    def count(self, interview: Interview, stuck: str = "") -> None:
        """Count one interview."""
        self.interviews += 1
        answers = interview.evaluate_route().answers
        reached, chosen, items = self.reach_counts, self.choice_counts, self.instrument.items
        questions = 0
        for item in {item for item, _ in answers}:
            reached[item] += 1
        for (item, _), recorded in answers.items():
            questions += items[item].question.expects_answer
            cell = recorded.cell
            if isinstance(cell, int | str):
                chosen[item, cell] += 1
            elif isinstance(cell, tuple):
                for code in cell:
                    chosen[item, code] += 1
        self.outcome_counts[interview.outcome or interview.status] += 1
        if stuck:
            self.stuck_counts[stuck] += 1
        is_complete = (interview.outcome or interview.status) == COMPLETE
        (self.complete if is_complete else self.others).add(questions, interview.start.seed)

    def list_unreached_items(self) -> tuple[CompiledItem, ...]:
        """List the items that were never asked, in written order."""
        return tuple(item for item in self.instrument.items.values() if not self.reach_counts[item.id])

    def list_unchosen_options(self) -> tuple[tuple[CompiledItem, tuple[Code, ...]], ...]:
        """List items that were asked, with the options that were never chosen."""
        return tuple(
            (item, unchosen)
            for item in self.instrument.items.values()
            if self.reach_counts[item.id]
            and (unchosen := tuple(o.code for o in item.options if not self.choice_counts[item.id, o.code]))
        )


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
