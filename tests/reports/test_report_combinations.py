"""Reports of the same interviews with different options reveal together no more than one of them.

The attacker reads all of them, which is more than any pair, and looks for whole numbers that agree
with everything printed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from shutil import copy
from typing import Any

import pytest

pytest.importorskip("scipy", reason="the extra [report]")

from support.command_line import run_survey
from support.disclosure_attacker import ALL, BASE, Attacker, Unknown
from support.report_tables import Report
from support.scale import SCALE
from support.scenario import INSTRUMENTS
from survey_cli.reports.results.crosstab import ResultOptions
from survey_cli.reports.results.figure_errors import add_design, select_interviews
from survey_cli.reports.results.report_model import ItemResult, ResultColumn, ResultRow
from survey_cli.reports.weighting.design_errors import make_design
from survey_cli.services.report.results_report import ReportOptions, build_results_report
from survey_cli.values import DK, REFUSED, Cell

THRESHOLD = 5
COVERED: Sequence[Mapping[str, Any]] = (
    {},
    {"valid": True},
    {"threshold": 10},
    {"threshold": 7, "valid": True},
    {"digits": 2},
    {"statistics": ("quartiles", "se"), "margins": True},
    {"percent": "row", "digits": 1},
    {"inference": True, "correction": "none"},
    {"statistics": ("quartiles", "totals"), "errors": True},
    {"statistics": ("totals",), "errors": True, "valid": True, "percent": "row"},
    {"errors": True, "level": 0.6},
)
"""The options that the page of limits lists."""
POPULATION = 1_400
"""The units of which the invented samples are drawn, so that totals can be estimated."""
SMALLER: Sequence[Mapping[str, Any]] = ({"threshold": 3}, {"threshold": 4, "valid": True})
"""With one of these, only smaller counts are protected."""
TEXT = """
scales:
  agreement:
    1: Strongly agree
    2: Agree
    3: Disagree
    4: Strongly disagree
    5: {text: No opinion, missing: true, read: false}
sample:
  kind: {type: single, options: {1: Sector, 2: District, 3: Other}}
  area: {type: single, options: {1: North, 2: South}}
items:
  - id: q
    type: scale
    text: So?
    scale: agreement
    nets: {Agrees: [1, 2], Critical: [3, 4, 5]}
  - {id: plain, type: scale, text: And so?, scale: agreement}
  - {id: own, type: single, text: Own?, options: {1: Yes, 2: No, 3: Both}, read: true}
  - id: media
    type: multiple
    text: Which?
    options: {1: Radio, 2: Paper, 3: Web, 4: {text: Other, read: false}}
    nets: {Press: [1, 4]}
