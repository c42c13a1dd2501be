import threading

import numpy as np
import pytest

from piaa_tf.errors import InputError
from serving.server.batching import Batcher, merge
from serving.server.batching_options import BatchingOptions
from serving.server.server import Server
from serving.server.status import ServingError, invalid_argument


class Doubler:
    """Doubles x; keeps the sizes of its runs, and waits where it is told to."""

    name = "doubler"

    def __init__(self):
        self.sizes = []
        self.entered = threading.Semaphore(0)
        self.may_go = threading.Event()
        self.may_go.set()

    def run(self, signature_name, inputs, outputs, timeout_s=None):
        self.sizes.append(len(inputs["x"]))
        self.entered.release()
        assert self.may_go.wait(10)
        if np.any(inputs["x"] < 0):
            raise invalid_argument("x must be >= 0.")
        return {"y": 2 * inputs["x"]}


@pytest.fixture
def batcher_of():
    batchers = []

    def batcher_of(**options):
        batchers.append(Batcher(BatchingOptions(**{"num_batch_threads": 1, **options})))
        return batchers[-1]

    yield batcher_of
    for batcher in batchers:
        batcher.close()


class Call:
    """A request in a thread of its own."""

    def __init__(self, batcher, servable, *x, timeout_s=None):
        self.arguments = (servable, "s", {"x": np.array(x)}, ["y"], timeout_s)
        self.batcher = batcher
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        try:
            self.answer = self.batcher.run(*self.arguments)["y"].tolist()
        except ServingError as error:
            self.answer = str(error)

    def result(self):
        self.thread.join(10)
        return self.answer


def blocked(batcher, servable):
    """Occupies the only thread, so that what comes now waits in the queue."""
    servable.may_go.clear()
    first = Call(batcher, servable, 100)
    assert servable.entered.acquire(timeout=10)
    return first


def wait_for_rows(batcher, num_rows):
    def holds():
        queued = (b for queue in batcher._queues.values() for b in queue)
        return sum(batch.num_rows for batch in queued) == num_rows

    with batcher._changed:
        while not holds():
            assert batcher._changed.wait(10)


def test_requests_that_wait_run_as_one_and_get_their_own_rows(batcher_of):
    servable, batcher = Doubler(), batcher_of()
    first = blocked(batcher, servable)
    calls = [Call(batcher, servable, 1, 2), Call(batcher, servable, 3)]
    wait_for_rows(batcher, 3)
    servable.may_go.set()
    assert [call.result() for call in (first, *calls)] == [[200], [2, 4], [6]]
    assert servable.sizes == [1, 3]


def test_a_batch_takes_no_more_rows_than_allowed(batcher_of):
    servable, batcher = Doubler(), batcher_of(max_batch_size=3)
    first = blocked(batcher, servable)
    calls = [Call(batcher, servable, n, n) for n in range(3)]
    wait_for_rows(batcher, 6)
    servable.may_go.set()
    answers = [[200], *([2 * n, 2 * n] for n in range(3))]
    assert [call.result() for call in (first, *calls)] == answers
    assert servable.sizes == [1, 2, 2, 2]


def test_one_bad_request_fails_alone(batcher_of):
    servable, batcher = Doubler(), batcher_of()
    first = blocked(batcher, servable)
    calls = [Call(batcher, servable, 1), Call(batcher, servable, -1)]
    wait_for_rows(batcher, 2)
    servable.may_go.set()
    assert [call.result() for call in (first, *calls)] == [
        [200],
        [2],
        "INVALID_ARGUMENT: x must be >= 0.",
    ]


def test_a_full_queue_refuses(batcher_of):
    servable, batcher = Doubler(), batcher_of(max_batch_size=1, max_enqueued_batches=1)
    first = blocked(batcher, servable)
    second = Call(batcher, servable, 1)
    wait_for_rows(batcher, 1)
    with pytest.raises(ServingError, match=r"UNAVAILABLE: The batch .* queue .* full"):
        batcher.run(servable, "s", {"x": np.array([1])}, ["y"])
    servable.may_go.set()
    assert [first.result(), second.result()] == [[200], [2]]


