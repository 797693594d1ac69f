"""Questionnaire booklet for reviewers, as HTML and Markdown.

It has a title, contents, items in written order, and appendices. A page is one self-contained file.
Markdown reads well in a terminal and compares well line by line.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from survey_cli.documents.questionnaire import booklet_model as model
from survey_cli.documents.questionnaire import rule_sentences
from survey_cli.documents.questionnaire.route_building import build_route
from survey_cli.documents.questionnaire.route_diagram import list_blocks
from survey_cli.documents.questionnaire.route_folding import fold_sections
from survey_cli.documents.questionnaire.rule_notes import (
    describe_kind,
    describe_who_answers,
    is_observed,
    iterate_computer_notes,
    iterate_group_notes,
    iterate_order_notes,
    iterate_pick_notes,
    list_arms,
    list_moving,
    make_note,
)
from survey_cli.documents.questionnaire.rule_sentences import (
    RuleWriter,
    format_code,
    make_line,
    mark_name,
)
from survey_cli.documents.questionnaire.text_rendering import TextRenderer, render_label
from survey_cli.documents.templating import render_page
from survey_cli.documents.text_runs import Line, TextRun, render_plain
from survey_cli.instrument.compiled.decline_sets import (
    describe_codes_by_width,
    has_codes_by_width,
)
from survey_cli.instrument.compiled.model import (
    CompiledNode,
    Instrument,
    ItemGroup,
    Roster,
    number_items,
)
from survey_cli.instrument.expressions.conditions import Condition, ValueType
from survey_cli.instrument.schema.document import SampleColumn, ScriptSpec
from survey_cli.instrument.schema.items import unasked_items
from survey_cli.instrument.schema.items.brackets import (
    BracketAmountItem,
    BracketItem,
    BracketStepItem,
)
from survey_cli.instrument.schema.items.coded import (
    MAX_PICK_POINTS,
    MultipleItem,
    ScaleItem,
    SearchItem,
)
from survey_cli.instrument.schema.items.groups import (
    BatteryItem,
    BracketSection,
    RosterItem,
    SectionItem,
)
from survey_cli.instrument.schema.items.quantity import QuantityItem, write_form
from survey_cli.instrument.schema.items.question import (
    CompiledCheck,
    CompiledDecline,
    CompiledItem,
    CompiledOption,
    Compute,
)
from survey_cli.instrument.schema.items.typed import DateItem, NumericItem, TextItem, TimeItem
from survey_cli.instrument.schema.options import NumberOption
from survey_cli.instrument.source.nodes import NOWHERE, YamlScalar, get_named
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts.languages import get_language_name, is_right_to_left
from survey_cli.instrument.texts.templates import AMOUNT_FILL
from survey_cli.values import NO_AMOUNT, Code
from survey_cli.wording import escape_controls, join_words

_NOT_READ: Final = (TextRun("not read"),)
_CHOSEN_ALONE: Final = (TextRun("chosen alone"),)
RESERVED_DECLINES: Final = ("not_asked", "not_reached")
_ROLE_LABELS: Final = {
    "key": "key of the case",
    "phone": "telephone number",
    "zone": "time zone of the case",
    "country": "country of the case",
    "region": "region of the case",
    "language": "language of the case",
    "consent": "permission for dialing by machine",
    "psu": "primary sampling unit",
    "fpc": "size of the stratum in the population",
}
"""The labels of roles that are not their own label."""
FINGERPRINT_LENGTH: Final = 12
"""Number of digits of the content hash in the booklet."""

_STUDY_KEYS: Final = (
    *("sponsor", "conducted_by", "callback_number", "population", "frame", "selection"),
    *("mode", "dates", "size", "contact", "incentive", "notes"),
)
_STUDY_LABELS: Final = {
    "frame": "Sampling frame",
    "dates": "Field period",
    "size": "Size of the population",
}
"""The labels of keys that are not their own label."""
_OPTIONAL_KEYS: Final = frozenset({"mode", "size", "incentive", "notes"})
"""Keys that are not reported as unstated."""

LONG_BATTERY_ROWS: Final = 12
"""A battery with more statements may be divided over printed pages, between two statements."""


def build_booklet(
    instrument: Instrument, languages: tuple[str, ...], *, comments: bool = False
) -> model.Booklet:
    """Build the booklet of an instrument in the given languages.

    Notes between the texts are in English; `comments` leaves lines to write on.
    """
    renderer = TextRenderer.from_instrument(instrument, languages)
    builder = BookletBuilder(instrument, renderer)
    title = renderer.render_text(instrument.title)
    labels = {
        key: _STUDY_LABELS.get(key, key.replace("_", " ").capitalize()) for key in _STUDY_KEYS
    }
    study = []
    unstated = []
    for key, label in labels.items():
        value = getattr(instrument.document.study, key)
        if value is not None:
            study.append((label, renderer.render_text(_make_text(value))))
        elif key not in _OPTIONAL_KEYS:
            unstated.append(label.lower())
    fingerprint = instrument.hash[:FINGERPRINT_LENGTH]
    route = build_route(instrument, languages[0], fingerprint)
    names = [" ".join(render_plain(line) for line in text.lines) for text in title]
    return model.Booklet(
        title=title,
        name=" · ".join(names),
        version=escape_controls(instrument.version),
        fingerprint=fingerprint,
        languages=tuple((la, get_language_name(la)) for la in languages),
        study=tuple(study),
        unstated=tuple(unstated),
        declines=tuple(map(builder.build_decline, builder.declines)),
        parts=builder.build_parts(),
        appendices=builder.build_appendices(),
        route=fold_sections(route),
        comments=comments,
    )


def _make_text(value: Text | str | int) -> Text:
    if isinstance(value, Text):
        return value
    if isinstance(value, int):
        return Text.from_string(f"{value:,}")
    return Text.from_string(str(value))


def render_html(booklet: model.Booklet) -> str:
    """Return the page, ending in a line end."""
    from markupsafe import Markup

    version = booklet.fingerprint
    if booklet.version:
        version = f"Version {booklet.version} · {version}"
    direction = ""
    if all(is_right_to_left(code) for code, _ in booklet.languages):
        direction = Markup(' dir="rtl"')
    entries = (entry for appendix in booklet.appendices for entry in appendix.entries)
    return render_page(
        "booklet.html.jinja",
        b=booklet,
        anchors=frozenset(_iterate_anchors((*booklet.parts, *entries))) - {""},
        names=dict(booklet.languages),
        is_right_to_left=is_right_to_left,
        page_direction=direction,
        list_blocks=list_blocks,
        route_language=booklet.route.language,
        long_battery=LONG_BATTERY_ROWS,
        page_header=booklet.name,
        page_footer=version,
    )


def render_markdown(booklet: model.Booklet) -> str:
    """Return the page, ending in a line end."""
    return render_page("booklet.md.jinja", b=booklet)


def _iterate_anchors(
    parts: Iterable[model.BookletPart | model.BookletItem | model.AppendixEntry],
) -> Iterator[str]:
    """Yield the ids that links can lead to."""
    for part in parts:
        yield part.id
        if isinstance(part, model.BookletPart):
            yield from _iterate_anchors(part.children)
        elif isinstance(part, model.BookletItem):
            yield from (row.id for row in part.rows)


class BookletBuilder:
    """A builder of the booklet items of one questionnaire."""

    def __init__(self, instrument: Instrument, renderer: TextRenderer) -> None:
        self.instrument = instrument
        self.renderer = renderer
        self.language = renderer.languages[0]
        self.rules = RuleWriter(instrument, self.language)
        self.declines = tuple(
            d for d in instrument.declines.values() if d.id not in RESERVED_DECLINES
        )
        self.has_codes_by_width = has_codes_by_width(instrument.document)
        self._numbers = number_items(instrument)

    def build_parts(self) -> tuple[model.BookletPart, ...]:
        """Return the questionnaire as sections, rosters, and runs of items outside of both."""
        parts: list[model.BookletPart] = []
        for child in self._build_children(self.instrument.root.children, 1):
            if isinstance(child, model.BookletPart):
                parts.append(child)
            elif parts and parts[-1].kind == "loose":
                parts[-1] = parts[-1]._replace(children=(*parts[-1].children, child))
            else:
                part = model.BookletPart(kind="loose", id="", title=(), level=1, children=(child,))
                parts.append(part)
        return tuple(parts)

    def _build_children(
        self, nodes: Sequence[CompiledNode], level: int
    ) -> tuple[model.BookletItem | model.BookletPart, ...]:
        children: list[model.BookletItem | model.BookletPart] = []
        for node in nodes:
            if not isinstance(node, ItemGroup):
                children.append(self._build_item(node))
            elif isinstance(node.spec, BatteryItem):
                children.append(self._build_battery(node))
            elif isinstance(node.spec, BracketSection):
                children.append(self._build_bracket(node, node.spec.bracket))
            else:
                children.append(self._build_part(node, level))
        return tuple(children)

    # sections and rosters

    def _build_part(self, group: ItemGroup, level: int) -> model.BookletPart:
        written = group.spec
        assert isinstance(written, SectionItem | RosterItem)
        notes = [
            model.BookletNote("", line)
            for line in self.rules.describe_asked("Asked", group.ask_if, group.unless)
        ]
        notes += iterate_group_notes(self.rules, group)

        children: list[CompiledNode] = list(group.children)
        if isinstance(group, Roster) and group.until is not None:
            children.append(group.until)

        return model.BookletPart(
            kind="roster" if isinstance(group, Roster) else "section",
            id=group.id,
            title=self.renderer.render_text(written.title),
            level=level,
            notes=tuple(notes),
            intro=self.renderer.render_template(group.intro),
            children=self._build_children(children, level + 1),
        )

    # items

    def _build_item(self, item: CompiledItem) -> model.BookletItem:
        question = item.question
        asked = list(describe_who_answers(item))
        asked += self.rules.describe_asked(_choose_verb(item), item.ask_if, item.unless)
        if item.options_conditional:
            asked.append(make_line("Not asked if none of the answers is offered."))
        wording: model.MultilingualText = ()
        if not isinstance(question, unasked_items.ComputedItem):
            wording = self.renderer.render_template(item.text, question.or_)
        return model.BookletItem(
            number=self._numbers[item.id],
            id=item.id,
            kind=describe_kind(item),
            asked=tuple(asked),
            wording=wording,
            read_aloud=not is_observed(item),
            allows_several=isinstance(question, MultipleItem),
            space=_choose_space(item),
            expects=self._describe_expected(item),
            choices=self._build_choices(item),
            notes=(*iterate_computer_notes(self.rules, item), *self._build_notes(item)),
        )

    def _build_bracket(self, group: ItemGroup, bracket: BracketItem) -> model.BookletItem:
        """Build one entry for all steps of a bracket."""
        first = next(item for item in group.items if isinstance(item.question, BracketStepItem))
        asked = list(describe_who_answers(first))
        asked += self.rules.describe_asked("Asked", group.ask_if, group.unless)
        notes = [make_note("Amounts", f"{bracket.describe_steps(self.language)}.")]
        for item in group.items:
            if isinstance(item.question, BracketAmountItem):
                exact = item.text.get_source_text(self.language)
                notes.append(make_note("If an amount is named", f"“{escape_controls(exact)}”"))
        return model.BookletItem(
            number=self._numbers[group.id],
            id=str(bracket.id),
            kind="an amount by unfolding brackets",
            asked=tuple(asked),
            wording=self.renderer.render_text(bracket.text, {AMOUNT_FILL: ValueType("number")}),
            read_aloud=not is_observed(first),
            space=_choose_space(first),
            choices=self._build_choices(first),
            notes=(*notes, *self._build_notes(first)),
        )

    def _build_battery(self, group: ItemGroup) -> model.BookletItem:
        spec = group.spec
        assert isinstance(spec, BatteryItem)
        items = [node for node in group.children if isinstance(node, CompiledItem)]
        kind = "one answer for each statement"
        if spec.answer is not None:
            kind = "a number for each statement"
        wording: model.MultilingualText = ()
        if str(spec.text.plain) != "{statement}":
            wording = self.renderer.render_text(spec.text, {"statement": ValueType("text")})

        asked: list[Line] = []
        choices: list[model.BookletChoice] = []
        notes: list[model.BookletNote] = []
        if items:
            # All statements have the same answers.
            first = items[0]
            asked += describe_who_answers(first)
            if spec.answer is not None:
                expected = Text.from_string(self._describe_expected(first))
                column = model.BookletChoice(code="", wording=self.renderer.render_text(expected))
                choices.append(column)
            choices += self._build_choices(first)
            notes += self._build_battery_notes(spec, first)
            notes += self._build_notes(first)
        asked += self.rules.describe_asked("Asked", group.ask_if, group.unless)
        notes += iterate_pick_notes(group)
        notes += iterate_order_notes(
            "Order", "The statements come", group.order, list_moving(group)
        )
        return model.BookletItem(
            number=self._numbers[group.id],
            id=group.id,
            kind=kind,
            asked=tuple(asked),
            intro=self.renderer.render_template(group.intro),
            wording=wording,
            read_aloud=spec.by is None,
            space="grid",
            choices=tuple(choices),
            rows=tuple(self._build_statement(spec, item) for item in items),
            notes=tuple(notes),
        )

    def _build_statement(self, spec: BatteryItem, item: CompiledItem) -> model.BookletStatement:
        text = get_named(spec.statements, item.id).text
        return model.BookletStatement(
            id=item.id,
            wording=self.renderer.render_text(text, inside=item.roster),
            remarks=self._describe_condition("asked", item.ask_if),
        )

    def _build_battery_notes(
        self, spec: BatteryItem, first: CompiledItem
    ) -> Iterator[model.BookletNote]:
        if spec.next_ is not None:
            wording = self.renderer.render_text(spec.next_, {"statement": ValueType("text")})
            yield make_note("From the second statement on", wording=wording, read_aloud=True)
        if first.total is not None:
            total = self.rules.render_clause(first.total)
            yield make_note("Total", f"the answers add up to {total}.")

    def _describe_condition(self, verb: str, condition: Condition | None) -> tuple[Line, ...]:
        if condition is None:
            return ()
        return (make_line(f"{verb} if {self.rules.render_clause(condition)}"),)

    def _describe_expected(self, item: CompiledItem) -> str:
        question = item.question
        if isinstance(question, ScaleItem) and _choose_space(item) == "line":
            return f"{item.options[0].code} to {item.options[-1].code}"
        return rule_sentences.describe_expected(item, self.language)

    def _build_choices(self, item: CompiledItem) -> tuple[model.BookletChoice, ...]:
        question = item.question
        if isinstance(question, NumericItem):
            return self._build_special_numbers(item, question.options)
        if isinstance(question, QuantityItem):
            units = self._build_units(question)
            return (*units, *self._build_special_numbers(item, question.options))
        options = item.options
        if _choose_space(item) == "line":
            options = tuple(option for option in options if not _is_labeled_by_code(option))
        return tuple(self._build_choice(item, option) for option in options)

    def _build_units(self, question: QuantityItem) -> tuple[model.BookletChoice, ...]:
        """Build how a number is keyed for each unit.

        A dot stands for each digit of the amount: `2.. 1 to 99 per week`.
        """
        languages = self.renderer.languages
        words = {language: question.list_words(language) for language in languages}
        choices = []
        for index, unit in enumerate(question.quantity.units):
            accepted = {
                language: YamlScalar(words[language][index].format_written(language), NOWHERE)
                for language in languages
            }
            wording = self.renderer.render_text(Text(None, accepted))
            choices.append(model.BookletChoice(code=write_form(unit), wording=wording))
        return tuple(choices)

    def _build_special_numbers(
        self, item: CompiledItem, options: Mapping[int, NumberOption]
    ) -> tuple[model.BookletChoice, ...]:
        """Build the numbers with a meaning of their own."""
        choices = []
        for code, option in options.items():
            wording = self.renderer.render_text(option.text)
            remarks = _describe_amount(item, code)
            # the "no opinion" of a scale needs no such words
            if item.amounts is not None and item.amounts.by_code.get(code) is NO_AMOUNT:
                remarks = ((TextRun("no amount"),),)
            choices.append(model.BookletChoice(code=str(code), wording=wording, remarks=remarks))
        return tuple(choices)

    def _build_choice(self, item: CompiledItem, option: CompiledOption) -> model.BookletChoice:
        wording: model.MultilingualText = ()
        if not _is_labeled_by_code(option):
            wording = self.renderer.render_template(option.text)
        remarks: list[Line] = []
        # If no option is read, a note says so for all of them.
        are_read = item.question.read and not is_observed(item)
        if are_read and not option.read:
            remarks.append(_NOT_READ)
        if option.exclusive:
            remarks.append(_CHOSEN_ALONE)
        remarks += _describe_amount(item, option.code)
        # With a source, a note says for all of them when they are offered.
        if item.options_source is None:
            remarks += self._describe_condition("offered", option.ask_if)
        return model.BookletChoice(
            code=escape_controls(str(option.code)),
            wording=wording,
            remarks=tuple(remarks),
            note=self.renderer.render_template(option.note),
            specify=option.specify,
        )

    # notes

    def _build_notes(self, item: CompiledItem) -> Iterator[model.BookletNote]:
        question = item.question
        if item.ask_for is not None:
            yield make_note("Ask for", wording=self.renderer.render_template(item.ask_for))
        if item.options_source is not None:
            yield make_note("Offered", f"{self.rules.describe_source(item)}.")
        if not question.read and item.options and not is_observed(item):
            yield make_note("", "The answers are not read: the interviewer codes what is said.")
        for label, template in (
            ("Interviewer", item.instruction),
            ("Probe", item.probe),
            ("Help", item.help),
        ):
            if template is not None:
                wording = self.renderer.render_template(template)
                yield make_note(label, wording=wording, read_aloud=template is item.probe)
        options = [(f"“{render_label(o.label, self.language)}”", o.is_fixed) for o in item.options]
        yield from iterate_order_notes("Order", "answers come", item.order, options)
        same = f", the same for all items with the list “{item.scale}”"
        yield from iterate_order_notes("Order", "answers come", item.scale_order, options, same)
        for check in item.checks:
            yield from self._build_check_notes(check)
        if item.prefill is not None:
            value = self.rules.render_clause(item.prefill)
            prose = f"{value}, if known; the interviewer confirms or replaces it."
            yield make_note("Filled in beforehand", prose)
        declines = rule_sentences.describe_declines(
            item.declines,
            self.declines,
            self.language,
            are_codes_stated=not self.has_codes_by_width,
        )
        # Interviewers decline nothing, unless the questionnaire says so.
        may_decline = question.expects_answer and (
            not is_observed(item) or question.declines is not None
        )
        if declines and may_decline:
            yield make_note("Declines", declines)
        if question.personal:
            yield make_note("Personal", "stored with the contacts, apart from the data.")

    def _build_check_notes(self, check: CompiledCheck) -> Iterator[model.BookletNote]:
        wording = self.renderer.render_template(check.say)
        clause = self.rules.render_clause(check.condition)
        if check.aloud:
            prose = f"if {clause}, the interviewer asks back:"
            yield make_note("Confirm", prose, wording, read_aloud=True)
            if check.otherwise is not None:
                otherwise = self.renderer.render_template(check.otherwise)
                yield make_note("After a no", wording=otherwise, read_aloud=True)
        elif check.soft:
            prose = f"questioned unless {clause}; the interviewer confirms or changes it:"
            yield make_note("Warning", prose, wording)
        else:
            prose = f"accepted only if {clause}; otherwise the interviewer is told:"
            yield make_note("Check", prose, wording)

    # declines and appendices

    def build_decline(self, decline: CompiledDecline) -> model.BookletChoice:
        """Return a decline for the list of those that are accepted everywhere."""
        keys = [decline.find_key(language) for language in self.renderer.languages]
        letters = dict.fromkeys(key for key in keys if key)
        remarks: list[Line] = []
        code = format_code(decline.code)
        if self.has_codes_by_width:
            codes = describe_codes_by_width(decline.id)
            if codes:
                code = codes
                remarks.append((TextRun("by the width of the answers"),))
        if letters:
            remarks.append((TextRun(f"key {escape_controls(' / '.join(letters))}"),))
        wording = self.renderer.render_text(decline.text)
        return model.BookletChoice(code=code, wording=wording, remarks=tuple(remarks))

    def build_appendices(self) -> tuple[model.Appendix, ...]:
        """Return what respondents ask, scripts, sample columns and computes.

        An appendix without entries is left out.
        """
        instrument = self.instrument
        render = self.renderer.render_template

        fieldwork = instrument.document.fieldwork
        scripts = fieldwork.scripts.items() if fieldwork is not None else ()

        appendices = (
            model.Appendix(
                id="faq",
                title="What respondents ask",
                description="Available on every screen; read when the respondent asks.",
                entries=tuple(
                    model.AppendixEntry(id="", wording=render(ask), answer=render(say))
                    for ask, say in instrument.faq
                ),
            ),
            model.Appendix(
                id="scripts",
                title="Scripts before the interview",
                description=(
                    "Read to an answering machine, or to the person who answers the telephone."
                ),
                entries=tuple(self._build_script(name, script) for name, script in scripts),
            ),
            model.Appendix(
                id="sample",
                title="Sample columns",
                description="Known about each case before the call.",
                entries=tuple(
                    self._build_column(name, column) for name, column in instrument.sample.items()
                ),
            ),
            model.Appendix(
                id="computed",
                title="Computed values",
                description="Used in texts and conditions; nobody is asked.",
                entries=tuple(
                    self._build_compute(compute) for compute in instrument.computes.values()
                ),
            ),
        )
        return tuple(appendix for appendix in appendices if appendix.entries)

    def _build_script(self, name: str, script: ScriptSpec) -> model.AppendixEntry:
        title = Text.from_string(str(name).replace("_", " ").capitalize())
        wording = self.renderer.render_text(title)
        notes = (make_note("", "Once per case."),) if script.once else ()
        return model.AppendixEntry(
            id="", wording=wording, answer=self.renderer.render_text(script.text), notes=notes
        )

    def _build_column(self, name: str, column: SampleColumn) -> model.AppendixEntry:
        facts = []
        if column.role is not None:
            facts.append(_ROLE_LABELS.get(column.role, column.role.replace("_", " ")))

        if column.options is not None:
            facts.append(join_words(self._list_options(name, column.options), "or"))
        elif column.type == "split":
            arms = join_words(list_arms(column.arms.items()), "or")
            within = ""
            if column.balanced_within:
                within = f", balanced within {mark_name(str(column.balanced_within))}"
            facts.append(f"drawn by chance when the sample is imported: {arms}{within}")
        elif column.role is None:
            facts.append(_COLUMN_TYPES.get(column.type, column.type))

        if column.is_personal:
            facts.append("personal, kept apart from the data")
        note = make_note("", "; ".join(facts))
        return model.AppendixEntry(
            id=name, wording=self.renderer.render_text(column.label), notes=(note,)
        )

    def _list_options(self, name: str, options: Iterable[Code] | str) -> list[str]:
        """List the options of a sample column: `1 Sector`. They may be the name of a list."""
        if isinstance(options, str):
            options = get_named(self.instrument.document.scales, options).options
        texts = []
        for code in options:
            text = self.rules.get_words(name, code)
            if text != str(code):
                text = f"{escape_controls(str(code))} {text}"
            texts.append(text)
        return texts

    def _build_compute(self, compute: Compute) -> model.AppendixEntry:
        if compute.table is not None:
            written = TextRun(escape_controls(compute.table.write()), "code")
            in_words = make_note("", f"{self.rules.render_table(compute.table)}.")
            as_written = model.BookletNote("as written", (written,))
            return model.AppendixEntry(id=compute.id, notes=(in_words, as_written))

        notes = []
        for language, condition in compute.conditions.items():
            written = TextRun(escape_controls(" ".join(condition.text.split())), "code")
            notes.append(make_note(language, f"{self.rules.render_clause(condition)}."))
            notes.append(model.BookletNote("as written", (written,)))
        return model.AppendixEntry(id=compute.id, notes=tuple(notes))


_COLUMN_TYPES: Final = {"text": "text", "number": "a number", "date": "a date"}


def _describe_amount(item: CompiledItem, code: Code) -> tuple[Line, ...]:
    """Return `counts as 0`, if an option counts as another number than its code."""
    if item.amounts is None or code not in item.amounts.values:
        return ()
    counted = item.amounts.values[code]
    return ((TextRun(f"counts as {counted:.10g}"),),)


def _choose_verb(item: CompiledItem) -> str:
    match item.question:
        case unasked_items.ReadItem():
            return "Read"
        case unasked_items.EndItem():
            return "Ends here"
        case unasked_items.ComputedItem() | unasked_items.HandoverItem():
            return "Done"
        case _:
            return "Filled in" if is_observed(item) else "Asked"


def _choose_space(item: CompiledItem) -> model.AnswerSpace:
    question = item.question
    line_types = NumericItem | QuantityItem | TextItem | DateItem | TimeItem | SearchItem
    if isinstance(question, line_types):
        return "line"
    if not question.expects_answer:
        return ""
    if not item.options:
        return "lines"
    if isinstance(question, ScaleItem) and question.from_ is not None:
        return "points" if len(item.options) <= MAX_PICK_POINTS else "line"
    return "choices"


def _is_labeled_by_code(option: CompiledOption) -> bool:
    """Whether an option is a scale point without a text."""
    return isinstance(option.code, int) and all(
        str(written) == str(option.code) for _, written in option.label.iterate_languages()
    )
