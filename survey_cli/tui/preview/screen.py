"""Screen of a preview: the interviewer's screen, and beside it the file's problems and the data.

It reads no file itself.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import PurePath
from time import monotonic
from typing import Final, NamedTuple

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList

from survey_cli.entries import OfferedOption, PickEntry, Prompt
from survey_cli.problems import Problem, Severity
from survey_cli.sessions.lines.interview_lines import build_preview_result_lines
from survey_cli.sessions.preview.preview import Preview, PreviewState
from survey_cli.sessions.preview.preview_session import PreviewValue
from survey_cli.text_width import cut_snippet
from survey_cli.tui.interview.pages import KEYS, InterviewKey, build_refusal
from survey_cli.tui.interview.pick import PickState
from survey_cli.tui.interview.screen import InterviewScreen
from survey_cli.tui.widgets.drawing import draw_ending
from survey_cli.tui.widgets.editing import get_text, set_text
from survey_cli.tui.widgets.key_app import MIN_WIDTH, KeyApp
from survey_cli.tui.widgets.panel import (
    SCROLLS,
    Act,
    LinePanel,
    ListPanel,
    Row,
    TextPanel,
    build_question,
)
from survey_cli.tui.widgets.styled import (
    SEPARATOR,
    HeaderState,
    KeyHint,
    Lines,
    clean,
    format_keys,
    hang,
    style_text,
)
from survey_cli.tui.widgets.terminal import ENTER
from survey_cli.wording import format_quantity

MARKS: Final = {
    "error": ("! ", "bold $error"),
    "warning": ("? ", "bold $warning"),
    "info": ("  ", "$quiet"),
}
"""What stands before a problem, and the style of its severity."""


SEVERITIES: Final[Mapping[Severity, str]] = {"error": "error", "warning": "warning", "info": "note"}
"""The severities in the order in which they are counted, and what they are called."""


def count_problems(problems: Sequence[Problem]) -> str:
    """Return `3 errors · 1 warning`; empty if there are none."""
    counts = Counter(problem.severity for problem in problems)
    return SEPARATOR.join(
        format_quantity(counts[severity], word)
        for severity, word in SEVERITIES.items()
        if counts[severity]
    )


class ProblemLines(Lines[PreviewState]):
    """The problems of a file, errors first."""

    def build_lines(self, state: PreviewState, width: int) -> list[Content]:
        lines: list[Content] = []
        order = list(SEVERITIES)
        for problem in sorted(state.problems, key=lambda problem: order.index(problem.severity)):
            lines += [Content()] if lines else []
            lines += _format_problem(problem, width)
            lines += _format_source(problem, state.read_line(problem.where), width)
        return lines or [style_text("The file has no problems.", "$quiet")]


def _format_problem(problem: Problem, width: int) -> list[Content]:
    mark, style = MARKS[problem.severity]
    text = Content.assemble(
        (clean(str(problem.where)), "bold"),
        ": ",
        (problem.severity, style),
        f": {clean(problem.who)}: " if problem.who else ": ",
        clean(problem.what),
        (f" — {clean(problem.remedy)}" if problem.remedy else "", "$code"),
    )
    return hang(style_text(mark, style), text, width)


def _format_source(problem: Problem, line: str, width: int) -> list[Content]:
    """Return the line of source, cut to the width around the problem, and carets under it."""
    if not line.strip() or not problem.where.column:
        return []
    gutter = f"    {problem.where.line} │ "
    room = max(width - len(gutter), 10)
    cut = cut_snippet(line, clean, column=problem.where.column, length=problem.length, width=room)
    below = " " * (len(gutter) - 2) + "│ "
    return [
        Content.assemble((gutter, "$quiet"), cut.line),
        Content.assemble((below, "$quiet"), (cut.carets, MARKS[problem.severity][1])),
    ]


PREVIEW_KEYS: Final = (
    InterviewKey("Ctrl+L", "the file's problems and warnings", "ctrl+l"),
    InterviewKey("Ctrl+T", "the data as an analyst receives them", "ctrl+t"),
    InterviewKey("Ctrl+N", "start over without answers", "ctrl+n"),
    InterviewKey("Ctrl+C", "leave the preview", "ctrl+c"),
    InterviewKey(
        "F3", "any item, asked or not; unanswered questions before it get invented answers", "f3"
    ),
    *(key._replace(label="F8") if key.press == "f8" else key for key in KEYS if key.press != "f3"),
)
"""The interviewer's keys with those that a preview adds or changes."""
OPENERS: Final = frozenset({"ctrl+l", "ctrl+t", "ctrl+n", "ctrl+c"})
"""Keys that open something at any time, at the end of the interview too."""
REOPENED: Final = OPENERS | {"f1", "f2", "f3", "f5", "f6", "f8", "palette", "command"}
"""Panels that stay open when the file is saved. The others ask about what may have changed."""
BROKEN: Final = "broken"
"""The panel of the problems for which nothing can be asked."""
PAGES: Final = frozenset({BROKEN, "ctrl+l", "ctrl+t"})
"""Panels that take the whole place of the question."""
STATES: Final = ("answered", "dk", "refused", "not_asked", "not_reached")
"""The order in which states of variables are counted."""


