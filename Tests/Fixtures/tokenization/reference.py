"""Tokenizers of the `tokenizers` library, put together as the models' tokenizer.json files are."""
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def split(pattern):
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])


def gpt2():
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)


def digits():
    return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), gpt2()])


# Pre-tokenizer's name: normalizer, pre-tokenizer, ignore_merges
KINDS = {
    "smollm": (None, digits, False),
    "starcoder": (None, digits, False),
    "gpt-2": (None, gpt2, False),
    "gpt-neox": (normalizers.NFC, gpt2, False),
    "llama-bpe": (None, lambda: split(LLAMA3 % "{1,3}"), True),
    "qwen2": (normalizers.NFC, lambda: split(LLAMA3 % ""), False),
    "stablelm2": (None, lambda: split(LLAMA3 % ""), False),
}
SPACE_PREFIXES = ["everySegment", "firstSegment"]


def byte_level(vocabulary, kind):
    normalizer, pre_tokenizer, ignore_merges = KINDS[kind]
    tokens = vocabulary["tokens"]
    tokenizer = Tokenizer(models.BPE(
        vocab={text: index for index, text in enumerate(tokens)},
        merges=[tuple(line.split(" ")) for line in vocabulary["merges"]],
        ignore_merges=ignore_merges))
    if normalizer:
        tokenizer.normalizer = normalizer()
    tokenizer.pre_tokenizer = pre_tokenizer()
    tokenizer.decoder = decoders.ByteLevel()
    return with_added(tokenizer, vocabulary)


def implied_merges(tokens, types, scores):
    """Merges of a SentencePiece vocabulary, in the order that transformers' converter gives."""
    ids = {text: index for index, text in enumerate(tokens)}
    pieces = {text for text, kind in zip(tokens, types) if kind == 1}
    found = []
    for text in tokens:
        if text not in pieces:
            continue
        cuts = [(text[:i], text[i:]) for i in range(1, len(text))]
        local = [(a, b, scores[ids[text]]) for a, b in cuts if a in pieces and b in pieces]
        found += sorted(local, key=lambda m: (ids[m[0]], ids[m[1]]))
    found.sort(key=lambda m: (m[2], len(m[0]), len(m[1])), reverse=True)
    return [(a, b) for a, b, _ in found]


def sentence_piece(vocabulary, prefix):
    tokens = vocabulary["tokens"]
    tokenizer = Tokenizer(models.BPE(
        vocab={text: index for index, text in enumerate(tokens)},
        merges=implied_merges(tokens, vocabulary["types"], vocabulary["scores"]),
        unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    if prefix == "firstSegment":
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(
            replacement="▁", prepend_scheme="first", split=False)
    else:
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
        decoders.Strip(" ", 1, 0)])
    return with_added(tokenizer, vocabulary)


def with_added(tokenizer, vocabulary):
    special, user = [], []
    for index, (text, kind) in enumerate(zip(vocabulary["tokens"], vocabulary["types"])):
        if kind in (2, 3):
            special.append(AddedToken(text, special=True, normalized=False))
        # The matrix's unused rows are no tokens, though some files say so.
        if kind == 4 and text != f"[PAD{index}]":
            user.append(AddedToken(text, special=False, normalized=True))
    if special:
        tokenizer.add_special_tokens(special)
    if user:
        tokenizer.add_tokens(user)
    return tokenizer


def vocabulary_of(path):
    """The tokenizer part of a GGUF file, and its kind."""
    from gguf import GGUFReader

    fields = GGUFReader(path).fields
    key = "tokenizer.ggml."
    value = lambda name: fields[key + name].contents() if key + name in fields else None
    return {
        "model": value("model"), "pre": value("pre") or "gpt-neox", "tokens": value("tokens"),
        "types": value("token_type"), "merges": value("merges"), "scores": value("scores"),
        "bos": value("bos_token_id"), "eos": value("eos_token_id"),
    }


def encode(tokenizer, texts, parse_special):
    tokenizer.encode_special_tokens = not parse_special
    return [e.ids for e in tokenizer.encode_batch(texts, add_special_tokens=False)]
