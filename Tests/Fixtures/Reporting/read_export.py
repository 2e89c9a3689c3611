"""Reads an export with lm-evaluation-harness's own utilities; a check and no fixture.

    python3 Tests/Fixtures/Reporting/read_export.py FOLDER

Prints a line of JSON: the tasks of each results file, and how many samples each task has.
"""

import glob
import json
import os
import sys

from lm_eval.utils import (
    get_file_datetime, get_file_task_name, get_latest_filename, get_results_filenames,
    get_sample_results_filenames, hash_string, make_table, sanitize_model_name)

folder = sys.argv[1]
found = []
for model in sorted(os.listdir(folder)):
    assert sanitize_model_name(model) == model, model
    files = glob.glob(os.path.join(folder, model, "*"))
    latest = get_latest_filename(get_results_filenames(files))
    results = json.load(open(latest))
    table = make_table(results)
    assert "mmlu" in table and "acc" in table, table
    make_table(results, "groups")
    samples = {}
    for path in get_sample_results_filenames(files):
        name = os.path.basename(path)
        if get_file_datetime(name) != get_file_datetime(os.path.basename(latest)[:-5] + ".jsonl"):
            continue
        lines = [json.loads(line) for line in open(path)]
        hashes = [s["doc_hash"] + s["prompt_hash"] + s["target_hash"] for s in lines]
        task = get_file_task_name(name)
        assert results["task_hashes"][task] == hash_string("".join(hashes)), task
        for s in lines:
            best = max(range(4), key=lambda i: float(s["filtered_resps"][i][0]))
            assert s["acc"] == float(str(best) == s["target"]), s["doc_id"]
        mean = sum(s["acc"] for s in lines) / len(lines)
        assert abs(mean - results["results"][task]["acc,none"]) < 1e-12, task
        samples[task] = len(lines)
    assert set(samples) == set(results["n-samples"])
    found.append({"model": model, "tasks": sorted(results["results"]), "samples": samples})
try:
    import datasets

    path = get_sample_results_filenames(files)[0]
    rows = datasets.load_dataset("json", data_files=path, split="train")
    assert rows.num_rows > 0
except ImportError:
    pass
print(json.dumps(found))
