"""Line interface of a station: what a typed line does and what is printed next.

A line is handled completely before the next is read. It knows no rules about who may be called.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import Final, NamedTuple, TypeAlias, assert_never

from survey_cli.entries import Rejection, to_ascii_digits
from survey_cli.entry_commands import NO_FAQ
from survey_cli.fieldwork.shifts import render_shift_summary
from survey_cli.plain import awaited_line, rendering, station_choices
from survey_cli.plain.awaited_line import AwaitedLine, LineChoice
from survey_cli.plain.conversation import (
    HandButton,
    InputEndedError,
    LineSource,
    OutputLines,
    OvertakenError,
    ask_line,
    press_hand,
)
from survey_cli.plain.interview import PlainInterview
from survey_cli.problems import find_nearest
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.lines import station_lines
from survey_cli.sessions.lines.line import Line, Role, to_spans
from survey_cli.sessions.lines.question_lines import build_heard_line
from survey_cli.sessions.station import station_questions as questions
from survey_cli.sessions.station import station_views
from survey_cli.sessions.station.station import StationSession
from survey_cli.sessions.station.station_commands import COMMANDS_BY_NAME, STATION_COMMANDS
from survey_cli.sessions.station.station_questions import StationQuestion
from survey_cli.sessions.station.station_views import (
    BreakView,
    CaseView,
    IdleView,
    OutcomeChoice,
    StationView,
    WrapUpView,
)
from survey_cli.sessions.station.step import Step

Action: TypeAlias = Callable[[], Rejection | None]
"""Does what a line asks for; returns why it was not done."""
BOOK_QUESTION: Final = "Enter books it; or who calls?"
"""Asked after the time of an appointment was understood."""
FURTHER_QUESTIONS: Final = "then whom to ask for, and a note"
"""What is asked next if somebody else, or only this interviewer, calls."""

KEEP_ALIVE_SECONDS: Final = 10.0
"""How often the case is kept, or one looked for, while a line is awaited."""


class _CanceledError(Exception):
    """The interviewer canceled the current command: nothing was done.

    Its text is a command typed instead, or empty.
    """


class _Refusal(NamedTuple):
    """What the next interviewer should know of a refusal."""

    who: str = ""
    reason: str = ""
    strength: int = 0


class PlainStation:
    """Runs one shift at a station, line by line."""

    def __init__(
        self, session: StationSession, lines_in: LineSource, lines_out: OutputLines
    ) -> None:
        self._station = session
        self._input = lines_in
        self._output = lines_out
        self.interview: InterviewSession | None = None
        """The interview that is being conducted."""
        self._shown: StationView | None = None
        """The view that was printed last."""
        self._notice = ""
        self._title = session.title
        """The study of the case that was shown last."""
        self._due = ""
        """The case of the appointment that was last announced."""
        self._presence_question = ""
        """Whether somebody is still there, as it was asked last."""
        self._has_ended = False
        self._hand_button = HandButton(lambda: session.hand)
        self._offered: tuple[LineChoice, ...] = ()
        """What was listed and can be chosen with the next line, besides its commands."""
        self._kept_alive_at = monotonic()
        """When the case was last kept, or one looked for, while a line was awaited."""

    def run(self) -> Rejection | None:
        """Run the station to the end of the shift.

        If the input ended before, it returns a rejection that says what is still pending. Raises
        OutputClosedError.
        """
        session = self._station
        output = self._output
        self._print_place()
        if session.practice:
            output.say(Role.HEADING, "PRACTICE: the respondents are simulated; no number is dialed")
        if not self._input.has_buttons:
            output.say_once(Role.ACTION, ".help lists what can be typed")

        view = session.look().view
        if isinstance(view, IdleView) and not view.was_searched:
            self._print_rejection(session.claim_next().rejection)
        try:
            self._print_rejection(self._continue_interview())
            while not self._has_ended:
                self._show()
                try:
                    text = self._ask_command()
                except OvertakenError:
                    continue
                self._handle_line(text)
        except InputEndedError:
            output.end_line()
            if self._input.is_cut_off:
                # The same interviewer goes on with it at once, in another seat.
                return None
            rejection = session.end_shift().rejection
            if rejection is not None:
                return rejection
        output.flush()
        return None

    def _handle_line(self, text: str) -> None:
        """Handle one line.

        A line typed before another case was shown is not meant for that case.
        """
        if self._note_line():
            return
        is_command = isinstance(self._shown, IdleView) and text.startswith(".")
        # The time after a call lasts until the interviewer goes on. While a respondent who calls
        # back is searched for, no case may come over it.
        if isinstance(self._shown, WrapUpView) or is_command:
            step = self._station.look()
        else:
            step = self._station.keep_alive()
        if text != ".leave" and _is_different(step.view, self._shown):
            if text:
                self._output.say(
                    Role.REJECTION, "this came first, so your line was not used: type it again"
                )
            return

        try:
            self._print_rejection(self._run_line(text, step.view))
        except _CanceledError as canceled:
            self._output.say(Role.FACT, "not done")
            command = str(canceled)
            if command:
                self._handle_line(command)

    def _note_line(self) -> bool:
        """Note that somebody is there; returns whether the line does nothing else."""
        noted = self._station.note_key()
        notice = noted.notice
        if noted.took_key and not notice:
            notice = "good: that line did nothing else"
        if notice:
            self._output.say(Role.UNDERSTOOD, notice)
        self._presence_question = ""
        return noted.took_key

    def _print_rejection(self, rejection: Rejection | None) -> None:
        if rejection is not None:
            self._output.say(Role.REJECTION, rejection.why)

    # news

    def _ask_command(self) -> str:
        """Ask for a command or an outcome. Raises OvertakenError if something else came."""
        view = self._station.look().view
        names = self._list_actions("1", view)
        is_hand_up = self._hand_button.note_state()
        awaited = station_choices.await_command(view, names, is_hand_up=is_hand_up)
        awaited = awaited_line.add_commands(awaited, self._offered)
        self._offered = ()
        return ask_line(self._output, self._input, awaited, self._tell_news_at_command).strip()

    def _tell_news(self) -> tuple[LineChoice, ...]:
        """Keep the case, and print which messages and appointments there are now."""
        if monotonic() - self._kept_alive_at >= KEEP_ALIVE_SECONDS:
            self._kept_alive_at = monotonic()
            self._keep_alive()
        self._output.say(Role.MESSAGE, self._station.take_message())
        self._ask_presence()
        return (*self._hand_button.update(), *self._announce_due_appointment())

    def _ask_presence(self) -> None:
        """Ask once whether somebody is still there."""
        question = self._station.look().presence_question
        if question and question != self._presence_question:
            self._output.say(Role.QUERY, f"{question} Press Enter.")
        self._presence_question = question

    def _keep_alive(self) -> None:
        """Keep the case, or look for one if nothing is typed that it would come over."""
        view = self._station.look().view
        is_typing = bool(self._input.unfinished.strip())
        # The time after a call lasts until the interviewer goes on.
        if isinstance(view, WrapUpView) or (isinstance(view, IdleView) and is_typing):
            return
        self._station.keep_alive()

    def _tell_news_at_command(self) -> tuple[LineChoice, ...]:
        """Print the news.

        Raises OvertakenError if another case came, the one shown is lost, or the station ends.
        """
        offered = self._tell_news()
        if not self._input.unfinished.strip() and self._station.end_for_update():
            self._has_ended = True
            raise OvertakenError
        step = self._station.look()
        if _is_different(step.view, self._shown) or step.notice != self._notice:
            raise OvertakenError
        return offered

    # out

    def _show(self) -> None:
        """Print the view in full if it is a different one, else what has changed."""
        step = self._station.look()
        view = step.view
        if step.notice and step.notice != self._notice:
            self._output.say(Role.UNDERSTOOD, step.notice)
        self._notice = step.notice
        self._output.say(Role.MESSAGE, self._station.take_message())
        self._offered += self._announce_due_appointment()

        before = self._shown
        if _is_different(view, before):
            self._show_all(view, brief=self._output.brief)
        elif isinstance(view, CaseView) and isinstance(before, CaseView):
            self._show_changes(view, before)
        self._shown = view

    def _show_changes(self, view: CaseView, before: CaseView) -> None:
        """Print what has changed of the case on the screen."""
        # numbers that are new, have an outcome, or are the current one now
        for number in view.numbers:
            is_known = number in before.numbers or replace(number, current=True) in before.numbers
            if not is_known:
                self._output.print_line(rendering.arrange_number(number, view))
        if view.heard and view.heard != before.heard:
            self._output.print_line(build_heard_line(view.heard))
        if view.pending_input != before.pending_input:
            self._output.print_lines(station_lines.build_pending_lines(view))

    def _announce_due_appointment(self) -> tuple[LineChoice, ...]:
        """Print once that an appointment is due; returns the choice of fetching its case."""
        due = self._station.find_due_appointment()
        if due is None:
            self._due = ""
            return ()
        if due.key == self._due:
            return ()

        self._due = due.key
        now = self._station.look().view.station_time
        line = station_lines.build_due_line(due, now or due.station_time)
        self._output.print_line(line)
        return (_build_fetch(due.key),)

    def _show_all(self, view: StationView, *, brief: bool) -> None:
        """Print the view in full, or the brief form, with outcomes that have not been listed yet.

        The study is named if it is another one than before.
        """
        self._output.begin_page()
        if isinstance(view, CaseView) and self._title != self._station.title:
            self._title = self._station.title
            self._output.say(Role.HEADING, f"Study: {self._title}")
        has_buttons = self._input.has_buttons
        lines = rendering.arrange_view(view, brief=brief, has_buttons=has_buttons)
        self._output.print_lines(lines)

        if isinstance(view, BreakView) and not view.reason:
            reasons = ", ".join(self._station.list_break_reasons())
            self._output.say_once(Role.ACTION, f".pause with a reason says why: {reasons}")
        if isinstance(view, CaseView):
            for choice in view.main_outcomes:
                if self._output.is_due(choice.outcome.id) or not brief:
                    self._print_outcome(choice, brief=brief)
            if view.other_outcomes and not has_buttons:
                self._output.say_once(Role.ACTION, ".outcomes lists the others")

    def _print_outcome(self, choice: OutcomeChoice, *, brief: bool = False) -> None:
        """Print an outcome, briefly without its id."""
        line = station_lines.build_outcome_line(choice)
        if brief:
            line = line._replace(note="")
        self._output.print_line(line)

    # in

    def _run_line(self, text: str, view: StationView) -> Rejection | None:
        if text.startswith("."):
            return self._run_command(text, view)
        match view:
            case CaseView():
                return self._run_outcome(text, view)
            case IdleView():
                if text:
                    return Rejection(_explain_pause(view) or self._explain_idle())
                return self._claim_next()
            case WrapUpView():
                if text:
                    way = self._choose_way(
                        ".note, .back, or Enter to continue",
                        "choose a button, or press Enter to continue",
                    )
                    return Rejection(way)
                return self._station.end_wrapup().rejection
            case BreakView():
                way = self._choose_way(
                    ".pause resumes calling", "the button “Resume calling” ends the break"
                )
                return Rejection(way)
            case _:
                assert_never(view)

    def _choose_way(self, typed: str, by_button: str) -> str:
        """Choose the words that say how to go on: by what is typed or, on a page, by a button."""
        if self._input.has_buttons:
            return by_button
        return typed

    def _explain_idle(self) -> str:
        way = self._choose_way(".next looks for one", "the button “Look for a case” does that")
        return f"there is no case on the screen: {way}"

    def _run_outcome(self, text: str, view: CaseView) -> Rejection | None:
        """Record the outcome whose number or id begins the line."""
        if not text:
            way = self._choose_way(
                ".dial, .interview, or the number of an outcome",
                "choose a button, or type the number of an outcome",
            )
            return Rejection(way)
        word, _, rest = text.partition(" ")
        keyed = to_ascii_digits(word).casefold()
        for choice in view.choices:
            if keyed in (str(choice.outcome.number), choice.outcome.id):
                return self._record(choice, rest.strip(), view)

        near = find_nearest(word, [choice.outcome.id for choice in view.choices])
        suggestion = self._choose_way(
            ".outcomes lists them", "the button “All outcomes” lists them"
        )
        if near is not None:
            suggestion = f"did you mean {near}?"
        return Rejection(f"{word} is not an outcome here: {suggestion}")

    def _run_command(self, text: str, view: StationView) -> Rejection | None:
        typed, _, behind = text[1:].partition(" ")
        word = typed.casefold()
        acts = self._list_actions(behind.strip(), view)
        if word in acts:
            return acts[word]()
        known = COMMANDS_BY_NAME
        if word in known and not isinstance(view, CaseView):
            return Rejection(_explain_pause(view) or self._explain_idle())
        if word in known:
            return Rejection(f"it is typed as {known[word]}")

        near = find_nearest(word, known) if word else None
        suggestion = f"did you mean .{near}?" if near else ".help lists them"
        return Rejection(f".{word} is not a command here: {suggestion}")

    def _list_actions(self, rest: str, view: StationView) -> dict[str, Action]:
        """List what can be done now, by the word of its command; `rest` was typed behind it."""
        session = self._station
        acts: dict[str, Action] = {
            "find": lambda: self._search_cases(rest),
            "appointments": self._list_appointments,
            "messages": self._list_messages,
            "back": lambda: session.revoke_outcome().rejection,
            "pause": lambda: self._pause(rest, view),
            "hand": lambda: press_hand(session.hand, self._output, self._input),
            "status": self._show_status,
            "leave": self._leave,
            "help": self._list_commands,
            "again": lambda: self._show_all(view, brief=False),
            "brief": self._output.switch_brief,
        }
        if rest:
            acts["fetch"] = lambda: session.fetch_case(rest).rejection
        if isinstance(view, IdleView):
            acts["next"] = self._claim_next
        elif isinstance(view, WrapUpView):
            acts["next"] = lambda: session.end_wrapup().rejection
        if rest and isinstance(view, WrapUpView | CaseView):
            acts["note"] = lambda: self._confirm_note(session.add_note(rest))
        if isinstance(view, CaseView):
            # An outcome may have the name of a command, which is then done.
            acts = self._list_case_actions(rest, view) | acts
        return acts

    def _list_case_actions(self, rest: str, view: CaseView) -> dict[str, Action]:
        session = self._station
        acts: dict[str, Action] = {}
        for choice in view.choices:
            acts[choice.outcome.id] = partial(self._record, choice, rest, view)
        acts |= {
            "dial": lambda: self._dial(view),
            "interview": self._conduct_interview,
            "outcomes": lambda: self._list_outcomes(view),
            "next": lambda: self._choose_next_number(view),
            "scripts": lambda: self._run_scripts(view, rest),
            "faq": lambda: self._show_faq(view),
            "finish": lambda: session.finish_case().rejection,
        }
        if rest:
            acts["add"] = lambda: session.add_number(rest).rejection
            acts["appointment"] = lambda: self._book_appointment(rest)
        if rest.isdecimal():
            acts["number"] = lambda: session.choose_number(int(rest)).rejection
        return acts

    def _list_appointments(self) -> None:
        appointments = self._station.list_appointments()
        lines = [station_lines.build_callback_line(appointment) for appointment in appointments]
        self._output.print_lines(lines)
        self._offer_cases([appointment.key for appointment in appointments])
        if not lines:
            self._output.say(Role.FACT, station_lines.NO_APPOINTMENTS)

    def _list_messages(self) -> None:
        messages = self._station.list_messages()
        for message in messages:
            self._output.say(Role.MESSAGE, message)
        if not messages:
            self._output.say(Role.FACT, "there are no messages")

    def _show_status(self) -> None:
        """Print who sits here, and the shift so far."""
        self._print_place()
        for line in render_shift_summary(self._station.summarize_shift()):
            self._output.say(Role.FACT, line)

    def _print_place(self) -> None:
        """Print the study, who sits here, and that the hand is up."""
        session = self._station
        parts = (session.title, session.interviewer, session.station, session.hand.describe())
        self._output.say(Role.HEADING, ", ".join([part for part in parts if part]))

    def _list_commands(self) -> None:
        for command in STATION_COMMANDS:
            self._output.print_line(Line(Role.COMMAND, to_spans(command.help), key=str(command)))

    def _offer_cases(self, keys: Iterable[str]) -> None:
        """Offer to fetch these cases with the next line."""
        self._offered = tuple([_build_fetch(key) for key in keys])

    def _pause(self, reason: str, view: StationView) -> Rejection | None:
        """End the break; else start one. A reason always starts one."""
        if isinstance(view, BreakView) and not reason:
            return self._station.end_break().rejection
        return self._station.start_break(reason).rejection

    def _leave(self) -> Rejection | None:
        rejection = self._station.end_shift().rejection
        self._has_ended = rejection is None
        return rejection

    def _claim_next(self) -> Rejection | None:
        """Claim the next case; if the study is still paused, say so again."""
        was_paused = _explain_pause(self._station.look().view)
        step = self._station.claim_next()
        still_paused = _explain_pause(step.view)
        if step.rejection is None and was_paused and still_paused:
            return Rejection(still_paused)
        return step.rejection

    def _confirm_note(self, step: Step) -> Rejection | None:
        if step.rejection is None:
            self._output.say(Role.FACT, "noted")
        return step.rejection

    def _dial(self, view: CaseView) -> Rejection | None:
        if view.has_open_call:
            self._ask_confirmation("it was dialed: y dials it again")
        step = self._station.dial()
        if step.rejection is None:
            self._output.say(Role.UNDERSTOOD, step.dialing)
        return step.rejection

    def _choose_next_number(self, view: CaseView) -> Rejection | None:
        chosen = view.next_number
        if chosen is None:
            return Rejection(
                "the case has no other number that can be called; .add NUMBER adds one"
            )
        return self._station.choose_number(chosen.position).rejection

    def _list_outcomes(self, view: CaseView) -> None:
        for heading, choices in (("", view.main_outcomes), *view.other_outcomes):
            self._output.say(Role.HEADING, heading)
            for choice in choices:
                self._print_outcome(choice)
            if heading:
                self._offered += station_choices.list_outcomes(choices)

    def _record(self, choice: OutcomeChoice, rest: str, view: CaseView) -> Rejection | None:
        """Ask for what an outcome requires, and record it; `rest` was typed behind it."""
        required = choice.required_input
        if required == "time":
            return self._book_appointment(rest or self._ask(questions.WHEN))
        refusal = _Refusal()
        if choice.is_refusal:
            refusal = self._ask_refusal(rest)
            rest = ""

        doubt = view.find_doubt(choice)
        if doubt is not None:
            self._ask_confirmation(f"{doubt.what} {doubt.question} y records it")
        if required == "sure":
            name = choice.outcome.name
            self._ask_confirmation(f"{name}: the case will not be called again; y records it")
        elif required and not rest:
            asked = questions.REQUIRED[required]._replace(hint=_build_hint(choice, view))
            rest = self._ask(asked)

        if refusal != _Refusal():
            described = self._station.record_refusal(
                reason=refusal.reason, strength=refusal.strength, who=refusal.who
            )
            if described.rejection is not None:
                return described.rejection
        # Whatever else was typed behind an outcome is a note.
        kind = required if required in ("number", "language") else "note"
        return self._station.record_outcome(choice.outcome.id, **{kind: rest}).rejection

    def _ask_refusal(self, reason: str) -> _Refusal:
        """Ask who refused, why and how strongly; a reason typed after the outcome is enough."""
        if reason:
            return _Refusal(reason=reason)
        who = self._ask(questions.WHO_REFUSED, optional=True)
        reason = self._ask(questions.REFUSAL_REASON, optional=True)
        strength = self._ask_choice(questions.REFUSAL_STRENGTH, optional=True)
        return _Refusal(who, reason, int(strength or 0))

    def _search_cases(self, text: str) -> Rejection | None:
        if len(text) < questions.MIN_SEARCH:
            return Rejection("type part of the number, the name or the key: .find 555 01")
        matches = self._station.search_cases(text)
        if matches:
            lines = [station_lines.build_match_line(match) for match in matches]
            self._output.print_lines(lines)
            self._offer_cases([match.key for match in matches])
        else:
            self._output.say(Role.FACT, f"no case matches: {self._station.search_hint}")
        return None

    def _run_scripts(self, view: CaseView, script_id: str) -> Rejection | None:
        if script_id:
            return self._confirm_note(self._station.record_script(script_id))
        if not view.scripts:
            return Rejection(questions.NO_SCRIPTS)
        self._output.print_lines(station_lines.build_script_lines(view.scripts))
        return None

    def _show_faq(self, view: CaseView) -> Rejection | None:
        if not view.faq:
            return Rejection(NO_FAQ)
        self._output.print_lines(station_lines.build_faq_lines(view.faq))
        return None

    def _conduct_interview(self) -> Rejection | None:
        return self._run_interview(self._station.open_interview())

    def _continue_interview(self) -> Rejection | None:
        """Go on with the interview that was open when the terminal was lost, if one was."""
        try:
            return self._run_interview(self._station.continue_interview())
        except _CanceledError:
            self._output.say(Role.FACT, "not done")
            return None

    def _run_interview(self, opened: Step) -> Rejection | None:
        """Conduct the interview of a step; without one, return why there is none."""
        if opened.interview is None:
            return opened.rejection
        self.interview = opened.interview
        conducted = PlainInterview(opened.interview, self._input, self._output, self._tell_news)
        rejection = conducted.run()
        if self._input.is_cut_off:
            raise InputEndedError("")
        self.interview = None
        self._print_rejection(rejection)
        if self._input.has_ended:
            self._station.close_interview(then_next=False)
            raise InputEndedError("")

        closed = self._station.close_interview()
        view = closed.view
        needs_time = isinstance(view, CaseView) and view.pending_input == "time"
        if closed.rejection is None and needs_time:
            return self._book_appointment(self._ask(questions.WHEN))
        return closed.rejection

    # what wants more than one line

    def _ask(
        self, asked: StationQuestion, *, optional: bool = False, are_listed: bool = False
    ) -> str:
        """Ask for a line of text.

        A dot command cancels, and so does an empty line unless the text is optional. What may be
        typed is in brackets, in brief mode only once. `are_listed` means that the choices are above
        the line already.
        """
        numbered = asked.numbered
        if are_listed:
            numbered = ""
        hint = "; ".join([part for part in (numbered, asked.hint) if part])
        way_out = "Enter alone cancels"
        if self._input.has_buttons:
            way_out = ""  # there is a button
        elif optional:
            way_out = ".drop cancels"
        hints = [part for part in (hint, way_out) if part and self._output.is_due(part)]
        question = asked.question
        if hints:
            question = f"{question} ({'; '.join(hints)})"
        self._output.say(Role.ASKED, question)

        awaited = awaited_line.await_reply(asked, optional=optional)
        line = self._ask_line(awaited)
        if line.startswith(".") or not (line or optional):
            raise _CanceledError
        return line

    def _ask_line(self, awaited: AwaitedLine) -> str:
        """Ask for a line that isn't a command; what comes meanwhile is shown afterwards."""
        while True:
            line = ask_line(self._output, self._input, awaited, self._tell_news).strip()
            if not self._note_line():
                return line

    def _ask_confirmation(self, what: str) -> None:
        self._output.say(Role.QUERY, what)
        line = self._ask_line(awaited_line.await_yes_no(what))
        if line.casefold() in ("y", "yes"):
            return
        command = line if line.startswith(".") else ""
        raise _CanceledError(command)

    def _book_appointment(self, text: str) -> Rejection | None:
        """Book an appointment: first its time, then by Enter, or after what else is known of it."""
        reading = 0
        time = self._station.parse_time(text, reading)
        while time.why_unclear:
            if time.choices:
                reading = self._ask_reading(time)
            else:
                self._output.say(Role.REJECTION, time.why_unclear)
                text = self._ask(questions.WHEN)
            time = self._station.parse_time(text, reading)
        understood = [part for part in (time.echo, time.hint) if part]
        self._output.say(Role.UNDERSTOOD, ", ".join(understood))

        person = ""
        note = ""
        policy = questions.POLICIES[0]
        who_calls = questions.POLICY._replace(
            question=BOOK_QUESTION, hint=FURTHER_QUESTIONS, without="Book it"
        )
        owner = self._ask_choice(who_calls, optional=True)
        if owner:
            policy = questions.POLICIES[int(owner) - 1]
            person = self._ask(questions.PERSON, optional=True)
            note = self._ask(questions.NOTE, optional=True)
        step = self._station.book_appointment(
            text, reading=reading, policy=policy, person=person, note=note
        )
        return step.rejection

    def _ask_reading(self, time: station_views.TimeReading) -> int:
        """Ask which of several meanings a time has; returns its number, from 1."""
        self._output.say(Role.QUERY, time.why_unclear)
        for number, choice in enumerate(time.choices, start=1):
            self._output.print_line(Line(Role.OPTION, to_spans(choice), key=str(number)))
        which = StationQuestion("reading", "Which", "which one?", choices=time.choices)
        return int(self._ask_choice(which, are_listed=True))

    def _ask_choice(
        self, asked: StationQuestion, *, optional: bool = False, are_listed: bool = False
    ) -> str:
        """Ask until the line is the number of a choice, or empty if that is allowed."""
        numbers = [str(number) for number in range(1, len(asked.choices) + 1)]
        while True:
            line = self._ask(asked, optional=optional, are_listed=are_listed)
            if line in numbers or not line:
                return line
            self._output.say(Role.REJECTION, f"{line} is not one of them")


def _build_fetch(key: str) -> LineChoice:
    return LineChoice(f".fetch {key}", f"Fetch {key}")


def _build_hint(choice: OutcomeChoice, view: CaseView) -> str:
    """Build the hint for what an outcome requires: the languages of the study."""
    if choice.required_input != "language" or not view.languages:
        return ""
    names = ", ".join(f"{code} {name}" for code, name in view.languages)
    return f"{names}, or other"


def _explain_pause(view: StationView) -> str:
    """Explain by whom the study is paused, since when and why; empty while it is not."""
    if isinstance(view, IdleView) and view.study_is_paused:
        return view.why
    return ""


def _is_different(view: StationView, before: StationView | None) -> bool:
    """Whether another case, or none, is shown now."""
    match (view, before):
        case (CaseView(), CaseView()):
            return (view.key, view.attempt) != (before.key, before.attempt)
        case (IdleView(), IdleView()):
            return view.study_is_paused != before.study_is_paused
        case (BreakView(), BreakView()):
            return view.reason != before.reason
        case _:
            return type(view) is not type(before)
