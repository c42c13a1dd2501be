"""The report of an evaluation: tables, figures, a page and a Markdown file."""
