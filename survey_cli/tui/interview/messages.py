"""Messages under an entry: why it was not accepted, what is questioned, what the earlier answer was."""

from textual.content import Content

from survey_cli import entry_commands as commands
from survey_cli.entries import EarlierAnswer, LineEntry, PickEntry, Prompt
from survey_cli.tui.interview import pick
from survey_cli.tui.interview.current_question import CurrentQuestion
from survey_cli.tui.widgets.text import clean, style_spans, style_text


def build_refusal(why: str, said: str) -> list[Content]:
    """Build why the last key was not accepted, and what the interviewer should know."""
    lines = [style_text(f"! {why}", "bold $error") if why else Content(), style_text(said, "$quiet")]
    return [line for line in lines if line]


def build_messages(question: CurrentQuestion, prompt: Prompt, *, why: str, notice: str, said: str) -> list[Content]:
    """Build all that is said of an entry; the earlier answer and the echo give way to what is more important."""
    query, heard = question.query, question.session.heard()
    lines = [style_text(f"they say: {heard}", "$success")] if heard else []
    lines += build_refusal(why, "")
    lines += [style_text(f"» {notice}", "bold $warning")] if notice else []
    if query is not None and not query.aloud:
        sent = style_text(f"? {question.sent}: " if question.sent else "? ")
        lines.append((sent + style_spans(query.text) + " Confirm?").stylize_before("bold $warning"))
    elif query is None and prompt.earlier is not None and not question.denied and not lines:
        lines.append(style_text(_describe_earlier(prompt.earlier), "$quiet"))
    echo = "" if why else _echo(question, prompt)
    lines += [style_text(text, "$quiet") for text in (echo, said) if text]
    notes = [note.text for note in question.notes if note.place == prompt.place]
    return [*lines, *(Content.assemble(("note: ", "$quiet"), (clean(note), "italic")) for note in notes)]


def _echo(question: CurrentQuestion, prompt: Prompt) -> str:
    """Return how what is typed is understood."""
    if isinstance(prompt.entry, PickEntry):
        typed = question.pick.typed
        return pick.describe_typed(typed, prompt.entry, prompt) if typed else ""
    if not isinstance(prompt.entry, LineEntry) or commands.is_command(question.typed):
        return ""
    if prompt.entry.search is not None:
        is_found = not question.typed.strip() or prompt.entry.search.find_listed(question.typed)
        return "" if is_found else "nothing in the list fits: try another word, or part of one"
    echo = question.session.echo(commands.unescape_dots(question.typed))
    return f"= {echo}" if echo else ""


def _describe_earlier(earlier: EarlierAnswer) -> str:
    """Describe the earlier answer, and what Enter does with it."""
    match earlier.kind:
        case "answer":
            return f"was {earlier.label} · Enter keeps"
        case "prefill":
            return f"already here: {earlier.label} · Enter takes it"
        case "reopened":
            return f"was {earlier.label}, which no longer fits: ask again"
