"""Loopback only, and the modules that these tests share with those of Tests/EndToEnd."""

import pathlib
import runpy
import sys

HERE = pathlib.Path(__file__).resolve().parent
SHARED = HERE.parent / "EndToEnd"
sys.path[:0] = [str(HERE), str(SHARED)]
runpy.run_path(str(SHARED / "loopback" / "sitecustomize.py"))
