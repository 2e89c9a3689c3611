// The dispatch table: one column per instruction set, chosen once from what the processor has.
#define _GNU_SOURCE // syscall
#include "internal.h"
#include "matmul/floats.h"
#include "matmul/packed.h"
#include <math.h>
#include <stdatomic.h>
#if CK_X86 && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#elif CK_NEON && defined(__linux__)
#include <sys/auxv.h>
#ifndef HWCAP_ASIMDDP
#define HWCAP_ASIMDDP (1 << 20)
#endif
#ifndef HWCAP2_I8MM
#define HWCAP2_I8MM (1 << 13)
#endif
#elif CK_NEON && defined(__APPLE__)
#include <sys/sysctl.h>
#endif

/// One instruction set's column.
typedef struct {
    const char *name;
    const ck_format_kernels *f32, *f16, *bf16, *q8_0, *q4_0, *q4_1;
    const ck_vector_kernels *vectors;
    const ck_attention_kernels *attention;
    const ck_gradient_kernels *gradients;
    const ck_panel_kernels *panels;
    const ck_float_kernels *floats;
    const ck_limit_kernels *limits;
    const ck_bf16_kernels *bf16_products;
} ck_table;

#define CK_COLUMN(set)                                                                             \
    {                                                                                              \
#set, &ck_format_f32_##set, &ck_format_f16_##set, &ck_format_bf16_##set,                   \
            &ck_format_q8_0_##set, &ck_format_q4_0_##set, &ck_format_q4_1_##set,                   \
            &ck_vectors_##set, &ck_attention_##set, &ck_gradients_##set, &ck_panels_##set,         \
            &ck_floats_##set, &ck_limits_##set, 0                                                  \
    }

static const ck_table scalar_table = CK_COLUMN(scalar);
#if CK_X86
static const ck_table avx2_table = CK_COLUMN(avx2);
static const ck_table avxvnni_table = {"avxvnni",
                                       &ck_format_f32_avx2,
                                       &ck_format_f16_avx2,
                                       &ck_format_bf16_avx2,
                                       &ck_format_q8_0_avx2,
                                       &ck_format_q4_0_avx2,
                                       &ck_format_q4_1_avx2,
                                       &ck_vectors_avx2,
                                       &ck_attention_avx2,
                                       &ck_gradients_avx2,
                                       &ck_panels_avxvnni,
                                       &ck_floats_avx2,
                                       &ck_limits_avxvnni,
                                       0};
// Rows of a few numbers and single products are limited by memory at 8 lanes already.
#define CK_AVX512_COLUMN(name, limits, bf16_products)                                              \
    {                                                                                              \
        name, &ck_format_f32_avx2, &ck_format_f16_avx2, &ck_format_bf16_avx2,                      \
            &ck_format_q8_0_avx2, &ck_format_q4_0_avx2, &ck_format_q4_1_avx2, &ck_vectors_avx512,  \
            &ck_attention_avx512, &ck_gradients_avx2, &ck_panels_avx512, &ck_floats_avx512,        \
            limits, bf16_products                                                                  \
    }
static const ck_table avx512_table = CK_AVX512_COLUMN("avx512", &ck_limits_avx512, 0);
static const ck_table avx512bf16_table =
    CK_AVX512_COLUMN("avx512bf16", &ck_limits_avx512bf16, &ck_bf16_avx512bf16);
static const ck_table amx_table = CK_AVX512_COLUMN("amx", &ck_limits_amx, &ck_bf16_amx);
static const ck_table *const tables[] = {&amx_table,     &avx512bf16_table, &avx512_table,
                                         &avxvnni_table, &avx2_table,       &scalar_table};
static const char *const names[] = {"amx", "avx512bf16", "avx512", "avxvnni", "avx2", "scalar", 0};
#elif CK_NEON
#define CK_NEON_COLUMN(name, panels)                                                               \
    {                                                                                              \
        name, &ck_format_f32_scalar, &ck_format_f16_scalar, &ck_format_bf16_scalar,                \
            &ck_format_q8_0_scalar, &ck_format_q4_0_scalar, &ck_format_q4_1_scalar,                \
            &ck_vectors_scalar, &ck_attention_scalar, &ck_gradients_scalar, panels,                \
            &ck_floats_neon, &ck_limits_neon, 0                                                    \
    }
