"""What would a thousand respondents do? Invented people answer through the real engine, from a seed and a given clock.

It knows no screen, no store and no clock of its own: whoever wants the interviews kept hands it a way to keep them.
"""

from survey_cli.simulate.interviews.findings import Findings, Reached
from survey_cli.simulate.interviews.respondents import Habits, Invented, simulated

__all__ = ["Findings", "Habits", "Invented", "Reached", "simulated"]
