import concurrent.futures
import json
import threading
import urllib.request

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

import serving.server.server
from piaa_tf.errors import InputError
from serving.server.engine import Engine
from serving.server.health import WHOLE
from serving.server.options import ANY_FREE_PORT, ServerOptions
from serving.server.server import Server

# Made for these tests: openssl req -x509 -newkey ec -days 36500 -subj /CN=localhost
KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgr7bNkLZ4uvOwIz2Q
qGnlz1EsdpO/e8dRZjOgxJ80OYOhRANCAAQ0+wAV5RD/OKGCKs+jlO6N8PUIVyfn
Xusy37A2BKLtr5Ty+SilE2e0eEKUXn+lINcFJXbZvqKO1YE+o9e/ltJb
-----END PRIVATE KEY-----
"""
CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUa8uIrBhyTZrXpunnts/tQU5PcaAwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNTAzMjQyMVoYDzIxMjYxMTAx
MDMyNDIxWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQ0+wAV5RD/OKGCKs+jlO6N8PUIVyfnXusy37A2BKLtr5Ty+SilE2e0
eEKUXn+lINcFJXbZvqKO1YE+o9e/ltJbo28wbTAdBgNVHQ4EFgQUGzzfjnKZJ5cZ
gmM36jiS+Yy7PP8wHwYDVR0jBBgwFoAUGzzfjnKZJ5cZgmM36jiS+Yy7PP8wDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIgFB9cTJMi08aiaV13/AXc5AyH5PiW1SYTexPNDVaRGBUCIQDh
jk/NqaX5DgMqTPb41fsvxL+gMA74i/ksrj8vIHyExw==
-----END CERTIFICATE-----
"""

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model_base_path": ""}, "model_base_path or model_config_file must be given"),
        ({"batching_parameters_file": "x"}, "without setting enable_batching"),
        ({"rest_api_port": 8500}, "rest_api_port cannot be same as port. Got 8500"),
        ({"port": 70000}, r"port must be 1\.\.65535.* Got 70000"),
        ({"port": 0}, "nobody could reach the server"),
        ({"max_message_bytes": 0}, "max_message_bytes must be >= 1. Got 0"),
        ({"max_num_load_retries": -1}, "max_num_load_retries must be >= 0. Got -1"),
        ({"grace_seconds": -1.0}, r"grace_seconds must be >= 0. Got -1\.0"),
        (
            {"tensorflow_session_parallelism": 1, "tensorflow_intra_op_parallelism": 1},
            "Either tensorflow_session_parallelism or",
        ),
    ],
)
def test_options_that_contradict_each_other(options, message):
    with pytest.raises(InputError, match=message):
        ServerOptions(**{"model_base_path": "m", **options})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"grpc_channel_arguments": "grpc.x"}, r"must be key=value.* Got grpc\.x"),
        ({"model_config_file": "/none"}, "/none cannot be read"),
        ({"ssl_config_file": "/none"}, "/none cannot be read"),
    ],
)
def test_files_and_arguments_are_checked_before_anything_loads(options, message):
    with pytest.raises(InputError, match=message):
        Server.on_free_ports(model_base_path="m", **options)


def test_defaults_are_those_of_tensorflow_model_server():
    options = ServerOptions(model_base_path="m")
    assert (options.port, options.rest_api_port) == (8500, 0)
    assert options.model_name == "default"
    assert options.max_num_load_retries == 5
    assert options.load_retry_interval_micros == 60 * 10**6
    assert options.file_system_poll_wait_seconds == 1
    assert options.rest_api_timeout_in_ms == 30_000
    assert options.host == "127.0.0.1"


def test_a_model_that_does_not_load_is_told(tmp_path):
    (tmp_path / "1").mkdir()
    server = Server.on_free_ports(
        model_base_path=str(tmp_path), model_name="m", max_num_load_retries=0
    )
    with pytest.raises(InputError, match=r"Failed to start.*{name: m version: 1}"):
        server.start()


@pytest.fixture
def no_load(monkeypatch):
    """Nothing may be loaded."""

    def load(*arguments, **options):
        raise AssertionError("loaded")

    monkeypatch.setattr(serving.server.server, "load_servable", load)


@pytest.mark.parametrize("flag", ["port", "rest_api_port"])
def test_a_port_that_is_taken_is_told_before_anything_loads(
    halves_server, halves_base, no_load, flag
):
    server = Server.on_free_ports(
        model_base_path=str(halves_base), **{flag: halves_server.port}
    )
    with pytest.raises(InputError, match=f"{halves_server.port} cannot be listened on"):
        server.start()


@pytest.mark.parametrize("flag", ["port", "rest_api_port"])
def test_a_port_that_is_taken_meanwhile_is_told_too(
    halves_server, halves_base, monkeypatch, flag
):
    server = Server.on_free_ports(
        model_base_path=str(halves_base), **{flag: halves_server.port}
    )
    monkeypatch.setattr(serving.server.server, "check_place", lambda options: None)
    with pytest.raises(InputError, match=f"{halves_server.port} cannot be listened on"):
        server.start()


