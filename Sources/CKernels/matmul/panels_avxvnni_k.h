#pragma once
// The k kinds of panels_avxvnni.c. As in panels_avx512_k.h sums of kind_k4 have 16 bits before they
// are scaled, and `mins` of unpacked groups hold pairs for what the offsets of codes take.
#include "panels_avxvnni.h"

#if CK_X86

/// Keeps sums in memory at this point, where the registers hold others.
#define IN_MEMORY(sums) __asm__("" : "+m"(sums))

/// Of a k kind, what the sums of a half are multiplied with, as 32-bit numbers.
CK_AVXVNNI CK_INLINE __m256i scale_of(const ck_kind kind, __m256i halves, const int half) {
    if (kind == kind_k6 && half == 0) halves = _mm256_slli_epi32(halves, 16);
    return _mm256_srai_epi32(halves, 16);
}
CK_AVXVNNI CK_INLINE __m256i add_product(const ck_kind kind, __m256i sum, __m256i s,
                                         __m256i scale) {
    __m256i product = kind == kind_k4 ? _mm256_madd_epi16(s, scale) : _mm256_mullo_epi32(s, scale);
    return _mm256_add_epi32(sum, product);
}
/// Adds 16-bit pairs, multiplied with one of the activations.
CK_AVXVNNI CK_INLINE __m256i add_pairs(__m256i sum, __m256i pairs, const void *x) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, BROADCAST32(x)));
}
/// c and what eight groups contribute.
CK_AVXVNNI CK_INLINE __m256 add_eight(const ck_kind kind, __m256i s, __m256i minima, __m256 scale,
                                      __m256 min, const float *d, __m256 c) {
    c = scaled(kind, s, scale, min, d, d, c);
    return has_minima(kind) ? add_minima(minima, min, d, c) : c;
}
/// The pairs that make good for the offset of kind_k6.
CK_AVXVNNI CK_INLINE __m256i offsets_of(__m256i halves) {
    return _mm256_mullo_epi16(halves, _mm256_set1_epi16(-32));
}

