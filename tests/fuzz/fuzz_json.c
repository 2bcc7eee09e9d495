// SPDX-License-Identifier: Apache-2.0
// The strict JSON reader: what it accepts must come out of cJSON's printer as something that it
// accepts too, and that means the same.
#include "fuzz.h"
#include "strict_json.h"

static void step_through(const char *json, size_t size, const cJSON *object) {
    size_t position = 0;
    size_t value = 0;
    size_t length = 0;
    const cJSON *member = NULL;
    cJSON_ArrayForEach(member, object) {
        fuzz_check(ec_json_next_value(json, size, &position, &value, &length));
        fuzz_check(length > 0 && value + length <= size);
        ec_json_error error;
        cJSON *again = ec_json_read(json + value, length, &error);
        fuzz_check(again != NULL && cJSON_Compare(again, member, 1));
        cJSON_Delete(again);
    }
    fuzz_check(!ec_json_next_value(json, size, &position, &value, &length));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *json = (const char *)data;
    ec_json_error error = {0, NULL, false};
    cJSON *tree = ec_json_read(json, size, &error);
    if (tree == NULL) {
        fuzz_check(error.message != NULL && !error.no_memory);
        fuzz_check(error.offset == EC_JSON_NOWHERE || error.offset <= size);
        return 0;
    }
    if (cJSON_IsObject(tree)) {
        step_through(json, size, tree);
    }
    char *printed = cJSON_PrintUnformatted(tree);
    fuzz_check(printed != NULL);
    cJSON *again = ec_json_read(printed, strlen(printed), &error);
    fuzz_check(again != NULL && cJSON_Compare(again, tree, 1));
    cJSON_Delete(again);
    cJSON_free(printed);
    cJSON_Delete(tree);
    return 0;
}
