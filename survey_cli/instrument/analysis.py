"""Analysis files read against a questionnaire, with problems that have line and remedy.

An analysis variable is a compute of the newest version that isn't in the questionnaire. A filter is
a compute that is no column. The data of all versions therefore get them as they get computes, and
nothing stored changes.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from survey_cli.instrument.analysis_variables import (
    EntryProblems,
    VariableReader,
    has_whole_codes,
    list_codes,
)
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.compiled.symbol_table import SymbolTable
from survey_cli.instrument.schema import analysis_file as spec
from survey_cli.instrument.schema.items.coded import MultipleItem
from survey_cli.instrument.schema.items.typed import FreeTextItem
from survey_cli.instrument.schema.validation import validate_file
from survey_cli.instrument.source.load import InstrumentSource
from survey_cli.instrument.source.nodes import YamlScalar
from survey_cli.problems import Problem, sort_problems, suggest_nearest
from survey_cli.wording import join_first


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Analysis:
    """A questionnaire with what its analysis file adds, if it has one."""

    instrument: Instrument
    """The questionnaire. Variables and filters are among its computes."""
    file: str = ""
    """The file as the user named it; empty if there is none."""
    weights: Mapping[str, spec.WeightSpec] = field(default_factory=dict)
    banners: Mapping[str, spec.BannerSpec] = field(default_factory=dict)
    findings: Sequence[spec.FindingSpec] = ()
    picture: str = ""
    """The item, battery or variable that is drawn on the first page; empty if the file names
    none."""


def read_analysis(
    source: InstrumentSource, instrument: Instrument
) -> tuple[Analysis, list[Problem]]:
    """Read an analysis file. If it has errors, what can't be used is left out."""
    written = None
    problems = list(source.problems)
    if source.tree is not None:
        written, more, _ = validate_file(source.tree, spec.AnalysisFile)
        problems += more
    if written is None:
        return Analysis(instrument=instrument), problems

    entry_problems = EntryProblems()
    variables = VariableReader(instrument, entry_problems)
    variables.read(written)
    _UseChecker(instrument, variables.symbols, written, entry_problems).check()
    computes = {**instrument.computes, **variables.computes}
    analysis = Analysis(
        instrument=replace(instrument, computes=computes),
        weights={str(name): weight for name, weight in written.weights.items()},
        banners={str(name): banner for name, banner in written.banners.items()},
        findings=written.findings,
        picture=str(written.picture or ""),
    )
    return analysis, sort_problems([*problems, *entry_problems.found])


