"""Making a file that somebody downloads: the same as `survey export` or `survey report` writes."""

from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Final, assert_never

from survey_cli.problems import UserError
from survey_cli.services.data.export_options import ExportOptions
from survey_cli.services.export.download_request import (
    DATA_FORMATS,
    DownloadKind,
    DownloadRequest,
)
from survey_cli.services.export.export_data import export_files
from survey_cli.services.report.publish import publish_codebook, publish_results
from survey_cli.services.report.results_report import ReportOptions
from survey_cli.study.open_study import check_study_may, open_records

PAGE_TYPE: Final = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class MadeDownload:
    """A file that was made."""

    path: Path
    """Its name is that of the download."""
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadSource:
    """The study that a file is made of, and the zone of the person who asks for it."""

    path: str | Path
    """The questionnaire."""
    db: str | None = None
    zone: tzinfo | None = None
    """The time zone of dates in a report; None is the computer's."""


def make_download(source: DownloadSource, request: DownloadRequest, folder: Path) -> MadeDownload:
    """Make the file in a private folder, for whoever is signed in.

    The reason is in the study's log of accesses before anything is read. Raises UserError, whose
    words don't name the folder.
    """
    with open_records(source.path, db=source.db) as records:
        for action in request.list_actions():
            check_study_may(records, action)
        name = records.instrument.id

    try:
        match request.kind:
            case DownloadKind.DATA:
                return _make_data(source, request, folder / name)
            case DownloadKind.REPORT:
                return _make_report(source, request, folder / f"{name}_report.html")
            case DownloadKind.CODEBOOK:
                return _make_codebook(source, request, folder / f"{name}_codebook.html")
            case unknown:
                assert_never(unknown)
    except UserError as error:
        error.what = error.what.replace(f"{folder}/", "")
        error.remedy = error.remedy.replace(f"{folder}/", "")
        raise


def _make_data(source: DownloadSource, request: DownloadRequest, base: Path) -> MadeDownload:
    data_format = DATA_FORMATS[request.format]
    target = base.with_name(base.name + data_format.ending)
    options = ExportOptions(
        what=request.rows,
        db=source.db,
        format=request.format,
        labels=request.labels,
        partials=request.partials,
        origin=request.origin,
        all_personal=request.personal,
        public=request.public,
        zone=source.zone,
        reason=request.reason,
    )
    export_files(source.path, options, [str(target)])
    return MadeDownload(target, data_format.media_type)


def _make_report(source: DownloadSource, request: DownloadRequest, target: Path) -> MadeDownload:
    variables = [name.strip() for name in request.by.split(",")]
    options = ReportOptions(
        to=str(target),
        by=tuple(name for name in variables if name),
        interviews=request.interviews,
        origin=request.origin,
        db=source.db,
        zone=source.zone,
        reason=request.reason,
    )
    publish_results(source.path, options)
    return MadeDownload(target, PAGE_TYPE)


def _make_codebook(source: DownloadSource, request: DownloadRequest, target: Path) -> MadeDownload:
    options = ReportOptions(
        to=str(target), origin=request.origin, db=source.db, reason=request.reason
    )
    publish_codebook(source.path, options)
    return MadeDownload(target, PAGE_TYPE)
