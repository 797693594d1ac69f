"""Changes of meaning between two editions of the language, in one questionnaire.

The text is compiled in both editions, and each condition is evaluated in both with answers that are
tried. A change is shown by an example, so that nothing is called different that is the same.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from enum import IntEnum, auto
from typing import Final, NamedTuple

from survey_cli.instrument.checks.missing_kinds import describe_missing, label_missing_kinds
from survey_cli.instrument.checks.sample_and_quotas import compile_quotas
from survey_cli.instrument.checks.source_items import report, shorten_text
from survey_cli.instrument.compiled.compiler import CompileResult, compile_instrument
from survey_cli.instrument.compiled.draft import InstrumentDraft, NameUse
from survey_cli.instrument.compiled.model import find_inputs
from survey_cli.instrument.expressions.conditions import Condition, compile_condition
from survey_cli.instrument.expressions.functions import AMOUNT_FUNCTIONS
from survey_cli.instrument.expressions.parsing import (
    ParsedExpression,
    parse_expression,
    shorten,
    write_expression,
)
from survey_cli.instrument.schema.items.typed import NumericItem
from survey_cli.instrument.source.load import InstrumentSource
from survey_cli.instrument.source.nodes import YamlMapping, YamlScalar, locate_name
from survey_cli.problems import Position, Problem, select_errors
from survey_cli.revisions.tried_answers import TriedAnswers, evaluate_with, iterate_answers
from survey_cli.values import Cell, Missing
from survey_cli.wording import format_quantity, join_words

_MAX_LISTED: Final = 4
"""Calculations that the notice names, and answers that an example has."""
_ASKED_KEYS: Final = frozenset(("ask_if", "unless"))
_TRUE_KEYS: Final = frozenset(("where", "confirm", "options"))
"""Keys of conditions that have an effect only if they are true."""
_KNOWN_FUNCTIONS: Final = frozenset(("answered", "dk", "refused", "declined", "count"))
"""Functions whose result is known whatever the answers are."""
_AMOUNT_READERS: Final = AMOUNT_FUNCTIONS | {"default", "first_answered"}
"""Functions whose arguments are taken for amounts."""
_ORDER_OPERATORS: Final = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


class EditionChange(NamedTuple):
    """One condition or calculation that means something else in the newer edition."""

    use: NameUse
    answers: TriedAnswers
    """Answers that show it."""
    before: object
    """Its value with these answers in the older edition."""
    after: object
    ways: Mapping[str, Sequence[str]]
    """The kinds of missing answers that show it, by item."""


def compile_in_edition(source: InstrumentSource, edition: int) -> CompileResult:
    """Compile a questionnaire as if its file named this edition."""
    assert source.tree is not None
    where = source.tree.where
    entries = {key: node for key, node in source.tree.items() if key != "edition"}
    entries[YamlScalar("edition", where)] = YamlScalar(str(edition), where, plain=True)
    return compile_instrument(replace(source, tree=YamlMapping(where, entries)))


def may_change(draft: InstrumentDraft) -> bool:
    """Return whether anything is written whose meaning depends on the edition."""
    for use in _list_uses(draft):
        if use.condition is not None and _has_choice(use.condition.tree):
            return True
    for symbol in draft.symbols.values():
        # a code with a text among numbers needs an amount in edition 2
        if isinstance(symbol.question, NumericItem) and symbol.question.options:
            return True
        if any(option.missing for option in symbol.options.values()):
            return True
    return False


def _has_choice(tree: ast.expr) -> bool:
    return any(isinstance(node, ast.IfExp) for node in ast.walk(tree))


def list_edition_changes(draft: InstrumentDraft, newer: InstrumentDraft) -> list[EditionChange]:
    """List the conditions that differ, in the order of the file.

    `newer` is the draft of the same text in the newer edition.
    """
    changes = []
    # names with another meaning: those with amounts, and calculations that have changed
    changed_names = _list_amount_names(newer)
    for use, newer_condition in _iterate_pairs(draft, newer):
        condition = use.condition
        assert condition is not None
        is_choice = write_expression(condition.tree) != write_expression(newer_condition.tree)
        inputs = find_inputs(condition.names, draft.computes)
        if not is_choice and changed_names.isdisjoint(inputs):
            continue
        change = _find_change(draft, newer, use, newer_condition)
        if change is None:
            continue
        changes.append(change)
        if use.key == "compute":
            changed_names.add(use.owner)
    return sorted(changes, key=lambda change: change.use.where)


def _list_amount_names(draft: InstrumentDraft) -> set[str]:
    """List the items and sample columns of which some codes aren't amounts."""
    value_types = draft.symbol_table.value_types
    return {name for name, known in value_types.items() if known.amounts is not None}


