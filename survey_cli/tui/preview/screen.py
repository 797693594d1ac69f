"""Screen of a preview: the interviewer's screen, and beside it the file's problems and the data.

It reads no file itself.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
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
"""The mark before a problem, and the style of its severity."""
SEVERITIES: Final[Mapping[Severity, str]] = {"error": "error", "warning": "warning", "info": "note"}
"""The severities in the order in which they are counted, and what they are called."""


def count_problems(problems: Sequence[Problem]) -> str:
    """Return `3 errors · 1 warning`; empty if there are none."""
    counts = Counter(problem.severity for problem in problems)
    parts = []
    for severity, word in SEVERITIES.items():
        if counts[severity]:
            parts.append(format_quantity(counts[severity], word))
    return SEPARATOR.join(parts)


class ProblemLines(Lines[PreviewState]):
    """The problems of a file, errors first."""

    def build_lines(self, state: PreviewState, width: int) -> list[Content]:
        if not state.problems:
            return [style_text("The file has no problems.", "$quiet")]

        lines: list[Content] = []
        order = list(SEVERITIES)
        for problem in sorted(state.problems, key=lambda problem: order.index(problem.severity)):
            if lines:
                lines.append(Content())
            lines += _format_problem(problem, width)
            lines += _format_source(problem, state.read_line(problem.where), width)
        return lines


def _format_problem(problem: Problem, width: int) -> list[Content]:
    mark, style = MARKS[problem.severity]
    parts = [
        (clean(str(problem.where)), "bold"),
        (": ", ""),
        (problem.severity, style),
        (": ", ""),
    ]
    if problem.who:
        parts.append((f"{clean(problem.who)}: ", ""))
    parts.append((clean(problem.what), ""))
    if problem.remedy:
        parts.append((f" — {clean(problem.remedy)}", "$code"))
    return hang(style_text(mark, style), Content.assemble(*parts), width)


def _format_source(problem: Problem, line: str, width: int) -> list[Content]:
    """Return the line of source, cut to the width around the problem, and carets under it."""
    column = problem.where.column
    if not line.strip() or not column:
        return []

    gutter = f"    {problem.where.line} │ "
    gutter_below = "│ ".rjust(len(gutter))
    room = max(width - len(gutter), 10)
    cut = cut_snippet(line, clean, column=column, length=problem.length, width=room)
    _, style = MARKS[problem.severity]
    return [
        Content.assemble((gutter, "$quiet"), cut.line),
        Content.assemble((gutter_below, "$quiet"), (cut.carets, style)),
    ]


def _list_keys() -> Iterator[InterviewKey]:
    """Yield the interviewer's keys with those that a preview adds or changes."""
    yield InterviewKey("Ctrl+L", "the file's problems and warnings", "ctrl+l")
    yield InterviewKey("Ctrl+T", "the data as an analyst receives them", "ctrl+t")
    yield InterviewKey("Ctrl+N", "start over without answers", "ctrl+n")
    yield InterviewKey("Ctrl+C", "leave the preview", "ctrl+c")
    any_item = "any item, asked or not; unanswered questions before it get invented answers"
    yield InterviewKey("F3", any_item, "f3")
    for key in KEYS:
        if key.press == "f8":
            yield key._replace(label="F8")
        elif key.press != "f3":
            yield key


