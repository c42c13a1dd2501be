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

from collections.abc import Iterator, Mapping

import tensorflow as tf

from piaa_tf.adaptation.inner import AdamMoments, apply_adam
from piaa_tf.errors import InputError
from piaa_tf.training.meta.episode import Episode, Network
from piaa_tf.training.meta.learners import LEARNERS
from piaa_tf.training.meta.options import MetaOptions
from piaa_tf.training.meta.replica_local import replica_local

_LOSS, _BEFORE, _AFTER, _DIRECTION = range(4)


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
        self._adapted = head if is_head else [*body, *head]
        self._body = body if is_head else []
        self._statistics = (
            []
            if options.batch_norm == "frozen"
            else list(network.body.non_trainable_variables)
        )
        self._make_slots()

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

    def _make_slots(self) -> None:
        options = self._options
        is_by_difference = options.is_by_difference
        moved = self._statistics if options.batch_norm == "meta" else []
        # What follows sum(theta - theta_i), and what follows a gradient, by rate.
        self._by_difference = [*self._adapted, *moved] if is_by_difference else []
        by_outer_rate = [] if is_by_difference else self._adapted
        self._by_gradient = [*by_outer_rate, *self._body]
        self._gradient_rates = [options.outer_rate] * len(by_outer_rate)
        self._gradient_rates += [options.body_rate] * len(self._body)
        self._fast = [*self._adapted, *self._statistics]
        backbone = {variable.ref() for variable in self._network.backbone}
        ratio = options.backbone_rate_ratio
        self._ratios = [ratio if v.ref() in backbone else 1.0 for v in self._adapted]
        with self._strategy.scope(), replica_local():
            self._moments = AdamMoments(self._adapted)
            self._outer_moments = AdamMoments(self._by_gradient)
            self._theta = [_slot(v, "theta") for v in self._fast]
            self._sums = [
                _slot(v, "sum") for v in [*self._by_difference, *self._by_gradient]
            ]
            self._record = tf.Variable(
                tf.zeros([options.num_tasks, 4]), trainable=False, name="record"
            )
        kept = [self._outer_moments]
        kept += [self._moments] if options.adam == "kept" else []
        self.state = [slot for m in kept for slot in [*m.first, *m.second]]

    @tf.function
    def run(
        self, iterator: Iterator, first_step: tf.Tensor, num_steps: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]:
        """Takes meta-steps first_step .. first_step + num_steps - 1.

        Args:
            iterator: of distributed `task_stream` elements, one task per replica, in
                the order of the tasks; it stands at first_step.
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

    def _meta_step(self, iterator, step, is_measured) -> tf.Tensor:
        self._strategy.run(self._begin)
        for _ in tf.range(self._options.num_tasks // self._replicas):
            self._strategy.run(self._one_task, args=(next(iterator), step, is_measured))
        record = self._strategy.run(self._outer, args=(step,))
        return self._strategy.experimental_local_results(record)[0]

    def _begin(self) -> None:
        for slot, variable in zip(self._theta, self._fast):
            slot.assign(variable)
        for slot in [*self._sums, self._record]:
            slot.assign(tf.zeros(slot.shape, slot.dtype))

    def _one_task(self, task: Mapping[str, tf.Tensor], step, is_measured) -> None:
        options, number = self._options, task["number"]
        fold_in = tf.random.experimental.stateless_fold_in
        done = (step * options.num_tasks + number) * options.steps_per_task
        self._to_theta(self._fast, self._theta)
        episode = Episode(
            self._network,
            self._adapted,
            self._body,
            self._moments,
            self._theta,
            task,
            key=fold_in(tf.stack([options.seed, step]), number),
            rates=self._inner_rates(step),
            steps_before=done,
            options=options,
        )
        before = tf.cond(
            is_measured, lambda: self._first_query_loss(episode), lambda: 0.0
        )
        # Measuring in training mode has moved the statistics.
        start = len(self._adapted)
        self._to_theta(self._statistics, self._theta[start:])
        if options.adam == "task":
            self._moments.reset()
        outcome = LEARNERS[options.learner](episode)
        moved = self._by_difference[start:]
        directions = [
            *outcome.directions,
            *(theta - v for theta, v in zip(self._theta[start:], moved)),
            *outcome.body_gradients,
        ]
        weight = self._task_weight(step, number)
        for slot, direction in zip(self._sums, directions):
            slot.assign_add(tf.cast(weight, slot.dtype) * direction)
        # The sum is finite unless an entry is not, or float32 itself overflows.
        checked = tf.add_n([tf.cast(tf.reduce_sum(d), tf.float32) for d in directions])
        values = [tf.reduce_mean(outcome.losses), before, outcome.query_loss, checked]
        row = tf.stack([tf.cast(value, tf.float32) for value in values])
        is_row = tf.one_hot(number, options.num_tasks, on_value=True, off_value=False)
        # Not by multiplication: nothing times a NaN is a NaN too.
        self._record.assign(tf.where(is_row[:, tf.newaxis], row, self._record))

    def _first_query_loss(self, episode: Episode) -> tf.Tensor:
        """The loss before adaptation of what `Outcome.query_loss` is the loss after."""
        if self._options.learner == "blg":
            value = episode.loss(self._options.inner_steps)
        else:
            value = episode.query_loss()
        return tf.cast(value, tf.float32)

    def _outer(self, step: tf.Tensor) -> tf.Tensor:
        context = tf.distribute.get_replica_context()
        *sums, record = context.all_reduce(
            tf.distribute.ReduceOp.SUM,
            [tf.identity(slot) for slot in [*self._sums, self._record]],
        )
        # A loop of the graph waits for its writes alone: without a write behind it, the
        # read of the record may come after the next meta-step has overwritten it.
        with tf.control_dependencies([record]):
            self._to_theta(self._fast, self._theta)
        beta = self._outer_factor(step) * self._options.outer_rate
        count = len(self._by_difference)
        for variable, total in zip(self._by_difference, sums[:count]):
            variable.assign_sub(tf.cast(beta, variable.dtype) * total)
        for i, variable in enumerate(self._by_gradient):
            apply_adam(
                variable,
                self._outer_moments.first[i],
                self._outer_moments.second[i],
                sums[count + i],
                self._outer_factor(step) * self._gradient_rates[i],
                step + 1,
            )
        return record

    @staticmethod
    def _to_theta(variables, theta) -> None:
        for variable, value in zip(variables, theta):
            variable.assign(value)

    def _inner_rates(self, step: tf.Tensor) -> list[tf.Tensor]:
        # float64: rounded to float32 here, a float64 run would not be one.
        epoch = tf.cast(step // self._steps_per_epoch, tf.float64)
        decay = tf.pow(tf.constant(self._options.decay, tf.float64), epoch)
        return [decay * (self._options.inner_rate * ratio) for ratio in self._ratios]

    def _outer_factor(self, step: tf.Tensor) -> tf.Tensor:
        if self._options.outer_schedule == "constant":
            return tf.constant(1.0, tf.float64)
        return 1 - tf.cast(step, tf.float64) / self._num_steps

    def _task_weight(self, step: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
        """Weight of a task in the sum of directions.

        One after another, theta <- theta - beta * (theta - theta_i) for i = 1..k is in
        closed form theta - beta * sum_i (1 - beta)^(k - i) (theta - theta_i): the order
        is in the weights, and the tasks may run side by side.
        """
        if self._options.update == "sum":
            return tf.constant(1.0, tf.float64)
        beta = self._outer_factor(step) * self._options.outer_rate
        later = self._options.num_tasks - 1 - number
        return tf.pow(1 - beta, tf.cast(later, tf.float64))


def _slot(variable: tf.Variable, name: str) -> tf.Variable:
    return tf.Variable(
        tf.zeros(variable.shape, variable.dtype),
        trainable=False,
        name=f"{variable.name.split(':')[0]}/{name}",
    )
