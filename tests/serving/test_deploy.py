import functools
import importlib.resources
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from fake_model_server import FakeModelServer, running
from google.protobuf import text_format
from PIL import Image
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

from serving.client.request_limits import RequestLimits
from serving.server import config_files
from serving.server.options import ServerOptions

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "serving" / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
MANIFESTS = sorted(KUBERNETES.glob("*.yaml"))
OLDEST_KUBERNETES = "1.29.0"


def documents(path):
    return [doc for doc in yaml.safe_load_all(path.read_text("utf-8")) if doc]


@functools.cache
def of_kind(kind):
    return [doc for path in MANIFESTS for doc in documents(path) if doc["kind"] == kind]


DEPLOYMENTS = {doc["metadata"]["name"]: doc for doc in of_kind("Deployment")}


def containers():
    return {
        name: doc["spec"]["template"]["spec"]["containers"][0]
        for name, doc in DEPLOYMENTS.items()
    }


def flags_of(arguments):
    """Flags of tensorflow_model_server by name."""
    return dict(flag.split("=", 1) for flag in arguments if flag.startswith("--"))


def models():
    config = ModelServerConfig()
    text_format.Parse((DEPLOY / "models.config").read_text(), config)
    return config.model_config_list.config


def dockerfile(instruction):
    """Arguments of an instruction in its JSON form."""
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    line = re.search(rf"^{instruction}\b.*?(\[.*\])$", text, re.MULTILINE).group(1)
    return json.loads(line)


def other_config(file_name, message_name):
    """Parses a file whose message is not in tensorflow-serving-api."""
    message = config_files.message_class(message_name)()
    return text_format.Parse((DEPLOY / file_name).read_text(), message)


def test_the_model_has_versions_of_a_folder():
    (model,) = models()
    assert model.model_platform == "tensorflow"
    assert model.base_path == f"/models/{model.name}"
    assert model.model_version_policy.latest.num_versions == 1


def test_a_request_of_the_client_fits_into_a_batch():
    parameters = other_config("batching.config", "BatchingParameters")
    assert RequestLimits().max_rows <= parameters.max_batch_size.value
    assert not parameters.pad_variable_length_inputs
    for container in containers().values():
        cpus = int(container["resources"]["limits"]["cpu"])
        flags = flags_of(container["args"])
        assert int(flags["--tensorflow_session_parallelism"]) == cpus
        assert parameters.num_batch_threads.value == cpus


def test_everyone_agrees_where_the_metrics_are():
    monitoring = other_config("monitoring.config", "MonitoringConfig")
    path = monitoring.prometheus_config.path
    (job,) = documents(DEPLOY / "prometheus.yml")[0]["scrape_configs"]
    assert job["metrics_path"] == path
    for doc in DEPLOYMENTS.values():
        annotations = doc["spec"]["template"]["metadata"]["annotations"]
        assert annotations["prometheus.io/path"] == path


def test_the_server_is_of_the_release_that_exports():
    setup = (ROOT / "setup.py").read_text()
    release = re.search(r'"tensorflow-serving-api==([\d.]+)"', setup).group(1)
    image = f"tensorflow/serving:{release}"
    assert f"\nFROM {image}\n" in (DEPLOY / "Dockerfile").read_text()
    (kustomization,) = documents(DEPLOY / "kustomization.yaml")
    assert kustomization["images"] == [
        {"name": "tensorflow/serving", "newTag": release}
    ]


def test_flags_are_those_of_the_server():
    lists = [container["args"] for container in containers().values()]
    lists += [dockerfile("ENTRYPOINT"), dockerfile("CMD"), ["--enable_batching=false"]]
    for flags in map(flags_of, lists):
        assert {flag[2:] for flag in flags} <= set(ServerOptions.__dataclass_fields__)


def test_the_image_and_the_pods_call_the_server_alike():
    image = flags_of(dockerfile("ENTRYPOINT"))
    batching = flags_of(dockerfile("CMD"))
    own = "--tensorflow_session_parallelism"
    scoring, adapting = (
        flags_of(containers()[name]["args"]) for name in ("scoring", "adapting")
    )
    assert scoring.pop(own) == adapting.pop(own)
    assert scoring == {**image, **batching}
    assert adapting == image


