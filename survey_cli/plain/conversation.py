"""What does a typed line ask for, and what is printed next? One interview, one line after another, each finished before
the next is read. It never asks what an item is about.
"""

from enum import Enum
from typing import assert_never

from survey_cli.desk import Conduct
from survey_cli.engine.events import Rejected
from survey_cli.entries import Line, Lookup, Pick, Picked, Prompt, Read, Unread, Verbatim
from survey_cli.outcomes import Outcome
from survey_cli.plain.streams import InputEnded, Printed, Typed, asked_line
from survey_cli.plain.wording import (
    DOT_WORDS,
    closed,
    flat,
    hint,
    lasted,
    listed,
    option,
    spoken,
    unknown,
    was,
)
from survey_cli.problems import nearest
from survey_cli.values import Place


class _Next(Enum):
    """What follows an entry that was taken."""

    ARRIVE = "show what is asked now"
    REPEAT = "show the whole item, its section too"
    WAIT = "the same item still waits for its line"


class Conversation:
    """One interview, line by line."""

    def __init__(self, desk: Conduct, typed: Typed, printed: Printed) -> None:
        self._desk = desk
        self._typed = typed
        self._printed = printed
        self._heading = ""
        self._turn = ""
        self._declines = ""
        self._place: Place | None = None

    def hold(self) -> Rejected | None:
        """To the end, or until it is put aside. A Rejected says why it could not be put aside. Raises OutputClosed."""
        self._printed.aside(f"{self._desk.title}, {self._desk.respondent}".strip(" ,"))
        if self._desk.practice:
            self._printed.aside("Practice interview")
        self._printed.aside(self._desk.notice)
        self._printed.aside(".help lists what else can be typed")
        why = self._talk()
        if (closing := self._desk.closing()) is not None:
            self._printed.aside(closed(closing))
        self._printed.finish()
        return why

    def _talk(self) -> Rejected | None:
        prompt, then = self._desk.prompt(), _Next.ARRIVE
        while prompt is not None:
            if then is not _Next.WAIT:
                self._show(prompt, anew=then is _Next.REPEAT)
            try:
                line = asked_line(self._printed, self._typed)
                outcome = self._take(line, prompt)
            except InputEnded:
                self._printed.end_line()
                return self._desk.suspend()
            if isinstance(outcome, Rejected):
                self._printed.marked("!", outcome.why)
                then = _Next.WAIT
            else:
                then = outcome
            prompt = self._desk.prompt()
        return None

    # out

    def _show(self, prompt: Prompt, *, anew: bool) -> None:
        """Section, turn, intro, words, options, instruction, hint, declines, earlier answer: always in this order."""
        query, printed = prompt.query, self._printed
        if query is None or anew or prompt.place != self._place:
            self._place = prompt.place
            self._headings(prompt, anew=anew)
            read = printed.bare if prompt.aloud else printed.aside
            read(spoken(prompt.intro))
            read(spoken(prompt.words))
            self._options(prompt)
            printed.aside(spoken(prompt.instruction))
            printed.aside(spoken(prompt.probe))
            if not prompt.aloud:
                printed.aside("not asked: your own entry")
            printed.aside(hint(prompt))
            self._permitted(prompt, anew=anew)
            if isinstance(prompt.entry, Verbatim) and (draft := self._desk.draft()):
                keeps = "" if prompt.earlier is not None else ": Enter keeps it"
                printed.aside(f"typed here, but not finished, when last left{keeps}\n{draft}")
            if prompt.earlier is not None and query is None:
                printed.bare(was(prompt.earlier))
        if query is not None:
            printed.marked("?", spoken(query.text))
            aloud = "read this aloud; " if query.aloud else ""
            printed.aside(f"{aloud}.ok if it is so, with a reason if you like, or another answer")

    def _headings(self, prompt: Prompt, *, anew: bool) -> None:
        """The section and the roster's turn, where they have changed."""
        turn = spoken(prompt.turn)
        if prompt.section != self._heading or anew:
            self._printed.aside(f"Section: {flat(prompt.section)}" if prompt.section else "")
            self._turn = ""
        if turn != self._turn or anew:
            self._printed.aside(turn)
        self._heading, self._turn = prompt.section, turn

    def _options(self, prompt: Prompt) -> None:
        match prompt.entry:
            case Pick(choices=choices, several=several):
                for choice in choices:
                    self._printed.bare(option(choice, several=several))
            case Line(labels=labels):
                for code, text in labels:
                    self._printed.bare(f"{code}  {flat(text)}")
            case _:
                return

    def _permitted(self, prompt: Prompt, *, anew: bool) -> None:
        """The declines, where they are others than at the last item that was asked for an answer."""
        if isinstance(prompt.entry, Read | Lookup):
            return
        declines = ", ".join(f".{d.id} {flat(d.text)}" for d in prompt.declines)
        if declines != self._declines or anew:
            self._printed.aside(f"or {declines}" if declines else "an answer is needed here")
        self._declines = declines

    # in

    def _take(self, line: str, prompt: Prompt) -> _Next | Rejected:
        """What a line asks for. Raises InputEnded where it wants further lines and there are none."""
        text = line.strip()
        typing = isinstance(prompt.entry, Line | Verbatim)
        if text.startswith(".") and not (typing and (text.startswith("..") or text[1:2].isdecimal())):
            return self._dot_word(text, prompt)
        if not text and prompt.query is not None:
            return Rejected("is it so? .ok, or another answer")
        literal = text[1:] if text.startswith("..") else text
        match prompt.entry:
            case Read() | Lookup():
                return self._desk.reply(text) or _Next.ARRIVE
            case Pick() as pick:
                return self._picked(text, pick, prompt)
            case Line():
                echo = self._desk.echo(literal) if literal else ""
                if (why := self._desk.reply(literal)) is not None:
                    return why
                if echo:
                    self._printed.marked("=", echo)
                return _Next.ARRIVE
            case Verbatim():
                if not literal and prompt.earlier is None:
                    literal = self._desk.draft()
                return self._desk.reply(self._continued(literal)) or _Next.ARRIVE
            case _:
                assert_never(prompt.entry)

    def _picked(self, text: str, pick: Pick, prompt: Prompt) -> _Next | Rejected:
        if not text:
            none = pick.several and pick.least == 0 and prompt.earlier is None
            return self._desk.reply(Picked(()) if none else "") or _Next.ARRIVE
        picked = pick.picked(text)
        if isinstance(picked, Unread):
            return Rejected(picked.why)
        return self._desk.reply(picked) or _Next.ARRIVE

    def _continued(self, text: str) -> str:
        """Text with the lines that follow it; each is kept as a draft as soon as it is there."""
        while text.endswith("\\"):
            text = text[:-1].rstrip()
            self._desk.save_draft(text)
            text = f"{text}\n{asked_line(self._printed, self._typed).rstrip()}"
        return text

    # dot words

    def _dot_word(self, text: str, prompt: Prompt) -> _Next | Rejected:
        word, *more = text[1:].split(None, 1) if text[1:2].strip() else ("", text[1:])
        word, rest = word.casefold(), "".join(more).strip()
        decline = next((d for d in prompt.declines if d.id.casefold() == word), None)
        if decline is not None:
            return self._desk.decline(decline.id) or _Next.ARRIVE
        match word:
            case "back":
                return self._desk.back() or _Next.ARRIVE
            case "jump":
                return self._jump(rest)
            case "note" if rest:
                if (why := self._desk.note(rest)) is not None:
                    return why
                self._printed.aside("noted")
                return _Next.WAIT
            case "note":
                return Rejected("a note wants words: .note and the words, on one line")
            case "lang":
                languages = ", ".join(prompt.languages)
                if not rest:
                    return Rejected(f"now {prompt.language}; .lang and one of {languages}")
                return self._desk.speak(rest) or _Next.REPEAT
            case "ok":
                if prompt.query is None:
                    return Rejected("nothing is in doubt here")
                return self._desk.confirm(rest) or _Next.ARRIVE
            case "suspend":
                return self._desk.suspend() or _Next.ARRIVE
            case "stop":
                return self._stop(rest, prompt)
            case "help":
                return self._help(prompt)
            case "faq":
                return self._faq(prompt)
            case "again":
                return _Next.REPEAT
            case _:
                return unknown(word, prompt)

    def _jump(self, wanted: str) -> _Next | Rejected:
        asked = self._desk.asked()
        if not wanted:
            for row in asked:
                self._printed.aside(listed(row))
            what = ".jump and one of these goes there" if asked else "nothing has been asked yet"
            self._printed.aside(what)
            return _Next.WAIT
        places = {str(row.place): row.place for row in asked}
        near = nearest(wanted, places)
        if near is not None and near.casefold() == wanted.casefold():
            return self._desk.jump(places[near]) or _Next.ARRIVE
        meant = f"did you mean {near}?" if near is not None else ".jump alone lists what has been"
        return Rejected(f"{wanted} has not been asked: {meant}")

    def _stop(self, wanted: str, prompt: Prompt) -> _Next | Rejected:
        stops = self._desk.stops()
        if not stops:
            return Rejected("there is no outcome for stopping here: .suspend puts it aside")
        if wanted:
            return self._stopped(wanted, stops)
        for number, outcome in enumerate(stops, 1):
            self._printed.aside(f"{number}  {outcome.name} ({outcome.id})")
        self._printed.aside("a number stops the interview with that outcome; Enter goes on with it")
        while line := asked_line(self._printed, self._typed).strip():
            if line.startswith("."):
                return self._dot_word(line, prompt)
            chosen = stops[int(line) - 1].id if line in map(str, range(1, len(stops) + 1)) else line
            stopped = self._stopped(chosen, stops)
            if isinstance(stopped, _Next):
                return stopped
            self._printed.marked("!", stopped.why)
        self._printed.aside("not stopped")
        return _Next.WAIT

    def _stopped(self, wanted: str, stops: tuple[Outcome, ...]) -> _Next | Rejected:
        ids = [outcome.id for outcome in stops]
        if wanted.casefold() in ids:
            return self._desk.stop(wanted.casefold()) or _Next.ARRIVE
        near = nearest(wanted, ids)
        return Rejected(f"{wanted} is none of them: " + (f"did you mean {near}?" if near else ", ".join(ids)))

    def _help(self, prompt: Prompt) -> _Next:
        there = self._desk.there()
        clock = f"; {there:%H:%M} there" if there is not None else ""
        spent = lasted(self._desk.elapsed())
        self._printed.aside(spoken(prompt.help))
        self._printed.aside(f"{prompt.place}, {prompt.position} of {prompt.of}; {spent} so far{clock}")
        for decline in prompt.declines:
            self._printed.aside(f".{decline.id}  {flat(decline.text)}")
        for word, does in DOT_WORDS.items():
            self._printed.aside(f"{word}  {does}")
        return _Next.WAIT

    def _faq(self, prompt: Prompt) -> _Next | Rejected:
        if not prompt.faq:
            return Rejected("this survey has no answers written to respondents' questions")
        for asked, answer in prompt.faq:
            self._printed.aside(spoken(asked))
            self._printed.bare(spoken(answer))
        return _Next.WAIT
