"""The coverage-guided fuzzer, in a process of its own, since it instruments the program on import and never returns."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from fuzz.hunting import Finding, Hunted

TESTS = Path(__file__).parent.parent


def guided(name: str, seconds: float, *, seed: int) -> Hunted:
    """Hunt a target so for as long."""
    hunted = Hunted(name, "atheris")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="survey-fuzz-") as folder:
        log = Path(folder) / "log.jsonl"
        (Path(folder) / "corpus").mkdir()
        ran = subprocess.run(
            [
                sys.executable, "-m", "fuzz.guided", name, str(log), folder + "/corpus",
                f"-max_total_time={int(seconds)}", f"-seed={seed % 2**31}", "-timeout=20", "-rss_limit_mb=2048",
                f"-artifact_prefix={folder}/", "-max_len=6000", f"-dict={folder}/words.dict",
            ],
            cwd=TESTS, capture_output=True, check=False, timeout=seconds * 2 + 180,
        )  # fmt: skip
        for line in log.read_text(encoding="utf-8").splitlines() if log.exists() else []:
            told = json.loads(line)
            if "cases" in told:
                hunted.cases, hunted.deep = told["cases"], told["deep"]
            else:
                hunted.findings[told["where"]] = Finding(told["where"], told["what"], told["case"])
        errors = ran.stderr.decode("utf-8", "replace")[-1500:]
        for artifact in Path(folder).glob("*-*"):
            what = artifact.name.partition("-")[0]  # timeout, oom, crash
            hunted.findings[what] = Finding(what, errors, repr(artifact.read_bytes()))
        if ran.returncode and not hunted.findings:
            hunted.findings["ended"] = Finding("ended", errors, "")
    hunted.seconds = time.monotonic() - begun
    return hunted
