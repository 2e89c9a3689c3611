// From the rows of a file to panels. Portable: moving words is limited by memory.
#include "packed.h"

// The blocks of a file that are not plain enough for offsets alone.
typedef struct {
    uint16_t d, m;
    uint8_t scales[12], q[128];
} block_q4_k;
typedef struct {
    uint16_t d, m;
    uint8_t scales[12], high[32], q[128];
} block_q5_k;
typedef struct {
    uint8_t low[128], high[64];
    int8_t scales[16];
    uint16_t d;
} block_q6_k;
_Static_assert(sizeof(block_q4_k) == 144, "q4_k block");
_Static_assert(sizeof(block_q5_k) == 176, "q5_k block");
_Static_assert(sizeof(block_q6_k) == 210, "q6_k block");

CK_INLINE uint32_t word_at(const void *p) {
    uint32_t word;
    memcpy(&word, p, 4);
    return word;
}
/// A scale of a file. An infinite one is kept as NaN, so that kernels may bring a scale into a sum
/// and take it out again: a product with either says nothing.
CK_INLINE uint16_t scale_at(const void *p) {
    uint16_t half;
    memcpy(&half, p, 2);
    return (half & 0x7fff) == 0x7c00 ? 0x7e00 : half;
}
CK_INLINE void put_word(void *out, int w, int row, uint32_t word) {
    memcpy((char *)out + 64 * w + 4 * row, &word, 4);
}

CK_INLINE void put_words(void *out, const uint8_t *source, int words, int row) {
    for (int w = 0; w < words; w++) put_word(out, w, row, word_at(source + 4 * w));
}

/// The fifth bits of 32 columns (bit i of `bits` is column i's) as a panel keeps them.
CK_INLINE uint32_t spread_bits(uint32_t bits) {
    uint32_t out = 0;
    for (int w = 0; w < 8; w++) {
        uint32_t four = bits >> (4 * w) & 15;
        out |= ((four * 0x00204081u) & 0x01010101u) << w;
    }
    return out;
}

// Each puts one block of row r of a file into its place.
CK_INLINE void pack_q4_0(const uint8_t *block, int r, panel_q4_0 *out) {
    out->d[r] = scale_at(block);
    put_words(out->q, block + 2, 4, r);
}
CK_INLINE void pack_q4_1(const uint8_t *block, int r, panel_q4_1 *out) {
    out->d[r] = scale_at(block);
    memcpy(&out->m[r], block + 2, 2);
    put_words(out->q, block + 4, 4, r);
}
CK_INLINE void pack_q5_0(const uint8_t *block, int r, panel_q5_0 *out) {
    uint32_t high;
    out->d[r] = scale_at(block);
    memcpy(&high, block + 2, 4);
    out->high[r] = spread_bits(high);
    put_words(out->q, block + 6, 4, r);
}
CK_INLINE void pack_q5_1(const uint8_t *block, int r, panel_q5_1 *out) {
    uint32_t high;
    out->d[r] = scale_at(block);
    memcpy(&out->m[r], block + 2, 2);
    memcpy(&high, block + 4, 4);
    out->high[r] = spread_bits(high);
    put_words(out->q, block + 8, 4, r);
}
CK_INLINE void pack_q8_0(const uint8_t *block, int r, panel_q8_0 *out) {
    out->d[r] = scale_at(block);
    put_words(out->q, block + 2, 8, r);
}

