"""The schema: tables, migrations and the views that people query."""
