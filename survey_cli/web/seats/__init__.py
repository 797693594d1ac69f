"""Processes of seats: the spawner that forks them, and web's link to the spawner."""
