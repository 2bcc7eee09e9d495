// SPDX-License-Identifier: Apache-2.0
// Whether new text can be understood without the mail that it quotes.
#include "clean_parts.h"

enum {
    GREETING_BYTES = 40,  // of a line
    // Letters of new text, greeting and signature aside. Chosen by measurement: models/README.md.
    REPLY_LETTERS = 30,      // so many are understood without the quoted mail
    REMINDER_LETTERS = 120,  // or so many when they sound like an answer or a reminder
    COVER_LETTERS = 200      // so many are more than a note on what is below
};

static const char *const greetings[] = {
    "hi",
    "hello",
    "hey",
    "dear",
    "good morning",
    "good afternoon",
    "good evening",
    "morning",
    "afternoon",
    "hallo",
    "bonjour",
    "hola",
    "to whom it may concern",
};

static const char *const pointers[] = {
    "see below",
    "below is",
    "below are",
    "below from",
    "below for",
    "the below",
    "as below",
    "per below",
    "mail below",
    "email below",
    "e-mail below",
    "emails below",
    "message below",
    "below email",
    "below e-mail",
    "letter below",
    "chain below",
    "thread below",
    "trail below",
    "note below",
    "query below",
    "read below",
    "find below",
    "at the bottom",
    "fyi",
    "fya",
    "for your information",
    "for your attention",
    "forwarding",
    "forwarded",
    "i forward",
    "fwd",
    "passing this on",
    "passing on",
    "pass this on",
    "pass this one on",
    "this came to",
    "this came in",
    "underneath",
    "beneath",
    "received from our client",
    "received from the customer",
    "from our client",
    "from our mutual client",
    "over to you",
    "one for you",
};

static const char *const reminders[] = {
    "any news",
    "any update",
    "any updates",
    "chasing",
    "chase",
    "chaser",
    "bump",
    "reminder",
    "follow up",
    "following up",
    "heard back",
    "heard nothing",
    "not heard",
    "no reply",
    "no response",
    "no answer",
    "still waiting",
    "has answered",
    "have answered",
    "did you get",
    "did you receive",
    "have you received",
    "confirm receipt",
    "as requested",
    "as discussed",
    "as agreed",
    "go ahead",
    "fine with me",
    "my number is",
    "ring me",
    "call me",
    "please advise",
    "please action",
    "for action",
    "please deal",
    "can you deal",
    "please help",
    "please assist",
    "please handle",
    "please process",
    "please look",
    "can you look",
    "can you help",
    "forgot to say",
    "forgot to mention",
    "thank you for your",
    "thanks for your",
};

// The first line from `at` on that is in no part.
static size_t next_kept_line(ec_span text, const ec_cuts *cuts, size_t at) {
    for (size_t end; at < text.length && (end = ec_cuts_end(cuts, at)) > 0;) {
        at = end;
    }
    return at;
}

// Whether a character starts here that is an ASCII letter, or of 2 or 3 bytes and no punctuation
// (U+2000 to U+2FFF): close enough to tell a sentence from a line of emoji.
static bool starts_letter(char c) {
    const unsigned char byte = (unsigned char)c;
    return ec_is_letter(c) || (byte >= 0xC3 && byte < 0xF0 && byte != 0xE2);
}

size_t ec_count_letters(ec_span text, const ec_cuts *cuts) {
    size_t letters = 0;
    for (size_t at = 0; (at = next_kept_line(text, cuts, at)) < text.length;) {
        const ec_line line = ec_line_at(text, at);
        const ec_span words = ec_line_text(text, &line);
        const bool polite =
            ec_is_sign_off(words) ||
            (words.length <= GREETING_BYTES && ec_match_any(words, EC_PHRASES(greetings)) > 0);
        for (size_t i = 0; i < words.length && !polite; i++) {
            letters += starts_letter(words.data[i]);
        }
        at = line.next;
    }
    return letters;
}

// Whether a line outside the parts has one of the phrases.
static bool says_any(ec_span text, const ec_cuts *cuts, ec_phrases phrases) {
    for (size_t at = 0; (at = next_kept_line(text, cuts, at)) < text.length;) {
        const ec_line line = ec_line_at(text, at);
        if (ec_find_any(ec_line_text(text, &line), phrases)) {
            return true;
        }
        at = line.next;
    }
    return false;
}

static bool points_below(ec_span text, const ec_cuts *cuts) {
    return says_any(text, cuts, EC_PHRASES(pointers));
}

static bool reminds(ec_span text, const ec_cuts *cuts) {
    return says_any(text, cuts, EC_PHRASES(reminders));
}

// Whether the subject begins as that of a forwarded email.
static bool is_forward(const ec_email *email) {
    static const char *const prefixes[] = {"fw:", "fwd:", "wg:", "tr:", "rv:"};
    const ec_span subject = {email->subject, email->subject_length};
    const size_t blank = subject.length > 0 ? ec_match(subject, " ") : 0;
    return subject.length > 0 &&
           ec_match_any(ec_span_from(subject, blank), EC_PHRASES(prefixes)) > 0;
}

ec_verdict ec_judge_quotes(const ec_email *email, ec_span text, const ec_quotes *quotes,
                           const ec_cuts *parts) {
    if (quotes->quoted.count == 0) {
        return EC_QUOTES_KEEP;
    }
    const size_t letters = ec_count_letters(text, parts);
    if (quotes->forwarded || is_forward(email) || points_below(text, parts)) {
        return letters < COVER_LETTERS ? EC_QUOTES_UNWRAP : EC_QUOTES_KEEP;
    }
    const size_t enough = reminds(text, parts) ? REMINDER_LETTERS : REPLY_LETTERS;
    return letters < enough ? EC_QUOTES_UNWRAP : EC_QUOTES_LEAVE_OUT;
}
