"""A server in a process of its own, clients, and loops that ask and measure."""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import numpy as np
import tensorflow as tf
from malformed_requests import tensor_of
from stand_in_model import NUM_USERS
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

MODEL = "aesthetics"
ROOT = Path(__file__).parents[1]


class ServerProcess:
    """piaa-serve in a process of its own."""

    def __init__(
        self, base_path: Path, *more: str, checkout: str | os.PathLike[str] = ROOT
    ) -> None:
        """Starts it and waits until it is ready.

        Args:
            base_path: of the model.
            *more: further flags.
            checkout: whose server it is.
        """
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "piaa_tf.programs.serve",
                f"--model_base_path={base_path.resolve()}",
                f"--model_name={MODEL}",
                "--port=-1",
                "--rest_api_port=-1",
                *more,
            ],
            stderr=subprocess.PIPE,
            text=True,
            cwd=checkout,
            env={
                **os.environ,
                "TF_CPP_MIN_LOG_LEVEL": "3",
                "PYTHONPATH": os.fspath(checkout),
            },
        )
        ports: dict[str, str] = {}
        for line in self.process.stderr:
            found = re.search(r"(gRPC|HTTP) at (127\.0\.0\.1:\d+)", line)
            if found:
                ports[found[1]] = found[2]
            if "ready" in line:
                break
        else:
            raise RuntimeError("The server has ended before it was ready.")
        self.address, self.rest_address = ports["gRPC"], ports["HTTP"]
        # Somebody must read on, or the server would wait for it.
        threading.Thread(
            target=collections.deque, args=[self.process.stderr, 0], daemon=True
        ).start()

    def memory_mb(self) -> float:
        """Returns the memory that the server's process holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def stop(self) -> int:
        """Ends it and returns its exit code."""
        self.process.terminate()
        return self.process.wait()


@contextlib.contextmanager
def serving(
    base_path: Path, *more: str, checkout: str | os.PathLike[str] = ROOT
) -> Iterator[ServerProcess]:
    """Serves a base path for a while; the arguments are those of ServerProcess."""
    server = ServerProcess(base_path, *more, checkout=checkout)
    try:
        yield server
    finally:
        server.stop()


class Client:
    """Asks for scores; one channel for all threads."""

    def __init__(self, address: str, signature: str, jpegs: list[bytes]) -> None:
        """Connects."""
        # A connection of its own, whatever other clients there are.
        options = [("grpc.use_local_subchannel_pool", 1)]
        self.channel = grpc.insecure_channel(address, options)
        self._predict = PredictionServiceStub(self.channel).Predict
        self._signature = signature
        self._jpegs = jpegs

    def request(self, number: int, user: str) -> PredictRequest:
        """Makes a request for one of the images."""
        request = PredictRequest()
        request.model_spec.name = MODEL
        request.model_spec.signature_name = self._signature
        jpeg = self._jpegs[number % len(self._jpegs)]
        request.inputs["image_bytes"].CopyFrom(tensor_of([jpeg]))
        request.inputs["user_id"].CopyFrom(tensor_of([user]))
        return request

    def one_user(self, number: int):
        """Asks for the same user every time."""
        return self._predict(self.request(number, "user7"), timeout=60)

    def mixed_users(self, number: int):
        """Asks for another user every time, some of them unknown."""
        user = f"user{number * 7919 % (NUM_USERS + 100)}"
        return self._predict(self.request(number, user), timeout=60)


def timed(call: Callable[[int], object], number: int) -> float:
    """Returns the seconds that a call takes."""
    start_s = time.perf_counter()
    call(number)
    return time.perf_counter() - start_s


def closed_loop(
    call: Callable[[int], object], num_clients: int, num_requests: int
) -> tuple[np.ndarray, float]:
    """Lets clients ask one request after the other; returns latencies and rate."""
    start_s = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(num_clients) as pool:
        latencies = list(pool.map(lambda n: timed(call, n), range(num_requests)))
    return np.array(latencies), num_requests / (time.perf_counter() - start_s)


def open_loop(
    call: Callable[[int], object], rate: float, num_requests: int
) -> np.ndarray:
    """Sends at random moments, come what may; returns latencies from these moments."""
    gaps = np.random.default_rng(0).exponential(1 / rate, num_requests)
    moments = np.cumsum(gaps) + time.perf_counter()

    def ask(number: int) -> float:
        call(number)
        return time.perf_counter() - moments[number]

    with concurrent.futures.ThreadPoolExecutor(256) as pool:
        futures = []
        for number, moment in enumerate(moments):
            time.sleep(max(0.0, moment - time.perf_counter()))
            futures.append(pool.submit(ask, number))
        return np.array([future.result() for future in futures])


def report(name: str, latencies: np.ndarray, rate: float | None = None) -> None:
    """Prints percentiles in milliseconds."""
    p50, p95, p99 = 1000 * np.percentile(latencies, [50, 95, 99])
    line = f"{name:38s} p50 {p50:7.2f}  p95 {p95:7.2f}  p99 {p99:7.2f} ms"
    say(line if rate is None else f"{line}  {rate:7.1f} /s")


def say(line: str) -> None:
    """Prints a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def rest_caller(
    rest_address: str, signature: str, jpegs: list[bytes]
) -> Callable[[int], bytes]:
    """Returns a function that asks for one image over REST, by its number."""
    url = f"http://{rest_address}/v1/models/{MODEL}:predict"

    def call(number: int) -> bytes:
        jpeg = tf.io.encode_base64(jpegs[number % len(jpegs)], pad=True).numpy()
        text = jpeg.decode().translate(str.maketrans("-_", "+/"))
        row = {"image_bytes": {"b64": text}, "user_id": "user7"}
        body = {"signature_name": signature, "instances": [row]}
        with urllib.request.urlopen(url, json.dumps(body).encode()) as response:
            return response.read()

    return call


def in_process_caller(
    base_path: Path, signature: str, jpegs: list[bytes]
) -> Callable[[int], dict[str, np.ndarray]]:
    """Returns a function that asks the newest version in this process."""
    version = max(base_path.iterdir(), key=lambda path: int(path.name))
    function = tf.saved_model.load(str(version)).signatures[signature]

    def call(number: int) -> dict[str, np.ndarray]:
        jpeg = jpegs[number % len(jpegs)]
        outputs = function(
            image_bytes=tf.constant([jpeg]), user_id=tf.constant(["user7"])
        )
        return {name: tensor.numpy() for name, tensor in outputs.items()}

    return call
