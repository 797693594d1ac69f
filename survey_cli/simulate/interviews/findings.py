"""Runs of simulated interviews and their findings (items nobody reaches, options nobody chooses), and answer shares."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from survey_cli.engine.interview import Interview
from survey_cli.engine.machine import COMPLETE
from survey_cli.fieldwork.rates.rates import parse_share
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.coded import MultipleItem, SearchItem
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.source.load import load_source
from survey_cli.problems import UserError, select_errors, suggest_nearest
from survey_cli.simulate.interviews.respondents import AnswerShares, Habits, simulate_interviews
from survey_cli.values import Code
from survey_cli.wording import MAX_LISTED, join_words


def read_shares(path: str, instrument: Instrument) -> AnswerShares:
    """Read the shares from a file; a UserError says where it is wrong."""
    source = load_source(path)
    if source.tree is None or select_errors(source.problems):
        remedy = "write item: {code: share}, such as consent: {1: 0.9, 2: 0.1}"
        raise UserError(path, "the shares can't be read", remedy, tuple(select_errors(source.problems)))
    shares_by_item: dict[str, Mapping[Code, float]] = {}
    for item_id, item_shares in source.tree.items():
        item = instrument.items.get(str(item_id))
        where = f"{path}: {item_id}"
        if item is None or not item.question.expects_answer:
            raise UserError(
                where,
                "there is no question with this id",
                suggest_nearest(str(item_id), instrument.items, otherwise=""),
            )
        if not isinstance(item_shares, Mapping):
            raise UserError(where, "a share for each code is required", "write {1: 0.9, 2: 0.1}")
        shares = _read_item_shares(where, item, item_shares)
        shares_by_item[item.id] = shares
    return shares_by_item


def _read_item_shares(where: str, item: CompiledItem, item_shares: Mapping[Any, Any]) -> dict[Code, float]:
    known: dict[str, Code] = {str(option.code): option.code for option in item.options}
    if isinstance(item.question, SearchItem):
        known |= {str(code): code for code in item.question.entries.rows}
    known |= {decline.id: decline.id for decline in item.declines}
    shares: dict[Code, float] = {}
    for code, text in item_shares.items():
        value = parse_share(str(text))
        if value is None:
            raise UserError(f"{where}: {code}", f"{str(text)!r} is not a share", "write 0.25, 25% or 1/4")
        if (item.options or isinstance(item.question, SearchItem)) and str(code) not in known:
            otherwise = f"its codes are {join_words(list(known), most=MAX_LISTED)}"
            raise UserError(
                where, f"the question has no code {code}", suggest_nearest(str(code), known, otherwise=otherwise)
            )
        shares[known.get(str(code), str(code))] = float(value)
    if not isinstance(item.question, MultipleItem) and sum(shares.values()) > 1 + 1e-9:
        raise UserError(where, f"the shares add up to {sum(shares.values()):.0%}", "lower them to at most 100%")
    return shares


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
