#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Trains the shipped model as it was trained: two stages, of which the second has the later mail
# too; from the mean of their weights a third with all mail until then and two more with the plain
# mail; from there five runs with the newest mail and half of the rest; from their mean one more
# with plain mail. From the third on linear layers are quantized as in the core. About two and a
# half hours on two cores.
#
#   models/train_default.sh [OUT]    OUT: folder for the checkpoints, build/training by default
#
# Needs python3 with the packages of models/requirements.txt; PYTHON names another interpreter.
# BFLOAT16=1, as the shipped model was trained, is twice as fast on CPUs with AVX-512 BF16 or AMX.
set -eu
cd "$(dirname "$0")"
out=${1-../build/training}
python=${PYTHON-python3}

# stage OUT FILES OPTIONS...: FILES are patterns of letters, "[a-t] u" for data/train-[a-t].jsonl
# and data/train-u.jsonl.
stage() {
    to=$1
    # Patterns and names are meant to be split and expanded.
    # shellcheck disable=SC2086
    emails=$(printf 'data/train-%s.jsonl ' $2)
    shift 2
    # shellcheck disable=SC2086
    "$python" train.py $emails --out "$out/$to" ${BFLOAT16:+--bfloat16} "$@"
}
stage first '[a-tx]' --epochs 4 --stop-after 3 --long-share 0.03 --label-smoothing 0.05 --seed 7
stage second '[a-x]' --base "$out/first" --epochs 3 --stop-after 1 --long-share 0.02 \
    --learning-rate 1e-4 --seed 8
"$python" average.py "$out/mean" "$out/first" "$out/second" --held-out data/calibration.jsonl
stage third '[a-z]' --base "$out/mean" --epochs 2 --quantized-epochs 2 --long-share 0.02 \
    --label-smoothing 0.03 --learning-rate 6e-5 --seed 9
# Plain mail, which the others make look like a trap, with some of the rest so that it is not lost.
stage fourth '[acgtu-z] u' --base "$out/third" --epochs 1 --quantized-epochs 1 \
    --long-share 0.02 --label-smoothing 0.03 --learning-rate 5e-5 --seed 10
stage fifth '[auvwyz] u u u' --base "$out/fourth" --epochs 1 --quantized-epochs 1 \
    --long-share 0.01 --label-smoothing 0.03 --learning-rate 8e-5 --average-decay 0.98 --seed 11
for seed in 31 32 33 34 35; do
    stage "seed$seed" '[acegikmoqsu-z] z[b-e] z[bde]' --base "$out/fifth" --epochs 1 \
        --quantized-epochs 1 --long-share 0.005 --learning-rate 8e-5 --average-decay 0.99 \
        --held-out data/calibration.jsonl --seed "$seed"
done
"$python" average.py "$out/seeds" "$out"/seed3? --held-out data/calibration.jsonl
# The most obvious words of each matter, which misleading mail uses more than plain mail does.
stage plain '[aeuyz] z[bcdef] u zf zf' --base "$out/seeds" --epochs 1 --quantized-epochs 1 \
    --long-share 0.005 --learning-rate 5e-5 --average-decay 0.98 \
    --held-out data/calibration.jsonl --seed 51
"$python" average.py "$out/final" "$out/seeds" "$out/plain" --held-out data/calibration.jsonl
