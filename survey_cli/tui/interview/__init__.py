"""Full screen of one interview: its keys, and the widgets that show the question."""
