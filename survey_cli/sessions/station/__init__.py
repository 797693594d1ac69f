"""A station: claims cases, dials, records outcomes and appointments for one interviewer."""
