"""What a meta-training run may choose, checked; defaults are those of the slides.

No TensorFlow is imported, so that flags can take their defaults from here.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal, get_args

from piaa_tf.errors import InputError

if TYPE_CHECKING:
    from piaa_tf.data.tasks import Pool

Scope = Literal["all", "head"]
Learner = Literal["blg", "reptile", "fomaml", "maml", "anil"]
AdamReset = Literal["fresh", "task", "kept"]
Update = Literal["sum", "sequential"]
BatchNorm = Literal["frozen", "restore", "meta"]
OuterSchedule = Literal["constant", "linear"]

BY_DIFFERENCE = ("blg", "reptile")
"""Learners whose outer step follows theta - theta_i; the others follow gradients."""

BY_DESCENT = ("maml", "anil")
"""Learners whose inner steps are plain gradient descent, differentiated through."""

MAX_GRADIENT_RATE = 0.1
FLOAT16_LOSS_SCALE = 1024.0


@dataclasses.dataclass(frozen=True)
class MetaOptions:
    """How theta learns from tasks.

    Attributes:
        num_tasks: k, tasks of a meta-step.
        inner_steps: S, of each level.
        inner_rate: alpha of what adapts inside.
        backbone_rate_ratio: alpha of the backbone over that of the rest; 1 on the
            slides, 0.1 as released (1e-4 and 1e-3).
        decay: factor of alpha per epoch; 1 on the slides, 0.9 as released.
        outer_rate: beta. With the learners `fomaml`, `maml` and `anil`, Adam's rate.
        outer_schedule: "constant" beta, or a "linear" fall to zero.
        body_rate: with scope "head", Adam's rate of what learns outside alone.
        scope: "all" weights adapt inside; or only the "head", the last linear layer.
        learner: the outer update: "blg" of the slides, or one of the others.
        adam: moments are "fresh" at each level, as the slides write a new
            Adam(L, theta') there; fresh at each "task" and kept through its second
            level; or "kept" over levels, tasks and meta-steps, as released.
        update: the "sum" of the slides, theta - beta * sum(theta - theta_i); or
            "sequential" as released: one task after another, each from the theta
            that the one before has moved.
        batch_norm: "frozen": inference mode inside, so that nothing is dropped either;
            "restore": batch statistics inside, the moving ones are fixed; "meta": the
            moving statistics are part of theta. They never pass from task to task.
        seed: of weights, tasks and dropout.
        loss_scale: factor of the loss while it is differentiated; with the precision
            "mixed_float16" `meta_train` makes it at least `FLOAT16_LOSS_SCALE`.
    """

    num_tasks: int = 4
    inner_steps: int = 5
    inner_rate: float = 1e-3
    backbone_rate_ratio: float = 1.0
    decay: float = 1.0
    outer_rate: float = 0.25
    outer_schedule: OuterSchedule = "constant"
    body_rate: float = 1e-4
    scope: Scope = "all"
    learner: Learner = "blg"
    adam: AdamReset = "fresh"
    update: Update = "sum"
    batch_norm: BatchNorm = "frozen"
    seed: int = 0
    loss_scale: float = 1.0

    def __post_init__(self) -> None:
        """Checks the numbers, and that the choices fit together."""
        for name in ("num_tasks", "inner_steps"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be >= 1. Got {getattr(self, name)}.")
        for name in (
            "inner_rate",
            "backbone_rate_ratio",
            "outer_rate",
            "body_rate",
            "loss_scale",
        ):
            if not 0 < getattr(self, name) < float("inf"):
                raise InputError(
                    f"{name} must be > 0 and finite. Got {getattr(self, name)}."
                )
        if not 0 < self.decay <= 1:
            raise InputError(f"decay must be in (0, 1]. Got {self.decay}.")
        for name, choices in (
            ("scope", Scope),
            ("learner", Learner),
            ("adam", AdamReset),
            ("update", Update),
            ("batch_norm", BatchNorm),
            ("outer_schedule", OuterSchedule),
        ):
            if getattr(self, name) not in get_args(choices):
                raise InputError(
                    f"{name} must be one of {get_args(choices)}. "
                    f"Got {getattr(self, name)!r}."
                )
        self._check_choices()

    def _check_choices(self) -> None:
        if self.is_by_difference:
            self._check_difference()
        elif self.outer_rate > MAX_GRADIENT_RATE:
            raise InputError(
                f"outer_rate is Adam's rate with learner {self.learner!r}, at most "
                f"{MAX_GRADIENT_RATE}. Got {self.outer_rate}. Try --outer_rate=1e-3."
            )
        elif self.update != "sum" or self.batch_norm == "meta":
            raise InputError(
                f"update='sequential' and batch_norm='meta' belong to {BY_DIFFERENCE}. "
                f"Got learner {self.learner!r}. Leave them out."
            )
        if self.learner in BY_DESCENT and (
            self.scope != "head" or self.adam != "fresh"
        ):
            raise InputError(
                f"learner {self.learner!r} needs scope='head', whose inner steps it "
                "differentiates, and keeps no moments: adam='fresh'. "
                f"Got {self.scope!r} and {self.adam!r}."
            )
        if self.scope == "head" and self.batch_norm != "frozen":
            raise InputError(
                "scope 'head' adapts on features computed once per task: batch_norm "
                f"must be 'frozen'. Got {self.batch_norm!r}."
            )

    def _check_difference(self) -> None:
        if self.update == "sequential" and self.outer_rate > 1:
            raise InputError(
                "outer_rate must be <= 1 with update='sequential': beyond, theta "
                f"overshoots theta_i. Got {self.outer_rate}."
            )
        share = self.outer_rate
        share *= self.num_tasks if self.update == "sum" else 1
        # 4 * 0.25 is exact, 3 * (1 / 3) need not be.
        if self.batch_norm == "meta" and share > 1 + 1e-9:
            raise InputError(
                "num_tasks * outer_rate must be <= 1 with batch_norm='meta': beyond, "
                "a moving variance can become negative. Got "
                f"{self.num_tasks} * {self.outer_rate}. "
                f"Pass --outer_rate={1 / self.num_tasks:.3g} or less."
            )

    @property
    def is_by_difference(self) -> bool:
        """Whether the outer step follows theta - theta_i, or a gradient."""
        return self.learner in BY_DIFFERENCE

    @property
    def levels(self) -> tuple[tuple[Pool, int], ...]:
        """What the inner steps see: (pool of `data.tasks`, steps) of each level."""
        if self.learner == "blg":
            return (("support", self.inner_steps), ("query", self.inner_steps))
        if self.learner == "reptile":
            return (("both", 2 * self.inner_steps),)
        return (("support", self.inner_steps),)

    @property
    def steps_per_task(self) -> int:
        """Inner steps of a task over all levels."""
        return sum(steps for _, steps in self.levels)


@dataclasses.dataclass(frozen=True)
class TaskOptions:
    """Which of a user's ratings make a task; checked by `data.tasks.TaskSampler`.

    Attributes:
        num_support: images of a support set, where the user has enough.
        num_query: images of a query set, where the user has enough.
        inner_batch: images of an inner step, newly drawn; 0 for the whole set at each
            step, as released.
        min_ratings: users with fewer are left out; 0 for nobody.
    """

    num_support: int = 80
    num_query: int = 20
    inner_batch: int = 0
    min_ratings: int = 0


@dataclasses.dataclass(frozen=True)
class MetaSchedule:
    """When a meta-training run ends, and what it does on its way.

    Attributes:
        num_steps: meta-steps of the run.
        checkpoint_steps: meta-steps between checkpoints besides those by time; 0: none.
        validation_steps: meta-steps between two measurements; 0 for one at the end
            alone.
    """

    num_steps: int = 2000
    checkpoint_steps: int = 0
    validation_steps: int = 100

    def __post_init__(self) -> None:
        """Checks the numbers."""
        for name, minimum in (
            ("num_steps", 1),
            ("checkpoint_steps", 0),
            ("validation_steps", 0),
        ):
            if not getattr(self, name) >= minimum:
                raise InputError(
                    f"{name} must be >= {minimum}. Got {getattr(self, name)}."
                )
