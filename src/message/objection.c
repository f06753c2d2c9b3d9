#include "objection.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "message/policy.h"

#define DIGITS		"0123456789"
#define NUMBER_MIN	8	/* digits; less is a short code */
#define NUMBER_MAX	15

instant
objection_time(const struct value *event)
{
	const char *s = value_get_string(event, "at");
	instant t, now = clock_now();

	if (s == NULL)
		s = value_get_string(event, "received_at");
	return s != NULL && clock_parse(s, &t) && t < now ? t : now;
}

/* Short codes have no plus, names of senders have letters. */
static bool
is_number(const char *from)
{
	size_t n = from[0] != '+' ? 0 : strspn(from + 1, DIGITS);

	return n >= NUMBER_MIN && n <= NUMBER_MAX && from[1 + n] == '\0';
}

/* "Clinica <citas@clinic.example>" and "citas@clinic.example" are one. */
static bool
is_address_of(const char *configured, const char *from)
{
	size_t len = strlen(from), n = configured == NULL ? 0 :
	    strlen(configured);

	if (n > 0 && configured[n - 1] == '>')
		n--;
	return n >= len && strncasecmp(configured + n - len, from, len) == 0 &&
	    (n == len || strchr("< :", configured[n - len - 1]) != NULL);
}

static bool
is_our_own(const struct config *c, const char *from)
{
	const char *name;

	for (size_t i = 0; (name = config_name(c, "channel", i)) != NULL; i++)
		if (is_address_of(config_string(c, "channel", name, "from"),
		    from))
			return true;
	return is_address_of(config_string(c, "mail", NULL, "from"), from) ||
	    is_address_of(config_string(c, "mail", NULL, "reply_to"), from) ||
	    is_address_of(config_string(c, "links", NULL, "mailto"), from);
}

/* Anybody can write any sender into a mail: strangers get none from us. */
static bool
is_strange_mail(const struct asker *q)
{
	return strcmp(q->type, "email") == 0 && q->contact == NULL &&
	    value_get_string(q->event, "reference") == NULL;
}

static bool
is_thumb(const struct value *event)
{
	const char *type = value_get_string(event, "message_type");

	return type != NULL && (strcmp(type, "reaction") == 0 ||
	    strcmp(type, "system") == 0);
}

const char *
objection_to_answer(struct ledger *l, const struct config *c,
    const struct asker *q, int64_t age, struct arena *mem)
{
	const struct policy_reader who = { .hash = q->hash, .type = q->type,
	    .contact = q->contact };
	char why[160];

	if (strcmp(q->type, "email") != 0 && strcmp(q->type, "sms") != 0 &&
	    strcmp(q->type, "whatsapp") != 0)
		return "not a channel to answer on";
	if (is_thumb(q->event))
		return "nothing was written";
	if (value_get_string(q->event, "opt_out_type") != NULL)
		return "the provider answers that word";
	if (strcmp(q->type, "email") != 0 && !is_number(q->from))
		return "not from a telephone";
	if (is_our_own(c, q->from))
		return "from an address of our own";
	if (is_strange_mail(q))
		return "a mail of nobody that is known";
	if (objection_time(q->event) < clock_now() - age)
		return "too old";
	if (policy_is_opted_out(l, c, &who, why, sizeof(why)))
		return arena_strdup(mem, why);
	return NULL;
}
