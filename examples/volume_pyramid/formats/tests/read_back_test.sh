#!/bin/sh
# Writes the volumes of write_volumes and reads them back by ../read_back.py; 77 where no Python has numpy.
set -eu
for python in ${PYTHON:-} python3 /usr/bin/python3; do
    "$python" -c 'import numpy' 2>/dev/null && break
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$WRITE_VOLUMES" "$folder"
"$python" "$(dirname "$0")/../read_back.py" "$folder"
