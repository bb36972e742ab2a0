"""Which files belong together, by their names."""

import pytest

from loadstone.tools.pairing import pairs_for, weights_for, words


@pytest.mark.parametrize(
    ("architecture", "weights"),
    [
        ("model.json", "weights.h5"),
        ("model.json", "model_weights.hdf5"),
        ("d6_m7.architecture.json", "d6_m7.weights.h5"),
        ("record_2_model_v0CG1_modelYaml.yaml", "record_2_model_v0CG1_modelWeights.h5"),
        ("zoo.yml", "zoo-best.weights.h5"),
    ],
)
def test_names_that_go_together(architecture, weights):
    assert words(architecture) == words(weights)
    (choice,) = weights_for({architecture: 1}, {weights: 2})[architecture][1]
    assert choice.sure and choice.size == 2


def test_names_that_do_not():
    assert words("encoder.json") != words("decoder_weights.h5")
    found = weights_for({"encoder.json": 1, "decoder.json": 1}, {"encoder.h5": 1, "decoder.h5": 1, "other.h5": 1})
    assert [choice.path for choice in found["encoder.json"][1]] == ["encoder.h5"]


def test_one_architecture_in_a_folder_may_have_weights_of_any_name():
    found = weights_for({"model.json": 1}, {"run7.h5": 1, "data.npz": 1})
    assert [(choice.path, choice.sure) for choice in found["model.json"][1]] == [("run7.h5", False)]
    (pair,) = pairs_for("run7.h5", found, {})
    assert not pair.sure


def test_a_folder_with_a_checkpoint_goes_by_its_own_name():
    above = weights_for({"m/mlp.json": 1}, {"m/mlp_weights.h5": 1})
    (pair,) = pairs_for("m/mlp_ckpt/ckpt.index", {}, above)
    assert pair.architecture == "m/mlp.json" and pair.sure
