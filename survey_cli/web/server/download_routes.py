"""The page on which supervisors and analysts download data and reports, with a reason.

Web has no study. A desk makes the file, with the rights of the person who asks, and checks the
table of roles again. A report has words of respondents in it: it is saved, never shown as a page
of ours.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from aiohttp import hdrs, web

from survey_cli.permissions import Action, may
from survey_cli.problems import UserError
from survey_cli.services.export.download_request import (
    MOST_BY_LETTERS,
    MOST_REASON_LETTERS,
    DownloadKind,
    DownloadRequest,
    encode_download,
    list_installed_formats,
    read_form,
)
from survey_cli.web.seats.desk_files import (
    DeskFile,
    DeskLostError,
    DeskRefusalError,
    describe_error,
)
from survey_cli.web.seats.seat_link import SeatError
from survey_cli.web.seats.seat_request import Face, SeatRequest
from survey_cli.web.server.account_visitors import check_action, record_denied, require_session
from survey_cli.web.server.desks import DESKS, Desk, TooManyDesksError, prepare_desks
from survey_cli.web.server.pages import render_page
from survey_cli.web.server.security_headers import mark_foreign
from survey_cli.web.server.sign_in_routes import read_form as read_fields
from survey_cli.web.server.visitors import require_visitor

DOWNLOADS_PATH: Final = "/downloads"
MAKING_SECONDS: Final = 900.0
"""How long a file may take to be made."""
LOOK_SECONDS: Final = 1.0
"""How often web looks whether the browser still waits for it."""

STUDIES: web.AppKey[Sequence[str]] = web.AppKey("studies")
"""The titles of the studies, in the order of their numbers."""

KINDS: Final[Mapping[DownloadKind, tuple[str, str]]] = MappingProxyType(
    {
        DownloadKind.DATA: ("Data", "the answers, for a spreadsheet or a statistics program"),
        DownloadKind.REPORT: ("Report", "results of every item, as a page (HTML)"),
        DownloadKind.CODEBOOK: ("Codebook", "what every variable means, as a page (HTML)"),
    }
)
"""What can be downloaded, in words."""
ROWS: Final = MappingProxyType(
    {
        "interviews": "interview",
        "answers": "answer",
        "events": "event of an interview",
        "cases": "case",
        "calls": "call",
    }
)
ORIGINS: Final = MappingProxyType(
    {
        "real": "real interviews",
        "imported": "imported interviews",
        "practice": "practice",
        "simulated": "simulated interviews",
        "all": "all of them",
    }
)
INTERVIEWS: Final = MappingProxyType(
    {
        "complete": "complete ones only",
        "partial": "complete and partial",
        "all": "all, also unfinished ones",
    }
)

DEFAULTS: Final = MappingProxyType(
    {
        "study": "0",
        "kind": "data",
        "format": "csv",
        "rows": "interviews",
        "origin": "real",
        "interviews": "partial",
        "by": "",
        "reason": "",
    }
)
"""What an empty form has, as `survey export` and `survey report`. Of the boxes only `partials` is
checked."""


def make_adder(studies: Sequence[str]) -> Callable[[web.Application], None]:
    """Return what adds the page for these studies, by their titles."""

    def add_routes(app: web.Application) -> None:
        if not studies:
            return
        prepare_desks(app)
        app[STUDIES] = tuple(studies)
        app.router.add_get(DOWNLOADS_PATH, show_downloads)
        app.router.add_post(DOWNLOADS_PATH, download)

    return add_routes


async def show_downloads(request: web.Request) -> web.Response:
    """Show what can be downloaded."""
    check_action(request, Action.DOWNLOAD)
    return await _render_downloads(request)


async def download(request: web.Request) -> web.StreamResponse:
    """Send the file, or show the page again with what is wrong."""
    check_action(request, Action.DOWNLOAD)
    fields = await read_fields(request)
    try:
        wanted = read_form(fields)
    except UserError as error:
        return await _render_downloads(
            request, fields, describe_error(error), status=HTTPStatus.UNPROCESSABLE_ENTITY
        )
    for action in wanted.list_actions():
        check_action(request, action)

    try:
        async with request.app[DESKS].open(_make_seat_request(request, wanted)) as desk:
            return await _send_file(request, desk, fields)
    except TooManyDesksError as error:
        return await _render_downloads(
            request, fields, str(error), status=HTTPStatus.TOO_MANY_REQUESTS
        )
    except SeatError as error:
        sentence = f"This file can't be made now: {error}."
        return await _render_downloads(
            request, fields, sentence, status=HTTPStatus.SERVICE_UNAVAILABLE
        )


def _make_seat_request(request: web.Request, wanted: DownloadRequest) -> SeatRequest:
    session = require_session(request)
    return SeatRequest(
        person=session.person.login,
        face=Face.DESK,
        zone=session.zone,
        task=encode_download(wanted),
    )


async def _send_file(
    request: web.Request, desk: Desk, fields: Mapping[str, str]
) -> web.StreamResponse:
    """Send the file of a desk as it arrives. Raises ConnectionError if that breaks off."""
    try:
        file = await _wait_for_file(request, desk)
    except DeskRefusalError as error:
        status = HTTPStatus.CONFLICT
        if error.is_denied:
            record_denied(request)
            status = HTTPStatus.FORBIDDEN
        return await _render_downloads(request, fields, str(error), status=status)
    except DeskLostError:
        sentence = await desk.find_sentence() or "It has ended before the file was complete."
        return await _render_downloads(
            request, fields, f"The file can't be made: {sentence}", status=HTTPStatus.BAD_GATEWAY
        )

    response = web.StreamResponse()
    response.headers[hdrs.CONTENT_TYPE] = file.media_type
    response.headers[hdrs.CONTENT_DISPOSITION] = f'attachment; filename="{file.name}"'
    response.content_length = file.length
    mark_foreign(response)
    await response.prepare(request)
    try:
        while chunk := await desk.reader.read_chunk():
            # Waits until the browser has taken most of what was written before.
            await response.write(chunk)
    except DeskLostError as error:
        # The browser sees by the length that the file isn't complete.
        raise ConnectionError("the desk has ended too early") from error
    await response.write_eof()
    return response


async def _wait_for_file(request: web.Request, desk: Desk) -> DeskFile:
    """Wait until the file is made, as long as the browser waits for it.

    Raises DeskRefusalError, DeskLostError, and ConnectionError if the browser has gone.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + MAKING_SECONDS
    reading = asyncio.create_task(desk.reader.read_header())
    try:
        while not reading.done():
            if request.transport is None or request.transport.is_closing():
                raise ConnectionError("the browser has gone")
            if loop.time() > deadline:
                minutes = int(MAKING_SECONDS) // 60
                sentence = f"It takes longer than {minutes} minutes. Use `survey export` instead."
                raise DeskRefusalError(sentence)
            await asyncio.wait({reading}, timeout=LOOK_SECONDS)
        return reading.result()
    finally:
        reading.cancel()


async def _render_downloads(
    request: web.Request,
    fields: Mapping[str, str] = MappingProxyType({}),
    sentence: str = "",
    *,
    status: HTTPStatus = HTTPStatus.OK,
) -> web.Response:
    """Render the page, with what was chosen before."""
    role = require_session(request).person.role
    chosen = {**DEFAULTS, **fields}
    if not fields:
        chosen["partials"] = "yes"
    return render_page(
        "downloads.html",
        status=status,
        visitor=await require_visitor(request),
        sentence=sentence,
        chosen=chosen,
        studies=request.app[STUDIES],
        kinds={kind.value: words for kind, words in KINDS.items()},
        formats={name: form.label for name, form in list_installed_formats().items()},
        rows=ROWS,
        origins=ORIGINS,
        interviews=INTERVIEWS,
        may_have_personal=may(role, Action.EXPORT_PERSONAL),
        most_reason_letters=MOST_REASON_LETTERS,
        most_by_letters=MOST_BY_LETTERS,
    )
