"""Keys of the station screen, translated into calls of the session and a state to draw.

Each key is handled completely before the next. It knows no terminal, no telephone and no rules about who may be
called.
"""

from dataclasses import replace
from typing import Final, assert_never

from survey_cli.entries import Rejection, to_ascii_digits
from survey_cli.problems import find_nearest
from survey_cli.sessions.station.station_protocol import (
    BreakView,
    CaseView,
    IdleView,
    OutcomeChoice,
    StationProtocol,
    StationView,
    WrapUpView,
)
from survey_cli.tui.edit import Edit
from survey_cli.tui.keyboard import Keyboard
from survey_cli.tui.modes import ENTER, Close, No
from survey_cli.tui.station_keys import BOUND, BY_KEY, BY_WORD, NAMED, Bound, Deed
from survey_cli.tui.station_modes import (
    AppointmentForm,
    AppointmentList,
    Book,
    CaseSearch,
    Choosing,
    Deciding,
    DialAgain,
    Fetch,
    Given,
    Heard,
    KeyOutcome,
    Leave,
    OutcomeQuestion,
    Record,
    Refusing,
    Saying,
    Spoke,
    StationAct,
    StationMode,
    StationNoteEditor,
    StationTextPage,
    Typed,
)
from survey_cli.tui.station_outcomes import Outcomes
from survey_cli.wording import format_quantity

LEAST_SOUGHT: Final = 2
"""Characters of a number or a name that are looked for; fewer would find half the sample."""


