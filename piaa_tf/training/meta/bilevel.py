"""BLG-PIAA's bi-level meta-training: the algorithm of the slides under tf.distribute.

    3: for iteration = 1, 2, ... do                                   MetaTraining.run
    4:   sample a batch of k tasks                                    data.tasks
    5:   for i = 1, 2, ..., k do                                      _one_task
    7:     theta'_i = Adam(L_i, theta) for S steps on the support set learners.blg
    9:     theta_i = Adam(L_i, theta'_i) for S steps on the query set learners.blg
   11:   theta <- theta - beta * sum_i (theta - theta_i)              _outer

Between meta-steps the network holds theta. During one, theta is kept apart and the
network's variables are the fast weights: each replica has its own, and adapts one task
at a time, of any size, without padding and without tracing anew. The differences are
summed over tasks, then once over replicas.

Batch statistics, where they are not frozen, start at theta's for each task: carried
from one task to the next, they would make theta depend on the number of replicas.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import tensorflow as tf

from piaa_tf.adaptation.inner import AdamMoments, apply_adam
from piaa_tf.errors import InputError
from piaa_tf.training.meta.episode import Episode, FastWeight, Network
from piaa_tf.training.meta.learners import LEARNERS
from piaa_tf.training.meta.options import MetaOptions
from piaa_tf.training.meta.replica_local import replica_local

_LOSS, _BEFORE, _AFTER, _DIRECTION = range(4)


@dataclasses.dataclass(frozen=True, eq=False)
class Learned:
    """A variable that the outer update moves, and what it needs for that.

    Attributes:
        variable: of the network; it holds theta when it is moved.
        total: its directions, summed over a replica's tasks of a meta-step.
        rate: beta, or Adam's rate.
        moments: Adam's, first and second, along gradients; None along differences
            theta - theta_i, whose sum is followed as it is.
    """

    variable: tf.Variable
    total: tf.Variable
    rate: float
    moments: tuple[tf.Variable, tf.Variable] | None = None

    def add(self, direction: tf.Tensor, weight: tf.Tensor) -> None:
        """Adds a task's direction."""
        self.total.assign_add(tf.cast(weight, self.total.dtype) * direction)

    def move(self, total: tf.Tensor, factor: tf.Tensor, step: tf.Tensor) -> None:
        """Takes the outer step.

        Args:
            total: the directions, summed over all replicas.
            factor: of the rate at this step, a float64 scalar.
            step: number of the meta-step, from 0.
        """
        rate = factor * self.rate
        if self.moments is None:
            self.variable.assign_sub(tf.cast(rate, self.variable.dtype) * total)
        else:
            apply_adam(self.variable, *self.moments, total, rate, step + 1)


