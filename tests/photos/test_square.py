import numpy as np
import pytest
import tensorflow as tf

from piaa_tf.errors import InputError
from piaa_tf.photos.framing import Framing
from piaa_tf.photos.square import to_square, to_square_on_phone

SHAPES = [(300, 375), (97, 64), (20, 33), (48, 48), (1, 50), (640, 31)]


def noise(height, width):
    rng = np.random.default_rng(height * width)
    return rng.integers(0, 256, [height, width, 3], dtype=np.uint8)


def by_hand(row, size):
    """The triangle filter along one axis, weight by weight."""
    scale = len(row) / size
    result = []
    for i in range(size):
        centre = (i + 0.5) * scale - 0.5
        weights = [max(0, 1 - abs(j - centre) / max(scale, 1)) for j in range(len(row))]
        result.append(np.average(row, axis=0, weights=weights))
    return np.array(result)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_square_is_the_triangle_filter_of_both_axes(shape):
    photo = noise(*shape)
    expected = by_hand(by_hand(photo, 48).transpose(1, 0, 2), 48).transpose(1, 0, 2)
    square = to_square(tf.constant(photo), Framing(48))
    np.testing.assert_allclose(square, expected, atol=0.01)


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("keep_aspect", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_phone_makes_the_same_square(shape, keep_aspect, antialias):
    framing = Framing(48, keep_aspect, antialias)
    photo = tf.constant(noise(*shape))
    np.testing.assert_allclose(
        to_square_on_phone(photo, framing), to_square(photo, framing), atol=0.01
    )


@pytest.mark.parametrize("keep_aspect", [True, False])
def test_a_phones_square_needs_no_operation_beyond_tflites_own(keep_aspect):
    framing = Framing(32, keep_aspect)

    @tf.function(input_signature=[tf.TensorSpec([None, None, 3], tf.uint8)])
    def resize(pixels):
        return to_square_on_phone(pixels, framing)

    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [resize.get_concrete_function()], tf.Module()
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    runner = tf.lite.Interpreter(model_content=converter.convert())
    for shape in [(90, 131), (40, 20)]:
        photo = noise(*shape)
        entry = runner.get_input_details()[0]["index"]
        runner.resize_tensor_input(entry, photo.shape)
        runner.allocate_tensors()
        runner.set_tensor(entry, photo)
        runner.invoke()
        square = runner.get_tensor(runner.get_output_details()[0]["index"])
        np.testing.assert_allclose(square, to_square(photo, framing), atol=0.01)


def test_a_centre_square_is_cut_before_it_is_shrunk():
    photo = noise(40, 64)
    np.testing.assert_array_equal(
        to_square(photo, Framing(16, keep_aspect=True)),
        to_square(photo[:, 12:52], Framing(16)),
    )


def test_what_is_a_square_of_that_size_stays_as_it_is():
    photo = noise(48, 48)
    np.testing.assert_array_equal(to_square(photo, Framing(48)), photo)


def test_without_antialiasing_a_fine_grid_becomes_a_coarse_one():
    photo = np.zeros([400, 400, 3], np.uint8)
    photo[::2] = 255
    aliased = to_square(photo, Framing(50, antialias=False)).numpy()
    assert aliased.std() < 1
    # Two rows of the grid are grey on average; what is shifted meets single rows.
    shifted = to_square(photo[3:], Framing(50, antialias=False)).numpy()
    assert shifted.std() > 30
    assert to_square(photo[3:], Framing(50)).numpy()[2:-2].std() < 1


def test_a_decoder_leaves_twice_the_square():
    assert Framing(224).min_side == 448
    assert Framing(224, antialias=False).min_side == 0


def test_a_square_of_no_size_is_refused():
    with pytest.raises(InputError, match=r"image_size must be >= 1\. Got 0"):
        Framing(0)
