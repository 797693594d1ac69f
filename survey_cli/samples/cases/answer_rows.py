"""Answers in a data file: which columns belong to an item, and what their cells mean."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from survey_cli.entries import ExactText, PickReply, Reply
from survey_cli.instrument.compiled.compiler import RESERVED_CODES
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.answer_map import AnswerMap
from survey_cli.instrument.schema.items.amount_columns import KEYED_SUFFIX
from survey_cli.instrument.schema.items.coded import (
    MultipleItem,
    ScaleItem,
    SingleItem,
    find_option,
)
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.typed import NumberItem, TimeItem
from survey_cli.table.columns import ColumnBlock, build_blocks
from survey_cli.values import Cell, Code, Missing, Place, Variable, get_missing

UNASKED: Final = frozenset({"not_asked", "not_reached"})
_SECONDS: Final = re.compile(r"^(\d+:\d\d):00(\.0+)?$")
_NOT_CHOSEN: Final = ("", "0", "0.0", "false", "False", "Not mentioned")
"""Texts of the 0/1 columns of a `multiple` for an option that wasn't chosen."""


class GivenAnswer(NamedTuple):
    """The answer that the cells of one place contain: a reply, or a decline."""

    reply: Reply | None
    decline: str = ""
    code: Code | None = None
    """The code of a single answer without words; it can be stored without parsing the reply."""

    def says(self, value: Cell | None) -> bool:
        """Return whether the answer is this value, which was drawn."""
        if isinstance(value, Missing):
            return self.decline == value.kind

        codes: Sequence[object]
        if isinstance(self.reply, PickReply):
            codes = self.reply.codes
        else:
            codes = str(self.reply or "").split()
        drawn = value if isinstance(value, tuple) else (value,)
        return {str(code) for code in codes} == {str(code) for code in drawn}


@dataclass(frozen=True, slots=True)
class _Cells:
    """One column of the file, and how its texts are read."""

    index: int
    codes: Mapping[str, str]
    """The codes of this file, and what they are in the questionnaire."""
    declines: Mapping[str, str]
    """The decline that a text means."""

    def read(self, row: Sequence[str]) -> str | Missing:
        """Return the text of the cell, or the decline that it means."""
        text = row[self.index].strip()
        if not text:
            return text

        text = self.codes.get(text, text)
        kind = self.declines.get(text.casefold())
        if kind is None:
            return text
        if kind in UNASKED:  # like an empty cell: the engine knows what isn't asked
            return ""
        return get_missing(kind)


@dataclass(frozen=True, slots=True)
class PlaceColumns:
    """The columns of one item at one turn."""

    item: CompiledItem
    answer: _Cells | None
    options: Sequence[tuple[Code, _Cells]]
    """The 0/1 columns of a `multiple`."""
    state: _Cells | None
    mentions: _Cells | None
    words: Sequence[tuple[Code, _Cells]]
    codes: Mapping[str, Code]
    """Codes by their text, and by their label."""
    decimal_comma: bool
    known: dict[str, GivenAnswer | None] | None
    """The answers of texts that were read before; None if other columns matter too."""

    @property
    def first(self) -> int:
        """The column that a problem is reported at."""
        if self.answer is not None:
            return self.answer.index
        _, cells = self.options[0]
        return cells.index

    def read(self, row: Sequence[str]) -> GivenAnswer | None:
        """Return the answer in a row; None if there isn't one."""
        if self.known is None or self.answer is None:
            return self._read(row)

        text = row[self.answer.index]
        if text not in self.known:
            self.known[text] = self._read(row)
        return self.known[text]

    def _read(self, row: Sequence[str]) -> GivenAnswer | None:
        words: dict[Code, str] = {}
        for code, cells in self.words:
            specified = cells.read(row)
            if specified and isinstance(specified, str):
                words[code] = specified

        if self.answer is None:
            return self._read_options(row, words)
        text = self.answer.read(row)
        if not text:
            # A decline in the state column takes precedence over one in the column itself.
            state = self._read_state(row)
            text = text if state is None else state
        if isinstance(text, Missing):
            return GivenAnswer(None, text.kind)
        if not text:
            return None

        if isinstance(self.item.question, MultipleItem):
            parts = text.replace(",", " ").replace(";", " ").split()
            return GivenAnswer(PickReply(self._find_codes(parts), words))
        if self.codes:
            return self._read_code(text, words)
        if self.decimal_comma and isinstance(self.item.question, NumberItem):
            text = text.replace(",", ".")
        if isinstance(self.item.question, TimeItem):
            text = _SECONDS.sub(r"\1", text)
        return GivenAnswer(ExactText(text))

    def _read_code(self, text: str, words: Mapping[Code, str]) -> GivenAnswer:
        """Return the answer of an item with options."""
        code = self.codes.get(text.casefold())
        if code is None:
            code = self.codes.get(text.removesuffix(".0"))  # statistical software writes 1 as 1.0
        if code is None:
            return GivenAnswer(ExactText(text))

        reply = PickReply((code,), words)
        option = find_option(self.item.options, code)
        needs_words = option is None or option.specify
        is_single = isinstance(self.item.question, SingleItem | ScaleItem)
        if is_single and not needs_words and not words:
            return GivenAnswer(reply, code=code)
        return GivenAnswer(reply)

    def _read_options(self, row: Sequence[str], words: Mapping[Code, str]) -> GivenAnswer | None:
        """Return the answer in the 0/1 columns of a `multiple`."""
        texts = [(code, cells.read(row)) for code, cells in self.options]
        for _, text in texts:
            if isinstance(text, Missing):
                return GivenAnswer(None, text.kind)

        if not any(text for _, text in texts):
            state = self._read_state(row)
            return GivenAnswer(None, state.kind) if state is not None else None

        mentions = self.mentions.read(row) if self.mentions is not None else ""
        if mentions and isinstance(mentions, str):
            # Only this column has the order in which the options were mentioned.
            return GivenAnswer(PickReply(self._find_codes(mentions.split()), words))
        chosen = tuple(code for code, text in texts if text not in _NOT_CHOSEN)
        return GivenAnswer(PickReply(chosen, words))

    def _read_state(self, row: Sequence[str]) -> Missing | None:
        """Return the decline in the column that says why the answer is missing."""
        if self.state is None:
            return None
        state = self.state.read(row)
        return state if isinstance(state, Missing) else None

    def _find_codes(self, parts: Sequence[str]) -> tuple[Code, ...]:
        """Return the codes of texts; a text that is no code is refused later, as a reply."""
        return tuple(self.codes.get(part.casefold(), part) for part in parts)


