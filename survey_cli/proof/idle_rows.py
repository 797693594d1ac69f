"""Rows of tables under `compute` that never apply, because a row before them always does."""

import ast
from collections.abc import Iterator

from survey_cli.instrument.checks.source_items import report
from survey_cli.instrument.compiled.draft import InstrumentDraft
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.expressions.parsing import shorten
from survey_cli.instrument.expressions.table_parts import CompiledRow
from survey_cli.instrument.schema.compute_table import ComputeTable
from survey_cli.problems import Problem
from survey_cli.proof.clauses import Literal
from survey_cli.proof.terms import NO_TURNS
from survey_cli.proof.verdicts import Prover


def iterate_idle_rows(draft: InstrumentDraft, prover: Prover) -> Iterator[Problem]:
    """Yield the problem of each row whose condition is true only if that of one before it is."""
    instrument = prover.model.instrument
    for name, written in draft.document.compute.items():
        compute = instrument.computes.get(str(name))
        if compute is None or compute.table is None or not isinstance(written, ComputeTable):
            continue

        falsehoods: list[Literal] = []
        for row, written_row in zip(compute.table.rows, written.when, strict=True):
            # at another point of an interview than its end, other answers are missing
            if not _is_settled_by_answers(row, instrument):
                break
            truth = prover.model.encoder.encode(row.test.tree, NO_TURNS)
            is_behind = bool(falsehoods) and prover.is_excluded(truth.true, *falsehoods)
            # a condition that is never true by itself is told by other rules
            if is_behind and not prover.is_excluded(truth.true):
                what = f"when: the row {shorten(row.test.text)} never applies: one before it does"
                remedy = "write it before the other one, change its condition, or remove it"
                at = (written_row.test.where, max(1, len(written_row.test)))
                yield report("row-never-applies", at, str(name), what, remedy)
            falsehoods.append(truth.false)


def _is_settled_by_answers(row: CompiledRow, instrument: Instrument) -> bool:
    """Return whether a condition stays what it is once it is known, whatever is answered later."""
    for node in ast.walk(row.test.tree):
        if isinstance(node, ast.Call):
            return False  # such as answered(q)
        if isinstance(node, ast.Name) and node.id in instrument.computes:
            return False
    return True
