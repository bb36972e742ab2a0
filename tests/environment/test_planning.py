"""Which environment is made for a model: of what is known, what is recorded, and what is here."""

import pytest

from loadstone.environment.planning import allowed, plan
from loadstone.environment.provenance import Provenance, Range
from loadstone.environment.record import Framework, Record
from loadstone.environment.releases import installable
from loadstone.environment.requirements import Named, conda, dockerfile, requirements
from loadstone.errors import LoadstoneError, MissingDependency

LINUX = "linux-x86_64"
V2_3 = Provenance("tf.keras", keras=Range((2, 4, 0), (2, 4, 0)), tensorflow=Range((2, 3), (2, 3)))


def exact(*version):
    return Range(version, version)


def made(who, *arguments, **options):
    return plan(who, *arguments, platform=options.pop("platform", LINUX), **options)


def named_pins(record):
    return made(V2_3, record)


def test_an_exact_release_is_that_release():
    found = made(Provenance("keras", keras=exact(2, 2, 4), backend="tensorflow"))
    assert str(found.release) == "keras 2.2.4" and found.python == "3.6"
    assert found.pins["keras"] == "2.2.4" and found.pins["tensorflow"] == "1.12.3" and found.pins["h5py"] == "2.10.0"


def test_of_a_range_the_newest_that_was_out_when_the_file_was_saved():
    found = made(Provenance("tf.keras", tensorflow=Range((2, 3), (2, 4)), date="2020-10-10T11:12:13"))
    assert str(found.release) == "tensorflow 2.3.1"
    assert any("2.3.0 to 2.4.4" in note for note in found.notes)


def test_tf_keras_of_a_range_ends_before_keras_3():
    assert str(made(Provenance("tf.keras", tensorflow=Range((2, 8), None))).release) == "tensorflow 2.15.1"


def test_the_backend_decides_what_is_beside_keras():
    theano = made(Provenance("keras", keras=exact(1, 2, 2), backend="theano"))
    assert "theano" in theano.pins and "tensorflow" not in theano.pins and theano.backend == "theano"
    assert "jax" in made(Provenance("keras", keras=exact(3, 10, 0), backend="jax")).pins


def test_the_tensorflow_beside_keras_is_the_one_that_the_file_says():
    found = made(Provenance("keras", keras=exact(2, 2, 4), tensorflow=Range((1, 8), (1, 8))))
    assert found.pins["tensorflow"] == "1.8.0"


def test_the_python_that_the_file_says_goes_before_the_one_that_is_installed():
    assert made(Provenance("tf.keras", tensorflow=exact(2, 8, 0), python=exact(3, 9)), installed=["3.8"]).python == "3.9"
    assert made(Provenance("tf.keras", tensorflow=exact(2, 8, 0)), installed=["3.10", "3.13"]).python == "3.10"


def test_a_python_that_the_release_never_had_is_said():
    found = made(Provenance("tf.keras", tensorflow=exact(2, 8, 0), python=exact(3, 12)))
    assert found.python == "3.8" and any("3.12" in note for note in found.notes)
    with pytest.raises(MissingDependency, match=r"no environment for Python 3\.12"):
        made(Provenance("tf.keras", tensorflow=exact(2, 8, 0)), python="3.12")


def test_a_file_that_says_nothing_needs_a_release():
    with pytest.raises(LoadstoneError, match="nothing says which release") as caught:
        made(Provenance())
    assert "--release" in caught.value.hint
    assert str(made(Provenance(), asked="tensorflow==1.15.0").release) == "tensorflow 1.15.0"


@pytest.mark.parametrize("asked", ["tensorflow==9.9.9", "tensorflow==2.3", "numpy==1.18.5", "tensorflow>=2", "https://x/y.whl", "-e ."])
def test_a_release_that_the_table_lacks_is_refused(asked):
    with pytest.raises(ValueError):
        made(Provenance(), asked=asked)


def test_tensorflow_js_has_no_python():
    with pytest.raises(MissingDependency, match="needs no Python"):
        made(Provenance("tensorflow.js", keras=exact(2, 4, 0)))


# -- records ------------------------------------------------------------------------------------------------------------


def record(python="3.8.18", other=(), **packages):
    return Record("save_model", python, packages={name.replace("_", "-"): version for name, version in packages.items()}, other=other)


