#!/usr/bin/env bash
# Fuzzes what reads chunks, shards, `info` and arrays' metadata, one reader after another, under the address and
# undefined-behaviour sanitizers (clang, cmake, ninja-build and the libraries of the formats):
#   fuzz.sh [SECONDS [NAME...]]     seconds for each, 60 if not said; array_chunk, array_form, array_index,
#                                   compressed_segmentation, compression, info, jpeg, minishard_index, multiscale, png,
#                                   shard
# What was new is kept in build/fuzz-formats/corpus; a case that fails in build/fuzz-formats/NAME-crash-*.
set -euo pipefail
cd "$(dirname "$0")/../../.."
seconds=${1:-60}
shift $(($# > 0 ? 1 : 0))
names=${*:-array_chunk array_form array_index compressed_segmentation compression info jpeg minishard_index multiscale png shard}
here=examples/volume_pyramid
build=build/fuzz-formats

cmake -S . -B $build -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_CXX_FLAGS_RELEASE="-O2 -g1" -DTINYBRAIN_BUILD_TESTS=OFF -DTINYBRAIN_BUILD_FUZZ=ON >/dev/null
targets=(formats_fuzz_seeds)
for name in $names; do targets+=("formats_fuzz_$name"); done
cmake --build $build --target "${targets[@]}" -j "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}"
rm -rf $build/seeds
$build/$here/formats/fuzz/formats_fuzz_seeds $build/seeds
cp -r $here/fuzz/infos $build/seeds/info
cp -r $here/fuzz/multiscales $build/seeds/multiscale
status=0
for name in $names; do
    mkdir -p $build/corpus/"$name"
    fuzzer=$build/$here/formats/fuzz/formats_fuzz_$name words=()
    [ "$name" != info ] || words=(-dict="$here/fuzz/info.dict")
    [ -e "$fuzzer" ] || fuzzer=$build/$here/fuzz/formats_fuzz_$name
    "$fuzzer" "${words[@]}" -max_total_time="$seconds" -max_len=4096 -rss_limit_mb=1024 -malloc_limit_mb=256 -timeout=10 \
        -artifact_prefix="$build/$name-" -print_final_stats=1 $build/corpus/"$name" $build/seeds/"$name" \
        >"$build/$name.log" 2>&1 || status=1
    echo "$name: $(grep -c . <<<"$(ls $build/corpus/"$name")") inputs kept, $(
        grep -o 'cov: [0-9]*' "$build/$name.log" | tail -n 1), $(
        grep -E 'number_of_executed_units' "$build/$name.log" || tail -n 3 "$build/$name.log")"
done
exit $status
