"""Problems of the fieldwork section: each is reported before anybody is called."""

import pytest

from support.mistake_tables import Mistake, mistakes, said


@pytest.mark.parametrize("mistake", mistakes("mistakes_fieldwork.txt"), ids=lambda m: m.name)
def test_a_mistake_is_told_at_its_place(mistake: Mistake) -> None:
    assert said(mistake.written) == mistake.said
