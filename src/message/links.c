#include "links.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/zone.h"
#include "message/email.h"

/* Simple enough to stand in a mailto: URL as it is. */
static int
read_mailto(struct links *l, const char *addr, struct error *e)
{
	struct arena mem = ARENA_INIT(4096);
	const char *to, *why = "";
	bool ok;

	if (addr == NULL)
		return 0;
	ok = strlen(addr) <= LINKS_MAILTO_MAX &&
	    addr[strspn(addr, LINK_PLAIN "_+@")] == '\0' &&
	    email_read(addr, &mem, &to, &why);
	arena_release(&mem);
	if (!ok)
		return error_set(e, EX_CONFIG, "[links] mailto: not a mail "
		    "address of letters, digits and . _ + -");
	l->mailto = addr;
	return 0;
}

int
links_init(struct links *l, struct config *c, struct error *e)
{
	if (links_open(l, c, e) == -1)
		return -1;
	if (l->key.len > 0 && read_mailto(l, config_string(c, "links", NULL,
	    "mailto"), e) == -1) {
		links_release(l);
		return -1;
	}
	return 0;
}

static bool
time_of(const struct value *v, instant *t)
{
	return value_string(v) != NULL && clock_parse(value_string(v), t);
}

/* The midnight at which the day "2026-11-24" ends. */
static bool
end_of_day(const char *date, struct civil *c)
{
	char text[32];

	if (strlen(date) != strlen("2026-11-24"))
		return false;
	snprintf(text, sizeof(text), "%sT00:00", date);
	if (!civil_parse(text, c))
		return false;
	civil_from_utc(civil_to_utc(c) + 86400, c);
	return true;
}

/* When the event is, in the zone in which its reader is told of it. */
static bool
event_of(const struct links *l, const struct record *r, instant *t)
{
	const struct value *vars = record_get(r, "vars");
	const char *at = value_get_string(vars, "at");
	const char *zone = value_get_string(vars, "timezone");
	struct civil c;

	if (at == NULL)
		return false;
	if (zone == NULL)
		zone = record_string(r, "timezone");
	if (zone == NULL)
		zone = l->timezone;
	return clock_parse(at, t) || ((civil_parse(at, &c) ||
	    end_of_day(at, &c)) && zone_from_local(zone, &c, t));
}

instant
link_expires(const struct links *l, enum link_purpose p,
    const struct record *r)
{
	instant start = clock_now(), t;
	int64_t ttl = l->ttl;

	if (p == LINK_CONFIRM && event_of(l, r, &t) && t > start)
		return t;
	if (time_of(record_get(r, "expires_at"), &t) && t > start)
		start = t;
	if (p == LINK_UNSUBSCRIBE && ttl < LINK_UNSUBSCRIBE_MIN)
		ttl = LINK_UNSUBSCRIBE_MIN;
	return start + ttl;
}

struct value *
links_vars(const struct links *l, const struct record *r)
{
	struct value *inner, *outer;
	char url[LINK_URL_SIZE];

	inner = value_new_object();
	for (enum link_purpose p = 0; p < LINK_PURPOSES; p++) {
		if (link_url(l, p, record_string(r, "id"),
		    link_expires(l, p, r), url) == NULL) {
			value_free(inner);
			return NULL;
		}
		value_set_string(inner, link_name(p), url);
	}
	outer = value_new_object();
	value_set_take(outer, "links", inner);
	return outer;
}

/* Whether `text`, of which `len` bytes were read, ends with a path of ours. */
static bool
ends_with_path(const char *text, size_t len)
{
	for (enum link_purpose p = 0; p < LINK_PURPOSES; p++) {
		size_t n = strlen(link_name(p));

		if (len > n && text[len - n - 1] == '/' &&
		    strncmp(text + len - n, link_name(p), n) == 0)
			return true;
	}
	return false;
}

void
links_mask(const char *text, struct buf *out)
{
	const char *query;
	size_t len;

	while ((query = strstr(text, "?t=1")) != NULL) {
		len = (size_t)(query - text);
		buf_add(out, text, len + 3);
		if (ends_with_path(text, len))
			query += strspn(query + 3, LINK_BYTES);
		text = query + 3;
	}
	buf_str(out, text);
}
