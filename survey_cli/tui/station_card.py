"""How does a case look that is to be called: who, which number, what time it is there, what was promised, what happened
before? Pure: a view and a width give lines; nothing is told by colour alone.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from survey_cli.sessions.station.station_protocol import NumberLine, OnCase, PastLine
from survey_cli.tui.question import Column
from survey_cli.tui.wording import (
    DOT,
    HERE,
    Line,
    Role,
    Run,
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


def card(view: OnCase, column: Column) -> list[Line]:
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


def _name(view: OnCase, width: int) -> Line:
    attempt = f"attempt {view.attempt} of {view.limit}"
    key = f"  {clean(view.key)}" if view.key != view.name else ""
    room = width - len(attempt) - 2
    name = crop(clean(view.name), room)
    key = crop(key, max(room - width_of(written(name, "stress")), 0))
    return spread((Run(name, "stress"), Run(key, "hint")), written(attempt, "hint"), width)


def _notice(view: OnCase, width: int) -> list[Line]:
    if not view.notice:
        return []
    return indented(_few(written(view.notice, "query"), width - 2, MOST_SAID), (Run("» ", "query"),), 2)


def _numbers(view: OnCase, width: int) -> list[Line]:
    """The number that is dialled, with the clocks beside it, and the others under it."""
    current = [n for n in view.numbers if n.current]
    others = [n for n in view.numbers if not n.current]
    lines: list[Line] = []
    clocks = _clocks(view)
    for number in current:
        line = _number(number, dialled=view.dialled)
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


def _number(number: NumberLine, *, dialled: bool) -> Line:
    said = [number.line if number.line != "unknown" else "kind unknown"]
    if number.by_hand:
        said.append("dial by hand")
    states = {"dead": "dead", "never_call": "never to be called"}
    said += [states.get(number.state, "")]
    said += [number.came_to]
    if dialled:
        said.append("dialed")
    role: Role = "chosen" if number.current else "aside"
    return (
        Run(f"{HERE if number.current else ' '} ", "chosen"),
        Run(clean(number.shown), role),
        Run(f"  {clean(DOT.join(word for word in said if word))}", "chosen" if dialled else "hint"),
    )


def _clocks(view: OnCase) -> Line:
    here = f"{view.here:%H:%M} here"
    if view.there is None:
        return (Run(f"{here}{DOT}their local time is not known", "hint"),)
    until = f"{DOT}until {view.until:%H:%M}" if view.until is not None else ""
    return (Run(f"{view.there:%H:%M} there", "aloud"), Run(f"{until}{DOT}{here}", "hint"))


def _known(view: OnCase, width: int) -> list[Line]:
    """Whom to ask for, what was promised, how the interview stands."""
    lines: list[Line] = []
    for label, text in (
        ("Appointment", view.promise),
        ("Ask for", view.ask_for),
        ("Interview", view.interview),
    ):
        if text:
            lines += _few((Run(f"{label}: ", "hint"), Run(clean(text), "chosen")), width, 2)
    return lines


def _few(runs: Line, width: int, most: int) -> list[Line]:
    """The runs wrapped into so many lines at most, the last one cut with … where there was more."""
    lines = list(wrap(runs, width))
    if len(lines) <= most:
        return lines
    last = "".join(run.text for run in lines[most - 1])
    role = lines[most - 1][-1].role if lines[most - 1] else "aside"
    return [*lines[: most - 1], (Run(crop(last + " " + "…" * width, width), role),)]


def past_lines(past: Sequence[PastLine], width: int) -> list[Line]:
    """What happened to the case, the oldest first: when, what, and what was noted."""
    lines: list[Line] = []
    for happened in past:
        when = f"{days_and_time(happened.at, None)}  "
        note = f": {happened.note}" if happened.note else ""
        text: Line = (Run(clean(happened.what), "aloud"), Run(clean(note), "aside"))
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
