"""The queue: positions of cases, the order of calling, and the rules checked at each claim."""
