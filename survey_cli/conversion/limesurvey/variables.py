"""Variables of expressions: an answer, a choice, a position of a ranking.

A question has one variable, or one for each of its parts: `media_tv` is `Y` if the choice `tv` of
`media` is checked, and `trust_a` is the answer in the row `a` of an array. Conditions of the old
kind, and expressions that were made of them, have ids instead: `12X3X45tv`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from survey_cli.conversion.limesurvey.question_types import (
    CODE_TABLES,
    FIXED_CHOICES,
    MULTIPLE_TYPES,
    NUMBER_TABLES,
    OTHER_CHOICE,
    OTHER_IN_MULTIPLE,
    SINGLE_TYPES,
    TEXT_TABLES,
    get_fixed_word,
    list_choice_codes,
)
from survey_cli.conversion.limesurvey.records import QuestionRecord, SurveyRecords

_FIELD: Final = re.compile(r"\d+X\d+X(?P<question>\d+)(?P<part>\w*(?:#[01])?)")
_NEW_FIELD: Final = re.compile(
    r"Q(?P<question>\d+)(?P<parts>(?:_S\d+)*)(?:_C(?P<word>other|comment))?(?:#(?P<scale>[01]))?"
)
"""A field since version 7: `Q12_S34` is subquestion 34 of question 12."""
_RANDOM: Final = re.compile(
    r"""\{\s*(?:if\(\s*is_empty\(\s*(?P<name>\w+)(?:\.NAOK)?\s*\)\s*,\s*)?
        rand\(\s*(?P<least>\d{1,4})\s*,\s*(?P<most>\d{1,4})\s*\)
        (?:\s*,\s*(?P=name)(?:\.NAOK)?\s*\))?\s*\}""",
    re.VERBOSE,
)
_MAX_RANDOM: Final = 25
"""So many numbers can be drawn at most, because each is an arm of a split."""
_ALWAYS: Final = ("", "1")
"""A relevance that is always true. A question without one is shown."""


class VariableKind(Enum):
    """What a variable holds."""

    ANSWER = "the answer to a question"
    CHOICE = "Y if a choice is checked, otherwise empty"
    CELL = "1 if a cell of an array is checked, otherwise empty"
    WORDS = "the words typed for a choice"
    RANK = "the code of the choice at a position of a ranking"
    CALCULATION = "the value of an equation"
    RANDOM = "a random whole number, which an equation draws once"


@dataclass(frozen=True)
class SurveyVariable:
    """A variable."""

    name: str
    kind: VariableKind
    item: str
    """The name of the item in the form that has the answer."""
    code: str = ""
    """The code of a choice; the number of a position."""
    codes: tuple[str, ...] = ()
    """The codes that an answer can have; empty for numbers and texts."""
    labels: tuple[str, ...] = ()
    """Their texts in the first language; of a choice, its own."""
    is_number: bool = False
    is_date: bool = False
    has_points: bool = False
    """Its `.value` is the points of the answer, which are 0 in a survey without assessment."""
    can_be_hidden: bool = False
    """Its question has a condition, or the group or the part has one."""


@dataclass
class VariableTable:
    """The variables of a survey."""

    by_name: dict[str, SurveyVariable] = field(default_factory=dict)
    of_question: dict[str, list[str]] = field(default_factory=dict)
    """The names of the variables of each question, by its code."""
    codes_of_ids: dict[str, str] = field(default_factory=dict)
    """The codes of questions by their ids."""
    parts_of_ids: dict[str, str] = field(default_factory=dict)
    """The codes of subquestions by their ids."""
    repeated: set[str] = field(default_factory=set)
    """Codes that several questions have."""

    def find(self, name: str) -> SurveyVariable | None:
        """Return a variable by its name, or by the ids of the survey, group and question."""
        if name in self.by_name:
            return self.by_name[name]
        match = _FIELD.fullmatch(name)
        if match is None:
            return self._find_new_field(name)

        # The code of a part can begin with digits: 1X2X345 is question 345, or part 5 of 34.
        digits = match["question"]
        for length in range(len(digits), 0, -1):
            code = self.codes_of_ids.get(digits[:length])
            part = (digits[length:] + match["part"]).replace("#", "_")
            if code is None:
                continue
            for candidate in (code + part, f"{code}_{part}"):
                if candidate in self.by_name:
                    return self.by_name[candidate]
        return None

    def _find_new_field(self, name: str) -> SurveyVariable | None:
        match = _NEW_FIELD.fullmatch(name)
        if match is None or match["question"] not in self.codes_of_ids:
            return None
        parts = re.findall(r"_S(\d{1,9})", match["parts"])
        words = [self.codes_of_ids[match["question"]]]
        words += [self.parts_of_ids.get(part, "") for part in parts]
        words += [word for word in (match["word"], match["scale"]) if word]
        return self.by_name.get("_".join(words))

    def list_parts(self, code: str) -> list[SurveyVariable]:
        """Return the variables of a question."""
        return [self.by_name[name] for name in self.of_question.get(code, [])]


def build_variables(records: SurveyRecords) -> VariableTable:
    """Return the variables of all questions; of several with one code, those of the first."""
    table = VariableTable()
    for group in records.groups:
        in_hidden_group = group.relevance not in _ALWAYS
        for question in group.questions:
            table.codes_of_ids[question.id] = question.code
            for part in question.subquestions:
                table.parts_of_ids[part.id] = part.code
            if question.code in table.of_question:
                table.repeated.add(question.code)
                continue
            can_be_hidden = in_hidden_group or question.relevance not in _ALWAYS
            first = records.languages[0] if records.languages else ""
            variables = list(_iterate_variables(question, first, can_be_hidden=can_be_hidden))
            table.of_question[question.code] = [variable.name for variable in variables]
            for variable in variables:
                table.by_name.setdefault(variable.name, variable)

    conditional = {condition.question for condition in records.conditions}
    for question_id in conditional & table.codes_of_ids.keys():
        for variable in table.list_parts(table.codes_of_ids[question_id]):
            table.by_name[variable.name] = replace(variable, can_be_hidden=True)
    return table


def _iterate_variables(
    question: QuestionRecord, language: str, *, can_be_hidden: bool
) -> Iterator[SurveyVariable]:
    code = question.code
    codes, labels = _list_codes(question, language)
    filters = ("array_filter", "array_filter_exclude")
    is_filtered = any(question.get_attribute(name) for name in filters)
    has_points = question.type not in FIXED_CHOICES

    match question.type:
        case "*":
            drawn = find_random_numbers(question)
            kind = VariableKind.RANDOM if drawn else VariableKind.CALCULATION
            yield SurveyVariable(code, kind, code, codes=drawn, can_be_hidden=can_be_hidden)
        case "R":
            for position in range(1, len(question.answers or question.subquestions) + 1):
                yield SurveyVariable(
                    f"{code}_{position}",
                    VariableKind.RANK,
                    code,
                    str(position),
                    has_points=True,
                    can_be_hidden=can_be_hidden,
                )
        case type_ if type_ in MULTIPLE_TYPES:
            for part in question.list_parts():
                name = f"{code}_{part.code}"
                yield SurveyVariable(
                    name,
                    VariableKind.CHOICE,
                    code,
                    part.code,
                    labels=(part.texts.get(language, "").strip(),),
                    can_be_hidden=can_be_hidden,
                )
                if type_ == "P":
                    yield SurveyVariable(f"{name}comment", VariableKind.WORDS, code, part.code)
            if question.has_other:
                name = f"{code}_{OTHER_IN_MULTIPLE}"
                # The variable has the words, and is empty if the choice isn't checked.
                yield SurveyVariable(name, VariableKind.WORDS, code, OTHER_IN_MULTIPLE)
        case type_ if type_ in SINGLE_TYPES:
            yield SurveyVariable(
                code,
                VariableKind.ANSWER,
                code,
                codes=codes,
                labels=labels,
                has_points=has_points,
                can_be_hidden=can_be_hidden,
            )
            if question.has_other and type_ in ("L", "!"):
                yield SurveyVariable(f"{code}_other", VariableKind.WORDS, code, OTHER_CHOICE)
            if type_ == "O":
                name = f"{code}_comment"
                yield SurveyVariable(name, VariableKind.ANSWER, name, can_be_hidden=can_be_hidden)
        case type_ if type_ in (*CODE_TABLES, *NUMBER_TABLES, *TEXT_TABLES, "1"):
            yield from _iterate_table(
                question, codes, labels, can_be_hidden=can_be_hidden, is_filtered=is_filtered
            )
        case type_:
            is_number = type_ == "N" or question.is_set("numbers_only")
            yield SurveyVariable(
                code,
                VariableKind.ANSWER,
                code,
                is_number=is_number,
                is_date=type_ == "D",
                can_be_hidden=can_be_hidden,
            )


def _iterate_table(
    question: QuestionRecord,
    codes: tuple[str, ...],
    labels: tuple[str, ...],
    *,
    can_be_hidden: bool,
    is_filtered: bool,
) -> Iterator[SurveyVariable]:
    """Yield the variables of an array, or of several fields, each of which is an item."""
    columns = question.list_parts("1")
    is_checked = question.type == ":" and question.is_set("multiflexible_checkbox")
    is_number = question.type in NUMBER_TABLES or question.is_set("numbers_only")
    for row in question.list_parts():
        hides = can_be_hidden or is_filtered or row.relevance not in _ALWAYS
        name = f"{question.code}_{row.code}"
        match question.type:
            case "1":
                for scale in ("0", "1"):
                    answers = question.list_answers(scale)
                    scale_codes = tuple(answer.code for answer in answers)
                    yield SurveyVariable(
                        f"{name}_{scale}",
                        VariableKind.ANSWER,
                        f"{name}_{scale}",
                        codes=scale_codes,
                        has_points=True,
                        can_be_hidden=hides,
                    )
            case ":" | ";":
                for column in columns:
                    cell = f"{name}_{column.code}"
                    if is_checked:
                        yield SurveyVariable(
                            cell, VariableKind.CELL, name, column.code, can_be_hidden=hides
                        )
                    else:
                        yield SurveyVariable(
                            cell,
                            VariableKind.ANSWER,
                            cell,
                            is_number=is_number,
                            can_be_hidden=hides,
                        )
            case _:
                yield SurveyVariable(
                    name,
                    VariableKind.ANSWER,
                    name,
                    codes=codes,
                    labels=labels,
                    is_number=is_number,
                    has_points=question.type in ("F", "H"),
                    can_be_hidden=hides,
                )


def _list_codes(question: QuestionRecord, language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the codes of the answers to a question, and their texts in the first language."""
    codes = list_choice_codes(question)
    if question.type in FIXED_CHOICES:
        words = tuple(get_fixed_word(question.type, code, language) for code in codes)
        return codes, words

    answers = question.list_answers()
    texts = tuple(answer.texts.get(language, "").strip() for answer in answers)
    return codes, texts


def find_random_numbers(question: QuestionRecord) -> tuple[str, ...]:
    """Return the whole numbers of which an equation draws one at random; empty for others.

    `rand(1, 2)` alone draws again on every page, so that `if(is_empty(q), rand(1, 2), q)` is usual.
    """
    script = question.get_attribute("equation") or next(iter(question.texts.values()), "")
    match = _RANDOM.fullmatch(script.strip())
    if match is None or match["name"] not in (None, question.code):
        return ()
    least = int(match["least"])
    most = int(match["most"])
    if not least < most <= least + _MAX_RANDOM:
        return ()
    return tuple(str(number) for number in range(least, most + 1))


def list_filter_sources(attributes: Mapping[str, str]) -> list[str]:
    """Return the codes of the questions that array filters name."""
    names: list[str] = []
    for value in attributes.values():
        names += [name.strip() for name in re.split(r"[;,]", value) if name.strip()]
    return names
