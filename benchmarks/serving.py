"""The embedded server under load: latency, rate, new versions, malformed requests.

    python benchmarks/serving.py                      # everything, about ten minutes
    python benchmarks/serving.py --parts=latency
    python benchmarks/serving.py --model_base_path=exports/aesthetics

The model is MobileNetV2 on 224 px with random weights and ten thousand users' vectors,
fed with JPEG, unless --model_base_path names a base path whose `score` (or default)
signature takes image_bytes and user_id. The server is piaa-serve in a process of its
own, the clients are threads of this one; everything is on 127.0.0.1.

latency    one client, one image: gRPC and REST against the same signature called in
           this process, in turns; floor: the call in this process.
load       closed loop with more and more clients, one user against mixed users; open
           loop with Poisson arrivals, latency counted from the moment of arrival.
batching   eight clients with --enable_batching on and off.
swap       a new version every few seconds under load; none of the requests may fail.
malformed  what no client should send; codes, answers before and after, memory.
"""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import numpy as np
import tensorflow as tf
from absl import app, flags
from malformed_requests import Maker, jpeg_of, send, tensor_of
from stand_in_model import NUM_USERS, export_stand_in
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

PARTS = ("latency", "load", "batching", "swap", "malformed")
MODEL = "aesthetics"


class ServerProcess:
    """piaa-serve in a process of its own."""

    def __init__(self, base_path: Path, *more: str) -> None:
        """Starts it and waits until it is ready."""
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "piaa_tf.programs.serve",
                f"--model_base_path={base_path}",
                f"--model_name={MODEL}",
                "--port=-1",
                "--rest_api_port=-1",
                *more,
            ],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
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
def serving(base_path: Path, *more: str) -> Iterator[ServerProcess]:
    """Serves a base path for a while."""
    server = ServerProcess(base_path, *more)
    try:
        yield server
    finally:
        server.stop()


class Client:
    """Asks for scores; one channel for all threads."""

    def __init__(self, address: str, signature: str, jpegs: list[bytes]) -> None:
        """Connects."""
        self.channel = grpc.insecure_channel(address)
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


def measure_latency(base_path: Path, signature: str, jpegs, num_requests: int) -> None:
    """Compares one image over gRPC and REST with the call in this process."""
    version = max(base_path.iterdir(), key=lambda path: int(path.name))
    function = tf.saved_model.load(str(version)).signatures[signature]

    def in_process(number: int) -> dict[str, np.ndarray]:
        jpeg = jpegs[number % len(jpegs)]
        outputs = function(
            image_bytes=tf.constant([jpeg]), user_id=tf.constant(["user7"])
        )
        return {name: tensor.numpy() for name, tensor in outputs.items()}

    with serving(base_path) as server:
        client = Client(server.address, signature, jpegs)
        url = f"http://{server.rest_address}/v1/models/{MODEL}:predict"

        def rest(number: int) -> bytes:
            jpeg = tf.io.encode_base64(jpegs[number % len(jpegs)], pad=True).numpy()
            text = jpeg.decode().translate(str.maketrans("-_", "+/"))
            row = {"image_bytes": {"b64": text}, "user_id": "user7"}
            body = {"signature_name": signature, "instances": [row]}
            with urllib.request.urlopen(url, json.dumps(body).encode()) as response:
                return response.read()

        calls = {"in process": in_process, "gRPC": client.one_user, "REST": rest}
        seconds: dict[str, list[float]] = {name: [] for name in calls}
        for number in range(-10, num_requests):
            for name, call in calls.items():
                taken_s = timed(call, number)
                if number >= 0:  # the first ones trace and optimise
                    seconds[name].append(taken_s)
    for name, values in seconds.items():
        ratio = np.median(values) / np.median(seconds["in process"])
        report(f"latency, {name}", np.array(values))
        say(f"{'':38s} p50 / in process {ratio:.3f}")


def measure_load(base_path: Path, signature: str, jpegs, num_requests: int) -> None:
    """Adds clients, mixes users, then sends at random moments."""
    with serving(base_path) as server:
        client = Client(server.address, signature, jpegs)
        closed_loop(client.one_user, 4, 50)
        rates = []
        for num_clients in (1, 2, 4, 8, 16):
            for users in ("one_user", "mixed_users"):
                call = getattr(client, users)
                latencies, rate = closed_loop(call, num_clients, num_requests)
                report(f"closed loop, {num_clients} clients, {users}", latencies, rate)
                rates.append(rate)
        for share in (0.5, 0.8):
            rate = share * max(rates)
            latencies = open_loop(client.mixed_users, rate, num_requests)
            report(f"open loop, {share:.0%} of the best rate", latencies, rate)


def measure_batching(base_path: Path, signature: str, jpegs, num_requests: int) -> None:
    """Compares the same clients with and without batching."""
    for flag in ("--noenable_batching", "--enable_batching"):
        with serving(base_path, flag) as server:
            client = Client(server.address, signature, jpegs)
            closed_loop(client.mixed_users, 8, 100)
            latencies, rate = closed_loop(client.mixed_users, 8, num_requests)
            report(f"8 clients, {flag[2:]}", latencies, rate)


