"""One target under the coverage-guided fuzzer: `python -m fuzz.guided TARGET LOG CORPUS …`; findings go into the log."""

import atexit
import json
import sys
from datetime import date
from pathlib import Path

import atheris

with atheris.instrument_imports(
    include=["survey_cli.instrument", "survey_cli.engine", "survey_cli.problems"]
):
    from fuzz import conditions_typed, events_written, files_as_bytes
    from fuzz.hunting import place_of
    from fuzz.seeds import FILES
    from fuzz.words import CONDITION, KEYS, MOMENTS, YAML
    from support.condition_names import IN_PERSON, NAMES, SCOPE
    from support.known_values import make_known
    from survey_cli.values import DK, REFUSED

LEAP_DAY = date(2024, 2, 29)
ALL_KNOWN = [
    make_known({}, {"person": (1, 2), "car": ()}, turn=1, today=LEAP_DAY, case="7"),
    make_known({
        "q1": 1, "q2": DK, "q3": 5, "kind": 2, "region": "north", "media": ("tv", "web"), "uses": (1,),
        "hours": 1e300, "days": 0,
        "name": "x", "nick": "", "born": date(2000, 2, 29), "visit": date(9999, 12, 31), "adult": True, "youngest": 2,
        ("age", 1): 3, ("age", 2): REFUSED, ("sex", 1): 1, ("has", 1): ("dog",), ("make", 1): 0,
    }, {"person": (1, 2), "car": (1,)}, turn=2, today=LEAP_DAY, case="7"),
]  # fmt: skip
WANTS = ("truth", "number", "value", "list")


def condition(data: bytes) -> bool:
    """The first byte says where the condition stands and what is wanted of it."""
    first = data[0] if data else 0
    text = data[1:].decode("utf-8", "replace")
    scope = IN_PERSON if first & 4 else SCOPE
    return conditions_typed.check((text, scope, WANTS[first % 4], ALL_KNOWN))


def event(data: bytes) -> bool:
    """Any text as the payload of an event."""
    return events_written.check(data.decode("utf-8", "replace"))


def file(data: bytes) -> bool:
    """Any bytes as an instrument."""
    return files_as_bytes.check(data).instrument is not None


def seeds_of(name: str) -> list[bytes]:
    """What the corpus begins with."""
    if name == "files":
        return [data for data in FILES.values() if len(data) < 6_000]
    if name == "events":
        from warnings import simplefilter

        from hypothesis.errors import NonInteractiveExampleWarning
        from test_journal import STRATEGIES

        from survey_cli.engine.codec import encode_record

        simplefilter("ignore", NonInteractiveExampleWarning)
        return [
            encode_record(strategy.example()).payload.encode() for strategy in STRATEGIES.values()
        ]
    import re

    said = re.findall(
        rb"(?:ask_if|unless|expect|prefill|count|where):\s*\"?([^\"\n]+)",
        b"\n".join(FILES.values()),
    )
    return [b"\0" + text for text in said] + [b"\1" + name.encode() + b" == 1" for name in NAMES]


def main() -> None:
    name, log, corpus, *options = sys.argv[1:]
    words = {
        "files": (*YAML, *KEYS),
        "conditions": (*CONDITION, *NAMES),
        "events": (*events_written.KEYS, *events_written.KINDS),
    }
    entries = (w.encode() for w in (*words[name], *MOMENTS[:8]))
    dictionary = "".join(
        '"' + "".join(f"\\x{byte:02x}" for byte in w) + '"\n' for w in entries if w
    )
    Path(log).with_name("words.dict").write_text(dictionary)
    for number, data in enumerate(seeds_of(name)):
        (Path(corpus) / f"seed{number}").write_bytes(data)
    check = {"files": file, "conditions": condition, "events": event}[name]
    count = {"cases": 0, "deep": 0}
    known: set[str] = set()

    def tell(what: object) -> None:
        with Path(log).open("a", encoding="utf-8") as to:
            to.write(json.dumps(what) + "\n")

    def once(data: bytes) -> None:
        count["cases"] += 1
        if count["cases"] % 1000 == 0:
            tell(count)
        try:
            count["deep"] += check(data)
        except Exception as error:
            where = place_of(error)
            if where not in known:
                known.add(where)
                tell(
                    {
                        "where": where,
                        "what": f"{type(error).__name__}: {error}"[:2000],
                        "case": repr(data),
                    }
                )

    atexit.register(lambda: tell(count))
    atheris.Setup([sys.argv[0], *options, corpus], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
