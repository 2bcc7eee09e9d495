#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The program as its users meet it: test_cli.sh SOURCE_ROOT PROGRAM...
set -u

ROOT=$1
shift
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
MODEL=$T/tiny.ecm
# In every mail of this test, and in nothing that may be printed on stderr.
SECRET=xyzzyplugh

# ------------------------------------------------------------------ help, version, usage

run 0 --help
ok 'help is for people, without names from the source' sh -c "! grep -q '[a-z]_[a-z]' '$T/out'"
for command in classify batch clean evaluate model-info tokenize convert bench; do
    ok "--help lists $command" grep -q "^  $command " "$T/out"
done
run 0 --version
out_has '^email-classifier [0-9]*\.[0-9]*\.[0-9]*$'
for command in classify batch clean evaluate model-info tokenize convert bench; do
    run 0 $command --help
    quiet
    out_has "^usage: email-classifier $command"
    out_has '^example'
    run 0 $command --version
    run 2 $command --nonsense
    ok 'the option is named' grep -q nonsense "$T/err"
    ok 'help is offered' grep -q "email-classifier $command --help" "$T/err"
done
run 2
run 2 frobnicate
says "unknown command 'frobnicate'"
run 2 classify --format yaml
run 2 classify --threads 0
run 2 classify --threads 2x
run 2 classify --threads 1,2
run 2 batch -t 1,2 "$T/a.csv"
run 2 classify --threads 1000000
run 2 classify --subject
run 2 batch "$T/a.csv" "$T/b.csv"
run 2 batch "$T/unknown.format"
run 2 batch --output-format xml "$T/a.csv"
run 2 evaluate
run 2 convert "$T"
run 2 bench --tokens 1,,2
run 2 bench --tokens 1,
run 2 bench --emails "$T/unknown.format"
run 2 model-info extra

# ------------------------------------------------------------------ convert, model-info

TINY=$ROOT/tests/parity/tiny
run 0 convert "$TINY" "$MODEL"
quiet
ok 'the bundle is there' [ -s "$MODEL" ]
run 1 convert "$TINY" "$MODEL"
says "$MODEL: exists; --force"
run 0 convert --force "$TINY" "$MODEL"
run 1 convert "$T/nowhere" "$T/none.ecm"
says "$T/nowhere/config.json: No such file"
run 1 convert "$TINY" "$T/nowhere/none.ecm"
says "$T/nowhere/none.ecm: No such file"
mkdir "$T/broken"
cp "$TINY/vocab.txt" "$TINY/model.safetensors" "$T/broken/"
echo '{"hidden_size": "many"}' >"$T/broken/config.json"
run 1 convert "$T/broken" "$T/none.ecm"
says "$T/broken: "
ok 'nothing half-written' [ ! -e "$T/none.ecm" ]
echo 'not json' >"$T/settings.json"
run 1 convert --settings "$T/settings.json" "$TINY" "$T/none.ecm"
says "$TINY: "
run 1 convert --settings "$T/missing.json" "$TINY" "$T/none.ecm"
says "$T/missing.json: No such file"
rm "$T/broken/vocab.txt"
run 1 convert "$T/broken" "$T/none.ecm"
says "$T/broken: has neither vocab.txt nor tokenizer.json"
# Only tokenizer.json, which together with tokenizer_config.json says that it is cased.
run 0 convert "$ROOT/tests/parity/shapes/deep-cased" "$T/cased.ecm"
printf 'Subject: car\n\nThe car is Broken, broke.\n' >"$T/cased.txt"
run 0 tokenize --model "$T/cased.ecm" "$T/cased.txt"
out_has 'The$'
out_has 'Broken$'
out_has 'broke$'
ok 'no temporary file stays' [ -z "$(find "$T" -name '*.ecm.*')" ]

run 0 model-info --model "$MODEL"
quiet
out_has '^labels  *CarBreakdown CarCrash CarRenewal CarTheft CarWindshield Other$'
run 0 model-info --model "$MODEL" --format json
out_has '"labels":\["CarBreakdown"'
run 1 model-info --model "$T/missing.ecm"
says "$T/missing.ecm: model: No such file"

# ------------------------------------------------------------------ classify

cat >"$T/mail.txt" <<MAIL
Subject: Stolen car
X-Other: header

