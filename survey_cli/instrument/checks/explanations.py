from typing import Final

EXPLANATIONS: Final[dict[str, str]] = {}
