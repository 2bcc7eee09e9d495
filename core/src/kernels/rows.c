// SPDX-License-Identifier: Apache-2.0
#include <xnnpack.h>
#include <xnnpack/config.h>
#include <xnnpack/microparams.h>

#include "kernels.h"

void ec_convert_row(const float *x, size_t n, float inverse_scale, int32_t zero_point, int8_t *q) {
    const union xnn_unary_uparams params = {
        .f32_qs8_cvt.scalar = {inverse_scale, (int16_t)zero_point}};
    xnn_init_f32_to_qs8_cvt_config()->ukernel(n * sizeof *x, x, q, &params);
}

void ec_row_range(const float *x, size_t n, float range[2]) {
    xnn_init_f32_rminmax_config()->ukernel(n * sizeof *x, x, range, NULL);
}
