import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest
from absl import flags

from piaa_tf.errors import InputError
from piaa_tf.programs.shared import program

ROOT = Path(__file__).parents[3]
PROGRAMS = re.findall(
    r"= piaa_tf\.programs\.(\w+):main", (ROOT / "setup.py").read_text()
)


@dataclasses.dataclass(frozen=True)
class Config:
    name: str = program.required("A name.")
    count: int = program.option(3, "How many.")
    rate: float = program.option(0.5, "How fast.")
    is_loud: bool = program.option(False, "Whether loud.")
    color: str = program.option("red", "Which.", choices=("red", "blue"))
    sizes: tuple = program.option((4, 2), "Sizes.")
    words: tuple = program.option((), "Words.")
    names: tuple = program.repeated("Names.")


@pytest.fixture
def parse(parse_flags):
    return lambda *arguments: parse_flags(Config, *arguments)


def test_flags_take_the_configs_defaults(parse):
    assert parse("--name=x") == Config(name="x")


def test_every_kind_of_flag_is_read_back(parse):
    config = parse(
        "--name=x",
        "--count=7",
        "--rate=1e-3",
        "--is_loud",
        "--color=blue",
        "--sizes=1,2,3",
        "--words=a,b",
        "--names=c,d",
        "--names=e",
    )
    assert config == Config(
        "x", 7, 1e-3, True, "blue", (1, 2, 3), ("a", "b"), ("c,d", "e")
    )


def test_a_list_may_be_empty(parse):
    assert parse("--name=x", "--sizes=").sizes == ()


def test_a_list_of_the_wrong_kind_is_refused(parse):
    with pytest.raises(InputError, match=r"--sizes takes ints .* Got 1,two"):
        parse("--name=x", "--sizes=1,two")


def test_a_missing_required_flag_is_refused(parse):
    with pytest.raises(flags.IllegalFlagValueError, match="--name"):
        parse("--count=1")


@dataclasses.dataclass(frozen=True)
class Options:
    count: int = 1
    rate: float = 1.0
    depth: int = 2


def test_options_take_the_flags_of_their_names_and_keep_their_other_defaults():
    config = Config(name="x", count=7)
    assert program.options_of(config, Options) == Options(count=7, rate=0.5, depth=2)


@pytest.mark.parametrize("name", PROGRAMS)
def test_help_needs_no_tensorflow(name):
    code = (
        "import sys\n"
        f"from piaa_tf.programs import {name}\n"
        "sys.exit('tensorflow' in sys.modules or 'numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def call(name, *arguments):
    return subprocess.run(
        [sys.executable, "-m", f"piaa_tf.programs.{name}", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def test_help_shows_the_command_and_the_flags():
    result = call("rank", "--help")
    assert result.returncode == 0
    assert "piaa-rank --prior=" in result.stdout
    assert "--user_id: Whose taste." in result.stdout
    assert "(default: '5.0')" in result.stdout


def test_a_users_mistake_is_one_sentence_and_exit_code_one(tmp_path):
    result = call("rank", f"--prior={tmp_path}", f"--photos={tmp_path}")
    assert result.returncode == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert str(tmp_path) in result.stderr


def test_stray_arguments_are_refused(tmp_path):
    result = call("rank", "stray", f"--prior={tmp_path}", f"--photos={tmp_path}")
    assert result.returncode == 1
    assert result.stderr.strip().endswith("Got stray. See --help.")
