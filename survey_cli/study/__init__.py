"""Which study is it, and what is there of it? Opened here for the desk and the office alike; nothing is done to it."""
