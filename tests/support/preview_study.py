"""Helpers of tests of the preview: a small questionnaire, and how it is saved."""

from pathlib import Path

FILE = "s.yaml"
TEXT = """\
instrument: s
title: A small survey
languages: [en, es]
sample:
  key: {type: text, role: key}
  kind: {type: single, options: {1: Sector, 2: District}}
items:
  - {id: hello, type: read, text: {en: Good morning., es: Buenos días.}}
  - {id: own, type: single, text: {en: Do you own a car?, es: ¿Tiene auto?}, options: {1: "Yes", 2: "No"}}
  - {id: cars, type: number, max: 9, ask_if: own == 1, text: {en: How many cars?, es: ¿Cuántos?}}
  - {id: why, type: verbatim, ask_if: own == 2, text: {en: Why not?, es: ¿Por qué no?}}
  - {id: age, type: number, max: 120, text: {en: How old are you?, es: ¿Qué edad tiene?}}
  - {id: chief, type: text, ask_if: kind == 2, text: {en: Who is your director?, es: ¿Quién dirige?}}
  - {id: bye, type: read, text: {en: Goodbye., es: Adiós.}}
"""


def saved(text: str) -> None:
    Path(FILE).write_text(text, encoding="utf-8")
