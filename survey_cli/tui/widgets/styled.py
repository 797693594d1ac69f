"""Styled text and the widgets that show it: literal, wrapped by Textual, painted again only where it changed."""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Final, Generic, NamedTuple, TypeVar

from textual import events
from textual.app import RenderResult
from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.style import Style
from textual.visual import Visual
from textual.widget import Widget
from textual.widgets import Static

from survey_cli.entries import StyledText
from survey_cli.text_width import fit, measure_width
from survey_cli.tui.widgets.terminal import strike_key
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

_BIDI = dict.fromkeys(
    [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, 0xFEFF]
)


@lru_cache(maxsize=4096)
def clean(text: str) -> str:
    """Return the text without anything that would move the terminal's cursor or turn the line around."""
    text = text.replace("\r\n", "\n").expandtabs(4).translate(_BIDI)
    return "".join(
        c if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs") else "?" for c in text
    )


def escape_markdown(text: str) -> str:
    """Return the text as Markdown that shows it literally."""
    return "".join(
        f"\\{letter}" if letter in r"\`*_{}[]()#+-!|<>~" else letter for letter in clean(text)
    )


def style_text(text: str, style: str = "") -> Content:
    """Return literal text in one style."""
    return Content.styled(clean(text), style) if style else Content(clean(text))


def style_spans(text: StyledText, style: str = "") -> Content:
    """Return the text with what is stressed in bold and underlined."""
    return Content.assemble(
        *(
            (clean(span.text), f"{style} bold underline" if span.stress else style)
            for span in text
            if span.text
        )
    )


def join_lines(lines: Iterable[Content]) -> Content:
    """Return the lines under each other, those that are empty left out."""
    return Content("\n").join([line for line in lines if line])


def build_section(title: str, lines: Sequence[Content]) -> Content:
    """Return lines under a title; nothing where there are none."""
    return join_lines([style_text(title, "bold $quiet"), *lines]) if lines else Content()


def isolate(line: Content) -> Content:
    """Mark a line as one from right to left, for terminals that order letters by their direction."""
    return Content("\u2067") + line + Content("\u2069")


def hang(
    first: Content, text: Content, width: int, *, right_to_left: bool = False
) -> list[Content]:
    """Return the text wrapped to `width` cells behind `first`, its further lines indented as far as `first` goes.

    From right to left, `first` stands at the right edge, and the lines end before it.
    """
    indent = first.cell_length
    lines = text.wrap(max(width - indent, 4))
    if right_to_left:
        ends = [first, *[Content(" " * indent)] * (len(lines) - 1)]
        return [
            Content(" " * max(width - indent - line.cell_length, 0)) + isolate(line) + end
            for line, end in zip(lines or [Content()], ends, strict=True)
        ]
    return [
        first + line if n == 0 else Content(" " * indent) + line for n, line in enumerate(lines)
    ] or [first]


def build_table(rows: Iterable[tuple[str, str | Content]], width: int, style: str) -> list[Content]:
    """Return lines of a label in this style and a text, the texts under each other."""
    rows = [(clean(label), text) for label, text in rows]
    column = min(max((measure_width(label) for label, _ in rows), default=0), width // 2)
    lines: list[Content] = []
    for label, text in rows:
        first = Content.assemble((fit(label, column), style), "  ")
        lines += hang(first, text if isinstance(text, Content) else Content(clean(text)), width)
    return lines


def spread(left: Content, right: Content, width: int) -> Content:
    """Return one line with both ends set apart; the left end is cropped where there is no room for both."""
    if not right or right.cell_length >= width:
        return left.truncate(width, ellipsis=True)
    room = width - right.cell_length - 1
    left = left.truncate(room, ellipsis=True)
    return left.pad_right(max(room + 1 - left.cell_length, 1)) + right


def format_duration(time: timedelta) -> str:
    """Format a running time: `00:42`, `12:05`, `1:02:05`."""
    seconds = max(int(time.total_seconds()), 0)
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes:02}:{seconds % 60:02}"


