#!/bin/sh
# Arrays of write_arrays and of python3-zarr, each read by the other; 77 where no Python has zarr.
set -eu
for python in ${PYTHON:-} python3 /usr/bin/python3; do
    "$python" -c 'import numpy, numcodecs, zarr' 2>/dev/null && break
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" "$(dirname "$0")/../arrays_read_back.py" "$folder" "$WRITE_ARRAYS"
