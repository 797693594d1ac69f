"""How does the analyst receive a Table? One function a format, one line in FORMATS; it fetches nothing."""

from survey_cli.exports.formats import FORMATS, Format, Manner, Wrote, format_of

__all__ = ["FORMATS", "Format", "Manner", "Wrote", "format_of"]
