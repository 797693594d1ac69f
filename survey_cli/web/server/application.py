"""The aiohttp application: its routes, in one module a subject, and what they share.

A module of routes has a function `add_routes(app)`. It finds what the others need under their keys:
`request.app[SEATING]`, and `require_visitor(request)` for who asks.
"""

from collections.abc import Callable

from aiohttp import web

from survey_cli.web.seats.seat_link import SeatLink
from survey_cli.web.server import home_routes, screen_routes, static_files, text_routes
from survey_cli.web.server.open_sockets import prepare_sockets
from survey_cli.web.server.seating import SEATING, Seating
from survey_cli.web.server.visitors import VISITORS, VisitorFinder

AddRoutes = Callable[[web.Application], None]


def build_application(
    link: SeatLink, visitors: VisitorFinder, *further_routes: AddRoutes
) -> web.Application:
    """Build the application. Call it in the loop: the seats of a web before are taken over."""
    app = web.Application()
    app[VISITORS] = visitors
    prepare_sockets(app)
    app[SEATING] = Seating(link)
    app[SEATING].begin()

    for add_routes in (
        static_files.add_routes,
        home_routes.add_routes,
        screen_routes.add_routes,
        text_routes.add_routes,
        *further_routes,
    ):
        add_routes(app)
    return app
