"""Assignment of cases to the arms of split columns, drawn from each case's key.

It doesn't depend on the order of the file or on who answers.
"""

from collections import Counter
from collections.abc import Mapping

from survey_cli.engine.order import choose_arm, draw_number
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.document import SampleColumn
from survey_cli.values import NOT_ASKED, Cell


def draw_arm(instrument: Instrument, name: str, column: SampleColumn, key: str) -> str:
    """Draw the arm of one case by its key alone. Raises ValueError where no arm has a share."""
    shares = {str(arm): share for arm, share in column.arms.items()}
    return choose_arm(shares, seed=0, key=f"{instrument.id}/{name}/{key}", turn=None)


def draw_arms(
    instrument: Instrument,
    name: str,
    cases: Mapping[str, dict[str, Cell]],
    existing: Mapping[str, Mapping[str, Cell]],
) -> None:
    """Assign each case to an arm of one split column. `cases` maps keys to values, which are changed in place.

    A case keeps the arm that its file gives, else the one it already has. With `balanced_within`, new cases are taken in
    an order drawn from their keys, and each receives the arm that is furthest below its share among all cases of the
    same stratum, old and new. Arms of equal shares never differ by more than one case.
    """
    column = instrument.sample[name]
    shares = {str(arm): share for arm, share in column.arms.items() if share > 0}
    if not shares:
        return
    new: list[str] = []
    for key, values in cases.items():
        if values.get(name, NOT_ASKED) == NOT_ASKED:
            stored = existing.get(key, {}).get(name)
            if isinstance(stored, str) and stored in column.arms:
                values[name] = stored
            else:
                new.append(key)
    if column.balanced_within is None:
        for key in new:
            cases[key][name] = draw_arm(instrument, name, column, key)
        return
    split, within = f"{instrument.id}/{name}", str(column.balanced_within)
    total = sum(shares.values())
    counts: dict[Cell, Counter[str]] = {}
    waiting = set(new)
    for key, stored_values in {**existing, **cases}.items():
        if key not in waiting and (arm := stored_values.get(name)) in shares:
            counts.setdefault(stored_values.get(within, NOT_ASKED), Counter())[str(arm)] += 1
    for key in sorted(new, key=lambda key: (draw_number(0, "order", split, key), key)):
        stratum = counts.setdefault(cases[key].get(within, NOT_ASKED), Counter())
        size = stratum.total() + 1
        deficits = {arm: share * size - total * stratum[arm] for arm, share in shares.items()}
        largest = max(deficits.values())
        tied = {arm: shares[arm] for arm, deficit in deficits.items() if deficit == largest}
        arm = choose_arm(tied, seed=0, key=f"{split}/{key}", turn=None)
        stratum[arm] += 1
        cases[key][name] = arm
