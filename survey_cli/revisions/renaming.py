"""Names that look like new names of something that another version has under another name."""

import re
from typing import Any

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.revisions.properties import list_properties, render_value
from survey_cli.revisions.versions import Version

_NAME_KEYS = frozenset(("id", "items"))
"""Keys that differ if only the name differs."""


def find_renamed(old: Instrument, new: Instrument) -> dict[str, str]:
    """Find what looks like a renaming: one name is gone, another is new, and the rest is equal."""
    old_parts = _list_parts(old)
    new_parts = _list_parts(new)
    renamed: dict[str, str] = {}
    for name, part in old_parts.items():
        if name in new_parts:
            continue
        for other_name, other in new_parts.items():
            is_free = other_name not in old_parts and other_name not in renamed.values()
            if not is_free or type(part) is not type(other):
                continue
            if _is_equal_but_name(name, part, other_name, other, new.languages):
                renamed[name] = other_name
                break
    return renamed


def _list_parts(instrument: Instrument) -> dict[str, Any]:
    """List the sample columns, items and groups as written, by name."""
    nodes = Version(instrument).nodes
    return {**instrument.sample, **{name: node.spec for name, node in nodes.items()}}


def _is_equal_but_name(
    old_name: str, old: Any, new_name: str, new: Any, languages: tuple[str, ...]
) -> bool:
    """Return whether two parts are equal, except that each uses its own name."""
    old_properties = list_properties(old, _NAME_KEYS)
    new_properties = list_properties(new, _NAME_KEYS)
    if old_properties.keys() != new_properties.keys():
        return False

    pattern = re.compile(rf"\b{re.escape(old_name)}\b")
    for key, before in old_properties.items():
        old_texts = render_value(key, before.value, languages)
        new_texts = render_value(key, new_properties[key].value, languages)
        for was, is_ in zip(old_texts, new_texts, strict=False):
            if is_ not in (was, pattern.sub(new_name, was)):
                return False
    return True
