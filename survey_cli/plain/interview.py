"""Line interface of one interview: what each typed line does and what is printed next.

Each line is handled completely before the next is read. It never depends on what an item is about.
"""

from collections.abc import Callable
from enum import Enum
from typing import assert_never

from survey_cli import entries
from survey_cli import entry_commands as commands
from survey_cli.engine.events import InterviewNote
from survey_cli.outcomes import Outcome
from survey_cli.plain import rendering
from survey_cli.plain.streams import InputEndedError, InputLines, OutputLines, ask_line
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.values import Place


class _NextStep(Enum):
    """What follows an entry that was accepted."""

    ARRIVE = "show what is asked now"
    REPEAT = "show the whole item, its section too"
    WAIT = "the same item still waits for its line"


class PlainInterview:
    """Conducts one interview, line by line."""

    def __init__(
        self, session: InterviewSession, lines_in: InputLines, lines_out: OutputLines
    ) -> None:
        session.review_before_end = True
        self._session = session
        self._input = lines_in
        self._output = lines_out
        self._heading = ""
        self._turn = ""
        self._declines = ""
        self._options: tuple[str, ...] = ()
        self._place: Place | None = None
        self._was_denied = False
        """An answer read back was denied: the right one is awaited."""

    def run(self) -> entries.Rejection | None:
        """Conduct the interview to its end, or until it is suspended.

        Returns a Rejection where it could not be suspended. Raises OutputClosedError.
        """
        session, output = self._session, self._output
        title = session.title if output.is_due(session.title) else ""
        heading = (session.respondent, title) if output.brief else (title, session.respondent)
        output.print_aside(", ".join(filter(None, heading)))
        if session.practice:
            output.print_aside("Practice interview")
        output.print_aside(session.notice)
        output.print_once(".help lists what else can be typed")
        rejection = self._run_prompts()
        if (result := session.result()) is not None:
            output.print_aside(rendering.render_result(result, brief=output.brief))
        output.flush()
        return rejection

    def _run_prompts(self) -> entries.Rejection | None:
        prompt, review = self._session.prompt(), self._session.closing_review()
        next_step = _NextStep.ARRIVE
        while prompt is not None or review is not None:
            self._output.print_aside(self._session.take_message())
            if next_step is not _NextStep.WAIT:
                if prompt is not None:
                    self._show(prompt, anew=next_step is _NextStep.REPEAT)
                elif review is not None:
                    self._place = None
                    self._output.print_aside(rendering.render_review(review))
                    self._output.print_once(commands.REVIEW_HELP)
            try:
                line = self._ask_entry(prompt)
                outcome = (
                    self._handle_line(line, prompt)
                    if prompt is not None
                    else self._handle_at_review(line)
                )
            except InputEndedError:
                self._output.end_line()
                return self._session.suspend()
            if isinstance(outcome, entries.Rejection):
                self._output.print_marked("!", outcome.why)
                self._show_other_places(outcome.places)
                next_step = _NextStep.WAIT
            else:
                next_step = outcome
                self._output.print_aside(commands.format_dropped(self._session.take_dropped()))
            prompt, review = self._session.prompt(), self._session.closing_review()
        return None

    # out

    def _show(self, prompt: entries.Prompt, *, anew: bool) -> None:
        """Print section, turn, intro, text, options, instruction, hint, declines and earlier answer, in this order."""
        query, output = prompt.query, self._output
        self._was_denied = False
        output.right_to_left = prompt.right_to_left
        if query is None or anew or prompt.place != self._place:
            self._place = prompt.place
            self._show_headings(prompt, anew=anew)
            for text in (rendering.render_words(prompt.intro), rendering.render_words(prompt.text)):
                if prompt.aloud:
                    output.print_plain(text)
                else:
                    output.print_aside(text, "Your own entry: ")
            self._show_options(prompt, anew=anew)
            output.print_aside(rendering.render_words(prompt.instruction), "Interviewer: ")
            output.print_aside(rendering.render_words(prompt.probe), "Probe: ")
            self._show_hint(prompt, anew=anew)
            self._show_declines(prompt, anew=anew)
            if isinstance(prompt.entry, entries.VerbatimEntry) and (
                draft := self._session.load_draft()
            ):
                keeps = "" if prompt.earlier is not None else ": Enter keeps it"
                output.print_aside(f"you had started to type here{keeps}\n{draft}")
            if prompt.earlier is not None and query is None:
                output.print_plain(rendering.render_earlier(prompt.earlier))
        if query is not None:
            output.print_marked("?", rendering.render_words(query.text))
            self._show_query_keys(aloud=query.aloud)
            self._show_other_places(query.places)
        if heard := self._session.heard():
            output.print_aside(f"heard: {heard}")

    def _show_query_keys(self, *, aloud: bool) -> None:
        """Print what answers a query; in brief mode in full only once."""
        full, short = (
            ".ok confirms it, with an optional reason; or type another answer",
            ".ok or another answer",
        )
        if aloud:
            full, short = f"read it aloud: {commands.READ_BACK_HELP}", "read it aloud"
        self._output.print_aside(full if self._output.is_due(full) else short)

    def _show_headings(self, prompt: entries.Prompt, *, anew: bool) -> None:
        """Print the section and the roster's turn, where they have changed."""
        turn = rendering.render_words(prompt.turn)
        if prompt.section != self._heading or anew:
            self._output.print_aside(
                f"Section: {rendering.flatten(prompt.section)}" if prompt.section else ""
            )
            self._turn = ""
        if turn != self._turn or anew:
            self._output.print_aside(turn)
        self._heading, self._turn = prompt.section, turn

    def _show_options(self, prompt: entries.Prompt, *, anew: bool) -> None:
        """Print the options; in brief mode only their codes where they are those of the last question that had any."""
        options = rendering.render_options(prompt)
        if not options:
            return
        if options == self._options and self._output.brief and not anew:
            self._output.print_aside(f"{rendering.render_codes(prompt)} as before")
        else:
            self._output.print_plain("\n".join(options))
        self._options = options

    def _show_hint(self, prompt: entries.Prompt, *, anew: bool) -> None:
        """Print what a line should contain; in brief mode how it is typed only once."""
        hint = rendering.render_hint(prompt)
        if anew or isinstance(prompt.entry, entries.LineEntry) or self._output.is_due(hint):
            self._output.print_aside(hint)
        elif isinstance(prompt.entry, entries.PickEntry):
            self._output.print_aside(rendering.render_hint(prompt, brief=True))

    def _show_other_places(self, places: tuple[Place, ...]) -> None:
        """Print how the other answers that a check used are reached."""
        if places:
            self._output.print_aside(
                f"{' or '.join(f'.jump {place}' for place in places)} to correct the other answer"
            )

    def _show_declines(self, prompt: entries.Prompt, *, anew: bool) -> None:
        """Print the declines, where they differ from those of the last question; in brief mode only once."""
        if isinstance(prompt.entry, entries.ReadEntry | entries.LookupEntry):
            return
        declines = ", ".join(f".{d.id} {rendering.flatten(d.text)}" for d in prompt.declines)
        words = f"or {declines}" if declines else "an answer is needed here"
        if anew or (declines != self._declines and self._output.is_due(words)):
            self._output.print_aside(words)
        self._declines = declines

    # in

    def _ask_entry(self, prompt: entries.Prompt | None) -> str:
        """Ask for a line; where the input ends while a text is being typed, the text is saved as a draft."""
        try:
            return ask_line(self._output, self._input)
        except InputEndedError as ended:
            text = ended.unfinished.strip()
            is_verbatim = prompt is not None and isinstance(prompt.entry, entries.VerbatimEntry)
            if text and is_verbatim and not commands.is_command(text):
                self._session.save_draft(
                    "\n".join(filter(None, (self._session.load_draft(), text)))
                )
            raise

    def _handle_line(self, line: str, prompt: entries.Prompt) -> _NextStep | entries.Rejection:
        """Do what a line asks for. Raises InputEndedError where it needs further lines and there are none."""
        text = line.strip()
        query = prompt.query if not self._was_denied else None
        if commands.is_command(
            text, typing=isinstance(prompt.entry, entries.LineEntry | entries.VerbatimEntry)
        ):
            return self._run_command(text, prompt)
        if query is not None and query.aloud:
            return self._handle_read_back(text, query)
        if not text and prompt.query is not None:
            return entries.Rejection(
                commands.CONFIRM_PROMPT if query is not None else commands.ASK_AGAIN_HINT
            )
        literal = commands.unescape_dots(text)
        match prompt.entry:
            case entries.ReadEntry() | entries.LookupEntry():
                if prompt.ending and not text and self._input.is_repeated:
                    return entries.Rejection(
                        f"{commands.ENTER_TWICE_HINT}: Enter once more ends here"
                    )
                return self._send_reply(text)
            case entries.PickEntry() as pick:
                return self._pick(text, pick, prompt)
            case entries.LineEntry():
                return self._send_reply(literal)
            case entries.VerbatimEntry():
                if not literal and prompt.earlier is None:
                    literal = self._session.load_draft()
                return self._send_reply(self._read_continuation(literal), echoed=False)
            case _:
                assert_never(prompt.entry)

    def _handle_at_review(self, line: str) -> _NextStep | entries.Rejection:
        """Do what a line asks for at the closing review."""
        text = line.strip()
        if commands.is_command(text):
            return self._run_command(text, None)
        if text:
            return entries.Rejection(commands.REVIEW_HELP)
        if self._input.is_repeated:
            return entries.Rejection(
                f"{commands.ENTER_TWICE_HINT}: Enter once more completes the interview"
            )
        return self._session.complete() or _NextStep.ARRIVE

    def _send_reply(
        self, reply: entries.Reply, *, echoed: bool = True
    ) -> _NextStep | entries.Rejection:
        """Send an entry and print how it was understood; where it is ambiguous, ask which meaning is right."""
        echo = self._session.echo(reply) if echoed and isinstance(reply, str) and reply else ""
        rejected = self._session.reply(reply)
        if rejected is not None:
            return self._ask_meaning(rejected) if rejected.meanings else rejected
        if isinstance(reply, entries.PickReply) and self._place is not None:
            words = self._session.describe_answer(self._place)
            echo = words if words != ", ".join(map(str, reply.codes)) else ""
        if echo:
            self._output.print_marked("=", echo)
        return _NextStep.ARRIVE

    def _decline(self, decline_id: str, text: str) -> _NextStep | entries.Rejection:
        if (rejected := self._session.decline(decline_id)) is not None:
            return rejected
        self._output.print_marked("=", text)
        return _NextStep.ARRIVE

    def _ask_meaning(self, ambiguous: entries.Rejection) -> _NextStep | entries.Rejection:
        """Ask by number which meaning of an ambiguous entry is right."""
        self._output.print_marked("?", ambiguous.why)
        for number, meaning in enumerate(ambiguous.meanings, 1):
            self._output.print_plain(f"{number}  {meaning.label}")
        self._output.print_once("a number chooses; Enter alone cancels")
        line = entries.to_ascii_digits(ask_line(self._output, self._input).strip())
        prompt = self._session.prompt()
        if line and not line.isdecimal() and prompt is not None:
            return self._handle_line(line, prompt)
        chosen = dict(enumerate(ambiguous.meanings, 1)).get(int(line) if line.isdecimal() else 0)
        if chosen is None:
            return entries.Rejection("nothing was saved: type the answer again")
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
                self._output.print_plain(rendering.render_words(query.otherwise))
                self._output.print_aside(commands.ASK_AGAIN_HINT)
                return _NextStep.WAIT

    def _pick(
        self, text: str, pick: entries.PickEntry, prompt: entries.Prompt
    ) -> _NextStep | entries.Rejection:
        if not text:
            none = pick.several and pick.min_count == 0 and prompt.earlier is None
            return self._send_reply(entries.PickReply(()) if none else "")
        picked = pick.parse(text, abbreviated=True)
        if not isinstance(picked, entries.Rejection):
            return self._send_reply(picked)
        if pick.list_beginning(text):
            return picked  # it would be taken for a decline with the same letter
        return self._send_reply(text)

    def _read_continuation(self, text: str) -> str:
        """Read the lines that continue a text; each is saved as a draft at once."""
        while text.endswith("\\"):
            text = text[:-1].rstrip()
            self._session.save_draft(text)
            try:
                text = f"{text}\n{ask_line(self._output, self._input).rstrip()}"
            except InputEndedError as ended:
                self._session.save_draft("\n".join(filter(None, (text, ended.unfinished.strip()))))
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
        session, arrive = self._session, _NextStep.ARRIVE
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
        }
        if prompt is not None:  # what concerns the item that is asked
            acts |= {
                "lang": lambda: self._switch_language(rest, prompt),
                "ok": lambda: self._confirm(rest, prompt),
                "faq": lambda: self._show_faq(prompt),
                "help": lambda: self._show_help(prompt),
            }
        return (
            acts[name]() or _NextStep.WAIT
            if name in acts
            else entries.Rejection(commands.REVIEW_HELP)
        )

    def _confirm(self, reason: str, prompt: entries.Prompt) -> _NextStep | entries.Rejection:
        """Confirm the answer that is questioned; one that the respondent has just denied can't be."""
        if prompt.query is None or self._was_denied:
            return entries.Rejection(commands.NOTHING_TO_CONFIRM)
        return self._session.confirm(reason) or _NextStep.ARRIVE

    def _add_note(
        self, text: str, replaces: InterviewNote | None = None
    ) -> _NextStep | entries.Rejection:
        if not text and replaces is None:
            return entries.Rejection("a note needs text: type .note and the text on one line")
        if (why := self._session.add_note(text, replaces=replaces)) is not None:
            return why
        self._output.print_aside("noted")
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
            self._output.print_aside(f"{number}  {note.place}: {rendering.flatten(note.text)}")
        self._output.print_aside(
            ".notes NUMBER TEXT replaces one" if notes else "there is no note yet"
        )
        return _NextStep.WAIT

    def _switch_language(
        self, language: str, prompt: entries.Prompt
    ) -> _NextStep | entries.Rejection:
        if len(prompt.languages) < 2:
            return entries.Rejection(commands.NO_LANGUAGE)
        if not language:
            return entries.Rejection(
                f"now {prompt.language}; type .lang and one of {', '.join(prompt.languages)}"
            )
        return self._session.switch_language(language) or _NextStep.REPEAT

    def _jump(self, text: str) -> _NextStep | entries.Rejection:
        rows = self._session.list_items()
        if not text:
            for row in rows:
                self._output.print_aside(rendering.render_asked_item(row))
            self._output.print_aside(
                "type .jump and one of these" if rows else "nothing has been asked yet"
            )
            return _NextStep.WAIT
        place = commands.find_place(text, (row.place for row in rows))
        return (
            place
            if isinstance(place, entries.Rejection)
            else self._session.jump(place) or _NextStep.ARRIVE
        )

    def _stop(self, text: str, prompt: entries.Prompt | None) -> _NextStep | entries.Rejection:
        stops = self._session.list_stop_outcomes()
        if text or not stops:
            return self._stop_with(text, stops)
        for outcome in stops:
            self._output.print_aside(f"{outcome.number}  {outcome.name} ({outcome.id})")
        self._output.print_once(
            "a number ends the interview with that outcome; Enter alone continues the interview"
        )
        while line := ask_line(self._output, self._input).strip():
            if line.startswith("."):
                return self._run_command(line, prompt)
            stopped = self._stop_with(line, stops)
            if isinstance(stopped, _NextStep):
                return stopped
            self._output.print_marked("!", stopped.why)
        self._output.print_aside("not ended")
        return _NextStep.WAIT

    def _stop_with(self, text: str, stops: tuple[Outcome, ...]) -> _NextStep | entries.Rejection:
        outcome = commands.find_outcome(text, stops)
        if isinstance(outcome, entries.Rejection):
            return outcome
        self._output.print_marked("?", commands.format_stop_question(outcome))
        self._output.print_once(commands.YES_NO_HELP)
        if not commands.parse_yes_no(ask_line(self._output, self._input)):
            self._output.print_aside("not ended")
            return _NextStep.WAIT
        reason = ""
        if self._session.asks_reason(outcome):
            self._output.print_aside(f"{commands.REASON_QUESTION} Enter for none")
            reason = ask_line(self._output, self._input).strip()
        return self._session.stop(outcome.id, reason=reason) or _NextStep.ARRIVE

    def _show_help(self, prompt: entries.Prompt) -> _NextStep:
        respondent_time = self._session.respondent_time()
        clock = f"; {respondent_time:%H:%M} there" if respondent_time is not None else ""
        spent = rendering.format_duration(self._session.elapsed_time())
        self._output.print_aside(rendering.render_words(prompt.help))
        self._output.print_aside(
            f"{prompt.place}, {prompt.position} of {prompt.total}; {spent} so far{clock}"
        )
        for decline in prompt.declines:
            self._output.print_aside(f".{decline.id}  {rendering.flatten(decline.text)}")
        for command in commands.PLAIN_COMMANDS:
            self._output.print_aside(f"{command}  {command.help}")
        return _NextStep.WAIT

    def _show_faq(self, prompt: entries.Prompt) -> _NextStep | entries.Rejection:
        if not prompt.faq:
            return entries.Rejection(commands.NO_FAQ)
        for question, answer in prompt.faq:
            self._output.print_aside(rendering.render_words(question))
            self._output.print_plain(rendering.render_words(answer))
        return _NextStep.WAIT
