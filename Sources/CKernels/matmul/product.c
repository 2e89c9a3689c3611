// Products of packed weights and quantized activations: quantizing, and the order of the blocks.
//
// A few columns of activations are multiplied straight from the packed weights, tile by tile, which
// is limited by reading them. For more, a block of one panel or two by some 500 columns is unpacked
// to bytes in the first-level cache, and the tiles of activations stream past it. Either way an
// element of the result is the same sum in the same order, so that it depends on nothing but its
// row and its column:
//     for each group: sum += (float)integer * scale * d   (one fused multiply-add)
//                     sum += min * sum_of_x               (the same, formats with a minimum)
// In the k formats it is eight groups that contribute at a time, whose integers are summed with
// their integer scales; activations are quantized in eights for them, as ggml does.
#include "packed.h"
#include <math.h>

/// Whether a type's activations have 16 bits.
static bool is_wide(int type) { return ck_panel_table()->by_pairs && kind_of(type) == kind_s8; }

int64_t ck_activation_bytes(int type, int64_t columns, int64_t count) {
    return tile_group_bytes(is_wide(type), 1) * count * (columns / group_columns);
}

/// Columns of each tile but the last: equal tiles, for a last one of a few columns would take as
/// long as one of many; with whole pairs, for one of two columns takes as long as both.
static int64_t tile_size(const ck_panel_kernels *kernels, int64_t count) {
    int64_t tiles = (count + kernels->tile - 1) / kernels->tile;
    int64_t size = tiles > 1 ? (count + tiles - 1) / tiles : kernels->tile;
    return kernels->paired ? size + size % 2 : size;
}

/// Blocks of groups, of equal size; one where weights are not unpacked.
static int64_t block_count(int type, int64_t groups, int64_t count) {
    if (count <= ck_panel_table()->direct_limit) return 1;
    int64_t size = groups_of(type) == 1 ? block_groups : block_supers * super_groups;
    return (groups + size - 1) / size;
}
/// The group that block b begins with; of the k formats whole eights.
static int64_t block_start(int type, int64_t groups, int64_t blocks, int64_t b) {
    int64_t unit = groups_of(type);
    return b * (groups / unit) / blocks * unit;
}

int ck_activation_kind(int type) {
    if (is_k(kind_of(type))) return 2;
    return is_wide(type);
}

/// Two bytes as two numbers of 16 bits: above a sign there is 0xff.
CK_INLINE uint32_t widened(uint32_t two) {
    uint32_t signs = two & 0x00800080;
    return two | ((signs << 9) - (signs << 1));
}
/// 16-bit codes: of each four, 0 and 2, then 1 and 3.
CK_INLINE void widen(const int8_t *q, uint32_t *out) {
    for (int v = 0; v < 8; v++) {
        uint32_t four;
        memcpy(&four, q + 4 * v, 4);
        out[2 * v] = widened(four & 0x00ff00ff);
        out[2 * v + 1] = widened(four >> 8 & 0x00ff00ff);
    }
}

/// `factor` times the sums of the columns first..<last of a group that are 0 or 1, and 2 or 3,
/// modulo 4.
CK_INLINE void sum_pairs(const int8_t *q, int first, int last, int factor, int16_t out[2]) {
    // Four sums of 16 bits, of bytes without their signs: 128 too much each.
    uint64_t sums = 0;
    for (int k = first; k < last; k += 8) {
        uint64_t eight;
        memcpy(&eight, q + k, 8);
        eight ^= 0x8080808080808080u;
        sums += (eight & 0x00ff00ff00ff00ffu) + (eight >> 8 & 0x00ff00ff00ff00ffu);
    }
    sums += sums >> 32;
    for (int p = 0; p < 2; p++)
        out[p] = (int16_t)(factor * ((int)(sums >> 16 * p & 0xffff) - 64 * (last - first)));
}

