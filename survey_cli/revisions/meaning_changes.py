"""Changes of meaning between two versions of an instrument: what stored answers mean, and what is accepted.

Compares kinds, codes with their texts, ranges, units and declines, not the wording of questions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import inf
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from survey_cli.instrument.compiled.model import Instrument, Roster
from survey_cli.instrument.schema.items.coded import MultipleItem, SearchItem
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.typed import DateItem, NumberItem, TextItem
from survey_cli.instrument.schema.items.unasked_items import ComputedItem, LookupItem
from survey_cli.instrument.source.scalars import Text
from survey_cli.table.columns import build_sample_variable
from survey_cli.table.versions import SeparateColumns
from survey_cli.values import Code

_KINDS: Final = {
    "code": "one code",
    "codes": "several codes",
    "date": "a date",
    "time": "a time of day",
}
_ENDS: Final = ".,;:! "
_QUOTES: Final = str.maketrans("’‘“”", "''\"\"")

OUTCOME_PREFIX: Final = "outcomes."
"""The prefix of an outcome's id in `MeaningChange.item`, which otherwise names an item or a sample column."""

MeaningKind: TypeAlias = Literal["narrowed", "widened", "recoded", "type", "removed"]
"""Answers that were accepted no longer are; answers are accepted that were not; an answer means something else; answers
are of another type; nothing is stored any more."""

TextsByLanguage: TypeAlias = Mapping[str, str]
IsSameMeaning: TypeAlias = Callable[["MeaningChange"], bool]
"""Returns whether somebody has confirmed that a changed text means the same."""


class MeaningChange(NamedTuple):
    """One change of meaning in the newer of two versions."""

    item: str
    what: str
    """The change, without the names of the versions: `code 1 was 'Yes' and is 'No'`."""
    needs_own_column: bool
    """Answers of both versions cannot share a column."""
    kind: MeaningKind = "recoded"
    code: Code | None = None
    """The code that it concerns, if it concerns one."""
    needs_acceptance: bool = True
    """No real interview begins until somebody has accepted it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meaning:
    """The meaning of an item's stored answers, or of a sample column's values."""

    kind: str
    labels: Mapping[Code, TextsByLanguage]
    numeric: bool = False
    """Codes are special values among other numbers."""
    low: float | None = None
    high: float | None = None
    unit: TextsByLanguage = field(default_factory=dict)
    bounds: Mapping[str, Any] = field(default_factory=dict)
    """The `min` and `max` that are dates, or depend on other answers."""
    decimals: int = 0
    pattern: str | None = None
    declines: Mapping[str, int] = field(default_factory=dict)
    source: str = ""
    """The sample column or quota that it is looked up in."""
    repeated: bool = False
    """Asked once in each turn of a roster."""

    def is_ordinary_number(self, code: Code) -> bool:
        """Return whether a code is an ordinary number here."""
        if not self.numeric or code in self.labels or not isinstance(code, int):
            return False
        return (self.low is None or code >= self.low) and (self.high is None or code <= self.high)


def list_changes(old: Instrument, new: Instrument) -> tuple[MeaningChange, ...]:
    """Return the changes in meaning of stored answers of `old` under `new` that must be accepted."""
    return tuple(change for change in iterate_changes(old, new) if change.needs_acceptance)


def iterate_changes(old: Instrument, new: Instrument) -> Iterator[MeaningChange]:
    """Yield all changes in meaning of stored answers, in the order of `old`; then those of the study's own outcomes."""
    for name in _iterate_names(old):
        yield from _compare_item(name, old, new)
    yield from _compare_outcomes(old, new)


def find_separate_columns(
    versions: Sequence[Instrument], is_same_meaning: IsSameMeaning
) -> list[dict[str, SeparateColumns]]:
    """Return, for each version, the names whose answers cannot share the column of the newest version that has them.

    `versions` are ordered from oldest to newest. Versions that agree with each other share a column.
    """
    separate: list[dict[str, SeparateColumns]] = [{} for _ in versions]
    if len(versions) < 2:
        return separate
    for name in dict.fromkeys(name for version in versions for name in _iterate_names(version)):
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
    language, items = instrument.language, instrument.items.items()
    yield from (key for key, item in items if item.question.build_variables(item, language))
    yield from (key for key, group in instrument.groups.items() if isinstance(group, Roster))


def _explain_conflict(
    name: str, old: Instrument, new: Instrument, is_same_meaning: IsSameMeaning
) -> str:
    """Return why answers of both versions cannot share a column; empty where they can."""
    changes = _compare_item(name, old, new)
    return "; ".join(
        change.what for change in changes if change.needs_own_column and not is_same_meaning(change)
    )