def test_config_files_are_where_the_flags_say():
    (kustomization,) = documents(DEPLOY / "kustomization.yaml")
    (generated,) = kustomization["configMapGenerator"]
    for path in (*generated["files"], *kustomization["resources"]):
        assert (DEPLOY / path).is_file()
    for name, container in containers().items():
        flags = flags_of(container["args"])
        named = [value for value in flags.values() if value.startswith("/config/")]
        assert {Path(path).name for path in named} <= set(generated["files"])
        mounts = {m["mountPath"]: m for m in container["volumeMounts"]}
        volumes = {
            v["name"]: v
            for v in DEPLOYMENTS[name]["spec"]["template"]["spec"]["volumes"]
        }
        config = volumes[mounts["/config"]["name"]]
        assert config["configMap"]["name"] == generated["name"]
        (model,) = models()
        versions = volumes[mounts[model.base_path]["name"]]
        claim = versions["persistentVolumeClaim"]["claimName"]
        assert claim in {
            doc["metadata"]["name"] for doc in of_kind("PersistentVolumeClaim")
        }


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_manifests_keep_the_schemas_of_kubernetes(path):
    for document in documents(path):
        kubernetes_validate.validate(document, OLDEST_KUBERNETES, strict=True)


def test_the_schemas_do_refuse():
    document = documents(KUBERNETES / "storage.yaml")[0]
    document["spec"]["accessMode"] = "ReadWriteMany"
    with pytest.raises(kubernetes_validate.ValidationError, match="accessMode"):
        kubernetes_validate.validate(document, OLDEST_KUBERNETES, strict=True)


def test_a_pod_is_ready_when_a_version_is():
    (model,) = models()
    for container in containers().values():
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        flags = flags_of(container["args"])
        assert ports == {
            "grpc": int(flags["--port"]),
            "http": int(flags["--rest_api_port"]),
        }
        for probe in ("startupProbe", "readinessProbe"):
            asked = container[probe]["httpGet"]
            assert asked["path"] == f"/v1/models/{model.name}/metadata"
            assert asked["port"] == "http"
    assert f"/v1/models/{model.name}/metadata" in dockerfile("HEALTHCHECK")[-1]


def test_names_of_a_deployment_reach_its_pods():
    for kind in ("Service", "HorizontalPodAutoscaler", "PodDisruptionBudget"):
        assert {doc["metadata"]["name"] for doc in of_kind(kind)} == set(DEPLOYMENTS)
    for doc in of_kind("Service"):
        pods = DEPLOYMENTS[doc["metadata"]["name"]]["spec"]["template"]
        assert doc["spec"]["selector"] == pods["metadata"]["labels"]
    for doc in of_kind("HorizontalPodAutoscaler"):
        assert doc["spec"]["scaleTargetRef"]["name"] == doc["metadata"]["name"]
    for name, doc in DEPLOYMENTS.items():
        labels = doc["spec"]["template"]["metadata"]["labels"]
        assert doc["spec"]["selector"]["matchLabels"] == labels, name
    for doc in of_kind("PodDisruptionBudget"):
        pods = DEPLOYMENTS[doc["metadata"]["name"]]["spec"]["template"]
        assert doc["spec"]["selector"]["matchLabels"] == pods["metadata"]["labels"]


def test_nothing_has_more_rights_than_it_needs():
    jobs = [doc["spec"]["template"]["spec"] for doc in of_kind("Job")]
    pods = [doc["spec"]["template"]["spec"] for doc in DEPLOYMENTS.values()]
    for pod in (*pods, *jobs):
        assert pod["securityContext"]["runAsNonRoot"]
        assert not pod["automountServiceAccountToken"]
        (container,) = pod["containers"]
        assert not container["securityContext"]["allowPrivilegeEscalation"]
        assert container["securityContext"]["capabilities"]["drop"] == ["ALL"]


def test_a_version_is_published_by_one_rename(tmp_path):
    (job,) = of_kind("Job")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    shell, options = container["command"]
    (script,) = container["args"]
    (model,) = models()
    version, served = tmp_path / "version", tmp_path / "served"
    (version / "variables").mkdir(parents=True)
    (version / "variables" / "data").write_text("new")
    (served / ".incoming-3").mkdir(parents=True)
    script = script.replace(model.base_path, str(served))
    script = script.replace("/version ", f"{version} ")
    call = [shell, options, script]
    environment = {"PATH": "/usr/bin:/bin", "VERSION": "3"}
    subprocess.run(call, check=True, env=environment)
    assert [entry.name for entry in served.iterdir()] == ["3"]
    assert (served / "3" / "variables" / "data").read_text() == "new"
    (version / "variables" / "data").write_text("newer")
    subprocess.run(call, check=True, env=environment, capture_output=True)
    assert (served / "3" / "variables" / "data").read_text() == "new"


