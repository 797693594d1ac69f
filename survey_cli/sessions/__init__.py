"""Long-lived sessions: one interview, one interviewer's station, one preview, one watcher.

A session commits every entry before it shows the next prompt. `interview` conducts one interview,
`case` claims sampled cases and writes their history, `station` calls case after case, `preview`
follows a questionnaire's file, and `monitoring` follows an interview at another station.
"""
