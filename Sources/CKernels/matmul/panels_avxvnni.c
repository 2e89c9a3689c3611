// Panel kernels for AVX-VNNI, which processors have that come without AVX-512: 8 rows a vector,
// four columns a lane.
//
// vpdpbusd multiplies four unsigned codes with four signed activations: eight of them are a group,
// and no sum crosses a vector. As in panels_avx512.c codes with an offset cost no subtraction,
// because their sum starts at -offset * sum(x), unpacked codes all have the offset 128, and a sum
// of integers that started at the bits of 1.5 * 2^23 ends as those of a float. All sums are exact,
// and equal the scalar kernels' to the bit. The k kinds are in panels_avxvnni_k.h.
#include "panels_avxvnni_k.h"

#if CK_X86

/// c and the contribution of one group, whose integer sum is s.
CK_AVXVNNI CK_INLINE __m256 add_scaled(const ck_kind kind, __m256i s, __m256 scale, __m256 min,
                                       activation_group x, const int i, __m256 c) {
    const __m256 back = _mm256_mul_ps(scale, _mm256_set1_ps(-0x1.8p23f));
    __m256 part = _mm256_fmadd_ps(_mm256_castsi256_ps(s), scale, back);
    c = _mm256_fmadd_ps(part, _mm256_broadcast_ss(x.d + i), c);
    return has_minimum(kind) ? _mm256_fmadd_ps(min, _mm256_broadcast_ss(x.sum + i), c) : c;
}

CK_AVXVNNI CK_INLINE void direct_n(const int type, const int n, const void *panel, int64_t groups,
                                   const char *tile, float *c) {
    const ck_kind kind = kind_of(type);
    if (is_k(kind)) {
        direct_k(type, n, panel, groups, tile, c);
        return;
    }
    const int offset = kind == kind_u4 ? 8 : kind == kind_u5 ? 16 : 128;
    __m256 sums[columns][2];
    UNROLL for (int i = 0; i < n; i++) sums[i][0] = sums[i][1] = _mm256_setzero_ps();
    for (int64_t g = 0; g < groups; g++, tile += n * (32 + tail_bytes)) {
        const activation_group x = activations_at(n, tile);
        read_ahead(type, panel, g);
        UNROLL for (int h = 0; h < 2; h++) {
            rows8 w;
            load8(type, panel, g, h, &w);
            if (kind == kind_s8)
                UNROLL for (int v = 0; v < 8; v++) w.q[v] =
                    _mm256_xor_si256(w.q[v], _mm256_set1_epi8(-128));
            UNROLL for (int i = 0; i < n; i++) {
                __m256i s = start_of(kind, offset, x, i);
                UNROLL for (int v = 0; v < 8; v++) s =
                    dot(s, w.q[v], BROADCAST32(x.q + 32 * i + 4 * v));
                sums[i][h] = add_scaled(kind, s, w.scale, w.min, x, i, sums[i][h]);
            }
        }
    }
    UNROLL for (int i = 0; i < n; i++) UNROLL for (int h = 0; h < 2; h++)
        _mm256_storeu_ps(c + 16 * i + 8 * h, sums[i][h]);
}

