"""Screen of a coder: an open answer with its question, the codes, suggestions from similar answers."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from survey_cli.entries import to_ascii_digits
from survey_cli.problems import UserError
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
"""Codes in one column before there are two."""
OTHER_KEYS: Final = {"ctrl+z": "u", "tab": "s", "right": "n", "left": "p", "ctrl+c": "q"}
GROUP_KEYS: Final = "+/?s"
"""Keys that need an answer that is shown."""
MARKS: Final = {"first": "", "second": "SECOND CODER", "final": "DECISION"}


class CodingScreen(KeyScreen):
    """One answer at a time; a code is keyed by its number."""

    named_keys = EDITING_KEYS | {"ctrl+c", "ctrl+p"}

    def __init__(self, session: "CodingSession") -> None:
        super().__init__()
        self.session = session
        self.typed = self.last = ""
        self.chosen: tuple[int, ...] | None = None
        """The codes chosen where several may be; None while none was touched."""
        self.actions: dict[str, tuple[str, Act]] = {
            "+": ("new", partial(self._open_line, "new", "New code: ", self._add_code)),
            "/": ("find", self._open_search),
            "?": (
                "unclear",
                partial(
                    self._open_line, "unclear", "Unclear, because: ", partial(self._record, ())
                ),
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
        try:
            await (
                self.panel.press(key)
                if self.panel is not None
                else self._press(OTHER_KEYS.get(key, key))
            )
        except UserError as error:
            self.refuse(str(error))

    async def _press(self, key: str) -> None:
        if key in self.actions and (self.session.group is not None or key not in GROUP_KEYS):
            await self.actions[key][1]()
        elif key == "ctrl+p":
            rows = [
                Row((k, label), partial(self._press, k)) for k, (label, _) in self.actions.items()
            ]
            await self.open_palette(rows)
        elif key in SCROLLS:
            scroll_by_key(self.query_one("#body", VerticalScroll), key)
        elif self.session.group is None:
            self.refuse("every answer is coded: p goes back, q leaves")
        elif key in ("escape", "backspace"):
            self.typed, self.chosen = "", self.chosen if self.typed else None
        elif key in ENTER:
            await self._press_enter()
        elif to_ascii_digits(key).isdecimal():
            await self._type(self.typed + to_ascii_digits(key))
        else:
            self.refuse("key the number of a code")

    async def _type(self, typed: str) -> None:
        """Take the digits of a code; it is chosen as soon as no longer code begins with them."""
        codes = [code for code in self.session.frame.codes if str(code).startswith(typed)]
        self.typed = typed if codes else ""
        if not codes:
            self.refuse(f"there is no code {typed}: + makes a new one, / finds one")
        elif codes == [int(typed)]:
            await self._choose(codes[0])

    async def _press_enter(self) -> None:
        """Take what is typed or chosen; else leave an answer that is coded as it is, or take the first suggestion."""
        if self.typed and int(self.typed) in self.session.frame.codes:
            await self._choose(int(self.typed))
        elif self.chosen:
            await self._record(self.chosen)
        elif self._coding is not None and self.chosen is None:
            await self._go(self.session.skip)
        elif not self.typed and self.chosen is None and (suggestions := self.session.suggest()):
            await self._record(suggestions[0][0])
        else:
            self.refuse("key the number of a code; ? if the answer is unclear, s to skip it")

    @property
    def _coding(self) -> "AnswerCoded | None":
        return self.session.find_coding(self.session.group)

    def _get_chosen(self) -> Sequence[int]:
        return (
            self.chosen
            if self.chosen is not None
            else self._coding.codes or ()
            if self._coding is not None
            else ()
        )

    async def _choose(self, code: int) -> None:
        self.typed, chosen = "", self._get_chosen()
        if not self.session.frame.multiple:
            await self._record((code,))
        else:
            self.chosen = (
                tuple(c for c in chosen if c != code) if code in chosen else (*chosen, code)
            )

    async def _record(self, codes: Sequence[int], note: str = "") -> None:
        group = self.session.group
        assert group is not None
        self.last = f"{self.session.describe(codes)}  ←  {group[0].text} ({format_quantity(len(group), 'answer')})"
        if left := self.session.code(codes, note):
            self.refuse(left)
        await self._go()

    async def _go(self, move: Callable[[], None] = lambda: None) -> None:
        """Go to other answers, and begin there."""
        move()
        self.typed, self.chosen = "", None
        self.session.refresh_frame()
        self.query_one("#body", VerticalScroll).scroll_home(animate=False)

    async def _undo(self) -> None:
        if why := self.session.undo():
            self.refuse(why)
        else:
            self.said, self.last = "taken back", ""
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
        rows = [
            Row((str(code), self.session.get_label(code), str(spec.examples or "")),
                partial(self.close_and, partial(self._choose, code)), heading=str(spec.group or ""))
            for code, spec in self.session.frame.codes.items()
        ]  # fmt: skip
        await self.open_panel(ListPanel("search", "Code: ", rows, empty="no code has these words"))

    # What is shown

    def show(self) -> None:
        session, group = self.session, self.session.group
        done, total = session.count()
        progress = done / total if total else 1.0
        mark = MARKS[session.role]
        header = styled.HeaderState(
            session.item, "", f"{done:,} of {total:,} coded", progress, self.last, mark
        )
        self.query_one(styled.Header).show(header)
        nothing = (
            "Every answer is coded. p goes back, q leaves."
            if total
            else "There is no answer to code. q leaves."
        )
        parts = {
            "instruction": style_text(session.wording if group is not None else nothing, "$quiet"),
            "spoken": style_text(group[0].text if group is not None else "", "bold"),
            "options": styled.join_sections(
                (self._build_notes(), self._build_codes()) if group is not None else ()
            ),
            "message": style_text(f"! {self.why}", "bold $error")
            if self.why
            else style_text(self.said, "$quiet"),
        }
        for name, content in parts.items():
            self.query_one(f"#{name}", styled.TextView).show(content)
        enter = [KeyHint("Enter", "save" if self.chosen else "take", press="enter")]
        ranks = {"/": 1, "?": 1, "n": 3, "p": 2}
        labels = {
            key: label
            for key, (label, _) in self.actions.items()
            if group is not None or key not in GROUP_KEYS
        }
        hints = [KeyHint(key, label, ranks.get(key, 0)) for key, label in labels.items()]
        numbers = [KeyHint("1…", "code", press="none")] if group is not None else []
        self.show_keys([*numbers, *(enter if self.chosen or self.typed else ()), *hints])

    def _build_notes(self) -> Content:
        """Build what is known of the answers, and suggestions."""
        lines = [
            style_text(line, "$accent" if n else "$quiet")
            for n, line in enumerate(self.session.describe_group())
        ]
        for n, (codes, text) in enumerate(self.session.suggest()):
            key = "Enter  " if not n and self.chosen is None and self._coding is None else "       "
            words = (
                (styled.clean(self.session.describe(codes)), "$code"),
                (f"  as “{styled.clean(text)}”", "$quiet"),
            )
            lines.append(Content.assemble((key, "bold $accent"), *words))
        return styled.join_lines(lines)

    def _build_codes(self) -> Content:
        """Build the list of codes, in columns where there are many."""
        codes = list(self.session.frame.codes)
        if not codes:
            return style_text("No codes yet: + makes the first one.", "$quiet")
        width = self.query_one("#options").size.width or self.app.size.width - 8
        columns = min(max(width // COLUMN_WIDTH, 1), -(-len(codes) // COLUMN_HEIGHT))
        height, width = -(-len(codes) // columns), width // columns
        chosen, counts, digits = (
            self._get_chosen(),
            self.session.count_codes(),
            len(str(max(codes))),
        )

        def build_cell(code: int) -> Content:
            fits = bool(self.typed) and str(code).startswith(self.typed)
            cell = Content.assemble(
                (
                    f"{styled.CHOSEN if code in chosen else styled.HERE if fits else ' '} ",
                    "bold $accent",
                ),
                (f"{code:>{digits}} ", "bold $code"),
                (styled.clean(self.session.get_label(code)), "bold" if code in chosen else ""),
                (f" {counts[code]}" if counts[code] else "", "$quiet"),
            ).truncate(width - 1, ellipsis=True)
            return cell.pad_right(width - cell.cell_length)

        rows = [[build_cell(code) for code in codes[row::height]] for row in range(height)]
        return Content("\n").join([Content("").join(row) for row in rows])
