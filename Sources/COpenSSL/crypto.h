// What the Crypto target needs of libcrypto; macros that Swift cannot import are wrapped here.
#pragma once
#include <openssl/evp.h>
