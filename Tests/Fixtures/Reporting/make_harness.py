"""Records what lm-evaluation-harness writes for multiple-choice questions.

    python3 Tests/Fixtures/Reporting/make_harness.py datasets/mini-mmlu \
        Tests/Fixtures/Reporting/harness.json

Needs lm-eval 0.4.13 and datasets; no network. The harness's dummy model answers at random: what is
recorded is the form, the documents and their hashes, and no scores.
"""

import csv
import json
import os
import sys
import tempfile

SUBJECTS = ["abstract_algebra", "world_religions"]

TASK = """task: mini_mmlu_{subject}
task_alias: {subject}
dataset_path: json
dataset_kwargs:
  data_files:
    dev: {folder}/{subject}_dev.jsonl
    test: {folder}/{subject}_test.jsonl
test_split: test
fewshot_split: dev
fewshot_config:
  sampler: first_n
output_type: multiple_choice
doc_to_text: "{{{{question.strip()}}}}\\nA. {{{{choices[0]}}}}\\nB. {{{{choices[1]}}}}\\nC. {{{{choices[2]}}}}\\nD. {{{{choices[3]}}}}\\nAnswer:"
doc_to_choice: ["A", "B", "C", "D"]
doc_to_target: answer
metric_list:
  - metric: acc
    aggregation: mean
    higher_is_better: true
metadata:
  version: 1.0
"""

GROUP = """group: mini_mmlu
task: [{tasks}]
aggregate_metric_list:
  - metric: acc
    weight_by_size: True
metadata:
  version: 2
"""


def main(dataset, target):
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(
            HF_HOME=folder + "/hf", HF_DATASETS_OFFLINE="1", HF_HUB_OFFLINE="1")
        for subject in SUBJECTS:
            for split in ("dev", "test"):
                path = f"{dataset}/{split}/{subject}_{split}.csv"
                with open(path, newline="") as source, open(
                    f"{folder}/{subject}_{split}.jsonl", "w"
                ) as lines:
                    for question, *choices, answer in csv.reader(source):
                        lines.write(json.dumps({
                            "question": question, "subject": subject, "choices": choices,
                            "answer": "ABCD".index(answer)}) + "\n")
            os.makedirs(folder + "/tasks", exist_ok=True)
            with open(f"{folder}/tasks/{subject}.yaml", "w") as file:
                file.write(TASK.format(subject=subject, folder=folder))
        with open(folder + "/tasks/group.yaml", "w") as file:
            file.write(GROUP.format(tasks=", ".join("mini_mmlu_" + s for s in SUBJECTS)))

        import lm_eval
        from lm_eval.loggers import EvaluationTracker
        from lm_eval.tasks import TaskManager

        tracker = EvaluationTracker(output_path=folder + "/out")
        results = lm_eval.simple_evaluate(
            model="dummy", tasks=["mini_mmlu"], num_fewshot=1, log_samples=True, limit=3,
            task_manager=TaskManager(include_path=folder + "/tasks"), evaluation_tracker=tracker)
        samples = results.pop("samples")
        tracker.save_results_aggregated(results=results, samples=samples)
        for task, lines in samples.items():
            tracker.save_results_samples(task_name=task, samples=lines)
        files = sorted(
            os.path.join(path, name) for path, _, names in os.walk(folder + "/out")
            for name in names)
        written = json.load(open(next(f for f in files if "/results_" in f)))
        lines = [
            json.loads(line) for f in files if "/samples_" in f for line in open(f)]

    documents = [
        {"doc": line["doc"], "doc_hash": line["doc_hash"], "target": line["target"],
         "target_hash": line["target_hash"]} for line in lines]
    with open(target, "w") as file:
        json.dump({
            "results_keys": sorted(written),
            "leaf_keys": sorted(written["results"]["mini_mmlu_world_religions"]),
            "group_keys": sorted(written["groups"]["mini_mmlu"]),
            "sample_keys": sorted(lines[0]), "tasks": sorted(written["results"]),
            "documents": documents,
        }, file, indent=1, ensure_ascii=False)
        file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
