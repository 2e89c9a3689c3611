// What an instruction set can do at best, to hold kernels against: loops of nothing but the
// instruction that does the work, in as many chains as hide its latency.
#include "internal.h"

enum { chains = 12 };

static int64_t f32_products(int64_t rounds) {
    float sums[64] = {0};
    volatile float factor = 0.5f;
    const float f = factor;
    for (int64_t round = 0; round < rounds; round++)
        for (int i = 0; i < 64; i++) sums[i] = sums[i] * f + f;
    for (int i = 0; i < 64; i++) factor = sums[i];
    return rounds * 64 * 2;
}
static int64_t byte_products(int64_t rounds) {
    int16_t sums[64] = {0};
    volatile int16_t factor = 3;
    const int16_t f = factor;
    for (int64_t round = 0; round < rounds; round++)
        for (int i = 0; i < 64; i++) sums[i] = (int16_t)(sums[i] * f + f);
    for (int i = 0; i < 64; i++) factor = sums[i];
    return rounds * 64 * 2;
}
const ck_limit_kernels ck_limits_scalar = {f32_products, byte_products, 0, 0};

#if CK_X86
/// Keeps a sum alive and in its register.
#define KEEP(v) __asm__ volatile("" : "+x"(v))
#define KEEP512(v) __asm__ volatile("" : "+v"(v))

CK_AVX2 static int64_t f32_products_avx2(int64_t rounds) {
    __m256 sums[chains], f = _mm256_set1_ps(0.5f);
    for (int i = 0; i < chains; i++) sums[i] = f;
    for (int64_t round = 0; round < rounds; round++)
        for (int i = 0; i < chains; i++) {
            sums[i] = _mm256_fmadd_ps(sums[i], f, f);
            KEEP(sums[i]);
        }
    return rounds * chains * 8 * 2;
}
CK_AVX2 static int64_t byte_products_avx2(int64_t rounds) {
    __m256i sums[chains], f = _mm256_set1_epi8(1);
    for (int i = 0; i < chains; i++) sums[i] = f;
    for (int64_t round = 0; round < rounds; round++)
        for (int i = 0; i < chains; i++) {
            KEEP(f);
            sums[i] = _mm256_add_epi16(sums[i], _mm256_maddubs_epi16(f, f));
            KEEP(sums[i]);
        }
    return rounds * chains * 32 * 2;
}
CK_AVX2 static int64_t word_products_avx2(int64_t rounds) {
    __m256i sums[chains], f = _mm256_set1_epi16(1);
    for (int i = 0; i < chains; i++) sums[i] = f;
    for (int64_t round = 0; round < rounds; round++)
        for (int i = 0; i < chains; i++) {
            KEEP(f);
            sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(f, f));
            KEEP(sums[i]);
        }
    return rounds * chains * 16 * 2;
}
const ck_limit_kernels ck_limits_avx2 = {f32_products_avx2, byte_products_avx2, 0,
                                         word_products_avx2};

CK_AVXVNNI static int64_t byte_products_avxvnni(int64_t rounds) {
    __m256i sums[chains], f = _mm256_set1_epi8(1);
    for (int i = 0; i < chains; i++) sums[i] = f;
    for (int64_t round = 0; round < rounds; round++)
        for (int i = 0; i < chains; i++) {
            sums[i] = _mm256_dpbusd_avx_epi32(sums[i], f, f);
            KEEP(sums[i]);
        }
    return rounds * chains * 32 * 2;
}
const ck_limit_kernels ck_limits_avxvnni = {f32_products_avx2, byte_products_avxvnni, 0, 0};

