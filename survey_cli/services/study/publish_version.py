"""Publishing a version of a questionnaire: from then on interviews begin with it, at every station."""

from dataclasses import dataclass

from survey_cli.problems import UserError
from survey_cli.services.run_on_study import Request, study_time
from survey_cli.store import InstrumentRow, StoreError
from survey_cli.store.database_location import FileOf
from survey_cli.store.origin import keep_origin
from survey_cli.study.consistency.upkeep import in_step
from survey_cli.study.open_study import Study, open_study
from survey_cli.study.permissions import for_supervisors
from survey_cli.study.published_version import PUBLISHED, published_hash
from survey_cli.study.version_changes import why_not_begin


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What was published."""

    where: str
    version: str
    """The designer's label, or the beginning of the hash."""
    new: bool
    """It was not in force before."""


def publish(request: Request) -> Published | UserError:
    """Have interviews begin with the questionnaire as its file is now. A database that is not there yet is made."""
    study = open_study(
        request.path, db=request.db, by=request.by, people=request.people, create=True, as_written=True
    )
    if isinstance(study, UserError):
        return study
    with study:
        try:
            return for_supervisors(study, "publish a questionnaire") or _published(study, request)
        except StoreError as problem:
            return UserError(problem.where, problem.what, problem.remedy)


def _published(study: Study, request: Request) -> Published | UserError:
    store, instrument = study.store, study.instrument
    if not store.may_publish():
        what = f"{store.account} may not publish a questionnaire: the schema is another's"
        return UserError(study.where, what, "connect as the owner of the schema, or ask them")
    if (changed := why_not_begin(store, instrument)) is not None:
        return changed
    before, at = published_hash(store), study_time(store, request.at)
    store.keep_instrument(InstrumentRow.of(instrument, kept_at=at))
    store.keep_setting(PUBLISHED, instrument.hash)
    if isinstance(study.where, FileOf):
        keep_origin(store, study.where.questionnaire)
    in_step(study, at)
    return Published(
        where=study.where,
        version=instrument.version or instrument.hash[:12],
        new=before != instrument.hash,
    )
