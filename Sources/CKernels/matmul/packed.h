#pragma once
// How quantized weights are kept for products: panels of 16 rows, interleaved.
//
// A panel holds 16 rows; along a row the columns come in groups of 32, and a group is one struct
// (the k formats have one struct for their 8 groups, which share scales). Inside a group the
// bytes of four consecutive columns of a row form a word, and the words of the 16 rows stand side
// by side: one 64-byte load feeds 16 rows, and no sum ever crosses a vector. Words 0...3 hold the
// low nibbles of columns 0...15 and, in the high nibbles, columns 16...31, as the files do.
// A fifth bit stands apart: bit (8 j + w) of a row's word is that of column 4 w + j.
// Rows beyond the matrix are zero. No layout is larger than the file's plus 3 %.
#include "../internal.h"

enum { group_columns = 32, super_groups = 8 };

typedef struct {
    uint16_t d[16];
    uint8_t q[256];
} panel_q4_0;
typedef struct {
    uint16_t d[16], m[16];
    uint8_t q[256];
} panel_q4_1;
typedef struct {
    uint16_t d[16];
    uint32_t high[16];
    uint8_t q[256];
} panel_q5_0;
typedef struct {
    uint16_t d[16], m[16];
    uint32_t high[16];
    uint8_t q[256];
} panel_q5_1;
/// Words 0...7: all bits of columns 0...31.
typedef struct {
    uint16_t d[16];
    int8_t q[512];
} panel_q8_0;
typedef struct {
    uint16_t d[16], m[16];
    uint8_t scale[8][16], min[8][16];
    uint8_t q[8][256];
} panel_q4_k;
typedef struct {
    uint16_t d[16], m[16];
    uint8_t scale[8][16], min[8][16];
    uint32_t high[8][16];
    uint8_t q[8][256];
} panel_q5_k;
/// One scale for 16 columns. Bits 2 (w % 4) and above of byte j of high[w / 4] belong to column
/// 4 w + j.
typedef struct {
    uint16_t d[16];
    int8_t scale[8][2][16];
    uint32_t high[8][2][16];
    uint8_t q[8][256];
} panel_q6_k;
_Static_assert(sizeof(panel_q4_0) == 16 * 18, "q4_0 panel");
_Static_assert(sizeof(panel_q4_1) == 16 * 20, "q4_1 panel");
_Static_assert(sizeof(panel_q5_0) == 16 * 22, "q5_0 panel");
_Static_assert(sizeof(panel_q5_1) == 16 * 24, "q5_1 panel");
_Static_assert(sizeof(panel_q8_0) == 16 * 34, "q8_0 panel");
_Static_assert(sizeof(panel_q4_k) == 16 * 148, "q4_k panel: 4 bytes a row more than the file");
_Static_assert(sizeof(panel_q5_k) == 16 * 180, "q5_k panel: 4 bytes a row more than the file");
_Static_assert(sizeof(panel_q6_k) == 16 * 210, "q6_k panel");

/// What the arithmetic of a format is, once its codes are bytes.
///
/// One group of one row contributes, all sums of integers exact:
///   offset kinds:  scale * sum((code - offset) * x)
///   minimum kinds: scale * sum(code * x) + min * sum(x)
/// In the k kinds eight groups contribute together, for groups have integer scales s and minima m:
///   k4, k5:        scale * sum(s * sum(code * x)) + min * sum(m * sum(x))
///   k6:            scale * sum(s0 * sum((code - 32) * x, first half) + s1 * (second half))
typedef enum {
    kind_u4,     // codes 0...15, offset 8
    kind_u4_min, // codes 0...15, minimum
    kind_u5,     // codes 0...31, offset 16
    kind_u5_min, // codes 0...31, minimum
    kind_s8,     // codes -128...127
    kind_k4,     // codes 0...15, scales and minima 0...63
    kind_k5,     // codes 0...31, scales and minima 0...63
    kind_k6,     // codes 0...63, offset 32, a scale -128...127 for each half
    kind_count
} ck_kind;

CK_INLINE ck_kind kind_of(int type) {
    switch (type) {
    case CK_Q4_0: return kind_u4;
    case CK_Q4_1: return kind_u4_min;
    case CK_Q5_0: return kind_u5;
    case CK_Q5_1: return kind_u5_min;
    case CK_Q4_K: return kind_k4;
    case CK_Q5_K: return kind_k5;
    case CK_Q6_K: return kind_k6;
    default: return kind_s8;
    }
}
CK_INLINE bool is_k(const ck_kind kind) { return kind >= kind_k4; }

CK_INLINE bool has_minimum(const ck_kind kind) {
    return kind == kind_u4_min || kind == kind_u5_min;
}