/// Nibbles of a group: in a k block two groups share 32 bytes (low and high nibbles), here the
/// halves of one group share 16.
CK_INLINE void put_nibbles_of_k(const uint8_t *bytes, bool high, int r, uint8_t *out) {
    const uint32_t low4 = 0x0f0f0f0fu;
    for (int w = 0; w < 4; w++) {
        uint32_t a = word_at(bytes + 4 * w), b = word_at(bytes + 16 + 4 * w);
        put_word(out, w, r, high ? (a >> 4 & low4) | (b & ~low4) : (a & low4) | (b & low4) << 4);
    }
}
/// The eight 6-bit scales and minima of q4_k and q5_k, from their twelve bytes.
CK_INLINE void put_scales_of_k(const uint8_t *s, int r, uint8_t scale[8][16], uint8_t min[8][16]) {
    uint32_t a = word_at(s), b = word_at(s + 4), c = word_at(s + 8);
    uint32_t scales[2] = {a & 0x3f3f3f3fu, (c & 0x0f0f0f0fu) | (a >> 6 & 0x03030303u) << 4};
    uint32_t mins[2] = {b & 0x3f3f3f3fu, (c >> 4 & 0x0f0f0f0fu) | (b >> 6 & 0x03030303u) << 4};
    for (int j = 0; j < 8; j++) {
        scale[j][r] = (uint8_t)(scales[j / 4] >> 8 * (j % 4));
        min[j][r] = (uint8_t)(mins[j / 4] >> 8 * (j % 4));
    }
}
CK_INLINE void pack_q4_k(const void *source, int r, panel_q4_k *out) {
    const block_q4_k *block = source;
    out->d[r] = scale_at(&block->d);
    out->m[r] = block->m;
    put_scales_of_k(block->scales, r, out->scale, out->min);
    for (int j = 0; j < 8; j++) put_nibbles_of_k(block->q + 32 * (j / 2), j % 2, r, out->q[j]);
}
CK_INLINE void pack_q5_k(const void *source, int r, panel_q5_k *out) {
    const block_q5_k *block = source;
    out->d[r] = scale_at(&block->d);
    out->m[r] = block->m;
    put_scales_of_k(block->scales, r, out->scale, out->min);
    for (int j = 0; j < 8; j++) {
        uint32_t high = 0;
        put_nibbles_of_k(block->q + 32 * (j / 2), j % 2, r, out->q[j]);
        for (int w = 0; w < 8; w++) high |= (word_at(block->high + 4 * w) >> j & 0x01010101u) << w;
        out->high[j][r] = high;
    }
}
CK_INLINE void pack_q6_k(const void *source, int r, panel_q6_k *out) {
    const block_q6_k *block = source;
    out->d[r] = scale_at(&block->d);
    for (int j = 0; j < 8; j++) {
        int half = j / 4, g = j % 4;
        const uint8_t *low = block->low + 64 * half + 32 * (g & 1);
        const uint8_t *bits = block->high + 32 * half;
        put_nibbles_of_k(low, g >= 2, r, out->q[j]);
        for (int w = 0; w < 2; w++) {
            uint32_t high = 0;
            for (int v = 0; v < 4; v++)
                high |= (word_at(bits + 16 * w + 4 * v) >> 2 * g & 0x03030303u) << 2 * v;
            out->high[j][w][r] = high;
            out->scale[j][w][r] = block->scales[2 * j + w];
        }
    }
}

int64_t ck_panel_bytes(int type, int64_t columns) {
    int64_t width = group_columns * groups_of(type);
    return columns % width ? 0 : panel_bytes_of(type) * (columns / width);
}

void ck_pack_panel(int type, int64_t columns, int64_t rows, const void *source, int64_t row_bytes,
                   void *panel) {
    if (rows < panel_rows) memset(panel, 0, (size_t)ck_panel_bytes(type, columns));
    int64_t count = columns / (group_columns * groups_of(type));
    const char *block = source;
#define PACK(name, bytes)                                                                          \
    for (int64_t b = 0; b < count; b++, block += bytes)                                            \
        for (int r = 0; r < rows; r++)                                                             \
            pack_##name((const void *)(block + r * row_bytes), r, (panel_##name *)panel + b);      \
    break
    switch (type) {
    case CK_Q4_0: PACK(q4_0, 18);
    case CK_Q4_1: PACK(q4_1, 20);
    case CK_Q5_0: PACK(q5_0, 22);
    case CK_Q5_1: PACK(q5_1, 24);
    case CK_Q8_0: PACK(q8_0, 34);
    case CK_Q4_K: PACK(q4_k, 144);
    case CK_Q5_K: PACK(q5_k, 176);
    case CK_Q6_K: PACK(q6_k, 210);
    default: break;
    }
#undef PACK
}
