// Products by bf16 dot products: rounding the activations, and the blocks of a matrix. An element
// is the same number whatever else is computed beside it, as in floats.c.
#include "floats.h"

CK_INLINE int64_t padded(int64_t columns) {
    return (columns + block_columns - 1) / block_columns * block_columns;
}

bool ck_has_bf16_products(void) { return ck_bf16_table() != 0; }
int64_t ck_rounded_bytes(int64_t columns, int64_t count) { return 2 * count * padded(columns); }
int64_t ck_rounded_tiles(int64_t count) { return (count + bf16_tile - 1) / bf16_tile; }

void ck_round_tile(int64_t columns, int64_t count, int64_t tile, const float *x, int64_t stride,
                   uint16_t *rounded) {
    const ck_bf16_kernels *kernels = ck_bf16_table();
    int64_t first = tile * bf16_tile, n = count - first < bf16_tile ? count - first : bf16_tile;
    uint16_t *out = rounded + first * padded(columns);
    for (int64_t k = 0; k < columns; k += block_columns)
        for (int64_t i = 0; i < n; i++, out += block_columns) {
            int64_t size = columns - k < block_columns ? columns - k : block_columns;
            kernels->round(x + (first + i) * stride + k, size, out);
            memset(out + size, 0, 2 * (size_t)(block_columns - size));
        }
}

void ck_bf16_block(const ck_bf16_kernels *kernels, int type, const void *w, int64_t row_bytes,
                   int64_t rows, int64_t first_column, int64_t columns,
                   const ck_float_activations *x, float *out, int64_t stride, void *scratch) {
    int64_t size = columns - first_column;
    if (size > block_columns) size = block_columns;
    uint32_t *panel = scratch;
    char *staged = (char *)scratch + 4 * block_rows * block_columns;
    const char *source = w;
    bool is_direct = x->count <= direct_limit, accumulate = first_column > 0;
    // Missing rows are zero; rows that lie a power of two apart would push each other out of the
    // first-level cache while they are turned.
    if (!is_direct || rows % row_step) {
        int64_t step = is_direct ? row_step : block_rows;
        for (int64_t r = 0; r < (rows + step - 1) / step * step; r++)
            if (r < rows)
                memcpy(staged + r * staged_bytes, source + r * row_bytes, 2 * (size_t)size);
            else
                memset(staged + r * staged_bytes, 0, 2 * (size_t)size);
        source = staged;
        row_bytes = staged_bytes;
    }
    if (!is_direct) kernels->turn(type, source, row_bytes, size, panel);
    for (int64_t first = 0; first < x->count; first += bf16_tile) {
        int n = (int)(x->count - first < bf16_tile ? x->count - first : bf16_tile);
        const uint16_t *tile = x->rounded + first * padded(columns) + first_column * n;
        float *c = out + first * stride;
        if (!is_direct && rows == block_rows) {
            kernels->multiply(n, panel, size, tile, c, stride, accumulate);
            continue;
        }
        float sums[bf16_tile][block_rows];
        if (!is_direct) kernels->multiply(n, panel, size, tile, sums[0], block_rows, false);
        for (int64_t row = 0; is_direct && row < rows; row += row_step)
            for (int i = 0; i < n; i += bf16_direct_tile) {
                float few[bf16_direct_tile][row_step];
                int some = n - i < bf16_direct_tile ? n - i : bf16_direct_tile;
                kernels->direct(type, some, source + row * row_bytes, row_bytes, size,
                                tile + i * block_columns, few);
                for (int j = 0; j < some; j++) memcpy(sums[i + j] + row, few[j], sizeof few[j]);
            }
        for (int i = 0; i < n; i++)
            for (int64_t r = 0; r < rows; r++)
                c[i * stride + r] = accumulate ? c[i * stride + r] + sums[i][r] : sums[i][r];
    }
}
