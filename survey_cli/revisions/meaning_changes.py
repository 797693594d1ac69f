"""Changes in what stored answers mean, and in what is accepted, between two versions.

Compares kinds, codes with their texts, ranges, units and declines, not the wording of questions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from math import inf
from typing import Final, Literal, NamedTuple, TypeAlias, assert_never

from survey_cli.instrument.amounts import Interval
from survey_cli.instrument.compiled.model import Instrument, Roster
from survey_cli.instrument.number_ranges import (
    NumberRange,
    NumberRanges,
    are_within,
    contain,
    find_limits,
    format_ranges,
)
from survey_cli.instrument.schema.items.brackets import BracketResultItem
from survey_cli.instrument.schema.items.coded import SearchItem
from survey_cli.instrument.schema.items.possible_answers import (
    Amount,
    AnyText,
    Computed,
    Day,
    NoAnswer,
    OneCode,
    PossibleAnswers,
    SeveralCodes,
    TimeOfDay,
)
from survey_cli.instrument.schema.items.quantity import QuantityItem
from survey_cli.instrument.schema.items.question import CompiledItem, QuestionItem
from survey_cli.instrument.schema.items.typed import DurationItem, NumberItem, NumericItem, TextItem
from survey_cli.instrument.schema.items.unasked_items import ComputedItem, DrawItem, LookupItem
from survey_cli.instrument.source.scalars import Text
from survey_cli.revisions.versions import OUTCOME_PREFIX
from survey_cli.table.columns import build_sample_variable
from survey_cli.table.versions import SeparateColumns
from survey_cli.values import Code, Missing, Storage
from survey_cli.wording import pluralize

_ENDS: Final = ".,;:! "
_QUOTES: Final = str.maketrans("’‘“”", "''\"\"")


MeaningKind: TypeAlias = Literal["narrowed", "widened", "recoded", "type", "removed"]
"""Answers that were accepted no longer are; answers are accepted that were not; an answer means
something else; answers are of another type; nothing is stored any more."""

TextsByLanguage: TypeAlias = Mapping[str, str]
IsSameMeaning: TypeAlias = Callable[["MeaningChange"], bool]
"""Returns whether somebody has confirmed that a changed text means the same."""


class MeaningChange(NamedTuple):
    """One change of meaning in the newer of two versions."""

    item: str
    what: str
    """The change, without the names of the versions: `code 1 was 'Yes' and is 'No'`."""
    needs_own_column: bool
    """Whether answers of both versions need different columns."""
    kind: MeaningKind = "recoded"
    code: Code | None = None
    """The code that it concerns; None if it concerns the whole item."""
    needs_acceptance: bool = True
    """Whether somebody must accept it before a real interview can begin."""


class _ValueKind(Enum):
    """What is stored of an item, a roster or a sample column, with the words for it."""

    ONE_CODE = "one code"
    SEVERAL_CODES = "several codes"
    WHOLE_NUMBER = "a whole number"
    DECIMAL_NUMBER = "a number with decimals"
    QUANTITY = "an amount in a chosen unit"
    TEXT = "a text"
    DATE = "a date"
    PARTIAL_DATE = "a date or a part of one"
    TIME = "a time of day"
    DRAWN_TURN = "a turn that is drawn"
    ROSTER = "a roster"
    NUMBER_COLUMN = "a column of numbers"
    DATE_COLUMN = "a column of dates"
    TEXT_COLUMN = "a column of texts"


_COLUMN_KINDS: Final[Mapping[Storage, _ValueKind]] = {
    "integer": _ValueKind.NUMBER_COLUMN,
    "decimal": _ValueKind.NUMBER_COLUMN,
    "date": _ValueKind.DATE_COLUMN,
    "text": _ValueKind.TEXT_COLUMN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meaning:
    """The meaning of an item's stored answers, or of a sample column's values."""

    kind: _ValueKind
    labels: Mapping[Code, TextsByLanguage]
    ranges: NumberRanges = (NumberRange(),)
    """The numbers, or how many answers, that are accepted, as far as no other answer decides."""
    amounts: Mapping[Code, float | Interval] = field(default_factory=dict)
    """What codes count as, if that isn't the code."""
    unit: TextsByLanguage = field(default_factory=dict)
    bounds: Mapping[str, date | str] = field(default_factory=dict)
    """The `min` and `max` that are dates, or depend on other answers."""
    decimals: int = 0
    pattern: str | None = None
    declines: Mapping[str, int] = field(default_factory=dict)
    source: str = ""
    """The sample column or quota that it is looked up in."""
    is_repeated: bool = False
    """Whether it is asked in the turns of a roster."""

    @property
    def is_number(self) -> bool:
        """Whether its codes are special values among other numbers."""
        return self.kind in (
            _ValueKind.WHOLE_NUMBER,
            _ValueKind.DECIMAL_NUMBER,
            _ValueKind.QUANTITY,
        )

    def is_ordinary_number(self, code: Code) -> bool:
        """Return whether a code is an ordinary number here."""
        if not self.is_number or code in self.labels or not isinstance(code, int):
            return False
        return contain(self.ranges, code)

    def get_limit(self, key: str) -> date | str | float | None:
        """Return its `min` or `max`."""
        low, high = find_limits(self.ranges)
        fixed = low if key == "min" else high
        return self.bounds.get(key, fixed)


