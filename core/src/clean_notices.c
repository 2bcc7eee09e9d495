// SPDX-License-Identifier: Apache-2.0
// What machines and habits add to a message: banners, disclaimers, signatures. Each is recognized
// by how it begins and by what else it says; what does not fit stays.
#include "clean_parts.h"

enum {
    NOTICE_SENTENCE_BYTES = 700,  // a longer one is no notice
    FULL_LINE = 60,               // bytes; a shorter line was not wrapped, and ends its sentence
    NUMBER_DIGITS = 5,            // of a sentence that says no more than a number, which has fewer
    NUMBER_LETTERS = 12,          // letters than these
    DEVICE_LINE_BYTES = 100
};

// ------------------------------------------------------------- banners and disclaimers

// A kind of notice. Its first sentence begins with an opener, and this one and each that follows
// says one of the phrases.
typedef struct notice {
    ec_left_out_kind kind;
    ec_phrases openers, phrases;
} notice;

static const char *const banner_openers[] = {
    "caution",
    "[caution",
    "external",
    "[external",
    "warning",
    "[warning",
    "attention",
    "this email originated",
    "this e-mail originated",
    "this message originated",
    "this email was sent from outside",
    "this message was sent from outside",
    "this message is from an external",
    "this email is from an external",
    "you don't often get",
    "achtung",
    "vorsicht",
    "some people who received this message don't often get",
};
static const char *const banner_phrases[] = {
    "external email",
    "external e-mail",
    "external mail",
    "external message",
    "external sender",
    "external source",
    "[external]",
    "originated from outside",
    "originated outside",
    "outside of the organization",
    "outside of the organisation",
    "outside the organization",
    "outside the organisation",
    "outside of your organization",
    "outside of your organisation",
    "outside your organization",
    "outside your organisation",
    "outside of our organization",
    "outside of our organisation",
    "outside our organization",
    "outside our organisation",
    "do not click",
    "don't click",
    "do not open attachments",
    "recognize the sender",
    "recognise the sender",
    "trust the sender",
    "often get email from",
    "learn why this is important",
    "know the content is safe",
    "externe e-mail",
    "externer absender",
    "externen absender",
};
static const char *const disclaimer_openers[] = {
    "this email",
    "this e-mail",
    "this message",
    "this communication",
    "this transmission",
    "the information in this",
    "the information contained in",
    "the contents of this",
    "the content of this",
    "the information transmitted",
    "confidentiality notice",
    "disclaimer",
    "if you are not the intended",
    "if you have received this",
    "if you received this",
    "important notice:",
    "privileged and confidential",
    "please consider the environment",
    "think before you print",
    "diese e-mail",
    "diese nachricht",
    "ce message",
    "ce courriel",
    "este mensaje",
    "este correo",
};
static const char *const disclaimer_phrases[] = {
    "intended recipient",
    "intended recipients",
    "intended addressee",
    "intended solely",
    "intended only",
    "solely for the use",
    "solely for the addressee",
    "only for the use of",
    "received this email in error",
    "received this e-mail in error",
    "received this message in error",
    "received this communication in error",
    "received it in error",
    "any attachments",
    "any attachment",
    "legally privileged",
    "is confidential",
    "are confidential",
    "be confidential",
    "confidential information",
    "confidentiality notice",
    "private and confidential",
    "strictly prohibited",
    "is prohibited",
    "unauthorised use",
    "unauthorized use",
    "unauthorised disclosure",
    "unauthorized disclosure",
    "dissemination",
    "virus",
    "viruses",
    "notify the sender",
    "inform the sender",
    "delete this email",
    "delete this e-mail",
    "delete this message",
    "views or opinions",
    "views expressed",
    "opinions expressed",
    "accepts no liability",
    "accept no liability",
    "accept liability",
    "registered in england",
    "registered office",
    "registered number",
    "company number",
    "authorised and regulated by",
    "before printing",
    "before you print",
    "vertrauliche informationen",
    "nicht der richtige adressat",
    "confidentiel",
    "confidentielles",
    "destinataire",
    "confidencial",
    "destinatario",
};

// The end of the sentence at `at`, in the line that starts at line_start: behind a full stop or the
// like, or the end of its line unless that is a full one, or of its paragraph. 0: it is too long.
static size_t sentence_end(ec_span text, size_t line_start, size_t at) {
    ec_line line = ec_line_at(text, at);
    line.start = line_start;
    for (size_t i = at; line.end - at <= NOTICE_SENTENCE_BYTES; i = line.start) {
        for (; i < line.end; i++) {
            const char c = text.data[i];
            const bool stop = c == '.' || c == '!' || c == '?' || c == ']';
            if (stop && (i + 1 == line.end || text.data[i + 1] == ' ')) {
                return i + 1;
            }
        }
        const ec_line next = line.next < text.length ? ec_line_at(text, line.next) : line;
        const bool last =
            line.next >= text.length || ec_line_is_blank(&next) || text.data[next.start] == '>';
        if (last || line.end - line.start < FULL_LINE) {
            return line.end;
        }
        line = next;
    }
    return 0;
}

