"""Publishing results and codebooks, in order: what stands in the way is said first, the report is made, written by the
writer that the file's ending chooses, and put in place; then its charts, each as a file.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TextIO, TypeVar

from survey_cli.documents.charts.charts import Chart, chart_of_battery, chart_of_item
from survey_cli.documents.charts.png import png, png_possible, svg_file
from survey_cli.documents.report.group_charts import charts_of_groups
from survey_cli.documents.report.report_html import codebook_html, results_html
from survey_cli.documents.report.report_layout import Block
from survey_cli.documents.report.report_markdown import codebook_markdown, results_markdown
from survey_cli.documents.report.results_table import results_table
from survey_cli.documents.report.word import codebook_docx, results_docx
from survey_cli.documents.report.workbook import results_xlsx
from survey_cli.documents.text_fragments import flat
from survey_cli.exports import Manner
from survey_cli.exports.text.csv import write_csv
from survey_cli.problems import UserError
from survey_cli.reports.codebook.codebook_model import Codebook
from survey_cli.reports.results.report_model import Results
from survey_cli.services.output_files import in_the_way, put, put_file
from survey_cli.services.report.codebook_data import codebook_of
from survey_cli.services.report.report_options import CodebookWish, ReportWish
from survey_cli.services.report.results_report import results

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer(Generic[T]):
    """Who writes files of one ending: as text, or into a file by its path."""

    text: Callable[[T], str] | None = None
    file: Callable[[T, Path], None] | None = None
    newline: str = "\n"
    extra: str = ""
    """What has to be installed besides: `survey-cli[word]`."""


def _csv(made: Results) -> str:
    from io import StringIO

    text = StringIO()
    write_csv(results_table(made), text, Manner())
    return text.getvalue()


RESULTS: Final[Mapping[str, Writer[Results]]] = {
    ".html": Writer(text=results_html),
    ".htm": Writer(text=results_html),
    ".md": Writer(text=results_markdown),
    ".markdown": Writer(text=results_markdown),
    ".docx": Writer(file=results_docx, extra="word"),
    ".xlsx": Writer(file=results_xlsx, extra="excel"),
    ".csv": Writer(text=_csv, newline=""),
}
CODEBOOKS: Final[Mapping[str, Writer[Codebook]]] = {
    ".html": Writer(text=codebook_html),
    ".htm": Writer(text=codebook_html),
    ".md": Writer(text=codebook_markdown),
    ".markdown": Writer(text=codebook_markdown),
    ".docx": Writer(file=codebook_docx, extra="word"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a report goes."""

    to: str = ""
    """A file's path; `-` for Markdown on standard output; empty where it is only drawn."""
    charts: str = ""
    """A folder for charts as files; empty for none."""
    dots: bool = False
    """Charts as PNG too."""
    force: bool = False
    """Overwrite files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published(Generic[T]):
    """What was made, and what went out."""

    made: T
    to: str
    charts: int = 0
    """How many files."""


def publish_results(
    path: str | Path, wish: ReportWish, place: Place, *, stdout: TextIO | None = None
) -> Published[Results] | UserError:
    """The report of a study's results, written where it is wanted."""
    barred = _barred(place, RESULTS, "a report") or _charts_barred(place)
    if barred is not None:
        return barred
    made = results(path, wish)
    if isinstance(made, UserError):
        return made
    trouble = _written(made, place, RESULTS, stdout)
    if trouble is not None:
        return trouble
    charts = _put_charts(made, place) if place.charts else 0
    return charts if isinstance(charts, UserError) else Published(made=made, to=place.to, charts=charts)


def publish_codebook(
    path: str | Path, wish: CodebookWish, place: Place, *, stdout: TextIO | None = None
) -> Published[Codebook] | UserError:
    """The codebook of a study, written where it is wanted."""
    if (barred := _barred(place, CODEBOOKS, "a codebook")) is not None:
        return barred
    made = codebook_of(path, wish)
    if isinstance(made, UserError):
        return made
    trouble = _written(made, place, CODEBOOKS, stdout)
    return trouble if trouble is not None else Published(made=made, to=place.to)


