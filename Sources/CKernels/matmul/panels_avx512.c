// Panel kernels for AVX-512 with VNNI: 16 rows a vector, four columns a lane.
//
// vpdpbusd multiplies four unsigned codes with four signed activations, which it broadcasts from
// memory itself: eight of them are a group, and no sum crosses a vector. Codes with an offset cost
// no subtraction, because their sum starts at -offset * sum(x) rather than at zero; unpacked codes
// all have the offset 128, whose starts are stored with the activations. Six columns of two panels
// make 24 accumulators, and leave registers for weights and scales; what is read of the activations
// serves two panels. All sums are exact, and equal the scalar kernels' to the bit.
//
// A sum of integers i starts at the bits of m = 1.5 * 2^23, and so ends as those of the float m +
// i: (m + i) * scale - m * scale is i * scale rounded once, without a conversion.
//
// The k kinds, whose groups are summed as integers first, are in panels_avx512_k.h.
#include "panels_avx512_k.h"

#if CK_X86

/// Columns up to which weights are not unpacked first.
enum { direct_limit = 24 };

/// Group g of a panel; the codes of kind_s8 with the offset 128.
CK_AVX512 CK_INLINE void load16(const int type, const void *panel, int64_t g, rows16 *out) {
    if (type == CK_Q4_0) {
        const panel_q4_0 *p = (const panel_q4_0 *)panel + g;
        nibbles16(p->q, out);
        out->scale = halfs16(p->d);
    } else if (type == CK_Q4_1) {
        const panel_q4_1 *p = (const panel_q4_1 *)panel + g;
        nibbles16(p->q, out);
        out->scale = halfs16(p->d);
        out->min = halfs16(p->m);
    } else if (type == CK_Q5_0) {
        const panel_q5_0 *p = (const panel_q5_0 *)panel + g;
        nibbles16(p->q, out);
        fifth_bits16(p->high, out);
        out->scale = halfs16(p->d);
    } else if (type == CK_Q5_1) {
        const panel_q5_1 *p = (const panel_q5_1 *)panel + g;
        nibbles16(p->q, out);
        fifth_bits16(p->high, out);
        out->scale = halfs16(p->d);
        out->min = halfs16(p->m);
    } else {
        const panel_q8_0 *p = (const panel_q8_0 *)panel + g;
        const __m512i sign = _mm512_set1_epi8(-128);
        UNROLL for (int w = 0; w < 8; w++) out->q[w] = _mm512_xor_si512(LOAD(p->q + 64 * w), sign);
        out->scale = halfs16(p->d);
    }
}

/// Where the sum of codes with the offset `offset` starts in column i.
CK_AVX512 CK_INLINE __m512i start_of(const ck_kind kind, const int offset, activation_group x,
                                     const int i) {
    if (has_minimum(kind)) return _mm512_set1_epi32(integer_zero);
    if (offset == 128) return broadcast32(x.start + i);
    return _mm512_set1_epi32((x.start[i] - integer_zero) / (128 / offset) + integer_zero);
}

/// Sums of rows with columns.
typedef struct {
    __m512 of[panels_at_once][direct_columns];
} sums16;

/// Adds the products of a group of some panels with n columns; codes have the offset `offset`.
CK_AVX512 CK_INLINE void add_group(const ck_kind kind, const int panels, const int n,
                                   const int offset, rows16 *w, const uint8_t *q, const char *tile,
                                   sums16 *sums) {
    const activation_group x = activations_at(n, tile);
    integers16 s;
    UNROLL for (int p = 0; p < panels; p++) {
        w[p].back = _mm512_mul_ps(w[p].scale, _mm512_set1_ps(-0x1.8p23f));
        UNROLL for (int i = 0; i < n; i++) s.of[p][i] = start_of(kind, offset, x, i);
    }
    add_words(panels, n, 0, 8, q ? 0 : w->q, q, x.q, &s);
    UNROLL for (int i = 0; i < n; i++) {
        __m512 d = _mm512_set1_ps(x.d[i]), sum_of_x = _mm512_setzero_ps();
        if (has_minimum(kind)) sum_of_x = _mm512_set1_ps(x.sum[i]);
        UNROLL for (int p = 0; p < panels; p++) {
            __m512 *sum = &sums->of[p][i];
            __m512 scaled = _mm512_fmadd_ps(_mm512_castsi512_ps(s.of[p][i]), w[p].scale, w[p].back);
            *sum = _mm512_fmadd_ps(scaled, d, *sum);
            if (has_minimum(kind)) *sum = _mm512_fmadd_ps(w[p].min, sum_of_x, *sum);
        }
    }
}

