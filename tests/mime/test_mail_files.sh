#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Real emails and mailboxes on the command line: test_mail_files.sh SOURCE_ROOT PROGRAM...
set -u

ROOT=$1
shift
# shellcheck source=tests/cli/lib.sh
. "$ROOT/tests/cli/lib.sh"
export MODEL_PATH="$T/tiny.ecm"
# In every mail of this test, and in nothing that may be printed on stderr.
SECRET=xyzzyplugh

run 0 convert "$ROOT/tests/parity/tiny" "$MODEL_PATH"

# tokens FILE: what the model reads of an email
tokens() {
    run 0 tokenize "$1"
    quiet
}

# ------------------------------------------------------------------ one email

cat >"$T/plain.txt" <<MAIL
Subject: Café: my car was stolen

The car, worth £900, was gone this morning. $SECRET
Can you help?
MAIL
cat >"$T/real.eml" <<MAIL
Received: from a.example (a.example [192.0.2.1])
	by b.example; Wed, 25 Nov 2026 10:00:00 +0000
MIME-Version: 1.0
Subject: =?UTF-8?Q?Caf=C3=A9:_my?=
 =?iso-8859-1?B?IGNhciB3YXM=?= stolen
Content-Type: multipart/mixed; boundary="outer"

This is a message of several parts.
--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset=windows-1252
Content-Transfer-Encoding: quoted-printable

The car, worth =A3900, was gone =
this morning. $SECRET
Can you help?
--inner
Content-Type: text/html

<p>Not read, <b>crash</b></p>
--inner--
--outer
Content-Type: text/plain; name=note.txt
Content-Disposition: attachment; filename=note.txt

An attachment, broke down.
--outer--
MAIL
{
    head -1 "$T/plain.txt"
    printf 'Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n'
    sed '1,2d; s/.*/<div>&<\/div>/; 3s/^/<title>no<\/title>/' "$T/plain.txt" | base64
} >"$T/html.eml"
tokens "$T/plain.txt"
cp "$T/out" "$T/plain.tokens"
for mail in "$T/real.eml" "$T/html.eml"; do
    tokens "$mail"
    same "$T/out" "$T/plain.tokens"
    run 0 classify "$mail"
    quiet
    out_has '^label '
done
sed 's/$/\r/' "$T/real.eml" >"$T/crlf.eml"
tokens "$T/crlf.eml"
same "$T/out" "$T/plain.tokens"

# Each is refused with one line that names file and field.
# refused FIELD PATTERN: standard input is the mail
refused() {
    run 1 classify -
    says "standard input: $1: .*$2"
    ok 'nothing on stdout' [ ! -s "$T/out" ]
}
printf 'Subject: s\nContent-Type: image/png\n\n%s\n' $SECRET | refused message 'no plain text'
printf 'Content-Type: text/plain\n\n%s and more\n' $SECRET | refused subject 'is missing'
printf 'Subject: =?utf-8?q?_?=\n\n%s and more\n' $SECRET | refused subject 'is empty'
{
    printf 'Subject: s\n'
    repeat 20 'Content-Type: message/rfc822

'
} | refused message 'nested too deep'
{
    printf 'Subject: s\nContent-Transfer-Encoding: base64\n\n'
    repeat 5001 x | base64
} | refused message '5001 characters'
{
    printf 'Subject: s\nContent-Type: text/html\n\n'
    repeat 20000 '<p>'
    echo "<b>Short enough without its tags</b>"
} >"$T/tags.eml"
run 0 classify "$T/tags.eml"

# ------------------------------------------------------------------ mailboxes

{
    for mail in real html plain; do
        echo 'From someone@a.example Wed Nov 25 10:00:00 2026'
        cat "$T/$mail.eml" 2>/dev/null || cat "$T/plain.txt"
        echo
    done
    echo 'From someone@a.example Wed Nov 25 10:00:00 2026'
    printf 'X: no subject\n\n%s\n\n' $SECRET
    echo 'From someone@a.example Wed Nov 25 10:00:00 2026'
    printf 'Subject: quoted\n\n>From the road: my car broke down.\n'
} >"$T/inbox.mbox"
run 1 classify "$T/inbox.mbox"
says "$T/inbox.mbox:4: subject: is missing$"
lines "$T/out" 4
for number in 1 2 3 5; do
    out_has "^$T/inbox.mbox:$number  *[A-Z][A-Za-z]*  *[0-9.]* %"
done
# The first three are the same email.
ok 'the same answers' [ "$(head -3 "$T/out" | awk '{ print $2, $3 }' | sort -u | wc -l)" -eq 1 ]
run 1 classify --format json <"$T/inbox.mbox"
lines "$T/out" 5
ok 'the error is in its place' [ "$(sed -n 4p "$T/out" | cut -c1-10)" = '{"error":{' ]
sed -n '/no subject/,$d; p' "$T/inbox.mbox" | sed '$d' >"$T/good.mbox"
run 0 classify "$T/good.mbox" "$T/plain.txt"
lines "$T/out" 4
run 1 tokenize "$T/good.mbox"
says "$T/good.mbox: is a mailbox"
# With --subject a file is a message, whatever it looks like.
run 0 classify --format json --subject s "$T/good.mbox"
lines "$T/out" 1
# More than is read at once.
awk 'BEGIN {
    for (i = 1; i <= 3000; i++) {
        printf "From a Wed\nSubject: %d\nContent-Type: text/html\n\n<p>My car broke %d</p>\n\n", i, i
    }
}' >"$T/large.mbox"
run 0 classify "$T/large.mbox"
lines "$T/out" 3000
out_has "^$T/large.mbox:3000 "

ok 'no text of a mail on stderr' sh -c "! grep -q '$SECRET' '$T/all_err'"
summary
