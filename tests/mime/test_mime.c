// SPDX-License-Identifier: Apache-2.0
// The MIME reader by itself: what Python's reader does otherwise or not at all (compare.py has the
// rest), malformed and hostile emails, and the end of what may be read.
#include <stdlib.h>

#include "ec_test.h"
#include "guard_page.h"
#include "mime/mbox.h"
#include "mime/mime.h"
#include "utf8.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static text contents(const text_buffer *buffer) {
    return (text){buffer->data != NULL ? buffer->data : "", buffer->length};
}

static bool holds(const text_buffer *buffer, const char *expected) {
    const bool same = text_equals(contents(buffer), text_of(expected));
    if (!same) {
        fprintf(stderr, "got \"%.*s\"\nnot \"%s\"\n", (int)buffer->length, contents(buffer).data,
                expected);
    }
    return same;
}

static bool is_utf8(text bytes) {
    uint32_t character = 0;
    for (size_t at = 0; at < bytes.length;) {
        at += ec_utf8_decode(bytes.data + at, bytes.length - at, &character);
        if (character == EC_UTF8_INVALID) {
            return false;
        }
    }
    return true;
}

// ---------------------------------------------------------------------------- subjects

static void test_subjects(void) {
    static const struct {
        const char *value;
        const char *expected;
    } cases[] = {
        {"plain", "plain"},
        {"", ""},
        {"two\r\n  lines\n\tthree", "two  lines\tthree"},
        {"a lone \r stays", "a lone \r stays"},
        {"=?UTF-8?Q?caf=C3=A9_au?=", "caf\xc3\xa9 au"},
        {"=?utf-8?B?Y2Fmw6k=?=", "caf\xc3\xa9"},
        {"=?utf-8*en-GB?q?hello?=", "hello"},
        {"=?utf-8?q?a?= \r\n =?utf-8?q?b?= c", "ab c"},
        {"=?utf-8?q?a?= x =?utf-8?q?b?=", "a x b"},
        {"=?utf-8?q?a?==?iso-8859-1?q?=E9?=", "a\xc3\xa9"},
        {"in(=?utf-8?q?side?=)word", "in(side)word"},
        // A character cut in two, as some programs do
        {"=?utf-8?q?=C3?= =?utf-8?q?=A9?=", "\xc3\xa9"},
        {"=?utf-8?b?w?= =?utf-8?b?qQ==?=", "\xef\xbf\xbd"},
        {"=?utf-8?q?=C3?= =?windows-1252?q?=80?=", "\xef\xbf\xbd\xe2\x82\xac"},
        {"=?windows-1252?q?=93hi=94?=", "\xe2\x80\x9chi\xe2\x80\x9d"},
        {"=?iso-8859-1?q?=93hi=94?=", "\xe2\x80\x9chi\xe2\x80\x9d"},
        {"=?iso-8859-15?q?=A4?=", "\xe2\x82\xac"},
        {"=?x-unknown?q?a=E9?=", "a\xef\xbf\xbd"},
        {"=?utf-8?q?a=zz=4?=", "a=zz=4"},
        // Not encoded words
        {"=?utf-8?x?a?=", "=?utf-8?x?a?="},
        {"=?utf-8?q?a?b?=", "=?utf-8?q?a?b?="},
        {"=?utf-8?q?a?", "=?utf-8?q?a?"},
        {"=??q?a?=", "=??q?a?="},
        {"=?", "=?"},
        {"=?=?utf-8?q?a?=", "=?a"},
        // Without an encoded word the bytes are handed on as they are
        {"caf\xe9", "caf\xe9"},
    };
    mime_email email = {0};
    for (size_t i = 0; i < COUNT(cases); i++) {
        text_buffer bytes = {0};
        buffer_printf(&bytes, "X: y\r\nsubject:%s\r\n\r\nbody", cases[i].value);
        EC_CHECK_EQUAL(mime_read(contents(&bytes), &email), MIME_OK);
        EC_CHECK_CASE(holds(&email.subject, cases[i].expected), cases[i].value);
        EC_CHECK_CASE(holds(&email.message, "body"), cases[i].value);
        buffer_free(&bytes);
    }
    mime_email_free(&email);
}

