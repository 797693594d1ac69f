"""Codes of a form: how they are written in the questionnaire, and which of them are declines."""

import re
from collections import Counter
from itertools import chain, count
from typing import Any, Final

from survey_cli.conversion.conversion_log import ConversionLog
from survey_cli.conversion.model.forms import FormChoice, FormQuestion, FormSplit
from survey_cli.conversion.questionnaire.condition_parts import quote
from survey_cli.conversion.questionnaire.conditions import Translator
from survey_cli.conversion.questionnaire.fills import convert_pieces
from survey_cli.conversion.questionnaire.sentinels import Sentinel, find_sentinels
from survey_cli.conversion.questionnaire.texts import FormText, TextConverter
from survey_cli.instrument.compiled.compiler import RESERVED_CODES
from survey_cli.wording import join_words

USUAL_DECLINES: Final = {"dk": -8, "refused": -9}
"""The codes of declines in a questionnaire that says nothing about them."""

_WHOLE: Final = re.compile(r"0|-?[1-9]\d{0,8}")
_DECLINE_CODE: Final = re.compile(r"-\d+|[789]\d?|\d{3,4}|[A-Za-z]\w*")
"""Codes that are usual for non-answers. Another code may be the outcome of a call."""
_OTHER_CODE: Final = 96
"""The least code of "other, specify" that has none in the form."""


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
        self.sentinels: dict[FormQuestion, list[Sentinel]] = {}
        """The codes that a number has outside its range, by the question."""

        self.multiple_lists = {
            question.choices
            for question in self.form.iterate_questions()
            if question.answer == "codes"
        }
        """Lists that a question with several answers uses."""

    def map_all(self) -> None:
        """Decide how all codes are written, and which are declines."""
        questions = list(self.form.iterate_questions())
        self.sentinels = {question: find_sentinels(self.form, question) for question in questions}
        self._choose_decline_codes(questions)
        self._name_sentinels()
        for question in questions:
            self._map_codes(question)
        for item in self.form.root.iterate_items():
            if isinstance(item, FormSplit):
                self.translator.codes[item.id] = {arm: quote(arm) for arm in item.arms}

    def find_declines(self, question: FormQuestion) -> dict[str, str]:
        """Return the declines that codes of a question stand for, by the codes."""
        if question.answer != "number":
            return find_declines(list_choices(question))

        sentinels = self.sentinels[question]
        return {str(sentinel.code): sentinel.kind for sentinel in sentinels if sentinel.kind}

    def _choose_decline_codes(self, questions: list[FormQuestion]) -> None:
        """Give each decline the negative code that most questions use for it."""
        uses: Counter[tuple[str, str]] = Counter()
        for question in questions:
            for code, kind in self.find_declines(question).items():
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
            choice = sentinel.choice
            return self.texts.convert(choice.texts, choice.code, is_choice=True)
        if sentinel.text:
            text, _lost = convert_pieces(self.translator, (sentinel.text,))
            return text
        return f"Code {sentinel.code}" if sentinel.kind else str(sentinel.code)

    def _map_codes(self, question: FormQuestion) -> None:
        """Decide how the codes of a question are written in the questionnaire."""
        declines = self.find_declines(question)
        choices = [choice for choice in list_choices(question) if choice.code not in declines]
        named = [choice for choice in choices if not choice.asks_for_words]
        # If every choice asks for words, none of them is "other".
        codes = [choice.code for choice in named or choices]
        are_whole = all(_WHOLE.fullmatch(code) for code in codes)

        if are_whole:
            written = {code: code for code in codes}
        else:
            written = _number_codes([choice.code for choice in choices])
            self.translator.worded.add(question.id)
            self._note_numbers(question, written)
        for choice in choices:
            if choice.code not in written:
                written[choice.code] = _write_other_code(choice.code, codes)
        if question.choices in self.multiple_lists:
            written = _remove_signs(written)
        self.translator.codes[question.id] = written | declines

    def _note_numbers(self, question: FormQuestion, written: dict[str, str]) -> None:
        """Note which numbers stand for codes that are words, which can't be keyed."""
        pairs = [f"{number} = {code}" for code, number in written.items()]
        note = f"codes that are words got numbers: {join_words(pairs, most=12)}"
        self.log.note(question, self.form.words.type, note)

    def build_declines(self) -> dict[str, Any] | None:
        """Build `declines` of the questionnaire; None if they are the usual ones."""
        reserved = self._move_reserved_codes()
        if self.declines == USUAL_DECLINES and not reserved:
            return None

        texts: dict[str, FormText] = {"dk": "Don't know", "refused": "Refused"}
        texts |= self.decline_texts
        for choice_list in self.form.list_choice_lists():
            for choice in choice_list.choices:
                if choice.decline:
                    text = self.texts.convert(choice.texts, choice.code, is_choice=True)
                    texts[choice.decline] = text

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

    def list_declines(self, item: FormQuestion) -> dict[str, Any]:
        """Return the key `declines` of a question, or nothing if every decline is permitted."""
        is_required = item.required == "yes"
        if item.required == "condition":
            note = "a condition: don't know and refused are always permitted"
            self.log.note(item, self.form.words.required, note)

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


def _remove_signs(written: dict[str, str]) -> dict[str, str]:
    """Return codes without their signs.

    With several answers, a code is part of the name of a column, which can't contain a sign. -1
    becomes 1, or if another choice has that code, the first number after all codes.
    """
    taken = set(written.values())
    free = max((abs(int(code)) for code in taken), default=0) + 1
    unsigned: dict[str, str] = {}
    for code, number in written.items():
        plain = number.removeprefix("-")
        if plain != number and plain in taken:
            plain = str(free)
            free += 1
        taken.add(plain)
        unsigned[code] = plain
    return unsigned


def _number_codes(codes: list[str]) -> dict[str, str]:
    """Give numbers from 1 to codes of which some are words; those that are numbers keep theirs."""
    written: dict[str, str] = {}
    taken = {code for code in codes if _WHOLE.fullmatch(code)}
    number = 0
    for code in codes:
        if code in written:
            continue
        if code in taken:
            written[code] = code
            continue
        number += 1
        while str(number) in taken:
            number += 1
        written[code] = str(number)
    return written


def _write_other_code(code: str, codes: list[str]) -> str:
    """Return the code of "other, specify": its own if it is a number, otherwise the first free."""
    if _WHOLE.fullmatch(code):
        return code
    numbers = [int(other) + 1 for other in codes]
    return str(max([_OTHER_CODE, *numbers]))


def list_choices(question: FormQuestion) -> list[FormChoice]:
    """Return the choices of a question."""
    return [] if question.choices is None else question.choices.choices


def find_declines(choices: list[FormChoice]) -> dict[str, str]:
    """Return dk or refused by the codes of the choices that mean it.

    It is empty if the codes or their number make it likely that the choices are answers, as in a
    list of the outcomes of calls.
    """
    found = {choice.code: choice.decline for choice in choices if choice.decline}

    are_usual = all(_DECLINE_CODE.fullmatch(code) for code in found)
    has_answers = len(found) < len(choices)
    are_different = len(set(found.values())) == len(found)
    if are_usual and has_answers and are_different:
        return found
    return {}
