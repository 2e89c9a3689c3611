#pragma once
// AVX-512 on a processor without it: SIMDe's functions in place of the compiler's intrinsics, and
// those that SIMDe lacks or rounds in another way, written from Intel's pseudo code.
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
