"""Pages of supervisors and shift leaders: who sits where, the end of a seat, and the board.

The first shows what the seats report of themselves. Web knows no study, so names and numbers of
respondents are never on it. The board is a seat of its own, with the rights of its person.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from aiohttp import web

from survey_cli.fieldwork.activities import describe_activity
from survey_cli.permissions import Action
from survey_cli.web.seats.seat_request import Face
from survey_cli.web.server.account_visitors import check_action, find_session
from survey_cli.web.server.pages import render_page
from survey_cli.web.server.screen_routes import render_screen, serve_screen
from survey_cli.web.server.seating import SEATING, Report, Seat
from survey_cli.web.server.sign_in_routes import read_form
from survey_cli.web.server.visitors import require_visitor
from survey_cli.web.server.zones import format_clock
from survey_cli.wording import escape_controls

SEATS_PATH: Final = "/seats"
BOARD_PATH: Final = "/board"

FACES: Final[Mapping[Face, str]] = {
    Face.SCREEN: "full screen",
    Face.TEXT: "text page",
    Face.BOARD: "board",
    Face.DESK: "download",
}
JUST_NOW_SECONDS: Final = 5
MINUTE: Final = 60


def add_routes(app: web.Application) -> None:
    """Add the page, what it asks for every few seconds, its button, and the board."""
    app.router.add_get(SEATS_PATH, show_seats)
    app.router.add_get(f"{SEATS_PATH}/list", send_seats)
    app.router.add_post(f"{SEATS_PATH}/end", end_seat)
    app.router.add_get(BOARD_PATH, show_board)
    app.router.add_get(f"{BOARD_PATH}/screen", connect_board)


async def show_seats(request: web.Request) -> web.Response:
    """Show who sits where."""
    zone = check_action(request, Action.SEE_SEATS).zone
    return render_page(
        "seats.html",
        visitor=await require_visitor(request),
        seats=_describe_seats(request, zone),
    )


async def send_seats(request: web.Request) -> web.Response:
    """Send the rows of the page, which it asks for while it is open."""
    zone = check_action(request, Action.SEE_SEATS).zone
    return web.json_response(
        [
            {name: escape_controls(text) for name, text in seat.items()}
            for seat in _describe_seats(request, zone)
        ]
    )


async def end_seat(request: web.Request) -> web.Response:
    """End a seat, as if its line had been lost: everything that was confirmed is stored."""
    check_action(request, Action.END_SEAT)
    visitor = await require_visitor(request)
    form = await read_form(request)
    seating = request.app[SEATING]
    seat = seating.find_by_id(form.get("seat", ""))
    if seat is not None:
        await seating.end_seat(seat, by=visitor.person)
    raise web.HTTPSeeOther(SEATS_PATH)


async def show_board(request: web.Request) -> web.Response:
    """Show the page of the board. Its socket opens a seat for it."""
    check_action(request, Action.SEE_BOARD)
    return render_screen(await require_visitor(request), Face.BOARD)


async def connect_board(request: web.Request) -> web.WebSocketResponse:
    """Connect a page with the visitor's board."""
    # A page whose session has ended learns so from its socket.
    if find_session(request) is not None:
        check_action(request, Action.SEE_BOARD)
    return await serve_screen(request, Face.BOARD)


def _describe_seats(request: web.Request, zone: str) -> list[dict[str, str]]:
    seats = sorted(request.app[SEATING].list_seats(), key=lambda seat: seat.person.casefold())
    return [_describe(seat, zone) for seat in seats]


def _describe(seat: Seat, zone: str) -> dict[str, str]:
    """Describe a seat, for its row."""
    opened = seat.opened
    status = seat.reports.get("status", {})
    face = FACES.get(opened.request.face, opened.request.face.value)
    if opened.request.practice:
        face = f"{face}, practice"
    if opened.is_old:
        face = f"{face}, old version"
    return {
        "seat": opened.id,
        "person": seat.person,
        "face": face,
        "since": format_clock(opened.since, zone),
        "activity": describe_activity(str(status.get("activity", ""))),
        "case": str(status.get("case", "")),
        "for": _format_beginning(status, zone),
        "last_key": _describe_last_key(seat.used_at),
    }


def _format_beginning(status: Report, zone: str) -> str:
    """Return since when the seat has been doing what it reports; empty if it reports nothing."""
    try:
        since = datetime.fromisoformat(str(status.get("since", "")))
    except ValueError:
        return ""
    return format_clock(since, zone)


def _describe_last_key(used_at: float) -> str:
    """Say how long ago something was keyed, by the clock of the loop."""
    if not used_at:
        return "none yet"
    seconds = int(asyncio.get_running_loop().time() - used_at)
    if seconds < JUST_NOW_SECONDS:
        return "just now"
    if seconds < MINUTE:
        return f"{seconds} s ago"
    return f"{seconds // MINUTE} min ago"
