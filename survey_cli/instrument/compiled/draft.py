"""An instrument under compilation: the document, its names and what they mean, and the items compiled so far.

It holds what the checks read; nothing is compiled or checked here.
"""

import ast
from collections import ChainMap
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import wraps
from itertools import chain
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar, cast

from survey_cli.entries import TextSpan
from survey_cli.instrument.compiled.model import Instrument, ItemGroup
from survey_cli.instrument.expressions.conditions import (
    Condition,
    Scope,
    ValueType,
    compile_condition,
)
from survey_cli.instrument.expressions.expression_checker import format_constant
from survey_cli.instrument.expressions.parsing import ParseFailure, parse_expression
from survey_cli.instrument.schema.document import Document, SampleColumn
from survey_cli.instrument.schema.items import coded, typed, unasked_items
from survey_cli.instrument.schema.items.groups import AnyItem, BatteryItem, RosterItem, SectionItem
from survey_cli.instrument.schema.items.question import CompiledItem, Compute, QuestionItem
from survey_cli.instrument.schema.options import DeclineSpec, OptionSourceSpec, OptionSpec
from survey_cli.instrument.source.nodes import NOWHERE, YamlScalar, find_named, locate_name
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts.templates import Template
from survey_cli.problems import (
    MAX_PER_RULE,
    FindNearest,
    Position,
    Problem,
    find_nearest,
    suggest_nearest,
)
from survey_cli.values import Code

MAX_SCALE_POINTS: Final = 1001
"""The most points that a `from: to:` scale may have; anything larger is a number."""

_YES_NO: Final = "en Yes No, es Sí No, fr Oui Non, de Ja Nein, pt Sim Não, it Sì No, nl Ja Nee"
YES_NO_LABELS: Final = {
    language: labels for language, *labels in map(str.split, _YES_NO.split(", "))
}
DEFAULT_DECLINES: Final = {
    "dk": (-8, {"en": "Don't know", "es": "No sabe"}, "d"),
    "refused": (-9, {"en": "Refused", "es": "No responde"}, "r"),
}


_SCALE_KEYS: Final = ("scale", "options", "from_", "answer")
WHY_UNANSWERED: Final = {
    "read": "is read aloud",
    "handover": "is a handover",
    "end": "ends the interview",
}
"""Why an item of this type has no answer."""


class GroupStep(NamedTuple):
    """One group on the path to an item: the child that leads there, and whether the children are shuffled."""

    group: str
    child: int
    shuffled: bool


GroupPath: TypeAlias = tuple[GroupStep, ...]
OptionSpecs: TypeAlias = Mapping[Code, OptionSpec]
ResolvedOptions: TypeAlias = tuple[OptionSpecs, str | None]
"""Options by code, and the name of the list they come from, if any."""


def is_shuffled(group: SectionItem | BatteryItem | RosterItem) -> bool:
    """Return whether an item of the group can't know of the others, as their order or selection is drawn."""
    return group.order != "written" or (
        group.pick is not None and not isinstance(group, RosterItem)
    )


