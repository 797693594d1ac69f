"""Options of an export that every writer receives."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """What the analyst chose."""

    labels: bool = False
    """Labels instead of codes."""
    raw: bool = False
    """Texts as they are, though a spreadsheet might run them."""
    bom: bool = False
    """Begin with a byte order mark, by which Excel knows UTF-8."""
    data_name: str = ""
    """The name of the file that a description is of."""
