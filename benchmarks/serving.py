"""The embedded server under load: latency, rate, new versions, malformed requests.

    python benchmarks/serving.py                      # everything, about ten minutes
    python benchmarks/serving.py --parts=latency
    python benchmarks/serving.py --against=../main    # that checkout's server, in turns
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
swap       a new version every few seconds under load; none of the requests may fail,
           and none may take much longer than the slowest before.
malformed  what no client should send; codes, answers before and after, memory.
"""

from __future__ import annotations

import collections
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import grpc
import numpy as np
from absl import app, flags
from malformed_requests import Maker, jpeg_of, send
from serving_load import (
    MODEL,
    Client,
    closed_loop,
    in_process_caller,
    open_loop,
    report,
    rest_caller,
    say,
    serving,
    timed,
)
from stand_in_model import export_stand_in

PARTS = ("latency", "load", "batching", "swap", "malformed")


def measure_latency(base_path: Path, signature: str, jpegs, num_requests: int) -> None:
    """Compares one image over gRPC and REST with the call in this process."""
    with serving(base_path) as server:
        calls = {
            "in process": in_process_caller(base_path, signature, jpegs),
            "gRPC": Client(server.address, signature, jpegs).one_user,
            "REST": rest_caller(server.rest_address, signature, jpegs),
        }
        seconds = in_turns(calls, num_requests)
    for name, values in seconds.items():
        ratio = np.median(values) / np.median(seconds["in process"])
        report(f"latency, {name}", np.array(values))
        say(f"{'':38s} p50 / in process {ratio:.3f}")


def in_turns(calls: dict[str, Callable], num_requests: int) -> dict[str, list[float]]:
    """Times calls one after the other, again and again; returns the seconds of each."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(-10, num_requests):
        for name, call in calls.items():
            taken_s = timed(call, number)
            if number >= 0:  # the first ones trace and optimise
                seconds[name].append(taken_s)
    return seconds


def measure_against(
    base_path: Path, signature: str, jpegs, num_requests: int, checkout: str
) -> None:
    """Compares with the server of another checkout, in turns."""
    with (
        serving(base_path) as ours,
        serving(base_path, checkout=checkout) as other,
    ):
        calls = {"in process": in_process_caller(base_path, signature, jpegs)}
        for name, server in (("ours", ours), ("other", other)):
            calls[f"gRPC, {name}"] = Client(server.address, signature, jpegs).one_user
            calls[f"REST, {name}"] = rest_caller(server.rest_address, signature, jpegs)
        seconds = in_turns(calls, num_requests)
        for name, values in seconds.items():
            ratios = np.array(values) / np.array(seconds["in process"])
            report(f"against, {name}", np.array(values))
            say(f"{'':38s} p50 of / in process {np.median(ratios):.3f}")
        crowds = {
            name: [Client(server.address, signature, jpegs) for _ in range(16)]
            for name, server in (("ours", ours), ("other", other))
        }
        rates: dict[str, list[float]] = {name: [] for name in crowds}
        for turn in range(-1, 10):
            for name, clients in crowds.items():

                def call(number: int, clients=clients):
                    return clients[number % 16].mixed_users(number)

                _, rate = closed_loop(call, 16, num_requests)
                if turn >= 0:
                    rates[name].append(rate)
        ratios = np.array(rates["ours"]) / np.array(rates["other"])
        say(
            f"against, 16 connections: {np.median(rates['ours']):.1f} and "
            f"{np.median(rates['other']):.1f} /s, ratio {np.median(ratios):.3f}"
        )


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
    base_path: Path, signature: str, jpegs, num_swaps: int, interval_s: float
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

        closed_loop(call, 4, 100)
        _, rate = closed_loop(call, 4, 200)
        each = max(8, int(rate * interval_s))
        calm = [closed_loop(call, 4, each)[0] for _ in range(max(10, num_swaps // 4))]
        memory_mb, taken = [server.memory_mb()], []
        for number in range(2, num_swaps + 2):
            publish(number)
            taken.append(closed_loop(call, 4, each)[0])
            if (number - 1) % max(1, num_swaps // 8) == 0:
                memory_mb.append(server.memory_mb())
        p99 = np.percentile(np.concatenate(calm), 99)
        for name, parts in (("before", calm), (f"{num_swaps} times", taken)):
            report(f"swap, {name}", np.concatenate(parts))
            worst = np.array([latencies.max() for latencies in parts]) / p99
            say(
                f"{'':38s} worst of {each} / p99 before: median "
                f"{np.median(worst):.1f}, most {worst.max():.1f}"
            )
        say(
            f"{'':38s} {sum(map(len, taken))} requests, {sum(failures.values())} "
            f"failed {dict(failures)}, {len(versions)} versions answered, memory by "
            f"eighths {[round(mb) for mb in memory_mb]} MB"
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
        if values.against:
            measure_against(*given, values.requests, values.against)
            return
        if "latency" in values.parts:
            measure_latency(*given, values.requests)
        if "load" in values.parts:
            measure_load(*given, values.requests)
        if "batching" in values.parts:
            measure_batching(*given, values.requests)
        if "swap" in values.parts:
            measure_swap(*given, values.swaps, values.swap_seconds)
        if "malformed" in values.parts:
            measure_malformed(*given, values.malformed_requests)


if __name__ == "__main__":
    flags.DEFINE_multi_enum("parts", list(PARTS), PARTS, "What to measure.")
    flags.DEFINE_string("model_base_path", "", "Another model than the stand-in.")
    flags.DEFINE_string("signature", "score", "Takes image_bytes and user_id.")
    flags.DEFINE_integer("image_size", 224, "Of the images, in pixels.")
    flags.DEFINE_integer("requests", 300, "Of each measurement of latency and load.")
    flags.DEFINE_string(
        "against",
        "",
        "Another checkout: compare with its server in turns, and nothing else.",
    )
    flags.DEFINE_integer("swaps", 20, "Versions that come under load.")
    flags.DEFINE_float("swap_seconds", 5.0, "Between two versions.")
    flags.DEFINE_integer("malformed_requests", 10_000, "What no client should send.")
    app.run(main)
