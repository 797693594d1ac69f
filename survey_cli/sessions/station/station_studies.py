"""The studies of one station: the one that is worked on, and the order in which they are asked for a case.

Each keeps its own database, rules and pauses.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from survey_cli.sessions.station.station_study import StationStudy
from survey_cli.sessions.station.station_views import IdleView


class StationStudies:
    """The studies of one station, in the order in which they were given."""

    def __init__(self, studies: Sequence[StationStudy]) -> None:
        self.all = tuple(studies)
        self.current = self.all[0]
        """The study that is worked on: that of the case on the screen."""

    def list_in_order(self, at: datetime) -> Sequence[StationStudy]:
        """List the studies in the order in which they are asked for a case.

        Those with an appointment that is due come first, the one that is due longest before others. Raises StoreError.
        """
        if len(self.all) == 1:
            return self.all
        due = {study: study.queue.list_due_appointments(at, at) for study in self.all}
        return sorted(
            self.all,
            key=lambda s: min((row.position.promised_at or at for row in due[s]), default=at),
        )

    def find_outlook(self, at: datetime, stops: Mapping[StationStudy, IdleView]) -> IdleView:
        """Find why no case can be called, where `stops` says it of the studies that may not be worked on.

        Raises StoreError.
        """
        views = [(study.title, stops.get(study) or study.find_outlook(at)) for study in self.all]
        if len(views) == 1:
            return views[0][1]
        times = [view.next_at for _, view in views if view.next_at is not None]
        return IdleView(
            why="; ".join(f"{title}: {view.why}" for title, view in views),
            next_at=min(times, default=None),
            study_is_paused=all(view.study_is_paused for _, view in views),
        )

    def find_study_of(self, key: str) -> tuple[StationStudy, str]:
        """Find the study of a case by its key, before which several studies have their names: `asu:1017`.

        Raises StoreError.
        """
        in_order = sorted(self.all, key=lambda study: study is not self.current)
        for study in in_order:
            if study.name_case("") and key.startswith(study.name_case("")):
                return study, key.removeprefix(study.name_case(""))
        return next((study for study in in_order if study.store.has_case(key)), self.current), key
