"""How is a Prompt said in lines of text? Pure: what must not reach a terminal is replaced, nothing is markup.

What the respondent hears stands bare, options as `3  Disagree`; what is for the interviewer stands in brackets or behind
a mark. Whoever prints adds the brackets.
"""

import re
from datetime import timedelta
from typing import assert_never

from survey_cli.entries import Choice, Earlier, Line, Lookup, Pick, Prompt, Read, Verbatim, Words
from survey_cli.sessions import Asked, Closing

_UNSEEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(text: str) -> str:
    """The text without anything that moves a cursor, rings a bell or turns a line around; line ends stay."""
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\t", " "))


def spoken(words: Words) -> str:
    """Words as they are read, with `*` around what is stressed."""
    return "".join(f"*{span.text}*" if span.stress else span.text for span in words).strip()


def flat(text: str) -> str:
    """The text on one line."""
    return " ".join(clean(text).split())


def lasted(time: timedelta) -> str:
    """`3 minutes 12 seconds`."""
    minutes, seconds = divmod(int(time.total_seconds()), 60)
    said = [counted(minutes, "minute")] if minutes else []
    return " ".join([*said, counted(seconds, "second")] if seconds or not said else said)


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def option(choice: Choice, *, several: bool) -> str:
    remarks = [] if choice.read else ["don't read"]
    remarks += ["alone"] if choice.exclusive and several else []
    remarks += [f"key {choice.code} and the words"] if choice.specify else []
    words = flat(spoken(choice.words))
    parts = [str(choice.code) if words in ("", str(choice.code)) else f"{choice.code}  {words}"]
    parts += [f"[{flat(choice.note)}]"] if choice.note else []
    parts += [f"({', '.join(remarks)})"] if remarks else []
    return " ".join(parts)


def hint(prompt: Prompt) -> str:
    """What a line should hold here, where the options don't say so."""
    match prompt.entry:
        case Read():
            return "Enter ends here" if prompt.ending else "Enter goes on"
        case Pick(several=True) as pick:
            most = f", at most {pick.most}" if pick.most is not None else ""
            order = ", in the order given" if pick.ordered else ""
            none = "; Enter alone for none" if pick.least == 0 and prompt.earlier is None else ""
            return f"any of these, blanks between{most}{order}{none}"
        case Pick():
            return ""
        case Line(hint=hint, unit=unit, width=width):
            if unit and unit not in hint:
                hint = f"{hint} {unit}".strip()
            return hint or (f"at most {counted(width, 'character')}" if width else "")
        case Verbatim():
            return "a line that ends in \\ goes on in the next"
        case Lookup():
            return "the computer answers this one"
        case _:
            assert_never(prompt.entry)


def was(earlier: Earlier) -> str:
    words = flat(earlier.words)
    match earlier.kind:
        case "answer":
            return f"was {words}: Enter keeps"
        case "prefill":
            return f"already here: {words}. Enter takes it"
        case "reopened":
            return f"was {words}: it no longer fits, ask again"
        case _:
            assert_never(earlier.kind)


def listed(asked: Asked) -> str:
    """`q6  There is agreement …: 2 Agree`, for the list of what has been asked."""
    answer = f": {flat(asked.answer)}" if asked.answer else ""
    return f"{asked.place}  {flat(asked.words)}{answer}"


def closed(closing: Closing) -> str:
    """How it ended, in a few lines."""
    outcome = closing.outcome.name if closing.outcome is not None else ""
    match closing.status:
        case "ended":
            how = f"Ended: {outcome}" if outcome else "Ended"
        case "suspended":
            how = f"Suspended: {outcome or 'it can be resumed at the same item'}"
        case "lost":
            how = "Left: another station took it over"
        case _:
            how = f"Stopped: {outcome}" if outcome else "Stopped"
    answers = f"{counted(closing.answered, 'answer')} in {lasted(closing.took)}"
    kept = f"kept in {closing.kept_in}" if closing.kept_in else ""
    if closing.erased:
        answers, kept = "0 answers kept: all are erased", ""
    return "\n".join(filter(None, (how, answers, kept, closing.remark)))
