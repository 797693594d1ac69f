"""Long-lived sessions: one interview, one interviewer's station, one preview, one watcher.

A session commits every entry before the next is shown. `interview` conducts one interview, `case` claims sampled
cases and writes their history, `station` calls case after case, `preview` follows a questionnaire's file, `monitoring` an
interview at another station.
"""
