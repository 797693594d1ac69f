"""Messages under an entry: why it was not accepted, what is questioned, what the earlier answer was."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content

from survey_cli.entries import EarlierAnswer, StyledText
from survey_cli.tui.widgets.text import clean, spoken, styled


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """What is said at once."""

    heard: str = ""
    """What a simulated respondent says."""
    why: str = ""
    """Why the last key was not accepted."""
    notice: str = ""
    """What to know before the interview goes on."""
    query: StyledText = ()
    """What must be confirmed or changed."""
    sent: str = ""
    """The entry that is questioned."""
    earlier: EarlierAnswer | None = None
    echo: str = ""
    """What Enter does with what is typed."""
    said: str = ""
    notes: Sequence[str] = ()

    def build(self) -> list[Content]:
        """Build the lines; the earlier answer and the echo give way to what is more important."""
        lines: list[Content] = []
        if self.heard:
            lines.append(styled(f"they say: {self.heard}", "$success"))
        if self.why:
            lines.append(styled(f"! {self.why}", "bold $error"))
        if self.notice:
            lines.append(styled(f"» {self.notice}", "bold $warning"))
        if self.query:
            sent = styled(f"? {self.sent}: " if self.sent else "? ")
            lines.append((sent + spoken(self.query) + " Confirm?").stylize_before("bold $warning"))
        elif self.earlier is not None and not lines:
            lines.append(styled(_describe_earlier(self.earlier), "$quiet"))
        if self.echo and not self.why:
            lines.append(styled(self.echo, "$quiet"))
        if self.said:
            lines.append(styled(self.said, "$quiet"))
        return [*lines, *(Content.assemble(("note: ", "$quiet"), (clean(note), "italic")) for note in self.notes)]


def _describe_earlier(earlier: EarlierAnswer) -> str:
    """Describe the earlier answer, and what Enter does with it."""
    match earlier.kind:
        case "answer":
            return f"was {earlier.label} · Enter keeps"
        case "prefill":
            return f"already here: {earlier.label} · Enter takes it"
        case "reopened":
            return f"was {earlier.label}, which no longer fits: ask again"
