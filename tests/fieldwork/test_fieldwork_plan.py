"""The plan of a study's fieldwork: every key is read, and its fingerprint is the same wherever it is computed."""

import subprocess
import sys
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

from support.case_histories import plan
from survey_cli.fieldwork.plan.plan import (
    DEFAULT_LEASE,
    AttemptLimits,
    CompletionPoint,
    parse_delay,
)

ALL = (
    "frame: establishment, country: US, zone: America/Denver, closed: [2026-11-27, 2026-12-24, 2026-12-25, 2026-12-31],"
    "ends: 2026-12-18, attempts: {total: 6, per_day: 2, per_daypart: 3}, delays: {busy: 5m},"
    "refusals: {max: 3, soft_wait: 9d, by: converter}, eligible_from: n, complete_from: last,"
    "partial_from: {answered: 50%}, lease: 5m, retention: {contacts: 90d},"
    "scripts: {voicemail: {once: true, text: Please call back}}"
)


def test_every_word_is_read() -> None:
    study = plan(ALL)
    assert (study.frame, study.eligibility_known, study.country, study.zone) == (
        "establishment",
        True,
        "US",
        "America/Denver",
    )
    assert study.limits == AttemptLimits(total=6, per_day=2, per_daypart=3)
    assert (study.delays["busy"], study.delays["refusal_soft"]) == (
        timedelta(minutes=5),
        timedelta(days=9),
    )
    assert (study.delays["never_call"], study.delays["supervisor"]) == ("never", "held")
    assert (study.refusals, study.converter, study.eligible_from) == (3, "converter", "n")
    assert study.complete_from == CompletionPoint(item="last")
    assert study.partial_from == CompletionPoint(share=Fraction(1, 2))
    assert study.lease == timedelta(minutes=5)
    assert study.retention == {"contacts": timedelta(days=90)}
    assert [(s.id, s.once, s.texts) for s in study.scripts] == [
        ("voicemail", True, {"en": "Please call back"})
    ]


def test_a_study_that_writes_nothing() -> None:
    study = plan()
    assert (study.frame, study.limits, study.refusals, study.lease) == (
        "list",
        AttemptLimits(),
        2,
        DEFAULT_LEASE,
    )
    assert study.delays["no_answer"] == timedelta(hours=3)
    assert (study.complete_from, study.partial_from) == (None, None)


def test_the_mark_changes_with_what_standings_rest_upon() -> None:
    before = plan(ALL).fingerprint
    for old, new in (
        ("total: 6", "total: 7"),
        ("busy: 5m", "busy: 6m"),
        ("2026-12-24", "2026-12-23"),
        ("max: 3", "max: 2"),
        ("ends: 2026-12-18", "ends: 2026-12-19"),
        ("by: converter", "by: turner"),
        ("frame: establishment", "frame: rdd"),
        ("America/Denver", "America/Chicago"),
    ):
        assert plan(ALL.replace(old, new)).fingerprint != before, new
    assert plan(ALL.replace("Please call back", "Ring us")).fingerprint == before
    assert plan(ALL, "\noutcomes: {moved: {name: Moved, like: not_eligible}}").fingerprint != before


def test_the_mark_is_the_same_in_every_process() -> None:
    """Sets are in another order in each: a mark that followed it would have a million standings derived anew."""
    code = f"from support.case_histories import plan; print(plan({ALL!r}).fingerprint)"
    found = set()
    for seed in ("1", "2", "3"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parents[1],
            env={
                "PYTHONHASHSEED": seed,
                "PYTHONPATH": f"{Path(__file__).parents[1]}:{Path(__file__).parents[2]}",
            },
            capture_output=True,
            text=True,
            check=True,
        )
        found.add(done.stdout.strip())
    assert found == {plan(ALL).fingerprint}


def test_delays_are_read_or_not_at_all() -> None:
    assert [parse_delay(text) for text in ("20m", "3h", "7d")] == [
        timedelta(minutes=20),
        timedelta(hours=3),
        timedelta(days=7),
    ]
    assert [parse_delay(text) for text in ("", "m", "7w", "-1d", "1.5h", "soon")] == [None] * 6
