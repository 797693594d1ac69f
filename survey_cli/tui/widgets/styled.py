"""Styled text and the widgets that show it.

Texts are literal (never markup), Textual wraps them, and only what changed is painted again.
"""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Final, Generic, NamedTuple, TypeVar

from textual.app import RenderResult
from textual.content import Content
from textual.geometry import Offset, Region, Size
from textual.strip import Strip
from textual.style import Style
from textual.visual import Visual
from textual.widget import Widget
from textual.widgets import Static

from survey_cli.entries import StyledText
from survey_cli.text_width import fit, measure_width
from survey_cli.tui.widgets.clicks import Clicked
from survey_cli.wording import shorten

SEPARATOR: Final = " · "
ASIDE: Final = "▷ "
"""Before what is not read aloud."""
HERE: Final = "▸"
HERE_FROM_RIGHT: Final = "◂"
CHOSEN: Final = "●"
KEY_CAP: Final = "$key"
"""How a key looks that records something."""
MAX_TITLE: Final = 32
"""Characters of a title in the header, if something else is there too."""
MARGIN: Final = 3
"""Cells left empty at both sides of the screen."""

_BIDI: Final = dict.fromkeys(
    [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, 0xFEFF]
)
"""Characters that change the direction of letters, and the byte order mark: all are removed."""
_NOT_PRINTABLE: Final = ("Cc", "Cs", "Zl", "Zp")
"""Unicode's categories of control characters, surrogates, and ends of lines and paragraphs.

Terminals don't agree on the width of the last two. One that gives them a cell would move the rest
of the row, and at last into the next row.
"""
_MARKDOWN_SIGNS: Final = r"\`*_{}[]()#+-!|<>~"


@lru_cache(maxsize=4096)
def clean(text: str) -> str:
    """Return the text without what would move the terminal's cursor or turn the line around."""
    letters = []
    for letter in text.replace("\r\n", "\n").expandtabs(4).translate(_BIDI):
        if letter != "\n" and unicodedata.category(letter) in _NOT_PRINTABLE:
            letter = "?"
        letters.append(letter)
    return "".join(letters)


def escape_markdown(text: str) -> str:
    """Return the text as Markdown that shows it literally."""
    letters = []
    for letter in clean(text):
        if letter in _MARKDOWN_SIGNS:
            letters.append("\\")
        letters.append(letter)
    return "".join(letters)


def style_text(text: str, style: str = "") -> Content:
    """Return literal text in one style."""
    if not style:
        return Content(clean(text))
    return Content.styled(clean(text), style)


def style_spans(text: StyledText, style: str = "") -> Content:
    """Return the text with what is stressed in bold and underlined."""
    parts = []
    for span in text:
        span_style = style
        if span.stress:
            span_style = f"{style} bold underline"
        if span.text:
            parts.append((clean(span.text), span_style))
    return Content.assemble(*parts)


def join_lines(lines: Iterable[Content]) -> Content:
    """Return the lines under each other, without those that are empty."""
    return Content("\n").join([line for line in lines if line])


def build_section(title: str, lines: Sequence[Content]) -> Content:
    """Return lines under a title; nothing without lines."""
    if not lines:
        return Content()
    return join_lines([style_text(title, "bold $quiet"), *lines])


def isolate(line: Content) -> Content:
    """Mark a line as one from right to left, for terminals that order letters by direction."""
    return Content("\u2067") + line + Content("\u2069")


def hang(
    first: Content, text: Content, width: int, *, right_to_left: bool = False
) -> list[Content]:
    """Wrap the text to `width` cells behind `first`; further lines are indented by its width.

    From right to left, `first` is at the right edge, and the lines end before it.
    """
    indent = first.cell_length
    lines = text.wrap(max(width - indent, 4)) or [Content()]

    hung = []
    margin = first
    for line in lines:
        if right_to_left:
            gap = Content(" " * max(width - indent - line.cell_length, 0))
            hung.append(gap + isolate(line) + margin)
        else:
            hung.append(margin + line)
        margin = Content(" " * indent)
    return hung


