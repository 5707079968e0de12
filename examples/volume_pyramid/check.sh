#!/usr/bin/env bash
# The long checks of volume_pyramid, with real volumes and large ones:
#   check.sh PROGRAM STEP WORKFOLDER
# STEP: real | small | forms | arrays | places | array_kills | array_speed | ranks | kills | parts | schedulers | neuroglancer | page | memory | sharded_memory | speed |
#       throughput | full_disk | hostile | damage
# EM and LABELS name the two .npy files of `real` and others (uint8, uint32). Every step ends with status 0 only if all is
# right.
set -euo pipefail
program=$(realpath "$1") step=$2 work=$3
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
mkdir -p "$work" && cd "$work"

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1

tree_hash() { (cd "$1" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16); }
# Ends the script where two of the folders differ.
same_trees() {
    local other
    for other in "${@:2}"; do [ "$(tree_hash "$1")" = "$(tree_hash "$other")" ] || { echo "$1 and $other differ"; exit 1; }; done
}
seconds() { local start=$EPOCHREALTIME; "$@" >&2; echo "$EPOCHREALTIME $start" | awk '{printf "%.2f", $1 - $2}'; }

# A volume that is quickly made and not all alike: $1 folder, $2 x, $3 y, $4 z, in chunks of 64 cubed.
synthetic() { "$python" "$here/synthetic.py" "$@"; }

step_real() {
    rm -rf em labels labels_first
    "$program" em --create "$EM" --resolution 4,4,50 --chunk 64,64,30 --mips 5 --method average
    "$python" "$here/read_back.py" em npy 0 "$EM"
    "$python" "$here/read_back.py" em average
    "$python" "$here/read_back.py" em count
    "$program" labels_first --create "$LABELS" --resolution 4,4,40 --compress gzip:6 --mips 5 --factor 2,2,2 --method mode --ties first
    "$python" "$here/read_back.py" labels_first npy 0 "$LABELS"
    "$python" "$here/read_back.py" labels_first mode
    "$program" labels --create "$LABELS" --resolution 4,4,40 --compress gzip:6 --mips 5 --factor 2,2,1 --method mode
    # With the library's own rule for ties: against `pyramid`, which does the whole volume at once.
    "$PYRAMID" "$LABELS" --factor 2,2,1 --mips 5 --method mode --out whole >/dev/null
    for m in 1 2 3 4 5; do
        "$python" "$here/read_back.py" labels npy $m whole/"$(basename "$LABELS" .npy)_mip$m.npy"
    done
}

step_ranks() {
    [ -d source ] || synthetic source 1024 1024 512
    for n in 1 2 4; do
        rm -rf "ranks$n" && cp -r source "ranks$n"
        printf '%s ranks, 1 thread each: %s s, tree ' $n "$(seconds mpirun -n $n "$program" "ranks$n" --factor 2,2,2 \
            --mips 3 --method average --threads 1)"
        tree_hash "ranks$n"
    done
    same_trees ranks1 ranks2 ranks4
    rm -rf ranks1 ranks2 ranks4
}

# One process, three ranks, and seven parts in random order, one of them twice at once, make the same files in every
# form; numpy reads them, and Pillow what is jpeg.
step_forms() {
    rm -rf forms && mkdir forms && cd forms
    "$program" em --create "$EM" --resolution 4,4,40 --chunk 64,64,15 >/dev/null
    "$program" labels --create "$LABELS" --resolution 4,4,40 --type segmentation >/dev/null
    "$program" em --mips 4 --method average --dest em_raw >/dev/null
    "$program" labels --mips 4 --method mode --ties first --dest labels_raw --chunk 32,32,32 >/dev/null
    one_form em average "--chunk 16,16,15 --encoding png --task 256,256,15"
    one_form em average "--chunk 16,16,10 --encoding jpeg --task 256,256,10"
    one_form em average "--chunk 16,16,5 --encoding jpeg --sharded --shard-size 16KiB --task 256,256,10"
    one_form labels "mode --ties first" "--chunk 16,16,16 --encoding compressed_segmentation --task 256,256,16"
    one_form labels "mode --ties first" "--chunk 16,16,16 --encoding compressed_segmentation --block-size 16,16,2 --compress gzip --sharded --shard-size 128KiB --task 256,256,32"
    one_form labels "mode --ties first" "--chunk 16,16,16 --compress zstd --task 256,256,32"
    # A grid with one chunk along z; and one of 2^k + 1 along x.
    one_form labels "mode --ties first" "--chunk 16,16,128 --encoding compressed_segmentation --sharded --shard-size 1MiB --task 256,256,128"
    "$program" labels --mips 1 --factor 1,1,1 --method stride --bounds 0-272,0-512,0-128 --dest odd --chunk 16,16,16 >/dev/null
    one_form odd "mode --ties first" "--chunk 16,16,16 --encoding compressed_segmentation --sharded --shard-size 128KiB --task 256,256,32"
}

