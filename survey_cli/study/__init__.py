"""Opening a study, shared by sessions and services, and keeping its parts consistent."""
