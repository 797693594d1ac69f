"""Execution of the notebook of the documentation: `python docs/tools/notebook.py` writes its outputs again.

The study is simulated with a fixed seed, so that the outputs are always the same.
"""

import ast
import json
import os
import shutil
import sys
from contextlib import chdir
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from survey_cli.cli.run_command import run_command

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "docs" / "tutorials" / "study-in-python.ipynb"


def execute(notebook: dict[str, Any]) -> list[str | None]:
    """The text of each cell's last expression, empty where there is none; None for cells that are not executed."""
    outputs: list[str | None] = []
    namespace: dict[str, Any] = {}
    os.environ["POLARS_FMT_MAX_COLS"] = "8"
    with TemporaryDirectory() as folder, chdir(folder):
        shutil.copy(ROOT / "instruments" / "asu_2000.yaml", "asu_2000.yaml")
        assert run_command(["simulate", "asu_2000.yaml", "-n", "300", "--seed", "1", "--keep"]) == 0
        for cell in notebook["cells"]:
            source = "".join(cell["source"])
            runs = cell["cell_type"] == "code" and (
                "sql(" not in source or find_spec("duckdb") is not None
            )
            outputs.append(_run(source, namespace) if runs else None)
    return outputs


def _run(source: str, namespace: dict[str, Any]) -> str:
    *statements, last = ast.parse(source).body
    before = statements if isinstance(last, ast.Expr) else [*statements, last]
    exec(compile(ast.Module(before, []), "cell", "exec"), namespace)  # noqa: S102 – the notebook of our own docs
    if not isinstance(last, ast.Expr):
        return ""
    return str(eval(compile(ast.Expression(last.value), "cell", "eval"), namespace))  # noqa: S307 – the notebook of our own docs


def stored_outputs(notebook: dict[str, Any]) -> list[str | None]:
    """The outputs that the file has, as `execute` returns them."""
    return [
        "".join("".join(output["data"]["text/plain"]) for output in cell["outputs"])
        if cell["cell_type"] == "code"
        else None
        for cell in notebook["cells"]
    ]


def main() -> int:
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    number = 0
    for cell, output in zip(notebook["cells"], execute(notebook), strict=True):
        if output is not None:
            number += 1
            data = {"text/plain": output.splitlines(keepends=True)}
            result = {
                "output_type": "execute_result",
                "execution_count": number,
                "metadata": {},
                "data": data,
            }
            cell |= {"execution_count": number, "outputs": [result] if output else []}
    NOTEBOOK.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
