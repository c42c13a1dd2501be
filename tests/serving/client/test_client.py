import math
import socket
import threading

import grpc
import numpy as np
import pytest
from fake_model_server import (
    BONUS,
    KNOWN_USER,
    MAX_SUPPORT,
    FakeModelServer,
    running,
)

from piaa_tf.contract.signatures import SIGNATURES
from piaa_tf.errors import InputError
from serving.client.call_error import CallError
from serving.client.client import Client
from serving.client.connection import Connection, Retries
from serving.client.request_limits import RequestLimits
from serving.client.results import RESULTS

QUICK = Retries(attempts=4, first_wait_s=0.01, longest_wait_s=0.02)
GOOD, LONGER, BAD = b"ok", b"ok longer", b"no photo"


@pytest.fixture
def model():
    return FakeModelServer()


@pytest.fixture
def connect(model):
    with running(model) as address:

        def connect(model_name="aesthetics", retries=QUICK, version=0, **limits):
            client = Client(
                Connection(address, retries=retries),
                model_name,
                model_version=version,
                limits=RequestLimits(**limits),
            )
            clients.append(client)
            return client

        clients = []
        yield connect
        for client in clients:
            client.close()


@pytest.fixture
def client(connect):
    return connect()


def test_scores_come_in_the_order_of_the_photos(client):
    scores = client.score([GOOD, LONGER], KNOWN_USER)
    assert scores.score.tolist() == [len(GOOD) + BONUS, len(LONGER) + BONUS]
    assert scores.known_user.tolist() == [True, True]
    assert scores.image_ok.tolist() == [True, True]


def test_each_photo_may_have_its_own_user(client):
    scores = client.score([GOOD, GOOD, GOOD], ["bert", KNOWN_USER, ""])
    assert scores.known_user.tolist() == [False, True, False]
    assert scores.score.tolist() == [len(GOOD), len(GOOD) + BONUS, len(GOOD)]


def test_a_bad_photo_fails_its_row_alone(client):
    scores = client.score([GOOD, BAD, GOOD], KNOWN_USER)
    assert scores.image_ok.tolist() == [True, False, True]
    assert np.isnan(scores.score).tolist() == [False, True, False]


def test_zeros_at_the_end_of_a_photo_are_sent(client):
    padded = GOOD + bytes(5)
    assert client.score([padded], "").score.tolist() == [len(padded)]


def test_every_signature_has_its_method(client):
    images = [GOOD, BAD]
    generic = client.generic(images)
    assert generic.distribution.shape == (2, 3)
    assert generic.mean_score[0] == len(GOOD)
    assert client.personality(images).traits.shape == (2, 5)
    embedded = client.embed(images)
    assert embedded.image_ok.tolist() == [True, False]
    np.testing.assert_array_equal(embedded.embedding[0], len(GOOD) + np.arange(4))
    assert client.explain([GOOD], KNOWN_USER).saliency.tolist() == [[[3, 3], [3, 3]]]
    embedding = np.ones([2, 4])
    by_user = client.score_embedding(embedding, ["bert", KNOWN_USER])
    assert by_user.score.tolist() == [4, 4 + BONUS]
    by_weights = client.score_with_weights(embedding, [0.5, 0.25])
    assert by_weights.score.tolist() == [4.75, 4.75]
    each = client.score_with_weights(embedding, [[1, 1], [2, 2]])
    assert each.score.tolist() == [6, 8]


def test_results_are_named_as_the_contract_names_them():
    for name, kind in RESULTS.items():
        outputs = {output.name for output in SIGNATURES[name].outputs}
        assert set(kind.__dataclass_fields__) == outputs


def test_a_prior_without_distribution_has_none(model, client):
    from piaa_tf.contract.signatures import served_signatures

    model.served = served_signatures(has_distribution=False, has_traits=False)
    assert client.generic([GOOD]).distribution is None
    with pytest.raises(InputError, match="'personality', which needs a prior that"):
        client.personality([GOOD])


def test_adapting_gives_weights(client):
    adapted = client.adapt(np.ones([3, 4]), [1, 2, 5])
    assert adapted.user_weights.tolist() == [8, 8]
    assert adapted.problem == ""


def test_adapting_and_scoring_is_one_request(model, client):
    adapted = client.adapt_and_score([GOOD], [3], [GOOD, BAD, LONGER])
    assert adapted.image_ok.tolist() == [True, False, True]
    assert adapted.score[[0, 2]].tolist() == [len(GOOD) + 6, len(LONGER) + 6]
    assert math.isnan(adapted.score[1])
    assert adapted.user_weights.tolist() == [3, 3]
    assert len(model.requests) == 1