def find_answer_columns(
    instrument: Instrument, headings: Mapping[str, int], spec: AnswerMap, *, decimal_comma: bool
) -> dict[Place, PlaceColumns]:
    """Return the columns of all places of which the file has any.

    `headings` are positions by name in lower case.
    """
    finder = _ColumnFinder(instrument, headings, spec)
    places: dict[Place, PlaceColumns] = {}
    for block in build_blocks(instrument, instrument.language):
        if block.source != "item" or block.item is None:
            continue

        item = block.item
        found = finder.find_block(block)
        if found.answer is None and isinstance(item.question, MultipleItem):
            # All codes of a multiple may be in one cell, in a column named like the item.
            name = item.id if block.turn is None else f"{item.id}_{block.turn}"
            found.answer = finder.find(block.variables[0], name)
        if found.answer is None and not found.options:
            continue
        if found.state is None:
            first = block.variables[0]
            found.state = finder.find(first, f"{first.name}_state")

        codes = _list_codes(item, instrument.language)
        has_other_columns = bool(found.options or found.state or found.words)
        places[Place(item.id, block.turn)] = PlaceColumns(
            item=item,
            answer=found.answer,
            options=found.options,
            state=found.state,
            mentions=found.mentions,
            words=found.words,
            codes=codes,
            decimal_comma=decimal_comma,
            known={} if codes and not has_other_columns else None,
        )
    return places


def _list_codes(item: CompiledItem, language: str) -> dict[str, Code]:
    """Return the codes of an item's options by their texts and labels, in lower case."""
    codes: dict[str, Code] = {}
    for option in item.options:
        codes.setdefault(str(option.label.get(language)).casefold(), option.code)
    # A code takes precedence over a label that looks like it.
    for option in item.options:
        codes[str(option.code).casefold()] = option.code
    return codes


@dataclass(slots=True)
class _FoundColumns:
    """The columns of a block that the file has."""

    answer: _Cells | None = None
    state: _Cells | None = None
    mentions: _Cells | None = None
    options: list[tuple[Code, _Cells]] = field(default_factory=list)
    words: list[tuple[Code, _Cells]] = field(default_factory=list)


class _ColumnFinder:
    """Search for the columns of variables in the headings of a file."""

    def __init__(
        self, instrument: Instrument, headings: Mapping[str, int], spec: AnswerMap
    ) -> None:
        self._headings = headings
        self._names = {str(name): str(column) for name, column in spec.columns.items()}
        self._codes = {str(code): str(answer) for code, answer in spec.codes.items()}
        """Codes of this file that mean another one in all columns."""
        self._recoded = {
            str(name): {str(code): str(to) for code, to in codes.items()}
            for name, codes in spec.recode.items()
        }
        """Codes that mean another one in a column."""

        kinds = (*instrument.declines, *UNASKED)
        self._plain_kinds = {kind: kind for kind in kinds}
        """Declines by their ids."""
        self._declines = {f".{kind}": kind for kind in kinds}
        """Declines by the texts that mean them in all columns."""
        for kind, decline in instrument.declines.items():
            self._declines[str(decline.code)] = kind
        for kind, code in RESERVED_CODES.items():
            self._declines[str(code)] = kind

    def find_block(self, block: ColumnBlock) -> _FoundColumns:
        found = _FoundColumns()
        for variable in block.variables:
            cells = self.find(variable)
            if cells is None:
                continue

            option = variable.option
            if variable.role == "answer" and option is not None:
                found.options.append((option, cells))
            elif variable.role == "answer" and _is_keyed(block, variable):
                # the column of the item itself has amounts, which are not what is stored
                found.answer = cells
            elif variable.role == "answer":
                found.answer = found.answer or cells
            elif variable.role == "words" and option is not None:
                found.words.append((option, cells))
            elif variable.role == "words":
                found.mentions = found.mentions or cells
            elif variable.role == "state":
                found.state = found.state or cells
        return found

    def find(self, variable: Variable, name: str = "") -> _Cells | None:
        """Return the variable's column, or one that has this name; None if the file has none."""
        name = name or variable.name
        heading = self._names.get(name, name)
        index = self._headings.get(heading.casefold())
        if index is None:
            return None

        declines = dict(self._declines)
        # In a text, "refused" may be an answer; elsewhere it can only be the decline.
        is_plain_text = variable.storage == "text" and not variable.labels
        if not is_plain_text or name.endswith("_state"):
            declines |= self._plain_kinds
        for kind, (code, label) in variable.declines.items():
            declines[str(code)] = kind
            declines[label.casefold()] = kind

        codes = self._codes | self._recoded.get(name, {})
        return _Cells(index, codes, declines)


def _is_keyed(block: ColumnBlock, variable: Variable) -> bool:
    """Return whether a column has what was keyed, beside one with the amount."""
    name = f"{block.id}{KEYED_SUFFIX}"
    if block.turn is not None:
        name += f"_{block.turn}"
    return variable.name == name
