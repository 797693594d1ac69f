"""Surveys of Qualtrics (.qsf).

    survey file ──▶ flow ──▶ blocks ──▶ questions ──▶ ForeignForm

`survey_file` opens the JSON. `flow` goes through the survey flow in its order, with branches,
randomizers and embedded data. `blocks` has blocks, their skip logic and loops; `questions` makes
items of questions. All of them use `logic` for conditions and `piped_text` for texts, which ask
`asked_questions` what a question has become.
"""