def _compare_item(name: str, old: Instrument, new: Instrument) -> Iterator[MeaningChange]:
    before, after = _find_meaning(old, name), _find_meaning(new, name)
    if before is None:
        return
    if after is None:
        yield MeaningChange(
            name, "it is no longer in the questionnaire", needs_own_column=False, kind="removed"
        )
        return
    turns = ("asked once", "asked in each turn of a roster")
    for was, is_ in ((before.kind, after.kind), (turns[before.repeated], turns[after.repeated])):
        if was != is_:
            yield MeaningChange(
                name, f"it was {was} and is {is_}", needs_own_column=True, kind="type"
            )
            return
    if before.source != after.source:
        yield MeaningChange(
            name, f"it was {before.source} and is {after.source}", needs_own_column=True
        )
    if (texts := _find_difference(before.unit, after.unit)) is not None:
        yield MeaningChange(
            name, f"its unit was {texts[0]!r} and is {texts[1]!r}", needs_own_column=True
        )
    yield from _compare_codes(name, before, after)
    yield from _compare_limits(name, before, after)
    yield from _compare_declines(name, before, after)


def _compare_codes(name: str, before: _Meaning, after: _Meaning) -> Iterator[MeaningChange]:
    for code, labels in before.labels.items():
        label = _get_first(labels)
        if code in after.labels:
            if (texts := _find_difference(labels, after.labels[code])) is not None:
                what = f"code {code} was {texts[0]!r} and is {texts[1]!r}"
                yield MeaningChange(name, what, needs_own_column=True, code=code)
        elif after.is_ordinary_number(code):
            what = f"code {code} was {label!r} and is an ordinary number"
            yield MeaningChange(name, what, needs_own_column=True, code=code)
        else:
            yield _make_limit(
                name, f"code {code} {label!r} is no longer offered", code, narrower=True
            )
    for code, labels in after.labels.items():
        if before.is_ordinary_number(code):
            what = f"code {code} was an ordinary number and is {_get_first(labels)!r}"
            yield MeaningChange(name, what, needs_own_column=True, code=code)
        elif code not in before.labels:
            yield _make_limit(
                name, f"code {code} {_get_first(labels)!r} is new", code, narrower=False
            )


def _make_limit(name: str, what: str, code: Code | None = None, *, narrower: bool) -> MeaningChange:
    """Make a change of what is accepted, which must itself be accepted where it is less."""
    return MeaningChange(
        name, what, False, "narrowed" if narrower else "widened", code, needs_acceptance=narrower
    )


def _compare_limits(name: str, before: _Meaning, after: _Meaning) -> Iterator[MeaningChange]:
    narrower = _is_narrowed(before, after)
    if before.bounds.keys() == after.bounds.keys() and (narrower or _is_narrowed(after, before)):
        what = f"its range was {_format_range(before)} and is {_format_range(after)}"
        yield _make_limit(name, what, narrower=narrower)
    for key in sorted({*before.bounds, *after.bounds}):
        was, is_ = (m.bounds.get(key, m.low if key == "min" else m.high) for m in (before, after))
        if was != is_:
            what = f"its {key} was {was or 'not given'} and is {is_ or 'not given'}"
            wider = is_ is None or (
                type(was) is type(is_) is date and (is_ < was) is (key == "min")
            )
            yield _make_limit(name, what, narrower=not wider)
    if before.decimals != after.decimals:
        what = f"its decimals were {before.decimals} and are {after.decimals}"
        yield _make_limit(name, what, narrower=before.decimals > after.decimals)
    if before.pattern != after.pattern:
        was, is_ = (repr(m.pattern) if m.pattern else "any text" for m in (before, after))
        yield _make_limit(name, f"its pattern was {was} and is {is_}", narrower=bool(after.pattern))


def _compare_declines(name: str, before: _Meaning, after: _Meaning) -> Iterator[MeaningChange]:
    """Yield the changes of declines, which need no acceptance: interviews store a decline by its name."""
    for decline, code in before.declines.items():
        if decline not in after.declines:
            yield MeaningChange(
                name, f"{decline} is no longer offered", False, "narrowed", needs_acceptance=False
            )
        elif code != after.declines[decline]:
            what = f"{decline} had code {code} and has {after.declines[decline]}"
            yield MeaningChange(name, what, needs_own_column=False, needs_acceptance=False)
    for decline in after.declines:
        if decline not in before.declines:
            yield _make_limit(name, f"{decline} is new", narrower=False)


def _compare_outcomes(old: Instrument, new: Instrument) -> Iterator[MeaningChange]:
    """Yield the changes of the study's outcomes, which stored calls and interviews refer to."""
    for outcome_id, new_outcome in new.document.outcomes.items():
        if (old_outcome := old.document.outcomes.get(outcome_id)) is None:
            continue
        name, pair = f"{OUTCOME_PREFIX}{outcome_id}", ((old, old_outcome), (new, new_outcome))
        names = [
            {lang: str(outcome.name.get(lang)) for lang in version.languages}
            for version, outcome in pair
        ]
        was, is_ = (str(outcome.code or outcome.like or outcome_id) for _, outcome in pair)
        if (texts := _find_difference(*names)) is not None:
            yield MeaningChange(
                name, f"its name was {texts[0]!r} and is {texts[1]!r}", needs_own_column=False
            )
        if was != is_:
            yield MeaningChange(
                name, f"it was counted as {was} and is counted as {is_}", needs_own_column=False
            )


