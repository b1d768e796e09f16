# Says what pyproject.toml asks for to build and the root has not. Versions are the distribution's and not compared.
import os
import shutil
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version

from packaging.requirements import Requirement

PACKAGES = {"cython": "cython3", "pybind11": "pybind11-dev"}
PROGRAMS = {"cmake": "cmake", "ninja": "ninja-build", "patchelf": "patchelf"}
BACKENDS = os.environ["wheel_backends"].split()


def is_there(name):
    if name in PROGRAMS:
        return shutil.which(name) is not None
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def main():
    try:
        with open("pyproject.toml", "rb") as file:
            requires = tomllib.load(file).get("build-system", {}).get("requires", [])
    except FileNotFoundError:
        return 0
    missing = 0
    for text in requires:
        requirement = Requirement(text)
        name = requirement.name.lower().replace("_", "-").replace(".", "-")
        if (requirement.marker and not requirement.marker.evaluate()) or is_there(name):
            continue
        missing += 1
        if name in BACKENDS:
            way = f'`backend = "{name}"` brings it'
        elif package := PACKAGES.get(name) or PROGRAMS.get(name):
            way = f'`tools = ["{package}"]` brings it'
        else:
            way = f'`tools = ["python3-{name}"]` brings it, if the distribution has it by that name'
        print(f"pyproject.toml asks for `{requirement}`, which is not there: {way}", file=sys.stderr)
    return 1 if missing else 0


sys.exit(main())