# Both volumes as OME-Zarr and N5: by one process, three ranks and parts in any order, the same files, read by others.
step_arrays() {
    rm -rf arrays && mkdir arrays && cd arrays
    "$program" em --create "$EM" --resolution 4,4,40 --chunk 64,64,15 --mips 4 --factor 2,2,1 --method average >/dev/null
    "$program" labels --create "$LABELS" --resolution 4,4,40 --type segmentation --mips 4 --factor 2,2,2 --method mode >/dev/null
    for name in em labels; do /usr/bin/python3 "$here/formats/dump.py" $name truth/$name; done
    local form
    for form in zarr2 "zarr2 --compress gzip" zarr3 "zarr3 --compress gzip --sharded --shard-size 256KiB" n5; do
        one_array em "$form" --factor 2,2,1 --mips 4 --method average --chunk 32,32,15 --task 512,512,15
        one_array labels "$form" --factor 2,2,2 --mips 4 --method mode --chunk 16,16,8 --task 512,512,128
    done
}

one_array() {
    local source=$1 family=${2%% *} k
    read -ra storage <<<"${2#"$family"}"
    local run=("$source" --convert "${@:3}" "${storage[@]}" --dest)
    rm -rf one ranks parts && mkdir one ranks parts
    "$program" "${run[@]}" "$family://one/v" >/dev/null
    mpirun -n 3 "$program" "${run[@]}" "$family://ranks/v" --threads 1 >/dev/null
    "$program" "${run[@]}" "$family://parts/v" --prepare >/dev/null 2>&1
    for k in $(shuf -e 1 2 3 4 5); do "$program" parts/v --part "$k/5" >/dev/null; done
    "$program" parts/v --finish >/dev/null
    same_trees one ranks parts
    /usr/bin/python3 "$here/formats/levels.py" one/v "$source"
    [ "$family" = n5 ] || [ -z "${ZARRITA:-}" ] || node "$here/formats/zarrita_same.mjs" one/v "truth/$source"
    [[ $family == n5 || $2 != *gzip* || -z "${NEUROGLANCER:-}" ]] ||
        node "$here/formats/neuroglancer_zarr_same.mjs" one/v "truth/$source"
    echo "$source, $2: $(find one -type f | wc -l) files, the same by 1 process, 3 ranks and 5 parts: $(tree_hash one)"
}

# Where Neuroglancer puts what is bright in each level of an OME-Zarr.
step_places() {
    rm -rf places && mkdir places && cd places
    "$python" - <<'END'
import struct
block = lambda z, y, x: 200 if 16 <= z < 24 and 32 <= y < 40 and 48 <= x < 56 else 0
voxels = bytes(block(z, y, x) for z in range(40) for y in range(70) for x in range(90))
head = b"{'descr': '|u1', 'fortran_order': False, 'shape': (40, 70, 90), }"
head += b" " * (-(10 + len(head) + 1) % 64) + b"\n"
open("bright.npy", "wb").write(b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head + voxels)
END
    local family method
    for family in zarr2 zarr3; do
        for method in average mode; do
            "$program" $family://$family.$method --create bright.npy --axes zyx --resolution 4,4,40 --chunk 32,32,32 \
                --mips 3 --factor 2,2,2 --method $method >/dev/null
        done
    done
    node "$here/formats/neuroglancer_places.mjs" zarr?.*
}