class OpenPanel(NamedTuple):
    """A panel that is open, and where one is in it."""

    what: str
    typed: str
    position: float
    """The line it is scrolled to, or the marked row."""
    option: OfferedOption | None
    """The option for which a text is typed."""


class PreviewScreen(InterviewScreen):
    """The interview of a file, as it is now."""

    named_keys = InterviewScreen.named_keys | OPENERS
    keys = PREVIEW_KEYS
    help_intro = "The file is read again each time it is saved, and the interview continues at the same item.\n\n"
    stays = True
    shows_ids = True
    min_size = (40, 12)
    """Half of a screen beside an editor."""

    def __init__(self, shown: PreviewState, restart: Callable[[], PreviewState]) -> None:
        super().__init__(shown.session)
        self.shown = shown
        self._restart = restart

    async def start(self) -> None:
        await super().start()
        if self.shown.broken:
            await self._open_broken()
        self.said = self.shown.remark

    # Following the file

    async def follow(self, shown: PreviewState) -> None:
        """Show what the file is now; what is typed and open stays where the same thing is still asked."""
        self.forget_messages()
        self.shown = shown
        while any(panel.what == BROKEN for panel in self.panels):
            await self.close_panel()
        if shown.broken:
            await self._open_broken()
            return
        opened, before = self._describe_panel(), self.question.prompt
        self.question.session = shown.session
        prompt = self.question.session.prompt()
        same = _is_same(before, prompt)
        if prompt is not None and same:
            await self._ask_again(prompt)
        else:
            self.question.keep_unsent()
            await self.question.arrive()
        self.question.notes = self.question.session.list_notes()
        if self.question.last is not None:
            place = self.question.last[0]
            self.question.last = place, self.question.session.describe_answer(place)
        if opened is not None and (same or opened.what in OPENERS):
            await self._reopen(opened)
        self.said = shown.remark
        self.unexpected = not same

    def show_findings(self, shown: PreviewState) -> None:
        """Show what the proof has found; nothing else changes."""
        self.shown = shown
        for lines in self.query(ProblemLines):
            lines.show(shown)
        self.show()

    async def _ask_again(self, prompt: Prompt) -> None:
        """Ask the same again, in the words it has now."""
        await self.close_panels()
        self.question.prompt = prompt
        self.question.pick = _keep_pick(self.question.pick, prompt)
        self.question.denied = self.question.denied and prompt.query is not None
        self.question.compared = ()
        top = self.view.scroll_y
        await self.view.prepare(prompt)
        self.view.scroll_to(y=top, animate=False)

    def _describe_panel(self) -> OpenPanel | None:
        panel = self.panel
        if panel is None:
            return None
        position = 0.0
        for scroll in panel.query(VerticalScroll):
            position = scroll.scroll_y
        for options in panel.query(OptionList):
            position = options.highlighted or 0
        typed = "".join(get_text(field) for field in panel.query(Input))
        return OpenPanel(
            panel.what, typed, position, panel.option if isinstance(panel, LinePanel) else None
        )

    async def _reopen(self, opened: OpenPanel) -> None:
        """Open a panel again, with what it says now and what was typed in it."""
        entry = self.question.prompt.entry if self.question.prompt is not None else None
        openers = {
            **self._list_openers(),
            "palette": self._open_palette,
            "command": self._open_command,
        }
        if opened.option is not None and isinstance(entry, PickEntry):
            option = entry.find_option(str(opened.option.code))
            if option is not None and option.specify:
                await self._ask_specify(option, entry, opened.typed)
        elif opened.what in REOPENED:
            await openers[opened.what]()
            if self.panel is None:
                return
            for field in self.panel.query(Input):
                set_text(field, "")
                await self.panel.paste(opened.typed)
            for scroll in self.panel.query(VerticalScroll):
                scroll.scroll_to(y=opened.position, animate=False)
            for options in self.panel.query(OptionList):
                options.highlighted = int(opened.position)

    async def _start_over(self) -> None:
        self.shown = self._restart()
        self.question.begin(self.shown.session)
        await self.question.arrive()
        self.said = self.shown.remark

    # Keys

    async def press(self, key: str, at: float) -> None:
        if self.shown.broken:
            self.forget_messages()
            panel = self.panel
            assert panel is not None
            if key != "ctrl+c":
                await panel.press(key)
            elif panel.what == key:
                await panel.press("y")
            else:
                await self._ask_suspend()
        elif key in OPENERS:
            self.forget_messages()
            self.question.follows_code = False
            await self._open(key)
        else:
            await super().press(key, at)

    async def _press_at_end(self, key: str) -> None:
        """Go on from the end of the interview, which is not that of the preview."""
        if self.question.review is not None:
            await super()._press_at_end(key)
        elif key in ("f1", "f3", "ctrl+p"):
            await self._open(key)
        elif self.panel is not None:
            await self.panel.press(key)
        elif key in ("left", "alt+left", "shift+tab", "backspace"):
            await self.question.go_back()
        elif key in ENTER:
            await self._open("ctrl+n")
        else:
            self.refuse("← goes back, F3 to any item, Enter starts over, Ctrl+C leaves")

    # What keys open

    def _list_openers(self) -> Mapping[str, Act]:
        own = {
            "ctrl+l": self._open_problems,
            "ctrl+t": self._open_data,
            "ctrl+n": self._ask_restart,
        }
        return {**super()._list_openers(), **own}

    async def _open_problems(self) -> None:
        await self.open_panel(TextPanel("ctrl+l", ProblemLines(id="problems", state=self.shown)))

    async def _open_broken(self) -> None:
        """Show the problems in place of the question, until the file is correct."""
        await self.open_panel(BrokenPanel(BROKEN, ProblemLines(id="problems", state=self.shown)))

    async def _open_data(self) -> None:
        """List the variables with their values; Enter goes to the item of one."""
        values = self.shown.session.list_values()

        rows = [_build_row(value, partial(self.question.jump, value.place)) for value in values]
        marked = next(
            (n for n, value in enumerate(values) if value.place == self.question.place), 0
        )
        await self.open_panel(
            ListPanel("ctrl+t", _count_states(values), rows, marked=marked, takes="go to the item")
        )

    async def _ask_restart(self) -> None:
        question = "Start over? All answers of this preview are discarded."
        await self.open_panel(
            build_question(question, "start over", self._start_over, no="continue", what="ctrl+n")
        )

    async def _ask_suspend(self) -> None:
        question = "Leave the preview? None of its answers are stored."
        await self.open_panel(
            build_question(question, "leave", self.leave, no="continue", what="ctrl+c")
        )

    # What is shown

    def show(self) -> None:
        session = self.shown.session
        if session.remark:
            self.said, session.remark = session.remark, ""
        covered = self.panel is not None and self.panel.what in PAGES
        self.set_class(covered, "-page")
        self.aside = (
            style_text(f"! {self.why}", "bold $error")
            if covered and self.why
            else self._build_keys()
        )
        super().show()

    def _build_keys(self) -> Content:
        """Build the line of the preview's own keys."""
        keys = [
            KeyHint("^T", "data"),
            KeyHint("^L", "problems"),
            KeyHint("^C", "leave"),
            KeyHint("^N", "start over"),
        ]
        return format_keys(
            [hint for hint in keys if hint.label == "leave" or not self.shown.broken]
        )

    def _build_header(self, prompt: Prompt | None) -> HeaderState:
        prompt = None if self.shown.broken else prompt
        state = super()._build_header(prompt)
        counts = count_problems(self.shown.problems)
        place = str(prompt.place) if prompt is not None else ""
        where = state.position if self.app.size.width >= MIN_WIDTH else place
        position = "   ".join(part for part in (counts, where) if part)
        state = state._replace(
            title=PurePath(self.shown.file).name, mark="PREVIEW", position=position
        )
        return state._replace(progress=0.0) if self.shown.broken else state

    def _show_end(self) -> None:
        lines = build_preview_result_lines(self.question.session.result())
        self.view.show_page(draw_ending(lines))
        self.view.show_message(build_refusal(self.why, self.said))
        keys = [KeyHint("←", "back"), KeyHint("F3", "any item", 1), KeyHint("Enter", "start over")]
        self.show_keys([*keys, KeyHint("F1", "keys", 2), KeyHint("^P", "actions", 3, "ctrl+p")])


