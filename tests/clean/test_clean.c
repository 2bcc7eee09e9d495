// SPDX-License-Identifier: Apache-2.0
// Messages as mail programs write them, and what the model reads of each.
#include "clean/properties.h"
#include "ec_test.h"
#include "guard_page.h"

#define OWN "My car would not start this morning and I need somebody to tow it."
#define OLD "Your windshield will be replaced on Monday."
#define OLDER "A stone hit the windshield of my car."
#define HEADERS \
    "From: Claims <c@x.example>\nSent: Monday, 3 November 2025 10:12\nTo: Ann\nSubject: Glass\n"

typedef struct message_case {
    const char *name, *subject, *message, *text;
    const char *left_out;  // kinds of the parts, each followed by a blank
} message_case;

// Mail that is answered.
static const message_case replies[] = {
    {"nothing to clean", "Car", OWN, OWN, ""},
    {"Gmail", "Re: Glass",
     OWN "\n\nOn Mon, Nov 3, 2025 at 10:12 AM Claims <c@x.example>\nwrote:\n\n> " OLD
         "\n>\n> Bye\n",
     OWN, "quoted "},
    {"Gmail in French", "Re: Glass",
     OWN "\n\nLe lun. 3 nov. 2025 \xC3\xA0 10:12, Claims <c@x.example> a \xC3\xA9"
         "crit :\n\n> " OLD,
     OWN, "quoted "},
    {"Outlook", "RE: Glass", OWN "\n\n________________________________\n" HEADERS "\n" OLD, OWN,
     "quoted "},
    {"Outlook, plain", "RE: Glass", OWN "\n\n-----Original Message-----\n" HEADERS "\n" OLD, OWN,
     "quoted "},
    {"Outlook in German", "AW: Glass",
     OWN "\n\nVon: Claims <c@x.example>\nGesendet: Montag\nAn: Ann\nBetreff: Glas\n\n" OLD, OWN,
     "quoted "},
    {"Outlook, bold headers as stars", "RE: Glass",
     OWN "\n\n*From:* Claims\n*Sent:* Monday\n*To:* Ann\n*Subject:* Glass\n\n" OLD, OWN, "quoted "},
    {"Apple Mail", "Re: Glass",
     OWN "\n\n> On 3 Nov 2025, at 10:12, Claims <c@x.example> wrote:\n> \n> " OLD, OWN, "quoted "},
    {"Thunderbird, answer below", "Re: Glass",
     "On 03/11/2025 10:12, Claims wrote:\n> " OLD "\n\n" OWN, OWN, "quoted "},
    {"Thunderbird in German", "Re: Glass",
     "Am 03.11.25 um 10:12 schrieb Claims:\n> " OLD "\n" OWN "\n", OWN, "quoted "},
    {"between the lines", "Re: Glass",
     "> Where is it?\nIt is in the car park of the station.\n\n"
     "> What happened?\n" OWN,
     "It is in the car park of the station.\n\n\n" OWN, "quoted quoted "},
    {"phone, nothing marked", "Re: Glass",
     OWN "\n\nOn Mon, 3 Nov 2025 at 10:12, Claims <c@x.example> wrote:\n" OLD "\n" OLDER, OWN,
     "quoted "},
    {"several levels", "Re: Glass", OWN "\n\nAnn wrote:\n> " OLD "\n>> " OLDER "\n> Bye", OWN,
     "quoted "},
    {"own text after the end of the quote", "Re: Glass",
     "----- Original message -----\n" OLD "\n----- end -----\n\n" OWN, OWN, "quoted "},
    {"Outlook with marks, answer below", "Re: Glass",
     "-----Original Message-----\n" HEADERS "\n> " OLD "\n\n" OWN, OWN, "quoted "},
    {"windows line ends", "Re: Glass",
     OWN "\r\n\r\nOn Mon, Nov 3, 2025 at 10:12 AM C <c@x.example> wrote:\r\n> " OLD "\r\n", OWN,
     "quoted "},
};

