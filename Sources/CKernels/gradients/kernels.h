// The kernels of training, compiled once for each instruction set: plain loops that the compiler
// turns into vectors of whatever width CK_GRADIENT_TARGET allows. Sums run in LANES parallel
// parts, so that they are vectors too and the same for every width.
//
// The including file defines CK_GRADIENT_TARGET (an attribute) and CK_GRADIENT_TABLE (the name).
#define KERNEL CK_GRADIENT_TARGET static
#define HELPER CK_GRADIENT_TARGET CK_INLINE
enum { LANES = 16 };

/// exp(x) by range reduction and a polynomial (Cephes expf): within 2 units in the last place
/// where the result is normal, 0 below. NaN stays NaN.
HELPER float exponential(float x) {
    float y = x < -87.33654f ? -87.33654f : x;
    y = y > 88.37626f ? 88.37626f : y;
    // Adding and taking away 1.5 * 2^23 rounds to an integer.
    float k = y * 1.44269504f + 12582912.0f;
    int32_t power = (int32_t)ck_float_to_bits(k) - 0x4b400000;
    k -= 12582912.0f;
    y -= k * 0.693359375f;
    y -= k * -2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * y + 1.3981999507e-3f;
    p = p * y + 8.3334519073e-3f;
    p = p * y + 4.1665795894e-2f;
    p = p * y + 1.6666665459e-1f;
    p = p * y + 5.0000001201e-1f;
    p = p * (y * y) + (y + 1.0f);
    p *= ck_bits_to_float((uint32_t)(power + 127) << 23);
    p = x < -87.33654f ? 0.0f : p;
    return x != x ? x : p;
}

HELPER float folded(const float *parts) {
    double sum = 0;
    for (int j = 0; j < LANES; j++) sum += (double)parts[j];
    return (float)sum;
}

KERNEL float dot(int64_t n, const float *x, const float *y) {
    float parts[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++) parts[j] += x[i + j] * y[i + j];
    for (; i < n; i++) parts[i % LANES] += x[i] * y[i];
    return folded(parts);
}

KERNEL double square_sum(int64_t n, const float *x) {
    double parts[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++) parts[j] += (double)x[i + j] * (double)x[i + j];
    for (; i < n; i++) parts[i % LANES] += (double)x[i] * (double)x[i];
    double sum = 0;
    for (int j = 0; j < LANES; j++) sum += parts[j];
    return sum;
}

KERNEL void rms_norm_gradient(int64_t n, const float *x, const float *weight, float epsilon,
                              const float *dy, float *dx) {
    double squares = square_sum(n, x);
    float parts[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++) parts[j] += x[i + j] * (weight[i + j] * dy[i + j]);
    for (; i < n; i++) parts[i % LANES] += x[i] * (weight[i] * dy[i]);
    float scale = 1.0f / sqrtf((float)(squares / (double)n) + epsilon);
    float pull = scale * scale * scale * folded(parts) / (float)n;
    for (i = 0; i < n; i++) dx[i] += scale * (weight[i] * dy[i]) - pull * x[i];
}

KERNEL void layer_norm_gradient(int64_t n, const float *x, const float *weight, float epsilon,
                                const float *dy, float *dx) {
    double total = 0, squares = 0;
    for (int64_t i = 0; i < n; i++) total += (double)x[i];
    double mean = total / (double)n;
    for (int64_t i = 0; i < n; i++) squares += ((double)x[i] - mean) * ((double)x[i] - mean);
    float centre = (float)mean;
    float scale = (float)(1 / sqrt(squares / (double)n + (double)epsilon));
    // dx = scale * (g - mean(g) - z * mean(g z)) with g = weight * dy and z the normalised x.
    float sums[LANES] = {0}, products[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++) {
            float g = weight[i + j] * dy[i + j];
            sums[j] += g;
            products[j] += g * (x[i + j] - centre);
        }
    for (; i < n; i++) {
        float g = weight[i] * dy[i];
        sums[i % LANES] += g;
        products[i % LANES] += g * (x[i] - centre);
    }
    float average = folded(sums) / (float)n;
    float pull = scale * scale * folded(products) / (float)n;
    for (i = 0; i < n; i++) dx[i] += scale * (weight[i] * dy[i] - average - pull * (x[i] - centre));
}

KERNEL void silu_product(int64_t n, const float *gate, const float *up, float *out) {
    for (int64_t i = 0; i < n; i++) out[i] = gate[i] / (1.0f + exponential(-gate[i])) * up[i];
}

