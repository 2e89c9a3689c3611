#pragma once
// AVX-512, AVX-VNNI and AMX on a processor without them: SIMDe's functions in place of the
// compiler's, and those that SIMDe lacks or rounds in another way, written from Intel's pseudo
// code.
#include_next <immintrin.h>

#define SIMDE_ENABLE_NATIVE_ALIASES
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Weverything"
#include <simde/x86/avx512.h>
#pragma GCC diagnostic pop
#include <math.h>
#include <stdint.h>
#include <string.h>

/// One vector as its elements.
typedef union {
    __m512 floats_vector;
    __m512i vector;
    float f[16];
    int32_t i[16];
    int16_t h[32];
    uint16_t u[32];
    int8_t b[64];
} simulated_lanes;

#undef _mm256_dpbusd_avx_epi32
#define _mm256_dpbusd_avx_epi32 simulated256_dpbusd
static inline __m256i simulated256_dpbusd(__m256i sum, __m256i a, __m256i b) {
    uint8_t codes[32];
    int8_t x[32];
    int32_t sums[8];
    memcpy(codes, &a, 32);
    memcpy(x, &b, 32);
    memcpy(sums, &sum, 32);
    for (int k = 0; k < 32; k++) sums[k / 4] += codes[k] * x[k];
    memcpy(&sum, sums, 32);
    return sum;
}
#undef _mm512_fmadd_ps
#define _mm512_fmadd_ps simulated512_fmadd_ps
static inline __m512 simulated512_fmadd_ps(__m512 a, __m512 b, __m512 c) {
    simulated_lanes x = {a}, y = {b}, z = {c};
    for (int i = 0; i < 16; i++) z.f[i] = fmaf(x.f[i], y.f[i], z.f[i]);
    return z.floats_vector;
}
#undef _mm512_cvtph_ps
#define _mm512_cvtph_ps simulated512_cvtph_ps
static inline __m512 simulated512_cvtph_ps(__m256i halves) {
    uint16_t in[16];
    simulated_lanes out;
    memcpy(in, &halves, 32);
    for (int i = 0; i < 16; i++) {
        _Float16 half;
        memcpy(&half, in + i, 2);
        out.f[i] = (float)half;
    }
    return out.floats_vector;
}
#undef _mm512_cvtepu8_epi32
#define _mm512_cvtepu8_epi32 simulated512_cvtepu8_epi32
static inline __m512i simulated512_cvtepu8_epi32(__m128i bytes) {
    uint8_t in[16];
    simulated_lanes out;
    memcpy(in, &bytes, 16);
    for (int i = 0; i < 16; i++) out.i[i] = in[i];
    return out.vector;
}
#undef _mm512_cvtepi8_epi32
#define _mm512_cvtepi8_epi32 simulated512_cvtepi8_epi32
static inline __m512i simulated512_cvtepi8_epi32(__m128i bytes) {
    int8_t in[16];
    simulated_lanes out;
    memcpy(in, &bytes, 16);
    for (int i = 0; i < 16; i++) out.i[i] = in[i];
    return out.vector;
}
#undef _mm512_cvtepu16_epi32
#define _mm512_cvtepu16_epi32 simulated512_cvtepu16_epi32
static inline __m512i simulated512_cvtepu16_epi32(__m256i halves) {
    uint16_t in[16];
    simulated_lanes out;
    memcpy(in, &halves, 32);
    for (int i = 0; i < 16; i++) out.i[i] = in[i];
    return out.vector;
}
#undef _mm512_cvtepi32_epi8
#define _mm512_cvtepi32_epi8 simulated512_cvtepi32_epi8
static inline __m128i simulated512_cvtepi32_epi8(__m512i a) {
    simulated_lanes in = {.vector = a};
    int8_t out[16];
    for (int i = 0; i < 16; i++) out[i] = (int8_t)(uint32_t)in.i[i];
    return _mm_loadu_si128((const __m128i *)(const void *)out);
}
#undef _mm512_cvtepi32_ps
#define _mm512_cvtepi32_ps simulated512_cvtepi32_ps
static inline __m512 simulated512_cvtepi32_ps(__m512i a) {
    simulated_lanes x = {.vector = a};
    for (int i = 0; i < 16; i++) x.f[i] = (float)x.i[i];
    return x.floats_vector;
}
#undef _mm512_maskz_cvtps_epi32
#define _mm512_maskz_cvtps_epi32 simulated512_maskz_cvtps_epi32
static inline __m512i simulated512_maskz_cvtps_epi32(__mmask16 mask, __m512 a) {
    simulated_lanes x = {a};
    for (int i = 0; i < 16; i++)
        x.i[i] = !(mask >> i & 1)                ? 0
                 : fabsf(x.f[i]) < 2147483648.0f ? (int32_t)nearbyintf(x.f[i])
                                                 : INT32_MIN;
    return x.vector;
}
#undef _mm512_reduce_max_ps
#define _mm512_reduce_max_ps simulated512_reduce_max_ps
static inline float simulated512_reduce_max_ps(__m512 a) {
    simulated_lanes x = {a};
    float top = x.f[0];
    for (int i = 1; i < 16; i++) top = x.f[i] > top ? x.f[i] : top;
    return top;
}
#undef _mm512_srai_epi32
#define _mm512_srai_epi32 simulated512_srai_epi32
static inline __m512i simulated512_srai_epi32(__m512i a, unsigned count) {
    simulated_lanes x = {.vector = a};
    for (int i = 0; i < 16; i++) x.i[i] >>= count;
    return x.vector;
}
#undef _mm512_shuffle_i32x4
#define _mm512_shuffle_i32x4(a, b, order) simulated512_shuffle_i32x4(a, b, order)
static inline __m512i simulated512_shuffle_i32x4(__m512i a, __m512i b, int order) {
    simulated_lanes x = {.vector = a}, y = {.vector = b}, out;
    for (int lane = 0; lane < 4; lane++)
        memcpy(out.b + 16 * lane, (lane < 2 ? x : y).b + 16 * (order >> (2 * lane) & 3), 16);
    return out.vector;
}
#undef _mm512_maskz_loadu_epi16
#define _mm512_maskz_loadu_epi16 simulated512_maskz_loadu_epi16
static inline __m512i simulated512_maskz_loadu_epi16(uint32_t mask, const void *p) {
    simulated_lanes out = {.vector = _mm512_setzero_si512()};
    for (int i = 0; i < 32; i++)
        if (mask >> i & 1) memcpy(out.u + i, (const uint16_t *)p + i, 2);
    return out.vector;
}
#undef _mm512_mask_storeu_epi16
#define _mm512_mask_storeu_epi16 simulated512_mask_storeu_epi16
static inline void simulated512_mask_storeu_epi16(void *p, uint32_t mask, __m512i a) {
    simulated_lanes in = {.vector = a};
    for (int i = 0; i < 32; i++)
        if (mask >> i & 1) memcpy((uint16_t *)p + i, in.u + i, 2);
}
#undef _mm512_maskz_loadu_ps
#define _mm512_maskz_loadu_ps simulated512_maskz_loadu_ps
static inline __m512 simulated512_maskz_loadu_ps(__mmask16 mask, const float *p) {
    simulated_lanes out = {_mm512_setzero_ps()};
    for (int i = 0; i < 16; i++)
        if (mask >> i & 1) out.f[i] = p[i];
    return out.floats_vector;
}

