"""The proof of a questionnaire beside its preview: in a thread, abandoned if the file changes."""

from datetime import date
from threading import Thread
from typing import Final

from survey_cli.instrument.checks.all_checks import CheckResult
from survey_cli.problems import Problem
from survey_cli.proof.solver import has_solver

WAIT_AT_END: Final = 5.0
"""For how many seconds the end of the preview waits for the solver: it can't be interrupted within
a question."""


class BackgroundProof:
    """The proof of one version of a questionnaire."""

    def __init__(self, checked: CheckResult, today: date) -> None:
        self._checked = checked
        self._today = today
        self._is_abandoned = False
        self._problems: tuple[Problem, ...] | None = None
        self._error: Exception | None = None
        self._thread = Thread(target=self._run, name="proof", daemon=True)
        self._thread.start()

    def take(self) -> tuple[Problem, ...] | None:
        """Return all problems with those of the proof; None until it has ended.

        Raises what made it fail.
        """
        if self._error is not None:
            raise self._error
        return self._problems

    def abandon(self) -> None:
        """Let the proof end: its version is no longer shown."""
        self._is_abandoned = True

    def end(self) -> None:
        """Abandon the proof and wait for its end."""
        self.abandon()
        self._thread.join(WAIT_AT_END)

    def _run(self) -> None:
        if not has_solver():
            self._problems = self._checked.problems
            return
        # imported here: it imports the solver, and the first question doesn't wait for that
        from survey_cli.proof.verdicts import ProofAbandonedError
        from survey_cli.scenarios.proving import prove_instrument

        try:
            self._problems = prove_instrument(
                self._checked, self._today, is_abandoned=lambda: self._is_abandoned
            )
        except ProofAbandonedError:
            return
        except Exception as error:
            self._error = error
