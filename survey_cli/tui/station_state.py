"""State of the station screen between two keys: the case, the open panel, the message.

It calls the session only to read.
"""

from typing import Final, assert_never

from survey_cli.entries import Rejection
from survey_cli.sessions.station.station_protocol import (
    BreakView,
    CaseView,
    IdleView,
    StationAppointment,
    StationProtocol,
    StationView,
    WrapUpView,
)
from survey_cli.tui.keyboard import Keyboard
from survey_cli.tui.station_modes import AppointmentForm, Deciding, Refusing, StationMode


class StationState:
    """The state of a station's board; what is public is there to be drawn."""

    def __init__(self, calling: StationProtocol) -> None:
        self.calling: Final = calling
        self.talk: Keyboard | None = None
        self.modes: tuple[StationMode, ...] = (Deciding(),)
        self.why = ""
        """Why the last key was not taken."""
        self.said = ""
        """Something the interviewer should know, gone at the next key."""
        self.older = 0
        """How many lines of the case's past are scrolled away at its end; whoever draws corrects it."""
        self.page = 5
        """How many lines PgUp goes; set by whoever draws."""
        self.blind = False
        """The screen is too small to show the case; set by whoever draws."""
        self.bell = False
        self.unexpected = False
        """Another case, or another number, came: keys already typed were not meant for it."""
        self.left = False
        """The shift is over."""
        self.appointments: tuple[StationAppointment, ...] = ()
        """This interviewer's next appointments, for the view without a case."""
        self._form: AppointmentForm | None = None
        """An appointment that was half typed when its form was closed."""
        self._refusal: Refusing | None = None
        """What was typed of a refusal when its form was closed."""
        self._told: tuple[str, str, int] | None = None
        """What is kept of this case's refusal already, though its outcome is not."""
        self._seen: tuple[object, ...] = ()

    @property
    def mode(self) -> StationMode:
        """What the next key goes to."""
        return self.modes[-1]

    @property
    def view(self) -> StationView:
        return self.calling.view()

    @property
    def case(self) -> CaseView | None:
        """The case that is on the screen."""
        view = self.view
        return view if isinstance(view, CaseView) else None

    # After each call to the desk

    def _done(self, rejected: Rejection | None) -> None:
        """Go on to what is on the screen now, or say why not."""
        self._look()
        if rejected is not None:
            self._refuse(rejected.why)

    def _look(self) -> bool:
        """See what the desk has put on the screen; whether it is something else than before."""
        view = self.view
        seen = _seen(view)
        if seen == self._seen:
            return False
        same_case = seen[:3] == self._seen[:3]
        self._seen = seen
        self.modes = (Deciding(),)
        self.unexpected = True
        if not same_case:
            self.older = 0
            self._form = self._refusal = self._told = None
        if not isinstance(view, CaseView):
            self.appointments = self.calling.list_appointments()
        elif view.pending_input == "time":
            self._push(self._form or AppointmentForm())
        return True

    def _expect(self) -> None:
        """What stands now is what the interviewer asked for."""
        self._seen = _seen(self.view)

    def _refuse(self, why: str) -> None:
        self.why = why
        self.bell = self.unexpected = True

    def _push(self, mode: StationMode) -> None:
        self.modes = (*self.modes, mode)

    def _close(self) -> None:
        if len(self.modes) > 1:
            self.modes = self.modes[:-1]

    def _replace(self, mode: StationMode) -> None:
        self.modes = (*self.modes[:-1], mode)


def _seen(view: StationView) -> tuple[object, ...]:
    """What tells one view from another: the case and its attempt, then what is called and owed."""
    match view:
        case CaseView():
            current = next((n.position for n in view.numbers if n.current), 0)
            return "case", view.key, view.attempt, current, view.pending_input
        case IdleView():
            return ("idle",)
        case BreakView():
            return ("away",)
        case WrapUpView():
            return ("wrapup",)
        case _:
            assert_never(view)
