from piaa_tf.contract.signatures import (
    PHONE_FILES,
    SIGNATURES,
    phone_signatures,
)


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
