// Instructions of the processor that Swift has no name for: checksums, and looking at sixteen bytes at a time.
#ifndef LODGE_BYTE_SHIMS_H
#define LODGE_BYTE_SHIMS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

// Whether this processor has instructions for CRC-32C.
int lodge_has_crc32c(void);

// CRC-32C of `count` bytes, going on from `crc`, neither complemented before nor after. Only where lodge_has_crc32c().
uint32_t lodge_crc32c(uint32_t crc, const void *bytes, size_t count);

// Bit i is set when byte i of the sixteen at `bytes` ends a run of plain characters in a JSON string: a quote, a
// backslash, or a control character.
static inline uint32_t lodge_json_stops(const uint8_t *bytes) {
#if defined(__SSE2__)
    __m128i text = _mm_loadu_si128((const __m128i *)bytes);
    __m128i quote = _mm_cmpeq_epi8(text, _mm_set1_epi8('"'));
    __m128i slash = _mm_cmpeq_epi8(text, _mm_set1_epi8('\\'));
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(text, _mm_set1_epi8(0x1F)), text);
    return (uint32_t)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, slash), control));
#elif defined(__ARM_NEON)
    static const uint8_t places[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t text = vld1q_u8(bytes);
    uint8x16_t quote = vceqq_u8(text, vdupq_n_u8('"'));
    uint8x16_t slash = vceqq_u8(text, vdupq_n_u8('\\'));
    uint8x16_t control = vcleq_u8(text, vdupq_n_u8(0x1F));
    uint8x16_t hits = vandq_u8(vorrq_u8(vorrq_u8(quote, slash), control), vld1q_u8(places));
    return (uint32_t)vaddv_u8(vget_low_u8(hits)) | (uint32_t)vaddv_u8(vget_high_u8(hits)) << 8;
#else
    uint32_t stops = 0;
    for (int index = 0; index < 16; index++) {
        uint8_t byte = bytes[index];
        if (byte == '"' || byte == '\\' || byte < 0x20) stops |= 1u << index;
    }
    return stops;
#endif
}

#endif