def test_compose_files_hold_together():
    (compose,) = documents(DEPLOY / "compose.yaml")
    services = compose["services"]
    (job,) = documents(DEPLOY / "prometheus.yml")[0]["scrape_configs"]
    targets = job["static_configs"][0]["targets"]
    assert targets == [f"{name}:8501" for name in DEPLOYMENTS if name in services][::-1]
    published = [port for service in services.values() for port in service["ports"]]
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert services["adapting"]["command"] == ["--enable_batching=false"]
    (model,) = models()
    for name in DEPLOYMENTS:
        (volume,) = services[name]["volumes"]
        assert volume["target"] == model.base_path
        assert volume["read_only"]


def docker_compose():
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            version = subprocess.run([*command, "version"], capture_output=True)
            if version.returncode == 0:
                return command
    return None


def test_compose_takes_its_file(tmp_path):
    command = docker_compose()
    if command is None:
        pytest.skip("docker compose is not installed")
    call = [*command, "--file", str(DEPLOY / "compose.yaml"), "config", "--quiet"]
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path)}
    environment["PATH"] = f"{Path(shutil.which(command[0])).parent}:/usr/bin:/bin"
    given = {**environment, "EXPORTS": str(tmp_path)}
    assert subprocess.run(call, env=given).returncode == 0
    missing = subprocess.run(call, env=environment, capture_output=True, text=True)
    assert "the folder of piaa-export" in missing.stderr


def test_kustomize_puts_the_manifests_together():
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not installed")
    call = ["kubectl", "kustomize", str(DEPLOY)]
    built = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    made = list(yaml.safe_load_all(built))
    (config_map,) = [doc for doc in made if doc["kind"] == "ConfigMap"]
    deployments = [doc for doc in made if doc["kind"] == "Deployment"]
    assert len(deployments) == len(DEPLOYMENTS)
    for doc in made:
        kubernetes_validate.validate(doc, OLDEST_KUBERNETES, strict=True)
    for doc in deployments:
        volumes = doc["spec"]["template"]["spec"]["volumes"]
        names = [v["configMap"]["name"] for v in volumes if "configMap" in v]
        assert names == [config_map["metadata"]["name"]]
        (container,) = doc["spec"]["template"]["spec"]["containers"]
        assert re.fullmatch(r"tensorflow/serving:[\d.]+", container["image"])


def smoke_test(program, *arguments):
    return subprocess.run(
        [DEPLOY / "smoke_test.sh", *arguments],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PIAA_SCORE": program, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


def test_the_smoke_test_passes_where_photos_get_scores(tmp_path):
    Image.new("RGB", [8, 8]).save(tmp_path / "a.png")
    (tmp_path / "broken.jpg").write_text("no photo")
    program = f"{sys.executable} -m piaa_tf.programs.score"
    with running(FakeModelServer()) as address:
        result = smoke_test(program, address, "aesthetics", str(tmp_path))
    assert result.returncode == 0, result.stderr
    expected = f"{address} serves aesthetics: 1 photos have scores\n"
    assert result.stdout == expected


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (['{"score": null, "image_ok": false}'], "Got 0 of 0"),
        (
            ['{"score": null, "image_ok": true}', '{"score": 1.5, "image_ok": true}'],
            "Got 1 of 2",
        ),
    ],
)
def test_the_smoke_test_fails_where_they_do_not(tmp_path, lines, sentence):
    answers = tmp_path / "answers"
    answers.write_text("\n".join(lines))
    program = tmp_path / "score.sh"
    program.write_text(
        'for flag in "$@"; do case $flag in --out=*) out=${flag#--out=};; esac; done\n'
        f'cp "{answers}" "$out"\n'
    )
    result = smoke_test(f"sh {program}", "here:1", "aesthetics", str(tmp_path))
    assert result.returncode == 1
    assert sentence in result.stderr


def test_the_smoke_test_says_how_it_is_called():
    result = smoke_test("true", "here:1")
    assert result.returncode == 2
    assert "usage:" in result.stderr


def test_the_smoke_test_fails_as_the_program_does(tmp_path):
    result = smoke_test("false", "here:1", "aesthetics", str(tmp_path))
    assert result.returncode == 1


def test_the_files_come_with_the_package():
    installed = importlib.resources.files("serving") / "deploy"
    assert (installed / "smoke_test.sh").is_file()
    setup = (ROOT / "setup.py").read_text()
    patterns = re.search(r'"serving": (\[.*?\])', setup).group(1)
    packed = {
        path for pattern in json.loads(patterns) for path in DEPLOY.parent.glob(pattern)
    }
    assert {path for path in DEPLOY.rglob("*") if path.is_file()} <= packed


def test_every_file_is_in_the_readme():
    readme = (DEPLOY / "README.md").read_text()
    for path in DEPLOY.iterdir():
        assert path.name == "README.md" or f"`{path.name}" in readme
