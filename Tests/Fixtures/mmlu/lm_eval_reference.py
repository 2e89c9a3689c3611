#!/usr/bin/env python3
"""Runs lm-evaluation-harness's MMLU on a GGUF model in float32 and writes what it found, with its speed.

    python3 Tests/Fixtures/mmlu/lm_eval_reference.py MODEL.gguf PATH/TO/mmlu OUT.json \\
        --subjects abstract_algebra high_school_physics professional_law --limit 200 --shots 5

OUT.json has, by subject, acc, acc_stderr and the log-probabilities of every question, and the seconds of each
batch size (loading excluded). `compare_lm_eval.py` puts this program's own numbers beside them.

Needs lm-eval 0.4.13, transformers 5.23, torch, gguf; no network. The GGUF's weights are dequantized and written
once, with the tokenizer, into a folder that --folder names (temporary by default); it can be given to this program
too. --context N writes another context length into it, so that long prompts are cut.
"""
import argparse
import json
import os
import sys
import tempfile
import time

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_OFFLINE"] = "1"
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


def write_folder(gguf_file, folder, context):
    import torch
    from safetensors.torch import save_file
    from tokenizers import pre_tokenizers
    from transformers import AutoModelForCausalLM, AutoTokenizer

    if os.path.exists(f"{folder}/model.safetensors"):
        return
    place, name = os.path.split(os.path.abspath(gguf_file))
    model = AutoModelForCausalLM.from_pretrained(place, gguf_file=name, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(place, gguf_file=name)
    # What transformers makes of the GGUF lacks the step of SmolLM2's own tokenizer.json that splits digits off.
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    if context:
        model.config.max_position_embeddings = context
        tokenizer.model_max_length = context
    # It counts as quantized, and so would not be saved.
    del model.config.quantization_config
    weights = model.state_dict()
    if model.config.tie_word_embeddings:
        del weights["lm_head.weight"]
    tokenizer.save_pretrained(folder)
    model.config.save_pretrained(folder)
    model.generation_config.save_pretrained(folder)
    save_file(weights, f"{folder}/model.safetensors", metadata={"format": "pt"})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("mmlu")
    parser.add_argument("out")
    parser.add_argument("--subjects", nargs="+", required=True)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--shots", type=int, default=5)
    parser.add_argument("--batch", type=int, nargs="+", default=[8])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--context", type=int)
    parser.add_argument("--folder")
    parser.add_argument("--chat", action="store_true", help="chat template, examples as turns")
    arguments = parser.parse_args()

    import torch
    torch.set_num_threads(arguments.threads)
    from lm_eval.evaluator import simple_evaluate
    from lm_eval.models.huggingface import HFLM
    from make_fixtures import task

    result = {"lm_eval": "0.4.13", "shots": arguments.shots, "limit": arguments.limit, "chat": arguments.chat,
              "threads": arguments.threads, "context": arguments.context, "seconds": {}, "subjects": {}}
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.folder or f"{scratch}/model"
        write_folder(arguments.model, folder, arguments.context)
        for batch in arguments.batch:
            model = HFLM(pretrained=folder, dtype="float32", device="cpu", batch_size=batch)
            seconds = {}
            for subject in arguments.subjects:
                item = task(arguments.mmlu, subject, scratch)
                item.set_config("num_fewshot", arguments.shots)
                start = time.monotonic()
                found = simple_evaluate(
                    model, tasks=[item], limit=arguments.limit, bootstrap_iters=100, log_samples=True,
                    apply_chat_template=arguments.chat, fewshot_as_multiturn=arguments.chat)
                seconds[subject] = round(time.monotonic() - start, 3)
                (scores,), (samples,) = found["results"].values(), found["samples"].values()
                samples.sort(key=lambda sample: sample["doc_id"])
                result["subjects"][subject] = {
                    "acc": scores["acc,none"], "acc_stderr": scores["acc_stderr,none"],
                    "logprobs": [[float(answer[0][0]) for answer in sample["resps"]] for sample in samples],
                    "first_context": samples[0]["arguments"][0][0] if isinstance(samples[0]["arguments"], list)
                    else samples[0]["arguments"]["gen_args_0"]["arg_0"]}
                print(f"batch {batch}: {subject}: {len(samples)} questions, {seconds[subject]} s", file=sys.stderr)
                result["seconds"][str(batch)] = seconds
                # What there is, in case the rest is interrupted.
                with open(arguments.out, "w") as file:
                    json.dump(result, file)


if __name__ == "__main__":
    main()
