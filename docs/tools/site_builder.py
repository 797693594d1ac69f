"""Builder of the documentation site: `python docs/tools/site_builder.py` writes `site/`, which needs no network.

It builds in a folder of its own, so that neither these scripts nor what Python keeps beside them gets into the site.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

ROOT: Final = Path(__file__).parents[2]
SHIM: Final = "https://unpkg.com/iframe-worker/shim"
"""Script with which a page opened from a file can search. The site has its own copy."""


def build_site(target: Path) -> None:
    """Build the site in a folder, which is replaced. Raises CalledProcessError where a link leads nowhere."""
    with TemporaryDirectory() as folder:
        work = Path(folder)
        shutil.copytree(ROOT / "docs", work / "docs", ignore=shutil.ignore_patterns("tools", "__pycache__"))
        shutil.copy(ROOT / "zensical.toml", work)
        subprocess.run([sys.executable, "-m", "zensical", "build", "--strict"], cwd=work, check=True)
        for page in (work / "site").rglob("*.html"):
            to_root = "../" * (len(page.relative_to(work / "site").parts) - 1)
            text = page.read_text(encoding="utf-8").replace(SHIM, f"{to_root}assets/iframe-worker.js")
            page.write_text(text, encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(work / "site", target)


if __name__ == "__main__":
    try:
        build_site(ROOT / "site")
    except subprocess.CalledProcessError:
        sys.exit("site: not written, because of the problems above")
    print(f"site: open {ROOT / 'site' / 'index.html'}")
