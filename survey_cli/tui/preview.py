"""Preview screen: the interview screen on an unstored interview that follows the questionnaire's file.

It shows the file's problems while the file is broken, and reads no file itself.
"""

from collections.abc import Callable
from typing import Final, Literal, TypeAlias

from survey_cli.entries import LineEntry as LineEntry
from survey_cli.entries import PickEntry, Rejection, VerbatimEntry
from survey_cli.sessions.preview.preview import PreviewState
from survey_cli.sessions.preview.preview_session import PreviewSession
from survey_cli.tui import sheets
from survey_cli.tui.answer import Answer
from survey_cli.tui.app import LinesInterviewApp
from survey_cli.tui.drawing import Clocks, Page, draw, help_lines
from survey_cli.tui.edit import Edit
from survey_cli.tui.foot import Keys
from survey_cli.tui.keyboard import Keyboard
from survey_cli.tui.modes import ENTER, InterviewMode, Jumping, NoteEditor, TextPage
from survey_cli.tui.question import TO_READ, QuestionColumn
from survey_cli.tui.wording import DOT, UP, ScreenLine, TextRole

LOOK_SECONDS: Final = 0.2
"""How often the file is looked at."""
Over: TypeAlias = Literal["problems", "data", "keys", "restart", "leave"]
OPENS: Final[dict[str, Over]] = {"ctrl+p": "problems", "ctrl+t": "data", "ctrl+r": "restart"}
SCROLLS: Final = ("up", "down", "pageup", "pagedown", "home", "end")


class PreviewBoard(Keyboard):
    """The interviewer's keys, and above them a preview's own."""

    def __init__(
        self, shown: PreviewState, *, restart: Callable[[], PreviewState], before: "PreviewBoard | None" = None
    ):
        self.shown: Final = shown
        self.over: Over | None = "problems" if shown.broken else None
        """What lies over the question."""
        self.over_top: int | None = None
        """Its first line shown; None where it has just been opened."""
        self.laid = 0
        """How often something was laid there."""
        self.renewed: PreviewState | None = None
        """The interview was started over: this is to be shown from now on."""
        self._restart = restart
        super().__init__(shown.session)
        if before is not None:
            self._go_on(before)
        self.said = shown.remark or self.said

    @property
    def trial(self) -> PreviewSession:
        """The desk, and what it can do beyond one."""
        return self.shown.session

    def _go_on(self, before: "PreviewBoard") -> None:
        """Keep what was being typed, where the same thing is still asked, and what lay open."""
        if before.over == "data" and not self.shown.broken:
            self.over, self.over_top = "data", before.over_top
        now, then = self.prompt, before.prompt
        if self.shown.broken:
            self.answer, self.modes, self.top = before.answer, before.modes, before.top
            return
        if now is None or then is None or now.place != then.place or type(now.entry) is not type(then.entry):
            return
        self.answer = _still(before.answer, now.entry)
        self.top = before.top
        if isinstance(now.entry, LineEntry) and self.answer.edit.text:
            self._edit(self.answer.edit)
        self.modes = (*self.modes, *(self._open_still(mode) for mode in before.modes[1:] if _stays(mode)))

    def _open_still(self, mode: InterviewMode) -> InterviewMode:
        if not isinstance(mode, Jumping):
            return mode
        fresh = Jumping(self.desk.list_items(), mode.edit)
        return fresh._replace(at=max(min(mode.at, len(fresh.shown()) - 1), 0))

    def press(self, key: str, at: float = 0.0) -> None:
        """One key: to what lies over the question first, then to the preview, then to the interview."""
        self.bell = self.unexpected = False
        if key == "ctrl+c" and self.over == "leave":
            self.left = True
        elif key == "ctrl+c":
            self._lay("leave")
        elif self.over is not None:
            self._pressed_over(key, self.over)
        elif key in OPENS:
            self._lay(OPENS[key])
        elif self.prompt is None:
            self._closed(key)
        else:
            super().press(key, at)
            self._tell()

    def paste(self, text: str) -> None:
        if self.over is None and self.prompt is not None:
            super().paste(text)

    def _lay(self, over: Over | None) -> None:
        """Lay this over the question; while the file is broken its problems lie there."""
        self.over = over or ("problems" if self.shown.broken else None)
        self.over_top = None
        self.laid += 1

    def _pressed_over(self, key: str, over: Over) -> None:
        top = self.over_top or 0
        match over, key.casefold():
            case "leave", "y":
                self.left = True
            case "restart", "y":
                self.renewed = self._restart()
            case _, "up":
                self.over_top = max(top - 1, 0)
            case _, "down":
                self.over_top = top + 1
            case _, "pageup":
                self.over_top = max(top - self.page, 0)
            case _, "pagedown":
                self.over_top = top + self.page
            case _, "home":
                self.over_top = 0
            case _, "end":
                self.over_top = 1_000_000
            case _, other if other in OPENS and not (self.shown.broken and OPENS[other] == "restart"):
                self._lay(None if OPENS[other] == over else OPENS[other])
            case (("leave" | "restart"), ("n" | "escape" | "left")):
                self._lay(None)
            case "keys", "f1" | "?":
                self._lay(None)
            case _, other if over in ("data", "problems", "keys") and (other == "escape" or other in ENTER):
                self._lay(None)
            case _:
                self.bell = True

    def _closed(self, key: str) -> None:
        """The interview is at an end; the preview is not."""
        if key in ("left", "alt+left", "backspace"):
            self._done(self.desk.go_back())
            self._tell()
        elif key == "f3" and self._done(self.desk.go_back()):
            self._open("f3")
        elif key in ENTER:
            self.renewed = self._restart()
        else:
            self.bell = True

    def _push(self, mode: InterviewMode) -> None:
        if isinstance(mode, TextPage) and mode.what == "help":
            self._lay("keys")
        else:
            super()._push(mode)

    def _done(self, rejected: Rejection | None, *, swallow: bool = False, given: str = "") -> bool:
        taken = super()._done(rejected, swallow=swallow, given=given)
        self._tell()
        return taken

    def _tell(self) -> None:
        """Say what the desk had to do of itself."""
        if self.trial.remark:
            self.said, self.trial.remark = self.trial.remark, ""


