"""Builder of the codebook: wording, base, codes, labels, missing values and source of each variable.

Counts are included where there are data; percentages are not.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from survey_cli.instrument.compiled.model import CompiledNode, Instrument
from survey_cli.instrument.schema.items.groups import BatteryItem
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.typed import NumberItem
from survey_cli.instrument.schema.items.unasked_items import ComputedItem, DrawItem, EndItem, LookupItem, SplitItem
from survey_cli.outcomes import OUTCOMES
from survey_cli.reports.codebook.codebook_model import Codebook, CodebookCode, CodebookColumn, CodebookVariable
from survey_cli.reports.disclosure.suppression import DEFAULT_THRESHOLD, find_hidden_parts
from survey_cli.reports.results.linked_tables import HiddenCounts, find_hidden_counts
from survey_cli.reports.results.report_model import MethodLine
from survey_cli.reports.rounding import HIDDEN_MARK
from survey_cli.reports.weighting.answer_counts import AnswerColumns
from survey_cli.table import StudyDescription
from survey_cli.table.timestamps import is_timestamp
from survey_cli.values import Cell, Code, Missing, Variable

STORAGE_NAMES: Final = {
    "integer": "whole number",
    "decimal": "number with decimals",
    "text": "text",
    "date": "date",
    "time": "time of day",
}
TIMESTAMP_NAME: Final = "date and time"
_MISSING_LABELS: Final = {
    "dk": "don't know",
    "refused": "refused",
    "not_asked": "not asked",
    "not_reached": "not reached",
}
_ADMIN, _SAMPLE, _ITEMS = "About the interview", "From the sample", "Questions"
_ORDERS, _COMPUTES = "Orders that were drawn", "Computed from the answers"
_DRAW_METHODS: Final = {"random": "by chance", "youngest": "the youngest", "next_birthday": "by the next birthday"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CodebookContext:
    """What is known of a study in words before anything is counted."""

    study: StudyDescription
    instrument: Instrument
    language: str
    compute_descriptions: Mapping[str, str]
    """By compute how its value comes about: `1 if …`."""
    roster_descriptions: Mapping[str, str]
    """By roster how often it is gone through: `as many times as …`."""
    sections: Mapping[str, str]
    """By item the titles it stands under."""
    intros: Mapping[str, str]
    """By the first statement of a battery what is read before it."""
    hidden_counts: Mapping[tuple[str, int | None], HiddenCounts]
    """By item and turn the counts that a report hides."""
    after_end: frozenset[str]
    """Items that come after one that may end the interview."""

    def find_item(self, v: Variable) -> CompiledItem | None:
        """The item that the variable comes from; None where it comes from none, or from an older version's."""
        leaves = self.instrument.items
        return leaves.get(v.item) if v.role in ("answer", "words", "state") else None


def build_codebook(
    variables: Sequence[Variable],
    study: StudyDescription,
    instrument: Instrument,
    *,
    language: str = "",
    answers: AnswerColumns | None = None,
    threshold: int = DEFAULT_THRESHOLD,
    methods: tuple[MethodLine, ...] = (),
    notes: Sequence[str] = (),
    computed: Mapping[str, str] | None = None,
    turns: Mapping[str, str] | None = None,
) -> Codebook:
    """Build the codebook: every variable in the order of the data.

    The options of a multiple share one entry, and so do the turns of a roster item. Counts of fewer people than
    `threshold` are hidden, and where only one count of a variable is, so is a second. `answers` holds the columns to
    count; others have no counts. `computed` and `turns` describe how a computed value comes about and how often a
    roster is repeated.
    """
    language = language or instrument.language
    told = CodebookContext(
        study=study,
        instrument=instrument,
        language=language,
        compute_descriptions=computed or {},
        roster_descriptions=turns or {},
        sections=dict(_iterate_section_titles(instrument.root.children, language, "")),
        intros=dict(_iterate_battery_intros(instrument, language)),
        hidden_counts=find_hidden_counts(variables, instrument, answers, threshold),
        after_end=frozenset(_iterate_items_after_end(instrument)),
    )
    piles: dict[tuple[str, ...], list[tuple[int, Variable]]] = {}
    for number, v in enumerate(variables, 1):
        piles.setdefault(_make_group_key(v), []).append((number, v))
    said = list(notes)
    if answers is not None and threshold > 1:
        said.append(f"{HIDDEN_MARK}: fewer than {threshold} interviews, or a count from which that would follow.")
    return Codebook(
        title=study.title,
        instrument=instrument.id,
        version=instrument.version,
        language=language,
        interviews=answers.interviews if answers is not None else None,
        methods=methods,
        variables=tuple(_merge_entries(tuple(piles.values()), told, answers, threshold)),
        notes=tuple(said),
    )


