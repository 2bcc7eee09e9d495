// SPDX-License-Identifier: Apache-2.0
// The API's description and the page that shows it, which are part of the program.
#ifndef SERVER_DOCUMENTS_H
#define SERVER_DOCUMENTS_H

#include "exchange.h"

// Answers the path of one of the documents.
enum MHD_Result documents_answer(exchange *x);

#endif
