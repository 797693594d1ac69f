"""Screen for watching and replaying interviews: the interviewer's screen without an entry."""

from time import monotonic
from typing import Final, TypeAlias

from textual.app import ComposeResult
from textual.content import Content

from survey_cli.problems import UserError
from survey_cli.sessions.lines.interview_lines import (
    build_answer_line,
    build_overview_lines,
    build_result_lines,
    build_review_lines,
)
from survey_cli.sessions.lines.line import Line, Role, to_spans
from survey_cli.sessions.monitoring import Replay, Watch
from survey_cli.tui.interview import pages
from survey_cli.tui.interview.current_question import CurrentQuestion
from survey_cli.tui.interview.question import MEASURE, PAGE_MARGINS, QuestionView
from survey_cli.tui.interview.screen import compose_question
from survey_cli.tui.widgets import drawing
from survey_cli.tui.widgets.key_app import EDITING_KEYS, KeyApp, KeyScreen
from survey_cli.tui.widgets.panel import TextPanel, scroll_by_key
from survey_cli.tui.widgets.styled import (
    Header,
    HeaderState,
    KeyHint,
    Lines,
    SidePage,
    build_section,
    style_text,
)

Source: TypeAlias = Watch | Replay

LEAVE: Final = ("q", "ctrl+c", "f10")
HINTS: Final = (KeyHint("F3", "answers", 1), KeyHint("F6", "case", 2), KeyHint("q", "leave"))
REPLAY_HINTS: Final = (
    KeyHint("Space", "pause", press=" "),
    KeyHint("← →", "step", press="right"),
    KeyHint("+ -", "speed", 1, "+"),
    *HINTS,
)


class MonitorScreen(KeyScreen):
    """One interview after another, as their interviewer sees them."""

    named_keys = EDITING_KEYS | {"f3", "f6", *LEAVE}

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.source = source
        self.view = QuestionView(lambda option: None)
        self.question: CurrentQuestion | None = None
        """None while no interview is shown."""

    def compose(self) -> ComposeResult:
        yield from compose_question(self.view)

    async def start(self) -> None:
        await self.follow()

    async def follow(self) -> None:
        """Show what the interview is now."""
        self.forget_messages()
        session = self.source.session
        if session is None:
            self.question = None
            await self.close_panels()
            return

        self.question = CurrentQuestion(self, session, self.view, stays=True)
        # a new question closes the panels: the watcher's stays open, with what is new in it
        opened = ""
        if self.panel is not None:
            opened = self.panel.what
        await self.question.arrive()
        if opened:
            await self._open(opened, self.question)
        self.unexpected = False
        self.question.last = None
        for item in session.list_recent_answers(1):
            self.question.last = (item.place, session.describe_answer(item.place))

    async def press(self, key: str, at: float) -> None:
        self.forget_messages()
        replay = self.source if isinstance(self.source, Replay) else None
        if key in LEAVE:
            self.left = True
        elif self.panel is not None:
            if key == self.panel.what:
                await self.close_panel()
            else:
                await self.panel.press(key)
        elif key in ("f3", "f6") and self.question is not None:
            await self._open(key, self.question)
        elif key in ("up", "down", "pageup", "pagedown"):
            scroll_by_key(self.view, key)
        elif replay is not None and key == " ":
            replay.is_paused = not replay.is_paused
        elif replay is not None and key in ("left", "right"):
            replay.step(1 if key == "right" else -1)
            await self.follow()
        elif replay is not None and key in ("+", "-"):
            replay.change_speed(2 if key == "+" else 0.5)
        else:
            self.refuse("an interview that is shown can't be changed; q leaves")

    async def _open(self, key: str, question: CurrentQuestion) -> None:
        if key == "f3":
            answers = [build_answer_line(item) for item in question.session.list_items()]
            page = build_section("ANSWERS", drawing.draw_rows(answers, self.case_width))
        else:
            page = self._build_case(question)
        await self.open_panel(TextPanel(key, page))

    def _build_case(self, question: CurrentQuestion) -> Content:
        lines = build_overview_lines(
            question.session, question.prompt, question.notes, pages.RECENT
        )
        return drawing.draw_page(lines, self.case_width)

    # What is shown

    def show(self) -> None:
        question = self.question
        self.tick()
        if isinstance(self.source, Replay):
            self.show_keys(REPLAY_HINTS)
        else:
            self.show_keys(HINTS)

        prompt = None
        if question is not None:
            prompt = question.prompt
        if question is not None and prompt is not None:
            self.view.show_question(prompt, question.pick, denied=False, specifying=None)
            message = pages.build_messages(
                question, prompt, why=self.why, notice="", said=self.said
            )
        else:
            self.view.show_page(self._build_page(question))
            message = pages.build_refusal(self.why, self.said)
        self.view.show_message(message)

        if self.has_side:
            case = Content()
            if question is not None:
                case = self._build_case(question)
            self.query_one(SidePage).show(case)

    def _build_page(self, question: CurrentQuestion | None) -> Content:
        """Build the page without a question: the review, how the interview ended, or a wait."""
        if question is None:
            return drawing.draw_ending([Line(Role.HEADING, to_spans(self.source.state))])
        if question.review is not None:
            width = min(self.size.width, MEASURE) - PAGE_MARGINS
            return drawing.draw_page(build_review_lines(question.review), width)
        return drawing.draw_ending(build_result_lines(question.session.result()))

    def tick(self) -> None:
        question = self.question
        head = HeaderState("", "", "")
        # without an interview, the page shows the state
        state = ""
        if question is not None:
            head = pages.build_header(
                question.session, question.prompt, question.last, shows_ids=True
            )
            state = self.source.state
        self.query_one(Header).show(head._replace(mark=self.source.title))
        self.query_one("#status", Lines).show((style_text(state), style_text(self.source.pace)))


class MonitorApp(KeyApp):
    """A watched interview, or a replay, on a full screen."""

    def __init__(self, source: Source, theme: str = "dark") -> None:
        super().__init__(lambda: MonitorScreen(source), theme)
        self._source = source
        self._advanced_at = monotonic()

    def start(self) -> None:
        self.every(self._source.seconds, self._advance)

    async def _advance(self) -> None:
        """Let the source advance, and show what has changed."""
        screen = self.top
        now = monotonic()
        assert isinstance(screen, MonitorScreen)
        if not screen.is_ready:
            return
        try:
            changed = self._source.advance(now - self._advanced_at)
        except UserError as error:
            screen.why = str(error)
            screen.show()
            return
        finally:
            self._advanced_at = now
        if changed:
            await self._handle(screen.follow, now)
