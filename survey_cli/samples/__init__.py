"""Files that a study receives: samples, do-not-call lists, people, targets, final counts. Nothing is stored."""
