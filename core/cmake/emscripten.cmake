# SPDX-License-Identifier: Apache-2.0
# The toolchain file of the WebAssembly presets: Emscripten's own, from where ./dev put it.
set(EC_EMSCRIPTEN "${CMAKE_CURRENT_LIST_DIR}/../../.deps/emscripten")
if(NOT EXISTS "${EC_EMSCRIPTEN}/emcc.py")
  message(FATAL_ERROR "No Emscripten in .deps: run ./dev build wasm-simd, which installs it.")
endif()
file(REAL_PATH "${EC_EMSCRIPTEN}" EC_EMSCRIPTEN)
include("${EC_EMSCRIPTEN}/cmake/Modules/Platform/Emscripten.cmake")
