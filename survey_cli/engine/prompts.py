"""Prompts for the current place of an interview, and the events that replies make."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final, Literal, TypeAlias

from survey_cli import entries
from survey_cli.engine.answer_checks import list_check_places
from survey_cli.engine.events import (
    AnswerKept,
    EventStamp,
    InterviewEnded,
    InterviewResumed,
    InterviewStopped,
    InterviewSuspended,
    LanguageChanged,
    NoteWritten,
    QueryConfirmed,
    QuestionAnswered,
    QuestionDeclined,
)
from survey_cli.engine.interview import Interview
from survey_cli.engine.machine import Machine
from survey_cli.engine.route import GroupPosition, RouteStop
from survey_cli.instrument.compiled.model import Roster
from survey_cli.instrument.compiled.place_names import name_place
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
from survey_cli.values import HIDDEN_TEXT, NOT_REACHED, Cell, Code, Missing, Place, Value

EarlierKind: TypeAlias = Literal["answer", "reopened", "prefill"]
SAME_CALL: Final = timedelta(minutes=5)
"""An interview that nobody has left, and that goes on this soon, goes on in the same call."""


def build_prompt(interview: Interview) -> entries.Prompt | None:
    """Return what is asked now; None if the interview is closed or at the end of its route."""
    machine = interview.machine
    stop = machine.current_stop
    if stop is None or machine.status != "open":
        return None

    # fills that fail while the texts below are made are noted here
    unfilled: dict[str, str] = {}
    machine.walk.known.unfilled = unfilled

    item = stop.item
    question = item.question
    language = machine.language
    context = machine.walk.build_item_context(stop, language)

    entry = question.build_entry(context)
    if isinstance(entry, entries.LookupEntry):
        entry = entry._replace(value=interview.compute_answer()[0])
    section = _fill_section(machine, item)

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
        faq=_build_faq(machine),
        aloud=question.by is None,
        after_hangup=item.after_hangup,
        ending=str(question.outcome) if isinstance(question, EndItem) else "",
        turn=_describe_turn(machine, stop),
        place_name=_name_place(machine, stop.place),
    )

    outdated = _list_outdated_translations(machine, stop)
    if outdated:
        prompt = _mark_outdated(prompt, outdated)
    if unfilled:
        prompt = prompt._replace(unfilled=tuple(unfilled.values()))
    return prompt


def _name_place(machine: Machine, place: Place) -> str:
    """Return what a place is called; empty if that is only the name of its item."""
    words = name_place(machine.instrument, place, machine.language).words
    if words == str(place):
        return ""
    return words


def _fill_section(machine: Machine, item: CompiledItem) -> str:
    """Return the heading of the item's section; empty if it is in none."""
    if item.section is None:
        return ""
    return entries.to_plain_text(item.section.fill(machine.walk.known, machine.language))


def _build_faq(machine: Machine) -> tuple[tuple[entries.StyledText, entries.StyledText], ...]:
    """Return the questions that respondents often ask, with their answers."""
    known = machine.walk.known
    pairs = []
    for question, answer in machine.instrument.faq:
        pairs.append((question.fill(known, machine.language), answer.fill(known, machine.language)))
    return tuple(pairs)


def _choose_text(machine: Machine, stop: RouteStop) -> Template:
    """Return the text that is read.

    It is a shorter one if another statement of the same battery was read just before.
    """
    item = stop.item
    before = machine.walk.stops[-2:-1]
    if item.next_text is None or not before or _is_just_resumed(machine):
        return item.text

    same_group = before[0].group_position.group is stop.group_position.group
    same_turn = before[0].place.turn == stop.place.turn
    return item.next_text if same_group and same_turn else item.text


def _list_outdated_translations(machine: Machine, stop: RouteStop) -> list[str]:
    """Return the translations of what is read that are older than the text they translate."""
    texts = [_choose_text(machine, stop)]
    texts.extend(option.text for option in stop.item.options)

    outdated: list[str] = []
    for text in texts:
        translations = text.source.outdated
        if machine.language in translations:
            outdated.append(translations[machine.language])
    return outdated