def _stays(mode: InterviewMode) -> bool:
    """Whether what is open beside the question goes on over a change of the file."""
    return isinstance(mode, (TextPage, Jumping)) or (isinstance(mode, NoteEditor) and mode.what != "specify")


def _still(answer: Answer, entry: object) -> Answer:
    """What is keyed and not yet sent, as far as it can still be keyed."""
    match entry:
        case PickEntry(options=choices):
            codes = {choice.code for choice in choices}
            chosen = None if answer.chosen is None else tuple(c for c in answer.chosen if c in codes)
            text = answer.edit.text if entry.is_code_prefix(answer.edit.text) else ""
            words = tuple(w for w in answer.words if w[0] in codes)
            mark = None if answer.mark is None else min(answer.mark, len(choices) - 1)
            return answer._replace(chosen=chosen, words=words, mark=mark, edit=Edit.of(text))
        case LineEntry() | VerbatimEntry():
            return answer
        case _:
            return Answer()


class PreviewApp(LinesInterviewApp):
    """One file's interview on a full screen, followed while it is edited."""

    board: PreviewBoard

    def __init__(
        self, shown: PreviewState, *, reload: Callable[[], PreviewState | None], restart: Callable[[], PreviewState]
    ) -> None:
        self._reload = reload
        self._restart = restart
        self._drawn: tuple[object, sheets.PreviewSheet | None] = (None, None)
        super().__init__(shown.session, PreviewBoard(shown, restart=restart))

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(LOOK_SECONDS, self.look)

    def look(self) -> None:
        """Take up what was saved since the last look."""
        try:
            shown = self._reload()
        except Exception as error:
            self.board.said = f"reading the file failed ({type(error).__name__}), a bug in survey: save again"
            self.log.error(error)
            shown = None
        if shown is not None:
            self._show(shown, before=self.board)
            self.redraw()

    def _show(self, shown: PreviewState, *, before: PreviewBoard | None) -> None:
        self.board = PreviewBoard(shown, restart=self._restart, before=before)

    def redraw(self) -> None:
        if self.board.renewed is not None:
            self._show(self.board.renewed, before=None)
        if self.board.over is None:
            super().redraw()
            return
        if not self._sheet.size:
            return
        page = self.page()
        self.board.over_top = page.top
        self.board.page = max(page.rows - 1, 1)
        self._sheet.show(page.lines)

    def page(self) -> Page:
        board = self.board
        width, height = self._sheet.size
        drawn = (board, board.laid, board.over, board.prompt is None, width)
        if self._drawn[0] != drawn:  # nothing under a sheet changes while it lies there
            self._drawn = drawn, self._lying(width)
        sheet = self._drawn[1]
        if sheet is not None:
            top = board.over_top
            if top is None:
                top = 0 if sheet.at is None else max(sheet.at - (height - 4) // 2, 0)
            return sheets.page(sheet, self._head(width), top=top, width=width, height=height)
        page = draw(
            board,
            width=width,
            height=height,
            clocks=Clocks(elapsed=board.desk.elapsed_time(), there=board.desk.respondent_time()),
        )
        lines = list(page.lines)
        if height >= 4:
            lines[0] = self._head(width)
        if height >= 12:
            lines[1] = sheets.rule(width, self._keys(), f"more above: PgUp {UP}" if page.top else "")
        return page._replace(lines=tuple(lines))

    def _lying(self, width: int) -> sheets.PreviewSheet | None:
        """What lies over the question; None where the question is seen."""
        board, shown = self.board, self.board.shown
        match board.over:
            case "problems":
                return sheets.problem_sheet(shown.problems, shown.read_line, broken=shown.broken, width=width)
            case "data":
                here = board.prompt.place if board.prompt is not None else None
                return sheets.data_sheet(board.trial.list_values(), here, width=width)
            case "keys" if board.prompt is not None:
                column = QuestionColumn(width=min(width - 2 * sheets.MARGIN, TO_READ), rows=0)
                return sheets.manual_sheet(help_lines(board.prompt, column), width)
            case "keys":
                return sheets.manual_sheet((), width)
            case "restart":
                text = "Start over? Every answer of this preview is forgotten."
                return sheets.asking_sheet(text, sheets.OVER, width)
            case "leave":
                return sheets.asking_sheet("Leave the preview? Nothing of it is kept.", sheets.LEAVES, width)
            case None if board.prompt is None:
                return sheets.closing_sheet(board.closing, width)
        return None

    def _head(self, width: int) -> ScreenLine:
        board, shown = self.board, self.board.shown
        prompt = board.prompt
        wrong: TextRole = "why" if shown.broken else "query"
        count = sheets.found(shown.problems)
        if shown.broken or prompt is None:
            return sheets.head(shown.file, [(count, wrong)], width)
        names = [board.desk.title, prompt.section] if prompt.section and width >= 60 else [board.desk.title]
        right: list[tuple[str, TextRole]] = [
            (prompt.language if len(prompt.languages) > 1 else "", "head"),
            (str(prompt.place), "head"),
            (f"{prompt.position} of {prompt.total}", "head"),
            (count, wrong),
        ]
        return sheets.head(DOT.join(names), right, width)

    def _keys(self) -> Keys:
        return (
            ("F3", "any item", 1),
            ("Ctrl+R", "restart", 3),
            ("Ctrl+T", "data", 2),
            *((("Ctrl+P", "warnings", 1),) if self.board.shown.problems else ()),
            ("Ctrl+C", "leave", 0),
        )
