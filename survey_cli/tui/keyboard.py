"""Keys of the interview screen, translated into calls of the session and a state to draw.

Each key is handled completely before the next. It uses no terminal and no toolkit, and never depends on what a
question is about.
"""

from typing import Final, assert_never

from survey_cli import entry_commands as commands
from survey_cli.entries import (
    LineEntry,
    LookupEntry,
    OfferedOption,
    PickEntry,
    PickReply,
    Prompt,
    ReadEntry,
    Reply,
    VerbatimEntry,
)
from survey_cli.tui.answer import Answer, Empty, Keyed, SentCodes, Specify, add, declined_by, pick_keyed
from survey_cli.tui.dotwords import act_of
from survey_cli.tui.edit import Edit
from survey_cli.tui.interview_state import InterviewState
from survey_cli.tui.modes import (
    ENTER,
    NAMED,
    OPENERS,
    AddNote,
    Answering,
    Back,
    Close,
    DotWord,
    Front,
    Give,
    InterviewAct,
    InterviewMode,
    ItIsSo,
    Jump,
    Jumping,
    KeyedDecline,
    KeyedQuestion,
    KeyedStop,
    No,
    NoteEditor,
    Open,
    Speak,
    Speaking,
    Specified,
    Stopping,
    Suspend,
    TextPage,
)

QUERY_KEYS: Final = "F9 confirms it, or key the right answer"


