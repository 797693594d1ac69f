"""A minimal Typer app: two commands and their help, without rich's boxes."""

from typing import Annotated

import typer

app = typer.Typer(rich_markup_mode=None)


@app.command()
def interview(
    file: Annotated[str, typer.Argument(help="The instrument.")], plain: bool = False
) -> None:
    """Hold an interview."""


@app.command()
def check(file: Annotated[str, typer.Argument(help="The instrument.")]) -> None:
    """Find problems."""


if __name__ == "__main__":
    app()
