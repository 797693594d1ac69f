"""The command `serve`."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import quote

import typer

from survey_cli.cli import parameters
from survey_cli.cli.option_groups import option_group
from survey_cli.cli.output import datetimes
from survey_cli.cli.output.terminal import FAILED, RETRY, report_error, say
from survey_cli.cli.parameters import option, questionnaire_argument, text_option
from survey_cli.cli.run_command import write_crash_report
from survey_cli.permissions import Action
from survey_cli.problems import UserError

if TYPE_CHECKING:
    from survey_cli.services.accounts.account_files import AccountFiles
    from survey_cli.sessions.station.listeners import Listeners
    from survey_cli.sessions.station.station import StationSession
    from survey_cli.study.open_study import OpenStudy
    from survey_cli.web.seats.seat_request import SeatProgram, SeatPrograms, SeatRequest, SeatSide
    from survey_cli.web.seats.updating import Handover, Updating
    from survey_cli.web.serve_options import ServeOptions

LIBRARIES: Final = ("aiohttp", "textual_serve")
"""What a seat in the browser needs of the extra `[web]`."""
HIGHEST_PORT: Final = 65_535


@option_group
class ServeParameters:
    """The options of `survey serve`."""

    interviewer: parameters.InterviewerNameOption = ""
    port: Annotated[
        int,
        option(
            "--port N",
            "The port on this computer; by default a free one.",
            min=0,
            max=HIGHEST_PORT,
        ),
    ] = 0
    socket: Annotated[
        str,
        text_option(
            "--socket PATH",
            "For other computers: the Unix socket that a proxy with TLS opens, such as Caddy.",
        ),
    ] = ""
    socket_group: Annotated[
        str,
        text_option("--socket-group GROUP", "The group of the proxy, which may open the socket."),
    ] = ""
    address: Annotated[
        str,
        text_option(
            "--address URL",
            "The address that people open at the proxy; kept, also for the links of invitations.",
        ),
    ] = ""
    user_header: Annotated[
        str,
        text_option(
            "--user-header NAME",
            "The header in which the proxy tells who has signed in at its single sign-on.",
        ),
    ] = ""
    # Asked for by those who know other servers. It explains why there is no such option.
    host: Annotated[
        str,
        text_option("--host --bind --listen ADDRESS", "127.0.0.1, and no other.", hidden=True),
    ] = ""
    no_browser: Annotated[
        bool, option("--no-browser", "Print the link instead of opening the browser.")
    ] = False
    practice: Annotated[
        bool,
        option(
            "--practice",
            "Practice with simulated respondents: no number is dialed, and nothing is stored.",
        ),
    ] = False
    name: parameters.StationOption = ""
    dial: parameters.DialOption = None
    theme: parameters.ThemeOption = ""
    people: parameters.PeopleOption = None
    zone: Annotated[
        str,
        option(
            "--zone ZONE", "Local time zone, such as America/Chicago; by default the browser's."
        ),
    ] = ""
    clock_is_right: parameters.ClockOption = False
    # An update of a running server asks the new version with it.
    check_start: Annotated[
        bool, option("--check-start", "Check that the server could start, and end.", hidden=True)
    ] = False
    db: parameters.DatabaseOption = None


def serve(
    files: Annotated[
        list[str],
        questionnaire_argument(
            "FILE…", "The questionnaires of the studies, in the order in which they are called."
        ),
    ],
    given: ServeParameters,
) -> None:
    """Call cases in a browser, on this computer or on those of others.

    It is the screen of `survey station`. Without --socket, only this computer can reach it, with a
    link that can be used once; Enter in the terminal makes a new one. After a reload or a cut, the
    window shows the same question again. Ctrl+C in the terminal ends the seat; everything that was
    confirmed is stored.

    With --socket, it is for others: they sign in with accounts (`survey account add`), and reach it
    through a proxy that does TLS. `survey explain guides/running-a-server` shows all of it.

    Example: survey serve study.yaml
    """
    from survey_cli.sessions.station.open_station import find_station_zone
    from survey_cli.web.seats.seat_request import Face
    from survey_cli.web.seats.updating import Updating, take_handover

    check_can_serve("survey serve")
    find_station_zone(given.zone)
    check_doors(given)
    if given.practice and given.db is not None:
        raise typer.BadParameter("--practice stores nothing: leave --db out")
    if given.practice and len(files) > 1:
        raise typer.BadParameter("--practice is for one study: give one file")

    checked = json.loads(check_apart(lambda: _check_studies(files, given)))

    def run_station(request: "SeatRequest", side: "SeatSide") -> int:
        return _run_station(files, given, request, side)

    def run_board(request: "SeatRequest", side: "SeatSide") -> int:
        return _run_board(files, given, request, side)

    def run_desk(request: "SeatRequest", side: "SeatSide") -> int:
        return _run_desk(files, given, request, side)

    if given.check_start:
        import survey_cli.web.server.serving  # noqa: F401 - is it all there?

        prepare_seats(files)
        prepare_supervision()
        raise typer.Exit(0)

    before = take_handover()
    with lock_studies(checked["locks"], before) as locks:
        updating = Updating(locks, before)
        prepare_seats(files)
        if given.socket:
            prepare_supervision()
            options = make_options_for_others(given, checked)
            programs = {
                Face.SCREEN: run_station,
                Face.TEXT: run_station,
                Face.BOARD: run_board,
                Face.DESK: run_desk,
            }
            code = serve_seats(programs, options, updating)
        else:
            code = serve_on_this_computer(
                run_station,
                person=checked["person"],
                port=given.port,
                opens_browser=not given.no_browser,
                practice=given.practice,
                zone=given.zone,
                updating=updating,
            )
    raise typer.Exit(code)


def check_doors(given: ServeParameters) -> None:
    """Check the options that say where the server listens. Raises UserError."""
    if given.host:
        from survey_cli.web.server.listening import check_listening_address

        check_listening_address(given.host)
    if given.socket:
        of_one_person = (
            ("--port", given.port),
            ("--interviewer", given.interviewer),
            ("--people", given.people),
        )
        for name, value in of_one_person:
            if value:
                raise typer.BadParameter(f"--socket is for people with accounts: leave {name} out")
        return
    for name, value in (
        ("--socket-group", given.socket_group),
        ("--address", given.address),
        ("--user-header", given.user_header),
    ):
        if value:
            raise typer.BadParameter(f"{name} is about the socket of a proxy: add --socket PATH")


@contextmanager
def lock_studies(
    locks: Mapping[str, str], before: "Handover | None" = None
) -> Iterator[dict[str, int]]:
    """Keep others from serving the same studies. `locks` are files, with the names of studies.

    The version before has handed over the locks that it had. Returns the descriptors that hold
    them, by their files. Raises UserError, with who serves it.
    """
    from survey_cli.web.serve_lock import ServeLock, describe_this_process

    inherited: dict[str, int] = {}
    if before is not None:
        inherited.update(before.locks)
    with ExitStack() as held:
        descriptors = dict(inherited)
        for path, study in locks.items():
            lock = held.enter_context(ServeLock(Path(path), study))
            holder = describe_this_process(datetimes.format_here(datetimes.now()))
            lock.take(holder, inherited.get(path))
            descriptors[path] = lock.descriptor
        yield descriptors


def check_can_serve(where: str) -> None:
    """Raise UserError if this computer can't serve: by its system, or without the extra `[web]`."""
    if not hasattr(os, "fork"):
        what = "Windows has no forked processes, from which seats are made"
        remedy = "run it on Linux, macOS or WSL; people with a browser may have any system"
        raise UserError(where, what, remedy)
    for library in LIBRARIES:
        if find_spec(library) is None:
            from survey_cli.installation import make_install_command

            what = f"the browser needs {library.replace('_', '-')}, which is not installed"
            raise UserError(where, what, make_install_command("web"))


