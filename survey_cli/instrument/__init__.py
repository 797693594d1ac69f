"""What did the researcher write? Types, texts, conditions and checks of an instrument; it holds nobody's answers."""
