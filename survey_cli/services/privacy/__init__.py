"""Personal data: subject access, erasure, anonymization."""
