"""Screen of a coder: an open answer with its question, the codes, suggestions from similar answers."""

from collections.abc import Callable, Sequence
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
    from survey_cli.services.data.coding import CodingSession

COLUMN_WIDTH: Final = 36
"""Cells of a column of codes, its gap included."""
LEAVE: Final = ("q", "ctrl+c")
MARKS: Final = {"first": "", "second": "SECOND CODER", "final": "DECISION"}


class CodingScreen(KeyScreen):
    """One answer at a time; a code is keyed by its number."""

    named_keys = EDITING_KEYS | {"ctrl+c", "ctrl+p"}

    def __init__(self, session: "CodingSession") -> None:
        super().__init__()
        self.session = session
        self.typed = ""
        self.chosen: tuple[int, ...] | None = None
        """The codes chosen where several may be; None while none was touched."""
        self.last = ""
        self.actions: dict[str, tuple[str, Act]] = {
            "+": ("new", self._open_new_code),
            "/": ("find", self._open_search),
            "?": ("unclear", self._open_unclear),
            "u": ("undo", self._undo),
            "s": ("skip", self._skip),
            "n": ("next", partial(self._move, 1)),
            "p": ("back", partial(self._move, -1)),
        }
        self.other_keys = {"ctrl+z": "u", "tab": "s", "right": "n", "left": "p"}

    def compose(self) -> ComposeResult:
        yield styled.Header()
        yield styled.KeyBar()
        yield Container(id="panels")
        with VerticalScroll(id="body", can_focus=False):
            for name in ("instruction", "spoken", "probe", "options", "message"):
                yield styled.TextView(id=name)
        yield Static(id="too-small", markup=False)

    # Keys

    async def press(self, key: str, at: float) -> None:
        self.forget_messages()
        typed = to_ascii_digits(key)
        try:
            if self.panel is not None:
                await self.panel.press(key)
            elif key in LEAVE:
                self.left = True
            elif key == "ctrl+p":
                await self.open_palette([Row((name, label), act) for name, (label, act) in self.actions.items()])
            elif key in SCROLLS:
                scroll_by_key(self.query_one("#body", VerticalScroll), key)
            elif (action := self.actions.get(self.other_keys.get(key, key))) is not None:
                await action[1]()
            elif self.session.group is None:
                self.refuse("every answer is coded: p goes back, q leaves")
            elif key in ("escape", "backspace"):
                self.typed, self.chosen = "", self.chosen if self.typed else None
            elif key in ENTER:
                await self._press_enter()
            elif typed.isdecimal():
                await self._type(self.typed + typed)
            else:
                self.refuse("key the number of a code")
        except UserError as error:
            self.refuse(str(error))

    async def paste(self, text: str) -> None:
        if self.panel is not None:
            await self.panel.paste(text)
        else:
            self.bell_due = True

    async def _type(self, typed: str) -> None:
        """Take the digits of a code; it is chosen as soon as no longer code begins with them."""
        codes = [code for code in self.session.codes if str(code).startswith(typed)]
        if not codes:
            self.typed = ""
            self.refuse(f"there is no code {typed}: + makes a new one, / finds one")
        elif codes == [int(typed)]:
            await self._choose(codes[0])
        else:
            self.typed = typed

    async def _press_enter(self) -> None:
        suggestions = self.session.suggest()
        if self.typed:
            if int(self.typed) not in self.session.codes:
                self.refuse(f"there is no code {self.typed}")
            else:
                await self._choose(int(self.typed))
        elif self.chosen:
            self._record(self.chosen)
        elif self.chosen is None and self._is_coded:
            await self._skip()
        elif self.chosen is None and suggestions:
            self._record(suggestions[0].codes)
        else:
            self.refuse("key the number of a code; ? if the answer is unclear, s to skip it")

    async def _choose(self, code: int) -> None:
        self.typed = ""
        if not self.session.frame.multiple:
            self._record((code,))
            return
        chosen = self._get_chosen()
        self.chosen = tuple(c for c in chosen if c != code) if code in chosen else (*chosen, code)

    def _get_chosen(self) -> tuple[int, ...]:
        group = self.session.group
        coding = group.find_coding(self.session.role) if group is not None else None
        return self.chosen if self.chosen is not None else (coding.codes or ()) if coding is not None else ()

    @property
    def _is_coded(self) -> bool:
        group = self.session.group
        return group is not None and group.find_coding(self.session.role) is not None

    def _record(self, codes: Sequence[int], note: str = "") -> None:
        group = self.session.group
        assert group is not None
        count = format_quantity(len(group.answers), "answer")
        left = self.session.code(codes, note)
        self._begin()
        labels = ", ".join(f"{code} {self.session.get_label(code)}" for code in codes) or "unclear"
        self.last = f"{labels}  ←  {group.text} ({count})"
        if left:
            self.refuse(left)

    def _begin(self) -> None:
        """Begin with the answer that is shown now."""
        self.typed, self.chosen = "", None
        self.session.refresh_frame()
        self.query_one("#body", VerticalScroll).scroll_home(animate=False)

    async def _undo(self) -> None:
        if why := self.session.undo():
            self.refuse(why)
        else:
            self.said = "taken back"
        self._begin()
        self.last = ""

    async def _skip(self) -> None:
        self.session.skip()
        self._begin()

    async def _move(self, by: int) -> None:
        self.session.move(by)
        self._begin()

    # Panels

    async def _open_for_answer(self, what: str, label: str, submit: Callable[[str], None]) -> None:
        """Open a line for the answers that are shown."""

        async def close_and_submit(text: str) -> None:
            await self.close_panel()
            submit(text)

        if self.session.group is None:
            self.refuse("every answer is coded: p goes back, q leaves")
        else:
            await self.open_panel(LinePanel(what, label, close_and_submit))

    async def _open_new_code(self) -> None:
        async def add(label: str) -> None:
            code = self.session.add_code(label)
            await self._choose(code)

        def submit(label: str) -> None:
            if label:
                self.app.call_later(self._attempt, partial(add, label))

        await self._open_for_answer("new", "New code: ", submit)

    async def _attempt(self, act: Act) -> None:
        try:
            await act()
        except UserError as error:
            self.refuse(str(error))
        self.show()

    async def _open_unclear(self) -> None:
        await self._open_for_answer("unclear", "Unclear, because: ", lambda note: self._record((), note))

    async def _open_search(self) -> None:
        rows = [
            Row(
                (str(code), self.session.get_label(code), str(spec.examples or "")),
                partial(self.close_and, partial(self._choose, code)),
                heading=str(spec.group or ""),
            )
            for code, spec in self.session.codes.items()
        ]
        await self.open_panel(ListPanel("search", "Code: ", rows, empty="no code has these words"))

    # What is shown

    def show(self) -> None:
        session, group = self.session, self.session.group
        done, total = session.count()
        position = f"{done:,} of {total:,} coded"
        progress = done / total if total else 1.0
        state = styled.HeaderState(session.item, "", position, progress, self.last, MARKS[session.role])
        self.query_one(styled.Header).show(state)
        width = min(self.app.size.width, 132) - 8
        parts = {name: Content() for name in ("instruction", "spoken", "probe", "options", "message")}
        parts["instruction"] = style_text(session.wording, "$quiet")
        if group is not None:
            parts["spoken"] = style_text(group.text, "bold")
            parts["probe"] = styled.join_lines(self._build_notes())
            parts["options"] = self._build_codes(width)
        elif total:
            parts["spoken"] = style_text("Every answer is coded.", "bold")
        else:
            parts["spoken"] = style_text("There is no answer to code.", "bold")
        if self.why:
            parts["message"] = style_text(f"! {self.why}", "bold $error")
        elif self.said:
            parts["message"] = style_text(self.said, "$quiet")
        for name, content in parts.items():
            self.query_one(f"#{name}", styled.TextView).show(content)
        self.show_keys(self._build_hints())

    def _build_hints(self) -> list[KeyHint]:
        hints = [KeyHint("1…", "code", press="none")]
        if self.chosen or self.typed:
            hints.append(KeyHint("Enter", "save" if self.chosen else "take", press="enter"))
        ranks = {"/": 1, "?": 1, "n": 3, "p": 2}
        hints += [KeyHint(key, label, ranks.get(key, 0)) for key, (label, _) in self.actions.items()]
        return [*hints, KeyHint("q", "leave")]

    def _build_notes(self) -> list[Content]:
        """Build what is known of the answers: their cases, their codes, suggestions."""
        session, group = self.session, self.session.group
        assert group is not None
        cases = [answer.case for answer in group.answers if answer.case]
        same = f"{len(group.answers)} equal answers, coded together" if len(group.answers) > 1 else ""
        where = f"case {cases[0]}" if len(cases) == 1 else f"cases {', '.join(cases[:3])}{' …' * (len(cases) > 3)}"
        lines = [style_text(styled.SEPARATOR.join(part for part in (where if cases else "", same) if part), "$quiet")]
        for role, coding in group.answers[0].codings.items():
            if session.role in ("final", role):
                codes = ", ".join(f"{code} {session.get_label(code)}" for code in coding.codes or ()) or "unclear"
                note = f" ({coding.note})" if coding.note else ""
                whose = f"{role} coder, {coding.stamp.by}" if session.role == "final" else f"coded by {coding.stamp.by}"
                lines.append(style_text(f"{whose}: {codes}{note}", "$accent"))
        for n, suggestion in enumerate(session.suggest() if session.role != "final" else ()):
            codes = ", ".join(f"{code} {session.get_label(code)}" for code in suggestion.codes)
            lines.append(
                Content.assemble(
                    ("Enter  " if not n and self.chosen is None and not self._is_coded else "       ", "bold $accent"),
                    (styled.clean(codes), "$code"),
                    (f"  as “{styled.clean(suggestion.text)}”", "$quiet"),
                )
            )
        return lines

    def _build_codes(self, width: int) -> Content:
        """Build the list of codes, in columns where there are many."""
        session = self.session
        if not session.codes:
            return style_text("No codes yet: + makes the first one.", "$quiet")
        chosen, counts = self._get_chosen(), session.count_codes()
        column_count = min(max(width // COLUMN_WIDTH, 1), -(-len(session.codes) // 6))
        height = -(-len(session.codes) // column_count)
        cell_width = width // column_count if column_count > 1 else width
        codes = list(session.codes)
        lines = []
        for row in range(height):
            line = Content()
            for code in codes[row::height]:
                fits = bool(self.typed) and str(code).startswith(self.typed)
                mark = styled.CHOSEN if code in chosen else styled.HERE if fits else " "
                count = f" {counts[code]}" if counts[code] else ""
                cell = Content.assemble(
                    (f"{mark} ", "bold $accent"),
                    (f"{code:>{len(str(max(codes)))}} ", "bold $code"),
                    (styled.clean(session.get_label(code)), "bold" if code in chosen else ""),
                    (count, "$quiet"),
                )
                cell = cell.truncate(cell_width - 2, ellipsis=True)
                line += cell.pad_right(cell_width - cell.cell_length)
            lines.append(line)
        return Content("\n").join(lines)
