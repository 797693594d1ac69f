"""Compiler of a whole instrument: sections, batteries, rosters and items, in written order."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple, TypeAlias, cast

from survey_cli.instrument.amounts import AmountReading
from survey_cli.instrument.compiled.bracket_expansion import ResultRule, settle_declines
from survey_cli.instrument.compiled.computes import compile_computes
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.compiled.item_compiler import CompileContext, ItemCompiler
from survey_cli.instrument.compiled.model import CompiledNode, Instrument, ItemGroup, Roster
from survey_cli.instrument.compiled.symbol_table import SymbolTable
from survey_cli.instrument.compiled.symbols import (
    GroupStep,
    OptionSpecs,
    SymbolKind,
    find_turn_name,
    is_shuffled,
    list_sources,
    name_repeat_question,
)
from survey_cli.instrument.countries import find_date_order
from survey_cli.instrument.editions import DECLINE_CODES_EDITION
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.functions import write_decline_test
from survey_cli.instrument.expressions.known import INTERVIEWER_PREFIX
from survey_cli.instrument.schema.document import Document
from survey_cli.instrument.schema.inheritance import inherit_defaults
from survey_cli.instrument.schema.items.brackets import (
    BracketAmountItem,
    BracketItem,
    BracketResultItem,
    BracketStepItem,
)
from survey_cli.instrument.schema.items.coded import CodedItem, MultipleItem, ScaleItem
from survey_cli.instrument.schema.items.groups import (
    AnyItem,
    BatteryItem,
    DefaultsSpec,
    PickSpec,
    RosterItem,
    SectionItem,
)
from survey_cli.instrument.schema.items.quantity import QuantityItem
from survey_cli.instrument.schema.items.question import (
    CompiledDecline,
    CompiledItem,
    CompiledOption,
    Compute,
    QuestionItem,
    ResultCase,
)
from survey_cli.instrument.schema.items.typed import DateItem, NumberFields, NumberItem, NumericItem
from survey_cli.instrument.schema.items.unasked_items import (
    ComputedItem,
    DrawItem,
    EndItem,
    HandoverItem,
    PickItem,
)
from survey_cli.instrument.schema.options import OptionSourceSpec, OptionSpec
from survey_cli.instrument.schema.validation import validate_file
from survey_cli.instrument.source.load import InstrumentSource
from survey_cli.instrument.source.nodes import (
    MadeScalar,
    YamlScalar,
    find_named,
    get_named,
    locate_name,
    replace_spans,
)
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts.templates import Template
from survey_cli.instrument.texts.translations import (
    apply_translations,
    downgrade_translation_problem,
    is_in_catalog,
    withdraw_translations,
)
from survey_cli.problems import Problem, select_errors, suggest_nearest
from survey_cli.values import Code, DateOrder

_STATEMENT_FILL: Final = "{statement}"
RESERVED_CODES: Final = {"not_asked": -6, "not_reached": -7}


class _ItemProperties(NamedTuple):
    """Properties of one item, some of which a statement has from its battery."""

    options: Mapping[Code, OptionSpec]
    scale: str | None = None
    label: Text | None = None
    ask_if: YamlScalar | None = None
    unless: YamlScalar | None = None
    anchor: bool = False
    next_text: Text | None = None
    total: YamlScalar | None = None
    where: Condition | None = None


class InstrumentCompiler:
    """One compilation of one instrument."""

    def __init__(self, document: Document, lost: frozenset[str]) -> None:
        self.document = document
        self.symbol_table = SymbolTable(document)
        self.draft = InstrumentDraft(
            document=document, symbol_table=self.symbol_table, uses=[], lost=lost
        )
        self.item_compiler = ItemCompiler(self.draft)
        self.problems = self.item_compiler.problems
        for problem in self.symbol_table.problems:
            names_a_list = problem.rule in ("unknown-list", "bad-source")
            if not (names_a_list and problem.subject in lost):
                self.problems.append(problem)

        self._computes_after = compile_computes(self.item_compiler)
        self._index = 0
        """The index of the next item, which counts as in the symbol table."""
        self.picks: dict[str, CompiledItem] = {}
        """What is picked of groups; it has no name in conditions."""
        for symbol in self.symbol_table.symbols.values():
            if symbol.kind is SymbolKind.SAMPLE_COLUMN and symbol.options:
                self.item_compiler.compile_options(
                    symbol.options, CompileContext(symbol.id, before=-1), None
                )

    def _finish_group(self, group: ItemGroup, enclosing: CompileContext) -> None:
        """Fill in what depends on the children: all items, their count, and computes at the end."""
        if group.spec is not None and group.spec.pick is not None:
            self._compile_pick(group, group.spec.pick, enclosing)
        group.items = tuple(_iterate_items(group))
        group.asked_count = sum(item.counts_in_progress for item in group.items)
        settles_at_end = group.order != "written" or isinstance(group, Roster)
        if settles_at_end:
            group.computes = tuple(_take_computes(group))
        if group.id:
            self.draft.groups[group.id] = group

    def _compile_pick(self, group: ItemGroup, pick: PickSpec, enclosing: CompileContext) -> None:
        """Make the item that says what is picked of a group."""
        assert group.spec is not None
        pick_id = f"{group.id}_pick"
        roster = enclosing.roster
        names: tuple[Code, ...] = tuple(child.id for child in group.children)
        if isinstance(group, Roster):
            roster = None  # turns are picked once, not in each of them
            if group.maximum:  # it is 0 if max: is missing, which is reported
                names = tuple(range(1, group.maximum + 1))
        question = PickItem.model_construct(
            id=YamlScalar(pick_id, group.spec.id.where),
            type="pick",
            group=group.id,
            names=names,
            count=pick.count,
            method=pick.by,
        )
        no_text = Text.from_string("")
        group.pick = CompiledItem(
            id=pick_id,
            question=question,
            text=self.item_compiler.compile_text(no_text, CompileContext(group.id), "pick"),
            label=no_text,
            roster=roster,
            section=enclosing.section,
            after_hangup=group.after_hangup,
            counts_in_progress=False,
        )
        self.picks[pick_id] = group.pick

    def _compile_nodes(
        self, items: Sequence[AnyItem], enclosing: CompileContext
    ) -> tuple[CompiledNode, ...]:
        *outer, group = enclosing.path or (GroupStep("", 0, False),)
        compiled = []
        for child, item in enumerate(items):
            path = (*outer, group._replace(child=child))
            compiled.append(self._compile_node(item, enclosing._replace(path=path)))
        return tuple(compiled)

    def _compile_node(self, item: AnyItem, enclosing: CompileContext) -> CompiledNode:
        match item:
            case SectionItem():
                return self._compile_section(item, enclosing)
            case RosterItem():
                return self._compile_roster(item, enclosing)
            case BatteryItem():
                return self._compile_battery(item, enclosing)
            case BracketItem():
                return self._compile_bracket(item, enclosing)
            case _:
                return self._compile_item(item, str(item.id), item.text, enclosing)

    def _compile_group(
        self,
        item: SectionItem | BatteryItem | RosterItem,
        enclosing: CompileContext,
        kind: type[ItemGroup],
    ) -> tuple[ItemGroup, CompileContext]:
        """Compile a group without its children, and return it with the context of its children."""
        group_id = str(item.id)
        context = enclosing._replace(owner=group_id, before=self._index)
        is_after_hangup = isinstance(item, SectionItem) and item.after == "hangup"
        hangup = enclosing.hangup or is_after_hangup
        compiler = self.item_compiler
        title = compiler.compile_optional_text(item.title, context, "title") or enclosing.section
        group = kind(
            id=group_id,
            spec=item,
            children=(),
            title=title,
            intro=compiler.compile_optional_text(item.intro, context, "intro"),
            ask_if=compiler.compile_condition(item.ask_if, context, "ask_if"),
            unless=compiler.compile_condition(item.unless, context, "unless"),
            order=item.order,
            anchor=item.anchor,
            after_hangup=hangup,
        )
        path = (*enclosing.path, GroupStep(group_id, 0, is_shuffled(item)))
        inside = enclosing._replace(path=path, section=title, hangup=hangup)
        if isinstance(item, SectionItem) and item.defaults is not None:
            inside = self._take_decline_codes(item.defaults, inside)
        return group, inside

    def _take_decline_codes(
        self, defaults: DefaultsSpec, enclosing: CompileContext
    ) -> CompileContext:
        """Return the context of items whose lists of declines have the codes of this default."""
        declines = defaults.declines
        if self.document.edition < DECLINE_CODES_EDITION:
            return enclosing
        if declines is None or isinstance(declines, list):
            return enclosing  # it gives no codes: those of the default around it stay
        return enclosing._replace(decline_codes=declines)

    def _compile_section(self, item: SectionItem, enclosing: CompileContext) -> ItemGroup:
        group, inside = self._compile_group(item, enclosing, ItemGroup)
        group.children = self._compile_nodes(item.items, inside)
        self._finish_group(group, enclosing)
        return group

    def _compile_bracket(self, item: BracketItem, enclosing: CompileContext) -> ItemGroup:
        """Compile the section of a bracket, and what its results depend on."""
        reported_count = len(self.problems)
        section, plan = self.symbol_table.brackets[id(item)]
        group = self._compile_section(section, enclosing)
        # All steps have the same texts, and what is wrong with one is wrong with all.
        found = {(one.rule, one.where): one for one in reversed(self.problems[reported_count:])}
        self.problems[reported_count:] = reversed(found.values())

        first_step = self.draft.items[plan.steps[0].id]
        settle_declines(group.items, first_step.declines)
        rules = plan.build_rules([decline.id for decline in first_step.declines])
        for compiled in group.items:
            compiled.bracket = str(item.id)
            # a bracket is one question in the progress display
            compiled.counts_in_progress = compiled is first_step
            if isinstance(compiled.question, BracketResultItem):
                rule = rules[compiled.question.part]
                compiled.sources = plan.sources
                compiled.default = rule.default
                compiled.cases = self._compile_cases(item, rule, group)
        group.asked_count = 1
        return group

    def _compile_cases(
        self, item: BracketItem, rule: ResultRule, group: ItemGroup
    ) -> tuple[ResultCase, ...]:
        """Compile the conditions of a result, which come after all that is asked."""
        cases = []
        for value, text in rule.cases:
            context = CompileContext(str(item.id), roster=group.items[0].roster)
            source = MadeScalar(text, item.id.where)
            condition = self.item_compiler.check_condition(source, context, "steps", "truth")
            if condition is not None:
                cases.append(ResultCase(value, condition))
        return tuple(cases)

    def _compile_roster(self, item: RosterItem, enclosing: CompileContext) -> Roster:
        outside = enclosing._replace(roster=None)
        context = outside._replace(owner=str(item.id), before=self._index)
        group, inside = self._compile_group(item, outside, Roster)
        roster = cast(Roster, group)
        inside = inside._replace(roster=roster.id)
        roster.maximum = item.max
        roster.count = self.item_compiler.compile_condition(item.count, context, "count", "number")
        over = self.draft.groups.get(str(item.each))
        if isinstance(over, Roster):
            roster.over = over
            where = item.find_position("each")
            self.item_compiler.record_use(context, "each", where, frozenset({over.id}))
            roster.where = self.item_compiler.compile_condition(
                item.where, context._replace(roster=over.id), "where"
            )
        elif item.each is not None:
            roster.each = self._find_each(item, item.each, context)
        roster.turn_name = find_turn_name(self.symbol_table.rosters, roster.id)
        roster.children = self._compile_nodes(item.items, inside)

        if item.until is not None:
            # on the path of the roster itself: it comes after the items of a turn
            around = inside._replace(path=enclosing.path)
            roster.until = self._compile_repeat_question(roster.id, item.until, around)
        self._finish_group(roster, enclosing)
        return roster

    def _compile_repeat_question(
        self, roster_id: str, text: Text, around: CompileContext
    ) -> CompiledItem | None:
        """Compile the question after each turn; None if another item has its name."""
        symbol = self.symbol_table.symbols.get(name_repeat_question(roster_id))
        if symbol is None or symbol.question is None:
            return None
        own = _ItemProperties(symbol.options)
        return self._compile_item(symbol.question, symbol.id, text, around, own)

    def _find_each(
        self, item: RosterItem, name: YamlScalar, context: CompileContext
    ) -> CompiledItem | None:
        """Find the `multiple` whose chosen options are the turns."""
        each = self.draft.items.get(str(name))
        if each is not None and isinstance(each.question, MultipleItem):
            self.item_compiler.record_use(context, "each", name.where, frozenset({each.id}))
            return each
        if str(name) in self.draft.lost:
            return None

        earlier = [
            id_
            for id_, item_before in self.draft.items.items()
            if isinstance(item_before.question, MultipleItem)
        ]
        earlier += [id_ for id_, group in self.draft.groups.items() if isinstance(group, Roster)]
        near = suggest_nearest(str(name), earlier, otherwise="use one that comes earlier")
        what = f"each: {str(name)!r} is not an earlier multiple or roster"
        where = item.find_position("each")
        self.item_compiler.report("bad-each", where, context.owner, what, near, length=len(name))
        return None

    def _compile_battery(self, item: BatteryItem, enclosing: CompileContext) -> ItemGroup:
        """Compile a battery: each statement becomes an item with the battery's question."""
        options: OptionSpecs = {}
        scale = None
        first = self.symbol_table.symbols.get(str(next(iter(item.statements), "")))
        if first is not None:
            options = first.options
            scale = first.scale
        question = _build_battery_question(item, options)
        group, inside = self._compile_group(item, enclosing, ItemGroup)
        where = None
        if isinstance(item.options, OptionSourceSpec):
            context = enclosing._replace(owner=group.id, before=self._index)
            where = self._compile_turn_condition(item.options, context)

        children = []
        for child, (name, statement) in enumerate(item.statements.items()):
            next_text = None
            if item.next_ is not None:
                next_text = _build_statement_text(item.next_, statement.text)
            own = _ItemProperties(
                options=options,
                scale=scale,
                label=statement.label or statement.text,
                ask_if=statement.ask_if,
                anchor=statement.anchor,
                next_text=next_text,
                total=item.total,
                where=where,
            )
            text = _build_statement_text(item.text, statement.text)
            step = GroupStep(group.id, child, is_shuffled(item))
            around = inside._replace(path=(*enclosing.path, step))
            children.append(self._compile_item(question, str(name), text, around, own))
        group.children = tuple(children)
        self._finish_group(group, enclosing)
        return group

    def _takes_decline_codes(self, item: QuestionItem) -> bool:
        """Return whether the code of a decline can be typed like that of an answer."""
        has_codes = isinstance(item, CodedItem | NumericItem | QuantityItem)
        return has_codes and self.document.edition >= DECLINE_CODES_EDITION

    def _compile_item(
        self,
        item: QuestionItem,
        item_id: str,
        text: Text,
        around: CompileContext,
        own: _ItemProperties | None = None,
    ) -> CompiledItem:
        """Compile an item. Without `own`, its properties are written at the item itself."""
        index = self._index
        self._index += 1
        context = around._replace(owner=item_id, before=index)
        if isinstance(item, BracketStepItem | BracketAmountItem | BracketResultItem):
            # problems name what is written in the file
            context = context._replace(owner=item.bracket)
        if isinstance(item, BracketStepItem):
            context = context._replace(amount=item.amount)
        source = getattr(item, "options", None)
        if not isinstance(source, OptionSourceSpec):
            source = None
        if own is None:
            own = self._find_properties(item, item_id, source, context)
        options = self._compile_options(own, source, context)
        has_conditions = [option.ask_if is not None for option in options]
        is_read_with_options = item.read and any(option.read for option in options)
        amounts = self._find_amounts(item_id)
        used_codes: list[Code] = [option.code for option in options]
        if amounts is not None:
            # the column has these numbers, too
            numbers = amounts.values.values()
            used_codes += [int(number) for number in numbers if number == int(number)]

        compiler = self.item_compiler
        compiled = CompiledItem(
            id=item_id,
            question=item,
            text=compiler.compile_text(text, context, "text", options=is_read_with_options),
            label=own.label or text,
            ask_if=compiler.compile_condition(own.ask_if, context, "ask_if"),
            unless=compiler.compile_condition(own.unless, context, "unless"),
            instruction=compiler.compile_optional_text(item.instruction, context, "instruction"),
            probe=compiler.compile_optional_text(item.probe, context, "probe"),
            help=compiler.compile_optional_text(item.help, context, "help"),
            options=options,
            amounts=amounts,
            scale=own.scale,
            order=item.order if isinstance(item, CodedItem) else "written",
            declines=compiler.compile_declines(item, context, used_codes),
            takes_decline_codes=self._takes_decline_codes(item),
            prefill=compiler.compile_condition(item.prefill, context, "prefill", "value"),
            checks=compiler.compile_checks(item, context),
            roster=around.roster,
            section=around.section,
            after_hangup=around.hangup,
            computes=tuple(self._computes_after.get(index, ())),
            anchor=own.anchor,
            options_source=source,
            where=own.where,
            next_text=compiler.compile_optional_text(own.next_text, context, "next"),
            total=compiler.compile_condition(own.total, context, "total", "number"),
            options_conditional=bool(options) and all(has_conditions),
            counts_in_progress=item.expects_answer or not isinstance(item, ComputedItem | EndItem),
        )
        if own.scale is not None:
            self.draft.used_scales.add(own.scale)
            compiled.scale_order = get_named(self.document.scales, own.scale).order
        is_drawn = compiled.order != "written" or compiled.scale_order != "written"
        compiled.options_vary = is_drawn or any(has_conditions)
        self._compile_type(item, compiled, context)
        self.draft.items.setdefault(item_id, compiled)
        return compiled

    def _find_properties(
        self,
        item: QuestionItem,
        item_id: str,
        source: OptionSourceSpec | None,
        context: CompileContext,
    ) -> _ItemProperties:
        """Find the properties that are written at an item itself."""
        options: OptionSpecs = {}
        scale = None
        symbol = self.symbol_table.symbols.get(item_id)
        if symbol is not None:
            options = symbol.options
            scale = symbol.scale
        where = None
        if source is not None:
            where = self._compile_turn_condition(source, context)
        return _ItemProperties(
            options=options,
            scale=scale,
            label=item.label,
            ask_if=item.ask_if,
            unless=item.unless,
            anchor=item.anchor,
            where=where,
        )

    def _compile_options(
        self, own: _ItemProperties, source: OptionSourceSpec | None, context: CompileContext
    ) -> tuple[CompiledOption, ...]:
        """Compile the options of an item; `source` is what they are taken from, if anything."""
        reported_count = len(self.problems)
        options = self.item_compiler.compile_options(own.options, context, own.scale, source)
        if source is None:
            return options

        # These options have conditions that are made from `where`. Warnings about what is written
        # there have been reported already, and so have errors if it could not be compiled.
        is_where_wrong = source.where is not None and own.where is None
        errors: Sequence[Problem] = ()
        if not is_where_wrong:
            errors = select_errors(self.problems[reported_count:])
        self.problems[reported_count:] = errors
        return options

    def _compile_type(
        self, item: QuestionItem, compiled: CompiledItem, context: CompileContext
    ) -> None:
        """Compile what only items of some types have."""
        match item:
            case NumericItem() | DateItem():
                self._compile_limits(item, compiled, context)
            case QuantityItem():
                self._compile_number_labels(item, compiled, context)
            case HandoverItem():
                compiled.ask_for = self.item_compiler.compile_optional_text(
                    item.ask_for, context, "ask_for"
                )
            case DrawItem():
                self._compile_draw(item, compiled, context)

    def _compile_limits(
        self, item: NumericItem | DateItem, compiled: CompiledItem, context: CompileContext
    ) -> None:
        """Compile the limits of a number or date, and the texts of a number's values."""
        compiler = self.item_compiler
        depends_on_answers = isinstance(item.min, str) or isinstance(item.max, str)
        if depends_on_answers:
            compiled.limits = compiler.compile_limits(item, context)
            declines = (*compiled.declines, *build_reserved_declines(self.document))
            compiled.kept_codes = {decline.code: decline.text for decline in declines}
        if isinstance(item, DateItem):
            order = self._find_date_order()
            if order is not None:
                item.use_country_order(order)
        elif item.options:
            self._compile_number_labels(item, compiled, context)

    def _compile_number_labels(
        self, item: NumericItem | QuantityItem, compiled: CompiledItem, context: CompileContext
    ) -> None:
        """Compile the texts of a number's values."""
        labels = self.symbol_table.labels.setdefault(id(item.options), {})
        for code, option in item.options.items():
            labels[code] = self.item_compiler.compile_text(option.text, context, "options")
        compiled.labels = labels

    def _find_amounts(self, item_id: str) -> AmountReading | None:
        symbol = self.draft.symbols.get(item_id)
        if symbol is None:
            return None
        return symbol.value_type.amounts

    def _find_date_order(self) -> DateOrder | None:
        """Find in which order the study's country writes day and month."""
        fieldwork = self.document.fieldwork
        if fieldwork is None:
            return find_date_order("")
        return find_date_order(str(fieldwork.country or "").upper())

    def _compile_turn_condition(
        self, source: OptionSourceSpec, context: CompileContext
    ) -> Condition | None:
        """Compile the condition of a source as it is written, for its problems and for readers."""
        if source.from_ not in self.symbol_table.rosters:
            return None
        return self.item_compiler.compile_condition(
            source.where, context._replace(roster=str(source.from_)), "where"
        )

    def _compile_draw(
        self, item: DrawItem, compiled: CompiledItem, context: CompileContext
    ) -> None:
        """Set what a draw selects from: the turns of a roster, or numbers."""
        if item.numbers is None and item.from_ is not None:
            self._compile_draw_of_turns(item, compiled, context)
        elif item.numbers is not None and item.from_ is None:
            self._compile_draw_of_numbers(item, compiled, context)
        else:
            what = "a draw needs either from: or numbers:"
            remedy = "give exactly one of them: from: person, or numbers: 1 to adults"
            where = locate_name(item.id)
            self.item_compiler.report("bad-draw", where, context.owner, what, remedy)

    def _compile_draw_of_numbers(
        self, item: DrawItem, compiled: CompiledItem, context: CompileContext
    ) -> None:
        """Set the highest number that can be drawn, and report keys that only turns have."""
        _, highest = item.split_numbers()
        compiled.highest_number = self.item_compiler.compile_condition(
            highest, context, "numbers", "number"
        )
        for key in ("where", "using", "by"):
            if key not in item.model_fields_set:
                continue
            if key == "by" and item.by == "random":
                continue  # it says what happens anyway
            what = f"{key}: numbers have nothing to compare, and are drawn at random"
            where = item.find_position(key)
            remedy = "remove it, or draw from a roster"
            self.item_compiler.report("bad-draw", where, context.owner, what, remedy)

    def _compile_draw_of_turns(
        self, item: DrawItem, compiled: CompiledItem, context: CompileContext
    ) -> None:
        """Set the roster that a draw selects from, the eligible turns, and the item it compares."""
        name = str(item.from_)
        rosters = self.symbol_table.rosters
        if name not in rosters:
            if name not in self.draft.lost:
                self._report_no_roster(item, context)
            return

        where = item.find_position("from")
        compiled.source = name
        compiled.turn_name = find_turn_name(rosters, name)
        compiled.where = self.item_compiler.compile_condition(
            item.where, context._replace(roster=name), "where"
        )
        self.item_compiler.record_use(context, "from", where, frozenset({name}))
        if item.by != "random":
            compiled.using = self._find_compared_item(item, context)

    def _report_no_roster(self, item: DrawItem, context: CompileContext) -> None:
        name = str(item.from_)
        known = self.symbol_table.rosters
        near = suggest_nearest(name, known, otherwise="use an earlier item of type roster")
        self.item_compiler.report(
            "bad-draw",
            item.find_position("from"),
            context.owner,
            f"from: there is no roster {name!r}",
            near,
            length=len(name),
        )

    def _find_compared_item(self, item: DrawItem, context: CompileContext) -> str | None:
        """Find the date or number that a draw by youngest or by birthday compares.

        It is the only one of the roster, or the one that `using` names.
        """
        types: tuple[str, ...] = ("date", "number")
        if item.by == "next_birthday":
            types = ("date",)
        sources = list_sources(self.symbol_table.rosters, str(item.from_))
        candidates = []
        for symbol in self.symbol_table.symbols.values():
            value_type = symbol.value_type
            is_comparable = value_type.roster in sources and value_type.type in types
            if is_comparable and item.using in (None, symbol.id):
                candidates.append(symbol.id)
        if len(candidates) == 1:
            return candidates[0]

        found = ", ".join(candidates) or "none"
        what = (
            f"by: {item.by} compares one {' or '.join(types)} of {item.from_}, but found: {found}"
        )
        self.item_compiler.report(
            "bad-draw", item.find_position("by"), context.owner, what, "choose one with using:"
        )
        return None

    def compile(self, source: InstrumentSource) -> Instrument:
        """Compile the whole document."""
        document = self.document
        compiler = self.item_compiler

        context = CompileContext()
        if document.defaults is not None:
            context = self._take_decline_codes(document.defaults, context)
        children = self._compile_nodes(document.items, context)
        root = ItemGroup(id="", spec=None, children=children)
        self._finish_group(root, CompileContext())
        self.draft.root = root

        declines = (
            *compiler.select_declines(compiler.declines, ""),
            *build_reserved_declines(document),
        )
        attributes = self._find_attributes()
        faq = self._compile_faq()
        for name, scale in document.scales.items():
            # a list that no item uses is compiled here, so that its problems are reported
            list_name = str(name)
            compiler.compile_options(scale.options, CompileContext(list_name), list_name)
        # the codes of declines are known when all items are compiled
        self.problems[:] = [self._name_decline(problem) for problem in self.problems]

        return Instrument(
            id=str(document.instrument),
            title=document.title,
            version=str(document.version or ""),
            hash=source.digest,
            languages=tuple(str(language) for language in document.languages),
            document=document,
            root=root,
            items={**self.draft.items, **self.picks},
            groups=self.draft.groups,
            sample={str(name): column for name, column in document.sample.items()},
            computes=self.draft.computes,
            first_computes=tuple(self._computes_after.get(-1, ())),
            declines={decline.id: decline for decline in declines},
            faq=faq,
            texts=source.texts,
            interviewer_attributes=attributes,
        )

    def _name_decline(self, problem: Problem) -> Problem:
        """Return a problem about an unknown code; if a decline has it, the remedy names that."""
        item = self.draft.items.get(problem.subject)
        if problem.rule != "unknown-code" or item is None:
            return problem
        for decline in item.declines:
            if decline.code == problem.code:
                label = decline.text.get(self.draft.language)
                test = write_decline_test(problem.subject, decline.id)
                remedy = f"{decline.code} is the code of {str(label)!r}: write {test}"
                return replace(problem, remedy=remedy)
        return problem

    def _find_attributes(self) -> frozenset[str]:
        """Find the interviewer's attributes that conditions use: the `sex` of `interviewer.sex`."""
        attributes = set()
        for use in self.draft.uses:
            for name in use.names:
                if name.startswith(INTERVIEWER_PREFIX):
                    attributes.add(name.removeprefix(INTERVIEWER_PREFIX))
        return frozenset(attributes)

    def _compile_faq(self) -> tuple[tuple[Template, Template], ...]:
        """Compile the respondents' questions and the answers to them."""
        faq = self.document.faq
        if isinstance(faq, list):
            pairs = [(entry.ask, entry.say) for entry in faq]
        else:
            pairs = [(Text(question, {}), answer) for question, answer in faq.items()]

        context = CompileContext("faq")
        compiled = []
        for question, answer in pairs:
            ask = self.item_compiler.compile_text(question, context, "faq")
            say = self.item_compiler.compile_text(answer, context, "faq")
            compiled.append((ask, say))
        return tuple(compiled)


