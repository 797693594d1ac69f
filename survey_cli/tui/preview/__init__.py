"""Full screen of a preview: the interview screen on an unstored interview that follows its file."""
