#pragma once
// What the kernels of weights in floating point have in common (floats.c has the description).
#include "../internal.h"

enum { block_rows = CK_FLOAT_BLOCK_ROWS, block_columns = CK_FLOAT_BLOCK_COLUMNS, lanes = 8 };
/// Between one turned panel and the next.
enum { turned_size = panel_rows * block_columns };
enum { row_step = 4, direct_tile = 6, turned_limit = 12, steps = block_columns / lanes };
/// Between rows that wait to be turned: not a power of two.
enum { staged_bytes = 4 * block_columns + 64 };
_Static_assert(4 * block_rows * block_columns + block_rows * staged_bytes <= CK_FLOAT_SCRATCH_BYTES,
               "scratch");
/// Activations up to which weights are not turned first.
enum { direct_limit = 4 * direct_tile };
/// From the end of the rows in use to the weights that are fetched from memory.
enum { bytes_ahead = 4096 };
/// The order in which the chains of a turned block are computed and added up.
static const int chain_order[lanes] = {0, 4, 1, 5, 2, 6, 3, 7};

typedef struct {
    /// Activations in a tile, at most `turned_limit`: as many as there are registers for, since
    /// each is a chain of additions, and enough chains hide what one of them waits for.
    int tile;
    /// Panels that `multiply` takes at a time: two share what is read of the activations.
    int panels;
    /// sums[i][r] = dot(row r, x row i) for 4 whole rows and n <= 6, a sum of blocks of columns.
    void (*direct)(int type, int n, const char *w, int64_t row_bytes, int64_t count, const float *x,
                   int64_t x_stride, float sums[direct_tile][row_step]);
    /// panel[place of k % 8 in chain_order][k / 8][row] = element k of a row, for 16 rows. As many
    /// rows from `next` are fetched from memory, a line for each line that is read: all at once
    /// they would be more than a processor has in flight.
    void (*turn)(int type, const char *w, int64_t row_bytes, int64_t count, const char *next,
                 float *panel);
    /// c[i * stride + row] (+)= dot(row, x row i) for some turned panels of a block and one of a
    /// tile of n <= tile activations, [place in chain_order][k / 8][n].
    void (*multiply)(int panels, int n, const float *panel, int64_t count, const float *x, float *c,
                     int64_t stride, bool accumulate);
} ck_float_kernels;
CK_DECLARE(ck_float_kernels, ck_floats)
extern const ck_float_kernels ck_floats_avx512, ck_floats_neon;

/// Products of weights in f16 and bf16 by bf16 dot products, for processors that have them.
///
/// Activations are rounded to bf16 in tiles; a tile of n holds, block by block of 512 columns,
/// [n][512], or step by step of 32 columns, [n][32]; zero beyond the last column. What is added up
/// in which order is the processor's:
///   vectors: a chain takes the pairs of columns p, p + 16, p + 32... of a block in this order, of
///     each pair the odd column first; the 16 chains are added up by halves: 0 + 8, 4 + 12 and so
///     on, and so is the block's sum to the one before it;
///   tiles: of 16 pairs the even columns make one chain and the odd ones another; their sum is
///     added to what is there, over all blocks.
enum { bf16_limit = 64, bf16_pairs = 16, bf16_direct_sums = 96 };
/// Between one turned panel and the next.
enum { bf16_turned_size = panel_rows * block_columns / 2 };
typedef struct {
    /// Activations in a tile, at most `bf16_limit`, and columns that lie together.
    int tile, columns_together;
    /// Before and after products with `count` activations by this thread, by `direct` or by
    /// `multiply`; null where there is nothing to do.
    void (*begin)(int64_t count, bool is_direct);
    void (*end)(void);
    /// out[k] = x[k] rounded to nearest even, values below the normal range as zero.
    void (*round)(const float *x, int64_t count, uint16_t *out);
    /// Activations up to which weights are read as they lie, in steps of so many of them and so
    /// many rows.
    int direct_limit, direct_tile, direct_rows;
    /// sums[i * direct_rows + r] (+)= dot(row r, x row i) for n <= direct_tile; at most
    /// `bf16_direct_sums` of them. x: the first of these rows in a tile of `of`. For each line of
    /// weights that is read, the next one from `ahead` is fetched from memory.
    void (*direct)(int type, int n, const char *w, int64_t row_bytes, int64_t count,
                   const char *ahead, const uint16_t *x, int64_t of, float *sums, bool accumulate);
    /// panel[p][row] = pair p of a row, for 16 rows; `next` as in ck_float_kernels.
    void (*turn)(int type, const char *w, int64_t row_bytes, int64_t count, const char *next,
                 uint32_t *panel);
    /// The same panel from f32 weights that are stored column by column: element k of row r is
    /// w[k * stride + r].
    void (*interleave)(const float *w, int64_t stride, int64_t rows, int64_t count,
                       uint32_t *panel);
    /// c[i * stride + row] (+)= dot(row, x row i) for one or two turned panels of a block and n <=
    /// tile activations.
    void (*multiply)(int panels, int n, const uint32_t *panel, int64_t count, const uint16_t *x,
                     float *c, int64_t stride, bool accumulate);
} ck_bf16_kernels;
extern const ck_bf16_kernels ck_bf16_avx512bf16, ck_bf16_amx;

