"""What stands in the questionnaire as people review it: each item with its words, its answers and its rules, in written
order. Laid out as values; how it looks is the writers' to decide.
"""

from collections.abc import Sequence
from typing import Final

from survey_cli.documents.questionnaire import rule_sentences
from survey_cli.documents.questionnaire.booklet_model import (
    Choice,
    Item,
    Line,
    Note,
    Part,
    Row,
    Space,
    Stretch,
)
from survey_cli.documents.questionnaire.rule_sentences import Rules, listed, named, sentence, signed
from survey_cli.documents.questionnaire.text_rendering import Speaker, label, literal
from survey_cli.instrument.compiled.item_numbers import number_items
from survey_cli.instrument.compiled.model import CompiledNode, Instrument, ItemGroup, Roster
from survey_cli.instrument.schema.items.coded import MAX_PICK_POINTS, MultipleItem, ScaleItem
from survey_cli.instrument.schema.items.groups import BatteryItem, RosterItem, SectionItem
from survey_cli.instrument.schema.items.question import CompiledDecline, CompiledItem, CompiledOption
from survey_cli.instrument.schema.items.typed import DateItem, NumberItem, TextItem, TimeItem
from survey_cli.instrument.schema.items.unasked_items import (
    ComputedItem,
    DrawItem,
    EndItem,
    HandoverItem,
    LookupItem,
    ReadItem,
    SplitItem,
)
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts.templates import TextVariable as Known
from survey_cli.outcomes import OUTCOMES

_NOT_READ: Final = (Stretch("not read"),)
_ALONE: Final = (Stretch("chosen alone"),)
RESERVED: Final = ("not_asked", "not_reached")


