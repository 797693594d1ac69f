"""Length of an interview in minutes, estimated from its words or from measured times.

Words are read at 2.5 per second: a trained interviewer reads 2, and shortens some texts. Thinking
and answering take seconds that depend on the type of question (`answer_seconds`). From 50
interviews on, the study's own medians per item replace both.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import fmean, median, quantiles
from typing import Final, NamedTuple

from survey_cli.engine.interview import Interview
from survey_cli.engine.machine import COMPLETE
from survey_cli.instrument.compiled.model import Instrument, ItemGroup
from survey_cli.instrument.schema.items.groups import BracketSection
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.problems import Problem
from survey_cli.table.paradata import count_read_words, count_words, is_repeated_list

WORDS_PER_SECOND: Final = 2.5
_REPEATED_SCALE: Final = 2.0
"""Seconds to answer a scale right after an item with the same options, which are not read again."""


class Spread(NamedTuple):
    """Minutes of the shorter, middle and longer interviews."""

    interviews: int
    p10: float
    median: float
    p90: float


@dataclass(slots=True)
class LengthEstimate:
    """Minutes by route and by section, and seconds by item."""

    routes: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Minutes of each interview, by its outcome."""
    sections: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Minutes of each complete interview that comes to the section."""
    items: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Seconds of each item, for each complete interview that asks it, all turns together."""

    measured: int = 0
    """How many items have measured times."""

    def list_longest_items(self, most: int = 5) -> list[tuple[str, float]]:
        """List the items that take the most seconds if they are asked."""
        means = ((item, fmean(seconds)) for item, seconds in self.items.items())
        return sorted(means, key=lambda pair: (-pair[1], pair[0]))[:most]

    def check_budget(self, instrument: Instrument) -> list[Problem]:
        """Check the median of complete interviews against `study: {minutes: …}`."""
        budget = instrument.document.study.minutes
        complete = self.routes.get(COMPLETE)
        if budget is None or complete is None or median(complete) <= budget:
            return []
        longest = ", ".join(
            f"{item} ({seconds:.0f} s)" for item, seconds in self.list_longest_items()
        )
        minutes = f"about {median(complete):.1f} minutes"
        what = f"minutes: a complete interview takes {minutes}, and the budget is {budget}"
        where = instrument.document.study.find_position("minutes")
        remedy = f"shorten it; the longest items are {longest}"
        return [Problem("over-budget", where, "study", what, remedy, length=len(str(budget)))]


def describe_spread(minutes: list[float]) -> Spread:
    """Return the number of interviews, and the 10th, 50th and 90th percentile."""
    if len(minutes) == 1:
        only = minutes[0]
        return Spread(1, p10=only, median=only, p90=only)
    deciles = quantiles(minutes, n=10, method="inclusive")
    return Spread(
        len(minutes),
        p10=round(deciles[0], 2),
        median=round(deciles[4], 2),
        p90=round(deciles[8], 2),
    )


def estimate_lengths(
    instrument: Instrument, interviews: Iterable[Interview], measured: Mapping[str, float]
) -> LengthEstimate:
    """Estimate the length of interviews; `measured` has the seconds of items that are known."""
    estimate = LengthEstimate(measured=len(measured))
    sections: dict[str, str] = {}
    for child in instrument.root.children:
        if isinstance(child, ItemGroup) and not isinstance(child.spec, BracketSection):
            sections |= {item.id: child.id for item in child.items}
    groups: dict[str, list[ItemGroup]] = defaultdict(list)
    for group in instrument.groups.values():
        if group.intro is not None:
            for item in group.items:
                groups[item.id].append(group)

    for interview in interviews:
        outcome = interview.outcome or interview.status
        times: dict[str, float] = defaultdict(float)
        section_times: dict[str, float] = defaultdict(float)
        previous: CompiledItem | None = None
        introduced: set[str] = set()
        for place in interview.evaluate_route().answers:
            item = instrument.items[place.item]
            seconds = measured.get(item.id)
            if seconds is None:
                seconds = _estimate_item(item, previous, interview.language)
                for group in groups.get(item.id, ()):
                    if group.id not in introduced and group.intro is not None:
                        introduced.add(group.id)
                        seconds += count_words(group.intro, interview.language) / WORDS_PER_SECOND
            times[instrument.find_written_name(item.id)] += seconds
            section_times[sections.get(item.id, "")] += seconds / 60
            previous = item
        estimate.routes[outcome].append(sum(times.values()) / 60)
        if outcome == COMPLETE:
            for section, minutes in section_times.items():
                estimate.sections[section].append(minutes)
            for name, seconds in times.items():
                estimate.items[name].append(seconds)
    return estimate


def _estimate_item(item: CompiledItem, previous: CompiledItem | None, language: str) -> float:
    """Estimate the seconds of an item from its words and its type."""
    seconds = item.question.answer_seconds
    if is_repeated_list(item, previous):
        seconds = _REPEATED_SCALE
    return count_read_words(item, previous, language) / WORDS_PER_SECOND + seconds
