import numpy as np
import pytest
from meta_reference import stream_of, write_ratings

LEVELS = (("support", 2), ("query", 2))


@pytest.fixture
def ratings(tmp_path):
    return write_ratings(tmp_path / "photos", [9, 12, 5, 7, 9, 9])


def first(dataset, count):
    return list(dataset.take(count).as_numpy_iterator())


def test_a_task_holds_its_images_ratings_and_batches(ratings):
    stream = stream_of(ratings)
    for element, task in zip(first(stream.tasks(LEVELS), 4), stream.sampler.tasks(0)):
        rows = np.concatenate([task.support, task.query])
        np.testing.assert_array_equal(
            element["rating"], (ratings.ratings[rows] - 1) / (5 - 1)
        )
        assert element["image"].shape == (len(rows), 6, 6, 3)
        assert element["num_support"] == len(task.support)
        for step, pool in enumerate([task.support, task.support] + [task.query] * 2):
            begin, end = element["batch_splits"][step : step + 2]
            np.testing.assert_array_equal(rows[element["batch_rows"][begin:end]], pool)


def test_fresh_batches_bring_only_the_support_images_they_need(ratings):
    stream = stream_of(ratings, inner_batch=1)
    for element, task in zip(first(stream.tasks(LEVELS), 4), stream.sampler.tasks(0)):
        batches = stream.sampler.batches(task, LEVELS)
        seen = {row for batch in batches[:2] for row in batch}
        assert element["num_support"] == len(seen)
        assert len(element["rating"]) == len(seen) + len(task.query)


def test_a_later_start_gives_the_rest_of_the_stream(ratings):
    stream = stream_of(ratings)
    whole = first(stream.tasks(LEVELS), 12)
    for a, b in zip(first(stream.tasks(LEVELS, first_step=2), 4), whole[8:]):
        for name, value in a.items():
            np.testing.assert_array_equal(value, b[name])


@pytest.mark.parametrize(
    ("workers", "replicas", "numbers"),
    [
        (1, 1, [[0, 1, 2, 3]]),
        (1, 2, [[0, 1, 2, 3]]),
        (2, 1, [[0, 2], [1, 3]]),
        (2, 2, [[0, 1], [2, 3]]),
    ],
)
def test_each_worker_gets_the_tasks_of_its_replicas(
    ratings, workers, replicas, numbers
):
    stream = stream_of(ratings)
    for index, own in enumerate(numbers):
        tasks = stream.tasks(LEVELS, worker=(index, workers), worker_replicas=replicas)
        found = [task["number"] for task in first(tasks, 2 * len(own))]
        assert found == own * 2
