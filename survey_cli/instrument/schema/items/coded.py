"""Questions answered with codes: `single`, `scale`, `multiple`, and `search` in a long list."""

from collections.abc import Mapping
from random import Random
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from survey_cli.entries import (
    Entry,
    LineEntry,
    ListSearch,
    OfferedOption,
    PickEntry,
    PickReply,
    PossibleMeaning,
    Rejection,
    Reply,
    to_plain_text,
)
from survey_cli.instrument.schema.items import question
from survey_cli.instrument.schema.items.possible_answers import (
    OneCode,
    PossibleAnswers,
    SeveralCodes,
)
from survey_cli.instrument.schema.options import OptionsOrName, OptionsOrSource
from survey_cli.instrument.source import nodes, scalars, search_lists
from survey_cli.search_lists import SearchList, split_words
from survey_cli.values import Cell, Code, Measure, Missing, Storage, Value, Variable
from survey_cli.wording import format_quantity

MAX_PICK_POINTS = 11
"""A scale with more points is answered by typing a number."""


class CodedItem(question.QuestionItem):
    """Base class of `single`, `scale` and `multiple`."""

    order: scalars.Order = "written"
    """How the options are shuffled: not at all, in `random` order, starting at a random option
    (`rotate`), or reversed in half of the interviews (`flip`). Anchored, missing, exclusive and
    volunteered options keep their position."""

    condition_type: ClassVar[str] = "code"
    measure: ClassVar[Measure] = "nominal"
    answer_seconds: ClassVar[float] = 3.0

    def describe_answers(self, item: question.CompiledItem) -> PossibleAnswers:
        return OneCode(_list_codes(item))

    def build_entry(self, context: question.ItemContext) -> Entry:
        return PickEntry(options=context.build_choices())

    def parse_reply(
        self, context: question.ItemContext, reply: Reply
    ) -> question.ParsedAnswer | Rejection:
        picked = self._parse_pick(context, reply)
        if isinstance(picked, Rejection):
            return picked
        if len(picked.codes) != 1:
            return Rejection("only one answer" if picked.codes else "an answer is needed")
        option = find_option(context.options, picked.codes[0])
        if option is None:
            return Rejection(f"{picked.codes[0]} is not offered here")
        return _parse_words(picked, option.code, (option,))

    def _parse_pick(self, context: question.ItemContext, reply: Reply) -> PickReply | Rejection:
        if isinstance(reply, PickReply):
            return reply
        entry = self.build_entry(context)
        return (
            entry if isinstance(entry, PickEntry) else PickEntry(context.build_choices())
        ).parse(reply)

    def why_invalid(self, context: question.ItemContext, value: Value | None) -> str:
        return (
            ""
            if find_option(context.options, value) is not None
            else f"{value} is no longer offered"
        )

    def format_answer(
        self, item: question.CompiledItem, value: Value | None, wording: question.AnswerWording
    ) -> str:
        return format_option(value, find_option(item.options, value), wording)

    def format_as_typed(self, value: Value, words: question.Words, language: str) -> str:
        more = "".join(f" {text}" for text in words.values())
        return f"{value}{more}"

    def build_variables(self, item: question.CompiledItem, language: str) -> tuple[Variable, ...]:
        labels = {o.code: str(o.label.get(language)) for o in item.options}
        return build_coded_variable(item, language, labels, self.measure), *build_words_variables(
            item, language
        )

    def build_cells(
        self, item: question.CompiledItem, value: Value | None, words: question.Words
    ) -> tuple[Cell, ...]:
        assert value is not None
        return value, *build_words_cells(item, words)

    def build_missing_cells(self, item: question.CompiledItem, why: Missing) -> tuple[Cell, ...]:
        return why, *build_words_cells(item, {})

    def invent(self, context: question.ItemContext, rng: Random) -> Reply:
        return _invent_pick(context, rng, 1)


