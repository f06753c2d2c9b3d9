#include "desk_text.h"

#define BOTH(name, es, en) { es, en },

const char *
desk_text_in(enum desk_text t, bool english)
{
	static const char *const texts[T_COUNT][2] = { DESK_TEXTS(BOTH) };

	return texts[t][english ? 1 : 0];
}
