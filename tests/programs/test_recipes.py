import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RECIPES = sorted((ROOT / "recipes").glob("*/*.flags"))
EVALUATE = {
    *("dataset", "data_dir", "prior", "systems", "num_images"),
    *("repeats", "quick", "seed", "out"),
}


def name_of(recipe):
    return str(recipe.relative_to(ROOT))


def program_of(recipe):
    """The program that the first line calls."""
    first = recipe.read_text().splitlines()[0]
    return re.fullmatch(rf"# piaa-([a-z-]+) --flagfile={name_of(recipe)}", first)[1]


def config_of(program):
    """The config of a console program, by its entry point's name; None: not there."""
    module = f"piaa_tf.programs.{program.replace('-', '_')}"
    if importlib.util.find_spec(module) is None:
        return None
    loaded = importlib.import_module(module)
    return getattr(loaded, loaded.run.__annotations__["config"])


def recipes_of(*programs):
    return [recipe for recipe in RECIPES if program_of(recipe) in programs]


@pytest.mark.parametrize("recipe", RECIPES, ids=name_of)
def test_every_recipe_says_how_it_is_called_and_what_to_expect(recipe):
    comments = [x for x in recipe.read_text().splitlines() if x.startswith("#")]
    assert program_of(recipe)
    for word in ("# Published", "# Expected, estimated"):
        assert any(line.startswith(word) for line in comments), word


TRAINING = recipes_of("train-generic", "train-multitask", "meta-train")


@pytest.mark.parametrize("recipe", TRAINING, ids=name_of)
@pytest.mark.parametrize("is_on_eight", [False, True])
def test_every_flag_of_a_training_recipe_exists(parse_flags, recipe, is_on_eight):
    program = program_of(recipe)
    kind = "meta" if program == "meta-train" else "train"
    more = [f"--flagfile={ROOT}/recipes/8gpus_{kind}.flags"] if is_on_eight else []
    config = parse_flags(config_of(program), f"--flagfile={recipe}", *more)
    assert config.run_dir.startswith(f"runs/{recipe.parent.name}/")
    assert config.strategy == ("mirrored" if is_on_eight else "one")
    divided = config.num_tasks if kind == "meta" else config.batch_size
    assert not is_on_eight or divided % 8 == 0


@pytest.mark.parametrize("recipe", recipes_of("meta-train"), ids=name_of)
def test_eight_gpus_meta_train_on_as_many_tasks(parse_flags, recipe):
    one, eight = (
        parse_flags(config_of("meta-train"), f"--flagfile={recipe}", *more)
        for more in ([], [f"--flagfile={ROOT}/recipes/8gpus_meta.flags"])
    )
    assert one.steps * one.num_tasks == eight.steps * eight.num_tasks
    assert one.num_tasks * one.outer_rate == eight.num_tasks * eight.outer_rate == 1


@pytest.mark.parametrize("recipe", recipes_of("evaluate"), ids=name_of)
def test_every_flag_of_an_evaluation_exists(parse_flags, recipe):
    names = re.findall(r"^--([a-z_]+)", recipe.read_text(), re.MULTILINE)
    assert set(names) <= EVALUATE
    config_class = config_of("evaluate")
    if config_class is not None:
        parse_flags(config_class, f"--flagfile={recipe}")


def test_a_recipe_starts_from_what_another_one_writes(parse_flags):
    written = {
        parse_flags(config_of(program_of(r)), f"--flagfile={r}").run_dir
        for r in TRAINING
    }
    for recipe in RECIPES:
        needed = re.findall(r"--(?:init_)?prior=(.+)/prior", recipe.read_text())
        assert set(needed) <= written
