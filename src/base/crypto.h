#ifndef OMNI_CRYPTO_H
#define OMNI_CRYPTO_H

/*
 * For each source that calls OpenSSL, or libcurl, which calls it and does not
 * look whether it found memory: its programs are linked with what gives
 * OpenSSL its memory (memory.h) before main() begins.
 */
extern const int crypto_has_memory;
static const int *const crypto_link __attribute__((used)) =
    &crypto_has_memory;

#endif