class SymbolKind(StrEnum):
    """What a name stands for, as problems call it."""

    ITEM = "item"
    STATEMENT = "statement"
    SAMPLE_COLUMN = "sample column"
    COMPUTE = "compute"
    QUESTION_AFTER_TURN = "question after each turn"
    """Whether a roster has another turn."""
    VARIABLE = "variable"
    """A variable of the analysis file."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """One name: a question, a statement, a sample column or a compute."""

    id: str
    kind: SymbolKind
    where: Position
    index: int
    """When it is settled, in written order from 0; −1 for the sample."""
    value_type: ValueType
    path: GroupPath = ()
    question: QuestionItem | None = None
    options: OptionSpecs = field(default_factory=dict)
    scale: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ListLabels(Mapping[Code, Template]):
    """The texts of a search list as labels, each made when it is needed."""

    item: coded.SearchItem

    def __getitem__(self, code: Code) -> Template:
        texts = self.item.entries.rows[code].texts
        spans = {language: (TextSpan(text),) for language, text in texts.items()}
        runs = {language: (((text,), False),) for language, text in texts.items()}
        return Template(Text.from_string(texts[""]), runs, spans)

    def __iter__(self) -> Iterator[Code]:
        return iter(self.item.entries.rows)

    def __len__(self) -> int:
        return len(self.item.entries.rows)


@dataclass(frozen=True, slots=True, eq=False)
class ListCodes(AbstractSet[Code]):
    """The codes of a search item: the list is read when they are needed, or at its first search."""

    item: coded.SearchItem
    options: OptionSpecs

    @classmethod
    def _from_iterable(cls, codes: Iterable[Code]) -> AbstractSet[Code]:  # type: ignore[override]  # of codes only
        return frozenset(codes)

    def __hash__(self) -> int:
        return id(self.item)

    def __contains__(self, code: object) -> bool:
        return code in self.item.entries.rows or code in self.options

    def __iter__(self) -> Iterator[Code]:
        return chain(self.item.entries.rows, self.options if self.item.entries.rows else ())

    def __len__(self) -> int:
        return len(self.item.entries.rows) and len(self.item.entries.rows) + len(self.options)


def list_declines(document: Document) -> dict[str, DeclineSpec]:
    """Return the declines that are offered: the file's, or don't know and refused. Reserved kinds are not included."""
    if document.declines:
        return {k: v for k, v in document.declines.items() if k not in ("not_asked", "not_reached")}
    declines = {}
    for kind, (code, texts, key) in DEFAULT_DECLINES.items():
        by_language = {
            la: YamlScalar(t, NOWHERE) for la, t in texts.items() if la in document.languages
        }
        text = Text(None, by_language) if by_language else Text.from_string(texts["en"])
        declines[kind] = DeclineSpec.model_construct(
            code=code, text=text, key=Text.from_string(key)
        )
    return declines


class SymbolTable:
    """The names of a document, in order of first appearance, and the clashes between them."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self.symbols: dict[str, Symbol] = {}
        self.value_types: dict[str, ValueType] = {}
        self.clashes: list[tuple[Symbol | Position, Position, str]] = []
        self.groups: dict[str, tuple[Position, int, int, GroupPath]] = {}
        """Sections, batteries and rosters: the position, and the first and last index inside."""
        self.rosters: dict[str, RosterItem] = {}
        self._picked_groups: set[str] = set()
        """Sections and batteries of which only some items are asked."""
        self.index = 0
        self.labels: dict[int, dict[Code, Template]] = {}
        """Compiled texts of each list of options, by the list's identity; filled when the list is compiled."""
        self._declines = list_declines(document)
        for name, column in document.sample.items():
            where = column.find_position() if column._node else locate_name(name)
            self._add_sample_column(str(name), column, where)
        self._add_items(document.items, (), None)
        for name in document.texts:
            self._clashes(str(name), name.where)

    def _clashes(self, name: str, where: Position) -> bool:
        """Return whether a name is used already, which is then recorded."""
        earlier = self.symbols.get(name) or (self.groups[name][0] if name in self.groups else None)
        if earlier is not None:
            self.clashes.append((earlier, where, name))
        return earlier is not None

    def add(self, symbol: Symbol) -> bool:
        """Add a symbol; return whether its name was not used yet."""
        if self._clashes(symbol.id, symbol.where):
            return False
        self.symbols[symbol.id] = symbol
        self.value_types[symbol.id] = symbol.value_type
        return True

    def build_scope(
        self, inside_roster: str | None = None, nearest: FindNearest = find_nearest
    ) -> Scope:
        """Build the scope inside a roster or outside of all; symbols defined later belong to it too."""
        names = self.value_types
        rosters = {
            r: frozenset(n for n, value_type in names.items() if value_type.roster == r)
            for r in self.rosters
        }
        scope = Scope(
            names,
            rosters,
            tuple(self._declines),
            inside_roster,
            self.groups.keys(),
            nearest,
            self.find_code,
        )
        sources, languages = (
            self.list_sources(inside_roster),
            [str(language) for language in self.document.languages],
        )
        each = sources[-1] if sources and self.rosters[sources[-1]].each is not None else None
        return scope._replace(sources=frozenset(sources), each=each, languages=languages)

    def list_sources(self, roster: str | None) -> list[str]:
        """List a roster and those over whose turns it runs, the one that defines the turns last."""
        sources: list[str] = []
        while roster in self.rosters and roster not in sources:
            sources.append(roster)
            roster = str(self.rosters[roster].each)
        return sources

    def find_code(self, name: str, text: str) -> Code | None:
        """Find the code whose option has this text in one of the languages; None if there is none."""
        symbol, wanted = self.symbols.get(name), text.casefold()
        texts = (
            ((code, o.text.iterate_languages()) for code, o in symbol.options.items())
            if symbol is not None
            else ()
        )
        return next(
            (
                code
                for code, written in texts
                if any(wanted == word.casefold() for _, word in written)
            ),
            None,
        )

    def _add_sample_column(self, name: str, column: SampleColumn, where: Position) -> None:
        options: OptionSpecs = {}
        if column.type == "single" and column.options is not None:
            options, _ = self._find_list(column.options, name)
        codes = frozenset(options) or frozenset(map(str, column.arms)) or None
        type_ = "code" if column.type == "single" or column.type == "split" else column.type
        value_type = ValueType(type_, codes, labels=self._find_labels(options) if options else None)
        self.add(Symbol(name, SymbolKind.SAMPLE_COLUMN, where, -1, value_type, options=options))

    def _add_items(self, items: Sequence[AnyItem], path: GroupPath, roster: str | None) -> None:
        path = path or (GroupStep("", 0, False),)
        for child, item in enumerate(items):
            self._add_item(item, (*path[:-1], path[-1]._replace(child=child)), roster)

    def _add_item(self, item: AnyItem, path: GroupPath, roster: str | None) -> None:
        item_id = str(item.id)
        first = self.index
        if isinstance(item, SectionItem | BatteryItem) and item.pick is not None:
            self._picked_groups.add(item_id)
        match item:
            case SectionItem():
                self._add_items(
                    item.items, (*path, GroupStep(item_id, 0, is_shuffled(item))), roster
                )
            case BatteryItem():
                resolved = self._resolve_options(item, roster)
                for child, name in enumerate(item.statements):
                    step = GroupStep(item_id, child, is_shuffled(item))
                    self._add_question(item, name, (*path, step), roster, resolved)
            case RosterItem():
                over = self.rosters.get(str(item.each))
                if over is not None and "max" not in item.model_fields_set:
                    item.max = over.max
                self.rosters[item_id] = item
                self._add_items(
                    item.items, (*path, GroupStep(item_id, 0, is_shuffled(item))), item_id
                )
                if item.until is not None:
                    self._add_repeat_question(item, item_id, path)
            case _:
                self._add_question(item, item.id, path, roster, self._resolve_options(item, roster))
                return
        if not self._clashes(item_id, item.id.where):
            self.groups[item_id] = (item.id.where, first, self.index - 1, path)

    def _report(
        self,
        rule: str,
        where: Position,
        who: str,
        what: str,
        remedy: str,
        *,
        length: int = 1,
        subject: str = "",
    ) -> None:
        self.problems.append(
            Problem(rule, where, who, what, remedy, length=length, subject=subject)
        )

    def _resolve_options(self, item: AnyItem, roster: str | None) -> ResolvedOptions:
        """Return the options of a coded question (by code), and the name of the list they come from, if any."""
        options, who = getattr(item, "options", None), str(item.id)
        if isinstance(item, coded.ScaleItem | BatteryItem):
            given_keys = [key for key in _SCALE_KEYS if getattr(item, key, None) is not None]
            if given_keys == ["answer"]:
                return {}, None
            if len(given_keys) != 1 or (item.from_ is None) != (item.to is None):
                answer = ", or answer:" if isinstance(item, BatteryItem) else ""
                what = f"a scale needs either scale: NAME, or options:, or from: and to:{answer}"
                self._report(
                    "missing-key", item.find_position("type"), who, what, "give exactly one of them"
                )
                return {}, None
            if item.from_ is not None and item.to is not None:
                return self._build_points(item, item.from_, item.to), None
            options = item.scale if options is None else options
        elif options is None or not isinstance(
            item, coded.SingleItem | coded.MultipleItem | coded.SearchItem
        ):
            return {}, None
        if not isinstance(options, OptionSourceSpec):
            return self._find_list(options, who)
        name = options.from_
        mistake = self._find_source_mistake(options, roster)
        if mistake is not None:
            key, what, remedy = mistake
            subject = str(options.label) if key == "label" else str(name)
            self._report(
                "bad-source",
                options.find_position(key),
                who,
                what,
                remedy,
                length=len(name),
                subject=subject,
            )
            return {}, None
        if name in self.rosters:
            return dict(self._iterate_turn_options(options)), None
        return dict(self._iterate_chosen_options(options)), None

    def _find_list(self, options: Any, who: str) -> ResolvedOptions:
        """Return options that are written out, or those of the list that is named, and its name."""
        if not isinstance(options, str):
            return options, None
        scale = find_named(self.document.scales, options)
        if scale is not None:
            return scale.options, str(options)
        reported = sum(p.rule == "unknown-list" for p in self.problems[-MAX_PER_RULE:])
        known = self.document.scales if reported < MAX_PER_RULE else ()
        remedy = suggest_nearest(options, known, otherwise="define it under scales:")
        what = f"there is no list {str(options)!r} under scales"
        self._report(
            "unknown-list",
            locate_name(options),
            who,
            what,
            remedy,
            length=len(options),
            subject=str(options),
        )
        return {}, None

    def _build_points(
        self, item: coded.ScaleItem | BatteryItem, low: int, high: int
    ) -> OptionSpecs:
        who = str(item.id)
        if low >= high:
            what = f"the scale goes from {low} to {high}"
            self._report(
                "empty-range", item.find_position("from"), who, what, "write the lower number first"
            )
            return {}
        if high - low >= MAX_SCALE_POINTS:
            what = f"the scale has {high - low + 1} points"
            self._report(
                "long-scale",
                item.find_position("to"),
                who,
                what,
                "use type: number with min and max",
            )
            return {}
        for point in item.labels:
            if not low <= point <= high:
                what = f"the label of {point} is not between {low} and {high}"
                self._report(
                    "bad-label",
                    item.find_position("labels"),
                    who,
                    what,
                    "label points of the scale",
                )
        texts = {n: item.labels.get(n) or Text.from_string(str(n)) for n in range(low, high + 1)}
        return {n: OptionSpec.model_construct(text=text) for n, text in texts.items()}

    def _find_source_mistake(
        self, source: OptionSourceSpec, roster: str | None
    ) -> tuple[str, str, str] | None:
        """Return the key of a source that is wrong, what is wrong, and the remedy; None if nothing is."""
        name = str(source.from_)
        symbol, sources = self.symbols.get(name), self.list_sources(name)
        if name == roster:
            return (
                "from",
                f"options: the turns of {name} are not all known inside of it",
                f"move the item after {name}",
            )
        if name in self.rosters:
            if "chosen" in source.model_fields_set:
                return (
                    "chosen",
                    f"chosen: {name} is a roster",
                    "use where: to leave out turns of a roster",
                )
            label = str(source.label)
            names = [n for n, symbol in self.symbols.items() if symbol.value_type.roster in sources]
            if source.label is not None and label not in names:
                return (
                    "label",
                    f"label: {name} has no item {label!r}",
                    suggest_nearest(label, names),
                )
            return None
        if symbol is None or symbol.value_type.type != "codes":
            names = [
                *self.rosters,
                *(n for n, symbol in self.symbols.items() if symbol.value_type.type == "codes"),
            ]
            near = suggest_nearest(name, names, otherwise="use one that comes earlier")
            return "from", f"options: {name!r} is not an earlier multiple or roster", near
        if symbol.value_type.roster not in (None, *self.list_sources(roster)):
            what = f"options: {name} has one answer for each turn of {symbol.value_type.roster}"
            return "from", what, "ask this item in the same roster, or use the roster"
        for key in ("label", "where"):
            if getattr(source, key) is not None:
                return (
                    key,
                    f"{key}: {name} is a multiple",
                    f"remove it; {key} belongs to the turns of a roster",
                )
        return None

    def _iterate_chosen_options(
        self, source: OptionSourceSpec
    ) -> Iterator[tuple[Code, OptionSpec]]:
        """Yield the options of a multiple, each offered if it was chosen or, where that is asked for, if it was not."""
        name = source.from_
        for code, option in self.symbols[name].options.items():
            condition = f"{format_constant(code)} in {name}"
            if not source.chosen:
                condition = f"answered({name}) and {format_constant(code)} not in {name}"
                condition += f" and ({option.ask_if})" if option.ask_if is not None else ""
            kept = {
                key: getattr(option, key)
                for key in ("text", "label", "read", "missing", "anchor", "note")
            }
            if not option.exclusive:
                yield (
                    code,
                    OptionSpec.model_construct(**kept, ask_if=YamlScalar(condition, name.where)),
                )

    def _iterate_turn_options(self, source: OptionSourceSpec) -> Iterator[tuple[Code, OptionSpec]]:
        """Yield an option for each turn that a roster can have, offered if the turn is there and `where` is true."""
        name = str(source.from_)
        sources = self.list_sources(name)
        label = source.label or self.find_turn_name(name)
        first = self.rosters[sources[-1]]
        each = list(self.symbols[first.each].options.values()) if first.each in self.symbols else []
        owner = self.symbols[label].value_type.roster if label is not None else name
        for turn in range(1, self.rosters[name].max + 1):
            condition = f"{turn} in {name}"
            if source.where is not None:
                condition += f" and ({self._name_turn(source.where, sources, turn)})"
            own = self._make_text(f"{name} {turn}", source.from_)
            text = (
                self._make_text(f"{{{owner}[{turn}].{label}|{name} {turn}}}", source.from_)
                if label
                else own
            )
            if label is None and turn <= len(each):
                own = text = each[turn - 1].text
            ask_if = YamlScalar(condition, source.from_.where)
            yield turn, OptionSpec.model_construct(text=text, label=own, ask_if=ask_if)

    def _make_text(self, text: str, written: YamlScalar) -> Text:
        return Text(
            None,
            {
                str(language): YamlScalar(text, written.where)
                for language in self.document.languages
            },
        )

    def _name_turn(self, condition: str, rosters: Collection[str], turn: int) -> str:
        """Return a condition on a turn of a roster as it is written outside: `age >= 15` as `person[2].age >= 15`."""
        parsed = parse_expression(condition)
        if isinstance(parsed, ParseFailure):
            return condition
        names = [
            node
            for node in ast.walk(parsed.tree)
            if isinstance(node, ast.Name) and node.id in self.symbols
        ]
        for node in sorted(names, key=lambda node: node.col_offset, reverse=True):
            roster, (start, length) = self.symbols[node.id].value_type.roster, parsed.locate(node)
            if roster in rosters:
                condition = (
                    f"{condition[:start]}{roster}[{turn}].{node.id}{condition[start + length :]}"
                )
        return condition

    def _add_repeat_question(self, item: RosterItem, roster_id: str, path: GroupPath) -> None:
        """Add the question at the end of each turn of an `until` roster."""
        languages = self.document.languages
        words = {la: YES_NO_LABELS.get(la[:2], YES_NO_LABELS["en"]) for la in languages}
        texts = (
            Text(None, {la: YamlScalar(words[la][n], NOWHERE) for la in languages}) for n in (0, 1)
        )
        yes_no: dict[Code, OptionSpec] = {
            c: OptionSpec.model_construct(text=t) for c, t in enumerate(texts, 1)
        }
        assert item.until is not None
        question = coded.SingleItem.model_construct(
            type="single",
            id=YamlScalar(f"{roster_id}_more", item.id.where),
            text=item.until,
            options=yes_no,
        )
        question.copy_position(item)
        self._add_question(question, question.id, path, roster_id, (yes_no, None))
        symbol = self.symbols.get(f"{roster_id}_more")
        if symbol is not None and symbol.question is question:
            self.symbols[symbol.id] = replace(symbol, kind=SymbolKind.QUESTION_AFTER_TURN)

    def _add_question(
        self,
        item: QuestionItem,
        name: YamlScalar,
        path: GroupPath,
        roster: str | None,
        resolved: ResolvedOptions,
    ) -> None:
        options, scale = resolved
        is_conditional = isinstance(item, BatteryItem) and item.statements[name].ask_if is not None
        declinable = item.expects_answer and bool(
            item.declines if item.declines is not None else self._declines
        )
        declinable = declinable and not (item.by and item.declines is None)
        type_, codes, labels = self._find_type(item, options)
        why_unanswered = "" if item.expects_answer else WHY_UNANSWERED.get(item.type, "")  # type: ignore[attr-defined]
        source = str(item.from_) if isinstance(item, unasked_items.DrawItem) else None
        turn_name = self.find_turn_name(source) if source is not None else None
        may_be_missing = (
            is_conditional or declinable or item.ask_if is not None or item.unless is not None
        )
        may_be_missing |= any(step.group in self._picked_groups for step in path)
        may_be_missing |= isinstance(item, unasked_items.DrawItem) and self._may_draw_nobody(item)
        ordered = isinstance(item, coded.MultipleItem) and item.mentions == "ordered"
        texts = labels, source, turn_name, may_be_missing
        value_type = ValueType(type_, codes, declinable, roster, why_unanswered, ordered, *texts)
        kind = SymbolKind.STATEMENT if isinstance(item, BatteryItem) else SymbolKind.ITEM
        where = locate_name(name)
        self.add(Symbol(str(name), kind, where, self.index, value_type, path, item, options, scale))
        self.index += 1

    def _find_type(
        self, item: QuestionItem, options: OptionSpecs
    ) -> tuple[Any, AbstractSet[Code] | None, Mapping[Code, Template] | None]:
        labels = self._find_labels(options) if options else None
        if isinstance(item, coded.SearchItem):
            # the labels of options are filled in later: an empty dictionary is not replaced by another
            own_labels = labels if labels is not None else {}
            listed: Mapping[Code, Template] = ChainMap(own_labels, ListLabels(item))  # type: ignore[arg-type]  # read only
            return "code", ListCodes(item, options), listed
        if item.expects_answer and not item.is_group and item.condition_type != "number":
            return item.condition_type, frozenset(options) if options else None, labels
        match item:
            case unasked_items.SplitItem():
                return "code", frozenset(map(str, item.arms)), None
            case unasked_items.LookupItem(sample=name) if name is not None and name in self.symbols:
                column = self.symbols[name]
                return column.value_type.type, column.value_type.codes, column.value_type.labels
            case unasked_items.LookupItem():
                return "code", frozenset(unasked_items.QUOTA_STATES), None
            case typed.NumberItem():
                return "number", None, self._find_labels(item.options) if item.options else None
            case BatteryItem(answer=typed.NumberAnswer() as answer):
                return "number", None, self._find_labels(answer.options) if answer.options else None
            case BatteryItem():
                return "code", frozenset(options), labels
            case _:
                return item.condition_type, frozenset(options) if options else None, labels

    def _find_labels(self, options: Mapping[Any, Any]) -> dict[Code, Template]:
        """Return the mapping that will hold the texts of these options once they are compiled."""
        return self.labels.setdefault(id(options), {})

    def _may_draw_nobody(self, draw: unasked_items.DrawItem) -> bool:
        """Return whether a draw may have no turn to select from: only a roster with `until:` always has one."""
        roster = self.rosters.get(str(draw.from_))
        return draw.where is not None or roster is None or roster.until is None

    def find_turn_name(self, roster: str) -> str | None:
        """Find the first text item of a roster, or of those over whose turns it runs, which names a turn."""
        rosters = (self.rosters[source] for source in self.list_sources(roster))
        items = (item for roster in rosters for item in iterate_below(roster.items, (SectionItem,)))
        return next((str(item.id) for item in items if item.type == "text"), None)


