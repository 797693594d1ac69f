"""Booklet items in written order: wording, answers and rules of each item, as values."""

from collections.abc import Iterator, Sequence
from typing import Final

from survey_cli.documents.questionnaire import booklet_model as model
from survey_cli.documents.questionnaire import rule_sentences
from survey_cli.documents.questionnaire.rule_sentences import RuleWriter, format_code, make_line, mark_name
from survey_cli.documents.questionnaire.text_rendering import TextRenderer, render_label
from survey_cli.documents.text_runs import Line, TextRun, escape_controls
from survey_cli.instrument.compiled.item_numbers import number_items
from survey_cli.instrument.compiled.model import CompiledNode, Instrument, ItemGroup, Roster
from survey_cli.instrument.schema.items import unasked_items
from survey_cli.instrument.schema.items.coded import MAX_PICK_POINTS, MultipleItem, ScaleItem
from survey_cli.instrument.schema.items.groups import BatteryItem, RosterItem, SectionItem
from survey_cli.instrument.schema.items.question import CompiledDecline, CompiledItem, CompiledOption
from survey_cli.instrument.schema.items.search import SearchItem
from survey_cli.instrument.schema.items.typed import DateItem, NumberItem, TextItem, TimeItem
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts.templates import TextVariable as Known
from survey_cli.outcomes import OUTCOMES
from survey_cli.wording import join_words

_NOT_READ: Final = (TextRun("not read"),)
_CHOSEN_ALONE: Final = (TextRun("chosen alone"),)
RESERVED_DECLINES: Final = ("not_asked", "not_reached")