def _make_group_key(v: Variable) -> tuple[str, ...]:
    """What variables share that are described together."""
    if v.option is not None and v.role == "answer":
        return v.role, v.item, "options"
    if v.turn is not None:
        return v.role, v.item, v.name.removesuffix(f"_{v.turn}"), "turns"
    return v.role, v.name


def _iterate_section_titles(nodes: Sequence[CompiledNode], language: str, above: str) -> Iterator[tuple[str, str]]:
    """Each item with the titles of the sections around it."""
    for node in nodes:
        yield node.id, above
        if not isinstance(node, CompiledItem):
            battery = isinstance(node.spec, BatteryItem)
            own = node.title.get_source_text(language) if node.title and not battery else ""
            here = ": ".join(part for part in (above, own) if part) if own != above else above
            yield node.id, here
            yield from _iterate_section_titles(node.children, language, here)
            until = getattr(node, "until", None)
            if until is not None:
                yield until.id, here


def _iterate_battery_intros(instrument: Instrument, language: str) -> Iterator[tuple[str, str]]:
    """At the first statement of each battery."""
    for group in instrument.groups.values():
        if isinstance(group.spec, BatteryItem) and group.intro is not None and group.items:
            yield group.items[0].id, group.intro.get_source_text(language)


def _iterate_items_after_end(instrument: Instrument) -> Iterator[str]:
    ended = False
    for leaf in instrument.root.items:
        if ended:
            yield leaf.id
        ended = ended or isinstance(leaf.question, EndItem)


def _merge_entries(
    piles: Sequence[Sequence[tuple[int, Variable]]],
    told: CodebookContext,
    answers: AnswerColumns | None,
    threshold: int,
) -> Iterator[CodebookVariable]:
    """An entry for each pile, or for each of its variables where they are not alike after all."""
    found: list[CodebookVariable] = []
    for pile in piles:
        made = [_build_variable(number, v, told, answers, threshold) for number, v in pile]
        labels = {tuple((c.code, c.label) for c in (*m.codes, *m.missing)) for m in made}
        if len(made) == 1 or len(labels) > 1:
            found.extend(made)
        else:
            found.append(_merge_columns(made, [v for _, v in pile], told, answers, threshold))
    yield from sorted(found, key=lambda entry: entry.number)


def _merge_columns(
    made: Sequence[CodebookVariable],
    variables: Sequence[Variable],
    told: CodebookContext,
    answers: AnswerColumns | None,
    threshold: int,
) -> CodebookVariable:
    """The options of a multiple, or the turns of an item, as one entry."""
    first, v = made[0], variables[0]
    leaf = told.find_item(v)
    options = {o.code: str(o.label.get(told.language)) for o in leaf.options} if leaf is not None else {}
    columns = []
    for entry, each in zip(made, variables, strict=True):
        counts = tuple(line.count_text for line in (*entry.codes, *entry.missing))
        columns.append(
            CodebookColumn(
                number=entry.number,
                name=entry.name,
                label=options.get(each.option, each.label) if each.option is not None and each.role == "answer" else "",
                turn=each.turn,
                counts=counts if any(counts) else (),
            )
        )
    multiple = v.option is not None and v.role == "answer"
    label = str(leaf.label.get(told.language)) if multiple and leaf is not None else first.label
    pooled: dict[Cell, int] = {}
    for each in variables:
        for cell, n in (_count_cells(each, answers) or {}).items():
            pooled[cell] = pooled.get(cell, 0) + n
    return replace(
        first,
        label=label if v.turn is None else label.removesuffix(f" ({v.turn})"),
        source=f"question {v.item}" if v.role == "answer" else first.source.removesuffix(f", turn {v.turn}"),
        codes=tuple(replace(code, count_text="") for code in first.codes),
        missing=tuple(replace(code, count_text="") for code in first.missing),
        columns=tuple(columns),
        range_text=_format_range(v, pooled or None, threshold),
        notes=(*first.notes, *(("Several answers: a variable of 0 and 1 for each option.",) if multiple else ())),
    )


