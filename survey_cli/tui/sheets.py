"""Pages that cover the question in a preview: problems of the file, data so far, confirmation of leaving. Pure."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from survey_cli.problems import Position, Problem, select_errors
from survey_cli.sessions import InterviewResult
from survey_cli.sessions.preview.preview_session import PreviewValue
from survey_cli.text_width import measure_width
from survey_cli.tui.drawing import Page
from survey_cli.tui.foot import Keys, keys_line
from survey_cli.tui.question import BLANK, TO_READ, row_of
from survey_cli.tui.wording import (
    DOT,
    DOWN,
    HERE,
    MORE,
    RULE,
    UP,
    Run,
    ScreenLine,
    TextRole,
    clean,
    clipped,
    crop,
    indented,
    spread,
    width_of,
    wrap,
    written,
)
from survey_cli.values import Place
from survey_cli.wording import format_quantity

MARGIN: Final = 2
BAR: Final = " │ "
LEAVES: Final = (("y", "leave", 0), ("n", "go on", 0))
OVER: Final = (("y", "start over", 0), ("n", "go on", 0))
MANUAL: Final = (
    ("F3", "any item, asked or not: what is open before it is invented, and said"),
    ("F4", "another language"),
    ("Ctrl+R", "start over: every answer is forgotten"),
    ("Ctrl+T", "the data so far, as an analyst will get them"),
    ("Ctrl+P", "the problems and warnings of the file"),
    ("Ctrl+C", "leave the preview"),
    ("", "The file is read again whenever it is saved. All other keys are the interviewer's."),
)
"""The keys that only a preview has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewSheet:
    """Lines to be scrolled through, and what the keys do meanwhile."""

    lines: tuple[ScreenLine, ...]
    keys: Keys
    at: int | None = None
    """The line to be seen when it opens."""


def found(problems: Sequence[Problem]) -> str:
    """`3 errors · 1 warning`; empty where there is nothing."""
    wrong = len(select_errors(problems))
    parts = [format_quantity(wrong, "error")] * (wrong > 0)
    parts += [format_quantity(len(problems) - wrong, "warning")] * (len(problems) > wrong)
    return DOT.join(parts)


def head(name: str, right: Sequence[tuple[str, TextRole]], width: int) -> ScreenLine:
    """The first line: PREVIEW, what is shown, and on the right what there is to know of it."""
    end: list[Run] = []
    for text, role in right:
        if text:
            end += [Run(DOT, "head")] * bool(end) + [Run(clean(text), role)]
    start: ScreenLine = (Run(" ", "blank"), Run(" PREVIEW ", "practice"), Run(" ", "blank"))
    room = width - width_of(start) - width_of(end) - 3
    return spread((*start, Run(crop(clean(name), max(room, 0)), "head")), tuple(end), width - 1)


def rule(width: int, keys: Keys, says: str = "") -> ScreenLine:
    """A rule with keys on its left and a remark on its right."""
    after = f" {says} " if says else ""
    line = keys_line(keys, width - measure_width(after) - 4) if width >= 40 else ()
    left: ScreenLine = (Run(RULE, "rule"), *line, Run(" ", "blank")) if line else ()
    tail = RULE * 3 if says else ""
    fill = max(width - width_of(left) - measure_width(after) - len(tail), 0)
    return clipped((*left, Run(RULE * fill, "rule"), Run(after, "hint"), Run(tail, "rule")), width)


def page(sheet: PreviewSheet, first: ScreenLine, *, top: int, width: int, height: int) -> Page:
    """A sheet on the whole screen, from its line `top` on."""
    foot = 1 if height >= 3 else 0
    ruled = height >= 8
    rows = max(height - 1 - foot - (2 if ruled else 0), 1)
    top = min(max(top, 0), max(len(sheet.lines) - rows, 0))
    below = top + rows < len(sheet.lines)
    margin: ScreenLine = (Run(" " * MARGIN, "blank"),)
    body = [margin + line for line in sheet.lines[top : top + rows]]
    body += [BLANK] * (rows - len(body))
    lines = [first]
    if ruled:
        lines.append(rule(width, (), f"more above: PgUp {UP}" if top else ""))
    lines += body
    if ruled:
        lines.append(rule(width, (), f"more below: PgDn {DOWN}" if below else ""))
    if foot:
        lines.append((Run(" ", "blank"), *keys_line(sheet.keys, width - 2)))
    return Page(lines=tuple(clipped(line, width) for line in lines[:height]), top=top, rows=rows, cursor=None)


# ── problems ───────────────────────────────────────────────────────────────────────────────────────────────


def problem_sheet(
    problems: Sequence[Problem], line: Callable[[Position], str], *, broken: bool, width: int
) -> PreviewSheet:
    """Every problem with its place, what to do about it, and the line it stands in; errors first."""
    lines: list[ScreenLine] = []
    for problem in sorted(problems, key=lambda p: p.severity != "error"):
        if lines:
            lines.append(BLANK)
        lines += _problem(problem, line(problem.where), width - 2 * MARGIN)
    if not problems:
        lines = [written("The file has no problems.", "aside")]
    keys: Keys = (
        ("", "correct it and save: the question comes back", 1),
        (f"{UP} {DOWN}", "scroll", 2),
        ("Ctrl+C", "leave", 0),
    )
    return PreviewSheet(lines=tuple(lines), keys=keys if broken else (("Esc", "back to the question", 0),))