def _ending(place: Place) -> str:
    return ".md" if place.to == "-" else Path(place.to).suffix.lower()


def _barred(place: Place, writers: Mapping[str, Writer[T]], what: str) -> UserError | None:
    """Why nothing can be written there, before anything is counted."""
    if not place.to:
        return None
    ending = _ending(place)
    if ending not in writers:
        said = f"{what} is not written as {ending}" if ending else "the file's name has no ending"
        return UserError(place.to, said, f"end the name in one of {', '.join(writers)}")
    return None if place.to == "-" else in_the_way(Path(place.to), force=place.force)


def _written(
    made: T, place: Place, writers: Mapping[str, Writer[T]], stdout: TextIO | None
) -> UserError | None:
    if not place.to:
        return None
    writer = writers[_ending(place)]
    try:
        if writer.text is not None:
            text = writer.text(made)
            if place.to == "-":
                out = stdout or sys.stdout
                out.write(text)
                out.flush()
                return None
            done = put(
                Path(place.to), lambda file: file.write(text), force=place.force, newline=writer.newline
            )
            return done if isinstance(done, UserError) else None
        write = writer.file
        assert write is not None, "a writer writes"
        done_file = put_file(Path(place.to), lambda path: write(made, path), force=place.force)
        return done_file if isinstance(done_file, UserError) else None
    except ImportError as error:
        what = f"it needs {error.name or writer.extra}, which is not installed"
        return UserError(place.to, what, f"pip install 'survey-cli[{writer.extra}]'")


# ── charts as files ────────────────────────────────────────────────────────────────────────────────────────


def _charts_barred(place: Place) -> UserError | None:
    if place.dots and not place.charts:
        return UserError("--png", "there is no folder for pictures", "name one with --charts DIR")
    if place.dots and not png_possible():
        what = "PNG needs CairoSVG and the Cairo library, which are not both installed"
        return UserError("--png", what, "pip install 'survey-cli[png]', and Cairo by the system's packages")
    if place.charts and Path(place.charts).exists() and not Path(place.charts).is_dir():
        return UserError(place.charts, "this is no folder", "name a folder for the charts")
    return None


def charts_of(made: Results) -> Iterator[tuple[Chart, str]]:
    """Every chart of a report, and what stands over it: of each battery, and of each item that is no statement of one."""
    for battery in made.batteries:
        block = Block(battery, tuple(item for item in made.items if item.battery == battery.id))
        title, intro = flat(battery.title), flat(battery.intro)
        if (chart := chart_of_battery(battery)) is not None:
            yield chart, f"{block.span}. {title}{': ' * bool(title and intro)}{intro}"
        for compared in charts_of_groups(made, battery):
            yield compared, f"{block.span}. {compared.title}: {title or intro}"
    drawn = {battery.id for battery in made.batteries}
    for item in made.items:
        if item.battery not in drawn and (chart := chart_of_item(item)) is not None:
            yield chart, f"{item.number}. {flat(item.wording) or flat(item.label)}"


def _put_charts(made: Results, place: Place) -> int | UserError:
    folder = Path(place.charts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return UserError(place.charts, f"it cannot be made ({error.strerror})", "choose another place")
    files = 0
    for chart, heading in charts_of(made):
        for ending in (".svg", ".png") if place.dots else (".svg",):
            trouble = _put_chart(chart.headed(heading), folder / f"{chart.id}{ending}", force=place.force)
            if trouble is not None:
                return trouble
            files += 1
    return files


def _put_chart(svg: str, path: Path, *, force: bool) -> UserError | None:
    done: object
    if path.suffix == ".png":
        done = put_file(path, lambda file: file.write_bytes(png(svg)), force=force)
    else:
        done = put(path, lambda file: file.write(svg_file(svg)), force=force)
    return done if isinstance(done, UserError) else None
