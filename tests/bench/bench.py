# SPDX-License-Identifier: Apache-2.0
"""Speed and memory of the native program, side by side with ONNX Runtime. See README.md."""
import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOKENS, THREADS, WORKERS = (16, 64, 128, 256, 512), (1, 2), (1, 2, 3, 4)
ROUNDS, ROUND_SECONDS, BATCH_ROUNDS, STARTS = 7, 1.0, 3, 30
POLL_SECONDS = 0.01


def percentile(values, percent):
    ranked = sorted(values)
    return ranked[max(0, math.ceil(len(ranked) * percent / 100) - 1)]


def random_ids(count, vocabulary_size):
    """The ids that the program's bench command uses (serverless/src/bench.c), all of type 0."""
    ids, x = [], 2463534242
    for _ in range(count):
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        ids.append(x % vocabulary_size)
    return ids


class Program:
    """The command line program with a model."""

    def __init__(self, path, model):
        self.path, self.model = path, model

    def command(self, name, *arguments):
        return [self.path, name, "--model", self.model, *arguments]

    def json(self, name, *arguments, text=""):
        done = subprocess.run(self.command(name, "--format", "json", *arguments), check=True,
                              input=text, stdout=subprocess.PIPE, encoding="utf-8")
        return json.loads(done.stdout)

    def passes(self, tokens, threads, iterations):
        return self.json("bench", "--tokens", str(tokens), "--threads", str(threads),
                         "--iterations", str(iterations))["passes"][0]

    def classify(self, email):
        """(answer, milliseconds from fork to the end of the process)."""
        start = time.perf_counter()
        answer = self.json("classify", "--subject", email["subject"], text=email["message"])
        return answer, (time.perf_counter() - start) * 1e3

    def tokenize(self, email):
        return self.json("tokenize", "--subject", email["subject"], text=email["message"])["ids"]

    def batch(self, path, workers):
        """(seconds, peak of resident memory in MB) of classifying a file."""
        start = time.perf_counter()
        process = subprocess.Popen(self.command("batch", "--threads", str(workers), str(path)),
                                   stdout=subprocess.DEVNULL)
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, peak_memory_mb(process.pid))
            time.sleep(POLL_SECONDS)
        seconds = time.perf_counter() - start
        if process.returncode != 0:
            raise subprocess.CalledProcessError(process.returncode, process.args)
        return seconds, peak


def peak_memory_mb(pid):
    """VmHWM, which wait4's maxrss is not: that starts with the memory of the process forked."""
    try:
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


# ---------------------------------------------------------------------------- latency

def measure_ours(program, tokens, threads, seconds):
    trial = program.passes(tokens, threads, 5)["p50_ms"]
    result = program.passes(tokens, threads, max(5, round(seconds * 1e3 / trial)))
    return result["p50_ms"], result["p99_ms"]


def measure_theirs(runtime, form, ids, threads, seconds):
    times = runtime.measure(form, ids, threads, seconds)
    return percentile(times, 50), percentile(times, 99)


def measure_latency(program, runtime, ids, lengths, rounds):
    """Rows of the table. Rounds take turns over everything, and which side goes first."""
    forms = {} if runtime is None else {"fastest": runtime.chosen, "usual": runtime.usual}
    cells = {(t, n): {"ours": [], **{name: [] for name in forms}}
             for t in THREADS for n in lengths}
    for number in range(rounds):
        for (threads, tokens), cell in cells.items():
            sides = list(cell)
            for side in sides if number % 2 == 0 else reversed(sides):
                cell[side].append(
                    measure_ours(program, tokens, threads, ROUND_SECONDS) if side == "ours" else
                    measure_theirs(runtime, forms[side], ids[:tokens], threads, ROUND_SECONDS))
        progress(f"latency, round {number + 1} of {rounds}")
    return [latency_row(threads, tokens, cell) for (threads, tokens), cell in cells.items()]


def latency_row(threads, tokens, cell):
    row = {"threads": threads, "tokens": tokens}
    for side, rounds in cell.items():
        row[f"{side}_p50_ms"] = statistics.median(p50 for p50, _ in rounds)
        row[f"{side}_p99_ms"] = statistics.median(p99 for _, p99 in rounds)
        if side != "ours":
            ratios = [theirs[0] / ours[0] for ours, theirs in zip(cell["ours"], rounds)]
            row[f"{side}_speedup"] = {"median": statistics.median(ratios), "least": min(ratios),
                                      "most": max(ratios)}
    return row


# ---------------------------------------------------------------------------- emails

def measure_start(program, emails):
    """Fork to answer, and the answers. The first start only fills the page cache."""
    program.classify(emails[0])
    answers = [program.classify(emails[i % len(emails)]) for i in range(STARTS)]
    times = [ms for _, ms in answers]
    result = {"p50_ms": percentile(times, 50), "p90_ms": percentile(times, 90)}
    return result, [answer for answer, _ in answers[:len(emails)]]


def measure_batch(program, path, count, rounds):
    runs = {workers: [] for workers in WORKERS}
    for number in range(rounds):
        for workers, results in runs.items():
            results.append(program.batch(path, workers))
        progress(f"batch, round {number + 1} of {rounds}")
    return [{"workers": workers, "emails": count,
             "per_second": statistics.median(count / seconds for seconds, _ in results),
             "peak_mb": max(peak for _, peak in results)} for workers, results in runs.items()]


def softmax(logits, temperature):
    powers = [math.exp((x - max(logits)) / temperature) for x in map(float, logits)]
    return [power / sum(powers) for power in powers]


