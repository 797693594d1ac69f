"""Forms of any system: their items, choices, texts and formulas, each with its place.

A reader makes a `ForeignForm` and nothing else. It decides nothing about the questionnaire, except
what an item is: a question by its kind of answer, a note, a group, a roster, a calculation, a
column of the sample, an end, or something that has no place in an interview by telephone.

This form has a question that is asked if another one has the answer 1:

    origin = Origin("dictionary", 2)
    smokes = FormQuestion("smokes", origin, answer="code", choices=ChoiceList("smokes", choices))
    per_day = FormQuestion("per_day", Origin("dictionary", 3), answer="number", decimals=0)
    per_day.label = Texts({"en": ("Cigarettes per day?",)}, per_day.origin)
    per_day.condition = Formula(
        "[smokes] = '1'",
        per_day.origin.at("Branching Logic"),
        ValueComparison(AnswerOf("smokes"), "==", Constant("1"), if_blank=False),
    )
    root = FormGroup("", NO_ORIGIN)
    root.add(smokes)
    root.add(per_day)
    ForeignForm("tobacco", REDCAP_WORDS, root, languages=["en"])
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.conversion.model.decline_words import find_exact_decline
from survey_cli.conversion.model.expressions import (
    YES,
    Expression,
    Unsupported,
    UnsupportedError,
    iterate_parts,
    join_all,
    list_conjuncts,
)

# ── places ────────────────────────────────────────────────────────────────────────────────────────


class Origin(NamedTuple):
    """A place in the original: a row of a sheet or table, or one of its columns."""

    part: str
    """The sheet, table or section of the file: `survey`, `questions`, `blocks`."""
    row: int
    """The number of the row, line or element, as a person finds it there."""
    column: str = ""
    """The column or key; empty for the whole row."""

    def at(self, column: str) -> "Origin":
        """Return the place of a column in this row."""
        return Origin(self.part, self.row, column)


NO_ORIGIN: Final = Origin("", 0)


class SystemWords(NamedTuple):
    """What a system calls things, for reports and comments."""

    system: str
    part: str
    row: str
    column: str
    """The headings of a place in the report, such as Sheet, Row, Column."""
    items_part: str
    """The part of the file that has the items, such as the sheet `survey`."""
    name: str
    type: str
    label: str
    condition: str
    constraint: str = ""
    calculation: str = ""
    turns: str = ""
    default: str = ""
    required: str = ""
    offered: str = ""
    """The columns or keys in which an item has these; empty if the system has none."""
    counted: tuple[str, ...] = ()
    """The kinds of conditions that the report counts, if not by the columns of these three."""
    item_prefix: str = ""
    """What precedes the number of an item in the id that a person sees, such as QID in QID12."""

    def name_row(self, part: str, row: int) -> str:
        """Return what a person calls a row: `row 12`, or `QID12` if items have such ids."""
        # The number is 0 if an item has an id without one.
        if self.item_prefix and part == self.items_part and row:
            return f"{self.item_prefix}{row}"
        return f"{self.row.lower()} {row}"

    def list_formula_columns(self) -> list[str]:
        """Return the columns whose formulas the report counts, in the order of the report."""
        columns = dict.fromkeys(self.counted)
        columns |= dict.fromkeys((self.condition, self.constraint, self.calculation))
        return [column for column in columns if column]


class Remark(NamedTuple):
    """What a reader has to say about a place: a note, or a loss."""

    origin: Origin
    text: str
    is_loss: bool = False
    name: str = ""


# ── texts and formulas ────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Fill:
    """A value that is filled into a text (piped text)."""

    source: str
    """How it is written in the original: `${age}`, `{Q1.shown}`."""
    value: Expression


TextPieces: TypeAlias = tuple[str | Fill, ...]
"""A text with its fills. Its markup is HTML or Markdown, which the writer removes."""


@dataclass(frozen=True, slots=True)
class Texts:
    """A text in all its languages."""

    by_language: Mapping[str, TextPieces]
    """By the codes of languages; a text that isn't there, or is empty, isn't translated."""
    origin: Origin

    def list_words(self) -> list[str]:
        """Return the text in each language, without fills."""
        return [
            "".join(piece for piece in pieces if isinstance(piece, str))
            for pieces in self.by_language.values()
        ]


NO_TEXTS: Final = Texts({}, NO_ORIGIN)


@dataclass(frozen=True, slots=True)
class Formula:
    """A condition or a calculation, as it is written and what it means."""

    text: str
    origin: Origin
    tree: Expression
    uses_device: bool = False
    """It uses what no interview by telephone has: the device, its place, or the time of day."""
    counted_as: str = ""
    """The kind under which the report counts it; its column if it is empty."""

    def get_tree(self) -> Expression:
        """Return the tree. Raises UnsupportedError if all of it is unsupported."""
        if isinstance(self.tree, Unsupported):
            raise UnsupportedError(self.tree.why)
        return self.tree


# ── choices ───────────────────────────────────────────────────────────────────────────────────────


@dataclass
class FormChoice:
    """A choice of a question."""

    code: str
    origin: Origin
    texts: Texts = NO_TEXTS
    asks_for_words: bool = False
    """It is "other, specify"."""
    is_exclusive: bool = False
    """It can't be chosen together with others."""
    columns: dict[str, str] = field(default_factory=dict)
    """What else the original says of it, which its reader uses in filters."""
    is_fixed: bool = False
    """It keeps its position when the choices are shuffled."""

    # Every question with the list asks for it, and a list may have thousands of choices.
    @cached_property
    def decline(self) -> str:
        """Return dk or refused if the text says nothing else, otherwise an empty text."""
        return find_exact_decline(self.texts.list_words())


