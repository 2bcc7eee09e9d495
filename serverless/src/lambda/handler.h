// SPDX-License-Identifier: Apache-2.0
// What is done with one invocation: its event becomes emails, their answers become the reply.
#ifndef LAMBDA_HANDLER_H
#define LAMBDA_HANDLER_H

#include "lambda/runtime_api.h"
#include "server/config.h"
#include "server/log.h"

// One thread at a time.
typedef struct lambda_handler lambda_handler;

// Loads the model. Config and log are borrowed. NULL, said on stderr, without memory.
lambda_handler *handler_new(const server_config *config, log_writer *log);
void handler_free(lambda_handler *handler);

typedef struct lambda_reply {
    text_buffer body;        // JSON
    const char *error_type;  // the invocation failed; NULL: it did not. Static storage
    char error[200];         // why, for whoever invoked the function
} lambda_reply;

// Clears *reply and fills it. No text of an email gets into an error or the log.
void handler_reply(lambda_handler *handler, const invocation *call, lambda_reply *reply);

#endif
