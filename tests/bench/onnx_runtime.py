# SPDX-License-Identifier: Apache-2.0
"""The same network in ONNX Runtime, in whichever form is fastest on this machine."""
import logging
import statistics
import time

import numpy as np
import onnxruntime

import bundle_to_onnx

# On some processors ONNX Runtime is faster without this optimization of its own.
SLOW_FUSION = "SkipLayerNormFusion"
TRIAL_TOKENS, TRIAL_ROUNDS, TRIAL_SECONDS = 128, 3, 0.15


def session(path, threads, skip_fusion):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        path, options, providers=["CPUExecutionProvider"],
        disabled_optimizers=[] if skip_fusion else [SLOW_FUSION])


def inputs(ids, types):
    return {"input_ids": np.array([ids], np.int64), "token_type_ids": np.array([types], np.int64)}


def times_ms(session, feed, seconds, least=3):
    """Times of single runs for about so long, after one to warm up."""
    session.run(None, feed)
    times, end = [], time.perf_counter() + seconds
    while len(times) < least or time.perf_counter() < end:
        start = time.perf_counter()
        session.run(None, feed)
        times.append((time.perf_counter() - start) * 1e3)
    return times


class OnnxRuntime:
    version = onnxruntime.__version__
    usual = "plain int8-tensor"  # what quantize_dynamic makes of an export, left as it is

    def __init__(self, bundle, folder, ids):
        logging.disable(logging.WARNING)
        self.paths = bundle_to_onnx.convert(bundle, folder)
        self.trials = self._try_all(inputs(ids[:TRIAL_TOKENS], [0] * len(ids[:TRIAL_TOKENS])))
        self.chosen = min(self.trials, key=self.trials.get)
        self.sessions = {}

    def _try_all(self, feed):
        """{name: p50 in ms} of every int8 form, measured in turns."""
        sessions = {name + ("" if fusion else f" without {SLOW_FUSION}"): session(path, 1, fusion)
                    for name, path in self.paths.items() if not name.endswith("float")
                    for fusion in (True, False)}
        times = {name: [] for name in sessions}
        for _ in range(TRIAL_ROUNDS):
            for name, candidate in sessions.items():
                times[name] += times_ms(candidate, feed, TRIAL_SECONDS)
        return {name: statistics.median(values) for name, values in times.items()}

    def _session(self, form, threads):
        if (form, threads) not in self.sessions:
            name, without, _ = form.partition(" without ")
            self.sessions[form, threads] = session(self.paths[name], threads, not without)
        return self.sessions[form, threads]

    def measure(self, form, ids, threads, seconds):
        return times_ms(self._session(form, threads), inputs(ids, [0] * len(ids)), seconds)

    def logits(self, sequences):
        """{"int8": [...], "float": [...]} of [(ids, types), ...]."""
        both = {"int8": self._session(self.chosen, 1), "float": session(self.paths["plain float"], 1, True)}
        return {name: [s.run(None, inputs(*sequence))[0][0] for sequence in sequences]
                for name, s in both.items()}
