"""Writers of data files: one function per format, listed in `FORMATS`. They receive a table and load nothing."""

from survey_cli.exports.conventions import WriteOptions, WriteResult
from survey_cli.exports.formats import FORMATS, Format, find_format

__all__ = ["FORMATS", "Format", "WriteOptions", "WriteResult", "find_format"]
