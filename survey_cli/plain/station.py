"""What does a typed line do at the station, and what is printed next? One evening of calls, one line after another, each
finished before the next is read. It knows no rule about who may be called.
"""

from collections.abc import Callable, Collection
from typing import Final

from survey_cli.engine.events import Rejection
from survey_cli.entries import ascii_digits
from survey_cli.plain.interview import Conversation
from survey_cli.plain.station_text import (
    STATION_WORDS,
    found_line,
    number_line,
    outcome_line,
    owed,
    promise_line,
    shown,
    tallied,
)
from survey_cli.plain.streams import InputEnded, Printed, Typed, asked_line
from survey_cli.problems import nearest
from survey_cli.sessions import Conduct
from survey_cli.sessions.station.station_protocol import (
    Away,
    Calling,
    Idle,
    Keeper,
    OnCase,
    OutcomeChoice,
    Unclear,
    View,
)

KEEPERS: Final[dict[str, Keeper]] = {"": "anyone", "1": "anyone", "2": "me", "3": "me_first"}
ASKED_FOR: Final = {
    "note": "this outcome needs a note",
    "number": "what is the new number?",
    "language": "which language?",
}
WHEN: Final = "when should we call again? tomorrow 3pm, thursday morning"


class _Dropped(Exception):
    """What was begun was given up: nothing was done."""


