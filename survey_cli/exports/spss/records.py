"""SPSS dictionary records that pyreadstat cannot write: multiple response sets and the weight variable.

They are inserted into the dictionary of a finished file (PSPP Developer's Guide, "System File Format"). Cases are
copied.
"""

import os
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import copyfileobj, copymode
from typing import BinaryIO, Final

from survey_cli.exports.conventions import MultipleResponseSet

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
"""The beginning of a .zsav, whose header and trailer contain positions in the file."""


def add_records(
    file: Path, sets: Sequence[MultipleResponseSet], weight: str, names: Mapping[str, str]
) -> None:
    """Add multiple response sets, and the weight variable if `weight` names one.

    `names` maps variables to their names in the file.
    """
    with file.open("rb") as source:
        header = bytearray(source.read(HEADER_SIZE))
        order = "<" if int.from_bytes(header[64:68], "little") in (2, 3) else ">"
        dictionary = _Dictionary(source, order)
        if weight:
            struct.pack_into(
                f"{order}i", header, WEIGHT_OFFSET, dictionary.positions[names[weight]]
            )
        record = _build_sets_record(sets, dictionary.short_names, names, order) if sets else b""
        new_file = file.with_name(f"{file.name}.new")
        try:
            new_file.touch(mode=0o600, exist_ok=False)  # private from the beginning
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


class _Dictionary:
    """The variables of a file's dictionary, and the positions of its end and of the data."""

    def __init__(self, source: BinaryIO, order: str) -> None:
        self._source, self._order = source, order
        self._position_by_short_name: dict[str, int] = {}
        self.short_names: dict[str, str] = {}
        """The name of eight bytes to which records refer, by name of the variable."""
        self.positions: dict[str, int] = {}
        """The position of a variable, from 1, by its name; long texts take several positions."""
        long_names: dict[str, str] = {}
        source.seek(HEADER_SIZE)
        position = 0
        while True:
            self.end = source.tell()
            kind = self._read_int()
            match kind:
                case 2:
                    position += 1
                    if name := self._read_variable():
                        self._position_by_short_name[name] = position
                case 3:
                    for _ in range(self._read_int()):  # value labels
                        source.seek(8, os.SEEK_CUR)
                        size = source.read(1)[0]
                        source.seek(-(-(size + 1) // 8) * 8 - 1, os.SEEK_CUR)
                case 4:
                    source.seek(4 * self._read_int(), os.SEEK_CUR)
                case 6:
                    source.seek(80 * self._read_int(), os.SEEK_CUR)
                case 7:
                    subtype, size, count = self._read_int(), self._read_int(), self._read_int()
                    content = source.read(size * count)
                    if subtype == LONG_NAMES_SUBTYPE:
                        pairs = content.decode("utf-8").rstrip("\0").split("\t")
                        long_names = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
                case 999:
                    self._read_int()
                    break
                case _:
                    raise ValueError(f"{kind} is no record of an SPSS dictionary")
        self.data = source.tell()
        for short, at in self._position_by_short_name.items():
            name = long_names.get(short, short)
            self.short_names[name], self.positions[name] = short, at

    def _read_int(self) -> int:
        return int(struct.unpack(f"{self._order}i", self._source.read(4))[0])

    def _read_variable(self) -> str:
        """Return the name; empty for the continuation of a long text."""
        type_, has_label, missing, _, _ = (self._read_int() for _ in range(5))
        name = self._source.read(8).decode("utf-8").rstrip()
        if has_label:
            size = self._read_int()
            self._source.seek(-(-size // 4) * 4, os.SEEK_CUR)
        self._source.seek(8 * abs(missing), os.SEEK_CUR)
        return "" if type_ == -1 else name


def _build_sets_record(
    sets: Sequence[MultipleResponseSet],
    short_names: Mapping[str, str],
    names: Mapping[str, str],
    order: str,
) -> bytes:
    lines = []
    for response_set in sets:
        name = f"${response_set.name}".encode()[:MAX_NAME_BYTES].decode(errors="ignore")
        label = response_set.label.encode()
        members = " ".join(short_names[names[member]].lower() for member in response_set.names)
        lines.append(f"{name}=D1 1 {len(label)} ".encode() + label + f" {members}\n".encode())
    content = b"".join(lines)
    return (
        struct.pack(f"{order}4i", EXTENSION_RECORD, RESPONSE_SETS_SUBTYPE, 1, len(content))
        + content
    )


def _copy_compressed(source: BinaryIO, target: BinaryIO, shift: int, order: str) -> None:
    """Copy the cases of a .zsav, with the positions in its header and trailer moved by `shift` bytes."""
    header, trailer, size = struct.unpack(f"{order}3q", source.read(24))
    target.write(struct.pack(f"{order}3q", header + shift, trailer + shift, size))
    remaining = trailer - source.tell()
    while remaining and (piece := source.read(min(remaining, 1 << 20))):
        target.write(piece)
        remaining -= len(piece)
    blocks = bytearray(source.read(size))
    for block in range(24, len(blocks), 24):
        first, second = struct.unpack_from(f"{order}2q", blocks, block)
        struct.pack_into(f"{order}2q", blocks, block, first + shift, second + shift)
    target.write(blocks)
