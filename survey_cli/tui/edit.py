"""Text being typed, with its cursor: an immutable value and the keys that change it."""

from typing import NamedTuple

from survey_cli.text_width import find_letter_end, is_joining

ZWJ = "\u200d"


class Edit(NamedTuple):
    """Text and a cursor, from 0 to the length of the text."""

    text: str = ""
    at: int = 0

    @classmethod
    def of(cls, text: str) -> "Edit":
        """The text with the cursor at its end."""
        return cls(text, len(text))

    def typed(self, letters: str) -> "Edit":
        """The letters put in at the cursor."""
        return Edit(self.text[: self.at] + letters + self.text[self.at :], self.at + len(letters))

    def _before(self) -> int:
        """Where the character before the cursor begins."""
        at = self.at - 1
        while at > 0 and (is_joining(self.text[at]) or self.text[at - 1] == ZWJ):
            at -= 1
        return max(at, 0)

    def _after(self) -> int:
        """Where the character under the cursor ends."""
        return min(find_letter_end(self.text, self.at), len(self.text))

    def _word_before(self) -> int:
        """Where the word before the cursor begins."""
        kept = self.text[: self.at].rstrip()
        return max(kept.rfind(" "), kept.rfind("\n")) + 1

    def _line(self) -> tuple[int, int]:
        """Where the line the cursor is in begins and ends, line breaks not among it."""
        start = self.text.rfind("\n", 0, self.at) + 1
        end = self.text.find("\n", self.at)
        return start, len(self.text) if end < 0 else end

    def pressed(self, key: str) -> "Edit | None":
        """The text after an editing key; None where `key` edits nothing. A printable key is its character."""
        if len(key) == 1:
            return self.typed(key)
        start, end = self._line()
        match key:
            case "backspace" | "ctrl+h" | "shift+backspace":
                before = self._before()
                return Edit(self.text[:before] + self.text[self.at :], before)
            case "delete" | "ctrl+d":
                return Edit(self.text[: self.at] + self.text[self._after() :], self.at)
            case "left" | "ctrl+b":
                return Edit(self.text, self._before())
            case "right" | "ctrl+f":
                return Edit(self.text, self._after())
            case "ctrl+left":
                return Edit(self.text, self._word_before())
            case "ctrl+right":
                rest = self.text[self.at :]
                blank = len(rest) - len(rest.lstrip())
                word = rest.lstrip().split(maxsplit=1)
                return Edit(self.text, self.at + blank + (len(word[0]) if word else 0))
            case "home" | "ctrl+a":
                return Edit(self.text, start)
            case "end" | "ctrl+e":
                return Edit(self.text, end)
            case "ctrl+u":
                return Edit(self.text[:start] + self.text[self.at :], start)
            case "ctrl+k":
                return Edit(self.text[: self.at] + self.text[end:], self.at)
            case "ctrl+w" | "alt+backspace" | "ctrl+backspace":
                before = self._word_before()
                return Edit(self.text[:before] + self.text[self.at :], before)
            case _:
                return None

    def row_moved(self, by: int) -> "Edit":
        """The cursor one written line up or down, in the same column where there is one."""
        lines = self.text.split("\n")
        row = self.text.count("\n", 0, self.at)
        column = self.at - self._line()[0]
        to = row + by
        if to < 0:
            return Edit(self.text, 0)
        if to >= len(lines):
            return Edit.of(self.text)
        return Edit(self.text, sum(len(line) + 1 for line in lines[:to]) + min(column, len(lines[to])))