# Runs into OME-Zarr and N5 that are killed at random moments, and resumed.
step_array_kills() {
    rm -rf array_kills && mkdir array_kills && cd array_kills
    synthetic source 512 512 192
    local form family i killed
    for form in zarr2 "zarr3 --sharded --shard-size 1MiB" "n5 --compress gzip:1"; do
        family=${form%% *} killed=0
        read -ra storage <<<"${form#"$family"}"
        local run=(source --convert --factor 2,2,2 --mips 2 --method average --chunk 32,32,32 --task 128,128,128
            "${storage[@]}" --threads 2 --resume --dest)
        local whole
        rm -rf good && mkdir good
        whole=$(seconds "$program" "${run[@]}" "$family://good/v" 2>/dev/null)
        for i in $(seq 1 "${KILLS:-20}"); do
            rm -rf hurt && mkdir hurt
            "$program" "${run[@]}" "$family://hurt/v" >kill.log 2>&1 &
            sleep "$(awk -v s=$RANDOM -v w="$whole" 'BEGIN { printf "%.3f", s / 32768 * w }')"
            ! kill -KILL $! 2>/dev/null || killed=$((killed + 1))
            wait $! || true
            "$program" "${run[@]}" "$family://hurt/v" >kill.log
            same_trees good hurt
        done
        echo "$form: $i rounds, $killed killed, each resumed to the same files"
    done
}

# Three mips of 2,2,2 of a Zarr of 512 cubed, beside a copy of it, and beside what python3-zarr and dask do.
step_array_speed() {
    rm -rf array_speed && mkdir array_speed && cd array_speed
    /usr/bin/python3 "$here/formats/dask_pyramid.py" make source.zarr
    local round
    for round in 1 2 3; do
        rm -rf copy ours.zarr dask.zarr && cp -r source.zarr ours.zarr && cp -r source.zarr dask.zarr
        printf 'cp -r: %s s; ' "$(seconds cp -r source.zarr copy)"
        printf 'volume_pyramid: %s s; ' "$(seconds "$program" ours.zarr --factor 2,2,2 --mips 3 --method average 2>/dev/null)"
        printf 'dask: %s s\n' "$(seconds /usr/bin/python3 "$here/formats/dask_pyramid.py" run dask.zarr)"
    done
}

one_form() {
    local source=$1 k tasks
    read -ra method <<<"$2"
    read -ra options <<<"$3"
    local run=("$source" --mips 4 --method "${method[@]}" "${options[@]}" --dest)
    rm -rf one ranks parts
    "$program" "${run[@]}" one >/dev/null
    mpirun -n 3 "$program" "${run[@]}" ranks --threads 1 >/dev/null
    tasks=$("$program" "${run[@]}" parts --prepare 2>/dev/null)
    local twice=$((RANDOM % 7 + 1))
    for k in $(shuf -e 1 2 3 4 5 6 7); do
        "$program" parts --part "$k/7" >/dev/null &
        [ "$k" != $twice ] || "$program" parts --part "$k/7" >/dev/null
        wait $!
    done
    "$program" parts --finish >/dev/null
    same_trees one ranks parts
    echo "$source, $3: $tasks tasks, $(find one -type f | wc -l) files, the same by 1 process, 3 ranks and 7 parts: $(tree_hash one)"
    "$python" "$here/read_back.py" one count
    # What the program reads of it, stored plainly, is what numpy and Pillow read.
    local number=0
    for scale in $("$python" -c 'import json; print(*(s["key"] for s in json.load(open("one/info"))["scales"]))'); do
        "$program" one --from-mip $number --mips 1 --factor 1,1,1 --method stride --encoding raw --compress none \
            --unsharded --dest plain --missing error >/dev/null
        number=$((number + 1))
    done
    "$python" "$here/read_back.py" one same plain
    [[ "$3" == *jpeg* || $source = odd ]] || "$python" "$here/read_back.py" one same "${source}_raw"
    rm -rf one ranks parts plain
}