My car was stolen last night. $SECRET
MAIL
printf 'My car was stolen last night. %s\n' $SECRET >"$T/bare.txt"
printf 'From: a@b.example\r\nSubject: Stolen\r\n  car\r\n\r\nMy car was stolen. %s\r\n' $SECRET \
    >"$T/crlf.eml"
export MODEL_PATH="$MODEL"

run 0 classify "$T/mail.txt"
quiet
out_has '^label  *[A-Z]'
out_has '^confidence  *[0-9.]* %$'
out_has '^source  *model$'
out_has '^needs review  *\(yes\|no\)$'
out_has '^time  *[0-9.]* ms$'
for label in CarBreakdown CarCrash CarRenewal CarTheft CarWindshield Other; do
    out_has "^  $label .* %"
done
ok 'no colour in a file' [ -z "$(tr -cd '\033' <"$T/out")" ]
run 0 classify --format json "$T/mail.txt"
lines "$T/out" 1
out_has '^{"label":"[A-Za-z]*","confidence":'
out_has '"processing_time_ms":'
run 0 classify --format json <"$T/mail.txt"
lines "$T/out" 1
run 0 classify --explain "$T/mail.txt"
quiet
out_has '^runner-up  *[A-Z][A-Za-z]* ('
out_has '^  *[-+][0-9]* %  Stolen car$'
out_has "^  *[-+][0-9]* %  My car was stolen last night\.$"
run 0 classify -e --format json "$T/mail.txt"
lines "$T/out" 1
out_has '"explanation":{"runner_up":"[A-Za-z]*",.*"sentences":\[{"field":"subject","start":'
printf 'Subject: Re: glass\n\nMy car was stolen last night from the drive.\n\nAnn wrote:\n> Glass.\n' \
    >"$T/reply.txt"
run 0 classify --explain "$T/reply.txt"
out_has '^not read$'
out_has '^  quoted  *Ann wrote: > Glass\.$'
run 0 classify -e --format json "$T/reply.txt"
out_has '"left_out":\[{"kind":"quoted","start":46,"end":65}\]'
run 0 classify --threads 2 --format json - <"$T/mail.txt"
run 0 classify --format json "$T/crlf.eml"
run 0 classify --subject 'Stolen car' "$T/bare.txt"
run 0 classify -s 'Stolen car' -f json -m "$MODEL" -t 1 "$T/bare.txt"
run 0 classify "$T/mail.txt" "$T/crlf.eml"
lines "$T/out" 2
out_has "^$T/mail.txt  *[A-Z][A-Za-z]*  *[0-9.]* %  *[0-9.]* ms"
cp "$T/mail.txt" "$T/-dash.txt"
(cd "$T" && $PROGRAM classify -- -dash.txt >/dev/null 2>&1)
ok 'a file after --' [ $? -eq 0 ]

# Each is refused with one line that names file and field.
# refused FIELD PATTERN: standard input is the mail
refused() {
    run 1 classify -
    says "standard input: $1: .*$2"
    ok 'nothing on stdout' [ ! -s "$T/out" ]
}
refused subject "'Subject: " <"$T/bare.txt"
printf 'Subject: \n\nThe message is long enough. %s\n' $SECRET | refused subject ''
printf 'Subject: a\n\nshort\n' | refused message ''
printf 'Subject: a\n\nThe message is \377 %s\n' $SECRET | refused message ''
printf 'Subject: \300\200\n\nThe message is long enough. %s\n' $SECRET | refused subject ''
{ printf 'Subject: a\n\n'; repeat 5001 x; } | refused message ''
{ printf 'Subject: '; repeat 201 x; printf '\n\nThe message is long enough.\n'; } |
    refused subject ''
printf 'Subject: a\n\nThe message has \001 in it. %s\n' $SECRET | refused message ''
printf '' | refused subject ''
printf 'Subject: a\n\nFar more than an email with its attachments.\n' >"$T/huge.txt"
truncate -s 65M "$T/huge.txt"
run 1 classify "$T/huge.txt"
says "$T/huge.txt: larger than"
run 1 classify "$T/missing.txt"
says "$T/missing.txt: No such file"
run 1 classify "$T"
says "$T: Is a directory"
run 1 classify "$T/new
line"
says "$T/new?line: No such file"
run 1 classify --format json "$T/mail.txt" "$T/missing.txt" "$T/mail.txt"
says "$T/missing.txt: "
lines "$T/out" 3
ok 'the error is in its place' [ "$(sed -n 2p "$T/out" | cut -c1-10)" = '{"error":{' ]