class MetaTraining(tf.Module):
    """Several meta-steps in one call into the graph.

    Attributes:
        state: what a checkpoint needs beside network and step: moments that outlive a
            task; empty for the slides' algorithm.
    """

    def __init__(
        self,
        network: Network,
        options: MetaOptions,
        *,
        strategy: tf.distribute.Strategy,
        num_steps: int,
        steps_per_epoch: int = 1,
    ) -> None:
        """Makes the slots.

        Args:
            network: made in the strategy's scope and in `replica_local`.
            options: of the algorithm.
            strategy: where replicas run.
            num_steps: meta-steps of the whole run, for the schedule of beta.
            steps_per_epoch: meta-steps after which alpha decays.

        Raises:
            InputError: k does not divide among the replicas, or moments are to be kept
                over tasks that run side by side.
        """
        super().__init__(name="meta_training")
        self._network, self._options, self._strategy = network, options, strategy
        self._num_steps, self._steps_per_epoch = num_steps, steps_per_epoch
        self._replicas = strategy.num_replicas_in_sync
        self._check_replicas()
        body = network.body.trainable_variables
        head = network.head.trainable_variables
        is_head = options.scope == "head"
        self._body = body if is_head else []
        adapted = head if is_head else [*body, *head]
        is_frozen = options.batch_norm == "frozen"
        statistics = [] if is_frozen else network.body.non_trainable_variables
        with strategy.scope(), replica_local():
            self._moments = AdamMoments(adapted)
            self._adapted = self._fast_weights(adapted)
            self._statistics = self._fast_weights(statistics)
            # Those that are a part of theta, and so move with it.
            self._moving = self._statistics if options.batch_norm == "meta" else []
            self._learned, outer_moments = self._make_learned(adapted)
            self._record = tf.Variable(
                tf.zeros([options.num_tasks, 4]), trainable=False, name="record"
            )
        kept = [outer_moments]
        kept += [self._moments] if options.adam == "kept" else []
        self.state = [slot for m in kept for slot in [*m.first, *m.second]]

    def _check_replicas(self) -> None:
        k = self._options.num_tasks
        if k % self._replicas:
            raise InputError(
                f"num_tasks must divide among the {self._replicas} replicas. Got {k}."
            )
        if self._options.adam == "kept" and self._replicas > 1:
            raise InputError(
                "adam='kept' runs through the tasks one after another, on one replica. "
                f"Got {self._replicas}. Pass --strategy=one, or --adam=fresh."
            )

    def _fast_weights(self, variables: Sequence[tf.Variable]) -> list[FastWeight]:
        backbone = {variable.ref() for variable in self._network.backbone}
        ratio = self._options.backbone_rate_ratio
        return [
            FastWeight(v, _slot(v, "theta"), ratio if v.ref() in backbone else 1.0)
            for v in variables
        ]

    def _make_learned(
        self, adapted: Sequence[tf.Variable]
    ) -> tuple[list[Learned], AdamMoments]:
        """Makes what the outer update moves, in the order of a task's directions."""
        options, differing, graded = self._options, [], []
        if options.is_by_difference:
            differing = [*adapted, *(weight.variable for weight in self._moving)]
        else:
            graded = [(variable, options.outer_rate) for variable in adapted]
        graded += [(variable, options.body_rate) for variable in self._body]
        moments = AdamMoments([variable for variable, _ in graded])
        along_differences = [
            Learned(v, _slot(v, "sum"), options.outer_rate) for v in differing
        ]
        along_gradients = [
            Learned(v, _slot(v, "sum"), rate, pair)
            for (v, rate), pair in zip(graded, zip(moments.first, moments.second))
        ]
        return [*along_differences, *along_gradients], moments

    @tf.function
    def run(
        self, iterator: Iterator, first_step: tf.Tensor, num_steps: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]:
        """Takes meta-steps first_step .. first_step + num_steps - 1.

        Args:
            iterator: of distributed `task_stream` elements, one task per replica, in
                the order of the tasks; the next one is first_step's.
            first_step: int32 scalar, counted from 0.
            num_steps: int32 scalar, at least 1.

        Returns:
            Means over the steps of `loss`, all inner steps of all tasks; `query_before`
            and `query_after` adaptation, over the tasks of the first step alone (the
            forward passes of more would cost time). And the first step, and its task,
            that were not finite, or -1.
        """
        loss = tf.constant(0.0)
        queries = tf.zeros([2])
        bad_step, bad_task = -1, -1
        for i in tf.range(num_steps):
            step, is_first = first_step + i, tf.equal(i, 0)
            record = self._meta_step(iterator, step, is_first)
            is_finite = tf.reduce_all(tf.math.is_finite(record), axis=1)
            if bad_step < 0 and not tf.reduce_all(is_finite):
                bad_step = step
                bad_task = tf.argmin(tf.cast(is_finite, tf.int32), output_type=tf.int32)
            loss += tf.reduce_mean(record[:, _LOSS])
            if is_first:
                queries = tf.reduce_mean(record[:, _BEFORE : _AFTER + 1], axis=0)
        means = {
            "loss": loss / tf.cast(num_steps, tf.float32),
            "query_before": queries[0],
            "query_after": queries[1],
        }
        return means, bad_step, bad_task

    def _meta_step(
        self, iterator: Iterator, step: tf.Tensor, is_measured: tf.Tensor
    ) -> tf.Tensor:
        self._strategy.run(self._begin)
        for _ in tf.range(self._options.num_tasks // self._replicas):
            self._strategy.run(self._one_task, args=(next(iterator), step, is_measured))
        record = self._strategy.run(self._outer, args=(step,))
        return self._strategy.experimental_local_results(record)[0]

    def _begin(self) -> None:
        for weight in [*self._adapted, *self._statistics]:
            weight.theta.assign(weight.variable)
        for slot in [*(learned.total for learned in self._learned), self._record]:
            slot.assign(tf.zeros(slot.shape, slot.dtype))

    def _one_task(
        self, task: Mapping[str, tf.Tensor], step: tf.Tensor, is_measured: tf.Tensor
    ) -> None:
        _to_theta([*self._adapted, *self._statistics])
        episode = Episode(
            self._network,
            self._adapted,
            self._moments,
            task,
            self._options,
            body=self._body,
            step=step,
            decay=self._inner_decay(step),
        )
        before = tf.cond(
            is_measured, lambda: self._first_query_loss(episode), lambda: 0.0
        )
        # Measuring in training mode has moved them.
        _to_theta(self._statistics)
        if self._options.adam == "task":
            self._moments.reset()
        outcome = LEARNERS[self._options.learner](episode)
        directions = [
            *outcome.directions,
            *(weight.difference() for weight in self._moving),
            *outcome.body_gradients,
        ]
        share = self._task_weight(step, task["number"])
        for learned, direction in zip(self._learned, directions):
            learned.add(direction, share)
        # The sum is finite unless an entry is not, or float32 itself overflows.
        checked = tf.add_n([tf.cast(tf.reduce_sum(d), tf.float32) for d in directions])
        self._write_record(
            task["number"],
            [tf.reduce_mean(outcome.losses), before, outcome.query_loss, checked],
        )

    def _write_record(self, number: tf.Tensor, values: Sequence[tf.Tensor]) -> None:
        row = tf.stack([tf.cast(value, tf.float32) for value in values])
        is_row = tf.one_hot(
            number, self._options.num_tasks, on_value=True, off_value=False
        )
        # Not by multiplication: nothing times a NaN is a NaN too.
        self._record.assign(tf.where(is_row[:, tf.newaxis], row, self._record))

    def _first_query_loss(self, episode: Episode) -> tf.Tensor:
        """Computes before adaptation what `Outcome.query_loss` is after it."""
        if self._options.learner == "blg":
            value = episode.loss(self._options.inner_steps)
        else:
            value = episode.query_loss()
        return tf.cast(value, tf.float32)

    def _outer(self, step: tf.Tensor) -> tf.Tensor:
        context = tf.distribute.get_replica_context()
        slots = [*(learned.total for learned in self._learned), self._record]
        *totals, record = context.all_reduce(
            tf.distribute.ReduceOp.SUM, [tf.identity(slot) for slot in slots]
        )
        # A loop of the graph waits for its writes alone: without a write behind it, the
        # read of the record may come after the next meta-step has overwritten it.
        with tf.control_dependencies([record]):
            _to_theta([*self._adapted, *self._statistics])
        factor = self._outer_factor(step)
        for learned, total in zip(self._learned, totals):
            learned.move(total, factor, step)
        return record

    def _inner_decay(self, step: tf.Tensor) -> tf.Tensor:
        epoch = tf.cast(step // self._steps_per_epoch, tf.float64)
        return tf.pow(tf.constant(self._options.decay, tf.float64), epoch)

    def _outer_factor(self, step: tf.Tensor) -> tf.Tensor:
        if self._options.outer_schedule == "constant":
            return tf.constant(1.0, tf.float64)
        return 1 - tf.cast(step, tf.float64) / self._num_steps

    def _task_weight(self, step: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
        """Computes the weight of a task in the sum of directions.

        One after another, theta <- theta - beta * (theta - theta_i) for i = 1..k is in
        closed form theta - beta * sum_i (1 - beta)^(k - i) (theta - theta_i): the order
        is in the weights, and the tasks may run side by side.
        """
        if self._options.update == "sum":
            return tf.constant(1.0, tf.float64)
        beta = self._outer_factor(step) * self._options.outer_rate
        later = self._options.num_tasks - 1 - number
        return tf.pow(1 - beta, tf.cast(later, tf.float64))


def _to_theta(weights: Sequence[FastWeight]) -> None:
    for weight in weights:
        weight.to_theta()


def _slot(variable: tf.Variable, name: str) -> tf.Variable:
    return tf.Variable(
        tf.zeros(variable.shape, variable.dtype),
        trainable=False,
        name=f"{variable.name.split(':')[0]}/{name}",
    )
