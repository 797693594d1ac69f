"""SPSS dictionary records that pyreadstat can't write: multiple response sets and the weight.

They are inserted into the dictionary of a finished file (PSPP Developer's Guide, "System File
Format"). Cases are copied.
"""

import os
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import copyfileobj, copymode
from typing import BinaryIO, Final

from survey_cli.exports.conventions import MultipleResponseSet

LAYOUT_CODE: Final = slice(64, 68)
"""The bytes of the header that tell the byte order."""
WEIGHT_OFFSET: Final = 76
"""Offset of the position of the weight variable in the header."""
HEADER_SIZE: Final = 176
MAX_NAME_BYTES: Final = 64
"""Maximum length in bytes of the name of a set, with its `$`."""
EXTENSION_RECORD: Final = 7
RESPONSE_SETS_SUBTYPE: Final = 7
"""The subtype of multiple response sets."""
LONG_NAMES_SUBTYPE: Final = 13
ZSAV_SIGNATURE: Final = b"$FL3"
"""The beginning of a .zsav."""


def add_records(
    file: Path, sets: Sequence[MultipleResponseSet], weight: str, names: Mapping[str, str]
) -> None:
    """Add multiple response sets, and the weight variable if `weight` names one.

    `names` maps variables to their names in the file.
    """
    with file.open("rb") as source:
        header = bytearray(source.read(HEADER_SIZE))
        order = _find_byte_order(header)
        dictionary = _Dictionary(source, order)
        if weight:
            position = dictionary.positions[names[weight]]
            struct.pack_into(f"{order}i", header, WEIGHT_OFFSET, position)
        record = b""
        if sets:
            record = _build_sets_record(sets, dictionary.short_names, names, order)

        new_file = file.with_name(f"{file.name}.new")
        try:
            # Private from the beginning, since it contains answers.
            new_file.touch(mode=0o600, exist_ok=False)
            copymode(file, new_file)
            with new_file.open("wb") as target:
                target.write(header)
                source.seek(HEADER_SIZE)
                target.write(source.read(dictionary.end - HEADER_SIZE))
                target.write(record)
                target.write(source.read(dictionary.data - dictionary.end))
                if header[:4] == ZSAV_SIGNATURE:
                    _copy_compressed(source, target, len(record), order)
                else:
                    copyfileobj(source, target, 1 << 20)
            os.replace(new_file, file)
        finally:
            new_file.unlink(missing_ok=True)


def _find_byte_order(header: bytearray) -> str:
    """Return the byte order of a file, as `struct` writes it.

    The layout code is 2, or 3 in some files, in the order of the machine that wrote it.
    """
    layout_code = int.from_bytes(header[LAYOUT_CODE], "little")
    return "<" if layout_code in (2, 3) else ">"