PREVIEW_KEYS: Final = tuple(_list_keys())
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
    """An open panel, as it can be opened again after the file was saved."""

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
    help_intro = (
        "The file is read again each time it is saved,"
        " and the interview continues at the same item.\n\n"
    )
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
        """Show the file as it is now.

        What is typed and open stays if the same item is still asked in the same way.
        """
        self.forget_messages()
        self.shown = shown
        while any(panel.what == BROKEN for panel in self.panels):
            await self.close_panel()
        if shown.broken:
            await self._open_broken()
            return

        # before the question changes, which closes the panels
        opened = self._describe_panel()
        prompt = shown.session.prompt()
        same = _is_same(self.question.prompt, prompt)
        self.question.session = shown.session
        if prompt is not None and same:
            await self._ask_again(prompt)
        else:
            self.question.keep_unsent()
            await self.question.arrive()

        self.question.notes = shown.session.list_notes()
        if self.question.last is not None:
            place, _ = self.question.last
            self.question.last = (place, shown.session.describe_answer(place))
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
        option = None
        if isinstance(panel, LinePanel):
            option = panel.option
        return OpenPanel(panel.what, typed, position, option)

    async def _reopen(self, opened: OpenPanel) -> None:
        """Open a panel again, with what it says now and what was typed in it."""
        entry = None
        if self.question.prompt is not None:
            entry = self.question.prompt.entry
        if opened.option is not None and isinstance(entry, PickEntry):
            option = entry.find_option(str(opened.option.code))
            if option is not None and option.specify:
                await self._ask_specify(option, entry, opened.typed)
            return
        if opened.what not in REOPENED:
            return

        openers = {
            **self._list_openers(),
            "palette": self._open_palette,
            "command": self._open_command,
        }
        await openers[opened.what]()
        panel = self.panel
        if panel is None:
            # the key was refused: what it would show no longer exists
            return
        for field in panel.query(Input):
            set_text(field, "")
            # `paste` filters a list as typing did
            await panel.paste(opened.typed)
        for scroll in panel.query(VerticalScroll):
            scroll.scroll_to(y=opened.position, animate=False)
        for options in panel.query(OptionList):
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

        marked = 0
        for number, value in enumerate(values):
            if value.place == self.question.place:
                # a question can have several variables: the first one is marked
                marked = number
                break
        label = _count_states(values)
        await self.open_panel(
            ListPanel("ctrl+t", label, rows, marked=marked, takes="go to the item")
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
            self.said = session.remark
            session.remark = ""
        covered = self.panel is not None and self.panel.what in PAGES
        self.set_class(covered, "-page")
        self.aside = self._build_keys()
        if covered and self.why:
            # the question, which has its message under it, can't be seen
            self.aside = style_text(f"! {self.why}", "bold $error")
        super().show()

    def _build_keys(self) -> Content:
        """Build the line of the preview's own keys."""
        leave = KeyHint("^C", "leave")
        if self.shown.broken:
            return format_keys([leave])
        data = KeyHint("^T", "data")
        problems = KeyHint("^L", "problems")
        start_over = KeyHint("^N", "start over")
        return format_keys([data, problems, leave, start_over])

    def _build_header(self, prompt: Prompt | None) -> HeaderState:
        if self.shown.broken:
            prompt = None
        state = super()._build_header(prompt)
        if self.shown.broken:
            state = state._replace(progress=0.0)

        # on a narrow screen, the place is all that there is room for
        position = state.position
        if self.app.size.width < MIN_WIDTH:
            position = ""
            if prompt is not None:
                position = prompt.shown_place
        counts = count_problems(self.shown.problems)
        return state._replace(
            title=PurePath(self.shown.file).name,
            mark="PREVIEW",
            position="   ".join([part for part in (counts, position) if part]),
        )

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
    """Return what is keyed and not yet sent, without what can no longer be keyed."""
    entry = prompt.entry
    if not isinstance(entry, PickEntry):
        return PickState()

    codes = {option.code for option in entry.options}
    typed = ""
    if entry.is_code_prefix(state.typed):
        typed = state.typed
    chosen = None
    if state.chosen is not None:
        chosen = tuple(code for code in state.chosen if code in codes)
    specify_texts = tuple((code, text) for code, text in state.specify_texts if code in codes)
    marked = None
    if state.marked is not None:
        marked = min(state.marked, len(entry.options) - 1)
    return state._replace(typed=typed, chosen=chosen, specify_texts=specify_texts, marked=marked)


def _build_row(value: PreviewValue, act: Act) -> Row:
    label = value.label
    if value.is_invented:
        label += " (invented)"
    style = "$quiet"
    if value.state == "answered":
        style = ""
    return Row((value.name, value.value, label.strip()), act, style=style)


def _count_states(values: Sequence[PreviewValue]) -> str:
    """Return `7 variables: 3 answered · 4 not reached`."""
    counts = Counter(value.state for value in values)
    labels = {value.state: value.label for value in values if value.state != "answered"}
    parts = []
    for state in (*STATES, *(state for state in counts if state not in STATES)):
        if counts[state]:
            label = labels.get(state, state.replace("_", " "))
            parts.append(f"{counts[state]} {label.lower()}")
    return f"{format_quantity(len(values), 'variable')}: {SEPARATOR.join(parts)}"


RELOAD_SECONDS: Final = 0.2
"""Seconds between two looks at the file."""


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
            await self._handle(partial(screen.follow, shown), monotonic())
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
        kind = type(error).__name__
        screen.said = f"{what} the file failed ({kind}), a bug in survey: save again"
        screen.show()