CK_AVX512 CK_INLINE void direct_n(const int type, const int n, const void *panel, int64_t groups,
                                  const char *tile, float *c) {
    const ck_kind kind = kind_of(type);
    if (is_k(kind)) {
        direct_k(type, n, panel, groups, tile, c);
        return;
    }
    const int offset = kind == kind_u4 ? 8 : kind == kind_u5 ? 16 : 128;
    const int64_t bytes = panel_bytes_of(type);
    const char *at = panel;
    sums16 sums;
    UNROLL for (int i = 0; i < n; i++) sums.of[0][i] = _mm512_setzero_ps();
    for (int64_t g = 0; g < groups; g++, tile += n * group_bytes, at += bytes) {
        fetch_ahead(at, bytes);
        rows16 w;
        load16(type, panel, g, &w);
        add_group(kind, 1, n, offset, &w, 0, tile, &sums);
    }
    UNROLL for (int i = 0; i < n; i++) _mm512_storeu_ps(c + 16 * i, sums.of[0][i]);
}

#define DIRECT(type)                                                                               \
    CK_AVX512 static void direct_##type(int n, const void *p, int64_t g, const char *t,            \
                                        float *c) {                                                \
        switch (n) {                                                                               \
        case 1: direct_n(CK_##type, 1, p, g, t, c); break;                                         \
        case 2: direct_n(CK_##type, 2, p, g, t, c); break;                                         \
        case 3: direct_n(CK_##type, 3, p, g, t, c); break;                                         \
        case 4: direct_n(CK_##type, 4, p, g, t, c); break;                                         \
        case 5: direct_n(CK_##type, 5, p, g, t, c); break;                                         \
        default: direct_n(CK_##type, 6, p, g, t, c); break;                                        \
        }                                                                                          \
    }
DIRECT_OF_EACH_TYPE

CK_AVX512 CK_INLINE void unpack_n(const int type, const void *panel, int64_t first, int64_t count,
                                  void *to) {
    const ck_kind kind = kind_of(type);
    if (is_k(kind)) {
        unpack_k(type, panel, first, count, to);
        return;
    }
    unpacked_group *out = to;
    const __m512i bias = _mm512_set1_epi8(kind == kind_u4 ? 120 : 112);
    for (int64_t g = 0; g < count; g++) {
        rows16 w;
        load16(type, panel, first + g, &w);
        UNROLL for (int v = 0; v < 8; v++) {
            if (kind == kind_u4 || kind == kind_u5) w.q[v] = _mm512_add_epi8(w.q[v], bias);
            _mm512_storeu_si512((void *)(out[g].q + 64 * v), w.q[v]);
        }
        _mm512_storeu_ps(out[g].scale, w.scale);
        if (has_minimum(kind)) _mm512_storeu_ps(out[g].min, w.min);
    }
}
#define UNPACK(type)                                                                               \
    case CK_##type: unpack_n(CK_##type, panel, first, count, out); break
CK_AVX512 static void unpack(int type, const void *panel, int64_t first, int64_t count, void *out) {
    switch (type) { EACH_PACKED_TYPE(UNPACK); }
}

CK_AVX512 CK_INLINE void multiply_n(const ck_kind kind, const int panels, const int n,
                                    const void *unpacked, int64_t groups, const char *tile,
                                    float *c, int64_t stride, bool accumulate,
                                    const upcoming *next) {
    if (is_k(kind)) {
        multiply_k(kind, panels, n, unpacked, groups, tile, c, stride, accumulate, next);
        return;
    }
    const unpacked_group *u = unpacked;
    sums16 sums;
    UNROLL for (int p = 0; p < panels; p++) UNROLL for (int i = 0; i < n; i++) sums.of[p][i] =
        accumulate ? _mm512_loadu_ps(c + i * stride + 16 * p) : _mm512_setzero_ps();
    gradual_fetch fetching = fetch_with_each(next, groups);
    for (const unpacked_group *end = u + groups; u < end; u++, tile += n * group_bytes) {
        fetch_some(&fetching);
        rows16 w[panels_at_once];
        UNROLL for (int p = 0; p < panels; p++) {
            const unpacked_group *group = u + p * block_groups;
            w[p].scale = _mm512_loadu_ps(group->scale);
            if (has_minimum(kind)) w[p].min = _mm512_loadu_ps(group->min);
        }
        add_group(kind, panels, n, 128, w, u->q, tile, &sums);
    }
    UNROLL for (int p = 0; p < panels; p++) UNROLL for (int i = 0; i < n; i++)
        _mm512_storeu_ps(c + i * stride + 16 * p, sums.of[p][i]);
}

#define CASE(kind, n)                                                                              \
    case n: multiply_n(kind, 1, n, u, g, t, c, s, a, next); break;                                 \
    case n + 8:                                                                                    \
        multiply_n(kind, 2, n, u, g, t, c, s, a, next);                                            \
        break;
#define MULTIPLY(kind)                                                                             \
    CK_AVX512 static void multiply_##kind(int panels, int n, const void *u, int64_t g,             \
                                          const char *t, float *c, int64_t s, bool a,              \
                                          const upcoming *next) {                                  \
        switch (8 * (panels - 1) + n) {                                                            \
            CASE(kind, 1)                                                                          \
            CASE(kind, 2)                                                                          \
            CASE(kind, 3)                                                                          \
            CASE(kind, 4)                                                                          \
            CASE(kind, 5)                                                                          \
            CASE(kind, 6)                                                                          \
        }                                                                                          \
    }
MULTIPLY(kind_u4)
MULTIPLY(kind_u4_min)
MULTIPLY(kind_k4)
MULTIPLY(kind_k5)
MULTIPLY(kind_k6)

static void multiply(ck_kind kind, int panels, int n, const void *u, int64_t g, const void *t,
                     float *c, int64_t s, bool a, const upcoming *next) {
    switch (kind) {
    case kind_u4_min:
    case kind_u5_min: multiply_kind_u4_min(panels, n, u, g, t, c, s, a, next); break;
    case kind_k4: multiply_kind_k4(panels, n, u, g, t, c, s, a, next); break;
    case kind_k5: multiply_kind_k5(panels, n, u, g, t, c, s, a, next); break;
    case kind_k6: multiply_kind_k6(panels, n, u, g, t, c, s, a, next); break;
    // Unpacked, these differ in nothing.
    default: multiply_kind_u4(panels, n, u, g, t, c, s, a, next); break;
    }
}

/// Quantizes `vectors` times 16 values with one d.
CK_AVX512 CK_INLINE void quantize_some(const int vectors, const float *x, int8_t *q, float *d) {
    const __m512 largest = _mm512_set1_ps(3.4028234664e38f);
    __m512 top = _mm512_setzero_ps();
    __mmask16 finite = 0xffff;
    UNROLL for (int v = 0; v < vectors; v++) {
        __m512 size = _mm512_abs_ps(_mm512_loadu_ps(x + 16 * v));
        finite &= _mm512_cmp_ps_mask(size, largest, _CMP_LE_OQ);
        top = _mm512_max_ps(top, size);
    }
    float inverse = activation_scale(_mm512_reduce_max_ps(top), finite == 0xffff, d);
    __mmask16 all = inverse == 0 ? 0 : 0xffff;
    __m512 factor = _mm512_set1_ps(inverse);
    UNROLL for (int v = 0; v < vectors; v++) {
        __m512 scaled = _mm512_mul_ps(_mm512_loadu_ps(x + 16 * v), factor);
        _mm_storeu_si128((__m128i *)(q + 16 * v),
                         _mm512_cvtepi32_epi8(_mm512_maskz_cvtps_epi32(all, scaled)));
    }
}
/// The sum of 16 codes.
CK_AVX512 CK_INLINE int16_t sum16(const int8_t *q) {
    __m128i codes = _mm_loadu_si128((const __m128i *)(const void *)q);
    __m128i sums = _mm_sad_epu8(_mm_xor_si128(codes, _mm_set1_epi8(-128)), _mm_setzero_si128());
    return (int16_t)(_mm_extract_epi16(sums, 0) + _mm_extract_epi16(sums, 4) - 16 * 128);
}
CK_AVX512 CK_INLINE void quantize_n(const int shared, int64_t groups, const float *x, int8_t *q,
                                    float *d, int16_t (*halves)[2]) {
    const int some = 32 * shared;
    for (int64_t g = 0; g < groups; g += shared, x += some, q += some, d++) {
        quantize_some(2 * shared, x, q, d);
        UNROLL for (int j = 0; j < shared; j++) UNROLL for (int h = 0; h < 2; h++)
            halves[g + j][h] = sum16(q + 32 * j + 16 * h);
    }
}
CK_AVX512 static void quantize(int64_t groups, int shared, const float *x, int8_t *q, float *d,
                               int16_t (*halves)[2]) {
    if (shared == 1)
        quantize_n(1, groups, x, q, d, halves);
    else
        quantize_n(super_groups, groups, x, q, d, halves);
}

const ck_panel_kernels ck_panels_avx512 = {
    direct_columns, panels_at_once, direct_limit, false, false, direct, unpack, multiply, quantize};
#endif
