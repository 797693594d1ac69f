"""Messages of supervisors, from all studies of a station."""

from contextlib import suppress
from datetime import timedelta

from survey_cli.fieldwork.calendar.zones import ToLocal
from survey_cli.problems import StoreError
from survey_cli.sessions.interview.start_interview import Clock
from survey_cli.sessions.station.shift_record import ShiftRecord
from survey_cli.sessions.station.station_studies import StationStudies
from survey_cli.sessions.station.supervisor_news import MESSAGE_INTERVAL


class StationMessages:
    """The messages to the interviewer of a station.

    Each is announced once, also if the station is started again: the shift records that it was
    seen.
    """

    def __init__(
        self, studies: StationStudies, shift: ShiftRecord, *, clock: Clock, to_local: ToLocal
    ) -> None:
        self._studies = studies
        self._shift = shift
        self._clock = clock
        self._to_local = to_local

    def take(self, interval: timedelta = MESSAGE_INTERVAL) -> str:
        """Return the next message, which counts as seen; an empty text if there isn't one.

        It may be called at every key: the database is read once in this time.
        """
        with suppress(StoreError):  # a later key reads again
            for study in self._studies.all:
                unseen = study.news.list_unseen(self._clock(), interval)
                if unseen:
                    message = unseen[0]
                    study.news.mark_seen(message.name)
                    self._shift.record("seen", message.name, study)
                    sent_at = self._to_local(message.at)
                    return f"Message from {message.by} ({sent_at:%H:%M}): {message.text}"
        return ""

    def list_shown(self) -> list[str]:
        """List the messages that are shown now, as of the last look."""
        lines = []
        for study in self._studies.all:
            for message in study.news.list_shown(self._clock()):
                sent_at = self._to_local(message.at)
                lines.append(f"{sent_at:%H:%M}  {message.text} ({message.by})")
        return lines
