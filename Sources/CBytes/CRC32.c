#include "CBytes.h"

#include <string.h>

// Both checksums are one algorithm with two polynomials. Three ways to compute it:
//   - tables: eight bytes a step (slicing by eight), on any machine;
//   - carry-less multiplication (x86 PCLMULQDQ): 64 bytes a step in four lanes, each lane moved
//     64 bytes ahead by multiplying it with x^512 modulo the polynomial, as in Gopal et al., "Fast
//     CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction" (Intel, 2009). What is
//     left is a 16-byte block with the same remainder as the message, and goes through the tables
//     or the crc32 instruction, so that no Barrett reduction is needed;
//   - the crc32 instructions of SSE 4.2 (Castagnoli only) and of ARMv8, eight bytes a step.

#define POLYNOMIAL_IEEE 0xEDB88320u
#define POLYNOMIAL_CASTAGNOLI 0x82F63B78u

typedef uint32_t slicing_table[8][256];

static slicing_table table_ieee;
static slicing_table table_castagnoli;

static void fill(slicing_table table, uint32_t polynomial) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (polynomial & (0u - (crc & 1)));
        }
        table[0][byte] = crc;
    }
    for (uint32_t byte = 0; byte < 256; byte++) {
        for (int slice = 1; slice < 8; slice++) {
            uint32_t previous = table[slice - 1][byte];
            table[slice][byte] = (previous >> 8) ^ table[0][previous & 0xFF];
        }
    }
}

// Advances a state (the complement of a CRC) over n bytes.
static uint32_t advance_by_table(
    slicing_table table, uint32_t state, const uint8_t *p, size_t n
) {
    for (; n >= 8; p += 8, n -= 8) {
        uint32_t low = state ^ ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16
                                | (uint32_t)p[3] << 24);
        state = table[7][low & 0xFF] ^ table[6][low >> 8 & 0xFF] ^ table[5][low >> 16 & 0xFF]
            ^ table[4][low >> 24] ^ table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]]
            ^ table[0][p[7]];
    }
    for (; n > 0; p++, n--) {
        state = (state >> 8) ^ table[0][(state ^ *p) & 0xFF];
    }
    return state;
}

#if defined(__x86_64__)
#include <immintrin.h>

static int has_carryless;
static int has_crc32;

static void detect(void) {
    __builtin_cpu_init();
    has_carryless = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
    has_crc32 = __builtin_cpu_supports("sse4.2");
}

// x^(d+32) and x^(d-32) modulo the polynomial, bit-reflected and shifted by one, for the distances
// d = 512, 384, 256 and 128 bits.
typedef uint64_t folding_constants[4][2];

static const folding_constants folding_ieee = {
    {0x154442bd4, 0x1c6e41596},
    {0x03db1ecdc, 0x174359406},
    {0x0f1da05aa, 0x15a546366},
    {0x1751997d0, 0x0ccaa009e},
};
static const folding_constants folding_castagnoli = {
    {0x0740eef02, 0x09e4addf8},
    {0x01c291d04, 0x1d82c63da},
    {0x1384aa63a, 0x0ba4fc28e},
    {0x0f20c0dfe, 0x14cd00bd6},
};

__attribute__((target("pclmul,sse4.1"), always_inline))
static inline __m128i move_ahead(__m128i lane, __m128i distance, __m128i onto) {
    __m128i low = _mm_clmulepi64_si128(lane, distance, 0x00);
    __m128i high = _mm_clmulepi64_si128(lane, distance, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), onto);
}

// Folds the whole 16-byte blocks of at least 64 bytes into `block`; returns how many bytes that
// was. The checksum of `block` with a state of zero is the state after those bytes.
__attribute__((target("pclmul,sse4.1")))
static size_t fold(
    const folding_constants constants, uint32_t state, const uint8_t *p, size_t n,
    uint8_t block[16]
) {
    const __m128i *in = (const __m128i *)p;
    const __m128i *end = in + n / 16;
    __m128i distance[4];
    for (int i = 0; i < 4; i++) {
        distance[i] = _mm_loadu_si128((const __m128i *)constants[i]);
    }
    __m128i a = _mm_xor_si128(_mm_loadu_si128(in), _mm_cvtsi32_si128((int)state));
    __m128i b = _mm_loadu_si128(in + 1);
    __m128i c = _mm_loadu_si128(in + 2);
    __m128i d = _mm_loadu_si128(in + 3);
    for (in += 4; end - in >= 4; in += 4) {
        a = move_ahead(a, distance[0], _mm_loadu_si128(in));
        b = move_ahead(b, distance[0], _mm_loadu_si128(in + 1));
        c = move_ahead(c, distance[0], _mm_loadu_si128(in + 2));
        d = move_ahead(d, distance[0], _mm_loadu_si128(in + 3));
    }
    d = move_ahead(a, distance[1], d);
    d = move_ahead(b, distance[2], d);
    d = move_ahead(c, distance[3], d);
    for (; in != end; in++) {
        d = move_ahead(d, distance[3], _mm_loadu_si128(in));
    }
    _mm_storeu_si128((__m128i *)block, d);
    return n / 16 * 16;
}