def list_changes(old: Instrument, new: Instrument) -> tuple[MeaningChange, ...]:
    """List the changes from `old` to `new` that somebody must accept."""
    return tuple(change for change in iterate_changes(old, new) if change.needs_acceptance)


def iterate_changes(old: Instrument, new: Instrument) -> Iterator[MeaningChange]:
    """Yield the changes of items in the order of `old`, then those of the study's own outcomes."""
    for name in _iterate_names(old):
        yield from _compare_item(name, old, new)
    yield from _compare_outcomes(old, new)


def find_separate_columns(
    versions: Sequence[Instrument], is_same_meaning: IsSameMeaning
) -> list[dict[str, SeparateColumns]]:
    """Return, for each version, the names whose answers can't share the newest version's column.

    `versions` are ordered from oldest to newest. Versions that agree with each other share a
    column.
    """
    separate: list[dict[str, SeparateColumns]] = [{} for _ in versions]
    if len(versions) < 2:
        return separate

    for name in dict.fromkeys(name for version in versions for name in _iterate_names(version)):
        # versions that agree are a group, newest first; the first group keeps the column
        groups: list[list[int]] = []
        conflicts: dict[int, str] = {}
        for index in reversed(range(len(versions))):
            if _find_meaning(versions[index], name) is None:
                continue
            for group in groups:
                conflict = _explain_conflict(
                    name, versions[index], versions[group[0]], is_same_meaning
                )
                if not conflict:
                    group.append(index)
                    break
                conflicts.setdefault(index, conflict)
            else:
                groups.append([index])

        for group in groups[1:]:
            for index in group:
                separate[index][name] = SeparateColumns(min(group) + 1, conflicts[index])
    return separate


def _iterate_names(instrument: Instrument) -> Iterator[str]:
    """Yield the names of everything that has columns: sample columns, items, rosters."""
    yield from instrument.sample
    for name, item in instrument.items.items():
        if item.question.build_variables(item, instrument.language):
            yield name

    for name, group in instrument.groups.items():
        if isinstance(group, Roster):
            yield name


def _explain_conflict(
    name: str, old: Instrument, new: Instrument, is_same_meaning: IsSameMeaning
) -> str:
    """Return why answers of both versions cannot share a column; empty if they can."""
    changes = _compare_item(name, old, new)
    separate = [change for change in changes if change.needs_own_column]
    return "; ".join(change.what for change in separate if not is_same_meaning(change))


def _compare_item(name: str, old: Instrument, new: Instrument) -> Iterator[MeaningChange]:
    before = _find_meaning(old, name)
    after = _find_meaning(new, name)
    if before is None:
        return
    if after is None:
        what = "it is no longer in the questionnaire"
        yield MeaningChange(name, what, needs_own_column=False, kind="removed")
        return

    if before.kind is not after.kind:
        what = f"it was {before.kind.value} and is {after.kind.value}"
        yield MeaningChange(name, what, needs_own_column=True, kind="type")
        return

    if before.is_repeated != after.is_repeated:
        what = "it was asked once and is asked in each turn of a roster"
        if before.is_repeated:
            what = "it was asked in each turn of a roster and is asked once"
        yield MeaningChange(name, what, needs_own_column=True, kind="type")
        return

    if before.source != after.source:
        what = f"it was {before.source} and is {after.source}"
        yield MeaningChange(name, what, needs_own_column=True)

    units = _find_difference(before.unit, after.unit)
    if units is not None:
        what = f"its unit was {units[0]!r} and is {units[1]!r}"
        yield MeaningChange(name, what, needs_own_column=True)

    yield from _compare_codes(name, before, after)
    yield from _compare_amounts(name, before, after)
    yield from _compare_limits(name, before, after)
    yield from _compare_declines(name, before, after)


