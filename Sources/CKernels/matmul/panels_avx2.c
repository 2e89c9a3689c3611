// Panel kernels for AVX2: 8 rows a vector.
//
// There is no dot product of bytes into 32 bits. vpmaddubsw adds pairs of products into 16 bits
// with saturation, so codes must be small: eight pairs of codes up to 15 fit (8 * 2 * 15 * 127 =
// 30480), four up to 31 (31496), two up to 63 (32004), and none of q8_0's. Those are multiplied as
// 16-bit numbers by vpmaddwd. All sums are exact, and equal the scalar kernels' to the bit.
#include "packed.h"

#if CK_X86

#define LOAD(p) _mm256_loadu_si256((const __m256i *)(p))
#define BROADCAST32(p) _mm256_castps_si256(_mm256_broadcast_ss((const float *)(const void *)(p)))
/// Keeps a sum in its register at this point. Integer sums may be reordered, and the compiler
/// does: column after column, which fills the stack with weights.
#define IN_PLACE(v) __asm__("" : "+x"(v))

/// One group of 8 rows in registers.
typedef struct {
    __m256i q[8];
    __m256 scale, min;
    __m256i halves;
} rows8;

CK_AVX2 CK_INLINE __m256 halfs8(const uint16_t *p) {
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}
CK_AVX2 CK_INLINE void nibbles8(const uint8_t *q, rows8 *out) {
    const __m256i mask = _mm256_set1_epi8(15);
    UNROLL for (int w = 0; w < 4; w++) {
        __m256i v = LOAD(q + 64 * w);
        out->q[w] = _mm256_and_si256(v, mask);
        out->q[w + 4] = _mm256_and_si256(_mm256_srli_epi16(v, 4), mask);
    }
}
CK_AVX2 CK_INLINE void fifth_bits8(const uint32_t *high, rows8 *out) {
    const __m256i bit = _mm256_set1_epi8(16);
    __m256i v = LOAD(high);
    UNROLL for (int w = 0; w < 8; w++) {
        __m256i moved = w < 4 ? _mm256_slli_epi32(v, 4 - w) : _mm256_srli_epi32(v, w - 4);
        out->q[w] = _mm256_or_si256(out->q[w], _mm256_and_si256(moved, bit));
    }
}
CK_AVX2 CK_INLINE __m256 bytes8(const uint8_t *p) {
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}
CK_AVX2 CK_INLINE void scales_of_k8(const uint16_t *d, const uint16_t *m, const uint8_t *scale,
                                    const uint8_t *min, rows8 *out) {
    out->scale = _mm256_mul_ps(halfs8(d), bytes8(scale));
    out->min = _mm256_sub_ps(_mm256_setzero_ps(), _mm256_mul_ps(halfs8(m), bytes8(min)));
}

