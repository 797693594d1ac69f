"""Recording of what an ODK client finds relevant: `python -m support.odk_client.record FORM… [-n 1000]` in `tests`.

Needs Node 20 or later, the packages of `package.json` beside this file (`npm install` there), and pyxform. Writes
`FORM.odk.json` beside each form; the tests compare converted forms with it without needing any of them.
"""

import argparse
import json
import random
import subprocess
import tempfile
from pathlib import Path

from pyxform.xls2xform import convert

from support.odk_client.vectors import ConvertedInterview, encode_recording

HERE = Path(__file__).parent


def record(path: Path, number: int, seed: int) -> None:
    """Draw vectors, ask the client, and write the recording."""
    interview = ConvertedInterview(path)
    slots = interview.list_slots()
    by_key = {slot.key: slot for slot in slots}
    rng = random.Random(seed)
    vectors = []
    for _ in range(number):
        values = {slot.key: rng.choice(slot.candidates) for slot in slots}
        asked = interview.ask(values, rng, by_key)
        # A question without an option to offer is not asked here. In the form it is, and nothing can be answered.
        vectors.append(
            {
                k: v if k in asked or getattr(by_key[k].item, "offered", None) is None else ""
                for k, v in values.items()
            }
        )
    relevant = ask_client(
        path, [[[s.item.name, s.turn, vector[s.key]] for s in slots] for vector in vectors]
    )
    target = path.with_suffix(".odk.json")
    target.write_text(encode_recording(slots, vectors, relevant), encoding="utf-8")
    print(f"{target}: {number} vectors of {len(slots)} answers")


def ask_client(path: Path, vectors: list[list[list[object]]]) -> list[list[str]]:
    source = path.read_text(encoding="utf-8") if path.suffix == ".md" else str(path)
    xform = convert(source, validate=False).xform
    with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
        file.write(xform)
        file.flush()
        command = ["node", str(HERE / "client.mjs"), file.name]
        done = subprocess.run(
            command, input=json.dumps(vectors), capture_output=True, text=True, check=True
        )
    return json.loads(done.stdout)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("form", nargs="+", type=Path)
    parser.add_argument("-n", dest="number", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=14)
    options = parser.parse_args()
    for form in options.form:
        record(form, options.number, options.seed)
