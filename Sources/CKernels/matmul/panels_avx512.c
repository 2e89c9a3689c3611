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
#include "packed.h"

#if CK_X86

#define LOAD(p) _mm512_loadu_si512((const void *)(p))
enum { direct_columns = 6, panels_at_once = 2, direct_limit = 24 };
/// How far ahead packed weights are fetched: a page, beyond which the hardware does not look.
enum { ahead = 4096 };

/// One group of 16 rows in registers.
typedef struct {
    __m512i q[8];
    /// `back` is what a sum that begins at `integer_zero` has too much.
    __m512 scale, back, min;
    /// Of kind_halves: pairs of 16-bit integer scales.
    __m512i halves;
} rows16;

CK_AVX512 CK_INLINE __m512i broadcast32(const void *p) {
    int word;
    memcpy(&word, p, 4);
    return _mm512_set1_epi32(word);
}
CK_AVX512 CK_INLINE __m512 halfs16(const uint16_t *p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)p));
}
CK_AVX512 CK_INLINE __m512 bytes16(const uint8_t *p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p)));
}
CK_AVX512 CK_INLINE void nibbles16(const uint8_t *q, rows16 *out) {
    const __m512i mask = _mm512_set1_epi8(15);
    UNROLL for (int w = 0; w < 4; w++) {
        __m512i v = LOAD(q + 64 * w);
        out->q[w] = _mm512_and_si512(v, mask);
        out->q[w + 4] = _mm512_and_si512(_mm512_srli_epi16(v, 4), mask);
    }
}
CK_AVX512 CK_INLINE void fifth_bits16(const uint32_t *high, rows16 *out) {
    const __m512i bit = _mm512_set1_epi8(16);
    __m512i v = LOAD(high);
    UNROLL for (int w = 0; w < 8; w++) {
        __m512i moved = w < 4 ? _mm512_slli_epi32(v, 4 - w) : _mm512_srli_epi32(v, w - 4);
        out->q[w] = _mm512_or_si512(out->q[w], _mm512_and_si512(moved, bit));
    }
}
CK_AVX512 CK_INLINE void scales_of_k16(const uint16_t *d, const uint16_t *m, const uint8_t *scale,
                                       const uint8_t *min, rows16 *out) {
    out->scale = _mm512_mul_ps(halfs16(d), bytes16(scale));
    out->min = _mm512_sub_ps(_mm512_setzero_ps(), _mm512_mul_ps(halfs16(m), bytes16(min)));
}

/// Group g of a panel; the codes of kind_s8 with the offset 128.
CK_AVX512 CK_INLINE void load16(const int type, const void *panel, int64_t g, rows16 *out) {
    const int64_t j = g & 7;
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
    } else if (type == CK_Q8_0) {
        const panel_q8_0 *p = (const panel_q8_0 *)panel + g;
        const __m512i sign = _mm512_set1_epi8(-128);
        UNROLL for (int w = 0; w < 8; w++) out->q[w] = _mm512_xor_si512(LOAD(p->q + 64 * w), sign);
        out->scale = halfs16(p->d);
    } else if (type == CK_Q4_K) {
        const panel_q4_k *p = (const panel_q4_k *)panel + (g >> 3);
        nibbles16(p->q[j], out);
        scales_of_k16(p->d, p->m, p->scale[j], p->min[j], out);
    } else if (type == CK_Q5_K) {
        const panel_q5_k *p = (const panel_q5_k *)panel + (g >> 3);
        nibbles16(p->q[j], out);
        fifth_bits16(p->high[j], out);
        scales_of_k16(p->d, p->m, p->scale[j], p->min[j], out);
    } else {
        const panel_q6_k *p = (const panel_q6_k *)panel + (g >> 3);
        const __m512i bits = _mm512_set1_epi8(0x30), low = _mm512_set1_epi32(0xffff);
        nibbles16(p->q[j], out);
        UNROLL for (int w = 0; w < 8; w++) {
            __m512i v = LOAD(p->high[j][w / 4]);
            const int left = 4 - 2 * (w % 4);
            v = left >= 0 ? _mm512_slli_epi32(v, left) : _mm512_srli_epi32(v, -left);
            out->q[w] = _mm512_or_si512(out->q[w], _mm512_and_si512(v, bits));
        }
        __m512i s0 = _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p->scale[j][0]));
        __m512i s1 = _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p->scale[j][1]));
        out->halves = _mm512_or_si512(_mm512_and_si512(s0, low), _mm512_slli_epi32(s1, 16));
        out->scale = halfs16(p->d);
    }
}

