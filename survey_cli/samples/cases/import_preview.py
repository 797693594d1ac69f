"""Preview of an import: counts of new, changed and missing cases, and of numbers by kind."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from survey_cli.samples.cases.phone_numbers import ParsedNumber
from survey_cli.samples.cases.sample_file import SampleCase, SampleFile
from survey_cli.values import NOT_ASKED, Cell


class ValueChange(NamedTuple):
    """A value of an existing case that an import would change, of personal columns too."""

    case: str
    line: int
    column: str
    was: Cell
    now: Cell


class ImportPreview(NamedTuple):
    """Effect of an import; counts are of cases unless they are called numbers."""

    rows: int
    new: int
    unchanged: int
    changed: int
    gone: int
    """Stored cases that are not in the file; an import leaves them as they are."""
    numbers: int
    """Numbers that can be dialed; a number of several cases is counted once per case."""
    dead: int
    """Numbers that can't be dialed because they can't be read."""
    do_not_call: int
    """Numbers on the do-not-call list."""
    mobile: int
    fixed: int
    unknown: int
    """Numbers whose numbering plan does not distinguish mobile from fixed lines."""
    without_number: int
    """Cases with no number that can be dialed, or only numbers on the do-not-call list."""
    without_zone: int
    """Cases that can't be called, because no time zone is known from file, study or numbers."""
    replicates: Mapping[str, int]
    """Number of cases by replicate, in the order of the file; '' is for cases without one."""
    frames: Mapping[str, int]
    """Number of cases by frame, in the order of the file; '' is for cases without one."""
    changes: tuple[ValueChange, ...]
    """Changes in the order of the file."""


def preview_import(
    sample: SampleFile,
    *,
    existing: Mapping[str, Mapping[str, Cell]],
    is_listed: Callable[[ParsedNumber], bool],
) -> ImportPreview:
    """Compare a sample file with the stored cases.

    `existing` maps keys of cases to their values. `is_listed` says whether a number is on the
    do-not-call list.
    """
    changes = tuple(_iterate_changes(sample, existing))
    keys = {case.key for case in sample.cases}
    new = len(keys - existing.keys())
    changed = len({change.case for change in changes})

    numbers = [number for case in sample.cases for number in case.dialable_numbers]
    listed = {number for number in numbers if is_listed(number)}
    line_types = Counter(number.line for number in numbers)

    return ImportPreview(
        rows=len(sample.cases),
        new=new,
        unchanged=len(keys) - new - changed,
        changed=changed,
        gone=len(existing.keys() - keys),
        numbers=len(numbers),
        dead=sum(len(case.numbers) - len(case.dialable_numbers) for case in sample.cases),
        do_not_call=sum(number in listed for number in numbers),
        mobile=line_types["mobile"],
        fixed=line_types["fixed"],
        unknown=line_types["unknown"],
        without_number=sum(listed.issuperset(case.dialable_numbers) for case in sample.cases),
        without_zone=sum(not _has_zone(case) for case in sample.cases),
        replicates=Counter(case.replicate for case in sample.cases),
        frames=Counter(case.frame for case in sample.cases),
        changes=changes,
    )


def _iterate_changes(
    sample: SampleFile, existing: Mapping[str, Mapping[str, Cell]]
) -> Iterator[ValueChange]:
    for case in sample.cases:
        stored = existing.get(case.key)
        if stored is None:
            continue
        for column in sample.columns:
            before = stored.get(column, NOT_ASKED)
            now = case.values[column]
            if before != now:
                yield ValueChange(case.key, case.line, column, before, now)


def _has_zone(case: SampleCase) -> bool:
    return bool(case.zone) or any(number.zones for number in case.dialable_numbers)