// Numbers below the normal range are zero, going in and coming out.
static inline float simulated_flush(float v) { return fabsf(v) < 0x1p-126f ? copysignf(0, v) : v; }
static inline uint16_t simulated_round(float v) {
    uint32_t bits;
    v = simulated_flush(v);
    memcpy(&bits, &v, 4);
    if (v != v) return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
#undef _mm512_cvtne2ps_pbh
#define _mm512_cvtne2ps_pbh simulated512_cvtne2ps_pbh
static inline __m512i simulated512_cvtne2ps_pbh(__m512 high, __m512 low) {
    simulated_lanes a = {high}, b = {low}, out;
    for (int i = 0; i < 16; i++) {
        out.u[i] = simulated_round(b.f[i]);
        out.u[16 + i] = simulated_round(a.f[i]);
    }
    return out.vector;
}
static inline float simulated_wide(uint16_t half) {
    uint32_t bits = (uint32_t)half << 16;
    float v;
    memcpy(&v, &bits, 4);
    return simulated_flush(v);
}
#undef _mm512_dpbf16_ps
#define _mm512_dpbf16_ps(sum, a, b) simulated512_dpbf16_ps(sum, (__m512i)(a), (__m512i)(b))
static inline __m512 simulated512_dpbf16_ps(__m512 sum, __m512i a, __m512i b) {
    simulated_lanes s = {sum}, x = {.vector = a}, y = {.vector = b};
    for (int i = 0; i < 16; i++)
        for (int odd = 1; odd >= 0; odd--)
            s.f[i] =
                simulated_flush(fmaf(simulated_wide(x.u[2 * i + odd]),
                                     simulated_wide(y.u[2 * i + odd]), simulated_flush(s.f[i])));
    return s.floats_vector;
}
#undef _mm512_extractf32x8_ps
#define _mm512_extractf32x8_ps simulated512_extractf32x8_ps
static inline __m256 simulated512_extractf32x8_ps(__m512 a, int half) {
    simulated_lanes in = {a};
    return _mm256_loadu_ps(in.f + 8 * half);
}

// The tile registers of AMX, from Intel's pseudo code.
typedef struct {
    uint8_t bytes[16][64];
} simulated_tile;
static simulated_tile simulated_tiles[8];
static struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
} simulated_shapes;
#undef _tile_loadconfig
#define _tile_loadconfig(p) simulated_loadconfig(p)
static inline void simulated_loadconfig(const void *p) {
    memset(simulated_tiles, 0, sizeof simulated_tiles);
    memcpy(&simulated_shapes, p, sizeof simulated_shapes);
}
#undef _tile_release
#define _tile_release() memset(&simulated_shapes, 0, sizeof simulated_shapes)
#undef _tile_zero
#define _tile_zero(t) memset(&simulated_tiles[t], 0, sizeof(simulated_tile))
#undef _tile_loadd
#define _tile_loadd(t, p, stride) simulated_loadd(t, p, stride)
static inline void simulated_loadd(int t, const void *p, int64_t stride) {
    _tile_zero(t);
    for (int r = 0; r < simulated_shapes.rows[t]; r++)
        memcpy(simulated_tiles[t].bytes[r], (const char *)p + r * stride,
               simulated_shapes.bytes[t]);
}
#undef _tile_stored
#define _tile_stored(t, p, stride) simulated_stored(t, p, stride)
static inline void simulated_stored(int t, void *p, int64_t stride) {
    for (int r = 0; r < simulated_shapes.rows[t]; r++)
        memcpy((char *)p + r * stride, simulated_tiles[t].bytes[r], simulated_shapes.bytes[t]);
}
#undef _tile_dpbf16ps
#define _tile_dpbf16ps(sum, a, b) simulated_dpbf16ps(sum, a, b)
static inline void simulated_dpbf16ps(int sum, int first, int second) {
    for (int m = 0; m < simulated_shapes.rows[sum]; m++) {
        float chains[2][16] = {0}, sums[16];
        uint16_t a[32], b[32];
        memcpy(a, simulated_tiles[first].bytes[m], 64);
        memcpy(sums, simulated_tiles[sum].bytes[m], 64);
        for (int k = 0; k < simulated_shapes.bytes[first] / 4; k++) {
            memcpy(b, simulated_tiles[second].bytes[k], 64);
            for (int n = 0; n < simulated_shapes.bytes[sum] / 4; n++)
                for (int odd = 0; odd < 2; odd++)
                    chains[odd][n] =
                        simulated_flush(fmaf(simulated_wide(a[2 * k + odd]),
                                             simulated_wide(b[2 * n + odd]), chains[odd][n]));
        }
        for (int n = 0; n < simulated_shapes.bytes[sum] / 4; n++)
            sums[n] = simulated_flush(simulated_flush(sums[n]) +
                                      simulated_flush(chains[0][n] + chains[1][n]));
        memcpy(simulated_tiles[sum].bytes[m], sums, 64);
    }
}