class _Dictionary:
    """The variables of a file's dictionary, and the positions of its end and of the data."""

    def __init__(self, source: BinaryIO, order: str) -> None:
        """Read the dictionary. Raises ValueError for a record that it doesn't know."""
        self._source = source
        self._order = order
        self._position_by_short_name: dict[str, int] = {}
        self._long_names: dict[str, str] = {}
        """The names of variables, by the names of eight bytes to which records refer."""
        self.end = HEADER_SIZE
        """The position of the record that ends the dictionary."""
        self._read_records()
        self.data = source.tell()

        self.short_names: dict[str, str] = {}
        """The name of eight bytes of each variable, by its name."""
        self.positions: dict[str, int] = {}
        """The position of each variable, from 1, by its name; long texts take several positions."""
        for short_name, position in self._position_by_short_name.items():
            name = self._long_names.get(short_name, short_name)
            self.short_names[name] = short_name
            self.positions[name] = position

    def _read_records(self) -> None:
        """Read all records, and stop at the data."""
        self._source.seek(HEADER_SIZE)
        position = 0
        while True:
            self.end = self._source.tell()
            kind = self._read_int()
            match kind:
                case 2:
                    position += 1
                    name = self._read_variable()
                    if name:
                        self._position_by_short_name[name] = position
                case 3:
                    self._skip_value_labels()
                case 4:
                    # The variables of the value labels before.
                    self._source.seek(4 * self._read_int(), os.SEEK_CUR)
                case 6:
                    # Lines of documents.
                    self._source.seek(80 * self._read_int(), os.SEEK_CUR)
                case 7:
                    self._read_extension()
                case 999:
                    self._read_int()
                    return
                case _:
                    raise ValueError(f"{kind} is no record of an SPSS dictionary")

    def _read_int(self) -> int:
        return int(struct.unpack(f"{self._order}i", self._source.read(4))[0])

    def _read_variable(self) -> str:
        """Return the name of a variable; empty for the continuation of a long text."""
        kind = self._read_int()
        has_label = self._read_int()
        missing_values = self._read_int()
        # The formats for printing and for writing.
        self._source.seek(8, os.SEEK_CUR)
        name = self._source.read(8).decode("utf-8").rstrip()
        if has_label:
            size = self._read_int()
            self._source.seek(_round_up(size, 4), os.SEEK_CUR)
        # A negative number means that the first two values are a range.
        self._source.seek(8 * abs(missing_values), os.SEEK_CUR)
        return "" if kind == -1 else name

    def _skip_value_labels(self) -> None:
        """Skip a value and its label, as often as the record says."""
        for _ in range(self._read_int()):
            self._source.seek(8, os.SEEK_CUR)
            size = self._source.read(1)[0]
            # The byte with the size and the label together fill groups of eight bytes.
            self._source.seek(_round_up(size + 1, 8) - 1, os.SEEK_CUR)

    def _read_extension(self) -> None:
        """Read the long names of variables; skip any other extension."""
        subtype = self._read_int()
        size = self._read_int()
        count = self._read_int()
        content = self._source.read(size * count)
        if subtype == LONG_NAMES_SUBTYPE:
            pairs = content.decode("utf-8").rstrip("\0").split("\t")
            self._long_names = dict(pair.split("=", 1) for pair in pairs if "=" in pair)


def _round_up(size: int, group: int) -> int:
    """Return the size of the groups of bytes that hold so many."""
    return (size + group - 1) // group * group


def _build_sets_record(
    sets: Sequence[MultipleResponseSet],
    short_names: Mapping[str, str],
    names: Mapping[str, str],
    order: str,
) -> bytes:
    """Build the record of the multiple response sets, with 1 as the counted value."""
    lines = []
    for response_set in sets:
        # Cut off in the middle of a character, its bytes are dropped.
        name = f"${response_set.name}".encode()[:MAX_NAME_BYTES].decode(errors="ignore")
        label = response_set.label.encode()
        members = " ".join(short_names[names[member]].lower() for member in response_set.names)
        lines.append(f"{name}=D1 1 {len(label)} ".encode() + label + f" {members}\n".encode())
    content = b"".join(lines)
    size_of_element = 1
    head = (EXTENSION_RECORD, RESPONSE_SETS_SUBTYPE, size_of_element, len(content))
    return struct.pack(f"{order}4i", *head) + content


def _copy_compressed(source: BinaryIO, target: BinaryIO, shift: int, order: str) -> None:
    """Copy the cases of a .zsav, whose header and trailer contain positions in the file.

    These positions are moved by `shift` bytes.
    """
    header_position, trailer_position, trailer_size = struct.unpack(f"{order}3q", source.read(24))
    target.write(
        struct.pack(f"{order}3q", header_position + shift, trailer_position + shift, trailer_size)
    )

    remaining = trailer_position - source.tell()
    while remaining:
        piece = source.read(min(remaining, 1 << 20))
        if not piece:
            break
        target.write(piece)
        remaining -= len(piece)

    # After its head of 24 bytes, the trailer has 24 bytes for each block of cases, the first 16
    # of which are the positions of the block without and with compression.
    trailer = bytearray(source.read(trailer_size))
    for start in range(24, len(trailer), 24):
        uncompressed, compressed = struct.unpack_from(f"{order}2q", trailer, start)
        struct.pack_into(f"{order}2q", trailer, start, uncompressed + shift, compressed + shift)
    target.write(trailer)
