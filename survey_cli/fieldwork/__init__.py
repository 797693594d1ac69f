"""Rules of fieldwork: cases, hours, appointments, the queue, quotas and outcome rates. No clock, no database."""
