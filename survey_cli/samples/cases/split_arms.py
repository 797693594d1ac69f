"""Assignment of cases to the arms of split columns, drawn from each case's key.

It doesn't depend on the order of the file or on who answers.
"""

from collections import Counter
from collections.abc import Collection, Container, Mapping

from survey_cli.engine.order import choose_arm, draw_number
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.document import SampleColumn
from survey_cli.values import NOT_ASKED, Cell


def draw_arm(instrument: Instrument, name: str, column: SampleColumn, key: str) -> str:
    """Draw the arm of a case from its key only. Raises ValueError if no arm has a share."""
    shares = {str(arm): share for arm, share in column.arms.items()}
    return choose_arm(shares, seed=0, key=f"{instrument.id}/{name}/{key}", turn=None)


def draw_arms(
    instrument: Instrument,
    name: str,
    cases: Mapping[str, dict[str, Cell]],
    existing: Mapping[str, Mapping[str, Cell]],
) -> None:
    """Assign cases to the arms of one split column. `cases` maps keys to values, changed in place.

    A case keeps the arm that its file gives, else the one it already has. With `balanced_within`,
    new cases are taken in an order drawn from their keys. A case receives the arm that is furthest
    below its share among all cases of the same stratum, old and new. The sizes of arms with equal
    shares never differ by more than one case.
    """
    column = instrument.sample[name]
    shares = {str(arm): share for arm, share in column.arms.items() if share > 0}
    if not shares:
        return

    new = _keep_arms(name, column, cases, existing)
    if column.balanced_within is None:
        for key in new:
            cases[key][name] = draw_arm(instrument, name, column, key)
        return

    split = f"{instrument.id}/{name}"
    within = str(column.balanced_within)
    total = sum(shares.values())
    counts = _count_arms(name, within, shares, {**existing, **cases}, without=new)

    # The order is drawn, so that sorting the file differently changes no arm.
    for key in sorted(new, key=lambda key: (draw_number(0, "order", split, key), key)):
        stratum = counts.setdefault(cases[key].get(within, NOT_ASKED), Counter())
        size = stratum.total() + 1
        # The deficits are multiplied by the total of the shares, which keeps them exact.
        deficits = {arm: share * size - total * stratum[arm] for arm, share in shares.items()}
        largest = max(deficits.values())
        tied = {arm: shares[arm] for arm, deficit in deficits.items() if deficit == largest}

        arm = choose_arm(tied, seed=0, key=f"{split}/{key}", turn=None)
        stratum[arm] += 1
        cases[key][name] = arm


def _keep_arms(
    name: str,
    column: SampleColumn,
    cases: Mapping[str, dict[str, Cell]],
    existing: Mapping[str, Mapping[str, Cell]],
) -> list[str]:
    """Give cases without an arm the one that is stored; return the keys of those that have none."""
    new: list[str] = []
    for key, values in cases.items():
        if values.get(name, NOT_ASKED) == NOT_ASKED:
            stored = existing.get(key, {}).get(name)
            if isinstance(stored, str) and stored in column.arms:
                values[name] = stored
            else:
                new.append(key)
    return new


def _count_arms(
    name: str,
    within: str,
    arms: Container[Cell | None],
    cases: Mapping[str, Mapping[str, Cell]],
    *,
    without: Collection[str],
) -> dict[Cell, Counter[str]]:
    """Count the cases in every arm by stratum, without those that have none yet."""
    counts: dict[Cell, Counter[str]] = {}
    waiting = set(without)
    for key, values in cases.items():
        arm = values.get(name)
        if key not in waiting and arm in arms:
            stratum = counts.setdefault(values.get(within, NOT_ASKED), Counter())
            stratum[str(arm)] += 1
    return counts
