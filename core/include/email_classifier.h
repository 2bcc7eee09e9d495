// SPDX-License-Identifier: Apache-2.0
//
// email_classifier.h: sorts an email to a car insurer into one label of a BERT model.
//
//     bytes of a bundle --> ec_model      immutable, shared by threads
//                             |
//     email --> ec_classify --+--> ec_answer --> ec_format_answer --> JSON
//                 |     |
//             ec_cache ec_breaker         shared by classifiers, optional
//
// The library does no I/O, reads no clock, environment or locale, starts no thread and prints
// nothing: files, time, locks and thread pools are handed in by the host.
//
// Conventions. Text is UTF-8, given as pointer and length, and need not end in NUL. A pointer
// passed in is borrowed for the call only, unless its comment says longer. Every _free accepts
// NULL. Options structs begin with their own size; all other fields zero means the defaults, and
// a NULL options pointer means all defaults. A function that returns ec_status leaves its outputs
// untouched on failure, and fills *error unless error is NULL.
#ifndef EMAIL_CLASSIFIER_H
#define EMAIL_CLASSIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EC_VERSION "1.0.0"

enum {
    EC_MAX_LABELS = 256,   // labels a model may have
    EC_MAX_BATCH = 64,     // emails in one ec_classify_batch call
    EC_SUBJECT_MAX = 200,  // characters (code points) of a subject after trimming; least 1
    EC_MESSAGE_MIN = 10,   // characters of a message after trimming
    EC_MESSAGE_MAX = 5000,
    EC_CACHE_DEFAULT = 1000,         // entries
    EC_BREAKER_FAILURES = 5,         // failures in a row that open the breaker
    EC_BREAKER_RECOVERY_MS = 60000,  // how long it stays open before one trial
    EC_MAX_SENTENCES = 11,           // parts of an email that an explanation leaves out
    EC_MAX_LEFT_OUT = 32             // parts of a message that cleaning leaves out
};

// ---------------------------------------------------------------------------- errors

typedef enum ec_status {
    EC_OK = 0,
    EC_ERROR_ARGUMENT,     // the caller broke a rule of this header
    EC_ERROR_NO_MEMORY,    // an allocation failed
    EC_ERROR_UTF8,         // text is not valid UTF-8; offset is the first bad byte
    EC_ERROR_TOO_SHORT,    // text has too few characters after trimming
    EC_ERROR_TOO_LONG,     // text has too many characters after trimming
    EC_ERROR_CHARACTER,    // text holds a character the policy forbids; offset is its first byte
    EC_ERROR_BUNDLE,       // the model bundle, or a file to convert, is malformed
    EC_ERROR_DIGEST,       // the bundle's bytes do not match its SHA-256
    EC_ERROR_UNSUPPORTED,  // well-formed, but not a network this library can run
    EC_ERROR_INFERENCE     // the forward pass failed or gave numbers that are not finite
} ec_status;

// What went wrong, in the caller's memory. Never holds any text of an email.
typedef struct ec_error {
    ec_status status;
    const char *field;  // "subject", "message", a tensor's or key's role; static storage, not NULL
    size_t offset;      // byte offset in the field or file, 0 where it has no meaning
    char message[160];  // one plain sentence, NUL-terminated, for people
} ec_error;

// Stable lower-case name of a status for JSON and logs ("too_short"). Any thread.
const char *ec_status_name(ec_status status);

// ---------------------------------------------------------------------------- model

// A loaded model. Immutable: any number of threads may use it at once.
typedef struct ec_model ec_model;

// Facts about a model; strings live as long as the model.
typedef struct ec_model_info {
    const char *name;
    const char *version;
    const char *digest;         // SHA-256 of tensors and metadata (FORMAT.md), 64 hex digits
    const char *metadata;       // evaluation, training data and the like: one JSON object
    const char *const *labels;  // [label_count], index is the class_id
    uint32_t label_count;
    uint32_t default_class_id;  // answered when neither the model nor a rule can tell
    uint32_t hidden_size;
    uint32_t intermediate_size;
    uint32_t layer_count;
    uint32_t attention_heads;
    uint32_t vocabulary_size;
    uint32_t max_tokens;     // longest window the network reads in one pass
    float temperature;       // logits are divided by it before the softmax
    float review_threshold;  // an answer less confident than this needs a person
    size_t packed_bytes;     // memory the packed weights take, beside the image
} ec_model_info;

// Loads a bundle (models/FORMAT.md) from image[0..size), checking every offset, length, shape and
// the SHA-256 before use, and packs the weights once for this processor.
// The image is borrowed until ec_model_free and must not change meanwhile; it may be a read-only
// file mapping and needs no alignment. *model is the caller's to free.
// Errors: ARGUMENT, NO_MEMORY, BUNDLE, DIGEST, UNSUPPORTED.
// Threads: one load or conversion at a time, as the JSON library remembers its last error globally.
ec_status ec_model_load(const void *image, size_t size, ec_model **model, ec_error *error);