def _compare_codes(name: str, before: _Meaning, after: _Meaning) -> Iterator[MeaningChange]:
    for code, labels in before.labels.items():
        label = _get_first(labels)
        if code in after.labels:
            texts = _find_difference(labels, after.labels[code])
            if texts is not None:
                what = f"code {code} was {texts[0]!r} and is {texts[1]!r}"
                yield MeaningChange(name, what, needs_own_column=True, code=code)
        elif after.is_ordinary_number(code):
            what = f"code {code} was {label!r} and is an ordinary number"
            yield MeaningChange(name, what, needs_own_column=True, code=code)
        else:
            what = f"code {code} {label!r} is no longer offered"
            yield _make_limit(name, what, code, is_narrower=True)

    for code, labels in after.labels.items():
        label = _get_first(labels)
        if before.is_ordinary_number(code):
            what = f"code {code} was an ordinary number and is {label!r}"
            yield MeaningChange(name, what, needs_own_column=True, code=code)
        elif code not in before.labels:
            what = f"code {code} {label!r} is new"
            yield _make_limit(name, what, code, is_narrower=False)


def _compare_amounts(name: str, before: _Meaning, after: _Meaning) -> Iterator[MeaningChange]:
    """Yield the codes that both versions have and that count as different amounts.

    The column of amounts has the number, so that another number needs a column of its own.
    """
    for code in before.labels:
        was = before.amounts.get(code, code)
        is_ = after.amounts.get(code, code)
        if code not in after.labels or was == is_:
            continue
        are_numbers = not isinstance(was, Interval) and not isinstance(is_, Interval)
        what = f"code {code} counted as {_format_amount(was)} and counts as {_format_amount(is_)}"
        yield MeaningChange(name, what, needs_own_column=are_numbers, code=code)


def _format_amount(amount: float | Code | Interval) -> str:
    if not isinstance(amount, Interval):
        return str(amount)
    if amount.high == inf:
        return f"{amount.low:.10g} or more"
    if amount.low == -inf:
        return f"{amount.high:.10g} or less"
    return f"{amount.low:.10g} to {amount.high:.10g}"


def _make_limit(
    name: str, what: str, code: Code | None = None, *, is_narrower: bool
) -> MeaningChange:
    """Make a change of what is accepted. It must itself be accepted if it accepts less."""
    kind: MeaningKind = "narrowed" if is_narrower else "widened"
    return MeaningChange(name, what, False, kind, code, needs_acceptance=is_narrower)


def _compare_limits(name: str, before: _Meaning, after: _Meaning) -> Iterator[MeaningChange]:
    is_narrower = _is_narrowed(before, after)
    is_changed = is_narrower or _is_narrowed(after, before)
    if is_changed and before.bounds.keys() == after.bounds.keys():
        what = f"its range was {_format_range(before)} and is {_format_range(after)}"
        yield _make_limit(name, what, is_narrower=is_narrower)

    for key in sorted({*before.bounds, *after.bounds}):
        was = before.get_limit(key)
        is_ = after.get_limit(key)
        if was != is_:
            what = f"its {key} was {was or 'not given'} and is {is_ or 'not given'}"
            yield _make_limit(name, what, is_narrower=not _is_wider(key, was, is_))

    if before.decimals != after.decimals:
        what = f"its decimals were {before.decimals} and are {after.decimals}"
        yield _make_limit(name, what, is_narrower=before.decimals > after.decimals)

    if before.pattern != after.pattern:
        was = _format_pattern(before.pattern)
        is_ = _format_pattern(after.pattern)
        what = f"its pattern was {was} and is {is_}"
        yield _make_limit(name, what, is_narrower=after.pattern is not None)


def _is_wider(key: str, was: object, is_: object) -> bool:
    """Return whether a limit certainly accepts more: it is gone, or its date moved outwards."""
    if is_ is None:
        return True
    if not isinstance(was, date) or not isinstance(is_, date):
        return False
    if key == "min":
        return is_ < was
    return is_ >= was


def _format_pattern(pattern: str | None) -> str:
    if pattern is None:
        return "any text"
    return repr(pattern)


def _compare_declines(name: str, before: _Meaning, after: _Meaning) -> Iterator[MeaningChange]:
    """Yield the changes of declines. They need no acceptance, as interviews store their names."""
    for decline, code in before.declines.items():
        if decline not in after.declines:
            what = f"{decline} is no longer offered"
            yield MeaningChange(name, what, False, "narrowed", needs_acceptance=False)
        elif code != after.declines[decline]:
            what = f"{decline} had code {code} and has {after.declines[decline]}"
            yield MeaningChange(name, what, needs_own_column=False, needs_acceptance=False)

    for decline in after.declines:
        if decline not in before.declines:
            yield _make_limit(name, f"{decline} is new", is_narrower=False)


