#ifndef OMNI_SIMULATOR_LLM_H
#define OMNI_SIMULATOR_LLM_H

#include "base/error.h"
#include "base/record.h"

struct simulator;

/*
 * What the language model is to answer, in turn; the last one is repeated.
 * An array of objects, or null: what the tools offered ask for.
 */
int llm_set(struct simulator *s, const struct value *answers,
    struct error *e);
/* The same from a file of one object a line. */
int llm_load(struct simulator *s, const char *file, struct error *e);

#endif
