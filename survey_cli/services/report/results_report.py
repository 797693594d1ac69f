"""Results report of a study: selects and weights interviews, tabulates items, hides small counts.

The topline, the banner and the methods box are built from the same tables.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from itertools import chain, product
from pathlib import Path
from typing import Final, Literal, get_args, get_origin, get_type_hints

from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.instrument.analysis import Analysis
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.texts.languages import get_language_name
from survey_cli.permissions import Action
from survey_cli.problems import StoreError, UserError, suggest_nearest
from survey_cli.reports.disclosure.thresholds import DEFAULT_THRESHOLD
from survey_cli.reports.fieldwork.rates import RateNote, RateTable
from survey_cli.reports.results import analysis_base
from survey_cli.reports.results.batteries import build_batteries
from survey_cli.reports.results.column_groups import ReportColumns
from survey_cli.reports.results.crosstab import (
    Crosstab,
    ResultOptions,
    choose_units,
    is_small_sample,
)
from survey_cli.reports.results.findings import build_findings
from survey_cli.reports.results.groupings import (
    MAX_COLUMNS,
    build_grouping,
    get_column_limit,
    leave_out_hidden_columns,
    nest_grouping,
    select_option,
)
from survey_cli.reports.results.linked_tables import build_tables
from survey_cli.reports.results.methods import (
    MethodFacts,
    build_brief_line,
    build_methods,
    describe_unreal_origin,
)
from survey_cli.reports.results.questions import (
    UNASKED_KINDS,
    ReportQuestion,
    list_questions,
    trace_inputs,
)
from survey_cli.reports.results.report_model import Battery, Results, Verbatim
from survey_cli.reports.results.result_tables import build_item_result
from survey_cli.reports.results.small_columns import merge_small_columns
from survey_cli.reports.results.table_notes import build_column_notes, build_table_notes
from survey_cli.reports.texts import ENGLISH, find_language, translate, use_language
from survey_cli.reports.weighting.answer_counts import AnswerColumns, Grouping, list_value_columns
from survey_cli.reports.weighting.weights import InterviewWeights, WeightingSummary
from survey_cli.samples.cases.columns import find_column, list_columns
from survey_cli.services.data.export_options import DataTable, ExportOptions, check_weights
from survey_cli.services.data.interview_weights import load_counted_answers, weight_interviews
from survey_cli.services.data.study_metadata import choose_language, list_weighting_draws
from survey_cli.services.data.table_query import query_table, select_column_names
from survey_cli.services.date_options import parse_as_of
from survey_cli.services.report.response_rates import RatesOptions, compute_rates_from_records
from survey_cli.services.run_on_study import read_records
from survey_cli.study.open_study import StudyRecords
from survey_cli.table.columns import find_personal_names
from survey_cli.table.versions import list_inputs
from survey_cli.values import Missing, Variable, normalize_verbatim

MAX_DIGITS: Final = 4
LARGE_GROUP: Final = 50
"""The least number of interviews of a group that the advice on small groups proposes."""
STATISTICS: Final = ("quartiles", "se", "totals")
"""Statistics that are printed on request."""


@dataclass(frozen=True, kw_only=True)
class ReportOptions(ExportOptions, ResultOptions):
    """Which data to report or to describe in a codebook, and how.

    Empty values mean the study's own.
    """

    to: str = ""
    """A file's path; `-` for Markdown on standard output; empty if the report is only shown."""
    interviews: analysis_base.InterviewSelection = "partial"
    """Which interviews are in the analysis base: complete and partial ones by default."""
    by: tuple[str, ...] = ()
    """Variables whose values are the columns of the banner."""
    items: tuple[str, ...] = ()
    """Items, sections and batteries to report on; empty for all."""
    compare: Literal["pairs", "total"] = "pairs"
    """Whether letters compare columns with each other, or each with the rest."""
    verbatims: bool = False
    """Print verbatim answers."""
    cases: bool = False
    """Print the case with each verbatim answer."""
    weighted: bool = True
    """Weight by the sample column with `role: weight`, if there is one."""
    charts: str = ""
    """A folder for charts as files; empty for none."""
    png: bool = False
    """Write charts as PNG too."""
    counts: bool = True
    """In a codebook, count the interviews with each code."""

    def describe_download(self, document: str) -> tuple[str, str] | None:
        """Return the file and what it is, for the access log; None if nobody downloads it."""
        if not self.reason:
            return None
        return Path(self.to).name, self.add_reason(document)


