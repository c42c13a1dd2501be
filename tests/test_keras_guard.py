import pytest

from piaa_tf import keras_guard


def test_keras_3_is_refused_with_the_remedy():
    with pytest.raises(ImportError, match=r"Got keras 3\.3\.3\. Install the tested"):
        keras_guard.check({"keras": "3.3.3"}.get)


def test_keras_2_passes():
    assert keras_guard.check({"keras": "2.15.0"}.get) is None


def test_absent_package_has_no_version():
    assert keras_guard.installed_version("no-such-package-here") is None
