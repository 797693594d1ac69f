"""Screen of a station: each key becomes a call of the session, and the widgets show the case that follows.

It knows no terminal, no telephone and no rules about who may be called.
"""

import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, assert_never

from textual.app import ComposeResult
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from survey_cli.entries import Rejection, to_ascii_digits
from survey_cli.problems import find_nearest
from survey_cli.sessions.station.shift import render_shift_summary
from survey_cli.sessions.station.station_protocol import (
    BreakView,
    CaseView,
    IdleView,
    OutcomeChoice,
    StationAppointment,
    StationProtocol,
    StationView,
    WrapUpView,
)
from survey_cli.tui.interview.screen import InterviewScreen
from survey_cli.tui.station.case import build_appointments as build_next_appointments
from survey_cli.tui.station.case import build_faq, build_shift, build_side, describe_due, format_appointment
from survey_cli.tui.station.forms import POLICIES, AppointmentPanel, FormValues, RefusalPanel, ScriptsPanel
from survey_cli.tui.station.keys import (
    BY_KEY,
    BY_WORD,
    OPENERS,
    STATION_KEYS,
    StationKey,
    build_key_help,
    describe_offered,
    list_call_keys,
    list_keys,
)
from survey_cli.tui.station.views import CardState, CaseCard, HistoryView, KeyCell, OutcomeGrid
from survey_cli.tui.station.waiting import format_duration
from survey_cli.tui.widgets.form import FormPanel
from survey_cli.tui.widgets.key_screen import EDITING_KEYS, KeyScreen
from survey_cli.tui.widgets.panel import Choice, ChoicePanel, LinePanel, ListPanel, Row, TextPanel, scroll_by_key
from survey_cli.tui.widgets.terminal import ENTER
from survey_cli.tui.widgets.text import (
    MARGIN,
    Header,
    HeaderState,
    KeyBar,
    TextView,
    build_section,
    hang,
    join_lines,
    styled,
)
from survey_cli.wording import format_quantity, shorten

Submit = Callable[[str], Awaitable[None]]
NO_CASE: Final = "there is no case on the screen"
MIN_SEARCH: Final = 2
"""Characters of a number or a name that are searched for; fewer would find half the sample."""
BELL_VARIABLE: Final = "SURVEY_BELL"
"""Set to 1, the terminal's bell rings once when an appointment becomes due."""
LABELS: Final = {"note": "note: ", "number": "the new number: ", "language": "which language: "}
PENDING: Final = {
    "time": "to be called again: give the time (a), or key that none was agreed",
    "outcome": "the interview was not finished: key the outcome",
}
NARROW: Final = 70
"""Columns below which the key for an appointment stands in the key bar."""
MAX_WIDTH: Final = 82
"""Columns that the case takes at most, with its margins."""
APART: Final = 28
"""Rows from which the outcomes stand apart from what begins a call."""
OTHER_ROWS: Final = 11
"""Rows for the header, the outcomes, a message and the key bar."""