class SingleItem(CodedItem):
    """A question with one answer, which is entered with one key."""

    type: Literal["single"]
    options: OptionsOrSource
    """Each code and its text, in the order in which they are read; the name of a list under
    `scales`; or their source: `{from: aware}`."""


class ScaleItem(CodedItem):
    """A question with one answer on an ordered scale.

    The scale is a list of options, a list under `scales`, or numbers: `from: 0, to: 10`.
    """

    type: Literal["scale"]
    scale: scalars.Name | None = None
    """The name of a list under `scales`. If left out: `options`, or `from` and `to`, are
    required."""
    options: OptionsOrSource | None = None
    """Each code and its text. If left out: `scale`, or `from` and `to`, are required."""
    from_: scalars.Whole | None = Field(default=None, alias="from")
    """The lowest point. If left out: `scale` or `options` is required."""
    to: scalars.Whole | None = None
    """The highest point. If left out: `scale` or `options` is required."""
    labels: dict[scalars.Whole, scalars.Text] = Field(default_factory=dict)
    """Labels of some points: `{0: Not at all, 10: Completely}`. If left out: numbers only."""

    measure: ClassVar[Measure] = "ordinal"

    def build_entry(self, context: question.ItemContext) -> Entry:
        if len(context.options) <= MAX_PICK_POINTS:
            return PickEntry(options=context.build_choices())
        codes = [o.code for o in context.options]
        labels = tuple(
            (c.code, to_plain_text(c.text))
            for c in context.build_choices()
            if c.code in self.labels
        )
        return LineEntry(
            kind="scale",
            hint=f"{codes[0]} to {codes[-1]}",
            labels=labels,
            width=len(str(codes[-1])),
        )


