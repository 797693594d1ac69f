"""What do the supervisor and the reader see? Rows of dataclasses; it draws nothing and fetches nothing."""
