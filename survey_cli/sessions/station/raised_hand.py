"""A raised hand: the interviewer of a station calls for help, and a supervisor answers."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from survey_cli.entries import Rejection
from survey_cli.fieldwork.calendar.zones import ToLocal
from survey_cli.fieldwork.help_calls import LONGEST_CALL_FOR_HELP, HelpSubject, find_help_calls
from survey_cli.problems import StoreError
from survey_cli.sessions.interview.start_interview import Clock
from survey_cli.sessions.station.shift_record import ShiftRecord
from survey_cli.sessions.station.station_studies import StationStudies
from survey_cli.sessions.station.station_study import StationStudy

ANSWER_INTERVAL: Final = timedelta(seconds=1)
"""How often the answer is looked for at most, while the hand is up."""
IN_PRACTICE: Final = "practice stores nothing, so nobody sees your hand"


class RaisedHand:
    """The hand of the interviewer at a station: up from its key until the answer.

    It is stored in the study that is worked on, where supervisors look.
    """

    def __init__(
        self,
        studies: StationStudies,
        shift: ShiftRecord,
        *,
        clock: Clock,
        to_local: ToLocal,
        find_subject: Callable[[], HelpSubject],
        practice: bool = False,
    ) -> None:
        self._studies = studies
        self._shift = shift
        self._clock = clock
        self._to_local = to_local
        self._find_subject = find_subject
        self._practice = practice
        self._since: datetime | None = None
        self._study: StationStudy | None = None
        """The study in which the hand is stored."""
        self._looked_at: datetime | None = None

    @property
    def is_up(self) -> bool:
        """Whether the hand is up, and nobody has answered yet."""
        return self._since is not None

    def describe(self) -> str:
        """Describe the hand: `hand raised 10:42`; empty while it is down."""
        if self._since is None:
            return ""
        return f"hand raised {self._to_local(self._since):%H:%M}"

    def put_up(self) -> Rejection | None:
        """Raise the hand: supervisors see it within seconds."""
        if self._practice:
            return Rejection(IN_PRACTICE)
        if self.is_up:
            return None
        try:
            self._store()
        except StoreError as error:
            return Rejection(f"not saved: {error.short}")
        self._since = self._clock()
        return None

    def take_down(self) -> Rejection | None:
        """Take the hand down again."""
        if self._study is None:
            return Rejection("your hand isn't up")
        try:
            self._shift.record("help_over", study=self._study)
        except StoreError as error:
            return Rejection(f"not saved: {error.short}")
        self._forget()
        return None

    def resume(self) -> None:
        """Find out whether the hand was up when the program ended. Raises StoreError."""
        since = self._clock() - LONGEST_CALL_FOR_HELP
        for study in self._studies.all:
            for call in find_help_calls(study.store.work.list_help(since)):
                if call.person == study.login and call.is_open:
                    self._since = call.since
                    self._study = study

    def look(self) -> bool:
        """Look whether a supervisor has answered since the last look; the hand is down then.

        It never fails, and may be called every second. If another study is worked on by now, its
        supervisors see the hand.
        """
        study = self._study
        if study is None or not self._is_due():
            return False
        try:
            was_answered = self._find_answer(study)
            if not was_answered and study is not self._studies.current:
                self._store()
        except StoreError:
            return False  # the next look reads again
        if was_answered:
            self._forget()
        return was_answered

    def _find_answer(self, study: StationStudy) -> bool:
        """Whether a supervisor has answered. Raises StoreError."""
        since = self._clock() - LONGEST_CALL_FOR_HELP
        for call in find_help_calls(study.store.work.list_help(since)):
            if call.person == study.login:
                return not call.is_open
        return False

    def _is_due(self) -> bool:
        """Whether the last look was long enough ago."""
        at = self._clock()
        last = self._looked_at
        # The clock of the computer may be put back: then the last look is in the future.
        is_recent = last is not None and last <= at < last + ANSWER_INTERVAL
        if not is_recent:
            self._looked_at = at
        return not is_recent

    def _store(self) -> None:
        """Store the hand in the study that is worked on. Raises StoreError."""
        self._shift.record("help", self._find_subject().encode())
        self._study = self._studies.current

    def _forget(self) -> None:
        self._since = None
        self._study = None
