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

from survey_cli.exports.answer_sets import MultipleResponseSet

WEIGHT_OFFSET: Final = 76
"""Where in the header the position of the weight variable stands."""
HEADER_SIZE: Final = 176
MAX_NAME_BYTES: Final = 64
"""Bytes of the name of a set, with its `$`."""
EXTENSION_RECORD: Final = 7
RESPONSE_SETS_SUBTYPE: Final = 7
"""The subtype of sets of several answers."""
LONG_NAMES_SUBTYPE: Final = 13
END_RECORD: Final = 999
ZSAV_SIGNATURE: Final = b"$FL3"
"""How a .zsav begins; it has positions in the file that move with the dictionary."""


def add_records(file: Path, sets: Sequence[MultipleResponseSet], weight: str, names: Mapping[str, str]) -> None:
    """Add multiple response sets, and the weight variable if `weight` names one.

    `names` maps variables to their names in the file.
    """
    with file.open("rb") as source:
        header = bytearray(source.read(HEADER_SIZE))
        order = "<" if int.from_bytes(header[64:68], "little") in (2, 3) else ">"
        dictionary = _Dictionary(source, order)
        if weight:
            struct.pack_into(f"{order}i", header, WEIGHT_OFFSET, dictionary.positions[names[weight]])
        record = _build_sets_record(sets, dictionary.short_names, names, order) if sets else b""
        fresh = file.with_name(f"{file.name}.new")
        try:
            fresh.touch(mode=0o600, exist_ok=False)  # the answers are their owner's meanwhile too
            copymode(file, fresh)
            with fresh.open("wb") as target:
                target.write(header)
                source.seek(HEADER_SIZE)
                target.write(source.read(dictionary.end - HEADER_SIZE))
                target.write(record)
                target.write(source.read(dictionary.data - dictionary.end))
                if header[:4] == ZSAV_SIGNATURE:
                    _copy_compressed(source, target, len(record), order)
                else:
                    copyfileobj(source, target, 1 << 20)
            os.replace(fresh, file)
        finally:
            fresh.unlink(missing_ok=True)


class _Dictionary:
    """What has to be known of the dictionary of a file: its variables, and where it ends."""

    def __init__(self, source: BinaryIO, order: str) -> None:
        self._source, self._order = source, order
        self._position_by_short_name: dict[str, int] = {}
        self.short_names: dict[str, str] = {}
        """By the name of a variable the name of eight bytes that records refer to."""
        self.positions: dict[str, int] = {}
        """By the name of a variable its position, from 1; long texts take several."""
        longs: dict[str, str] = {}
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
                    self._skip_labels()
                case 4:
                    source.seek(4 * self._read_int(), os.SEEK_CUR)
                case 6:
                    source.seek(80 * self._read_int(), os.SEEK_CUR)
                case 7:
                    subtype, size, count = self._read_int(), self._read_int(), self._read_int()
                    content = source.read(size * count)
                    if subtype == LONG_NAMES_SUBTYPE:
                        pairs = content.decode("utf-8").rstrip("\0").split("\t")
                        longs = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
                case 999:
                    self._read_int()
                    break
                case _:
                    raise ValueError(f"{kind} is no record of an SPSS dictionary")
        self.data = source.tell()
        for short, at in self._position_by_short_name.items():
            name = longs.get(short, short)
            self.short_names[name], self.positions[name] = short, at

    def _read_int(self) -> int:
        [number] = struct.unpack(f"{self._order}i", self._source.read(4))
        return int(number)

    def _read_variable(self) -> str:
        """The name; empty for what continues a long text."""
        type_, has_label, missing, _, _ = (self._read_int() for _ in range(5))
        name = self._source.read(8).decode("utf-8").rstrip()
        if has_label:
            size = self._read_int()
            self._source.seek(-(-size // 4) * 4, os.SEEK_CUR)
        self._source.seek(8 * abs(missing), os.SEEK_CUR)
        return "" if type_ == -1 else name

    def _skip_labels(self) -> None:
        for _ in range(self._read_int()):
            self._source.seek(8, os.SEEK_CUR)
            size = self._source.read(1)[0]
            self._source.seek(-(-(size + 1) // 8) * 8 - 1, os.SEEK_CUR)


def _build_sets_record(
    sets: Sequence[MultipleResponseSet], short_names: Mapping[str, str], names: Mapping[str, str], order: str
) -> bytes:
    lines = []
    for one in sets:
        name = f"${one.name}".encode()[:MAX_NAME_BYTES].decode(errors="ignore")
        label = one.label.encode()
        members = " ".join(short_names[names[member]].lower() for member in one.names)
        lines.append(f"{name}=D1 1 {len(label)} ".encode() + label + f" {members}\n".encode())
    content = b"".join(lines)
    return struct.pack(f"{order}4i", EXTENSION_RECORD, RESPONSE_SETS_SUBTYPE, 1, len(content)) + content


def _copy_compressed(source: BinaryIO, target: BinaryIO, by: int, order: str) -> None:
    """The cases of a .zsav: its header and its trailer name positions in the file, which have moved."""
    header, trailer, size = struct.unpack(f"{order}3q", source.read(24))
    target.write(struct.pack(f"{order}3q", header + by, trailer + by, size))
    left = trailer - source.tell()
    while left and (piece := source.read(min(left, 1 << 20))):
        target.write(piece)
        left -= len(piece)
    held = bytearray(source.read(size))
    for block in range(24, len(held), 24):
        first, second = struct.unpack_from(f"{order}2q", held, block)
        struct.pack_into(f"{order}2q", held, block, first + by, second + by)
    target.write(held)
