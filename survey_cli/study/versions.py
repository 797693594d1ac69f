"""Versions of the questionnaire: the published one, and changes of meaning since earlier ones.

For a database file the version in force is the questionnaire's own file; a station never publishes.
`survey check`, the start of an interview and exports all use this module, so that they agree.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import rebuild_instrument
from survey_cli.problems import StoreError, UserError
from survey_cli.store import InstrumentRow, InterviewOrigin, Store
from survey_cli.table.table import make_cell_reader, split_row
from survey_cli.values import Cell, Missing
from survey_cli.wording import format_quantity, join_first, pluralize

if TYPE_CHECKING:
    from survey_cli.revisions.meaning_changes import MeaningChange

REAL_ORIGINS: Final[tuple[InterviewOrigin, ...]] = ("real", "imported")


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """A person's confirmation that a change of meaning is intended."""

    reason: str
    by: str
    at: datetime
    earlier: str
    """Description of the version whose answers are concerned."""
    later: str
    """Description of the version for which the change was accepted."""
    same: bool = False
    """Whether the changed text means the same, so that the answers stay in one column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionChange:
    """One change between versions that have real interviews and the questionnaire."""

    change: "MeaningChange"
    versions: Mapping[str, str]
    """Descriptions of the versions concerned, by hash, the earliest first."""
    acceptance: Acceptance | None = None

    @property
    def versions_text(self) -> str:
        """Descriptions of the versions in one text."""
        return join_first(self.versions.values())


def list_version_changes(store: Store, instrument: Instrument) -> list[VersionChange]:
    """Return the changes of meaning between this questionnaire and versions with real interviews.

    Raises UserError.
    """
    # imported here, because an interview with a version in use needs no comparison
    from survey_cli.revisions.meaning_changes import list_changes

    stored = store.data.list_instruments()
    versions_by_change: dict[MeaningChange, dict[str, str]] = {}
    for earlier in stored:
        if earlier.hash == instrument.hash or not store.data.has_interviews(earlier.hash):
            continue
        description = describe_version(earlier, stored)
        for change in list_changes(rebuild_instrument(earlier.stored_text), instrument):
            versions_by_change.setdefault(change, {})[earlier.hash] = description
    return [
        VersionChange(change=change, versions=versions, acceptance=find_acceptance(store, change))
        for change, versions in versions_by_change.items()
    ]


def check_may_begin(store: Store, instrument: Instrument) -> None:
    """Check that a real interview may begin. Raises UserError."""
    obstacle = find_obstacle_to_begin(store, instrument)
    if obstacle is not None:
        raise obstacle


def find_obstacle_to_begin(store: Store, instrument: Instrument) -> UserError | None:
    """Return why no real interview may begin.

    None if the version has interviews, or if every change is accepted.
    """
    if store.data.has_interviews(instrument.hash):
        return None
    return find_unaccepted_change(store, instrument)


def find_unaccepted_change(store: Store, instrument: Instrument) -> UserError | None:
    """Return the error for changes of meaning since the stored interviews that nobody has accepted.

    None if there aren't any. If an earlier version cannot be read, it is the error that says so.
    Raises StoreError.
    """
    try:
        changes = list_version_changes(store, instrument)
    except StoreError:
        raise
    except UserError as error:
        return error
    unaccepted = [change for change in changes if change.acceptance is None]
    if not unaccepted:
        return None

    first = unaccepted[0]
    what = f"{first.change.item}: {first.change.what}"
    what += f", but there are interviews of {first.versions_text}"
    others = len(unaccepted) - 1
    if others:
        more = format_quantity(others, "more such change")
        what += f", and there {pluralize(others, 'is', 'are')} {more}"
    file = next(iter(instrument.texts))
    return UserError(file, what, f"`survey check {file}` shows each change and how to accept it")


def iterate_answers(
    store: Store, version: str, items: Collection[str]
) -> Iterator[Mapping[str, set[Cell]] | None]:
    """Yield, for every real interview of a version (its hash), the values of the answered items.

    For an item with several answers they are the chosen codes. It is None for an interview without
    current data. Raises UserError.
    """
    variables = store.data.read_variables(version)
    columns = [
        (index, variable, make_cell_reader(variable.storage))
        for index, variable in enumerate(variables)
        if variable.item in items
    ]
    personal = any(variable.personal for _, variable, _ in columns)
    for row in store.data.iterate_export_rows(version, origins=REAL_ORIGINS, personal=personal):
        if row.cells is None:
            yield None
            continue

        texts = split_row(row.cells, len(variables))
        answers: dict[str, set[Cell]] = {}
        for index, variable, read_cell in columns:
            cell = read_cell(texts[index])
            if isinstance(cell, Missing) or cell == "":
                continue
            values = answers.setdefault(variable.item, set())
            if variable.option is None:
                values.add(cell)
            elif cell == 1:
                # a column for each option: 1 if it was chosen
                values.add(variable.option)
        yield answers


def describe_version(row: InstrumentRow, rows: Sequence[InstrumentRow]) -> str:
    """Return a description that distinguishes a version from all others in `rows`."""
    kept_at = f"{row.kept_at:%Y-%m-%d %H:%M:%S} UTC"
    if not row.version:
        return f"the version of {kept_at}"
    same_number = [other for other in rows if other.version == row.version]
    if len(same_number) > 1:
        return f"version {row.version} of {kept_at}"
    return f"version {row.version}"


def find_acceptance(store: Store, change: "MeaningChange") -> Acceptance | None:
    """Return the stored acceptance of a change, between whichever versions.

    None if there isn't one that is readable. Raises UserError.
    """
    text = store.settings.read(_make_setting_name(change))
    if text is None:
        return None
    try:
        value: Mapping[str, object] = json.loads(text)
        texts = {name: str(value[name]) for name in ("reason", "by", "earlier", "later")}
        return Acceptance(
            at=datetime.fromisoformat(str(value["at"])), same=value["same"] is True, **texts
        )
    except (ValueError, KeyError, TypeError):
        return None


def is_accepted_as_same(store: Store, change: "MeaningChange") -> bool:
    """Return whether the changed text was accepted as having the same meaning."""
    acceptance = find_acceptance(store, change)
    return acceptance is not None and acceptance.same


def write_acceptance(store: Store, change: "MeaningChange", acceptance: Acceptance) -> None:
    """Store an acceptance in place of an earlier one of the same change. Raises UserError."""
    at = acceptance.at.isoformat(timespec="seconds")
    value = {"item": change.item, "what": change.what, **asdict(acceptance), "at": at}
    store.settings.write(_make_setting_name(change), json.dumps(value, ensure_ascii=False))


def _make_setting_name(change: "MeaningChange") -> str:
    """Return the name of the setting with the acceptance of a change."""
    digest = sha256(change.what.encode()).hexdigest()[:16]
    return f"accepted/{change.item}/{digest}"


PUBLISHED_SETTING: Final = "published"
"""The setting with the hash of the last published version."""


class VersionInForce(NamedTuple):
    """The version with which interviews begin."""

    instrument: Instrument
    notice: str = ""
    """Message for the person at work if it is not the version in the file."""


def read_published_hash(store: Store) -> str:
    """Return the hash of the last published version; empty if there isn't one.

    In databases of earlier versions of the program it is the last version stored. Raises
    StoreError.
    """
    return store.settings.read(PUBLISHED_SETTING) or store.data.read_newest_instrument()


def find_version_in_force(store: Store, instrument: Instrument, path: str) -> VersionInForce:
    """Return the version with which interviews of this study begin.

    `instrument` is the questionnaire in the file at `path`. Raises UserError if none was published,
    or one of another study; and StoreError.
    """
    if store.clock is None:
        return VersionInForce(instrument)
    published_hash = read_published_hash(store)
    if not published_hash and not store.data.can_publish():
        what = "no version of the questionnaire has been published there yet"
        remedy = f"ask the schema's owner to publish it: survey study publish {path}"
        raise UserError(store.where, what, remedy)
    if published_hash in ("", instrument.hash):
        return VersionInForce(instrument)

    published = rebuild_instrument(store.data.read_stored_text(published_hash))
    published_title = str(published.title.get(published.language))
    title = str(instrument.title.get(instrument.language))
    if published_title != title:
        what = f"the study there is titled {published_title!r}, but this questionnaire {title!r}"
        remedy = (
            "give this questionnaire another name (instrument:); if it is the same study, ask the"
            f" schema's owner to run: survey study publish {path}"
        )
        raise UserError(store.where, what, remedy)

    version = f", version {published.version}," if published.version else ""
    reason = f"because the file {path} differs from it (survey study publish {path})"
    return VersionInForce(published, f"The published questionnaire{version} is used, {reason}")
