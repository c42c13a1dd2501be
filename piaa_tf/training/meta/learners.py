"""Learners: from one adapted task to a direction for the outer update of theta.

| learner | inner steps | direction |
|---|---|---|
| blg | Adam: S on support, S on query (slides) | theta - theta_i |
| reptile | Adam: 2 S on support and query together | theta - theta_i |
| fomaml | Adam: S on support | query gradient at theta' |
| anil | descent of the head: S on support | its query gradient through the steps |
| maml | the same | query gradient through the steps, of all weights |

Directions are summed over the tasks of a meta-step. Along differences the outer step is
theta <- theta - beta * sum; along gradients it is a step of Adam, which published MAML
code uses too. What does not adapt inside (scope "head") follows the gradient of the
query loss, the adapted head in place; blg takes it at theta', which has not seen the
query images yet.
"""

from __future__ import annotations

import dataclasses

import tensorflow as tf

from piaa_tf.adaptation.inner import check_gradients
from piaa_tf.training.meta.episode import Episode


@dataclasses.dataclass(frozen=True, eq=False)
class Outcome:
    """What one task says of theta.

    Attributes:
        directions: one per adapted variable, of its shape.
        body_gradients: one per variable that learns outside alone.
        losses: of the inner steps, before each, float32 [steps].
        query_loss: after adaptation to support; with reptile, to all.
    """

    directions: list[tf.Tensor]
    body_gradients: list[tf.Tensor]
    losses: tf.Tensor
    query_loss: tf.Tensor


def blg(episode: Episode) -> Outcome:
    """Adapts on support, then on query; lines 7 and 9 of the slides' algorithm."""
    steps = episode.options.inner_steps
    if not episode.body:
        losses = tf.reshape(episode.adapt(0, 2), [-1])
        return Outcome(episode.differences(), [], losses, losses[steps])
    support = episode.adapt(0, 1)[0]
    _, gradients = episode.query_gradients(episode.body)
    query = episode.adapt(1, 1)[0]
    return Outcome(
        episode.differences(), gradients, tf.concat([support, query], 0), query[0]
    )


def reptile(episode: Episode) -> Outcome:
    """Adapts on all images of the task; Nichol et al. 2018 (arXiv:1803.02999).

    Takes 2 S steps, as many as blg, in one run of Adam.
    """
    losses = episode.adapt(0, 1)[0]
    gradients: list[tf.Tensor] = []
    if episode.body:
        _, gradients = episode.query_gradients(episode.body)
    return Outcome(episode.differences(), gradients, losses, episode.query_loss())


def fomaml(episode: Episode) -> Outcome:
    """Adapts on support; the query gradient there, as if it had been taken at theta.

    First-order MAML, Finn et al. 2017 (arXiv:1703.03400), section 5.2; the inner steps
    are Adam's as in all of this project's adaptation.
    """
    losses = episode.adapt(0, 1)[0]
    value, gradients = episode.query_gradients([*episode.adapted, *episode.body])
    count = len(episode.adapted)
    return Outcome(gradients[:count], gradients[count:], losses, value)


def maml(episode: Episode) -> Outcome:
    """Differentiates the query loss through the inner steps, for head and body.

    Algorithm 1 of Finn et al. 2017 (arXiv:1703.03400), the inner loop on the head
    alone. Inner steps are gradient descent as in the paper: Adam's first is sign
    descent, which has no slope.
    """
    return _through_inner_steps(episode, is_body_inside=True)


def anil(episode: Episode) -> Outcome:
    """Differentiates through the inner steps for the head; the body sees the query.

    Raghu et al. 2020 (arXiv:1909.09157), "almost no inner loop". The body follows the
    query loss with the adapted head held fixed: its path through the inner steps is
    cut, which spares a second pass over the support.
    """
    return _through_inner_steps(episode, is_body_inside=False)


def _through_inner_steps(episode: Episode, *, is_body_inside: bool) -> Outcome:
    variables = [*episode.adapted, *episode.body]
    losses = []
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(variables)
        if is_body_inside:
            support = episode.embed(episode.image)
            query = support[-tf.shape(episode.query_rating)[0] :]
        else:
            support, query = episode.features, episode.embed(episode.query_image)
        weights = [tf.convert_to_tensor(variable) for variable in episode.adapted]
        for step in range(episode.options.inner_steps):
            loss, weights = episode.descend(weights, step, support)
            losses.append(tf.cast(loss, tf.float32))
        query_loss = episode.head_loss(weights, query, episode.query_rating)
        scaled = query_loss * episode.options.loss_scale
    gradients = tape.gradient(scaled, variables)
    check_gradients(gradients, variables)
    gradients = [gradient / episode.options.loss_scale for gradient in gradients]
    count = len(episode.adapted)
    return Outcome(gradients[:count], gradients[count:], tf.stack(losses), query_loss)


LEARNERS = {
    "blg": blg,
    "reptile": reptile,
    "fomaml": fomaml,
    "maml": maml,
    "anil": anil,
}