def iterate_below(
    items: Sequence[AnyItem], kinds: tuple[type[SectionItem | RosterItem], ...]
) -> Iterator[AnyItem]:
    """Yield items, and those in groups of these kinds, in written order."""
    for item in items:
        yield item
        if isinstance(item, kinds):
            yield from iterate_below(item.items, kinds)


class NameUse(NamedTuple):
    """One condition or text that names variables, and when it is evaluated."""

    owner: str
    key: str
    """The key it is written under: `ask_if`, `text`, `checks`, …"""
    where: Position
    names: frozenset[str]
    before: int
    """Everything it names must have been settled before this index (see `Symbol.index`)."""
    path: tuple[GroupStep, ...] = ()
    condition: Condition | None = None
    length: int = 1


@dataclass(slots=True, kw_only=True)
class InstrumentDraft:
    """What the checks read: the document, its names and their uses, and the items compiled so far."""

    document: Document
    symbol_table: SymbolTable
    uses: list[NameUse]
    lost: frozenset[str]
    """Names of parts that could not be read at all: references to them are not reported."""
    templates: list[tuple[str, Template]] = field(default_factory=list)
    """Every text with its owner."""
    root: ItemGroup | None = None
    items: dict[str, CompiledItem] = field(default_factory=dict)
    groups: dict[str, ItemGroup] = field(default_factory=dict)
    computes: dict[str, Compute] = field(default_factory=dict)
    used_scales: set[str] = field(default_factory=set)
    file_problems: Sequence[Problem] = ()
    """The problems found in the file before the checks run."""
    cache: dict[Any, Any] = field(default_factory=dict)
    """Results of the functions that are marked `once_per_draft`."""

    @property
    def symbols(self) -> Mapping[str, Symbol]:
        return self.symbol_table.symbols

    @property
    def language(self) -> str:
        """The default language."""
        return str(self.document.languages[0])


T = TypeVar("T")


def once_per_draft(function: Callable[[InstrumentDraft], T]) -> Callable[[InstrumentDraft], T]:
    """Decorate a function that several checks need: it is computed once for each draft."""

    @wraps(function)
    def get_result(draft: InstrumentDraft) -> T:
        if function not in draft.cache:
            draft.cache[function] = function(draft)
        return cast(T, draft.cache[function])

    return get_result


def build_external_symbols(instrument: Instrument) -> SymbolTable:
    """Build the table of all names in an interview's data; its scope is seen from outside every roster."""
    table = SymbolTable(instrument.document)
    for name, compute in instrument.computes.items():
        value_type = next(iter(compute.conditions.values())).result_type
        table.add(Symbol(name, SymbolKind.COMPUTE, NOWHERE, 0, value_type))
    return table


def compile_external_condition(
    instrument: Instrument, text: str, *, who: str
) -> tuple[Condition | None, tuple[Problem, ...]]:
    """Compile a condition over an interview's data; returns it, or None, with the problems found."""
    return compile_condition(text, build_external_symbols(instrument).build_scope(), NOWHERE, who)
