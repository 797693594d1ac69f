"""Compiler of a whole instrument: sections, batteries, rosters and items, in written order."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias, cast

from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.compiled.item_compiler import (
    CompileContext,
    ItemCompiler,
    compile_computes,
)
from survey_cli.instrument.compiled.model import CompiledNode, Instrument, ItemGroup, Roster
from survey_cli.instrument.compiled.symbol_table import SymbolTable
from survey_cli.instrument.compiled.symbols import (
    GroupStep,
    SymbolKind,
    find_turn_name,
    is_shuffled,
    list_sources,
)
from survey_cli.instrument.countries import find_date_order
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.schema.document import Document
from survey_cli.instrument.schema.inheritance import inherit_defaults
from survey_cli.instrument.schema.items.coded import CodedItem, MultipleItem, ScaleItem
from survey_cli.instrument.schema.items.groups import (
    AnyItem,
    BatteryItem,
    PickSpec,
    RosterItem,
    SectionItem,
)
from survey_cli.instrument.schema.items.question import (
    CompiledDecline,
    CompiledItem,
    Compute,
    QuestionItem,
)
from survey_cli.instrument.schema.items.typed import DateItem, NumberFields, NumberItem
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
from survey_cli.instrument.source.nodes import YamlScalar, find_named, get_named, replace_spans
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

STATEMENT_FILL: Final = "{statement}"
RESERVED_CODES: Final = {"not_asked": -6, "not_reached": -7}


class ItemOverrides(NamedTuple):
    """Properties of a compiled item, which are not written at the item itself if it is a statement."""

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
        for p in self.symbol_table.problems:
            if p.rule not in ("unknown-list", "bad-source") or p.subject not in lost:
                self.problems.append(p)
        self._computes_after = compile_computes(self.item_compiler)
        self._index = 0
        self.picks: dict[str, CompiledItem] = {}
        """What is picked of groups; it has no name in conditions."""
        for symbol in self.symbol_table.symbols.values():
            if symbol.kind is SymbolKind.SAMPLE_COLUMN and symbol.options:
                self.item_compiler.compile_options(
                    symbol.options, CompileContext(symbol.id, before=-1), None
                )

    def _finish_group(self, group: ItemGroup, enclosing: CompileContext) -> None:
        """Fill in what depends on the children: all items below, their count, and the computes to evaluate at the end."""
        if group.spec is not None and group.spec.pick is not None:
            self._compile_pick(group, group.spec.pick, enclosing)
        items: list[CompiledItem] = []
        for child in group.children:
            items.extend(child.items if isinstance(child, ItemGroup) else (child,))
            if isinstance(child, ItemGroup) and child.pick is not None:
                items.append(child.pick)
        if isinstance(group, Roster) and group.until is not None:
            items.append(group.until)
        group.items = tuple(items)
        group.asked_count = sum(item.counts_in_progress for item in items)
        if group.order != "written" or isinstance(group, Roster):
            after: list[Compute] = []
            for item in items:
                after.extend(item.computes)
                item.computes = ()
            for child in group.children:
                if isinstance(child, ItemGroup):
                    after.extend(child.computes)
                    child.computes = ()
            group.computes = tuple(after)
        if group.id:
            self.draft.groups[group.id] = group

    def _compile_pick(self, group: ItemGroup, pick: PickSpec, enclosing: CompileContext) -> None:
        """Make the item that says what is picked of a group."""
        assert group.spec is not None
        turns = range(1, group.maximum + 1) if isinstance(group, Roster) else ()
        names = (*turns,) or tuple(child.id for child in group.children)
        pick_id, where = f"{group.id}_pick", group.spec.id.where
        question = PickItem.model_construct(
            id=YamlScalar(pick_id, where),
            type="pick",
            group=group.id,
            names=names,
            count=pick.count,
            method=pick.by,
        )
        text = Text.from_string("")
        group.pick = self.picks[pick_id] = CompiledItem(
            id=pick_id,
            question=question,
            text=self.item_compiler.compile_text(text, CompileContext(group.id), "pick"),
            label=text,
            roster=enclosing.roster if not isinstance(group, Roster) else None,
            section=enclosing.section,
            after_hangup=group.after_hangup,
            counts_in_progress=False,
        )

    def _compile_nodes(
        self, items: Sequence[AnyItem], enclosing: CompileContext
    ) -> tuple[CompiledNode, ...]:
        path = enclosing.path or (GroupStep("", 0, False),)
        steps = (path[-1]._replace(child=child) for child in range(len(items)))
        return tuple(
            self._compile_node(item, enclosing._replace(path=(*path[:-1], step)))
            for item, step in zip(items, steps, strict=True)
        )

    def _compile_node(self, item: AnyItem, enclosing: CompileContext) -> CompiledNode:
        match item:
            case SectionItem():
                return self._compile_section(item, enclosing)
            case RosterItem():
                return self._compile_roster(item, enclosing)
            case BatteryItem():
                return self._compile_battery(item, enclosing)
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
        compiler = self.item_compiler
        title = compiler.compile_optional_text(item.title, context, "title") or enclosing.section
        hangup = enclosing.hangup or (isinstance(item, SectionItem) and item.after == "hangup")
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
        return group, enclosing._replace(path=path, section=title, hangup=hangup)

    def _compile_section(self, item: SectionItem, enclosing: CompileContext) -> ItemGroup:
        group, inside = self._compile_group(item, enclosing, ItemGroup)
        group.children = self._compile_nodes(item.items, inside)
        self._finish_group(group, enclosing)
        return group

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
            self.item_compiler.record_use(
                context, "each", item.find_position("each"), frozenset({over.id})
            )
            roster.where = self.item_compiler.compile_condition(
                item.where, context._replace(roster=over.id), "where"
            )
        elif item.each is not None:
            roster.each = self._find_each(item, item.each, context)
        roster.turn_name = find_turn_name(self.symbol_table.rosters, roster.id)
        roster.children = self._compile_nodes(item.items, inside)
        more = self.symbol_table.symbols.get(f"{roster.id}_more")
        if item.until is not None and more is not None and more.question is not None:
            around = inside._replace(path=enclosing.path)
            roster.until = self._compile_item(
                more.question, more.id, item.until, around, ItemOverrides(more.options)
            )
        self._finish_group(roster, enclosing)
        return roster

    def _find_each(
        self, item: RosterItem, name: YamlScalar, context: CompileContext
    ) -> CompiledItem | None:
        """Find the `multiple` whose chosen options are the turns."""
        each = self.draft.items.get(str(name))
        if each is not None and isinstance(each.question, MultipleItem):
            self.item_compiler.record_use(context, "each", name.where, frozenset({each.id}))
            return each
        if str(name) not in self.draft.lost:
            several = [
                n
                for n, earlier in self.draft.items.items()
                if isinstance(earlier.question, MultipleItem)
            ]
            several += [
                n for n, earlier in self.draft.groups.items() if isinstance(earlier, Roster)
            ]
            near = suggest_nearest(str(name), several, otherwise="use one that comes earlier")
            what = f"each: {str(name)!r} is not an earlier multiple or roster"
            where = item.find_position("each")
            self.item_compiler.report(
                "bad-each", where, context.owner, what, near, length=len(name)
            )
        return None

    def _compile_battery(self, item: BatteryItem, enclosing: CompileContext) -> ItemGroup:
        first = self.symbol_table.symbols.get(str(next(iter(item.statements), "")))
        options, scale = (first.options, first.scale) if first is not None else ({}, None)
        shared = {
            n: getattr(item, n) for n in QuestionItem.model_fields if n not in ("ask_if", "unless")
        }
        written = item.options if isinstance(item.options, OptionSourceSpec) else dict(options)
        asked: QuestionItem
        if item.answer is not None:
            limits = {name: getattr(item.answer, name) for name in NumberFields.model_fields}
            asked = NumberItem.model_construct(**shared, type="number", **limits)
        else:
            asked = ScaleItem.model_construct(
                **shared,
                type="scale",
                scale=None,
                options=written,
                from_=item.from_,
                to=item.to,
                labels=item.labels,
            )
        asked.copy_position(item)
        group, inside = self._compile_group(item, enclosing, ItemGroup)
        where = None
        if isinstance(item.options, OptionSourceSpec):
            context = enclosing._replace(owner=group.id, before=self._index)
            where = self._compile_turn_condition(item.options, context)
        children = []
        for child, (name, statement) in enumerate(item.statements.items()):
            step = GroupStep(group.id, child, is_shuffled(item))
            label, ask_if, anchor = (
                statement.label or statement.text,
                statement.ask_if,
                statement.anchor,
            )
            next_text = (
                _build_statement_text(item.next_, statement.text)
                if item.next_ is not None
                else None
            )
            overrides = ItemOverrides(
                options, scale, label, ask_if, None, anchor, next_text, item.total, where
            )
            text = _build_statement_text(item.text, statement.text)
            around = inside._replace(path=(*enclosing.path, step))
            children.append(self._compile_item(asked, str(name), text, around, overrides))
        group.children = tuple(children)
        self._finish_group(group, enclosing)
        return group

    def _find_date_order(self) -> DateOrder | None:
        """Find in which order the study's country writes day and month."""
        fieldwork = self.document.fieldwork
        return find_date_order(
            str(fieldwork.country or "").upper() if fieldwork is not None else ""
        )

    def _compile_item(
        self,
        item: QuestionItem,
        item_id: str,
        text: Text,
        around: CompileContext,
        own: ItemOverrides | None = None,
    ) -> CompiledItem:
        index = self._index
        self._index += 1
        context = around._replace(owner=item_id, before=index)
        compiler = self.item_compiler
        source = getattr(item, "options", None)
        source = source if isinstance(source, OptionSourceSpec) else None
        if own is None:
            symbol = self.symbol_table.symbols.get(item_id)
            options, scale = (symbol.options, symbol.scale) if symbol is not None else ({}, None)
            where = self._compile_turn_condition(source, context) if source is not None else None
            own = ItemOverrides(
                options, scale, item.label, item.ask_if, item.unless, item.anchor, where=where
            )
        scale, where = own.scale, own.where
        reported = len(compiler.problems)
        compiled_options = compiler.compile_options(own.options, context, scale, source)
        if (
            source is not None
        ):  # warnings concern what is written, and so do errors where that could not be compiled
            errors = (
                select_errors(compiler.problems[reported:])
                if where is not None or source.where is None
                else ()
            )
            compiler.problems[reported:] = errors
        conditional = [option.ask_if is not None for option in compiled_options]
        country_order = self._find_date_order()
        if isinstance(item, DateItem) and country_order is not None:
            item.use_country_order(country_order)
        compiled_item = CompiledItem(
            id=item_id,
            question=item,
            text=compiler.compile_text(
                text, context, "text", options=item.read and any(o.read for o in compiled_options)
            ),
            label=own.label or text,
            ask_if=compiler.compile_condition(own.ask_if, context, "ask_if"),
            unless=compiler.compile_condition(own.unless, context, "unless"),
            instruction=compiler.compile_optional_text(item.instruction, context, "instruction"),
            probe=compiler.compile_optional_text(item.probe, context, "probe"),
            help=compiler.compile_optional_text(item.help, context, "help"),
            options=compiled_options,
            scale=scale,
            order=item.order if isinstance(item, CodedItem) else "written",
            declines=compiler.compile_declines(item, item_id),
            prefill=compiler.compile_condition(item.prefill, context, "prefill", "value"),
            checks=compiler.compile_checks(item, context),
            roster=around.roster,
            section=around.section,
            after_hangup=around.hangup,
            computes=tuple(self._computes_after.get(index, ())),
            anchor=own.anchor,
            options_source=source,
            where=where,
            next_text=compiler.compile_optional_text(own.next_text, context, "next"),
            total=compiler.compile_condition(own.total, context, "total", "number"),
            options_conditional=bool(conditional) and all(conditional),
            counts_in_progress=item.expects_answer or not isinstance(item, ComputedItem | EndItem),
        )
        if scale is not None:
            self.draft.used_scales.add(scale)
            compiled_item.scale_order = get_named(self.document.scales, scale).order
        drawn = compiled_item.order != "written" or compiled_item.scale_order != "written"
        compiled_item.options_vary = drawn or any(conditional)
        if isinstance(item, NumberItem | DateItem) and (
            isinstance(item.min, str) or isinstance(item.max, str)
        ):
            compiled_item.limits = compiler.compile_limits(item, context)
            reserved = (*compiled_item.declines, *build_reserved_declines(self.document))
            compiled_item.kept_codes = {decline.code: decline.text for decline in reserved}
        if isinstance(item, NumberItem) and item.options:
            labels = self.symbol_table.labels.setdefault(id(item.options), {})
            for code, label in item.options.items():
                labels[code] = compiler.compile_text(label, context, "options")
            compiled_item.labels = labels
        if isinstance(item, HandoverItem):
            compiled_item.ask_for = compiler.compile_optional_text(item.ask_for, context, "ask_for")
        elif isinstance(item, DrawItem):
            self._compile_draw(item, compiled_item, context)
        self.draft.items.setdefault(item_id, compiled_item)
        return compiled_item

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
        self, item: DrawItem, compiled_item: CompiledItem, context: CompileContext
    ) -> None:
        """Set the roster a draw selects from, the eligible turns, and the item that it compares."""
        source, rosters = str(item.from_), self.symbol_table.rosters
        if source not in rosters:
            if source not in self.draft.lost:
                near = suggest_nearest(
                    source, rosters, otherwise="use an earlier item of type roster"
                )
                what = f"from: there is no roster {source!r}"
                where = item.find_position("from")
                self.item_compiler.report(
                    "bad-draw", where, compiled_item.id, what, near, length=len(source)
                )
            return
        compiled_item.source = source
        compiled_item.turn_name = find_turn_name(rosters, source)
        compiled_item.where = self.item_compiler.compile_condition(
            item.where, context._replace(roster=source), "where"
        )
        self.item_compiler.record_use(
            context, "from", item.find_position("from"), frozenset({source})
        )
        if item.by == "random":
            return
        types = ("date",) if item.by == "next_birthday" else ("date", "number")
        sources = list_sources(rosters, source)
        candidates = [
            n.id
            for n in self.symbol_table.symbols.values()
            if n.value_type.roster in sources
            and n.value_type.type in types
            and item.using in (None, n.id)
        ]
        if len(candidates) != 1:
            names = ", ".join(candidates) or "none"
            what = (
                f"by: {item.by} compares one {' or '.join(types)} of {source}, but found: {names}"
            )
            remedy = "choose one with using:"
            self.item_compiler.report(
                "bad-draw", item.find_position("by"), compiled_item.id, what, remedy
            )
            return
        compiled_item.using = candidates[0]

    def compile(self, source: InstrumentSource) -> Instrument:
        """Compile the whole document."""
        document, compiler = self.document, self.item_compiler
        root = ItemGroup(
            id="", spec=None, children=self._compile_nodes(document.items, CompileContext())
        )
        self._finish_group(root, CompileContext())
        self.draft.root = root
        declines = (
            *compiler.select_declines(compiler.declines, ""),
            *build_reserved_declines(document),
        )
        attributes = {
            name for use in self.draft.uses for name in use.names if name.startswith("interviewer.")
        }
        return Instrument(
            id=str(document.instrument),
            title=document.title,
            version=str(document.version or ""),
            hash=source.digest,
            languages=tuple(str(la) for la in document.languages),
            document=document,
            root=root,
            items={**self.draft.items, **self.picks},
            groups=self.draft.groups,
            sample={str(k): v for k, v in document.sample.items()},
            computes=self.draft.computes,
            first_computes=tuple(self._computes_after.get(-1, ())),
            declines={d.id: d for d in declines},
            faq=self._compile_faq(),
            texts=source.texts,
            interviewer_attributes=frozenset(
                name.removeprefix("interviewer.") for name in attributes
            ),
            scales={
                str(name): compiler.compile_options(s.options, CompileContext(str(name)), str(name))
                for name, s in document.scales.items()
            },
        )

    def _compile_faq(self) -> tuple[tuple[Template, Template], ...]:
        faq = self.document.faq
        pairs = (
            [(f.ask, f.say) for f in faq]
            if isinstance(faq, list)
            else [(Text(q, {}), a) for q, a in faq.items()]
        )
        compile_text, context = self.item_compiler.compile_text, CompileContext("faq")
        return tuple(
            (compile_text(q, context, "faq"), compile_text(a, context, "faq")) for q, a in pairs
        )