def _mark_outdated(prompt: entries.Prompt, earlier: Sequence[str]) -> entries.Prompt:
    """Tell the interviewer that translations are out of date and not read. The help has them."""
    name = get_language_name(prompt.languages[0])
    note = entries.TextSpan(
        f"The translation is out of date, so this is in {name}: "
        "F1 or .help shows the earlier translation. "
    )
    lines = [entries.TextSpan(f"{text}\n") for text in earlier]
    return prompt._replace(instruction=(note, *prompt.instruction), help=(*lines, *prompt.help))


def _build_instruction(context: ItemContext) -> entries.StyledText:
    """Return the item's instruction.

    Before it are what is left of a total and, at a handover, whom to ask for.
    """
    instruction = context.fill(context.item.instruction)
    stop_sign = ". " if instruction else ""

    is_hidden = context.item.id in context.known.hidden
    if context.amount_left is not None and not is_hidden:
        unit = getattr(context.item.question, "unit", None)
        unit_text = str(unit.get(context.language)) if unit else ""
        amount_left = context.amount_left.describe(context.language, unit_text)
        return (entries.TextSpan(amount_left + stop_sign), *instruction)

    if context.item.ask_for is None:
        return instruction
    person = context.fill(context.item.ask_for)
    spans = [entries.TextSpan("Ask for "), *person]
    if stop_sign:
        spans.append(entries.TextSpan(stop_sign))
    return (*spans, *instruction)


def _build_intro(machine: Machine, stop: RouteStop) -> entries.StyledText:
    """Return what is read before the item: the introductions that begin here.

    If the interview was resumed in another call, these are the introductions of all groups around
    it, which the respondent heard in the call before.
    """
    intros = _list_outer_intros(stop) if _is_just_resumed(machine) else stop.intros
    spans: list[entries.TextSpan] = []
    for template in intros:
        if spans:
            spans.append(entries.TextSpan("\n"))
        spans.extend(template.fill(machine.walk.known, machine.language))
    return tuple(spans)


def _is_just_resumed(machine: Machine) -> bool:
    """Return whether nothing was answered since the interview was resumed in another call."""
    at = len(machine.events) - 1
    while at >= 0 and isinstance(machine.events[at], NoteWritten | LanguageChanged):
        at -= 1
    if at < 1 or not isinstance(machine.events[at], InterviewResumed):
        return False
    return not _goes_on_at_once(machine, at)


def _goes_on_at_once(machine: Machine, resumed: int) -> bool:
    """Return whether the event of this index resumes an interview that nobody had left.

    The interviewer changed between the full screen and the text page, say: the respondent is the
    same, and has just heard everything.
    """
    before = machine.events[resumed - 1]
    if isinstance(before, InterviewResumed):
        return _goes_on_at_once(machine, resumed - 1)
    was_left = isinstance(before, InterviewSuspended | InterviewStopped | InterviewEnded)
    pause = machine.events[resumed].stamp.at - before.stamp.at
    return not was_left and pause <= SAME_CALL


def _list_outer_intros(stop: RouteStop) -> list[Template]:
    """Return the introductions of the groups that the item is in, the outermost first."""
    intros = []
    position: GroupPosition | None = stop.group_position
    while position is not None:
        if position.group.intro is not None:
            intros.append(position.group.intro)
        position = position.parent
    intros.reverse()
    return intros


def _describe_turn(machine: Machine, stop: RouteStop) -> entries.StyledText:
    """Return the turn of the roster in words: `person 2 of 4: Bob`, or the option it stands for."""
    item = stop.item
    turn = stop.place.turn
    if item.roster is None or turn is None:
        return ()

    known = machine.walk.known
    roster = machine.instrument.groups[item.roster]
    assert isinstance(roster, Roster)

    # a roster over the turns of another one has the options of the first
    first = roster.sources[-1]
    if first.each is not None:
        return known.turn_texts[first.id, turn].fill(known, machine.language)

    title = f"{item.roster} {turn}"
    has_known_number = roster.until is None and roster.over is None
    if has_known_number:
        title += f" of {turn + _count_turns_to_come(stop.group_position, roster)}"

    name: Cell = NOT_REACHED
    if roster.turn_name is not None:
        is_hidden = roster.turn_name in machine.instrument.hidden
        name = HIDDEN_TEXT if is_hidden else known.value(roster.turn_name, turn)
    if isinstance(name, str):
        title += f": {name}"
    return (entries.TextSpan(title),)


