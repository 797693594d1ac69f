"""Writers of data files: a function for each format, listed in `FORMATS`.

They receive a table and load nothing.
"""

from survey_cli.exports.conventions import WriteOptions, WriteResult
from survey_cli.exports.formats import FORMATS, Format, find_format

__all__ = ["FORMATS", "Format", "WriteOptions", "WriteResult", "find_format"]
