"""Textual application of a station: shows the case or its interview, and keeps the session alive every ten seconds."""

from typing import Final

from survey_cli.sessions.station.station_protocol import StationProtocol
from survey_cli.tui.app import DRAFT_SECONDS, KeysApp, interview_page, settle_page
from survey_cli.tui.drawing import Page
from survey_cli.tui.station import StationBoard
from survey_cli.tui.station_drawing import draw_station

BEAT_SECONDS: Final = 10.0
"""How often the case is kept ours, and a due one is looked for."""


class StationApp(KeysApp):
    """One interviewer's evening on a full screen."""

    board: StationBoard

    def __init__(self, calling: StationProtocol) -> None:
        super().__init__()
        self.board = StationBoard(calling)
        self._unpainted = False
        """Something nobody expected was drawn, and is not on the terminal yet."""

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(DRAFT_SECONDS, self._keep_draft)
        self.set_interval(BEAT_SECONDS, self.beat)

    def _keep_draft(self) -> None:
        if self.board.talk is not None:
            self.board.talk.keep_draft()

    def beat(self) -> None:
        """Ten seconds have gone by; a case that comes by itself rings, and takes no key typed before it."""
        try:
            self.board.beat()
        except Exception as error:
            self.log.error(error)
            self.board.failed(error)
        self.redraw()
        if self.board.bell:
            self.bell()
        if self.board.unexpected:
            self._settle()

    def _settle(self) -> None:
        """Keys count again once the terminal shows what came: an outcome keyed twice must not close the next case."""
        super()._settle()
        self._unpainted = True
        self._settled = float("inf")
        self.call_after_refresh(self._painted)

    def _painted(self) -> None:
        if self._unpainted:
            self._unpainted = False
            super()._settle()

    def _ended_from_outside(self) -> None:
        """Put away what is open and leave the terminal as it was found."""
        self.board.ended_from_outside()
        self.exit()

    def redraw(self) -> None:
        if self._sheet.size:
            self.put(self.page())

    def page(self) -> Page:
        """The page as it should stand now."""
        width, height = self._sheet.size
        talk = self.board.talk
        if talk is None:
            return draw_station(self.board, width=width, height=height)
        page = interview_page(talk, width, height)
        settle_page(talk, page)
        return page