# ------------------------------------------------------------------ missing and broken models

head -c 1000 "$MODEL" >"$T/cut.ecm"
: >"$T/empty.ecm"
for model in "$T/missing.ecm" "$T/cut.ecm" "$T/empty.ecm" "$T"; do
    run 3 classify --model "$model" "$T/mail.txt"
    says "$model: model: .*answering by key-word rules"
    out_has '^source  *rules$'
    out_has '^label  *CarTheft$'
    run 1 classify --require-model --model "$model" "$T/mail.txt"
    says "$model: model: "
    ok 'nothing on stdout' [ ! -s "$T/out" ]
done
MODEL_PATH=$T/missing.ecm
run 3 classify "$T/mail.txt"
run 3 classify --explain "$T/mail.txt"
out_has '^no explanation: '
run 0 classify --model "$MODEL" "$T/mail.txt"
run 1 tokenize "$T/mail.txt"
run 1 bench
MODEL_PATH=$MODEL

# ------------------------------------------------------------------ where the model is found

unset MODEL_PATH
# shellcheck disable=SC2086
set -- $PROGRAM
for word; do BINARY=$word; done
mkdir -p "$T/tree/build/x/y" "$T/tree/models/default" "$T/prefix/bin" \
    "$T/prefix/share/email-classifier" "$T/alone one"
REAL_PROGRAM=$PROGRAM
# found_in FOLDER PATTERN: the model that a copy of the program in that folder finds
found_in() {
    cp "$BINARY" "$1/email-classifier"
    PROGRAM="${REAL_PROGRAM%"$BINARY"}$1/email-classifier"
    run 0 model-info
    out_has "^file  *$2,"
    PROGRAM=$REAL_PROGRAM
}
cp "$MODEL" "$T/tree/models/default/email-classifier.ecm"
cp "$MODEL" "$T/prefix/share/email-classifier/email-classifier.ecm"
cp "$MODEL" "$T/alone one/email-classifier.ecm"
# Under an emulator /proc/self/exe is the emulator's.
if [ "$PROGRAM" = "$BINARY" ]; then
    found_in "$T/tree/build/x/y" "$T/tree/models/default/email-classifier.ecm"
    found_in "$T/prefix/bin" ".*share/email-classifier/email-classifier.ecm"
    found_in "$T/alone one" "$T/alone one/email-classifier.ecm"
fi
export MODEL_PATH="$MODEL"

# ------------------------------------------------------------------ tokenize

run 0 tokenize --subject 'help' "$T/bare.txt"
quiet
out_has '\[CLS\]$'
run 0 tokenize --format json "$T/mail.txt"
out_has '^{"count":[0-9]*,"ids":\[[0-9,]*\],"pieces":\["\[CLS\]"'
run 1 tokenize "$T/bare.txt"
says "$T/bare.txt: subject: is missing"

# ------------------------------------------------------------------ batch

# A table of 100 emails with every difficulty of CSV, and two that are not permitted.
awk -v secret=$SECRET 'BEGIN {
    printf "\357\273\277Id,SUBJECT,note,Message\r\n"
    for (i = 1; i <= 100; i++) {
        if (i == 17) printf "17,,empty subject,The subject of this one is empty. %s\n", secret
        else if (i == 42) printf "42,Short,too short,no\r\n"
        else {
            printf "%d,\"Car, \"\"%d\"\"\",\"two\nlines\",", i, i
            printf "\"My engine is broke %d times\r\nand stolen %s\"\r\n\n", i * 7919, secret
        }
    }
}' >"$T/in.csv"
run 0 batch --threads 1 "$T/in.csv"
says "$T/in.csv: 2 of 100 emails could not be classified"
cp "$T/out" "$T/one.csv"
ok 'header' [ "$(head -1 "$T/one.csv")" = \
    'Id,SUBJECT,note,Message,label,confidence,source,needs_review,error' ]
ok 'an empty subject' grep -q '^17,,empty subject,.*,,,,,subject: ' "$T/one.csv"
ok 'a short message' grep -q '^42,Short,too short,no,,,,,message: ' "$T/one.csv"
printf 'id,subject,message\n1,a\n2,b,"This is\nlong enough"\n\n3,c,and so is this,extra\n' \
    >"$T/rows.csv"