def test_two_servers_cannot_have_one_socket(halves_base, tmp_path, connect, ask):
    options = ServerOptions(
        model_base_path=str(halves_base),
        model_name="m",
        port=0,
        grpc_socket_path=str(tmp_path / "grpc.sock"),
    )
    for _ in range(2):  # what the first one leaves there does not matter
        with Server(options):
            with pytest.raises(InputError, match=r"grpc\.sock cannot be listened on"):
                Server(options).start()
            prediction, _ = connect(f"unix:{options.grpc_socket_path}")
            assert prediction.Predict(ask("m", x=[2.0]), timeout=10).outputs["y"]


@pytest.mark.parametrize("way", ["flag", "file"])
def test_a_base_path_that_is_not_there_is_told_at_once(tmp_path, no_load, way):
    missing = tmp_path / "missing"
    options = {"model_base_path": str(missing), "model_name": "m"}
    if way == "file":
        file = tmp_path / "models.config"
        file.write_text(
            f'model_config_list {{ config {{ name: "m" base_path: "{missing}" '
            'model_platform: "tensorflow" } }'
        )
        options = {"model_config_file": str(file)}
    server = Server.on_free_ports(**options)
    with pytest.raises(
        InputError, match=r"of model m must be a folder .*wait_for_base"
    ):
        server.start()


def test_a_base_path_may_be_waited_for(tmp_path, publish, connect, ask):
    base = tmp_path / "later"
    server = Server.on_free_ports(
        model_base_path=str(base), model_name="m", wait_for_base_path=True
    )
    starting = threading.Thread(target=server.start)
    starting.start()
    try:
        (tmp_path / "hidden").mkdir()
        publish(tmp_path / "hidden", 1, 2)
        (tmp_path / "hidden").rename(base)
        starting.join(20)
        assert not starting.is_alive()
        prediction, _ = connect(server.address)
        assert prediction.Predict(ask("m", x=[2.0]), timeout=10).outputs["y"]
    finally:
        server.stop()


def test_a_base_path_may_be_a_link_that_moves(tmp_path, publish, connect, ask):
    for number, offset in ((1, 2), (2, 5)):
        (tmp_path / f"release{number}").mkdir()
        publish(tmp_path / f"release{number}", number, offset)
    base = tmp_path / "current"
    base.symlink_to(tmp_path / "release1")
    with Server.on_free_ports(
        model_base_path=str(base), model_name="m", file_system_poll_wait_seconds=0
    ) as server:
        prediction, _ = connect(server.address)
        first = prediction.Predict(ask("m", x=[2.0]), timeout=10)
        (tmp_path / "next").symlink_to(tmp_path / "release2")
        (tmp_path / "next").rename(base)
        server.models.poll()
        model = server.models.get("m")
        assert model.wait_for(
            lambda: model.is_available(2) and not model.is_available(1), 20
        )
        second = prediction.Predict(ask("m", x=[2.0]), timeout=10)
    values = [r.outputs["y"].float_val[0] for r in (first, second)]
    assert values == [2 / 2 + 2, 2 / 2 + 5]


def test_a_model_that_loads_does_not_hold_up_the_end(tmp_path, publish, monkeypatch):
    publish(tmp_path, 1, 2)
    entered, leave = threading.Event(), threading.Event()
    load_servable = serving.server.server.load_servable

    def load_slowly(*arguments, **options):
        entered.set()
        assert leave.wait(20)
        return load_servable(*arguments, **options)

    monkeypatch.setattr(serving.server.server, "load_servable", load_slowly)
    server = Server.on_free_ports(model_base_path=str(tmp_path), model_name="m")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        starting = pool.submit(server.start)
        assert entered.wait(20)
        model = server.models.get("m")
        assert not server.stop()
        with pytest.raises(InputError, match="Failed to start server"):
            starting.result(20)
        leave.set()
    # What had begun to load is unloaded.
    model.stop()
    assert model.has_ended(20)


def test_it_waits_for_a_first_version(tmp_path, publish, connect, ask, monkeypatch):
    server = Server.on_free_ports(
        model_base_path=str(tmp_path), model_name="m", file_system_poll_wait_seconds=0
    )
    is_configured = threading.Event()
    monkeypatch.setattr(server._health, "update", is_configured.set)
    starting = threading.Thread(target=server.start)
    starting.start()
    try:
        assert is_configured.wait(10)
        model = server.models.get("m")
        assert model.wait_for(model.has_polled_in_vain, 10)
        publish(tmp_path, 1, 2)
        server.models.poll()
        starting.join(20)
        assert not starting.is_alive()
        prediction, _ = connect(server.address)
        assert prediction.Predict(ask("m", x=[2.0]), timeout=10).outputs["y"]
    finally:
        server.stop()


@pytest.fixture
def health():
    channels = []

    def health(server):
        channels.append(grpc.insecure_channel(server.address))
        return health_pb2_grpc.HealthStub(channels[-1])

    yield health
    for channel in channels:
        channel.close()