// Frees the model; no classifier made from it may be in use any more.
void ec_model_free(ec_model *model);

// Facts about the model; never NULL, lives as long as the model. With NULL: the built-in labels
// and thresholds that a classifier without a model answers with.
const ec_model_info *ec_model_get_info(const ec_model *model);

// ---------------------------------------------------------------------------- email, answer

typedef struct ec_email {
    const char *subject;
    size_t subject_length;  // bytes
    const char *message;
    size_t message_length;  // bytes
} ec_email;

typedef enum ec_source {
    EC_SOURCE_MODEL = 0,
    EC_SOURCE_CACHE,
    EC_SOURCE_RULES,   // the model could not answer; a key-word rule did
    EC_SOURCE_DEFAULT  // neither could; class default_class_id with confidence 0
} ec_source;

// Stable lower-case name of a source for JSON and metrics ("model"). Any thread.
const char *ec_source_name(ec_source source);

typedef struct ec_answer {
    const char *label;  // belongs to the model (static without one)
    uint32_t class_id;
    float confidence;  // calibrated probability of the label, 0 to 1
    ec_source source;
    bool fallback_used;  // rules or default, or a cached answer given while the breaker is open
    bool needs_review;   // confidence below the threshold
    bool truncated;      // always false for permitted emails: long ones are read in windows
    uint32_t tokens;     // tokens the network read, special ones included; 0 without the network
    uint32_t windows;    // passes over parts of the email; 1 for most
    uint32_t score_count;
    float scores[EC_MAX_LABELS];  // [score_count], sums to 1 (all 0 for the default answer)
} ec_answer;

// Writes the answer as one line of JSON (no line end) into out[0..capacity), NUL-terminated when
// capacity > 0, cut off if it does not fit. Returns the length it has in full, without the NUL.
// processing_time_ms is the host's measurement; negative leaves the member out. Any thread.
size_t ec_format_answer(const ec_answer *answer, const ec_model *model, double processing_time_ms,
                        char *out, size_t capacity);

// ---------------------------------------------------------------------------- cleaning

typedef enum ec_left_out_kind {
    EC_LEFT_OUT_QUOTED = 0,  // earlier mail, quoted or forwarded, and the lines that introduce it
    EC_LEFT_OUT_SIGNATURE,   // the block of addresses at the end, "Sent from my iPhone"
    EC_LEFT_OUT_DISCLAIMER,
    EC_LEFT_OUT_BANNER,  // warning of a mail gateway: "CAUTION: This email originated from outside"
    EC_LEFT_OUT_HEADER   // lines that introduce quoted mail which itself stays
} ec_left_out_kind;

// Stable lower-case name of a kind for JSON ("quoted"). Any thread.
const char *ec_left_out_name(ec_left_out_kind kind);

// A part of a message, in whole lines without the white space at its ends.
typedef struct ec_left_out {
    ec_left_out_kind kind;
    size_t start;   // byte offset in the message as it was given
    size_t length;  // bytes
} ec_left_out;

// What the model reads of a message. About 60 KB: not for the stack of a small thread.
typedef struct ec_cleaned {
    size_t length;  // bytes of text
    bool is_html;   // the message was HTML, and text is what a reader would see of it
    uint32_t left_out_count;
    ec_left_out left_out[EC_MAX_LEFT_OUT];  // [left_out_count], in the order of the message
    char text[4 * EC_MESSAGE_MAX];          // [length], not NUL-terminated
    uint16_t origins[4 * EC_MESSAGE_MAX];   // [length]: text[i] comes from message[origins[i]]
} ec_cleaned;

// Finds the text of the email's message that the model should read: without quoted mail,
// signatures, disclaimers and banners, and without the markup of HTML. Quoted mail stays when the
// new text says too little without it, as a covering note or a reminder does; then only its header
// lines and the ">" before its lines go. In doubt a part stays as it is, and everything stays when
// next to nothing would be left. Every classification does this by itself. The email need not be
// permitted, but its message has at most 4 * EC_MESSAGE_MAX bytes. Linear in time, allocates
// nothing. Errors: ARGUMENT. Any thread.
ec_status ec_clean(const ec_email *email, ec_cleaned *cleaned, ec_error *error);

