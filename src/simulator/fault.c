#include "fault.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const char *const scope_names[SCOPE_MAX] = {
	"all", "twilio", "whatsapp", "ses", "ntfy", "push", "smtp", "llm",
	"read"
};

static const char *const fault_names[FAULT_MAX] = {
	[FAULT_NONE] = "none",
	[FAULT_DOWN] = "down",
	[FAULT_DROP_BEFORE] = "drop_before",
	[FAULT_ERROR_500] = "error_500",
	[FAULT_ERROR_429] = "error_429",
	[FAULT_REDIRECT] = "redirect",
	[FAULT_UNAUTHORIZED] = "unauthorized",
	[FAULT_DROP_AFTER] = "drop_after",
	[FAULT_TIMEOUT_AFTER] = "timeout_after",
	[FAULT_ERROR_500_AFTER] = "error_500_after",
	[FAULT_MALFORMED] = "malformed",
	[FAULT_HALF] = "half",
	[FAULT_HUGE] = "huge"
};

const char *
scope_name(enum scope s)
{
	return scope_names[s];
}

const char *
fault_name(enum fault f)
{
	return fault_names[f];
}

bool
fault_is_before(enum fault f)
{
	return f != FAULT_NONE && f < FAULT_DROP_AFTER;
}

void
faults_none(struct faults *f)
{
	for (int s = 0; s < SCOPE_MAX; s++)
		for (int i = 0; i < FAULT_MAX; i++)
			f->share[s][i] = s == SCOPE_ALL || s == SCOPE_READ ?
			    0 : -1;
	f->delay_share = 0;
	f->delay_ms = 0;
}

void
faults_init(struct faults *f, uint64_t seed)
{
	*f = (struct faults){ .seed = seed };
	faults_none(f);
}

void
faults_release(struct faults *f)
{
	table_clear(&f->tries, NULL);
}

/* "0.05", "5%", "1": 0 to 1; -1 when it is no share. */
static double
parse_share(const char *s)
{
	char *end;
	double n;

	n = strtod(s, &end);
	if (end == s)
		return -1;
	if (*end == '%') {
		n /= 100;
		end++;
	}
	return *end == '\0' && n >= 0 && n <= 1 ? n : -1;
}

static int
set_delay(struct faults *f, const char *value, struct error *e)
{
	double share = 1;
	char *end;
	long ms;

	ms = strtol(value, &end, 10);
	if (*end == '@')
		share = parse_share(end + 1);
	else if (end == value || *end != '\0')
		share = -1;
	if (share < 0 || ms < 0 || ms > 3600000)
		return error_set(e, EX_USAGE, "delay=%s: not milliseconds, as "
		    "in 200 or 200@5%%", value);
	f->delay_ms = ms;
	f->delay_share = share;
	return 0;
}

static int
find_name(const char *const names[], int max, const char *name, size_t len)
{
	for (int i = 0; i < max; i++)
		if (strlen(names[i]) == len &&
		    strncmp(names[i], name, len) == 0)
			return i;
	return -1;
}

int
faults_set(struct faults *f, const char *name, const char *value,
    struct error *e)
{
	const char *colon = strchr(name, ':');
	const char *kind = colon == NULL ? name : colon + 1;
	double share;
	int i, s = SCOPE_ALL;

	if (strcmp(name, "delay") == 0)
		return set_delay(f, value, e);
	if (colon != NULL)
		s = find_name(scope_names, SCOPE_MAX, name,
		    (size_t)(colon - name));
	i = find_name(fault_names, FAULT_MAX, kind, strlen(kind));
	if (s == -1 || i <= FAULT_NONE)
		return error_set(e, EX_USAGE, "%s: no such fault", name);
	share = parse_share(value);
	if (share < 0)
		return error_set(e, EX_USAGE, "%s=%s: not a share, as in "
		    "0.05 or 5%%", name, value);
	f->share[s][i] = share;
	return 0;
}

static double
share_of(const struct faults *f, enum scope s, int kind)
{
	double share = f->share[s][kind];

	return share < 0 ? f->share[SCOPE_ALL][kind] : share;
}

bool
fault_is_certain(const struct faults *f, enum scope s, enum fault kind)
{
	return share_of(f, s, (int)kind) >= 1;
}

/* From 0 up to, but not, 1. */
static double
fraction(uint64_t hash)
{
	return (double)(hash >> 11) / 9007199254740992.0;
}

struct draw
faults_draw(struct faults *f, enum scope s, const char *key)
{
	void **place = table_at(&f->tries, key);
	uintptr_t try = (uintptr_t)*place + 1;
	uint64_t hash = hash_text(f->seed + try * 0x9e3779b97f4a7c15U, key);
	struct draw d = { .try = (unsigned)try };
	double left = fraction(hash);

	*place = (void *)try;
	for (int i = FAULT_NONE + 1; i < FAULT_MAX; i++) {
		left -= share_of(f, s, i);
		if (left < 0) {
			d.fault = (enum fault)i;
			break;
		}
	}
	if (fraction(hash_text(hash, "delay")) < f->delay_share)
		d.delay_ms = f->delay_ms;
	return d;
}