def _build_variable(
    number: int, v: Variable, told: CodebookContext, answers: AnswerColumns | None, threshold: int
) -> CodebookVariable:
    leaf = told.find_item(v)
    counts = _count_cells(v, answers)
    codes, missing = _build_codes(v, counts, threshold, told)
    notes = []
    if leaf is not None and leaf.question.by == "interviewer" and v.role == "answer":
        notes.append("Not asked: the interviewer answers.")
    label = "" if v.label == v.name else v.label
    return CodebookVariable(
        number=number,
        name=v.name,
        label=label,
        wording=v.wording if v.role in ("answer", "words") else "",
        asked=_describe_asked(v, told),
        intro=told.intros.get(v.item, "") if v.role == "answer" else "",
        instruction=leaf.instruction.get_source_text(told.language)
        if leaf is not None and leaf.instruction is not None and v.role == "answer"
        else "",
        section=_find_section(v, told),
        storage=_describe_storage(v),
        measure=v.measure if v.role not in ("admin", "order", "words") else "",
        source=_describe_source(v),
        has_codes=bool(_select_labels(v, counts, told)),
        codes=codes,
        missing=missing,
        range_text=_format_range(v, counts, threshold),
        personal=v.personal,
        notes=tuple(notes),
    )


def _describe_storage(v: Variable) -> str:
    return TIMESTAMP_NAME if is_timestamp(v) else STORAGE_NAMES[v.storage]


def _find_section(v: Variable, told: CodebookContext) -> str:
    match v.role:
        case "admin":
            return _ADMIN
        case "sample":
            return _SAMPLE
        case "order":
            return _ORDERS
        case "compute":
            return _COMPUTES
        case _:
            return told.sections.get(v.item, "") or _ITEMS


def _describe_asked(v: Variable, told: CodebookContext) -> str:
    """Who is asked; of what nobody is asked, how it comes about."""
    match v.role:
        case "sample":
            return "Comes with the sample."
        case "compute":
            how = told.compute_descriptions.get(v.item, "")
            return f"Computed: {how}." if how else "Computed from the answers."
        case "order":
            what = "names of the items" if v.item in told.instrument.groups else "codes of the options"
            return f"Drawn for each interview: the {what} in this order, spaces between."
        case "admin":
            return "Stored for every interview."
    leaf = told.find_item(v)
    if leaf is None:
        if v.item in told.instrument.groups:
            often = told.roster_descriptions.get(v.item, "")
            return f"Counted: how many turns of {v.item} there were{f', {often}' if often else ''}."
        return told.study.universes.get(v.item, "Asked in an earlier version of the questionnaire.")
    asked = told.study.universes.get(v.item, "")
    if isinstance(leaf.question, ComputedItem):
        return f"{_describe_computer_answer(leaf)}{asked.removeprefix('Asked').removesuffix('.')}."
    if v.role == "words" and v.option is not None:
        return f"Asked with option {v.option}."
    if leaf.roster is None:
        return asked or ("Asked of all who got that far." if leaf.id in told.after_end else "Asked of all.")
    often = told.roster_descriptions.get(leaf.roster, "")
    each = f"Asked in each turn of {leaf.roster}{f' ({often})' if often else ''}"
    return f"{each}, {asked.removeprefix('Asked ')}" if asked else f"{each}."


def _describe_computer_answer(leaf: CompiledItem) -> str:
    match leaf.question:
        case SplitItem() as split:
            arms = ", ".join(f"{arm} ({share})" for arm, share in split.arms.items())
            return f"Drawn by the computer with these shares: {arms}"
        case DrawItem() as draw:
            return f"Drawn by the computer: a turn of {draw.from_}, {_DRAW_METHODS[draw.by]}"
        case LookupItem():
            return "Looked up by the computer"
        case _:
            return "Answered by the computer"


def _describe_source(v: Variable) -> str:
    turn = "" if v.turn is None else f", turn {v.turn}"
    match v.role:
        case "answer" if v.option is not None:
            return f"option {v.option} of {v.item}{turn}"
        case "answer":
            return f"question {v.item}{turn}" if v.item else "data"
        case "words":
            of = v.item if v.option is None else f"option {v.option} of {v.item}"
            return f"words of {of}{turn}"
        case "state":
            return f"why {v.item} is empty{turn}"
        case "order":
            return f"order of {v.item or v.name.removesuffix('_order')}"
        case "sample":
            return f"sample column {v.item}"
        case "compute":
            return f"computed: {v.wording}" if v.wording else "computed"
        case _:
            return "interview"


def _count_cells(v: Variable, answers: AnswerColumns | None) -> Mapping[Cell, int] | None:
    """How many interviews have each different cell; None where nothing is counted."""
    if answers is None or v.name not in answers.columns or v.personal:
        return None
    cells = answers.read_cells(v.name)
    found: dict[Cell, int] = {}
    for text, piles in answers.count(answers.columns[v.name], ()).items():
        cell = cells[str(text)]
        found[cell] = found.get(cell, 0) + piles[0].people
    return found


