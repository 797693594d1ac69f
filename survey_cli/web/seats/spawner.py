"""The process of `survey serve`: it forks web and the seats, and does nothing else.

It has no thread, because a fork would copy only one of them. It holds no browser's socket, secret
or database, because every seat would inherit them. So it can go on when web fails: it keeps a copy
of every seat's terminal or socket, and hands all of them to the next web.
"""

import fcntl
import gc
import json
import os
import select
import signal
import struct
import sys
import termios
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto
from shutil import rmtree
from socket import SHUT_WR, socket, socketpair
from tempfile import mkdtemp
from time import monotonic
from types import FrameType
from typing import Any, Final, NoReturn
from uuid import uuid4

from survey_cli.bug_traces import render_bug
from survey_cli.problems import UserError
from survey_cli.shared_memory import share_objects
from survey_cli.web.seats import process_limits
from survey_cli.web.seats.enter_key import TERMINAL, EnterKey
from survey_cli.web.seats.messages import Channel, ChannelClosedError, ChannelMessage, LineReader
from survey_cli.web.seats.seat_process import (
    COLLECTION_THRESHOLDS,
    SeatDescriptors,
    close_others,
    reset_signals,
    run_seat,
)
from survey_cli.web.seats.seat_request import (
    ENDED_FOR_UPDATE,
    FACES_ON_TERMINALS,
    UPDATE_SIGNAL,
    Face,
    SeatEnd,
    SeatPrograms,
    SeatRequest,
    decode_request,
    encode_request,
)
from survey_cli.web.seats.updating import CHECK_PATIENCE, StartCheck, Updating, execute_anew
from survey_cli.wording import format_quantity

WebProgram = Callable[[socket], int]
"""Runs web with its end of the connection to the spawner; `SeatLink` takes it.

Returning ends the whole server with that exit code, as does a UserError. Any other exception, or a
signal, has web started again.
"""

MOST_SEATS: Final = 200
END_PATIENCE: Final = 12.0
"""Seconds in which a seat can end. A full screen ends within ten in any case (`tui`)."""
HANGUP_DELAY: Final = 2.0
"""Seconds in which a seat without a terminal can end because its input has ended."""
WEB_PATIENCE: Final = 6.0
"""Seconds in which web can end."""
MOST_DEATHS: Final = 5
DEATHS_PERIOD: Final = 60.0
"""After so many deaths of web within so many seconds, the server gives up."""
FINISH_DELAY: Final = 2.0
"""Seconds from an update until old seats may end: by then, the new web can tell pages why."""
RESTART_DELAY: Final = 0.5
"""Seconds until web is started again, if it has died before in this period."""
DESCRIPTORS_PER_SEAT: Final = 3
FAILED: Final = 1
WEB_CRASHED: Final = 70
"""Exit code of a web that failed by an exception, so that it is started again."""
MOST_NOTES_BYTES: Final = 64 * 1024
MOST_LETTERS: Final = 1000
"""The longest sentence of a seat, and the longest line that it writes to the log."""
MOST_LOG_LINES: Final = 200
"""A seat may write so many lines to the log."""


class _Phase(Enum):
    SERVING = auto()
    ENDING_SEATS = auto()
    ENDING_WEB = auto()


