"""The systems of the tables, one file each; `systems.SYSTEMS` names them."""
