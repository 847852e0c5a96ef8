#!/bin/sh
# Make .venv with this package and the extras named, at the versions of constraints.txt.
# Usage: tools/setup.sh EXTRAS STAMP      (called by the Makefile; STAMP is touched when all went well)
set -eu
cd "$(dirname "$0")/.."
extras=$1 stamp=$2

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

if ! [ -x .venv/bin/python ] || ! new_enough .venv/bin/python; then
    # A command may exist and still not run (version managers leave such stand-ins), so each is tried.
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 none; do
        if [ "$candidate" = none ]; then
            echo "ppodoctor needs Python 3.11 or newer; python3 here is $(python3 --version 2>&1 || true)." >&2
            echo "Install one and run make again, or name it: make PYTHON=/path/to/python3.12 ..." >&2
            exit 1
        fi
        if new_enough "$candidate"; then break; fi
    done
    echo "Making .venv with $("$candidate" --version) ..."
    if ! "$candidate" -m venv --clear .venv; then
        echo "$candidate could not make a virtual environment: on Debian and Ubuntu, install the package python3-venv and run make again." >&2
        exit 1
    fi
fi

echo "Installing ppodoctor with what it needs ($extras) into .venv; the first time takes a few minutes, most of it PyTorch ..."
# The constraints hold for the build environment too, which pip reads from either variable, by its age.
PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 \
    .venv/bin/python -m pip install --quiet -c constraints.txt -e ".[$extras]"
touch "$stamp"