def _iterate_items(group: ItemGroup) -> Iterator[CompiledItem]:
    """Yield all items below a group, and what says which of them are picked."""
    for child in group.children:
        if isinstance(child, CompiledItem):
            yield child
            continue
        yield from child.items
        if child.pick is not None:
            yield child.pick
    if isinstance(group, Roster) and group.until is not None:
        yield group.until


def _take_computes(group: ItemGroup) -> Iterator[Compute]:
    """Take the computes from all items and groups below a group, in order."""
    for item in group.items:
        yield from item.computes
        item.computes = ()
    for child in group.children:
        if isinstance(child, ItemGroup):
            yield from child.computes
            child.computes = ()


def _build_battery_question(item: BatteryItem, options: OptionSpecs) -> QuestionItem:
    """Build the question that is asked of every statement: a number or a scale."""
    shared = {
        key: getattr(item, key)
        for key in QuestionItem.model_fields
        if key not in ("ask_if", "unless")  # the battery's own, not those of its statements
    }
    question: QuestionItem
    if item.answer is not None:
        limits = {key: getattr(item.answer, key) for key in NumberFields.model_fields}
        question = NumberItem.model_construct(**shared, type="number", **limits)
    else:
        written: OptionSourceSpec | dict[Code, OptionSpec] = dict(options)
        if isinstance(item.options, OptionSourceSpec):
            written = item.options
        question = ScaleItem.model_construct(
            **shared,
            type="scale",
            scale=None,
            options=written,
            from_=item.from_,
            to=item.to,
            labels=item.labels,
        )
    question.copy_position(item)
    return question


