"""The language reference: item types, keys, functions, fills and outcomes, from the docstrings that define them.

It returns values only; the output is formatted elsewhere.
"""

import inspect
import re
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Final, ForwardRef, Literal, Union, get_args, get_origin

from json_schema import iterate_models, read_field_docstrings

from survey_cli.instrument.expressions.functions import FUNCTIONS
from survey_cli.instrument.schema.items.groups import ITEM_TYPES
from survey_cli.instrument.schema.items.question import QuestionItem
from survey_cli.instrument.schema.options import SpecModel
from survey_cli.instrument.source.scalars import Text
from survey_cli.outcomes import LOST, OUTCOMES, Outcome
from survey_cli.services.questionnaire.word_lookup import KeyReference, ReferenceEntry
from survey_cli.wording import join_words

MAX_LISTED_KEYS: Final = 12
"""The most keys that are listed in a phrase."""

FUNCTION_MEANINGS: Final[Mapping[str, str]] = {
    "answered": "True if the item has an answer. An option with `missing: true` is an answer.",
    "dk": "True if the answer was don't know.",
    "refused": "True if the answer was refused.",
    "declined": "True if the answer was don't know, refused or another decline.",
    "keyed": "The number or code that was keyed: 88 for an option that counts as 0 with `value: 0`.",
    "count": "The number of conditions that are true, or of options that are chosen in a `multiple`.",
    "sum": "The sum of the numbers; missing if one of them is missing.",
    "mean": "The mean of the numbers; missing if one of them is missing.",
    "sum_answered": "The sum of the numbers that were answered.",
    "mean_answered": "The mean of the numbers that were answered.",
    "min": "The smallest of the values; missing if one of them is missing.",
    "max": "The largest of the values; missing if one of them is missing.",
    "min_answered": "The smallest of the values that were answered.",
    "max_answered": "The largest of the values that were answered.",
    "first_answered": "The first of the values that has an answer. The last one can be a constant.",
    "default": "The value; if it is not asked, the second one. Further arguments name more kinds of missing values "
    "that are replaced: `dk`, `refused`, another decline, `no_amount` (an answer without an amount), or `not_reached`.",
    "round": "The number rounded to a whole number, or to a number of digits. Halves are rounded away from zero.",
    "length": "The number of characters of a text.",
    "years_between": "The number of whole years from the first date to the second, such as an age.",
    "contains": "True if the text contains the other one, in capitals or not, also as a part of a word.",
    "first": "The code that was mentioned first in a `multiple` with `mentions: ordered`; missing if none was.",
    "rank": "The position of a code in the order of mention, from 1; missing if it was not mentioned.",
    "elapsed": "The minutes of interviewing so far, without the time between two sessions. Only in `ask_if` and "
    "`unless`. The minutes at which the interview first comes there count, also after corrections.",
    "months_between": "The number of whole months from the first date to the second.",
    "days_between": "The number of days from the first date to the second.",
    "today": "The date on which the interview began, in the respondent's time zone.",
}

FILL_MEANINGS: Final[Mapping[str, str]] = {
    "interviewer": "The name of the interviewer.",
    "daypart": "Morning, afternoon or evening, by the respondent's time. The key `dayparts` defines other words.",
    "today": "The date on which the interview began; `{today:%A %d %B}` in another format.",
    "case": "The key of the case.",
    "turn": "In a roster, the number of the turn: `{turn:ordinal}` is second, `{turn:words}` two.",
    "each": "In a roster with `each`, the text of the turn's option.",
    "options": "The options that are read aloud, in the order drawn, joined with *or* in the text's language.",
    "statement": "In the text of a battery, the statement that is asked.",
}

_QUESTIONS: Final = {name for name, model in ITEM_TYPES.items() if issubclass(model, QuestionItem)}


def list_entries() -> tuple[ReferenceEntry, ...]:
    """List every word of the language, by kind; a key once for each of its meanings."""
    return (
        *_iterate_item_types(),
        *_iterate_keys(),
        *_iterate_functions(),
        *_iterate_fills(),
        *_iterate_outcomes(),
    )


def _iterate_item_types() -> Iterator[ReferenceEntry]:
    for name, model in ITEM_TYPES.items():
        own_keys = {"id", "text", *inspect.get_annotations(model)}
        keys = sorted(
            (key for key in model.model_fields if key != "type"), key=lambda key: key != "id"
        )
        shared_keys = [
            key for key in keys if key in QuestionItem.model_fields and key not in own_keys
        ]
        yield ReferenceEntry(
            word=name,
            kind="item type",
            meaning=read_docstring(model),
            keys=tuple(describe_key(model, key) for key in keys if key not in shared_keys),
            shared_keys=tuple(model.model_fields[key].alias or key for key in shared_keys),
        )


