"""Services: one call each for what a command does with a study, from opening it to a result.

A service writes nothing to a terminal and has no rules of its own. It raises UserError if something
cannot be done. Each subject has a folder; what all subjects use (opening a study, reading dates,
writing files) is beside the folders.
"""
