import grpc
import pytest
from google.protobuf import text_format
from tensorflow_serving.apis.model_management_pb2 import ReloadConfigRequest

from serving.server.server import Server

POLLS_ONCE = {"file_system_poll_wait_seconds": 0, "max_num_load_retries": 0}


def entry(name, base_path, more=""):
    return (
        f'config {{ name: "{name}" base_path: "{base_path}" '
        f'model_platform: "tensorflow" {more} }}'
    )


def reload_request(*entries):
    text = f"config {{ model_config_list {{ {' '.join(entries)} }} }}"
    return text_format.Parse(text, ReloadConfigRequest())


@pytest.fixture
def base(tmp_path, publish):
    base = tmp_path / "models" / "m"
    base.mkdir(parents=True)
    publish(base, 1, 2)
    publish(base, 2, 3)
    return base


@pytest.fixture
def server(base, tmp_path):
    with Server.on_free_ports(
        model_base_path=str(base),
        model_name="m",
        reload_base_dirs=str(tmp_path / "models"),
        **POLLS_ONCE,
    ) as server:
        yield server


@pytest.fixture
def stubs(server, connect):
    return connect(server.address)


def y_of(prediction, request):
    return list(prediction.Predict(request, timeout=10).outputs["y"].float_val)


def test_models_come_and_go(stubs, base, tmp_path, publish, ask):
    prediction, models = stubs
    other = tmp_path / "models" / "other"
    other.mkdir()
    publish(other, 7, 5)
    both = reload_request(entry("m", base), entry("other", other))
    assert models.HandleReloadConfigRequest(both, timeout=20).HasField("status")
    assert y_of(prediction, ask("other", x=[0.0])) == [5]
    assert y_of(prediction, ask("m", x=[0.0])) == [3]
    models.HandleReloadConfigRequest(reload_request(entry("other", other)), timeout=20)
    with pytest.raises(grpc.RpcError, match=r"Latest\(m\)"):
        prediction.Predict(ask("m", x=[0.0]), timeout=10)
    assert y_of(prediction, ask("other", x=[0.0])) == [5]


def test_a_label_moves_between_versions_that_serve(stubs, server, base, ask):
    prediction, models = stubs
    all_versions = "model_version_policy { all { } }"
    models.HandleReloadConfigRequest(
        reload_request(entry("m", base, all_versions)), timeout=20
    )
    model = server.models.get("m")
    assert model.wait_for(lambda: model.is_available(1) and model.is_available(2), 20)
    for version, expected in ((1, [2]), (2, [3])):
        label = f'version_labels {{ key: "stable" value: {version} }}'
        models.HandleReloadConfigRequest(
            reload_request(entry("m", base, all_versions + label)), timeout=20
        )
        request = ask("m", x=[0.0])
        request.model_spec.version_label = "stable"
        assert y_of(prediction, request) == expected


def test_a_label_of_a_version_that_does_not_serve_changes_nothing(stubs, base, ask):
    prediction, models = stubs
    label = 'version_labels { key: "stable" value: 1 }'
    with pytest.raises(grpc.RpcError, match="version 1 of model m, which is not") as e:
        models.HandleReloadConfigRequest(
            reload_request(entry("m", base, label)), timeout=20
        )
    assert e.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert y_of(prediction, ask("m", x=[0.0])) == [3]


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("m", "INVALID_ARGUMENT", "Illegal to list model m multiple times"),
        ("empty", "UNKNOWN", "empty} has no version in its base path"),
        ("broken", "UNKNOWN", "name: broken version: 1} due to error: NOT_FOUND"),
    ],
)
def test_a_model_that_does_not_load_leaves_the_others(
    stubs, base, name, code, message, ask
):
    prediction, models = stubs
    (base.parent / "empty").mkdir()
    (base.parent / "broken" / "1").mkdir(parents=True)
    request = reload_request(entry("m", base), entry(name, base.parent / name))
    with pytest.raises(grpc.RpcError, match=message) as caught:
        models.HandleReloadConfigRequest(request, timeout=20)
    assert caught.value.code() == grpc.StatusCode[code]
    assert y_of(prediction, ask("m", x=[0.0])) == [3]


@pytest.mark.parametrize("path", ["/etc", "models/../../secret", "relative"])
def test_a_request_names_no_folder_but_those_meant_for_it(stubs, tmp_path, path):
    _, models = stubs
    request = reload_request(entry("m", tmp_path / path))
    with pytest.raises(
        grpc.RpcError, match=r"--reload_base_dirs\. Got .* model m"
    ) as e:
        models.HandleReloadConfigRequest(request, timeout=20)
    assert e.value.code() == grpc.StatusCode.PERMISSION_DENIED


def test_a_request_without_a_list_is_refused(stubs):
    _, models = stubs
    with pytest.raises(grpc.RpcError, match="Only ModelConfigList") as caught:
        models.HandleReloadConfigRequest(ReloadConfigRequest(), timeout=20)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_the_file_of_the_models_is_read_again(base, tmp_path, connect, ask):
    file = tmp_path / "models.config"
    file.write_text(f"model_config_list {{ {entry('one', base)} }}")
    with Server.on_free_ports(model_config_file=str(file), **POLLS_ONCE) as server:
        prediction, _ = connect(server.address)
        assert y_of(prediction, ask("one", x=[0.0])) == [3]
        file.write_text("model_config_list {")
        server.reload_config_file()
        assert y_of(prediction, ask("one", x=[0.0])) == [3]
        policy = "model_version_policy { specific { versions: 1 } }"
        file.write_text(
            f"model_config_list {{ {entry('one', base, policy)} {entry('two', base)} }}"
        )
        server.reload_config_file()
        one, two = server.models.get("one"), server.models.get("two")
        assert two.wait_for(two.is_available, 20)
        assert one.wait_for(lambda: one.is_available(1), 20)
        assert y_of(prediction, ask("two", x=[0.0])) == [3]
        assert y_of(prediction, ask("one", version=1, x=[0.0])) == [2]
