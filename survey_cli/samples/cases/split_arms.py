"""Arms of split columns, drawn from each case's key.

Neither the order of the file nor who answers plays a part.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from survey_cli.engine.order import choose_arm, draw_number
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.document import SampleColumn
from survey_cli.values import NOT_ASKED, Cell


def draw_arm(instrument: Instrument, name: str, column: SampleColumn, key: str) -> str:
    """The arm of one case by its key alone. Raises ValueError where no arm has a share."""
    shares = {str(k): v for k, v in column.arms.items()}
    return choose_arm(shares, seed=0, key=f"{instrument.id}/{name}/{key}", turn=None)


def draw_arms(
    instrument: Instrument, name: str, cases: Mapping[str, dict[str, Cell]], existing: Mapping[str, Mapping[str, Cell]]
) -> None:
    """Give each case (key to its values, changed in place) the arm of one split column.

    A case keeps the arm its file gives, else the one it has already. With `balanced_within`, new cases are gone through
    in an order drawn from their keys, and each is given the arm that is furthest below its share among the cases of the
    same stratum, old ones included: arms of equal shares never differ by more than one case.
    """
    column = instrument.sample[name]
    shares = {str(k): v for k, v in column.arms.items() if v > 0}
    if not shares:
        return
    new: list[str] = []
    for key, values in cases.items():
        if values.get(name, NOT_ASKED) == NOT_ASKED:
            kept = existing.get(key, {}).get(name)
            if isinstance(kept, str) and kept in column.arms:
                values[name] = kept
            else:
                new.append(key)
    if column.balanced_within is None:
        for key in new:
            cases[key][name] = draw_arm(instrument, name, column, key)
        return
    _balance(f"{instrument.id}/{name}", name, str(column.balanced_within), shares, new, cases, existing)


def _balance(
    id: str,
    name: str,
    within: str,
    shares: Mapping[str, int],
    new: Sequence[str],
    cases: Mapping[str, dict[str, Cell]],
    existing: Mapping[str, Mapping[str, Cell]],
) -> None:
    whole = sum(shares.values())
    counts: dict[Cell, Counter[str]] = {}
    waiting = set(new)
    for key, values in {**existing, **cases}.items():
        if key not in waiting and (has := values.get(name)) in shares:
            counts.setdefault(values.get(within, NOT_ASKED), Counter())[str(has)] += 1
    for key in sorted(new, key=lambda key: (draw_number(0, "order", id, key), key)):
        here = counts.setdefault(cases[key].get(within, NOT_ASKED), Counter())
        n = here.total() + 1
        lacks = {a: share * n - whole * here[a] for a, share in shares.items()}
        most = max(lacks.values())
        tied = {a: shares[a] for a, lack in lacks.items() if lack == most}
        chosen = choose_arm(tied, seed=0, key=f"{id}/{key}", turn=None)
        here[chosen] += 1
        cases[key][name] = chosen