// Writes the text of html[0..length) into text[0..length) and returns its bytes, never more than
// the HTML has: no tags, comments, scripts, styles and titles; character references decoded; white
// space, no-break spaces included, collapsed to one blank. A block element or <br> is a line end, a
// paragraph or two <br> an empty line, a table cell a blank; lines of a <blockquote> begin with
// ">". Malformed HTML loses at most what a browser would hide. Any thread.
size_t ec_html_to_text(const char *html, size_t length, char *text);

// ---------------------------------------------------------------------------- cache, breaker

// Least-recently-used answers. Keeps SHA-256 keys of the normalized email and the model's digest,
// never the text. One thread at a time (see ec_shared).
typedef struct ec_cache ec_cache;

typedef struct ec_cache_stats {
    size_t entries, capacity;
    uint64_t hits, misses;
} ec_cache_stats;

// Makes a cache of `capacity` entries (0: EC_CACHE_DEFAULT) for models of up to `label_count`
// labels; allocates everything at once. Errors: ARGUMENT, NO_MEMORY.
ec_status ec_cache_new(size_t capacity, uint32_t label_count, ec_cache **cache, ec_error *error);
void ec_cache_free(ec_cache *cache);
void ec_cache_clear(ec_cache *cache);  // forgets the answers; hits and misses count on
ec_cache_stats ec_cache_get_stats(const ec_cache *cache);

typedef enum ec_breaker_state {
    EC_BREAKER_CLOSED = 0,  // the model is asked
    EC_BREAKER_OPEN,        // the model is left alone until the recovery time is over
    EC_BREAKER_HALF_OPEN    // one trial is under way
} ec_breaker_state;

// Circuit breaker. A plain value: copy it, put it anywhere. One thread at a time (see ec_shared).
typedef struct ec_breaker {
    uint32_t failure_threshold;
    uint64_t recovery_ms;
    ec_breaker_state state;
    uint32_t failures;  // in a row
    uint64_t opened_at_ms;
    uint64_t times_opened;
} ec_breaker;

// Zero for either limit means its default.
void ec_breaker_init(ec_breaker *breaker, uint32_t failure_threshold, uint64_t recovery_ms);
// Whether the model may be asked at now_ms; moves open to half-open once the time has come, and
// then lets exactly one trial through. A caller that got true reports how it went.
bool ec_breaker_allow(ec_breaker *breaker, uint64_t now_ms);
void ec_breaker_success(ec_breaker *breaker);
void ec_breaker_failure(ec_breaker *breaker, uint64_t now_ms);
// Stable lower-case name ("half_open"). Any thread.
const char *ec_breaker_state_name(ec_breaker_state state);

// What several classifiers share. Lock and unlock are called around each use of cache and breaker
// (never during a forward pass); both NULL when only one thread classifies.
typedef struct ec_shared {
    ec_cache *cache;      // NULL: no cache
    ec_breaker *breaker;  // NULL: the model is always asked
    void (*lock)(void *context);
    void (*unlock)(void *context);
    void *context;
} ec_shared;

// ---------------------------------------------------------------------------- classifier

typedef enum ec_policy {
    EC_POLICY_TEXT = 0,  // printable characters of any script, tab and line ends
    EC_POLICY_STRICT     // besides, a subject only of [a-zA-Z0-9 \-_.,!?] and white space
} ec_policy;

// Owns the scratch memory of the forward pass. One thread at a time.
typedef struct ec_classifier ec_classifier;

typedef struct ec_classifier_options {
    size_t struct_size;  // sizeof(ec_classifier_options)
    ec_policy policy;
    float review_threshold;     // 0: the model's; negative: never review
    uint32_t max_batch_tokens;  // tokens of one forward pass over several emails; 0: max_tokens
    bool whole_messages;        // read messages as they came, without ec_clean
    void *threadpool;           // a pthreadpool_t, borrowed; NULL: the calling thread does it all
    const ec_shared *shared;    // copied; what it points to is borrowed; NULL: nothing shared
    // Called when the network begins and ends a pass, so that a host can time it apart from reading
    // the text; NULL: not called.
    void (*on_pass)(void *context, bool begins);
    void *on_pass_context;
} ec_classifier_options;

// Makes a classifier. The model is borrowed until ec_classifier_free; NULL gives one that answers
// from the built-in rules. All memory is allocated here: classifying allocates nothing.
// Errors: ARGUMENT, NO_MEMORY, UNSUPPORTED.
ec_status ec_classifier_new(const ec_model *model, const ec_classifier_options *options,
                            ec_classifier **classifier, ec_error *error);
void ec_classifier_free(ec_classifier *classifier);

// Classifies one email: validate, cache, clean, model, rules, default. A model that fails is no
// error: the answer then says fallback_used. now_ms is any clock that never runs backwards. Errors:
// ARGUMENT, UTF8, TOO_SHORT, TOO_LONG, CHARACTER, with field "subject" or "message".
ec_status ec_classify(ec_classifier *classifier, const ec_email *email, uint64_t now_ms,
                      ec_answer *answer, ec_error *error);

