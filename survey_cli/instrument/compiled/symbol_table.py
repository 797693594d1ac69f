"""Table of the names of a document: what they mean, and the clashes between them."""

from collections import ChainMap
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any, Final, NamedTuple, cast

from survey_cli.instrument.amounts import Amount, AmountReading
from survey_cli.instrument.compiled.bracket_expansion import ExpandedBracket, expand_bracket
from survey_cli.instrument.compiled.option_amounts import AmountResolver, find_amount
from survey_cli.instrument.compiled.option_lists import OptionResolver, ResolvedOptions
from survey_cli.instrument.compiled.symbols import (
    GroupPath,
    GroupStep,
    ListCodes,
    ListLabels,
    OptionSpecs,
    QuantityLabels,
    Symbol,
    SymbolKind,
    find_turn_name,
    is_shuffled,
    list_declines,
    list_sources,
    name_repeat_question,
)
from survey_cli.instrument.durations import DurationUnit
from survey_cli.instrument.expressions.conditions import Scope, ValueType
from survey_cli.instrument.expressions.expression_checker import LimitNames, VariableType
from survey_cli.instrument.schema.document import Document, SampleColumn
from survey_cli.instrument.schema.items.brackets import (
    BracketItem,
    BracketResultItem,
    IntervalLabels,
)
from survey_cli.instrument.schema.items.coded import MultipleItem, SearchItem, SingleItem
from survey_cli.instrument.schema.items.groups import (
    AnyItem,
    BatteryItem,
    RosterItem,
    SectionItem,
)
from survey_cli.instrument.schema.items.quantity import QuantityItem
from survey_cli.instrument.schema.items.question import QuestionItem
from survey_cli.instrument.schema.items.typed import DurationItem, NumberAnswer, NumericItem
from survey_cli.instrument.schema.items.unasked_items import (
    QUOTA_STATES,
    DrawItem,
    LookupItem,
    SplitItem,
)
from survey_cli.instrument.schema.options import NumberOption, OptionSpec
from survey_cli.instrument.source.nodes import NOWHERE, YamlScalar, locate_name
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts.templates import Template
from survey_cli.problems import FindNearest, Position, Problem, find_nearest
from survey_cli.values import NO_AMOUNT, Code

_YES_NO: Final = {
    "en": ("Yes", "No"),
    "es": ("Sí", "No"),
    "fr": ("Oui", "Non"),
    "de": ("Ja", "Nein"),
    "pt": ("Sim", "Não"),
    "it": ("Sì", "No"),
    "nl": ("Ja", "Nee"),
}
"""The answers to the question after each turn, by language."""
_WHY_UNANSWERED: Final = {
    "read": "is read aloud",
    "handover": "is a handover",
    "end": "ends the interview",
}
"""Why an item of this type has no answer."""


class GroupRange(NamedTuple):
    """A section, battery or roster: its position, and the index of the last item in it."""

    where: Position
    last: int


class NameClash(NamedTuple):
    """A name that is used twice."""

    earlier: Symbol | Position
    """The first use. A group has only a position."""
    where: Position
    name: str


class _AnswerType(NamedTuple):
    """The type of an item's answer, the codes it can have, and their texts."""

    type: VariableType
    codes: AbstractSet[Code] | None = None
    labels: Mapping[Code, Template] | None = None
    amounts: AmountReading | None = None
    duration_unit: DurationUnit | None = None
    limits: LimitNames | None = None


