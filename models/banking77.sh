#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fine-tunes the base on BANKING77 (77 intents of bank customers, Casanueva et al. 2020) and prints
# its accuracy on the test part, in float and, by the program, in int8. Two stages and their mean,
# as for the shipped model. The data are not part of this repository:
# PolyAI-LDN/task-specific-datasets, folder banking_data, CC BY 4.0.
#
#   models/banking77.sh FOLDER [OUT]    FOLDER has train.csv and test.csv; OUT: build/banking77
#
# PYTHON and BFLOAT16 as in train_default.sh.
set -eu
here=$(dirname "$0")
folder=${1?usage: models/banking77.sh FOLDER [OUT]}
out=${2-$here/../build/banking77}
python=${PYTHON-python3}
program=$here/../build/native/serverless/email-classifier

# stage OUT OPTIONS...
stage() {
    to=$1
    shift
    "$python" "$here/train.py" "$folder/train.csv" --out "$out/$to" --batch-tokens 1024 \
        --label-smoothing 0.1 --dev-share 0.05 --patience 4 ${BFLOAT16:+--bfloat16} "$@"
}
stage first --test "$folder/test.csv" --epochs 14 --stop-after 5
stage second --base "$out/first" --epochs 2 --learning-rate 1e-4 --average-decay 0.99
"$python" "$here/average.py" "$out/mean" "$out/first" "$out/second" \
    --held-out "$out/second/judged.jsonl"
"$python" "$here/float_scores.py" "$out/mean" "$out/scores.jsonl" "$out/first/judged.jsonl"
"$program" convert --force "$out/mean" "$out/mean.ecm"
"$program" evaluate --model "$out/mean.ecm" "$out/first/judged.jsonl"
