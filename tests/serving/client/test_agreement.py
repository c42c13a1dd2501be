import dataclasses

import pytest
import tensorflow as tf
from fake_model_server import signature_map
from tensorflow_serving.apis.get_model_metadata_pb2 import (
    GetModelMetadataResponse,
    SignatureDefMap,
)

from piaa_tf.contract.signatures import (
    SIGNATURES,
    ServedTensor,
    Signature,
    served_signatures,
)
from piaa_tf.errors import InputError
from serving.client.agreement import ModelMetadata


def model_of(signatures):
    response = GetModelMetadataResponse()
    response.model_spec.version.value = 3
    response.metadata["signature_def"].Pack(signatures)
    return ModelMetadata.from_metadata(response, "model 'x' at here:1")


def claiming(**changed):
    """A model that serves the contract but for some signatures."""
    return model_of(signature_map({**SIGNATURES, **changed}))


def replaced(name, field, old, new):
    """A signature of the contract with one tensor changed, added or left out."""
    tensors = [t for t in getattr(SIGNATURES[name], field) if t.name != old]
    return dataclasses.replace(
        SIGNATURES[name], **{field: tuple(tensors) + ((new,) if new else ())}
    )


def test_the_contract_agrees_with_itself():
    model = claiming()
    assert model.version == 3
    for name, signature in SIGNATURES.items():
        assert model.agree(name) == signature


def test_a_prior_that_predicts_less_agrees_too():
    served = served_signatures(has_distribution=False, has_traits=False)
    model = model_of(signature_map(served))
    assert model.agree("generic") == served["generic"]
    with pytest.raises(InputError, match="'personality', which needs a prior"):
        model.agree("personality")


class Scorer(tf.Module):
    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="image_bytes"),
            tf.TensorSpec([None], tf.string, name="user_id"),
        ]
    )
    def score(self, image_bytes, user_id):
        length = tf.cast(tf.strings.length(image_bytes), tf.float32)
        known = user_id == "anna"
        return {"score": length, "known_user": known, "image_ok": length > 0}


def test_a_saved_model_says_the_same_as_the_contract(tmp_path):
    module = Scorer()
    tf.saved_model.save(module, str(tmp_path), signatures={"score": module.score})
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    saved = SavedModel.FromString((tmp_path / "saved_model.pb").read_bytes())
    signatures = SignatureDefMap()
    for name, signature in saved.meta_graphs[0].signature_def.items():
        signatures.signature_def[name].CopyFrom(signature)
    assert model_of(signatures).agree("score") == SIGNATURES["score"]


def test_what_a_server_adds_to_its_answers_does_not_matter():
    more = ServedTensor("rank", "int32", ("batch",))
    signature = replaced("embed", "outputs", None, more)
    assert claiming(embed=signature).agree("embed") == SIGNATURES["embed"]


FLOAT_USER = ServedTensor("user_id", "float32", ("batch",))
FLAT = ServedTensor("embedding", "float32", ("batch",))
ONE_ROW = ServedTensor("image_bytes", "string", (1,))
SIX_TRAITS = ServedTensor("traits", "float32", ("batch", 6))
EXTRA = ServedTensor("temperature", "float32", ("batch",))


@pytest.mark.parametrize(
    ("name", "field", "old", "new", "sentence"),
    [
        ("score", "inputs", "user_id", None, r"input 'user_id' of string \[batch\]. "),
        ("score", "inputs", "user_id", FLOAT_USER, r"of string \[batch\]. Got float32"),
        ("score", "inputs", None, EXTRA, "image_bytes, user_id. Got 'temperature' too"),
        ("score", "outputs", "image_ok", None, "the output 'image_ok' of bool"),
        ("embed", "outputs", "embedding", FLAT, r"float32 \[batch, D\]. Got float32 "),
        ("embed", "inputs", "image_bytes", ONE_ROW, r"\[batch\]. Got string \[1\]"),
        ("personality", "outputs", "traits", SIX_TRAITS, r"5\]. Got float32 \[-1, 6\]"),
    ],
)
def test_the_first_difference_is_said_in_one_sentence(name, field, old, new, sentence):
    model = claiming(**{name: replaced(name, field, old, new)})
    with pytest.raises(InputError, match=sentence) as raised:
        model.agree(name)
    assert str(raised.value).startswith(f"The model 'x' at here:1 must serve {name!r}")


def test_a_tensor_of_unknown_rank_may_fit():
    signatures = signature_map(SIGNATURES)
    info = signatures.signature_def["score"].inputs["image_bytes"]
    info.tensor_shape.Clear()
    info.tensor_shape.unknown_rank = True
    assert model_of(signatures).agree("score") == SIGNATURES["score"]


def test_another_model_is_told_from_an_export():
    classify = Signature("classify", (EXTRA,), (FLAT,))
    model = model_of(signature_map({"classify": classify}))
    with pytest.raises(
        InputError, match=r"must serve the signature 'score'. Got class"
    ):
        model.agree("score")
