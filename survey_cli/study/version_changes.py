"""Changes of meaning between a questionnaire and versions with real interviews: listed, counted, accepted with a reason.

`survey check`, the start of an interview and exports all use this module, so that they agree.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import rebuild_instrument
from survey_cli.problems import UserError
from survey_cli.store import InstrumentRow, InterviewOrigin, Store
from survey_cli.table.encoded_cells import make_cell_reader, split_row
from survey_cli.table.meaning_changes import MeaningChange, list_changes
from survey_cli.values import Missing
from survey_cli.wording import format_quantity, join_first, pluralize

REAL_ORIGINS: Final[tuple[InterviewOrigin, ...]] = ("real",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Somebody's word that a change is meant."""

    reason: str
    by: str
    at: datetime
    earlier: str
    """The version, in words, whose answers it concerns."""
    later: str
    """The version, in words, that it was accepted for."""
    same: bool = False
    """The changed text means the same: the answers stay in one column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionChange:
    """One change between versions that have real interviews and the questionnaire."""

    change: MeaningChange
    versions: Mapping[str, str]
    """The versions that it concerns, in words by their hash, the first kept first."""
    acceptance: Acceptance | None = None

    @property
    def versions_text(self) -> str:
        """The versions in words."""
        return join_first(self.versions.values())


def list_version_changes(store: Store, instrument: Instrument) -> list[VersionChange]:
    """What interviews of earlier versions mean otherwise than this questionnaire. Raises StoreError."""
    kept_here = store.data.list_instruments()
    found: dict[MeaningChange, dict[str, str]] = {}
    for kept in kept_here:
        if kept.hash == instrument.hash or not store.data.has_interviews(kept.hash):
            continue
        old = rebuild_instrument(kept.texts, kept.hash)
        for change in list_changes(old, instrument):
            found.setdefault(change, {})[kept.hash] = describe_version(kept, kept_here)
    return [
        VersionChange(change=change, versions=versions, acceptance=find_acceptance(store, change))
        for change, versions in found.items()
    ]


def check_may_begin(store: Store, instrument: Instrument) -> None:
    """Check that a real interview may begin with this questionnaire: nobody has yet to accept a change of meaning.

    A version that has real interviews already goes on.
    """
    if not store.data.has_interviews(instrument.hash):
        check_changes_accepted(store, instrument)


def check_changes_accepted(store: Store, instrument: Instrument) -> None:
    """Check that every change of meaning between stored interviews and this questionnaire was accepted."""
    found = list_version_changes(store, instrument)
    left = [one for one in found if one.acceptance is None]
    if not left:
        return
    first = left[0]
    others = len(left) - 1
    more = (
        f", and there {pluralize(others, 'is', 'are')} {format_quantity(others, 'more such change')}" if others else ""
    )
    file = next(iter(instrument.texts))
    raise UserError(
        file,
        f"{first.change.item}: {first.change.what}, but {first.versions_text} has interviews{more}",
        f"`survey check {file}` shows each change and how to accept it",
    )


def count_answered(store: Store, hash: str, items: Sequence[str]) -> tuple[dict[str, int], int]:
    """How many real interviews of a version have an answer at each item, and how many there are. One without current data
    counts as answered. Raises StoreError.
    """
    variables = store.data.read_variables(hash)
    places = {
        item: [(at, make_cell_reader(v.storage)) for at, v in enumerate(variables) if v.item == item] for item in items
    }
    counts, total = dict.fromkeys(items, 0), 0
    personal = any(v.personal and v.item in counts for v in variables)
    for line in store.data.iterate_export_rows(hash, origins=REAL_ORIGINS, personal=personal):
        total += 1
        texts = split_row(line.cells, len(variables)) if line.cells is not None else None
        for item, columns in places.items():
            if texts is None or any(
                not isinstance(cell := read(texts[at]), Missing) and cell != "" for at, read in columns
            ):
                counts[item] += 1
    return counts, total


def describe_version(kept: InstrumentRow, among: Sequence[InstrumentRow]) -> str:
    """A version as it is told apart from the others."""
    if sum(other.version == kept.version for other in among) > 1 or not kept.version:
        name = f"version {kept.version}" if kept.version else "the version"
        return f"{name} of {kept.kept_at:%Y-%m-%d %H:%M:%S} UTC"
    return f"version {kept.version}"


def find_acceptance(store: Store, change: MeaningChange) -> Acceptance | None:
    """What is kept of the acceptance of a change, between whichever versions; None where that can't be read. Raises
    StoreError.
    """
    text = store.settings.read(_make_setting_name(change))
    if text is None:
        return None
    try:
        kept: Mapping[str, object] = json.loads(text)
        return Acceptance(
            reason=str(kept["reason"]),
            by=str(kept["by"]),
            at=datetime.fromisoformat(str(kept["at"])),
            earlier=str(kept["earlier"]),
            later=str(kept["later"]),
            same=kept["same"] is True,
        )
    except (ValueError, KeyError, TypeError):
        return None


def write_acceptance(store: Store, change: MeaningChange, acceptance: Acceptance) -> None:
    """Keep an acceptance, instead of an earlier one of the same change. Raises StoreError."""
    kept = {
        "item": change.item,
        "what": change.what,
        "reason": acceptance.reason,
        "by": acceptance.by,
        "at": acceptance.at.isoformat(timespec="seconds"),
        "earlier": acceptance.earlier,
        "later": acceptance.later,
        "same": acceptance.same,
    }
    store.settings.write(_make_setting_name(change), json.dumps(kept, ensure_ascii=False))


def _make_setting_name(change: MeaningChange) -> str:
    return f"accepted/{change.item}/{sha256(change.what.encode()).hexdigest()[:16]}"