/// Bytes from a panel's unpacked groups to the next one's.
enum { unpacked_panel = block_groups * sizeof(unpacked_group) };

/// Word v of a group: of the unpacked codes q, or of the registers where there are none.
CK_AVX512 CK_INLINE __m512i word(const rows16 *w, const uint8_t *q, const int v) {
    return q ? LOAD(q + 64 * v) : w->q[v];
}

/// The activations of one group: of n columns of a tile, or a part of them.
typedef struct {
    const char *q;
    const float *d, *sum;
    const int16_t *half;
    const int32_t *start;
} activation_group;

typedef struct {
    __m512i of[panels_at_once][direct_columns];
} integers16;

/// Integer sums of a group with columns 0..<n, for some panels; q: unpacked codes of the first.
CK_AVX512 CK_INLINE void integer_sums(const ck_kind kind, const int panels, const int n,
                                      const int offset, const rows16 *w, const uint8_t *q,
                                      activation_group x, integers16 *s) {
    integers16 second;
    UNROLL for (int i = 0; i < n; i++) {
        __m512i start;
        if (kind == kind_halves)
            start = _mm512_setzero_si512();
        else if (has_minimum(kind))
            start = _mm512_set1_epi32(integer_zero);
        else if (offset == 128)
            start = broadcast32(x.start + i);
        else
            start = _mm512_set1_epi32((x.start[i] - integer_zero) / (128 / offset) + integer_zero);
        UNROLL for (int p = 0; p < panels; p++) s->of[p][i] = start;
        if (kind == kind_halves) UNROLL for (int p = 0; p < panels; p++) second.of[p][i] = start;
    }
    UNROLL for (int v = 0; v < 8; v++) {
        __m512i codes[panels_at_once];
        integers16 *to = kind == kind_halves && v >= 4 ? &second : s;
        UNROLL for (int p = 0; p < panels; p++) codes[p] =
            word(w + p, q ? q + p * unpacked_panel : 0, v);
        UNROLL for (int i = 0; i < n; i++) {
            __m512i column = broadcast32(x.q + 32 * i + 4 * v);
            UNROLL for (int p = 0; p < panels; p++) to->of[p][i] =
                _mm512_dpbusd_epi32(to->of[p][i], codes[p], column);
        }
    }
    if (kind != kind_halves) return;
    UNROLL for (int p = 0; p < panels; p++) {
        __m512i scale0 = _mm512_srai_epi32(_mm512_slli_epi32(w[p].halves, 16), 16);
        __m512i scale1 = _mm512_srai_epi32(w[p].halves, 16);
        __m512i offsets = _mm512_mullo_epi16(w[p].halves, _mm512_set1_epi16(-32));
        UNROLL for (int i = 0; i < n; i++) {
            __m512i sum = _mm512_add_epi32(_mm512_mullo_epi32(s->of[p][i], scale0),
                                           _mm512_mullo_epi32(second.of[p][i], scale1));
            s->of[p][i] = _mm512_dpwssd_epi32(sum, offsets, broadcast32(x.half + 2 * i));
        }
    }
}

/// Sums of rows with columns.
typedef struct {
    __m512 of[panels_at_once][direct_columns];
} sums16;

