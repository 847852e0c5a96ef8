#!/bin/sh
# Build the core with the address and undefined-behaviour sanitizers beside the usual one, and put random shapes and options
# and the tests through it. Usage: core/sanitize.sh [SECONDS of fuzzing, 60] [SEED]
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
build=build/sanitize
"${CMAKE:-.venv/bin/cmake}" -S core -B $build -DPPODOCTOR_SANITIZE=ON -DPython_EXECUTABLE="$("$python" -c 'import sys; print(sys.executable)')" \
    -Dnanobind_DIR="$("$python" -m nanobind --cmake_dir)" >/dev/null
"${CMAKE:-.venv/bin/cmake}" --build $build -j 2 >/dev/null

# A copy of the package in which the sanitized module takes the usual one's place.
rm -rf $build/tree
mkdir $build/tree
cp -r ppodoctor tests pyproject.toml $build/tree/
rm -f $build/tree/ppodoctor/core/_core.*.so
cp $build/_core.*.so $build/tree/ppodoctor/core/
cd $build/tree
# An editable installation answers imports before the path does, and would bring its own module.
echo 'import sys; sys.meta_path[:] = [f for f in sys.meta_path if "ScikitBuild" not in type(f).__name__]' >sitecustomize.py
# Python itself leaks by design, and the sanitizer's run time has to be there before it starts.
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 PYTHONPATH=.
preload="$(${CXX:-c++} -print-file-name=libasan.so) $(${CXX:-c++} -print-file-name=libstdc++.so)"
LD_PRELOAD="$preload" "$OLDPWD/$python" tests/core/fuzz.py "${1:-60}" "${2:-0}"
LD_PRELOAD="$preload" "$OLDPWD/$python" -m pytest -q -p no:cacheprovider tests/core -k "not loads_neither"
