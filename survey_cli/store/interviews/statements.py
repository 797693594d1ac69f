"""SQL statements for instruments and interviews, read from the file of this name in `.sql`."""

from typing import Final

from survey_cli.store.backends.statements import read_statements

sql: Final = read_statements(__file__)
