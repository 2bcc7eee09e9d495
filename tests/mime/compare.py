#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Differential test: 800 made-up emails, the same every time, read by our MIME reader and by
Python's `email` and `html.parser`.

    compare.py PROGRAM...    PROGRAM is decode_emails, and before it the emulator it needs

Python splits, unfolds and decodes; which part is the one to read, and that ISO-8859-1 means
windows-1252, are our rules (serverless/src/mime), written here a second time.
"""
import base64
import email
import email.policy
import html
import html.parser
import json
import quopri
import random
import re
import struct
import subprocess
import sys

COUNT = 800
MAX_DEPTH = 16
OK, NO_SUBJECT, NO_TEXT, TOO_DEEP = range(4)
NONE, HTML, PLAIN = range(3)

# ---------------------------------------------------------------------------- the reference

OUR_CHARSETS = {"us-ascii": "utf-8", "iso-8859-1": "cp1252"}
# The controls of ISO-8859-15 are what windows-1252 has in their place.
CONTROLS = {c: bytes([c]).decode("cp1252", "replace") for c in range(0x80, 0xA0)}
BLOCKS = set("div li tr ul ol table blockquote body html head hr pre".split())
PARAGRAPHS = {"p", "h1", "h2"}
HIDDEN = {"script", "style", "title"}


class TextOfHtml(html.parser.HTMLParser):
    """Pieces of text and of white space, joined at the end."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.text, self.line_ends, self.blank, self.hidden = "", 0, False, None
        self.quotes = 0

    def element(self, tag):
        if tag in PARAGRAPHS:
            self.line_ends = 2
        elif tag in BLOCKS:
            self.line_ends = max(self.line_ends, 1)
        elif tag in ("td", "th"):
            self.blank = True

    def handle_starttag(self, tag, attrs):
        if tag in HIDDEN:
            self.hidden = tag
        elif tag == "br":
            self.line_ends = min(self.line_ends + 1, 2)
        self.quotes += tag == "blockquote"
        self.element(tag)

    def handle_endtag(self, tag):
        self.hidden = None if tag == self.hidden else self.hidden
        self.quotes -= tag == "blockquote" and self.quotes > 0
        self.element(tag)

    def handle_data(self, data):
        if self.hidden:
            return
        for piece in re.findall("[ \t\r\n\f\xa0]+|[^ \t\r\n\f\xa0]+", data):
            if piece[0] in " \t\r\n\f\xa0":
                self.blank = True
                continue
            starts_line = not self.text or self.line_ends
            if self.text:
                self.text += "\n" * self.line_ends or " " * self.blank
            self.text += ">" if starts_line and self.quotes else ""
            self.line_ends, self.blank = 0, False
            self.text += piece


def text_of_html(source):
    parser = TextOfHtml()
    parser.feed(source)
    parser.close()
    return parser.text


def text_of_leaf(part):
    data = part.get_payload(decode=True)
    charset = str(part.get_param("charset", "us-ascii")).lower()
    try:
        text = data.decode(OUR_CHARSETS.get(charset, charset), "replace")
        text = text.translate(CONTROLS) if charset == "iso-8859-15" else text
    except LookupError:
        text = data.decode("ascii", "replace")
    if part.get_content_subtype() == "html":
        return text_of_html(text)
    return text.replace("\r\n", "\n")


class Reader:
    def __init__(self):
        self.message, self.too_deep = "", False

    def leaf(self, part, only_plain):
        kind = {"text/plain": PLAIN, "text/html": HTML}.get(part.get_content_type(), NONE)
        if part.is_attachment() or kind == NONE or (kind == HTML and only_plain):
            return NONE
        text = text_of_leaf(part)
        if not text.strip():
            return NONE
        self.message = text
        return kind

    def read(self, part, depth=0, only_plain=False):
        if depth > MAX_DEPTH:
            self.too_deep = True
            return NONE
        if part.get_content_maintype() == "multipart":
            alternative = part.get_content_subtype() == "alternative"
            best = NONE
            for child in part.iter_parts() if part.is_multipart() else ():
                found = self.read(child, depth + 1, only_plain or best == HTML)
                if found == PLAIN or (found == HTML and not alternative):
                    return found
                best = max(best, found)
            return best
        if part.get_content_type() == "message/rfc822":
            return self.read(part.get_payload(0), depth + 1, only_plain)
        return self.leaf(part, only_plain)