class MultipleItem(CodedItem):
    """A question with any number of answers; the data have a 0/1 column for each option."""

    type: Literal["multiple"]
    options: OptionsOrSource
    """Each code and its text, the name of a list under `scales`, or their source. "None of these"
    has `exclusive: true`."""
    min: scalars.Whole = 1
    """The fewest answers."""
    max: scalars.Whole | None = None
    """The most answers. If left out: all options."""
    mentions: Literal["ordered"] | None = None
    """`ordered`: the order in which the options are entered is stored in a column `ID_mentions`. If
    left out: not stored."""

    condition_type: ClassVar[str] = "codes"
    answer_seconds: ClassVar[float] = 5.0

    def describe_answers(self, item: question.CompiledItem) -> PossibleAnswers:
        exclusive = frozenset(option.code for option in item.options if option.exclusive)
        return SeveralCodes(_list_codes(item), exclusive, least=self.min, most=self.max)

    def build_entry(self, context: question.ItemContext) -> Entry:
        return PickEntry(
            context.build_choices(), True, self.min, self.max, self.mentions == "ordered"
        )

    def parse_reply(
        self, context: question.ItemContext, reply: Reply
    ) -> question.ParsedAnswer | Rejection:
        picked = self._parse_pick(context, reply)
        if isinstance(picked, Rejection):
            return picked
        codes = tuple(dict.fromkeys(picked.codes))
        if self.mentions is None:
            chosen = frozenset(codes)
            codes = tuple(o.code for o in context.item.options if o.code in chosen)
        if len(codes) < len(set(picked.codes)):
            return Rejection("one of these is not offered here")
        if why := self.why_invalid(context, codes):
            return Rejection(why)
        return _parse_words(picked, codes, tuple(o for o in context.options if o.code in codes))

    def why_invalid(self, context: question.ItemContext, value: Value | None) -> str:
        codes = value if isinstance(value, tuple) else ()
        offered = _index_by_code(context.options)
        for code in codes:
            if (type(code), code) not in offered:
                return f"{code} is not offered here"
        exclusive_codes = [code for code in codes if offered[type(code), code].exclusive]
        if exclusive_codes and len(codes) > 1:
            return f"{exclusive_codes[0]} cannot be combined with other answers"
        if len(codes) < self.min and not exclusive_codes:
            return f"at least {format_quantity(self.min, 'answer')}"
        if self.max is not None and len(codes) > self.max:
            return f"at most {format_quantity(self.max, 'answer')}"
        return ""

    def format_answer(
        self, item: question.CompiledItem, value: Value | None, wording: question.AnswerWording
    ) -> str:
        codes, offered = value if isinstance(value, tuple) else (), _index_by_code(item.options)
        return ", ".join(
            format_option(code, offered.get((type(code), code)), wording) for code in codes
        )

    def format_as_typed(self, value: Value, words: question.Words, language: str) -> str:
        codes = value if isinstance(value, tuple) else (value,)
        plain = [str(c) for c in codes if c not in words]
        return " ".join([*plain, *(f"{c} {text}" for c, text in words.items())])

    def build_variables(self, item: question.CompiledItem, language: str) -> tuple[Variable, ...]:
        title, labels = item.label.get(language), {0: "Not mentioned", 1: "Mentioned"}
        named = {o.code: f"{title}: {o.label.get(language)}" for o in item.options}
        columns = [
            question.build_variable(
                item, language, f"_{code}", label=label, labels=labels, option=code
            )
            for code, label in named.items()
        ]
        if self.mentions == "ordered":
            more: dict[str, Any] = {
                "label": f"{title} (codes in order of mention)",
                "storage": "text",
                "role": "words",
            }
            columns.append(question.build_variable(item, language, "_mentions", **more))
        return *columns, *build_words_variables(item, language)

    def build_cells(
        self, item: question.CompiledItem, value: Value | None, words: question.Words
    ) -> tuple[Cell, ...]:
        codes = value if isinstance(value, tuple) else ()
        chosen = frozenset(codes)
        flags: list[Cell] = [int(o.code in chosen) for o in item.options]
        if self.mentions == "ordered":
            flags.append(" ".join(str(c) for c in codes))
        return *flags, *build_words_cells(item, words)

    def build_missing_cells(self, item: question.CompiledItem, why: Missing) -> tuple[Cell, ...]:
        coded = (why,) * (len(item.options) + (self.mentions == "ordered"))
        return *coded, *build_words_cells(item, {})

    def invent(self, context: question.ItemContext, rng: Random) -> Reply:
        most = min(self.max or 3, len(context.options))
        return _invent_pick(
            context, rng, rng.randint(min(max(self.min, 1), most), most) if most else 0
        )


def _list_codes(item: question.CompiledItem) -> tuple[Code, ...]:
    """Return the codes of the item's own options."""
    return tuple(option.code for option in item.options)


def _parse_words(
    picked: PickReply, value: Value, options: tuple[question.CompiledOption, ...]
) -> question.ParsedAnswer | Rejection:
    """Return an answer with the words of those of its options that require words."""
    codes = [option.code for option in options if option.specify]
    words = {
        code: question.normalize_text(picked.specify_texts.get(code, ""), lines=False)
        for code in codes
    }
    lacking = next((code for code, typed_words in words.items() if not typed_words), None)
    if lacking is not None:
        return Rejection(f"{lacking} needs words: type {lacking} and the words")
    return question.ParsedAnswer(value, words or question.NO_WORDS)


def format_option(
    value: Value | None, option: question.CompiledOption | None, wording: question.AnswerWording
) -> str:
    """Format a code with its option's label and the words given with it."""
    if option is None:
        return str(value)
    label = option.render_label(wording.known, wording.language)
    if wording.with_code and label != str(value):
        label = f"{value} {label}"
    specify_text = wording.words.get(option.code)
    return f"{label}: {specify_text}" if specify_text else label


def _index_by_code(
    options: tuple[question.CompiledOption, ...],
) -> dict[tuple[type, Code], question.CompiledOption]:
    """Index the options by their code and its type."""
    return {(type(option.code), option.code): option for option in options}


