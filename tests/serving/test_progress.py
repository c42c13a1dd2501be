import numpy as np

from serving.progress import INTERVAL_S, with_progress
from serving.results import Saliency


def test_progress_is_logged_now_and_then_and_at_the_end(caplog):
    times = iter([0.0, 1.0, INTERVAL_S, INTERVAL_S + 1, 10.0])
    results = [Saliency(np.ones([n, 1, 1]), np.ones(n, bool)) for n in (1, 4, 3, 2)]
    with caplog.at_level("INFO", logger="absl"):
        passed = list(with_progress(results, 10, clock=lambda: next(times)))
    assert passed == results
    # After the second result 5 of 10 were done in 5 s.
    assert [record.message for record in caplog.records] == [
        "photograph  5/10  1.0 photographs/s  eta 5 s",
        "photograph 10/10  1.0 photographs/s  eta 0 s",
    ]
