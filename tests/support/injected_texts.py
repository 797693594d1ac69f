"""A text that would run, or change another line, and what it has done to a page."""

EVIL = (
    '<img src=/x onerror="alert(1)"><script>alert(2)</script>'
    "{{7*7}}\x1b[2J\x1b]0;owned\x07\x9b31m\u202egpj\u2066\u2028&lt;"
)
RUNS = '<img src=/x onerror="alert(1)">'
UNSEEN = r"/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/"
FIND_INJECTED = f"""() => {{
  const found = [];
  for (const script of document.scripts) {{
    if (!script.src.startsWith(location.origin + "/static/")) found.push("a script");
  }}
  for (const image of document.images) found.push("an image: " + image.outerHTML.slice(0, 80));
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {{
    const text = walker.currentNode.data;
    if ({UNSEEN}.test(text)) found.push("an unseen character: " + JSON.stringify(text));
  }}
  return found;
}}"""
"""What of a text has become a part of the page, or changes the order of a line."""