/// Adds the products of a group of some panels with n columns; codes have the offset `offset`.
CK_AVX512 CK_INLINE void add_group(const ck_kind kind, const int panels, const int n,
                                   const int offset, rows16 *w, const uint8_t *q, const char *tile,
                                   sums16 *sums) {
    // kind_halves has two sums a column: as many columns at a time as there are registers.
    const int step = kind == kind_halves ? direct_columns / panels : direct_columns;
    UNROLL for (int p = 0; p < panels; p++) w[p].back =
        _mm512_mul_ps(w[p].scale, _mm512_set1_ps(-0x1.8p23f));
    const float *d = (const float *)(const void *)(tile + 32 * n);
    const int32_t *words = (const int32_t *)(const void *)d;
    UNROLL for (int first = 0; first < n; first += step) {
        const int some = n - first < step ? n - first : step;
        activation_group x = {tile + 32 * first, d + first, d + n + first,
                              (const int16_t *)(words + 2 * n + first), words + 3 * n + first};
        integers16 s;
        integer_sums(kind, panels, some, offset, w, q, x, &s);
        UNROLL for (int i = 0; i < some; i++) {
            __m512 d = _mm512_set1_ps(x.d[i]), sum_of_x = _mm512_setzero_ps();
            if (has_minimum(kind)) sum_of_x = _mm512_set1_ps(x.sum[i]);
            UNROLL for (int p = 0; p < panels; p++) {
                __m512i whole = s.of[p][i];
                // Sums of halves are too large for the bits of a float.
                __m512 scaled =
                    kind == kind_halves
                        ? _mm512_mul_ps(_mm512_cvtepi32_ps(whole), w[p].scale)
                        : _mm512_fmadd_ps(_mm512_castsi512_ps(whole), w[p].scale, w[p].back);
                __m512 *sum = &sums->of[p][first + i];
                *sum = _mm512_fmadd_ps(scaled, d, *sum);
                if (has_minimum(kind)) *sum = _mm512_fmadd_ps(w[p].min, sum_of_x, *sum);
            }
        }
    }
}