class StationBoard(Outcomes):
    """One interviewer's evening under one pair of hands; `press` and `paste` change what stands. While an interview is
    held, `talk` has the keys.
    """

    def __init__(self, calling: StationProtocol) -> None:
        super().__init__(calling)
        now = calling.view()
        if isinstance(now, IdleView) and not now.why:  # nobody has looked for a case yet
            self._done(calling.claim_next())
        else:
            self._look()

    # Keys in

    def press(self, key: str, at: float = 0.0) -> None:
        """One key: its character where it is printable, else its name (`enter`, `f8`)."""
        if self.talk is not None:
            self._talked(self.talk, key, at)
            return
        if len(key) > 1 and key not in NAMED:
            return
        self.bell = self.unexpected = False
        self.why = self.said = ""
        bound = BY_KEY.get(key) if len(key) > 1 else None
        if self.blind and key != "ctrl+c":
            self._refuse("the screen is too small to see what this key would do")
        elif key == "ctrl+c" and isinstance(self.mode, OutcomeQuestion) and isinstance(self.mode.then, Leave):
            self._act(Leave())
        elif isinstance(self.mode, Deciding):
            self._deciding(to_ascii_digits(key))
        elif bound is not None and key != "backspace":
            self._opened_over(bound)
        else:
            self._turned(self.mode.pressed(key))

    def paste(self, text: str) -> None:
        """Text pasted at once, on one line; nothing but a line takes it."""
        if self.talk is not None:
            self.talk.paste(text)
            self._flags(self.talk)
            return
        self.bell = self.unexpected = False
        self.why = self.said = ""
        flat = " ".join(text.split())
        match self.mode:
            case StationNoteEditor() | CaseSearch() as typing:
                self._turned(replace(typing, edit=typing.edit.typed(flat)))
            case AppointmentForm() | Refusing() as form:
                self._turned(form.pasted(flat))
            case _:
                self._refuse("pasted text is no key here")

    def _talked(self, talk: Keyboard, key: str, at: float) -> None:
        talk.press(key, at)
        self._flags(talk)
        if talk.left:
            self.talk = None
            self.bell = False
            self._done(self.calling.close_interview())
            self.unexpected = True

    def _flags(self, talk: Keyboard) -> None:
        self.bell, self.unexpected = talk.bell, talk.unexpected

    def dropped(self, keys: int) -> None:
        """Say that keys typed ahead were meant for a case that is gone."""
        if self.talk is not None:
            self.talk.dropped(keys)
        else:
            self.said = f"{format_quantity(keys, 'key')} typed ahead not used: this came first"

    def failed(self, error: Exception) -> None:
        """Say that a key broke something, and stand where the desk stands."""
        if self.talk is not None:
            self.talk.failed(error)
            self._flags(self.talk)
        else:
            self._refuse(f"that failed ({type(error).__name__}): check the screen, then try again")

    def beat(self) -> None:
        """Ten seconds have gone by: the case is kept, and where there is none a due one may come by itself."""
        self.bell = self.unexpected = False
        if self.talk is None and isinstance(self.view, IdleView) and not isinstance(self.mode, Deciding):
            return  # somebody rings back and is being looked for: no case may come over it
        self.calling.keep_alive()
        if self.talk is None and self._look():
            self.bell, self.why = True, ""
        elif self.case is None:
            self.appointments = self.calling.list_appointments()

    def ended_from_outside(self) -> None:
        """The program is told to end: put the interview aside, and the shift with it as far as it goes."""
        if self.talk is not None:
            self.talk.keep_draft()
            if self.talk.prompt is not None:
                self.talk.desk.suspend()
            self.talk = None
            self.calling.close_interview(then_next=False)
        self.calling.end_shift()

    # Deciding

    def _deciding(self, key: str) -> None:
        view = self.view
        bound = BY_KEY.get(key.casefold() if len(key) == 1 else key)
        if isinstance(view, CaseView):
            if key.isdecimal() and key in "12345678" and len(key) == 1:
                self._digit(int(key), view)
                return
            if key in ("pageup", "pagedown", "up", "down"):
                by = self.page if key.startswith("page") else 1
                self.older = max(self.older + (by if key.endswith("up") else -by), 0)
                return
        elif key in ENTER and isinstance(view, IdleView):
            self._done(self.calling.claim_next())
            return
        elif key in ENTER and isinstance(view, WrapUpView):
            self._done(self.calling.end_wrapup())
            return
        if key == ".":
            self._push(StationNoteEditor("command", Edit.of(".")))
        elif bound is not None:
            self._do(bound)
        elif key == "escape":
            return
        elif key in ENTER or len(key) == 1:
            self._refuse(self._offered(view))

    def _offered(self, view: StationView) -> str:
        match view:
            case CaseView(has_open_call=True):
                return "key the outcome of the call, or i begins the interview; F1 shows all keys"
            case CaseView():
                return "d dials, i starts the interview, a number keys the outcome of a call; F1 shows all keys"
            case IdleView():
                return "Enter looks again, / finds a respondent who calls back, q ends the shift"
            case BreakView():
                return "p resumes calling, q ends the shift"
            case WrapUpView():
                return "Enter goes on, q ends the shift"
            case _:
                assert_never(view)

    def _digit(self, digit: int, case: CaseView) -> None:
        choice = next((c for c in case.main_outcomes if c.outcome.number == digit), None)
        if choice is None:
            self._refuse(f"{digit} is no outcome here")
        else:
            self._keyed(choice)

    def _opened_over(self, bound: Bound) -> None:
        """An F-key while something is open: it closes what it opened, else opens its own."""
        typed = self.mode.edit.text.strip(".") if isinstance(self.mode, StationNoteEditor) else ""
        if typed:
            self._refuse("finish this line first: Enter saves it, Esc cancels it")
            return
        before = self.mode
        self._act(Close())
        self._do(bound)
        if _same(self.mode, before):
            self._close()

    def _do(self, bound: Bound, rest: str = "") -> None:
        """What a key or a dot word asks for."""
        case = self.case
        if case is None and not bound.idle:
            self._refuse_without_case()
            return
        deed: Deed = bound.deed
        match deed:
            case "find":
                self._push(CaseSearch())
                if rest:
                    self._turned(CaseSearch(Edit.of(rest)))
            case "appointments":
                self._push(AppointmentList(self.calling.list_appointments()))
            case "back":
                self._done(self.calling.revoke_outcome())
            case "pause":
                away = isinstance(self.view, BreakView)
                self._done(self.calling.end_break() if away else self.calling.start_break())
            case "leave":
                self._push(OutcomeQuestion("End the shift?", Leave(), "end it"))
            case "help":
                self._push(StationTextPage("help"))
            case _:
                assert case is not None
                self._do_on(deed, case, rest)

    def _do_on(self, deed: Deed, case: CaseView, rest: str) -> None:
        match deed:
            case "interview":
                self._interview()
            case "dial":
                self._dial(case)
            case "next":
                self._next_number(case)
            case "add":
                self._line("add", rest)
            case "note":
                self._line("remark", rest)
            case "outcomes":
                if case.other_outcomes:
                    self._push(Choosing(case.other_outcomes))
                else:
                    self._refuse("there are no other outcomes here")
            case "appointment":
                self._book(rest)
            case "scripts":
                if case.scripts:
                    self._push(Saying(case.scripts))
                else:
                    self._refuse("this survey has no scripts")
            case "faq":
                if case.faq:
                    self._push(StationTextPage("faq"))
                else:
                    self._refuse("this survey has no answers to respondents' questions")
            case _:
                self._done(self.calling.finish_case())

    def _interview(self) -> None:
        begun = self.calling.open_interview()
        if isinstance(begun, Rejection):
            self._done(begun)
            return
        self.talk = Keyboard(begun)
        self.unexpected = True

    def _dial(self, case: CaseView) -> None:
        current = next((n for n in case.numbers if n.current), None)
        if case.has_open_call and current is not None:
            self._push(OutcomeQuestion(f"{current.text} was dialed. Dial it again?", DialAgain(), "dial"))
        else:
            self._dialled(self.calling.dial())

    def _dialled(self, what: "Rejection | str") -> None:
        if isinstance(what, Rejection):
            self._done(what)
        else:
            self._done(None)
            self.said = what

    def _next_number(self, case: CaseView) -> None:
        """The next live number after the current one, those first that were not called in this sitting."""
        at = next((n for n, number in enumerate(case.numbers) if number.current), -1)
        others = [n for n in (*case.numbers[at + 1 :], *case.numbers[: max(at, 0)]) if n.state == "live"]
        chosen = next((n for n in others if not n.outcome), others[0] if others else None)
        if chosen is None:
            self._refuse("the case has no other number that can be called; + adds one")
        else:
            self._choose(chosen.position)

    def _choose(self, position: int) -> None:
        rejected = self.calling.choose_number(position)
        if rejected is None:
            self._expect()  # the interviewer wanted it: keys typed behind it were meant for it
        self._done(rejected)

    def _line(self, what: Typed, rest: str) -> None:
        if rest:
            self._given(what, rest)
        else:
            self._push(StationNoteEditor(what))

    # What a mode made of a key

    def _turned(self, turned: "StationMode | StationAct") -> None:
        match turned:
            case CaseSearch() as finding:
                self._found(finding)
            case AppointmentForm() as booking:
                self._replace(self._timed(booking))
            case (
                Deciding()
                | Choosing()
                | StationNoteEditor()
                | OutcomeQuestion()
                | Refusing()
                | AppointmentList()
                | Saying()
                | StationTextPage()
            ):
                self._replace(turned)
            case _:
                self._act(turned)

    def _found(self, finding: CaseSearch) -> None:
        before = self.mode
        if not isinstance(before, CaseSearch) or before.edit.text != finding.edit.text:
            text = finding.edit.text.strip()
            found = self.calling.search_cases(text) if len(text) >= LEAST_SOUGHT else ()
            finding = replace(finding, found=found, at=0)
        self._replace(finding)

    def _act(self, act: StationAct) -> None:
        match act:
            case Close():
                if isinstance(self.mode, AppointmentForm):
                    self._form = self.mode
                elif isinstance(self.mode, Refusing):
                    self._refusal = self.mode
                self._close()
            case No(why):
                self._refuse(why)
            case KeyOutcome(choice):
                self._close()
                self._keyed(choice)
            case Record():
                self._recorded(act)
            case Given(what, text):
                self._given(what, text)
            case Book():
                self._booked()
            case Heard():
                assert isinstance(self.mode, Refusing)
                self._wanted(self.mode.choice)
            case Fetch(key):
                self._stay(self.calling.fetch_case(key), said="")
            case Spoke(script):
                self._stay(self.calling.record_script(script), said="noted: the script was read")
            case DialAgain():
                self._close()
                self._dialled(self.calling.dial())
            case Leave():
                self._left()
            case _:
                assert_never(act)

    def _given(self, what: Typed, text: str) -> None:
        match what:
            case "remark":
                self._stay(self.calling.add_note(text), said="noted")
            case "add":
                self._stay(self.calling.add_number(text), said="kept, and it is the one that d dials")
            case _:
                self._dot_word(text)

    def _stay(self, rejected: Rejection | None, *, said: str) -> None:
        """What was done in something open: it closes when it was done, else stays with what was typed."""
        if rejected is None:
            self._close()
        self._done(rejected)
        if rejected is None and not self.said and not self.unexpected:
            self.said = said

    def _left(self) -> None:
        rejected = self.calling.end_shift()
        self._close()
        self._done(rejected)
        self.left = rejected is None

    # dot words

    def _dot_word(self, text: str) -> None:
        """A line that begins with a dot, as in the one-line face."""
        word, _, rest = text[1:].strip().partition(" ")
        word, rest = word.casefold(), rest.strip()
        case = self.case
        self._close()
        choices = {c.outcome.id: c for c in all_choices(case)} if case is not None else {}
        if word in BY_WORD:
            self._do(BY_WORD[word], rest)
        elif word in choices:
            self._keyed(choices[word], rest)
        elif word == "fetch" and rest:
            self._done(self.calling.fetch_case(rest))
        elif word == "number" and rest.isdecimal() and case is not None:
            numbers = case.numbers[int(rest) - 1 : int(rest)] if int(rest) else ()
            if numbers:
                self._choose(numbers[0].position)
            else:
                self._refuse(f"the case has {len(case.numbers)} numbers")
        else:
            known = [*(str(b.deed) for b in BOUND), "fetch", "number", *choices]
            near = find_nearest(word, known) if word else None
            meant = f"did you mean .{near}?" if near else ".help lists them"
            self._refuse(f".{word} is no command here: {meant}")


def all_choices(case: CaseView) -> tuple[OutcomeChoice, ...]:
    """Every outcome that can be keyed, those with a digit of their own first."""
    return (*case.main_outcomes, *(choice for _, choices in case.other_outcomes for choice in choices))


def _same(opened: StationMode, before: StationMode) -> bool:
    """Whether a key asked for what is open already: then it closes it."""
    if isinstance(opened, (StationTextPage, StationNoteEditor)) and isinstance(
        before, (StationTextPage, StationNoteEditor)
    ):
        return opened.what == before.what
    return type(opened) is type(before) and not isinstance(opened, Deciding)
