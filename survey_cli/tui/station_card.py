"""Lines of the case to be called: person, numbers, clocks, appointment, history.

Pure. Nothing is conveyed by color alone.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from survey_cli.sessions.station.station_protocol import CaseView, StationHistoryLine, StationNumber
from survey_cli.tui.question import QuestionColumn
from survey_cli.tui.wording import (
    DOT,
    HERE,
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

MOST_OTHERS: Final = 3
"""Numbers shown beside the current one."""
MOST_PAST: Final = 2
"""Lines that one thing of the past may take."""
MOST_SAID: Final = 2
"""Lines for the sample's columns, and for a notice."""


def card(view: CaseView, column: QuestionColumn) -> list[ScreenLine]:
    """The case as it stands; the sample's columns give way first where there is little room."""
    width = column.width
    lines = [_name(view, width), *_notice(view, width)]
    numbers = _numbers(view, width)
    known = _known(view, width)
    room = column.rows - len(lines) - len(numbers) - len(known) - 3
    details = DOT.join(f"{clean(label)}: {clean(said)}" for label, said in view.details if said)
    if details and room > 0:
        lines += _few(written(details, "aside"), width, min(room, MOST_SAID))
    return [*lines, *numbers, *known]


def _name(view: CaseView, width: int) -> ScreenLine:
    attempt = f"attempt {view.attempt} of {view.limit}"
    key = f"  {clean(view.key)}" if view.key != view.name else ""
    room = width - len(attempt) - 2
    name = crop(clean(view.name), room)
    key = crop(key, max(room - width_of(written(name, "stress")), 0))
    return spread((Run(name, "stress"), Run(key, "hint")), written(attempt, "hint"), width)


def _notice(view: CaseView, width: int) -> list[ScreenLine]:
    if not view.notice:
        return []
    return indented(_few(written(view.notice, "query"), width - 2, MOST_SAID), (Run("» ", "query"),), 2)


def _numbers(view: CaseView, width: int) -> list[ScreenLine]:
    """The number that is dialled, with the clocks beside it, and the others under it."""
    current = [n for n in view.numbers if n.current]
    others = [n for n in view.numbers if not n.current]
    lines: list[ScreenLine] = []
    clocks = _clocks(view)
    for number in current:
        line = _number(number, dialled=view.has_open_call)
        if width_of(line) + width_of(clocks) < width:
            lines.append(spread(line, clocks, width))
        else:
            lines += [clipped(line, width), clipped(clocks, width)]
        if number.why_not:
            lines += indented(
                _few(written(f"not now: {number.why_not}", "why"), width - 4, 2), (Run("  ! ", "why"),), 4
            )
    if not current:
        lines += [written("no number that can be dialed", "why"), clipped(clocks, width)]
    lines += [clipped(_number(n, dialled=False), width) for n in others[:MOST_OTHERS]]
    if len(others) > MOST_OTHERS:
        lines.append(written(f"  and {len(others) - MOST_OTHERS} more: n", "hint"))
    return lines


def _number(number: StationNumber, *, dialled: bool) -> ScreenLine:
    said = [number.line if number.line != "unknown" else "kind unknown"]
    if number.by_hand:
        said.append("dial by hand")
    states = {"dead": "dead", "never_call": "never to be called"}
    said += [states.get(number.state, "")]
    said += [number.outcome]
    if dialled:
        said.append("dialed")
    role: TextRole = "chosen" if number.current else "aside"
    return (
        Run(f"{HERE if number.current else ' '} ", "chosen"),
        Run(clean(number.text), role),
        Run(f"  {clean(DOT.join(word for word in said if word))}", "chosen" if dialled else "hint"),
    )


def _clocks(view: CaseView) -> ScreenLine:
    here = f"{view.station_time:%H:%M} here"
    if view.respondent_time is None:
        return (Run(f"{here}{DOT}their local time is not known", "hint"),)
    until = f"{DOT}until {view.callable_until:%H:%M}" if view.callable_until is not None else ""
    return (Run(f"{view.respondent_time:%H:%M} there", "aloud"), Run(f"{until}{DOT}{here}", "hint"))


def _known(view: CaseView, width: int) -> list[ScreenLine]:
    """Whom to ask for, the appointment, the status of the interview."""
    lines: list[ScreenLine] = []
    for label, text in (
        ("Appointment", view.appointment),
        ("Ask for", view.ask_for),
        ("Interview", view.interview_status),
    ):
        if text:
            lines += _few((Run(f"{label}: ", "hint"), Run(clean(text), "chosen")), width, 2)
    return lines


def _few(runs: ScreenLine, width: int, most: int) -> list[ScreenLine]:
    """The runs wrapped into so many lines at most, the last one cut with … where there was more."""
    lines = list(wrap(runs, width))
    if len(lines) <= most:
        return lines
    last = "".join(run.text for run in lines[most - 1])
    role = lines[most - 1][-1].role if lines[most - 1] else "aside"
    return [*lines[: most - 1], (Run(crop(last + " " + "…" * width, width), role),)]


def past_lines(past: Sequence[StationHistoryLine], width: int) -> list[ScreenLine]:
    """What happened to the case, the oldest first: when, what, and what was noted."""
    lines: list[ScreenLine] = []
    for happened in past:
        when = f"{days_and_time(happened.at, None)}  "
        note = f": {happened.note}" if happened.note else ""
        text: ScreenLine = (Run(clean(happened.what), "aloud"), Run(clean(note), "aside"))
        if happened.by:
            text = (*text, Run(f" ({clean(happened.by)})", "hint"))
        size = len(when)
        lines += indented(_few(text, max(width - size, 8), MOST_PAST), (Run(when, "hint"),), size)
    return lines


def days_and_time(at: datetime, today: datetime | None) -> str:
    """`Thu 26 Nov 14:10`; only `14:10` where it is today."""
    if today is not None and at.date() == today.date():
        return f"{at:%H:%M}"
    return f"{at:%a} {at.day:>2} {at:%b %H:%M}"
