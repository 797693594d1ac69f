"""What does a word of the language mean? Item types, keys, functions, fills and outcomes, from the docstrings and tables
that define them. It never draws a page and knows no instrument.
"""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import UnionType
from typing import Annotated, Any, Final, ForwardRef, Literal, TypeAlias, Union, get_args, get_origin

from survey_cli.instrument.expressions.functions import FUNCTIONS
from survey_cli.instrument.schema.items import ITEM_TYPES
from survey_cli.instrument.schema.items.question import Question
from survey_cli.instrument.schema.model_docs import documented, models
from survey_cli.instrument.schema.options import Part
from survey_cli.instrument.source.scalars import Reads, Text
from survey_cli.outcomes import OUTCOMES, Outcome

Kind: TypeAlias = Literal["item type", "key", "function", "fill", "outcome", "problem"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key as it may be written in one part of a file."""

    name: str
    takes: str
    """What stands after the colon, in words: `a text`, `true or false`."""
    says: str
    required: bool = False
    default: str = ""
    """What holds where it is left out, if that is a plain value."""
    shared: bool = False
    """Any question has it, with the same meaning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One meaning of one word."""

    word: str
    kind: Kind
    says: str
    takes: str = ""
    """What stands after the colon of a key."""
    within: tuple[str, ...] = ()
    """The parts of a file in which a key stands; empty for the other kinds."""
    keys: tuple[Key, ...] = ()
    """The keys of an item type, its own first."""


MANY_KEYS: Final = 12
"""More keys than this are not listed in half a sentence."""

FUNCTION_MEANINGS: Final[Mapping[str, str]] = {
    "answered": "True where the item has an answer; an option marked `missing: true` is one.",
    "dk": "True where the answer was don't know.",
    "refused": "True where an answer was refused.",
    "declined": "True where the answer was don't know, refused, or another decline of the study.",
    "count": "How many of the conditions are true; of a `multiple`, how many options were chosen.",
    "sum": "The numbers added up; missing if one of them is.",
    "mean": "The mean of the numbers; missing if one of them is.",
    "sum_answered": "The answered numbers added up; those without an answer are left out.",
    "mean_answered": "The mean of the answered numbers; those without an answer are left out.",
    "min": "The least of the values; missing if one of them is.",
    "max": "The greatest of the values; missing if one of them is.",
    "round": "The number rounded, halves away from zero; whole, or to so many digits.",
    "length": "How many characters a text has.",
    "years_between": "Whole years from the first date to the second: an age.",
    "today": "The day on which the interview began, where the respondent is.",
}

FILL_MEANINGS: Final[Mapping[str, str]] = {
    "interviewer": "`{interviewer}` in a text: who is interviewing in this sitting.",
    "daypart": "`{daypart}` in a text: morning, afternoon or evening, as the respondent would say; see the key dayparts.",
    "today": "`{today}` in a text: the day on which the interview began; `{today:%A %d %B}` in a format of your own.",
    "case": "`{case}` in a text: the key of the case.",
    "turn": "`{turn}` in a text inside of a roster: the number of this turn; `{turn:ordinal}` is "
    "second, `{turn:words}` two, as of any number.",
    "each": "`{each}` in a text inside of a roster with `each`: the text of this turn's option.",
    "options": "`{options}` in a text: the options that are read, in drawn order, joined with `or`.",
    "statement": "`{statement}` in the text of a battery: the statement that is asked.",
}

_QUESTIONS: Final = {name for name, model in ITEM_TYPES.items() if issubclass(model, Question)}

_READERS: Final[Mapping[str, str]] = {
    "number": "a number",
    "whole": "a whole number",
    "flag": "true or false",
    "words": "a text",
    "name": "a name",
    "expression": "a condition or calculation",
    "code": "a code",
    "read": "written, random, rotate or flip",
    "_closed": "a list of days",
    "_name_or_options": "options, or the name of a list",
}
"""What each reader of a scalar takes, by the reader's name."""


def entries() -> tuple[Entry, ...]:
    """Every word of the language, by kind; a key once for each meaning it has."""
    return (*_item_types(), *_keys(), *_functions(), *_fills(), *_outcomes())


def _item_types() -> Iterator[Entry]:
    for name, model in ITEM_TYPES.items():
        yield Entry(word=name, kind="item type", says=_doc(model), keys=_own_first(model))


def _own_first(model: type[Any]) -> tuple[Key, ...]:
    """Its keys without `type`: id first, then what it alone defines, then what items share."""
    own = {"id", "text", *inspect.get_annotations(model)}
    shared = set(Question.model_fields) - own
    names = [n for n in model.model_fields if n != "type"]
    ordered = sorted(names, key=lambda n: (n != "id", n in shared))
    return tuple(replace(_key(model, n), shared=n in shared) for n in ordered)


def _keys() -> Iterator[Entry]:
    meanings: dict[tuple[str, str, str], list[str]] = {}
    for part, model in models():
        for name in model.model_fields:
            key = _key(model, name)
            if key.says:
                meanings.setdefault((key.name, key.takes, key.says), []).append(part)
    for (word, takes, says), parts in sorted(meanings.items(), key=lambda m: m[0][0]):
        yield Entry(word=word, kind="key", says=says, takes=takes, within=_within(parts))
    yield Entry(
        word="type", kind="key", says=f"What the item is: {', '.join(ITEM_TYPES)}.", within=("any item",)
    )
    yield Entry(
        word="include",
        kind="key",
        says="An entry of `items` that stands for the items of a module: `- {include: modules/name.yaml}`; with "
        "`prefix: b_` a second time. A module holds scales, compute and items.",
        within=("items",),
    )


def _within(parts: list[str]) -> tuple[str, ...]:
    """The parts in words: `any item`, `any question but draw`, or each by its name."""
    for whole, called in ((set(ITEM_TYPES), "any item"), (_QUESTIONS, "any question")):
        lacking = whole - set(parts)
        if len(lacking) <= 2:
            but = f" but {' and '.join(sorted(lacking))}" if lacking else ""
            return (called + but, *(p for p in parts if p not in whole))
    return tuple(parts)


def _key(model: type[Any], name: str) -> Key:
    field = model.model_fields[name]
    says = documented(model).get(name, "")
    default = (
        field.default if isinstance(field.default, int | float | str) and not field.is_required() else ""
    )
    default = str(default).lower() if isinstance(default, bool) else str(default)
    return Key(
        name=field.alias or name,
        takes=_takes(field.annotation, tuple(field.metadata)),
        says=says,
        required=field.is_required(),
        default="" if default == "false" else default,
    )


def _takes(annotation: Any, metadata: tuple[Any, ...] = ()) -> str:
    """What an annotation lets a designer write, in words."""
    for reader in metadata:
        function = reader.read if isinstance(reader, Reads) else getattr(reader, "func", None)
        word = _READERS.get(getattr(function, "__name__", ""))
        if word is not None:
            return word
    if isinstance(annotation, ForwardRef):  # the one reference ahead: items hold items
        return "a list of items"
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _takes(arguments[0], arguments[1:])
    if origin is Literal:
        return _or([str(a) for a in arguments])
    if origin in (Union, UnionType):
        return _or(list(dict.fromkeys(_takes(a) for a in arguments if a is not type(None))))
    if origin is list:
        return f"a list of {_many(_takes(arguments[0]))}"
    if origin is dict:
        return f"a mapping of {_many(_takes(arguments[0]))} to {_many(_takes(arguments[1]))}"
    if annotation is Text:
        return "a text"
    if isinstance(annotation, type) and issubclass(annotation, Part):
        if annotation in ITEM_TYPES.values():
            return "an item"
        names = [f.alias or n for n, f in annotation.model_fields.items()]
        return "a mapping with " + ", ".join(names[:MANY_KEYS] + ["…"] * (len(names) > MANY_KEYS))
    return "a value"


def _many(what: str) -> str:
    for one, many in (("a mapping ", "mappings "), ("a list ", "lists "), ("an ", ""), ("a ", "")):
        if what.startswith(one):
            rest = what.removeprefix(one)
            return f"{many}{rest}" if many else f"{rest}s"
    return what


def _or(words: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _doc(thing: object) -> str:
    return " ".join((inspect.getdoc(thing) or "").split())


def _functions() -> Iterator[Entry]:
    for name, function in FUNCTIONS.items():
        says = FUNCTION_MEANINGS.get(name, "")
        yield Entry(
            word=name, kind="function", says=f"{function.signature}: {says}" if says else function.signature
        )


def _fills() -> Iterator[Entry]:
    for name, says in FILL_MEANINGS.items():
        yield Entry(word=name, kind="fill", says=says)


def _outcomes() -> Iterator[Entry]:
    for outcome in OUTCOMES.values():
        yield Entry(word=outcome.id, kind="outcome", says=_outcome(outcome))


_WHEN: Final = {
    "before": "before anybody is reached",
    "after": "once somebody is reached",
    "screened": "once the respondent was screened",
    "interrupted": "in the middle of an interview",
    "any": "at any time",
    "end": "by the interview's end alone",
}


def _outcome(outcome: Outcome) -> str:
    kind = "temporary: the case may be called again" if outcome.temporary else "final"
    codes = f"AAPOR {outcome.listed} in a list frame, {outcome.rdd} in a random-digit frame"
    return f"{outcome.name}; given {_WHEN[outcome.moment]}; {kind}; {codes}."
