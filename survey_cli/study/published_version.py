"""Version of the questionnaire that was published for a study on a server.

For a database file the version is the questionnaire's own file. A station never publishes.
"""

from typing import Final, NamedTuple

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import rebuild_instrument
from survey_cli.problems import UserError
from survey_cli.store import Store

PUBLISHED_SETTING: Final = "published"
"""The setting with the hash of the last published version."""


class VersionInForce(NamedTuple):
    """The version with which interviews begin."""

    instrument: Instrument
    notice: str = ""
    """Message for the person at work where it is not the version in the file."""


def read_published_hash(store: Store) -> str:
    """Return the hash of the last published version; empty where there is none.

    In databases of earlier versions of the program it is the last version stored. Raises StoreError.
    """
    return store.settings.read(PUBLISHED_SETTING) or store.data.read_newest_instrument()


def find_version_in_force(store: Store, instrument: Instrument, path: str) -> VersionInForce:
    """Return the version with which interviews of this study begin.

    `instrument` is the questionnaire in the file at `path`. Raises UserError where none was published, or one of another
    study; and StoreError.
    """
    if store.clock is None:
        return VersionInForce(instrument)
    published_hash = read_published_hash(store)
    if not published_hash and not store.data.can_publish():
        what = "no version of the questionnaire has been published there yet"
        raise UserError(store.where, what, f"ask the schema's owner to publish it: survey study publish {path}")
    if published_hash in ("", instrument.hash):
        return VersionInForce(instrument)
    published = rebuild_instrument(store.data.find_instrument_texts(published_hash) or {}, published_hash)
    published_title, title = _get_title(published), _get_title(instrument)
    if published_title != title:
        raise UserError(
            store.where,
            f"the study there is titled {published_title!r}, but this questionnaire {title!r}",
            "give this questionnaire another name (instrument:); if it is the same study, ask the schema's owner to run:"
            f" survey study publish {path}",
        )
    version = f", version {published.version}," if published.version else ""
    return VersionInForce(
        published,
        f"The published questionnaire{version} is used, because the file {path} differs from it"
        f" (survey study publish {path})",
    )


def _get_title(instrument: Instrument) -> str:
    return str(instrument.title.get(instrument.language))
