"""Writer of questionnaires: mappings, lists and texts as readable YAML, with comments and the origin of every line."""

import json
import re
from collections.abc import Collection
from textwrap import wrap
from typing import Any, Final, TypeAlias

_PLAIN: Final = re.compile(r"(?![\s\-?:,\[\]{}#&*!|>'\"%@`])(?:(?!: | #)[^\n])*(?<!:)\Z")
_RESERVED: Final = re.compile(r"(?:true|false|yes|no|on|off|null|y|n|~)\Z|[\d.+-]", re.IGNORECASE)
_WIDTH: Final = 110
_WHOLE_WORDS: Final[dict[str, Any]] = {"break_long_words": False, "break_on_hyphens": False}
Cell: TypeAlias = tuple[str, int, str]
"""Sheet, row and column of a form."""
COMMENTS: Final = "#"
"""The key of a mapping under which its comments are."""


class CellText(str):
    """A text with the cell that it comes from."""

    cell: Cell | None

    def __new__(cls, text: str, cell: Cell | None) -> "CellText":
        """Make a text of a cell."""
        self = super().__new__(cls, text)
        self.cell = cell
        return self


class YamlWriter:
    """Writes a tree of mappings, lists and scalars."""

    def __init__(self, short_keys: Collection[str] = ()) -> None:
        self.short_keys = {"dk", "refused", "type", "role", *short_keys}
        """Keys of mappings that are written in one line if they are short."""
        self.lines: list[str] = []
        self.origins: dict[int, Cell] = {}
        """The cell that each line comes from, by the number of the line."""

    def write(self, tree: dict[str, Any]) -> str:
        """Write the tree, with an empty line between the sections of the file."""
        for key, value in tree.items():
            if isinstance(value, dict | list) and self.lines:
                self.lines.append("")
            self._write_entry("", key, value)
        return "\n".join(self.lines) + "\n"

    def _write_entry(self, indent: str, key: Any, value: Any) -> None:
        start, origin = (
            len(self.lines) + 1,
            getattr(key, "cell", None) or getattr(value, "cell", None),
        )
        key = str(key) if isinstance(key, int) else _quote(key)
        if (
            isinstance(value, dict)
            and value.keys() <= self.short_keys
            and (flow := _write_flow(value))
            and len(indent) + len(key) + len(flow) < _WIDTH
        ):
            self.lines.append(f"{indent}{key}: {flow}")
            origin = origin or next((getattr(text, "cell", None) for text in value.values()), None)
        elif isinstance(value, dict):
            self.lines.append(f"{indent}{key}:")
            self._write_mapping(f"{indent}  ", value)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            self.lines.append(f"{indent}{key}:")
            for entry in value:
                self._write_list_entry(f"{indent}  ", entry)
        elif isinstance(value, list):
            self.lines.append(f"{indent}{key}: [{', '.join(map(_quote, value))}]")
        else:
            self._write_scalar(indent, key, value)
        if origin is not None:
            self.origins |= dict.fromkeys(range(start, len(self.lines) + 1), origin) | self.origins

    def _write_mapping(self, indent: str, mapping: dict[str, Any]) -> None:
        for key, value in mapping.items():
            if key == COMMENTS:
                self.lines += [f"{indent}# {line}" for line in value]
            else:
                self._write_entry(indent, key, value)

    def _write_list_entry(self, indent: str, entry: dict[str, Any]) -> None:
        self.lines += [f"{indent}# {line}" for line in entry.get(COMMENTS, ())]
        start = len(self.lines)
        self._write_mapping(
            f"{indent}  ", {key: value for key, value in entry.items() if key != COMMENTS}
        )
        self.lines[start] = f"{indent}- {self.lines[start].lstrip()}"

    def _write_scalar(self, indent: str, key: str, value: Any) -> None:
        if not isinstance(value, str):
            self.lines.append(f"{indent}{key}: {json.dumps(value)}")
        elif "\n" in value:
            self.lines.append(f"{indent}{key}: |-")
            self.lines += [f"{indent}  {line}".rstrip() for line in value.split("\n")]
        elif len(indent) + len(key) + len(value) > _WIDTH and "  " not in value:
            self.lines.append(f"{indent}{key}: >-")
            margin = f"{indent}  "
            self.lines += wrap(
                value, _WIDTH, initial_indent=margin, subsequent_indent=margin, **_WHOLE_WORDS
            )
        else:
            self.lines.append(f"{indent}{key}: {_quote(value)}")


def _write_flow(mapping: dict[Any, Any]) -> str:
    """Write a short mapping of languages, arms or decline codes in one line; empty where it has to be a block."""
    words = [_quote(value) if isinstance(value, str) else str(value) for value in mapping.values()]
    if any(
        isinstance(v, dict | list) or "\n" in w
        for v, w in zip(mapping.values(), words, strict=True)
    ):
        return ""
    quoted = [
        json.dumps(w, ensure_ascii=False) if re.search(r"[,\[\]{}]", w) and w[0] != '"' else w
        for w in words
    ]
    return (
        "{" + ", ".join(f"{key}: {word}" for key, word in zip(mapping, quoted, strict=True)) + "}"
    )


def _quote(text: str) -> str:
    plain = _PLAIN.match(text) and not _RESERVED.match(text) and text == text.strip()
    return str(text) if plain else json.dumps(str(text), ensure_ascii=False)
