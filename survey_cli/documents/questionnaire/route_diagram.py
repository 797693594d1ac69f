"""The route as a picture shows it: a tree of items, branches, sections, loops and ends.

These are values, from which the SVG, the HTML and the Mermaid text are made:

    consent                                  RouteNode
    unless consent is Yes                    RouteBranch
        no_consent: Respondent refuses           RouteEnd
    The household                            RouteGroup
        hh_size                                  RouteNode
        Repeated as many times as hh_size says   RouteGroup with `repeats`
            name, age                                RouteNode
    Completed                                RouteEnd
"""

from collections.abc import Iterator, Sequence
from enum import Enum, auto
from itertools import groupby
from typing import NamedTuple, TypeAlias

from survey_cli.documents.text_runs import Line, TextRun, render_plain
from survey_cli.wording import format_quantity


class EndKind(Enum):
    """What an end means for the interview."""

    COMPLETED = auto()
    FINAL = auto()
    """Nothing is asked after it: a screen-out, a refusal."""
    SUSPENDED = auto()
    """The interview is resumed in another call."""


class NodeKind(Enum):
    """Who acts at an item."""

    QUESTION = auto()
    """The respondent is asked."""
    SPOKEN = auto()
    """The interviewer reads something, and nobody answers."""
    OBSERVED = auto()
    """The interviewer enters the answer without asking."""
    COMPUTED = auto()
    """The computer draws or looks something up."""

    @property
    def words(self) -> str:
        """The kind in a few words; empty for a question."""
        match self:
            case NodeKind.QUESTION:
                return ""
            case NodeKind.SPOKEN:
                return "read aloud"
            case NodeKind.OBSERVED:
                return "by the interviewer"
            case NodeKind.COMPUTED:
                return "by the computer"


class RouteCondition(NamedTuple):
    """A condition at a branch."""

    clause: Line
    """The condition as a part of a sentence: `q23 is To a small extent`."""
    excludes: bool
    """Whether it is an `unless`, which lets pass whoever it is not known of."""

    @property
    def words(self) -> Line:
        """The condition as the heading of its branch: `if …`, or `unless …`."""
        if not self.excludes:
            return (TextRun("if "), *self.clause)
        return (TextRun("unless "), *self.clause, TextRun("; also if that is not known"))


class RouteStatements(NamedTuple):
    """Consecutive statements of a battery that are asked under the same condition."""

    ids: tuple[str, ...]
    conditions: tuple[RouteCondition, ...] = ()

    @property
    def words(self) -> str:
        """Their names, with their condition: `q3, q4 (if drives is Yes)`."""
        names = ", ".join(self.ids)
        if not self.conditions:
            return names
        return f"{names} ({render_conditions(self.conditions)})"


class RouteNode(NamedTuple):
    """An item, or a battery."""

    id: str
    number: str
    label: str
    """Its label for analysis, or its text, on one line."""
    kind: NodeKind = NodeKind.QUESTION
    remarks: tuple[Line, ...] = ()
    """What must be known of it to follow the route: what the computer draws, whom it hands over
    to, from where on a break-off counts."""
    statements: tuple[RouteStatements, ...] = ()
    """The statements of a battery."""


class RouteEnd(NamedTuple):
    """A place where the interview ends."""

    outcome: str
    """The name of its outcome."""
    kind: EndKind
    id: str = ""
    """Empty for an end that is no item: the end of the route, or a full quota."""
    number: str = ""
    declines: tuple[str, ...] = ()
    """The declines that lead here: `age: Don't know, Refused`."""

    @property
    def is_end_of_route(self) -> bool:
        """Whether everything has been asked. Only what is filled in after the call follows."""
        return self.kind is EndKind.COMPLETED and not self.id

    @property
    def effect(self) -> str:
        """What it means for the interview, in a few words."""
        match self.kind:
            case EndKind.COMPLETED if self.is_end_of_route:
                return "the end of the questionnaire"
            case EndKind.COMPLETED:
                return "the interview is complete"
            case EndKind.SUSPENDED:
                return "the interview is suspended"
            case EndKind.FINAL:
                return "the interview ends"


class RouteBranch(NamedTuple):
    """Steps that are taken only under conditions; all of them must be met."""

    conditions: tuple[RouteCondition, ...]
    steps: "tuple[RouteStep, ...]"

    @property
    def rejoins(self) -> bool:
        """Whether the interview goes on after it; it does not after an end."""
        return not isinstance(self.steps[-1], RouteEnd)


