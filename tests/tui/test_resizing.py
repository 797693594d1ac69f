"""A window whose size changes while it is painted: by dragging it, or by attaching a browser's page."""

import asyncio

from textual import events
from textual.geometry import Size

from support.fake_station import FakeStation, three_cases
from support.screens import StationHands, calling


def change_size_quickly(at: StationHands, *sizes: Size) -> int:
    """Send the screen these sizes at once, the last of which is the terminal's. Return how often it was laid out."""
    count = 0

    def note(_: object) -> None:
        nonlocal count
        count += 1

    async def change() -> None:
        at.screen.screen_layout_refresh_signal.subscribe(at.screen, note, immediate=True)
        at.app._size = sizes[-1]
        for size in sizes:
            at.screen.post_message(events.Resize.from_dimensions(size, None))
        await asyncio.sleep(0.5)

    at.run(change())
    return count


def test_sizes_that_follow_each_other_closely_are_painted_once() -> None:
    with calling(FakeStation(three_cases()), size=(100, 30)) as at:
        count = change_size_quickly(at, Size(100, 31), Size(100, 30), Size(100, 31))
        assert count < 5
        assert at.screen.size == (100, 31)
        at.press("d")
        assert at.station.case is not None
