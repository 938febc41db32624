// What the Crypto target needs of libcrypto; macros that Swift cannot import are wrapped here.
#pragma once
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/md5.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

// OpenSSL 3 deprecates the calls that work on a digest's own state, because they pass providers by.
// They are what we want: one MD5 of a partition key costs a quarter of what it does through EVP,
// and a SHA-256 state is a plain value that can be copied and needs no allocation.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"

static inline void weir_md5(const void *p, size_t n, unsigned char digest[MD5_DIGEST_LENGTH]) {
    MD5((const unsigned char *)p, n, digest);
}

static inline void weir_sha256_init(SHA256_CTX *state) {
    SHA256_Init(state);
}

static inline void weir_sha256_update(SHA256_CTX *state, const void *p, size_t n) {
    SHA256_Update(state, p, n);
}

static inline void weir_sha256_final(SHA256_CTX *state, unsigned char digest[SHA256_DIGEST_LENGTH]) {
    SHA256_Final(digest, state);
}

#pragma clang diagnostic pop