/// Whether groups have integer minima, which eight of them are summed with.
CK_INLINE bool has_minima(const ck_kind kind) { return kind == kind_k4 || kind == kind_k5; }

/// The cases of a switch over all packed types.
#define EACH_PACKED_TYPE(X)                                                                        \
    X(Q4_0);                                                                                       \
    X(Q4_1);                                                                                       \
    X(Q5_0);                                                                                       \
    X(Q5_1);                                                                                       \
    X(Q8_0);                                                                                       \
    X(Q4_K);                                                                                       \
    X(Q5_K);                                                                                       \
    X(Q6_K)

/// `direct` of a file whose macro DIRECT defines direct_Q4_0 and so on, one for each packed type.
#define CALL_DIRECT(type)                                                                          \
    case CK_##type:                                                                                \
        direct_##type(n, panel, groups, tile, c);                                                  \
        break
#define DIRECT_OF_EACH_TYPE                                                                        \
    DIRECT(Q4_0)                                                                                   \
    DIRECT(Q4_1)                                                                                   \
    DIRECT(Q5_0)                                                                                   \
    DIRECT(Q5_1)                                                                                   \
    DIRECT(Q8_0)                                                                                   \
    DIRECT(Q4_K)                                                                                   \
    DIRECT(Q5_K)                                                                                   \
    DIRECT(Q6_K)                                                                                   \
    static void direct(int type, int n, const void *panel, int64_t groups, const void *tile,       \
                       float *c) {                                                                 \
        switch (type) { EACH_PACKED_TYPE(CALL_DIRECT); }                                           \
    }

/// Bytes of the struct that holds `groups_of(type)` groups of a panel.
CK_INLINE int64_t panel_bytes_of(int type) {
    switch (type) {
    case CK_Q4_0: return sizeof(panel_q4_0);
    case CK_Q4_1: return sizeof(panel_q4_1);
    case CK_Q5_0: return sizeof(panel_q5_0);
    case CK_Q5_1: return sizeof(panel_q5_1);
    case CK_Q8_0: return sizeof(panel_q8_0);
    case CK_Q4_K: return sizeof(panel_q4_k);
    case CK_Q5_K: return sizeof(panel_q5_k);
    case CK_Q6_K: return sizeof(panel_q6_k);
    default: return 0;
    }
}
CK_INLINE int groups_of(int type) { return is_k(kind_of(type)) ? super_groups : 1; }

/// Activations, quantized by groups of 32: d = max|x| / 127, q = round(x / d) to even. For the k
/// kinds eight groups share one d, as their weights do (ggml's q8_K).
///
/// Columns of activations (tokens) come in tiles of at most `ck_panel_kernels.tile`, block of
/// groups by block, so that what a block of weights needs lies together. A tile of n holds, group
/// by group: q[n][32], d[n], sum[n] (= d * sum of q), half[n][2] (sums of the q of each half),
/// start[n] (where the sum of codes with an offset of 128 starts, which is -128 * sum of q, as the
/// bits of a float near `integer_zero`). For the k kinds, in place of sum[n], a group with an even
/// number has pair[n][2]: the sums of its q and of the next group's. For kernels that multiply two
/// columns at a time, columns 2 i and 2 i + 1 are `paired`: they share 64 bytes, 8 of the one and 8
/// of the other in turn; the last one of an odd n stands alone.
///
/// Kernels without a dot product of bytes add products in 16 bits, `by_pairs`: of columns 0 and 1,
/// modulo 4, and of columns 2 and 3. They take 16-bit q for kind_s8, of which each four stand in
/// the order 0 2 1 3. In place of half[n][2] and start[n] they have where such sums of codes with
/// an offset begin, begin[2][n][2]: for offset 8 and for offset 16 of a whole group; for the k
/// kinds with offset 32, of the first half of a group and of the second.
enum { tail_bytes = 16 };
/// The bits of 1.5 * 2^23: those of 1.5 * 2^23 + i are just i more, for |i| < 2^22.
enum { integer_zero = 0x4b400000 };
CK_INLINE int64_t tile_group_bytes(bool wide, int n) {
    return (int64_t)n * ((wide ? 64 : 32) + tail_bytes);
}

/// A group of a panel as the kernels of blocks read it, unpacked into a thread's scratch memory.
typedef struct {
    uint8_t q[512]; // [word 0...7][row][4]
    union {
        float scale[16];
        int16_t halves[16][2]; // k kinds: the integer scales of both halves
    };
    union {
        float min[16];
        int16_t mins[16][2]; // k kinds, of an even group: its minimum and the next group's; where
                             // there are none, and of odd groups, what a kernel likes
    };
} unpacked_group;
/// The same with 16-bit codes: [word][columns 0 2, then 1 3][row][2].
typedef struct {
    int16_t q[512];
    float scale[16];
} unpacked_wide_group;
/// Eight unpacked groups of a k kind.
typedef struct {
    unpacked_group groups[super_groups];
    float scale[16], min[16];
} unpacked_super;

