"""Application of a station: the case or its interview, kept alive every ten seconds."""

from time import monotonic
from typing import Final

from survey_cli.sessions.station.station_protocol import StationProtocol
from survey_cli.tui.station.screen import StationScreen
from survey_cli.tui.widgets.key_app import KeyApp
from survey_cli.tui.widgets.key_screen import KeyScreen, clear_render_cache

BEAT_SECONDS: Final = 10.0
"""How often the case is kept ours, and a due one is looked for."""


class StationApp(KeyApp):
    """One interviewer's shift on a full screen."""

    def __init__(self, session: StationProtocol, theme: str = "dark") -> None:
        self.station = StationScreen(session)
        super().__init__(lambda: self.station, theme)

    def start(self) -> None:
        self.every(BEAT_SECONDS, self.beat)

    async def beat(self) -> None:
        """Keep the case; one that comes by itself rings, and takes no key typed before it."""
        await self.attempt(self.station.beat, self.station)
        if self.top is self.station:
            self.show_effect()

    async def on_station_screen_wrap_up_over(self) -> None:
        """Look for the next case at once."""
        await self.beat()

    async def leave(self, screen: KeyScreen) -> None:
        if screen is self.station:
            self.exit()
            return
        await self.pop_screen()
        clear_render_cache()
        await self.attempt(self.station.close_interview, self.station)
        self.show_effect()

    def settle(self, at: float) -> None:
        """Keys count again once the terminal shows what came: an outcome keyed twice must not close the next case."""
        super().settle(float("inf"))
        self.call_after_refresh(lambda: super(StationApp, self).settle(monotonic()))
