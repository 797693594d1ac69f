"""Plain text output on a terminal or into a pipe.

Text is literal, never markup or an escape sequence. A terminal shows a progress bar for what takes
over a second; a pipe gets nothing. This module knows no command and no instrument.
"""

import io
import shutil
import sys
import time
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TextIO, cast

from survey_cli.problems import ConfirmableError, UserError
from survey_cli.wording import escape_controls

if TYPE_CHECKING:
    from rich.progress import Progress

    from survey_cli.table.table import Table


FAILED = 1
MISUSED = 2
PIPE_CLOSED = 141
"""As in shells: 128 and the number of SIGPIPE."""
RETRY = -1
"""A question was answered at the terminal, so the command is run again. Not a code of a process."""
MOST_PROBLEMS = 10
"""Number of an instrument's problems shown by a command other than `check`."""


def make_printable(text: str) -> str:
    """Return the text on one line, with control characters and direction controls made visible."""
    if text.isprintable():
        return text
    return escape_controls(text.replace("\n", " "))


class _TerminalText(io.TextIOBase):
    """A text stream to a terminal that makes control characters visible."""

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal

    def write(self, text: str) -> int:
        lines = text.replace("\r\n", "\n").split("\n")
        return self._terminal.write("\n".join(map(make_printable, lines)))

    def flush(self) -> None:
        self._terminal.flush()


def open_data_output() -> TextIO:
    """Return standard output for data and documents: always UTF-8, unchanged into a pipe or a file.

    On a terminal, control characters are made visible.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="")
    if sys.stdout.isatty():
        return cast(TextIO, _TerminalText(sys.stdout))
    return sys.stdout


def name_output(to: str) -> str:
    """Return a file's path, or `stdout` for `-`."""
    return "stdout" if to == "-" else to


def say(*lines: object) -> None:
    """Print lines for the user on stderr; stdout is for data."""
    for line in lines:
        print(make_printable(str(line)), file=sys.stderr)


def report_error(error: UserError) -> int:
    """Print why a command could not be carried out. Returns its exit code, or RETRY."""
    say(*error.problems[:MOST_PROBLEMS])
    if len(error.problems) > MOST_PROBLEMS:
        say(f"… and {len(error.problems) - MOST_PROBLEMS} more")
    # The problem of a file that can't be read has no line. It says the same as the error.
    is_unreadable_file = [problem.where.line for problem in error.problems] == [0]
    if not is_unreadable_file:
        say(error)

    if isinstance(error, ConfirmableError):
        return _confirm(error)
    return FAILED


def _confirm(error: ConfirmableError) -> int:
    """Ask the error's question at the terminal. Returns RETRY if the answer is yes."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return MISUSED

    print(f"{make_printable(error.question)} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        return FAILED
    try:
        error.confirm()
    except UserError as failure:
        return report_error(failure)
    return RETRY


def get_width() -> int:
    """Return the number of cells in a line."""
    return max(20, shutil.get_terminal_size().columns)


def print_result(
    form: str, lines: Iterable[str], value: Any, table: "Callable[[], Table] | None" = None
) -> None:
    """Print a result on stdout: as lines of text, as JSON of a `value`, or as CSV of a table."""
    if form == "json":
        print(render_json(value), file=open_data_output())
    elif form == "csv" and table is not None:
        from survey_cli.exports import WriteOptions
        from survey_cli.exports.text import write_csv

        write_csv(table(), open_data_output(), WriteOptions())
    else:
        print_lines(lines)


def render_json(value: Any) -> str:
    """Render a value as JSON.

    Dates and times are in ISO 8601 with their offset, durations in seconds.
    """
    import json

    return json.dumps(to_json_data(value), ensure_ascii=False, indent=1)


def to_json_data(value: Any) -> Any:
    """Convert data classes, named tuples, dates and durations to what JSON has."""
    match value:
        case datetime():
            return value.isoformat(timespec="seconds")
        case timedelta():
            return value.total_seconds()
        case date():
            return value.isoformat()
        case str() | int() | float() | None:
            return value
        case dict():
            return {name: to_json_data(item) for name, item in value.items()}
        case tuple() if hasattr(value, "_asdict"):
            return to_json_data(value._asdict())
        case tuple() | list() | frozenset():
            return [to_json_data(item) for item in value]
        case _ if is_dataclass(value):
            return {field.name: to_json_data(getattr(value, field.name)) for field in fields(value)}
        case _:
            raise TypeError(f"{type(value).__name__} has no place in JSON")


def print_lines(lines: Iterable[str]) -> None:
    """Print lines on stdout, with control characters made visible."""
    for line in lines:
        print(make_printable(line))


def separate(parts: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield the lines of all parts that have any, with an empty line between two of them."""
    is_first = True
    for part in parts:
        lines = list(part)
        if not lines:
            continue

        if not is_first:
            yield ""
        yield from lines
        is_first = False


def wrap_paragraph(text: str, *, indent: int = 0) -> list[str]:
    """Wrap text to the terminal, at most 100 cells wide."""
    from textwrap import wrap

    space = " " * indent
    return wrap(
        make_printable(text),
        min(get_width(), 100),
        initial_indent=space,
        subsequent_indent=space,
        break_on_hyphens=False,
    )


def render_table(
    head: Sequence[str], rows: Iterable[Sequence[object]], *, right: Container[int] = ()
) -> list[str]:
    """Render rows in columns, two spaces apart; those in `right` are aligned right.

    A wide character takes two cells.
    """
    from survey_cli.text_width import measure_width

    lines = [[make_printable(str(cell)) for cell in row] for row in (head, *rows)]
    widths = [max(map(measure_width, column)) for column in zip(*lines, strict=True)]

    rendered = []
    for cells in lines:
        padded = []
        for number, (cell, width) in enumerate(zip(cells, widths, strict=True)):
            space = " " * (width - measure_width(cell))
            padded.append(space + cell if number in right else cell + space)
        rendered.append("  ".join(padded).rstrip())
    return rendered


SHOW_AFTER_SECONDS: Final = 1.0
"""Seconds before the bar is shown."""
PLAIN_INTERVAL_SECONDS: Final = 5.0
"""Seconds between two lines if there is no terminal."""


@contextmanager
def show_progress(*, shown: bool = True) -> Iterator[Callable[[int, int], None] | None]:
    """Yield a callback for the number read and the total; None without a terminal or `shown`."""
    if not shown or not sys.stderr.isatty():
        yield None
        return

    began = time.monotonic()
    bar: Progress | None = None

    def update(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:
            if time.monotonic() - began < SHOW_AFTER_SECONDS:
                return
            bar = _start_bar(total)
        bar.update(bar.task_ids[0], completed=done, total=total)

    try:
        yield update
    finally:
        if bar is not None:
            bar.stop()


@contextmanager
def show_day_progress() -> Iterator[Callable[[int, int, int], None]]:
    """Yield a callback for simulated fieldwork: the days done, all days, the complete interviews.

    It shows a bar on the terminal, a line every few seconds elsewhere.
    """
    if sys.stderr.isatty():
        with show_progress() as progress:

            def show_days(done: int, days: int, complete: int) -> None:
                if progress is not None:
                    progress(done, days)

            yield show_days
        return

    last = time.monotonic()

    def say(done: int, days: int, complete: int) -> None:
        nonlocal last
        if time.monotonic() - last >= PLAIN_INTERVAL_SECONDS:
            last = time.monotonic()
            print(f"day {done} of {days}: {complete:,} complete", file=sys.stderr, flush=True)

    yield say


def _start_bar(total: int) -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.add_task("", total=total)
    bar.start()
    return bar