/// Rows 8 h ... 8 h + 7 of group g of a panel.
CK_AVX2 CK_INLINE void load8(const int type, const void *panel, int64_t g, const int h,
                             rows8 *out) {
    const int r = 8 * h;
    if (type == CK_Q4_0) {
        const panel_q4_0 *p = (const panel_q4_0 *)panel + g;
        nibbles8(p->q + 32 * h, out);
        out->scale = halfs8(p->d + r);
    } else if (type == CK_Q4_1) {
        const panel_q4_1 *p = (const panel_q4_1 *)panel + g;
        nibbles8(p->q + 32 * h, out);
        out->scale = halfs8(p->d + r);
        out->min = halfs8(p->m + r);
    } else if (type == CK_Q5_0) {
        const panel_q5_0 *p = (const panel_q5_0 *)panel + g;
        nibbles8(p->q + 32 * h, out);
        fifth_bits8(p->high + r, out);
        out->scale = halfs8(p->d + r);
    } else if (type == CK_Q5_1) {
        const panel_q5_1 *p = (const panel_q5_1 *)panel + g;
        nibbles8(p->q + 32 * h, out);
        fifth_bits8(p->high + r, out);
        out->scale = halfs8(p->d + r);
        out->min = halfs8(p->m + r);
    } else if (type == CK_Q8_0) {
        const panel_q8_0 *p = (const panel_q8_0 *)panel + g;
        UNROLL for (int w = 0; w < 8; w++) out->q[w] = LOAD(p->q + 64 * w + 32 * h);
        out->scale = halfs8(p->d + r);
    } else if (type == CK_Q4_K) {
        const panel_q4_k *p = (const panel_q4_k *)panel + (g >> 3);
        const int64_t j = g & 7;
        nibbles8(p->q[j] + 32 * h, out);
        scales_of_k8(p->d + r, p->m + r, p->scale[j] + r, p->min[j] + r, out);
    } else if (type == CK_Q5_K) {
        const panel_q5_k *p = (const panel_q5_k *)panel + (g >> 3);
        const int64_t j = g & 7;
        nibbles8(p->q[j] + 32 * h, out);
        fifth_bits8(p->high[j] + r, out);
        scales_of_k8(p->d + r, p->m + r, p->scale[j] + r, p->min[j] + r, out);
    } else {
        const panel_q6_k *p = (const panel_q6_k *)panel + (g >> 3);
        const int64_t j = g & 7;
        const __m256i bits = _mm256_set1_epi8(0x30);
        nibbles8(p->q[j] + 32 * h, out);
        UNROLL for (int w = 0; w < 8; w++) {
            __m256i v = LOAD(p->high[j][w / 4] + r);
            const int left = 4 - 2 * (w % 4);
            v = left >= 0 ? _mm256_slli_epi32(v, left) : _mm256_srli_epi32(v, -left);
            out->q[w] = _mm256_or_si256(out->q[w], _mm256_and_si256(v, bits));
        }
        __m128i s0 = _mm_cvtepi8_epi16(_mm_loadl_epi64((const __m128i *)(p->scale[j][0] + r)));
        __m128i s1 = _mm_cvtepi8_epi16(_mm_loadl_epi64((const __m128i *)(p->scale[j][1] + r)));
        out->halves = _mm256_set_m128i(_mm_unpackhi_epi16(s0, s1), _mm_unpacklo_epi16(s0, s1));
        out->scale = halfs8(p->d + r);
    }
}

CK_AVX2 CK_INLINE __m256i pairs(__m256i codes, __m256i x) { return _mm256_maddubs_epi16(codes, x); }
CK_AVX2 CK_INLINE __m256i whole(__m256i sums) {
    return _mm256_madd_epi16(sums, _mm256_set1_epi16(1));
}
/// -offset * sum(x) of a group, from the sums of its halves.
CK_AVX2 CK_INLINE __m256i offset_of(const int offset, const int16_t *half) {
    return _mm256_madd_epi16(BROADCAST32(half), _mm256_set1_epi16((int16_t)-offset));
}
/// The sum of 16-bit pair sums and what belongs to the kind, as integers.
CK_AVX2 CK_INLINE __m256i finish(const ck_kind kind, __m256i sums, const int16_t *half) {
    __m256i s = whole(sums);
    return kind == kind_u4 ? _mm256_add_epi32(s, offset_of(8, half)) : s;
}
CK_AVX2 CK_INLINE __m256 scaled(const ck_kind kind, __m256i s, __m256 scale, __m256 min,
                                const float *d, const float *sum, __m256 c) {
    c = _mm256_fmadd_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(s), scale), _mm256_broadcast_ss(d), c);
    if (kind == kind_u4_min || kind == kind_u5_min)
        c = _mm256_fmadd_ps(min, _mm256_broadcast_ss(sum), c);
    return c;
}
/// Both halves of a kind_halves group: sums of pairs of its first and second half.
CK_AVX2 CK_INLINE __m256i join_halves(__m256i a0, __m256i a1, __m256i b0, __m256i b1,
                                      __m256i halves, const int16_t *half) {
    // Scales as pairs (s0, s0) and (s1, s1), to be multiplied with pairs of sums.
    const __m256i low = _mm256_set1_epi32(0x0000ffff);
    __m256i first = _mm256_and_si256(halves, low);
    first = _mm256_or_si256(first, _mm256_slli_epi32(first, 16));
    __m256i second = _mm256_andnot_si256(low, halves);
    second = _mm256_or_si256(second, _mm256_srli_epi32(second, 16));
    __m256i s = _mm256_add_epi32(_mm256_madd_epi16(a0, first), _mm256_madd_epi16(a1, first));
    s = _mm256_add_epi32(
        s, _mm256_add_epi32(_mm256_madd_epi16(b0, second), _mm256_madd_epi16(b1, second)));
    __m256i offset = _mm256_madd_epi16(halves, BROADCAST32(half));
    return _mm256_sub_epi32(s, _mm256_slli_epi32(offset, 5));
}