// Mail whose quoted part is what it is about.
static const message_case kept[] = {
    {"only quoted", "Glass", "> " OLDER, OLDER, ""},
    {"only forwarded", "Fwd: Glass", "---------- Forwarded message ---------\n" HEADERS "\n" OLDER,
     "Subject: Glass\n\n" OLDER, "header header "},
    {"covering note", "FW: Glass", "FYI\n\n" HEADERS "\n" OLDER,
     "FYI\n\n\nSubject: Glass\n\n" OLDER, "header "},
    {"covering note of a broker", "Client",
     "Hi team,\nPlease see the email below from our client.\n\nBegin forwarded message:\n\n" HEADERS
     "\n" OLDER,
     "Hi team,\nPlease see the email below from our client.\n\n\nSubject: Glass\n\n" OLDER,
     "header header "},
    {"reminder", "Re: Glass", "Any news on this please?\n\nOn 3 Nov 2025, Ann wrote:\n> " OLDER,
     "Any news on this please?\n\n\n" OLDER, "header "},
    {"agreed", "Re: Glass", "Yes please, go ahead.\n\n> " OLD, "Yes please, go ahead.\n\n  " OLD,
     ""},
    {"long note on what is below", "Fwd: Glass", OWN " " OWN " " OWN " " OWN " " OWN "\n\n> " OLD,
     OWN " " OWN " " OWN " " OWN " " OWN "\n\n> " OLD, ""},
    {"told, not quoted", "Glass", "On Monday your man wrote:\nno glass until June.\n" OLDER,
     "On Monday your man wrote:\nno glass until June.\n" OLDER, ""},
    {"two header lines are none", "Glass", "From: Ann\nTo: Claims\n" OLDER,
     "From: Ann\nTo: Claims\n" OLDER, ""},
};

#define CAUTION                                                                      \
    "CAUTION: This email originated from outside of the organization. Do not click " \
    "links or open attachments unless you recognize the sender.\n"
#define LEGAL                                                                         \
    "This email and any attachments are confidential and may be legally privileged. " \
    "If you are not the intended recipient, please delete this email. X Ltd is "      \
    "registered in England No. 04412345. Registered office: 1 High Street, Leeds."

// What is added to mail.
static const message_case notices[] = {
    {"phone", "Car", OWN "\n\nSent from my iPhone", OWN, "signature "},
    {"Outlook for a phone", "Car", OWN "\n\nGet Outlook for iOS<https://aka.ms/x>\n", OWN,
     "signature "},
    {"no device", "Car", "Sent from my hire car, mine is stolen.\n" OWN,
     "Sent from my hire car, mine is stolen.\n" OWN, ""},
    {"dashes", "Car", OWN "\n-- \nAnn Lee\nLee Glass Ltd\nann@lee.example", OWN, "signature "},
    {"dashes around own text", "Car",
     OWN "\n--\nthe glass is broken too and the radio is gone\n--\n" OLDER,
     OWN "\n--\nthe glass is broken too and the radio is gone\n--\n" OLDER, ""},
    {"contact block", "Car", OWN "\n\nKind regards,\n\nAnn Lee\nHead of Claims\n01632 960 112\n",
     OWN "\n\nKind regards,", "signature "},
    {"a name is no block", "Car", OWN "\n\nKind regards,\nAnn", OWN "\n\nKind regards,\nAnn", ""},
    {"words after the name", "Car", OWN "\nThanks\nAnn 01632 960 112\nPS my car was stolen too",
     OWN "\nThanks\nAnn 01632 960 112\nPS my car was stolen too", ""},
    {"signature above a quote", "Re: Car", OWN "\n\nRegards\nAnn Lee\n01632 960 112\n\n> " OLD,
     OWN "\n\nRegards", "signature quoted "},
    {"banner", "Car", CAUTION "\n" OWN, OWN, "banner "},
    {"banner without a line between", "Car", "[EXTERNAL EMAIL]\n" OWN, OWN, "banner "},
    {"no banner", "Car", "CAUTION: external sender, my car is stolen and I need you to ring",
     "CAUTION: external sender, my car is stolen and I need you to ring", ""},
    {"disclaimer", "Car", OWN "\n\n" LEGAL, OWN, "disclaimer "},
    {"disclaimer and more on its line", "Car", OWN "\n\nThis email is confidential. It was stolen.",
     OWN "\n\nThis email is confidential. It was stolen.", ""},
    {"asked to be discreet", "Car", OWN "\nPlease treat this as confidential.",
     OWN "\nPlease treat this as confidential.", ""},
    {"all of them", "Re: Car",
     CAUTION "\n" OWN "\n\nSent from my Samsung Galaxy\n\n" LEGAL "\n\nAnn wrote:\n> " OLD, OWN,
     "banner signature disclaimer quoted "},
    {"nothing but a disclaimer", "Car", LEGAL, LEGAL, ""},
};

