"""The picture of the route as an HTML page, whose sections can be folded.

The page is nested lists, which read well without their style sheet: they are the picture's text
alternative. A section is a `details` element, so that a click or a key folds it without a script.
"""

from survey_cli.documents.questionnaire.route_diagram import (
    RouteDiagram,
    RouteGroup,
    iterate_steps,
    list_blocks,
)
from survey_cli.documents.templating import render_page


def render_route_html(diagram: RouteDiagram) -> str:
    """Return the page, ending in a line end. Folded sections can be unfolded by the reader."""
    has_folded = any(
        isinstance(step, RouteGroup) and step.is_folded for step in iterate_steps(diagram.steps)
    )
    return render_page(
        "route.html.jinja",
        route=diagram,
        route_language=diagram.language,
        list_blocks=list_blocks,
        has_folded=has_folded,
    )
