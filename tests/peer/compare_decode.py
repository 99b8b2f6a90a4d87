#!/usr/bin/env python3
"""Decode speed of EpiChat and llama.cpp on the same model files and the same CPU, taking turns.

Builds llama.cpp (llama-cpp-python 0.3.36, from its source package) once, in the cache folder, outside the repository. Both
programs load the file, hold a cache of the same length in 16 bit, and decode the same tokens with the logits of each; short
runs alternate, so that what else the machine does falls on both. Medians over the runs, of wall-clock time and of CPU time.

  tests/peer/compare_decode.py [--bench build/release/bin/epichat-decode-bench] [--threads 2] [--runs 7] [--tokens 32]
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

VERSION = "0.3.36"
MODELS = [
    "smollm2-135m-instruct-q4_1/SmolLM2-135M-Instruct.Q4_1.gguf",
    "qwen2.5-coder-0.5b-instruct-q4_k_m/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
]
ROOM = 512
ROOT = pathlib.Path(__file__).resolve().parents[2]


def cache_folder():
    base = os.environ.get("EPICHAT_DEPS") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "epichat")
    return pathlib.Path(base) / "peer"


def model_folder():
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return pathlib.Path(os.environ.get("EPICHAT_MODELS") or os.path.join(data, "epichat", "models"))


def build_peer():
    """The Python of a virtual environment that has llama-cpp-python; builds it at the first call (minutes)."""
    python = cache_folder() / "venv" / "bin" / "python"
    check = [str(python), "-c", f"import llama_cpp; assert llama_cpp.__version__ == '{VERSION}'"]
    if python.exists() and subprocess.run(check, capture_output=True).returncode == 0:
        return python
    print(f"building llama-cpp-python {VERSION} in {cache_folder()}", file=sys.stderr)
    cache_folder().mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "venv", str(python.parent.parent)], check=True)
    environment = dict(os.environ, CMAKE_ARGS="-DGGML_NATIVE=ON -DLLAMA_CURL=OFF -DLLAVA_BUILD=OFF")
    environment.setdefault("CMAKE_BUILD_PARALLEL_LEVEL", "1")
    subprocess.run(["nice", "-n", "15", str(python), "-m", "pip", "install", "--no-binary", "llama-cpp-python",
                    f"llama-cpp-python=={VERSION}"], check=True, env=environment)
    return python


def serve_llama(path, cache_tokens, threads):
    """The same protocol as epichat-decode-bench; runs inside the virtual environment."""
    import llama_cpp as ll
    ll.llama_log_set(ll.llama_log_callback(lambda *_: None), None)
    ll.llama_backend_init()
    model = ll.llama_model_load_from_file(path.encode(), ll.llama_model_default_params())
    parameters = ll.llama_context_default_params()
    parameters.n_ctx = cache_tokens + ROOM
    parameters.n_batch = 512
    parameters.n_threads = threads
    parameters.n_threads_batch = threads
    context = ll.llama_init_from_model(model, parameters)

    def decode(ids):
        tokens = (ll.llama_token * len(ids))(*ids)
        if ll.llama_decode(context, ll.llama_batch_get_one(tokens, len(ids))) != 0:
            raise RuntimeError("llama_decode failed")

    for first in range(0, cache_tokens, 512):
        decode([100 + i * 37 % 1000 for i in range(first, min(first + 512, cache_tokens))])
    print("ready", flush=True)
    for line in sys.stdin:
        start, cpu_start = time.perf_counter(), time.process_time()
        for i in range(int(line)):
            decode([100 + i * 37 % 1000])
            ll.llama_get_logits(context)  # waits until they are there
        print(json.dumps({"tokens": int(line), "seconds": time.perf_counter() - start,
                          "cpu_seconds": time.process_time() - cpu_start}), flush=True)
        ll.llama_memory_seq_rm(ll.llama_get_memory(context), 0, cache_tokens, -1)


class Program:
    def __init__(self, command, threads):
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env=environment)
        if self.process.stdout.readline().strip() != "ready":
            raise SystemExit(f"{command[0]} did not start")

    def run(self, tokens):
        self.process.stdin.write(f"{tokens}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def compare(model, cache_tokens, python, arguments):
    ours = Program([arguments.bench, model, cache_tokens], arguments.threads)
    theirs = Program([python, __file__, "--serve", model, cache_tokens, "--threads", arguments.threads], arguments.threads)
    ours.run(4), theirs.run(4)
    runs = [(ours.run(arguments.tokens), theirs.run(arguments.tokens)) for _ in range(arguments.runs)]
    ours.close(), theirs.close()

    def rate(side, key):
        return statistics.median(run[side]["tokens"] / run[side][key] for run in runs)

    row = {"model": model.name, "cache": cache_tokens}
    for key, name in (("seconds", "per_second"), ("cpu_seconds", "per_cpu_second")):
        row["epichat_" + name], row["llama_" + name] = rate(0, key), rate(1, key)
        row["ratio_" + name] = row["epichat_" + name] / row["llama_" + name]
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", default=ROOT / "build" / "release" / "bin" / "epichat-decode-bench")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--cache", type=int, nargs="*", default=[0, 4096])
    parser.add_argument("--model", nargs="*", default=MODELS)
    parser.add_argument("--json", action="store_true", help="one JSON object per row")
    parser.add_argument("--serve", nargs=2, metavar=("MODEL", "CACHE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        return serve_llama(arguments.serve[0], int(arguments.serve[1]), arguments.threads)
    python = build_peer()
    if not arguments.json:
        print(f"{'model':48} {'cache':>5}  {'tokens/s: EpiChat':>17} {'llama.cpp':>9} {'ratio':>5}"
              f"  {'per CPU s: EpiChat':>18} {'llama.cpp':>9} {'ratio':>5}")
    for name in arguments.model:
        for cache_tokens in arguments.cache:
            row = compare(model_folder() / name, cache_tokens, python, arguments)
            print(json.dumps(row) if arguments.json else
                  f"{row['model']:48} {row['cache']:5}  {row['epichat_per_second']:17.1f} {row['llama_per_second']:9.1f}"
                  f" {row['ratio_per_second']:5.2f}  {row['epichat_per_cpu_second']:18.1f}"
                  f" {row['llama_per_cpu_second']:9.1f} {row['ratio_per_cpu_second']:5.2f}", flush=True)


if __name__ == "__main__":
    main()
