"""Writers of data files: one function per format, listed in `FORMATS`. They receive a table and load nothing."""

from survey_cli.exports.formats import FORMATS, Format, WriteResult, find_format
from survey_cli.exports.options import WriteOptions

__all__ = ["FORMATS", "Format", "WriteOptions", "WriteResult", "find_format"]
