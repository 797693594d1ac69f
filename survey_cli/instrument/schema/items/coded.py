"""Questions answered with codes: `single`, `scale`, `multiple`."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from survey_cli.entries import Entry, Line, Pick, Picked, Reply, Unread
from survey_cli.instrument.compiled.model import NO_WORDS, NOTHING, Asking, Dice, Env, Leaf, Option, Reading
from survey_cli.instrument.schema.items.question import Question, tidy, variable
from survey_cli.instrument.schema.options import OptionsOrName
from survey_cli.instrument.source.scalars import Name, Order, Text, Whole
from survey_cli.values import Cell, Code, Measure, Missing, Value, Variable

PICKED_POINTS = 11
"""A scale with more points than this is typed as a number."""


class Coded(Question):
    """What `single`, `scale` and `multiple` share."""

    order: Order = "written"
    """How the options are shuffled: `random`, `rotate` or `flip`. Anchored, missing, exclusive and volunteered options
    keep their place."""

    known: ClassVar[str] = "code"
    measure: ClassVar[Measure] = "nominal"

    def entry(self, asking: Asking) -> Entry:
        return Pick(choices=asking.choices())

    def understood(self, asking: Asking, reply: Reply) -> Reading | Unread:
        picked = self._picked(asking, reply)
        if isinstance(picked, Unread):
            return picked
        if len(picked.codes) != 1:
            return Unread("one answer, please" if picked.codes else "an answer is needed")
        code = picked.codes[0]
        option = option_of(asking.options, code)
        if option is None:
            return Unread(f"{code} is not offered here")
        if not option.specify:
            return Reading(value=code)
        words = _tidied(picked, (option,))
        if not words[code]:
            return Unread(f"{code} wants words: {code} and what was said")
        return Reading(value=code, words=words)

    def _picked(self, asking: Asking, reply: Reply) -> Picked | Unread:
        if isinstance(reply, Picked):
            return reply
        entry = self.entry(asking)
        pick = entry if isinstance(entry, Pick) else Pick(choices=asking.choices())
        return pick.picked(reply)

    def fits(self, asking: Asking, value: Value | None) -> str:
        return "" if option_of(asking.options, value) is not None else f"{value} is no longer offered"

    def said(
        self, leaf: Leaf, value: Value | None, words: Mapping[Code, str], language: str, env: Env = NOTHING
    ) -> str:
        return _said(value, option_of(leaf.options, value), words, language, env)

    def typed(self, value: Value, words: Mapping[Code, str], language: str) -> str:
        more = "".join(f" {text}" for text in words.values())
        return f"{value}{more}"

    def variables(self, leaf: Leaf, language: str) -> tuple[Variable, ...]:
        numbers = all(isinstance(o.code, int) for o in leaf.options)
        own = variable(
            leaf,
            language,
            storage="integer" if numbers else "text",
            measure=self.measure,
            labels={o.code: str(o.label.written(language)) for o in leaf.options},
            user_missing=tuple(o.code for o in leaf.options if o.missing),
        )
        return own, *words_variables(leaf, language)

    def cells(self, leaf: Leaf, value: Value | None, words: Mapping[Code, str]) -> tuple[Cell, ...]:
        assert value is not None
        return value, *words_cells(leaf, words)

    def absent(self, leaf: Leaf, why: Missing) -> tuple[Cell, ...]:
        return why, *words_cells(leaf, {})

    def invent(self, asking: Asking, dice: Dice) -> Reply:
        return _invented(asking, dice, 1)


class Single(Coded):
    """One of `options`, one key."""

    type: Literal["single"]
    options: OptionsOrName
    """Code to text, in the order they are read; or the name of a list under `scales`."""


class Scale(Coded):
    """One point of an ordered scale: a named scale, or `from: 0, to: 10` with labels at some points."""

    type: Literal["scale"]
    scale: Name | None = None
    """The name of a list under `scales`."""
    options: OptionsOrName | None = None
    """The points written here, code to text."""
    from_: Whole | None = Field(default=None, alias="from")
    """The lowest point."""
    to: Whole | None = None
    """The highest point."""
    labels: dict[Whole, Text] = Field(default_factory=dict)
    """What some of the points mean: `{0: Not at all, 10: Completely}`."""

    measure: ClassVar[Measure] = "ordinal"

    def entry(self, asking: Asking) -> Entry:
        if len(asking.options) <= PICKED_POINTS:
            return Pick(choices=asking.choices())
        codes = [o.code for o in asking.options]
        labelled = tuple(
            (c.code, "".join(s.text for s in c.words)) for c in asking.choices() if c.code in self.labels
        )
        return Line(
            kind="scale", hint=f"{codes[0]} to {codes[-1]}", labels=labelled, width=len(str(codes[-1]))
        )


class Multiple(Coded):
    """Any of `options`; in the data one 0/1 column for each."""

    type: Literal["multiple"]
    options: OptionsOrName
    """Code to text; `exclusive: true` on "None of these"."""
    min: Whole = 1
    """The fewest answers."""
    max: Whole | None = None
    """The most answers."""
    mentions: Literal["ordered"] | None = None
    """`ordered` keeps the order in which they were named, in a column `ID_mentions`."""

    known: ClassVar[str] = "codes"

    def entry(self, asking: Asking) -> Entry:
        return Pick(
            choices=asking.choices(),
            several=True,
            least=self.min,
            most=self.max,
            ordered=self.mentions == "ordered",
        )

    def understood(self, asking: Asking, reply: Reply) -> Reading | Unread:
        picked = self._picked(asking, reply)
        if isinstance(picked, Unread):
            return picked
        codes = tuple(dict.fromkeys(picked.codes))
        if self.mentions is None:
            chosen = frozenset(codes)
            codes = tuple(o.code for o in asking.leaf.options if o.code in chosen)
        if len(codes) < len(set(picked.codes)):
            return Unread("one of these is not offered here")
        if why := self.fits(asking, codes):
            return Unread(why)
        words = _tidied(picked, tuple(o for o in asking.options if o.code in codes))
        for code, said in words.items():
            if not said:
                return Unread(f"{code} wants words: {code} and what was said")
        return Reading(value=codes, words=words)

    def fits(self, asking: Asking, value: Value | None) -> str:
        codes = value if isinstance(value, tuple) else ()
        offered = _by_code(asking.options)
        for code in codes:
            if (type(code), code) not in offered:
                return f"{code} is not offered here"
        alone = [code for code in codes if offered[type(code), code].exclusive]
        if alone and len(codes) > 1:
            return f"{alone[0]} is chosen alone"
        if len(codes) < self.min and not alone:
            return f"at least {self.min} answer{'s' if self.min > 1 else ''}"
        if self.max is not None and len(codes) > self.max:
            return f"at most {self.max} answer{'s' if self.max > 1 else ''}"
        return ""

    def said(
        self, leaf: Leaf, value: Value | None, words: Mapping[Code, str], language: str, env: Env = NOTHING
    ) -> str:
        codes, offered = value if isinstance(value, tuple) else (), _by_code(leaf.options)
        options = [offered.get((type(code), code)) for code in codes]
        return ", ".join(
            _said(code, option, words, language, env) for code, option in zip(codes, options, strict=True)
        )

    def typed(self, value: Value, words: Mapping[Code, str], language: str) -> str:
        codes = value if isinstance(value, tuple) else (value,)
        plain = [str(c) for c in codes if c not in words]
        return " ".join([*plain, *(f"{c} {text}" for c, text in words.items())])

    def variables(self, leaf: Leaf, language: str) -> tuple[Variable, ...]:
        columns = [
            variable(
                leaf,
                language,
                f"_{o.code}",
                label=f"{leaf.label.written(language)}: {o.label.written(language)}",
                labels={0: "Not mentioned", 1: "Mentioned"},
                option=o.code,
            )
            for o in leaf.options
        ]
        if self.mentions == "ordered":
            label = f"{leaf.label.written(language)} (codes in order of mention)"
            columns.append(variable(leaf, language, "_mentions", label=label, storage="text", role="words"))
        return *columns, *words_variables(leaf, language)

    def cells(self, leaf: Leaf, value: Value | None, words: Mapping[Code, str]) -> tuple[Cell, ...]:
        codes = value if isinstance(value, tuple) else ()
        chosen = frozenset(codes)
        flags: list[Cell] = [int(o.code in chosen) for o in leaf.options]
        if self.mentions == "ordered":
            flags.append(" ".join(str(c) for c in codes))
        return *flags, *words_cells(leaf, words)

    def absent(self, leaf: Leaf, why: Missing) -> tuple[Cell, ...]:
        coded = (why,) * (len(leaf.options) + (self.mentions == "ordered"))
        return *coded, *words_cells(leaf, {})

    def invent(self, asking: Asking, dice: Dice) -> Reply:
        most = min(self.max or 3, len(asking.options))
        return _invented(asking, dice, dice.randint(min(max(self.min, 1), most), most) if most else 0)


def _tidied(picked: Picked, options: tuple[Option, ...]) -> dict[Code, str]:
    """The words of those options that want words, as they are kept."""
    return {o.code: tidy(picked.words.get(o.code, ""), lines=False) for o in options if o.specify}


def _said(
    value: Value | None, option: Option | None, words: Mapping[Code, str], language: str, env: Env
) -> str:
    """A code with its option's words, and those that were given with it."""
    if option is None:
        return str(value)
    label = f"{value} {option.named(env, language)}"
    more = words.get(option.code)
    return f"{label}: {more}" if more else label