// Classifies count (1 to EC_MAX_BATCH) emails, several in one forward pass where they fit in
// max_batch_tokens. statuses[i] says whether answers[i] is set or errors[i] tells why not (errors
// may be NULL). Fails as a whole only with ARGUMENT.
ec_status ec_classify_batch(ec_classifier *classifier, const ec_email *emails, size_t count,
                            uint64_t now_ms, ec_answer *answers, ec_status *statuses,
                            ec_error *errors);

// One part of an email, and the answer without it: the subject, a sentence, or several short
// sentences together.
typedef struct ec_sentence {
    bool in_subject;  // else in the message
    size_t start;     // byte offset in that text as it was given
    size_t length;    // bytes
    float weight;     // by how much the answer's label is less probable without it; may be negative
    uint32_t class_id_without;  // the label without it; another one than the answer's: it decided
    float confidence_without;
} ec_sentence;

typedef struct ec_explanation {
    uint32_t runner_up;  // class_id of the next likely label; the answer's own when there is none
    float runner_up_confidence;
    uint32_t sentence_count;                  // 0 when the network did not answer
    ec_sentence sentences[EC_MAX_SENTENCES];  // [sentence_count], in the order of the email
    uint32_t left_out_count;
    ec_left_out left_out[EC_MAX_LEFT_OUT];  // [left_out_count], what cleaning left out
} ec_explanation;

// Classifies as ec_classify does, then says which parts of the email decided: the network reads it
// again without each part in turn, in one batch. The subject is one part, the sentences of the
// cleaned message are the others, where several together may have what was left out between them.
// Costs up to EC_MAX_SENTENCES more forward passes; allocates nothing.
// Errors: as ec_classify.
ec_status ec_explain(ec_classifier *classifier, const ec_email *email, uint64_t now_ms,
                     ec_answer *answer, ec_explanation *explanation, ec_error *error);

// As ec_format_answer, with the explanation as one more member, "explanation". Any thread.
size_t ec_format_explained(const ec_answer *answer, const ec_explanation *explanation,
                           const ec_model *model, double processing_time_ms, char *out,
                           size_t capacity);

// Whether the email would be accepted; the same checks and errors as ec_classify. Any thread.
ec_status ec_validate(const ec_email *email, ec_policy policy, ec_error *error);

// ---------------------------------------------------------------------------- tools

// Token ids of the email as [CLS] subject [SEP] message [SEP], not cut to max_tokens, into
// ids[0..capacity). Returns how many there are in all. The email need not be permitted; bytes
// that are not UTF-8 count as U+FFFD. Any thread.
size_t ec_model_tokenize(const ec_model *model, const ec_email *email, uint32_t *ids,
                         size_t capacity);

// The piece with this id, length in *length; NULL when there is none. Belongs to the model.
const char *ec_model_piece(const ec_model *model, uint32_t id, size_t *length);

// Logits [label_count] of one sequence of token ids with its token types (0 or 1), 1 to max_tokens
// of each: the bare network, for parity tests and benchmarks. Errors: ARGUMENT, INFERENCE.
ec_status ec_classifier_logits(ec_classifier *classifier, const uint32_t *ids,
                               const uint8_t *token_type_ids, size_t count, float *logits,
                               ec_error *error);

// The files of a Hugging Face BertForSequenceClassification directory, all borrowed.
typedef struct ec_convert_input {
    size_t struct_size;  // sizeof(ec_convert_input)
    const char *config;  // config.json
    size_t config_length;
    const char *vocabulary;  // vocab.txt; may be NULL when tokenizer is given
    size_t vocabulary_length;
    const char *tokenizer;  // tokenizer.json; may be NULL when vocabulary is given
    size_t tokenizer_length;
    const char *tokenizer_config;  // tokenizer_config.json: cased or uncased; may be NULL
    size_t tokenizer_config_length;
    const void *weights;  // model.safetensors: F32, F16 or BF16
    size_t weights_length;
    const char *settings;  // email_classifier.json: version, rules, calibration ...; may be NULL
    size_t settings_length;
} ec_convert_input;

// Quantizes a float model to int8 and writes the bundle into out[0..capacity); *size receives the
// size it has in full, and nothing is written when capacity is smaller (ask with 0 first).
// Errors: ARGUMENT, NO_MEMORY, BUNDLE, UNSUPPORTED. Threads: as ec_model_load.
ec_status ec_convert(const ec_convert_input *input, void *out, size_t capacity, size_t *size,
                     ec_error *error);

#ifdef __cplusplus
}
#endif
#endif
