"""The command `code`: codes of open answers, agreement of two coders."""

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from survey_cli.cli import parameters
from survey_cli.cli.option_groups import option_group
from survey_cli.cli.output.terminal import print_result, render_table, say
from survey_cli.cli.parameters import argument, on_study, option, share
from survey_cli.wording import format_quantity, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from survey_cli.engine.events import AnswerCoded
    from survey_cli.services.data.coding import AgreementResult
    from survey_cli.services.run_on_study import Request


@option_group
class CodingParameters:
    """The options of `survey code`."""

    second: Annotated[
        float | None,
        share("--second SHARE", "Code a random part again, without seeing the codes: 20%."),
    ] = None
    agreement: Annotated[
        bool, option("--agreement", "Compare the two codings, and list where they differ.")
    ] = False
    settle: Annotated[
        bool, option("--settle", "Decide where the two codings differ. For supervisors only.")
    ] = False
    origin: parameters.OriginOption = "real"
    form: parameters.ResultFormatOption = "table"
    plain: parameters.PlainOption = False
    theme: parameters.ThemeOption = ""

    @property
    def role(self) -> Literal["first", "second", "final"]:
        """Which coding this is: the first, the second, or the decision between them."""
        if self.settle:
            return "final"
        if self.second is not None:
            return "second"
        return "first"


@on_study
def code(
    request: "Request",
    item: Annotated[
        str, argument("ITEM", "The item: a text, or a list with an option to specify.")
    ],
    given: CodingParameters,
) -> None:
    """Code the open answers of an item, compare two coders, settle where they differ.

    The code frame is in NAME.ITEM.codes.yaml beside the questionnaire; codes are added while
    coding. Equal answers are coded together. Each coding is stored at once with the coder's name
    and can be undone. Only interviews that have ended are coded. Exports, reports and the codebook
    have the variable ITEM_code, or for several codes ITEM_code_1, ITEM_code_2 and so on.

    Example: survey code study.yaml reason --second 20%
    """
    choices = [given.second is not None, given.agreement, given.settle]
    if choices.count(True) > 1:
        raise typer.BadParameter("--second, --agreement and --settle exclude each other")

    if given.agreement:
        _print_agreement(request, item, given)
    else:
        _code_answers(request, item, given)


def _print_agreement(request: "Request", item: str, given: CodingParameters) -> None:
    """Compare the two codings of an item, and print how far they agree."""
    from survey_cli.services.data.coding import compare_codings

    result = compare_codings(request, item, origin=given.origin)
    print_result(given.form, _render_agreement(result), result)


def _code_answers(request: "Request", item: str, given: CodingParameters) -> None:
    """Let the coder code the item's answers until there are no more, or the coder stops."""
    from survey_cli.cli.commands.interview import has_full_screen
    from survey_cli.cli.run_command import run_full_screen
    from survey_cli.plain.coding import code_answers
    from survey_cli.services.data.coding import open_coding
    from survey_cli.tui import run_coding

    part = 1.0 if given.second is None else given.second
    with open_coding(request, item, role=given.role, share=part, origin=given.origin) as session:
        is_whole = True
        if given.plain or not has_full_screen():
            code_answers(session, sys.stdin, sys.stdout)
        else:
            is_whole = run_full_screen(lambda: run_coding(session, given.theme))
        done, total = session.count()

    say(f"{item}: {done:,} of {format_quantity(total, 'answer')} coded")
    if not is_whole:
        raise typer.Exit(1)


def _render_agreement(result: "AgreementResult") -> "Iterator[str]":
    """Render the coefficients, a row for each code, and the answers that were coded differently."""
    agreement = result.agreement
    answers = format_quantity(agreement.answers, "different answer")
    share = agreement.equal / agreement.answers
    yield f"{answers} coded twice, {agreement.equal:,} of them alike ({share:.1%})"
    yield f"Cohen's kappa {_format_coefficient(agreement.kappa)}"
    alpha = _format_coefficient(agreement.alpha)
    yield f"Krippendorff's alpha {alpha} ({result.distance} distance)"

    yield ""
    rows = []
    for one in agreement.by_code:
        label = result.labels[one.code]
        kappa = _format_coefficient(one.kappa)
        rows.append((one.code, label, one.first, one.second, one.both, kappa))
    head = ("code", "label", "first", "second", "both", "kappa")
    yield from render_table(head, rows, right=range(2, 6))

    if result.disagreements:
        yield ""
        lines = []
        for answer in result.disagreements:
            line = (
                answer.case,
                shorten(answer.text),
                _describe_coding(answer.codings.get("first")),
                _describe_coding(answer.codings.get("second")),
                _describe_coding(answer.codings.get("final")),
            )
            lines.append(line)
        yield from render_table(("case", "answer", "first", "second", "decision"), lines)


def _format_coefficient(figure: float | None) -> str:
    return "not defined" if figure is None else f"{figure:.3f}"


def _describe_coding(coding: "AnswerCoded | None") -> str:
    """Describe a coding: `3 7 (ann)`; empty if there isn't one."""
    if coding is None:
        return ""
    codes = " ".join(map(str, coding.codes or ()))
    return f"{codes or 'unclear'} ({coding.stamp.by})"
