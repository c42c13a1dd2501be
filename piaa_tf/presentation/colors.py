"""The colours of sheets, pages and figures.

Those with a colour's name are Okabe and Ito's (2008), which colour-blind people can
tell apart, too.
"""

from __future__ import annotations

BLUE = "#0072b2"
SKY_BLUE = "#56b4e9"
ORANGE = "#e69f00"
GREEN = "#009e73"
PURPLE = "#cc79a7"
YELLOW = "#f0e442"
VERMILION = "#d55e00"
DARK_VERMILION = "#b34700"
"""Darker than theirs, for small letters."""

PAPER = "#f6f5f2"
MAT = "#e9e7e2"
INK = "#1d1d1f"
MUTED = "#66645f"