/// Puts the group of column i where a tile of n has it; next: of a k kind the halves of the group
/// after it (of an even one).
CK_INLINE void put_group(const ck_panel_kernels *kernels, bool wide, int n, int i, const int8_t *q,
                         float d, const int16_t halves[2], const int16_t *next, char *out) {
    int sum = halves[0] + halves[1];
    float sum_of_x = d * (float)sum;
    int32_t start = integer_zero - 128 * sum;
    int16_t begin[2][2] = {{0}};
    if (!kernels->by_pairs) {
        memcpy(begin[0], halves, 4);
        memcpy(begin[1], &start, 4);
    } else if (next) {
        sum_pairs(q, 0, 16, -32, begin[0]);
        sum_pairs(q, 16, 32, -32, begin[1]);
    } else if (!wide) {
        sum_pairs(q, 0, 32, -8, begin[0]);
        for (int p = 0; p < 2; p++) begin[1][p] = (int16_t)(2 * begin[0][p]);
    }
    char *tail = out + (int64_t)n * (wide ? 64 : 32) + 4 * i;
    if (wide) {
        widen(q, (uint32_t *)(void *)(out + 64 * i));
    } else if (kernels->paired && (i | 1) < n) {
        char *to = out + 32 * (i & ~1) + 8 * (i & 1);
        for (int part = 0; part < 4; part++) memcpy(to + 16 * part, q + 8 * part, 8);
    } else {
        memcpy(out + 32 * i, q, 32);
    }
    memcpy(tail, &d, 4);
    if (next) {
        int16_t pair[2] = {(int16_t)sum, (int16_t)(next[0] + next[1])};
        memcpy(tail + 4 * n, pair, 4);
    } else {
        memcpy(tail + 4 * n, &sum_of_x, 4);
    }
    memcpy(tail + 8 * n, begin[0], 4);
    memcpy(tail + 12 * n, begin[1], 4);
}

void ck_quantize_tile(int type, int64_t columns, int64_t count, int64_t tile, const float *x,
                      int64_t stride, void *activations) {
    const ck_panel_kernels *kernels = ck_panel_table();
    const bool wide = is_wide(type);
    int64_t size = tile_size(kernels, count);
    int64_t groups = columns / group_columns, first = tile * size;
    int n = (int)(count - first < size ? count - first : size);
    const int shared = groups_of(type);
    const int64_t at_once = shared == 1 ? block_groups : block_supers * super_groups;
    int64_t blocks = block_count(type, groups, count);
    for (int64_t b = 0; b < blocks; b++) {
        int64_t g = block_start(type, groups, blocks, b);
        int64_t some = block_start(type, groups, blocks, b + 1) - g;
        char *out = (char *)activations + tile_group_bytes(wide, 1) * (g * count + first * some);
        for (int i = 0; i < n; i++) {
            // A few groups at a time.
            for (int64_t j = 0; j < some; j += at_once) {
                int8_t q[block_groups][group_columns];
                float d[block_groups];
                int16_t halves[block_groups][2];
                int64_t here = some - j < at_once ? some - j : at_once;
                kernels->quantize(here, shared, x + (first + i) * stride + (g + j) * group_columns,
                                  q[0], d, halves);
                for (int64_t k = 0; k < here; k++)
                    put_group(kernels, wide, n, i, q[k], d[k / shared], halves[k],
                              shared > 1 ? halves[k ^ 1] : 0,
                              out + (j + k) * tile_group_bytes(wide, n));
            }
        }
    }
}

void ck_quantization_rest(int type, int64_t columns, const float *x, float *out) {
    const int shared = groups_of(type);
    int8_t q[super_groups][group_columns];
    float d[super_groups];
    int16_t halves[super_groups][2];
    for (int64_t k = 0; k < columns;) {
        ck_panel_table()->quantize(shared, shared, x + k, q[0], d, halves);
        for (int j = 0; j < shared * group_columns; j++, k++) out[k] = fmaf(-d[0], q[0][j], x[k]);
    }
}

/// Room for the unpacked groups of a block.
static const int64_t unpacked_bytes =
    (int64_t)sizeof(unpacked_wide_group) * block_groups * max_panels;

int64_t ck_activation_tiles(int64_t count) {
    int64_t size = tile_size(ck_panel_table(), count);
    return (count + size - 1) / size;
}

