"""An evaluation from data to tables: systems fitted, measured and compared."""
