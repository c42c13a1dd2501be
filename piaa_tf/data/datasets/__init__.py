"""Data sets by name: one loader a published set, folders of one's own, libraries."""
