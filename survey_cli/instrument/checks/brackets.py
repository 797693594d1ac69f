"""Checks of brackets: their amounts, the first of them, and keys that they can't have."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from survey_cli.instrument.checks.source_items import find_value, iterate_items, report
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.schema.items.brackets import RANDOM_START, BracketItem
from survey_cli.instrument.texts.templates import AMOUNT_FILL, find_fill
from survey_cli.problems import Problem

MAX_STEPS: Final = 30
_KEYS_OF_ANSWERS: Final = ("checks", "confirm", "prefill", "or_")
"""Keys that need an answer to one question, which a bracket isn't."""
_WORDS_FOR_NO: Final = ("false", "no", "off", "none")


def bad_bracket(draft: InstrumentDraft) -> Iterator[Problem]:
    """A bracket can't be unfolded: its amounts don't rise, or its first amount is none of them.

        - id: income
          type: bracket
          steps: [10000, 25000, 50000]
          start: 25000
          text: Is your income less than {amount:USD}?

    The text fills in `{amount}`, which is another one at each step. A bracket has no checks of its
    own. A check of another item can use `income_low` and `income_high`.
    """
    for item in iterate_items(draft, BracketItem):
        yield from _check_steps(item)
        yield from _check_text(item)
        yield from _check_named(item)
        for key in _KEYS_OF_ANSWERS:
            if key in item.model_fields_set:
                written = key.rstrip("_")
                place = find_value(item, written)
                what = f"{written}: a bracket has several questions and no answer of its own"
                remedy = "remove it, or write it at another item"
                yield report("bad-bracket", place, item.id, what, remedy)


def _check_steps(item: BracketItem) -> Iterator[Problem]:
    place = find_value(item, "steps")
    steps = item.steps
    if not steps:
        what = "steps: there is no amount to ask about"
        yield report("bad-bracket", place, item.id, what, "write [10000, 25000, 50000]")
        return

    if len(steps) > MAX_STEPS:
        what = f"steps: {len(steps)} amounts are too many"
        yield report("bad-bracket", place, item.id, what, f"write at most {MAX_STEPS}")
    for amount, following in pairwise(steps):
        if following <= amount:
            what = f"steps: {following:,} comes after {amount:,}"
            remedy = "write the amounts in rising order"
            yield report("bad-bracket", place, item.id, what, remedy)
            break
    if steps[0] <= item.min:
        what = f"steps: nobody has less than {steps[0]:,}: the lowest amount is {item.min:,}"
        remedy = "write greater amounts, or a lower min:"
        yield report("bad-bracket", place, item.id, what, remedy)

    is_one = item.start is None or item.start == RANDOM_START or item.start in steps
    if not is_one:
        place = find_value(item, "start")
        what = f"start: {item.start:,} is none of the steps"
        yield report("bad-bracket", place, item.id, what, "write one of them, or random")


def _check_named(item: BracketItem) -> Iterator[Problem]:
    """Check that `exact:` is a question, and that the bracket reads it."""
    if item.exact is None:
        return
    place = find_value(item, "exact")
    remedy = "write named: false instead of it, if nobody is to name an amount"
    for _, text in item.exact.iterate_languages():
        if text.strip().casefold() in _WORDS_FOR_NO:
            what = f"exact: {str(text)!r} would be read aloud"
            yield report("bad-bracket", text, item.id, what, remedy)
    if not item.named:
        what = "exact: it is never read, because of named: false"
        yield report("bad-bracket", place, item.id, what, "remove one of the two")


def _check_text(item: BracketItem) -> Iterator[Problem]:
    for _, text in item.text.iterate_languages():
        _, fill = find_fill(text, AMOUNT_FILL)
        if not fill:
            what = "text: no amount is read, because {amount} is missing"
            remedy = "write it where the amount belongs, as {amount:USD}"
            yield report("bad-bracket", text, item.id, what, remedy)