#if CK_X86
/// 32 numbers as bf16, from f16 or bf16; those whose bit of `mask` is clear are zero.
CK_AVX512BF16 CK_INLINE __m512i load32(const int type, const char *p, __mmask32 mask) {
    __m512i v = _mm512_maskz_loadu_epi16(mask, (const void *)p);
    if (type == CK_BF16) return v;
    __m512 low = _mm512_cvtph_ps(_mm512_castsi512_si256(v));
    __m512 high = _mm512_cvtph_ps(_mm512_extracti64x4_epi64(v, 1));
    return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}
CK_INLINE __mmask32 columns_left(int64_t count) {
    return count >= 32 ? 0xffffffffu : (1u << count) - 1;
}
#endif

/// Element k of a stored row.
CK_INLINE float value_at(int type, const char *row, int64_t k) {
    if (type == CK_F32) {
        float value;
        memcpy(&value, row + 4 * k, 4);
        return value;
    }
    uint16_t half;
    memcpy(&half, row + 2 * k, 2);
    return type == CK_F16 ? ck_half_to_float(half) : ck_bits_to_float((uint32_t)half << 16);
}

CK_INLINE float *turned_place(float *panel, int64_t k) {
    static const int place[lanes] = {0, 2, 4, 6, 1, 3, 5, 7};
    return panel + (place[k % lanes] * steps + k / lanes) * panel_rows;
}
/// Turns columns first..<count.
CK_INLINE void turn_from(int type, const char *w, int64_t row_bytes, int64_t first, int64_t count,
                         float *panel) {
    for (int64_t k = first; k < count; k++)
        for (int r = 0; r < panel_rows; r++)
            turned_place(panel, k)[r] = value_at(type, w + r * row_bytes, k);
}

/// Of the variant in use; the second is null where there are none.
const ck_float_kernels *ck_float_table(void);
const ck_bf16_kernels *ck_bf16_table(void);

void ck_turn_scalar(int type, const char *w, int64_t row_bytes, int64_t count, const char *next,
                    float *panel);
#if CK_X86
// With few activations limited by reading the weights, whatever the width of a vector.
void ck_direct_avx2(int type, int n, const char *w, int64_t row_bytes, int64_t count,
                    const float *x, int64_t x_stride, float sums[direct_tile][row_step]);
void ck_turn_avx2(int type, const char *w, int64_t row_bytes, int64_t count, const char *next,
                  float *panel);
void ck_round_avx512bf16(const float *x, int64_t count, uint16_t *out);
void ck_interleave_avx512bf16(const float *w, int64_t stride, int64_t rows, int64_t count,
                              uint32_t *panel);
void ck_turn_avx512bf16(int type, const char *w, int64_t row_bytes, int64_t count, const char *next,
                        uint32_t *panel);
#endif

/// ck_float_block by bf16 dot products; `next`, unless it is null, is the block after it.
void ck_bf16_block(const ck_bf16_kernels *kernels, int type, const char *w, int64_t row_bytes,
                   int64_t rows, int64_t first_column, int64_t columns,
                   const ck_float_activations *x, float *out, int64_t stride, void *scratch,
                   const char *next);
/// ck_float_rows by bf16 dot products, for at most `direct_limit` activations.
void ck_bf16_direct_rows(const ck_bf16_kernels *kernels, int type, const char *w, int64_t row_bytes,
                         int64_t rows, int64_t columns, const ck_float_activations *x, float *out,
                         int64_t stride, void *scratch);
