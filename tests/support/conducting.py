"""An interview with a converted form, from its beginning to its end, whatever it asks."""

from support.scenario import Scenario, scenario
from survey_cli.entries import PickEntry


def conduct(text: str) -> Scenario:
    """Conduct an interview: decline what may be declined, and give any answer to the rest."""
    now = scenario(text)
    while now.prompt is not None:
        if now.declines:
            keys = [f".{next(iter(now.declines))}"]
        elif isinstance(now.prompt.entry, PickEntry):
            keys = [str(next(iter(now.offered)))]
        else:
            keys = ["", "1", "20", "2020-01-01", "a@example.org"]
        for key in keys:
            after = now.key(key).settled()
            if not after.why and after.place != now.place:
                break
        assert after.place != now.place, (now.place, after.why)
        now = after
    return now
