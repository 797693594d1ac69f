"""A claimed case: its lease, the outcomes written to it, its interview."""