@dataclass(slots=True)
class _Seat:
    """A running seat, as the spawner keeps it."""

    id: str
    request: SeatRequest
    since: str
    process: int
    log: int
    reports: int
    """web's end, kept so that the next web has it too."""
    terminal: int | None = None
    messages: int | None = None
    folder: str = ""
    """The folder for the temporary files of a desk."""
    lines: LineReader = field(default_factory=LineReader)
    lines_logged: int = 0
    sentence: str = ""
    hangup_at: float | None = None
    kill_at: float | None = None
    is_old: bool = False
    """Whether it runs the version of the program from before an update."""
    is_ended_for_update: bool = False

    def list_for_web(self) -> tuple[int, int]:
        """Return the descriptors that web gets: the terminal or the messages, and the reports."""
        first = self.terminal if self.terminal is not None else self.messages
        assert first is not None
        return first, self.reports

    def describe(self) -> dict[str, Any]:
        return {
            "type": "seat",
            "seat": self.id,
            "request": encode_request(self.request),
            "since": self.since,
            "process": self.process,
            "old": self.is_old,
        }

    def describe_for_update(self) -> dict[str, Any]:
        """Describe the seat for the next version of the program."""
        return {
            "id": self.id,
            "request": encode_request(self.request),
            "since": self.since,
            "process": self.process,
            "log": self.log,
            "reports": self.reports,
            "terminal": self.terminal,
            "messages": self.messages,
            "folder": self.folder,
            "lines_logged": self.lines_logged,
            "sentence": self.sentence,
        }

    def list_descriptors(self) -> list[int]:
        """Return the descriptors that are open for it."""
        return [number for number in (self.log, *self.list_for_web()) if number >= 0]


def _read_old_seat(described: Mapping[str, Any]) -> _Seat:
    """Return a seat that the version before has opened."""
    values = dict(described)
    values["request"] = decode_request(values["request"])
    seat = _Seat(**values, is_old=True)
    for descriptor in seat.list_descriptors():
        os.set_inheritable(descriptor, False)
    return seat


