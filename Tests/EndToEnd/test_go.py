"""The AWS SDK for Go, version 2, over HTTP/2."""

import subprocess

import pytest

import goprogram


@pytest.fixture(scope="session")
def chain(tmp_path_factory):
    if not goprogram.is_possible():
        pytest.skip("Go or its AWS SDK is not installed")
    return goprogram.build("chain", tmp_path_factory.mktemp("go"))


def test_a_chain_of_subscriptions_through_a_split_and_a_merge(weir, chain, name):
    done = subprocess.run(
        [str(chain), name], env=weir.environment(), capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "every record once, in order\n"


def test_the_same_when_subscriptions_end_on_the_way(quick, chain, name):
    """With lives of six seconds at most, the chain is resumed from continuation numbers."""
    done = subprocess.run(
        [str(chain), name], env=quick.environment(), capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
