"""Stata script that opens a .dta file and sets the design of its sample, for the `svy` commands.

Variables, labels and missing values are in the .dta file.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from survey_cli.exports import limits
from survey_cli.exports.conventions import WriteOptions, WriteResult, list_design_columns
from survey_cli.exports.stata import STATA_RELEASE, write_dta
from survey_cli.table.table import Table

REPLICATES: Final = {
    "jk1": ("jkrweight", "jackknife"), "jkn": ("jkrweight", "jackknife"), "brr": ("brrweight", "brr"),
    "fay": ("brrweight", "brr"), "bootstrap": ("bsrweight", "bootstrap"), "sdr": ("sdrweight", "sdr"),
}  # fmt: skip
"""The options of `svyset` for replicate weights and for variances, by method (Stata Survey Data Manual, "svyset")."""
STAGE_OPTIONS: Final = {"stratum": "strata", "fpc": "fpc"}


def write_stata_script(table: Table, to: Path, data: Path, data_name: str) -> WriteResult:
    """Write the script, and the data that it opens as `data_name`. Raises ImportError without the libraries."""
    result = write_dta(table, data, WriteOptions())
    to.write_text("\n".join([*_iterate_lines(table, data_name), ""]), encoding="utf-8")
    return result


def _iterate_lines(table: Table, data_name: str) -> Iterator[str]:
    yield f"version {STATA_RELEASE}"
    quoted = re.sub(r"[\\`$]", r"\\\g<0>", data_name)  # ` and $ begin the names of macros
    yield f'use `"{quoted}"\', clear'
    columns = [variable.name for variable in table.variables]
    names = dict(zip(columns, limits.fit_names(columns, limits.STATA), strict=True))
    study = table.study
    if not list_design_columns(table):
        return
    by_role = {role: " ".join(names[name] for name in columns) for role, columns in study.design.items()}
    weight = f" [pweight = {names[study.weight]}]" if study.weight else ""
    if replicates := by_role.get("replicate_weight"):
        option, variance = REPLICATES.get(study.replication, ("", ""))
        numbers = " ".join(f"{factor:.15g}" for factor in study.replication_factors)
        if study.replication == "jk1":
            count = len(study.design["replicate_weight"])
            numbers = f"{(count - 1) / count:.15g}"
        if option == "jkrweight":
            replicates += f", multiplier({numbers})"
        fay = f" fay({numbers})" if study.replication == "fay" else ""
        if option:
            yield f"svyset _n{weight}, {option}({replicates}){fay} vce({variance})"
        return
    options = [f"{option}({by_role[role]}) " for role, option in STAGE_OPTIONS.items() if role in by_role]
    unit = by_role.get("psu", "_n")
    yield f"svyset {unit}{weight}, {''.join(options)}vce(linearized) singleunit(centered)"