class _UseChecker:
    """Checks that weights, banners, findings and the picture name what exists."""

    def __init__(
        self,
        instrument: Instrument,
        symbols: SymbolTable,
        written: spec.AnalysisFile,
        problems: EntryProblems,
    ) -> None:
        self.instrument = instrument
        self.symbols = symbols
        self.written = written
        self.problems = problems
        names = {*instrument.sample, *instrument.items, *instrument.computes}
        names.update(map(str, written.variables))
        # a variable with the name of a group has been reported, and has no type
        names &= symbols.value_types.keys()
        self.known = {name for name in names if not symbols.value_types[name].why_unanswered}
        """The names that have values."""

    def check(self) -> None:
        for name, weight in self.written.weights.items():
            self.problems.entry = name
            self._check_weight(weight)
        for name, banner in self.written.banners.items():
            self.problems.entry = name
            self._check_banner(name, banner)
        for finding in self.written.findings:
            self.problems.entry = finding.item
            self._check_finding(finding)
        picture = self.written.picture
        if picture is not None:
            self.problems.entry = YamlScalar("picture", picture.where)
            self._check_name(picture, self.known | self.instrument.groups.keys())

    def _check_name(self, name: YamlScalar, known: Collection[str]) -> bool:
        """Return whether a name is known; if not, that is reported."""
        if name in known:
            return True

        otherwise = "use an item, a sample column or a variable"
        remedy = suggest_nearest(str(name), known, otherwise=otherwise)
        self.problems.report("unknown-name", name, f"there is no {str(name)!r}", remedy)
        return False

    def _check_weight(self, weight: spec.WeightSpec) -> None:
        if weight.column is None and weight.rake is None:
            what = "the weight has neither column: nor rake:"
            self.problems.report("bad-analysis", self.problems.entry, what, "write one of them")

        if weight.column is not None and self._check_name(weight.column, self.known):
            not_numbers = {"codes", "date", "time"}
            # a sample column is text unless it has a type, and may contain numbers
            if weight.column not in self.instrument.sample:
                not_numbers.add("text")
            if self.symbols.value_types[weight.column].type in not_numbers:
                what = f"{weight.column} is no number"
                self.problems.report("not-a-number", weight.column, what, "name a number")

        if weight.trim is not None and (weight.rake is None or weight.trim <= 1):
            what = "trim: is a multiple of the mean of raked weights, more than 1"
            where = weight.find_position("trim")
            self.problems.report("bad-analysis", where, what, "write trim: 5 beside rake:")

    def _check_banner(self, name: YamlScalar, banner: spec.BannerSpec) -> None:
        symbol = self.symbols.symbols.get(name)
        if symbol is not None:
            article = "an" if symbol.kind == "item" else "a"
            what = f"{str(name)!r} is also the name of {article} {symbol.kind}"
            self.problems.report("duplicate-id", name, what, "rename the banner")
        if not banner.columns:
            what = "the banner has no columns"
            self.problems.report("bad-analysis", name, what, "name variables under columns:")

        for column in banner.columns:
            parts = [part.strip() for part in column.split(">")]
            if len(parts) > 2:
                what = f"{column} divides more than once"
                remedy = "write kind > region, or use a variable"
                self.problems.report("bad-analysis", column, what, remedy)
            for part in parts:
                self._check_name(YamlScalar(part, column.where), self.known)
                item = self.instrument.items.get(part)
                if item is not None and isinstance(item.question, FreeTextItem):
                    what = f"{part} contains verbatim answers"
                    remedy = "choose an item with codes"
                    self.problems.report("bad-analysis", column, what, remedy)

    def _check_finding(self, finding: spec.FindingSpec) -> None:
        name = finding.item
        if not self._check_name(name, self.known):
            return
        if [finding.answer, finding.figure, finding.per].count(None) != 2:
            what = "a finding has one of answer:, figure: and per:"
            self.problems.report("bad-analysis", name, what, "write one of them")
            return
        if finding.per is not None and not self._check_name(finding.per, self.known):
            return

        self._check_finding_text(finding)
        self._check_finding_answer(finding)
        if finding.per is not None:
            self._check_number(name, finding)
            self._check_number(finding.per, finding)
        elif not finding.answer:
            self._check_number(name, finding)

    def _check_finding_text(self, finding: spec.FindingSpec) -> None:
        """Check that the text has the figure of the finding, and no other."""
        figure: str = finding.figure or "percent"
        if finding.per is not None:
            figure = "ratio"
        for _, text in finding.text.iterate_languages():
            fills = set(re.findall(r"\{(\w*)\}", text))
            if fills - {"base"} != {figure}:
                what = f"the text has to contain {{{figure}}}, and no other fill but {{base}}"
                remedy = f"write {{{figure}}} where the figure belongs"
                self.problems.report("bad-analysis", text, what, remedy)

    def _check_finding_answer(self, finding: spec.FindingSpec) -> None:
        """Check that the codes and nets of a finding exist, and that their shares add up."""
        name = finding.item
        answer = finding.answer or ()
        item = self.instrument.items.get(name)
        nets = [str(net) for net in item.question.nets] if item is not None else []
        where = finding.find_position("answer")
        codes = list_codes(self.symbols.value_types[name])
        self.problems.report_unknown_codes(answer, codes, where, nets)

        is_multiple = item is not None and isinstance(item.question, MultipleItem)
        has_net = not set(nets).isdisjoint(map(str, answer))
        if len(answer) > 1 and (is_multiple or has_net):
            listed = join_first([str(code) for code in answer])
            what = f"{listed} of {name} overlap: their shares don't add up"
            self.problems.report("bad-analysis", where, what, "give one code, or one net of them")

    def _check_number(self, name: YamlScalar, finding: spec.FindingSpec) -> None:
        """Check that a variable of a finding has numbers, or codes that are numbers."""
        value_type = self.symbols.value_types[name]
        if value_type.type == "number" or has_whole_codes(value_type):
            return
        what = f"{name} has no {finding.figure or 'sum'}"
        where = finding.find_position("figure" if finding.per is None else "per")
        self.problems.report("bad-analysis", where, what, "write answer: with a code")
