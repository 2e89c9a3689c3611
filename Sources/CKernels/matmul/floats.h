#pragma once
// What the kernels of weights in floating point have in common (floats.c has the description).
#include "../internal.h"

enum { block_rows = CK_FLOAT_BLOCK_ROWS, block_columns = CK_FLOAT_BLOCK_COLUMNS, lanes = 8 };
enum { row_step = 4, direct_tile = 6, turned_tile = 6, steps = block_columns / lanes };
/// Between rows that wait to be turned: not a power of two.
enum { staged_bytes = 4 * block_columns + 64 };
_Static_assert(4 * block_rows * block_columns + block_rows * staged_bytes <= CK_FLOAT_SCRATCH_BYTES,
               "scratch");
/// Activations up to which weights are not turned first.
enum { direct_limit = 4 * direct_tile };
/// Bytes of a weight in use to the one that is fetched from memory.
enum { bytes_ahead = 4096 };
/// The order in which the chains of a turned block are computed and added up.
static const int chain_order[lanes] = {0, 4, 1, 5, 2, 6, 3, 7};

typedef struct {
    /// sums[i][r] = dot(row r, x row i) for 4 whole rows and n <= 6, a sum of blocks of columns.
    void (*direct)(int type, int n, const char *w, int64_t row_bytes, int64_t count, const float *x,
                   int64_t x_stride, float sums[direct_tile][row_step]);
    /// panel[place of k % 8 in chain_order][k / 8][row] = element k of a row, for 16 rows.
    void (*turn)(int type, const char *w, int64_t row_bytes, int64_t count, float *panel);
    /// c[i * stride + row] (+)= dot(row, x row i) for a turned block of weights and one of a tile
    /// of n <= 6 activations, [place in chain_order][k / 8][n].
    void (*multiply)(int n, const float *panel, int64_t count, const float *x, float *c,
                     int64_t stride, bool accumulate);
} ck_float_kernels;
CK_DECLARE(ck_float_kernels, ck_floats)
extern const ck_float_kernels ck_floats_avx512, ck_floats_neon;

/// Products of weights in f16 and bf16 by bf16 dot products, for processors that have them.
///
/// Activations are rounded to bf16 in tiles; a tile of n holds, block by block of 512 columns,
/// [n][512], zero beyond the last column. A chain takes the pairs of columns p, p + 16, p + 32...
/// of a block in this order; the 16 chains are added up by halves: 0 + 8, 4 + 12 and so on.
enum { bf16_tile = 12, bf16_direct_tile = 3, bf16_chains = 16, bf16_steps = block_columns / 32 };
typedef struct {
    /// out[k] = x[k] rounded to nearest even, values below the normal range as zero.
    void (*round)(const float *x, int64_t count, uint16_t *out);
    /// sums[i][r] = dot(row r, x row i) for 4 rows and n <= 3.
    void (*direct)(int type, int n, const char *w, int64_t row_bytes, int64_t count,
                   const uint16_t *x, float sums[bf16_direct_tile][row_step]);
    /// panel[place of p % 16][p / 16][row] = pair p of a row, for 16 rows.
    void (*turn)(int type, const char *w, int64_t row_bytes, int64_t count, uint32_t *panel);
    /// c[i * stride + row] (+)= dot(row, x row i) for a turned block and n <= 12 activations.
    void (*multiply)(int n, const uint32_t *panel, int64_t count, const uint16_t *x, float *c,
                     int64_t stride, bool accumulate);
} ck_bf16_kernels;
extern const ck_bf16_kernels ck_bf16_avx512;

/// Of the variant in use; the second is null where there are none.
const ck_float_kernels *ck_float_table(void);
const ck_bf16_kernels *ck_bf16_table(void);

void ck_turn_scalar(int type, const char *w, int64_t row_bytes, int64_t count, float *panel);
#if CK_X86
// With few activations limited by reading the weights, whatever the width of a vector.
void ck_direct_avx2(int type, int n, const char *w, int64_t row_bytes, int64_t count,
                    const float *x, int64_t x_stride, float sums[direct_tile][row_step]);
void ck_turn_avx2(int type, const char *w, int64_t row_bytes, int64_t count, float *panel);
#endif

/// ck_float_block by bf16 dot products.
void ck_bf16_block(const ck_bf16_kernels *kernels, int type, const void *w, int64_t row_bytes,
                   int64_t rows, int64_t first_column, int64_t columns,
                   const ck_float_activations *x, float *out, int64_t stride, void *scratch);
