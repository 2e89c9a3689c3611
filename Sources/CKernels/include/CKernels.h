#pragma once
// Numeric kernels: the only code of the project that uses intrinsics.
//
// Every kernel has a scalar version, which is its specification, and variants for instruction
// sets that are compiled with per-function target attributes and chosen once at run time
// (dispatch.c). All functions are safe to call from several threads.
//
// Number types are named by their GGUF ids (ggml_type), so that no table translates them.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ck_type {
    CK_F32 = 0,
    CK_F16 = 1,
    CK_Q4_0 = 2,
    CK_Q4_1 = 3,
    CK_Q5_0 = 6,
    CK_Q5_1 = 7,
    CK_Q8_0 = 8,
    CK_Q4_K = 12,
    CK_Q5_K = 13,
    CK_Q6_K = 14,
    CK_BF16 = 30,
};

// --- choice of the instruction set -----------------------------------------------------------

/// Name of the variant in use: "scalar", "avx2", "avx512", "avx512bf16", "amx", "neoni8mm",
/// "neon".
const char *ck_variant(void);
/// Uses the named variant from now on. False (and no change) when it is unknown or this
/// processor cannot run it. Not for use while kernels run on other threads.
bool ck_choose_variant(const char *name);
/// The same for the calling thread alone, over the choice above; null ends it. For tests, which
/// compare variants while other threads compute.
bool ck_choose_variant_here(const char *name);
/// Names that this build knows, best first, null at the end.
const char *const *ck_variants(void);
/// True when this processor can run the named variant.
bool ck_can_run(const char *name);

// --- matrices --------------------------------------------------------------------------------

/// True when `type` has kernels of its own (others are dequantized by the caller).
bool ck_has_type(int type);
/// y[r] = dot(W[r, :], x) for r in 0..<rows; f32 products and accumulation (4 or 8 lanes).
/// W: rows of `row_bytes` bytes in `type`; x: [columns] f32, columns a multiple of the block.
void ck_gemv(int type, int64_t rows, int64_t columns, const void *w, int64_t row_bytes,
             const float *x, float *y);
/// out[i] = value i of n consecutive values stored as `type`; exact.
void ck_dequantize(int type, const void *source, int64_t n, float *out);

// --- packed weights ------------------------------------------------------------------------

/// Bytes of a panel: 16 rows of `type` interleaved for products. 0 when the type, or this number
/// of columns, has no packed form.
int64_t ck_panel_bytes(int type, int64_t columns);
/// Packs rows 0..<rows (at most 16; the rest of the panel becomes zero) of a file.
void ck_pack_panel(int type, int64_t columns, int64_t rows, const void *source, int64_t row_bytes,
                   void *panel);

/// Activations quantized to 8 bits, for products with `type`: by groups of 32, or of 256 for the k
/// formats, as in ggml (q8_0, q8_K). Types with the same kind, below CK_ACTIVATION_KINDS, share
/// them.
enum { CK_ACTIVATION_KINDS = 3 };
int ck_activation_kind(int type);
int64_t ck_activation_bytes(int type, int64_t columns, int64_t count);
/// How many tiles `count` rows of activations are quantized in.
int64_t ck_activation_tiles(int64_t count);
/// Quantizes one tile of x [count, columns], whose rows are `stride` elements apart.
void ck_quantize_tile(int type, int64_t columns, int64_t count, int64_t tile, const float *x,
                      int64_t stride, void *activations);

/// out = x less what quantizing for `type` leaves of it; columns a multiple of the groups' size.
/// The products of both together are those of activations in 15 bits.
void ck_quantization_rest(int type, int64_t columns, const float *x, float *out);

/// out[i * stride + r] = dot(W[r], x[i]) for r in 0..<rows and i in 0..<count.
/// Bit for bit the same for any count, any rows per call and any instruction set.
/// panels: of these rows, the first at the beginning of a panel; scratch: of one thread.
void ck_product(int type, int64_t columns, const void *panels, int64_t rows,
                const void *activations, int64_t count, float *out, int64_t stride, void *scratch);
