"""Findings about forks: gaps and overlaps between branches, declines without a branch."""

from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple, TypeAlias

from survey_cli.proof.fork_models import Decline, ForkModel
from survey_cli.proof.goals import Goal, Verdicts

Coverage: TypeAlias = Mapping[int, frozenset[int]]
"""The branches that are asked in each range, by their numbers."""


class ForkFinding(NamedTuple):
    """Something about the branches of a fork that may not be intended."""

    rule: str
    goal: Goal
    """What shows it."""
    branches: Sequence[int]
    """The branches concerned."""
    is_certain: bool
    """It is hardly intended."""
    ranges: Sequence[str] = ()
    """The ranges concerned, as text."""
    declines: Sequence[Decline] = ()
    """The declines concerned."""


def judge_fork(model: ForkModel, verdicts: Verdicts) -> Iterator[ForkFinding]:
    """Yield gaps and overlaps between the branches, and declines after which none is asked."""
    coverage = _find_coverage(model, verdicts.possible)
    if coverage is None or not model.goals.keys().isdisjoint(verdicts.undecided):
        return
    competing = _list_competing(model.branches, coverage)
    if model.ranges and len(competing) < 2:
        return  # one branch, and others within it

    yield from _find_holes(model, verdicts.possible, competing)
    judgment = _ForkJudgment(model, coverage, competing)
    for block in judgment.blocks:
        yield from judgment.judge_block(block)


def _find_coverage(model: ForkModel, possible: Container[Goal]) -> dict[int, frozenset[int]] | None:
    """Return the branches asked in each range that there is; None if a range decides nothing."""
    name = model.fork.name
    coverage: dict[int, frozenset[int]] = {}
    for number in range(len(model.ranges)):
        taken: set[int] = set()
        not_taken: set[int] = set()
        for branch in model.branches:
            detail = (number, branch)
            if Goal("taken", name, detail) in possible:
                taken.add(branch)
            if Goal("not_taken", name, detail) in possible:
                not_taken.add(branch)

        if not taken.isdisjoint(not_taken):
            return None
        # without either, no answer is in this range
        if taken or not_taken:
            coverage[number] = frozenset(taken)
    return coverage


def _list_competing(branches: Sequence[int], coverage: Coverage) -> list[int]:
    """List the branches of which exactly one should be asked.

    They are those that are within no other one, or those that contain none.
    """
    # of branches that are asked in the same ranges, the first stands for all
    branch_by_ranges: dict[frozenset[int], int] = {}
    for branch, own in _find_deciding_ranges(branches, coverage).items():
        branch_by_ranges.setdefault(own, branch)

    outer = []
    inner = []
    for own, branch in branch_by_ranges.items():
        if not any(own < other for other in branch_by_ranges):
            outer.append(branch)
        if not any(own > other for other in branch_by_ranges):
            inner.append(branch)

    # a branch around several others is asked beside them, and is no alternative to them
    if len(outer) > 1 and _count_deviations(coverage, inner) < _count_deviations(coverage, outer):
        return inner
    return outer


def _find_deciding_ranges(
    branches: Sequence[int], coverage: Coverage
) -> Mapping[int, frozenset[int]]:
    """Return the ranges in which each branch is asked, without branches that decide nothing."""
    ranges_by_branch: dict[int, frozenset[int]] = {}
    for branch in branches:
        own = frozenset(number for number, taken in coverage.items() if branch in taken)
        if own:
            ranges_by_branch[branch] = own

    # a branch that is asked in every range decides nothing, if several others do
    partial = {branch: own for branch, own in ranges_by_branch.items() if len(own) < len(coverage)}
    if len(partial) > 1:
        return partial
    return ranges_by_branch


def _count_deviations(coverage: Coverage, branches: Collection[int]) -> int:
    """Count the ranges in which not exactly one of these branches is asked."""
    return sum(len(taken.intersection(branches)) != 1 for taken in coverage.values())


def _find_holes(
    model: ForkModel, possible: Container[Goal], competing: Sequence[int]
) -> Iterator[ForkFinding]:
    """Yield the declines after which no branch is asked, if one is asked after every answer."""
    name = model.fork.name
    if Goal("not_taken", name) in possible or model.fork.mentions_declines:
        return
    holes = [decline for decline in model.declines if Goal("hole", name, decline) in possible]
    if holes:
        goal = Goal("hole", name, holes[0])
        branches = competing or model.branches
        yield ForkFinding("decline-hole", goal, branches, is_certain=True, declines=holes)