/// The integer sum of one group of 8 rows with one column of activations.
CK_AVX2 CK_INLINE __m256i group_sum(const ck_kind kind, const rows8 *w, const void *x,
                                    const int16_t *half) {
    const char *bytes = x;
    if (kind == kind_s8) {
        __m256i s = _mm256_setzero_si256();
        UNROLL for (int v = 0; v < 8; v++) {
            __m256i even = _mm256_srai_epi16(_mm256_slli_epi16(w->q[v], 8), 8);
            __m256i odd = _mm256_srai_epi16(w->q[v], 8);
            s = _mm256_add_epi32(s, _mm256_madd_epi16(even, BROADCAST32(bytes + 8 * v)));
            s = _mm256_add_epi32(s, _mm256_madd_epi16(odd, BROADCAST32(bytes + 8 * v + 4)));
        }
        return s;
    }
    __m256i a[4];
    UNROLL for (int v = 0; v < 4; v++) a[v] =
        _mm256_add_epi16(pairs(w->q[2 * v], BROADCAST32(bytes + 8 * v)),
                         pairs(w->q[2 * v + 1], BROADCAST32(bytes + 8 * v + 4)));
    if (kind == kind_halves) return join_halves(a[0], a[1], a[2], a[3], w->halves, half);
    __m256i low = _mm256_add_epi16(a[0], a[1]), high = _mm256_add_epi16(a[2], a[3]);
    if (kind == kind_u4 || kind == kind_u4_min)
        return finish(kind, _mm256_add_epi16(low, high), half);
    __m256i s = _mm256_add_epi32(whole(low), whole(high));
    return kind == kind_u5 ? _mm256_add_epi32(s, offset_of(16, half)) : s;
}

/// Asks for what comes 2048 bytes later: a fifth faster than the processor's own guess.
CK_AVX2 CK_INLINE void read_ahead(const int type, const void *panel, int64_t g) {
    const int64_t bytes = panel_bytes_of(type) / groups_of(type);
    const char *at = (const char *)panel + g * bytes + 2048;
    UNROLL for (int64_t line = 0; line < bytes; line += 64) _mm_prefetch(at + line, _MM_HINT_T0);
}

CK_AVX2 CK_INLINE void direct_n(const int type, const int n, const void *panel, int64_t groups,
                                const char *tile, float *c) {
    const ck_kind kind = kind_of(type);
    const bool wide = kind == kind_s8;
    const int bytes = wide ? 64 : 32;
    __m256 sums[4][2];
    UNROLL for (int i = 0; i < n; i++) sums[i][0] = sums[i][1] = _mm256_setzero_ps();
    for (int64_t g = 0; g < groups; g++, tile += n * (bytes + tail_bytes)) {
        const float *d = (const float *)(const void *)(tile + n * bytes), *sum = d + n;
        const int16_t *half = (const int16_t *)(const void *)(sum + n);
        read_ahead(type, panel, g);
        UNROLL for (int h = 0; h < 2; h++) {
            rows8 w;
            load8(type, panel, g, h, &w);
            UNROLL for (int i = 0; i < n; i++) sums[i][h] =
                scaled(kind, group_sum(kind, &w, tile + bytes * i, half + 2 * i), w.scale, w.min,
                       d + i, sum + i, sums[i][h]);
        }
    }
    UNROLL for (int i = 0; i < n; i++) {
        _mm256_storeu_ps(c + 16 * i, sums[i][0]);
        _mm256_storeu_ps(c + 16 * i + 8, sums[i][1]);
    }
}

#define DIRECT(name, type)                                                                         \
    CK_AVX2 static void direct_##name(int n, const void *p, int64_t g, const char *t, float *c) {  \
        switch (n) {                                                                               \
        case 1: direct_n(type, 1, p, g, t, c); break;                                              \
        case 2: direct_n(type, 2, p, g, t, c); break;                                              \
        case 3: direct_n(type, 3, p, g, t, c); break;                                              \
        default: direct_n(type, 4, p, g, t, c); break;                                             \
        }                                                                                          \
    }
DIRECT(q4_0, CK_Q4_0)
DIRECT(q4_1, CK_Q4_1)
DIRECT(q5_0, CK_Q5_0)
DIRECT(q5_1, CK_Q5_1)
DIRECT(q8_0, CK_Q8_0)
DIRECT(q4_k, CK_Q4_K)
DIRECT(q5_k, CK_Q5_K)
DIRECT(q6_k, CK_Q6_K)