class Layout:
    """The laying out of one questionnaire."""

    def __init__(self, instrument: Instrument, speaker: Speaker) -> None:
        self.instrument = instrument
        self.speaker = speaker
        self.language = speaker.languages[0]
        self.rules = Rules(instrument, self.language)
        self.declines = tuple(d for d in instrument.declines.values() if d.id not in RESERVED)
        self._numbers = number_items(instrument)

    def parts(self) -> tuple[Part, ...]:
        """The whole, parted into sections and runs of items that stand in none."""
        return self._parted(self.instrument.root.children, 1)

    def _parted(self, nodes: Sequence[CompiledNode], level: int) -> tuple[Part, ...]:
        parts: list[Part] = []
        loose: list[Item] = []

        def close() -> None:
            if loose:
                parts.append(Part(kind="loose", id="", title=(), level=level, children=tuple(loose)))
                loose.clear()

        for node in nodes:
            if isinstance(node, ItemGroup) and not isinstance(node.spec, BatteryItem):
                close()
                parts.append(self._part(node, level))
            else:
                loose.append(self._battery(node) if isinstance(node, ItemGroup) else self._item(node))
        close()
        return tuple(parts)

    def _children(self, nodes: Sequence[CompiledNode], level: int) -> tuple[Item | Part, ...]:
        made: list[Item | Part] = []
        for node in nodes:
            if not isinstance(node, ItemGroup):
                made.append(self._item(node))
            elif isinstance(node.spec, BatteryItem):
                made.append(self._battery(node))
            else:
                made.append(self._part(node, level))
        return tuple(made)

    # sections and rosters

    def _part(self, group: ItemGroup, level: int) -> Part:
        written = group.spec
        assert isinstance(written, SectionItem | RosterItem)
        notes = [Note(label="", prose=line) for line in self.rules.asked("Asked", group.ask_if, group.unless)]
        if isinstance(group, Roster):
            notes.append(Note(label="", prose=self._turns(group)))
        if isinstance(written, SectionItem) and written.after == "hangup":
            notes.append(Note(label="", prose=sentence("Filled in when the respondent has hung up.")))
        moving = [(named(n.id), n.anchor) for n in group.children]
        if told := rule_sentences.order("Its items come", group.order, moving):
            notes.append(Note(label="", prose=sentence(f"{told}.")))
        nodes = group.children
        if isinstance(group, Roster) and group.until is not None:
            nodes = (*nodes, group.until)
        return Part(
            kind="roster" if isinstance(group, Roster) else "section",
            id=group.id,
            title=self.speaker.text(written.title),
            level=level,
            notes=tuple(notes),
            intro=self.speaker.said(group.intro),
            children=self._children(nodes, level + 1),
        )

    def _turns(self, roster: Roster) -> Line:
        most = f"at most {roster.maximum} times"
        if roster.each is not None:
            return sentence(f"Repeated once for each answer to {named(roster.each.id)}, {most}.")
        if roster.until is not None:
            return sentence(f"Repeated as long as {named(roster.until.id)} is answered with yes, {most}.")
        if roster.count is not None:
            return sentence(f"Repeated as many times as {self.rules.clause(roster.count)} says, {most}.")
        return sentence(f"Repeated {most}.")

    # items

    def _item(self, leaf: CompiledItem) -> Item:
        question = leaf.question
        quiet = isinstance(question, ComputedItem)
        return Item(
            number=self._numbers[leaf.id],
            id=leaf.id,
            kind=_kind(leaf),
            asked=(
                *_who_answers(leaf),
                *self.rules.asked(_verb(leaf), leaf.ask_if, leaf.unless),
                *(
                    (sentence("Not asked where none of the answers is offered."),)
                    if leaf.options_conditional
                    else ()
                ),
            ),
            said=() if quiet else self.speaker.said(leaf.text, question.or_),
            aloud=not _observed(leaf),
            several=isinstance(question, MultipleItem),
            space=_space(leaf),
            expects=self._expects(leaf),
            choices=self._choices(leaf),
            notes=(*self._computed(leaf), *self._notes(leaf)),
        )

    def _battery(self, group: ItemGroup) -> Item:
        written = group.spec
        assert isinstance(written, BatteryItem)
        leaves = [node for node in group.children if isinstance(node, CompiledItem)]
        first = leaves[0] if leaves else None
        plain = str(written.text.plain) == "{statement}"
        moving = [(named(leaf.id), leaf.anchor) for leaf in leaves]
        told = rule_sentences.order("The statements come", group.order, moving)
        order = [Note(label="Order", prose=sentence(f"{told}."))] if told else []
        statement = {"statement": Known(type="text")}
        return Item(
            number=self._numbers[group.id],
            id=group.id,
            kind="one answer for each statement",
            asked=(
                *(_who_answers(first) if first is not None else ()),
                *self.rules.asked("Asked", group.ask_if, group.unless),
            ),
            intro=self.speaker.said(group.intro),
            said=() if plain else self.speaker.text(written.text, statement),
            aloud=written.by is None,
            space="grid",
            choices=self._choices(first) if first is not None else (),
            rows=tuple(
                Row(
                    id=leaf.id,
                    said=self.speaker.text(written.statements[leaf.id].text, inside=leaf.roster),  # type: ignore[index]
                    remarks=self._statement_asked(leaf),
                )
                for leaf in leaves
            ),
            notes=(*(self._notes(first) if first is not None else ()), *order),
        )

    def _statement_asked(self, leaf: CompiledItem) -> tuple[Line, ...]:
        return (sentence(f"asked if {self.rules.clause(leaf.ask_if)}"),) if leaf.ask_if is not None else ()

    def _expects(self, leaf: CompiledItem) -> str:
        question = leaf.question
        if isinstance(question, ScaleItem) and _space(leaf) == "line":
            return f"{leaf.options[0].code} to {leaf.options[-1].code}"
        return rule_sentences.expects(question, self.language)

    def _choices(self, leaf: CompiledItem) -> tuple[Choice, ...]:
        question = leaf.question
        if isinstance(question, NumberItem):
            return tuple(Choice(code=str(c), said=self.speaker.text(t)) for c, t in question.options.items())
        options = leaf.options
        if _space(leaf) == "line":
            options = tuple(o for o in options if not _says_its_code(o))
        unread = not question.read or _observed(leaf)  # then a note says so for all of them
        return tuple(self._choice(option, unread=unread) for option in options)

    def _choice(self, option: CompiledOption, *, unread: bool) -> Choice:
        remarks: list[Line] = []
        if not option.read and not unread:
            remarks.append(_NOT_READ)
        if option.exclusive:
            remarks.append(_ALONE)
        if option.ask_if is not None:
            remarks.append(sentence(f"offered if {self.rules.clause(option.ask_if)}"))
        return Choice(
            code=literal(str(option.code)),
            said=() if _says_its_code(option) else self.speaker.said(option.text),
            remarks=tuple(remarks),
            note=self.speaker.said(option.note),
            specify=option.specify,
        )

    # notes

    def _notes(self, leaf: CompiledItem) -> tuple[Note, ...]:
        question, notes = leaf.question, []
        if leaf.ask_for is not None:
            notes.append(Note(label="Ask for", said=self.speaker.said(leaf.ask_for)))
        if not question.read and leaf.options and not _observed(leaf):
            notes.append(
                Note(
                    label="", prose=sentence("The answers are not read: the interviewer codes what is said.")
                )
            )
        if leaf.instruction is not None:
            notes.append(Note(label="Interviewer", said=self.speaker.said(leaf.instruction)))
        if leaf.probe is not None:
            notes.append(Note(label="Probe", said=self.speaker.said(leaf.probe), aloud=True))
        if leaf.help is not None:
            notes.append(Note(label="Help", said=self.speaker.said(leaf.help)))
        notes += self._orders(leaf)
        for check in leaf.checks:
            if check.aloud:
                told = sentence(f"if {self.rules.clause(check.condition)}, the interviewer asks back:")
                notes.append(Note(label="Confirm", prose=told, said=self.speaker.said(check.say), aloud=True))
            else:
                told = self.rules.accepted(check.condition, soft=check.soft)
                name = "Warning" if check.soft else "Check"
                notes.append(Note(label=name, prose=told, said=self.speaker.said(check.say)))
        if leaf.prefill is not None:
            told = sentence(
                f"{self.rules.clause(leaf.prefill)}, where that is known; it is confirmed or replaced."
            )
            notes.append(Note(label="Filled in beforehand", prose=told))
        given = rule_sentences.declines(leaf.declines, self.declines, self.language)
        if given and question.asks and not (_observed(leaf) and question.declines is None):
            notes.append(Note(label="Declines", prose=sentence(given)))
        if question.personal:
            notes.append(
                Note(label="Personal", prose=sentence("kept with the contacts, apart from the data."))
            )
        return tuple(notes)

    def _orders(self, leaf: CompiledItem) -> list[Note]:
        things = [(f"“{label(o.label, self.language)}”", o.is_fixed) for o in leaf.options]
        notes = []
        if told := rule_sentences.order("answers come", leaf.order, things):
            notes.append(Note(label="Order", prose=sentence(f"{told}.")))
        if told := rule_sentences.order("answers come", leaf.scale_order, things):
            text = f"{told}, alike for all items with the list “{leaf.scale}”."
            notes.append(Note(label="Order", prose=sentence(text)))
        return notes

    def _computed(self, leaf: CompiledItem) -> tuple[Note, ...]:
        """What the computer does, or what an end means."""
        match leaf.question:
            case SplitItem(arms=arms):
                shares = listed([f"{literal(str(arm))} ({share})" for arm, share in arms.items()])
                return (
                    Note(label="Drawn by chance", prose=sentence(f"{shares}; the shares are in brackets.")),
                )
            case DrawItem(by=by):
                how = {
                    "random": "by chance",
                    "youngest": "the youngest" + (f" by {named(leaf.using)}" if leaf.using else ""),
                    "next_birthday": "the next birthday" + (f" by {named(leaf.using)}" if leaf.using else ""),
                }[by]
                among = f" where {self.rules.clause(leaf.where)}" if leaf.where is not None else ""
                told = sentence(f"one turn of {named(leaf.source)}{among}: {how}.")
                return (Note(label="Drawn", prose=told),)
            case LookupItem(quota=quota, sample=column):
                if quota is not None:
                    told = sentence(
                        f"whether the quota {literal(quota)} is open, full, or does not apply (outside)."
                    )
                else:
                    told = sentence(f"what the sample says of {named(str(column))}, taken as an answer.")
                return (Note(label="Looked up", prose=told),)
            case EndItem(outcome=outcome):
                name, temporary = self._outcome(str(outcome))
                what = (
                    f"“{name}”. The interview is put aside, and resumed later at the item that led here."
                    if temporary
                    else f"“{name}”. Nothing is asked after this."
                )
                return (Note(label="Outcome", prose=sentence(what)),)
            case _:
                return ()

    def _outcome(self, outcome: str) -> tuple[str, bool]:
        """What an outcome is called, and whether the case may be called again."""
        own = self.instrument.document.outcomes.get(outcome)  # type: ignore[call-overload]
        like = OUTCOMES.get(str(own.like) if own is not None and own.like is not None else outcome)
        temporary = like is not None and like.temporary
        if own is None:
            return like.name if like is not None else literal(outcome), temporary
        return label(own.name, self.language), temporary if own.temporary is None else own.temporary


