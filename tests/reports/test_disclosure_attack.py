"""Hidden counts stay hidden from a reader who adds and subtracts everything that is printed, knows who was asked
what, and has the codebook; with random answers and the founding survey's items.
"""

from collections.abc import Iterable, Iterator, Sequence
from random import Random

import pytest

pytest.importorskip("scipy", reason="the extra [report]")

from support.disclosure_attacker import ALL, BASE, Attacker, Unknown
from support.report_tables import Report
from survey_cli.reports.codebook.codebook import build_codebook
from survey_cli.reports.results.crosstab import ResultOptions
from survey_cli.table.table import StudyDescription
from survey_cli.values import DK, REFUSED, Cell

THRESHOLD = 5
AGREEMENT = (
    "agreement: {1: Strongly agree, 2: Agree, 3: Disagree, 4: Strongly disagree,"
    " 5: {text: No opinion, missing: true, read: false}}"
)
TEXT = f"""
scales: {{{AGREEMENT}}}
sample:
  kind: {{type: single, options: {{1: Sector, 2: District, 3: Other}}}}
  region: {{type: single, options: {{1: North, 2: South, 3: East, 4: West}}}}
items:
  - {{id: q, type: scale, text: So?, scale: agreement, nets: {{Agrees: [1, 2], Disagrees: [3, 4]}}}}
  - {{id: why, type: single, text: Why?, ask_if: 'q in [3, 4]', options: {{1: Cost, 2: Time, 3: Staff}}}}
  - {{id: own, type: single, text: Own?, options: {{1: Yes, 2: No}}}}
  - {{id: media, type: multiple, text: Which?, options: {{1: Radio, 2: Paper, 3: Web}}, nets: {{Press: [1, 2]}}}}
  - {{id: more, type: single, text: More?, ask_if: own == 1, options: {{1: A, 2: B, 3: C}}}}
  - {{id: radio, type: single, text: Radio?, ask_if: 1 in media, options: {{1: A, 2: B}}}}
"""
WITHOUT_NETS = TEXT.replace(", nets: {Agrees: [1, 2], Disagrees: [3, 4]}", "")
"""The sides of its scale are shown by column, where most else would be hidden."""
ANALYSIS = """
variables:
  view: {recode: {of: q, values: {1: [1, 2], 2: 3, 3: [4, 5]}}}
  against: {value: "q in [3, 4]"}
  strongly: {recode: {of: q, values: {1: [1, 4]}, otherwise: .not_asked}}
  owner: {value: own == 1}
"""
DERIVED = {
    "view": ("q", {"1": ("1", "2"), "2": ("3",), "3": ("4", "5")}),
    "against": ("q", {"1": ("3", "4"), "0": ("1", "2", "5")}),
    "strongly": ("q", {"1": ("1", "4")}),
    "owner": ("own", {"1": ("1",), "0": ("2",)}),
}
"""What everybody knows of the variables: the codes of an item that each of their codes is."""
FOLLOW_UPS = (("why", "q", ("3", "4")), ("more", "own", ("1",)), ("radio", "media", ("1",)))


def invented(random: Random, people: int, *, nested: bool) -> list[dict[str, Cell]]:
    """Answers with very unequal shares; `nested`: regions are parts of kinds, and everybody knows that."""
    shares = {
        name: [random.random() ** 2 + 0.02 for _ in range(7)] for name in ("kind", "region", "q")
    }
    likely = [random.random() for _ in range(3)]

    def row() -> Iterator[tuple[str, Cell]]:
        region = random.choices((1, 2, 3, 4), shares["region"][:4])[0]
        yield "region", region
        yield "kind", min(3, region) if nested else random.choices((1, 2, 3), shares["kind"][:3])[0]
        q = random.choices((1, 2, 3, 4, 5, DK, REFUSED), shares["q"])[0]
        yield "q", q
        if q in (3, 4):
            yield "why", random.choice((1, 2, 3))
        own = random.choices((1, 2), (3, 1))[0]
        yield "own", own
        if own == 1:
            yield "more", random.choice((1, 2, 3))
        if random.random() < 0.05:
            yield from ((f"media_{i}", DK) for i in (1, 2, 3))
            return
        given = [int(random.random() < share) for share in likely]
        given[2] = given[2] or int(not any(given))
        yield from ((f"media_{i}", n) for i, n in enumerate(given, 1))
        if given[0]:
            yield "radio", random.choice((1, 2))

    return [dict(row()) for _ in range(people)]


