"""Lines of text for a prompt and for the result of an interview.

Control characters are replaced, and no text is markup. The caller adds brackets and marks.
"""

import re
from datetime import timedelta
from typing import assert_never

from survey_cli import entries
from survey_cli.sessions import AskedItem, ClosingReview, InterviewResult
from survey_cli.wording import format_quantity

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(text: str) -> str:
    """Replace whatever moves a cursor, rings a bell or reverses a line; line ends stay."""
    return _CONTROL_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\t", " "))


def render_words(words: entries.StyledText) -> str:
    """Render text as it is read, with `*` around emphasis."""
    return "".join(f"*{span.text}*" if span.stress else span.text for span in words).strip()


def flatten(text: str) -> str:
    """Return the text on one line."""
    return " ".join(clean(text).split())


def format_duration(time: timedelta) -> str:
    """`3 minutes 12 seconds`."""
    minutes, seconds = divmod(int(time.total_seconds()), 60)
    parts = [format_quantity(minutes, "minute")] if minutes else []
    return " ".join([*parts, format_quantity(seconds, "second")] if seconds or not parts else parts)


def render_option(choice: entries.OfferedOption, *, several: bool) -> str:
    remarks = [f"note: {flatten(choice.note)}"] if choice.note else []
    remarks += [] if choice.read else ["don't read"]
    remarks += ["alone"] if choice.exclusive and several else []
    remarks += [f"key {choice.code} and the words"] if choice.specify else []
    words = flatten(render_words(choice.text))
    parts = [str(choice.code) if words in ("", str(choice.code)) else f"{choice.code}  {words}"]
    parts += [f"({', '.join(remarks)})"] if remarks else []
    return " ".join(parts)


def render_options(prompt: entries.Prompt) -> tuple[str, ...]:
    """Render the options, or the codes of a line that have a meaning of their own, one per line."""
    match prompt.entry:
        case entries.PickEntry(options=choices, several=several):
            return tuple(render_option(choice, several=several) for choice in choices)
        case entries.LineEntry(labels=labels):
            return tuple(f"{code}  {flatten(text)}" for code, text in labels)
        case _:
            return ()


def render_codes(prompt: entries.Prompt) -> str:
    """Render the codes alone: `1 to 5`."""
    match prompt.entry:
        case entries.PickEntry() as pick:
            return pick.format_codes()
        case entries.LineEntry(labels=labels):
            return ", ".join(str(code) for code, _ in labels)
        case _:
            return ""


def render_hint(prompt: entries.Prompt, *, brief: bool = False) -> str:
    """Render what a line should contain here, where the options don't say so."""
    match prompt.entry:
        case entries.ReadEntry():
            return "Enter ends here" if prompt.ending else "Enter continues"
        case entries.PickEntry(several=True) as pick:
            most = f", at most {pick.max_count}" if pick.max_count is not None else ""
            order = ", in the order given" if pick.ordered else ""
            none = "; Enter alone for none" if pick.min_count == 0 and prompt.earlier is None else ""
            return f"{'several' if brief else 'any of these, blanks between'}{most}{order}{none}"
        case entries.PickEntry():
            return ""
        case entries.LineEntry(hint=hint, unit=unit, width=width):
            if unit and unit not in hint:
                hint = f"{hint} {unit}".strip()
            return hint or (f"at most {format_quantity(width, 'character')}" if width else "")
        case entries.VerbatimEntry():
            return "a line that ends in \\ continues on the next"
        case entries.LookupEntry():
            return "the computer answers this item"
        case _:
            assert_never(prompt.entry)


def render_earlier(earlier: entries.EarlierAnswer) -> str:
    words = flatten(earlier.label)
    match earlier.kind:
        case "answer":
            return f"was {words}: Enter keeps"
        case "prefill":
            return f"already here: {words}. Enter takes it"
        case "reopened":
            return f"was {words}, which no longer fits: ask again"
        case _:
            assert_never(earlier.kind)


def render_asked_item(item: AskedItem) -> str:
    """`q6  There is agreement …: 2 Agree`, for the list of what has been asked."""
    answer = f": {flatten(item.answer)}" if item.answer else ""
    return f"{item.place}  {flatten(item.text)}{answer}"


def render_review(review: ClosingReview) -> str:
    """Render what the interviewer looks through before the interview is complete, one thing a line."""
    lines = [
        f"Everything is answered: {format_quantity(review.answered, 'answer')} in {format_duration(review.duration)}"
    ]
    lines += [f"declined: {render_asked_item(item)}" for item in review.declined]
    for item in review.warnings:
        reason = f" ({flatten(item.reason)})" if item.reason else ""
        lines.append(f"confirmed despite a warning: {render_asked_item(item)}{reason}")
    lines += [f"note at {note.place}: {flatten(note.text)}" for note in review.notes]
    return "\n".join(lines)


def render_result(closing: InterviewResult, *, brief: bool = False) -> str:
    """Render how the interview ended, in a few lines, or briefly on one."""
    outcome = closing.outcome.name if closing.outcome is not None else ""
    match closing.status:
        case "ended":
            how = f"Ended: {outcome}" if outcome else "Ended"
        case "suspended":
            how = ": ".join(
                filter(None, ("Suspended", outcome or ("" if brief else "it can be resumed at the same item")))
            )
        case "lost":
            how = "Left: another station took over this interview"
        case _:
            how = f"Stopped: {outcome}" if outcome else "Stopped"
    answers = f"{format_quantity(closing.answered, 'answer')} in {format_duration(closing.duration)}"
    location = f"stored in {closing.stored_in}" if closing.stored_in and not brief else ""
    if closing.erased:
        answers, location = "0 answers stored: all are erased", ""
    ending = (f"{how}, {answers}",) if brief else (how, answers)
    return "\n".join(filter(None, (*ending, location, closing.remark)))
