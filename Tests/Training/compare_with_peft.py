#!/usr/bin/env python3
"""Compare `billion`'s fine-tuning with PEFT and torch: losses, final logits, speed, memory; and time a synthetic 1.1B.

    python3 Tests/Training/compare_with_peft.py parity --reference peft_reference.py --model M.gguf --data alpaca.json
    python3 Tests/Training/compare_with_peft.py speed  --reference peft_reference.py --model M.gguf --data alpaca.json
    python3 Tests/Training/compare_with_peft.py synthetic [--shape tinyllama-1.1b-chat] [--quantization q8_0]

`parity` trains twice from the same adapter, on the same tokens in the same order and without dropout, and compares every
logged loss and the logits of the final adapters on the records after those trained on. `speed` alternates short
trainings of both. The reference script is one that takes --model --data --out --n --epochs --threads and writes
adapter_init/, adapter_final/, tokens.json and log.jsonl. Needs torch, transformers and peft (not for `synthetic`).
"""
import argparse
import ctypes
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time

MANIFEST = """\
name: compare
seed: 0
matrix: {{model: [it], quantization: [{quantization}], task: [lora], hardware: [cpu]}}
models: {{it: {model}}}
tasks: {{lora: {{{settings}}}}}
hardware: {{cpu: {{backend: cpu, threads: {threads}}}}}
"""


def ours(a, folder, model, settings, quantization="as-stored"):
    """Runs one fine-tuning job; its updates and its metrics."""
    os.makedirs(f"{folder}/experiments", exist_ok=True)
    with open(f"{folder}/experiments/compare.yaml", "w") as f:
        f.write(MANIFEST.format(model=model, settings=settings, threads=a.threads, quantization=quantization))
    database = f"{folder}/runs.sqlite"
    subprocess.run([a.billion, "run", "experiments/compare.yaml", "--db", database, "--fresh"], cwd=folder, check=True,
                   stdout=subprocess.DEVNULL)
    def ask(*words):
        return json.loads(subprocess.run([a.billion, *words, "--db", database, "--json"], cwd=folder, check=True,
                                         capture_output=True, text=True).stdout)
    metrics = ask("query", "SELECT metric, value FROM results WHERE run_id = (SELECT max(run_id) FROM results)")
    return ask("lora", "log", "latest"), {m["metric"]: m["value"] for m in metrics}


def reference(a, out, n, epochs):
    if not os.path.exists(f"{out}/adapter_final"):
        subprocess.run([sys.executable, a.reference, "--model", a.model, "--data", a.data, "--out", out, "--n", str(n),
                        "--epochs", str(epochs), "--threads", str(a.threads)], check=True, stdout=subprocess.DEVNULL)
    return [json.loads(line) for line in open(f"{out}/log.jsonl")]


def settings(a, out, epochs):
    return (f"dataset: {out}/tokens.json, order: file, lora_dropout: 0, init_adapter: {out}/adapter_init, "
            f"output_dir: {a.work}/adapter_ours, num_train_epochs: {epochs}, max_train_samples: 100000, eval_split: none"
            + (", bf16: true" if a.bf16 else ""))


def parity(a):
    out = f"{a.work}/reference-{a.n}"
    theirs = reference(a, out, a.n, a.epochs)
    mine, metrics = ours(a, f"{a.work}/project", f"{{path: {a.model}}}", settings(a, out, a.epochs))
    assert len(mine) == len(theirs), (len(mine), len(theirs))
    print("update  loss (PEFT)  loss (ours)  relative   grad_norm (PEFT)  (ours)    tokens")
    worst = 0
    for x, y in zip(theirs, mine):
        error = abs(x["loss"] - y["loss"]) / x["loss"]
        worst = max(worst, error)
        assert x["tokens"] == y["tokens"] and abs(x["lr"] - y["lr"]) < 1e-12
        print(f"{x['update']:6d}  {x['loss']:11.7f}  {y['loss']:11.7f}  {error:8.1e}  {x['grad_norm']:16.6f}  "
              f"{y['grad_norm']:8.6f}  {y['tokens']:6d}")
    print(f"largest relative difference of a loss {worst:.1e} (wanted {'1e-2' if a.bf16 else '1e-3'}); peak memory "
          f"{theirs[-1]['peak_rss_mib']} MiB and {metrics['train_peak_resident_bytes'] / 2**20:.0f} MiB")
    print(f"largest difference of a logit {logits(a, out):.5f} (wanted 0.02)")


