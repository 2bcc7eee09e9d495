# cJSON: one file, read behind our own strict reader.
add_library(cjson STATIC "${EC_CJSON_DIR}/cJSON.c")
target_include_directories(cjson SYSTEM PUBLIC "${EC_CJSON_DIR}")
target_link_libraries(cjson PRIVATE $<BUILD_INTERFACE:ec_third_party> m)
