"""Screen of a station: each key becomes a call of the session, and the widgets show the case that follows.

It knows no terminal, no telephone and no rules about who may be called.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Final

from textual.app import ComposeResult
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from survey_cli.entries import Rejection, to_ascii_digits
from survey_cli.problems import find_nearest
from survey_cli.sessions.station import station_views
from survey_cli.sessions.station.station import StationSession
from survey_cli.sessions.station.station_views import CaseView, IdleView, StationView, WrapUpView
from survey_cli.tui.interview.screen import InterviewScreen
from survey_cli.tui.station import pages, panels
from survey_cli.tui.station.views import CardState, CaseCard, GridState, HistoryView, OutcomeGrid
from survey_cli.tui.widgets import panel
from survey_cli.tui.widgets.key_app import EDITING_KEYS, KeyApp, KeyScreen, clear_render_cache
from survey_cli.tui.widgets.styled import MARGIN, Header, KeyBar, KeyHint, TextView
from survey_cli.tui.widgets.terminal import ENTER
from survey_cli.wording import format_quantity, shorten

NO_CASE: Final = "there is no case on the screen"
NOTHING_TO_OPEN: Final = {
    "outcomes": "there are no other outcomes here",
    "scripts": "this survey has no scripts",
    "faq": "this survey has no answers to respondents' questions",
}
BELL_VARIABLE: Final = "SURVEY_BELL"
"""Set to 1, the terminal's bell rings once when an appointment becomes due."""
PENDING: Final = {
    "time": "will be called again: give the time (a), or key callback if none was agreed",
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

    class WrapUpOver(Message):
        """The time after a call is over. It is posted to the application."""

    named_keys = EDITING_KEYS | pages.OPENERS
    VERTICAL_BREAKPOINTS = [(0, "-short"), (24, "-tall"), (30, "-high")]  # noqa: RUF012 - as Textual declares it

    def __init__(self, session: StationSession) -> None:
        super().__init__()
        self.session = session
        self.now: StationView = session.view()
        """What is on the screen: read from the session after each of its methods, and every second."""
        self.appointments: tuple[station_views.StationAppointment, ...] = ()
        """This interviewer's open appointments."""
        self._interview_screen: InterviewScreen | None = None
        """The interview that is open on top."""
        self._seen: tuple[object, ...] = ()
        self._message = ""
        """A message of a supervisor, until the next key."""
        self._announced = ""
        """The case of the appointment that was last announced."""
        self._outcomes = panels.OutcomeEntry(self, session, self._finish)
        self._rings = os.environ.get(BELL_VARIABLE) == "1"

    def compose(self) -> ComposeResult:
        yield Header()
        yield KeyBar()
        with VerticalScroll(id="side", can_focus=False):
            yield TextView(id="case")
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
        opened = self.panel
        if key in pages.OPENERS:
            known = pages.BY_KEY[key]
            await self.open_by_key(key, known.action, partial(self._do, known))
        elif opened is not None:
            await opened.press(key)
        else:
            await self._decide(to_ascii_digits(key))
        self._message = self.session.take_message() if self._interview_screen is None else ""

    async def paste(self, text: str) -> None:
        self.forget_messages()
        if self.panel is not None:
            await self.panel.paste(" ".join(text.split()))
        else:
            self.refuse("pasted text can't be used here")

    async def _decide(self, key: str) -> None:
        """Handle a key while nothing is open."""
        view = self.now
        known = pages.BY_KEY.get(key.casefold() if len(key) == 1 else key)
        if isinstance(view, CaseView) and len(key) == 1 and key in "12345678":
            if (
                choice := next(
                    (c for c in view.main_outcomes if c.outcome.number == int(key)), None
                )
            ) is None:
                self.refuse(f"{key} is not an outcome here")
            else:
                await self._outcomes.choose(view, choice)
        elif key in ("up", "down", "pageup", "pagedown"):
            panel.scroll_by_key(self.query_one(HistoryView), key)
        elif key in ENTER and isinstance(view, IdleView):
            await self._finish(self.session.claim_next())
        elif key in ENTER and isinstance(view, WrapUpView):
            await self._finish(self.session.end_wrapup())
        elif key == ".":
            await self.open_panel(
                panel.LinePanel("command", "", self._run_command, text=".", saves="run it")
            )
        elif known is not None:
            await self._do(known)
        elif key in ENTER or len(key) == 1:
            self.refuse(pages.describe_offered(view))

    async def _do(self, key: pages.StationKey, rest: str = "") -> None:
        """Do what a key or a dot word asks for."""
        acts: dict[str, panel.Act] = {
            "find": lambda: self._open_search(rest),
            "appointments": self._open_appointments,
            "back": lambda: self._finish(self.session.revoke_outcome()),
            "pause": lambda: self._pause(rest),
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
        """List what can be done with the case; what there is nothing of is left out."""
        add = self._store_by(self.session.add_number, "added; d dials this number")
        record_script = self._store_by(self.session.record_script, "noted: the script was read")
        acts: dict[str, panel.Act] = {
            "interview": self._interview,
            "dial": lambda: self._dial(case),
            "next": lambda: self._choose_next_number(case),
            "add": lambda: self._open_line("add", "another number: ", add, rest),
            "appointment": lambda: self._outcomes.open_appointment(case, rest),
            "finish": lambda: self._finish(self.session.finish_case()),
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

    # After each call of the session

    async def _finish(self, rejection: Rejection | None) -> bool:
        """Go on to what is on the screen now, or say why not; returns whether it was accepted."""
        await self.look()
        if rejection is not None:
            self.refuse(rejection.why)
        return rejection is None

    def _store_by(self, method: Callable[[str], Rejection | None], said: str = "") -> panel.Submit:
        """Return what gives a text to a method of the session, and closes what was open for it; else it stays."""

        async def store(text: str) -> None:
            if (rejection := method(text)) is None:
                await self.close_panel()
            if await self._finish(rejection) and not self.said and not self.unexpected:
                self.said = said

        return store

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
            self._outcomes.forget()
            self.kept_lines.clear()
            self.appointments = self.session.list_appointments()
        if isinstance(view, CaseView) and view.pending_input == "time":
            await self._outcomes.open_appointment(view)
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
        number = case.current_number
        if not case.has_open_call or number is None:
            await self._dial_now()
            return
        question = f"{number.text} was dialed. Dial it again?"
        await self.open_panel(panel.build_question(question, "dial", self._dial_now))

    async def _dial_now(self) -> None:
        result = self.session.dial()
        if isinstance(result, Rejection):
            await self._finish(result)
        else:
            await self._finish(None)
            self.said = result

    async def _choose_next_number(self, case: CaseView) -> None:
        if (chosen := case.next_number) is None:
            self.refuse("the case has no other number that can be called; + adds one")
        else:
            await self._choose_number(chosen.position)

    async def _choose_number(self, position: int) -> None:
        rejection = self.session.choose_number(position)
        if rejection is None:
            self._expect()  # the interviewer wanted it: keys typed behind it were meant for it
        await self._finish(rejection)

    async def _open_line(self, what: str, label: str, act: panel.Submit, text: str = "") -> None:
        """Open a line; with a text, do what its Enter would do."""
        if text:
            await act(text)
            return

        async def submit(typed: str) -> None:
            await (act(typed) if typed else self.close_panel())

        await self.open_panel(panel.LinePanel(what, label, submit))

    async def _open_note(self, rest: str) -> None:
        if isinstance(self.now, CaseView | WrapUpView):
            name = self.now.case if isinstance(self.now, WrapUpView) else self.now.name
            label = f"note on {shorten(name)}: "
            await self._open_line(
                "note", label, self._store_by(self.session.add_note, "noted"), rest
            )
        else:
            self._refuse_without_case()

    async def _take_outcome(self, choice: station_views.OutcomeChoice) -> None:
        await self.close_panel()
        if self.case is not None:
            await self._outcomes.choose(self.case, choice)

    # Other cases

    async def _open_appointments(self) -> None:
        self.appointments = self.session.list_appointments()
        listed = list(self.appointments)
        if (due := self.session.find_due_appointment()) is not None:
            listed = [due, *(each for each in listed if each.key != due.key)]
        await self.open_panel(
            panels.build_appointment_list(listed, self._store_by(self.session.fetch_case))
        )

    async def _open_search(self, rest: str) -> None:
        take, hint = self._store_by(self.session.fetch_case), self.session.search_hint
        callers = panels.build_caller_list(self.session.search_cases, take, hint)
        await self.open_panel(callers)
        if rest:
            await callers.paste(rest)

    # Breaks, and the end

    async def _pause(self, rest: str) -> None:
        """End the break; else start one, for a reason that a key chooses, unless a call has no outcome yet."""
        if isinstance(self.now, station_views.BreakView):
            await self._finish(self.session.end_break())
            return
        if self._needs_outcome():
            self.refuse("key the outcome of this call before the break")
            return
        reasons = self.session.list_break_reasons()
        if rest or not reasons:
            await self._finish(self.session.start_break(rest))
            return
        await self.open_panel(
            panels.build_break_list(reasons, self._store_by(self.session.start_break))
        )

    def _needs_outcome(self) -> bool:
        """Return whether a call was made that has no outcome yet."""
        return self.case is not None and (self.case.has_open_call or bool(self.case.pending_input))

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
                interview.said = pages.describe_due(due, self.session.summarize_shift().until)
                interview.show()
            elif interview.question.take_message():
                interview.show()
            return
        self._message = self._message or self.session.take_message()
        if await self.look():
            self.bell_due, self.why = True, ""
        elif self.case is None:
            self.appointments = self.session.list_appointments()

    # Pages

    def _build_side(self) -> Content:
        beside_card = self.has_class("-wide")
        return pages.build_side(
            self.now, self.appointments, self.session, self.case_width, beside_card=beside_card
        )

    async def _open_palette(self) -> None:
        """Open the palette: every action that has a key, and every outcome."""
        case = self.case
        rows = [
            panel.Row((each.sign, each.does), partial(self._do, each), terms=f".{each.action}")
            for each in pages.STATION_KEYS
            if each.action != "palette" and (each.without_case or case is not None)
        ]
        if case is not None:
            rows += [
                panel.Row(
                    (str(row.number), row.name),
                    partial(self._outcomes.choose, case, choice),
                    terms=f".{row.id}",
                )
                for choice in case.choices
                for row in (choice.outcome,)
            ]
        await self.open_palette(rows)

    # Dot words

    async def _run_command(self, text: str) -> None:
        """Carry out a line that begins with a dot, as in the one-line interface."""
        word, _, rest = text[1:].strip().partition(" ")
        word, rest = word.casefold(), rest.strip()
        case = self.case
        await self.close_panel()
        choices = {choice.outcome.id: choice for choice in case.choices} if case is not None else {}
        if word in pages.BY_WORD:
            await self._do(pages.BY_WORD[word], rest)
        elif case is not None and word in choices:
            await self._outcomes.choose(case, choices[word], rest)
        elif word == "fetch" and rest:
            await self._finish(self.session.fetch_case(rest))
        elif word == "number" and rest.isdecimal() and case is not None:
            numbers = case.numbers[int(rest) - 1 : int(rest)] if int(rest) else ()
            if numbers:
                await self._choose_number(numbers[0].position)
            else:
                self.refuse(f"the case has {format_quantity(len(case.numbers), 'number')}")
        else:
            near = (
                find_nearest(word, [*pages.BY_WORD, "fetch", "number", *choices]) if word else None
            )
            remedy = f"did you mean .{near}?" if near else ".help lists them"
            self.refuse(f".{word} is not a command here: {remedy}")

    # What is shown

    def show(self) -> None:
        view = self.now
        has_side = self.has_class("-wide")
        self.set_class(bool(self.panels), "-open")
        self.query_one(Header).show(pages.build_header(self.session, view))
        due = self.session.find_due_appointment()
        self._is_new(due)
        due_line = pages.build_due_line(due, view.station_time, min(self.size.width, MAX_WIDTH))
        self.query_one("#due", TextView).show(due_line)
        history = view.history if isinstance(view, CaseView) else ()
        margins = 0 if self.has_class("-short") else 1
        others = (
            OTHER_ROWS + margins + (margins + min(len(history), 2)) + (margins + 1) * bool(due_line)
        )
        self.query_one(CaseCard).show(CardState(view, max(self.size.height - others, 5), has_side))
        self.query_one(HistoryView).show(history)
        self._show_grid(view)
        self._show_waiting(view, has_side=has_side)
        self._show_message(view)
        older = self.case is not None and self.query_one(HistoryView).has_more
        self.show_keys(
            pages.list_keys(
                view, is_narrow=self.size.width < NARROW, has_side=has_side, older=older
            )
        )
        if has_side:
            self.query_one("#case", TextView).show(self._build_side())

    def tick(self) -> None:
        self.now = view = _drop_seconds(self.session.view())
        if isinstance(view, WrapUpView) and view.station_time >= view.until and not self.panels:
            self.app.post_message(self.WrapUpOver())
        self.show()

    def _is_new(self, due: station_views.StationAppointment | None) -> bool:
        """Return whether this appointment has just become due; the bell rings for it once, where that is wanted."""
        before, self._announced = self._announced, due.key if due is not None else ""
        is_new = due is not None and due.key != before
        if is_new and self._rings:
            self.app.bell()
        return is_new

    def _show_grid(self, view: StationView) -> None:
        state = None
        if isinstance(view, CaseView) and not self.panels:
            outcomes = [
                KeyHint(str(choice.outcome.number), choice.outcome.name)
                for choice in view.main_outcomes
            ]
            outcomes += [KeyHint("9", "more …")] if view.other_outcomes else []
            state = GridState(pages.list_call_keys(view), outcomes, self.size.height >= APART)
        self.query_one(OutcomeGrid).show(state)

    def _show_waiting(self, view: StationView, *, has_side: bool) -> None:
        """Show the next appointments and the shift where there is no case, and no side panel that has them."""
        content = Content()
        if not isinstance(view, CaseView) and not has_side and not self.panels:
            content = pages.build_waiting_page(self.appointments, self.session, self.size.width)
        self.query_one("#waiting", TextView).show(content)

    def _show_message(self, view: StationView) -> None:
        """Show why not, what is pending, what is heard, what was done: under the outcomes, or under what is open."""
        case, width = self.case, max(min(self.size.width, MAX_WIDTH) - 2 * MARGIN - 1, 20)
        asks = case is not None and (not self.panels or isinstance(self.panel, panel.FormPanel))
        messages = (
            ("! ", self.why, "bold $error"),
            (
                "? ",
                PENDING.get(case.pending_input, "") if case is not None and asks else "",
                "bold $warning",
            ),
            ("▷ ", case.heard if case is not None else "", "$success"),
            ("» ", self._message, "bold $accent"),
            ("= ", self.said or self._describe_notice(), "$quiet"),
        )
        message = pages.build_messages(messages, width)
        self.query_one("#station-message", TextView).show(Content() if self.panels else message)
        self.query_one("#panel-message", TextView).show(message if self.panels else Content())

    def _describe_notice(self) -> str:
        """Describe what was done last, if nothing else is to be said, and how it is undone."""
        notice = "" if self.why or self.panels else self.session.notice()
        can_be_undone = notice and notice == self._outcomes.notice
        return f"{notice} · Bksp undoes it" if can_be_undone else notice


def _drop_seconds(view: StationView) -> StationView:
    """Return the view with clocks of whole minutes, where seconds are not shown: it changes less often."""
    match view:
        case CaseView(respondent_time=there, station_time=here):
            there = there.replace(second=0, microsecond=0) if there is not None else None
            return replace(
                view, respondent_time=there, station_time=here.replace(second=0, microsecond=0)
            )
        case IdleView(station_time=datetime() as here):
            return replace(view, station_time=here.replace(second=0, microsecond=0))
        case _:
            return view


def _identify(view: StationView) -> tuple[object, ...]:
    """Return what tells one view from another: the case and its attempt, then what is called and pending."""
    if not isinstance(view, CaseView):
        return (type(view),)
    return (
        CaseView,
        view.key,
        view.attempt,
        view.current_number and view.current_number.position,
        view.pending_input,
    )


BEAT_SECONDS: Final = 10.0
"""How often the case is kept ours, and a due one is looked for."""


class StationApp(KeyApp):
    """One interviewer's shift on a full screen."""

    def __init__(self, session: StationSession, theme: str = "dark") -> None:
        self.station = StationScreen(session)
        super().__init__(lambda: self.station, theme)

    def start(self) -> None:
        self.every(BEAT_SECONDS, self.beat)

    async def beat(self) -> None:
        """Keep the case; one that comes by itself rings, and takes no key typed before it."""
        await self.attempt(self.station.beat, self.station)
        if self.top is self.station:
            self.show_effect()

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
        """Keys count again once the terminal shows what came: an outcome keyed twice must not close the next case."""
        super().settle(float("inf"))
        self.call_after_refresh(lambda: super(StationApp, self).settle(monotonic()))
