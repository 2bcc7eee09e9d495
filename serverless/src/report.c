// SPDX-License-Identifier: Apache-2.0
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BAR_WIDTH = 30, QUOTE_WIDTH = 60 };

static bool shows_blocks(void) {
    const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < 3; i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && *value != '\0') {
            return strstr(value, "UTF-8") != NULL || strstr(value, "utf8") != NULL;
        }
    }
    return false;
}

report_style report_style_here(void) {
    return (report_style){.colour = cli_has_colour(), .blocks = shows_blocks()};
}

const char *report_percent(char out[16], float part) {
    snprintf(out, 16, "%.1f %%", (double)part * 100.0);
    return out;
}

static void print_score(report_style style, const char *label, float score, bool chosen) {
    char number[16];
    printf("  %-16s %8s  ", label, report_percent(number, score));
    const int length = (int)(score * (float)BAR_WIDTH + 0.5f);
    fputs(style.colour && chosen ? "\033[36m" : "", stdout);
    for (int i = 0; i < length; i++) {
        fputs(style.blocks ? "\xe2\x96\x88" : "#", stdout);
    }
    puts(style.colour && chosen ? "\033[0m" : "");
}

// The beginning of a part, on one line: white space as one blank, no control characters, cut
// between characters.
static void print_quote(text quote) {
    size_t at = 0;
    int width = 0;
    bool blank = false;
    for (; at < quote.length && (width < QUOTE_WIDTH || (quote.data[at] & 0xC0) == 0x80); at++) {
        const unsigned char c = (unsigned char)quote.data[at];
        const bool space = c <= ' ' || c == 0x7F;
        if (space && blank) {
            continue;
        }
        putchar(space ? ' ' : c);
        width += (c & 0xC0) != 0x80;
        blank = space;
    }
    fputs(at < quote.length ? "...\n" : "\n", stdout);
}

static void print_sentence(const ec_answer *answer, const ec_sentence *sentence,
                           const ec_email *email, const ec_model_info *info) {
    const char *field = sentence->in_subject ? email->subject : email->message;
    const int percent = (int)lroundf(100.0f * sentence->weight);
    printf("  %+4d %%  ", percent);
    print_quote((text){field + sentence->start, sentence->length});
    if (sentence->class_id_without != answer->class_id) {
        char number[16];
        printf("          without this it would be %s (%s)\n",
               info->labels[sentence->class_id_without],
               report_percent(number, sentence->confidence_without));
    }
}

static void print_left_out(const ec_explanation *explanation, const ec_email *email) {
    if (explanation->left_out_count > 0) {
        puts("not read");
    }
    for (uint32_t i = 0; i < explanation->left_out_count; i++) {
        const ec_left_out *part = &explanation->left_out[i];
        printf("  %-12s", ec_left_out_name(part->kind));
        print_quote((text){email->message + part->start, part->length});
    }
}

static void print_explanation(const ec_answer *answer, const ec_explanation *explanation,
                              const ec_email *email, const ec_model_info *info) {
    char number[16];
    if (explanation->sentence_count == 0) {
        puts("no explanation: the model did not answer");
        print_left_out(explanation, email);
        return;
    }
    printf("runner-up     %s (%s)\n", info->labels[explanation->runner_up],
           report_percent(number, explanation->runner_up_confidence));
    puts("what each part adds");
    for (uint32_t i = 0; i < explanation->sentence_count; i++) {
        print_sentence(answer, &explanation->sentences[i], email, info);
    }
    print_left_out(explanation, email);
}

void report_print(report_style style, const ec_answer *answer, const ec_explanation *explanation,
                  const ec_email *email, const ec_model_info *info, double milliseconds) {
    char number[16];
    printf("label         %s%s%s\n", style.colour ? "\033[1m" : "", answer->label,
           style.colour ? "\033[0m" : "");
    printf("confidence    %s\n", report_percent(number, answer->confidence));
    printf("source        %s\n", ec_source_name(answer->source));
    printf("needs review  %s\n", answer->needs_review ? "yes" : "no");
    printf("tokens        %u\n", answer->tokens);
    printf("time          %.1f ms\n", milliseconds);
    puts("scores");
    for (uint32_t i = 0; i < answer->score_count; i++) {
        print_score(style, info->labels[i], answer->scores[i], i == answer->class_id);
    }
    if (explanation != NULL) {
        print_explanation(answer, explanation, email, info);
    }
}