class RouteGroup(NamedTuple):
    """A section, or a loop: a roster, whose steps are repeated."""

    id: str
    title: str
    """Empty if it has none."""
    steps: "tuple[RouteStep, ...]"
    repeats: Line = ()
    """Of a loop: how often it is repeated, in a sentence."""
    notes: tuple[Line, ...] = ()
    """Its order, how many of its items are picked."""
    is_folded: bool = False
    """Whether the picture shows it as one box. Its steps are kept."""

    @property
    def is_loop(self) -> bool:
        """Whether its steps are repeated."""
        return bool(self.repeats)

    @property
    def name(self) -> str:
        """Its title, or its id."""
        return self.title or self.id

    @property
    def span(self) -> str:
        """The numbers of its items: `items 6–8`."""
        numbers = list_numbers(self.steps)
        if not numbers:
            return "no items"
        if len(numbers) == 1:
            return f"item {numbers[0]}"
        return f"items {numbers[0]}–{numbers[-1]}"

    @property
    def contents(self) -> str:
        """What is in it, counted: `12 items, 3 conditions, 1 end`."""
        return count_steps(self.steps).words

    @property
    def ends(self) -> tuple[RouteEnd, ...]:
        """All ends in it, which its box names if it is folded."""
        return tuple(step for step in iterate_steps(self.steps) if isinstance(step, RouteEnd))


RouteStep: TypeAlias = RouteNode | RouteEnd | RouteBranch | RouteGroup


class RouteDiagram(NamedTuple):
    """The route of a questionnaire."""

    title: str
    version: str
    """The version and the first digits of the content hash."""
    language: str
    steps: tuple[RouteStep, ...]
    notes: tuple[str, ...] = ()
    """What concerns the route as a whole."""

    @property
    def summary(self) -> str:
        """What the picture contains, counted."""
        return count_steps(self.steps).words


class StepCounts(NamedTuple):
    """Numbers of what steps contain."""

    items: int = 0
    """Questions and other items, without ends; a battery is one."""
    sections: int = 0
    loops: int = 0
    branches: int = 0
    ends: int = 0

    @property
    def words(self) -> str:
        """The numbers in words; those that are zero are left out, except for the items."""
        counted = [format_quantity(self.items, "item")]
        for number, one, several in (
            (self.sections, "section", "sections"),
            (self.loops, "loop", "loops"),
            (self.branches, "branch", "branches"),
            (self.ends, "end", "ends"),
        ):
            if number:
                counted.append(format_quantity(number, one, several))
        return ", ".join(counted)


def iterate_steps(steps: Sequence[RouteStep]) -> Iterator[RouteStep]:
    """Yield all steps and what is in them, also in folded groups, in written order."""
    for step in steps:
        yield step
        if isinstance(step, RouteBranch | RouteGroup):
            yield from iterate_steps(step.steps)


def list_numbers(steps: Sequence[RouteStep]) -> list[str]:
    """List the numbers of all items in these steps."""
    return [
        step.number
        for step in iterate_steps(steps)
        if isinstance(step, RouteNode | RouteEnd) and step.number
    ]


def count_steps(steps: Sequence[RouteStep]) -> StepCounts:
    """Count what these steps contain."""
    counts = StepCounts()
    for step in iterate_steps(steps):
        match step:
            case RouteNode():
                counts = counts._replace(items=counts.items + 1)
            case RouteEnd():
                counts = counts._replace(ends=counts.ends + 1)
            case RouteBranch():
                counts = counts._replace(branches=counts.branches + 1)
            case RouteGroup(is_loop=True):
                counts = counts._replace(loops=counts.loops + 1)
            case RouteGroup():
                counts = counts._replace(sections=counts.sections + 1)
    return counts


def render_conditions(conditions: Sequence[RouteCondition]) -> str:
    """Return conditions on one line: `if q1 is Yes, and unless q2 is No; also …`."""
    return ", and ".join(render_plain(condition.words) for condition in conditions)


RouteBlock: TypeAlias = tuple[RouteNode, ...] | RouteEnd | RouteBranch | RouteGroup
"""A run of items that follow each other without a branch, or another step."""


def list_blocks(steps: Sequence[RouteStep]) -> tuple[RouteBlock, ...]:
    """Return the steps with the items that follow each other joined, as a picture shows them."""
    blocks: list[RouteBlock] = []
    for is_run, run in groupby(steps, lambda step: isinstance(step, RouteNode)):
        if is_run:
            blocks.append(tuple(step for step in run if isinstance(step, RouteNode)))
        else:
            blocks += [step for step in run if not isinstance(step, RouteNode)]
    return tuple(blocks)