int64_t ck_product_scratch_bytes(int64_t count);

// --- weights in floating point ----------------------------------------------------------------

/// One call of ck_float_block takes at most so many rows and columns; a result is a sum of blocks
/// of just that many columns. Whole panels of rows are the fastest.
enum { CK_FLOAT_BLOCK_ROWS = 32, CK_FLOAT_PANEL_ROWS = 16, CK_FLOAT_BLOCK_COLUMNS = 512 };
/// Working memory of one thread.
enum { CK_FLOAT_SCRATCH_BYTES = CK_FLOAT_BLOCK_ROWS * (2 * 4 * CK_FLOAT_BLOCK_COLUMNS + 64) };

/// Activations for products with weights in floating point.
typedef struct {
    /// [count, columns], rows `stride` elements apart.
    const float *rows;
    int64_t stride, count;
    /// The same as ck_turn_tile leaves them; null when ck_turned_bytes is 0.
    const float *turned;
    /// The same as ck_round_tile leaves them: weights in f16 and bf16 are multiplied by bf16 dot
    /// products. Null for exact products.
    const uint16_t *rounded;
} ck_float_activations;

/// Bytes of `count` turned activations; 0 when so few are multiplied as they are.
int64_t ck_turned_bytes(int64_t columns, int64_t count);
int64_t ck_turned_tiles(int64_t count);
/// Turns one tile of x [count, columns], whose rows are `stride` elements apart.
void ck_turn_tile(int64_t columns, int64_t count, int64_t tile, const float *x, int64_t stride,
                  float *turned);

/// Whether the variant in use has bf16 dot products: weights and activations rounded to bf16 (8
/// bits of precision: each product is within 2^-8 of its size), sums in f32.
bool ck_has_bf16_products(void);
/// Bytes of `count` rounded activations.
int64_t ck_rounded_bytes(int64_t columns, int64_t count);
int64_t ck_rounded_tiles(int64_t count);
/// out = x rounded to bf16, to nearest even.
void ck_round(int64_t n, const float *x, uint16_t *out);
void ck_round_tile(int64_t columns, int64_t count, int64_t tile, const float *x, int64_t stride,
                   uint16_t *rounded);

/// out[i * stride + r] = dot(W[r], x[i]) from one block of columns, or += beyond the first block.
/// w: at most 32 rows of `type` (CK_F32, CK_F16, CK_BF16), `row_bytes` apart, from column
/// `first_column` (a multiple of the block's) of `columns` on. f32 products and sums, bit for bit
/// the same for any count (and so are bf16 products, where x brings rounded activations).
void ck_float_block(int type, const void *w, int64_t row_bytes, int64_t rows, int64_t first_column,
                    int64_t columns, const ck_float_activations *x, float *out, int64_t stride,
                    void *scratch);

/// The same by bf16 products for f32 weights that are stored column by column, `rows` <= 16 of
/// them: element k of row r is w[(k - first_column) * w_stride + r]. Adds when `accumulate` says
/// so. Only where ck_has_bf16_products.
void ck_transposed_block(const float *w, int64_t w_stride, int64_t rows, int64_t first_column,
                         int64_t columns, const ck_float_activations *x, float *out, int64_t stride,
                         bool accumulate, void *scratch);

/// The same as ck_float_block for all columns of any number of rows, in the order that suits the
/// caches and with the weights fetched ahead.
void ck_float_rows(int type, const void *w, int64_t row_bytes, int64_t rows, int64_t columns,
                   const ck_float_activations *x, float *out, int64_t stride, void *scratch);

// --- vectors ---------------------------------------------------------------------------------

/// out = x * rsqrt(mean(x^2) + epsilon) * weight; the mean is accumulated in f64.
void ck_rms_norm(int64_t n, const float *x, const float *weight, float epsilon, float *out);
/// out = (x - mean(x)) * rsqrt(var(x) + epsilon) * weight + bias; mean and variance in f64.
void ck_layer_norm(int64_t n, const float *x, const float *weight, const float *bias, float epsilon,
                   float *out);
