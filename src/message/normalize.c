#include "normalize.h"

#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "base/zone.h"
#include "message/address.h"

#define LETTERS	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* "ES_mx" is "es-MX"; false when it is no language tag of this shape. */
static bool
language_tag(const char *raw, char out[16])
{
	size_t n = strspn(raw, LETTERS), i;
	const char *region;

	if (n != 2 && n != 3)
		return false;
	for (i = 0; i < n; i++)
		out[i] = (char)tolower((unsigned char)raw[i]);
	out[i] = '\0';
	if (raw[n] == '\0')
		return true;
	/* Of two letters, or of three digits: es-419 is Latin America's. */
	region = raw + n + 1;
	if ((raw[n] != '-' && raw[n] != '_') ||
	    !((strspn(region, LETTERS) == 2 && region[2] == '\0') ||
	    (strspn(region, "0123456789") == 3 && region[3] == '\0')))
		return false;
	for (out[i++] = '-'; *region != '\0'; region++)
		out[i++] = (char)toupper((unsigned char)*region);
	out[i] = '\0';
	return true;
}

/*
 * Sets a field that came in with the record, and keeps what it was: the last
 * thing that was not ours.
 */
static void
replace(struct record *r, const char *field, const char *raw, const char *to)
{
	const struct value *before = record_get(r, "original");
	struct value *v;

	if (strcmp(raw, to) == 0)
		return;
	v = value_type(before) == VALUE_OBJECT ? value_copy(before) :
	    value_new_object();
	value_set_string(v, field, raw);
	record_set_take(r, "original", v);
	record_set_string(r, field, to);
}

static bool
set_language(struct filter *f, struct record *r, const struct value *contact,
    bool known)
{
	const struct normalizer *n = f->ctx;
	const char *given = record_string(r, "language"), *raw = given;
	char tag[16];

	if (raw == NULL)
		raw = value_get_string(contact, "language");
	if (raw == NULL && known)
		return true;	/* the ledger may know better */
	if (raw == NULL)
		raw = n->language;
	if (!language_tag(raw, tag)) {
		filter_refuse(f, r, "bad_language", "contact.language",
		    "contact.language: %.60s is no language", raw);
		return false;
	}
	if (given != NULL)
		replace(r, "language", given, tag);
	else
		record_set_string(r, "language", tag);
	return true;
}

static bool
set_timezone(struct filter *f, struct record *r, const struct value *contact,
    bool known)
{
	const struct normalizer *n = f->ctx;
	const char *raw = record_string(r, "timezone");
	const char *field = "timezone";

	if (raw == NULL) {
		raw = value_get_string(contact, "timezone");
		field = "contact.timezone";
	}
	if (raw == NULL && known)
		return true;
	if (raw == NULL)
		raw = n->timezone;
	if (!zone_is_valid(raw)) {
		filter_refuse(f, r, "bad_timezone", field,
		    "%s: there is no time zone %.60s", field, raw);
		return false;
	}
	record_set_string(r, "timezone", raw);
	return true;
}

/* RFC 3339 with any offset becomes UTC. */
static bool
set_time(struct filter *f, struct record *r, const char *field)
{
	const struct value *v = record_get(r, field);
	char text[CLOCK_TEXT];
	instant t;

	if (v == NULL)
		return true;
	if (value_string(v) == NULL || !clock_parse(value_string(v), &t)) {
		filter_refuse(f, r, "bad_time", field,
		    "%s: not a time like 2026-11-24T10:30:00-06:00", field);
		return false;
	}
	replace(r, field, value_string(v), clock_format(t, text));
	return true;
}

static bool
set_address(struct filter *f, struct record *r, const struct value *contact)
{
	struct normalizer *n = f->ctx;
	const char *field, *why;
	struct value *address;
	struct error e;

	switch (address_of_contact(n->phones, n->config, contact, &f->mem,
	    &address, &field, &why, &e)) {
	case ADDRESS_OK:
		if (address != NULL)
			record_set_take(r, "address", address);
		return true;
	case ADDRESS_REFUSED:
		filter_refuse(f, r, "bad_address", field, "contact: %s", why);
		return false;
	case ADDRESS_UNKNOWN:
	default:
		filter_refuse_temporarily(f, r, "phonenumber", "%s", e.text);
		return false;
	}
}

void
normalize_record(struct filter *f, struct record *r)
{
	const struct value *contact = record_get(r, "contact");
	bool known;

	if (value_type(contact) != VALUE_OBJECT) {
		filter_refuse(f, r, "bad_contact", "contact",
		    "contact is %s, not an object",
		    value_type_name(value_type(contact)));
		return;
	}
	if (!set_address(f, r, contact))
		return;
	known = record_get(r, "address") == NULL;
	if (set_language(f, r, contact, known) &&
	    set_timezone(f, r, contact, known) &&
	    set_time(f, r, "not_before"))
		set_time(f, r, "expires_at");
}

void
normalize_prepare(struct filter *f, const struct record *r)
{
	const struct normalizer *n = f->ctx;

	address_expect(n->phones, record_get(r, "contact"));
}

void
normalize_init(struct normalizer *n, struct config *c)
{
	n->phones = phonebook_new(config_path(c, "paths", NULL,
	    "phonenumber"), config_string(c, "site", NULL, "region"));
	n->config = c;
	n->language = config_string(c, "site", NULL, "language");
	n->timezone = config_string(c, "site", NULL, "timezone");
}

void
normalize_launch(struct normalizer *n)
{
	phonebook_launch(n->phones);
}

void
normalize_release(struct normalizer *n)
{
	phonebook_free(n->phones);
}
