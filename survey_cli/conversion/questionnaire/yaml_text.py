"""Writer of questionnaires: readable YAML with comments, and the origin of every line."""

import json
import re
from collections.abc import Collection
from textwrap import wrap
from typing import Any, Final

from survey_cli.conversion.model.forms import Origin
from survey_cli.instrument.source.hints.misread_values import find_notes

_PLAIN: Final = re.compile(r"(?![\s\-?:,\[\]{}#&*!|>'\"%@`])(?:(?!: | #)[^\n])*(?<!:)\Z")
_RESERVED: Final = re.compile(r"(?:true|false|yes|no|on|off|null|y|n|~)\Z|[\d.+-]", re.IGNORECASE)
_NUMBER_AND_WORDS: Final = re.compile(r"\d+ [A-Za-z]{2}")
"""What begins with a digit and can't be a number, date or time: `1 in media`, `2 or more`."""
_WIDTH: Final = 110

COMMENTS: Final = "#"
"""The key of a mapping under which its comments are."""


class OriginText(str):
    """A text with its place in the form."""

    origin: Origin | None

    def __new__(cls, text: str, origin: Origin | None) -> "OriginText":
        """Make a text of a place."""
        self = super().__new__(cls, text)
        self.origin = origin
        return self


class YamlWriter:
    """Writes a tree of mappings, lists and scalars."""

    def __init__(self, short_keys: Collection[str] = ()) -> None:
        self.short_keys = {"dk", "refused", "type", "role", *short_keys}
        """Keys of mappings that are written in one line if they are short."""
        self.lines: list[str] = []
        self.origins: dict[int, Origin] = {}
        """The place in the form that each line comes from, by the number of the line."""

    def write(self, tree: dict[str, Any]) -> str:
        """Write the tree, with an empty line between the sections of the file."""
        for key, value in tree.items():
            if isinstance(value, dict | list) and self.lines:
                self.lines.append("")
            self._write_entry("", key, value)
        return "\n".join(self.lines) + "\n"

    def _write_entry(self, indent: str, key: Any, value: Any) -> None:
        start = len(self.lines) + 1
        origin = get_origin(key) or get_origin(value)
        written = str(key) if isinstance(key, int) else _quote(key)

        match value:
            case dict():
                flow = ""
                if value.keys() <= self.short_keys:
                    flow = _write_flow(value)
                if flow and len(indent) + len(written) + len(flow) < _WIDTH:
                    self.lines.append(f"{indent}{written}: {flow}")
                    origin = origin or _get_first_origin(value)
                else:
                    self.lines.append(f"{indent}{written}:")
                    self._write_mapping(f"{indent}  ", value)
            case [dict(), *_]:
                self.lines.append(f"{indent}{written}:")
                for entry in value:
                    self._write_list_entry(f"{indent}  ", entry)
            case list():
                self.lines.append(f"{indent}{written}: [{', '.join(map(_quote, value))}]")
            case _:
                self._write_scalar(indent, written, value)

        if origin is not None:
            # an entry within this one has told its own lines already
            for line in range(start, len(self.lines) + 1):
                self.origins.setdefault(line, origin)

    def _write_mapping(self, indent: str, mapping: dict[str, Any]) -> None:
        for key, value in mapping.items():
            if key == COMMENTS:
                self.lines += [f"{indent}# {line}" for line in value]
            else:
                self._write_entry(indent, key, value)

    def _write_list_entry(self, indent: str, entry: dict[str, Any]) -> None:
        self.lines += [f"{indent}# {line}" for line in entry.get(COMMENTS, ())]
        start = len(self.lines)
        commented = {key: value for key, value in entry.items() if key != COMMENTS}
        self._write_mapping(f"{indent}  ", commented)
        self.lines[start] = f"{indent}- {self.lines[start].lstrip()}"

    def _write_scalar(self, indent: str, key: str, value: Any) -> None:
        if not isinstance(value, str):
            self.lines.append(f"{indent}{key}: {json.dumps(value)}")
        elif "\n" in value:
            self.lines += _write_lines(indent, key, value)
        else:
            self.lines += _write_one_line_text(indent, key, value)


def get_origin(value: Any) -> Origin | None:
    """Return the place that a text comes from; None if it isn't known, or it is no text."""
    if isinstance(value, OriginText):
        return value.origin
    return None


def _get_first_origin(mapping: dict[str, Any]) -> Origin | None:
    """Return the place of the first value of a mapping."""
    for value in mapping.values():
        return get_origin(value)
    return None


def _write_flow(mapping: dict[Any, Any]) -> str:
    """Write a short mapping of languages, arms or decline codes in one line.

    The result is empty if the mapping has to be a block.
    """
    entries = []
    for key, value in mapping.items():
        word = _quote(value) if isinstance(value, str) else str(value)
        if isinstance(value, dict | list) or "\n" in word:
            return ""
        if re.search(r"[,\[\]{}]", word) and not word.startswith('"'):
            word = json.dumps(word, ensure_ascii=False)
        entries.append(f"{key}: {word}")
    return "{" + ", ".join(entries) + "}"


def _write_lines(indent: str, key: str, text: str) -> list[str]:
    """Write a text of several lines."""
    lines = text.split("\n")
    if _has_notes(key, lines):
        return [f"{indent}{key}: {_quote(text)}"]
    return [f"{indent}{key}: |-", *(f"{indent}  {line}".rstrip() for line in lines)]


def _has_notes(key: str, lines: list[str]) -> bool:
    """Return whether a line of a text looks like a comment, which a block of lines can't have."""
    notes = list(find_notes(key, lines, 0, len(lines) - 1))
    return len(notes) > 0


def _write_one_line_text(indent: str, key: str, text: str) -> list[str]:
    """Write a text without line breaks, over several lines if it is long."""
    is_long = len(indent) + len(key) + len(text) > _WIDTH
    if is_long and "  " not in text:
        margin = f"{indent}  "
        lines = wrap(
            text,
            _WIDTH,
            initial_indent=margin,
            subsequent_indent=margin,
            break_long_words=False,
            break_on_hyphens=False,
        )
        if not _has_notes(key, lines):
            return [f"{indent}{key}: >-", *lines]
    return [f"{indent}{key}: {_quote(text)}"]


def _quote(text: str) -> str:
    """Return a text as YAML reads it again, in quotes if they are needed."""
    is_reserved = _RESERVED.match(text) and not _NUMBER_AND_WORDS.match(text)
    is_plain = _PLAIN.match(text) and not is_reserved and text == text.strip()
    if is_plain:
        return str(text)
    return json.dumps(str(text), ensure_ascii=False)
