"""Tasks with their images, in the order in which replicas adapt to them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from piaa_tf.data.python_calls import call_python, read_ahead
from piaa_tf.data.samples import PersonalRatings
from piaa_tf.data.streams import DEFAULT_CACHE_BYTES, PixelCache
from piaa_tf.data.tasks import Pool, Task, TaskSampler
from piaa_tf.training.strategy import distribute


@dataclasses.dataclass(frozen=True, eq=False)
class TaskStream:
    """Meta-training's data: users, their images, what each inner step sees.

    Attributes:
        ratings: of the users of meta-training.
        sampler: draws the tasks of these ratings.
        image_size: S, side of the images in pixels.
        keep_aspect: cut the centre square instead of squeezing.
        cache_bytes: memory for decoded images.
    """

    ratings: PersonalRatings
    sampler: TaskSampler
    image_size: int
    keep_aspect: bool = False
    cache_bytes: int = DEFAULT_CACHE_BYTES

    def tasks(
        self,
        levels: tuple[tuple[Pool, int], ...],
        *,
        first_step: int = 0,
        worker: tuple[int, int] = (0, 1),
        worker_replicas: int = 1,
    ) -> tf.data.Dataset:
        """Draws one worker's tasks, endlessly.

        With R replicas in all, replica r adapts to the tasks r, r + R, r + 2 R, ... of
        each meta-step.

        Args:
            levels: (pool, inner steps) of each level.
            first_step: meta-step of the first task.
            worker: (index, count) of the workers.
            worker_replicas: replicas of this worker.

        Returns:
            Dataset of single tasks, consecutive ones for consecutive replicas:
            `image` uint8 [n, S, S, 3], support first; `rating` float32 [n] on [0, 1];
            `num_support` int32 []; `batch_rows` int32 [m], the rows into the n images
            of all inner steps in a row; `batch_splits` int32 [steps + 1], where each
            step's begin and end; `number` int32 [], of the task in its meta-step.
            Reading it raises what `data.images.input_errors` translates.
        """
        numbers = _numbers(self.sampler.num_tasks, worker, worker_replicas)
        cache = PixelCache(
            self.ratings.paths,
            self.image_size,
            keep_aspect=self.keep_aspect,
            max_bytes=self.cache_bytes,
        )
        unit = self.ratings.rating_range.to_unit(self.ratings.ratings)

        def draw(count: np.ndarray) -> dict[str, np.ndarray | np.int32]:
            step, place = divmod(int(count), len(numbers))
            task = self.sampler.task(step, numbers[place])
            batches = self.sampler.batches(task, levels)
            rows = _used_rows(task, batches)
            place_of = {row: i for i, row in enumerate(rows)}
            return {
                "image": np.stack(cache.pixels(rows)),
                "rating": unit[rows].astype(np.float32),
                "num_support": np.int32(len(rows) - len(task.query)),
                "batch_rows": np.array(
                    [place_of[row] for batch in batches for row in batch], np.int32
                ),
                "batch_splits": np.cumsum([0, *map(len, batches)], dtype=np.int32),
                "number": np.int32(task.number),
            }

        described = _described(self.image_size, sum(steps for _, steps in levels))
        # Which worker has which task is settled above.
        return read_ahead(
            tf.data.Dataset.counter(first_step * len(numbers)),
            lambda count: call_python(draw, [count], described),
        )

    def distributed(
        self,
        levels: tuple[tuple[Pool, int], ...],
        strategy: tf.distribute.Strategy,
        *,
        first_step: int = 0,
    ) -> tf.data.Dataset | tf.distribute.DistributedDataset:
        """Hands each replica its tasks, in order; arguments as in `tasks`."""

        def of_worker(context: tf.distribute.InputContext) -> tf.data.Dataset:
            workers = context.num_input_pipelines
            return self.tasks(
                levels,
                first_step=first_step,
                worker=(context.input_pipeline_id, workers),
                worker_replicas=context.num_replicas_in_sync // workers,
            )

        return distribute(strategy, of_worker)


def _described(size: int, steps: int) -> dict[str, tf.TensorSpec]:
    """Describes a task of images of some size with so many inner steps in all."""
    return {
        "image": tf.TensorSpec([None, size, size, 3], tf.uint8),
        "rating": tf.TensorSpec([None], tf.float32),
        "num_support": tf.TensorSpec([], tf.int32),
        "batch_rows": tf.TensorSpec([None], tf.int32),
        "batch_splits": tf.TensorSpec([steps + 1], tf.int32),
        "number": tf.TensorSpec([], tf.int32),
    }


def _numbers(
    num_tasks: int, worker: tuple[int, int], worker_replicas: int
) -> list[int]:
    """Numbers of a worker's tasks in each meta-step, replica by replica, in rounds."""
    index, workers = worker
    replicas = workers * worker_replicas
    return [
        number
        for number in range(num_tasks)
        if number % replicas // worker_replicas == index
    ]


def _used_rows(task: Task, batches: Sequence[np.ndarray]) -> np.ndarray:
    """Rows of the support images that an inner step sees, then of all query ones."""
    seen = np.unique(np.concatenate(batches))
    support = task.support[np.isin(task.support, seen)]
    return np.concatenate([support, task.query])