class Keyboard(InterviewState):
    """One interview under one pair of hands; `press` and `paste` change what stands."""

    # Keys in

    def press(self, key: str, at: float = 0.0) -> None:
        """One key: its character where it is printable, else its name (`enter`, `alt+left`, `f8`). `at` is when it was
        struck, in seconds of any clock.
        """
        if len(key) > 1 and key not in NAMED:
            return
        soon = at - self._struck_at < commands.SAME_ENTER_SECONDS
        held = 0 < at - self._struck_at < commands.HELD_ENTER_SECONDS and self._struck in ENTER and key in ENTER
        self._struck, self._struck_at = key, at
        self.bell = self.unexpected = self.follow = False
        self.why = self.said = self.taken = ""
        if self.prompt is None:
            self.left = True
            return
        if self.notice:
            self.notice = ""
            if key in ENTER:
                return
        if self._swallow:
            self._swallow = False
            if key in ENTER and soon:
                self.said = "that Enter came with the code before it and was not used; the next one counts"
                return
        if held and self.prompt.ending and isinstance(self.mode, Answering):
            self.said = f"{commands.ENTER_TWICE_HINT}: Enter once more ends here"
            return
        mode = self.mode
        if key in OPENERS and not (key == "ctrl+c" and isinstance(mode, Stopping)):
            self._open(key)
        elif key in ("pageup", "pagedown") and not isinstance(mode, (Jumping, Stopping, Speaking)):
            self._scroll(self.page if key == "pagedown" else -self.page)
        elif isinstance(mode, Answering):
            self._answering(key, self.prompt)
        else:
            self._beside(mode.pressed(key))

    def paste(self, text: str) -> None:
        """Text pasted at once: line breaks stay in a Verbatim and become blanks elsewhere; a Pick takes
        none.
        """
        self.bell = self.unexpected = self._swallow = False
        self.why = self.said = self.taken = self.notice = ""
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if self.prompt is None or not text:
            return
        flat = " ".join(text.split())
        match self.mode:
            case Answering() if isinstance(self.prompt.entry, VerbatimEntry):
                self._edit(self.answer.edit.typed(text))
            case Answering() if isinstance(self.prompt.entry, LineEntry):
                self._edit(self.answer.edit.typed(flat))
            case NoteEditor() | Jumping() as typing:
                self._beside(typing._replace(edit=typing.edit.typed(flat)))
            case _:
                self._refuse("pasted text is no answer here")

    # Answering

    def _answering(self, key: str, prompt: Prompt) -> None:
        entry = prompt.entry
        empty = isinstance(entry, (PickEntry, ReadEntry)) or not self.answer.edit.text
        if key == "alt+left" or (key == "left" and empty):
            self._act(Back())
            return
        if key == "alt+right" or (key == "end" and empty and not isinstance(entry, PickEntry)):
            self._act(Front())
            return
        if self.doubted is not None and self.doubted.aloud:
            self._confirming(key)
            return
        match entry:
            case PickEntry():
                keyed = pick_keyed(key, entry, prompt, self.answer)
                if keyed is None:
                    self._letter(
                        key, prompt, otherwise=f"{key.strip() or 'a blank'} is not offered here: {entry.format_codes()}"
                    )
                else:
                    self._picked(keyed)
            case ReadEntry():
                if key in ENTER or key == " ":
                    self._done(self.desk.reply(""))
                elif key in ("up", "down"):
                    self._scroll(1 if key == "down" else -1)
                else:
                    self._letter(key, prompt, otherwise="Enter goes on")
            case LineEntry() | VerbatimEntry():
                self._typing(key, prompt, several_lines=isinstance(entry, VerbatimEntry))
            case LookupEntry():
                self._refuse("the computer answers this one: nothing is asked")
            case _:
                assert_never(entry)

    def _confirming(self, key: str) -> None:
        """A question read aloud about the answer: yes or no comes first."""
        match commands.parse_read_back(key):
            case True:
                self._done(self.desk.confirm(), swallow=True)
            case False:
                self.answer = Answer(denied=True)
                self._swallow = True
                self.said = commands.ASK_AGAIN_HINT
            case None if key == ".":
                self._push(NoteEditor("command", Edit.of(".")))
            case None:
                self._refuse(commands.READ_BACK_HELP)

    def _picked(self, keyed: Keyed) -> None:
        match keyed:
            case Answer():
                self.follow = keyed.mark != self.answer.mark
                self.answer = keyed
            case SentCodes(codes, words, auto):
                self._send(PickReply(codes, dict(words)), auto=auto)
            case Specify(choice, words, auto):
                self.answer = self.answer._replace(edit=Edit())
                self._push(NoteEditor("specify", Edit.of(words), choice))
                self._swallow = auto
            case Empty():
                self._enter_empty()
            case KeyedDecline():
                self._decline(keyed)
            case No(why):
                self._refuse(why)
                if self.prompt is not None and isinstance(self.prompt.entry, PickEntry) and self.prompt.entry.several:
                    self.answer = self.answer._replace(edit=Edit())

    def _send(self, picked: PickReply, *, auto: bool = False) -> None:
        """Give codes; where they are rejected, they stay to be seen."""
        given = " ".join(str(code) for code in picked.codes)
        taken = self._done(self.desk.reply(picked), swallow=auto, given=given)
        if not taken and self.answer.chosen is None and isinstance(self.mode, Answering):
            self.answer = self.answer._replace(edit=Edit.of(given), spent=True)

    def _enter_empty(self) -> None:
        """An empty Enter keeps what stands; it never confirms what is doubted."""
        if self.doubted is not None:
            self._refuse(QUERY_KEYS)
        elif self.answer.denied:
            self._refuse(commands.ASK_AGAIN_HINT)
        else:
            self._done(self.desk.reply(""))

    def _give(self, reply: Reply, *, given: str) -> None:
        """Give a typed entry, and show at the next question what it was taken for; ask where that is not certain."""
        echo = self.desk.echo(reply) if isinstance(reply, str) else ""
        rejected = self.desk.reply(reply)
        if rejected is not None and rejected.meanings:
            self.bell = self.unexpected = True
            choices = ((str(n), m.label, Give(m)) for n, m in enumerate(rejected.meanings, 1))
            self._push(KeyedQuestion(rejected.why, tuple(choices)))
        elif self._done(rejected, given=given):
            self.taken = echo
        elif self.prompt is not None and isinstance(self.prompt.entry, LineEntry):
            self.answer = self.answer._replace(spent=True)

    def _typing(self, key: str, prompt: Prompt, *, several_lines: bool) -> None:
        edit = self.answer.edit
        if self.answer.spent:  # rejected: it stays to be seen, and what is typed now takes its place
            self.answer = self.answer._replace(spent=False)
            edit = Edit() if len(key) == 1 else edit
        if several_lines and key == "ctrl+j":
            self._edit(edit.typed("\n"))
        elif key in ENTER:
            if commands.is_command(edit.text):
                self._act(act_of(edit.text, prompt, self.desk))
            elif edit.text:
                self._give(commands.unescape_dots(edit.text), given=edit.text)
            else:
                self._enter_empty()
        elif key == "escape":
            self._edit(Edit())
        elif key == "up" and not edit.text and prompt.earlier is not None:
            self._edit(Edit.of(prompt.earlier.typed_text))
        elif key in ("up", "down"):
            self._edit(edit.row_moved(-1 if key == "up" else 1))
        elif (changed := edit.pressed(key)) is not None:
            self._edit(changed)

    def _letter(self, key: str, prompt: Prompt, *, otherwise: str) -> None:
        """A letter that acts: a decline, it is so, help, a dot word."""
        letter = key.casefold()
        decline = declined_by(key, prompt)
        if letter == ".":
            self._push(NoteEditor("command", Edit.of(".")))
        elif letter == "?":
            self._push(TextPage("help"))
        elif decline is not None:
            self._decline(decline)
        elif letter == "o" and self.doubted is not None:
            self._open("f9")
        elif len(key) == 1:
            self._refuse(otherwise)

    def _decline(self, decline: KeyedDecline) -> None:
        """A decline by its key; where options are marked already, it is asked about first."""
        if not self.answer.chosen:
            self._done(self.desk.decline(decline.id), swallow=True, given=decline.text)
            return
        question = commands.format_drop_question(decline.text, len(self.answer.chosen))
        self._push(KeyedQuestion(question, (("y", "yes", decline), ("n", "no", Close()))))

    # Beside the question

    def _open(self, key: str) -> None:
        """Open what a key opens; the same key closes it again."""
        prompt = self.prompt
        assert prompt is not None
        before = self.mode
        unfinished = isinstance(before, NoteEditor) and before.what != "specify" and before.at is None
        if isinstance(before, NoteEditor) and unfinished and before.edit.text.strip("."):
            self._refuse("finish this line first: Enter saves it, Esc cancels it")
            return
        if not (isinstance(before, Answering) or (isinstance(before, NoteEditor) and before.what == "specify")):
            self.modes = self.modes[:-1]
        opened = self._opened(key, prompt)
        if opened is not None and not _same(opened, before):
            self._push(opened)
            self.follow = True

    def _opened(self, key: str, prompt: Prompt) -> InterviewMode | None:
        match key:
            case "f1":
                return TextPage("help")
            case "f2":
                return NoteEditor("note", notes=self.desk.list_notes())
            case "f3":
                asked = self.desk.list_items()
                at = next((n for n, a in enumerate(asked) if a.place == prompt.place), len(asked) - 1)
                return Jumping(asked, Edit(), max(at, 0))
            case "f4":
                return self._languages(prompt)
            case "f5":
                if prompt.faq:
                    return TextPage("faq")
                self._refuse(commands.NO_FAQ)
            case "f8":
                return Stopping(self.desk.list_stop_outcomes())
            case "f9":
                return self._it_is_so()
            case _:
                return Stopping(self.desk.list_stop_outcomes(), sure=Suspend())
        return None

    def _languages(self, prompt: Prompt) -> InterviewMode | None:
        """Two languages take turns; more are a list."""
        if len(prompt.languages) < 2:
            self._refuse(commands.NO_LANGUAGE)
            return None
        at = prompt.languages.index(prompt.language) if prompt.language in prompt.languages else 0
        if len(prompt.languages) == 2:
            self._act(Speak(prompt.languages[1 - at]))
            return None
        return Speaking(prompt.languages, at)

    def _it_is_so(self) -> InterviewMode | None:
        if self.doubted is None:
            self._refuse(commands.NOTHING_TO_CONFIRM)
        elif self.doubted.aloud:
            self._done(self.desk.confirm(), swallow=True)
        else:
            return NoteEditor("reason")
        return None

    def _beside(self, outcome: InterviewMode | InterviewAct) -> None:
        if isinstance(outcome, (Answering, NoteEditor, KeyedQuestion, Jumping, Stopping, Speaking, TextPage)):
            self.modes = (*self.modes[:-1], outcome)
            self.follow = True
        else:
            self._act(outcome)

    def _act(self, act: InterviewAct | InterviewMode) -> None:  # noqa: C901 - one branch per kind
        """Carry out what a key or a dot word asked for."""
        match act:
            case Close():
                self._close()
            case No(why):
                self._refuse(why)
            case AddNote(text, replaces):
                self._stay(self.desk.add_note(text, replaces=replaces), said="noted")
            case Give(meaning):
                self._close()
                if meaning.decline:
                    self._done(self.desk.decline(meaning.decline), swallow=True, given=meaning.label)
                else:
                    self._give(meaning.reply, given=meaning.label)
                    self._swallow = True
            case Front():
                self._leave()
                self._done(self.desk.go_forward())
            case Speak(language):
                self._stay(self.desk.switch_language(language), said="")
            case ItIsSo(reason):
                self._done(self.desk.confirm(reason))
            case KeyedDecline(id, text):
                self._done(self.desk.decline(id), given=text)
            case Back():
                self._leave()
                self._done(self.desk.go_back())
            case Jump(place):
                self._leave()
                self._done(self.desk.jump(place))
            case Suspend():
                self._leave()
                self._put_aside()
            case KeyedStop(outcome):
                self._leave()
                self._done(self.desk.stop(outcome))
            case DotWord(text):
                assert self.prompt is not None
                self._act(act_of(text, self.prompt, self.desk))
            case Specified(choice, words):
                self._specified(choice, words)
            case Open(key):
                self._drop_dot_word()
                self._open(key)
            case _:
                self._drop_dot_word()
                self._push(act)

    def _put_aside(self) -> None:
        """Where it cannot be written, asking once more leaves all the same: what was answered is kept."""
        if self._done(self.desk.suspend()) or self.prompt is None:
            return
        if self._insisted:
            self.left = True
        else:
            self._insisted = True
            self.why += "; once more leaves without it, every answer taken is kept"

    def _specified(self, choice: OfferedOption, words: str) -> None:
        prompt = self.prompt
        assert prompt is not None
        if not words:
            self._refuse("type what was said, or Esc for another answer")
        elif isinstance(prompt.entry, PickEntry) and prompt.entry.several:
            self._close()
            self._picked(add(choice, prompt.entry, prompt, self.answer, words))
        else:
            self._send(PickReply((choice.code,), {choice.code: words}))


def _same(opened: InterviewMode, before: InterviewMode) -> bool:
    """Whether a key asked for what is open already: then it closes it."""
    if isinstance(opened, (TextPage, NoteEditor)) and isinstance(before, (TextPage, NoteEditor)):
        return opened.what == before.what
    return type(opened) is type(before)