int64_t ck_product_scratch_bytes(int64_t count) {
    return unpacked_bytes + (int64_t)sizeof(float) * max_panels * panel_rows * count;
}

static void direct_product(const ck_panel_kernels *kernels, int type, int64_t columns,
                           const char *panel, int64_t panel_bytes, int64_t rows,
                           const void *activations, int64_t count, float *out, int64_t stride) {
    int64_t groups = columns / group_columns, size = tile_size(kernels, count);
    const bool wide = is_wide(type);
    for (int64_t row = 0; row < rows; row += panel_rows, panel += panel_bytes) {
        size_t valid = rows - row < panel_rows ? (size_t)(rows - row) : panel_rows;
        for (int64_t first = 0; first < count; first += size) {
            float c[max_tile][panel_rows];
            int n = (int)(count - first < size ? count - first : size);
            kernels->direct(type, n, panel, groups,
                            (const char *)activations + tile_group_bytes(wide, 1) * groups * first,
                            c[0]);
            for (int i = 0; i < n; i++) memcpy(out + (first + i) * stride + row, c[i], 4 * valid);
        }
    }
}

void ck_product(int type, int64_t columns, const void *panels, int64_t rows,
                const void *activations, int64_t count, float *out, int64_t stride, void *scratch) {
    const ck_panel_kernels *kernels = ck_panel_table();
    int64_t panel_bytes = ck_panel_bytes(type, columns), groups = columns / group_columns;
    if (count <= kernels->direct_limit) {
        direct_product(kernels, type, columns, panels, panel_bytes, rows, activations, count, out,
                       stride);
        return;
    }
    ck_kind kind = kind_of(type);
    int64_t size = tile_size(kernels, count);
    const bool wide = is_wide(type);
    int64_t unpacked = (int64_t)(wide ? sizeof(unpacked_wide_group) : sizeof(unpacked_group));
    const int64_t width = kernels->panels * panel_rows;
    // The last rows may be no whole panel: their sums stay aside until they are whole.
    float *partial = (float *)((char *)scratch + unpacked_bytes);
    int64_t blocks = block_count(type, groups, count);
    for (int64_t b = 0; b < blocks; b++) {
        int64_t g = block_start(type, groups, blocks, b);
        int64_t some = block_start(type, groups, blocks, b + 1) - g;
        for (int64_t row = 0; row < rows; row += width) {
            int64_t left = rows - row < width ? rows - row : width;
            int taken = (int)((left + panel_rows - 1) / panel_rows);
            const char *panel = (const char *)panels + row / panel_rows * panel_bytes;
            for (int p = 0; p < taken; p++)
                kernels->unpack(type, panel + p * panel_bytes, g, some,
                                (char *)scratch + p * block_groups * unpacked);
            // The next panels' block is fetched meanwhile, some of it with every tile.
            int64_t behind = (rows - row - left + panel_rows - 1) / panel_rows;
            upcoming next = {.start = panel + taken * panel_bytes + g * panel_bytes / groups,
                             .stride = panel_bytes,
                             .panels = (int)(behind < kernels->panels ? behind : kernels->panels)};
            int64_t block_bytes = some * panel_bytes / groups;
            bool is_whole = left == taken * panel_rows;
            float *c = is_whole ? out + row : partial;
            int64_t step = is_whole ? stride : width;
            for (int64_t first = 0; first < count; first += size) {
                int n = (int)(count - first < size ? count - first : size);
                const char *tile = (const char *)activations +
                                   tile_group_bytes(wide, 1) * (g * count + first * some);
                next.from = next.to;
                next.to = block_bytes * (first + n) / count;
                kernels->multiply(kind, taken, n, scratch, some, tile, c + first * step, step,
                                  g > 0, &next);
            }
        }
    }
    int64_t rest = rows % width;
    if (rest % panel_rows)
        for (int64_t i = 0; i < count; i++)
            memcpy(out + i * stride + rows - rest, partial + i * width, 4 * (size_t)rest);
}