static void direct(int type, int n, const void *panel, int64_t groups, const void *tile, float *c) {
    switch (type) {
    case CK_Q4_0: direct_q4_0(n, panel, groups, tile, c); break;
    case CK_Q4_1: direct_q4_1(n, panel, groups, tile, c); break;
    case CK_Q5_0: direct_q5_0(n, panel, groups, tile, c); break;
    case CK_Q5_1: direct_q5_1(n, panel, groups, tile, c); break;
    case CK_Q8_0: direct_q8_0(n, panel, groups, tile, c); break;
    case CK_Q4_K: direct_q4_k(n, panel, groups, tile, c); break;
    case CK_Q5_K: direct_q5_k(n, panel, groups, tile, c); break;
    default: direct_q6_k(n, panel, groups, tile, c); break;
    }
}

CK_AVX2 CK_INLINE void unpack_n(const int type, const void *panel, int64_t first, int64_t count,
                                void *out) {
    const ck_kind kind = kind_of(type);
    for (int64_t g = 0; g < count; g++) {
        UNROLL for (int h = 0; h < 2; h++) {
            rows8 w;
            load8(type, panel, first + g, h, &w);
            if (kind == kind_s8) {
                unpacked_wide_group *to = (unpacked_wide_group *)out + g;
                UNROLL for (int v = 0; v < 8; v++) {
                    char *at = (char *)to->q + 128 * v + 32 * h;
                    _mm256_storeu_si256((__m256i *)at,
                                        _mm256_srai_epi16(_mm256_slli_epi16(w.q[v], 8), 8));
                    _mm256_storeu_si256((__m256i *)(at + 64), _mm256_srai_epi16(w.q[v], 8));
                }
                _mm256_storeu_ps(to->scale + 8 * h, w.scale);
            } else {
                unpacked_group *to = (unpacked_group *)out + g;
                UNROLL for (int v = 0; v < 8; v++)
                    _mm256_storeu_si256((__m256i *)(to->q + 64 * v + 32 * h), w.q[v]);
                _mm256_storeu_ps(to->scale + 8 * h, w.scale);
                if (kind == kind_halves)
                    _mm256_storeu_si256((__m256i *)to->halves[8 * h], w.halves);
                else if (kind == kind_u4_min || kind == kind_u5_min)
                    _mm256_storeu_ps(to->min + 8 * h, w.min);
            }
        }
    }
}
CK_AVX2 static void unpack(int type, const void *panel, int64_t first, int64_t count, void *out) {
    switch (type) {
    case CK_Q4_0: unpack_n(CK_Q4_0, panel, first, count, out); break;
    case CK_Q4_1: unpack_n(CK_Q4_1, panel, first, count, out); break;
    case CK_Q5_0: unpack_n(CK_Q5_0, panel, first, count, out); break;
    case CK_Q5_1: unpack_n(CK_Q5_1, panel, first, count, out); break;
    case CK_Q8_0: unpack_n(CK_Q8_0, panel, first, count, out); break;
    case CK_Q4_K: unpack_n(CK_Q4_K, panel, first, count, out); break;
    case CK_Q5_K: unpack_n(CK_Q5_K, panel, first, count, out); break;
    default: unpack_n(CK_Q6_K, panel, first, count, out); break;
    }
}

/// Adds words first..<last of 16 rows with n columns to 16-bit sums.
CK_AVX2 CK_INLINE void add_words(const int n, const uint8_t *q, const char *tile, const int first,
                                 const int last, __m256i sums[4][2]) {
    UNROLL for (int v = first; v < last; v++) {
        __m256i w0 = LOAD(q + 64 * v), w1 = LOAD(q + 64 * v + 32);
        UNROLL for (int i = 0; i < n; i++) {
            __m256i x = BROADCAST32(tile + 32 * i + 4 * v);
            __m256i p0 = pairs(w0, x), p1 = pairs(w1, x);
            sums[i][0] = v == first ? p0 : _mm256_add_epi16(sums[i][0], p0);
            sums[i][1] = v == first ? p1 : _mm256_add_epi16(sums[i][1], p1);
            IN_PLACE(sums[i][0]);
            IN_PLACE(sums[i][1]);
        }
    }
}

