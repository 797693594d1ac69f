"""What `survey new` writes and the examples are YAML for other programs too, and an editor completes them.

The editor's part needs yaml-language-server (`npm install -g yaml-language-server`), or its path in the variable
YAML_LANGUAGE_SERVER.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from language_server import LanguageServer

from survey_cli.cli.run_command import run_command
from survey_cli.instrument.schema.items.groups import ITEM_TYPES
from survey_cli.instrument.source.load import load_source, load_source_text
from survey_cli.outcomes import OUTCOMES

EXAMPLES = sorted((Path(__file__).parents[2] / "instruments").rglob("*.yaml"))
HEAD = "instrument: x\ntitle: X\nitems:\n"


def starter(folder: Path) -> Path:
    assert run_command(["new", str(folder / "mine.yaml")]) == 0
    return folder / "mine.yaml"


def as_text(node: object) -> object:
    """Every scalar as a text, as this program reads it."""
    if isinstance(node, dict):
        return {str(key): as_text(value) for key, value in node.items()}
    return [as_text(value) for value in node] if isinstance(node, list) else str(node)


def alike(path: Path) -> bool:
    """Whether a reader that is stricter about plain texts in braces reads the same as this program."""
    text = path.read_text(encoding="utf-8")
    loader = yaml.BaseLoader  # in Python: every scalar is a text
    python_tree = yaml.load(text, loader)  # noqa: S506 – the base loader makes only texts
    is_same = as_text(python_tree) == as_text(load_source_text(text).tree)
    return is_same or "include" in text


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.name)
def test_every_example_is_yaml_for_a_stricter_reader(path: Path) -> None:
    assert alike(path)


def test_a_new_instrument_is_yaml_for_a_stricter_reader(tmp_path: Path) -> None:
    path = starter(tmp_path)
    assert alike(path)
    assert load_source(path).problems == ()


SERVER = os.environ.get("YAML_LANGUAGE_SERVER") or shutil.which("yaml-language-server")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageServer]:
    if SERVER is None:
        pytest.skip("yaml-language-server is not installed")
    folder = tmp_path_factory.mktemp("editor")
    schema = folder / "instrument.schema.json"
    assert run_command(["schema", "-o", str(schema)]) == 0
    server = LanguageServer([SERVER], folder, schema)
    yield server
    server.close()


@pytest.mark.parametrize("items", ["  - §", "  - id: a\n    type: read\n    text: Hi\n  - §"])
def test_a_new_dash_offers_every_type_of_item(server: LanguageServer, items: str) -> None:
    offered = server.completions(HEAD + items)
    assert offered[: len(ITEM_TYPES)] == list(ITEM_TYPES)
    assert "include" not in offered


def test_an_item_offers_the_keys_of_its_type_alone(server: LanguageServer) -> None:
    offered = server.completions(f"{HEAD}  - id: a\n    type: number\n    §")
    assert {"text", "min", "max", "decimals", "unit"} <= set(offered)
    assert not {"options_from", "statements", "outcome", "include", "prefix"} & set(offered)


def test_values_are_offered_where_they_are_known(server: LanguageServer) -> None:
    assert server.completions(f"{HEAD}  - id: a\n    type: end\n    outcome: §") == list(OUTCOMES)
    assert server.completions(f"{HEAD}  - id: a\n    type: §") == list(ITEM_TYPES)
    assert server.completions(f"{HEAD}  - id: a\n    type: single\n    by: §") == ["interviewer"]
    orders = server.completions(f"{HEAD}  - id: a\n    type: single\n    order: §")
    assert orders == ["written", "random", "rotate", "flip"]


def test_the_starter_is_marked_nowhere_and_a_slip_is(
    server: LanguageServer, tmp_path: Path
) -> None:
    text = (
        starter(tmp_path).read_text(encoding="utf-8").split("\n", 1)[1]
    )  # without its path to a schema
    assert server.marks(text) == []
    assert server.marks(f"{HEAD}  - {{id: a, type: sinlge, text: Hi}}\n") != []
    assert server.marks(f"{HEAD}  - {{include: demographics.yaml, prefix: b_}}\n") == []
    assert server.marks(f"{HEAD}  - {{id: a, type: end, outcome: moved_away}}\n") == []


def test_the_names_of_a_questionnaire_are_offered(tmp_path: Path) -> None:
    if SERVER is None:
        pytest.skip("yaml-language-server is not installed")
    written = "instrument: x\ntitle: X\nscales: {good: {1: A, 2: B}, often: {1: A, 2: B}}\n"
    written += "outcomes: {moved: {name: Moved away, like: callback}}\nitems:\n"
    (tmp_path / "x.yaml").write_text(
        f"{written}  - {{id: a, type: scale, scale: good, text: Hi}}\n"
    )
    schema = tmp_path / "x.schema.json"
    assert run_command(["schema", str(tmp_path / "x.yaml"), "-o", str(schema)]) == 0
    own = LanguageServer([SERVER], tmp_path, schema)
    try:
        assert own.completions(f"{written}  - id: a\n    type: scale\n    scale: §") == [
            "good",
            "often",
        ]
        assert own.completions(f"{written}  - id: a\n    type: end\n    outcome: §") == [
            "moved",
            *OUTCOMES,
        ]
        assert (
            own.marks(f"{written}  - {{id: a, type: scale, scale: from_a_module, text: Hi}}\n")
            == []
        )
    finally:
        own.close()
