"""Lines of a prompt in a column of a given width.

Pure. Text to read aloud, text not to read and emphasis differ by marks and weight, not by color alone.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from survey_cli.entries import LineEntry as LineEntry
from survey_cli.entries import OfferedOption, PickEntry, Prompt, StyledText, TextSpan
from survey_cli.text_width import measure_width
from survey_cli.tui.answer import Answer
from survey_cli.tui.wording import (
    ASIDE,
    CHOSEN,
    HERE,
    Run,
    ScreenLine,
    TextRole,
    clean,
    crop,
    indented,
    spoken,
    width_of,
    wrap,
    written,
)
from survey_cli.values import Code

BLANK: ScreenLine = ()
NO_AGAIN: StyledText = (TextSpan("No: ask again"),)
COLUMN_GAP = 3
"""Cells between two columns of options."""
TO_READ = 76
"""The widest text that is still read at a glance."""


class QuestionColumn(NamedTuple):
    """Where the lines go, and how much room there is."""

    width: int
    rows: int


def question(
    prompt: Prompt, answer: Answer, chosen: Sequence[Code], column: QuestionColumn
) -> tuple[list[ScreenLine], int | None]:
    """The lines of what is asked, and which of them has the mark."""
    lines: list[ScreenLine] = []
    if prompt.turn:
        lines += aside(prompt.turn, column)
    if prompt.intro:
        lines += [*_words(prompt.intro, prompt, column), BLANK]
    query = prompt.query
    if query is not None and query.aloud and not answer.denied:
        lines += [*aside(prompt.text, column), BLANK, *wrap(spoken(query.text), column.width), BLANK]
        lines += [(*_code(1, 7), Run("Yes", "aloud")), (*_code(2, 7), *spoken(NO_AGAIN, "aloud"))]
        return lines, None
    lines += _words(prompt.text, prompt, column)
    if prompt.instruction:
        if not isinstance(prompt.entry, PickEntry):
            lines.append(BLANK)
        lines += aside(prompt.instruction, column)
    below = aside(prompt.probe, column) if prompt.probe else []
    marked: int | None = None
    if isinstance(prompt.entry, PickEntry):
        if lines:
            lines.append(BLANK)
        room = column.rows - len(lines) - (len(below) + 1 if below else 0)
        options, at = _options(prompt.entry, answer, chosen, column, room)
        marked = None if at is None else len(lines) + at
        lines += options
    elif isinstance(prompt.entry, LineEntry) and prompt.entry.labels:
        lines.append(BLANK)
        for code, text in prompt.entry.labels:
            lines += indented(wrap(written(text, "aloud"), column.width - 8), _code(code, 4), 7)
    if below:
        lines += [BLANK, *below] if len(lines) + 1 + len(below) <= column.rows else below
    return lines, marked


def _words(words: StyledText, prompt: Prompt, column: QuestionColumn) -> Iterable[ScreenLine]:
    """Read aloud; or, where nothing of an item is, marked as the interviewer's."""
    return wrap(spoken(words), column.width) if prompt.aloud else aside(words, column)


def aside(words: StyledText, column: QuestionColumn) -> list[ScreenLine]:
    """Lines for the interviewer's eyes: each begins under a mark, so that nobody reads them out."""
    mark = ASIDE
    size = measure_width(mark)
    return indented(wrap(spoken(words, "aside"), column.width - size), (Run(mark, "aside"),), size)


def _code(code: Code, width: int) -> ScreenLine:
    return (Run(f"{code!s:>{width}}", "code"), Run("  ", "blank"))


def _options(
    pick: PickEntry, answer: Answer, chosen: Sequence[Code], column: QuestionColumn, room: int
) -> tuple[list[ScreenLine], int | None]:
    """The choices under each other; side by side where they don't fit under each other but would so."""
    size = max((len(str(c.code)) for c in pick.options), default=0)
    taken, words = frozenset(chosen), dict(answer.words)

    def all_within(width: int) -> list[list[ScreenLine]]:
        return [
            _option(choice, pick.several, at == answer.mark, taken, words, size, width)
            for at, choice in enumerate(pick.options)
        ]

    under = all_within(column.width)
    if sum(map(len, under)) <= room or not 2 <= len(under) <= 4 * room:
        return _stacked(under, answer.mark)
    for columns in (2, 3, 4):
        width = (column.width - COLUMN_GAP * (columns - 1)) // columns
        beside = all_within(width)
        rows = -(-len(beside) // columns)
        if width < 16 or any(len(lines) > 1 for lines in beside):
            break
        if rows <= room:
            return _side_by_side([lines[0] for lines in beside], rows, width, answer.mark)
    return _stacked(under, answer.mark)


def _stacked(options: Sequence[Sequence[ScreenLine]], mark: int | None) -> tuple[list[ScreenLine], int | None]:
    at = None if mark is None else sum(len(lines) for lines in options[:mark])
    return [line for lines in options for line in lines], at


def _side_by_side(
    options: Sequence[ScreenLine], rows: int, width: int, mark: int | None
) -> tuple[list[ScreenLine], int | None]:
    lines: list[ScreenLine] = []
    for row in range(rows):
        line: ScreenLine = ()
        for at, option in enumerate(options[row::rows]):
            start = at * (width + COLUMN_GAP)
            line = (*line, Run(" " * (start - width_of(line)), "blank"), *option) if at else option
        lines.append(line)
    return lines, None if mark is None else mark % rows


def _option(
    choice: OfferedOption,
    several: bool,
    under_mark: bool,
    chosen: Collection[Code],
    words: Mapping[Code, str],
    size: int,
    width: int,
) -> list[ScreenLine]:
    """One choice: a mark where it stands chosen, its code, its words, and in brackets what is not read."""
    taken = choice.code in chosen
    sign = CHOSEN if taken and several else HERE if taken or under_mark else " "
    if under_mark and several:
        sign = HERE + sign
    role: TextRole = "chosen" if taken or under_mark else "aloud" if choice.read else "unread"
    first: ScreenLine = (
        Run(f"{sign:>2} ", "chosen"),
        Run(f"{choice.code!s:>{size}}", "chosen" if taken or under_mark else "code"),
        Run("  ", "blank"),
    )
    text = spoken(choice.text, role)
    remarks = [clean(choice.note)] if choice.note else []
    if not choice.read:
        remarks.append("don't read")
    elif choice.exclusive and several:
        remarks.append("alone")
    specified = words.get(choice.code, "")
    if specified:
        text = (*text, Run(f": {clean(specified)}", "chosen"))
    if remarks:
        text = (*text, Run("  ", "blank"), *(Run(f"({remark}) ", "aside") for remark in remarks))
    hang = width_of(first)
    return indented(wrap(text, width - hang), first, hang)


def faq_lines(prompt: Prompt, column: QuestionColumn) -> list[ScreenLine]:
    """What respondents ask, and what may be answered: the answers are read aloud."""
    lines: list[ScreenLine] = []
    for asked, answer in prompt.faq:
        lines += [*aside(asked, column), *indented(wrap(spoken(answer), column.width - 2), (Run("  ", "blank"),), 2)]
        lines.append(BLANK)
    return lines[:-1]


def row_of(cells: Sequence[tuple[str, int, TextRole]]) -> ScreenLine:
    """Texts in columns of fixed widths, cropped and filled."""
    line: list[Run] = []
    for text, width, role in cells:
        cut = crop(clean(text), width)
        line += [Run(cut, role), Run(" " * (width - measure_width(cut) + 2), "blank")]
    return tuple(line[:-1])