// ---------------------------------------------------------------------------- messages

#define SUBJECT "Subject: s\n"
#define MULTIPART(subtype) SUBJECT "Content-Type: multipart/" subtype "; boundary=b\n\n"
#define PLAIN "Content-Type: text/plain\n\n"
#define HTML "Content-Type: text/html\n\n"

typedef struct message_case {
    const char *name;
    const char *email;
    mime_status status;
    const char *message;
} message_case;

static const message_case plain_cases[] = {
    {"as it is", SUBJECT "\nline\r\n  \xff\xfe =41\n", MIME_OK, "line\r\n  \xff\xfe =41\n"},
    {"no empty line", SUBJECT "no header here\nmore", MIME_OK, "no header here\nmore"},
    {"nothing", SUBJECT, MIME_OK, ""},
    {"empty", "", MIME_NO_SUBJECT, ""},
    {"no subject", "From: a\n\nSubject: in the body", MIME_NO_SUBJECT, ""},
    {"the first subject", "Subject: s\nSubject: t\n\nx", MIME_OK, "x"},
    {"CR LF becomes LF", SUBJECT "Content-Type: text/plain\r\n\r\na\r\nb\rc", MIME_OK, "a\nb\rc"},
    {"bad UTF-8", SUBJECT PLAIN "a\xff\xe2\x82z", MIME_OK, "a\xef\xbf\xbd\xef\xbf\xbdz"},
    {"no type at all", SUBJECT "Content-Type: text\n\nx", MIME_OK, "x"},
    {"comments",
     SUBJECT "Content-Type: (a;b) text/plain (c \\) d); (e) charset (f) = (g) iso-8859-1 (h)\n\n"
             "\xe9",
     MIME_OK, "\xc3\xa9"},
    {"quoted charset",
     SUBJECT "Content-Type: text/plain; x=\"a;\\\"charset=b\"; charset=\"iso-8\\859-1\"\n\n\xe9",
     MIME_OK, "\xc3\xa9"},
    {"quote without end", SUBJECT "Content-Type: text/plain; charset=\"iso-8859-1\n\n\xe9", MIME_OK,
     "\xc3\xa9"},
    {"soft breaks",
     SUBJECT "Content-Transfer-Encoding: Quoted-Printable (x)\n\na=\nb= \t\r\nc=3D=3d=zz=", MIME_OK,
     "abc===zz"},
    {"base64 in pieces", SUBJECT "Content-Transfer-Encoding: BASE64\n\nYW\n*J j ZA==\nYWJj",
     MIME_OK, "abcd"},
    {"an encoding of no standard", SUBJECT "Content-Transfer-Encoding: x-none\n\n=41", MIME_OK,
     "=41"},
    {"blank", SUBJECT PLAIN " \n\t\xc2\xa0\n", MIME_NO_TEXT, ""},
    {"a picture", SUBJECT "Content-Type: image/png\n\nx", MIME_NO_TEXT, ""},
    {"an attachment", SUBJECT "Content-Disposition: attachment\n" PLAIN "x", MIME_NO_TEXT, ""},
};

