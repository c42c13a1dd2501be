"""How fast the simulated gallery renders: images per second of one core.

    python benchmarks/gallery.py

Prints one line per size, in some seconds. Only the process's own time counts, so that
a busy machine disturbs little; the first image of a size, which makes the texture
banks, is not counted.
"""

from __future__ import annotations

import time

from absl import app, flags

from piaa_tf.data.gallery import draw_scene, render_scene

SIZES = (64, 96)


def images_per_second(size: int, count: int) -> float:
    """Renders scenes 0 to count - 1 and returns images per second of one core."""
    scenes = [draw_scene(0, index) for index in range(count)]
    render_scene(scenes[0], size)
    start = time.process_time()
    for scene in scenes:
        render_scene(scene, size)
    return count / (time.process_time() - start)


def main(argv: list[str]) -> None:
    """Prints the table."""
    if len(argv) > 1:
        raise app.UsageError(f"Nothing but flags is expected. Got {argv[1:]}.")
    for size in SIZES:
        speed = images_per_second(size, flags.FLAGS.count)
        print(f"{size:4d} px  {speed:6.0f} images/s/core")  # noqa: T201 its result


if __name__ == "__main__":
    flags.DEFINE_integer("count", 500, "Images per size.", lower_bound=1)
    app.run(main)
