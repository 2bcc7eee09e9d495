# SPDX-License-Identifier: Apache-2.0
# cJSON: one file, read behind our own strict reader.
add_library(cjson STATIC "${EC_CJSON_DIR}/cJSON.c")
target_include_directories(cjson SYSTEM PUBLIC "${EC_CJSON_DIR}")
# cJSON reads and prints numbers with strtod and sprintf, whose decimal point is the locale's. With
# this it undoes that, so that a host may set any locale.
target_compile_definitions(cjson PRIVATE ENABLE_LOCALES)
target_link_libraries(cjson PRIVATE $<BUILD_INTERFACE:ec_third_party> m)
