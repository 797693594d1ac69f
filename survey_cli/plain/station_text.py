"""How is a case that is to be called said in lines of text? Pure: nothing stands in a place that means something, and
what is typed is listed once, here.
"""

from datetime import datetime
from typing import Final, assert_never

from survey_cli.plain.interview_text import counted, flat
from survey_cli.sessions.station.station_protocol import (
    Away,
    FoundCase,
    Idle,
    NumberLine,
    OnCase,
    OutcomeChoice,
    PromiseLine,
    Tally,
    View,
)

STATION_WORDS: Final = {
    ".dial": "dial the current number",
    ".interview": "begin the interview, or go on with it",
    ".outcomes": "all outcomes; a number or an id keys one, words behind it are its note, number, language or reason",
    ".appointment WHEN": "make an appointment; how the time was understood is shown, and what is missing is asked for",
    ".next": "the next number of the case; without a case, look for one again",
    ".number 2": "the second number of the case",
    ".add NUMBER": "another number was given",
    ".note TEXT": "a note on the case",
    ".scripts": "scripts to read aloud; .scripts ID notes that one was read",
    ".faq": "what respondents ask, with the answers to read",
    ".find WORDS": "a respondent calls back: cases by a part of a number, a name or a key",
    ".fetch KEY": "take this case, even if it is not next in the queue",
    ".promises": "my appointments",
    ".back": "take back the last outcome",
    ".finish": "leave the case; one that was not called goes back to the queue",
    ".pause": "a break: no next case comes; .pause again resumes calling",
    ".again": "this case once more",
    ".leave": "end the shift; the end of input and Ctrl+C do the same",
    ".help": "this list",
}


def when(at: datetime) -> str:
    """`Thu 26 Nov 14:10`."""
    return f"{at:%a} {at.day} {at:%b %H:%M}"


def tallied(tally: Tally) -> str:
    """`3 done, 21 calls, 1 refusal, 2 appointments`."""
    return ", ".join(
        (
            f"{tally.done} done",
            counted(tally.calls, "call"),
            counted(tally.refusals, "refusal"),
            counted(tally.promises, "appointment"),
        )
    )


def shown(view: View) -> list[str]:
    """What is before the interviewer, one thing a line."""
    match view:
        case OnCase():
            return _case(view)
        case Idle(why=why, next_at=next_at):
            nobody = f"Nobody can be called just now: {flat(why)}" if why else "Nobody can be called just now"
            next_one = [f"Next: {when(next_at)}"] if next_at is not None else []
            return [nobody, *next_one, ".next looks again"]
        case Away(since=since):
            return [f"On a break since {since:%H:%M}; .pause resumes calling"]
        case _:
            assert_never(view)


def _case(view: OnCase) -> list[str]:
    key = f", {view.key}" if view.key != view.name else ""
    lines = [f"Case: {view.name}{key}, attempt {view.attempt} of {view.limit}"]
    lines += [view.notice] if view.notice else []
    lines += [f"{label}: {flat(said)}" for label, said in view.details if said]
    lines += [number_line(n, dialled=view.dialled) for n in view.numbers]
    lines.append(_clock(view))
    lines += [f"{label}: {flat(text)}" for label, text in known(view) if text]
    for past in view.past:
        note = f", note: {flat(past.note)}" if past.note else ""
        lines.append(f"{when(past.at)}: {flat(past.what)}{f', by {past.by}' if past.by else ''}{note}")
    return [*lines, *owed(view)]


def known(view: OnCase) -> tuple[tuple[str, str], ...]:
    """Label and words of what is known beside the numbers; some are empty."""
    return ("Appointment", view.promise), ("Ask for", view.ask_for), ("Interview", view.interview)


def owed(view: OnCase) -> list[str]:
    """What must be said before the case can go."""
    match view.pending:
        case "time":
            return ["To be called again: .appointment and the time, or callback where none was given"]
        case "outcome":
            return ["The interview was not finished: key the outcome"]
        case _:
            return []


def number_line(number: NumberLine, *, dialled: bool) -> str:
    """`Number 1, current: (915) 555-0122, fixed line, dialled`."""
    line = "kind of line unknown" if number.line == "unknown" else f"{number.line} line"
    said = [flat(number.shown), line]
    said += {"dead": ["dead"], "never_call": ["never to be called"]}.get(number.state, [])
    said += ["dial by hand"] if number.by_hand else []
    said += [flat(number.came_to)] if number.came_to else []
    said += ["dialed"] if number.current and dialled else []
    said += [f"not now: {flat(number.why_not)}"] if number.why_not else []
    return f"Number {number.position}{', current' if number.current else ''}: {', '.join(said)}"


def _clock(view: OnCase) -> str:
    here = f"{view.here:%H:%M} here"
    if view.there is None:
        return f"Clock: {here}; the respondent's is not known"
    until = f", may be called until {view.until:%H:%M} there" if view.until is not None else ""
    return f"Clock: {view.there:%H:%M} there, {here}{until}"


def outcome_line(choice: OutcomeChoice) -> str:
    """`11  Never call again [never_call]`, with what must be typed behind it."""
    wants = {"note": " (and a note)", "number": " (and the new number)", "language": " (and which)"}
    return f"{choice.outcome.number}  {flat(choice.outcome.name)} [{choice.outcome.id}]{wants.get(choice.wants, '')}"


def promise_line(promise: PromiseLine) -> str:
    late = "LATE, " if promise.late else ""
    said = [f"{late}{when(promise.here)} here, {when(promise.there)} there", flat(promise.name), promise.key]
    said += [promise.owner] if promise.owner else []
    said += [f"ask for {flat(promise.person)}"] if promise.person else []
    said += [f"note: {flat(promise.note)}"] if promise.note else []
    return ", ".join(said)


def found_line(case: FoundCase) -> str:
    return f"{flat(case.name)}, {flat(case.number)}, {flat(case.stands)}: .fetch {case.key}"