class _ForkJudgment:
    """The ranges of a fork in blocks: none of the competing branches is asked, one, or several."""

    def __init__(self, model: ForkModel, coverage: Coverage, competing: Sequence[int]) -> None:
        self.model = model
        self.ranges = model.ranges
        self.coverage = coverage
        self.competing = competing
        self.counts = {
            number: sum(branch in taken for branch in competing)
            for number, taken in coverage.items()
        }
        """How many of the competing branches are asked in each range."""
        self.is_ordered = not all(self.ranges[number].is_one for number in self.counts)
        """The ranges are those of a number or a date; otherwise they are codes."""
        self.blocks = self._list_blocks()

    def _list_blocks(self) -> list[list[int]]:
        """List the blocks: consecutive ranges of a number, or all codes that are alike."""
        if self.is_ordered:
            return [list(block) for _, block in groupby(self.counts, key=self._find_kind)]
        by_kind: list[list[int]] = [[], [], []]
        for number in self.counts:
            by_kind[self._find_kind(number)].append(number)
        return [block for block in by_kind if block]

    def _find_kind(self, number: int) -> int:
        """Return 0 if no competing branch is asked in a range, 1 if one is, 2 if several are."""
        return min(self.counts[number], 2)

    def judge_block(self, block: list[int]) -> Iterator[ForkFinding]:
        """Yield what is to be said of a block."""
        count = self.counts[block[0]]
        if count == 1 or self._has_too_many_codes(block, count):
            return
        name = self.model.fork.name
        first = block[0]
        texts = self._describe_block(block)
        if count == 0:
            goal = Goal("not_taken", name, (first, 0))
            is_certain = self._is_surely_gap(block)
            yield ForkFinding("filter-gap", goal, self.competing, is_certain, texts)
        else:
            both = [branch for branch in self.competing if branch in self.coverage[first]]
            goal = Goal("taken", name, (first, both[0]))
            is_certain = self._is_surely_overlap(block, count)
            yield ForkFinding("filter-overlap", goal, both, is_certain, texts)

    def _has_too_many_codes(self, block: Sequence[int], count: int) -> bool:
        """Return whether a block has so many codes that this is no fork.

        For a gap these are half of all codes, for an overlap more than half.
        """
        if self.is_ordered:
            return False
        if count == 0:
            return len(block) * 2 >= len(self.counts)
        return len(block) * 2 > len(self.counts)

    def _describe_block(self, block: Sequence[int]) -> list[str]:
        variable = min(self.model.fork.names)
        ranges = [self.ranges[number] for number in block]
        if self.is_ordered:
            return [ranges[0].describe(variable, ranges[-1])]
        return [own.describe(variable, own) for own in ranges]

    def _is_surely_gap(self, block: Sequence[int]) -> bool:
        """Return whether a gap is hardly intended: between branches, or one code of many."""
        if self.is_ordered:
            is_first = block[0] == self.blocks[0][0]
            is_last = block[-1] == self.blocks[-1][-1]
            return not is_first and not is_last
        is_odd = len(self.competing) > 2 or self.model.fork.negates
        return self._is_single(block) and is_odd and not self._is_special(block[0])

    def _is_surely_overlap(self, block: Sequence[int], count: int) -> bool:
        """Return whether an overlap is hardly intended.

        It is if it is one value, or if all ranges that aren't asked of one branch overlap alike.
        """
        if self._is_single(block):
            return True
        deviating = {other for other in self.counts.values() if other != 1}
        return self.is_ordered and len(self.competing) > 2 and deviating == {count}

    def _is_single(self, block: Sequence[int]) -> bool:
        return len(block) == 1 and self.ranges[block[0]].is_one

    def _is_special(self, number: int) -> bool:
        """Return whether nothing needs to be asked after this option, such as None of these."""
        (name,) = self.model.fork.names
        item = self.model.route.instrument.items.get(name)
        if item is None:
            return False
        for option in item.options:
            is_special = option.missing or option.exclusive or option.specify or not option.read
            if option.code == self.ranges[number].low and is_special:
                return True
        return False
