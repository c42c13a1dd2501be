import math

import numpy as np
import pytest

from piaa_tf.contract import (
    PHONE_FILES,
    SIGNATURES,
    InputError,
    RatingRange,
    phone_signatures,
)


def test_unit_mapping_sends_the_ends_to_zero_and_one():
    assert RatingRange(2, 10).to_unit(2) == 0
    assert RatingRange(2, 10).to_unit(10) == 1


def test_from_unit_inverts_to_unit():
    ratings = np.linspace(-3, 7, 11)
    rating_range = RatingRange(-3, 7)
    np.testing.assert_allclose(
        rating_range.from_unit(rating_range.to_unit(ratings)), ratings, atol=1e-12
    )


def test_middle_is_half_way():
    assert RatingRange(1, 10).middle == (1 + 10) / 2


def test_contains_refuses_what_is_outside_or_not_a_number():
    ratings = np.array([0.9, 1.0, 5.0, 5.1, math.nan])
    assert RatingRange(1, 5).contains(ratings).tolist() == [
        False,
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("low", "high"), [(5, 5), (5, 1), (math.nan, 5), (1, math.inf)]
)
def test_a_range_that_is_none_is_refused(low, high):
    with pytest.raises(InputError, match="needs minimum < maximum"):
        RatingRange(low, high)


def test_every_tensor_of_a_signature_is_a_row_per_request():
    # A server's batching concatenates along the first axis of each.
    for signature in SIGNATURES.values():
        for tensor in (*signature.inputs, *signature.outputs):
            assert tensor.shape[0] == "batch"


def test_one_name_has_one_type_in_every_signature():
    types = {}
    phone = (signature for file in PHONE_FILES.values() for signature in file)
    for signature in (*SIGNATURES.values(), *phone):
        for tensor in (*signature.inputs, *signature.outputs):
            assert types.setdefault(tensor.name, tensor.dtype) == tensor.dtype


def test_a_phones_score_says_what_the_prior_predicts():
    def outputs(**has):
        score = phone_signatures("score.tflite", **has)["score"]
        return [output.name for output in score.outputs]

    both = outputs(has_distribution=True, has_traits=True)
    assert both == ["score", "distribution", "traits"]
    one = outputs(has_distribution=True, has_traits=False)
    assert one == ["score", "distribution"]
