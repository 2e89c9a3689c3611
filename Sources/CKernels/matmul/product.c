// Products of packed weights and quantized activations: quantizing, and the order of the blocks.
//
// A few columns of activations are multiplied straight from the packed weights, which is limited
// by reading them. For more, a block of 16 rows by 512 columns is unpacked to bytes in the first-
// level cache, and the tiles of activations stream past it. Either way an element of the result
// is the same sum in the same order, so that it depends on nothing but its row and its column:
//     for each group: sum += (float)integer * scale * d   (one fused multiply-add)
//                     sum += min * sum_of_x               (the same, formats with a minimum)
#include "packed.h"

int64_t ck_activation_bytes(int type, int64_t columns, int64_t count) {
    bool wide = ck_panel_table()->wide_s8 && kind_of(type) == kind_s8;
    return tile_group_bytes(wide, 1) * count * (columns / group_columns);
}

/// Columns of each tile but the last: equal tiles, for a last one of a few columns would take as
/// long as one of many.
static int64_t tile_size(const ck_panel_kernels *kernels, int64_t count) {
    int64_t tiles = (count + kernels->tile - 1) / kernels->tile;
    return tiles > 1 ? (count + tiles - 1) / tiles : kernels->tile;
}

int ck_activation_kind(int type) { return ck_panel_table()->wide_s8 && kind_of(type) == kind_s8; }

void ck_quantize_tile(int type, int64_t columns, int64_t count, int64_t tile, const float *x,
                      int64_t stride, void *activations) {
    const ck_panel_kernels *kernels = ck_panel_table();
    bool wide = kernels->wide_s8 && kind_of(type) == kind_s8;
    int64_t size = tile_size(kernels, count);
    int64_t groups = columns / group_columns, first = tile * size;
    int n = (int)(count - first < size ? count - first : size);
    char *out = (char *)activations + tile_group_bytes(wide, 1) * groups * first;
    for (int64_t g = 0; g < groups; g++, out += tile_group_bytes(wide, n)) {
        char *tail = out + (int64_t)n * (wide ? 64 : 32);
        for (int i = 0; i < n; i++) {
            int8_t q[group_columns];
            float d;
            kernels->quantize(x + (first + i) * stride + g * group_columns, q, &d);
            int16_t half[2] = {0, 0};
            for (int k = 0; k < 16; k++) half[0] += q[k];
            for (int k = 16; k < 32; k++) half[1] += q[k];
            float sum = d * (float)(half[0] + half[1]);
            int32_t start = -128 * (half[0] + half[1]);
            if (wide) {
                int16_t *q16 = (int16_t *)(out + 64 * i);
                static const int order[4] = {0, 2, 1, 3};
                for (int k = 0; k < 32; k++) q16[k] = q[(k & ~3) + order[k & 3]];
            } else {
                memcpy(out + 32 * i, q, 32);
            }
            memcpy(tail + 4 * i, &d, 4);
            memcpy(tail + 4 * (n + i), &sum, 4);
            memcpy(tail + 4 * (2 * n + i), half, 4);
            memcpy(tail + 4 * (3 * n + i), &start, 4);
        }
    }
}

int64_t ck_activation_tiles(int64_t count) {
    int64_t size = tile_size(ck_panel_table(), count);
    return (count + size - 1) / size;
}

int64_t ck_product_scratch_bytes(int64_t count) {
    return (int64_t)sizeof(unpacked_wide_group) * block_groups + 64 * count;
}

static void direct_product(const ck_panel_kernels *kernels, int type, int64_t columns,
                           const char *panel, int64_t panel_bytes, int64_t rows,
                           const void *activations, int count, float *out, int64_t stride) {
    for (int64_t row = 0; row < rows; row += panel_rows, panel += panel_bytes) {
        float c[max_tile][panel_rows];
        kernels->direct(type, count, panel, columns / group_columns, activations, c[0]);
        size_t valid = rows - row < panel_rows ? (size_t)(rows - row) : panel_rows;
        for (int i = 0; i < count; i++) memcpy(out + i * stride + row, c[i], 4 * valid);
    }
}

void ck_product(int type, int64_t columns, const void *panels, int64_t rows,
                const void *activations, int64_t count, float *out, int64_t stride, void *scratch) {
    const ck_panel_kernels *kernels = ck_panel_table();
    int64_t panel_bytes = ck_panel_bytes(type, columns), groups = columns / group_columns;
    if (count <= kernels->direct_limit) {
        direct_product(kernels, type, columns, panels, panel_bytes, rows, activations, (int)count,
                       out, stride);
        return;
    }
    ck_kind kind = kind_of(type);
    int64_t size = tile_size(kernels, count);
    bool wide = kernels->wide_s8 && kind == kind_s8;
    float *partial = (float *)((char *)scratch + sizeof(unpacked_wide_group) * block_groups);
    for (int64_t g = 0; g < groups; g += block_groups) {
        int64_t some = groups - g < block_groups ? groups - g : block_groups;
        for (int64_t row = 0; row < rows; row += panel_rows) {
            const char *panel = (const char *)panels + row / panel_rows * panel_bytes;
            kernels->unpack(type, panel, g, some, scratch);
            // The next panel's block is fetched meanwhile, some of it with every tile.
            const char *ahead = panel + panel_bytes + g * panel_bytes / groups;
            const char *end = ahead;
            int64_t block_bytes = row + panel_rows < rows ? some * panel_bytes / groups : 0;
            // The last panel may be short: its sums stay aside until they are whole.
            bool is_whole = rows - row >= panel_rows;
            float *c = is_whole ? out + row : partial;
            int64_t step = is_whole ? stride : panel_rows;
            for (int64_t first = 0; first < count; first += size) {
                int n = (int)(count - first < size ? count - first : size);
                const char *tile = (const char *)activations +
                                   tile_group_bytes(wide, 1) * groups * first +
                                   tile_group_bytes(wide, n) * g;
                for (end += block_bytes * n / count; ahead < end; ahead += 64)
                    __builtin_prefetch(ahead, 0, 2);
                kernels->multiply(kind, n, scratch, some, tile, c + first * step, step, g > 0);
            }
        }
    }
    int64_t rest = rows % panel_rows;
    if (rest)
        for (int64_t i = 0; i < count; i++)
            memcpy(out + i * stride + rows - rest, partial + i * panel_rows, 4 * (size_t)rest);
}