def logits(a, out):
    """Both final adapters in PEFT, on the four records after those trained on."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer
    folder, file = os.path.split(a.model)
    kw = {"gguf_file": file} if file.endswith(".gguf") else {}
    folder = folder if kw else a.model
    tokenizer = AutoTokenizer.from_pretrained(folder, **kw)
    records = json.load(open(a.data))[a.n:a.n + 4]
    texts = [f"### Instruction:\n{r['instruction']}\n\n### Response:\n{r['output']}" for r in records]
    found = []
    for adapter in (f"{out}/adapter_final", f"{a.work}/adapter_ours"):
        base = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **kw)
        model = PeftModel.from_pretrained(base, adapter).eval()
        with torch.no_grad():
            found.append([model(**tokenizer(t, return_tensors="pt")).logits[0, :, :tokenizer.vocab_size] for t in texts])
    return max((x - y).abs().max().item() for x, y in zip(*found))


def speed(a):
    rates = {"PEFT": [], "ours": []}
    for turn in range(a.rounds):
        out = f"{a.work}/speed-{a.n}-{turn}"
        log = reference(a, out, a.n, 1)
        rates["PEFT"].append(sum(x["tokens"] for x in log) / log[-1]["seconds"])
        mine, metrics = ours(a, f"{a.work}/project", f"{{path: {a.model}}}", settings(a, out, 1))
        rates["ours"].append(sum(x["tokens"] for x in mine) / mine[-1]["seconds"])
        print(f"round {turn + 1}: PEFT {rates['PEFT'][-1]:.1f}, ours {rates['ours'][-1]:.1f} tokens/s; peak "
              f"{log[-1]['peak_rss_mib']} and {metrics['train_peak_resident_bytes'] / 2**20:.0f} MiB", flush=True)
    middle = {k: statistics.median(v) for k, v in rates.items()}
    print(f"median: PEFT {middle['PEFT']:.1f}, ours {middle['ours']:.1f} tokens/s, {middle['ours'] / middle['PEFT']:.2f} times")


def sgemm_rate(threads, n=2048):
    """GFLOP/s of OpenBLAS."""
    blas = ctypes.CDLL("libopenblas.so.0")
    blas.openblas_set_num_threads(threads)
    x, y, z = ((ctypes.c_float * (n * n))(*([1.0] * (n * n))) for _ in range(3))
    best = 0
    for _ in range(6):
        start = time.perf_counter()
        blas.cblas_sgemm(101, 111, 111, n, n, n, ctypes.c_float(1), x, n, y, n, ctypes.c_float(0), z, n)
        best = max(best, 2 * n**3 / (time.perf_counter() - start) / 1e9)
    return best


def synthetic(a):
    """Useful operations: products of the forward and of the gradients of activations, without the embedding."""
    os.makedirs(a.work, exist_ok=True)
    generator = random.Random(0)
    lengths = [generator.randint(100, 300) for _ in range(a.n)]
    data = f"{a.work}/random-tokens.json"
    json.dump([[generator.randrange(5, 32000) for _ in range(n)] for n in lengths], open(data, "w"))
    mine, metrics = ours(
        a, f"{a.work}/project", f"{{random: {a.shape}}}",
        f"dataset: {data}, num_train_epochs: 1, eval_split: none, output_dir: {a.work}/adapter_synthetic"
        + (", bf16: true" if a.bf16 else ""), a.quantization)
    tokens = sum(x["tokens"] for x in mine)
    rate = tokens / mine[-1]["seconds"]
    operations = rate * 4 * a.parameters / 1e9
    blas = sgemm_rate(a.threads)
    print(f"{a.shape} {a.quantization}: {rate:.1f} tokens/s, {operations:.0f} GFLOP/s of {blas:.0f} by sgemm "
          f"({100 * operations / blas:.0f} %), peak {metrics['train_peak_resident_bytes'] / 2**20:.0f} MiB; "
          f"100 records of 200 tokens, 3 epochs: {60000 / rate / 60:.1f} minutes")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=["parity", "speed", "synthetic"])
    p.add_argument("--billion", default=os.path.abspath(f"{os.path.dirname(__file__)}/../../billion"))
    p.add_argument("--reference")
    p.add_argument("--model")
    p.add_argument("--data")
    p.add_argument("--work", default="/tmp/billion-training")
    p.add_argument("--n", type=int, help="records (parity 100, speed 32, synthetic 16)")
    p.add_argument("--epochs", type=int, default=3)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--bf16", action="store_true", help="ours with bf16 products")
    p.add_argument("--shape", default="tinyllama")
    p.add_argument("--quantization", default="q8_0")
    p.add_argument("--parameters", type=float, default=1034.5e6, help="in products, of the shape")
    a = p.parse_args()
    a.n = a.n or dict(parity=100, speed=32, synthetic=16)[a.what]
    os.makedirs(a.work, exist_ok=True)
    globals()[a.what](a)


if __name__ == "__main__":
    main()
