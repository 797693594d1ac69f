"""The first page of somebody who is signed in: the seat, or how the last shift went."""

from aiohttp import web

from survey_cli.web.seats.seat_request import Face
from survey_cli.web.server.pages import render_page
from survey_cli.web.server.seating import SEATING, Seat
from survey_cli.web.server.visitors import VISITORS, Visitor, require_visitor

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
    last = _find_last_seat(request, visitor)
    reason = _read_reason(last)
    has_ended_shift = seat is None and last is not None and not reason and visitor.can_sign_out
    response = render_page(
        "home.html",
        visitor=visitor,
        is_seated=seat is not None,
        # The face of the seat that is open, or of the last one.
        is_text=_has_text(seat or last),
        has_ended=last is not None,
        is_signed_out=has_ended_shift,
        summary=_read_summary(last),
        reason=reason,
    )
    if has_ended_shift:
        await request.app[VISITORS].end_shift(request, response)
    return response


def _find_last_seat(request: web.Request, visitor: Visitor) -> Seat | None:
    """Return the seat that the visitor left last, unless it was before the visitor signed in."""
    last = request.app[SEATING].find_last_seat(visitor.person)
    if last is None or visitor.since is None or last.opened.since >= visitor.since:
        return last
    return None


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
    if seat.ended_by:
        return f"The seat was ended by {seat.ended_by}. Everything that was confirmed is stored."
    end = seat.ended.result()
    if end.is_for_update:
        return "The program was updated. Begin again: you go on in its new version."
    if end.sentence:
        return end.sentence
    if end.signal is not None:
        return "The seat was ended from outside. Everything that was confirmed is stored."
    return ""