def test_a_record_says_the_release_exactly():
    found = named_pins(record(tensorflow="2.3.1", numpy="1.18.5"))
    assert str(found.release) == "tensorflow 2.3.1" and found.python == "3.8" and not found.named


def test_a_record_says_which_tensorflow_was_beside_keras():
    found = made(Provenance("keras", keras=exact(3, 10, 0)), record("3.12.1", tensorflow="2.18.0"))
    assert found.pins["tensorflow-cpu"] == "2.18.0" and found.pins["keras"] == "3.10.0"


def test_a_record_that_contradicts_the_file_does_not_count():
    found = named_pins(record(tensorflow="2.8.0"))
    assert str(found.release) == "tensorflow 2.3.4"
    assert any("2.8.0" in note for note in found.notes)


def test_a_record_alone_is_enough():
    found = made(Provenance(), Record("save_model", "3.9.1", framework=Framework("tf.keras"), packages={"tensorflow": "2.10.0"}))
    assert str(found.release) == "tensorflow 2.10.0" and found.python == "3.9"


BESIDE = {"keras": "3.4.1", "tf-keras": "2.17.0", "tensorflow": "2.17.0"}


@pytest.mark.parametrize("who", [Provenance(), Provenance("tf_keras", keras=exact(2, 17, 0), tensorflow=Range((2, 17, 0), (2, 17)))])
def test_keras_3_beside_tf_keras_is_not_what_saved_it(who):
    found = made(who, Record("save_model", "3.11.4", framework=Framework("tf_keras"), packages=BESIDE))
    assert str(found.release) == "tf_keras 2.17.0" and not any("3.4.1" in note for note in found.notes)


def test_standalone_keras_beside_tf_keras_1_is_not_what_saved_it():
    found = made(Provenance("tf.keras"), record("3.6.9", tensorflow="1.15.0", keras="2.3.1"))
    assert str(found.release) == "tensorflow 1.15.0"


def test_the_framework_of_a_record_is_enough():
    assert str(made(Provenance(), Record("mlflow", framework=Framework("keras", "3.3.3", "jax"))).release) == "keras 3.3.3"
    assert str(made(Provenance(), Record("mlflow", framework=Framework("tf.keras", "2.12.0"))).release).startswith("tensorflow 2.12")


def test_what_the_table_lacks_is_named_and_not_installed():
    found = named_pins(record(tensorflow_addons="0.13.0", numpy="1.18.1", pandas="1.1.0"))
    assert {str(one) for one in found.named} == {"tensorflow-addons==0.13.0", "numpy==1.18.1", "pandas==1.1.0"}
    assert set(found.all_pins.items()) <= installable()
    text = requirements(found)
    assert "\npandas" not in text and "#   pandas==1.1.0" in text


def test_what_was_allowed_is_installed():
    found = made(V2_3, record(tensorflow_addons="0.13.0", numpy="1.18.1"), allow=["tensorflow_addons==0.13.0", "numpy==1.18.1"])
    assert "tensorflow-addons==0.13.0" in found.lines and "numpy==1.18.1" in found.lines and "numpy==1.18.5" not in found.lines


def test_a_version_of_the_table_is_taken_from_the_record_for_the_same_python():
    assert named_pins(record(numpy="1.19.5")).pins["numpy"] == "1.19.5"
    assert named_pins(record("3.6.1", numpy="1.19.5", tensorflow="2.3.4")).python == "3.6"


def test_a_name_without_a_version_is_allowed_with_one():
    found = made(V2_3, named=[Named("tensorflow-text", "", "it has the operation WordpieceTokenize")], allow=["tensorflow-text==2.3.0"])
    assert "tensorflow-text==2.3.0" in found.lines