class BrokenPanel(TextPanel):
    """The problems of a file of which nothing can be asked: closed when the file is correct."""

    hints = (
        KeyHint("save", "the corrected file", 0, "none"),
        KeyHint("↑ ↓ PgUp PgDn", "scroll", 1, "pagedown"),
    )

    async def press(self, key: str) -> None:
        if key in SCROLLS:
            await super().press(key)
        else:
            self.refuse("correct the file and save it: the question returns")


def _is_same(before: Prompt | None, now: Prompt | None) -> bool:
    """Return whether the same is asked, in the same way."""
    if before is None or now is None:
        return False
    return before.place == now.place and type(before.entry) is type(now.entry)


def _keep_pick(state: PickState, prompt: Prompt) -> PickState:
    """Return what is keyed and not yet sent, as far as it can still be keyed."""
    entry = prompt.entry
    if not isinstance(entry, PickEntry):
        return PickState()
    codes = {option.code for option in entry.options}
    return state._replace(
        typed=state.typed if entry.is_code_prefix(state.typed) else "",
        chosen=None
        if state.chosen is None
        else tuple(code for code in state.chosen if code in codes),
        specify_texts=tuple(text for text in state.specify_texts if text[0] in codes),
        marked=None if state.marked is None else min(state.marked, len(entry.options) - 1),
    )


