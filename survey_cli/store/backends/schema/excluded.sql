-- Rates count cases with a practice or simulated interview by their histories. There are few, or none.
CREATE INDEX interviews_excluded ON interviews (case_key) WHERE origin IN ('practice', 'simulated')