def measure_swap(
    base_path: Path, signature: str, jpegs, num_requests: int, interval_s: float
) -> None:
    """Publishes copies of the model under load and counts failures."""
    origin = max(base_path.iterdir(), key=lambda path: int(path.name))
    base = base_path.parent / "swapped"
    base.mkdir()

    def publish(number: int) -> None:
        hidden = base / f".{number}"
        shutil.copytree(origin, hidden)
        hidden.rename(base / str(number))
        if number > 3:
            shutil.rmtree(base / str(number - 3), ignore_errors=True)

    publish(1)
    done = threading.Event()

    def keep_publishing() -> None:
        number = 1
        while not done.wait(interval_s):
            number += 1
            publish(number)

    with serving(base) as server:
        client = Client(server.address, signature, jpegs)
        versions: collections.Counter[int] = collections.Counter()
        failures: collections.Counter[str] = collections.Counter()

        def call(number: int) -> None:
            try:
                answer = client.mixed_users(number)
                versions[answer.model_spec.version.value] += 1
            except grpc.RpcError as error:
                failures[error.code().name] += 1

        memory_mb = [server.memory_mb()]
        publisher = threading.Thread(target=keep_publishing)
        publisher.start()
        measured = []
        for _ in range(4):
            measured.append(closed_loop(call, 4, num_requests // 4))
            memory_mb.append(server.memory_mb())
        done.set()
        publisher.join()
        latencies = np.concatenate([latencies for latencies, _ in measured])
        rate = np.mean([rate for _, rate in measured])
        report(f"swap every {interval_s:g} s, 4 clients", latencies, rate)
        say(
            f"{'':38s} {num_requests} requests, {sum(failures.values())} failed "
            f"{dict(failures)}, {len(versions)} versions answered, "
            f"memory by quarters {[round(mb) for mb in memory_mb]} MB"
        )


def measure_malformed(
    base_path: Path, signature: str, jpegs, num_requests: int
) -> None:
    """Sends what no client should, and compares the answers before and after."""
    with serving(base_path) as server:
        client = Client(server.address, signature, jpegs)

        def scores() -> list[float]:
            return [client.one_user(n).outputs["score"].float_val[0] for n in range(4)]

        before = scores()
        maker = Maker(MODEL, signature)
        wrong: collections.Counter[tuple[str, str]] = collections.Counter()
        codes: collections.Counter[str] = collections.Counter()
        warm_mb = server.memory_mb()
        for number, malformed in enumerate(maker.stream(num_requests)):
            if number == num_requests // 5:
                warm_mb = server.memory_mb()
            code = send(client.channel, malformed)
            codes[code.name] += 1
            if code not in malformed.codes:
                wrong[malformed.kind, code.name] += 1
        say(f"malformed: {num_requests} requests, codes {dict(codes)}")
        say(f"{'':38s} {sum(wrong.values())} with another code {dict(wrong)}")
        say(
            f"{'':38s} same scores afterwards: {scores() == before}, memory after a "
            f"fifth {warm_mb:.0f}, at the end {server.memory_mb():.0f} MB"
        )
        say(f"{'':38s} exit code {server.stop()}")


def main(arguments: list[str]) -> None:
    """Measures and prints."""
    del arguments
    values = flags.FLAGS
    jpegs = [
        jpeg_of(np.random.default_rng(seed), values.image_size) for seed in range(16)
    ]
    with tempfile.TemporaryDirectory() as directory:
        base_path, signature = Path(values.model_base_path or ""), values.signature
        if not values.model_base_path:
            base_path = Path(directory) / "models" / MODEL
            base_path.mkdir(parents=True)
            export_stand_in(base_path / "1", values.image_size, jpegs[0])
        given = (base_path, signature, jpegs)
        if "latency" in values.parts:
            measure_latency(*given, values.requests)
        if "load" in values.parts:
            measure_load(*given, values.requests)
        if "batching" in values.parts:
            measure_batching(*given, values.requests)
        if "swap" in values.parts:
            measure_swap(*given, values.swap_requests, values.swap_seconds)
        if "malformed" in values.parts:
            measure_malformed(*given, values.malformed_requests)


if __name__ == "__main__":
    flags.DEFINE_multi_enum("parts", list(PARTS), PARTS, "What to measure.")
    flags.DEFINE_string("model_base_path", "", "Another model than the stand-in.")
    flags.DEFINE_string("signature", "score", "Takes image_bytes and user_id.")
    flags.DEFINE_integer("image_size", 224, "Of the images, in pixels.")
    flags.DEFINE_integer("requests", 300, "Of each measurement of latency and load.")
    flags.DEFINE_integer("swap_requests", 10_000, "While versions change.")
    flags.DEFINE_float("swap_seconds", 5.0, "Between two versions.")
    flags.DEFINE_integer("malformed_requests", 10_000, "What no client should send.")
    app.run(main)
