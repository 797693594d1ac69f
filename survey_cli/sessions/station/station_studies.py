"""The studies of one station: the one that is worked on, and their order when a case is claimed.

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
        """List the studies in the order in which a case of theirs is called.

        Those with an appointment that is due come first; of these, the one that is due longest.
        Raises StoreError.
        """
        if len(self.all) == 1:
            return self.all

        due_since: dict[StationStudy, datetime] = {}
        for study in self.all:
            appointments = study.queue.list_due_appointments(at, at)
            times = [row.position.promised_at or at for row in appointments]
            due_since[study] = min(times, default=at)
        return sorted(self.all, key=due_since.__getitem__)

    def find_outlook(self, at: datetime, stops: Mapping[StationStudy, IdleView]) -> IdleView:
        """Find why no case can be called; `stops` has the view of each study that is stopped.

        Raises StoreError.
        """
        views = [stops.get(study) or study.find_outlook(at) for study in self.all]
        if len(views) == 1:
            return views[0]

        reasons = []
        times = []
        for study, view in zip(self.all, views, strict=True):
            reasons.append(f"{study.title}: {view.why}")
            if view.next_at is not None:
                times.append(view.next_at)
        return IdleView(
            why="; ".join(reasons),
            next_at=min(times, default=None),
            study_is_paused=all(view.study_is_paused for view in views),
        )

    def find_study_of(self, key: str) -> tuple[StationStudy, str]:
        """Find the study of a case, and the case's key in it.

        Several studies have their name before the key: `asu:1017`. Without it, the study that is
        worked on is looked through first. Raises StoreError.
        """
        others = [study for study in self.all if study is not self.current]
        in_order = [self.current, *others]

        for study in in_order:
            prefix = study.name_case("")
            if prefix and key.startswith(prefix):
                return study, key.removeprefix(prefix)

        for study in in_order:
            if study.store.has_case(key):
                return study, key
        return self.current, key
