// SPDX-License-Identifier: Apache-2.0
// The files of serverless/assets, put into the program by embed.cmake.
#ifndef SERVER_ASSETS_H
#define SERVER_ASSETS_H

#include <stddef.h>

extern const unsigned char asset_openapi_json[];
extern const size_t asset_openapi_json_length;
extern const unsigned char asset_docs_html[];
extern const size_t asset_docs_html_length;
extern const unsigned char asset_docs_css[];
extern const size_t asset_docs_css_length;
extern const unsigned char asset_docs_js[];
extern const size_t asset_docs_js_length;

#endif
