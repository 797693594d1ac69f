"""Does anything that is typed or written in a file break the program? Targets that invent cases, and a hunt over them."""
