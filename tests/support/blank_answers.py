"""Conditions of a system compared with a table that was worked by hand, on random answers with blanks.

A table is a .csv with the columns field, condition, truths. The first row of a field has no condition, and names its
answers; `blank` is one of them, and stands for a question that was left empty, declined or never shown. Each other row
has a condition on this field alone, and its truth, T or F, for each of the answers. Conditions on several fields are
drawn at random from these, joined by `and` and `or`, so that no reading of the system's language is repeated here.
"""

import csv
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from support.scenario import Scenario

BLANK = "blank"
Answers = Mapping[str, str]
"""The answer to each field, one of those of the table."""


@dataclass(frozen=True)
class TableRow:
    """A condition on one field, and the answers for which it is true."""

    field: str
    text: str
    true_for: frozenset[str]

    def is_true(self, answers: Answers) -> bool:
        return answers[self.field] in self.true_for


@dataclass(frozen=True)
class Joined:
    """Conditions joined by `and` or `or`."""

    word: str
    parts: tuple["TableRow | Joined", ...]

    @property
    def text(self) -> str:
        texts = [f"({part.text})" if isinstance(part, Joined) else part.text for part in self.parts]
        return f" {self.word} ".join(texts)

    def is_true(self, answers: Answers) -> bool:
        truths = [part.is_true(answers) for part in self.parts]
        return all(truths) if self.word == "and" else any(truths)


@dataclass(frozen=True)
class TruthTable:
    """A table of conditions."""

    answers: Mapping[str, list[str]]
    """The answers of each field."""
    rows: list[TableRow]

    def draw_answers(self, rng: random.Random) -> dict[str, str]:
        return {field: rng.choice(answers) for field, answers in self.answers.items()}

    def draw_condition(self, rng: random.Random, depth: int = 2) -> TableRow | Joined:
        if depth == 0 or rng.random() < 0.3:
            return rng.choice(self.rows)
        parts = tuple(self.draw_condition(rng, depth - 1) for _ in range(rng.randint(2, 3)))
        return Joined(rng.choice(("and", "or")), parts)


def read_table(path: Path) -> TruthTable:
    """Read a table."""
    answers: dict[str, list[str]] = {}
    rows: list[TableRow] = []
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            words = row["truths"].split()
            field = row["field"]
            if not row["condition"]:
                answers[field] = words
                continue
            assert len(words) == len(answers[field]), row
            pairs = zip(answers[field], words, strict=True)
            true_for = frozenset(answer for answer, truth in pairs if truth == "T")
            rows.append(TableRow(field, row["condition"], true_for))
    return TruthTable(answers, rows)


def list_ahead(now: Scenario) -> set[str]:
    """Return the items that are put from here to the end."""
    ahead = {place.item for place in now.interview.evaluate_route().ahead}
    return ahead | {now.asked.place.item}
