"""Screen of a station: a key becomes an action of the session, and the widgets show its step.

It knows no terminal, no telephone and no rules about who may be called.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Final, NamedTuple

from textual.app import ComposeResult
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from survey_cli.entries import to_ascii_digits
from survey_cli.entry_commands import HAND_KEY, NO_FAQ
from survey_cli.problems import find_nearest
from survey_cli.sessions.station import station_views
from survey_cli.sessions.station.station import StationSession
from survey_cli.sessions.station.station_questions import NO_SCRIPTS
from survey_cli.sessions.station.station_views import (
    BreakView,
    CaseView,
    IdleView,
    StationView,
    WrapUpView,
)
from survey_cli.sessions.station.step import Step
from survey_cli.tui.interview.screen import InterviewScreen
from survey_cli.tui.station import pages, panels
from survey_cli.tui.station.views import CardState, CaseCard, GridState, HistoryView, OutcomeGrid
from survey_cli.tui.widgets import panel
from survey_cli.tui.widgets.key_app import (
    BROAD_WIDTH,
    EDITING_KEYS,
    KeyApp,
    KeyScreen,
    clear_render_cache,
)
from survey_cli.tui.widgets.styled import MARGIN, Header, KeyBar, SidePage, TextView
from survey_cli.tui.widgets.terminal import ENTER
from survey_cli.wording import format_quantity, shorten

NO_CASE: Final = "there is no case on the screen"
NOTHING_TO_OPEN: Final = {
    "outcomes": "there are no other outcomes here",
    "scripts": NO_SCRIPTS,
    "faq": NO_FAQ,
}
BELL_VARIABLE: Final = "SURVEY_BELL"
"""Set to 1, the terminal's bell rings once when an appointment becomes due."""
NARROW: Final = 70
"""Columns below which the key bar has the key for an appointment."""
MAX_WIDTH: Final = 82
"""Columns that the case takes at most, with its margins."""
APART: Final = 24
"""Rows from which the outcomes stand apart from what begins a call."""
MIN_CARD_ROWS: Final = 5
MIN_MESSAGE_WIDTH: Final = 20
OUTCOME_KEYS: Final = "12345678"
OTHER_ROWS: Final = 11
"""Rows for the header, the outcomes, a message and the key bar."""