@pytest.mark.parametrize(
    ("ratings", "embedding", "sentence"),
    [
        ([1, 2, 7], np.ones([3, 4]), "Got 3 ratings from 1 to 7. The"),
        (
            [1, 2],
            [[1] * 4, [math.nan] * 4],
            "from 1 to 2, 1 of 2 embeddings that are not",
        ),
        ([4] * (MAX_SUPPORT + 1), np.ones([MAX_SUPPORT + 1, 4]), "Got 6 ratings"),
    ],
)
def test_what_cannot_be_adapted_to_is_said_in_a_sentence(
    client, ratings, embedding, sentence
):
    adapted = client.adapt(embedding, ratings)
    assert sentence in adapted.problem
    assert "prior's weights are used" in adapted.problem
    assert adapted.user_weights.tolist() == [0, 0]


def test_unfit_support_photos_are_reported_too(client):
    adapted = client.adapt_and_score([GOOD, GOOD], [1, 9], [GOOD])
    assert "each photo readable. Got 2 ratings from 1 to 9" in adapted.problem


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda c: c.score([], "anna"), "score needs at least one photo"),
        (lambda c: c.score(GOOD, "anna"), "Got the bytes of one. Put it in a list"),
        (lambda c: c.score([GOOD], ["a", "b"]), "one user_id for each photo. Got 2"),
        (lambda c: c.score([GOOD], "a\nb"), "a control character"),
        (lambda c: c.score_embedding([1, 2], "a"), r"a row for each photo.*\[2\]"),
        (lambda c: c.adapt([[1] * 4], [1, 2]), "Got 1 photos and ratings of shape"),
        (lambda c: c.adapt(np.ones([0, 4]), []), "at least one. Got 0 photos"),
        (lambda c: c.adapt_and_score([GOOD], [1], []), "At least one photo must be"),
        (lambda c: c.score_with_weights(np.ones([2, 4]), np.ones([3, 2])), "Got 3 for"),
        (lambda c: list(c.stream("judge", [])), "must be one of score, generic"),
    ],
)
def test_wrong_arguments_are_refused(model, client, call, sentence):
    with pytest.raises(InputError, match=sentence):
        call(client)
    assert model.requests == []


def test_many_photos_go_out_in_requests_of_a_few(model, connect):
    scores = connect(max_rows=3, max_in_flight=2).score([GOOD] * 8, "")
    assert len(scores.score) == 8
    assert sorted(model.batches) == [2, 3, 3]


def test_a_request_holds_so_many_bytes_and_a_large_photo_goes_alone(model, connect):
    photos = [b"ok" + bytes(n) for n in (400, 400, 400, 5000, 400)]
    scores = connect(max_request_bytes=1000, max_in_flight=1).score(photos, "")
    assert scores.score.tolist() == [len(photo) for photo in photos]
    assert model.batches == [2, 1, 1, 1]


def test_several_requests_are_under_way_but_no_more_than_allowed(model, connect):
    client = connect(max_rows=1, max_in_flight=3)
    read = []

    def rows():
        for i in range(9):
            read.append(i)
            yield {"image_bytes": GOOD, "user_id": b""}

    # Each request waits until three are under way.
    model.meet = threading.Barrier(3, timeout=30).wait
    stream = client.stream("score", rows())
    next(stream)
    # One row more is read to see that a request is full.
    assert len(read) == 3 + 1
    assert sum(1 for _ in stream) == 8
    assert model.most_at_once == 3


def test_unavailable_is_tried_again(model, client):
    model.failures = [(grpc.StatusCode.UNAVAILABLE, "queue is full")] * 3
    assert client.score([GOOD], "").score.tolist() == [len(GOOD)]
    assert len(model.requests) == 4


def test_a_call_that_a_server_refuses_as_it_ends_is_tried_again(model, connect):
    model.failures = [(grpc.StatusCode.CANCELLED, "")] * 2
    assert connect().score([GOOD], "").score.tolist() == [len(GOOD)]


def test_large_requests_are_tried_again_too(model, connect):
    # gRPC's own buffer for repetitions holds 256 KiB.
    large = b"ok" + bytes(2 << 20)
    model.failures = [(grpc.StatusCode.UNAVAILABLE, "queue is full")] * 2
    assert connect().score([large], "").score.tolist() == [len(large)]


def test_unavailable_for_too_long_is_said(model, client):
    model.failures = [(grpc.StatusCode.UNAVAILABLE, "queue is full")] * 4
    with pytest.raises(CallError, match=r"must be reachable. Got UNAVAILABLE: queue"):
        client.score([GOOD], "")
    assert len(model.requests) == QUICK.attempts