__attribute__((target("sse4.2")))
static uint32_t advance_castagnoli(uint32_t state, const uint8_t *p, size_t n) {
    uint64_t wide = state;
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        wide = _mm_crc32_u64(wide, word);
    }
    state = (uint32_t)wide;
    for (; n > 0; p++, n--) {
        state = _mm_crc32_u8(state, *p);
    }
    return state;
}

static uint32_t advance_ieee_by_cpu(uint32_t state, const uint8_t *p, size_t n) {
    if (has_carryless && n >= 64) {
        uint8_t block[16];
        size_t folded = fold(folding_ieee, state, p, n, block);
        state = advance_by_table(table_ieee, 0, block, 16);
        p += folded;
        n -= folded;
    }
    return advance_by_table(table_ieee, state, p, n);
}

static uint32_t advance_castagnoli_by_cpu(uint32_t state, const uint8_t *p, size_t n) {
    if (!has_crc32) {
        return advance_by_table(table_castagnoli, state, p, n);
    }
    if (has_carryless && n >= 128) {
        uint8_t block[16];
        size_t folded = fold(folding_castagnoli, state, p, n, block);
        state = advance_castagnoli(0, block, 16);
        p += folded;
        n -= folded;
    }
    return advance_castagnoli(state, p, n);
}

#elif defined(__aarch64__) && defined(__linux__)
#include <arm_acle.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>

static int has_crc32;

static void detect(void) {
    has_crc32 = (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0;
}

#define ADVANCE_BY_INSTRUCTION(name, word, byte)                                                  \
    __attribute__((target("crc")))                                                                \
    static uint32_t name(uint32_t state, const uint8_t *p, size_t n) {                            \
        for (; n >= 8; p += 8, n -= 8) {                                                          \
            uint64_t value;                                                                       \
            memcpy(&value, p, 8);                                                                 \
            state = word(state, value);                                                           \
        }                                                                                         \
        for (; n > 0; p++, n--) {                                                                 \
            state = byte(state, *p);                                                              \
        }                                                                                         \
        return state;                                                                             \
    }

ADVANCE_BY_INSTRUCTION(advance_ieee, __crc32d, __crc32b)
ADVANCE_BY_INSTRUCTION(advance_castagnoli, __crc32cd, __crc32cb)

static uint32_t advance_ieee_by_cpu(uint32_t state, const uint8_t *p, size_t n) {
    return has_crc32 ? advance_ieee(state, p, n) : advance_by_table(table_ieee, state, p, n);
}

static uint32_t advance_castagnoli_by_cpu(uint32_t state, const uint8_t *p, size_t n) {
    return has_crc32 ? advance_castagnoli(state, p, n)
                     : advance_by_table(table_castagnoli, state, p, n);
}

#else

static void detect(void) {}

static uint32_t advance_ieee_by_cpu(uint32_t state, const uint8_t *p, size_t n) {
    return advance_by_table(table_ieee, state, p, n);
}

static uint32_t advance_castagnoli_by_cpu(uint32_t state, const uint8_t *p, size_t n) {
    return advance_by_table(table_castagnoli, state, p, n);
}

#endif

// Runs before main, so that the tables and the choice are constant for every thread.
__attribute__((constructor))
static void prepare(void) {
    fill(table_ieee, POLYNOMIAL_IEEE);
    fill(table_castagnoli, POLYNOMIAL_CASTAGNOLI);
    detect();
}

uint32_t weir_crc32(uint32_t crc, const void *p, size_t n) {
    return ~advance_ieee_by_cpu(~crc, p, n);
}

uint32_t weir_crc32_portable(uint32_t crc, const void *p, size_t n) {
    return ~advance_by_table(table_ieee, ~crc, p, n);
}

uint32_t weir_crc32c(uint32_t crc, const void *p, size_t n) {
    return ~advance_castagnoli_by_cpu(~crc, p, n);
}

uint32_t weir_crc32c_portable(uint32_t crc, const void *p, size_t n) {
    return ~advance_by_table(table_castagnoli, ~crc, p, n);
}
