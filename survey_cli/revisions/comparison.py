"""Comparison of two versions of a questionnaire: all changes, by kind and with their positions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, get_args

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.problems import Position
from survey_cli.revisions.changes import ChangeKind, ComparedChange
from survey_cli.revisions.meaning_changes import MeaningChange
from survey_cli.revisions.meaning_changes import iterate_changes as iterate_meaning_changes
from survey_cli.revisions.order_changes import iterate_order_changes
from survey_cli.revisions.property_changes import PropertyComparison
from survey_cli.revisions.renaming import find_renamed
from survey_cli.revisions.route_changes import RouteComparison
from survey_cli.revisions.versions import OUTCOME_PREFIX, Version, VersionPair

if TYPE_CHECKING:
    from survey_cli.proof.equivalence import ConditionComparer


def compare_versions(
    old: Instrument, new: Instrument, comparer: "ConditionComparer | None" = None
) -> list[ComparedChange]:
    """List all changes, the gravest first.

    Without a comparer, conditions are equal only if they are written alike.
    """
    kinds = get_args(ChangeKind)
    changes = _merge(_iterate_changes(old, new, comparer))
    return sorted(changes, key=lambda change: (kinds.index(change.kind), change.where))


def _iterate_changes(
    old: Instrument, new: Instrument, comparer: "ConditionComparer | None"
) -> Iterator[ComparedChange]:
    pair = VersionPair(old, new)
    meanings: dict[str, list[MeaningChange]] = {}
    for change in iterate_meaning_changes(old, new):
        meanings.setdefault(change.item, []).append(change)
    properties = PropertyComparison(pair, meanings)

    yield from _compare_names(pair, find_renamed(old, new))
    yield from _locate_meaning_changes(pair, meanings)
    yield from properties.iterate_item_changes()
    yield from RouteComparison(pair, comparer).iterate_changes()
    yield from iterate_order_changes(pair)
    yield from properties.iterate_setting_changes()


def _merge(changes: Iterable[ComparedChange]) -> Iterable[ComparedChange]:
    """Merge the same change of several items, such as all that use one scale."""
    merged: dict[ComparedChange, ComparedChange] = {}
    for change in changes:
        key = change._replace(items=(), affected=())
        same = merged.get(key, key)
        items = tuple(dict.fromkeys((*same.items, *change.items)))
        affected = tuple(dict.fromkeys((*same.affected, *change.affected)))
        merged[key] = change._replace(items=items, affected=affected)
    return merged.values()


def _compare_names(pair: VersionPair, renamed: Mapping[str, str]) -> Iterator[ComparedChange]:
    """Yield what is gone and what is new."""
    for name in _list_names(pair.old):
        if pair.new.locate(name) is None:
            what = "it is no longer in the questionnaire"
            if name in renamed:
                what += f"; it looks like a renaming to {renamed[name]}"
            yield ComparedChange("removed", (name,), what, pair.locate(name))

    old_names = {new_name: name for name, new_name in renamed.items()}
    for name in _list_names(pair.new):
        if pair.old.locate(name) is None:
            what = "it is new"
            if name in old_names:
                what += f"; it looks like {old_names[name]} under another name"
            yield ComparedChange("added", (name,), what, pair.locate(name))


def _list_names(version: Version) -> list[str]:
    return [*version.instrument.sample, *version.instrument.computes, *version.nodes]


def _locate_meaning_changes(
    pair: VersionPair, meanings: Mapping[str, Sequence[MeaningChange]]
) -> Iterator[ComparedChange]:
    """Yield the changes of meaning with their positions."""
    for name, changes in meanings.items():
        is_outcome = name.startswith(OUTCOME_PREFIX)
        if not is_outcome and pair.new.locate(name) is None:
            continue  # it is reported as removed
        for change in changes:
            places = (_locate_meaning(pair.old, change), _locate_meaning(pair.new, change))
            yield ComparedChange(change.kind, (name,), change.what, places, code=change.code)


def _locate_meaning(version: Version, change: MeaningChange) -> Position | None:
    """Locate what has the meaning: the option of a code, the item, or a statement's battery."""
    node = version.nodes.get(change.item)
    if node is None or node.item is None:
        return version.locate(change.item)

    texts = {option.code: option.text for option in node.item.options}
    texts.update(node.item.labels)
    if change.code is not None and texts:
        first = next(iter(texts.values()))
        return texts.get(change.code, first).source.where
    where = node.item.question.find_position("id")
    return where if where.line else node.where