class Known(Attacker):
    """What is printed of one study, and what everybody knows of its questionnaire."""

    def __init__(
        self,
        rows: Sequence[dict[str, Cell]],
        threshold: int,
        digits: int,
        *,
        nested: bool,
        analysis: str,
    ) -> None:
        super().__init__(digits)
        self._nested = nested
        self._analysis = analysis
        self.text = TEXT
        self._rows = rows
        self._options = ResultOptions(threshold=threshold, digits=digits, inference=False)
        self._codes: dict[tuple[str, str], tuple[str, str, str]] = {}

    def report(self, *by: str) -> Report:
        made = Report(
            self.text,
            self._rows,
            options=self._options,
            by=by,
            analysis=self._analysis,
            columns_threshold=THRESHOLD,
        )
        for table in made.tables:
            item = made[table.question.id]
            self.reads(item, made.columns, table.lines)
            self._codes |= {
                (item.id, row.code): (row.kind, row.code, row.label)
                for row in table.lines
                if row.code
            }
        for column in [ALL, *((c.group, c.label) for c in made.columns[1:])]:
            for item_id in ("own", "media"):
                self.same(("q", BASE, column), (item_id, BASE, column))
            if column != ALL and column[0] == made["q"].label:
                labels = column[1].split("/")
                rows = [
                    ("q", row, ALL)
                    for (item, _), row in self._codes.items()
                    if item == "q" and row[2] in labels
                ]
                self.adds_up(("q", BASE, column), rows)
            for follow_up, of, codes in FOLLOW_UPS:
                rows = [(of, self._codes[of, code], column) for code in codes]
                if column == ALL or made[follow_up].has_columns:
                    self.adds_up((follow_up, BASE, column), rows)
            for name, (of, codes_of) in DERIVED.items():
                for code, codes in codes_of.items():
                    if (name, code) in self._codes and (column == ALL or made[name].has_columns):
                        self.adds_up(
                            (name, self._codes[name, code], column),
                            [(of, self._codes[of, c], column) for c in codes],
                        )
                for kind in "-8", "-9":
                    if (name, kind) in self._codes:
                        self.same(
                            (name, self._codes[name, kind], column),
                            (of, self._codes[of, kind], column),
                        )
        if self._nested and set(by) == {"kind", "region"}:
            parts = {"Sector": ("North",), "District": ("South",), "Other": ("East", "West")}
            for id, row, (group, label) in list(self._at):
                if group == "kind" and label in parts:
                    self.adds_up(
                        (id, row, (group, label)), [(id, row, ("region", p)) for p in parts[label]]
                    )
        return made

    def codebook(self, made: Report) -> None:
        study, threshold = StudyDescription(title="A study"), self._options.threshold
        book = build_codebook(
            made.variables, made.instrument, study, made.answers, language="en", threshold=threshold
        )
        for variable in book.variables:
            for code in (*variable.codes, *variable.missing):
                row = self._codes.get((variable.name, code.code))
                if row is not None and code.count_text:
                    self.counts((variable.name, row, ALL), code.count_text)


def small_ones(known: Known, truth: Known) -> Iterable[tuple[Unknown, int]]:
    """Hidden counts that are small, with what they are."""
    for name in sorted(known.secret, key=str):
        if 0 < truth.known[name] < THRESHOLD:
            yield name, truth.known[name]


