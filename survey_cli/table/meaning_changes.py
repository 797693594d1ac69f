"""Changes of meaning between two versions of an instrument that affect stored answers.

Compares what answers mean (kinds, codes and their texts, ranges, units), not how questions are worded.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final, NamedTuple, TypeAlias

from survey_cli.instrument.compiled.model import Instrument, Roster
from survey_cli.instrument.schema.items.question import CompiledItem, Compute
from survey_cli.instrument.schema.items.typed import DateItem, NumberItem
from survey_cli.instrument.schema.items.unasked_items import ComputedItem
from survey_cli.table.columns import build_sample_variable
from survey_cli.values import Code

_KINDS: Final = {"code": "one code", "codes": "several codes", "date": "a date", "time": "a time of day"}
_ENDS: Final = ".,;:! "
_QUOTES: Final = str.maketrans("’‘“”", "''\"\"")

OUTCOME_PREFIX: Final = "outcomes."
"""Before the name of an outcome, where other names are those of items."""

TextsByLanguage: TypeAlias = Mapping[str, str]
"""By language."""
IsSameMeaning: TypeAlias = Callable[["MeaningChange"], bool]
"""Whether somebody has said that a changed text means the same."""


class MeaningChange(NamedTuple):
    """One thing that means something else in the newer of two versions."""

    item: str
    what: str
    """In words that name no version: `code 1 was 'Yes' and is 'No'`."""
    needs_own_column: bool
    """Answers of both versions cannot stand in one column."""


class SeparateColumns(NamedTuple):
    """Answers of an older version that are kept in columns of their own."""

    version: int
    """The first version, from 1, that shares these columns: `q1__v2`."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meaning:
    """What the stored answers of an item, or the values of a sample column, mean."""

    kind: str
    labels: Mapping[Code, TextsByLanguage]
    numeric: bool = False
    """Codes are numbers with a meaning of their own among other numbers."""
    low: float | None = None
    high: float | None = None
    unit: TextsByLanguage | None = None
    repeated: bool = False
    """Asked once for each turn of a roster."""

    def is_plain(self, code: Code) -> bool:
        """Whether a code is an ordinary number here."""
        if not self.numeric or code in self.labels or not isinstance(code, int):
            return False
        return (self.low is None or code >= self.low) and (self.high is None or code <= self.high)


def list_changes(old: Instrument, new: Instrument) -> tuple[MeaningChange, ...]:
    """What stored answers of `old` would mean otherwise under `new`, or mean nothing any more, in the order of `old`; and
    the same of the study's own outcomes.
    """
    items = (change for name in _iterate_names(old) for change in _compare_item(name, old, new))
    return (*items, *_compare_outcomes(old, new))


def find_separate_columns(versions: Sequence[Instrument], alike: IsSameMeaning) -> list[dict[str, SeparateColumns]]:
    """For each version, older ones first, the items whose answers cannot stand in the column of the newest version that
    has the item. Versions that agree with each other share a column.
    """
    found: list[dict[str, SeparateColumns]] = [{} for _ in versions]
    if len(versions) < 2:
        return found
    for name in dict.fromkeys(name for version in versions for name in _iterate_names(version)):
        groups: list[list[int]] = []
        whys: dict[int, str] = {}
        for at in reversed(range(len(versions))):
            if _find_meaning(versions[at], name) is None:
                continue
            for group in groups:
                why = _explain_conflict(name, versions[at], versions[group[0]], alike)
                if not why:
                    group.append(at)
                    break
                whys.setdefault(at, why)
            else:
                groups.append([at])
        for group in groups[1:]:
            for at in group:
                found[at][name] = SeparateColumns(min(group) + 1, whys[at])
    return found