def _iterate_pairs(
    draft: InstrumentDraft, newer: InstrumentDraft
) -> Iterator[tuple[NameUse, Condition]]:
    """Yield the conditions of one draft with those of the other; calculations come first."""
    newer_conditions: dict[object, list[Condition]] = {}
    for use in _list_uses(newer):
        if use.condition is not None:
            newer_conditions.setdefault(_identify(use), []).append(use.condition)
    uses = [use for use in _list_uses(draft) if use.condition is not None]
    for use in sorted(uses, key=lambda use: use.key != "compute"):
        same = newer_conditions.get(_identify(use))
        if same:
            yield use, same.pop(0)


def _list_uses(draft: InstrumentDraft) -> list[NameUse]:
    """List all conditions and texts, with those of quotas."""
    uses = list(draft.uses)
    for quota, condition, _ in compile_quotas(draft):
        if condition is not None:
            where = locate_name(quota.where)
            uses.append(
                NameUse(
                    owner=str(quota.id),
                    key="where",
                    where=where,
                    names=condition.names,
                    before=0,
                    condition=condition,
                    length=len(condition.text),
                )
            )
    return uses


def _identify(use: NameUse) -> object:
    return use.owner, use.key, use.where


def _find_change(
    draft: InstrumentDraft, newer: InstrumentDraft, use: NameUse, newer_condition: Condition
) -> EditionChange | None:
    """Find answers with which a condition differs between the editions.

    The first that are found are the example. All single missing answers that show a change are
    collected as well.
    """
    condition = use.condition
    assert condition is not None
    found: EditionChange | None = None
    ways: dict[str, list[str]] = {}
    for answers in iterate_answers(draft, condition):
        missing = {name: cell.kind for name, cell in answers.items() if isinstance(cell, Missing)}
        # answers with several missing ones come last: they add nothing to an example
        if found is not None and len(missing) > 1:
            break
        before = evaluate_with(draft, condition, answers)
        after = evaluate_with(newer, newer_condition, answers)
        if _find_effect(use.key, before) == _find_effect(use.key, after):
            continue

        if found is None:
            found = EditionChange(use, answers, before, after, ways)
        for name, kind in missing.items():
            kinds = ways.setdefault(name, [])
            if kind not in kinds:
                kinds.append(kind)
    return found


def _find_effect(key: str, value: object) -> object:
    """Return what a condition's value does under a key: unknown may have the effect of false."""
    if key in _ASKED_KEYS or key in _TRUE_KEYS:
        return value is True
    if key == "expect":
        return value is False  # a check fires only then
    return value


# In words


def describe_changes(
    changes: Sequence[EditionChange], draft: InstrumentDraft, newer: InstrumentDraft, edition: int
) -> list[Problem]:
    """Describe each change with its line, and how the meaning of before is kept."""
    return [_describe_change(change, changes, draft, newer, edition) for change in changes]


def list_code_changes(draft: InstrumentDraft, newer: InstrumentDraft) -> list[Problem]:
    """List the lists of declines that have other codes in the newer edition.

    There they are those of the default around the item.
    """
    changes: dict[Position, Problem] = {}
    for item in draft.items.values():
        newer_item = newer.items.get(item.id)
        if newer_item is None or not isinstance(item.question.declines, list):
            continue
        newer_codes = {decline.id: decline.code for decline in newer_item.declines}
        moved = [one for one in item.declines if newer_codes.get(one.id, one.code) != one.code]
        if not moved:
            continue
        listed = join_words([f"{one.id} has the code {newer_codes[one.id]}" for one in moved])
        earlier = ", ".join([f"{one.id}: {one.code}" for one in item.declines])
        what = f"declines: in edition {newer.document.edition}, {listed}"
        remedy = f"to keep the codes, write declines: {{{earlier}}}"
        where = item.question.find_position("declines")
        # the statements of a battery share their list
        changes.setdefault(where, Problem("newer-edition", where, item.id, what, remedy, "info"))
    return list(changes.values())


def summarize_changes(
    changes: Sequence[EditionChange], errors: int, file: str, edition: int, top: Position
) -> Problem:
    """Return the one notice of what the newer edition would change in a file.

    `top` is where it is reported if the only changes are `errors`.
    """
    where = top
    parts = []
    if changes:
        where = changes[0].use.where
        places = [f"{change.use.owner} (line {change.use.where.line})" for change in changes]
        listed = join_words(dict.fromkeys(places), most=_MAX_LISTED)
        count = "a condition or calculation means"
        if len(changes) > 1:
            count = f"{len(changes):,} conditions and calculations mean"
        parts.append(f"{count} something else: {listed}")
    if errors:
        parts.append(f"{format_quantity(errors, 'error')} must be corrected")
    what = f"in edition {edition} of the language, {'; '.join(parts)}"
    remedy = f"survey check --upgrade {file} rewrites the file, and names every difference"
    return Problem("newer-edition", where, "", what, remedy, "info")


