"""Runs `python -m survey_cli` as the command `survey`; decides nothing."""

from survey_cli.cli import main

if __name__ == "__main__":
    main()
