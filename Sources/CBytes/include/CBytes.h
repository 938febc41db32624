// Byte kernels whose speed decides what a record costs: CRC-32, CRC-32C and base64.
//
// Each picks the processor's instructions once, before main, and falls back to portable C. The
// functions named _portable are those fallbacks: they give the same results on every machine and
// exist so that tests can hold the two against each other.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// CRC-32 (IEEE 802.3, reflected polynomial 0xEDB88320) of n bytes at p. Start with crc = 0; the
// result continues a longer message when it is passed back in, as in zlib. p may be null if n is 0.
uint32_t weir_crc32(uint32_t crc, const void *p, size_t n);
uint32_t weir_crc32_portable(uint32_t crc, const void *p, size_t n);

// CRC-32C (Castagnoli, RFC 3720 appendix B.4, reflected polynomial 0x82F63B78), called like
// weir_crc32.
uint32_t weir_crc32c(uint32_t crc, const void *p, size_t n);
uint32_t weir_crc32c_portable(uint32_t crc, const void *p, size_t n);

// Writes the padded base64 text (RFC 4648 section 4) of n bytes to out, which has room for
// 4 * ((n + 2) / 3) characters, and returns how many it wrote. Writes nothing beyond them.
size_t weir_base64_encode(char *out, const void *in, size_t n);
size_t weir_base64_encode_portable(char *out, const void *in, size_t n);

// Decodes n characters of padded base64 into out, which has room for n / 4 * 3 bytes, and returns
// how many bytes it wrote; n must be a multiple of 4. Only canonical text is accepted: at most two
// '=' and only at the end, and no bits set that the padding discards. Otherwise the result is
// -(offset + 1), where offset is that of the first character that cannot stand where it does; out
// then holds bytes of no meaning. out may be equal to in. Nothing beyond n / 4 * 3 bytes is written.
long weir_base64_decode(void *out, const char *in, size_t n);
long weir_base64_decode_portable(void *out, const char *in, size_t n);

// How many of the bytes, from the first on, stand in a JSON string as they are: ASCII that is no
// control character, quotation mark or backslash.
size_t weir_plain_run(const void *p, size_t n);
size_t weir_plain_run_portable(const void *p, size_t n);

#ifdef __cplusplus
}
#endif
