"""Seats in the browser: a station that runs on the server and is shown in a page.

Three kinds of processes take part. The *spawner* is started first and only forks the others. *web*
knows accounts and sockets, and no study. Each *seat* runs one person's station, or what a
supervisor asked for, and knows one study and one person. `cli` passes in what a seat runs, so this
package knows neither the full screen nor the plain interface.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from socket import socket

    from survey_cli.web.seats.seat_request import SeatPrograms
    from survey_cli.web.seats.updating import Updating
    from survey_cli.web.serve_options import ServeOptions


def serve(
    options: "ServeOptions", programs: "SeatPrograms", updating: "Updating | None" = None
) -> int:
    """Be the spawner until the server is told to end; returns the exit code.

    Import everything that the programs need before, so that all seats share it. It needs the
    libraries of the extra `[web]`.
    """
    from survey_cli.web.seats.spawner import Spawner
    from survey_cli.web.server.pages import load_templates
    from survey_cli.web.server.serving import serve_pages
    from survey_cli.web.server.static_files import load_files

    # Here and not in web: one that is started again after a new version was installed would find
    # the pages and the scripts of that version, and not the program that goes with them.
    load_templates()
    load_files()

    def run_web(connection: "socket") -> int:
        return serve_pages(options, connection)

    # On one's own computer it asks for a new link.
    watches_enter = options.socket is None
    return Spawner(programs, run_web, updating=updating, watches_enter=watches_enter).run()