# Kills one rank, or mpirun itself, at a random moment of the run.
step_kills() {
    [ -d small_source ] || synthetic small_source 1024 1024 192
    local options=(--factor 2,2,1 --mips 2 --method average --compress gzip:4 --task 256,256,64) wanted killed=0
    rm -rf good && cp -r small_source good
    local whole
    whole=$(seconds mpirun -n 2 "$program" good "${options[@]}" --threads 1)
    wanted=$(tree_hash good)
    for i in $(seq 1 "${KILLS:-20}"); do
        rm -rf hurt && cp -r small_source hurt
        mpirun -n 2 "$program" hurt "${options[@]}" --threads 1 >kill.log 2>&1 &
        local launcher=$!
        sleep "$(awk -v s=$RANDOM -v w="$whole" 'BEGIN { printf "%.3f", 0.2 + s / 32768 * 0.9 * w }')"
        mapfile -t ranks < <(pgrep -P $launcher || true)
        local victim=${ranks[$((RANDOM % (${#ranks[@]} + 1)))]:-$launcher}
        kill -KILL "$victim" 2>/dev/null && killed=$((killed + 1)) || true
        wait $launcher 2>/dev/null || true
        local left
        left=$(find hurt -name '*.gz' | wc -l)
        "$program" hurt "${options[@]}" --resume --threads 2 >resume.log 2>&1 || { cat resume.log; return 1; }
        [ "$(tree_hash hurt)" = "$wanted" ] || { echo "kill $i: another tree"; return 1; }
        echo "kill $i (pid $victim of mpirun $launcher): $left chunks were there; resumed$(
            grep -o ', [0-9]* of them found done' resume.log || true), same tree"
    done
    echo "$killed kills, all resumed to tree $wanted"
    rm -rf good hurt
}

# Kills parts of prepared tasks, two at a time, at random moments; then the same parts again, and --finish.
step_parts() {
    [ -d small_source ] || synthetic small_source 1024 1024 192
    parts_killed --compress gzip:4
    parts_killed --sharded --shard-size 4MiB
}

parts_killed() {
    local options=(--factor 2,2,1 --mips 2 --method average --task 256,256,64 "$@") whole i k n killed=0
    rm -rf good hurt && cp -r small_source good && cp -r small_source hurt
    whole=$(seconds "$program" good "${options[@]}" --threads 1)
    "$program" hurt "${options[@]}" --prepare >/dev/null 2>&1
    for i in $(seq 1 "${KILLS:-20}"); do
        local victims=()
        for n in 1 2; do
            "$program" hurt --part "$((RANDOM % 4 + 1))/4" --threads 1 >"part$n.log" 2>&1 &
            victims+=($!)
        done
        sleep "$(awk -v s=$RANDOM -v w="$whole" 'BEGIN { printf "%.3f", s / 32768 * 0.3 * w }')"
        for n in "${victims[@]}"; do
            kill -KILL "$n" 2>/dev/null && killed=$((killed + 1)) || true
            wait "$n" 2>/dev/null || true
        done
        # What was done would be found done, and not be killed again.
        [ $((i % 4)) != 0 ] || find hurt/*_*_* -mindepth 1 -newer hurt/.volume_pyramid/plan.json -type f | shuf -n 40 | xargs -r rm
    done
    for k in $(shuf -e 1 2 3 4); do "$program" hurt --part "$k/4" >/dev/null; done
    "$program" hurt --finish
    same_trees good hurt
    echo "$killed parts of $* killed; done again and finished: tree $(tree_hash good)"
    rm -rf good hurt
}

# The scripts of SCHEDULERS.md, as they are there: all make the same files. Slurm's needs a cluster to ask.
step_schedulers() {
    rm -rf schedulers && mkdir schedulers && cd schedulers
    PATH=$(dirname "$program"):$PWD:$PATH
    awk -v mark='^<!-- file: ' '$0 ~ mark { file = $3; next }
        file != "" && /^```/ { if (inside) file = ""; inside = !inside; next }
        file != "" { print > file }' "$here/SCHEDULERS.md"
    chmod +x ./*.sh lease.py
    synthetic em 1024 1024 512
    local tasks
    tasks=$(prepared)
    volume_pyramid em-mips --part 1/1 >/dev/null && volume_pyramid em-mips --finish >/dev/null && mv em-mips one

    echo "-- GNU parallel" && prepared >/dev/null
    parallel.sh em-mips "$tasks"
    same_trees one em-mips

    echo "-- a folder, of whose three workers one dies" && prepared >/dev/null
    queue.sh queue "$tasks"
    for _ in 1 2 3; do worker.sh em-mips queue >>workers.log 2>&1 & done
    sleep 0.2 && kill -KILL $! && wait
    echo "done: $(ls queue/done | wc -l), left in doing: $(ls queue/doing | wc -l)"
    queue.sh queue && worker.sh em-mips queue && volume_pyramid em-mips --finish
    same_trees one em-mips

    echo "-- leases, of whose three workers one dies" && prepared >/dev/null
    lease.py leases fill "$tasks"
    for _ in 1 2 3; do lease.py leases work em-mips 3 >>workers.log 2>&1 & done
    sleep 0.25 && kill -KILL $! && wait
    echo "left: $(ls leases | wc -l)" && volume_pyramid em-mips --finish
    same_trees one em-mips

    if ! sinfo >/dev/null 2>&1; then echo "-- no Slurm here" && return; fi
    echo "-- Slurm" && prepared >/dev/null
    local job
    job=$(array.sh em-mips 5)
    while squeue -h -j "$job" 2>/dev/null | grep -q .; do sleep 1; done
    tail -n 1 part-*.log | cut -c1-100 && cat finish.log
    same_trees one em-mips
}

prepared() {
    rm -rf em-mips
    volume_pyramid em --dest em-mips --mips 3 --method average --task 512,512,64 --prepare 2>/dev/null
}

# Every chunk of every mip by Neuroglancer's own decoders (NEUROGLANCER names the npm package, formats/neuroglancer.mjs
# tells how to get it), against what numpy reads: of the raw volume, and Pillow of the jpeg one.
step_neuroglancer() {
    rm -rf neuroglancer && mkdir neuroglancer && cd neuroglancer
    "$python" "$here/label_cases.py" "$LABELS" labels64.npy counts.npy
    local n=0 name form segmentation
    local em=(--create "$EM" --resolution 4,4,50 --mips 3 --method average)
    local labels=(--resolution 4,4,40 --mips 3 --method mode)
    local counts=(--create counts.npy --resolution 4,4,40 --chunk 64,64,20)
    "$program" em "${em[@]}"
    "$program" labels32 --create "$LABELS" "${labels[@]}"
    "$program" labels64 --create labels64.npy "${labels[@]}"
    "$program" counts "${counts[@]}"
    for name in em labels32 labels64 counts; do "$python" "$here/formats/dump.py" $name truth/$name; done
    same_in_neuroglancer() {
        local truth=truth/$1 made=$1_$((n += 1)) && shift
        "$program" "$made" "$@"
        [ "$truth" != truth/jpeg ] || "$python" "$here/formats/dump.py" "$made" truth/jpeg
        node "$here/formats/neuroglancer_same.mjs" "$made" "$truth"
    }
    for form in "" "--sharded --shard-size 4MiB" "--sharded --compress gzip"; do
        same_in_neuroglancer jpeg "${em[@]}" --encoding jpeg --quality 90 ${form/ --compress gzip/}
        same_in_neuroglancer em "${em[@]}" --encoding png ${form/ --compress gzip/}
        segmentation="--encoding compressed_segmentation $form"
        same_in_neuroglancer labels32 --create "$LABELS" "${labels[@]}" $segmentation
        same_in_neuroglancer labels64 --create labels64.npy "${labels[@]}" $segmentation --block-size 8,8,4
        same_in_neuroglancer counts "${counts[@]}" $segmentation --block-size 64,64,20
    done
}

# The page of viewer/, which has to be built, with a jpeg volume and labels in shards: page.png is what one sees. Shards
# are read by ranges, and nothing on the page but labels has colours (the axes' names and outlines have few).
step_page() {
    rm -rf volumes && mkdir volumes
    "$program" volumes/em --create "$EM" --resolution 4,4,40 --encoding jpeg --mips 4 --method average
    "$program" volumes/labels --create "$LABELS" --resolution 4,4,40 --encoding compressed_segmentation --sharded \
        --shard-size 4MiB --mips 4 --method mode
    local port=${PORT:-8390} shard
    "$python" "$here/viewer/serve.py" volumes "$port" &
    trap "kill $!" EXIT
    sleep 1
    shard=$(find volumes/labels -name '*.shard' | head -n 1)
    cmp <(curl -sf -r 7-70 "http://127.0.0.1:$port/$shard") <(tail -c +8 "$shard" | head -c 64)
    cmp <(curl -sf -r -16 "http://127.0.0.1:$port/$shard") <(tail -c 16 "$shard")
    node "$here/viewer/screenshot.js" "http://127.0.0.1:$port/?em=em&labels=labels" page.png 30
    "$python" -c '
import sys, numpy as np
from PIL import Image
pixels = np.asarray(Image.open("page.png").convert("RGB")).astype(int)
coloured = float(np.mean(np.ptp(pixels, axis=2) > 30))
print(f"page.png: {coloured:.1%} of its pixels have colours")
sys.exit(coloured < 0.2)'
}

# 2 GiB of voxels in an address space of 128 MiB.
step_memory() {
    rm -rf big && synthetic big 2048 2048 512
    (ulimit -v 131072 && "$program" big --factor 2,2,2 --mips 5 --method average --threads 1 --memory 64MiB)
    "$python" "$here/read_back.py" big count
    rm -rf big
}

# 2 GiB of uint64 into shards, and from shards into shards, in an address space of the bound that is printed before; the
# program's own code and stacks are within that. glibc would reserve another 64 MiB a thread, of which little is used.
step_sharded_memory() {
    local x y z mips factor encoding source made bound run
    while read -r x y z mips factor; do
        rm -rf source64 && synthetic source64 $x $y $z labels
        for encoding in raw compressed_segmentation; do
            source=source64
            for made in first64 second64; do
                rm -rf $made
                run=("$program" $source --dest $made --factor $factor --mips $mips --method mode --sparse
                    --sharded --shard-size 64MiB --encoding $encoding --threads 2)
                bound=$("${run[@]}" --dry-run | sed -n 's/.*at most \([0-9]*\) MiB in each process.*/\1/p')
                (ulimit -v $((bound * 1024)) && MALLOC_ARENA_MAX=1 "${run[@]}" >run.log) || { cat run.log; return 1; }
                echo "$mips mips of $factor, $encoding, from $source: at most $bound MiB, kept;$(
                    grep -o ' peak memory of a process.*' run.log)"
                "$python" "$here/read_back.py" $made count >/dev/null
                source=$made
            done
        done
    done <<<$'2048 2048 64 8 2,2,1\n1024 1024 256 5 2,2,2'
    rm -rf source64 first64 second64
}

# Against `cp -r` of the same chunks, both with everything in the page cache and both brought to the disk.
step_speed() {
    [ -d source ] || synthetic source 1024 1024 512
    for round in 1 2 3; do
        rm -rf fast copy && cp -r source fast && sync -f .
        cat fast/*/* >/dev/null
        local ours copy
        ours=$(seconds "$program" fast --factor 2,2,1 --mips 4 --method average)
        # The same reads and writes: the source copied for each byte read, the mips for each byte written.
        copy=$(seconds bash -c 'mkdir copy; for d in fast/*/; do [ "$d" = fast/4_4_40/ ] || cp -r "$d" copy/; done; cat fast/4_4_40/* >/dev/null; sync -f .')
        local plain
        rm -rf copy && sync -f .
        plain=$(seconds bash -c 'cp -r fast/4_4_40 copy; sync -f .')
        echo "round $round: pyramid $ours s; cat of the source and cp -r of the mips $copy s; cp -r of the source $plain s"
    done
    rm -rf fast copy
}

# libjpeg-turbo's own figures, of chunk number 27 of EM; as if it had had a processor to itself.
tjbench_rows() {
    "$python" -c '
import sys, numpy as np
from PIL import Image
rows = np.load(sys.argv[1])[192:256, 192:256].transpose(2, 1, 0).reshape(-1, 64)
Image.fromarray(np.repeat(rows[:, :, None], 3, axis=2)).save("chunk.ppm")' "$EM"
    local TIMEFORMAT=%P kind
    for kind in GRAY 444; do
        { time tjbench chunk.ppm 75 -quiet -accuratedct -subsamp $kind -benchtime 2 >rates 2>&1; } 2>share
        awk -v kind=$kind -v share="$(cat share)" '
            /^BGR/ { printf "| tjbench, %s, jpeg 75 | %.0f | %.0f | |\n", kind == "444" ? "colours" : "grey",
                $7 / share * 100, $9 / share * 100 }
        ' rates
    done
}

# What a thread reads and writes of each encoding, alone (formats_throughput is built with
# -DTINYBRAIN_BUILD_BENCH=ON) and as the program: four mips of 2,2,1 of the real volumes, each laid beside itself until
# it has 250 MVx.
step_throughput() {
    "$(dirname "$program")/formats/formats_throughput" "$EM" "$LABELS"
    tjbench_rows
    "$python" -c '
import sys, numpy as np
for name, times, to in zip(sys.argv[1:3], ((2, 2, 8), (2, 2, 2)), ("em_large.npy", "labels_large.npy")):
    np.save(to, np.asfortranarray(np.tile(np.load(name), times)))' "$EM" "$LABELS"
    local round npy method form
    while IFS='|' read -r npy method form; do
        rm -rf large && "$program" large --create $npy.npy --resolution 4,4,40 $form >/dev/null
        for round in 1 2 3; do
            rm -rf made && sync -f .
            cat large/*/* >/dev/null
            "$program" large --dest made --factor 2,2,1 --mips 4 --method $method --threads 1 >run.log
            echo "$npy ${form:-raw}:$(grep -o 'added.*' run.log | cut -d: -f2- | cut -d';' -f2)$(
                grep -o 'seconds of.*;' run.log | cut -d: -f2)"
        done
    done <<'EOF'
em_large|average|
em_large|average|--encoding jpeg
em_large|average|--encoding jpeg --sharded --shard-size 64MiB
labels_large|mode|
labels_large|mode|--encoding compressed_segmentation
labels_large|mode|--encoding compressed_segmentation --sharded --shard-size 64MiB
EOF
    rm -rf large made em_large.npy labels_large.npy
}

step_full_disk() {
    mkdir -p small && mount -t tmpfs -o size=40m tmpfs small
    trap 'umount small' EXIT
    synthetic small/v 256 256 512  # 32 MiB
    local status=0
    "$program" small/v --factor 2,2,1 --mips 2 --method average || status=$?
    echo "status $status"
    [ $status = 1 ]
    mount -o remount,size=80m small
    "$program" small/v --factor 2,2,1 --mips 2 --method average --resume
    "$python" "$here/read_back.py" small/v average
}

# A minute, of Python alone; what CI runs.
step_hostile() {
    local examples
    examples=$(dirname "$(dirname "$program")")
    "$python" "$here/hostile/situations.py" "$examples" .
    # By other people's writers and readers, where they are there.
    local status
    for others in array_volumes tiff_stacks; do
        status=0
        /usr/bin/python3 "$here/hostile/$others.py" "$program" "$others" || status=$?
        [ $status = 0 ] || [ $status = 77 ] || exit $status
    done
    for ends in kills parts calls disks concurrent mutations; do "$python" "$here/hostile/ends.py" $ends "$examples" .; done
}

# Two mips of each of the small volumes of formats/tests/write_volumes, which no program here has made: hashed shards,
# several channels, grids of 5 x 5 x 1 chunks and the like. Mips of jpeg are png, since theirs would be off by more.
step_small() {
    rm -rf small_volumes && mkdir small_volumes
    "$(dirname "$program")/formats/tests/write_volumes" small_volumes
    local volume method options count=0
    for volume in small_volumes/*; do
        method=average options=
        case $(basename "$volume") in
            labels* | count*) method=mode options="--ties first" ;;
            jpeg*) options="--encoding png" ;;
        esac
        "$program" "$volume" --mips 2 --factor 2,2,1 --method $method $options >run.log || { cat run.log; return 1; }
        "$python" "$here/read_back.py" "$volume" $method >read.log || { echo "$volume"; cat read.log; return 1; }
        count=$((count + 1))
    done
    echo "$count volumes, every mip is numpy's"
}

# Chunks and shards of every form, damaged.
step_damage() { "$python" "$here/hostile/damage.py" "$(dirname "$(dirname "$program")")" . "${DAMAGES:-30}"; }

"step_$step"
