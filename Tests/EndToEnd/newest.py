"""Lists what the newest botocore's model of Kinesis has and the pinned one has not.

    .build-tests/venv/bin/python Tests/EndToEnd/newest.py

The newest botocore is fetched from the package index into a temporary folder; nothing that is
installed changes. The exit status is 1 if there is anything new."""

import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

import botocore

MODEL = pathlib.Path("botocore", "data", "kinesis", "2013-12-02")


def load(folder):
    packed = folder / MODEL / "service-2.json.gz"
    if packed.exists():
        return json.loads(gzip.decompress(packed.read_bytes()))
    return json.loads((folder / MODEL / "service-2.json").read_text())


def facts(model):
    """Everything that a client or a server could notice, as one line each."""
    for name in model["operations"]:
        operation = model["operations"][name]
        yield f"operation {name}"
        for error in operation.get("errors", []):
            yield f"operation {name}: error {error['shape']}"
    for name, shape in model["shapes"].items():
        yield f"shape {name}: {shape['type']}"
        for member in shape.get("members", {}):
            need = "required" if member in shape.get("required", []) else "optional"
            yield f"shape {name}: {need} member {member}"
        for key in ("min", "max", "pattern"):
            if key in shape:
                yield f"shape {name}: {key} {shape[key]}"
        for value in shape.get("enum", []):
            yield f"shape {name}: value {value}"


def main():
    pinned = pathlib.Path(botocore.__file__).parent.parent
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
             "--no-deps", "--target", folder, "botocore"], check=True)
        old, new = (list(facts(load(pathlib.Path(each)))) for each in (pinned, folder))
        version = next(pathlib.Path(folder).glob("botocore-*.dist-info")).name.split("-")[1]
    version = version.removesuffix(".dist")
    print(f"pinned {botocore.__version__}, newest {version}")
    for sign, lines in (("+", [each for each in new if each not in set(old)]),
                        ("-", [each for each in old if each not in set(new)])):
        for line in lines:
            print(sign, line)
    return 1 if set(old) != set(new) else 0


if __name__ == "__main__":
    sys.exit(main())
