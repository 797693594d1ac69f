"""Publishing a version of a questionnaire: from then on interviews begin with it, at every station."""

from dataclasses import dataclass

from survey_cli.problems import UserError
from survey_cli.services.run_on_study import Request, convert_to_study_time
from survey_cli.store import InstrumentRow
from survey_cli.store.database_location import DatabaseFile, write_origin
from survey_cli.study.consistency.upkeep import rebuild_queue
from survey_cli.study.open_study import OpenStudy, open_study
from survey_cli.study.permissions import check_supervisor
from survey_cli.study.published_version import PUBLISHED_SETTING, read_published_hash
from survey_cli.study.version_changes import check_may_begin


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedVersion:
    """The published version."""

    where: str
    version: str
    """The designer's label, or the beginning of the hash."""
    new: bool
    """Whether it was not in force before."""


def publish_version(request: Request) -> PublishedVersion:
    """Publish the questionnaire as its file is now. A missing database is created. Raises UserError."""
    study = open_study(request.path, db=request.db, by=request.by, people=request.people, create=True, as_written=True)
    with study:
        check_supervisor(study, "publish a questionnaire")
        return _publish(study, request)


def _publish(study: OpenStudy, request: Request) -> PublishedVersion:
    store, instrument = study.store, study.instrument
    if not store.data.can_publish():
        what = f"{store.account} may not publish a questionnaire: the schema belongs to another role"
        raise UserError(study.where, what, "connect as the owner of the schema, or ask the owner")
    check_may_begin(store, instrument)
    previous, at = read_published_hash(store), convert_to_study_time(store, request.at)
    store.data.add_instrument(InstrumentRow.from_instrument(instrument, kept_at=at))
    store.settings.write(PUBLISHED_SETTING, instrument.hash)
    if isinstance(study.where, DatabaseFile):
        write_origin(store, study.where.questionnaire)
    rebuild_queue(study, at)
    return PublishedVersion(
        where=study.where, version=instrument.version or instrument.hash[:12], new=previous != instrument.hash
    )
