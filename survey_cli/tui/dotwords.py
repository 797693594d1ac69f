"""What does a line that begins with a dot ask for? Pure: the words are those of the one-line face, and a
decline goes by its id.
"""

from survey_cli.entries import Prompt
from survey_cli.outcomes import Outcome
from survey_cli.tui.modes import Act, Back, Decline, ItIsSo, Jump, No, Note, Open, Speak, Stopping, Suspend
from survey_cli.values import Place

OPENS = {"jump": "f3", "note": "f2", "lang": "f4", "stop": "f8", "help": "f1", "faq": "f5"}
"""Words that stand alone, and the keys that do the same."""


def is_dot_word(text: str) -> bool:
    """Whether typed text is a dot word and no answer: `..x` is an answer that begins with a dot, `.5` a
    number."""
    return (
        len(text) > 1 and text[0] == "." and text[1] != "." and not text[1].isdecimal() and "\n" not in text
    )


def literal(text: str) -> str:
    """An answer as it is meant: two dots at its beginning are one."""
    return text[1:] if text.startswith("..") and len(text) > 2 else text


def dot_word(text: str, prompt: Prompt, stops: tuple[Outcome, ...]) -> Act | Stopping:
    """What is asked for, or why it is nothing known."""
    word, _, rest = text[1:].strip().partition(" ")
    rest = rest.strip()
    decline = next((d for d in prompt.declines if d.id.casefold() == word.casefold()), None)
    if decline is not None:
        return Decline(decline.id, decline.text)
    match word.casefold():
        case "back":
            return Back()
        case "jump" if rest:
            try:
                return Jump(Place.parse(rest))
            except ValueError:
                return No(f"{rest} names no place: an id, or id#turn")
        case "note" if rest:
            return Note(rest)
        case "lang" if rest:
            return Speak(rest)
        case "ok":
            return ItIsSo(rest) if prompt.query is not None else No("nothing is in doubt here")
        case "suspend":
            return Suspend()
        case "stop" if rest:
            outcome = next((o for o in stops if o.id == rest.casefold()), None)
            if outcome is None:
                return No(f"{rest} is no way of stopping here: .stop lists them")
            return Stopping(stops, sure=outcome)
        case name if name in OPENS:
            return Open(OPENS[name])
        case _:
            return No(f".{word} is no dot word here: .help lists them")