class StationScreen(KeyScreen):
    """One interviewer's shift. An interview is a screen of its own on top of it."""

    named_keys = EDITING_KEYS | OPENERS
    VERTICAL_BREAKPOINTS = [(0, "-short"), (24, "-tall"), (34, "-high")]  # noqa: RUF012 - as Textual declares it

    def __init__(self, session: StationProtocol) -> None:
        super().__init__()
        self.session = session
        self.now: StationView = session.view()
        """What is on the screen: read from the session after each of its methods, and every second."""
        self.appointments: tuple[StationAppointment, ...] = ()
        """This interviewer's open appointments."""
        self._interview_screen: InterviewScreen | None = None
        """The interview that is open on top."""
        self._seen: tuple[object, ...] = ()
        self._form: FormValues = {}
        """An appointment that was half typed when its form was closed."""
        self._refusal: FormValues = {}
        """What was typed of a refusal when its form was closed."""
        self._told: FormValues = {}
        """What of this refusal is stored already, though its outcome is not."""
        self._outcome_notice = ""
        """The session's notice of the outcome that can be taken back."""
        self._announced = ""
        """The case of the appointment that was last announced."""
        self._rings = os.environ.get(BELL_VARIABLE) == "1"

    def compose(self) -> ComposeResult:
        yield Header()
        yield KeyBar()
        with VerticalScroll(id="side", can_focus=False):
            yield TextView(id="case")
        with Vertical(id="main"):
            with Vertical(id="station"):
                yield CaseCard()
                yield TextView(id="due")
                yield HistoryView()
                yield TextView(id="waiting")
                yield OutcomeGrid()
                yield TextView(id="station-message")
            yield Container(id="panels")
            yield TextView(id="panel-message")
        yield Static(id="too-small", markup=False)

    async def start(self) -> None:
        if isinstance(self.now, IdleView) and not self.now.why:  # nobody has looked for a case yet
            await self._finish(self.session.claim_next())
        else:
            await self.look()

    @property
    def case(self) -> CaseView | None:
        """The case that is on the screen."""
        return self.now if isinstance(self.now, CaseView) else None

    # Keys

    async def press(self, key: str, at: float) -> None:
        self.forget_messages()
        panel = self.panel
        if key == "ctrl+c" and panel is not None and panel.what == "leave":
            await self._leave()
        elif key in OPENERS:
            await self._open_over(BY_KEY[key])
        elif panel is not None:
            await panel.press(key)
        else:
            await self._decide(to_ascii_digits(key))

    async def paste(self, text: str) -> None:
        self.forget_messages()
        if self.panel is not None:
            await self.panel.paste(" ".join(text.split()))
        else:
            self.refuse("pasted text is no key here")

    async def _open_over(self, key: StationKey) -> None:
        """Do what an F-key does whatever is open; the same key closes what it opened."""
        panel = self.panel
        if panel is not None:
            if panel.unfinished:
                self.refuse("finish this line first: Enter saves it, Esc cancels it")
                return
            await self.close_panel()
            if panel.what == key.action:
                return
        await self._do(key)

    async def _decide(self, key: str) -> None:
        """Handle a key while nothing is open."""
        view = self.now
        known = BY_KEY.get(key.casefold() if len(key) == 1 else key)
        if isinstance(view, CaseView) and len(key) == 1 and key in "12345678":
            await self._press_digit(int(key), view)
        elif key in ("up", "down", "pageup", "pagedown"):
            scroll_by_key(self.query_one(HistoryView), key)
        elif key in ENTER and isinstance(view, IdleView):
            await self._finish(self.session.claim_next())
        elif key in ENTER and isinstance(view, WrapUpView):
            await self._finish(self.session.end_wrapup())
        elif key == ".":
            await self.open_panel(LinePanel("command", "", self._run_command, text=".", saves="run it"))
        elif known is not None:
            await self._do(known)
        elif key in ENTER or len(key) == 1:
            self.refuse(describe_offered(view))

    async def _press_digit(self, digit: int, case: CaseView) -> None:
        choice = next((c for c in case.main_outcomes if c.outcome.number == digit), None)
        if choice is None:
            self.refuse(f"{digit} is no outcome here")
        else:
            await self._choose_outcome(choice)

    async def _do(self, key: StationKey, rest: str = "") -> None:
        """Do what a key or a dot word asks for."""
        act = {
            "find": self._open_search,
            "appointments": self._open_appointments,
            "back": self._take_back,
            "pause": self._pause,
            "leave": self._open_end,
            "help": self._open_help,
            "case": self._open_case,
            "palette": self._open_palette,
            "note": self._open_note,
        }.get(key.action)
        case = self.case
        if act is not None:
            await act(rest)
        elif case is None:
            self._refuse_without_case()
        else:
            await self._do_with_case(key.action, case, rest)

    async def _do_with_case(self, action: str, case: CaseView, rest: str) -> None:
        match action:
            case "interview":
                await self._interview()
            case "dial":
                await self._dial(case)
            case "next":
                await self._choose_next_number(case)
            case "add":
                await self._open_line("add", "another number: ", self._add_number, rest)
            case "outcomes":
                await self._open_outcomes(case)
            case "appointment":
                await self._open_appointment(case, rest)
            case "scripts" if case.scripts:
                await self.open_panel(ScriptsPanel(case.scripts, self._record_script))
            case "scripts":
                self.refuse("this survey has no scripts")
            case "faq" if case.faq:
                await self.open_panel(TextPanel("faq", build_faq(case.faq)))
            case "faq":
                self.refuse("this survey has no answers to respondents' questions")
            case _:
                await self._finish(self.session.finish_case())

    # After each call of the session

    async def _finish(self, rejection: Rejection | None) -> bool:
        """Go on to what is on the screen now, or say why not; returns whether it was accepted."""
        await self.look()
        if rejection is not None:
            self.refuse(rejection.why)
        return rejection is None

    async def _stay(self, rejection: Rejection | None, *, said: str) -> None:
        """Close what is open where its purpose was done; else it stays with what was typed."""
        if rejection is None:
            await self.close_panel()
        if await self._finish(rejection) and not self.said and not self.unexpected:
            self.said = said

    async def look(self) -> bool:
        """See what the session shows now; returns whether it is something else than before."""
        self.now = view = _drop_seconds(self.session.view())
        seen = _identify(view)
        if seen == self._seen:
            return False
        is_same_case = seen[:3] == self._seen[:3]
        self._seen = seen
        self.unexpected = True
        await self.close_panels()
        if not is_same_case:
            self._form, self._refusal, self._told = {}, {}, {}
            self.appointments = self.session.list_appointments()
        if isinstance(view, CaseView) and view.pending_input == "time":
            await self._open_appointment(view, "")
        return True

    def _expect(self) -> None:
        """Take what the session shows now for what the interviewer asked for."""
        self.now = _drop_seconds(self.session.view())
        self._seen = _identify(self.now)

    def _refuse_without_case(self) -> None:
        """Say why there is no case to act on: the pause where the study is paused."""
        view = self.now
        self.refuse(view.why if isinstance(view, IdleView) and view.study_is_paused else NO_CASE)

    def fail(self, error: Exception) -> None:
        self.refuse(f"that failed ({type(error).__name__}): check the screen, then try again")

    # The case and its numbers

    async def _dial(self, case: CaseView) -> None:
        number = next((number for number in case.numbers if number.current), None)
        if not case.has_open_call or number is None:
            await self._dial_now()
            return
        question = f"{number.text} was dialed. Dial it again?"
        await self.open_panel(ChoicePanel(question, (Choice("y", "dial", self._dial_now), NO)))

    async def _dial_now(self) -> None:
        result = self.session.dial()
        if isinstance(result, Rejection):
            await self._finish(result)
        else:
            await self._finish(None)
            self.said = result

    async def _choose_next_number(self, case: CaseView) -> None:
        """Choose the next live number after the current one, those first that were not called in this attempt."""
        at = next((n for n, number in enumerate(case.numbers) if number.current), -1)
        others = [n for n in (*case.numbers[at + 1 :], *case.numbers[: max(at, 0)]) if n.state == "live"]
        chosen = next((n for n in others if not n.outcome), others[0] if others else None)
        if chosen is None:
            self.refuse("the case has no other number that can be called; + adds one")
        else:
            await self._choose_number(chosen.position)

    async def _choose_number(self, position: int) -> None:
        rejection = self.session.choose_number(position)
        if rejection is None:
            self._expect()  # the interviewer wanted it: keys typed behind it were meant for it
        await self._finish(rejection)

    async def _open_line(self, what: str, label: str, act: Submit, text: str = "") -> None:
        """Open a line; with a text, do what its Enter would do."""
        if text:
            await act(text)
            return

        async def submit(typed: str) -> None:
            await (act(typed) if typed else self.close_panel())

        await self.open_panel(LinePanel(what, label, submit))

    async def _add_number(self, text: str) -> None:
        await self._stay(self.session.add_number(text), said="stored, and it is the number that d dials")

    async def _open_note(self, rest: str) -> None:
        if isinstance(self.now, CaseView | WrapUpView):
            label = f"note on {shorten(self.now.case)}: " if isinstance(self.now, WrapUpView) else "note: "
            await self._open_line("note", label, self._add_note, rest)
        else:
            self._refuse_without_case()

    async def _add_note(self, text: str) -> None:
        await self._stay(self.session.add_note(text), said="noted")

    async def _record_script(self, script: str) -> None:
        await self._stay(self.session.record_script(script), said="noted: the script was read")

    # Outcomes

    async def _open_outcomes(self, case: CaseView) -> None:
        rows = [
            Row(
                (str(choice.outcome.number), choice.outcome.name),
                partial(self._take_outcome, choice),
                str(choice.outcome.number),
                heading,
                choice.outcome.id,
            )
            for heading, choices in case.other_outcomes
            for choice in choices
        ]
        if not rows:
            self.refuse("there are no other outcomes here")
            return
        empty = "no outcome has these words"
        await self.open_panel(ListPanel("outcomes", "outcome: ", rows, marked=None, empty=empty, takes="record it"))

    async def _take_outcome(self, choice: OutcomeChoice) -> None:
        await self.close_panel()
        await self._choose_outcome(choice)

    async def _choose_outcome(self, choice: OutcomeChoice, words: str = "") -> None:
        """Ask what there is to know of a refusal, then what the outcome requires."""
        case = self.case
        if case is None:
            self._refuse_without_case()
        elif choice.is_refusal:
            if words:
                self._refusal["reason"] = words
            act = partial(self._require, choice)
            await self.open_panel(RefusalPanel(choice.outcome.name, case, self._refusal, act))
        else:
            await self._require(choice, words)

    async def _require(self, choice: OutcomeChoice, words: str = "") -> None:
        """Ask what an outcome requires, and once more where it can't be undone or no call is known."""
        case = self.case
        if case is None:
            self._refuse_without_case()
            return
        name = choice.outcome.name
        record = partial(self._record, choice)
        match choice.required_input:
            case "time":
                await self._open_appointment(case, words)
            case "note" | "number" | "language" as required:
                await self._open_required_line(choice, required, words)
            case "sure":
                question = f"{name}: the case will not be called again. Record it?"
                await self.open_panel(ChoicePanel(question, (Choice("y", "record it", record), NO)))
            case "" if not case.has_open_call and not case.pending_input:
                question = f"This number was not dialed from here (d dials). Record “{name}” anyway?"
                await self.open_panel(ChoicePanel(question, (Choice("y", "record it", record), NO)))
            case "":
                await record()

    async def _open_required_line(self, choice: OutcomeChoice, required: str, words: str) -> None:
        async def submit(typed: str) -> None:
            if typed:
                await self._record(choice, **{required: typed})
            else:
                self.refuse("this outcome needs a text: type it, or Esc for another outcome")

        await self.open_panel(LinePanel(required, f"{choice.outcome.name}: {LABELS[required]}", submit, text=words))

    async def _record(self, choice: OutcomeChoice, **given: str) -> None:
        """Record an outcome; where it is rejected, what was typed stays open."""
        rejection = self._record_refusal() or self.session.record_outcome(choice.outcome.id, **given)
        if rejection is None:
            await self.close_panels()
            self._refusal, self._told = {}, {}
        await self._finish(rejection)
        if rejection is None and choice.required_input != "sure":
            self._outcome_notice = self.session.notice()

    def _record_refusal(self) -> Rejection | None:
        """Store what was said of a refusal, once though its outcome is rejected and keyed again."""
        if not any(isinstance(panel, RefusalPanel) for panel in self.panels):
            return None
        told = {name: self._refusal.get(name, "").strip() for name in ("who", "reason", "strength")}
        if not any(told.values()) or told == self._told:
            return None
        strength = int(told["strength"] or 0)
        rejection = self.session.record_refusal(reason=told["reason"], strength=strength, who=told["who"])
        if rejection is None:
            self._told = told
        return rejection

    async def _take_back(self, rest: str) -> None:
        await self._finish(self.session.revoke_outcome())

    # Appointments

    async def _open_appointment(self, case: CaseView, when: str) -> None:
        """Open the form of an appointment, with what was typed into it before."""
        if when:
            self._form |= {"when": when, "reading": ""}
        await self.open_panel(AppointmentPanel(case, self._form, self.session.parse_time, self._book))

    async def _book(self, values: FormValues) -> None:
        rejection = self.session.book_appointment(
            values["when"].strip(),
            reading=int(values.get("reading") or 0),
            policy=POLICIES[int(values["policy"]) - 1],
            person=values.get("person", "").strip(),
            note=values.get("note", "").strip(),
        )
        if rejection is None:
            self._form = {}
            await self.close_panels()
        await self._finish(rejection)
        if rejection is None:
            self._outcome_notice = self.session.notice()

    async def _open_appointments(self, rest: str) -> None:
        self.appointments = self.session.list_appointments()
        due = self.session.find_due_appointment()
        own = [each for each in self.appointments if due is None or each.key != due.key]
        rows = [
            Row(format_appointment(each), partial(self._fetch, each.key), terms=each.key)
            for each in ([due, *own] if due is not None else own)
        ]
        empty = "no appointment has these words" if rows else "you have no open appointments"
        panel = ListPanel("appointments", "my appointments: ", rows, empty=empty, takes="take the case")
        await self.open_panel(panel)

    # Other cases

    async def _open_search(self, rest: str) -> None:
        empty = "no case has this: type part of the number they call from, of the name or of the key"
        panel = ListPanel("find", "who calls back: ", (), empty=empty, takes="take the case", search=self._search)
        await self.open_panel(panel)
        if rest:
            await panel.paste(rest)

    def _search(self, text: str) -> Sequence[Row]:
        matches = self.session.search_cases(text) if len(text) >= MIN_SEARCH else ()
        return [
            Row(
                (match.name if match.key == match.name else f"{match.name} {match.key}", match.number, match.state),
                partial(self._fetch, match.key),
            )
            for match in matches
        ]

    async def _fetch(self, key: str) -> None:
        await self._stay(self.session.fetch_case(key), said="")

    # Breaks, and the end

    async def _pause(self, rest: str) -> None:
        """End the break; else start one, for a reason that a key chooses."""
        if isinstance(self.now, BreakView):
            await self._finish(self.session.end_break())
            return
        reasons = self.session.list_break_reasons()
        if rest or not reasons:
            await self._finish(self.session.start_break(rest))
            return
        numbered = [(str(n), reason) for n, reason in enumerate(reasons, 1)]
        rows = [Row(("", "no reason"), partial(self._start_break, ""))]
        rows += [Row((n, reason), partial(self._start_break, reason), n) for n, reason in numbered]
        await self.open_panel(ListPanel("pause", "a break: ", rows, takes="start it"))

    async def _start_break(self, reason: str) -> None:
        await self._stay(self.session.start_break(reason), said="")

    async def _open_end(self, rest: str) -> None:
        """Show the shift, and ask whether it ends."""
        summary = "\n".join(render_shift_summary(self.session.summarize_shift()))
        choices = (Choice("y", "end it", self._leave), NO)
        await self.open_panel(ChoicePanel("End the shift?", choices, what="leave", detail=summary))

    async def _leave(self) -> None:
        rejection = self.session.end_shift()
        await self.close_panels()
        self.left = await self._finish(rejection)

    async def end_from_outside(self) -> None:
        if self._interview_screen is not None:
            self._interview_screen = None
            self.session.close_interview(then_next=False)
        self.session.end_shift()

    # The interview

    async def _interview(self) -> None:
        interview = self.session.open_interview()
        if isinstance(interview, Rejection):
            await self._finish(interview)
            return
        self._interview_screen = screen = InterviewScreen(interview)
        await self.app.push_screen(screen)
        screen.unexpected = True  # keys typed ahead were not meant for it

    async def close_interview(self) -> None:
        """Go on after the interview was left."""
        self._interview_screen = None
        self.forget_messages()
        await self._finish(self.session.close_interview())
        self.unexpected = True

    async def beat(self) -> None:
        """Keep the case ours; where there is none, a due one may come by itself."""
        self.bell_due = self.unexpected = False
        interview = self._interview_screen
        if interview is None and self.panels and isinstance(self.now, IdleView | WrapUpView):
            return  # somebody calls back and is searched for, or a note is typed: no case may come over it
        self.session.keep_alive()
        if interview is not None:
            due = self.session.find_due_appointment()
            if self._is_new(due) and due is not None:
                interview.said = describe_due(due, self.session.summarize_shift().until)
                interview.show()
            return
        if await self.look():
            self.bell_due, self.why = True, ""
        elif self.case is None:
            self.appointments = self.session.list_appointments()

    # Pages

    async def _open_help(self, rest: str) -> None:
        await self.open_panel(TextPanel("help", build_key_help()))

    async def _open_case(self, rest: str) -> None:
        await self.open_panel(TextPanel("case", self._build_side()))

    def _build_side(self) -> Content:
        summary, beside_card = self.session.summarize_shift(), self.has_class("-wide")
        return build_side(self.now, self.appointments, summary, self.case_width, beside_card=beside_card)

    async def _open_palette(self, rest: str) -> None:
        """Open the palette: every action that has a key, and every outcome."""

        def act(key: StationKey) -> Callable[[], Awaitable[None]]:
            async def run() -> None:
                await self.close_panel()
                await self._do(key)

            return run

        rows = [
            Row((each.sign, each.does), act(each), terms=f".{each.action}")
            for each in STATION_KEYS
            if each.action != "palette" and (each.without_case or self.case is not None)
        ]
        rows += [
            Row((str(choice.outcome.number), choice.outcome.name), take, terms=f".{choice.outcome.id}")
            for choice in _list_choices(self.case)
            for take in (partial(self._take_outcome, choice),)
        ]
        await self.open_palette(rows)

    # Dot words

    async def _run_command(self, text: str) -> None:
        """Carry out a line that begins with a dot, as in the one-line interface."""
        word, _, rest = text[1:].strip().partition(" ")
        word, rest = word.casefold(), rest.strip()
        case = self.case
        await self.close_panel()
        choices = {choice.outcome.id: choice for choice in _list_choices(case)}
        if word in BY_WORD:
            await self._do(BY_WORD[word], rest)
        elif word in choices:
            await self._choose_outcome(choices[word], rest)
        elif word == "fetch" and rest:
            await self._finish(self.session.fetch_case(rest))
        elif word == "number" and rest.isdecimal() and case is not None:
            numbers = case.numbers[int(rest) - 1 : int(rest)] if int(rest) else ()
            if numbers:
                await self._choose_number(numbers[0].position)
            else:
                self.refuse(f"the case has {format_quantity(len(case.numbers), 'number')}")
        else:
            near = find_nearest(word, [*BY_WORD, "fetch", "number", *choices]) if word else None
            remedy = f"did you mean .{near}?" if near else ".help lists them"
            self.refuse(f".{word} is no command here: {remedy}")

    # What is shown

    def show(self) -> None:
        view = self.now
        has_side = self.has_class("-wide")
        self.set_class(bool(self.panels), "-open")
        self._show_head(view)
        is_due = self._show_due(view)
        history = view.history if isinstance(view, CaseView) else ()
        margins = 0 if self.has_class("-short") else 1
        others = OTHER_ROWS + margins + (margins + min(len(history), 2)) + (margins + 1) * is_due
        self.query_one(CaseCard).show(CardState(view, max(self.size.height - others, 5), has_side))
        self.query_one(HistoryView).show(history)
        self._show_grid(view)
        self._show_waiting(view, has_side=has_side)
        self._show_message(view)
        older = self.case is not None and self.query_one(HistoryView).has_more
        self.show_keys(list_keys(view, is_narrow=self.size.width < NARROW, has_side=has_side, older=older))
        if has_side:
            self.query_one("#case", TextView).show(self._build_side())

    def tick(self) -> None:
        self.now = _drop_seconds(self.session.view())
        if self._is_wrapup_over:
            self.app.call_later(self.app.beat)  # type: ignore[attr-defined]
        self.show()

    @property
    def _is_wrapup_over(self) -> bool:
        view = self.now
        return isinstance(view, WrapUpView) and view.station_time >= view.until and not self.panels

    def _show_head(self, view: StationView) -> None:
        session, summary = self.session, self.session.summarize_shift()
        right = f"{summary.completes:,} done · {format_quantity(summary.calls, 'call')}"
        dialed_at = view.dialed_at if isinstance(view, CaseView) else None
        if dialed_at is not None:
            right += f"   ● {format_duration(summary.until - dialed_at)}"
        else:
            right += f" · {summary.working_time / timedelta(hours=1):.1f} h"
        place = "  ›  ".join(part for part in (f"station {session.station}", session.interviewer) if part)
        state = HeaderState(session.title, place, right, mark="PRACTICE" if session.practice else "")
        self.query_one(Header).show(state)

    def _show_due(self, view: StationView) -> bool:
        """Show an appointment that is due; returns whether one is."""
        due, now = self.session.find_due_appointment(), view.station_time
        line = Content()
        if due is not None and now is not None:
            text = shorten(describe_due(due, now), min(self.size.width, MAX_WIDTH) - 24)
            line = styled(f" {text}  (m lists it) ", "bold reverse $warning")
        self.query_one("#due", TextView).show(line)
        self._is_new(due)
        return bool(line)

    def _is_new(self, due: StationAppointment | None) -> bool:
        """Return whether this appointment has just become due; the bell rings for it once, where that is wanted."""
        before, self._announced = self._announced, due.key if due is not None else ""
        is_new = due is not None and due.key != before
        if is_new and self._rings:
            self.app.bell()
        return is_new

    def _show_grid(self, view: StationView) -> None:
        grid = self.query_one(OutcomeGrid)
        grid.display = isinstance(view, CaseView) and not self.panels
        if isinstance(view, CaseView):
            outcomes = [KeyCell(str(choice.outcome.number), choice.outcome.name) for choice in view.main_outcomes]
            outcomes += [KeyCell("9", "more …")] if view.other_outcomes else []
            grid.show(list_call_keys(view), outcomes, apart=self.size.height >= APART)

    def _show_waiting(self, view: StationView, *, has_side: bool) -> None:
        """Show the next appointments and the shift where there is no case, and no side panel that has them."""
        content = Content()
        if not isinstance(view, CaseView) and not has_side and not self.panels:
            appointments = build_section("MY APPOINTMENTS", build_next_appointments(self.appointments))
            sections = [appointments, build_shift(self.session.summarize_shift(), self.size.width)]
            content = Content("\n\n").join([section for section in sections if section])
        self.query_one("#waiting", TextView).show(content)

    def _show_message(self, view: StationView) -> None:
        """Show why not, what is pending, what is heard, what was done: under the outcomes, or under what is open."""
        lines: list[tuple[str, str, str]] = []
        if self.why:
            lines.append(("! ", self.why, "bold $error"))
        if isinstance(view, CaseView):
            if view.pending_input and (not self.panels or isinstance(self.panel, FormPanel)):
                lines.append(("? ", PENDING[view.pending_input], "bold $warning"))
            if view.heard:
                lines.append(("▷ ", view.heard, "$success"))
        if self.said:
            lines.append(("= ", self.said, "$quiet"))
        elif not self.why and not self.panels and (notice := self.session.notice()):
            hint = " · Bksp takes it back" if notice == self._outcome_notice else ""
            lines.append(("= ", f"{notice}{hint}", "$quiet"))
        width = max(min(self.size.width, MAX_WIDTH) - 2 * MARGIN - 1, 20)
        shown = [line for mark, text, style in lines for line in hang(styled(mark, style), styled(text, style), width)]
        message = join_lines(shown) if shown else Content(" ")
        self.query_one("#station-message", TextView).show(Content() if self.panels else message)
        self.query_one("#panel-message", TextView).show(message if self.panels else Content())


