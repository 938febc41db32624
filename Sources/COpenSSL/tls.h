// What the TLS target needs of libssl; macros that Swift cannot import are wrapped here.
#pragma once
#include <openssl/ssl.h>
#include <openssl/err.h>
