"""Notes on items and groups that the booklet and the picture of the route share.

What the computer does at an item, how it ends, how often and in which order a group is asked.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from survey_cli.documents.questionnaire import booklet_model as model
from survey_cli.documents.questionnaire import rule_sentences
from survey_cli.documents.questionnaire.route_diagram import EndKind
from survey_cli.documents.questionnaire.rule_sentences import RuleWriter, make_line, mark_name
from survey_cli.documents.questionnaire.text_rendering import render_label
from survey_cli.documents.text_runs import Line
from survey_cli.instrument.compiled.model import ItemGroup, Roster
from survey_cli.instrument.schema.items import unasked_items
from survey_cli.instrument.schema.items.coded import MultipleItem
from survey_cli.instrument.schema.items.groups import SectionItem
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.source.nodes import find_named
from survey_cli.outcomes import OUTCOMES
from survey_cli.wording import escape_controls, format_quantity, join_words

_KINDS: Final = {
    "ReadItem": "read aloud",
    "EndItem": "end of the interview",
    "HandoverItem": "another person comes to the phone",
    "ComputedItem": "by the computer",
    "NumberItem": "a number",
    "QuantityItem": "an amount in one of these units",
    "DurationItem": "a length of time",
    "TextItem": "one line of text",
    "DateItem": "a date",
    "TimeItem": "a time of day",
    "SearchItem": "one answer from a list",
}
"""Kinds of questions, by the name of their class."""
_DRAW_WORDS: Final = {
    "random": "by chance",
    "youngest": "the youngest",
    "next_birthday": "the next birthday",
}
COMPLETE: Final = "complete"
"""The outcome of an interview that reached its end."""


def make_note(
    label: str,
    sentence: str = "",
    wording: model.MultilingualText = (),
    *,
    read_aloud: bool = False,
) -> model.BookletNote:
    """Make a note from a sentence with marked names, a text of the questionnaire, or both."""
    return model.BookletNote(label, make_line(sentence), wording, read_aloud)


# groups


def iterate_group_notes(rules: RuleWriter, group: ItemGroup) -> Iterator[model.BookletNote]:
    """Yield notes on a section or roster: its turns, when it is filled in, order and selection."""
    if isinstance(group, Roster):
        yield make_note("", _describe_turns(rules, group))
    if isinstance(group.spec, SectionItem) and group.spec.after == "hangup":
        yield make_note("", "Filled in after the respondent has hung up.")
    yield from iterate_order_notes("", "Its items come", group.order, list_moving(group))
    yield from iterate_pick_notes(group)


def _describe_turns(rules: RuleWriter, roster: Roster) -> str:
    most = f"at most {format_quantity(roster.maximum, 'time')}"
    if roster.over is not None:
        return f"Repeated for {rules.describe_turns(roster.over.id, roster.where)}."
    if roster.each is not None:
        return f"Repeated once for each answer to {mark_name(roster.each.id)}, {most}."
    if roster.until is not None:
        return f"Repeated as long as {mark_name(roster.until.id)} is answered with yes, {most}."
    if roster.count is not None:
        return f"Repeated as many times as {rules.render_clause(roster.count)} says, {most}."
    return f"Repeated {most}."


def iterate_pick_notes(group: ItemGroup) -> Iterator[model.BookletNote]:
    """Yield a note on how many of a group are asked; none if all of them are."""
    if group.pick is None:
        return
    question = group.pick.question
    if isinstance(question, unasked_items.PickItem):
        yield make_note("Picked", f"{rule_sentences.describe_pick(question)}.")


def iterate_order_notes(
    label: str, what: str, how: str, things: Sequence[tuple[str, bool]], more: str = ""
) -> Iterator[model.BookletNote]:
    """Yield a note on the order of things; none if it is as written."""
    order = rule_sentences.describe_order(what, how, things)
    if order:
        yield make_note(label, f"{order}{more}.")


def list_moving(group: ItemGroup) -> list[tuple[str, bool]]:
    """Return the marked name of each member, and whether it keeps its position."""
    return [(mark_name(node.id), node.anchor) for node in group.children]


# items


def describe_kind(item: CompiledItem) -> str:
    """Return the kind of an item in a few words: `one answer`, `read aloud`."""
    if isinstance(item.question, MultipleItem):
        return f"several answers: {rule_sentences.describe_answer_limits(item.question)}"
    for base in type(item.question).__mro__:
        kind = _KINDS.get(base.__name__)
        if kind is not None:
            return kind
    return "one answer" if item.options else "in their own words"


def is_observed(item: CompiledItem) -> bool:
    """Whether the interviewer answers without asking the respondent."""
    return str(item.question.by) == "interviewer"


def describe_who_answers(item: CompiledItem) -> tuple[Line, ...]:
    """Return a sentence if the respondent is not asked."""
    if not is_observed(item):
        return ()
    return (make_line("Not asked: the interviewer enters the answer."),)


def iterate_computer_notes(rules: RuleWriter, item: CompiledItem) -> Iterator[model.BookletNote]:
    """Yield notes on what the computer does, or what an end means."""
    match item.question:
        case unasked_items.SplitItem(arms=arms):
            shares = join_words(list_arms(arms.items()))
            yield make_note("Drawn by chance", f"{shares}; the shares are in brackets.")
        case unasked_items.DrawItem(numbers=str()) as draw:
            lowest, _ = draw.split_numbers()
            assert item.highest_number is not None
            highest = rules.render_clause(item.highest_number)
            yield make_note("Drawn", f"one number from {lowest} to {highest}: by chance.")
        case unasked_items.DrawItem(by=by):
            using = ""
            if item.using and by != "random":
                using = f" by {mark_name(item.using)}"
            among = ""
            if item.where is not None:
                among = f" where {rules.render_clause(item.where)}"
            prose = f"one turn of {mark_name(item.source)}{among}: {_DRAW_WORDS[by]}{using}."
            yield make_note("Drawn", prose)
        case unasked_items.LookupItem(quota=str() as quota):
            states = "is open, full, or does not apply (outside)"
            yield make_note("Looked up", f"whether the quota {escape_controls(quota)} {states}.")
        case unasked_items.LookupItem(sample=column):
            prose = f"the value of {mark_name(str(column))} in the sample, used as an answer."
            yield make_note("Looked up", prose)
        case unasked_items.EndItem(outcome=outcome):
            words = describe_outcome(rules, str(outcome))
            after = "Nothing is asked after this."
            if words.temporary:
                resumed = "resumed at the item that led here"
                after = f"The interview is suspended and later {resumed}."
            yield make_note("Outcome", f"“{words.name}”. {after}")


def list_arms(arms: Iterable[tuple[object, object]]) -> list[str]:
    """List the arms of a split with their shares: `long (2)`."""
    return [f"{escape_controls(str(arm))} ({share})" for arm, share in arms]


# ends


class OutcomeWords(NamedTuple):
    """The name of an outcome, and what it means for the interview."""

    name: str
    model_id: str
    """The outcome of the table that it is, or behaves like."""
    temporary: bool
    """The case may be called again."""

    @property
    def kind(self) -> EndKind:
        """What an end with this outcome is."""
        if self.model_id == COMPLETE:
            return EndKind.COMPLETED
        if self.temporary:
            return EndKind.SUSPENDED
        return EndKind.FINAL


def describe_outcome(rules: RuleWriter, outcome: str) -> OutcomeWords:
    """Return the name of an outcome, and what it means for the interview."""
    own = find_named(rules.instrument.document.outcomes, outcome)
    model_id = outcome
    if own is not None and own.like is not None:
        model_id = str(own.like)
    like = OUTCOMES.get(model_id)
    temporary = like is not None and like.temporary

    if own is not None:
        if own.temporary is not None:
            temporary = own.temporary
        return OutcomeWords(render_label(own.name, rules.language), model_id, temporary)
    if like is not None:
        return OutcomeWords(like.name, model_id, temporary)
    return OutcomeWords(escape_controls(outcome), model_id, temporary)
