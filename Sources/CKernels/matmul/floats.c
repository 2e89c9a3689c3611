// Products of weights in floating point: f32, f16 and bf16 as they are stored, and any other
// format once its values are f32.
//
// A block is at most 32 rows by 512 columns. Within it an element of the result is 8 chains of
// fused multiply-adds, one for every eighth column, added up as ((0 + 4) + (1 + 5)) + ((2 + 6) +
// (3 + 7)); the blocks' sums are added in order. There are two ways to compute just that:
//   few activations: the chains are the lanes of a vector, and weights are read as the file holds
//     them, which is limited by reading them;
//   many: a block is turned into panels, where for each column 16 rows stand side by side, in f32.
//     Activations, turned likewise in tiles of a few, stream past one panel or two, one number for
//     all rows, chain after chain.
// So an element is the same number, whatever else is computed beside it.
// Error: each chain has at most 64 roundings, so a block is within 64 + 3 units in the last place
// of the sum of the magnitudes of its products; typical is the root of that.
#include "floats.h"
#include <math.h>

void ck_turn_scalar(int type, const char *w, int64_t row_bytes, int64_t count, const char *next,
                    float *panel) {
    (void)next;
    turn_from(type, w, row_bytes, 0, count, panel);
}
static void multiply(int panels, int n, const float *panel, int64_t count, const float *x, float *c,
                     int64_t stride, bool accumulate) {
    (void)panels;
    for (int i = 0; i < n; i++)
        for (int r = 0; r < panel_rows; r++) {
            float a[lanes] = {0};
            for (int place = 0; place < lanes; place++) {
                int chain = chain_order[place];
                for (int64_t s = 0; s * lanes + chain < count; s++)
                    a[chain] = fmaf(panel[(place * steps + s) * panel_rows + r],
                                    x[(place * steps + s) * n + i], a[chain]);
            }
            float sum = ((a[0] + a[4]) + (a[1] + a[5])) + ((a[2] + a[6]) + (a[3] + a[7]));
            c[i * stride + r] = accumulate ? c[i * stride + r] + sum : sum;
        }
}
static void direct(int type, int n, const char *w, int64_t row_bytes, int64_t count, const float *x,
                   int64_t x_stride, float sums[direct_tile][row_step]) {
    for (int i = 0; i < n; i++)
        for (int r = 0; r < row_step; r++) {
            sums[i][r] = 0;
            for (int64_t first = 0; first < count; first += block_columns) {
                float a[lanes] = {0};
                for (int64_t k = first; k < count && k < first + block_columns; k++)
                    a[k % lanes] = fmaf(value_at(type, w + r * row_bytes, k), x[i * x_stride + k],
                                        a[k % lanes]);
                float sum = ((a[0] + a[4]) + (a[1] + a[5])) + ((a[2] + a[6]) + (a[3] + a[7]));
                sums[i][r] = first ? sums[i][r] + sum : sum;
            }
        }
}
const ck_float_kernels ck_floats_scalar = {6, 1, direct, ck_turn_scalar, multiply};

/// Rows of a block that are fewer than `wanted`, as f32 with zeros behind them.
static void fill_up(int type, const char *w, int64_t row_bytes, int64_t rows, int64_t wanted,
                    int64_t columns, float *out) {
    for (int64_t r = 0; r < wanted; r++)
        for (int64_t k = 0; k < columns; k++)
            out[r * staged_bytes / 4 + k] = r < rows ? value_at(type, w + r * row_bytes, k) : 0;
}

int64_t ck_turned_bytes(int64_t columns, int64_t count) {
    if (count <= direct_limit) return 0;
    return 4 * count * ((columns + block_columns - 1) / block_columns * block_columns);
}

int64_t ck_turned_tiles(int64_t count) {
    int tile = ck_float_table()->tile;
    return count <= direct_limit ? 0 : (count + tile - 1) / tile;
}

void ck_turn_tile(int64_t columns, int64_t count, int64_t tile, const float *x, int64_t stride,
                  float *turned) {
    int64_t size_of_tile = ck_float_table()->tile, first = tile * size_of_tile;
    int64_t n = count - first < size_of_tile ? count - first : size_of_tile;
    int64_t blocks = (columns + block_columns - 1) / block_columns;
    float *out = turned + first * blocks * block_columns;
    for (int64_t b = 0; b < blocks; b++, out += n * block_columns) {
        int64_t start = b * block_columns;
        int64_t size = columns - start < block_columns ? columns - start : block_columns;
        for (int place = 0; place < lanes; place++)
            for (int64_t s = 0, k = chain_order[place]; k < size; s++, k += lanes)
                for (int64_t i = 0; i < n; i++)
                    out[(place * steps + s) * n + i] = x[(first + i) * stride + start + k];
    }
}

