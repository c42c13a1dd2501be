"""The simulated gallery: rendered scenes and simulated raters, for use without data.

It shows that methods work, and how their parts act; it does not decide which published
method is better, since how much of taste follows from personality is a parameter here.
`oracles` tells what is possible on it.
"""

from piaa_tf.data.gallery.config import GalleryConfig, SplitSizes, TasteShares
from piaa_tf.data.gallery.render import render_scene, subject_mask
from piaa_tf.data.gallery.scene import ATTRIBUTES, CONTENTS, Scene, draw_scene
from piaa_tf.data.gallery.sheet import contact_sheet
from piaa_tf.data.gallery.write import load, write_gallery

__all__ = [
    "ATTRIBUTES",
    "CONTENTS",
    "GalleryConfig",
    "Scene",
    "SplitSizes",
    "TasteShares",
    "contact_sheet",
    "draw_scene",
    "load",
    "render_scene",
    "subject_mask",
    "write_gallery",
]
