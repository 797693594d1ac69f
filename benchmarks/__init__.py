"""How fast is it, against what? One table: each goal measured beside its own limit or peer, interleaved, in one run."""