static const ck_table neon_table = CK_NEON_COLUMN("neon", &ck_panels_neon);
static const ck_table neoni8mm_table = CK_NEON_COLUMN("neoni8mm", &ck_panels_neoni8mm);
static const ck_table *const tables[] = {&neoni8mm_table, &neon_table, &scalar_table};
static const char *const names[] = {"neoni8mm", "neon", "scalar", 0};
#else
static const ck_table *const tables[] = {&scalar_table};
static const char *const names[] = {"scalar", 0};
#endif
enum { table_count = sizeof tables / sizeof *tables };

static _Atomic(const ck_table *) chosen;
static _Thread_local const ck_table *chosen_here;

const char *const *ck_variants(void) { return names; }

#if CK_X86
// These builtins ask the system too whether it keeps the registers.
static bool has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("f16c");
}
static bool has_avxvnni(void) { return has_avx2() && __builtin_cpu_supports("avxvnni"); }
static bool has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vnni");
}
static bool has_bf16(void) { return has_avx512() && __builtin_cpu_supports("avx512bf16"); }
/// Linux keeps the registers of a process only once it has asked for them.
static bool has_amx(void) {
#if defined(__linux__)
    enum { ask_for_state = 0x1023, tile_data = 18 }; // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
    return has_bf16() && __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16") &&
           syscall(SYS_arch_prctl, ask_for_state, tile_data) == 0;
#else
    return false;
#endif
}
#elif CK_NEON
#if defined(__linux__)
static bool has_dot_products(void) { return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0; }
static bool has_i8mm(void) {
    return has_dot_products() && (getauxval(AT_HWCAP2) & HWCAP2_I8MM) != 0;
}
#elif defined(__APPLE__)
static bool has_feature(const char *name) {
    int has = 0;
    size_t size = sizeof has;
    return !sysctlbyname(name, &has, &size, 0, 0) && has;
}
static bool has_dot_products(void) { return has_feature("hw.optional.arm.FEAT_DotProd"); }
static bool has_i8mm(void) {
    return has_dot_products() && has_feature("hw.optional.arm.FEAT_I8MM");
}
#else
static bool has_dot_products(void) { return false; }
static bool has_i8mm(void) { return false; }
#endif
#endif

bool ck_can_run(const char *name) {
    if (!strcmp(name, "scalar")) return true;
#if CK_X86
    if (!strcmp(name, "avx2")) return has_avx2();
    if (!strcmp(name, "avxvnni")) return has_avxvnni();
    if (!strcmp(name, "avx512")) return has_avx512();
    if (!strcmp(name, "avx512bf16")) return has_bf16();
    if (!strcmp(name, "amx")) return has_amx();
#elif CK_NEON
    if (!strcmp(name, "neon")) return has_dot_products();
    if (!strcmp(name, "neoni8mm")) return has_i8mm();
#endif
    return false;
}

static const ck_table *find(const char *name) {
    for (int i = 0; i < table_count; i++)
        if (!strcmp(tables[i]->name, name) && ck_can_run(name)) return tables[i];
    return 0;
}

bool ck_choose_variant(const char *name) {
    const ck_table *found = find(name);
    if (found) atomic_store(&chosen, found);
    return found != 0;
}

bool ck_choose_variant_here(const char *name) {
    const ck_table *found = name ? find(name) : 0;
    if (name && !found) return false;
    chosen_here = found;
    return true;
}

static const ck_table *table(void) {
    if (chosen_here) return chosen_here;
    const ck_table *current = atomic_load_explicit(&chosen, memory_order_acquire);
    if (current) return current;
    for (int i = 0; i < table_count; i++)
        if (ck_choose_variant(tables[i]->name)) break;
    return atomic_load(&chosen);
}

