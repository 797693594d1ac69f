"""What the program is measured against: the least that could do the same work. Nothing here is part of the program."""
