"""Questions answered with codes: `single`, `scale`, `multiple`, and `search` in a long list."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Annotated, ClassVar, Final, Literal

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
from survey_cli.instrument.schema.items.amount_columns import split_cells, split_columns
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

MAX_PICK_POINTS: Final = 11
"""A scale with more points is answered by typing a number."""


class CodedItem(question.QuestionItem):
    """Base class of `single`, `scale` and `multiple`.

    What it does is right for one code out of a list. Such a type only adds its options, which
    `OptionResolver.resolve` in `compiled/option_lists.py` has to look for:

        class FlagItem(CodedItem):
            type: Literal["flag"]
            options: OptionsOrSource
    """

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
        return PickEntry(options=context.build_choices(), declines=context.list_typed_declines())

    def parse_reply(
        self, context: question.ItemContext, reply: Reply
    ) -> question.ParsedAnswer | Rejection:
        picked = self._parse_pick(context, reply)
        if isinstance(picked, Rejection):
            return picked
        if len(picked.codes) != 1:
            return _explain_number(picked)

        option = find_option(context.options, picked.codes[0])
        if option is None:
            return Rejection(f"{picked.codes[0]} is not offered here")
        return _parse_words(picked, option.code, (option,))

    def _parse_pick(self, context: question.ItemContext, reply: Reply) -> PickReply | Rejection:
        if isinstance(reply, PickReply):
            return reply
        entry = self.build_entry(context)
        if not isinstance(entry, PickEntry):
            # the points of a long scale are typed, and are codes nevertheless
            entry = PickEntry(
                options=context.build_choices(), declines=context.list_typed_declines()
            )
        return entry.parse(reply)

    def why_invalid(self, context: question.ItemContext, value: Value | None) -> str:
        if find_option(context.options, value) is None:
            return f"{value} is no longer offered"
        return ""

    def format_answer(
        self, item: question.CompiledItem, value: Value | None, wording: question.AnswerWording
    ) -> str:
        return format_option(value, find_option(item.options, value), wording)

    def format_as_typed(self, value: Value, words: question.Words, language: str) -> str:
        return " ".join([str(value), *words.values()])

    def build_variables(self, item: question.CompiledItem, language: str) -> tuple[Variable, ...]:
        labels = _list_labels(item, language)
        column = _build_coded_variable(item, language, labels, self.measure)
        columns = split_columns(column, item.amounts, _list_own_amounts(item))
        return *columns, *_build_words_variables(item, language)

    def build_cells(
        self, item: question.CompiledItem, value: Value | None, words: question.Words
    ) -> tuple[Cell, ...]:
        assert value is not None
        return *split_cells(value, item.amounts), *_build_words_cells(item, words)

    def build_missing_cells(self, item: question.CompiledItem, why: Missing) -> tuple[Cell, ...]:
        return *split_cells(why, item.amounts), *_build_words_cells(item, question.NO_WORDS)

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
        choices = context.build_choices()
        if len(choices) <= MAX_PICK_POINTS:
            return PickEntry(options=choices, declines=context.list_typed_declines())

        first = choices[0].code
        last = choices[-1].code
        labels = [
            (choice.code, to_plain_text(choice.text))
            for choice in choices
            if choice.code in self.labels
        ]
        return LineEntry(
            kind="scale",
            hint=f"{first} to {last}",
            labels=tuple(labels),
            width=len(str(last)),
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
            context.build_choices(),
            several=True,
            min_count=self.min,
            max_count=self.max,
            ordered=self.mentions == "ordered",
            declines=context.list_typed_declines(),
        )

    def parse_reply(
        self, context: question.ItemContext, reply: Reply
    ) -> question.ParsedAnswer | Rejection:
        picked = self._parse_pick(context, reply)
        if isinstance(picked, Rejection):
            return picked

        chosen = frozenset(picked.codes)
        if self.mentions == "ordered":
            codes = tuple(dict.fromkeys(picked.codes))
        else:
            codes = tuple(code for code in _list_codes(context.item) if code in chosen)
        if len(codes) < len(chosen):
            return Rejection("one of these is not offered here")
        why = self.why_invalid(context, codes)
        if why:
            return Rejection(why)

        options = tuple(option for option in context.options if option.code in chosen)
        return _parse_words(picked, codes, options)

    def why_invalid(self, context: question.ItemContext, value: Value | None) -> str:
        codes = _get_codes(value)
        offered = _index_by_code(context.options)
        for code in codes:
            if (type(code), code) not in offered:
                return f"{code} is not offered here"
        exclusive_codes = [code for code in codes if offered[type(code), code].exclusive]
        if exclusive_codes and len(codes) > 1:
            return f"{exclusive_codes[0]} cannot be combined with other answers"
        # "None of these" is enough, however many answers are needed
        if len(codes) < self.min and not exclusive_codes:
            return f"at least {format_quantity(self.min, 'answer')}"
        if self.max is not None and len(codes) > self.max:
            return f"at most {format_quantity(self.max, 'answer')}"
        return ""

    def format_answer(
        self, item: question.CompiledItem, value: Value | None, wording: question.AnswerWording
    ) -> str:
        codes = _get_codes(value)
        options = _index_by_code(item.options)
        texts = [format_option(code, options.get((type(code), code)), wording) for code in codes]
        return ", ".join(texts)

    def format_as_typed(self, value: Value, words: question.Words, language: str) -> str:
        codes = value if isinstance(value, tuple) else (value,)
        typed = [str(code) for code in codes if code not in words]
        # whatever is typed after a code with words belongs to them, so that these codes come last
        typed += [f"{code} {text}" for code, text in words.items()]
        return " ".join(typed)

    def build_variables(self, item: question.CompiledItem, language: str) -> tuple[Variable, ...]:
        title = item.label.get(language)
        columns = []
        for code, option_label in _list_labels(item, language).items():
            column = question.build_variable(
                item,
                language,
                f"_{code}",
                label=f"{title}: {option_label}",
                labels={0: "Not mentioned", 1: "Mentioned"},
                option=code,
            )
            columns.append(column)
        if self.mentions == "ordered":
            mentions = question.build_variable(
                item,
                language,
                "_mentions",
                label=f"{title} (codes in order of mention)",
                storage="text",
                role="words",
            )
            columns.append(mentions)
        return *columns, *_build_words_variables(item, language)

    def build_cells(
        self, item: question.CompiledItem, value: Value | None, words: question.Words
    ) -> tuple[Cell, ...]:
        codes = _get_codes(value)
        chosen = frozenset(codes)
        cells: list[Cell] = [int(option.code in chosen) for option in item.options]
        if self.mentions == "ordered":
            cells.append(" ".join(str(code) for code in codes))
        return *cells, *_build_words_cells(item, words)

    def build_missing_cells(self, item: question.CompiledItem, why: Missing) -> tuple[Cell, ...]:
        cells = [why for _ in item.options]
        if self.mentions == "ordered":
            cells.append(why)
        return *cells, *_build_words_cells(item, question.NO_WORDS)

    def invent(self, context: question.ItemContext, rng: Random) -> Reply:
        most = min(self.max or 3, len(context.options))
        how_many = 0
        if most:
            least = min(max(self.min, 1), most)
            how_many = rng.randint(least, most)
        return _invent_pick(context, rng, how_many)


def _explain_number(picked: PickReply) -> Rejection:
    """Reject a reply to a question with one answer that has none, or several."""
    return Rejection("only one answer" if picked.codes else "an answer is needed")


def _list_codes(item: question.CompiledItem) -> tuple[Code, ...]:
    """Return the codes of the item's own options."""
    return tuple(option.code for option in item.options)