// Whether a sentence is hardly more than a number, such as that of a company.
static bool is_number(ec_span sentence) {
    size_t letters = 0;
    size_t digits = 0;
    for (size_t i = 0; i < sentence.length; i++) {
        letters += ec_is_letter(sentence.data[i]);
        digits += ec_is_digit(sentence.data[i]);
    }
    return digits >= NUMBER_DIGITS && letters < NUMBER_LETTERS;
}

// The end of the whole lines of the notice that begins with the line at `start`; 0 when there is
// none.
static size_t notice_end(ec_span text, size_t start, const notice *n) {
    ec_line line = ec_line_at(text, start);
    size_t end = 0;
    if (ec_match_any(ec_line_text(text, &line), n->openers) == 0) {
        return 0;
    }
    for (size_t at = line.start; !ec_line_is_blank(&line);) {
        const size_t stop = sentence_end(text, line.start, at);
        const ec_span sentence = {text.data + at, stop > at ? stop - at : 0};
        if (!ec_find_any(sentence, n->phrases) &&
            (at == line.start || n->kind != EC_LEFT_OUT_DISCLAIMER || !is_number(sentence))) {
            break;
        }
        while (stop > line.next) {
            line = ec_line_at(text, line.next);
        }
        at = stop;
        if (at == line.end) {
            end = line.next;
            if (end == text.length) {
                break;
            }
            line = ec_line_at(text, end);
            at = line.start;
        }
    }
    return end;
}

// ------------------------------------------------------------- "Sent from my iPhone"

static const char *const device_openers[] = {
    "sent from my", "sent from",    "sent via",        "get",
    "von meinem",   "gesendet von", u8"envoyé de mon", "enviado desde mi",
};
static const char *const device_words[] = {
    "iphone", "ipad",       "mobile",   "phone",  "android", "samsung", "galaxy", "smartphone",
    "huawei", "blackberry", "nokia",    "tablet", "pixel",   "xiaomi",  "device", "windows",
    "apple",  "cell",       "outlook",  "yahoo",  "mail",    "email",   "for",    "ios",
    "my",     "meinem",     "gesendet", "mon",    "mi",      "on",      "app",    "wireless",
    "gmail",  "aol",        "proton",   "the",    "all",     "new",
};

// Whether every word of the text is one that such lines have, or an address.
static bool has_device_words_only(ec_span text) {
    size_t named = 0;
    for (size_t at = 0; at < text.length;) {
        at += ec_match(ec_span_from(text, at), " ");
        size_t end = at;
        while (end < text.length && text.data[end] != ' ' && text.data[end] != '\n') {
            end++;
        }
        const size_t stop = end > at && (text.data[end - 1] == '.' || text.data[end - 1] == ',');
        const ec_span word = {text.data + at, end - at - stop};
        const bool address = word.length > 0 && word.data[0] == '<';
        const size_t known = ec_match_any(word, EC_PHRASES(device_words));
        const bool goes_on = known < word.length && word.data[known] == '<';
        if (word.length > 0 && !address && known != word.length && !(known > 0 && goes_on)) {
            return false;
        }
        named += known > 0;
        at = end;
    }
    return named > 0;
}

static bool is_device_line(ec_span words) {
    const size_t opener = ec_match_any(words, EC_PHRASES(device_openers));
    return opener > 0 && words.length <= DEVICE_LINE_BYTES &&
           has_device_words_only(ec_span_from(words, opener));
}

// ------------------------------------------------------------- notices

// The end of the part of this kind that begins with the line at `at`; 0: none does.
typedef size_t find_end(ec_span text, size_t at, const notice *n);

static size_t device_end(ec_span text, size_t at, const notice *n) {
    (void)n;
    const ec_line line = ec_line_at(text, at);
    return is_device_line(ec_line_text(text, &line)) ? line.next : 0;
}

// Adds the parts of one kind. Each ends, at the latest, where the next of those there are begins.
static void find_kind(ec_span text, const notice *n, find_end *end_of, ec_cuts *cuts) {
    for (size_t at = 0; at < text.length;) {
        size_t end = ec_cuts_end(cuts, at);
        if (end == 0) {
            end = end_of((ec_span){text.data, ec_cuts_next(cuts, at, text.length)}, at, n);
            if (end > 0) {
                ec_cuts_add(cuts, n->kind, at, end);
            }
        }
        at = end > 0 ? end : ec_line_at(text, at).next;
    }
}

void ec_find_notices(ec_span text, ec_cuts *cuts) {
    const notice devices = {EC_LEFT_OUT_SIGNATURE, {NULL, 0}, {NULL, 0}};
    const notice banners = {EC_LEFT_OUT_BANNER, EC_PHRASES(banner_openers),
                            EC_PHRASES(banner_phrases)};
    const notice disclaimers = {EC_LEFT_OUT_DISCLAIMER, EC_PHRASES(disclaimer_openers),
                                EC_PHRASES(disclaimer_phrases)};
    find_kind(text, &devices, device_end, cuts);
    find_kind(text, &banners, notice_end, cuts);
    find_kind(text, &disclaimers, notice_end, cuts);
}
