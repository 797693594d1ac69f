"""A minimal Textual app: a key, and the next question is painted. Nothing is stored."""

import sys

from textual import events
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static


class Screen(App[None]):
    ENABLE_COMMAND_PALETTE = False

    def compose(self) -> ComposeResult:
        yield Static("Benchmark", id="header")
        yield Static("", id="progress")
        with VerticalScroll(can_focus=False):
            yield Static("", id="question")
            yield Static("", id="options")
        yield Static("Enter next  ← back  F2 note", id="footer")

    def on_mount(self) -> None:
        self.number = 0
        self.next()

    def next(self) -> None:
        self.number += 1
        self.query_one("#progress", Static).update(f"q{self.number} · {self.number} of 500")
        self.query_one("#question", Static).update(f"Question number {self.number} of them, bench?")
        options = ("1  One", "2  Two", "3  Three", "4  Four", f"5  Five, end-{self.number:05d}")
        self.query_one("#options", Static).update("\n".join(options))

    def on_key(self, event: events.Key) -> None:
        if event.key in "12345":
            self.next()


if __name__ == "__main__":
    sys.exit(Screen().run())
