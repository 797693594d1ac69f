"""Codes of a form: how they are written in the questionnaire, and which of them are declines."""

import re
from collections import Counter
from itertools import chain, count
from typing import Any, Final

from survey_cli.conversion.calculations import convert_text
from survey_cli.conversion.conditions import Translator
from survey_cli.conversion.form import SheetItem
from survey_cli.conversion.form_texts import FormText, TextConverter
from survey_cli.conversion.loss_report import ConversionLog
from survey_cli.conversion.sentinels import Sentinel, find_sentinels
from survey_cli.instrument.compiled.compiler import RESERVED_CODES

USUAL_DECLINES: Final = {"dk": -8, "refused": -9}
"""The codes of declines in a questionnaire that says nothing about them."""

_WHOLE: Final = re.compile(r"0|-?[1-9]\d*")


class FormCodes:
    """The codes and the declines of one form. `translator.codes` receives the codes."""

    def __init__(self, translator: Translator, texts: TextConverter, log: ConversionLog) -> None:
        self.form = translator.form
        self.translator = translator
        self.texts = texts
        self.log = log
        self.declines = dict(USUAL_DECLINES)
        """The codes of all declines by their ids."""
        self.decline_texts: dict[str, FormText] = {}
        """The texts of declines that are neither don't know nor refused."""
        self.sentinels: dict[int, list[Sentinel]] = {}
        """The codes that a number has outside its range, by its row."""

        items = self.form.root.iterate_items()
        self.multiple_lists = {item.list_name for item in items if item.kind == "codes"}
        """Lists that a question with several answers uses."""

    def map_all(self, items: list[SheetItem]) -> None:
        """Decide how all codes are written, and which are declines."""
        self.sentinels = {item.row.number: find_sentinels(self.form, item) for item in items}
        self._choose_decline_codes(items)
        self._name_sentinels()
        for item in items:
            self._map_codes(item)

    def find_declines(self, item: SheetItem) -> dict[str, str]:
        """Return the declines that codes of a question stand for, by the codes."""
        if item.kind != "number":
            return self.form.find_declines(item)

        sentinels = self.sentinels[item.row.number]
        return {str(sentinel.code): sentinel.kind for sentinel in sentinels if sentinel.kind}

    def _choose_decline_codes(self, items: list[SheetItem]) -> None:
        """Give each decline the negative code that most questions use for it."""
        uses: Counter[tuple[str, str]] = Counter()
        for item in items:
            for code, kind in self.find_declines(item).items():
                if code.startswith("-"):
                    uses[code, kind] += 1

        for (code, kind), _number in reversed(uses.most_common()):  # the most common comes last
            self.declines[kind] = int(code)

    def _name_sentinels(self) -> None:
        """Add the declines that are neither don't know nor refused: one for each code."""
        for sentinel in chain.from_iterable(self.sentinels.values()):
            kind = sentinel.kind
            if kind and kind not in USUAL_DECLINES and kind not in self.decline_texts:
                self.declines[kind] = sentinel.code
                self.decline_texts[kind] = self.get_sentinel_text(sentinel)

    def get_sentinel_text(self, sentinel: Sentinel) -> FormText:
        """Return what the form calls a code, or else the code.

        The text is in all languages if the code is a choice of another question.
        """
        if sentinel.choice is not None:
            return self.texts.get_text(sentinel.choice.row, "choices", "label")
        if sentinel.text:
            text, _lost = convert_text(self.translator, sentinel.text)
            return text
        return f"Code {sentinel.code}" if sentinel.kind else str(sentinel.code)

    def _map_codes(self, item: SheetItem) -> None:
        """Decide how the codes of a question are written in the questionnaire."""
        declines = self.find_declines(item)
        choices = self.form.lists.get(item.list_name, ())
        names = [choice.code for choice in choices if choice.code not in declines]
        are_whole = all(_WHOLE.fullmatch(name) for name in names)
        is_multiple = item.list_name in self.multiple_lists

        if are_whole and is_multiple:
            codes = {name: _remove_sign(name, names) for name in names}
        elif are_whole:
            codes = {name: name for name in names}
        else:
            codes = {name: _write_text_code(name, is_multiple=is_multiple) for name in names}

        if item.or_other:
            if are_whole and names:
                after_last = max(int(name) + 1 for name in names)
                codes["other"] = str(max(96, after_last))
            else:
                codes["other"] = "'other'"
        self.translator.codes[item.id] = codes | declines

        if item.kind in ("code", "codes") and not names:
            reason = f"the choices of {item.row.get('type')} are not in the form"
            if item.kind == "code":
                item.kind = "text"
                self.log.lose(item, "type", reason)
            else:
                # One answer can be asked as a text. Several can't: the question is left out.
                item.kind = "media"
                item.unusable = reason

    def build_declines(self) -> dict[str, Any] | None:
        """Build `declines` of the questionnaire; None if they are the usual ones."""
        reserved = self._move_reserved_codes()
        if self.declines == USUAL_DECLINES and not reserved:
            return None

        texts: dict[str, FormText] = {"dk": "Don't know", "refused": "Refused"}
        texts |= self.decline_texts
        for choice in chain.from_iterable(self.form.lists.values()):
            if choice.decline:
                texts[choice.decline] = self.texts.get_text(choice.row, "choices", "label")

        declines: dict[str, dict[str, Any]] = {}
        for kind, code in self.declines.items():
            declines[kind] = {"code": code, "text": texts[kind]}
            if kind in USUAL_DECLINES:
                declines[kind]["key"] = kind[0]
        return declines | reserved

    def _move_reserved_codes(self) -> dict[str, dict[str, Any]]:
        """Give other codes to not asked and not reached if the form uses theirs."""
        used = {code for codes in self.translator.codes.values() for code in codes.values()}
        for sentinel in chain.from_iterable(self.sentinels.values()):
            used.add(str(sentinel.code))

        moved: dict[str, dict[str, Any]] = {}
        for kind, code in RESERVED_CODES.items():
            if str(code) not in used:
                continue
            # -6 becomes -96, or if that is used, -196 and so on.
            for free in count(code - 90, -100):
                if str(free) not in used:
                    text = kind.replace("_", " ").capitalize()
                    moved[kind] = {"code": free, "text": text}
                    break
        return moved

    def list_declines(self, item: SheetItem) -> dict[str, Any]:
        """Return the key `declines` of a question, or nothing if every decline is permitted."""
        is_required = item.is_required()
        if "$" in item.row.get("required"):
            note = "a condition: don't know and refused are always permitted"
            self.log.note(item, "required", note)

        own: dict[str, int] = {}
        for code, kind in self.find_declines(item).items():
            own[kind] = int(code) if re.fullmatch(r"-?\d+", code) else self.declines[kind]

        # An answer may have the code that a decline has elsewhere.
        usual = {kind: self.declines[kind] for kind in USUAL_DECLINES}
        answers = self.translator.codes[item.id].values()
        if any(str(code) in answers for code in usual.values()):
            return {"declines": [] if is_required else dict(USUAL_DECLINES)}

        offered = own if is_required else usual | own
        if offered == self.declines:
            return {}
        if all(self.declines[kind] == code for kind, code in offered.items()):
            return {"declines": list(offered)}
        return {"declines": offered}


def _remove_sign(name: str, names: list[str]) -> str:
    """Return a code without its sign, unless another choice has that code.

    With several answers, a code is part of the name of a column, which can't contain a sign.
    """
    unsigned = name.removeprefix("-")
    if unsigned != name and unsigned in names:
        return name
    return unsigned


def _write_text_code(name: str, *, is_multiple: bool) -> str:
    """Write the name of a choice as a code in quotes.

    With several answers a code is part of the name of a column, so it has letters and digits.
    """
    unusable = r"[^A-Za-z0-9]+" if is_multiple else r"[^!-~]+"
    return f"'{re.sub(unusable, '_', name)[:32]}'"