class SymbolTable:
    """The names of a document, in order of first appearance, and the clashes between them."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self.symbols: dict[str, Symbol] = {}
        self.value_types: dict[str, ValueType] = {}
        self.clashes: list[NameClash] = []
        self.groups: dict[str, GroupRange] = {}
        self.rosters: dict[str, RosterItem] = {}
        self.brackets: dict[int, ExpandedBracket] = {}
        """What brackets are expanded to, by the identity of the bracket."""
        self._picked_groups: set[str] = set()
        """Sections and batteries of which only some items are asked."""
        self._index = 0
        """The index of the next item."""
        self.labels: dict[int, dict[Code, Template]] = {}
        """Compiled texts by the identity of a list of options; filled when it is compiled."""
        self._declines = list_declines(document)
        self._amounts = AmountResolver(document.edition, self.problems)
        self._options = OptionResolver(document, self.symbols, self.rosters, self.problems)

        for name, column in document.sample.items():
            where = column.find_position() if column._node else locate_name(name)
            self._add_sample_column(str(name), column, where)
        self._add_items(document.items, (), None)
        for name in document.texts:
            self._record_clash(str(name), name.where)

    def _record_clash(self, name: str, where: Position) -> bool:
        """Return whether a name is used already, which is then recorded."""
        earlier: Symbol | Position
        if name in self.symbols:
            earlier = self.symbols[name]
        elif name in self.groups:
            earlier = self.groups[name].where
        else:
            return False
        self.clashes.append(NameClash(earlier, where, name))
        return True

    def add(self, symbol: Symbol) -> bool:
        """Add a symbol; return whether its name was not used yet."""
        if self._record_clash(symbol.id, symbol.where):
            return False
        self.symbols[symbol.id] = symbol
        self.value_types[symbol.id] = symbol.value_type
        return True

    def build_scope(
        self, inside_roster: str | None = None, nearest: FindNearest = find_nearest
    ) -> Scope:
        """Build the scope inside a roster, or outside of all.

        Names that are added later belong to it, too.
        """
        names_by_roster = {}
        for roster in self.rosters:
            names_by_roster[roster] = frozenset(
                name for name, known in self.value_types.items() if known.roster == roster
            )
        sources = list_sources(self.rosters, inside_roster)
        each = None
        if sources and self.rosters[sources[-1]].each is not None:
            each = sources[-1]
        return Scope(
            names=self.value_types,
            rosters=names_by_roster,
            declines=tuple(self._declines),
            inside_roster=inside_roster,
            groups=self.groups.keys(),
            nearest=nearest,
            find_code=self.find_code,
            sources=frozenset(sources),
            each=each,
            languages=[str(language) for language in self.document.languages],
            edition=self.document.edition,
        )

    def find_code(self, name: str, text: str) -> Code | None:
        """Find the code whose option has this text in a language; None if none has."""
        symbol = self.symbols.get(name)
        if symbol is None:
            return None

        wanted = text.casefold()
        for code, option in symbol.options.items():
            for _, written in option.text.iterate_languages():
                if written.casefold() == wanted:
                    return code
        return None

    def _add_sample_column(self, name: str, column: SampleColumn, where: Position) -> None:
        options: OptionSpecs = {}
        if column.type == "single" and column.options is not None:
            options = self._options.find_list(column.options, name).options
        codes = frozenset(options) or frozenset(map(str, column.arms)) or None
        labels = self._find_labels(options) if options else None
        type_: VariableType
        match column.type:
            case "single" | "split":
                type_ = "code"
            case other:
                type_ = other
        self._amounts.refuse(options, name, "a sample column")
        value_type = ValueType(type_, codes, labels=labels)
        self.add(Symbol(name, SymbolKind.SAMPLE_COLUMN, where, -1, value_type, options=options))

    def _add_items(self, items: Sequence[AnyItem], path: GroupPath, roster: str | None) -> None:
        around = path or (GroupStep("", 0, False),)
        *outer, group = around
        for child, item in enumerate(items):
            self._add_item(item, (*outer, group._replace(child=child)), roster)

    def _add_item(self, item: AnyItem, path: GroupPath, roster: str | None) -> None:
        match item:
            case SectionItem():
                self._add_section(item, path, roster)
            case BatteryItem():
                self._add_battery(item, path, roster)
            case RosterItem():
                self._add_roster(item, path)
            case BracketItem():
                expanded = expand_bracket(item, self.document)
                self.brackets[id(item)] = expanded
                self._add_section(expanded.section, path, roster)
                return
            case _:
                resolved = self._options.resolve(item, roster)
                self._add_question(item, item.id, path, roster, resolved)
                return

        # now that all its items have an index
        item_id = str(item.id)
        if not self._record_clash(item_id, item.id.where):
            self.groups[item_id] = GroupRange(item.id.where, last=self._index - 1)

    def _add_section(self, item: SectionItem, path: GroupPath, roster: str | None) -> None:
        item_id = str(item.id)
        if item.pick is not None:
            self._picked_groups.add(item_id)
        step = GroupStep(item_id, 0, is_shuffled(item))
        self._add_items(item.items, (*path, step), roster)

    def _add_battery(self, item: BatteryItem, path: GroupPath, roster: str | None) -> None:
        item_id = str(item.id)
        if item.pick is not None:
            self._picked_groups.add(item_id)
        resolved = self._options.resolve(item, roster)
        for child, name in enumerate(item.statements):
            step = GroupStep(item_id, child, is_shuffled(item))
            self._add_question(item, name, (*path, step), roster, resolved)

    def _add_roster(self, item: RosterItem, path: GroupPath) -> None:
        item_id = str(item.id)
        over = self.rosters.get(str(item.each))
        if over is not None and "max" not in item.model_fields_set:
            item.max = over.max
        self.rosters[item_id] = item
        step = GroupStep(item_id, 0, is_shuffled(item))
        self._add_items(item.items, (*path, step), item_id)
        if item.until is not None:
            self._add_repeat_question(item, item.until, item_id, path)

    def _add_repeat_question(
        self, item: RosterItem, text: Text, roster_id: str, path: GroupPath
    ) -> None:
        """Add the question at the end of each turn of an `until` roster."""
        yes: dict[str, YamlScalar] = {}
        no: dict[str, YamlScalar] = {}
        for language in self.document.languages:
            yes_word, no_word = _YES_NO.get(language[:2], _YES_NO["en"])
            yes[language] = YamlScalar(yes_word, NOWHERE)
            no[language] = YamlScalar(no_word, NOWHERE)
        options: dict[Code, OptionSpec] = {
            1: OptionSpec.model_construct(text=Text(None, yes)),
            2: OptionSpec.model_construct(text=Text(None, no)),
        }
        name = YamlScalar(name_repeat_question(roster_id), item.id.where)
        question = SingleItem.model_construct(type="single", id=name, text=text, options=options)
        question.copy_position(item)
        self._add_question(question, name, path, roster_id, ResolvedOptions(options))
        symbol = self.symbols.get(name)
        if symbol is not None and symbol.question is question:  # else an item has this name
            self.symbols[symbol.id] = replace(symbol, kind=SymbolKind.QUESTION_AFTER_TURN)

    def _add_question(
        self,
        item: QuestionItem,
        name: YamlScalar,
        path: GroupPath,
        roster: str | None,
        resolved: ResolvedOptions,
    ) -> None:
        """Add the name of an item or, for a battery, of one statement."""
        answer = self._find_answer_type(item, str(name), resolved.options)
        why_unanswered = ""
        if not item.expects_answer:
            why_unanswered = _WHY_UNANSWERED.get(item.type, "")  # type: ignore[attr-defined]
        drawn_from = None
        turn_name = None
        if isinstance(item, DrawItem) and item.from_ is not None:
            drawn_from = str(item.from_)
            turn_name = find_turn_name(self.rosters, drawn_from)
        value_type = ValueType(
            type=answer.type,
            codes=answer.codes,
            declinable=self._is_declinable(item),
            roster=roster,
            why_unanswered=why_unanswered,
            ordered=isinstance(item, MultipleItem) and item.mentions == "ordered",
            labels=answer.labels,
            drawn_from=drawn_from,
            turn_name=turn_name,
            may_be_missing=self._may_be_missing(item, name, path),
            amounts=answer.amounts,
            duration_unit=answer.duration_unit,
            limits=answer.limits,
        )
        kind = SymbolKind.ITEM
        if isinstance(item, BatteryItem):
            kind = SymbolKind.STATEMENT
        symbol = Symbol(
            id=str(name),
            kind=kind,
            where=locate_name(name),
            index=self._index,
            value_type=value_type,
            path=path,
            question=item,
            options=resolved.options,
            scale=resolved.scale,
        )
        self.add(symbol)
        self._index += 1

    def _is_declinable(self, item: QuestionItem) -> bool:
        if isinstance(item, BracketResultItem):
            return self._is_declinable(item.spec)
        if not item.expects_answer:
            return False
        if item.declines is not None:
            return bool(item.declines)
        return bool(self._declines) and not item.by  # by the interviewer

    def _may_be_missing(self, item: QuestionItem, name: YamlScalar, path: GroupPath) -> bool:
        """Return whether an item can have no answer although the interview has passed it."""
        if self._is_declinable(item) or item.ask_if is not None or item.unless is not None:
            return True
        if isinstance(item, BatteryItem) and item.statements[name].ask_if is not None:
            return True
        if isinstance(item, DrawItem) and self._may_draw_nobody(item):
            return True
        return any(step.group in self._picked_groups for step in path)

    def _may_draw_nobody(self, draw: DrawItem) -> bool:
        """Return whether a draw may have no turn to select from."""
        roster = self.rosters.get(str(draw.from_))
        if roster is None or draw.where is not None:
            return True
        return roster.until is None  # with until:, it always has a turn

    def _find_answer_type(self, item: QuestionItem, who: str, options: OptionSpecs) -> _AnswerType:
        codes = frozenset(options) or None
        labels = self._find_labels(options) if options else None
        match item:
            case SearchItem():
                # not `labels or {}`: this dictionary is empty now, and filled in later
                own_labels = labels if labels is not None else {}
                # the labels of a list can't be changed, and a ChainMap only changes its first part
                all_labels = ChainMap(own_labels, ListLabels(item))  # type: ignore[arg-type]
                self._amounts.refuse(options, who, "an entry of a long list")
                amounts = self._amounts.resolve(options, who)
                return _AnswerType("code", ListCodes(item, options), all_labels, amounts)
            case SplitItem():
                return _AnswerType("code", frozenset(map(str, item.arms)))
            case LookupItem(sample=name) if name is not None and name in self.symbols:
                column = self.symbols[name].value_type
                return _AnswerType(column.type, column.codes, column.labels)
            case LookupItem():
                return _AnswerType("code", frozenset(QUOTA_STATES))
            case DrawItem() if item.numbers is not None:
                return _AnswerType("number")
            case BracketResultItem(part=""):
                languages = tuple(str(language) for language in self.document.languages)
                interval_labels = IntervalLabels(item.spec, languages)
                return _AnswerType(
                    "code",
                    frozenset(item.spec.codes),
                    interval_labels,
                    item.spec.build_reading(),
                    limits=item.spec.limit_names,
                )
            case BracketResultItem(part="low" | "high"):
                return _AnswerType("number")
            case DurationItem():
                answer = self._find_number_type(item.options, who)
                return answer._replace(duration_unit=item.unit)
            case NumericItem():
                return self._find_number_type(item.options, who)
            case QuantityItem():
                return self._find_quantity_type(item, who)
            case BatteryItem(answer=NumberAnswer() as number):
                return self._find_number_type(number.options, who)
            case BatteryItem():
                return self._find_coded_type("code", who, options, frozenset(options))
            case MultipleItem():
                self._amounts.refuse(options, who, "a multiple")
                return _AnswerType("codes", codes, labels)
            case _:
                type_ = cast(VariableType, item.condition_type)
                return self._find_coded_type(type_, who, options, codes)

    def _find_coded_type(
        self, type_: VariableType, who: str, options: OptionSpecs, codes: AbstractSet[Code] | None
    ) -> _AnswerType:
        """Return the type of one code; it is a number if some codes count as numbers."""
        labels = self._find_labels(options) if options else None
        amounts = self._amounts.resolve(options, who)
        if amounts is not None and amounts.has_numbers:
            type_ = "number"
        return _AnswerType(type_, codes, labels, amounts)

    def _find_number_type(self, options: Mapping[int, NumberOption], who: str) -> _AnswerType:
        """Return the type of a number, some values of which can have texts."""
        labels = self._find_labels(options) if options else None
        return _AnswerType("number", labels=labels, amounts=self._amounts.resolve(options, who))

    def _find_quantity_type(self, item: QuantityItem, who: str) -> _AnswerType:
        """Return the type of an amount, which is read from the number that was keyed."""
        own_labels = self._find_labels(item.options)
        languages = [str(language) for language in self.document.languages]
        # the words of amounts can't be changed, and a ChainMap only changes its first part
        labels = ChainMap(own_labels, QuantityLabels(item, languages))  # type: ignore[arg-type]
        self._amounts.resolve(item.options, who)  # which reports what is wrong with the options
        by_code: dict[Code, Amount] = {}
        for code, option in item.options.items():
            amount = find_amount(option)
            by_code[code] = NO_AMOUNT if amount is None else amount
        quantity = item.quantity
        amounts = AmountReading(by_code, quantity.convert, quantity.find_keyed)
        return _AnswerType("number", labels=labels, amounts=amounts)

    def _find_labels(self, options: Mapping[Any, Any]) -> dict[Code, Template]:
        """Return the mapping that will hold the texts of these options once they are compiled."""
        return self.labels.setdefault(id(options), {})
