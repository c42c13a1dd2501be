"""The inner loop: Adam with fresh moments, S steps, on given weights.

One update rule, two forms of it. `adapt_weights` works on plain tensors, one row a
user, and assigns nothing: it adapts fusion and head offline, in an exported graph and
on a phone. `adapt_variables` works on a network's variables in place: it adapts whole
networks, offline and inside meta-training. Both compute, for t = 1..S,

    m <- b1 m + (1 - b1) g         v <- b2 v + (1 - b2) g^2
    theta <- theta - rate * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)

which is Adam of the slides ("Adam(L_tau, theta)", BLG-PIAA) with the bias correction
and epsilon of torch.optim.Adam, which the released code runs. Keras adds epsilon before
the correction and so differs where gradients are tiny.

An optimizer's `apply_gradients` has no place here: inside a replica it sums over
replicas, and so would mix people.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf

from piaa_tf.losses import rating_loss

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8

ScoreFunction = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""(weights [users, P], embedding [users, images, D]) -> scores [users, images]."""


def adapt_weights(
    score: ScoreFunction,
    weights: tf.Tensor,
    embedding: tf.Tensor,
    rating: tf.Tensor,
    count: tf.Tensor,
    *,
    steps: int,
    rate: float,
) -> tf.Tensor:
    """Adapts each user's weights to that user's ratings alone.

    Minimises L_b, the mean squared error over the user's ratings. A row's result does
    not depend on the other rows.

    Args:
        score: a user's scores, differentiable in the weights, row by row.
        weights: where each user starts, [users, P].
        embedding: of the rated images, [users, N, D]; rows beyond a user's count are
            padding of any finite value.
        rating: in the user's range, [users, N]; padded likewise.
        count: number of ratings of each user, int [users], 1..N.
        steps: S.
        rate: alpha.

    Returns:
        The adapted weights, [users, P].
    """
    rated = tf.sequence_mask(count, tf.shape(rating)[1], dtype=rating.dtype)
    share = rated / tf.cast(count, rating.dtype)[:, tf.newaxis]

    def step(
        t: tf.Tensor, theta: tf.Tensor, m: tf.Tensor, v: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(theta)
            loss = tf.reduce_sum(rating_loss(score(theta, embedding), rating) * share)
        g = tape.gradient(loss, theta)
        m = BETA1 * m + (1 - BETA1) * g
        v = BETA2 * v + (1 - BETA2) * tf.square(g)
        corrected_m = m / (1 - tf.pow(tf.constant(BETA1, g.dtype), t))
        corrected_v = v / (1 - tf.pow(tf.constant(BETA2, g.dtype), t))
        theta = theta - rate * corrected_m / (tf.sqrt(corrected_v) + EPSILON)
        return t + 1, theta, m, v

    zeros = tf.zeros_like(weights)
    _, adapted, _, _ = tf.while_loop(
        lambda t, *_: t <= steps,
        step,
        (tf.ones([], weights.dtype), weights, zeros, zeros),
    )
    return adapted


class AdamMoments:
    """The moments of `adapt_variables`: one pair of slots per adapted variable.

    Create it in the same scopes as the variables; `reset` before each person.
    """

    def __init__(self, variables: Sequence[tf.Variable]) -> None:
        """Creates zero moments for the variables, in their order."""
        self.first = [self._zeros(v, "first") for v in variables]
        self.second = [self._zeros(v, "second") for v in variables]

    @staticmethod
    def _zeros(variable: tf.Variable, name: str) -> tf.Variable:
        return tf.Variable(
            tf.zeros(variable.shape, variable.dtype),
            trainable=False,
            name=f"{variable.name.split(':')[0]}/{name}_moment",
        )

    def reset(self) -> None:
        """Sets both moments back to zero."""
        for slot in [*self.first, *self.second]:
            slot.assign(tf.zeros(slot.shape, slot.dtype))


def adapt_variables(
    variables: Sequence[tf.Variable],
    moments: AdamMoments,
    loss: Callable[[tf.Tensor], tf.Tensor],
    *,
    steps: int | tf.Tensor,
    rates: Sequence[float | tf.Tensor],
    steps_before: int | tf.Tensor = 0,
    loss_scale: float = 1.0,
) -> tf.Tensor:
    """Takes S Adam steps on variables, in place.

    Args:
        variables: theta, float32 or float64; in a replica, replica-local.
        moments: of exactly these variables. They are used as they are: reset them for
            a fresh start, keep them (with `steps_before`) to continue.
        loss: the scalar loss of a step, given its number as an int32 scalar from zero.
        steps: S.
        rates: alpha of each variable.
        steps_before: steps that the moments have already seen.
        loss_scale: factor of the loss while it is differentiated, undone in the
            gradients; a power of two keeps float16's small gradients from vanishing.

    Returns:
        The loss before each step, float32 [S].

    Raises:
        ValueError: A variable has no gradient: the loss does not depend on it.
    """
    losses = tf.TensorArray(tf.float32, size=steps, element_shape=[])
    for step in tf.range(steps):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(variables)
            value = loss(step)
            scaled = value * loss_scale
        gradients = tape.gradient(scaled, variables)
        check_gradients(gradients, variables)
        losses = losses.write(step, tf.cast(value, tf.float32))
        t = steps_before + step + 1
        if loss_scale != 1:
            gradients = [gradient / loss_scale for gradient in gradients]
        for i, variable in enumerate(variables):
            apply_adam(
                variable, moments.first[i], moments.second[i], gradients[i], rates[i], t
            )
    return losses.stack()


def check_gradients(gradients: Sequence, variables: Sequence[tf.Variable]) -> None:
    """Refuses missing gradients, of which TensorFlow only warns.

    Raises:
        ValueError: A gradient is None.
    """
    missing = [v.name for g, v in zip(gradients, variables) if g is None]
    if missing:
        raise ValueError(
            "The loss must depend on every trained variable. Got no gradient for "
            f"{missing}. Leave them out, or mend the wiring."
        )


def apply_adam(
    variable: tf.Variable,
    first: tf.Variable,
    second: tf.Variable,
    gradient: tf.Tensor,
    rate: float | tf.Tensor,
    t: int | tf.Tensor,
) -> None:
    """Takes one Adam step on one variable, in place.

    Args:
        variable: theta; in a replica, replica-local.
        first: m, moved too.
        second: v, moved too.
        gradient: of the variable's shape.
        rate: alpha.
        t: number of the step, counted from 1.
    """
    dtype = variable.dtype
    beta1, beta2 = tf.constant(BETA1, dtype), tf.constant(BETA2, dtype)
    power1, power2 = tf.pow(beta1, tf.cast(t, dtype)), tf.pow(beta2, tf.cast(t, dtype))
    # The kernel adds epsilon to sqrt(v), not to sqrt(v / (1 - b2^t)); scaled, it is
    # the formula above.
    tf.raw_ops.ResourceApplyAdam(
        var=variable.handle,
        m=first.handle,
        v=second.handle,
        beta1_power=power1,
        beta2_power=power2,
        lr=tf.cast(rate, dtype),
        beta1=beta1,
        beta2=beta2,
        epsilon=tf.constant(EPSILON, dtype) * tf.sqrt(1 - power2),
        grad=gradient,
    )
