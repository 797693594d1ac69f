"""The table of readers: which systems' forms can be converted, and how each is recognized."""

from collections.abc import Callable
from typing import Final, NamedTuple

from survey_cli.conversion.input_files import InputFile
from survey_cli.conversion.limesurvey.form_reader import is_limesurvey, read_limesurvey
from survey_cli.conversion.model.forms import ForeignForm
from survey_cli.conversion.qualtrics.reader import is_qualtrics, read_qualtrics
from survey_cli.conversion.redcap.reader import is_redcap, read_redcap
from survey_cli.conversion.xlsform.reader import is_xlsform, read_xlsform
from survey_cli.problems import UserError


class FormReader(NamedTuple):
    """A reader of the forms of one system."""

    name: str
    """What is said in messages: the system, and the file it exports."""
    recognizes: Callable[[InputFile], bool]
    """Whether a file is such a form by its content. It must be quick, and never raise an error."""
    read: Callable[[InputFile], ForeignForm]
    """Reads the form. Raises UserError if the file is damaged."""


READERS: Final = (
    FormReader("a data dictionary of REDCap (.csv)", is_redcap, read_redcap),
    FormReader("a survey of LimeSurvey (.lss, .txt)", is_limesurvey, read_limesurvey),
    FormReader("a survey of Qualtrics (.qsf)", is_qualtrics, read_qualtrics),
    FormReader("an XLSForm (.xlsx, .xls, .csv, .md)", is_xlsform, read_xlsform),
)
"""The readers, in the order in which they are tried."""


def read_form(file: InputFile) -> ForeignForm:
    """Read a form by the first reader that recognizes it. Raises UserError."""
    for reader in READERS:
        if reader.recognizes(file):
            return reader.read(file)

    ending = file.path.suffix.lower()
    if ending in (".xlsx", ".xlsm", ".xls"):
        what = "this is not a workbook, or it is damaged"
        raise UserError(file.name, what, "save it again as .xlsx")
    file.text  # noqa: B018 (a text in another encoding is refused for that reason)
    names = ", or ".join(reader.name for reader in READERS)
    raise UserError(file.name, "this is no form that is known", f"it must be {names}")