def build_results_report(path: str | Path, options: ReportOptions) -> Results:
    """Build the results report of a study."""
    _check_options(options)
    if "totals" in options.statistics:
        # A total is printed with its standard error, which is that of the design.
        options = replace(options, errors=True)
    with read_records(
        path,
        Action.READ_REPORTS,
        db=options.db,
        people=options.people,
        exported=options.describe_download("report"),
    ) as records:
        language = choose_language(records.instrument, options.language)
        with use_language(language):
            data = _load_report_data(records, options)
    with use_language(language):
        return _compile_report(path, data, options)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ReportData:
    """The interviews and the study's description, all as of one point in time."""

    data: DataTable
    answers: AnswerColumns
    included: analysis_base.AnalysisBase
    sampled: AnswerColumns
    """The interviews without the condition."""
    whole: int
    """Number of complete and partial interviews of the whole study, without the condition."""
    narrowing: analysis_base.ReportFilter
    rates: RateTable | None
    """The study's response rates; None if it has none."""
    no_rates: str
    """Why it has no response rates; empty if it has."""

    @property
    def instrument(self) -> Instrument:
        return self.data.analysis.instrument


def _check_options(options: ReportOptions) -> None:
    """Check that the options are valid."""
    for name, hint in get_type_hints(ReportOptions).items():
        if get_origin(hint) is not Literal or name == "origin":
            continue
        value = getattr(options, name)
        choices = get_args(hint)
        if value not in choices:
            raise UserError(
                f"--{name}", f"{value!r} is not possible", f"choose one of {', '.join(choices)}"
            )

    if not 0 <= options.digits <= MAX_DIGITS:
        raise UserError(
            "--digits", f"{options.digits} decimals are not possible", f"choose 0 to {MAX_DIGITS}"
        )
    if options.threshold < 0:
        what = f"{options.threshold} is not a number of people"
        raise UserError("--threshold", what, "give 0 or more; 0 hides nothing")
    if not 0.5 <= options.level < 1:
        raise UserError(
            "--level",
            f"{options.level:g} is not a level of confidence",
            "give 0.95, or 0.5 to 0.999",
        )
    if options.min_base < 0:
        raise UserError(
            "--min-base", f"{options.min_base} is not a number of interviews", "give 0 or more"
        )
    for name in options.statistics:
        if name not in STATISTICS:
            raise UserError(
                "--statistics",
                f"there is no statistic {name!r}",
                f"choose one of {', '.join(STATISTICS)}",
            )
    check_weights(options)
    if options.cases and not options.verbatims:
        raise UserError("--cases", "cases are printed only with verbatims", "add --verbatims")


