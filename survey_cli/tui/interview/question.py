"""Widgets that show one question: what is read aloud, its options, the entry, the messages."""

from asyncio import Event, wait_for
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.geometry import Offset, Region

from survey_cli.entries import (
    LineEntry,
    ListSearch,
    OfferedOption,
    PickEntry,
    Prompt,
    Query,
    StyledText,
    TextSpan,
    VerbatimEntry,
)
from survey_cli.sessions.lines import question_lines
from survey_cli.sessions.lines.line import Line, Role
from survey_cli.text_width import is_certain, measure_width
from survey_cli.tui.interview.pick import PickState, get_chosen, list_matches, number_matches
from survey_cli.tui.widgets import drawing, styled
from survey_cli.tui.widgets.clicks import Clicked
from survey_cli.tui.widgets.editing import Editor, Field, get_text, set_text
from survey_cli.values import Code, Place

if TYPE_CHECKING:
    from textual.widgets import TextArea

COLUMN_GAP: Final = 3
MIN_COLUMN: Final = 16
"""Cells of the narrowest column of options."""
MAX_COLUMNS: Final = 4
"""Columns of options, if they are short and many."""
MEASURE: Final = 76
"""Cells of the widest line, as in the stylesheet."""
TEXT_MARGINS: Final = 9
"""Cells at both sides of the texts of a question, as in the stylesheet."""
PAGE_MARGINS: Final = 10
"""Cells at both sides of a page in place of a question."""
MAX_BOLD: Final = 320
"""Characters of the longest text that is drawn in bold: four or five lines."""
SHORT_FIELD: Final = 20
"""Cells of the field for a number, as in the stylesheet: its unit stands next to it."""
USUAL_FIELD: Final = 44
"""Cells of any other field, as in the stylesheet. It is wider if it accepts several ranges."""
CHROME: Final = 8
"""Lines of the screen that are not the question: header, messages, status and keys."""
SIDE_COLUMNS: Final = 40
MIN_ROWS: Final = 4
"""Lines that options always have; further ones are scrolled to."""
LAYOUT_SECONDS: Final = 1.0
"""The longest time that keys wait for a field to be laid out."""
YES_NO: Final = PickEntry(
    options=(OfferedOption(1, (TextSpan("Yes"),)), OfferedOption(2, (TextSpan("No: ask again"),)))
)
"""The answers to a question read aloud about an answer."""


class OptionState(NamedTuple):
    """What the options look like now."""

    pick: PickEntry
    chosen: tuple[Code, ...] = ()
    specify_texts: tuple[tuple[Code, str], ...] = ()
    marked: int | None = None
    typed: str = ""
    rows: int = 20
    """Lines there is room for; more options than that are set in columns, if they fit."""
    right_to_left: bool = False


