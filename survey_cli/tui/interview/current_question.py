"""The question that is asked, what is keyed for it, and what follows a call of the session."""

from survey_cli import entry_commands as commands
from survey_cli.entries import (
    LineEntry,
    PickEntry,
    PickReply,
    Prompt,
    Query,
    Rejection,
    VerbatimEntry,
    keeps_draft,
)
from survey_cli.sessions.interview.interview_session import ClosingReview, InterviewSession
from survey_cli.tui.interview.pick import PickState
from survey_cli.tui.interview.question import QuestionView, is_certainly_measured
from survey_cli.tui.widgets.editing import UNDO_HINT, EditHistory
from survey_cli.tui.widgets.key_app import KeyScreen
from survey_cli.tui.widgets.panel import LinePanel
from survey_cli.values import Place

CONFIRM_HELP = "F9 confirms it, or key the right answer"


class CurrentQuestion:
    """The question on the screen. A closing review follows the last one, then nothing more."""

    def __init__(
        self, screen: KeyScreen, session: InterviewSession, view: QuestionView, *, stays: bool
    ) -> None:
        self._screen = screen
        self._view = view
        self._stays = stays
        """The screen stays at the end of the interview."""
        self.begin(session)

    def begin(self, session: InterviewSession) -> None:
        """Begin an interview; `arrive` asks its first question."""
        self.session = session
        session.review_before_end = True
        self.prompt: Prompt | None = None
        self.review: ClosingReview | None = None
        """What is looked through before the interview is complete."""
        self.notes = session.list_notes()
        self.pick = PickState()
        self.denied = False
        """A question read aloud about the answer was answered with no."""
        self.compared: tuple[Place, ...] = ()
        """The other questions that a check compared with this one when it rejected the entry."""
        self.sent = ""
        """What was sent last, to be shown beside a query about it."""
        self.last: tuple[Place, str] | None = None
        """The place and the words of the answer that was given last."""
        self.follows_code = False
        """The last key was a code that went on without Enter.

        An Enter now may belong to it, and answers nothing.
        """
        self.insists = False
        """Suspending was asked for and could not be written."""
        self.message = ""
        """A supervisor's message. It stays for the next question too: no quick key may hide it."""
        self._is_message_new = False
        self.is_selected = False
        """What is in the entry was rejected or is questioned, and is selected to be replaced."""
        self._draft = ""
        self._shown_text = ""
        """What was in the entry when the question appeared."""
        self._histories: dict[Place, EditHistory] = {}
        self._unsent: dict[Place, PickState | str] = {}
        self._is_uncertain = False
        """The question has letters that terminals measure differently."""

    @property
    def place(self) -> Place | None:
        """The place that is asked."""
        return self.prompt.place if self.prompt is not None else None

    @property
    def typed(self) -> str:
        """What is typed into the entry."""
        return self._view.typed

    @property
    def history(self) -> EditHistory:
        """The earlier texts of this question's entry."""
        assert self.prompt is not None
        return self._histories.setdefault(self.prompt.place, EditHistory())

    @property
    def typed_command(self) -> str:
        """The command that is typed, also behind an unchanged earlier text; empty if none is."""
        typed = self.typed
        if commands.is_command(typed):
            return typed
        if not self._shown_text or not typed.startswith(self._shown_text):
            return ""

        added = typed[len(self._shown_text) :]
        if not commands.is_command(added):
            return ""
        is_known = not isinstance(commands.parse_command(added, self.prompt), Rejection)
        return added if is_known else ""

    @property
    def is_changed(self) -> bool:
        """Whether something is keyed and not sent, so that the entry isn't the stored answer."""
        for panel in self._screen.panels:
            if isinstance(panel, LinePanel) and panel.option is not None:
                return True  # the words of an option are being typed
        is_typed = self.typed != self._shown_text and not self.typed_command
        return is_typed or self.pick != PickState()

    @property
    def is_text(self) -> bool:
        """Whether the answer is a text."""
        entry = self.prompt.entry if self.prompt is not None else None
        return isinstance(entry, VerbatimEntry) or (
            isinstance(entry, LineEntry) and entry.kind == "text"
        )

    @property
    def earlier_text(self) -> str:
        """The earlier answer, as it is typed."""
        earlier = self.prompt.earlier if self.prompt is not None else None
        if earlier is None:
            return ""
        if self.is_text and not earlier.declined:
            return commands.escape_dots(earlier.typed_text)
        return earlier.typed_text

    @property
    def keeps_earlier(self) -> bool:
        """Whether Enter keeps the earlier answer, because nothing else is keyed."""
        if self.is_text:
            return not self.typed or self.is_kept_text
        return not self.is_changed

    @property
    def is_kept_text(self) -> bool:
        """Whether the entry has the text that was answered, unchanged."""
        return bool(self._shown_text) and self.typed == self._shown_text

    @property
    def query(self) -> Query | None:
        """What must be confirmed or changed now.

        Once another answer is keyed, nothing is: what would be confirmed is no longer shown.
        """
        if self.prompt is None or self.denied or self.is_changed:
            return None
        return self.prompt.query

    @property
    def is_read_back(self) -> bool:
        """Whether the answer is read back to the respondent, who says yes or no."""
        return self.query is not None and self.query.aloud

    @property
    def other_places(self) -> tuple[Place, ...]:
        """The other questions that a failed check compares with this one."""
        return self.query.places if self.query is not None else self.compared

    # After each call of the session

    async def finish(
        self, rejection: Rejection | None, *, without_enter: bool = False, sent: str = ""
    ) -> bool:
        """Go on to what is asked now, or say why not; returns whether the entry was accepted."""
        before = self.prompt
        if rejection is not None:
            # The entry may have been accepted, and only what follows without a key was not.
            if self.session.prompt() != before:
                await self.arrive()
            self._screen.refuse(rejection.why)
            self.compared = rejection.places
            return False

        self.sent = sent
        self.insists = False
        if before is not None:
            answer = self.session.describe_answer(before.place)
            if answer:
                self.last = before.place, answer
        dropped = self.session.take_dropped()
        await self.arrive()
        if dropped:
            self._screen.said = commands.format_dropped(dropped)
        self.follows_code = without_enter
        return True

    async def stay(self, rejection: Rejection | None, *, said: str = "") -> None:
        """Stay at the same question, with what was typed for it."""
        if rejection is not None:
            self._screen.refuse(rejection.why)
            return
        await self.drop_command()
        self.prompt = self.session.prompt()
        self.review = self.session.closing_review()
        self.notes = self.session.list_notes()
        self._screen.said = said

    async def arrive(self) -> None:
        """Ask at a place: nothing is typed yet, but for what was being typed there before."""
        await self._screen.close_panels()
        self.prompt = prompt = self.session.prompt()
        self.pick = PickState()
        self.denied = False
        self.compared = ()
        self.is_selected = False
        self._draft = ""
        if prompt is None:
            self._arrive_at_end()
            return

        self.review = None
        await self._view.prepare(prompt)
        was_uncertain = self._is_uncertain
        self._is_uncertain = not is_certainly_measured(prompt)
        if was_uncertain or self._is_uncertain:
            self._screen.refresh()  # every line whole: what ran over on this terminal goes with it
        self._bring_back(prompt)
        if not self.take_message():
            if not self._is_message_new:
                self.message = ""
            self._is_message_new = False

    def _arrive_at_end(self) -> None:
        """Show the closing review, or leave the interview that has ended."""
        self.review = self.session.closing_review()
        # Keys typed ahead of the end were meant for no other case.
        self._screen.unexpected = self.review is None
        if self.review is not None or self._stays:
            return
        result = self.session.result()
        must_be_read = (
            result is None or bool(result.remark) or result.erased or result.status == "lost"
        )
        self._screen.left = not must_be_read

    def take_message(self) -> bool:
        """Take the next message of a supervisor; returns whether there is one."""
        message = self.session.take_message()
        if message:
            self.message = message
            self._is_message_new = True
        return bool(message)

    def _bring_back(self, prompt: Prompt) -> None:
        """Fill the entry with what was begun at this place, else with the earlier text."""
        unsent = self._unsent.pop(prompt.place, None)
        earlier = prompt.earlier
        # A value of the sample is none of the respondent's: typing replaces it.
        is_edited = (
            self.is_text
            and earlier is not None
            and earlier.kind != "prefill"
            and not earlier.declined
        )
        earlier_text = self.earlier_text if is_edited else ""
        is_verbatim = isinstance(prompt.entry, VerbatimEntry)
        if keeps_draft(prompt.entry):
            self._draft = self.session.load_draft()

        if prompt.query is not None:
            unsent = None  # the answer that is questioned was sent after it
        elif unsent is None and self._draft:
            unsent = self._draft

        if isinstance(unsent, PickState):
            self.pick = unsent
            self._shown_text = ""
            self._view.set_typed("")
        else:
            self._shown_text = earlier_text
            # A free answer that is questioned is mostly continued.
            self.is_selected = prompt.query is not None and bool(earlier_text) and not is_verbatim
            typed = earlier_text if unsent is None else unsent
            self._view.set_typed(typed, selected=self.is_selected)

        if unsent:
            takes = "" if is_verbatim else ": Enter takes it"
            self._screen.said = (
                f"what you started to {_describe_entering(prompt)} here is back{takes}"
            )
        elif self._view.entry is not None and not self.typed and self.history.has_words:
            self._screen.said = UNDO_HINT

    def keep_draft(self, *, is_left: bool = False) -> None:
        """Save what is being typed in a free answer if it changed.

        `is_left` saves a line of text too, which is too short to be saved every second. A text that
        was removed stays saved until another is typed: it may be wanted back.
        """
        typed = self._view.typed
        if self.prompt is None:
            return
        is_verbatim = isinstance(self.prompt.entry, VerbatimEntry)
        if not is_verbatim and not (is_left and keeps_draft(self.prompt.entry)):
            return
        is_new = bool(typed) and typed not in (self._draft, self._shown_text)
        if is_new and not self.typed_command and not self._may_become_command(typed):
            self._draft = typed
            self.session.save_draft(typed)

    def _may_become_command(self, typed: str) -> bool:
        """Whether a command is perhaps being typed behind the unchanged earlier text.

        A draft is saved every second, also between the keys of `.back`: `.ba` is no part of the
        answer.
        """
        if not self._shown_text or not typed.startswith(self._shown_text):
            return False
        added = typed[len(self._shown_text) :]
        return added.startswith(".") and " " not in added

    def keep_unsent(self) -> None:
        """Keep what is half typed at a place that is left without an answer.

        Numbers and dates are not kept: half a number is soon a wrong one.
        """
        if self.prompt is None:
            return
        self.keep_draft()
        is_text = keeps_draft(self.prompt.entry)
        is_changed = self.typed != self._shown_text
        is_begun = is_changed or bool(self._draft)  # a draft may have been cleared
        if is_text and is_begun and not self.typed_command:
            self._unsent[self.prompt.place] = self.typed
            return

        if is_changed and not self.typed_command:
            # It can be brought back, but an Enter must not send it.
            self.history.record(self.typed, "")
        if self.pick.chosen is not None:
            chosen = self.pick._replace(typed="", marked=None, rejected=False)
            self._unsent[self.prompt.place] = chosen

    async def drop_command(self) -> None:
        """Take away what led to a command: the panel on top, or the line that was typed."""
        if self._screen.panel is not None:
            await self._screen.close_panel()
        elif self.typed_command:
            is_behind_text = not commands.is_command(self.typed)
            self._view.set_typed(self._shown_text if is_behind_text else "")

    # Answers and moves

    async def send_codes(self, reply: PickReply, *, without_enter: bool) -> None:
        """Send codes; if they are rejected, they stay to be seen."""
        codes = " ".join([str(code) for code in reply.codes])
        rejection = self.session.reply(reply)
        accepted = await self.finish(rejection, without_enter=without_enter, sent=codes)
        if not accepted and self.pick.chosen is None and self._screen.panel is None:
            self.pick = self.pick._replace(typed=codes, rejected=True)

    async def keep_earlier(self) -> None:
        """Keep the earlier answer. An Enter alone never confirms what is questioned."""
        if self.query is not None:
            self._screen.refuse(CONFIRM_HELP)
        elif self.denied:
            self._screen.refuse(commands.ASK_AGAIN_HINT)
        elif self.prompt is not None and self.prompt.query is not None:
            self._screen.refuse("key the right answer")
        else:
            await self.finish(self.session.reply(""))

    async def go_back(self) -> None:
        """Go back to the question before."""
        self.keep_unsent()
        await self.finish(self.session.go_back())

    async def go_forward(self) -> None:
        """Go on to the first question without an answer."""
        self.keep_unsent()
        await self.finish(self.session.go_forward())

    async def jump(self, place: Place) -> None:
        """Go to a question that was asked before."""
        self.keep_unsent()
        await self.finish(self.session.jump(place))


def _describe_entering(prompt: Prompt) -> str:
    return "key" if isinstance(prompt.entry, PickEntry) else "type"
