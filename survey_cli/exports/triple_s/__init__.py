"""Triple-S 2.0 and 3.0: the definition in XML and its data file."""
