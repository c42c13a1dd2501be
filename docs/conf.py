"""How `make docs` builds these pages."""

import os
import re

from piaa_tf.version import __version__

# TensorFlow, which autodoc imports, says a lot at its start.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

project = "piaa_tf"
author = "the piaa_tf authors"
version = release = __version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build"]
templates_path = ["_templates"]
html_theme = "furo"
html_title = f"piaa_tf {version}"
myst_heading_anchors = 3
default_role = "code"
highlight_language = "text"
smartquotes = False  # --out is a flag
autodoc_member_order = "bysource"
autodoc_typehints = "description"
napoleon_use_ivar = True
# The examples of docstrings are pytest's; here only those of the pages run.
doctest_test_doctest_blocks = ""
# A name that a module hands on has two places, both right.
suppress_warnings = ["ref.python"]


def mark_plain_text(app, what, name, obj, options, lines):
    """Turns docstrings that are laid out for the eye into reST."""
    text = "\n".join(lines)
    mark = mark_paragraph if what == "module" else escape_marks
    lines[:] = "\n\n".join(map(mark, text.split("\n\n"))).split("\n")


def mark_paragraph(paragraph):
    """Turns a paragraph with commands, columns or a table into a code block."""
    if not re.search(r"^(    |\||--)", paragraph, re.M):
        return escape_marks(paragraph)
    return "::\n\n" + re.sub(r"^", "    ", paragraph, flags=re.M)


def escape_marks(paragraph):
    """Keeps the bars of |x| and the star of [*shape, 3] from being markup."""
    paragraph = re.sub(r"(^|[ (])\|(?=\S)", r"\1\\|", paragraph, flags=re.M)
    return paragraph.replace("[*", r"[\*")


def setup(app):
    """Has the docstrings marked before napoleon reads them."""
    app.connect("autodoc-process-docstring", mark_plain_text, priority=400)
