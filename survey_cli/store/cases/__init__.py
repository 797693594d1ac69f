"""Cases in the store: histories, queue, leases, contacts, imports, quota places, tasks."""
