"""The programs in `go`, built with the AWS SDK for Go that Debian packages."""

import os
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
LIBRARIES = "/usr/share/gocode"


def is_possible():
    return bool(shutil.which("go")) and os.path.isdir(
        f"{LIBRARIES}/src/github.com/aws/aws-sdk-go-v2")


def build(name, folder):
    """Builds `go/NAME` into a folder; the program's path."""
    program = pathlib.Path(folder) / name
    # The build cache outlives the run: it holds no result of a test, and a cold build is slow.
    cache = HERE.parent.parent / ".build-tests" / "go"
    cache.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["go", "build", "-o", str(program), f"./{name}"], cwd=HERE / "go", capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(program.parent), "GO111MODULE": "off",
             "GOPATH": LIBRARIES, "GOCACHE": str(cache), "GOFLAGS": "", "CGO_ENABLED": "0",
             "WEIR_TEST_RUN": os.environ.get("WEIR_TEST_RUN", "")})
    assert done.returncode == 0, done.stderr
    return program