@pytest.mark.parametrize(
    ("code", "details", "sentence"),
    [
        ("INTERNAL", "boom.", "must answer for the model 'aesthetics'. Got INTERNAL"),
        ("FAILED_PRECONDITION", "padding is turned off", "without --enable_batching"),
        ("RESOURCE_EXHAUSTED", "too many", "have room for the request"),
        (
            "UNAUTHENTICATED",
            "",
            "authenticate the client. Got UNAUTHENTICATED: no reason",
        ),
        ("PERMISSION_DENIED", "no", "must allow the call"),
        ("UNIMPLEMENTED", "Method not found!", "be TensorFlow Serving, or speak its"),
        ("DEADLINE_EXCEEDED", "", "must answer within 60 s"),
    ],
)
def test_nothing_else_is_tried_again(model, client, code, details, sentence):
    model.failures = [(grpc.StatusCode[code], details)]
    with pytest.raises(CallError, match=sentence) as raised:
        client.score([GOOD], "")
    assert raised.value.code == grpc.StatusCode[code]
    assert len(model.requests) == 1


def test_every_call_has_a_deadline(model, connect):
    client = connect(timeout_s=0.2)
    client.served()
    ended = threading.Event()
    model.meet = ended.wait
    with pytest.raises(CallError, match=r"must answer within 0.2 s. Got DEADLINE_EXC"):
        client.score([GOOD], "")
    ended.set()


def test_an_unknown_model_is_said(connect):
    with pytest.raises(CallError, match=r"must serve the model 'other', version 3\. "):
        connect("other", version=3).score([GOOD], "")


def test_a_server_that_is_not_there_is_said():
    with socket.socket() as held:
        # Bound and not listening: nobody else can have the port meanwhile.
        held.bind(("localhost", 0))
        address = f"localhost:{held.getsockname()[1]}"
        client = Client(Connection(address, retries=QUICK), "aesthetics")
        with pytest.raises(CallError, match=f"server at {address} must be reachable"):
            client.served()
        client.close()


def test_waiting_ends_when_the_server_comes(model, connect):
    served = connect().wait_until_served(60)
    assert served.version == model.version


def test_waiting_for_a_model_that_never_comes_ends(connect):
    with pytest.raises(CallError, match="must serve the model 'other'"):
        connect("other").wait_until_served(0.01)


def test_a_request_that_is_too_large_is_sent_in_parts(model, caplog):
    photos = [b"ok" + bytes(n) for n in (600, 700, 5000, 100)]
    limit = [("grpc.max_receive_message_length", 2000)]
    with running(model, options=limit) as address, caplog.at_level("WARNING"):
        client = Client(Connection(address), "aesthetics")
        scores = client.score(photos, KNOWN_USER)
        client.close()
    assert scores.image_ok.tolist() == [True, True, False, True]
    assert scores.known_user.all()
    assert scores.score[[0, 1, 3]].tolist() == [
        len(photos[i]) + BONUS for i in (0, 1, 3)
    ]
    assert "a photo of 5002 bytes was refused" in caplog.text


def test_a_request_that_is_wrong_as_such_is_not_sent_for_ever(model, client):
    model.refuses = lambda request: (grpc.StatusCode.INVALID_ARGUMENT, "never")
    with pytest.raises(CallError, match="Got INVALID_ARGUMENT: never"):
        client.score([GOOD] * 4, "")
    # Four rows, two, one, and one without its photo.
    assert len(model.requests) == 4


def test_another_version_in_the_middle_is_logged(model, client, caplog):
    client.score([GOOD], "")
    model.version += 1
    with caplog.at_level("WARNING"):
        client.score([GOOD], "")
    assert "version 8 answers instead of 7" in caplog.text


def test_the_request_says_which_model_is_meant(model, connect):
    connect(version=5).score([GOOD], "")
    spec = model.requests[0].model_spec
    assert (spec.name, spec.signature_name) == ("aesthetics", "score")
    assert spec.version.value == 5


def test_version_and_label_exclude_each_other():
    with pytest.raises(InputError, match=r"a version or a label. Got 3 and 'stable'"):
        Client(Connection("here:1"), "m", model_version=3, model_label="stable")


@pytest.mark.parametrize("name", ["max_rows", "max_request_bytes", "max_in_flight"])
def test_limits_must_leave_something(name):
    with pytest.raises(InputError, match=f"{name} must be >= 1. Got 0"):
        RequestLimits(**{name: 0})


def test_a_deadline_is_in_the_future():
    with pytest.raises(InputError, match=r"timeout_s must be > 0. Got 0"):
        RequestLimits(timeout_s=0)
