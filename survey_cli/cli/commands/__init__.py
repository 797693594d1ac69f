"""The commands, one module for each group in `survey --help`. A command imports what it needs when it runs."""
