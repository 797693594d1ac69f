"""Texts of a survey in all its languages, with the values that are piped into them."""

import re
from collections.abc import Mapping
from typing import Final

from survey_cli.conversion.model.expressions import (
    NO_VALUE,
    AnswerOf,
    Constant,
    Expression,
    FunctionCall,
    Unsupported,
)
from survey_cli.conversion.model.forms import Fill, Origin, TextPieces, Texts
from survey_cli.conversion.qualtrics.asked_questions import AskedQuestion, AskedQuestions
from survey_cli.conversion.qualtrics.embedded_data import EmbeddedFields
from survey_cli.conversion.qualtrics.logic import Locator, read_locator
from survey_cli.conversion.qualtrics.survey_file import JsonObject, get_mapping, get_text

_PIPE: Final = re.compile(r"\$(?P<math>e)?\{\s*(?P<inside>[^{}]*)\}")
_LINE_BREAK: Final = re.compile(r"(?i)<br\s*/?>")
_MEDIA: Final = re.compile(r"(?i)<(img|video|audio|iframe|embed|object)\b")


class TextReader:
    """Reads texts at one point of the flow."""

    def __init__(
        self, languages: Mapping[str, str], asked: AskedQuestions, fields: EmbeddedFields
    ) -> None:
        self._languages = languages
        self._asked = asked
        self._fields = fields

    def read(self, payload: JsonObject, path: tuple[str, ...], origin: Origin) -> Texts:
        """Return a text of a question, such as `("Choices", "3", "Display")`."""
        is_choice = path[0] != "QuestionText"
        by_language: dict[str, TextPieces] = {}
        translations = get_mapping(payload.get("Language"))
        for number, (name, code) in enumerate(self._languages.items()):
            source = payload if number == 0 else get_mapping(translations.get(name))
            text = _follow(source, path)
            if is_choice:
                text = _LINE_BREAK.sub(" ", text)  # `1<br>Not at all` is one line of a list
            if text:
                by_language.setdefault(code, self.split(text))
        return Texts(by_language, origin)

    def make(self, text: str, origin: Origin) -> Texts:
        """Return a text in the first language."""
        if not text:
            return Texts({}, origin)
        first = next(iter(self._languages.values()))
        return Texts({first: self.split(text)}, origin)

    def split(self, text: str) -> TextPieces:
        """Return a text as its words and the values that are filled in."""
        pieces: list[str | Fill] = []
        end = 0
        for match in _PIPE.finditer(text):
            pieces.append(text[end : match.start()])
            if match["math"]:
                value: Expression = Unsupported("a calculation within a text")
            else:
                value = self.read_pipe(match["inside"])
            pieces.append(_make_piece(match[0], value))
            end = match.end()
        pieces.append(text[end:])
        return tuple(piece for piece in pieces if piece != "")

    def read_value(self, text: str) -> Expression:
        """Return the value of embedded data or of a default: a text, or what is piped into it."""
        values: list[Expression] = []
        for piece in self.split(text):
            if isinstance(piece, Fill):
                values.append(piece.value)
            else:
                values.append(Constant(piece))
        match values:
            case []:
                return NO_VALUE
            case [only]:
                return only
        return FunctionCall("concat", tuple(values))

    def read_pipe(self, inside: str) -> Expression:
        """Return the value of `q://QID1/ChoiceGroup/SelectedChoices`, or `e://Field/age`."""
        scheme, _, path = inside.partition("://")
        match scheme:
            case "q":
                return self._read_answer(inside)
            case "e" | "m" | "p":
                return self._fields.read(path.removeprefix("Field/"))
            case "lm":
                return self._read_loop_field(path.removeprefix("Field/"))
            case "loc":
                return self._fields.read_place(path)
            case "date":
                return FunctionCall("today")
        return Unsupported(f"{inside} is known to Qualtrics only")

    def _read_loop_field(self, number: str) -> Expression:
        loop = self._asked.loop
        if number in loop.fields:
            return Constant(loop.fields[number])
        if loop.is_roster and number == "1":
            return FunctionCall("each")
        if loop.is_roster and number in ("CurrentLoopNumber", "CurrentLoop"):
            return FunctionCall("turn")
        return Unsupported(f"the field {number} of the loop is not in the survey")

    def _read_answer(self, inside: str) -> Expression:
        locator = read_locator(inside)
        if locator is None:
            return Unsupported(f"{inside} is not understood")

        def build(asked: AskedQuestion) -> Expression:
            return _build_answer(asked, locator)

        return self._asked.resolve(locator.question, build, if_never=NO_VALUE, loop=locator.loop)


def _build_answer(asked: AskedQuestion, locator: Locator) -> Expression:
    """Return what is piped from a question."""
    match locator.selector, locator.arguments:
        case "QuestionText" | "QuestionDescription", ():
            return _make_words(asked, ("QuestionText",))
        case "ChoiceDescription", (choice,):
            return _make_words(asked, ("Choices", choice, "Display"))
        case "AnswerDescription", (answer,):
            return _make_words(asked, ("Answers", answer, "Display"))
        case "ChoiceGroup", ("SelectedChoices" | "SelectedChoicesTextEntry",) if asked.only_item:
            return FunctionCall("label", (AnswerOf(asked.only_item),))
        case "ChoiceGroup", ("SelectedAnswers", row) if row in asked.items:
            return FunctionCall("label", (AnswerOf(asked.items[row]),))
        case (("ChoiceTextEntryValue" | "ChoiceNumericEntryValue"), arguments):
            name = asked.items.get("/".join(arguments))
            if name is None and asked.answer in ("text", "number", "date", "time"):
                name = asked.only_item
            if name:
                return AnswerOf(name)
            return Unsupported("the words of a choice with a text can't be filled in")
    return Unsupported(f"{'/'.join((locator.selector, *locator.arguments))} has no counterpart")


def _make_words(asked: AskedQuestion, path: tuple[str, ...]) -> Expression:
    words = _follow(asked.payload, path)
    return Constant(words) if words else NO_VALUE


def _make_piece(source: str, value: Expression) -> str | Fill:
    """Return a value to be filled in; what is known already is a part of the text."""
    match value:
        case Constant(str(words)):
            return words
        case _:
            return Fill(source, value)


def _follow(payload: JsonObject, path: tuple[str, ...]) -> str:
    """Return the text at the end of a path; empty if there isn't one."""
    value: object = payload
    for key in path:
        value = get_mapping(value).get(key)
    return get_text(value)


def has_media(text: str) -> bool:
    """Return whether a text shows a picture, or plays something."""
    return _MEDIA.search(text) is not None
