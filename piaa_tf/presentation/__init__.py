"""How results look: colours, sheets of pictures, and the pages of all reports."""
