"""What a face is told of the place where an interview stands: the Prompt, and the entry that a reply makes."""

from collections import ChainMap
from typing import Literal, NamedTuple

from survey_cli.engine.events import (
    Answered,
    Confirmed,
    Declined,
    Kept,
    Language,
    Noted,
    Resumed,
    Stamp,
)
from survey_cli.engine.interview import Interview
from survey_cli.engine.machine import Held, Machine
from survey_cli.engine.route import Frame, Stop
from survey_cli.entries import (
    Decline,
    Earlier,
    Exact,
    Line,
    Lookup,
    Pick,
    PossibleMeaning,
    Prompt,
    Query,
    Rejection,
    Reply,
    Span,
    Words,
    ascii_digits,
    plain,
)
from survey_cli.instrument.compiled.model import Roster
from survey_cli.instrument.schema.items.coded import MultipleItem
from survey_cli.instrument.schema.items.question import CompiledItem, Env, ItemContext
from survey_cli.instrument.schema.items.typed import FreeTextItem
from survey_cli.instrument.schema.items.unasked_items import ComputedItem, EndItem
from survey_cli.instrument.texts.templates import Template
from survey_cli.values import Code, Missing, Place


def prompt(interview: Interview) -> Prompt | None:
    """What is asked now; None where the interview is closed or at the end of its route."""
    machine = interview.machine
    stop = machine.here
    if stop is None or machine.status != "open":
        return None
    leaf, language = stop.leaf, machine.language
    unsaid: dict[str, str] = machine.walk.env["#unsaid"]
    unsaid.clear()
    asking = machine.walk.asking(stop, language)
    question = leaf.question
    entry = question.build_entry(asking)
    if isinstance(entry, Lookup):
        entry = entry._replace(value=interview.looks_up()[0])
    section = plain(leaf.section.fill(machine.walk.env, language)) if leaf.section is not None else ""
    shown = Prompt(
        place=stop.place,
        words=asking.fill(leaf.text),
        entry=entry,
        intro=_intro(machine, stop),
        instruction=_instruction(asking),
        probe=asking.fill(leaf.probe),
        help=asking.fill(leaf.help),
        declines=asking.build_declines(),
        earlier=_earlier(machine, stop, asking),
        query=_query(machine, stop),
        section=section,
        position=stop.position,
        of=stop.position + max(stop.ahead, 0),
        language=language,
        languages=machine.instrument.languages,
        faq=tuple(
            (q.fill(machine.walk.env, language), a.fill(machine.walk.env, language))
            for q, a in machine.instrument.faq
        ),
        aloud=question.by is None,
        after_hangup=leaf.after_hangup,
        ending=str(question.outcome) if isinstance(question, EndItem) else "",
        turn=_turn(machine, stop),
    )
    return shown._replace(unsaid=tuple(unsaid.values())) if unsaid else shown


def _instruction(asking: ItemContext) -> Words:
    """The item's instruction; at a handover first whom to ask for."""
    own = asking.fill(asking.leaf.instruction)
    if asking.leaf.ask_for is None:
        return own
    person = asking.fill(asking.leaf.ask_for)
    return (Span("Ask for "), *person, *((Span(". "),) if own else ()), *own)


def _intro(machine: Machine, stop: Stop) -> Words:
    """What is read before the item: introductions that begin here; after a resume those of all groups around it, which
    the respondent heard in another call."""
    spans: list[Span] = []
    intros = _around(stop) if _just_resumed(machine) else stop.intros
    for template in intros:
        if spans:
            spans.append(Span("\n"))
        spans.extend(template.fill(machine.walk.env, machine.language))
    return tuple(spans)


def _just_resumed(machine: Machine) -> bool:
    """Whether nothing was answered since the interview was resumed."""
    events = (event for event in reversed(machine.events) if not isinstance(event, Noted | Language))
    return isinstance(next(events, None), Resumed)


def _around(stop: Stop) -> tuple[Template, ...]:
    """The introductions of the groups that the item is in, the outermost first."""
    intros: list[Template] = []
    frame: Frame | None = stop.frame
    while frame is not None:
        if frame.group.intro is not None:
            intros.insert(0, frame.group.intro)
        frame = frame.parent
    return tuple(intros)


