"""Cases in the store: histories, queue positions, leases, contacts, imports, places in quotas, follow-up tasks."""