class BookletBuilder:
    """A builder of the booklet items of one questionnaire."""

    def __init__(self, instrument: Instrument, renderer: TextRenderer) -> None:
        self.instrument = instrument
        self.renderer = renderer
        self.language = renderer.languages[0]
        self.rules = RuleWriter(instrument, self.language)
        self.declines = tuple(d for d in instrument.declines.values() if d.id not in RESERVED_DECLINES)
        self._numbers = number_items(instrument)

    def build_parts(self) -> tuple[model.BookletPart, ...]:
        """Return the questionnaire as sections, rosters, and runs of items outside of both."""
        return self._split_into_parts(self.instrument.root.children, 1)

    def _split_into_parts(self, nodes: Sequence[CompiledNode], level: int) -> tuple[model.BookletPart, ...]:
        parts: list[model.BookletPart] = []
        loose: list[model.BookletItem] = []

        def close() -> None:
            if loose:
                parts.append(model.BookletPart(kind="loose", id="", title=(), level=level, children=tuple(loose)))
                loose.clear()

        for node in nodes:
            if isinstance(node, ItemGroup) and not isinstance(node.spec, BatteryItem):
                close()
                parts.append(self._build_part(node, level))
            else:
                loose.append(self._build_battery(node) if isinstance(node, ItemGroup) else self._build_item(node))
        close()
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
            else:
                children.append(self._build_part(node, level))
        return tuple(children)

    # sections and rosters

    def _build_part(self, group: ItemGroup, level: int) -> model.BookletPart:
        written = group.spec
        assert isinstance(written, SectionItem | RosterItem)
        notes = [
            model.BookletNote(label="", prose=line)
            for line in self.rules.describe_asked("Asked", group.ask_if, group.unless)
        ]
        if isinstance(group, Roster):
            notes.append(model.BookletNote(label="", prose=self._describe_turns(group)))
        if isinstance(written, SectionItem) and written.after == "hangup":
            notes.append(model.BookletNote(label="", prose=make_line("Filled in after the respondent has hung up.")))
        moving = [(mark_name(n.id), n.anchor) for n in group.children]
        if order := rule_sentences.describe_order("Its items come", group.order, moving):
            notes.append(model.BookletNote(label="", prose=make_line(f"{order}.")))
        notes += self._build_pick_notes(group)
        nodes = group.children
        if isinstance(group, Roster) and group.until is not None:
            nodes = (*nodes, group.until)
        return model.BookletPart(
            kind="roster" if isinstance(group, Roster) else "section",
            id=group.id,
            title=self.renderer.render_text(written.title),
            level=level,
            notes=tuple(notes),
            intro=self.renderer.render_template(group.intro),
            children=self._build_children(nodes, level + 1),
        )

    def _build_pick_notes(self, group: ItemGroup) -> tuple[model.BookletNote, ...]:
        pick = group.pick.question if group.pick is not None else None
        if not isinstance(pick, unasked_items.PickItem):
            return ()
        return (model.BookletNote(label="Picked", prose=make_line(f"{rule_sentences.describe_pick(pick)}.")),)

    def _describe_turns(self, roster: Roster) -> Line:
        most = f"at most {roster.maximum} times"
        if roster.over is not None:
            return make_line(f"Repeated for {self.rules.describe_turns(roster.over.id, roster.where)}.")
        if roster.each is not None:
            return make_line(f"Repeated once for each answer to {mark_name(roster.each.id)}, {most}.")
        if roster.until is not None:
            return make_line(f"Repeated as long as {mark_name(roster.until.id)} is answered with yes, {most}.")
        if roster.count is not None:
            return make_line(f"Repeated as many times as {self.rules.render_clause(roster.count)} says, {most}.")
        return make_line(f"Repeated {most}.")

    # items

    def _build_item(self, item: CompiledItem) -> model.BookletItem:
        question = item.question
        quiet = isinstance(question, unasked_items.ComputedItem)
        return model.BookletItem(
            number=self._numbers[item.id],
            id=item.id,
            kind=_describe_kind(item),
            asked=(
                *_describe_who_answers(item),
                *self.rules.describe_asked(_choose_verb(item), item.ask_if, item.unless),
                *((make_line("Not asked if none of the answers is offered."),) if item.options_conditional else ()),
            ),
            wording=() if quiet else self.renderer.render_template(item.text, question.or_),
            read_aloud=not _is_observed(item),
            allows_several=isinstance(question, MultipleItem),
            space=_choose_space(item),
            expects=self._describe_expected(item),
            choices=self._build_choices(item),
            notes=(*self._build_computer_notes(item), *self._build_notes(item)),
        )

    def _build_battery(self, group: ItemGroup) -> model.BookletItem:
        spec = group.spec
        assert isinstance(spec, BatteryItem)
        items = [node for node in group.children if isinstance(node, CompiledItem)]
        first = items[0] if items else None
        plain = str(spec.text.plain) == "{statement}"
        moving = [(mark_name(item.id), item.anchor) for item in items]
        order = rule_sentences.describe_order("The statements come", group.order, moving)
        order_notes = [model.BookletNote(label="Order", prose=make_line(f"{order}."))] if order else []
        statement = {"statement": Known(type="text")}
        return model.BookletItem(
            number=self._numbers[group.id],
            id=group.id,
            kind="one answer for each statement" if spec.answer is None else "a number for each statement",
            asked=(
                *(_describe_who_answers(first) if first is not None else ()),
                *self.rules.describe_asked("Asked", group.ask_if, group.unless),
            ),
            intro=self.renderer.render_template(group.intro),
            wording=() if plain else self.renderer.render_text(spec.text, statement),
            read_aloud=spec.by is None,
            space="grid",
            choices=self._build_battery_choices(spec, first) if first is not None else (),
            rows=tuple(
                model.BookletStatement(
                    id=item.id,
                    wording=self.renderer.render_text(spec.statements[item.id].text, inside=item.roster),  # type: ignore[index]
                    remarks=self._describe_statement_condition(item),
                )
                for item in items
            ),
            notes=(
                *self._build_battery_notes(spec, first),
                *(self._build_notes(first) if first is not None else ()),
                *self._build_pick_notes(group),
                *order_notes,
            ),
        )

    def _build_battery_choices(self, spec: BatteryItem, first: CompiledItem) -> tuple[model.BookletChoice, ...]:
        """Return the columns of a battery; one for a number."""
        if spec.answer is None:
            return self._build_choices(first)
        expected = self.renderer.render_text(Text.from_string(self._describe_expected(first)))
        return (model.BookletChoice(code="", wording=expected), *self._build_choices(first))

    def _build_battery_notes(self, spec: BatteryItem, first: CompiledItem | None) -> Iterator[model.BookletNote]:
        if spec.next_ is not None:
            wording = self.renderer.render_text(spec.next_, {"statement": Known(type="text")})
            yield model.BookletNote(label="From the second statement on", wording=wording, read_aloud=True)
        if first is not None and first.total is not None:
            total = self.rules.render_clause(first.total)
            yield model.BookletNote(label="Total", prose=make_line(f"the answers add up to {total}."))

    def _describe_statement_condition(self, item: CompiledItem) -> tuple[Line, ...]:
        return (make_line(f"asked if {self.rules.render_clause(item.ask_if)}"),) if item.ask_if is not None else ()

    def _describe_expected(self, item: CompiledItem) -> str:
        question = item.question
        if isinstance(question, ScaleItem) and _choose_space(item) == "line":
            return f"{item.options[0].code} to {item.options[-1].code}"
        return rule_sentences.describe_expected(item, self.language)

    def _build_choices(self, item: CompiledItem) -> tuple[model.BookletChoice, ...]:
        question = item.question
        if isinstance(question, NumberItem):
            return tuple(
                model.BookletChoice(code=str(c), wording=self.renderer.render_text(t))
                for c, t in question.options.items()
            )
        options = item.options
        if _choose_space(item) == "line":
            options = tuple(o for o in options if not _is_labeled_by_code(o))
        unread = not question.read or _is_observed(item)  # then a note says so for all of them
        conditional = item.options_source is None  # otherwise a note says for all of them when they are offered
        return tuple(self._build_choice(option, unread=unread, conditional=conditional) for option in options)

    def _build_choice(self, option: CompiledOption, *, unread: bool, conditional: bool) -> model.BookletChoice:
        remarks: list[Line] = []
        if not option.read and not unread:
            remarks.append(_NOT_READ)
        if option.exclusive:
            remarks.append(_CHOSEN_ALONE)
        if option.ask_if is not None and conditional:
            remarks.append(make_line(f"offered if {self.rules.render_clause(option.ask_if)}"))
        return model.BookletChoice(
            code=escape_controls(str(option.code)),
            wording=() if _is_labeled_by_code(option) else self.renderer.render_template(option.text),
            remarks=tuple(remarks),
            note=self.renderer.render_template(option.note),
            specify=option.specify,
        )

    # notes

    def _build_notes(self, item: CompiledItem) -> tuple[model.BookletNote, ...]:
        question, notes = item.question, []
        if item.ask_for is not None:
            notes.append(model.BookletNote(label="Ask for", wording=self.renderer.render_template(item.ask_for)))
        if item.options_source is not None:
            prose = make_line(f"{self.rules.describe_source(item)}.")
            notes.append(model.BookletNote(label="Offered", prose=prose))
        if not question.read and item.options and not _is_observed(item):
            notes.append(
                model.BookletNote(
                    label="", prose=make_line("The answers are not read: the interviewer codes what is said.")
                )
            )
        if item.instruction is not None:
            notes.append(
                model.BookletNote(label="Interviewer", wording=self.renderer.render_template(item.instruction))
            )
        if item.probe is not None:
            notes.append(
                model.BookletNote(label="Probe", wording=self.renderer.render_template(item.probe), read_aloud=True)
            )
        if item.help is not None:
            notes.append(model.BookletNote(label="Help", wording=self.renderer.render_template(item.help)))
        notes += self._build_order_notes(item)
        for check in item.checks:
            if check.aloud:
                prose = make_line(f"if {self.rules.render_clause(check.condition)}, the interviewer asks back:")
                notes.append(
                    model.BookletNote(
                        label="Confirm", prose=prose, wording=self.renderer.render_template(check.say), read_aloud=True
                    )
                )
                if check.otherwise is not None:
                    wording = self.renderer.render_template(check.otherwise)
                    notes.append(model.BookletNote(label="After a no", wording=wording, read_aloud=True))
            else:
                prose = self.rules.describe_check(check.condition, soft=check.soft)
                name = "Warning" if check.soft else "Check"
                notes.append(
                    model.BookletNote(label=name, prose=prose, wording=self.renderer.render_template(check.say))
                )
        if item.prefill is not None:
            prose = make_line(
                f"{self.rules.render_clause(item.prefill)}, if known; the interviewer confirms or replaces it."
            )
            notes.append(model.BookletNote(label="Filled in beforehand", prose=prose))
        declines = rule_sentences.describe_declines(item.declines, self.declines, self.language)
        if declines and question.expects_answer and not (_is_observed(item) and question.declines is None):
            notes.append(model.BookletNote(label="Declines", prose=make_line(declines)))
        if question.personal:
            notes.append(
                model.BookletNote(label="Personal", prose=make_line("stored with the contacts, apart from the data."))
            )
        return tuple(notes)

    def _build_order_notes(self, item: CompiledItem) -> list[model.BookletNote]:
        options = [(f"“{render_label(o.label, self.language)}”", o.is_fixed) for o in item.options]
        notes = []
        if order := rule_sentences.describe_order("answers come", item.order, options):
            notes.append(model.BookletNote(label="Order", prose=make_line(f"{order}.")))
        if order := rule_sentences.describe_order("answers come", item.scale_order, options):
            text = f"{order}, the same for all items with the list “{item.scale}”."
            notes.append(model.BookletNote(label="Order", prose=make_line(text)))
        return notes

    def _build_computer_notes(self, item: CompiledItem) -> tuple[model.BookletNote, ...]:
        """Return notes on what the computer does, or what an end means."""
        match item.question:
            case unasked_items.SplitItem(arms=arms):
                shares = join_words([f"{escape_controls(str(arm))} ({share})" for arm, share in arms.items()])
                return (
                    model.BookletNote(
                        label="Drawn by chance", prose=make_line(f"{shares}; the shares are in brackets.")
                    ),
                )
            case unasked_items.DrawItem(by=by):
                how = {
                    "random": "by chance",
                    "youngest": "the youngest" + (f" by {mark_name(item.using)}" if item.using else ""),
                    "next_birthday": "the next birthday" + (f" by {mark_name(item.using)}" if item.using else ""),
                }[by]
                among = f" where {self.rules.render_clause(item.where)}" if item.where is not None else ""
                prose = make_line(f"one turn of {mark_name(item.source)}{among}: {how}.")
                return (model.BookletNote(label="Drawn", prose=prose),)
            case unasked_items.LookupItem(quota=quota, sample=column):
                if quota is not None:
                    prose = make_line(
                        f"whether the quota {escape_controls(quota)} is open, full, or does not apply (outside)."
                    )
                else:
                    prose = make_line(f"the value of {mark_name(str(column))} in the sample, used as an answer.")
                return (model.BookletNote(label="Looked up", prose=prose),)
            case unasked_items.EndItem(outcome=outcome):
                name, temporary = self._describe_outcome(str(outcome))
                what = (
                    f"“{name}”. The interview is suspended and later resumed at the item that led here."
                    if temporary
                    else f"“{name}”. Nothing is asked after this."
                )
                return (model.BookletNote(label="Outcome", prose=make_line(what)),)
            case _:
                return ()

    def _describe_outcome(self, outcome: str) -> tuple[str, bool]:
        """Return the name of an outcome, and whether the case may be called again."""
        own = self.instrument.document.outcomes.get(outcome)  # type: ignore[call-overload]
        like = OUTCOMES.get(str(own.like) if own is not None and own.like is not None else outcome)
        temporary = like is not None and like.temporary
        if own is None:
            return like.name if like is not None else escape_controls(outcome), temporary
        return render_label(own.name, self.language), temporary if own.temporary is None else own.temporary