def build_reserved_declines(document: Document) -> list[CompiledDecline]:
    """Build the reserved declines, not asked and not reached, with the codes the study gives them."""
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
    if frame.plain == STATEMENT_FILL and statement.plain is not None:
        return statement
    outdated = {}
    for language in {**frame.outdated, **statement.outdated}:
        earlier_frame = frame.outdated.get(language) or frame.get(language)
        earlier_statement = statement.outdated.get(language) or statement.get(language)
        outdated[language] = _insert_statement(earlier_frame, earlier_statement)
    if frame.plain is not None and statement.plain is not None:
        return Text(_insert_statement(frame.plain, statement.plain), {}, outdated)
    # A text of which a part can't be read in a language is read in the first language as a whole.
    languages = {la: None for t in (frame, statement) for la in t.by_language if la not in outdated}
    texts = {la: _insert_statement(frame.get(la), statement.get(la)) for la in languages}
    return Text(None, texts, outdated)


def _insert_statement(frame: YamlScalar, statement: YamlScalar) -> YamlScalar:
    """Insert a statement into the battery's text."""
    spans = [(*match.span(), statement) for match in re.finditer(re.escape(STATEMENT_FILL), frame)]
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
        what, remedy = "the list is empty", "write the default language first: [en]"
        problems.append(Problem("bad-language", where, "languages", what, remedy))
        document.languages.append(YamlScalar("en", where))
    if any(name.endswith(".po") for name in source.texts):
        problems += apply_translations(document, source.texts, source.folder)
    result = _compile_document(source, document, lost, problems)
    rejected = [problem for problem in select_errors(result[2]) if is_in_catalog(problem.where)]
    if not rejected:
        return result
    # A translation that can't be used must not keep anybody from working: it is set aside, and reported.
    withdraw_translations(document, {problem.where for problem in rejected})
    problems += [downgrade_translation_problem(problem) for problem in rejected]
    return _compile_document(source, document, lost, problems)


def _compile_document(
    source: InstrumentSource, document: Document, lost: frozenset[str], problems: list[Problem]
) -> CompileResult:
    """Compile a document. `problems` are those found so far, `lost` the items that could not be read."""
    compiler = InstrumentCompiler(document, lost)
    compiler.draft.file_problems = tuple(problems)
    instrument = compiler.compile(source)
    # a fill at the start of a text has been reported already, in plainer words
    fill_positions = {p.where for p in problems if p.rule == "fill-at-start"}
    own_problems = [
        p for p in compiler.problems if p.rule != "unknown-fill" or p.where not in fill_positions
    ]
    return instrument, compiler.draft, [*problems, *own_problems]
