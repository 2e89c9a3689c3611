// Products by bf16 dot products: rounding the activations, and the blocks of a matrix. An element
// is the same number whatever else is computed beside it, as in floats.c.
#include "floats.h"

CK_INLINE int64_t padded(int64_t columns) {
    return (columns + block_columns - 1) / block_columns * block_columns;
}

bool ck_has_bf16_products(void) { return ck_bf16_table() != 0; }
int64_t ck_rounded_bytes(int64_t columns, int64_t count) { return 2 * count * padded(columns); }
int64_t ck_rounded_tiles(int64_t count) {
    int tile = ck_bf16_table()->tile;
    return (count + tile - 1) / tile;
}

void ck_round_tile(int64_t columns, int64_t count, int64_t tile, const float *x, int64_t stride,
                   uint16_t *rounded) {
    const ck_bf16_kernels *kernels = ck_bf16_table();
    int64_t first = tile * kernels->tile;
    int64_t n = count - first < kernels->tile ? count - first : kernels->tile;
    uint16_t *out = rounded + first * padded(columns), row[block_columns];
    const int64_t together = kernels->columns_together;
    for (int64_t k = 0; k < columns; k += block_columns, out += n * block_columns)
        for (int64_t i = 0; i < n; i++) {
            int64_t size = columns - k < block_columns ? columns - k : block_columns;
            uint16_t *to = together == block_columns ? out + i * together : row;
            kernels->round(x + (first + i) * stride + k, size, to);
            memset(to + size, 0, 2 * (size_t)(block_columns - size));
            for (int64_t at = 0; to == row && at < block_columns; at += together)
                memcpy(out + at * n + i * together, to + at, 2 * (size_t)together);
        }
}

void ck_round(int64_t n, const float *x, uint16_t *out) { ck_bf16_table()->round(x, n, out); }

/// out (+)= the products of the turned panels of a block, whose columns are first_column...
static void multiply_panels(const ck_bf16_kernels *kernels, const uint32_t *panel, int64_t rows,
                            int64_t first_column, int64_t columns, const ck_float_activations *x,
                            float *out, int64_t stride, bool accumulate) {
    const int panels = (int)((rows + panel_rows - 1) / panel_rows);
    int64_t size = columns - first_column < block_columns ? columns - first_column : block_columns;
    for (int64_t first = 0; first < x->count; first += kernels->tile) {
        int n = (int)(x->count - first < kernels->tile ? x->count - first : kernels->tile);
        const uint16_t *tile = x->rounded + first * padded(columns) + first_column * n;
        float *c = out + first * stride;
        if (rows == panels * panel_rows) {
            kernels->multiply(panels, n, panel, size, tile, c, stride, accumulate);
            continue;
        }
        float sums[bf16_limit][block_rows];
        for (int i = 0; accumulate && i < n; i++)
            for (int64_t r = 0; r < block_rows; r++) sums[i][r] = r < rows ? c[i * stride + r] : 0;
        kernels->multiply(panels, n, panel, size, tile, sums[0], block_rows, accumulate);
        for (int i = 0; i < n; i++) memcpy(c + i * stride, sums[i], 4 * (size_t)rows);
    }
}

/// The same for few activations, from rows of weights as they lie.
static void multiply_rows(const ck_bf16_kernels *kernels, int type, const char *w,
                          int64_t row_bytes, int64_t rows, int64_t size, const char *ahead,
                          const uint16_t *x, int64_t count, float *out, int64_t stride,
                          bool accumulate) {
    const int64_t step = kernels->direct_rows, tile = kernels->direct_tile;
    for (int64_t row = 0; row < rows; row += step)
        for (int64_t i = 0; i < count; i += tile) {
            float sums[bf16_direct_sums];
            int some = (int)(count - i < tile ? count - i : tile);
            int64_t valid = rows - row < step ? rows - row : step;
            float *to = out + i * stride + row;
            for (int j = 0; accumulate && j < some; j++)
                for (int64_t r = 0; r < step; r++)
                    sums[j * step + r] = r < valid ? to[j * stride + r] : 0;
            kernels->direct(type, some, w + row * row_bytes, row_bytes, size, ahead,
                            x + i * kernels->columns_together, count, sums, accumulate);
            for (int j = 0; j < some; j++)
                memcpy(to + j * stride, sums + j * step, 4 * (size_t)valid);
        }
}