HOSTILE = [
    "https://example.org/evil-1.0.tar.gz",
    "evil @ https://example.org/evil.whl",
    "git+https://example.org/evil.git",
    "file:///evil-1.0.tar.gz",
    "file:evil==1.0",
    "-e .",
    "--index-url https://example.org/simple",
    "--extra-index-url=https://example.org/simple",
    "-r other.txt",
    "pandas==1.1.0\nevil==1.0",
    "pandas==1.1.0\r\nevil==1.0",
    "pandas==1.1.0\n",
    "pandas==1.1.0 --global-option=x",
    "pandas==1.1.0 --hash=sha256:00",
    "pandas==1.1.0; python_version > '3'",
    "pandas[all]==1.1.0",
    "pandas==1.1.0\u2028evil==1.0",
    "pandas==1.1.0\x0bevil==1.0",
    "pandas==1.1.0\x85evil==1.0",
    "p\u0430ndas==1.1.0",  # a Cyrillic letter
    "pandas==1.1.\u0661",
    "pandas==\uff11.\uff11.0",
    "pandas\u200b==1.1.0",
    "\ufb01re==1.0",
    " pandas==1.1.0",
    "pandas==1.1.*",
    "pandas===1.1.0",
    "pandas==1!1.1.0",
    "pandas==1.1.0+evil",
    "pandas>=1.1.0",
    "pandas=1.1.0",
    "pandas",
    "pandas==",
    "==1.1.0",
    "./pandas==1.1.0",
    "../evil",
    "evil.whl",
    "$(touch x)==1.0",
    "`x`==1.0",
    "pandas==1.1.0,evil==1.0",
    "pandas==1.1.0 # evil",
    "pandas==1.1.0 \\",
    "",
]  # fmt: skip


@pytest.mark.parametrize("line", HOSTILE)
def test_only_a_name_and_a_version_can_be_allowed(line):
    with pytest.raises(ValueError):
        allowed(line)
    with pytest.raises(ValueError):
        made(V2_3, record(pandas="1.1.0"), allow=[line])


@pytest.mark.parametrize("line", ["evil==1.0", "pandas==1.1.1", "tensorflow==2.4.0"])
def test_nothing_can_be_allowed_that_the_file_does_not_name(line):
    with pytest.raises(ValueError, match="cannot be allowed"):
        made(V2_3, record(pandas="1.1.0"), allow=[line])


@pytest.mark.parametrize("line", HOSTILE)
def test_lines_of_a_record_stay_in_comments(line):
    found = named_pins(record(other=(f"{line}: it is no version",), pandas="1.1.0"))
    assert set(found.all_pins.items()) <= installable()
    for text in (requirements(found), conda(found, line), dockerfile(found)):
        code = [part for part in text.splitlines() if not part.startswith("#")]
        assert not any("evil" in part for part in code if not part.startswith("name: "))
        assert not any(part.startswith("pandas") for part in code)


@pytest.mark.parametrize("name", ["a\nb: c", "x: {y: z}", "- -", "ü", ""])
def test_the_name_of_a_conda_environment_is_one_word(name):
    line = next(line for line in conda(made(V2_3), name).splitlines() if line.startswith("name: "))
    word = line.removeprefix("name: ")
    assert word and all(sign.isascii() and (sign.isalnum() or sign in "-_") for sign in word)


# -- texts and platforms ------------------------------------------------------------------------------------------------


def test_requirements_are_exact_lines():
    lines = [line for line in requirements(made(V2_3)).splitlines() if not line.startswith("#")]
    assert "tensorflow-cpu==2.3.4" in lines
    assert all(line.count("==") == 1 and " " not in line for line in lines)


def test_a_dockerfile_names_the_platform_that_has_wheels():
    text = dockerfile(made(V2_3))
    assert "FROM --platform=linux/amd64 python:3.8-slim" in text and "--no-deps" in text
    assert "KERAS_BACKEND=theano" in dockerfile(made(Provenance("keras", keras=exact(1, 2, 2), backend="theano")))


def test_another_platform_has_other_distributions():
    mac = made(Provenance("tf.keras", tensorflow=exact(2, 15, 0)), platform="macos-arm64")
    assert mac.platform == "macos-arm64" and mac.pins["tensorflow-macos"] == "2.15.0" == mac.pins["tensorflow"]
    assert "tensorflow-cpu" not in mac.pins and "tensorflow-io-gcs-filesystem" not in mac.pins
    assert made(Provenance("tf.keras", tensorflow=exact(2, 12, 0)), platform="windows-x86_64").pins["tensorflow-intel"] == "2.12.0"
    assert set(mac.all_pins.items()) <= installable()


def test_a_platform_without_wheels_is_said():
    found = made(V2_3, platform="macos-arm64")
    assert found.platform == LINUX and any("no wheels" in note for note in found.notes)
