#!/usr/bin/env python3
"""Records lm-evaluation-harness's `humaneval` and `humaneval_instruct` on mini-humaneval: prompts and greedy answers.

    python3 Tests/Fixtures/humaneval/make_fixtures.py FOLDER > Tests/Fixtures/humaneval/greedy.json

FOLDER holds SmolLM2-135M-Instruct (Q4_1, dequantized) for transformers, as
`Tests/Fixtures/mmlu/lm_eval_reference.py ... --folder FOLDER` writes it. Needs lm-eval 0.4.13, transformers 5.23 and
torch; no network. The harness's own task files, prompt code, generation and cutting run, in float32; only the metric,
which it fetches, is left out.
"""
import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
PROBLEMS, TOKENS = 5, 96


def tasks():
    import lm_eval.tasks
    import yaml
    from lm_eval.api.task import ConfigurableTask

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!function", lambda loader, node: None)
    home = os.path.dirname(lm_eval.tasks.__file__) + "/humaneval"
    for name in ["humaneval", "humaneval_instruct"]:
        config = {}
        for file in ["humaneval", name]:
            with open(f"{home}/{file}.yaml") as text:
                config.update(yaml.load(text, Loader))
        for key in ["include", "metric_list", "filter_list"]:
            config.pop(key, None)
        config["metric_list"] = [{"metric": "exact_match"}]
        config.update(dataset_path="json", dataset_kwargs={
            "data_files": {"test": "datasets/mini-humaneval/mini-humaneval.jsonl"}})
        yield name, ConfigurableTask(config=config)


def main(folder):
    import torch
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    model = HFLM(pretrained=folder, dtype="float32", device="cpu", batch_size=1)
    result = {"lm_eval": "0.4.13", "max_gen_toks": TOKENS}
    for name, task in tasks():
        chat = model.apply_chat_template if name == "humaneval_instruct" else None
        docs = list(task.test_docs())
        settings = dict(task.config.generation_kwargs, max_gen_toks=TOKENS)
        rows = []
        for doc in docs[:PROBLEMS]:
            context = task.fewshot_context(
                doc, 0, apply_chat_template=chat is not None, fewshot_as_multiturn=True, chat_template=chat,
                gen_prefix=task.doc_to_prefix(doc))
            request = Instance("generate_until", doc, (context, dict(settings)), 0)
            answer, = model.generate_until([request], disable_tqdm=True)
            rows.append({"task_id": doc["task_id"], "context": context, "answer": answer})
            # A near tie may go the other way where sums are added in another order.
            print(name, doc["task_id"], repr(answer[:60]), file=sys.stderr)
        result[name] = rows
    json.dump(result, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main(*sys.argv[1:])