class StationScreen(KeyScreen):
    """One interviewer's shift. An interview is a screen of its own on top of it."""

    class WrapUpOver(Message):
        """The time after a call is over. It is posted to the application."""

    named_keys = EDITING_KEYS | pages.OPENERS
    max_width = BROAD_WIDTH
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012 - as Textual declares it
        (0, "-short"),
        (24, "-tall"),
        (30, "-high"),
    ]

    def __init__(self, session: StationSession) -> None:
        super().__init__()
        self.session = session
        self.step = session.look()
        """The last step: of the last action, or brought up to date since."""
        self.now = _drop_seconds(self.step.view)
        """What is on the screen."""
        self.appointments: tuple[station_views.StationAppointment, ...] = ()
        """This interviewer's open appointments."""
        self._interview_screen: InterviewScreen | None = None
        """The interview that is open on top."""
        self._seen: _Identity | None = None
        self._message = ""
        """A message of a supervisor, until the next key."""
        self._announced = ""
        """The case of the appointment that was last announced."""
        self._outcomes = panels.OutcomeEntry(self, session, self._take)
        self._rings = os.environ.get(BELL_VARIABLE) == "1"

    def compose(self) -> ComposeResult:
        yield Header()
        yield KeyBar()
        with VerticalScroll(id="side", can_focus=False):
            yield SidePage()
        with Vertical(id="main"):
            with Vertical(id="station"):
                yield CaseCard(id="card")
                yield TextView(id="due")
                yield HistoryView(self.show_later)
                yield TextView(id="waiting")
                yield OutcomeGrid()
                yield TextView(id="station-message")
            yield Container(id="panels")
            yield TextView(id="panel-message")
        yield Static(id="too-small", markup=False)

    async def start(self) -> None:
        if isinstance(self.now, IdleView) and not self.now.was_searched:
            await self._take(self.session.claim_next())
        else:
            await self._see(self.session.look())

    async def open_first(self) -> None:
        await self._show_interview(self.session.continue_interview())

    @property
    def case(self) -> CaseView | None:
        """The case that is on the screen."""
        return self.now if isinstance(self.now, CaseView) else None

    # Keys

    async def press(self, key: str, at: float) -> None:
        if await self._note_key():
            return
        self.forget_messages()
        opened = self.panel
        if key == HAND_KEY:
            await self.press_hand(self.session.hand)
        elif key in pages.OPENERS:
            known = pages.BY_KEY[key]
            await self.open_by_key(key, known.action, partial(self._do, known))
        elif opened is not None:
            await opened.press(key)
        else:
            await self._decide(to_ascii_digits(key))

        self._message = ""
        if self._interview_screen is None:  # which shows messages itself
            self._message = self.session.take_message()

    async def _note_key(self) -> bool:
        """Note that somebody is there; returns whether the key does nothing else."""
        noted = self.session.note_key()
        if noted.took_key:
            await self._see(self.session.look())
            self.forget_messages()
            self.said = noted.notice or "good: that key did nothing else"
        elif noted.notice:
            self._message = noted.notice
        return noted.took_key

    async def paste(self, text: str) -> None:
        if await self._note_key():
            return
        self.forget_messages()
        if self.panel is not None:
            await self.panel.paste(" ".join(text.split()))
        else:
            self.refuse("pasted text can't be used here")

    async def _decide(self, key: str) -> None:
        """Handle a key while nothing is open."""
        view = self.now
        is_character = len(key) == 1
        known = pages.BY_KEY.get(key.casefold() if is_character else key)

        if isinstance(view, CaseView) and is_character and key in OUTCOME_KEYS:
            await self._press_outcome(view, int(key))
        elif key in ("up", "down", "pageup", "pagedown"):
            panel.scroll_by_key(self.query_one(HistoryView), key)
        elif key in ENTER and isinstance(view, IdleView):
            await self._take(self.session.claim_next())
        elif key in ENTER and isinstance(view, WrapUpView):
            await self._take(self.session.end_wrapup())
        elif key == ".":
            line = panel.LinePanel("command", "", self._run_command, text=".", saves="run it")
            await self.open_panel(line)
        elif known is not None:
            await self._do(known)
        elif key in ENTER or is_character:
            self.refuse(pages.describe_offered(view, has_undo=self.step.has_undo))

    async def _press_outcome(self, case: CaseView, number: int) -> None:
        """Choose the outcome that has this number."""
        for choice in case.main_outcomes:
            if choice.outcome.number == number:
                await self._outcomes.choose(case, choice)
                return
        self.refuse(f"{number} is not an outcome here")

    async def _do(self, key: pages.StationKey, rest: str = "") -> None:
        """Do what a key or a dot word asks for."""
        acts: dict[str, panel.Act] = {
            "find": lambda: self._open_search(rest),
            "appointments": self._open_appointments,
            "back": lambda: self._take(self.session.revoke_outcome()),
            "pause": lambda: self._pause(rest),
            "hand": lambda: self.press_hand(self.session.hand),
            "leave": self._open_end,
            "help": lambda: self.open_panel(panel.TextPanel("help", pages.build_key_help())),
            "case": lambda: self.open_panel(panel.TextPanel("case", self._build_side())),
            "palette": self._open_palette,
            "note": lambda: self._open_note(rest),
        }
        case = self.case
        if case is not None:
            acts |= self._list_case_actions(case, rest)

        if key.action in acts:
            await acts[key.action]()
        elif case is None:
            self._refuse_without_case()
        else:
            self.refuse(NOTHING_TO_OPEN[key.action])

    def _list_case_actions(self, case: CaseView, rest: str) -> dict[str, panel.Act]:
        """List what can be done with the case, without lists that would be empty."""
        add = self._store_by(self.session.add_number, "added; d dials this number")
        record_script = self._store_by(self.session.record_script, "noted: the script was read")
        acts: dict[str, panel.Act] = {
            "interview": self._interview,
            "dial": lambda: self._dial(case),
            "next": lambda: self._choose_next_number(case),
            "add": lambda: self._open_line("add", "another number: ", add, rest),
            "appointment": lambda: self._outcomes.open_appointment(case, rest),
            "finish": lambda: self._take(self.session.finish_case()),
        }
        if case.other_outcomes:
            acts["outcomes"] = lambda: self.open_panel(
                panels.build_outcome_list(case, self._take_outcome)
            )
        if case.scripts:
            acts["scripts"] = lambda: self.open_panel(
                panels.ScriptsPanel(case.scripts, record_script)
            )
        if case.faq:
            acts["faq"] = lambda: self.open_panel(panel.TextPanel("faq", pages.build_faq(case.faq)))
        return acts

    # After each action

    async def _take(self, step: Step) -> bool:
        """Show the step of an action, or say why it was rejected; returns whether it was done."""
        await self._see(step)
        if step.rejection is None:
            return True
        self.refuse(step.rejection.why)
        return False

    def _store_by(self, action: Callable[[str], Step], said: str = "") -> panel.Submit:
        """Return a function that does an action with a text, and closes the panel of that text.

        After a rejection the panel stays open.
        """

        async def store(text: str) -> None:
            step = action(text)
            if step.rejection is None:
                await self.close_panel()
            was_done = await self._take(step)
            if was_done and not self.said and not self.unexpected:
                self.said = said

        return store

    async def _see(self, step: Step) -> bool:
        """Show a step; returns whether it shows something else than before."""
        before = self._seen
        self._hold(step)
        view = self.now
        if self._seen == before:
            return False

        self.unexpected = True
        await self.close_panels()
        if not _shows_same_case(self._seen, before):
            self._outcomes.forget()
            self.kept_lines.clear()
            self.appointments = self.session.list_appointments()
        if isinstance(view, CaseView) and view.pending_input == "time":
            await self._outcomes.open_appointment(view)
        return True

    def _hold(self, step: Step) -> None:
        """Take a step for what is on the screen."""
        self.step = step
        self.now = _drop_seconds(step.view)
        self._seen = _identify(self.now)

    def _refuse_without_case(self) -> None:
        """Say why there is no case to act on."""
        view = self.now
        if isinstance(view, IdleView) and view.study_is_paused:
            self.refuse(view.why)
        else:
            self.refuse(NO_CASE)

    def fail(self, error: Exception) -> None:
        self.refuse(f"that failed ({type(error).__name__}): check the screen, then try again")

    # The case and its numbers

    async def _dial(self, case: CaseView) -> None:
        number = case.current_number
        if not case.has_open_call or number is None:
            await self._dial_now()
            return
        question = f"{number.text} was dialed. Dial it again?"
        await self.open_panel(panel.build_question(question, "dial", self._dial_now))

    async def _dial_now(self) -> None:
        step = self.session.dial()
        if await self._take(step):
            self.said = step.dialing

    async def _choose_next_number(self, case: CaseView) -> None:
        chosen = case.next_number
        if chosen is None:
            self.refuse("the case has no other number that can be called; + adds one")
        else:
            await self._choose_number(chosen.position)

    async def _choose_number(self, position: int) -> None:
        step = self.session.choose_number(position)
        if step.rejection is None:
            # The interviewer wanted another number: keys typed behind it were meant for it.
            self._hold(step)
        await self._take(step)

    async def _open_line(self, what: str, label: str, act: panel.Submit, text: str = "") -> None:
        """Open a line; with a text, do what its Enter would do."""
        if text:
            await act(text)
            return

        async def submit(typed: str) -> None:
            if typed:
                await act(typed)
            else:
                await self.close_panel()

        await self.open_panel(panel.LinePanel(what, label, submit))

    async def _open_note(self, rest: str) -> None:
        view = self.now
        if isinstance(view, WrapUpView):
            name = view.case
        elif isinstance(view, CaseView):
            name = view.name
        else:
            self._refuse_without_case()
            return
        store = self._store_by(self.session.add_note, "noted")
        await self._open_line("note", f"note on {shorten(name)}: ", store, rest)

    async def _take_outcome(self, choice: station_views.OutcomeChoice) -> None:
        await self.close_panel()
        if self.case is not None:
            await self._outcomes.choose(self.case, choice)

    # Other cases

    async def _open_appointments(self) -> None:
        self.appointments = self.session.list_appointments()
        listed = list(self.appointments)
        due = self.session.find_due_appointment()
        if due is not None:
            others = [appointment for appointment in listed if appointment.key != due.key]
            listed = [due, *others]
        fetch = self._store_by(self.session.fetch_case)
        await self.open_panel(panels.build_appointment_list(listed, fetch))

    async def _open_search(self, rest: str) -> None:
        fetch = self._store_by(self.session.fetch_case)
        callers = panels.build_caller_list(
            self.session.search_cases, fetch, self.session.search_hint
        )
        await self.open_panel(callers)
        if rest:
            await callers.paste(rest)

    # Breaks, and the end

    async def _pause(self, rest: str) -> None:
        """End the break; else start one, for a reason that a key chooses."""
        if isinstance(self.now, BreakView):
            await self._take(self.session.end_break())
            return
        if self._needs_outcome():
            self.refuse("key the outcome of this call before the break")
            return

        reasons = self.session.list_break_reasons()
        if rest or not reasons:
            await self._take(self.session.start_break(rest))
            return
        start = self._store_by(self.session.start_break)
        await self.open_panel(panels.build_break_list(reasons, start))

    def _needs_outcome(self) -> bool:
        """Whether a call was made that has no outcome yet."""
        case = self.case
        return case is not None and (case.has_open_call or case.pending_input != "")

    async def _open_end(self) -> None:
        """Show the shift, and ask whether it ends; not while a call has no outcome."""
        if self._needs_outcome():
            self.refuse("key the outcome of this call before the shift ends")
            return
        summary = pages.build_shift(self.session.summarize_shift(), self.case_width)
        question = panel.build_question(
            "End the shift?", "end it", self._leave, what="leave", detail=summary
        )
        await self.open_panel(question)

    async def _leave(self) -> None:
        step = self.session.end_shift()
        await self.close_panels()
        self.left = await self._take(step)

    async def end_from_outside(self) -> None:
        if self._interview_screen is not None:
            self._interview_screen = None
            self.session.close_interview(then_next=False)
        self.session.end_shift()

    # The interview

    async def _interview(self) -> None:
        await self._show_interview(self.session.open_interview())

    async def _show_interview(self, step: Step) -> None:
        """Show the interview of a step; without one, show what the step led to."""
        if step.interview is None:
            await self._take(step)
            return
        self._interview_screen = InterviewScreen(step.interview)
        await self.app.push_screen(self._interview_screen)

    async def close_interview(self) -> None:
        """Go on after the interview was left."""
        self._interview_screen = None
        self.forget_messages()
        await self._take(self.session.close_interview())
        self.unexpected = True

    async def beat(self) -> None:
        """Keep the case ours; without one, a case that is due may come by itself."""
        self.bell_due = False
        self.unexpected = False
        interview = self._interview_screen
        is_waiting = isinstance(self.now, IdleView | WrapUpView)
        if interview is None and self.panels and is_waiting:
            # A respondent who calls back is searched for, or a note is typed: no case may come
            # over it.
            return

        step = self.session.keep_alive()
        if interview is not None:
            self._tell_in_interview(interview)
            return
        if not self._message:
            self._message = self.session.take_message()
        said = self.said
        if await self._see(step):
            self.bell_due = True
            self.why = ""
            if self.said == said:
                # it was about a key that was pressed at what was shown before
                self.said = ""
        elif self.case is None:
            self.appointments = self.session.list_appointments()

    async def look_for_answer(self) -> None:
        """Look for the answer to a raised hand, also while an interview is open."""
        interview = self._interview_screen
        if interview is not None:
            self._tell_in_interview(interview)
        else:
            self._message = self._message or self.session.take_message()
            self.show()

    def _tell_in_interview(self, interview: InterviewScreen) -> None:
        """Tell of an appointment that is due, or of a message, while an interview is open."""
        due = self.session.find_due_appointment()
        if self._is_new(due) and due is not None:
            interview.said = pages.describe_due(due, self.session.summarize_shift().until)
            interview.show()
        elif interview.question.take_message():
            # It stands where something is said of the last key, which would hide it.
            interview.said = ""
            interview.show()

    # Pages

    def _build_side(self) -> Content:
        beside_card = self.has_side
        return pages.build_side(
            self.now, self.appointments, self.session, self.case_width, beside_card=beside_card
        )

    async def _open_palette(self) -> None:
        """Open the palette: every action that has a key, and every outcome."""
        case = self.case
        rows = []
        for key in pages.STATION_KEYS:
            if key.action != "palette" and (key.without_case or case is not None):
                act = partial(self._do, key)
                rows.append(panel.Row((key.sign, key.does), act, terms=f".{key.action}"))

        if case is not None:
            for choice in case.choices:
                outcome = choice.outcome
                act = partial(self._outcomes.choose, case, choice)
                texts = (str(outcome.number), outcome.name)
                rows.append(panel.Row(texts, act, terms=f".{outcome.id}"))
        await self.open_palette(rows)

    # Dot words

    async def _run_command(self, text: str) -> None:
        """Carry out a line that begins with a dot, as in the one-line interface."""
        typed, _, behind = text[1:].strip().partition(" ")
        word = typed.casefold()
        rest = behind.strip()
        case = self.case
        await self.close_panel()

        choices = {}
        if case is not None:
            choices = {choice.outcome.id: choice for choice in case.choices}
        if word in pages.BY_WORD:
            await self._do(pages.BY_WORD[word], rest)
        elif case is not None and word in choices:
            await self._outcomes.choose(case, choices[word], rest)
        elif word == "fetch" and rest:
            await self._take(self.session.fetch_case(rest))
        elif word == "number" and rest.isdecimal() and case is not None:
            await self._choose_nth_number(case, int(rest))
        else:
            near = None
            if word:
                near = find_nearest(word, [*pages.BY_WORD, "fetch", "number", *choices])
            remedy = f"did you mean .{near}?" if near else ".help lists them"
            self.refuse(f".{word} is not a command here: {remedy}")

    async def _choose_nth_number(self, case: CaseView, nth: int) -> None:
        """Choose a number of the case by its place in the list, from 1."""
        if 0 < nth <= len(case.numbers):
            await self._choose_number(case.numbers[nth - 1].position)
        else:
            self.refuse(f"the case has {format_quantity(len(case.numbers), 'number')}")

    # What is shown

    def show(self) -> None:
        view = self.now
        has_side = self.has_side
        self.set_class(bool(self.panels), "-open")
        self.query_one(Header).show(pages.build_header(self.session, view))

        due = self.session.find_due_appointment()
        self._is_new(due)
        width = min(self.size.width, MAX_WIDTH)
        due_line = pages.build_due_line(due, view.station_time, width)
        self.query_one("#due", TextView).show(due_line)

        history = view.history if isinstance(view, CaseView) else ()
        rows = self._count_card_rows(len(history), has_due_line=bool(due_line))
        self.query_one(CaseCard).show(CardState(view, rows, has_side))
        self.query_one(HistoryView).show(history)
        self._show_grid(view)
        self._show_waiting(view, has_side=has_side)
        self._show_message()

        older = self.case is not None and self.query_one(HistoryView).has_more
        is_narrow = self.size.width < NARROW
        keys = pages.list_keys(
            view,
            is_narrow=is_narrow,
            has_side=has_side,
            older=older,
            has_undo=self.step.has_undo,
        )
        self.show_keys(keys)
        if has_side:
            self.query_one(SidePage).show(self._build_side())

    def _count_card_rows(self, history: int, *, has_due_line: bool) -> int:
        """Count the rows for the card: what header, history, outcomes and messages leave."""
        margins = 0 if self.has_class("-short") else 1
        others = OTHER_ROWS + margins
        if self.size.height >= APART:
            others += 1
        others += margins + min(history, 2)
        if has_due_line:
            others += margins + 1
        return max(self.size.height - others, MIN_CARD_ROWS)

    def tick(self) -> None:
        self.step = self.session.look()
        self.now = view = _drop_seconds(self.step.view)
        if isinstance(view, WrapUpView) and view.station_time >= view.until and not self.panels:
            self.app.post_message(self.WrapUpOver())
        self.show()

    def _is_new(self, due: station_views.StationAppointment | None) -> bool:
        """Whether this appointment has just become due; the bell rings once, if it is wanted."""
        before = self._announced
        self._announced = due.key if due is not None else ""
        is_new = due is not None and due.key != before
        if is_new and self._rings:
            self.app.bell()
        return is_new

    def _show_grid(self, view: StationView) -> None:
        state = None
        if isinstance(view, CaseView) and not self.panels:
            is_apart = self.size.height >= APART
            state = GridState(pages.list_call_keys(view), pages.list_outcome_keys(view), is_apart)
        self.query_one(OutcomeGrid).show(state)

    def _show_waiting(self, view: StationView, *, has_side: bool) -> None:
        """Show the next appointments and the shift while there is no case.

        The side panel has them too.
        """
        content = Content()
        if not isinstance(view, CaseView) and not has_side and not self.panels:
            content = pages.build_waiting_page(self.appointments, self.session, self.size.width)
        self.query_one("#waiting", TextView).show(content)

    def _show_message(self) -> None:
        """Show why not, what is pending, what is heard, what was done.

        It is shown under the outcomes, or under what is open.
        """
        pending = ""
        heard = ""
        case = self.case
        if case is not None:
            heard = case.heard
            if not self.panels or isinstance(self.panel, panel.FormPanel):
                pending = pages.describe_pending(case)

        messages = (
            ("? ", self._describe_presence(), "bold $warning"),
            ("! ", self.why, "bold $error"),
            ("? ", pending, "bold $warning"),
            ("heard: ", heard, "$success"),
            ("» ", self._message, "bold $accent"),
            ("= ", self.said or self._describe_notice(), "$quiet"),
        )
        width = max(min(self.size.width, MAX_WIDTH) - 2 * MARGIN - 1, MIN_MESSAGE_WIDTH)
        message = pages.build_messages(messages, width)
        on_station = self.query_one("#station-message", TextView)
        under_panel = self.query_one("#panel-message", TextView)
        if self.panels:
            on_station.show(Content())
            under_panel.show(message)
        else:
            on_station.show(message)
            under_panel.show(Content())

    def _describe_presence(self) -> str:
        """Ask whether somebody is still there; empty while that is plain."""
        question = self.step.presence_question
        if not question:
            return ""
        return f"{question} Press any key."

    def _describe_notice(self) -> str:
        """Describe what was done last, and how it is undone; nothing if it would be in the way."""
        notice = self.step.notice
        if self.why or self.panels or not notice:
            return ""
        if self.step.can_be_undone:
            return f"{notice} · Bksp undoes it"
        return notice


