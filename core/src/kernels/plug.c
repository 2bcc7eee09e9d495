// SPDX-License-Identifier: Apache-2.0
#include "kernels.h"
#include "qd8.h"

void ec_plug_kernels(void) {
    const struct xnn_hardware_config *hardware = xnn_init_hardware_config();
    // XNNPACK hands its tables out as constant, but means them to be filled in at run time.
    struct xnn_gemm_config *int8 =
        (struct xnn_gemm_config *)(uintptr_t)xnn_init_qd8_f32_qc8w_gemm_config();
    if (hardware != NULL && int8 != NULL) {
        ec_plug_avx2(int8, hardware);
        ec_plug_avx512vnni(int8, hardware);
        ec_plug_wasm(int8, hardware);
    }
}
