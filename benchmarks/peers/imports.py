"""An app that imports typer, textual, pydantic, sqlite3 and yaml, and paints one text."""

import sqlite3
from typing import Annotated

import pydantic
import typer
import yaml
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

USED = (sqlite3, yaml)


class Question(pydantic.BaseModel):
    """One model: pydantic loads itself only when it is used."""

    text: str = pydantic.Field(min_length=1)


class Screen(App[None]):
    def compose(self) -> ComposeResult:
        yield Static("Benchmark")
        with VerticalScroll():
            yield Static(Question(text="The first question: end-00001").text)
        yield Static("Enter next")


app = typer.Typer(rich_markup_mode=None)


@app.command()
def interview(file: Annotated[str, typer.Argument()] = "") -> None:
    Screen().run()


if __name__ == "__main__":
    app()
