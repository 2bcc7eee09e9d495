// SPDX-License-Identifier: Apache-2.0
// Micro-kernels of our own that plug in beside XNNPACK's.
#ifndef EC_KERNELS_H
#define EC_KERNELS_H

// Replaces XNNPACK's choice of kernels where ours are faster on this processor. Call after
// xnn_initialize, once, before any operator is created; later calls change nothing.
void ec_plug_kernels(void);

#endif
