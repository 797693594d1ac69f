"""Reports of results, codebooks, response rates and printed questionnaires."""
