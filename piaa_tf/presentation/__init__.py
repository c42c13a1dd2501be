"""How results look: colours, sheets of photos, and the pages of all reports."""
