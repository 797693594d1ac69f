"""Screen of one interview: a key becomes a call of the session, then the next question is shown.

Nothing depends on what a question is about.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple, assert_never

from textual.app import ComposeResult
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from survey_cli import entries
from survey_cli import entry_commands as commands
from survey_cli.engine.events import InterviewNote
from survey_cli.outcomes import Outcome
from survey_cli.sessions.interview.interview_session import ClosingReview, InterviewSession
from survey_cli.sessions.lines import interview_lines
from survey_cli.sessions.lines.line import Role
from survey_cli.sessions.lines.question_lines import build_faq_lines
from survey_cli.tui.interview import pages, pick
from survey_cli.tui.interview.current_question import CurrentQuestion
from survey_cli.tui.interview.pick import PickState
from survey_cli.tui.interview.question import MEASURE, PAGE_MARGINS, QuestionView
from survey_cli.tui.widgets import drawing, panel, styled
from survey_cli.tui.widgets.editing import (
    KEEPS_WORDS_HINT,
    describe_removal,
    deselect,
    edit,
    insert,
)
from survey_cli.tui.widgets.key_app import BROAD_WIDTH, EDITING_KEYS, KeyScreen
from survey_cli.tui.widgets.terminal import ENTER

OPENERS: Final = frozenset(
    ("f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "ctrl+c", "ctrl+p")
)
"""Keys that open something whatever is asked."""
BACK_KEYS: Final = ("alt+left", "shift+tab")
FRONT_KEYS: Final = ("alt+right", "tab")
"""Tab too: some terminals send Alt with an arrow as another key."""
KEYS_BY_COMMAND: Final = {command.name: command.key for command in commands.COMMANDS if command.key}
DECLINES_BY_KEY: Final = {key: decline for decline, key in pages.DECLINE_KEYS.items()}


FOLLOWING: Final = 5
"""Questions listed as those that may follow."""
ROWS_PER_ANSWER: Final = 5
"""Rows of the screen for each answer listed beside the question: the higher it is, the more."""


class _Beside(NamedTuple):
    """What the side panel is built from."""

    session: InterviewSession
    prompt: entries.Prompt | None
    notes: tuple[InterviewNote, ...]
    minute: str
    following: tuple[str, ...]
    recent: int
    width: int


def compose_question(view: QuestionView) -> ComposeResult:
    """Compose the screen around a question: header, keys, status, the case at the side, panels."""
    yield styled.Header()
    yield styled.KeyBar()
    yield styled.Lines(
        id="status",
        state=(Content(), Content()),
        build=lambda ends, width: [styled.spread(*ends, width)],
    )
    with VerticalScroll(id="side", can_focus=False):
        yield styled.SidePage()
    with Vertical(id="main"):
        yield view
        yield Container(id="panels")
    yield Static(id="too-small", markup=False)


class InterviewScreen(KeyScreen):
    """One interview."""

    named_keys = EDITING_KEYS | OPENERS | {commands.HAND_KEY, *DECLINES_BY_KEY}
    keys: Sequence[pages.InterviewKey] = pages.KEYS
    """The keys as the help and the palette list them."""
    stays = False
    """It stays at the end of the interview."""
    max_width = BROAD_WIDTH
    shows_ids = False
    """It shows the ids of items, for people who speak of items by their ids."""
    help_intro = ""
    """What the page of keys begins with."""

    def __init__(self, session: InterviewSession) -> None:
        super().__init__()
        self.view = QuestionView(self.build_choice)
        self.question = CurrentQuestion(self, session, self.view, stays=self.stays)
        self.notice = session.notice
        self.aside = Content()
        """What stands at the left of the line above the keys."""
        self._following: tuple[entries.Prompt | None, tuple[str, ...]] = (None, ())
        """The prompt for which the questions that may follow were listed, and they."""
        self._beside: _Beside | None = None
        """What the side panel was built from."""
        self._struck = ("", 0.0)
        self._was_held = False
        """The last Enter came too soon after another, and that was said."""

    def compose(self) -> ComposeResult:
        yield from compose_question(self.view)

    async def start(self) -> None:
        await self.question.arrive()

    # Keys

    async def press(self, key: str, at: float) -> None:
        struck, struck_at = self._struck
        self._struck = (key, at)
        follows_code = self.question.follows_code
        self.question.follows_code = False
        was_held = self._was_held
        self._was_held = False
        self.forget_messages()

        if key == commands.HAND_KEY:
            await self.press_hand(self.question.session.hand)
            return
        prompt = self.question.prompt
        if prompt is None and self.question.review is None:
            await self._press_at_end(key)
            return
        if self.notice:
            self.notice = ""
            if key in ENTER:
                return

        is_at_end = self.panel is None and (prompt is None or bool(prompt.ending))
        if is_at_end and key in ENTER and (follows_code or struck in ENTER):
            limit = commands.REPEATED_ENTER_SECONDS if was_held else commands.HELD_ENTER_SECONDS
            if 0 < at - struck_at < limit:
                # The first repetition of a held key comes late: it must not pass although the
                # Enter before it was explained.
                self._was_held = struck in ENTER
                does = "ends here" if prompt is not None else "completes the interview"
                self.said = f"{commands.ENTER_TWICE_HINT}: Enter once more {does}"
                return

        is_read = self.panel is None and isinstance(self._entry, entries.ReadEntry)
        if follows_code and key in ENTER and not (is_at_end or is_read):
            # Keyed by habit, it must not keep an answer, take one from the sample or choose none.
            self.said = commands.ENTER_AFTER_CODE_HINT
        elif key in OPENERS:
            await self._open(key)
        elif self.panel is not None:
            await self.panel.press(key)
        elif key in ("pageup", "pagedown"):
            panel.scroll_by_key(self.view, key)
        elif prompt is None:
            await self._press_at_review(key)
        else:
            await self._answer(key, prompt)

    @property
    def _entry(self) -> entries.Entry | None:
        """What may be answered now."""
        return self.question.prompt.entry if self.question.prompt is not None else None

    def refuse(self, why: str) -> None:
        """Say why a key was not accepted. Keys typed after it act as if they were typed now."""
        self.why = why
        self.bell_due = True

    async def paste(self, text: str) -> None:
        self.forget_messages()
        self.question.follows_code = False
        self.notice = ""
        if not text:
            return

        flat = " ".join(text.split())
        if self.panel is not None:
            await self.panel.paste(flat)
        elif self.question.prompt is not None and self.view.entry is not None:
            has_lines = isinstance(self._entry, entries.VerbatimEntry)
            before = self.view.typed
            pasted = text if has_lines else flat
            insert(self.view.entry, pasted, self.question.history)
            self.said = describe_removal("", before, self.view.typed)
        else:
            self.refuse("pasted text can't be used here")

    async def _press_at_review(self, key: str) -> None:
        """Complete the interview, or go back to correct an answer."""
        if key in ENTER:
            await self.question.finish(self.question.session.complete())
        elif key in (*BACK_KEYS, "left", "backspace"):
            await self.question.go_back()
        elif key == "?":
            await self._open("f1")
        else:
            self.refuse("Enter completes the interview, ← goes back to correct an answer")

    async def _press_at_end(self, key: str) -> None:
        """Leave: nothing is asked any more."""
        await self.leave()

    async def _answer(self, key: str, prompt: entries.Prompt) -> None:
        """Go to another question, or handle a key of this one."""
        is_empty = not self.view.typed
        # In a list of options, End moves the mark to the last one.
        has_mark = isinstance(prompt.entry, entries.PickEntry)
        if key in BACK_KEYS or (key == "left" and is_empty):
            await self.question.go_back()
        elif key in FRONT_KEYS or (key == "end" and is_empty and not has_mark):
            await self.question.go_forward()
        elif self.question.is_read_back:
            await self._handle_read_back(key)
        elif key in DECLINES_BY_KEY:
            await self._decline_by_key(key, prompt)
        else:
            await self._enter(key, prompt)

    async def _enter(self, key: str, prompt: entries.Prompt) -> None:
        """Handle a key that answers, in the way of the question's entry."""
        entry = prompt.entry
        match entry:
            case entries.PickEntry():
                await self._press_in_pick(key, entry, prompt)
            case entries.ReadEntry():
                await self._press_in_text(key, prompt)
            case entries.LineEntry(search=search):
                if search is None or commands.is_command(self.view.typed):
                    await self._type(key, prompt)
                else:
                    await self._search(key, prompt, search)
            case entries.VerbatimEntry():
                await self._type(key, prompt)
            case entries.LookupEntry():
                self.refuse("the computer answers this one: nothing is asked")
            case _:
                assert_never(entry)

    async def _press_in_pick(
        self, key: str, entry: entries.PickEntry, prompt: entries.Prompt
    ) -> None:
        """Handle a key at a question with options."""
        action = pick.press(key, entry, prompt, self.question.pick)
        if action is not None:
            await self._pick(action, entry)
            return
        named = key.strip() or "a blank"
        offered = entry.explain_not_offered(named)
        await self._press_letter(key, prompt, otherwise=offered)

    async def _press_in_text(self, key: str, prompt: entries.Prompt) -> None:
        """Handle a key at a text that is only read."""
        if key in ENTER or key == " ":
            await self.question.finish(self.question.session.reply(""))
        elif key in ("up", "down"):
            panel.scroll_by_key(self.view, key)
        else:
            await self._press_letter(key, prompt, otherwise="Enter continues")

    async def _decline_by_key(self, key: str, prompt: entries.Prompt) -> None:
        """Record the decline of a key that acts whatever is typed."""
        wanted = DECLINES_BY_KEY[key]
        for decline in prompt.declines:
            if decline.id == wanted:
                await self._decline(decline, without_enter=False)
                return
        self.refuse(f".{wanted} is not offered here")

    async def _handle_read_back(self, key: str) -> None:
        """Handle a key while an answer is read back to the respondent: yes or no comes first."""
        match commands.parse_read_back(key):
            case True:
                await self.question.finish(self.question.session.confirm(), without_enter=True)
            case False:
                self.question.denied = True
                self.question.follows_code = True
                self.said = commands.ASK_AGAIN_HINT
            case None if key == ".":
                await self._open_command()
            case None:
                self.refuse(commands.READ_BACK_HELP)

    async def _pick(self, action: pick.PickAction, entry: entries.PickEntry) -> None:
        match action:
            case PickState():
                self.question.pick = action
            case pick.Send(codes, texts, without_enter):
                await self.question.send_codes(
                    entries.PickReply(codes, dict(texts)), without_enter=without_enter
                )
            case pick.AskSpecify(option, text, without_enter):
                self.question.pick = self.question.pick._replace(typed="")
                await self._ask_specify(option, entry, text)
                self.question.follows_code = without_enter
            case pick.KeepEarlier():
                await self.question.keep_earlier()
            case pick.Decline(decline, without_enter):
                self.question.pick = self.question.pick._replace(typed="")
                await self._decline(decline, without_enter=without_enter)
            case entries.Rejection(why):
                self.refuse(why)
                if entry.several:
                    self.question.pick = self.question.pick._replace(typed="")

    async def _ask_specify(
        self, option: entries.OfferedOption, entry: entries.PickEntry, text: str
    ) -> None:
        """Ask for the words of an option that requires them."""

        async def submit(typed: str) -> None:
            text = commands.unescape_dots(typed)
            if commands.is_command(typed):
                await self._run_command(typed)
            elif not typed:
                self.refuse("type what was said, or Esc for another answer")
            elif entry.several:
                assert self.question.prompt is not None
                await self.close_panel()
                state = self.question.pick
                added = pick.add(option, entry, self.question.prompt, state, text)
                await self._pick(added, entry)
            else:
                reply = entries.PickReply((option.code,), {option.code: text})
                await self.question.send_codes(reply, without_enter=False)

        words = entries.to_plain_text(option.text).strip().rstrip(":?")
        label = f"{option.code} {words}: "
        line = panel.LinePanel(
            "specify",
            label,
            submit,
            text=text,
            saves="take it",
            option=option,
            about=self.question.place,
            opener=str(option.code),
        )
        await self.open_panel(line)

    async def _search(self, key: str, prompt: entries.Prompt, lists: entries.ListSearch) -> None:
        """Choose or mark one of the matches, or type on."""
        match pick.press_in_search(key, self.view.typed, lists, self.question.pick):
            case entries.OfferedOption() as option:
                await self._take_match(option)
            case PickState() as state:
                self.question.pick = state
            case entries.Rejection(why):
                self.refuse(why)
            case None:
                self.question.pick = PickState()
                await self._type(key, prompt)

    async def _take_match(self, option: entries.OfferedOption) -> None:
        """Send a match with what was typed; ask for the text of an option that requires one."""
        if option.specify:
            await self._ask_specify(option, entries.PickEntry(options=(option,)), self.view.typed)
        else:
            reply = entries.PickReply((option.code,), {option.code: self.view.typed})
            rejection = self.question.session.reply(reply)
            words = entries.to_plain_text(option.text)
            await self.question.finish(rejection, without_enter=True, sent=words)

    async def _type(self, key: str, prompt: entries.Prompt) -> None:
        """Handle a key at an answer that is typed."""
        entry = self.view.entry
        assert entry is not None
        typed = self.view.typed
        history = self.question.history
        if self.question.is_selected and len(key) > 1:
            deselect(entry)  # typing replaces what was rejected, other keys change it
        self.question.is_selected = False

        if isinstance(prompt.entry, entries.VerbatimEntry) and key == "ctrl+j":
            insert(entry, "\n", history)
        elif key in ENTER:
            await self._send_typed(typed)
        elif key == "escape" and len(typed.split()) > 1 and not commands.is_command(typed):
            self.said = KEEPS_WORDS_HINT
        elif key == "escape":
            history.record(typed, "")
            self.view.set_typed("")
        elif key == "up" and not typed and prompt.earlier is not None:
            self.view.set_typed(self.question.earlier_text)
            history.record("", self.view.typed)
        elif not await edit(entry, key, history):
            self.refuse("type the answer; Enter sends it, Esc clears it")

        removal = describe_removal(key, typed, self.view.typed)
        if removal and self.question.prompt is prompt:
            self.said = removal

    async def _send_typed(self, typed: str) -> None:
        """Send what is typed, or keep the earlier answer that is in the entry unchanged."""
        command = self.question.typed_command
        if command:
            await self._run_command(command)
        elif typed and not self.question.is_kept_text:
            await self._give(commands.unescape_dots(typed), sent=typed)
        else:
            await self.question.keep_earlier()

    async def _give(self, reply: entries.Reply, *, sent: str) -> None:
        """Send a typed entry; if it may mean several things, ask which."""
        rejection = self.question.session.reply(reply)
        if rejection is not None and rejection.meanings:
            self.bell_due = True
            choices = []
            for number, meaning in enumerate(rejection.meanings, 1):
                give = partial(self._give_meaning, meaning)
                choices.append(panel.Choice(str(number), meaning.label, give, meaning.names))
            await self.open_panel(panel.ChoicePanel(rejection.why, choices))
            return

        accepted = await self.question.finish(rejection, sent=sent)
        if not accepted and self.view.entry is not None and self.panel is None:
            self.view.set_typed(self.view.typed, selected=True)
            self.question.is_selected = True

    async def _give_meaning(self, meaning: entries.PossibleMeaning) -> None:
        """Send the meaning that was chosen for an ambiguous entry."""
        if meaning.decline:
            rejection = self.question.session.decline(meaning.decline)
            await self.question.finish(rejection, without_enter=True, sent=meaning.label)
        else:
            await self._give(meaning.reply, sent=meaning.label)
            self.question.follows_code = True

    async def _press_letter(self, key: str, prompt: entries.Prompt, *, otherwise: str) -> None:
        """Handle a letter that acts: a decline, a confirmation, help, a command."""
        decline = pick.find_decline(key, prompt)
        if key == ".":
            await self._open_command()
        elif key == "?":
            await self._open("f1")
        elif decline is not None:
            await self._decline(decline)
        elif key.casefold() == "o" and self.question.query is not None:
            await self._open("f9")
        elif len(key) == 1:
            self.refuse(otherwise)

    async def _decline(self, decline: entries.DeclineOption, *, without_enter: bool = True) -> None:
        """Record a decline by its key; if an answer is keyed already, ask first."""

        async def record() -> None:
            rejection = self.question.session.decline(decline.id)
            await self.question.finish(rejection, without_enter=without_enter, sent=decline.text)

        question = ""
        chosen = self.question.pick.chosen
        # One word may be half a number; more are an answer that somebody gave.
        has_words = self.question.is_text or len(self.view.typed.split()) > 1
        if chosen:
            question = commands.format_drop_question(decline.text, len(chosen))
        elif self.view.typed and has_words:
            question = commands.format_drop_text_question(decline.text)
        if question:
            await self.open_panel(panel.build_question(question, "yes", record))
        else:
            await record()

    def build_choice(self, option: entries.OfferedOption) -> panel.Act:
        """Build what chooses an option that is clicked now, as its code would.

        A click that was meant for an earlier question does nothing.
        """
        place = self.view.place

        async def choose() -> None:
            question = self.question
            if place != question.place:
                self.refuse("that click was for the previous question")
                return
            if question.is_read_back:
                await self._handle_read_back(str(option.code))
                return

            entry = self._entry
            if isinstance(entry, entries.PickEntry) and self.panel is None:
                assert question.prompt is not None
                self.forget_messages()
                action = pick.choose(option, entry, question.prompt, question.pick)
                await self._pick(action, entry)
            elif isinstance(entry, entries.LineEntry) and entry.search is not None:
                self.forget_messages()
                matches = pick.list_matches(entry.search, self.view.typed)
                await self._take_match(matches[int(option.code) - 1])

        return choose

    async def end_from_outside(self) -> None:
        self.question.keep_draft(is_left=True)
        if self.question.prompt is not None:
            self.question.session.leave_unattended()

    async def _suspend(self) -> None:
        """Suspend. If that can't be written, asking again leaves nevertheless.

        The answers are stored already.
        """
        self.question.keep_unsent()
        is_suspended = await self.question.finish(self.question.session.suspend())
        if is_suspended or self.question.prompt is None:
            return
        if self.question.insists:
            self.left = True
        else:
            self.question.insists = True
            self.why += "; suspend again to leave without it: all earlier answers are stored"
            await self._ask_suspend()

    async def _stop(self, outcome: Outcome, reason: str = "") -> None:
        self.question.keep_unsent()
        await self.question.finish(self.question.session.stop(outcome.id, reason=reason))

    # What keys open

    async def _open(self, key: str) -> None:
        """Open what a key opens; the same key closes it again. An option's text stays open."""
        act = self._list_openers()[key]
        if self.panel is not None and self.panel.what == "specify":
            await act()
        else:
            await self.open_by_key(key, key, act)

    def _list_openers(self) -> Mapping[str, panel.Act]:
        """List what opens by which key."""
        return {
            "f1": self._open_help,
            "f2": self._open_note,
            "f3": self._open_jump_list,
            "f4": self._open_languages,
            "f5": self._open_faq,
            "f6": self._open_case,
            "f7": self._jump_to_other,
            "f8": self._open_stop_list,
            "f9": self._confirm,
            "ctrl+p": self._open_palette,
            "ctrl+c": self._ask_suspend,
        }

    async def _open_help(self) -> None:
        text = self.help_intro + pages.build_help(self.question.prompt, self.keys)
        await self.open_panel(panel.TextPanel("f1", text))

    async def _open_jump_list(self) -> None:
        items = self.question.session.list_items()
        listed = pages.build_jump_list(items, self.question.place, self.question.jump)
        await self.open_panel(listed)

    async def _open_case(self) -> None:
        await self.open_panel(panel.TextPanel("f6", self._build_case(self.question.prompt)))

    async def _open_stop_list(self) -> None:
        listed = pages.build_stop_list(self.question.session, self._suspend, self._ask_stop)
        await self.open_panel(listed)

    async def _open_faq(self) -> None:
        if self.question.prompt is not None and self.question.prompt.faq:
            lines = build_faq_lines(self.question.prompt.faq)
            await self.open_panel(panel.TextPanel("f5", drawing.draw_faq(lines)))
        else:
            self.refuse(commands.NO_FAQ)

    def _build_case(self, prompt: entries.Prompt | None) -> Content:
        question = self.question
        lines = interview_lines.build_overview_lines(
            question.session, prompt, question.notes, pages.RECENT
        )
        return drawing.draw_page(lines, self.case_width)

    async def _open_command(self) -> None:
        line = panel.LinePanel(panel.COMMAND, "", self._run_command, text=".", saves="run it")
        await self.open_panel(line)

    async def _open_note(self) -> None:
        """Open the line of a note, with the last one of this place to be changed.

        ↓ begins another one.
        """
        place = self.question.place
        earlier = sorted(self.question.notes, key=lambda note: note.place == place)
        at = None
        if earlier and earlier[-1].place == place:
            at = len(earlier) - 1

        async def submit(typed: str) -> None:
            replaces = earlier[line.at] if line.at is not None else None
            if not typed or (replaces is not None and typed == replaces.text):
                await line.close()
            else:
                await self._add_note(typed, replaces)

        texts = [note.text for note in earlier]
        line = panel.LinePanel("f2", "note: ", submit, earlier=texts, at=at, opener="F2")
        await self.open_panel(line)

    async def _add_note(self, text: str, replaces: InterviewNote | None = None) -> None:
        is_elsewhere = replaces is not None and replaces.place != self.question.place
        rejection = self.question.session.add_note(text, replaces=replaces)
        # At its own question, the note itself is shown.
        await self.question.stay(rejection, said="noted" if is_elsewhere else "")

    async def _open_languages(self) -> None:
        """Switch between two languages at once; more are a list."""
        prompt = self.question.prompt
        if prompt is None or len(prompt.languages) < 2:
            self.refuse(commands.NO_LANGUAGE)
            return

        others = [language for language in prompt.languages if language != prompt.language]
        if len(others) == 1:
            await self._speak(others[0])
            return
        rows = []
        for number, language in enumerate(prompt.languages, 1):
            speak = partial(self._speak, language)
            rows.append(panel.Row((str(number), language), speak, str(number)))
        listed = panel.ListPanel("f4", "continue in: ", rows, takes="continue in it")
        await self.open_panel(listed)

    async def _speak(self, language: str) -> None:
        await self.question.stay(self.question.session.switch_language(language))

    async def _jump_to_other(self) -> None:
        """Jump from a failed check to the other question that it compares."""
        if self.question.other_places:
            await self.question.jump(self.question.other_places[0])
        else:
            self.refuse("no other question is compared with this one")

    async def _ask_stop(self, outcome: Outcome) -> None:
        await self.question.drop_command()
        question = commands.format_stop_question(outcome)
        stop: panel.Act = partial(self._stop, outcome)
        if self.question.session.asks_reason(outcome):
            stop = partial(self._ask_reason, outcome)
        await self.open_panel(panel.build_question(question, "yes", stop))

    async def _ask_reason(self, outcome: Outcome) -> None:
        """Ask what a respondent said who refuses: whoever calls again should know."""

        async def submit(reason: str) -> None:
            await self._stop(outcome, reason)

        label = f"{commands.REASON_QUESTION} "
        await self.open_panel(panel.LinePanel("refusal", label, submit, saves="end the interview"))

    async def _ask_suspend(self) -> None:
        question = "Suspend this interview? It can be resumed at this question."
        await self.open_panel(panel.build_question(question, "yes", self._suspend, what="ctrl+c"))

    async def _confirm(self) -> None:
        if self.question.query is None:
            self.refuse(commands.NOTHING_TO_CONFIRM)
        elif self.question.is_read_back:
            await self.question.finish(self.question.session.confirm(), without_enter=True)
        else:
            question = self.question

            async def submit(reason: str) -> None:
                await question.finish(question.session.confirm(reason))

            line = panel.LinePanel(
                "f9",
                "confirmed, because (optional): ",
                submit,
                saves="confirm",
                about=question.place,
                opener="F9",
            )
            await self.open_panel(line)

    async def _open_palette(self) -> None:
        """Open the palette: every action with its key and its command."""
        now = self._struck[1]
        rows = []
        for key in self.keys:
            if key.press:
                press = partial(self.press, key.press, now)
                rows.append(panel.Row((key.label, key.does), press))
        declines: Sequence[entries.DeclineOption] = ()
        if self.question.prompt is not None:
            declines = self.question.prompt.declines
        for decline in declines:
            sign = decline.key or f".{decline.id}"
            rows.append(panel.Row((sign, decline.text), partial(self._decline, decline)))
        rows.append(panel.Row(("F1", "all keys"), partial(self.press, "f1", now)))
        await self.open_palette(rows)

    # Commands

    async def _press_hand_by_command(self) -> None:
        await self.question.drop_command()
        await self.press_hand(self.question.session.hand)

    async def _run_command(self, text: str) -> None:
        """Carry out a command typed after a dot.

        Without an argument that it may have, it opens what its key opens.
        """
        question = self.question
        session = question.session
        prompt = question.prompt
        assert prompt is not None
        typed = commands.parse_command(text, prompt)
        if isinstance(typed, entries.Rejection):
            self.refuse(typed.why)
            return
        if isinstance(typed, entries.DeclineOption):
            await question.finish(session.decline(typed.id), sent=typed.text)
            return

        name, rest = typed
        acts: dict[str, panel.Act] = {
            "back": question.go_back,
            "front": question.go_forward,
            "again": question.drop_command,
            "suspend": self._suspend,
            "notes": partial(self._change_note, rest),
            "hand": self._press_hand_by_command,
        }
        if rest:
            acts["jump"] = partial(self._jump_to, rest)
            acts["note"] = partial(self._add_note, rest)
            acts["stop"] = partial(self._stop_with, rest)
        if rest and len(prompt.languages) > 1:
            acts["lang"] = partial(self._speak, rest)

        if name in acts:
            await acts[name]()
        elif name == "ok" and question.query is not None:
            await question.finish(session.confirm(rest))
        elif name == "ok":
            self.refuse(commands.NOTHING_TO_CONFIRM)
        else:
            await question.drop_command()
            await self._open(KEYS_BY_COMMAND[name])

    async def _jump_to(self, text: str) -> None:
        items = self.question.session.list_items()
        asked = [(item.shown_place, item.place) for item in items]
        place = commands.find_place(text, asked)
        if isinstance(place, entries.Rejection):
            await self.question.stay(place)
        else:
            await self.question.jump(place)

    async def _stop_with(self, text: str) -> None:
        outcome = commands.find_outcome(text, self.question.session.list_stop_outcomes())
        if isinstance(outcome, entries.Rejection):
            await self.question.stay(outcome)
        else:
            await self._ask_stop(outcome)

    async def _change_note(self, text: str) -> None:
        notes = self.question.notes
        change = None
        if text:
            change = commands.parse_note_change(text, len(notes))
        if isinstance(change, entries.Rejection):
            await self.question.stay(change)
        elif change is not None:
            await self._add_note(change[1], notes[change[0] - 1])
        else:
            await self.question.drop_command()
            if notes:
                await self._open("f2")
            else:
                self.refuse(commands.NO_NOTE)

    # What is shown

    def show(self) -> None:
        question = self.question
        self._show_head(question.prompt)
        if question.prompt is not None:
            self._show_question(question.prompt)
        elif question.review is not None:
            self._show_review(question.review)
        else:
            self._show_end()

    def _show_question(self, prompt: entries.Prompt) -> None:
        question = self.question
        specifying = None
        if isinstance(self.panel, panel.LinePanel) and self.panel.option is not None:
            specifying = self.panel.option.code
        self.view.show_question(
            prompt, question.pick, denied=question.denied, specifying=specifying
        )
        said = self.said or question.message
        self.view.show_message(
            pages.build_messages(question, prompt, why=self.why, notice=self.notice, said=said)
        )
        self.show_keys(pages.list_hints(question, prompt, has_side=self.has_side))
        self._show_side_later()

    def _show_side_later(self) -> None:
        """Show the case beside the question once the question is painted: it comes first."""
        if self.has_side:
            self.call_after_refresh(self._show_side)

    def _show_side(self) -> None:
        """Show the case beside the question. It is built again only if it changed.

        Most keys change nothing there.
        """
        if not self.query(styled.SidePage):  # the screen was left meanwhile
            return
        prompt = self.question.prompt
        session = self.question.session
        before, following = self._following
        if before is not prompt:  # they followed another question
            following = ()
        beside = _Beside(
            session=session,
            prompt=prompt,
            notes=self.question.notes,
            minute=session.station_time().strftime("%H:%M"),
            following=following,
            recent=max(self.size.height // ROWS_PER_ANSWER, pages.RECENT),
            width=self.case_width,
        )
        if beside == self._beside:
            return

        self._beside = beside
        lines = interview_lines.build_overview_lines(
            session, prompt, beside.notes, beside.recent, beside.following
        )
        if self.is_broad:
            lines = [line for line in lines if line.role is not Role.FAQ]  # with answers, below
        if self.shows_ids:
            page = drawing.draw_page(lines, beside.width)
        else:
            page = drawing.draw_beside(lines, beside.width)
        if self.is_broad and prompt is not None and prompt.faq:
            page = styled.join_sections([page, drawing.draw_faq_beside(prompt.faq)])
        self.query_one(styled.SidePage).show(page)

    def _list_following(self, prompt: entries.Prompt) -> None:
        """List the questions that may follow this one, once for each question.

        The whole route is walked for it. So it waits until the interviewer reads or listens, and no
        key waits for it.
        """
        before, _ = self._following
        if before is prompt or not self.has_side:
            return
        following = self.question.session.list_following(FOLLOWING)
        self._following = (prompt, following)
        self._show_side()

    def _show_review(self, review: ClosingReview) -> None:
        """Show what is looked through before the interview is complete."""
        lines = interview_lines.build_review_lines(review)
        width = min(self.size.width, MEASURE) - PAGE_MARGINS
        self.view.show_page(drawing.draw_page(lines, width))
        said = self.said or self.question.message
        self.view.show_message(pages.build_refusal(self.why, said))
        self.show_keys(pages.REVIEW_HINTS)
        self._show_side_later()

    def _show_end(self) -> None:
        """Show how the interview ended, and the keys that act then."""
        lines = interview_lines.build_result_lines(self.question.session.result())
        self.view.show_page(drawing.draw_ending(lines))
        self.show_keys(pages.END_HINTS)

    def tick(self) -> None:
        self.question.keep_draft()
        prompt = self.question.prompt
        self._show_head(prompt)
        if prompt is not None:
            self._list_following(prompt)

    def focus_entry(self) -> None:
        self.view.focus_entry()

    def _build_header(self, prompt: entries.Prompt | None) -> styled.HeaderState:
        return pages.build_header(
            self.question.session, prompt, self.question.last, shows_ids=self.shows_ids
        )

    def _show_head(self, prompt: entries.Prompt | None) -> None:
        session = self.question.session
        has_side = self.has_side
        self.query_one(styled.Header).show(self._build_header(prompt))

        there = session.respondent_time()
        parts = []
        if session.respondent and not has_side:
            parts.append(styled.clean(session.respondent))
        if prompt is not None and prompt.after_hangup:
            parts.append("has hung up")
        elif there is not None and not has_side:
            parts.append(f"{there:%H:%M} there")
        self.query_one("#status", styled.Lines).show(
            (
                self.aside or self._build_own_name(),
                styled.style_text(styled.SEPARATOR.join(parts)),
            )
        )

    def _build_own_name(self) -> Content:
        """Build who sits here, and that the hand is up."""
        session = self.question.session
        name = styled.style_text(styled.clean(session.by), "$quiet")
        if session.hand is None or not session.hand.is_up:
            return name
        hand = styled.style_text(session.hand.describe(), "bold $accent")
        return Content(styled.SEPARATOR).join([name, hand])