"""


def invent(random: Random, people: int) -> list[dict[str, Cell]]:
    """Answers with very unequal shares, and several kinds of declines."""
    shares = {
        name: [random.random() ** 2 + 0.02 for _ in range(7)]
        for name in ("kind", "area", "q", "plain", "own")
    }
    likely = [random.random() for _ in range(4)]
    rows = []
    for _ in range(people):
        row: dict[str, Cell] = {
            "kind": random.choices((1, 2, 3), shares["kind"][:3])[0],
            "area": random.choices((1, 2), shares["area"][:2])[0],
            "q": random.choices((1, 2, 3, 4, 5, DK, REFUSED), shares["q"])[0],
            "plain": random.choices((1, 2, 3, 4, 5, DK, REFUSED), shares["plain"])[0],
            "own": random.choices((1, 2, 3, DK), shares["own"][:4])[0],
        }
        mentions: Sequence[Cell] = [int(random.random() < share) for share in likely]
        if random.random() < 0.1:
            mentions = [DK] * len(likely)
        elif not any(mentions):
            mentions = [1, *mentions[1:]]
        row |= {f"media_{number}": cell for number, cell in enumerate(mentions, 1)}
        rows.append(row)
    return rows


class Collected(Attacker):
    """The reports that somebody has of one study."""

    def __init__(self, lines: Mapping[str, Sequence[ResultRow]]) -> None:
        super().__init__()
        self.totals_read = 0
        self._rows_by_item = lines
        """By item, all rows, as the questionnaire says."""

    def add(
        self,
        item: ItemResult,
        columns: Sequence[ResultColumn],
        options: Mapping[str, Any],
        units_each: float = 0.0,
    ) -> None:
        """Read an item. `units_each` is by what totals multiply counts: everybody can compute it."""
        if units_each:
            self._read_totals(item, columns, units_each)
        self.set_digits(options.get("digits", 0))
        of_rows = options.get("percent") == "row"
        is_valid = "with an answer" in item.base.text
        read = self.reads_valid if is_valid else self.reads
        read(item, columns, self._rows_by_item[item.id], percent_of_rows=of_rows)

    def _read_totals(
        self, item: ItemResult, columns: Sequence[ResultColumn], units_each: float
    ) -> None:
        """Divide the estimated totals by the units that an interview stands for."""
        places = [ALL, *((column.group, column.label) for column in columns[1:])]
        for row in item.rows:
            for place, figure in zip(places, row.figures, strict=False):
                if figure.total is not None:
                    people = figure.total.value / units_each
                    assert abs(people - round(people)) < 1e-6
                    self.totals_read += 1
                    name = (item.id, (row.kind, row.code, row.label), place)
                    is_sum = row.kind == "net" and "with an answer" in item.base.text
                    if not is_sum:
                        self.counts(name, str(round(people)))


def measure_errors(report: Report) -> Report:
    """Return the report with the errors of a simple random sample of the population."""
    answers = report.answers
    people = answers.interviews
    design = make_design([1.0] * people, population_units=[float(POPULATION)] * people)
    design = select_interviews(design, range(people), answers, units=POPULATION)
    level = report.options.level
    report.tables = [
        add_design(table, answers, report.groupings, design, level) for table in report.tables
    ]
    return report


def find_revealed(known: Attacker, truth: Attacker, threshold: int) -> Iterator[str]:
    """Describe each small count that is hidden somewhere and can be told to be small."""
    for name in sorted(known.secret, key=str):
        count = truth.known.get(name)
        if count is None or not 0 < count < threshold:
            continue
        if name in known.known:
            yield f"{name}: {count} is shown in another report"
        elif known.between(name, "most") < threshold:
            yield f"{name}: {count} is known to be less than {threshold}"


def list_studies() -> Iterator[tuple[int, int, tuple[str, ...]]]:
    sizes = (20, 30, 45, 60, 90)
    banners: Sequence[tuple[str, ...]] = ((), ("kind",), ("kind", "area"))
    yield 13, 60, ("kind",)  # a total that threshold 3 showed told a count by column, which 5 hid
    for seed in range(3 * SCALE):
        yield seed, sizes[seed % len(sizes)], banners[seed % len(banners)]


@pytest.mark.parametrize(("seed", "people", "by"), list_studies())
def test_reports_of_invented_studies_with_different_options(
    seed: int, people: int, by: tuple[str, ...]
) -> None:
    rows = invent(Random(seed), people)

    def print_report(by: tuple[str, ...], **options: Any) -> Report:
        chosen = ResultOptions(**{"threshold": THRESHOLD, "inference": False, **options})
        made = Report(TEXT, rows, options=chosen, by=by, columns_threshold=THRESHOLD)
        return measure_errors(made) if chosen.errors else made

    complete = print_report(by, threshold=0)
    lines = {item.id: item.rows for item in complete.items}
    truth = Collected(lines)
    known = Collected(lines)
    for item in complete.items:
        truth.add(item, complete.columns, {})
    for options in COVERED:
        report = print_report(by, **options)
        for item in report.items:
            known.add(item, report.columns, options, POPULATION / people)
    assert known.totals_read > 10
    reversed_report = print_report(by[::-1])
    for item in reversed_report.items:
        known.add(item, reversed_report.columns, {})
    assert list(find_revealed(known, truth, THRESHOLD)) == []

    for options in SMALLER:
        report = print_report(by, **options)
        for item in report.items:
            known.add(item, report.columns, options)
    assert list(find_revealed(known, truth, 3)) == []


def test_reports_whose_small_columns_are_merged() -> None:
    """A merged column is the sum of rows of the item by which a report is divided."""
    merged_columns = 0
    for seed in range(4 * SCALE):
        random = Random(seed)
        shares = [0.5, 0.4, 0.3, 0.02 + 0.03 * random.random(), 0.03, 0.02, 0.02]
        rows = invent(random, 150)
        for row in rows:
            row["q"] = random.choices((1, 2, 3, 4, 5, DK, REFUSED), shares)[0]
        options = ResultOptions(threshold=THRESHOLD, inference=False)
        complete = Report(TEXT, rows)
        report = Report(TEXT, rows, options=options, by=("q",), merge_columns=True)
        merged_columns += sum(len(grouping.crowded) for grouping in report.groupings)

        lines = {item.id: item.rows for item in complete.items}
        known = Collected(lines)
        truth = Collected(lines)
        key_of = {row.label: (row.kind, row.code, row.label) for row in lines["q"]}
        for item in complete.items:
            truth.add(item, complete.columns, {})
        for item in report.items:
            known.add(item, report.columns, {})
        (grouping,) = report.groupings
        for part, column in enumerate(report.columns[1:]):
            labels = grouping.merged_labels.get(part, (column.label,))
            parts = [("q", key_of[label], ALL) for label in labels]
            for item in report.items:
                if item.has_columns:
                    known.adds_up((item.id, BASE, (column.group, column.label)), parts)
        assert list(find_revealed(known, truth, THRESHOLD)) == []
    assert merged_columns


@pytest.fixture(scope="module")
def founding_survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The founding survey with 35 units, of which 30 were interviewed."""
    folder = tmp_path_factory.mktemp("founding")
    copy(INSTRUMENTS / "asu_2000.yaml", folder)
    run_survey(folder, "simulate", "asu_2000.yaml", "-n", "35", "--keep", "--seed", "3")
    return folder / "asu_2000.yaml"


