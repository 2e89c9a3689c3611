"""Records what lm-evaluation-harness does, for the tests of Sources/Tasks/MMLU.

    python3 make_fixtures.py ../../../datasets/mini-mmlu prompts-mini-mmlu.json
    python3 make_fixtures.py PATH/TO/mmlu prompts-mmlu.json
    python3 make_fixtures.py --aggregation aggregation.json

Needs lm-eval 0.4.13 with pyarrow, datasets and scipy; no network. Its own task files, sampler and
prompt code run on the CSV files, converted to Parquet in a temporary folder.
"""

import csv
import hashlib
import json
import os
import random
import sys
import tempfile

SHOTS = [0, 1, 5]


def rows(folder, split, subject):
    with open(f"{folder}/{split}/{subject}_{split}.csv", newline="", encoding="utf-8") as file:
        for question, a, b, c, d, answer in csv.reader(file):
            yield {"question": question, "subject": subject, "choices": [a, b, c, d],
                   "answer": "ABCD".index(answer)}


def task(folder, subject, scratch):
    import pyarrow
    import pyarrow.parquet
    import lm_eval.tasks
    import yaml
    from lm_eval.api.task import ConfigurableTask

    home = os.path.dirname(lm_eval.tasks.__file__) + "/mmlu/default"
    with open(f"{home}/_default_template_yaml") as file:
        config = yaml.safe_load(file)
    with open(f"{home}/mmlu_{subject}.yaml") as file:
        config.update(yaml.safe_load(file))
    files = {}
    for split in ["dev", "test"]:
        files[split] = f"{scratch}/{subject}_{split}.parquet"
        table = pyarrow.Table.from_pylist(list(rows(folder, split, subject)))
        pyarrow.parquet.write_table(table, files[split])
    for key in ["include", "tag", "task_alias", "dataset_name"]:
        config.pop(key, None)
    config.update(dataset_path="parquet", dataset_kwargs={"data_files": files})
    return ConfigurableTask(config=config)


def prompts(folder):
    names = sorted(name[: -len("_test.csv")] for name in os.listdir(f"{folder}/test"))
    subjects = []
    with tempfile.TemporaryDirectory() as scratch:
        for name in names:
            subject = task(folder, name, scratch)
            docs = list(subject.test_docs())
            record = {"subject": name, "questions": len(docs), "sha256": {}}
            for shots in SHOTS:
                texts = [subject.fewshot_context(doc, shots) for doc in docs]
                record["sha256"][str(shots)] = hashlib.sha256("\0".join(texts).encode()).hexdigest()
                if shots == 1 and len(names) < 57:
                    record["first_one_shot_prompt"] = texts[0]
            subjects.append(record)
    return {"lm_eval": "0.4.13", "separator": "\0", "subjects": subjects}


def groups():
    """Subject to group, from the tags in lm-eval's own task files."""
    import lm_eval.tasks
    import yaml

    home = os.path.dirname(lm_eval.tasks.__file__) + "/mmlu/default"
    result = {}
    for name in sorted(os.listdir(home)):
        if name.startswith("mmlu_"):
            with open(f"{home}/{name}") as file:
                config = yaml.safe_load(file)
            tag = config["tag"].removeprefix("mmlu_").removesuffix("_tasks")
            result[config["task"].removeprefix("mmlu_")] = tag
    return result


def aggregation():
    from lm_eval.api import metrics
    from scipy.stats import binomtest

    random.seed(7)
    cases = []
    shapes = [[(3, 10), (9, 10)], [(0, 5), (5, 5), (2, 7)], [(31, 100), (40, 135), (700, 1534)],
              [(random.randint(0, n), n) for n in random.sample(range(2, 400), 57)]]
    for shape in shapes:
        vectors = [[1.0] * correct + [0.0] * (n - correct) for correct, n in shape]
        sizes = [n for _, n in shape]
        accuracies = [metrics.mean(v) for v in vectors]
        errors = [metrics.mean_stderr(v) for v in vectors]
        joined = [x for v in vectors for x in v]
        cases.append({
            "correct": [c for c, _ in shape], "sizes": sizes,
            "acc": accuracies, "acc_stderr": errors,
            "sample_stddev": [metrics.sample_stddev(v) for v in vectors],
            "group_acc": metrics.aggregate_subtask_metrics(accuracies, sizes),
            "group_acc_stderr": float(metrics.pooled_sample_stderr(errors, sizes)),
            "group_sample_stddev": metrics.sample_stddev(joined),
            "acc_macro": metrics.aggregate_subtask_metrics(accuracies, sizes, weight_by_size=False),
        })
    wilson = []
    for correct, n in [(0, 1), (1, 1), (0, 10), (1, 10), (5, 10), (10, 10), (55, 220), (81, 263),
                       (15, 148), (3510, 14042), (14042, 14042)]:
        interval = binomtest(correct, n).proportion_ci(0.95, method="wilson")
        wilson.append({"correct": correct, "n": n, "low": interval.low, "high": interval.high})
    return {"lm_eval": "0.4.13", "subject_groups": groups(), "groups": cases, "wilson": wilson}


if __name__ == "__main__":
    source, target = sys.argv[1:]
    result = aggregation() if source == "--aggregation" else prompts(source)
    with open(target, "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1, ensure_ascii=False)
        file.write("\n")
