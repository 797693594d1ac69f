"""A short search of every target; `make fuzz` is the long one."""

from typing import Any

import pytest
from hypothesis import given, settings

from fuzz.bounds import limited
from fuzz.hunting import hunt
from fuzz.targets import TARGETS, Target
from support.scale import SCALE


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda t: t.name)
def test_nothing_that_is_typed_or_written_breaks_it(target: Target) -> None:
    deep = 0

    def once(case: Any) -> None:
        nonlocal deep
        with limited():
            deep += bool(target.check(case))

    settings(settings.get_profile("ci"), max_examples=target.small * SCALE)(
        given(target.cases)(once)
    )()
    assert deep or target.small < 20, "no case went deep: the hunt has lost its prey"


def test_a_failure_is_found_told_once_and_made_small() -> None:
    from hypothesis import strategies as st

    def check(case: list[int]) -> bool:
        assert 7 not in case, "a seven"
        return True

    ticks = iter(range(10_000))
    target = Target(name="sevens", cases=st.lists(st.integers(0, 9)), check=check)
    hunted = hunt(target, 200, lambda: float(next(ticks, 10_000)), first=1)
    assert [f.case for f in hunted.findings.values()] == ["[7]"]
    assert hunted.cases > hunted.deep > 0


def test_a_case_that_takes_too_long_is_a_failure() -> None:
    def forever() -> None:
        with limited(0.05):
            while True:
                pass

    with pytest.raises(AssertionError, match="not done"):
        forever()
