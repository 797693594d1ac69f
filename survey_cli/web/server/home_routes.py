"""The first page of somebody who is signed in: the seat, or how the last shift went."""

from aiohttp import web

from survey_cli.web.seats.seat_request import Face
from survey_cli.web.server.pages import render_page
from survey_cli.web.server.seating import SEATING, Seat
from survey_cli.web.server.visitors import require_visitor

SUMMARY = "summary"
"""The report with which a seat says how its shift went: its `lines`."""


def add_routes(app: web.Application) -> None:
    """Add the page."""
    app.router.add_get("/", show_home)


async def show_home(request: web.Request) -> web.Response:
    """Show the seat that is open, or the summary of the last one."""
    visitor = await require_visitor(request)
    seating = request.app[SEATING]
    seat = seating.find_seat(visitor.person)
    last = seating.find_last_seat(visitor.person)
    return render_page(
        "home.html",
        visitor=visitor,
        is_seated=seat is not None,
        # The face of the seat that is open, or of the last one.
        is_text=_has_text(seat or last),
        has_ended=last is not None,
        summary=_read_summary(last),
        reason=_read_reason(last),
    )


def _has_text(seat: Seat | None) -> bool:
    return seat is not None and seat.opened.request.face is Face.TEXT


def _read_summary(seat: Seat | None) -> list[str]:
    """Return the lines of the seat's summary."""
    if seat is None:
        return []
    lines = seat.reports.get(SUMMARY, {}).get("lines", [])
    if not isinstance(lines, list):
        return []
    return [str(line) for line in lines]


def _read_reason(seat: Seat | None) -> str:
    """Return why the seat ended, if it didn't end as its person wished."""
    if seat is None or not seat.ended.done():
        return ""
    end = seat.ended.result()
    if end.sentence:
        return end.sentence
    if end.signal is not None:
        return "The seat was ended from outside. Everything that was confirmed is stored."
    return ""
