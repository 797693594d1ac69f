"""Prompts for the current place of an interview, and the events that replies make."""

from collections.abc import Sequence
from typing import Literal

from survey_cli import entries
from survey_cli.engine.events import (
    AnswerKept,
    EventStamp,
    InterviewResumed,
    LanguageChanged,
    NoteWritten,
    QueryConfirmed,
    QuestionAnswered,
    QuestionDeclined,
)
from survey_cli.engine.interview import Interview
from survey_cli.engine.machine import Machine
from survey_cli.engine.route import GroupPosition, RouteStop, list_check_places
from survey_cli.instrument.compiled.model import Roster
from survey_cli.instrument.schema.items.coded import MultipleItem
from survey_cli.instrument.schema.items.question import (
    NO_WORDS,
    AnswerWording,
    CompiledItem,
    ItemContext,
)
from survey_cli.instrument.schema.items.typed import FreeTextItem
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.instrument.texts.languages import get_language_name, is_right_to_left
from survey_cli.instrument.texts.templates import Template
from survey_cli.values import HIDDEN_TEXT, NOT_REACHED, Cell, Code, Missing, Place


def build_prompt(interview: Interview) -> entries.Prompt | None:
    """Return what is asked now; None where the interview is closed or at the end of its route."""
    machine = interview.machine
    stop = machine.current_stop
    if stop is None or machine.status != "open":
        return None
    item, language = stop.item, machine.language
    unfilled: dict[str, str] = {}
    machine.walk.known.unfilled = unfilled
    context = machine.walk.build_item_context(stop, language)
    question = item.question
    entry = question.build_entry(context)
    if isinstance(entry, entries.LookupEntry):
        entry = entry._replace(value=interview.compute_answer()[0])
    section = (
        entries.to_plain_text(item.section.fill(machine.walk.known, language))
        if item.section is not None
        else ""
    )
    prompt = entries.Prompt(
        place=stop.place,
        text=context.fill(_choose_text(machine, stop)),
        entry=entry,
        intro=_build_intro(machine, stop),
        instruction=_build_instruction(context),
        probe=context.fill(item.probe),
        help=context.fill(item.help),
        declines=context.build_declines(),
        earlier=_build_earlier(machine, stop, context),
        query=_build_query(machine, stop),
        section=section,
        position=stop.items_so_far,
        total=stop.items_so_far + max(stop.items_ahead, 0),
        language=language,
        right_to_left=is_right_to_left(language),
        languages=machine.instrument.languages,
        faq=tuple(
            (q.fill(machine.walk.known, language), a.fill(machine.walk.known, language))
            for q, a in machine.instrument.faq
        ),
        aloud=question.by is None,
        after_hangup=item.after_hangup,
        ending=str(question.outcome) if isinstance(question, EndItem) else "",
        turn=_format_turn(machine, stop),
    )
    texts = (_choose_text(machine, stop), *(option.text for option in item.options))
    outdated = [
        text.source.outdated[language] for text in texts if language in text.source.outdated
    ]
    if outdated:
        prompt = _mark_outdated(prompt, outdated)
    return prompt._replace(unfilled=tuple(unfilled.values())) if unfilled else prompt


def _choose_text(machine: Machine, stop: RouteStop) -> Template:
    """Return the text that is read: a shorter one where another statement of the battery was read just before."""
    item, before = stop.item, machine.walk.stops[-2:-1]
    if item.next_text is None or not before or _is_just_resumed(machine):
        return item.text
    is_next = (
        before[0].group_position.group is stop.group_position.group
        and before[0].place.turn == stop.place.turn
    )
    return item.next_text if is_next else item.text


def _mark_outdated(prompt: entries.Prompt, earlier: Sequence[str]) -> entries.Prompt:
    """Tell the interviewer that translations are out of date and not read; the help has the earlier ones."""
    name = get_language_name(prompt.languages[0])
    shown = f"The translation is out of date, so this is in {name}: F1 or .help shows the earlier translation. "
    note = entries.TextSpan(shown)
    lines = [entries.TextSpan(f"{text}\n") for text in earlier]
    return prompt._replace(instruction=(note, *prompt.instruction), help=(*lines, *prompt.help))


def _build_instruction(context: ItemContext) -> entries.StyledText:
    """Return the item's instruction; before it, at a handover whom to ask for, and what is left of a total."""
    instruction = context.fill(context.item.instruction)
    if context.amount_left is not None and context.item.id not in context.known.hidden:
        unit = getattr(context.item.question, "unit", None)
        left = context.amount_left.describe(
            context.language, str(unit.get(context.language)) if unit else ""
        )
        return (entries.TextSpan(f"{left}. " if instruction else left), *instruction)
    if context.item.ask_for is None:
        return instruction
    person = context.fill(context.item.ask_for)
    return (
        entries.TextSpan("Ask for "),
        *person,
        *((entries.TextSpan(". "),) if instruction else ()),
        *instruction,
    )


