"""The version of a questionnaire that a study on a server is conducted with: the one that was published there.

For a database file the version is the questionnaire's own file. Nothing is published by a station.
"""

from typing import Final, NamedTuple

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import rebuild_instrument
from survey_cli.problems import UserError
from survey_cli.store import Store

PUBLISHED: Final = "published"
"""The setting with the hash of the version that was published last."""


class InForce(NamedTuple):
    """The version that interviews begin with."""

    instrument: Instrument
    notice: str = ""
    """What to tell whoever works here: that it is not the version in the file."""


def published_hash(store: Store) -> str:
    """The hash of the version that was published last; of earlier databases of the one kept last; empty where none is
    kept. Raises StoreError."""
    return store.setting(PUBLISHED) or store.newest_instrument()


def in_force(store: Store, instrument: Instrument, path: str) -> InForce | UserError:
    """The version that interviews of this study begin with, where `instrument` is what the file at `path` holds. Raises
    StoreError."""
    if store.clock is None:
        return InForce(instrument)
    hash = published_hash(store)
    if not hash and not store.may_publish():
        what = "no version of the questionnaire is published there yet"
        return UserError(store.where, what, f"the schema's owner publishes it: survey study publish {path}")
    if hash in ("", instrument.hash):
        return InForce(instrument)
    published = rebuild_instrument(store.instrument_texts(hash) or {}, hash)
    if isinstance(published, UserError):
        return published
    theirs, ours = _title(published), _title(instrument)
    if theirs != ours:
        return UserError(
            store.where,
            f"the study there is titled {theirs!r}, and this questionnaire {ours!r}",
            "give this one another name (instrument:); if it is the same study, the schema's owner publishes it:"
            f" survey study publish {path}",
        )
    version = f", version {published.version}," if published.version else ""
    return InForce(
        published,
        f"The questionnaire published there{version} is used: the file {path} differs from it"
        f" (survey study publish {path})",
    )


def _title(instrument: Instrument) -> str:
    return str(instrument.title.get(instrument.language))