/// x = x * (1 + erf(x / sqrt 2)) / 2, the exact GELU.
void ck_gelu(int64_t n, float *x);
/// gate = silu(gate) * up, silu(g) = g / (1 + exp(-g)).
void ck_silu_multiply(int64_t n, float *gate, const float *up);
/// x += y
void ck_add(int64_t n, float *x, const float *y);
/// x = softmax(x * scale), stable; the sum is f32.
void ck_softmax(int64_t n, float *x, float scale);
/// The sum of exp((x - shift) * scale) in f64, and the summands where out is not null. Exponents
/// are at most 0. Summands are within two units in the last place; those below the normal numbers
/// may be 0.
double ck_exponentials(int64_t n, const float *x, double shift, double scale, double *out);
/// Rotates the pairs (x[2i], x[2i+1]) of one head by the angles whose cosines and sines are given.
void ck_rotate_interleaved(int64_t pairs, float *x, const float *cosines, const float *sines);
/// Rotates the pairs (x[i], x[i+pairs]) of one head.
void ck_rotate_halves(int64_t pairs, float *x, const float *cosines, const float *sines);
/// Round to nearest even; overflow becomes infinity, NaN stays NaN.
void ck_f32_to_f16(int64_t n, const float *x, uint16_t *out);
/// The index of the largest number, the lowest one on ties, and the second largest number (equal
/// to the largest on ties). NaN is passed over; where nothing is above -infinity both are that, and
/// the index is 0.
int64_t ck_largest(int64_t n, const float *x, float *second);
/// Indices of the numbers that are at least `bar`, in order, at most `limit` of them; returns how
/// many there are in all.
int64_t ck_at_least(int64_t n, const float *x, float bar, int64_t limit, int64_t *indices);
/// Whether no number is infinite or NaN.
bool ck_all_finite(int64_t n, const float *x);

// --- training ----------------------------------------------------------------------------------

// Each backward stands for the forward above it; sums are f32 in parallel parts unless stated.

/// The sum of x[i] * y[i].
float ck_dot(int64_t n, const float *x, const float *y);
/// The sum of x[i]^2, in f64.
double ck_square_sum(int64_t n, const float *x);
/// dx += the gradient of ck_rms_norm at x, where dy is that of its result.
void ck_rms_norm_gradient(int64_t n, const float *x, const float *weight, float epsilon,
                          const float *dy, float *dx);
/// dx += the gradient of ck_layer_norm at x, where dy is that of its result.
void ck_layer_norm_gradient(int64_t n, const float *x, const float *weight, float epsilon,
                            const float *dy, float *dx);
/// out = silu(gate) * up.
void ck_silu_product(int64_t n, const float *gate, const float *up, float *out);
/// Its gradients; dgate or dup may be dy.
void ck_silu_product_gradient(int64_t n, const float *gate, const float *up, const float *dy,
                              float *dgate, float *dup);
/// dy *= the derivative of ck_gelu at x.
void ck_gelu_gradient(int64_t n, const float *x, float *dy);
/// x = softmax(x * scale); log(sum(exp(x * scale))).
float ck_softmax_with_log_sum(int64_t n, float *x, float scale);
/// x = softmax(x * scale) once more, from what the first time returned.
void ck_softmax_again(int64_t n, float *x, float scale, float log_sum);
/// dp = p * (dp - delta) * scale: the gradient of the scores, delta being the sum of p * dp.
void ck_softmax_gradient(int64_t n, const float *p, float delta, float scale, float *dp);
/// -log softmax(x)[target], and whether no x is larger than the target's;
/// x = scale * (softmax(x) - [i == target]), the gradient of scale times that.
float ck_cross_entropy(int64_t n, float *x, int64_t target, float scale, bool *is_hit);
/// out[i] = x[i] * scale, or 0 where the upper 32 bits of number i of SplitMix64 from `seed` are
/// below `limit`. out may be x.
void ck_dropout(int64_t n, uint64_t seed, uint32_t limit, float scale, const float *x, float *out);

