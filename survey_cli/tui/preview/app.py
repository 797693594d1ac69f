"""Application of a preview: it follows the questionnaire's file while that is edited."""

from collections.abc import Callable
from time import monotonic
from typing import Final

from survey_cli.sessions.preview.preview import PreviewState
from survey_cli.tui.preview.screen import PreviewScreen
from survey_cli.tui.widgets.key_app import KeyApp

RELOAD_SECONDS: Final = 0.2
"""How often the file is looked at."""


class PreviewApp(KeyApp):
    """One file's interview on a full screen."""

    def __init__(
        self,
        shown: PreviewState,
        *,
        reload: Callable[[], PreviewState | None],
        restart: Callable[[], PreviewState],
        theme: str = "dark",
    ) -> None:
        super().__init__(lambda: PreviewScreen(shown, restart), theme)
        self._reload = reload

    def start(self) -> None:
        self.every(RELOAD_SECONDS, self.follow)

    async def follow(self) -> None:
        """Show what was saved since the file was last looked at."""
        screen = self.top
        assert isinstance(screen, PreviewScreen)
        if not screen.is_ready:
            return
        try:
            shown = self._reload()
        except Exception as error:
            self.log.error(error)
            screen.said = f"reading the file failed ({type(error).__name__}), a bug in survey: save again"
            screen.show()
            return
        if shown is not None:
            state = shown
            await self._handle(lambda: screen.follow(state), monotonic())
