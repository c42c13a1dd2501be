import pytest
from absl import flags

from piaa_tf.programs.shared import program


@pytest.fixture
def parse_flags():
    """Reads arguments with the flags of a config, apart from the process's own."""

    def parse(config_class, *arguments):
        values = flags.FlagValues()
        program.define_flags(config_class, values)
        values(["program", *arguments])
        return program.config_from_flags(config_class, values)

    return parse
