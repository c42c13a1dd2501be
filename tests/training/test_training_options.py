import pytest

from piaa_tf.errors import InputError
from piaa_tf.training.options import RunOptions


@pytest.mark.parametrize(
    ("name", "minimum"),
    [("steps_per_call", 1), ("checkpoint_minutes", 0), ("cache_gb", 0)],
)
def test_a_run_of_too_little_is_refused(name, minimum):
    with pytest.raises(InputError, match=f"{name} must be >= {minimum}. Got -1"):
        RunOptions(**{name: -1})


def test_a_gigabyte_of_cache_is_so_many_bytes():
    assert RunOptions(cache_gb=1.5).cache_bytes == 3 * 2**29


@pytest.mark.parametrize(
    ("described", "said"),
    [
        (None, {"epochs": 3, "keep_aspect": True}),
        ({"role": "mine"}, {"role": "mine", "keep_aspect": True}),
    ],
)
def test_a_prior_says_how_it_was_trained_and_always_its_aspect(described, said):
    run = RunOptions(described=described)
    assert run.training({"epochs": 3}, keep_aspect=True) == said
