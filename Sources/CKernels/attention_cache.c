// How keys and values are cached: in f32, f16 or q8_0.
//
// q8_0 keeps 8-bit integers with an f16 scale for 32 elements of a head; the last scale of a head
// may serve fewer. A group of 16 keys is [head, 16] integers, then [head / 32, 16] scales; a value
// is its integers, then its scales.
#include "internal.h"
#include <math.h>

enum { group = CK_ATTENTION_GROUP, block = CK_ATTENTION_BLOCK, run = 32 };

static int64_t scales_of(int64_t head) { return (head + run - 1) / run; }

int64_t ck_cache_key_group_bytes(int type, int64_t head) {
    return group * ck_cache_value_bytes(type, head);
}

int64_t ck_cache_value_bytes(int type, int64_t head) {
    switch (type) {
    case CK_F16: return 2 * head;
    case CK_Q8_0: return head + 2 * scales_of(head);
    default: return 4 * head;
    }
}

/// Integers and scales of one head's elements, rounded as q8_0 is.
static void quantize(int64_t head, const float *x, int8_t *integers, uint16_t *scales) {
    float largest[CK_HEAD_LIMIT / run];
    for (int64_t g = 0; g < scales_of(head); g++) {
        largest[g] = 0;
        for (int64_t d = g * run; d < head && d < (g + 1) * run; d++)
            largest[g] = fabsf(x[d]) > largest[g] ? fabsf(x[d]) : largest[g];
        largest[g] /= 127;
    }
    ck_f32_to_f16(scales_of(head), largest, scales);
    for (int64_t d = 0; d < head; d++) {
        float scale = largest[d / run];
        integers[d] = (int8_t)(scale > 0 ? roundf(x[d] / scale) : 0);
    }
}

void ck_cache_store(int type, int64_t head, int64_t slot, const float *key, const float *value,
                    void *keys, void *values) {
    char *keys_here = (char *)keys + slot / group * ck_cache_key_group_bytes(type, head);
    char *value_here = (char *)values + slot * ck_cache_value_bytes(type, head);
    int64_t lane = slot % group;
    if (type == CK_F16) {
        uint16_t rounded[CK_HEAD_LIMIT], *to = (uint16_t *)keys_here + lane;
        ck_f32_to_f16(head, key, rounded);
        for (int64_t d = 0; d < head; d++) to[d * group] = rounded[d];
        ck_f32_to_f16(head, value, (uint16_t *)value_here);
    } else if (type == CK_Q8_0) {
        int8_t integers[CK_HEAD_LIMIT], *to = (int8_t *)keys_here + lane;
        uint16_t scales[CK_HEAD_LIMIT / run];
        quantize(head, key, integers, scales);
        for (int64_t d = 0; d < head; d++) to[d * group] = integers[d];
        for (int64_t g = 0; g < scales_of(head); g++)
            memcpy(keys_here + head * group + 2 * (g * group + lane), scales + g, 2);
        quantize(head, value, integers, scales);
        memcpy(value_here, integers, (size_t)head);
        memcpy(value_here + head, scales, (size_t)scales_of(head) * 2);
    } else {
        float *to = (float *)keys_here + lane;
        for (int64_t d = 0; d < head; d++) to[d * group] = key[d];
        memcpy(value_here, value, (size_t)head * 4);
    }
}

static float half_at(const char *source, int64_t index) {
    uint16_t bits;
    memcpy(&bits, source + 2 * index, 2);
    return ck_half_to_float(bits);
}

/// A group of keys, or one value when `lanes` is 1, as f32.
static void unpack(int type, int64_t head, int64_t lanes, const char *source, float *out) {
    if (type == CK_Q8_0) {
        const int8_t *integers = (const int8_t *)source;
        float scales[CK_HEAD_LIMIT / run * group];
        ck_dequantize(CK_F16, source + head * lanes, scales_of(head) * lanes, scales);
        for (int64_t d = 0; d < head; d++)
            for (int64_t i = 0; i < lanes; i++)
                out[d * lanes + i] = (float)integers[d * lanes + i] * scales[d / run * lanes + i];
    } else {
        ck_dequantize(type, source, head * lanes, out);
    }
}

/// One key of a group to a lane of another.
static void unpack_lane(int type, int64_t head, const char *source, int64_t from, float *out,
                        int64_t to) {
    for (int64_t d = 0; d < head; d++) {
        int64_t index = d * group + from;
        float value;
        if (type == CK_F16) {
            value = half_at(source, index);
        } else if (type == CK_Q8_0) {
            value = (float)((const int8_t *)source)[index] *
                    half_at(source + head * group, d / run * group + from);
        } else {
            value = ((const float *)source)[index];
        }
        out[d * group + to] = value;
    }
}

void ck_cache_load(int type, int64_t head, int64_t slot, int64_t count, int64_t first,
                   const void *keys, const void *values, float *key_block, float *value_block) {
    int64_t group_bytes = ck_cache_key_group_bytes(type, head);
    for (int64_t i = 0; i < count;) {
        const char *source = (const char *)keys + (slot + i) / group * group_bytes;
        float *out = key_block + (first + i) / group * group * head;
        int64_t from = (slot + i) % group, to = (first + i) % group;
        if (from == 0 && to == 0) {
            // Lanes beyond the run hold what later runs, or nobody, will want.
            unpack(type, head, group, source, out);
            i += group;
        } else {
            unpack_lane(type, head, source, from, out, to);
            i++;
        }
    }
    int64_t value_bytes = ck_cache_value_bytes(type, head);
    for (int64_t i = 0; i < count; i++) {
        float value[CK_HEAD_LIMIT];
        unpack(type, head, 1, (const char *)values + (slot + i) * value_bytes, value);
        for (int64_t d = 0; d < head; d += group) {
            int64_t here = head - d < group ? head - d : group;
            float *out = value_block + d * block + (first + i) * group;
            memcpy(out, value + d, (size_t)here * 4);
            memset(out + here, 0, (size_t)(group - here) * 4);
        }
    }
}
