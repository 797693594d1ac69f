"""Changes of order between two versions: items and options that moved."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any

from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.revisions.changes import ComparedChange
from survey_cli.revisions.versions import Version, VersionPair
from survey_cli.wording import join_words


def iterate_order_changes(pair: VersionPair) -> Iterator[ComparedChange]:
    """Yield what moved to another group, and what moved inside its group or list of options.

    Inside a group or list, yields a smallest set whose move explains the new order.
    """
    old_children = _list_children(pair.old, pair.new)
    new_children = _list_children(pair.new, pair.old)
    new_parents = {name: parent for parent, names in new_children.items() for name in names}

    for parent, names in old_children.items():
        still_here = [name for name in names if new_parents[name] == parent]
        siblings = new_children.get(parent, [])
        moved = find_moved(still_here, siblings)
        for name in names:
            old, new = pair.get_nodes(name)
            places = (old.where, new.where)
            if name in moved:
                what = f"it moved: it now comes {_describe_place(name, siblings)}"
                yield ComparedChange("order", (name,), what, places)
            elif new_parents[name] != parent and old.roster == new.roster:
                was = parent or "the top level"
                is_ = new_parents[name] or "the top level"
                yield ComparedChange("order", (name,), f"it moved from {was} to {is_}", places)
            if old.item is not None and new.item is not None:
                yield from _compare_options(old.item, new.item)


def _describe_place(name: str, siblings: Sequence[str]) -> str:
    index = siblings.index(name)
    if index == 0:
        return f"first, before {siblings[1]}"
    return f"after {siblings[index - 1]}"


def _compare_options(old: CompiledItem, new: CompiledItem) -> Iterator[ComparedChange]:
    old_codes = [option.code for option in old.options]
    new_codes = [option.code for option in new.options]
    moved = find_moved(old_codes, new_codes)
    if moved:
        what = f"its options are in another order: {join_words(moved)} moved"
        places = tuple(item.options[0].text.source.where for item in (old, new))
        yield ComparedChange("order", (old.id,), what, places)


def _list_children(version: Version, other: Version) -> dict[str, list[str]]:
    """List what both versions have, by the nearest group around it that both have."""
    children: dict[str, list[str]] = {}
    for name, node in version.nodes.items():
        if name in other.nodes:
            parent = ""
            for group in node.ancestors:
                if group in other.nodes:
                    parent = group
            children.setdefault(parent, []).append(name)
    return children


def find_moved(old: Sequence[Any], new: Sequence[Any]) -> list[Any]:
    """Find a smallest set of names whose move makes one order the other.

    Names of only one version don't count.
    What stays is a longest increasing subsequence, found by patience sorting.
    """
    new_index = {name: number for number, name in enumerate(new)}
    common = [name for name in old if name in new_index]

    # By length less one: the least new index at which a chain of that length ends, and its name.
    ends: list[int] = []
    last_names: list[Any] = []
    predecessors: dict[Any, Any] = {}
    for name in common:
        length = bisect_left(ends, new_index[name])
        if length > 0:
            predecessors[name] = last_names[length - 1]
        ends[length : length + 1] = [new_index[name]]
        last_names[length : length + 1] = [name]

    # the longest chain that stays is read backwards from its last name
    kept = set()
    name = last_names[-1] if last_names else None
    while name is not None:
        kept.add(name)
        name = predecessors.get(name)
    return [name for name in common if name not in kept]
