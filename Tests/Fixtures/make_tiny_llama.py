#!/usr/bin/env python3
"""Write tiny-llama.gguf and tiny-llama.reference.json: a llama of odd sizes with random weights, and what
transformers computes with it in float32.

    python3 -m pip install torch transformers tokenizers gguf numpy
    python3 Tests/Fixtures/make_tiny_llama.py Tests/Fixtures

The vocabulary is the 256 bytes, a few merges and two special tokens, so that texts can be encoded.
"""
import json
import sys
import gguf
import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM

WIDTH, LAYERS, HEADS, KV_HEADS, FEED_FORWARD, CONTEXT, THETA = 64, 2, 4, 2, 96, 128, 20000.0
TEXTS = ["Hello, World", "In the thin\n\nend: 123", "\u00e9\u4e2d x"]
CONTINUATIONS = [" A", " B", " the inn", "\n7", " D"]
torch.manual_seed(7)


def byte_characters():
    """GPT-2's printable stand-ins for bytes, in byte order."""
    keep = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table, extra = {}, 0
    for b in range(256):
        if b in keep:
            table[b] = chr(b)
        else:
            table[b] = chr(256 + extra)
            extra += 1
    return [table[b] for b in range(256)]


def main(folder):
    characters = byte_characters()
    space = characters[32]
    merges = [("t", "h"), ("th", "e"), (space, "the"), ("i", "n"), (space, "a"), (space, "A"), (space, "B"),
              (space, "C"), (space, "D")]
    tokens = characters + [a + b for a, b in merges] + ["<|begin|>", "<|end|>"]
    config = LlamaConfig(
        vocab_size=len(tokens), hidden_size=WIDTH, intermediate_size=FEED_FORWARD, num_hidden_layers=LAYERS,
        num_attention_heads=HEADS, num_key_value_heads=KV_HEADS, max_position_embeddings=CONTEXT,
        rms_norm_eps=1e-5, rope_theta=THETA, tie_word_embeddings=False,
        rope_parameters={"rope_type": "default", "rope_theta": THETA})
    model = LlamaForCausalLM(config).float().eval()
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(1 + 0.2 * torch.randn_like(p) if "norm" in name else torch.randn_like(p) / p.shape[-1] ** 0.5)
    state = {k: v.detach().numpy() for k, v in model.state_dict().items()}

    w = gguf.GGUFWriter(f"{folder}/tiny-llama.gguf", "llama")
    w.add_name("tiny llama")
    w.add_block_count(LAYERS)
    w.add_context_length(CONTEXT)
    w.add_embedding_length(WIDTH)
    w.add_feed_forward_length(FEED_FORWARD)
    w.add_head_count(HEADS)
    w.add_head_count_kv(KV_HEADS)
    w.add_layer_norm_rms_eps(1e-5)
    w.add_rope_freq_base(THETA)
    w.add_rope_dimension_count(WIDTH // HEADS)
    w.add_vocab_size(len(tokens))
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("smollm")
    w.add_token_list(tokens)
    w.add_token_types([1] * (len(tokens) - 2) + [3, 3])
    w.add_token_merges([" ".join(m) for m in merges])
    w.add_bos_token_id(len(tokens) - 2)
    w.add_eos_token_id(len(tokens) - 1)
    w.add_add_bos_token(False)

    def permuted(x, heads):
        """Rows of q and k from half-split to interleaved pairs, as llama.cpp's conversion does."""
        return x.reshape(heads, 2, x.shape[0] // heads // 2, x.shape[1]).swapaxes(1, 2).reshape(x.shape)

    w.add_tensor("token_embd.weight", state["model.embed_tokens.weight"])
    for i in range(LAYERS):
        source, target = f"model.layers.{i}.", f"blk.{i}."
        for a, b, heads in (("self_attn.q_proj", "attn_q", HEADS), ("self_attn.k_proj", "attn_k", KV_HEADS),
                            ("self_attn.v_proj", "attn_v", 0), ("self_attn.o_proj", "attn_output", 0),
                            ("mlp.gate_proj", "ffn_gate", 0), ("mlp.up_proj", "ffn_up", 0),
                            ("mlp.down_proj", "ffn_down", 0), ("input_layernorm", "attn_norm", 0),
                            ("post_attention_layernorm", "ffn_norm", 0)):
            x = state[f"{source}{a}.weight"]
            w.add_tensor(f"{target}{b}.weight", np.ascontiguousarray(permuted(x, heads) if heads else x))
    w.add_tensor("output_norm.weight", state["model.norm.weight"])
    w.add_tensor("output.weight", state["lm_head.weight"])
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()

    ids = torch.randint(0, len(tokens) - 2, (1, 64))
    with torch.no_grad():
        logits = model(ids).logits[0]
        greedy = model.generate(ids[:, :9], max_new_tokens=24, do_sample=False, eos_token_id=None, pad_token_id=0)
    rows = [0, 1, 2, 31, 62, 63]

    bpe = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=merges))
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])

    def log_probabilities(sequence):
        with torch.no_grad():
            return torch.log_softmax(model(torch.tensor([sequence])).logits[0].double(), -1)

    def score(context, continuation):
        """As lm-evaluation-harness does: encoded as one, cut where the context's own tokens end."""
        whole, start = bpe.encode(context + continuation).ids, len(bpe.encode(context).ids)
        table = log_probabilities(whole[:-1])[start - 1:]
        return {"continuation": continuation, "tokens": len(whole) - start,
                "logprob": round(sum(float(row[t]) for row, t in zip(table, whole[start:])), 6),
                "greedy": [int(row.argmax()) for row in table] == whole[start:]}

    texts = []
    for text in TEXTS:
        prompt = bpe.encode(text).ids
        with torch.no_grad():
            continued = model.generate(torch.tensor([prompt]), max_new_tokens=24, do_sample=False, eos_token_id=None,
                                       pad_token_id=0)[0].tolist()
        table = log_probabilities(continued)
        texts.append({"text": text, "prompt": prompt, "greedy": continued[len(prompt):],
                      "logprobs": [round(float(table[i - 1, continued[i]]), 6)
                                   for i in range(len(prompt), len(continued))],
                      "scores": [score(text, c) for c in CONTINUATIONS]})
    json.dump({"tokens": ids[0].tolist(), "rows": rows,
               "logits": [[round(float(v), 6) for v in logits[r]] for r in rows],
               "argmax": logits.argmax(-1).tolist(),
               "prompt": ids[0, :9].tolist(), "greedy": greedy[0, 9:].tolist(),
               "texts": texts},
              open(f"{folder}/tiny-llama.reference.json", "w"))


if __name__ == "__main__":
    main(sys.argv[1])