def _count_turns_to_come(position: GroupPosition, roster: Roster) -> int:
    """Count the turns after this one; the item may be in a section within the roster."""
    around: GroupPosition | None = position
    while around is not None:
        if around.group is roster:
            return len(around.turns_to_come)
        around = around.parent
    return 0


def _build_earlier(
    machine: Machine, stop: RouteStop, context: ItemContext
) -> entries.EarlierAnswer | None:
    """Return the answer that an empty reply keeps: the recorded one, or else the prefill."""
    item = stop.item
    if not item.question.expects_answer:
        return None
    answer = machine.recorded_answers.get(stop.place)
    if answer is None:
        return _build_prefill(machine, stop, context)

    kind: EarlierKind = "answer"
    if machine.find_mistake(stop, answer) is not None:
        kind = "reopened"
    value = answer.cell
    assert value is not None
    if isinstance(value, Missing):
        return entries.EarlierAnswer(
            label=format_decline(item, value, machine.language),
            typed_text=f".{value.kind}",
            kind=kind,
            declined=True,
        )
    return _describe_earlier(machine, item, value, answer.specify_texts, kind)


def _build_prefill(
    machine: Machine, stop: RouteStop, context: ItemContext
) -> entries.EarlierAnswer | None:
    """Return the answer that the questionnaire suggests, if the item would accept it."""
    item = stop.item
    if item.prefill is None:
        return None
    value = item.prefill.evaluate(machine.walk.known)
    if value is None or isinstance(value, Missing | bool):
        return None
    if item.question.why_invalid(context, value):
        return None
    return _describe_earlier(machine, item, value, NO_WORDS, "prefill")


def _describe_earlier(
    machine: Machine,
    item: CompiledItem,
    value: Value,
    specify_texts: Mapping[Code, str],
    kind: EarlierKind,
) -> entries.EarlierAnswer:
    """Describe an answer as it is shown, and as it would be typed; hidden if it is personal."""
    if item.id in machine.instrument.hidden:
        return entries.EarlierAnswer(HIDDEN_TEXT, kind=kind)

    wording = AnswerWording(machine.language, specify_texts, machine.walk.known)
    return entries.EarlierAnswer(
        label=item.question.format_answer(item, value, wording),
        codes=_list_codes(value),
        typed_text=item.question.format_as_typed(value, specify_texts, machine.language),
        kind=kind,
    )


def _list_codes(value: object) -> tuple[Code, ...]:
    if isinstance(value, tuple):
        return value
    return (value,) if isinstance(value, int | str) else ()


def format_decline(item: CompiledItem, cell: Missing, language: str) -> str:
    """Return the study's wording of a decline."""
    for decline in item.declines:
        if decline.id == cell.kind:
            return str(decline.text.get(language))
    return cell.kind.replace("_", " ")


def _build_query(machine: Machine, stop: RouteStop) -> entries.Query | None:
    """Return the warning or the question back about the answer that was just given."""
    if machine.query is None:
        return None
    check = stop.item.checks[machine.query]
    answer = machine.recorded_answers[stop.place]

    # its text may fill in the answer, which is not yet known at this stop
    otherwise: entries.StyledText = ()
    with machine.walk.suppose(stop, answer.cell) as known:
        text = check.say.fill(known, machine.language)
        if check.otherwise is not None:
            otherwise = check.otherwise.fill(known, machine.language)

    places = list_check_places(machine.walk, stop, check)
    instrument = machine.instrument
    return entries.Query(
        text=text,
        aloud=check.aloud,
        otherwise=otherwise,
        places=places,
        jump_keys=tuple(name_place(instrument, place).key for place in places),
    )