/// Adds the scaled sums of a group of a k kind with column i.
CK_AVXVNNI CK_INLINE __m256i add_column(const ck_kind kind, const rows8 *w, activation_group x,
                                        const int i, __m256i sum) {
    const int parts = kind == kind_k5 ? 1 : 2;
    __m256i s[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    UNROLL for (int v = 0; v < 8; v++) {
        __m256i *to = s + v * parts / 8;
        *to = dot(*to, w->q[v], BROADCAST32(x.q + 32 * i + 4 * v));
    }
    UNROLL for (int part = 0; part < parts; part++) sum =
        add_product(kind, sum, s[part], scale_of(kind, w->halves, part));
    return kind == kind_k6 ? add_pairs(sum, offsets_of(w->halves), x.half + 2 * i) : sum;
}

CK_AVXVNNI CK_INLINE void direct_k(const int type, const int n, const void *panel, int64_t groups,
                                   const char *tile, float *c) {
    const ck_kind kind = kind_of(type);
    const int step = n * (32 + tail_bytes);
    __m256 out[columns][2];
    UNROLL for (int i = 0; i < n; i++) out[i][0] = out[i][1] = _mm256_setzero_ps();
    for (int64_t g = 0; g < groups; g += super_groups) {
        group_sums sums, minima;
        UNROLL for (int i = 0; i < n; i++) UNROLL for (int h = 0; h < 2; h++) sums.of[i][h] =
            minima.of[i][h] = _mm256_setzero_si256();
        for (int64_t j = g; j < g + super_groups; j++, tile += step) {
            const activation_group x = activations_at(n, tile);
            read_ahead(type, panel, j);
            UNROLL for (int h = 0; h < 2; h++) {
                IN_MEMORY(sums);
                rows8 w;
                load8(type, panel, j, h, &w);
                UNROLL for (int i = 0; i < n; i++) sums.of[i][h] =
                    add_column(kind, &w, x, i, sums.of[i][h]);
            }
            if (!has_minima(kind) || j % 2) continue;
            IN_MEMORY(minima);
            UNROLL for (int h = 0; h < 2; h++) {
                __m256i mins = mins8(type, panel, j, h);
                UNROLL for (int i = 0; i < n; i++) minima.of[i][h] =
                    add_pairs(minima.of[i][h], mins, x.sum + i);
            }
        }
        const activation_group x = activations_at(n, tile - step);
        UNROLL for (int h = 0; h < 2; h++) {
            rows8 w;
            load8(type, panel, g, h, &w);
            UNROLL for (int i = 0; i < n; i++) out[i][h] =
                add_eight(kind, sums.of[i][h], minima.of[i][h], w.scale, w.min, x.d + i, out[i][h]);
        }
    }
    UNROLL for (int i = 0; i < n; i++) UNROLL for (int h = 0; h < 2; h++)
        _mm256_storeu_ps(c + 16 * i + 8 * h, out[i][h]);
}

CK_AVXVNNI CK_INLINE void unpack_k(const int type, const void *panel, int64_t first, int64_t count,
                                   unpacked_super *out) {
    const ck_kind kind = kind_of(type);
    for (int64_t g = first; g < first + count; g += super_groups, out++)
        UNROLL for (int h = 0; h < 2; h++) {
            rows8 w;
            for (int j = 0; j < super_groups; j += 2) {
                unpacked_group *to = out->groups + j;
                __m256i halves[2], mins[2];
                UNROLL for (int odd = 0; odd < 2; odd++) {
                    load8(type, panel, g + j + odd, h, &w);
                    store_codes(kind, &w, h, to + odd);
                    halves[odd] = w.halves;
                    mins[odd] = offsets_of(w.halves);
                }
                if (has_minima(kind)) mins[0] = mins8(type, panel, g + j, h);
                if (kind == kind_k4)
                    mins[1] = _mm256_slli_epi16(_mm256_blend_epi16(halves[0], halves[1], 0xaa), 3);
                UNROLL for (int odd = 0; odd < 2; odd++) {
                    _mm256_storeu_si256((__m256i *)to[odd].halves[8 * h], halves[odd]);
                    _mm256_storeu_si256((__m256i *)to[odd].mins[8 * h], mins[odd]);
                }
            }
            _mm256_storeu_ps(out->scale + 8 * h, w.scale);
            if (has_minima(kind)) _mm256_storeu_ps(out->min + 8 * h, w.min);
        }
}

/// Adds the scaled sums of words first..<last, which are of the given half or of both.
CK_AVXVNNI CK_INLINE void add_part(const ck_kind kind, const int n, const int first, const int last,
                                   const int half, const unpacked_group *w, activation_group x,
                                   group_sums *sums) {
    IN_MEMORY(*sums);
    group_sums s; // in registers
    UNROLL for (int i = 0; i < n; i++) s.of[i][0] = s.of[i][1] =
        kind == kind_k4 ? start_of(kind, 128, x, i) : _mm256_setzero_si256();
    add_words(n, w->q, x.q, first, last, &s);
    UNROLL for (int h = 0; h < 2; h++) {
        __m256i scale = scale_of(kind, LOAD(w->halves[8 * h]), half);
        UNROLL for (int i = 0; i < n; i++) sums->of[i][h] =
            add_product(kind, sums->of[i][h], s.of[i][h], scale);
    }
}
/// Adds what eight groups of a k kind contribute to rows 8 h ... 8 h + 7; sums: those of codes.
CK_AVXVNNI CK_INLINE void finish_k(const ck_kind kind, const int n, const int h,
                                   const unpacked_super *w, const char *tile,
                                   const group_sums *sums, float *c, int64_t stride) {
    const int step = kind == kind_k6 ? 1 : 2;
    const float *d = activations_at(n, tile).d;
    __m256i of_codes[columns], of_minima[columns];
    UNROLL for (int i = 0; i < n; i++) {
        of_codes[i] = sums->of[i][h];
        of_minima[i] = _mm256_setzero_si256();
    }
    for (int j = 0; j < super_groups; j += step, tile += step * n * (32 + tail_bytes)) {
        const activation_group x = activations_at(n, tile);
        const unpacked_group *group = w->groups + j;
        __m256i first = LOAD(group[0].mins[8 * h]), second = first;
        if (kind == kind_k4) second = LOAD(group[1].mins[8 * h]);
        UNROLL for (int i = 0; i < n; i++) {
            if (kind == kind_k6)
                of_codes[i] = add_pairs(of_codes[i], first, x.half + 2 * i);
            else
                of_minima[i] = add_pairs(of_minima[i], first, x.sum + i);
            if (kind == kind_k4) of_codes[i] = add_pairs(of_codes[i], second, x.sum + i);
        }
    }
    __m256 scale = _mm256_loadu_ps(w->scale + 8 * h), min = _mm256_setzero_ps();
    if (has_minima(kind)) min = _mm256_loadu_ps(w->min + 8 * h);
    UNROLL for (int i = 0; i < n; i++) {
        float *at = c + i * stride + 8 * h;
        _mm256_storeu_ps(
            at, add_eight(kind, of_codes[i], of_minima[i], scale, min, d + i, _mm256_loadu_ps(at)));
    }
}
CK_AVXVNNI CK_INLINE void multiply_k(const ck_kind kind, const int n, const unpacked_super *w,
                                     int64_t groups, const char *tile, float *c, int64_t stride,
                                     bool accumulate) {
    const int step = n * (32 + tail_bytes);
    if (!accumulate) UNROLL for (int i = 0; i < n; i++) memset(c + i * stride, 0, 64);
    for (; groups > 0; groups -= super_groups, w++) {
        group_sums sums; // in memory
        UNROLL for (int i = 0; i < n; i++) sums.of[i][0] = sums.of[i][1] = _mm256_setzero_si256();
        for (int j = 0; j < super_groups; j++) {
            const activation_group x = activations_at(n, tile + j * step);
            if (kind == kind_k6) {
                add_part(kind, n, 0, 4, 0, w->groups + j, x, &sums);
                add_part(kind, n, 4, 8, 1, w->groups + j, x, &sums);
            } else {
                add_part(kind, n, 0, 8, 0, w->groups + j, x, &sums);
            }
        }
        UNROLL for (int h = 0; h < 2; h++) finish_k(kind, n, h, w, tile, &sums, c, stride);
        tile += super_groups * step;
    }
}

#endif
