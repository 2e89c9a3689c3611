// Products of turned f32 blocks for AVX-512: 16 rows a vector, the sums of the other variants to
// the bit.
#include "floats.h"

#if CK_X86

/// Two multiply-adds a cycle, each of which takes four: at least eight chains. With two panels each
/// activation that is read serves two of them, and registers are full.
enum { wide_tile = 12, panels_at_once = 2 };
_Static_assert(wide_tile <= turned_limit, "tile");

typedef struct {
    __m512 of[panels_at_once][wide_tile];
} sums16;

/// One chain of some panels' rows and n activations.
CK_AVX512 CK_INLINE void add_chain(const int panels, const int n, const float *w,
                                   int64_t steps_left, const float *x, sums16 *sums) {
    UNROLL for (int p = 0; p < panels; p++) UNROLL for (int i = 0; i < n; i++) sums->of[p][i] =
        _mm512_setzero_ps();
    for (; steps_left > 0; steps_left--, w += panel_rows, x += n) {
        __m512 rows[panels_at_once];
        UNROLL for (int p = 0; p < panels; p++) rows[p] = _mm512_loadu_ps(w + p * turned_size);
        UNROLL for (int i = 0; i < n; i++) {
            __m512 v = _mm512_set1_ps(x[i]);
            UNROLL for (int p = 0; p < panels; p++) sums->of[p][i] =
                _mm512_fmadd_ps(rows[p], v, sums->of[p][i]);
        }
    }
}

CK_AVX512 CK_INLINE void multiply_n(const int panels, const int n, const float *panel,
                                    int64_t count, const float *x, float *c, int64_t stride,
                                    bool accumulate) {
    // Pairs of chains are added up first; (0 + 4) waits for (1 + 5), (2 + 6) for (3 + 7).
    sums16 sums, pair, quad, all;
#define EACH(statement)                                                                            \
    UNROLL for (int p = 0; p < panels; p++) UNROLL for (int i = 0; i < n; i++) statement
    UNROLL for (int place = 0; place < lanes; place++) {
        add_chain(panels, n, panel + place * steps * panel_rows,
                  (count - chain_order[place] + lanes - 1) / lanes, x + place * steps * n, &sums);
        if (place % 2 == 0)
            EACH(pair.of[p][i] = sums.of[p][i]);
        else if (place % 4 == 1)
            EACH(quad.of[p][i] = _mm512_add_ps(pair.of[p][i], sums.of[p][i]));
        else {
            EACH(quad.of[p][i] =
                     _mm512_add_ps(quad.of[p][i], _mm512_add_ps(pair.of[p][i], sums.of[p][i])));
            EACH(all.of[p][i] =
                     place == 3 ? quad.of[p][i] : _mm512_add_ps(all.of[p][i], quad.of[p][i]));
        }
    }
    if (accumulate)
        EACH(all.of[p][i] =
                 _mm512_add_ps(_mm512_loadu_ps(c + i * stride + p * panel_rows), all.of[p][i]));
    EACH(_mm512_storeu_ps(c + i * stride + p * panel_rows, all.of[p][i]));
#undef EACH
}

#define MULTIPLY(n)                                                                                \
    case n: multiply_n(1, n, panel, count, x, c, stride, accumulate); break;                       \
    case n + 16: multiply_n(2, n, panel, count, x, c, stride, accumulate); break
CK_AVX512 static void multiply(int panels, int n, const float *panel, int64_t count, const float *x,
                               float *c, int64_t stride, bool accumulate) {
    switch (16 * (panels - 1) + n) {
        MULTIPLY(1);
        MULTIPLY(2);
        MULTIPLY(3);
        MULTIPLY(4);
        MULTIPLY(5);
        MULTIPLY(6);
        MULTIPLY(7);
        MULTIPLY(8);
        MULTIPLY(9);
        MULTIPLY(10);
        MULTIPLY(11);
        MULTIPLY(12);
    }
}

const ck_float_kernels ck_floats_avx512 = {wide_tile, panels_at_once, ck_direct_avx2, ck_turn_avx2,
                                           multiply};
#endif