def parse_reply(
    interview: Interview, reply: entries.Reply, stamp: EventStamp
) -> QuestionAnswered | QuestionDeclined | AnswerKept | entries.Rejection:
    """Return the event that a reply makes at the current place.

    An empty reply keeps the earlier answer.
    """
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

    is_empty = isinstance(reply, str) and not reply.strip()
    if is_empty and question.expects_answer:
        if stop.place in machine.recorded_answers:
            return AnswerKept(stamp, stop.place)
        prefill = _build_prefill(machine, stop, context)
        may_choose_nothing = isinstance(question, MultipleItem) and question.min == 0
        if prefill is not None:
            reply = entries.ExactText(prefill.typed_text)
        elif not may_choose_nothing:
            return entries.Rejection(_describe_expected(question.build_entry(context)))

    result = question.parse_reply(context, reply)
    decline = _find_typed_decline(context, reply) if isinstance(reply, str) else None
    if decline is not None:
        could_be_text = isinstance(question, FreeTextItem)
        if could_be_text and not isinstance(result, entries.Rejection):
            return _ask_for_meaning(str(reply).strip(), decline)
        return QuestionDeclined(stamp, stop.place, decline.id)

    if isinstance(result, entries.Rejection):
        return result
    return QuestionAnswered(stamp, stop.place, result.value, result.words)


def _ask_for_meaning(text: str, decline: entries.DeclineOption) -> entries.Rejection:
    """Return the question whether a typed text is a decline or the answer itself."""
    meanings = (
        entries.PossibleMeaning(decline.text, decline=decline.id),
        entries.PossibleMeaning(f"the text “{text}”", entries.ExactText(text)),
    )
    return entries.Rejection(f"{text}: {decline.text}, or the text itself?", meanings)


def _find_typed_decline(context: ItemContext, typed: str) -> entries.DeclineOption | None:
    """Return the decline whose key or code was typed.

    Interviewers know 98 and 99 by heart. An option's code goes before a key. If the answer is a
    text, a number is an answer too.
    """
    if isinstance(typed, entries.ExactText) or not context.item.declines:
        return None

    text = _normalize_code(typed.strip())
    options = context.options
    if context.item.takes_decline_codes:
        # the code of an option that isn't offered now is no decline
        options = context.item.options
    for option in options:
        if _normalize_code(str(option.code)) == text:
            return None

    takes_text = isinstance(context.item.question, FreeTextItem)
    for decline in context.build_declines():
        is_key = bool(decline.key) and text == decline.key.casefold()
        is_code = text == str(decline.code) and not takes_text
        if is_key or is_code:
            return decline
    return None


def _normalize_code(typed: str) -> str:
    return entries.to_ascii_digits(typed).casefold()


def _describe_expected(entry: entries.Entry) -> str:
    """Return what the interviewer should key, for the rejection of an empty line."""
    match entry:
        case entries.PickEntry(several=True):
            return "key the codes, then press Enter"
        case entries.PickEntry():
            return f"key a code: {entry.format_codes()}"
        case entries.LineEntry(hint=hint):
            if hint:
                return f"an answer is needed: {hint}"
            return "an answer is needed"
        case _:
            return "an answer is needed"


def describe_reply(interview: Interview, text: str) -> str:
    """Return how a typed line would be understood, in words (`Sunday 3 March 1985`).

    It is empty if the line is no answer yet, or if the words say no more than the line itself.
    """
    machine = interview.machine
    stop = machine.current_stop
    if stop is None or not text.strip() or not stop.item.question.expects_answer:
        return ""

    question = stop.item.question
    language = machine.language
    match parse_reply_at(machine, stop, text, machine.events[-1].stamp):
        case QuestionAnswered(value=value, specify_texts=words) if value is not None:
            wording = AnswerWording(language, words, machine.walk.known)
            answer = question.format_answer(stop.item, value, wording).strip()
            as_typed = question.format_as_typed(value, words, language)
            adds_nothing = answer == text.strip() and answer == as_typed
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
    if interview.place is None:
        return entries.Rejection("the interview is closed")
    return QuestionDeclined(stamp, interview.place, decline)


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
    stops_passed = len(stops)
    if machine.current_stop is not None:
        stops_passed -= 1

    index = machine.find_previous_index(stops_passed)
    return stops[index].place if index is not None else None


def is_at_front(interview: Interview) -> bool:
    """Return whether the current place has no answer yet, so that nothing ahead has been asked."""
    machine = interview.machine
    stop = machine.current_stop
    return stop is None or stop.place not in machine.recorded_answers