def _build_row(value: PreviewValue, act: Act) -> Row:
    label = f"{value.label} (invented)" if value.is_invented else value.label
    return Row(
        (value.name, value.value, label.strip()),
        act,
        style="" if value.state == "answered" else "$quiet",
    )


def _count_states(values: Sequence[PreviewValue]) -> str:
    """Return `7 variables: 3 answered · 4 not reached`."""
    count = Counter(value.state for value in values)
    labels = {value.state: value.label for value in values if value.state != "answered"}
    states = [*STATES, *(state for state in count if state not in STATES)]
    parts = [f"{count[s]} {labels.get(s, s.replace('_', ' ')).lower()}" for s in states if count[s]]
    return f"{format_quantity(len(values), 'variable')}: {SEPARATOR.join(parts)}"


RELOAD_SECONDS: Final = 0.2
"""How often the file is looked at."""


class PreviewApp(KeyApp):
    """One file's interview on a full screen."""

    def __init__(self, preview: Preview, theme: str = "dark") -> None:
        shown = preview.open()
        super().__init__(lambda: PreviewScreen(shown, preview.restart), theme)
        self._reload = preview.reload
        self._take_findings = preview.take_findings

    def start(self) -> None:
        self.every(RELOAD_SECONDS, self.follow)

    async def follow(self) -> None:
        """Show what was saved since the file was last looked at."""
        screen = self.top
        assert isinstance(screen, PreviewScreen)
        if not screen.is_ready:
            return
        try:
            shown = self._reload()
        except Exception as error:
            self._report_failure(screen, "reading", error)
            return
        if shown is not None:
            state = shown
            await self._handle(lambda: screen.follow(state), monotonic())
            return
        try:
            proved = self._take_findings()
        except Exception as error:
            self._report_failure(screen, "proving", error)
            return
        if proved is not None:
            screen.show_findings(proved)

    def _report_failure(self, screen: PreviewScreen, what: str, error: Exception) -> None:
        """Say on the screen that something failed; the preview goes on."""
        self.log.error(error)
        screen.said = (
            f"{what} the file failed ({type(error).__name__}), a bug in survey: save again"
        )
        screen.show()