class Station:
    """One evening, line by line."""

    def __init__(self, calling: Calling, typed: Typed, printed: Printed) -> None:
        self._calling = calling
        self._typed = typed
        self._printed = printed
        self.talk: Conduct | None = None
        """The interview that is held now."""
        self._shown: View | None = None
        self._notice = ""
        self._left = False

    def hold(self) -> Rejection | None:
        """To the end of the shift. A Rejection says what is still owed where the input ended before. Raises
        OutputClosed."""
        calling, printed = self._calling, self._printed
        printed.aside(
            ", ".join(part for part in (calling.title, calling.interviewer, calling.station) if part)
        )
        printed.aside(".help lists what can be typed")
        now = calling.view()
        if isinstance(now, Idle) and not now.why:
            self._said(calling.take_next())
        try:
            while not self._left:
                self._show()
                self._handle(asked_line(self._printed, self._typed).strip())
        except InputEnded:
            printed.end_line()
            if (owes := calling.leave()) is not None:
                return owes
        printed.aside(tallied(calling.tally()))
        printed.finish()
        return None

    def _handle(self, text: str) -> None:
        """One line; where another case came since it was asked for, the line was not meant for that."""
        self._calling.beat()
        if text and text != ".leave" and _other(self._calling.view(), self._shown):
            self._printed.marked("!", "this came first, and your line was not used: type it again")
            return
        try:
            self._said(self._take(text))
        except _Dropped:
            self._printed.aside("not done")

    def _said(self, rejected: Rejection | None) -> None:
        if rejected is not None:
            self._printed.marked("!", rejected.why)

    # out

    def _show(self) -> None:
        """What stands now, in full where it is another thing than before, else what has changed."""
        view, before = self._calling.view(), self._shown
        notice = self._calling.notice()
        if notice and notice != self._notice:
            self._printed.marked("=", notice)
        self._notice = notice
        if _other(view, before):
            self._all(view)
        elif isinstance(view, OnCase) and isinstance(before, OnCase):
            for number in view.numbers:
                line = number_line(number, dialled=view.dialled)
                if line not in {number_line(n, dialled=before.dialled) for n in before.numbers}:
                    self._printed.aside(line)
            if view.pending != before.pending:
                for line in owed(view):
                    self._printed.aside(line)
        self._shown = view

    def _all(self, view: View) -> None:
        for line in shown(view):
            self._printed.aside(line)
        if isinstance(view, OnCase):
            for choice in view.first:
                self._printed.bare(outcome_line(choice))
            if view.more:
                self._printed.aside(".outcomes lists the others")

    # in

    def _take(self, text: str) -> Rejection | None:
        if text.startswith("."):
            return self._dot_word(text)
        view = self._calling.view()
        if not isinstance(view, OnCase):
            if not text and isinstance(view, Idle):
                return self._take_next()
            return Rejection(
                ".pause resumes calling"
                if isinstance(view, Away)
                else _why_paused(view) or "there is no case: .next looks for one"
            )
        if not text:
            return Rejection(".dial, .interview, or the number of an outcome")
        word, _, rest = text.partition(" ")
        choices = _choices(view)
        keyed = ascii_digits(word).casefold()
        choice = next((c for c in choices if keyed in (str(c.outcome.number), c.outcome.id)), None)
        if choice is None:
            near = nearest(word, [c.outcome.id for c in choices])
            meant = f"did you mean {near}?" if near is not None else ".outcomes lists them"
            return Rejection(f"{word} is no outcome here: {meant}")
        return self._record(choice, rest.strip(), view)

    def _dot_word(self, text: str) -> Rejection | None:
        word, _, rest = text[1:].partition(" ")
        word, rest = word.casefold(), rest.strip()
        calling = self._calling
        match word:
            case "find":
                return self._find(rest)
            case "fetch" if rest:
                return calling.fetch(rest)
            case "promises":
                promises = [promise_line(p) for p in calling.promises()]
                self._list(promises or ["you have no open appointments"])
            case "back":
                return calling.take_back()
            case "pause":
                return calling.go_on() if isinstance(calling.view(), Away) else calling.pause()
            case "leave":
                self._left = (why := calling.leave()) is None
                return why
            case "help":
                self._list([f"{said}  {does}" for said, does in STATION_WORDS.items()])
            case "again":
                self._all(calling.view())
            case "next" if isinstance(calling.view(), Idle):
                return self._take_next()
            case _:
                return self._on_case(word, rest)
        return None

    def _take_next(self) -> Rejection | None:
        """Look for a case; where the study is paused still, say the pause again."""
        paused = _why_paused(self._calling.view())
        rejected = self._calling.take_next()
        if rejected is None and paused and (why := _why_paused(self._calling.view())):
            return Rejection(why)
        return rejected

    def _on_case(self, word: str, rest: str) -> Rejection | None:
        """Dot words that want a case."""
        known = [said[1:].partition(" ")[0] for said in STATION_WORDS]
        view = self._calling.view()
        if word in known and not isinstance(view, OnCase):
            return Rejection(_why_paused(view) or "there is no case on the screen: .next looks for one")
        if isinstance(view, OnCase):
            match word:
                case "dial":
                    return self._dial(view)
                case "interview":
                    return self._interview()
                case "outcomes":
                    self._outcomes(view)
                    return None
                case "next":
                    return self._next_number(view)
                case "number" if rest.isdecimal():
                    return self._calling.choose(int(rest))
                case "add" if rest:
                    return self._calling.add_number(rest)
                case "note" if rest:
                    return self._noted(self._calling.remark(rest))
                case "appointment" if rest:
                    return self._appointment(rest)
                case "scripts":
                    return self._scripts(view, rest)
                case "faq":
                    return self._faq(view)
                case _:
                    pass
            if word == "finish":
                return self._calling.finish()
            if (choice := next((c for c in _choices(view) if c.outcome.id == word), None)) is not None:
                return self._record(choice, rest, view)
        if word in known:
            said = next(s for s in STATION_WORDS if s[1:].partition(" ")[0] == word)
            return Rejection(f"it is typed as {said}")
        near = nearest(word, known) if word else None
        return Rejection(
            f".{word} is no command here: {f'did you mean .{near}?' if near else '.help lists them'}"
        )

    def _list(self, lines: list[str]) -> None:
        for line in lines:
            self._printed.aside(line)

    def _noted(self, rejected: Rejection | None) -> Rejection | None:
        if rejected is None:
            self._printed.aside("noted")
        return rejected

    def _dial(self, view: OnCase) -> Rejection | None:
        if view.dialled:
            self._sure("it was dialed: y dials it again")
        said = self._calling.dial()
        if isinstance(said, Rejection):
            return said
        self._printed.marked("=", said)
        return None

    def _next_number(self, view: OnCase) -> Rejection | None:
        """The next live number after the current one, those first that were not called in this sitting."""
        at = next((n for n, number in enumerate(view.numbers) if number.current), -1)
        others = [n for n in (*view.numbers[at + 1 :], *view.numbers[: max(at, 0)]) if n.state == "live"]
        chosen = next((n for n in others if not n.came_to), others[0] if others else None)
        if chosen is None:
            return Rejection("the case has no other number that can be called; .add NUMBER adds one")
        return self._calling.choose(chosen.position)

    def _outcomes(self, view: OnCase) -> None:
        for heading, choices in (("", view.first), *view.more):
            self._printed.aside(heading)
            for choice in choices:
                self._printed.bare(outcome_line(choice))

    def _record(self, choice: OutcomeChoice, rest: str, view: OnCase) -> Rejection | None:
        name, wants = choice.outcome.name, choice.wants
        if wants == "time":
            return self._appointment(rest or self._asked(WHEN))
        told = self._told(rest) if choice.refusal else None
        rest = "" if choice.refusal else rest
        if wants == "sure":
            self._sure(f"{name}: the case will not be called again; y keys it")
        elif wants:
            rest = rest or self._asked(ASKED_FOR[wants])
        elif not view.dialled and not view.pending:
            self._sure(f"this number was not dialed from here; y keys {name} anyway")
        if told is not None and any(told):
            who, reason, strength = told
            if (why := self._calling.note_refusal(reason=reason, strength=strength, who=who)) is not None:
                return why
        named = {"number": rest} if wants == "number" else {"language": rest} if wants == "language" else {}
        if named:
            return self._calling.record(choice.outcome.id, **named)
        return self._calling.record(choice.outcome.id, note=rest)

    def _told(self, reason: str) -> tuple[str, str, int]:
        """Who refused, why and how strongly: a reason typed behind the outcome is all that is told."""
        if reason:
            return "", reason, 0
        who = self._more("who refused? Enter for nobody named")
        reason = self._more("the reason that was given? Enter for none")
        asked = "how strong? 1 no time, perhaps another day, 2 unwilling, 3 angry, Enter for not said"
        strength = self._one_of(("", "1", "2", "3"), self._more, asked)
        return who, reason, int(strength or 0)

    def _find(self, text: str) -> Rejection | None:
        if len(text) < 2:
            return Rejection("a part of the number, the name or the key: .find 555 01")
        self._list([found_line(case) for case in self._calling.find(text)] or ["no case has this"])
        return None

    def _scripts(self, view: OnCase, wanted: str) -> Rejection | None:
        if wanted:
            return self._noted(self._calling.spoke(wanted))
        for script in view.scripts:
            used = ", read already, once per case" if script.used else ""
            self._printed.aside(f"{script.id}{used}")
            self._printed.bare(script.text)
        return None if view.scripts else Rejection("this survey has no scripts")

    def _faq(self, view: OnCase) -> Rejection | None:
        for asked, answer in view.faq:
            self._printed.aside(asked)
            self._printed.bare(answer)
        return None if view.faq else Rejection("this survey has no answers to respondents' questions")

    def _interview(self) -> Rejection | None:
        begun = self._calling.interview()
        if isinstance(begun, Rejection):
            return begun
        self.talk = begun
        why = Conversation(begun, self._typed, self._printed).hold()
        self.talk = None
        self._said(why)
        came_back = self._calling.came_back()
        view = self._calling.view()
        if came_back is None and isinstance(view, OnCase) and view.pending == "time":
            return self._appointment(self._asked(WHEN))
        return came_back

    # what wants more than one line

    def _asked(self, what: str) -> str:
        """A line of words; an empty one, or a dot word, gives it up."""
        self._printed.aside(f"{what} (Enter alone cancels)")
        line = asked_line(self._printed, self._typed).strip()
        if not line or line.startswith("."):
            raise _Dropped
        return line

    def _sure(self, what: str) -> None:
        self._printed.marked("?", what)
        if asked_line(self._printed, self._typed).strip().casefold() not in ("y", "yes"):
            raise _Dropped

    def _appointment(self, text: str) -> Rejection | None:
        """Book an appointment: its time is understood first, then who calls, whom to ask for and a note are asked."""
        reading = 0
        while isinstance(taken := self._calling.read_time(text, reading), Unclear):
            if taken.choices:
                self._printed.marked("?", taken.why)
                for n, meant in enumerate(taken.choices, 1):
                    self._printed.bare(f"{n}  {meant}")
                numbers = [str(n) for n in range(1, len(taken.choices) + 1)]
                reading = int(self._one_of(numbers, self._asked, "which one?"))
            else:
                self._printed.marked("!", taken.why)
                text = self._asked(WHEN)
        self._printed.marked("=", ", ".join(part for part in (taken.echo, taken.hint) if part))
        asked = "who calls? 1 anyone, 2 only me, 3 me first, Enter for anyone"
        keeper = KEEPERS[self._one_of(KEEPERS, self._more, asked)]
        person = self._more("whom to ask for? Enter for nobody named")
        note = self._more("a note? Enter for none")
        return self._calling.book(text, reading=reading, keeper=keeper, person=person, note=note)

    def _one_of(self, choices: Collection[str], ask: Callable[[str], str], what: str) -> str:
        """A line that is one of the choices; asked again until it is."""
        while (line := ask(what)) not in choices:
            self._printed.marked("!", f"{line} is not one of them")
        return line

    def _more(self, what: str) -> str:
        """A line that may stay empty; a dot word gives what was begun up."""
        self._printed.aside(f"{what} (.drop cancels)")
        line = asked_line(self._printed, self._typed).strip()
        if line.startswith("."):
            raise _Dropped
        return line


def _choices(view: OnCase) -> tuple[OutcomeChoice, ...]:
    """Every outcome that can be keyed, in the order of their numbers."""
    return (*view.first, *(choice for _, choices in view.more for choice in choices))


def _why_paused(view: View) -> str:
    """By whom the study is paused, since when and what for; empty while it runs."""
    return view.why if isinstance(view, Idle) and view.paused else ""


def _other(view: View, before: View | None) -> bool:
    """Whether another case, or none, is before the interviewer now."""
    if isinstance(view, OnCase) and isinstance(before, OnCase):
        return (view.key, view.attempt) != (before.key, before.attempt)
    if isinstance(view, Idle) and isinstance(before, Idle):
        return view.paused != before.paused
    return type(view) is not type(before)
