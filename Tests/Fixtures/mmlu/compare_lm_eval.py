#!/usr/bin/env python3
"""Puts this program's MMLU beside lm-evaluation-harness's, question by question, and their speeds.

    python3 Tests/Fixtures/mmlu/lm_eval_reference.py MODEL.gguf PATH/TO/mmlu ref.json --batch 1 8 \\
        --subjects abstract_algebra high_school_physics professional_law --limit 200 --folder FOLDER
    python3 Tests/Fixtures/mmlu/compare_lm_eval.py ref.json PATH/TO/mmlu f32=FOLDER q8_0=MODEL.q8_0.gguf

Each NAME=MODEL is a model for `billion` and how its line is called. Prints a table in Markdown: largest and mean
difference of a log-probability, accuracy and standard error of both, and how often faster `billion` was than the
harness at its best batch size. Its time is that of the whole job: process, loading and report included.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))


def run(billion, model, compute, threads, subjects, mmlu, reference, scratch):
    """Scores of every question by subject, metrics by name, and seconds by subject."""
    found, metrics, seconds = {}, {}, {}
    for subject in subjects:
        place = f"{scratch}/{subject}"
        for split in ["dev", "test"]:
            os.makedirs(f"{place}/mmlu/{split}", exist_ok=True)
            link = f"{place}/mmlu/{split}/{subject}_{split}.csv"
            if not os.path.exists(link):
                os.symlink(os.path.abspath(f"{mmlu}/{split}/{subject}_{split}.csv"), link)
        limit = reference["limit"]
        settings = {"dataset": "mmlu", "num_fewshot": reference["shots"], "limit_by": "first",
                    "apply_chat_template": reference["chat"]}
        if limit:
            settings["limit"] = limit
        manifest = {
            "name": "compare", "description": "beside lm-evaluation-harness", "seed": 1,
            "matrix": {"model": ["m"], "quantization": ["as-stored"], "task": ["mmlu"], "hardware": ["cpu"]},
            "models": {"m": {"path": os.path.abspath(model)}}, "tasks": {"mmlu": settings},
            "hardware": {"cpu": {"backend": "cpu", "threads": threads, "compute": compute}}}
        file, database = f"{place}/{compute}.yaml", f"{place}/{compute}.sqlite"
        with open(file, "w") as text:
            json.dump(manifest, text)
        environment = dict(os.environ, BILLION_DATASETS=place)
        subprocess.run([billion, "run", file, "--db", database, "--fresh"], check=True, env=environment, cwd=place,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        query = lambda sql: json.loads(subprocess.run(
            [billion, "query", "--db", database, "--json", sql], check=True, capture_output=True, text=True).stdout)
        found[subject] = [json.loads(row["logprobs"]) for row in query(
            "SELECT logprobs FROM samples ORDER BY sample_index")]
        metrics[subject] = {row["metric"]: row["value"] for row in query("SELECT metric, value FROM results")}
        times, = query("SELECT (julianday(ended_at) - julianday(started_at)) * 86400 AS s FROM attempts")
        seconds[subject] = times["s"]
    return found, metrics, seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("reference")
    parser.add_argument("mmlu")
    parser.add_argument("models", nargs="+", metavar="NAME=MODEL")
    parser.add_argument("--billion", default=f"{TOP}/billion")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()

    with open(arguments.reference) as file:
        reference = json.load(file)
    subjects = list(reference["subjects"])
    best = {s: min(times[s] for times in reference["seconds"].values() if s in times) for s in subjects}
    print("| subject | questions | model | largest difference | mean | acc | acc lm-eval | stderr | stderr lm-eval "
          "| other answers | times lm-eval |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for item in arguments.models:
        name, model = item.split("=", 1)
        with tempfile.TemporaryDirectory() as scratch:
            found, metrics, seconds = run(
                os.path.abspath(arguments.billion), model, "f32" if name == "f32" else "auto", arguments.threads,
                subjects, arguments.mmlu, reference, scratch)
        for subject in subjects:
            wanted = reference["subjects"][subject]
            pairs = list(zip(found[subject], wanted["logprobs"]))
            assert len(found[subject]) == len(wanted["logprobs"]), subject
            differences = [abs(a - b) for one, other in pairs for a, b in zip(one, other)]
            pick = lambda values: max(range(4), key=lambda i: (values[i], -i))
            others = sum(pick(one) != pick(other) for one, other in pairs)
            digits = lambda value: value if isinstance(value, str) else f"{value:.4f}"
            print(f"| {subject} | {len(pairs)} | {name} | {max(differences):.6f} | "
                  f"{sum(differences) / len(differences):.6f} | {metrics[subject]['acc']:.4f} | {wanted['acc']:.4f} | "
                  f"{digits(metrics[subject]['acc_stderr'])} | {digits(wanted['acc_stderr'])} | {others} | "
                  f"{best[subject] / seconds[subject]:.1f} |")


if __name__ == "__main__":
    main()
