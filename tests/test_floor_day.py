"""A small day on the floor, as `make floor` plays a whole one: real stations, the commands in this process."""

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from support.command_line import run_survey
from support.floor_day import Day, FileFloor, Scale
from support.newer_version import STEP, with_steps
from survey_cli.store.backends.schema import migrations

SMALL = Scale(
    people=2, cases={"alpha": 60, "beta": 30}, target=4, raised=6, second=2, callers=0, pace=0.03
)


class QuickDay(Day):
    """A day whose commands need no process of their own; those that go on for longer are left out."""

    def survey(
        self, person: str, *words: str, keyed: str = "", options: Sequence[str] | None = None
    ) -> str:
        arguments = self.build_command(person, words, options)[len(self.version) :]
        with with_steps((*migrations.STEPS, STEP)) if self.version is self.newer else nullcontext():
            printed, self.errors = run_survey(self.folder, *arguments, keyed=keyed)
        return printed

    def watch(self, login: str) -> None:
        pass

    def check_board(self) -> None:
        pass

    def start_backing_up(self) -> None:
        pass

    def stop_backing_up(self) -> None:
        pass


def test_a_small_day_on_the_floor_ends_with_everything_as_it_must_be(tmp_path: Path) -> None:
    older, newer = (
        [sys.executable, "-m", "survey_cli"],
        [sys.executable, "-m", "support.newer_version"],
    )
    day = QuickDay(FileFloor(tmp_path), older=older, newer=newer, scale=SMALL)
    rows = day.run()
    assert [row for row in rows if not row.met] == []
    assert len(rows) > 18
    assert day.count_complete("alpha") > SMALL.target