def _iterate_keys() -> Iterator[ReferenceEntry]:
    meanings: dict[tuple[str, str, str], list[str]] = {}
    for part, model in iterate_models():
        for name in model.model_fields:
            key = describe_key(model, name)
            if key.meaning:
                meanings.setdefault((key.name, key.accepts, key.describe()), []).append(part)
    for (word, accepts, meaning), parts in sorted(meanings.items(), key=lambda m: m[0][0]):
        yield ReferenceEntry(
            word=word, kind="key", meaning=meaning, accepts=accepts, within=_describe_parts(parts)
        )
    yield ReferenceEntry(
        word="type",
        kind="key",
        meaning=f"The type of the item: {', '.join(ITEM_TYPES)}.",
        within=("any item",),
    )
    yield ReferenceEntry(
        word="include",
        kind="key",
        meaning="An entry of `items` that stands for the items of a module: `- {include: modules/name.yaml}`. With "
        "`prefix: b_` a module can be included a second time; `with: {who: your partner}` gives the words for `{who}` in "
        "its texts. A module contains `scales`, `compute` and `items`.",
        within=("items",),
    )


def _describe_parts(parts: list[str]) -> tuple[str, ...]:
    """Describe the parts in words: `any item`, `any question but draw`, or each by its name."""
    for members, name in ((set(ITEM_TYPES), "any item"), (_QUESTIONS, "any question")):
        missing = members - set(parts)
        if len(missing) <= 2:
            exception = f" but {join_words(sorted(missing))}" if missing else ""
            return (name + exception, *(p for p in parts if p not in members))
    return tuple(parts)


def describe_key(model: type[Any], name: str) -> KeyReference:
    """Describe a field of a model as a key; what its docstring says after `If left out:` is its default."""
    field = model.model_fields[name]
    meaning, _, default = read_field_docstrings(model).get(name, "").partition(" If left out: ")
    if not default and not field.is_required() and isinstance(field.default, int | float | str):
        default = f"`{str(field.default).lower()}`"
    return KeyReference(
        name=field.alias or name,
        accepts=_describe_annotation(field.annotation, tuple(field.metadata)),
        meaning=meaning,
        required=field.is_required(),
        default=default.removesuffix("."),
    )


def _describe_annotation(annotation: Any, metadata: tuple[Any, ...] = ()) -> str:
    """Describe what an annotation accepts: the last text in its metadata, or else its type in words."""
    for description in reversed(metadata):
        if isinstance(description, str):
            return description
    if isinstance(annotation, ForwardRef):  # the only forward reference: items contain items
        return "a list of items"
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _describe_annotation(arguments[0], arguments[1:])
    if origin is Literal:
        return join_words(arguments, "or")
    if origin in (Union, UnionType):
        return join_words(
            dict.fromkeys(_describe_annotation(a) for a in arguments if a is not type(None)), "or"
        )
    if origin is list:
        return f"a list of {_pluralize(_describe_annotation(arguments[0]))}"
    if origin is dict:
        keys, values = (_pluralize(_describe_annotation(argument)) for argument in arguments)
        return f"a mapping of {keys} to {values}"
    if annotation is Text:
        return "a text"
    if isinstance(annotation, type) and issubclass(annotation, SpecModel):
        if annotation in ITEM_TYPES.values():
            return "an item"
        names = [f.alias or n for n, f in annotation.model_fields.items()]
        return "a mapping with " + ", ".join(
            names[:MAX_LISTED_KEYS] + ["…"] * (len(names) > MAX_LISTED_KEYS)
        )
    return "a value"


def _pluralize(description: str) -> str:
    # a value may be of several kinds: "a text or a mapping with when, else, unknown"
    kinds = re.split(r"((?:,| or) )(?=an? )", description)
    return "".join(_pluralize_kind(kind) for kind in kinds)


def _pluralize_kind(description: str) -> str:
    for singular, plural in (
        ("a mapping ", "mappings "),
        ("a list ", "lists "),
        ("an ", ""),
        ("a ", ""),
    ):
        if description.startswith(singular):
            noun = description.removeprefix(singular)
            return f"{plural}{noun}" if plural else f"{noun}s"
    return description


def read_docstring(thing: object) -> str:
    """Return the docstring of a class on one line."""
    return " ".join((inspect.getdoc(thing) or "").split())


def _iterate_functions() -> Iterator[ReferenceEntry]:
    for name, function in FUNCTIONS.items():
        meaning = FUNCTION_MEANINGS.get(name, "")
        yield ReferenceEntry(
            word=name,
            kind="function",
            meaning=f"{function.signature}: {meaning}" if meaning else function.signature,
        )


def _iterate_fills() -> Iterator[ReferenceEntry]:
    for name, meaning in FILL_MEANINGS.items():
        yield ReferenceEntry(word=name, kind="fill", meaning=meaning)


def _iterate_outcomes() -> Iterator[ReferenceEntry]:
    for outcome in OUTCOMES.values():
        yield ReferenceEntry(word=outcome.id, kind="outcome", meaning=_describe_outcome(outcome))


_MOMENT_PHRASES: Final = {
    "before": "before anybody is reached",
    "after": "once somebody is reached",
    "screened": "once the respondent has been screened",
    "interrupted": "in the middle of an interview",
    "any": "at any time",
    "end": "by the end of the interview only",
}


def _describe_outcome(outcome: Outcome) -> str:
    moment = _MOMENT_PHRASES[outcome.moment]
    if outcome.id == LOST:
        moment = "by the program, if a station stops in the middle of a call"
    kind = "temporary: the case may be called again" if outcome.temporary else "final"
    codes = f"AAPOR {outcome.listed} in a list frame, {outcome.rdd} in a random-digit frame"
    return f"{outcome.name}; given {moment}; {kind}; {codes}."
