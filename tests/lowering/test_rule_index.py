"""The index of rules names the module that enters a rule, also where a decorator of another module does it."""

from loadstone.lowering import index


def test_rules_entered_by_decorators_of_other_modules():
    modules = {
        name: module for kind in ("tensorflow", "complex") for module, names in index.stored()[kind].items() for name in names.split()
    }
    assert modules["raw_ops.Cholesky"] == "tensorflow.linear_algebra"
    assert modules["Cholesky"] == "tensorflow.linear_algebra"
    assert modules["Prod"] == "tensorflow.complex_products"
