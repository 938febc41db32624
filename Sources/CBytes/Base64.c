#include "CBytes.h"

// The AVX2 kernels work on 24 bytes and 32 characters at a time; everything else, the last block
// with its padding, and the search for a bad character, is the portable code's.

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The value of a character, or a number with its top bit set for one outside the alphabet.
static uint8_t values[256];

#if defined(__x86_64__)
#include <immintrin.h>

static int has_avx2;

static void detect(void) {
    __builtin_cpu_init();
    has_avx2 = __builtin_cpu_supports("avx2");
}

// Encodes whole groups of 24 bytes while 28 are readable; returns how many bytes it took.
__attribute__((target("avx2")))
static size_t encode_blocks(char *out, const uint8_t *in, size_t n) {
    // Each three bytes a b c become the 32-bit lane b a c b, from which two multiplications move
    // the four six-bit fields into the low bits of the four bytes.
    const __m256i spread = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10));
    // What to add to a value, by class: 1-10 digits, 11 '+', 12 '/', 13 upper case, 0 lower case.
    const __m256i offsets = _mm256_broadcastsi128_si256(_mm_setr_epi8(
        'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
        '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0));
    size_t i = 0;
    for (; n - i >= 28; i += 24, out += 32) {
        __m256i bytes = _mm256_inserti128_si256(
            _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(in + i))),
            _mm_loadu_si128((const __m128i *)(in + i + 12)), 1);
        bytes = _mm256_shuffle_epi8(bytes, spread);
        __m256i odd = _mm256_mulhi_epu16(
            _mm256_and_si256(bytes, _mm256_set1_epi32(0x0FC0FC00)), _mm256_set1_epi32(0x04000040));
        __m256i even = _mm256_mullo_epi16(
            _mm256_and_si256(bytes, _mm256_set1_epi32(0x003F03F0)), _mm256_set1_epi32(0x01000010));
        __m256i six = _mm256_or_si256(odd, even);
        __m256i class = _mm256_subs_epu8(six, _mm256_set1_epi8(51));
        __m256i upper = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), six);
        class = _mm256_or_si256(class, _mm256_and_si256(upper, _mm256_set1_epi8(13)));
        __m256i text = _mm256_add_epi8(six, _mm256_shuffle_epi8(offsets, class));
        _mm256_storeu_si256((__m256i *)out, text);
    }
    return i;
}

// Decodes whole groups of 32 characters while 48 are left, and stops before a group with a
// character outside the alphabet; returns how many characters it took. Of the 48, at least 34
// bytes are still to be written, so that a store of 32 stays within the output.
__attribute__((target("avx2")))
static size_t decode_blocks(uint8_t *out, const char *in, size_t n) {
    // A character is bad if the bits for its high and its low nibble meet: bit 0 for 2x, 1 for
    // 3x, 2 for 4x and 6x, 3 for 5x and 7x, 4 for the rest.
    const __m256i bad_by_low = _mm256_broadcastsi128_si256(_mm_setr_epi8(
        0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1A, 0x1B, 0x1B, 0x1B,
        0x1A));
    const __m256i bad_by_high = _mm256_broadcastsi128_si256(_mm_setr_epi8(
        0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10,
        0x10));
    // What to add to a character, by its high nibble; '/' alone moves down to place 1.
    const __m256i offsets = _mm256_broadcastsi128_si256(_mm_setr_epi8(
        0, 63 - '/', 62 - '+', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0));
    const __m256i pack = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
    const __m256i join = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7);
    const __m256i nibble = _mm256_set1_epi8(0x0F);
    size_t i = 0;
    for (; n - i >= 48; i += 32, out += 24) {
        __m256i text = _mm256_loadu_si256((const __m256i *)(in + i));
        __m256i high = _mm256_and_si256(_mm256_srli_epi32(text, 4), nibble);
        __m256i low = _mm256_and_si256(text, nibble);
        __m256i bad = _mm256_and_si256(
            _mm256_shuffle_epi8(bad_by_low, low), _mm256_shuffle_epi8(bad_by_high, high));
        if (!_mm256_testz_si256(bad, bad)) {
            break;
        }
        __m256i slash = _mm256_cmpeq_epi8(text, _mm256_set1_epi8('/'));
        __m256i six = _mm256_add_epi8(
            text, _mm256_shuffle_epi8(offsets, _mm256_add_epi8(high, slash)));
        __m256i twelve = _mm256_maddubs_epi16(six, _mm256_set1_epi32(0x01400140));
        __m256i bytes = _mm256_madd_epi16(twelve, _mm256_set1_epi32(0x00011000));
        bytes = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(bytes, pack), join);
        _mm256_storeu_si256((__m256i *)out, bytes);
    }
    return i;
}
#else
static const int has_avx2 = 0;
static void detect(void) {}
static size_t encode_blocks(char *out, const uint8_t *in, size_t n) { return 0; }
static size_t decode_blocks(uint8_t *out, const char *in, size_t n) { return 0; }
#endif

