"""What would an import do? Counts of what is new, changed, dead or without a zone; it changes nothing."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from survey_cli.samples.cases.phone_numbers import Number
from survey_cli.samples.cases.sample_file import Sample
from survey_cli.values import NOT_ASKED, Cell


class Change(NamedTuple):
    """A value that an existing case would have instead. Those of personal columns are in here too."""

    case: str
    line: int
    column: str
    was: Cell
    now: Cell


class Share(NamedTuple):
    """How many cases there are of one kind; its name is empty where the file gives none."""

    name: str
    cases: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Cases but where it says numbers."""

    rows: int
    new: int
    unchanged: int
    changed: int
    gone: int
    """Kept already and not in the file; an import leaves them as they are."""
    numbers: int
    """Those that can be dialled, the dead ones left out; one that several cases have counts for each."""
    dead: int
    """Numbers that nothing can be made of."""
    never_call: int
    """Numbers on the list of those never to be called again."""
    mobile: int
    fixed: int
    unknown: int
    """Numbers whose plan does not tell mobile from fixed."""
    without_number: int
    """No number that can be dialled, or only such as are never to be called."""
    without_zone: int
    """Neither the file, nor the study, nor a number says where: they can't be called."""
    replicates: tuple[Share, ...]
    frames: tuple[Share, ...]
    changes: tuple[Change, ...]
    """In the order of the file."""


def summarised(
    sample: Sample,
    *,
    existing: Mapping[str, Mapping[str, Cell]],
    never_call: Callable[[Number], bool] = lambda _: False,
) -> Summary:
    """What an import would do to the cases that are kept already (key to values). `never_call` tells whether a number is
    on the list."""
    changes = tuple(
        Change(case.key, case.line, column, was, case.values[column])
        for case in sample.cases
        if case.key in existing
        for column in sample.columns
        if (was := existing[case.key].get(column, NOT_ASKED)) != case.values[column]
    )
    keys = {case.key for case in sample.cases}
    new = len(keys - existing.keys())
    changed = len({change.case for change in changes})
    numbers = [number for case in sample.cases for number in case.live]
    barred = {number for number in numbers if never_call(number)}
    lines = Counter(number.line for number in numbers)
    return Summary(
        rows=len(sample.cases),
        new=new,
        unchanged=len(keys) - new - changed,
        changed=changed,
        gone=len(existing.keys() - keys),
        numbers=len(numbers),
        dead=sum(len(case.numbers) - len(case.live) for case in sample.cases),
        never_call=sum(number in barred for number in numbers),
        mobile=lines["mobile"],
        fixed=lines["fixed"],
        unknown=lines["unknown"],
        without_number=sum(barred.issuperset(case.live) for case in sample.cases),
        without_zone=sum(
            not case.zone and not any(number.zones for number in case.live) for case in sample.cases
        ),
        replicates=_shares(case.replicate for case in sample.cases),
        frames=_shares(case.frame for case in sample.cases),
        changes=changes,
    )


def _shares(names: Iterable[str]) -> tuple[Share, ...]:
    """In the order they first appear."""
    return tuple(Share(name, cases) for name, cases in Counter(names).items())
