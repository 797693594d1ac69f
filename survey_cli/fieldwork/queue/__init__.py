"""The queue: when a case is due, in what order cases are called, who may claim one."""