run 0 batch "$T/rows.csv"
out_has '^1,a,,,,,,line 2: has 2 columns where the first line has 3$'
out_has '^3,c,and so is this,,,,,line 6: has 4 columns where the first line has 3$'
run 0 batch --threads 4 "$T/in.csv"
same "$T/out" "$T/one.csv"
run 0 batch --input-format csv - <"$T/in.csv"
same "$T/out" "$T/one.csv"
# Answers put in again are replaced.
run 0 batch "$T/one.csv"
same "$T/out" "$T/one.csv"
run 0 batch "$T/in.csv" -o "$T/out.csv"
ok 'nothing on stdout' [ ! -s "$T/out" ]
same "$T/out.csv" "$T/one.csv"
ok 'mode of a new file' [ "$(find "$T/out.csv" -perm "$(printf '%o' $((0666 & ~$(umask))))")" ]

# CSV to JSON lines and back.
run 0 batch "$T/in.csv" -o "$T/there.jsonl"
lines "$T/there.jsonl" 100
run 0 batch --threads 4 --output-format csv "$T/there.jsonl"
same "$T/out" "$T/one.csv"
run 0 batch --threads 3 "$T/there.jsonl"
same "$T/out" "$T/there.jsonl"

cat >"$T/mixed.jsonl" <<JSON
{"subject":"Stolen","message":"Car stolen $SECRET","id":12345678901234567890,"x":{"a":[1,2]}}

{"Subject":"Crash","MESSAGE":"A crash \ud83d\ude00 happened today"}
{"subject":"no message"}
{"subject":"wrong","message":17}
not json $SECRET
["an","array"]
{"subject":"twice","subject":"twice","message":"twice the same key"}
JSON
run 0 batch "$T/mixed.jsonl"
lines "$T/out" 7
out_has '"id":12345678901234567890,"x":{"a":\[1,2\]},"label":"'
out_has '^{"subject":"no message","error":"message: is missing"}$'
out_has '"error":"message: is not a string"}$'
out_has '^{"error":"line 6: byte 1: not a JSON value'
out_has '^{"error":"line 7: not a JSON object"}$'
out_has '^{"error":"line 8: an object has the same key twice"}$'
run 0 batch --output-format csv "$T/mixed.jsonl"
ok 'lost values are told' grep -q 'values left out' "$T/err"
printf '%s\n' '{"message":"My car was stolen"}' >"$T/no-end.jsonl"
printf '{"subject":"s","message":"My car was stolen"}' >>"$T/no-end.jsonl"
run 0 batch "$T/no-end.jsonl"
lines "$T/out" 2
{
    printf '{"subject":"'
    repeat 120000 '0123456789'
    printf '"}\n{"subject":"s","message":"My car broke"}\n'
} >"$T/long.jsonl"
run 0 batch "$T/long.jsonl"
lines "$T/out" 2
out_has '"error":"line 1: too long"'

# Tables that cannot be read leave nothing behind.
# broken PATTERN: standard input is the CSV
broken() {
    run 1 batch --input-format csv -o "$T/never.csv" -
    says "standard input: $1"
    ok 'nothing half-written' [ ! -e "$T/never.csv" ]
}
printf '' | broken 'is empty'
printf 'subject,text\na,b\n' | broken 'no column "message"'
printf 'subject,message,subject\na,b,c\n' | broken 'columns 1 and 3 have the same name'
printf 'subject,message\na,"b\n%s\n' $SECRET | broken 'line 4: a quoted field does not end'
printf 'subject,message\na,"b" %s\n' $SECRET | broken 'line 2: text follows a closing quote'
{ printf 'subject,message\na,"'; repeat 120000 '0123456789'; } | broken 'line 2: a row is longer'
run 1 batch "$T/missing.csv"
says "$T/missing.csv: No such file"
mkdir "$T/folder.csv"
run 1 batch "$T/folder.csv"
says "$T/folder.csv: Is a directory"
run 1 batch "$T/in.csv" -o "$T"
says "$T: Is a directory"
run 1 batch "$T/in.csv" -o "$T/nowhere/out.csv"
says "$T/nowhere/out.csv: No such file"
printf 'subject,message\n' >"$T/header.csv"
run 0 batch "$T/header.csv"
lines "$T/out" 1
run 3 batch --model "$T/missing.ecm" "$T/in.csv"
ok 'rules answer' grep -q ',rules,' "$T/out"
run 1 batch --require-model --model "$T/missing.ecm" "$T/in.csv"
says "$T/missing.ecm: model: "

