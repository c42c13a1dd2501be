import http.client
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

ROOT = Path(__file__).parents[2]


class Doubling(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def double(self, x):
        return {"y": 2 * x}


@pytest.fixture
def serve():
    started = []

    def serve(*flags):
        process = subprocess.Popen(
            [sys.executable, "-m", "piaa_tf.programs.serve", *flags],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        started.append(process)
        return process

    yield serve
    for process in started:
        process.kill()
        process.stderr.close()
        process.wait()


def test_it_serves_until_it_is_told_to_end(tmp_path, serve):
    tf.saved_model.save(
        (module := Doubling()), str(tmp_path / "1"), signatures=module.double
    )
    process = serve(
        f"--model_base_path={tmp_path}",
        "--model_name=twice",
        "--port=-1",
        "--rest_api_port=-1",
    )
    port, log = None, ""
    for line in process.stderr:
        log += line
        found = re.search(r"HTTP at 127\.0\.0\.1:(\d+)", line)
        port = int(found[1]) if found else port
        if "ready" in line:
            break
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", "/v1/models/twice:predict", '{"instances": [1.5]}')
    response = connection.getresponse()
    assert (response.status, json.loads(response.read())) == (200, {"predictions": [3]})
    connection.close()
    process.send_signal(signal.SIGTERM)
    rest = process.stderr.read()
    assert process.wait(20) == 0
    assert "ending after the requests under way" in rest
    # TensorFlow's loader says that it is deprecated, and what it restores.
    assert "deprecated" not in log
    assert "Restoring" not in log
    assert "Traceback" not in rest


def test_a_users_mistake_is_one_sentence(tmp_path, serve):
    (tmp_path / "1").mkdir()
    process = serve(f"--model_base_path={tmp_path}", "--max_num_load_retries=0")
    output = process.stderr.read()
    assert process.wait(20) == 1
    assert output.strip().splitlines()[-1].startswith("Failed to start server. Error:")
    assert "Traceback" not in output


def test_a_base_path_that_is_not_there_is_one_line(tmp_path, serve):
    process = serve(f"--model_base_path={tmp_path}/none", "--port=-1")
    output = process.stderr.read()
    assert process.wait(20) == 1
    assert output == (
        "The base path of model default must be a folder of numbered versions. Got "
        f"{tmp_path}/none, which is not one. Correct it, or wait for it with "
        "--wait_for_base_path.\n"
    )
