"""Questions answered with one entry of a long list in a file: `search`."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from survey_cli.entries import (
    Entry,
    LineEntry,
    ListSearch,
    OfferedOption,
    PickReply,
    PossibleMeaning,
    Rejection,
    Reply,
    to_plain_text,
)
from survey_cli.instrument.schema.items.coded import find_option, format_option
from survey_cli.instrument.schema.items.question import (
    AnswerWording,
    CompiledItem,
    ItemContext,
    ParsedAnswer,
    QuestionItem,
    RandomSource,
    Words,
    build_variable,
    normalize_text,
)
from survey_cli.instrument.schema.options import OptionsOrName
from survey_cli.instrument.source.nodes import FileScalar
from survey_cli.instrument.source.scalars import Name
from survey_cli.instrument.source.search_lists import ReadList, read_search_list
from survey_cli.search_lists import SearchList, split_words
from survey_cli.values import Cell, Missing, Value, Variable

SEARCH_HINT = "type words of the answer, or its code"


class SearchItem(QuestionItem):
    """A question with one answer out of a long list, such as occupations or schools, which is found by typing words.

    The code is stored, and the words that were typed in a column `ID_text`.
    """

    type: Literal["search"]
    list_: Annotated[Name, "a file"] = Field(alias="list")
    """The file of the list, relative to this one: `lists/occupations.csv`. Its first line names the columns: `code`;
    `text`; `also`, other words by which the answer is found; and `text.es` for the texts of a language. The list is
    stored with the version of the questionnaire."""
    options: OptionsOrName | None = None
    """Answers that are offered besides the list: `{9999: {text: Not in the list, specify: true}}`. If left out: none."""

    condition_type: ClassVar[str] = "code"

    @property
    def file(self) -> ReadList:
        """The list as it was read."""
        return read_search_list(self.list_.file if isinstance(self.list_, FileScalar) else None)

    @property
    def entries(self) -> SearchList:
        """The list."""
        return self.file.list

    def _build_search(self, context: ItemContext) -> ListSearch:
        return ListSearch(self.entries, context.language, context.build_choices())

    def build_entry(self, context: ItemContext) -> Entry:
        search = self._build_search(context)
        return LineEntry(kind="search", hint=SEARCH_HINT, personal=self.personal, search=search)

    def parse_reply(self, context: ItemContext, reply: Reply) -> ParsedAnswer | Rejection:
        if isinstance(reply, PickReply):
            return self._parse_pick(context, reply)
        typed = normalize_text(reply, lines=False)
        search = self._build_search(context)
        first, _, words = typed.partition(" ")
        option = next((o for o in search.options if str(o.code).casefold() == first.casefold()), None)
        if option is not None:
            return self._parse_pick(context, PickReply((option.code,), {option.code: words}))
        row = self.entries.find_code(typed)
        matches = search.find_listed(typed)
        found = [m.code for m in matches if split_words(to_plain_text(m.text)) == split_words(typed)]
        if row is not None or len(found) == 1:
            code = row.code if row is not None else found[0]
            return self._parse_pick(context, PickReply((code,), {code: typed}))
        why = f"{typed}: which?" if matches else f"nothing in the list fits {typed}: try another word, or part of one"
        meanings = [
            PossibleMeaning(_label(o), PickReply((o.code,), {o.code: typed})) for o in (*matches, *search.options)
        ]
        return Rejection(why, tuple(meanings)) if typed else Rejection(SEARCH_HINT)

    def _parse_pick(self, context: ItemContext, reply: PickReply) -> ParsedAnswer | Rejection:
        if len(reply.codes) != 1:
            return Rejection("only one answer" if reply.codes else "an answer is needed")
        code = reply.codes[0]
        if why := self.why_invalid(context, code):
            return Rejection(why)
        words = normalize_text(reply.specify_texts.get(code, ""), lines=False)
        option = find_option(context.options, code)
        if option is not None and option.specify and not words:
            return Rejection(f"{code} needs words: type {code} and the words")
        if words.casefold() == str(code).casefold() or (option is not None and not option.specify):
            words = ""
        return ParsedAnswer(value=code, words={code: words} if words else {})

    def why_invalid(self, context: ItemContext, value: Value | None) -> str:
        listed = value in self.entries.rows or find_option(context.options, value) is not None
        return "" if listed else f"{value} is not in the list"

    def format_answer(self, item: CompiledItem, value: Value | None, wording: AnswerWording) -> str:
        row = self.entries.rows.get(value) if isinstance(value, int | str) else None
        if row is None:
            return format_option(value, find_option(item.options, value), wording)
        text = row.get_text(wording.language)
        return f"{value} {text}" if wording.with_code else text

    def format_as_typed(self, value: Value, words: Words, language: str) -> str:
        text = words.get(value, "") if isinstance(value, int | str) and value not in self.entries.rows else ""
        return f"{value} {text}".strip()

    def build_variables(self, item: CompiledItem, language: str) -> tuple[Variable, ...]:
        labels = {code: row.get_text(language) for code, row in self.entries.rows.items()}
        labels |= {o.code: str(o.label.get(language)) for o in item.options}
        label = f"{item.label.get(language)} (as typed)"
        return (
            build_variable(
                item,
                language,
                storage="integer" if all(isinstance(code, int) for code in labels) else "text",
                labels=labels,
                user_missing=tuple(o.code for o in item.options if o.missing),
            ),
            build_variable(item, language, "_text", label=label, storage="text", role="words", declines={}),
        )

    def build_cells(self, item: CompiledItem, value: Value | None, words: Words) -> tuple[Cell, ...]:
        assert value is not None
        return value, next(iter(words.values()), "")

    def build_missing_cells(self, item: CompiledItem, why: Missing) -> tuple[Cell, ...]:
        return why, ""

    def invent(self, context: ItemContext, rng: RandomSource) -> Reply:
        codes = (*self.entries.rows, *(option.code for option in context.options))
        return PickReply((code := rng.choice(codes),), {code: "something else"})


def _label(option: OfferedOption) -> str:
    note = f" ({option.note})" if option.note else ""
    return f"{to_plain_text(option.text)}{note}"
