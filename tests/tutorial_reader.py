"""A reader who follows a tutorial: saves its files, runs its commands at a terminal, presses the keys it prints."""

import re
import time
from pathlib import Path
from typing import Final

from support.pages import Directive, Fence, iterate_commands
from support.tutorial_terminal import PATIENCE, TutorialTerminal, split_keys

INTERACTIVE: Final = ("interview", "station", "preview")
STAYS_OPEN: Final = "preview"
"""The program that has a window of its own, beside that of the commands."""


class TutorialReader:
    """A reader in her folder, with one window for commands and one for the preview."""

    def __init__(self, folder: Path) -> None:
        self.output = ""
        """What the last command printed."""
        self._folder = folder
        self._program: TutorialTerminal | None = None
        """The interactive program that the keys go to."""
        self._preview: TutorialTerminal | None = None
        self._expected_exit = 0

    def read(self, fence: Fence) -> None:
        """Do what a block of code stands for."""
        if fence.title == "Output":
            self.finish_program()
            assert matches(fence.text, self.output), f"{fence}: the output is\n{self.output}"
        elif added := fence.remarks.get("add"):
            self._add(added, fence.text)
        elif fence.title:
            (self._folder / fence.title).write_text(fence.text, encoding="utf-8")
        elif fence.language == "sh" and "skip" not in fence.remarks:
            for words in iterate_commands(fence):
                self._run(words, int(fence.remarks.get("exit", 0)))
                if words[0] in INTERACTIVE and "choose" in fence.remarks:
                    self._press(fence.remarks["choose"])

    def follow(self, directive: Directive) -> None:
        """Press keys, or look for a text on the screen."""
        program = self._program or self._preview
        if program is None:
            return

        match directive.kind:
            case "see":
                program.wait_for(directive.text)
            case "quotation":
                if self._program is not None:
                    self._program.wait_for(directive.text)
            case "repeat":
                program.press(find_words(program, directive.text))
            case "respond":
                self._respond(program, directive.text)
            case _:
                keys = split_keys(directive.text)
                if directive.kind == "press":
                    not_printed = [key for key in keys if not is_printed(key, directive.section)]
                    assert not not_printed, (
                        f"line {directive.line}: the page doesn't print {not_printed}"
                    )
                self._press(directive.text)

    def finish_program(self) -> None:
        """Wait for the end of the interactive program, if one runs in the window of the commands."""
        program = self._program
        if program is None:
            return
        code = program.wait_for_end()
        self.output = program.read_output()
        self._program = None
        assert code == self._expected_exit, f"{program.name}: exit code {code}\n{self.output}"

    def close(self) -> None:
        for program in (self._program, self._preview):
            if program is not None:
                program.close()

    def _press(self, keys: str) -> None:
        program = self._program or self._preview
        assert program is not None
        for key in split_keys(keys):
            program.press(key)

    def _add(self, name: str, text: str) -> None:
        """Add a text to a file, in place of everything from its first line on."""
        path = self._folder / name
        first_line = text.splitlines(keepends=True)[0]
        before = path.read_text(encoding="utf-8").partition(first_line)[0]
        path.write_text(before + text, encoding="utf-8")

    def _run(self, words: list[str], expected_exit: int) -> None:
        if "--watch" in words:
            return
        self.finish_program()
        self._program = TutorialTerminal(words, self._folder)
        self._expected_exit = expected_exit
        if words[0] == STAYS_OPEN:
            self._program.settle()
            self._preview, self._program = self._program, None
        elif words[0] not in INTERACTIVE:
            self.finish_program()

    def _respond(self, program: TutorialTerminal, table: str) -> None:
        """Press the keys of the first text that is on the screen, until that is one without keys."""
        rows = [row.partition("→") for row in table.strip().splitlines()]
        end = time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < end, f"{program.name}: no end of {table}\n{program.show()}"
            keys = next((keys for text, _, keys in rows if program.sees(text.strip())), None)
            if keys is None:
                program.settle()
            elif not keys.strip():
                return
            else:
                for key in split_keys(keys):
                    program.press(key)


def find_words(program: TutorialTerminal, texts: str) -> str:
    """Return what the screen shows in place of `…` in one of these lines."""
    for text in texts.strip().splitlines():
        if words := program.find(text):
            return words
    raise AssertionError(f"{program.name}: none of {texts!r} on\n{program.show()}")


def is_printed(key: str, section: str) -> bool:
    """Whether a section prints a key in bold, or a text to type as code."""
    plain = " ".join(section.split())
    return f"**{key}**" in plain or f"`{key}`" in plain


def matches(shown: str, output: str) -> bool:
    """Whether the output is what is shown, apart from spaces; `…` stands for anything."""
    parts = [re.escape(" ".join(part.split())) for part in shown.split("…")]
    return re.search(" ?.*? ?".join(parts), " ".join(output.split()), re.DOTALL) is not None
