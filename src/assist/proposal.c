/* What the model called, by the two tools that it was offered. */
#include <string.h>
#include <sysexits.h>

#include "assist_impl.h"
#include "base/text.h"
#include "message/reply_read.h"

static const struct wish {
	const char *name, *words;
} wishes[] = {
	{ "confirm", "would confirm, as the assistant understood it" },
	{ "cancel", "would cancel, as the assistant understood it" },
	{ "reschedule", "would come at another time, as the assistant "
	    "understood it" },
	{ "book", "would like an appointment, as the assistant understood "
	    "it" },
	{ "emergency", "an emergency, as the assistant understood it" },
	{ "medical", "asks for medical advice, as the assistant understood "
	    "it" },
	{ "complaint", "complains, as the assistant understood it" },
	{ "other", "the assistant leaves it to staff" }
};
#define WISHES	(sizeof(wishes) / sizeof(wishes[0]))

static const char *
words_of(const char *wish)
{
	for (size_t i = 0; wish != NULL && i < WISHES; i++)
		if (strcmp(wishes[i].name, wish) == 0)
			return wishes[i].words;
	return NULL;
}

/* False: it is there and no string. */
static bool
take_text(const struct value *input, struct arena *mem, const char **out)
{
	const struct value *v = value_get(input, "text");
	const char *s = value_string(v);

	*out = s == NULL || text_is_blank(s, strlen(s)) ? NULL :
	    arena_strdup(mem, s);
	return v == NULL || s != NULL;
}

int
proposal_read(const struct llm_answer *a, struct arena *mem,
    struct proposal *out, struct error *e)
{
	*out = (struct proposal){ .kind = PROPOSAL_REPLY };
	if (!take_text(a->input, mem, &out->text))
		return error_set(e, EX_DATAERR, "its text is none");
	if (strcmp(a->tool, "reply") == 0)
		return out->text != NULL ? 0 : error_set(e, EX_DATAERR,
		    "an empty answer");
	if (strcmp(a->tool, "to_staff") != 0)
		return error_set(e, EX_DATAERR, "it called a tool that it "
		    "was not offered");
	out->kind = PROPOSAL_STAFF;
	out->wish = words_of(value_get_string(a->input, "wish"));
	return out->wish != NULL ? 0 : error_set(e, EX_DATAERR, "a wish that "
	    "it was not offered");
}

/* "He cancelado su cita", "your appointment is confirmed". */
bool
proposal_promises(const char *text)
{
	static const char *const stems[] = { "cancel", "confirm", "reagend",
	    "reprogram", "agend", "reserv", "anot", "cambi", "movi", "mover",
	    "posp", "elimin", "borr", "anul", "apart", "aplaz", "adelant",
	    "recorr", "listo", "hecho", "delet", "remov", "done", "arrang",
	    "switch", "resched", "book", "moved", "changed", "schedul",
	    "postpon", "noted" };
	static struct reply_text t;
	size_t len = strlen(text);

	if (!reply_read(text, len, &t))
		return true;
	for (size_t i = 0; i < t.count; i++)
		for (size_t k = 0; k < sizeof(stems) / sizeof(stems[0]); k++)
			if (strncmp(t.words[i].text, stems[k],
			    strlen(stems[k])) == 0)
				return true;
	return false;
}
