// SPDX-License-Identifier: Apache-2.0
// Fills the slow reference from a float checkpoint, or from the very weights a loaded model holds.
#ifndef REFERENCE_LOAD_H
#define REFERENCE_LOAD_H

#include "bert_reference.h"
#include "model.h"
#include "safetensors.h"

// The network of a Hugging Face model.safetensors. `like` gives the sizes. Aborts on a missing
// tensor. Free with ref_free.
ref_model *ref_from_safetensors(const ec_safetensors *file, const ec_model_info *like,
                                float epsilon);

// The network of a loaded model, its int8 weights times their scales.
ref_model *ref_from_model(const ec_model *model);

void ref_free(ref_model *model);

#endif
