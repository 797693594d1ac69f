"""Cases in the store: events, queue positions, leases, quota reservations, the do-not-call list."""
