"""Checks of missing values: limits, quotas and ends that read a choice without one."""

import ast
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Final

from survey_cli.instrument.checks.assumptions import UNKNOWN, Assumption, SupposedAnswer
from survey_cli.instrument.checks.missing_kinds import describe_missing, list_missing_kinds
from survey_cli.instrument.checks.sample_and_quotas import compile_quotas
from survey_cli.instrument.checks.source_items import Place, report
from survey_cli.instrument.checks.texts import list_answered_names
from survey_cli.instrument.compiled.draft import InstrumentDraft, NameUse
from survey_cli.instrument.compiled.model import find_inputs
from survey_cli.instrument.editions import STRICT_CHOICES_EDITION
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.parsing import StrictChoice, shorten
from survey_cli.instrument.schema.document import QuotaSpec
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.instrument.source.nodes import locate_name
from survey_cli.problems import Problem
from survey_cli.wording import join_words


class _Reader(Enum):
    """What reads a value; a limit has the name of its key."""

    MIN = "min"
    MAX = "max"
    COUNT = "count"
    TOTAL = "total"
    END = "end"
    QUOTA = "quota"


_LIMITS: Final = {
    str(reader.value): reader for reader in (_Reader.MIN, _Reader.MAX, _Reader.COUNT, _Reader.TOTAL)
}
_EFFECTS: Final = {
    _Reader.MIN: "there is then no minimum",
    _Reader.MAX: "there is then no maximum",
    _Reader.COUNT: "the roster then has no turns",
    _Reader.TOTAL: "the total is then not checked",
    _Reader.END: "this end then does not apply",
    _Reader.QUOTA: "the interview then counts in no cell",
}
"""What a missing value leads to."""


def missing_value(draft: InstrumentDraft) -> Iterator[Problem]:
    """A limit, a quota or an end reads a calculation that can be missing.

        compute: {most: 10 if child == 1 else 20}
        - {id: hours, type: number, max: most, …}      no maximum after a don't know at child

    From edition 2 on, `x if c else y` has no value if its condition is unknown. Give it one with a
    table, `{when: [[child == 1, 10]], else: 20, unknown: 20}`, or with `default(most, 20, dk)`. If
    a missing value is intended, nothing needs to be done.
    """
    if draft.document.edition < STRICT_CHOICES_EDITION:
        return
    for use in draft.uses:
        condition = use.condition
        if condition is None:
            continue
        reader = _find_reader(draft, use)
        if reader is None:
            continue

        answered: set[str] = set()
        if reader is not _Reader.END:  # its own condition is what reads the value
            answered = list_answered_names(draft, use.owner)
        place = (use.where, max(1, use.length))
        yield from _check_condition(draft, condition, use.key, reader, use.owner, place, answered)

    for compiled in compile_quotas(draft):
        quota = compiled.quota
        yield from _check_cells(draft, quota)
        if compiled.condition is not None:
            place = (locate_name(quota.where), len(compiled.condition.text))
            yield from _check_condition(
                draft, compiled.condition, "where", _Reader.QUOTA, str(quota.id), place, set()
            )


def _check_cells(draft: InstrumentDraft, quota: QuotaSpec) -> Iterator[Problem]:
    """Yield a problem for each calculation that the cells of a quota are made of."""
    for name in quota.by:
        if str(name) not in draft.computes:
            continue
        tree = ast.Name(str(name), ast.Load())
        missing = _find_missing(draft, tree, {str(name)}, set())
        if missing:
            place = (name.where, len(name))
            yield _report(str(name), "by", missing, _Reader.QUOTA, str(quota.id), place)


def _find_reader(draft: InstrumentDraft, use: NameUse) -> _Reader | None:
    """Find what a use is, if a missing value matters there."""
    item = draft.items.get(use.owner)
    if item is not None and isinstance(item.question, EndItem):
        return _Reader.END
    return _LIMITS.get(use.key)


def _check_condition(
    draft: InstrumentDraft,
    condition: Condition,
    key: str,
    reader: _Reader,
    owner: str,
    place: Place,
    answered: set[str],
) -> Iterator[Problem]:
    """Yield a problem if a condition can be unknown, or a limit missing, by a strict choice."""
    missing = _find_missing(draft, condition.tree, set(condition.names), answered)
    if missing:
        yield _report(shorten(condition.text), key, missing, reader, owner, place)


def _report(
    text: str, key: str, missing: Sequence[str], reader: _Reader, owner: str, place: Place
) -> Problem:
    when = join_words(missing, "or")
    verb = "is unknown" if key in ("ask_if", "unless", "where") else "is missing"
    what = f"{key}: {when}, {text} {verb}, and {_EFFECTS[reader]}"
    remedy = "give the calculation a value for them: unknown: in a table, or default(…)"
    return report("missing-value", place, owner, what, remedy, "warning")


def _find_missing(
    draft: InstrumentDraft, tree: ast.expr, names: set[str], answered: set[str]
) -> Sequence[str]:
    """Describe the missing answers that leave a term without a value because of a strict choice."""
    if not answered.isdisjoint(names):
        return []

    inputs = find_inputs(sorted(names), draft.computes)
    trees = [tree]
    for name in inputs:
        if name in draft.computes:
            trees += [condition.tree for condition in draft.computes[name].conditions.values()]
    if not any(_has_choice(one) for one in trees):
        return []

    found: dict[str, list[str]] = {}
    for name in inputs:
        if name in draft.computes or name in answered:
            continue
        # an item that the term reads itself was unknown in every edition
        if _is_read_directly(tree, name) and not _has_choice(tree):
            continue
        for kind in list_missing_kinds(draft, name):
            assumption = Assumption(SupposedAnswer(name, declined=kind), draft.computes)
            if assumption.evaluate(tree) & UNKNOWN and assumption.evaluate_value(tree) & UNKNOWN:
                found.setdefault(name, []).append(kind)
    return [describe_missing(draft, name, kinds) for name, kinds in found.items()]


def _is_read_directly(tree: ast.expr, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(tree))


def _has_choice(tree: ast.expr) -> bool:
    return any(isinstance(node, StrictChoice) for node in ast.walk(tree))
