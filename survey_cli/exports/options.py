"""Options of an export that every writer receives."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """The analyst's choices."""

    labels: bool = False
    """Write labels instead of codes."""
    raw: bool = False
    """Write texts unchanged, although a spreadsheet might run them as formulas."""
    bom: bool = False
    """Begin with a byte order mark, by which Excel recognizes UTF-8."""
    data_name: str = ""
    """Name of the data file that a description is about."""