static const message_case pages[] = {
    {"text with a tag", "Car", "Dear <name>, " OWN, "Dear <name>, " OWN, ""},
    {"HTML", "Car",
     "<html><head><style>p{}</style></head><body><p>A &amp; B</p><p>" OWN "</p></body></html>",
     "A & B\n\n" OWN, ""},
    {"Gmail as HTML", "Re: Glass",
     "<div dir=\"ltr\">" OWN
     "</div><br><div class=\"gmail_quote\"><div>On Mon, Nov 3, 2025 at 10:12 "
     "AM C &lt;c@x.example&gt; wrote:<br></div><blockquote>" OLD "</blockquote></div>",
     OWN, "quoted "},
    {"Outlook as HTML", "RE: Glass",
     "<div>" OWN "</div><hr><p><b>From:</b> C<br><b>Sent:</b> Monday<br><b>To:</b> A<br>"
     "<b>Subject:</b> Glass</p><p>" OLD "</p>",
     OWN, "quoted "},
    {"answer below, as HTML", "Re: Glass",
     "<div>On 03/11/2025 10:12, C wrote:<br></div><blockquote>" OLD "</blockquote><p>" OWN "</p>",
     OWN, "quoted "},
};

static ec_email email_of(const char *subject, const char *message) {
    return (ec_email){subject, strlen(subject), message, strlen(message)};
}

static void check_case(const message_case *c) {
    static ec_cleaned cleaned;
    static ec_cleaned again;
    guard_page page;
    ec_email email = email_of(c->subject, c->message);
    email.message = guard_page_copy(&page, c->message, email.message_length);
    EC_CHECK_EQUAL(ec_clean(&email, &cleaned, NULL), EC_OK);
    char kinds[200] = "";
    for (uint32_t i = 0; i < cleaned.left_out_count; i++) {
        strcat(kinds, ec_left_out_name(cleaned.left_out[i].kind));
        strcat(kinds, " ");
    }
    const bool same =
        cleaned.length == strlen(c->text) && memcmp(cleaned.text, c->text, cleaned.length) == 0;
    if (!EC_CHECK_CASE(same && strcmp(kinds, c->left_out) == 0, c->name)) {
        fprintf(stderr, "  got %.*s\n  without %s\n", (int)cleaned.length, cleaned.text, kinds);
    }
    const char *wrong = wrong_cleaning(&email, &cleaned, &again);
    EC_CHECK_CASE(wrong == NULL, wrong != NULL ? wrong : c->name);
    guard_page_free(&page);
}

#define CHECK_CASES(cases)                                         \
    for (size_t i = 0; i < sizeof(cases) / sizeof *(cases); i++) { \
        check_case(&(cases)[i]);                                   \
    }

// ------------------------------------------------------------- any message

static const char *const fragments[] = {
    "> quoted line\n",
    "> ",
    "\n",
    "\n\n",
    "Hi team,\n",
    "wrote:\n",
    "From: a@b\n",
    "Sent: Monday\n",
    "On Mon, Nov 3, 2025 at 10:12 AM Bob <bob@x.example> wrote:\n",
    "On Mon, Nov 3, 2025 at 10:12\n",
    "To: b\n",
    "Subject: car\n",
    "-----Original Message-----\n",
    "Begin forwarded message:\n",
    "---------- Forwarded message ---------\n",
    "--\n",
    "Kind regards,\n",
    "Thanks\n",
    "Bob Smith\n",
    "Tel 01234 567890\n",
    "Sent from my iPhone\n",
    CAUTION,
    LEGAL "\n",
    LEGAL,
    "safe.\n",
    OWN "\n",
    "This email and any attachments are confidential. My car is gone.\n",
    "ok\n",
    "fyi\n",
    "________________________________\n",
    "----- end -----\n",
    " ",
    "x",
    "PS one more\n",
    "\r\n",
    u8"a écrit :\n",
    "Am 3.5. schrieb Bob:\n",
    "\xE2\x80\x99\xF0\x9F\x98\x80",
    // From here on HTML.
    "<b>",
    "&amp;",
    "<p>",
    "<div>",
    "<br>",
    "<blockquote>",
    "</blockquote>",
    "&nbsp;",
};
enum { FRAGMENTS = sizeof fragments / sizeof *fragments, PLAIN_FRAGMENTS = FRAGMENTS - 8 };

