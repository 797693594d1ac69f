"""Services: one call each for what a command does with a study, from opening it to a result or an error.

A service writes nothing to a terminal and makes no rule of its own. What cannot be done is returned as an error
value. One folder per subject; what every subject uses (opening a study, reading dates, writing files) is beside the
folders.
"""
