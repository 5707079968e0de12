# SPDX-License-Identifier: BSL-1.0
"""Docstrings: their examples run, and they tell every argument. Types: mypy agrees, and sees what is wrong."""

import doctest
import importlib.util
import inspect
import pathlib
import re
import subprocess
import sys

import numpy
import pytest

import tinybrain

HERE = pathlib.Path(__file__).parent
NAMES = tinybrain.__all__


@pytest.mark.parametrize("name", NAMES)
def test_examples(name):
    tests = doctest.DocTestFinder().find(getattr(tinybrain, name), name, globs={"numpy": numpy, "tinybrain": tinybrain})
    runner = doctest.DocTestRunner()
    assert any(test.examples for test in tests)
    for test in tests:
        assert runner.run(test).failed == 0


@pytest.mark.parametrize("name", NAMES)
def test_every_argument_is_told(name):
    of = getattr(tinybrain, name)
    told = re.findall(r":param (\w+):", of.__doc__)
    assert sorted(told) == sorted(inspect.signature(of).parameters)
    assert ":raises ValueError:" in of.__doc__ and ":raises TypeError:" in of.__doc__


def test_the_module_and_the_readme():
    assert doctest.testmod(tinybrain).failed == 0
    readme = str(HERE.parent / "README.md")
    names = {"numpy": numpy, "tinybrain": tinybrain}
    assert doctest.testfile(readme, module_relative=False, globs=names).failed == 0


def mypy(*arguments, folder=None):
    # Debian's mypy runs by the system's Python; whichever has it will do.
    return subprocess.run([sys.executable, "-m", "mypy", "--cache-dir", "/dev/null", *arguments], cwd=folder,
                          capture_output=True, text=True)


@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="mypy is not there")
def test_types():
    package = pathlib.Path(tinybrain.__file__).parent.parent
    checked = mypy("--strict", "-p", "tinybrain", folder=package)
    assert checked.returncode == 0, checked.stdout
    # warn-unused-ignores: each line that is marked as wrong must be.
    used = mypy("--strict", "--warn-unused-ignores", str(HERE / "typed_calls.py"), folder=package)
    assert used.returncode == 0, used.stdout