def _load_report_data(records: StudyRecords, options: ReportOptions) -> _ReportData:
    """Load the interviews that the options select, and what the report says of all of them."""
    # The report weights the interviews itself.
    data = query_table(records, options, weights=False)
    selection = options.interviews
    with_ids = options.errors and bool(options.where)
    answers, base = load_counted_answers(
        data, records.plan, selection, words=options.verbatims, ids=with_ids
    )
    all_answers = answers
    all_base = base
    if options.where:
        unfiltered = query_table(records, replace(options, where=""), weights=False)
        all_answers, all_base = load_counted_answers(
            unfiltered, records.plan, selection, ids=with_ids
        )
        data = replace(data, overrides=unfiltered.overrides)

    rates, no_rates = _compute_rates(records, options)
    when = parse_as_of(options.as_of, options.at, options.zone)
    narrowing = analysis_base.ReportFilter(
        where=options.where,
        total=all_base.interviews,
        selection=selection,
        as_of=when.text if when.past else "",
        items=options.items,
    )
    return _ReportData(
        data=data,
        answers=answers,
        included=base,
        sampled=all_answers,
        whole=all_base.whole,
        narrowing=narrowing,
        rates=rates,
        no_rates=no_rates,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _ReportTables:
    """The tables of a study's questions, and what the report prints of them."""

    groupings: Sequence[Grouping]
    """The divisions of the interviews into the columns of the banner."""
    all: Sequence[Crosstab]
    """Those of all questions."""
    printed: Sequence[Crosstab]
    """Those of the selected questions."""
    selected_questions: Sequence[ReportQuestion]
    """The selected questions, also those whose table is not printed."""
    headings: Sequence[Battery]
    """The batteries, without figures."""
    reported_count: int
    """How many of all tables are printed without `--items`."""
    excluded_items: Sequence[str]
    """Items that the questionnaire excludes from reports."""


def _compile_report(path: str | Path, data: _ReportData, options: ReportOptions) -> Results:
    """Compute the figures of the report and the notes on them."""
    if not data.answers.interviews:
        what = "there are no interviews to report on"
        raise UserError(str(path), what, _suggest_more_interviews(data, options))

    options = _set_population(data, options)
    analysis = data.data.analysis
    weights = weight_interviews(
        data.answers, analysis, options, base=options.weighted, threshold=options.parts_threshold
    )
    answers = data.answers
    if weights is not None:
        answers = answers.with_weights(weights.weights)
    tables = _tabulate_questions(data, answers, options)
    add_design, design_notes = _read_design(data, answers, weights, tables.groupings, options)

    columns = ReportColumns(tables.groupings, options)
    items = [
        build_item_result(
            add_design(table),
            columns,
            interviews=answers.interviews,
            verbatims=_collect_verbatims(table, answers, options),
        )
        for table in tables.printed
    ]
    batteries = build_batteries(tables.headings, items)
    is_weighted = weights is not None
    table_notes = build_table_notes(
        options,
        weighted=is_weighted,
        declines=_list_decline_labels(tables.selected_questions),
    )
    column_notes: Sequence[str] = ()
    if tables.groupings:
        column_notes = build_column_notes(items, columns, weighted=is_weighted)
    tables_of_ratios = {
        table.question.id: add_design(table) for table in _select_tables_of_ratios(tables, analysis)
    }

    study = data.data.table.study
    language = data.data.table.language
    weighting = weights.weighting if weights is not None else None
    facts = _gather_facts(data, answers, tables, weighting, options)
    filter_notes = [*facts.filter_notes]
    origin_note = describe_unreal_origin(options.origin)
    if origin_note:
        filter_notes.insert(0, origin_note)
    hidden_counts = [table.count_hidden() for table in tables.printed]
    return Results(
        title=study.title,
        instrument=data.instrument.id,
        version=data.instrument.version,
        language=language,
        interviews=answers.interviews,
        filter_notes=tuple(filter_notes),
        hidden_count=sum(hidden for hidden, _ in hidden_counts),
        count_total=sum(total for _, total in hidden_counts),
        methods=build_methods(study, facts, options),
        items=tuple(items),
        columns=columns.headings,
        batteries=batteries,
        in_brief=build_brief_line(study, facts),
        findings=build_findings(
            analysis.findings, items, tables_of_ratios, answers, language, options
        ),
        picture=analysis.picture or (batteries[0].id if batteries else ""),
        weighting=weighting,
        rates=facts.rates,
        notes=(*table_notes, *design_notes, *column_notes, *_list_general_notes(tables, language)),
        advice=_advise(data, tables.printed, tables.groupings, options),
        warnings=(
            *data.data.warnings,
            *data.data.differences,
            *_warn_of_missing_tests(tables.groupings, options),
        ),
    )


def _select_tables_of_ratios(tables: _ReportTables, analysis: Analysis) -> list[Crosstab]:
    """Return the tables of the items of ratios, which the report need not print."""
    items: set[str] = set()
    for finding in analysis.findings:
        if finding.per:
            items.update((finding.item, finding.per))
    return [table for table in tables.all if table.question.id in items]


def _tabulate_questions(
    data: _ReportData, answers: AnswerColumns, options: ReportOptions
) -> _ReportTables:
    """Count the answers to all questions, and hide small counts.

    They are hidden in the tables of all items, so that `--items` suppresses the same ones.
    """
    instrument = data.instrument
    variables = data.data.table.variables
    groupings = _select_groupings(answers, data, options)
    questions, headings = list_questions(
        instrument,
        variables,
        language=data.data.table.language,
        asked=_shorten_conditions(data.data.table.study.universes),
    )
    selected_questions = _select_questions(questions, variables, instrument, options)
    if options.threshold > 1 and options.units == "known":
        # The default threshold decides about the columns, so that all reports have the same ones.
        decisive = replace(options, threshold=DEFAULT_THRESHOLD, valid=False)
        build = partial(build_tables, questions, answers, options=decisive)
        groupings = merge_small_columns(groupings, build)

    tables = build_tables(questions, answers, groupings, options)
    reported_count = 0
    printed = []
    excluded_items: dict[str, None] = {}
    for table in tables:
        question = table.question
        # A turn of a roster that no interview came to is in no report.
        if not table.bases[0].people and question.variable.turn is not None:
            continue
        reported_count += question.is_reported
        if question in selected_questions:
            printed.append(table)
        elif not question.is_reported:
            excluded_items[question.item] = None
    return _ReportTables(
        groupings=leave_out_hidden_columns(groupings, printed),
        all=tables,
        printed=printed,
        selected_questions=selected_questions,
        headings=headings,
        reported_count=reported_count,
        excluded_items=list(excluded_items),
    )


def _gather_facts(
    data: _ReportData,
    answers: AnswerColumns,
    tables: _ReportTables,
    weighting: WeightingSummary | None,
    options: ReportOptions,
) -> MethodFacts:
    """Gather what the methods box says of the study."""
    instrument = data.instrument
    language = data.data.table.language
    incentive = instrument.document.study.incentive
    rates = data.rates
    if rates is not None and options.where:
        remark = RateNote(translate(analysis_base.WHOLE_STUDY_NOTE))
        rates = replace(rates, remarks=(remark, *rates.remarks))

    named_in = find_language(language)
    return MethodFacts(
        base=data.included,
        answers=answers,
        frames=_count_frames(answers, instrument),
        languages=[get_language_name(code, named_in) for code in instrument.languages],
        incentive=str(incentive.get(language)) if incentive is not None else "",
        origin=options.origin,
        zone=options.zone,
        quotas=bool(Plan.from_instrument(instrument).quotas.quotas),
        rates=rates,
        no_rates=data.no_rates,
        weighting=weighting,
        census=options.census,
        filter_notes=data.narrowing.describe(
            data.included, len(tables.printed), tables.reported_count
        ),
        is_filtered=bool(options.where),
    )


def _list_general_notes(tables: _ReportTables, language: str) -> list[str]:
    """List the notes on the report as a whole."""
    notes = []
    if tables.excluded_items:
        items = ", ".join(tables.excluded_items)
        notes.append(
            translate("Excluded from the report by the questionnaire: {items}.", items=items)
        )
    if language != ENGLISH and find_language(language) == ENGLISH:
        name = get_language_name(language)
        notes.append(
            f"The texts of the report itself are in English, because there are none in {name}."
        )
    return notes


def _shorten_conditions(universes: Mapping[str, str]) -> dict[str, str]:
    """Shorten the sentences that say who is asked an item, for the line of its base."""
    conditions = {}
    for item, sentence in universes.items():
        words = sentence[:1].lower() + sentence[1:].removesuffix(".")
        conditions[item] = words.removeprefix("asked ")
    return conditions


def _advise(
    data: _ReportData,
    tables: Sequence[Crosstab],
    groupings: Sequence[Grouping],
    options: ReportOptions,
) -> tuple[str, ...]:
    """Return what to do about hidden counts, and what must not be published together."""
    if options.threshold < 2 or options.units == "anonymous":
        return ()

    # Tables that give up rows by column, because counts of small columns are hidden.
    columns = list(chain.from_iterable(list_value_columns(groupings)))
    is_crowded = bool(columns) and any(
        len(table.select_rows(columns)) < len(table.lines) for table in tables
    )
    is_merged = any(grouping.crowded for grouping in groupings)
    study = data.instrument.document.study
    may_be_anonymous = study.units is None and is_small_sample(study, data.answers.interviews)

    advice = []
    if may_be_anonymous and (is_crowded or is_merged):
        advice.append(translate("advice-units", least=options.threshold))
    elif study.units == "anonymous":
        advice.append(translate("advice-not-anonymous"))
    if is_crowded:
        sizes = [tables[0].bases[column].people for column in columns]
        large_count = sum(size >= LARGE_GROUP for size in sizes)
        has_large_and_small = 1 < large_count < len(sizes)
        merging = "advice-min-base" if has_large_and_small else "advice-columns"
        advice.append(translate(merging, least=LARGE_GROUP))
    is_part = options.where or options.as_of or options.without_falsified
    if is_part or options.interviews != "partial":
        advice.append(translate("advice-other-interviews"))
    return tuple(advice)


def _warn_of_missing_tests(groupings: Sequence[Grouping], options: ReportOptions) -> list[str]:
    """Return how to install scipy if columns are tested without it.

    The report itself only says that some tests were not run: its readers can't install anything.
    """
    if not groupings or not options.has_tests or find_spec("scipy") is not None:
        return []
    from survey_cli.installation import make_install_command

    what = "some columns are not tested, since scipy is not installed"
    return [f"--by: {what} — {make_install_command('report')}"]


def _read_design(
    data: _ReportData,
    answers: AnswerColumns,
    weights: InterviewWeights | None,
    groupings: Sequence[Grouping],
    options: ReportOptions,
) -> tuple[Callable[[Crosstab], Crosstab], list[str]]:
    """Return what adds the design's errors to a table, and notes on how they are computed.

    Nothing is added unless --errors is given.
    """
    if not options.errors:
        return lambda table: table, []
    try:
        from survey_cli.reports.results import figure_errors
    except ImportError as error:
        from survey_cli.installation import make_install_command

        what = f"it needs {error.name}, which is not installed"
        raise UserError("--errors", what, make_install_command("report")) from error

    sample = data.instrument.sample
    study = data.instrument.document.study
    columns = {}
    for role in figure_errors.DESIGN_ROLES:
        columns[role] = [name for name, column in sample.items() if column.role == role]
    columns["draw"] = [
        name for name in list_weighting_draws(data.instrument) if name in answers.columns
    ]
    design = figure_errors.read_design(data.sampled, columns, study)
    # The errors of a part of the interviews need the design of all of them.
    own_positions: Sequence[int] = range(answers.interviews)
    if options.where:
        sampled_ids = data.sampled.columns["interview_id"]
        positions = {text: position for position, text in enumerate(sampled_ids)}
        own_positions = [positions[text] for text in answers.columns["interview_id"]]
    units = None
    if "totals" in options.statistics:
        units = _count_represented_units(data, weights, options)
    design = figure_errors.select_interviews(design, own_positions, answers, weights, units)
    level = options.level
    notes = figure_errors.describe_errors(design, level=level)
    if units is not None:
        notes.append(translate("note-totals", units=f"{units:,.0f}"))

    def add_design(table: Crosstab) -> Crosstab:
        return figure_errors.add_design(table, answers, groupings, design, level)

    return add_design, notes


def _count_represented_units(
    data: _ReportData, weights: InterviewWeights | None, options: ReportOptions
) -> float:
    """Return how many units of the population the reported interviews stand for.

    Weights or targets may be numbers of units; otherwise all interviews stand for the population.
    Raises UserError if its size isn't known.
    """
    if weights is not None and weights.units is not None:
        return float(weights.units)
    size = data.instrument.document.study.size
    if size is None:
        what = "totals need the number of units in the population"
        remedy = "state it: study: {size: …}, or give weights or targets as numbers of units"
        raise UserError("--statistics", what, remedy)
    if not options.where:
        return float(size)
    if weights is not None and weights.raking is not None:
        what = "the number of units that meet the condition is not known"
        remedy = "give targets as numbers of units, or use --by in place of --where"
        raise UserError("--statistics", what, remedy)

    part = float(data.answers.interviews)
    whole = float(data.sampled.interviews)
    if weights is not None:
        all_weights = weight_interviews(
            data.sampled, data.data.analysis, options, base=options.weighted
        )
        assert all_weights is not None
        part = float(weights.start_sum)
        whole = float(all_weights.start_sum)
    return size * part / whole


def _suggest_more_interviews(found: _ReportData, options: ReportOptions) -> str:
    """Return the remedy if there are no interviews to report on."""
    if found.included.left_out:
        return f"{found.included.left_out:,} were started; --interviews all includes them"
    if options.as_of:
        return "give a later date and time"
    if options.where:
        return "select more interviews with --where"
    if options.origin == "real":
        return "conduct interviews first, or select practice or simulated interviews with --origin"
    return "conduct interviews first"


def _set_population(found: _ReportData, options: ReportOptions) -> ReportOptions:
    """Set what the figures need to know of the population.

    A census is a study whose sample was the whole population.
    """
    study = found.instrument.document.study
    selected = max(found.whole, _count_selected_cases(found.rates))
    units = choose_units(study, max(selected, found.answers.interviews))
    if not study.size:
        return replace(options, population=study.size, census=False, units=units)

    census = selected >= study.size
    wants_inference = bool(options.inference or options.margins)
    # Tests and margins of a census are computed as if it were of a larger population.
    is_inferred = census and wants_inference and found.answers.interviews >= study.size
    population = None if options.where or is_inferred else study.size
    return replace(options, population=population, census=census, units=units)


def _select_groupings(
    answers: AnswerColumns, data: _ReportData, options: ReportOptions
) -> list[Grouping]:
    """Return the banner's variables, which have few values each.

    A `multiple` is replaced by its options, each of which divides all interviews, a banner of the
    analysis file by its columns. `kind > region` divides each kind by region.
    """
    option_columns: dict[str, list[str]] = {}
    for variable in answers.variables.values():
        if variable.option is not None and variable.role == "answer":
            option_columns.setdefault(variable.item, []).append(variable.name)

    groupings: dict[str, Grouping] = {}
    for by in options.by:
        banner = data.data.analysis.banners.get(by)
        compare = options.compare
        columns: Sequence[str] = [by]
        if banner is not None:
            columns = banner.columns
            # An option of the command takes precedence over the file.
            if compare == "pairs":
                compare = banner.compare

        for column in columns:
            items = [item.strip() for item in column.split(">")]
            # Each option of a multiple has a variable of its own.
            alternatives = [option_columns.get(name, [name]) for name in items]
            for names in product(*alternatives):
                grouping = _nest_groupings(names, answers, data, options)
                grouping = replace(grouping, compare=compare)
                is_option = len(items) == 1 and list(names) != items
                if is_option:
                    option = select_option(grouping, answers.variables[names[0]])
                    groupings[grouping.name] = option
                else:
                    groupings[grouping.name] = grouping

    options_of_items = {name for names in option_columns.values() for name in names}
    return _distinguish_labels(list(groupings.values()), options_of_items)


def _nest_groupings(
    names: Sequence[str], answers: AnswerColumns, data: _ReportData, options: ReportOptions
) -> Grouping:
    """Divide the interviews by the first variable, these parts by the second, and so on.

    Raises UserError if there are too many parts.
    """
    first, *others = [_build_grouping(name, answers, data, options) for name in names]
    grouping = first
    for other in others:
        grouping = nest_grouping(grouping, other, min_base=options.least_column)

    # Those without a value, of each variable, are many pairs of few people.
    count = sum(grouping.has_value)
    if count > MAX_COLUMNS:
        what = f"{grouping.name} has {count:,} columns"
        remedy = f"choose variables that have at most {MAX_COLUMNS} together"
        raise UserError("--by", what, remedy)
    return grouping


def _distinguish_labels(
    groupings: Sequence[Grouping], options_of_items: Collection[str]
) -> list[Grouping]:
    """Add the name to a label that several groupings have.

    The options of an item have its label, and are distinguished by their own.
    """
    owners: dict[str, set[str]] = {}
    for grouping in groupings:
        # All options count as one owner of their label.
        owner = "" if grouping.name in options_of_items else grouping.name
        owners.setdefault(grouping.label, set()).add(owner)

    distinguished = []
    for grouping in groupings:
        if len(owners[grouping.label]) > 1:
            grouping = replace(grouping, label=f"{grouping.label} ({grouping.name})")
        distinguished.append(grouping)
    return distinguished


def _build_grouping(
    name: str, answers: AnswerColumns, data: _ReportData, options: ReportOptions
) -> Grouping:
    """Divide the interviews by one variable. Raises UserError if it can't be a banner's."""
    instrument = data.instrument
    if name in find_personal_names(instrument):
        raise UserError("--by", f"{name} is personal", "choose another variable")

    variable = _find_variable(name, answers, instrument)
    if variable.role == "answer" and variable.storage == "text" and not variable.labels:
        raise UserError("--by", f"{name} contains verbatim answers", "choose an item with codes")

    grouping = build_grouping(
        answers, variable, min_base=options.least_column, threshold=options.layout_threshold
    )
    if isinstance(grouping, int):
        remedy = f"choose a variable with at most {get_column_limit(variable)}"
        if not variable.labels:
            remedy += ", or group its values with recode: in the analysis file"
        raise UserError("--by", f"{name} has {grouping:,} values", remedy)
    inputs = trace_inputs(instrument).get(name, frozenset())
    return replace(grouping, inputs=grouping.inputs | inputs)


def _find_variable(name: str, answers: AnswerColumns, instrument: Instrument) -> Variable:
    """Return an item's, sample column's or compute's variable. Raises UserError."""
    keys = list_columns(instrument.sample, "key")
    offered = {
        other: variable
        for other, variable in answers.variables.items()
        if variable.role in ("answer", "sample", "compute") and other not in keys
    }
    if name in offered:
        return offered[name]

    compute = instrument.computes.get(name)
    if compute is not None and compute.is_column:
        reads = ", ".join(sorted(list_inputs(compute)))
        what = (
            f"{name} is not computed: no interview has all its inputs ({reads}) in their current "
            "meaning"
        )
        raise UserError("--by", what, "choose another variable until such interviews exist")
    otherwise = "use an item, a sample column or a compute"
    remedy = suggest_nearest(name, offered, otherwise=otherwise)
    raise UserError("--by", f"there is no variable {name!r}", remedy)


def _select_questions(
    questions: Sequence[ReportQuestion],
    variables: Sequence[Variable],
    instrument: Instrument,
    options: ReportOptions,
) -> Sequence[ReportQuestion]:
    """Return the questions to print. Raises UserError if `--items` names something else.

    One that the questionnaire excludes is only printed if its own name is given.
    """
    if not options.items:
        return [question for question in questions if question.is_reported]

    try:
        names = select_column_names(variables, instrument, options.items)
    except UserError as error:
        raise UserError("--items", error.what, error.remedy) from error
    selected = []
    for question in questions:
        may_be_printed = question.is_reported or question.item in options.items
        if may_be_printed and not names.isdisjoint(question.columns):
            selected.append(question)
    return selected


def _collect_verbatims(
    table: Crosstab, answers: AnswerColumns, options: ReportOptions
) -> tuple[Verbatim, ...]:
    """Return verbatim answers in the order of the interviews, equal ones merged.

    Texts of options follow each other. Returns nothing if they would reveal a hidden count.
    """
    question = table.question
    if not options.verbatims or table.is_base_hidden(0):
        return ()

    hidden = {line.label for row, line in enumerate(table.lines) if table.is_hidden(row, 0)}
    columns = [(name, option) for name, option in question.verbatim_columns if option not in hidden]
    if question.kind == "words" and not table.is_hidden(0, 0):
        columns.insert(0, (question.columns[0], ""))

    verbatims = []
    for name, option in columns:
        for same in _merge_equal_texts(name, answers):
            text, _ = same[0]
            cases = ""
            if options.cases:
                cases = ", ".join(key for _, key in same if key)
            verbatims.append(Verbatim(text=text, case=cases, option=option, times=len(same)))
    return tuple(verbatims)


def _merge_equal_texts(name: str, answers: AnswerColumns) -> Iterable[list[tuple[str, str]]]:
    """Return the texts of a column with the keys of their cases; equal texts are one list."""
    cells = answers.read_cells(name)
    case_keys = answers.read_cells("interview_case")
    cases = answers.columns["interview_case"]
    merged: dict[str, list[tuple[str, str]]] = {}
    for case, text in zip(cases, answers.columns[name], strict=True):
        verbatim = cells[text]
        if isinstance(verbatim, str) and verbatim:
            same = merged.setdefault(normalize_verbatim(verbatim), [])
            same.append((verbatim, str(case_keys[case])))
    return merged.values()


def _count_frames(answers: AnswerColumns, instrument: Instrument) -> dict[str, int]:
    """Count the interviews by the label of their sample frame."""
    column = find_column(instrument, "frame")
    if column is None or column not in answers.columns:
        return {}

    cells = answers.read_cells(column)
    frames = [cells[text] for text in answers.columns[column]]
    counts = Counter(frame for frame in frames if not isinstance(frame, Missing))
    labels = answers.variables[column].labels
    by_label = {}
    for frame, count in counts.items():
        label = str(frame)
        if isinstance(frame, int | str) and frame in labels:
            label = labels[frame]
        by_label[label] = count
    return by_label


def _list_decline_labels(questions: Sequence[ReportQuestion]) -> dict[str, str]:
    """List how the questions call the declines, by kind; of several labels, the first."""
    labels: dict[str, str] = {}
    for question in questions:
        for kind, (_, label) in question.variable.declines.items():
            if kind not in UNASKED_KINDS:
                labels.setdefault(kind, label.lower())
    return labels


def _count_selected_cases(rates: RateTable | None) -> int:
    """Return the number of cases in the sample.

    If it is the whole population, no sample was drawn.
    """
    if rates is None:
        return 0
    cases = 0
    for column in rates.columns:
        # The parts of a frame are counted in it.
        if column.counts is not None and not column.by:
            cases += sum(int(count) for count in column.counts.list_by_group().values())
    return cases


def _compute_rates(records: StudyRecords, options: ReportOptions) -> tuple[RateTable | None, str]:
    """Return the study's response rates as of the same time, or why it has none."""
    rates = RatesOptions(
        as_of=options.as_of, zone=options.zone, all_origins=options.origin != "real"
    )
    try:
        return compute_rates_from_records(records, rates, now=options.at).table, ""
    except StoreError:
        raise
    except UserError as error:
        return None, translate(error.what)