KERNEL void silu_product_gradient(int64_t n, const float *gate, const float *up, const float *dy,
                                  float *dgate, float *dup) {
    for (int64_t i = 0; i < n; i++) {
        float g = gate[i], d = dy[i], u = up[i];
        float s = 1.0f / (1.0f + exponential(-g));
        dup[i] = d * (g * s);
        dgate[i] = d * u * (s * (1.0f + g * (1.0f - s)));
    }
}

KERNEL void gelu_gradient(int64_t n, const float *x, float *dy) {
    for (int64_t i = 0; i < n; i++) {
        float density = 0.39894228f * exponential(-0.5f * x[i] * x[i]);
        dy[i] *= 0.5f * (1.0f + erff(x[i] * 0.70710678f)) + x[i] * density;
    }
}

HELPER float largest(int64_t n, const float *x) {
    float top[LANES];
    for (int j = 0; j < LANES; j++) top[j] = -INFINITY;
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++) top[j] = x[i + j] > top[j] ? x[i + j] : top[j];
    for (; i < n; i++) top[0] = x[i] > top[0] ? x[i] : top[0];
    float result = top[0];
    for (int j = 1; j < LANES; j++) result = top[j] > result ? top[j] : result;
    return result;
}

/// x = exp(scale * x - shift); the sum of that.
HELPER float exponentials(int64_t n, float *x, float scale, float shift) {
    float parts[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++) {
            float e = exponential(x[i + j] * scale - shift);
            x[i + j] = e;
            parts[j] += e;
        }
    for (; i < n; i++) {
        x[i] = exponential(x[i] * scale - shift);
        parts[i % LANES] += x[i];
    }
    return folded(parts);
}

KERNEL float softmax_with_log_sum(int64_t n, float *x, float scale) {
    float shift = largest(n, x) * scale;
    float sum = exponentials(n, x, scale, shift);
    float inverse = 1.0f / sum;
    for (int64_t i = 0; i < n; i++) x[i] *= inverse;
    return shift + logf(sum);
}

KERNEL void softmax_again(int64_t n, float *x, float scale, float log_sum) {
    for (int64_t i = 0; i < n; i++) x[i] = exponential(x[i] * scale - log_sum);
}

KERNEL void softmax_gradient(int64_t n, const float *p, float delta, float scale, float *dp) {
    for (int64_t i = 0; i < n; i++) dp[i] = p[i] * (dp[i] - delta) * scale;
}

KERNEL float cross_entropy(int64_t n, float *x, int64_t target, float scale, bool *is_hit) {
    float wanted = x[target];
    float top = largest(n, x);
    *is_hit = wanted == top;
    float sum = exponentials(n, x, 1.0f, top);
    float factor = scale / sum;
    for (int64_t i = 0; i < n; i++) x[i] *= factor;
    x[target] -= scale;
    return logf(sum) + top - wanted;
}

KERNEL void dropout(int64_t n, uint64_t seed, uint32_t limit, float scale, const float *x,
                    float *out) {
    for (int64_t i = 0; i < n; i++) {
        // SplitMix64 at position i: any element by itself, in any order.
        uint64_t z = seed + (uint64_t)(i + 1) * 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        z ^= z >> 31;
        out[i] = (uint32_t)(z >> 32) >= limit ? x[i] * scale : 0.0f;
    }
}

KERNEL void adam_step(int64_t n, const ck_adam *s, const float *gradient, float *first,
                      float *second, float *value) {
    float rest1 = 1.0f - s->decay1, rest2 = 1.0f - s->decay2;
    for (int64_t i = 0; i < n; i++) {
        float g = gradient[i] * s->gradient_scale;
        float m = first[i] + rest1 * (g - first[i]);
        float v = second[i] * s->decay2 + rest2 * (g * g);
        first[i] = m;
        second[i] = v;
        float p = value[i] * s->shrink;
        value[i] = p - s->step * (m / (sqrtf(v) / s->root_correction2 + s->epsilon));
    }
}

const ck_gradient_kernels CK_GRADIENT_TABLE = {
    dot,
    square_sum,
    rms_norm_gradient,
    layer_norm_gradient,
    silu_product,
    silu_product_gradient,
    gelu_gradient,
    softmax_with_log_sum,
    softmax_again,
    softmax_gradient,
    cross_entropy,
    dropout,
    adam_step,
};
#undef KERNEL
#undef HELPER
