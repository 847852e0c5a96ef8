#!/bin/sh
# Diagnose a PPO script that ships broken, as a person would, and say where the page is.
set -eu
cd "$(dirname "$0")/.."
script=examples/broken_cartpole.py run=runs/demo
PATH="$PWD/.venv/bin:$PATH"

echo "$script is a PPO script with a fault in it."
echo "ppodoctor runs it as it is, for about a minute:"
echo
echo "    ppodoctor diagnose --out $run -- python $script"
echo
rm -rf "$run"
status=0
ppodoctor diagnose --out "$run" -- python "$script" || status=$?
echo
if [ "$status" -ne 1 ] || ! [ -s "$run/report.html" ]; then
    echo "The demo failed: a named cause (exit status 1) and $run/report.html were expected, the status was $status." >&2
    exit 1
fi
echo "A cause was named (exit status 1), as it should be here."
echo "The whole story, to open in a browser:"
echo "    $PWD/$run/report.html"
