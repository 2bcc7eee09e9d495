// SPDX-License-Identifier: Apache-2.0
// POST /classify and /classify-batch.
#ifndef SERVER_CLASSIFICATION_H
#define SERVER_CLASSIFICATION_H

#include "exchange.h"

enum MHD_Result classify_single(exchange *x);
enum MHD_Result classify_batch(exchange *x);

typedef struct classification classification;
void classification_free(classification *c);

#endif