// Runs before main, so that the table and the choice are constant for every thread.
__attribute__((constructor))
static void prepare(void) {
    for (int i = 0; i < 256; i++) {
        values[i] = 0x80;
    }
    for (uint8_t i = 0; i < 64; i++) {
        values[(uint8_t)alphabet[i]] = i;
    }
    detect();
}

size_t weir_base64_encode_portable(char *out, const void *bytes, size_t n) {
    const uint8_t *in = bytes;
    char *start = out;
    for (; n >= 3; in += 3, n -= 3, out += 4) {
        uint32_t group = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
        out[0] = alphabet[group >> 18];
        out[1] = alphabet[group >> 12 & 63];
        out[2] = alphabet[group >> 6 & 63];
        out[3] = alphabet[group & 63];
    }
    if (n > 0) {
        uint32_t group = (uint32_t)in[0] << 16 | (n == 2 ? (uint32_t)in[1] << 8 : 0);
        out[0] = alphabet[group >> 18];
        out[1] = alphabet[group >> 12 & 63];
        out[2] = n == 2 ? alphabet[group >> 6 & 63] : '=';
        out[3] = '=';
        out += 4;
    }
    return (size_t)(out - start);
}

size_t weir_base64_encode(char *out, const void *bytes, size_t n) {
    const uint8_t *in = bytes;
    size_t taken = has_avx2 && n >= 28 ? encode_blocks(out, in, n) : 0;
    size_t written = taken / 3 * 4;
    return written + weir_base64_encode_portable(out + written, in + taken, n - taken);
}

static long bad_at(size_t offset) {
    return -(long)offset - 1;
}

// Decodes from offset `i` on; `out` is where the bytes of that offset go, `written` how many went
// before them.
static long decode_rest(uint8_t *out, const uint8_t *in, size_t i, size_t n, size_t written) {
    size_t padding = 0;
    if (n > i && in[n - 1] == '=') {
        padding = in[n - 2] == '=' ? 2 : 1;
    }
    size_t whole = n - (padding > 0 ? 4 : 0);
    for (; i < whole; i += 4, out += 3, written += 3) {
        uint8_t a = values[in[i]], b = values[in[i + 1]];
        uint8_t c = values[in[i + 2]], d = values[in[i + 3]];
        if ((a | b | c | d) & 0x80) {
            return bad_at(i + (a & 0x80 ? 0 : b & 0x80 ? 1 : c & 0x80 ? 2 : 3));
        }
        uint32_t group = (uint32_t)a << 18 | (uint32_t)b << 12 | (uint32_t)c << 6 | d;
        out[0] = (uint8_t)(group >> 16);
        out[1] = (uint8_t)(group >> 8);
        out[2] = (uint8_t)group;
    }
    if (padding > 0) {
        uint8_t a = values[in[i]], b = values[in[i + 1]];
        uint8_t c = padding == 1 ? values[in[i + 2]] : 0;
        if ((a | b | c) & 0x80) {
            return bad_at(i + (a & 0x80 ? 0 : b & 0x80 ? 1 : 2));
        }
        // The bits that no byte holds must be zero: else two texts would mean the same bytes.
        if (padding == 2 ? b & 15 : c & 3) {
            return bad_at(i + 3 - padding);
        }
        out[0] = (uint8_t)(a << 2 | b >> 4);
        if (padding == 1) {
            out[1] = (uint8_t)(b << 4 | c >> 2);
        }
        written += 3 - padding;
    }
    return (long)written;
}

long weir_base64_decode_portable(void *out, const char *in, size_t n) {
    return decode_rest(out, (const uint8_t *)in, 0, n, 0);
}

long weir_base64_decode(void *out, const char *in, size_t n) {
    size_t taken = has_avx2 && n >= 48 ? decode_blocks(out, in, n) : 0;
    size_t written = taken / 4 * 3;
    return decode_rest((uint8_t *)out + written, (const uint8_t *)in, taken, n, written);
}
