// SPDX-License-Identifier: Apache-2.0
// An answer as a small report for people, on stdout.
#ifndef REPORT_H
#define REPORT_H

#include "cli.h"

typedef struct report_style {
    bool colour;
    bool blocks;  // the terminal's character set has block characters
} report_style;

// What this terminal can show.
report_style report_style_here(void);

// explanation may be NULL; with it the parts of the email that decided are shown, which are the
// only text of an email that is printed.
void report_print(report_style style, const ec_answer *answer, const ec_explanation *explanation,
                  const ec_email *email, const ec_model_info *info, double milliseconds);

// "97.3 %", in out, which is returned.
const char *report_percent(char out[16], float part);

#endif