def find_option(
    options: tuple[question.CompiledOption, ...], code: object
) -> question.CompiledOption | None:
    """Find the option with this code (1 and True, 1 and "1" are different codes)."""
    for (
        option
    ) in options:  # a loop takes a third of the time of a generator, and every answer needs it
        if option.code == code and type(option.code) is type(code):
            return option
    return None


def build_coded_variable(
    item: question.CompiledItem,
    language: str,
    labels: Mapping[Code, str],
    measure: Measure = "nominal",
) -> Variable:
    """Build a column of codes, which are numbers or words."""
    storage: Storage = "integer" if all(isinstance(code, int) for code in labels) else "text"
    more: dict[str, Any] = {
        "labels": labels,
        "user_missing": tuple(o.code for o in item.options if o.missing),
    }
    return question.build_variable(item, language, storage=storage, measure=measure, **more)


def build_words_variables(item: question.CompiledItem, language: str) -> tuple[Variable, ...]:
    """Build a text column for each option that requires words."""
    named = {
        o.code: f"{item.label.get(language)}: {o.label.get(language)}"
        for o in item.options
        if o.specify
    }
    words: dict[str, Any] = {"storage": "text", "role": "words", "declines": {}}
    return tuple(
        question.build_variable(
            item, language, f"_{code}_text", label=f"{label} (words)", option=code, **words
        )
        for code, label in named.items()
    )


def build_words_cells(item: question.CompiledItem, words: question.Words) -> tuple[Cell, ...]:
    """Return the words given with the options; empty where none were."""
    return tuple([words.get(code, "") for code in item.specify_codes])


def _invent_pick(context: question.ItemContext, rng: Random, how_many: int) -> PickReply:
    remaining = list(context.options)
    if how_many == 1 and remaining:
        option = remaining[int(rng.random() * len(remaining))]
        return PickReply(
            (option.code,), {option.code: "something else"} if option.specify else question.NO_WORDS
        )
    chosen: list[question.CompiledOption] = []
    while remaining and len(chosen) < how_many:
        option = remaining.pop(rng.randint(0, len(remaining) - 1))
        if option.exclusive and chosen:
            continue
        chosen.append(option)
        if option.exclusive:
            break
    return PickReply(
        tuple(o.code for o in chosen), {o.code: "something else" for o in chosen if o.specify}
    )


SEARCH_HINT = "type words of the answer, or its code"


