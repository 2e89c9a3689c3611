// Products of turned f32 blocks for AVX-512: 16 rows a vector, the sums of the other variants to
// the bit.
#include "floats.h"

#if CK_X86

CK_AVX512 CK_INLINE void multiply_n(const int n, const float *panel, int64_t count, const float *x,
                                    float *c, int64_t stride, bool accumulate) {
    // Pairs of chains are added up first; (0 + 4) waits for (1 + 5), (2 + 6) for (3 + 7).
    __m512 pair[turned_tile], quad[turned_tile], all[turned_tile];
    UNROLL for (int place = 0; place < lanes; place++) {
        const float *w = panel + place * steps * block_rows, *v = x + place * steps * n;
        __m512 sums[turned_tile];
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
CK_AVX512 static void multiply(int n, const float *panel, int64_t count, const float *x, float *c,
                               int64_t stride, bool accumulate) {
    switch (n) {
    case 1: multiply_n(1, panel, count, x, c, stride, accumulate); break;
    case 2: multiply_n(2, panel, count, x, c, stride, accumulate); break;
    case 3: multiply_n(3, panel, count, x, c, stride, accumulate); break;
    case 4: multiply_n(4, panel, count, x, c, stride, accumulate); break;
    case 5: multiply_n(5, panel, count, x, c, stride, accumulate); break;
    default: multiply_n(6, panel, count, x, c, stride, accumulate); break;
    }
}

const ck_float_kernels ck_floats_avx512 = {ck_direct_avx2, ck_turn_avx2, multiply};
#endif
