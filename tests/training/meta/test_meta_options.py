import pytest

from piaa_tf.errors import InputError
from piaa_tf.training.meta.options import MetaOptions

GRADIENTS = {"learner": "fomaml", "outer_rate": 1e-3}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_tasks": 0}, r"num_tasks must be >= 1\. Got 0"),
        ({"inner_steps": 0}, r"inner_steps must be >= 1\. Got 0"),
        ({"inner_rate": 0.0}, r"inner_rate must be > 0 and finite\. Got 0\.0"),
        ({"outer_rate": -0.1}, r"outer_rate must be > 0 and finite\. Got -0\.1"),
        ({"outer_rate": float("nan")}, "outer_rate must be > 0"),
        ({"body_rate": 0.0}, "body_rate must be > 0"),
        ({"backbone_rate_ratio": 0.0}, "backbone_rate_ratio must be > 0"),
        ({"loss_scale": 0.0}, "loss_scale must be > 0"),
        ({"decay": 1.5}, r"decay must be in \(0, 1\]\. Got 1\.5"),
        ({"scope": "neck"}, r"scope must be one of .*Got 'neck'"),
        ({"learner": "sgd"}, "learner must be one of .*Got 'sgd'"),
        ({"adam": "old"}, "adam must be one of .*Got 'old'"),
        ({"update": "mean"}, "update must be one of .*Got 'mean'"),
        ({"batch_norm": "carry"}, "batch_norm must be one of .*Got 'carry'"),
        ({"outer_schedule": "cosine"}, "outer_schedule must be one of"),
        ({"learner": "fomaml"}, r"Adam's rate with learner 'fomaml', at most 0\.1"),
        ({**GRADIENTS, "update": "sequential"}, "belong to .*Got learner 'fomaml'"),
        ({**GRADIENTS, "batch_norm": "meta"}, "belong to .*Got learner 'fomaml'"),
        ({**GRADIENTS, "learner": "maml"}, r"needs scope='head'.*Got 'all'"),
        (
            {**GRADIENTS, "learner": "anil", "scope": "head", "adam": "kept"},
            "keeps no moments.*Got 'head' and 'kept'",
        ),
        ({"scope": "head", "batch_norm": "restore"}, "must be 'frozen'. Got 'rest"),
        ({"update": "sequential", "outer_rate": 1.1}, "must be <= 1 with update='s"),
        (
            {"batch_norm": "meta", "num_tasks": 5},
            r"num_tasks \* outer_rate must be <= 1 .*Got 5 \* 0\.25.*outer_rate=0\.2 ",
        ),
    ],
)
def test_what_does_not_fit_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        MetaOptions(**changes)


def test_a_third_of_three_tasks_is_not_too_much():
    assert MetaOptions(batch_norm="meta", num_tasks=3, outer_rate=1 / 3)


@pytest.mark.parametrize(
    ("changes", "levels"),
    [
        ({}, (("support", 5), ("query", 5))),
        ({"learner": "reptile"}, (("both", 10),)),
        (GRADIENTS, (("support", 5),)),
    ],
)
def test_levels_say_what_inner_steps_see(changes, levels):
    options = MetaOptions(**changes)
    assert options.levels == levels
    assert options.steps_per_task == sum(steps for _, steps in levels)
