#include "wording.h"

static const struct wording wordings[] = {
	{ "es-AR", "si,no,talvez", "…" },
	{ "es-MX", "sí,no,tal vez", "..." },
	{ "es", "sí,no,quizás", "..." },
	{ "", "yes,no,maybe", "…" }
};

const struct wording *
wording_of(const struct call *c)
{
	const struct wording *w = wordings;

	while (*w->language != '\0' && !filter_language_is(c, w->language))
		w++;
	return w;
}