@dataclass(eq=False)
class ChoiceList:
    """The choices of a question. Questions with the same list share one object."""

    name: str
    choices: list[FormChoice]


@dataclass(frozen=True)
class OfferedChoices:
    """The conditions on which the choices of a question are offered."""

    formula: Formula
    """The whole filter, or the first of several conditions: its place is that of a loss."""
    conditions: list[Expression]
    """One for each choice of the list, in their order; true if the choice is always offered."""
    formulas: tuple[Formula | None, ...] = ()
    """The condition that each choice has for itself, which is carried over or lost without the
    others; empty if a filter of the whole list says it."""


# ── items ─────────────────────────────────────────────────────────────────────────────────────────

AnswerKind: TypeAlias = Literal["code", "codes", "number", "text", "date", "time"]
"""One code, several codes, or something that is typed."""
Requirement: TypeAlias = Literal["no", "yes", "condition"]
"""Whether a question must be answered; on a condition, it may be left empty here."""
Order: TypeAlias = Literal["written", "random", "rotate", "flip"]
"""The order in which choices, statements or items are put."""


@dataclass(eq=False)
class FormItem:
    """What all items have."""

    name: str
    origin: Origin
    label: Texts = field(default=NO_TEXTS, kw_only=True)
    """What is read aloud, or the title of a group."""
    condition: Formula | None = field(default=None, kw_only=True)
    """When it is shown (relevance, branching logic, display logic)."""
    is_fixed: bool = field(default=False, kw_only=True)
    """It keeps its position when the items or rows around it are shuffled."""
    remarks: list[Remark] = field(default_factory=list, kw_only=True)
    parent: "FormGroup | None" = field(default=None, kw_only=True)
    id: str = field(default="", kw_only=True)
    """Its id in the questionnaire, which the writer chooses."""

    @property
    def roster(self) -> "FormRoster | None":
        """Return the innermost roster that contains it."""
        for group in self.iterate_parents():
            if isinstance(group, FormRoster):
                return group
        return None

    def iterate_parents(self) -> Iterator["FormGroup"]:
        """Yield the groups around it, from the inside out, without the root."""
        if self.parent is not None and self.parent.parent is not None:
            yield self.parent
            yield from self.parent.iterate_parents()

    def list_formulas(self) -> list[Formula]:
        """Return the formulas that the report counts."""
        return [] if self.condition is None else [self.condition]

    def build_relevance(self) -> Expression:
        """Return the condition of the item and of the groups around it.

        Raises UnsupportedError if one of them is unsupported.
        """
        from_outside = [*reversed(list(self.iterate_parents())), self]
        conditions: list[Expression] = []
        for item in from_outside:
            if item.condition is not None:
                conditions += list_conjuncts(item.condition.get_tree())
        return join_all([condition for condition in conditions if condition != YES])

    def note(self, column: str, text: str) -> None:
        """Add a note about a column of its row."""
        self.remarks.append(Remark(self.origin.at(column), text, name=self.name))

    def lose(self, column: str, text: str) -> None:
        """Add what is lost of a column of its row, with the reason."""
        self.remarks.append(Remark(self.origin.at(column), text, is_loss=True, name=self.name))


