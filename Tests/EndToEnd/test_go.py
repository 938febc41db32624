"""The AWS SDK for Go, version 2, over HTTP/2."""

import os
import pathlib
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
LIBRARIES = "/usr/share/gocode"


@pytest.fixture(scope="session")
def chain(tmp_path_factory):
    """The program, built with the SDK that Debian packages."""
    if not shutil.which("go") or not os.path.isdir(f"{LIBRARIES}/src/github.com/aws/aws-sdk-go-v2"):
        pytest.skip("Go or its AWS SDK is not installed")
    program = tmp_path_factory.mktemp("go") / "chain"
    # The build cache outlives the run: it holds no result of a test, and a cold build is slow.
    cache = HERE.parent.parent / ".build-tests" / "go"
    cache.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["go", "build", "-o", str(program), "./chain"], cwd=HERE / "go", capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(program.parent), "GO111MODULE": "off",
             "GOPATH": LIBRARIES, "GOCACHE": str(cache), "GOFLAGS": "", "CGO_ENABLED": "0"})
    assert done.returncode == 0, done.stderr
    return program


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