def _select_labels(v: Variable, counts: Mapping[Cell, int] | None, told: CodebookContext) -> Mapping[Code, str]:
    """The meaning of each code. Outcomes are those that the data have, or those that an interview can end with."""
    if v.name != "interview_outcome" or v.role != "admin":
        return v.labels
    if counts is None:
        ends, own = ("interrupted", "screened", "any", "end"), told.instrument.document.outcomes
        never = {id for id, row in OUTCOMES.items() if row.moment not in ends and id not in own}
        return {id: name for id, name in v.labels.items() if id not in never}
    return {id: name for id, name in v.labels.items() if id in counts}


def _build_codes(
    v: Variable, counts: Mapping[Cell, int] | None, threshold: int, told: CodebookContext
) -> tuple[tuple[CodebookCode, ...], tuple[CodebookCode, ...]]:
    """Labelled codes with one line for all other answers, and why there can be none."""
    left = dict(counts or {})
    labels = _select_labels(v, counts, told)
    lines: list[tuple[CodebookCode, int]] = []
    numbers: list[str] = []
    for code, label in labels.items():
        missing = "missing" if code in v.user_missing else ""
        lines.append((CodebookCode(code=str(code), label=label, missing=missing), left.pop(code, 0)))
        numbers.append(str(code))
    nothing = left.pop("", 0)
    others = sum(n for cell, n in left.items() if not isinstance(cell, Missing))
    if others or not labels:
        label = "any other value" if labels else f"any {_describe_storage(v)}{_describe_number_limits(v, told)}"
        lines.append((CodebookCode(code="", label=label), others))
        numbers.append("")
    answers = len(lines)
    empty = v.storage in ("text", "date", "time") and not v.labels  # a coded text has codes for missings too
    option_words = v.role == "words" and v.option is not None
    never = v.role in ("admin", "order") or option_words
    for kind, (number, label) in v.declines.items():
        n = sum(count for cell, count in left.items() if isinstance(cell, Missing) and cell.kind == kind)
        if not n and (never or (v.role == "sample" and kind != "not_asked")):
            continue  # nobody is asked who could decline
        code = "" if empty else str(number)
        lines.append((CodebookCode(code=code, label=label, missing=_MISSING_LABELS.get(kind, kind)), n))
        numbers.append(str(number))
    if nothing or option_words:
        lines.append((CodebookCode(code="", label="No words", missing="no words"), nothing))
        numbers.append("")
    made = [line for line, _ in lines]
    if counts is not None:
        hidden = _find_hidden_lines(
            v, [(code, n) for code, (_, n) in zip(numbers, lines, strict=True)], answers, threshold, told
        )
        made = [replace(line, count_text=HIDDEN_MARK if i in hidden else f"{n:,}") for i, (line, n) in enumerate(lines)]
    return tuple(made[:answers]), tuple(made[answers:])


def _find_hidden_lines(
    v: Variable, lines: Sequence[tuple[str, int]], answers: int, threshold: int, told: CodebookContext
) -> Collection[int]:
    """Which lines, given by code and count, are not printed: of an item those that a report hides."""
    found = told.hidden_counts.get((v.item, v.turn)) if v.role in ("answer", "state", "words") else None
    every = range(len(lines))
    if found is not None and v.role != "words":
        return [i for i in every if (found.hides_answer if i < answers else found.hides_missing)(v, lines[i][0])]
    if found is not None and found.hides_answer(v, ""):
        return every
    return find_hidden_parts([n for _, n in lines], threshold)


def _describe_number_limits(v: Variable, told: CodebookContext) -> str:
    """` from 0 to 168 hours`: what a number may be, and of what."""
    leaf = told.find_item(v)
    if leaf is None or not isinstance(leaf.question, NumberItem) or v.role != "answer":
        return ""
    question = leaf.question
    most = "or more" if question.max is None else f"to {question.max:.10g}"
    unit = f" {question.unit.get(told.language)}" if question.unit else ""
    return f" from {question.min:.10g} {most}{unit}"


def _format_range(v: Variable, counts: Mapping[Cell, int] | None, threshold: int) -> str:
    """Between which numbers answers lie, where as many people as the threshold are at either end."""
    if counts is None or v.measure != "scale" or v.storage not in ("integer", "decimal"):
        return ""
    numbers = sorted(cell for cell in counts if isinstance(cell, int | float) and cell not in v.labels)
    if not numbers or min(counts[numbers[0]], counts[numbers[-1]]) < threshold:
        return ""
    return f"{numbers[0]:.10g} to {numbers[-1]:.10g}"
