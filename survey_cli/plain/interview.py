"""Line interface of one interview: what a typed line does and what is printed next.

A line is handled completely before the next is read. Nothing depends on what a question is about.
"""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import assert_never

from survey_cli import entries
from survey_cli import entry_commands as commands
from survey_cli.engine.events import InterviewNote
from survey_cli.outcomes import Outcome
from survey_cli.plain import awaited_line, rendering
from survey_cli.plain.awaited_line import AwaitedLine, LineChoice, LineKind
from survey_cli.plain.conversation import (
    HandButton,
    InputEndedError,
    LineSource,
    OutputLines,
    TellNews,
    ask_line,
    press_hand,
    tell_nothing,
)
from survey_cli.sessions.interview.interview_session import ClosingReview, InterviewSession
from survey_cli.sessions.lines import interview_lines, question_lines
from survey_cli.sessions.lines.line import Line, Role, to_spans
from survey_cli.values import Place
from survey_cli.wording import shorten


class _NextStep(Enum):
    """What follows an entry that was accepted."""

    ARRIVE = "show what is asked now"
    REPEAT = "show the whole item, its section too"
    WAIT = "the same item still waits for its line"


class PlainInterview:
    """Conducts one interview, line by line."""

    def __init__(
        self,
        session: InterviewSession,
        lines_in: LineSource,
        lines_out: OutputLines,
        tell_news: TellNews = tell_nothing,
    ) -> None:
        """`tell_news` says what the station has to say while a line is awaited."""
        session.review_before_end = True
        self._session = session
        self._input = lines_in
        self._output = lines_out
        self._tell_station_news = tell_news
        self._heading = Line(Role.SECTION)
        self._turn = Line(Role.TURN)
        # The first question doesn't say that it has none.
        self._declines = question_lines.NO_DECLINES
        self._options: list[Line] = []
        self._place: Place | None = None
        self._was_denied = False
        """An answer read back was denied: the right one is awaited."""
        self._offered: tuple[LineChoice, ...] = ()
        """What was listed and can be chosen with the next line, besides its commands."""
        self._draft = ""
        """The text that was last saved as a draft."""
        self._is_held_enter = False
        """The line came so soon after the one before that its Enter may be a key held down."""
        self._was_enter_refused = False
        """That was said of the line before."""
        self._hand_button = HandButton(lambda: session.hand)

    def run(self) -> entries.Rejection | None:
        """Conduct the interview to its end, or until it is suspended.

        Returns a Rejection if it could not be suspended. Raises OutputClosedError.
        """
        self._show_heading()
        rejection = self._run_prompts()
        result = self._session.result()
        if result is not None:
            lines = interview_lines.build_result_lines(result)
            self._output.print_lines(rendering.arrange_result(lines, brief=self._output.brief))
        self._output.set_language("")
        self._output.flush()
        return rejection

    def _show_heading(self) -> None:
        """Print which interview this is; briefly, the respondent first and the title only once."""
        session = self._session
        output = self._output
        title = session.title if output.is_due(session.title) else ""
        heading = [title, session.respondent]
        if output.brief:
            heading.reverse()
        output.say(Role.HEADING, ", ".join([part for part in heading if part]))
        if session.practice:
            output.say(Role.HEADING, "Practice interview")
        output.say(Role.NOTICE, session.notice)
        if not self._input.has_buttons:
            output.say_once(Role.ACTION, ".help lists what else can be typed")

    def _run_prompts(self) -> entries.Rejection | None:
        """Ask one question after the other.

        Returns a Rejection if the interview could not be suspended.
        """
        next_step = _NextStep.ARRIVE
        while True:
            prompt = self._session.prompt()
            review = self._session.closing_review()
            if prompt is None and review is None:
                return None

            self._tell_message()
            if next_step is not _NextStep.WAIT:
                if prompt is not None:
                    self._show(prompt, anew=next_step is _NextStep.REPEAT)
                elif review is not None:
                    self._show_review(review)

            try:
                line = self._ask_entry(prompt)
                self._is_held_enter = self._measure_enter()
                if prompt is not None:
                    outcome = self._handle_line(line, prompt)
                else:
                    outcome = self._handle_at_review(line)
            except InputEndedError:
                self._output.end_line()
                return self._session.leave_unattended()

            if isinstance(outcome, entries.Rejection):
                self._output.say(Role.REJECTION, outcome.why)
                self._say_other_places(outcome.places)
                next_step = _NextStep.WAIT
            else:
                next_step = outcome
                dropped = commands.format_dropped(self._session.take_dropped())
                self._output.say(Role.FACT, dropped)

    # news

    def _tell_message(self) -> bool:
        """Print the next message of a supervisor; returns whether there was one."""
        message = self._session.take_message()
        self._output.say(Role.MESSAGE, message)
        return bool(message)

    def _tell_news(self) -> tuple[LineChoice, ...]:
        """Print what happens while a line is awaited."""
        self._tell_message()
        # What the station offers can't be chosen within an interview.
        self._tell_station_news()
        return self._hand_button.update()

    def _tell_news_and_keep_draft(self) -> tuple[LineChoice, ...]:
        """Print what happens while a text is typed, and save what is typed of it."""
        offered = self._tell_news()
        text = self._input.unfinished.strip()
        if text != self._draft and not commands.is_command(text):
            self._draft = text
            self._session.save_draft(text)
        return offered

    # out

    def _show_review(self, review: ClosingReview) -> None:
        """Print what is looked through before the interview is complete."""
        self._place = None
        self._output.begin_page()
        self._output.print_lines(self._name_places(interview_lines.build_review_lines(review)))
        self._output.say_once(Role.ACTION, self._review_help)

    def _show(self, prompt: entries.Prompt, *, anew: bool) -> None:
        """Print the question, unless it was printed last, and what is asked about its answer."""
        output = self._output
        query = prompt.query
        self._was_denied = False
        output.set_language(prompt.language, right_to_left=prompt.right_to_left)
        if query is None or anew or prompt.place != self._place:
            self._place = prompt.place
            output.begin_page()
            self._show_question(prompt, anew=anew)
        if query is not None:
            has_buttons = self._input.has_buttons
            for line in question_lines.build_query_lines(query, has_buttons=has_buttons):
                output.print_known(line)
            if has_buttons:
                self._offer_places(query.places)
        heard = self._session.heard()
        if heard:
            output.print_line(question_lines.build_heard_line(heard))

    def _show_question(self, prompt: entries.Prompt, *, anew: bool) -> None:
        """Print the lines of a question, and what is known of its answer already.

        What was printed with the question before isn't repeated: section, turn and declines, in
        brief mode also options and hints. `anew` prints everything.
        """
        has_buttons = self._input.has_buttons
        lines = question_lines.build_question_lines(prompt, has_buttons=has_buttons)
        self._show_headings(lines, anew=anew)
        options_shown = False
        declines_shown = False
        for line in lines:
            match line.role:
                case Role.SECTION | Role.TURN:
                    pass
                case Role.OPTION | Role.UNREAD_OPTION | Role.UNIT:
                    if not options_shown:
                        self._show_options(lines, prompt, anew=anew)
                    options_shown = True
                case Role.HINT if not anew:
                    self._output.print_known(line)
                case Role.DECLINE:
                    if not declines_shown:
                        self._show_declines(lines, anew=anew)
                    declines_shown = True
                case _:
                    self._output.print_line(line)

        if entries.keeps_draft(prompt.entry):
            draft = self._session.load_draft()
            if draft:
                self._output.print_line(question_lines.build_draft_line(draft, prompt))
        if prompt.earlier is not None and prompt.query is None:
            self._output.print_line(question_lines.build_earlier_line(prompt.earlier))

    def _show_headings(self, lines: list[Line], *, anew: bool) -> None:
        """Print the section and the roster's turn if they have changed."""
        by_role = {line.role: line for line in lines}
        section = by_role.get(Role.SECTION, Line(Role.SECTION))
        turn = by_role.get(Role.TURN, Line(Role.TURN))
        if section.text and (section != self._heading or anew):
            self._output.print_line(section)
        if section != self._heading or anew:
            self._turn = Line(Role.TURN)
        if turn != self._turn or anew:
            self._output.print_line(turn)
        self._heading = section
        self._turn = turn

    def _show_options(self, lines: list[Line], prompt: entries.Prompt, *, anew: bool) -> None:
        """Print the options; in brief mode only their codes if the last options were the same."""
        roles = (Role.OPTION, Role.UNREAD_OPTION, Role.UNIT)
        options = [line for line in lines if line.role in roles]
        if options == self._options and self._output.brief and not anew:
            self._output.say(Role.HINT, f"{rendering.render_codes(prompt.entry)} as before")
        else:
            self._output.print_lines(options)
        self._options = options

    def _show_declines(self, lines: list[Line], *, anew: bool) -> None:
        """Print the declines if they aren't those of the last question; in brief mode only once."""
        words = rendering.render_declines(lines, has_buttons=self._input.has_buttons)
        if anew or (words != self._declines and self._output.is_due(words)):
            self._output.say(Role.DECLINE, words)
        self._declines = words

    # in

    def _ask_entry(self, prompt: entries.Prompt | None) -> str:
        """Ask for a line. If the input ends while a text is typed, the text is saved as a draft."""
        tell_news = self._tell_news
        if prompt is not None and isinstance(prompt.entry, entries.VerbatimEntry):
            tell_news = self._tell_news_and_keep_draft
        awaited = self._await_entry(prompt)
        self._draft = awaited.draft
        try:
            return ask_line(self._output, self._input, awaited, tell_news)
        except InputEndedError as ended:
            text = ended.unfinished.strip()
            is_kept = prompt is not None and entries.keeps_draft(prompt.entry)
            if text and is_kept and not commands.is_command(text):
                self._session.save_draft(self._join_draft(prompt, text))
            raise

    def _join_draft(self, prompt: entries.Prompt | None, text: str) -> str:
        """Return what is saved of a text that was begun.

        On a terminal, the text of an open answer goes on with what was begun before.
        """
        is_verbatim = prompt is not None and isinstance(prompt.entry, entries.VerbatimEntry)
        if not is_verbatim or self._input.shows_drafts:
            return text
        return _join_lines(self._session.load_draft(), text)

    def _await_entry(self, prompt: entries.Prompt | None) -> AwaitedLine:
        """Build what is known of the line that is awaited."""
        if prompt is None:
            awaited = awaited_line.await_at_review()
        else:
            awaited = awaited_line.await_answer(
                prompt,
                draft=self._load_draft(prompt),
                has_notes=bool(self._session.list_notes()),
                was_denied=self._was_denied,
                is_hand_up=self._hand_button.note_state(),
            )
        offered = self._offered
        self._offered = ()
        return awaited_line.add_commands(awaited, offered)

    def _load_draft(self, prompt: entries.Prompt) -> str:
        """Load the text that stands in the field of a page, because it was begun before."""
        is_kept = entries.keeps_draft(prompt.entry)
        if is_kept and prompt.earlier is None and self._input.shows_drafts:
            return self._session.load_draft()
        return ""

    def _offer_places(self, places: Iterable[Place]) -> None:
        """Offer jumps to these places with the next line."""
        for place in places:
            question = shorten(self._session.describe_question(place), commands.MOST_QUESTION)
            self._offered += (LineChoice(f".jump {place}", f"Jump to: {question}"),)

    def _say_other_places(self, places: Iterable[Place]) -> None:
        """Say how the other answers that a check used are reached."""
        if not self._input.has_buttons:
            keys = [self._session.name_place(place).key for place in places]
            self._output.print_lines(question_lines.build_other_place_lines(keys))
        self._offer_places(places)

    def _name_places(self, lines: Iterable[Line]) -> list[Line]:
        """Return lines about answers and notes, with buttons without the names of items.

        Those are the designer's. On a terminal they are typed to get there.
        """
        if not self._input.has_buttons:
            return list(lines)
        return [line._replace(key="") for line in lines]

    @property
    def _review_help(self) -> str:
        if self._input.has_buttons:
            return commands.REVIEW_BY_BUTTON
        return commands.REVIEW_HELP

    def _measure_enter(self) -> bool:
        """Return whether the Enter of a line came so soon that a key may be held down.

        If that was said of the line before, a later one than a repetition is meant.
        """
        limit = commands.HELD_ENTER_SECONDS
        if self._was_enter_refused:
            limit = commands.REPEATED_ENTER_SECONDS
        self._was_enter_refused = False
        return self._input.pause < limit

    def _refuse_enter(self, does: str) -> entries.Rejection:
        self._was_enter_refused = True
        return entries.Rejection(f"{commands.ENTER_TWICE_HINT}: Enter once more {does}")

    def _ask(self, awaited: AwaitedLine) -> str:
        """Ask for a line that isn't the answer to the question itself."""
        return ask_line(self._output, self._input, awaited, self._tell_news)

    def _handle_line(self, line: str, prompt: entries.Prompt) -> _NextStep | entries.Rejection:
        """Do what a line asks for. Raises InputEndedError if it needs further lines in vain."""
        text = line.strip()
        query = prompt.query if not self._was_denied else None
        is_typing = isinstance(prompt.entry, entries.LineEntry | entries.VerbatimEntry)
        if commands.is_command(text, typing=is_typing):
            return self._run_command(text, prompt)
        if query is not None and query.aloud:
            return self._handle_read_back(text, query)
        if not text and query is not None:
            if self._input.has_buttons:
                return entries.Rejection(commands.CONFIRM_BY_BUTTON)
            return entries.Rejection(commands.CONFIRM_PROMPT)
        if not text and prompt.query is not None:
            return entries.Rejection(commands.ASK_AGAIN_HINT)

        literal = commands.unescape_dots(text)
        match prompt.entry:
            case entries.ReadEntry() | entries.LookupEntry():
                if prompt.ending and not text and self._is_held_enter:
                    return self._refuse_enter("ends here")
                return self._send_reply(text)
            case entries.PickEntry() as pick:
                return self._pick(text, pick, prompt)
            case entries.LineEntry():
                return self._send_reply(literal or self._take_draft(prompt))
            case entries.VerbatimEntry():
                literal = literal or self._take_draft(prompt)
                return self._send_reply(self._read_continuation(literal), echoed=False)
            case _:
                assert_never(prompt.entry)

    def _take_draft(self, prompt: entries.Prompt) -> str:
        """Return the text that Enter alone takes, because it was printed above the line."""
        is_kept = entries.keeps_draft(prompt.entry)
        if is_kept and prompt.earlier is None and not self._input.shows_drafts:
            return self._session.load_draft()
        return ""

    def _handle_at_review(self, line: str) -> _NextStep | entries.Rejection:
        """Do what a line asks for at the closing review."""
        text = line.strip()
        if commands.is_command(text):
            return self._run_command(text, None)
        if text:
            return entries.Rejection(self._review_help)
        if self._is_held_enter:
            return self._refuse_enter("completes the interview")
        return self._session.complete() or _NextStep.ARRIVE

    def _send_reply(
        self, reply: entries.Reply, *, echoed: bool = True
    ) -> _NextStep | entries.Rejection:
        """Send an entry and print how it was understood; if it is ambiguous, ask what is meant."""
        echo = ""
        if echoed and isinstance(reply, str) and reply:
            echo = self._session.echo(reply)
        rejected = self._session.reply(reply)
        if rejected is not None:
            return self._ask_meaning(rejected) if rejected.meanings else rejected

        if isinstance(reply, entries.PickReply) and self._place is not None:
            echo = self._session.describe_answer(self._place)
            if echo == ", ".join([str(code) for code in reply.codes]):
                echo = ""  # it says nothing more than what was typed
        if echo:
            self._output.say(Role.UNDERSTOOD, echo)
        return _NextStep.ARRIVE

    def _decline(self, decline_id: str, text: str) -> _NextStep | entries.Rejection:
        rejected = self._session.decline(decline_id)
        if rejected is not None:
            return rejected
        self._output.say(Role.UNDERSTOOD, text)
        return _NextStep.ARRIVE

    def _ask_meaning(self, ambiguous: entries.Rejection) -> _NextStep | entries.Rejection:
        """Ask by number which meaning of an ambiguous entry is right."""
        self._output.say(Role.QUERY, ambiguous.why)
        for number, meaning in enumerate(ambiguous.meanings, 1):
            self._output.print_line(Line(Role.OPTION, to_spans(meaning.label), key=str(number)))
        self._output.say_once(Role.ACTION, "a number chooses; Enter alone cancels")

        labels = [meaning.label for meaning in ambiguous.meanings]
        awaited = awaited_line.await_number(ambiguous.why, labels, way_out=LineChoice("", "Cancel"))
        line = entries.to_ascii_digits(self._ask(awaited).strip())
        index = entries.find_by_beginning([one.names for one in ambiguous.meanings], line)
        if line.isdecimal():
            index = int(line) - 1
        prompt = self._session.prompt()
        if line and index is None and prompt is not None:
            return self._handle_line(line, prompt)

        if index is None or not 0 <= index < len(ambiguous.meanings):
            return entries.Rejection("nothing was saved: type the answer again")
        chosen = ambiguous.meanings[index]
        if chosen.decline:
            return self._decline(chosen.decline, chosen.label)
        return self._send_reply(chosen.reply)

    def _handle_read_back(self, text: str, query: entries.Query) -> _NextStep | entries.Rejection:
        """Handle the respondent's answer to a question that was read aloud about an answer."""
        match commands.parse_read_back(text):
            case None:
                return entries.Rejection(commands.READ_BACK_HELP)
            case True:
                return self._session.confirm() or _NextStep.ARRIVE
            case False:
                self._was_denied = True
                self._output.print_lines(question_lines.build_denied_lines(query))
                return _NextStep.WAIT

    def _pick(
        self, text: str, pick: entries.PickEntry, prompt: entries.Prompt
    ) -> _NextStep | entries.Rejection:
        if not text:
            takes_none = pick.several and pick.min_count == 0 and prompt.earlier is None
            if takes_none:
                return self._send_reply(entries.PickReply(()))
            return self._send_reply("")
        picked = pick.parse(text, abbreviated=True)
        if not isinstance(picked, entries.Rejection):
            return self._send_reply(picked)
        if pick.list_beginning(text):
            return picked  # it would be taken for a decline with the same letter
        return self._send_reply(text)

    def _read_continuation(self, text: str) -> str:
        """Read the lines that continue a text; the text is saved as a draft after every line."""
        awaited = AwaitedLine("the text goes on", LineKind.TEXT)
        while text.endswith("\\"):
            text = text[:-1].rstrip()
            self._session.save_draft(text)
            try:
                text = f"{text}\n{self._ask(awaited).rstrip()}"
            except InputEndedError as ended:
                self._session.save_draft(_join_lines(text, ended.unfinished.strip()))
                raise
        return text

    # commands

    def _run_command(
        self, text: str, prompt: entries.Prompt | None
    ) -> _NextStep | entries.Rejection:
        typed = commands.parse_command(text, prompt, commands.PLAIN_COMMANDS)
        if isinstance(typed, entries.Rejection):
            return typed
        if isinstance(typed, entries.DeclineOption):
            return self._decline(typed.id, typed.text)
        name, rest = typed
        session = self._session
        arrive = _NextStep.ARRIVE
        acts: dict[str, Callable[[], _NextStep | entries.Rejection | None]] = {
            "back": lambda: session.go_back() or arrive,
            "front": lambda: session.go_forward() or arrive,
            "jump": lambda: self._jump(rest),
            "note": lambda: self._add_note(rest),
            "notes": lambda: self._edit_notes(rest),
            "suspend": lambda: session.suspend() or arrive,
            "stop": lambda: self._stop(rest, prompt),
            "again": lambda: _NextStep.REPEAT,
            "brief": self._output.switch_brief,
            "hand": self._press_hand,
        }
        if prompt is not None:  # these concern the question that is asked
            acts |= {
                "lang": lambda: self._switch_language(rest, prompt),
                "ok": lambda: self._confirm(rest, prompt),
                "faq": lambda: self._show_faq(prompt),
                "help": lambda: self._show_help(prompt),
            }
        if name not in acts:
            return entries.Rejection(self._review_help)
        return acts[name]() or _NextStep.WAIT

    def _press_hand(self) -> _NextStep | entries.Rejection:
        """Raise the hand, or take it down."""
        hand = self._session.hand
        if hand is None:
            return entries.Rejection(commands.NO_SUPERVISOR)
        return press_hand(hand, self._output, self._input) or _NextStep.WAIT

    def _confirm(self, reason: str, prompt: entries.Prompt) -> _NextStep | entries.Rejection:
        """Confirm the answer that is questioned, unless the respondent has just denied it."""
        if prompt.query is None or self._was_denied:
            return entries.Rejection(commands.NOTHING_TO_CONFIRM)
        return self._session.confirm(reason) or _NextStep.ARRIVE

    def _add_note(
        self, text: str, replaces: InterviewNote | None = None
    ) -> _NextStep | entries.Rejection:
        if not text and replaces is None:
            return entries.Rejection("a note needs text: type .note and the text on one line")
        rejection = self._session.add_note(text, replaces=replaces)
        if rejection is not None:
            return rejection
        self._output.say(Role.FACT, "noted")
        return _NextStep.WAIT

    def _edit_notes(self, text: str) -> _NextStep | entries.Rejection:
        """List the notes of this interview, or replace the text of one."""
        notes = self._session.list_notes()
        if text:
            replaced = commands.parse_note_change(text, len(notes))
            if isinstance(replaced, entries.Rejection):
                return replaced
            return self._add_note(replaced[1], notes[replaced[0] - 1])
        for number, note in enumerate(notes, 1):
            where = note.shown_place
            if self._input.has_buttons:
                where = shorten(self._session.describe_question(note.place), commands.MOST_QUESTION)
            listed = f"{number}  {where}: {rendering.flatten(note.text)}"
            self._output.say(Role.FACT, listed)
        if notes:
            self._output.say(Role.ACTION, ".notes NUMBER TEXT replaces one")
        else:
            self._output.say(Role.FACT, commands.NO_NOTE)
        return _NextStep.WAIT

    def _switch_language(
        self, language: str, prompt: entries.Prompt
    ) -> _NextStep | entries.Rejection:
        if len(prompt.languages) < 2:
            return entries.Rejection(commands.NO_LANGUAGE)
        if not language:
            others = [code for code in prompt.languages if code != prompt.language]
            self._offered = tuple([LineChoice(f".lang {code}", code) for code in others])
            if self._input.has_buttons:
                return entries.Rejection(f"now {prompt.language}; press another language")
            return entries.Rejection(
                f"now {prompt.language}; type .lang and one of {', '.join(prompt.languages)}"
            )
        return self._session.switch_language(language) or _NextStep.REPEAT

    def _jump(self, text: str) -> _NextStep | entries.Rejection:
        rows = self._session.list_items()
        if not text:
            answers = [interview_lines.build_answer_line(row) for row in rows]
            self._output.print_lines(self._name_places(answers))
            if rows and not self._input.has_buttons:
                self._output.say(Role.ACTION, "type .jump and one of these")
            if rows:
                self._offer_places([row.place for row in rows])
            else:
                self._output.say(Role.FACT, commands.NOTHING_ASKED)
            return _NextStep.WAIT

        place = commands.find_place(text, [(row.shown_place, row.place) for row in rows])
        if isinstance(place, entries.Rejection):
            return place
        return self._session.jump(place) or _NextStep.ARRIVE

    def _stop(self, text: str, prompt: entries.Prompt | None) -> _NextStep | entries.Rejection:
        stops = self._session.list_stop_outcomes()
        if text or not stops:
            return self._stop_with(text, stops)
        for outcome in stops:
            self._output.print_line(interview_lines.build_stop_line(outcome))
        self._output.say_once(
            Role.ACTION,
            "a number ends the interview with that outcome; Enter alone continues the interview",
        )

        choices = [LineChoice(str(stop.number), stop.name, str(stop.number)) for stop in stops]
        awaited = AwaitedLine(
            "Which outcome ends the interview?",
            LineKind.CODE,
            (*choices, LineChoice("", "Continue the interview")),
        )
        while line := self._ask(awaited).strip():
            if line.startswith("."):
                return self._run_command(line, prompt)
            stopped = self._stop_with(line, stops)
            if isinstance(stopped, _NextStep):
                return stopped
            self._output.say(Role.REJECTION, stopped.why)
        self._output.say(Role.FACT, "not ended")
        return _NextStep.WAIT

    def _stop_with(self, text: str, stops: tuple[Outcome, ...]) -> _NextStep | entries.Rejection:
        outcome = commands.find_outcome(text, stops)
        if isinstance(outcome, entries.Rejection):
            return outcome
        question = commands.format_stop_question(outcome)
        self._output.say(Role.QUERY, question)
        self._output.say_once(Role.ACTION, commands.YES_NO_HELP)
        if not commands.parse_yes_no(self._ask(awaited_line.await_yes_no(question))):
            self._output.say(Role.FACT, "not ended")
            return _NextStep.WAIT

        reason = ""
        if self._session.asks_reason(outcome):
            self._output.say(Role.ASKED, f"{commands.REASON_QUESTION} Enter for none")
            leave_out = (LineChoice("", "Leave out"),)
            reason = self._ask(AwaitedLine(commands.REASON_QUESTION, answers=leave_out)).strip()
        return self._session.stop(outcome.id, reason=reason) or _NextStep.ARRIVE

    def _show_help(self, prompt: entries.Prompt) -> _NextStep:
        respondent_time = self._session.respondent_time()
        clock = ""
        if respondent_time is not None:
            clock = f"; {respondent_time:%H:%M} there"
        spent = interview_lines.format_duration(self._session.elapsed_time())
        self._output.print_line(Line(Role.FACT, prompt.help))
        where = f"{prompt.shown_place},"
        if self._input.has_buttons:
            where = "question"
        self._output.say(
            Role.FACT, f"{where} {prompt.position} of {prompt.total}; {spent} so far{clock}"
        )
        for decline in prompt.declines:
            text = to_spans(rendering.flatten(decline.text))
            self._output.print_line(Line(Role.COMMAND, text, key=f".{decline.id}"))
        for command in commands.PLAIN_COMMANDS:
            self._output.print_line(Line(Role.COMMAND, to_spans(command.help), key=str(command)))
        return _NextStep.WAIT

    def _show_faq(self, prompt: entries.Prompt) -> _NextStep | entries.Rejection:
        if not prompt.faq:
            return entries.Rejection(commands.NO_FAQ)
        self._output.print_lines(question_lines.build_faq_lines(prompt.faq))
        return _NextStep.WAIT


def _join_lines(*texts: str) -> str:
    """Put the texts that aren't empty under each other."""
    return "\n".join([text for text in texts if text])
