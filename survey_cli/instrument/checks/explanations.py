from typing import Final
EXPLANATIONS: Final = {}