/// Weights that are used next, which `multiply` fetches into the second-level cache while it
/// computes: bytes from..<to of some panels.
typedef struct {
    const char *start;
    int64_t stride, from, to;
    int panels;
} upcoming;
/// Fetches up to byte `to`, and returns where that ended.
CK_INLINE int64_t fetch(const upcoming *next, int64_t from, int64_t to) {
    int64_t at = from;
    for (; at < to; at += 64)
        for (int p = 0; p < next->panels; p++)
            __builtin_prefetch(next->start + p * next->stride + at, 0, 2);
    return at;
}

/// The kernels of one instruction set.
typedef struct {
    /// Columns of activations in a tile, at most `max_tile`.
    int tile;
    /// Panels that `multiply` takes at a time, at most `max_panels`.
    int panels;
    /// Columns up to which weights are not unpacked first.
    int direct_limit;
    /// Whether products are added by pairs in 16 bits.
    bool by_pairs;
    /// Whether columns are paired; `tile` is even then.
    bool paired;
    /// c[i][row] = product of the whole panel with column i of a tile of n, at most direct_limit;
    /// c: [n][16].
    void (*direct)(int type, int n, const void *panel, int64_t groups, const void *tile, float *c);
    /// Unpacks groups first..<first + count of a panel; of the k kinds whole eights.
    void (*unpack)(int type, const void *panel, int64_t first, int64_t count, void *out);
    /// c[i * stride + row] (+)= product of unpacked groups with column i of a tile of n; the next
    /// panel's groups are `block_groups` further on.
    void (*multiply)(ck_kind kind, int panels, int n, const void *unpacked, int64_t groups,
                     const void *tile, float *c, int64_t stride, bool accumulate,
                     const upcoming *next);
    /// Quantizes `groups` times 32 values, each `shared` (1 or `super_groups`) of them with one d:
    /// q[groups][32], d[groups / shared], and the sums of each half.
    void (*quantize)(int64_t groups, int shared, const float *x, int8_t *q, float *d,
                     int16_t (*halves)[2]);
} ck_panel_kernels;
enum { max_tile = 6, max_panels = 2, block_groups = 18, block_supers = 2 };
_Static_assert(block_supers * sizeof(unpacked_super) <= block_groups * sizeof(unpacked_group),
               "scratch");

CK_DECLARE(ck_panel_kernels, ck_panels)
extern const ck_panel_kernels ck_panels_avxvnni, ck_panels_avx512, ck_panels_neon,
    ck_panels_neoni8mm;
const ck_panel_kernels *ck_panel_table(void);

/// The factor that takes a group of activations to codes, 0 when they are all (nearly) zero, and
/// the scale d that takes codes back. A value that is not finite makes the whole group NaN.
CK_INLINE float activation_scale(float largest, bool is_finite, float *d) {
    if (!is_finite) {
        *d = ck_bits_to_float(0x7fc00000);
        return 0;
    }
    if (largest < 0x1p-100f) {
        *d = 0;
        return 0;
    }
    *d = largest / 127;
    return 127 / largest;
}

/// Sums of the first 16 of a group's codes and of the others.
CK_INLINE void sum_halves(const int8_t *q, int16_t halves[2]) {
    int sums[2] = {0, 0};
    for (int k = 0; k < 16; k++) sums[0] += q[k];
    for (int k = 16; k < 32; k++) sums[1] += q[k];
    for (int h = 0; h < 2; h++) halves[h] = (int16_t)sums[h];
}

CK_INLINE void *tile_at(const void *tile, bool wide, int n, int64_t group) {
    return (char *)tile + tile_group_bytes(wide, n) * group;
}

/// One group of a tile of n columns whose q have 8 bits. Of the k kinds `sum` are pairs; kernels
/// that add by pairs have something else at `half` and `start`.
typedef struct {
    const char *q;
    const float *d, *sum;
    const int16_t *half;
    const int32_t *start;
} activation_group;
CK_INLINE activation_group activations_at(const int n, const char *tile) {
    const float *d = (const float *)(const void *)(tile + 32 * n);
    const int32_t *words = (const int32_t *)(const void *)d;
    return (activation_group){tile, d, d + n, (const int16_t *)(words + 2 * n), words + 3 * n};
}
