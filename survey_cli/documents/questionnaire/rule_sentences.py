"""Rules of a questionnaire in plain English: filters, order, accepted answers."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from survey_cli.documents.questionnaire.text_rendering import render_label
from survey_cli.documents.text_runs import Line, TextRun
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.table_parts import TableParts
from survey_cli.instrument.schema.items.coded import MultipleItem, SearchItem
from survey_cli.instrument.schema.items.quantity import QuantityItem
from survey_cli.instrument.schema.items.question import CompiledDecline, CompiledItem
from survey_cli.instrument.schema.items.typed import (
    TEXT_KINDS,
    DateItem,
    DurationItem,
    NumberItem,
    NumericItem,
    TextItem,
    TimeItem,
)
from survey_cli.instrument.schema.items.unasked_items import LookupItem, PickItem
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts.condition_wording import render_clause, render_table
from survey_cli.instrument.texts.duration_text import format_duration
from survey_cli.values import Code
from survey_cli.wording import escape_controls, format_quantity, join_words, pluralize

_NAME_START: Final = "\x02"
_NAME_END: Final = "\x03"
"""Delimiters of a name while a sentence is built; texts of an instrument contain no such
characters."""
_NAME_PATTERN: Final = re.compile(f"{_NAME_START}([^{_NAME_START}{_NAME_END}]*){_NAME_END}")

_NUMBER_WORDS: Final = {0: "none", 1: "one"}
_ORDERS: Final = {
    "random": "in random order",
    "rotate": "in rotated order (each interview begins at a different one and continues around)",
    "flip": "from either end (half of the interviews reverse the order)",
}


class RuleWriter:
    """A writer of the rules of one instrument, with labels in one language."""

    def __init__(self, instrument: Instrument, language: str) -> None:
        self.instrument = instrument
        self.language = language
        self._labels = _collect_labels(instrument)
        self._groups = instrument.groups

    def get_words(self, name: str, code: Code | None) -> str:
        """Return the marked name of an item, or the label of a code.

        A number with a label keeps its digits: `97 (97 or older)`, which an order needs.
        """
        if code is None:
            return f"{_NAME_START}{name}{_NAME_END}"
        text = self._labels.get(name, {}).get((type(code), code))
        if text is None:
            return escape_controls(str(code))

        label = render_label(text, self.language)
        item = self.instrument.items.get(name)
        if item is not None and isinstance(item.question, NumericItem):
            return f"{code} ({label})"
        return label

    def render_clause(self, condition: Condition) -> str:
        """Return a condition as a part of a sentence."""
        return render_clause(condition, self.get_words)

    def render_table(self, table: TableParts) -> str:
        """Return a calculation that is written as a table."""
        return render_table(table, self.get_words)

    def describe_asked(
        self, verb: str, ask_if: Condition | None, unless: Condition | None
    ) -> tuple[Line, ...]:
        """Return a sentence for each condition.

        That of `unless` says that an unknown condition does not exclude.
        """
        sentences = []
        if ask_if is not None:
            sentences.append(make_line(f"{verb} if {self.render_clause(ask_if)}."))
        if unless is not None:
            unknown = f"also {verb.lower()} if that is not known"
            sentences.append(make_line(f"{verb} unless {self.render_clause(unless)}; {unknown}."))
        return tuple(sentences)

    def describe_source(self, item: CompiledItem) -> str:
        """Return where the options of an item come from: `those chosen in aware`.

        It is empty if they are written out.
        """
        source = item.options_source
        if source is None:
            return ""
        if source.from_ in self._groups:
            return f"{self.describe_turns(source.from_, item.where)}, by their numbers"
        chosen = "chosen" if source.chosen else "not chosen"
        return f"those {chosen} in {mark_name(source.from_)}"

    def describe_turns(self, roster: str, where: Condition | None) -> str:
        """Return `the turns of person where age is at least 15`."""
        turns = f"the turns of {mark_name(roster)}"
        if where:
            turns += f" where {self.render_clause(where)}"
        return turns


def make_line(text: str) -> Line:
    """Return a sentence with its names as runs of their own."""
    runs: list[TextRun] = []
    for at, piece in enumerate(_NAME_PATTERN.split(text)):
        if piece:
            runs.append(TextRun(escape_controls(piece), "id" if at % 2 else "plain"))
    return tuple(runs)


def mark_name(name: str) -> str:
    """Return a name, marked for use in a sentence."""
    return f"{_NAME_START}{name}{_NAME_END}"


def _collect_labels(instrument: Instrument) -> Mapping[str, Mapping[tuple[type, Code], Text]]:
    """Return the labels of codes by name; 1 and "1" are different codes."""
    columns: dict[str, dict[tuple[type, Code], Text]] = {}
    for name, column in instrument.sample.items():
        options = column.options
        if isinstance(options, str):
            options = instrument.document.scales[options].options
        columns[name] = {(type(c), c): o.value_label for c, o in (options or {}).items()}
    labels = dict(columns)
    for name, item in instrument.items.items():
        question = item.question
        if isinstance(question, NumericItem | QuantityItem):
            labels[name] = {(int, c): o.value_label for c, o in question.options.items()}
        elif isinstance(question, LookupItem):
            labels[name] = columns.get(str(question.sample), {})
        else:
            labels[name] = {(type(o.code), o.code): o.label for o in item.options}
        if isinstance(question, SearchItem):
            rows = question.entries.rows.values()
            labels[name] |= {
                (type(row.code), row.code): Text.from_string(row.texts[""]) for row in rows
            }
    return labels


def describe_pick(pick: PickItem) -> str:
    """Return how much of a group is asked: `2 of these, at random`."""
    things = "the turns" if isinstance(pick.names[0], int) else "these"
    how = "those picked in the fewest interviews so far"
    if pick.method == "random":
        how = "at random"
    return f"{pick.count} of {things}, {how}"


def describe_order(what: str, how: str, things: Sequence[tuple[str, bool]]) -> str:
    """Return `options in random order; “None” stays last`; empty if the order is as written.

    `things` holds each thing and whether it keeps its position.
    """
    if how not in _ORDERS:
        return ""
    stays = [stay for _, stay in things]
    if all(stays):
        return ""
    first = stays.index(False)
    last = len(stays) - stays[::-1].index(False)
    parts = [f"{what} {_ORDERS[how]}"]
    for where, names in (
        ("first", [name for name, _ in things[:first]]),
        ("in place", [name for name, stay in things[first:last] if stay]),
        ("last", [name for name, _ in things[last:]]),
    ):
        if names:
            verb = pluralize(len(names), "stays", "stay")
            parts.append(f"{join_words(names)} {verb} {where}")
    return "; ".join(parts)


def describe_answer_limits(question: MultipleItem) -> str:
    """Return a phrase for the number of answers that a `multiple` accepts."""
    most = question.max
    if most is None:
        limits = f"{_NUMBER_WORDS.get(question.min, question.min)} or more"
    elif question.min == most:
        limits = f"exactly {most}"
    elif question.min > 1:
        limits = f"{question.min} to {most}"
    elif question.min == 0:
        limits = f"at most {most}, or none"
    else:
        limits = f"at most {most}"
    if question.mentions == "ordered":
        limits += ", in order of mention"
    return limits


def describe_expected(item: CompiledItem, language: str) -> str:
    """Return a phrase for the accepted answers; empty if any answer is accepted."""
    match item.question:
        case DurationItem() as question:
            return _describe_duration(item, question, language)
        case NumberItem(decimals=places, unit=unit) as question:
            limits = question.describe_ranges(_word_limits(item), _format_limit)
            if unit is not None:
                limits += f" {render_label(unit, language)}"
            if places:
                limits += f", up to {format_quantity(places, 'decimal place')}"
            return limits
        case QuantityItem(main_unit=main_unit):
            return f"keyed as below, and counted in {main_unit}"
        case TextItem(pattern=str() as pattern):
            return f"as {escape_controls(pattern)}: {_describe_pattern(pattern)}"
        case TextItem(like=str() as kind):
            return TEXT_KINDS[kind].words
        case DateItem(partial=partial, order=order):
            phrases = ["day, month, year" if order == "dmy" else "month, day, year"]
            if partial:
                phrases.append("month and year, or only the year, are enough")
            for word, key in _DATE_LIMITS:
                limit = _describe_limit(item, key)
                if limit:
                    phrases.append(f"{word} {limit}")
            return "; ".join(phrases)
        case TimeItem():
            return "time of day"
        case SearchItem(list_=path, entries=entries):
            answers = format_quantity(len(entries.rows), "answer")
            return f"one of {answers} in {escape_controls(path)}"
        case _:
            return ""


_DATE_LIMITS: Final = (("not before", "min"), ("not after", "max"))


def _describe_duration(item: CompiledItem, question: DurationItem, language: str) -> str:
    format_one = partial(format_duration, unit=question.unit, language=language)
    return question.describe_ranges(_word_limits(item), format_one)


def _word_limits(item: CompiledItem) -> dict[str, str]:
    """Return the `min` and `max` that depend on other answers, in words."""
    return {key: escape_controls(limit.words) for key, limit in item.limits.items()}


def _describe_limit(item: CompiledItem, key: str) -> str:
    """Return the `min` or `max` of a date in words; empty if there is none."""
    limit = item.limits.get(key)
    if limit is not None:
        return escape_controls(limit.words)
    written = getattr(item.question, key)
    if written is None:
        return ""
    return str(written)


def _format_limit(number: float) -> str:
    return f"{number:.10g}"


def _describe_pattern(pattern: str) -> str:
    meanings = {"9": "9 is a digit", "A": "A is a letter", "X": "X is a letter or digit"}
    used = [meaning for sign, meaning in meanings.items() if sign in pattern]
    if set(pattern) - set(meanings):
        used.append("the rest as written")
    return ", ".join(used)


def describe_declines(
    permitted: Sequence[CompiledDecline],
    general: Sequence[CompiledDecline],
    language: str,
    *,
    are_codes_stated: bool = True,
) -> str:
    """Return a sentence on the permitted declines; empty if they are those of the study.

    Their codes are stated once for the whole questionnaire, unless each item has its own.
    """
    is_general = [(d.id, d.code) for d in permitted] == [(d.id, d.code) for d in general]
    if is_general and (are_codes_stated or not permitted):
        return ""
    if not permitted:
        labels = join_words([render_label(d.text, language) for d in general], "or")
        if not labels:
            return ""
        return f"must be answered; not accepted: {labels}."
    texts = [f"{render_label(d.text, language)} ({format_code(d.code)})" for d in permitted]
    return f"accepted here: {join_words(texts)}."


def format_code(code: int) -> str:
    """Return a code with a true minus sign."""
    return str(code).replace("-", "−")