CK_AVX512 static int64_t f32_products_avx512(int64_t rounds) {
    __m512 sums[chains], f = _mm512_set1_ps(0.5f);
    for (int i = 0; i < chains; i++) sums[i] = f;
    for (int64_t round = 0; round < rounds; round++)
        for (int i = 0; i < chains; i++) {
            sums[i] = _mm512_fmadd_ps(sums[i], f, f);
            KEEP512(sums[i]);
        }
    return rounds * chains * 16 * 2;
}
CK_AVX512 static int64_t byte_products_avx512(int64_t rounds) {
    __m512i sums[chains], f = _mm512_set1_epi8(1);
    for (int i = 0; i < chains; i++) sums[i] = f;
    for (int64_t round = 0; round < rounds; round++)
        for (int i = 0; i < chains; i++) {
            sums[i] = _mm512_dpbusd_epi32(sums[i], f, f);
            KEEP512(sums[i]);
        }
    return rounds * chains * 64 * 2;
}
const ck_limit_kernels ck_limits_avx512 = {f32_products_avx512, byte_products_avx512, 0, 0};

CK_AVX512BF16 static int64_t bf16_products_avx512(int64_t rounds) {
    __m512 sums[chains];
    __m512i f = _mm512_set1_epi16(0x3f00);
    for (int i = 0; i < chains; i++) sums[i] = _mm512_setzero_ps();
    for (int64_t round = 0; round < rounds; round++)
        for (int i = 0; i < chains; i++) {
            sums[i] = _mm512_dpbf16_ps(sums[i], (__m512bh)f, (__m512bh)f);
            KEEP512(sums[i]);
        }
    return rounds * chains * 32 * 2;
}
const ck_limit_kernels ck_limits_avx512bf16 = {f32_products_avx512, byte_products_avx512,
                                               bf16_products_avx512, 0};

CK_AMX static int64_t bf16_products_amx(int64_t rounds) {
    ck_tile_shapes shapes = {.palette = 1};
    for (int i = 0; i < 8; i++) {
        shapes.bytes[i] = 64;
        shapes.rows[i] = 16;
    }
    _tile_loadconfig(&shapes);
    _tile_zero(4);
    _tile_zero(5);
    for (int64_t round = 0; round < rounds; round++) {
        _tile_dpbf16ps(0, 4, 5);
        _tile_dpbf16ps(1, 4, 5);
        _tile_dpbf16ps(2, 4, 5);
        _tile_dpbf16ps(3, 4, 5);
    }
    _tile_release();
    return rounds * 4 * 16 * 16 * 32 * 2;
}
const ck_limit_kernels ck_limits_amx = {f32_products_avx512, byte_products_avx512,
                                        bf16_products_amx, 0};
#endif

#if CK_NEON
#define KEEP_NEON(v) __asm__ volatile("" : "+w"(v))
CK_DOTPROD static int64_t f32_products_neon(int64_t rounds) {
    float32x4_t sums[chains], f = vdupq_n_f32(0.5f);
    for (int i = 0; i < chains; i++) sums[i] = f;
    for (int64_t round = 0; round < rounds; round++)
        for (int i = 0; i < chains; i++) {
            sums[i] = vfmaq_f32(f, sums[i], f);
            KEEP_NEON(sums[i]);
        }
    return rounds * chains * 4 * 2;
}
CK_DOTPROD static int64_t byte_products_neon(int64_t rounds) {
    int32x4_t sums[chains];
    int8x16_t f = vdupq_n_s8(1);
    for (int i = 0; i < chains; i++) sums[i] = vdupq_n_s32(0);
    for (int64_t round = 0; round < rounds; round++)
        for (int i = 0; i < chains; i++) {
            sums[i] = vdotq_s32(sums[i], f, f);
            KEEP_NEON(sums[i]);
        }
    return rounds * chains * 16 * 2;
}
const ck_limit_kernels ck_limits_neon = {f32_products_neon, byte_products_neon, 0, 0};
#endif

uint64_t ck_read(const void *memory, int64_t bytes) {
    const uint64_t *words = memory;
    uint64_t sums[16] = {0};
    for (int64_t i = 0; i + 16 <= bytes / 8; i += 16) {
        // What the processor fetches by itself falls up to a tenth short.
        for (int line = 0; line < 2; line++) __builtin_prefetch(words + i + 8 * (line + 8));
        for (int j = 0; j < 16; j++) sums[j] += words[i + j];
    }
    for (int j = 1; j < 16; j++) sums[0] += sums[j];
    return sums[0];
}