def _verb(leaf: CompiledItem) -> str:
    match leaf.question:
        case ReadItem():
            return "Read"
        case EndItem():
            return "Ends here"
        case ComputedItem() | HandoverItem():
            return "Done"
        case _:
            return "Filled in" if _observed(leaf) else "Asked"


def _observed(leaf: CompiledItem) -> bool:
    """The interviewer answers, nobody is asked."""
    return str(leaf.question.by) == "interviewer"


def _who_answers(leaf: CompiledItem) -> tuple[Line, ...]:
    return (sentence("Not asked: the interviewer answers."),) if _observed(leaf) else ()


def _kind(leaf: CompiledItem) -> str:
    match leaf.question:
        case ReadItem():
            return "read aloud"
        case EndItem():
            return "end of the interview"
        case HandoverItem():
            return "another person comes to the phone"
        case ComputedItem():
            return "by the computer"
        case MultipleItem() as question:
            return f"several answers: {rule_sentences.how_many(question)}"
        case NumberItem():
            return "a number"
        case TextItem():
            return "one line of text"
        case DateItem():
            return "a date"
        case TimeItem():
            return "a time of day"
        case _:
            return "one answer" if leaf.options else "in their own words"


def _space(leaf: CompiledItem) -> Space:
    question = leaf.question
    if isinstance(question, NumberItem | TextItem | DateItem | TimeItem):
        return "line"
    if not question.asks:
        return ""
    if not leaf.options:
        return "lines"
    if isinstance(question, ScaleItem) and question.from_ is not None:
        return "points" if len(leaf.options) <= MAX_PICK_POINTS else "line"
    return "choices"


def _says_its_code(option: CompiledOption) -> bool:
    """A point of a scale that has no words of its own."""
    return isinstance(option.code, int) and all(
        str(written) == str(option.code) for _, written in option.label.iterate_languages()
    )


def decline_choice(decline: CompiledDecline, speaker: Speaker) -> Choice:
    """A decline of the study, as its list shows it."""
    letters = dict.fromkeys(filter(None, map(decline.find_key, speaker.languages)))
    remarks = ((Stretch(f"key {literal(' / '.join(letters))}"),),) if letters else ()
    text: Text = decline.text
    return Choice(code=signed(decline.code), said=speaker.text(text), remarks=remarks)
