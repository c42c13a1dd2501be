#!/bin/sh
# Asks a model server for the scores of a folder and looks at the answer.
#
#     serving/deploy/smoke_test.sh localhost:8500 aesthetics album
#
# Whatever follows goes to piaa-score: --user_id=anna --root_cert=root.pem ...
# Waits a minute for the server; ends with 0 and one line if every photo that can be
# read has a score. PIAA_SCORE names the program where it is not on the PATH.
set -eu

if [ "$#" -lt 3 ]; then
    echo "usage: $0 ADDRESS MODEL_NAME PHOTOS [flags of piaa-score]" >&2
    exit 2
fi
address=$1 model_name=$2 photos=$3
shift 3

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# Unquoted, so that it may be a command with arguments.
# shellcheck disable=SC2086
${PIAA_SCORE:-piaa-score} --address="$address" --model_name="$model_name" \
    --photos="$photos" --out="$folder/scores.jsonl" --wait_s=60 "$@"

readable=$(grep -c '"image_ok": true' "$folder/scores.jsonl" || true)
scored=$(grep '"image_ok": true' "$folder/scores.jsonl" | grep -c '"score": -\{0,1\}[0-9]' || true)
if [ "$readable" -eq 0 ] || [ "$scored" -ne "$readable" ]; then
    echo "Every readable photo must have a score. Got $scored of $readable." >&2
    exit 1
fi
echo "$address serves $model_name: $scored photos have scores"