def select_computes(
    old: Instrument, new: Instrument, apart: Mapping[str, SeparateColumns]
) -> tuple[tuple[Compute, ...], frozenset[str]]:
    """The computes of `new` that interviews of `old` have all inputs for and that `old` did not compute alike, in the
    order of their computation; and those of `new` that `old` lacks an input for, or has one with another meaning for.
    """
    fresh: dict[str, Compute] = {}
    lacking: set[str] = set()
    for name, compute in new.computes.items():
        reads = frozenset[str]().union(*(condition.names for condition in compute.conditions.values()))
        strange = reads - old.leaves.keys() - old.sample.keys() - new.computes.keys()
        if strange or any(n in apart or n in lacking for n in reads):
            lacking.add(name)
        elif name not in old.computes or not _is_same_compute(old.computes[name], compute, reads & fresh.keys()):
            fresh[name] = compute
    return tuple(fresh.values()), frozenset(lacking)


def _is_same_compute(old: Compute, new: Compute, recomputed: frozenset[str]) -> bool:
    """Whether two versions compute the same; `recomputed` are the computes that it reads and that differ."""
    texts = [[condition.text for condition in one.conditions.values()] for one in (old, new)]
    return texts[0] == texts[1] and old.type == new.type and not recomputed


def _iterate_names(instrument: Instrument) -> Iterator[str]:
    """Everything with columns of its own: sample columns, items, rosters."""
    yield from instrument.sample
    yield from (
        key for key, leaf in instrument.leaves.items() if leaf.question.build_variables(leaf, instrument.language)
    )
    yield from (key for key, group in instrument.groups.items() if isinstance(group, Roster))


def _explain_conflict(name: str, old: Instrument, new: Instrument, alike: IsSameMeaning) -> str:
    """Why answers of both cannot stand in one column; empty where they can."""
    found = [c.what for c in _compare_item(name, old, new) if c.needs_own_column and not alike(c)]
    return "; ".join(found)


def _compare_item(name: str, old: Instrument, new: Instrument) -> Iterator[MeaningChange]:
    before, after = _find_meaning(old, name), _find_meaning(new, name)
    if before is None:
        return
    if after is None:
        yield MeaningChange(name, "it is no longer in the questionnaire", needs_own_column=False)
        return
    if before.kind != after.kind:
        yield MeaningChange(name, f"it was {before.kind} and is {after.kind}", needs_own_column=True)
        return
    if before.repeated != after.repeated:
        once, often = "asked once", "asked in each turn of a roster"
        was, is_ = (often, once) if before.repeated else (once, often)
        yield MeaningChange(name, f"it was {was} and is {is_}", needs_own_column=True)
        return
    if before.unit is not None or after.unit is not None:
        words = _find_difference(before.unit or {}, after.unit or {})
        if words is not None:
            yield MeaningChange(name, f"its unit was {words[0]!r} and is {words[1]!r}", needs_own_column=True)
    yield from _compare_codes(name, before, after)
    if _is_narrowed(before, after):
        yield MeaningChange(
            name, f"its range was {_format_range(before)} and is {_format_range(after)}", needs_own_column=False
        )


def _compare_codes(name: str, before: _Meaning, after: _Meaning) -> Iterator[MeaningChange]:
    for code, texts in before.labels.items():
        if code in after.labels:
            words = _find_difference(texts, after.labels[code])
            if words is not None:
                yield MeaningChange(name, f"code {code} was {words[0]!r} and is {words[1]!r}", needs_own_column=True)
        elif after.is_plain(code):
            yield MeaningChange(
                name, f"code {code} was {_get_first(texts)!r} and is an ordinary number", needs_own_column=True
            )
        else:
            yield MeaningChange(name, f"code {code} {_get_first(texts)!r} is no longer offered", needs_own_column=False)
    for code, texts in after.labels.items():
        if before.is_plain(code):
            yield MeaningChange(
                name, f"code {code} was an ordinary number and is {_get_first(texts)!r}", needs_own_column=True
            )


