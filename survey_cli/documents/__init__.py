"""How does a report look on a page? Pages are laid out and written as HTML or Markdown; no figure is ever computed."""