def serve_on_this_computer(
    run_station: "SeatProgram",
    *,
    person: str,
    port: int = 0,
    opens_browser: bool = True,
    practice: bool = False,
    zone: str = "",
    has_text_page: bool = True,
    updating: "Updating | None" = None,
) -> int:
    """Serve seats to the browser of this computer until Ctrl+C; returns the exit code."""
    from survey_cli.web.seats.seat_request import Face
    from survey_cli.web.serve_options import ServeOptions

    options = ServeOptions(
        person=person, port=port, opens_browser=opens_browser, practice=practice, zone=zone
    )
    programs = {Face.SCREEN: run_station}
    if has_text_page:
        programs[Face.TEXT] = run_station
    return serve_seats(programs, options, updating)


def read_account_files(paths: Sequence[str]) -> "AccountFiles":
    """Read what the check has found out about the accounts."""
    from survey_cli.services.accounts.account_files import AccountFiles

    study, people, accounts = paths
    return AccountFiles(study, Path(people), Path(accounts))


def make_options_for_others(given: ServeParameters, checked: Mapping[str, Any]) -> "ServeOptions":
    """Make the options of a server for people with accounts, with what the check has found out."""
    from survey_cli.web.serve_options import ServeOptions

    studies: Sequence[str] = checked["studies"]
    if given.practice:
        # Nothing of it is stored, so there is nothing to download.
        studies = ()
    return ServeOptions(
        socket=Path(given.socket),
        socket_group=given.socket_group,
        user_header=given.user_header,
        accounts=read_account_files(checked["accounts"]),
        studies=tuple(studies),
        practice=given.practice,
        zone=given.zone,
    )


