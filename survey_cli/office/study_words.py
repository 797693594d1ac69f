"""What does an instrument say of its study, in the words of one language? For files that go to people who have nothing
else."""

from survey_cli.documents.prose import Rules, sentence
from survey_cli.instrument.conditions import Condition
from survey_cli.instrument.program import Group, Instrument, Leaf, Node, Roster
from survey_cli.instrument.scalars import Text
from survey_cli.table import Study


def study_of(instrument: Instrument, language: str) -> Study:
    """What is written under `study:`, and who is asked each item."""
    written = instrument.written.study

    def said(text: Text | None) -> str:
        return str(text.written(language)) if text is not None else ""

    return Study(
        id=instrument.id,
        title=said(instrument.title),
        version=instrument.version,
        asked=who_is_asked(instrument, language),
        sponsor=said(written.sponsor),
        conducted_by=said(written.conducted_by),
        population=said(written.population),
        frame=said(written.frame),
        selection=said(written.selection),
        mode=said(written.mode),
        dates=said(written.dates),
        contact=said(written.contact),
        notes=said(written.notes),
        size=written.size,
    )


def who_is_asked(instrument: Instrument, language: str) -> dict[str, str]:
    """By item the conditions on the way to it, in words: `Asked if kind is District, and unless consent is Yes.` Items
    that are asked of all are not among them."""
    rules = Rules(instrument, language)
    found: dict[str, str] = {}

    def told(ask_if: Condition | None, unless: Condition | None) -> tuple[str, ...]:
        wanted = (f"if {rules.clause(ask_if)}",) if ask_if is not None else ()
        barred = (f"unless {rules.clause(unless)}",) if unless is not None else ()
        return (*wanted, *barred)

    def walk(nodes: tuple[Node, ...], above: tuple[str, ...]) -> None:
        for node in nodes:
            here = (*above, *told(node.ask_if, node.unless))
            match node:
                case Leaf():
                    if here:
                        words = sentence(f"Asked {', and '.join(here)}.")
                        found[node.id] = "".join(stretch.text for stretch in words)
                case Group():
                    children = node.children
                    if isinstance(node, Roster) and node.until is not None:
                        children = (*children, node.until)
                    walk(children, here)

    walk(instrument.root.children, ())
    return found