static const message_case multipart_cases[] = {
    {"plain wins", MULTIPART("alternative") "--b\n" HTML "h\n--b\n" PLAIN "p\n--b--\n", MIME_OK,
     "p"},
    {"blank plain loses", MULTIPART("alternative") "--b\n" PLAIN " \n--b\n" HTML "<p>h\n--b--\n",
     MIME_OK, "h"},
    {"the first that can be read", MULTIPART("mixed") "--b\n" HTML "h\n--b\n" PLAIN "p\n--b--\n",
     MIME_OK, "h"},
    {"not an attachment",
     MULTIPART("mixed") "--b\nContent-Disposition: attachment\n" PLAIN "a\n--b\n" PLAIN "p\n--b--",
     MIME_OK, "p"},
    {"forwarded",
     MULTIPART("mixed") "--b\nContent-Disposition: attachment\nContent-Type: message/rfc822\n\n"
                        "Subject: inner\n\nforwarded\n--b--",
     MIME_OK, "forwarded"},
    {"digest", MULTIPART("digest") "--b\n\nSubject: inner\n\nfirst\n--b--", MIME_OK, "first"},
    {"preamble and epilogue", MULTIPART("mixed") "pre\n--b\n\nx\n--b--\nepi\n--b\n\ny", MIME_OK,
     "x"},
    {"no end", MULTIPART("mixed") "--b\n\nx", MIME_OK, "x"},
    {"boundary in the text", MULTIPART("mixed") "--b\n\nx --b\n--bb\n--b-\n--b x\n\n--b \t\n",
     MIME_OK, "x --b\n--bb\n--b-\n--b x\n"},
    {"empty parts", MULTIPART("mixed") "--b\n--b\n\n--b\n\n\n--b\n\nx\n--b--", MIME_OK, "x"},
    {"unquoted boundary",
     SUBJECT "Content-Type: multipart/mixed; boundary=--=_a/b;\n\n----=_a/b\n\nx\n----=_a/b--",
     MIME_OK, "x"},
    {"no boundary", SUBJECT "Content-Type: multipart/mixed\n\n--b\n\nx\n--b--", MIME_NO_TEXT, ""},
    {"boundary that never comes", MULTIPART("mixed") "x\n", MIME_NO_TEXT, ""},
    {"no parts", MULTIPART("mixed") "--b--\n", MIME_NO_TEXT, ""},
};

static void check_messages(const message_case *cases, size_t count) {
    mime_email email = {0};
    for (size_t i = 0; i < count; i++) {
        const message_case *c = &cases[i];
        EC_CHECK_CASE(mime_read(text_of(c->email), &email) == c->status, c->name);
        EC_CHECK_CASE(c->status != MIME_OK || holds(&email.message, c->message), c->name);
    }
    mime_email_free(&email);
}

// ---------------------------------------------------------------------------- HTML