def expected(data):
    message = email.message_from_bytes(data, policy=email.policy.default)
    if message["subject"] is None:
        return NO_SUBJECT, "", ""
    subject = str(message["subject"])
    if message["content-type"] is None and message["content-transfer-encoding"] is None:
        body = re.split(rb"\r?\n\r?\n", data, maxsplit=1)[1]
        return OK, subject, body.decode("utf-8", "replace")
    reader = Reader()
    found = reader.read(message)
    status = OK if found else TOO_DEEP if reader.too_deep else NO_TEXT
    return status, subject, reader.message

# ---------------------------------------------------------------------------- the emails


class Maker:
    """Writes emails byte by byte, since a library would write only what it would read."""

    WORDS = ("car", "stolen", "crash", "windscreen", "the", "my", "policy", "renew", "a=b", "100%",
             "caf\xe9", "\u20ac", "\u201cquoted\u201d", "na\xefve", "50\xa3", "--", "?", "=?x?=",
             "_under_", "&amp;", "<b>", "From", "\u65e5\u672c", "\U0001f697", "Stra\xdfe")
    ENDS = (b"\n", b"\r\n")
    HTML_PIECES = (
        "<p>%s</p>", "<div class='a>b'>%s</div>", "%s<br>", "%s<br/><br>", "<b>%s</b>",
        "<table><tr><td>%s</td><td>%s</td></tr></table>", "<ul><li>%s<li>%s</ul>",
        "<blockquote type=cite>%s</blockquote>", "<!-- a > b -- c -->%s",
        "<a href=\"x?a=1&b=<2\">%s</a>", "&nbsp;%s&#8217;&#x20ac;&eacute;",
        "%s &lt;&amp;&gt; &hellip;", "<script>var a='<p>%s';</script>",
        "<style>p { content: '%s' }</style>", "<h1 id=x\n>%s</h1>", "<SPAN STYLE=\"a:b\">%s</SPAN>",
        "%s &unknown; 1 < 2 & 3", "<hr>%s", "<pre>%s\n  %s</pre>", "&#150;%s&#0;", "%s\xa0\n\t %s")

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.end = self.random.choice(self.ENDS)
        self.boundaries = 0

    def chance(self, part):
        return self.random.random() < part

    def choose(self, *choices):
        return self.random.choice(choices)

    def words(self, low, high):
        return " ".join(self.choose(*self.WORDS) for _ in range(self.random.randint(low, high)))

    def any_case(self, word):
        if self.chance(.7):
            return word
        return "".join(c.upper() if self.chance(.5) else c for c in word)

    # ------------------------------------------------------------ headers

    def encoded_word(self, word):
        charset = self.choose("utf-8", "UTF-8", "iso-8859-15", "windows-1252", "US-ASCII")
        codec = "ascii" if charset == "US-ASCII" else charset
        data = word.encode(codec, "ignore")
        if self.chance(.5):
            encoded = base64.b64encode(data).decode()
            return "=?%s?%s?%s?=" % (charset, self.choose("b", "B"), encoded)
        quoted = "".join(chr(b) if chr(b).isalnum() and b < 128 else "_" if b == 32 else "=%02X" % b
                         for b in data)
        return "=?%s?%s?%s?=" % (charset, self.choose("q", "Q"), quoted)

    def header_text(self):
        """Words, some of them encoded, with blanks and folds between them."""
        parts = []
        for _ in range(self.random.randint(1, 12)):
            word = self.choose(*self.WORDS)
            if not word.isascii() or self.chance(.2):
                word = self.encoded_word(word)
            parts.append(word.encode("ascii"))
            parts.append(self.choose(b" ", b" ", b" ", b"  ", b" \t", self.end + b" ",
                                     self.end + b"\t", b" " + self.end + b"  "))
        return b"".join(parts[:-1])

    def content_type(self, value, **parameters):
        fields = [self.any_case(value)]
        for name, text in parameters.items():
            quoted = not re.fullmatch(r"[\w.+-]+", text) or self.chance(.5)
            text = '"%s"' % text.replace("\\", r"\\").replace('"', r'\"') if quoted else text
            fields.append("%s=%s" % (self.any_case(name), text))
        if self.chance(.3):
            fields.insert(self.random.randint(1, len(fields)), 'x-note="a;b=c"')
        separator = self.choose("; ", ";", ";" + self.end.decode() + "\t", " ; ")
        return self.field("Content-Type", separator.join(fields).encode())

    def field(self, name, value):
        blanks = self.choose(b" ", b"", b"  ")
        return self.any_case(name).encode() + b":" + blanks + value + self.end

    def other_fields(self):
        choices = (b"Date: Wed, 25 Nov 2026 10:00:00 +0000", b"X-Empty:", b"MIME-Version: 1.0",
                   b"Received: from a" + self.end + b" by b (c;" + self.end + b"\td) id 1",
                   b"To: \"Subject: no\" <a@b.example>")
        return [self.choose(*choices) + self.end for _ in range(self.random.randint(0, 3))]

    # ------------------------------------------------------------ parts

    def quoted_printable(self, data):
        encoded = quopri.encodestring(data.replace(b"\r\n", b"\n"))
        if self.chance(.3):
            encoded = re.sub(rb"=[0-9A-F]{2}", lambda m: m[0].lower(), encoded)
        return encoded.replace(b"\n", self.end)

    def base64(self, data):
        encoded = base64.b64encode(data)
        width = self.choose(76, 60, 61, 4)
        lines = [encoded[i:i + width] for i in range(0, len(encoded), width)]
        if self.chance(.1):
            lines[-1:] = [lines[-1].rstrip(b"=")] if lines else []
        return self.end.join(lines) + self.choose(b"", self.end, self.end * 2)

    def leaf(self, kind, text):
        charset = self.choose("utf-8", "UTF-8", "us-ascii", "iso-8859-1", "ISO-8859-15",
                              "windows-1252", "x-unknown", "koi-nothing")
        python = {"us-ascii": "ascii", "iso-8859-1": "cp1252", "x-unknown": "utf-8",
                  "koi-nothing": "cp1252"}.get(charset, charset)
        data = text.encode(python, "replace").replace(b"\n", self.end)
        if self.chance(.1):
            data += bytes(self.random.randrange(128, 256) for _ in range(9))
        encoding = self.choose("quoted-printable", "base64", "8bit", "7bit", "binary", None)
        if encoding in ("quoted-printable", "base64"):
            data = self.quoted_printable(data) if encoding[0] == "q" else self.base64(data)
        fields = self.other_fields()
        if kind != "plain" or self.chance(.9):
            more = {"format": "flowed"} if self.chance(.2) else {}
            if self.chance(.9):
                more["charset"] = charset
            fields.append(self.content_type("text/" + kind, **more))
        if encoding:
            fields.append(self.field("Content-Transfer-Encoding", self.any_case(encoding).encode()))
        return fields, data

    def html(self):
        pieces = []
        for _ in range(self.random.randint(1, 12)):
            piece = self.choose(*self.HTML_PIECES)
            # A literal "<" of the words would begin a tag, which the reference need not agree on.
            words = [html.escape(self.words(1, 6), quote=False) for _ in range(piece.count("%s"))]
            pieces.append(piece % tuple(words))
        body = self.choose("", "\n").join(pieces)
        head = "<html><head><title>hidden</title>\n<style>a>b{}</style></head><body>"
        return head + body + "</body></html>\n" if self.chance(.5) else body

    def text(self):
        if self.chance(.1):
            return self.choose("", "\n", " \n\n\t\n", "\xa0\n")
        return "\n".join(self.words(0, 14) for _ in range(self.random.randint(1, 8))) + "\n"

    def attachment(self):
        fields, data = self.leaf(self.choose("plain", "html", "csv"), "attached\n" + self.text())
        fields.append(self.field("Content-Disposition", self.choose(
            b"attachment", b"ATTACHMENT; filename=\"a;b.txt\"", b"attachment; size=3")))
        return fields, data

    def picture(self):
        return [self.content_type("image/png", name="photo.png"),
                self.field("Content-Transfer-Encoding", b"base64")], self.base64(bytes(range(99)))

    def forwarded(self, depth):
        return [self.content_type("message/rfc822")], self.message(depth + 1, "Subject")

    def boundary(self):
        self.boundaries += 1
        # All of one email begin alike, and some are the beginning of others.
        return self.choose("b", "=_b", "--b", "b b", "b:'()+_,-./=?", "b" * 60) + \
            "-x" * self.boundaries

    def multipart(self, depth):
        subtype = self.choose("mixed", "alternative", "alternative", "related", "signed", "report",
                              "parallel", "digest")
        boundary = self.boundary()
        line = b"--" + boundary.encode()
        body = [self.choose(b"", b"", b"This is a preamble." + self.end, self.end)]
        for _ in range(self.random.randint(0, 4)):
            fields, data = self.message(depth + 1, None, True) if subtype == "digest" and \
                self.chance(.5) else self.part(depth + 1)
            body += [line + self.choose(b"", b"", b" ", b"\t ") + self.end, *fields, self.end, data]
            body.append(self.end)
        if self.chance(.9):
            body.append(line + b"--" + self.choose(b"", self.end, b"  " + self.end, self.end +
                                                   b"An epilogue, to be passed over" + self.end))
        return [self.content_type("multipart/" + subtype, boundary=boundary)], b"".join(body)

    def part(self, depth):
        kind = self.random.random()
        if kind < .25 and depth < 5:
            return self.multipart(depth)
        if kind < .32 and depth < 5:
            return self.forwarded(depth)
        if kind < .42:
            return self.attachment()
        if kind < .5:
            return self.picture()
        return self.leaf("html", self.html()) if kind < .72 else self.leaf("plain", self.text())

    # ------------------------------------------------------------ emails

    def message(self, depth, subject, as_part=False):
        fields, data = self.part(depth) if depth or self.chance(.9) else self.deep()
        fields += self.other_fields()
        if subject:
            fields.append(self.field(subject, self.header_text()))
        self.random.shuffle(fields)
        if as_part:  # of a digest: its own header says nothing
            return [], b"".join(fields) + self.end + data
        return b"".join(fields) + self.end + data

    def deep(self):
        """A text within as many multiparts as are read, or one more."""
        fields, data = self.leaf("plain", "deep\n")
        for level in range(self.choose(MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1)):
            line = b"--level%d" % level
            data = line + self.end + b"".join(fields) + self.end + data + self.end + line + b"--"
            fields = [self.content_type("multipart/mixed", boundary="level%d" % level)]
        return fields, data


