import grpc
from tensorflow_serving.apis.get_model_status_pb2 import (
    GetModelStatusRequest,
    ModelVersionStatus,
)

from serving.server.server import Server
from serving.server.versions import State


def status_request(name, version=None):
    request = GetModelStatusRequest()
    request.model_spec.name = name
    if version is not None:
        request.model_spec.version.value = version
    return request


def test_status_of_a_version_that_serves(halves_server, connect):
    _, models = connect(halves_server.address)
    response = models.GetModelStatus(status_request("halves"), timeout=10)
    (status,) = response.model_version_status
    assert (status.version, status.state) == (1, ModelVersionStatus.AVAILABLE)
    assert status.HasField("status")
    assert status.status.error_code == 0


def test_a_broken_version_ends_with_its_error_and_the_old_one_serves(
    tmp_path, publish, connect, ask
):
    publish(tmp_path, 1, 2)
    options = {
        "max_num_load_retries": 1,
        "load_retry_interval_micros": 0,
        "file_system_poll_wait_seconds": 0,
    }
    with Server.on_free_ports(
        model_base_path=str(tmp_path), model_name="m", **options
    ) as server:
        prediction, models = connect(server.address)
        broken = publish(tmp_path, 3, 3)
        (broken / "saved_model.pb").write_bytes(b"\xff\xff")
        (tmp_path / "4").mkdir()
        server.models.poll()
        model = server.models.get("m")
        assert model.wait_for(lambda: _state(model, 4) == State.END, 20)
        response = models.GetModelStatus(status_request("m"), timeout=10)
        newest, oldest = response.model_version_status
        assert (newest.version, newest.state) == (4, ModelVersionStatus.END)
        assert newest.status.error_code == grpc.StatusCode.NOT_FOUND.value[0]
        assert "Could not find SavedModel .pb" in newest.status.error_message
        assert (oldest.version, oldest.state) == (1, ModelVersionStatus.AVAILABLE)
        (tmp_path / "4").rmdir()
        server.models.poll()
        assert model.wait_for(lambda: _state(model, 3) == State.END, 20)
        assert model.statuses()[3][1] is not None
        answer = prediction.Predict(ask("m", x=[2.0]), timeout=10)
        assert answer.model_spec.version.value == 1


def _state(model, version):
    return model.statuses().get(version, (None, None))[0]


def test_versions_change_under_a_client(tmp_path, publish, connect, ask):
    publish(tmp_path, 1, 2)
    with Server.on_free_ports(
        model_base_path=str(tmp_path),
        model_name="m",
        file_system_poll_wait_seconds=0,
    ) as server:
        prediction, _ = connect(server.address)
        first = prediction.Predict(ask("m", x=[2.0]), timeout=10)
        publish(tmp_path, 2, 3)
        server.models.poll()
        model = server.models.get("m")
        assert model.wait_for(lambda: _state(model, 1) == State.END, 20)
        second = prediction.Predict(ask("m", x=[2.0]), timeout=10)
    assert [list(r.outputs["y"].float_val) for r in (first, second)] == [[3], [4]]
    assert second.model_spec.version.value == 2