def test_who_has_waited_too_long_is_told(batcher_of):
    servable, batcher = Doubler(), batcher_of()
    first = blocked(batcher, servable)
    late = Call(batcher, servable, 1, timeout_s=0.0)
    wait_for_rows(batcher, 1)
    servable.may_go.set()
    assert first.result() == [200]
    assert "RESOURCE_EXHAUSTED: Run() timeout exceeded" in late.result()
    assert servable.sizes == [1]


def test_batches_are_padded_to_an_allowed_size(batcher_of):
    servable = Doubler()
    batcher = batcher_of(max_batch_size=8, allowed_batch_sizes=(4, 8))
    assert Call(batcher, servable, 1, 2, 3).result() == [2, 4, 6]
    assert Call(batcher, servable, *range(5)).result() == [0, 2, 4, 6, 8]
    assert servable.sizes == [4, 8]


def test_large_requests_are_refused_or_split(batcher_of):
    servable = Doubler()
    small = batcher_of(max_batch_size=2)
    assert (
        "Task size 3 is larger than maximum input batch size 2"
        in Call(small, servable, 1, 2, 3).result()
    )
    splitting = batcher_of(
        max_batch_size=4, enable_large_batch_splitting=True, max_execution_batch_size=2
    )
    assert Call(splitting, servable, *range(5)).result() == [0, 2, 4, 6, 8]
    assert servable.sizes == [2, 2, 1]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"x": np.array(1)}, "must have at least one dimension"),
        ({"x": np.ones(2), "z": np.ones(3)}, "must have equal 0th-dimension size"),
    ],
)
def test_inputs_without_common_rows_are_refused(batcher_of, inputs, message):
    with pytest.raises(ServingError, match=message):
        batcher_of().run(Doubler(), "s", inputs, ["y"])


def test_an_output_without_rows_is_refused(batcher_of):
    class Summer(Doubler):
        def run(self, signature_name, inputs, outputs, timeout_s=None):
            return {"y": np.sum(inputs["x"])}

    with pytest.raises(ServingError, match="output tensor has 0 dimensions"):
        batcher_of().run(Summer(), "s", {"x": np.ones(2)}, ["y"])


def test_rows_of_other_shapes_wait_elsewhere(batcher_of):
    servable, batcher = Doubler(), batcher_of()
    first = blocked(batcher, servable)
    calls = [Call(batcher, servable, [1, 2]), Call(batcher, servable, [1, 2, 3])]
    wait_for_rows(batcher, 2)
    servable.may_go.set()
    answers = [[200], [[2, 4]], [[2, 4, 6]]]
    assert [call.result() for call in (first, *calls)] == answers


def test_shorter_rows_are_padded_with_their_first_element():
    merged = merge([np.array([[5, 6]]), np.array([[1, 2, 3]])], 1, pads_rows=True)
    assert merged.tolist() == [[5, 6, 5], [1, 2, 3], [1, 2, 3]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_batch_size": 0}, "max_batch_size must be >= 1. Got 0"),
        ({"allowed_batch_sizes": (4, 2)}, "must be monotonically increasing"),
        ({"allowed_batch_sizes": (2, 4)}, "last entry was 4; expected 1000"),
        ({"max_execution_batch_size": 2000}, "must be <= max_batch_size. Got 2000"),
    ],
)
def test_parameters_that_contradict_each_other(options, message):
    with pytest.raises(InputError, match=message):
        BatchingOptions(**options)


def test_a_server_batches_by_its_file(halves_base, tmp_path, connect, ask):
    file = tmp_path / "batching.config"
    file.write_text(
        "max_batch_size { value: 4 } allowed_batch_sizes: [2, 4] "
        "num_batch_threads { value: 1 } batch_timeout_micros { value: 100 }"
    )
    with Server.on_free_ports(
        model_base_path=str(halves_base),
        model_name="halves",
        enable_batching=True,
        batching_parameters_file=str(file),
    ) as server:
        prediction, _ = connect(server.address)
        futures = [
            prediction.Predict.future(ask("halves", x=[float(n)]), timeout=10)
            for n in range(20)
        ]
        answers = [f.result().outputs["y"].float_val[0] for f in futures]
        assert answers == [n / 2 + 2 for n in range(20)]
        assert b'processed_batch_size_sum{model_name="halves"} 20' in (
            server.metrics.page()
        )
