"""SPSS: data files (.sav, .zsav) and syntax (.sps)."""
