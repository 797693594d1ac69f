"""What does each variable of the data hold? Wording, who is asked, codes, labels, missing values and source, with counts
where there are data. It makes no per cent.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from survey_cli.instrument.program import Instrument
from survey_cli.reports.answers import Answers
from survey_cli.reports.disclosure import THRESHOLD, Counted, Spot, hidden_spots
from survey_cli.reports.questions import NEVER_DECLINES, questions
from survey_cli.reports.results import Codebook, CodebookCode, CodebookVariable, MethodLine
from survey_cli.reports.rounding import HIDDEN
from survey_cli.table import Study
from survey_cli.values import Cell, Missing, Variable

STORED: Final = {
    "integer": "whole number",
    "decimal": "number with decimals",
    "text": "text",
    "date": "date",
    "time": "time of day",
}
_RESERVED: Final = {"not_asked": "not asked", "not_reached": "not reached"}


def codebook(
    variables: Sequence[Variable],
    study: Study,
    instrument: Instrument,
    *,
    language: str = "",
    answers: Answers | None = None,
    threshold: int = THRESHOLD,
    methods: tuple[MethodLine, ...] = (),
    notes: Sequence[str] = (),
) -> Codebook:
    """Every variable in the order of the data. Counts of fewer people than `threshold` are not printed, and with the only
    one of a variable another goes. `answers` holds the columns to count; others have no counts."""
    language = language or instrument.language
    sections = {q.item: q.section for q in questions(instrument, variables, language=language)[0]}
    made = tuple(
        _variable(number, v, study, instrument, language, sections.get(v.item, ""), answers, threshold)
        for number, v in enumerate(variables, 1)
    )
    told = list(notes)
    if answers is not None and threshold > 1:
        told.append(f"{HIDDEN}: fewer than {threshold} interviews, or a count from which that would follow.")
    return Codebook(
        title=study.title,
        instrument=instrument.id,
        version=instrument.version,
        language=language,
        interviews=answers.interviews if answers is not None else None,
        methods=methods,
        variables=made,
        sets=tuple(_sets(variables, instrument, language)),
        notes=tuple(told),
    )


def _variable(
    number: int,
    v: Variable,
    study: Study,
    instrument: Instrument,
    language: str,
    section: str,
    answers: Answers | None,
    threshold: int,
) -> CodebookVariable:
    leaf = instrument.leaves.get(v.item)
    counts = _counts(v, answers)
    notes = []
    if v.personal:
        notes.append("Personal: left out of files unless it is asked for by name.")
    if leaf is not None and leaf.question.by == "interviewer" and v.role == "answer":
        notes.append("Not asked: the interviewer answers.")
    return CodebookVariable(
        number=number,
        name=v.name,
        label=v.label,
        wording=v.wording if v.role in ("answer", "words") else "",
        asked=_asked(v, study),
        instruction=leaf.instruction.markers(language)
        if leaf is not None and leaf.instruction is not None and v.role == "answer"
        else "",
        section=section,
        storage=STORED[v.storage],
        measure=v.measure,
        source=_source(v),
        codes=tuple(_codes(v, counts, threshold)),
        range_text=_range(v, counts, threshold),
        personal=v.personal,
        notes=tuple(notes),
    )


def _asked(v: Variable, study: Study) -> str:
    match v.role:
        case "answer" | "words" | "state":
            return study.asked.get(v.item, "Asked of all.")
        case "sample":
            return "Comes with the sample."
        case "compute":
            return "Computed from the answers."
        case "order":
            return "Drawn for each interview."
        case _:
            return "Kept of every interview."


def _source(v: Variable) -> str:
    turn = "" if v.turn is None else f", turn {v.turn}"
    match v.role:
        case "answer" if v.option is not None:
            return f"option {v.option} of {v.item}{turn}"
        case "answer":
            return f"question {v.item}{turn}" if v.item else "data"
        case "words":
            return (
                f"words of {v.item}{turn}"
                if v.option is None
                else f"words of option {v.option} of {v.item}{turn}"
            )
        case "state":
            return f"why {v.item} is empty{turn}"
        case "order":
            return f"order of {v.item or v.name}"
        case "sample":
            return f"sample column {v.item}"
        case "compute":
            return f"computed: {v.wording}" if v.wording else "computed"
        case _:
            return "interview"


def _counts(v: Variable, answers: Answers | None) -> Mapping[Cell, int] | None:
    """How many interviews have each different cell; None where nothing is counted."""
    if answers is None or v.name not in answers.columns or v.personal:
        return None
    cells = answers.cells(v.name)
    found: dict[Cell, int] = {}
    for text, piles in answers.piles(answers.columns[v.name], ()).items():
        cell = cells[str(text)]
        found[cell] = found.get(cell, 0) + piles[0].people
    return found


def _codes(v: Variable, counts: Mapping[Cell, int] | None, threshold: int) -> list[CodebookCode]:
    """Labelled codes, one line for all other answers, then what is missing."""
    left = dict(counts or {})
    lines: list[tuple[CodebookCode, int]] = []
    for code, label in v.labels.items():
        missing = "missing" if code in v.user_missing else ""
        lines.append((CodebookCode(code=str(code), label=label, missing=missing), left.pop(code, 0)))
    others = sum(n for cell, n in left.items() if not isinstance(cell, Missing) and cell != "")
    if others or not v.labels:
        label = "any other value" if v.labels else f"any {STORED[v.storage]}"
        lines.append((CodebookCode(code="", label=label), others))
    empty = v.storage in ("text", "date", "time")
    for kind, (number, label) in v.declines.items():
        n = sum(count for cell, count in left.items() if isinstance(cell, Missing) and cell.kind == kind)
        why = _RESERVED.get(kind, label.lower() if kind not in NEVER_DECLINES else kind)
        lines.append((CodebookCode(code="" if empty else str(number), label=label, missing=why), n))
    if counts is None:
        return [line for line, _ in lines]
    people = [[n] for _, n in lines]
    whole = range(len(lines))
    base = sum(n for _, n in lines)
    hidden = hidden_spots(Counted(counts=people, bases=[base], sums={}, whole=whole), threshold)
    return [
        replace(line, count_text=HIDDEN if Spot(i, 0) in hidden else f"{n:,}")
        for i, (line, n) in enumerate(lines)
    ]


def _range(v: Variable, counts: Mapping[Cell, int] | None, threshold: int) -> str:
    """Between which numbers answers lie, where as many people as the threshold are at either end."""
    if counts is None or v.measure != "scale" or v.storage not in ("integer", "decimal"):
        return ""
    numbers = sorted(cell for cell in counts if isinstance(cell, int | float) and cell not in v.labels)
    if not numbers:
        return ""
    ends = {counts[numbers[0]], counts[numbers[-1]]}
    if min(ends) < threshold:
        return ""
    return f"{numbers[0]:.10g} to {numbers[-1]:.10g}"


def _sets(
    variables: Sequence[Variable], instrument: Instrument, language: str
) -> Iterable[tuple[str, str, tuple[str, ...]]]:
    """The 0/1 variables that are together one question."""
    found: dict[tuple[str, int | None], list[str]] = {}
    for v in variables:
        if v.option is not None and v.role == "answer":
            found.setdefault((v.item, v.turn), []).append(v.name)
    for (item, turn), names in found.items():
        leaf = instrument.leaves.get(item)
        label = str(leaf.label.written(language)) if leaf is not None else item
        turned = "" if turn is None else f" ({turn})"
        yield f"{item}{'' if turn is None else f'_{turn}'}", f"{label}{turned}", tuple(names)
