"""An app that imports what an interview needs (typer, textual, pydantic, sqlite3, yaml) and paints one text."""

import sqlite3
from typing import Annotated

import pydantic
import typer
import yaml
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

USED = (sqlite3, pydantic, yaml)


class Screen(App[None]):
    def compose(self) -> ComposeResult:
        yield Static("Benchmark")
        with VerticalScroll():
            yield Static("The first question: end-00001")
        yield Static("Enter next")


app = typer.Typer(rich_markup_mode=None)


@app.command()
def interview(file: Annotated[str, typer.Argument()] = "") -> None:
    Screen().run()


if __name__ == "__main__":
    app()