def _list_own_amounts(item: question.CompiledItem) -> frozenset[Code]:
    """List the codes that are their own amounts, beside others that aren't."""
    if item.amounts is None:
        return frozenset()
    return frozenset(_list_codes(item)) - item.amounts.by_code.keys()


def _get_codes(value: Value | None) -> tuple[Code, ...]:
    """Return the codes of an answer to a multiple; empty if there is none."""
    return value if isinstance(value, tuple) else ()


def _list_labels(item: question.CompiledItem, language: str) -> dict[Code, str]:
    """Return the labels of the item's own options by their codes."""
    return {option.code: str(option.label.get(language)) for option in item.options}


def _parse_words(
    picked: PickReply, value: Value, options: tuple[question.CompiledOption, ...]
) -> question.ParsedAnswer | Rejection:
    """Return an answer with the words of those of its options that require words."""
    words: dict[Code, str] = {}
    for option in options:
        if option.specify:
            typed = picked.specify_texts.get(option.code, "")
            words[option.code] = question.normalize_text(typed, lines=False)
            if not words[option.code]:
                return _ask_for_words(option.code)
    return question.ParsedAnswer(value, words or question.NO_WORDS)


def _ask_for_words(code: Code) -> Rejection:
    return Rejection(f"{code} needs words: type {code} and the words")


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
    """Index the options by their code and its type, since 1 and True are the same key."""
    return {(type(option.code), option.code): option for option in options}


