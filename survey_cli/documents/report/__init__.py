"""Reports and codebooks as HTML, Markdown, Word, Excel and CSV."""