def build_table(rows: Iterable[tuple[str, str | Content]], width: int, style: str) -> list[Content]:
    """Return lines of a label in this style and a text; the texts are one column."""
    rows = [(clean(label), text) for label, text in rows]
    widest = max((measure_width(label) for label, _ in rows), default=0)
    column = min(widest, width // 2)

    lines: list[Content] = []
    for label, text in rows:
        first = Content.assemble((fit(label, column), style), "  ")
        if isinstance(text, str):
            text = style_text(text)
        lines += hang(first, text, width)
    return lines


def spread(left: Content, right: Content, width: int) -> Content:
    """Return one line with a text at both edges; the left one is cropped if there isn't room."""
    if not right or right.cell_length >= width:
        return left.truncate(width, ellipsis=True)
    room = width - right.cell_length - 1
    left = left.truncate(room, ellipsis=True)
    gap = room + 1 - left.cell_length
    return left.pad_right(max(gap, 1)) + right


def format_duration(time: timedelta) -> str:
    """Format a running time: `00:42`, `12:05`, `1:02:05`."""
    all_seconds = max(int(time.total_seconds()), 0)
    all_minutes, seconds = divmod(all_seconds, 60)
    hours, minutes = divmod(all_minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{seconds:02}"
    return f"{minutes:02}:{seconds:02}"


def join_sections(sections: Iterable[Content]) -> Content:
    """Return the sections with an empty line between them, without those that are empty."""
    return Content("\n\n").join([section for section in sections if section])


def build_details(details: Iterable[tuple[str, str]]) -> list[Content]:
    """Return a line for each label that has a text."""
    return [
        Content.assemble((f"{clean(label)}: ", "$quiet"), clean(text))
        for label, text in details
        if text
    ]


class TextView(Static):
    """Text that is laid out again only if its height changes, and hidden if it is empty."""

    def __init__(self, *, id: str, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes, markup=False)
        self._shown: Content | None = None
        self._right_to_left = False
        self.display = False

    def render(self) -> RenderResult:
        width = self.content_size.width
        if not (self._right_to_left and self._shown and width):
            return super().render()
        # Each wrapped line needs its own mark, so the text is wrapped here and not by Textual.
        return Content("\n").join([isolate(line) for line in self._shown.wrap(width)])

    def show(self, content: Content, *, right_to_left: bool = False) -> None:
        """Show this text, at the right edge if it is written from right to left."""
        is_same = self._shown is not None and self._shown.is_same(content)
        if is_same and right_to_left == self._right_to_left:
            return

        self._shown = content
        self._right_to_left = right_to_left
        self.set_class(right_to_left, "-right-to-left")
        visible = bool(content)
        if visible != self.display:
            self.display = visible
        if not visible:
            return

        width, height = self.content_size
        same_height = width > 0 and len(content.wrap(width)) == height
        if not same_height:
            _count_layout(self)
        self.update(content, layout=not same_height)


def _count_layout(widget: Widget) -> None:
    """Make Textual measure a widget again, even after a layout between two changes.

    Textual keeps a widget's size under its number of layouts, which `refresh` raises only once
    until the widget is idle. If a layout came in between, the second change would get the size that
    was measured after the first.
    """
    widget._layout_updates += 1


class MessageView(TextView):
    """A message under what it is about, or docked at the bottom if that fills the screen."""

    def show(self, content: Content, *, right_to_left: bool = False) -> None:
        super().show(content, right_to_left=right_to_left)
        if content or self.has_class("-docked"):
            self.call_after_refresh(self._keep_visible)

    def _keep_visible(self) -> None:
        assert isinstance(self.parent, Widget)
        height = self.outer_size.height
        room = self.parent.size.height
        end = max(sibling.virtual_region.bottom for sibling in self.siblings)
        # a docked message of more than half the screen would cover what it is about
        self.set_class(height <= room // 2 and end + height > room, "-docked")


class HeaderState(NamedTuple):
    """What the header says."""

    title: str
    section: str
    position: str
    """The item or how far the interview is, and the timer."""
    progress: float = 0.0
    """The part that is done, from 0 to 1."""
    last: str = ""
    """What was keyed last."""
    mark: str = ""
    """What must not be overlooked, such as that the interview isn't a real one: `PRACTICE`."""


State = TypeVar("State")


class _BuiltLines(NamedTuple):
    """Lines, and the width for which they were built."""

    width: int
    lines: list[Content]


class Lines(Widget, Generic[State]):
    """Lines built from a state and the width; only those that changed are painted again.

    Without a state, or with an empty one, the widget is hidden. Give it the function that builds
    the lines, or define `build_lines`:

        class Clock(Lines[timedelta]):
            def build_lines(self, state: timedelta, width: int) -> list[Content]:
                return [style_text(format_duration(state)).truncate(width)]
    """

    ALLOW_SELECT = False

    def __init__(
        self,
        *,
        id: str,
        state: State | None = None,
        build: Callable[[State, int], list[Content]] | None = None,
    ) -> None:
        super().__init__(id=id)
        self._build = build
        self.state = state
        """What is shown."""
        if not state:
            self.display = False
        self._built: _BuiltLines | None = None
        self._strips: dict[int, Strip] = {}
        """The lines as they are painted, by their number."""
        self._strips_style: Style | None = None
        """The style in which they are painted."""

    def build_lines(self, state: State, width: int) -> list[Content]:
        """Build the lines for this width."""
        assert self._build is not None
        return self._build(state, width)

    def show(self, state: State | None) -> None:
        """Show this state."""
        if state == self.state:
            return
        before = self.state
        self.state = state
        if bool(state) != bool(before):
            self.display = bool(state)
        if state:
            self._rebuild()

    def count_lines(self, width: int) -> int:
        """Count the lines at this width."""
        return len(self._lines(width))

    def _rebuild(self) -> None:
        before = self._built
        self._built = None
        if before is None:
            self._lay_out()
            return

        lines = self._lines(before.width)
        if len(lines) != len(before.lines):
            self._lay_out()
            return

        corner = self.gutter.top_left
        changed = []
        for number, (old, new) in enumerate(zip(before.lines, lines, strict=True)):
            if not new.is_same(old):
                changed.append(Region(0, number, before.width, 1).translate(corner))
        if changed:
            self.refresh(*changed)

    def _lay_out(self) -> None:
        _count_layout(self)
        self.refresh(layout=True)

    def _lines(self, width: int) -> list[Content]:
        if self._built is None or self._built.width != width:
            lines = []
            if self.state is not None:
                lines = self.build_lines(self.state, width)
            self._built = _BuiltLines(width, lines)
            self._strips.clear()
        return self._built.lines

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self.count_lines(width)

    def render_line(self, y: int) -> Strip:
        width = self.content_size.width
        lines = self._lines(width)
        style = self.visual_style
        if style != self._strips_style:
            self._strips_style = style
            self._strips.clear()
        if y not in self._strips:
            line = lines[y] if y < len(lines) else Content()
            self._strips[y] = Visual.to_strips(self, line, width, 1, style, pad=True)[0]
        return self._strips[y]


class SidePage(Lines[Content]):
    """The page beside a question or a case, at least as high as its panel.

    Another text of another length then moves nothing, and only the lines that changed are painted.
    """

    def __init__(self) -> None:
        super().__init__(id="case")

    def show(self, state: Content | None) -> None:
        is_same = state is not None and self.state is not None and state.is_same(self.state)
        if not is_same:
            super().show(state)

    def build_lines(self, state: Content, width: int) -> list[Content]:
        lines = list(state.wrap(max(width, 4)))
        assert isinstance(self.parent, Widget)
        missing = self.parent.size.height - len(lines)
        return [*lines, *[Content()] * missing]


class Header(Lines[HeaderState]):
    """The title, a line of progress, and what was keyed last.

    They are one widget, so that a key costs one update.
    """

    def __init__(self) -> None:
        super().__init__(id="header", state=HeaderState("", "", ""))

    def build_lines(self, state: HeaderState, width: int) -> list[Content]:
        margin = " " * MARGIN
        room = width - 2 * MARGIN

        position = clean(state.position)
        position_width = measure_width(position)
        title_room = max(room - position_width - 2, 0)
        title = _build_title(state.title, state.section, state.mark, title_room)
        gap = " " * (room - title.cell_length - position_width)

        part_done = min(max(state.progress, 0.0), 1.0)
        done = round(part_done * room)
        bar_done = ("━" * done, "$accent")
        bar_left = ("─" * (room - done), "$quiet")

        last = style_text(state.last.replace("\n", " "), "$quiet")
        last = last.truncate(room - MARGIN, ellipsis=True)
        return [
            Content.assemble(margin, title, gap, position, margin).stylize_before("$bar"),
            Content.assemble(margin, bar_done, bar_left),
            Content.assemble(margin, margin, last),
        ]


@lru_cache(maxsize=64)
def _build_title(title: str, section: str, kind: str, room: int) -> Content:
    """Build the title and the section, which says more: the title gives way to it."""
    mark = Content()
    if kind:
        mark = Content.styled(f" {kind} ", "bold reverse") + " "
    room -= mark.cell_length

    after = style_text(section)
    if title and section:
        after = Content.styled("  ›  ", "$quiet") + after
        title = shorten(title, MAX_TITLE)
    first = style_text(title).truncate(max(room - after.cell_length, 12), ellipsis=True)
    return mark + (first + after).truncate(max(room, 0), ellipsis=True)


class KeyHint(NamedTuple):
    """One key as the key bar names it."""

    key: str
    """As it is printed: `F2`, `Esc`, `d`."""
    label: str
    rank: int = 0
    """How soon it is left out on a narrow screen: 0 never, 9 first."""
    press: str = ""
    """The key that a click presses, if it isn't the printed one in lower case."""
    line: int = 0
    """The line of the key bar on which it is, if the bar has more than one."""


KeyHints = Sequence[KeyHint]
HINT_GAP: Final = 2
"""Cells between two keys of the key bar."""
_PRESSED: Final = {
    "Esc": "escape",
    "←": "left",
    "Shift+Tab": "shift+tab",
    "Bksp": "backspace",
    "PgDn": "pagedown",
    "PgUp": "pageup",
}


class KeyBar(Static):
    """The keys that act now, on as many lines as the stylesheet gives it; a click presses one."""

    def __init__(self) -> None:
        super().__init__(id="keybar", markup=False)
        self._hints: tuple[KeyHint, ...] = ()
        self._lines: list[list[KeyHint]] = []
        """The hints that are shown, by line."""

    def show(self, hints: KeyHints) -> None:
        """Show these keys."""
        if self._hints != tuple(hints):
            self._hints = tuple(hints)
            self.refresh()

    def render(self) -> RenderResult:
        width, height = self.content_size
        lines = [list(self._hints)]
        if height > 1:
            lines = [
                [hint for hint in self._hints if hint.line == number] for number in range(height)
            ]
        self._lines = [_leave_out(line, width) for line in lines]
        return Content("\n").join([format_keys(line) for line in self._lines])

    def find_clicked(self, at: Offset) -> Clicked:
        """Find the key whose hint was clicked."""
        if not 0 <= at.y < len(self._lines):
            return None

        start = 0
        for hint in self._lines[at.y]:
            end = start + _measure_hint(hint)
            if start <= at.x < end - HINT_GAP:
                return hint.press or _PRESSED.get(hint.key, hint.key.lower())
            start = end
        return None


def _leave_out(hints: list[KeyHint], width: int) -> list[KeyHint]:
    """Return the hints that fit into the width; of equal ranks, the last is left out first."""
    fitting = list(hints)
    while fitting and sum(map(_measure_hint, fitting)) - HINT_GAP > width:
        left_out = max(reversed(fitting), key=lambda hint: hint.rank)
        fitting.remove(left_out)
    return fitting


def format_keys(hints: KeyHints) -> Content:
    """Return the keys on one line, each with its label."""
    parts = []
    for hint in hints:
        label = " " * HINT_GAP
        if hint.label:
            label = f" {clean(hint.label)}{label}"
        parts.append((hint.key, "bold $quiet"))
        parts.append((label, "$quiet"))
    return Content.assemble(*parts)


def _measure_hint(hint: KeyHint) -> int:
    """Count the cells of a hint and of the gap after it."""
    width = measure_width(hint.key) + HINT_GAP
    if hint.label:
        width += 1 + measure_width(clean(hint.label))
    return width