#define DIRECT(type)                                                                               \
    CK_AVXVNNI static void direct_##type(int n, const void *p, int64_t g, const char *t,           \
                                         float *c) {                                               \
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

CK_AVXVNNI CK_INLINE void unpack_n(const int type, const void *panel, int64_t first, int64_t count,
                                   void *to) {
    const ck_kind kind = kind_of(type);
    if (is_k(kind)) {
        unpack_k(type, panel, first, count, to);
        return;
    }
    unpacked_group *out = to;
    for (int64_t g = 0; g < count; g++, out++) UNROLL for (int h = 0; h < 2; h++) {
            rows8 w;
            load8(type, panel, first + g, h, &w);
            store_codes(kind, &w, h, out);
            _mm256_storeu_ps(out->scale + 8 * h, w.scale);
            if (has_minimum(kind)) _mm256_storeu_ps(out->min + 8 * h, w.min);
        }
}
#define UNPACK(type)                                                                               \
    case CK_##type: unpack_n(CK_##type, panel, first, count, out); break
CK_AVXVNNI static void unpack(int type, const void *panel, int64_t first, int64_t count,
                              void *out) {
    switch (type) { EACH_PACKED_TYPE(UNPACK); }
}

CK_AVXVNNI CK_INLINE void sum_group(const ck_kind kind, const int n, const unpacked_group *w,
                                    activation_group x, group_sums *s) {
    UNROLL for (int i = 0; i < n; i++) s->of[i][0] = s->of[i][1] = start_of(kind, 128, x, i);
    add_words(n, w->q, x.q, 0, 8, s);
}

/// First the integer sums of all groups, then what their scales make of them: the registers do not
/// hold the sums of both.
CK_AVXVNNI CK_INLINE void multiply_n(const ck_kind kind, const int n, const void *unpacked,
                                     int64_t groups, const char *tile, float *c, int64_t stride,
                                     bool accumulate) {
    if (is_k(kind)) {
        multiply_k(kind, n, unpacked, groups, tile, c, stride, accumulate);
        return;
    }
    const unpacked_group *w = unpacked;
    const int64_t step = n * (32 + tail_bytes);
    group_sums all[block_groups];
    for (int64_t g = 0; g < groups; g++) {
        group_sums s; // in registers
        sum_group(kind, n, w + g, activations_at(n, tile + g * step), &s);
        all[g] = s;
    }
    __m256 sums[columns][2];
    UNROLL for (int i = 0; i < n; i++) UNROLL for (int h = 0; h < 2; h++) sums[i][h] =
        accumulate ? _mm256_loadu_ps(c + i * stride + 8 * h) : _mm256_setzero_ps();
    for (int64_t g = 0; g < groups; g++, w++) {
        const activation_group x = activations_at(n, tile + g * step);
        const __m256 none = _mm256_setzero_ps();
        __m256 scales[2], mins[2] = {none, none};
        UNROLL for (int h = 0; h < 2; h++) {
            scales[h] = _mm256_loadu_ps(w->scale + 8 * h);
            if (has_minimum(kind)) mins[h] = _mm256_loadu_ps(w->min + 8 * h);
        }
        UNROLL for (int i = 0; i < n; i++) UNROLL for (int h = 0; h < 2; h++) sums[i][h] =
            add_scaled(kind, all[g].of[i][h], scales[h], mins[h], x, i, sums[i][h]);
    }
    UNROLL for (int i = 0; i < n; i++) UNROLL for (int h = 0; h < 2; h++)
        _mm256_storeu_ps(c + i * stride + 8 * h, sums[i][h]);
}

#define MULTIPLY(kind)                                                                             \
    CK_AVXVNNI static void multiply_##kind(int n, const void *u, int64_t g, const char *t,         \
                                           float *c, int64_t s, bool a) {                          \
        switch (n) {                                                                               \
        case 1: multiply_n(kind, 1, u, g, t, c, s, a); break;                                      \
        case 2: multiply_n(kind, 2, u, g, t, c, s, a); break;                                      \
        case 3: multiply_n(kind, 3, u, g, t, c, s, a); break;                                      \
        case 4: multiply_n(kind, 4, u, g, t, c, s, a); break;                                      \
        case 5: multiply_n(kind, 5, u, g, t, c, s, a); break;                                      \
        default: multiply_n(kind, 6, u, g, t, c, s, a); break;                                     \
        }                                                                                          \
    }
MULTIPLY(kind_u4)
MULTIPLY(kind_u4_min)
MULTIPLY(kind_k4)
MULTIPLY(kind_k5)
MULTIPLY(kind_k6)

static void multiply(ck_kind kind, int panels, int n, const void *u, int64_t g, const void *t,
                     float *c, int64_t s, bool a, const upcoming *next) {
    (void)panels;
    fetch(next, next->from & ~63ll, next->to);
    switch (kind) {
    case kind_u4_min:
    case kind_u5_min: multiply_kind_u4_min(n, u, g, t, c, s, a); break;
    case kind_k4: multiply_kind_k4(n, u, g, t, c, s, a); break;
    case kind_k5: multiply_kind_k5(n, u, g, t, c, s, a); break;
    case kind_k6: multiply_kind_k6(n, u, g, t, c, s, a); break;
    // Unpacked, these differ in nothing.
    default: multiply_kind_u4(n, u, g, t, c, s, a); break;
    }
}

const ck_panel_kernels ck_panels_avxvnni = {
    columns, 1, columns, false, false, direct, unpack, multiply, ck_panel_quantize_avx2};
#endif
