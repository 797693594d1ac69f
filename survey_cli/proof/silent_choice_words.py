"""The problem of a choice that gives a value although its condition is unknown, in words."""

import ast

from survey_cli.instrument.checks.compute_readers import ComputeReaders
from survey_cli.instrument.checks.source_items import report
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.expression_checker import shift_position
from survey_cli.instrument.expressions.parsing import ParsedExpression, parse_expression, shorten
from survey_cli.problems import Problem
from survey_cli.proof.silent_choices import FoundChoice
from survey_cli.values import NOT_ASKED
from survey_cli.wording import join_words


def describe_silent_choice(
    draft: InstrumentDraft, readers: ComputeReaders, found: FoundChoice
) -> Problem:
    """Describe a silent choice: when its test is unknown, what it gives, and who reads that."""
    choice = found.choice
    use = choice.use
    condition = use.condition
    assert condition is not None
    test, at, length = _get_source(condition, choice.node.test)
    otherwise, _, _ = _get_source(condition, choice.value)
    subject = use.owner
    read_by = ""
    if use.key == "compute":
        read_by = readers.describe(use.owner)
    else:
        subject = f"{use.key} of {use.owner}"
    when = _describe_missing(draft, found)
    what = f"{when}, {shorten(test)} is unknown, and {subject} is {shorten(otherwise)}"
    if read_by:
        what += f", which is read by {read_by}"

    guard = f"answered({choice.item})"
    is_compound = isinstance(choice.node.test, ast.BoolOp | ast.IfExp)
    test_as_operand = f"({test})" if is_compound else test
    remedy = f"write … if not {guard} else {shorten(condition.text)} for a value of their own"
    if not isinstance(choice.node.orelse, ast.IfExp):
        remedy += f", or {guard} and {shorten(test_as_operand)} if this is meant"
    where = shift_position(use.where, condition.text, at)
    return report("silent-else", (where, max(1, length)), use.owner, what, remedy, "warning")


def _describe_missing(draft: InstrumentDraft, found: FoundChoice) -> str:
    """Describe the ways in which the item is without an answer."""
    item = found.choice.item
    labels = {
        decline.id: str(decline.text.get(draft.language)).lower()
        for decline in draft.items[item].declines
    }
    declined = [labels[kind] for kind in found.kinds if kind in labels]
    if not declined:
        return f"if {item} is not asked"
    after = f"after {join_words(declined, 'or')} at {item}"
    if NOT_ASKED.kind in found.kinds:
        return f"{after}, or if it is not asked"
    return after


def _get_source(condition: Condition, node: ast.expr) -> tuple[str, int, int]:
    """Return a part of a condition as written, its offset and its length."""
    parsed = parse_expression(condition.text)
    assert isinstance(parsed, ParsedExpression)
    at, length = parsed.locate(node)
    return " ".join(condition.text[at : at + length].split()), at, length
