"""Version of the questionnaire that was published for a study on a server.

For a database file the version is the questionnaire's own file. A station never publishes.
"""

from typing import Final, NamedTuple

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import rebuild_instrument
from survey_cli.problems import UserError
from survey_cli.store import Store

PUBLISHED_SETTING: Final = "published"
"""The setting with the hash of the version that was published last."""


class VersionInForce(NamedTuple):
    """The version that interviews begin with."""

    instrument: Instrument
    notice: str = ""
    """What to tell whoever works here: that it is not the version in the file."""


def read_published_hash(store: Store) -> str:
    """The hash of the version that was published last; of earlier databases of the one kept last; empty where none is
    kept. Raises StoreError.
    """
    return store.settings.read(PUBLISHED_SETTING) or store.data.read_newest_instrument()


def find_version_in_force(store: Store, instrument: Instrument, path: str) -> VersionInForce:
    """The version that interviews of this study begin with, where `instrument` is what the file at `path` holds. Raises
    StoreError.
    """
    if store.clock is None:
        return VersionInForce(instrument)
    hash = read_published_hash(store)
    if not hash and not store.data.can_publish():
        what = "no version of the questionnaire is published there yet"
        raise UserError(store.where, what, f"the schema's owner publishes it: survey study publish {path}")
    if hash in ("", instrument.hash):
        return VersionInForce(instrument)
    published = rebuild_instrument(store.data.find_instrument_texts(hash) or {}, hash)
    theirs, ours = _get_title(published), _get_title(instrument)
    if theirs != ours:
        raise UserError(
            store.where,
            f"the study there is titled {theirs!r}, and this questionnaire {ours!r}",
            "give this one another name (instrument:); if it is the same study, the schema's owner publishes it:"
            f" survey study publish {path}",
        )
    version = f", version {published.version}," if published.version else ""
    return VersionInForce(
        published,
        f"The questionnaire published there{version} is used: the file {path} differs from it"
        f" (survey study publish {path})",
    )


def _get_title(instrument: Instrument) -> str:
    return str(instrument.title.get(instrument.language))