class Spawner:
    """Forks web and seats until it is told to end.

    Example:
        code = Spawner(programs, run_web).run()
    """

    def __init__(
        self,
        programs: SeatPrograms,
        web: WebProgram,
        *,
        most_seats: int = MOST_SEATS,
        updating: Updating | None = None,
        watches_enter: bool = False,
    ) -> None:
        """Fork seats that run `programs`. With `watches_enter`, web is told of Enter."""
        self._programs = programs
        self._web_program = web
        self._most_seats = most_seats
        self._seats: dict[int, _Seat] = {}
        """By process."""
        self._phase = _Phase.SERVING
        self._code = 0
        self._signals: list[int] = []
        self._wakeup = -1
        self._notes: dict[str, Any] = {}
        """What web wants the next web to know."""

        self._web_process = 0
        """0 while web doesn't run."""
        self._channel: Channel | None = None
        self._deaths: list[float] = []
        self._restart_at: float | None = None
        self._web_deadline: float | None = None
        self._is_web_old = False
        """Whether web is of the version before, and ends so that a new one begins."""
        self._finish_at: float | None = None
        """When the seats of the version before are told to end after their case."""

        self._watches_enter = watches_enter
        self._enter: EnterKey | None = None
        self._updating = updating
        """None: this server can't be updated while it runs."""
        self._check: StartCheck | None = None
        """Looks whether the new version can start."""
        self._check_deadline: float | None = None

    def run(self) -> int:
        """Run until the end; returns the exit code."""
        _check_single_thread()
        _open_standard_streams()
        process_limits.allow_descriptors(DESCRIPTORS_PER_SEAT * self._most_seats + 64)
        process_limits.forbid_inspection()
        self._watch_signals()
        if self._watches_enter:
            self._enter = EnterKey()
        # The memory of what was imported stays shared with each seat.
        share_objects()

        if self._updating is not None and self._updating.before is not None:
            self._take_over(self._updating.before.spawner)
        else:
            self._start_web()
        while not self._is_over():
            self._wait()
            self._read_signals()
            self._reap()
            self._act_on_time()
        return self._code

    # Signals

    def _watch_signals(self) -> None:
        self._wakeup, write_end = os.pipe()
        os.set_blocking(self._wakeup, False)
        os.set_blocking(write_end, False)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)

        def note(number: int, _: FrameType | None) -> None:
            self._signals.append(number)

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # a server under `nohup` outlives its terminal
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, note)
        signal.signal(UPDATE_SIGNAL, note)
        # It is blocked in a program that was just updated.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (UPDATE_SIGNAL,))
        # a handler of its own, so that a child's end wakes the poll
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def _read_signals(self) -> None:
        while self._signals:
            number = self._signals.pop()
            if number == UPDATE_SIGNAL:
                self._begin_update()
            elif self._phase is _Phase.SERVING:
                self._begin_ending(0)
            else:
                # told a second time: no more patience
                self._kill_all()

    # Waiting

    def _wait(self) -> None:
        # Not epoll: it would be one more descriptor, which every seat inherits.
        poll = select.poll()
        poll.register(self._wakeup, select.POLLIN)
        if self._channel is not None:
            wanted = select.POLLIN
            if self._channel.has_waiting:
                wanted |= select.POLLOUT
            poll.register(self._channel.fileno(), wanted)
        by_log = {seat.log: seat for seat in self._seats.values() if seat.log >= 0}
        for log in by_log:
            poll.register(log, select.POLLIN)
        if self._enter is not None and self._enter.can_come():
            poll.register(TERMINAL, select.POLLIN)

        for descriptor, events in poll.poll(self._find_timeout()):
            if descriptor == self._wakeup:
                with suppress(BlockingIOError):
                    os.read(self._wakeup, 4096)
            elif descriptor == TERMINAL:
                if self._enter is not None and self._enter.read():
                    self._send({"type": "enter"})
            elif descriptor in by_log:
                self._read_log(by_log[descriptor])
            else:
                self._talk_to_web(events)

    def _find_timeout(self) -> float | None:
        """Return the milliseconds until something is due; None if nothing is."""
        times = [self._restart_at, self._web_deadline, self._check_deadline, self._finish_at]
        for seat in self._seats.values():
            times += [seat.hangup_at, seat.kill_at]
        due = [time for time in times if time is not None]
        if not due:
            return None
        return max(0.0, min(due) - monotonic()) * 1000 + 1

    def _act_on_time(self) -> None:
        now = monotonic()
        if self._restart_at is not None and now >= self._restart_at:
            self._restart_at = None
            self._start_web()
        if self._web_deadline is not None and now >= self._web_deadline:
            self._web_deadline = None
            _signal(self._web_process, signal.SIGKILL)
        if self._finish_at is not None and now >= self._finish_at:
            self._finish_at = None
            self._finish_old_seats()
        if self._check_deadline is not None and now >= self._check_deadline:
            self._check_deadline = None
            if self._check is not None:
                _signal(self._check.process, signal.SIGKILL)

        for seat in self._seats.values():
            if seat.hangup_at is not None and now >= seat.hangup_at:
                seat.hangup_at = None
                _signal(seat.process, signal.SIGHUP)
            if seat.kill_at is not None and now >= seat.kill_at:
                seat.kill_at = None
                _signal(seat.process, signal.SIGKILL)

    # Web

    def _start_web(self) -> None:
        parent = os.getpid()
        ours, theirs = socketpair()
        try:
            process = self._fork()
        except OSError:
            # The system has no room for a process now. The seats go on meanwhile.
            ours.close()
            theirs.close()
            self._restart_at = monotonic() + RESTART_DELAY
            return
        if process == 0:
            self._become_web(theirs, parent)

        theirs.close()
        self._web_process = process
        self._channel = Channel(ours)
        self._send({"type": "notes", "notes": self._notes})
        for seat in self._seats.values():
            self._send(seat.describe(), seat.list_for_web())
        self._send({"type": "ready"})

    def _become_web(self, connection: socket, parent: int) -> NoReturn:
        """Be web in this forked process, then end the process."""
        code = WEB_CRASHED
        try:
            # Ctrl+C in the server's terminal is for the spawner, which ends the seats first.
            os.setsid()
            close_others({0, 1, 2, connection.fileno()})
            # Whoever sends it to all processes of the server means the spawner.
            signal.signal(UPDATE_SIGNAL, signal.SIG_IGN)
            reset_signals()
            process_limits.end_with_parent(signal.SIGTERM, parent)
            process_limits.forbid_inspection()
            # A closed line leaves a cycle of objects. Collected as seldom as in a command, 2,500
            # of them took 40 MB.
            gc.set_threshold(*COLLECTION_THRESHOLDS)
            gc.enable()
            code = run_web(self._web_program, connection)
        finally:
            for stream in (sys.stdout, sys.stderr):
                with suppress(OSError, ValueError):
                    stream.flush()
            os._exit(code & 0xFF)

    def _talk_to_web(self, events: int) -> None:
        if self._channel is None:
            return
        try:
            if events & select.POLLOUT:
                self._channel.flush()
            for message in self._channel.receive():
                self._answer(message)
        except ChannelClosedError:
            self._lose_web()

    def _answer(self, message: ChannelMessage) -> None:
        for descriptor in message.descriptors:
            # web has nothing to hand over
            os.close(descriptor)

        # web reads what browsers send, so nothing that it says is taken on trust
        content = message.content
        kind = content.get("type")
        number = content.get("number")
        if kind == "open" and isinstance(number, int):
            self._open_seat(number, content.get("request"))
        elif kind == "end":
            seat = self._find_seat(content.get("seat"))
            if seat is not None:
                self._end_seat(seat)
        elif kind == "notes":
            self._keep_notes(content.get("notes"))

    def _keep_notes(self, notes: object) -> None:
        is_small = len(json.dumps(notes)) <= MOST_NOTES_BYTES
        if is_small and isinstance(notes, dict):
            self._notes = notes

    def _send(self, content: Mapping[str, Any], descriptors: tuple[int, ...] = ()) -> None:
        if self._channel is None:
            return
        try:
            self._channel.send(content, descriptors)
        except (ChannelClosedError, OSError):
            # also if there are no descriptors left, because it doesn't read
            self._lose_web()

    def _lose_web(self) -> None:
        """Give up the connection. web ends by itself, or is killed after a while."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._web_process and self._web_deadline is None:
            self._web_deadline = monotonic() + WEB_PATIENCE

    def _take_end_of_web(self, status: int) -> None:
        # what it sent last, such as notes for the next web
        self._talk_to_web(select.POLLIN)
        self._lose_web()
        self._web_process = 0
        self._web_deadline = None
        if self._phase is not _Phase.SERVING:
            return
        if self._is_web_old:
            self._is_web_old = False
            self._start_web()
            self._finish_at = monotonic() + FINISH_DELAY
            return

        code = os.waitstatus_to_exitcode(status)
        if 0 <= code != WEB_CRASHED:
            self._begin_ending(code)
            return

        now = monotonic()
        self._deaths = [at for at in self._deaths if now - at < DEATHS_PERIOD]
        self._deaths.append(now)
        if len(self._deaths) >= MOST_DEATHS:
            _say(
                f"survey serve: the part that serves browsers failed {len(self._deaths)} times "
                f"within a minute (last by {_name_end(code)}), so everything was ended; what was "
                "confirmed is stored — see the lines above"
            )
            self._begin_ending(FAILED)
            return

        _say(
            f"survey serve: the part that serves browsers failed ({_name_end(code)}) and is "
            "started again; the seats go on"
        )
        delay = 0.0 if len(self._deaths) == 1 else RESTART_DELAY
        self._restart_at = now + delay

    # Seats

    def _open_seat(self, number: int, content: object) -> None:
        try:
            request = decode_request(content)
        except ValueError as error:
            self._refuse(number, f"this seat can't be opened: {error}")
            return
        if self._phase is not _Phase.SERVING:
            self._refuse(number, "the server is being stopped — try again later")
            return
        if request.face not in self._programs:
            self._refuse(number, f"this server has no seats of the kind {request.face.value}")
            return
        if len(self._seats) >= self._most_seats:
            seats = format_quantity(self._most_seats, "seat")
            self._refuse(number, f"this server has {seats}, all taken — try again later")
            return

        try:
            seat = self._fork_seat(request)
        except OSError as error:
            reason = (error.strerror or "it failed").lower()
            self._refuse(number, f"no seat can be opened now ({reason}) — try again later")
            return
        self._seats[seat.process] = seat
        self._send({**seat.describe(), "number": number}, seat.list_for_web())

    def _refuse(self, number: int, sentence: str) -> None:
        self._send({"type": "refused", "number": number, "sentence": sentence})

    def _fork_seat(self, request: SeatRequest) -> _Seat:
        """Fork a seat; raises OSError if the system has no room for it."""
        opened = _OpenedForSeat()
        try:
            opened.open(request)
            parent = os.getpid()
            process = self._fork()
        except OSError:
            opened.close()
            raise

        if process == 0:
            if self._channel is not None:
                self._channel.abandon()
            run_seat(self._programs[request.face], request, opened.make_side(), parent)

        for descriptor in opened.theirs:
            os.close(descriptor)
        log, reports, talk = opened.ours
        seat = _Seat(
            id=uuid4().hex,
            request=request,
            since=datetime.now(UTC).isoformat(),
            process=process,
            log=log,
            reports=reports,
            folder=opened.folder,
        )
        if request.face in FACES_ON_TERMINALS:
            seat.terminal = talk
        else:
            seat.messages = talk
        return seat

    def _fork(self) -> int:
        """Fork. No signal arrives in the new process before it has reset its handlers."""
        for stream in (sys.stdout, sys.stderr):
            # or both processes would write what is in the buffer
            with suppress(OSError, ValueError):
                stream.flush()
        gc.disable()
        before = signal.pthread_sigmask(
            signal.SIG_BLOCK,
            (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, UPDATE_SIGNAL),
        )
        process = -1
        try:
            process = os.fork()
        finally:
            if process != 0:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
                gc.enable()
        return process

    def _find_seat(self, seat_id: object) -> _Seat | None:
        for seat in self._seats.values():
            if seat.id == seat_id:
                return seat
        return None

    def _end_seat(self, seat: _Seat) -> None:
        """Have a seat end as at a lost terminal; kill it if it doesn't."""
        if seat.kill_at is not None:
            return
        now = monotonic()
        seat.kill_at = now + END_PATIENCE
        if seat.messages is None:
            _signal(seat.process, signal.SIGHUP)
            return

        # The end of its input first: a program that reads lines then closes what it has open.
        connection = socket(fileno=os.dup(seat.messages))
        with connection, suppress(OSError):
            connection.shutdown(SHUT_WR)
        seat.hangup_at = now + HANGUP_DELAY

    def _read_log(self, seat: _Seat) -> None:
        try:
            data = os.read(seat.log, 65536)
        except BlockingIOError:
            return
        if not data:
            # closed by the seat, which is about to end
            os.close(seat.log)
            seat.log = -1
            return

        for content in seat.lines.feed(data):
            if isinstance(content.get("sentence"), str):
                seat.sentence = content["sentence"][:MOST_LETTERS]
            if isinstance(content.get("log"), str) and seat.lines_logged < MOST_LOG_LINES:
                seat.lines_logged += 1
                _say(f"survey serve: seat {seat.id[:8]}: {content['log'][:MOST_LETTERS]}")

    def _reap(self) -> None:
        while True:
            try:
                process, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if process == 0:
                return

            if process == self._web_process:
                self._take_end_of_web(status)
            elif process in self._seats:
                self._take_end_of_seat(self._seats.pop(process), status)
            elif self._check is not None and process == self._check.process:
                self._take_end_of_check(self._check, status)

    def _take_end_of_seat(self, seat: _Seat, status: int) -> None:
        if seat.log >= 0:
            self._read_log(seat)
        code = os.waitstatus_to_exitcode(status)
        is_for_update = code == ENDED_FOR_UPDATE or seat.is_ended_for_update
        end = SeatEnd(code, None, seat.sentence, is_for_update)
        if code < 0:
            end = SeatEnd(None, -code, seat.sentence, is_for_update)
        self._send(
            {
                "type": "ended",
                "seat": seat.id,
                "code": end.code,
                "signal": end.signal,
                "sentence": end.sentence,
                "updated": end.is_for_update,
            }
        )
        for descriptor in seat.list_descriptors():
            os.close(descriptor)
        _remove_folder(seat.folder)

    # The update

    def _begin_update(self) -> None:
        """Look whether the new version of the program can start, in a process of its own."""
        if self._phase is not _Phase.SERVING or self._check is not None:
            return
        if self._updating is None:
            _say("survey serve: this server can't be updated while it runs — start it again")
            return

        try:
            check = StartCheck()
            process = self._fork()
        except OSError as error:
            self._refuse_update((error.strerror or "it failed").lower())
            return
        if process == 0:
            check.become()
            os._exit(FAILED)
        check.process = process
        self._check = check
        self._check_deadline = monotonic() + CHECK_PATIENCE

    def _take_end_of_check(self, check: StartCheck, status: int) -> None:
        self._check = None
        self._check_deadline = None
        code = os.waitstatus_to_exitcode(status)
        reason = check.read_reason()
        check.close()
        if self._phase is not _Phase.SERVING:
            return
        if code != 0:
            self._refuse_update(f"{_name_end(code)}: {reason}")
            return
        try:
            self._execute_anew()
        except OSError as error:
            self._refuse_update((error.strerror or "it failed").lower())

    def _refuse_update(self, reason: str) -> None:
        _say(
            f"survey serve: the new version can't start ({reason}), so this one goes on — "
            "mend the installation, then update again"
        )

    def _execute_anew(self) -> None:
        """Become the new version, with all seats. Raises OSError if that isn't possible."""
        assert self._updating is not None
        descriptors = []
        for seat in self._seats.values():
            descriptors += seat.list_descriptors()
        channel = -1
        if self._channel is not None:
            channel = self._channel.fileno()
            descriptors.append(channel)

        handed_over = {
            "seats": [seat.describe_for_update() for seat in self._seats.values()],
            "notes": self._notes,
            "web": self._web_process,
            "channel": channel,
        }
        execute_anew(handed_over, descriptors, self._updating.locks)

    def _take_over(self, handed_over: Mapping[str, Any]) -> None:
        """Go on with the seats of the version before, and with a web of this one."""
        self._notes = handed_over["notes"]
        for described in handed_over["seats"]:
            seat = _read_old_seat(described)
            self._seats[seat.process] = seat

        channel = handed_over["channel"]
        if channel >= 0:
            os.set_inheritable(channel, False)
            self._channel = Channel(socket(fileno=channel))
        self._web_process = handed_over["web"]
        if self._web_process:
            # The next one begins at its end: two can't listen on one socket.
            self._is_web_old = True
            self._web_deadline = monotonic() + WEB_PATIENCE
            _signal(self._web_process, signal.SIGTERM)
        else:
            self._start_web()
            self._finish_at = monotonic() + FINISH_DELAY
        _say(
            "survey serve: the program was updated; seats with a case go on with the version "
            f"before until its outcome (open seats: {len(self._seats)})"
        )
        # Their signals came before this program could take them.
        self._reap()

    def _finish_old_seats(self) -> None:
        """Have each seat of the version before end as soon as nothing is lost with it."""
        for seat in self._seats.values():
            if seat.is_old:
                self._finish_seat(seat)

    def _finish_seat(self, seat: _Seat) -> None:
        match seat.request.face:
            case Face.SCREEN | Face.TEXT:
                _signal(seat.process, UPDATE_SIGNAL)
            case Face.BOARD:
                seat.is_ended_for_update = True
                self._end_seat(seat)
            case Face.DESK:
                # One request, such as a download, is soon answered.
                pass

    # The end

    def _begin_ending(self, code: int) -> None:
        """End the seats, then web, which shows their last output until then."""
        self._code = code
        self._phase = _Phase.ENDING_SEATS
        self._restart_at = None
        self._send({"type": "stopping"})
        for seat in self._seats.values():
            self._end_seat(seat)

    def _kill_all(self) -> None:
        for seat in self._seats.values():
            _signal(seat.process, signal.SIGKILL)
        if self._web_process and self._phase is _Phase.ENDING_WEB:
            _signal(self._web_process, signal.SIGKILL)

    def _is_over(self) -> bool:
        if self._phase is _Phase.ENDING_SEATS and not self._seats:
            self._phase = _Phase.ENDING_WEB
            if self._web_process:
                _signal(self._web_process, signal.SIGTERM)
                self._web_deadline = monotonic() + WEB_PATIENCE
        return self._phase is _Phase.ENDING_WEB and not self._web_process