def _build_intro(machine: Machine, stop: RouteStop) -> entries.StyledText:
    """Return what is read before the item: the introductions that begin here.

    After a resume these are the introductions of all groups around it, which the respondent heard in another call.
    """
    intros = _list_outer_intros(stop) if _is_just_resumed(machine) else stop.intros
    spans: list[entries.TextSpan] = []
    for template in intros:
        spans += [entries.TextSpan("\n")] if spans else []
        spans.extend(template.fill(machine.walk.known, machine.language))
    return tuple(spans)


def _is_just_resumed(machine: Machine) -> bool:
    """Return whether nothing was answered since the interview was resumed."""
    others = (
        event
        for event in reversed(machine.events)
        if not isinstance(event, NoteWritten | LanguageChanged)
    )
    return isinstance(next(others, None), InterviewResumed)


def _list_outer_intros(stop: RouteStop) -> tuple[Template, ...]:
    """Return the introductions of the groups that the item is in, the outermost first."""
    frames: list[GroupPosition] = [stop.group_position]
    while (parent := frames[-1].parent) is not None:
        frames.append(parent)
    return tuple(frame.group.intro for frame in reversed(frames) if frame.group.intro is not None)


def _format_turn(machine: Machine, stop: RouteStop) -> entries.StyledText:
    """Return the turn of the roster in words: `person 2 of 4: Bob`, or the option it stands for."""
    item, turn = stop.item, stop.place.turn
    if item.roster is None or turn is None:
        return ()
    roster = machine.instrument.groups[item.roster]
    known = machine.walk.known
    assert isinstance(roster, Roster)
    first = roster.sources[-1]
    if first.each is not None:
        return known.turn_texts[first.id, turn].fill(known, machine.language)
    total = (
        f" of {turn + len(stop.group_position.turns_to_come)}"
        if roster.until is None and roster.over is None
        else ""
    )
    title = f"{item.roster} {turn}{total}"
    name: Cell = NOT_REACHED
    if roster.turn_name is not None:
        is_hidden = roster.turn_name in machine.instrument.hidden
        name = HIDDEN_TEXT if is_hidden else known.value(roster.turn_name, turn)
    return (entries.TextSpan(f"{title}: {name}" if isinstance(name, str) else title),)


def _build_earlier(
    machine: Machine, stop: RouteStop, context: ItemContext
) -> entries.EarlierAnswer | None:
    answer = machine.recorded_answers.get(stop.place)
    question, language, known = stop.item.question, machine.language, machine.walk.known
    if not question.expects_answer or (answer is None and stop.item.prefill is None):
        return None
    kind: Literal["answer", "reopened", "prefill"] = "prefill"
    if answer is None:
        assert stop.item.prefill is not None
        value, words = stop.item.prefill.evaluate(known), NO_WORDS
        if (
            value is None
            or isinstance(value, Missing | bool)
            or question.why_invalid(context, value)
        ):
            return None
    else:
        value, words = answer.cell, answer.specify_texts
        kind = "reopened" if machine.find_mistake(stop, answer) is not None else "answer"
        if isinstance(value, Missing):
            label = format_decline(stop.item, value, language)
            return entries.EarlierAnswer(
                label=label, typed_text=f".{value.kind}", kind=kind, declined=True
            )
        assert value is not None
    if stop.item.id in machine.instrument.hidden:
        return entries.EarlierAnswer(HIDDEN_TEXT, kind=kind)
    return entries.EarlierAnswer(
        label=question.format_answer(stop.item, value, AnswerWording(language, words, known)),
        codes=_list_codes(value),
        typed_text=question.format_as_typed(value, words, language),
        kind=kind,
    )


def _list_codes(value: object) -> tuple[Code, ...]:
    if isinstance(value, tuple):
        return value
    return (value,) if isinstance(value, int | str) else ()


def format_decline(item: CompiledItem, cell: Missing, language: str) -> str:
    """Return the study's wording of a decline."""
    option = next((d for d in item.declines if d.id == cell.kind), None)
    return str(option.text.get(language)) if option is not None else cell.kind.replace("_", " ")


def _build_query(machine: Machine, stop: RouteStop) -> entries.Query | None:
    if machine.query is None:
        return None
    check = stop.item.checks[machine.query]
    answer = machine.recorded_answers[stop.place]
    change_count = machine.walk.known.change_count
    machine.walk.record_answer(stop, answer.cell)
    text = check.say.fill(machine.walk.known, machine.language)
    otherwise = (
        check.otherwise.fill(machine.walk.known, machine.language)
        if check.otherwise is not None
        else ()
    )
    machine.walk.known.undo_changes(change_count)
    places = list_check_places(machine.walk, stop, check)
    return entries.Query(text=text, aloud=check.aloud, otherwise=otherwise, places=places)


def parse_reply(
    interview: Interview, reply: entries.Reply, stamp: EventStamp
) -> QuestionAnswered | QuestionDeclined | AnswerKept | entries.Rejection:
    """Return the event that a reply makes at the current place. An empty reply keeps the earlier answer."""
    machine = interview.machine
    stop = machine.current_stop
    if stop is None or machine.status != "open":
        return entries.Rejection("the interview is closed")
    return parse_reply_at(machine, stop, reply, stamp)