/// The integer sums of one unpacked group of 16 rows with n columns.
CK_AVX2 CK_INLINE void block_sums(const ck_kind kind, const int n, const void *group,
                                  const char *tile, const int16_t *half, __m256i s[4][2]) {
    const unpacked_group *u = group;
    if (kind == kind_s8) {
        const char *q = (const char *)((const unpacked_wide_group *)group)->q;
        UNROLL for (int v = 0; v < 16; v++) {
            __m256i w0 = LOAD(q + 64 * v), w1 = LOAD(q + 64 * v + 32);
            UNROLL for (int i = 0; i < n; i++) {
                __m256i x = BROADCAST32(tile + 64 * i + 4 * v);
                __m256i p0 = _mm256_madd_epi16(w0, x), p1 = _mm256_madd_epi16(w1, x);
                s[i][0] = v == 0 ? p0 : _mm256_add_epi32(s[i][0], p0);
                s[i][1] = v == 0 ? p1 : _mm256_add_epi32(s[i][1], p1);
                IN_PLACE(s[i][0]);
                IN_PLACE(s[i][1]);
            }
        }
    } else if (kind == kind_u4 || kind == kind_u4_min) {
        add_words(n, u->q, tile, 0, 8, s);
        UNROLL for (int i = 0; i < n; i++) UNROLL for (int h = 0; h < 2; h++) s[i][h] =
            finish(kind, s[i][h], half + 2 * i);
    } else if (kind == kind_u5 || kind == kind_u5_min) {
        __m256i part[4][2];
        add_words(n, u->q, tile, 0, 4, part);
        UNROLL for (int i = 0; i < n; i++) UNROLL for (int h = 0; h < 2; h++) s[i][h] =
            whole(part[i][h]);
        add_words(n, u->q, tile, 4, 8, part);
        UNROLL for (int i = 0; i < n; i++) UNROLL for (int h = 0; h < 2; h++) {
            s[i][h] = _mm256_add_epi32(s[i][h], whole(part[i][h]));
            if (kind == kind_u5) s[i][h] = _mm256_add_epi32(s[i][h], offset_of(16, half + 2 * i));
        }
    } else {
        UNROLL for (int h = 0; h < 2; h++) {
            __m256i halves = LOAD(u->halves[8 * h]);
            UNROLL for (int i = 0; i < n; i++) {
                __m256i a[4];
                UNROLL for (int v = 0; v < 4; v++) a[v] = _mm256_add_epi16(
                    pairs(LOAD(u->q + 128 * v + 32 * h), BROADCAST32(tile + 32 * i + 8 * v)),
                    pairs(LOAD(u->q + 128 * v + 64 + 32 * h),
                          BROADCAST32(tile + 32 * i + 8 * v + 4)));
                s[i][h] = join_halves(a[0], a[1], a[2], a[3], halves, half + 2 * i);
            }
        }
    }
}

CK_AVX2 CK_INLINE void multiply_n(const ck_kind kind, const int n, const void *unpacked,
                                  int64_t groups, const char *tile, float *c, int64_t stride,
                                  bool accumulate) {
    const bool wide = kind == kind_s8;
    const int bytes = wide ? 64 : 32;
    const int64_t size = wide ? sizeof(unpacked_wide_group) : sizeof(unpacked_group);
    const char *u = unpacked;
    __m256 sums[4][2];
    UNROLL for (int i = 0; i < n; i++) UNROLL for (int h = 0; h < 2; h++) sums[i][h] =
        accumulate ? _mm256_loadu_ps(c + i * stride + 8 * h) : _mm256_setzero_ps();
    for (int64_t g = 0; g < groups; g++, tile += n * (bytes + tail_bytes), u += size) {
        const float *d = (const float *)(const void *)(tile + n * bytes), *sum = d + n;
        const int16_t *half = (const int16_t *)(const void *)(sum + n);
        const float *scale = (const float *)(const void *)(u + (wide ? 1024 : 512));
        __m256i s[4][2];
        block_sums(kind, n, u, tile, half, s);
        UNROLL for (int h = 0; h < 2; h++) {
            __m256 scales = _mm256_loadu_ps(scale + 8 * h), mins = _mm256_setzero_ps();
            if (kind == kind_u4_min || kind == kind_u5_min)
                mins = _mm256_loadu_ps(((const unpacked_group *)(const void *)u)->min + 8 * h);
            UNROLL for (int i = 0; i < n; i++) sums[i][h] =
                scaled(kind, s[i][h], scales, mins, d + i, sum + i, sums[i][h]);
        }
    }
    UNROLL for (int i = 0; i < n; i++) UNROLL for (int h = 0; h < 2; h++)
        _mm256_storeu_ps(c + i * stride + 8 * h, sums[i][h]);
}

