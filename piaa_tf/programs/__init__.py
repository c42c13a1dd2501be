"""The console programs: flags become a config, a config is run."""
