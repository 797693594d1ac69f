"""A window whose size changes while it is painted: by dragging it, or by attaching a browser's page."""

import asyncio

from textual import events
from textual.geometry import Size

from support.fake_station import FakeStation, three_cases
from support.screens import calling


def test_a_size_that_the_terminal_has_no_longer_is_not_laid_out() -> None:
    """Else the screen asks for it again, as Textual does, and alternates with the newer size forever."""
    with calling(FakeStation(three_cases()), size=(100, 30)) as at:

        async def receive_late() -> None:
            at.screen.post_message(events.Resize.from_dimensions(Size(100, 33), None))
            await asyncio.sleep(0.1)

        at.run(receive_late())
        assert at.screen._compositor.size == (100, 30)