static uint32_t random_below(uint64_t *state, uint32_t end) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % end;
}

static void test_any_message(void) {
    static ec_cleaned cleaned;
    static ec_cleaned again;
    uint64_t state = 3;
    size_t shortened = 0;
    for (int round = 0; round < 20000; round++) {
        char text[12000];
        size_t length = 0;
        const uint32_t count = 1 + random_below(&state, 30);
        const uint32_t kinds = round % 2 == 0 ? PLAIN_FRAGMENTS : FRAGMENTS;
        for (uint32_t i = 0; i < count; i++) {
            const char *fragment = fragments[random_below(&state, kinds)];
            memcpy(text + length, fragment, strlen(fragment));
            length += strlen(fragment);
        }
        const ec_email email = {round % 5 == 0 ? "Fw: x" : "Re: x", 5, text, length};
        EC_CHECK_EQUAL(ec_clean(&email, &cleaned, NULL), EC_OK);
        const char *wrong = wrong_cleaning(&email, &cleaned, &again);
        if (!EC_CHECK_CASE(wrong == NULL, wrong != NULL ? wrong : "")) {
            fprintf(stderr, "  message %.*s\n", (int)length, text);
            return;
        }
        shortened += cleaned.left_out_count > 0;
    }
    EC_CHECK(shortened > 5000 && shortened < 20000);
}

static void test_limits(void) {
    static ec_cleaned cleaned;
    static char message[4 * EC_MESSAGE_MAX + 1];
    ec_error error;
    memset(message, 'a', sizeof message);
    ec_email email = {"", 0, message, sizeof message};
    cleaned.length = 7;
    EC_CHECK_EQUAL(ec_clean(&email, &cleaned, &error), EC_ERROR_ARGUMENT);
    EC_CHECK_STRING(error.field, "message");
    EC_CHECK_EQUAL(cleaned.length, 7);
    email.message_length--;
    EC_CHECK_EQUAL(ec_clean(&email, &cleaned, &error), EC_OK);
    EC_CHECK_EQUAL(cleaned.length, email.message_length);
    email = (ec_email){NULL, 0, NULL, 0};
    EC_CHECK_EQUAL(ec_clean(&email, &cleaned, NULL), EC_OK);
    EC_CHECK_EQUAL(cleaned.length, 0);
    email.message_length = 1;
    EC_CHECK_EQUAL(ec_clean(&email, &cleaned, NULL), EC_ERROR_ARGUMENT);
    email = (ec_email){NULL, 1, "> x", 3};
    EC_CHECK_EQUAL(ec_clean(&email, &cleaned, &error), EC_ERROR_ARGUMENT);
    EC_CHECK_STRING(error.field, "subject");
    EC_CHECK_EQUAL(ec_clean(NULL, &cleaned, NULL), EC_ERROR_ARGUMENT);
    EC_CHECK_EQUAL(ec_clean(&email, NULL, NULL), EC_ERROR_ARGUMENT);
}

// More quotes than there is room to list: all of it is read.
static void test_many_quotes(void) {
    static ec_cleaned cleaned;
    char message[4000] = "";
    for (int i = 0; i < EC_MAX_LEFT_OUT + 1; i++) {
        strcat(message, "> a question\nAn answer of its own to this.\n");
    }
    const ec_email email = email_of("Re: x", message);
    EC_CHECK_EQUAL(ec_clean(&email, &cleaned, NULL), EC_OK);
    EC_CHECK_EQUAL(cleaned.left_out_count, 0);
    EC_CHECK_EQUAL(cleaned.length, email.message_length - 1);
}

int main(void) {
    CHECK_CASES(replies)
    CHECK_CASES(kept)
    CHECK_CASES(notices)
    CHECK_CASES(pages)
    test_any_message();
    test_limits();
    test_many_quotes();
    return ec_test_result();
}