def compare_answers(program, runtime, info, emails, answers):
    """Labels and scores of both engines for the same emails, of one window each."""
    sequences, compared = [], []
    for email, answer in zip(emails, answers):
        ids = program.tokenize(email)
        if answer["source"] == "model" and answer["tokens"] == len(ids) <= info["max_tokens"]:
            subject = ids.index(ids[-1]) + 1
            sequences.append((ids, [0] * subject + [1] * (len(ids) - subject)))
            compared.append(answer)
    if not compared:
        return None
    result = {"emails": len(compared)}
    for kind, logits in runtime.logits(sequences).items():
        scores = [softmax(row, info["temperature"]) for row in logits]
        result[kind] = {
            "same_label": sum(row.index(max(row)) == answer["class_id"]
                              for row, answer in zip(scores, compared)),
            "largest_score_difference": max(
                abs(a - b) for row, answer in zip(scores, compared)
                for a, b in zip(row, answer["scores"].values()))}
    return result


# ---------------------------------------------------------------------------- report

def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def machine():
    names = [line.split(":", 1)[1].strip()
             for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
             if line.startswith(("model name", "CPU part"))]
    return {"processor": names[0] if names else os.uname().machine, "cores": os.cpu_count(),
            "load": os.getloadavg()[0]}


def print_latency(rows):
    onnx = "usual_speedup" in rows[0]
    print("\none sequence        ours, ms" +
          "         ONNX Runtime p50, ms    ours is times as fast as" * onnx)
    print("threads tokens     p50      p99" + "        usual  fastest      usual (range)"
          "       fastest (range)" * onnx)
    for r in rows:
        line = f"{r['threads']:7} {r['tokens']:6} {r['ours_p50_ms']:7.2f}  {r['ours_p99_ms']:7.2f}"
        if onnx:
            line += f"      {r['usual_p50_ms']:7.2f}  {r['fastest_p50_ms']:7.2f}   "
            for s in (r["usual_speedup"], r["fastest_speedup"]):
                line += f"   {s['median']:5.2f} ({s['least']:.2f}-{s['most']:.2f})"
        print(line)


def print_report(report):
    m = report["machine"]
    print(f"\r{m['processor']}, {m['cores']} cores, load {m['load']:.1f} at the start")
    if "onnxruntime" in report:
        print(f"ONNX Runtime {report['onnxruntime']['version']}, the usual dynamic int8 export and "
              f"the fastest form of {len(report['onnxruntime']['trials'])}: "
              f"{report['onnxruntime']['chosen']}")
    print_latency(report["latency"])
    if "batch" in report:
        print("\nbatch   emails   a second   peak MB")
        for r in report["batch"]:
            print(f"{r['workers']:5} {r['emails']:8} {r['per_second']:10.1f} {r['peak_mb']:9.1f}")
        print(f"\nprocess start to answer: p50 {report['start']['p50_ms']:.1f} ms, "
              f"p90 {report['start']['p90_ms']:.1f} ms")
    agreement = report.get("agreement")
    for kind in ("float", "int8") if agreement else ():
        print(f"same label as ONNX Runtime's {kind} network: {agreement[kind]['same_label']} of "
              f"{agreement['emails']}, largest difference of a score "
              f"{agreement[kind]['largest_score_difference']:.4f}")


def read_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of each")
    parser.add_argument("--no-onnx", action="store_true", help="leave ONNX Runtime out")
    parser.add_argument("--program", default=ROOT / "build/native/serverless/email-classifier")
    parser.add_argument("--model", default=ROOT / "models/default/email-classifier.ecm")
    parser.add_argument("--emails", default=ROOT / "models/data/validation.jsonl",
                        type=pathlib.Path, help="JSON lines with subject and message")
    parser.add_argument("--output", default=ROOT / "build/bench/bench.json", type=pathlib.Path)
    return parser.parse_args()


def measure(arguments):
    program = Program(str(arguments.program), str(arguments.model))
    info = program.json("model-info")
    ids = random_ids(info["max_tokens"], info["vocabulary_size"])
    lengths = [tokens for tokens in TOKENS if tokens <= info["max_tokens"]]
    report = {"machine": machine(), "model": info["digest"]}
    runtime = None
    if not arguments.no_onnx:
        from onnx_runtime import OnnxRuntime
        progress("preparing ONNX Runtime")
        runtime = OnnxRuntime(arguments.model, arguments.output.parent / info["digest"][:16], ids)
        report["onnxruntime"] = {"version": runtime.version, "chosen": runtime.chosen,
                                 "trials": runtime.trials}
    if arguments.emails.exists():
        lines = arguments.emails.read_text("utf-8").splitlines()
        emails = [json.loads(line) for line in lines[::max(1, len(lines) // STARTS)]][:STARTS]
        report["start"], answers = measure_start(program, emails)
        if runtime is not None:
            report["agreement"] = compare_answers(program, runtime, info, emails, answers)
        report["batch"] = measure_batch(program, arguments.emails, len(lines),
                                        1 if arguments.quick else BATCH_ROUNDS)
    else:
        print(f"no {arguments.emails}, so whole emails are left out", file=sys.stderr)
    report["latency"] = measure_latency(program, runtime, ids, lengths,
                                        1 if arguments.quick else ROUNDS)
    return report


def main():
    arguments = read_arguments()
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    try:
        report = measure(arguments)
    except (subprocess.CalledProcessError, OSError) as error:
        sys.exit(f"bench: {error}")
    print_report(report)
    arguments.output.write_text(json.dumps(report, indent=2) + "\n")
    print(f"\n{arguments.output}")


if __name__ == "__main__":
    main()