static const struct {
    const char *html;
    const char *expected;
} html_cases[] = {
    {"  a \n\t b&nbsp;\xc2\xa0 c  ", "a b c"},
    {"<p>one<p>two</p>\n<div>three</div><div>four</div>", "one\n\ntwo\n\nthree\nfour"},
    {"a<br>b<br/><br />c<br><br><br>d", "a\nb\n\nc\n\nd"},
    {"<div>a<br></div><div><br></div>b", "a\n\nb"},
    {"un<b>bro</b>ken <i>blank</i>", "unbroken blank"},
    {"<table><tr><td>a</td><td>b</td></tr><tr><th>c</table>", "a b\nc"},
    {"<html><head><title>no &amp; no</title><style>p>a{}</style>"
     "<meta content='no'></head><BODY onload=\"x>y\">yes</BODY></html>",
     "yes"},
    {"a<script>if (1</2) '</scripts>'</SCRIPT >b", "ab"},
    {"a<style>never closed", "a"},
    {"a<!-- <p> -- > -->b<!-->c<!--->d<!doctype x>e<?xml?>f</>g</ h>i", "abcdefgi"},
    {"a<!-- never closed", "a"},
    {"a<b title='never closed>b", "a"},
    {"a<b title=x'y>b<b \">c<b title= '>'>d", "abcd"},
    {"1 < 2 <3 <", "1 < 2 <3 <"},
    {"a<blockquote>quoted<br>text</blockquote>mine", "a\n>quoted\n>text\nmine"},
    {"<blockquote><p>one<p>two<blockquote>three</blockquote>four", ">one\n\n>two\n>three\n>four"},
    {"</blockquote>mine<blockquote><br><hr></blockquote>", "mine"},
    {"&lt;p&gt; &amp;amp; &quot;&apos;&eacute;&Eacute;&euro;&thetasym;",
     "<p> &amp; \"'\xc3\xa9\xc3\x89\xe2\x82\xac\xcf\x91"},
    {"&#65;&#x42;&#X43&#150;&#1;&#xD800;&#x110000;&#99999999999;&#0;",
     "ABC\xe2\x80\x93\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"a&#32;&#10;&#160;b", "a b"},
    {"&copy 1 &eacute&euro 2 &ampx; & && &; &# &#x &#; &nosuch; &thetasymx;",
     "\xc2\xa9 1 \xc3\xa9&euro 2 &ampx; & && &; &# &#x &#; &nosuch; &thetasymx;"},
    {"<o:p>a</o:p><averylongelementname>b</averylongelementname>", "ab"},
    {"", ""},
    {"<p>&nbsp;</p><br>", ""},
};

static void test_html(void) {
    text_buffer out = {0};
    for (size_t i = 0; i < COUNT(html_cases); i++) {
        const text html = text_of(html_cases[i].html);
        buffer_clear(&out);
        EC_CHECK(buffer_reserve(&out, html.length + 1));
        out.length = ec_html_to_text(html.data, html.length, out.data);
        EC_CHECK_CASE(holds(&out, html_cases[i].expected), html_cases[i].html);
    }
    buffer_free(&out);
}

// ---------------------------------------------------------------------------- hostile emails

// `head`, and then `unit` again and again, some megabytes in all.
static text_buffer repeated(const char *head, const char *unit) {
    text_buffer out = {0};
    buffer_add_string(&out, head);
    while (out.length < 4 << 20) {
        buffer_add_string(&out, unit);
    }
    return out;
}

// Each would take hours if a byte were looked at as often as there are bytes before it.
static void test_large(void) {
    static const struct {
        const char *head;
        const char *unit;
        mime_status status;
    } cases[] = {
        {SUBJECT "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n", MIME_NO_TEXT},
        {SUBJECT "Content-Type: multipart/alternative; boundary=b\n\n", "--b\n" HTML "<p>x\n",
         MIME_OK},
        {SUBJECT "Content-Type: multipart/mixed", "; x=\"", MIME_NO_TEXT},
        {SUBJECT "Content-Type: multipart/mixed", "; (", MIME_NO_TEXT},
        {SUBJECT "Content-Type: multipart/mixed; boundary=", "b", MIME_NO_TEXT},
        {SUBJECT, "X: y\n ", MIME_OK},
        {"Subject: ", "=?", MIME_OK},
        {"Subject: ", "=?utf-8?q?=?", MIME_OK},
        {"Subject: ", "=?utf-8?q?=C3?= =?utf-8?b?w?= ", MIME_OK},
        {SUBJECT HTML, "<", MIME_OK},
        {SUBJECT HTML, "<a ", MIME_NO_TEXT},
        {SUBJECT HTML, "x<!-- ", MIME_OK},
        {SUBJECT HTML, "<script></", MIME_NO_TEXT},
        {SUBJECT HTML, "<a b='c' d=\"", MIME_NO_TEXT},
        {SUBJECT HTML, "&#11", MIME_OK},
        {SUBJECT HTML, "&", MIME_OK},
        {SUBJECT "Content-Transfer-Encoding: quoted-printable\n\nx", "= ", MIME_OK},
        {SUBJECT "Content-Transfer-Encoding: base64\n\n", "=", MIME_NO_TEXT},
    };
    mime_email email = {0};
    for (size_t i = 0; i < COUNT(cases); i++) {
        text_buffer bytes = repeated(cases[i].head, cases[i].unit);
        EC_CHECK_CASE(mime_read(contents(&bytes), &email) == cases[i].status, cases[i].unit);
        EC_CHECK_CASE(email.message.length <= 3 * bytes.length, cases[i].unit);
        buffer_free(&bytes);
    }
    mime_email_free(&email);
}

// Parts in parts, each of which begins all those that follow it.
static void test_nested(void) {
    text_buffer bytes = {0};
    buffer_add_string(&bytes, SUBJECT);
    for (unsigned i = 0; i < 20000; i++) {
        buffer_printf(&bytes, "Content-Type: multipart/alternative; boundary=b%u\n\n--b%u\n", i, i);
    }
    buffer_add_string(&bytes, PLAIN "x");
    mime_email email = {0};
    EC_CHECK_EQUAL(mime_read(contents(&bytes), &email), MIME_TOO_DEEP);
    buffer_free(&bytes);
    bytes = repeated(SUBJECT, "Content-Type: message/rfc822\n\n");
    EC_CHECK_EQUAL(mime_read(contents(&bytes), &email), MIME_TOO_DEEP);
    buffer_free(&bytes);
    mime_email_free(&email);
}

// Cut off at every byte, at the end of memory: nothing is read too far, and what comes out of MIME
// is UTF-8.
static void check_cut(const char *whole) {
    mime_email email = {0};
    for (size_t length = 0; length <= strlen(whole); length++) {
        guard_page page;
        const text cut = {guard_page_copy(&page, whole, length), length};
        const mime_status status = mime_read(cut, &email);
        EC_CHECK(status == MIME_OK || status == MIME_NO_SUBJECT || status == MIME_NO_TEXT);
        EC_CHECK(status != MIME_OK || strstr(whole, "Content-") == NULL ||
                 length < (size_t)(strstr(whole, "\n\n") - whole) ||
                 is_utf8(contents(&email.message)));
        guard_page_free(&page);
    }
    mime_email_free(&email);
}

static void test_cut(void) {
    for (size_t i = 0; i < COUNT(plain_cases); i++) {
        check_cut(plain_cases[i].email);
    }
    for (size_t i = 0; i < COUNT(multipart_cases); i++) {
        check_cut(multipart_cases[i].email);
    }
    for (size_t i = 0; i < COUNT(html_cases); i++) {
        text_buffer email = {0};
        buffer_add_string(&email, SUBJECT HTML);
        buffer_add_string(&email, html_cases[i].html);
        buffer_add(&email, "", 1);
        check_cut(email.data);
        buffer_free(&email);
    }
}

// ---------------------------------------------------------------------------- mailboxes

#define FIRST "From a@b Wed\nSubject: 1\n\nx\nFrom is no start here\nnor is this:\r\nFrom x\n\r\n"
#define SECOND "From c@d Wed\nSubject: 2\n\n\n"
#define THIRD "From e\n"

static void test_mailbox(void) {
    static const char mailbox[] = FIRST SECOND THIRD "\nFrom";
    EC_CHECK(mbox_begins(text_of(mailbox)));
    EC_CHECK(!mbox_begins(text_of("From:")) && !mbox_begins(text_of("From")));
    // Read byte by byte, as slowly as a file can come.
    size_t at = 0;
    size_t starts[4] = {0};
    size_t found = 0;
    for (size_t length = 0; length < sizeof mailbox; length++) {
        guard_page page;
        const text so_far = {guard_page_copy(&page, mailbox, length), length};
        while (found < COUNT(starts) && mbox_find_next(so_far, &at)) {
            starts[found++] = at;
        }
        guard_page_free(&page);
    }
    EC_CHECK_EQUAL(found, 2);
    EC_CHECK_EQUAL(starts[0], strlen(FIRST));
    EC_CHECK_EQUAL(starts[1], strlen(FIRST SECOND));
}

static void test_unquote(void) {
    char lines[] = ">From a\n>>From b\nFrom c\n >From d\n>from e\n>>\n>From";
    const text unquoted = {lines, mbox_unquote(lines, strlen(lines))};
    EC_CHECK(
        text_equals(unquoted, text_of("From a\n>From b\nFrom c\n >From d\n>from e\n>>\n>From")));
    EC_CHECK_EQUAL(mbox_unquote(lines, 0), 0);
}

int main(void) {
    test_subjects();
    check_messages(plain_cases, COUNT(plain_cases));
    check_messages(multipart_cases, COUNT(multipart_cases));
    test_html();
    test_large();
    test_nested();
    test_cut();
    test_mailbox();
    test_unquote();
    return ec_test_result();
}
