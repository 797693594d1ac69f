"""Brackets as ordinary items: a section with a question for each amount, and computed results.

Conditions lead from each step to the next. Nothing else needs to know how a bracket unfolds: the
engine, the proof and simulations see questions with conditions.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from survey_cli.instrument.compiled.decline_sets import choose_other_code
from survey_cli.instrument.editions import TRANSLATED_LABELS_EDITION
from survey_cli.instrument.schema.document import Document
from survey_cli.instrument.schema.items.brackets import (
    AMOUNT_WORDS,
    DOUBT_WORDS,
    LESS,
    NAMED,
    NO_LIMIT,
    NOT_LESS,
    RANDOM_START,
    START_LABEL,
    STEP_WORDS,
    STOPPED_AT_AMOUNT,
    STOPPED_AT_INTERVAL,
    BracketAmountItem,
    BracketItem,
    BracketResultItem,
    BracketStepItem,
    LabelTranslation,
    ResultPart,
)
from survey_cli.instrument.schema.items.groups import BracketSection
from survey_cli.instrument.schema.items.question import (
    CompiledDecline,
    CompiledItem,
    ConfirmSpec,
    ResultValue,
)
from survey_cli.instrument.schema.items.unasked_items import SplitItem
from survey_cli.instrument.schema.options import OptionSpec
from survey_cli.instrument.source.nodes import NOWHERE, MadeScalar, YamlScalar
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts.languages import get_base
from survey_cli.instrument.texts.number_text import is_currency
from survey_cli.instrument.texts.templates import AMOUNT_FILL, NO_ANSWER_TEXT, find_fill
from survey_cli.values import NOT_ASKED, Code, Missing

_SHARED_KEYS: Final = ("by", "personal", "instruction", "probe", "help")


class _Reach(NamedTuple):
    """One way to come to a step: after an answer to another one."""

    step: str
    answer: int
    starts: tuple[str, ...] = ()
    """The first amounts with which this is the way; empty for any."""


@dataclass(frozen=True, slots=True)
class BracketStep:
    """One question of a bracket."""

    id: str
    index: int
    """Which amount it asks about."""
    condition: str
    """When it is asked; empty for the first step."""


@dataclass(frozen=True, slots=True)
class ResultRule:
    """How a result is computed from the answers."""

    cases: Sequence[tuple[ResultValue, str]]
    """Values with their conditions. The first one whose condition is true is taken."""
    default: ResultValue | Missing = NOT_ASKED


class BracketPlan:
    """The steps of a bracket in the order in which they are asked, and its results."""

    def __init__(self, bracket: BracketItem) -> None:
        self.bracket = bracket
        self.id = str(bracket.id)
        self.amounts = bracket.amounts
        self.names = [f"{self.id}_{_name_amount(amount)}" for amount in self.amounts]
        self.exact = f"{self.id}_exact"
        self.start = f"{self.id}_start"
        self.steps: list[BracketStep] = []

        if bracket.start == RANDOM_START:
            self._plan_random_start()
        else:
            self._plan_start(self._find_start())

    @property
    def is_random(self) -> bool:
        """Whether the first amount is drawn."""
        return self.bracket.start == RANDOM_START

    def _find_start(self) -> int:
        if self.bracket.start in self.amounts:
            return self.amounts.index(self.bracket.start)
        return (len(self.amounts) - 1) // 2

    def _add(self, name: str, index: int, reaches: Iterable[_Reach]) -> None:
        conditions = [_write_reach(self.start, reach) for reach in reaches]
        self.steps.append(BracketStep(name, index, " or ".join(conditions)))

    # From an amount that is written

    def _plan_start(self, start: int) -> None:
        """Plan the steps from one first amount: each is asked after one answer to another one."""
        self._add(self.names[start], start, ())
        self._plan_part(range(start), start, LESS)
        self._plan_part(range(start + 1, len(self.amounts)), start, NOT_LESS)

    def _plan_part(self, indexes: range, parent: int, answer: int) -> None:
        """Plan the steps among some amounts, to which an answer at the parent leads."""
        if not indexes:
            return
        index = self._choose_next(indexes, answer)
        self._add(self.names[index], index, [_Reach(self.names[parent], answer)])
        self._plan_part(range(indexes.start, index), index, LESS)
        self._plan_part(range(index + 1, indexes.stop), index, NOT_LESS)

    def _choose_next(self, indexes: range, answer: int) -> int:
        """Choose which of the amounts that are left is asked next."""
        if self.bracket.walk == "halve":
            return indexes[(len(indexes) - 1) // 2]
        if answer == LESS:
            return indexes[-1]
        return indexes[0]

    # From an amount that is drawn

    def _plan_random_start(self) -> None:
        """Plan the steps for all first amounts, so that each comes after those that lead to it."""
        for index, name in enumerate(self.names):
            code = _name_amount(self.amounts[index])
            self.steps.append(BracketStep(name, index, f"{self.start} == '{code}'"))
        if self.bracket.walk == "halve":
            self._plan_halving()
        else:
            self._plan_stepping()

    def _plan_stepping(self) -> None:
        """Plan the steps down from the highest amount, and then those up from the lowest."""
        last = len(self.amounts) - 1
        for index in range(last - 1, -1, -1):
            above = index + 1
            reaches = [_Reach(self.names[above], LESS)]
            if above < last:
                reaches.append(_Reach(f"{self.names[above]}_down", LESS))
            self._add(f"{self.names[index]}_down", index, reaches)
        for index in range(1, last + 1):
            below = index - 1
            reaches = [_Reach(self.names[below], NOT_LESS)]
            if below > 0:
                reaches.append(_Reach(f"{self.names[below]}_up", NOT_LESS))
            self._add(f"{self.names[index]}_up", index, reaches)

    def _plan_halving(self) -> None:
        """Plan the steps after the first one.

        The amounts are in one tree of halves, and of those that are left the highest in the tree
        is asked. So every amount comes after all that can lead to it, whatever came first.
        """
        ancestors: dict[int, list[int]] = {}
        parts: list[tuple[range, list[int]]] = [(range(len(self.amounts)), [])]
        for indexes, above in parts:  # it grows meanwhile
            if not indexes:
                continue
            middle = indexes[(len(indexes) - 1) // 2]
            ancestors[middle] = above
            parts.append((range(indexes.start, middle), [*above, middle]))
            parts.append((range(middle + 1, indexes.stop), [*above, middle]))

        for index, above in ancestors.items():
            self._add(f"{self.names[index]}_next", index, self._list_reaches(index, above))

    def _list_reaches(self, index: int, above: Sequence[int]) -> list[_Reach]:
        """List the ways to an amount, for every other amount that can come first."""
        starts_by_parent: dict[int, list[str]] = {}
        reaches = []
        for start in range(len(self.amounts)):
            if start == index:
                continue
            # those on the other side of the first amount are never asked
            same_side = [parent for parent in above if (parent < start) == (index < start)]
            same_side = [parent for parent in same_side if parent != start]
            if same_side:
                code = _name_amount(self.amounts[start])
                starts_by_parent.setdefault(same_side[-1], []).append(code)
            else:
                reaches.append(_Reach(self.names[start], _find_answer(index, start)))
        for parent, starts in starts_by_parent.items():
            answer = _find_answer(index, parent)
            reaches.append(_Reach(f"{self.names[parent]}_next", answer, tuple(starts)))
        return reaches

    # Results

    @property
    def sources(self) -> tuple[str, ...]:
        """The questions, of which one can be declined."""
        steps = [step.id for step in self.steps]
        if self.bracket.named:
            return (*steps, self.exact)
        return tuple(steps)

    def write_named(self) -> str:
        """Write the condition that the respondent names the amount."""
        return " or ".join(f"{step.id} == {NAMED}" for step in self.steps)

    def write_contradiction(self) -> str:
        """Write the condition that the amount is not in what the steps have left."""
        parts = []
        for step in self.steps:
            amount = _write_number(self.amounts[step.index])
            parts.append(f"({step.id} == {LESS} and {self.exact} >= {amount})")
            parts.append(f"({step.id} == {NOT_LESS} and {self.exact} < {amount})")
        return " or ".join(parts)

    def _write_answer(self, index: int, answer: int) -> str:
        """Write the condition that this was answered about an amount."""
        names = [step.id for step in self.steps if step.index == index]
        return "(" + " or ".join(f"{name} == {answer}" for name in names) + ")"

    def _write_left(self, code: int) -> str:
        """Write the condition that the steps have left one interval."""
        parts = []
        if code > 1:
            parts.append(self._write_answer(code - 2, NOT_LESS))
        if code <= len(self.amounts):
            parts.append(self._write_answer(code - 1, LESS))
        return " and ".join(parts)

    def _write_within(self, code: int) -> str:
        """Write the condition that the amount that was named is in an interval."""
        parts = []
        if code > 1:
            parts.append(f"{self.exact} >= {_write_number(self.amounts[code - 2])}")
        if code <= len(self.amounts):
            parts.append(f"{self.exact} < {_write_number(self.amounts[code - 1])}")
        return " and ".join(parts)

    def build_rules(self, declines: Iterable[str]) -> Mapping[ResultPart, ResultRule]:
        """Build the rule of each result. `declines` are those that can be answered."""
        codes = range(1, len(self.amounts) + 2)
        intervals = [(code, self._write_interval(code)) for code in codes]

        indexes = range(len(self.amounts))
        lows = [
            (self.amounts[index], self._write_bound(index, ">=", NOT_LESS))
            for index in reversed(indexes)
        ]
        highs = [(self.amounts[index], self._write_bound(index, "<", LESS)) for index in indexes]

        # the interval has been computed before
        stops = []
        if self.bracket.named:
            stops.append((STOPPED_AT_AMOUNT, f"answered({self.exact})"))
        stops.append((STOPPED_AT_INTERVAL, f"answered({self.id})"))
        stops += [(kind, f"{self.id} in [{kind}]") for kind in declines]
        return {
            "": ResultRule(intervals),
            "low": ResultRule(lows, self.bracket.min),
            "high": ResultRule(highs, NO_LIMIT),
            "stop": ResultRule(stops),
        }

    def _write_interval(self, code: int) -> str:
        """Write the condition that the amount is in an interval: as named, or by the steps."""
        left = self._write_left(code)
        if not self.bracket.named:
            return left
        return f"({self._write_within(code)}) or ({left})"

    def _write_bound(self, index: int, sign: str, answer: int) -> str:
        """Write the condition that an amount is a limit: by what was named, else by the steps."""
        by_steps = self._write_answer(index, answer)
        if not self.bracket.named:
            return by_steps
        named = f"{self.exact} {sign} {_write_number(self.amounts[index])}"
        return f"{named} or (not answered({self.exact}) and {by_steps})"


def _find_answer(index: int, other: int) -> int:
    """Return the answer about another amount that leads towards this one."""
    return LESS if index < other else NOT_LESS


def _write_reach(start: str, reach: _Reach) -> str:
    condition = f"{reach.step} == {reach.answer}"
    if not reach.starts:
        return condition
    codes = ", ".join(f"'{code}'" for code in reach.starts)
    return f"({start} in [{codes}] and {condition})"


def _write_number(amount: float) -> str:
    return f"{amount:.15g}"


def _name_amount(amount: float) -> str:
    """Return an amount as a part of a name: `25000`, `2_5`, `minus_100`."""
    digits = _write_number(abs(amount)).replace(".", "_")
    return f"minus_{digits}" if amount < 0 else digits


class ExpandedBracket(NamedTuple):
    """The section that a bracket is expanded to, with the plan that it was made from."""

    section: BracketSection
    plan: BracketPlan


def expand_bracket(bracket: BracketItem, document: Document) -> ExpandedBracket:
    """Make the section of a bracket: its steps, the amount, and its results."""
    plan = BracketPlan(bracket)
    return ExpandedBracket(_Expansion(plan, document).build(), plan)


class _Expansion:
    """Maker of the items of one bracket."""

    def __init__(self, plan: BracketPlan, document: Document) -> None:
        self.bracket = plan.bracket
        self.plan = plan
        self.languages = tuple(str(language) for language in document.languages)
        is_translated = document.edition >= TRANSLATED_LABELS_EDITION
        self.label_translation = LabelTranslation(is_translated)
        self._options = self._build_options()

    def build(self) -> BracketSection:
        """Make the section."""
        bracket = self.bracket
        items: list[Any] = []
        if self.plan.is_random:
            items.append(self._build_start())
        items += [self._build_step(step) for step in self.plan.steps]
        if bracket.named:
            items.append(self._build_amount())
        items += [self._build_result(part) for part in ("", "low", "high", "stop")]
        section = BracketSection.model_construct(
            type="section",
            id=self._make_name(f"{bracket.id}_bracket"),
            title=None,
            intro=None,
            ask_if=bracket.ask_if,
            unless=bracket.unless,
            anchor=bracket.anchor,
            items=items,
            bracket=bracket,
        )
        section.copy_position(bracket)
        return section

    def _make_name(self, name: str) -> YamlScalar:
        return YamlScalar(name, self.bracket.id.where)

    def _make_text(self, words: Mapping[str, str]) -> Text:
        """Make a text of our own words, in the languages of the questionnaire."""
        texts = {}
        for language in self.languages:
            text = words.get(get_base(language), words["en"])
            texts[language] = YamlScalar(text, NOWHERE)
        return Text(None, texts)

    def _add_to_label(self, words: Mapping[str, str]) -> Text:
        """Return the label of the bracket with words in brackets after it."""
        label = self.bracket.label or self.bracket.text
        texts = {}
        for language in self.languages:
            added = self.label_translation.choose(words, language)
            text = f"{label.get(language)} ({added})"
            texts[language] = YamlScalar(text, NOWHERE)
        return Text(None, texts)

    def _make_condition(self, text: str) -> YamlScalar | None:
        if not text:
            return None
        return MadeScalar(text, self.bracket.id.where)

    def _build_options(self) -> dict[Code, OptionSpec]:
        codes = [LESS, NOT_LESS]
        if self.bracket.named:
            codes.append(NAMED)
        options: dict[Code, OptionSpec] = {}
        for position, code in enumerate(codes):
            words = {language: texts[position] for language, texts in STEP_WORDS.items()}
            options[code] = OptionSpec.model_construct(
                text=self._make_text(words), read=code != NAMED
            )
        return options

    def _list_shared(self) -> dict[str, Any]:
        """List the keys of the bracket that apply to everything that is asked."""
        return {key: getattr(self.bracket, key) for key in _SHARED_KEYS}

    def _build_start(self) -> SplitItem:
        arms = {self._make_name(_name_amount(amount)): 1 for amount in self.plan.amounts}
        split = SplitItem.model_construct(
            type="split",
            id=self._make_name(self.plan.start),
            label=self._add_to_label(START_LABEL),
            arms=arms,
            report=False,
        )
        split.copy_position(self.bracket)
        return split

    def _build_step(self, step: BracketStep) -> BracketStepItem:
        item = BracketStepItem.model_construct(
            type="single",
            id=self._make_name(step.id),
            text=self.bracket.text,
            ask_if=self._make_condition(step.condition),
            options=self._options,
            spec=self.bracket,
            amount=self.plan.amounts[step.index],
            declines=self.bracket.declines,
            read=self.bracket.read,
            report=False,
            **self._list_shared(),
        )
        item.copy_position(self.bracket)
        return item

    def _build_amount(self) -> BracketAmountItem:
        bracket = self.bracket
        declines = bracket.declines
        if isinstance(declines, YamlScalar):
            # A set may have codes that are amounts: `settle_declines` gives it others.
            declines = None
        item = BracketAmountItem.model_construct(
            type="number",
            id=self._make_name(self.plan.exact),
            text=bracket.exact or self._make_text(AMOUNT_WORDS),
            label=bracket.label or bracket.text,
            ask_if=self._make_condition(self.plan.write_named()),
            min=bracket.min,
            unit=bracket.unit,
            decimals=bracket.decimals,
            declines=declines,
            spec=bracket,
            label_translation=self.label_translation,
            amounts_by_step={step.id: self.plan.amounts[step.index] for step in self.plan.steps},
            confirm=[self._build_doubt()],
            report=False,
            **self._list_shared(),
        )
        for key in ("instruction", "probe", "help"):
            text = getattr(item, key)
            if text is not None and _mentions_amount(text):
                setattr(item, key, None)  # it belongs to the steps, which read an amount
        item.copy_position(bracket)
        return item

    def _build_doubt(self) -> ConfirmSpec:
        """Make the question that is read if the amount contradicts a step."""
        unit = ""
        if self.bracket.unit:
            unit = str(self.bracket.unit.get(self.languages[0]))
        fill = self.plan.exact
        if is_currency(unit):
            fill = f"{fill}:{unit}"
        words = {
            language: text.replace("{amount}", f"{{{fill}|{NO_ANSWER_TEXT}}}")
            for language, text in DOUBT_WORDS.items()
        }
        return ConfirmSpec.model_construct(
            if_=MadeScalar(self.plan.write_contradiction(), self.bracket.id.where),
            text=self._make_text(words),
        )

    def _build_result(self, part: ResultPart) -> BracketResultItem:
        bracket = self.bracket
        suffix = f"_{part}" if part else ""
        item = BracketResultItem.model_construct(
            type="bracket",
            id=self._make_name(f"{bracket.id}{suffix}"),
            label=bracket.label or bracket.text,
            personal=bracket.personal,
            base=bracket.base,
            nets=bracket.nets if not part else {},
            report=bracket.report and not part,
            spec=bracket,
            label_translation=self.label_translation,
            part=part,
        )
        item.copy_position(bracket)
        return item


def _mentions_amount(text: Text) -> bool:
    return any(find_fill(written, AMOUNT_FILL)[1] for _, written in text.iterate_languages())


def settle_declines(items: Iterable[CompiledItem], declines: Iterable[CompiledDecline]) -> None:
    """Give the amount and the results of a bracket the declines of its steps.

    A code that could be an amount, or the number of an interval, is replaced there.
    """
    declines = tuple(declines)
    for item in items:
        match item.question:
            case BracketAmountItem(spec=bracket):
                item.declines = _move_declines(declines, bracket.may_be_amount)
            case BracketResultItem(part="low" | "high", spec=bracket):
                item.declines = _move_declines(declines, bracket.may_be_amount)
            case BracketResultItem(spec=bracket):
                item.declines = _move_declines(declines, bracket.codes.__contains__)


def _move_declines(
    declines: Sequence[CompiledDecline], is_taken: Callable[[int], bool]
) -> tuple[CompiledDecline, ...]:
    """Return declines with other codes instead of those that are taken."""
    used = {decline.code for decline in declines}
    moved = []
    for decline in declines:
        code = decline.code
        if is_taken(code):
            other = choose_other_code(decline.id, lambda code: code in used or is_taken(code))
            if other is not None:  # otherwise `check` reports the code
                code = other
            used.add(code)
        moved.append(decline._replace(code=code))
    return tuple(moved)
