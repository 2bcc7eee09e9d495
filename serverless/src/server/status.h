// SPDX-License-Identifier: Apache-2.0
// GET /health, /live, /ready, /metrics and /model-info.
#ifndef SERVER_STATUS_H
#define SERVER_STATUS_H

#include "exchange.h"

// healthy; degraded when the rules answer in place of the model, or memory or disk run out;
// unhealthy (503) while the server is ending.
enum MHD_Result status_health(exchange *x);
// 200 as long as the process answers.
enum MHD_Result status_live(exchange *x);
// 200 when the model answers, else 503.
enum MHD_Result status_ready(exchange *x);
enum MHD_Result status_metrics(exchange *x);
enum MHD_Result status_model_info(exchange *x);

#endif