@pytest.mark.parametrize("by", [(), ("kind",)])
def test_reports_of_the_founding_survey_with_different_options(
    founding_survey: Path, by: tuple[str, ...]
) -> None:
    """Of 30 units, 4 have no contact: 30 were asked, and 26 answered."""
    asked = ReportOptions(origin="simulated", by=by, inference=False, threshold=THRESHOLD)
    complete = build_results_report(founding_survey, replace(asked, threshold=0))
    reports = [
        (options, build_results_report(founding_survey, replace(asked, **options)))
        for options in COVERED
    ]
    # The ranges of numbers are others when nothing is hidden.
    compared = [item for item in complete.items if item.kind != "number"]
    assert len(compared) > 25
    revealed: list[str] = []
    for item in compared:
        lines = {item.id: item.rows}
        truth = Collected(lines)
        truth.add(item, complete.columns, {})
        known = Collected(lines)
        for options, report in reports:
            own = next(each for each in report.items if each.id == item.id)
            known.add(own, report.columns, options, 35 / complete.interviews)
        revealed += find_revealed(known, truth, THRESHOLD)
    assert revealed == []


def list_shown(report: Report) -> set[tuple[str, Unknown]]:
    """List the printed counts and bases."""
    shown = set()
    for item in report.items:
        columns = [(column.group, column.label) for column in report.columns]
        for column, base in zip(columns, item.bases, strict=False):
            if base.asked is not None:
                shown.add((item.id, (item.id, BASE, column)))
        for row in item.rows:
            key = (row.kind, row.code, row.label)
            for column, figure in zip(columns, row.figures, strict=False):
                if not figure.hidden:
                    shown.add((item.id, (item.id, key, column)))
    return shown


@pytest.mark.parametrize("seed", range(SCALE))
@pytest.mark.parametrize("by", [(), ("kind", "area")])
def test_a_larger_threshold_never_shows_more(seed: int, by: tuple[str, ...]) -> None:
    rows = invent(Random(seed), 60)
    before: set[tuple[str, Unknown]] | None = None
    for threshold in (2, 3, 4, 5, 6, 7, 9, 10, 12, 15, 20, 33):
        options = ResultOptions(threshold=threshold, inference=False)
        shown = list_shown(Report(TEXT, rows, options=options, by=by, columns_threshold=THRESHOLD))
        if before is not None:
            assert shown <= before, f"{threshold} shows {shown - before}"
        before = shown


@pytest.mark.parametrize("by", [("kind", "area"), ("area", "kind")])
def test_the_same_counts_are_hidden_with_any_options(by: tuple[str, ...]) -> None:
    for seed in range(2 * SCALE):
        rows = invent(Random(seed), 60)

        def list_hidden(by: tuple[str, ...], rows: Any = rows, **options: Any) -> Any:
            chosen = ResultOptions(**{"threshold": THRESHOLD, "inference": False, **options})
            report = Report(TEXT, rows, options=chosen, by=by, columns_threshold=THRESHOLD)
            return list_shown(report)

        expected = list_hidden(("kind", "area"))
        for options in COVERED:
            if "valid" not in options and "threshold" not in options:
                assert list_hidden(by, **options) == expected