def _compare_outcomes(old: Instrument, new: Instrument) -> Iterator[MeaningChange]:
    """Yield the changes of the study's outcomes, which stored calls and interviews refer to."""
    for outcome_id, after in new.document.outcomes.items():
        before = old.document.outcomes.get(outcome_id)
        if before is None:
            continue
        name = f"{OUTCOME_PREFIX}{outcome_id}"

        old_names = {lang: str(before.name.get(lang)) for lang in old.languages}
        new_names = {lang: str(after.name.get(lang)) for lang in new.languages}
        texts = _find_difference(old_names, new_names)
        if texts is not None:
            what = f"its name was {texts[0]!r} and is {texts[1]!r}"
            yield MeaningChange(name, what, needs_own_column=False)

        was = str(before.code or before.like or outcome_id)
        is_ = str(after.code or after.like or outcome_id)
        if was != is_:
            what = f"it was counted as {was} and is counted as {is_}"
            yield MeaningChange(name, what, needs_own_column=False)


def _find_difference(old: TextsByLanguage, new: TextsByLanguage) -> tuple[str, str] | None:
    """Return the two texts in the first language in which they differ; None if they agree.

    Versions without a common language are compared in their first ones.
    """
    pairs = [(old[language], new[language]) for language in old if language in new]
    if not pairs:
        pairs = [(_get_first(old), _get_first(new))]

    for was, is_ in pairs:
        if _normalize(was) != _normalize(is_):
            return was, is_
    return None


def _get_first(texts: TextsByLanguage) -> str:
    return next(iter(texts.values()), "")


def _normalize(text: str) -> str:
    """Return a text without case, spaces, kinds of quotes and final punctuation."""
    return " ".join(text.translate(_QUOTES).casefold().split()).rstrip(_ENDS)


def _is_narrowed(before: _Meaning, after: _Meaning) -> bool:
    """Return whether a fixed limit accepts less than before."""
    return not are_within(before.ranges, after.ranges, after.decimals)


def _format_range(meaning: _Meaning) -> str:
    if meaning.kind is _ValueKind.SEVERAL_CODES:
        least, high = find_limits(meaning.ranges)
        most = "any number of answers"
        if high is not None:
            most = f"at most {high:.10g} {pluralize(high, 'answer')}"
        return f"at least {least:.10g} and {most}"

    return format_ranges(meaning.ranges, "{:.10g}".format)


def _find_meaning(instrument: Instrument, name: str) -> _Meaning | None:
    """Return the meaning of an item, roster or sample column; None if there is no such name."""
    if name in instrument.items:
        return _find_item_meaning(instrument, instrument.items[name])
    if name in instrument.sample:
        return _find_column_meaning(instrument, name)

    group = instrument.groups.get(name)
    if isinstance(group, Roster):
        turns = NumberRange(0, group.maximum)
        return _Meaning(kind=_ValueKind.ROSTER, labels={}, ranges=(turns,))
    return None


def _find_item_meaning(instrument: Instrument, item: CompiledItem) -> _Meaning | None:
    """Return the meaning of an item's answers; None if it has no columns."""
    question = item.question
    if not question.build_variables(item, instrument.language):
        return None

    answers = question.describe_answers(item)
    decimals = answers.decimals if isinstance(answers, Amount) else 0
    pattern = question.pattern if isinstance(question, TextItem) else None

    unit: TextsByLanguage = {}
    if isinstance(question, NumberItem) and question.unit:
        unit = _collect_texts(question.unit, instrument.languages)
    elif isinstance(question, BracketResultItem) and question.spec.unit:
        unit = _collect_texts(question.spec.unit, instrument.languages)
    elif isinstance(question, QuantityItem):
        unit = {"": question.describe_units()}
    elif isinstance(question, DurationItem):
        unit = {instrument.language: question.unit.value}
    source = ""
    if isinstance(question, LookupItem):
        source = f"looked up in {question.quota or question.sample}"

    return _Meaning(
        kind=_classify(question, answers),
        labels=_list_labels(instrument, item),
        amounts=_list_amounts(item),
        ranges=_find_ranges(answers),
        unit=unit,
        bounds=_list_bounds(item, answers),
        decimals=decimals,
        pattern=pattern,
        declines={decline.id: decline.code for decline in item.declines},
        source=source,
        is_repeated=item.roster is not None,
    )


