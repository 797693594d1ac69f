"""The text of the first tutorial, which a wheel contains and the folder of the project has under `docs/`."""

from importlib.resources import files
from pathlib import Path
from typing import Final

from survey_cli.problems import UserError

FILE_NAME: Final = "first-interview.md"
PAGE: Final = f"docs/tutorials/{FILE_NAME}"
"""Where the project has it. Building a wheel copies it beside this module (`pyproject.toml`)."""


def read_tutorial() -> str:
    """Return the tutorial as Markdown. Raises UserError if this copy of the program is incomplete."""
    packaged = files("survey_cli.services.questionnaire").joinpath(FILE_NAME)
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")

    project = Path(__file__).resolve().parents[3]
    try:
        return (project / PAGE).read_text(encoding="utf-8")
    except OSError as error:
        what = "this copy of the program has no tutorial"
        raise UserError("explain tutorial", what, f"read {PAGE} in the folder of the project") from error
