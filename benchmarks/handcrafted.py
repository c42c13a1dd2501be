"""How fast the handcrafted features are measured: images per second of one core.

    OMP_NUM_THREADS=1 python benchmarks/handcrafted.py

Prints one line per size, in some seconds. Only the process's own time counts, so that
a busy machine disturbs little; decoding is not counted.
"""

from __future__ import annotations

import time

from absl import app, flags

from piaa_tf.data.gallery import draw_scene, render_scene
from piaa_tf.evaluation.handcrafted import describe

SIZES = (64, 96, 512)


def images_per_second(size: int, count: int) -> float:
    """Measures images of the gallery and returns images per second of one core."""
    images = [render_scene(draw_scene(0, index), size) for index in range(count)]
    describe(images[0])
    start = time.process_time()
    for image in images:
        describe(image)
    return count / (time.process_time() - start)


def main(argv: list[str]) -> None:
    """Prints the table."""
    if len(argv) > 1:
        raise app.UsageError(f"Nothing but flags is expected. Got {argv[1:]}.")
    for size in SIZES:
        speed = images_per_second(size, flags.FLAGS.count)
        print(f"{size:4d} px  {speed:6.0f} images/s/core")  # noqa: T201 its result


if __name__ == "__main__":
    flags.DEFINE_integer("count", 200, "Images per size.", lower_bound=1)
    app.run(main)
