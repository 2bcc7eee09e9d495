# SPDX-License-Identifier: Apache-2.0
# Puts files into the program: cmake -D OUT=assets.c -D FILES="a.json;b.html" -P embed.cmake
# a.json becomes  const unsigned char asset_a_json[]; const size_t asset_a_json_length;
set(source "// Made by embed.cmake.\n#include \"assets.h\"\n")
foreach(file IN LISTS FILES)
  get_filename_component(name "${file}" NAME)
  string(MAKE_C_IDENTIFIER "${name}" name)
  file(READ "${file}" bytes HEX)
  string(REPEAT "." 32 sixteen_bytes)
  string(REGEX REPLACE "(${sixteen_bytes})" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND source "\nconst unsigned char asset_${name}[] = {\n${bytes}\n};\n"
    "const size_t asset_${name}_length = sizeof asset_${name};\n")
endforeach()
file(WRITE "${OUT}" "${source}")