@pytest.mark.parametrize(
    ("seed", "people", "pages", "nested", "analysis"),
    [
        (1, 35, [("kind",)], False, ANALYSIS),
        (2, 35, [("region",), ()], False, ANALYSIS),
        (5, 100, [("kind", "region")], True, ""),
        (7, 35, [("kind",), ("region",)], False, ANALYSIS),
        (8, 20, [("kind", "region")], False, ""),
        (4, 35, [("region", "kind")], True, ""),
        (9, 60, [("own",)], False, ""),
        (11, 60, [("q",), ()], False, ""),
    ],
)
def test_nobody_can_tell_that_a_hidden_count_is_small(
    seed: int, people: int, pages: list[tuple[str, ...]], nested: bool, analysis: str
):
    """Reports and the codebook of the same interviews, side by side: every small count may be the threshold or more, for
    all that is printed."""
    random = Random(seed)
    rows = invented(random, people, nested=nested)
    digits = random.choice((0, 1, 2))
    known, truth = (
        Known(rows, threshold, digits, nested=nested, analysis=analysis)
        for threshold in (THRESHOLD, 0)
    )
    for by in pages:
        for reader in (known, truth):
            reader.codebook(reader.report(*by))
    attacked = list(small_ones(known, truth))
    assert attacked
    for name, count in attacked:
        assert name not in known.known, f"{name}, {count}, is shown elsewhere"
        assert known.between(name, "most") >= THRESHOLD, f"{name} is known to be small"


@pytest.mark.parametrize(
    ("seed", "people", "pages"), [(12, 45, [("kind",), ()]), (0, 70, [("kind",)])]
)
def test_nor_where_a_coarser_table_takes_the_place_of_one(
    seed: int, people: int, pages: list[tuple[str, ...]]
):
    rows = invented(Random(seed), people, nested=False)
    known, truth = (
        Known(rows, threshold, 0, nested=False, analysis="") for threshold in (THRESHOLD, 0)
    )
    known.text = truth.text = WITHOUT_NETS
    for by in pages:
        reports = known.report(*by), truth.report(*by)
        known.codebook(reports[0])
        if by:
            coarse = [
                figure for row in reports[0]["q"].rows if "…" in row.label for figure in row.figures
            ]
            assert any(not figure.hidden for figure in coarse), "it takes the place"
    attacked = [
        (name, truth.known[name]) for name in sorted(known.secret, key=str) if name in truth.known
    ]
    for name, _ in (pair for pair in attacked if 0 < pair[1] < THRESHOLD):
        assert name not in known.known
        assert known.between(name, "most") >= THRESHOLD, f"{name} is known to be small"


@pytest.mark.parametrize("seed", [0, 1, 7, 19, 24, 34, 50, 92])
def test_columns_cost_no_total_and_no_group_its_size(seed: int):
    """Whatever a report is divided by, it hides of the totals what it hides undivided; how many a group has is hidden for
    another group's sake alone. Of 35 units the tables would else be empty."""
    rows = invented(Random(seed), 35, nested=False)
    sizes = {kind: sum(row["kind"] == kind for row in rows) for kind in (1, 2, 3)}
    undivided, divided = (
        Report(TEXT, rows, options=ResultOptions(threshold=5), by=by)
        for by in ((), ("kind", "region"))
    )
    for one, other in zip(undivided.tables, divided.tables, strict=True):
        assert {s for s in other.hidden if s.column == 0} == {
            s for s in one.hidden if s.column == 0
        }
    if all(size == 0 or size >= THRESHOLD for size in sizes.values()):
        shown = [
            not divided.tables[0].is_base_hidden(c)
            for c in range(1, 1 + sum(map(bool, sizes.values())))
        ]
        assert all(shown)


def test_the_attacker_finds_what_is_not_hidden_well():
    """One small count hidden alone is found: else the test above would prove nothing."""
    rows: list[dict[str, Cell]] = [
        {"q": q, "kind": 1} for q, n in ((1, 2), (2, 10), (3, 8)) for _ in range(n)
    ]
    attacker = Attacker()
    made = Report(TEXT, rows)
    attacker.reads(made["q"], ())
    lonely = ("q", ("answer", "1", "Strongly agree"), ALL)
    assert attacker.known.pop(lonely) == 2
    attacker.known.pop(("q", ("net", "", "Agrees"), ALL))
    assert (attacker.between(lonely, "least"), attacker.between(lonely, "most")) == (2, 2)
