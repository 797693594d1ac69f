"""An export into one file, as most tests need it."""

from pathlib import Path
from typing import TextIO

from survey_cli.services.data.export_options import ExportOptions, ExportResult
from survey_cli.services.export.export_data import export_files


def export_file(
    path: str | Path, options: ExportOptions, *, stdout: TextIO | None = None
) -> ExportResult:
    """Write the data of an instrument into the file that the options name."""
    return export_files(path, options, [options.to], stdout=stdout)[0]