def join_sections(sections: Iterable[Content]) -> Content:
    """Return the sections with an empty line between them, those that are empty left out."""
    return Content("\n\n").join([section for section in sections if section])


def build_details(details: Iterable[tuple[str, str]]) -> list[Content]:
    """Return a line for each label that has a text."""
    return [
        Content.assemble((f"{clean(label)}: ", "$quiet"), clean(text))
        for label, text in details
        if text
    ]


class TextView(Static):
    """Text that is laid out again only where its height changes, and hidden where it is empty."""

    def __init__(self, *, id: str, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes, markup=False)
        self._shown: Content | None = None
        self._right_to_left = False
        self.display = False

    def render(self) -> RenderResult:
        width = self.content_size.width
        if not (self._right_to_left and self._shown and width):
            return super().render()
        return Content("\n").join([isolate(line) for line in self._shown.wrap(width)])

    def show(self, content: Content, *, right_to_left: bool = False) -> None:
        """Show this text; `right_to_left`, at the right edge."""
        if (
            self._shown is not None
            and self._shown.is_same(content)
            and right_to_left == self._right_to_left
        ):
            return
        self._shown, self._right_to_left = content, right_to_left
        self.set_class(right_to_left, "-right-to-left")
        visible = bool(content)
        if visible != self.display:
            self.display = visible
        if not visible:
            return
        width, height = self.content_size
        same_height = width > 0 and len(content.wrap(width)) == height
        self._layout_updates += not same_height  # as in `Lines`
        self.update(content, layout=not same_height)