def check(stub, service=""):
    request = health_pb2.HealthCheckRequest(service=service)
    return stub.Check(request, timeout=10).status


def test_health_of_the_server_and_of_each_model(tmp_path, publish, health):
    publish(tmp_path, 1, 2)
    with Server.on_free_ports(
        model_base_path=str(tmp_path), model_name="m", file_system_poll_wait_seconds=0
    ) as server:
        stub = health(server)
        assert check(stub) == check(stub, "m") == SERVING
        assert check(stub, "tensorflow.serving.PredictionService") == SERVING
        with pytest.raises(grpc.RpcError, match="NOT_FOUND"):
            check(stub, "other")
        # The whole server changes last, so once it has, the rest may be asked.
        request = health_pb2.HealthCheckRequest(service=WHOLE[-1])
        watch = stub.Watch(request, timeout=20)
        try:
            assert next(watch).status == SERVING
            (tmp_path / "1").rename(tmp_path / "hidden")
            server.models.poll()
            assert next(watch).status == NOT_SERVING
        finally:
            watch.cancel()
        assert check(stub) == check(stub, "m") == NOT_SERVING


class SlowEngine:
    """Answers only when it may."""

    checks_method_name = False

    def __init__(self, engine):
        self.engine = engine
        self.entered, self.may_go = threading.Event(), threading.Event()

    def run(self, *arguments, **options):
        self.entered.set()
        assert self.may_go.wait(20)
        return self.engine.run(*arguments, **options)


@pytest.mark.parametrize("way", ["grpc", "rest"])
def test_requests_under_way_end_before_the_server_does(
    halves_base, monkeypatch, connect, ask, way
):
    slow = []

    def slow_engine(*arguments, **options):
        slow.append(SlowEngine(Engine(*arguments, **options)))
        return slow[0]

    monkeypatch.setattr(serving.server.server, "Engine", slow_engine)
    server = Server.on_free_ports(
        model_base_path=str(halves_base),
        model_name="m",
        rest_api_port=ANY_FREE_PORT,
        grace_seconds=20.0,
    )
    server.start()
    prediction, _ = connect(server.address)

    def predict():
        if way == "grpc":
            response = prediction.Predict(ask("m", x=[2.0]), timeout=20)
            return response.outputs["y"].float_val[0]
        url = f"http://127.0.0.1:{server.rest_port}/v1/models/m:predict"
        body = json.dumps({"instances": [2.0]}).encode()
        with urllib.request.urlopen(url, body, timeout=20) as response:
            return json.loads(response.read())["predictions"][0]["y"]

    with concurrent.futures.ThreadPoolExecutor() as pool:
        answer = pool.submit(predict)
        assert slow[0].entered.wait(10)
        stopping = pool.submit(server.stop)
        server.wait()
        assert not stopping.done()
        slow[0].may_go.set()
        assert answer.result(20) == 2 / 2 + 2
        stopping.result(20)
    with pytest.raises(grpc.RpcError, match="UNAVAILABLE"):
        prediction.Predict(ask("m", x=[2.0]), timeout=10)


def test_a_socket_serves_too(halves_base, tmp_path, connect, ask):
    socket = tmp_path / "grpc.sock"
    with Server(
        ServerOptions(
            model_base_path=str(halves_base),
            model_name="m",
            port=0,
            grpc_socket_path=str(socket),
        )
    ):
        prediction, _ = connect(f"unix:{socket}")
        assert prediction.Predict(ask("m", x=[2.0]), timeout=10).outputs["y"]


def test_a_message_that_is_too_large_is_refused(halves_base, connect, ask):
    with Server.on_free_ports(
        model_base_path=str(halves_base), model_name="m", max_message_bytes=1 << 12
    ) as server:
        prediction, _ = connect(server.address)
        with pytest.raises(grpc.RpcError, match="larger than max") as caught:
            prediction.Predict(ask("m", x=[1.0] * 2000), timeout=10)
        assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert prediction.Predict(ask("m", x=[1.0] * 100), timeout=10).outputs["y"]


def test_keys_close_the_port_to_those_without(halves_base, tmp_path, connect, ask):
    file = tmp_path / "ssl.config"
    key, certificate = (text.replace("\n", "\\n") for text in (KEY, CERTIFICATE))
    file.write_text(f'server_key: "{key}" server_cert: "{certificate}"')
    with Server.on_free_ports(
        model_base_path=str(halves_base), model_name="m", ssl_config_file=str(file)
    ) as server:
        credentials = grpc.ssl_channel_credentials(CERTIFICATE.encode())
        with grpc.secure_channel(f"localhost:{server.port}", credentials) as channel:
            prediction = PredictionServiceStub(channel)
            assert prediction.Predict(ask("m", x=[2.0]), timeout=10).outputs["y"]
        prediction, _ = connect(server.address)
        with pytest.raises(grpc.RpcError, match="UNAVAILABLE"):
            prediction.Predict(ask("m", x=[2.0]), timeout=10)
