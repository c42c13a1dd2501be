import pytest
from absl import flags

from piaa_tf.programs.shared import program


@pytest.fixture
def parse_flags(monkeypatch):
    """Reads arguments with the flags of a config, apart from the process's own."""

    def parse(config_class, *arguments):
        values = flags.FlagValues()
        with monkeypatch.context() as patch:
            patch.setattr(flags, "FLAGS", values)
            kinds = "string integer float boolean list enum multi_string"
            for kind in kinds.split():
                name = f"DEFINE_{kind}"
                original = getattr(flags, name)
                patch.setattr(
                    flags,
                    name,
                    lambda *a, original=original: original(*a, flag_values=values),
                )
            patch.setattr(
                flags,
                "mark_flag_as_required",
                lambda name, mark=flags.mark_flag_as_required: mark(
                    name, flag_values=values
                ),
            )
            program.define_flags(config_class)
            values(["program", *arguments])
            return program.config_from_flags(config_class)

    return parse