def _list_amounts(item: CompiledItem) -> dict[Code, float | Interval]:
    """List the numbers and intervals that codes of an item count as."""
    if item.amounts is None or isinstance(item.question, BracketResultItem):
        return {}  # the labels of intervals say their amounts
    return {
        code: amount
        for code, amount in item.amounts.by_code.items()
        if not isinstance(amount, Missing)
    }


def _classify(question: QuestionItem, answers: PossibleAnswers) -> _ValueKind:
    match answers:
        case OneCode():
            return _ValueKind.ONE_CODE
        case SeveralCodes():
            return _ValueKind.SEVERAL_CODES
        case Amount() if isinstance(question, QuantityItem):
            return _ValueKind.QUANTITY
        case Amount(decimals=decimals):
            return _ValueKind.DECIMAL_NUMBER if decimals else _ValueKind.WHOLE_NUMBER
        case Day(is_partial=is_partial):
            return _ValueKind.PARTIAL_DATE if is_partial else _ValueKind.DATE
        case TimeOfDay():
            return _ValueKind.TIME
        case AnyText() | NoAnswer():
            return _ValueKind.TEXT
        case Computed():
            return _classify_computed(question)
        case _:
            assert_never(answers)


def _classify_computed(question: QuestionItem) -> _ValueKind:
    if isinstance(question, BracketResultItem) and question.part in ("low", "high"):
        return _ValueKind.DECIMAL_NUMBER if question.spec.decimals else _ValueKind.WHOLE_NUMBER
    if not isinstance(question, DrawItem):
        return _ValueKind.ONE_CODE
    if question.numbers is not None:
        return _ValueKind.WHOLE_NUMBER
    return _ValueKind.DRAWN_TURN


def _find_ranges(answers: PossibleAnswers) -> NumberRanges:
    """Return the numbers, or how many answers, that are accepted."""
    match answers:
        case Amount(ranges=ranges):
            return ranges
        case SeveralCodes(least=least, most=None):
            return (NumberRange(least),)
        case SeveralCodes(least=least, most=int() as most):
            return (NumberRange(least, most),)
        case _:
            return (NumberRange(),)


def _list_labels(instrument: Instrument, item: CompiledItem) -> dict[Code, TextsByLanguage]:
    """List the codes of an item with their labels."""
    languages = instrument.languages
    labels: dict[Code, TextsByLanguage] = {
        option.code: _collect_texts(option.label, languages) for option in item.options
    }

    match item.question:
        case NumericItem(options=options) | QuantityItem(options=options):
            labels = {
                code: _collect_texts(option.value_label, languages)
                for code, option in options.items()
            }
        case SearchItem(entries=entries):
            for code, row in entries.rows.items():
                labels[code] = {language: row.get_text(language) for language in languages}
        case BracketResultItem(part="", spec=bracket):
            # the numbers of intervals mean nothing without the amounts
            labels = {code: {"": bracket.label_interval(code, "en")} for code in bracket.codes}
        case ComputedItem() as computed:
            labels = {code: {"": code} for code in computed.list_codes()}

    return labels


def _list_bounds(item: CompiledItem, answers: PossibleAnswers) -> dict[str, date | str]:
    """List the limits that are dates or depend on other answers, by `min` and `max`."""
    bounds: dict[str, date | str] = {}
    if isinstance(answers, Day):
        fixed = {"min": answers.low, "max": answers.high}
        bounds = {key: day for key, day in fixed.items() if day is not None}
    return bounds | {key: limit.condition.text for key, limit in item.limits.items()}


def _collect_texts(text: Text, languages: Sequence[str]) -> TextsByLanguage:
    """Return a text in the languages in which it is written.

    A missing translation is left out, so that adding it later is no change of meaning.
    """
    written = [lang for lang in languages if lang in text.by_language] or languages[:1]
    return {lang: str(text.get(lang)) for lang in written}


def _find_column_meaning(instrument: Instrument, name: str) -> _Meaning:
    by_language = {
        language: build_sample_variable(instrument, name, language)
        for language in instrument.languages
    }
    first = by_language[instrument.language]
    labels: dict[Code, TextsByLanguage] = {}
    for code in first.labels:
        labels[code] = {language: v.labels[code] for language, v in by_language.items()}

    if labels:
        kind = _ValueKind.ONE_CODE
    else:
        kind = _COLUMN_KINDS[first.storage]
    return _Meaning(kind=kind, labels=labels)