#define MULTIPLY(kind)                                                                             \
    CK_AVX2 static void multiply_##kind(int n, const void *u, int64_t g, const char *t, float *c,  \
                                        int64_t s, bool a) {                                       \
        switch (n) {                                                                               \
        case 1: multiply_n(kind, 1, u, g, t, c, s, a); break;                                      \
        case 2: multiply_n(kind, 2, u, g, t, c, s, a); break;                                      \
        case 3: multiply_n(kind, 3, u, g, t, c, s, a); break;                                      \
        default: multiply_n(kind, 4, u, g, t, c, s, a); break;                                     \
        }                                                                                          \
    }
MULTIPLY(kind_u4)
MULTIPLY(kind_u4_min)
MULTIPLY(kind_u5)
MULTIPLY(kind_u5_min)
MULTIPLY(kind_halves)
MULTIPLY(kind_s8)

static void multiply(ck_kind kind, int panels, int n, const void *unpacked, int64_t groups,
                     const void *tile, float *c, int64_t stride, bool accumulate,
                     const upcoming *next) {
    (void)panels;
    fetch(next, next->from & ~63ll, next->to);
    switch (kind) {
    case kind_u4: multiply_kind_u4(n, unpacked, groups, tile, c, stride, accumulate); break;
    case kind_u4_min: multiply_kind_u4_min(n, unpacked, groups, tile, c, stride, accumulate); break;
    case kind_u5: multiply_kind_u5(n, unpacked, groups, tile, c, stride, accumulate); break;
    case kind_u5_min: multiply_kind_u5_min(n, unpacked, groups, tile, c, stride, accumulate); break;
    case kind_halves: multiply_kind_halves(n, unpacked, groups, tile, c, stride, accumulate); break;
    default: multiply_kind_s8(n, unpacked, groups, tile, c, stride, accumulate); break;
    }
}

CK_AVX2 CK_INLINE void quantize_group(const float *x, int8_t *q, float *d) {
    const __m256 sign = _mm256_set1_ps(-0.0f), largest = _mm256_set1_ps(3.4028234664e38f);
    __m256 v[4], top = _mm256_setzero_ps(), finite = _mm256_castsi256_ps(_mm256_set1_epi32(-1));
    for (int i = 0; i < 4; i++) {
        v[i] = _mm256_loadu_ps(x + 8 * i);
        __m256 size = _mm256_andnot_ps(sign, v[i]);
        finite = _mm256_and_ps(finite, _mm256_cmp_ps(size, largest, _CMP_LE_OQ));
        top = _mm256_max_ps(top, size);
    }
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(top), _mm256_extractf128_ps(top, 1));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    m = _mm_max_ss(m, _mm_movehdup_ps(m));
    float inverse = activation_scale(_mm_cvtss_f32(m), _mm256_movemask_ps(finite) == 255, d);
    __m256 factor = _mm256_set1_ps(inverse);
    __m256i w[4];
    for (int i = 0; i < 4; i++) w[i] = _mm256_cvtps_epi32(_mm256_mul_ps(v[i], factor));
    __m256i a = _mm256_packs_epi32(w[0], w[1]), b = _mm256_packs_epi32(w[2], w[3]);
    __m256i bytes = _mm256_packs_epi16(a, b);
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    bytes = _mm256_permutevar8x32_epi32(bytes, order);
    if (inverse == 0) bytes = _mm256_setzero_si256();
    _mm256_storeu_si256((__m256i *)q, bytes);
}
CK_AVX2 static void quantize(int64_t groups, const float *x, int8_t *q, float *d,
                             int16_t (*halves)[2]) {
    for (int64_t g = 0; g < groups; g++) {
        quantize_group(x + 32 * g, q + 32 * g, d + g);
        sum_halves(q + 32 * g, halves[g]);
    }
}

const ck_panel_kernels ck_panels_avx2 = {4, 1, 3, true, false, direct, unpack, multiply, quantize};
#endif
