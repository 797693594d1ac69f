"""A client of yaml-language-server, which editors use: it opens texts, and asks for completions and diagnostics."""

import json
import os
import subprocess
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

HERE = "§"
"""Where the cursor stands in a text."""


class LanguageServer:
    """One server for the files of a folder, all of which follow one schema. To be closed."""

    def __init__(self, command: Sequence[str], folder: Path, schema: Path) -> None:
        self._folder, self._numbers, self._ids = folder, count(), count()
        self._marked: dict[str, list[dict[str, Any]]] = {}
        schemas = {schema.as_uri(): "*.yaml"}
        self._settings = {
            "yaml": {
                "schemas": schemas,
                "validate": True,
                "completion": True,
                "schemaStore": {"enable": False},
            }
        }
        self._process = subprocess.Popen(
            [*command, "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        able = {"workspace": {"configuration": True}}
        root = {"processId": os.getpid(), "rootUri": folder.as_uri(), "capabilities": able}
        self._ask("initialize", root)
        self._tell("initialized", {})
        self._tell("workspace/didChangeConfiguration", {"settings": self._settings})
        self.marks("title: the first text waits for the schema\n")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def completions(self, text: str) -> list[str]:
        """The labels offered where the cursor stands."""
        before = text[: text.index(HERE)]
        place = {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}
        uri = self._open(text.replace(HERE, ""))
        offered = self._ask(
            "textDocument/completion", {"textDocument": {"uri": uri}, "position": place}
        )
        return [item["label"] for item in offered["items"]]

    def marks(self, text: str) -> list[str]:
        """What is marked as wrong."""
        uri = self._open(text)
        while uri not in self._marked:
            self._take(self._read())
        return [mark["message"] for mark in self._marked[uri]]

    def _open(self, text: str) -> str:
        uri = f"{self._folder.as_uri()}/text{next(self._numbers)}.yaml"
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": document})
        return uri

    def _ask(self, method: str, params: dict[str, Any]) -> Any:
        number = next(self._ids)
        self._send({"id": number, "method": method, "params": params})
        while (message := self._read()).get("id") != number or "method" in message:
            self._take(message)
        assert "error" not in message, message
        return message["result"]

    def _tell(self, method: str, params: dict[str, Any]) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        length = 0
        while header := self._process.stdout.readline().strip():
            name, _, value = header.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        return message

    def _take(self, message: dict[str, Any]) -> None:
        """A message that nobody waits for: marks are kept, questions answered."""
        params = message.get("params", {})
        if message.get("method") == "textDocument/publishDiagnostics":
            self._marked[params["uri"]] = params["diagnostics"]
        elif "id" in message and "method" in message:
            asked = (
                params.get("items", ()) if message["method"] == "workspace/configuration" else ()
            )
            result = [self._settings.get(item.get("section", "")) for item in asked] or None
            self._send({"id": message["id"], "result": result})
