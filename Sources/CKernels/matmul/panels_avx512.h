#pragma once
// What the panel kernels of AVX-512 have in common: a group of 16 rows in registers, a vector a
// word, and the sums of its codes with columns of activations.
#include "packed.h"

#if CK_X86

#define LOAD(p) _mm512_loadu_si512((const void *)(p))
enum { direct_columns = 6, panels_at_once = 2 };
/// Bytes of a group of one column of activations.
enum { group_bytes = 32 + tail_bytes };
/// How far ahead packed weights are fetched: a page, beyond which the hardware does not look.
enum { ahead = 4096 };
/// Bytes from a panel's unpacked groups to the next one's.
enum { unpacked_panel = block_groups * sizeof(unpacked_group) };

/// One group of 16 rows in registers.
typedef struct {
    __m512i q[8];
    /// `back` is what a sum that begins at `integer_zero` has too much.
    __m512 scale, back, min;
    /// Of the k kinds: the integer scales of both halves, as 32-bit numbers.
    __m512i scales[2];
} rows16;

CK_AVX512 CK_INLINE __m512i broadcast32(const void *p) {
    int word;
    memcpy(&word, p, 4);
    return _mm512_set1_epi32(word);
}
CK_AVX512 CK_INLINE __m512 halfs16(const uint16_t *p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)p));
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
/// Fetches `bytes` of packed weights that are needed a little later.
CK_AVX512 CK_INLINE void fetch_ahead(const char *at, const int64_t bytes) {
    UNROLL for (int64_t line = 0; line < bytes; line += 64)
        _mm_prefetch(at + ahead + line, _MM_HINT_T0);
}

/// Fetches what comes next, some with each group: many lines at a time would be waited for.
typedef struct {
    const upcoming *next;
    int64_t step, wanted, fetched;
} gradual_fetch;
CK_INLINE gradual_fetch fetch_with_each(const upcoming *next, int64_t groups) {
    return (gradual_fetch){next, (next->to - next->from) / groups + 1, next->from,
                           next->from & ~63ll};
}
CK_INLINE void fetch_some(gradual_fetch *f) {
    f->wanted += f->step;
    f->fetched = fetch(f->next, f->fetched, f->wanted < f->next->to ? f->wanted : f->next->to);
}

typedef struct {
    __m512i of[panels_at_once][direct_columns];
} integers16;

CK_AVX512 CK_INLINE void fill16(const int panels, const int n, __m512i value, integers16 *out) {
    UNROLL for (int p = 0; p < panels; p++) UNROLL for (int i = 0; i < n; i++) out->of[p][i] =
        value;
}
/// Adds words first..<last with columns 0..<n: of one panel whose codes are in registers, or, where
/// they are null, of some panels' unpacked ones; q: those of the first.
CK_AVX512 CK_INLINE void add_words(const int panels, const int n, const int first, const int last,
                                   const __m512i *codes, const uint8_t *q, const char *x,
                                   integers16 *s) {
    UNROLL for (int v = first; v < last; v++) {
        __m512i words[panels_at_once];
        UNROLL for (int p = 0; p < panels; p++) words[p] =
            codes ? codes[v] : LOAD(q + p * unpacked_panel + 64 * v);
        UNROLL for (int i = 0; i < n; i++) {
            __m512i column = broadcast32(x + 32 * i + 4 * v);
            UNROLL for (int p = 0; p < panels; p++) s->of[p][i] =
                _mm512_dpbusd_epi32(s->of[p][i], words[p], column);
        }
    }
}

#endif
