"""Screen of a coder: an open answer with its question, the codes, and similar answers' codes."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Final

from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from survey_cli.entries import to_ascii_digits
from survey_cli.tui.widgets import styled
from survey_cli.tui.widgets.key_app import EDITING_KEYS, KeyScreen
from survey_cli.tui.widgets.panel import SCROLLS, Act, LinePanel, ListPanel, Row, scroll_by_key
from survey_cli.tui.widgets.styled import KeyHint, style_text
from survey_cli.tui.widgets.terminal import ENTER
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from survey_cli.engine.events import AnswerCoded
    from survey_cli.services.data.coding import CodingSession

COLUMN_WIDTH: Final = 36
"""Cells of a column of codes."""
COLUMN_HEIGHT: Final = 6
"""Codes in one column before a second one begins."""
OTHER_KEYS: Final = {"ctrl+z": "u", "tab": "s", "right": "n", "left": "p", "ctrl+c": "q"}
GROUP_KEYS: Final = "+/?s"
"""Keys that need an answer on the screen."""
MARKS: Final = {"first": "", "second": "SECOND CODER", "final": "DECISION"}


class CodingScreen(KeyScreen):
    """Shows one answer at a time; the coder keys the number of a code."""

    named_keys = EDITING_KEYS | {"ctrl+c", "ctrl+p"}

    def __init__(self, session: "CodingSession") -> None:
        super().__init__()
        self.session = session
        self.typed = ""
        self.last = ""
        """The last answers that were coded, with their codes."""
        self.chosen: tuple[int, ...] | None = None
        """The codes chosen if an answer may have several; None before the first choice."""
        record_unclear = partial(self._record, ())
        self.actions: dict[str, tuple[str, Act]] = {
            "+": ("new", partial(self._open_line, "new", "New code: ", self._add_code)),
            "/": ("find", self._open_search),
            "?": (
                "unclear",
                partial(self._open_line, "unclear", "Unclear, because: ", record_unclear),
            ),
            "u": ("undo", self._undo),
            "s": ("skip", partial(self._go, session.skip)),
            "n": ("next", partial(self._go, partial(session.move, 1))),
            "p": ("back", partial(self._go, partial(session.move, -1))),
            "q": ("leave", self.leave),
        }

    def compose(self) -> ComposeResult:
        yield styled.Header()
        yield styled.KeyBar()
        yield Container(id="panels")
        with VerticalScroll(id="body", can_focus=False):
            yield from (styled.TextView(id=name) for name in ("instruction", "spoken", "options"))
            yield styled.MessageView(id="message")
        yield Static(id="too-small", markup=False)

    # Keys

    async def press(self, key: str, at: float) -> None:
        self.forget_messages()
        if self.panel is not None:
            await self.panel.press(key)
        else:
            await self._press(OTHER_KEYS.get(key, key))

    async def _press(self, key: str) -> None:
        may_act = self.session.group is not None or key not in GROUP_KEYS
        if key in self.actions and may_act:
            _, act = self.actions[key]
            await act()
        elif key == "ctrl+p":
            rows = [
                Row((action_key, label), partial(self._press, action_key))
                for action_key, (label, _) in self.actions.items()
            ]
            await self.open_palette(rows)
        elif key in SCROLLS:
            scroll_by_key(self.query_one("#body", VerticalScroll), key)
        elif self.session.group is None:
            self.refuse("every answer is coded: p goes back, q leaves")
        elif key in ("escape", "backspace"):
            # first what is typed, then what is chosen
            if not self.typed:
                self.chosen = None
            self.typed = ""
        elif key in ENTER:
            await self._press_enter()
        elif to_ascii_digits(key).isdecimal():
            await self._type(self.typed + to_ascii_digits(key))
        else:
            self.refuse("key the number of a code")

    async def _type(self, typed: str) -> None:
        """Take the digits of a code; choose it once no longer code begins with them."""
        codes = [code for code in self.session.frame.codes if str(code).startswith(typed)]
        if not codes:
            self.typed = ""
            self.refuse(f"there is no code {typed}: + makes a new one, / finds one")
            return
        self.typed = typed
        if codes == [int(typed)]:
            await self._choose(codes[0])

    async def _press_enter(self) -> None:
        """Take what is typed or chosen; else keep the answer's codes, or take a suggestion."""
        suggestions = []
        if not self.typed and self.chosen is None and self._coding is None:
            suggestions = self.session.suggest()

        if self.typed and int(self.typed) in self.session.frame.codes:
            await self._choose(int(self.typed))
        elif self.chosen:
            await self._record(self.chosen)
        elif self._coding is not None and self.chosen is None:
            await self._go(self.session.skip)
        elif suggestions:
            codes, _ = suggestions[0]
            await self._record(codes)
        else:
            self.refuse("key the number of a code; ? if the answer is unclear, s to skip it")

    @property
    def _coding(self) -> "AnswerCoded | None":
        return self.session.find_coding(self.session.group)

    def _get_chosen(self) -> Sequence[int]:
        """Return the codes that are chosen now, or the answer's own before the first choice."""
        if self.chosen is not None:
            return self.chosen
        coding = self._coding
        if coding is None:
            return ()
        return coding.codes or ()

    async def _choose(self, code: int) -> None:
        """Record a code, or choose it or take it back if an answer may have several."""
        self.typed = ""
        if not self.session.frame.multiple:
            await self._record((code,))
            return

        chosen = self._get_chosen()
        if code in chosen:
            self.chosen = tuple(other for other in chosen if other != code)
        else:
            self.chosen = (*chosen, code)

    async def _record(self, codes: Sequence[int], note: str = "") -> None:
        group = self.session.group
        assert group is not None
        count = format_quantity(len(group), "answer")
        self.last = f"{self.session.describe(codes)}  ←  {group[0].text} ({count})"
        left_out = self.session.code(codes, note)
        if left_out:
            self.refuse(left_out)
        await self._go()

    async def _go(self, move: Callable[[], None] = lambda: None) -> None:
        """Go to other answers, and begin there."""
        move()
        self.typed = ""
        self.chosen = None
        self.session.refresh_frame()
        self.query_one("#body", VerticalScroll).scroll_home(animate=False)

    async def _undo(self) -> None:
        why = self.session.undo()
        if why:
            self.refuse(why)
        else:
            self.said = "taken back"
            self.last = ""
        await self._go()

    async def _open_line(
        self, what: str, label: str, act: Callable[[str], Awaitable[None]]
    ) -> None:
        """Open a line of text for the answers that are shown."""

        async def submit(text: str) -> None:
            await self.close_panel()
            await act(text)

        await self.open_panel(LinePanel(what, label, submit))

    async def _add_code(self, label: str) -> None:
        if label:
            await self._choose(self.session.add_code(label))

    async def _open_search(self) -> None:
        rows = []
        for code, spec in self.session.frame.codes.items():
            cells = (str(code), self.session.get_label(code), str(spec.examples or ""))
            act = partial(self.close_and, partial(self._choose, code))
            rows.append(Row(cells, act, heading=str(spec.group or "")))
        await self.open_panel(ListPanel("search", "Code: ", rows, empty="no code has these words"))

    # What is shown

    def show(self) -> None:
        session = self.session
        done, total = session.count()
        progress = 1.0
        if total:
            progress = done / total
        mark = MARKS[session.role]
        header = styled.HeaderState(
            session.item, "", f"{done:,} of {total:,} coded", progress, self.last, mark
        )
        self.query_one(styled.Header).show(header)

        spoken = ""
        sections: tuple[Content, ...] = ()
        if session.group is not None:
            instruction = session.wording
            spoken = session.group[0].text
            sections = (self._build_notes(), self._build_codes())
        elif total:
            instruction = "Every answer is coded. p goes back, q leaves."
        else:
            instruction = "There is no answer to code. q leaves."
        if self.why:
            message = style_text(f"! {self.why}", "bold $error")
        else:
            message = style_text(self.said, "$quiet")
        parts = {
            "instruction": style_text(instruction, "$quiet"),
            "spoken": style_text(spoken, "bold"),
            "options": styled.join_sections(sections),
            "message": message,
        }
        for name, content in parts.items():
            self.query_one(f"#{name}", styled.TextView).show(content)
        self.show_keys(self._list_hints())

    def _list_hints(self) -> list[KeyHint]:
        """List the keys that have a use now."""
        has_answer = self.session.group is not None
        hints = []
        if has_answer:
            hints.append(KeyHint("1…", "code", press="none"))
        if self.chosen:
            hints.append(KeyHint("Enter", "save", press="enter"))
        elif self.typed:
            hints.append(KeyHint("Enter", "take", press="enter"))

        ranks = {"/": 1, "?": 1, "n": 3, "p": 2}
        for key, (label, _) in self.actions.items():
            if has_answer or key not in GROUP_KEYS:
                hints.append(KeyHint(key, label, ranks.get(key, 0)))
        return hints

    def _build_notes(self) -> Content:
        """Build the facts about the answers, and suggestions."""
        lines = []
        for index, line in enumerate(self.session.describe_group()):
            # the first line says which answers these are; the others are for the coder to notice
            style = "$accent" if index else "$quiet"
            lines.append(style_text(line, style))

        takes_suggestion = self.chosen is None and self._coding is None
        for index, (codes, text) in enumerate(self.session.suggest()):
            key = "       "
            if index == 0 and takes_suggestion:
                key = "Enter  "
            words = (
                (styled.clean(self.session.describe(codes)), "$code"),
                (f"  as “{styled.clean(text)}”", "$quiet"),
            )
            lines.append(Content.assemble((key, "bold $accent"), *words))
        return styled.join_lines(lines)

    def _build_codes(self) -> Content:
        """Build the list of codes, in columns if there are many."""
        codes = list(self.session.frame.codes)
        if not codes:
            return style_text("No codes yet: + makes the first one.", "$quiet")
        # before the first layout the widget has no width yet
        page_width = self.query_one("#options").size.width or self.app.size.width - 8
        fitting_columns = max(page_width // COLUMN_WIDTH, 1)
        columns = min(fitting_columns, ceil(len(codes) / COLUMN_HEIGHT))
        height = ceil(len(codes) / columns)
        width = page_width // columns
        chosen = self._get_chosen()
        counts = self.session.count_codes()
        digits = len(str(max(codes)))

        def build_cell(code: int) -> Content:
            mark = " "
            label_style = ""
            count = ""
            if code in chosen:
                mark = styled.CHOSEN
                label_style = "bold"
            elif self.typed and str(code).startswith(self.typed):
                mark = styled.HERE
            if counts[code]:
                count = f" {counts[code]}"

            cell = Content.assemble(
                (f"{mark} ", "bold $accent"),
                (f"{code:>{digits}} ", "bold $code"),
                (styled.clean(self.session.get_label(code)), label_style),
                (count, "$quiet"),
            ).truncate(width - 1, ellipsis=True)
            return cell.pad_right(width - cell.cell_length)

        rows = [[build_cell(code) for code in codes[row::height]] for row in range(height)]
        return Content("\n").join([Content("").join(row) for row in rows])