/// Turns 16 rows of a block, and fetches 16 of the next one.
static void turn_panel(const ck_float_kernels *kernels, int type, const char *w, int64_t row_bytes,
                       int64_t columns, const char *next, char *staged, float *panel) {
    size_t bytes = (size_t)columns * (type == CK_F32 ? 4 : 2);
    // Rows that lie a power of two apart would push each other out of the first-level cache.
    if (row_bytes % 1024 == 0) {
        for (int r = 0; r < panel_rows; r++) {
            for (size_t at = 0; at < bytes; at += 64)
                __builtin_prefetch(next + r * row_bytes + at, 0, 2);
            memcpy(staged + r * staged_bytes, w + r * row_bytes, bytes);
        }
        w = next = staged;
        row_bytes = staged_bytes;
    }
    kernels->turn(type, w, row_bytes, columns, next, panel);
}

/// out (+)= the products of turned panels with all activations; x: their first block of columns.
static void multiply_panels(const ck_float_kernels *kernels, int panels, const float *panel,
                            int64_t rows, int64_t columns, const ck_float_activations *x,
                            int64_t first_column, int64_t padded, float *out, int64_t stride) {
    bool accumulate = first_column > 0;
    for (int64_t first = 0; first < x->count; first += kernels->tile) {
        int n = (int)(x->count - first < kernels->tile ? x->count - first : kernels->tile);
        const float *tile = x->turned + first * padded + first_column * n;
        float *c = out + first * stride;
        if (rows == panels * panel_rows) {
            kernels->multiply(panels, n, panel, columns, tile, c, stride, accumulate);
            continue;
        }
        float sums[turned_limit * block_rows];
        kernels->multiply(panels, n, panel, columns, tile, sums, block_rows, false);
        for (int i = 0; i < n; i++)
            for (int64_t r = 0; r < rows; r++)
                c[i * stride + r] = accumulate ? c[i * stride + r] + sums[i * block_rows + r]
                                               : sums[i * block_rows + r];
    }
}

/// The same from rows as they lie, in steps of a few.
static void multiply_directly(const ck_float_kernels *kernels, int type, const char *w,
                              int64_t row_bytes, int64_t rows, int64_t columns,
                              const ck_float_activations *x, int64_t first_column, float *out,
                              int64_t stride) {
    for (int64_t first = 0; first < x->count; first += direct_tile) {
        int n = (int)(x->count - first < direct_tile ? x->count - first : direct_tile);
        const float *at = x->rows + first * x->stride + first_column;
        for (int64_t row = 0; row < rows; row += row_step) {
            float sums[direct_tile][row_step];
            kernels->direct(type, n, w + row * row_bytes, row_bytes, columns, at, x->stride, sums);
            int64_t valid = rows - row < row_step ? rows - row : row_step;
            for (int i = 0; i < n; i++)
                for (int64_t r = 0; r < valid; r++) {
                    float *to = out + (first + i) * stride + row + r;
                    *to = first_column > 0 ? *to + sums[i][r] : sums[i][r];
                }
        }
    }
}

/// One block; `next`, unless it is null, is the one after it.
static void multiply_block(const ck_float_kernels *kernels, int type, const char *w,
                           int64_t row_bytes, int64_t rows, int64_t first_column, int64_t columns,
                           const ck_float_activations *x, float *out, int64_t stride, void *scratch,
                           const char *next) {
    float *panel = scratch, *filled = panel + block_rows * block_columns;
    int64_t size = columns - first_column < block_columns ? columns - first_column : block_columns;
    bool is_direct = x->count <= direct_limit;
    int64_t step = is_direct ? row_step : panel_rows, whole = (rows + step - 1) / step * step;
    if (whole > rows) {
        fill_up(type, w, row_bytes, rows, whole, size, filled);
        w = (const char *)filled;
        next = 0;
        row_bytes = staged_bytes;
        type = CK_F32;
    }
    if (!next) next = w;
    if (is_direct) {
        multiply_directly(kernels, type, w, row_bytes, rows, size, x, first_column, out, stride);
        return;
    }
    int64_t padded = (columns + block_columns - 1) / block_columns * block_columns;
    // A step of rows is turned, and all activations stream past it.
    for (int64_t row = 0; row < rows; row += kernels->panels * panel_rows) {
        int panels = 0;
        for (int64_t r = row; r < whole && panels < kernels->panels; r += panel_rows, panels++)
            turn_panel(kernels, type, w + r * row_bytes, row_bytes, size, next + r * row_bytes,
                       (char *)filled, panel + panels * turned_size);
        int64_t some = rows - row < panels * panel_rows ? rows - row : panels * panel_rows;
        multiply_panels(kernels, panels, panel, some, size, x, first_column, padded, out + row,
                        stride);
    }
}

