#!/usr/bin/env python3
"""Tokens a second of 20 samples a problem in one batch, against one by one and against llama-bench's tg128.

    python3 Tests/Fixtures/humaneval/batch_speed.py MODEL.q8_0.gguf --llama-bench PATH/TO/llama-bench

Runs the task `humaneval` on the first problems of mini-humaneval, temperature 0.8 and top-p 0.95, in release, with
batch_size 1 and 20 in turns, and reads what was timed: generating alone, without loading and tests. The samples are
the same in both. Prints the medians and the ratio.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def rate(billion, model, width, threads, problems, scratch):
    manifest = {
        "name": "batch", "description": "samples in one batch", "seed": 1,
        "matrix": {"model": ["m"], "quantization": ["as-stored"], "task": ["humaneval"], "hardware": ["cpu"]},
        "models": {"m": {"path": os.path.abspath(model)}},
        "tasks": {"humaneval": {"limit": problems, "limit_by": "first", "repeats": 20, "temperature": 0.8,
                                "top_p": 0.95, "max_gen_toks": 128, "batch_size": width}},
        "hardware": {"cpu": {"backend": "cpu", "threads": threads}}}
    file, database = f"{scratch}/batch.yaml", f"{scratch}/batch.sqlite"
    with open(file, "w") as text:
        json.dump(manifest, text)
    subprocess.run([billion, "run", file, "--db", database, "--fresh"], check=True, cwd=TOP,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    row, = json.loads(subprocess.run(
        [billion, "query", "--db", database, "--json",
         "SELECT sum(tokens) AS tokens, sum(nanoseconds) AS time FROM attempt_timings WHERE name = 'generation' "
         "AND attempt_id = (SELECT max(id) FROM attempts)"],
        check=True, capture_output=True, text=True).stdout)
    return 1e9 * row["tokens"] / row["time"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--billion", default=f"{TOP}/billion")
    parser.add_argument("--llama-bench")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--problems", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    rates = {1: [], 20: []}
    bench = []
    with tempfile.TemporaryDirectory() as scratch:
        for _ in range(arguments.rounds):
            for width in rates:
                rates[width].append(rate(
                    os.path.abspath(arguments.billion), arguments.model, width, arguments.threads,
                    arguments.problems, scratch))
            if arguments.llama_bench:
                rows = json.loads(subprocess.run(
                    [arguments.llama_bench, "-m", arguments.model, "-p", "0", "-n", "128", "-r", "1", "-t",
                     str(arguments.threads), "-o", "json"], check=True, capture_output=True, text=True).stdout)
                bench.append(rows[0]["avg_ts"])
    one, twenty = (statistics.median(rates[width]) for width in (1, 20))
    print(f"one by one {one:.1f} tokens/s, 20 in a batch {twenty:.1f} tokens/s: {twenty / one:.2f} times")
    if bench:
        print(f"llama-bench tg128 {statistics.median(bench):.1f} tokens/s")


if __name__ == "__main__":
    main()