def _drop_seconds(view: StationView) -> StationView:
    """Return the view with clocks of whole minutes, if seconds aren't shown: it changes less."""
    match view:
        case CaseView(respondent_time=there, station_time=here):
            if there is not None:
                there = there.replace(second=0, microsecond=0)
            here = here.replace(second=0, microsecond=0)
            return replace(view, respondent_time=there, station_time=here)
        case IdleView(station_time=datetime() as here):
            return replace(view, station_time=here.replace(second=0, microsecond=0))
        case _:
            return view


class _Identity(NamedTuple):
    """What tells one view from another: what is on the screen, then what is called and pending."""

    kind: type[StationView]
    case: str = ""
    attempt: int = 0
    number: int = 0
    pending_input: str = ""


def _identify(view: StationView) -> _Identity:
    if not isinstance(view, CaseView):
        return _Identity(type(view))
    number = view.current_number
    position = number.position if number is not None else 0
    return _Identity(CaseView, view.key, view.attempt, position, view.pending_input)


def _shows_same_case(view: _Identity | None, before: _Identity | None) -> bool:
    """Whether both show the same attempt of the same case, or neither shows a case."""
    if view is None or before is None:
        return False
    return view[:3] == before[:3]


BEAT_SECONDS: Final = 10.0
"""How often the case is kept ours, and a due one is looked for."""
ANSWER_SECONDS: Final = 1.0
"""How often an answer to a raised hand is looked for."""
UPDATE_SECONDS: Final = 1.0
"""How often the station looks whether the program was updated."""


