"""Full screen of a preview: the interview screen on an interview that is not stored and follows its file."""
