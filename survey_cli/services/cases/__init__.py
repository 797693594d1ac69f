"""Case management: lists, the queue, status, a supervisor's actions."""
