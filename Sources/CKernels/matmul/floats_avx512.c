// Products of turned f32 blocks for AVX-512: 16 rows a vector, the sums of the other variants to
// the bit.
#include "floats.h"

#if CK_X86

/// Two multiply-adds a cycle, each of which takes four: at least eight chains.
enum { wide_tile = 12 };
_Static_assert(wide_tile <= turned_limit, "tile");

CK_AVX512 CK_INLINE void multiply_n(const int n, const float *panel, int64_t count, const float *x,
                                    float *c, int64_t stride, bool accumulate) {
    // Pairs of chains are added up first; (0 + 4) waits for (1 + 5), (2 + 6) for (3 + 7).
    __m512 pair[wide_tile], quad[wide_tile], all[wide_tile];
    UNROLL for (int place = 0; place < lanes; place++) {
        const float *w = panel + place * steps * block_rows, *v = x + place * steps * n;
        __m512 sums[wide_tile];
        UNROLL for (int i = 0; i < n; i++) sums[i] = _mm512_setzero_ps();
        for (int64_t left = (count - chain_order[place] + lanes - 1) / lanes; left > 0;
             left--, w += block_rows, v += n) {
            __m512 row = _mm512_loadu_ps(w);
            UNROLL for (int i = 0; i < n; i++) sums[i] =
                _mm512_fmadd_ps(row, _mm512_set1_ps(v[i]), sums[i]);
        }
        UNROLL for (int i = 0; i < n; i++) {
            if (place % 2 == 0)
                pair[i] = sums[i];
            else if (place % 4 == 1)
                quad[i] = _mm512_add_ps(pair[i], sums[i]);
            else {
                quad[i] = _mm512_add_ps(quad[i], _mm512_add_ps(pair[i], sums[i]));
                all[i] = place == 3 ? quad[i] : _mm512_add_ps(all[i], quad[i]);
            }
        }
    }
    UNROLL for (int i = 0; i < n; i++) {
        float *at = c + i * stride;
        if (accumulate) all[i] = _mm512_add_ps(_mm512_loadu_ps(at), all[i]);
        _mm512_storeu_ps(at, all[i]);
    }
}
#define MULTIPLY(n)                                                                                \
    case n: multiply_n(n, panel, count, x, c, stride, accumulate); break
CK_AVX512 static void multiply(int n, const float *panel, int64_t count, const float *x, float *c,
                               int64_t stride, bool accumulate) {
    switch (n) {
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

const ck_float_kernels ck_floats_avx512 = {wide_tile, ck_direct_avx2, ck_turn_avx2, multiply};
#endif