class OptionLines(styled.Lines[OptionState]):
    """The options with their codes. A sign and the row's color show what is chosen or marked."""

    def __init__(self, choose: Callable[[OfferedOption], Clicked]) -> None:
        """`choose` returns what chooses an option that is clicked."""
        super().__init__(id="options")
        self._choose = choose
        self._line_options: list[list[int]] = []
        """The options on a line from left to right, for all lines."""
        self._column_width = 0

    @property
    def marked_line(self) -> int | None:
        """The line of the marked option."""
        if self.state is None:
            return None
        marked = self.state.marked
        for line, options in enumerate(self._line_options):
            if marked in options:
                return line
        return None

    def build_lines(self, state: OptionState, width: int) -> list[Content]:
        options = self._format_all(state, width)
        in_columns = self._build_columns(state, width, sum(map(len, options)))
        if in_columns is not None:
            return in_columns

        self._column_width = width
        self._line_options = []
        lines = []
        for number, formatted in enumerate(options):
            for line in formatted:
                lines.append(line)
                self._line_options.append([number])
        return lines

    def _build_columns(self, state: OptionState, width: int, needed: int) -> list[Content] | None:
        """Build the options in as few columns as fit.

        Returns None if they fit below each other, or don't fit in columns either.
        """
        count = len(state.pick.options)
        if needed <= state.rows or not 2 <= count <= MAX_COLUMNS * state.rows:
            return None

        for columns in range(2, MAX_COLUMNS + 1):
            column = (width - COLUMN_GAP * (columns - 1)) // columns
            if column < MIN_COLUMN:
                return None
            options = self._format_all(state, column)
            rows = -(-count // columns)
            is_one_line_each = all(len(lines) == 1 for lines in options)
            if is_one_line_each and rows <= state.rows:
                first_lines = [lines[0] for lines in options]
                return self._set_side_by_side(
                    first_lines, rows, column, width, from_right=state.right_to_left
                )
        return None

    @staticmethod
    def _format_all(state: OptionState, width: int) -> "list[tuple[Content, ...]]":
        pick = state.pick
        found = pick.find_abbreviated(state.typed) if state.typed else None
        size = max(len(str(option.code)) for option in pick.options)
        chosen = frozenset(state.chosen)
        texts = dict(state.specify_texts)
        formatted = []
        for number, option in enumerate(pick.options):
            is_typed = found is not None and found.code == option.code
            lines = _format_option(
                option,
                texts.get(option.code, ""),
                several=pick.several,
                chosen=option.code in chosen or is_typed,
                marked=number == state.marked,
                right_to_left=state.right_to_left,
                size=size,
                width=width,
            )
            formatted.append(lines)
        return formatted

    def _set_side_by_side(
        self, options: list[Content], rows: int, column: int, width: int, *, from_right: bool
    ) -> list[Content]:
        """Set the options in columns, the second option below the first."""
        self._column_width = column + COLUMN_GAP
        self._line_options = [list(range(row, len(options), rows)) for row in range(rows)]
        gap = Content(" " * COLUMN_GAP)
        padded = [option.pad_right(max(column - option.cell_length, 0)) for option in options]
        lines = []
        for numbers in self._line_options:
            cells = [padded[number] for number in numbers]
            if from_right:
                line = gap.join(cells[::-1])
                lines.append(line.pad_left(width - line.cell_length))
            else:
                lines.append(gap.join(cells))
        return lines

    def find_clicked(self, at: Offset) -> Clicked:
        """Find what chooses the option that was clicked."""
        if self.state is None or not 0 <= at.y < len(self._line_options):
            return None
        options = self._line_options[at.y]
        from_first = at.x
        if self.state.right_to_left:  # the first column is at the right edge
            from_first = self.content_size.width - 1 - at.x
        column = min(from_first // max(self._column_width, 1), len(options) - 1)
        return self._choose(self.state.pick.options[options[column]])


@lru_cache(maxsize=8192)
def _format_option(
    option: OfferedOption,
    specified: str,
    *,
    several: bool,
    chosen: bool,
    marked: bool,
    right_to_left: bool,
    size: int,
    width: int,
) -> tuple[Content, ...]:
    """Format one option: its mark, its code, its text, and in brackets what is not read."""
    line = question_lines.build_option_line(option, several=several)
    first = _format_code(
        line.key.rjust(size),
        several=several,
        chosen=chosen,
        marked=marked,
        right_to_left=right_to_left,
    )

    style = ""
    if chosen or marked:
        style = "bold"
    elif line.role is Role.UNREAD_OPTION:
        style = "$quiet"
    text = styled.style_spans(line.text, style)
    if specified:
        text += styled.style_text(f": {specified}", "bold")
    for remark in (line.note, ", ".join(line.remarks)):
        if remark:
            text += styled.style_text(f"  ({remark})", "italic $quiet")

    lines = styled.hang(first, text, width, right_to_left=right_to_left)
    if not (chosen or marked):
        return tuple(lines)
    padded = [shown.pad_right(max(width - shown.cell_length, 0)) for shown in lines]
    return tuple([shown.stylize_before("$row") for shown in padded])


def _format_code(
    code: str, *, several: bool, chosen: bool, marked: bool, right_to_left: bool
) -> Content:
    """Format what is before an option's text: the moving mark, the sign of a choice, the code."""
    here = styled.HERE
    if right_to_left:
        here = styled.HERE_FROM_RIGHT

    # of one answer, the mark itself says that it is chosen; of several, both have their column
    first = here if marked or (chosen and not several) else " "
    second = styled.CHOSEN if chosen and several else " "
    sign = first + second

    key = (f" {code} ", styled.KEY_CAP)
    if right_to_left:
        return Content.assemble(" ", key, (sign[::-1], "bold $accent"))
    return Content.assemble((sign, "bold $accent"), key, " ")


class Aside(styled.Lines[tuple[StyledText, bool]]):
    """Text for the interviewer behind a mark, so that it isn't read out; or a probe, which is."""

    def __init__(self, id: str, mark: str, mark_style: str, style: str) -> None:
        super().__init__(id=id)
        self._mark = Content.styled(mark, mark_style)
        self._mark_from_right = Content.styled(_mirror(mark), mark_style)
        self._style = style

    def build_lines(self, state: tuple[StyledText, bool], width: int) -> list[Content]:
        text, right_to_left = state
        mark = self._mark_from_right if right_to_left else self._mark
        return styled.hang(
            mark, styled.style_spans(text, self._style), width, right_to_left=right_to_left
        )


def _mirror(mark: str) -> str:
    """Return a mark as it stands at the right edge, before a text from right to left."""
    return f" {mark.strip().replace('▷', '◁')}"


class QuestionView(VerticalScroll):
    """A whole question, from top to bottom in the order in which it is used."""

    def __init__(self, choose: Callable[[OfferedOption], Clicked]) -> None:
        super().__init__(id="body", can_focus=False)
        self._choose = choose
        """Returns what chooses an option that is clicked."""
        self.entry: Editor | None = None
        """The widget that is typed into; None if codes are keyed."""
        self.place: Place | None = None
        """The place that is shown; the session may be further while keys are waiting."""
        self._field: Field | None = None
        self._unit: styled.TextView | None = None
        self._area: TextArea | None = None

    def compose(self) -> ComposeResult:
        yield styled.TextView(id="unread")
        yield styled.TextView(id="spoken")
        yield Aside("instruction", styled.ASIDE, "$quiet", "$quiet")
        yield OptionLines(self._choose)
        yield Aside("probe", "say: ", "bold $warning", "italic")
        yield styled.MessageView(id="message")

    async def prepare(self, prompt: Prompt) -> None:
        """Have the widget that this question's entry is typed into."""
        entry = prompt.entry
        before = self.entry
        self.entry = None
        if isinstance(entry, LineEntry):
            self.entry = await self._get_field(entry)
        elif isinstance(entry, VerbatimEntry):
            self.entry = await self._get_text_area()
        if before is not None and before is not self.entry:
            before.display = False
        if self._unit is not None:
            self._unit.display = isinstance(entry, LineEntry) and bool(entry.unit)
        if self.entry is not None:
            self.entry.display = True
        if self.scroll_y:
            self.scroll_home(animate=False)
        self.focus_entry()

    async def _get_field(self, entry: LineEntry) -> Field:
        """Return the field for one line, made when the first question needs it."""
        if self._field is None or self._unit is None:
            self._field = Field(id="field")
            self._unit = styled.TextView(id="unit")
            await self.mount(Horizontal(self._field, self._unit, id="entry"), before="#message")
        # Matches of a search are listed below what is typed.
        below = "#message" if entry.search is None else "#options"
        self.move_child(self.query_one("#entry"), before=self.query_one(below))
        self._show_range_and_unit(entry)
        return self._field

    def _show_range_and_unit(self, entry: LineEntry) -> None:
        """Show what the field accepts, and the unit beside it; both change with the language."""
        if self._field is None or self._unit is None:
            return

        self._field.show_hint(styled.clean(entry.hint))
        is_short = entry.kind == "number" and measure_width(entry.hint) + 1 < SHORT_FIELD
        self._field.set_class(is_short, "-short")
        # several ranges are shown whole
        is_long = measure_width(entry.hint) + 1 > USUAL_FIELD
        self._field.set_class(is_long, "-long")
        self._unit.show(styled.style_text(entry.unit, "$quiet"))

    async def _get_text_area(self) -> "TextArea":
        """Return the field for a free answer, made when the first question needs it."""
        if self._area is None:
            from textual.widgets import TextArea

            self._area = TextArea(id="area", compact=True, tab_behavior="focus")
            self._area.cursor_blink = False
            await self.mount(self._area, before="#message")
            # Up and Down go by the rows on the screen. Keys typed ahead need them as slow ones do.
            laid_out = Event()
            self._area.call_after_refresh(laid_out.set)
            with suppress(TimeoutError):
                await wait_for(laid_out.wait(), LAYOUT_SECONDS)
        return self._area

    def focus_entry(self) -> None:
        """Give the cursor to the entry."""
        if self.screen.focused is not self.entry:
            self.screen.set_focus(self.entry)

    @property
    def typed(self) -> str:
        """What has been typed."""
        return get_text(self.entry) if self.entry is not None else ""

    def set_typed(self, text: str, *, selected: bool = False) -> None:
        """Replace what has been typed."""
        if self.entry is not None:
            set_text(self.entry, text, selected=selected)

    # What is shown

    def show_question(
        self, prompt: Prompt, state: PickState, *, denied: bool, specifying: Code | None
    ) -> None:
        """Show the question with what has been keyed for it.

        `denied` means that the respondent denied the answer that was read back.
        """
        self.place = prompt.place
        lines = question_lines.build_question_lines(prompt)
        query_lines: list[Line] = []
        if prompt.query is not None:
            query_lines = _build_spoken_query(prompt.query, denied=denied)
        is_read_back = prompt.query is not None and prompt.query.aloud and not denied

        unread = _draw_unread(lines, query_lines)
        spoken = _draw_spoken(lines, query_lines)
        self._show_text("#unread", unread, prompt)
        self._show_text("#spoken", spoken, prompt)
        self._show_asides(lines, prompt, is_shown=not is_read_back)
        if isinstance(prompt.entry, LineEntry):
            self._show_range_and_unit(prompt.entry)
        rows = 0
        if isinstance(prompt.entry, PickEntry):
            rows = self._count_rows(prompt, [*unread, *spoken])
        self._show_options(prompt, state, rows, is_read_back=is_read_back, specifying=specifying)

    def _show_text(self, id: str, parts: list[Content], prompt: Prompt) -> None:
        """Show texts of the question with empty lines between them; none hides their widget."""
        content = styled.join_sections(parts)
        self.query_one(id, styled.TextView).show(content, right_to_left=prompt.right_to_left)

    def _show_asides(self, lines: list[Line], prompt: Prompt, *, is_shown: bool) -> None:
        """Show instruction and probe, each in its place, or neither."""
        texts: dict[Role, StyledText] = {}
        if is_shown:
            texts = {line.role: line.text for line in lines}
        for role, id in ASIDES.items():
            text = texts.get(role)
            state = (text, prompt.right_to_left) if text else None
            self.query_one(id, Aside).show(state)

    def _count_rows(self, prompt: Prompt, parts: list[Content]) -> int:
        """Count the lines that are left for the options, besides the texts of the question."""
        columns = self.app.size.width
        if self.screen.has_class("-wide"):
            columns -= SIDE_COLUMNS
        width = min(columns, MEASURE) - TEXT_MARGINS
        taken = 0
        asides = [styled.style_spans(prompt.instruction), styled.style_spans(prompt.probe)]
        for text in (*parts, *asides):
            if text:
                taken += -(-text.cell_length // width) + 1
        return max(self.app.size.height - CHROME - taken, MIN_ROWS)

    def _show_options(
        self,
        prompt: Prompt,
        state: PickState,
        rows: int,
        *,
        is_read_back: bool,
        specifying: Code | None,
    ) -> None:
        """Show what can be keyed: yes and no, options, matches of a search, or codes of a scale."""
        options = self.query_one(OptionLines)
        entry = prompt.entry
        if is_read_back:
            options.show(OptionState(YES_NO))
        elif isinstance(entry, PickEntry):
            options.show(_build_pick_state(entry, prompt, state, rows, specifying))
            self._scroll_to_mark(options, state)
        elif isinstance(entry, LineEntry) and entry.search is not None:
            options.show(self._build_matches(entry.search, prompt, state))
        elif isinstance(entry, LineEntry) and (entry.forms or entry.labels):
            keys = [*entry.forms, *entry.labels]
            labels = [OfferedOption(code, (TextSpan(text),)) for code, text in keys]
            pick = PickEntry(options=tuple(labels))
            options.show(OptionState(pick, right_to_left=prompt.right_to_left))
        else:
            options.show(None)

    def _scroll_to_mark(self, options: OptionLines, state: PickState) -> None:
        if state.marked is None or options.marked_line is None:
            return
        row = options.virtual_region.y + options.marked_line
        self.scroll_to_region(Region(0, row, 1, 1), animate=False, force=True)

    def _build_matches(
        self, search: ListSearch, prompt: Prompt, state: PickState
    ) -> OptionState | None:
        """Build the entries of a list that match what is typed; None if there are none."""
        matches = list_matches(search, self.typed)
        if not matches:
            return None
        return OptionState(
            number_matches(matches), marked=state.marked, right_to_left=prompt.right_to_left
        )

    def show_page(self, content: Content) -> None:
        """Show a page in place of a question: the closing review, or how the interview ended."""
        self.query_one("#unread", styled.TextView).show(content)
        self.query_one("#spoken", styled.TextView).show(Content())
        self.query_one("#instruction", Aside).show(None)
        self.query_one("#probe", Aside).show(None)
        self.query_one("#message", styled.TextView).show(Content())
        self.query_one(OptionLines).show(None)
        if self.entry is not None:
            self.entry.display = False
        if self._unit is not None:
            self._unit.display = False

    def show_message(self, lines: Collection[Content]) -> None:
        """Show what is said about the entry."""
        self.query_one("#message", styled.TextView).show(styled.join_lines(lines))


def _build_pick_state(
    entry: PickEntry, prompt: Prompt, state: PickState, rows: int, specifying: Code | None
) -> OptionState:
    """Build the options with what was chosen; one whose words are being typed counts as chosen."""
    chosen, texts = get_chosen(prompt, state)
    if state.typed and not entry.several:
        chosen = ()  # the code that is typed replaces it
    if specifying is not None and entry.several:
        chosen = (*chosen, specifying)
    elif specifying is not None:
        chosen = (specifying,)
    return OptionState(
        pick=entry,
        chosen=chosen,
        specify_texts=texts,
        marked=state.marked,
        typed=state.typed,
        rows=rows,
        right_to_left=prompt.right_to_left,
    )


ASIDES: Final = {Role.INSTRUCTION: "#instruction", Role.PROBE: "#probe"}
"""Where lines stand that have a widget of their own."""


def _build_spoken_query(query: Query, *, denied: bool) -> list[Line]:
    """Build what is read aloud about the answer just given; a soft check reads nothing."""
    if denied:
        lines = question_lines.build_denied_lines(query)
    else:
        lines = question_lines.build_query_lines(query)
    return [line for line in lines if line.role in (Role.SPOKEN, Role.READ_BACK)]


def _draw_unread(lines: list[Line], query_lines: list[Line]) -> list[Content]:
    """Draw what the interviewer reads silently: the turn of a roster, and questions of her own.

    While something is read aloud about the answer, the question itself is not read again.
    """
    parts = []
    for line in lines:
        if line.role is Role.OWN:
            parts.append(drawing.draw_aside(line, "$foreground"))
        elif line.role is Role.TURN or (line.role is Role.SPOKEN and query_lines):
            parts.append(drawing.draw_aside(line))
    return parts


def _draw_spoken(lines: list[Line], query_lines: list[Line]) -> list[Content]:
    """Draw what is read aloud: the question, or what is asked about the answer to it."""
    spoken = query_lines or [line for line in lines if line.role is Role.SPOKEN]
    return [_draw_spoken_line(line) for line in spoken]


def _draw_spoken_line(line: Line) -> Content:
    """Draw a text that is read aloud: a question in bold.

    A long text, such as that of a consent, is easier to read if it isn't bold; nothing else on its
    screen is as strong as so many lines beside the bar.
    """
    style = "$spoken"
    if len(line.plain_text) > MAX_BOLD:
        style = "$spoken-long"
    return styled.style_spans(line.text, style)


def is_certainly_measured(prompt: Prompt) -> bool:
    """Return whether all terminals measure the question's texts alike."""
    entry = prompt.entry
    texts = [prompt.text, prompt.intro, prompt.instruction, prompt.probe]
    if isinstance(entry, PickEntry):
        texts += [option.text for option in entry.options]
    return all(is_certain(span.text) for text in texts for span in text)
