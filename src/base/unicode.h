#ifndef OMNI_UNICODE_H
#define OMNI_UNICODE_H

/*
 * For each source that calls ICU: its programs are linked with what gives ICU
 * its memory (memory.h) before main() begins.  omni-ingest, which starts for
 * each webhook, is one that does without ICU.
 */
extern const int unicode_has_memory;
static const int *const unicode_link __attribute__((used)) =
    &unicode_has_memory;

#endif