/// One block; `next`, unless it is null, is the one after it.
static void multiply_block(const ck_bf16_kernels *kernels, int type, const char *w,
                           int64_t row_bytes, int64_t rows, int64_t first_column, int64_t columns,
                           const ck_float_activations *x, float *out, int64_t stride, void *scratch,
                           const char *next) {
    int64_t size = columns - first_column;
    if (size > block_columns) size = block_columns;
    uint32_t *panel = scratch;
    char *staged = (char *)scratch + 4 * panel_rows * block_columns;
    const char *source = w;
    bool is_direct = x->count <= kernels->direct_limit, accumulate = first_column > 0;
    int64_t step = is_direct ? kernels->direct_rows : panel_rows;
    // Missing rows are zero.
    if (rows % step) {
        for (int64_t r = 0; r < (rows + step - 1) / step * step; r++)
            if (r < rows)
                memcpy(staged + r * staged_bytes, source + r * row_bytes, 2 * (size_t)size);
            else
                memset(staged + r * staged_bytes, 0, 2 * (size_t)size);
        source = staged;
        next = 0;
        row_bytes = staged_bytes;
    }
    if (!is_direct) {
        for (int64_t r = 0; r < rows; r += panel_rows)
            kernels->turn(type, source + r * row_bytes, row_bytes, size,
                          (next ? next : source) + r * row_bytes,
                          panel + r / panel_rows * bf16_turned_size);
        multiply_panels(kernels, panel, rows, first_column, columns, x, out, stride, accumulate);
        return;
    }
    // Rows lie one after the other, and so are those fetched that come after these few: read in
    // step, each of them would start the processor's own read-ahead anew.
    const char *ahead = w + step * row_bytes + 2 * (step - 1) * first_column + bytes_ahead;
    for (int64_t first = 0; first < x->count; first += kernels->tile) {
        int64_t n = x->count - first < kernels->tile ? x->count - first : kernels->tile;
        multiply_rows(kernels, type, source, row_bytes, rows, size, ahead,
                      x->rounded + first * padded(columns) + first_column * n, n,
                      out + first * stride, stride, accumulate);
    }
}

void ck_bf16_block(const ck_bf16_kernels *kernels, int type, const char *w, int64_t row_bytes,
                   int64_t rows, int64_t first_column, int64_t columns,
                   const ck_float_activations *x, float *out, int64_t stride, void *scratch,
                   const char *next) {
    if (kernels->begin) kernels->begin(x->count, x->count <= kernels->direct_limit);
    multiply_block(kernels, type, w, row_bytes, rows, first_column, columns, x, out, stride,
                   scratch, next);
    if (kernels->end) kernels->end();
}

void ck_bf16_direct_rows(const ck_bf16_kernels *kernels, int type, const char *w, int64_t row_bytes,
                         int64_t rows, int64_t columns, const ck_float_activations *x, float *out,
                         int64_t stride, void *scratch) {
    const int64_t step = kernels->direct_rows;
    if (kernels->begin) kernels->begin(x->count, true);
    for (int64_t row = 0; row < rows; row += step)
        for (int64_t k = 0; k < columns; k += block_columns)
            multiply_block(kernels, type, w + row * row_bytes + 2 * k, row_bytes,
                           rows - row < step ? rows - row : step, k, columns, x, out + row, stride,
                           scratch, 0);
    if (kernels->end) kernels->end();
}

void ck_transposed_block(const float *w, int64_t w_stride, int64_t rows, int64_t first_column,
                         int64_t columns, const ck_float_activations *x, float *out, int64_t stride,
                         bool accumulate, void *scratch) {
    const ck_bf16_kernels *kernels = ck_bf16_table();
    int64_t size = columns - first_column < block_columns ? columns - first_column : block_columns;
    kernels->interleave(w, w_stride, rows, size, scratch);
    if (kernels->begin) kernels->begin(x->count, false);
    multiply_panels(kernels, scratch, rows, first_column, columns, x, out, stride, accumulate);
    if (kernels->end) kernels->end();
}