def find_option(
    options: tuple[question.CompiledOption, ...], code: object
) -> question.CompiledOption | None:
    """Find the option with this code (1 and True, 1 and "1" are different codes)."""
    # a loop takes a third of the time of a generator, and every answer needs it
    for option in options:
        if option.code == code and type(option.code) is type(code):
            return option
    return None


def _build_coded_variable(
    item: question.CompiledItem,
    language: str,
    labels: Mapping[Code, str],
    measure: Measure = "nominal",
) -> Variable:
    """Build a column of codes, which are numbers or words."""
    storage: Storage = "integer" if all(isinstance(code, int) for code in labels) else "text"
    return question.build_variable(
        item,
        language,
        storage=storage,
        measure=measure,
        labels=labels,
        user_missing=tuple(option.code for option in item.options if option.missing),
    )


def _build_words_variables(item: question.CompiledItem, language: str) -> list[Variable]:
    """Build a text column for each option that requires words."""
    title = item.label.get(language)
    columns = []
    for option in item.options:
        if option.specify:
            label = f"{title}: {option.label.get(language)} (words)"
            suffix = f"_{option.code}_text"
            columns.append(_build_words_variable(item, language, suffix, label, option.code))
    return columns


def _build_words_variable(
    item: question.CompiledItem,
    language: str,
    suffix: str,
    label: str,
    option: Code | None = None,
) -> Variable:
    column = question.build_variable(
        item, language, suffix, label=label, storage="text", option=option, role="words"
    )
    # a decline is in the column of the codes
    return replace(column, declines={})


def _build_words_cells(item: question.CompiledItem, words: question.Words) -> list[str]:
    """Return the words given with the options, or an empty text for each without words."""
    return [words.get(code, "") for code in item.specify_codes]


def _invent_pick(context: question.ItemContext, rng: Random, how_many: int) -> PickReply:
    remaining = list(context.options)
    if how_many == 1 and remaining:
        # with `randint`, the same seed would give other answers than before
        index = int(rng.random() * len(remaining))
        return _pick([remaining[index]])

    chosen: list[question.CompiledOption] = []
    while remaining and len(chosen) < how_many:
        option = remaining.pop(rng.randint(0, len(remaining) - 1))
        if option.exclusive and chosen:
            continue
        chosen.append(option)
        if option.exclusive:
            break
    return _pick(chosen)


def _pick(options: Sequence[question.CompiledOption]) -> PickReply:
    codes = tuple(option.code for option in options)
    return PickReply(codes, {option.code: INVENTED_WORDS for option in options if option.specify})


SEARCH_HINT: Final = "type words of the answer, or its code"
INVENTED_WORDS: Final = "something else"
"""What simulated respondents say with an option that requires words."""


