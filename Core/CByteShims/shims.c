#include "CByteShims.h"

#include <string.h>

#if defined(__x86_64__)

int lodge_has_crc32c(void) { return __builtin_cpu_supports("sse4.2") != 0; }

__attribute__((target("sse4.2"))) uint32_t lodge_crc32c(uint32_t crc, const void *bytes, size_t count) {
    const uint8_t *next = bytes;
    uint64_t sum = crc;
    for (; count >= 8; count -= 8, next += 8) {
        uint64_t word;
        memcpy(&word, next, 8);
        sum = __builtin_ia32_crc32di(sum, word);
    }
    crc = (uint32_t)sum;
    for (; count > 0; count--, next++) crc = __builtin_ia32_crc32qi(crc, *next);
    return crc;
}

#elif defined(__aarch64__) && defined(__linux__)

#include <arm_acle.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>

int lodge_has_crc32c(void) { return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0; }

__attribute__((target("crc"))) uint32_t lodge_crc32c(uint32_t crc, const void *bytes, size_t count) {
    const uint8_t *next = bytes;
    for (; count >= 8; count -= 8, next += 8) {
        uint64_t word;
        memcpy(&word, next, 8);
        crc = __crc32cd(crc, word);
    }
    for (; count > 0; count--, next++) crc = __crc32cb(crc, *next);
    return crc;
}

#else

int lodge_has_crc32c(void) { return 0; }

uint32_t lodge_crc32c(uint32_t crc, const void *bytes, size_t count) {
    (void)bytes;
    (void)count;
    return crc;
}

#endif
