"""An interview: started or resumed, each answer committed, ended."""