def run_web(web: WebProgram, connection: socket) -> int:
    """Run web; returns its exit code, or `WEB_CRASHED` after an exception."""
    try:
        return web(connection)
    except UserError as error:
        _say(str(error))
        return FAILED
    except KeyboardInterrupt:
        return 0
    except Exception as error:
        for line in render_bug(error):
            _say(f"survey serve: {line}")
        return WEB_CRASHED


def _check_single_thread() -> None:
    if threading.active_count() != 1:
        raise RuntimeError("the spawner must have no threads: a fork would copy only one of them")


def _open_standard_streams() -> None:
    """Make sure that no seat's descriptor gets the number of a standard stream."""
    while True:
        descriptor = os.open(os.devnull, os.O_RDWR)
        if descriptor > 2:
            os.close(descriptor)
            return


class _OpenedForSeat:
    """What is opened for a seat before it is forked: a log, reports, and a terminal or messages."""

    def __init__(self) -> None:
        self.ours: list[int] = []
        self.theirs: list[int] = []
        self.folder = ""
        self._is_on_terminal = False

    def open(self, request: SeatRequest) -> None:
        """Open all of it; raises OSError if the system has no room for it."""
        self._add(os.pipe())
        os.set_blocking(self.ours[0], False)
        self._add(_open_pair())

        self._is_on_terminal = request.face in FACES_ON_TERMINALS
        if self._is_on_terminal:
            self._add(os.openpty())
            size = struct.pack("HHHH", request.rows, request.columns, 0, 0)
            fcntl.ioctl(self.theirs[-1], termios.TIOCSWINSZ, size)
        else:
            self._add(_open_pair())
        if request.face is Face.DESK:
            self.folder = mkdtemp(prefix="survey-desk-")

    def _add(self, pair: tuple[int, int]) -> None:
        ours, theirs = pair
        self.ours.append(ours)
        self.theirs.append(theirs)

    def make_side(self) -> SeatDescriptors:
        """Return what the seat has of it."""
        log, reports, talk = self.theirs
        if self._is_on_terminal:
            return SeatDescriptors(log, reports, terminal=talk)
        return SeatDescriptors(log, reports, messages=talk, folder=self.folder)

    def close(self) -> None:
        """Close and remove what was opened."""
        for descriptor in (*self.ours, *self.theirs):
            os.close(descriptor)
        _remove_folder(self.folder)


def _open_pair() -> tuple[int, int]:
    first, second = socketpair()
    return first.detach(), second.detach()


def _remove_folder(folder: str) -> None:
    if folder:
        rmtree(folder, ignore_errors=True)


def _signal(process: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(process, number)


def _name_end(code: int) -> str:
    if code < 0:
        return f"signal {-code}"
    return f"exit code {code}"


def _say(line: str) -> None:
    """Write a line to the server's log."""
    # a seat could have put the controls of a terminal into it
    printable = "".join(letter if letter.isprintable() else "?" for letter in line)
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{printable}\n")
        sys.stderr.flush()
