// SPDX-License-Identifier: Apache-2.0
// Forced into an XNNPACK file (see xnnpack.cmake) so that the linker can drop what BERT never runs.
// The file names every operator's micro-kernels in tables; where a table is only reached through a
// name that is defined away here, its kernels need not be compiled at all.
// The choice among the kernels that are left stays XNNPACK's own.
#ifndef EC_XNNPACK_TRIM_H
#define EC_XNNPACK_TRIM_H

#include "xnnpack/config.h"

// Indirect GEMM serves convolutions only.
#define xnn_init_hmp_igemm_ukernel(kernel) ((struct xnn_hmp_igemm_ukernel){0})
#define xnn_init_hmp_dqigemm_ukernel(kernel) ((struct xnn_hmp_dqigemm_ukernel){0})

#endif