const char *ck_variant(void) { return table()->name; }
const ck_panel_kernels *ck_panel_table(void) { return table()->panels; }
const ck_float_kernels *ck_float_table(void) { return table()->floats; }
const ck_bf16_kernels *ck_bf16_table(void) { return table()->bf16_products; }

int64_t ck_f32_products(int64_t rounds) { return table()->limits->f32_products(rounds); }
int64_t ck_byte_products(int64_t rounds) { return table()->limits->byte_products(rounds); }
int64_t ck_word_products(int64_t rounds) {
    return table()->limits->word_products ? table()->limits->word_products(rounds) : 0;
}
int64_t ck_bf16_products(int64_t rounds) {
    return table()->limits->bf16_products ? table()->limits->bf16_products(rounds) : 0;
}

static const ck_format_kernels *format(int type) {
    const ck_table *t = table();
    switch (type) {
    case CK_F32: return t->f32;
    case CK_F16: return t->f16;
    case CK_BF16: return t->bf16;
    case CK_Q8_0: return t->q8_0;
    case CK_Q4_0: return t->q4_0;
    case CK_Q4_1: return t->q4_1;
    default: return 0;
    }
}

bool ck_has_type(int type) { return format(type) != 0; }

void ck_gemv(int type, int64_t rows, int64_t columns, const void *w, int64_t row_bytes,
             const float *x, float *y) {
    ck_dot_function dot = format(type)->dot;
    const char *row = w;
    for (int64_t r = 0; r < rows; r++, row += row_bytes) y[r] = dot(columns, row, x);
}

void ck_dequantize(int type, const void *source, int64_t n, float *out) {
    format(type)->dequantize(source, n, out);
}

void ck_rms_norm(int64_t n, const float *x, const float *weight, float epsilon, float *out) {
    table()->vectors->rms_norm(n, x, weight, epsilon, out);
}
void ck_silu_multiply(int64_t n, float *gate, const float *up) {
    table()->vectors->silu_multiply(n, gate, up);
}
void ck_softmax(int64_t n, float *x, float scale) { table()->vectors->softmax(n, x, scale); }
double ck_exponentials(int64_t n, const float *x, double shift, double scale, double *out) {
    return table()->vectors->exponentials(n, x, shift, scale, out);
}
void ck_f32_to_f16(int64_t n, const float *x, uint16_t *out) {
    table()->vectors->f32_to_f16(n, x, out);
}
int64_t ck_largest(int64_t n, const float *x, float *second) {
    return table()->vectors->largest(n, x, second);
}

// Simple enough for the compiler to vectorise at the baseline, or rare beside the matrices.

int64_t ck_at_least(int64_t n, const float *x, float bar, int64_t limit, int64_t *indices) {
    int64_t found = 0;
    // Few are: a run without any is one comparison.
    for (int64_t i = 0; i < n;) {
        int64_t end = i + 32 < n ? i + 32 : n;
        int any = 0;
        for (int64_t j = i; j < end; j++) any |= x[j] >= bar;
        for (; any && i < end; i++)
            if (x[i] >= bar && found++ < limit) indices[found - 1] = i;
        i = end;
    }
    return found;
}
bool ck_all_finite(int64_t n, const float *x) {
    uint32_t found = 0;
    for (int64_t i = 0; i < n; i++) {
        uint32_t exponent = ck_float_to_bits(x[i]) & 0x7f800000;
        found |= exponent == 0x7f800000;
    }
    return !found;
}
void ck_add(int64_t n, float *x, const float *y) {
    for (int64_t i = 0; i < n; i++) x[i] += y[i];
}
void ck_layer_norm(int64_t n, const float *x, const float *weight, const float *bias, float epsilon,
                   float *out) {
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i];
    double mean = sum / (double)n;
    for (int64_t i = 0; i < n; i++) squares += (x[i] - mean) * (x[i] - mean);
    float scale = (float)(1 / sqrt(squares / (double)n + epsilon));
    for (int64_t i = 0; i < n; i++) out[i] = (float)(x[i] - mean) * scale * weight[i] + bias[i];
}
void ck_gelu(int64_t n, float *x) {
    for (int64_t i = 0; i < n; i++) x[i] = 0.5f * x[i] * (1 + erff(x[i] * 0.70710678f));
}
void ck_rotate_interleaved(int64_t pairs, float *x, const float *cosines, const float *sines) {
    for (int64_t i = 0; i < pairs; i++) {
        float a = x[2 * i], b = x[2 * i + 1];
        x[2 * i] = a * cosines[i] - b * sines[i];
        x[2 * i + 1] = a * sines[i] + b * cosines[i];
    }
}
void ck_rotate_halves(int64_t pairs, float *x, const float *cosines, const float *sines) {
    for (int64_t i = 0; i < pairs; i++) {
        float a = x[i], b = x[i + pairs];
        x[i] = a * cosines[i] - b * sines[i];
        x[i + pairs] = a * sines[i] + b * cosines[i];
    }
}

