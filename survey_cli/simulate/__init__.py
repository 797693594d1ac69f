"""Simulated people: respondents who answer through the engine, and whole fieldwork. From a seed and a given clock.

It knows no screen and no store: who wants the interviews stored passes a function that stores them.
"""

from survey_cli.simulate.interviews.findings import Findings, Reached
from survey_cli.simulate.interviews.respondents import Habits, Invented, simulated

__all__ = ["Findings", "Habits", "Invented", "Reached", "simulated"]
