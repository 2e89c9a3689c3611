import Basics
import Tensors
import TestSupport
import Testing

@testable import LanguageModels

/// Folders and split checkpoints that must be refused: what is wrong, and the whole message.
@Suite struct FolderBrokenFileTests {
    /// A copy of a fixture in a folder of its own.
    final class Copy {
        let folder: TemporaryFolder

        init(of fixture: String) throws {
            folder = try TemporaryFolder()
            let source = Fixtures.path("checkpoints/\(fixture)")
            for name in try FileSystem.names(in: source) {
                try FileSystem.write(
                    FileSystem.read(FileSystem.join(source, name)), atomicallyTo: folder[name])
            }
        }

        /// Replaces text in a file, which must be there.
        func replace(_ old: String, _ new: String, in name: String = "config.json") throws {
            let text = try folder.text(of: name)
            let parts = text.split(separator: old, omittingEmptySubsequences: false)
            precondition(parts.count > 1, "'\(old)' is not in \(name)")
            try folder.write(parts.joined(separator: new), to: name)
        }

        /// Replaces text in the header of the weights.
        func patch(_ old: String, _ new: String) throws {
            let path = folder["model.safetensors"]
            let bytes = try FileSystem.read(path)
            let length = bytes.withUnsafeBytes { Int($0.load(as: UInt64.self)) }
            let header = String(decoding: bytes[8..<8 + length], as: UTF8.self)
            let parts = header.split(separator: old, omittingEmptySubsequences: false)
            precondition(parts.count > 1, "'\(old)' is not in the header")
            let changed = Array(parts.joined(separator: new).utf8)
            try FileSystem.write(
                GGUFBytes.le(UInt64(changed.count)) + changed + bytes[(8 + length)...],
                atomicallyTo: path)
        }

        func remove(_ name: String) throws { try FileSystem.remove(folder[name]) }

        func rename(_ name: String, _ new: String) throws {
            try FileSystem.write(FileSystem.read(folder[name]), atomicallyTo: folder[new])
            try remove(name)
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let fixture: String
        let message: String
        let change: @Sendable (Copy) throws -> Void

        init(
            _ name: String, in fixture: String = "stablelm/hf", _ message: String,
            _ change: @escaping @Sendable (Copy) throws -> Void
        ) {
            self.name = name
            self.fixture = fixture
            self.message = message
            self.change = change
        }

        /// One replacement in config.json.
        init(
            _ name: String, in fixture: String = "stablelm/hf", _ old: String, _ new: String,
            _ message: String
        ) {
            self.init(name, in: fixture, "/config.json: " + message) { try $0.replace(old, new) }
        }

        var testDescription: String { name }
    }

    @Test(arguments: configurations + rotary + folders + indices + weights + splits)
    func isRefused(_ broken: Case) throws {
        let copy = try Copy(of: broken.fixture)
        try broken.change(copy)
        let isSplit = broken.fixture.hasSuffix("gguf")
        let path = isSplit ? copy.folder["model-00001-of-00003.gguf"] : copy.folder.path
        let error = #expect(throws: CheckpointError.self) {
            let checkpoint = try openCheckpoint(path: path)
            _ = try ArchitectureRegistry.architecture(
                named: checkpoint.configuration().architecture)?.init(
                    weights: WeightLoader(
                        checkpoint: checkpoint, backend: CPUBackend(threads: 1, computation: .f32)))
        }
        let found = (error?.description ?? "").split(
            separator: copy.folder.path, omittingEmptySubsequences: false)
        #expect(found.joined() == broken.message)
    }

