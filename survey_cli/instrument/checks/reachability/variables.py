"""What is known of an instrument's variables before anything is answered: what each can be, under which conditions it
is asked, and which others it thereby hangs together with. It goes through no condition.
"""

from math import inf
from typing import Final, NamedTuple

from survey_cli.instrument.checks.reachability.domains import ANSWERED, EVERY, NONE_GONE, UNASKED, Cells, Span
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.compiled.model import ItemGroup
from survey_cli.instrument.compiled.symbols import Symbol, list_declines
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.typed import NumberItem

TRUE, FALSE, UNKNOWN = 1, 2, 4
"""What a condition can be worth; together by `|`."""
NOT_TRUE: Final = FALSE | UNKNOWN
EITHER: Final = TRUE | FALSE | UNKNOWN
DEEPEST: Final = 4
"""Conditions of conditions that are followed."""
MOST_LINKS: Final = 30
"""Variables that one hangs together with; more are taken for all there are."""


class Needed(NamedTuple):
    """A condition that an item or group stands under, and what it must be worth for it to be reached."""

    condition: Condition
    worth: int
    owner: str
    key: str
    """`ask_if` or `unless`."""


class Subject(NamedTuple):
    """What is known of a variable wherever it is named."""

    base: Cells
    kind: str
    """`codes`, `number`, `several`, `flag`, or `any`."""
    whole: bool = False
    """A number without decimals."""
    asked: bool = False
    """An item's: it has an answer or a decline where its conditions held, and nowhere else."""


def needed(node: CompiledItem | ItemGroup) -> tuple[Needed, ...]:
    """What the conditions of an item or group must be worth."""
    found = []
    if node.ask_if is not None:
        found.append(Needed(node.ask_if, TRUE, node.id, "ask_if"))
    if node.unless is not None:
        found.append(Needed(node.unless, NOT_TRUE, node.id, "unless"))
    return tuple(found)


class Subjects:
    """The variables of a draft, gathered as they are wanted."""

    def __init__(self, draft: InstrumentDraft) -> None:
        self.draft = draft
        self._anyhow_gone = frozenset((*UNASKED, *list_declines(draft.document), "another"))
        self._subjects: dict[str, Subject] = {}
        self._ways: dict[str, tuple[Needed, ...]] = {}
        self._links: dict[str, frozenset[str]] = {}

    def __call__(self, name: str) -> Subject | None:
        """What is known of it; None where it is no variable."""
        known = self._subjects.get(name)
        if known is None:
            named = self.draft.symbols.get(name)
            if named is None:
                return None
            known = self._subjects[name] = self._subject(named)
        return known

    def _subject(self, named: Symbol) -> Subject:
        leaf, known, question = self.draft.leaves.get(named.id), named.value_type, named.question
        asked = leaf is not None and question is not None and question.asks and leaf.question.asks
        gone = self._anyhow_gone
        if asked and leaf is not None:
            gone = frozenset(d.id for d in leaf.declines) | (
                UNASKED if self._passable(named, leaf) else NONE_GONE
            )
        if known.type == "code" and known.codes:
            return Subject(Cells(known.codes, gone), "codes", asked=asked)
        if known.type == "codes" and known.codes:
            return Subject(Cells(ANSWERED, gone), "several", asked=asked)
        if known.type == "flag":
            return Subject(Cells(frozenset((True, False)), gone), "flag", asked=asked)
        if isinstance(question, NumberItem) and asked:
            top = inf if question.max is None else question.max
            spans = (Span(question.min, top), *(Span(code, code) for code in question.options))
            return Subject(Cells(spans, gone), "number", not question.decimals, asked)
        if known.type in ("number", "draw"):
            return Subject(Cells(EVERY, gone), "number", asked=asked)
        return Subject(Cells(ANSWERED, gone), "any", asked=asked)

    def _passable(self, named: Symbol, leaf: CompiledItem) -> bool:
        """Whether it may be passed over, as far as is written: a condition that is wrong counts too."""
        question = leaf.question
        if named.value_type.roster is not None or any(step.shuffled for step in named.path):
            return True
        if leaf.ask_if is not None or question.ask_if is not None or question.unless is not None:
            return True
        for step in named.path:
            written = self.draft.groups[step.group].spec if step.group in self.draft.groups else None
            if step.group and (written is None or written.ask_if is not None or written.unless is not None):
                return True
            if named.id in (statements := getattr(written, "statements", {})):
                return statements[named.id].ask_if is not None
        return False

    def way_to(self, name: str) -> tuple[Needed, ...]:
        """The conditions that held where this item was asked: its own and those of the groups around it."""
        way = self._ways.get(name)
        if way is None:
            named, leaf = self.draft.symbols[name], self.draft.leaves[name]
            nodes: list[CompiledItem | ItemGroup] = [
                self.draft.groups[s.group] for s in named.path if s.group in self.draft.groups
            ]
            way = tuple(need for node in (*nodes, leaf) for need in needed(node))
            self._ways[name] = way
        return way

    def linked(self, name: str) -> frozenset[str]:
        """The variable and those that its having an answer tells something of."""
        links = self._links.get(name)
        if links is not None:
            return links
        found, last = {name}, {name}
        for _ in range(DEEPEST):
            last = {other for one in last for c in self._below(one) for other in c.names} - found
            found |= last
            if not last or len(found) > MOST_LINKS:
                break
        links = self._links[name] = frozenset(found)
        return links

    def _below(self, name: str) -> list[Condition]:
        """The conditions on which it hangs whether this has an answer, or which it stands for."""
        subject, compute = self(name), self.draft.computes.get(name)
        if compute is not None:
            return list(compute.conditions.values())
        return [need.condition for need in self.way_to(name)] if subject and subject.asked else []