float ck_dot(int64_t n, const float *x, const float *y) { return table()->gradients->dot(n, x, y); }
double ck_square_sum(int64_t n, const float *x) { return table()->gradients->square_sum(n, x); }
void ck_rms_norm_gradient(int64_t n, const float *x, const float *weight, float epsilon,
                          const float *dy, float *dx) {
    table()->gradients->rms_norm_gradient(n, x, weight, epsilon, dy, dx);
}
void ck_layer_norm_gradient(int64_t n, const float *x, const float *weight, float epsilon,
                            const float *dy, float *dx) {
    table()->gradients->layer_norm_gradient(n, x, weight, epsilon, dy, dx);
}
void ck_silu_product(int64_t n, const float *gate, const float *up, float *out) {
    table()->gradients->silu_product(n, gate, up, out);
}
void ck_silu_product_gradient(int64_t n, const float *gate, const float *up, const float *dy,
                              float *dgate, float *dup) {
    table()->gradients->silu_product_gradient(n, gate, up, dy, dgate, dup);
}
void ck_gelu_gradient(int64_t n, const float *x, float *dy) {
    table()->gradients->gelu_gradient(n, x, dy);
}
float ck_softmax_with_log_sum(int64_t n, float *x, float scale) {
    return table()->gradients->softmax_with_log_sum(n, x, scale);
}
void ck_softmax_again(int64_t n, float *x, float scale, float log_sum) {
    table()->gradients->softmax_again(n, x, scale, log_sum);
}
void ck_softmax_gradient(int64_t n, const float *p, float delta, float scale, float *dp) {
    table()->gradients->softmax_gradient(n, p, delta, scale, dp);
}
float ck_cross_entropy(int64_t n, float *x, int64_t target, float scale, bool *is_hit) {
    return table()->gradients->cross_entropy(n, x, target, scale, is_hit);
}
void ck_dropout(int64_t n, uint64_t seed, uint32_t limit, float scale, const float *x, float *out) {
    table()->gradients->dropout(n, seed, limit, scale, x, out);
}
void ck_adam_step(int64_t n, const ck_adam *s, const float *gradient, float *first, float *second,
                  float *value) {
    table()->gradients->adam_step(n, s, gradient, first, second, value);
}

void ck_attend(const ck_attention_block *b) { table()->attention->attend(b); }
void ck_attention_merge(int64_t rows, int64_t head, const int32_t *seen, float *into,
                        const float *next) {
    int64_t width = ck_attention_state_width(head);
    const ck_attention_kernels *kernels = table()->attention;
    for (int64_t r = 0; r < rows; r++, into += width, next += width)
        if (!seen || seen[r]) kernels->merge(head, into, next);
}
void ck_attention_finish(int64_t head, const float *state, float *out) {
    float scale = 1 / state[ck_attention_state_width(head) - CK_ATTENTION_GROUP + 1];
    for (int64_t d = 0; d < head; d++) out[d] = state[d] * scale;
}
