"""What clients see of a server that ends, and of the next one."""

import collections
import concurrent.futures
import http.client
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from serving.client import Connection
from serving.server import ANY_FREE_PORT, Server

ROOT = Path(__file__).parents[3]
NUM_REQUESTS, NUM_CONNECTIONS = 1000, 16


class GrpcClient:
    """One connection to a server, with the retries of every client of ours."""

    def __init__(self, server, ask):
        connection = Connection(f"127.0.0.1:{server.port}")
        self.channel = connection.open([("grpc.use_local_subchannel_pool", 1)])
        self.ask = ask

    def __call__(self, number):
        stub = PredictionServiceStub(self.channel)
        response = stub.Predict(self.ask("m", x=[float(number)]), timeout=20)
        return response.outputs["y"].float_val[0]

    def close(self):
        self.channel.close()


class RestClient:
    """One connection to a server, opened anew where the server has closed it."""

    def __init__(self, server, _):
        port = server.rest_port
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

    def __call__(self, number):
        while True:
            try:
                if self.connection.sock is None:
                    self.connection.connect()
                break
            except ConnectionRefusedError:  # between the servers
                time.sleep(0.01)
        body = json.dumps({"instances": [number]})
        self.connection.request("POST", "/v1/models/m:predict", body)
        return json.loads(self.connection.getresponse().read())["predictions"][0]["y"]

    def close(self):
        self.connection.close()


@pytest.mark.parametrize("kind", [GrpcClient, RestClient])
def test_no_request_is_lost_between_two_servers(halves_base, ask, kind):
    options = {"model_base_path": str(halves_base), "model_name": "m"}
    first = Server.on_free_ports(rest_api_port=ANY_FREE_PORT, **options)
    first.start()
    numbers = itertools.count()
    wrong = collections.Counter()
    some_are_answered = threading.Event()

    def work():
        client = kind(first, ask)
        while (number := next(numbers)) < NUM_REQUESTS:
            if number == NUM_REQUESTS // 3:
                some_are_answered.set()
            try:
                answer = client(number)
                wrong["value"] += answer != number / 2 + 2
            except (grpc.RpcError, OSError, http.client.HTTPException) as error:
                wrong[repr(error)] += 1
        client.close()

    with concurrent.futures.ThreadPoolExecutor() as pool:
        workers = [pool.submit(work) for _ in range(NUM_CONNECTIONS)]
        assert some_are_answered.wait(60)
        assert first.stop()
        with Server.on_free_ports(
            **{**options, "port": first.port, "rest_api_port": first.rest_port}
        ):
            for worker in workers:
                worker.result(60)
    assert +wrong == {}


class Long(tf.Module):
    """Computes for as long as it is asked to: what can be ended, and what cannot."""

    @tf.function(input_signature=[tf.TensorSpec([], tf.int32, name="size")])
    def loop(self, size):
        value = 0.0
        for _ in tf.range(size):
            value = tf.math.cos(value)
        return {"value": value}

    @tf.function(input_signature=[tf.TensorSpec([], tf.int32, name="size")])
    def kernel(self, size):
        values = tf.random.stateless_normal([size, size], [1, 2])
        return {"value": tf.linalg.svd(values, compute_uv=False)[0]}


@pytest.fixture
def serve_long(tmp_path):
    """Serves it in a process of its own."""
    module = Long()
    signatures = {"loop": module.loop, "kernel": module.kernel}
    tf.saved_model.save(module, str(tmp_path / "1"), signatures=signatures)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "piaa_tf.programs.serve"),
            *("--port=-1", "--rest_api_port=-1", "--grace_seconds=0.5"),
            *(f"--model_base_path={tmp_path}", "--model_name=long"),
        ],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT)},
    )
    yield process
    process.kill()
    process.stderr.close()
    process.wait()


def ports_of(process):
    ports = {}
    for line in process.stderr:
        found = re.search(r"(gRPC|HTTP) at 127\.0\.0\.1:(\d+)", line)
        if found:
            ports[found[1]] = int(found[2])
        if "ready" in line:
            return ports
    raise AssertionError("It has ended before it was ready.")


def test_what_outlasts_the_grace_is_answered_and_holds_nothing_up(serve_long, ask):
    ports = ports_of(serve_long)
    channel = grpc.insecure_channel(f"127.0.0.1:{ports['gRPC']}")
    stub = PredictionServiceStub(channel)
    sizes = {"loop": np.int32(2**31 - 1), "kernel": np.int32(3000)}
    for name in sizes:  # the first call optimises the graph
        stub.Predict(ask("long", name, size=np.int32(2)), timeout=60)
    calls = {
        name: stub.Predict.future(ask("long", name, size=size), timeout=60)
        for name, size in sizes.items()
    }
    rest = http.client.HTTPConnection("127.0.0.1", ports["HTTP"], timeout=60)
    body = {"signature_name": "loop", "inputs": 2**31 - 1}
    rest.request("POST", "/v1/models/long:predict", json.dumps(body))
    time.sleep(1)  # until they compute
    began_s = time.monotonic()
    serve_long.send_signal(signal.SIGTERM)
    codes = {name: call.exception(20).code() for name, call in calls.items()}
    response = rest.getresponse()
    assert serve_long.wait(20) == 0
    taken_s = time.monotonic() - began_s
    assert codes == dict.fromkeys(sizes, grpc.StatusCode.UNAVAILABLE)
    assert response.status == 503
    assert json.loads(response.read()) == {"error": "The server is ending."}
    assert "ended before the work under way" in serve_long.stderr.read()
    # Within a second after the grace; more only where others use the machine.
    assert taken_s < 0.5 + 1 + 2
    channel.close()
