import subprocess
import sys
from importlib import metadata
from types import SimpleNamespace

import pytest

from piaa_tf import compatibility

DEFAULT = {"tensorflow": "2.15.1", "keras": "2.15.0", "tensorflow-addons": "0.23.0"}
LATEST = {"tensorflow": "2.21.0", "keras": "3.15.1", "tf-keras": "2.21.0"}


def use(installed, environment=None, tensorflow=None):
    environment = {} if environment is None else environment
    compatibility.use_keras_2(installed.get, environment, tensorflow)
    return environment


def without(installed, package):
    return {name: version for name, version in installed.items() if name != package}


def test_the_default_set_passes_and_needs_no_switch():
    assert use(DEFAULT) == {}


def test_tensorflow_of_today_gets_the_switch():
    assert use(LATEST) == {"TF_USE_LEGACY_KERAS": "1"}
    assert use(LATEST, {"TF_USE_LEGACY_KERAS": "true"}) == {"TF_USE_LEGACY_KERAS": "1"}


def test_without_tensorflow_there_is_nothing_to_check():
    assert use({"keras": "3.15.1"}) == {}


@pytest.mark.parametrize("version", ["2.14.1", "1.15.5"])
def test_older_tensorflow_is_refused(version):
    with pytest.raises(ImportError, match=rf"or newer\. Got tensorflow {version}"):
        use({**DEFAULT, "tensorflow": version})


def test_release_candidates_and_two_digit_numbers_are_read():
    assert use({**LATEST, "tensorflow": "2.100.0rc1"}) == {"TF_USE_LEGACY_KERAS": "1"}


def test_keras_3_beside_the_default_tensorflow_is_refused():
    with pytest.raises(ImportError, match=r"Got keras 3\.3\.3\. Install the default"):
        use({**DEFAULT, "keras": "3.3.3"})


def test_keras_3_without_tf_keras_is_refused():
    with pytest.raises(
        ImportError,
        match=r"keras 3\.15\.1 and no tf-keras\. .* pip install 'tf-keras==2\.21\.\*'",
    ):
        use(without(LATEST, "tf-keras"))


def test_tensorflow_addons_beside_todays_tensorflow_is_refused():
    with pytest.raises(
        ImportError, match=r"Got tensorflow-addons 0\.23\.0 beside tensorflow 2\.21\.0"
    ):
        use({**LATEST, "tensorflow-addons": "0.23.0"})


@pytest.mark.parametrize("value", ["0", "false", ""])
def test_a_switch_turned_off_is_refused_where_it_matters(value):
    environment = {"TF_USE_LEGACY_KERAS": value}
    with pytest.raises(ImportError, match=f"Got TF_USE_LEGACY_KERAS={value}. Unset it"):
        use(LATEST, environment)
    assert use(DEFAULT, environment) == {"TF_USE_LEGACY_KERAS": value}


def test_a_switch_turned_on_beside_the_default_set_needs_tf_keras():
    environment = {"TF_USE_LEGACY_KERAS": "1"}
    with pytest.raises(ImportError, match=r"KERAS=1 and no tf-keras. Unset it"):
        use(DEFAULT, environment)
    assert use({**DEFAULT, "tf-keras": "2.15.1"}, environment) == environment


def loaded(keras):
    model = type("Model", (), {"__module__": f"{keras}.src.models"})
    return SimpleNamespace(keras=SimpleNamespace(Model=model))


def test_a_keras_3_that_is_in_use_already_is_refused():
    with pytest.raises(ImportError, match=r"Got a tf\.keras of keras\. Import piaa_tf"):
        use(LATEST, tensorflow=loaded("keras"))
    assert use(LATEST, tensorflow=loaded("tf_keras")) == {"TF_USE_LEGACY_KERAS": "1"}


def test_absent_package_has_no_version():
    assert compatibility.installed_version("no-such-package-here") is None
    assert compatibility.installed_version("numpy") == metadata.version("numpy")


@pytest.mark.parametrize(
    "imports",
    ["import piaa_tf, tensorflow as tf", "import tensorflow as tf, piaa_tf"],
)
def test_tf_keras_is_keras_2_whichever_comes_first(imports):
    program = f"{imports}\nprint(float(tf.keras.optimizers.legacy.SGD(0.5).lr))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["0.5"], done.stderr[-2000:]
