"""Enter, pressed in the terminal in which the server was started.

Only the spawner can see it: web has no controlling terminal, so the system would give it also what
is meant for the shell while the server runs in the background.
"""

import os
import signal
from contextlib import suppress
from typing import Final

TERMINAL: Final = 0
MOST_BYTES: Final = 4096


class EnterKey:
    """Looks for Enter while the server is in the foreground of its terminal.

    Example:
        enter = EnterKey()
        if enter.can_come():
            poll.register(TERMINAL, select.POLLIN)
        ...
        if enter.read():
            print("pressed")
    """

    def __init__(self) -> None:
        self._has_terminal = os.isatty(TERMINAL)
        # Reading in the background would stop the server. It gets an error instead.
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)
        # `fg` sends it: whoever waits for descriptors wakes up, and asks `can_come` again.
        signal.signal(signal.SIGCONT, lambda *_: None)

    def can_come(self) -> bool:
        """Return whether what is typed in the terminal is for this process now."""
        if not self._has_terminal:
            return False
        try:
            return os.tcgetpgrp(TERMINAL) == os.getpgrp()
        except OSError:
            # the terminal was closed, or isn't that of this session
            return False

    def read(self) -> bool:
        """Return whether Enter was pressed. Call it if there is something to read."""
        typed = b""
        with suppress(OSError):
            typed = os.read(TERMINAL, MOST_BYTES)
        if not typed:
            # Ctrl+D, or the terminal has gone: it would be readable for ever.
            self._has_terminal = False
        return b"\n" in typed
