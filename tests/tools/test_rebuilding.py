"""What is planned for a model's file, and how the outputs of the framework that saved it are compared."""

import io
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

import loadstone
from loadstone.environment.requirements import Plan
from loadstone.errors import InputMismatch, LoadstoneError
from loadstone.ir import dtypes
from loadstone.tools import rebuilding
from loadstone.tools.rebuilding import functions_of, outcome, planned

FRAUD = Path(str(files("loadstone"))) / "examples" / "fraud" / "fraud.h5"


@pytest.fixture
def original(monkeypatch):
    """A framework that gives what the test wants of it; the jobs that it got."""
    jobs = []

    def use(answer):
        monkeypatch.setattr(rebuilding, "run_model", lambda plan, created, job: jobs.append(job) or answer(job))
        return jobs

    return use


def run(**options):
    made, report = planned(FRAUD)
    return outcome(made, None, FRAUD, report, **options)


def own(job):
    model = loadstone.load_model(FRAUD)
    return [("", np.asarray(model(next(iter(job.inputs.values())) if len(job.inputs) == 1 else dict(job.inputs))))]


def test_a_plan_of_a_file():
    made, report = planned(FRAUD)
    assert isinstance(made, Plan) and made.library in ("keras", "tf.keras") and report.format == "keras_h5"


def test_a_file_of_weights_has_a_plan_where_a_release_is_named(tmp_path):
    (tmp_path / "x").write_bytes(b"\0" * 100)
    with pytest.raises(LoadstoneError):
        planned(tmp_path / "x")
    made, report = planned(tmp_path / "x", release="tensorflow==2.3.4")
    assert str(made.release) == "tensorflow 2.3.4" and report is None


def test_without_data_the_inputs_are_zeros(original):
    jobs = original(own)
    found = run()
    assert found.agrees and set(found.compared) == {"loadstone"}
    assert all(not value.any() for value in jobs[0].inputs.values()) and jobs[0].kind == "keras"


def test_golden_outputs_are_compared(original):
    original(own)
    specs = loadstone.inspect(FRAUD).inputs
    random = np.random.default_rng(1)
    x = {f"in_{at}": (random.random((3, *spec.shape[1:])) * 3).astype(spec.dtype) for at, spec in enumerate(specs)}
    y = np.asarray(loadstone.load_model(FRAUD)(dict(zip([spec.name for spec in specs], x.values(), strict=True))))
    assert run(golden=packed(**x, out_0=y)).agrees
    far = run(golden=packed(**x, out_0=y + 1))
    assert not far.agrees and far.apart["the golden outputs"] and not far.apart["loadstone"]
    assert not run(golden=packed(**x, out_0=y[:, :0])).agrees


def test_outputs_go_by_value_whatever_their_order():
    a, b = np.zeros((2, 2), np.float32), np.ones((2, 2), np.float32)
    assert rebuilding._compare([a, b], {"first": b, "second": a}) == ({"first": 0.0, "second": 0.0}, ())
    assert rebuilding._compare([a], {"first": a, "second": a})[1] == ("second",)
    text = np.array([["x"]], object)
    assert rebuilding._compare([np.array([[b"x"]])], {"t": text})[1] == ()


def test_rounding_is_allowed_in_all_types():
    for kind in ("complex64", "float16"):
        kept = np.full((2, 2), 3, kind)
        assert rebuilding._compare([kept * np.float32(1 + 1e-6)], {"y": kept})[1] == ()
        assert rebuilding._compare([kept * 2], {"y": kept})[1] == ("y",)
    kept = np.ones((2, 2), dtypes.to_numpy("bfloat16"))  # which .npz files hold as two opaque bytes
    assert rebuilding._compare([kept.view("V2")], {"y": kept}) == ({"y": 0.0}, ())


def test_data_for_other_inputs_are_refused(original):
    original(own)
    for given in ([np.zeros((1, 30))] * 2, {"other": np.zeros((1, 30))}):
        with pytest.raises(InputMismatch):
            run(given=given)


def test_layers_with_compiled_code_are_named():
    lambdas = sorted((Path(__file__).parents[1] / "golden" / "lambdas").rglob("*.h5"))
    assert functions_of(None) == [] and functions_of(loadstone.inspect(FRAUD)) == []
    assert functions_of(loadstone.inspect(lambdas[0]))


def packed(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()