@dataclass(eq=False)
class FormGroup(FormItem):
    """A group, page or block of items; the root of a form is one without a parent."""

    items: list[FormItem] = field(default_factory=list, kw_only=True)
    is_table: bool = field(default=False, kw_only=True)
    """Its questions are the rows of a table (matrix, array) with the same answers."""
    intro: Texts = field(default=NO_TEXTS, kw_only=True)
    """What is read aloud before its first item."""
    help: Texts = field(default=NO_TEXTS, kw_only=True)
    """What is shown to the interviewer about a table on request."""
    order: Order = field(default="written", kw_only=True)
    pick: int | None = field(default=None, kw_only=True)
    """How many of its items are drawn at random; all if it is None."""
    picks_evenly: bool = field(default=False, kw_only=True)
    """Those are drawn that were drawn least often so far."""
    total: float | None = field(default=None, kw_only=True)
    """What the numbers of a table must add up to (constant sum); None if they needn't."""

    def add(self, item: FormItem) -> None:
        """Add an item at the end."""
        item.parent = self
        self.items.append(item)

    def iterate_items(self) -> Iterator[FormItem]:
        """Yield every item in it in the order of the form; a group before its items."""
        for item in self.items:
            yield item
            if isinstance(item, FormGroup):
                yield from item.iterate_items()


@dataclass(eq=False)
class FormRoster(FormGroup):
    """Items that are repeated (repeat, loop and merge), with one turn per person or thing."""

    count: Formula | None = field(default=None, kw_only=True)
    """How many turns; if there is neither this nor `each`, a question decides after each turn."""
    each: str = field(default="", kw_only=True)
    """The question of several answers whose chosen codes have a turn each."""
    most: int | None = field(default=None, kw_only=True)
    """The largest number of turns, if the form says it."""


@dataclass(eq=False)
class FormLoop(FormGroup):
    """One of several loops with the same questions, written out.

    They differ in the names of their items, and in some words.
    """

    prefix: str = field(kw_only=True)
    """What the names of its items begin with, and its own."""
    words: Mapping[str, Texts] = field(kw_only=True)
    """The texts that are filled into its questions and into no other's, by a name for each."""


@dataclass(eq=False)
class FormQuestion(FormItem):
    """A question, by its kind of answer."""

    answer: AnswerKind = field(kw_only=True)
    type: str = field(default="", kw_only=True)
    """Its type in the original, for messages."""
    choices: ChoiceList | None = field(default=None, kw_only=True)
    """The choices of a question with codes. An empty list is a mistake of the form."""
    offered: OfferedChoices | None = field(default=None, kw_only=True)
    """When its choices are offered; all of them always if it is None."""
    instruction: Texts = field(default=NO_TEXTS, kw_only=True)
    """What is shown to the interviewer, not read aloud."""
    help: Texts = field(default=NO_TEXTS, kw_only=True)
    unit: Texts = field(default=NO_TEXTS, kw_only=True)
    required: Requirement = field(default="no", kw_only=True)
    constraint: Formula | None = field(default=None, kw_only=True)
    """What a valid answer fulfills; `.` is the answer. A blank is never tested."""
    message: Texts = field(default=NO_TEXTS, kw_only=True)
    """What is shown if the constraint is false."""
    is_soft: bool = field(default=False, kw_only=True)
    """The constraint is a warning: the answer can be kept."""
    default: Formula | None = field(default=None, kw_only=True)
    """The value that the field begins with."""
    least: float | None = field(default=None, kw_only=True)
    most: float | None = field(default=None, kw_only=True)
    decimals: int = field(default=0, kw_only=True)
    like: Literal["", "email", "url", "phone"] = field(default="", kw_only=True)
    """The kind of text that is accepted; any if it is empty."""
    pattern: str = field(default="", kw_only=True)
    """The pattern of a text in the questionnaire language: `99999` are five digits."""
    order: Order = field(default="written", kw_only=True)
    fewest_choices: int | None = field(default=None, kw_only=True)
    most_choices: int | None = field(default=None, kw_only=True)
    is_scale: bool = field(default=False, kw_only=True)
    """Its choices are steps of a scale."""
    is_ranking: bool = field(default=False, kw_only=True)
    """The order in which codes are chosen counts."""
    is_long: bool = field(default=False, kw_only=True)
    """The answer is written down word for word, in several lines."""
    is_for_interviewer: bool = field(default=False, kw_only=True)
    is_personal: bool = field(default=False, kw_only=True)
    """The answer identifies the respondent."""

    def list_formulas(self) -> list[Formula]:
        """Return the formulas that the report counts."""
        formulas = super().list_formulas()
        if self.constraint is not None:
            formulas.append(self.constraint)
        if self.offered is not None:
            formulas += [formula for formula in self.offered.formulas if formula is not None]
        return formulas


