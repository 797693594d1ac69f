"""The process that browsers talk with: pages, accounts and sockets, and no study."""