def prepare_seats(files: Sequence[str]) -> None:
    """Import and build what seats need before they are forked, so that they share its memory."""
    import survey_cli.plain.station
    import survey_cli.sessions.station.open_station
    import survey_cli.simulate.practice.practice_station
    import survey_cli.tui.station.screen  # noqa: F401 - only to be loaded
    from survey_cli.sessions.station.preparation import prepare_stations

    prepare_stations(files)


def prepare_supervision() -> None:
    """Import what boards and downloads need before they are forked."""
    import survey_cli.cli.commands.board
    import survey_cli.services.export.downloads
    import survey_cli.tui.board.screen  # noqa: F401 - only to be loaded


def serve_seats(
    programs: "SeatPrograms", options: "ServeOptions", updating: "Updating | None" = None
) -> int:
    """Serve seats until Ctrl+C; returns the exit code."""
    from survey_cli import web

    return web.serve(options, programs, updating)


def check_apart(check: Callable[[], str]) -> str:
    """Check something in a process of its own, and return what the check returned.

    That process prints what is wrong, and this one exits. Seats are forked from this process. They
    would inherit every database that it opens.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        code = FAILED
        try:
            code = _report_check(check, write_end)
        except BaseException as bug:
            say(write_crash_report(bug))
        finally:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            os._exit(code)

    os.close(write_end)
    with open(read_end, encoding="utf-8") as answer:
        result = answer.read()
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code != 0:
        raise typer.Exit(code)
    return result


def _report_check(check: Callable[[], str], write_end: int) -> int:
    code = RETRY
    while code == RETRY:
        try:
            result = check()
        except UserError as error:
            code = report_error(error)
        else:
            code = 0
            os.write(write_end, result.encode())
    return code


def _check_studies(files: Sequence[str], given: ServeParameters) -> str:
    """Open the studies, and say where they are stored. Raises UserError.

    Returns, as JSON, the `person`, the `locks` for the studies (files with names of studies), the
    files of the `accounts`, and the titles of the `studies`.
    """
    from survey_cli.sessions.interview.start_interview import resolve_interviewer
    from survey_cli.sessions.open_interview import check_questionnaire
    from survey_cli.study.location import describe_files
    from survey_cli.study.open_study import check_study_may, open_study

    if given.practice and not given.socket:
        check_questionnaire(files[0], None)
        return json.dumps({"person": resolve_interviewer(given.interviewer), "locks": {}})

    person = ""
    locks = {}
    studies = []
    accounts: Sequence[str] = ()
    if given.socket:
        accounts = _check_accounts(files, given)
    for file in files:
        with open_study(file, db=given.db, by=given.interviewer, people=given.people) as study:
            say(describe_files(file, study.where, people=given.people), *study.repairs)
            check_study_may(study, Action.CONDUCT_INTERVIEWS)
            if study.notice:
                say(study.notice)
            person = study.who.login
            instrument = study.instrument
            studies.append(str(instrument.title.get(instrument.language)))
            if given.socket:
                lock = _locate_lock(file, study, "")
            else:
                lock = _locate_lock(file, study, person)
            if lock is not None:
                locks[str(lock)] = file
    return json.dumps({"person": person, "locks": locks, "accounts": accounts, "studies": studies})


def _check_accounts(files: Sequence[str], given: ServeParameters) -> list[str]:
    """Check that there are accounts, and go on as a supervisor on their list of people.

    The account of a server needs no place on that list. Returns the files of the accounts. Raises
    UserError.
    """
    from survey_cli.services.accounts.open_accounts import check_accounts, locate_accounts
    from survey_cli.study.signing_in import sign_in

    located = locate_accounts(files, db=given.db)
    sign_in(check_accounts(located, address=given.address))
    return [str(path) for path in located]


def _locate_lock(file: str, study: "OpenStudy", person: str) -> Path | None:
    """Return the file that locks a study for one server; None if there is no place for one.

    On one's own computer it locks the study for one person: several people may share a database.
    """
    from survey_cli.study.location import locate_people_file

    beside = locate_people_file(file, study.where)
    if beside is None or not beside.parent.is_dir():
        return None
    name = f".{study.instrument.id}.served"
    if person:
        name += f"-by-{quote(person, safe='')}"
    return beside.with_name(name)


def _run_station(
    files: Sequence[str], given: ServeParameters, request: "SeatRequest", side: "SeatSide"
) -> int:
    """Run a station in its seat, on the full screen or the text page; returns the exit code."""
    from survey_cli.web.seats.seat_request import ENDED_FOR_UPDATE

    if given.socket:
        from survey_cli.study.signing_in import sign_in

        sign_in(request.person)
    if request.practice:
        session, describe = _open_practice(files[0], given, request)
    else:
        session = _open_station(files, given, request, side)
        describe = list
    try:
        if side.messages is not None:
            from survey_cli.plain import run_text_page

            run_text_page(session, side.messages)
        else:
            from survey_cli.tui import run_station

            run_station(session, given.theme)
        if session.has_ended_for_update:
            # The shift goes on in a seat of the new version.
            return ENDED_FOR_UPDATE
        report_summary(side, [*_summarize(session), *describe()])
    finally:
        session.close()
    return 0


def _run_board(
    files: Sequence[str], given: ServeParameters, request: "SeatRequest", side: "SeatSide"
) -> int:
    """Run the board of a supervisor in its seat; returns the exit code."""
    from survey_cli.cli.commands.board import run_boards
    from survey_cli.cli.commands.study_commands import StudyCommands
    from survey_cli.study.signing_in import sign_in

    sign_in(request.person)
    zone = parameters.parse_zone(given.zone or request.zone)
    boards = [StudyCommands(file, request.person, given.people, given.db, zone) for file in files]
    run_boards(boards, given.theme)
    return 0


def _run_desk(
    files: Sequence[str], given: ServeParameters, request: "SeatRequest", side: "SeatSide"
) -> int:
    """Make a file that somebody downloads, and send it to web; returns the exit code."""
    from survey_cli.services.export.download_request import decode_download
    from survey_cli.services.export.downloads import DownloadSource, make_download
    from survey_cli.study.signing_in import sign_in
    from survey_cli.web.seats.desk_files import send_file, send_refusal

    assert side.messages is not None
    sign_in(request.person)
    try:
        wanted = decode_download(request.task)
        if wanted.study >= len(files):
            raise UserError("study", "this study isn't served any more", "open the page again")
        source = DownloadSource(
            path=files[wanted.study],
            db=given.db,
            zone=parameters.parse_zone(given.zone or request.zone),
        )
        made = make_download(source, wanted, Path(side.folder))
    except UserError as error:
        send_refusal(side.messages, error)
        return FAILED
    send_file(side.messages, made.path, made.media_type)
    return 0


def _open_station(
    files: Sequence[str], given: ServeParameters, request: "SeatRequest", side: "SeatSide"
) -> "StationSession":
    from survey_cli.sessions.station.open_station import open_station

    return open_station(
        *files,
        interviewer=request.person,
        station=given.name,
        db=given.db,
        people=given.people,
        zone=given.zone or request.zone,
        clock_is_right=given.clock_is_right,
        listeners=_build_listeners(given, side),
    )


def _build_listeners(given: ServeParameters, side: "SeatSide") -> "Listeners":
    """Build what tells web of the case at hand and, if wanted, of numbers to dial as links."""
    from survey_cli.sessions.station.listeners import Listeners, Occupation
    from survey_cli.web.seats.seat_reports import SeatReports

    reports = SeatReports(side.reports)
    reports.listen()

    def report_occupation(occupation: Occupation) -> None:
        reports.send_status(occupation.to_report())

    def report_link(link: str) -> None:
        reports.send({"type": "dial", "link": link})

    hand_link = report_link if given.dial == "link" else None
    return Listeners(report=report_occupation, hand_link=hand_link, is_updated=side.is_updated)


def _open_practice(
    file: str, given: ServeParameters, request: "SeatRequest"
) -> "tuple[StationSession, Callable[[], list[str]]]":
    """Open a station with simulated respondents, and what says how they differed from answers."""
    from survey_cli.sessions.interview.start_interview import resolve_station_name, utc_now
    from survey_cli.sessions.station.open_station import find_station_zone
    from survey_cli.simulate.practice.practice_station import (
        PracticeOptions,
        open_practice_station,
    )

    options = PracticeOptions(
        path=file,
        interviewer=request.person,
        station=resolve_station_name(given.name),
        people=given.people,
        zone=find_station_zone(given.zone or request.zone),
    )
    opened = open_practice_station(options, clock=utc_now, rng=Random())
    return opened.session, lambda: list(opened.describe_differences())


def _summarize(session: "StationSession") -> list[str]:
    from survey_cli.fieldwork.shifts import render_shift_summary

    return render_shift_summary(session.summarize_shift())


def report_summary(side: "SeatSide", lines: Sequence[str]) -> None:
    """Report how the seat's work went: its page shows these lines after the end."""
    from survey_cli.web.seats.messages import encode_line

    side.reports.sendall(encode_line({"type": "summary", "lines": list(lines)}))