@dataclass(eq=False)
class FormNote(FormItem):
    """A text that is read aloud, or shown to the interviewer, without an answer."""

    instruction: Texts = field(default=NO_TEXTS, kw_only=True)
    help: Texts = field(default=NO_TEXTS, kw_only=True)
    is_for_interviewer: bool = field(default=False, kw_only=True)


@dataclass(eq=False)
class FormCalculation(FormItem):
    """A value that is calculated. If its condition is false, it is blank."""

    formula: Formula = field(kw_only=True)
    is_stored_anyway: bool = field(default=False, kw_only=True)
    """The program stores such a value by itself (a time, a duration), so nothing is lost."""

    def list_formulas(self) -> list[Formula]:
        """Return the formulas that the report counts."""
        return [*super().list_formulas(), self.formula]


@dataclass(eq=False)
class FormColumn(FormItem):
    """A value that is known before the interview (embedded data, a token's attribute)."""


@dataclass(eq=False)
class FormSplit(FormItem):
    """A random assignment (randomizer). Its value is the name of the arm that was drawn."""

    arms: dict[str, int] = field(kw_only=True)
    """The arms with their shares."""


@dataclass(eq=False)
class FormEnd(FormItem):
    """An end of the interview before the last question."""

    outcome: str = field(default="not_eligible", kw_only=True)
    """The outcome in the questionnaire language."""


@dataclass(eq=False)
class LeftOut(FormItem):
    """What a questionnaire doesn't have."""

    why: str = field(kw_only=True)
    is_stored_anyway: bool = field(default=False, kw_only=True)
    """The program stores it by itself, so that it is a note and not a loss."""


class FormQuota(NamedTuple):
    """How many interviews of a kind are wanted."""

    name: str
    formula: Formula
    target: int
    is_active: bool = True
    message: Texts = NO_TEXTS
    """What is read to respondents once it is full."""


@dataclass(eq=False)
class ForeignForm:
    """A form."""

    name: str
    """Its name or identifier in the system; the questionnaire gets it, too."""
    words: SystemWords
    root: FormGroup
    languages: list[str]
    """The codes of its languages, the default first; at least one."""
    title: str = ""
    version: str = ""
    lists: list[ChoiceList] = field(default_factory=list)
    """Lists of choices that are defined apart from questions, used or not."""
    quotas: list[FormQuota] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    """What the reader notes or loses, apart from what concerns one item."""

    @cached_property
    def items(self) -> dict[str, FormItem]:
        """Return the items by their names; if several have the same name, the first."""
        items: dict[str, FormItem] = {}
        for item in self.root.iterate_items():
            items.setdefault(item.name, item)
        return items

    @cached_property
    def positions(self) -> dict[FormItem, int]:
        """Return the position of each item in the order of the form."""
        return {item: number for number, item in enumerate(self.root.iterate_items())}

    def iterate_questions(self) -> Iterator[FormQuestion]:
        """Yield every question in the order of the form."""
        for item in self.root.iterate_items():
            if isinstance(item, FormQuestion):
                yield item

    def list_choice_lists(self) -> list[ChoiceList]:
        """Return all lists of choices, each once, in the order of the form."""
        lists = dict.fromkeys(self.lists)
        for question in self.iterate_questions():
            if question.choices is not None:
                lists[question.choices] = None
        return list(lists)

    def iterate_expressions(self) -> Iterator[Expression]:
        """Yield every condition and calculation."""
        for item in self.root.iterate_items():
            for formula in item.list_formulas():
                yield formula.tree
            if isinstance(item, FormRoster) and item.count is not None:
                yield item.count.tree
            if isinstance(item, FormQuestion) and item.offered is not None:
                yield from item.offered.conditions


def find_unsupported(tree: Expression) -> list[str]:
    """Return why parts of a tree can't be expressed, each reason once."""
    reasons: dict[str, None] = {}
    for part in iterate_parts(tree):
        if isinstance(part, Unsupported):
            reasons[part.why] = None
    return list(reasons)


def make_code(name: str, *, most: int = 64) -> str:
    """Return a name of letters, digits, `_` and `-`, as files and columns have them."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_-")[:most]