def _describe_change(
    change: EditionChange,
    changes: Sequence[EditionChange],
    draft: InstrumentDraft,
    newer: InstrumentDraft,
    edition: int,
) -> Problem:
    use = change.use
    assert use.condition is not None
    what = f"{_describe_example(draft, change)}, {_describe_effect(draft, change, edition)}"
    what += _describe_other_ways(draft, change)
    if use.key == "compute":
        texts = [other.owner for other in draft.uses if _fills_in(other, use.owner)]
        if texts:
            what += f"; the text of {join_words(dict.fromkeys(texts))} fills it in"
    changed_names = {other.use.owner for other in changes if other.use.key == "compute"}
    causes = sorted(changed_names & use.condition.names)
    kept = write_kept_meaning(draft, newer, use)
    if kept:
        remedy = f"to keep the meaning, write {kept}"
        if causes:
            remedy += f", unless {join_words(causes)} keeps it"
    elif causes:
        remedy = f"this follows from {join_words(causes)}"
    else:
        remedy = "no rewriting keeps the meaning exactly: write what you mean"
    return report("newer-edition", (use.where, use.length), use.owner, what, remedy, "info")


def _fills_in(use: NameUse, name: str) -> bool:
    """Return whether a use is a text that fills in a name."""
    return use.condition is None and name in use.names


def _describe_example(draft: InstrumentDraft, change: EditionChange) -> str:
    """Describe the answers that lead to a change: `after don't know or refused at income`."""
    missing = []
    given = []
    for name, cell in change.answers.items():
        if isinstance(cell, Missing):
            missing.append(describe_missing(draft, name, change.ways[name]))
        else:
            given.append(f"{name} = {_format_answer(draft, name, cell)}")
    if not missing:
        return f"with {join_words(given, most=_MAX_LISTED)}"
    example = join_words(missing)
    if given:
        example += f" (with {join_words(given, most=_MAX_LISTED)})"
    return example


def _format_answer(draft: InstrumentDraft, name: str, cell: Cell) -> str:
    """Return an answer with the text of its code, if it is one without an amount."""
    symbol = draft.symbols.get(name)
    if symbol is not None and not isinstance(cell, tuple):
        # A cell that is no code has no option.
        option = symbol.options.get(cell)  # type: ignore[arg-type]
        if option is not None and option.missing:
            return f"{cell} ({shorten_text(option.text, draft)})"
    return str(cell)


def _describe_other_ways(draft: InstrumentDraft, change: EditionChange) -> str:
    """Describe the missing answers that show a change too, but aren't in its example."""
    others = [
        describe_missing(draft, name, kinds)
        for name, kinds in change.ways.items()
        if not isinstance(change.answers[name], Missing)
    ]
    if not others:
        return ""
    return f" (also {join_words(others, 'or')})"


def _describe_effect(draft: InstrumentDraft, change: EditionChange, edition: int) -> str:
    """Describe what a condition is in both editions."""
    use = change.use
    if use.key in _ASKED_KEYS:
        is_asked = (change.before is True) == (use.key == "ask_if")
        if is_asked:
            return f"{use.owner} is asked, and not in edition {edition}"
        return f"{use.owner} is not asked, and is in edition {edition}"

    subject = use.owner
    if use.key != "compute":
        subject = f"{use.key} of {use.owner}"
    before = _format_value(draft, change.before)
    after = _format_value(draft, change.after)
    if isinstance(change.after, Missing) and not isinstance(change.before, Missing):
        after = "missing"
    return f"{subject} is {before}, and {after} in edition {edition}"


def _format_value(draft: InstrumentDraft, value: object) -> str:
    if isinstance(value, Missing):
        kind = label_missing_kinds(draft).get(value.kind, value.kind.replace("_", " "))
        return f"missing as {kind}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return shorten(str(value))


# How the meaning is kept


def write_kept_meaning(draft: InstrumentDraft, newer: InstrumentDraft, use: NameUse) -> str:
    """Write a calculation so that it means in the newer edition what it meant before.

    It is empty if its own choices aren't the cause, or if no rewriting keeps the meaning exactly.
    """
    condition = use.condition
    assert condition is not None
    if not isinstance(condition.text, YamlScalar):
        return ""  # it is made of several texts of the analysis file
    text = _write_exactly(draft, condition, _list_amount_names(newer))
    if text == condition.text:
        return ""

    rosters = [step.group for step in use.path if step.group in newer.symbol_table.rosters]
    roster = rosters[-1] if rosters else None
    scope = newer.symbol_table.build_scope(roster)
    scope = scope._replace(has_interviewer=True)
    written = YamlScalar(text, use.where)
    rewritten, problems = compile_condition(written, scope, use.where, use.owner, "value")
    if rewritten is None or select_errors(problems):
        return ""
    # its calculations are those of the older edition: only what it says itself is compared
    for answers in iterate_answers(draft, condition):
        before = evaluate_with(draft, condition, answers)
        if evaluate_with(draft, rewritten, answers) != before:
            return ""
    return text


