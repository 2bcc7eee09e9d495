// SPDX-License-Identifier: Apache-2.0
#include "kernels.h"
#include "qd8.h"

#if defined(__x86_64__) || defined(_M_X64)

#include <xnnpack/gemm.h>
#include <xnnpack/packw.h>

// gcc 12 spills an accumulator in the inner loop of the stock choice, 5 rows x 16 columns; 4 rows
// fit the registers. On the first Zen the stock choice is a kernel that adds in another order,
// which would give that processor other answers than all others.
static void plug_f32(const struct xnn_hardware_config *hardware) {
    struct xnn_gemm_config *config =
        (struct xnn_gemm_config *)(uintptr_t)xnn_init_f32_gemm_config();
    if (!hardware->use_x86_fma3 || config == NULL || config->nr != 16) {
        return;
    }
    config->minmax.gemm[1 - 1] = xnn_init_hmp_gemm_ukernel(
        (xnn_gemm_ukernel_fn)xnn_f32_gemm_minmax_ukernel_1x16__fma3_broadcast);
    config->minmax.gemm[4 - 1] = xnn_init_hmp_gemm_ukernel(
        (xnn_gemm_ukernel_fn)xnn_f32_gemm_minmax_ukernel_4x16__fma3_broadcast);
    config->pack_gemm_goi =
        (xnn_packw_gemm_goi_ukernel_fn)xnn_x32_packw_gemm_goi_ukernel_x16__avx_u4;
    config->mr = 4;
    config->log2_sr = 0;
}

#else

static void plug_f32(const struct xnn_hardware_config *hardware) { (void)hardware; }

#endif

void ec_plug_kernels(void) {
    const struct xnn_hardware_config *hardware = xnn_init_hardware_config();
    // XNNPACK hands its tables out as constant, but means them to be filled in at run time.
    struct xnn_gemm_config *int8 =
        (struct xnn_gemm_config *)(uintptr_t)xnn_init_qd8_f32_qc8w_gemm_config();
    if (hardware != NULL && int8 != NULL) {
        ec_plug_avx2(int8, hardware);
        ec_plug_avx512vnni(int8, hardware);
        ec_plug_wasm(int8, hardware);
        plug_f32(hardware);
    }
}