def _choose_verb(item: CompiledItem) -> str:
    match item.question:
        case unasked_items.ReadItem():
            return "Read"
        case unasked_items.EndItem():
            return "Ends here"
        case unasked_items.ComputedItem() | unasked_items.HandoverItem():
            return "Done"
        case _:
            return "Filled in" if _is_observed(item) else "Asked"


def _is_observed(item: CompiledItem) -> bool:
    """Whether the interviewer answers and nobody is asked."""
    return str(item.question.by) == "interviewer"


def _describe_who_answers(item: CompiledItem) -> tuple[Line, ...]:
    return (make_line("Not asked: the interviewer enters the answer."),) if _is_observed(item) else ()


def _describe_kind(item: CompiledItem) -> str:
    match item.question:
        case unasked_items.ReadItem():
            return "read aloud"
        case unasked_items.EndItem():
            return "end of the interview"
        case unasked_items.HandoverItem():
            return "another person comes to the phone"
        case unasked_items.ComputedItem():
            return "by the computer"
        case MultipleItem() as question:
            return f"several answers: {rule_sentences.describe_answer_limits(question)}"
        case NumberItem():
            return "a number"
        case TextItem():
            return "one line of text"
        case DateItem():
            return "a date"
        case TimeItem():
            return "a time of day"
        case SearchItem():
            return "one answer from a list"
        case _:
            return "one answer" if item.options else "in their own words"


def _choose_space(item: CompiledItem) -> model.AnswerSpace:
    question = item.question
    if isinstance(question, NumberItem | TextItem | DateItem | TimeItem | SearchItem):
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


def build_decline_choice(decline: CompiledDecline, renderer: TextRenderer) -> model.BookletChoice:
    """Return a decline for the list of those that are accepted everywhere."""
    letters = dict.fromkeys(filter(None, map(decline.find_key, renderer.languages)))
    remarks = ((TextRun(f"key {escape_controls(' / '.join(letters))}"),),) if letters else ()
    text: Text = decline.text
    return model.BookletChoice(code=format_code(decline.code), wording=renderer.render_text(text), remarks=remarks)