class _InsertionOrder(IntEnum):
    """The order of insertions at one offset: what ends comes first, and inner parts end first."""

    KEYED_ENDS = auto()
    TEST_ENDS = auto()
    TEST_BEGINS = auto()
    KEYED_BEGINS = auto()


class _Insertion(NamedTuple):
    """Something to be inserted into a text."""

    at: int
    order: _InsertionOrder
    text: str


def _write_exactly(draft: InstrumentDraft, condition: Condition, amounts: AbstractSet[str]) -> str:
    """Write a condition so that the tests of its choices are known.

    Names among `amounts` are read as they were keyed, wherever an amount is taken.
    """
    parsed = parse_expression(condition.text)
    if not isinstance(parsed, ParsedExpression):
        return condition.text

    insertions: list[_Insertion] = []
    # a limit, or a number of turns: max: age
    insertions += _read_as_keyed(parsed, [parsed.tree], amounts)
    for node in ast.walk(parsed.tree):
        match node:
            case ast.IfExp(test=test) if not _is_known(test):
                insertions += _guard_test(draft, parsed, test)
            case ast.Compare(left=left, comparators=others):
                is_ordered = any(isinstance(op, _ORDER_OPERATORS) for op in node.ops)
                if is_ordered:
                    insertions += _read_as_keyed(parsed, [left, *others], amounts)
            case ast.BinOp(left=left, right=right):
                insertions += _read_as_keyed(parsed, [left, right], amounts)
            case ast.Call(func=ast.Name(id=name), args=arguments) if name in _AMOUNT_READERS:
                insertions += _read_as_keyed(parsed, arguments, amounts)

    text = ""
    copied = 0
    for at, _, inserted in sorted(insertions):
        text += condition.text[copied:at] + inserted
        copied = at
    return text + condition.text[copied:]


def _guard_test(
    draft: InstrumentDraft, parsed: ParsedExpression, test: ast.expr
) -> Iterator[_Insertion]:
    """Yield what makes a test false instead of unknown."""
    start, length = parsed.locate(test)
    names = _list_compared_names(draft, test)
    if names:
        guards = " and ".join(f"answered({name})" for name in names)
        yield _Insertion(start, _InsertionOrder.TEST_BEGINS, f"{guards} and ")
    else:
        yield _Insertion(start, _InsertionOrder.TEST_BEGINS, "count(")
        yield _Insertion(start + length, _InsertionOrder.TEST_ENDS, ") == 1")


def _read_as_keyed(
    parsed: ParsedExpression, nodes: Sequence[ast.expr], amounts: AbstractSet[str]
) -> Iterator[_Insertion]:
    """Yield what makes a code count as the number that it is."""
    for node in nodes:
        if isinstance(node, ast.Name) and node.id in amounts:
            start, length = parsed.locate(node)
            yield _Insertion(start, _InsertionOrder.KEYED_BEGINS, "keyed(")
            yield _Insertion(start + length, _InsertionOrder.KEYED_ENDS, ")")


def _is_known(test: ast.expr) -> bool:
    """Return whether a condition is known whatever the answers are."""
    match test:
        case ast.BoolOp(values=values):
            return all(_is_known(value) for value in values)
        case ast.UnaryOp(operand=operand):
            return _is_known(operand)
        case ast.Compare(left=left, comparators=comparators):
            return _is_known(left) and all(_is_known(other) for other in comparators)
        case ast.Call(func=ast.Name(id=name)):
            return name in _KNOWN_FUNCTIONS
        case ast.Constant():
            return True
        case _:
            return False


def _list_compared_names(draft: InstrumentDraft, test: ast.expr) -> list[str]:
    """List the names of a test that is known as soon as these have answers.

    Such a test is a comparison with a constant, or several joined by `and`. Of any other, the list
    is empty.
    """
    comparisons = [test]
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        comparisons = test.values
    names: dict[str, None] = {}
    for comparison in comparisons:
        match comparison:
            case ast.Compare(left=ast.Name(id=name), comparators=[ast.Constant()]):
                symbol = draft.symbols.get(name)
                if symbol is None or symbol.value_type.type not in ("code", "number"):
                    return []
                names[name] = None
            case _:
                return []
    return list(names)
