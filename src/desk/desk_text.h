#ifndef OMNI_DESK_TEXT_H
#define OMNI_DESK_TEXT_H

#include <stdbool.h>

/*
 * All that the page says by itself, in Spanish and in English: DESK_TEXTS(X),
 * made of share/desk/texts.tsv.
 */
#include "desk_texts.h"

#define DESK_ENUM(name, es, en) T_##name,
enum desk_text { DESK_TEXTS(DESK_ENUM) T_COUNT };
#undef DESK_ENUM

const char *desk_text_in(enum desk_text t, bool english);

#endif
