"""Rates, in order: options and counts are read, e is settled for each frame, the report is made."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import BinaryIO, Final, NamedTuple

from survey_cli.fieldwork.counts import Counts, share
from survey_cli.fieldwork.dispositions import Frame
from survey_cli.fieldwork.rates import Eligibility, eligibility
from survey_cli.problems import Position, Problem, Trouble, did_you_mean
from survey_cli.reports.rates import Rated, RateTable, rate_table
from survey_cli.samples.counts_file import read_counts

RULE: Final = "rates"
SHARES: Final = "a share is written as 0.9, 90% or 9/10"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """What is to be taken for granted, as texts of the command line."""

    frame: Frame = "rdd"
    """How the sample came to be, which decides what codes mean and if e has to be estimated."""
    e: str = ""
    """One share for all frames, or `landline=0.3,mobile=0.5`; estimated where this is empty."""
    e_uh: str = ""
    """The same for UH alone; it wins over `e`."""
    e_uo: str = ""
    """The same for UO alone."""
    composite: str = ""
    """Weights of the frames, `landline=0.6,mobile=0.4`."""
    quotas: bool = False
    """Quotas decided who was interviewed."""


class Settled(NamedTuple):
    """The same, once the frames are known."""

    e: Mapping[str, Eligibility]
    """By frame."""
    weights: Mapping[str, Fraction]
    """By frame; empty where no composite is wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """The report, and what is doubtful in the counts it rests upon."""

    report: RateTable
    warnings: tuple[Problem, ...]


def rates_of_counts(counts: str, assumed: Assumed, *, stdin: BinaryIO | None = None) -> Reported | Trouble:
    """The rates of a CSV file of counts; `-` reads `stdin`."""
    read = read_counts(counts, frame=assumed.frame, stdin=stdin)
    if isinstance(read, tuple):
        return _trouble(counts, read)
    told = settled(read.frames, assumed)
    if not isinstance(told, Settled):
        return _trouble(counts, told)
    rated = [Rated(frame=name, counts=number, e=told.e[name]) for name, number in read.frames.items()]
    report = rate_table(rated, weights=told.weights, quotas=assumed.quotas or read.quota_filled)
    return Reported(report=report, warnings=read.warnings)


def settled(frames: Mapping[str, Counts], assumed: Assumed) -> Settled | list[Problem]:
    """e of each frame, from its counts or as given, and the weights of a composite; or what is wrong with the options."""
    e, e_uh, e_uo, weights = (
        _Shares(option, text, tuple(frames))
        for option, text in (
            ("--e", assumed.e),
            ("--e-uh", assumed.e_uh),
            ("--e-uo", assumed.e_uo),
            ("--composite", assumed.composite),
        )
    )
    problems = [problem for shares in (e, e_uh, e_uo, weights) for problem in shares.problems]
    if not weights.problems:
        problems += _no_weights(assumed.composite, weights.by_frame, tuple(frames))
    if problems:
        return problems
    return Settled(
        e={
            name: eligibility(
                counts,
                frame=assumed.frame,
                uh=e_uh.by_frame.get(name, e.by_frame.get(name)),
                uo=e_uo.by_frame.get(name, e.by_frame.get(name)),
            )
            for name, counts in frames.items()
        },
        weights=weights.by_frame,
    )


def _trouble(counts: str, problems: Sequence[Problem]) -> Trouble:
    where = "stdin" if counts == "-" else counts
    many = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
    return Trouble(where, f"no rates, for {many}", "mend that, then give the command again", tuple(problems))


class _Shares:
    """What an option says of each frame: `0.9` of all, `landline=0.3,mobile=0.5` of those named."""

    def __init__(self, option: str, text: str, frames: tuple[str, ...]) -> None:
        self.by_frame: dict[str, Fraction] = {}
        self.problems: list[Problem] = []
        self._option = option
        if "=" not in text:
            self._all(text, frames)
            return
        for part in text.split(","):
            self._one(part, frames)

    def _all(self, text: str, frames: tuple[str, ...]) -> None:
        value = share(text)
        if text and value is None:
            self._wrong(f"{text!r} is no share from 0 to 1", SHARES)
        elif value is not None:
            self.by_frame = dict.fromkeys(frames, value)

    def _one(self, part: str, frames: tuple[str, ...]) -> None:
        name, _, written = (beat.strip() for beat in part.rpartition("="))
        value = share(written)
        if name not in frames:
            known = [frame for frame in frames if frame]
            has = f"frames are {', '.join(known)}" if known else "the counts have no column 'frame'"
            self._wrong(f"there is no frame {name!r}", did_you_mean(name, known, otherwise=has))
        elif name in self.by_frame:
            self._wrong(f"{name!r} is given twice", "leave one of them out")
        if value is None:
            self._wrong(f"{written!r} is no share from 0 to 1", SHARES)
        elif name in frames:
            self.by_frame[name] = value

    def _wrong(self, what: str, remedy: str) -> None:
        self.problems.append(Problem(RULE, Position(self._option), "", what, remedy))


def _no_weights(text: str, weights: Mapping[str, Fraction], frames: tuple[str, ...]) -> Iterator[Problem]:
    """Why weights that can be read make no composite."""

    def problem(what: str, remedy: str) -> Problem:
        return Problem(RULE, Position("--composite"), "", what, remedy)

    if not text:
        return
    if "=" not in text:
        yield problem(f"{text!r} does not say which frame", "write landline=0.6,mobile=0.4")
        return
    lacking = [frame for frame in frames if frame not in weights]
    if lacking:
        yield problem(f"it has no weight for {', '.join(lacking)}", "give it one, 0 to leave it out")
    elif (total := sum(weights.values())) != 1:
        yield problem(
            f"the weights add up to {float(total):.15g}", "give the shares of the frames, which add up to 1"
        )