def _compare_outcomes(old: Instrument, new: Instrument) -> Iterator[MeaningChange]:
    """Outcomes that calls and interviews have already, and that would be read or counted otherwise."""
    for outcome_id, now in new.document.outcomes.items():
        if (was := old.document.outcomes.get(outcome_id)) is None:
            continue
        names = [
            {lang: str(outcome.name.get(lang)) for lang in one.languages} for outcome, one in ((was, old), (now, new))
        ]
        if (words := _find_difference(*names)) is not None:
            yield MeaningChange(
                f"{OUTCOME_PREFIX}{outcome_id}",
                f"its name was {words[0]!r} and is {words[1]!r}",
                needs_own_column=False,
            )
        counted = [str(outcome.code or outcome.like or outcome_id) for outcome in (was, now)]
        if counted[0] != counted[1]:
            what = f"it was counted as {counted[0]} and is counted as {counted[1]}"
            yield MeaningChange(f"{OUTCOME_PREFIX}{outcome_id}", what, needs_own_column=False)


def _find_difference(old: TextsByLanguage, new: TextsByLanguage) -> tuple[str, str] | None:
    """Two texts in the first language in which they differ; of versions without a common language their first ones."""
    common = [language for language in old if language in new]
    pairs = [(old[language], new[language]) for language in common] or [(_get_first(old), _get_first(new))]
    return next(((a, b) for a, b in pairs if _normalize(a) != _normalize(b)), None)


def _get_first(texts: TextsByLanguage) -> str:
    return next(iter(texts.values()), "")


def _normalize(text: str) -> str:
    """A text without what changes no meaning: capitals, spaces, the shape of quotes, marks at its end."""
    return " ".join(text.translate(_QUOTES).casefold().split()).rstrip(_ENDS)


def _is_narrowed(before: _Meaning, after: _Meaning) -> bool:
    (low, high), (new_low, new_high) = (
        (-inf if m.low is None else m.low, inf if m.high is None else m.high) for m in (before, after)
    )
    return new_low > low or new_high < high


def _format_range(meaning: _Meaning) -> str:
    low = "any number" if meaning.low is None else f"{meaning.low:.10g}"
    return f"{low} or more" if meaning.high is None else f"{low} to {meaning.high:.10g}"


def _find_meaning(instrument: Instrument, name: str) -> _Meaning | None:
    """None where there is nothing of this name."""
    if name in instrument.leaves:
        return _find_leaf_meaning(instrument, instrument.leaves[name])
    if name in instrument.sample:
        return _find_column_meaning(instrument, name)
    group = instrument.groups.get(name)
    return _Meaning(kind="a roster", labels={}, low=0, high=group.maximum) if isinstance(group, Roster) else None


def _find_leaf_meaning(instrument: Instrument, leaf: CompiledItem) -> _Meaning | None:
    question, repeated = leaf.question, leaf.roster is not None
    if not question.build_variables(leaf, instrument.language):
        return None
    languages = instrument.languages
    if isinstance(question, NumberItem):
        return _Meaning(
            kind="a number with decimals" if question.decimals else "a whole number",
            labels={c: {lang: str(t.get(lang)) for lang in languages} for c, t in question.options.items()},
            numeric=True,
            low=question.min,
            high=question.max,
            unit={lang: str(question.unit.get(lang)) for lang in languages} if question.unit else None,
            repeated=repeated,
        )
    labels: dict[Code, TextsByLanguage] = {
        option.code: {lang: str(option.label.get(lang)) for lang in languages} for option in leaf.options
    }
    if isinstance(question, ComputedItem):
        labels = {code: {"": code} for code in question.list_codes()}
    kind = "a date or a part of one" if isinstance(question, DateItem) and question.partial else question.condition_type
    return _Meaning(kind=_KINDS.get(kind, kind), labels=labels, repeated=repeated)


def _find_column_meaning(instrument: Instrument, name: str) -> _Meaning:
    by_language = {lang: build_sample_variable(instrument, name, lang) for lang in instrument.languages}
    first = by_language[instrument.language]
    return _Meaning(
        kind="one code" if first.labels else f"a column of {first.storage}",
        labels={code: {lang: v.labels[code] for lang, v in by_language.items()} for code in first.labels},
    )
