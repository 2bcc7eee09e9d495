// SPDX-License-Identifier: Apache-2.0
// lambda: AWS Lambda's custom runtime.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "commands.h"
#include "lambda/handler.h"
#include "options.h"

const char *const help_lambda =
    "usage: email-classifier lambda [OPTION...]\n"
    "\n"
    "Runs as a custom runtime of AWS Lambda: takes invocations from the Runtime API at\n"
    "AWS_LAMBDA_RUNTIME_API, which Lambda sets, until it is told to end. A program called\n"
    "'bootstrap' in the function's zip, started without a command, does this by itself.\n"
    "\n"
    "Understands API Gateway (REST and HTTP), Function URLs, load balancers: POST /classify and\n"
    "/classify-batch, GET /health; SQS, one email as JSON a message; and a bare email,\n"
    "{\"subject\": \"...\", \"message\": \"...\"}, or a batch of them.\n"
    "\n"
    "Settings, each a variable or an option, as of 'email-classifier serve --help': MODEL_PATH,\n"
    "POLICY, CACHE_SIZE, LOG_LEVEL, JWT_SECRET or JWT_SECRET_FILE, JWT_ISSUER, JWT_AUDIENCE,\n"
    "ALLOWED_ORIGINS, BREAKER_FAILURE_THRESHOLD, BREAKER_RECOVERY_SECONDS. Tokens are asked of\n"
    "requests over HTTP only: who may invoke the function itself is for IAM to say.\n"
    "\n"
    "When too little time is left before the function's deadline, the rules answer in place of\n"
    "the model; messages of SQS come back later.\n"
    "\n"
    "example of a function's zip:\n"
    "  cp \"$(command -v email-classifier)\" bootstrap\n"
    "  zip function.zip bootstrap email-classifier.ecm\n";

// A descriptor that becomes readable when the process is told to end; -1 without one, and then the
// signals end it at once.
static int watch_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    const int fd = signalfd(-1, &set, SFD_CLOEXEC);
    if (fd >= 0) {
        sigprocmask(SIG_BLOCK, &set, NULL);
    }
    return fd;
}

// One invocation after the other, until the end.
static int serve(http_client *client, lambda_handler *handler) {
    enum { KEPT_BYTES = 1 << 20 };  // of a buffer that one large event has stretched
    lambda_reply reply = {0};
    invocation call;
    runtime_result result;
    while ((result = runtime_next(client, &call)) == RUNTIME_OK) {
        handler_reply(handler, &call, &reply);
        result = reply.error_type != NULL
                     ? runtime_fail(client, call.id, reply.error_type, reply.error)
                     : runtime_respond(client, call.id, (text){reply.body.data, reply.body.length});
        if (result != RUNTIME_OK) {
            break;
        }
        if (client->body.capacity > KEPT_BYTES) {
            buffer_free(&client->body);
        }
    }
    buffer_free(&reply.body);
    return result == RUNTIME_STOPPED ? CLI_OK : CLI_FAILED;
}

static int start(http_client *client, const server_config *config) {
    log_writer *log = log_new_direct(config->log_level);
    lambda_handler *handler = log != NULL ? handler_new(config, log) : NULL;
    int code = CLI_FAILED;
    if (handler != NULL) {
        code = serve(client, handler);
    } else {
        runtime_fail_init(client, "Runtime.NoMemory", "There is no memory to start.");
    }
    handler_free(handler);
    log_free(log);
    return code;
}

int command_lambda(int argc, char **argv) {
    const char *endpoint = getenv("AWS_LAMBDA_RUNTIME_API");
    if (endpoint == NULL || *endpoint == '\0') {
        cli_error("AWS_LAMBDA_RUNTIME_API is not set; this command is for AWS Lambda");
        return options_usage("lambda");
    }
    http_client *client = calloc(1, sizeof *client);
    server_config *config = calloc(1, sizeof *config);
    const int signals = watch_signals();
    int code = CLI_FAILED;
    if (client == NULL || config == NULL) {
        cli_error("no memory");
    } else if (!http_client_init(client, endpoint, signals)) {
        cli_error("AWS_LAMBDA_RUNTIME_API: expected ADDRESS:PORT");
    } else if (!config_read(config, argc, argv)) {
        runtime_fail_init(client, "Runtime.InvalidConfiguration",
                          "The configuration is wrong; the function's log says where.");
    } else {
        code = start(client, config);
    }
    if (client != NULL) {
        http_client_free(client);
    }
    free(client);
    free(config);
    if (signals >= 0) {
        close(signals);
    }
    return code;
}