def _problem(problem: Problem, line: str, width: int) -> list[ScreenLine]:
    role: TextRole = "why" if problem.severity == "error" else "query"
    who = f"{problem.who}: " if problem.who else ""
    remedy = f" — {problem.remedy}" if problem.remedy else ""
    text = (
        Run(clean(str(problem.where)), "stress"),
        Run(": ", "aloud"),
        Run(problem.severity, role),
        Run(f": {clean(who + problem.what)}", "aloud"),
        Run(clean(remedy), "chosen"),
    )
    lines = indented(wrap(text, width - 2), (Run(f"{'!' if role == 'why' else '?'} ", role),), 2)
    if not line.strip() or not problem.where.column:
        return lines
    number = str(problem.where.line)
    gutter = 4 + len(number) + len(BAR)
    shown, carets = _snippet(line, problem.where.column, problem.length, max(width - gutter, 10))
    lines.append((Run(f"    {number}{BAR}", "hint"), Run(shown, "aside")))
    lines.append((Run(f"    {' ' * len(number)}{BAR}", "hint"), Run(carets, role)))
    return lines


def _snippet(line: str, column: int, length: int, width: int) -> tuple[str, str]:
    """The line cut to `width` cells around its place, and carets below it."""
    at = min(max(column - 1, 0), len(line))
    end = min(max(at + max(length, 1), at + 1), max(len(line), at + 1))
    start = 0
    while start < at and measure_width(clean(line[start:end])) > width - 2:
        start += 1
    while start < at and start and measure_width(clean(line[start:at])) > width // 2:
        start += 1
    before = MORE if start else ""
    shown = crop(before + clean(line[start:]), width)
    indent = measure_width(before + clean(line[start:at]))
    carets = max(measure_width(clean(line[at:end])), 1)
    return shown, " " * indent + "^" * max(min(carets, width - indent), 1)


# ── the data ───────────────────────────────────────────────────────────────────────────────────────────────

STATES: Final = ("answered", "dk", "refused", "not_asked", "not_reached")


def data_sheet(data: Sequence[PreviewValue], here: Place | None, *, width: int) -> PreviewSheet:
    """Variables and values as an analyst will get them, and why a cell has no answer."""
    room = min(width, 120) - 2 * MARGIN
    count = Counter(d.state for d in data)
    names = {d.state: d.label for d in data if d.state != "answered"}
    states = [*STATES, *(s for s in count if s not in STATES)]
    told = DOT.join(f"{count[s]} {names.get(s, s.replace('_', ' ')).lower()}" for s in states if count[s])
    name = min(max((measure_width(d.name) for d in data), default=8), max(room // 3, 8))
    value = min(max((measure_width(d.value) for d in data), default=8), max(room // 3, 8))
    says = max(room - name - value - 6, 8)
    lines: list[ScreenLine] = [
        *wrap(written(f"{format_quantity(len(data), 'variable')}: {told}", "aside"), room),
        BLANK,
    ]
    at = None
    for datum in data:
        if datum.place == here and at is None:
            at = len(lines)
        answered = datum.state == "answered"
        role: TextRole = "aloud" if answered else "aside"
        text = datum.label + (" (invented)" if datum.is_invented else "")
        cells: list[tuple[str, int, TextRole]] = [
            (datum.name, name, "chosen" if datum.place == here else "code"),
            (datum.value, value, role),
            (text.strip(), says, "aside"),
        ]
        lines.append((Run(f"{HERE if datum.place == here else ' '} ", "chosen"), *row_of(cells)))
    return PreviewSheet(lines=tuple(lines), keys=(("Esc", "back to the question", 0),), at=at)


# ── the rest ───────────────────────────────────────────────────────────────────────────────────────────────


def asking_sheet(text: str, keys: Keys, width: int) -> PreviewSheet:
    """One question about the preview itself."""
    return PreviewSheet(lines=wrap(written(text, "stress"), min(width - 2 * MARGIN, TO_READ)), keys=keys)


def manual_sheet(manual: Sequence[ScreenLine], width: int) -> PreviewSheet:
    """The keys of a preview above the interviewer's own page of keys."""
    lines: list[ScreenLine] = []
    for key, does in MANUAL:
        text = wrap(written(does, "aside"), min(width - 2 * MARGIN, TO_READ) - 16)
        lines += indented(text, (Run(f"{key:<16}", "code"),), 16)
    return PreviewSheet(lines=(*lines, BLANK, *manual), keys=(("Esc", "back to the question", 0),))


def closing_sheet(closing: InterviewResult | None, width: int) -> PreviewSheet:
    """How the interview ended, and where one can go from there."""
    said = "The interview is closed"
    if closing is not None:
        outcome = closing.outcome.name if closing.outcome is not None else ""
        said = {
            "ended": f"The interview ends here: {outcome or 'complete'}",
            "suspended": f"The interview is suspended here{': ' + outcome if outcome else ''}",
            "stopped": f"The interview was stopped: {outcome}",
        }.get(closing.status, said)
    answers = format_quantity(closing.answered, "answer") if closing is not None else "no answers"
    lines = [
        *wrap(written(said, "stress"), min(width - 2 * MARGIN, TO_READ)),
        BLANK,
        *wrap(
            written(f"{answers}, not kept. An item added to the file behind it is asked when you save.", "aside"),
            min(width - 2 * MARGIN, TO_READ),
        ),
    ]
    keys: Keys = (
        ("←", "back", 0),
        ("F3", "any item", 1),
        ("Enter", "start over", 0),
        ("Ctrl+T", "data", 1),
        ("Ctrl+C", "leave", 0),
    )
    return PreviewSheet(lines=tuple(lines), keys=keys)
