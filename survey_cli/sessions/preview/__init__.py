"""A preview: an interview that is not stored and follows its file."""