class StationApp(KeyApp):
    """One interviewer's shift on a full screen."""

    def __init__(self, session: StationSession, theme: str = "dark") -> None:
        self.station = StationScreen(session)
        super().__init__(lambda: self.station, theme)

    def start(self) -> None:
        self.every(BEAT_SECONDS, self.beat)
        self.every(ANSWER_SECONDS, self.look_for_answer)
        self.every(UPDATE_SECONDS, self.end_for_update)

    async def beat(self) -> None:
        """Keep the case; one that comes by itself rings, and takes no key typed before it."""
        await self.attempt(self.station.beat, self.station)
        if self.top is self.station:
            self.show_effect()

    async def look_for_answer(self) -> None:
        """Look for the supervisor's answer while the interviewer's hand is up."""
        if self.station.session.hand.is_up:
            await self.attempt(self.station.look_for_answer, self.station)

    def end_for_update(self) -> None:
        """End once the program was updated, and nothing is at hand or being typed."""
        is_idle = self.top is self.station and not self.station.panels
        if is_idle and self.station.session.end_for_update():
            self.exit()

    async def on_station_screen_wrap_up_over(self) -> None:
        """Look for the next case at once."""
        await self.beat()

    async def leave(self, screen: KeyScreen) -> None:
        if screen is self.station:
            self.exit()
            return
        await self.pop_screen()
        clear_render_cache()
        await self.attempt(self.station.close_interview, self.station)
        self.show_effect()

    def settle(self, at: float) -> None:
        """Let keys count again once the terminal shows what came.

        An outcome that is keyed twice must not close the next case.
        """
        super().settle(float("inf"))
        self.call_after_refresh(lambda: super(StationApp, self).settle(monotonic()))