def parse_reply_at(
    machine: Machine, stop: RouteStop, reply: entries.Reply, stamp: EventStamp
) -> QuestionAnswered | QuestionDeclined | AnswerKept | entries.Rejection:
    """Return the event that a reply makes at this stop of the machine."""
    context = machine.walk.build_item_context(stop, machine.language)
    question = stop.item.question
    if isinstance(reply, str) and not reply.strip() and question.expects_answer:
        if stop.place in machine.recorded_answers:
            return AnswerKept(stamp, stop.place)
        earlier = _build_earlier(machine, stop, context)
        if earlier is not None:
            reply = entries.ExactText(earlier.typed_text)
        elif not (isinstance(question, MultipleItem) and question.min == 0):
            return entries.Rejection(_describe_expected(question.build_entry(context)))
    result = question.parse_reply(context, reply)
    decline = _find_typed_decline(context, reply) if isinstance(reply, str) else None
    if decline is not None and (
        isinstance(result, entries.Rejection) or not isinstance(question, FreeTextItem)
    ):
        return QuestionDeclined(stamp, stop.place, decline.id)
    if decline is not None:
        text = str(reply).strip()
        meanings = (
            entries.PossibleMeaning(decline.text, decline=decline.id),
            entries.PossibleMeaning(f"the text “{text}”", entries.ExactText(text)),
        )
        return entries.Rejection(f"{text}: {decline.text}, or the text itself?", meanings)
    if isinstance(result, entries.Rejection):
        return result
    return QuestionAnswered(stamp, stop.place, result.value, result.words)


def _find_typed_decline(context: ItemContext, typed: str) -> entries.DeclineOption | None:
    """Return the decline whose key or code was typed.

    Interviewers know 98 and 99 by heart. An option's code goes before a key; where the answer is text, a number is an
    answer too.
    """
    if isinstance(typed, entries.ExactText) or not context.item.declines:
        return None
    text = entries.to_ascii_digits(typed.strip()).casefold()
    is_text = isinstance(context.item.question, FreeTextItem)
    if any(
        entries.to_ascii_digits(str(option.code)).casefold() == text for option in context.options
    ):
        return None
    for decline in context.build_declines():
        if (decline.key and text == decline.key.casefold()) or (
            text == str(decline.code) and not is_text
        ):
            return decline
    return None


def _describe_expected(entry: entries.Entry) -> str:
    """Return what the interviewer should key, for the rejection of an empty line."""
    match entry:
        case entries.PickEntry(several=True):
            return "key the codes, then press Enter"
        case entries.PickEntry():
            return f"key a code: {entry.format_codes()}"
        case entries.LineEntry(hint=hint):
            return f"an answer is needed: {hint}" if hint else "an answer is needed"
        case _:
            return "an answer is needed"


def describe_reply(interview: Interview, text: str) -> str:
    """Return how a typed line would be understood, in words (`Sunday 3 March 1985`).

    Empty where it is no answer yet, or says no more than the line itself.
    """
    machine = interview.machine
    stop = machine.current_stop
    if stop is None or not text.strip() or not stop.item.question.expects_answer:
        return ""
    question, language = stop.item.question, machine.language
    match parse_reply_at(machine, stop, text, machine.events[-1].stamp):
        case QuestionAnswered(value=value, specify_texts=words) if value is not None:
            wording = AnswerWording(language, words, machine.walk.known)
            answer = question.format_answer(stop.item, value, wording).strip()
            adds_nothing = (
                answer == text.strip() == question.format_as_typed(value, words, language)
            )
            return "" if adds_nothing else answer
        case QuestionDeclined(decline=id):
            return format_decline(stop.item, Missing(id), language)
        case entries.Rejection(why=why, meanings=meanings) if meanings:
            return why
    return ""


def build_decline(
    interview: Interview, decline: str, stamp: EventStamp
) -> QuestionDeclined | entries.Rejection:
    """Return the event of a decline."""
    place = interview.place
    return (
        entries.Rejection("the interview is closed")
        if place is None
        else QuestionDeclined(stamp, place, decline)
    )


def build_confirmation(
    interview: Interview, reason: str, stamp: EventStamp
) -> QueryConfirmed | entries.Rejection:
    """Return the event that confirms the pending query."""
    machine = interview.machine
    if machine.current_stop is None or machine.query is None:
        return entries.Rejection("there is nothing to confirm")
    return QueryConfirmed(stamp, machine.current_stop.place, machine.query, reason)


def find_previous_place(interview: Interview) -> Place | None:
    """Return the place that was asked before this one."""
    machine = interview.machine
    stops = machine.walk.stops
    index = machine.find_previous_index(
        len(stops) if machine.current_stop is None else len(stops) - 1
    )
    return stops[index].place if index is not None else None


def is_at_front(interview: Interview) -> bool:
    """Return whether the current place has no answer yet, so that nothing ahead of it has been asked."""
    machine = interview.machine
    return (
        machine.current_stop is None or machine.current_stop.place not in machine.recorded_answers
    )