class SearchItem(question.QuestionItem):
    """A question with one answer out of a long list, such as occupations or schools, which is found by typing words.

    The code is stored, and the words that were typed in a column `ID_text`.
    """

    type: Literal["search"]
    list_: Annotated[scalars.Name, "a file"] = Field(alias="list")
    """The file of the list, relative to this one: `lists/occupations.csv`. Its first line names the
    columns: `code`; `text`; `also`, other words by which the answer is found; and `text.es` for the
    texts of a language. The list is stored with the version of the questionnaire."""
    options: OptionsOrName | None = None
    """Answers that are offered besides the list: `{9999: {text: Not in the list, specify: true}}`.
    If left out: none."""

    condition_type: ClassVar[str] = "code"
    answer_seconds: ClassVar[float] = 10.0

    def describe_answers(self, item: question.CompiledItem) -> PossibleAnswers:
        return OneCode((*self.entries.rows, *_list_codes(item)))

    @property
    def file(self) -> search_lists.ReadList:
        """The list as it was read."""
        return search_lists.read_search_list(
            self.list_.file if isinstance(self.list_, nodes.FileScalar) else None
        )

    @property
    def entries(self) -> SearchList:
        """The list."""
        return self.file.list

    def _build_search(self, context: question.ItemContext) -> ListSearch:
        return ListSearch(self.entries, context.language, context.build_choices())

    def build_entry(self, context: question.ItemContext) -> Entry:
        return LineEntry(
            "search", SEARCH_HINT, personal=self.personal, search=self._build_search(context)
        )

    def parse_reply(
        self, context: question.ItemContext, reply: Reply
    ) -> question.ParsedAnswer | Rejection:
        if isinstance(reply, PickReply):
            return self._parse_pick(context, reply)
        typed = question.normalize_text(reply, lines=False)
        search = self._build_search(context)
        first, _, words = typed.partition(" ")
        option = next(
            (o for o in search.options if str(o.code).casefold() == first.casefold()), None
        )
        if option is not None:
            return self._parse_pick(context, PickReply((option.code,), {option.code: words}))
        row = self.entries.find_code(typed)
        matches = search.find_listed(typed)
        found = [
            m.code for m in matches if split_words(to_plain_text(m.text)) == split_words(typed)
        ]
        if row is not None or len(found) == 1:
            code = row.code if row is not None else found[0]
            return self._parse_pick(context, PickReply((code,), {code: typed}))
        why = (
            f"{typed}: which?"
            if matches
            else f"nothing in the list fits {typed}: try another word, or part of one"
        )
        offered = (*matches, *search.options)
        meanings = [
            PossibleMeaning(_label(o), PickReply((o.code,), {o.code: typed})) for o in offered
        ]
        return Rejection(why, tuple(meanings)) if typed else Rejection(SEARCH_HINT)

    def _parse_pick(
        self, context: question.ItemContext, reply: PickReply
    ) -> question.ParsedAnswer | Rejection:
        if len(reply.codes) != 1:
            return Rejection("only one answer" if reply.codes else "an answer is needed")
        code = reply.codes[0]
        if why := self.why_invalid(context, code):
            return Rejection(why)
        words = question.normalize_text(reply.specify_texts.get(code, ""), lines=False)
        option = find_option(context.options, code)
        if option is not None and option.specify and not words:
            return Rejection(f"{code} needs words: type {code} and the words")
        if words.casefold() == str(code).casefold() or (option is not None and not option.specify):
            words = ""
        return question.ParsedAnswer(value=code, words={code: words} if words else {})

    def why_invalid(self, context: question.ItemContext, value: Value | None) -> str:
        listed = value in self.entries.rows or find_option(context.options, value) is not None
        return "" if listed else f"{value} is not in the list"

    def format_answer(
        self, item: question.CompiledItem, value: Value | None, wording: question.AnswerWording
    ) -> str:
        row = self.entries.rows.get(value) if isinstance(value, int | str) else None
        if row is None:
            return format_option(value, find_option(item.options, value), wording)
        text = row.get_text(wording.language)
        return f"{value} {text}" if wording.with_code else text

    def format_as_typed(self, value: Value, words: question.Words, language: str) -> str:
        text = (
            words.get(value, "")
            if isinstance(value, int | str) and value not in self.entries.rows
            else ""
        )
        return f"{value} {text}".strip()

    def build_variables(self, item: question.CompiledItem, language: str) -> tuple[Variable, ...]:
        labels = {code: row.get_text(language) for code, row in self.entries.rows.items()}
        labels |= {o.code: str(o.label.get(language)) for o in item.options}
        label = f"{item.label.get(language)} (as typed)"
        words = question.build_variable(
            item, language, "_text", label=label, storage="text", role="words", declines={}
        )
        return build_coded_variable(item, language, labels), words

    def build_cells(
        self, item: question.CompiledItem, value: Value | None, words: question.Words
    ) -> tuple[Cell, ...]:
        assert value is not None
        return value, next(iter(words.values()), "")

    def build_missing_cells(self, item: question.CompiledItem, why: Missing) -> tuple[Cell, ...]:
        return why, ""

    def invent(self, context: question.ItemContext, rng: Random) -> Reply:
        codes = (*self.entries.rows, *(option.code for option in context.options))
        return PickReply((code := rng.choice(codes),), {code: "something else"})


def _label(option: OfferedOption) -> str:
    note = f" ({option.note})" if option.note else ""
    return f"{to_plain_text(option.text)}{note}"
