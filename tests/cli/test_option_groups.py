"""Options as dataclasses: what a command receives, and that every option reaches its service."""

from collections.abc import Callable
from dataclasses import fields
from typing import Annotated, Any, Literal, get_args, get_origin

import pytest
import typer
from typer.testing import CliRunner

from survey_cli.cli.commands.export import ExportParameters
from survey_cli.cli.commands.import_answers import AnswerImportParameters
from survey_cli.cli.commands.interview import InterviewParameters
from survey_cli.cli.commands.quality import QualityParameters
from survey_cli.cli.commands.rates import RatesParameters
from survey_cli.cli.commands.report import CodebookParameters, ReportParameters
from survey_cli.cli.commands.sample import SampleImportParameters
from survey_cli.cli.option_groups import (
    expand_groups,
    list_option_names,
    option_group,
    refuse_options,
)
from survey_cli.cli.parameters import InstrumentArgument, option


@option_group
class DrawParameters:
    share: Annotated[float, option("--draw SHARE", "Draw a share.")]
    names: Annotated[list[str] | None, option("--name NAME", "Repeatable.")] = None


@option_group
class SeedParameters:
    seed: Annotated[int, option("--seed N", "Seed of the draw.")] = 1


def run(command: Callable[..., None], *arguments: str) -> Any:
    app = typer.Typer()
    app.command()(expand_groups(command))
    return CliRunner().invoke(app, arguments)


def test_a_command_receives_its_groups_filled_from_the_command_line() -> None:
    received = []

    def command(file: InstrumentArgument, draw: DrawParameters, given: SeedParameters) -> None:
        received.append((file, draw.share, draw.names, given.seed))

    given = ("study.yaml", "--draw", "0.25", "--name", "ann", "--name", "bob", "--seed", "7")
    assert run(command, *given).exit_code == 0
    assert run(command, "study.yaml", "--draw", "1").exit_code == 0
    assert received == [("study.yaml", 0.25, ["ann", "bob"], 7), ("study.yaml", 1.0, None, 1)]


def test_a_field_without_a_default_is_a_required_option() -> None:
    def command(draw: DrawParameters) -> None:
        raise AssertionError(draw)

    assert "--draw" in run(command).output


def test_options_of_a_group_are_refused_by_their_names() -> None:
    def command(context: typer.Context, given: SeedParameters) -> None:
        refuse_options(context, list_option_names(SeedParameters), "is only for --draw")

    assert run(command).exit_code == 0
    assert "--seed is only for --draw — leave it out" in run(command, "--seed", "1").output


NOT_FOR_THE_SERVICE = {
    ExportParameters: {"out", "bundle", "formats"},
    InterviewParameters: {"case", "columns", "plain", "brief", "theme"},
    QualityParameters: {"draw", "seed", "form"},
    RatesParameters: {"counts", "digits", "form", "people", "db"},
}
"""Options that choose the command's output, or that it gives to the service on other ways."""
CASES: list[tuple[type[Any], Callable[[Any], Any]]] = [
    (AnswerImportParameters, lambda given: given.make_import_options("data.csv", None)),
    (CodebookParameters, lambda given: given.make_report_options(None)),
    (ExportParameters, lambda given: given.make_export_options(None)),
    (InterviewParameters, lambda given: given.make_start_options("101", {})),
    (QualityParameters, lambda given: given.make_quality_options(None)),
    (RatesParameters, lambda given: given.make_rates_options()),
    (ReportParameters, lambda given: given.make_report_options(None)),
    (SampleImportParameters, lambda given: given.make_import_options("sample.csv", None)),
]


@pytest.mark.parametrize(("group", "make"), CASES, ids=[group.__name__ for group, _ in CASES])
def test_every_option_reaches_the_service(group: type[Any], make: Callable[[Any], Any]) -> None:
    passed_on = NOT_FOR_THE_SERVICE.get(group, set())
    forgotten = []
    for field in fields(group):
        if field.name in passed_on:
            continue
        other = choose_other_value(field)
        if describe(make(group(**{field.name: other}))) == describe(make(group())):
            forgotten.append(field.name)
    assert forgotten == []


def choose_other_value(field: Any) -> Any:
    """Return a valid value that is not the option's default."""
    if field.name == "zone":
        return "America/Chicago"
    kind = get_args(field.type)[0]
    choices = [choice for part in (kind, *get_args(kind)) for choice in list_choices(part)]
    if choices:
        return next(choice for choice in choices if choice != field.default)
    if kind is bool or bool in get_args(kind):
        return not field.default
    if list[str] in get_args(kind):
        return ["age"]
    if kind in (int, float) or int in get_args(kind):
        return (field.default or 0) + 2
    return "other"


def list_choices(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) is Literal else ()


def describe(options: Any) -> dict[str, Any]:
    """Return the service's options; without the clock and the random numbers of each run."""
    varying = ("at", "rng", "pause")
    return {f.name: getattr(options, f.name) for f in fields(options) if f.name not in varying}
