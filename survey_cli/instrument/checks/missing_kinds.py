"""Ways in which items and sample columns can be without a value, and what then is unknown."""

import ast
from collections.abc import Mapping, Sequence

from survey_cli.instrument.checks.assumptions import UNKNOWN, Assumption, SupposedAnswer
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.compiled.model import CompiledNode, find_inputs
from survey_cli.instrument.compiled.requirements import list_requirements
from survey_cli.instrument.schema.items.unasked_items import DrawItem
from survey_cli.values import NOT_ASKED
from survey_cli.wording import join_words


def list_missing_kinds(draft: InstrumentDraft, name: str) -> Sequence[str]:
    """List the kinds of missing values that an item or sample column can have."""
    item = draft.items.get(name)
    symbol = draft.symbols.get(name)
    if item is None or symbol is None:
        # a sample column can be empty, and an interviewer can lack an attribute
        return [NOT_ASKED.kind]

    kinds = [decline.id for decline in item.declines]
    groups = [draft.groups.get(step.group) for step in symbol.path]
    nodes: list[CompiledNode] = [item]
    nodes += [group for group in groups if group is not None]
    is_conditional = any(list_requirements(node) for node in nodes)
    is_picked = any(group is not None and group.pick is not None for group in groups)
    is_drawn = isinstance(item.question, DrawItem)
    if is_conditional or is_picked or is_drawn or item.roster is not None:
        kinds.append(NOT_ASKED.kind)
    return kinds


def describe_missing(draft: InstrumentDraft, name: str, kinds: Sequence[str]) -> str:
    """Describe how an item, or a sample column, is without a value."""
    if name not in draft.items:
        return f"if {name} is empty"
    labels = label_missing_kinds(draft)
    declines = [labels.get(kind, kind) for kind in kinds if kind != NOT_ASKED.kind]
    parts = []
    if declines:
        parts.append(f"after {join_words(declines, 'or')} at {name}")
    if NOT_ASKED.kind in kinds:
        pronoun = "it" if declines else name
        parts.append(f"if {pronoun} is not asked")
    return " or ".join(parts)


def label_missing_kinds(draft: InstrumentDraft) -> Mapping[str, str]:
    """Return the words for each way of having no answer: those of the study's declines."""
    labels: dict[str, str] = {}
    for item in draft.items.values():
        for decline in item.declines:
            labels.setdefault(decline.id, str(decline.text.get(draft.language)).lower())
    return labels


def is_always_known(draft: InstrumentDraft, test: ast.expr) -> bool:
    """Return whether a condition is known, whichever item that it depends on has no answer.

    `answered(q) and q == 1` is, and so is a comparison of an item that always has an answer. A
    quotient, an item of a roster or a code without an amount may be missing for other reasons.
    """
    nodes = list(ast.walk(test))
    if any(isinstance(node, ast.BinOp | ast.Attribute) for node in nodes):
        return False

    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    value_types = draft.symbol_table.value_types
    if any(value_types[name].amounts is not None for name in names & value_types.keys()):
        return False

    for name in find_inputs(sorted(names & draft.symbols.keys()), draft.computes):
        if name in draft.computes:
            continue
        for kind in list_missing_kinds(draft, name):
            assumption = Assumption(SupposedAnswer(name, declined=kind), draft.computes)
            if assumption.evaluate(test) & UNKNOWN:
                return False
    return True
