#pragma once
#include <nghttp2/nghttp2.h>
#include <string.h>

/// memcmp, which Swift sees only through the Glibc module.
static inline int weir_equal_bytes(const void *a, const void *b, size_t n) {
    return memcmp(a, b, n) == 0;
}