def _find_difference(old: TextsByLanguage, new: TextsByLanguage) -> tuple[str, str] | None:
    """Return the two texts in the first language in which they differ; None where they agree.

    Versions without a common language are compared in their first ones.
    """
    common = [language for language in old if language in new]
    pairs = [(old[language], new[language]) for language in common] or [
        (_get_first(old), _get_first(new))
    ]
    return next(((a, b) for a, b in pairs if _normalize(a) != _normalize(b)), None)


def _get_first(texts: TextsByLanguage) -> str:
    return next(iter(texts.values()), "")


def _normalize(text: str) -> str:
    """Return a text without what does not affect its meaning: case, spaces, kinds of quotes, final punctuation."""
    return " ".join(text.translate(_QUOTES).casefold().split()).rstrip(_ENDS)


def _is_narrowed(before: _Meaning, after: _Meaning) -> bool:
    (low, high), (new_low, new_high) = (
        (-inf if m.low is None else m.low, inf if m.high is None else m.high)
        for m in (before, after)
    )
    return new_low > low or new_high < high


def _format_range(meaning: _Meaning) -> str:
    if meaning.kind == _KINDS["codes"]:
        most = "any number of" if meaning.high is None else f"at most {meaning.high:.10g}"
        return f"at least {meaning.low:.10g} and {most} answers"
    low = "any number" if meaning.low is None else f"{meaning.low:.10g}"
    return f"{low} or more" if meaning.high is None else f"{low} to {meaning.high:.10g}"


def _find_meaning(instrument: Instrument, name: str) -> _Meaning | None:
    """Return the meaning of an item, roster or sample column; None where the instrument has none of this name."""
    if name in instrument.items:
        return _find_item_meaning(instrument, instrument.items[name])
    if name in instrument.sample:
        return _find_column_meaning(instrument, name)
    group = instrument.groups.get(name)
    return (
        _Meaning(kind="a roster", labels={}, low=0, high=group.maximum)
        if isinstance(group, Roster)
        else None
    )


def _find_item_meaning(instrument: Instrument, item: CompiledItem) -> _Meaning | None:
    question = item.question
    if not question.build_variables(item, instrument.language):
        return None
    languages, kind = instrument.languages, question.condition_type
    labels: dict[Code, TextsByLanguage] = {
        o.code: _collect_texts(o.label, languages) for o in item.options
    }
    bounds: dict[str, Any] = {key: limit.condition.text for key, limit in item.limits.items()}
    low: float | None = None
    high: float | None = None
    number = question if isinstance(question, NumberItem) else None
    match question:
        case NumberItem():
            kind = "a number with decimals" if question.decimals else "a whole number"
            labels = {c: _collect_texts(t, languages) for c, t in question.options.items()}
            low, high = question.lowest, question.highest
        case SearchItem():
            rows = question.entries.rows
            labels |= {
                code: {lang: row.get_text(lang) for lang in languages} for code, row in rows.items()
            }
        case ComputedItem():
            labels = {code: {"": code} for code in question.list_codes()}
        case MultipleItem():
            low, high = question.min, question.max
        case DateItem():
            kind = "a date or a part of one" if question.partial else kind
            bounds = {
                **{
                    key: day
                    for key in ("min", "max")
                    if (day := getattr(question, key)) is not None
                },
                **bounds,
            }
    return _Meaning(
        kind=_KINDS.get(kind, kind),
        labels=labels,
        numeric=number is not None,
        low=low,
        high=high,
        unit=_collect_texts(number.unit, languages) if number is not None and number.unit else {},
        bounds=bounds,
        decimals=number.decimals if number is not None else 0,
        pattern=question.pattern if isinstance(question, TextItem) else None,
        declines={decline.id: decline.code for decline in item.declines},
        source=f"looked up in {question.quota or question.sample}"
        if isinstance(question, LookupItem)
        else "",
        repeated=item.roster is not None,
    )


def _collect_texts(text: Text, languages: Sequence[str]) -> TextsByLanguage:
    """Return a text in the languages in which it is written: one that a translation adds changes no meaning."""
    written = [lang for lang in languages if lang in text.by_language] or languages[:1]
    return {lang: str(text.get(lang)) for lang in written}


def _find_column_meaning(instrument: Instrument, name: str) -> _Meaning:
    by_language = {
        lang: build_sample_variable(instrument, name, lang) for lang in instrument.languages
    }
    first = by_language[instrument.language]
    labels = {
        code: {lang: v.labels[code] for lang, v in by_language.items()} for code in first.labels
    }
    return _Meaning(kind="one code" if labels else f"a column of {first.storage}", labels=labels)
