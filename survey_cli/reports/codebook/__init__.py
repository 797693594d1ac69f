"""The codebook: what each variable holds, with counts and statistics."""