def _by_code(options: tuple[Option, ...]) -> dict[tuple[type, Code], Option]:
    """The options by their code and its type."""
    return {(type(option.code), option.code): option for option in options}


def option_of(options: tuple[Option, ...], code: object) -> Option | None:
    """The option with this code (1 and True, 1 and "1" are different codes)."""
    for option in options:
        if option.code == code and type(option.code) is type(code):
            return option
    return None


def words_variables(leaf: Leaf, language: str) -> tuple[Variable, ...]:
    """A text column for each option that wants words."""
    return tuple(
        variable(
            leaf,
            language,
            f"_{o.code}_text",
            label=f"{leaf.label.written(language)}: {o.label.written(language)} (words)",
            storage="text",
            role="words",
            option=o.code,
            declines={},
        )
        for o in leaf.options
        if o.specify
    )


def words_cells(leaf: Leaf, words: Mapping[Code, str]) -> tuple[Cell, ...]:
    """The words given, empty where none were."""
    return tuple(words.get(o.code, "") for o in leaf.options if o.specify)


def _invented(asking: Asking, dice: Dice, how_many: int) -> Picked:
    left = list(asking.options)
    if how_many == 1 and left:
        option = left[int(dice.random() * len(left))]
        return Picked((option.code,), {option.code: "something else"} if option.specify else NO_WORDS)
    chosen: list[Option] = []
    while left and len(chosen) < how_many:
        option = left.pop(dice.randint(0, len(left) - 1))
        if option.exclusive and chosen:
            continue
        chosen.append(option)
        if option.exclusive:
            break
    return Picked(tuple(o.code for o in chosen), {o.code: "something else" for o in chosen if o.specify})
