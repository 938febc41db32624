#include "CBytes.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

static int is_plain(uint8_t byte) {
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

size_t weir_plain_run_portable(const void *p, size_t n) {
    const uint8_t *bytes = p;
    size_t i = 0;
    while (i < n && is_plain(bytes[i])) i++;
    return i;
}

#if defined(__x86_64__)

// SSE2 is part of every x86-64, so there is nothing to choose at the start. Seen as signed bytes,
// everything that is not ASCII is below 0x20 as well.
size_t weir_plain_run(const void *p, size_t n) {
    const uint8_t *bytes = p;
    const __m128i space = _mm_set1_epi8(0x20);
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(bytes + i));
        __m128i found = _mm_or_si128(
            _mm_cmplt_epi8(block, space),
            _mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash)));
        int mask = _mm_movemask_epi8(found);
        if (mask) return i + (size_t)__builtin_ctz((unsigned)mask);
    }
    return i + weir_plain_run_portable(bytes + i, n - i);
}

#else

size_t weir_plain_run(const void *p, size_t n) { return weir_plain_run_portable(p, n); }

#endif