def build_reserved_declines(document: Document) -> list[CompiledDecline]:
    """Build the reserved declines, not asked and not reached, with the codes of the study."""
    declines = []
    for kind, code in RESERVED_CODES.items():
        spec = find_named(document.declines, kind)
        if spec is None:
            text = Text.from_string(kind.replace("_", " ").capitalize())
            declines.append(CompiledDecline(id=kind, code=code, text=text))
        else:
            declines.append(CompiledDecline(id=kind, code=spec.code, text=spec.text))
    return declines


def _build_statement_text(frame: Text, statement: Text) -> Text:
    """Insert a statement into the battery's text, in every language in which either is written."""
    if frame.plain == _STATEMENT_FILL and statement.plain is not None:
        return statement
    outdated = {}
    for language in {**frame.outdated, **statement.outdated}:
        earlier_frame = frame.outdated.get(language) or frame.get(language)
        earlier_statement = statement.outdated.get(language) or statement.get(language)
        outdated[language] = _insert_statement(earlier_frame, earlier_statement)
    if frame.plain is not None and statement.plain is not None:
        return Text(_insert_statement(frame.plain, statement.plain), {}, outdated)

    # a text of which a part can't be read in a language is read in the first language as a whole
    texts = {}
    for part in (frame, statement):
        for language in part.by_language:
            if language not in outdated:
                texts[language] = _insert_statement(frame.get(language), statement.get(language))
    return Text(None, texts, outdated)


