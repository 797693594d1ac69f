"""Writers of data files: one function per format, listed in `FORMATS`. They fetch nothing."""

from survey_cli.exports.formats import FORMATS, Format, Manner, Wrote, format_of

__all__ = ["FORMATS", "Format", "Manner", "Wrote", "format_of"]
