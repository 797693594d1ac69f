"""The questionnaire as a booklet, in HTML or Markdown."""
