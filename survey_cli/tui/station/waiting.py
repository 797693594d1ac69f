"""Lines of the views without a case: nobody can be called, a break, the time after a call."""

from datetime import datetime, timedelta
from typing import assert_never

from textual.content import Content

from survey_cli.sessions.station.station_protocol import BreakView, IdleView, WrapUpView
from survey_cli.tui.station.case import format_time
from survey_cli.tui.widgets.text import spread, style_text


def build_waiting(view: IdleView | BreakView | WrapUpView, width: int) -> list[Content]:
    """Build what is waited for, and how long."""
    match view:
        case IdleView():
            heading = "The study is paused" if view.study_is_paused else "Nobody can be called just now"
            texts = [style_text(view.why[:1].upper() + view.why[1:])]
            if view.next_at is not None:
                when = format_time(view.next_at, view.station_time)
                texts.append(style_text(f"Next: {when}. The case comes by itself."))
        case BreakView():
            heading = f"On a break: {view.reason}" if view.reason else "On a break"
            texts = [style_text(f"Since {view.since:%H:%M}")]
            if view.station_time is not None:
                texts = [Content.assemble((format_duration(view.station_time - view.since), "bold"), "   ", texts[0])]
        case WrapUpView():
            heading = f"{view.case}: {view.outcome}"
            left = max(view.until - view.station_time, timedelta())
            seconds = -(-left // timedelta(seconds=1))
            texts = [
                Content.assemble("The next case comes in ", (f"{seconds} s", "bold")),
                style_text("━" * min(seconds, width), "$accent"),
            ]
        case _:
            assert_never(view)
    clock = f"{view.station_time:%H:%M} here" if isinstance(view.station_time, datetime) else ""
    lines = [spread(style_text(heading, "bold"), style_text(clock, "$quiet"), width), Content()]
    return [*lines, *(line for text in texts for line in text.wrap(max(width, 4)))]


def format_duration(time: timedelta) -> str:
    """Format a running time: `0:42`, `12:05`, `1:02:05`."""
    seconds = max(int(time.total_seconds()), 0)
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes:02}:{seconds % 60:02}"