# A slow writer gets its answers as they come.
mkfifo "$T/fifo"
# shellcheck disable=SC2086
$PROGRAM batch --input-format jsonl - <"$T/fifo" >"$T/slow" 2>"$T/err" &
slow=$!
exec 3>"$T/fifo"
# The beginning of a second line must not hold back the answer to the first.
(printf '%s\n{"subject":' "$(head -1 "$T/mixed.jsonl")" >&3)
tries=0
while [ ! -s "$T/slow" ] && [ $tries -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
lines "$T/slow" 1
(echo '"Crash","message":"A crash happened"}' >&3)
exec 3>&-
wait $slow
ok 'a slow writer' [ $? -eq 0 ]
lines "$T/slow" 2

# A signal takes the unfinished file with it.
# shellcheck disable=SC2086
$PROGRAM batch --input-format jsonl -o "$T/killed.jsonl" - <"$T/fifo" 2>/dev/null &
killed=$!
exec 3>"$T/fifo"
head -1 "$T/mixed.jsonl" >&3
tries=0
while [ -z "$(find "$T" -name 'killed.jsonl.*')" ] && [ $tries -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
done
kill -TERM $killed
wait $killed 2>/dev/null
ok 'ended by SIGTERM' [ $? -eq 143 ]
exec 3>&-
ok 'no unfinished file' [ -z "$(find "$T" -name 'killed*')" ]

# ------------------------------------------------------------------ clean

printf '%s\n' '{"n":[1],"Subject":"Re: x","message":"It is a flat tyre, can you come and help me here?\n\n> Old.","left_out":7}' \
    '{"subject":"FW: x","message":"FYI\n> Stolen car."}' >"$T/threads.jsonl"
run 0 clean "$T/threads.jsonl"
quiet
lines "$T/out" 2
out_has '^{"n":\[1\],"Subject":"Re: x","message":"It is a flat tyre, can you come and help me here?","left_out":7}$'
out_has '^{"subject":"FW: x","message":"FYI\\n  Stolen car."}$'
run 0 clean --explain --input-format jsonl -o "$T/cleaned.jsonl" - <"$T/threads.jsonl"
quiet
ok 'the part is listed' grep -q '"left_out":\[{"kind":"quoted","start":51,"end":57}\]}$' "$T/cleaned.jsonl"
ok 'nothing else is' grep -q '"left_out":\[\]}$' "$T/cleaned.jsonl"
printf 'Message,SUBJECT,label\nhello there,x,"a ""b"""\n' >"$T/one.csv"
run 0 clean "$T/one.csv"
out_has '^{"Message":"hello there","SUBJECT":"x","label":"a \\"b\\""}$'
printf '{"subject":"x"}\n' >"$T/lacking.jsonl"
run 1 clean "$T/lacking.jsonl" -o "$T/never.jsonl"
says ".*lacking.jsonl: line 1: message: is missing"
ok 'nothing half-written' [ ! -e "$T/never.jsonl" ]
{
    printf '{"subject":"x","message":"'
    repeat 20001 a
    printf '"}\n'
} >"$T/huge.jsonl"
run 1 clean "$T/huge.jsonl"
says ".*huge.jsonl: line 1: message: .*20000 bytes"
run 2 clean "$T/one.csv" "$T/one.csv"
run 2 clean --model x "$T/one.csv"

# ------------------------------------------------------------------ evaluate

{
    echo 'label,subject,message'
    echo "CarTheft,Stolen,My car was stolen. $SECRET"
    echo 'CarCrash,Crash,There was a crash today'
    echo 'CarWindshield,Glass,There is a crack in the windshield'
    echo 'Other,Short,no'
} >"$T/labelled.csv"
sed '$d' "$T/labelled.csv" >"$T/good.csv"
run 0 evaluate "$T/labelled.csv" --predictions "$T/predictions.jsonl"
says "$T/labelled.csv: line 5: message: .*left out"
out_has '^emails  *3 and 1 left out$'
out_has '^accuracy  *[0-9.]* %$'
out_has '^macro F1 '
out_has '^calibration error '
out_has '^CarTheft  *[01]\.[0-9]*  *[01]\.[0-9]*  *[01]\.[0-9]*  *1$'
lines "$T/predictions.jsonl" 3
ok 'a prediction' grep -q '^{"line":2,"expected":"CarTheft","answer":{"label":"' \
    "$T/predictions.jsonl"
ok 'no mail in it' sh -c "! grep -q $SECRET '$T/predictions.jsonl'"
# The rules get these three right: the figures are known.
run 3 evaluate --model "$T/missing.ecm" "$T/labelled.csv"
out_has '^accuracy  *100.00 %$'
out_has '^macro F1  *1.0000$'
run 3 evaluate --model "$T/missing.ecm" --format json "$T/labelled.csv"
lines "$T/out" 1
out_has '"accuracy":1.000000,"macro_f1":1.000000,'
out_has '"confusion":\[\[0,0,0,0,0,0\],\[0,1,0,0,0,0\],\[0,0,0,0,0,0\],\[0,0,0,1,0,0\],'
printf 'label,subject,message\n%s,a,This is an email\n' $SECRET >"$T/unknown.csv"
run 1 evaluate "$T/unknown.csv" --predictions "$T/never.jsonl"
says "$T/unknown.csv: line 2: label: is none of the model's"
ok 'nothing half-written' [ ! -e "$T/never.jsonl" ]
run 1 evaluate "$T/in.csv"
says "$T/in.csv: line 2: label: is missing"
run 1 evaluate "$T/header.csv"
says "$T/header.csv: no labelled email"

# ------------------------------------------------------------------ bench

run 0 bench --tokens 4,16 --threads 1,2 --iterations 3 --emails "$T/labelled.csv"
quiet
out_has '^ *2  *16 '
run 0 bench --tokens 4 --threads 1 --iterations 3 --format json
lines "$T/out" 1
out_has '"passes":\[{"threads":1,"tokens":4,"p50_ms":'
run 1 bench --tokens 4,65536 --iterations 1
says '--tokens 65536: the model reads at most'
ok 'nothing on stdout' [ ! -s "$T/out" ]

# ------------------------------------------------------------------ full disks and closed pipes

# full ARGUMENT...: standard output is a full disk
full() {
    # shellcheck disable=SC2086
    $PROGRAM "$@" >/dev/full 2>"$T/err"
    got=$?
    : >"$T/out"
    cat "$T/err" >>"$T/all_err"
    ok "exit code $got, not 1, on a full disk:$(printf ' %s' "$@")" [ $got -eq 1 ]
    says 'standard output: No space left on device'
}
if [ -c /dev/full ]; then
    full --help
    full classify --help
    full classify "$T/mail.txt"
    full classify --format json "$T/mail.txt"
    full batch "$T/in.csv"
    full evaluate --format json "$T/good.csv"
    full model-info
    full tokenize "$T/mail.txt"
    { printf 'Subject: a\n\n'; repeat 4000 'word '; } >"$T/long.txt"
    full tokenize "$T/long.txt" # prints more than a buffer holds
    # shellcheck disable=SC2046 # the same email again and again
    full classify $(repeat 100 "$T/mail.txt
")
    full convert "$TINY" -
    full bench --tokens 4 --threads 1 --iterations 1
    run 1 batch "$T/in.csv" -o /dev/full
    says '/dev/full: No space left on device'
fi

# A file that cannot grow: nothing is left, and what was there before stays.
echo before >"$T/limited.csv"
# shellcheck disable=SC2086
(
    ulimit -f 2
    $PROGRAM batch "$T/in.csv" -o "$T/limited.csv"
) >"$T/out" 2>"$T/err"
ok 'exit code of a file too large' [ $? -eq 1 ]
says "$T/limited.csv: File too large"
ok 'the old file stays' [ "$(cat "$T/limited.csv")" = before ]
ok 'no temporary file stays' [ -z "$(find "$T" -name 'limited.csv.*')" ]

awk 'BEGIN {
    print "subject,message"
    for (i = 0; i < 4000; i++) print "Car,My engine is broke " i
}' >"$T/many.csv"
# shellcheck disable=SC2086
{
    $PROGRAM batch "$T/many.csv" 2>"$T/err"
    echo $? >"$T/code"
} | head -1 >"$T/out"
ok 'exit code of a closed pipe' [ "$(cat "$T/code")" -eq 1 ]
says 'standard output: Broken pipe'

# ------------------------------------------------------------------ privacy

ok 'no text of a mail on stderr' sh -c "! grep -q $SECRET '$T/all_err'"
ok 'stderr was looked at' [ -s "$T/all_err" ]

summary
