"""Preview of an import: counts of new, changed and missing cases, and of numbers by kind. Nothing is changed."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from survey_cli.samples.cases.phone_numbers import ParsedNumber
from survey_cli.samples.cases.sample_file import SampleFile
from survey_cli.values import NOT_ASKED, Cell


class ValueChange(NamedTuple):
    """A value of an existing case that an import would change, personal columns included."""

    case: str
    line: int
    column: str
    was: Cell
    now: Cell


class NamedCount(NamedTuple):
    """Number of cases of one kind; its name is empty where the file gives none."""

    name: str
    cases: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPreview:
    """Effect of an import. Counts are of cases unless they say numbers."""

    rows: int
    new: int
    unchanged: int
    changed: int
    gone: int
    """Stored cases that are not in the file; an import leaves them as they are."""
    numbers: int
    """Those that can be dialed, the dead ones left out; one that several cases have counts for each."""
    dead: int
    """Numbers that can't be read."""
    do_not_call: int
    """Numbers on the do-not-call list."""
    mobile: int
    fixed: int
    unknown: int
    """Numbers whose plan does not tell mobile from fixed."""
    without_number: int
    """No number that can be dialed, or only numbers on the do-not-call list."""
    without_zone: int
    """Neither the file, nor the study, nor a number says where: they can't be called."""
    replicates: tuple[NamedCount, ...]
    frames: tuple[NamedCount, ...]
    changes: tuple[ValueChange, ...]
    """In the order of the file."""


def preview_import(
    sample: SampleFile,
    *,
    existing: Mapping[str, Mapping[str, Cell]],
    never_call: Callable[[ParsedNumber], bool] = lambda _: False,
) -> ImportPreview:
    """What an import would do to the cases that are kept already (key to values). `never_call` says whether a number is
    on the list.
    """
    changes = tuple(
        ValueChange(case.key, case.line, column, was, case.values[column])
        for case in sample.cases
        if case.key in existing
        for column in sample.columns
        if (was := existing[case.key].get(column, NOT_ASKED)) != case.values[column]
    )
    keys = {case.key for case in sample.cases}
    new = len(keys - existing.keys())
    changed = len({change.case for change in changes})
    numbers = [number for case in sample.cases for number in case.dialable_numbers]
    barred = {number for number in numbers if never_call(number)}
    lines = Counter(number.line for number in numbers)
    return ImportPreview(
        rows=len(sample.cases),
        new=new,
        unchanged=len(keys) - new - changed,
        changed=changed,
        gone=len(existing.keys() - keys),
        numbers=len(numbers),
        dead=sum(len(case.numbers) - len(case.dialable_numbers) for case in sample.cases),
        do_not_call=sum(number in barred for number in numbers),
        mobile=lines["mobile"],
        fixed=lines["fixed"],
        unknown=lines["unknown"],
        without_number=sum(barred.issuperset(case.dialable_numbers) for case in sample.cases),
        without_zone=sum(
            not case.zone and not any(number.zones for number in case.dialable_numbers) for case in sample.cases
        ),
        replicates=_count_names(case.replicate for case in sample.cases),
        frames=_count_names(case.frame for case in sample.cases),
        changes=changes,
    )


def _count_names(names: Iterable[str]) -> tuple[NamedCount, ...]:
    """In the order they first appear."""
    return tuple(NamedCount(name, cases) for name, cases in Counter(names).items())
