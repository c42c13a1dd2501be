"""From a prior and a user's few ratings to that user's taste."""