async def _do_nothing() -> None:
    """A question answered with no."""


NO: Final = Choice("n", "no", _do_nothing)


def _drop_seconds(view: StationView) -> StationView:
    """Return the view with clocks of whole minutes, where seconds are not shown: it changes less often."""
    match view:
        case CaseView(respondent_time=there, station_time=here):
            there = there.replace(second=0, microsecond=0) if there is not None else None
            return replace(view, respondent_time=there, station_time=here.replace(second=0, microsecond=0))
        case IdleView(station_time=datetime() as here):
            return replace(view, station_time=here.replace(second=0, microsecond=0))
        case _:
            return view


def _identify(view: StationView) -> tuple[object, ...]:
    """Return what tells one view from another: the case and its attempt, then what is called and pending."""
    match view:
        case CaseView():
            current = next((n.position for n in view.numbers if n.current), 0)
            return "case", view.key, view.attempt, current, view.pending_input
        case IdleView():
            return ("idle",)
        case BreakView():
            return ("break",)
        case WrapUpView():
            return ("wrapup",)
        case _:
            assert_never(view)


def _list_choices(case: CaseView | None) -> tuple[OutcomeChoice, ...]:
    """List every outcome that can be keyed, those with one digit first."""
    if case is None:
        return ()
    return (*case.main_outcomes, *(choice for _, choices in case.other_outcomes for choice in choices))
