# SPDX-License-Identifier: Apache-2.0
# libsodium: HMAC-SHA256, SipHash, base64 and comparing in constant time, and nothing else. Files
# that name more than that leave it to --gc-sections, as XNNPACK's do.
file(REAL_PATH "${EC_DEPS_DIR}/libsodium" EC_LIBSODIUM_DIR)

set(EC_LIBSODIUM_SOURCES
  crypto_auth/hmacsha256/auth_hmacsha256.c
  crypto_hash/sha256/cp/hash_sha256_cp.c
  crypto_shorthash/siphash24/ref/shorthash_siphash24_ref.c
  crypto_verify/verify.c
  sodium/codecs.c
  sodium/core.c
  sodium/utils.c)
list(TRANSFORM EC_LIBSODIUM_SOURCES PREPEND "${EC_LIBSODIUM_DIR}/libsodium/")

add_library(sodium STATIC ${EC_LIBSODIUM_SOURCES})
set_target_properties(sodium PROPERTIES C_STANDARD 11 C_EXTENSIONS ON)
target_include_directories(sodium
  SYSTEM PUBLIC "${EC_LIBSODIUM_DIR}/libsodium/include"
  PRIVATE "${EC_LIBSODIUM_DIR}/libsodium/include/sodium")
target_compile_definitions(sodium PUBLIC SODIUM_STATIC PRIVATE CONFIGURED _GNU_SOURCE)
target_link_libraries(sodium PRIVATE $<BUILD_INTERFACE:ec_third_party>)
