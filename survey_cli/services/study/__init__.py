"""A study in the field: pause, published versions, interviewers."""