def _turn(machine: Machine, stop: Stop) -> Words:
    """Which turn of the roster this is: `person 2 of 4: Bob`, or the option it stands for."""
    leaf, turn = stop.leaf, stop.place.turn
    if leaf.roster is None or turn is None:
        return ()
    roster = machine.instrument.groups[leaf.roster]
    env = machine.walk.env
    assert isinstance(roster, Roster)
    if roster.each is not None:
        each: Template = env["#each", roster.id, turn]
        return each.fill(env, machine.language)
    known = roster.until is None
    said = f"{leaf.roster} {turn} of {turn + len(stop.frame.turns)}" if known else f"{leaf.roster} {turn}"
    name = env.get((roster.turn_name, turn))
    return (Span(f"{said}: {name}" if isinstance(name, str) else said),)


def _earlier(machine: Machine, stop: Stop, asking: ItemContext) -> Earlier | None:
    held = machine.held.get(stop.place)
    question, language = stop.leaf.question, machine.language
    if held is None:
        if stop.leaf.prefill is None or not question.asks:
            return None
        value = stop.leaf.prefill.evaluate(machine.walk.env)
        if value is None or isinstance(value, Missing | bool) or question.why_invalid(asking, value):
            return None
        return Earlier(
            words=question.format_answer(stop.leaf, value, {}, language, machine.walk.env),
            codes=_codes(value),
            text=question.format_as_typed(value, {}, language),
            kind="prefill",
        )
    if not question.asks:
        return None
    kind: Literal["answer", "reopened"] = "reopened" if machine.unfit(stop, held) else "answer"
    if isinstance(held.cell, Missing):
        return Earlier(
            words=said_missing(stop.leaf, held.cell, language), text=f".{held.cell.kind}", kind=kind
        )
    assert held.cell is not None
    return Earlier(
        words=question.format_answer(stop.leaf, held.cell, held.words, language, machine.walk.env),
        codes=_codes(held.cell),
        text=question.format_as_typed(held.cell, held.words, language),
        kind=kind,
    )


def _codes(value: object) -> tuple[Code, ...]:
    if isinstance(value, tuple):
        return value
    return (value,) if isinstance(value, int | str) else ()


def said_missing(leaf: CompiledItem, cell: Missing, language: str) -> str:
    """A decline in the study's words."""
    found = next((d for d in leaf.declines if d.id == cell.kind), None)
    return str(found.text.get(language)) if found is not None else cell.kind.replace("_", " ")


def _query(machine: Machine, stop: Stop) -> Query | None:
    if machine.query is None:
        return None
    check = stop.leaf.checks[machine.query]
    held = machine.held[stop.place]
    mark = machine.walk.mark
    machine.walk.settle(stop, held.cell)
    words = check.say.fill(machine.walk.env, machine.language)
    machine.walk.undo(mark)
    return Query(text=words, aloud=check.aloud)


def entry(interview: Interview, reply: Reply, stamp: Stamp) -> Answered | Declined | Kept | Rejection:
    """The event that a reply makes at the place where the interview stands. An empty reply keeps what stands."""
    machine = interview.machine
    stop = machine.here
    if stop is None or machine.status != "open":
        return Rejection("the interview is closed")
    return entered(machine, stop, reply, stamp)


def entered(
    machine: Machine, stop: Stop, reply: Reply, stamp: Stamp
) -> Answered | Declined | Kept | Rejection:
    """The same, where it is known at which stop the machine stands."""
    asking = machine.walk.asking(stop, machine.language)
    question = stop.leaf.question
    if isinstance(reply, str) and not reply.strip() and question.asks:
        if stop.place in machine.held:
            return Kept(stamp, stop.place)
        earlier = _earlier(machine, stop, asking)
        if earlier is not None:
            reply = Exact(earlier.text)
        elif not (isinstance(question, MultipleItem) and question.min == 0):
            return Rejection(_wanted(question.build_entry(asking)))
    reading = question.parse_reply(asking, reply)
    decline = _typed_decline(asking, reply) if isinstance(reply, str) else None
    if decline is not None and (isinstance(reading, Rejection) or not isinstance(question, FreeTextItem)):
        return Declined(stamp, stop.place, decline.id)
    if decline is not None:
        text = str(reply).strip()
        meanings = (
            PossibleMeaning(decline.text, decline=decline.id),
            PossibleMeaning(f"the text “{text}”", Exact(text)),
        )
        return Rejection(f"{text}: {decline.text}, or the text itself?", meanings)
    if isinstance(reading, Rejection):
        return Rejection(reading.why, reading.meanings)
    return Answered(stamp, stop.place, reading.value, reading.words)


