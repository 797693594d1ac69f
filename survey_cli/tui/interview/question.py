"""Widgets that show one question: what is read aloud, its options, the entry and what is said about it."""

from asyncio import Event, wait_for
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.geometry import Region

from survey_cli.entries import (
    LineEntry,
    OfferedOption,
    PickEntry,
    Prompt,
    StyledText,
    TextSpan,
    VerbatimEntry,
)
from survey_cli.text_width import is_certain, measure_width
from survey_cli.tui.interview.pick import PickState, get_chosen, list_matches, number_matches
from survey_cli.tui.widgets import styled
from survey_cli.tui.widgets.editing import Editor, Field, get_text, set_text
from survey_cli.values import Code, Place

if TYPE_CHECKING:
    from textual.widgets import TextArea

COLUMN_GAP = 3
MIN_COLUMN = 16
"""Cells of the narrowest column of options."""
MEASURE = 76
"""Cells of the widest line, as in the stylesheet."""
SHORT_FIELD = 20
"""Cells of the field for a number, as in the stylesheet: its unit stands next to it."""
CHROME = 8
"""Lines of the screen that are not the question: header, messages, status and keys."""
SIDE_COLUMNS = 40
LAYOUT_SECONDS = 1.0
"""The longest time that keys wait for a field to be laid out."""
YES_NO = PickEntry(
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
    """Lines there is room for; more options than that stand in columns where they fit."""
    right_to_left: bool = False


class OptionLines(styled.Lines[OptionState]):
    """The options, each with its code; what was chosen and what is marked stand out by a mark and by their row."""

    def __init__(self, click: Callable[[OfferedOption], None]) -> None:
        super().__init__(id="options")
        self._click = click
        self._line_options: list[list[int]] = []
        """For each line, the options on it from left to right."""
        self._column_width = 0

    @property
    def marked_line(self) -> int | None:
        """The line of the marked option."""
        marked = self.state.marked if self.state is not None else None
        return next((n for n, options in enumerate(self._line_options) if marked in options), None)

    def build_lines(self, state: OptionState, width: int) -> list[Content]:
        options = self._format_all(state, width)
        self._column_width = width
        if sum(map(len, options)) > state.rows and 2 <= len(options) <= 4 * state.rows:
            for columns in (2, 3, 4):
                column = (width - COLUMN_GAP * (columns - 1)) // columns
                if column < MIN_COLUMN:
                    break
                beside = self._format_all(state, column)
                rows = -(-len(beside) // columns)
                if all(len(lines) == 1 for lines in beside) and rows <= state.rows:
                    lines = self._set_side_by_side(
                        [lines[0] for lines in beside], rows, column, state.right_to_left
                    )
                    return [
                        line.pad_left(width - line.cell_length) if state.right_to_left else line
                        for line in lines
                    ]
        self._line_options = [[n] for n, lines in enumerate(options) for _ in lines]
        return [line for lines in options for line in lines]

    @staticmethod
    def _format_all(state: OptionState, width: int) -> "list[tuple[Content, ...]]":
        pick = state.pick
        found = pick.find_abbreviated(state.typed) if state.typed else None
        size = max(len(str(option.code)) for option in pick.options)
        chosen, texts = frozenset(state.chosen), dict(state.specify_texts)
        formatted = []
        for n, option in enumerate(pick.options):
            is_chosen = option.code in chosen or (found is not None and found.code == option.code)
            marked, text = n == state.marked, texts.get(option.code, "")
            looks = is_chosen, marked, state.right_to_left
            formatted.append(_format_option(option, text, pick.several, *looks, size, width))
        return formatted

    def _set_side_by_side(
        self, options: list[Content], rows: int, width: int, from_right: bool
    ) -> list[Content]:
        self._column_width = width + COLUMN_GAP
        self._line_options = [list(range(row, len(options), rows)) for row in range(rows)]
        gap = Content(" " * COLUMN_GAP)
        padded = [option.pad_right(max(width - option.cell_length, 0)) for option in options]
        lines = [[padded[n] for n in line] for line in self._line_options]
        return [gap.join(line[::-1] if from_right else line) for line in lines]

    def on_click(self, event: events.Click) -> None:
        """A click keys the option's code."""
        offset = event.get_content_offset_capture(self)
        if 0 <= offset.y < len(self._line_options) and self.state is not None:
            options = self._line_options[offset.y]
            x = self.content_size.width - 1 - offset.x if self.state.right_to_left else offset.x
            n = min(x // max(self._column_width, 1), len(options) - 1)
            self._click(self.state.pick.options[options[n]])


@lru_cache(maxsize=8192)
def _format_option(
    option: OfferedOption,
    specified: str,
    several: bool,
    chosen: bool,
    marked: bool,
    right_to_left: bool,
    size: int,
    width: int,
) -> tuple[Content, ...]:
    """Format one option: its mark, its code, its text, and in brackets what is not read."""
    here = styled.HERE_FROM_RIGHT if right_to_left else styled.HERE
    sign = (here if marked else " ") + (styled.CHOSEN if chosen and several else " ")
    if chosen and not several:
        sign = f"{here} "
    style = "bold" if chosen or marked else "" if option.read else "$quiet"
    code = f" {option.code!s:>{size}} ", styled.KEY_CAP
    first = (
        (" ", code, (sign[::-1], "bold $accent"))
        if right_to_left
        else ((sign, "bold $accent"), code, " ")
    )
    parts = [styled.style_spans(option.text, style)]
    if specified:
        parts.append(styled.style_text(f": {specified}", "bold"))
    remarks = [styled.clean(option.note)] if option.note else []
    if not option.read:
        remarks.append("don't read")
    elif option.exclusive and several:
        remarks.append("alone")
    parts += [styled.style_text(f"  ({remark})", "italic $quiet") for remark in remarks]
    lines = styled.hang(
        Content.assemble(*first), Content("").join(parts), width, right_to_left=right_to_left
    )
    if chosen or marked:
        lines = [
            line.pad_right(max(width - line.cell_length, 0)).stylize_before("$row")
            for line in lines
        ]
    return tuple(lines)


class Aside(styled.Lines[tuple[StyledText, bool]]):
    """Text for the interviewer's eyes behind a mark, so that nobody reads it out; or a probe, which is said."""

    def __init__(self, id: str, mark: str, mark_style: str, style: str) -> None:
        super().__init__(id=id)
        self._mark = Content.styled(mark, mark_style)
        self._mark_from_right = Content.styled(
            " ".join(reversed(mark.replace("▷", "◁").split(" "))), mark_style
        )
        self._style = style

    def build_lines(self, state: tuple[StyledText, bool], width: int) -> list[Content]:
        text, right_to_left = state
        mark = self._mark_from_right if right_to_left else self._mark
        return styled.hang(
            mark, styled.style_spans(text, self._style), width, right_to_left=right_to_left
        )


class QuestionView(VerticalScroll):
    """Everything about one question, from top to bottom in the order in which it is used."""

    def __init__(self, click: Callable[[OfferedOption], None]) -> None:
        super().__init__(id="body", can_focus=False)
        self._click = click
        """Called with the option that was clicked."""
        self.entry: Editor | None = None
        """The widget that is typed into; None where codes are keyed."""
        self.place: Place | None = None
        """The place that is shown; the session may be further while keys are waiting."""
        self._field: Field | None = None
        self._unit: styled.TextView | None = None
        self._area: TextArea | None = None

    def compose(self) -> ComposeResult:
        yield styled.TextView(id="spoken")
        yield Aside("instruction", styled.ASIDE, "$quiet", "$quiet")
        yield OptionLines(self._click)
        yield Aside("probe", "say ▷ ", "bold $warning", "italic")
        yield styled.MessageView(id="message")

    async def prepare(self, prompt: Prompt) -> None:
        """Have the widget that this question's entry is typed into."""
        entry, before = prompt.entry, self.entry
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
            self._field, self._unit = Field(id="field"), styled.TextView(id="unit")
            await self.mount(Horizontal(self._field, self._unit, id="entry"), before="#message")
        before = self.query_one("#message" if entry.search is None else "#options")
        self.move_child(self.query_one("#entry"), before=before)
        self._show_range_and_unit(entry)
        return self._field

    def _show_range_and_unit(self, entry: LineEntry) -> None:
        """Show what the field accepts, and the unit beside it; both change with the language."""
        if self._field is None or self._unit is None:
            return

        self._field.show_hint(styled.clean(entry.hint))
        is_short = entry.kind == "number" and measure_width(entry.hint) + 1 < SHORT_FIELD
        self._field.set_class(is_short, "-short")
        self._unit.show(styled.style_text(entry.unit, "$quiet"))

    async def _get_text_area(self) -> "TextArea":
        """Return the field for a free answer, made when the first question needs it."""
        if self._area is None:
            from textual.widgets import TextArea

            self._area = TextArea(id="area", compact=True, tab_behavior="focus")
            self._area.cursor_blink = False
            await self.mount(self._area, before="#message")
            # Up and Down go by the rows on the screen, which keys typed ahead must find as slow ones do.
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
        """Show the question with what has been keyed for it."""
        self.place = prompt.place
        query = prompt.query if not denied else None
        is_read_back = query is not None and query.aloud
        say = self.query_one("#spoken", styled.TextView)
        parts = [_aside(styled.style_spans(prompt.turn))] if prompt.turn else []
        parts += [_spoken(styled.style_spans(prompt.intro), prompt)] if prompt.intro else []
        if is_read_back and query is not None:
            parts += [_aside(styled.style_spans(prompt.text)), styled.style_spans(query.text)]
        elif denied and prompt.query is not None and prompt.query.otherwise:
            parts += [
                _aside(styled.style_spans(prompt.text)),
                styled.style_spans(prompt.query.otherwise),
            ]
        else:
            parts += [_spoken(styled.style_spans(prompt.text), prompt)]
        say.set_class(not prompt.aloud, "-own")
        from_right = prompt.right_to_left
        say.show(styled.join_sections(parts), right_to_left=from_right)
        for id, text in (("#instruction", prompt.instruction), ("#probe", prompt.probe)):
            self.query_one(id, Aside).show(
                (text, from_right) if text and not is_read_back else None
            )
        if isinstance(prompt.entry, LineEntry):
            self._show_range_and_unit(prompt.entry)
        rows = self._count_rows(prompt, parts) if isinstance(prompt.entry, PickEntry) else 0
        self._show_options(prompt, state, rows, is_read_back=is_read_back, specifying=specifying)

    def _count_rows(self, prompt: Prompt, parts: list[Content]) -> int:
        """Count the lines that are left for the options, beside the texts of the question."""
        width = (
            min(
                self.app.size.width - (SIDE_COLUMNS if self.screen.has_class("-wide") else 0),
                MEASURE,
            )
            - 9
        )
        texts = (*parts, *map(styled.style_spans, (prompt.instruction, prompt.probe)))
        taken = sum(-(-text.cell_length // width) + 1 for text in texts if text)
        return max(self.app.size.height - CHROME - taken, 4)

    def _show_options(
        self,
        prompt: Prompt,
        state: PickState,
        rows: int,
        *,
        is_read_back: bool,
        specifying: Code | None,
    ) -> None:
        options = self.query_one(OptionLines)
        if is_read_back:
            options.show(OptionState(YES_NO))
        elif isinstance(prompt.entry, PickEntry):
            chosen, texts = get_chosen(prompt, state)
            if state.typed and not prompt.entry.several:
                chosen = ()
            if specifying is not None:
                chosen = (*chosen, specifying) if prompt.entry.several else (specifying,)
            shown = OptionState(
                prompt.entry, chosen, texts, state.marked, state.typed, rows, prompt.right_to_left
            )
            options.show(shown)
            if state.marked is not None and (line := options.marked_line) is not None:
                region = Region(0, options.virtual_region.y + line, 1, 1)
                self.scroll_to_region(region, animate=False, force=True)
        elif isinstance(prompt.entry, LineEntry) and prompt.entry.search is not None:
            matches = list_matches(prompt.entry.search, self.typed)
            found = OptionState(
                number_matches(matches), marked=state.marked, right_to_left=prompt.right_to_left
            )
            options.show(found if matches else None)
        elif isinstance(prompt.entry, LineEntry) and prompt.entry.labels:
            labels = tuple(
                OfferedOption(code, (TextSpan(text),)) for code, text in prompt.entry.labels
            )
            options.show(OptionState(PickEntry(options=labels), right_to_left=prompt.right_to_left))
        else:
            options.show(None)

    def show_page(self, content: Content) -> None:
        """Show a page in place of a question: how the interview ended."""
        self.query_one("#spoken", styled.TextView).show(content)
        self.query_one("#instruction", Aside).show(None)
        self.query_one("#probe", Aside).show(None)
        self.query_one("#message", styled.TextView).show(Content())
        self.query_one(OptionLines).show(None)
        if self.entry is not None:
            self.entry.display = False

    def show_message(self, lines: Collection[Content]) -> None:
        """Show what is said about the entry."""
        self.query_one("#message", styled.TextView).show(styled.join_lines(lines))


def _spoken(text: Content, prompt: Prompt) -> Content:
    return text if prompt.aloud else _aside(text)


def _aside(text: Content) -> Content:
    return Content.assemble((styled.ASIDE, "$quiet"), text.stylize_before("$quiet"))


def is_certainly_measured(prompt: Prompt) -> bool:
    """Return whether all terminals measure the question's texts alike."""
    entry = prompt.entry
    texts = [prompt.text, prompt.intro, prompt.instruction, prompt.probe]
    if isinstance(entry, PickEntry):
        texts += [option.text for option in entry.options]
    return all(is_certain(span.text) for text in texts for span in text)