/// One step of AdamW (Loshchilov, Hutter 2019) as torch does it.
typedef struct {
    /// What gradients are multiplied by first: clipping.
    float gradient_scale;
    float decay1, decay2, epsilon;
    /// 1 - learning rate * weight decay.
    float shrink;
    /// Learning rate / (1 - decay1^t), and sqrt(1 - decay2^t).
    float step, root_correction2;
} ck_adam;
void ck_adam_step(int64_t n, const ck_adam *s, const float *gradient, float *first, float *second,
                  float *value);

// --- attention -------------------------------------------------------------------------------

// See attention.c. `head` is the number of elements of a key or value, at most CK_HEAD_LIMIT.
enum {
    /// Positions of a block, and of a group within it.
    CK_ATTENTION_BLOCK = 128,
    CK_ATTENTION_GROUP = 16,
    CK_HEAD_LIMIT = 1024,
};

/// Positions of a block, from `first` to the next piece's, that are adjacent in memory.
typedef struct {
    int64_t first;
    /// Keys [group, head, 16]; values: element d of the piece's position s at
    /// (d / 16) * value_panel_stride + s * value_stride + d % 16.
    const void *keys, *values;
} ck_attention_piece;

/// Queries against one block of positions.
typedef struct {
    int64_t rows, head;
    /// [rows, head], scaled by log2(e) / sqrt(head).
    const float *queries;
    /// [rows]: positions of the block that a row sees, 0...CK_ATTENTION_BLOCK.
    const int32_t *seen;
    /// In order; the first one begins the block.
    const ck_attention_piece *pieces;
    int64_t piece_count;
    int64_t value_stride, value_panel_stride;
    /// Whether keys and values are f16, else f32.
    bool half;
    /// [rows, ck_attention_state_width(head)]; of rows that see something.
    float *states;
} ck_attention_block;

/// Elements of a state: weighted sum of the values, padded to 16, largest score, sum of weights.
int64_t ck_attention_state_width(int64_t head);
void ck_attend(const ck_attention_block *b);
/// into = what both have seen together, for each row whose `seen` is not 0 (null: for each).
void ck_attention_merge(int64_t rows, int64_t head, const int32_t *seen, float *into,
                        const float *next);
/// out[head] = weighted mean of the values.
void ck_attention_finish(int64_t head, const float *state, float *out);

// A cache of keys and values: keys in groups of 16 slots [head, 16], values slot by slot.

/// Bytes that one group of keys, and one slot's value, takes in `type`.
int64_t ck_cache_key_group_bytes(int type, int64_t head);
int64_t ck_cache_value_bytes(int type, int64_t head);
/// Rounds a key and a value [head] to `type` and keeps them at a slot.
void ck_cache_store(int type, int64_t head, int64_t slot, const float *key, const float *value,
                    void *keys, void *values);
/// The keys and values at slots slot..<slot+count as positions first..<first+count of a block in
/// f32: keys [group, head, 16], values [panel, CK_ATTENTION_BLOCK, 16]. Exact.
/// Runs of one block are loaded in order.
void ck_cache_load(int type, int64_t head, int64_t slot, int64_t count, int64_t first,
                   const void *keys, const void *values, float *key_block, float *value_block);

// --- limits ----------------------------------------------------------------------------------

/// Multiplies and adds as fast as the variant in use can, from registers alone, for `rounds`
/// rounds; the number of operations done. 0 where there are no such products.
int64_t ck_f32_products(int64_t rounds);
int64_t ck_byte_products(int64_t rounds);
int64_t ck_bf16_products(int64_t rounds);
/// Integers of 16 bits, which q8_0 becomes where there is no dot product of bytes.
int64_t ck_word_products(int64_t rounds);
/// Reads memory from end to end; a number that depends on all of it.
uint64_t ck_read(const void *memory, int64_t bytes);

/// A pause for a spinning thread.
static inline void ck_spin_hint(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}