def _typed_decline(asking: ItemContext, typed: str) -> Decline | None:
    """The decline whose key was typed, or whose code, as interviewers do who know 98 and 99 by heart. An option's code
    goes before a key; where words are the answer, a number is an answer too."""
    if isinstance(typed, Exact) or not asking.leaf.declines:
        return None
    text = ascii_digits(typed.strip()).casefold()
    words = isinstance(asking.leaf.question, FreeTextItem)
    if any(ascii_digits(str(option.code)).casefold() == text for option in asking.options):
        return None
    return next(
        (
            d
            for d in asking.build_declines()
            if text == d.key.casefold() != "" or (text == str(d.code) and not words)
        ),
        None,
    )


def _wanted(kind: object) -> str:
    match kind:
        case Pick(several=True):
            return "key the codes, then Enter"
        case Pick() as pick:
            return f"key a code: {pick.offered()}"
        case Line(hint=hint):
            return f"an answer is needed: {hint}" if hint else "an answer is needed"
        case _:
            return "an answer is needed"


def echo(interview: Interview, text: str) -> str:
    """What a typed line would be taken for, in words (`Sunday 3 March 1985`); empty where it is no answer yet or says no
    more than the line itself."""
    machine = interview.machine
    stop = machine.here
    if stop is None or not text.strip() or not stop.leaf.question.asks:
        return ""
    question, language = stop.leaf.question, machine.language
    match entered(machine, stop, text, machine.events[-1].stamp):
        case Answered(value=value, words=words) if value is not None:
            said = question.format_answer(stop.leaf, value, words, language, machine.walk.env).strip()
            says_more = said != text.strip() or question.format_as_typed(value, words, language) != said
            return said if says_more else ""
        case Declined(decline=id):
            return said_missing(stop.leaf, Missing(id), language)
        case Rejection(why=why, meanings=meanings) if meanings:
            return why
    return ""


def declined(interview: Interview, id: str, stamp: Stamp) -> Declined | Rejection:
    """The event of a decline."""
    place = interview.place
    return Rejection("the interview is closed") if place is None else Declined(stamp, place, id)


def confirmed(interview: Interview, reason: str, stamp: Stamp) -> Confirmed | Rejection:
    """The event that answers the pending query with: it is so."""
    machine = interview.machine
    if machine.here is None or machine.query is None:
        return Rejection("there is nothing to confirm")
    return Confirmed(stamp, machine.here.place, machine.query, reason)


def before(interview: Interview) -> Place | None:
    """The place put to somebody before this one."""
    machine = interview.machine
    stops = machine.walk.stops
    index = machine.before(len(stops) if machine.here is None else len(stops) - 1)
    return stops[index].place if index is not None else None


def at_front(interview: Interview) -> bool:
    """Whether the place where it stands has no answer yet: then nothing ahead of it has been asked."""
    machine = interview.machine
    return machine.here is None or machine.here.place not in machine.held


class Visited(NamedTuple):
    """One place that has been put to somebody."""

    place: Place
    words: str
    answer: str
    section: str


def asked(interview: Interview) -> tuple[Visited, ...]:
    """What has been put to somebody and stands, in the order of the route, beyond the present place too."""
    machine = interview.machine
    standing = interview.standing()
    held = dict(standing.answers)
    here = machine.here.place if machine.here is not None else None
    if here is not None and here not in held and here in machine.held:
        held[here] = machine.held[here]
    rows = []
    for place, answer in held.items():
        leaf = machine.instrument.leaves[place.item]
        if isinstance(leaf.question, ComputedItem):
            continue
        env = ChainMap({"#turn": place.turn}, dict(standing.env)) if place.turn is not None else standing.env
        words = plain(leaf.text.fill(env, machine.language)).replace("\n", " ")
        section = plain(leaf.section.fill(env, machine.language)) if leaf.section is not None else ""
        rows.append(Visited(place, words, _said(leaf, answer, machine.language, env), section))
    return tuple(rows)


def _said(leaf: CompiledItem, held: Held, language: str, env: Env) -> str:
    if held.cell is None:
        return ""
    if isinstance(held.cell, Missing):
        return said_missing(leaf, held.cell, language)
    return leaf.question.format_answer(leaf, held.cell, held.words, language, env)
