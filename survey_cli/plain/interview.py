"""What does a typed line ask for, and what is printed next? One interview, one line after another, each finished before
the next is read. It never asks what an item is about.
"""

from enum import Enum
from typing import assert_never

from survey_cli import entry_commands as commands
from survey_cli.engine.events import Rejection
from survey_cli.entries import (
    Decline,
    Line,
    Lookup,
    Pick,
    Picked,
    Prompt,
    Read,
    Reply,
    Unread,
    Verbatim,
    ascii_digits,
)
from survey_cli.outcomes import Outcome
from survey_cli.plain.interview_text import (
    closed,
    flat,
    hint,
    lasted,
    listed,
    option,
    spoken,
    was,
)
from survey_cli.plain.streams import InputEnded, Printed, Typed, asked_line
from survey_cli.sessions import Conduct
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
        self._denied = False
        """An answer read back was answered with no: the right one is awaited."""

    def hold(self) -> Rejection | None:
        """To the end, or until it is put aside. A Rejection says why it could not be put aside. Raises OutputClosed."""
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

    def _talk(self) -> Rejection | None:
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
            if isinstance(outcome, Rejection):
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
        self._denied = False
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
                printed.aside(f"you had begun to type here{keeps}\n{draft}")
            if prompt.earlier is not None and query is None:
                printed.bare(was(prompt.earlier))
        if query is not None:
            printed.marked("?", spoken(query.text))
            how = (
                f"read it aloud: {commands.READ_BACK}"
                if query.aloud
                else (".ok confirms it, with a reason if you like, or another answer")
            )
            printed.aside(how)

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

    def _take(self, line: str, prompt: Prompt) -> _Next | Rejection:
        """What a line asks for. Raises InputEnded where it wants further lines and there are none."""
        text = line.strip()
        query = prompt.query if not self._denied else None
        if commands.is_command(text, typing=isinstance(prompt.entry, Line | Verbatim)):
            return self._command(text, prompt)
        if query is not None and query.aloud:
            return self._read_back(text)
        if not text and prompt.query is not None:
            return Rejection(commands.CONFIRM if query is not None else commands.ASK_AGAIN)
        literal = commands.literal(text)
        match prompt.entry:
            case Read() | Lookup():
                if prompt.ending and not text and self._typed.doubled:
                    return Rejection(f"{commands.ENTER_TWICE}: Enter once more ends here")
                return self._given(text)
            case Pick() as pick:
                return self._picked(text, pick, prompt)
            case Line():
                return self._given(literal)
            case Verbatim():
                if not literal and prompt.earlier is None:
                    literal = self._desk.draft()
                return self._given(self._continued(literal), echoed=False)
            case _:
                assert_never(prompt.entry)

    def _given(self, reply: Reply, *, echoed: bool = True) -> _Next | Rejection:
        """Give an entry, and say what it was taken for; where it may mean several things, ask which."""
        echo = self._desk.echo(reply) if echoed and isinstance(reply, str) and reply else ""
        rejected = self._desk.reply(reply)
        if rejected is not None:
            return self._chosen(rejected) if rejected.meanings else rejected
        if echo:
            self._printed.marked("=", echo)
        return _Next.ARRIVE

    def _chosen(self, doubtful: Rejection) -> _Next | Rejection:
        """One of the things that an entry may mean, asked for by number."""
        self._printed.marked("?", doubtful.why)
        for number, meaning in enumerate(doubtful.meanings, 1):
            self._printed.bare(f"{number}  {meaning.words}")
        self._printed.aside("a number chooses; Enter alone cancels")
        line = ascii_digits(asked_line(self._printed, self._typed).strip())
        chosen = dict(enumerate(doubtful.meanings, 1)).get(int(line) if line.isdecimal() else 0)
        if chosen is None:
            return Rejection("nothing was taken: type the answer again")
        if chosen.decline:
            return self._desk.decline(chosen.decline) or _Next.ARRIVE
        return self._given(chosen.reply)

    def _read_back(self, text: str) -> _Next | Rejection:
        """The answer to a question read aloud about an answer."""
        match commands.read_back_answer(text):
            case None:
                return Rejection(commands.READ_BACK)
            case True:
                return self._desk.confirm() or _Next.ARRIVE
            case False:
                self._denied = True
                self._printed.aside(commands.ASK_AGAIN)
                return _Next.WAIT

    def _sure(self, question: str) -> bool:
        """Whether a step that cannot be undone is meant."""
        self._printed.marked("?", question)
        self._printed.aside(commands.YES_NO)
        return bool(commands.yes_or_no(asked_line(self._printed, self._typed)))

    def _picked(self, text: str, pick: Pick, prompt: Prompt) -> _Next | Rejection:
        if not text:
            none = pick.several and pick.least == 0 and prompt.earlier is None
            return self._given(Picked(()) if none else "")
        picked = pick.picked(text)
        return self._given(text if isinstance(picked, Unread) else picked)

    def _continued(self, text: str) -> str:
        """Text with the lines that follow it; each is kept as a draft as soon as it is there."""
        while text.endswith("\\"):
            text = text[:-1].rstrip()
            self._desk.save_draft(text)
            text = f"{text}\n{asked_line(self._printed, self._typed).rstrip()}"
        return text

    # commands

    def _command(self, text: str, prompt: Prompt) -> _Next | Rejection:
        typed = commands.read_command(text, prompt)
        if isinstance(typed, Unread):
            return Rejection(typed.why)
        if isinstance(typed, Decline):
            return self._desk.decline(typed.id) or _Next.ARRIVE
        match typed:
            case ("back", _):
                return self._desk.back() or _Next.ARRIVE
            case ("front", _):
                return self._desk.front() or _Next.ARRIVE
            case ("jump", rest):
                return self._jump(rest)
            case ("note", rest):
                return self._note(rest)
            case ("notes", rest):
                return self._notes(rest)
            case ("lang", rest):
                return self._language(rest, prompt)
            case ("ok", rest):
                if prompt.query is None:
                    return Rejection(commands.NOTHING_TO_CONFIRM)
                return self._desk.confirm(rest) or _Next.ARRIVE
            case ("suspend", _):
                return self._desk.suspend() or _Next.ARRIVE
            case ("stop", rest):
                return self._stop(rest, prompt)
            case ("faq", _):
                return self._faq(prompt)
            case ("again", _):
                return _Next.REPEAT
            case _:
                return self._help(prompt)

    def _note(self, text: str) -> _Next | Rejection:
        if not text:
            return Rejection("a note needs a text: .note and the text, on one line")
        if (why := self._desk.note(text)) is not None:
            return why
        self._printed.aside("noted")
        return _Next.WAIT

    def _notes(self, text: str) -> _Next | Rejection:
        """The notes of this interview, or another text for one of them."""
        notes = self._desk.notes()
        if text:
            replaced = commands.find_note(text, len(notes))
            if isinstance(replaced, Unread):
                return Rejection(replaced.why)
            number, words = replaced
            if (why := self._desk.note(words, replaces=notes[number - 1])) is not None:
                return why
            self._printed.aside("noted")
            return _Next.WAIT
        for number, note in enumerate(notes, 1):
            self._printed.aside(f"{number}  {note.place}: {flat(note.text)}")
        self._printed.aside(".notes NUMBER TEXT replaces one" if notes else "there is no note yet")
        return _Next.WAIT

    def _language(self, wanted: str, prompt: Prompt) -> _Next | Rejection:
        if len(prompt.languages) < 2:
            return Rejection(commands.NO_LANGUAGE)
        if not wanted:
            return Rejection(f"now {prompt.language}; type .lang and one of {', '.join(prompt.languages)}")
        return self._desk.speak(wanted) or _Next.REPEAT

    def _jump(self, wanted: str) -> _Next | Rejection:
        asked = self._desk.asked()
        if not wanted:
            for row in asked:
                self._printed.aside(listed(row))
            what = "type .jump and one of these" if asked else "nothing has been asked yet"
            self._printed.aside(what)
            return _Next.WAIT
        place = commands.find_place(wanted, (row.place for row in asked))
        return Rejection(place.why) if isinstance(place, Unread) else self._desk.jump(place) or _Next.ARRIVE

    def _stop(self, wanted: str, prompt: Prompt) -> _Next | Rejection:
        stops = self._desk.stops()
        if wanted or not stops:
            return self._stopped(wanted, stops)
        for outcome in stops:
            self._printed.aside(f"{outcome.number}  {outcome.name} ({outcome.id})")
        self._printed.aside(
            "a number ends the interview with that outcome; Enter alone goes on with the interview"
        )
        while line := asked_line(self._printed, self._typed).strip():
            if line.startswith("."):
                return self._command(line, prompt)
            stopped = self._stopped(line, stops)
            if isinstance(stopped, _Next):
                return stopped
            self._printed.marked("!", stopped.why)
        self._printed.aside("not ended")
        return _Next.WAIT

    def _stopped(self, wanted: str, stops: tuple[Outcome, ...]) -> _Next | Rejection:
        outcome = commands.find_outcome(wanted, stops)
        if isinstance(outcome, Unread):
            return Rejection(outcome.why)
        if not self._sure(commands.stop_question(outcome)):
            self._printed.aside("not ended")
            return _Next.WAIT
        return self._desk.stop(outcome.id) or _Next.ARRIVE

    def _help(self, prompt: Prompt) -> _Next:
        there = self._desk.there()
        clock = f"; {there:%H:%M} there" if there is not None else ""
        spent = lasted(self._desk.elapsed())
        self._printed.aside(spoken(prompt.help))
        self._printed.aside(f"{prompt.place}, {prompt.position} of {prompt.of}; {spent} so far{clock}")
        for decline in prompt.declines:
            self._printed.aside(f".{decline.id}  {flat(decline.text)}")
        for command in commands.COMMANDS:
            self._printed.aside(f"{command}  {command.help}")
        return _Next.WAIT

    def _faq(self, prompt: Prompt) -> _Next | Rejection:
        if not prompt.faq:
            return Rejection(commands.NO_FAQ)
        for asked, answer in prompt.faq:
            self._printed.aside(spoken(asked))
            self._printed.bare(spoken(answer))
        return _Next.WAIT