    static let configurations = [
        Case("not JSON", "{", "", "line 2, column 18: there is more after the end."),
        Case(
            "a string for a number", #""num_attention_heads": 3"#,
            #""num_attention_heads": "3""#,
            "num_attention_heads: wanted an integer, found the string '3'."),
        Case(
            "a fraction for a count", #""hidden_size": 48"#, #""hidden_size": 48.5"#,
            "hidden_size: wanted an integer, found 48.5."),
        Case(
            "a missing count", #""num_hidden_layers": 2,"#, "",
            "there is no 'num_hidden_layers', which this model needs."),
        Case(
            "no layers", #""num_hidden_layers": 2"#, #""num_hidden_layers": 0"#,
            "num_hidden_layers is 0; wanted 1 to 10000."),
        Case(
            "absurdly many layers", #""num_hidden_layers": 2"#, #""num_hidden_layers": 100000"#,
            "num_hidden_layers is 100000; wanted 1 to 10000."),
        Case(
            "no heads", #""num_attention_heads": 3"#, #""num_attention_heads": 0"#,
            "num_attention_heads is 0; wanted 1 to 1073741824."),
        Case(
            "heads that do not share", #""num_key_value_heads": 1"#, #""num_key_value_heads": 2"#,
            "3 heads (num_attention_heads) do not share 2 key/value heads (num_key_value_heads) "
                + "evenly."),
        Case(
            "an odd head size", #""hidden_size": 48"#, #""hidden_size": 45"#,
            "a head size of 15 is odd or larger than the width of 45 (num_attention_heads is 3)."),
        Case(
            "no vocabulary", #""vocab_size": 97"#, #""vocab_size": null"#,
            "there is no 'vocab_size', which this model needs."),
        Case(
            "a negative vocabulary", #""vocab_size": 97"#, #""vocab_size": -97"#,
            "vocab_size is -97; wanted 1 to 1073741824."),
        Case(
            "an end outside the vocabulary", "    5\n", "    97\n",
            "eos_token_id: there is no token 97 in a vocabulary of 97."),
        Case(
            "an end that is no id", "    5\n", "    \"5\"\n",
            "eos_token_id: wanted an integer or a list of them, found a list of 2."),
        Case(
            "epsilon 0", #""layer_norm_eps": 1e-05"#, #""layer_norm_eps": 0"#,
            "layer_norm_eps is 0.0; wanted a number above 0."),
        Case(
            "epsilon 1e400", #""layer_norm_eps": 1e-05"#, #""layer_norm_eps": 1e400"#,
            "line 17, column 21: the number 1e400 cannot be represented."),
        Case(
            "a key twice", #""use_cache": true"#, #""vocab_size": 97"#,
            "line 35, column 3: the key 'vocab_size' occurs twice."),
        Case(
            "another class", "StableLmForCausalLM", "MistralForCausalLM",
            "architectures: 'MistralForCausalLM' is not supported; wanted GPTNeoXForCausalLM, "
                + "LlamaForCausalLM, StableLmForCausalLM."),
        Case(
            "no class and another type",
            "/config.json: model_type 'mamba' is not supported; wanted gpt_neox, llama, stablelm."
        ) {
            try $0.replace(#""architectures""#, #""other""#)
            try $0.replace(#""model_type": "stablelm""#, #""model_type": "mamba""#)
        },
        Case(
            "another activation", #""hidden_act": "silu""#, #""hidden_act": "relu""#,
            "hidden_act is 'relu', which is not supported; wanted 'silu'."),
        Case(
            "a parallel variant", #""use_parallel_residual": false"#,
            #""use_parallel_residual": true"#,
            "use_parallel_residual is true: this variant of StableLmForCausalLM is not supported."),
        Case(
            "normalised queries", #""qk_layernorm": false"#, #""qk_layernorm": true"#,
            "qk_layernorm is true: this variant of StableLmForCausalLM is not supported."),
        Case(
            "a switch that is a number", #""tie_word_embeddings": false"#,
            #""tie_word_embeddings": 0"#, "tie_word_embeddings: wanted true or false, found 0."),
        Case(
            "biases in llama", in: "llama-old/hf", #""attention_bias": false"#,
            #""attention_bias": true"#,
            "attention_bias is true: this variant of LlamaForCausalLM is not supported."),
        Case(
            "quantized weights", #""use_cache": true"#,
            #""quantization_config": {"quant_method": "gptq"}"#,
            "quantization_config: weights quantized by 'gptq' are not supported. "
                + "Use the original model, or a GGUF file."),
    ]

    static let rotary = [
        Case(
            "another scaling", in: "llama-scaled/hf", #""rope_type": "llama3""#,
            #""rope_type": "yarn""#,
            "rope_parameters.rope_type is 'yarn', which is not supported; wanted 'default' or "
                + "'llama3'."),
        Case(
            "an old scaling", in: "llama-old/hf", #""rope_scaling": null"#,
            #""rope_scaling": {"type": "linear", "factor": 2.0}"#,
            "rope_scaling.type is 'linear', which is not supported; wanted 'default' or 'llama3'."
        ),
        Case(
            "a scaling without its factor", in: "llama-scaled/hf", #""factor": 4.0,"#, "",
            "there is no 'rope_parameters.factor', which this model needs."),
        Case(
            "a factor that is text", in: "llama-scaled/hf", #""factor": 4.0"#,
            #""factor": "4""#, "rope_parameters.factor: wanted a number, found the string '4'."),
        Case(
            "frequencies in the wrong order", in: "llama-scaled/hf", #""low_freq_factor": 1.0"#,
            #""low_freq_factor": 4.0"#,
            "rope_parameters.low_freq_factor is 4.0; wanted less than high_freq_factor, 4.0."),
        Case(
            "a negative base", in: "llama-old/hf", #""rope_theta": 20000.0"#,
            #""rope_theta": -1"#, "rope_theta is -1.0; wanted a number above 0."),
        Case(
            "parameters that are a list", in: "llama-scaled/hf", #""rope_parameters": {"#,
            #""rope_parameters": [], "other": {"#,
            "rope_parameters: wanted an object, found a list of 0."),
        Case(
            "more than a whole head", #""partial_rotary_factor": 0.25"#,
            #""partial_rotary_factor": 1.5"#,
            "rope_parameters.partial_rotary_factor is 1.5; wanted a share above 0 and at most 1."),
        Case(
            "an odd number of elements", #""partial_rotary_factor": 0.25"#,
            #""partial_rotary_factor": 0.2"#,
            "rope_parameters.partial_rotary_factor is 3; wanted an even number of at most the "
                + "head size, 16."),
        Case(
            "a part of a head in llama", in: "llama-old/hf", #""rope_theta": 20000.0"#,
            #""partial_rotary_factor": 0.5"#,
            "partial_rotary_factor is 0.5: this variant of LlamaForCausalLM is not supported."),
    ]

    static let folders = [
        Case(
            "no configuration",
            ": the folder has no config.json; wanted a folder with config.json and safetensors."
        ) { try $0.remove("config.json") },
        Case(
            "a folder with a GGUF file",
            ": the folder has no config.json. For a GGUF file name the file itself: 'a.gguf'."
        ) {
            try $0.remove("config.json")
            try $0.folder.write("", to: "a.gguf")
        },
        Case(
            "no weights",
            ": the folder has no model.safetensors and no model.safetensors.index.json."
        ) { try $0.remove("model.safetensors") },
        Case(
            "pickled weights",
            ": its weights are in 'pytorch_model.bin', a pickle file, which may run code when it "
                + "is read and is never opened. Wanted model.safetensors: fetch the repository's "
                + "safetensors, or convert the file where you trust it."
        ) { try $0.rename("model.safetensors", "pytorch_model.bin") },
        Case(
            "ends of the wrong type",
            "/generation_config.json: eos_token_id: wanted an integer or a list of them, "
                + "found true."
        ) { try $0.folder.write(#"{"eos_token_id": true}"#, to: "generation_config.json") },
        Case(
            "a configuration that is a list", "/config.json: wanted an object, found a list of 0."
        ) { try $0.folder.write("[]", to: "config.json") },
    ]

    private static let index = "model.safetensors.index.json"

    static let indices = [
        Case(
            "a shard outside the folder", in: "llama-scaled/hf",
            "/\(index): tensor 'model.embed_tokens.weight' is said to be in "
                + "'../model-00001-of-00003.safetensors'; wanted the bare name of a .safetensors "
                + "file beside the index."
        ) {
            try $0.replace(
                #""model.embed_tokens.weight": "model"#, #""model.embed_tokens.weight": "../model"#,
                in: index)
        },
        Case(
            "a missing shard", in: "llama-scaled/hf",
            ": 'model-00002-of-00003.safetensors', which model.safetensors.index.json names, is "
                + "missing. Fetch it again."
        ) { try $0.remove("model-00002-of-00003.safetensors") },
        Case(
            "a tensor in another shard", in: "llama-scaled/hf",
            "/\(index): tensor 'model.embed_tokens.weight' is said to be in "
                + "'model-00003-of-00003.safetensors', which does not hold it. The files do not "
                + "belong together; fetch them again."
        ) {
            try $0.replace(
                #""model.embed_tokens.weight": "model-00001"#,
                #""model.embed_tokens.weight": "model-00003"#, in: index)
        },
        Case(
            "a tensor that is nowhere", in: "llama-scaled/hf",
            "/\(index): tensor 'more' is said to be in 'model-00001-of-00003.safetensors', which "
                + "does not hold it. The files do not belong together; fetch them again."
        ) {
            try $0.replace(
                #""weight_map": {"#,
                #""weight_map": {"more": "model-00001-of-00003.safetensors","#, in: index)
        },
        Case(
            "a tensor in two shards", in: "llama-scaled/hf",
            "/\(index): tensor 'model.embed_tokens.weight' is in "
                + "'model-00001-of-00003.safetensors' and in 'model-00003-of-00003.safetensors'."
        ) {
            try FileSystem.write(
                FileSystem.read($0.folder["model-00001-of-00003.safetensors"]),
                atomicallyTo: $0.folder["model-00003-of-00003.safetensors"])
        },
        Case(
            "no map", in: "llama-scaled/hf", "/\(index): there is no weight_map, or it is empty."
        ) { try $0.folder.write(#"{"metadata": {}}"#, to: index) },
        Case(
            "a map of numbers", in: "llama-scaled/hf",
            "/\(index): line 1, column 22: wanted a string."
        ) { try $0.folder.write(#"{"weight_map": {"a": 1}}"#, to: index) },
        Case(
            "a tensor named twice", in: "llama-scaled/hf",
            "/\(index): line 1, column 39: the key 'a' occurs twice."
        ) {
            try $0.folder.write(
                #"{"weight_map": {"a": "b.safetensors", "a": "b.safetensors"}}"#, to: index)
        },
    ]

    static let weights = [
        Case(
            "an unknown tensor",
            "/model.safetensors: tensor 'model.layers.0.mlp.gate_prox.weight' is not part of a "
                + "StableLmForCausalLM; this variant is not supported."
        ) { try $0.patch("layers.0.mlp.gate_proj", "layers.0.mlp.gate_prox") },
        Case(
            "a missing tensor",
            ": there is no tensor 'model.layers.1.mlp.up_proj.weight', which this model needs. "
                + "The nearest is 'model.layers.0.mlp.up_proj.weight'."
        ) { try $0.patch("model.layers.1.mlp.up_proj", "model.layers.9.mlp.up_proj") },
        Case(
            "a missing head",
            ": there is no tensor 'lm_head.weight', which this model needs."
        ) { try $0.patch("\"lm_head.weight\"", "\"model.layers.7.mlp.up_proj.weight\"") },
        Case(
            "a tensor of another shape",
            "/model.safetensors: tensor 'model.norm.weight': expected [48], checkpoint has [24, 2]."
        ) {
            try $0.patch(
                #""model.norm.weight":{"dtype":"F16","shape":[48]"#,
                #""model.norm.weight":{"dtype":"F16","shape":[24,2]"#)
        },
        Case(
            "whole numbers for weights",
            "/model.safetensors: tensor 'model.norm.weight': its numbers are I16; wanted F32, F16 "
                + "or BF16."
        ) {
            try $0.patch(
                #""model.norm.weight":{"dtype":"F16""#, #""model.norm.weight":{"dtype":"I16""#)
        },
        Case(
            "a fused matrix that does not divide", in: "gptneox/hf",
            "/model.safetensors: tensor 'gpt_neox.layers.0.attention.query_key_value.bias': "
                + "expected [144], checkpoint has [72, 2]."
        ) {
            try $0.patch(
                #"layers.0.attention.query_key_value.bias":{"dtype":"F16","shape":[144]"#,
                #"layers.0.attention.query_key_value.bias":{"dtype":"F16","shape":[72,2]"#)
        },
    ]

    static let splits = [
        Case(
            "a missing part", in: "llama-scaled/gguf",
            "/model-00001-of-00003.gguf: part 3 of 3 is missing: 'model-00003-of-00003.gguf'. "
                + "Fetch it again."
        ) { try $0.remove("model-00003-of-00003.gguf") },
        Case(
            "a part in another's place", in: "llama-scaled/gguf",
            "/model-00002-of-00003.gguf: split.no is 2 of 3; wanted 1 of 3."
        ) {
            try FileSystem.write(
                FileSystem.read($0.folder["model-00003-of-00003.gguf"]),
                atomicallyTo: $0.folder["model-00002-of-00003.gguf"])
        },
        Case(
            "a part of another model", in: "llama-scaled/gguf",
            "/model-00003-of-00003.gguf: the metadata has no 'split.no', which this model needs."
        ) {
            try FileSystem.write(
                GGUFBytes.miniature.bytes, atomicallyTo: $0.folder["model-00003-of-00003.gguf"])
        },
        Case(
            "a tensor in two parts", in: "llama-scaled/gguf",
            "/model-00003-of-00003.gguf: tensor 'token_embd.weight' is in "
                + "'model-00001-of-00003.gguf' too."
        ) { copy in
            var part = GGUFBytes()
            part.pairs = [
                GGUFBytes.pair("split.no", 2, GGUFBytes.le(UInt16(2))),
                GGUFBytes.pair("split.count", 2, GGUFBytes.le(UInt16(3))),
            ]
            part.tensors = [GGUFBytes.tensor("token_embd.weight", [4], 0, 0)]
            part.data = [UInt8](repeating: 0, count: 16)
            try FileSystem.write(
                part.bytes, atomicallyTo: copy.folder["model-00003-of-00003.gguf"])
        },
        Case(
            "fewer tensors than there should be", in: "llama-scaled/gguf",
            "/model-00001-of-00003.gguf: split.tensors.count is 21, the files hold 20 tensors."
        ) { copy in
            var part = GGUFBytes()
            part.pairs = [
                GGUFBytes.pair("split.no", 2, GGUFBytes.le(UInt16(2))),
                GGUFBytes.pair("split.count", 2, GGUFBytes.le(UInt16(3))),
            ]
            part.tensors = [
                GGUFBytes.tensor("a", [4], 0, 0), GGUFBytes.tensor("b", [4], 0, 32),
            ]
            part.data = [UInt8](repeating: 0, count: 48)
            try FileSystem.write(
                part.bytes, atomicallyTo: copy.folder["model-00003-of-00003.gguf"])
        },
        Case(
            "a whole file under a part's name", in: "gptneox/gguf",
            "/model-00001-of-00003.gguf: part 2 of 3 is missing: 'model-00002-of-00003.gguf'. "
                + "Fetch it again."
        ) { try $0.rename("model.gguf", "model-00001-of-00003.gguf") },
    ]

    @Test func anotherPartThanTheFirstIsRefused() throws {
        let copy = try Copy(of: "llama-scaled/gguf")
        let path = copy.folder["model-00002-of-00003.gguf"]
        let error = #expect(throws: CheckpointError.self) { try openCheckpoint(path: path) }
        #expect(
            error?.problem
                == "this is part 2 of 3. Name the first part: 'model-00001-of-00003.gguf'.")
    }

    @Test func aPartUnderAnotherNameIsRefused() throws {
        let copy = try Copy(of: "llama-scaled/gguf")
        try copy.rename("model-00002-of-00003.gguf", "part.gguf")
        let error = #expect(throws: CheckpointError.self) {
            try openCheckpoint(path: copy.folder["part.gguf"])
        }
        #expect(
            error?.problem
                == "this is part 2 of a checkpoint split into 3 files; wanted the names that "
                + "llama-gguf-split gives, 'NAME-00001-of-0000N.gguf'.")
    }
}