def make(seed):
    maker = Maker(seed)
    return maker.message(0, "Subject" if maker.chance(.97) else None)

# ---------------------------------------------------------------------------- comparing


def main():
    emails = [make(seed) for seed in range(COUNT)]
    stdin = b"".join(struct.pack("<Q", len(data)) + data for data in emails)
    lines = subprocess.run(sys.argv[1:], input=stdin, stdout=subprocess.PIPE, check=True).stdout
    answers = [json.loads(line) for line in lines.splitlines()]
    assert len(answers) == COUNT, f"{len(answers)} answers to {COUNT} emails"
    counts, wrong = {}, 0
    for seed, (data, answer) in enumerate(zip(emails, answers)):
        want = expected(data)
        counts[want[0]] = counts.get(want[0], 0) + 1
        got = answer["status"], answer["subject"], answer["message"]
        # Of an email that cannot be read only that matters, and white space at the ends never.
        same = want[0] == got[0] and (want[0] != OK or all(
            ours.strip() == theirs.strip() for ours, theirs in zip(got[1:], want[1:])))
        if not same and wrong < 3:
            print(f"email {seed}:\n{data.decode('latin-1')}\nwant {want}\ngot  {got}\n")
        wrong += not same
    print(f"{COUNT} emails, statuses {counts}, {wrong} read otherwise")
    assert len(counts) == 4, "not every outcome was met"
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