CK_AVX512 CK_INLINE void direct_n(const int type, const int n, const void *panel, int64_t groups,
                                  const char *tile, float *c) {
    const ck_kind kind = kind_of(type);
    const int offset = kind == kind_u4 ? 8 : kind == kind_u5 ? 16 : 128;
    const int64_t bytes = panel_bytes_of(type) / groups_of(type);
    const char *at = panel;
    sums16 sums;
    UNROLL for (int i = 0; i < n; i++) sums.of[0][i] = _mm512_setzero_ps();
    for (int64_t g = 0; g < groups; g++, tile += n * (32 + tail_bytes), at += bytes) {
        UNROLL for (int64_t line = 0; line < bytes; line += 64)
            _mm_prefetch(at + ahead + line, _MM_HINT_T0);
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
                                  unpacked_group *out) {
    const ck_kind kind = kind_of(type);
    const __m512i bias = _mm512_set1_epi8(kind == kind_u4 ? 120 : 112);
    for (int64_t g = 0; g < count; g++) {
        rows16 w;
        load16(type, panel, first + g, &w);
        UNROLL for (int v = 0; v < 8; v++) {
            if (kind == kind_u4 || kind == kind_u5) w.q[v] = _mm512_add_epi8(w.q[v], bias);
            _mm512_storeu_si512((void *)(out[g].q + 64 * v), w.q[v]);
        }
        _mm512_storeu_ps(out[g].scale, w.scale);
        if (kind == kind_halves)
            _mm512_storeu_si512((void *)out[g].halves, w.halves);
        else if (has_minimum(kind))
            _mm512_storeu_ps(out[g].min, w.min);
    }
}
#define UNPACK(type)                                                                               \
    case CK_##type: unpack_n(CK_##type, panel, first, count, out); break
CK_AVX512 static void unpack(int type, const void *panel, int64_t first, int64_t count, void *out) {
    switch (type) { EACH_PACKED_TYPE(UNPACK); }
}

CK_AVX512 CK_INLINE void multiply_n(const ck_kind kind, const int panels, const int n,
                                    const unpacked_group *u, int64_t groups, const char *tile,
                                    float *c, int64_t stride, bool accumulate,
                                    const upcoming *next) {
    sums16 sums;
    UNROLL for (int p = 0; p < panels; p++) UNROLL for (int i = 0; i < n; i++) sums.of[p][i] =
        accumulate ? _mm512_loadu_ps(c + i * stride + 16 * p) : _mm512_setzero_ps();
    // Some with each group: many at a time would be waited for.
    int64_t fetched = next->from & ~63ll, wanted = next->from;
    const int64_t step = (next->to - next->from) / groups + 1;
    for (const unpacked_group *end = u + groups; u < end; u++, tile += n * (32 + tail_bytes)) {
        wanted += step;
        fetched = fetch(next, fetched, wanted < next->to ? wanted : next->to);
        rows16 w[panels_at_once];
        UNROLL for (int p = 0; p < panels; p++) {
            const unpacked_group *group = u + p * block_groups;
            w[p].scale = _mm512_loadu_ps(group->scale);
            if (has_minimum(kind)) w[p].min = _mm512_loadu_ps(group->min);
            if (kind == kind_halves) w[p].halves = LOAD(group->halves);
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
MULTIPLY(kind_halves)

static void multiply(ck_kind kind, int panels, int n, const void *u, int64_t g, const void *t,
                     float *c, int64_t s, bool a, const upcoming *next) {
    switch (kind) {
    case kind_u4_min:
    case kind_u5_min: multiply_kind_u4_min(panels, n, u, g, t, c, s, a, next); break;
    case kind_halves: multiply_kind_halves(panels, n, u, g, t, c, s, a, next); break;
    // Unpacked, these differ in nothing.
    default: multiply_kind_u4(panels, n, u, g, t, c, s, a, next); break;
    }
}

CK_AVX512 CK_INLINE void quantize_group(const float *x, int8_t *q, float *d) {
    const __m512 largest = _mm512_set1_ps(3.4028234664e38f);
    __m512 a = _mm512_loadu_ps(x), b = _mm512_loadu_ps(x + 16);
    __m512 size_a = _mm512_abs_ps(a), size_b = _mm512_abs_ps(b);
    __mmask16 finite = _mm512_cmp_ps_mask(size_a, largest, _CMP_LE_OQ) &
                       _mm512_cmp_ps_mask(size_b, largest, _CMP_LE_OQ);
    float top = _mm512_reduce_max_ps(_mm512_max_ps(size_a, size_b));
    float inverse = activation_scale(top, finite == 0xffff, d);
    __mmask16 all = inverse == 0 ? 0 : 0xffff;
    __m512 factor = _mm512_set1_ps(inverse);
    __m512i low = _mm512_maskz_cvtps_epi32(all, _mm512_mul_ps(a, factor));
    __m512i high = _mm512_maskz_cvtps_epi32(all, _mm512_mul_ps(b, factor));
    _mm_storeu_si128((__m128i *)q, _mm512_cvtepi32_epi8(low));
    _mm_storeu_si128((__m128i *)(q + 16), _mm512_cvtepi32_epi8(high));
}
/// The sum of 16 codes.
CK_AVX512 CK_INLINE int16_t sum16(const int8_t *q) {
    __m128i codes = _mm_loadu_si128((const __m128i *)(const void *)q);
    __m128i sums = _mm_sad_epu8(_mm_xor_si128(codes, _mm_set1_epi8(-128)), _mm_setzero_si128());
    return (int16_t)(_mm_extract_epi16(sums, 0) + _mm_extract_epi16(sums, 4) - 16 * 128);
}
CK_AVX512 static void quantize(int64_t groups, const float *x, int8_t *q, float *d,
                               int16_t (*halves)[2]) {
    for (int64_t g = 0; g < groups; g++, x += 32, q += 32) {
        quantize_group(x, q, d + g);
        halves[g][0] = sum16(q);
        halves[g][1] = sum16(q + 16);
    }
}

const ck_panel_kernels ck_panels_avx512 = {
    direct_columns, panels_at_once, direct_limit, false, false, direct, unpack, multiply, quantize};
#endif
