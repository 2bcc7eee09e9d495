// SPDX-License-Identifier: Apache-2.0
// GET of the web page and its files.
#ifndef SERVER_PAGE_H
#define SERVER_PAGE_H

#include "exchange.h"

// "/" without a page to show gets a line of text.
enum MHD_Result page_answer(exchange *x);

#endif