def _insert_statement(frame: YamlScalar, statement: YamlScalar) -> YamlScalar:
    """Insert a statement into the battery's text."""
    fills = re.finditer(re.escape(_STATEMENT_FILL), frame)
    spans = [(fill.start(), fill.end(), statement) for fill in fills]
    return replace_spans(frame, spans, statement.where)


CompileResult: TypeAlias = tuple[Instrument | None, InstrumentDraft | None, list[Problem]]
"""The instrument, the draft for the checks, and the problems so far."""


def compile_instrument(source: InstrumentSource) -> CompileResult:
    """Compile as much of the instrument as possible."""
    if source.tree is None:
        return None, None, list(source.problems)

    document, problems, lost = validate_file(inherit_defaults(source.tree), Document)
    problems = [*source.problems, *problems]
    if document is None:
        return None, None, problems

    if not document.languages:
        where = document.find_position("languages")
        what = "the list is empty"
        remedy = "write the default language first: [en]"
        problems.append(Problem("bad-language", where, "languages", what, remedy))
        document.languages.append(YamlScalar("en", where))
    if any(name.endswith(".po") for name in source.texts):
        problems += apply_translations(document, source.texts, source.folder)

    result = _compile_document(source, document, lost, problems)
    _, _, all_problems = result
    rejected = [problem for problem in select_errors(all_problems) if is_in_catalog(problem.where)]
    if not rejected:
        return result
    # a translation that can't be used is set aside and reported, so that work can go on without it
    withdraw_translations(document, {problem.where for problem in rejected})
    problems += [downgrade_translation_problem(problem) for problem in rejected]
    return _compile_document(source, document, lost, problems)


def _compile_document(
    source: InstrumentSource, document: Document, lost: frozenset[str], problems: list[Problem]
) -> CompileResult:
    """Compile a document.

    `problems` are those found so far, `lost` the items that could not be read.
    """
    compiler = InstrumentCompiler(document, lost)
    compiler.draft.file_problems = tuple(problems)
    instrument = compiler.compile(source)
    all_problems = list(problems)
    fill_positions = {problem.where for problem in problems if problem.rule == "fill-at-start"}
    for problem in compiler.problems:
        # a fill at the start of a text has been reported already, in plainer words
        is_reported = problem.rule == "unknown-fill" and problem.where in fill_positions
        if not is_reported:
            all_problems.append(problem)
    return instrument, compiler.draft, all_problems
