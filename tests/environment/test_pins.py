"""Names, versions and requirements, read strictly."""

import pytest

from loadstone.environment.pins import is_name, is_version, requirement


@pytest.mark.parametrize(
    ("line", "name", "pin"),
    [
        ("tensorflow==2.15.0", "tensorflow", "2.15.0"),
        ("  TensorFlow_CPU == 2.1.0 ", "tensorflow-cpu", "2.1.0"),
        ("tensorflow[and-cuda]==2.15.0", "tensorflow", "2.15.0"),
        ("torch===2.1.0+cpu", "torch", "2.1.0+cpu"),
        ("Keras==2.2.4", "keras", "2.2.4"),
        ("a (==1.0)", "a", "1.0"),
        ("tf-nightly==2.16.0.dev20240101", "tf-nightly", "2.16.0.dev20240101"),
        ("numpy>=1.20,<2", "numpy", None),
        ("numpy==1.*", "numpy", None),
        ("numpy", "numpy", None),
        ('numpy==1.26 ; python_version < "3.12"', "numpy", None),
    ],
)
def test_a_requirement_is_a_name_and_clauses(line, name, pin):
    found = requirement(line)
    assert (found.name, found.pin) == (name, pin)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("-e .", "option"),
        ("-e git+https://x/y#egg=z", "option"),
        ("--index-url https://x", "option"),
        ("--extra-index-url=https://x", "option"),
        ("-r other.txt", "option"),
        ("git+https://github.com/x/y", "URL"),
        ("https://x/y.whl", "URL"),
        ("x @ https://x/y.whl", "URL"),
        ("x[a]@file:///home/x", "URL"),
        ("./x", "path"),
        ("/opt/x", "path"),
        ("..\\x", "path"),
        ("C:\\x", "path"),
        ("x-1.0-py3-none-any.whl", "path"),
        ("x-1.0.tar.gz", "path"),
        ("numpy==1.0\n-e .", "line"),
        ("numpy==1.0\x00", "line"),
        ("numpy==1.0\u2028evil", "line"),
        ("numpy==1.0 --index-url=https", "clause"),
        ("numpy==1.0 evil==2", "clause"),
        ("numpy==1.0 --hash=sha256:00", "clause"),
        ("numpy=1.0", "clause"),
        ("numpy==", "clause"),
        ("numpy==$(id)", "NAME==VERSION"),
        ("numpy==`id`", "clause"),
        ("nümpy==1.0", "clause"),
        ("-numpy", "option"),
        ("numpy-==1.0", "NAME==VERSION"),
        ("a" * 1001, "long"),
        ("", "NAME==VERSION"),
    ],
)
def test_anything_else_is_refused_with_its_reason(line, why):
    with pytest.raises(ValueError, match=why):
        requirement(line)


@pytest.mark.parametrize("text", ["1", "1.2.3", "1!2.0", "2.0rc1", "2.0.0-rc1", "1.0.post1", "1.0-1", "1.0.dev3+g1a2b3c", "v1.0"])
def test_versions(text):
    assert is_version(text)


@pytest.mark.parametrize("text", ["", "latest", "1.0 ", "1..0", "1.0;x", "1.0\n", "1.0/2", "٣.1", "1" * 200])
def test_no_versions(text):
    assert not is_version(text)


def test_names():
    assert is_name("tf_keras") and is_name("a") and is_name("zope.interface")
    assert not any(map(is_name, ["", "-a", "a-", "a b", "a\n", "a/b", "é", "a" * 129]))