class MessageView(TextView):
    """A message under what it is about, or at the bottom where that fills the screen."""

    def show(self, content: Content, *, right_to_left: bool = False) -> None:
        super().show(content, right_to_left=right_to_left)
        if content or self.has_class("-docked"):
            self.call_after_refresh(self._keep_visible)

    def _keep_visible(self) -> None:
        assert isinstance(self.parent, Widget)
        end = max(sibling.virtual_region.bottom for sibling in self.siblings)
        height, room = self.outer_size.height, self.parent.size.height
        self.set_class(height <= room // 2 and end + height > room, "-docked")


class HeaderState(NamedTuple):
    """What the header says."""

    title: str
    section: str
    position: str
    """Where one is, and the timer."""
    progress: float = 0.0
    """The part that is done, from 0 to 1."""
    last: str = ""
    """What was keyed last."""
    mark: str = ""
    """What kind of interview it is, where it is not a real one: `PRACTICE`."""


State = TypeVar("State")


class Lines(Widget, Generic[State]):
    """Lines built from a state and the width; only those that changed are painted again. No state, or an empty one, hides
    them.
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
        self._built: tuple[int, list[Content]] | None = None
        """The width, and the lines built for it."""
        self._strips: dict[int, Strip] = {}
        """The lines as they are painted, by their number."""
        self._strips_style: Style | None = None

    def build_lines(self, state: State, width: int) -> list[Content]:
        """Build the lines for this width; subclasses may do it themselves."""
        assert self._build is not None
        return self._build(state, width)

    def show(self, state: State | None) -> None:
        """Show this state."""
        if state != self.state:
            before, self.state = self.state, state
            if bool(state) != bool(before):
                self.display = bool(state)
            if state:
                self._rebuild()

    def count_lines(self, width: int) -> int:
        """Count the lines at this width."""
        return len(self._lines(width))

    def _rebuild(self) -> None:
        before, self._built = self._built, None
        after = self._lines(before[0]) if before is not None else []
        if before is None or len(before[1]) != len(after):
            # measured anew: where a layout came between two changes, Textual would take the size measured before
            self._layout_updates += 1
            self._strips.clear()
            self.refresh(layout=True)
            return
        changed = [
            n
            for n, (old, new) in enumerate(zip(before[1], after, strict=True))
            if not new.is_same(old)
        ]
        for n in changed:
            self._strips.pop(n, None)
        corner = self.gutter.top_left
        self.refresh(*(Region(0, n, before[0], 1).translate(corner) for n in changed))

    def _lines(self, width: int) -> list[Content]:
        if self._built is None or self._built[0] != width:
            self._built = (
                width,
                self.build_lines(self.state, width) if self.state is not None else [],
            )
            self._strips.clear()
        return self._built[1]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self.count_lines(width)

    def render_line(self, y: int) -> Strip:
        width, style = self.content_size.width, self.visual_style
        lines = self._lines(width)
        if style != self._strips_style:
            self._strips_style = style
            self._strips.clear()
        if y not in self._strips:
            line = lines[y] if y < len(lines) else Content()
            self._strips[y] = Visual.to_strips(self, line, width, 1, style, pad=True)[0]
        return self._strips[y]


class SidePage(Lines[Content]):
    """The page beside a question or a case, at least as high as its panel.

    So another text there moves nothing, and only the lines that changed are painted.
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
    """The title, a line of progress, and what was keyed last: one widget, so that a key costs one update."""

    def __init__(self) -> None:
        super().__init__(id="header", state=HeaderState("", "", ""))

    def build_lines(self, state: HeaderState, width: int) -> list[Content]:
        width -= 2 * MARGIN
        position = clean(state.position)
        title = _build_title(
            state.title, state.section, state.mark, max(width - measure_width(position) - 2, 0)
        )
        gap = " " * (width - title.cell_length - measure_width(position))
        done = round(min(max(state.progress, 0.0), 1.0) * width)
        margin = " " * MARGIN
        last = style_text(state.last.replace("\n", " "), "$quiet").truncate(
            width - MARGIN, ellipsis=True
        )
        return [
            Content.assemble(margin, title, gap, position, margin).stylize_before("$bar"),
            Content.assemble(margin, ("━" * done, "$accent"), ("─" * (width - done), "$quiet")),
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
    """The key that a click presses, where it is not the printed one in lower case."""
    line: int = 0
    """The line of the key bar on which it stands, where the bar has more than one."""


KeyHints = Sequence[KeyHint]
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

    def show(self, hints: KeyHints) -> None:
        """Show these keys."""
        if self._hints != tuple(hints):
            self._hints = tuple(hints)
            self.refresh()

    def render(self) -> RenderResult:
        width, height = self.content_size
        if height > 1:
            lines = [
                [hint for hint in self._hints if hint.line == number] for number in range(height)
            ]
        else:
            lines = [list(self._hints)]
        self._lines = [_leave_out(line, width) for line in lines]
        return Content("\n").join(format_keys(line) for line in self._lines)

    def on_click(self, event: events.Click) -> None:
        """Press the key whose hint was clicked."""
        start = 0
        x, y = event.get_content_offset_capture(self)
        if not 0 <= y < len(self._lines):
            return
        for hint in self._lines[y]:
            end = start + _measure_hint(hint)
            if start <= x < end - 2:
                strike_key(
                    self.app, hint.press or _PRESSED.get(hint.key, hint.key.lower()), event.time
                )
            start = end


def _leave_out(hints: list[KeyHint], width: int) -> list[KeyHint]:
    """Return the hints that fit into the width."""
    fitting = list(hints)
    while fitting and sum(map(_measure_hint, fitting)) - 2 > width:
        fitting.remove(max(reversed(fitting), key=lambda hint: hint.rank))
    return fitting


def format_keys(hints: KeyHints) -> Content:
    """Return the keys on one line, each with its label."""
    labels = [(hint.key, f" {clean(hint.label)}  " if hint.label else "  ") for hint in hints]
    return Content.assemble(
        *(part for key, label in labels for part in ((key, "bold $quiet"), (label, "$quiet")))
    )


def _measure_hint(hint: KeyHint) -> int:
    return measure_width(hint.key) + (1 + measure_width(clean(hint.label)) if hint.label else 0) + 2