class SearchItem(question.QuestionItem):
    """A question with one answer out of a long list, such as occupations or schools.

    The interviewer finds it by typing words. The code is stored, and the words that were typed in a
    column `ID_text`.
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
        file = self.list_.file if isinstance(self.list_, nodes.FileScalar) else None
        return search_lists.read_search_list(file)

    @property
    def entries(self) -> SearchList:
        """The entries of the list."""
        return self.file.list

    def _build_search(self, context: question.ItemContext) -> ListSearch:
        return ListSearch(self.entries, context.language, context.build_choices())

    def build_entry(self, context: question.ItemContext) -> Entry:
        search = self._build_search(context)
        return LineEntry("search", SEARCH_HINT, personal=self.personal, search=search)

    def parse_reply(
        self, context: question.ItemContext, reply: Reply
    ) -> question.ParsedAnswer | Rejection:
        if isinstance(reply, PickReply):
            return self._parse_pick(context, reply)

        typed = question.normalize_text(reply, lines=False)
        search = self._build_search(context)
        first, _, words = typed.partition(" ")
        for option in search.options:
            if str(option.code).casefold() == first.casefold():
                return self._parse_pick(context, PickReply((option.code,), {option.code: words}))

        matches = search.find_listed(typed)
        code = self._find_typed(typed, matches)
        if code is not None:
            return self._parse_pick(context, PickReply((code,), {code: typed}))
        if not typed:
            return Rejection(SEARCH_HINT)

        why = f"nothing in the list fits {typed}: try another word, or part of one"
        if matches:
            why = f"{typed}: which?"
        meanings = [
            PossibleMeaning(_label(choice), PickReply((choice.code,), {choice.code: typed}))
            for choice in (*matches, *search.options)
        ]
        return Rejection(why, tuple(meanings))

    def _find_typed(self, typed: str, matches: Sequence[OfferedOption]) -> Code | None:
        """Return the code that was typed, or that of the only entry with exactly these words."""
        row = self.entries.find_code(typed)
        if row is not None:
            return row.code

        typed_words = split_words(typed)
        exact = [
            match.code for match in matches if split_words(to_plain_text(match.text)) == typed_words
        ]
        return exact[0] if len(exact) == 1 else None

    def _parse_pick(
        self, context: question.ItemContext, reply: PickReply
    ) -> question.ParsedAnswer | Rejection:
        if len(reply.codes) != 1:
            return _explain_number(reply)
        code = reply.codes[0]
        why = self.why_invalid(context, code)
        if why:
            return Rejection(why)

        words = question.normalize_text(reply.specify_texts.get(code, ""), lines=False)
        option = find_option(context.options, code)
        if option is not None and option.specify and not words:
            return _ask_for_words(code)
        is_only_code = words.casefold() == str(code).casefold()
        takes_words = option is None or option.specify
        if is_only_code or not takes_words:
            words = ""
        return question.ParsedAnswer(value=code, words={code: words} if words else {})

    def why_invalid(self, context: question.ItemContext, value: Value | None) -> str:
        if value in self.entries.rows or find_option(context.options, value) is not None:
            return ""
        return f"{value} is not in the list"

    def format_answer(
        self, item: question.CompiledItem, value: Value | None, wording: question.AnswerWording
    ) -> str:
        row = self.entries.rows.get(value) if isinstance(value, int | str) else None
        if row is None:
            return format_option(value, find_option(item.options, value), wording)
        text = row.get_text(wording.language)
        return f"{value} {text}" if wording.with_code else text

    def format_as_typed(self, value: Value, words: question.Words, language: str) -> str:
        # the words with an entry of the list are those by which it was found
        if not isinstance(value, int | str) or value in self.entries.rows:
            return str(value).strip()
        return f"{value} {words.get(value, '')}".strip()

    def build_variables(self, item: question.CompiledItem, language: str) -> tuple[Variable, ...]:
        labels = {code: row.get_text(language) for code, row in self.entries.rows.items()}
        labels |= _list_labels(item, language)
        column = _build_coded_variable(item, language, labels)
        label = f"{item.label.get(language)} (as typed)"
        return column, _build_words_variable(item, language, "_text", label)

    def build_cells(
        self, item: question.CompiledItem, value: Value | None, words: question.Words
    ) -> tuple[Cell, ...]:
        assert value is not None
        return value, next(iter(words.values()), "")

    def build_missing_cells(self, item: question.CompiledItem, why: Missing) -> tuple[Cell, ...]:
        return why, ""

    def invent(self, context: question.ItemContext, rng: Random) -> Reply:
        codes = [*self.entries.rows, *(option.code for option in context.options)]
        code = rng.choice(codes)
        return PickReply((code,), {code: INVENTED_WORDS})


def _label(choice: OfferedOption) -> str:
    text = to_plain_text(choice.text)
    return f"{text} ({choice.note})" if choice.note else text
