"""Vectors of answers to a form: candidates for every question, and an interview with our engine that gives them."""

import json
import random
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from support.scenario import STAMP, Scenario, scenario
from survey_cli.conversion.convert import convert_form
from survey_cli.conversion.input_files import open_input
from survey_cli.conversion.model.forms import FormNote, FormQuestion
from survey_cli.conversion.questionnaire.builder import QuestionnaireBuilder
from survey_cli.conversion.xlsform.reader import read_xlsform
from survey_cli.conversion.xlsform.sheets import read_sheets
from survey_cli.engine.events import QuestionAnswered, QuestionDeclined
from survey_cli.values import Code, Value

AskedItem: TypeAlias = FormQuestion | FormNote
WORDS = ("Ana", "x y", "Springfield")


@dataclass
class Slot:
    """A question, or a question of one turn of a repeat."""

    item: AskedItem
    turn: int
    candidates: list[str] = field(default_factory=list)
    """Values as the form stores them; the empty text is no answer."""

    @property
    def key(self) -> str:
        return f"{self.item.name}#{self.turn}" if self.turn else self.item.name


class ConvertedInterview:
    """A converted form, and interviews that answer it with a vector."""

    def __init__(self, path: Path) -> None:
        converted = convert_form(path)
        assert not converted.errors
        self.text = converted.text
        file = open_input(path)
        self.form = read_xlsform(file)
        cells = [cell for row in read_sheets(file)["survey"] for cell in row.cells.values()]
        self.words = " ".join(cells)
        builder = QuestionnaireBuilder(self.form, {})
        builder.build()
        self.codes = builder.translator.codes
        self.limits = {
            item.name: builder.constraints.read_limits(item)[0]
            for item in self.form.iterate_questions()
        }
        names: dict[str, AskedItem] = {
            item.id: item
            for item in self.form.root.iterate_items()
            if isinstance(item, FormQuestion | FormNote)
        }
        begun = scenario(self.text)
        self.asked = {
            id_: item for id_, item in names.items() if id_ in begun.interview.instrument.items
        }
        self.max_turns = 4

    def list_slots(self) -> list[Slot]:
        """Return the slots with their candidates."""
        slots = []
        for item in self.form.root.iterate_items():
            if isinstance(item, FormQuestion | FormNote) and item.id in self.asked:
                turns = range(1, self.max_turns + 1) if item.roster is not None else (0,)
                slots += [Slot(item, turn, self._list_candidates(item)) for turn in turns]
        return slots

    def _list_candidates(self, item: AskedItem) -> list[str]:
        codes = self.codes.get(item.id, {})
        if isinstance(item, FormNote):
            return [""]
        match item.answer:
            case "code":
                values = list(codes)
            case "codes":
                names = [
                    code for code, written in codes.items() if written not in ("dk", "refused")
                ]
                chosen = [
                    [n for i, n in enumerate(names) if bits >> i & 1]
                    for bits in range(1, 2 ** min(len(names), 4))
                ]
                values = [" ".join(part) for part in chosen]
                values += [code for code in codes if code not in names]
            case "number":
                limits = self.limits[item.name]
                constants = {
                    int(n) + d
                    for n in re.findall(r"(?<![\w.-])\d{1,4}(?![\w.])", self.words)
                    for d in (-1, 0, 1)
                }
                low, high = limits.get("min", 0), limits.get("max", 200)
                values = [str(n) for n in sorted(constants) if low <= n <= high][:60] or [str(low)]
                values += list(codes)
            case "date":
                values = ["1985-03-03", "2020-02-29", "2026-11-24"]
            case _:
                values = [*WORDS, *re.findall(rf"\{{{item.name}\}}\s*!?=\s*'([^']+)'", self.words)]
        has_both = {"dk", "refused"} <= set(codes.values())
        return values if item.required == "yes" or has_both else ["", "", *values]

    def ask(
        self,
        values: dict[str, str],
        rng: random.Random | None = None,
        slots: dict[str, Slot] | None = None,
    ) -> set[str]:
        """Answer with the values; return the keys of the questions that were put.

        With `rng`, a value that is not accepted is replaced by another candidate.
        """
        now = scenario(self.text)
        asked: set[str] = set()
        while (prompt := now.prompt) is not None:
            item = self.asked[prompt.place.item]
            key = f"{item.name}#{prompt.place.turn}" if prompt.place.turn else item.name
            asked.add(key)
            after = self._answer(now, item, values.get(key, ""))
            for _ in range(50):
                if not after.why:
                    break
                assert rng is not None, f"{key} = {values.get(key)!r}: {after.why}"
                assert slots is not None
                values[key] = rng.choice(slots[key].candidates)
                after = self._answer(now, item, values[key])
            assert not after.why, (key, values[key], after.why)
            now = after.settled()
        return asked

    def _answer(self, now: Scenario, item: AskedItem, value: str) -> Scenario:
        place = now.asked.place
        if isinstance(item, FormNote):
            return now.key("")
        codes = self.codes.get(item.id, {})
        if value == "" or codes.get(value) in ("dk", "refused"):
            spare = [kind for kind in ("dk", "refused") if kind not in codes.values()]
            return now.step(QuestionDeclined(STAMP, place, codes[value] if value else spare[0]))
        answer: Value
        words: dict[Code, str] = {}
        match item.answer:
            case "code":
                answer = read_code(codes[value])
                words = {answer: "something"} if value == "other" else {}
            case "codes":
                chosen = [read_code(codes[code]) for code in value.split(" ")]
                answer = tuple(chosen)
            case _:
                return now.key(value)
        return now.step(QuestionAnswered(STAMP, place, answer, words))


def read_code(written: str) -> Code:
    return int(written)


def encode_recording(
    slots: list[Slot], vectors: list[dict[str, str]], relevant: list[list[str]]
) -> str:
    """Write vectors as the positions of their values among all candidates, and what is relevant as 1 and 0."""
    candidates = {slot.key: sorted({"", *slot.candidates}) for slot in slots}
    lines = []
    for vector, names in zip(vectors, relevant, strict=True):
        digits = "".join(f"{candidates[slot.key].index(vector[slot.key]):02x}" for slot in slots)
        lines.append(digits + " " + "".join("1" if slot.key in names else "0" for slot in slots))
    head = {"client": "@getodk/xforms-engine 0.22.0", "questions": candidates, "vectors": lines}
    return json.dumps(head, ensure_ascii=False, indent=0) + "\n"


def decode_recording(text: str) -> list[tuple[dict[str, str], set[str]]]:
    """Return the vectors of a recording, each with the keys of the relevant questions."""
    recording = json.loads(text)
    questions = recording["questions"]
    decoded = []
    for line in recording["vectors"]:
        digits, flags = line.split(" ")
        values = {
            key: candidates[int(digits[2 * at : 2 * at + 2], 16)]
            for at, (key, candidates) in enumerate(questions.items())
        }
        decoded.append(
            (values, {key for key, flag in zip(questions, flags, strict=True) if flag == "1"})
        )
    return decoded
