"""A study, opened for sessions and services: questionnaire, plan, database, people, clock."""
