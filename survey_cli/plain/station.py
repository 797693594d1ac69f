"""Line interface of a station: what each typed line does and what is printed next.

Each line is handled completely before the next is read. It knows no rules about who may be called.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from typing import Final, TypeAlias

from survey_cli.entries import Rejection, to_ascii_digits
from survey_cli.plain import rendering
from survey_cli.plain.interview import PlainInterview
from survey_cli.plain.streams import InputEndedError, InputLines, OutputLines, ask_line
from survey_cli.problems import find_nearest
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.lines import station_lines
from survey_cli.sessions.lines.question_lines import build_heard_line
from survey_cli.sessions.lines.station_lines import build_callback_line
from survey_cli.sessions.station import station_views
from survey_cli.sessions.station.station import StationSession
from survey_cli.sessions.station.station_commands import COMMANDS_BY_NAME, STATION_COMMANDS

Action: TypeAlias = Callable[[], Rejection | None]
OWNER_POLICIES: Final[dict[str, station_views.AppointmentPolicy]] = {
    "": "anyone", "1": "anyone", "2": "me", "3": "me_first",
}  # fmt: skip
INPUT_QUESTIONS: Final = {
    "note": "this outcome needs a note",
    "number": "what is the new number?",
    "language": "which language?",
}
TIME_QUESTION: Final = "when should we call again?"
TIME_HINT: Final = "tomorrow 3pm, thursday morning"
OWNER_HINT: Final = "1 anyone, 2 only me, 3 me first; then whom to ask for, and a note"
STRENGTH_HINT: Final = "1 no time, perhaps another day, 2 unwilling, 3 angry, Enter if not known"


class _CanceledError(Exception):
    """The interviewer canceled the current command: nothing was done. Its text is a command typed instead, or empty."""


class PlainStation:
    """Runs one shift at a station, line by line."""

    def __init__(
        self, session: StationSession, lines_in: InputLines, lines_out: OutputLines
    ) -> None:
        self._station = session
        self._input = lines_in
        self._output = lines_out
        self.interview: InterviewSession | None = None
        """The interview that is being conducted."""
        self._view: station_views.StationView | None = None
        self._notice = ""
        self._title = session.title
        """The study of the case that was shown last."""
        self._due = ""
        """The case of the appointment that was last announced."""
        self._has_ended = False

    def run(self) -> Rejection | None:
        """Run the station to the end of the shift.

        Returns a Rejection that says what is still pending where the input ended before. Raises OutputClosedError.
        """
        session, output = self._station, self._output
        output.print_aside(
            ", ".join(
                part for part in (session.title, session.interviewer, session.station) if part
            )
        )
        if session.practice:
            output.print_aside("PRACTICE: the respondents are simulated; no number is dialed")
        output.print_once(".help lists what can be typed")
        view = session.view()
        if isinstance(view, station_views.IdleView) and not view.why:
            self._print_rejection(session.claim_next())
        try:
            while not self._has_ended:
                self._show()
                self._handle_line(ask_line(self._output, self._input).strip())
        except InputEndedError:
            output.end_line()
            if (rejection := session.end_shift()) is not None:
                return rejection
        output.flush()
        return None

    def _handle_line(self, text: str) -> None:
        """Handle one line; a line typed before another case was shown is not meant for that case."""
        if not isinstance(
            self._view, station_views.WrapUpView
        ):  # which lasts until the interviewer goes on
            self._station.keep_alive()
        if text != ".leave" and _is_different(self._station.view(), self._view):
            if text:
                self._output.print_marked(
                    "!", "this came first, so your line was not used: type it again"
                )
            return
        try:
            self._print_rejection(self._run_line(text))
        except _CanceledError as canceled:
            self._output.print_aside("not done")
            if command := str(canceled):
                self._handle_line(command)

    def _print_rejection(self, rejected: Rejection | None) -> None:
        if rejected is not None:
            self._output.print_marked("!", rejected.why)

    # out

    def _show(self) -> None:
        """Print the view in full where it is a different one, else what has changed."""
        view, before = self._station.view(), self._view
        notice = self._station.notice()
        if notice and notice != self._notice:
            self._output.print_marked("=", notice)
        self._notice = notice
        self._output.print_aside(self._station.take_message())
        self._announce_due_appointment()
        if _is_different(view, before):
            self._show_all(view, brief=self._output.brief)
        elif isinstance(view, station_views.CaseView) and isinstance(
            before, station_views.CaseView
        ):
            # those that are new, have an outcome, or are the current one now
            earlier = set(before.numbers)
            changed = [
                number
                for number in view.numbers
                if not {number, replace(number, current=True)} & earlier
            ]
            self._print_lines([rendering.render_number(number, view) for number in changed])
            if view.heard and view.heard != before.heard:
                self._output.print_line(build_heard_line(view.heard))
            if view.pending_input != before.pending_input:
                self._output.print_lines(station_lines.build_pending_lines(view))
        self._view = view

    def _announce_due_appointment(self) -> None:
        """Print once that an appointment is due."""
        due = self._station.find_due_appointment()
        if due is not None and due.key != self._due:
            self._output.print_marked(
                "=",
                f"appointment due: {rendering.render_line(build_callback_line(due))}: .fetch {due.key}",
            )
        self._due = due.key if due is not None else ""

    def _show_all(self, view: station_views.StationView, *, brief: bool) -> None:
        """Print the view in full, or the brief form, with outcomes that have not been listed yet.

        The study is named where it is another one than before.
        """
        if isinstance(view, station_views.CaseView) and self._title != self._station.title:
            self._title = self._station.title
            self._output.print_aside(f"Study: {self._title}")
        self._print_lines(rendering.render_view(view, brief=brief))
        if isinstance(view, station_views.BreakView) and not view.reason:
            reasons = ", ".join(self._station.list_break_reasons())
            self._output.print_once(f".pause with a reason says why: {reasons}")
        if isinstance(view, station_views.CaseView):
            for choice in view.main_outcomes:
                if self._output.is_due(choice.outcome.id) or not brief:
                    self._output.print_plain(rendering.render_outcome(choice, brief=brief))
            if view.other_outcomes:
                self._output.print_once(".outcomes lists the others")

    # in

    def _run_line(self, text: str) -> Rejection | None:
        if text.startswith("."):
            return self._run_command(text)
        view = self._station.view()
        if not isinstance(view, station_views.CaseView):
            if not text and isinstance(view, station_views.IdleView):
                return self._claim_next()
            if isinstance(view, station_views.WrapUpView):
                return (
                    Rejection(".note, .back, or Enter to continue")
                    if text
                    else self._station.end_wrapup()
                )
            return Rejection(
                ".pause resumes calling"
                if isinstance(view, station_views.BreakView)
                else _explain_pause(view) or "there is no case: .next looks for one"
            )
        if not text:
            return Rejection(".dial, .interview, or the number of an outcome")
        word, _, rest = text.partition(" ")
        keyed = to_ascii_digits(word).casefold()
        choice = next(
            (c for c in view.choices if keyed in (str(c.outcome.number), c.outcome.id)), None
        )
        if choice is None:
            near = find_nearest(word, [c.outcome.id for c in view.choices])
            suggestion = f"did you mean {near}?" if near is not None else ".outcomes lists them"
            return Rejection(f"{word} is not an outcome here: {suggestion}")
        return self._record(choice, rest.strip(), view)

    def _run_command(self, text: str) -> Rejection | None:
        word, _, rest = text[1:].partition(" ")
        word, rest, view = word.casefold(), rest.strip(), self._station.view()
        acts = self._list_actions(rest, view)
        known = COMMANDS_BY_NAME
        if word in acts:
            return acts[word]()
        if word in known and not isinstance(view, station_views.CaseView):
            return Rejection(
                _explain_pause(view) or "there is no case on the screen: .next looks for one"
            )
        if word in known:
            return Rejection(f"it is typed as {known[word]}")
        near = find_nearest(word, known) if word else None
        return Rejection(
            f".{word} is not a command here: {f'did you mean .{near}?' if near else '.help lists them'}"
        )

    def _list_actions(self, rest: str, view: station_views.StationView) -> dict[str, Action]:
        """List what can be done now, by the word of its command; `rest` is what was typed behind it."""
        session, on_break = self._station, isinstance(view, station_views.BreakView)
        acts: dict[str, Action] = {
            "find": lambda: self._search_cases(rest),
            "appointments": self._list_appointments,
            "messages": lambda: self._print_lines(
                session.list_messages() or ["there are no messages"]
            ),
            "back": session.revoke_outcome,
            "pause": lambda: (
                session.end_break() if on_break and not rest else session.start_break(rest)
            ),
            "leave": self._leave,
            "help": lambda: self._print_lines(
                [f"{command}  {command.help}" for command in STATION_COMMANDS]
            ),
            "again": lambda: self._show_all(view, brief=False),
            "brief": self._output.switch_brief,
        }
        if rest:
            acts["fetch"] = lambda: session.fetch_case(rest)
        if isinstance(view, station_views.IdleView):
            acts["next"] = self._claim_next
        elif isinstance(view, station_views.WrapUpView):
            acts["next"] = session.end_wrapup
        if rest and isinstance(view, station_views.WrapUpView | station_views.CaseView):
            acts["note"] = lambda: self._confirm_note(session.add_note(rest))
        return (
            self._list_case_actions(rest, view) | acts
            if isinstance(view, station_views.CaseView)
            else acts
        )

    def _list_case_actions(self, rest: str, view: station_views.CaseView) -> dict[str, Action]:
        acts: dict[str, Action] = {
            each.outcome.id: partial(self._record, each, rest, view) for each in view.choices
        }
        acts |= {
            "dial": lambda: self._dial(view),
            "interview": self._conduct_interview,
            "outcomes": lambda: self._list_outcomes(view),
            "next": lambda: self._choose_next_number(view),
            "scripts": lambda: self._run_scripts(view, rest),
            "faq": lambda: self._show_faq(view),
            "finish": self._station.finish_case,
        }
        if rest:
            acts["add"] = lambda: self._station.add_number(rest)
            acts["appointment"] = lambda: self._book_appointment(rest)
        if rest.isdecimal():
            acts["number"] = lambda: self._station.choose_number(int(rest))
        return acts

    def _list_appointments(self) -> None:
        appointments = [
            rendering.render_line(build_callback_line(each))
            for each in self._station.list_appointments()
        ]
        self._print_lines(appointments or ["you have no open appointments"])

    def _leave(self) -> Rejection | None:
        rejection = self._station.end_shift()
        self._has_ended = rejection is None
        return rejection

    def _claim_next(self) -> Rejection | None:
        """Claim the next case; where the study is still paused, say so again."""
        paused = _explain_pause(self._station.view())
        rejected = self._station.claim_next()
        if rejected is None and paused and (why := _explain_pause(self._station.view())):
            return Rejection(why)
        return rejected

    def _print_lines(self, lines: list[str]) -> None:
        for line in lines:
            self._output.print_aside(line)

    def _confirm_note(self, rejected: Rejection | None) -> Rejection | None:
        if rejected is None:
            self._output.print_aside("noted")
        return rejected

    def _dial(self, view: station_views.CaseView) -> Rejection | None:
        if view.has_open_call:
            self._ask_confirmation("it was dialed: y dials it again")
        result = self._station.dial()
        if isinstance(result, Rejection):
            return result
        self._output.print_marked("=", result)
        return None

    def _choose_next_number(self, view: station_views.CaseView) -> Rejection | None:
        if (chosen := view.next_number) is None:
            return Rejection(
                "the case has no other number that can be called; .add NUMBER adds one"
            )
        return self._station.choose_number(chosen.position)

    def _list_outcomes(self, view: station_views.CaseView) -> None:
        for heading, choices in (("", view.main_outcomes), *view.other_outcomes):
            self._output.print_aside(heading)
            for choice in choices:
                self._output.print_plain(rendering.render_outcome(choice))

    def _record(
        self, choice: station_views.OutcomeChoice, rest: str, view: station_views.CaseView
    ) -> Rejection | None:
        name, required = choice.outcome.name, choice.required_input
        if required == "time":
            return self._book_appointment(rest or self._ask(TIME_QUESTION, TIME_HINT))
        refusal = self._ask_refusal(rest) if choice.is_refusal else None
        rest = "" if choice.is_refusal else rest
        if (doubt := view.find_doubt(choice)) is not None:
            self._ask_confirmation(f"{doubt.what} {doubt.question} y records it")
        if required == "sure":
            self._ask_confirmation(f"{name}: the case will not be called again; y records it")
        elif required:
            names = ", ".join(f"{code} {name}" for code, name in view.languages)
            hint = f"{names}, or other" if required == "language" and names else ""
            rest = rest or self._ask(INPUT_QUESTIONS[required], hint)
        if refusal is not None and any(refusal):
            who, reason, strength = refusal
            if (
                why := self._station.record_refusal(reason=reason, strength=strength, who=who)
            ) is not None:
                return why
        given = {required if required in ("number", "language") else "note": rest}
        return self._station.record_outcome(choice.outcome.id, **given)

    def _ask_refusal(self, reason: str) -> tuple[str, str, int]:
        """Ask who refused, why and how strongly; a reason typed after the outcome is enough."""
        if reason:
            return "", reason, 0
        who = self._ask("who refused?", "Enter if not known", optional=True)
        reason = self._ask("the reason that was given?", "Enter for none", optional=True)
        strength = self._ask_choice(
            ("", "1", "2", "3"), "how strong?", STRENGTH_HINT, optional=True
        )
        return who, reason, int(strength or 0)

    def _search_cases(self, text: str) -> Rejection | None:
        if len(text) < 2:
            return Rejection("type part of the number, the name or the key: .find 555 01")
        self._print_lines(
            [
                rendering.render_line(station_lines.build_match_line(match))
                for match in self._station.search_cases(text)
            ]
            or [f"no case matches: {self._station.search_hint}"]
        )
        return None

    def _run_scripts(self, view: station_views.CaseView, script_id: str) -> Rejection | None:
        if script_id:
            return self._confirm_note(self._station.record_script(script_id))
        self._output.print_lines(station_lines.build_script_lines(view.scripts))
        return None if view.scripts else Rejection("this survey has no scripts")

    def _show_faq(self, view: station_views.CaseView) -> Rejection | None:
        self._output.print_lines(station_lines.build_faq_lines(view.faq))
        return (
            None if view.faq else Rejection("this survey has no answers to respondents' questions")
        )

    def _conduct_interview(self) -> Rejection | None:
        interview = self._station.open_interview()
        if isinstance(interview, Rejection):
            return interview
        self.interview = interview
        rejection = PlainInterview(interview, self._input, self._output).run()
        self.interview = None
        self._print_rejection(rejection)
        if self._input.has_ended:
            self._station.close_interview(then_next=False)
            raise InputEndedError("")
        close_rejection = self._station.close_interview()
        view = self._station.view()
        if (
            close_rejection is None
            and isinstance(view, station_views.CaseView)
            and view.pending_input == "time"
        ):
            return self._book_appointment(self._ask(TIME_QUESTION, TIME_HINT))
        return close_rejection

    # what wants more than one line

    def _ask(self, question: str, hint: str = "", *, optional: bool = False) -> str:
        """Ask for a line of text. A dot command cancels, and so does an empty line unless the text is optional.

        What may be typed is in brackets, in brief mode only once.
        """
        hints = (hint, ".drop cancels" if optional else "Enter alone cancels")
        words = "; ".join(each for each in hints if each and self._output.is_due(each))
        self._output.print_aside(f"{question} ({words})" if words else question)
        line = ask_line(self._output, self._input).strip()
        if line.startswith(".") or not (line or optional):
            raise _CanceledError
        return line

    def _ask_confirmation(self, what: str) -> None:
        self._output.print_marked("?", what)
        line = ask_line(self._output, self._input).strip()
        if line.casefold() not in ("y", "yes"):
            raise _CanceledError(line if line.startswith(".") else "")

    def _book_appointment(self, text: str) -> Rejection | None:
        """Book an appointment: first its time, then by Enter, or after who calls, whom to ask for and a note."""
        reading = 0
        while (time := self._station.parse_time(text, reading)).why_unclear:
            if time.choices:
                self._output.print_marked("?", time.why_unclear)
                for n, choice in enumerate(time.choices, 1):
                    self._output.print_plain(f"{n}  {choice}")
                numbers = [str(n) for n in range(1, len(time.choices) + 1)]
                reading = int(self._ask_choice(numbers, "which one?"))
            else:
                self._output.print_marked("!", time.why_unclear)
                text = self._ask(TIME_QUESTION, TIME_HINT)
        self._output.print_marked("=", ", ".join(part for part in (time.echo, time.hint) if part))
        owner = self._ask_choice(
            OWNER_POLICIES, "Enter books it; or who calls?", OWNER_HINT, optional=True
        )
        person = self._ask("whom to ask for?", "Enter if not known", optional=True) if owner else ""
        note = self._ask("a note?", "Enter for none", optional=True) if owner else ""
        policy = OWNER_POLICIES[owner]
        return self._station.book_appointment(
            text, reading=reading, policy=policy, person=person, note=note
        )

    def _ask_choice(
        self, choices: Collection[str], question: str, hint: str = "", *, optional: bool = False
    ) -> str:
        """Ask until the line is one of the choices."""
        while (line := self._ask(question, hint, optional=optional)) not in choices:
            self._output.print_marked("!", f"{line} is not one of them")
        return line


def _explain_pause(view: station_views.StationView) -> str:
    """Explain by whom the study is paused, since when and why; empty while it is not."""
    return view.why if isinstance(view, station_views.IdleView) and view.study_is_paused else ""


def _is_different(
    view: station_views.StationView, before: station_views.StationView | None
) -> bool:
    """Whether another case, or none, is shown now."""
    if isinstance(view, station_views.CaseView) and isinstance(before, station_views.CaseView):
        return (view.key, view.attempt) != (before.key, before.attempt)
    if isinstance(view, station_views.IdleView) and isinstance(before, station_views.IdleView):
        return view.study_is_paused != before.study_is_paused
    if isinstance(view, station_views.BreakView) and isinstance(before, station_views.BreakView):
        return view.reason != before.reason
    return type(view) is not type(before)
