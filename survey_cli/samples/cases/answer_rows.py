"""Answers in the columns of a data file: which columns belong to an item, and what their cells mean."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from survey_cli.entries import ExactText, PickReply, Reply
from survey_cli.instrument.compiled.compiler import RESERVED_CODES
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.answer_map import AnswerMap
from survey_cli.instrument.schema.items.coded import (
    MultipleItem,
    ScaleItem,
    SingleItem,
    find_option,
)
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.typed import NumberItem, TimeItem
from survey_cli.table.columns import build_blocks
from survey_cli.values import Cell, Code, Missing, Place, Variable, get_missing

UNASKED: Final = frozenset({"not_asked", "not_reached"})
_SECONDS: Final = re.compile(r"^(\d+:\d\d):00(\.0+)?$")
_OTHER_ROLES: Final = {("answer", True): "option", ("words", False): "mentions"}
"""What is read of a column, by its role and whether it stands for an option; by default its role."""


class GivenAnswer(NamedTuple):
    """What the cells of one place say: a reply, or a decline."""

    reply: Reply | None
    decline: str = ""
    code: Code | None = None
    """The code of a single answer that needs no words: it is the answer as it is."""

    def says(self, value: Cell | None) -> bool:
        """Return whether it is this value, which was drawn."""
        if isinstance(value, Missing):
            return self.decline == value.kind
        codes = (
            self.reply.codes if isinstance(self.reply, PickReply) else str(self.reply or "").split()
        )
        drawn = value if isinstance(value, tuple) else (value,)
        return {str(code) for code in codes} == {str(code) for code in drawn}


@dataclass(frozen=True, slots=True)
class _Cells:
    """One column: how its texts are read."""

    index: int
    codes: Mapping[str, str]
    """What a text means instead."""
    declines: Mapping[str, str]
    """The decline that a text means."""

    def read(self, row: Sequence[str]) -> str | Missing:
        """Return the text of the cell, or the decline that it means."""
        text = row[self.index].strip()
        if not text:
            return text
        text = self.codes.get(text, text)
        kind = self.declines.get(text.casefold())
        return text if kind is None else "" if kind in UNASKED else get_missing(kind)


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
    """What a text means, for those read so far; None where other columns matter too."""

    @property
    def first(self) -> int:
        """The column that a problem is reported at."""
        return self.answer.index if self.answer is not None else self.options[0][1].index

    def read(self, row: Sequence[str]) -> GivenAnswer | None:
        """Return the answer in a row; None where there is none."""
        if self.known is not None and self.answer is not None:
            text = row[self.answer.index]
            if text not in self.known:
                self.known[text] = self._read(row)
            return self.known[text]
        return self._read(row)

    def _read(self, row: Sequence[str]) -> GivenAnswer | None:
        words = {
            code: text
            for code, cells in self.words
            if (text := cells.read(row)) and isinstance(text, str)
        }
        if self.answer is None:
            return self._read_options(row, words)
        text = self.answer.read(row)
        if not text and self.state is not None:
            why = self.state.read(row)
            text = why if isinstance(why, Missing) else text
        if isinstance(text, Missing):
            return GivenAnswer(None, text.kind)
        if not text:
            return None
        if isinstance(self.item.question, MultipleItem):
            parts = text.replace(",", " ").replace(";", " ").split()
            return GivenAnswer(
                PickReply(tuple(self.codes.get(part.casefold(), part) for part in parts), words)
            )
        if self.codes:
            code = self.codes.get(text.casefold())
            code = code if code is not None else self.codes.get(text.removesuffix(".0"))
            if code is None:
                return GivenAnswer(ExactText(text))
            option = find_option(self.item.options, code)
            is_plain = (
                isinstance(self.item.question, SingleItem | ScaleItem)
                and option is not None
                and not option.specify
            )
            return GivenAnswer(
                PickReply((code,), words), code=code if is_plain and not words else None
            )
        if self.decimal_comma and isinstance(self.item.question, NumberItem):
            text = text.replace(",", ".")
        if isinstance(self.item.question, TimeItem):
            text = _SECONDS.sub(r"\1", text)
        return GivenAnswer(ExactText(text))

    def _read_options(self, row: Sequence[str], words: Mapping[Code, str]) -> GivenAnswer | None:
        texts = [(code, cells.read(row)) for code, cells in self.options]
        decline = next((text for _, text in texts if isinstance(text, Missing)), None)
        if isinstance(decline, Missing):
            return GivenAnswer(None, decline.kind)
        if not any(text for _, text in texts):
            why = self.state.read(row) if self.state is not None else None
            return GivenAnswer(None, why.kind) if isinstance(why, Missing) else None
        chosen = [
            code
            for code, text in texts
            if text not in ("", "0", "0.0", "false", "False", "Not mentioned")
        ]
        if (
            self.mentions is not None
            and isinstance(order := self.mentions.read(row), str)
            and order
        ):
            chosen = [self.codes.get(part.casefold(), part) for part in order.split()]
        return GivenAnswer(PickReply(tuple(chosen), words))


def find_answer_columns(
    instrument: Instrument, headings: Mapping[str, int], spec: AnswerMap, *, decimal_comma: bool
) -> dict[Place, PlaceColumns]:
    """Return the columns of each place of which the file has any. `headings` are positions by name in lower case."""
    shared = {str(code): str(answer) for code, answer in spec.codes.items()}
    columns = {str(name): str(column) for name, column in spec.columns.items()}
    recoded = {
        str(name): {str(code): str(to) for code, to in codes.items()}
        for name, codes in spec.recode.items()
    }
    study_codes = {str(decline.code): kind for kind, decline in instrument.declines.items()}
    study_codes |= {str(code): kind for kind, code in RESERVED_CODES.items()}
    kinds = {f".{kind}": kind for kind in (*instrument.declines, *UNASKED)}

    def find(variable: Variable, name: str = "") -> _Cells | None:
        name = name or variable.name
        index = headings.get(columns.get(name, name).casefold())
        if index is None:
            return None
        declines = {**kinds, **study_codes}
        if variable.storage != "text" or variable.labels or name.endswith("_state"):
            declines |= {kind: kind for kind in kinds.values()}
        for kind, (code, label) in variable.declines.items():
            declines |= {str(code): kind, label.casefold(): kind}
        return _Cells(index, shared | recoded.get(name, {}), declines)

    places = {}
    for block in build_blocks(instrument, instrument.language):
        if block.source != "item" or block.item is None:
            continue
        item = block.item
        by_role: dict[str, list[tuple[Any, _Cells]]] = {}
        for variable in block.variables:
            if (cells := find(variable)) is not None:
                kind = _OTHER_ROLES.get((variable.role, variable.option is not None), variable.role)
                by_role.setdefault(kind, []).append((variable.option, cells))
        answer = by_role.get("answer", [(None, None)])[0][1]
        if answer is None and isinstance(item.question, MultipleItem):
            name = item.id if block.turn is None else f"{item.id}_{block.turn}"
            answer = find(block.variables[0], name)
        options = by_role.get("option", ())
        if answer is None and not options:
            continue
        codes: dict[str, Code] = {}
        for option in item.options:
            codes.setdefault(str(option.label.get(instrument.language)).casefold(), option.code)
        codes |= {str(option.code).casefold(): option.code for option in item.options}
        first = block.variables[0]
        state = by_role.get("state", [(None, find(first, f"{first.name}_state"))])[0][1]
        mentions = by_role.get("mentions", [(None, None)])[0][1]
        places[Place(item.id, block.turn)] = PlaceColumns(
            *(
                item,
                answer,
                options,
                state,
                mentions,
                by_role.get("words", ()),
                codes,
                decimal_comma,
            ),
            known={} if codes and not (options or state or by_role.get("words")) else None,
        )
    return places