/// By the products that the activations are made for.
static void multiply_any(int type, const char *w, int64_t row_bytes, int64_t rows,
                         int64_t first_column, int64_t columns, const ck_float_activations *x,
                         float *out, int64_t stride, void *scratch, const char *next) {
    if (x->rounded && type != CK_F32)
        ck_bf16_block(ck_bf16_table(), type, w, row_bytes, rows, first_column, columns, x, out,
                      stride, scratch, next);
    else
        multiply_block(ck_float_table(), type, w, row_bytes, rows, first_column, columns, x, out,
                       stride, scratch, next);
}

void ck_float_block(int type, const void *w, int64_t row_bytes, int64_t rows, int64_t first_column,
                    int64_t columns, const ck_float_activations *x, float *out, int64_t stride,
                    void *scratch) {
    multiply_any(type, w, row_bytes, rows, first_column, columns, x, out, stride, scratch, 0);
}

/// Few activations, by whole rows.
static void direct_rows(int type, const char *w, int64_t row_bytes, int64_t rows, int64_t columns,
                        const ck_float_activations *x, float *out, int64_t stride, void *scratch) {
    const int size = type == CK_F32 ? 4 : 2;
    const ck_float_kernels *kernels = ck_float_table();
    for (int64_t row = 0; row < rows; row += row_step) {
        const char *at = w + row * row_bytes;
        if (rows - row < row_step) {
            for (int64_t k = 0; k < columns; k += block_columns)
                ck_float_block(type, at + size * k, row_bytes, rows - row, k, columns, x, out + row,
                               stride, scratch);
            return;
        }
        for (int64_t i = 0; i < x->count; i += direct_tile) {
            int n = (int)(x->count - i < direct_tile ? x->count - i : direct_tile);
            float sums[direct_tile][row_step];
            kernels->direct(type, n, at, row_bytes, columns, x->rows + i * x->stride, x->stride,
                            sums);
            for (int j = 0; j < n; j++)
                memcpy(out + (i + j) * stride + row, sums[j], sizeof sums[j]);
        }
    }
}

/// Blocks in the order in which they are multiplied: the same columns of all rows, so that their
/// activations stay in the cache, or where there are few activations, whole rows.
typedef struct {
    int64_t row, column;
} block_place;
static block_place place_after(block_place at, int64_t rows, int64_t columns, int64_t count) {
    if (count <= direct_limit) {
        at.column += block_columns;
        if (at.column < columns) return at;
        return (block_place){.row = at.row + block_rows};
    }
    at.row += block_rows;
    if (at.row < rows) return at;
    return (block_place){.column = at.column + block_columns};
}
/// The weights at a place; null beyond the last one.
static const char *block_at(block_place at, int type, const char *w, int64_t row_bytes,
                            int64_t rows, int64_t columns) {
    if (at.row >= rows || at.column >= columns) return 0;
    return w + at.row * row_bytes + (type == CK_F32 ? 4 : 2) * at.column;
}

void ck_float_rows(int type, const void *w, int64_t row_bytes, int64_t rows, int64_t columns,
                   const ck_float_activations *x, float *out, int64_t stride, void *scratch) {
    const ck_bf16_kernels *bf16 = x->rounded && type != CK_F32 ? ck_bf16_table() : 0;
    if (x->count <= (bf16 ? bf16->direct_limit : direct_limit)) {
        if (bf16)
            ck_bf16_direct_rows(bf16, type, w, row_bytes, rows, columns, x, out, stride, scratch);
        else
            direct_rows(type, w, row_bytes, rows, columns, x, out, stride, scratch);
        return;
    }
    block_place at = {0};
    const char *block = w;
    while (block) {
        block_place after = place_after(at, rows, columns, x->count);
        const char *next = block_at(after, type, w, row_bytes, rows, columns);
        int64_t some = rows - at.row < block_rows ? rows - at.row : block_rows;
        multiply_any(type, block, row_bytes, some, at.column, columns, x, out + at.row, stride,
                     scratch, next);
        at = after;
        block = next;
    }
}
